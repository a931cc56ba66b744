"""virt, pseries and s390-ccw-virtio against Debian's QEMUs for other processors."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import lzma
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import needs, needs_program

from qemu_model.conform import debian
from qemu_model.conform.errors import DriverError
from qemu_model.judge.judge import judge
from qemu_model.judge.log import Log
from qemu_model.judge.trace_set import read_trace_set
from qemu_model.machines import TARGETS, machine_help
from qemu_model.revision import find

RECORDED = Path(__file__).parent.parent / "data" / "machines-other.json.xz"
RELEASES = {"bookworm": "7.2", "trixie": "10.0"}
PROCESSORS = ("aarch64", "arm", "ppc64", "s390x")
#: Of the recorded lines of each program every so many are given to the real one again.
STRIDE = 15
TRACED = (
    "execve,open,openat,close,mmap,munmap,mprotect,madvise,ftruncate,fallocate,mbind,unlink,"
    "fstatfs,statfs,lseek,memfd_create,fcntl,exit_group"
)
#: A line of each program that makes its RAM, by its machine's default and by a backend.
RAM = {
    "aarch64": ["-M", "virt", "-object", "memory-backend-memfd,id=m,size=128M,share=on"],
    "arm": ["-M", "virt", "-m", "96M"],
    "ppc64": ["-M", "pseries", "-m", "1G,slots=2,maxmem=2G"],
    "s390x": ["-M", "s390-ccw-virtio", "-object", "memory-backend-ram,id=m,size=64M"],
}


@pytest.fixture(scope="module", params=[(s, p) for s in RELEASES for p in PROCESSORS], ids="-".join)
def program(request: pytest.FixtureRequest) -> tuple[str, str, Path]:
    """Return the release, the processor and the path of a program, unpacked into the cache."""
    suite, processor = request.param
    for name in ("apt-get", "dpkg-deb", "patchelf", "strace"):
        needs_program(name)
    try:
        path = debian.unpacked(f"debian:{suite}", processor=processor)
    except DriverError as error:
        needs(False, f"qemu-system-{processor} of Debian {suite} ({error})")
        raise
    return RELEASES[suite], processor, path


def start(path: Path, options: list[str], log: Path | None = None) -> tuple[int, list[str], str]:
    """Start a program, end it by QMP, and return its status, stderr and stdout."""
    share = path.parent.parent / "share"
    modules = path.parent.parent / "lib/x86_64-linux-gnu/qemu"
    strace = ["strace", "-f", "-yy", "-s", "4096", "-e", f"trace={TRACED}", "-o", str(log)]
    done = subprocess.run(
        [
            *(strace if log is not None else ()),
            *(str(path), "-L", str(share / "qemu"), "-L", str(share / "slof")),
            *("-nodefaults", "-display", "none", "-S", "-qmp", "stdio", *options),
        ],
        input='{"execute": "qmp_capabilities"}{"execute": "quit"}',
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "QEMU_MODULE_DIR": str(modules)},
    )
    said = done.stderr.replace(f"{path}:", "qemu:").replace(f"{path.name}:", "qemu:")
    return done.returncode, said.splitlines(), done.stdout


def test_the_program_lists_its_machines_as_the_model_does(program: tuple[str, str, Path]) -> None:
    release, processor, path = program
    listed = start(path, ["-machine", "help"])[2].splitlines()
    modelled = machine_help(find(f"qemu-{release}").release, TARGETS[processor])
    names = {line.split()[0] for line in modelled}
    assert [line for line in listed if line.split()[0] in names] == modelled


def test_the_program_answers_recorded_lines_as_it_did(program: tuple[str, str, Path]) -> None:
    release, processor, path = program
    with lzma.open(RECORDED, "rt", encoding="utf-8") as stream:
        cases: list[Any] = json.load(stream)[release]["lines"]
    own = [case for case in cases if case["args"][0] == f"qemu-system-{processor}"]
    for case in own[::STRIDE]:
        status, stderr, _ = start(path, case["args"][1:])
        assert (case["args"], status, stderr) == (case["args"], case["exit"], case["stderr"])


def test_a_log_of_the_program_conforms(program: tuple[str, str, Path], tmp_path: Path) -> None:
    release, processor, path = program
    trace = tmp_path / "log"
    start(path, RAM[processor], trace)
    with trace.open("rb") as source:
        log = Log(source)
        traced = read_trace_set("documented")
        verdict = judge(log, find(f"qemu-{release}"), qmp=[{"execute": "quit"}], traced=traced)
        log.close()
    assert (verdict.verdict, verdict.matched > 4) == ("conforms", True)
