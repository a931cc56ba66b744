"""The sentences of ``explain``: what blocks MAP_SYNC, what a crash takes, what to change."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ..process import Run
from ..ram_addr import RAM_PMEM, RAM_SHARED, RAM_SYNC
from ..revision import Revision
from ..revisions.default import label
from .backend import Backend, Block
from .given import GivenObject, given_objects, words_of
from .map_sync_sentence import said_of
from .place import Place
from .words import FILE

#: What device DAX needs mostly, in bytes.
DEVICE_ALIGN: Final = 2 << 20

_LOST: Final[Mapping[str, str]] = MappingProxyType(
    {
        "disk": "what the guest wrote and the kernel had not yet written back to the disk "
        "(writes of the last half minute or so) is lost, whatever the guest flushed",
        "dax": "the data may be on the medium, but the file system's metadata may not be: blocks "
        "that were new to the file are lost, whatever the guest flushed",
        "memory": "everything is lost: the file system is in memory itself",
        "unknown": "you lose: on a disk, data not yet written back; on DAX, blocks "
        "that were new to the file; on tmpfs and hugetlbfs, everything",
    }
)


def crash(
    backends: Sequence[Backend], *, failed: bool, host: str, in_force: bool | None
) -> tuple[bool | None, str]:
    """Return whether the guest's writes survive a crash of the host, and what is lost."""
    if failed:
        return False, "nothing runs, so nothing is written"
    files = [backend for backend in backends if backend.type == FILE]
    if not files:
        return False, "everything is lost: the guest's memory is anonymous, and gone when QEMU ends"
    if in_force:
        return (
            True,
            "nothing is lost that the guest has flushed: data and metadata are on the medium",
        )
    if in_force is None:
        return None, (
            "if the kernel grants MAP_SYNC, nothing is lost that the guest has flushed; else "
            + _LOST["unknown"]
        )
    private = [backend for backend in files if not backend.share]
    if private:
        return False, (
            "everything is lost, and not only in a crash: with share=off the guest's writes never "
            "reach the file"
        )
    places = [backend.place for backend in files if backend.place is not None]
    if places and all(place.kind == "device" for place in places):
        if not host:
            return None, (
                "if the path is a device DAX, nothing is lost that the guest has flushed: there is "
                "no file system whose notes could be lost"
            )
        return True, (
            "nothing is lost that the guest has flushed: a device DAX has no file system whose "
            "notes could be lost, so it needs no MAP_SYNC"
        )
    worst = next((place.kind for place in places if place.kind in _LOST), "unknown")
    return False, _LOST[worst]


def advise(
    args: Sequence[str],
    revision: Revision,
    backends: Sequence[Backend],
    run: Run,
    blocked: Block | None,
    *,
    given: Sequence[GivenObject],
    in_force: bool | None,
) -> Iterator[str]:
    """Yield what to change, the first thing first; ``given`` are the objects as they were given."""
    files = [backend for backend in backends if backend.type == FILE]
    if blocked == "error":
        yield from _advise_on_error(run, files)
        return
    if not files:
        wanted = "share=on,pmem=on" + (",sync=on" if revision.hostmem_file.has_sync else "")
        yield (
            "for memory that survives a host crash: -object memory-backend-file with a mem-path "
            f"on DAX, {wanted}"
        )
        return
    for backend in files:
        yield from _advise_on_path(backend)
    if in_force is not True:
        yield from _advise_on_options(given, revision, files)
    for backend in files:
        if backend.blocked_by == "kernel":
            yield "run it on Linux 4.15 or later"
        if backend.blocked_by == "file":
            yield from _advise_on_file(backend.place)
    if not any(name == "device" and "memdev=" in (value or "") for name, value in words_of(args)):
        yield (
            "so that the guest sees persistent memory: -machine pc,nvdimm=on with -m ...,slots=1,"
            f"maxmem=... and -device nvdimm,id=nv0,memdev={files[0].id or 'ID'}"
        )


def _advise_on_error(run: Run, files: Sequence[Backend]) -> Iterator[str]:
    from .why import why

    yield from suggestions(run)
    for backend in files:
        yield from _advise_on_path(backend)
    said = "\n".join(said_of(run))
    answer = why(said) if said else None
    if answer is not None and answer.known:
        for cause in answer.causes()[:3]:
            yield f"it may be that {cause.text} (to check: {cause.check})"
    if run.livelock:
        yield "the path is a symbolic link to nothing: make the file, or remove the link"


def suggestions(run: Run) -> Iterator[str]:
    """Yield what a misspelt property, type or option may have been meant to be."""
    from ..front_ends import front_end_of
    from ..qemu_options_hx import qemu_options
    from .match import find_messages

    release = run.revision.release
    types = front_end_of(run.revision).types(release)
    for found in find_messages("\n".join(run.stderr)):
        fields = dict(found.fields)
        known: list[str] = []
        given = ""
        template = found.known.template
        if template.startswith(("Property '", "Invalid parameter '")):
            given = (fields.get("property") or found.fields[-1][1]).lstrip(".")
            kinds = {obj.type for obj in given_objects(run.args)}
            known = sorted(
                {name for kind in kinds & types.keys() for name in types[kind].properties}
            )
        elif template.startswith("invalid object type"):
            given = fields["type"].strip()
            known = sorted(name for name, info in types.items() if not info.abstract)
        elif template == "invalid option":
            given = found.line[: found.first].rstrip(": ").rpartition(" ")[2].lstrip("-")
            known = sorted(qemu_options(release))
        import difflib

        near = [name for name in difflib.get_close_matches(given, known, n=1) if name != given]
        if near:
            yield f"did you mean {near[0]}?"


def _advise_on_path(backend: Backend) -> Iterator[str]:
    place = backend.place
    unaligned = not backend.align or backend.align % DEVICE_ALIGN
    if place is not None and place.kind == "device" and unaligned:
        yield "a device DAX maps only multiples of its alignment, mostly 2 MiB: use align=2M"


def _advise_on_options(
    given: Sequence[GivenObject], revision: Revision, files: Sequence[Backend]
) -> Iterator[str]:
    policy = revision.policy
    if not revision.mmap_alloc.passes_map_sync or (
        policy.needs & RAM_SYNC and not revision.hostmem_file.has_sync
    ):
        yield (
            f"{label(revision)} cannot ask for MAP_SYNC: QEMU 4.1 and later do, with "
            "share=on,pmem=on; of the series V8, with sync=on too"
        )
        return
    by_id = {one.id: one for one in given}
    for backend in files:
        wanted = {}
        if policy.needs & RAM_SHARED and not backend.share:
            wanted["share"] = "on"
        if policy.needs & RAM_PMEM and not backend.pmem:
            wanted["pmem"] = "on"
        if policy.needs & RAM_SYNC and not backend.sync:
            wanted["sync"] = "on"
        one = by_id.get(backend.id)
        if wanted and one is not None:
            added = ",".join(f"{name}={value}" for name, value in wanted.items())
            yield f"to ask for MAP_SYNC use {added}: -object {one.with_values(**wanted)}"


def _advise_on_file(place: Place | None) -> Iterator[str]:
    if place is not None and place.kind == "dax":
        yield (
            "the medium has DAX but no MAP_SYNC (virtio-pmem has not): use an NVDIMM, or real "
            "persistent memory"
        )
    else:
        yield (
            "put the file on ext4 or xfs, mounted with -o dax, on persistent memory "
            "(/dev/pmem0; ndctl create-namespace -m fsdax), or use a device DAX"
        )


def depends_on_host(backends: Sequence[Backend], run: Run) -> Iterator[str]:
    """Yield what cannot be said without a host."""
    files = [backend for backend in backends if backend.type == FILE]
    if files:
        yield "whether the file is there, empty or of the right size, and may be opened"
        yield "its page size: align and size must fit it"
    if any(backend.asked for backend in files):
        yield "whether the kernel is 4.15 or later, and the file on DAX: MAP_SYNC takes effect"
    if any(backend.pmem for backend in files):
        yield "whether QEMU was built with libpmem"
    calls = {event.call for event in run.events}
    if "mbind" in calls and any(event.call == "mbind" and event.args[3] for event in run.events):
        yield "whether the NUMA nodes exist, and a container may bind to them"
    yield "whether there is enough memory"
