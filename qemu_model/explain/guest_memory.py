"""The memory of a run: each block, where its pages come from, and what uses it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from ..calls.event import Event
from ..host import linux
from ..process import Process
from ..records import Record, Value
from .parts import Part, size_of

Source = Literal["file", "memfd", "anonymous"]

#: Devices that take a backend as guest memory, beside the machine's RAM.
MEMORY_DEVICES: Final = ("nvdimm", "pc-dimm", "virtio-mem", "virtio-pmem", "ivshmem")
#: Where the host's memory for SGX comes from.
SGX_DEVICE: Final = "/dev/sgx_vepc"
_HUGE_MASK: Final = linux.MFD_HUGE_MASK


@attrs.frozen(eq=False, repr=False)
class Use(Value):
    """What uses a backend: the machine's RAM, a node of it, or a device by its label."""

    kind: Literal["ram", "node", "device"]
    label: str
    part: Part | None = None


@attrs.frozen(eq=False, repr=False)
class Memory(Record):
    """One block of memory; sizes in bytes.

    ``type`` is the backend's, empty for RAM that the machine makes itself.  ``size`` is
    what was requested and ``mapped`` what is mapped of it, 0 if nothing is.  ``page_size``
    is that of a pool of huge pages, or the host's.  ``nodes`` are those that mbind named.
    ``file_size`` is that of the file after the run, None where there is none or the host
    does not say.  ``created`` if the run made the file, ``unlinked`` if it has no name any more.
    """

    id: str
    type: str
    source: Source
    size: int
    mapped: int
    shared: bool
    page_size: int
    huge: bool
    path: str = ""
    readonly: bool = False
    pmem: bool = False
    prealloc: bool = False
    reserve: bool = True
    merge: bool = True
    policy: str = "default"
    nodes: tuple[int, ...] = ()
    offset: int = 0
    file_size: int | None = None
    created: bool = False
    discards: bool = False
    unlinked: bool = False
    part: Part | None = None
    uses: tuple[Use, ...] = ()

    @property
    def is_ram(self) -> bool:
        """Whether the guest's RAM, or a node's, is this block."""
        return any(use.kind in ("ram", "node") for use in self.uses)

    @property
    def pages(self) -> int:
        """How many pages the mapping has."""
        return -(-(self.mapped or self.size) // self.page_size)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, an entry of ``guest_memory``."""
        return {
            "id": self.id,
            "type": self.type or None,
            "source": self.source,
            "size": self.size,
            "shared": self.shared,
            "page_size": self.page_size,
            "huge": self.huge,
            "path": self.path or None,
            "readonly": self.readonly,
            "prealloc": self.prealloc,
            "nodes": list(self.nodes),
            "used_by": [use.label for use in self.uses],
        }


@attrs.define(eq=False, repr=False)
class _Descriptors(Value):
    """What each open descriptor is, as the events so far say."""

    paths: dict[int, str] = attrs.field(factory=dict)
    memfds: dict[int, int] = attrs.field(factory=dict)
    page_sizes: dict[int, int] = attrs.field(factory=dict)
    created: set[int] = attrs.field(factory=set)

    def follow(self, event: Event) -> None:
        """Note what one more call opens, finds out, or closes."""
        if event.failed:
            return
        match event.call:
            case "open":
                self._forget(event.result)
                self.paths[event.result] = event.args[0]
                if event.args[1] & linux.O_CREAT:
                    self.created.add(event.result)
            case "memfd_create":
                self._forget(event.result)
                self.memfds[event.result] = event.args[1]
            case "fstatfs" if event.out is not None:
                if event.out.f_type == linux.HUGETLBFS_MAGIC:
                    self.page_sizes[event.args[0]] = event.out.f_bsize
            case "close":
                self._forget(event.args[0])

    def _forget(self, fd: int) -> None:
        for kept in (self.paths, self.memfds, self.page_sizes):
            kept.pop(fd, None)
        self.created.discard(fd)


@attrs.frozen(eq=False, repr=False)
class _Mapped(Value):
    """A mapping of a block, and what its descriptor was."""

    length: int
    flags: int
    prot: int
    offset: int
    path: str
    memfd: int | None
    page_size: int
    created: bool


def _mappings(events: Iterable[Event]) -> dict[int, _Mapped]:
    """Return the last mapping made at each address, by the address."""
    known = _Descriptors()
    found: dict[int, _Mapped] = {}
    for event in events:
        known.follow(event)
        if event.call == "mmap" and not event.failed and event.args[3] & linux.MAP_FIXED:
            _, length, prot, flags, fd, offset = event.args
            found[event.result] = _Mapped(
                length,
                flags,
                prot,
                offset,
                known.paths.get(fd, ""),
                known.memfds.get(fd),
                known.page_sizes.get(fd, 0),
                fd in known.created,
            )
    return found


def _bound(events: Iterable[Event]) -> dict[int, tuple[int, ...]]:
    """Return the nodes that mbind named, by the address."""
    return {
        event.args[0]: tuple(sorted(event.args[3]))
        for event in events
        if event.call == "mbind" and event.args[3]
    }


def guest_memory(
    process: Process,
    events: Sequence[Event],
    parts: Sequence[Part],
    made: Mapping[str, Any],
    addresses: Mapping[str, int],
    sizes: Mapping[str, int],
) -> tuple[Memory, ...]:
    """Return the blocks of a run, the guest's RAM first.

    ``made`` are the objects by id as they were, also those that are gone again, and
    ``addresses`` where their blocks are, 0 for none; ``sizes`` are the files' sizes after
    the run, by path, empty where the host does not say.
    """
    mapped, bound = _mappings(events), _bound(events)
    uses = uses_of(parts, made)
    by_id = {part.id: part for part in parts if part.option == "object"}
    page = process.qemu.platform.page_size
    found = []
    for id, obj in made.items():
        if getattr(obj, "mr", None) is None:
            continue
        address = addresses[id]
        memory = _memory(id, obj, by_id.get(id), mapped.get(address), page, sizes)
        found.append(
            attrs.evolve(memory, nodes=bound.get(address, ()), uses=tuple(uses.get(id, ())))
        )
    for part in parts:
        if part.option == "object" and part.kind.startswith("memory-backend-"):
            known = next((memory for memory in found if memory.id == part.id), None)
            if known is None or not known.mapped:
                found = [memory for memory in found if memory is not known]
                planned = _planned(part, events, page, sizes)
                found.append(attrs.evolve(planned, uses=tuple(uses.get(part.id, ()))))
    ram = process.qemu.machine.ram
    block = ram.ram_block if ram is not None else None
    if block is not None and block.host not in addresses.values():
        made_by_machine = mapped.get(block.host)
        if made_by_machine is not None:
            found.append(_machine_ram(getattr(ram, "name", "ram"), block, made_by_machine, page))
    found.sort(key=lambda memory: not memory.is_ram)
    return tuple(found)


def block_address(obj: Any) -> int:
    """Return the address of a backend's block, 0 if it has none."""
    block = getattr(getattr(obj, "mr", None), "ram_block", None)
    return block.host if block is not None else 0


def _memory(
    id: str,
    obj: Any,
    part: Part | None,
    mapped: _Mapped | None,
    page: int,
    sizes: Mapping[str, int],
) -> Memory:
    size = int(getattr(obj, "size", 0) or 0)
    page_size = _page_size(mapped, page)
    named = str(getattr(obj, "mem_path", "") or "")
    path = named or (mapped.path if mapped is not None else "")
    return Memory(
        id=id,
        type=obj.type.name,
        source=_source(mapped, obj.type.name),
        size=size,
        mapped=mapped.length if mapped is not None else 0,
        shared=bool(mapped.flags & linux.MAP_SHARED if mapped is not None else obj.share),
        page_size=page_size,
        huge=page_size > page,
        path=path,
        readonly=mapped is not None and not mapped.prot & linux.PROT_WRITE,
        pmem=bool(getattr(obj, "is_pmem", False)),
        prealloc=bool(getattr(obj, "prealloc", False)),
        reserve=bool(getattr(obj, "reserve", True)),
        merge=bool(getattr(obj, "merge", True)),
        policy=str(getattr(obj, "policy", "default")),
        offset=mapped.offset if mapped is not None else 0,
        file_size=sizes.get(path),
        created=mapped is not None and mapped.created,
        discards=bool(getattr(obj, "discard_data", False)),
        unlinked=mapped is not None and mapped.path.startswith(f"{named}/qemu_back_mem."),
        part=part,
    )


def _planned(part: Part, events: Sequence[Event], page: int, sizes: Mapping[str, int]) -> Memory:
    """Return a backend that the run did not make, as far as the line and the calls say."""
    if part.kind == "memory-backend-epc":
        # The mirror does not make it: it is mapped from the device, shared.
        return Memory(
            part.id, part.kind, "file", part.size, 0, shared=True, page_size=page, huge=False,
            path=SGX_DEVICE, prealloc=part.on("prealloc"), part=part,
        )  # fmt: skip
    path = part.params.get("mem-path", "")
    mapped: _Mapped | None = None
    for found in _attempts(events):
        of_path = found.path == path or found.path.startswith(f"{path}/qemu_back_mem.")
        of_memfd = part.kind == "memory-backend-memfd" and found.memfd is not None
        if (path and of_path) or of_memfd:
            mapped = found
    page_size = _page_size(mapped, page)
    if mapped is None:
        page_size = _told_page_size(part, events, page)
    nodes = [
        tuple(sorted(event.args[3] or ()))
        for event in events
        if event.call == "mbind" and event.failed
    ]
    return Memory(
        id=part.id,
        type=part.kind,
        source=_source(mapped, part.kind),
        size=part.size,
        mapped=0,
        shared=part.on(
            "share", default=part.kind in ("memory-backend-memfd", "memory-backend-shm")
        ),
        page_size=page_size,
        huge=page_size > page,
        path=path,
        readonly=part.on("readonly"),
        pmem=part.on("pmem"),
        prealloc=part.on("prealloc"),
        policy=part.params.get("policy", "default"),
        nodes=nodes[-1] if nodes else (),
        offset=size_of(part.params.get("offset", "")),
        file_size=sizes.get(path),
        part=part,
    )


def _told_page_size(part: Part, events: Sequence[Event], page: int) -> int:
    """Return the page size of memory that was not mapped: as statfs or the line says it."""
    path = part.params.get("mem-path", "")
    for event in events:
        if event.call != "statfs" or event.args[0] != path or event.out is None:
            continue
        if event.out.f_type == linux.HUGETLBFS_MAGIC:
            return event.out.f_bsize
    if part.kind == "memory-backend-memfd" and part.on("hugetlb"):
        return size_of(part.params.get("hugetlbsize", "")) or 2 << 20
    return page


def _attempts(events: Iterable[Event]) -> list[_Mapped]:
    """Return what each mapping of a descriptor was to be, refused ones too."""
    known = _Descriptors()
    found = []
    for event in events:
        known.follow(event)
        if event.call == "mmap" and event.args[4] >= 0:
            _, length, prot, flags, fd, offset = event.args
            found.append(
                _Mapped(
                    length,
                    flags,
                    prot,
                    offset,
                    known.paths.get(fd, ""),
                    known.memfds.get(fd),
                    known.page_sizes.get(fd, 0),
                    fd in known.created,
                )
            )
    return found


def _machine_ram(name: str, block: Any, mapped: _Mapped, page: int) -> Memory:
    page_size = _page_size(mapped, page)
    return Memory(
        id=name,
        type="",
        source=_source(mapped, ""),
        size=block.used_length,
        mapped=mapped.length,
        shared=bool(mapped.flags & linux.MAP_SHARED),
        page_size=page_size,
        huge=page_size > page,
        path=mapped.path,
        uses=(Use("ram", "guest RAM"),),
    )


def _page_size(mapped: _Mapped | None, page: int) -> int:
    if mapped is None:
        return page
    if mapped.memfd is not None and mapped.memfd & linux.MFD_HUGETLB:
        shift = mapped.memfd >> linux.MFD_HUGE_SHIFT & _HUGE_MASK
        return 1 << shift if shift else mapped.page_size or 2 << 20
    return mapped.page_size or page


def _source(mapped: _Mapped | None, kind: str) -> Source:
    if mapped is None:
        return {"memory-backend-file": "file", "memory-backend-memfd": "memfd"}.get(  # type: ignore[return-value] # these are sources
            kind, "anonymous"
        )
    if mapped.flags & linux.MAP_ANONYMOUS:
        return "anonymous"
    return "memfd" if mapped.memfd is not None else "file"


def uses_of(parts: Sequence[Part], made: Mapping[str, Any]) -> dict[str, list[Use]]:
    """Return what uses each backend, by its id."""
    uses: dict[str, list[Use]] = {}
    ids = {part.id for part in parts if part.option == "object" and part.id}
    nodes = [part for part in parts if part.option == "numa" and part.kind == "node"]
    for part in parts:
        if part.option == "machine" and "memory-backend" in part.params:
            uses.setdefault(part.params["memory-backend"], []).append(Use("ram", "guest RAM", part))
        if part.option == "numa" and "memdev" in part.params:
            node = part.params.get("nodeid") or str(nodes.index(part) if part in nodes else 0)
            uses.setdefault(part.params["memdev"], []).append(
                Use("node", f"guest node {node}", part)
            )
        elif part.option == "device":
            for value in {*part.params.values()} & ids:
                uses.setdefault(value, []).append(Use("device", part.label, part))
        elif part.option == "machine":
            for name, value in part.params.items():
                if name.endswith("memdev") and value in ids:
                    label = "SGX EPC" if name.startswith("sgx-epc.") else name
                    uses.setdefault(value, []).append(Use("device", label, part))
    for id, obj in made.items():
        if id not in uses and getattr(obj, "mapped", False):
            uses[id] = [Use("ram", "guest RAM")]
    return uses
