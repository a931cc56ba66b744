"""The model on this kernel, against recorded runs of real QEMUs in the same surroundings."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
from types import MappingProxyType
from typing import Any

import pytest
from calls import Call, logged_calls, modelled_calls
from conftest import Surroundings, needs
from recorded_places import as_recorded
from recordings import Recording, recordings

from qemu_model.process import Run, run
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
    surroundings.prepare(one.setup)
    done: Run = run(
        [*one.machine, *one.args],
        as_recorded(one),
        find(one.revision.lower()),
        qmp=one.qmp,
    )
    recorded_replies = [reply for reply in one.replies if "raw" not in reply]
    stdout = tuple(reply["raw"] for reply in one.replies if "raw" in reply)
    expected = {
        "exit": one.exit,
        "stderr": one.stderr,
        "stdout": stdout,
        "replies": replies_in_order(recorded_replies),
        "files": one.files_after,
    }
    actual = {
        "exit": done.exit if done.livelock is None else TIMED_OUT,
        "stderr": list(done.stderr),
        "stdout": done.stdout,
        "replies": replies_in_order(done.replies),
        "files": surroundings.sizes(list(one.files_after)),
    }
    assert expected == actual
    if not one.cut:
        lines = one.log.decode("utf-8", "surrogateescape").splitlines()
        logged, modelled = logged_calls(lines, paths_of(one)), modelled_calls(done.events)
        if any(command["execute"] == "object-del" for command in one.qmp):
            # The RCU thread releases a block later, or never if QEMU exits first.
            logged, modelled = without_releases(logged), without_releases(modelled)
        if "memory-backend-ram" in " ".join(one.args):
            logged, modelled = map(without_failed_reservations, (logged, modelled))
        if "align=" in " ".join(one.args):
            logged, modelled = without_trimming(logged), without_trimming(modelled)
        assert logged == modelled
