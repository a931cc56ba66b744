"""What the page carries: all answers, each text once, packed into one string."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import base64
import json
import zlib
from array import array
from collections.abc import Sequence
from typing import Any

import attrs

from .. import __version__
from ..calls.clauses import clause_of
from ..calls.event import Event
from ..calls.map_sync import map_sync
from ..calls.strace_text import call_text, result_text
from ..explain.why import why
from ..host import profiles
from ..revision import REVISIONS
from .controls import BACKENDS, PATH
from .matrix import HostAnswers, KeptRun, path_is_a_device, with_path
from .picture import draw
from .presets import PRESETS
from .reasons import Reason, asking
from .words import FLAGS, VM_FLAGS


@attrs.define
class Table:
    """A list of different JSON values; adding one gives its place in it."""

    values: list[Any] = attrs.field(factory=list)
    places: dict[str, int] = attrs.field(factory=dict)

    def place(self, value: Any) -> int:
        """Return the place of ``value``, added if it is not there."""
        text = json.dumps(value, separators=(",", ":"), sort_keys=True)
        found = self.places.get(text)
        if found is None:
            found = self.places[text] = len(self.values)
            self.values.append(value)
        return found


class Packer:
    """Puts the answers of hosts together: equal calls and equal runs are kept once."""

    def __init__(self) -> None:
        self.clauses = Table()
        self.calls = Table()
        self.runs = Table()
        self.messages = Table()
        self.reasons = Table()
        self._said: dict[str, int | None] = {}
        self._places: dict[tuple[Event, Any], int] = {}

    def _call(self, event: Event, before: Event | None) -> int:
        clause = clause_of(event, before)
        known = self._places.get((event, clause))
        if known is not None:
            return known
        said = [clause.why, clause.rule, clause.certainty] if clause else ["", "", ""]
        shown = event.to_json()
        value = [call_text(event), result_text(event), self.clauses.place(said), shown]
        place = self._places[event, clause] = self.calls.place(value)
        return place

    def _message(self, line: str) -> int | None:
        """Return the place of the message in a line of stderr, None if it holds none."""
        if line not in self._said:
            found = why(line).found
            self._said[line] = None
            if found is not None:
                known = found.known
                self._said[line] = self.messages.place(
                    {
                        "function": known.function,
                        "functions": known.functions,
                        "conditions": list(known.conditions),
                    }
                )
        return self._said[line]

    def reason(self, reason: Reason | None) -> int | None:
        """Return the place of a reason."""
        return None if reason is None else self.reasons.place([reason.because, reason.crash])

    def run(self, kept: KeptRun) -> int:
        """Return the place of a run."""
        if kept.refused:
            return self.runs.place({"refused": kept.refused})
        calls = []
        before: Event | None = None
        for event in kept.events:
            calls.append(self._call(event, before))
            before = event
        picture = draw(kept.events, kept.page_size)
        synchronous = map_sync(kept.events)
        fds, mappings, strings, files = kept.leaks
        value = {
            "calls": calls,
            "exit": kept.exit,
            "stderr": list(kept.stderr),
            "said": [self._message(line) for line in kept.stderr],
            "mappings": [mapping.to_json() for mapping in kept.mappings],
            "leaks": {"fds": fds, "mappings": mappings, "strings": strings, "files": list(files)},
            "map_sync": {
                "requested": synchronous.requested,
                "in_force": synchronous.in_force,
            },
            "sentence": synchronous.sentence(),
            "picture": picture.to_json() if picture else None,
        }
        if kept.livelock is not None:
            value["livelock"] = kept.livelock
        return self.runs.place(value)


def _hosts(names: Sequence[str]) -> list[dict[str, Any]]:
    shown = []
    for name in names:
        profile = profiles.load(name)
        shown.append(
            {
                "key": name,
                "title": profile.title,
                "evidence": profile.evidence,
                "mem_path": profile.mem_path,
                "page_size": profile.platform.page_size,
                "device": path_is_a_device(profile),
                "profiles": {choice.key: with_path(profile, choice) for choice in PATH.choices[1:]},
            }
        )
    return shown


def pack(answered: Sequence[HostAnswers], revisions: Sequence[str]) -> str:
    """Return all that the page knows, deflated, in base64.

    First four bytes: the length of the JSON text that follows, little-endian; behind
    it, for each backend, the places of the runs, as four-byte little-endian numbers in
    the order host, combination, revision.
    """
    packer = Packer()
    indexes = {backend.key: array("I") for backend in BACKENDS}
    why_not: dict[str, list[int | None]] = {backend.key: [] for backend in BACKENDS}
    for host in answered:
        places = [packer.run(kept) for kept in host.runs]
        for key, index in indexes.items():
            index.extend(places[number] for number in host.numbers[key])
            why_not[key].extend(packer.reason(reason) for reason in host.reasons[key])
    document = {
        "version": __version__,
        "runs_made": sum(host.runs_made for host in answered),
        "lines": sum(len(index) for index in indexes.values()),
        "backends": [
            {
                "key": backend.key,
                "type": backend.type_name,
                "title": backend.title,
                "has_path": backend.has_path,
                "controls": [
                    {"key": control.key, **control.to_json()} for control in backend.controls
                ],
                "count": len(indexes[backend.key]),
                "asking": [control.key for control in asking(backend)],
                "reasons": why_not[backend.key],
            }
            for backend in BACKENDS
        ],
        "hosts": _hosts([host.host for host in answered]),
        "revisions": [{"key": name, "meaning": REVISIONS[name].meaning} for name in revisions],
        "presets": [
            {"title": preset.title, "state": dict(preset.state)}
            for preset in PRESETS
            if preset.fits([host.host for host in answered], revisions)
        ],
        "flags": dict(FLAGS),
        "vm_flags": dict(VM_FLAGS),
        "clauses": packer.clauses.values,
        "calls": packer.calls.values,
        "runs": packer.runs.values,
        "messages": packer.messages.values,
        "reasons": packer.reasons.values,
    }
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    # The numbers behind the text start at a multiple of four.
    text += b" " * (-len(text) % 4)
    packed = bytearray(len(text).to_bytes(4, "little") + text)
    for index in indexes.values():
        packed += _little_endian(index)
    return base64.b64encode(zlib.compress(bytes(packed), 9)).decode("ascii")


def _little_endian(numbers: array[int]) -> bytes:
    import sys

    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()
