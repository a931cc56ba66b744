"""What can be chosen on the page, as data: the options of a line, and what is at the path."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

_MIB: Final = 1024 * 1024


@attrs.frozen
class Choice:
    """One value of a control: what it adds to the line, and what it puts at the path.

    ``files`` are entries of a profile's ``files`` without their path, which is the
    host's.
    """

    key: str
    label: str
    fragment: str = ""
    files: tuple[Mapping[str, Any], ...] = ()


@attrs.frozen
class Control:
    """Something to choose: ``help`` is a line for people or empty, the first choice the default."""

    key: str
    label: str
    help: str
    choices: tuple[Choice, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that the page reads."""
        return {
            "label": self.label,
            "help": self.help,
            "choices": [
                {"key": choice.key, "label": choice.label, "fragment": choice.fragment}
                for choice in self.choices
            ],
        }


SIZE: Final = Control(
    "size",
    "size",
    "",
    (
        Choice("32M", "32M", ",size=32M"),
        Choice("5000", "5000: not whole pages", ",size=5000"),
        Choice("64G", "64G: more than the machine has", ",size=64G"),
    ),
)
SIZE_AND_ALIGN: Final = Control(
    "size",
    "size and align",
    "",
    (
        Choice("32M", "32M", ",size=32M"),
        Choice("32M-2M", "32M, align=2M", ",size=32M,align=2M"),
        Choice("32M-3M", "32M, align=3M: no power of two", ",size=32M,align=3M"),
        Choice("5000", "5000: not whole pages", ",size=5000"),
        Choice("64G", "64G: more than the machine has", ",size=64G"),
    ),
)
SHARE: Final = Control(
    "share",
    "share",
    "on: writes reach the file",
    (Choice("off", "off"), Choice("on", "on", ",share=on")),
)
MEMFD_SHARE: Final = Control(
    "share",
    "share",
    "off: writes stay in copies",
    (Choice("on", "on"), Choice("off", "off", ",share=off")),
)
PMEM: Final = Control(
    "pmem",
    "pmem",
    "on: it is persistent memory",
    (Choice("off", "off"), Choice("on", "on", ",pmem=on")),
)
SYNC: Final = Control(
    "sync",
    "sync",
    "of patch 5; auto is of earlier postings",
    (
        Choice("unset", "unset"),
        Choice("off", "off", ",sync=off"),
        Choice("on", "on", ",sync=on"),
        Choice("auto", "auto", ",sync=auto"),
    ),
)
PATH: Final = Control(
    "path",
    "At the path there is",
    "",
    (
        Choice("nothing", "nothing yet"),
        Choice(
            "file",
            "a file of 32 MiB",
            files=(MappingProxyType({"kind": "file", "size": 32 * _MIB}),),
        ),
        Choice("directory", "a directory", files=(MappingProxyType({"kind": "directory"}),)),
        Choice(
            "dangling",
            "a dangling symbolic link",
            files=(MappingProxyType({"kind": "symlink", "target": "/nowhere/at/all"}),),
        ),
        Choice(
            "refused",
            "a file we may not open",
            files=(MappingProxyType({"kind": "file", "open_error": "EACCES"}),),
        ),
    ),
)
_NONE: Final = Choice("none", "none")
_PREALLOC: Final = Choice("prealloc", "prealloc=on", ",prealloc=on")
_COMMON: Final = (
    _NONE,
    _PREALLOC,
    Choice("merge", "merge=off", ",merge=off"),
    Choice("dump", "dump=off", ",dump=off"),
    Choice("bind0", "host-nodes=0,policy=bind", ",host-nodes=0,policy=bind"),
    Choice("bind1", "host-nodes=1,policy=bind", ",host-nodes=1,policy=bind"),
)
MORE: Final = Control("more", "One more option", "", _COMMON)
HUGETLB: Final = Control(
    "hugetlb",
    "hugetlb",
    "on: from the pool of huge pages",
    (
        Choice("off", "off"),
        Choice("on", "on", ",hugetlb=on"),
        Choice("2M", "on, hugetlbsize=2M", ",hugetlb=on,hugetlbsize=2M"),
        Choice("3M", "on, hugetlbsize=3M: no power of two", ",hugetlb=on,hugetlbsize=3M"),
    ),
)
SEAL: Final = Control(
    "seal",
    "seal",
    "on: nobody changes its size",
    (Choice("on", "on"), Choice("off", "off", ",seal=off")),
)


@attrs.frozen
class Backend:
    """One type of memory backend, and what can be chosen for it, in the line's order."""

    key: str
    type_name: str
    title: str
    controls: tuple[Control, ...]
    has_path: bool = False

    def combinations(self) -> Iterator[tuple[Choice, ...]]:
        """Yield every combination of choices, the last control's changing fastest."""
        return itertools.product(*(control.choices for control in self.controls))

    def object_text(self, mem_path: str, choices: tuple[Choice, ...]) -> str:
        """Return what follows ``-object`` on the line."""
        path = f",mem-path={mem_path}" if self.has_path else ""
        added = "".join(choice.fragment for choice in choices)
        return f"{self.type_name},id=m0{path}{added}"


BACKENDS: Final = (
    Backend(
        "file",
        "memory-backend-file",
        "file",
        (PATH, SIZE_AND_ALIGN, SHARE, PMEM, SYNC, MORE),
        has_path=True,
    ),
    Backend("ram", "memory-backend-ram", "ram", (SIZE, SHARE, MORE)),
    Backend("memfd", "memory-backend-memfd", "memfd", (SIZE, MEMFD_SHARE, HUGETLB, SEAL, MORE)),
)
