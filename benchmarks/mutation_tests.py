"""The tests of a mutation run: collected once, then run on each mutant in a forked process.

Two kinds of process answer for a mutant.  :class:`Collected` has imported the package
and collected the tests; a change within one function is put into that function's
object.  :func:`read_anew` has not imported the package yet, and reads the changed text
in place of the module's; it takes longer, and any change can be made so.

Nothing is ever written to the files of the package.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import faulthandler
import functools
import gc
import glob
import importlib.abc
import importlib.machinery
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType

import attrs
import coverage
import pytest
from hypothesis import Phase, settings
from mutants import Change, Mutant, statement_lines

#: How many examples a property gets on each mutant.
EXAMPLES = 25
#: A test that takes this many times as long as without a mutant, and this many seconds, is endless.
TIMES, SECONDS = 20, 2
#: Where the tests make files; what is left there by a mutant is removed.
SURROUNDINGS = ("/mnt/ext4", "/mnt/tmpfs", "/mnt/small", "/mnt/huge")
SCRATCH = ("/var/tmp", "/dev/shm", "/tmp")

PASSED, FAILED = 0, 1


@attrs.frozen
class Answer:
    """What the tests say of a mutant: the test that fails, None if all of ``tests`` pass."""

    killed_by: str | None
    tests: int


def quiet() -> None:
    """Throw away what a process prints, and let it die silently."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        os.dup2(nowhere, number)
    faulthandler.disable()


def in_child(work: Callable[[], int]) -> int:
    """Run ``work`` in a forked process; return its result, or minus the signal it died of."""
    pid = os.fork()
    if not pid:
        result = FAILED
        try:
            quiet()
            # If a mutant takes all memory the kernel is to end this process and no other.
            Path("/proc/self/oom_score_adj").write_text("1000")
            result = work()
        finally:
            os._exit(result)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def no_longer_than(seconds: float) -> None:
    """Let the kernel end this process after so much of its own time, or ten times that."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds)


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


class Reports:
    """A plugin that keeps which tests failed, and skips none."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(f"{report.nodeid}\n{report.longreprtext}")


Lines = dict[str, dict[int, list[str]]]


class Known:
    """What one process finds out about the tests without a mutant, for the others.

    That is which tests run which lines of which files, and the seconds each test takes.
    """

    def __init__(self, directory: Path, *, finds_out: bool) -> None:
        self.file, self.finds_out = directory / "known.json", finds_out

    def tell(self, lines: Lines, seconds: dict[str, float]) -> None:
        """Tell the others."""
        hidden = self.file.with_suffix(".new")
        hidden.write_text(json.dumps([lines, seconds]))
        hidden.rename(self.file)

    def wait(self) -> tuple[Lines, dict[str, float]] | None:
        """Wait for what the other one finds out; None if it found that a test fails."""
        while not self.file.exists():
            time.sleep(0.1)
        lines, seconds = json.loads(self.file.read_text())
        by_number = {
            file: {int(line): tests for line, tests in found.items()}
            for file, found in lines.items()
        }
        return (by_number, seconds) if seconds else None


class Collected:
    """A plugin that has the tests run on mutants, in place of running them.

    ``mutations`` gives the mutants, ``tell`` takes the answers, ``elsewhere`` answers
    where a change is not within a function that is called by tests alone.
    """

    def __init__(
        self,
        package: Path,
        mutations: Iterator[tuple[Mutant, Change]],
        tell: Callable[[Mutant, Answer], None],
        elsewhere: Callable[[Mutant, str, list[str], float], Answer],
        known: Known,
    ) -> None:
        self.mutations, self.tell, self.elsewhere = mutations, tell, elsewhere
        self.known = known
        self.reports = Reports()
        self.error = ""
        self.lines: Lines = {}
        self.seconds: dict[str, float] = {}
        self.coverage = coverage.Coverage(
            data_file=None, branch=False, include=[f"{package}/*"], config_file=False
        )

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self.reports)
        if self.known.finds_out:
            self.coverage.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # Before whole files are marked: slow for the quick suite is not too slow here.
        items[:] = [item for item in items if item.get_closest_marker("slow") is None]
        for item in items:
            with_few_examples(item)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed or not session.items:
            self.error = "the tests cannot be collected"
            return True
        self.items = {item.nodeid: item for item in session.items}
        self.last = {item.path: item for item in session.items}
        if self.known.finds_out:
            self.run_without_mutant(session.items)
        else:
            self.run_some_without_mutant(session.items)
        if self.reports.failed:
            self.error = "without a mutant this fails:\n" + "\n".join(self.reports.failed[:3])
        if self.error:
            return True
        self.functions = functions_by_place()
        cache = functools._lru_cache_wrapper
        self.caches = [found for found in gc.get_objects() if isinstance(found, cache)]
        for mutant, change in self.mutations:
            self.tell(mutant, self.answer(mutant, change))
        return True

    def run_without_mutant(self, items: Sequence[pytest.Item]) -> None:
        """Run all tests once, and note which lines each runs and how long it takes."""
        for item in items:
            self.coverage.switch_context(item.nodeid)
            before = time.process_time()
            self.run(item, None)
            self.seconds[item.nodeid] = time.process_time() - before
        self.coverage.stop()
        data = self.coverage.get_data()
        self.lines = {file: data.contexts_by_lineno(file) for file in data.measured_files()}
        self.known.tell(self.lines, {} if self.reports.failed else self.seconds)

    def run_some_without_mutant(self, items: Sequence[pytest.Item]) -> None:
        """Have what all tests share set up, by the quickest test of each file."""
        known = self.known.wait()
        if known is None:
            self.error = "a test fails without a mutant"
            return
        self.lines, self.seconds = known
        by_time = sorted(items, key=lambda item: self.seconds[item.nodeid])
        for item in {item.path: item for item in reversed(by_time)}.values():
            self.run(item, None)

    def run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        """Run one test; what all tests share is not taken down after it."""
        if following is None:
            following = next(other for path, other in self.last.items() if path != item.path)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

    def answer(self, mutant: Mutant, change: Change) -> Answer:
        """Run the tests that run the changed lines until one fails."""
        lines = self.lines.get(mutant.file, {})
        tests = {name for line in statement_lines(mutant) for name in lines.get(line, ())}
        function = self.functions.get((mutant.file, *(change.place or (0, ""))))
        if function is None or "" in tests:
            # What a module says as it is read can matter to tests that run none of its lines.
            near = {name for found in lines.values() for name in found} - {""}
            all_tests = [
                *self.quickest_first(near),
                *self.quickest_first(set(self.seconds) - near),
            ]
            seconds = SECONDS * 5 + TIMES / 5 * sum(self.seconds.values())
            return self.elsewhere(mutant, change.text, all_tests, seconds)
        assert change.code is not None
        return self.answer_of(self.quickest_first(tests), function, change.code)

    def quickest_first(self, tests: set[str]) -> list[str]:
        return sorted(tests, key=lambda name: (self.seconds[name], name))

    def answer_of(self, tests: list[str], functions: list[FunctionType], code: CodeType) -> Answer:
        """Find the first test that fails on the mutant, twice in a row."""
        start = 0
        while start < len(tests):
            failing = self.first_failing(tests, start, functions, code)
            if failing is None:
                return Answer(None, len(tests))
            if self.first_failing(tests[: failing + 1], failing, functions, code) == failing:
                return Answer(tests[failing], len(tests))
            start = failing + 1
        return Answer(None, len(tests))

    def first_failing(
        self, tests: list[str], start: int, functions: list[FunctionType], code: CodeType
    ) -> int | None:
        reading, writing = os.pipe()

        def work() -> int:
            for found in self.caches:
                found.cache_clear()
            for function in functions:
                function.__code__ = code
            for place in range(start, len(tests)):
                os.write(writing, b".")
                no_longer_than(max(SECONDS, TIMES * self.seconds[tests[place]]))
                self.run(self.items[tests[place]], None)
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
        return start + max(begun - 1, 0)


def functions_by_place() -> dict[tuple[str, int, str], list[FunctionType]]:
    """Return all functions there are, by file, line and name."""
    found: dict[tuple[str, int, str], list[FunctionType]] = {}
    for function in gc.get_objects():
        if isinstance(function, FunctionType):
            code = function.__code__
            key = code.co_filename, code.co_firstlineno, code.co_name
            found.setdefault(key, []).append(function)
    return found


def clean_up() -> None:
    """Remove what a test that was ended by its mutant left behind."""
    left = [path for place in SURROUNDINGS for path in glob.glob(f"{place}/*")]
    left += [path for place in SCRATCH for path in glob.glob(f"{place}/{tempfile.template}*")]
    for path in left:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                os.unlink(path)


class _ReadAnew(importlib.abc.MetaPathFinder):
    """Finds one module, with another text than its file's."""

    def __init__(self, name: str, mutant: Mutant, text: str) -> None:
        self.name, self.mutant, self.text = name, mutant, text

    def find_spec(
        self, fullname: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        text = self.text

        class Loader(importlib.machinery.SourceFileLoader):
            def get_code(self, name: str) -> CodeType:
                return compile(text, self.get_filename(name), "exec", dont_inherit=True)

        loader = Loader(fullname, self.mutant.file)
        return importlib.machinery.ModuleSpec(fullname, loader, origin=self.mutant.file)


class _Chosen:
    """A plugin that leaves only some tests, in the order given."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.place = {name: place for place, name in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self.place]
        items.sort(key=lambda item: self.place[item.nodeid])
        for item in items:
            with_few_examples(item)


def read_anew(
    package: Path, arguments: list[str], mutant: Mutant, text: str, tests: list[str], seconds: float
) -> Answer:
    """Import the package with the new text and run the tests, in a process that has not yet."""
    module = Path(mutant.file).relative_to(package.parent).with_suffix("")
    name = ".".join(module.parts)

    def too_long(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def work() -> int:
        # Interrupted, and not killed, so that what the tests set up is taken down.
        signal.signal(signal.SIGPROF, too_long)
        no_longer_than(seconds)
        sys.meta_path.insert(0, _ReadAnew(name, mutant, text))
        return int(pytest.main([*arguments, "-x"], plugins=[_Chosen(tests)]))

    if not tests:
        return Answer(None, 0)
    result = in_child(work)
    # A package that cannot be imported cannot be imported the second time either.
    if result == PASSED or (result == FAILED and in_child(work) == PASSED):
        return Answer(None, len(tests))
    clean_up()
    return Answer("a process of its own", len(tests))
