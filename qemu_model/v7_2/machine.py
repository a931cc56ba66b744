"""``hw/core/machine.c`` and ``machine-smp.c``: the machine, its CPUs, its RAM as a backend."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn

from .. import messages
from ..cutils import do_strtosz
from ..error import Error, Exit
from ..globals import Qemu
from ..machine import machine_numa_finish_cpu_init
from ..osdep import round_up
from ..pc import pc_machine_set_max_ram_below_4g
from ..qdict import qdict_order
from ..qemu_option import QemuOpts, parse_option_number, parse_option_size
from ..qobject_input import KeyvalInputVisitor, QObjectInputVisitor
from ..qom import TypeInfo, user_creatable_add_type
from .boards import ON_OFF_AUTO, Machine72, Memdev
from .hostmem import HostMemoryBackend
from .numa import numa_complete_configuration, numa_uses_legacy_mem
from .pc import pc_memory_init

C_FILE = "hw/core/machine.c"

UINT32_MAX: Final = (1 << 32) - 1


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
            set_property(qemu, memdev, name, KeyvalInputVisitor(qemu, given), kind)
        except Error as error:
            _refuse(qemu, error)


def set_property(qemu: Qemu, memdev: Memdev, name: str, v: KeyvalInputVisitor, kind: str) -> None:
    """Set one property of the machine.

    Raises what reading a value of its kind and what setting it raise.
    """
    match kind, name:
        case "OnOffAuto", "acpi":
            qemu.machine.acpi = v.type_enum(name, ON_OFF_AUTO) != "off"
        case "OnOffAuto", _:
            v.type_enum(name, ON_OFF_AUTO)
        case "int", _:
            v.type_int64(name)
        case "size", _:
            pc_machine_set_max_ram_below_4g(qemu, v.type_size(name))
        case "bool", "mem-merge":
            qemu.machine.mem_merge = v.type_bool(name)
        case "bool", "dump-guest-core":
            qemu.machine.dump_guest_core = v.type_bool(name)
        case "bool", "nvdimm":
            qemu.machine.nvdimm = v.type_bool(name)
        case "bool", _:
            v.type_bool(name)
        case _, "memory-backend":
            memdev.id = v.type_str(name)


def _refuse(qemu: Qemu, error: Error) -> NoReturn:
    qemu.error_report_err(error)
    raise Exit(1) from error


def machine_set_mem(qemu: Qemu, machine: Machine72, options: QemuOpts, memdev: Memdev) -> None:
    """Take the size of the guest's RAM and the slots from -m.

    A size without a unit is in MiB, size 0 is the machine's default, and sizes are
    rounded up to 8 KiB.  Prints ``Parameter 'memory.size' expects size``, ``slots
    specified but no max-size`` or ``invalid value of maxmem: ...`` and exits with 1.
    """
    text = options.get("size") or "0"
    if text[-1:].isdigit():
        text += "M"
    size = do_strtosz(qemu, text)
    if size < 0:
        _refuse(qemu, messages.EXPECTS.error(name="memory.size", what="size"))
    memdev.size_given = bool(size)
    size = round_up(size or machine.default_ram_size, 8192)
    qemu.machine.ram_size = qemu.machine.maxram_size = size

    slots, maxmem = options.get("slots"), options.get("maxmem")
    if maxmem is None:
        if slots is not None:
            _refuse(qemu, messages.SLOTS_WITHOUT_MAXMEM.error())
        return
    count = 0 if slots is None else parse_option_number("slots", slots)
    most = parse_option_size(qemu, "maxmem", maxmem)
    if most < size:
        _refuse(qemu, messages.MAXMEM_BELOW_SIZE.error(maxmem=most, ram_size=size))
    if count and most == size:
        _refuse(qemu, messages.SLOTS_WITHOUT_ROOM.error(maxmem=most, ram_size=size))
    qemu.machine.maxram_size, qemu.machine.ram_slots = most, count


SMP_NAMES: Final = ("cpus", "sockets", "dies", "clusters", "cores", "threads", "maxcpus")


def smp_numbers(qemu: Qemu, options: QemuOpts) -> dict[str, int]:
    """Return the numbers of -smp by name, in 32 bits as C keeps them; 0 for what is not given.

    Prints ``Parameter 'smp.<name>' ...`` and exits with 1, or warns of a number that is 0.
    """
    given = {f"smp.{name}": text for name, text in options.params}
    numbers = dict.fromkeys((f"smp.{name}" for name in SMP_NAMES), 0)
    v = KeyvalInputVisitor(qemu, given)
    try:
        for name in given:
            if name not in numbers:
                raise messages.UNEXPECTED.error(name=name)
            numbers[name] = v.type_int64(name)
    except Error as error:
        _refuse(qemu, error)
    if not all(numbers[name] for name in given):
        qemu.warn_report(messages.SMP_ZERO)
    return {name.removeprefix("smp."): number & UINT32_MAX for name, number in numbers.items()}


def machine_parse_smp_config(qemu: Qemu, machine: Machine72, options: QemuOpts) -> None:
    """Take the number of CPUs, and of those there may be, from -smp.

    What is not given follows: cores rather than sockets, on machines older than 6.2 the
    other way round, threads last.  Prints what ``smp_numbers`` prints, ``... not
    supported by this machine's CPU topology``, ``Invalid CPU topology: ...`` or ``Invalid
    SMP CPUs <n>. ...`` and exits with 1.
    """
    given = smp_numbers(qemu, options)
    cpus, maxcpus = given["cpus"], given["maxcpus"]
    sockets, cores, threads = given["sockets"], given["cores"], given["threads"]
    dies = given["dies"] or 1
    if not machine.chipset and dies > 1:
        _refuse(qemu, messages.SMP_NOT_SUPPORTED.error(what="dies"))
    if given["clusters"] > 1:
        _refuse(qemu, messages.SMP_NOT_SUPPORTED.error(what="clusters"))
    if not cpus and not maxcpus:
        sockets, cores, threads = sockets or 1, cores or 1, threads or 1
    else:
        maxcpus = maxcpus or cpus
        if machine.prefer_sockets and not sockets:
            cores, threads = cores or 1, threads or 1
            sockets = maxcpus // (dies * cores * threads)
        elif not cores:
            sockets, threads = sockets or 1, threads or 1
            cores = maxcpus // (sockets * dies * threads)
        elif not sockets:
            threads = threads or 1
            sockets = maxcpus // (dies * cores * threads)
        if not threads:
            threads = maxcpus // (sockets * dies * cores)
    made = sockets * dies * cores * threads & UINT32_MAX
    maxcpus = maxcpus or made
    cpus = cpus or maxcpus
    in_dies = f"dies ({dies}) * " if machine.chipset else ""
    hierarchy = f"sockets ({sockets}) * {in_dies}cores ({cores}) * threads ({threads})"
    if made != maxcpus:
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
    if not cpus:
        _refuse(qemu, messages.TOO_FEW_CPUS.error(cpus=0, machine=machine.name, least=1))
    if maxcpus > machine.max_cpus:
        # It is printed as an int.
        shown = maxcpus - (1 << 32) if maxcpus >> 31 else maxcpus
        _refuse(
            qemu,
            messages.TOO_MANY_CPUS.error(cpus=shown, machine=machine.name, most=machine.max_cpus),
        )
    qemu.smp_cpus, qemu.max_cpus = cpus, maxcpus
    qemu.smp_dies, qemu.smp_cores, qemu.smp_threads = dies, cores, threads


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
        qemu, types, kind, machine.default_ram_id, values, QObjectInputVisitor(values)
    )
    assert isinstance(made, HostMemoryBackend)
    return made


def machine_run_board_init(
    qemu: Qemu,
    types: Mapping[str, TypeInfo],
    machine: Machine72,
    memdev: Memdev,
    *,
    default_cpu: bool = True,
) -> None:
    """Make the machine: its RAM, its nodes, its CPUs in them.

    ``default_cpu`` says that no -cpu names another than the machine's own.
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
    if default_cpu:
        x86_cpu_realizefn(qemu)
    if machine.chipset:
        pc_memory_init(qemu, machine)


def x86_cpu_realizefn(qemu: Qemu) -> None:
    """Warn of threads: the CPU of a machine that names none is AMD's (``target/i386/cpu.c``).

    Under KVM and its like it is called as the host's is, which is not known here.
    """
    if qemu.smp_threads > 1 and qemu.platform.accelerator == "tcg":
        qemu.warn_report(messages.HYPERTHREADING, threads=qemu.smp_threads)
        qemu.put_stderr(messages.HYPERTHREADING_HINT)
