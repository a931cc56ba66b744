"""Cases about what is mapped: the options of a file, and the kinds of paths."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator

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


def paths() -> Iterator[Case]:
    """What mem-path may name."""
    head = "memory-backend-file,id=b0,mem-path="
    image = "$files/b.img"

    def case(name: str, path: str, *setup: Preparation, more: str = ",share=on") -> Case:
        return Case(f"path/{name}", an_object(f"{head}{path},size=4M{more}"), setup=setup)

    yield case("a new file is made", image, removed(image))
    yield case("an empty file grows", image, Preparation("file", image))
    yield case("a file of the same size", image, Preparation("data", image, 4 * MIB, 65))
    yield case("a larger file keeps its size", image, Preparation("data", image, 8 * MIB, 66))
    yield case("a smaller file is refused", image, Preparation("data", image, MIB, 67))
    yield case("a file of one byte is refused", image, Preparation("data", image, 1, 68))
    yield case("a directory on a disk", "$files")
    yield case("a directory on a disk, private", "$files", more="")
    yield case("a directory on a tmpfs", "$tmpfs")
    yield case("a directory on hugetlbfs", "$huge")
    yield case("a directory with a slash after it", "$files/")
    yield case("a directory, too big for it", "$small", more=",prealloc=on")
    yield case("a file is not a directory", f"{image}/x", Preparation("file", image))
    yield case("a directory that is not there", "$files/none/x")
    yield case("no name at all", "")
    yield case("a name that is too long", "$files/" + "n" * 300)
    yield case("a long path that leads nowhere", "$files/" + "d/" * 1900 + "x")
    yield case("the character device of zeros", "/dev/zero")
    yield case("the character device of zeros, private", "/dev/zero", more="")
    yield case("the character device of zeros, pmem", "/dev/zero", more=",share=on,pmem=on")
    yield case("the null device", "/dev/null")
    yield case("the full device", "/dev/full")
    yield case("a terminal", "/dev/tty")
    yield case("a file in proc", "/proc/self/status")
    yield case("a file in sys", "/sys/kernel/mm/transparent_hugepage/enabled")
    yield case("a directory in proc", "/proc")
    fifo = "$files/fifo"
    yield case("a fifo", fifo, Preparation("fifo", fifo))
    link = "$files/link"
    yield case(
        "a symbolic link to a file",
        link,
        Preparation("data", image, 4 * MIB, 69),
        Preparation("symlink", link, target=image),
    )
    yield case(
        "a symbolic link to a directory", link, Preparation("symlink", link, target="$files")
    )
    yield case(
        "a dangling symbolic link",
        link,
        removed("$files/nowhere"),
        Preparation("symlink", link, target="$files/nowhere"),
    )
    yield case(
        "a symbolic link to itself", link, Preparation("symlink", link, target="$files/link")
    )
    yield case("a comma in the name", "$files/a,,b.img", removed("$files/a,b.img"))
    yield case("an equals sign in the name", "$files/a=b.img", removed("$files/a=b.img"))
    yield case("a space in the name", "$files/a b.img", removed("$files/a b.img"))
    yield case("a quotation mark in the name", '$files/a"b.img', removed('$files/a"b.img'))
    yield case("letters beyond ASCII in the name", "$files/ä€.img", removed("$files/ä€.img"))
    yield case("dots in the path", "$files/./b.img", more="")
    yield case(
        "a file without permissions",
        image,
        Preparation("data", image, 4 * MIB, 70),
        Preparation("readonly", image),
    )
    yield Case("path/none given", an_object("memory-backend-file,id=b0,size=4M"))
    yield Case("path/none given, no size either", an_object("memory-backend-file,id=b0"))
