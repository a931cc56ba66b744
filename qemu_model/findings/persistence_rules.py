"""Whether what is meant to persist does: pmem, NVDIMMs, device DAX."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..explain.guest_memory import Memory
from .case import Case
from .finding import Finding, Rule
from .lines import with_values
from .ram_rules import added_words, described

NOT_PERSISTENT: Final = Rule(
    "QM401",
    "pmem-without-dax",
    "warning",
    "pmem=on is set for a file that is not on persistent memory.",
)
LOSES_DATA: Final = Rule(
    "QM402",
    "nvdimm-loses-data",
    "error",
    "An NVDIMM's memory does not keep what the guest writes.",
)
UNARMED: Final = Rule(
    "QM403",
    "nvdimm-unarmed",
    "note",
    "unarmed=on: the guest sees a read-only device that is not persistent.",
)

#: File systems in the machine's memory.
IN_MEMORY: Final = ("tmpfs", "hugetlbfs", "ramfs")
#: What /dev is: a path there is a device's, whose data is elsewhere.
OF_DEVICES: Final = "devtmpfs"
_DAX: Final = ("ext4-dax", "xfs-dax", "device-dax", "virtio-pmem")


def pmem_without_dax(case: Case) -> Iterator[Finding]:
    """Yield the backends that claim persistent memory on what is not persistent."""
    for memory in case.memory:
        if not memory.pmem or not memory.path:
            continue
        kind = case.host.file_system(memory.path)
        if not kind or kind in _DAX or (case.place.name == "live" and _is_dax(memory.path)):
            continue
        lost = (
            "it is in memory, and gone after a reboot"
            if kind in IN_MEMORY
            else "data goes through the page cache, and libpmem's flushes do not reach the disk"
        )
        assert memory.part is not None
        where = f"on {kind}"
        if kind == OF_DEVICES:
            lost = "the mapping of a block device goes through the page cache"
            where = "a device without DAX"
        yield Finding(
            NOT_PERSISTENT,
            memory.id,
            f"pmem=on, but {memory.path} is {where}, which is not persistent memory.",
            f"The guest relies on flushed data being safe: {lost}.",
            "put the file on ext4 or xfs, mounted with -o dax, on persistent memory, or use a "
            "device DAX; else remove pmem=on",
            args=with_values(case.args, memory.part, pmem=None),
        )


def _is_dax(path: str) -> bool:
    from ..explain.place import live_place

    return live_place(path).kind in ("dax", "device")


def nvdimms(case: Case) -> Iterator[tuple[Memory, str]]:
    """Yield the memory of each NVDIMM and the device's label."""
    for memory in case.memory:
        for use in memory.uses:
            if use.part is not None and use.part.kind in ("nvdimm", "virtio-pmem-pci"):
                yield memory, use.label


def nvdimm_data(case: Case) -> Iterator[Finding]:
    """Yield the NVDIMMs whose memory does not outlive QEMU."""
    for memory, label in nvdimms(case):
        if memory.readonly or memory.part is None:
            continue
        if memory.source != "file":
            yield Finding(
                LOSES_DATA,
                memory.id,
                f'{label} has {described(memory)} ("{memory.id}"): its data is gone when QEMU '
                "ends.",
                "The guest assumes that an NVDIMM is persistent.",
                "use memory-backend-file with share=on and a mem-path",
            )
        elif not memory.shared:
            args = with_values(case.args, memory.part, share="on")
            yield Finding(
                LOSES_DATA,
                memory.id,
                f'{label}: "{memory.id}" is mapped privately, so what the guest writes never '
                f"reaches {memory.path}.",
                "The guest assumes that an NVDIMM is persistent; share is off by default.",
                f"use {added_words(case.args, args)}",
                args=args,
            )
        elif case.host.file_system(memory.path) in IN_MEMORY:
            kind = case.host.file_system(memory.path)
            yield Finding(
                LOSES_DATA,
                memory.id,
                f"{label}: {memory.path} is on {kind}, and gone when the host reboots.",
                "The guest assumes that an NVDIMM is persistent.",
                "put the file on a disk or on persistent memory",
                "warning",
            )


def unarmed(case: Case) -> Iterator[Finding]:
    """Yield what unarmed=on does."""
    for part in case.parts_called("device"):
        if part.kind == "nvdimm" and part.on("unarmed"):
            yield Finding(
                UNARMED,
                part.id or "nvdimm",
                f"{part.label} with unarmed=on: the guest sees a read-only device that is not "
                "persistent.",
                "The NVDIMM's state says that it cannot save data; Linux then makes /dev/pmem0 "
                "read-only. A backend with readonly=on needs it.",
                "leave it as it is with readonly=on; else remove unarmed=on",
            )
