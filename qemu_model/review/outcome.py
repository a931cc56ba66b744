"""The outcome of a run, in three parts that change independently: calls, messages, leaks."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ..process import Run

PARTS: Final = ("calls", "messages", "leaks")


class Outcome(NamedTuple):
    """``calls`` with their answers; ``messages``: all that is said, and the exit; ``leaks``.

    A tuple, compared by its parts: a review compares very many.
    """

    calls: tuple[Any, ...]
    messages: tuple[Any, ...]
    leaks: tuple[Any, ...]


def outcome(done: Run) -> Outcome:
    """Return the outcome of ``done``, in values that are equal if nothing changed."""
    leaks = done.leaks
    return Outcome(
        tuple([(event.call, event.args, event.result, event.out) for event in done.events]),
        (done.stderr, done.stdout, done.replies, done.exit, done.livelock),
        (leaks.fds, leaks.mappings, leaks.strings, leaks.files),
    )


def messages_of(done: Run) -> list[str]:
    """Return what a run says, a line each: stderr, stdout, QMP replies, the exit."""
    import json

    lines = [*done.stderr, *done.stdout]
    lines += [json.dumps(reply) for reply in done.replies]
    if done.livelock is not None:
        return [*lines, f"(never ends: it stays in {done.livelock}())"]
    if done.exit is not None and done.exit < 0:
        return [*lines, "(aborts)"]
    return [*lines, f"(exit status {done.exit})"]


def mappings_of(done: Run) -> list[str]:
    """Return what each backend is in the end, a line each: its size, and the kernel's flags."""
    return [
        f"{mapping.id}: {mapping.size} bytes, VmFlags "
        + ("not known" if mapping.vm_flags is None else " ".join(mapping.vm_flags))
        for mapping in done.mappings
    ]


def leaks_of(done: Run) -> list[str]:
    """Return what a run leaks, a line each."""
    leaks = done.leaks
    counted = (
        (leaks.fds, "descriptor"),
        (leaks.mappings, "mapping"),
        (leaks.strings, "string"),
    )
    lines = [f"{count} {what}{'s' if count > 1 else ''}" for count, what in counted if count]
    return lines + [f"the file {path}" for path in leaks.files]
