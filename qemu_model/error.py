"""What can go wrong in QEMU: an error that is reported, an exit, an abort, a loop without end.

    Outcome
    +-- Error       an ``Error *`` on its way up: a message, a class for QMP, a hint
    +-- Exit        ``exit(status)``
    +-- Abort       a failed assertion: SIGABRT
    +-- Killed      a store where QEMU may not write: SIGSEGV
    +-- Livelock    a loop that QEMU would never leave

Every text comes from a :class:`Message` of the catalogue (:mod:`qemu_model.messages`).
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import attrs

from .host.linux import strerror


@attrs.frozen(eq=False)
class Message:
    """One text that QEMU can say, with what is known about it.

    ``template`` has ``str.format`` fields where QEMU's has conversions.
    ``function`` is the C file and function that says it, ``revisions`` the trees
    in which it does, ``conditions`` when, in plain words.  ``errno`` tells
    whether QEMU appends ``: <strerror>``.
    """

    template: str
    function: str
    conditions: tuple[str, ...]
    revisions: tuple[str, ...]
    errno: bool = False
    stream: str = "error"

    def text(self, errno: int = 0, **fields: object) -> str:
        """Return the message with ``fields`` filled in, and errno's text where it has one."""
        said = self.template.format(**fields)
        return f"{said}: {strerror(errno)}" if self.errno else said

    def error(self, errno: int = 0, *, hint: str = "", **fields: object) -> Error:
        """Return the message as an error to raise (``error_setg``, ``error_setg_errno``)."""
        return Error(self, self.text(errno, **fields), hint=hint)


class Outcome(Exception):
    """The way a command or the whole process ends, other than well."""


class Error(Outcome):
    """An ``Error *``: ``text`` to the letter, ``error_class`` as QMP names it."""

    def __init__(
        self, message: Message, text: str, *, error_class: str = "GenericError", hint: str = ""
    ) -> None:
        super().__init__(text)
        self.message = message
        self.text = text
        self.error_class = error_class
        self.hint = hint

    def of_class(self, error_class: str) -> Error:
        """Return the same error under another QMP class (``error_set``)."""
        return Error(self.message, self.text, error_class=error_class, hint=self.hint)


class Exit(Outcome):
    """``exit(status)``."""

    def __init__(self, status: int) -> None:
        super().__init__(f"exit({status})")
        self.status = status


class Abort(Outcome):
    """An assertion failed: QEMU says ``text`` and ends with SIGABRT."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Killed(Outcome):
    """The kernel ends QEMU with the signal ``number``, and QEMU says nothing."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class Livelock(Outcome):
    """QEMU would stay for ever in the loop of ``function``."""

    def __init__(self, function: str) -> None:
        super().__init__(function)
        self.function = function
