"""What the runs over conformance cases share: options, progress, files of results."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from .layout import draws_progress
from .options import Option, UsageError, Words

QEMU: Final = Option("--qemu", "the QEMU to compare with the model, or debian:SUITE", "BINARY")
REVISION: Final = Option("--revision", "the revision, by default found by the version", "R")
FILTER: Final = Option("--filter", "only the cases whose name contains this", "NAME")
JUNIT: Final = Option("--junit", "write the results for a CI server to a file", "FILE")
JOBS: Final = Option(
    "-j", "how many cases run at a time, by default as many as CPUs", "N", number=True
)
PATH: Final = Option("--path", "work in this directory, or on this device DAX", "PATH")
SAMPLE: Final = Option("--sample", "only so many of the cases, drawn at random", "N", number=True)
LIST: Final = Option("--list", "name the cases and run none")
AGAINST: Final = Option(
    "--against", "compare with this QEMU, or debian:SUITE, in place of the model", "OTHER"
)
INJECT: Final = Option(
    "--inject", "let a call of BINARY fail in each case, as strace -e inject= has it", "FAULT"
)
LINE: Final = Option(
    "--line", "with --against: compare on this command line in place of the cases", "LINE"
)
FROM: Final = Option("--from", "the same for each command line in a text", "FILE")
SHARD: Final = Option("--shard", "only the K-th of N equal parts of the cases", "K/N")
RESUME: Final = Option(
    "--resume", "keep results in this file as they come, and do not repeat those in it", "FILE"
)


def write_whole(path: Path, text: str) -> None:
    """Write a file, whole or not at all; a device or a pipe is written to as it is.

    Raises :class:`~qemu_model.cli.options.UsageError`.
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
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: files are removed, processes ended."""

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
    if not draws_progress():
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
def kept_results(
    words: Words, what: Mapping[str, object], names: Sequence[str]
) -> Iterator[tuple[dict[str, dict[str, Any]], Callable[[dict[str, object]], None]]]:
    """Give the results that ``--resume FILE`` has, and what keeps another one there.

    Raises :class:`~qemu_model.cli.options.UsageError` for a file that cannot be used.
    """
    if not words.has(RESUME):
        yield {}, lambda _result: None
        return
    from ..conform.errors import DriverError
    from ..conform.resume import Results

    sample = names if words.has(SAMPLE) else ()
    try:
        results = Results(Path(words.value(RESUME)), what, sample)
    except DriverError as error:
        raise UsageError(str(error)) from error
    try:
        yield results.known, results.add
    finally:
        results.close()


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show a bar on a terminal; give what is called with the status of each result."""
    if not draws_progress():
        yield lambda _status: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("conform", total=total)
        failed = 0

        def advance(status: str) -> None:
            nonlocal failed
            failed += status in ("failed", "different")
            bar.update(task, advance=1, description=f"{failed} failed" if failed else "conform")

        yield advance
