"""Cases about the other options: booleans, host nodes, memfds."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from ..driver import Preparation
from .case import MIB, Case, an_object, removed

#: Spellings of a boolean.
BOOLEANS: Final = ("on", "yes", "y", "true", "off", "no", "n", "false", "1", "0", "ON", "")


def booleans() -> Iterator[Case]:
    """Every spelling of a boolean, for each property that is one."""
    image = "$files/e.img"
    file_head = f"memory-backend-file,id=b0,mem-path={image},size=4M"
    fresh = (Preparation("data", image, 4 * MIB, 65),)
    properties = {
        "merge": (file_head, fresh),
        "dump": ("memory-backend-ram,id=b0,size=4M", ()),
        "prealloc": (file_head, fresh),
        "share": (file_head, fresh),
        "reserve": ("memory-backend-ram,id=b0,size=4M", ()),
        "discard-data": (file_head + ",share=on", fresh),
        "pmem": (file_head, fresh),
        "readonly": (file_head, fresh),
        "seal": ("memory-backend-memfd,id=b0,size=4M", ()),
        "hugetlb": ("memory-backend-memfd,id=b0,size=4M", ()),
    }
    for name, (head, setup) in properties.items():
        for word in BOOLEANS:
            yield Case(
                f"boolean/{name}={word or 'empty'}",
                an_object(f"{head},{name}={word}"),
                setup=setup,
            )
        yield Case(f"boolean/{name} bare", an_object(f"{head},{name}"), setup=setup)
        yield Case(f"boolean/no{name} bare", an_object(f"{head},no{name}"), setup=setup)
    yield Case("boolean/two bare ones", an_object(f"{file_head},share,nomerge"), setup=fresh)
    yield Case(
        "boolean/x-use-canonical-path-for-ramblock-id=off",
        an_object(f"{file_head},x-use-canonical-path-for-ramblock-id=off"),
        setup=fresh,
    )
    yield Case(
        "boolean/x-use-canonical-path-for-ramblock-id=on",
        an_object("memory-backend-ram,id=b0,size=4M,x-use-canonical-path-for-ramblock-id=on"),
    )
    yield Case("boolean/no bare id", an_object("memory-backend-ram,noid,size=4M"))


_POLICIES: Final = (None, "default", "preferred", "bind", "interleave")
_ODD_POLICIES: Final = ("local", "bogus", "", "BIND")
#: What host-nodes= may be, for policy=bind.
_HOST_NODES: Final = (
    "0-1",
    "0-0",
    "0-127",
    "1-127",
    "0-128",
    "0-200",
    "1-0",
    "-1",
    "x",
    "",
    "0x1",
    "0-",
    "0-x",
    "0:1",
    "0,host-nodes=1",
    "1,host-nodes=0",
    "65535",
    "65536",
    "0-70000",
    "18446744073709551615",
    "1.5",
    "0 1",
    "0,,1",
    "+0",
    "00",
    "0-1-2",
    "500,host-nodes=501",
)


def nodes() -> Iterator[Case]:
    """policy x host-nodes."""
    head = "memory-backend-ram,id=b0,size=4M"
    every = itertools.product(_POLICIES, (None, "0", "1", "63", "127", "128"))
    odd = itertools.product(_ODD_POLICIES, (None, "0"))
    for policy, given in (*every, *odd):
        text = head
        text += "" if policy is None else f",policy={policy}"
        text += "" if given is None else f",host-nodes={given}"
        yield Case(f"nodes/policy {policy!r}, host-nodes {given}", an_object(text))
    for given in _HOST_NODES:
        yield Case(
            f"nodes/bind to {given or 'nothing'}",
            an_object(f"{head},policy=bind,host-nodes={given}"),
        )
    for kind, more in (("file", ",mem-path=$files/f.img"), ("memfd", "")):
        for given in ("0", "1"):
            yield Case(
                f"nodes/{kind}: bind to {given}",
                an_object(
                    f"memory-backend-{kind},id=b0,size=4M{more},policy=bind,host-nodes={given}"
                ),
                setup=(removed("$files/f.img"),) if more else (),
            )
    yield Case("nodes/host-nodes without a value", an_object(f"{head},policy=bind,host-nodes"))
    yield Case(
        "nodes/preallocated after binding",
        an_object(f"{head},policy=bind,host-nodes=0,prealloc=on"),
    )
    yield Case(
        "nodes/merge and dump off before binding",
        an_object(f"{head},policy=interleave,host-nodes=0,merge=off,dump=off"),
    )


def memfds() -> Iterator[Case]:
    """memory-backend-memfd: sealing and huge pages."""
    head = "memory-backend-memfd,id=b0,size=4M"
    for text in (
        "seal=on",
        "seal=off",
        "hugetlb=on",
        "hugetlb=off",
        "hugetlb=on,seal=off",
        "share=off",
        "share=on",
        "hugetlb=on,share=off",
        "seal=off,share=off",
    ):
        yield Case(f"memfd/{text}", an_object(f"{head},{text}"))
    for size in ("0", "1", "3M", "4096", "64K", "2M", "1G", "4M", "16E", "-1", "x"):
        yield Case(
            f"memfd/huge pages of {size}", an_object(f"{head},hugetlb=on,hugetlbsize={size}")
        )
        yield Case(f"memfd/no huge pages, of {size}", an_object(f"{head},hugetlbsize={size}"))
    yield Case(
        "memfd/more huge pages than there are",
        an_object("memory-backend-memfd,id=b0,size=1G,hugetlb=on"),
    )
    yield Case(
        "memfd/more huge pages than there are, without reservation",
        an_object("memory-backend-memfd,id=b0,size=1G,hugetlb=on,reserve=off"),
    )
    yield Case(
        "memfd/huge pages, size no multiple",
        an_object("memory-backend-memfd,id=b0,size=3M,hugetlb=on"),
    )
    yield Case("memfd/huge pages preallocated", an_object(f"{head},hugetlb=on,prealloc=on"))
    yield Case("memfd/preallocated", an_object(f"{head},prealloc=on"))
    yield Case("memfd/merge and dump off", an_object(f"{head},merge=off,dump=off"))
