"""The model of each recorded release, against recorded runs of that release.

The expected side is what the real QEMU did.  What a fault injected into QEMU leads to, and
what was recorded on persistent memory, is judged from the log alone.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest
from conftest import Surroundings
from log_mutations import check
from recordings import RELEASES, recordings
from test_recorded_runs import TOO_MUCH_FOR, modelled, told, total_memory

#: More memory than a machine of less than so many GiB gives, as in ``test_recorded_runs``.
ALSO_TOO_MUCH = ("size-64G", "hugesize-1G")


@pytest.mark.parametrize("release", [name for name in RELEASES if not name.endswith("-dax")])
def test_the_model_shows_what_the_recorded_release_showed(
    release: str, surroundings: Surroundings
) -> None:
    memory = total_memory()
    differing = [
        (one.name, expected, actual)
        for one in recordings(release)
        if not one.inject
        and not one.name.startswith(ALSO_TOO_MUCH)
        and memory < TOO_MUCH_FOR.get(one.name, memory + 1)
        for expected, (actual, _) in [(told(one), modelled(one, surroundings))]
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
