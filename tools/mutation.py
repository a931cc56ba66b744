"""Do the tests notice when the code is wrong?  Mutation testing of the mirror and of the judge.

``python tools/mutation.py`` changes every module that mirrors QEMU, and every one
of the judge, in every way that cosmic-ray knows, one at a time, and runs the tests that
run the changed line.  A mutant is killed if one of them fails on it, passes without it
and fails on it again; a test that does not end fails.  Prints the number of mutants, of
killed ones and of survivors; exit status 1 if less than 95% of a set are killed.

Names of sets (mirror, judge) or of modules (physmem, judge/log) take those alone.
``--changed BASE`` takes the files changed since a commit.  ``--sample`` takes as many
as fit into its time, drawn with the environment's QEMU_MODEL_SEED, of which two thirds
are of files changed since the last release, or in the last twenty commits, as long as
there are any; a set without changed files gets half the time of one with them.  The
time counts from when a set's tests have run once without a mutant.

A sample fails if so few are killed, of a set or of its changed files, as are in one of
a thousand samples where 95% of all are killed.  Of fewer than fifty mutants it says that
they are too few to tell, and that this was not verified.

cosmic-ray makes the mutants.  Its own way to run them starts an interpreter and
collects all tests for each, which takes seconds; here that is done once, and each
mutant is tried in a forked process, which takes hundredths of a second.  (mutmut forks
too, but calls the mutants by other function names, and the model records by function
name which call is made where.)
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import argparse
import collections
import json
import math
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Container, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TextIO

import attrs
import pytest
from mutants import Change, Mutant, change_of, difference, mutants_of
from mutation_anew import first_failing, read_recordings
from mutation_children import quiet
from mutation_sets import (
    CHECKOUT,
    files_of,
    module_of,
    options_of_tests,
    package_directory,
    tests_of,
)
from mutation_tests import Answer, Collected, Failure, Known

LIMIT = 95.0
SAMPLE_SECONDS = 180
#: Fewer mutants than these decide nothing in a sample.
FEWEST = 50
#: How seldom a sample may fail where LIMIT percent of all mutants are killed.
SELDOM = 0.001
#: Without a release, what was changed in so many commits counts as changed.
RECENT_COMMITS = 20
HUGE_PAGES = Path("/proc/sys/vm/nr_hugepages")
#: What the tests of the recordings find free on this machine.
PAGES_NEEDED = 64


def git(*words: str) -> str:
    """Return what git prints about this checkout, nothing where it fails."""
    command = ["git", "-C", str(CHECKOUT), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def recent_base() -> str:
    """Return the commit since which a file counts as changed."""
    release = git("describe", "--tags", "--abbrev=0").strip()
    recent = git("rev-list", f"--max-count={RECENT_COMMITS + 1}", "HEAD").split()
    return release or (recent[-1] if recent else "HEAD")


def changed_since(base: str) -> set[str]:
    """Return the files of the package that differ from a commit, as from the package."""
    found = git("diff", "--name-only", base, "--", "qemu_model")
    return {line.removeprefix("qemu_model/") for line in found.splitlines()}


@attrs.define
class Count:
    """What came of the mutants of one set or file."""

    killed: int = 0
    survived: int = 0
    endless: int = 0

    def add(self, killed_by: Failure | None) -> None:
        """Count one mutant more."""
        if killed_by is None:
            self.survived += 1
        else:
            self.killed += 1
            self.endless += killed_by.endless

    @property
    def total(self) -> int:
        return self.killed + self.survived

    @property
    def percent(self) -> float:
        return 100 * self.killed / self.total if self.total else 100.0


class Worker:
    """One of the processes that try mutants."""

    def __init__(
        self,
        package: Path,
        tests: list[str],
        mutants: Sequence[Mutant],
        next_one: Any,
        seconds: float,
        writing: int,
        known: Known,
    ) -> None:
        self.package, self.tests, self.mutants, self.next_one = package, tests, mutants, next_one
        self.seconds, self.writing, self.known = seconds, writing, known
        self.options = options_of_tests()

    def work(self) -> None:
        tempfile.template = f"mutant-{os.getpid()}-"
        here, there = multiprocessing.Pipe()
        fresh = os.fork()
        if not fresh:
            here.close()
            quiet()
            self.answer_anew(there)
            os._exit(0)
        there.close()

        def elsewhere(
            mutant: Mutant, text: str, tests: Sequence[str], seconds: dict[str, float]
        ) -> Failure | None:
            here.send((mutant, text, tests, seconds))
            failure: Failure | None = here.recv()
            return failure

        modules = sorted({module_of(mutant.file, self.package) for mutant in self.mutants})
        collected = Collected(self.package, modules, self.taken(), self.tell, elsewhere, self.known)
        quiet()
        status = pytest.main([*self.tests, *self.options], plugins=[collected])
        here.close()
        os.waitpid(fresh, 0)
        if collected.error or not collected.lines:
            self.say({"error": collected.error[-2000:] or f"pytest ended with {status!r}"})

    def answer_anew(self, connection: Connection) -> None:
        read_recordings()
        while True:
            try:
                asked = connection.recv()
            except EOFError:
                return
            connection.send(first_failing(self.package, self.options, *asked))

    def taken(self) -> Iterator[tuple[Mutant, Change]]:
        """Give mutants that no other worker has taken, for so many seconds from now on."""
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            with self.next_one.get_lock():
                place = self.next_one.value
                self.next_one.value += 1
            if place >= len(self.mutants):
                return
            change = change_of(self.mutants[place])
            if change is not None:
                yield self.mutants[place], change

    def tell(self, mutant: Mutant, answer: Answer) -> None:
        self.say({"mutant": self.mutants.index(mutant), **attrs.asdict(answer)})

    def say(self, what: dict[str, Any]) -> None:
        # One at a time, so that lines are not mixed up however long they are.
        with self.next_one.get_lock(), open(self.writing, "w", closefd=False) as answers:
            print(json.dumps(what), file=answers)


def tried(
    package: Path,
    tests: list[str],
    mutants: Sequence[Mutant],
    jobs: int,
    seconds: float,
    progress: TextIO | None,
) -> Iterator[tuple[Mutant, Answer]]:
    """Try mutants in ``jobs`` processes for so many seconds, and give what came of each."""
    next_one = multiprocessing.Value("l", 0)
    reading, writing = os.pipe()
    pids = []
    directory = tempfile.TemporaryDirectory(prefix="mutation-")
    for number in range(jobs):
        pid = os.fork()
        if not pid:
            os.close(reading)
            known = Known(Path(directory.name), number, jobs)
            worker = Worker(package, tests, mutants, next_one, seconds, writing, known)
            try:
                worker.work()
            except BaseException:
                worker.say({"error": traceback.format_exc()[-2000:]})
            finally:
                os._exit(0)
        pids.append(pid)
    os.close(writing)
    done = 0
    try:
        with open(reading) as answers:
            for line in answers:
                told = json.loads(line)
                if "error" in told:
                    raise SystemExit(f"mutation.py: {told['error']}")
                done += 1
                if progress:
                    print(f"\r{done} of at most {len(mutants)} ", end="", file=progress, flush=True)
                mutant, failure = mutants[told.pop("mutant")], told.pop("killed_by")
                yield mutant, Answer(Failure(**failure) if failure else None, **told)
    except BaseException:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        raise
    finally:
        if progress:
            print("\r" + " " * 40 + "\r", end="", file=progress, flush=True)
        for pid in pids:
            os.waitpid(pid, 0)
        directory.cleanup()


def enough_huge_pages(jobs: int) -> int | None:
    """Let each worker have the huge pages its tests count on; return how many there were."""
    try:
        before = int(HUGE_PAGES.read_text())
        if before < PAGES_NEEDED * jobs:
            HUGE_PAGES.write_text(str(PAGES_NEEDED * jobs))
            return before
    except OSError:
        return None
    return None


def as_few_by_chance(count: Count) -> float:
    """Return how probable it is that no more are killed, where LIMIT percent of all are.

    That is a binomial distribution: each mutant of a sample survives by itself.
    """
    logarithms = [
        math.lgamma(count.total + 1)
        - math.lgamma(survived + 1)
        - math.lgamma(count.total - survived + 1)
        + survived * math.log(1 - LIMIT / 100)
        + (count.total - survived) * math.log(LIMIT / 100)
        for survived in range(count.survived, count.total + 1)
    ]
    return math.fsum(map(math.exp, logarithms))


def verdict(count: Count, *, sample: bool) -> str:
    """Return what is wrong with how many mutants are killed, nothing if that is enough."""
    if not sample:
        return "" if count.percent >= LIMIT else f"fewer than {LIMIT:.0f}% are killed"
    if count.total >= FEWEST and as_few_by_chance(count) < SELDOM:
        return f"fewer are killed than chance explains if {LIMIT:.0f}% of all are"
    return ""


def shares(seconds: float, sets: Iterable[Iterable[Path]], changed: Container[str]) -> list[float]:
    """Return the time of each set: of one without changed files half as much."""
    parts = [2 if any(str(path) in changed for path in files) else 1 for files in sets]
    return [seconds * part / sum(parts) for part in parts]


def drawn(mutants: Sequence[Mutant], first: Container[str], seed: str) -> list[Mutant]:
    """Return the mutants in an order drawn with ``seed``, two of three of files in ``first``."""
    mixed = list(mutants)
    random.Random(seed).shuffle(mixed)
    preferred = [mutant for mutant in mixed if mutant.file in first]
    rest = [mutant for mutant in mixed if mutant.file not in first]
    places = [(place, mutant) for place, mutant in enumerate(preferred)]
    places += [(2 * place + 1.5, mutant) for place, mutant in enumerate(rest)]
    return [mutant for _, mutant in sorted(places, key=lambda placed: placed[0])]


@attrs.define
class Tally:
    """What came of all mutants so far."""

    package: Path
    files: dict[str, Count] = attrs.field(factory=dict)
    sets: dict[str, Count] = attrs.field(factory=dict)
    changed: dict[str, Count] = attrs.field(factory=dict)
    unreliable: collections.Counter[str] = attrs.field(factory=collections.Counter)

    def relative(self, file: str | Path) -> str:
        return str(Path(file).relative_to(self.package))

    def add(self, name: str, mutant: Mutant, answer: Answer, *, changed: bool) -> None:
        """Count a mutant, and show it if it survived."""
        counts = [
            self.files.setdefault(self.relative(mutant.file), Count()),
            self.sets[name],
        ]
        if changed:
            counts.append(self.changed.setdefault(f"{name}, changed files", Count()))
        for count in counts:
            count.add(answer.killed_by)
        self.unreliable.update(answer.unreliable)
        if answer.killed_by is None:
            self.show(mutant, answer)

    def show(self, mutant: Mutant, answer: Answer) -> None:
        print(f"survived: {mutant.name} ({answer.tests} tests)")
        print(*(f"    {line}" for line in difference(mutant)), sep="\n", flush=True)

    def summary(self) -> None:
        print(f"{'':28} mutants  killed survived  killed of them")
        for counts in (dict(sorted(self.files.items())), self.changed, self.sets):
            for name, count in counts.items():
                print(
                    f"{name:28} {count.total:7} {count.killed:7} {count.survived:8} "
                    f"{count.percent:8.1f} %"
                )
        endless = sum(count.endless for count in self.sets.values())
        print(f"{endless} of the killed ones because a test did not end")
        for test, times in self.unreliable.items():
            print(f"unreliable, and so kills nothing: {test} ({times} times)")

    def decide(self, *, sample: bool) -> bool:
        """Say of each set, and of its changed files, whether enough is killed; whether all have."""
        good = True
        for name, count in {**self.sets, **self.changed}.items():
            if sample and count.total < FEWEST:
                print(f"{name}: not verified, {count.total} mutants are too few to tell")
            elif wrong := verdict(count, sample=sample):
                print(f"{name}: {wrong}")
                good = False
        return good


def interrupted(_number: int, _frame: object) -> None:
    """Let SIGTERM end the run as Ctrl-C does: with what came of it."""
    raise KeyboardInterrupt


def chosen_files(package: Path, words: Sequence[str]) -> dict[str, list[Path]]:
    """Return the files of the sets and modules that are named, all for no name.

    Raises :class:`ValueError` with the words that name nothing.
    """
    sets = files_of(package)

    def names(path: Path) -> set[str]:
        return {path.stem, str(path.relative_to(package).with_suffix(""))}

    known = {*sets, *(name for files in sets.values() for path in files for name in names(path))}
    unknown = [word for word in words if word not in known]
    if unknown:
        raise ValueError(f"there is no set and no module {', '.join(unknown)}")
    return {
        name: [path for path in files if not words or {name, *names(path)} & set(words)]
        for name, files in sets.items()
    }


def main() -> int:
    """Try the mutants that the command line asks for, and print what came of them."""
    parser = argparse.ArgumentParser(description="mutation testing of the mirror and the judge")
    parser.add_argument("what", nargs="*", help="sets or names of modules; all if none")
    parser.add_argument("--sample", action="store_true", help="as many as fit into the time")
    parser.add_argument("--changed", metavar="BASE", help="only files changed since this commit")
    parser.add_argument("--seconds", type=float, help="try mutants for so many seconds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    os.chdir(CHECKOUT)
    package = package_directory()
    seconds = options.seconds or (SAMPLE_SECONDS if options.sample else float("inf"))
    seed = os.environ.get("QEMU_MODEL_SEED", "0")
    began = time.monotonic()
    try:
        chosen = chosen_files(package, options.what)
    except ValueError as error:
        parser.error(str(error))
    base = options.changed or (recent_base() if options.sample else "")
    changed = {str(package / file) for file in changed_since(base)} if base else set()
    if options.changed:
        chosen = {
            name: [path for path in files if str(path) in changed] for name, files in chosen.items()
        }
    chosen = {name: files for name, files in chosen.items() if files}

    tally = Tally(package)
    progress = sys.stderr if sys.stderr.isatty() else None
    before = enough_huge_pages(options.jobs)
    ended = False
    signal.signal(signal.SIGTERM, interrupted)
    try:
        times = shares(seconds, chosen.values(), changed)
        for (name, paths), share in zip(chosen.items(), times, strict=True):
            every = [mutant for path in paths for mutant in mutants_of(path)]
            mutants = drawn(every, changed, f"{seed}-{name}")
            tally.sets[name] = Count()
            for mutant, answer in tried(
                package, tests_of(name), mutants, options.jobs, share, progress
            ):
                tally.add(name, mutant, answer, changed=mutant.file in changed)
    except KeyboardInterrupt:
        print("interrupted: this is what came of the mutants until then")
        ended = True
    finally:
        if before is not None:
            HUGE_PAGES.write_text(str(before))

    tally.summary()
    since = f", changed since {base[:8]}" if base else ""
    print(f"{time.monotonic() - began:.0f} s, seed {seed}{since}")
    if ended:
        return 130
    sample = options.sample or options.seconds is not None
    return 0 if tally.decide(sample=sample) else 1


if __name__ == "__main__":
    sys.exit(main())
