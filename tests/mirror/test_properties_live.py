"""What holds for every line on this machine's kernel, whatever the options."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ctypes
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qemu_model.host.live import LiveHost
from qemu_model.process import Process, run
from qemu_model.revision import SERIES, V8, Revision

PAGE = os.sysconf("SC_PAGESIZE")
DIRECTORIES = ("/var/tmp", "/dev/shm")

switch = st.sampled_from(["", "on", "off"])
sizes = st.integers(1, 64).map(lambda pages: pages * PAGE) | st.integers(1, 300_000)
revisions = st.sampled_from(SERIES)


@st.composite
def file_options(draw: st.DrawFn) -> str:
    """Options of a file backend, all but its path, that do not throw data away."""
    parts = [f"size={draw(sizes)}"]
    for name in ("share", "pmem", "merge", "dump", "prealloc"):
        value = draw(switch)
        if value:
            parts.append(f"{name}={value}")
    align = draw(st.sampled_from([None, 0, 1, PAGE, 3 * PAGE, 2 << 20, 1 << 30]))
    if align is not None:
        parts.append(f"align={align}")
    if draw(st.booleans()):
        parts += ["policy=bind", f"host-nodes={draw(st.sampled_from([0, 1, 127, 128]))}"]
    return ",".join(parts)


@contextmanager
def scratch(where: str) -> Iterator[Path]:
    """Give a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=where) as directory:
        yield Path(directory)


def descriptors() -> set[str]:
    """Return the descriptors this process has open, by what they are open on."""
    found = set()
    for entry in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{entry} {os.readlink(f'/proc/self/fd/{entry}')}")
        except FileNotFoundError:
            continue
    return found


def mappings_of(directory: Path) -> list[str]:
    """Return the lines of /proc/self/maps that name a file in ``directory``."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [line for line in lines if str(directory) in line]


@pytest.mark.parametrize("where", DIRECTORIES)
@given(file_options(), revisions, st.binary(min_size=1, max_size=3 * PAGE), st.integers(0, 40))
def test_a_file_that_is_not_empty_keeps_its_size_and_its_bytes(
    where: str, options: str, revision: Revision, start: bytes, pages: int
) -> None:
    content = start + bytes(range(256)) * (pages * PAGE // 256)
    with scratch(where) as directory:
        path = directory / "image"
        path.write_bytes(content)
        done = run(
            ["-object", f"memory-backend-file,id=m0,mem-path={path},{options}"],
            LiveHost(),
            revision,
            qmp=[{"execute": "object-del", "arguments": {"id": "m0"}}],
        )
        assert path.read_bytes() == content, done.stderr


@pytest.mark.parametrize("where", DIRECTORIES)
@given(file_options(), revisions)
def test_after_an_error_only_what_qemu_leaves_is_left(
    where: str, options: str, revision: Revision
) -> None:
    """The letter of the rule: a file stays only when the failure came after mapping it."""
    before = descriptors()
    with scratch(where) as directory:
        path = directory / "image"
        done = run(
            ["-object", f"memory-backend-file,id=m0,mem-path={path},{options}"],
            LiveHost(),
            revision,
        )
        assert descriptors() == before
        assert mappings_of(directory) == []
        late = any("host NUMA" in line or "host-nodes must" in line for line in done.stderr)
        assert path.exists() == (done.exit == 0 or late), done.stderr
        assert list(done.leaks.files) == ([str(path)] if late else [])


def started(args: list[str], revision: Revision = V8) -> Process:
    """Return a process that has its backends."""
    process = Process(args, LiveHost(), revision)
    assert process.start(), process.qemu.stderr
    return process


def touch(address: int) -> int | None:
    """Read a byte at ``address`` in a child and return the signal that ended it, or None."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        ctypes.string_at(address, 1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else None


@given(st.integers(1, 600), st.sampled_from([PAGE, 8 * PAGE, 2 << 20, 1 << 30]), st.booleans())
def test_a_block_is_aligned_and_one_guard_page_follows_it(
    pages: int, align: int, share: bool
) -> None:
    with scratch("/dev/shm") as directory:
        size = pages * PAGE
        shared = "on" if share else "off"
        process = started(
            [
                "-object",
                f"memory-backend-file,id=m0,mem-path={directory}/image,size={size},"
                f"align={align},share={shared}",
            ]
        )
        try:
            (block,) = process.qemu.ram_blocks
            assert block.host % align == 0
            lines = Path("/proc/self/maps").read_text().splitlines()
            around = {
                (int(first, 16), int(last, 16)): rest.split()[0]
                for line in lines
                for first, _, last in [line.split()[0].partition("-")]
                for rest in [line.split(" ", 1)[1]]
            }
            assert around[(block.host, block.host + size)] == f"rw-{'s' if share else 'p'}"
            guard = block.host + size
            inside = [kind for (first, last), kind in around.items() if first <= guard < last]
            assert inside == ["---p"]
        finally:
            process.finish()


def test_touching_the_guard_page_faults() -> None:
    process = started(["-object", "memory-backend-ram,id=m0,size=1M"])
    try:
        (block,) = process.qemu.ram_blocks
        ctypes.memset(block.host + block.max_length - 1, 1, 1)
        assert touch(block.host + block.max_length) == signal.SIGSEGV
    finally:
        process.finish()


def test_a_fork_does_not_see_the_block() -> None:
    """Every RAM block is MADV_DONTFORK: a child that reads it faults."""
    process = started(["-object", "memory-backend-ram,id=m0,size=1M"])
    try:
        (block,) = process.qemu.ram_blocks
        assert touch(block.host) == signal.SIGSEGV
    finally:
        process.finish()


@pytest.mark.parametrize("end", [Process.finish, Process.undo])
def test_a_process_that_forgot_its_calls_still_gives_back_what_it_holds(
    end: Callable[[Process], object],
) -> None:
    before = descriptors()
    with scratch("/dev/shm") as directory:
        path = directory / "image"
        process = started([])
        add = {"qom-type": "memory-backend-file", "id": "m0"}
        props = {"size": PAGE, "mem-path": str(path), "share": True}
        process.command({"execute": "object-add", "arguments": {**add, "props": props}})
        process.forget()
        assert (process.host.events, process.replies) == ([], [])
        assert mappings_of(directory)
        assert descriptors() != before
        end(process)
        assert mappings_of(directory) == []
        assert descriptors() == before
        # An interruption takes with it what the run created; an end does not.
        assert path.exists() == (end is Process.finish)


def test_a_process_that_forgot_its_calls_still_knows_what_qemu_loses() -> None:
    """QEMU loses the descriptor of a memfd that it cannot map."""
    process = started([])
    props = {"size": 1 << 44, "hugetlb": True, "seal": False}
    add = {"qom-type": "memory-backend-memfd", "id": "m0", "props": props}
    process.command({"execute": "object-add", "arguments": add})
    process.forget()
    assert process.finish().leaks.fds == 1
