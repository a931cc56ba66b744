"""Messages about guest memory of incoming migrations and postcopy."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import LINE, Cause
from .outside_message import Outside

_ANOTHER_SIZE: Final = (
    Cause(
        "the line of the destination has another -m or another firmware image",
        LINE,
        fix="start the destination with the line of the source",
    ),
)
_USERFAULT: Final = (
    Cause(
        "unprivileged processes may not use userfaultfd: vm.unprivileged_userfaultfd is 0, the "
        "default since Linux 5.11",
        "cat /proc/sys/vm/unprivileged_userfaultfd; ls -l /dev/userfaultfd",
        ("EPERM", "EACCES"),
        "sysctl vm.unprivileged_userfaultfd=1 on the destination, or give QEMU's user the device "
        "/dev/userfaultfd (Linux 6.1, QEMU 8.0)",
    ),
    Cause(
        "a seccomp filter of the container forbids the call",
        "grep Seccomp /proc/self/status",
        ("EPERM", "ENOSYS"),
        "allow userfaultfd in the profile",
    ),
    Cause(
        "the kernel is built without CONFIG_USERFAULTFD",
        "grep USERFAULTFD /boot/config-$(uname -r)",
        ("ENOSYS",),
    ),
)

OUTSIDE_MIGRATION: Final = (
    Outside(
        "Size mismatch: {id}: 0x{found} != 0x{wanted}",
        "softmmu/physmem.c:qemu_ram_resize",
        "an incoming migration has a block of another size",
        _ANOTHER_SIZE,
        errno=True,
        since="5.2",
    ),
    Outside(
        'Unknown ramblock "{id}", cannot accept migration',
        "migration/ram.c:ram_load_precopy",
        "an incoming migration has a block that the destination has not",
        (
            Cause(
                "a backend has another id at the destination, or "
                "x-use-canonical-path-for-ramblock-id differs",
                LINE,
                fix="use the same ids and the same machine type on both sides",
            ),
        ),
    ),
    Outside(
        "Length mismatch: {id}: 0x{found} in != 0x{wanted}",
        "exec.c:qemu_ram_resize",
        "an incoming migration has a block of another size",
        _ANOTHER_SIZE,
        errno=True,
        until="5.2",
    ),
    Outside(
        "error while loading state for instance 0x{number} of device 'ram'",
        "migration/savevm.c:vmstate_load",
        "the guest's RAM of an incoming migration does not fit",
        (
            Cause(
                "the blocks differ: another -m, other backend ids, another machine type; the "
                "message before this one names the block",
                LINE,
                fix="start the destination with the line of the source",
            ),
        ),
    ),
    Outside(
        "load of migration failed",
        "migration/migration.c:process_incoming_migration_co",
        "an incoming migration ends with an error",
        (
            Cause(
                "source and destination differ: the message before this one says in what",
                LINE,
                ("EINVAL",),
                "start the destination with the line of the source",
            ),
            Cause(
                "the connection broke, or the source gave up",
                "journalctl -u libvirtd; tail /var/log/libvirt/qemu/NAME.log",
                ("EIO", "EPIPE", "ECONNRESET"),
                "look at the source's log",
            ),
        ),
        errno=True,
    ),
    Outside(
        "userfaultfd not available",
        "migration/postcopy-ram.c:postcopy_ram_supported_by_host",
        "postcopy is requested, and the process gets no userfaultfd",
        _USERFAULT,
        errno=True,
        until="8.1",
    ),
    Outside(
        "Userfaultfd not available",
        "migration/postcopy-ram.c:postcopy_ram_supported_by_host",
        "postcopy is requested, and the process gets no userfaultfd",
        _USERFAULT,
        errno=True,
        since="8.1",
    ),
    Outside(
        "Postcopy is not supported",
        "migration/options.c:migrate_caps_check",
        "postcopy is requested on a host, or with memory, that cannot do it",
        (
            *_USERFAULT,
            Cause(
                "the guest's RAM is a file on a disk, an NVDIMM, or on DAX: userfaultfd works with "
                "anonymous memory, tmpfs, memfd and huge pages",
                LINE,
                fix="use memory-backend-memfd, or migrate without postcopy",
            ),
        ),
    ),
    Outside(
        "Missing userfault map features",
        "migration/postcopy-ram.c:ufd_check_and_apply",
        "userfaultfd does not work with this kind of memory on the destination",
        (
            Cause(
                "a backend is a file on a disk or on DAX, or the kernel is too old for shared or "
                "huge pages (4.11, 4.14)",
                "uname -r; findmnt -T PATH",
                fix="use memory-backend-memfd, or migrate without postcopy",
            ),
        ),
    ),
    Outside(
        "is a nvdimm memory, postcopyis not supported now!",
        "migration/ram.c:ram_save_setup",
        "postcopy is requested, and the guest has an NVDIMM",
        (
            Cause(
                "QEMU moves no NVDIMM with postcopy",
                LINE,
                fix="migrate without postcopy",
            ),
        ),
    ),
)
