"""Which recorded QEMUs show each field: made by ``tests/support/field_evidence.py``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

#: A field, a tree with it and a tree without it whose recorded runs contradict the model once
#: the field has its other value; ``-`` where none does.
_MEASURED: Final = """
mmap_alloc.takes_flags qemu-5.2 -
mmap_alloc.passes_map_sync qemu-5.2 -
oslib_posix.populates_with_madvise qemu-7.0 qemu-6.2
oslib_posix.numbers_shared_memory qemu-10.0 qemu-9.2
physmem.reads_the_size_of_device_dax qemu-10.0 -
physmem.leaves_preallocation_to_the_backend qemu-7.2 v1
physmem.readonly_makes_no_file qemu-8.2 qemu-8.1
physmem.shared_memory_has_a_file qemu-10.0 qemu-9.2
hostmem.errors_name_the_property qemu-4.2 base
hostmem.checks_host_nodes qemu-4.2 -
hostmem.lists_no_nodes qemu-5.2 base
hostmem.names_regions_by_id qemu-5.2 v1
hostmem.binds_only_to_nodes qemu-5.2 qemu-4.2
hostmem.prefers_many_nodes qemu-8.1 qemu-7.2
hostmem.wants_whole_pages qemu-9.1 qemu-9.0
hostmem.merges_without_memory qemu-9.1 qemu-11.1
hostmem_file.has_sync v8 qemu-11.1
hostmem_file.checks_the_size_of_pmem - qemu-11.1
numa.a_node_may_have_no_memory qemu-5.2 base
numa.warns_of_mem qemu-4.2 -
numa.asks_the_machine_first qemu-4.2 -
numa.implicit_node_has_all_ram qemu-4.2 -
numa.refuses_memdev_beside_memory_backend qemu-6.0 -
numa.mem_is_of_old_versions qemu-6.0 qemu-4.2
numa.never_splits_ram qemu-5.2 qemu-4.2
numa.hmat_caches_grow_with_their_level qemu-5.2 -
numa.initiator_is_read_before_cpus qemu-7.2 qemu-5.2
numa.initiator_may_be_missing - qemu-5.2
numa.refuses_mem_beyond_64_bits qemu-9.1 qemu-8.0
cutils.size_reports_range qemu-5.2 -
cutils.sizes_are_exact qemu-6.0 qemu-5.2
cutils.hex_size_takes_a_unit qemu-6.0 qemu-11.1
cutils.size_may_be_a_fraction qemu-9.1 qemu-8.0
qemu_option.reads_the_id_as_a_parameter qemu-7.2 -
qemu_option.only_the_invalid_asks_for_help qemu-5.2 qemu-4.2
qemu_option.merged_options_have_no_id qemu-7.1 qemu-5.2
qapi_util.booleans_are_read_alike qemu-5.2 qemu-4.2
json_parser.parses_tokens_as_they_come qemu-11.1 qemu-10.2
qemu_error.a_command_prints_the_programs_name - qemu-7.2
object_interfaces.checks_the_id qemu-6.2 qemu-5.2
qom.containers_are_there_at_start qemu-10.0 qemu-9.1
qmp.object_add_takes_properties qemu-5.2 qemu-4.2
qmp.query_memdev_tells_share qemu-6.1 qemu-6.0
qmp.shutdown_comes_before_the_reply qemu-7.2 qemu-8.2
machine.ram_is_a_backend qemu-5.2 qemu-4.2
machine.checks_memory_backend_with_the_board qemu-11.1 qemu-7.0
machine.reserves_the_id_of_default_ram qemu-7.2 qemu-8.0
machine.an_id_in_use_aborts qemu-5.2 -
machine.numa_goes_with_mem qemu-4.2 qemu-11.1
machine_smp.refuses_other_products qemu-5.2 qemu-4.2
machine_smp.number_of_cpus_has_no_sign qemu-4.2 -
machine_smp.refuses_dies_on_other_machines qemu-6.1 qemu-6.0
machine_smp.counts_missing_levels_from_maxcpus qemu-7.0 qemu-6.1
machine_smp.refuses_zero qemu-9.0 qemu-8.1
machine_smp.warns_of_levels_that_are_one qemu-9.0 -
pc.checks_phys_bits qemu-7.1 qemu-7.0
pc.checks_memory_for_cpus_of_32_bits qemu-9.0 qemu-8.1
x86_cpu.warns_of_threads_first qemu-10.0 qemu-9.1
x86_cpu.phys_bits_have_no_limit qemu-11.1 qemu-10.2
virt.ram_may_be_large qemu-5.2 -
virt.an_empty_line_follows_the_error qemu-7.2 qemu-11.1
virt.nvdimms_need_no_ged qemu-11.1 qemu-10.0
virt.cpus_have_a_topology qemu-7.2 qemu-5.2
virt.checks_the_cpu_first qemu-7.2 qemu-5.2
virt.max_of_32_bits_has_40 qemu-10.0 qemu-7.2
virt.takes_gic_v3_for_many_cpus qemu-10.0 qemu-7.2
spapr.takes_nvdimms qemu-5.2 -
spapr.tcg_has_threads qemu-10.0 qemu-7.2
s390_virtio_ccw.has_memory_devices qemu-10.0 -
memory_device.names_the_usable_range qemu-4.2 -
memory_device.looks_for_room_first qemu-8.1 qemu-8.0
memory_device.size_need_not_fit_the_address qemu-9.0 qemu-8.0
memory_device.size_must_fit_the_region - qemu-8.0
pc_dimm.reads_missing_nodes qemu-4.2 qemu-11.1
pc_dimm.looks_at_the_node_first - qemu-5.2
virtio_mem.blocks_can_be_of_one_mib qemu-5.2 -
virtio_mem.checks_sizes_of_small_blocks qemu-7.1 qemu-6.1
virtio_mem.refuses_preallocation qemu-8.0 qemu-7.2
vl.reads_options_with_qapi qemu-6.0 qemu-5.2
vl.counts_default_ram_as_given qemu-6.0 qemu-7.0
vl.no_acpi_is_a_machine_property qemu-5.2 -
vl.machine_is_keyval qemu-6.1 qemu-6.0
vl.memory_backend_leaves_ram_size qemu-6.1 qemu-11.1
vl.device_takes_json qemu-7.0 -
vl.memory_may_be_locked_on_fault qemu-10.0 qemu-9.1
vl.memory_is_a_machine_property qemu-7.1 qemu-7.0
"""


class Measured(NamedTuple):
    """The trees whose recorded runs show a difference: one with it, one without it."""

    present_in: str | None
    absent_in: str | None


NOT_MEASURED: Final = Measured(None, None)


def _parsed(line: str) -> tuple[str, Measured]:
    field, *trees = line.split()
    return field, Measured(*(None if tree == "-" else tree for tree in trees))


_BY_FIELD: Final = MappingProxyType(dict(map(_parsed, _MEASURED.strip().splitlines())))


def measured_in(field: str) -> Measured:
    """Return the trees whose recorded runs show a field, which is named with its group."""
    return _BY_FIELD.get(field, NOT_MEASURED)
