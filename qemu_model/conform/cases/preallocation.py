"""Cases about preallocation, and running out of memory in it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator

from ..driver import Preparation
from .case import MIB, Case, an_object, removed


def preallocation() -> Iterator[Case]:
    """Prealloc and what goes with it."""
    ram = "memory-backend-ram,id=b0,size=4M"
    file = "memory-backend-file,id=b0,mem-path=$files/g.img,size=4M"
    fresh = (removed("$files/g.img"),)
    for kind, head, setup in (("ram", ram, ()), ("file", file, fresh)):
        for threads in (
            "1",
            "2",
            "16",
            "17",
            "1000",
            "0",
            "-1",
            "4294967295",
            "4294967296",
            "x",
            "",
            "1K",
            "1.5",
            "0x2",
        ):
            yield Case(
                f"prealloc/{kind}: threads {threads or 'empty'}",
                an_object(f"{head},prealloc=on,prealloc-threads={threads}"),
                setup=setup,
            )
        yield Case(
            f"prealloc/{kind}: threads without prealloc",
            an_object(f"{head},prealloc-threads=2"),
            setup=setup,
        )
        yield Case(
            f"prealloc/{kind}: no reservation",
            an_object(f"{head},prealloc=on,reserve=off"),
            setup=setup,
        )
        yield Case(
            f"prealloc/{kind}: prealloc off, no reservation",
            an_object(f"{head},prealloc=off,reserve=off"),
            setup=setup,
        )
        yield Case(
            f"prealloc/{kind}: merge and dump off",
            an_object(f"{head},prealloc=on,merge=off,dump=off"),
            setup=setup,
        )
        yield Case(
            f"prealloc/{kind}: shared", an_object(f"{head},prealloc=on,share=on"), setup=setup
        )
    yield Case(
        "prealloc/context: a thread-context",
        (
            "-object",
            "thread-context,id=tc0",
            "-object",
            f"{ram},prealloc=on,prealloc-context=tc0",
        ),
    )
    yield Case(
        "prealloc/context: a thread-context that is not there",
        an_object(f"{ram},prealloc=on,prealloc-context=tc0"),
    )
    yield Case(
        "prealloc/context: an object of another type",
        (
            "-object",
            "memory-backend-ram,id=b1,size=4M",
            "-object",
            f"{ram},prealloc=on,prealloc-context=b1",
        ),
    )
    yield Case(
        "prealloc/context: made after the backend",
        (
            "-object",
            f"{ram},prealloc=on,prealloc-context=tc0",
            "-object",
            "thread-context,id=tc0",
        ),
    )
    for where in ("small", "huge"):
        for share in ("on", "off"):
            size = "4M" if where == "small" else "1G"
            yield Case(
                f"prealloc/{where}: more than there is, share {share}",
                an_object(
                    f"memory-backend-file,id=b0,mem-path=${where}/g.img,size={size},"
                    f"prealloc=on,share={share}"
                ),
                setup=(removed(f"${where}/g.img"),),
            )
    yield Case(
        "prealloc/file: what is in the file stays",
        an_object(f"{file},prealloc=on,share=on"),
        setup=(Preparation("data", "$files/g.img", 4 * MIB, 90),),
    )
    yield Case(
        "prealloc/file: one page",
        an_object("memory-backend-file,id=b0,mem-path=$files/g.img,size=4096,prealloc=on"),
        setup=fresh,
    )
    yield Case(
        "prealloc/file: no whole page",
        an_object("memory-backend-file,id=b0,mem-path=$files/g.img,size=5000,prealloc=on"),
        setup=fresh,
    )
    yield Case(
        "prealloc/zeros",
        an_object("memory-backend-file,id=b0,mem-path=/dev/zero,size=4M,prealloc=on"),
    )
    yield Case(
        "prealloc/huge file",
        an_object("memory-backend-file,id=b0,mem-path=$huge/g.img,size=4M,prealloc=on"),
        setup=(removed("$huge/g.img"),),
    )
    yield Case(
        "prealloc/huge file, share",
        an_object(
            "memory-backend-file,id=b0,mem-path=$huge/g.img,size=4M,prealloc=on,share=on,reserve=off"
        ),
        setup=(removed("$huge/g.img"),),
    )
