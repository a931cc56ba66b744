"""One line of a log: its arguments, its answer, its words, as strace's manual has them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from test_oracle_strace import call_on

from qemu_model.host.protocol import StatFs
from qemu_model.judge.strace import (
    CommandLine,
    read_call,
    read_execve,
    read_flags,
    read_nodemask,
    read_path,
    read_result,
    read_statfs,
    read_string,
    split_arguments,
)


@pytest.mark.parametrize(
    ("text", "arguments", "rest"),
    [
        (b")", [b""], b""),
        (b"3</a>(deleted), 4)", [b"3</a>(deleted)", b"4"], b""),
        (b"3</a, b>, 4)", [b"3</a, b>", b"4"], b""),
        (b"3</a)>, 4)", [b"3</a)>", b"4"], b""),
        (b"3</dev/x<char 1:9>>, 4)", [b"3</dev/x<char 1:9>>", b"4"], b""),
        (b'"a, b", 4) = 1', [b'"a, b"', b"4"], b" = 1"),
        (b'"a\\")", 4)', [b'"a\\")"', b"4"], b""),
        (b'"a"..., 4)', [b'"a"...', b"4"], b""),
        (b"{a=1, b=[2, 3]}, 4) = 0", [b"{a=1, b=[2, 3]}", b"4"], b" = 0"),
        (b"{f=makedev(0x1, 0x2)}, 4)", [b"{f=makedev(0x1, 0x2)}", b"4"], b""),
        (b"0x3 /* PROT_READ, or so) */, 4)", [b"0x3 /* PROT_READ, or so) */", b"4"], b""),
        (b'MFD_HUGETLB|21<<MFD_HUGE_SHIFT, "a")', [b"MFD_HUGETLB|21<<MFD_HUGE_SHIFT", b'"a"'], b""),
        (b'"a" , 4 ) = 0', [b'"a"', b"4"], b" = 0"),
        (b'"a",4)', [b'"a"', b"4"], b""),
        (b'"a")) = 0', [b'"a"'], b") = 0"),
    ],
)  # fmt: skip
def test_arguments_end_at_commas_that_stand_in_nothing(
    text: bytes, arguments: list[bytes], rest: bytes
) -> None:
    assert split_arguments(text) == (arguments, rest)


@pytest.mark.parametrize("text", [b"", b"3", b"3, 4", b"[1", b"{a=1", b'"a", (4)'])
def test_arguments_without_an_end_are_none(text: bytes) -> None:
    assert split_arguments(text) is None


@pytest.mark.parametrize(
    ("rest", "result"),
    [
        (b" = 0", 0),
        (b"   =   7", 7),
        (b" = -1 ENOENT (No such file or directory)", -2),
        (b" = -1 EUNHEARDOF (x)", -1),
        (b" = -1 (errno 27)", -27),
        (b" = -1", -1),
        (b" = 0x7f0000000000", 0x7F0000000000),
        (b" = 0xffffffffffffffff", 2**64 - 1),
        (b" = ?", None),
        (b" = ? ERESTARTSYS (To be restarted)", None),
        (b"3 = 0", None),
        (b" = 4096 <0.000012>", 4096),
        (b" = 0 (INJECTED)", 0),
    ],
)
def test_the_answer_follows_the_equals_sign(rest: bytes, result: int | None) -> None:
    assert read_result(rest) == result


@pytest.mark.parametrize(
    ("text", "string"),
    [
        (b'"a\\"b"', 'a"b'),
        (b'"\\\\n"', "\\n"),
        (b'"\\n\\t\\r\\f\\v\\a\\e"', "\n\t\r\f\v\a\x1b"),
        (b'"\\12"', "\n"),
        (b'"\\0012"', "\x012"),
        (b'"\\x41B"', "AB"),
        (b'"\\x4g"', "x4g"),
        (b'"\\8"', "8"),
        (b'"\\303\\244"', "ä"),
        (b'"\\377"', "\udcff"),
        (b'"\\777"', "\udcff"),
        (b'"/a"...', None),
        (b'"/a', None),
        (b'/a"', None),
        (b'"', None),
    ],
)
def test_a_string_is_what_stands_between_quotes(text: bytes, string: str | None) -> None:
    assert read_string(text) == string
    assert read_path(text) == (text.decode() if string is None else string)


def test_what_cannot_be_read_stays_as_it_stands() -> None:
    assert read_path(b'"\xff') == '"\\xff'
    assert read_flags(b"\xff") == "\\xff"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"010", 8),
        (b"08", "08"),
        (b"001234567", 0o1234567),
        (b"-010", -8),
        (b"-0x10", -16),
        (b"0XfF", 255),
        (b"0x", "0x"),
        (b"9" * 22, int("9" * 22)),
        (b"9" * 23, "9" * 23),
        (b"0x" + b"f" * 16, 2**64 - 1),
        (b"0x" + b"f" * 17, "0x" + "f" * 17),
        (b"O_RDWR|O_CREAT", 0o102),
        (b"O_RDWR | O_CREAT", 0o102),
        (b"O_RDWR|O_RDWR", 2),
        (b"O_RDWR|O_UNHEARD", "O_RDWR|O_UNHEARD"),
        (b"O_RDWR|", "O_RDWR|"),
        (b"O_RDWR|0x100000", 0x100002),
        (b"0x17 /* MADV_??? */", 23),
        (b"/* none */ 0x17", 23),
        (b"21<<26", 21 << 26),
        (b"1<<63", 1 << 63),
        (b"1<<64", "1<<64"),
        (b"1<<-1", "1<<-1"),
        (b"1<<x", "1<<x"),
    ],
)
def test_flags_are_numbers_names_and_sums_of_them(text: bytes, value: int | str) -> None:
    assert read_flags(text) == value


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        (b"[0x0000000000000005]", (0, 2)),
        (b"[0x8000000000000000]", (63,)),
        (b"[0x0000000000000000, 0x0000000000000001]", (64,)),
        (b"[0x1 0x1]", (0, 64)),
        (b"[0x1, 0x2, 0X3]", (0, 65, 128, 129)),
        (b"{0x3}", (0, 1)),
        (b"[f]", (0, 1, 2, 3)),
        (b"[0x1ffffffffffffffff]", "[0x1ffffffffffffffff]"),
        (b"[]", "[]"),
        (b"[" + b", ".join([b"0x0"] * 15 + [b"0x8000000000000000"]) + b"]", (1023,)),
        (b"[" + b", ".join([b"0x0"] * 17) + b"]", "[" + ", ".join(["0x0"] * 17) + "]"),
    ],
)
def test_a_mask_has_a_word_for_64_nodes_and_at_most_1024_nodes(
    text: bytes, nodes: tuple[int, ...] | str | None
) -> None:
    assert read_nodemask(text) == nodes


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (b"{f_type=TMPFS_MAGIC, f_bsize=4096}", StatFs(0x01021994, 4096)),
        (b'{f_type="TMPFS_MAGIC", f_bsize=4096, f_x=1}', StatFs(0x01021994, 4096)),
        (b"{f_type=0x1234, f_bsize=0x1000}", StatFs(0x1234, 4096)),
        (b"{f_type=0x1234 /* ? */, f_bsize=4096}", StatFs(0x1234, 4096)),
        (b"{f_type=UNHEARD_OF, f_bsize=4096}", StatFs(0, 4096)),
        (b"{f_type=TMPFS_MAGIC, f_bsize=many}", None),
    ],
)
def test_what_statfs_answered(text: bytes, answer: StatFs | None) -> None:
    assert read_statfs(text) == answer


@pytest.mark.parametrize(
    ("line", "name", "args", "dirfd"),
    [
        (b'openat(AT_FDCWD, "/a", O_RDWR) = 3', "open", ("/a", 2, None), -100),
        (b'openat(5</d>, "a", O_RDWR|O_CREAT, 0644) = 3', "open", ("a", 0o102, 0o644), 5),
        (b'open("/a", O_RDWR, 0) = 3', "open", ("/a", 2, 0), -100),
        (b'open("/a", O_RDWR, 0, 9) = 3', "open", ("/a", 2, 0), -100),
        (b'creat("/a", 0600) = 3', "open", ("/a", 0o1101, 0o600), -100),
        (b'unlinkat(5</d>, "a", AT_REMOVEDIR) = 0', "unlink", ("a",), 5),
        (b'unlink("/a") = 0', "unlink", ("/a",), -100),
        (b"fcntl(3, F_GETFD) = 0", "fcntl", (3, 1, 0), -100),
        (b"fcntl64(3, F_SETFD, FD_CLOEXEC) = 0", "fcntl", (3, 2, 1), -100),
        (b"fcntl(3, F_SETFD, FD_CLOEXEC, 9) = 0", "fcntl", (3, 2, 1), -100),
        (b"fallocate(3</a>, 0, 4096, 8192) = 0", "fallocate", (3, 0, 4096, 8192), -100),
        (b"mprotect(0x1000, 4096, PROT_NONE) = 0", "mprotect", (0x1000, 4096, 0), -100),
        (b"mbind(0x1000, 4096, MPOL_DEFAULT, NULL, 0, 0) = 0", "mbind",
         (0x1000, 4096, 0, None, 0, 0), -100),
        (b"exit_group(7) = ?", "exit_group", (7,), -100),
        (b"ftruncate(3, 18446744073709551615) = 0", "ftruncate", (3, -1), -100),
        (b"close(3) = 0", "close", (3,), -100),
        (b"fstatfs(3, 0x7ffd) = -1 EIO (x)", "fstatfs", (3,), -100),
        (b"fstatfs64(3, 88, {f_type=1, f_bsize=1}) = 0", "fstatfs", (3,), -100),
        (b'statfs("/a", {f_type=1, f_bsize=1}) = 0', "statfs", ("/a",), -100),
        (b"mmap(NULL, 1, PROT_READ, MAP_PRIVATE, 3</a>, 0x1000) = 0x2000", "mmap",
         (0, 1, 1, 2, 3, 0x1000), -100),
        (b"mmap2(NULL, 1, PROT_READ, MAP_PRIVATE, 3, 0) = 0x2000", "mmap", (0, 1, 1, 2, 3, 0),
         -100),
        (b'memfd_create("m", MFD_CLOEXEC) = 3', "memfd_create", ("m", 1), -100),
        (b"madvise(0x1000, 4096, MADV_NEW) = 0", "madvise", (0x1000, 4096, "MADV_NEW"), -100),
    ],
)  # fmt: skip
def test_a_call_is_read_with_its_arguments_in_order(
    line: bytes, name: str, args: tuple[Any, ...], dirfd: int
) -> None:
    before = b"12 13:00:00 "
    text = before + line
    after = text.index(b"(") + 1
    call = read_call(9, 12, line.partition(b"(")[0].decode(), text, after)
    assert call is not None
    assert (call.line, call.pid, call.name, call.args, call.dirfd, call.text, call.block) == (
        9,
        12,
        name,
        args,
        dirfd,
        text,
        None,
    )


@pytest.mark.parametrize(
    ("result", "failed"),
    [(None, False), (0, False), (3, False), (-1, True), (-95, True), (-4095, True),
     (-4096, False), (-(2**63), False)],
)  # fmt: skip
def test_a_call_failed_whose_answer_is_an_errno(result: int | None, failed: bool) -> None:
    """errno(3): from 1 to 4095."""
    call = call_on(b"close(3) = 0")
    assert call is not None
    call.result = result
    assert call.failed == failed


@pytest.mark.parametrize(
    ("text", "program", "argv", "failed"),
    [
        (b'"/bin/q", ["q", "-S"], 0x1 /* 20 vars */) = 0', "/bin/q", ("q", "-S"), False),
        (b'"/bin/q", ["q"], 0x1) = -1 ENOENT (x)', "/bin/q", ("q",), True),
        (b'"/bin/q", ["q"], 0x1) = ?', "/bin/q", ("q",), True),
        (b'"/bin/q", ["q"], 0x1)', "/bin/q", ("q",), True),
        (b'"/bin/q", [""], 0x1) = 0', "/bin/q", ("",), False),
        (b'"/bin/q", ["a, b", "c]"], 0x1) = 0', "/bin/q", ("a, b", "c]"), False),
        (b'"/bin/q", ["q", "-ob"...], 0x1) = 0', "/bin/q", None, False),
        (b'"/bin/q", ["q", ...], 0x1) = 0', "/bin/q", None, False),
        (b'"/bin/q", 0x7ffd, 0x1) = 0', "/bin/q", None, False),
        (b'"/bin/q") = 0', None, None, False),
        (b'"/bin/q", ["q"]) = 0', "/bin/q", ("q",), False),
        (b'"/bin/q"', None, None, False),
    ],
)
def test_a_command_line(
    text: bytes, program: str | None, argv: tuple[str, ...] | None, failed: bool
) -> None:
    read = read_execve(5, 7, b"7 execve(" + text, 9)
    expected = None if program is None else CommandLine(5, 7, program, argv, failed)
    assert read == expected
