"""``hw/core/machine-smp.c``: how many CPUs -smp asks for, and in which places.

Before 6.2 this was in ``vl.c`` and ``hw/i386/pc.c``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from . import messages
from .boards import machine_get_class
from .error import Killed
from .globals import Qemu
from .revisions.release import Release, is_between, value_in

C_FILE = "hw/core/machine-smp.c"

UINT32_MASK: Final = 0xFFFF_FFFF
SIGFPE: Final = 8
#: The parameters of -smp, with the release that each came with.
PARAMETERS: Final[tuple[tuple[str, Release], ...]] = (
    ("cpus", ()),
    ("drawers", (8, 2)),
    ("books", (8, 2)),
    ("sockets", ()),
    ("dies", (4, 1)),
    ("clusters", (7, 0)),
    ("modules", (9, 1)),
    ("cores", ()),
    ("threads", ()),
    ("maxcpus", ()),
)
#: The levels that a machine may not support, in the order in which QEMU checks them.
_OPTIONAL: Final = ("modules", "clusters", "dies", "books", "drawers")


def _smp_parameters(qemu: Qemu) -> tuple[str, ...]:
    """Return the names of the parameters that -smp takes."""
    release = qemu.tree.release
    return tuple(name for name, since in PARAMETERS if is_between(release, since, None))


def _supported(qemu: Qemu, name: str) -> bool:
    """Return whether the machine's CPUs can be divided by ``name``."""
    props = machine_get_class(qemu).smp_props
    supported = {
        "dies": props.dies_supported,
        "modules": props.modules_supported,
        "clusters": props.clusters_supported,
        "books": props.books_supported,
        "drawers": props.drawers_supported,
    }
    return supported.get(name, True) and name in _smp_parameters(qemu)


def cpu_hierarchy_to_string(qemu: Qemu, counts: Mapping[str, int]) -> str:
    """Return the levels that the machine has, as ``sockets (1) * cores (2) * threads (1)``."""
    levels = ("drawers", "books", "sockets", "dies", "clusters", "modules", "cores", "threads")
    return " * ".join(f"{name} ({counts[name]})" for name in levels if _supported(qemu, name))


def machine_parse_smp_config(qemu: Qemu, given: Mapping[str, int]) -> None:
    """Take the number of CPUs, and of those there may be, from -smp.

    ``given`` are the numbers on the line.  Raises what ``_smp_parse_before_6_2`` or
    ``_smp_parse`` raises, and ``Invalid SMP CPUs <n>. ...``.
    """
    numbers = {name: number & UINT32_MASK for name, number in given.items()}
    if qemu.tree.machine_smp.counts_missing_levels_from_maxcpus:
        _check_zero(qemu, given)
    if qemu.tree.machine_smp.counts_missing_levels_from_maxcpus:
        counts = _smp_parse(qemu, numbers)
    else:
        counts = _smp_parse_before_6_2(qemu, numbers)
    qemu.smp_cpus, qemu.max_cpus = counts["cpus"], counts["maxcpus"]
    qemu.smp_dies, qemu.smp_modules = counts["dies"], counts["modules"]
    qemu.smp_clusters = counts.get("clusters", 1)
    qemu.smp_cores, qemu.smp_threads = counts["cores"], counts["threads"]
    mc = machine_get_class(qemu)
    if qemu.smp_cpus < 1:
        raise messages.TOO_FEW_CPUS.error(cpus=qemu.smp_cpus, machine=mc.name, least=1)
    most = value_in(mc.max_cpus_in, qemu.tree.release) or mc.max_cpus
    if qemu.max_cpus > most:
        shown = _as_int(qemu.max_cpus)
        raise messages.TOO_MANY_CPUS.error(cpus=shown, machine=mc.name, most=most)


def _as_int(number: int) -> int:
    """Return what C makes of 32 bits that it keeps or prints as an int."""
    return number - (1 << 32) if number >> 31 else number


def _smp_parse_before_6_2(qemu: Qemu, given: Mapping[str, int]) -> dict[str, int]:
    """Count CPUs as ``vl.c:smp_parse`` and ``hw/i386/pc.c:pc_smp_parse`` did.

    What is not given follows: sockets rather than cores, cores rather than threads.
    Raises ``dies not supported by this machine's CPU topology``, ``cpu topology: ... <
    smp_cpus (<n>)``, ``maxcpus must be equal to or greater than smp`` and what
    ``_check_product`` raises.
    """
    cpus, sockets = given.get("cpus", 0), given.get("sockets", 0)
    cores, threads = given.get("cores", 0), given.get("threads", 0)
    dies = given.get("dies", 1)
    if not _supported(qemu, "dies"):
        if dies > 1 and qemu.tree.machine_smp.refuses_dies_on_other_machines:
            raise messages.SMP_NOT_SUPPORTED.error(what="dies")
        dies = 1
    counts = {"dies": dies, "modules": 1}
    if not cpus or not sockets:
        cores, threads = cores or 1, threads or 1
        if not cpus:
            sockets = sockets or 1
            cpus = cores * threads * dies * sockets & UINT32_MASK
        else:
            sockets = _divide(given.get("maxcpus", cpus), cores * threads * dies)
    elif not cores:
        threads = threads or 1
        cores = _divide(cpus, sockets * dies * threads) or 1
    elif not threads:
        threads = _divide(cpus, cores * dies * sockets) or 1
    elif sockets * dies * cores * threads & UINT32_MASK < cpus:
        counts |= {"sockets": sockets, "cores": cores, "threads": threads}
        hierarchy = cpu_hierarchy_to_string(qemu, counts)
        raise messages.TOPOLOGY_TOO_SMALL.error(hierarchy=hierarchy, cpus=cpus)
    maxcpus = given.get("maxcpus", cpus)
    if maxcpus < cpus:
        raise messages.MAXCPUS_BELOW_CPUS.error()
    counts |= {"sockets": sockets, "cores": cores, "threads": threads}
    _check_product(qemu, counts, maxcpus)
    if not qemu.tree.machine_smp.number_of_cpus_has_no_sign:
        cpus = _as_int(cpus)
    return counts | {"cpus": cpus, "maxcpus": maxcpus}


def _check_product(qemu: Qemu, counts: Mapping[str, int], maxcpus: int) -> None:
    """Compare the product of all levels with the number of CPUs there may be.

    Before 5.2 only a product that is too large is refused, and another is a warning.
    Raises ``cpu topology: ... > maxcpus (<n>)`` and ``Invalid CPU topology: ...``.
    """
    made = counts["sockets"] * counts["dies"] * counts["cores"] * counts["threads"] & UINT32_MASK
    topology: dict[str, Any] = {
        "hierarchy": cpu_hierarchy_to_string(qemu, counts),
        "max_cpus": maxcpus,
    }
    if made == maxcpus:
        return
    if qemu.tree.machine_smp.refuses_other_products:
        deprecated = " deprecated" if _supported(qemu, "dies") else ""
        raise messages.TOPOLOGY_INVALID.error(deprecated=deprecated, **topology)
    if made > maxcpus:
        raise messages.TOPOLOGY_TOO_LARGE.error(**topology)
    qemu.warn_report(messages.TOPOLOGY_DEPRECATED, **topology)


def _divide(number: int, by: int) -> int:
    """Return an unsigned quotient.  A divisor of 0, also by wrapping, ends QEMU: SIGFPE."""
    if not by & UINT32_MASK:
        raise Killed(SIGFPE)
    return number // (by & UINT32_MASK)


def _check_zero(qemu: Qemu, given: Mapping[str, int]) -> None:
    """Refuse numbers that are 0, as the line has them; before 9.0 warn of them.

    Raises ``Invalid CPU topology: CPU topology parameters must be greater than zero``.
    """
    if all(given.values()):
        return
    if qemu.tree.machine_smp.refuses_zero:
        raise messages.SMP_ZERO_REFUSED.error()
    qemu.warn_report(messages.SMP_ZERO)


def _check_optional(qemu: Qemu, given: Mapping[str, int]) -> None:
    """Refuse levels that the machine does not have.

    Raises ``<what> not supported by this machine's CPU topology``.
    """
    order: tuple[str, ...] = ("dies", "clusters", "books", "drawers")
    if qemu.tree.machine_smp.looks_at_clusters_first:
        order = _OPTIONAL
    for name in order:
        number = given.get(name)
        if number is None or _supported(qemu, name):
            continue
        if number > 1:
            raise messages.SMP_NOT_SUPPORTED.error(what=name)
        if qemu.tree.machine_smp.warns_of_levels_that_are_one:
            qemu.warn_report(messages.SMP_ONE, what=name)


def _smp_parse(qemu: Qemu, given: Mapping[str, int]) -> dict[str, int]:
    """Count CPUs as 6.2 and later do.

    What is not given follows: cores rather than sockets, on machines older than 6.2 the
    other way round, threads last.  Raises what ``_check_optional`` raises and ``Invalid CPU
    topology: ...``.
    """
    _check_optional(qemu, given)
    counts = {name: given.get(name) or 1 for name in _OPTIONAL}
    cpus, maxcpus = given.get("cpus", 0), given.get("maxcpus", 0)
    sockets, cores = given.get("sockets", 0), given.get("cores", 0)
    threads = given.get("threads", 0)
    others = 1
    for name in _OPTIONAL:
        others *= counts[name]
    if not cpus and not maxcpus:
        sockets, cores, threads = sockets or 1, cores or 1, threads or 1
    else:
        maxcpus = maxcpus or cpus
        if machine_get_class(qemu).smp_props.prefer_sockets and not sockets:
            cores, threads = cores or 1, threads or 1
            sockets = _divide(maxcpus, others * cores * threads)
        elif not cores:
            sockets, threads = sockets or 1, threads or 1
            cores = _divide(maxcpus, sockets * others * threads)
        elif not sockets:
            threads = threads or 1
            sockets = _divide(maxcpus, others * cores * threads)
        if not threads:
            threads = _divide(maxcpus, sockets * others * cores)
    counts |= {"sockets": sockets, "cores": cores, "threads": threads}
    made = sockets * others * cores * threads & UINT32_MASK
    maxcpus = maxcpus or made
    cpus = cpus or maxcpus
    hierarchy = cpu_hierarchy_to_string(qemu, counts)
    if made != maxcpus:
        raise messages.SMP_TOPOLOGY.error(
            what="product of the hierarchy must match maxcpus",
            hierarchy=f"{hierarchy} != maxcpus ({maxcpus})",
        )
    if maxcpus < cpus:
        raise messages.SMP_TOPOLOGY.error(
            what="maxcpus must be equal to or greater than smp",
            hierarchy=f"{hierarchy} == maxcpus ({maxcpus}) < smp_cpus ({cpus})",
        )
    return counts | {"cpus": cpus, "maxcpus": maxcpus}
