"""The globals of one modelled QEMU process: what C keeps in global variables."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import attrs

from .boards import MachineState
from .error import Error, Message
from .host.caller import Caller
from .host.protocol import Host, Platform
from .numa_info import NumaState
from .ram_addr import RAMBlock
from .records import Record
from .revision import Revision

if TYPE_CHECKING:
    from .qom import Object, TypeInfo
    from .target_info import TargetInfo


@attrs.define(eq=False, repr=False)
class Heap(Record):
    """The strings that a callee allocates and its caller must free with ``g_free()``.

    A string that was not freed when the process ended, and that nothing points to
    any more, is a leak.
    """

    owed: list[str] = attrs.field(factory=list)

    def give(self, string: str) -> str:
        """Hand ``string`` to the caller, who now must free it."""
        self.owed.append(string)
        return string

    def g_free(self, string: str) -> None:
        """Free a string that was handed over."""
        self.owed.remove(string)


class MemsetContext(NamedTuple):
    """A preallocation: ``pages`` pages of ``pagesize`` bytes at ``area``, by so many threads."""

    area: int
    pagesize: int
    pages: int
    threads: int


@attrs.define(eq=False, repr=False)
class Qemu(Record):
    """One process: its host, its tree, its options, its RAM blocks, its types and objects.

    ``target`` is which program of QEMU it is: qemu-system-x86_64, or one for another processor.
    ``location`` is the part of the command line that is being worked on; error
    reports start with it.  ``assumed_machine`` is the machine of a line that names
    none, None for the one that suits the line.  ``call_rcu`` holds the blocks that
    are freed once no reader is left: QEMU's RCU thread does it, after the command
    that caused it.  ``in_monitor`` while a QMP command runs.  ``must_negotiate``: QMP serves
    no other command before qmp_capabilities; ``has_negotiated`` once that was served.
    ``memset_contexts`` are preallocations that run until ``late_backends_created``;
    ``shm_sequence`` counts POSIX shared memory objects.  ``memfd_checks`` says for which flags
    memfd_create worked as QEMU started.  ``has_objects_root`` once the container ``/objects``
    exists: the first function that looks for it makes it.  ``has_sgx``: the host has memory of
    SGX, which is assumed where the line gives the guest some.  ``caller`` is the function that
    is making system calls.
    """

    host: Host
    tree: Revision
    platform: Platform
    target: TargetInfo
    machine: MachineState = attrs.field(factory=MachineState)
    mem_path: str | None = None
    mem_prealloc: bool = False
    assumed_machine: str | None = None
    smp_cpus: int = 1
    max_cpus: int = 1
    smp_dies: int = 1
    smp_modules: int = 1
    smp_clusters: int = 1
    smp_cores: int = 1
    smp_threads: int = 1
    numa: NumaState = attrs.field(factory=NumaState)
    ram_blocks: list[RAMBlock] = attrs.field(factory=list)
    types: Mapping[str, TypeInfo] = attrs.field(factory=dict)
    objects: dict[str, Object] = attrs.field(factory=dict)
    has_objects_root: bool = False
    has_sgx: bool = False
    heap: Heap = attrs.field(factory=Heap)
    call_rcu: list[RAMBlock] = attrs.field(factory=list)
    late_backends_created: bool = False
    memset_contexts: list[MemsetContext] = attrs.field(factory=list)
    shm_sequence: int = 0
    memfd_checks: dict[int, bool] = attrs.field(factory=dict)
    stderr: list[str] = attrs.field(factory=list)
    stdout: list[str] = attrs.field(factory=list)
    location: str = ""
    warned_once: list[Message] = attrs.field(factory=list)
    in_monitor: bool = False
    must_negotiate: bool = False
    has_negotiated: bool = False
    on_stderr: Callable[[str], None] | None = None
    caller: Caller = attrs.field(factory=Caller)

    def fprintf_stderr(self, message: Message, errno: int = 0, **fields: object) -> None:
        """Print a message on stderr as it is, without the program's name."""
        self.put_stderr(message.text_in(self.tree, errno, **fields))

    def put_stderr(self, line: str) -> None:
        """Add one line to what the process printed on stderr."""
        self.stderr.append(line)
        if self.on_stderr is not None:
            self.on_stderr(line)

    def error_report_text(self, text: str) -> None:
        """Print ``text`` after the program's name and the current location.

        A command of QMP prints without a location, and until 11.0 without the name.
        """
        if self.in_monitor:
            named = self.tree.qemu_error.a_command_prints_the_programs_name
            self.put_stderr(f"qemu: {text}" if named else text)
        else:
            place = f" {self.location}:" if self.location else ""
            self.put_stderr(f"qemu:{place} {text}")

    def error_report(self, message: Message, errno: int = 0, **fields: object) -> None:
        """Print a message as ``util/qemu-error.c:error_report`` does."""
        self.error_report_text(message.text_in(self.tree, errno, **fields))

    def warn_report(self, message: Message, **fields: object) -> None:
        """Print a message as ``util/qemu-error.c:warn_report`` does, if this tree has it."""
        if message.is_said_in(self.tree):
            self.error_report_text(f"warning: {message.text_in(self.tree, 0, **fields)}")

    def warn_report_once(self, message: Message) -> None:
        """Print a message the first time, as ``warn_report_once`` does."""
        if message not in self.warned_once:
            self.warned_once.append(message)
            self.warn_report(message)

    def error_report_err(self, error: Error) -> None:
        """Print an error, and its hint on lines of its own (``error_report_err``)."""
        self.error_report_text(error.text_in(self.tree))
        if error.hint:
            for line in error.hint.split("\n"):
                self.put_stderr(line)
