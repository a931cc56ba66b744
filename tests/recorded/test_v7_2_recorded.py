"""Revision v7.2 against more than a thousand recorded runs of Debian's QEMU 7.2.

The expected side is what the real QEMU did: its log, its words, its replies, its end.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import Surroundings, needs
from recordings import Recording, recordings

from qemu_model.conform.differences import without_letters
from qemu_model.conform.driver import Preparation
from qemu_model.conform.surroundings import BackendFaultHost
from qemu_model.host.faults import parse
from qemu_model.host.live import LiveHost
from qemu_model.judge.judge import judge
from qemu_model.judge.log import Log
from qemu_model.process import run
from qemu_model.revision import QEMU_7_2

RUNS = recordings("v7.2")
#: Cases whose outcome depends on how much memory a machine has.
TOO_MUCH = ("1T", "1E", "more than the machine")
DIRECTORIES = ("/mnt/ext4", "/mnt/tmpfs", "/mnt/small", "/mnt/huge")


def families(runs: list[Recording]) -> dict[str, list[Recording]]:
    """Return the runs by the first part of their names."""
    found: dict[str, list[Recording]] = {}
    for one in runs:
        found.setdefault(one.name.partition("/")[0], []).append(one)
    return found


def prepare(one: Recording) -> None:
    """Empty the directories, and make the files of a run."""
    for directory in DIRECTORIES:
        for entry in Path(directory).iterdir():
            Surroundings.remove(entry)
    for kind, path, *rest in one.setup:
        if kind == "symlink":
            Preparation(kind, path, target=rest[0]).make()
        else:
            Preparation(kind, path, *rest).make()


def files() -> dict[str, int]:
    """Return the sizes of the files there are."""
    return {
        without_letters(str(entry)): entry.stat().st_size
        for directory in DIRECTORIES
        for entry in Path(directory).iterdir()
        if entry.is_file() and not entry.is_symlink()
    }


def in_order(replies: Any) -> list[Any]:
    """Return replies and events, lists of backends in the order of their ids."""
    return [
        {"return": sorted(reply["return"], key=lambda one: str(one.get("id")))}
        if isinstance(reply.get("return"), list) and isinstance((*reply["return"], {})[0], dict)
        else dict(reply)
        for reply in replies
    ]


def shown(one: Recording, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Return what a recorded run showed, as :func:`modelled` shows the model's."""
    return {
        "exit": one.exit,
        "stderr": without_letters("\n".join(one.stderr)),
        "stdout": [reply["raw"] for reply in one.replies if "raw" in reply],
        "replies": in_order(reply for reply in one.replies if "raw" not in reply),
        "files": {without_letters(path): size for path, size in sizes.items()},
    }


def modelled(one: Recording) -> dict[str, Any]:
    """Run the model where the recording was made, and return what it shows."""
    live = LiveHost(allow_discard=True)
    host = live
    if one.inject:
        host = BackendFaultHost(live, [fault for text in one.inject for fault in parse(text)])
    done = run([*one.machine, *one.args], host, QEMU_7_2, qmp=one.qmp)
    return {
        "exit": done.exit,
        "stderr": without_letters("\n".join(done.stderr)),
        "stdout": list(done.stdout),
        "replies": in_order(done.replies),
        "files": files(),
    }


@pytest.mark.parametrize("family", families(RUNS))
def test_every_recorded_run_of_7_2_conforms(family: str) -> None:
    for one in families(RUNS)[family]:
        if one.exit is None:
            continue
        with tempfile.TemporaryFile() as stream:
            stream.write(one.log)
            stream.seek(0)
            verdict = judge(Log(stream), QEMU_7_2, options=[*one.machine, *one.args], qmp=one.qmp)
        told = [divergence.in_words() for divergence in verdict.divergences]
        assert (one.name, "conforms", []) == (one.name, verdict.verdict, told)


@pytest.mark.parametrize("family", sorted(set(families(RUNS)) - {"fault"}))
def test_the_model_says_what_7_2_said(family: str, surroundings: Surroundings) -> None:
    assert surroundings.scratch.is_dir()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE") >> 30
    for one in families(RUNS)[family]:
        if any(text in word for text in TOO_MUCH for word in (one.name, *one.args)):
            needs(memory < 1000, "a machine of less than 1000 GiB")
        prepare(one)
        actual = modelled(one)
        expected = shown(one, one.files_after)
        assert (one.name, expected) == (one.name, actual)


def test_the_recordings_are_as_many_as_promised() -> None:
    qmp = [one for one in RUNS if one.name.startswith("qmp/")]
    refused = [one for one in RUNS if one.exit == 1 and not one.inject]
    faults = [one for one in RUNS if one.inject]
    assert len(RUNS) >= 600
    assert len(refused) >= 60
    assert len(qmp) >= 40
    assert len(faults) >= 40
