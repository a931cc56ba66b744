"""Runs on a simulated kernel whose books are read before QEMU's exit frees all."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import attrs
from every_call import Story

from qemu_model.conform.surroundings import BackendFaultHost
from qemu_model.host.faults import Fault
from qemu_model.host.protocol import Host
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import Process, Run
from qemu_model.revision import Revision


class WithoutEnd(Exception):
    """The model itself did not come to an end."""


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Raise where what is inside takes more processor time: a busy machine changes nothing."""

    def enough(_number: int, _frame: FrameType | None) -> None:
        raise WithoutEnd(f"no end after {seconds} seconds")

    before = signal.signal(signal.SIGPROF, enough)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@attrs.frozen
class Ended:
    """A run at its end: ``held`` and ``mapped`` is what the kernel then had of it.

    ``held`` counts descriptors, ``mapped`` bytes; ``blocks`` are the descriptors and the
    bytes, guards among them, of blocks that QEMU still refers to.  ``until`` says how many
    calls there were when start-up was over, and after each command; ``files`` and
    ``files_before`` are sizes by path.
    """

    done: Run
    held: int
    mapped: int
    blocks: tuple[int, int]
    until: tuple[int, ...]
    files: dict[str, int]
    files_before: dict[str, int]


def run_on(
    kernel: SimulatedHost, story: Story, revision: Revision, faults: Sequence[Fault] = ()
) -> Ended:
    """Run a story on a simulated kernel, with calls of backends failing."""
    before = kernel.file_sizes()
    host: Host = BackendFaultHost(kernel, faults) if faults else kernel
    process = Process(story.args, host, revision)
    process.start()
    until = [len(process.host.events)]
    for command in story.qmp:
        process.command(command)
        until.append(len(process.host.events))
    held = len(kernel.open_descriptors())
    mapped = sum(end - start for start, end in kernel.mappings())
    files = kernel.file_sizes()
    owned = [*process.qemu.ram_blocks, *process.qemu.call_rcu]
    platform = process.qemu.platform
    mapped_for = 0
    for block in owned:
        mapped_for += -(-block.max_length // block.page_size) * block.page_size
        # On ppc64 all pages of a mapping are of one size, and QEMU knows it since 4.0.
        alike = revision.release >= (4, 0) and platform.machine.startswith("ppc64")
        mapped_for += block.page_size if alike else platform.page_size
    blocks = sum(block.fd >= 0 for block in owned), mapped_for
    return Ended(process.finish(), held, mapped, blocks, tuple(until), files, before)


def outcome(done: Run) -> tuple[object, ...]:
    """Return what a user sees of a run."""
    return done.exit, done.livelock, done.stderr, done.stdout, done.replies
