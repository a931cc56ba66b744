"""``vl.c``: the command line until 5.2, and in which order it takes effect."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from . import messages
from .boards import MIB, MachineClass, machine_get_class
from .cutils import UINT64_MAX
from .error import Error, Exit
from .globals import Qemu
from .machine import machine_run_board_init, set_property
from .machines import find_machine, machine_help
from .numa import parse_numa_opts
from .opts_visitor import OptsVisitor
from .osdep import round_up
from .qdev_monitor import DEVICES, qdev_device_add
from .qemu_option import (
    QemuOpts,
    QemuOptsList,
    is_help_option,
    parse_option_number,
    parse_option_size,
)
from .qom import TypeInfo, type_help, user_creatable_add_type
from .user_creatable import user_creatable_print_types
from .vl_options import (
    DEFAULT_MACHINE,
    DEVICE_OPTS,
    MACHINE_OPTS,
    MEM_OPTS,
    MODELLED,
    NUMA_OPTS,
    OBJECT_OPTS,
    CommandLine,
    Option,
    lookup_opt,
    merged,
    parse_opts,
    parse_other_option,
)

C_FILE = "system/vl.c"

_SMP_OPTS: Final = QemuOptsList(
    "smp-opts",
    "cpus",
    merge_lists=True,
    desc=MappingProxyType(
        dict.fromkeys(("cpus", "sockets", "cores", "threads", "maxcpus"), "number")
    ),
)
UINT32_MAX: Final = 0xFFFF_FFFF


def parse_command_line(
    qemu: Qemu, _types: Mapping[str, TypeInfo], args: Sequence[str]
) -> CommandLine:
    """Read all options; ids of objects are checked here, before the first object is made.

    What QEMU would refuse is printed as QEMU prints it, and exits with 1: first
    options that there are not, then what is wrong with the text of one.
    """
    line = CommandLine()
    for option in list(lookup_opt(qemu, args)):
        qemu.location = option.location
        if option.name in MODELLED:
            _parse_option(qemu, line, option)
        else:
            parse_other_option(qemu, line, option)
    qemu.location = ""
    return line


def _parse_option(qemu: Qemu, line: CommandLine, option: Option) -> None:
    """Read one option that matters to memory.  Prints what is wrong and exits with 1."""
    value = option.value or ""
    match option.name:
        case "mem-prealloc":
            line.mem_prealloc = True
        case "no-acpi":
            line.acpi = False
        case "mem-path":
            line.mem_path = value
        case "object":
            parse_opts(qemu, OBJECT_OPTS, line.objects, value)
        case "numa":
            parse_opts(qemu, NUMA_OPTS, line.numa, value)
        case "device":
            opts = parse_opts(qemu, DEVICE_OPTS, line.devices, value)
            line.wants_help |= opts.has_help() or is_help_option(opts.get("driver") or "")
            if opts.get("driver") not in DEVICES:
                line.ignore(option)
        case "m":
            parse_opts(qemu, MEM_OPTS, line.memory, value)
        case "smp":
            parse_opts(qemu, _SMP_OPTS, line.smp, value)
        case _:
            parse_opts(qemu, MACHINE_OPTS, line.machine, value)


def _assume_machine(line: CommandLine) -> str:
    """Return the default machine for a line without -machine.

    pc, QEMU's own default, if the line is about the guest's RAM; else none.
    """
    about_ram = (
        line.machine
        or line.memory
        or line.smp
        or line.numa
        or line.mem_prealloc
        or line.mem_path is not None
        or any(opts.get("driver") == "nvdimm" for opts in line.devices)
    )
    return DEFAULT_MACHINE if about_ram else "none"


def machine_parse(qemu: Qemu, name: str) -> MachineClass:
    """Return the machine type of that name.

    Prints ``unsupported machine type`` and exits with 1; lists the machines on
    stdout for ``help``, and exits with 0.
    """
    machine = find_machine(name)
    if machine is not None:
        return machine
    if is_help_option(name):
        qemu.stdout.extend(machine_help())
        raise Exit(0)
    qemu.error_report_err(messages.UNSUPPORTED_MACHINE.error(hint=messages.MACHINE_HINT))
    raise Exit(1)


def select_machine(qemu: Qemu, line: CommandLine, options: QemuOpts) -> None:
    """Choose the machine: the line's, else the assumed one, else what suits the line.

    Prints what ``machine_parse`` prints.
    """
    qemu.location = options.location
    name = options.get("type")
    if name is None:
        name = line.assumed_machine = qemu.assumed_machine or _assume_machine(line)
    machine = machine_parse(qemu, name)
    qemu.machine.machine_class = machine
    qemu.machine.type_name = f"{machine.name}-machine"
    qemu.machine.name = name
    qemu.location = ""


def set_memory_options(qemu: Qemu, options: QemuOpts) -> None:
    """Take the size of the guest's RAM, of all its memory, and the slots from -m.

    A size without a unit is in MiB, size 0 is the machine's default, and sizes are
    rounded up to 8 KiB.  Prints ``too large 'size' option value``, ``invalid value
    of -m option maxmem: ...`` or ``invalid -m option value: missing 'maxmem' option``
    and exits with 1.
    """
    machine = qemu.machine
    qemu.location = options.location
    size = 0
    text = options.get("size")
    if text is not None:
        size = parse_option_size(qemu, "size", text)
        if text[-1:].isdigit():
            size *= MIB
            if size > UINT64_MAX:
                qemu.error_report(messages.RAM_SIZE_TOO_LARGE)
                raise Exit(1)
    size = round_up(size or machine_get_class(qemu).default_ram_size, 8192)
    machine.ram_size = machine.maxram_size = size

    slots = options.get("slots")
    maxmem = options.get("maxmem")
    if maxmem is not None:
        most = parse_option_size(qemu, "maxmem", maxmem)
        count = 0 if slots is None else parse_option_number("slots", slots)
        if most < size:
            qemu.error_report(messages.MAXMEM_BELOW_SIZE, maxmem=most, ram_size=size)
            raise Exit(1)
        if count and most == size:
            qemu.error_report(messages.SLOTS_WITHOUT_ROOM, maxmem=most, ram_size=size)
            raise Exit(1)
        machine.maxram_size = most
        machine.ram_slots = count
    elif slots is not None:
        qemu.error_report(messages.SLOTS_WITHOUT_MAXMEM)
        raise Exit(1)
    qemu.location = ""


def smp_parse(qemu: Qemu, options: QemuOpts) -> None:
    """Take the number of CPUs, and of those there may be, from -smp.

    What is not given follows: sockets rather than cores, cores rather than threads.
    Prints ``cpu topology: ...`` or ``maxcpus must be equal to or greater than smp``
    and exits with 1, or warns of a deprecated topology.
    """

    def number(name: str, default: int = 0) -> int:
        text = options.get(name)
        return default if text is None else parse_option_number(name, text) & UINT32_MAX

    cpus, sockets = number("cpus"), number("sockets")
    cores, threads = number("cores"), number("threads")
    if not cpus or not sockets:
        cores, threads = cores or 1, threads or 1
        if not cpus:
            sockets = sockets or 1
            cpus = cores * threads * sockets
        else:
            sockets = number("maxcpus", cpus) // (cores * threads)
    elif not cores:
        threads = threads or 1
        cores = cpus // (sockets * threads) or 1
    elif not threads:
        threads = cpus // (cores * sockets) or 1
    elif sockets * cores * threads < cpus:
        qemu.error_report(
            messages.TOPOLOGY_TOO_SMALL, sockets=sockets, cores=cores, threads=threads, cpus=cpus
        )
        raise Exit(1)

    max_cpus = number("maxcpus", cpus)
    if max_cpus < cpus:
        qemu.error_report(messages.MAXCPUS_BELOW_CPUS)
        raise Exit(1)
    made = sockets * cores * threads
    topology = {"sockets": sockets, "cores": cores, "threads": threads, "max_cpus": max_cpus}
    if made > max_cpus:
        qemu.error_report(messages.TOPOLOGY_TOO_LARGE, **topology)
        raise Exit(1)
    if made != max_cpus:
        qemu.warn_report(messages.TOPOLOGY_DEPRECATED, **topology)
    # In C the number of CPUs is an int.
    qemu.smp_cpus = cpus - (1 << 32) if cpus >> 31 else cpus
    qemu.max_cpus, qemu.smp_cores, qemu.smp_threads = max_cpus, cores, threads


def check_cpus(qemu: Qemu) -> None:
    """Check the number of CPUs against the machine.

    Prints ``Invalid SMP CPUs <n>. ...`` and exits with 1.
    """
    machine = machine_get_class(qemu)
    if qemu.smp_cpus < 1:
        qemu.error_report(messages.TOO_FEW_CPUS, cpus=qemu.smp_cpus, machine=machine.name, least=1)
        raise Exit(1)
    if qemu.max_cpus > machine.max_cpus:
        qemu.error_report(
            messages.TOO_MANY_CPUS,
            cpus=qemu.max_cpus,
            machine=machine.name,
            most=machine.max_cpus,
        )
        raise Exit(1)


def machine_set_property(qemu: Qemu, options: QemuOpts) -> None:
    """Set the machine's properties; ``_`` in a name is ``-``.

    Prints what is wrong with one, without its place, and exits with 1.
    """
    for name, text in options.params:
        if name != "type":
            try:
                set_property(qemu, name.replace("_", "-"), text)
            except Error as error:
                qemu.error_report_err(error)
                raise Exit(1) from error


def device_init_func(qemu: Qemu, options: Sequence[QemuOpts]) -> None:
    """Make the devices that take a backend; what others do is not modelled.

    Prints what is wrong with one and exits with 1.
    """
    for opts in options:
        qemu.location = opts.location
        try:
            qdev_device_add(qemu, opts)
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error
    qemu.location = ""


def main(qemu: Qemu, types: Mapping[str, TypeInfo], line: CommandLine) -> None:
    """Start up: the machine's options, the objects, NUMA, the machine, its devices.

    Prints what goes wrong, and exits with 1.
    """
    machine_options = merged(line.machine)
    select_machine(qemu, line, machine_options)
    set_memory_options(qemu, merged(line.memory))
    if line.smp:
        smp_parse(qemu, merged(line.smp))
        check_cpus(qemu)
    if line.wants_help:
        raise Exit(0)
    create_objects(qemu, types, line.objects, initial=True)
    machine_set_property(qemu, machine_options)
    qemu.machine.acpi = line.acpi
    qemu.mem_path, qemu.mem_prealloc = line.mem_path, line.mem_prealloc
    create_objects(qemu, types, line.objects, initial=False)
    possible_cpus = machine_get_class(qemu).possible_cpu_arch_ids
    if possible_cpus is not None:
        qemu.machine.possible_cpus = possible_cpus(qemu)
    parse_numa_opts(qemu, line.numa)
    machine_run_board_init(qemu)
    device_init_func(qemu, line.devices)


def object_create_initial(opts: QemuOpts) -> bool:
    """Whether an object is made before the accelerator: memory backends are not."""
    kind = opts.get("qom-type")
    return kind is None or not kind.startswith("memory-backend-")


def create_objects(
    qemu: Qemu, types: Mapping[str, TypeInfo], objects: Sequence[QemuOpts], *, initial: bool
) -> None:
    """Make the objects of one of the two rounds, in the order given.

    Help prints on stdout and exits with 0; an error prints as ``qemu: -object
    <text>: <message>`` and exits with 1.
    """
    for opts in objects:
        qemu.location = opts.location
        if initial and (lines := user_creatable_print_help(qemu, types, opts)):
            qemu.stdout.extend(lines)
            raise Exit(0)
        if object_create_initial(opts) != initial:
            continue
        try:
            user_creatable_add_opts(qemu, types, opts)
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error
    qemu.location = ""


def user_creatable_print_help(
    qemu: Qemu, types: Mapping[str, TypeInfo], opts: QemuOpts
) -> list[str]:
    """Return what ``help`` in an -object prints, nothing if it is not asked for.

    Exits with 0 for help on a type whose properties the model does not know.
    """
    kind = opts.get("qom-type")
    if kind is not None and is_help_option(kind):
        return user_creatable_print_types(qemu, types)
    info = types.get(kind or "")
    if info is not None and info.exists(qemu) and opts.has_help():
        if not info.modelled:
            raise Exit(0)
        return type_help(qemu, info)
    return []


def user_creatable_add_opts(qemu: Qemu, types: Mapping[str, TypeInfo], opts: QemuOpts) -> None:
    """Make the object that an -object describes.

    Raises ``Parameter 'qom-type' is missing``, ``Parameter 'id' is missing`` and
    what ``user_creatable_add_type`` raises.
    """
    kind = opts.get("qom-type")
    if kind is None:
        raise messages.MISSING_PARAMETER.error(name="qom-type")
    if opts.id is None:
        raise messages.MISSING_PARAMETER.error(name="id")
    names = dict.fromkeys(name for name, _ in opts.params if name != "qom-type")
    user_creatable_add_type(qemu, types, kind, opts.id, names, OptsVisitor(qemu, opts))
