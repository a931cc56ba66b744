"""Paths that are not what they seem, or change while QEMU looks: links, races, full disks.

All of it happens for real, on this machine's kernel: a second process changes the file
between two calls.  The expected side is what is known of files (what was there before is
there afterwards) and of QEMU; a real one goes through the same in
``test_abuse_paths_on_qemu.py``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from abused_disks import MIB
from concurrent_file_changes import ACTIONS, PRECIOUS, Helper, Meddled, contents, prepare
from concurrent_writer import meanwhile, preallocated, shared_memory
from conftest import Figure
from own_mappings import own_mappings

from qemu_model.explain.why import why
from qemu_model.host.live import LiveHost
from qemu_model.process import Run, run
from qemu_model.revision import find

REVISIONS = ("base", "v8", "v7.2")
NONE = ("-machine", "none", "-object")


def words(path: Path, more: str = "") -> tuple[str, ...]:
    return (*NONE, f"memory-backend-file,id=m0,size=4M,mem-path={path}{more}")


def held() -> set[str]:
    """Return what this process has open and mapped that a backend can have left."""
    kept = {line for line in own_mappings() if line.split()[1] in ("---p", "rw-s", "---s")}
    return kept | {f"descriptor {name}" for name in os.listdir("/proc/self/fd")}


def is_known(done: Run) -> bool:
    """Whether all that QEMU says is in the catalogue of its messages."""
    return all(why(line).known for line in done.stderr)


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    """Return another process, which changes files when told to."""
    with Helper() as process:
        yield process


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """Give a directory on a tmpfs, gone afterwards."""
    where = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="qemu-model-", dir=where) as directory:
        yield Path(directory)


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("before", ["absent", "data", "link", "empty"])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_file_that_changes_between_two_calls_ends_as_one_of_qemus_outcomes(
    action: str, before: str, revision: str, in_memory: Path, helper: Helper, figure: Figure
) -> None:
    path = in_memory / "a.img"
    mapped = held()
    runs = 0
    for more in ("", ",share=on,prealloc=on"):
        for call in itertools.count(1):
            prepare(path, before)
            host = Meddled(LiveHost(), helper, call, action, path)
            done = run(words(path, more), host, find(revision))
            if not host.meddled:
                break
            ended = done.exit in (0, 1) or (done.exit, done.livelock) == (None, "file_ram_open")
            told = f"{action} before call {call}: {done.exit} {done.livelock} {done.stderr}"
            assert ended, told
            assert is_known(done), told
            assert contents(in_memory / "precious") == PRECIOUS, told
            kept = {"nothing": path, "move away": path.with_name("a.img.away")}.get(action)
            if before == "data" and kept is not None:
                assert contents(kept) == PRECIOUS, told
            if before == "link" and not action.startswith(("cut", "make", "write")):
                assert contents(in_memory / "target") == PRECIOUS, told
        assert call > 8, "each call was meddled with"
        runs += call
    assert held() - mapped == set()
    figure(runs, "runs in which another process changes the file between two calls")


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_file_of_somebody_else_at_the_path_is_removed_only_as_qemu_does_it(
    revision: str, tmp_path: Path, helper: Helper
) -> None:
    # QEMU removes the path, not the file that it made: known, and copied.
    path = tmp_path / "a.img"
    host = Meddled(LiveHost(allow_discard=True), helper, 3, "replace by another", path)
    done = run(words(path, ",align=3M"), host, find(revision))
    assert done.exit == 1
    assert not path.exists()


def test_a_link_is_followed_and_what_it_leads_to_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"x" * (4 * MIB))
    path = tmp_path / "link"
    path.symlink_to(target)
    for more in ("", ",align=3M", ",policy=bind", ",share=on,prealloc=on"):
        run(words(path, more), LiveHost())
        assert path.is_symlink()
        assert target.read_bytes() == b"x" * (4 * MIB)


@pytest.mark.parametrize("revision", REVISIONS)
def test_links_that_lead_nowhere_or_round_and_round(revision: str, tmp_path: Path) -> None:
    dangling, loop = tmp_path / "dangling", tmp_path / "loop"
    dangling.symlink_to("nothing")
    loop.symlink_to("loop")
    done = run(words(dangling), LiveHost(), find(revision))
    assert (done.exit, done.livelock) == (None, "file_ram_open")
    done = run(words(loop), LiveHost(), find(revision))
    assert done.exit == 1
    said = f"can't open backing store {loop} for guest RAM: {os.strerror(errno.ELOOP)}"
    assert done.stderr[-1].endswith(said)
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("revision", REVISIONS)
def test_where_a_file_may_not_grow_qemu_says_so_and_goes_on(revision: str, tmp_path: Path) -> None:
    # A limit on files is what ftruncate meets of quotas; beyond it is EFBIG, or SIGXFSZ.
    path = tmp_path / "a.img"
    program = (
        "import resource, signal, sys\n"
        "from qemu_model.host.live import LiveHost\n"
        "from qemu_model.process import run\n"
        "from qemu_model.revision import find\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "done = run(sys.argv[2:], LiveHost(), find(sys.argv[1]))\n"
        "print(done.exit, *done.stderr, sep='|')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, revision, *words(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout == f"0|ftruncate: {os.strerror(errno.EFBIG)}\n"
    assert path.stat().st_size == 0


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_another_process_writes_meanwhile_is_kept(revision: str) -> None:
    size = 32 * MIB
    with shared_memory(size) as path:
        with meanwhile(path, size, "write"):
            done = run((*NONE, preallocated(path, size)), LiveHost(), find(revision))
        assert done.exit == 0
        assert set(path.read_bytes()[::4096]) == {65}
