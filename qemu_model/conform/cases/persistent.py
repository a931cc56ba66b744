"""The conformance cases of persistent memory: a file on DAX, and device DAX.

Both get the same cases, as far as a device allows: every combination of share, pmem,
prealloc and align; sizes, and files that exist already; QMP; and faults where QEMU tries
MAP_SYNC and where it retries without the flag.  On a file system without DAX the same cases
show what QEMU does without MAP_SYNC.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..driver import Preparation
from .case import (
    MIB,
    QUERY_MEMDEV,
    Case,
    Fault,
    add,
    an_object,
    command,
    get,
    removed,
    session,
    set_,
)

_IMAGE: Final = "$files/n.img"
#: What QEMU takes for persistent memory, from a file and from a device.
_PERSISTENT: Final = "share=on,pmem=on"
_NVDIMM: Final = ("-M", "pc,accel=tcg,nvdimm=on")
_SLOTS: Final = ("-m", "64M,slots=4,maxmem=1G")


def _backend(path: str, more: str, size: str = "4M", name: str = "b0") -> tuple[str, str]:
    text = f"memory-backend-file,id={name},mem-path={path},size={size}"
    return an_object(f"{text},{more}" if more else text)


def _switches() -> Iterator[tuple[str, str]]:
    """Give every combination of share, pmem, prealloc and align, and its words."""
    for share, pmem, prealloc in itertools.product(("on", "off"), repeat=3):
        for align in ("", ",align=2M"):
            text = f"share={share},pmem={pmem},prealloc={prealloc}{align}"
            yield text, text.replace(",", ", ")


def persistent() -> Iterator[Case]:
    """A file that may be on DAX."""
    fresh = (removed(_IMAGE),)

    def case(name: str, args: tuple[str, ...], **more: Any) -> Case:
        return Case(f"dax/{name}", args, **{"setup": fresh, **more})

    for text, words in _switches():
        yield case(words, _backend(_IMAGE, text))
    for size in ("4096", "4097", "2M", "3M"):
        for align in ("", ",align=2M"):
            words = f"size {size}{align.replace(',', ', ')}"
            yield case(words, _backend(_IMAGE, _PERSISTENT + align, size))
    yield case("align 1G", _backend(_IMAGE, f"{_PERSISTENT},align=1G"))
    yield case("align 3M", _backend(_IMAGE, f"{_PERSISTENT},align=3M"))
    yield case("neither merged nor dumped", _backend(_IMAGE, f"{_PERSISTENT},merge=off,dump=off"))
    yield case("bound to a node", _backend(_IMAGE, f"{_PERSISTENT},policy=bind,host-nodes=0"))
    for words, found in (
        ("an empty file", Preparation("file", _IMAGE)),
        ("a file of the same size", Preparation("data", _IMAGE, 4 * MIB, 65)),
        ("a file with holes", Preparation("file", _IMAGE, 4 * MIB)),
        ("a larger file", Preparation("data", _IMAGE, 8 * MIB, 66)),
        ("a smaller file", Preparation("data", _IMAGE, MIB, 67)),
    ):
        for more in ("", ",prealloc=on"):
            yield case(
                f"{words}{more.replace(',', ', ')}",
                _backend(_IMAGE, _PERSISTENT + more),
                setup=(found,),
            )
    for more in ("readonly=on", "discard-data=on"):
        yield case(
            more,
            _backend(_IMAGE, f"{_PERSISTENT},{more}"),
            setup=(Preparation("data", _IMAGE, 4 * MIB, 68),),
        )
    yield case("a directory", _backend("$files", _PERSISTENT), setup=())
    yield from _both("dax", _IMAGE, "", fresh)


def devices() -> Iterator[Case]:
    """Device DAX: it has an alignment of its own, and is neither mapped privately nor resized."""

    def case(name: str, args: tuple[str, ...]) -> Case:
        return Case(f"device/{name}", args)

    for text, words in _switches():
        yield case(words, _backend("$device", text))
    for size in ("4096", "2M", "3M", "1T"):
        yield case(f"size {size}", _backend("$device", f"{_PERSISTENT},align=2M", size))
    for align in ("4096", "1M", "4M", "1G"):
        yield case(f"align {align}", _backend("$device", f"{_PERSISTENT},align={align}"))
    more = f"{_PERSISTENT},align=2M"
    yield case("readonly=on", _backend("$device", f"{more},readonly=on"))
    yield case("neither merged nor dumped", _backend("$device", f"{more},merge=off,dump=off"))
    yield case("bound to a node", _backend("$device", f"{more},policy=bind,host-nodes=0"))
    yield from _both("device", "$device", ",align=2M", ())


def _both(family: str, path: str, align: str, setup: tuple[Preparation, ...]) -> Iterator[Case]:
    """The cases that files and devices share; ``align`` is what the backend needs to be made."""
    backend = _backend(path, _PERSISTENT + align)
    not_kept = _backend(path, f"share=on,pmem=off{align}")
    nvdimm = ("-device", "nvdimm,memdev=b0,id=n0")

    def case(name: str, args: tuple[str, ...], **more: Any) -> Case:
        return Case(f"{family}/{name}", args, **{"setup": setup, **more})

    yield case("two backends on one", (*backend, *_backend(path, _PERSISTENT + align, name="b1")))
    yield case(
        "an NVDIMM", (*_SLOTS, *backend, *nvdimm), machine=_NVDIMM, qmp=session(*_DELETED_IN_USE)
    )
    yield case(
        "an NVDIMM whose writes are not kept", (*_SLOTS, *not_kept, *nvdimm), machine=_NVDIMM
    )
    for words, commands in _additions(path, align):
        yield case(words, (), qmp=session(*commands))
    yield case("asked and changed while it is there", backend, qmp=session(*_CHANGES))
    for nth, times, words in ((1, 1, "the reservation"), (2, 1, "MAP_SYNC"), (2, 2, "both")):
        for errno in ("EINVAL", "ENOMEM", "EOPNOTSUPP", "EPERM"):
            fault = Fault("mmap", nth, errno, times)
            yield case(f"{words} answered with {errno}", backend, fault=fault)
    preallocated = _backend(path, f"{_PERSISTENT},prealloc=on{align}")
    for errno in ("EINVAL", "EFAULT", "EHWPOISON"):
        fault = Fault("madvise", 5, errno)
        yield case(f"populating answered with {errno}", preallocated, fault=fault)
    aligned = _backend(path, f"{_PERSISTENT},align=2M")
    for call, nth in (("munmap", 1), ("munmap", 2), ("fstatfs", 1)):
        yield case(f"{call} {nth} fails", aligned, fault=Fault(call, nth, "EIO"))


_DELETED: Final = command("object-del", id="b0")
_DELETED_IN_USE: Final = (QUERY_MEMDEV, _DELETED, QUERY_MEMDEV)
_CHANGES: Final = (
    *map(get, ("share", "pmem", "align", "size", "mem-path")),
    set_("pmem", False),
    set_("share", False),
    set_("align", 4096),
    set_("prealloc", True),
    get("prealloc"),
    set_("dump", False),
    set_("merge", False),
    QUERY_MEMDEV,
)


def _additions(path: str, align: str) -> Iterator[tuple[str, tuple[Mapping[str, Any], ...]]]:
    """Give commands that add a backend on a file or a device, and words for them."""
    properties: dict[str, object] = {"mem_path": path, "size": 4 * MIB}
    if align:
        properties["align"] = 2 * MIB
    less = {**properties, "size": 4096}
    added = add("memory-backend-file", id="b0", share=True, pmem=True, **properties)
    kept = add("memory-backend-file", id="b0", share=True, **properties)
    small = add("memory-backend-file", id="b0", share=True, pmem=True, **less)
    yield "added and deleted", (added, QUERY_MEMDEV, _DELETED, QUERY_MEMDEV)
    yield "added twice, by one id", (added, added, QUERY_MEMDEV, _DELETED)
    yield "added, deleted and added again", (added, _DELETED, added, _DELETED)
    yield "added without pmem, then with it", (kept, _DELETED, added, QUERY_MEMDEV)
    yield "added too small", (small, QUERY_MEMDEV, added, QUERY_MEMDEV)
