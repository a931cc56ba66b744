"""The releases, 3.1 to 11.1: each a function from one tree to the next, oldest first."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any, Final

import attrs

from .fields import Evidence
from .machine_fields import MemoryDevice
from .map_sync_rules import POLICIES
from .memory_fields import HostmemMemfd, Memfd
from .release import parse_release
from .revision import Revision


def _release(
    tree: Revision, number: str, month: str, evidence: Evidence = "read", **groups: Any
) -> Revision:
    """Return the tree of a release: what it changes in the tree before it is in ``groups``."""
    return attrs.evolve(
        tree,
        name=f"qemu-{number}",
        meaning=f"QEMU {number}, {month}",
        release=parse_release(number),
        evidence=evidence,
        **groups,
    )


QEMU_3_1: Final = Revision("qemu-3.1", "QEMU 3.1, December 2018", (3, 1))

#: The development tree that the series was written for.
BASE: Final = attrs.evolve(
    QEMU_3_1,
    name="base",
    meaning="QEMU 3.1.50, December 2018, before the series",
    release=(3, 1, 50),
    cutils=QEMU_3_1.cutils.replace(size_reports_range=True),
    hostmem=QEMU_3_1.hostmem.replace(checks_host_nodes=True),
    evidence="measured",
    memory_device=MemoryDevice(names_the_usable_range=True),
)


def qemu_4_0(tree: Revision) -> Revision:
    """Patches 1 and 4 of the series are in it."""
    return _release(
        tree,
        "4.0",
        "April 2019",
        virt=tree.virt.replace(ram_may_be_large=True),
        numa=tree.numa.replace(frees_the_memdev_name=True),
        memfd=Memfd(reports_before_it_closes=True),
        mmap_alloc=tree.mmap_alloc.replace(guards_with_the_files_pages=True),
        hostmem=tree.hostmem.replace(
            errors_name_the_property=True,
            lists_no_nodes=True,
            names_regions_by_id=True,
        ),
        hostmem_file=tree.hostmem_file.replace(
            looks_at_the_host_first=True,
            checks_the_size_of_pmem=True,
        ),
        hostmem_memfd=HostmemMemfd(needs_sealing=True),
    )


def qemu_4_1(tree: Revision) -> Revision:
    """share=on and pmem=on ask for MAP_SYNC."""
    return _release(
        tree,
        "4.1",
        "August 2019",
        mmap_alloc=tree.mmap_alloc.replace(takes_flags=True, passes_map_sync=True),
        policy=POLICIES["qemu-4.1"],
        machine=tree.machine.replace(every_cpu_has_a_die=True),
        machine_smp=tree.machine_smp.replace(number_of_cpus_has_no_sign=True),
        numa=tree.numa.replace(
            a_node_may_have_no_memory=True,
            warns_of_mem=True,
            fallback_is_deprecated=True,
        ),
        pc_dimm=tree.pc_dimm.replace(names_the_valid_slots=True),
    )


def qemu_4_2(tree: Revision) -> Revision:
    """QEMU 4.2."""
    return _release(
        tree,
        "4.2",
        "December 2019",
        "measured",
        numa=tree.numa.replace(
            asks_the_machine_first=True,
            implicit_node_has_all_ram=True,
        ),
        machine=tree.machine.replace(
            every_cpu_has_a_die=False,
            numa_goes_with_mem=True,
        ),
        physmem=tree.physmem.replace(reads_the_size_of_device_dax=True),
        hostmem_file=tree.hostmem_file.replace(checks_the_size_of_pmem=False),
        pc_dimm=tree.pc_dimm.replace(reads_missing_nodes=True),
    )


def qemu_5_0(tree: Revision) -> Revision:
    """QEMU 5.0."""
    return _release(
        tree,
        "5.0",
        "April 2020",
        spapr=tree.spapr.replace(takes_nvdimms=True),
        s390_virtio_ccw=tree.s390_virtio_ccw.replace(tells_of_a_changed_size=True),
        qmp=tree.qmp.replace(object_add_takes_properties=True),
        vl=tree.vl.replace(no_acpi_is_a_machine_property=True),
        machine=tree.machine.replace(
            numa_goes_with_mem=False,
            ram_is_a_backend=True,
        ),
        physmem=tree.physmem.replace(leaves_preallocation_to_the_backend=True),
        hostmem=tree.hostmem.replace(mem_prealloc_is_a_default=True),
    )


def qemu_5_1(tree: Revision) -> Revision:
    """QEMU 5.1."""
    return _release(
        tree,
        "5.1",
        "August 2020",
        qemu_option=tree.qemu_option.replace(
            reads_the_id_as_a_parameter=True,
            only_the_invalid_asks_for_help=True,
        ),
        machine=tree.machine.replace(an_id_in_use_aborts=True),
        numa=tree.numa.replace(
            refuses_memdev_beside_memory_backend=True,
            mem_is_of_old_versions=True,
        ),
        physmem=tree.physmem.replace(checks_the_align_of_device_dax=True),
        hostmem=tree.hostmem.replace(binds_only_to_nodes=True),
    )


def qemu_5_2(tree: Revision) -> Revision:
    """QEMU 5.2."""
    return _release(
        tree,
        "5.2",
        "December 2020",
        "measured",
        qapi_util=tree.qapi_util.replace(booleans_are_read_alike=True),
        machine_smp=tree.machine_smp.replace(refuses_other_products=True),
        numa=tree.numa.replace(
            never_splits_ram=True,
            hmat_caches_grow_with_their_level=True,
        ),
        memory_device=tree.memory_device.replace(warns_of_large_alignment=True),
        virtio_mem=tree.virtio_mem.replace(blocks_can_be_of_one_mib=True),
    )


def qemu_6_0(tree: Revision) -> Revision:
    """The command line is read by the rules of QAPI."""
    return _release(
        tree,
        "6.0",
        "April 2021",
        "measured",
        vl=tree.vl.replace(reads_options_with_qapi=True, counts_default_ram_as_given=True),
        qemu_option=tree.qemu_option.replace(merged_options_have_no_id=True),
        cutils=tree.cutils.replace(sizes_are_exact=True, hex_size_takes_a_unit=True),
        object_interfaces=tree.object_interfaces.replace(checks_the_id=True),
        nvdimm=tree.nvdimm.replace(read_only_needs_unarmed=True),
        physmem=tree.physmem.replace(knows_no_other_allocator=True),
        hostmem_file=tree.hostmem_file.replace(lacks_pmem_without_libpmem=True),
    )


def qemu_6_1(tree: Revision) -> Revision:
    """QEMU 6.1."""
    return _release(
        tree,
        "6.1",
        "August 2021",
        "measured",
        qmp=tree.qmp.replace(query_memdev_tells_share=True),
        vl=tree.vl.replace(
            machine_is_keyval=True,
            counts_default_ram_as_given=False,
            memory_backend_leaves_ram_size=True,
        ),
        machine_smp=tree.machine_smp.replace(refuses_dies_on_other_machines=True),
        numa=tree.numa.replace(initiator_is_read_before_cpus=True),
    )


def qemu_6_2(tree: Revision) -> Revision:
    """QEMU 6.2."""
    return _release(
        tree,
        "6.2",
        "December 2021",
        "measured",
        vl=tree.vl.replace(device_takes_json=True),
        machine=tree.machine.replace(die_id_has_a_comma=True),
        machine_smp=tree.machine_smp.replace(counts_missing_levels_from_maxcpus=True),
        pc_dimm=tree.pc_dimm.replace(
            reads_missing_nodes=False,
            looks_at_the_node_first=True,
        ),
    )


def qemu_7_0(tree: Revision) -> Revision:
    """QEMU 7.0."""
    return _release(
        tree,
        "7.0",
        "April 2022",
        "measured",
        virt=tree.virt.replace(an_empty_line_follows_the_error=True, checks_the_cpu_first=True),
        virtio_mem=tree.virtio_mem.replace(checks_sizes_of_small_blocks=True),
        oslib_posix=tree.oslib_posix.replace(populates_with_madvise=True),
    )


def qemu_7_1(tree: Revision) -> Revision:
    """QEMU 7.1."""
    return _release(
        tree,
        "7.1",
        "August 2022",
        "measured",
        virt=tree.virt.replace(cpus_have_a_topology=True),
        machine=tree.machine.replace(
            checks_memory_backend_with_the_board=True,
        ),
        pc=tree.pc.replace(checks_phys_bits=True),
        vl=tree.vl.replace(
            memory_is_a_machine_property=True,
            memory_backend_leaves_ram_size=False,
        ),
        hostmem=tree.hostmem.replace(preallocates_with_all_cpus=True),
    )


def qemu_7_2(tree: Revision) -> Revision:
    """QEMU 7.2."""
    return _release(
        tree,
        "7.2",
        "December 2022",
        "measured",
        qmp=tree.qmp.replace(shutdown_comes_before_the_reply=True),
        numa=tree.numa.replace(initiator_may_be_missing=True),
        machine=tree.machine.replace(reserves_the_id_of_default_ram=True),
    )


def qemu_8_0(tree: Revision) -> Revision:
    """QEMU 8.0."""
    return _release(
        tree,
        "8.0",
        "April 2023",
        "measured",
        virt=tree.virt.replace(takes_gic_v3_for_many_cpus=True),
        cutils=tree.cutils.replace(hex_size_takes_a_unit=False),
        qmp=tree.qmp.replace(shutdown_comes_before_the_reply=False),
        virtio_mem=tree.virtio_mem.replace(refuses_preallocation=True),
        machine=tree.machine.replace(reserves_the_id_of_default_ram=False),
        hostmem=tree.hostmem.replace(prefers_many_nodes=True),
    )


def qemu_8_1(tree: Revision) -> Revision:
    """QEMU 8.1."""
    return _release(
        tree,
        "8.1",
        "August 2023",
        "measured",
        spapr=tree.spapr.replace(tcg_has_threads=True),
        cutils=tree.cutils.replace(size_may_be_a_fraction=True),
        machine=tree.machine.replace(reserves_the_id_of_default_ram=True),
        numa=tree.numa.replace(refuses_mem_beyond_64_bits=True),
        memory_device=tree.memory_device.replace(looks_for_room_first=True),
        virtio_mem=tree.virtio_mem.replace(resets_only_what_the_guest_has=True),
    )


def qemu_8_2(tree: Revision) -> Revision:
    """QEMU 8.2."""
    return _release(
        tree,
        "8.2",
        "December 2023",
        "measured",
        virt=tree.virt.replace(max_of_32_bits_has_40=True),
        pc=tree.pc.replace(checks_memory_for_cpus_of_32_bits=True),
        memory_device=tree.memory_device.replace(size_need_not_fit_the_address=True),
        physmem=tree.physmem.replace(readonly_makes_no_file=True),
    )


def qemu_9_0(tree: Revision) -> Revision:
    """QEMU 9.0."""
    return _release(
        tree,
        "9.0",
        "April 2024",
        "measured",
        virt=tree.virt.replace(an_empty_line_follows_the_error=False),
        qmp=tree.qmp.replace(shutdown_comes_before_the_reply=True),
        machine_smp=tree.machine_smp.replace(
            refuses_zero=True,
            looks_at_clusters_first=True,
            warns_of_levels_that_are_one=True,
        ),
        memory_device=tree.memory_device.replace(size_must_fit_the_region=True),
        oslib_posix=tree.oslib_posix.replace(preallocates_in_background=True),
    )


def qemu_9_1(tree: Revision) -> Revision:
    """QEMU 9.1."""
    return _release(
        tree,
        "9.1",
        "September 2024",
        "measured",
        machine_smp=tree.machine_smp.replace(warns_of_levels_that_are_one=False),
        hostmem=tree.hostmem.replace(wants_whole_pages=True, merges_without_memory=True),
    )


def qemu_9_2(tree: Revision) -> Revision:
    """QEMU 9.2."""
    return _release(
        tree,
        "9.2",
        "December 2024",
        "measured",
        hostmem=tree.hostmem.replace(merges_without_memory=False),
    )


def qemu_10_0(tree: Revision) -> Revision:
    """QEMU 10.0."""
    return _release(
        tree,
        "10.0",
        "April 2025",
        "measured",
        s390_virtio_ccw=tree.s390_virtio_ccw.replace(has_memory_devices=True),
        x86_cpu=tree.x86_cpu.replace(warns_of_threads_first=True),
        vl=tree.vl.replace(memory_may_be_locked_on_fault=True),
        qom=tree.qom.replace(containers_are_there_at_start=True),
        oslib_posix=tree.oslib_posix.replace(numbers_shared_memory=True),
        physmem=tree.physmem.replace(
            refuses_an_offset_behind_the_end=True,
            discards_at_the_offset=True,
            shared_memory_has_a_file=True,
        ),
    )


def qemu_10_1(tree: Revision) -> Revision:
    """QEMU 10.1."""
    return _release(tree, "10.1", "August 2025", "measured")


def qemu_10_2(tree: Revision) -> Revision:
    """QEMU 10.2."""
    return _release(tree, "10.2", "December 2025", "measured")


def qemu_11_0(tree: Revision) -> Revision:
    """QEMU 11.0."""
    return _release(
        tree,
        "11.0",
        "April 2026",
        virt=tree.virt.replace(nvdimms_need_no_ged=True),
    )


def qemu_11_1(tree: Revision) -> Revision:
    """QEMU 11.1."""
    return _release(
        tree,
        "11.1",
        "August 2026",
        "measured",
        x86_cpu=tree.x86_cpu.replace(phys_bits_have_no_limit=True),
        json_parser=tree.json_parser.replace(parses_tokens_as_they_come=True),
        qemu_error=tree.qemu_error.replace(a_command_prints_the_programs_name=True),
    )


def _releases() -> tuple[Revision, ...]:
    """Return the tree of each function above, in their order, after 3.1; 4.0 grew from BASE."""
    trees = [QEMU_3_1]
    tree = BASE
    for name, step in globals().items():
        if name.startswith("qemu_"):
            tree = step(tree)
            trees.append(tree)
    return tuple(trees)


#: Every release, oldest first.
RELEASES: Final = _releases()
QEMU_4_1: Final = RELEASES[2]
QEMU_7_2: Final = RELEASES[12]
NEWEST: Final = RELEASES[-1]
