"""``softmmu/vl.c``: the command line of 7.2, and in which order it takes effect."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from .. import messages
from ..error import Error, Exit
from ..globals import Qemu
from ..qemu_option import QemuOpts, is_help_option, parse_option_number
from ..qom import TypeInfo, object_resolve_path, qdict_order, type_help
from ..vl import CommandLine
from .boards import Machine72, Memdev, find_machine, machine_help
from .hostmem import HostMemoryBackend
from .json_parser import qobject_from_json
from .machine import (
    machine_parse_smp_config,
    machine_run_board_init,
    machine_set_mem,
    machine_set_property,
)
from .numa import parse_numa_opts
from .pc import pc_possible_cpu_arch_ids
from .qapi_qom import ObjectOptions, visit_type_ObjectOptions
from .qdev_monitor import DeviceOptions, qdev_device_add_from_qdict, takes_memory
from .qemu_option import (
    OptsVisitor72,
    Warn,
    keyval_parse,
    parse_option_size,
    qemu_opts_parse_noisily,
    warn_of_hex,
)
from .qobject_input import QObjectInputVisitor72
from .qom import user_creatable_add_type

C_FILE = "softmmu/vl.c"

#: Options that take a value, and those that take none (``qemu-options.hx``).
WITH_VALUE: Final = frozenset(
    """
    D L M accel acpitable action add-fd append audio audiodev bios blockdev boot cdrom chardev
    chroot compat cpu d debugcon device dfilter display drive dtb dump-vmstate echr fda fdb fsdev
    fw_cfg g gdb global hda hdb hdc hdd icount incoming initrd iscsi k kernel loadvm m machine
    mem-path mon monitor msg mtdblock name net netdev nic numa object option-rom overcommit
    parallel pflash pidfile plugin prom-env qmp qmp-pretty qtest qtest-log readconfig rotate rtc
    runas sandbox sd seed semihosting-config serial set smbios smp spice tpmdev trace usbdevice
    uuid vga virtfs vnc watchdog-action xen-domid
    """.split()  # noqa: SIM905 - a table of words is read as words
)
WITHOUT_VALUE: Final = frozenset(
    """
    S async-teardown audio-help daemonize enable-kvm enable-sync-profile full-screen h help
    mem-prealloc no-acpi no-fd-bootchk no-hpet no-reboot no-shutdown no-user-config nodefaults
    nographic old-param only-migratable portrait preconfig s semihosting singlestep snapshot usb
    version win2k-hack xen-attach xen-domid-restrict
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
#: Options whose value may ask for help, which ends before anything is made.
HELP_IN_VALUE: Final = frozenset({"accel", "cpu"})
#: The machine of QEMU's own where none is named.
DEFAULT_MACHINE: Final = "pc"
SMP_HELP: Final = (
    "smp-opts options:",
    *(
        f"  {name}=<num>"
        for name in ("clusters", "cores", "cpus", "dies", "maxcpus", "sockets", "threads")
    ),
)


@attrs.frozen
class Option:
    """One option of the line: its name, its value if it takes one, the word as given."""

    name: str
    value: str | None
    word: str

    @property
    def location(self) -> str:
        """The option as error reports name it."""
        return self.word if self.value is None else f"{self.word} {self.value}"


def lookup_opts(qemu: Qemu, args: Sequence[str]) -> Iterator[Option]:
    """Give the options one by one; a word without a dash is an option without a name.

    Prints ``qemu: <option>: invalid option`` or ``... requires an argument`` and exits
    with 1.
    """
    words = iter(args)
    for word in words:
        if not word.startswith("-"):
            yield Option("", None, word)
            continue
        name = word[2:] if word.startswith("--") else word[1:]
        qemu.location = word
        if name in WITHOUT_VALUE:
            yield Option(name, None, word)
            continue
        if name not in WITH_VALUE:
            qemu.error_report(messages.INVALID_OPTION)
            raise Exit(1)
        value = next(words, None)
        if value is None:
            qemu.error_report(messages.REQUIRES_ARGUMENT)
            raise Exit(1)
        yield Option(name, value, word)
    qemu.location = ""


@attrs.define
class CommandLine72(CommandLine):
    """The options of one command line; ``object_options`` are the checked descriptions.

    ``device_options`` are all of -device, those in JSON after the others, as they are
    made.  ``machine_help`` if -machine asks for help, ``wants_help`` if another option does;
    ``names_cpu`` if there is a -cpu.
    """

    object_options: list[ObjectOptions] = attrs.field(factory=list)
    device_options: list[DeviceOptions] = attrs.field(factory=list)
    machine_help: bool = False
    wants_help: bool = False
    names_cpu: bool = False


def parse_command_line(
    qemu: Qemu, types: Mapping[str, TypeInfo], args: Sequence[str]
) -> CommandLine72:
    """Read all options; every -object is checked here, before the first object is made.

    What QEMU would refuse is printed as QEMU prints it, and exits with 1; help prints
    on stdout and exits with 0.
    """
    line = CommandLine72()
    for option in list(lookup_opts(qemu, args)):
        if option.name not in MODELLED:
            ignore(line, option)
            line.names_cpu |= option.name == "cpu"
            line.wants_help |= option.name in HELP_IN_VALUE and is_help_option(option.value or "")
            continue
        qemu.location = option.location
        if option.name in HELP:
            ignore(line, option)
            raise Exit(0)
        if option.name == "mem-prealloc":
            line.mem_prealloc = True
        elif option.name == "no-acpi":
            line.acpi = False
        elif option.name == "mem-path":
            line.mem_path = option.value
        elif option.name == "object":
            object_option_parse(qemu, types, line, option)
        elif option.name == "device":
            device_option_parse(qemu, line, option)
        else:
            opts, first_name = kept(line, option.name)
            parse_opts(qemu, line, opts, first_name, option)
    qemu.location = ""
    line.device_options.sort(key=lambda device: device.from_json)
    return line


def ignore(line: CommandLine72, option: Option) -> None:
    """Note an option that decides nothing about memory."""
    line.ignored.append(option.location)


def device_option_parse(qemu: Qemu, line: CommandLine72, option: Option) -> None:
    """Read one -device, JSON or properties.

    Prints what is wrong with it, or with its id, and exits with 1.
    """
    text = option.value or ""
    try:
        if text.startswith("{"):
            values = dict(qobject_from_json(text))
            id = values.pop("id", None)
        else:
            opts = qemu_opts_parse_noisily(text, "driver", warn_of_short_form(qemu))
            values, id = dict(opts.params), opts.id
            others = [other.id for other in line.device_options if not other.from_json]
            if id is not None and id in others:
                raise messages.DUPLICATE_ID.error(id=id, group="device")
            line.wants_help |= opts.has_help() or is_help_option(values.get("driver", ""))
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    driver = values.pop("driver", None)
    values.pop("bus", None)
    made = DeviceOptions(
        option.location,
        driver if isinstance(driver, str) else None,
        id if isinstance(id, str) else None,
        values,
        from_json=text.startswith("{"),
    )
    line.device_options.append(made)
    if not takes_memory(made.driver):
        ignore(line, option)


def kept(line: CommandLine72, name: str) -> tuple[list[QemuOpts], str]:
    """Return where an option is kept, and the name of its first parameter."""
    return {
        "M": (line.machine, "type"),
        "machine": (line.machine, "type"),
        "m": (line.memory, "size"),
        "smp": (line.smp, "cpus"),
        "numa": (line.numa, "type"),
    }[name]


def parse_opts(
    qemu: Qemu, line: CommandLine72, kept: list[QemuOpts], first_name: str, option: Option
) -> None:
    """Read an option's parameters.  Prints what is wrong with them and exits with 1.

    -machine and -smp want an ``=`` after every name but the first; the values of -m
    are read at once.  Help on -smp prints on stdout and exits with 0.
    """
    assert option.value is not None
    try:
        if option.name in ("M", "machine", "smp"):
            opts, wants_help = keyval_parse(option.value, first_name)
            if wants_help and option.name == "smp":
                qemu.stdout.extend(SMP_HELP)
                raise Exit(0)
            line.machine_help |= wants_help
        else:
            opts = qemu_opts_parse_noisily(
                option.value,
                first_name,
                warn_of_short_form(qemu),
                merge_lists=option.name == "m",
            )
            if opts.id is not None and any(other.id == opts.id for other in kept):
                raise messages.DUPLICATE_ID.error(id=opts.id, group="numa")
            if option.name == "m":
                check_memory_opts(qemu, opts)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    kept.append(attrs.evolve(opts, location=option.location))


def check_memory_opts(qemu: Qemu, opts: QemuOpts) -> None:
    """Read what -m says, as often as it says it (``softmmu/vl.c:qemu_mem_opts``).

    Raises ``Invalid parameter '<name>'``, and what reading a size or a number raises.
    """
    for name, text in opts.params:
        match name:
            case "size" | "maxmem":
                parse_option_size(name, text, warn_of_hex(qemu))
            case "slots":
                parse_option_number(name, text)
            case _:
                raise messages.INVALID_KEY.error(name=name)


def object_option_parse(
    qemu: Qemu, types: Mapping[str, TypeInfo], line: CommandLine72, option: Option
) -> None:
    """Read one -object, JSON or properties, and check it against the schema.

    Prints what is wrong with it and exits with 1; help exits with 0.
    """
    text = option.value
    assert text is not None
    try:
        if text.startswith("{"):
            json = QObjectInputVisitor72(qobject_from_json(text))
            options = visit_type_ObjectOptions(json, text)
        else:
            opts = qemu_opts_parse_noisily(text, "qom-type", warn_of_short_form(qemu))
            if opts.id is not None and any(other.id == opts.id for other in line.objects):
                raise messages.DUPLICATE_ID.error(id=opts.id, group="object")
            line.objects.append(opts)
            lines = user_creatable_help(qemu, types, opts)
            if lines:
                qemu.stdout.extend(lines)
                raise Exit(0)
            visitor = OptsVisitor72(opts, warn_of_hex(qemu))
            options = visit_type_ObjectOptions(visitor, text)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    line.object_options.append(options)


def warn_of_short_form(qemu: Qemu) -> Warn:
    """Return what prints the two lines about a parameter without ``=``."""

    def warn(given: str, name: str, value: str) -> None:
        qemu.warn_report(messages.SHORT_FORM, given=given)
        qemu.fprintf_stderr(messages.SHORT_FORM_HINT, name=name, value=value)

    return warn


def user_creatable_help(qemu: Qemu, types: Mapping[str, TypeInfo], opts: QemuOpts) -> list[str]:
    """Return what ``help`` in an -object prints, nothing if it is not asked for.

    Raises ``Parameter 'qom-type' is missing``.
    """
    kind = opts.get("qom-type")
    if kind is None:
        raise messages.MISSING_PARAMETER.error(name="qom-type")
    if is_help_option(kind):
        names = sorted(
            info.name for info in types.values() if not info.abstract and info.exists(qemu)
        )
        return ["List of user creatable objects:", *(f"  {name}" for name in names)]
    info = types.get(kind)
    if info is not None and info.modelled and info.exists(qemu) and opts.has_help():
        return type_help(qemu, info)
    return []


def object_create_early(options: ObjectOptions) -> bool:
    """Whether an object is made before the machine: memory backends are not."""
    return not options.qom_type.startswith("memory-backend-")


def create_objects(
    qemu: Qemu, types: Mapping[str, TypeInfo], options: Sequence[ObjectOptions], *, early: bool
) -> None:
    """Make the objects of one of the two rounds, in the order given.

    An error prints as ``qemu: <message>``, without the option, and exits with 1.
    """
    for one in options:
        if object_create_early(one) != early:
            continue
        try:
            user_creatable_add_type(
                qemu, types, one.qom_type, one.id, one.values, QObjectInputVisitor72(one.values)
            )
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error


def keyval_dashify(qemu: Qemu, options: QemuOpts) -> QemuOpts:
    """Return the parameters with ``-`` for each ``_`` in a name.

    Prints ``Conflict between '<name>' and '<name>'`` and exits with 1.
    """
    names = dict(options.params)
    for name in qdict_order(names):
        dashed = name.replace("_", "-")
        if dashed != name and dashed in names:
            qemu.error_report(messages.MACHINE_CONFLICT, name=name, other=dashed)
            raise Exit(1)
    params = tuple((name.replace("_", "-"), value) for name, value in options.params)
    return attrs.evolve(options, params=params)


def select_machine(qemu: Qemu, options: QemuOpts) -> Machine72:
    """Return the machine of the line, or the one that suits it.

    Prints ``unsupported machine type`` and exits with 1.
    """
    name = options.get("type") or qemu.assumed_machine or DEFAULT_MACHINE
    machine = find_machine(name)
    if machine is None:
        qemu.error_report_err(messages.UNSUPPORTED_MACHINE.error(hint=messages.MACHINE_HINT))
        raise Exit(1)
    qemu.machine.name, qemu.machine.type_name = name, f"{machine.name}-machine"
    return machine


def qemu_process_help_options(qemu: Qemu, line: CommandLine72, options: QemuOpts) -> None:
    """Exit with 0 where an option asks for help; the machines are listed on stdout.

    The other lists are those of a build and are not modelled.
    """
    if line.machine_help and find_machine(options.get("type") or "") is None:
        qemu.stdout.extend(machine_help())
    if line.machine_help or line.wants_help:
        raise Exit(0)


def qemu_resolve_machine_memdev(qemu: Qemu, memdev: Memdev) -> None:
    """Find the backend that -machine names.

    Prints ``Memory backend '<id>' not found`` and exits with 1.
    """
    if memdev.id is None:
        return
    found = object_resolve_path(qemu, memdev.id)
    if not isinstance(found, HostMemoryBackend):
        qemu.error_report(messages.MEMDEV_NOT_FOUND, id=memdev.id)
        raise Exit(1)
    memdev.backend = found
    if not memdev.size_given:
        qemu.machine.ram_size = found.size


def merged(options: Sequence[QemuOpts]) -> QemuOpts:
    """Return the parameters of an option given several times."""
    return QemuOpts(None, tuple(param for opts in options for param in opts.params))


def qemu_init(qemu: Qemu, types: Mapping[str, TypeInfo], line: CommandLine72) -> None:
    """Make what the command line asks for, in 7.2's order.

    The machine, objects that are no backends, the machine's properties, the backends,
    the machine's own, the nodes, the board.  Prints what goes wrong and exits with 1; that
    a machine is deprecated is told when its properties are set.
    """
    options, memdev = keyval_dashify(qemu, merged(line.machine)), Memdev()
    qemu_process_help_options(qemu, line, options)
    if not line.machine:
        line.assumed_machine = qemu.assumed_machine or assume_machine(line)
        qemu.assumed_machine = line.assumed_machine
    machine = select_machine(qemu, options)
    create_objects(qemu, types, line.object_options, early=True)
    machine_set_mem(qemu, machine, merged(line.memory), memdev)
    if line.smp:
        machine_parse_smp_config(qemu, machine, merged(line.smp))
    machine_set_property(qemu, machine, options, memdev)
    if not line.acpi:
        qemu.machine.acpi = False
    qemu.mem_path, qemu.mem_prealloc = line.mem_path, line.mem_prealloc
    if memdev.id is not None and qemu.mem_path is not None:
        qemu.error_report(messages.MEM_PATH_AND_MEMDEV)
        raise Exit(1)
    if machine.deprecated:
        qemu.warn_report(messages.MACHINE_DEPRECATED, name=machine.name)
    create_objects(qemu, types, line.object_options, early=False)
    qemu_resolve_machine_memdev(qemu, memdev)
    if machine.numa:
        qemu.machine.possible_cpus = pc_possible_cpu_arch_ids(qemu)
    parse_numa_opts(qemu, machine, line.numa)
    machine_run_board_init(qemu, types, machine, memdev, default_cpu=not line.names_cpu)
    qemu_create_cli_devices(qemu, machine, line.device_options)


def assume_machine(line: CommandLine72) -> str:
    """Return the machine that somebody who wrote only this about memory has in mind."""
    about_ram = line.memory or line.numa or line.mem_prealloc or line.mem_path is not None
    devices = any(takes_memory(device.driver) for device in line.device_options)
    return DEFAULT_MACHINE if about_ram or devices else "none"


def qemu_create_cli_devices(
    qemu: Qemu, machine: Machine72, devices: Sequence[DeviceOptions]
) -> None:
    """Make the devices that take a backend; of the others only the ids count.

    Prints what is wrong with one, and exits with 1.
    """
    ids: set[str] = set()
    for device in devices:
        qemu.location = device.location
        try:
            if device.driver is None:
                raise messages.DRIVER_MISSING.error(name="driver")
            if device.id is not None and device.id in ids:
                raise messages.DUPLICATE_DEVICE.error(id=device.id)
            if takes_memory(device.driver):
                qdev_device_add_from_qdict(qemu, machine, device)
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error
        if device.id is not None:
            ids.add(device.id)
    qemu.location = ""
