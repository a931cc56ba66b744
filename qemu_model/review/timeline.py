"""The way from V1 to QEMU 6.1: what each posting changed, and who requested it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

import attrs

#: What stands first wherever the option ``sync`` is shown.
NEVER_MERGED: Final = (
    "Posted in January 2019, never merged: no released QEMU has the option sync. Since QEMU 4.1 "
    "share=on and pmem=on together ask for MAP_SYNC."
)


@attrs.frozen
class Change:
    """One change: ``asked_by`` is who requested it, empty where no name is known."""

    what: str
    certainty: str
    asked_by: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"what": self.what, "certainty": self.certainty, "asked_by": self.asked_by or None}


@attrs.frozen
class Step:
    """A posting or a release: ``when`` is empty where nothing published here dates it.

    ``revision`` is the tree that models it, empty for none.
    """

    name: str
    when: str
    changes: tuple[Change, ...]
    revision: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "when": self.when or None,
            "revision": self.revision or None,
            "changes": [change.to_json() for change in self.changes],
        }


_TSIRKIN: Final = "Michael S. Tsirkin"
_HABKOST: Final = "Eduardo Habkost"
_GILBERT: Final = "Dr. David Alan Gilbert"
_GUPTA: Final = "Pankaj Gupta"
_HAJNOCZI: Final = "Stefan Hajnoczi"

TIMELINE: Final = (
    Step(
        "V1",
        "December 2017",
        (
            Change("MAP_SYNC is tried for every shared mapping, anonymous memory too", "A"),
            Change("after a refusal, on any errno, QEMU maps without it", "A"),
        ),
        "v1",
    ),
    Step(
        "V2",
        "",
        (
            Change("the option sync says whether MAP_SYNC is used", "L", _HABKOST),
            Change(
                "MAP_SHARED_VALIDATE is dropped in some cases, and the retry is gone", "L", _TSIRKIN
            ),
            Change("the definitions of the two flags move to osdep.h", "L", _TSIRKIN),
        ),
        "v2",
    ),
    Step(
        "V3",
        "",
        (
            Change(
                "MAP_SHARED_VALIDATE is back with on and auto, and so is the retry: without it "
                "Linux 4.15 ignores MAP_SYNC",
                "L",
            ),
            Change("on systems other than Linux both flags are 0", "L"),
            Change("error messages name the property and the type", "L", _GILBERT),
        ),
    ),
    Step(
        "V4",
        "",
        (
            Change("functions take one flags parameter", "L", _TSIRKIN),
            Change("the definitions move to include/standard-headers/linux/", "L", _TSIRKIN),
            Change("the option's description is refined", "L", _TSIRKIN),
        ),
    ),
    Step("V5", "", (Change("patch 1: the leak of the backend's name", "L"),)),
    Step(
        "V6",
        "",
        (
            Change("two patches become one; comments say what is consistent", "L", _GUPTA),
            Change("the header is included in osdep.h, a missing munmap is added", "L", _HAJNOCZI),
            Change("sync=on: QEMU stops where MAP_SYNC is refused; auto maps without it", "P"),
        ),
        "v6",
    ),
    Step(
        "V7",
        "",
        (
            Change("sync only matters together with pmem=on", "L", _TSIRKIN),
            Change("qemu_anon_ram_alloc passes the wrong constant", "L"),
        ),
        "v7",
    ),
    Step(
        "V8",
        "2 January 2019",
        (
            Change("sync is on or off, by default off; auto is gone", "L"),
            Change("the RAM flags are a type of their own", "L", _TSIRKIN),
            Change("qemu_anon_ram_alloc passes the right constant", "L", _TSIRKIN),
            Change("the duplicated definitions in osdep.h are gone", "L", _TSIRKIN),
        ),
        "v8",
    ),
    Step(
        "V10",
        "22 January 2019",
        (
            Change("the option is gone: share=on and pmem=on ask for MAP_SYNC", "A"),
            Change("after a refusal QEMU stops with an error", "A"),
            Change("the type of the RAM flags is a patch of its own", "A", _TSIRKIN),
            Change("where the kernel's headers lack the two flags, both are 0", "A"),
        ),
        "v10",
    ),
    Step(
        "QEMU 4.0",
        "April 2019",
        (Change("the patches 1 and 4 are merged as posted in V8", "M"),),
    ),
    Step(
        "QEMU 4.1",
        "August 2019",
        (
            Change(
                "share=on and pmem=on ask for MAP_SYNC; after a refusal QEMU maps without it, "
                "on ENOTSUP with a warning",
                "M",
            ),
            Change("qemu_ram_mmap takes a second bool, is_pmem, in place of flags", "M"),
        ),
        "qemu-4.1",
    ),
    Step(
        "QEMU 6.1",
        "August 2021",
        (
            Change(
                "qemu_ram_mmap takes flags (QEMU_MAP_SHARED and others): the idea of patch 2", "M"
            ),
        ),
    ),
)
