"""One modelled QEMU process: start-up, QMP commands, exit, and what is left."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs

from .calls.event import Event
from .calls.leaks import Holdings, Leaks, created_files, find_leaks, release
from .calls.map_sync import NOT_KNOWN, MapSyncOutcome, honoured_by, map_sync
from .error import Abort, Exit, Killed, Livelock
from .front_end import CommandLine
from .front_ends import front_end_of
from .globals import Qemu
from .host.caller import Caller
from .host.protocol import Host
from .host.recording import RecordingHost
from .host.wrapper import kernel_behind
from .hostmem import HostMemoryBackend, host_memory_backend_mr_inited
from .machines.programs import without_program
from .machines.targets import target_of
from .qom import user_creatable_cleanup
from .ram_addr import RAMBlock
from .records import Value
from .revision import Revision
from .revisions.default import choose
from .revisions.origins import newest_origin, origin_in
from .revisions.release import Release

#: The exit status after SIGABRT, in the way of ``subprocess``.
ABORTED = -6

#: The ways in which a process ends.
ENDS: Final = (Exit, Abort, Killed, Livelock)

SHUTDOWN: Final[Mapping[str, Any]] = MappingProxyType(
    {"event": "SHUTDOWN", "data": {"guest": False, "reason": "host-qmp-quit"}}
)


@attrs.frozen(eq=False, repr=False)
class BackendMapping(Value):
    """A backend's memory, or the machine's own RAM, at the end of a run.

    ``id`` is the object's, or the name of the RAM; address and size in bytes.
    """

    id: str
    address: int
    size: int
    vm_flags: tuple[str, ...] | None

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "address": self.address,
            "size": self.size,
            "vm_flags": None if self.vm_flags is None else list(self.vm_flags),
        }


@attrs.frozen(eq=False, repr=False)
class Run(Value):
    """A run of the model, from the command line to the exit.

    ``exit`` is 0, 1, -6 where QEMU aborts, -11 where SIGSEGV ends it, None where it
    would never end; ``livelock`` then names the function that has the loop.  ``machine``
    is empty where the line was refused before one was chosen.
    """

    args: tuple[str, ...]
    revision: Revision
    host: str
    exit: int | None
    livelock: str | None
    stderr: tuple[str, ...]
    stdout: tuple[str, ...]
    replies: tuple[Any, ...]
    events: tuple[Event, ...]
    mappings: tuple[BackendMapping, ...]
    leaks: Leaks
    line: CommandLine
    machine: str
    #: By the number of a mapping's event: whether the kernel honours MAP_SYNC there, of
    #: those that were made without MAP_SHARED_VALIDATE.
    honoured: Mapping[int, bool] = NOT_KNOWN

    @property
    def map_sync(self) -> MapSyncOutcome:
        """What became of MAP_SYNC: not requested, granted, refused, or ignored."""
        return map_sync(self.events, self.honoured)

    def __str__(self) -> str:
        """Return the run in a few lines: the tree, the calls, the messages, the end."""
        end = f"never ends ({self.livelock})" if self.livelock else f"exit {self.exit}"
        calls = [f"  {event}" for event in self.events]
        return "\n".join([f"{self.revision.name} on {self.host}: {end}", *calls, *self.stderr])


@functools.cache
def _names_in(release: Release) -> Callable[[str], str]:
    """Return what turns ``FILE:FUNCTION`` of the mirror into the names that a release has."""

    @functools.cache
    def name(by: str) -> str:
        return origin_in(newest_origin(by), release) if by else ""

    return name


class Process:
    """A QEMU process that runs the model.

    Call :meth:`start`, :meth:`command` as often as wanted, and :meth:`finish`.  ``args`` are
    QEMU's options, with the program before them where they are not for x86
    (:mod:`.machines.programs`).
    ``revision`` None is the tree that the line names (:func:`.revisions.default.choose`).
    ``host`` is recorded here; ``on_event``, ``on_stderr`` and ``on_reply`` are
    called with what happens, as it happens.  With ``qemu.must_negotiate`` no command is
    served before qmp_capabilities, as QEMU has it; else that one may be left out.
    ``caller`` is kept up to date with the function that makes the calls.
    """

    def __init__(
        self,
        args: Sequence[str],
        host: Host,
        revision: Revision | None = None,
        *,
        on_event: Callable[[Event], None] | None = None,
        on_stderr: Callable[[str], None] | None = None,
        on_reply: Callable[[Any], None] | None = None,
        assumed_machine: str | None = None,
        caller: Caller | None = None,
    ) -> None:
        self.args = tuple(args)
        revision = choose(args).revision if revision is None else revision
        caller = Caller() if caller is None else caller
        self.host = RecordingHost(host, on_event, _names_in(revision.release), caller)
        self.qemu = Qemu(
            self.host,
            revision,
            host.platform,
            target_of(self.args),
            on_stderr=on_stderr,
            caller=caller,
        )
        self.qemu.assumed_machine = assumed_machine
        self._front_end = front_end_of(revision)
        self.qemu.types = self._front_end.types(revision.release)
        self.replies: list[Any] = []
        self.exit: int | None = None
        self.livelock: str | None = None
        self.running = False
        self.mappings: tuple[BackendMapping, ...] = ()
        self._on_reply = on_reply
        self._failed_files: list[str] = []
        self._held = Holdings()
        self._held_after = 0

    @functools.cached_property
    def line(self) -> CommandLine:
        """The command line, once it is read; empty where that was refused."""
        return CommandLine()

    def start(self) -> bool:
        """Read the command line and make what it asks for; return whether QEMU then runs."""
        self.running = True
        try:
            options = without_program(self.args)
            self.line = self._front_end.parse(self.qemu, options)
            self._front_end.start(self.qemu, self.line)
        except ENDS as end:
            self._end(end)
        return self.running

    def command(self, request: Any) -> None:
        """Run one QMP command; its reply, and the events after it, go to ``replies``."""
        if not self.running:
            return
        before = len(self.host.events)
        try:
            name = request.get("execute") if isinstance(request, dict) else None
            reply = self._front_end.dispatch(self.qemu, request)
            if name == "quit" and "return" in reply:
                self._quit(reply)
            if "error" in reply:
                self._failed_files += created_files(self.host.events[before:])
            self._reply(reply)
            self._front_end.drain_call_rcu(self.qemu)
        except ENDS as end:
            self._end(end)

    def _reply(self, reply: Any) -> None:
        self.replies.append(reply)
        if self._on_reply is not None:
            self._on_reply(reply)

    def _quit(self, reply: Any) -> None:
        said = [reply, SHUTDOWN]
        if self.qemu.tree.qmp.shutdown_comes_before_the_reply:
            said.reverse()
        for message in said:
            self._reply(dict(message))
        raise Exit(0)

    def finish(self) -> Run:
        """End the process, if it still runs, and return all that happened."""
        if self.running:
            self._end(Exit(0))
        held = self._hold()
        kernel = kernel_behind(self.host)
        validates = self.qemu.tree.policy.validates
        honoured = {} if validates else honoured_by(kernel, self.host.events)
        events = tuple(self.host.events)
        qemu = self.qemu
        owned = [*qemu.ram_blocks, *qemu.call_rcu]
        # A process that ends inside a function still refers to what the function holds.
        ended = self.exit in (0, 1)
        leaks = find_leaks(
            held if ended else Holdings(),
            [(block, _guard_size(qemu, block)) for block in owned],
            strings=len(qemu.heap.owed),
            files=self._failed_files,
        )
        release(kernel, held)
        return Run(
            self.args,
            qemu.tree,
            self.host.name,
            self.exit,
            self.livelock,
            tuple(qemu.stderr),
            tuple(qemu.stdout),
            tuple(self.replies),
            events,
            self.mappings,
            leaks,
            self.line,
            qemu.machine.name,
            honoured,
        )

    def undo(self) -> None:
        """Release what an interrupted run holds, and remove the files it created."""
        kernel = kernel_behind(self.host)
        held = self._hold()
        release(kernel, held)
        for path in held.files:
            kernel.unlink(path)

    def forget(self) -> None:
        """Drop the calls, replies and lines so far, for a process that never ends.

        What it holds on the host stays known and is released at its end; the :class:`Run` then
        has only what came afterwards.
        """
        self._hold()
        self._held_after = 0
        self.host.forget()
        self.replies.clear()
        self.qemu.stderr.clear()
        self.qemu.stdout.clear()

    def _hold(self) -> Holdings:
        """Return the descriptors and mappings that the process holds after the calls so far."""
        events = self.host.events
        self._held.follow(events[self._held_after :], self.qemu.platform.page_size)
        self._held_after = len(events)
        return self._held

    def _end(self, end: BaseException) -> None:
        """Record how the process ended."""
        self.running = False
        if isinstance(end, Exit):
            if end.status == 0:
                self._look_at_mappings()
                self._clean_up()
            else:
                self._failed_files += created_files(self.host.events)
            self.exit = end.status
        elif isinstance(end, Abort):
            self.qemu.put_stderr(end.text_in(self.qemu.tree))
            self.exit = ABORTED
        elif isinstance(end, Killed):
            self.exit = -end.number
        elif isinstance(end, Livelock):
            self.livelock = end.function

    def _clean_up(self) -> None:
        """Take the objects out; an exit on the way ends that."""
        try:
            user_creatable_cleanup(self.qemu)
        except Exit:
            return

    def _look_at_mappings(self) -> None:
        mappings = [
            self._mapping(backend.id, backend.mr.ram_block)
            for backend in self.qemu.objects.values()
            if isinstance(backend, HostMemoryBackend) and host_memory_backend_mr_inited(backend)
        ]
        ram = self.qemu.machine.ram
        if ram is not None and ram.ram_block is not None:
            mappings.append(self._mapping(ram.name, ram.ram_block))
        self.mappings = tuple(mappings)

    def _mapping(self, id: str, block: RAMBlock | None) -> BackendMapping:
        assert block is not None
        flags = self.host.vm_flags(block.host)
        return BackendMapping(
            id, block.host, block.max_length, None if flags is None else tuple(flags)
        )


def negotiates(qmp: Sequence[Any]) -> bool:
    """Return whether ``qmp_capabilities`` is among the commands, as QEMU wants it."""
    return bool(qmp) and any(
        isinstance(request, dict) and request.get("execute") == "qmp_capabilities"
        for request in qmp
    )


def run(
    args: Sequence[str],
    host: Host,
    revision: Revision | None = None,
    *,
    qmp: Sequence[Any] = (),
    on_event: Callable[[Event], None] | None = None,
    on_stderr: Callable[[str], None] | None = None,
    on_reply: Callable[[Any], None] | None = None,
    assumed_machine: str | None = None,
) -> Run:
    """Run one command line and the QMP commands after it, and return all that happened.

    ``revision`` None is the tree that the line names, else the newest.
    ``assumed_machine`` is the machine of a line that names none: ``pc`` is QEMU's own
    default, None what suits the line.
    An interruption, or the error of a host that refuses, undoes the run and is raised.
    """
    process = Process(
        args,
        host,
        revision,
        on_event=on_event,
        on_stderr=on_stderr,
        on_reply=on_reply,
        assumed_machine=assumed_machine,
    )
    process.qemu.must_negotiate = negotiates(qmp)
    try:
        if process.start():
            for request in qmp:
                process.command(request)
        return process.finish()
    except BaseException:
        process.undo()
        raise


def _guard_size(qemu: Qemu, block: RAMBlock) -> int:
    """Return the size of the guard behind a block: since 4.0, on ppc64, a page of its file."""
    ppc64 = qemu.platform.machine.startswith("ppc64")
    own = qemu.tree.mmap_alloc.guards_with_the_files_pages and ppc64
    return block.page_size if own else qemu.platform.page_size
