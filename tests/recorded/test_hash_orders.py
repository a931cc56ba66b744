"""The orders that QEMU's hash tables give, as an installed QEMU 7.2 gave them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from mirror_host import ToldHost
from mirror_orders import IDS, NAMES, RECORDED

from qemu_model.process import Process
from qemu_model.qom import _qdict_order
from qemu_model.revision import find

ORDERS: dict[str, Any] = json.loads(RECORDED.read_text())


def test_names_in_a_dictionary_are_walked_as_a_real_qemu_walks_them() -> None:
    """In which order -object sets properties, and so which of two mistakes is told."""
    assert ORDERS["names"] == _qdict_order(NAMES)


@pytest.mark.parametrize("tree", ["base", "v8", "v7.2"])
def test_backends_are_listed_as_a_real_qemu_lists_them(tree: str) -> None:
    line = [word for id in IDS for word in ("-object", f"memory-backend-ram,id={id},size=4096")]
    process = Process(["-M", "none", *line], ToldHost(), find(tree))
    assert process.start()
    process.command({"execute": "query-memdev"})
    assert ORDERS["memdevs"] == [one["id"] for one in process.replies[-1]["return"]]
