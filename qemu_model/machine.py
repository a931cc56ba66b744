"""``hw/core/machine.c``: the machine's RAM, CPUs in nodes, and making the machine."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from . import messages
from .boards import CPUArchId, machine_get_class
from .error import Abort, Error, Exit
from .globals import Qemu
from .hostmem import (
    HostMemoryBackend,
    host_memory_backend_get_memory,
    host_memory_backend_is_mapped,
    host_memory_backend_set_mapped,
)
from .hostmem_file import HostMemoryBackendFile
from .memory import memory_region_add_subregion
from .numa_info import MAX_NODES
from .osdep import round_up
from .qom import (
    object_property_add_child,
    object_resolve_path_type,
    object_unparent,
)
from .ram_addr import MemoryRegion

if TYPE_CHECKING:
    from .qapi_machine import CpuInstanceProperties

C_FILE = "hw/core/machine.c"


def machine_set_cpu_numa_node(qemu: Qemu, props: CpuInstanceProperties) -> None:
    """Put all CPUs that fit ``props`` into its node.

    Raises ``<name>-id is not supported``, ``CPU is already assigned to node-id: <n>``,
    ``The initiator of CPU NUMA node <n> should be itself`` and ``no match found``.
    """
    match = False
    for slot in qemu.machine.possible_cpus:
        ids = (
            ("thread", props.thread_id, slot.thread_id),
            ("core", props.core_id, slot.core_id),
            ("module", props.module_id, slot.module_id),
            ("cluster", props.cluster_id, slot.cluster_id),
            ("die", props.die_id, slot.die_id),
            ("socket", props.socket_id, slot.socket_id),
        )
        for name, wanted, there in ids:
            if wanted is not None and there is None:
                raise messages.NUMA_CPU_PROPERTY.error(name=f"{name}-id")
        if not all(wanted in (None, there) for _, wanted, there in ids):
            continue
        if slot.node_id not in (None, props.node_id):
            raise messages.CPU_ASSIGNED.error(node=slot.node_id)
        match = True
        slot.node_id = props.node_id
        if qemu.machine.hmat and props.node_id is not None:
            _set_own_initiator(qemu, props.node_id)
    if not match:
        raise messages.CPU_NO_MATCH.error()


def _set_own_initiator(qemu: Qemu, node: int) -> None:
    """Note that a node with CPUs starts its own accesses."""
    info = qemu.numa.info(node)
    if info.initiator not in (MAX_NODES, node):
        raise messages.INITIATOR_NOT_ITSELF.error(node=node, initiator=info.initiator)
    info.has_cpu = True
    info.initiator = node


def cpu_slot_to_string(qemu: Qemu, cpu: CPUArchId) -> str:
    """Return the place of a CPU in words."""
    words = [] if cpu.socket_id is None else [f"socket-id: {cpu.socket_id}"]
    if cpu.die_id is not None:
        words.append(f"die-id: {cpu.die_id}")
        if not qemu.tree.machine.die_id_has_a_comma:
            words = ["".join(words)]
    for name, number in (
        ("cluster", cpu.cluster_id),
        ("module", cpu.module_id),
        ("core", cpu.core_id),
        ("thread", cpu.thread_id),
    ):
        if number is not None:
            words.append(f"{name}-id: {number}")
    return ", ".join(words)


def machine_numa_finish_cpu_init(qemu: Qemu) -> None:
    """Put the CPUs that no -numa names into nodes.

    If none is named the machine says into which; else the rest goes to node 0, with two
    warnings.  Prints what ``machine_set_cpu_numa_node`` raises and what
    ``numa_validate_initiator`` prints, and exits with 1.
    """
    from .numa_hmat import numa_validate_initiator

    default_node = machine_get_class(qemu).get_default_cpu_node_id
    assert default_node is not None, "a machine with nodes has one"
    cpus = qemu.machine.possible_cpus
    default_mapping = all(slot.node_id is None for slot in cpus)
    left = [(index, slot) for index, slot in enumerate(cpus) if slot.node_id is None]
    for index, slot in left:
        slot.node_id = default_node(qemu, index) if default_mapping else 0
        if qemu.machine.hmat:
            try:
                _set_own_initiator(qemu, slot.node_id)
            except Error as error:
                qemu.error_report_err(error)
                raise Exit(1) from error
    if qemu.machine.hmat:
        numa_validate_initiator(qemu)
    if left and not default_mapping:
        names = ", ".join(f"CPU {index} [{cpu_slot_to_string(qemu, slot)}]" for index, slot in left)
        qemu.warn_report(messages.CPUS_WITHOUT_NODE, cpus=names)
        qemu.warn_report(messages.CPUS_PARTIAL)


def machine_consume_memdev(qemu: Qemu, ram: MemoryRegion, backend: HostMemoryBackend) -> None:
    """Give a backend to the guest, as the next part of ``ram``.

    Prints ``memory backend <id> can't be used multiple times.`` and exits with 1.
    """
    if host_memory_backend_is_mapped(backend):
        qemu.error_report(messages.MEMDEV_USED_TWICE, id=backend.id)
        raise Exit(1)
    host_memory_backend_set_mapped(backend, True)
    memory_region_add_subregion(ram, host_memory_backend_get_memory(backend))


def machine_set_mem(
    qemu: Qemu, size: int | None, slots: int | None = None, max_size: int | None = None
) -> None:
    """Take the size of the guest's RAM in bytes, None for the machine's default, and the slots.

    Sizes are rounded up to 8 KiB.  Raises ``invalid value of maxmem: ...``, before 7.1
    ``invalid value of -m option maxmem: ...``, and ``slots specified but no max-size``,
    before 7.1 ``invalid -m option value: missing 'maxmem' option``.
    """
    machine = qemu.machine
    mc = machine_get_class(qemu)
    machine.ram_size_given = size is not None
    size = round_up(mc.default_ram_size if size is None else size, 8192)
    if mc.fixup_ram_size is not None:
        size = mc.fixup_ram_size(qemu, size)
    machine.ram_size = machine.maxram_size = size
    if max_size is None:
        if slots is not None:
            raise messages.SLOTS_WITHOUT_MAXMEM.error()
        return
    if max_size < size:
        raise messages.MAXMEM_BELOW_SIZE.error(maxmem=max_size, ram_size=size)
    if slots and max_size == size:
        raise messages.SLOTS_WITHOUT_ROOM.error(maxmem=max_size, ram_size=size)
    machine.maxram_size, machine.ram_slots = max_size, slots or 0


def _refuse(qemu: Qemu, error: Error) -> NoReturn:
    qemu.error_report_err(error)
    raise Exit(1) from error


def qemu_resolve_machine_memdev(qemu: Qemu) -> None:
    """Find the backend that ``-machine memory-backend=`` names (``system/vl.c``).

    Without -m its size is that of the guest's RAM, but for 6.1 to 7.0, where the RAM keeps
    its default size.  Prints ``Memory backend '<id>' not
    found``, before 7.1 also ``Size specified by -m option must match size of explicitly
    specified 'memory-backend' property`` and ``'-mem-path' can't be used together
    with'-machine memory-backend'``, and exits with 1.
    """
    machine = qemu.machine
    if machine.memdev_id is None:
        return
    backend = object_resolve_path_type(qemu, machine.memdev_id, HostMemoryBackend)
    if backend is None:
        qemu.error_report(messages.MEMDEV_NOT_FOUND, id=machine.memdev_id)
        raise Exit(1)
    if not qemu.tree.machine.checks_memory_backend_with_the_board:
        if machine.ram_size_given and backend.size != machine.ram_size:
            qemu.error_report(messages.MEMDEV_SIZE)
            raise Exit(1)
        if qemu.mem_path is not None:
            qemu.error_report(messages.MEM_PATH_AND_MEMDEV)
            raise Exit(1)
    machine.memdev = backend
    if not qemu.tree.vl.memory_backend_leaves_ram_size and not machine.ram_size_given:
        machine.ram_size = backend.size


def create_default_memdev(qemu: Qemu) -> HostMemoryBackend:
    """Make the backend of the machine's RAM: of the file at -mem-path, or anonymous.

    Raises what completing a backend raises, and ``attempt to add duplicate property
    '<id>' to object (type 'container')``.
    """
    info = qemu.types["memory-backend-ram" if qemu.mem_path is None else "memory-backend-file"]
    obj = info.instance_init(qemu)
    assert isinstance(obj, HostMemoryBackend)
    if isinstance(obj, HostMemoryBackendFile):
        obj.mem_path = qemu.mem_path
    obj.size = qemu.machine.ram_size
    obj.use_canonical_path = False
    object_property_add_child(qemu, obj, machine_get_class(qemu).default_ram_id)
    try:
        info.complete(qemu, obj)
    except Error:
        object_unparent(qemu, obj)
        info.finalize(qemu, obj)
        raise
    return obj


def _refuse_default_id(qemu: Qemu, id: str) -> None:
    """Refuse an object that has the id of the machine's own RAM; in 5.0 making it fails.

    Raises ``object's id '<id>' is reserved for the default RAM backend, ...``.
    """
    tree = qemu.tree
    if tree.machine.reserves_the_id_of_default_ram:
        hint = messages.MEMDEV_RESERVED_HINT
        said = hint.text_in(tree, id=id) if hint.is_said_in(tree) else ""
        raise messages.MEMDEV_RESERVED.error(id=id, hint=said)
    if tree.machine.an_id_in_use_aborts:
        qemu.fprintf_stderr(messages.DEFAULT_RAM_DUPLICATE_PLACE)
        raise Abort(messages.DEFAULT_RAM_DUPLICATE, id=id)


def _make_ram(qemu: Qemu) -> None:
    """Make the machine's RAM a backend, unless the line gives one.

    Prints ``Machine memory size does not match the size of the memory backend``, ``object's
    id '<id>' is reserved ...`` or what ``create_default_memdev`` raises, and exits with 1.
    """
    machine = qemu.machine
    try:
        if machine.memdev is not None:
            if (
                qemu.tree.machine.checks_memory_backend_with_the_board
                and machine.memdev.size != machine.ram_size
            ):
                raise messages.MEMDEV_SIZE.error()
        elif machine.ram_size and qemu.numa.have_memdevs != 1:
            if machine_get_class(qemu).default_ram_id in qemu.objects:
                _refuse_default_id(qemu, machine_get_class(qemu).default_ram_id)
            machine.memdev = create_default_memdev(qemu)
    except Error as error:
        _refuse(qemu, error)


def _consume_ram(qemu: Qemu) -> None:
    """Give the machine's backend to the guest, if the nodes have none."""
    machine = qemu.machine
    if machine.memdev is not None and machine.ram is None:
        machine.ram = MemoryRegion()
        machine_consume_memdev(qemu, machine.ram, machine.memdev)


def machine_run_board_init(qemu: Qemu) -> None:
    """Make the machine: its RAM, its nodes, its CPUs in them.

    Before 5.0 the RAM is allocated by the machine itself.  Prints what goes wrong, and
    exits with 1.
    """
    if qemu.tree.machine.ram_is_a_backend:
        _make_ram(qemu)
    if qemu.machine.has_numa:
        from .numa import numa_complete_configuration

        numa_complete_configuration(qemu)
        if qemu.numa.nb_numa_nodes:
            machine_numa_finish_cpu_init(qemu)
    if qemu.tree.machine.ram_is_a_backend:
        _consume_ram(qemu)
    machine_get_class(qemu).init(qemu)
