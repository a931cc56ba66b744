"""The surroundings of a case's runs: files, faults, the addresses of an earlier run."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ..host.faults import Fault as HostFault
from ..host.faults import FaultHost
from ..host.linux import ERRNO_NUMBERS
from ..host.protocol import Host
from ..judge.backend_calls import BackendCalls
from ..judge.line import memory_paths
from ..judge.log import Log
from ..judge.search import is_reservation
from .cases import MIB, Case, Fault, Place
from .differences import without_letters
from .driver import Observation, Qemu, run_qemu
from .driver_faults import strace_fault

#: errno names that Linux has and Python's table may lack.
_MORE_ERRNOS: Final[Mapping[str, int]] = MappingProxyType({"EHWPOISON": 133})
#: Seconds that a run may take, emulated QEMUs included.
_PATIENCE: Final = 180.0
#: The bytes that the anonymous backends of the cases with faults reserve.
_RESERVATION: Final = 6 * MIB

NOT_HERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tmpfs": "there is no tmpfs to write to",
        "small": "a tmpfs of 2 MiB cannot be mounted: that takes root",
        "device": "no device DAX was given: --path /dev/daxX.Y",
        "huge": "no hugetlbfs with free huge pages of 2 MiB can be mounted: that takes root, and "
        "echo 64 > /proc/sys/vm/nr_hugepages",
    }
)


def reservations(seen: Observation, case: Case) -> dict[int, list[int]]:
    """Return where the kernel put what QEMU reserved for its blocks, by length in bytes."""
    found: dict[int, list[int]] = {}
    with seen.trace.open("rb") as stream:
        log = Log(stream)
        begin = log.command_line()[1]
        paths = memory_paths([*case.machine, *case.args], case.qmp)
        for call in BackendCalls(log, paths, begin):
            if is_reservation(call.name, call.args) and (call.result or 0) > 0:
                found.setdefault(call.args[1], []).append(call.result or 0)
    return found


def host_for(fault: Fault | None, kernel: Host) -> Host:
    """Return ``kernel``, in a wrapper that makes a call fail where the case has a fault."""
    if fault is None:
        return kernel
    call = "open" if fault.call == "openat" else fault.call
    errno = ERRNO_NUMBERS.get(fault.errno) or _MORE_ERRNOS[fault.errno]
    last = fault.nth + fault.times - 1
    return BackendFaultHost(kernel, [HostFault(call, errno, first=fault.nth, last=last)])


class BackendFaultHost(FaultHost):
    """Lets the backend's calls fail, but not those that QEMU makes as it starts."""

    def memfd_probe(self, flags: int) -> bool:
        """Ask the kernel."""
        return self.inner.memfd_probe(flags)


def directories(place: Place) -> list[Path]:
    """Return the directories that cases keep their files in."""
    return [Path(path) for path in place.directories]


def prepare(case: Case, place: Place) -> None:
    """Empty the directories, and make the case's files."""
    for directory in directories(place):
        for entry in directory.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    for step in case.setup:
        step.make()


def observe(qemu: Qemu, case: Case, scratch: Path, inject: Sequence[str] = ()) -> Observation:
    """Run the real QEMU on a case whose files are prepared."""
    return run_qemu(
        qemu,
        [*case.machine, *case.args],
        scratch / "log.strace",
        qmp=case.qmp,
        inject=inject,
        cwd=scratch,
        seconds=_PATIENCE,
    )


def files_in(place: Place) -> dict[str, int]:
    """Return the size of each file, by path, without the letters that mkstemp chose."""
    return {
        without_letters(str(entry)): entry.stat().st_size
        for directory in directories(place)
        for entry in sorted(directory.iterdir())
        if entry.is_file() and not entry.is_symlink()
    }


def inject_for(qemu: Qemu, case: Case, place: Place, scratch: Path) -> list[str]:
    """Return the fault of a case as strace takes it, after a run without the fault.

    Empty for a case without one, and where QEMU makes no such call.
    """
    if case.fault is None:
        return []
    prepare(case, place)
    clean = observe(qemu, case, scratch)
    with clean.trace.open(encoding="utf-8", errors="surrogateescape") as log:
        wanted = strace_fault(log, case.args, case.fault, _RESERVATION)
    return [] if wanted is None else [wanted]


@contextmanager
def restored(case: Case) -> Iterator[None]:
    """Remove the files on a case's memory paths that did not exist before the block."""
    paths = [Path(path) for path in memory_paths([*case.machine, *case.args], case.qmp)]
    missing = [path for path in paths if not os.path.lexists(path)]
    try:
        yield
    finally:
        for path in missing:
            # Of a name that is too long os.path says that there is no such file.
            if os.path.isfile(path) and not os.path.islink(path):
                path.unlink()
