"""A real QEMU on paths that change while it looks, and on disks that are full or read-only.

strace stops QEMU after one of its calls; another process changes the file, as it does
before the same call of the model, and QEMU goes on.  Compared are words, status and files.
Each action comes after each call in each state that a path can be in; with which options
is drawn with the commit (QEMU_MODEL_SEED).  RACES asks for more.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
from abused_disks import MIB, disk_with_quota, mounted
from concurrent_file_changes import ACTIONS, Helper, Meddled, prepare, tree
from concurrent_writer import CUT_SIZE, cut_meanwhile
from conftest import Figure, Surroundings, needs, needs_program
from every_call import sampler, seed
from faults_on_qemu import CAPABILITIES, QUIT, backend_calls

from qemu_model.conform.cases import Case
from qemu_model.conform.differences import list_differences, without_letters
from qemu_model.conform.driver import Observation, Qemu, run_qemu
from qemu_model.host.live import LiveHost
from qemu_model.host.protocol import Host
from qemu_model.process import Run, run
from qemu_model.revision import QEMU_7_2

#: How many races with a real QEMU there are at least.
RACES = int(os.environ.get("RACES", "0"))
NONE = ("-M", "none")
BEFORE = ("absent", "data", "link", "empty", "directory")
OPTIONS = ("", ",share=on", ",share=on,prealloc=on", ",align=3M")
#: Seconds after which QEMU must have been stopped where it should.
PATIENCE = 30


@pytest.fixture(scope="module")
def qemu() -> Qemu:
    needs_program("strace")
    found = Qemu.at(needs_program("qemu-system-x86_64"))
    needs(found.release[:2] == (7, 2), "QEMU 7.2, the one whose words are known")
    return found


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    with Helper() as process:
        yield process


def words(path: Path, more: str) -> tuple[str, ...]:
    return ("-object", f"memory-backend-file,id=m0,size=4M,mem-path={path}{more}")


def real(qemu: Qemu, args: tuple[str, ...], scratch: Path, *inject: str) -> Observation:
    return run_qemu(
        qemu,
        [*NONE, *args],
        scratch / "log.strace",
        qmp=(CAPABILITIES, QUIT),
        inject=inject,
        cwd=scratch,
    )


def modelled(args: tuple[str, ...], host: Host) -> Run:
    return run([*NONE, *args], host, QEMU_7_2, qmp=(CAPABILITIES, QUIT))


def differences(seen: Observation, done: Run) -> list[str]:
    """Return where words and end differ; a loop without end is one on both sides."""
    said = [without_letters(line) for line in done.stderr]
    told = [without_letters(line) for line in seen.stderr]
    found = list(list_differences("stderr", told, said))
    end = None if done.livelock else done.exit
    if seen.exit != end:
        found.append(f"end: QEMU {seen.exit} {seen.stopped}, the model {done.exit} {done.livelock}")
    return found


def known_tree(directory: Path) -> dict[str, object]:
    return {without_letters(f"/{name}"): what for name, what in tree(directory).items()}


@attrs.frozen
class Race:
    """What another process does between the ``nth`` call that QEMU makes for the backend
    and the next; ``name`` and ``number`` are how strace counts that call.
    """

    before: str
    more: str
    nth: int
    name: str
    number: int

    def __str__(self) -> str:
        return f"after {self.name} {self.nth}, with {self.before}{self.more}"


@pytest.fixture(scope="module")
def races(qemu: Qemu, tmp_path_factory: pytest.TempPathFactory) -> tuple[Race, ...]:
    """Return every place at which another process can act."""
    found = []
    scratch = tmp_path_factory.mktemp("calm")
    (scratch / "place").mkdir()
    path = scratch / "place" / "a.img"
    for before in BEFORE:
        for more in OPTIONS:
            prepare(path, before)
            calm = real(qemu, words(path, more), scratch)
            case = Case("calm", words(path, more), machine=NONE, qmp=(CAPABILITIES, QUIT))
            calls = backend_calls(calm, case)
            assert len(calls) > 3
            for nth, (name, number) in enumerate(calls, 1):
                found.append(Race(before, more, nth, name, number))
    return tuple(found)


def sample(action: str, races: tuple[Race, ...]) -> list[Race]:
    """Return races of an action: one of each kind, then others."""
    shuffled = sampler(f"races {action}").sample(races, len(races))
    kinds: dict[tuple[str, int], Race] = {}
    for race in shuffled:
        kinds.setdefault((race.before, race.nth), race)
    first = list(kinds.values())
    rest = [race for race in shuffled if race not in first]
    return [*first, *rest][: max(len(first), RACES // len(ACTIONS))]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_race_is_lost_by_the_model_as_by_qemu(
    action: str, races: tuple[Race, ...], qemu: Qemu, helper: Helper, tmp_path: Path, figure: Figure
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    path = place / "a.img"
    chosen = sample(action, races)
    for race in chosen:
        prepare(path, race.before)
        args = words(path, race.more)
        stop = f"{race.name}:signal=SIGSTOP:when={race.number}"
        with when_stopped(tmp_path / "log.strace", lambda: helper.do(action, path)) as acted:
            seen = real(qemu, args, tmp_path, stop)
        told = f"{action} {race}"
        assert acted, f"{told}: QEMU was stopped"
        after = known_tree(place)
        prepare(path, race.before)
        host = Meddled(LiveHost(allow_discard=True), helper, race.nth + 1, action, path)
        done = modelled(args, host)
        if not host.meddled:
            # It was QEMU's last call for the backend.
            helper.do(action, path)
        assert differences(seen, done) == [], told
        assert after == known_tree(place), told
    what = f"races with a real QEMU, of {len(ACTIONS) * len(races)} (sample {seed()})"
    figure(len(chosen), what)


@contextmanager
def when_stopped(log: Path, act: Callable[[], None]) -> Iterator[list[int]]:
    """Act once the program that strace logs has been stopped, and let it go on.

    Gives a list with its process number from then on.
    """
    log.unlink(missing_ok=True)
    acted: list[int] = []
    over = threading.Event()

    def watch() -> None:
        until = time.monotonic() + PATIENCE
        while not over.is_set() and time.monotonic() < until:
            text = log.read_bytes() if log.exists() else b""
            if b"--- stopped by SIGSTOP ---\n" in text:
                process = int(text.split()[0])
                act()
                acted.append(process)
                os.kill(process, signal.SIGCONT)
                return
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield acted
    finally:
        over.set()
        watcher.join()


def test_a_file_cut_while_it_is_preallocated_ends_as_one_of_qemus_outcomes(
    qemu: Qemu, tmp_path: Path
) -> None:
    failed = ("qemu: qemu_prealloc_mem: preallocating memory failed: Bad address",)
    ends = set()
    for _ in range(12):
        seen = cut_meanwhile(lambda backend: real(qemu, ("-object", backend), tmp_path))
        ends.add((seen.exit, seen.stderr))
        if 1 in dict(ends):
            break
    assert ends <= {(0, ()), (1, failed)}
    assert (1, failed) in ends, f"the file of {CUT_SIZE} bytes was cut in time"


@pytest.fixture
def mounts(surroundings: Surroundings) -> Iterator[Path]:
    """Return a directory with ``full``, ``inodes`` and ``read_only`` file systems in it."""
    del surroundings
    source = Path("/mnt/tmpfs/source")
    source.mkdir()
    (source / "a.img").write_bytes(b"y" * (4 * MIB))
    try:
        with (
            mounted(Path("/mnt/full"), "-t", "tmpfs", "-o", "size=2M", "none"),
            mounted(Path("/mnt/inodes"), "-t", "tmpfs", "-o", "nr_inodes=1", "none"),
            mounted(Path("/mnt/read_only"), "--bind", "-o", "ro", str(source)),
        ):
            yield Path("/mnt")
    finally:
        (source / "a.img").unlink()
        source.rmdir()


MORE = ("", ",share=on", ",prealloc=on", ",share=on,prealloc=on")


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("name", ["full/a.img", "inodes/a.img", "read_only/a.img", "read_only/b"])
def test_a_disk_that_is_full_or_read_only_is_met_as_qemu_meets_it(
    name: str, more: str, qemu: Qemu, mounts: Path, tmp_path: Path, figure: Figure
) -> None:
    path = mounts / name
    seen = real(qemu, words(path, more), tmp_path)
    after = tree(path.parent)
    if name.startswith("full"):
        path.unlink()
    done = modelled(words(path, more), LiveHost(allow_discard=True))
    assert differences(seen, done) == []
    assert after == tree(path.parent)
    figure(1, "disks that are full or read-only, met by a real QEMU and by the model")


@pytest.mark.parametrize("more", MORE)
def test_a_quota_is_met_as_qemu_meets_it(
    more: str, qemu: Qemu, surroundings: Surroundings, tmp_path: Path, figure: Figure
) -> None:
    del surroundings
    for name in ("there", "new"):
        met: list[object] = []
        with disk_with_quota(tmp_path) as disk:
            seen = real(qemu, words(disk / name, more), tmp_path)
            met.append(tree(disk))
        with disk_with_quota(tmp_path) as disk:
            done = modelled(words(disk / name, more), LiveHost(allow_discard=True))
            met.append(tree(disk))
        assert differences(seen, done) == []
        assert met[0] == met[1]
        figure(1, "quotas that are used up, met by a real QEMU and by the model")
