"""Do the tests notice a deliberate error?  Mutation testing of the mirror and of the judge.

``python tools/mutation.py [SET | MODULE]...`` takes mutants that cosmic-ray makes of the
sets (mirror, judge) or modules (physmem, judge/log) that are named, all by default, in an order
drawn with QEMU_MODEL_SEED, and runs the tests that run the changed line, each until one fails.
``--most N`` stops after N mutants of each set, ``--seconds N`` after so much time for each,
``--changed COMMIT`` takes only files that changed since.  Survivors are printed with the line
before and after; exit status 1 if fewer than 94 % of a set are killed.

Every mutant is tried in a forked process that has not imported the package yet.  (mutmut calls
its mutants by other function names, and the model records by function name which call is made
where; cosmic-ray's own runner starts an interpreter for each and runs all tests.)
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import argparse
import collections
import functools
import importlib
import importlib.abc
import importlib.machinery
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType

import attrs
import coverage
import pytest
from hypothesis import Phase, settings
from mutants import Mutant, mutants_of
from mutation_sets import CHECKOUT, OPTIONS, files_of, package_directory, tests_of

LIMIT = 94.0
#: How many examples a property gets on each mutant.
EXAMPLES = 25
#: A mutant whose tests take so many times longer than without it, and so many seconds, is endless.
TIMES, SECONDS = 20, 60


class Mutated(importlib.abc.MetaPathFinder):
    """Finds one module with the text of a mutant."""

    def __init__(self, mutant: Mutant, package: Path) -> None:
        inside = mutant.file.relative_to(package.parent).with_suffix("")
        self.name, self.mutant = ".".join(inside.parts), mutant

    def find_spec(
        self, fullname: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        text = self.mutant.text

        class Loader(importlib.machinery.SourceFileLoader):
            def get_code(self, name: str) -> CodeType:
                return compile(text, self.get_filename(name), "exec", dont_inherit=True)

        where = str(self.mutant.file)
        return importlib.machinery.ModuleSpec(fullname, Loader(fullname, where), origin=where)


@attrs.define
class Known:
    """What the tests of a set do without a mutant: who runs which lines, in how many seconds."""

    lines: dict[str, dict[int, list[str]]] = attrs.field(factory=dict)
    seconds: dict[str, float] = attrs.field(factory=dict)
    killed: collections.Counter[str] = attrs.field(factory=collections.Counter)

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run a mutant's statement, first what kills most for its time.

        What a module does as it is read is run by all of its tests.
        """
        lines = self.lines.get(str(mutant.file), {})
        found = {test for line in mutant.statement() for test in lines.get(line, ())}
        if "" in found or not found:
            found = {test for tests in lines.values() for test in tests}
        worth = {
            name: (1 + self.killed[name]) / (0.02 + self.seconds[name]) for name in found - {""}
        }
        return sorted(worth, key=lambda name: (-worth[name], name))


class Watched:
    """A pytest plugin: the tests run once, and note lines, seconds and failures."""

    def __init__(self, package: Path) -> None:
        self.known = Known()
        self.failed: list[str] = []
        self.coverage = coverage.Coverage(
            data_file=None, include=[f"{package}/*"], config_file=False
        )

    def pytest_configure(self) -> None:
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        few_examples(item)
        self.coverage.switch_context(item.nodeid)
        begin = time.perf_counter()
        result = yield
        self.known.seconds[item.nodeid] = time.perf_counter() - begin
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_unconfigure(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        self.known.lines = {file: data.contexts_by_lineno(file) for file in data.measured_files()}


class InOrder:
    """A pytest plugin: only these tests run, in this order, and the first that fails is noted."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.place = {name: place for place, name in enumerate(tests)}
        self.failed = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self.place]
        items.sort(key=lambda item: self.place[item.nodeid])
        for item in items:
            few_examples(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid


def few_examples(item: pytest.Item) -> None:
    """Give a property the same few examples in every run, and look for no smaller ones."""
    function = getattr(item, "obj", None)
    if hasattr(function, "hypothesis"):
        declared = function._hypothesis_internal_use_settings
        function._hypothesis_internal_use_settings = settings(
            declared,
            max_examples=min(declared.max_examples, EXAMPLES),
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
        )


def child(work: Callable[[], object], answer: Path, log: Path) -> int:
    """Fork a silent process that writes what ``work()`` returns; return its number."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setpgid(0, 0)
        with log.open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        # If a mutant takes all memory the kernel is to end this process and no other.
        Path("/proc/self/oom_score_adj").write_text("1000")
        answer.write_text(json.dumps(work()))
    finally:
        os._exit(0)


def known_of(name: str, package: Path, directory: Path) -> Known:
    """Run a set's tests without a mutant; SystemExit with the log if one fails."""

    def work() -> object:
        watched = Watched(package)
        status = pytest.main([*tests_of(name), *OPTIONS], plugins=[watched])
        known = watched.known
        return [int(status), watched.failed, known.lines, known.seconds]

    answer, log = directory / f"known-{name}", directory / "log"
    os.waitpid(child(work, answer, log), 0)
    status, failed, lines, seconds = json.loads(answer.read_text()) if answer.exists() else [1] * 4
    if status:
        raise SystemExit(f"without a mutant this fails: {failed}\n{log.read_text()[-2000:]}")
    by_number = {
        file: {int(number): tests for number, tests in found.items()}
        for file, found in lines.items()
    }
    return Known(by_number, seconds)


def first_failing(mutant: Mutant, tests: Sequence[str], package: Path, seconds: float) -> str:
    """Run tests on a mutant, in a process of its own; return the first that fails, or nothing."""

    def too_long(_number: int, _frame: object) -> None:
        # Once as Ctrl-C, so that what tests set up is taken down; then the kernel ends it.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds, 10)
    sys.meta_path.insert(0, Mutated(mutant, package))
    plugin = InOrder(tests)
    files = sorted({name.partition("::")[0] for name in tests})
    status = pytest.main(["-x", *files, *OPTIONS], plugins=[plugin])
    return plugin.failed or ("" if status in (0, 5) else f"pytest ended with {status!r}")


def tried(
    mutants: Iterator[Mutant], known: Known, package: Path, jobs: int, until: float
) -> Iterator[tuple[Mutant, str]]:
    """Try mutants side by side; give each with the test that killed it, or nothing."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        running: dict[int, tuple[Mutant, Path]] = {}
        while True:
            while len(running) < jobs and time.monotonic() < until:
                mutant = next(mutants, None)
                if mutant is None:
                    until = 0
                    break
                tests = known.of(mutant)
                limit = max(SECONDS, TIMES * sum(known.seconds[test] for test in tests))
                work = functools.partial(first_failing, mutant, tests, package, limit)
                answer = Path(name, f"{len(running)}-{time.monotonic_ns()}")
                running[child(work, answer, Path(name, "log"))] = mutant, answer
            if not running:
                return
            pid, _status = os.wait()
            mutant, answer = running.pop(pid)
            killer = json.loads(answer.read_text()) if answer.exists() else "its end by a signal"
            known.killed[killer] += 1
            yield mutant, killer


def chosen_files(package: Path, words: Sequence[str]) -> dict[str, list[Path]]:
    """Return the files of the sets and modules that are named, all for no name.

    Raises :class:`ValueError` with the words that name nothing.
    """

    def names(kind: str, path: Path) -> set[str]:
        return {kind, path.stem, str(path.relative_to(package).with_suffix(""))}

    sets = files_of(package)
    known = {name for kind, files in sets.items() for path in files for name in names(kind, path)}
    if unknown := [word for word in words if word not in known]:
        raise ValueError(f"there is no set and no module {', '.join(unknown)}")
    return {
        kind: [path for path in files if not words or names(kind, path) & set(words)]
        for kind, files in sets.items()
    }


def changed_since(commit: str, package: Path) -> set[Path]:
    """Return the files of the package that differ from a commit."""
    command = ["git", "-C", str(CHECKOUT), "diff", "--name-only", commit, "--", "qemu_model"]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {package.parent / line for line in found.splitlines()}


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
    parser.add_argument("--changed", metavar="COMMIT", help="only files changed since then")
    parser.add_argument("--most", type=int, help="so many mutants of each set")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for each set")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    package = package_directory()
    try:
        chosen = chosen_files(package, options.what)
    except ValueError as error:
        parser.error(str(error))
    if options.changed:
        changed = changed_since(options.changed, package)
        chosen = {
            name: [path for path in files if path in changed] for name, files in chosen.items()
        }
    seed = os.environ.get("QEMU_MODEL_SEED", "0")
    read_recordings()
    good = True
    directory = Path(tempfile.mkdtemp(prefix="mutation-"))
    for name, files in chosen.items():
        if not files:
            continue
        mutants = [mutant for path in files for mutant in mutants_of(path)]
        random.Random(f"{seed}-{name}").shuffle(mutants)
        real = (mutant for mutant in mutants if mutant.changes_something())
        known = known_of(name, package, directory)
        begin = time.monotonic()
        count = killed = 0
        for mutant, killer in tried(
            itertools.islice(real, options.most),
            known,
            package,
            options.jobs,
            begin + options.seconds,
        ):
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
    shutil.rmtree(directory)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
