"""Messages about guest memory of QEMU's other parts: vhost, KVM, VFIO, migration."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import HUGE_POOL, LINE, LOCKED, Cause
from .outside_message import Outside

_SHARED: Final = (
    "-object memory-backend-memfd,id=mem,size=SIZE,share=on -machine memory-backend=mem, SIZE as "
    "in -m"
)

_NO_SLOTS: Final = (
    Cause(
        "the kernel's vhost takes 64 regions by default, a vhost-user program 8 unless it has "
        "CONFIGURE_MEM_SLOTS; each DIMM is one",
        "cat /sys/module/vhost/parameters/max_mem_regions; qemu-system-x86_64 --version",
        fix="options vhost max_mem_regions=509 in /etc/modprobe.d; fewer and larger DIMMs, or "
        "virtio-mem, which is one region",
    ),
)
_NO_KVM_SLOTS: Final = (
    Cause(
        "the guest has more memory devices than KVM has slots: 509 up to Linux 5.11",
        "uname -r",
        fix="fewer and larger DIMMs, or virtio-mem, which is one region",
    ),
)
_REGION: Final = (
    Cause(
        "memory of the kernel's for the region is short: a cgroup or the machine has none left",
        "free -h; grep -r . /sys/fs/cgroup --include=memory.max",
        ("ENOMEM",),
        "give the guest less memory",
    ),
    Cause(
        "a region is not in whole pages, or overlaps another: a bug, or a nested hypervisor",
        "dmesg | grep -i kvm",
        ("EINVAL", "EEXIST"),
    ),
)
_PINNING: Final = (
    Cause(
        "VFIO pins all guest RAM, and the limit on locked memory is lower",
        LOCKED,
        ("ENOMEM",),
        "raise ulimit -l, LimitMEMLOCK= or <hard_limit> above the guest's RAM",
    ),
    Cause(
        "more mappings than VFIO takes at once: ordinary pages, or virtio-mem in small blocks",
        "cat /sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
        ("ENOSPC",),
        "raise dma_entry_limit, or use huge pages",
    ),
    Cause(
        "the range overlaps reserved addresses of the IOMMU, or is beyond what it can address",
        "dmesg | grep -i iommu; cat /sys/kernel/iommu_groups/*/reserved_regions",
        ("EINVAL", "EEXIST", "EFAULT"),
        "use a lower maxmem=, or phys-bits that the IOMMU has",
    ),
)
_SGX: Final = (
    Cause(
        "the host has no SGX, it is off in the firmware, or its kernel has no X86_SGX_KVM",
        "ls -l /dev/sgx_vepc; grep -wo sgx /proc/cpuinfo | head -1",
        ("ENOENT", "ENODEV"),
        "turn SGX on in the firmware, or remove memory-backend-epc",
    ),
    Cause(
        "QEMU's user, or the container, has no right to /dev/sgx_vepc",
        "ls -lZ /dev/sgx_vepc; id",
        ("EACCES", "EPERM"),
        "give the device to the user or the container (docker --device /dev/sgx_vepc)",
    ),
)

OUTSIDE_QEMU: Final = (
    Outside(
        "Failed initializing vhost-user memory map, consider using -object memory-backend-file "
        "share=on",
        "hw/virtio/vhost-user.c:vhost_user_fill_set_mem_table_msg",
        "a vhost-user device starts, and no part of the guest's RAM has a descriptor",
        (
            Cause(
                "the guest's RAM is private anonymous memory: the other process cannot map it",
                LINE,
                fix=_SHARED,
            ),
            Cause(
                "a backend is on the line, and it is not the guest's RAM",
                LINE,
                fix="name it in -machine memory-backend= or -numa node,memdev=",
            ),
        ),
    ),
    Outside(
        "Failed preparing vhost-user memory table msg",
        "hw/virtio/vhost-user.c:vhost_user_fill_set_mem_table_msg",
        "the guest's RAM has more regions than the vhost-user program takes",
        (
            Cause(
                "memory devices make more regions than the other program has slots for (8 "
                "without CONFIGURE_MEM_SLOTS)",
                LINE,
                fix="use fewer modules, or a newer vhost-user program",
            ),
        ),
    ),
    Outside(
        "phys-bits too low",
        "hw/i386/pc.c:pc_memory_init",
        "RAM, maxmem and the PCI hole end beyond the CPU's physical address bits",
        (
            Cause(
                "the guest's CPU has 40 physical address bits by default, and maxmem needs more",
                "grep -m1 'address sizes' /proc/cpuinfo",
                fix="use a smaller maxmem=, or -cpu host,host-phys-bits=on (libvirt: "
                "<maxphysaddr mode='passthrough'/>)",
            ),
        ),
        since="7.1",
    ),
    Outside(
        "kvm run failed",
        "accel/kvm/kvm-all.c:kvm_cpu_exec",
        "the kernel could not run the guest's CPU",
        (
            Cause(
                "a page of guest RAM could not be given: the huge page pool, a node's pages or the "
                "tmpfs ran out, or the file was truncated (Bad address)",
                HUGE_POOL + "; df -h /dev/shm; dmesg | tail",
                ("EFAULT",),
                "use prealloc=on, so that QEMU finds out at start; give the pool or the tmpfs more",
            ),
            Cause(
                "the guest's code did what KVM cannot emulate",
                "dmesg | grep -i kvm",
                ("EINVAL", "ENOSYS", "EIO"),
            ),
        ),
        errno=True,
    ),
    Outside(
        "locking memory failed",
        "softmmu/vl.c:qemu_init",
        "-overcommit mem-lock=on, and mlockall fails",
        (
            Cause(
                "the limit on locked memory is below QEMU's memory: all of the guest's RAM and "
                "QEMU's own",
                LOCKED,
                fix="ulimit -l unlimited, LimitMEMLOCK=infinity (systemd), <hard_limit> or "
                "<memoryBacking><locked/> (libvirt), docker --ulimit memlock=-1",
            ),
            Cause(
                "there is not enough free memory: locking takes all of it at start",
                "free -h",
                fix="give the guest less memory, or remove mem-lock=on",
            ),
        ),
    ),
    Outside(
        "mlockall",
        "os-posix.c:os_mlock",
        "-overcommit mem-lock=on, and mlockall fails",
        (
            Cause(
                "the limit on locked memory is below QEMU's memory",
                LOCKED,
                ("ENOMEM", "EAGAIN", "EPERM"),
                "raise ulimit -l, LimitMEMLOCK= (systemd) or <hard_limit> (libvirt)",
            ),
        ),
        errno=True,
    ),
    Outside(
        "Memory merging is not supported on this host",
        "backends/hostmem.c:host_memory_backend_set_merge",
        "merge=on or mem-merge=on is said where madvise has no MADV_MERGEABLE",
        (),
        since="9.1",
    ),
    Outside(
        "Dumping guest memory cannot be disabled on this host",
        "backends/hostmem.c:host_memory_backend_set_dump",
        "dump=off is said where madvise has no MADV_DONTDUMP",
        (),
        since="9.1",
    ),
    Outside(
        "VFIO_MAP_DMA failed",
        "hw/vfio/container.c:vfio_dma_map",
        "a passed-through device pins the guest's RAM, and the kernel refuses",
        _PINNING,
        errno=True,
    ),
    Outside(
        "failed to allocate shared memory",
        "util/memfd.c:qemu_memfd_alloc",
        "memory that a vhost device logs to cannot be made",
        (
            Cause(
                "neither memfd_create nor a file in /tmp worked",
                "df -h /tmp; grep Seccomp /proc/self/status",
                fix="allow memfd_create in the sandbox",
            ),
        ),
        errno=True,
    ),
    Outside(
        "a used vhost backend has no free memory slots left",
        "hw/mem/memory-device.c:memory_device_check_addable",
        "a memory device is plugged, and a vhost device takes no more regions of memory",
        _NO_SLOTS,
        until="8.2",
    ),
    Outside(
        "a used vhost backend has not enough free memory slots left",
        "hw/mem/memory-device.c:memory_device_check_addable",
        "a memory device is plugged, and a vhost device takes fewer regions than it needs",
        _NO_SLOTS,
        since="8.2",
    ),
    Outside(
        "hypervisor has no free memory slots left",
        "hw/mem/memory-device.c:memory_device_check_addable",
        "a memory device is plugged, and KVM takes no more regions of memory",
        _NO_KVM_SLOTS,
        until="8.2",
    ),
    Outside(
        "hypervisor has not enough free memory slots left",
        "hw/mem/memory-device.c:memory_device_check_addable",
        "a memory device is plugged, and KVM takes fewer regions than it needs",
        _NO_KVM_SLOTS,
        since="8.2",
    ),
    Outside(
        "failing attempt to hot add memory via VHOST_USER_ADD_MEM_REG message because the backend "
        "has no free ram slots available",
        "hw/virtio/vhost-user.c:vhost_user_add_remove_regions",
        "memory is added, and the vhost-user program takes no more regions",
        _NO_SLOTS,
        since="5.1",
    ),
    Outside(
        "Failed to read msg header. Read {found} instead of {wanted}. Original request {given}.",
        "hw/virtio/vhost-user.c:vhost_user_read_header",
        "the vhost-user program closed the socket while QEMU waited for its answer",
        (
            Cause(
                "the program (virtiofsd, DPDK, SPDK) ended: its own log says why",
                "journalctl -t virtiofsd; ss -xp | grep SOCKET; dmesg | tail",
                fix="look at the program's log, and start it again before QEMU",
            ),
            Cause(
                "the guest's RAM has no descriptor, or is private: the program could not map it",
                LINE,
                fix=_SHARED,
            ),
            Cause(
                "the two do not fit: an option of the device that this program does not know",
                "virtiofsd --version; qemu-system-x86_64 --version",
                fix="remove the device's special options (cache-size= was never in a release)",
            ),
        ),
    ),
    Outside(
        "vhost_set_mem_table failed",
        "hw/virtio/vhost.c:vhost_commit",
        "a vhost device did not take the guest's memory",
        (
            Cause(
                "a part of the guest's RAM has no descriptor (22, EINVAL), for vhost-user",
                LINE,
                fix=_SHARED,
            ),
            Cause(
                "there are more regions than the vhost device takes (7, E2BIG)",
                "cat /sys/module/vhost/parameters/max_mem_regions",
                fix="modprobe vhost max_mem_regions=509, or fewer memory devices",
            ),
        ),
    ),
    Outside(
        "unable to start vhost net: {number}: falling back on userspace virtio",
        "hw/net/virtio-net.c:virtio_net_vhost_status",
        "the vhost device did not start; for vhost-user the interface then has no data",
        (
            Cause(
                "a message before this one says why: mostly the guest's RAM cannot be shared",
                LINE,
                fix=_SHARED,
            ),
        ),
    ),
    Outside(
        "KVM_SET_USER_MEMORY_REGION failed, slot={slot}, start=0x{start:x}, size=0x{size:x}",
        "accel/kvm/kvm-all.c:kvm_set_user_memory_region",
        "KVM did not take a region of the guest's memory",
        _REGION,
        errno=True,
        since="5.0",
    ),
    Outside(
        "KVM_SET_USER_MEMORY_REGION2 failed, slot={slot}, start=0x{start:x}, size=0x{size:x}, "
        "flags=0x{flags:x}, guest_memfd={node}, guest_memfd_offset=0x{offset:x}",
        "accel/kvm/kvm-all.c:kvm_set_user_memory_region",
        "KVM did not take a region of the guest's memory",
        _REGION,
        errno=True,
        since="9.1",
    ),
    Outside(
        "vfio_dma_map({key}) = {result} ({text})",
        "hw/vfio/common.c:vfio_listener_region_add",
        "a passed-through device pins the guest's RAM, and the kernel refuses",
        _PINNING,
        until="9.0",
    ),
    Outside(
        "vfio_container_dma_map({key}) = {result} ({text})",
        "hw/vfio/common.c:vfio_listener_region_add",
        "a passed-through device pins the guest's RAM, and the kernel refuses",
        _PINNING,
        since="9.0",
    ),
    Outside(
        "failed to open /dev/sgx_vepc to alloc SGX EPC",
        "backends/hostmem-epc.c:sgx_epc_backend_memory_alloc",
        "memory-backend-epc is on the line, and the device cannot be opened",
        _SGX,
        errno=True,
        since="6.2",
        until="9.1",
    ),
    Outside(
        "Could not open '/dev/sgx_vepc'",
        "backends/hostmem-epc.c:sgx_epc_backend_memory_alloc",
        "memory-backend-epc is on the line, and the device cannot be opened",
        _SGX,
        errno=True,
        since="9.1",
    ),
)
