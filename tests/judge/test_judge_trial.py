"""A whole log judged: the verdict, its reason, and what is told of its lines."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from recordings import recording
from small_logs import EXIT, FILE_OPTIONS, HEAD, MAP, RESERVE, log_of, verdict_on
from small_logs import RAM_OPTIONS as OPTIONS

from qemu_model.judge.judge import judge, shows_start_up
from qemu_model.judge.trace_set import read_trace_set
from qemu_model.revision import find

AT = "0x7f0000200000, 4194304"
MERGE = f"1 madvise({AT}, MADV_MERGEABLE) = 0"
RAM = [
    RESERVE,
    MAP,
    HEAD,
    MERGE,
    f"1 madvise({AT}, MADV_HUGEPAGE) = 0",
    f"1 madvise({AT}, MADV_DONTFORK) = 0",
    MERGE,
    f"1 mbind({AT}, MPOL_DEFAULT, NULL, 1, MPOL_MF_STRICT|MPOL_MF_MOVE) = 0",
]
UNMERGE = f"1 madvise({AT}, MADV_UNMERGEABLE) = 0"
OTHER_THREAD = "2 futex(0x7f0000000000, FUTEX_WAKE_PRIVATE, 1) = 0"
CUT = "the log is cut short: it does not show how QEMU ended"
DEL: dict[str, Any] = {"execute": "object-del", "arguments": {"id": "m0"}}
QUIT: dict[str, Any] = {"execute": "quit"}


def started(*options: str) -> str:
    """Return the line that strace prints when QEMU is run."""
    words = ", ".join(f'"{word}"' for word in ("qemu-system-x86_64", *options))
    return f'1 execve("/bin/qemu-system-x86_64", [{words}], 0x7ffd /* 20 vars */) = 0'


def set_merge(value: bool) -> dict[str, Any]:
    arguments = {"path": "/objects/m0", "property": "merge", "value": value}
    return {"execute": "qom-set", "arguments": arguments}


def said(*lines: str, **options: Any) -> tuple[str, int, str]:
    """Return the verdict, how many calls matched, and the reason."""
    verdict = verdict_on(*lines, **options)
    return verdict.verdict, verdict.matched, verdict.reason


def told(*lines: str, **options: Any) -> list[tuple[str, int | None, str]]:
    """Return kind, line and reason of each divergence."""
    found = verdict_on(*lines, **options).divergences
    return [(one.kind, one.line, one.because) for one in found]


def test_a_log_that_is_as_it_should_be_conforms_and_counts_its_calls() -> None:
    notes: list[tuple[int, str]] = []
    lines = [started(*OPTIONS), OTHER_THREAD, *RAM, OTHER_THREAD, EXIT]
    verdict = verdict_on(*lines, on_line=lambda line, text: notes.append((line, text)))
    assert (verdict.verdict, verdict.matched, verdict.ignored, verdict.lines) == (
        "conforms",
        8,
        4,
        12,
    )
    assert (verdict.reason, verdict.divergences, verdict.not_judged, verdict.not_in_log) == (
        "",
        (),
        (),
        (),
    )
    assert (verdict.revision, verdict.machine, verdict.status) == ("v8", "none", 0)
    assert [line for line, _ in notes] == list(range(3, 11))
    assert notes[0][1] == "matches the model: util/mmap-alloc.c:qemu_ram_mmap"
    assert said(*RAM, EXIT, options=OPTIONS) == ("conforms", 8, "")
    later = verdict_on(OTHER_THREAD, OTHER_THREAD, OTHER_THREAD, started(*OPTIONS), *RAM, EXIT)
    assert (later.ignored, later.lines) == (5, 13)


def test_a_log_without_its_end_is_cut_short() -> None:
    """interface.md: a log without exit_group is inconclusive: cut short."""
    lines = [started(*OPTIONS), *RAM]
    assert said(*lines) == ("inconclusive", 8, CUT)
    assert said(*lines, "1 +++ exited with 0 +++") == ("conforms", 8, "")
    assert said(*lines, "1 +++ killed by SIGKILL +++") == ("conforms", 8, "")
    assert said(*lines[:5]) == ("inconclusive", 4, CUT)
    assert said(*lines[:5], "1 +++ killed by SIGTERM +++") == ("inconclusive", 4, CUT)
    assert said(*lines[:5], EXIT)[:2] == ("diverges", 4)
    assert said(*RAM[:4], options=OPTIONS) == ("inconclusive", 4, CUT)
    assert verdict_on(lines[0]).lines == 1
    altered = lines[5].replace("HUGEPAGE", "NOHUGEPAGE")
    assert said(*lines[:5], altered, lines[6]) == ("diverges", 5, "")
    without = verdict_on(*lines[:-1], EXIT)
    assert (without.verdict, without.not_in_log) == ("inconclusive", ("mbind",))
    documented = verdict_on(*lines[:-1], EXIT, traced=read_trace_set("documented"))
    assert [(one.kind, one.line) for one in documented.divergences] == [("missing", 9)]
    unlogged = verdict_on(*lines[:-1], EXIT, traced=read_trace_set("!mbind"))
    assert (unlogged.verdict, unlogged.not_in_log) == ("conforms", ("mbind",))


def test_an_end_that_the_model_has_not() -> None:
    lines = [started(*OPTIONS), *RAM]
    for signal in ("SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"):
        crash = f"1 +++ killed by {signal} +++"
        unexplained = (
            f"QEMU was killed by {signal}, and the log does not show why "
            "(--stderr takes what QEMU printed)"
        )
        assert said(*lines, crash, qmp=[]) == ("inconclusive", 8, unexplained)
        assert said(*lines, crash) == ("conforms", 8, ""), "it may be by what came later"
        assert said(*lines, crash, qmp=[QUIT]) == ("inconclusive", 8, unexplained)
    for status in (1, 2):
        assert said(*lines, f"1 exit_group({status}) = ?") == (
            "inconclusive",
            8,
            f"QEMU ended with status {status}, and the log does not show why "
            "(--stderr takes what QEMU printed)",
        )


def test_a_qemu_that_fails_early_is_not_accused_of_the_calls_it_had_no_time_for() -> None:
    """As -cpu nope, -drive file=/nonexistent and a program that the loader cannot start do."""
    lines = [started(*OPTIONS), *RAM]
    documented = read_trace_set("documented")
    for place in (1, 3, 4, 8):
        for end in ("1 exit_group(1) = ?", "1 exit_group(127) = ?", "1 +++ exited with 1 +++"):
            for traced in (None, documented):
                found = verdict_on(*lines[:place], end, traced=traced)
                begun = place > 1 and "127" not in end and traced is not None
                expected = "diverges" if begun else "inconclusive"
                assert found.verdict == expected, "only memory fails between two calls on a block"
    reason = said(lines[0], "1 exit_group(1) = ?", traced=read_trace_set("all"))[2]
    assert reason == (
        "QEMU ended with status 1, and the log does not show why (--stderr takes what QEMU "
        "printed), before mmap, which util/mmap-alloc.c:qemu_ram_mmap calls"
    )
    assert said(*lines[:5], EXIT)[0] == "diverges", "with status 0 it had the time"
    unmatched = [started(*OPTIONS, "-numa", "node,memdev=zz"), *RAM[:-1], "1 exit_group(1) = ?"]
    (missing,) = verdict_on(*unmatched, traced=read_trace_set("all")).divergences
    assert (missing.kind, missing.line) == ("missing", 9), "the model's QEMU fails here too, later"
    first = unmatched[0]
    assert said(first, "1 exit_group(1) = ?", traced=documented)[0] == "inconclusive"
    assert said(first, "1 +++ killed by SIGABRT +++", traced=documented)[0] == "inconclusive"


def test_a_line_that_is_refused_is_no_proof_where_something_else_may_have_failed_first() -> None:
    zero = ("-M", "none", "-object", "memory-backend-ram,id=m0,size=0")
    ends = "1 exit_group(1) = ?"
    for rival in (("-drive", "file=/x"), ("-chardev", "socket,path=/s,id=c"), ("-cpu", "nope")):
        reason = said(started(*rival, *zero), ends)
        assert reason[0] == "inconclusive"
        assert reason[2].endswith(f"; it may have been {rival[0]}")
    for harmless in (("-serial", "none"), ("-accel", "tcg"), ("-device", "nvdimm,memdev=m0")):
        assert said(started(*harmless, *zero), ends)[0] == "conforms"
    assert said(started(*zero), "1 exit_group(127) = ?")[0] == "inconclusive"
    other = ("qemu: -drive file=/x: Could not open '/x': No such file or directory",)
    assert said(started(*zero), ends, stderr=other)[0] == "inconclusive"


def test_a_killed_qemu_need_not_have_populated_all_of_its_memory() -> None:
    """SIGTERM, SIGINT and SIGKILL, sent to real QEMUs while their threads preallocated."""
    options = (*OPTIONS[:-1], f"{OPTIONS[-1]},prealloc=on,prealloc-threads=4")
    probe = "1 madvise(0x7f0000200000, 4096, MADV_POPULATE_WRITE) = 0"
    lines = [started(*options), *RAM[:-1], probe]
    parts = [
        "7 madvise(0x7f0000300000, 1048576, MADV_POPULATE_WRITE) = ?",
        "7 +++ killed by SIGTERM +++",
        "8 madvise(0x7f0000400000, 1048576, MADV_POPULATE_WRITE) = ?",
    ]
    killed = [*lines, *parts, "8 +++ killed by SIGTERM +++", "1 +++ killed by SIGTERM +++"]
    assert said(*killed, tree="qemu-10.0", traced=read_trace_set("all"))[0] == "conforms"
    assert said(*lines, *parts[::2], tree="qemu-10.0") == ("inconclusive", 10, CUT)
    assert said(*lines, *parts[::2], EXIT, tree="qemu-10.0")[0] == "diverges"


def test_a_status_that_is_another_does_not_conform() -> None:
    lines = [started(*OPTIONS), *RAM]
    refused = [started("-M", "none", "-object", "memory-backend-ram,id=m0,size=4M,nodes=1")]
    merged = [*lines, UNMERGE]
    quits = [set_merge(False), QUIT]
    assert said(*merged, EXIT, qmp=quits)[0] == "conforms"
    assert said(*merged, "1 exit_group(1) = ?", qmp=quits)[0] == "diverges"
    assert said(*lines, "1 exit_group(1) = ?", qmp=[QUIT])[0] == "inconclusive"
    assert said(*lines, "1 exit_group(1) = ?", qmp=[QUIT], stderr=())[0] == "diverges"
    assert said(*refused, "1 exit_group(3) = ?")[0] == "inconclusive"
    assert told(*lines, EXIT, "1 +++ exited with 1 +++") == [
        ("altered", 11, "QEMU called exit_group(0)")
    ]


def test_a_message_on_a_block_of_the_machine_is_no_backends() -> None:
    lines = [started(*OPTIONS), *RAM, "1 exit_group(1) = ?"]
    for block, expected in (("pc.rom", "inconclusive"), ("m0", "diverges"), ("pc.ram", "diverges")):
        line = f"qemu: cannot set up guest memory '{block}': No such device"
        assert said(*lines, stderr=(line,))[0] == expected


def test_with_stderr_messages_are_judged_and_foreign_ones_are_the_reason() -> None:
    lines = [started(*OPTIONS), *RAM]
    nope = ("qemu-system-x86_64: unable to find CPU model 'nope'",)
    early = verdict_on(*lines[:3], "1 exit_group(1) = ?", stderr=nope)
    assert early.verdict == "inconclusive"
    assert early.reason.startswith(
        "QEMU ended with status 1, for a reason that is not a memory backend's "
        "(qemu: unable to find CPU model 'nope'), before "
    )
    assert said(*lines, EXIT, stderr=("warning: something else",))[0] == "conforms"
    wrong = "cannot set up guest memory 'm0': Cannot allocate memory"
    line = f"qemu: -object memory-backend-ram,id=m0,size=4M: {wrong}"
    assert told(*lines, EXIT, stderr=(line,)) == [
        ("message", None, f"QEMU prints '{line}', which the model does not")
    ]
    zero = ("-M", "none", "-object", "memory-backend-ram,id=m0,size=0")
    refused = [started(*zero), "1 exit_group(1) = ?"]
    message = "property 'size' of memory-backend-ram doesn't take value '0'"
    printed = f"/opt/qemu-system-x86_64: -object memory-backend-ram,id=m0,size=0: {message}"
    assert said(*refused, stderr=(printed,))[0] == "conforms"
    ((kind, _, because),) = told(*refused, stderr=())
    assert (kind, because.startswith("QEMU does not print 'qemu: -object ")) == ("message", True)


def test_where_the_model_gives_up_qemu_does() -> None:
    options = ("-M", "none", "-object", "memory-backend-ram,id=m0,size=0")
    assert said(started(*options), "1 exit_group(1) = ?") == (
        "conforms",
        0,
        "the model makes no call on a backend here either (qemu: -object memory-backend-ram,id=m0,"
        "size=0: property 'size' of memory-backend-ram doesn't take value '0')",
    )
    wrong = told(started(*options), EXIT)
    assert [(kind, line) for kind, line, _ in wrong] == [("altered", 2)]
    assert wrong[0][2].startswith("QEMU exits with 1 here: qemu: -object ")
    extra = told(started(*options), *RAM, "1 exit_group(1) = ?")
    assert [(kind, line) for kind, line, _ in extra[:1]] == [("extra", 2)]
    assert extra[0][2].startswith("QEMU has given up by now: qemu: -object ")


def test_where_the_model_aborts_qemu_is_killed() -> None:
    """Reading host-nodes while it is empty trips an assertion of 3.1's."""
    run = recording("v8", "qmp-setram-host-nodes-1")
    lines = run.log.decode().splitlines()
    end = next(place for place, line in enumerate(lines) if "SIGABRT" in line)
    assert said(*lines, qmp=run.qmp)[0] == "conforms"
    assert said(*lines[:end], qmp=run.qmp)[0] == "conforms", "interface.md: it ends in an abort"
    exits = told(*lines[:end], lines[0].split()[0] + " exit_group(0) = ?", qmp=run.qmp)
    assert [kind for kind, _, _ in exits] == ["altered"]
    assert exits[0][2].startswith("QEMU is killed here: qemu: ")
    block = next(line for line in lines if "4194304, MADV_HUGEPAGE" in line)
    extra = told(*lines[:end], block, *lines[end:], qmp=run.qmp)
    assert [(kind, line) for kind, line, _ in extra] == [("extra", end + 1)]
    assert extra[0][2].startswith("QEMU has been killed by now: qemu: ")


def test_the_rule_of_a_call_is_by_the_call_before_it() -> None:
    """The unused parts before and after the block are unmapped."""
    larger = RESERVE.replace("0x7f0000001000", "0x7f00001ff000")
    head = "1 munmap(0x7f00001ff000, 4096) = 0"
    tail = "1 munmap(0x7f0000601000, 2088960) = 0"
    lines = [started(*OPTIONS), larger, MAP, head, tail, *RAM[3:], EXIT]
    assert said(*lines) == ("conforms", 9, "")
    for place, rule in (
        (3, "the part before the aligned address is unmapped"),
        (4, "one PROT_NONE page stays after the block as a guard; the rest is unmapped"),
    ):
        wrong = list(lines)
        wrong[place] = wrong[place].replace("0) =", "8) =").replace("6) =", "5) =")
        assert told(*wrong) == [("altered", place + 1, rule)]


def test_calls_after_the_models_last_one() -> None:
    lines = [started(*OPTIONS), *RAM]
    later = verdict_on(*lines, UNMERGE, EXIT)
    why = "after start-up, and no QMP commands were given"
    assert [(one.line, one.call, one.why) for one in later.not_judged] == [(10, "madvise", why)]
    assert (later.verdict, later.not_judged_count, later.ignored) == ("conforms", 1, 2)
    given = verdict_on(*lines, UNMERGE, EXIT, qmp=[])
    assert [one.why for one in given.not_judged] == ["after the last QMP command"]
    asked = verdict_on(*lines, UNMERGE, EXIT, qmp=[set_merge(False)])
    assert (asked.verdict, asked.matched, asked.not_judged) == ("conforms", 9, ())
    notes: list[tuple[int, str]] = []
    verdict_on(*lines, UNMERGE, EXIT, on_line=lambda line, text: notes.append((line, text)))
    assert notes[-1] == (10, f"not judged: {why}")
    again = told(*lines, RAM[4], EXIT)
    assert again == [("extra", 10, "nothing after the backend is made leads to this call")]
    leaving = told(*lines, UNMERGE, EXIT, qmp=[QUIT])
    assert leaving == [
        ("extra", 10, "QEMU is on its way out by now, and makes no more calls on a backend")
    ]


def test_a_thousand_calls_that_are_not_judged_are_told_and_all_are_counted() -> None:
    lines = [started(*OPTIONS), *RAM]
    later = verdict_on(*lines, *[UNMERGE, MERGE] * 501, EXIT)
    assert (len(later.not_judged), later.not_judged_count) == (1000, 1002)


def test_on_its_way_out_qemu_may_reclaim_a_block_and_need_not() -> None:
    lines = [started(*OPTIONS), *RAM]
    unmap = "2 munmap(0x7f0000200000, 4198400) = 0"
    assert said(*lines, EXIT, qmp=[QUIT]) == ("conforms", 8, "")
    assert said(*lines, unmap, EXIT, qmp=[QUIT]) == ("conforms", 9, "")
    assert said(*lines, unmap, EXIT, qmp=[DEL, QUIT]) == ("conforms", 9, "")
    assert said(*lines, unmap, unmap, EXIT, qmp=[DEL, QUIT])[0] == "diverges"


ROUND = [
    '1 openat(AT_FDCWD, "/a", O_RDWR) = -1 ENOENT (No such file or directory)',
    '1 openat(AT_FDCWD, "/a", O_RDWR|O_CREAT|O_EXCL, 0644) = -1 EEXIST (File exists)',
]


def test_a_loop_without_an_end_conforms_as_long_as_it_goes_round() -> None:
    """exec.c: a symbolic link to nothing is there and is not, in turn, for ever."""
    lines = [started(*FILE_OPTIONS), *ROUND * 30]
    for end in ("1 +++ killed by SIGKILL +++", "1 +++ killed by SIGTERM +++"):
        assert said(*lines, end) == ("conforms", 60, "")
    assert said(*lines) == ("inconclusive", 60, CUT)
    assert said(*lines, ROUND[0]) == ("inconclusive", 61, CUT)
    opened = '1 openat(AT_FDCWD, "/a", O_RDONLY) = 3'
    assert told(*lines, opened, EXIT) == [("extra", 62, "QEMU never leaves file_ram_open here")]
    assert verdict_on(*lines, opened, EXIT).divergences[0].by == "exec.c:file_ram_open"


def test_the_last_line_that_qemu_prints_is_why_it_ends() -> None:
    lines = [
        started(*FILE_OPTIONS),
        ROUND[0],
        '1 openat(AT_FDCWD, "/a", O_RDWR|O_CREAT|O_EXCL, 0644) = 3',
        "1 lseek(3, 0, SEEK_END) = 0",
        "1 fstatfs(3, {f_type=EXT2_SUPER_MAGIC, f_bsize=4096}) = 0",
        "1 ftruncate(3, 4194304) = -1 EINVAL (Invalid argument)",
        "1 mmap(NULL, 4198400, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000",
        "1 mmap(0x7f0000001000, 4194304, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, 3, 0)"
        " = -1 ENODEV (No such device)",
        "1 munmap(0x7f0000001000, 4198400) = 0",
        '1 unlink("/a") = 0',
        "1 close(3) = 0",
    ]
    assert said(*lines, "1 exit_group(1) = ?") == ("conforms", 10, "")
    ((kind, line, why),) = told(*lines, EXIT)
    assert (kind, line) == ("altered", 12)
    assert why.startswith("QEMU exits with 1 here: qemu: -object ")
    assert why.endswith("unable to map backing store for guest RAM: No such device")


def test_no_fewer_than_no_calls_are_ignored() -> None:
    """The end by a signal is told, and is not a call."""
    verdict = verdict_on(*RAM, "1 +++ killed by SIGABRT +++", options=OPTIONS, qmp=[])
    assert (verdict.verdict, verdict.diverged, verdict.ignored) == ("inconclusive", 0, 0)


def test_paths_are_those_of_the_commands_too() -> None:
    add = {
        "execute": "object-add",
        "arguments": {
            "qom-type": "memory-backend-file",
            "id": "m1",
            "props": {"mem-path": "/b", "size": 4 << 20},
        },
    }
    failed = '1 openat(AT_FDCWD, "/b", O_RDWR) = -1 EACCES (Permission denied)'
    lines = [started("-M", "none"), failed, EXIT]
    assert said(*lines, qmp=[add, QUIT]) == ("conforms", 1, "")
    wrong = said(lines[0], failed.replace("O_RDWR", "O_RDWR|O_CLOEXEC"), EXIT, qmp=[add, QUIT])
    assert wrong[0] == "diverges"


def test_the_thread_is_the_one_that_ran_qemu() -> None:
    """Another thread's end is not QEMU's."""
    lines = [started(*OPTIONS), *RAM[:4], "2 +++ exited with 0 +++", *RAM[4:], EXIT]
    assert said(*lines) == ("conforms", 8, "")
    begun = [started(*OPTIONS).replace("1 execve", "7 execve"), "1 +++ exited with 0 +++"]
    assert said(*begun, *RAM, "1 +++ exited with 0 +++") == ("conforms", 8, ""), "it makes calls"
    assert said(*begun, *RAM, "7 +++ exited with 0 +++") == ("inconclusive", 8, CUT)


def test_commands_that_the_model_does_not_know_are_left_out_and_named() -> None:
    lines = [started(*OPTIONS), *RAM]
    unknown = [{"execute": "migrate"}, {"execute": "screendump"}, {"execute": "migrate"}]
    left_out = "QMP commands that the model does not know were left out: migrate, screendump"
    assert said(*lines, EXIT, qmp=[*unknown, QUIT]) == ("conforms", 8, left_out)
    assert said(*lines, RAM[4], EXIT, qmp=[*unknown, QUIT]) == ("inconclusive", 8, left_out)
    assert said(*lines, EXIT, qmp=[unknown[1]]) == (
        "conforms",
        8,
        left_out.replace("migrate, ", ""),
    )


@pytest.mark.parametrize("word", ["-readconfig", "--readconfig"])
def test_what_a_file_of_options_asks_for_may_be_why_a_log_diverges(word: str) -> None:
    unknown = "what the file of -readconfig asks for is not known"
    lines = [started(*OPTIONS, word, "f"), *RAM]
    assert said(*lines, EXIT) == ("conforms", 8, "")
    assert said(*lines, RAM[4], EXIT) == ("inconclusive", 0, unknown)
    assert said(started("-M", "none", word, "f"), EXIT) == ("inconclusive", 0, unknown)


def test_the_name_of_the_program_is_no_option() -> None:
    line = started(*OPTIONS).replace('["qemu-system-x86_64"', '["-strange"')
    assert said(line, *RAM, EXIT) == ("conforms", 8, "")


def test_options_that_are_given_are_those_and_not_the_logs() -> None:
    lines = [started("-M", "none"), *RAM, EXIT]
    assert said(*lines, options=OPTIONS) == ("conforms", 8, "")
    assert said(*lines, qmp=[QUIT])[:2] == ("diverges", 0)
    later = verdict_on(*lines)
    assert (later.verdict, later.matched, later.not_judged_count) == ("conforms", 0, 8)
    other = [started(*OPTIONS), *RAM, EXIT]
    assert said(*other, options=("-M", "none"), qmp=[QUIT])[0] == "diverges"


def test_an_option_that_the_model_does_not_know_is_no_verdict() -> None:
    lines = [started(*OPTIONS, "-strange"), *RAM]
    unknown = "the model does not know '-strange': qemu: -strange: invalid option"
    assert said(*lines, EXIT) == ("inconclusive", 0, unknown)
    assert said(*lines, "1 exit_group(1) = ?") == ("inconclusive", 0, unknown), "calls were made"
    refused = said(started(*OPTIONS, "-strange"), "1 exit_group(1) = ?")
    none = "the model makes no call on a backend here either (qemu: -strange: invalid option)"
    assert refused == ("conforms", 0, none)
    assert said(lines[0], EXIT) == ("inconclusive", 0, unknown)


def test_a_log_that_says_nothing_says_why() -> None:
    empty = "the log is empty: it has no call"
    assert (
        said() == said(options=OPTIONS) == said("", options=OPTIONS) == ("inconclusive", 0, empty)
    )
    assert said(*RAM) == (
        "inconclusive",
        0,
        "the log has no execve line: give QEMU's options after --",
    )
    cut = started(*OPTIONS).replace('size=4M"', 'si"...')
    assert said("strace: attached", cut, *RAM) == (
        "inconclusive",
        0,
        "the execve line, line 2, is cut short: record with -s 4096, "
        "or give QEMU's options after --",
    )


@pytest.mark.parametrize("size", [5, 1024, 3 << 20])
def test_an_answer_that_no_kernel_gives_is_a_reason_for_no_verdict(size: int) -> None:
    lines = [
        started(*FILE_OPTIONS),
        '1 openat(AT_FDCWD, "/a", O_RDWR) = 3',
        "1 lseek(3, 0, SEEK_END) = 4194304",
        f"1 fstatfs(3, {{f_type=HUGETLBFS_MAGIC, f_bsize={size}}}) = 0",
        OTHER_THREAD,
        EXIT,
    ]
    verdict = verdict_on(*lines)
    assert (verdict.verdict, verdict.matched, verdict.lines) == ("inconclusive", 3, 6)
    assert verdict.reason == f"fstatfs answers that a huge page has {size} bytes: none has"
    lines[2] = lines[2].replace("END", "SET")
    assert said(*lines)[0] == "diverges", "what was found before is found"


# Logs without the beginning, and filtered ones.


def test_a_log_that_begins_after_start_up_is_judged_in_its_commands() -> None:
    commands = [set_merge(False), set_merge(True)]
    lines = [OTHER_THREAD, UNMERGE, MERGE, EXIT]
    assert said(*lines, options=OPTIONS, qmp=commands) == ("conforms", 2, "")
    assert said(*lines[1:], options=OPTIONS, qmp=commands)[1] == 2
    assert said(*lines, options=OPTIONS) == (
        "inconclusive",
        0,
        "the log begins after start-up: nothing in it was judged",
    )
    wrong = said(OTHER_THREAD, MERGE, UNMERGE, EXIT, options=OPTIONS, qmp=commands)
    assert wrong[0] != "conforms"


def test_what_shows_how_qemu_started() -> None:
    """How it was loaded, or how it opened a path; anonymous memory alone does not."""
    anonymous = "1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000"
    libc = '1 openat(AT_FDCWD, "/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY|O_CLOEXEC) = 3'
    for lines, paths, shows in (
        ([anonymous], (), False),
        ([anonymous, libc], (), True),
        (["1 close(3) = 0"], (), True),
        ([anonymous, '1 openat(AT_FDCWD, "/a", O_RDWR) = 3'], ("/a",), True),
        ([anonymous, '1 open("/a", O_RDWR) = 3'], ("/a",), True),
        ([anonymous, '1 openat(AT_FDCWD, "/a", O_RDWR) = 3'], ("/b", "/a"), True),
        ([anonymous, '1 openat(AT_FDCWD, "/a", O_RDWR) = 3'], ("/b",), False),
        ([anonymous, '1 openat(AT_FDCWD, "/a", O_RDWR) = 3'], (), False),
        ([anonymous, '1 openat(AT_FDCWD, "/axb", O_RDWR) = 3'], ("/a.b",), False),
        ([anonymous, '1 unlink("/a") = 0'], ("/a",), False),
    ):
        with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
            assert shows_start_up(log, paths) == shows, (lines, paths)


def test_a_log_without_anonymous_memory_execve_and_exit_is_filtered_by_path() -> None:
    opened = '1 openat(AT_FDCWD, "/a", O_RDWR) = 3'
    statfs = "1 fstatfs(3, {f_type=EXT2_SUPER_MAGIC, f_bsize=4096}) = 0"
    size = "1 lseek(3, 0, SEEK_END) = 4194304"
    mapped = (
        "1 mmap(0x7f0000200000, 4194304, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, 3, 0)"
        " = 0x7f0000200000"
    )
    whole = [opened, size, statfs, mapped]
    verdict = verdict_on(*whole, options=FILE_OPTIONS)
    assert (verdict.verdict, verdict.matched, verdict.reason) == ("conforms", 4, "")
    assert verdict.not_in_log == ("madvise", "mbind", "mmap of anonymous memory")
    assert said("2 lseek(9, 0, SEEK_CUR) = 0", opened, options=FILE_OPTIONS) == (
        "inconclusive",
        1,
        "the log ends before lseek, which exec.c:get_file_size calls",
    )
    assert (
        said(opened, "1 lseek(3, 0, SEEK_SET) = 0", statfs, mapped, options=FILE_OPTIONS)[0]
        == "diverges"
    )
    for other in (
        "1 exit_group(0) = ?",
        "1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000",
    ):
        assert (
            said("2 lseek(9, 0, SEEK_CUR) = 0", opened, other, options=FILE_OPTIONS)[0]
            != "conforms"
        )
    cut = "1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000"
    assert said("2 lseek(9, 0, SEEK_CUR) = 0", cut, opened, options=FILE_OPTIONS)[2] == CUT


def test_in_a_log_filtered_by_path_the_file_may_be_there_only_once_it_was_made() -> None:
    """strace -P knows a path only once there is a file: the first opening is not in the log."""
    made = '1 openat(AT_FDCWD, "/a", O_RDWR|O_CREAT|O_EXCL, 0644) = 3'
    rest = [
        "1 lseek(3</a>, 0, SEEK_END) = 0",
        "1 fstatfs(3</a>, {f_type=EXT2_SUPER_MAGIC, f_bsize=4096}) = 0",
        "1 ftruncate(3</a>, 4194304) = 0",
        "1 mmap(0x7f0000001000, 4194304, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, 3</a>, 0) = "
        "0x7f0000001000",
    ]
    verdict = verdict_on(made, *rest, options=FILE_OPTIONS)
    assert (verdict.verdict, verdict.matched) == ("conforms", 5)
    assert "the first open" in verdict.not_in_log
    assert verdict_on(made, options=FILE_OPTIONS).verdict == "inconclusive"
    before = '1 openat(AT_FDCWD, "/zz", O_RDONLY) = 3'
    assert verdict_on(before, made, options=FILE_OPTIONS).verdict == "diverges"
    assert verdict_on(made, EXIT, options=FILE_OPTIONS).verdict == "diverges"


def test_libraries_matter_only_where_the_log_shows_how_qemu_was_loaded() -> None:
    libc = '1 openat(AT_FDCWD, "/lib/libc.so.6", O_RDONLY|O_CLOEXEC) = 3'
    libnuma = '1 openat(AT_FDCWD, "/lib/libnuma.so.1", O_RDONLY|O_CLOEXEC) = 3'
    lines = [started(*OPTIONS), libc, libnuma, *RAM, EXIT]
    assert said(*lines) == ("conforms", 8, "")
    assert said(*lines[:2], *lines[3:])[0] == "diverges"
    assert said(lines[0], *RAM, EXIT) == ("conforms", 8, "")
    assert said(libc, *RAM, EXIT, options=OPTIONS)[:2] == ("conforms", 8), "whose libc is it?"


def test_without_a_machine_it_is_qemus_own() -> None:
    """interface.md: in check without -machine it is pc."""
    assert verdict_on(started("-S"), EXIT).machine == "pc"
    assert verdict_on(started("-M", "q35"), EXIT).machine == "q35"


def test_threads_populate_a_block_together_whatever_number_the_log_shows() -> None:
    """How many CPUs the host had is not in a log; how QEMU splits a range is known."""
    ram = "memory-backend-ram,id=m0,size=4M,prealloc=on,prealloc-threads=4"
    line = ("-M", "none", "-object", ram)
    probe = f"1 madvise({AT[:14]}, 4096, MADV_POPULATE_WRITE) = 0"

    def judged(*parts: tuple[int, int, int]) -> str:
        populated = [
            f"{pid} madvise({0x7F0000200000 + start:#x}, {length}, MADV_POPULATE_WRITE) = 0"
            for pid, start, length in parts
        ]
        ends = [f"{pid} +++ exited with 0 +++" for pid, _, _ in parts]
        lines = [started(*line), *RAM[:-1], probe, *populated[:1], *ends[:1], *populated[1:], EXIT]
        return verdict_on(*lines, tree="qemu-7.2").verdict

    half, page = 2 << 20, 4096
    assert judged((2, 0, 2 * half)) == "conforms"
    assert judged((2, 0, half), (3, half, half)) == "conforms"
    assert judged((3, half, half), (2, 0, half)) == "conforms"
    third = 342 * page
    sizes = (third, third - page, third - page)
    starts = (0, sizes[0], sizes[0] + sizes[1])
    assert judged(*zip((2, 3, 4), starts, sizes, strict=True)) == "conforms"
    assert judged((2, 0, half), (2, half, half)) == "diverges", "one thread makes one call"
    assert judged((2, 0, half), (3, half, half - page)) == "diverges"
    assert judged((2, 0, half - page), (3, half - page, half + page)) == "diverges"


@pytest.mark.parametrize(
    ("release", "name"), [("qemu-11.1", "ram-share-on"), ("qemu-10.0", "rnd-n1-25")]
)
def test_shared_memory_and_memfds_named_after_the_block_are_the_backends(
    release: str, name: str
) -> None:
    one = recording(release, name)
    with log_of(one.log) as log:
        found = judge(log, find(release), qmp=one.qmp, stderr=one.stderr)
    assert (found.verdict, found.matched > 4) == ("conforms", True)


def test_a_message_with_a_word_changed_is_not_taken_for_another_failure() -> None:
    line = "-object memory-backend-ram,id=m0,size=0"
    message = f"qemu: {line}: property 'size' of memory-backend-ram doesn't take value '0'"
    refused = [started("-M", "none", *line.split(" ", 1)), "1 exit_group(1) = ?"]
    assert said(*refused, stderr=(message,))[0] == "conforms"
    changed = message.replace("doesn't take", "does take")
    assert said(*refused, stderr=(changed,))[0] == "diverges"
    stale = f"qemu: {line}: Could not open '/etc/qemu/qemu.conf': Permission denied"
    assert said(*refused, stderr=(stale,))[0] == "inconclusive"
