"""``system/vl.c``: the command line since 6.0, and in which order it takes effect."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from . import messages
from .error import Error, Exit
from .globals import Qemu
from .json_parser import qobject_from_json
from .keyval import keyval_parse_into
from .opts_visitor import OptsVisitor
from .qapi_qom import ObjectOptions, visit_type_ObjectOptions
from .qdict import qdict_order
from .qemu_option import QemuOpts, is_help_option, qemu_opts_parse_noisily
from .qobject_input import QObjectInputVisitor
from .qom import TypeInfo, object_resolve_path, type_help, user_creatable_add_type
from .user_creatable import user_creatable_print_types
from .v7_2.boards import Machine72, Memdev, find_machine, machine_help
from .v7_2.hostmem import HostMemoryBackend
from .v7_2.machine import (
    machine_parse_smp_config,
    machine_run_board_init,
    machine_set_mem,
    machine_set_property,
)
from .v7_2.numa import parse_numa_opts
from .v7_2.pc import pc_possible_cpu_arch_ids
from .v7_2.qdev_monitor import DeviceOptions, qdev_device_add_from_qdict, takes_memory
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

SMP_HELP: Final = (
    "smp-opts options:",
    *(
        f"  {name}=<num>"
        for name in ("clusters", "cores", "cpus", "dies", "maxcpus", "sockets", "threads")
    ),
)


@attrs.define
class QapiCommandLine(CommandLine):
    """The options of one command line; ``object_options`` are the checked descriptions.

    ``device_options`` are all of -device, those in JSON after the others, as they are
    made.  ``machine_opts_dict`` and ``smp_opts`` are what -machine and -smp say by keyval;
    ``machine_help`` if -machine asks for help.
    """

    object_options: list[ObjectOptions] = attrs.field(factory=list)
    device_options: list[DeviceOptions] = attrs.field(factory=list)
    machine_opts_dict: dict[str, Any] = attrs.field(factory=dict)
    smp_opts: dict[str, Any] = attrs.field(factory=dict)
    machine_help: bool = False


def parse_command_line(
    qemu: Qemu, types: Mapping[str, TypeInfo], args: Sequence[str]
) -> QapiCommandLine:
    """Read all options; every -object is checked here, before the first object is made.

    What QEMU would refuse is printed as QEMU prints it, and exits with 1; help prints
    on stdout and exits with 0.
    """
    line = QapiCommandLine()
    for option in list(lookup_opt(qemu, args)):
        qemu.location = option.location
        if option.name in MODELLED:
            _parse_option(qemu, types, line, option)
        else:
            parse_other_option(qemu, line, option)
    qemu.location = ""
    line.device_options.sort(key=lambda device: device.from_json)
    return line


def _parse_option(
    qemu: Qemu, types: Mapping[str, TypeInfo], line: QapiCommandLine, option: Option
) -> None:
    """Read one option that matters to memory.  Prints what is wrong and exits with 1."""
    value = option.value or ""
    match option.name:
        case "mem-prealloc":
            line.mem_prealloc = True
        case "no-acpi":
            qemu.warn_report(messages.NO_ACPI_DEPRECATED)
            line.acpi = False
        case "mem-path":
            line.mem_path = value
        case "object":
            object_option_parse(qemu, types, line, option)
        case "device":
            _device_option_parse(qemu, line, option)
        case "numa":
            parse_opts(qemu, NUMA_OPTS, line.numa, value)
        case "m":
            parse_opts(qemu, MEM_OPTS, line.memory, value)
        case "smp":
            _smp_option_parse(qemu, line, option)
        case _:
            _machine_option_parse(qemu, line, value)


def _machine_option_parse(qemu: Qemu, line: QapiCommandLine, value: str) -> None:
    """Read -machine.  Prints what is wrong with it and exits with 1."""
    if not qemu.tree.vl.machine_is_keyval:
        opts = parse_opts(qemu, MACHINE_OPTS, line.machine, value)
        line.machine_help |= opts.has_help() or is_help_option(opts.get("type") or "")
        line.machine_opts_dict.update(opts.params)
        return
    line.machine_help |= _keyval_parse(qemu, line.machine_opts_dict, value, "type")
    line.machine.append(QemuOpts(None, (), value, qemu.location))


def _smp_option_parse(qemu: Qemu, line: QapiCommandLine, option: Option) -> None:
    """Read -smp.  Prints what is wrong with it and exits with 1; help exits with 0."""
    if _keyval_parse(qemu, line.smp_opts, option.value or "", "cpus"):
        qemu.stdout.extend(SMP_HELP)
        raise Exit(0)
    line.smp.append(QemuOpts(None, (), option.value or "", option.location))


def _keyval_parse(qemu: Qemu, qdict: dict[str, Any], value: str, implied_key: str) -> bool:
    """Parse ``value`` into ``qdict``; return whether it asks for help.

    Prints what is wrong with it and exits with 1.
    """
    try:
        return keyval_parse_into(qdict, value, implied_key)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error


def _device_option_parse(qemu: Qemu, line: QapiCommandLine, option: Option) -> None:
    """Read one -device, JSON or properties.

    Prints what is wrong with it, or with its id, and exits with 1.
    """
    text = option.value or ""
    from_json = text.startswith("{") and qemu.tree.vl.device_takes_json
    try:
        if from_json:
            values = dict(qobject_from_json(qemu, text))
            id = values.pop("id", None)
        else:
            opts = qemu_opts_parse_noisily(qemu, DEVICE_OPTS, text, line.devices)
            line.devices.append(opts)
            values, id = dict(opts.params), opts.id
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
        from_json=from_json,
    )
    line.device_options.append(made)
    if not takes_memory(made.driver):
        line.ignore(option)


def object_option_parse(
    qemu: Qemu, types: Mapping[str, TypeInfo], line: QapiCommandLine, option: Option
) -> None:
    """Read one -object, JSON or properties, and check it against the schema.

    Prints what is wrong with it and exits with 1; help exits with 0.
    """
    text = option.value or ""
    try:
        if text.startswith("{"):
            json = QObjectInputVisitor(qobject_from_json(qemu, text))
            options = visit_type_ObjectOptions(qemu, json, text)
        else:
            opts = qemu_opts_parse_noisily(qemu, OBJECT_OPTS, text, line.objects)
            line.objects.append(opts)
            lines = user_creatable_print_help(qemu, types, opts)
            if lines:
                qemu.stdout.extend(lines)
                raise Exit(0)
            options = visit_type_ObjectOptions(qemu, OptsVisitor(qemu, opts), text)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    line.object_options.append(options)
    info = types.get(options.qom_type)
    if info is not None and not info.modelled:
        line.ignore(option)


def user_creatable_print_help(
    qemu: Qemu, types: Mapping[str, TypeInfo], opts: QemuOpts
) -> list[str]:
    """Return what ``help`` in an -object prints, nothing if it is not asked for.

    Exits with 0 for help on a type whose properties the model does not know.

    Raises ``Parameter 'qom-type' is missing``.
    """
    kind = opts.get("qom-type")
    if kind is None:
        raise messages.MISSING_PARAMETER.error(name="qom-type")
    if is_help_option(kind):
        return user_creatable_print_types(qemu, types)
    info = types.get(kind)
    if info is not None and info.exists(qemu) and opts.has_help():
        if not info.modelled:
            raise Exit(0)
        return type_help(qemu, info)
    return []


def object_create_early(options: ObjectOptions) -> bool:
    """Whether an object is made before the machine: memory backends are not."""
    return not options.qom_type.startswith("memory-backend-")


def object_option_foreach_add(
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
                qemu, types, one.qom_type, one.id, one.values, QObjectInputVisitor(one.values)
            )
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error


def keyval_dashify(qemu: Qemu, qdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dictionary with ``-`` for each ``_`` in a key.

    Prints ``Conflict between '<name>' and '<name>'`` and exits with 1.
    """
    for name in qdict_order(qdict):
        dashed = name.replace("_", "-")
        if dashed != name and dashed in qdict:
            qemu.error_report(messages.MACHINE_CONFLICT, name=name, other=dashed)
            raise Exit(1)
    return {name.replace("_", "-"): value for name, value in qdict.items()}


def select_machine(qemu: Qemu, name: str | None) -> Machine72:
    """Return the machine of the line, or the one that suits it.

    Prints ``unsupported machine type`` and exits with 1.
    """
    name = name or qemu.assumed_machine or DEFAULT_MACHINE
    machine = find_machine(name)
    if machine is None:
        qemu.error_report_err(messages.UNSUPPORTED_MACHINE.error(hint=messages.MACHINE_HINT))
        raise Exit(1)
    qemu.machine.name, qemu.machine.type_name = name, f"{machine.name}-machine"
    return machine


def qemu_process_help_options(qemu: Qemu, line: QapiCommandLine, name: str) -> None:
    """Exit with 0 where an option asks for help; the machines are listed on stdout.

    The other lists are those of a build and are not modelled.
    """
    if line.machine_help and find_machine(name) is None:
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


def qemu_init(qemu: Qemu, types: Mapping[str, TypeInfo], line: QapiCommandLine) -> None:
    """Make what the command line asks for.

    The machine, objects that are no backends, the machine's properties, the backends,
    the machine's own, the nodes, the board.  Prints what goes wrong and exits with 1; that
    a machine is deprecated is told when its properties are set.
    """
    qemu.has_objects_root = qemu.tree.qom.containers_are_there_at_start
    options, memdev = keyval_dashify(qemu, line.machine_opts_dict), Memdev()
    name = options.pop("type", None)
    qemu_process_help_options(qemu, line, name or "")
    if not line.machine:
        line.assumed_machine = qemu.assumed_machine or _assume_machine(line)
        qemu.assumed_machine = line.assumed_machine
    machine = select_machine(qemu, name)
    object_option_foreach_add(qemu, types, line.object_options, early=True)
    machine_set_mem(qemu, machine, merged(line.memory), memdev)
    if line.smp:
        machine_parse_smp_config(qemu, machine, QemuOpts(None, tuple(line.smp_opts.items())))
    machine_set_property(qemu, machine, QemuOpts(None, tuple(options.items())), memdev)
    if not line.acpi:
        qemu.machine.acpi = False
    qemu.mem_path, qemu.mem_prealloc = line.mem_path, line.mem_prealloc
    if memdev.id is not None and qemu.mem_path is not None:
        qemu.error_report(messages.MEM_PATH_AND_MEMDEV)
        raise Exit(1)
    if machine.deprecated:
        qemu.warn_report(messages.MACHINE_DEPRECATED, name=machine.name)
    object_option_foreach_add(qemu, types, line.object_options, early=False)
    qemu_resolve_machine_memdev(qemu, memdev)
    if machine.numa:
        qemu.machine.possible_cpus = pc_possible_cpu_arch_ids(qemu)
    parse_numa_opts(qemu, machine, line.numa)
    machine_run_board_init(qemu, types, machine, memdev, default_cpu=not line.names_cpu)
    qemu_create_cli_devices(qemu, machine, line.device_options)


def _assume_machine(line: QapiCommandLine) -> str:
    """Return the default machine for a line without -machine: pc if it is about RAM, or none."""
    about_ram = line.memory or line.numa or line.mem_prealloc or line.mem_path is not None
    devices = any(takes_memory(device.driver) for device in line.device_options)
    return DEFAULT_MACHINE if about_ram or devices or line.smp else "none"


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
