"""What was in a file before a run on this machine is there afterwards, byte for byte.

The expected side is the file's own bytes.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from conftest import Surroundings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qemu_model
from qemu_model.cli import main
from qemu_model.host import linux
from qemu_model.host.live import LiveHost
from qemu_model.process import Process, run
from qemu_model.revision import REVISIONS
from qemu_model.testing.strategies import backends, option_lines, qmp_sequences

SIZE = 4 << 20
MIB = 1 << 20
DISCARD = "memory-backend-file,id=m0,size=4M,share=on,discard-data=on,mem-path="
BYTES = random.Random(0).randbytes(SIZE)
VIRTIO_MEM = ["-M", "pc", "-m", "64M,maxmem=1G", "-device", "virtio-mem-pci,memdev=m0"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "guest.img"
    made.write_bytes(BYTES)
    return made


def test_discard_data_keeps_what_was_in_the_file(file: Path) -> None:
    host = LiveHost()
    done = run(["-object", f"{DISCARD}{file}"], host)
    (call,) = [event for event in done.events if event.call == "madvise" and event.args[2] == 9]
    assert (call.args[1], call.result) == (SIZE, 0)
    assert file.read_bytes() == BYTES
    assert host.withheld == (f"MADV_REMOVE, which would discard what was in {file}",)


def test_discard_data_discards_when_told(file: Path) -> None:
    host = LiveHost(allow_discard=True)
    run(["-object", f"{DISCARD}{file}"], host)
    assert (file.read_bytes(), host.withheld) == (bytes(SIZE), ())


def test_virtio_mem_keeps_what_was_in_the_file(file: Path) -> None:
    """QEMU punches a hole over the whole file as the device takes it, share=off or not."""
    host = LiveHost()
    path = f"memory-backend-file,id=m0,size=4M,mem-path={file}"
    done = run([*VIRTIO_MEM, "-object", path], host)
    (call,) = [event for event in done.events if event.call == "fallocate"]
    assert call.args[1:] == (3, 0, SIZE)
    assert file.read_bytes() == BYTES
    assert host.withheld == (f"fallocate, which would discard what was in {file}",)


def test_virtio_mem_empties_the_file_when_told(file: Path) -> None:
    host = LiveHost(allow_discard=True)
    path = f"memory-backend-file,id=m0,size=4M,mem-path={file}"
    done = run([*VIRTIO_MEM, "-object", path], host)
    assert (file.read_bytes(), host.withheld) == (bytes(SIZE), ())
    assert "private file mappings is possibly dangerous" in done.stderr[-1]


def test_discard_data_empties_a_file_that_the_run_made(tmp_path: Path) -> None:
    made = tmp_path / "new.img"
    host = LiveHost()
    run(["-object", f"{DISCARD}{made},prealloc=on"], host)
    assert (made.stat().st_size, made.stat().st_blocks, host.withheld) == (SIZE, 0, ())


def test_one_file_by_two_names_and_twice_keeps_its_data(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    os.link(file, tmp_path / "other")
    line = []
    for number, name in enumerate(("guest.img", "link", "other", "guest.img")):
        text = DISCARD.replace("id=m0", f"id=m{number}")
        line += ["-object", f"{text}{tmp_path / name}"]
    run(line, LiveHost())
    assert file.read_bytes() == BYTES


def test_a_file_written_while_qemu_looks_is_not_cut(tmp_path: Path) -> None:
    """Between lseek, which says empty, and ftruncate another process writes the file."""
    late = tmp_path / "late.img"
    late.touch()

    class Busy(LiveHost):
        def ftruncate(self, fd: int, length: int) -> int:
            late.write_bytes(BYTES + b"more")
            return super().ftruncate(fd, length)

    host = Busy()
    run(["-object", f"memory-backend-file,id=m0,size=4M,mem-path={late}"], host)
    assert late.read_bytes() == BYTES + b"more"
    assert len(host.withheld) == 1


def test_a_file_put_in_the_place_of_the_created_one_is_not_removed(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "a.img", tmp_path / "b.img"
    theirs.write_bytes(BYTES)

    class Busy(LiveHost):
        def unlink(self, pathname: str) -> int:
            theirs.replace(ours)
            return super().unlink(pathname)

    done = run(["-object", f"memory-backend-file,id=m0,size=4M,align=3,mem-path={ours}"], Busy())
    assert (done.exit, ours.read_bytes()) == (1, BYTES)


def test_a_host_used_twice_knows_no_file_of_the_first_run(tmp_path: Path) -> None:
    """The second file may well have the inode number of the first."""
    host, path = LiveHost(), tmp_path / "again.img"
    run(["-object", f"{DISCARD}{path}"], host)
    path.unlink()
    path.write_bytes(BYTES)
    run(["-object", f"{DISCARD}{path}"], host)
    assert path.read_bytes() == BYTES


@pytest.mark.parametrize("end", ["quit", "object-del"])
def test_python_s_process_keeps_what_was_in_the_file(file: Path, end: str) -> None:
    process = Process(["-object", f"{DISCARD}{file}"], LiveHost())
    assert process.start()
    process.command({"execute": end, "arguments": {"id": "m0"} if end == "object-del" else {}})
    process.finish()
    assert file.read_bytes() == BYTES


def test_the_functions_discard_only_when_told(file: Path) -> None:
    line = f"-object {DISCARD}{file}"
    qemu_model.run(line, "live")
    qemu_model.diff(line, host="live")
    qemu_model.explain(line, "live")
    assert file.read_bytes() == BYTES
    qemu_model.run(line, "live", allow_discard=True)
    assert file.read_bytes() == bytes(SIZE)


def test_the_command_says_what_it_did_not_do(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--revision", "base", "-object", f"{DISCARD}{file}"]) == 0
    shown = capsys.readouterr().out
    assert f"MADV_REMOVE, which would discard what was in {file} (--allow-discard)" in shown
    assert main(["run", "--json", "-object", f"{DISCARD}{file}"]) == 0
    withheld = json.loads(capsys.readouterr().out)["host_profile"]["withheld"]
    assert withheld == [f"MADV_REMOVE, which would discard what was in {file}"]
    assert file.read_bytes() == BYTES
    assert main(["run", "--allow-discard", "-object", f"{DISCARD}{file}"]) == 0
    capsys.readouterr()
    assert file.read_bytes() == bytes(SIZE)


def test_the_first_paragraph_of_the_help_says_what_becomes_of_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["run", "--help"])
    first = " ".join(capsys.readouterr().out.split("\n\n")[1].split())
    assert "Existing data is kept, byte for byte" in first
    assert "--allow-discard" in first


@pytest.mark.parametrize("revision", list(REVISIONS))
def test_a_file_survives_every_line_of_the_matrix_in_every_tree(
    revision: str, file: Path, tmp_path: Path
) -> None:
    """Share, pmem and sync, with discard-data and prealloc, at creation and in commands."""
    switches = ("", "on", "off")
    for share, pmem, sync in itertools.product(switches, repeat=3):
        for also in ("discard-data=on", "discard-data=on,prealloc=on,align=2M", "merge=off"):
            given = {"share": share, "pmem": pmem, "sync": sync}
            text = f"memory-backend-file,id=m0,size=4M,mem-path={file},{also}"
            text += "".join(f",{name}={value}" for name, value in given.items() if value)
            run(["-object", text], LiveHost(), REVISIONS[revision], qmp=COMMANDS)
    assert file.read_bytes() == BYTES
    assert list(tmp_path.iterdir()) == [file]


#: Options that came with later releases; earlier ones refuse them.
LATER = (
    "offset=2M",
    "readonly=on",
    "readonly=on,rom=off",
    "prealloc=on,prealloc-threads=2",
    "reserve=off",
)


@pytest.mark.parametrize("revision", list(REVISIONS))
def test_a_file_survives_the_options_of_later_releases(revision: str, file: Path) -> None:
    for also, share, size in itertools.product(LATER, ("on", "off"), ("2M", "4M", "6M")):
        text = f"memory-backend-file,id=m0,size={size},mem-path={file},share={share},{also}"
        line = ["-object", f"{text},discard-data=on"]
        run(line, LiveHost(), REVISIONS[revision], qmp=COMMANDS[1:])
    assert file.read_bytes() == BYTES


COMMANDS: Any = (
    {
        "execute": "qom-set",
        "arguments": {"path": "/objects/m0", "property": "discard-data", "value": True},
    },
    {"execute": "object-del", "arguments": {"id": "m0"}},
)


@pytest.mark.parametrize("place", ["/mnt/ext4", "/mnt/tmpfs", "/mnt/huge"])
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_file_survives_every_line_that_the_strategies_write(
    surroundings: Surroundings, place: str, data: st.DataObject
) -> None:
    assert surroundings.scratch.is_dir()
    path = Path(place, "kept.img")
    if not path.exists() or path.stat().st_size != SIZE:
        write(path)
    backend = backends(
        types=("memory-backend-file",),
        mem_paths=st.sampled_from([str(path), str(path), place]),
        size_values=st.sampled_from(["4M", "2M", "1K", "5M"]),
    )
    line = data.draw(option_lines(backend=backend))
    commands = data.draw(qmp_sequences(mem_path=str(path)))
    revision = data.draw(st.sampled_from(list(REVISIONS.values())))
    run(line, LiveHost(), revision, qmp=commands)
    assert read(path) == BYTES


def write(path: Path) -> None:
    """Write the bytes through a mapping: hugetlbfs has no write(2)."""
    import mmap

    with path.open("wb+") as file:
        os.ftruncate(file.fileno(), SIZE)
        with mmap.mmap(file.fileno(), SIZE) as memory:
            memory[:] = BYTES


def read(path: Path) -> bytes:
    """Read the bytes through a mapping."""
    import mmap

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        return memory[:]


def test_a_discard_of_anonymous_memory_is_made() -> None:
    host = LiveHost()
    fd = host.memfd_create("test", 0)
    assert host.ftruncate(fd, MIB) == 0
    address = host.mmap(0, MIB, 3, linux.MAP_SHARED, fd, 0)
    assert host.madvise(address, MIB, linux.MADV_REMOVE) == 0
    assert host.withheld == ()
    assert host.munmap(address, MIB) == host.close(fd) == 0
