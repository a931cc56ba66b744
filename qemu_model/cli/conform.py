"""``qemu-model conform``: hold a real QEMU against the model."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from . import common

if TYPE_CHECKING:
    from ..conform.conform import Result
    from ..conform.conform_place import Target
    from ..conform.conformance import Report

QEMU: Final = common.Option(
    "--qemu", "the QEMU to hold against the model, or debian:SUITE", "BINARY"
)
REVISION: Final = common.Option("--revision", "the revision, by default found by the version", "R")
FILTER: Final = common.Option("--filter", "only the cases whose name holds this", "NAME")
JUNIT: Final = common.Option("--junit", "write the results for a CI server to a file", "FILE")
JOBS: Final = common.Option("-j", "how many cases run at a time, by default as many as CPUs", "N")
PATH: Final = common.Option("--path", "work in this directory, or on this device DAX", "PATH")
SAMPLE: Final = common.Option("--sample", "only so many of the cases, drawn at random", "N")
LIST: Final = common.Option("--list", "name the cases and run none")
OPTIONS: Final = (
    QEMU,
    REVISION,
    PATH,
    FILTER,
    SAMPLE,
    common.JSON,
    JUNIT,
    JOBS,
    LIST,
    common.HELP,
)

#: How many failed cases are told at length; the rest are named.
TOLD_AT_LENGTH: Final = 20


def help_text() -> str:
    """Return what ``conform --help`` shows."""
    return common.usage(
        "conform --qemu BINARY [--revision R] [--path PATH] [--filter NAME] [--sample N]\n"
        "[--json | --junit FILE] [-j N]",
        "Run a real QEMU under strace and QMP over the conformance cases, in a scratch directory\n"
        "that is removed afterwards, and hold its calls, messages, replies, exit status and files\n"
        "against the model in the same surroundings.  As root it also uses tmpfs and hugetlbfs.\n"
        "With --path the files of the cases are made in a new directory there, which is removed\n"
        "afterwards; on device DAX, which nobody else should be using, no case writes a byte.",
        OPTIONS,
        (
            "qemu-model conform --qemu qemu-system-x86_64",
            "qemu-model conform --qemu build/qemu-system-x86_64 --filter size/",
            "qemu-model conform --qemu qemu-system-x86_64 --path /mnt/pmem --filter dax/",
            "qemu-model conform --qemu qemu-system-x86_64 --path /dev/dax0.0",
            "qemu-model conform --qemu qemu-system-x86_64 --junit conform.xml -j 4",
        ),
        "0: nothing failed.  1: something did.  2: our options are wrong, or a program or library\n"
        "is missing.",
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.common.UsageError`."""
    words = common.split([*spell_out_jobs(argv)], OPTIONS)
    if words.has(common.HELP):
        print(help_text(), end="")
        return 0
    if words.qemu:
        raise common.UsageError(f"conform takes no '{words.qemu[0]}'")
    try:
        from ..conform.conform import chosen
    except ModuleNotFoundError as error:
        raise common.UsageError(
            f"the library {error.name} is not installed: pip install 'qemu-model[qemu]'"
        ) from error

    target = find(words.value(PATH)) if words.has(PATH) else None
    names = [case.name for case in chosen(words.own.get(FILTER.name), target)]
    if not names:
        raise common.UsageError(f"no case's name holds '{words.value(FILTER)}' (--list names them)")
    if words.has(SAMPLE):
        names = sample(names, number(words, SAMPLE))
    if words.has(LIST):
        print("\n".join(names))
        return 0
    if not words.has(QEMU):
        raise common.UsageError("say which QEMU: --qemu BINARY")
    return _conform(words, names, target)


def find(path: str) -> Target:
    """Return where the cases are to work.  Raises :class:`~qemu_model.cli.common.UsageError`."""
    from ..conform.conform_place import find_target
    from ..inspect.cannot_judge import CannotJudge

    try:
        return find_target(path)
    except CannotJudge as error:
        raise common.UsageError(f"--path: {error}") from error


def number(words: common.Words, option: common.Option) -> int:
    """Return an option's number, at least 1.  Raises :class:`~qemu_model.cli.common.UsageError`."""
    text = words.value(option)
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 10):
        raise common.UsageError(f"{option.name} takes a number from 1 on, not '{text}'")
    return int(text)


def sample(names: Sequence[str], count: int) -> list[str]:
    """Return ``count`` of the names in their order, and say on stderr how to have them again."""
    seed = os.environ.get("QEMU_MODEL_SEED") or secrets.token_hex(4)
    count = min(count, len(names))
    drawn = sorted(random.Random(seed).sample(range(len(names)), count))
    again = f"QEMU_MODEL_SEED={seed} draws the same"
    print(f"a sample of {count} of {len(names)} cases; {again}", file=sys.stderr)
    return [names[place] for place in drawn]


def spell_out_jobs(argv: Sequence[str]) -> Iterator[str]:
    """Give the words, with ``-jN`` as two."""
    for word in argv:
        if word.startswith("-j") and word[2:].isdigit():
            yield "-j"
            yield word[2:]
        else:
            yield word


def _conform(words: common.Words, names: Sequence[str], target: Target | None) -> int:
    from ..conform.conformance import conform, detect
    from ..conform.driver import DriverError, Qemu

    jobs = number(words, JOBS) if words.has(JOBS) else os.cpu_count() or 1
    junit = words.own.get(JUNIT.name)
    try:
        with terminated_as_interrupted(), unpacking() as on_progress:
            qemu = Qemu.at(words.value(QEMU), on_progress)
        if words.has(REVISION):
            revision = common.choose_revision(words.value(REVISION))
            how = f"{qemu.version}: revision {revision.name}, as asked"
        else:
            revision, how = detect(qemu)
        print(how, file=sys.stderr)
        if target is not None:
            print(target.in_words(), file=sys.stderr)
        with terminated_as_interrupted(), progress(len(names)) as on_result:
            report = conform(
                qemu,
                revision,
                names,
                jobs=jobs,
                whole=not any(map(words.has, (FILTER, SAMPLE, PATH))),
                target=target,
                on_result=on_result,
            )
    except DriverError as error:
        raise common.UsageError(str(error)) from error
    except OSError as error:
        raise common.UsageError(f"there is no room for the cases: {error}") from error
    if junit is not None:
        write_whole(Path(junit), report.to_junit())
    if words.has(common.JSON):
        print(json.dumps(report.to_json(), indent=1))
    else:
        print(summary(report), end="")
    return report.status


def write_whole(path: Path, text: str) -> None:
    """Write a file, whole or not at all; a device or a pipe is written to as it is.

    Raises :class:`~qemu_model.cli.common.UsageError`.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".conform-")
        try:
            with open(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.chmod(unfinished, 0o644)
            os.replace(unfinished, path)
        except BaseException:
            os.unlink(unfinished)
            raise
    except OSError as error:
        raise common.UsageError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: with nothing left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def unpacking() -> Iterator[Callable[[str, int, int], None] | None]:
    """Show on a terminal what is downloaded and unpacked, and how much of it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress

    with Progress(
        "{task.description}",
        BarColumn(),
        DownloadColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None, visible=False)

        def advance(step: str, done: int, total: int) -> None:
            in_bytes = total > 1 << 20
            bar.update(
                task,
                description=step if in_bytes or not total else f"{step} ({done} of {total})",
                completed=done,
                total=total if in_bytes else None,
                visible=True,
            )

        yield advance


@contextmanager
def progress(total: int) -> Iterator[Callable[[Result], None]]:
    """Show a bar on a terminal; give what is called with each result."""
    if not sys.stderr.isatty():
        yield lambda _result: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("conform", total=total)
        failed = 0

        def advance(result: Result) -> None:
            nonlocal failed
            failed += result.status == "failed"
            bar.update(task, advance=1, description=f"{failed} failed" if failed else "conform")

        yield advance


def summary(report: Report) -> str:
    """Return the results for somebody who maintains QEMU."""
    lines = []
    failed = report.of("failed")
    for result in failed[:TOLD_AT_LENGTH]:
        lines.append(f"FAILED {result.name}")
        lines += [f"    {why}" for why in result.why]
    if len(failed) > TOLD_AT_LENGTH:
        lines.append(f"and {len(failed) - TOLD_AT_LENGTH} more:")
        lines += [f"    {result.name}" for result in failed[TOLD_AT_LENGTH:]]
    for finding in report.gone:
        lines.append(f"FAILED the finding '{finding.name}' no longer occurs: {finding.title}")
    not_run: dict[str, int] = {}
    for result in report.of("not run"):
        not_run[result.why[0]] = not_run.get(result.why[0], 0) + 1
    lines += [f"not run: {count} cases: {why}" for why, count in not_run.items()]
    for finding, names in report.findings():
        lines.append(f"finding: {finding.title} ({len(names)} cases, for instance {names[0]})")
    counts = f"{len(report.of('passed'))} passed, {len(failed)} failed, "
    counts += f"{len(report.of('known'))} diverge by a finding, {len(report.of('not run'))} not run"
    lines.append(f"{report.qemu.version} against {report.revision.name}: {counts}")
    return "\n".join(lines) + "\n"
