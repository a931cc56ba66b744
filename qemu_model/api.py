"""What the commands do, as functions: ``import qemu_model`` offers these.

A line of QEMU's options is a list of words, or a text as a shell would read it; a
revision is one or its name; a host is one, ``live``, or ``sim:`` and a profile's name or
file.  Raises :class:`~qemu_model.revision.UnknownRevision`,
:class:`~qemu_model.host.profiles.ProfileError` and, for a host that is none of these,
ValueError.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .host.protocol import Host
from .process import Run
from .process import run as run_process
from .revision import Revision, find

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

    ``allow_discard`` is for ``live``: let a run discard what was in a file before.
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


def words(line: Line) -> list[str]:
    """Return the words of a line."""
    return shlex.split(line) if isinstance(line, str) else list(line)


def run(
    line: Line,
    on: HostName,
    tree: RevisionName | None = None,
    *,
    qmp: Sequence[Any] = (),
    allow_discard: bool = False,
) -> Run:
    """Run the model on a line, and the QMP commands after it, as ``qemu-model run`` does.

    ``live`` makes the calls on this machine, on the files that the line names.  What was in
    a file before stays, unless ``allow_discard`` is set.
    """
    host = host_called(on, allow_discard=allow_discard)
    found = _qemu_line(line)
    return run_process(found.options, host, _chosen(found, tree).revision, qmp=qmp)


def explain_line(
    line: Line, on: str = "", tree: RevisionName | None = None, *, qmp: Sequence[Any] = ()
) -> Explanation:
    """Say what a line leads to, as ``qemu-model explain`` does; ``on`` empty is no host.

    ``tree`` None is the one that the line names, else the default.
    """
    from .explain.explanation import explain

    found = _qemu_line(line)
    choice = _chosen(found, tree)
    return explain(found.options, choice.revision, on, qmp=qmp, chosen_because=choice.because)


def lint_line(line: Line, on: str = "", tree: RevisionName | None = None) -> Linted:
    """Return the findings of a line, as ``qemu-model lint`` does; ``on`` empty is no host."""
    from .findings.lint import COMMAND_LINE, lint

    found = _qemu_line(line)
    choice = _chosen(found, tree)
    return lint(found, choice.revision, choice.because, on, COMMAND_LINE)


def _qemu_line(line: Line) -> QemuLine:
    from .input import find_line, from_words

    return find_line(line) if isinstance(line, str) else from_words(line)


def _chosen(line: QemuLine, tree: RevisionName | None) -> Choice:
    """Return the tree that is named, else the one that the line is about, else the newest."""
    from .findings.tree_choice import tree_for
    from .revisions.default import choose

    return tree_for(line) if tree is None else choose(line.options, asked=tree)


def why(message: str) -> Why:
    """Explain an error message of QEMU's, as ``qemu-model why`` does."""
    from .explain import why as explained

    return explained.why(message)


def matrix(tree: RevisionName = "v8", on: Sequence[str] = ()) -> list[Row]:
    """Return share x pmem x sync on some hosts, by default all profiles."""
    from .host import profiles
    from .review import hosts
    from .review.matrix import matrix as cells

    names = on or [f"sim:{name}" for name in profiles.names()]
    with tempfile.TemporaryDirectory(prefix="qemu-model-") as directory:
        chosen = [
            hosts.live(directory) if name == "live" else hosts.simulated(name.removeprefix("sim:"))
            for name in names
        ]
        return cells(revision_called(tree), chosen)


def impact(*, workers: int | None = None) -> Impact:
    """Return what each patch changes over the whole space, as ``series impact`` does."""
    from .review.impact import impact as over_all

    return over_all(workers=workers)


def difference(
    line: Line,
    before: RevisionName = "base",
    after: RevisionName | None = None,
    on: str = "sim:default",
    *,
    qmp: Sequence[Any] = (),
) -> Difference:
    """Compare a line in two revisions, as ``qemu-model diff`` does; nothing stays behind."""
    from .review import diff

    make: Callable[[], Host] = diff.looking_host if on == "live" else lambda: host_called(on)
    found = _qemu_line(line)
    trees = (revision_called(before), _chosen(found, after).revision)
    sides = [(tree, make) for tree in trees]
    return diff.difference(words(line), sides[0], sides[1], qmp=qmp)


def check(
    trace: str | Path,
    tree: RevisionName = "v8",
    *,
    line: Line | None = None,
    qmp: Sequence[Any] | None = None,
) -> Verdict:
    """Judge a log of strace, as ``qemu-model check`` does.

    ``line`` are QEMU's options, None for those of the log; ``qmp`` the commands that
    were sent, None where start-up alone is to be judged.  Raises OSError.
    """
    from .judge.judge import judge
    from .judge.log import Log

    with open(trace, "rb") as source:
        log = Log(source)
        try:
            options = None if line is None else words(line)
            return judge(log, revision_called(tree), options=options, qmp=qmp)
        finally:
            log.close()


def check_path(path: str) -> PathJudgement:
    """Say what a path is on this machine.

    Raises :class:`~qemu_model.inspect.machine.CannotJudge`.
    """
    from .inspect.machine import judge_path

    return judge_path(path)


def check_pid(pid: int) -> ProcessJudgement:
    """Say what the mappings of a living QEMU are.

    Raises :class:`~qemu_model.inspect.machine.CannotJudge`.
    """
    from .inspect.machine import judge_pid

    return judge_pid(pid)


def conform(
    binary: str, tree: RevisionName | None = None, *, only: str | None = None, jobs: int = 1
) -> Report:
    """Hold a real QEMU against the model, as ``qemu-model conform`` does.

    ``only`` restricts it to the cases whose name holds it.  Raises
    :class:`~qemu_model.conform.driver.DriverError`.
    """
    from .conform import conformance
    from .conform.conform import chosen
    from .conform.driver import Qemu

    qemu = Qemu.at(binary)
    followed = conformance.detect(qemu)[0] if tree is None else revision_called(tree)
    names = [case.name for case in chosen(only)]
    return conformance.conform(qemu, followed, names, jobs=jobs, whole=only is None)


def explorer_page() -> str:
    """Return the page of ``qemu-model explorer``, one HTML file.

    Raises :class:`~qemu_model.explorer.runtime.RuntimeMissing`.
    """
    from .explorer.html import make_page

    return make_page()
