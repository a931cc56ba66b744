"""A tree of QEMU as a value."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import attrs

from ..records import Value
from .cpu_fields import X86Cpu
from .fields import (
    Cutils,
    Evidence,
    JsonParser,
    ObjectInterfaces,
    QapiUtil,
    QemuError,
    QemuOption,
    Qmp,
    Qom,
    Vl,
)
from .machine_fields import (
    Machine,
    MachineSmp,
    MemoryDevice,
    Numa,
    Nvdimm,
    Pc,
    PcDimm,
    S390VirtioCcw,
    Spapr,
    Virt,
    VirtioMem,
)
from .map_sync_rules import POLICIES, Inference, Policy
from .memory_fields import (
    Hostmem,
    HostmemFile,
    HostmemMemfd,
    Memfd,
    MmapAlloc,
    OslibPosix,
    Physmem,
)
from .release import Release


@attrs.frozen(eq=False, repr=False)
class Revision(Value):
    """A tree of QEMU: its name, the release whose texts and rows it has, and what it does.

    ``evidence`` says whether a real QEMU was compared with the tree.  The groups after it
    have one field for each thing that some trees do and others do not.  ``policy`` is the
    rule for MAP_SYNC, without effect unless ``mmap_alloc.passes_map_sync``.
    """

    name: str
    meaning: str
    release: Release
    evidence: Evidence = "read"
    policy: Policy = POLICIES["v8"]
    mmap_alloc: MmapAlloc = MmapAlloc()
    memfd: Memfd = Memfd()
    oslib_posix: OslibPosix = OslibPosix()
    physmem: Physmem = Physmem()
    hostmem: Hostmem = Hostmem()
    hostmem_file: HostmemFile = HostmemFile()
    hostmem_memfd: HostmemMemfd = HostmemMemfd()
    numa: Numa = Numa()
    cutils: Cutils = Cutils()
    qemu_option: QemuOption = QemuOption()
    qapi_util: QapiUtil = QapiUtil()
    json_parser: JsonParser = JsonParser()
    qemu_error: QemuError = QemuError()
    object_interfaces: ObjectInterfaces = ObjectInterfaces()
    qom: Qom = Qom()
    qmp: Qmp = Qmp()
    machine: Machine = Machine()
    machine_smp: MachineSmp = MachineSmp()
    pc: Pc = Pc()
    x86_cpu: X86Cpu = X86Cpu()
    virt: Virt = Virt()
    spapr: Spapr = Spapr()
    s390_virtio_ccw: S390VirtioCcw = S390VirtioCcw()
    memory_device: MemoryDevice = MemoryDevice()
    pc_dimm: PcDimm = PcDimm()
    nvdimm: Nvdimm = Nvdimm()
    virtio_mem: VirtioMem = VirtioMem()
    vl: Vl = Vl()

    def __str__(self) -> str:
        """Return the name, what it is, and how it is known."""
        return f"{self.name}: {self.meaning} ({self.evidence})"

    @property
    def inferences(self) -> tuple[Inference, ...]:
        """The behaviour of this tree that no published source fixes."""
        rule = self.policy.inferred if self.mmap_alloc.passes_map_sync else ()
        return rule + (self.policy.option_inferred if self.hostmem_file.has_sync else ())

    @property
    def inferred(self) -> tuple[str, ...]:
        """The sentences of the inferences."""
        return tuple(inference.sentence for inference in self.inferences)
