"""The judge and what else a QEMU does: other threads, and memory wherever the kernel puts it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Callable

import pytest
from log_mutations import check
from recordings import Recording, recording, recordings

ADDRESS = re.compile(rb"0x(7[0-9a-f]{11})\b")
#: Some whole runs on DAX, of those whose calls do not depend on where the memory lies.
ANYWHERE = [run for run in recordings("v7.2-dax") if b"align=" not in run.log][::3]
PAGE = 4096
SCHEDULES = 50
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


CALL = re.compile(rb"(\d+) +(\w+)\((.*)\)( += .*)")
#: What a QEMU without a backend calls, in a thread of its own and at other addresses.
OTHERS = [
    b"77 " + moved(line, -(1 << 36)).partition(b" ")[2].lstrip()
    for line in recording("base", "object-non-backend").lines
    if CALL.fullmatch(line) and b"execve(" not in line and b"exit" not in line
]


def schedule(run: Recording, chance: random.Random) -> bytes:
    """Return the log of a run beside a thread that calls too, now and then within a call."""
    others = iter(chance.choice((OTHERS, OTHERS[len(OTHERS) // 2 :])))
    opened = next(place for place, line in enumerate(run.lines) if PATH_OF in line)
    first = opened - chance.randrange(8)
    lines = run.lines[:first]
    for line in run.lines[first:]:
        call = CALL.fullmatch(line)
        other = next(others, None) if chance.random() < 0.7 else None
        if call and other and chance.random() < 0.5:
            thread, name, begin, end = call.groups()
            lines.append(b"%s %s(%s <unfinished ...>" % (thread, name, begin))
            line = b"%s <... %s resumed>)%s" % (thread, name, end)
        lines += [line] if other is None else [other, line]
    return b"\n".join(lines) + b"\n"


@pytest.mark.parametrize("run", ANYWHERE, ids=lambda run: run.name)
def test_a_log_conforms_whatever_another_thread_does_meanwhile(
    run: Recording, figure: Callable[[int, str], None]
) -> None:
    chance = random.Random(f"{os.environ.get('QEMU_MODEL_SEED', '0')} {run.name}")
    alone = check(run, run.log).matched
    for _ in range(SCHEDULES):
        log = schedule(run, chance)
        beside = check(run, log)
        assert (beside.verdict, beside.matched) == ("conforms", alone), log.decode()
        # The judge is not merely patient: without one call of the backend's it does not conform.
        lines = log.splitlines(keepends=True)
        left = [line for line in lines if line.startswith(b"77 ") or b"MADV_DONTFORK" not in line]
        if alone and len(left) < len(lines):
            assert check(run, b"".join(left)).verdict == "diverges"
    figure(SCHEDULES, "schedules of QEMU's threads")


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
        assert check(recording("v7.2-dax", ANYWHERE[0].name), log).verdict == verdict
