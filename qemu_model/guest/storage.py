"""Every kind of file that answers MAP_SYNC in its own way, mounted in one guest."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .file_systems import check_makers
from .kernel import Report
from .machine import Guest

#: The sizes of the persistent memories of :data:`FILE_SYSTEMS` and, last, of the one
#: for device DAX, in MiB: an xfs has 300 MB at least.
PMEM: Final = (128, 128, 320, 320, 128)
#: The size of the virtio-pmem device, in MiB.
VIRTIO_PMEM: Final = 128
#: What is on the persistent memories, in order: kind, options, and where it is mounted.
FILE_SYSTEMS: Final = (
    ("ext4", "dax", "/mnt/ext4-dax"),
    ("ext4", "", "/mnt/ext4"),
    ("xfs", "dax", "/mnt/xfs-dax"),
    ("xfs", "dax=never", "/mnt/xfs"),
)
DEVICE_DAX_REGION: Final = len(FILE_SYSTEMS)
VIRTIO_PMEM_DEVICE: Final = f"/dev/pmem{len(PMEM)}"
HUGE_PAGES: Final = 8

#: Where each kind of file is, by the name that tables and simulated kernels use.
PLACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ext4-dax": "/mnt/ext4-dax",
        "ext4-dax-attribute": "/mnt/ext4/dax",
        "ext4": "/mnt/ext4",
        "xfs-dax": "/mnt/xfs-dax",
        "xfs": "/mnt/xfs",
        "virtio-pmem": "/mnt/virtio-pmem",
        "device-dax": f"/dev/dax{DEVICE_DAX_REGION}.0",
        "tmpfs": "/mnt/tmpfs",
        "hugetlbfs": "/mnt/huge",
        "9p": "",
        "anonymous": "",
        "zero": "/dev/zero",
    }
)


def storage_guest(report: Report = lambda message: None, suite: str = "") -> Guest:
    """Return a guest, not started yet, with the memory that :func:`mount_all` needs.

    ``suite`` names the Debian release whose kernel runs, empty for this machine's own.

    Raises :class:`~qemu_model.guest.GuestError` if a file system cannot be made there.
    """
    check_makers({kind for kind, _, _ in FILE_SYSTEMS})
    return Guest(pmem=PMEM, virtio_pmem=VIRTIO_PMEM, suite=suite, report=report)


def mount_all(guest: Guest) -> dict[str, str]:
    """Make and mount everything; return where each kind of file is, by its name.

    A path is a directory, or the device itself; for anonymous memory it is empty.
    """
    for number, (kind, options, mount_point) in enumerate(FILE_SYSTEMS):
        guest.make_file_system(kind, f"/dev/pmem{number}", mount_point, options=options)
    guest.make_file_system("ext4", VIRTIO_PMEM_DEVICE, "/mnt/virtio-pmem", options="dax")
    device = guest.make_device_dax(DEVICE_DAX_REGION)
    attribute = PLACES["ext4-dax-attribute"]
    guest.run(["sh", "-e", "-c", f"mkdir {attribute}; chattr +x {attribute}"])
    guest.mount("tmpfs", "none", "/mnt/tmpfs")
    guest.run(["sysctl", "-q", f"vm.nr_hugepages={HUGE_PAGES}"])
    guest.mount("hugetlbfs", "none", "/mnt/huge", options="pagesize=2M")
    return {**PLACES, "device-dax": device, "9p": str(guest.work)}
