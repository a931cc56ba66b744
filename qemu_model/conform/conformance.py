"""A whole conformance run: many cases, several at a time, and their results."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import attrs

from ..revision import Revision
from ..revisions.neighbours import may_be_the_series
from .conform import Result, Status
from .conform_place import Target
from .conform_worker import Worker
from .driver import Qemu, check_traceable
from .findings import FINDINGS, Finding, not_seen
from .junit import printable, to_text
from .parallel import in_parallel
from .version import revision_of


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
        return to_text(suite)


def detect(qemu: Qemu) -> tuple[Revision, str]:
    """Return the revision that models ``qemu``, and a sentence on how it was found.

    A 3.1 is run once to see whether its memory-backend-file has the property ``sync``.
    """
    knows_sync = False
    if may_be_the_series(qemu.release):
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
    known: Mapping[str, Result] | None = None,
) -> Report:
    """Run the cases called ``names``, ``jobs`` at a time, and return the report.

    ``whole``: these are all the cases, so that each finding must occur.  ``target`` is
    where they work, otherwise in the scratch directory.  ``on_result`` is called with
    each result as it comes.  ``known`` are results of an earlier run: those cases are not
    run again.  At the end
    everything made here and below ``target`` is removed, and all processes are ended.

    Raise :class:`~qemu_model.conform.driver.DriverError` where strace is not installed or
    cannot run ``qemu``, and OSError where no directory can be made.
    """
    check_traceable(qemu)

    def make_worker(*places: Any) -> Worker:
        return Worker(qemu, revision, *places)

    results = dict(known or {})
    left = [name for name in names if name not in results]
    results |= in_parallel(left, make_worker, Worker.compare, jobs, target, on_result)
    ordered = tuple(results[name] for name in names if name in results)
    seen = {finding for result in ordered for finding in result.findings}
    gone = not_seen(revision.name, tuple(seen)) if whole and may_show_all(ordered) else ()
    return Report(qemu, revision, ordered, gone, target)


def may_show_all(results: Sequence[Result]) -> bool:
    """Whether every case was run, so that a finding that was not seen is gone."""
    return all(result.status != "not run" for result in results)
