"""Do the tests notice when the code is wrong?  Mutation testing of the mirror and of the judge.

``python benchmarks/mutation.py`` changes every module that mirrors QEMU, and every one
of the judge, in every way that cosmic-ray knows, one at a time, and runs the tests that
run the changed line.  A mutant is killed if one of them fails.  Prints the number of
mutants, of killed ones and of survivors; exit status 1 if less than 95% are killed.

``--sample`` takes as many as fit into its time, drawn with the environment's
QEMU_MODEL_SEED; first those of files changed since the last commit.  ``--changed BASE``
takes those of files changed since a commit.  Names of sets (mirror, judge) or of
modules (exec, mmap_alloc) take those alone.

cosmic-ray makes the mutants.  Its own way to run them starts an interpreter and
collects all tests for each, which takes seconds; here that is done once, and each
mutant is tried in a forked process, which takes hundredths of a second.  (mutmut forks
too, but calls the mutants by other function names, and the model records by function
name which call is made where.)
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TextIO

import attrs
import pytest
from mutants import Change, Mutant, change_of, difference, mutants_of
from mutation_sets import TESTS, files_of, package_directory
from mutation_tests import Answer, Collected, Known, quiet, read_anew

HERE = Path(__file__).parent
ROOT = HERE.parent
SURVIVORS = HERE / "mutation_survivors.toml"
LIMIT = 95.0
SAMPLE_SECONDS = 330
HUGE_PAGES = Path("/proc/sys/vm/nr_hugepages")
#: What the tests of the recordings find free on this machine.
PAGES_NEEDED = 64


def changed_since(base: str) -> set[str]:
    """Return the files of the package that differ from a commit, as from the package."""
    words = ["git", "-C", str(ROOT), "diff", "--name-only", base, "--", "qemu_model"]
    found = subprocess.run(words, check=False, capture_output=True, text=True)
    return {line.removeprefix("qemu_model/") for line in found.stdout.splitlines()}


@attrs.define
class Count:
    """What came of the mutants of one set or file."""

    killed: int = 0
    survived: int = 0

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
        deadline: float,
        writing: int,
        known: Known,
    ) -> None:
        self.known = known
        self.package, self.mutants, self.next_one = package, mutants, next_one
        self.deadline, self.writing = deadline, writing
        # What is imported before pytest begins cannot be rewritten by it, and need not be.
        imported = "ignore::pytest.PytestAssertRewriteWarning"
        wanted = "not conform"
        self.arguments = [*tests, "-q", "-m", wanted, "-p", "no:cacheprovider", "-W", imported]

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

        def elsewhere(mutant: Mutant, text: str, tests: list[str], seconds: float) -> Answer:
            here.send((mutant, text, tests, seconds))
            answer: Answer = here.recv()
            return answer

        collected = Collected(self.package, self.taken(), self.tell, elsewhere, self.known)
        quiet()
        status = pytest.main(self.arguments, plugins=[collected])
        here.close()
        os.waitpid(fresh, 0)
        if collected.error or not collected.lines:
            self.say({"error": collected.error[-2000:] or f"pytest ended with {status!r}"})

    def answer_anew(self, connection: Connection) -> None:
        while True:
            try:
                asked = connection.recv()
            except EOFError:
                return
            connection.send(read_anew(self.package, self.arguments, *asked))

    def taken(self) -> Iterator[tuple[Mutant, Change]]:
        """Give mutants that no other worker has taken, while there is time."""
        while time.monotonic() < self.deadline:
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
        # Whole lines: what is written at once, and no more than a page, is not mixed up.
        os.write(self.writing, json.dumps(what).encode()[:4000] + b"\n")


def tried(
    package: Path,
    patterns: Sequence[str],
    mutants: Sequence[Mutant],
    jobs: int,
    seconds: float,
    progress: TextIO | None,
) -> Iterator[tuple[Mutant, Answer]]:
    """Try mutants in ``jobs`` processes for so many seconds, and give what came of each."""
    tests = [str(path) for pattern in patterns for path in sorted((ROOT / "tests").glob(pattern))]
    next_one = multiprocessing.Value("l", 0)
    reading, writing = os.pipe()
    deadline = time.monotonic() + seconds
    pids = []
    directory = tempfile.TemporaryDirectory(prefix="mutation-")
    for number in range(jobs):
        pid = os.fork()
        if not pid:
            os.close(reading)
            known = Known(Path(directory.name), finds_out=number == 0)
            worker = Worker(package, tests, mutants, next_one, deadline, writing, known)
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
                yield mutants[told.pop("mutant")], Answer(**told)
    finally:
        if progress:
            print("\r" + " " * 40 + "\r", end="", file=progress, flush=True)
        for pid in pids:
            os.waitpid(pid, 0)
        directory.cleanup()


def explanations() -> dict[tuple[str, str, str], str]:
    """Return why survivors survive, by file, the line before and the line after."""
    if not SURVIVORS.exists():
        return {}
    entries = tomllib.loads(SURVIVORS.read_text()).get("survivor", [])
    return {(one["file"], one["before"], one["after"]): one["why"] for one in entries}


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


def main() -> int:
    """Try the mutants that the command line asks for, and print what came of them."""
    parser = argparse.ArgumentParser(description="mutation testing of the mirror and the judge")
    parser.add_argument("what", nargs="*", help="mirror, judge, or names of modules; all if none")
    parser.add_argument("--sample", action="store_true", help="as many as fit into the time")
    parser.add_argument("--changed", metavar="BASE", help="only files changed since this commit")
    parser.add_argument("--seconds", type=float, help="stop after so many seconds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--survivors", type=Path, help="write the survivors here, as JSON lines")
    options = parser.parse_args()

    os.chdir(ROOT)
    package = package_directory()
    seconds = options.seconds or (SAMPLE_SECONDS if options.sample else float("inf"))
    seed = os.environ.get("QEMU_MODEL_SEED", "0")
    known = explanations()
    began = time.monotonic()

    sets = files_of(package)
    every = {path for files in sets.values() for path in files}
    unknown = [
        word for word in options.what if word not in sets and word not in {p.stem for p in every}
    ]
    if unknown:
        parser.error(f"there is no set and no module {', '.join(unknown)}")
    chosen = {
        name: [
            path
            for path in files
            if not options.what or name in options.what or path.stem in options.what
        ]
        for name, files in sets.items()
    }
    if options.changed is not None:
        changed = changed_since(options.changed)
        chosen = {
            name: [path for path in files if str(path.relative_to(package)) in changed]
            for name, files in chosen.items()
        }
    chosen = {name: files for name, files in chosen.items() if files}
    first = changed_since("HEAD~1") if options.sample else set()

    files: dict[str, Count] = {}
    totals: dict[str, Count] = {}
    unexplained = 0
    before = enough_huge_pages(options.jobs)
    written = options.survivors.open("w") if options.survivors else None
    try:
        for place, (name, paths) in enumerate(chosen.items()):
            mutants = [mutant for path in paths for mutant in mutants_of(path)]
            random.Random(f"{seed}-{name}").shuffle(mutants)
            mutants.sort(key=lambda one: str(Path(one.file).relative_to(package)) not in first)
            left = seconds - (time.monotonic() - began)
            share = left / (len(chosen) - place)
            progress = sys.stderr if sys.stderr.isatty() else None
            total = totals.setdefault(name, Count())
            for mutant, answer in tried(
                package, TESTS[name], mutants, options.jobs, share, progress
            ):
                count = files.setdefault(str(Path(mutant.file).relative_to(package)), Count())
                for one in (count, total):
                    if answer.killed_by is None:
                        one.survived += 1
                    else:
                        one.killed += 1
                if answer.killed_by is not None:
                    continue
                lines = difference(mutant)
                key = (
                    str(Path(mutant.file).relative_to(package)),
                    "\n".join(line[1:].strip() for line in lines if line[0] == "-"),
                    "\n".join(line[1:].strip() for line in lines if line[0] == "+"),
                )
                why = known.get(key, "")
                unexplained += not why
                print(
                    f"survived: {mutant.name} ({answer.tests} tests)" + (f": {why}" if why else "")
                )
                print(*(f"    {line}" for line in lines), sep="\n", flush=True)
                if written:
                    print(
                        json.dumps({"name": mutant.name, "key": key, "tests": answer.tests}),
                        file=written,
                        flush=True,
                    )
    finally:
        if before is not None:
            HUGE_PAGES.write_text(str(before))

    print(f"{'':28} mutants  killed survived  killed of them")
    for file, count in sorted(files.items()):
        print(
            f"{file:28} {count.total:7} {count.killed:7} {count.survived:8} {count.percent:8.1f} %"
        )
    for name, count in totals.items():
        print(
            f"{name:28} {count.total:7} {count.killed:7} {count.survived:8} {count.percent:8.1f} %"
        )
    took = time.monotonic() - began
    print(f"{unexplained} of the survivors are not explained; {took:.0f} s, seed {seed}")
    return 0 if all(count.percent >= LIMIT for count in totals.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
