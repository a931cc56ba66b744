"""What an installed QEMU 7.2 answered to command lines, and what revision v7.2 answers.

The lines and the recorded answers are in ``lines_7_2.py`` and ``data/lines_7_2.json``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lines_7_2 import HELP, LINES, RECORDED, words
from mirror_lines import QUIET

from qemu_model.host.live import LiveHost
from qemu_model.process import Process
from qemu_model.revision import QEMU_7_2

ANSWERS: dict[str, Any] = json.loads(RECORDED.read_text())
TYPES = {
    "pc-dimm": "dimm",
    "nvdimm": "nvdimm",
    "virtio-pmem-pci": "virtio-pmem",
    "virtio-mem-pci": "virtio-mem",
}


def modelled(line: str, place: Path) -> dict[str, Any]:
    """Return what the model says of a line, in the form of the recordings."""
    process = Process([*words(line, place), *QUIET], LiveHost(), QEMU_7_2, assumed_machine="pc")
    found: dict[str, Any] = {}
    if process.start():
        devices = []
        for device in process.qemu.machine.memory_devices:
            assert device.hostmem is not None
            made: list[object] = [TYPES[device.type.name], device.addr]
            if device.type.name in ("pc-dimm", "nvdimm"):
                size = device.type.get_memory_region(process.qemu, device).size
                made += [size, device.slot, device.node]
            devices.append([*made, f"/objects/{device.hostmem.id}"])
        found["devices"] = sorted(devices, key=str)
        process.command({"execute": "query-memdev"})
        found["memdevs"] = process.replies[-1]["return"]
        found |= nodes(process)
    run = process.finish()
    stderr = [text.replace(str(place), "PLACE") for text in run.stderr]
    help = list(run.stdout) if HELP.match("\n".join(run.stdout)) else []
    return {"exit": run.exit, "stdout": help, "stderr": stderr, **found}


def nodes(process: Process) -> dict[str, Any]:
    """Return the places for CPUs, and what ``info numa`` shows of the nodes."""
    qemu = process.qemu
    numa, places = qemu.numa, qemu.machine.possible_cpus
    lines = [f"{numa.nb_numa_nodes} nodes"]
    for node in range(numa.nb_numa_nodes):
        here = [
            f" {number}"
            for number, slot in enumerate(places[: qemu.smp_cpus])
            if slot.node_id == node
        ]
        plugged = sum(
            device.type.get_memory_region(qemu, device).size
            for device in qemu.machine.memory_devices
            if device.node == node and device.type.name != "virtio-mem-pci"
        )
        lines += [
            f"node {node} cpus:{''.join(here)}",
            f"node {node} size: {numa.numa_info[node].node_mem + plugged >> 20} MB",
            f"node {node} plugged: {plugged >> 20} MB",
        ]
    if qemu.machine.name == "microvm":
        # It has places for CPUs, and does not tell them.
        places = []
    cpus = [
        [slot.node_id, slot.socket_id, slot.die_id, slot.core_id, slot.thread_id] for slot in places
    ]
    return {"cpus": sorted(cpus, key=str), "numa": lines}


@pytest.mark.parametrize("line", LINES)
def test_a_line_comes_out_as_recorded_of_a_real_qemu(line: str, tmp_path: Path) -> None:
    assert modelled(line, tmp_path) == ANSWERS[line]
