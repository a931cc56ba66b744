"""Whole logs with what real ones have beside the backend's calls, or what strace makes of them.

The expected side is strace(1), the kernel's man pages, and what was seen in recorded logs.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest
from small_logs import (
    EXIT,
    FILE_OPTIONS,
    MIB,
    RAM_OPTIONS,
    backend,
    file_backend,
    found,
    mapped,
    verdict_on,
)

from qemu_model.judge.trace_set import read_trace_set

AT = 0x7F00_0020_0000
QEMU = '1 execve("/bin/qemu-system-x86_64", ["qemu"], 0x1 /* 1 var */) = 0'
RAM, FILE = backend(AT), file_backend()
LOOK = ['1 openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 9', "1 close(9) = 0"]
CONFORMS_RAM, CONFORMS_FILE = ("conforms", len(RAM), []), ("conforms", len(FILE), [])


def ram(*lines: str, **options: object) -> tuple[str, int, list[tuple[str, int | None]]]:
    return found(*lines, EXIT, options=RAM_OPTIONS, **options)


def file(*lines: str, **options: object) -> tuple[str, int, list[tuple[str, int | None]]]:
    return found(*lines, EXIT, options=FILE_OPTIONS, **options)


def test_the_small_logs_conform() -> None:
    assert ram(*RAM) == CONFORMS_RAM
    assert file(*FILE) == CONFORMS_FILE


@pytest.mark.parametrize("program", ["x86_64", "aarch64", "arm", "ppc64", "s390x", "riscv64"])
def test_a_missing_call_diverges_where_the_programs_machines_are_modelled(program: str) -> None:
    """docs/reference/processors.rst: a program without modelled machines is an assumption."""
    options = (f"qemu-system-{program}", *RAM_OPTIONS)
    lines = [QEMU, *(line for line in RAM if "MADV_DONTFORK" not in line)]
    expected = "inconclusive" if program == "riscv64" else "diverges"
    traced = read_trace_set("documented")
    assert found(*lines, EXIT, options=options, traced=traced)[0] == expected
    assert found(*RAM, EXIT, options=options) == CONFORMS_RAM


# What others do.


def test_memory_files_of_other_parts_of_qemu_are_ignored_until_they_are_closed() -> None:
    clipboard = [
        '1 memfd_create("ui-clipboard", MFD_CLOEXEC) = 3',
        "1 ftruncate(3, 1) = 0",
        "1 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3, 0) = 0x7e0000000000",
        "1 close(3) = 0",
    ]
    assert ram(*clipboard, *RAM) == CONFORMS_RAM
    assert ram(*RAM, *clipboard, qmp=[{"execute": "quit"}]) == CONFORMS_RAM
    assert file(*clipboard, *FILE) == CONFORMS_FILE


@pytest.mark.parametrize("flag", ["MAP_NORESERVE", "MAP_STACK"])
def test_failed_glibc_reservation_is_ignored(flag: str) -> None:
    """glibc's arena.c and allocatestack.c reserve so, and go on without."""
    arena = f"1 mmap(NULL, 134217728, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|{flag}, -1, 0)"
    assert ram(f"{arena} = -1 ENOMEM (Cannot allocate memory)", *RAM) == CONFORMS_RAM


def test_a_library_that_is_mapped_over_its_own_reservation_is_ignored() -> None:
    """dl-load.c reserves a library's size, and maps its segments over it."""
    library = [
        "1 mmap(NULL, 6291456, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7e0000000000",
        "1 mmap(0x7e0000000000, 4194304, PROT_READ|PROT_EXEC, "
        "MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 5</lib/x.so>, 0) = 0x7e0000000000",
    ]
    assert ram(*library, *RAM) == CONFORMS_RAM


def test_six_hundred_reservations_of_others_hide_no_backend() -> None:
    others = [
        f"1 mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {0x7D0000000000 + n:#x}"
        for n in range(0, 600 * 65536, 65536)
    ]
    assert ram(*others, *RAM) == CONFORMS_RAM


def test_a_program_that_a_child_runs_is_not_qemu() -> None:
    child = ['7 execve("/bin/sh", ["sh"], 0x1 /* 1 var */) = 0', *(f"7{line[1:]}" for line in RAM)]
    assert ram(QEMU, *RAM[:3], *child, *RAM[3:]) == CONFORMS_RAM


def test_a_block_is_reserved_once_more_only_where_it_was_unmapped() -> None:
    """mmap(2): a new mapping overlaps none that is there."""
    unmap = f"1 munmap({AT:#x}, {4 * MIB + 4096}) = 0"
    assert ram(QEMU, *RAM, RAM[0])[2] == [("extra", len(RAM) + 2)]
    assert ram(QEMU, *RAM, unmap, RAM[0]) == CONFORMS_RAM


@pytest.mark.parametrize(("reserve", "verdict"), [("off", "conforms"), ("on", "diverges")])
def test_a_reservation_is_given_back_unused_where_no_memory_may_be_overcommitted(
    reserve: str, verdict: str
) -> None:
    """util/mmap-alloc.c:map_noreserve_effective: mode 2 of vm.overcommit_memory."""
    options = (*RAM_OPTIONS[:-1], f"{RAM_OPTIONS[-1]},reserve={reserve}")
    back = f"1 munmap({AT:#x}, {6 * MIB}) = 0"
    lines = (QEMU, RAM[0], back, "1 exit_group(1) = ?")
    assert found(*lines, options=options, tree="qemu-7.2")[0] == verdict


# What a log cannot lack, and how it ends.


def test_an_empty_log_shows_nothing_not_even_that_no_call_is_made() -> None:
    assert found(options=("-M", "none", "-S"))[0] == "inconclusive"


def test_a_log_with_no_mapping_at_all_lacks_one_also_where_qemu_failed() -> None:
    """With the set known, advice on memory shows that mmap was made and not logged."""
    lines = [line for line in RAM if "mmap" not in line]
    failed = (QEMU, *lines, "1 exit_group(1) = ?")
    assert found(*failed, options=RAM_OPTIONS)[0] == "inconclusive"
    documented = read_trace_set("documented")
    assert found(*failed, options=RAM_OPTIONS, traced=documented)[0] == "diverges"


@pytest.mark.parametrize(
    ("signal", "verdict"), [("SIGABRT", "diverges"), ("SIGTERM", "inconclusive")]
)
def test_a_qemu_that_another_signal_killed_is_accused_of_no_message(
    signal: str, verdict: str
) -> None:
    """The size aborts 7.2 with an assertion's message (seen by conform: size/ram)."""
    options = ("-M", "none", "-object", f"memory-backend-ram,id=m0,size={2**64 - 2}")
    lines = (QEMU, f"1 +++ killed by {signal} +++")
    found = verdict_on(*lines, options=options, stderr=[], tree="qemu-7.2")
    assert found.verdict == verdict


# Openings that are not the backend's.


def test_a_library_may_look_at_the_file_before_qemu_opens_it() -> None:
    """libnuma reads /proc/self/status at start-up, which may be somebody's mem-path."""
    assert file(*LOOK, *LOOK, *FILE) == CONFORMS_FILE


def test_what_changes_the_file_is_no_look_at_it() -> None:
    assert file(*LOOK, '1 unlink("/a") = 0', *FILE)[2][-1] == ("extra", 3)


# Blocks of the machine.

MACHINE = ("-M", "pc", "-m", "4M")
ADD = {
    "execute": "object-add",
    "arguments": {"qom-type": "memory-backend-ram", "id": "m0", "props": {"size": 4 * MIB}},
}
QUIT = {"execute": "quit"}


def test_a_backend_is_told_from_a_block_of_the_machine_that_is_as_large() -> None:
    """The machine's own block is advised on once, and bound to no node."""
    machine, video, own = mapped(AT), mapped(0x7E00_0000_0000), backend(0x7D00_0000_0000)
    lines = [*machine, *video, *own, EXIT]
    matched = len(machine) + len(own)
    expected = ("conforms", matched, [])
    assert found(*lines, options=MACHINE, qmp=[ADD, QUIT]) == expected
    without_bind = [*machine, *video, *own[:-1], EXIT]
    assert found(*without_bind, options=MACHINE, qmp=[ADD, QUIT])[0] != "conforms"


# What strace makes of a log.


def halves(line: str) -> list[str]:
    """Return a call in two halves, as strace writes it where another thread comes between."""
    call, _, result = line.partition(") = ")
    name = call.split()[1].partition("(")[0]
    other = "9 futex(0x1, FUTEX_WAKE) = 0"
    return [f"{call} <unfinished ...>", other, f"1 <... {name} resumed>) = {result}"]


def test_every_call_may_stand_in_two_halves() -> None:
    assert ram(*(half for line in RAM for half in halves(line))) == CONFORMS_RAM
    assert file(*(half for line in FILE for half in halves(line))) == CONFORMS_FILE


def test_a_second_half_without_its_first_is_ignored() -> None:
    assert ram("1 <... mmap resumed>) = 0x7e0000000000", *RAM) == CONFORMS_RAM


def test_six_hundred_calls_that_never_end_hide_no_backend() -> None:
    begun = [f"{pid} munmap(0x7d0000000000, 4096 <unfinished ...>" for pid in range(100, 700)]
    waiting = [f"{pid} mmap(NULL, 4096 <unfinished ...>" for pid in range(100, 700)]
    assert ram(*begun, *waiting, *RAM) == CONFORMS_RAM


def test_a_call_that_a_signal_interrupts_counts_when_it_is_made_again() -> None:
    interrupted = '1 openat(AT_FDCWD, "/a", O_RDWR) = ? ERESTARTSYS (To be restarted)'
    assert file(interrupted, *FILE) == CONFORMS_FILE


def test_a_log_that_begins_after_start_up_has_no_start_up_to_judge() -> None:
    verdict = verdict_on("1 madvise(0x7e0000000000, 4096, MADV_DONTNEED) = 0", EXIT,
                         options=RAM_OPTIONS)  # fmt: skip
    assert verdict.verdict == "inconclusive"


@pytest.mark.parametrize("reserved", [0x7FC0_2800_1000, 0x7FC0_2820_0000])
def test_a_block_of_nearly_all_addresses_is_mapped_wherever_its_reservation_was(
    reserved: int,
) -> None:
    """QEMU 7.2 with size=2**64-4096: what it reserves is smaller than the alignment."""
    size = (1 << 64) - 4096
    fixed = "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS"
    lines = [
        f"1 mmap(NULL, 2093056, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {reserved:#x}",
        f"1 mmap(0x7fc028200000, {size}, PROT_READ|PROT_WRITE, {fixed}, -1, 0) = -1 ENOMEM (x)",
        f"1 munmap({reserved:#x}, 2093056) = 0",
        "1 exit_group(1) = ?",
    ]
    options = ("-M", "none", "-object", f"memory-backend-ram,id=m0,size={size}")
    assert found(*lines, options=options, tree="qemu-7.2") == ("conforms", 3, [])
