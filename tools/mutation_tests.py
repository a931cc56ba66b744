"""The tests of a mutation run: collected once, then run on each mutant in a forked process.

:class:`Collected` has imported the package and collected the tests; a change within one
function is put into that function's object.  Any other change is tried by
:mod:`mutation_anew`, in a process that has not imported the package yet.

Nothing is ever written to the files of the package.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import collections
import functools
import gc
import importlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType

import attrs
import coverage
import pytest
from hypothesis import Phase, settings
from mutants import Change, Mutant, statement_lines
from mutation_children import (
    ENDLESS,
    FAILED,
    PASSED,
    clean_up,
    in_child,
    longest,
    no_longer_than,
)

#: How many examples a property gets on each mutant.
EXAMPLES = 25
#: What it takes to run a test that does nothing, in seconds.
OVERHEAD = 0.003
#: Where a module is read anew, so many tests are collected before the rest are.
SOON = 30


@attrs.frozen
class Failure:
    """A test that fails on a mutant; ``endless`` if it was ended because it took too long."""

    test: str
    endless: bool = False


@attrs.frozen
class Answer:
    """What the tests say of a mutant.

    ``killed_by`` is the test that fails on it, None if all of ``tests`` pass.
    ``unreliable`` are tests that failed on it, and on another try did not, or fail
    without a mutant as well: they kill nothing.
    """

    killed_by: Failure | None
    tests: int
    unreliable: tuple[str, ...] = ()


def with_few_examples(item: pytest.Item) -> None:
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


def confirmed(
    tests: Sequence[str],
    first_failing: Callable[[Sequence[str]], Failure | None],
    passes_without_mutant: Callable[[str], bool],
) -> Answer:
    """Find the first test that fails on the mutant twice, and passes without it in between."""
    left = list(tests)
    unreliable: list[str] = []
    while left:
        failure = first_failing(left)
        if failure is None:
            break
        test = failure.test
        if passes_without_mutant(test) and first_failing([test]) is not None:
            return Answer(failure, len(tests), tuple(unreliable))
        unreliable.append(test)
        left = left[left.index(test) + 1 :] if test in left else []
    return Answer(None, len(tests), tuple(unreliable))


class Reports:
    """A plugin that keeps which tests failed, and why."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed[report.nodeid] = report.longreprtext


Lines = dict[str, dict[int, list[str]]]


class Known:
    """What the processes find out about the tests without a mutant, a part each.

    That is which tests run which lines of which files, and the seconds each test takes.
    """

    def __init__(self, directory: Path, part: int, parts: int) -> None:
        self.directory, self.part, self.parts = directory, part, parts

    def own(self, items: Sequence[pytest.Item]) -> Sequence[pytest.Item]:
        """Return the tests that this process runs without a mutant."""
        return items[self.part :: self.parts]

    def tell(self, lines: Lines, seconds: dict[str, float], failed: dict[str, str]) -> None:
        """Tell the others, and this process too."""
        hidden = self.directory / f"{self.part}.new"
        hidden.write_text(json.dumps([lines, seconds, failed]))
        hidden.rename(self.directory / f"{self.part}.json")

    def wait(self) -> tuple[Lines, dict[str, float], dict[str, str]]:
        """Wait for what all found out: lines, seconds, and why tests fail without a mutant."""
        lines: Lines = {}
        seconds: dict[str, float] = {}
        failed: dict[str, str] = {}
        for part in range(self.parts):
            told = self.directory / f"{part}.json"
            while not told.exists():
                time.sleep(0.1)
            some, taken, why = json.loads(told.read_text())
            for file, found in some.items():
                by_number = lines.setdefault(file, {})
                for line, tests in found.items():
                    by_number.setdefault(int(line), []).extend(tests)
            seconds |= taken
            failed |= why
        return lines, seconds, failed


class Likely:
    """Which tests killed mutants of the same line and of the same file before."""

    def __init__(self) -> None:
        self.of_file: collections.Counter[tuple[str, str]] = collections.Counter()
        self.of_line: collections.Counter[tuple[str, int, str]] = collections.Counter()

    def note(self, mutant: Mutant, test: str) -> None:
        self.of_file[mutant.file, test] += 1
        self.of_line[mutant.file, mutant.first_line, test] += 1

    def kills(self, mutant: Mutant, test: str) -> float:
        """Return how many a test killed; one that killed none may yet, so it is not 0."""
        line = self.of_line[mutant.file, mutant.first_line, test]
        return 1 + self.of_file[mutant.file, test] + 20 * line


#: Answers for a change that is not within one function: the first of the tests that fails.
Elsewhere = Callable[[Mutant, str, Sequence[str], dict[str, float]], Failure | None]


class Collected:
    """A plugin that has the tests run on mutants, in place of running them.

    ``modules`` are those that have mutants, ``mutations`` gives the mutants, ``tell``
    takes the answers, ``elsewhere`` answers where a change is not within a function that
    is called by tests alone.
    """

    def __init__(
        self,
        package: Path,
        modules: Sequence[str],
        mutations: Iterator[tuple[Mutant, Change]],
        tell: Callable[[Mutant, Answer], None],
        elsewhere: Elsewhere,
        known: Known,
    ) -> None:
        self.mutations, self.tell, self.elsewhere = mutations, tell, elsewhere
        self.modules, self.known = modules, known
        self.reports = Reports()
        self.likely = Likely()
        self.error = ""
        self.lines: Lines = {}
        self.seconds: dict[str, float] = {}
        self.coverage = coverage.Coverage(
            data_file=None, branch=False, include=[f"{package}/*"], config_file=False
        )

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self.reports)
        self.coverage.start()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            with_few_examples(item)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed or not session.items:
            self.error = "the tests cannot be collected"
            return True
        self.items = {item.nodeid: item for item in session.items}
        self.last = {item.path: item for item in session.items}
        # A module that the first test reads would look as if that test alone ran it.
        for module in self.modules:
            importlib.import_module(module)
        self.run_without_mutant(self.known.own(session.items))
        self.lines, self.seconds, failed = self.known.wait()
        if failed:
            told = [f"{name}\n{why}" for name, why in failed.items()]
            self.error = "without a mutant this fails:\n" + "\n".join(told[:3])
            return True
        self.set_up(session.items)
        self.functions = functions_by_place()
        cache = functools._lru_cache_wrapper
        self.caches = [found for found in gc.get_objects() if isinstance(found, cache)]
        # What is never collected is never written to, and so is shared with the children.
        gc.freeze()
        for mutant, change in self.mutations:
            answer = self.answer(mutant, change)
            if answer.killed_by is not None:
                self.likely.note(mutant, answer.killed_by.test)
            self.tell(mutant, answer)
        return True

    def run_without_mutant(self, items: Sequence[pytest.Item]) -> None:
        """Run tests once, and note which lines each runs and how long it takes."""
        for item in items:
            self.coverage.switch_context(item.nodeid)
            before = time.process_time()
            self.run(item, None)
            self.seconds[item.nodeid] = time.process_time() - before
        self.coverage.stop()
        for name in list(self.reports.failed):
            # Another process may have had the huge pages, or the processor.
            del self.reports.failed[name]
            self.run(self.items[name], None)
        data = self.coverage.get_data()
        lines = {file: data.contexts_by_lineno(file) for file in data.measured_files()}
        self.known.tell(lines, self.seconds, self.reports.failed)

    def set_up(self, items: Sequence[pytest.Item]) -> None:
        """Have what all tests share set up, by the quickest test of each file."""
        by_time = sorted(items, key=lambda item: self.seconds[item.nodeid])
        for item in {item.path: item for item in reversed(by_time)}.values():
            self.run(item, None)
        # It passed before; a busy machine may have been in its way now.
        self.reports.failed.clear()

    def run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        """Run one test; what all tests share is not taken down after it."""
        if following is None:
            others = (other for path, other in self.last.items() if path != item.path)
            following = next(others, item)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

    def answer(self, mutant: Mutant, change: Change) -> Answer:
        """Run the tests that run the changed lines until one fails."""
        lines = self.lines.get(mutant.file, {})
        tests = {name for line in statement_lines(mutant) for name in lines.get(line, ())}
        functions = self.functions.get((mutant.file, *(change.place or (0, ""))))
        if functions is None or "" in tests:
            # What a module says as it is read can matter to tests that run none of its lines.
            near = {name for found in lines.values() for name in found} - {""}
            ordered = [
                *self.likely_first(near, mutant),
                *self.likely_first(set(self.seconds) - near, mutant),
            ]

            def first_failing(some: Sequence[str]) -> Failure | None:
                for part in (some[:SOON], some[SOON:]):
                    failure = self.elsewhere(mutant, change.text, part, self.seconds)
                    if failure is not None:
                        return failure
                return None

            return confirmed(
                ordered,
                first_failing,
                # A module that cannot be read is no test, nor is one without a mutant that has
                # its name from it.
                lambda test: test not in self.items or self.passes_without_mutant(test),
            )
        assert change.code is not None
        code = change.code
        return confirmed(
            self.likely_first(tests, mutant),
            lambda some: self.first_failing(some, functions, code),
            self.passes_without_mutant,
        )

    def likely_first(self, tests: set[str], mutant: Mutant) -> list[str]:
        """Return the tests in the order of how soon each may be expected to fail."""
        return sorted(
            tests,
            key=lambda name: (
                -self.likely.kills(mutant, name) / (self.seconds[name] + OVERHEAD),
                name,
            ),
        )

    def passes_without_mutant(self, test: str) -> bool:
        return self.first_failing([test], [], None) is None

    def first_failing(
        self, tests: Sequence[str], functions: list[FunctionType], code: CodeType | None
    ) -> Failure | None:
        reading, writing = os.pipe()

        def work() -> int:
            for found in self.caches:
                found.cache_clear()
            for function in functions:
                assert code is not None
                function.__code__ = code
            for name in tests:
                os.write(writing, b".")
                no_longer_than(longest(self.seconds[name]))
                self.run(self.items[name], None)
                if self.reports.failed:
                    return FAILED
            return PASSED

        result = in_child(work)
        os.close(writing)
        begun = 0
        while some := os.read(reading, 1 << 16):
            begun += len(some)
        os.close(reading)
        if result == PASSED:
            return None
        clean_up()
        return Failure(tests[max(begun - 1, 0)], result in ENDLESS)


def functions_by_place() -> dict[tuple[str, int, str], list[FunctionType]]:
    """Return all functions there are, by file, line and name."""
    found: dict[tuple[str, int, str], list[FunctionType]] = {}
    for function in gc.get_objects():
        if isinstance(function, FunctionType):
            code = function.__code__
            key = code.co_filename, code.co_firstlineno, code.co_name
            found.setdefault(key, []).append(function)
    return found
