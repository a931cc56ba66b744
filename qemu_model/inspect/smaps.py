"""``/proc/PID/smaps``: the mappings of a process, as text says them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import Final

import attrs

_HEAD: Final = re.compile(
    r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (\S+) (\d+)\s*(.*)", re.DOTALL
)
_AMOUNT: Final = re.compile(r"(\w+):\s+(\d+) kB")
_KIB: Final = 1024
#: The sizes in smaps that are kept, by the names they have here.
_IN_HUGE_PAGES: Final = ("AnonHugePages", "ShmemPmdMapped", "FilePmdMapped")
_KEPT: Final = ("KernelPageSize", "Rss", *_IN_HUGE_PAGES)


@attrs.frozen
class MappedRange:
    """One mapping of a process: from ``/proc/PID/smaps``; sizes and addresses in bytes.

    ``amounts`` are the sizes that smaps gives by its own names (``Rss``, ...).
    """

    address: int
    size: int
    permissions: str
    device: str
    inode: int
    path: str
    vm_flags: tuple[str, ...]
    amounts: tuple[tuple[str, int], ...] = ()

    @property
    def shared(self) -> bool:
        """Whether what is written is seen by others."""
        return self.permissions[3] == "s"

    @property
    def file(self) -> bool:
        """Whether a file with a number is behind it."""
        return self.inode != 0

    def amount(self, name: str) -> int | None:
        """Return one of the sizes in bytes, None where smaps does not have it."""
        return dict(self.amounts).get(name)

    @property
    def page_size(self) -> int | None:
        """The size of the kernel's pages in it."""
        return self.amount("KernelPageSize")

    @property
    def huge(self) -> int | None:
        """How many of its bytes are in huge pages; None where smaps does not say."""
        if "ht" in self.vm_flags:
            return self.size
        known = [self.amount(name) for name in _IN_HUGE_PAGES]
        found = [amount for amount in known if amount is not None]
        return sum(found) if found else None


def parse_smaps(text: str) -> list[MappedRange]:
    """Return the mappings in the text of a smaps file; those of maps, without sizes, too."""
    mappings: list[MappedRange] = []
    for line in text.split("\n"):
        if head := _HEAD.fullmatch(line.rstrip("\r")):
            first, last = int(head[1], 16), int(head[2], 16)
            path = head[7].replace("\\012", "\n")
            mappings.append(
                MappedRange(first, last - first, head[3], head[5], int(head[6]), path, ())
            )
        elif not mappings:
            continue
        elif line.startswith("VmFlags:"):
            mappings[-1] = attrs.evolve(mappings[-1], vm_flags=tuple(line.split()[1:]))
        elif (amount := _AMOUNT.match(line)) and amount[1] in _KEPT:
            kept = (*mappings[-1].amounts, (amount[1], int(amount[2]) * _KIB))
            mappings[-1] = attrs.evolve(mappings[-1], amounts=kept)
    return mappings


_NODE: Final = re.compile(r"N(\d+)=(\d+)")


def parse_numa_maps(text: str) -> dict[int, dict[int, int]]:
    """Return how many pages of each mapping are on which node, by the mapping's address."""
    found = {}
    for line in text.split("\n"):
        address, _, rest = line.partition(" ")
        if re.fullmatch("[0-9a-f]+", address):
            found[int(address, 16)] = {int(node): int(count) for node, count in _NODE.findall(rest)}
    return found
