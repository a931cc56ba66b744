"""A strace log as long as wanted, of calls as a real QEMU makes them.

A thousand backends are added and deleted over QMP; between them stand calls of
other threads and libraries, in the proportions of a recorded run: arenas, stacks,
descriptors, other files.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import TextIO

BACKENDS = 1000
MAIN, WORKER, RCU = 4711, 4712, 4713
SIZE = 4 << 20
FILE_SYSTEM = (
    "{f_type=EXT2_SUPER_MAGIC, f_bsize=4096, f_blocks=66053021, f_bfree=59374644, "
    "f_bavail=19919351, f_files=16777216, f_ffree=16335956, f_fsid={val=[0xd5542c7c, "
    "0x97eaf5ad]}, f_namelen=255, f_frsize=4096, f_flags=ST_VALID|ST_RELATIME}"
)


def backend(number: int, address: int) -> str:
    """Return the calls of one backend that is made and removed again."""
    path = f"/scratch/nv{number}.img"
    fd = f"13<{path}>"
    first = f"0x{address:x}"
    return f"""\
{MAIN}  openat(AT_FDCWD</>, "{path}", O_RDWR) = -1 ENOENT (No such file or directory)
{MAIN}  openat(AT_FDCWD</>, "{path}", O_RDWR|O_CREAT|O_EXCL, 0644) = {fd}
{MAIN}  lseek({fd}, 0, SEEK_END) = 0
{MAIN}  fstatfs({fd}, {FILE_SYSTEM}) = 0
{MAIN}  ftruncate({fd}, {SIZE}) = 0
{MAIN}  mmap(NULL, {SIZE + 4096}, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {first}
{MAIN}  mmap({first}, {SIZE}, PROT_READ|PROT_WRITE, MAP_SHARED_VALIDATE|MAP_FIXED|MAP_SYNC, \
{fd}, 0) = -1 EOPNOTSUPP (Operation not supported)
{MAIN}  mmap({first}, {SIZE}, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, {fd}, 0) = {first}
{MAIN}  madvise({first}, {SIZE}, MADV_HUGEPAGE) = 0
{MAIN}  madvise({first}, {SIZE}, MADV_DONTFORK) = 0
{MAIN}  madvise({first}, {SIZE}, MADV_MERGEABLE) = 0
{MAIN}  mbind({first}, {SIZE}, MPOL_DEFAULT, NULL, 1, MPOL_MF_STRICT|MPOL_MF_MOVE) = 0
{RCU}  munmap({first}, {SIZE + 4096}) = 0
{RCU}  close({fd}) = 0
"""


def other_calls(number: int) -> str:
    """Return a dozen calls that have nothing to do with a backend."""
    arena = 0x7F10_0000_0000 + number % 4096 * 0x800_0000
    stack = 0x7F90_0000_0000 + number % 4096 * 0x81_0000
    return f"""\
{WORKER}  mmap(NULL, 134217728, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = \
0x{arena:x}
{WORKER}  munmap(0x{arena:x}, 67108864) = 0
{WORKER}  mprotect(0x{arena + 0x400_0000:x}, 135168, PROT_READ|PROT_WRITE) = 0
{MAIN}  openat(AT_FDCWD</>, "/usr/share/zoneinfo/Etc/UTC", O_RDONLY|O_CLOEXEC) = \
21</usr/share/zoneinfo/Etc/UTC>
{MAIN}  lseek(21</usr/share/zoneinfo/Etc/UTC>, -60, SEEK_CUR) = 54
{MAIN}  close(21</usr/share/zoneinfo/Etc/UTC>) = 0
{MAIN}  mmap(NULL, 8392704, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = 0x{stack:x}
{MAIN}  mprotect(0x{stack + 4096:x}, 8388608, PROT_READ|PROT_WRITE) = 0
{WORKER}  madvise(0x{stack:x}, 8368128, MADV_DONTNEED) = 0
{MAIN}  fcntl(8<pipe:[228842]>, F_GETFL) = 0x2 (flags O_RDWR)
{MAIN}  fcntl(8<pipe:[228842]>, F_SETFL, O_RDWR|O_NONBLOCK) = 0
{MAIN}  munmap(0x{stack:x}, 8392704) = 0
"""


def begin(log: TextIO) -> int:
    """Write how the process starts; return the lines written."""
    words = ["qemu-system-x86_64", "-M", "none", "-nodefaults", "-display", "none", "-S"]
    shown = ", ".join(f'"{word}"' for word in [*words, "-qmp", "stdio"])
    log.write(
        f'{MAIN}  execve("/usr/bin/qemu-system-x86_64", [{shown}], 0x7ffc /* 9 vars */) = 0\n'
    )
    return 1


def write(path: Path, lines: int) -> tuple[int, list[object]]:
    """Write a log of about ``lines`` lines and return their number and the QMP commands."""
    commands: list[object] = [{"execute": "qmp_capabilities"}]
    per_backend, per_block = 14, 12
    backends = min(BACKENDS, max(1, lines // 100))
    between = max(1, (lines - backends * per_backend) // per_block // backends)
    written = 0
    block = 0
    with path.open("w", encoding="ascii") as log:
        written += begin(log)
        for number in range(backends):
            log.write(backend(number, 0x7F80_0000_0000 + number % 512 * 0x100_0000))
            for _ in range(between):
                log.write(other_calls(block))
                block += 1
            written += per_backend + between * per_block
            props = {
                "mem-path": f"/scratch/nv{number}.img",
                "size": SIZE,
                "share": True,
                "pmem": True,
                "sync": True,
            }
            added = {"qom-type": "memory-backend-file", "id": f"nv{number}", "props": props}
            commands.append({"execute": "object-add", "arguments": added})
            commands.append({"execute": "object-del", "arguments": {"id": f"nv{number}"}})
        log.write(f"{MAIN}  exit_group(0) = ?\n{MAIN}  +++ exited with 0 +++\n")
    commands.append({"execute": "quit"})
    return written + 2, commands
