"""What MAP_SYNC keeps: write through a mapping, crash, count the pages that are left.

The persistent memory of the guest survives a reset of its machine, as an NVDIMM
survives a loss of power.  What does not survive is what only the kernel's memory
held: without MAP_SYNC, where the file system had put the pages.  Each boot sees one
kind of mapping, because one synchronous fault commits the whole journal; both file
systems are written in the same boot, since their journals are two.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from .errors import GuestError
from .file_systems import check_makers
from .inside.write_and_crash import MODEL, PAGES
from .kernel import Report
from .machine import Boot, Guest

#: The persistent memories' sizes in MiB, by file system.
PMEM: Final[Mapping[str, int]] = MappingProxyType({"ext4": 128, "xfs": 320})
#: A journal that is not committed on its own while the demonstration runs.
MOUNT_OPTIONS: Final[Mapping[str, str]] = MappingProxyType({"ext4": "dax,commit=600", "xfs": "dax"})
TRIES: Final = 2


@attrs.frozen
class Writer:
    """Who maps the file, with which options; ``name`` is for people."""

    name: str
    program: str
    options: str


MODEL_WRITERS: Final = tuple(
    Writer("model, v8", MODEL, options)
    for options in (
        "share=on,pmem=on,sync=on",
        "share=on,pmem=on,sync=off",
        "share=on,pmem=off,sync=on",
        "share=off,pmem=on,sync=on",
    )
)
QEMU_WRITERS: Final = tuple(
    Writer("", "qemu-system-x86_64", options)
    for options in ("share=on,pmem=on", "share=on,pmem=off")
)


@attrs.frozen
class Outcome:
    """What was found after the crash of one writer on one file system.

    ``mapped_as`` and ``sf`` are the mapping's, before the crash: the flags that the
    model passed, or as much as maps tells of another process.  ``found`` counts the
    pages that held what had been written, of ``written``.
    """

    writer: str
    options: str
    file_system: str
    mapped_as: str
    sf: bool
    written: int
    found: int
    exists: bool


@attrs.frozen
class Demonstration:
    """All outcomes, the kernel's name, every boot, and the seconds it took."""

    kernel: str
    outcomes: tuple[Outcome, ...]
    boots: tuple[Boot, ...]
    seconds: float

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "kernel": self.kernel,
            "boots": len(self.boots),
            "boots_failed": sum(not boot.reached for boot in self.boots),
            "seconds": round(self.seconds, 1),
            "outcomes": [
                {
                    "writer": outcome.writer,
                    "options": outcome.options,
                    "file_system": outcome.file_system,
                    "mapped_as": outcome.mapped_as,
                    "sf": outcome.sf,
                    "pages_written": outcome.written,
                    "pages_found": outcome.found,
                    "file_exists": outcome.exists,
                }
                for outcome in self.outcomes
            ],
        }


def demonstrate(
    writers: Iterable[Writer],
    file_systems: Iterable[str] = ("ext4", "xfs"),
    report: Report = lambda message: None,
) -> Demonstration:
    """Crash once per writer and return what each left on each file system.

    A machine that does not come back is replaced once per writer.  Raises
    :class:`GuestError` if a guest does not start or the second try fails as well.
    """
    chosen = tuple(file_systems)
    check_makers(chosen)
    waiting = list(writers)
    total, tries = len(waiting), 0
    outcomes: list[Outcome] = []
    boots: list[Boot] = []
    kernel = ""
    started = time.monotonic()
    while waiting:
        guest = Guest(pmem=[PMEM[name] for name in chosen], report=report)
        try:
            with guest:
                kernel = guest.kernel
                while waiting:
                    writer = waiting[0]
                    number = total - len(waiting) + 1
                    report(f"crash {number} of {total}: {writer.name} {writer.options}".strip())
                    outcomes += _crash(guest, writer, chosen)
                    waiting.pop(0)
                    tries = 0
        except GuestError:
            tries += 1
            if tries == TRIES:
                raise
        finally:
            boots += guest.boots
    return Demonstration(kernel, tuple(outcomes), tuple(boots), time.monotonic() - started)


def qemu_writers(binary: str) -> tuple[Writer, ...]:
    """Return the writers of a real QEMU: ``binary``, named with its version.

    Raises :class:`GuestError` if it cannot be asked.
    """
    import subprocess

    from .kernel import find_program

    path = find_program(binary, "qemu-system-x86")
    try:
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise GuestError(f"{path} does not say its version: {error}") from None
    words = said.split()
    version = words[words.index("version") + 1] if "version" in words else "of unknown version"
    return tuple(
        attrs.evolve(writer, name=f"QEMU {version}", program=path) for writer in QEMU_WRITERS
    )


def _crash(guest: Guest, writer: Writer, file_systems: tuple[str, ...]) -> list[Outcome]:
    places = {name: f"/mnt/{name}" for name in file_systems}
    for number, (name, place) in enumerate(places.items()):
        options = MOUNT_OPTIONS[name]
        guest.make_file_system(name, f"/dev/pmem{number}", place, options=options)
    paths = [f"{place}/nvdimm" for place in places.values()]
    mapped = guest.work / "mapped.json"
    program = "qemu_model.guest.inside.write_and_crash"
    guest.python_into_crash(
        ["-m", program, writer.program, writer.options, str(mapped), *paths], timeout=120
    )
    for number, (name, place) in enumerate(places.items()):
        guest.mount(name, f"/dev/pmem{number}", place, options=MOUNT_OPTIONS[name])
    left = json.loads(guest.python(["-m", program, "count", *paths]).stdout)
    outcomes = []
    for name, before, after in zip(file_systems, json.loads(mapped.read_text()), left, strict=True):
        outcomes.append(
            Outcome(
                writer=writer.name,
                options=writer.options,
                file_system=name,
                mapped_as=before["mapped_as"],
                sf=before["sf"],
                written=PAGES,
                found=after["pages"],
                exists=after["exists"],
            )
        )
    return outcomes
