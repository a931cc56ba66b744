"""Cases about preallocation, and running out of memory in it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..driver import Preparation
from .case import MIB, Case, an_object, removed

_IMAGE: Final = "$files/g.img"
_RAM: Final = "memory-backend-ram,id=b0,size=4M"
_FILE: Final = f"memory-backend-file,id=b0,mem-path={_IMAGE},size=4M"
#: Values of prealloc-threads.
_THREADS: Final = (
    *("1", "2", "16", "17", "1000", "0", "-1", "4294967295", "4294967296"),
    *("x", "", "1K", "1.5", "0x2"),
)
#: Words, and properties that go with prealloc.
_PROPERTIES: Final = (
    ("threads without prealloc", "prealloc-threads=2"),
    ("no reservation", "prealloc=on,reserve=off"),
    ("prealloc off, no reservation", "prealloc=off,reserve=off"),
    ("merge and dump off", "prealloc=on,merge=off,dump=off"),
    ("shared", "prealloc=on,share=on"),
)
_IN_CONTEXT: Final = f"{_RAM},prealloc=on,prealloc-context"
#: Words, and the objects of a line.
_CONTEXTS: Final = (
    ("a thread-context", ("thread-context,id=tc0", f"{_IN_CONTEXT}=tc0")),
    ("a thread-context that is not there", (f"{_IN_CONTEXT}=tc0",)),
    (
        "an object of another type",
        ("memory-backend-ram,id=b1,size=4M", f"{_IN_CONTEXT}=b1"),
    ),
    ("made after the backend", (f"{_IN_CONTEXT}=tc0", "thread-context,id=tc0")),
)
#: Words, a file, and the other properties.
_FILES: Final = (
    ("file: one page", _IMAGE, "size=4096,prealloc=on"),
    ("file: no whole page", _IMAGE, "size=5000,prealloc=on"),
    ("zeros", "/dev/zero", "size=4M,prealloc=on"),
    ("huge file", "$huge/g.img", "size=4M,prealloc=on"),
    ("huge file, share", "$huge/g.img", "size=4M,prealloc=on,share=on,reserve=off"),
    ("small: more than there is, share on", "$small/g.img", "size=4M,prealloc=on,share=on"),
    ("small: more than there is, share off", "$small/g.img", "size=4M,prealloc=on,share=off"),
    ("huge: more than there is, share on", "$huge/g.img", "size=1G,prealloc=on,share=on"),
    ("huge: more than there is, share off", "$huge/g.img", "size=1G,prealloc=on,share=off"),
)


def preallocation() -> Iterator[Case]:
    """Prealloc and what goes with it."""
    threads = [
        (f"threads {number or 'empty'}", f"prealloc=on,prealloc-threads={number}")
        for number in _THREADS
    ]
    for kind, head, setup in (("ram", _RAM, ()), ("file", _FILE, (removed(_IMAGE),))):
        for words, more in (*threads, *_PROPERTIES):
            yield Case(f"prealloc/{kind}: {words}", an_object(f"{head},{more}"), setup=setup)
    for words, objects in _CONTEXTS:
        args = tuple(word for text in objects for word in an_object(text))
        yield Case(f"prealloc/context: {words}", args)
    for words, path, more in _FILES:
        yield Case(
            f"prealloc/{words}",
            an_object(f"memory-backend-file,id=b0,mem-path={path},{more}"),
            setup=(removed(path),) if path.startswith("$") else (),
        )
    yield Case(
        "prealloc/file: what is in the file stays",
        an_object(f"{_FILE},prealloc=on,share=on"),
        setup=(Preparation("data", _IMAGE, 4 * MIB, 90),),
    )
