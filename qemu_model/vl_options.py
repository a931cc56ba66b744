"""``vl.c``: the options of a line, as far as both front ends read them alike."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NoReturn

import attrs

from . import messages
from .boards import MIB
from .cutils import UINT64_MAX
from .error import Error, Exit, Message
from .front_end import CommandLine
from .globals import Qemu
from .machine import machine_set_mem
from .machines import find_machine
from .qapi_util import qapi_bool_parse
from .qemu_option import (
    QemuOpts,
    QemuOptsList,
    get_opt_name_value,
    is_help_option,
    parse_option_number,
    qemu_opt_get_size,
    qemu_opts_parse_noisily,
)
from .qemu_options_hx import qemu_options
from .records import Value
from .revisions.release import Release

C_FILE = "system/vl.c"

#: The kinds of options, as ``vl.c`` and the files that own them describe them.
OBJECT_OPTS: Final = QemuOptsList("object", "qom-type")
NUMA_OPTS: Final = QemuOptsList("numa", "type")
DEVICE_OPTS: Final = QemuOptsList("device", "driver")
MACHINE_OPTS: Final = QemuOptsList("machine", "type", merge_lists=True)
MEM_OPTS: Final = QemuOptsList(
    "memory",
    "size",
    merge_lists=True,
    desc=MappingProxyType({"size": "size", "slots": "number", "maxmem": "size"}),
)
_SMP_DESC: Final = dict.fromkeys(("cpus", "sockets", "cores", "threads", "maxcpus"), "number")
SMP_OPTS: Final = QemuOptsList(
    "smp-opts", "cpus", merge_lists=True, desc=MappingProxyType(_SMP_DESC)
)
SMP_OPTS_SINCE_4_1: Final = SMP_OPTS._replace(
    desc=MappingProxyType({**_SMP_DESC, "dies": "number"})
)
BOOT_OPTS: Final = QemuOptsList(
    "boot-opts",
    "order",
    merge_lists=True,
    desc=MappingProxyType(
        {
            **dict.fromkeys(("order", "once", "splash"), "string"),
            **dict.fromkeys(("menu", "strict"), "bool"),
            **dict.fromkeys(("splash-time", "reboot-timeout"), "number"),
        }
    ),
)
_OVERCOMMIT_OPTS: Final = QemuOptsList(
    "overcommit", desc=MappingProxyType({"mem-lock": "bool", "cpu-pm": "bool"})
)
_OVERCOMMIT_OPTS_SINCE_10_0: Final = QemuOptsList(
    "overcommit", desc=MappingProxyType({"mem-lock": "string", "cpu-pm": "bool"})
)
_REALTIME_OPTS: Final = QemuOptsList("realtime", desc=MappingProxyType({"mlock": "bool"}))
_MSG_OPTS: Final = QemuOptsList(
    "msg", desc=MappingProxyType({"timestamp": "bool", "guest-name": "bool"})
)

#: The parameters of an option that is not on the line.
_NO_OPTS: Final = QemuOpts(None, ())

#: Options that decide something about memory; the others are accepted and named as ignored.
MODELLED: Final = frozenset(
    {"M", "device", "machine", "m", "mem-path", "mem-prealloc", "no-acpi", "numa", "object", "smp"}
)
#: Options that print something and end QEMU.
HELP: Final = frozenset({"h", "help", "version"})
#: Options whose value may ask for help, which ends before any backend is made.
_HELP_IN_VALUE: Final = frozenset({"accel", "cpu"})
#: The warnings about deprecated options.
_DEPRECATED: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "enable-fips": messages.FIPS_DEPRECATED,
        "mon": messages.MON_DEPRECATED,
        "no-acpi": messages.NO_ACPI_DEPRECATED,
        "no-hpet": messages.NO_HPET_DEPRECATED,
        "realtime": messages.REALTIME_DEPRECATED,
        "runas": messages.RUNAS_DEPRECATED,
        "tb-size": messages.TB_SIZE_DEPRECATED,
        "watchdog": messages.WATCHDOG_DEPRECATED,
        "writeconfig": messages.WRITECONFIG_DEPRECATED,
    }
)
#: The model's assumptions about options that change the meaning of others.
_ASSUMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "readconfig": "the file of -readconfig is not read: what it says is missing here",
        "set": "what -set gives to an option is not modelled",
        "preconfig": "-preconfig: the machine is made at once, as after x-exit-preconfig",
    }
)
_MEM_LOCK_ASSUMED: Final = (
    "-overcommit mem-lock={how}: QEMU calls mlockall() once the machine is made; locking is not "
    "simulated, and it succeeds"
)
#: Options that give the guest firmware.
_FIRMWARE_OPTIONS: Final = frozenset({"bios", "pflash"})


@attrs.frozen(eq=False, repr=False)
class Option(Value):
    """One option of the line: its name, its value if it takes one, the word as given."""

    name: str
    value: str | None
    word: str
    #: The option as error reports name it.
    location: str = attrs.field(init=False, eq=False, repr=False)

    @location.default
    def _location(self) -> str:
        return self.word if self.value is None else f"{self.word} {self.value}"


@functools.lru_cache(maxsize=128)
def _options(args: tuple[str, ...], release: Release) -> tuple[tuple[Option, ...], Message | None]:
    """Return the options up to one that is refused, and with what it is; it comes last."""
    known = qemu_options(release)
    found = []
    words = iter(args)
    for word in words:
        if not word.startswith("-"):
            found.append(Option("", None, word))
            continue
        name = word[2:] if word.startswith("--") else word[1:]
        option = known.get(name)
        value = next(words, None) if option is not None and option.has_arg else None
        found.append(Option(name, value, word))
        if option is None:
            return tuple(found), messages.INVALID_OPTION
        if option.has_arg and value is None:
            return tuple(found), messages.REQUIRES_ARGUMENT
    return tuple(found), None


def lookup_opt(qemu: Qemu, args: Sequence[str]) -> Sequence[Option]:
    """Return the options in order; a word without a dash is an option without a name.

    Prints ``qemu: <option>: invalid option`` or ``... requires an argument`` and exits
    with 1.
    """
    options, refusal = _options(tuple(args), qemu.tree.release)
    if refusal is not None:
        qemu.location = options[-1].word
        qemu.error_report(refusal)
        raise Exit(1)
    return options


def parse_opts(qemu: Qemu, olist: QemuOptsList, options: list[QemuOpts], value: str) -> QemuOpts:
    """Read the parameters of an option, and keep them in ``options``.

    Prints what is wrong with them, or for ``help`` what there is, and exits with 1
    (``qemu_opts_parse_noisily``).
    """
    try:
        opts = qemu_opts_parse_noisily(qemu, olist, value, options)
    except Error as error:
        if error.message is messages.INVALID_KEY and _asks_for_help(qemu, value, error):
            qemu.stdout.extend(_qemu_opts_print_help(olist))
        else:
            qemu.error_report_err(error)
        raise Exit(1) from error
    options.append(opts)
    return opts


def _asks_for_help(qemu: Qemu, text: str, error: Error) -> bool:
    """Return whether the invalid parameter asks for help; before 5.1 any other may do so too."""
    if qemu.tree.qemu_option.only_the_invalid_asks_for_help:
        return is_help_option(str(error.fields["name"]))
    return any(is_help_option(bare or "") for _, _, bare in get_opt_name_value(text, None))


def _qemu_opts_print_help(olist: QemuOptsList) -> list[str]:
    """Return what ``help`` among the parameters of an option prints."""
    types = {"bool": "bool (on/off)", "number": "num", "string": "str"}
    desc = (olist.desc or {}).items()
    return [
        f"{olist.name} options:",
        *sorted(f"  {name}=<{types.get(kind, kind)}>" for name, kind in desc),
    ]


def _parse_other_option(qemu: Qemu, line: CommandLine, option: Option) -> None:
    """Read an option that decides nothing about memory, as far as QEMU prints something.

    Exits with 0 for help, and with 1 for one that is not for this target.
    """
    line.ignore(option)
    name, value = option.name, option.value or ""
    if name in qemu.target.refused_options:
        qemu.error_report(messages.NOT_FOR_TARGET)
        raise Exit(1)
    if name in HELP:
        raise Exit(0)
    if name in _DEPRECATED:
        qemu.warn_report(_DEPRECATED[name])
    if name in _ASSUMED:
        line.assumed.append(_ASSUMED[name])
    if name == "cpu":
        line.cpu = value
    if name in _FIRMWARE_OPTIONS or (name == "drive" and "if=pflash" in value.split(",")):
        qemu.machine.properties["firmware"] = True
    if name == "kernel":
        qemu.machine.properties["kernel"] = True
    line.wants_help |= name in _HELP_IN_VALUE and is_help_option(value)
    match name:
        case "boot":
            if not qemu.tree.vl.memory_is_a_machine_property:
                parse_opts(qemu, BOOT_OPTS, line.boot, value)
        case "overcommit":
            overcommit_parse(qemu, line, value)
        case "realtime":
            opts = parse_opts(qemu, _REALTIME_OPTS, [], value)
            _lock_memory(qemu, line, opts.get("mlock") or "on")
        case "msg":
            parse_opts(qemu, _MSG_OPTS, [], value)


def overcommit_parse(qemu: Qemu, line: CommandLine, value: str) -> None:
    """Read -overcommit: ``mem-lock`` is a boolean until 9.2.

    Prints ``parameter 'mem-lock' expects one of 'on', 'off', 'on-fault'`` since 10.0, or what
    reading the parameters prints, and exits with 1.
    """
    if not qemu.tree.vl.memory_may_be_locked_on_fault:
        opts = parse_opts(qemu, _OVERCOMMIT_OPTS, [], value)
        _lock_memory(qemu, line, opts.get("mem-lock") or "off")
        return
    opts = parse_opts(qemu, _OVERCOMMIT_OPTS_SINCE_10_0, [], value)
    how = opts.get("mem-lock") or "off"
    if how not in ("on", "off", "on-fault"):
        qemu.error_report(messages.MEM_LOCK)
        raise Exit(1)
    _lock_memory(qemu, line, how)


def _lock_memory(qemu: Qemu, line: CommandLine, how: str) -> None:
    """Store how memory is locked: ``on-fault`` or a boolean, which has been checked."""
    if how == "on-fault" or qapi_bool_parse(qemu, "mem-lock", how):
        line.mem_lock = "on-fault" if how == "on-fault" else "on"
        line.assumed.append(_MEM_LOCK_ASSUMED.format(how=line.mem_lock))


def merged(options: Sequence[QemuOpts]) -> QemuOpts:
    """Return the parameters of an option given several times; its location is the first one's.

    Options with an id are left out.
    """
    if not options:
        return _NO_OPTS
    without_id = [opts for opts in options if opts.id is None]
    params = tuple(param for opts in without_id for param in opts.params)
    return QemuOpts(None, params, location=without_id[0].location if without_id else "")


def _find_and_set_machine(qemu: Qemu, line: CommandLine, name: str) -> bool:
    """Take the machine type of that name; return whether there is one."""
    found = find_machine(name, qemu.tree.release, qemu.target)
    if found is None:
        return False
    machine = found.machine
    qemu.machine.machine_class = machine
    qemu.machine.name, qemu.machine.type_name = name, f"{machine.name}-machine"
    # In 4.2 NumaState is made where numa_mem_supported is (hw/core/machine.c:machine_initfn).
    qemu.machine.has_numa = machine.possible_cpu_arch_ids is not None and (
        not qemu.tree.machine.numa_goes_with_mem or machine.numa_mem_supported
    )
    qemu.machine.cpu = line.cpu
    if machine.instance_init is not None:
        machine.instance_init(qemu)
    if found.assumption:
        line.assumed.append(found.assumption)
    return True


def _refuse_missing_machine(qemu: Qemu) -> NoReturn:
    """Refuse a line without -machine where the program has no default, and exit with 1.

    Prints ``No machine specified, and there is no default``.
    """
    qemu.error_report_err(messages.NO_DEFAULT_MACHINE.error(hint=messages.MACHINE_HINT))
    raise Exit(1)


def _refuse_machine(qemu: Qemu, name: str) -> NoReturn:
    """Refuse a machine that is not there: prints ``unsupported machine type``, exits with 1."""
    error = messages.UNSUPPORTED_MACHINE.error(name=name, hint=messages.MACHINE_HINT)
    qemu.error_report_err(error)
    raise Exit(1)


def set_memory_options(qemu: Qemu, options: QemuOpts) -> None:
    """Take the size of the guest's RAM, of all its memory, and the slots from -m, before 7.1.

    A size without a unit is in MiB.  Raises ``too large 'size' option value``, and what
    ``machine_set_mem`` raises.
    """
    get = options.values.get
    size, slots, maxmem = get("size"), get("slots"), get("maxmem")
    machine_set_mem(
        qemu,
        (_ram_size(qemu, size) or None) if size else None,
        None if slots is None else parse_option_number("slots", slots),
        None if maxmem is None else qemu_opt_get_size(qemu, maxmem),
    )


def _ram_size(qemu: Qemu, text: str) -> int:
    if not text[-1:].isdigit():
        return qemu_opt_get_size(qemu, text)
    size = qemu_opt_get_size(qemu, text) * MIB
    if size > UINT64_MAX:
        raise messages.RAM_SIZE_TOO_LARGE.error()
    return size
