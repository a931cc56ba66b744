"""Causes of what only later releases say: shm, rom, offset, HMAT, virtio-mem, ivshmem."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import EXPLAIN, LINE, MACHINE_HELP, Cause

_HMAT: Final = "qemu-system-x86_64 -machine q35,help | grep hmat; " + LINE
_MEM: Final = "qemu-system-x86_64 -device virtio-mem-pci,help"

#: What a message begins with, and its causes.
LATER_CAUSES: Final[tuple[tuple[str, tuple[Cause, ...]], ...]] = (
    (
        "{region} backing store size",
        (
            Cause(
                "the file ends before offset + size",
                "stat -L -c '%s' {path}",
                fix="truncate -s the file to offset + size, or use a smaller offset= or size=",
            ),
        ),
    ),
    (
        "offset 0x{offset:x} must be multiples of page size",
        (
            Cause(
                "offset= is not a multiple of the file's page size (2 MiB or 1 GiB on hugetlbfs)",
                "stat -f -c '%S' {path}",
                fix="round offset= to whole pages",
            ),
        ),
    ),
    (
        "failed to create POSIX shared memory",
        (
            Cause(
                "/dev/shm is not there, not writable, or its file system is full of files",
                "df -hi /dev/shm; ls -ld /dev/shm",
                fix="mount -t tmpfs tmpfs /dev/shm, or use memory-backend-memfd",
            ),
        ),
    ),
    (
        "failed to resize POSIX shared memory",
        (Cause("size= is beyond what a file can have", LINE, fix="use a smaller size="),),
    ),
    (
        "unable to stat pmem file",
        (
            Cause(
                "pmem=on, and the file does not exist: this release looks at its size before it "
                "creates one",
                "ls -l {path}; daxctl list",
                fix="truncate -s SIZE the file first",
            ),
        ),
    ),
    (
        "size property {wanted} is larger than pmem file",
        (
            Cause(
                "size= is larger than the device DAX",
                "cat /sys/bus/dax/devices/dax*/size",
                fix="give the device's size, or less",
            ),
        ),
    ),
    (
        "property 'rom' = 'on' is not supported",
        (Cause("rom=on is for files opened read-only", LINE, fix="add readonly=on"),),
    ),
    (
        "property 'rom' = 'off' is incompatible",
        (
            Cause(
                "a shared mapping of a file opened read-only cannot be written",
                LINE,
                fix="use share=off with rom=off: the guest's writes then stay private",
            ),
        ),
    ),
    (
        "can't create shm backend with `share=off`",
        (Cause("POSIX shared memory is always shared", LINE, fix="remove share=off"),),
    ),
    (
        "object's id '{id}' is reserved for the default RAM backend",
        (
            Cause(
                "QEMU makes RAM under that id itself, as no -machine memory-backend= names one",
                LINE,
                fix="use -machine memory-backend=ID if the object is the RAM; else another id",
            ),
        ),
    ),
    (
        "Change the object's 'id' to something else",
        (Cause("follows the message about the reserved id", LINE, fix="do what it says"),),
    ),
    (
        "Unexpected error in object_property_try_add()",
        (Cause("an object has the id of QEMU's own RAM", LINE, fix="use another id"),),
    ),
    (
        "qemu: attempt to add duplicate property",
        (Cause("an object has the id of QEMU's own RAM", LINE, fix="use another id"),),
    ),
    *(
        (text, (Cause("-smp asks for too many CPUs for this machine", LINE, fix=fix),))
        for text, fix in (
            ("apic initialization failed", "ask for fewer than 256 CPUs, or use KVM"),
            ("Unexpected error in apic_common_set_id()", "use a -cpu with x2APIC, as max"),
            ("APIC ID {id} requires x2APIC", "use a -cpu with x2APIC, as max"),
            ("Try x2apic=on in -cpu.", "use a -cpu with x2APIC, as max"),
            ("current -smp configuration requires", "ask for fewer than 256 CPUs, or use KVM"),
        )
    ),
    (
        "cpu topology: {hierarchy} < smp_cpus",
        (Cause("-smp makes fewer CPUs than it gives", LINE, fix="raise sockets=, or lower cpus"),),
    ),
    (
        "cpu topology: {hierarchy} > maxcpus",
        (Cause("-smp makes more CPUs than maxcpus=", LINE, fix="raise maxcpus="),),
    ),
    (
        "Invalid CPU topology{deprecated}",
        (Cause("the product of -smp is not maxcpus", LINE, fix="make it equal to maxcpus"),),
    ),
    (
        "Invalid CPU topology: CPU topology parameters must be greater",
        (Cause("a number of -smp is 0", LINE, fix="remove that parameter"),),
    ),
    (
        "{what} > 1 not supported",
        (Cause("-smp asks for dies, clusters or modules", LINE, fix="remove them"),),
    ),
    (
        "Please configure -smp options properly",
        (Cause("-smp asks for threads of an AMD CPU", LINE, fix="-cpu ...,topoext=on"),),
    ),
    (
        "could not parse memory size",
        (Cause("mem= of a node is not a size", LINE, fix="use a size such as 2G"),),
    ),
    (
        "Default splitting of RAM between nodes is deprecated",
        (
            Cause(
                "-numa node gives no memory, and QEMU divides the RAM itself",
                LINE,
                fix="make a memory-backend-ram for each node, and use memdev=",
            ),
        ),
    ),
    (
        "This is deprecated. Make sure that -mem-path",
        (
            Cause(
                "the pool or the file system has less room than -m",
                "df -h {path}; grep . /sys/kernel/mm/hugepages/hugepages-*/free_hugepages",
                fix="give it as much as -m says",
            ),
        ),
    ),
    (
        "The initiator id {node} expects",
        (Cause("initiator= is 128 or more", LINE, fix="name a node from 0 to 127"),),
    ),
    (
        "The initiator of CPU NUMA node",
        (Cause("a node with CPUs is its own initiator", LINE, fix="remove initiator="),),
    ),
    (
        "The initiator of NUMA node {node} is missing",
        (
            Cause(
                "with hmat=on a node without CPUs must say which node's CPUs use it",
                _HMAT,
                fix="use initiator=0 for that -numa node",
            ),
        ),
    ),
    (
        "NUMA node {node} is missing",
        (Cause("an option names a node before -numa node", LINE, fix="put -numa node first"),),
    ),
    (
        "The initiator of NUMA node {node} is invalid",
        (Cause("initiator= names a node without CPUs", _HMAT, fix="name one with CPUs"),),
    ),
    (
        "Invalid {name}={node}",
        (Cause("-numa hmat-lb names a node that is not there", _HMAT, fix="name a real one"),),
    ),
    (
        "Invalid initiator={node}",
        (Cause("-numa hmat-lb initiator= has no CPUs", _HMAT, fix="name a node with CPUs"),),
    ),
    (
        "The target={node} should point to",
        (Cause("-numa hmat-lb target= is not a node", _HMAT, fix="name a real one"),),
    ),
    (
        "Missing '{name}' option",
        (Cause("-numa hmat-lb lacks latency= or bandwidth=", _HMAT, fix="give it"),),
    ),
    (
        "Invalid option '{name}' since the data type",
        (
            Cause(
                "latency= goes with latency types, bandwidth= with bandwidth types",
                _HMAT,
                fix="change data-type=, or the option",
            ),
        ),
    ),
    (
        "Bandwidth {bandwidth} between initiator={initiator} and target={target} should be",
        (Cause("bandwidth= is not a whole MiB", _HMAT, fix="give it in M"),),
    ),
    (
        "Duplicate configuration of the {kind}",
        (Cause("two -numa hmat-lb give the same pair", _HMAT, fix="keep one"),),
    ),
    (
        "Latency {latency} between",
        (Cause("latencies differ too much for one table", _HMAT, fix="use one unit"),),
    ),
    (
        "Bandwidth {bandwidth} between initiator={initiator} and target={target} should not",
        (Cause("bandwidths differ too much for one table", _HMAT, fix="use one unit"),),
    ),
    (
        "The latency and bandwidth information of node-id",
        (Cause("-numa hmat-cache stands before hmat-lb", _HMAT, fix="put hmat-lb first"),),
    ),
    (
        "Invalid level={level}",
        (Cause("level= of -numa hmat-cache is 0 or above 3", _HMAT, fix="give 1 to 3"),),
    ),
    (
        "Duplicate configuration of the side cache",
        (Cause("two -numa hmat-cache give one level", _HMAT, fix="keep one"),),
    ),
    (
        "Cache level={level} shall be defined first",
        (Cause("cache levels are given out of order", _HMAT, fix="begin with level=1"),),
    ),
    (
        "Invalid size={size}, the size of level",
        (Cause("cache sizes do not grow with the level", _HMAT, fix="mend size="),),
    ),
    (
        "memory devices (e.g. for memory hotplug) are not supported by the machine",
        (Cause("the machine has no place for them", MACHINE_HELP, fix="use q35 or pc"),),
    ),
    (
        "the configuration is not prepared for memory devices",
        (
            Cause(
                "-m has no maxmem: the guest has no address space for more memory",
                LINE,
                fix="use -m SIZE,slots=N,maxmem=M with M above SIZE",
            ),
        ),
    ),
    (
        "the alignment (0x{align:x}) exceeds",
        (Cause("huge pages leave gaps", LINE, fix="give a maxmem= some GiB larger"),),
    ),
    (
        "'memdev' property specifies a memdev with preallocation enabled",
        (
            Cause(
                "the backend of a virtio-mem device has prealloc=on, which takes all at once",
                LINE,
                fix="use prealloc=on of the device instead",
            ),
        ),
    ),
    (
        "'node' property has value",
        (Cause("node= of the device is not a guest node", LINE, fix="name a real one"),),
    ),
    (
        "'{name}' property has to be at least",
        (Cause("block-size= of virtio-mem is too small", _MEM, fix="use 2M or more"),),
    ),
    (
        "'{name}' property has to be a power of two",
        (Cause("block-size= is not a power of two", _MEM, fix="use 2M, 4M, 8M, ..."),),
    ),
    (
        "'block-size' property has to be at least the page size",
        (
            Cause(
                "the backend's pages are larger than block-size=",
                _MEM,
                fix="use block-size= of the backend's page size",
            ),
        ),
    ),
    (
        "'block-size' property is smaller than the default",
        (Cause("small blocks split huge pages", _MEM, fix="remove block-size="),),
    ),
    (
        "'{name}' property has to be multiples of 'block-size'",
        (Cause("requested-size= or memaddr= is not a whole block", _MEM, fix="round it"),),
    ),
    (
        "'memdev' property memdev size has to be multiples of",
        (Cause("the backend's size is not a whole block", _MEM, fix="round size= up"),),
    ),
    (
        "Unexpected error discarding RAM",
        (Cause("the message before says why", _MEM, fix="mend what the line before says"),),
    ),
    (
        "ram_block_discard_",
        (
            Cause(
                "virtio-mem gives memory back by punching holes: the backend's file is read-only, "
                "private, or on a file system that cannot",
                LINE,
                fix="use memory-backend-memfd, or a shared file on tmpfs or hugetlbfs",
            ),
        ),
    ),
    (
        "'unplugged-inaccessible' property set to 'off'",
        (
            Cause(
                "the backend of virtio-mem is a file or huge pages, which have no shared zero page",
                _MEM,
                fix="remove unplugged-inaccessible=off",
            ),
        ),
    ),
    (
        "You must specify a 'memdev'",
        (Cause("-device ivshmem-plain names no backend", LINE, fix="use memdev=ID"),),
    ),
    (
        "ERROR: PCI region size must be pow2",
        (
            Cause(
                "the backend of an ivshmem device has a size that is not a power of two",
                LINE,
                fix="use size=1M, 2M, 4M, ...",
            ),
        ),
    ),
    (
        "os_mem_prealloc: preallocating memory failed",
        (
            Cause(
                "the pool, the node or the tmpfs has too few pages",
                "grep . /sys/kernel/mm/hugepages/hugepages-*/free_hugepages; df -h {path}",
                fix="give it more pages, or remove prealloc=on",
            ),
        ),
    ),
)

#: What asserts in QEMU, by the function, and its cause.
ASSERTIONS: Final[tuple[tuple[str, Cause], ...]] = (
    (
        ": smbios_get_tables: Assertion",
        Cause("cores= or threads= of -smp is negative", LINE, fix="correct the number"),
    ),
    (
        ": find_ram_offset: Assertion",
        Cause(
            "size= is within a page of 2^64 and becomes 0 when it is rounded up",
            EXPLAIN,
            fix="use a size that the machine can have",
        ),
    ),
    (
        ": memory_region_get_ram_ptr: Assertion",
        Cause(
            "the memory of a backend is used that could not be made: the size becomes 0 when it "
            "is rounded up",
            EXPLAIN,
            fix="use a size that the machine can have",
        ),
    ),
    (
        ": qemu_ram_mmap: Assertion",
        Cause(
            "the kernel reported two different page sizes of the file, on ppc64",
            "stat -f -c '%S' {path}",
            fix="do not mount over the path while QEMU starts",
        ),
    ),
    (
        ": pci_register_bar: Assertion",
        Cause(
            "the backend of an ivshmem device has a size that is not a power of two",
            LINE,
            fix="use size=1M, 2M, 4M, ...",
        ),
    ),
)
