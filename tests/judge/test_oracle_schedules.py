"""The judge and what else a QEMU does: other threads, and memory wherever the kernel puts it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from log_mutations import check
from log_schedules import MAIN, PAGE, PATH, schedule
from recordings import Recording, recording, recordings

from qemu_model.judge.verdict import Verdict

ADDRESS = re.compile(rb"0x(7[0-9a-f]{11})\b")
#: Some whole runs on DAX, of those whose calls do not depend on where the memory lies.
ANYWHERE = [run for run in recordings("v7.2-dax") if b"align=" not in run.log][::3]
SCHEDULES = 500
SEED = random.Random(os.environ.get("QEMU_MODEL_SEED", "0")).getrandbits(32)
PATH_OF = b"/mnt/dax/"


def moved(log: bytes, distance: int) -> bytes:
    """Return the log of the same run with all its memory elsewhere."""
    return ADDRESS.sub(lambda match: b"%#x" % (int(match[1], 16) + distance), log)


@pytest.mark.parametrize("run", ANYWHERE, ids=lambda run: run.name)
def test_a_log_conforms_wherever_the_kernel_put_the_memory(
    run: Recording, figure: Callable[[int, str], None]
) -> None:
    """Each place of a page within 2 MiB: libraries come to lie where blocks do, now and then."""
    places = range(512)
    found = Counter(check(run, moved(run.log, place * PAGE)).verdict for place in places)
    figure(len(places), "places of the memory of a recorded run")
    assert found == {"conforms": len(places)}


def judge_schedule(log: bytes) -> Verdict:
    """Judge the log of a schedule, whose QEMU was told to quit."""
    return check(recording("v7.2-dax", ANYWHERE[0].name), log)


def seeds() -> Iterator[int]:
    """Yield the same numbers as always, and as many of this commit."""
    yield from range(SCHEDULES)
    yield from range(SEED << 16, (SEED << 16) + SCHEDULES)


def test_a_log_conforms_whatever_other_threads_do_meanwhile(
    figure: Callable[[int, str], None],
) -> None:
    wrong = []
    for seed in seeds():
        verdict = judge_schedule(schedule(seed))
        if verdict.verdict != "conforms" or verdict.matched < 10:
            wrong.append((seed, verdict.verdict, verdict.reason, verdict.divergences[:1]))
    figure(2 * SCHEDULES, "schedules of QEMU's threads")
    assert wrong == []


def test_a_call_that_is_missing_shows_whatever_other_threads_do() -> None:
    """The judge is not merely patient: without one call of the backend's no schedule conforms."""
    passed = []
    for seed in range(200):
        lines = schedule(seed).splitlines(keepends=True)
        own = [
            place
            for place, line in enumerate(lines)
            if line.startswith(b"%d " % MAIN) and b"MADV_DONTFORK" in line
        ]
        kept = [line for place, line in enumerate(lines) if place not in own]
        if judge_schedule(b"".join(kept)).verdict != "diverges":
            passed.append(seed)
    assert passed == []


def test_schedules_have_in_them_what_they_are_for() -> None:
    """Others' calls between those of the backend, interrupted ones, memory given back in time."""
    seen: Counter[str] = Counter()
    for seed in range(100):
        lines = schedule(seed).decode().splitlines()
        made = [place for place, line in enumerate(lines) if PATH in line]
        between = lines[made[1] : made[-1]]
        seen["others between"] += any(not line.startswith(f"{MAIN} ") for line in between)
        seen["interrupted"] += any(line.endswith("<unfinished ...>") for line in between)
        seen["reclaimed"] += any(f"close(3<{PATH}>" in line for line in lines)
        seen["aligned"] += any("align=" in line for line in lines)
    assert min(seen.values()) > 20
    assert set(seen) == {"others between", "interrupted", "reclaimed", "aligned"}


@pytest.mark.parametrize("cut", [False, True])
def test_memory_that_reaches_into_a_freed_range_makes_it_new(cut: bool) -> None:
    """What is unmapped twice was mapped between, though that mapping begins below it."""
    lines = recording("v7.2-dax", ANYWHERE[0].name).log.splitlines()
    end = next(place for place, line in enumerate(lines) if b"exit_group(" in line)
    mapped = next(line for line in lines if b"MAP_FIXED, 3<" in line and PATH_OF in line)
    main, start = mapped.split()[0], int(ADDRESS.search(mapped)[1], 16)  # type: ignore[index]
    gone = b"%s munmap(%#x, 4198400) = 0" % (b"77", start)
    fresh = [b"77 mmap(NULL, 8388608, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)"]
    answer = b" = %#x" % (start - 4096)
    if cut:
        begun = fresh[0].removesuffix(b")") + b" <unfinished ...>"
        fresh = [begun, main + b" close(999) = -1 EBADF (Bad file descriptor)"]
        fresh += [b"77 <... mmap resumed>)" + answer]
    else:
        fresh = [fresh[0] + answer]
    for between, verdict in ((fresh, "conforms"), ([], "diverges")):
        log = b"\n".join([*lines[:end], gone, *between, gone, *lines[end:], b""])
        assert judge_schedule(log).verdict == verdict
