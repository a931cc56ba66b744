"""Compare a real QEMU with the model, case by case, on one host.

For each case the files are prepared, QEMU runs under strace, and the judge compares its
calls with the model; then the files are prepared again, the model runs on this
kernel, and messages, replies, exit status and files are compared.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from ..front_end import NotModelled
from ..host.live import LiveHost
from ..host.protocol import HostRefuses
from ..host.same_addresses import SameAddressesHost
from ..judge.judge import judge
from ..judge.log import Log
from ..judge.trace_set import read_trace_set
from ..process import run
from ..revision import Revision
from .cases import Case, Place, devices, every_case
from .conform_place import Target
from .differences import file_differences, said_differences
from .driver import Observation, Qemu
from .findings import Evidence, seen_in
from .surroundings import (
    NOT_HERE,
    files_in,
    host_for,
    inject_for,
    observe,
    prepare,
    reservations,
)

Status = Literal["passed", "failed", "known", "not run"]

#: How many divergences of one case are shown.
_MOST_TOLD: Final = 8


@attrs.frozen
class Result:
    """How a case went: ``why`` are the divergences, or why it was not run.

    ``findings`` are the names of those that the run showed.
    """

    name: str
    status: Status
    why: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "status": self.status,
            "why": list(self.why),
            "findings": list(self.findings),
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def from_json(cls, shown: Mapping[str, Any]) -> Result:
        """Return the result that :meth:`to_json` showed."""
        return cls(
            shown["name"],
            shown["status"],
            tuple(shown["why"]),
            tuple(shown["findings"]),
            shown["seconds"],
        )


def compare(qemu: Qemu, revision: Revision, case: Case, place: Place, scratch: Path) -> Result:
    """Run one case on both and return what differs.

    ``place`` is emptied before each run; ``scratch`` holds the log, and is the working
    directory of QEMU.
    """
    began = time.monotonic()

    def result(status: Status, *why: str, findings: Iterable[str] = ()) -> Result:
        return Result(case.name, status, why, tuple(findings), time.monotonic() - began)

    lacking = case.lacks(place)
    if lacking is not None:
        return result("not run", NOT_HERE[lacking])
    here = case.at(place)
    inject = inject_for(qemu, here, place, scratch)
    prepare(here, place)
    before = set(files_in(place))
    seen = observe(qemu, here, scratch, inject)
    files = files_in(place)
    differences = list(call_differences(seen, here, revision))
    prepare(here, place)
    try:
        host = host_for(
            here.fault, SameAddressesHost(LiveHost(allow_discard=True), reservations(seen, here))
        )
        modelled = run([*here.machine, *here.args], host, revision, qmp=here.qmp)
    except (HostRefuses, NotModelled) as refusal:
        return result("not run", f"the model does not run it: {refusal}")
    differences += said_differences(seen, modelled)
    differences += file_differences(files, files_in(place))
    findings = [finding.name for finding in seen_in(evidence(seen, before, files))]
    status: Status = "passed"
    if differences:
        status = "known" if findings else "failed"
    return result(status, *differences[:_MOST_TOLD], findings=findings)


def call_differences(seen: Observation, case: Case, revision: Revision) -> Iterable[str]:
    """Yield where QEMU's calls differ from the model's."""
    if seen.stopped is not None:
        # The log of a stopped run ends within a loop: messages and files are compared instead.
        return
    with seen.trace.open("rb") as stream:
        verdict = judge(
            Log(stream),
            revision,
            options=[*case.machine, *case.args],
            qmp=list(case.qmp),
            traced=read_trace_set("documented"),
        )
    if verdict.verdict == "inconclusive":
        yield f"calls: {verdict.reason}"
    for divergence in verdict.divergences:
        line = "the end" if divergence.line is None else f"line {divergence.line}"
        observed = divergence.observed
        text = "" if observed is None else f"{observed.text.decode('utf-8', 'replace')[:200]} - "
        yield f"calls, {line}: {text}{divergence.in_words()}"


def evidence(seen: Observation, before: set[str], files: Mapping[str, int]) -> Evidence:
    """Return what the findings look at."""
    with seen.trace.open(encoding="utf-8", errors="replace") as log:
        kept = tuple(line.rstrip("\n") for line in log)
    created = tuple(path for path in files if path not in before)
    return Evidence(seen.exit, seen.stderr, tuple(seen.replies), kept, created)


def chosen(name: str | None, target: Target | None = None) -> tuple[Case, ...]:
    """Return the cases whose name contains ``name``, without one all of them.

    ``target`` is where they are to work: only those that are about such a place.
    """
    if target is None:
        every = every_case()
    elif target.is_device:
        every = tuple(devices())
    else:
        every = tuple(case for case in every_case() if case.places == ("files",))
    return tuple(case for case in every if name is None or name in case.name)


def case_called(name: str) -> Case:
    """Return the case of that name.  Raises KeyError if no case has it."""
    return {case.name: case for case in (*every_case(), *devices())}[name]
