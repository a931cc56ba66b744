"""``vl.c``: the command line, and in which order it takes effect."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from . import messages
from .error import Error, Exit
from .globals import Qemu
from .options import OptsVisitor, QemuOpts, is_help_option, qemu_opts_parse
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
    {"object", "machine", "M", "m", "smp", "numa", "mem-path", "mem-prealloc", "device"}
)


@attrs.define
class CommandLine:
    """The options of one command line, in the order given, each kind by itself.

    Every entry of ``objects``, ``numa`` and ``devices`` keeps its place on the
    line, as error reports name it.  ``ignored`` are the options that say nothing
    about memory backends, with their values.
    """

    objects: list[QemuOpts] = attrs.field(factory=list)
    machine: list[str] = attrs.field(factory=list)
    memory: list[str] = attrs.field(factory=list)
    smp: list[str] = attrs.field(factory=list)
    numa: list[str] = attrs.field(factory=list)
    devices: list[str] = attrs.field(factory=list)
    mem_path: str | None = None
    mem_prealloc: bool = False
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

    What QEMU would refuse is printed as QEMU prints it, and exits with 1.
    """
    line = CommandLine()
    index = 0
    while index < len(args):
        word = args[index]
        if not word.startswith("-"):
            line.ignored.append(word)
            index += 1
            continue
        name, value, following = lookup_opt(qemu, args, index)
        if name == "object":
            assert value is not None
            qemu.location = f"-object {value}"
            line.objects.append(parse_object(qemu, line, value))
        elif name in MODELLED:
            note_option(line, name, value)
        if name not in MODELLED or (name == "device" and not is_nvdimm(value or "")):
            line.ignored.append(word if value is None else f"{word} {value}")
        index = following
    qemu.location = ""
    return line


def is_nvdimm(value: str) -> bool:
    """Whether a -device is an NVDIMM, which maps a backend into the guest."""
    return value.split(",", 1)[0] in ("nvdimm", "driver=nvdimm")


def note_option(line: CommandLine, name: str, value: str | None) -> None:
    """Keep one option that matters to memory."""
    if name == "mem-prealloc":
        line.mem_prealloc = True
        return
    assert value is not None
    if name == "mem-path":
        line.mem_path = value
    elif name in ("machine", "M"):
        line.machine.append(value)
    elif name == "m":
        line.memory.append(value)
    elif name == "smp":
        line.smp.append(value)
    elif name == "numa":
        line.numa.append(value)
    elif is_nvdimm(value):
        line.devices.append(value)


def parse_object(qemu: Qemu, line: CommandLine, value: str) -> QemuOpts:
    """Parse one -object.  Prints what is wrong with its id and exits with 1."""
    try:
        opts = qemu_opts_parse(value, "qom-type")
        if opts.id is not None and any(other.id == opts.id for other in line.objects):
            raise messages.DUPLICATE_ID.error(id=opts.id, group="object")
    except Error as error:
        error_report_err(qemu, error)
        raise Exit(1) from error
    return opts


def error_report_err(qemu: Qemu, error: Error) -> None:
    """Print an error, and its hint on a line of its own."""
    qemu.error_report_text(error.text)
    if error.hint:
        qemu.put_stderr(error.hint)


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
        qemu.location = f"-object {opts.text}"
        if initial and (lines := object_help(qemu, types, opts)):
            qemu.stdout.extend(lines)
            raise Exit(0)
        if object_create_initial(opts) != initial:
            continue
        try:
            user_creatable_add_opts(qemu, types, opts)
        except Error as error:
            error_report_err(qemu, error)
            raise Exit(1) from error
    qemu.location = ""


def object_help(qemu: Qemu, types: Mapping[str, TypeInfo], opts: QemuOpts) -> list[str]:
    """Return what ``help`` in an -object prints, nothing if it is not asked for."""
    kind = opts.get("qom-type")
    if kind is not None and is_help_option(kind):
        names = sorted(
            info.name for info in types.values() if not info.abstract and info.exists(qemu)
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
