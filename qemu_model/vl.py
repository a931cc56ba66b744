"""``system/vl.c``: the command line since 6.0, and in which order it takes effect."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs

from . import messages
from .boards import machine_get_class
from .bootdevice import machine_set_boot, qemu_boot_set
from .cpu_target import parse_cpu_option
from .error import Error, Exit
from .front_end import CommandLine
from .globals import Qemu
from .keyval import QDict, keyval_merge, keyval_parse_into
from .machine import machine_run_board_init, machine_set_mem, qemu_resolve_machine_memdev
from .machine_properties import set_property
from .machine_smp import _smp_parameters, machine_parse_smp_config
from .machines import deprecation_reason, find_machine, machine_help
from .opts_visitor import OptsVisitor
from .oslib_posix import qemu_finish_async_prealloc_mem
from .qapi_qom import ObjectOptions, visit_type_ObjectOptions
from .qdev_monitor import (
    _implies_a_machine,
    device_class,
    qdev_device_add,
    qdev_machine_creation_done,
    qemu_system_reset,
)
from .qdict import _qdict_order
from .qemu_option import (
    QemuOpts,
    is_help_option,
    parse_option_number,
    qemu_opt_get_size,
    qemu_opts_parse_noisily,
)
from .qobject_input import (
    QObjectInputVisitor,
    _visit_struct,
    qobject_input_visitor_new_keyval,
)
from .qom import user_creatable_add_type
from .string_input import StringInputVisitor
from .user_creatable import (
    user_creatable_print_type_properites,
    user_creatable_print_types,
)
from .vl_option_groups import _is_kept_with_machine, qemu_set_option
from .vl_options import (
    BOOT_OPTS,
    DEVICE_OPTS,
    MACHINE_OPTS,
    MEM_OPTS,
    MODELLED,
    NUMA_OPTS,
    OBJECT_OPTS,
    SMP_OPTS_SINCE_4_1,
    Option,
    _find_and_set_machine,
    _parse_other_option,
    _qemu_opts_print_help,
    _refuse_machine,
    _refuse_missing_machine,
    lookup_opt,
    merged,
    parse_opts,
    set_memory_options,
)

if TYPE_CHECKING:
    from .pc_dimm import Visitor

C_FILE = "system/vl.c"


class _DeviceOptions(NamedTuple):
    """One -device: ``values`` without driver, bus and id; text, or JSON.

    ``params`` are the same as text, in the order of the line.
    """

    location: str
    driver: str | None
    id: str | None
    bus: str | None
    values: Mapping[str, Any]
    from_json: bool = False
    params: tuple[tuple[str, str], ...] = ()


@attrs.define(eq=False, repr=False)
class _QapiCommandLine(CommandLine):
    """The options of one command line; ``object_options`` are the checked descriptions.

    ``device_options`` are all of -device, those in JSON after the others, as they are
    made.  ``machine_opts_dict`` is what -machine says by keyval, and what the options say
    that are merged into it; ``machine_help`` if -machine asks for help.
    """

    object_options: list[ObjectOptions] = attrs.field(factory=list)
    device_options: list[_DeviceOptions] = attrs.field(factory=list)
    machine_opts_dict: dict[str, Any] = attrs.field(factory=dict)
    machine_help: bool = False
    machine_location: str = ""


def _parse_command_line(qemu: Qemu, args: Sequence[str]) -> _QapiCommandLine:
    """Read all options; every -object is checked here, before the first object is made.

    What QEMU would refuse is printed as QEMU prints it, and exits with 1; help prints
    on stdout and exits with 0.
    """
    line = _QapiCommandLine()
    options = lookup_opt(qemu, args)
    for position, option in enumerate(options):
        qemu.location = option.location
        if option.name in MODELLED:
            _parse_option(qemu, line, option)
        else:
            _parse_other_option(qemu, line, option)
            if option.name == "set":
                qemu_set_option(qemu, options[:position], option)
            if _is_kept_with_machine(qemu, option):
                line.machine_location = line.machine_location or option.location
            if option.name == "boot" and qemu.tree.vl.memory_is_a_machine_property:
                help = _qemu_opts_print_help(BOOT_OPTS)
                machine_parse_property_opt(qemu, line, "boot", "order", option, help)
    qemu.location = ""
    line.device_options.sort(key=lambda device: device.from_json)
    return line


def _parse_option(qemu: Qemu, line: _QapiCommandLine, option: Option) -> None:
    """Read one option that matters to memory.  Prints what is wrong and exits with 1."""
    value = option.value or ""
    match option.name:
        case "mem-prealloc":
            line.mem_prealloc = True
        case "no-acpi":
            qemu.warn_report(messages.NO_ACPI_DEPRECATED)
            line.acpi = False
            line.machine_opts_dict["acpi"] = "off"
        case "mem-path":
            line.mem_path = value
        case "object":
            object_option_parse(qemu, line, option)
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


def _machine_option_parse(qemu: Qemu, line: _QapiCommandLine, value: str) -> None:
    """Read -machine.  Prints what is wrong with it and exits with 1."""
    if not qemu.tree.vl.machine_is_keyval:
        opts = parse_opts(qemu, MACHINE_OPTS, line.machine, value)
        line.machine_location = line.machine_location or opts.location
        line.machine_help |= opts.has_help() or is_help_option(opts.get("type") or "")
        line.machine_opts_dict.update(opts.params)
        return
    line.machine_help |= _keyval_parse(qemu, line.machine_opts_dict, value, "type")
    qemu.has_sgx |= "sgx-epc" in line.machine_opts_dict
    line.machine.append(QemuOpts(None, (), value, qemu.location))


def _smp_option_parse(qemu: Qemu, line: _QapiCommandLine, option: Option) -> None:
    """Read -smp.  Prints what is wrong with it and exits with 1; help exits with 0."""
    if not qemu.tree.vl.machine_is_keyval:
        parse_opts(qemu, SMP_OPTS_SINCE_4_1, line.smp, option.value or "")
        return
    numbers = (f"  {name}=<num>" for name in sorted(_smp_parameters(qemu)))
    help = ["smp-opts options:", *numbers]
    machine_parse_property_opt(qemu, line, "smp", "cpus", option, help)
    line.smp.append(QemuOpts(None, (), option.value or "", option.location))


def machine_parse_property_opt(
    qemu: Qemu,
    line: _QapiCommandLine,
    propname: str,
    implied_key: str,
    option: Option,
    help: Sequence[str],
) -> None:
    """Read an option that is a property of the machine, and merge it with what was said of it.

    Prints what is wrong with it and exits with 1; prints ``help`` and exits with 0.
    """
    prop: QDict = {}
    if _keyval_parse(qemu, prop, option.value or "", implied_key):
        qemu.stdout.extend(help)
        raise Exit(0)
    machine_merge_property(qemu, line, propname, prop)


def machine_merge_property(qemu: Qemu, line: _QapiCommandLine, propname: str, prop: QDict) -> None:
    """Merge a property of the machine into what -machine says.

    Prints ``Parameter '<name>' used inconsistently`` and exits with 1.
    """
    try:
        keyval_merge(line.machine_opts_dict, {propname: prop})
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error


def parse_memory_options(qemu: Qemu, line: _QapiCommandLine) -> None:
    """Merge what -m says into the machine's property ``memory``, since 7.1.

    A size without a unit is in MiB, and a size of 0 is left out.  Prints ``Parameter 'memory'
    used inconsistently`` and exits with 1.
    """
    memory = merged(line.memory)
    get = memory.values.get
    prop: QDict = {}
    size = get("size")
    if size and qemu_opt_get_size(qemu, size):
        prop["size"] = f"{size}M" if size[-1].isdigit() else size
    given = {"max-size": get("maxmem"), "slots": get("slots")}
    prop |= {name: text for name, text in given.items() if text is not None}
    qemu.location = memory.location
    machine_merge_property(qemu, line, "memory", prop)
    qemu.location = ""


def _keyval_parse(qemu: Qemu, qdict: dict[str, Any], value: str, implied_key: str) -> bool:
    """Parse ``value`` into ``qdict``; return whether it asks for help.

    Prints what is wrong with it and exits with 1.
    """
    try:
        return keyval_parse_into(qdict, value, implied_key)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error


def _device_option_parse(qemu: Qemu, line: _QapiCommandLine, option: Option) -> None:
    """Read one -device, JSON or properties.

    Prints what is wrong with it, or with its id, and exits with 1.
    """
    text = option.value or ""
    from_json = qemu.tree.vl.device_takes_json and text.startswith("{")
    params: tuple[tuple[str, str], ...] = ()
    try:
        if from_json:
            from .json_parser import qobject_from_json

            values = dict(qobject_from_json(qemu, text))
            id = values.pop("id", None)
        else:
            opts = qemu_opts_parse_noisily(qemu, DEVICE_OPTS, text, line.devices)
            line.devices.append(opts)
            values, id = dict(opts.params), opts.id
            params = tuple(param for param in opts.params if param[0] not in ("driver", "bus"))
            line.wants_help |= opts.has_help() or is_help_option(values.get("driver", ""))
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    driver = values.pop("driver", None)
    bus = values.pop("bus", None)
    made = _DeviceOptions(
        option.location,
        driver if isinstance(driver, str) else None,
        id if isinstance(id, str) else None,
        bus if isinstance(bus, str) else None,
        values,
        from_json=from_json,
        params=params,
    )
    line.device_options.append(made)
    if device_class(qemu, made.driver) is None:
        line.ignore_device(option, made.driver)


def object_option_parse(qemu: Qemu, line: _QapiCommandLine, option: Option) -> None:
    """Read one -object, JSON or properties, and check it against the schema.

    Prints what is wrong with it and exits with 1; help exits with 0.
    """
    text = option.value or ""
    try:
        if text.startswith("{"):
            # A line without JSON starts sooner without its parser.
            from .json_parser import qobject_from_json

            json = QObjectInputVisitor(qobject_from_json(qemu, text))
            options = visit_type_ObjectOptions(qemu, json, text)
        else:
            opts = qemu_opts_parse_noisily(qemu, OBJECT_OPTS, text, line.objects)
            line.objects.append(opts)
            lines = user_creatable_print_help(qemu, opts)
            if lines:
                qemu.stdout.extend(lines)
                raise Exit(0)
            options = visit_type_ObjectOptions(qemu, OptsVisitor(qemu, opts), text)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    line.object_options.append(options)
    info = qemu.types.get(options.qom_type)
    if info is not None and not info.modelled:
        line.ignore(option)


def user_creatable_print_help(qemu: Qemu, opts: QemuOpts) -> list[str]:
    """Return what ``help`` in an -object prints, nothing if it is not requested.

    Exits with 0 for help on a type whose properties the model does not know.

    Raises ``Parameter 'qom-type' is missing``.
    """
    kind = opts.get("qom-type")
    if kind is None:
        raise messages.MISSING_PARAMETER.error(name="qom-type")
    if is_help_option(kind):
        return user_creatable_print_types(qemu)
    info = qemu.types.get(kind)
    if info is not None and opts.has_help() and info.is_in(qemu):
        lines = user_creatable_print_type_properites(qemu, info)
        if not lines:
            raise Exit(0)
        return lines
    return []


def object_create_early(options: ObjectOptions) -> bool:
    """Whether an object is made before the machine: memory backends are not."""
    return not options.qom_type.startswith("memory-backend-")


def object_option_foreach_add(qemu: Qemu, options: Sequence[ObjectOptions], *, early: bool) -> None:
    """Make the objects of one of the two rounds, in the order given.

    An error prints as ``qemu: <message>``, without the option, and exits with 1.
    """
    for one in options:
        if object_create_early(one) != early:
            continue
        try:
            user_creatable_add_type(
                qemu, one.qom_type, one.id, one.values, QObjectInputVisitor(one.values)
            )
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error


def keyval_dashify(qemu: Qemu, qdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dictionary with ``-`` for each ``_`` in a key.

    Prints ``Conflict between '<name>' and '<name>'`` and exits with 1.
    """
    for name in _qdict_order(qdict):
        dashed = name.replace("_", "-")
        if dashed != name and dashed in qdict:
            qemu.error_report(messages.MACHINE_CONFLICT, name=name, other=dashed)
            raise Exit(1)
    return {name.replace("_", "-"): value for name, value in qdict.items()}


def select_machine(qemu: Qemu, line: _QapiCommandLine, name: str | None) -> None:
    """Choose the machine of the line, or the one that suits it.

    Prints ``unsupported machine type`` or ``No machine specified, and there is no default``
    and exits with 1.
    """
    name = name or qemu.assumed_machine or qemu.target.default_machine
    if not name:
        _refuse_missing_machine(qemu)
    if not qemu.tree.vl.machine_is_keyval:
        qemu.location = line.machine_location
    if not _find_and_set_machine(qemu, line, name):
        _refuse_machine(qemu, name)
    qemu.location = ""


def qemu_process_help_options(qemu: Qemu, line: _QapiCommandLine, name: str) -> None:
    """Exit with 0 where an option asks for help; the machines are listed on stdout.

    The other lists depend on the build and are not modelled.
    """
    release = qemu.tree.release
    if line.machine_help and find_machine(name, release, qemu.target) is None:
        qemu.stdout.extend(machine_help(release, qemu.target))
    if line.machine_help or line.wants_help:
        raise Exit(0)


def _or_exit(qemu: Qemu, function: Callable[..., None], *args: Any) -> None:
    """Call a function; an error is printed, and exits with 1."""
    try:
        function(qemu, *args)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error


def smp_parse(qemu: Qemu, line: _QapiCommandLine) -> None:
    """Take the number of CPUs from -smp.  Raises what ``machine_parse_smp_config`` raises."""
    options = merged(line.smp)
    given = {name: parse_option_number(name, text) for name, text in options.params}
    machine_parse_smp_config(qemu, given)


#: The members of the machine's properties ``memory`` and ``boot``.
_MEMORY_SIZE_CONFIGURATION: Final = MappingProxyType(
    {"size": "size", "max-size": "size", "slots": "uint64"}
)
_BOOT_CONFIGURATION: Final = MappingProxyType(
    {
        **dict.fromkeys(("order", "once"), "str"),
        "menu": "bool",
        "splash": "str",
        **dict.fromkeys(("splash-time", "reboot-timeout"), "int64"),
        "strict": "bool",
    }
)


def _set_configuration(qemu: Qemu, name: str, value: Any) -> None:
    """Set ``boot``, ``memory`` or ``smp``, which have members of their own.

    Raises what ``_visit_struct``, ``machine_set_mem`` and ``machine_parse_smp_config``
    raise.
    """
    match name:
        case "boot":
            machine_set_boot(qemu, _visit_struct(qemu, name, value, _BOOT_CONFIGURATION))
        case "memory":
            found = _visit_struct(qemu, name, value, _MEMORY_SIZE_CONFIGURATION)
            get = found.get
            machine_set_mem(qemu, get("size"), get("slots"), get("max-size"))
        case _:
            kinds = dict.fromkeys(_smp_parameters(qemu), "int64")
            machine_parse_smp_config(qemu, _visit_struct(qemu, name, value, kinds))


def qemu_apply_machine_options(qemu: Qemu, options: Mapping[str, Any]) -> None:
    """Set the machine's properties, in the order of QEMU's dictionary.

    ``smp`` is one of them since 6.1, ``boot`` and ``memory`` since 7.1.  Raises what
    ``set_property`` and ``_set_configuration`` raise.
    """
    if not qemu.tree.vl.machine_is_keyval:
        for name, text in options.items():
            set_property(qemu, name, StringInputVisitor(qemu, text))
        return
    configurations = ["smp"]
    if qemu.tree.vl.memory_is_a_machine_property:
        configurations += ["boot", "memory"]
    for name in _qdict_order(options):
        if name in configurations:
            _set_configuration(qemu, name, options[name])
        else:
            set_property(qemu, name, qobject_input_visitor_new_keyval(qemu, options))


def _report_deprecation(qemu: Qemu) -> None:
    """Print that the machine type is deprecated; since 7.1 as a warning."""
    mc = machine_get_class(qemu)
    reason = deprecation_reason(mc, qemu.tree.release)
    if reason is not None:
        warns = qemu.tree.vl.memory_is_a_machine_property
        report = qemu.warn_report if warns else qemu.error_report
        report(messages.MACHINE_DEPRECATED, name=mc.name, reason=reason)


def qemu_init(qemu: Qemu, line: _QapiCommandLine) -> None:
    """Make what the command line asks for.

    The machine, objects that are not backends, the machine's properties, the backends,
    the machine's own, the nodes, the board.  Prints what goes wrong and exits with 1; the warning
    about a deprecated machine comes when its properties are set.
    """
    qemu.has_objects_root = qemu.tree.qom.containers_are_there_at_start
    options = line.machine_opts_dict
    name = options.pop("type", None)
    qemu_process_help_options(qemu, line, name or "")
    if not line.machine:
        if qemu.assumed_machine is None:
            qemu.assumed_machine = _assume_machine(qemu, line)
        line.assumed_machine = qemu.assumed_machine
    if qemu.tree.vl.memory_is_a_machine_property:
        parse_memory_options(qemu, line)
    select_machine(qemu, line, name)
    if qemu.tree.vl.machine_is_keyval:
        options = keyval_dashify(qemu, options)
    qemu.mem_path, qemu.mem_prealloc = line.mem_path, line.mem_prealloc
    if not qemu.tree.vl.memory_is_a_machine_property:
        _set_memory_and_cpus(qemu, line)
    object_option_foreach_add(qemu, line.object_options, early=True)
    if qemu.tree.machine.checks_memory_backend_with_the_board:
        _check_mem_path(qemu, options)
    _or_exit(qemu, qemu_apply_machine_options, options)
    if line.boot:
        _or_exit(qemu, machine_set_boot, merged(line.boot).values)
    _report_deprecation(qemu)
    object_option_foreach_add(qemu, line.object_options, early=False)
    _or_exit(qemu, qemu_finish_async_prealloc_mem)
    qemu.late_backends_created = True
    parse_cpu_option(qemu)
    qemu_resolve_machine_memdev(qemu)
    mc = machine_get_class(qemu)
    if mc.possible_cpu_arch_ids is not None:
        qemu.machine.possible_cpus = mc.possible_cpu_arch_ids(qemu)
    if line.numa:
        # A line without nodes starts sooner without what reads them.
        from .numa import parse_numa_opts

        parse_numa_opts(qemu, line.numa)
    machine_run_board_init(qemu)
    qemu_create_cli_devices(qemu, line.device_options)
    qemu_boot_set(qemu)
    qdev_machine_creation_done(qemu)
    qemu_system_reset(qemu)


def _set_memory_and_cpus(qemu: Qemu, line: _QapiCommandLine) -> None:
    """Take -m, and before 6.1 -smp, as the machine is made."""
    memory = merged(line.memory)
    qemu.location = memory.location
    _or_exit(qemu, set_memory_options, memory)
    if qemu.tree.vl.counts_default_ram_as_given:
        qemu.machine.ram_size_given = bool(qemu.machine.ram_size)
    qemu.location = ""
    if line.smp and not qemu.tree.vl.machine_is_keyval:
        _or_exit(qemu, smp_parse, line)


def _check_mem_path(qemu: Qemu, options: Mapping[str, Any]) -> None:
    """Refuse -mem-path with ``memory-backend=`` (``qemu_apply_legacy_machine_options``)."""
    if "memory-backend" in options and qemu.mem_path is not None:
        qemu.error_report(messages.MEM_PATH_AND_MEMDEV)
        raise Exit(1)


def _assume_machine(qemu: Qemu, line: _QapiCommandLine) -> str:
    """Return the machine of a line without -machine: QEMU's own if it is about RAM, or none."""
    about_ram = line.memory or line.numa or line.mem_prealloc or line.mem_path is not None
    devices = any(_implies_a_machine(device.driver) for device in line.device_options)
    about_ram = about_ram or devices or line.smp or not line.acpi
    return qemu.target.default_machine if about_ram else "none"


def qemu_create_cli_devices(qemu: Qemu, devices: Sequence[_DeviceOptions]) -> None:
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
            settings = _settings(qemu, device)
            qdev_device_add(qemu, device.driver, device.id, settings, device.bus, ids)
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error
        if device.id is not None:
            ids.add(device.id)
    qemu.location = ""


def _settings(qemu: Qemu, device: _DeviceOptions) -> list[tuple[str, Visitor]]:
    """Return what sets the properties of a device; since 6.2 in a dictionary's order."""
    v: Visitor
    if device.from_json:
        v = QObjectInputVisitor(device.values)
    elif qemu.tree.vl.device_takes_json:
        v = qobject_input_visitor_new_keyval(qemu, device.values)
    else:
        return [(name, StringInputVisitor(qemu, text)) for name, text in device.params]
    return [(name, v) for name in _qdict_order(device.values)]
