"""The simulated host: the kernel's calls, and questions about its state for tests."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..vm_flags import vm_flag_letters
from .advice import AdviceCalls
from .files import FileCalls
from .mapping import MappingCalls
from .pseudo_files import PseudoFiles

_SIX_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class SimulatedHost(FileCalls, PseudoFiles, MappingCalls, AdviceCalls):
    """A host whose kernel is simulated, for the machine that ``profile`` describes.

    It starts as the profile says, with no descriptor and nothing mapped; nothing of it
    outlives the object.  The same calls always give the same answers.
    """

    @property
    def name(self) -> str:
        """``sim:`` and the profile's name."""
        return f"sim:{self.profile.name}"

    def temporary_name(self) -> str:
        """Return six characters, different each time, the same in each run."""
        number = self._temporary_names
        self._temporary_names += 1
        characters = []
        for _ in range(6):
            number, digit = divmod(number, len(_SIX_CHARACTERS))
            characters.append(_SIX_CHARACTERS[digit])
        return "".join(reversed(characters))

    def getpid(self) -> int:
        """Return 1000: each simulated machine runs one QEMU."""
        return 1000

    def vm_flags(self, addr: int) -> list[str] | None:
        """Return the flags in smaps' ``VmFlags`` of the mapping at ``addr``, None if unmapped."""
        mapping = self._space.at(addr)
        return None if mapping is None else vm_flag_letters(mapping.bits)

    def describe(self) -> dict[str, object]:
        """Return the profile, each answer with its evidence."""
        return self.profile.describe()

    def open_descriptors(self) -> list[int]:
        """Return the descriptors that are open, in order."""
        return sorted(self._descriptors)

    def mappings(self) -> list[tuple[int, int]]:
        """Return start and end address of each mapping, in order."""
        return [(mapping.start, mapping.end) for mapping in self._space]

    def file_sizes(self) -> dict[str, int]:
        """Return the size in bytes of each regular file that has a name."""
        return self._names.sizes()

    def free_huge_pages(self, size: int) -> int:
        """Return how many huge pages of ``size`` bytes are neither in use nor promised."""
        pool = self._pool(size)
        return pool.free - pool.promised

    def memory(self) -> tuple[int, int]:
        """Return how many bytes of memory are in use, and how many are promised to mappings."""
        return self._memory.used, self._memory.promised
