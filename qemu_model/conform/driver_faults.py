"""Make one call of a backend fail in a real QEMU.

strace counts all calls of a name that a thread makes, those of libraries among
them.  So a run without the fault comes first: its log shows which calls are the backend's, and the
number of the wanted one among all calls of its name.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from .cases import Fault

_CALL: Final = re.compile(r"(?P<thread>\d+)\s+(?P<call>\w+)\((?P<rest>.*)")
_MEM_PATH: Final = re.compile(r"mem-path=([^,]*)")
_RESERVATION: Final = re.compile(
    r"NULL, (?P<length>\d+), PROT_NONE, MAP_PRIVATE\|MAP_ANONYMOUS(\|MAP_NORESERVE)?, -1, 0\)"
)


def _begins_a_backend(call: str, rest: str, paths: Sequence[str], reservation: int) -> bool:
    if call == "openat":
        return any(rest.partition(", ")[2].startswith(f'"{path}"') for path in paths)
    if call == "memfd_create":
        return rest.startswith('"memory-backend-memfd"')
    if call == "mmap" and not paths:
        match = _RESERVATION.match(rest)
        return match is not None and int(match["length"]) == reservation
    return False


def strace_fault(
    log: Iterable[str], args: Sequence[str], fault: Fault, reservation: int
) -> str | None:
    """Return ``fault`` as strace's ``inject=`` takes it, or None if there is no such call.

    ``log`` are the lines of a run of ``args`` without the fault; ``reservation`` is how
    many bytes an anonymous block reserves, by which the first call of one is known.
    """
    paths = [path for word in args for path in _MEM_PATH.findall(word)]
    main_thread: str | None = None
    begun = False
    total = 0
    seen = 0
    for line in log:
        match = _CALL.match(line)
        if match is None:
            continue
        main_thread = main_thread or match["thread"]
        if match["thread"] != main_thread:
            continue
        begun = begun or _begins_a_backend(match["call"], match["rest"], paths, reservation)
        if match["call"] != fault.call:
            continue
        total += 1
        seen += begun
        if seen == fault.nth:
            last = "" if fault.times == 1 else f"..{total + fault.times - 1}"
            return f"{fault.call}:error={fault.errno}:when={total}{last}"
    return None
