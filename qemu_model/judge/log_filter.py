"""What strace may not have logged: it traced other calls, or other paths."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Container
from types import MappingProxyType
from typing import Any, Final

from .backend_names import TEMPORARY_FILE
from .guesses import ON_DESCRIPTORS, UNKNOWN_DESCRIPTOR
from .search import LogSearch
from .verdict import Report

#: Kinds of calls that have neither a path nor the descriptor of a file with one.
_WITHOUT_PATH: Final = frozenset(
    {"mmap of anonymous memory", "munmap", "madvise", "mbind", "memfd_create", "fcntl"}
)
#: What a program's loader calls, and what in a log is not there without it.
_LOADERS: Final = MappingProxyType(
    {
        "close": ("libc.so",),
        "open": ("libc.so", "fstatfs(", "ftruncate("),
        "mmap": ("libc.so", "madvise(", "mbind("),
    }
)


class LogFilter:
    """Tells whether a call that the log does not show may have been made; notes it in ``report``.

    ``traced`` are the calls that strace logged, None where that is unknown;
    ``filtered_by_path`` tells whether only calls on a path were.
    """

    def __init__(
        self,
        search: LogSearch,
        report: Report,
        *,
        traced: Container[str] | None,
        filtered_by_path: Callable[[], bool],
    ) -> None:
        self._search = search
        self._report = report
        self._traced = traced
        self._filtered_by_path = filtered_by_path

    def lacks_what_loaders_make(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the log has no such call at all, though the loader of every program makes some.

        Where it is unknown what was traced, only ``close`` counts; otherwise the log
        shows the loader, or calls that need such a call before.
        """
        if name not in _LOADERS or self._search.in_log(name, args):
            return False
        if self._traced is None:
            return name == "close"
        return name in self._traced and any(map(self._search.occurs, _LOADERS[name]))

    def may_leave_out(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether strace may not have logged such a call; that is noted.

        Without ``traced`` a kind of call that is nowhere in the log may not have been.
        """
        if self._traced is not None and name not in self._traced:
            self._report.not_traced.add(name)
            return True
        if self._search.in_log(name, args):
            unknown = self._is_on_unknown_descriptor(name, args) and self._filtered_by_path()
            if unknown:
                self._report.not_traced.add(f"{name} of another file")
            return unknown
        kind = self._search.kind(name, args)
        if self._filtered_by_path() and kind in _WITHOUT_PATH:
            self._report.not_traced.add(kind)
            return True
        if self._traced is None:
            self._report.not_in_log.add(kind)
        return self._traced is None

    @staticmethod
    def _is_on_unknown_descriptor(name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is on a file whose opening the log does not show."""
        descriptor = args[4] if name == "mmap" else args[0]
        on_file = name == "mmap" or name in ON_DESCRIPTORS
        return on_file and isinstance(descriptor, int) and descriptor > UNKNOWN_DESCRIPTOR

    def is_on_another_path(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is on the nameless file in a directory, and the filter on the latter."""
        return (
            name in ("open", "unlink")
            and TEMPORARY_FILE in args[0]
            and not self._search.occurs(TEMPORARY_FILE)
            and self._filtered_by_path()
        )
