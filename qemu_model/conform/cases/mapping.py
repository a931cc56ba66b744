"""Cases about what is mapped: the options of a file, and the kinds of paths."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..driver import Preparation
from .case import MIB, Case, an_object, removed, switches


def matrix() -> Iterator[Case]:
    """Share x pmem on three file systems; reserve and readonly on one."""
    for where in ("files", "tmpfs", "huge"):
        for share_name, share in switches("share"):
            for pmem_name, pmem in switches("pmem"):
                path = f"${where}/a.img"
                yield Case(
                    f"matrix/{where}: {share_name}, {pmem_name}",
                    an_object(f"memory-backend-file,id=b0,mem-path={path},size=4M{share}{pmem}"),
                    setup=(removed(path),),
                )
    for share in ("on", "off"):
        for reserve in ("on", "off"):
            for kind, head in (
                ("ram", "memory-backend-ram,id=b0"),
                ("file", "memory-backend-file,id=b0,mem-path=$files/a.img"),
                ("huge file", "memory-backend-file,id=b0,mem-path=$huge/a.img"),
                ("memfd", "memory-backend-memfd,id=b0"),
                ("huge memfd", "memory-backend-memfd,id=b0,hugetlb=on"),
            ):
                yield Case(
                    f"matrix/reserve: {kind}, share {share}, reserve {reserve}",
                    an_object(f"{head},size=4M,share={share},reserve={reserve}"),
                    setup=(
                        (removed("$huge/a.img"),)
                        if kind == "huge file"
                        else (removed("$files/a.img"),)
                        if kind == "file"
                        else ()
                    ),
                )
    for share in ("on", "off"):
        for state, steps in (
            ("an existing file", (Preparation("data", "$files/r.img", 4 * MIB, 65),)),
            ("a missing file", (removed("$files/r.img"),)),
            ("an empty file", (Preparation("file", "$files/r.img"),)),
            ("a smaller file", (Preparation("data", "$files/r.img", MIB, 66),)),
            (
                "a file without write permission",
                (
                    Preparation("data", "$files/r.img", 4 * MIB, 67),
                    Preparation("readonly", "$files/r.img"),
                ),
            ),
        ):
            for more in ("", ",pmem=on", ",prealloc=on"):
                yield Case(
                    f"matrix/readonly: {state}, share {share}{more.replace(',', ', ')}",
                    an_object(
                        "memory-backend-file,id=b0,mem-path=$files/r.img,size=4M,"
                        f"readonly=on,share={share}{more}"
                    ),
                    setup=steps,
                )


_IMAGE: Final = "$files/b.img"
_FIFO: Final = "$files/fifo"
_LINK: Final = "$files/link"


def _path(name: str, path: str, *setup: Preparation, more: str = ",share=on") -> Case:
    text = f"memory-backend-file,id=b0,mem-path={path},size=4M{more}"
    return Case(f"path/{name}", an_object(text), setup=setup)


_PATHS: Final = (
    _path("a new file is made", _IMAGE, removed(_IMAGE)),
    _path("an empty file grows", _IMAGE, Preparation("file", _IMAGE)),
    _path("a file of the same size", _IMAGE, Preparation("data", _IMAGE, 4 * MIB, 65)),
    _path("a larger file keeps its size", _IMAGE, Preparation("data", _IMAGE, 8 * MIB, 66)),
    _path("a smaller file is refused", _IMAGE, Preparation("data", _IMAGE, MIB, 67)),
    _path("a file of one byte is refused", _IMAGE, Preparation("data", _IMAGE, 1, 68)),
    _path("a directory on a disk", "$files"),
    _path("a directory on a disk, private", "$files", more=""),
    _path("a directory on a tmpfs", "$tmpfs"),
    _path("a directory on hugetlbfs", "$huge"),
    _path("a directory with a slash after it", "$files/"),
    _path("a directory, too big for it", "$small", more=",prealloc=on"),
    _path("a file is not a directory", f"{_IMAGE}/x", Preparation("file", _IMAGE)),
    _path("a directory that is not there", "$files/none/x"),
    _path("no name at all", ""),
    _path("a name that is too long", "$files/" + "n" * 300),
    _path("a long path that leads nowhere", "$files/" + "d/" * 1900 + "x"),
    _path("the character device of zeros", "/dev/zero"),
    _path("the character device of zeros, private", "/dev/zero", more=""),
    _path("the character device of zeros, pmem", "/dev/zero", more=",share=on,pmem=on"),
    _path("the null device", "/dev/null"),
    _path("the full device", "/dev/full"),
    _path("a terminal", "/dev/tty"),
    _path("a file in proc", "/proc/self/status"),
    _path("a file in sys", "/sys/kernel/mm/transparent_hugepage/enabled"),
    _path("a directory in proc", "/proc"),
    _path("a fifo", _FIFO, Preparation("fifo", _FIFO)),
    _path(
        "a symbolic link to a file",
        _LINK,
        Preparation("data", _IMAGE, 4 * MIB, 69),
        Preparation("symlink", _LINK, target=_IMAGE),
    ),
    _path("a symbolic link to a directory", _LINK, Preparation("symlink", _LINK, target="$files")),
    _path(
        "a dangling symbolic link",
        _LINK,
        removed("$files/nowhere"),
        Preparation("symlink", _LINK, target="$files/nowhere"),
    ),
    _path("a symbolic link to itself", _LINK, Preparation("symlink", _LINK, target="$files/link")),
    _path("a comma in the name", "$files/a,,b.img", removed("$files/a,b.img")),
    _path("an equals sign in the name", "$files/a=b.img", removed("$files/a=b.img")),
    _path("a space in the name", "$files/a b.img", removed("$files/a b.img")),
    _path("a quotation mark in the name", '$files/a"b.img', removed('$files/a"b.img')),
    _path("letters beyond ASCII in the name", "$files/ä€.img", removed("$files/ä€.img")),
    _path("dots in the path", "$files/./b.img", more=""),
    _path(
        "a file without permissions",
        _IMAGE,
        Preparation("data", _IMAGE, 4 * MIB, 70),
        Preparation("readonly", _IMAGE),
    ),
    Case("path/none given", an_object("memory-backend-file,id=b0,size=4M")),
    Case("path/none given, no size either", an_object("memory-backend-file,id=b0")),
)


def paths() -> tuple[Case, ...]:
    """What mem-path may name."""
    return _PATHS
