"""What an installed QEMU 7.2 answered to command lines, and what the model answers.

The lines and the recorded answers are in ``mirror_lines.py`` and ``data/mirror_lines.json``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from mirror_lines import DEPRECATED, LINES, RECORDED, words

from qemu_model.host.live import LiveHost
from qemu_model.process import Process
from qemu_model.revision import V8

ANSWERS: dict[str, Any] = json.loads(RECORDED.read_text())
BACKENDS = {"execute": "query-memdev"}


def modelled(line: str) -> dict[str, Any]:
    """Return what the model says of a line, in the form of the recordings."""
    process = Process(words(line), LiveHost(), V8)
    started = process.start()
    found: dict[str, Any] = {}
    if started:
        process.command(BACKENDS)
        qemu = process.qemu
        keys = ("id", "size", "merge", "dump", "prealloc", "policy", "host-nodes")
        memdevs = process.replies[-1]["return"]
        found["memdevs"] = sorted(([one[key] for key in keys] for one in memdevs), key=str)
        machine, ram = qemu.machine, qemu.machine.ram
        found["ram"] = (
            []
            if ram is None or qemu.numa.have_memdevs == 1
            else [[ram.name, ram.size, machine.mem_merge, machine.dump_guest_core]]
        )
        devices = sorted(qemu.machine.memory_devices, key=lambda device: device.addr)
        found["devices"] = [
            [
                "dimm" if device.type.name == "pc-dimm" else "nvdimm",
                device.addr,
                device.type.get_memory_region(qemu, device).size,
                device.slot,
                device.node,
            ]
            for device in devices
        ]
        cpus = qemu.machine.possible_cpus
        found["cpus"] = [
            [slot.node_id, slot.socket_id, slot.core_id, slot.thread_id] for slot in cpus
        ]
        numa = qemu.numa
        found["numa"] = [f"{numa.nb_numa_nodes} nodes"]
        for node in range(numa.nb_numa_nodes):
            here = [
                f" {index}"
                for index, slot in enumerate(cpus[: qemu.smp_cpus])
                if slot.node_id == node
            ]
            plugged = sum(
                device.type.get_memory_region(qemu, device).size
                for device in devices
                if device.node == node
            )
            size = numa.numa_info[node].node_mem + plugged
            found["numa"] += [
                f"node {node} cpus:{''.join(here)}",
                f"node {node} size: {size >> 20} MB",
                f"node {node} plugged: {plugged >> 20} MB",
            ]
    run = process.finish()
    said = [line for line in run.stderr if not DEPRECATED.fullmatch(line)]
    return {"exit": run.exit, "stderr": said, **found}


def comparable(said: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without an order that QEMU gives by a table of its own."""
    cpus = said.get("cpus")
    if cpus is None:
        return said
    return {**said, "cpus": sorted(cpus, key=str)}


@pytest.mark.parametrize("line", LINES)
def test_a_line_comes_out_as_recorded_of_a_real_qemu(line: str) -> None:
    """The expected side is QEMU 7.2 with the machine types of 3.1 and older."""
    assert comparable(ANSWERS[line]) == comparable(modelled(line))
