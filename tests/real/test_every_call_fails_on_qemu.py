"""Every call fails once, in a real QEMU: strace makes it fail, and the model is held to it.

Compared are the calls, the messages, the replies, the exit status and the files.  The
sample is drawn with the commit (QEMU_MODEL_SEED); FAULTS_ON_QEMU asks for another number.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import attrs
import pytest
from conftest import Figure, needs, needs_program
from every_call import sampler, seed
from faults_on_qemu import LINES, Answer, Question, population, work
from sampling import WHOLE

#: How many faults a run injects.
SAMPLE = int(os.environ.get("FAULTS_ON_QEMU", "540" if WHOLE else "40"))
#: What a run must have injected to be called one.
ENOUGH = 500 if WHOLE else 30
#: Seconds after which no more questions are asked.
TIME = float(os.environ.get("FAULTS_ON_QEMU_SECONDS", "420"))
PROCESSES = int(os.environ.get("FAULTS_ON_QEMU_AT_ONCE", "2"))
HUGE_PAGES = Path("/proc/sys/vm/nr_hugepages")


@pytest.fixture(scope="module")
def qemu() -> str:
    """Return the path of a QEMU 7.2, with what its runs need."""
    needs_program("strace")
    needs(os.geteuid() == 0, "root, to mount file systems in a namespace of its own")
    program = needs_program("qemu-system-x86_64")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    needs("version 7.2" in version.stdout, "QEMU 7.2, the one whose words are known")
    return program


@pytest.fixture(scope="module", autouse=True)
def huge_pages() -> None:
    if int(HUGE_PAGES.read_text()) < 64 and os.geteuid() == 0:
        HUGE_PAGES.write_text("64")


@pytest.fixture(scope="module")
def others() -> ProcessPoolExecutor:
    """Return processes that each do one thing, since each leaves for mounts of its own."""
    return ProcessPoolExecutor(
        PROCESSES, multiprocessing.get_context("spawn"), max_tasks_per_child=1
    )


def sample(known: Sequence[Question], wanted: int, chosen: random.Random) -> list[Question]:
    """Return questions, each pair of call and errno among them as far as they reach."""
    shuffled = chosen.sample(known, len(known))
    kinds: dict[tuple[object, ...], Question] = {}
    for question in shuffled:
        kinds.setdefault(attrs.astuple(question)[1:2] + attrs.astuple(question)[3:], question)
    first = list(kinds.values())
    rest = [question for question in shuffled if question not in first]
    taken = [*first, *rest][:wanted]
    chosen.shuffle(taken)
    return taken


def test_with_any_call_failing_the_model_does_what_the_real_qemu_does(
    qemu: str, others: ProcessPoolExecutor, tmp_path: Path, figure: Figure
) -> None:
    began = time.monotonic()
    known = others.submit(population, qemu, tmp_path / "all").result()
    asked = sample(known, SAMPLE, sampler("faults on qemu"))
    until = began + TIME
    waiting = [
        others.submit(work, qemu, tmp_path / str(half), asked[half::PROCESSES], until)
        for half in range(PROCESSES)
    ]
    answers = [answer for done in waiting for answer in done.result()]
    injected = [answer for answer in answers if answer.asked]
    ends = Counter(answer.end for answer in injected)
    what = f"faults in QEMU 7.2, of {len(known)} that there are (sample {seed()})"
    figure(len(injected), what)
    for end, count in ends.items():
        figure(count, f"{what}: {end}")
    wrong = [told(answer) for answer in answers if answer.differences]
    assert wrong == []
    assert len(injected) >= min(ENOUGH, SAMPLE)


def told(answer: Answer) -> str:
    line = " ".join(LINES[answer.question.line].args)
    return "\n  ".join([f"{answer.question}: {line}", *answer.differences])
