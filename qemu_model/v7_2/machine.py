"""``hw/core/machine.c`` and ``machine-smp.c``: the machine, its CPUs, its RAM as a backend."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..error import Error, Exit
from ..globals import Qemu
from ..machine import machine_numa_finish_cpu_init
from ..options import QemuOpts, decimal, parse_option_number
from ..osdep import round_up
from ..pc import pc_machine_set_max_ram_below_4g
from ..qom import TypeInfo, qdict_order
from . import messages
from .boards import MIB, ON_OFF_AUTO, Machine72, Memdev
from .hostmem import HostMemoryBackend
from .numa import numa_complete_configuration, numa_uses_legacy_mem
from .options import parse_option_size
from .pc import pc_memory_init
from .qobject_input import KeyvalInputVisitor, QObjectInputVisitor72
from .qom import user_creatable_add_type

C_FILE = "hw/core/machine.c"

UINT64_MAX: Final = (1 << 64) - 1

#: From here on a number is no integer to QAPI.
INT64_LIMIT: Final = 1 << 63


def machine_set_property(qemu: Qemu, machine: Machine72, options: QemuOpts, memdev: Memdev) -> None:
    """Set the machine's properties, in the order of QEMU's dictionary.

    Prints ``Property '<machine>-machine.<name>' not found``, ``Parameter '<name>'
    expects ...``, ``Parameter '<name>' does not accept value '<value>'`` or what
    ``pc_machine_set_max_ram_below_4g`` raises, and exits with 1.
    """
    given = dict(options.params)
    for name in qdict_order(given):
        if name == "type":
            continue
        kind = machine.properties.get(name)
        try:
            if kind is None:
                raise messages.PROPERTY_NOT_FOUND.error(
                    type=f"{machine.name}-machine", property=name
                )
            set_property(qemu, memdev, name, KeyvalInputVisitor(given), kind)
        except Error as error:
            _refuse(qemu, error)


def set_property(qemu: Qemu, memdev: Memdev, name: str, v: KeyvalInputVisitor, kind: str) -> None:
    """Set one property of the machine.

    Raises what reading a value of its kind and what setting it raise.
    """
    if kind == "OnOffAuto":
        value = v.type_enum(name, ON_OFF_AUTO)
        if name == "acpi":
            qemu.machine.acpi = value != "off"
    elif kind == "int":
        v.type_int64(name)
    elif kind == "size":
        pc_machine_set_max_ram_below_4g(qemu, v.type_size(name))
    elif kind == "bool":
        on = v.type_bool(name)
        if name == "mem-merge":
            qemu.machine.mem_merge = on
        elif name == "dump-guest-core":
            qemu.machine.dump_guest_core = on
        elif name == "nvdimm":
            qemu.machine.nvdimm = on
    elif name == "memory-backend":
        memdev.id = v.type_str(name)


def _refuse(qemu: Qemu, error: Error) -> None:
    qemu.error_report_err(error)
    raise Exit(1) from error


def machine_set_mem(qemu: Qemu, machine: Machine72, options: QemuOpts, memdev: Memdev) -> None:
    """Take the size of the guest's RAM and the slots from -m.

    A size without a unit is in MiB, size 0 is the machine's default, and sizes are
    rounded up to 8 KiB.  Prints ``too large 'size' option value``, ``slots specified
    but no max-size`` or ``invalid value of maxmem: ...`` and exits with 1.
    """
    text = options.get("size") or ""
    size = parse_option_size("size", text) if text else 0
    if text[-1:].isdigit():
        size *= MIB
        if size > UINT64_MAX:
            _refuse(qemu, messages.RAM_SIZE_TOO_LARGE.error())
    memdev.size_given = bool(size)
    size = round_up(size or machine.default_ram_size, 8192)
    qemu.machine.ram_size = qemu.machine.maxram_size = size

    slots, maxmem = options.get("slots"), options.get("maxmem")
    count = 0 if slots is None else parse_option_number("slots", slots)
    if maxmem is None:
        if count:
            _refuse(qemu, messages.SLOTS_WITHOUT_MAXMEM.error())
        return
    most = parse_option_size("maxmem", maxmem)
    if most < size:
        _refuse(qemu, messages.MAXMEM_BELOW_SIZE.error(maxmem=most, ram_size=size))
    if count and most == size:
        _refuse(qemu, messages.SLOTS_WITHOUT_ROOM.error(maxmem=most, ram_size=size))
    qemu.machine.maxram_size, qemu.machine.ram_slots = most, count


SMP_NAMES: Final = ("cpus", "sockets", "dies", "clusters", "cores", "threads", "maxcpus")


def machine_parse_smp_config(qemu: Qemu, machine: Machine72, options: QemuOpts) -> None:
    """Take the number of CPUs, and of those there may be, from -smp.

    What is not given follows: cores rather than sockets, threads last.  Prints
    ``Parameter 'smp.<name>' ...``, ``Invalid CPU topology: ...`` or ``Invalid SMP CPUs
    <n>. ...`` and exits with 1, or warns of a number that is 0.
    """
    given: dict[str, int] = {}
    for name, text in options.params:
        if name not in SMP_NAMES:
            _refuse(qemu, messages.UNEXPECTED.error(name=f"smp.{name}"))
        if not (text.isascii() and text.isdigit()) or decimal(text) >= INT64_LIMIT:
            _refuse(qemu, messages.SMP_EXPECTS.error(name=f"smp.{name}", what="integer"))
        given[name] = decimal(text)
    if 0 in given.values():
        qemu.warn_report(messages.SMP_ZERO)
    cpus, maxcpus = given.get("cpus", 0), given.get("maxcpus", 0)
    sockets, cores = given.get("sockets", 0), given.get("cores", 0)
    threads, dies = given.get("threads", 0), given.get("dies", 0) or 1
    if not cpus and not maxcpus:
        sockets, cores, threads = sockets or 1, cores or 1, threads or 1
    else:
        maxcpus = maxcpus or cpus
        if not cores:
            sockets, threads = sockets or 1, threads or 1
            cores = maxcpus // (sockets * dies * threads)
        elif not sockets:
            threads = threads or 1
            sockets = maxcpus // (dies * cores * threads)
        if not threads:
            threads = maxcpus // (sockets * dies * cores)
    maxcpus = maxcpus or sockets * dies * cores * threads
    cpus = cpus or maxcpus
    hierarchy = f"sockets ({sockets}) * dies ({dies}) * cores ({cores}) * threads ({threads})"
    if sockets * dies * cores * threads != maxcpus:
        _refuse(
            qemu,
            messages.SMP_TOPOLOGY.error(
                what="product of the hierarchy must match maxcpus",
                hierarchy=f"{hierarchy} != maxcpus ({maxcpus})",
            ),
        )
    if maxcpus < cpus:
        _refuse(
            qemu,
            messages.SMP_TOPOLOGY.error(
                what="maxcpus must be equal to or greater than smp",
                hierarchy=f"{hierarchy} == maxcpus ({maxcpus}) < smp_cpus ({cpus})",
            ),
        )
    if maxcpus > machine.max_cpus:
        _refuse(
            qemu,
            messages.TOO_MANY_CPUS.error(cpus=maxcpus, machine=machine.name, most=machine.max_cpus),
        )
    qemu.smp_cpus, qemu.max_cpus = cpus, maxcpus
    qemu.smp_cores, qemu.smp_threads = cores, threads


def machine_consume_memdev(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Give a backend to the guest.

    Prints ``memory backend <id> can't be used multiple times.`` and exits with 1.
    """
    if backend.mapped:
        qemu.error_report(messages.MEMDEV_USED, id=backend.id)
        raise Exit(1)
    backend.mapped = True


def create_default_memdev(
    qemu: Qemu, types: Mapping[str, TypeInfo], machine: Machine72
) -> HostMemoryBackend:
    """Make the backend of the machine's RAM: of the file at -mem-path, or anonymous.

    Raises what completing a backend raises.
    """
    kind = "memory-backend-ram" if qemu.mem_path is None else "memory-backend-file"
    values: dict[str, object] = {"size": qemu.machine.ram_size}
    if qemu.mem_path is not None:
        values["mem-path"] = qemu.mem_path
    made = user_creatable_add_type(
        qemu, types, kind, machine.default_ram_id, values, QObjectInputVisitor72(values)
    )
    assert isinstance(made, HostMemoryBackend)
    return made


def machine_run_board_init(
    qemu: Qemu, types: Mapping[str, TypeInfo], machine: Machine72, memdev: Memdev
) -> None:
    """Make the machine: its RAM, its nodes, its CPUs in them.

    Prints what goes wrong, and exits with 1.
    """
    try:
        if memdev.backend is not None:
            if memdev.backend.size != qemu.machine.ram_size:
                raise messages.MEMDEV_SIZE.error()
        elif qemu.machine.ram_size and numa_uses_legacy_mem(qemu):
            if machine.default_ram_id in qemu.objects:
                raise messages.MEMDEV_RESERVED.error(id=machine.default_ram_id)
            memdev.backend = create_default_memdev(qemu, types, machine)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    if machine.numa:
        for backend in numa_complete_configuration(qemu, machine, memdev.backend is not None):
            machine_consume_memdev(qemu, backend)
        if qemu.numa.nb_numa_nodes:
            machine_numa_finish_cpu_init(qemu)
    if memdev.backend is not None and numa_uses_legacy_mem(qemu):
        machine_consume_memdev(qemu, memdev.backend)
    if machine.chipset:
        pc_memory_init(qemu, machine)
