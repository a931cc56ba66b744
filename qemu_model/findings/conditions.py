"""Which condition failed: from a message, its errno and the memory that it is about.

The causes of :mod:`qemu_model.explain.causes` are those that are usual; here the run, or
the line that a message came with, decides.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from ..explain.guest_memory import Memory
from ..records import Value
from .surroundings import Surroundings
from .units import counted, joined, option_size, rough_size, size_text

#: What device DAX needs mostly, in bytes.
DEVICE_ALIGN: Final = 2 << 20
_PAGE: Final = 4096
_NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})
#: What to do where memory is short.
LESS_MEMORY: Final = "give the guest less memory, or use huge pages or a shared file"


@attrs.frozen(eq=False, repr=False)
class Condition(Value):
    """The condition that failed, in a sentence, and what to do; ``check`` is a command.

    ``values`` are the backend's parameters with the fix, ``size`` its size with it, in
    bytes, where the fix is one on the line.
    """

    text: str
    fix: str
    check: str = ""
    values: tuple[tuple[str, str], ...] = ()
    size: int | None = None


def conditions(
    template: str,
    errno: str | None,
    memory: Memory,
    host: Surroundings,
    fields: Mapping[str, str] = _NO_FIELDS,
) -> Iterator[Condition]:
    """Yield the conditions that this memory fails, for a message with this template.

    ``fields`` is what stands in the message.
    """
    if "does not match 'size' option" in template:
        yield from _other_size(memory, fields)
    if template.startswith("memory size 0x"):
        yield from _below_a_page(memory, fields)
    if "is too small for 'size' option" in template:
        yield from _too_small(memory, fields)
    for begins, look in _LOOKS:
        if template.startswith(begins):
            yield from look(errno, memory, host)


def _mapping(errno: str | None, memory: Memory, host: Surroundings) -> Iterator[Condition]:
    on = host.file_system(memory.path) if memory.path else ""
    if errno == "EINVAL" and (on == "device-dax" or memory.path.startswith("/dev/dax")):
        yield from _device_dax(memory)
    elif errno == "EINVAL" and on == "9p" and memory.shared:
        yield Condition(
            "Files on 9p with cache=none cannot be mapped shared.",
            "use share=off, or a file elsewhere",
            f"findmnt -T {memory.path}",
            (("share", "off"),),
        )
    elif errno == "ENOMEM" and memory.huge:
        yield from _pool(memory, host)
    elif errno == "ENOMEM" and not memory.huge:
        yield from _overcommit(memory, host)
    elif errno == "ENODEV":
        yield Condition(
            f"{memory.path} cannot be mapped: it is a FIFO, /dev/null or a proc file.",
            "name a file, a directory or a device DAX in mem-path",
            f"stat -L -c '%F' {memory.path}",
        )
    elif errno == "EOPNOTSUPP":
        yield Condition(
            f"MAP_SYNC is requested, and {memory.path} is on a file system without it.",
            "put the file on DAX, or do not request MAP_SYNC",
            f"qemu-model check --path {memory.path}",
        )


def _device_dax(memory: Memory) -> Iterator[Condition]:
    if not memory.shared:
        yield Condition(
            "A device DAX cannot be mapped privately, and share is off.",
            "use share=on",
            f"ls -l {memory.path}",
            (("share", "on"),),
        )
    align = memory.part.params.get("align", "") if memory.part is not None else ""
    if not align:
        yield Condition(
            "A device DAX maps only at multiples of its alignment, mostly 2 MiB; QEMU uses the "
            "page size unless align= says more.",
            "use align=2M",
            "cat /sys/bus/dax/devices/dax*/align",
            (("align", "2M"),),
        )
    if memory.size % DEVICE_ALIGN:
        yield _whole_pages(memory, DEVICE_ALIGN, "the alignment of the device DAX")


def _other_size(memory: Memory, fields: Mapping[str, str]) -> Iterator[Condition]:
    try:
        there, wanted = int(fields["found"], 16), int(fields["wanted"], 16)
    except (KeyError, ValueError):
        return
    of_device = memory.path.startswith("/dev/dax")
    sizes = f"has {size_text(there)}, and size= says {size_text(wanted)}"
    if of_device:
        yield Condition(
            f"The device DAX {sizes}.",
            f"use size={option_size(there)}",
            "grep . /sys/bus/dax/devices/dax*/size",
            size=there,
        )
        return
    yield Condition(
        f"{memory.path or 'The file'} {sizes}: QEMU resizes only an empty file.",
        f"use size={option_size(there)}, or truncate -s {wanted} {memory.path}".rstrip(),
        f"stat -L -c %s {memory.path}",
        size=there,
    )


def _too_small(memory: Memory, fields: Mapping[str, str]) -> Iterator[Condition]:
    try:
        there, size, offset = (int(fields[name], 16) for name in ("found", "wanted", "offset"))
    except (KeyError, ValueError):
        return
    yield short_file(attrs.evolve(memory, file_size=there, size=size, offset=offset))


def _below_a_page(memory: Memory, fields: Mapping[str, str]) -> Iterator[Condition]:
    try:
        size, page = int(fields["size"], 16), int(fields["page_size"], 16)
    except (KeyError, ValueError):
        return
    if memory.size and memory.size != size:
        return
    yield Condition(
        f'"{memory.id}" has {size_text(size)}, less than one page of {size_text(page)}.',
        f"use size={option_size(page)}, or a path with smaller pages",
        f"stat -f -c '%S' {memory.path}",
        size=page,
    )


def _whole_pages(memory: Memory, unit: int, what: str) -> Condition:
    size = -(-memory.size // unit) * unit
    return Condition(
        f"The size {size_text(memory.size)} is not a multiple of {what}, {size_text(unit)}.",
        f"use size={option_size(size)}",
        size=size,
    )


def _pool(memory: Memory, host: Surroundings) -> Iterator[Condition]:
    node = memory.nodes[0] if memory.policy == "bind" and len(memory.nodes) == 1 else None
    there = host.node_pool(node, memory.page_size) if node is not None else None
    if there is not None and there < memory.pages:
        folder = f"/sys/devices/system/node/node{node}/hugepages/hugepages"
        yield Condition(
            f'"{memory.id}" needs {counted(memory.pages, "huge page")} of '
            f"{size_text(memory.page_size)} from node {node}, which has {there}.",
            f"echo {memory.pages} > {folder}-{memory.page_size >> 10}kB/nr_hugepages",
            "grep . /sys/devices/system/node/node*/hugepages/hugepages-*/free_hugepages",
        )
        return
    free = host.pool(memory.page_size)
    pages = counted(memory.pages, "huge page")
    size = size_text(memory.page_size)
    if free is None or free < memory.pages:
        has = f"the pool has {free} free" if free is not None else "the pool has fewer free"
        yield Condition(
            f'"{memory.id}" needs {pages} of {size}; {has}. A mapping of huge pages reserves all '
            "of them at once; overcommit and swap do not help.",
            f"echo {memory.pages + host.pages_in_use(memory.page_size)} > "
            f"/sys/kernel/mm/hugepages/hugepages-{memory.page_size >> 10}kB/nr_hugepages",
            "grep . /sys/kernel/mm/hugepages/hugepages-*/{nr,free,resv}_hugepages",
        )


def _overcommit(memory: Memory, host: Surroundings) -> Iterator[Condition]:
    has = host.memory()
    if memory.shared and memory.source == "file":
        return
    if has is None or memory.size > has:
        known = f"the host has {rough_size(has)}" if has is not None else "the host has less"
        yield Condition(
            f'"{memory.id}" is {rough_size(memory.size)} of memory that the kernel must promise; '
            f"{known} of RAM and swap.",
            LESS_MEMORY,
            "free -h; cat /proc/sys/vm/overcommit_memory",
        )
    else:
        yield Condition(
            f"The kernel promises no more memory: overcommit_memory is 2, and {memory.id!r} is "
            f"{rough_size(memory.size)}.".replace("'", '"'),
            "sysctl vm.overcommit_memory=0, a larger vm.overcommit_ratio, or less memory",
            "grep -i commit /proc/meminfo; cat /proc/sys/vm/overcommit_memory",
        )


def _binding(errno: str | None, memory: Memory, host: Surroundings) -> Iterator[Condition]:
    there = host.nodes()
    if errno == "EINVAL":
        if memory.size % memory.page_size and memory.page_size > _PAGE:
            size = -(-memory.size // memory.page_size) * memory.page_size
            yield Condition(
                f"The size {size_text(memory.size)} is not a multiple of the huge page, "
                f"{size_text(memory.page_size)}: mbind would split the last page.",
                f"use size={option_size(size)}",
                size=size,
            )
        nodes = _nodes_of(memory)
        if there is not None and nodes and not set(nodes) & there:
            yield Condition(
                f"None of the nodes {joined(list(map(str, nodes)))} exists; the host has "
                f"{joined(list(map(str, sorted(there))))}.",
                "name nodes that numactl --hardware lists",
                "numactl --hardware",
            )
    elif errno == "EPERM":
        yield Condition(
            "The process may not use mbind: containers allow it with CAP_SYS_NICE only.",
            "docker run --cap-add SYS_NICE, or securityContext.capabilities.add in Kubernetes",
            "grep -E 'CapEff|Seccomp' /proc/self/status",
        )


def _nodes_of(memory: Memory) -> tuple[int, ...]:
    return memory.nodes


def _opening(errno: str | None, memory: Memory, host: Surroundings) -> Iterator[Condition]:
    if errno in ("ENOENT", "ENOTDIR") and memory.path:
        folder = memory.path.rpartition("/")[0] or "/"
        yield Condition(
            f"The directory {folder} does not exist on the host, or QEMU does not see it.",
            f"mkdir -p {folder}, or mount what belongs there",
            f"namei -l {memory.path}",
        )


def _touching(errno: str | None, memory: Memory, host: Surroundings) -> Iterator[Condition]:
    if memory.huge:
        yield from _pool(memory, host)
    room = host.room(memory.path) if memory.path else None
    if room is not None and memory.size > room and not memory.huge:
        yield Condition(
            f"{host.mount_point(memory.path)} has room for {rough_size(room)}, and prealloc=on "
            f"takes {rough_size(memory.size)} of it at start.",
            f"mount -o remount,size={memory.size >> 20}M {host.mount_point(memory.path)} "
            "(docker --shm-size for /dev/shm)",
            f"df -h {memory.path}",
        )
    elif room is None and not memory.huge and host.file_system(memory.path) == "tmpfs":
        mount = host.mount_point(memory.path) or "/dev/shm"
        yield Condition(
            f"{mount} has less than {rough_size(memory.size)} free, and prealloc=on takes all of "
            "it at start.",
            f"mount -o remount,size={memory.size >> 20}M {mount} (docker --shm-size for /dev/shm)",
            f"df -h {memory.path}",
        )
    if memory.file_size and memory.file_size < memory.offset + memory.size:
        yield short_file(memory)


def short_file(memory: Memory) -> Condition:
    """Return the condition of a file that ends before the memory does."""
    end = memory.offset + memory.size
    return Condition(
        f"{memory.path} has {size_text(memory.file_size or 0)}, and offset + size is "
        f"{size_text(end)}: beyond the end of a file there are no pages.",
        f"truncate -s {end} {memory.path}, or use a smaller offset or size",
        f"stat -L -c %s {memory.path}",
    )


def _whole(errno: str | None, memory: Memory, host: Surroundings) -> Iterator[Condition]:
    if memory.size % memory.page_size:
        yield _whole_pages(memory, memory.page_size, "the page size")


_LOOKS: Final[
    tuple[tuple[str, Callable[[str | None, Memory, Surroundings], Iterator[Condition]]], ...]
] = (
    ("unable to map backing store", _mapping),
    ("cannot set up guest memory", _mapping),
    ("cannot bind memory", _binding),
    ("can't open backing store", _opening),
    ("qemu_prealloc_mem: preallocating", _touching),
    ("os_mem_prealloc: Insufficient", _touching),
    ("backend '", _whole),
)
