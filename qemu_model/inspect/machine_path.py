"""Find out from the kernel what a path is on this machine.

Names and mount options can mislead, so the file itself is mapped, with MAP_SHARED_VALIDATE
and MAP_SYNC, for reading only, and unmapped at once.  No page is touched: nothing changes.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import attrs

from ..host import linux
from ..host.live import LiveHost
from ..host.statx import is_dax
from .cannot_judge import CannotJudge

#: What a trial maps where the file system does not want more, in bytes.
PAGE: Final = 4096
#: The alignment of device DAX where sysfs does not tell it, in bytes.
DEVICE_DAX_ALIGN: Final = 2 * 1024 * 1024
TRIAL_FLAGS: Final = linux.MAP_SHARED_VALIDATE | linux.MAP_SYNC | linux.MAP_NORESERVE


@attrs.frozen
class Mount:
    """A mount, as ``/proc/self/mountinfo`` has it; both kinds of options are together."""

    point: str
    file_system: str
    source: str
    options: tuple[str, ...]


@attrs.frozen
class PathJudgement:
    """What a path is on this machine.

    ``kind`` is what the path is, ``tried`` what was mapped in its place (a file in a
    directory).  ``dax`` and ``map_sync`` are None where the kernel could not be asked;
    ``evidence`` has one sentence for each answer, with its source.
    """

    path: str
    exists: bool
    kind: str
    mount: Mount | None
    dax: bool | None
    map_sync: bool | None
    evidence: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        mount = self.mount
        return {
            "path": self.path,
            "exists": self.exists,
            "kind": self.kind,
            "file_system": None if mount is None else mount.file_system,
            "mount": None
            if mount is None
            else {
                "point": mount.point,
                "source": mount.source,
                "options": list(mount.options),
            },
            "dax": self.dax,
            "map_sync": self.map_sync,
            "evidence": list(self.evidence),
        }


def judge_path(path: str) -> PathJudgement:
    """Ask the kernel what ``path`` is: file system, mount, DAX, MAP_SYNC.

    For a directory, or a file that does not exist yet, a file without a name is made there and
    removed at once.  Raises :class:`CannotJudge` if there is no such place.
    """
    if not path or "\0" in path:
        raise CannotJudge("a path must not be empty or contain a zero byte")
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return _judge_missing(path)
    except OSError as error:
        raise CannotJudge(f"{path}: {error.strerror}") from None
    kind = _kind(mode)
    if kind == "directory":
        return _judge_directory(path, path, exists=True, kind=kind)
    evidence: list[str] = []
    if kind == "regular file":
        dax, map_sync = _try_file(path, evidence)
    elif kind == "character device":
        dax, map_sync = _try_device(path, os.stat(path).st_rdev, evidence)
    else:
        dax, map_sync = None, False
        evidence.append(f"a {kind} cannot be guest memory: it was not opened")
    return PathJudgement(path, True, kind, find_mount(path), dax, map_sync, tuple(evidence))


def _judge_missing(path: str) -> PathJudgement:
    directory = os.path.dirname(path) or "."
    if not os.path.isdir(directory):
        raise CannotJudge(f"{path}: neither it nor its directory exists")
    return _judge_directory(path, directory, exists=False, kind="not there yet")


def _judge_directory(path: str, directory: str, *, exists: bool, kind: str) -> PathJudgement:
    evidence: list[str] = []
    dax: bool | None = None
    map_sync: bool | None = None
    try:
        with _file_in(directory) as fd:
            evidence.append(f"a temporary file in {directory} was mapped")
            length = trial_length(fd)
            os.ftruncate(fd, length)
            dax, map_sync = ask(fd, length, evidence)
    except OSError as error:
        evidence.append(
            f"no file can be made in {directory} ({error.strerror}), so nothing was tried: "
            "ask as a user who may write there, or about a file that is there"
        )
    return PathJudgement(path, exists, kind, find_mount(directory), dax, map_sync, tuple(evidence))


@contextlib.contextmanager
def _file_in(directory: str) -> Iterator[int]:
    """Give a descriptor of an empty file in ``directory`` that no other process sees."""
    try:
        fd = os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        # Not every file system has nameless files; there the file has a name for a moment.
        fd, name = tempfile.mkstemp(prefix=".qemu-model-", dir=directory)
    else:
        name = ""
    try:
        yield fd
    finally:
        os.close(fd)
        if name:
            os.unlink(name)


def _try_file(path: str, evidence: list[str]) -> tuple[bool | None, bool | None]:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            evidence.append(f"{path} cannot be opened ({error.strerror}): nothing was tried")
            return None, None
        evidence.append(f"{path} may be read only, by this user")
    try:
        return ask(fd, trial_length(fd), evidence)
    finally:
        os.close(fd)


def _try_device(path: str, number: int, evidence: list[str]) -> tuple[bool | None, bool | None]:
    """Judge a character device; only those of DAX and of memory are opened.

    Opening another one can have effects: a watchdog starts, a tape rewinds.
    """
    directory = device_directory(number)
    subsystem = device_subsystem(number)
    if subsystem == "mem":
        _, map_sync = _try_file(path, evidence)
        return False, map_sync
    if subsystem != "dax":
        evidence.append(f"a device of {subsystem or 'an unknown kind'} was not opened")
        return None, None
    evidence.append(f"{directory}/subsystem is dax: this is device DAX")
    align = device_dax_align(number)
    evidence.append(f"addresses and sizes must be multiples of {align} bytes: use align={align}")
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        evidence.append(f"{path} cannot be opened ({error.strerror}): nothing was tried")
        return True, None
    try:
        return True, try_mapping(fd, align, evidence)
    finally:
        os.close(fd)


def device_directory(number: int) -> Path:
    """Return where sysfs describes the character device ``number``."""
    return Path(f"/sys/dev/char/{os.major(number)}:{os.minor(number)}")


def device_subsystem(number: int) -> str:
    """Return what drives the character device ``number``: dax, mem, ...; empty if unknown."""
    link = device_directory(number) / "subsystem"
    return link.resolve().name if link.exists() else ""


def device_dax_align(number: int) -> int:
    """Return what mappings of the device DAX ``number`` must be a multiple of, in bytes."""
    try:
        return int((device_directory(number) / "align").read_text())
    except (OSError, ValueError):
        return DEVICE_DAX_ALIGN


def trial_length(fd: int) -> int:
    """Return how much a trial maps, in bytes: a page, on hugetlbfs a huge one."""
    answer = LiveHost().fstatfs(fd)
    if not isinstance(answer, int) and answer.f_type == linux.HUGETLBFS_MAGIC:
        return answer.f_bsize
    return PAGE


def ask(fd: int, length: int, evidence: list[str]) -> tuple[bool | None, bool | None]:
    """Return whether the file at ``fd`` is on DAX, and whether it grants MAP_SYNC.

    ``length`` is what the trial maps, in bytes; what was asked and answered is added
    to ``evidence``.
    """
    dax = is_dax(fd)
    if dax is None:
        evidence.append("statx does not say whether the file is on DAX (Linux before 5.8)")
    else:
        evidence.append(f"statx: the file is {'' if dax else 'not '}on DAX (STATX_ATTR_DAX)")
    map_sync = try_mapping(fd, length, evidence)
    if dax is None and map_sync:
        dax = True
    return dax, map_sync


def try_mapping(fd: int, length: int, evidence: list[str]) -> bool:
    """Return whether ``length`` bytes of ``fd`` can be mapped with MAP_SYNC."""
    host = LiveHost()
    address = host.mmap(0, length, linux.PROT_READ, TRIAL_FLAGS, fd, 0)
    if address >= 0:
        host.munmap(address, length)
        evidence.append("mmap with MAP_SHARED_VALIDATE|MAP_SYNC succeeds")
        return True
    errno = linux.errno_name(-address)
    evidence.append(f"mmap with MAP_SHARED_VALIDATE|MAP_SYNC fails: {errno}")
    plain = linux.MAP_SHARED | linux.MAP_NORESERVE
    without = host.mmap(0, length, linux.PROT_READ, plain, fd, 0)
    if without >= 0:
        host.munmap(without, length)
        evidence.append("mmap with MAP_SHARED succeeds")
    else:
        evidence.append(f"mmap with MAP_SHARED fails: {linux.errno_name(-without)}")
    if errno == "EINVAL" and without >= 0:
        evidence.append("EINVAL: this kernel may be older than 4.15, which brought the flags")
    return False


_KINDS: Final[tuple[tuple[Callable[[int], bool], str], ...]] = (
    (stat.S_ISREG, "regular file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISCHR, "character device"),
    (stat.S_ISBLK, "block device"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
)


def _kind(mode: int) -> str:
    return next((name for test, name in _KINDS if test(mode)), "file of another kind")


def find_mount(path: str) -> Mount | None:
    """Return the mount that ``path`` is on, which the kernel names by its number."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            number = _field(Path(f"/proc/self/fdinfo/{fd}").read_text(), "mnt_id")
        finally:
            os.close(fd)
        lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if fields[0] == number:
            options = dict.fromkeys([*fields[5].split(","), *rest[2].split(",")])
            return Mount(_unescape(fields[4]), rest[0], _unescape(rest[1]), tuple(options))
    return None


def _field(text: str, name: str) -> str:
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value.strip()
    return ""


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
