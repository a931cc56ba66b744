"""A whole conformance run: many cases, several at a time, and what came of them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import attrs

from ..revision import Revision
from .conform import Result, Status
from .conform_place import Target
from .conform_worker import Worker
from .driver import Qemu, check_strace
from .findings import FINDINGS, Finding, not_seen
from .version import revision_of

SHARED_MEMORY: Final = Path("/dev/shm")


@attrs.frozen
class Report:
    """The results of a run; ``gone`` are findings of the revision that did not occur.

    ``target`` is where the cases worked, if that was said.
    """

    qemu: Qemu
    revision: Revision
    results: tuple[Result, ...]
    gone: tuple[Finding, ...] = ()
    target: Target | None = None

    def of(self, status: Status) -> list[Result]:
        """Return the results with that status."""
        return [result for result in self.results if result.status == status]

    def findings(self) -> list[tuple[Finding, list[str]]]:
        """Return the findings that occurred, each with the cases that showed it."""
        seen: list[tuple[Finding, list[str]]] = []
        for finding in FINDINGS:
            names = [result.name for result in self.results if finding.name in result.findings]
            if names:
                seen.append((finding, names))
        return seen

    @property
    def status(self) -> int:
        """The exit status: 0 if nothing failed."""
        return 1 if self.of("failed") or self.gone else 0

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "binary": self.qemu.binary,
            "version": self.qemu.version,
            "revision": self.revision.name,
            "revision_meaning": self.revision.meaning,
            "path": None if self.target is None else self.target.judgement.to_json(),
            "cases": len(self.results),
            "passed": len(self.of("passed")),
            "failed": [
                *({"name": one.name, "why": list(one.why)} for one in self.of("failed")),
                *(
                    {
                        "name": f"finding/{finding.name}",
                        "why": [f"it no longer occurs: {finding.title}"],
                    }
                    for finding in self.gone
                ),
            ],
            "known": [
                {"name": one.name, "findings": list(one.findings), "why": list(one.why)}
                for one in self.of("known")
            ],
            "findings": [
                {"name": finding.name, "title": finding.title, "cases": names}
                for finding, names in self.findings()
            ],
            "not_run": [{"name": one.name, "why": one.why[0]} for one in self.of("not run")],
        }

    def to_junit(self) -> str:
        """Return the results as JUnit XML, as CI servers read it."""
        suite = ElementTree.Element(
            "testsuite",
            name=f"{self.qemu.version} against {self.revision.name}",
            tests=str(len(self.results) + len(self.gone)),
            failures=str(len(self.of("failed")) + len(self.gone)),
            skipped=str(len(self.of("not run"))),
            time=f"{sum(result.seconds for result in self.results):.3f}",
        )
        for result in self.results:
            family, _, what = result.name.partition("/")
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"conform.{family}",
                name=printable(what),
                time=f"{result.seconds:.3f}",
            )
            if result.status == "failed":
                why = printable("\n".join(result.why))
                ElementTree.SubElement(case, "failure", message=why.split("\n")[0]).text = why
            elif result.status == "not run":
                ElementTree.SubElement(case, "skipped", message=printable(result.why[0]))
        for finding in self.gone:
            case = ElementTree.SubElement(
                suite, "testcase", classname="conform.finding", name=finding.name
            )
            ElementTree.SubElement(case, "failure", message="the finding no longer occurs")
        ElementTree.indent(suite)
        return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def printable(text: str) -> str:
    """Return ``text`` without what XML cannot hold."""
    return "".join(
        letter if letter in "\t\n" or (letter >= " " and letter.isprintable()) else "?"
        for letter in text
    )


def detect(qemu: Qemu) -> tuple[Revision, str]:
    """Return the revision that models ``qemu``, and a sentence on how it was found.

    A 3.1 is asked whether its memory-backend-file has the property ``sync``.
    """
    knows_sync = False
    if qemu.release[:2] == (3, 1):
        help_text = subprocess.run(
            [qemu.binary, "-M", "none", "-object", "memory-backend-file,help"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        knows_sync = "sync=" in help_text.stdout
    return revision_of(qemu, knows_sync)


def conform(
    qemu: Qemu,
    revision: Revision,
    names: Sequence[str],
    *,
    jobs: int = 1,
    whole: bool = True,
    target: Target | None = None,
    on_result: Callable[[Result], None] | None = None,
) -> Report:
    """Run the cases called ``names``, ``jobs`` at a time, and return the report.

    ``whole``: these are all the cases, so that each finding must occur.  ``target`` is
    where they work, otherwise in the scratch directory.  ``on_result`` is called with
    each result as it comes.  What is made, here and below ``target``, is gone
    afterwards, as is all that was started.

    Raise :class:`~qemu_model.conform.driver.DriverError` where strace is not installed,
    and OSError where no directory can be made.
    """
    check_strace()
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in names:
        waiting.put(name)
    results: dict[str, Result] = {}
    lock = threading.Lock()
    stop = threading.Event()

    def work(worker: Worker) -> None:
        while not stop.is_set():
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                return
            result = worker.compare(name)
            with lock:
                results[name] = result
                if on_result is not None and not stop.is_set():
                    on_result(result)

    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(temporary_directory(None))
        shared = stack.enter_context(
            temporary_directory(SHARED_MEMORY if SHARED_MEMORY.is_dir() else None)
        )
        files = device = None
        if target is not None and target.is_device:
            device = target.path
        elif target is not None:
            files = stack.enter_context(temporary_directory(Path(target.path)))
        workers = []
        threads = []
        try:
            for number in range(min(jobs, len(names))):
                memory = shared / str(number)
                memory.mkdir()
                kept = None if files is None else files / str(number)
                workers.append(Worker(qemu, revision, scratch / str(number), memory, kept, device))
            threads = [
                threading.Thread(target=work, args=(worker,), daemon=True) for worker in workers
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            stop.set()
            for worker in workers:
                worker.close()
            for thread in threads:
                thread.join()
    ordered = tuple(results[name] for name in names if name in results)
    seen = {finding for result in ordered for finding in result.findings}
    gone = not_seen(revision.name, tuple(seen)) if whole and may_show_all(ordered) else ()
    return Report(qemu, revision, ordered, gone, target)


@contextlib.contextmanager
def temporary_directory(below: Path | None) -> Iterator[Path]:
    """Give a new directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="qemu-model-conform-", dir=below) as path:
        yield Path(path)


def may_show_all(results: Sequence[Result]) -> bool:
    """Whether every case was run, so that a finding that was not seen is gone."""
    return all(result.status != "not run" for result in results)
