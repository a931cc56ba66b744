"""What QEMU reads before it makes anything: options, objects, commands, by release.

The expected side is what builds of the releases' tags and Debian's QEMU 5.2, 7.1, 7.2,
10.0 and 11.1 printed and replied to lines drawn at random, right ones and wrong
ones, and to one line for each option that came or left.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from recordings import RUN_RELEASES

from qemu_model.host import profiles
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.qemu_options_hx import qemu_options
from qemu_model.revision import find

RECORDED = Path(__file__).parent.parent / "data" / "front_ends.json.xz"


@functools.cache
def recorded() -> dict[str, list[dict[str, Any]]]:
    """Return the recorded cases by release: arguments, commands, and what came of them."""
    with lzma.open(RECORDED, "rt", encoding="utf-8") as stream:
        cases: dict[str, list[dict[str, Any]]] = json.load(stream)
    return cases


def in_order(replies: Any) -> list[Any]:
    """Return replies with their lists, which QEMU gives in the order of a hash table, sorted."""
    return [
        {**reply, "return": sorted(reply["return"], key=json.dumps)}
        if isinstance(reply.get("return"), list)
        else reply
        for reply in json.loads(json.dumps(replies, sort_keys=True))
    ]


@pytest.mark.parametrize("release", RUN_RELEASES)
def test_the_model_answers_each_line_as_the_recorded_qemu_did(release: str) -> None:
    differences = []
    for case in recorded()[release]:
        host = SimulatedHost(profiles.load("default"))
        done = run(["-M", "none", *case["args"]], host, find(f"qemu-{release}"), qmp=case["qmp"])
        wanted = case["exit"], case["stderr"], case["stdout"], in_order(case["replies"])
        found = done.exit, list(done.stderr), list(done.stdout), in_order(done.replies)
        if found != wanted:
            differences.append((case["args"], case["qmp"], wanted, found))
    assert differences == []


@pytest.mark.parametrize(
    ("release", "later", "gone"),
    [
        ("qemu-3.1", {"audiodev", "compat"}, set()),
        ("qemu-4.0", {"seed"}, {"clock", "enable-hax", "no-frame", "virtioconsole", "xen-create"}),
        ("qemu-5.1", {"action"}, {"bt", "virtfs_synth"}),
        ("qemu-6.0", {"audio"}, {"realtime", "show-cursor", "tb-size"}),
        ("qemu-8.2", {"shim"}, {"soundhw", "watchdog", "sdl", "audio-help"}),
        ("qemu-11.1", set(), {"no-acpi", "no-hpet", "chroot", "runas", "old-param", "rotate"}),
    ],
)
def test_options_are_those_of_the_release(release: str, later: set[str], gone: set[str]) -> None:
    """``qemu-options.hx`` at the tags; ``-h`` of the real 11.1 for the last."""
    tree = find(release)
    known = qemu_options(tree.release)
    assert {"object", "M", "m", "numa", "mem-path", "h", "g"} <= known.keys()
    assert not (later | gone) & known.keys()
    for name in sorted(later | gone):
        done = run([f"-{name}", "x"], SimulatedHost(profiles.load("default")), tree)
        assert (done.exit, done.stderr) == (1, (f"qemu: -{name}: invalid option",))


@pytest.mark.parametrize(
    ("revision", "prefix"), [("qemu-10.0", ""), ("qemu-11.0", ""), ("qemu-11.1", "qemu: ")]
)
def test_warning_of_a_command_has_the_programs_name_since_11_1(revision: str, prefix: str) -> None:
    """Debian's 10.0.13 and 11.1.3 print this as object-add runs; qemu-error.c:error_vreport."""
    arguments = {
        "qom-type": "memory-backend-file",
        "id": "m0",
        "size": 4 << 20,
        "mem-path": "/mnt/new",
        "share": True,
        "pmem": True,
    }
    done = run(
        ["-M", "none"],
        SimulatedHost(profiles.load("default")),
        find(revision),
        qmp=[{"execute": "object-add", "arguments": arguments}],
    )
    assert done.stderr == (
        "Warning: requesting persistence across crashes for backend file /mnt/new failed. "
        "Proceeding without persistence, data might become corrupted in case of host crash.",
        f"{prefix}warning: Using non DAX backing file with 'pmem=on' option is deprecated",
    )
