"""What each release of QEMU changed for memory backends, with C function and evidence.

The changes are computed from the trees themselves: fields that have another value,
messages that have another text, rows of tables that came or went.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import attrs

from .. import messages
from ..front_ends import front_end_of
from ..globals import Qemu
from ..host.faults import FaultHost, parse
from ..host.profiles import load
from ..host.simulated import SimulatedHost
from ..machines.lookup import list_machines
from ..machines.targets import TARGETS
from ..process import Run, run
from ..qemu_options_hx import qemu_options
from ..revisions.fields import Difference, Evidence, Shown, differences
from ..revisions.measured import NOT_MEASURED, Measured, measured_in
from ..revisions.releases import RELEASES
from ..revisions.revision import Revision

Kind: TypeAlias = Literal["behaviour", "message", "property", "type", "option", "machine"]

#: Where a tree of the releases stands; others are not releases.
_PLACES: Final = MappingProxyType({tree.name: place for place, tree in enumerate(RELEASES)})

_ROWS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "type": "the object type",
        "property": "the property",
        "option": "the option",
        "machine": "the machine type",
    }
)
_SOURCES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "type": "qapi/qom.json:ObjectType",
        "property": "backends/hostmem.c:host_memory_backend_class_init",
        "option": "qemu-options.hx",
        "machine": "hw/i386/pc.c",
    }
)
_MACHINE_SOURCES: Final = (
    ("virt-", "hw/arm/virt.c"),
    ("pseries-", "hw/ppc/spapr.c"),
    ("s390-ccw-virtio-", "hw/s390x/s390-virtio-ccw.c"),
)


def _machine_source(name: str) -> str:
    """Return the C file that has a machine type."""
    found = (source for head, source in _MACHINE_SOURCES if name.startswith(head))
    return next(found, _SOURCES["machine"])


class NotARelease(Exception):
    """A tree is not a release, or two are in the wrong order; the text says what to write."""


@attrs.frozen
class Change:
    """One thing that a release changed.

    ``since`` is the release's name, ``function`` the C file and function, ``shown`` the
    smallest run that shows it, where there is one.  ``measured`` are the trees whose recorded
    runs show it.
    """

    since: str
    kind: Kind
    name: str
    sentence: str
    function: str
    evidence: Evidence
    before: object = None
    after: object = None
    shown: Shown | None = None
    measured: Measured = NOT_MEASURED

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "since": self.since,
            "kind": self.kind,
            "name": self.name,
            "sentence": self.sentence,
            "function": self.function,
            "evidence": self.evidence,
            "measured": self.measured._asdict(),
            "before": _plain(self.before),
            "after": _plain(self.after),
            "example": None
            if self.shown is None
            else {
                "args": list(self.shown.args),
                "qmp": [dict(command) for command in self.shown.qmp],
                "host": f"sim:{self.shown.host}",
                "faults": list(self.shown.faults),
                "build": dict(self.shown.build),
            },
        }


def _plain(value: object) -> object:
    """Return a value that JSON has."""
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def between(first: Revision, last: Revision) -> tuple[Revision, ...]:
    """Return the releases from ``first`` to ``last``, both among them, oldest first.

    Raises :class:`NotARelease`.
    """
    for tree in (first, last):
        if tree not in RELEASES:
            raise NotARelease(f"{tree.name} is not a release; use qemu-3.1 to {RELEASES[-1].name}")
    start, end = _PLACES[first.name], _PLACES[last.name]
    if start > end:
        raise NotARelease(f"{first.name} came after {last.name}: name the older release first")
    return RELEASES[start : end + 1]


def changes(first: Revision, last: Revision) -> list[Change]:
    """Return what changed after ``first`` up to ``last``, by release, oldest first.

    Raises :class:`NotARelease`.
    """
    trees = between(first, last)
    found: list[Change] = []
    for before, after in itertools.pairwise(trees):
        found += changes_of(before, after)
    return found


def changes_of(before: Revision, after: Revision) -> list[Change]:
    """Return what changed from a tree to the next: fields, rows of tables, then messages."""
    return [
        *_of_fields(before, after),
        *_of_rows(before, after),
        *_of_messages(before, after),
    ]


def _of_fields(before: Revision, after: Revision) -> Iterator[Change]:
    for name, known in differences(Revision):
        group, field = name.split(".")
        old, new = (getattr(getattr(tree, group), field) for tree in (before, after))
        if old != new:
            measured = measured_in(name)
            yield Change(
                after.name,
                "behaviour",
                name,
                _sentence(known, old, new),
                known.function,
                "measured" if any(measured) else known.evidence,
                old,
                new,
                known.shown,
                measured,
            )


def _sentence(known: Difference, old: object, new: object) -> str:
    """Return a field's sentence; for one that is off again, that QEMU no longer does it."""
    if isinstance(new, bool):
        return known.sentence if new else f"no longer: {known.sentence}"
    return f"{known.sentence} ({_plain(old)} before, {_plain(new)} now)"


def _measured_in_both(before: Revision, after: Revision) -> Measured:
    """Return both releases if the model is compared with recorded runs of both."""
    if before.evidence == after.evidence == "measured":
        return Measured(after.name, before.name)
    return NOT_MEASURED


def _of_rows(before: Revision, after: Revision) -> Iterator[Change]:
    """Yield the object types, properties, options and machine types that came or went."""
    measured = _measured_in_both(before, after)
    old, new = rows(before), rows(after)
    types = {name for kind, name in old ^ new if kind == "type"}
    for kind, name in sorted(old ^ new):
        if kind == "property" and name.split(".")[0] in types:
            continue
        came = (kind, name) in new
        yield Change(
            after.name,
            kind,
            name,
            f"{_ROWS[kind]} {name} {'is new' if came else 'is removed'}",
            _machine_source(name) if kind == "machine" else _SOURCES[kind],
            "measured" if any(measured) else "read",
            not came,
            came,
            measured=measured,
        )


def rows(tree: Revision) -> frozenset[tuple[Kind, str]]:
    """Return the object types, properties, options and machine types of a release."""
    host = SimulatedHost(load("default"))
    qemu = Qemu(host, tree, host.platform, TARGETS["x86_64"])
    found: set[tuple[Kind, str]] = set()
    for info in front_end_of(tree).types(tree.release).values():
        if not info.creatable or info.abstract or not info.is_in(qemu):
            continue
        found.add(("type", info.name))
        if info.modelled:
            found.update(
                ("property", f"{info.name}.{prop.name}")
                for prop in info.properties.values()
                if prop.is_in(qemu)
            )
    found.update(("option", f"-{name}") for name in qemu_options(tree.release))
    found.update(
        ("machine", machine.name)
        for target in TARGETS.values()
        for machine in list_machines(tree.release, target)
    )
    return frozenset(found)


def _of_messages(before: Revision, after: Revision) -> Iterator[Change]:
    measured = _measured_in_both(before, after)
    for name, message in messages.catalogue().items():
        old, new = (
            message.template_in(tree) if message.is_said_in(tree) else None
            for tree in (before, after)
        )
        if old == new:
            continue
        if old is None:
            sentence = f'QEMU can say "{new}"'
        elif new is None:
            sentence = f'QEMU no longer says "{old}"'
        else:
            sentence = f'"{old}" is now "{new}"'
        yield Change(
            after.name,
            "message",
            name,
            sentence,
            message.function_in(before if new is None else after),
            "measured" if any(measured) else "read",
            old,
            new,
            measured=measured,
        )


def shown_runs(shown: Shown, trees: Sequence[Revision]) -> list[Run]:
    """Return the runs of a change's example in some trees, each on a fresh simulated host."""
    profile = load(shown.host)
    profile = attrs.evolve(profile, platform=attrs.evolve(profile.platform, **shown.build))
    faults = [fault for text in shown.faults for fault in parse(text)]
    return [
        run(shown.args, FaultHost(SimulatedHost(profile), faults), tree, qmp=list(shown.qmp))
        for tree in trees
    ]


def summary(tree: Revision, found: Sequence[Change]) -> dict[str, Any]:
    """Return a release as JSON has it, with what it changed."""
    return {
        "release": tree.name,
        "meaning": tree.meaning,
        "evidence": tree.evidence,
        "changes": [change.to_json() for change in found],
    }
