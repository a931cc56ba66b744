"""A line as the findings see it: a run on its host, and one where nothing is scarce."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import attrs

from ..explain.guest_memory import Memory, block_address, guest_memory
from ..explain.parts import Part, parts_of
from ..explain.usual_machine import (
    generous,
    read_only_files,
    usual_profile,
    with_directories,
)
from ..host.protocol import Host, HostRefuses
from ..process import Process, Run, negotiates
from ..records import Record
from ..revision import Revision
from .surroundings import Anywhere, Simulated, Surroundings, ThisMachine

if TYPE_CHECKING:
    from ..host.profile import Profile

#: What makes a fresh host: a run changes the one it is made on.
MakeHost = Callable[[], Host]


@runtime_checkable
class HasFileSizes(Protocol):
    """A host that knows the sizes of its files, as a simulated one does."""

    def file_sizes(self) -> dict[str, int]:
        """Return the size in bytes of each regular file that has a name."""
        ...


@attrs.frozen(eq=False, repr=False)
class Look(Record):
    """One run of a line: the process, its objects by id, also those that are gone, its memory.

    ``addresses`` are those of the objects' blocks, 0 for one that has none.
    """

    run: Run
    process: Process
    made: Mapping[str, Any]
    addresses: Mapping[str, int]
    memory: tuple[Memory, ...]


@attrs.frozen(eq=False, repr=False)
class Place(Record):
    """A host by its name, empty for none: how to make it, and what it has.

    ``plenty`` is the profile of the same machine on which nothing is scarce.
    """

    name: str
    make: MakeHost
    surroundings: Surroundings
    plenty: Profile
    profile: Profile | None = None


@attrs.frozen(eq=False, repr=False)
class Case(Record):
    """All that the rules look at.

    ``wanted`` is the line's memory on a machine where nothing is scarce, ``look`` the run
    on the host itself.  ``killed`` says why the host's kernel would kill QEMU at start: memory
    runs out; ``look`` is then the other run.  ``told`` is the text that came after the line, as
    a log has it.
    """

    args: tuple[str, ...]
    revision: Revision
    place: Place
    parts: tuple[Part, ...]
    look: Look
    wanted: Look
    qmp: tuple[Any, ...] = ()
    killed: str = ""
    told: str = ""

    @property
    def run(self) -> Run:
        """The run on the host."""
        return self.look.run

    @property
    def memory(self) -> tuple[Memory, ...]:
        """The line's memory, as it is where nothing is scarce."""
        return self.wanted.memory

    @property
    def host(self) -> Surroundings:
        """What the host has."""
        return self.place.surroundings

    @property
    def starts(self) -> bool:
        """Whether QEMU starts on the host."""
        return self.run.exit == 0 and not self.killed

    def parts_called(self, option: str) -> tuple[Part, ...]:
        """Return the parts of the line with this option."""
        return tuple(part for part in self.parts if part.option == option)


def place_called(name: str, parts: Sequence[Part]) -> Place:
    """Return the host called ``name``: ``live``, ``sim:`` and a profile, or empty for none.

    Raises :class:`~qemu_model.host.profiles.ProfileError`.
    """
    paths = [path for part in parts if (path := part.params.get("mem-path"))]
    if name == "live":
        from ..explain.dry import DryHost

        return Place(name, DryHost, ThisMachine(), usual_profile(paths))
    from ..host.simulated import SimulatedHost

    if name:
        from ..host import profiles

        profile = profiles.load(name.removeprefix("sim:"))
        if isinstance(profile.implied_directories, tuple):
            profile = with_directories(profile, paths)
        return Place(
            name,
            lambda: SimulatedHost(profile),
            Simulated(profile),
            with_directories(generous(profile), paths),
            profile,
        )
    usual = usual_profile(paths, read_only_files(parts))
    return Place(name, lambda: SimulatedHost(usual), Anywhere(usual), usual, usual)


def look_at(
    args: Sequence[str], revision: Revision, host: Host, qmp: Sequence[Any], parts: Sequence[Part]
) -> Look:
    """Run a line and the commands after it, and note the memory that it makes."""
    process = Process(args, host, revision)
    process.qemu.must_negotiate = negotiates(qmp)
    made: dict[str, Any] = {}
    addresses: dict[str, int] = {}
    try:
        process.start()
        for command in (None, *qmp):
            if command is not None:
                process.command(command)
            for id, obj in process.qemu.objects.items():
                made[id], addresses[id] = obj, block_address(obj)
        sizes: Mapping[str, int] = host.file_sizes() if isinstance(host, HasFileSizes) else {}
        run = process.finish()
    except BaseException:
        process.undo()
        raise
    memory = guest_memory(process, run.events, parts, made, addresses, sizes)
    return Look(run, process, made, addresses, memory)


def case_of(
    args: Sequence[str],
    revision: Revision,
    place: Place,
    qmp: Sequence[Any] = (),
    *,
    parts: Sequence[Part] | None = None,
    host: Host | None = None,
    told: str = "",
) -> Case:
    """Return a line's case on a host; ``host`` is one that the caller has made for it."""
    from ..host.simulated import SimulatedHost

    read = parts_of(args) if parts is None else tuple(parts)
    killed = ""
    look: Look | None = None
    try:
        look = look_at(args, revision, host or place.make(), qmp, read)
    except HostRefuses as error:
        if not place.name.startswith("sim:"):
            raise
        killed = str(error)
    if look is not None and not place.name and look.run.exit == 0:
        wanted = look
    else:
        wanted = look_at(args, revision, SimulatedHost(place.plenty), qmp, read)
    shown = look or wanted
    return Case(tuple(args), revision, place, read, shown, wanted, tuple(qmp), killed, told)
