"""A log as a file: its lines, its pieces, and where QEMU was started in it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_logs import log_of

from qemu_model.judge import log as log_module
from qemu_model.judge.log import Piece

SMALL, LONGEST = 64, 200

lines = st.lists(
    st.tuples(st.sampled_from(b"abc"), st.integers(0, 90) | st.sampled_from([500, 700, 1000])),
    max_size=30,
).map(lambda some: [bytes([letter]) * length for letter, length in some])


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read 64 bytes at a time, and pass over lines of more than 200."""
    monkeypatch.setattr(log_module, "PIECE", SMALL)
    monkeypatch.setattr(log_module, "LONGEST_LINE", LONGEST)


@pytest.mark.usefixtures("small_pieces")
@given(lines, st.booleans())
def test_pieces_are_the_lines_that_are_not_too_long_with_their_numbers_and_places(
    some: list[bytes], ends: bool
) -> None:
    """Whole lines, each once, numbered as in an editor; the last needs no line end."""
    text = b"\n".join(some) + (b"\n" if ends and some else b"")
    expected = []
    offset = 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if len(line) <= 91:
            expected.append((number, offset, line if line.endswith(b"\n") else line + b"\n"))
        offset += len(line)
    found = []
    with log_of(text) as log:
        assert log.size == len(text)
        for piece in log.pieces():
            place, number = piece.offset, piece.first_line
            for line in piece.data.splitlines(keepends=True):
                found.append((number, place, line))
                place += len(line)
                number += 1
    assert expected == found


def execve(program: str, *words: str, end: str = "0") -> str:
    argv = ", ".join(f'"{word}"' for word in (program, *words))
    return f'execve("{program}", [{argv}], 0x7ffd /* 20 vars */) = {end}'


@pytest.mark.parametrize(
    ("log", "program", "line", "below"),
    [
        ([execve("/bin/sh"), execve("/usr/bin/qemu-system-x86_64", "-S")],
         "/usr/bin/qemu-system-x86_64", 2, 3),
        ([execve("/home/me/qemu-system-x86_64"), execve("/usr/bin/qemu-system-x86_64")],
         "/usr/bin/qemu-system-x86_64", 2, 3),
        ([execve("/usr/bin/qemu-system-arm"), f"9 {execve('/usr/bin/qemu-system-x86_64')}"],
         "/usr/bin/qemu-system-arm", 1, 2),
        ([execve("/usr/bin/kvm"), execve("/x/qemu-system-i386"), execve("/bin/sh")],
         "/x/qemu-system-i386", 2, 3),
        ([execve("/usr/bin/qemu-system-x86_64"), execve("/usr/libexec/qemu-kvm")],
         "/usr/libexec/qemu-kvm", 2, 3),
        ([execve("/bin/sh"), execve("/bin/bash")], "/bin/sh", 1, 2),
        ([execve("/home/qemu/bin/sh"), execve("/bin/kvm")], "/bin/kvm", 2, 3),
        ([execve("/a/qemu-system-x86_64", end="-1 ENOENT (No such file)"),
          execve("/b/qemu-system-x86_64")], "/b/qemu-system-x86_64", 2, 3),
        (["1 close(3) = 0", 'write(1, "execve(", 7) = 7', execve("/bin/qemu")], "/bin/qemu", 3, 4),
    ],
)  # fmt: skip
def test_the_program_that_is_judged(log: list[str], program: str, line: int, below: int) -> None:
    """The first qemu-system, or the QEMU that its process executes next; failing that the first
    with qemu or kvm as its name; or the first."""
    for prefix in ("", "123 ", "[pid 45] "):
        text = "".join(f"{prefix}{one}\n" if "execve(" in one[:7] else f"{one}\n" for one in log)
        with log_of(text.encode() + b"1 close(0) = 0\n") as opened:
            command, after = opened.command_line()
        assert command is not None
        pid = {"": None, "123 ": 123, "[pid 45] ": 45}[prefix]
        assert (command.program, command.line, command.pid) == (program, line, pid)
        assert after == Piece(below, len("".join(text.splitlines(True)[: below - 1])), b"")


def test_an_execve_in_two_halves_is_told_by_its_thread() -> None:
    """Two threads begin one each; the line is that of the beginning."""
    log = (
        b'7 execve("/bin/qemu-system-a", ["a", "-S"], 0x1 <unfinished ...>\n'
        b'8 execve("/bin/qemu-system-b", ["b"], 0x1 <unfinished ...>\n'
        b"8 <... execve resumed>) = -1 ENOENT (x)\n"
        b"7 <... execve resumed>) = 0\n"
        b"7 close(0) = 0\n"
    )
    with log_of(log) as opened:
        command, after = opened.command_line()
    assert command is not None
    assert (command.program, command.argv, command.line, command.pid) == (
        "/bin/qemu-system-a",
        ("a", "-S"),
        1,
        7,
    )
    assert (after.first_line, after.offset) == (5, log.index(b"7 close"))
    with log_of(b"7 <... execve resumed>) = 0\n") as opened:
        assert opened.command_line() == (None, Piece(1, 0, b""))
