"""Whether the host has what the line needs: huge pages, room on a file system, memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..explain.guest_memory import Memory
from .case import Case
from .conditions import LESS_MEMORY
from .finding import Finding, Rule, Severity
from .units import counted, joined, rough_size, size_text

HUGE_PAGES: Final = Rule(
    "QM201",
    "huge-pages-needed",
    "note",
    "The line needs huge pages: how many, of which size, and on which node.",
)
TOO_FEW_PAGES: Final = Rule(
    "QM202",
    "too-few-huge-pages",
    "error",
    "The host's pool of huge pages, or that of a node, has fewer free pages than the line needs.",
)
NO_ROOM: Final = Rule(
    "QM210",
    "no-room",
    "error",
    "A file system has less room than the memory that is put there.",
)
TOO_MUCH_MEMORY: Final = Rule(
    "QM211",
    "beyond-memory",
    "warning",
    "The guest may use more memory than the host has.",
)
LOCKED: Final = Rule(
    "QM212",
    "locked-memory",
    "note",
    "All of QEMU's memory is allocated and locked at start.",
)


def pages_command(page_size: int, pages: int, node: int | None = None) -> str:
    """Return the command that gives a pool so many huge pages."""
    place = "/sys/kernel/mm" if node is None else f"/sys/devices/system/node/node{node}"
    return f"echo {pages} > {place}/hugepages/hugepages-{page_size >> 10}kB/nr_hugepages"


def _pool_of(page_size: int, pages: int) -> tuple[tuple[str, str], ...]:
    """Return the change of a simulated host that gives it so many pages, evenly over its nodes."""
    names = {2 << 20: "huge-pages", 1 << 30: "huge-pages-1G"}
    return ((names[page_size], str(pages)),) if page_size in names else ()


def huge_blocks(case: Case) -> dict[int, list[Memory]]:
    """Return the blocks in huge pages, by page size in bytes; a file that two map counts once."""
    blocks: dict[int, list[Memory]] = {}
    seen: set[str] = set()
    for memory in case.memory:
        named = memory.source == "file" and memory.shared and memory.path
        if memory.huge and memory.mapped and not (named and memory.path in seen):
            blocks.setdefault(memory.page_size, []).append(memory)
            seen.add(memory.path)
    return blocks


def node_demand(blocks: list[Memory]) -> dict[int, int]:
    """Return how many pages must come from one node alone, by node."""
    demand: dict[int, int] = {}
    for memory in blocks:
        if memory.policy == "bind" and len(memory.nodes) == 1:
            node = memory.nodes[0]
            demand[node] = demand.get(node, 0) + memory.pages
    return demand


def quoted(blocks: list[Memory]) -> str:
    """Return the blocks' ids in quotes."""
    return joined([f'"{memory.id}"' for memory in blocks])


def huge_pages(case: Case) -> Iterator[Finding]:
    """Yield how many huge pages are needed, and where the host has fewer."""
    for page_size, blocks in huge_blocks(case).items():
        needed = sum(memory.pages for memory in blocks)
        size = size_text(page_size)
        ids = quoted(blocks)
        free = case.host.pool(page_size)
        demand = node_demand(blocks)
        nodes = joined([f"{pages} on node {node}" for node, pages in sorted(demand.items())])
        of_nodes = f" ({nodes})" if nodes else ""
        if free is None:
            yield Finding(
                HUGE_PAGES,
                ids.strip('"'),
                f"{counted(needed, 'huge page')} of {size} {'is' if needed == 1 else 'are'} "
                f"needed for {ids}{of_nodes}.",
                "Huge pages come from a pool that is reserved beforehand; overcommit and swap have "
                "no part in it.",
                pages_command(page_size, needed),
            )
            continue
        if free < needed:
            yield Finding(
                TOO_FEW_PAGES,
                ids.strip('"'),
                f"{counted(needed, 'huge page')} of {size} needed for {ids}, and {free} free.",
                "A mapping of huge pages reserves all of them at once, shared or private; "
                "overcommit and swap do not help.",
                pages_command(page_size, needed + case.host.pages_in_use(page_size)),
                host_change=_pool_of(page_size, needed),
            )
            continue
        for node, pages in sorted(demand.items()):
            there = case.host.node_pool(node, page_size)
            if there is not None and there < pages:
                yield Finding(
                    TOO_FEW_PAGES,
                    f"node {node}",
                    f"{counted(pages, 'huge page')} of {size} must come from node {node}, which "
                    f"has {there}.",
                    "policy=bind takes pages from its nodes only. The reservation at start looks "
                    "at the whole pool: QEMU is killed by SIGBUS when the node's pages run out.",
                    pages_command(page_size, pages, node),
                    host_change=_pool_of(page_size, pages * len(case.host.nodes() or (node,))),
                )


def files_by_mount(case: Case) -> dict[str, list[Memory]]:
    """Return the blocks of files outside huge pages, by mount point."""
    found: dict[str, list[Memory]] = {}
    for memory in case.memory:
        if memory.source == "file" and memory.path and not memory.huge and memory.mapped:
            if case.host.file_system(memory.path) in ("device-dax", "devtmpfs"):
                continue
            found.setdefault(case.host.mount_point(memory.path), []).append(memory)
    return found


def no_room(case: Case) -> Iterator[Finding]:
    """Yield file systems with less room than the line's files there need."""
    for mount, blocks in files_by_mount(case).items():
        paths = {memory.path: memory.size for memory in blocks if memory.shared}
        needed = sum(paths.values())
        room = case.host.room(blocks[0].path)
        if room is None or needed <= room:
            continue
        taken = any(memory.prealloc for memory in blocks)
        how = (
            "With prealloc QEMU allocates all pages at start, and fails."
            if taken
            else "QEMU starts: the file is sparse. It is killed by SIGBUS as soon as the guest has "
            f"written {rough_size(room)}."
        )
        severity: Severity = "error"
        option = "docker --shm-size, or " if mount == "/dev/shm" else ""
        in_memory = case.host.file_system(blocks[0].path) == "tmpfs"
        grow = f"{option}mount -o remount,size={needed >> 20}M {mount}"
        yield Finding(
            NO_ROOM,
            mount,
            f"{mount} has room for {rough_size(room)}; "
            f"{quoted(blocks)} {'needs' if len(blocks) == 1 else 'need'} {rough_size(needed)}.",
            how,
            grow if in_memory else f"free {rough_size(needed - room)} there, or use another path",
            severity,
            host_change=(("shm", f"{needed >> 20}M"),) if mount == "/dev/shm" else (),
        )


def too_much_memory(case: Case) -> Iterator[Finding]:
    """Yield where ordinary memory of the line is more than the host has."""
    has = case.host.memory()
    if has is None:
        return
    blocks = [
        memory
        for memory in case.memory
        if not memory.huge
        and memory.mapped
        and (
            memory.source != "file"
            or not memory.shared
            or case.host.file_system(memory.path) in ("tmpfs", "devtmpfs")
        )
    ]
    wanted = sum(memory.mapped for memory in blocks)
    if wanted > has:
        taken = not case.starts or any(memory.prealloc for memory in blocks)
        yield Finding(
            TOO_MUCH_MEMORY,
            joined([memory.id for memory in blocks]),
            f"The guest may use {rough_size(wanted)} of memory; the host has {rough_size(has)}.",
            "QEMU allocates it at start: the kernel refuses it, or kills QEMU."
            if taken
            else "Linux allocates memory when the guest touches it, and kills QEMU when none "
            "is left.",
            LESS_MEMORY,
            "error" if taken else None,
        )


def locked_memory(case: Case) -> Iterator[Finding]:
    """Yield what locking QEMU's memory means for the line."""
    parts = [part for part in case.parts_called("overcommit") if part.on_mem_lock]
    if not parts or case.wanted.run.exit != 0:
        return
    size = sum(memory.mapped for memory in case.memory)
    faults = parts[-1].mem_lock == "on-fault"
    when = "as it is touched" if faults else "at start, before the guest runs"
    yield Finding(
        LOCKED,
        "mem-lock",
        f"-overcommit mem-lock={parts[-1].mem_lock}: all memory is taken and locked {when}: "
        f"{size_text(size)} for the guest, and QEMU's own.",
        "mlockall needs the right to: 'locking memory failed' is what QEMU says without. Locked "
        "memory is neither swapped nor overcommitted.",
        "set LimitMEMLOCK= (systemd), ulimit -l or <hard_limit> (libvirt) above that size",
    )
