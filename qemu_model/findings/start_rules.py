"""Lines that QEMU refuses, and the releases in which that is so."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..calls.said import errors_of
from ..explain.guest_memory import Memory
from ..process import Run
from .case import Case
from .conditions import Condition, conditions
from .finding import Finding, Rule
from .lines import with_size, with_values
from .ram_rules import added_words, described
from .releases import LACKS, later_changes, probe_for, release_label, trees_with
from .start_fixes import changed_line, starts, with_switch, without_name

if TYPE_CHECKING:
    from ..explain.message_patterns import Found

REFUSED: Final = Rule("QM001", "refused", "error", "QEMU refuses the line, and ends.")
ENDLESS: Final = Rule("QM002", "never-starts", "error", "QEMU aborts, or never gets past start-up.")
OTHER_RELEASE: Final = Rule(
    "QM110",
    "other-release",
    "error",
    "Other releases have an option, property or machine that this one does not have.",
)
WARNED: Final = Rule("QM112", "qemu-warns", "warning", "QEMU itself warns of the line.")
CHANGES_LATER: Final = Rule(
    "QM701", "refused-later", "warning", "A later release refuses the line."
)
OTHER_MEMORY_LATER: Final = Rule(
    "QM702",
    "other-memory-later",
    "note",
    "A later release gives the guest another kind of memory for the same line.",
)
#: A parameter without a value, as 6.0 and later warn of it.
_SHORT_FORM: Final = re.compile(r"short-form boolean option '([^']+)' deprecated")
#: Machine types that other binaries of QEMU have, or other builds of the x86 one.
_MACHINES_ELSEWHERE: Final = MappingProxyType(
    {
        r"virt(-\d.*)?": "qemu-system-aarch64 and -arm (others on -riscv64, -loongarch64) have",
        r"pseries(-.*)?|powernv\d*": "qemu-system-ppc64 has",
        r"s390-ccw-virtio(-.*)?": "qemu-system-s390x has",
        r"raspi.*|sbsa-ref|vexpress-.*": "qemu-system-aarch64 has",
        r"xenfv(-.*)?|xenpv(h)?": "only builds with Xen have",
        r"nitro-enclave": "only builds with libcbor and gnutls have (since 9.2)",
    }
)


def refused(case: Case) -> Iterator[Finding]:
    """Yield why QEMU does not start."""
    run = case.run
    if run.exit == 0:
        return
    if run.livelock or run.exit not in (1,):
        yield _endless(run)
        return
    from ..explain.match import find_messages

    said = errors_of(run)
    found = find_messages("\n".join(said))
    if not said:
        return
    text = said[0].removeprefix("qemu: ")
    if not found:
        yield Finding(REFUSED, "", f"QEMU refuses the line: {text}", "", "")
        return
    first = found[0]
    if any(begin in said[0] for begin in LACKS):
        yield from _lacking(case, text, first)
        return
    memory = failing_memory(case)
    failed = (
        next(
            conditions(first.known.template, first.errno, memory, case.host, dict(first.fields)),
            None,
        )
        if memory is not None
        else None
    )
    if failed is not None and memory is not None:
        yield _condition_finding(case, memory, text, failed)
        return
    from ..explain.causes import causes_of

    causes = causes_of(first.known, first.errno)
    cause = causes[0] if causes else None
    advice = cause.fix if cause is not None else ""
    args = changed_line(case, first)
    words = added_words(case.args, args) if args is not None else ""
    yield Finding(
        REFUSED,
        memory.id if memory is not None else "",
        f"QEMU refuses the line: {text}",
        cause.text if cause is not None else "; ".join(first.known.conditions),
        f"use {words}" if words else advice,
        args=args,
        otherwise=advice,
    )


def failing_memory(case: Case) -> Memory | None:
    """Return the backend that QEMU could not make: the first of the line that is not there."""
    there = {memory.id for memory in case.look.memory if memory.mapped}
    for memory in case.memory:
        if memory.id not in there:
            return memory
    return None


def _condition_finding(case: Case, memory: Memory, text: str, failed: Condition) -> Finding:
    args: tuple[str, ...] | None = None
    if failed.values and memory.part is not None:
        args = with_values(case.args, memory.part, **dict(failed.values))
    elif failed.size is not None:
        machine = case.wanted.process.qemu.machine
        args = with_size(case.args, memory, failed.size, machine.ram_size, machine.maxram_size)
    fix = f"use {added_words(case.args, args)}" if args is not None else failed.fix
    return Finding(
        REFUSED, memory.id, f"QEMU refuses the line: {text}", failed.text, fix, args=args
    )


def _endless(run: Run) -> Finding:
    # Most lines start, and need no catalogue.
    from ..explain.causes import causes_of
    from ..explain.match import find_messages

    if run.livelock:
        return Finding(
            ENDLESS,
            "",
            f"QEMU never gets past {run.livelock}().",
            "The path is a symbolic link to a file that does not exist: opening it fails with "
            "ENOENT, creating it with EEXIST.",
            "create the file that the link names, or remove the link",
        )
    said = run.stderr[-1] if run.stderr else "a signal"
    found = next(iter(find_messages(said)), None)
    cause = next(iter(causes_of(found.known, found.errno)), None) if found is not None else None
    why = f"{cause.text[:1].upper()}{cause.text[1:]}. " if cause is not None else ""
    return Finding(
        ENDLESS,
        "",
        f"QEMU is ended by a signal: {said.removeprefix('qemu: ')}",
        f"{why}QEMU has an assertion there in place of a message: a bug of QEMU's.",
        cause.fix if cause is not None else "",
    )


def _lacking(case: Case, text: str, found: Found) -> Iterator[Finding]:
    """Yield the finding on a property, a type, an option or a machine that is not there."""
    name = lacked_name(case, found)
    probe = probe_for(case, name)
    accepted = trees_with(case.place, probe, LACKS) if probe is not None else ""
    here = release_label(case.revision)
    switch = with_switch(case, name) if "machine type" in text else None
    if switch is not None and starts(case, switch):
        yield Finding(
            REFUSED,
            name,
            f"QEMU refuses the line: {text}",
            f"-machine takes a type first, and {name} is a property.",
            f"use {added_words(case.args, switch)}",
            args=switch,
        )
        return
    if not accepted:
        near = suggestion(case)
        elsewhere = _machine_elsewhere(name) if "machine type" in text else None
        if elsewhere is not None:
            yield Finding(OTHER_RELEASE, name, f"QEMU refuses the line: {text}", *elsewhere)
            return
        yield Finding(
            OTHER_RELEASE,
            name,
            f"QEMU refuses the line: {text}",
            f'No release has "{name}": it is misspelt, or a distribution\'s own.',
            near or "check the spelling, or remove it",
        )
        return
    args, advice = without_name(case, name) or (None, f"remove {name}")
    many = " to " in accepted or "later" in accepted or " and " in accepted
    yield Finding(
        OTHER_RELEASE,
        name,
        f"{here} refuses the line: {text}",
        f"{accepted} {'have' if many else 'has'} {name}.",
        f"{advice}, or use a release that has it",
        args=args,
        otherwise=f"remove {name}, or use a release that has it",
    )


def _machine_elsewhere(name: str) -> tuple[str, str] | None:
    """Return why QEMU's x86 binary lacks a machine type that another binary has, and a fix."""
    for pattern, binaries in _MACHINES_ELSEWHERE.items():
        if re.fullmatch(pattern, name):
            return (
                f"{binaries} {name}; the model knows qemu-system-x86_64 as distributions build it, "
                "and virt, pseries and s390-ccw-virtio of the others.",
                "for what a backend of that line does, remove -machine",
            )
    return None


def lacked_name(case: Case, found: Found) -> str:
    """Return what a message says is not there: a property, a type, an option, a machine."""
    fields = dict(found.fields)
    if fields.get("name") == "qom-type":
        return fields.get("value", "")
    if found.known.template.startswith("unsupported machine type") and "name" in fields:
        return fields["name"]
    for name in ("property", "name", "value", "type"):
        if fields.get(name):
            return fields[name].strip().lstrip(".").rpartition(".")[2]
    if found.known.template == "unsupported machine type":
        return case.run.machine or next(
            (part.kind for part in case.parts_called("machine") if part.kind), ""
        )
    if found.known.template == "invalid option":
        return found.line[: found.first].rstrip(": ").rpartition(" ")[2].lstrip("-")
    return ""


def suggestion(case: Case) -> str:
    """Return what a misspelt word may have been meant to be, empty if nothing is near."""
    from ..explain.advice import suggestions

    return next(suggestions(case.run), "")


def warnings(case: Case) -> Iterator[Finding]:
    """Yield QEMU's own warnings: what is deprecated, and what it does without."""
    for text in case.run.stderr:
        _, mark, said = text.partition("warning: ")
        if mark:
            place = text.removeprefix("qemu: ").partition(": warning: ")[0].removesuffix("warning")
            short = _SHORT_FORM.search(said)
            args = with_switch(case, short[1]) if short is not None else None
            yield Finding(
                WARNED,
                place if place.startswith("-") else "",
                f"QEMU warns: {said}",
                "QEMU continues.",
                f"use {added_words(case.args, args)}" if args is not None else "",
                "note" if _is_beside_memory(case, said) else None,
                args,
            )


def _is_beside_memory(case: Case, said: str) -> bool:
    """Return whether a warning is about an option that has no part in memory."""
    ignored = {word.partition(" ")[0] for word in case.run.line.ignored}
    return any(f"'{option}'" in said for option in ignored)


def changes_later(case: Case) -> Iterator[Finding]:
    """Yield the next release that refuses a line which this one takes."""
    if case.wanted.run.exit != 0:
        return
    refusal, changed = later_changes(case)
    if refusal is not None:
        release, text = refusal
        yield Finding(
            CHANGES_LATER,
            "",
            f"From {release} on QEMU refuses the line: {text.removeprefix('qemu: ')}",
            f"{release_label(case.revision)} takes it.",
            "",
        )
    if changed is not None:
        release, before, after = changed
        yield Finding(
            OTHER_MEMORY_LATER,
            before.id,
            f'From {release} on "{before.id}" is {described(after)}, not {described(before)}.',
            f"{release_label(case.revision)} and later releases map the same line in two ways.",
            "",
        )
