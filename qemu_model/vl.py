"""``vl.c``: the command line, and in which order it takes effect."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs

from . import messages
from .boards import MIB, MachineClass, machine_get_class
from .error import Error, Exit
from .globals import Qemu
from .machine import machine_run_board_init, set_property
from .machines import find_machine, machine_help
from .numa import parse_numa_opts
from .osdep import round_up
from .qdev_monitor import DEVICES, qdev_device_add
from .qemu_option import (
    UINT64_MAX,
    OptsVisitor,
    QemuOpts,
    is_help_option,
    parse_option_number,
    parse_option_size,
    qemu_opts_parse,
)
from .qom import TypeInfo, type_help, user_creatable_add_type

C_FILE = "vl.c"

#: Options that take a value, and those that take none (``qemu-options.hx``).
WITH_VALUE: Final = frozenset(
    """
    M accel acpitable add-fd append audiodev bios blockdev boot bt cdrom chardev chroot cpu d D
    debugcon device dfilter display drive dtb dump-vmstate echr fda fdb fsdev fw_cfg g gdb
    global hda hdb hdc hdd icount incoming initrd iscsi k kernel L loadvm m machine mem-path
    mon monitor msg mtdblock name net netdev nic numa object option-rom overcommit parallel
    pflash pidfile prom-env qmp qmp-pretty qtest qtest-log readconfig realtime rotate rtc
    runas sandbox sd seed semihosting-config serial set show-cursor-value smbios smp soundhw
    spice tb-size tpmdev trace usbdevice uuid vga virtfs virtioconsole vnc watchdog
    watchdog-action writeconfig xen-domid
    """.split()  # noqa: SIM905 - a table of words is read as words
)
WITHOUT_VALUE: Final = frozenset(
    """
    S alt-grab audio-help ctrl-grab curses daemonize enable-fips enable-hax enable-kvm
    enable-sync-profile full-screen h help mem-prealloc no-acpi no-fd-bootchk no-frame no-hpet
    no-kvm no-quit no-reboot no-shutdown no-user-config nodefaults nographic nouserconfig
    old-param only-migratable portrait preconfig s sdl semihosting show-cursor singlestep
    snapshot usb version virtfs_synth win2k-hack xen-attach xen-create xen-domid-restrict
    """.split()  # noqa: SIM905 - a table of words is read as words
)
#: Options that decide something about memory; the others are accepted and named as ignored.
MODELLED: Final = frozenset(
    """
    M device h help m machine mem-path mem-prealloc no-acpi numa object smp version
    """.split()  # noqa: SIM905 - a table of words is read as words
)
#: What prints something and ends at once.
HELP: Final = frozenset({"h", "help", "version"})
#: Options whose value may ask for help, which ends before any backend is made.
HELP_IN_VALUE: Final = frozenset({"accel", "cpu", "device"})

#: What -m and -smp take, and how it is read (``qemu_mem_opts``, ``qemu_smp_opts``).
MEMORY_OPTS: Final = MappingProxyType(
    {"size": parse_option_size, "slots": parse_option_number, "maxmem": parse_option_size}
)
SMP_OPTS: Final = MappingProxyType(
    dict.fromkeys(("cpus", "sockets", "cores", "threads", "maxcpus"), parse_option_number)
)
#: The machine of QEMU's own where none is named.
DEFAULT_MACHINE: Final = "pc"
UINT32_MAX: Final = 0xFFFF_FFFF


@attrs.define
class CommandLine:
    """The options of one command line, in the order given, each kind by itself.

    Every entry keeps its place on the line, as error reports name it.  ``ignored``
    are the options that say nothing about memory backends, with their values, among
    them the ``devices`` that take none.  ``wants_help`` if the value of an option asks
    for help, ``assumed_machine`` is the machine where the line names none.
    """

    objects: list[QemuOpts] = attrs.field(factory=list)
    machine: list[QemuOpts] = attrs.field(factory=list)
    memory: list[QemuOpts] = attrs.field(factory=list)
    smp: list[QemuOpts] = attrs.field(factory=list)
    numa: list[QemuOpts] = attrs.field(factory=list)
    devices: list[QemuOpts] = attrs.field(factory=list)
    mem_path: str | None = None
    mem_prealloc: bool = False
    acpi: bool = True
    wants_help: bool = False
    ignored: list[str] = attrs.field(factory=list)
    assumed_machine: str | None = None


def lookup_opt(qemu: Qemu, args: Sequence[str], index: int) -> tuple[str, str | None, int]:
    """Return the option at ``index``, its value, and where the next one begins.

    Prints ``qemu: <option>: invalid option`` or ``... requires an argument`` and
    exits with 1.
    """
    word = args[index]
    name = word[2:] if word.startswith("--") else word[1:]
    qemu.location = word
    if name in WITHOUT_VALUE:
        return name, None, index + 1
    if name not in WITH_VALUE:
        qemu.error_report(messages.INVALID_OPTION)
        raise Exit(1)
    if index + 1 >= len(args):
        qemu.error_report(messages.REQUIRES_ARGUMENT)
        raise Exit(1)
    return name, args[index + 1], index + 2


def parse_command_line(qemu: Qemu, args: Sequence[str]) -> CommandLine:
    """Read all options; ids of objects are checked here, before the first object is made.

    What QEMU would refuse is printed as QEMU prints it, and exits with 1: first
    options that there are not, then what is wrong with the text of one.
    """
    line = CommandLine()
    options: list[tuple[str, str, str | None]] = []
    index = 0
    while index < len(args):
        word = args[index]
        if word.startswith("-"):
            name, value, index = lookup_opt(qemu, args, index)
            options.append((word, name, value))
        else:
            options.append((word, "", None))
            index += 1
    for word, name, value in options:
        given = word if value is None else f"{word} {value}"
        if name in MODELLED:
            qemu.location = given
            parse_option(qemu, line, name, value)
        if name in HELP_IN_VALUE:
            line.wants_help |= asks_for_help(name, value or "")
        if name not in MODELLED or name in HELP or (name == "device" and not takes_memory(line)):
            line.ignored.append(given)
        if name in HELP:
            raise Exit(0)
    qemu.location = ""
    return line


def asks_for_help(name: str, value: str) -> bool:
    """Whether an option's value asks for help (``cpu help``, ``device nvdimm,help``)."""
    words = value.split(",") if name == "device" else [value]
    return any(map(is_help_option, words))


def takes_memory(line: CommandLine) -> bool:
    """Whether the device that was read last takes a backend."""
    return line.devices[-1].get("driver") in DEVICES


def parse_option(qemu: Qemu, line: CommandLine, name: str, value: str | None) -> None:
    """Read one option that matters to memory.  Prints what is wrong and exits with 1."""
    match name, value:
        case "mem-prealloc", _:
            line.mem_prealloc = True
        case "no-acpi", _:
            line.acpi = False
        case _ if name in HELP:
            return
        case _, None:
            raise AssertionError(f"-{name} takes a value")
        case "mem-path", _:
            line.mem_path = value
        case "object", _:
            parse_list(qemu, line.objects, "object", "qom-type", value)
        case "numa", _:
            parse_list(qemu, line.numa, "numa", "type", value)
        case "device", _:
            parse_list(qemu, line.devices, "device", "driver", value)
        case "m", _:
            parse_merged(qemu, line.memory, "size", value, MEMORY_OPTS)
        case "smp", _:
            parse_merged(qemu, line.smp, "cpus", value, SMP_OPTS)
        case _:
            parse_merged(qemu, line.machine, "type", value, None)


def parse_list(
    qemu: Qemu, options: list[QemuOpts], group: str, first_name: str, value: str
) -> None:
    """Read an option that may be given many times.

    Prints what is wrong with its id and exits with 1.
    """
    try:
        opts = qemu_opts_parse(value, first_name, qemu.location)
        if opts.id is not None and any(other.id == opts.id for other in options):
            raise messages.DUPLICATE_ID.error(id=opts.id, group=group)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    options.append(opts)


def parse_merged(
    qemu: Qemu,
    options: list[QemuOpts],
    first_name: str,
    value: str,
    parsers: Mapping[str, Callable[[str, str], int]] | None,
) -> None:
    """Read an option whose parameters add up if it is given again; with an id it counts alone.

    ``parsers`` read the values at once.  Prints what is wrong with one, or
    ``Invalid parameter '<name>'``, and exits with 1.
    """
    try:
        opts = qemu_opts_parse(value, first_name, qemu.location)
        if parsers is not None:
            for name, text in opts.params:
                if name not in parsers:
                    raise messages.INVALID_PARAMETER.error(value=name)
                parsers[name](name, text)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    if opts.id is None:
        options.append(opts)


def merged(options: Sequence[QemuOpts]) -> QemuOpts:
    """Return the parameters of an option given several times; its place is the first one's."""
    params = tuple(param for opts in options for param in opts.params)
    return QemuOpts(None, params, location=options[0].location if options else "")


def assume_machine(line: CommandLine) -> str:
    """Return the machine that somebody who wrote only this about memory has in mind.

    QEMU's own default, pc, if the line says something about the guest's RAM; else
    none, on which there is nothing but the objects.
    """
    about_ram = (
        line.machine
        or line.memory
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
        name = line.assumed_machine = qemu.assumed_machine or assume_machine(line)
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
        size = parse_option_size("size", text)
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
        most = parse_option_size("maxmem", maxmem)
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
        if initial and (lines := object_help(qemu, types, opts)):
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


def object_help(qemu: Qemu, types: Mapping[str, TypeInfo], opts: QemuOpts) -> list[str]:
    """Return what ``help`` in an -object prints, nothing if it is not asked for."""
    kind = opts.get("qom-type")
    if kind is not None and is_help_option(kind):
        names = sorted(
            info.name
            for info in types.values()
            if info.creatable and not info.abstract and info.exists(qemu)
        )
        return ["List of user creatable objects:", *(f"  {name}" for name in names)]
    info = types.get(kind or "")
    if info is not None and info.modelled and info.exists(qemu) and opts.has_help():
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
    user_creatable_add_type(qemu, types, kind, opts.id, names, OptsVisitor(opts))
