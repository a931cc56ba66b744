"""Do the tests notice a deliberate error?  Mutation testing of the mirror and of the judge.

``python tools/mutation.py [SET | MODULE]...`` takes mutants that cosmic-ray makes of the
sets (mirror, judge) or modules (physmem, alignment) that are named, all by default, in an order
drawn with QEMU_MODEL_SEED, and runs the tests that run the changed line, each until one fails.
``--most N`` stops after N mutants of each set, ``--seconds N`` after so much time for each.
Survivors are printed with the line before and after; exit status 1 if fewer than 94 % of a set
are killed.

First each mutant is tried in a fork of a process that has collected all tests: functions get the
mutant's code.  What that does not kill, and what is outside a function, is tried in a
process that imports the package with the mutant.  (mutmut calls its mutants by other function
names, and the model records by function name which call is made where; cosmic-ray's own runner
starts an interpreter for each and runs all tests.)
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import argparse
import functools
import gc
import hashlib
import importlib
import itertools
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs
import coverage
import pytest
from mutants import Mutant, mutants_of
from mutation_sets import CHECKOUT, OPTIONS, files_of, package_directory, tests_of
from mutation_tries import Collected, Mutated, few_examples, forked, replace_code

LIMIT = 94.0
#: How many seconds of tests, as they took without a mutant, are run on one that survives.
PATIENCE = 30.0
#: Fewer tests than this run a line so seldom that its result may be kept for others.
FEW = 5
CACHE = CHECKOUT / ".cache"


@attrs.define
class Known:
    """What the tests of a set do without a mutant: who runs which lines, in how many seconds.

    ``lines`` has tests by their place in ``seconds``; -1 is what a module does as it is read.
    """

    lines: dict[str, dict[str, list[int]]]
    seconds: dict[str, float]
    killed: Counter[str] = attrs.field(factory=Counter)

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run a mutant's statement, first what kills most for its time.

        What a module does as it is read, and what few run, as its result may be kept for
        others, is for all tests of the module, or for all.
        """
        lines, names = self.lines.get(str(mutant.file), {}), list(self.seconds)
        found = {test for line in mutant.statement() for test in lines.get(str(line), ())}
        if -1 in found or len(found) < FEW:
            found = {test for tests in lines.values() for test in tests}
        if len(found) < FEW:
            found = set(range(len(names)))
        worth = {
            name: (1 + self.killed[name]) / (0.02 + self.seconds[name])
            for name in (names[place] for place in found - {-1})
        }
        tests = sorted(worth, key=lambda name: (-worth[name], name))
        until = itertools.accumulate(self.seconds[test] for test in tests)
        return [test for test, sum_ in zip(tests, until, strict=True) if sum_ <= PATIENCE]


class Watched:
    """A pytest plugin: the tests run once, and note lines, seconds and failures."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.known = Known({}, {})
        self.failed: list[str] = []
        self.coverage = coverage.Coverage(
            data_file=None, include=[str(path) for path in files], config_file=False
        )

    def pytest_configure(self) -> None:
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        few_examples(item)
        self.coverage.switch_context(item.nodeid)
        begin = sum(os.times()[:4])
        result = yield
        self.known.seconds[item.nodeid] = sum(os.times()[:4]) - begin
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_unconfigure(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        places = {name: place for place, name in enumerate(self.known.seconds)}
        for file in data.measured_files():
            self.known.lines[file] = {
                str(line): [places.get(test, -1) for test in tests]
                for line, tests in data.contexts_by_lineno(file).items()
            }


def known_of(name: str, package: Path) -> Known:
    """Run a set's tests without a mutant, once for each state of the checkout.

    SystemExit if one fails.
    """
    state = hashlib.sha256(str(package).encode())
    for path in sorted([*package.rglob("*.py"), *(CHECKOUT / "tests").rglob("*.*")]):
        if path.is_file() and "__pycache__" not in path.parts:
            state.update(path.read_bytes())
    kept = CACHE / f"mutation-{name}-{state.hexdigest()[:16]}.json"

    def work(say: Callable[[object], None]) -> None:
        watched = Watched(files_of(package)[name])
        status = pytest.main([*tests_of(name), *OPTIONS], plugins=[watched])
        say([int(status), watched.failed, attrs.astuple(watched.known)[:2]])

    if not kept.exists():
        status, failed, found = next(forked(work))
        if status:
            raise SystemExit(f"without a mutant this fails: {failed or 'the collection'}")
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(found))
    return Known(*json.loads(kept.read_text()))


def killer_of(mutant: Mutant, known: Known, package: Path) -> str:
    """Run tests on a mutant that a fresh process imports; return what fails, or nothing."""

    def work(say: Callable[[object], None]) -> None:
        tests = known.of(mutant)
        sys.meta_path.insert(0, Mutated(mutant, package))
        collected = Collected(lambda it: it.run(tests, known.seconds))
        files = sorted({name.partition("::")[0] for name in tests})
        status = pytest.main([*files, *OPTIONS], plugins=[collected])
        say(collected.failed or ("" if status in (0, 5) else f"pytest ended with {status!r}"))

    return str(next(forked(work), "its end by a signal"))


def tried(
    mutants: Iterator[Mutant], known: Known, name: str, package: Path, until: float
) -> Iterator[tuple[Mutant, str]]:
    """Try mutants one after the other; give each with what killed it, or nothing.

    None is begun after the time ``until``, of ``time.monotonic()``.
    """

    def in_place(say: Callable[[object], None]) -> None:
        def each(collected: Collected) -> None:
            gc.freeze()
            for mutant in mutants:
                if time.monotonic() > until:
                    break
                killer = next(forked(functools.partial(one, mutant)), "its end by a signal")
                known.killed[killer] += 1
                say((mutant, killer))

        def one(mutant: Mutant, say: Callable[[object], None]) -> None:
            replaced = replace_code(mutant)
            say(collected.run(known.of(mutant), known.seconds) if replaced else "")

        collected = Collected(each)
        pytest.main([*tests_of(name), *OPTIONS], plugins=[collected])

    for mutant, killer in forked(in_place):
        known.killed[killer] += 1
        yield mutant, killer or killer_of(mutant, known, package)


def read_recordings() -> None:
    """Read what many tests read, once for all processes; it has nothing of the package."""
    sys.path.insert(0, str(CHECKOUT / "tests" / "support"))
    recordings = importlib.import_module("recordings")
    for path in (CHECKOUT / "tests" / "data" / "recordings").glob("*.tar.xz"):
        recordings.recordings(path.name.removesuffix(".tar.xz"))


def main() -> int:
    """Try the mutants that the command line asks for, and print what came of them."""
    parser = argparse.ArgumentParser(description="mutation testing of the mirror and the judge")
    parser.add_argument("what", nargs="*", help="sets or names of modules; all if none")
    parser.add_argument("--most", type=int, help="so many mutants of each set")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for each set")
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    package = package_directory()
    words = set(options.what)
    chosen = {
        name: [path for path in files if not words or words & {name, path.stem}]
        for name, files in files_of(package).items()
    }
    if not any(chosen.values()):
        parser.error(f"there is no set and no module {' or '.join(words)}")
    seed = os.environ.get("QEMU_MODEL_SEED", "0")
    read_recordings()
    good = True
    for name, files in chosen.items():
        if not files:
            continue
        mutants = [mutant for path in files for mutant in mutants_of(path)]
        random.Random(f"{seed}-{name}").shuffle(mutants)
        real = (mutant for mutant in mutants if mutant.changes_something())
        known = known_of(name, package)
        begin = time.monotonic()
        count = killed = 0
        some = itertools.islice(real, options.most)
        for mutant, killer in tried(some, known, name, package, begin + options.seconds):
            count += 1
            killed += bool(killer)
            if not killer:
                print(f"survived: {mutant.name} ({len(known.of(mutant))} tests)")
                print(*(f"    {line}" for line in mutant.difference()), sep="\n", flush=True)
        percent = 100 * killed / count if count else 100.0
        good = good and percent >= LIMIT
        print(
            f"{name}: {killed} of {count} mutants killed ({percent:.1f} %), of {len(mutants)};"
            f" {time.monotonic() - begin:.0f} s, seed {seed}",
            flush=True,
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
