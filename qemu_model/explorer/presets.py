"""States of the page worth seeing, each under a sentence of its own."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs


@attrs.frozen
class Preset:
    """A title, and what is chosen: the page's keys, those not named by default."""

    title: str
    state: Mapping[str, str]

    def fits(self, hosts: Sequence[str], revisions: Sequence[str]) -> bool:
        """Return whether a page with these hosts and revisions can show it."""
        kind, _, name = self.state.get("vs", "").partition(":")
        wanted_hosts = {self.state["host"], *([name] if kind == "host" else [])}
        wanted_revisions = {self.state["rev"], *([name] if kind == "rev" else [])}
        return wanted_hosts <= set(hosts) and wanted_revisions <= set(revisions)


def _preset(title: str, host: str, rev: str = "v8", vs: str = "", **chosen: str) -> Preset:
    return Preset(title, MappingProxyType({"host": host, "rev": rev, "vs": vs, **chosen}))


_ALL: Final = MappingProxyType({"share": "on", "pmem": "on", "sync": "on"})

PRESETS: Final = (
    _preset("MAP_SYNC holds", "ext4-dax", **_ALL),
    _preset("No DAX: refused, and on without it", "ext4", **_ALL),
    _preset("share=off drops it silently", "ext4-dax", share="off", pmem="on", sync="on"),
    _preset("What patch 5 adds", "ext4-dax", vs="rev:v8/4", **_ALL),
    _preset("V8 and V6 without DAX", "ext4", vs="rev:v6", **_ALL),
    _preset(
        "QEMU 4.1 needs no sync", "ext4-dax", vs="rev:qemu-4.1", share="on", pmem="on", sync="unset"
    ),
    _preset("Device DAX wants align=2M", "device-dax", **_ALL),
    _preset("A link to nowhere: QEMU never ends", "ext4", path="dangling"),
    _preset("Preallocation on a full tmpfs", "full-tmpfs", share="on", more="prealloc"),
)
