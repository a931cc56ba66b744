"""Writes pages through a backend's mapping and takes the machine down at once.

    python -m qemu_model.guest.inside.write_and_crash model OPTIONS REPORT PATH...
    python -m qemu_model.guest.inside.write_and_crash QEMU-BINARY OPTIONS REPORT PATH...

Each PATH becomes a sparse file that is safe on its disk before it is mapped, as
a memory-backend-file with OPTIONS: by the model, which maps for real, or by a real
QEMU, where the guest's store to an NVDIMM is made over qtest.  Between the last
store and the crash (sysrq-b: no sync, no unmount) there is nothing.  REPORT, on a
disk that survives, says what was mapped.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ...calls.event import Event
from ...host import linux

#: The size of the file and of the backend, and of what is written, in bytes.
SIZE: Final = 4 * 1024 * 1024
PAGE: Final = 4096
PAGES: Final = 64
#: The value of every byte that is written.
LETTER: Final = 0x41
#: Where QEMU's pc puts the first NVDIMM, beyond the four gigabytes.
NVDIMM_ADDRESS: Final = 0x100000000
MODEL: Final = "model"


def prepare(paths: Sequence[str]) -> None:
    """Make each path a sparse file, and wait until the file system has it on its disk."""
    for path in paths:
        with open(path, "xb") as file:
            file.truncate(SIZE)
    os.sync()


def backend_option(number: int, path: str, options: str) -> str:
    """Return what ``-object`` gets for the backend number ``number``."""
    return f"memory-backend-file,id=m{number},mem-path={path},size=4M,{options}"


def map_with_model(
    paths: Sequence[str], options: str
) -> tuple[list[dict[str, Any]], Callable[[], None]]:
    """Map each path with the model; return what it did, and what writes the pages.

    Raises RuntimeError with the model's messages if QEMU would have ended.
    """
    from ...host.live import LiveHost
    from ...process import Process

    line = []
    for number, path in enumerate(paths):
        line += ["-object", backend_option(number, path, options)]
    process = Process(line, LiveHost())
    if not process.start():
        raise RuntimeError("; ".join(process.qemu.stderr))
    addresses = [block.host for block in process.qemu.ram_blocks]
    made = {
        event.result: event
        for event in process.host.events
        if event.call == "mmap" and not event.failed
    }
    report = [
        {
            "path": path,
            "mapped_as": _kind(made[address]),
            "sf": "sf" in (process.host.vm_flags(address) or []),
        }
        for path, address in zip(paths, addresses, strict=True)
    ]

    def write() -> None:
        for address in addresses:
            ctypes.memset(address, LETTER, PAGES * PAGE)

    return report, write


def _kind(event: Event) -> str:
    """Return the flags of an mmap that say what kind of mapping it is."""
    flags = linux.mmap_flag_names(event.args[3])
    return "|".join(flag for flag in flags if flag != "MAP_FIXED")


def map_with_qemu(
    binary: str, paths: Sequence[str], options: str
) -> tuple[list[dict[str, Any]], Callable[[], None]]:
    """Give each path to a QEMU as an NVDIMM; return how it is mapped, and the writer.

    Raises RuntimeError with what QEMU said if one of them does not run.
    """
    from ...inspect.machine import file_mappings

    line = [binary, "-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg"]
    line += ["-machine", "pc,nvdimm=on", "-m", "64M,slots=4,maxmem=1G", "-S"]
    line += ["-qtest", "stdio", "-qtest-log", os.devnull]
    running: list[subprocess.Popen[str]] = []
    report = []
    for number, path in enumerate(paths):
        device = ["-object", backend_option(number, path, options)]
        device += ["-device", f"nvdimm,memdev=m{number}"]
        process = subprocess.Popen(
            [*line, *device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        _ask(process, f"readb {NVDIMM_ADDRESS:#x}")
        mapping = file_mappings(process.pid, path)[0]
        shared = "shared" if mapping.shared else "private"
        report.append({"path": path, "mapped_as": shared, "sf": "sf" in mapping.vm_flags})

    def write() -> None:
        for process in running:
            for page in range(PAGES):
                address = NVDIMM_ADDRESS + page * PAGE
                _ask(process, f"memset {address:#x} {PAGE:#x} {LETTER:#x}")

    return report, write


def _ask(process: subprocess.Popen[str], command: str) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.stdin.write(f"{command}\n")
        process.stdin.flush()
    except BrokenPipeError:
        answer = ""
    else:
        answer = process.stdout.readline()
    if not answer.startswith("OK"):
        process.kill()
        raise RuntimeError(f"QEMU does not answer: {process.stderr.read().strip()}")


def count(path: str) -> dict[str, Any]:
    """Return what is left of the file at ``path``: whether it exists, how many pages are whole."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        return {"path": path, "exists": False, "pages": 0}
    whole = bytes([LETTER]) * PAGE
    pages = sum(content[start : start + PAGE] == whole for start in range(0, PAGES * PAGE, PAGE))
    return {"path": path, "exists": True, "pages": pages}


def main(arguments: list[str]) -> int:
    """Map, report, write, crash; or, as ``count PATH...``, print what is left."""
    if arguments[0] == "count":
        json.dump([count(path) for path in arguments[1:]], sys.stdout)
        return 0
    writer, options, report, *paths = arguments
    prepare(paths)
    if writer == MODEL:
        mapped, write = map_with_model(paths, options)
    else:
        mapped, write = map_with_qemu(writer, paths, options)
    with open(report, "w", encoding="utf-8") as file:
        json.dump(mapped, file)
    with open("/proc/sysrq-trigger", "wb", buffering=0) as trigger:
        write()
        trigger.write(b"b")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
