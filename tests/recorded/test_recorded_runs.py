"""The model on this kernel, against recorded runs of real QEMUs in the same surroundings."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import pytest
from calls import Call, logged_calls, modelled_calls
from conftest import Surroundings, needs
from recorded_places import as_recorded
from recordings import Recording, recordings

from qemu_model.calls.event import Event
from qemu_model.process import run
from qemu_model.revision import find

#: Anonymous memory that no machine with less than this many GiB gives (overcommit mode 0).
TOO_MUCH_FOR = MappingProxyType({"ramsize-64G": 60, "ramsize-1T": 1000})
#: What the recordings have for a QEMU that never ended.
TIMED_OUT = 124


def total_memory() -> int:
    """Return the machine's memory in GiB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE") // 1024**3


def cases() -> list[Any]:
    """Return the recordings of 2018's tree that need no machine and no fault."""
    return [
        pytest.param(one, id=f"{revision}-{one.name}")
        for revision in ("base", "V1", "v8", "V10")
        for one in recordings(revision)
        if not one.name.startswith("pc-") and not one.inject
    ]


def in_one_order(value: object) -> str:
    """Return what to sort backends by."""
    return json.dumps(value, sort_keys=True)


def replies_in_order(replies: Any) -> list[Any]:
    """Return replies with the lists that QEMU gives in the order of a hash table sorted."""
    return [
        {**reply, "return": sorted(reply["return"], key=in_one_order)}
        if isinstance(reply.get("return"), list)
        else reply
        for reply in replies
    ]


def told(one: Recording) -> dict[str, object]:
    """Return what the recorded QEMU showed."""
    return {
        "exit": one.exit,
        "stderr": one.stderr,
        "stdout": [reply["raw"] for reply in one.replies if "raw" in reply],
        "replies": replies_in_order(reply for reply in one.replies if "raw" not in reply),
        "files": one.files_after,
    }


def modelled(
    one: Recording, surroundings: Surroundings
) -> tuple[dict[str, object], Sequence[Event]]:
    """Run the model where the recording was made, and return what it shows, and its calls."""
    surroundings.prepare(one.setup)
    tree = find(one.revision.lower())
    done = run([*one.machine, *one.args], as_recorded(one), tree, qmp=one.qmp)
    shown = {
        "exit": done.exit if done.livelock is None else TIMED_OUT,
        "stderr": list(done.stderr),
        "stdout": list(done.stdout),
        "replies": replies_in_order(done.replies),
        "files": surroundings.sizes(list(one.files_after)),
    }
    return shown, done.events


def paths_of(one: Recording) -> set[str]:
    """Return the mem-paths that the recording's command line and commands name."""
    found = {
        part.removeprefix("mem-path=").replace(",,", ",")
        for arg in one.args
        for part in arg.replace(",,", "\0").replace(",", "\n").replace("\0", ",,").split("\n")
        if part.startswith("mem-path=")
    }
    for command in one.qmp:
        arguments = command.get("arguments", {})
        for props in (arguments, arguments.get("props", {})):
            if isinstance(props, dict) and "mem-path" in props:
                found.add(props["mem-path"])
    return found


def without_releases(calls: list[Call]) -> list[Call]:
    """Return the calls without those that unmap a whole block or close its file."""
    return [call for call in calls if call[:2] != ("munmap", 0) and call[0] != "close"]


def without_trimming(calls: list[Call]) -> list[Call]:
    """Return the calls without those that depend on where the kernel put the reservation."""
    return [call for call in calls if call[0] != "munmap" or call[1] == 0]


def without_failed_reservations(calls: list[Call]) -> list[Call]:
    """Return the calls without reservations that failed: in a log other memory's look the same."""
    return [call for call in calls if call[0] != "reserve" or call[2] is None]


@pytest.mark.parametrize("one", cases())
def test_the_model_does_what_the_recorded_qemu_did(
    one: Recording, surroundings: Surroundings
) -> None:
    limit = TOO_MUCH_FOR.get(one.name)
    needs(limit is None or total_memory() < limit, f"a machine of less than {limit} GiB")
    shown, events = modelled(one, surroundings)
    assert told(one) == shown
    if not one.cut:
        lines = one.log.decode("utf-8", "surrogateescape").splitlines()
        logged, made = logged_calls(lines, paths_of(one)), modelled_calls(events)
        if any(command["execute"] == "object-del" for command in one.qmp):
            # The RCU thread releases a block later, or never if QEMU exits first.
            logged, made = without_releases(logged), without_releases(made)
        if "memory-backend-ram" in " ".join(one.args):
            logged, made = map(without_failed_reservations, (logged, made))
        if "align=" in " ".join(one.args):
            logged, made = without_trimming(logged), without_trimming(made)
        assert logged == made
