"""What of the tests runs: all of them, or in the gate a sample drawn by the commit.

A test marked ``whole`` runs only where everything is asked for (QEMU_MODEL_WHOLE, which
``./run-tests --whole`` sets) or where it is named (``pytest FILE::TEST``).  Of a parametrised
test marked ``sampled(n)`` the gate runs ``n`` cases.  A test that draws its own sample
calls :func:`drawn`.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import Final, TypeVar

import pytest

WHOLE: Final = bool(os.environ.get("QEMU_MODEL_WHOLE"))
SEED: Final = os.environ.get("QEMU_MODEL_SEED", "0")

Item = TypeVar("Item")


def drawn(name: str, population: Sequence[Item], size: int) -> list[Item]:
    """Return ``size`` members in their order, all of them where everything is asked for."""
    if WHOLE or size >= len(population):
        return list(population)
    places = random.Random(f"{SEED} {name}").sample(range(len(population)), size)
    return [population[place] for place in sorted(places)]


def others_whole(name: str, population: Sequence[Item], size: int) -> list[tuple[Item, bool]]:
    """Return each member with whether it runs only where everything is asked for.

    What several tests say of one run is parametrised with this: they have one sample.
    """
    kept = set(drawn(name, range(len(population)), size))
    return [(member, place not in kept) for place, member in enumerate(population)]


def divide(
    items: list[pytest.Item], named: Sequence[str]
) -> tuple[list[pytest.Item], list[pytest.Item], list[str]]:
    """Return the tests to run, those left out, and a sentence for each sample.

    ``named`` is what pytest was asked for: what names one test is not left out.
    """
    if WHOLE or any("::" in word for word in named):
        return items, [], []
    left: set[str] = set()
    told: list[str] = []
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("whole") is not None:
            left.add(item.nodeid)
        elif item.get_closest_marker("sampled") is not None:
            groups.setdefault(item.nodeid.partition("[")[0], []).append(item)
    if left:
        told.append(f"{len(left)} tests run only with --whole")
    for name, members in groups.items():
        marker = members[0].get_closest_marker("sampled")
        assert marker is not None
        kept = drawn(name, members, *marker.args)
        if len(kept) < len(members):
            left |= {item.nodeid for item in members} - {item.nodeid for item in kept}
            told.append(f"{len(kept)} of {len(members)} cases of {name}")
    run = [item for item in items if item.nodeid not in left]
    return run, [item for item in items if item.nodeid in left], told
