"""The commands as functions, which ``import qemu_model`` offers.

``line``: QEMU's options, a list of words or a text that has them (a command, a log).
``revision``: a :class:`~qemu_model.revision.Revision` or its name; None follows the line,
as the commands do.  ``host``: a :class:`~qemu_model.host.protocol.Host`, ``"live"``, or
``"sim:PROFILE"``.

Raises :class:`~qemu_model.revision.UnknownRevision`,
:class:`~qemu_model.host.profiles.ProfileError`,
:class:`~qemu_model.input.found.NothingFound` for a text without options, and ValueError
for a host that does not exist.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .host.protocol import Host
from .process import Run
from .process import run as run_process
from .revision import REVISIONS, Revision, find

if TYPE_CHECKING:
    from .conform.conformance import Report
    from .explain.explanation import Explanation
    from .explain.why import Why
    from .findings.lint import Linted
    from .input.found import QemuLine
    from .inspect.machine import PathJudgement, ProcessJudgement
    from .judge.verdict import Verdict
    from .review.diff import Difference
    from .review.impact import Impact
    from .review.matrix import Row
    from .revisions.default import Choice

Line: TypeAlias = str | Sequence[str]
RevisionName: TypeAlias = str | Revision
HostName: TypeAlias = str | Host


def revision_called(name: RevisionName) -> Revision:
    """Return the revision called ``name`` (``base``, ``V8/3``, ``V8``, ``qemu-7.2``, ...)."""
    return name if isinstance(name, Revision) else find(name)


def host_called(name: HostName, *, allow_discard: bool = False) -> Host:
    """Return the host called ``name``: ``live``, or ``sim:`` and a profile.

    ``allow_discard`` is for ``live``: let a run discard existing data in a file.
    """
    if not isinstance(name, str):
        return name
    if name == "live":
        from .host.live import LiveHost

        return LiveHost(allow_discard=allow_discard)
    if not name.startswith("sim:"):
        raise ValueError(f"no host is called '{name}'; there are live and sim:PROFILE")
    from .host import profiles
    from .host.simulated import SimulatedHost

    return SimulatedHost(profiles.load(name.removeprefix("sim:")))


def run(
    line: Line,
    host: HostName,
    revision: RevisionName | None = None,
    *,
    qmp: Sequence[Any] = (),
    allow_discard: bool = False,
) -> Run:
    """Run the model on a line, and the QMP commands after it, as ``qemu-model run`` does.

    ``"live"`` makes the calls on this machine, on the files that the line names.  Existing
    data in a file is kept, unless ``allow_discard`` is set.
    """
    found = _qemu_line(line)
    chosen = _chosen(found, revision).revision
    on = host_called(host, allow_discard=allow_discard)
    return run_process(found.options, on, chosen, qmp=qmp)


def explain(
    line: Line,
    host: str = "",
    revision: RevisionName | None = None,
    *,
    qmp: Sequence[Any] = (),
) -> Explanation:
    """Return what a line leads to, as ``qemu-model explain`` does; an empty ``host`` is none."""
    from .explain.explanation import explain as explained

    found = _qemu_line(line)
    choice = _chosen(found, revision)
    return explained(found.options, choice.revision, host, qmp=qmp, chosen_because=choice.because)


def lint(line: Line, host: str = "", revision: RevisionName | None = None) -> Linted:
    """Return the findings of a line, as ``qemu-model lint`` does; an empty ``host`` is none."""
    from .findings.lint import COMMAND_LINE
    from .findings.lint import lint as linted

    found = _qemu_line(line)
    choice = _chosen(found, revision)
    return linted(found, choice.revision, choice.because, host, COMMAND_LINE)


def _qemu_line(line: Line) -> QemuLine:
    from .input import NothingFound, QemuLine

    if not isinstance(line, str):
        return QemuLine(tuple(line), "options")
    from .input import find_line

    try:
        return find_line(line)
    except NothingFound:
        import shlex

        if not line.lstrip().startswith("-"):
            raise
        # QEMU itself reports an option that it does not have.
        return QemuLine(tuple(shlex.split(line)), "options")


def _chosen(line: QemuLine, revision: RevisionName | None) -> Choice:
    """Return the tree that is named, else the one that the line is about, else the newest."""
    from .findings.tree_choice import tree_for
    from .revisions.default import choose

    return tree_for(line) if revision is None else choose(line.options, asked=revision)


def revisions() -> tuple[Revision, ...]:
    """Return every tree that the model knows: the series, its postings, the releases."""
    return tuple(REVISIONS.values())


def profiles() -> dict[str, str]:
    """Return the simulated hosts: each profile's name with its one-line description."""
    from .host import profiles as shipped

    return shipped.titles()


def why(message: str) -> Why:
    """Explain an error message of QEMU's, as ``qemu-model why`` does."""
    from .explain import why as explained

    return explained.why(message)


def matrix(revision: RevisionName = "v8", hosts: Sequence[str] = ()) -> list[Row]:
    """Return share x pmem x sync on some hosts, by default on all profiles."""
    from .host import profiles as shipped
    from .review import hosts as sides
    from .review.matrix import matrix as cells

    names = hosts or [f"sim:{name}" for name in shipped.names()]
    with tempfile.TemporaryDirectory(prefix="qemu-model-") as directory:
        chosen = [
            sides.live(directory) if name == "live" else sides.simulated(name.removeprefix("sim:"))
            for name in names
        ]
        return cells(revision_called(revision), chosen)


def impact(*, workers: int | None = None) -> Impact:
    """Return what each patch changes over the whole space, as ``series impact`` does."""
    from .review.impact import impact as over_all

    return over_all(workers=workers)


def diff(
    line: Line,
    before: RevisionName = "base",
    after: RevisionName | None = None,
    host: str = "sim:default",
    *,
    qmp: Sequence[Any] = (),
) -> Difference:
    """Compare a line in two revisions, as ``qemu-model diff`` does; files it makes are removed.

    ``after`` None is the revision that the line is about.
    """
    from .review import diff as sides

    make: Callable[[], Host] = sides.looking_host if host == "live" else lambda: host_called(host)
    found = _qemu_line(line)
    first = (revision_called(before), make)
    second = (_chosen(found, after).revision, make)
    return sides.difference(found.options, first, second, qmp=qmp)


def check(
    trace: str | Path,
    revision: RevisionName | None = None,
    *,
    line: Line | None = None,
    qmp: Sequence[Any] | None = None,
    traced: str | None = None,
    stderr: str | None = None,
) -> Verdict:
    """Judge a log of strace, as ``qemu-model check`` does.

    ``revision`` None tries all and returns the verdict of the one that fits best.  ``line``
    are QEMU's options, None for those of the log; ``qmp`` the commands that were sent, None
    where start-up alone is to be judged.  ``traced`` is what strace was asked to log, as
    ``--trace`` takes it, ``stderr`` the text that QEMU printed; None where they are not
    known.  Raises OSError, and ValueError for a set of calls that strace does not take.
    """
    from .judge.find_tree import find_tree
    from .judge.judge import judge
    from .judge.log import Log
    from .judge.messages_said import read_stderr
    from .judge.trace_set import read_trace_set

    with open(trace, "rb") as source:
        log = Log(source)
        try:
            known: dict[str, Any] = {
                "options": None if line is None else _qemu_line(line).options,
                "qmp": qmp,
                "traced": None if traced is None else read_trace_set(traced),
                "stderr": None if stderr is None else read_stderr(stderr),
            }
            if revision is None:
                return find_tree(log, **known).verdict
            return judge(log, revision_called(revision), **known)
        finally:
            log.close()


def check_path(path: str) -> PathJudgement:
    """Return what a path is on this machine.

    Raises :class:`~qemu_model.inspect.machine.CannotJudge`.
    """
    from .inspect.machine import judge_path

    return judge_path(path)


def check_pid(pid: int) -> ProcessJudgement:
    """Return what the mappings of a running QEMU are.

    Raises :class:`~qemu_model.inspect.machine.CannotJudge`.
    """
    from .inspect.machine import judge_pid

    return judge_pid(pid)


def conform(
    binary: str, revision: RevisionName | None = None, *, only: str | None = None, jobs: int = 1
) -> Report:
    """Compare a real QEMU with the model, as ``qemu-model conform`` does.

    ``only`` restricts it to the cases whose name contains it.  Raises
    :class:`~qemu_model.conform.driver.DriverError`.
    """
    from .conform import conformance
    from .conform.conform import chosen
    from .conform.driver import Qemu

    qemu = Qemu.at(binary)
    followed = conformance.detect(qemu)[0] if revision is None else revision_called(revision)
    names = [case.name for case in chosen(only)]
    return conformance.conform(qemu, followed, names, jobs=jobs, whole=only is None)


def explorer_page() -> str:
    """Return the page of ``qemu-model explorer``, one HTML file.

    Raises :class:`~qemu_model.explorer.runtime.RuntimeMissing`.
    """
    from .explorer.html import make_page

    return make_page()
