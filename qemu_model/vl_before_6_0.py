"""``vl.c``: the command line until 5.2, and in which order it takes effect."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import messages
from .boards import machine_get_class
from .bootdevice import machine_set_boot, qemu_boot_set
from .cpu_target import parse_cpu_option
from .error import Error, Exit
from .front_end import CommandLine
from .globals import Qemu
from .machine import machine_run_board_init, qemu_resolve_machine_memdev
from .machine_properties import set_property
from .machine_smp import _smp_parameters, machine_parse_smp_config
from .machines import deprecation_reason, machine_help
from .opts_visitor import OptsVisitor
from .qdev_monitor import (
    _devices,
    _implies_a_machine,
    device_class,
    qdev_device_add,
    qdev_machine_creation_done,
    qemu_system_reset,
)
from .qemu_option import QemuOpts, is_help_option, parse_option_number
from .qom import user_creatable_add_type
from .string_input import StringInputVisitor
from .user_creatable import (
    user_creatable_print_type_properites,
    user_creatable_print_types,
)
from .vl_option_groups import _is_kept_with_machine, qemu_set_option
from .vl_options import (
    DEVICE_OPTS,
    MACHINE_OPTS,
    MEM_OPTS,
    MODELLED,
    NUMA_OPTS,
    OBJECT_OPTS,
    SMP_OPTS,
    SMP_OPTS_SINCE_4_1,
    Option,
    _find_and_set_machine,
    _parse_other_option,
    _refuse_machine,
    _refuse_missing_machine,
    lookup_opt,
    merged,
    parse_opts,
    set_memory_options,
)

C_FILE = "system/vl.c"


def _parse_command_line(qemu: Qemu, args: Sequence[str]) -> CommandLine:
    """Read all options; ids of objects are checked here, before the first object is made.

    What QEMU would refuse is printed as QEMU prints it, and exits with 1: first
    unknown options, then mistakes in the text of one.
    """
    line = CommandLine()
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
                line.machine.append(QemuOpts(None, (), location=qemu.location))
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
            if qemu.tree.vl.no_acpi_is_a_machine_property:
                line.machine.append(QemuOpts(None, (("acpi", "off"),), location=qemu.location))
        case "mem-path":
            line.mem_path = value
        case "object":
            parse_opts(qemu, OBJECT_OPTS, line.objects, value)
        case "numa":
            parse_opts(qemu, NUMA_OPTS, line.numa, value)
        case "device":
            opts = parse_opts(qemu, DEVICE_OPTS, line.devices, value)
            line.wants_help |= opts.has_help() or is_help_option(opts.get("driver") or "")
            if device_class(qemu, opts.get("driver")) is None:
                line.ignore_device(option, opts.get("driver"))
        case "m":
            parse_opts(qemu, MEM_OPTS, line.memory, value)
        case "smp":
            has_dies = "dies" in _smp_parameters(qemu)
            parse_opts(qemu, SMP_OPTS_SINCE_4_1 if has_dies else SMP_OPTS, line.smp, value)
        case _:
            parse_opts(qemu, MACHINE_OPTS, line.machine, value)


def _assume_machine(qemu: Qemu, line: CommandLine) -> str:
    """Return the machine of a line without -machine.

    QEMU's own default if the line is about the guest's RAM; else none.
    """
    about_ram = (
        (line.machine and any(opts.params for opts in line.machine))
        or line.memory
        or line.smp
        or line.numa
        or line.mem_prealloc
        or line.mem_path is not None
        or (line.devices and any(_implies_a_machine(opts.get("driver")) for opts in line.devices))
    )
    return qemu.target.default_machine if about_ram else "none"


def select_machine(qemu: Qemu, line: CommandLine, options: QemuOpts) -> None:
    """Choose the machine: the line's, else the assumed one, else what suits the line.

    Prints ``unsupported machine type`` or ``No machine specified, and there is no default``
    and exits with 1; lists the machines on stdout for ``help``, and exits with 0.
    """
    qemu.location = options.location
    name = options.values.get("type")
    if name is None:
        name = qemu.assumed_machine
        if name is None:
            name = _assume_machine(qemu, line)
        line.assumed_machine = name
        if not name:
            _refuse_missing_machine(qemu)
    if not _find_and_set_machine(qemu, line, name):
        if is_help_option(name):
            qemu.stdout.extend(machine_help(qemu.tree.release, qemu.target))
            raise Exit(0)
        _refuse_machine(qemu, name)
    qemu.location = ""


def _or_exit(qemu: Qemu, function: Callable[..., None], *args: object) -> None:
    """Call a function; an error is printed, and exits with 1."""
    try:
        function(qemu, *args)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error


def smp_parse(qemu: Qemu, options: QemuOpts) -> None:
    """Take the number of CPUs from -smp.  Raises what ``machine_parse_smp_config`` raises."""
    given = {name: parse_option_number(name, text) for name, text in options.params}
    machine_parse_smp_config(qemu, given)


def machine_set_property(qemu: Qemu, options: QemuOpts) -> None:
    """Set the machine's properties; until 4.2 ``_`` in a name is ``-``.

    Raises what ``set_property`` raises.
    """
    for name, text in options.params:
        if name == "type":
            continue
        if not qemu.tree.machine.ram_is_a_backend:
            name = name.replace("_", "-")
        set_property(qemu, name, StringInputVisitor(qemu, text))


def device_init_func(qemu: Qemu, options: Sequence[QemuOpts]) -> None:
    """Make the devices that take a backend; what others do is not modelled.

    Prints what is wrong with one and exits with 1.
    """
    made: set[str] = set()
    for opts in options:
        qemu.location = opts.location
        try:
            driver = opts.get("driver")
            if driver is None:
                raise messages.DRIVER_MISSING.error(name="driver")
            later = driver in _devices() and device_class(qemu, driver) is None
            if later or driver.startswith("{"):
                # A device of a later release, or JSON, which only later trees read.
                raise messages.INVALID_DEVICE.error(name=driver)
            settings = [
                (name, StringInputVisitor(qemu, text))
                for name, text in opts.params
                if name not in ("driver", "bus")
            ]
            qdev_device_add(qemu, driver, opts.id, settings, opts.get("bus"), made)
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error
        if opts.id is not None:
            made.add(opts.id)
    qemu.location = ""


def main(qemu: Qemu, line: CommandLine) -> None:
    """Start up: the machine's options, the objects, NUMA, the machine, its devices.

    Prints what goes wrong, and exits with 1.
    """
    machine_options = merged(line.machine)
    select_machine(qemu, line, machine_options)
    memory = merged(line.memory)
    qemu.location = memory.location
    _or_exit(qemu, set_memory_options, memory)
    qemu.machine.ram_size_given = "size" in memory.values
    qemu.location = ""
    if line.smp:
        _or_exit(qemu, smp_parse, merged(line.smp))
    if line.wants_help:
        raise Exit(0)
    _create_objects(qemu, line.objects, initial=True)
    _or_exit(qemu, machine_set_property, machine_options)
    if not line.acpi and not qemu.tree.vl.no_acpi_is_a_machine_property:
        qemu.machine.acpi = False
    qemu.mem_path, qemu.mem_prealloc = line.mem_path, line.mem_prealloc
    _report_deprecation(qemu)
    _or_exit(qemu, machine_set_boot, merged(line.boot).values)
    _create_objects(qemu, line.objects, initial=False)
    parse_cpu_option(qemu)
    qemu_resolve_machine_memdev(qemu)
    possible_cpus = machine_get_class(qemu).possible_cpu_arch_ids
    if possible_cpus is not None:
        qemu.machine.possible_cpus = possible_cpus(qemu)
    if line.numa:
        # A line without nodes starts sooner without what reads them.
        from .numa import parse_numa_opts

        parse_numa_opts(qemu, line.numa)
    machine_run_board_init(qemu)
    device_init_func(qemu, line.devices)
    qemu_boot_set(qemu)
    qdev_machine_creation_done(qemu)
    qemu_system_reset(qemu)


def _report_deprecation(qemu: Qemu) -> None:
    mc = machine_get_class(qemu)
    reason = deprecation_reason(mc, qemu.tree.release)
    if reason is not None:
        qemu.error_report(messages.MACHINE_DEPRECATED, name=mc.name, reason=reason)


def object_create_initial(opts: QemuOpts) -> bool:
    """Whether an object is made before the accelerator: memory backends are not."""
    kind = opts.values.get("qom-type")
    return kind is None or not kind.startswith("memory-backend-")


def _create_objects(qemu: Qemu, objects: Sequence[QemuOpts], *, initial: bool) -> None:
    """Make the objects of one of the two rounds, in the order given.

    Help prints on stdout and exits with 0; an error prints as ``qemu: -object
    <text>: <message>`` and exits with 1.
    """
    for opts in objects:
        qemu.location = opts.location
        if initial and (lines := user_creatable_print_help(qemu, opts)):
            qemu.stdout.extend(lines)
            raise Exit(0)
        if object_create_initial(opts) != initial:
            continue
        try:
            user_creatable_add_opts(qemu, opts)
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error
    qemu.location = ""


def user_creatable_print_help(qemu: Qemu, opts: QemuOpts) -> list[str]:
    """Return what ``help`` in an -object prints, nothing if it is not requested.

    Exits with 0 for help on a type whose properties the model does not know.
    """
    kind = opts.values.get("qom-type")
    if kind is not None and is_help_option(kind):
        return user_creatable_print_types(qemu)
    info = qemu.types.get(kind or "")
    if info is not None and opts.has_help() and info.is_in(qemu):
        lines = user_creatable_print_type_properites(qemu, info)
        if not lines:
            raise Exit(0)
        return lines
    return []


def user_creatable_add_opts(qemu: Qemu, opts: QemuOpts) -> None:
    """Make the object that an -object describes.

    Raises ``Parameter 'qom-type' is missing``, ``Parameter 'id' is missing`` and
    what ``user_creatable_add_type`` raises.
    """
    kind = opts.values.get("qom-type")
    if kind is None:
        raise messages.MISSING_PARAMETER.error(name="qom-type")
    if opts.id is None:
        raise messages.MISSING_PARAMETER.error(name="id")
    names = [name for name in opts.values if name != "qom-type"]
    user_creatable_add_type(qemu, kind, opts.id, names, OptsVisitor(qemu, opts))
