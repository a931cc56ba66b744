"""The guest that tests share, with every kind of file in it, and what runs there."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import faulthandler
import json
import os
import pickle
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from conftest import needs

import qemu_model
from qemu_model.guest import Guest
from qemu_model.guest.storage import mount_all, storage_guest

#: The program that packs an initramfs, and the others that a guest needs.
PROGRAMS: Final = ("qemu-system-x86_64", "cpio", "busybox", "setpriv", "dpkg-deb", "apt-get")


def needs_guest() -> None:
    """Say what a guest needs and this machine has not."""
    for program in PROGRAMS:
        needs(shutil.which(program) is not None, f"the program {program}")
    for program in ("depmod", "modprobe", "mkfs.ext4", "mkfs.xfs"):
        found = shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")
        needs(found is not None, f"the program {program}")


def packages() -> str:
    """Return PYTHONPATH for Debian's own Python in the guest: what was installed here.

    The standard library of another Python, which is on ``sys.path`` too, would break it.
    """
    here = Path(qemu_model.__file__).parents[1]
    installed = [path for path in sys.path if Path(path).name == "site-packages"]
    return os.pathsep.join(dict.fromkeys([str(here), *installed]))


@attrs.frozen
class Storage:
    """A running guest, and where in it each kind of file is."""

    guest: Guest
    places: dict[str, str]

    def run_models(self, runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Run the model in the guest, run after run in one process, and return each result."""
        return self._program("guest_models.py", runs)

    def run_qemus(self, runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Run a real QEMU in the guest, run after run, and return each result."""
        return self._program("guest_qemus.py", runs)

    def judge_qemus(self, runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Judge the memory of a real QEMU that runs in the guest, run after run."""
        return self._program("guest_judges.py", runs)

    def _program(self, name: str, runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        # Slow on purpose, as everything there: its time limit is the guest's own.
        faulthandler.cancel_dump_traceback_later()
        asked, answered = self.guest.work / "asked.json", self.guest.work / "answered"
        asked.write_text(json.dumps(runs))
        program = Path(__file__).with_name(name)
        self.guest.python([str(program), str(asked), str(answered)], timeout=1200)
        results: list[dict[str, Any]] = pickle.loads(answered.read_bytes())
        assert len(results) == len(runs)
        return results


@pytest.fixture(scope="session")
def storage() -> Iterator[Storage]:
    """Boot a guest with every kind of file that answers MAP_SYNC in its own way."""
    needs_guest()
    with storage_guest() as guest:
        yield Storage(guest, mount_all(guest))
