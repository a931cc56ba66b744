"""A mutant tried by reading its module anew, in a process that has not imported the package.

It takes longer than to change a function that is there, and any change can be made so.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType

import attrs
import pytest
from mutants import Mutant
from mutation_children import PASSED, clean_up, in_child, longest, no_longer_than
from mutation_sets import CHECKOUT, module_of
from mutation_tests import Failure, Reports, with_few_examples

#: What fails where the module cannot even be read, or the tests cannot be collected.
READING = "reading the module"
#: How long that may take, in seconds.
SECONDS_TO_READ = 30


def read_recordings() -> None:
    """Read what many tests read, once for all processes; it has nothing of the package."""
    sys.path.insert(0, str(CHECKOUT / "tests" / "support"))
    recordings = importlib.import_module("recordings")
    for name in (*recordings.SETS, "v7.2"):
        recordings.recordings(name)


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


class _UntilOneFails:
    """A plugin that runs only some tests, in the order given, until one fails."""

    def __init__(self, tests: Sequence[str], seconds: dict[str, float]) -> None:
        self.place = {name: place for place, name in enumerate(tests)}
        self.seconds = seconds
        self.reports = Reports()
        self.failure: Failure | None = Failure(READING)

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self.reports)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # What a mutant changes may be in the name of a test: it is run all the same.
        last = len(self.place)
        items[:] = [
            item
            for item in items
            if item.nodeid in self.place or (last > 1 and item.nodeid not in self.seconds)
        ]
        items.sort(key=lambda item: self.place.get(item.nodeid, last))
        for item in items:
            with_few_examples(item)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed or not session.items:
            return True
        self.failure = None
        for place, item in enumerate(session.items):
            following = session.items[place + 1] if place + 1 < len(session.items) else None
            self.failure = Failure(item.nodeid, endless=True)
            no_longer_than(longest(self.seconds.get(item.nodeid, 1.0)))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            no_longer_than(SECONDS_TO_READ)
            if self.reports.failed:
                self.failure = Failure(item.nodeid)
                return True
            self.failure = None
        return True


def first_failing(
    package: Path,
    options: Sequence[str],
    mutant: Mutant,
    text: str,
    tests: Sequence[str],
    seconds: dict[str, float],
) -> Failure | None:
    """Import the package with the new text and run the tests; return the first that fails."""
    if not tests:
        return None
    name = module_of(mutant.file, package)
    if tests[0] == READING:
        tests = list(seconds)[:1]
        files = {test.partition("::")[0] for test in seconds}
    else:
        files = {test.partition("::")[0] for test in tests}
    reading, writing = os.pipe()

    def too_long(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def work() -> int:
        # Interrupted, and not killed, so that what the tests set up is taken down.
        signal.signal(signal.SIGPROF, too_long)
        signal.signal(signal.SIGALRM, too_long)
        no_longer_than(SECONDS_TO_READ)
        sys.meta_path.insert(0, _ReadAnew(name, mutant, text))
        plugin = _UntilOneFails(tests, seconds)
        pytest.main([*sorted(files), *options], plugins=[plugin])
        if plugin.failure is not None:
            os.write(writing, json.dumps(attrs.asdict(plugin.failure)).encode())
        return PASSED

    result = in_child(work)
    os.close(writing)
    told = os.read(reading, 1 << 16)
    os.close(reading)
    if result == PASSED and not told:
        return None
    clean_up()
    return Failure(**json.loads(told)) if told else Failure(READING)
