"""Machines with RAM: the model on this kernel against recorded runs of real QEMUs."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
from calls import joined, logged_calls, modelled_calls
from conftest import Surroundings
from mirror_host import ToldHost, qemu_on
from recordings import Recording, recordings
from test_recorded_runs import modelled, told

from qemu_model.cutils import qemu_strtosz_MiB

MIB = 1 << 20
RESERVATION = re.compile(r"mmap\(NULL, (\d+), PROT_NONE, [A-Z_|]+, -1, 0\) += (0x[0-9a-f]+)")
ADDRESS = re.compile(r"(?:mmap|munmap|madvise|mbind)\((0x[0-9a-f]+), ")


def cases() -> list[Any]:
    """Return the recordings of 2018's tree that have a machine with RAM."""
    return [
        pytest.param(one, id=f"{revision}-{one.name}")
        for revision in ("base", "V1", "v8", "V10")
        for one in recordings(revision)
        if one.name.startswith("pc-")
    ]


def sizes_of(one: Recording) -> set[int]:
    """Return the sizes in bytes that the line names: those of the objects, and of the RAM."""
    sizes = {part for arg in one.args for part in re.findall(r"size=(\w+)", arg)}
    sizes.add(one.args[one.args.index("-m") + 1])
    qemu = qemu_on(ToldHost())
    return {size for text in sizes if (size := qemu_strtosz_MiB(qemu, text))}


def without_other_blocks(lines: Iterable[str], sizes: set[int]) -> list[str]:
    """Return a log without the calls on blocks of other sizes: firmware, ROM, video RAM."""
    totals = {size + extra for size in sizes for extra in (4096, 2 * MIB)}
    reserved: list[tuple[int, int, bool]] = []
    kept = []
    for line in joined(lines):
        ours = True
        if match := RESERVATION.search(line):
            first, total = int(match[2], 16), int(match[1])
            ours = total in totals
            reserved.append((first, first + total, ours))
        elif match := ADDRESS.search(line):
            address = int(match[1], 16)
            around = (known for first, last, known in reversed(reserved) if first <= address < last)
            ours = next(around, True)
        if ours:
            kept.append(line)
    return kept


@pytest.mark.parametrize("one", cases())
def test_a_machine_with_ram_does_what_the_recorded_qemu_did(
    one: Recording, surroundings: Surroundings
) -> None:
    shown, events = modelled(one, surroundings)
    assert told(one) == shown
    paths = {
        path for word, path in zip(one.args, one.args[1:], strict=False) if word == "-mem-path"
    } | set(re.findall(r"mem-path=([^,]+)", " ".join(one.args)))
    lines = without_other_blocks(
        one.log.decode("utf-8", "surrogateescape").splitlines(), sizes_of(one)
    )
    assert logged_calls(lines, paths) == modelled_calls(events)
