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
    cutils=attrs.evolve(QEMU_3_1.cutils, size_reports_range=True),
    hostmem=attrs.evolve(QEMU_3_1.hostmem, checks_host_nodes=True),
    evidence="measured",
    memory_device=MemoryDevice(names_the_usable_range=True),
)


def qemu_4_0(tree: Revision) -> Revision:
    """Patches 1 and 4 of the series are in it."""
    return _release(
        tree,
        "4.0",
        "April 2019",
        virt=attrs.evolve(tree.virt, ram_may_be_large=True),
        numa=attrs.evolve(tree.numa, frees_the_memdev_name=True),
        memfd=Memfd(reports_before_it_closes=True),
        mmap_alloc=attrs.evolve(tree.mmap_alloc, guards_with_the_files_pages=True),
        hostmem=attrs.evolve(
            tree.hostmem,
            errors_name_the_property=True,
            lists_no_nodes=True,
            names_regions_by_id=True,
        ),
        hostmem_file=attrs.evolve(
            tree.hostmem_file,
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
        mmap_alloc=attrs.evolve(tree.mmap_alloc, takes_flags=True, passes_map_sync=True),
        policy=POLICIES["qemu-4.1"],
        machine=attrs.evolve(tree.machine, every_cpu_has_a_die=True),
        machine_smp=attrs.evolve(tree.machine_smp, number_of_cpus_has_no_sign=True),
        numa=attrs.evolve(
            tree.numa,
            a_node_may_have_no_memory=True,
            warns_of_mem=True,
            fallback_is_deprecated=True,
        ),
        pc_dimm=attrs.evolve(tree.pc_dimm, names_the_valid_slots=True),
    )


def qemu_4_2(tree: Revision) -> Revision:
    """QEMU 4.2."""
    return _release(
        tree,
        "4.2",
        "December 2019",
        "measured",
        numa=attrs.evolve(
            tree.numa,
            asks_the_machine_first=True,
            implicit_node_has_all_ram=True,
        ),
        machine=attrs.evolve(
            tree.machine,
            every_cpu_has_a_die=False,
            numa_goes_with_mem=True,
        ),
        physmem=attrs.evolve(tree.physmem, reads_the_size_of_device_dax=True),
        hostmem_file=attrs.evolve(tree.hostmem_file, checks_the_size_of_pmem=False),
        pc_dimm=attrs.evolve(tree.pc_dimm, reads_missing_nodes=True),
    )


def qemu_5_0(tree: Revision) -> Revision:
    """QEMU 5.0."""
    return _release(
        tree,
        "5.0",
        "April 2020",
        spapr=attrs.evolve(tree.spapr, takes_nvdimms=True),
        s390_virtio_ccw=attrs.evolve(tree.s390_virtio_ccw, tells_of_a_changed_size=True),
        qmp=attrs.evolve(tree.qmp, object_add_takes_properties=True),
        vl=attrs.evolve(tree.vl, no_acpi_is_a_machine_property=True),
        machine=attrs.evolve(
            tree.machine,
            numa_goes_with_mem=False,
            ram_is_a_backend=True,
        ),
        physmem=attrs.evolve(tree.physmem, leaves_preallocation_to_the_backend=True),
        hostmem=attrs.evolve(tree.hostmem, mem_prealloc_is_a_default=True),
    )


def qemu_5_1(tree: Revision) -> Revision:
    """QEMU 5.1."""
    return _release(
        tree,
        "5.1",
        "August 2020",
        qemu_option=attrs.evolve(
            tree.qemu_option,
            reads_the_id_as_a_parameter=True,
            only_the_invalid_asks_for_help=True,
        ),
        machine=attrs.evolve(tree.machine, an_id_in_use_aborts=True),
        numa=attrs.evolve(
            tree.numa,
            refuses_memdev_beside_memory_backend=True,
            mem_is_of_old_versions=True,
        ),
        physmem=attrs.evolve(tree.physmem, checks_the_align_of_device_dax=True),
        hostmem=attrs.evolve(tree.hostmem, binds_only_to_nodes=True),
    )


def qemu_5_2(tree: Revision) -> Revision:
    """QEMU 5.2."""
    return _release(
        tree,
        "5.2",
        "December 2020",
        "measured",
        qapi_util=attrs.evolve(tree.qapi_util, booleans_are_read_alike=True),
        machine_smp=attrs.evolve(tree.machine_smp, refuses_other_products=True),
        numa=attrs.evolve(
            tree.numa,
            never_splits_ram=True,
            hmat_caches_grow_with_their_level=True,
        ),
        memory_device=attrs.evolve(tree.memory_device, warns_of_large_alignment=True),
        virtio_mem=attrs.evolve(tree.virtio_mem, blocks_can_be_of_one_mib=True),
    )


def qemu_6_0(tree: Revision) -> Revision:
    """The command line is read by the rules of QAPI."""
    return _release(
        tree,
        "6.0",
        "April 2021",
        vl=attrs.evolve(tree.vl, reads_options_with_qapi=True),
        qemu_option=attrs.evolve(tree.qemu_option, merged_options_have_no_id=True),
        cutils=attrs.evolve(tree.cutils, sizes_are_exact=True, hex_size_takes_a_unit=True),
        object_interfaces=attrs.evolve(tree.object_interfaces, checks_the_id=True),
        nvdimm=attrs.evolve(tree.nvdimm, read_only_needs_unarmed=True),
        physmem=attrs.evolve(tree.physmem, knows_no_other_allocator=True),
        hostmem_file=attrs.evolve(tree.hostmem_file, lacks_pmem_without_libpmem=True),
    )


def qemu_6_1(tree: Revision) -> Revision:
    """QEMU 6.1."""
    return _release(
        tree,
        "6.1",
        "August 2021",
        qmp=attrs.evolve(tree.qmp, query_memdev_tells_share=True),
        vl=attrs.evolve(tree.vl, machine_is_keyval=True),
        machine_smp=attrs.evolve(tree.machine_smp, refuses_dies_on_other_machines=True),
        numa=attrs.evolve(tree.numa, initiator_is_read_before_cpus=True),
    )


def qemu_6_2(tree: Revision) -> Revision:
    """QEMU 6.2."""
    return _release(
        tree,
        "6.2",
        "December 2021",
        "measured",
        vl=attrs.evolve(tree.vl, device_takes_json=True),
        machine=attrs.evolve(tree.machine, die_id_has_a_comma=True),
        machine_smp=attrs.evolve(tree.machine_smp, counts_missing_levels_from_maxcpus=True),
        pc_dimm=attrs.evolve(
            tree.pc_dimm,
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
        virt=attrs.evolve(tree.virt, an_empty_line_follows_the_error=True),
        virtio_mem=attrs.evolve(tree.virtio_mem, checks_sizes_of_small_blocks=True),
        oslib_posix=attrs.evolve(tree.oslib_posix, populates_with_madvise=True),
    )


def qemu_7_1(tree: Revision) -> Revision:
    """QEMU 7.1."""
    return _release(
        tree,
        "7.1",
        "August 2022",
        virt=attrs.evolve(tree.virt, cpus_have_a_topology=True),
        machine=attrs.evolve(
            tree.machine,
            checks_memory_backend_with_the_board=True,
        ),
        pc=attrs.evolve(tree.pc, checks_phys_bits=True),
        vl=attrs.evolve(tree.vl, memory_is_a_machine_property=True),
        hostmem=attrs.evolve(tree.hostmem, preallocates_with_all_cpus=True),
    )


def qemu_7_2(tree: Revision) -> Revision:
    """QEMU 7.2."""
    return _release(
        tree,
        "7.2",
        "December 2022",
        "measured",
        qmp=attrs.evolve(tree.qmp, shutdown_comes_before_the_reply=True),
        numa=attrs.evolve(tree.numa, initiator_may_be_missing=True),
        machine=attrs.evolve(tree.machine, reserves_the_id_of_default_ram=True),
    )


def qemu_8_0(tree: Revision) -> Revision:
    """QEMU 8.0."""
    return _release(
        tree,
        "8.0",
        "April 2023",
        "measured",
        virt=attrs.evolve(tree.virt, takes_gic_v3_for_many_cpus=True),
        cutils=attrs.evolve(tree.cutils, hex_size_takes_a_unit=False),
        qmp=attrs.evolve(tree.qmp, shutdown_comes_before_the_reply=False),
        virtio_mem=attrs.evolve(tree.virtio_mem, refuses_preallocation=True),
        machine=attrs.evolve(tree.machine, reserves_the_id_of_default_ram=False),
        hostmem=attrs.evolve(tree.hostmem, prefers_many_nodes=True),
    )


def qemu_8_1(tree: Revision) -> Revision:
    """QEMU 8.1."""
    return _release(
        tree,
        "8.1",
        "August 2023",
        spapr=attrs.evolve(tree.spapr, tcg_has_threads=True),
        cutils=attrs.evolve(tree.cutils, size_may_be_a_fraction=True),
        machine=attrs.evolve(tree.machine, reserves_the_id_of_default_ram=True),
        numa=attrs.evolve(tree.numa, refuses_mem_beyond_64_bits=True),
        memory_device=attrs.evolve(tree.memory_device, looks_for_room_first=True),
        virtio_mem=attrs.evolve(tree.virtio_mem, resets_only_what_the_guest_has=True),
    )


def qemu_8_2(tree: Revision) -> Revision:
    """QEMU 8.2."""
    return _release(
        tree,
        "8.2",
        "December 2023",
        "measured",
        virt=attrs.evolve(tree.virt, max_of_32_bits_has_40=True),
        pc=attrs.evolve(tree.pc, checks_memory_for_cpus_of_32_bits=True),
        memory_device=attrs.evolve(tree.memory_device, size_need_not_fit_the_address=True),
        physmem=attrs.evolve(tree.physmem, readonly_makes_no_file=True),
    )


def qemu_9_0(tree: Revision) -> Revision:
    """QEMU 9.0."""
    return _release(
        tree,
        "9.0",
        "April 2024",
        virt=attrs.evolve(tree.virt, an_empty_line_follows_the_error=False),
        qmp=attrs.evolve(tree.qmp, shutdown_comes_before_the_reply=True),
        machine_smp=attrs.evolve(
            tree.machine_smp,
            refuses_zero=True,
            looks_at_clusters_first=True,
            warns_of_levels_that_are_one=True,
        ),
        memory_device=attrs.evolve(tree.memory_device, size_must_fit_the_region=True),
        oslib_posix=attrs.evolve(tree.oslib_posix, preallocates_in_background=True),
    )


def qemu_9_1(tree: Revision) -> Revision:
    """QEMU 9.1."""
    return _release(
        tree,
        "9.1",
        "September 2024",
        "measured",
        machine_smp=attrs.evolve(tree.machine_smp, warns_of_levels_that_are_one=False),
        hostmem=attrs.evolve(tree.hostmem, wants_whole_pages=True, merges_without_memory=True),
    )


def qemu_9_2(tree: Revision) -> Revision:
    """QEMU 9.2."""
    return _release(
        tree,
        "9.2",
        "December 2024",
        "measured",
        hostmem=attrs.evolve(tree.hostmem, merges_without_memory=False),
    )


def qemu_10_0(tree: Revision) -> Revision:
    """QEMU 10.0."""
    return _release(
        tree,
        "10.0",
        "April 2025",
        "measured",
        s390_virtio_ccw=attrs.evolve(tree.s390_virtio_ccw, has_memory_devices=True),
        vl=attrs.evolve(tree.vl, memory_may_be_locked_on_fault=True),
        qom=attrs.evolve(tree.qom, containers_are_there_at_start=True),
        oslib_posix=attrs.evolve(tree.oslib_posix, numbers_shared_memory=True),
        physmem=attrs.evolve(
            tree.physmem,
            refuses_an_offset_behind_the_end=True,
            discards_at_the_offset=True,
            shared_memory_has_a_file=True,
        ),
    )


def qemu_10_1(tree: Revision) -> Revision:
    """QEMU 10.1."""
    return _release(tree, "10.1", "August 2025")


def qemu_10_2(tree: Revision) -> Revision:
    """QEMU 10.2."""
    return _release(tree, "10.2", "December 2025")


def qemu_11_0(tree: Revision) -> Revision:
    """QEMU 11.0."""
    return _release(
        tree,
        "11.0",
        "April 2026",
        virt=attrs.evolve(tree.virt, nvdimms_need_no_ged=True),
    )


def qemu_11_1(tree: Revision) -> Revision:
    """QEMU 11.1."""
    return _release(
        tree,
        "11.1",
        "August 2026",
        "measured",
        json_parser=attrs.evolve(tree.json_parser, parses_tokens_as_they_come=True),
        qemu_error=attrs.evolve(tree.qemu_error, a_command_prints_the_programs_name=True),
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
