"""What the mappings of a living QEMU are, asked of the kernel.

``sf`` in smaps alone proves nothing: on tmpfs, hugetlbfs and anonymous memory the
kernel takes MAP_SYNC along and does nothing with it.  So the file behind the mapping
is asked as well, by a trial that touches no page.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import attrs

from ..host import linux
from ..host.live import LiveHost
from .cannot_judge import CannotJudge
from .machine_path import ask, device_dax_align, device_subsystem, trial_length, try_mapping

IN_MEMORY: Final = (linux.TMPFS_MAGIC, linux.HUGETLBFS_MAGIC)

Nature = Literal["synchronous", "dax", "page cache", "private", "memory", "unknown"]

#: What each nature of a mapping means for the guest's stores.
MEANING: Final[Mapping[Nature, str]] = MappingProxyType(
    {
        "synchronous": "synchronous: what the guest has flushed survives a crash of this host",
        "dax": "on DAX without MAP_SYNC: the file's blocks may be lost in a crash of this host",
        "page cache": "through the page cache: not safe until the kernel writes it back",
        "private": "private copies: nothing the guest writes reaches the file",
        "memory": "memory of this host: gone when the host goes down",
        "unknown": "the file could not be asked",
    }
)


@attrs.frozen
class MappedRange:
    """One mapping of a process: from ``/proc/PID/smaps``; sizes and addresses in bytes."""

    address: int
    size: int
    permissions: str
    device: str
    inode: int
    path: str
    vm_flags: tuple[str, ...]

    @property
    def shared(self) -> bool:
        """Whether what is written is seen by others."""
        return self.permissions[3] == "s"

    @property
    def file(self) -> bool:
        """Whether a file with a number is behind it."""
        return self.inode != 0


@attrs.frozen
class MappingJudgement:
    """A mapping that can be guest memory, what it is, and why that is known."""

    mapping: MappedRange
    nature: Nature
    because: str

    @property
    def synchronous(self) -> bool | None:
        """Whether MAP_SYNC is in force; None where that could not be found out."""
        return None if self.nature == "unknown" else self.nature == "synchronous"

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "address": self.mapping.address,
            "size": self.mapping.size,
            "path": self.mapping.path or None,
            "shared": self.mapping.shared,
            "vm_flags": list(self.mapping.vm_flags),
            "nature": self.nature,
            "synchronous": self.synchronous,
            "meaning": MEANING[self.nature],
            "because": self.because,
        }


@attrs.frozen
class ProcessJudgement:
    """A living process and the mappings in it that can be guest memory."""

    pid: int
    program: str
    mappings: tuple[MappingJudgement, ...]

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "pid": self.pid,
            "program": self.program,
            "mappings": [mapping.to_json() for mapping in self.mappings],
        }


def judge_pid(pid: int) -> ProcessJudgement:
    """Judge the mappings of the process ``pid`` that can be a guest's memory.

    Those are QEMU's RAM blocks, which alone are kept from forked children (``dc`` in
    VmFlags), and files mapped for writing that are no program.  Raises
    :class:`CannotJudge` if there is no such process or it may not be looked at.
    """
    mappings = read_mappings(pid)
    programs = {mapping.path for mapping in mappings if "x" in mapping.permissions}
    judged = []
    for mapping in mappings:
        if mapping.permissions[:3] != "rw-":
            continue
        block = "dc" in mapping.vm_flags
        if block or (mapping.file and mapping.path not in programs):
            judged.append(_judge_mapping(pid, mapping))
    try:
        program = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        program = "unknown"
    return ProcessJudgement(pid, program, tuple(judged))


def file_mappings(pid: int, path: str) -> list[MappedRange]:
    """Return the mappings of ``path`` in the process ``pid``, found by device and inode.

    Raises :class:`CannotJudge` as :func:`judge_pid` does, and OSError without the file.
    """
    inode = os.stat(path).st_ino
    return [mapping for mapping in read_mappings(pid) if mapping.inode == inode]


_HEAD: Final = re.compile(
    r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (\S+) (\d+)\s*(.*)", re.DOTALL
)


def read_mappings(pid: int) -> list[MappedRange]:
    """Read ``/proc/PID/smaps``.  Raises :class:`CannotJudge` if it cannot be read."""
    try:
        with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
    except (FileNotFoundError, ProcessLookupError):
        raise CannotJudge(f"there is no process {pid}") from None
    except PermissionError:
        raise CannotJudge(
            f"the mappings of process {pid} may not be read: ask as its user or as root"
        ) from None
    except OSError as error:
        raise CannotJudge(f"the mappings of process {pid}: {error.strerror}") from None
    mappings: list[MappedRange] = []
    for line in lines:
        if head := _HEAD.fullmatch(line):
            first, last = int(head[1], 16), int(head[2], 16)
            path = head[7].replace("\\012", "\n")
            mappings.append(
                MappedRange(first, last - first, head[3], head[5], int(head[6]), path, ())
            )
        elif line.startswith("VmFlags:") and mappings:
            mappings[-1] = attrs.evolve(mappings[-1], vm_flags=tuple(line.split()[1:]))
    return mappings


def _judge_mapping(pid: int, mapping: MappedRange) -> MappingJudgement:
    if not mapping.file:
        return MappingJudgement(mapping, "memory", "there is no file behind it")
    flagged = "sf" in mapping.vm_flags
    if not mapping.shared:
        because = "the mapping is private"
        if flagged:
            because += "; sf in VmFlags does not change that"
        return MappingJudgement(mapping, "private", because)
    fd = _open_mapped(pid, mapping)
    if fd is None:
        because = "the mapped file cannot be opened: ask as its user or as root"
        return MappingJudgement(mapping, "unknown", because)
    try:
        evidence: list[str] = []
        device = os.fstat(fd)
        if stat.S_ISCHR(device.st_mode):
            dax: bool | None = True
            possible: bool | None = try_mapping(fd, device_dax_align(device.st_rdev), evidence)
        else:
            dax, possible = ask(fd, trial_length(fd), evidence)
        answer = LiveHost().fstatfs(fd)
    finally:
        os.close(fd)
    in_memory = not isinstance(answer, int) and answer.f_type in IN_MEMORY
    return _judge_shared(mapping, flagged, dax, possible, in_memory and not dax)


def _judge_shared(
    mapping: MappedRange,
    flagged: bool,
    dax: bool | None,
    possible: bool | None,
    in_memory: bool,
) -> MappingJudgement:
    if flagged and possible:
        because = "sf in VmFlags, and the kernel grants MAP_SYNC on this file"
        return MappingJudgement(mapping, "synchronous", because)
    if possible:
        because = "the kernel would grant MAP_SYNC on this file, but no sf in VmFlags"
        return MappingJudgement(mapping, "dax", because)
    if dax:
        because = "statx says DAX, but the kernel refuses MAP_SYNC on this file"
        return MappingJudgement(mapping, "dax", because)
    because = "the kernel refuses MAP_SYNC on this file, which is not on DAX"
    if flagged:
        because += ": sf in VmFlags means nothing here"
    return MappingJudgement(mapping, "memory" if in_memory else "page cache", because)


def _open_mapped(pid: int, mapping: MappedRange) -> int | None:
    """Open the file behind a mapping, by whichever way is open to this user.

    ``map_files`` is for root; the process's own descriptors, where QEMU keeps those of
    its backends, are for its user; a path may by now be another file's, so the inode
    must be the mapping's.  Return a descriptor or None.
    """
    first, last = mapping.address, mapping.address + mapping.size
    names = [f"/proc/{pid}/map_files/{first:x}-{last:x}", *_descriptors(pid)]
    for name in [*names, f"/proc/{pid}/root{mapping.path}"]:
        try:
            found = os.stat(name)
            dax = stat.S_ISCHR(found.st_mode) and device_subsystem(found.st_rdev) == "dax"
            if found.st_ino == mapping.inode and (stat.S_ISREG(found.st_mode) or dax):
                # A device DAX cannot be mapped through a descriptor for reading only.
                return os.open(name, (os.O_RDWR if dax else os.O_RDONLY) | os.O_CLOEXEC)
        except (OSError, ValueError):
            continue
    return None


def _descriptors(pid: int) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(f"/proc/{pid}/fd")]
    except OSError:
        return []
