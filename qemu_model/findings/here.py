"""Which condition failed for the line that a message came with."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..explain.parts import parts_of
from ..host.profiles import ProfileError
from ..input import NothingFound
from ..revision import NEWEST, REVISIONS, Revision
from .case import Case, case_of, place_called
from .conditions import Condition, conditions
from .releases import LACKS, trees_with

if TYPE_CHECKING:
    from ..explain.message_patterns import Found

_WORD: Final = re.compile(r"[A-Za-z][\w-]{0,60}")
#: An option before a message, as QEMU names the one that it is about.
_OPTION: Final = re.compile(r"-(object|device|machine|numa|m) (\{.*\}|[^\s{]\S*?)(?=: |$)")


def conditions_here(text: str, found: Found, host: str = "") -> tuple[Condition, ...]:
    """Return the conditions that the line in ``text`` fails, for the message found in it.

    Empty where the text has no line, or where nothing on it decides.  ``host`` is ``sim:``
    and a profile's name, or empty for none.
    """
    args = _line_of(text, found)
    template = found.known.template
    of_type = template.startswith("Parameter '{name}' does not accept") and (
        dict(found.fields).get("name") == "qom-type"
    )
    if of_type or any(begin in template for begin in LACKS):
        return tuple(_releases_that_have(found, args))
    if not args:
        return ()
    parts = parts_of(args)
    try:
        case = case_of(args, _tree_of(found), place_called(host, parts), parts=parts)
    except ProfileError:
        return ()
    return failed_in(case, found)


def failed_in(case: Case, found: Found) -> tuple[Condition, ...]:
    """Return the conditions that a line fails, for a message that it came with."""
    named = [part.id for part in parts_of(_option_of(found)) if part.option == "object"]
    failed: list[Condition] = []
    for memory in case.memory:
        if not named or memory.id in named:
            failed += conditions(
                found.known.template, found.errno, memory, case.host, dict(found.fields)
            )
    return tuple(dict.fromkeys(failed))


def _releases_that_have(found: Found, args: Sequence[str]) -> Iterator[Condition]:
    """Yield which releases have the property or the type that a message says is not there."""
    fields = dict(found.fields)
    name = (
        (fields.get("property") or fields.get("value") or fields.get("type") or "")
        .strip()
        .lstrip(".")
    )
    name = name.rpartition(".")[2]
    if name == "memory-backend-epc":
        yield Condition(
            "QEMU 6.2 and later have memory-backend-epc, where /dev/sgx_vepc can be opened.",
            "turn SGX on in the host's firmware, and let QEMU's user open /dev/sgx_vepc",
            "ls -l /dev/sgx_vepc; qemu-system-x86_64 --version",
        )
        return
    if fields.get("name") not in (None, "qom-type") or not _WORD.fullmatch(name):
        return
    place = place_called("", ())
    for probe in _probes(name, fields.get("type", ""), args):
        having = trees_with(place, probe, LACKS)
        if having:
            many = having.endswith("later") or " to " in having or " and " in having
            yield Condition(
                f"{having} {'have' if many else 'has'} {name}.",
                f"remove {name}, or use a release that has it",
                "qemu-system-x86_64 --version",
            )
            return


def _probes(name: str, kind: str, args: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the shortest lines that have the thing: as the text shows it, else of a backend."""
    for part in parts_of(args):
        if part.option == "object" and name in part.params:
            yield _probe(part.kind, name, part.params[name])
    if name.startswith("memory-backend-"):
        yield _probe(name, "", "")
    elif kind.endswith("-machine"):
        yield ("-machine", f"{'q35' if 'q35' in kind else 'pc'},{name}=on")
    elif kind.startswith("memory-backend-"):
        yield _probe(kind, name, "on")
    else:
        for backend in ("memory-backend-file", "memory-backend-memfd", "memory-backend-ram"):
            yield _probe(backend, name, "on")


def _probe(kind: str, name: str, value: str) -> tuple[str, ...]:
    path = ",mem-path=/dev/shm" if kind == "memory-backend-file" else ""
    given = f",{name}={value.replace(',', ',,')}" if name else ""
    return "-object", f"{kind},id=probe,size=2M{path}{given}"


def _line_of(text: str, found: Found) -> Sequence[str]:
    try:
        from ..input import find_line

        return find_line(text).options
    except NothingFound:
        return _option_of(found)


def _option_of(found: Found) -> list[str]:
    option = _OPTION.search(found.line[: found.first])
    return [f"-{option[1]}", option[2]] if option is not None else []


def _tree_of(found: Found) -> Revision:
    """Return the newest release that says the message."""
    said = [REVISIONS[name] for name in found.known.revisions if name in REVISIONS]
    releases = [tree for tree in said if tree.name.startswith("qemu-")]
    return releases[-1] if releases else NEWEST
