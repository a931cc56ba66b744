"""Hold a real QEMU against the model, case by case, in identical surroundings.

For each case the files are prepared, QEMU runs under strace, and the judge holds its
calls against the model; then the files are prepared again, the model runs on this
kernel, and messages, replies, exit status and files are compared.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import attrs

from ..host.faults import Fault as HostFault
from ..host.faults import FaultHost
from ..host.linux import ERRNO_NUMBERS
from ..host.live import LiveHost
from ..host.protocol import Host, HostRefuses
from ..host.same_addresses import SameAddressesHost
from ..judge.backend_calls import BackendCalls
from ..judge.judge import judge
from ..judge.line import memory_paths
from ..judge.log import Log
from ..judge.search import is_reservation
from ..process import Run, run
from ..qmp import NotModelled
from ..revision import Revision
from .cases import MIB, Case, Fault, Place, devices, every_case
from .conform_place import Target
from .driver import Observation, Qemu, run_qemu
from .driver_faults import strace_fault
from .findings import Evidence, seen_in

Status = Literal["passed", "failed", "known", "not run"]

#: errno names that Linux has and Python's table may lack.
_MORE_ERRNOS: Final[Mapping[str, int]] = MappingProxyType({"EHWPOISON": 133})
_SIX_LETTERS: Final = re.compile(r"(qemu_back_mem\.[^/]*?\.)[A-Za-z0-9]{6}")
#: Seconds that a run may take: where all instructions are emulated, a start takes some.
_PATIENCE: Final = 180.0
#: How many divergences of one case are told.
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
    inject: list[str] = []
    if here.fault is not None:
        prepare(here, place)
        clean = observe(qemu, here, scratch)
        with clean.trace.open(encoding="utf-8", errors="surrogateescape") as log:
            wanted = strace_fault(log, here.args, here.fault, _RESERVATION)
        # A QEMU that makes no such call is held against a model that must not either.
        inject = [] if wanted is None else [wanted]
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


#: The bytes that the anonymous backends of the cases with faults reserve.
_RESERVATION: Final = 6 * MIB

NOT_HERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tmpfs": "there is no tmpfs to write to",
        "small": "a tmpfs of 2 MiB cannot be mounted: that takes root",
        "device": "no device DAX was given: --path /dev/daxX.Y",
        "huge": "no hugetlbfs with free huge pages of 2 MiB can be mounted: that takes root, and "
        "echo 64 > /proc/sys/vm/nr_hugepages",
    }
)


def reservations(seen: Observation, case: Case) -> dict[int, list[int]]:
    """Return where the kernel put what QEMU reserved for its blocks, by length in bytes."""
    found: dict[int, list[int]] = {}
    with seen.trace.open("rb") as stream:
        log = Log(stream)
        begin = log.command_line()[1]
        paths = memory_paths([*case.machine, *case.args], case.qmp)
        for call in BackendCalls(log, paths, begin):
            if is_reservation(call.name, call.args) and (call.result or 0) > 0:
                found.setdefault(call.args[1], []).append(call.result or 0)
    return found


def host_for(fault: Fault | None, kernel: Host) -> Host:
    """Return ``kernel``, with calls of the model's failing if the case says so."""
    if fault is None:
        return kernel
    call = "open" if fault.call == "openat" else fault.call
    errno = ERRNO_NUMBERS.get(fault.errno) or _MORE_ERRNOS[fault.errno]
    last = fault.nth + fault.times - 1
    return BackendFaultHost(kernel, [HostFault(call, errno, first=fault.nth, last=last)])


class BackendFaultHost(FaultHost):
    """Lets calls of the backend fail, and not QEMU's questions at start-up."""

    def memfd_probe(self, flags: int) -> bool:
        """Ask the kernel."""
        return self.inner.memfd_probe(flags)


def directories(place: Place) -> list[Path]:
    """Return the directories that cases keep their files in."""
    return [Path(path) for path in place.directories]


def prepare(case: Case, place: Place) -> None:
    """Empty the directories, and make the case's files."""
    for directory in directories(place):
        for entry in directory.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    for step in case.setup:
        step.make()


def observe(qemu: Qemu, case: Case, scratch: Path, inject: Sequence[str] = ()) -> Observation:
    """Run the real QEMU on a case whose files are prepared."""
    return run_qemu(
        qemu,
        [*case.machine, *case.args],
        scratch / "log.strace",
        qmp=case.qmp,
        inject=inject,
        cwd=scratch,
        seconds=_PATIENCE,
    )


def files_in(place: Place) -> dict[str, int]:
    """Return the sizes of the files there are, by path, without the letters of mkstemp."""
    return {
        without_letters(str(entry)): entry.stat().st_size
        for directory in directories(place)
        for entry in sorted(directory.iterdir())
        if entry.is_file() and not entry.is_symlink()
    }


def without_letters(text: str) -> str:
    """Return ``text`` with the six letters that mkstemp chose replaced by X."""
    return _SIX_LETTERS.sub(r"\1XXXXXX", text)


def call_differences(seen: Observation, case: Case, revision: Revision) -> Iterable[str]:
    """Yield where QEMU's calls part from the model's."""
    if seen.stopped is not None:
        # A log that was stopped ends within a loop; what led there is compared below.
        return
    with seen.trace.open("rb") as stream:
        verdict = judge(
            Log(stream), revision, options=[*case.machine, *case.args], qmp=list(case.qmp)
        )
    if verdict.verdict == "inconclusive":
        yield f"calls: {verdict.reason}"
    for divergence in verdict.divergences:
        line = "the end" if divergence.line is None else f"line {divergence.line}"
        observed = divergence.observed
        text = "" if observed is None else f"{observed.text.decode('utf-8', 'replace')[:200]} - "
        yield f"calls, {line}: {text}{divergence.in_words()}"


def said_differences(seen: Observation, modelled: Run) -> Iterable[str]:
    """Yield where exit status, messages and replies differ."""
    if seen.stopped is not None and modelled.livelock is None:
        yield f"end: QEMU was stopped ({seen.stopped}), the model exits with {modelled.exit}"
    elif modelled.livelock is not None and seen.stopped is None:
        yield f"end: QEMU exits with {seen.exit}, the model stays in {modelled.livelock}"
    elif seen.exit != modelled.exit:
        yield f"exit status: QEMU {seen.exit}, the model {modelled.exit}"
    yield from list_differences("stderr", lines(seen.stderr), lines(modelled.stderr))
    yield from list_differences("stdout", lines(seen.stdout), lines(modelled.stdout))
    for what in ("reply", "event"):
        yield from list_differences(
            what, replies(seen.replies, what), replies(modelled.replies, what)
        )


def lines(texts: Sequence[str]) -> list[str]:
    """Return texts as lines: one that holds several is several."""
    return without_letters("\n".join(texts)).split("\n") if texts else []


def replies(messages: Sequence[Mapping[str, Any]], what: str) -> list[str]:
    """Return the replies, or the events, as text; lists of backends in the order of their ids.

    Events stand by themselves, since their place among the replies is open.
    """
    shown = []
    for message in messages:
        if ("event" in message) != (what == "event"):
            continue
        listed = message.get("return")
        if isinstance(listed, list) and all(isinstance(one, dict) for one in listed):
            message = {"return": sorted(listed, key=lambda one: str(one.get("id")))}
        shown.append(json.dumps(message, sort_keys=True))
    return shown


def list_differences(what: str, real: Sequence[str], modelled: Sequence[str]) -> Iterable[str]:
    """Yield where two lists of lines differ."""
    for place in range(max(len(real), len(modelled))):
        ours = modelled[place] if place < len(modelled) else None
        theirs = real[place] if place < len(real) else None
        if ours != theirs:
            yield f"{what} {place + 1}: QEMU {theirs!r}, the model {ours!r}"


def file_differences(real: Mapping[str, int], modelled: Mapping[str, int]) -> Iterable[str]:
    """Yield where the files afterwards differ."""
    for path in sorted({*real, *modelled}):
        if real.get(path) != modelled.get(path):
            yield f"file {path}: QEMU {real.get(path)} bytes, the model {modelled.get(path)}"


def evidence(seen: Observation, before: set[str], files: Mapping[str, int]) -> Evidence:
    """Return what the findings look at."""
    with seen.trace.open(encoding="utf-8", errors="replace") as log:
        kept = tuple(line.rstrip("\n") for line in log)
    created = tuple(path for path in files if path not in before)
    return Evidence(seen.exit, seen.stderr, tuple(seen.replies), kept, created)


def chosen(name: str | None, target: Target | None = None) -> tuple[Case, ...]:
    """Return the cases whose name holds ``name``, all of them without one.

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
    """Return the case of that name.  Raises KeyError if there is none."""
    return {case.name: case for case in (*every_case(), *devices())}[name]
