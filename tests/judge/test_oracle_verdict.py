"""What is told of a divergence, and what the judge takes from a command line and a log."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from log_mutations import check, name_of
from recordings import recording

from qemu_model.calls.event import Event
from qemu_model.judge.line import machine_of, memory_paths
from qemu_model.judge.strace import Call
from qemu_model.judge.verdict import MOST_TOLD, Divergence, Report, Verdict, call_to_text

MIB = 1 << 20


def call(name: str, *args: Any, result: int | None = 0, text: bytes = b"") -> Call:
    return Call(7, 1, name, args, result, text)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("close", b"12 close(3) = 0", "close(3) = 0"),
        (
            "open",
            b'12:30 openat(AT_FDCWD, "/a", O_RDWR) = 3 ',
            'openat(AT_FDCWD, "/a", O_RDWR) = 3',
        ),
        ("unlink", b'1 unlinkat(3, "a", 0) = 0', 'unlinkat(3, "a", 0) = 0'),
        ("mmap", b"1 mmap2(NULL, 1) = 0", "mmap2(NULL, 1) = 0"),
        ("killed", b"12 +++ killed by SIGABRT +++", "+++ killed by SIGABRT +++"),
        ("SIGBUS", b"12 --- SIGBUS {si_addr=0x1} ---", "--- SIGBUS {si_addr=0x1} ---"),
        ("fcntl", b"1 fcntl64(3, F_GETFD) = 0", "1 fcntl64(3, F_GETFD) = 0"),
        ("close", b"close(\xff) = 0", "close(\\xff) = 0"),
    ],
)
def test_a_call_is_told_as_its_line_has_it(name: str, text: bytes, expected: str) -> None:
    """Without what stands before it: thread and time."""
    assert call_to_text(call(name, text=text)) == expected


def divergence(line: int | None, *allowed: Event, kind: Any = "altered") -> Divergence:
    return Divergence(kind, line, None, allowed, "exec.c:f", "of a rule")


def test_a_thousand_divergences_are_told_and_all_are_counted() -> None:
    said: list[tuple[int, str]] = []
    report = Report(on_line=lambda line, text: said.append((line, text)))
    for number in range(MOST_TOLD + 2):
        report.add(divergence(number + 1))
    report.add(divergence(None))
    assert (len(report.divergences), report.diverged) == (1000, 1003)
    assert [line for line, _ in said] == list(range(1, 1003))
    quiet = Report()
    quiet.add(divergence(1))
    quiet.note(1, "nobody asks")
    assert quiet.diverged == 1


def test_a_divergence_in_words_names_what_was_allowed_and_why() -> None:
    close = Event("close", (3,), 0, "exec.c:f")
    assert divergence(1).in_words() == "diverges: no call is allowed here: of a rule"
    assert divergence(1, close, close).in_words() == (
        "diverges: allowed only close(3) or close(3) (exec.c:f: of a rule)"
    )
    assert divergence(1, close, kind="missing").in_words() == (
        "diverges: before this should come close(3) (exec.c:f: of a rule)"
    )


@pytest.mark.parametrize(
    ("verdict", "status"), [("conforms", 0), ("diverges", 1), ("inconclusive", 3)]
)
def test_each_verdict_has_its_status(verdict: Any, status: int) -> None:
    """interface.md: 0 conforms, 1 diverges, 3 inconclusive."""
    made = Verdict(verdict, "v8", "V8", 1, 2)
    assert (made.status, made.lines, made.diverged, made.not_judged_count) == (status, 0, 0, 0)
    shown = made.to_json()
    assert (shown["verdict"], shown["matched"], shown["ignored"]) == (verdict, 1, 2)
    assert (shown["divergence"], shown["reason"], shown["divergences_count"]) == (None, None, 0)


@pytest.mark.parametrize(
    ("options", "machine"),
    [
        ([], "pc"),
        (["-M", "none"], "none"),
        (["-machine", "q35,accel=tcg"], "q35"),
        (["--machine", "type=q35,nvdimm=on"], "q35"),
        (["-M", "accel=tcg"], "pc"),
        (["-M", "usb=on"], "pc"),
        (["-M", "none", "-machine", "accel=tcg"], "none"),
        (["-M", "none", "-M", "pc"], "pc"),
        (["-name", "-M", "none"], "none"),
        (["M", "none"], "pc"),
        (["machine", "none"], "pc"),
        (["-m", "none"], "pc"),
        (["-M"], "pc"),
    ],
)
def test_the_machine_of_a_line(options: list[str], machine: str) -> None:
    """vl.c: the last type that is named; without any QEMU's own default."""
    assert machine_of(options) == machine


@pytest.mark.parametrize(
    ("options", "qmp", "paths"),
    [
        (["-mem-path", "/a", "-object", "memory-backend-file,id=m,mem-path=/b,size=1"], None,
         {"/a", "/b"}),
        (["--mem-path", "/a"], [], {"/a"}),
        (["-object", "memory-backend-file,mem-path=/a,,b,id=m"], None, {"/a,b"}),
        (["-object", "x,align=/x,mem-path=/a,size=/y"], None, {"/a"}),
        (["-object", '{"qom-type": "memory-backend-file", "mem-path": "/j"}'], None, {"/j"}),
        (["-object", '{"mem-path": "/j"', "-object", "x,mem-path=/k"], None, {"/k"}),
        (["-object", "x,id=1,mem-path=/a", "-object", "x,mem-path=/k"], None, {"/a", "/k"}),
        (["-object", "{" * 100_000, "-mem-path", "/k"], None, {"/k"}),
        (["mem-path", "/a", "object", "x,mem-path=/b"], None, set()),
        ([], [{"execute": "object-add", "arguments": {"props": {"mem-path": "/p"}}},
              {"execute": "object-add", "arguments": {"mem-path": "/q", "x": [{"mem-path": 1}]}}],
         {"/p", "/q"}),
        (["-object", "x,mem-path=/a,mem-path=/b"], None, {"/a", "/b"}),
        (["-m", "/a", "-smp", "x,mem-path=/b", "-boot", "x,mem-path=/c"], None, set()),
    ],
)  # fmt: skip
def test_the_memory_paths_of_a_line_and_of_commands(
    options: list[str], qmp: Any, paths: set[str]
) -> None:
    assert memory_paths(options, qmp) == paths


def without(log: bytes, *words: bytes) -> bytes:
    """Return a log without the lines that have one of these words."""
    kept = [line for line in log.splitlines() if not any(word in line for word in words)]
    return b"\n".join(kept) + b"\n"


def test_a_qemu_without_libnuma_binds_nothing() -> None:
    """backends/hostmem.c: which libraries a QEMU has, its log shows as it loads them."""
    run = recording("v8", "path-new")
    assert b"libnuma.so" in run.log
    mbinds = sum(name_of(line) == b"mbind" for line in run.lines)
    assert mbinds == 1
    with_library = check(run, without(run.log, b" mbind("))
    neither = check(run, without(run.log, b" mbind(", b"libnuma.so"))
    no_library = check(run, without(run.log, b"libnuma.so"))
    assert with_library.not_in_log == ("mbind",)
    assert (neither.verdict, neither.not_in_log) == ("conforms", ())
    assert neither.matched == check(run, run.log).matched - 1
    assert no_library.verdict == "diverges"


def test_a_qemu_without_libpmem_refuses_pmem() -> None:
    """backends/hostmem-file.c: with pmem=on it ends, before any call on the file."""
    run = recording("v8-dax", "matrix-ext4dax-share_on-pmem_on-sync_on")
    assert b"libpmem.so" in run.log
    without_library = check(run, without(run.log, b"libpmem.so"))
    assert without_library.verdict == "diverges"
    assert "Lack of libpmem support" in without_library.divergences[0].because


def test_what_is_ignored_and_what_is_matched_are_all_calls_of_the_log() -> None:
    """Signals, ends of threads and resumed halves are no calls."""
    for title in ("path-new", "ramsize-2M", "qmp-set-merge-1"):
        run = recording("v8", title)
        verdict = check(run, run.log)
        calls = sum(b"(" in line and b"resumed>" not in line for line in run.lines)
        assert verdict.matched + verdict.ignored == calls
        assert verdict.lines == len(run.lines)
