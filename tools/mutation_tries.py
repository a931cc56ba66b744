"""A mutant in place of a module, or of its functions, and tests run on it in a fork."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import gc
import importlib.abc
import importlib.machinery
import itertools
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from hypothesis import Phase, settings
from mutants import Mutant

#: How many examples a property gets on each mutant.
EXAMPLES = 25
#: A test is endless that takes so many times its processor time, and so many seconds more.
TIMES, SECONDS = 20, 5
#: A test that waits this long, in seconds, is ended whatever its processor time.
LONGEST_WAIT = 900


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


def _parts(code: CodeType) -> Iterator[tuple[object, CodeType | None]]:
    """Give what a module and its classes run as they are read, and the code of each function."""
    nested = [const for const in code.co_consts if isinstance(const, CodeType)]
    others = [repr(const) for const in code.co_consts if not isinstance(const, CodeType)]
    yield (code.co_code, others, code.co_names, len(nested)), None
    for part in nested:
        # OPTIMIZED: a function, not the body of a class.
        if part.co_flags & 1:
            yield part.co_freevars, part
        else:
            yield from _parts(part)


def replace_code(mutant: Mutant) -> bool:
    """Give the functions of a module that is imported the code of a mutant.

    Returns whether that is all of the mutant: false where it changes anything else.
    """
    name = str(mutant.file)
    before, after = (
        list(_parts(compile(text, name, "exec", dont_inherit=True)))
        for text in (mutant.file.read_text(), mutant.text)
    )
    if [part for part, _ in before] != [part for part, _ in after]:
        return False
    new = {
        old: code
        for (_, old), (_, code) in zip(before, after, strict=True)
        if old is not None and code is not None and old != code
    }
    found = [
        function
        for function in gc.get_objects()
        if type(function) is FunctionType
        and function.__code__ in new
        and function.__code__.co_filename == name
    ]
    for function in found:
        function.__code__ = new[function.__code__]
    return bool(found)


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End what takes too long: once as by Ctrl-C, so that it is taken down; then the kernel does.

    ``seconds`` of processor time are usual.
    """

    def too_long(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    signal.signal(signal.SIGPROF, too_long)
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_PROF, SECONDS + TIMES * seconds, 10)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_WAIT, 10)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)


class Collected:
    """A pytest plugin: does ``work`` with the collected tests in place of running them all."""

    def __init__(self, work: Callable[[Collected], object]) -> None:
        self.items: dict[str, pytest.Item] = {}
        self.failed = ""
        self.work = work

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item in session.items:
            few_examples(item)
            self.items[item.nodeid] = item
        if session.testsfailed:
            self.failed = "the collection"
        else:
            self.work(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid

    def run(self, tests: Sequence[str], seconds: Mapping[str, float]) -> str:
        """Run tests in their order until one fails, and return that, or nothing."""
        for test, following in itertools.pairwise([*tests, ""]):
            item = self.items[test]
            with deadline(seconds[test]):
                item.ihook.pytest_runtest_protocol(item=item, nextitem=self.items.get(following))
            if self.failed:
                item.session._setupstate.teardown_exact(None)
                break
        return self.failed


def few_examples(item: pytest.Item) -> None:
    """Give a property the same few examples in every run, and look for no smaller ones."""
    function: Any = getattr(item, "obj", None)
    if hasattr(function, "hypothesis"):
        declared = function._hypothesis_internal_use_settings
        function._hypothesis_internal_use_settings = settings(
            declared,
            max_examples=min(declared.max_examples, EXAMPLES),
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
        )


def forked(work: Callable[[Callable[[object], None]], None]) -> Iterator[Any]:
    """Give what ``work`` says in a silent fork; nothing more once that has ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setpgid(0, 0)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            # If a mutant takes all memory the kernel is to end this process and no other.
            Path("/proc/self/oom_score_adj").write_text("1000")
            with open(writing, "wb", buffering=0) as pipe:
                work(lambda answer: pickle.dump(answer, pipe))
        finally:
            os._exit(0)
    os.close(writing)
    try:
        with open(reading, "rb") as pipe, contextlib.suppress(EOFError):
            while True:
                yield pickle.load(pipe)
    finally:
        os.waitpid(pid, 0)
