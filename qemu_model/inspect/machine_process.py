"""Find out from the kernel what the mappings of a running QEMU are.

``sf`` in smaps alone proves nothing: on tmpfs, hugetlbfs and anonymous memory the kernel
accepts MAP_SYNC and ignores it.  So the file behind the mapping is mapped once more, with
MAP_SHARED_VALIDATE and without touching a page.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from ..host import linux
from ..host.live import LiveHost
from .blocks import Line, line_of, match_blocks, options_of
from .cannot_judge import CannotJudge
from .machine_path import ask, device_dax_align, device_subsystem, trial_length, try_mapping
from .smaps import MappedRange, parse_numa_maps, parse_smaps

if TYPE_CHECKING:
    from ..explain.guest_memory import Memory

#: Files under these names are memory of the host.
_IN_MEMORY_PATHS: Final = ("/memfd:", "/dev/shm/", "/dev/zero", "/SYSV")
IN_MEMORY: Final = (linux.TMPFS_MAGIC, linux.HUGETLBFS_MAGIC)

Nature = Literal["synchronous", "asynchronous", "dax", "page cache", "private", "memory", "unknown"]
#: What a mapping is to the guest: its RAM, a backend that a device or nothing uses, memory of
#: a device itself (ROM, VGA); empty where the command line is not known.
Use = Literal["guest RAM", "backend", "device", ""]

#: What each nature of a mapping means for the guest's stores.
MEANING: Final[Mapping[Nature, str]] = MappingProxyType(
    {
        "synchronous": "synchronous: what the guest has flushed survives a crash of this host",
        "asynchronous": "not synchronous: a crash of this host loses what is not written back",
        "dax": "on DAX without MAP_SYNC: the file's blocks may be lost in a crash of this host",
        "page cache": "through the page cache: not safe until the kernel writes it back",
        "private": "private copies: nothing the guest writes reaches the file",
        "memory": "memory of this host: gone when the host goes down",
        "unknown": "not known: only the host can say whether the file is on DAX",
    }
)


@attrs.frozen
class MappingJudgement:
    """A mapping that can be guest memory, what it is, and why that is known.

    ``id`` is the backend's, or the machine's name for its RAM; ``nodes`` says how many of
    its pages are on which node of the host, None where that is not known.
    """

    mapping: MappedRange
    nature: Nature
    because: str
    id: str = ""
    use: Use = ""
    nodes: Mapping[int, int] | None = None

    @property
    def synchronous(self) -> bool | None:
        """Whether MAP_SYNC is in force; None where that could not be found out."""
        return None if self.nature == "unknown" else self.nature == "synchronous"

    @property
    def locked(self) -> bool | None:
        """Whether its pages cannot be swapped out; None where smaps has no flags."""
        return "lo" in self.mapping.vm_flags if self.mapping.vm_flags else None

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "id": self.id or None,
            "use": self.use or None,
            "address": self.mapping.address,
            "size": self.mapping.size,
            "path": self.mapping.path or None,
            "shared": self.mapping.shared,
            "vm_flags": list(self.mapping.vm_flags),
            "page_size": self.mapping.page_size,
            "huge": self.mapping.huge,
            "resident": self.mapping.amount("Rss"),
            "locked": self.locked,
            "nodes": None if self.nodes is None else {str(n): c for n, c in self.nodes.items()},
            "nature": self.nature,
            "synchronous": self.synchronous,
            "meaning": MEANING[self.nature],
            "because": self.because,
        }


@attrs.frozen
class ProcessJudgement:
    """A running process and the mappings in it that can be guest memory, guest RAM first.

    ``pid`` is None for a copy of smaps.  ``findings`` are lint's for the command line, with
    the tree ``revision`` that it is about, and why.
    """

    pid: int | None
    program: str
    mappings: tuple[MappingJudgement, ...]
    findings: tuple[dict[str, Any], ...] = ()
    revision: str = ""
    because: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "pid": self.pid,
            "program": self.program,
            "revision": self.revision or None,
            "revision_because": self.because or None,
            "mappings": [mapping.to_json() for mapping in self.mappings],
            "findings": list(self.findings),
        }


def judge_pid(pid: int) -> ProcessJudgement:
    """Judge the mappings of the process ``pid`` that can be a guest's memory.

    Those are QEMU's RAM blocks, which alone are kept from forked children (``dc`` in
    VmFlags), and files mapped for writing that are not programs.  Which backend each is, and
    lint's findings, come from the process's own command line.  Raises
    :class:`CannotJudge` if there is no such process or it may not be looked at.
    """
    mappings = read_mappings(pid)
    try:
        program = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        program = "unknown"
    options = options_of(pid) if is_qemu(program) else ()
    nodes = _read_nodes(pid)
    return _judge(
        mappings, options, lambda mapping: _judge_mapping(pid, mapping), nodes, pid, program
    )


def judge_smaps(text: str, options: Sequence[str] = ()) -> ProcessJudgement:
    """Judge a copy of ``/proc/PID/smaps``; ``options`` are those of the QEMU that it is of.

    Raises :class:`CannotJudge` for text that is none.
    """
    mappings = parse_smaps(text)
    if not mappings:
        raise CannotJudge("this is not a copy of /proc/PID/smaps: it has no line with a mapping")
    return _judge(mappings, options, judge_copied, {}, None, "unknown")


def is_qemu(program: str) -> bool:
    """Whether a program is a QEMU by its name."""
    return os.path.basename(program).startswith(("qemu", "kvm"))


def _judge(
    mappings: Sequence[MappedRange],
    options: Sequence[str],
    judge: Callable[[MappedRange], MappingJudgement],
    nodes: Mapping[int, Mapping[int, int]],
    pid: int | None,
    program: str,
) -> ProcessJudgement:
    line = line_of(options) if options else Line()
    programs = {mapping.path for mapping in mappings if "x" in mapping.permissions}
    matched = match_blocks(
        (mapping for mapping in mappings if mapping.path not in programs or not mapping.path),
        line.memory,
    )
    judged = []
    for mapping in mappings:
        block = matched.get(mapping.address)
        candidate = mapping.permissions[:3] == "rw-" and (
            "dc" in mapping.vm_flags or (mapping.file and mapping.path not in programs)
        )
        if block is None and not candidate:
            continue
        judged.append(
            attrs.evolve(
                judge(mapping),
                id=block.id if block else "",
                use=use_of(block) if block else "device" if line.memory else "",
                nodes=nodes.get(mapping.address),
            )
        )
    order = {block.id: place for place, block in enumerate(line.memory)}
    judged.sort(key=lambda one: (order.get(one.id, len(order)), -one.mapping.size * (not one.id)))
    return ProcessJudgement(pid, program, tuple(judged), line.findings, line.revision, line.because)


def use_of(block: Memory) -> Use:
    """Return what a block is to the guest."""
    if block.is_ram:
        return "guest RAM"
    return "backend"


def judge_copied(mapping: MappedRange) -> MappingJudgement:
    """Judge a mapping by smaps alone: the file behind it cannot be asked."""
    if not mapping.file:
        return MappingJudgement(mapping, "memory", "there is no file behind it")
    if not mapping.shared:
        return MappingJudgement(mapping, "private", "the mapping is private")
    if "ht" in mapping.vm_flags or mapping.path.startswith(_IN_MEMORY_PATHS):
        return MappingJudgement(mapping, "memory", f"{mapping.path} is memory of the host")
    if "sf" in mapping.vm_flags:
        because = "sf in VmFlags, which means synchronous on a file on DAX only: ask on the host"
        return MappingJudgement(mapping, "unknown", because)
    return MappingJudgement(mapping, "asynchronous", "no sf in VmFlags")


def file_mappings(pid: int, path: str) -> list[MappedRange]:
    """Return the mappings of ``path`` in the process ``pid``, found by device and inode.

    Raises :class:`CannotJudge` as :func:`judge_pid` does, and OSError without the file.
    """
    inode = os.stat(path).st_ino
    return [mapping for mapping in read_mappings(pid) if mapping.inode == inode]


def read_mappings(pid: int) -> list[MappedRange]:
    """Read ``/proc/PID/smaps``.  Raises :class:`CannotJudge` if it cannot be read."""
    try:
        with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="surrogateescape") as file:
            return parse_smaps(file.read())
    except (FileNotFoundError, ProcessLookupError):
        raise CannotJudge(f"there is no process {pid}") from None
    except PermissionError:
        raise CannotJudge(
            f"the mappings of process {pid} may not be read: ask as its user or as root"
        ) from None
    except OSError as error:
        raise CannotJudge(f"the mappings of process {pid}: {error.strerror}") from None


def _read_nodes(pid: int) -> dict[int, dict[int, int]]:
    try:
        with open(f"/proc/{pid}/numa_maps", encoding="utf-8", errors="replace") as file:
            return parse_numa_maps(file.read())
    except OSError:
        return {}


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
