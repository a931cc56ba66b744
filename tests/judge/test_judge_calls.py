"""Which calls of a log are on a backend: its path, its descriptor, its addresses.

``interface.md``: only calls on a backend's path, descriptor or address range, and the
reservation before each mapping, are judged.  Each log here is what strace prints.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_oracle_strace import BEGINNING, log_of

from qemu_model.judge import log as log_module
from qemu_model.judge.backend_calls import BackendCalls, LoggedBlock, _Ranges
from qemu_model.judge.strace import Call

MIB = 1 << 20
#: What QEMU does for 4 MiB of anonymous memory: 2 MiB more are reserved, and given back.
RESERVE = "1 mmap(NULL, 6291456, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000"
MAP = (
    "1 mmap(0x7f0000200000, 4194304, PROT_READ|PROT_WRITE, "
    "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x7f0000200000"
)
HEAD = "1 munmap(0x7f0000001000, 2093056) = 0"
TAIL = "1 munmap(0x7f0000601000, 1048576) = 0"
ADVISE = "1 madvise(0x7f0000200000, 4194304, MADV_HUGEPAGE) = 0"
OPEN = '1 openat(AT_FDCWD, "/a", O_RDWR) = 3'
OPEN_Y = '1 openat(AT_FDCWD</>, "/a", O_RDWR) = 3</a>'
MAP_FILE = "1 mmap(0x7f0000200000, 4194304, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, 3, 0)"
MAPPED_FILE = MAP_FILE + " = 0x7f0000200000"


def calls(*lines: str, attached: bool = False, paths: tuple[str, ...] = ("/a",)) -> list[Call]:
    with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
        return list(BackendCalls(log, paths, BEGINNING, attached=attached))


def found(*lines: str, **options: Any) -> list[int]:
    """Return the lines that are on a backend, in the order in which they are given."""
    return [call.line for call in calls(*lines, **options)]


# Paths.


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ('1 openat(AT_FDCWD, "/a", O_RDWR) = 3', True),
        ('1 open("/a", O_RDWR) = 3', True),
        ('1 creat("/a", 0644) = 3', True),
        ('1 openat(AT_FDCWD, "/a", O_RDWR) = -1 ENOENT (No such file or directory)', True),
        ('1 openat(AT_FDCWD, "\\57a", O_RDWR) = 3', True),
        ('1 openat(AT_FDCWD, "\\x2fa", O_RDWR) = 3', True),
        ('1 openat(AT_FDCWD, "/b", O_RDWR) = 3', False),
        ('1 openat(AT_FDCWD, "\\57b", O_RDWR) = 3', False),
        ('1 openat(AT_FDCWD, "/a/qemu_back_mem.m.abcdef", O_RDWR) = 3', True),
        ('1 openat(AT_FDCWD, "/a/b/qemu_back_mem.m.abcdef", O_RDWR) = 3', False),
        ('1 openat(AT_FDCWD, "/b/qemu_back_mem.m.abcdef", O_RDWR) = 3', False),
        ('1 openat(AT_FDCWD, "/a/other.abcdef", O_RDWR) = 3', False),
        ('1 openat(5, "/a", O_RDWR) = 3', True),
        ('1 unlink("/a") = 0', True),
        ('1 unlinkat(AT_FDCWD, "/a", 0) = 0', True),
        ('1 unlink("/b") = 0', False),
        ('1 statfs("/a", {f_type=EXT2_SUPER_MAGIC, f_bsize=4096}) = 0', True),
        ('1 statfs64("/a", 88, {f_type=EXT2_SUPER_MAGIC, f_bsize=4096}) = 0', True),
        ('1 statfs("/b", {f_type=EXT2_SUPER_MAGIC, f_bsize=4096}) = 0', False),
        ('1 access("/a", R_OK) = 0', False),
        ('1 memfd_create("memory-backend-memfd", MFD_CLOEXEC) = 3', True),
        ('1 memfd_create("wayland", MFD_CLOEXEC) = 3', True),
        ('1 memfd_create("test", MFD_CLOEXEC) = 3', False),
        ("1 exit_group(0) = ?", True),
        ("1 +++ exited with 0 +++", True),
        ("1 +++ killed by SIGABRT +++", True),
        ("1 --- SIGBUS {si_signo=SIGBUS, si_code=BUS_ADRERR, si_addr=0x7f0000200000} ---", True),
        ("1 --- SIGUSR1 {si_signo=SIGUSR1} ---", False),
        ("garbage", False),
        ("", False),
    ],
)
def test_calls_on_a_path_are_on_a_backend(line: str, on: bool) -> None:
    assert found(line) == ([1] if on else [])
    assert found("1 close(9) = 0", line, "1 read(0) = 0") == ([2] if on else [])
    assert found("", line, "", line) == ([2, 4] if on else [])


def test_a_name_in_another_directory_is_another_file() -> None:
    relative = '1 openat(5</d>, "a", O_RDWR) = 3'
    assert found(relative, paths=("a",)) == []
    assert found('1 openat(AT_FDCWD, "a", O_RDWR) = 3', paths=("a",)) == [1]
    assert found('1 unlinkat(5, "a", 0) = 0', paths=("a",)) == []
    assert found('1 unlinkat(AT_FDCWD, "a", 0) = 0', paths=("a",)) == [1]


def test_ends_and_signals_are_told_with_what_is_known_of_them() -> None:
    told = calls(
        "1 +++ exited with 123 +++",
        "2 +++ killed by SIGSEGV (core dumped) +++",
        "3 --- SIGBUS {si_signo=SIGBUS, si_addr=0x7f00deadb000} ---",
        "4 --- SIGBUS {si_signo=SIGBUS, si_addr=NULL} ---",
        "5 --- SIGBUS {si_signo=SIGBUS, si_pid=7} ---",
    )
    assert [(call.line, call.pid, call.name, call.args, call.result) for call in told] == [
        (1, 1, "exited", (123,), None),
        (2, 2, "killed", ("SIGSEGV",), None),
        (3, 3, "SIGBUS", (0x7F00DEADB000,), None),
        (4, 4, "SIGBUS", (None,), None),
        (5, 5, "SIGBUS", (None,), None),
    ]
    assert told[1].text == b"2 +++ killed by SIGSEGV (core dumped) +++"


# Descriptors.


ON_DESCRIPTOR = (
    "lseek({}, 0, SEEK_END) = 4096",
    "fstatfs({}, {{f_type=TMPFS_MAGIC, f_bsize=4096}}) = 0",
    "fstatfs64({}, 88, {{f_type=TMPFS_MAGIC, f_bsize=4096}}) = 0",
    "ftruncate({}, 4096) = 0",
    "ftruncate64({}, 4096) = 0",
    "fcntl({}, F_ADD_SEALS, F_SEAL_SEAL) = 0",
    "fcntl64({}, F_GETFD) = 0",
    "fallocate({}, 0, 0, 4096) = 0",
    "close({}) = 0",
)


@pytest.mark.parametrize("form", ON_DESCRIPTOR)
def test_calls_on_a_backends_descriptor_are_on_the_backend(form: str) -> None:
    """Known by its number, and by the name that -y gives it."""
    assert found(OPEN, "1 " + form.format(3), "1 " + form.format(4)) == [1, 2]
    assert found("1 " + form.format(3), OPEN, "2 " + form.format(3)) == [2, 3]
    assert found(OPEN_Y, "1 " + form.format("3</a>"), "1 " + form.format("4</b>")) == [1, 2]
    assert found("1 " + form.format("5</a>"), "1 " + form.format("5</b>")) == [1]
    assert found("1 " + form.format("5</a/qemu_back_mem.m.abcdef>(deleted)")) == [1]
    assert found("1 " + form.format("5<\\57a>")) == [1]
    assert found("1 " + form.format("5<\\57b>")) == []
    assert found("1 " + form.format("5</memfd:memory-backend-memfd>(deleted)")) == [1]
    assert found("1 " + form.format("5</memfd:other>(deleted)")) == []


@pytest.mark.parametrize("form", ON_DESCRIPTOR[:-1])
def test_a_number_is_a_backends_until_it_is_closed_or_known_to_be_anothers(form: str) -> None:
    use = "1 " + form.format(3)
    assert found(OPEN, "1 close(3) = 0", use) == [1, 2]
    assert found(OPEN, "1 close(3) = -1 EBADF (Bad file descriptor)", use) == [1, 2, 3]
    assert found(OPEN, "1 close(3) = ?", use) == [1, 2]
    assert found(OPEN_Y, "1 " + form.format("3</b>"), use) == [1]
    assert found(OPEN_Y, "1 " + form.format("3</0>"), use) == [1]
    assert found(OPEN_Y, "1 " + form.format("3</a>"), use) == [1, 2, 3]
    assert found(OPEN, "1 " + form.format("3</b>"), use) == [1, 2, 3], "no name was known"
    refused = '1 openat(AT_FDCWD, "/a", O_RDWR) = -1 EACCES (Permission denied)'
    assert found(refused, use, "1 " + form.format(-1)) == [1]
    assert found('1 openat(AT_FDCWD, "/a", O_RDWR) = ?', use) == [1]
    assert found('1 openat(AT_FDCWD, "/a", O_RDWR) = 0', "1 " + form.format(0), use) == [1, 2]
    assert found('1 memfd_create("m", MFD_CLOEXEC) = 3', use) == [1, 2]


def test_a_descriptor_closed_twice_shows_by_its_name() -> None:
    close = "1 close(3</a>) = 0"
    assert found(OPEN_Y, close, close) == [1, 2, 3]
    assert found(OPEN_Y, close, close, close) == [1, 2, 3, 4]
    assert found(OPEN_Y, "1 close(3</a>) = 0", "2 close(3</b>) = 0") == [1, 2]
    without = "1 close(3) = 0"
    assert found(OPEN, without, without) == [1, 2], "whose it is then, nobody knows"
    assert found(OPEN_Y, close, OPEN_Y, close) == [1, 2, 3, 4]


def test_devices_are_known_by_what_strace_says_of_them() -> None:
    device = '1 openat(AT_FDCWD, "/dev/dax0.0", O_RDWR) = 3</dev/dax0.0<char 251:0>>'
    plain = '1 openat(AT_FDCWD, "/dev/dax0.0", O_RDWR) = 3</dev/dax0.0>'
    for lines, devices in (([device], {3}), ([plain], set()), ([device, plain], set())):
        with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
            backend = BackendCalls(log, ["/dev/dax0.0"], BEGINNING)
            assert len(list(backend)) == len(lines)
            assert backend.devices == devices
            assert backend.name_of(3) == "/dev/dax0.0"
            assert backend.name_of(4) == ""
    with log_of(f"{OPEN}\n".encode()) as log:
        backend = BackendCalls(log, ["/a"], BEGINNING)
        assert [call.line for call in backend] == [1]
        assert backend.name_of(3) == ""


# Anonymous memory.


def test_a_block_is_what_was_reserved_and_then_mapped_over() -> None:
    assert found(RESERVE, MAP, HEAD, ADVISE) == [1, 2, 3, 4]
    assert found(RESERVE, HEAD, MAP, ADVISE) == [1, 2, 3, 4]
    assert found(RESERVE, HEAD, ADVISE) == []
    assert found(MAP, ADVISE) == [1, 2], "aligned, at a given address: the reservation is lost"
    made = calls(RESERVE, MAP, HEAD, ADVISE)
    block = made[0].block
    assert all(call.block is block for call in made)
    assert (block.reservation, block.mapping, block.used) == (made[0], made[1], True)
    assert (block.start, block.end) == (0x7F0000200000, 0x7F0000601000)


@pytest.mark.parametrize("advice", ["MADV_MERGEABLE", "MADV_DONTDUMP", "MADV_DONTFORK"])
def test_advice_of_qemus_makes_reserved_memory_a_block(advice: str) -> None:
    """Nobody gives it on a stack or an arena, so the mapping is missing."""
    one = f"1 madvise(0x7f0000200000, 4194304, {advice}) = 0"
    assert found(RESERVE, one) == [1, 2]
    bound = "1 mbind(0x7f0000200000, 4194304, MPOL_BIND, [0x1], 2, MPOL_MF_MOVE) = 0"
    assert found(RESERVE, bound) == [1, 2]
    for other in ("MADV_HUGEPAGE", "MADV_DONTNEED", "MADV_FREE"):
        assert found(RESERVE, f"1 madvise(0x7f0000200000, 4194304, {other}) = 0") == []


@pytest.mark.parametrize(
    "line",
    [
        "1 mmap(NULL, 4194304, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {}",
        "1 mmap(NULL, 8392704, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = {}",
        "1 mmap(NULL, 8392704, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = {}",
    ],
)
def test_memory_of_a_program_is_no_block(line: str) -> None:
    """Ordinary memory, stacks of threads, glibc's arenas."""
    made = line.format("0x7f0000000000")
    protect = "1 mprotect(0x7f0000001000, 8388608, PROT_READ|PROT_WRITE) = 0"
    assert found(made, protect, ADVISE, "1 munmap(0x7f0000000000, 8392704) = 0") == []


def test_what_is_protected_otherwise_before_it_is_mapped_over_is_no_block() -> None:
    """So a translator's buffer is made usable."""
    protect = "1 mprotect(0x7f0000200000, 4194304, PROT_READ|PROT_WRITE|PROT_EXEC) = 0"
    assert found(RESERVE, protect, ADVISE) == []
    assert found(RESERVE, protect, MAP) == [3]
    assert found(RESERVE, protect, ADVISE.replace("HUGEPAGE", "DONTFORK")) == []
    assert found(RESERVE, MAP, protect) == [1, 2, 3]


def test_a_library_is_mapped_over_what_was_reserved_for_it() -> None:
    library = (
        "1 mmap(0x7f0000200000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 9, 0)"
        " = 0x7f0000200000"
    )
    assert found(RESERVE, library, ADVISE) == []
    file = library.replace(", 9, 0)", ", 3, 0)")
    assert found(OPEN, RESERVE, file) == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        MAP.replace("0x7f0000200000", "0x7f0000201000"),
        MAP.replace("|MAP_FIXED", ""),
        MAP.replace("|MAP_ANONYMOUS", ""),
        MAP.replace("PROT_READ|PROT_WRITE", "PROT_READ"),
        MAP.replace("mmap(0x7f0000200000", "mmap(NULL"),
        MAP.replace("-1, 0)", "9, 0)"),
    ],
)
def test_without_a_reservation_a_block_is_writable_anonymous_fixed_and_aligned(text: str) -> None:
    """Aligned to 2 MiB, as QEMU does it, and as a library's memory is not."""
    assert found(text) == []
    assert found(MAP.replace("MAP_FIXED", "MAP_FIXED_NOREPLACE")) == [1]
    assert found(MAP.replace("MAP_FIXED", "MAP_FIXED|MAP_UNHEARD_OF")) == []
    assert found(MAP.replace("PROT_WRITE", "PROT_UNHEARD_OF")) == []


def test_a_mapping_of_a_backends_file_is_on_it_wherever_it_lies() -> None:
    anywhere = "1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, {}, 0) = 0x7f0000300000"
    after = "1 madvise(0x7f0000300000, 4096, MADV_HUGEPAGE) = 0"
    assert found(OPEN, anywhere.format(3), after) == [1, 2, 3]
    assert found(OPEN, anywhere.format(4), after) == [1]
    assert found(anywhere.format("5</a>"), after) == [1, 2]
    assert found(anywhere.format("5</b>"), after) == []
    assert found(OPEN, anywhere.format("3x"), after) == [1], "a number that cannot be read"
    refused = anywhere.format(3).replace("0x7f0000300000", "-1 ENOMEM (Cannot allocate memory)")
    assert found(OPEN, refused, after) == [1, 2]
    beyond = after.replace("0x7f0000300000", "0x7f0000301000")
    assert found(OPEN, anywhere.format(3), beyond) == [1, 2]
    odd = anywhere.format(3).replace("4096", "12288").replace("0x7f0000300000", "0x7f0000301000")
    for address, on in ((0x7F0000303000, True), (0x7F0000303FFF, True), (0x7F0000304000, False)):
        last = f"1 madvise({address:#x}, 4096, MADV_DONTNEED) = 0"
        assert found(OPEN, odd, last) == ([1, 2, 3] if on else [1, 2])


def test_calls_are_on_a_block_from_its_first_byte_to_its_last() -> None:
    form = "1 {}(0x{:x}, 4096{}) = 0"
    for name, rest in (
        ("munmap", ""),
        ("madvise", ", MADV_DONTNEED"),
        ("mprotect", ", PROT_READ"),
        ("mbind", ", MPOL_DEFAULT, NULL, 0, 0"),
    ):
        for address, on in (
            (0x7F0000000FFF, False),
            (0x7F0000001000, True),
            (0x7F0000600FFF, True),
            (0x7F0000601000, False),
        ):
            lines = [RESERVE, MAP, form.format(name, address, rest)]
            assert found(*lines) == ([1, 2, 3] if on else [1, 2]), (name, hex(address))


def test_64_ranges_that_were_given_back_are_remembered() -> None:
    lines = []
    for number in range(66):
        at = 0x7F1000001000 + (number << 30)
        start = at + 0x1FF000
        lines += [
            RESERVE.replace("= 0x7f0000001000", f"= {at:#x}"),
            MAP.replace("0x7f0000200000", f"{start:#x}"),
            f"1 munmap({at:#x}, 6291456) = 0",
        ]
    again = [lines[place] for place in (2, 5, 8, len(lines) - 1)]
    place = len(lines)
    assert found(*lines, *again)[place:] == [place + 3, place + 4]


@pytest.mark.parametrize("small", [False, True])
def test_what_was_given_back_is_no_longer_a_blocks(
    small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its head, at its end, or all; what is given back twice shows."""
    if small:
        monkeypatch.setattr(log_module, "PIECE", 64)
    head = "1 madvise(0x7f0000001000, 4096, MADV_DONTNEED) = 0"
    tail = "1 madvise(0x7f0000601000, 4096, MADV_DONTNEED) = 0"
    assert found(RESERVE, MAP, head, HEAD, head) == [1, 2, 3, 4]
    longer = RESERVE.replace("6291456", "8388608")
    assert found(longer, MAP, tail, TAIL, tail) == [1, 2, 3, 4]
    assert found(longer, MAP, HEAD, TAIL, ADVISE) == [1, 2, 3, 4, 5]
    refused = HEAD.replace("= 0", "= -1 EINVAL (Invalid argument)")
    assert found(RESERVE, MAP, refused, head) == [1, 2, 3, 4]
    whole = "1 munmap(0x7f0000200000, 4198400) = 0"
    assert found(RESERVE, MAP, HEAD, whole, whole) == [1, 2, 3, 4, 5]
    assert found(RESERVE, MAP, HEAD, whole, whole.replace("4198400", "4096")) == [1, 2, 3, 4]
    assert found(RESERVE, MAP, HEAD, whole, ADVISE) == [1, 2, 3, 4]
    new = "1 mmap(NULL, {}, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x{:x}"
    for size, place, fresh in (
        (4198400, 0x7F0000200000, True),
        (4096, 0x7F0000200000, True),
        (4096, 0x7F0000600000, True),
        (4096, 0x7F0000601000, False),
        (4096, 0x7F00001FF000, False),
        (4096, 0x7F00001FE000, False),
        (8192, 0x7F00001FF000, True),
    ):
        lines = [RESERVE, MAP, HEAD, whole, new.format(size, place), whole]
        assert found(*lines) == ([1, 2, 3, 4] if fresh else [1, 2, 3, 4, 6]), hex(place)
    at_once = ["", RESERVE, MAP, HEAD, whole, "", "", whole]
    assert found(*at_once) == [2, 3, 4, 5, 8]
    before = [new.format(4096, 0x7F0000200000), RESERVE, MAP, HEAD, whole, whole]
    assert found(*before) == [2, 3, 4, 5, 6]
    behind = [RESERVE, MAP, HEAD, whole, whole, new.format(4096, 0x7F0000200000)]
    assert found(*behind) == [1, 2, 3, 4, 5]


def test_memory_that_the_kernel_gives_anew_is_no_longer_a_blocks() -> None:
    again = RESERVE.replace("1 mmap", "2 mmap")
    assert found(RESERVE, again, MAP) == [1, 2, 3], "the same range: both belong together"
    elsewhere = RESERVE.replace("= 0x7f0000001000", "= 0x7f0000401000")
    assert found(RESERVE, elsewhere, MAP) == [3], "a part of it: the first is gone"
    refused = RESERVE.replace("= 0x7f0000001000", "= -1 ENOMEM (Cannot allocate memory)")
    assert found(refused) == [1]
    assert found(refused.replace("ENOMEM", "EPERM")) == [1]
    assert found(RESERVE.replace("= 0x7f0000001000", "= ?")) == []


def test_512_reservations_are_kept_in_mind() -> None:
    others = [
        RESERVE.replace("= 0x7f0000001000", f"= {0x7F1000000000 + number * (8 << 20):#x}")
        for number in range(512)
    ]
    assert found(RESERVE, *others[1:], MAP) == [1, 513]
    assert found(RESERVE, *others, MAP) == [514]
    assert found(RESERVE, MAP, *others, ADVISE) == [1, 2, 515]


def test_reserving_at_an_address_or_of_a_file_is_no_reservation() -> None:
    at = RESERVE.replace("mmap(NULL", "mmap(0x7f0000001000")
    assert found(at, MAP) == [2]
    file = "1 mmap(NULL, 6291456, PROT_NONE, MAP_SHARED, {}, 0) = 0x7f0000001000"
    assert found(OPEN, file.format(3)) == [1, 2]
    assert found(OPEN, file.format(9)) == [1]
    assert found(file.format(9), ADVISE.replace("HUGEPAGE", "DONTFORK")) == []
    assert found(RESERVE, ADVISE.replace("HUGEPAGE", "DONTFORK")) == [1, 2]
    guard = (
        "1 mmap(0x7f0000200000, 4194304, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS{}, -1, 0)"
        " = 0x7f0000200000"
    )
    assert found(RESERVE, guard.format("")) == []
    assert found(RESERVE, guard.format("|MAP_FIXED")) == [1, 2]


def test_in_a_log_that_begins_late_unknown_ranges_are_told_of_too() -> None:
    unmap, bind = "1 munmap(0x1000, 4096) = 0", "1 mbind(0x1000, 4096, MPOL_DEFAULT, NULL, 0, 0)"
    lines = [ADVISE, unmap, bind + " = 0", "1 mprotect(0x1000, 4096, PROT_READ) = 0"]
    assert found(*lines, attached=True) == [1, 2]
    assert found(*lines) == []


# Threads and programs.


def test_a_call_in_two_halves_is_where_it_began() -> None:
    halves = ['1 openat(AT_FDCWD, "/a", O_RDWR <unfinished ...>', "1 <... openat resumed>) = 3"]
    (whole,) = calls(*halves)
    assert (whole.line, whole.result, whole.args) == (1, 3, ("/a", 2, None))
    assert whole.text == b'1 openat(AT_FDCWD, "/a", O_RDWR ) = 3'
    other = ['2 openat(AT_FDCWD, "/b", O_RDWR <unfinished ...>', "2 <... openat resumed>) = 4"]
    crossed = [halves[0], other[0], halves[1], other[1], "1 close(3) = 0", "1 close(4) = 0"]
    assert found(*crossed) == [1, 5]
    assert found(halves[0], "2 <... openat resumed>) = 3") == []
    assert found(halves[0], "1 <... open resumed>) = 3") == []
    assert found(halves[1]) == []
    assert found(halves[0], "1 <... openat resumed", halves[1]) == [1]
    assert found(halves[0], halves[1], halves[1]) == [1], "it ends once"


def test_no_more_than_512_halves_are_kept() -> None:
    halves = ['1 openat(AT_FDCWD, "/a", O_RDWR <unfinished ...>', "1 <... openat resumed>) = 3"]
    for count, on in ((511, [512]), (512, [])):
        others = [halves[0].replace("1 open", f"{number} open") for number in range(2, count + 2)]
        assert found(*others, *halves) == on


@pytest.mark.parametrize(
    ("line", "name", "result"),
    [
        ("1 exit_group(0 <unfinished ...>", "exit_group", None),
        ("1 close(3 <unfinished ...>", "close", 0),
        ("1 munmap(0x7f0000200000, 4096 <unfinished ...>", "munmap", 0),
    ],
)
def test_what_is_begun_and_whose_answer_nobody_looks_at_counts_at_once(
    line: str, name: str, result: int | None
) -> None:
    """The address or the number may be somebody else's before the log says that it is free."""
    last = calls(OPEN, RESERVE, MAP, line)[-1]
    assert (last.line, last.name, last.result) == (4, name, result)
    resumed = f"1 <... {name} resumed>) = 0"
    assert found(OPEN, RESERVE, MAP, line, resumed) == [1, 2, 3, 4]


def test_a_call_that_is_interrupted_and_made_again_is_told_once() -> None:
    again = '1 openat(AT_FDCWD, "/a", O_RDWR) = ? ERESTARTSYS (To be restarted)'
    assert found(again, OPEN) == [2]
    assert found('1 openat(AT_FDCWD, "/a", O_RDWR) = ?') == [1]


def test_another_program_in_a_child_is_not_qemu() -> None:
    run = '2 execve("/bin/sh", ["sh"], 0x1) = {}'
    of_child = [OPEN.replace("1 open", "2 open"), "2 +++ exited with 0 +++"]
    assert found(run.format(0), *of_child, OPEN) == [4]
    refused = run.format("-1 ENOENT (No such file or directory)")
    assert found(refused, *of_child, OPEN) == [2, 3, 4]
    assert found('execve("/bin/sh", ["sh"], 0x1) = 0', OPEN[2:]) == [2], "no thread is known"


def test_lines_and_calls_are_counted() -> None:
    """Halves once, signals and ends not at all."""
    lines = [
        OPEN,
        "1 close(3 <unfinished ...>",
        "2 read(0) = 0",
        "1 <... close resumed>) = 0",
        "1 --- SIGUSR1 {si_signo=SIGUSR1} ---",
        "2 +++ exited with 0 +++",
        "1 exit_group(0) = ?",
    ]
    with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
        backend = BackendCalls(log, ["/a"], BEGINNING)
        assert (backend.lines, backend.calls) == (0, 0)
        assert [call.line for call in backend] == [1, 2, 6, 7]
        assert (backend.lines, backend.calls) == (7, 4)


def test_the_place_of_a_line_is_that_of_its_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """From there on the log is read again."""
    monkeypatch.setattr(log_module, "PIECE", 64)
    text = b"".join(b"1 read(%d) = 0\n" % number for number in range(100, 130))
    with log_of(text) as log:
        pieces = list(log.pieces())
        backend = BackendCalls(log, [], BEGINNING)
        assert backend.piece_before(1) == (1, 0)
        assert backend.piece_before(20) == (1, 0), "it was not read yet"
        assert list(backend) == []
        for line in range(1, 31):
            first, offset = backend.piece_before(line)
            assert text[:offset].count(b"\n") + 1 == first <= line
            assert (first, offset) == max(
                (piece.first_line, piece.offset) for piece in pieces if piece.first_line <= line
            )
        assert backend.piece_before(0) == (1, 0)


def test_a_reservation_waits_for_its_mapping_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What stands between is on other backends; behind eight pieces it was something else's."""
    between = ['1 unlink("/a") = 0'] * 20
    assert found(RESERVE, *between, MAP) == list(range(1, 23))
    read = "1 read(0) = 0"
    monkeypatch.setattr(log_module, "PIECE", 10 * len(read + "\n"))
    for before in (0, 30):
        lines = [*[read] * before, RESERVE, between[0], *[read] * 150]
        with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
            first_lines = [piece.first_line for piece in log.pieces()]
        own = sum(first <= before + 1 for first in first_lines)
        for apart, waited in ((1, True), (7, True), (8, True), (9, False), (10, False)):
            place = first_lines[own - 1 + apart] - 1
            order = [1, 2] if waited else [2, 1]
            assert found(*lines[:place], MAP, *lines[place:]) == [
                *(before + number for number in order),
                place + 1,
            ]
    for count, order in ((255, [1, 2]), (256, [2, 3])):
        monkeypatch.setattr(log_module, "PIECE", len(RESERVE) + 1 + count * len(between[0] + "\n"))
        lines = [RESERVE, *between[:1] * count, MAP]
        assert found(*lines)[:2] == order, count
        assert sorted(found(*lines)) == list(range(1, count + 3))


# Ranges.


def test_a_block_that_is_gone_takes_no_other_with_it() -> None:
    ranges = _Ranges()
    gone, other = LoggedBlock(10, 20, None), LoggedBlock(10, 20, None)
    ranges.add(gone)
    ranges.remove(gone)
    ranges.add(other)
    ranges.remove(gone)
    assert ranges.at(15) is other
    ranges.remove(other)
    ranges.remove(other)
    assert ranges.at(15) is None


SMALL = st.integers(0, 40)


@given(st.lists(st.tuples(st.sampled_from(["add", "cut", "forget", "remove"]), SMALL, SMALL)))
@settings(max_examples=100)
def test_ranges_are_what_sets_of_addresses_are(steps: list[tuple[str, int, int]]) -> None:
    """What is added new is where nothing was, as the kernel gives addresses."""
    ranges, known = _Ranges(), dict[int, LoggedBlock]()
    for step, start, size in steps:
        end = start + size
        if step == "add" and size and not any(place in known for place in range(start, end)):
            block = LoggedBlock(start, end, None)
            ranges.add(block)
            known.update(dict.fromkeys(range(start, end), block))
        elif step == "forget" and size:
            ranges.forget(start, end)
            gone = {id(known[place]) for place in range(start, end) if place in known}
            known = {place: block for place, block in known.items() if id(block) not in gone}
        elif step == "remove" and start in known:
            block = known[start]
            ranges.remove(block)
            known = {place: other for place, other in known.items() if other is not block}
        elif step == "cut" and start in known and size:
            block = known[start]
            last = max(place for place, other in known.items() if other is block)
            if start > min(place for place, other in known.items() if other is block):
                end = last + 1
            ranges.cut(block, start, end)
            known = {
                place: other
                for place, other in known.items()
                if other is not block or not start <= place < end
            }
        assert [ranges.at(place) for place in range(-1, 90)] == [
            known.get(place) for place in range(-1, 90)
        ]
