"""A kernel in memory: files, descriptors, an address space, memory, nodes.

:class:`SimulatedHost` answers every call of the host protocol as Linux does, for
the machine that a profile (:mod:`qemu_model.host.profiles`) describes.  One
module for each thing a kernel keeps: names, inodes, the address space, memory.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .host import SimulatedHost

__all__ = ["SimulatedHost"]
