"""What a run says beside its calls, and what it leaves unsaid."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs_program
from hypothesis import example, given
from hypothesis import strategies as st
from program import environment, on_terminal, start
from recordings import recording

from qemu_model.calls.strace_text import quoted
from qemu_model.cli import main

RAM = ("-object", "memory-backend-ram,id=m0,size=4M")
SYNC = "memory-backend-file,id=m0,size=4M,mem-path=/mnt/a,share=on,pmem=on,sync=on"
#: As libvirt writes them, many of each.
MANY = (
    "-name", "guest=vm1,debug-threads=on", "-S", "-cpu", "host", "-no-user-config",
    "-chardev", "socket,id=charmonitor,fd=31,server=on,wait=off", "-chardev", "pty,id=charserial0",
    "-device", "pcie-root-port,port=16,chassis=1,id=pci.1", "-device", "e1000,id=net0",
    "-device", "pcie-root-port,port=17,chassis=2,id=pci.2", "-boot", "strict=on",
    "-blockdev", '{"driver":"file","filename":"/a.qcow2","node-name":"libvirt-1-storage"}',
)  # fmt: skip


def said(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a run on a simulated machine prints."""
    main(["run", "--host", "sim:ext4", *words])
    return capsys.readouterr().out


def test_ignored_options_are_named_briefly(capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(*MANY, *RAM, capsys=capsys)
    assert (
        "\nignored: -name, -S, -cpu host, -no-user-config, -chardev (2 times), "
        "-device pcie-root-port e1000, -boot strict=on, -blockdev\n"
    ) in shown
    words = ["-device", '{"driver":"e1000","id":"net0"}', *RAM]
    assert "\nignored: -device e1000\n" in said("--revision", "v7.2", *words, capsys=capsys)


def test_a_file_of_options_that_is_not_read_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    shown = said("-readconfig", "vm.cfg", *RAM, capsys=capsys)
    assert "\nassumed: the file of -readconfig is not read" in shown
    assert "-readconfig" not in said(*RAM, capsys=capsys)


def test_no_machine_is_named_where_the_line_was_refused_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (["-foo"], ["-M", "nosuch"]):
        assert "machine" not in said(*words, capsys=capsys)
    assert "\nmachine none (assumed)\n" in said(*RAM, capsys=capsys)


@pytest.mark.parametrize(
    ("words", "relied_on"),
    [
        (RAM, []),
        (("-object", SYNC.replace(",sync=on", "")), []),
        (("-object", SYNC), ["after a refusal, whatever its errno"]),
        (("--revision", "base", "-object", SYNC.replace(",sync=on", "")), []),
    ],
)
def test_what_a_run_relies_on_is_marked_as_inferred_and_nothing_else(
    words: tuple[str, ...], relied_on: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = re.findall("not documented; the model assumes: (.*)", said(*words, capsys=capsys))
    assert len(found) == len(relied_on)
    assert all(begin in sentence for begin, sentence in zip(relied_on, found, strict=True))


def test_the_error_of_patch_5_is_marked_where_it_is_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = tmp_path / "commands"
    commands.write_text(
        '[{"execute": "qom-set", "arguments": '
        '{"path": "/objects/m0", "property": "sync", "value": false}}]'
    )
    shown = said("--qmp", str(commands), "-object", SYNC, capsys=capsys)
    assert "not documented; the model assumes: changing sync of a backend" in shown


@given(st.binary(min_size=1).filter(lambda data: b"\0" not in data))
@example(b"1\x017")
@example(b"\x018")
def test_a_path_is_written_in_a_way_that_gives_its_bytes_back(data: bytes) -> None:
    """Python reads octal escapes as C does, which is what strace writes for."""
    text = quoted(os.fsdecode(data))
    assert text.isascii()
    assert text.isprintable()
    assert ast.literal_eval(f"b{text}") == data


def test_a_path_is_written_as_strace_writes_it(tmp_path: Path) -> None:
    for data in (b'\xff\xfe7\tx\n"\\\xc3\xbc', b"\x01\x019\x7f \x0b\x0c\r\x1b[1m", b"a b'c"):
        path = os.fsencode(tmp_path) + b"/" + data
        log = tmp_path / "log"
        words = ["strace", "-s", "4096", "-e", "trace=openat,open", "-o", log, "cat", path]
        needs_program("strace")
        subprocess.run(words, capture_output=True, check=False)
        assert quoted(os.fsdecode(path)) in log.read_text()


def test_stderr_has_the_bytes_of_a_path_as_qemu_has_them() -> None:
    for locale in ("C", "C.UTF-8"):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "qemu_model", "run", "--host", "sim:ext4", "-object"),
                b"memory-backend-file,id=m0,size=4M,mem-path=/dev/null/\xff\xc3\xbc",
            ],
            capture_output=True,
            env={**os.environ, "LC_ALL": locale},
            check=False,
        )
        assert b"can't open backing store /dev/null/\xff\xc3\xbc for guest RAM" in done.stderr


def test_a_difference_fits_the_terminal_and_keeps_its_lines_in_a_pipe() -> None:
    words = ("diff", "--from", "v8/4", "--to", "v8", "-object", SYNC.replace(",sync=on", ""))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", on_terminal(*words, columns=70, env=environment()))
    assert [line for line in shown.splitlines() if len(line) > 70] == []
    assert any(
        "MPOL_DEFAULT" in line and "MPOL_MF_MOVE" in line
        for line in start(*words).stdout.splitlines()
    )


def test_a_difference_shows_what_the_kernel_said_of_the_file_system() -> None:
    """Else two calls that differ look alike."""
    words = ("diff", "--host", "sim:tmpfs", "--host", "sim:ext4", "-object", SYNC)
    lines = [line for line in start(*words).stdout.splitlines() if "fstatfs" in line]
    assert ["f_type=0x1021994" in line for line in lines] == [True, False]
    assert len(set(lines)) == len(lines) == 2


def test_every_command_of_a_synopsis_begins_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--help"])
    shown = capsys.readouterr().out
    assert re.findall(r"^(?:usage: |       )(qemu-model check \S+)", shown, re.M) == [
        "qemu-model check [--revision",
        "qemu-model check --follow",
        "qemu-model check --path",
        "qemu-model check --pid",
        "qemu-model check --smaps",
    ]


def test_the_recording_of_the_help_pastes_into_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--help"])
    recipe = capsys.readouterr().out.partition("Record with\n")[2].partition("\n\n")[0]
    done = subprocess.run(
        ["sh", "-c", f"strace() {{ echo $#; }}; {recipe}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "10\n"


def test_a_verdict_fits_the_terminal_and_keeps_its_lines_in_a_pipe(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_bytes(recording("v8", "path-new").log)
    words = ("check", "--revision", "v7.2", str(trace))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", on_terminal(*words, columns=70, env=environment()))
    told = [line for line in shown.splitlines() if str(trace) not in line]
    assert [line for line in told if len(line) > 70] == []
    assert "  observed  " in shown
    assert max(map(len, start(*words).stdout.splitlines())) > 100


def test_a_quiet_run_prints_only_what_qemu_prints() -> None:
    done = start("run", "--quiet", "--host", "sim:ext4", *RAM)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = start("run", "--quiet", "--host", "sim:ext4", "-foo")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "qemu: -foo: invalid option\n")


@pytest.mark.parametrize(
    ("host", "words", "status"),
    [
        ("sim:ext4-dax", ("-object", SYNC), 0),
        ("sim:ext4", ("-object", SYNC), 3),
        ("sim:ext4", RAM, 3),
        ("sim:ext4", ("-foo",), 1),
    ],
)
def test_a_script_can_require_that_map_sync_holds(
    host: str, words: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--require-map-sync", "--host", host, *words]) == status
    assert main(["run", "--require-map-sync", "--json", "--host", host, *words]) == status
    capsys.readouterr()


def test_a_terminal_gets_the_flags_in_words_and_the_error_at_the_end() -> None:
    plain = re.compile(r"\x1b\[[0-9;]*m")
    shown = plain.sub("", on_terminal("run", "--host", "sim:ext4", *RAM, env=environment()))
    assert "VmFlags: rd readable; wr writable" in " ".join(shown.split())
    shown = plain.sub("", on_terminal("run", "--host", "sim:ext4", "-foo", env=environment()))
    assert shown.split().count("-foo:") == 2
    assert shown.index("QEMU exits with 1") > shown.rindex("-foo: invalid option")
