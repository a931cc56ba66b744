"""Whatever is given to the program: one line, a status, nothing left behind, no traceback."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program import PATIENCE, PROGRAM, environment, start

from qemu_model.cli import COMMANDS, main

RAM = ("-object", "memory-backend-ram,id=a,size=1M")


def usage_error(*args: str, **more: object) -> str:
    """Return the one line that a mistake of use gets, with status 2 and nothing on stdout."""
    done = start(*args, **more)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("qemu-model"), done.stderr
    return done.stderr


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "why"])
def test_an_option_of_ours_that_is_not_there_is_named(command: str) -> None:
    assert "--no-such-option" in usage_error(command, "--no-such-option")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "--revision"], "--revision needs a value"),
        (["run", "--host"], "--host needs a value"),
        (["run", "--qmp"], "--qmp needs a value"),
        (["run", "--json=yes", *RAM], "--json takes no value"),
        (["run", "--revison", "v8", *RAM], "did you mean --revision?"),
        (["run", "--revision", "v8/6", *RAM], "did you mean V8"),
        (["run", "--host", "sim:ext4-dxa", *RAM], "did you mean ext4-dax"),
        (["run", "--host", "ext4-dax", *RAM], "did you mean sim:ext4-dax?"),
        (["run", "--host", "sim:./no-such.json", *RAM], "No such file"),
        (["run", "--color", "blue", *RAM], "--color takes auto"),
        (["rnu"], "did you mean run?"),
        (["explain"], "which line?"),
        (["profile", "shwo"], "did you mean show?"),
        (["profile", "show", "ext4-dxa"], "ext4-dax"),
        (["completion", "tcsh"], "there are bash, zsh, fish"),
    ],
)
def test_what_is_misspelt_or_missing_is_said_in_one_line(args: list[str], words: str) -> None:
    assert words in usage_error(*args)


def test_what_qemu_refuses_is_said_by_qemu() -> None:
    for args, said in (
        (["-foo"], "qemu: -foo: invalid option"),
        (["-m"], "qemu: -m: requires an argument"),
        (["-object"], "qemu: -object: requires an argument"),
    ):
        done = start("run", "--host", "sim:default", *args)
        assert (done.returncode, done.stderr.splitlines()) == (1, [said])


@pytest.mark.parametrize("name", ["share", "mem-path", "discard-data"])
def test_a_misspelt_property_is_suggested_beside_qemus_message(name: str) -> None:
    given = name[:2] + name[3:]
    text = f"memory-backend-file,id=a,{given}=on"
    done = start("run", "--revision", "base", "--host", "sim:default", "-object", text)
    assert done.stderr.rstrip().endswith(f"Property '.{given}' not found")
    assert f"did you mean {name}?" in done.stdout


#: What a file of QMP commands may hold instead, and what is said then.
NOT_QMP = {
    "text": (b"hello", "is not JSON"),
    "empty": (b"", "is not JSON"),
    "zero bytes": (b"\0\0\0", "is not JSON"),
    "not UTF-8": (b"[\xff\xfe]", "is not UTF-8"),
    "an object": (b"{}", "holds no JSON array"),
    "a number": (b"17", "holds no JSON array"),
    "cut short": (b'[{"execute": "query-memdev"', "is not JSON"),
    "nested": (b"[" * 200_000, "is not JSON"),
    "a huge number": (b"[" + b"9" * 100_000 + b"]", "is not JSON"),
    "a zero byte in a string": (b'[{"execute": "\\u0000"}]', "zero byte"),
    "half a character": (b'[{"execute": "\\ud800"}]', "half a character"),
}


@pytest.mark.parametrize("kind", NOT_QMP)
@pytest.mark.parametrize("through", ["file", "stdin"])
def test_a_file_that_is_no_qmp_is_refused(tmp_path: Path, kind: str, through: str) -> None:
    content, words = NOT_QMP[kind]
    path = tmp_path / "qmp.json"
    path.write_bytes(content)
    if through == "file":
        said = usage_error("run", "--host", "sim:default", "--qmp", str(path), *RAM)
    else:
        with path.open() as file:
            said = usage_error("run", "--host", "sim:default", "--qmp", "-", *RAM, stdin=file)
    assert words in said


def test_a_qmp_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, words in (
        (tmp_path, "Is a directory"),
        (tmp_path / "none", "No such file"),
        (Path("/dev/zero"), "is larger than"),
        (tmp_path / "line\nbreak", "line\\nbreak"),
    ):
        assert words in usage_error("run", "--host", "sim:default", "--qmp", str(path), *RAM)


def test_qmp_commands_come_through_a_fifo(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen([sys.executable, "-c", f"open({str(fifo)!r}, 'w').write('[{{}}]')"]):
        done = start("run", "--host", "sim:default", "--qmp", str(fifo), "--json", *RAM)
    replies = json.loads(done.stdout)["replies"]
    assert [reply["error"]["desc"] for reply in replies] == ["QMP input lacks member 'execute'"]


def test_a_path_need_not_be_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe\n\x1b[31m.img"
    line = b"memory-backend-file,id=a,size=1M,share=on,mem-path=" + path
    for command in ("run", "explain"):
        for more in ([], ["--json"], ["--host", "live"]):
            done = start(command, *more, b"-object", line)
            assert done.returncode == 0, done.stderr
            assert "\x1b" not in done.stdout
    assert os.listdir(os.fsencode(tmp_path)) == [os.path.basename(path)]
    done = start("run", "-object", line.replace(path, path + b"/no"))
    assert done.returncode == 1
    assert "Not a directory" in done.stderr


def test_a_fifo_is_refused_as_qemu_refuses_it(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    done = start("run", "-object", f"memory-backend-file,id=a,size=1M,mem-path={fifo}")
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(
        "unable to map backing store for guest RAM: No such device"
    )


@pytest.mark.parametrize("command", ["run", "explain", "why", "profile", "matrix", "--help"])
def test_a_pipe_that_nobody_reads_is_no_traceback(command: str) -> None:
    args = {"run": RAM, "explain": RAM, "why": ("--list",)}.get(command, ())
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        done = start(command, *args, stdout=out)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_pipe_that_closes_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "nv.img"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        line = f"memory-backend-file,id=a,size=1M,mem-path={path}"
        start("run", "-object", line, stdout=out, env=environment(PYTHONUNBUFFERED="1"))
    assert not path.exists()


def start_without(stream: int, *args: str) -> tuple[int, str, str]:
    """Run the program with one of its streams closed; return status, stdout and stderr."""
    command = ["sh", "-c", f'exec {stream}>&-; exec "$@"', "sh", *PROGRAM, *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("stream", [0, 1, 2])
def test_a_closed_stream_is_no_traceback(stream: int) -> None:
    nowhere = "qemu-model: stdout is closed: there is nowhere to answer to\n"
    status, _, said = start_without(stream, "run", *RAM)
    assert (status, said) == ((2, nowhere) if stream == 1 else (0, ""))


def test_stdin_that_is_closed_is_said() -> None:
    status, out, said = start_without(0, "run", "--qmp", "-", *RAM)
    assert (status, out, "stdin is closed" in said) == (2, "", True)


@pytest.mark.parametrize("command", ["run", "why"])
def test_a_full_disk_is_said(command: str) -> None:
    args = RAM if command == "run" else ("--list",)
    with open("/dev/full", "w") as out:
        done = start(command, *args, stdout=out)
    assert (done.returncode, done.stderr) == (
        2,
        "qemu-model: cannot write the answer: No space left on device\n",
    )


def interrupt(args: list[str], begun: Path) -> tuple[int, str]:
    """Start the program, send Ctrl-C once ``begun`` grows, and return how it ended."""
    blocks = begun.stat().st_blocks if begun.exists() else 0
    process = subprocess.Popen(
        [*PROGRAM, *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + PATIENCE
    while not begun.exists() or begun.stat().st_blocks <= blocks:
        if time.monotonic() > deadline:
            break
        if process.poll() is not None:
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def test_ctrl_c_in_the_middle_of_preallocation_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "nv.img"
    line = f"memory-backend-file,id=a,size=512M,share=on,prealloc=on,mem-path={path}"
    status, said = interrupt(["run", "--json", "-object", line], path)
    assert (status, said) == (130, "qemu-model: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_keeps_a_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "nv.img"
    with path.open("wb") as file:
        file.write(b"precious")
        file.truncate(512 << 20)
    line = f"memory-backend-file,id=a,size=512M,share=on,prealloc=on,mem-path={path}"
    status, _ = interrupt(["run", "--json", "-object", line], path)
    assert status == 130
    assert path.stat().st_size == 512 << 20
    with path.open("rb") as file:
        assert file.read(8) == b"precious"


def test_ctrl_c_while_reading_stdin_is_no_traceback() -> None:
    process = subprocess.Popen(
        [*PROGRAM, "why", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    # More than a pipe holds: once it is written the program reads.
    process.stdin.write("x" * (1 << 20))
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, said) == (130, "", "qemu-model: interrupted\n")


def test_megabytes_are_searched_for_a_message() -> None:
    line = "2019-01-02 05:25:21 node7 something: ordinary talk about 0x1000 and /dev/shm\n"
    log = line * 50_000 + "qemu: mem-path property not set\n" + line * 50_000
    done = start("why", "--json", "-", input=log)
    assert (done.returncode, json.loads(done.stdout)["message"]) == (0, "mem-path property not set")


def test_a_terminal_without_abilities_gets_plain_text() -> None:
    done = start("run", "--host", "sim:default", *RAM, env=environment(TERM="dumb"))
    assert (done.returncode, "\x1b" in done.stdout) == (0, False)


def test_an_encoding_that_knows_little_is_no_traceback() -> None:
    for encoding in ("ascii", "latin-1", "utf-16"):
        done = start("why", "--list", env=environment(PYTHONIOENCODING=encoding))
        assert done.returncode == 0


def test_a_defect_of_ours_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("QEMU_MODEL_TRACEBACK", raising=False)
    monkeypatch.setattr("qemu_model.cli.profile.help_text", lambda: 1 / 0)
    assert main(["profile", "--help"]) == 70
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "ZeroDivisionError" in said


WORDS = st.one_of(
    st.sampled_from(
        ["--json", "--revision", "v8", "base", "--host", "sim:ext4", "--qmp", "-object", "-m", "-M",
         "none", "-numa", "node", "-device", "nvdimm", "--", "-", "", "help", "--color", "never",
         "memory-backend-ram,id=a,size=1M", "-mem-prealloc", "--help", "=", "--=", "-h"]
    ),
    st.text(st.characters(exclude_characters="\0"), max_size=12),
)  # fmt: skip


@settings(max_examples=150)
@given(
    st.sampled_from(["run", "explain", "why", "profile", "completion"]), st.lists(WORDS, max_size=8)
)
def test_no_words_lead_to_a_defect(command: str, words: list[str]) -> None:
    host = ["--host", "sim:default"] if command == "run" else []
    if command in ("why", "run") and "-" in words:
        return  # both would read the tests' own stdin
    assert main([command, *words, *host]) in (0, 1, 2, 124, 134, 139)
