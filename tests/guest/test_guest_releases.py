"""Each release that Debian has, on real DAX: the model holds there too.

The expected side is the real QEMU of a Debian suite, run in the guest on ext4 with DAX and on
device DAX; every trace is judged.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest
from conftest import Figure, needs
from guests import Storage
from test_guest_conform import PLACES, conform_of

from qemu_model.conform.debian import PREFIX, SUITES, cache_directory, unpacked
from qemu_model.conform.errors import DriverError

pytestmark = [pytest.mark.whole]

#: How many cases of each release run in each place.
SOME = 8


def binary(suite: str) -> str:
    """Return the QEMU of a suite, from the cache or unpacked now."""
    try:
        return str(unpacked(f"{PREFIX}{suite}"))
    except DriverError as error:
        needs(condition=False, what=f"the QEMU of Debian {suite} in {cache_directory()} ({error})")
        raise


@pytest.mark.parametrize("place", ["ext4-dax", "device-dax"])
@pytest.mark.parametrize("suite", SUITES)
def test_a_released_qemu_conforms_on_dax(
    suite: str, place: str, storage: Storage, figure: Figure
) -> None:
    words = [] if place == "device-dax" else ["--filter", "dax/"]
    answer = conform_of(binary(suite), storage, place, *words, "--sample", str(SOME))
    assert (answer["path"]["dax"], answer["path"]["map_sync"]) == PLACES[place]
    assert (answer["failed"], answer["not_run"]) == ([], []), answer["revision"]
    assert answer["cases"] == SOME
    figure(answer["cases"], "cases of released QEMUs on DAX")
