"""What can go wrong in QEMU: an error that is reported, an exit, an abort, a loop without end.

    Outcome
    +-- Error       an ``Error *`` on its way up: a message, a class for QMP, a hint
    +-- Exit        ``exit(status)``
    +-- Abort       a failed assertion: SIGABRT
    +-- Killed      a signal, as SIGSEGV for a store where QEMU may not write
    +-- Livelock    a loop that QEMU would never leave

Every text comes from a :class:`Message` of the catalogue (:mod:`qemu_model.messages`).
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import attrs

from .host.linux import strerror
from .records import Record
from .revisions.origins import origin_in
from .revisions.release import Release, by_release, value_in

if TYPE_CHECKING:
    from .revisions.revision import Revision


def _texts(texts: str | Mapping[str, str | None]) -> tuple[tuple[Release, str | None], ...]:
    """Return texts with the release that each came with; a single one is in all."""
    return (((), texts),) if isinstance(texts, str) else by_release(texts)


def _functions(functions: str | Mapping[str, str]) -> tuple[tuple[Release, str], ...]:
    return (((), functions),) if isinstance(functions, str) else by_release(functions)


@attrs.frozen(eq=False, repr=False)
class Message(Record):
    """One message of QEMU, with its text in each release and what is known about it.

    ``texts`` is one template, or templates by the release that each came with, None where
    QEMU stopped saying it (``{"3.1": "...", "6.0": None}``).  A template has ``str.format``
    fields where QEMU's has conversions.  ``functions`` is the C file and function that says
    it, in the same form, the file as the newest release names it.  ``conditions`` tells
    when, in plain words.  ``errno``: QEMU appends ``: <strerror>``.  ``only_in`` tells in
    which of these trees a field lets QEMU say it.
    """

    texts: tuple[tuple[Release, str | None], ...] = attrs.field(converter=_texts)
    functions: tuple[tuple[Release, str], ...] = attrs.field(converter=_functions)
    conditions: tuple[str, ...]
    errno: bool = False
    stream: str = "error"
    only_in: Callable[[Revision], bool] | None = None

    def is_said_in(self, tree: Revision) -> bool:
        """Return whether QEMU says it in ``tree``."""
        return value_in(self.texts, tree.release) is not None and (
            self.only_in is None or self.only_in(tree)
        )

    def template_in(self, tree: Revision) -> str:
        """Return the template of ``tree``, or the last one where it says nothing."""
        return _template(self, tree.release)

    def function_in(self, tree: Revision) -> str:
        """Return the C file and function that says it in ``tree``."""
        function = value_in(self.functions, tree.release) or self.functions[0][1]
        return origin_in(function, tree.release)

    @property
    def template(self) -> str:
        """The template of the newest release that says it."""
        return next(text for _, text in reversed(self.texts) if text is not None)

    @property
    def function(self) -> str:
        """The C file and function that says it in the newest release that does."""
        return self.functions[-1][1]

    def text_in(self, tree: Revision, errno: int = 0, **fields: object) -> str:
        """Return the message as ``tree`` says it, with errno's text where it has one.

        With errno 0 nothing is appended, as ``error_setg_errno`` has it.
        """
        return self.spell(self.template_in(tree), errno, fields)

    def spell(self, template: str, errno: int, fields: Mapping[str, object]) -> str:
        """Return a template of the message with its fields, and errno's text if it has one."""
        said = template.format(**fields)
        return f"{said}: {strerror(errno)}" if self.errno and errno else said

    def error(self, errno: int = 0, *, hint: str = "", **fields: object) -> Error:
        """Return the message as an error to raise (``error_setg``, ``error_setg_errno``)."""
        return Error(self, errno, fields, hint=hint)


@functools.lru_cache(maxsize=1024)
def _template(message: Message, release: Release) -> str:
    return value_in(message.texts, release) or message.template


class Outcome(Exception):
    """A way in which a command or the whole process ends without success."""


class Error(Outcome):
    """An ``Error *``: a message and its parameters, ``error_class`` as QMP names it.

    The text is made where the error leaves QEMU, for the tree that runs.
    """

    def __init__(
        self,
        message: Message,
        errno: int,
        fields: Mapping[str, object],
        *,
        error_class: str = "GenericError",
        hint: str = "",
    ) -> None:
        self.message = message
        self.errno = errno
        self.fields = fields
        self.error_class = error_class
        self.hint = hint

    def __str__(self) -> str:
        """Return the text as the newest release that says it has it."""
        return self.message.spell(self.message.template, self.errno, self.fields)

    def text_in(self, tree: Revision) -> str:
        """Return the text word for word, as ``tree`` says it."""
        return self.message.text_in(tree, self.errno, **self.fields)

    def of_class(self, error_class: str) -> Error:
        """Return the same error under another QMP class (``error_set``)."""
        return Error(self.message, self.errno, self.fields, error_class=error_class, hint=self.hint)


class Exit(Outcome):
    """``exit(status)``."""

    def __init__(self, status: int) -> None:
        self.status = status

    def __str__(self) -> str:
        return f"exit({self.status})"


class Abort(Outcome):
    """An assertion failed: QEMU prints ``message`` and ends with SIGABRT."""

    def __init__(self, message: Message, **fields: object) -> None:
        super().__init__(message, fields)
        self.message = message
        self.fields = fields

    def __str__(self) -> str:
        """Return the text as the newest release that says it has it."""
        return self.message.spell(self.message.template, 0, self.fields)

    def text_in(self, tree: Revision) -> str:
        """Return the text word for word, as ``tree`` says it."""
        return self.message.text_in(tree, 0, **self.fields)


class Killed(Outcome):
    """The kernel ends QEMU with the signal ``number``, and QEMU says nothing."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class Livelock(Outcome):
    """QEMU would never leave the loop of ``function``."""

    def __init__(self, function: str) -> None:
        super().__init__(function)
        self.function = function
