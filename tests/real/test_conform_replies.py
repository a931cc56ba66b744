"""Random QMP commands into a running QEMU and into the model."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import needs, needs_program

from qemu_model.conform import debian
from qemu_model.conform.driver import Qemu
from qemu_model.conform.errors import DriverError
from qemu_model.revision import V8
from qemu_model.testing.machine import NONSENSE, compare_replies, machine_for


@pytest.fixture
def binary() -> str:
    """Return the path of Debian's QEMU 7.2."""
    path = needs_program("qemu-system-x86_64")
    needs(Qemu.at(path).release[:2] == (7, 2), "QEMU 7.2")
    return path


def test_every_reply_of_a_running_qemu_is_the_models(binary: str) -> None:
    assert compare_replies(binary, commands=200) >= 200


def test_requests_that_cannot_be_carried_out_are_refused_in_the_words_and_class_of_a_running_qemu(
    binary: str,
) -> None:
    beside = machine_for(binary)()
    try:
        for request in NONSENSE:
            beside.send(request)
    finally:
        beside.teardown()


@pytest.mark.whole
@pytest.mark.parametrize("suite", debian.SUITES)
def test_two_thousand_replies_of_each_debian_qemu_are_the_models(suite: str) -> None:
    try:
        path = debian.unpacked(f"debian:{suite}")
    except DriverError as error:
        needs(False, f"the QEMU of Debian {suite} ({error})")
        raise
    assert compare_replies(str(path), commands=2000) >= 2000


def test_a_reply_that_differs_is_shown_as_a_program_to_paste(binary: str) -> None:
    # V8 is no model of 7.2: the first object-add tells them apart.
    with pytest.raises(AssertionError) as failure:
        compare_replies(binary, commands=200, revision=V8)
    text = str(failure.value)
    assert "paste this into a shell" in text
    program = textwrap.dedent(text.split("shell:", 1)[1]).strip() + "\n"
    assert '{"execute": "qmp_capabilities"}' in program
    script = program.replace("<<EOF", "<<EOF | head -2")
    done = subprocess.run(
        ["sh", "-c", script.replace("\nEOF\n", '\n{"execute": "quit"}\nEOF\n')],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert '"QMP"' in done.stdout


def test_the_plugin_makes_it_one_command(binary: str, tmp_path: Path) -> None:
    words = ["--qemu-binary", binary, "-k", "align and 64K"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
