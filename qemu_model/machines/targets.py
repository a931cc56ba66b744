"""What the programs of QEMU differ in, one for each processor that they emulate.

The machines of a program are made when a line first names one: many lines name none.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs

from ..boards import MachineClass
from ..qemu_options_hx import NOT_FOR_ARM, NOT_FOR_PPC, NOT_FOR_S390X, NOT_FOR_X86
from ..revisions.release import Release
from ..target_info import TargetInfo
from .none import NONE
from .programs import OTHER, X86, processor_of
from .unmodelled import UNMODELLED_OF_AARCH64, UNMODELLED_OF_ARM, UNMODELLED_OF_PPC64


def _x86() -> Mapping[str, MachineClass]:
    from .table import MACHINES

    return MACHINES


@functools.cache
def _arm() -> Mapping[str, MachineClass]:
    from .others import VIRT

    return _table(VIRT)


@functools.cache
def _ppc64() -> Mapping[str, MachineClass]:
    from .others import PSERIES

    return _table(PSERIES)


@functools.cache
def _s390x() -> Mapping[str, MachineClass]:
    from .others import CCW

    return _table(CCW)


def _table(machines: Iterable[MachineClass]) -> Mapping[str, MachineClass]:
    """Return machine types by name, sorted as -machine help sorts them."""
    there = sorted((NONE, *machines), key=lambda machine: machine.name)
    return MappingProxyType({machine.name: machine for machine in there})


_X86_DEVICES: Final[Mapping[str, Release]] = MappingProxyType(
    dict.fromkeys(("ivshmem-plain", "nvdimm", "pc-dimm", "virtio-mem-pci", "virtio-pmem-pci"), ())
)
_ARM_DEVICES: Final = MappingProxyType(
    {"ivshmem-plain": (), "nvdimm": (5, 1), "pc-dimm": (4, 2), "virtio-mem-pci": (7, 0)}
)
_AARCH64: Final = TargetInfo(
    "aarch64",
    _arm,
    "",
    MappingProxyType({"virt": "virt"}),
    _ARM_DEVICES,
    NOT_FOR_ARM,
    unmodelled=UNMODELLED_OF_AARCH64,
)
#: Every program of which the model knows machines, by the processor.
TARGETS: Final[Mapping[str, TargetInfo]] = MappingProxyType(
    {
        target.name: target
        for target in (
            TargetInfo(
                X86,
                _x86,
                "pc",
                MappingProxyType({"pc": "i440fx", "q35": "q35"}),
                _X86_DEVICES,
                NOT_FOR_X86,
                distribution_aliases=MappingProxyType({"ubuntu": "i440fx"}),
            ),
            _AARCH64,
            attrs.evolve(_AARCH64, name="arm", unmodelled=UNMODELLED_OF_ARM),
            attrs.evolve(_AARCH64, name=OTHER, default_machine="virt", every_machine_is="virt"),
            TargetInfo(
                "ppc64",
                _ppc64,
                "pseries",
                MappingProxyType({"pseries": "pseries"}),
                MappingProxyType({"ivshmem-plain": (), "nvdimm": (5, 0), "pc-dimm": ()}),
                NOT_FOR_PPC,
                unmodelled=UNMODELLED_OF_PPC64,
            ),
            TargetInfo(
                "s390x",
                _s390x,
                "s390-ccw-virtio",
                MappingProxyType({"s390-ccw-virtio": "s390-ccw-virtio"}),
                MappingProxyType({"virtio-mem-ccw": (10, 0), "virtio-mem-pci": (10, 0)}),
                NOT_FOR_S390X,
            ),
        )
    }
)


def target_of(words: Sequence[str]) -> TargetInfo:
    """Return the program that a line is for: qemu-system-x86_64 unless it says another."""
    return TARGETS[processor_of(tuple(words))]
