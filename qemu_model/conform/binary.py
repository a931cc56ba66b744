"""A real QEMU on this machine: which release it is, and where its firmware lies."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from .errors import DriverError

if TYPE_CHECKING:
    from .debian import Progress

_VERSION: Final = re.compile(r"QEMU emulator version (\d+(?:\.\d+)*)\b.*")
#: Where Debian keeps firmware, beside the folder of the binary.
_FIRMWARE: Final = ("share/qemu", "share/seabios")


@attrs.frozen
class Qemu:
    """A QEMU that can be run.

    ``version`` is the text of its ``--version``; ``release`` the numbers in it, as (7, 2, 22).
    ``firmware`` are directories for ``-L``, for a QEMU that was unpacked outside the directories
    it was built for.  ``inject`` are faults, as strace takes them, that each run of it gets.
    """

    binary: str
    version: str
    release: tuple[int, ...]
    firmware: tuple[str, ...] = ()
    inject: tuple[str, ...] = ()

    @classmethod
    def at(
        cls, binary: str, on_progress: Progress | None = None, inject: Sequence[str] = ()
    ) -> Qemu:
        """Return the QEMU that the program ``binary`` is; ``debian:SUITE`` is unpacked first.

        Its path is made absolute, because each run has a working directory of its own.

        Raise :class:`DriverError` where there is no such program, or it is not a QEMU.
        """
        if binary.startswith("debian:"):
            from .debian import unpacked

            binary = str(unpacked(binary, on_progress))
        found = shutil.which(binary)
        if found is None:
            raise DriverError(f"no program '{binary}' to run: install it, or give its path")
        found = os.path.abspath(found)
        try:
            answer = subprocess.run(
                [found, "--version"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as refusal:
            raise DriverError(f"cannot run '{found} --version': {refusal}") from refusal
        first = answer.stdout.partition("\n")[0]
        match = _VERSION.fullmatch(first)
        if match is None:
            raise DriverError(f"'{found}' does not say which QEMU it is: {first!r}")
        release = tuple(int(part) for part in match[1].split("."))
        return cls(found, first, release, _own_firmware(found), tuple(inject))

    @property
    def program_name(self) -> str:
        """The name with which this QEMU begins its messages."""
        return os.path.basename(self.binary)

    @property
    def firmware_options(self) -> tuple[str, ...]:
        """``-L`` for each directory of its own firmware."""
        return tuple(word for path in self.firmware for word in ("-L", path))


def _own_firmware(binary: str) -> tuple[str, ...]:
    """Return the firmware of a QEMU whose root is not the system's."""
    folder = Path(binary).resolve().parent
    if folder.name != "bin" or folder.parent == Path("/usr"):
        return ()
    return tuple(str(folder.parent / name) for name in _FIRMWARE if (folder.parent / name).is_dir())
