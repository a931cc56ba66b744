"""``hw/core/machine.c`` and ``machine-smp.c``: the machine, its CPUs, its RAM as a backend."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from ..error import Error, Exit
from ..globals import Qemu
from ..machine import machine_numa_finish_cpu_init
from ..options import QemuOpts, decimal, parse_option_number
from ..osdep import round_up
from ..qom import TypeInfo
from . import messages
from .hostmem import HostMemoryBackend
from .numa import numa_complete_configuration, numa_uses_legacy_mem
from .options import FALSE, TRUE, parse_option_size
from .qobject_input import QObjectInputVisitor72
from .qom import user_creatable_add_type

C_FILE = "hw/core/machine.c"

MIB: Final = 1 << 20
UINT64_MAX: Final = (1 << 64) - 1
ACPI_MAX_RAM_SLOTS: Final = 256

#: From here on a number is no integer to QAPI.
INT64_LIMIT: Final = 1 << 63


@attrs.frozen
class Machine72:
    """A machine type, as far as memory goes; ``default_ram_size`` in bytes.

    ``numa_mem`` and ``numa_auto`` are what only machines older than 5.1 have: memory
    of nodes given as a number, or split among them.
    """

    name: str
    max_cpus: int = 1
    default_ram_size: int = 128 * MIB
    default_ram_id: str = "pc.ram"
    numa: bool = True
    numa_mem: bool = False
    numa_auto: bool = False
    memory_slots: bool = True


NONE: Final = Machine72("none", default_ram_size=0, default_ram_id="ram", numa=False)

PIIX_VERSIONS: Final = tuple(
    """
    7.2 7.1 7.0 6.2 6.1 6.0 5.2 5.1 5.0 4.2 4.1 4.0 3.1 3.0 2.12 2.11 2.10 2.9 2.8 2.7 2.6 2.5
    2.4 2.3 2.2 2.1 2.0 1.7 1.6 1.5 1.4
    """.split()  # noqa: SIM905 - a table of words is read as words
)
Q35_VERSIONS: Final = tuple(
    """
    7.2 7.1 7.0 6.2 6.1 6.0 5.2 5.1 5.0 4.2 4.1 4.0.1 4.0 3.1 3.0 2.12 2.11 2.10 2.9 2.8 2.7 2.6
    2.5 2.4
    """.split()  # noqa: SIM905 - a table of words is read as words
)


def _pc(chipset: str, version: str, max_cpus: int) -> Machine72:
    numbers = tuple(int(part) for part in version.split("."))
    before_5_1 = numbers < (5, 1)
    return Machine72(f"pc-{chipset}-{version}", max_cpus, numa_mem=before_5_1, numa_auto=before_5_1)


MACHINES: Final[Mapping[str, Machine72]] = MappingProxyType(
    {
        machine.name: machine
        for machine in (
            *(_pc("i440fx", version, 255) for version in PIIX_VERSIONS),
            *(_pc("q35", version, 288) for version in Q35_VERSIONS),
            Machine72("isapc", memory_slots=False),
            Machine72("microvm", 288, default_ram_id="microvm.ram", numa=False),
            NONE,
        )
    }
)
ALIASES: Final[Mapping[str, str]] = MappingProxyType({"pc": "pc-i440fx-7.2", "q35": "pc-q35-7.2"})

#: Properties of -machine that are booleans, and matter to memory or not.
BOOLEANS: Final = frozenset(
    """
    acpi default-bus-bypass-iommu dump-guest-core graphics hpet i8042 mem-merge pit sata smbus
    suppress-vmdesc usb nvdimm hmat
    """.split()  # noqa: SIM905 - a table of words is read as words
)
#: The other properties, and what is no property but an option of its own.
OTHERS: Final = frozenset(
    """
    accel append boot bus-lock-ratelimit confidential-guest-support dt-compatible dtb dumpdtb
    firmware initrd kernel kernel-irqchip kvm-shadow-mem max-fw-size max-ram-below-4g
    memory-backend memory-encryption memory phandle-start pic sgx-epc smbios-entry-point-type
    smm smp vmport x-oem-id x-oem-table-id memory.size
    """.split()  # noqa: SIM905 - a table of words is read as words
)
NOT_OF_NONE: Final = frozenset(
    """
    acpi default-bus-bypass-iommu hpet i8042 pit sata smbus nvdimm hmat max-fw-size
    max-ram-below-4g pic sgx-epc smbios-entry-point-type smm vmport x-oem-id x-oem-table-id
    bus-lock-ratelimit
    """.split()  # noqa: SIM905 - a table of words is read as words
)


@attrs.define
class Memdev:
    """The backend of the machine's RAM: ``id`` as -machine names it, empty without one.

    ``backend`` once it is found; ``size_given`` whether -m gave a size.
    """

    id: str | None = None
    backend: HostMemoryBackend | None = None
    size_given: bool = False


def find_machine(name: str) -> Machine72 | None:
    """Return the machine type of that name or alias, or None."""
    return MACHINES.get(ALIASES.get(name, name))


def machine_set_property(qemu: Qemu, machine: Machine72, options: QemuOpts, memdev: Memdev) -> None:
    """Set the machine's properties.

    Prints ``Property '<machine>-machine.<name>' not found`` or ``Parameter '<name>'
    expects 'on' or 'off'`` and exits with 1.
    """
    for name, text in options.params:
        if name == "type":
            continue
        known = name in BOOLEANS or name in OTHERS
        if not known or (machine is NONE and name in NOT_OF_NONE):
            type_name = f"{machine.name}-machine"
            _refuse(qemu, messages.PROPERTY_NOT_FOUND.error(type=type_name, property=name))
        if name in BOOLEANS and text not in TRUE and text not in FALSE:
            _refuse(qemu, messages.EXPECTS.error(name=name, what="'on' or 'off'"))
        if name == "mem-merge":
            qemu.machine.mem_merge = text in TRUE
        elif name == "dump-guest-core":
            qemu.machine.dump_guest_core = text in TRUE
        elif name == "memory-backend":
            memdev.id = text


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
    plugged = qemu.machine.maxram_size > qemu.machine.ram_size
    if machine.memory_slots and plugged and qemu.machine.ram_slots > ACPI_MAX_RAM_SLOTS:
        qemu.error_report(messages.SLOTS_AMOUNT, slots=qemu.machine.ram_slots)
        raise Exit(1)
