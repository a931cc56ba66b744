"""``qemu-model dax-shell``: a shell on a machine where MAP_SYNC works."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .options import HELP, Option, UsageError, split, usage

if TYPE_CHECKING:
    from ..guest import Guest

COMMAND: Final = Option("--command", "run this shell line there instead", "LINE")
OPTIONS: Final = (COMMAND, HELP)
#: The exit status when no guest can be started.
FAILED: Final = 1
#: How long ``--command`` may run, in seconds: long enough for all of conform.
COMMAND_LIMIT: Final = 4 * 3600.0
#: The status of a command that was ended because it took too long.
TIMED_OUT: Final = 124


def help_text() -> str:
    """Return what ``dax-shell --help`` shows."""
    return usage(
        "dax-shell [--command LINE]",
        "Boot a virtual machine with persistent memory and open a shell in it.  It sees this\n"
        "machine's files, read-only below a layer that is discarded afterwards, and has ext4 and\n"
        "xfs with and without DAX, virtio-pmem, device DAX, tmpfs and huge pages mounted.\n"
        "Debian's kernel is downloaded once (71 MB) and not installed; no KVM, no root.",
        OPTIONS,
        (
            "qemu-model dax-shell",
            "qemu-model dax-shell --command 'findmnt /mnt/ext4-dax'",
        ),
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if words.qemu:
        raise UsageError(f"dax-shell takes no {words.qemu[0]}")
    line = words.value(COMMAND)
    if not line and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("a shell needs a terminal; without one, use --command LINE")

    from ..guest.errors import GuestError
    from ..guest.progress import ends_cleanly, progress
    from ..guest.storage import mount_all, storage_guest

    try:
        with ends_cleanly():
            guest = storage_guest()
            try:
                with progress() as report:
                    guest.report = report
                    guest.open()
                    report("making file systems")
                    places = mount_all(guest)
                if line:
                    return _run(guest, line)
                for name, path in places.items():
                    print(f"{name:<20} {path or '(no path)'}")
                return guest.interact()
            finally:
                guest.close()
    except GuestError as error:
        print(f"qemu-model dax-shell: {error}", file=sys.stderr)
        return FAILED


def _run(guest: Guest, line: str) -> int:
    """Run a line in the guest, with its output here, and return its status."""

    def show(stdout: bytes, stderr: bytes) -> None:
        for stream, new in ((sys.stdout, stdout), (sys.stderr, stderr)):
            stream.buffer.write(new)
            stream.flush()

    words = ["bash", "-c", line]
    status = guest.run(words, timeout=COMMAND_LIMIT, check=False, on_output=show).returncode
    if status == TIMED_OUT:
        print(f"qemu-model dax-shell: no end after {COMMAND_LIMIT:.0f} s", file=sys.stderr)
    return status
