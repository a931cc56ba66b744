"""``qemu-model explorer``: the page that runs the model in a browser."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .layout import draws_progress
from .options import HELP, Option, UsageError, split, usage

OUTPUT: Final = Option("-o", "write one HTML file; - is stdout", "FILE")
SITE: Final = Option("--site", "write the files of a web site into this folder", "DIR")
OPTIONS: Final = (OUTPUT, SITE, HELP)


def help_text() -> str:
    """Return what ``explorer --help`` shows."""
    return usage(
        "explorer -o FILE.html | --site DIR",
        "Write a page that runs the model itself, in a browser: type or paste a QEMU line, a\n"
        "libvirt log, a strace log or an error message, and see the calls, a picture of the\n"
        "address space, the findings, and what differs in another QEMU or on another host.\n"
        "One file of about 9 MB works from the disk, without a network; --site writes the same\n"
        "as files for a web server.  The first time, npm fetches Pyodide (Python for the\n"
        "browser, 6 MB), which is then kept in ~/.cache/qemu-model.",
        OPTIONS,
        ("qemu-model explorer -o explorer.html", "qemu-model explorer --site public/explorer"),
    )


def _make() -> str:
    """Return the page, with a line on the terminal while it is made."""
    from ..explorer.html import make_page

    if draws_progress():
        print("building the page, about 15 s", file=sys.stderr, flush=True)
    return make_page()


def _site(directory: str) -> int:
    from ..explorer.html import make_site

    try:
        written = make_site(Path(directory))
    except OSError as error:
        raise _refuse(directory, error) from error
    size = sum(path.stat().st_size for path in written) / 1e6
    print(f"{directory}: {len(written)} files, {size:.1f} MB", file=sys.stderr)
    return 0


def _refuse(path: str, error: OSError) -> UsageError:
    return UsageError(f"cannot write {path}: {error.strerror}")


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    from ..explorer.runtime import RuntimeMissing

    try:
        return _main(argv)
    except RuntimeMissing as error:
        raise UsageError(str(error)) from error


def _main(argv: Sequence[str]) -> int:
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if words.qemu:
        raise UsageError(
            f"'{words.qemu[0]}' is too much: explorer takes only -o FILE or --site DIR"
        )
    path = words.value(OUTPUT)
    if words.has(SITE):
        if path:
            raise UsageError("give -o FILE or --site DIR, not both")
        return _site(words.value(SITE))
    if not path:
        raise UsageError("-o FILE is missing: where should the page go?")
    if path == "-":
        sys.stdout.write(_make())
        return 0
    if os.path.isdir(path):
        raise UsageError(f"cannot write {path}: it is a directory")
    if os.path.exists(path) and not os.path.isfile(path):
        # A device or a pipe is written to: a file must not take its place.
        try:
            with open(path, "w", encoding="utf-8") as device:
                device.write(_make())
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
            page = _make()
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
