"""Logs as strace makes them with other options, of real QEMUs: what each leaves out or adds."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from pathlib import Path

from log_mutations import check, judged_lines
from recordings import recording

from qemu_model.conform.cases import Case
from qemu_model.conform.driver import Observation
from qemu_model.conform.normalized import normalized
from qemu_model.judge.trace_set import read_trace_set
from qemu_model.revision import find

RUN = recording("qemu-10.0", "matrix-tmpfs-share_on-pmem_unset-sync_unset")
COLUMNS = b"20:02:52.153608 (+     0.011472) [  28] [00007fca21518af7] "


def verdict(log: bytes, **options: object) -> tuple[str, str]:
    found = check(RUN, log, **options)
    return found.verdict, found.reason


def halves(line: bytes) -> bytes:
    """Return a call in two halves, with the columns of -tt -r -n -i."""
    pid, _, call = line.partition(b" ")
    begun, closing, result = call.strip().rpartition(b")")
    name = begun.partition(b"(")[0]
    first = pid + b" " + COLUMNS + begun + b" <unfinished ...>"
    return first + b"\n" + pid + b" " + COLUMNS + b"<... " + name + b" resumed>" + closing + result


def test_a_call_in_two_halves_is_read_behind_columns_with_parentheses() -> None:
    judged = judged_lines(RUN)[1]
    lines = [
        halves(line) if number in judged and b"madvise" in line else line
        for number, line in enumerate(RUN.lines, 1)
    ]
    assert verdict(b"\n".join(lines) + b"\n", traced=read_trace_set("all")) == ("conforms", "")


def compared(log: bytes, path: Path) -> tuple[str, ...]:
    """Return a run's calls as ``conform --against`` compares them with another QEMU's."""
    path.write_bytes(log)
    seen = Observation(("qemu",), RUN.exit, (), (), (), path)
    case = Case(RUN.name, tuple(RUN.args), tuple(RUN.machine), qmp=tuple(RUN.qmp))
    return normalized(seen, case, find("qemu-10.0"), read_trace_set("all"), {}).calls


def test_a_call_in_two_halves_is_no_difference_wherever_it_is_interrupted(tmp_path: Path) -> None:
    """strace 6.1 writes ``fstatfs(9,  <unfinished ...>`` and ``<... fstatfs resumed>{...}``."""
    whole = compared(RUN.log, tmp_path / "whole")
    judged = judged_lines(RUN)[1]
    for blank in (b"", b" "):
        lines = []
        for number, line in enumerate(RUN.lines, 1):
            begun, comma, rest = line.partition(b", ")
            if number not in judged or not comma:
                lines.append(line)
                continue
            pid, name = begun.partition(b"(")[0].split()
            lines.append(begun + comma + b" <unfinished ...>")
            lines.append(pid + b" <... " + name + b" resumed>" + blank + rest)
        assert compared(b"\n".join(lines) + b"\n", tmp_path / "halves") == whole
    assert len(whole) == 10


def test_a_file_opened_for_neither_reading_nor_writing_is_shown() -> None:
    """open(2): the access mode 3 is strace's O_ACCMODE."""
    found = check(RUN, RUN.log.replace(b"O_RDWR|O_CREAT", b"O_ACCMODE|O_CREAT"))
    (divergence, *_) = found.to_json()["divergences"]  # type: ignore[misc]
    assert "O_ACCMODE" in divergence["observed"]["args"]["flags"]


def test_raw_arguments_are_numbers() -> None:
    """strace -e raw=mmap prints -1 as 0xffffffff."""
    log = RUN.log.replace(b", -1, 0)", b", 0xffffffff, 0)").replace(b"PROT_NONE", b"0")
    assert verdict(log) == ("conforms", "")


def test_a_log_of_successful_calls_alone_accuses_nobody() -> None:
    """strace -z leaves out the opening that finds no file."""
    loader = RUN.lines[0].split()[0] + b' openat(AT_FDCWD, "/lib/libc.so.6", O_RDONLY) = 3\n'
    log = re.sub(rb"(?m)^.* = -1 E.*\n", b"", RUN.log.replace(b"\n", b"\n" + loader, 1))
    found, reason = verdict(log)
    assert (found, reason.partition(",")[0]) == ("inconclusive", "the log has no call that failed")


def test_memory_calls_alone_match_on_a_descriptor_that_was_not_seen_opened() -> None:
    """strace -e trace=%memory: the mapping shows a descriptor, and nothing its opening."""
    wanted = rb"\d+ +(?:mmap|munmap|madvise|mbind|mprotect|execve|exit_group)\("
    lines = [line for line in RUN.lines if re.match(wanted, line)]
    found = check(RUN, b"\n".join(lines) + b"\n")
    assert (found.verdict, found.diverged) == ("inconclusive", 0)
    assert found.matched >= 4
    assert "open" in found.not_in_log
