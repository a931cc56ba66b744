"""``qemu-model explorer``: the page on which every choice shows what comes of it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from typing import Final

from . import common

OUTPUT: Final = common.Option("-o", "the page; - is stdout", "FILE")
OPTIONS: Final = (OUTPUT, common.HELP)


def help_text() -> str:
    """Return what ``explorer --help`` shows."""
    return common.usage(
        "explorer -o FILE.html",
        "Write one HTML page that needs nothing else: choose options, a host and a revision,\n"
        "and see the calls, the mapping, the messages, and what differs elsewhere.  The model\n"
        "runs over all choices first, which takes about a minute of a processor's time.",
        OPTIONS,
        ("qemu-model explorer -o explorer.html",),
    )


def _make(title: str) -> str:
    """Return the page, showing how far it is if a terminal is there to show it."""
    from ..explorer.html import make_page

    if not sys.stderr.isatty():
        return make_page()
    from rich.console import Console
    from rich.progress import Progress

    from ..host import profiles

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=len(profiles.names()))
        return make_page(on_host=lambda: progress.advance(task))


def _refuse(path: str, error: OSError) -> common.UsageError:
    return common.UsageError(f"cannot write {path}: {error.strerror}")


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.common.UsageError`."""
    words = common.split(argv, OPTIONS)
    if words.has(common.HELP):
        print(help_text(), end="")
        return 0
    if words.qemu:
        raise common.UsageError(f"'{words.qemu[0]}' is too much: explorer takes only -o FILE")
    path = words.value(OUTPUT)
    if not path:
        raise common.UsageError("-o FILE is missing: where should the page go?")
    if path == "-":
        sys.stdout.write(_make("running the model"))
        return 0
    if os.path.isdir(path):
        raise common.UsageError(f"cannot write {path}: it is a directory")
    if os.path.exists(path) and not os.path.isfile(path):
        # A device or a pipe is written to: a file must not take its place.
        try:
            with open(path, "w", encoding="utf-8") as device:
                device.write(_make("running the model"))
        except OSError as error:
            raise _refuse(path, error) from error
        return 0
    # Beside the file, so that an old page stays whole until the new one is.
    directory = os.path.dirname(path) or "."
    try:
        descriptor, unfinished = tempfile.mkstemp(prefix=".explorer-", dir=directory)
    except OSError as error:
        raise _refuse(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            page = _make("running the model")
            file.write(page)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(unfinished, 0o666 & ~umask)
        os.replace(unfinished, path)
    except OSError as error:
        os.unlink(unfinished)
        raise _refuse(path, error) from error
    except BaseException:
        os.unlink(unfinished)
        raise
    size = len(page) / 1e6
    print(f"{path}: {size:.1f} MB, open it in a browser", file=sys.stderr)
    return 0
