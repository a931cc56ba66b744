"""``check --path``: what the kernel here says a path is."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from conftest import Surroundings, needs

import qemu_model
from qemu_model.inspect.machine import CannotJudge, judge_path, main_path

MIB = 1024 * 1024
SCHEMAS = Path(qemu_model.__file__).parent / "schemas"


def kernel_says(path: str) -> str:
    """Return the file system of ``path`` as findmnt, another program, finds it."""
    asked = ["findmnt", "-n", "-o", "FSTYPE", "-T", path]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split("\n")[0]


def test_a_tmpfs_is_judged_as_findmnt_names_it() -> None:
    judgement = judge_path("/dev/shm")
    assert judgement.mount is not None
    assert judgement.mount.file_system == kernel_says("/dev/shm")
    assert (judgement.kind, judgement.dax, judgement.map_sync) == ("directory", False, False)


def test_judging_a_file_does_not_touch_it(tmp_path: Path) -> None:
    file = tmp_path / "nvdimm"
    file.write_bytes(b"precious" * 1000)
    os.utime(file, ns=(1, 2))
    before = file.stat()
    judgement = judge_path(str(file))
    after = file.stat()
    assert (before.st_size, before.st_mtime_ns, before.st_blocks, before.st_mode) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_blocks,
        after.st_mode,
    )
    assert file.read_bytes() == b"precious" * 1000
    assert (judgement.kind, judgement.exists) == ("regular file", True)
    assert judgement.mount is not None
    assert judgement.mount.file_system == kernel_says(str(file))


@pytest.mark.parametrize("size", [0, 1, 4096, 2 * MIB])
def test_a_file_of_any_size_can_be_judged(size: int, tmp_path: Path) -> None:
    file = tmp_path / "nvdimm"
    file.touch()
    os.truncate(file, size)
    judgement = judge_path(str(file))
    assert (judgement.map_sync is None, file.stat().st_size) == (False, size)


def test_a_directory_is_as_it_was_afterwards(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    judge_path(str(tmp_path))
    judge_path(str(tmp_path / "not-there-yet"))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"other": "mine"}


def test_a_path_that_is_not_there_yet_is_judged_by_its_directory(tmp_path: Path) -> None:
    there, missing = judge_path(str(tmp_path)), judge_path(str(tmp_path / "new"))
    assert (missing.exists, missing.kind) == (False, "not there yet")
    assert (missing.mount, missing.dax, missing.map_sync) == (
        there.mount,
        there.dax,
        there.map_sync,
    )


def test_what_cannot_be_memory_is_not_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    judgement = judge_path(str(fifo))  # opening it would wait for a reader without end
    assert (judgement.kind, judgement.map_sync) == ("FIFO", False)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert judge_path(str(tmp_path / "socket")).kind == "socket"
    terminal = judge_path("/dev/tty")
    assert (terminal.kind, terminal.map_sync) == ("character device", None)


def test_dev_zero_is_no_dax() -> None:
    judgement = judge_path("/dev/zero")
    assert (judgement.kind, judgement.dax, judgement.map_sync) == ("character device", False, False)


def test_a_symbolic_link_is_judged_as_what_it_leads_to(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/shm")
    assert judge_path(str(link)).mount == judge_path("/dev/shm").mount


def test_a_name_proves_nothing(tmp_path: Path) -> None:
    named = tmp_path / "dev" / "dax0.0"
    named.parent.mkdir()
    named.touch()
    plain = tmp_path / "plain"
    plain.touch()
    judged = [judge_path(str(path)) for path in (named, plain)]
    assert judged[0].evidence == judged[1].evidence
    assert (judged[0].dax, judged[0].map_sync) == (judged[1].dax, judged[1].map_sync)


@pytest.mark.parametrize("path", ["/nowhere/at/all", "", "with\0zero", "/etc/passwd/below"])
def test_a_place_that_is_not_there_is_one_line_and_status_2(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CannotJudge):
        judge_path(path)
    assert main_path(path) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("qemu-model: ")


def test_a_directory_that_may_not_be_written_is_not_guessed_about(tmp_path: Path) -> None:
    judgement = judge_path("/proc/self")
    assert (judgement.dax, judgement.map_sync) == (None, None)
    assert "no file can be made in /proc/self" in judgement.evidence[0]


def test_as_an_ordinary_user_the_same_is_found(tmp_path: Path) -> None:
    needs(os.geteuid() == 0, "root, to become another user")
    program = "from qemu_model.inspect.machine import main_path; main_path('/dev/shm', True)"
    root = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    user = subprocess.run(
        [
            *("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"),
            *(sys.executable, "-c", program),
        ],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    refused = re.search("PermissionError|Permission denied", user.stderr)
    needs(refused is None, "a Python that any user can run")
    assert json.loads(user.stdout) == json.loads(root.stdout)


def test_the_json_and_the_table_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main_path("/dev/shm", True) == 0
    answer = json.loads(capsys.readouterr().out)
    jsonschema.validate(answer, json.loads((SCHEMAS / "check-path.schema.json").read_text()))
    assert (answer["file_system"], answer["dax"], answer["map_sync"]) == ("tmpfs", False, False)
    assert main_path("/dev/shm") == 0
    shown = capsys.readouterr().out
    for word in ("/dev/shm", "tmpfs", "not possible", "EOPNOTSUPP"):
        assert word in shown


def test_huge_pages_are_judged_without_using_one(surroundings: Surroundings) -> None:
    """The pages of this mount alone count: others may take some of the kernel's pool."""

    def free() -> int:
        return os.statvfs("/mnt/huge").f_bfree

    file = Path("/mnt/huge/nvdimm")
    file.touch()
    before = free()
    judged = [judge_path(path) for path in ("/mnt/huge", "/mnt/huge/new", str(file))]
    assert [(one.dax, one.map_sync) for one in judged] == [(False, False)] * 3
    assert (free(), file.stat().st_size) == (before, 0)
    file.unlink()
