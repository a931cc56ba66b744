"""What releases do differently about machines, NUMA nodes and memory devices."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .fields import Group, Shown, difference

_RAM_96M = ("-M", "pc", "-m", "96M")
_TWO_NODES = ("-M", "pc", "-m", "192M", "-numa", "node", "-numa", "node")
_BACKEND = ("-object", "memory-backend-ram,id=ram0,size=96M")
_HOTPLUG = ("-M", "pc,nvdimm=on", "-m", "96M,slots=4,maxmem=4G", *_BACKEND)


class Machine(Group):
    """``hw/core/machine.c``."""

    ram_is_a_backend: bool = difference(
        "the guest's RAM is a memory backend, and -machine has memory-backend=",
        "5.0",
        "hw/core/machine.c:machine_run_board_init",
        shown=Shown(("-M", "pc", "-m", "96M", "-mem-path", "/nowhere/x")),
    )
    checks_memory_backend_with_the_board: bool = difference(
        "the size of memory-backend= is compared when the board is made, after -numa is read",
        "7.1",
        "hw/core/machine.c:machine_run_board_init",
        shown=Shown(("-M", "pc,memory-backend=ram0", "-m", "48M", *_BACKEND, "-numa", "dist")),
    )
    reserves_the_id_of_default_ram: bool = difference(
        "an object with the id of the machine's own RAM is refused, in 7.2.x and since 8.1",
        "7.2",
        "hw/core/machine.c:machine_run_board_init",
        shown=Shown((*_RAM_96M, "-object", "memory-backend-ram,id=pc.ram,size=96M")),
    )
    an_id_in_use_aborts: bool = difference(
        "an object with the id of the machine's own RAM aborts QEMU; in 5.0 it is an error",
        "5.1",
        "qom/object.c:object_property_add",
        shown=Shown((*_RAM_96M, "-object", "memory-backend-ram,id=pc.ram,size=96M")),
    )
    every_cpu_has_a_die: bool = difference(
        "each CPU is named by its die, even where a socket is one die; 4.1 only",
        "4.1",
        "hw/i386/pc.c:pc_possible_cpu_arch_ids",
        "read",
        shown=Shown(("-M", "pc", "-smp", "2", "-numa", "node", "-numa", "cpu,node-id=0,die-id=0")),
    )
    numa_goes_with_mem: bool = difference(
        "a machine knows NUMA where a node may be given memory as a number, so a microvm does "
        "not; 4.2 only",
        "4.2",
        "hw/core/machine.c:machine_initfn",
        shown=Shown(("-M", "microvm", "-numa", "node")),
    )
    die_id_has_a_comma: bool = difference(
        "a comma stands before die-id where a CPU's place is printed",
        "6.2",
        "hw/core/machine.c:cpu_slot_to_string",
        "read",
        shown=Shown(
            (
                *("-M", "pc-i440fx-4.2", "-m", "96M", "-smp", "4,dies=2,cores=1,sockets=2"),
                *(*_BACKEND, "-numa", "node,memdev=ram0,cpus=0"),
            )
        ),
    )


class MachineSmp(Group):
    """``hw/core/machine-smp.c``."""

    refuses_other_products: bool = difference(
        "levels of -smp whose product is below maxcpus are refused, not only warned of",
        "5.2",
        "hw/core/machine-smp.c:smp_parse",
        shown=Shown(("-M", "pc", "-m", "96M", "-smp", "4,sockets=3,maxcpus=8")),
    )
    number_of_cpus_has_no_sign: bool = difference(
        "a negative number of CPUs is too many; before, it is too few",
        "4.1",
        "hw/i386/pc.c:pc_smp_parse",
        shown=Shown(("-M", "pc", "-m", "96M", "-smp", "-1")),
    )
    refuses_dies_on_other_machines: bool = difference(
        "dies of -smp are refused on a machine that is not a PC; before, they are ignored",
        "6.1",
        "hw/core/machine-smp.c:smp_parse",
        "read",
        shown=Shown(("-M", "none", "-smp", "1,dies=2")),
    )
    counts_missing_levels_from_maxcpus: bool = difference(
        "missing levels of -smp are counted from maxcpus, and zero is deprecated",
        "6.2",
        "hw/core/machine-smp.c:machine_parse_smp_config",
        shown=Shown(("-M", "pc", "-m", "96M", "-smp", "0")),
    )
    refuses_zero: bool = difference(
        "a zero in -smp is refused",
        "9.0",
        "hw/core/machine-smp.c:machine_parse_smp_config",
        shown=Shown(("-M", "pc", "-m", "96M", "-smp", "0")),
    )
    looks_at_clusters_first: bool = difference(
        "clusters of -smp are looked at before dies",
        "9.0",
        "hw/core/machine-smp.c:machine_parse_smp_config",
        "read",
        shown=Shown(("-M", "none", "-smp", "1,clusters=2,dies=2")),
    )
    warns_of_levels_that_are_one: bool = difference(
        "a level that the machine does not have is warned of even if it is 1; 9.0 only",
        "9.0",
        "hw/core/machine-smp.c:machine_parse_smp_config",
        "read",
        shown=Shown(("-M", "pc", "-m", "96M", "-smp", "1,clusters=1")),
    )


class Numa(Group):
    """``hw/core/numa.c``."""

    frees_the_memdev_name: bool = difference(
        "the name of a backend that two nodes share is freed after it is printed",
        "V8/1",
        "hw/core/numa.c:memory_region_allocate_system_memory",
        shown=Shown(
            (
                "-m",
                "8M",
                "-object",
                "memory-backend-ram,id=ram0,size=4M",
                "-numa",
                "node,memdev=ram0",
                "-numa",
                "node,memdev=ram0",
            )
        ),
    )
    a_node_may_have_no_memory: bool = difference(
        "a node may have neither mem nor memdev beside others that have",
        "4.1",
        "hw/core/numa.c:parse_numa_node",
        shown=Shown(
            ("-M", "pc", "-m", "96M", *_BACKEND, "-numa", "node,memdev=ram0", "-numa", "node")
        ),
    )
    warns_of_mem: bool = difference(
        "memory of a node given as a number, or not at all, is deprecated",
        "4.1",
        "hw/core/numa.c:parse_numa_node",
        shown=Shown(_TWO_NODES),
    )
    fallback_is_deprecated: bool = difference(
        "falling back from -mem-path to anonymous RAM is a warning, and deprecated",
        "4.1",
        "hw/core/numa.c:allocate_system_memory_nonnuma",
        "read",
        shown=Shown(("-M", "pc", "-m", "96M", "-mem-path", "")),
    )
    asks_the_machine_first: bool = difference(
        "each -numa is refused on a machine without NUMA, not only a node",
        "4.2",
        "hw/core/numa.c:set_numa_options",
        shown=Shown(("-M", "none", "-numa", "dist,src=0,dst=1,val=20")),
    )
    implicit_node_has_all_ram: bool = difference(
        "the node that QEMU adds for memory devices gets all RAM, without a warning",
        "4.2",
        "hw/core/numa.c:numa_complete_configuration",
        shown=Shown(("-M", "pc", "-m", "96M,slots=1,maxmem=3G")),
    )
    refuses_memdev_beside_memory_backend: bool = difference(
        "memory-backend= and memdev of nodes exclude each other",
        "5.1",
        "hw/core/numa.c:numa_complete_configuration",
        shown=Shown(
            (
                *("-M", "pc,memory-backend=ram0", "-m", "96M", *_BACKEND),
                *("-object", "memory-backend-ram,id=ram1,size=96M", "-numa", "node,memdev=ram1"),
            )
        ),
    )
    mem_is_of_old_versions: bool = difference(
        "a node of isapc cannot be given memory as a number; PCs of 5.0 and older still can",
        "5.1",
        "hw/i386/pc.c:pc_machine_class_init",
        shown=Shown(("-M", "isapc", "-m", "96M", "-numa", "node,mem=96M")),
    )
    never_splits_ram: bool = difference(
        "RAM is not split among nodes: their memory must be given",
        "5.2",
        "hw/core/numa.c:numa_complete_configuration",
        shown=Shown(_TWO_NODES),
    )
    hmat_caches_grow_with_their_level: bool = difference(
        "the caches of a node grow with their level, and come in its order",
        "5.2",
        "hw/core/numa.c:parse_numa_hmat_cache",
        shown=Shown(
            (
                "-M",
                "pc,hmat=on",
                "-m",
                "64M",
                "-smp",
                "2",
                "-object",
                "memory-backend-ram,id=ram0,size=64M",
                "-numa",
                "node,nodeid=0,memdev=ram0,cpus=0-1,initiator=0",
                "-numa",
                "hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=access-latency,latency=5",
                "-numa",
                "hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=access-bandwidth,bandwidth=5M",
                "-numa",
                "hmat-cache,node-id=0,size=10K,level=1,associativity=direct,policy=write-back,line=8",
                "-numa",
                "hmat-cache,node-id=0,size=20K,level=2,associativity=direct,policy=write-back,line=8",
            )
        ),
    )
    initiator_is_read_before_cpus: bool = difference(
        "the initiator of a node is looked at before its CPUs and its memory",
        "6.1",
        "hw/core/numa.c:parse_numa_node",
        shown=Shown(("-M", "pc", "-m", "96M", "-numa", "node,cpus=9,initiator=0")),
    )
    initiator_may_be_missing: bool = difference(
        "with hmat=on a node without CPUs need not have an initiator",
        "7.2",
        "hw/core/machine.c:numa_validate_initiator",
        shown=Shown(
            (
                *("-M", "pc,hmat=on", "-m", "96M", *_BACKEND),
                *("-numa", "node,memdev=ram0,cpus=0", "-numa", "node"),
            )
        ),
    )
    refuses_mem_beyond_64_bits: bool = difference(
        "mem of a node that does not fit into 64 bits as MiB is an error",
        "8.1",
        "hw/core/numa.c:parse_numa",
        shown=Shown(("-M", "pc-i440fx-5.0", "-m", "96M", "-numa", "node,mem=18446744073709551615")),
    )


class Pc(Group):
    """``hw/i386/pc.c``."""

    checks_phys_bits: bool = difference(
        "the guest's addresses must be within what its CPU can address",
        "7.1",
        "hw/i386/pc.c:pc_memory_init",
        shown=Shown(("-M", "pc", "-m", "96M,maxmem=2T")),
    )
    checks_memory_for_cpus_of_32_bits: bool = difference(
        "the memory of a guest must be within what its CPU of 32 bits can address",
        "8.2",
        "hw/i386/pc.c:pc_max_used_gpa",
        shown=Shown(("-M", "q35", "-cpu", "qemu32", "-m", "64M,slots=2,maxmem=512G")),
    )


class Virt(Group):
    """``hw/arm/virt.c``."""

    ram_may_be_large: bool = difference(
        "virt may have more than 255 GiB of RAM, and a range for memory devices above it",
        "4.0",
        "hw/arm/virt.c:virt_set_memmap",
        shown=Shown(("-M", "virt", "-m", "96M,slots=257,maxmem=3G")),
    )
    an_empty_line_follows_the_error: bool = difference(
        "an empty line follows the error that memory exceeds the CPU's addresses (until 8.2)",
        "7.0",
        "hw/arm/virt.c:virt_set_memmap",
        shown=Shown(("-M", "virt", "-m", "96M,maxmem=2T")),
    )
    nvdimms_need_no_ged: bool = difference(
        "virt takes an NVDIMM of the command line without firmware, ACPI and a CPU of 64 bits",
        "11.0",
        "hw/arm/virt.c:virt_memory_pre_plug",
        shown=Shown(
            (
                *("-M", "virt,nvdimm=on", "-m", "96M,slots=4,maxmem=4G", *_BACKEND),
                *("-device", "nvdimm,memdev=ram0"),
            )
        ),
    )
    cpus_have_a_topology: bool = difference(
        "a CPU of virt is named by its socket, cluster, core and thread, not by a number",
        "7.1",
        "hw/arm/virt.c:virt_possible_cpu_arch_ids",
        shown=Shown(
            (
                *("-M", "virt", "-m", "96M", *_BACKEND, "-numa", "node,memdev=ram0"),
                *("-numa", "cpu,node-id=0,core-id=0"),
            )
        ),
    )
    checks_the_cpu_first: bool = difference(
        "a CPU that virt does not take is refused before the memory is laid out",
        "7.0",
        "hw/arm/virt.c:machvirt_init",
        shown=Shown(("-M", "virt", "-cpu", "cortex-a8", "-m", "96M,slots=257,maxmem=3G")),
    )
    max_of_32_bits_has_40: bool = difference(
        "-cpu max of qemu-system-arm can address 40 bits before it runs, not 32",
        "8.2",
        "target/arm/ptw.c:arm_pamax",
        shown=Shown(("qemu-system-arm", "-M", "virt", "-cpu", "max", "-m", "96M,maxmem=4G")),
    )
    takes_gic_v3_for_many_cpus: bool = difference(
        "virt with more than 8 CPUs gets a GICv3 without gic-version=3",
        "8.0",
        "hw/arm/virt.c:finalize_gic_version_do",
        shown=Shown(("-M", "virt", "-m", "96M", "-smp", "9")),
    )


class Spapr(Group):
    """``hw/ppc/spapr.c``."""

    takes_nvdimms: bool = difference(
        "pseries takes NVDIMMs",
        "5.0",
        "hw/ppc/spapr.c:spapr_memory_pre_plug",
        shown=Shown(
            (
                *("-M", "pseries", "-m", "512M,slots=1,maxmem=1G"),
                *("-object", "memory-backend-ram,id=ram0,size=257M"),
                *("-device", "nvdimm,memdev=ram0,label-size=1M"),
            )
        ),
    )
    tcg_has_threads: bool = difference(
        "TCG runs up to 8 threads in a core of pseries",
        "8.1",
        "hw/ppc/spapr.c:spapr_set_vsmt_mode",
        shown=Shown(("-M", "pseries", "-m", "512M", "-smp", "2,threads=2")),
    )


class S390VirtioCcw(Group):
    """``hw/s390x/s390-virtio-ccw.c``."""

    tells_of_a_changed_size: bool = difference(
        "only s390-ccw-virtio-4.2 and older round the RAM down, and QEMU tells the new size",
        "5.0",
        "hw/s390x/s390-virtio-ccw.c:s390_fixup_ram_size",
        shown=Shown(("-M", "s390-ccw-virtio-4.2", "-m", "1025M")),
    )
    has_memory_devices: bool = difference(
        "s390-ccw-virtio has a range for memory devices, and virtio-mem-ccw",
        "10.0",
        "hw/s390x/s390-virtio-ccw.c:s390_memory_init",
        shown=Shown(
            (
                *("-M", "s390-ccw-virtio", "-m", "96M,maxmem=3G", *_BACKEND),
                *("-device", "virtio-mem-pci,memdev=ram0"),
            )
        ),
    )


class MemoryDevice(Group):
    """``hw/mem/memory-device.c``."""

    names_the_usable_range: bool = difference(
        "an address outside the range for memory devices is answered with the whole range",
        "3.1.50",
        "hw/mem/memory-device.c:memory_device_get_free_addr",
        shown=Shown((*_HOTPLUG, "-device", "pc-dimm,memdev=ram0,addr=0x1000000000000")),
    )
    warns_of_large_alignment: bool = difference(
        "an alignment beyond 1 GiB is a warning, no error",
        "5.2",
        "hw/mem/memory-device.c:memory_device_get_free_addr",
        shown=Shown(
            (
                *("-M", "pc", "-m", "4G,slots=4,maxmem=9G", "-device", "pc-dimm,memdev=ram0"),
                *("-object", "memory-backend-file,id=ram0,size=2G,align=2G,mem-path=/mnt/a"),
            )
        ),
    )
    looks_for_room_first: bool = difference(
        "whether there is room for a device is looked at before its alignment",
        "8.1",
        "hw/mem/memory-device.c:memory_device_pre_plug",
        shown=Shown(
            (
                "-M",
                "pc",
                "-m",
                "64M,slots=2,maxmem=128M",
                "-object",
                "memory-backend-file,id=ram0,size=2G,align=8G,mem-path=/f.img",
                "-device",
                "pc-dimm,memdev=ram0",
            )
        ),
    )
    size_need_not_fit_the_address: bool = difference(
        "a size that is not a multiple of the alignment of the device's address is accepted",
        "8.2",
        "hw/mem/memory-device.c:memory_device_get_free_addr",
        shown=Shown(
            (
                *("-M", "pc", "-m", "96M,slots=4,maxmem=3G", "-device", "pc-dimm,memdev=ram0"),
                *("-object", "memory-backend-ram,id=ram0,size=3M"),
            )
        ),
    )
    size_must_fit_the_region: bool = difference(
        "a size that is not a multiple of the region's alignment is refused",
        "9.0",
        "hw/mem/memory-device.c:memory_device_pre_plug",
        shown=Shown(
            (
                *("-M", "pc", "-m", "96M,slots=4,maxmem=3G", "-device", "pc-dimm,memdev=ram0"),
                *("-object", "memory-backend-ram,id=ram0,size=3M"),
            )
        ),
    )


class PcDimm(Group):
    """``hw/mem/pc-dimm.c``."""

    names_the_valid_slots: bool = difference(
        "a slot that is not there is answered with the slots that are",
        "4.1",
        "hw/mem/pc-dimm.c:pc_dimm_pre_plug",
        shown=Shown((*_HOTPLUG, "-device", "pc-dimm,memdev=ram0,slot=9")),
    )
    reads_missing_nodes: bool = difference(
        "a module on a machine without NUMA ends QEMU with SIGSEGV: 4.2 to 6.1",
        "4.2",
        "hw/mem/pc-dimm.c:pc_dimm_realize",
        shown=Shown(("-M", "none", *_BACKEND, "-device", "pc-dimm,memdev=ram0")),
    )
    looks_at_the_node_first: bool = difference(
        "the node of a module is looked at before its backend",
        "6.2",
        "hw/mem/pc-dimm.c:pc_dimm_realize",
        shown=Shown(("-M", "none", *_BACKEND, "-device", "pc-dimm,memdev=ram0,node=1")),
    )


class Nvdimm(Group):
    """``hw/mem/nvdimm.c``."""

    read_only_needs_unarmed: bool = difference(
        "an NVDIMM on a read-only backend must be unarmed",
        "6.0",
        "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
        shown=Shown(
            (
                "-M",
                "pc,nvdimm=on",
                "-m",
                "64M,slots=2,maxmem=2G",
                "-object",
                "memory-backend-file,id=ram0,size=4M,mem-path=/f.img,readonly=on",
                "-device",
                "nvdimm,memdev=ram0",
            )
        ),
    )


class VirtioMem(Group):
    """``hw/virtio/virtio-mem.c``."""

    blocks_can_be_of_one_mib: bool = difference(
        "a block may be of 1 MiB, and the device's address is a multiple of the block",
        "5.2",
        "hw/virtio/virtio-mem.c:virtio_mem_set_block_size",
        shown=Shown((*_HOTPLUG, "-device", "virtio-mem-pci,memdev=ram0,block-size=1M")),
    )
    checks_sizes_of_small_blocks: bool = difference(
        "sizes are compared with a block even if it is smaller than a huge page",
        "7.0",
        "hw/virtio/virtio-mem.c:virtio_mem_device_realize",
        shown=Shown(
            (
                *_HOTPLUG,
                *("-device", "virtio-mem-pci,memdev=ram0,block-size=1M,requested-size=4K"),
            )
        ),
    )
    refuses_preallocation: bool = difference(
        "a backend with prealloc=on is refused: the device itself has prealloc",
        "8.0",
        "hw/virtio/virtio-mem.c:virtio_mem_device_realize",
        shown=Shown(
            (
                *("-M", "pc", "-m", "96M,maxmem=3G", "-device", "virtio-mem-pci,memdev=ram0"),
                *("-object", "memory-backend-ram,id=ram0,size=4M,prealloc=on"),
            )
        ),
    )
    resets_only_what_the_guest_has: bool = difference(
        "a reset discards nothing of a backend of which the guest has no block",
        "8.1",
        "hw/virtio/virtio-mem.c:virtio_mem_unplug_all",
        shown=Shown((*_HOTPLUG, "-device", "virtio-mem-pci,memdev=ram0")),
    )
