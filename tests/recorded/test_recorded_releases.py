"""The model of each recorded release, against recorded runs of that release.

The expected side is what the real QEMU did.  What a fault injected into QEMU leads to, and
what was recorded on persistent memory, is judged from the log alone.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest
from conftest import Surroundings
from log_mutations import check
from recorded_places import as_recorded
from recordings import RELEASES, Recording, recordings
from test_recorded_runs import TIMED_OUT, TOO_MUCH_FOR, replies_in_order, total_memory

from qemu_model.process import run
from qemu_model.revision import find

#: More memory than a machine of less than so many GiB gives, as in ``test_recorded_runs``.
ALSO_TOO_MUCH = ("size-64G", "hugesize-1G")


def told(one: Recording) -> dict[str, object]:
    """Return what the recorded QEMU showed."""
    return {
        "name": one.name,
        "exit": one.exit,
        "stderr": one.stderr,
        "stdout": [reply["raw"] for reply in one.replies if "raw" in reply],
        "replies": replies_in_order(reply for reply in one.replies if "raw" not in reply),
        "files": one.files_after,
    }


def modelled(one: Recording, surroundings: Surroundings) -> dict[str, object]:
    """Run the model where the recording was made, and return what it shows."""
    surroundings.prepare(one.setup)
    done = run([*one.machine, *one.args], as_recorded(one), find(one.revision), qmp=one.qmp)
    return {
        "name": one.name,
        "exit": done.exit if done.livelock is None else TIMED_OUT,
        "stderr": list(done.stderr),
        "stdout": list(done.stdout),
        "replies": replies_in_order(done.replies),
        "files": surroundings.sizes(list(one.files_after)),
    }


@pytest.mark.parametrize("release", [name for name in RELEASES if not name.endswith("-dax")])
def test_the_model_shows_what_the_recorded_release_showed(
    release: str, surroundings: Surroundings
) -> None:
    memory = total_memory()
    differing = [
        (expected, actual)
        for one in recordings(release)
        if not one.inject
        and not one.name.startswith(ALSO_TOO_MUCH)
        and memory < TOO_MUCH_FOR.get(one.name, memory + 1)
        for expected, actual in [(told(one), modelled(one, surroundings))]
        if expected != actual
    ]
    assert differing == []


@pytest.mark.parametrize("release", RELEASES)
def test_every_log_of_a_recorded_release_conforms(release: str) -> None:
    wrong = {}
    for one in recordings(release):
        verdict = check(one, one.log)
        if verdict.verdict != "conforms" and not one.cut:
            wrong[one.name] = [one.in_words() for one in verdict.divergences]
    assert wrong == {}
