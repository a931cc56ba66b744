"""The judge of traces: recorded runs conform, and whatever is broken in them is found."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_mutations import (
    OTHER_WAYS,
    Broken,
    altered,
    check,
    interspersed,
    judged_lines,
    name_of,
    rearranged,
    without_names_of_files,
)
from recordings import SETS, Recording, recording, recordings

from qemu_model.judge.unknown_names import known_names

RUNS = [(name, run) for name in SETS for run in recordings(name)]
WHOLE = [run for _, run in RUNS if run.only_path is None and not run.cut]
FILTERED = [run for _, run in RUNS if run.only_path is not None]
CUT = [run for _, run in RUNS if run.cut]


def title(run: Recording) -> str:
    return f"{run.revision}/{run.name}"


@functools.cache
def judged(place: int) -> list[int]:
    return judged_lines(WHOLE[place])[1]


OPENED_AS = re.compile(rb'openat\(AT_FDCWD[^,]*, "([^"]*)".* = \d+<([^>]*)>')


def to_break(place: int) -> bool:
    """Whether any broken call must be found.

    The release after object-del is optional; a descriptor that strace shows under another
    name than its path, a link's, is the backend's only while the log has its opening.  After
    a property that no tree knows was set, what differs is inconclusive.
    """
    commands = [command["execute"] for command in WHOLE[place].qmp]
    if "object-del" in commands or len(judged(place)) <= 1:
        return False
    changed = {command.get("arguments", {}).get("property") for command in WHOLE[place].qmp}
    if not changed - {None} <= known_names():
        return False
    lines = (WHOLE[place].lines[number - 1] for number in judged(place))
    opened = [found for line in lines if (found := OPENED_AS.search(line))]
    return all(found[2].startswith(found[1]) for found in opened)


#: One of them: found as it is drawn, for what collects the tests is not to judge every log.
WITH_CALLS = st.integers(0, len(WHOLE) - 1).filter(to_break)


def first_line(verdict: Any) -> int | None:
    return verdict.divergences[0].line if verdict.divergences else None


# Recordings as they are.


def test_every_recording_that_is_whole_conforms() -> None:
    """With the QMP commands that were sent, and without them."""
    found = [
        (title(run), qmp, verdict.verdict, verdict.reason, first_line(verdict))
        for run in WHOLE
        for qmp in (True, False)
        if (verdict := check(run, run.log, qmp=qmp)).verdict != "conforms"
    ]
    assert found == []


def test_a_run_that_makes_calls_has_matches() -> None:
    """Conforming is no empty word: a run that left a backend behind has its calls matched."""
    empty = [
        title(run)
        for run in WHOLE
        if run.exit == 0 and "-object" in run.args and "rng-random" not in " ".join(run.args)
        if not any(word.endswith("help") for word in run.args)
        if check(run, run.log).matched < 5
    ]
    assert empty == []


def test_a_log_filtered_by_path_conforms_in_what_is_in_it() -> None:
    """The options are given; a log without one call on the path proves nothing."""
    found = Counter()
    for run in FILTERED:
        verdict = check(run, run.log)
        silent = not run.log.strip()
        says_no_call = "model makes no call" in verdict.reason
        found[silent, verdict.verdict, verdict.matched > 0 or says_no_call] += 1
    assert set(found) == {
        (False, "conforms", True),
        (True, "conforms", True),
        (True, "inconclusive", False),
    }


def test_a_log_filtered_by_a_directory_does_not_show_the_file_in_it() -> None:
    """strace -P DIRECTORY, and QEMU 7.2 with mem-path=DIRECTORY, gave this log.

    In a log without that filter the file is demanded.
    """
    run = recording("v8", "fault-ext4-mmap1-EACCES")
    path = run.only_path
    assert path is not None
    opening = f'17766 openat(AT_FDCWD</>, "{path}", O_RDWR) = -1 EISDIR (Is a directory)\n'
    end = b"17766 +++ exited with 0 +++\n"
    verdict = check(run, opening.encode() + end)
    assert (verdict.verdict, verdict.matched) == ("inconclusive", 1)
    assert "open of a file in the directory" in verdict.not_in_log
    verdict = check(run, opening.encode() + b"17766 exit_group(0) = ?\n" + end)
    assert (verdict.verdict, first_line(verdict)) == ("diverges", 2)


def test_a_recording_that_was_cut_is_inconclusive() -> None:
    reasons = {check(run, run.log).reason for run in CUT}
    verdicts = {check(run, run.log).verdict for run in CUT}
    assert verdicts == {"inconclusive"}
    assert reasons == {"the log is cut short: it does not show how QEMU ended"}


def test_a_recording_of_one_tree_does_not_pass_for_another() -> None:
    """MAP_SYNC is asked for only from v8 on, and only where all three options are on."""
    run = recording("v8-dax", "matrix-ext4dax-share_on-pmem_on-sync_on")
    assert check(run, run.log, revision="v8").verdict == "conforms"
    assert check(run, run.log, revision="base").verdict == "diverges"
    assert check(run, run.log, revision="v8/3").verdict == "diverges"


# Broken in one place.


def assert_found(run: Recording, broken: Broken) -> None:
    verdict = check(run, broken.log)
    assert (broken.what, "diverges", broken.line) == (
        broken.what,
        verdict.verdict,
        first_line(verdict),
    )


def breakages(run: Recording, lines: list[int]) -> list[Broken]:
    found = []
    for generate in (altered, rearranged, interspersed):
        found.extend(generate(run.lines, lines))
    return found


@given(st.data())
@settings(max_examples=250)
def test_one_thing_broken_is_found_on_its_line(data: st.DataObject) -> None:
    """A flag, a size, a mode, an address; a call missing, there twice, too many, swapped."""
    place = data.draw(WITH_CALLS, label="recording")
    run = WHOLE[place]
    lines = judged(place)
    number = data.draw(st.integers(0, len(lines) - 1), label="which judged line")
    generate = data.draw(st.sampled_from([altered, rearranged, interspersed]))
    window = lines[: number + 1] if generate is interspersed else lines[number : number + 2]
    candidates = [
        broken
        for broken in generate(run.lines, window if generate is not interspersed else lines)
        if lines[number] <= broken.line <= lines[number] + 1
    ]
    if candidates:
        assert_found(run, data.draw(st.sampled_from(candidates)))


def test_the_release_of_a_block_may_be_missing_and_may_not_be_wrong() -> None:
    """The RCU thread makes it after object-del: any time or never, but not otherwise."""
    run = recording("v8", "qmp-props-add-sync")
    lines = run.lines
    mapped = next(line for line in lines if b"MAP_SHARED|MAP_FIXED" in line)
    address = mapped.split(b"(")[1].split(b",")[0]
    size = int(mapped.split(b", ")[1])
    number = lines.index(mapped) + 8
    rcu = b"99 "
    release = [
        rcu + b"munmap(%s, %d) = 0" % (address, size + 4096),
        rcu + b"close(13</mnt/ext4/h.img>) = 0",
    ]

    def verdict_with(calls: list[bytes]) -> str:
        return check(run, b"\n".join([*lines[:number], *calls, *lines[number:]])).verdict

    assert verdict_with([]) == "conforms"
    assert verdict_with(release) == "conforms"
    assert verdict_with(release[::-1]) == "conforms"
    assert verdict_with(release[:1]) == "conforms"
    assert verdict_with([*release, release[0]]) == "diverges"
    assert verdict_with([rcu + b"munmap(%s, %d) = 0" % (address, size)]) == "diverges"
    assert verdict_with([rcu + b"madvise(%s, %d, MADV_REMOVE) = 0" % (address, size)]) == "diverges"


def test_without_a_call_that_occurs_nowhere_nothing_is_concluded() -> None:
    """A filter left it out, or QEMU did not make it: the verdict names it."""
    run = recording("v8", "ramsize-2M")
    for name in (b"mbind", b"munmap"):
        log = b"\n".join(line for line in run.lines if name_of(line) != name)
        verdict = check(run, log)
        assert (verdict.verdict, verdict.not_in_log) == ("inconclusive", (name.decode(),))


def test_without_commands_later_calls_are_told_as_not_judged() -> None:
    run = recording("v8", "qmp-set-merge-1")
    verdict = check(run, run.log, qmp=False)
    assert verdict.verdict == "conforms"
    assert [(call.call, call.why) for call in verdict.not_judged] == [
        ("madvise", "after start-up, and no QMP commands were given")
    ]
    assert check(run, run.log, qmp=True).not_judged == ()


#: strace -p of QEMU 7.2: merge=off, object-del, object-add of 4 KiB of RAM, quit.
ATTACHED: Final = b"""\
11453 madvise(0x7f9945c7c000, 4194304, MADV_UNMERGEABLE) = 0
11459 munmap(0x7f9945c7c000, 4198400)   = 0
11459 close(3</mnt/ext4/b.img>)         = 0
11459 madvise(0x7f98f8005000, 4096, MADV_DONTNEED) = 0
11453 mmap(NULL, 2101248, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f9945e7c000
11453 mmap(0x7f9946000000, 4096, PROT_READ|PROT_WRITE, \
MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x7f9946000000
11453 munmap(0x7f9945e7c000, 1589248)   = 0
11453 munmap(0x7f9946002000, 503808)    = 0
11453 madvise(0x7f9946000000, 4096, MADV_MERGEABLE) = 0
11453 madvise(0x7f9946000000, 4096, MADV_HUGEPAGE) = 0
11453 madvise(0x7f9946000000, 4096, MADV_DONTFORK) = 0
11453 madvise(0x7f9946000000, 4096, MADV_MERGEABLE) = 0
11453 close(10<anon_inode:[eventfd]>)   = 0
11453 exit_group(0)                     = ?
11459 +++ exited with 0 +++
"""


def test_a_log_of_a_running_qemu_is_judged_though_it_maps_new_memory() -> None:
    """The new block looks like start-up at first; no call of it may be missing or altered."""
    run = recording("v8", "path-new")
    ram = {"qom-type": "memory-backend-ram", "id": "r", "size": 4096}
    commands: list[dict[str, Any]] = [
        {"execute": "qmp_capabilities"},
        {
            "execute": "qom-set",
            "arguments": {"path": "/objects/m0", "property": "merge", "value": False},
        },
        {"execute": "object-del", "arguments": {"id": "m0"}},
        {"execute": "object-add", "arguments": ram},
        {"execute": "quit"},
    ]
    run = attrs.evolve(run, revision="v7.2", qmp=commands)
    options = [*run.machine, *run.args]
    whole = check(run, ATTACHED, qemu_options=options)
    assert (whole.verdict, whole.matched) == ("conforms", 11)
    lines = ATTACHED.splitlines(keepends=True)
    for place in (0, 4, 5, 6, 7, 8, 9, 10, 11):
        log = b"".join(lines[:place] + lines[place + 1 :])
        assert check(run, log, qemu_options=options).verdict == "diverges", lines[place]
        log = b"".join(
            [*lines[:place], lines[place].replace(b"4096", b"8192"), *lines[place + 1 :]]
        )
        if log != ATTACHED:
            assert check(run, log, qemu_options=options).verdict == "diverges", lines[place]
    assert check(run, ATTACHED, qmp=False, qemu_options=options).verdict == "inconclusive"


def test_conforming_without_a_match_says_that_there_is_nothing_to_match() -> None:
    run = recording("v8", "size-1X")
    verdict = check(run, run.log)
    assert (verdict.verdict, verdict.matched, verdict.reason) == (
        "conforms",
        0,
        "the model makes no call on a backend here either (qemu: -object memory-backend-file,"
        "id=m0,mem-path=/mnt/ext4/c.img,size=1X,share=on: Parameter 'size' expects a size value)",
    )


# The same log in other words.


@given(WITH_CALLS, st.sampled_from(OTHER_WAYS), st.data())
@settings(max_examples=120)
def test_the_way_strace_prints_does_not_matter(
    place: int, way: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    """Threads, times, names, languages, old and new: the same verdict on the same line."""
    run = WHOLE[place]
    assert check(run, way(run.log)).verdict == "conforms"
    broken = data.draw(st.sampled_from(list(rearranged(run.lines, judged(place)))))
    if way is without_names_of_files:
        # A descriptor that is closed twice, or used before it was opened, is known by its name.
        return
    verdict = check(run, way(broken.log))
    assert ("diverges", broken.line) == (verdict.verdict, first_line(verdict))


@given(WITH_CALLS, st.data())
@settings(max_examples=150)
def test_a_log_cut_anywhere_never_conforms(place: int, data: st.DataObject) -> None:
    """A part of a good log is no reason to find fault, and no proof."""
    run = WHOLE[place]
    end = run.log.find(b"exit_group(")
    if end < 0:
        end = run.log.find(b"--- SIGABRT")
    start = run.log.find(b"\n") + 1
    cut = data.draw(st.integers(start, run.log.rfind(b"\n", 0, end)))
    log = run.log[:cut]
    # Half a number is another number: only whole calls are left.
    log = log[: log.rfind(b"\n") + 1] if data.draw(st.booleans()) else log
    verdict = check(run, log)
    if run.exit == -6 and verdict.verdict == "conforms":
        return
    assert verdict.verdict == "inconclusive"


@given(st.integers(0, len(RUNS) - 1), st.data())
@settings(max_examples=300)
def test_no_input_makes_the_judge_fall_over(place: int, data: st.DataObject) -> None:
    """Any bytes in any place of a log: one of the three verdicts."""
    _, run = RUNS[place]
    log = bytearray(run.log)
    begin = max(0, len(log) - 5000)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(begin, len(log)))
        end = min(len(log), start + data.draw(st.integers(0, 12)))
        log[start:end] = data.draw(st.one_of(st.binary(max_size=12), NONSENSE))
    revision = data.draw(st.sampled_from([run.revision, "base", "v8", "v7.2"]))
    verdict = check(run, bytes(log), revision=revision, qmp=data.draw(st.booleans()))
    assert verdict.verdict in ("conforms", "diverges", "inconclusive")
    assert verdict.to_json()["verdict"] == verdict.verdict


@pytest.mark.parametrize("answer", [b"18446744073709551615", b"-9223372036854775808", b"9" * 20])
def test_an_answer_that_no_kernel_gives_is_no_reason_to_fall_over(answer: bytes) -> None:
    run = recording("v8", "memfd-hugetlbsize-1G")
    closing = b"close(10</memfd:memory-backend-memfd>(deleted)) = "
    assert closing in run.log
    for revision in ("v8", "v7.2"):
        log = run.log.replace(closing + b"0", closing + answer)
        assert log != run.log
        assert check(run, log, revision=revision).verdict in ("conforms", "diverges")


NONSENSE = st.sampled_from(
    [
        b"\n",
        b"NULL",
        b"-1",
        b"0x7fffffffffffffff",
        b"99999999999999999999999999",
        b"<unfinished ...>",
        b"<... mmap resumed>",
        b" = ?",
        b"= -1 EINTR (x)",
        b"PROT_NONE",
        b"1<<99",
        b'"',
        b"/*",
        b"<",
        b"[0xffffffffffffffff]",
        b"+++ killed by SIGABRT +++\n",
        b"--- SIGBUS {si_addr=0x1} ---\n",
        b"exit_group(1) = ?\n",
        b"openat(AT_FDCWD, ",
    ]
)
