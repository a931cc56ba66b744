"""The conformance cases: what a QEMU is asked to do, family by family.

A case says what it tests in its name (``family/what``).  Its texts may name the
places of :class:`Place` as ``$files``, ``$tmpfs``, ``$small`` and ``$huge``: a
runner puts directories of its own in their place.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from string import Template
from types import MappingProxyType
from typing import Any, Final

import attrs

from .driver import Preparation

#: QMP of a case that is about the command line.
PLAIN: Final[tuple[Mapping[str, Any], ...]] = (
    {"execute": "qmp_capabilities"},
    {"execute": "query-memdev"},
    {"execute": "quit"},
)

MIB: Final = 1 << 20


@attrs.frozen
class Place:
    """Where a case keeps its files: directories for each kind of file system.

    ``files`` is a directory on a disk, ``tmpfs`` one on a tmpfs with room, ``small``
    a tmpfs of 2 MiB, ``huge`` a hugetlbfs of 2 MiB pages; None where this machine
    cannot have one.
    """

    files: str
    tmpfs: str | None = None
    small: str | None = None
    huge: str | None = None

    def lacks(self, text: str) -> str | None:
        """Return the name of the first place that ``text`` names and is not here."""
        for name in ("tmpfs", "small", "huge"):
            if getattr(self, name) is None and f"${name}" in text:
                return name
        return None

    def put_into(self, text: str) -> str:
        """Return ``text`` with the directories in the place of their names."""
        return Template(text).safe_substitute(
            {name: path for name, path in attrs.asdict(self).items() if path is not None}
        )


@attrs.frozen
class Fault:
    """One system call of the backend that fails.

    ``call`` is its name (``openat`` for open), ``nth`` counts from 1 among the
    backend's calls of that name in a run without the fault; ``errno`` is its name.
    """

    call: str
    nth: int
    errno: str


@attrs.frozen
class Case:
    """One question to a QEMU.

    ``args`` follow the options of every run; ``machine`` is the ``-M`` part.
    ``setup`` makes the files, ``qmp`` are the commands, ``fault`` makes one call fail.
    """

    name: str
    args: tuple[str, ...]
    machine: tuple[str, ...] = ("-M", "none")
    setup: tuple[Preparation, ...] = ()
    qmp: tuple[Mapping[str, Any], ...] = PLAIN
    fault: Fault | None = None

    def at(self, place: Place) -> Case:
        """Return the case with the directories of ``place`` in its texts."""
        return attrs.evolve(
            self,
            args=tuple(place.put_into(word) for word in self.args),
            machine=tuple(place.put_into(word) for word in self.machine),
            setup=tuple(
                attrs.evolve(
                    step, path=place.put_into(step.path), target=place.put_into(step.target)
                )
                for step in self.setup
            ),
            qmp=tuple(
                json.loads(place.put_into(json.dumps(dict(command)))) for command in self.qmp
            ),
        )

    def lacks(self, place: Place) -> str | None:
        """Return which directory the case needs and ``place`` does not have."""
        return place.lacks(
            " ".join([*self.args, *self.machine, *(json.dumps(dict(one)) for one in self.qmp)])
            + " ".join(step.path for step in self.setup)
        )


def _object(text: str) -> tuple[str, str]:
    return ("-object", text)


def _removed(path: str) -> Preparation:
    return Preparation("rm", path)


def _session(*commands: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return ({"execute": "qmp_capabilities"}, *commands, {"execute": "quit"})


def _command(execute: str, **arguments: object) -> Mapping[str, Any]:
    return {
        "execute": execute,
        "arguments": {name.replace("_", "-"): value for name, value in arguments.items()},
    }


def _add(qom_type: str, **properties: object) -> Mapping[str, Any]:
    return _command("object-add", qom_type=qom_type, **properties)


def _get(name: str, path: str = "/objects/b0") -> Mapping[str, Any]:
    return _command("qom-get", path=path, property=name)


def _set(name: str, value: object, path: str = "/objects/b0") -> Mapping[str, Any]:
    return {
        "execute": "qom-set",
        "arguments": {"path": path, "property": name, "value": value},
    }


_MEMDEV: Final[Mapping[str, Any]] = MappingProxyType({"execute": "query-memdev"})

_SWITCH: Final = (("", ""), ("on", ",{0}=on"), ("off", ",{0}=off"))


def _switches(name: str) -> list[tuple[str, str]]:
    return [
        (f"{name} {word}" if word else f"{name} unset", text.format(name)) for word, text in _SWITCH
    ]


def matrix() -> Iterator[Case]:
    """Share x pmem on three file systems; reserve and readonly on one."""
    for where in ("files", "tmpfs", "huge"):
        for share_name, share in _switches("share"):
            for pmem_name, pmem in _switches("pmem"):
                path = f"${where}/a.img"
                yield Case(
                    f"matrix/{where}: {share_name}, {pmem_name}",
                    _object(f"memory-backend-file,id=b0,mem-path={path},size=4M{share}{pmem}"),
                    setup=(_removed(path),),
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
                    _object(f"{head},size=4M,share={share},reserve={reserve}"),
                    setup=(
                        (_removed("$huge/a.img"),)
                        if kind == "huge file"
                        else (_removed("$files/a.img"),)
                        if kind == "file"
                        else ()
                    ),
                )
    for share in ("on", "off"):
        for state, steps in (
            ("an existing file", (Preparation("data", "$files/r.img", 4 * MIB, 65),)),
            ("a missing file", (_removed("$files/r.img"),)),
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
                    _object(
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
        return Case(f"path/{name}", _object(f"{head}{path},size=4M{more}"), setup=setup)

    yield case("a new file is made", image, _removed(image))
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
    yield case("a file is no directory", f"{image}/x", Preparation("file", image))
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
        _removed("$files/nowhere"),
        Preparation("symlink", link, target="$files/nowhere"),
    )
    yield case(
        "a symbolic link to itself", link, Preparation("symlink", link, target="$files/link")
    )
    yield case("a comma in the name", "$files/a,,b.img", _removed("$files/a,b.img"))
    yield case("an equals sign in the name", "$files/a=b.img", _removed("$files/a=b.img"))
    yield case("a space in the name", "$files/a b.img", _removed("$files/a b.img"))
    yield case("a quotation mark in the name", '$files/a"b.img', _removed('$files/a"b.img'))
    yield case("letters beyond ASCII in the name", "$files/ä€.img", _removed("$files/ä€.img"))
    yield case("dots in the path", "$files/./b.img", more="")
    yield case(
        "a file without permissions",
        image,
        Preparation("data", image, 4 * MIB, 70),
        Preparation("readonly", image),
    )
    yield Case("path/none given", _object("memory-backend-file,id=b0,size=4M"))
    yield Case("path/none given, no size either", _object("memory-backend-file,id=b0"))


#: Spellings of a size, each with what is special about it.
SIZES: Final = (
    ("0", "zero"),
    ("1", "one byte"),
    ("4095", "a byte less than a page"),
    ("4096", "a page"),
    ("4097", "a byte more than a page"),
    ("2M", "a huge page"),
    ("4m", "a small m"),
    ("1.5M", "a fraction"),
    ("0.5M", "a half"),
    (".5M", "a fraction without a digit before"),
    ("1.M", "a fraction without a digit behind"),
    ("1.5", "a fraction of a byte"),
    ("1.00001M", "a fraction that is no number of bytes"),
    ("0.000001M", "a fraction near a byte"),
    ("1e3", "an exponent"),
    ("1e3M", "an exponent and a unit"),
    ("1E", "an exbibyte"),
    ("0x1000", "hexadecimal"),
    ("0X1000", "hexadecimal with a great X"),
    ("0x1.8M", "hexadecimal with a fraction"),
    ("0x1M", "hexadecimal with a unit"),
    ("0x1000B", "hexadecimal whose last digit looks like a unit"),
    ("010000", "a leading zero"),
    ("64K", "kibibytes"),
    ("64k", "a small k"),
    ("4096B", "bytes"),
    ("4096b", "a small b"),
    ("1G", "a gibibyte"),
    ("1P", "a pebibyte"),
    ("8E", "2 to the 63"),
    ("15E", "below 2 to the 64"),
    ("16E", "2 to the 64"),
    ("17592186044416M", "2 to the 64 in mebibytes"),
    ("9223372036854775807", "2 to the 63 less one"),
    ("9223372036854775808", "2 to the 63 in bytes"),
    ("18446744073709547520", "the last page below 2 to the 64"),
    ("18446744073709550000", "where rounding up wraps"),
    ("18446744073709551614", "2 to the 64 less two"),
    ("18446744073709551615", "2 to the 64 less one"),
    ("18446744073709551616", "2 to the 64 in bytes"),
    ("99999999999999999999", "twenty digits"),
    ("-1", "negative"),
    ("-0", "minus zero"),
    ("-4096", "minus a page"),
    ("+4096", "a plus sign"),
    (" 4096", "a space before"),
    ("4096 ", "a space behind"),
    ("4096 M", "a space before the unit"),
    ("", "nothing"),
    ("M", "a unit alone"),
    ("x", "a letter"),
    ("1X", "an unknown unit"),
    ("1MM", "two units"),
    ("1MB", "a unit of two letters"),
    ("1MiB", "a unit of three letters"),
    ("4,,096", "a comma inside"),
    ("1_000", "an underscore"),
    ("inf", "infinity"),
    ("nan", "not a number"),
    ("0x", "a prefix alone"),
    ("1.5.5M", "two points"),
    ("on", "a word"),
)


def sizes() -> Iterator[Case]:
    """Every odd spelling of a size, for each backend."""
    for text, what in SIZES:
        yield Case(
            f"size/file: {what} ({text})",
            _object(f"memory-backend-file,id=b0,mem-path=$files/c.img,size={text},share=on"),
            setup=(_removed("$files/c.img"),),
        )
        yield Case(f"size/ram: {what} ({text})", _object(f"memory-backend-ram,id=b0,size={text}"))
        if text in (
            "0",
            "1",
            "4097",
            "1.5M",
            "1P",
            "8E",
            "16E",
            "18446744073709550000",
            "18446744073709551615",
            "9223372036854775808",
            "-1",
            "x",
            "",
        ):
            yield Case(
                f"size/memfd: {what} ({text})",
                _object(f"memory-backend-memfd,id=b0,size={text}"),
            )
    for text in ("4096", "2M", "3M", "4M", "1G", "18446744073709550000"):
        yield Case(
            f"size/huge file: {text}",
            _object(f"memory-backend-file,id=b0,mem-path=$huge/c.img,size={text},share=on"),
            setup=(_removed("$huge/c.img"),),
        )
    for kind in ("ram", "memfd", "file"):
        path = ",mem-path=$files/c.img" if kind == "file" else ""
        yield Case(f"size/{kind}: never given", _object(f"memory-backend-{kind},id=b0{path}"))
        yield Case(
            f"size/{kind}: given twice, the last wins",
            _object(f"memory-backend-{kind},id=b0{path},size=8M,size=4M"),
            setup=(_removed("$files/c.img"),) if path else (),
        )
        yield Case(
            f"size/{kind}: without a value",
            _object(f"memory-backend-{kind},id=b0{path},size"),
        )
    yield Case("size/ram: more than the machine has", _object("memory-backend-ram,id=b0,size=1T"))
    yield Case(
        "size/ram: more than the machine has, without reservation",
        _object("memory-backend-ram,id=b0,size=1T,reserve=off"),
    )
    yield Case(
        "size/file: more than the machine has, private",
        _object("memory-backend-file,id=b0,mem-path=$files/c.img,size=1T"),
        setup=(_removed("$files/c.img"),),
    )


def aligns() -> Iterator[Case]:
    """What align may be."""
    for text in (
        "0",
        "1",
        "3",
        "2048",
        "4096",
        "4097",
        "8192",
        "12288",
        "64K",
        "1M",
        "2M",
        "3M",
        "4M",
        "1G",
        "-1",
        "x",
        "",
        "16E",
        "8E",
        "1.5M",
    ):
        yield Case(
            f"align/file: {text or 'empty'}",
            _object(
                f"memory-backend-file,id=b0,mem-path=$files/d.img,size=4M,share=on,align={text}"
            ),
            setup=(_removed("$files/d.img"),),
        )
    for text in ("4096", "2M", "4M", "6M", "1M"):
        yield Case(
            f"align/huge file: {text}",
            _object(
                f"memory-backend-file,id=b0,mem-path=$huge/d.img,size=4M,share=on,align={text}"
            ),
            setup=(_removed("$huge/d.img"),),
        )


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
                _object(f"{head},{name}={word}"),
                setup=setup,
            )
        yield Case(f"boolean/{name} bare", _object(f"{head},{name}"), setup=setup)
        yield Case(f"boolean/no{name} bare", _object(f"{head},no{name}"), setup=setup)
    yield Case("boolean/two bare ones", _object(f"{file_head},share,nomerge"), setup=fresh)
    yield Case(
        "boolean/x-use-canonical-path-for-ramblock-id=off",
        _object(f"{file_head},x-use-canonical-path-for-ramblock-id=off"),
        setup=fresh,
    )
    yield Case(
        "boolean/x-use-canonical-path-for-ramblock-id=on",
        _object("memory-backend-ram,id=b0,size=4M,x-use-canonical-path-for-ramblock-id=on"),
    )
    yield Case("boolean/no bare id", _object("memory-backend-ram,noid,size=4M"))


def nodes() -> Iterator[Case]:
    """policy x host-nodes."""
    head = "memory-backend-ram,id=b0,size=4M"
    policies = (
        None,
        "default",
        "preferred",
        "bind",
        "interleave",
        "local",
        "bogus",
        "",
        "BIND",
    )
    lists = (None, "0", "1", "63", "127", "128")
    for policy in policies:
        for given in lists:
            if policy in ("local", "bogus", "", "BIND") and given not in (None, "0"):
                continue
            text = head
            text += "" if policy is None else f",policy={policy}"
            text += "" if given is None else f",host-nodes={given}"
            yield Case(f"nodes/policy {policy!r}, host-nodes {given}", _object(text))
    for given in (
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
    ):
        yield Case(
            f"nodes/bind to {given or 'nothing'}",
            _object(f"{head},policy=bind,host-nodes={given}"),
        )
    for kind, more in (("file", ",mem-path=$files/f.img"), ("memfd", "")):
        for given in ("0", "1"):
            yield Case(
                f"nodes/{kind}: bind to {given}",
                _object(
                    f"memory-backend-{kind},id=b0,size=4M{more},policy=bind,host-nodes={given}"
                ),
                setup=(_removed("$files/f.img"),) if more else (),
            )
    yield Case("nodes/host-nodes without a value", _object(f"{head},policy=bind,host-nodes"))
    yield Case(
        "nodes/preallocated after binding",
        _object(f"{head},policy=bind,host-nodes=0,prealloc=on"),
    )
    yield Case(
        "nodes/merge and dump off before binding",
        _object(f"{head},policy=interleave,host-nodes=0,merge=off,dump=off"),
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
        yield Case(f"memfd/{text}", _object(f"{head},{text}"))
    for size in ("0", "1", "3M", "4096", "64K", "2M", "1G", "4M", "16E", "-1", "x"):
        yield Case(f"memfd/huge pages of {size}", _object(f"{head},hugetlb=on,hugetlbsize={size}"))
        yield Case(f"memfd/no huge pages, of {size}", _object(f"{head},hugetlbsize={size}"))
    yield Case(
        "memfd/more huge pages than there are",
        _object("memory-backend-memfd,id=b0,size=1G,hugetlb=on"),
    )
    yield Case(
        "memfd/more huge pages than there are, without reservation",
        _object("memory-backend-memfd,id=b0,size=1G,hugetlb=on,reserve=off"),
    )
    yield Case(
        "memfd/huge pages, size no multiple",
        _object("memory-backend-memfd,id=b0,size=3M,hugetlb=on"),
    )
    yield Case("memfd/huge pages preallocated", _object(f"{head},hugetlb=on,prealloc=on"))
    yield Case("memfd/preallocated", _object(f"{head},prealloc=on"))
    yield Case("memfd/merge and dump off", _object(f"{head},merge=off,dump=off"))


def preallocation() -> Iterator[Case]:
    """Prealloc and what goes with it."""
    ram = "memory-backend-ram,id=b0,size=4M"
    file = "memory-backend-file,id=b0,mem-path=$files/g.img,size=4M"
    fresh = (_removed("$files/g.img"),)
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
                _object(f"{head},prealloc=on,prealloc-threads={threads}"),
                setup=setup,
            )
        yield Case(
            f"prealloc/{kind}: threads without prealloc",
            _object(f"{head},prealloc-threads=2"),
            setup=setup,
        )
        yield Case(
            f"prealloc/{kind}: no reservation",
            _object(f"{head},prealloc=on,reserve=off"),
            setup=setup,
        )
        yield Case(
            f"prealloc/{kind}: prealloc off, no reservation",
            _object(f"{head},prealloc=off,reserve=off"),
            setup=setup,
        )
        yield Case(
            f"prealloc/{kind}: merge and dump off",
            _object(f"{head},prealloc=on,merge=off,dump=off"),
            setup=setup,
        )
        yield Case(f"prealloc/{kind}: shared", _object(f"{head},prealloc=on,share=on"), setup=setup)
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
        _object(f"{ram},prealloc=on,prealloc-context=tc0"),
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
                _object(
                    f"memory-backend-file,id=b0,mem-path=${where}/g.img,size={size},"
                    f"prealloc=on,share={share}"
                ),
                setup=(_removed(f"${where}/g.img"),),
            )
    yield Case(
        "prealloc/file: what is in the file stays",
        _object(f"{file},prealloc=on,share=on"),
        setup=(Preparation("data", "$files/g.img", 4 * MIB, 90),),
    )
    yield Case(
        "prealloc/file: one page",
        _object("memory-backend-file,id=b0,mem-path=$files/g.img,size=4096,prealloc=on"),
        setup=fresh,
    )
    yield Case(
        "prealloc/file: no whole page",
        _object("memory-backend-file,id=b0,mem-path=$files/g.img,size=5000,prealloc=on"),
        setup=fresh,
    )
    yield Case(
        "prealloc/zeros",
        _object("memory-backend-file,id=b0,mem-path=/dev/zero,size=4M,prealloc=on"),
    )
    yield Case(
        "prealloc/huge file",
        _object("memory-backend-file,id=b0,mem-path=$huge/g.img,size=4M,prealloc=on"),
        setup=(_removed("$huge/g.img"),),
    )
    yield Case(
        "prealloc/huge file, share",
        _object(
            "memory-backend-file,id=b0,mem-path=$huge/g.img,size=4M,prealloc=on,share=on,reserve=off"
        ),
        setup=(_removed("$huge/g.img"),),
    )


def identities() -> Iterator[Case]:
    """Types, ids and keys of -object."""
    texts = (
        ("no id", "memory-backend-ram,size=4M"),
        ("an empty id", "memory-backend-ram,id=,size=2M"),
        ("an id that begins with a digit", "memory-backend-ram,id=0m,size=4M"),
        ("an id with a space", "memory-backend-ram,id=m 0,size=4M"),
        ("an id with a slash", "memory-backend-ram,id=a/b,size=4M"),
        ("an id of all letters allowed", "memory-backend-ram,id=a-b_c.d9,size=4M"),
        ("an id beyond ASCII", "memory-backend-ram,id=mä,size=4M"),
        ("a long id", f"memory-backend-ram,id={'m' * 200},size=4M"),
        ("a very long id", f"memory-backend-ram,id={'m' * 300},size=4M"),
        ("an id twice", "memory-backend-ram,id=b0,id=b1,size=4M"),
        ("id without a value", "memory-backend-ram,id,size=4M"),
        ("an unknown type", "memory-backend-nope,id=b0,size=4M"),
        ("the abstract type", "memory-backend,id=b0,size=4M"),
        ("a type that users cannot make", "container,id=b0"),
        ("a machine as type", "none-machine,id=b0"),
        ("a small letter changed", "Memory-backend-ram,id=b0,size=4M"),
        ("an unknown type, no id", "memory-backend-nope,size=4M"),
        ("type given as a key", "qom-type=memory-backend-ram,id=b0,size=4M"),
        ("type given as a key, not first", "id=b0,qom-type=memory-backend-ram,size=4M"),
        ("type given twice", "memory-backend-ram,qom-type=memory-backend-file,id=b0,size=4M"),
        ("no type", "id=b0,size=4M"),
        ("nothing", ""),
        ("a comma", ","),
        ("a trailing comma", "memory-backend-ram,id=b0,size=4M,"),
        ("two commas in a row", "memory-backend-ram,,id=b0,size=4M"),
        ("a comma first", ",id=b0"),
        ("an equals sign first", "=memory-backend-ram,id=b0"),
        ("an unknown property", "memory-backend-ram,id=b0,size=4M,foo=bar"),
        ("an unknown bare property", "memory-backend-ram,id=b0,size=4M,foo"),
        ("an unknown property and a bad size", "memory-backend-ram,id=b0,size=x,foo=bar"),
        (
            "the property sync",
            "memory-backend-file,id=b0,mem-path=$files/h.img,size=4M,sync=on",
        ),
        ("a file's property on ram", "memory-backend-ram,id=b0,size=4M,mem-path=$files/h.img"),
        ("pmem on ram", "memory-backend-ram,id=b0,size=4M,pmem=on"),
        ("align on ram", "memory-backend-ram,id=b0,size=4M,align=2M"),
        ("readonly on ram", "memory-backend-ram,id=b0,size=4M,readonly=on"),
        ("seal on ram", "memory-backend-ram,id=b0,size=4M,seal=on"),
        (
            "hugetlb on a file",
            "memory-backend-file,id=b0,mem-path=$files/h.img,size=4M,hugetlb=on",
        ),
        ("discard-data on memfd", "memory-backend-memfd,id=b0,size=4M,discard-data=on"),
        ("a property of Object", "memory-backend-ram,id=b0,size=4M,type=foo"),
        ("a dotted key", "memory-backend-ram,id=b0,size.x=4M"),
        ("a list index on a scalar", "memory-backend-ram,id=b0,size.0=4M"),
        (
            "list indexes on host-nodes",
            "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes.0=0",
        ),
        (
            "two list indexes on host-nodes",
            "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes.0=0,host-nodes.1=1",
        ),
        (
            "a list index that leaves a hole",
            "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes.1=0",
        ),
        (
            "a list index and the scalar",
            "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes=0,host-nodes.0=0",
        ),
        ("a key with a great letter", "memory-backend-ram,id=b0,Size=4M"),
        ("a key that ends in a point", "memory-backend-ram,id=b0,size.=4M"),
        ("a key that is a number", "memory-backend-ram,id=b0,size=4M,5=6"),
        ("an empty key", "memory-backend-ram,id=b0,size=4M,=5"),
        ("an underscore in a property", "memory-backend-ram,id=b0,size=4M,host_nodes=0"),
        ("a space before a key", "memory-backend-ram,id=b0, size=4M"),
        ("help", "help"),
        ("help with more", "help,id=b0"),
        ("a question mark", "?"),
        ("help of ram", "memory-backend-ram,help"),
        ("help of a file", "memory-backend-file,help"),
        ("help of memfd", "memory-backend-memfd,help"),
        ("help of ram by question mark", "memory-backend-ram,?"),
        ("help of ram among properties", "memory-backend-ram,id=b0,help,size=4M"),
        ("help of the abstract type", "memory-backend,help"),
        ("help of an unknown type", "memory-backend-nope,help"),
        ("help as a value", "memory-backend-ram,id=b0,size=help"),
        ("help=on", "memory-backend-ram,help=on"),
    )
    for what, text in texts:
        yield Case(
            f"object/{what}",
            _object(text),
            setup=(_removed("$files/h.img"),) if "h.img" in text else (),
        )
    ram = "memory-backend-ram,id={0},size=4M"
    yield Case("object/two objects", (*_object(ram.format("b0")), *_object(ram.format("b1"))))
    yield Case(
        "object/two objects with one id",
        (*_object(ram.format("b0")), *_object(ram.format("b0"))),
    )
    yield Case(
        "object/the second is bad",
        (*_object(ram.format("b0")), *_object("memory-backend-ram,id=b1,size=x")),
    )
    yield Case(
        "object/the first is bad, the second worse",
        (*_object("memory-backend-ram,id=b0,size=0"), *_object("nope,id=b1")),
    )
    yield Case(
        "object/the second lacks its id",
        (*_object("memory-backend-ram,id=b0,size=0"), *_object("memory-backend-ram")),
    )
    yield Case(
        "object/a duplicate after a bad one",
        (*_object("memory-backend-ram,id=b0,size=0"), *_object(ram.format("b0"))),
    )
    yield Case("object/nothing after -object", ("-object",))
    yield Case(
        "object/help before an error",
        (*_object("memory-backend-ram,help"), *_object("memory-backend-ram,id=b0,size=x")),
    )
    yield Case(
        "object/an error before help",
        (*_object("memory-backend-ram,id=b0,size=x"), *_object("memory-backend-ram,help")),
    )
    yield Case(
        "object/two files of one name",
        (
            *_object("memory-backend-file,id=b0,mem-path=$files/h.img,size=4M,share=on"),
            *_object("memory-backend-file,id=b1,mem-path=$files/h.img,size=4M,share=on"),
        ),
        setup=(_removed("$files/h.img"),),
    )
    yield Case(
        "object/three objects of three types, growing",
        (
            *_object("memory-backend-ram,id=b0,size=1M"),
            *_object("memory-backend-memfd,id=b1,size=2M"),
            *_object("memory-backend-file,id=b2,mem-path=$files/h.img,size=3M"),
        ),
        setup=(_removed("$files/h.img"),),
    )
    yield Case("object/two dashes", ("--object", ram.format("b0")))


def as_json() -> Iterator[Case]:
    """-object with JSON."""
    ram = {"qom-type": "memory-backend-ram", "id": "b0", "size": 4 * MIB}

    def changed(**changes: object) -> str:
        return json.dumps({**ram, **{k.replace("_", "-"): v for k, v in changes.items()}})

    def without(key: str) -> str:
        return json.dumps({k: v for k, v in ram.items() if k != key})

    texts = (
        ("plain", json.dumps(ram)),
        ("a space before", " " + json.dumps(ram)),
        ("single quotes", "{'qom-type':'memory-backend-ram','id':'b0','size':4194304}"),
        ("size a string", changed(size="4M")),
        ("size a string of digits", changed(size="4194304")),
        ("size a fraction", changed(size=4194304.0)),
        ("size negative", changed(size=-1)),
        ("size zero", changed(size=0)),
        ("size null", changed(size=None)),
        ("size true", changed(size=True)),
        ("size a list", changed(size=[4194304])),
        ("size an object", changed(size={"a": 1})),
        ("size near 2 to the 64", changed(size=18446744073709551615)),
        ("size beyond 2 to the 64", changed(size=18446744073709551616)),
        ("share true", changed(share=True)),
        ("share a word", changed(share="on")),
        ("share a number", changed(share=1)),
        ("merge false, dump false", changed(merge=False, dump=False)),
        ("prealloc true", changed(prealloc=True)),
        ("reserve false", changed(reserve=False)),
        ("prealloc-threads 2", changed(prealloc=True, prealloc_threads=2)),
        ("prealloc-threads 0", changed(prealloc_threads=0)),
        ("prealloc-threads too many", changed(prealloc_threads=4294967296)),
        ("prealloc-threads negative", changed(prealloc_threads=-1)),
        ("prealloc-threads a word", changed(prealloc_threads="2")),
        ("policy bind to 0", changed(policy="bind", host_nodes=[0])),
        ("policy bind to 0 and 1", changed(policy="bind", host_nodes=[0, 1])),
        ("policy bind to nothing", changed(policy="bind", host_nodes=[])),
        ("host-nodes a number", changed(policy="bind", host_nodes=0)),
        ("host-nodes a word", changed(policy="bind", host_nodes="0")),
        ("host-nodes a list of words", changed(policy="bind", host_nodes=["0"])),
        ("host-nodes negative", changed(policy="bind", host_nodes=[-1])),
        ("host-nodes 128", changed(policy="bind", host_nodes=[128])),
        ("host-nodes 65536", changed(policy="bind", host_nodes=[65536])),
        ("policy bogus", changed(policy="bogus")),
        ("policy a number", changed(policy=2)),
        ("policy null", changed(policy=None)),
        ("no id", without("id")),
        ("no type", without("qom-type")),
        ("no size", without("size")),
        ("id a number", changed(id=5)),
        ("id bad", changed(id="0m")),
        ("id empty", changed(id="")),
        ("type unknown", changed(qom_type="memory-backend-nope")),
        ("type abstract", changed(qom_type="memory-backend")),
        ("type a number", changed(qom_type=1)),
        ("unknown member", changed(foo=1)),
        ("unknown member twice", changed(foo=1, bar=2)),
        (
            "props as in older versions",
            '{"qom-type":"memory-backend-ram","id":"b0","props":{"size":4194304}}',
        ),
        ("a key twice", '{"qom-type":"memory-backend-ram","id":"b0","size":1,"size":4194304}'),
        ("cut short", '{"qom-type":"memory-backend-ram"'),
        ("empty", "{}"),
        ("a trailing comma", '{"qom-type":"memory-backend-ram","id":"b0","size":4194304,}'),
        ("something behind", json.dumps(ram) + "x"),
        ("two objects", json.dumps(ram) + json.dumps(ram)),
        ("no quotes", "{qom-type:memory-backend-ram}"),
        ("a list", "[]"),
        ("interpolation", '{"qom-type":"memory-backend-ram","id":"b0","size":%d}'),
        ("a control character in a string", '{"qom-type":"memory-backend-ram","id":"m\n0"}'),
        ("a bad escape", '{"qom-type":"memory-backend-ram","id":"\\x"}'),
        ("hexadecimal", '{"qom-type":"memory-backend-ram","id":"b0","size":0x1000}'),
        ("an exponent", '{"qom-type":"memory-backend-ram","id":"b0","size":4e6}'),
        ("a leading zero", '{"qom-type":"memory-backend-ram","id":"b0","size":04194304}'),
        ("a misspelt literal", '{"qom-type":"memory-backend-ram","id":"b0","share":ture}'),
        ("help", '{"qom-type":"memory-backend-ram","help":true}'),
    )
    for what, text in texts:
        yield Case(f"json/{what}", _object(text))
    file = {
        "qom-type": "memory-backend-file",
        "id": "b0",
        "mem-path": "$files/j.img",
        "size": 4 * MIB,
    }
    for what, changes in (
        ("file: plain", {}),
        ("file: share, pmem", {"share": True, "pmem": True}),
        ("file: align", {"align": 2 * MIB}),
        ("file: align a word", {"align": "2M"}),
        ("file: mem-path a number", {"mem-path": 5}),
        ("file: mem-path null", {"mem-path": None}),
        ("file: mem-path empty", {"mem-path": ""}),
        ("file: a comma in the path", {"mem-path": "$files/a,b.img"}),
        ("file: discard-data", {"discard-data": True, "share": True}),
        ("file: readonly", {"readonly": True}),
        ("file: pmem a word", {"pmem": "on"}),
        ("file: sync", {"sync": True}),
        ("file: hugetlb", {"hugetlb": True}),
    ):
        yield Case(
            f"json/{what}",
            _object(json.dumps({**file, **changes})),
            setup=(_removed("$files/j.img"), _removed("$files/a,b.img")),
        )
    no_path = {key: value for key, value in file.items() if key != "mem-path"}
    yield Case("json/file: no mem-path", _object(json.dumps(no_path)))
    memfd = {"qom-type": "memory-backend-memfd", "id": "b0", "size": 4 * MIB}
    for what, changes in (
        ("memfd: plain", {}),
        ("memfd: no seal", {"seal": False}),
        ("memfd: huge", {"hugetlb": True, "hugetlbsize": 2 * MIB}),
        ("memfd: hugetlbsize 0", {"hugetlbsize": 0}),
        ("memfd: hugetlbsize odd", {"hugetlb": True, "hugetlbsize": 3 * MIB}),
        ("memfd: hugetlbsize a word", {"hugetlbsize": "2M"}),
        ("memfd: not shared", {"share": False}),
    ):
        yield Case(f"json/{what}", _object(json.dumps({**memfd, **changes})))


#: The properties of the three backends that QMP can read.
PROPERTIES: Final = (
    "size",
    "share",
    "merge",
    "dump",
    "prealloc",
    "prealloc-threads",
    "prealloc-context",
    "host-nodes",
    "policy",
    "reserve",
    "mem-path",
    "align",
    "discard-data",
    "pmem",
    "readonly",
    "sync",
    "seal",
    "hugetlb",
    "hugetlbsize",
    "x-use-canonical-path-for-ramblock-id",
    "type",
)

_SETTINGS: Final[tuple[tuple[str, tuple[object, ...]], ...]] = (
    ("size", (8 * MIB, 0, "8M", -1, None, True, 4.5, [1])),
    ("share", (True, False, "on", 1, None)),
    ("merge", (False, True, "off", 0)),
    ("dump", (False, True, "off")),
    ("prealloc", (True, False, "on", None)),
    ("prealloc-threads", (2, 0, -1, "2", 4294967296, 1.0)),
    ("prealloc-context", ("b0", "none", "", 5, None)),
    ("policy", ("bind", "default", "bogus", 2, None)),
    ("reserve", (False, True, "off")),
    ("mem-path", ("/x", "", 5)),
    ("align", (4096, 0, "2M")),
    ("discard-data", (True, False, "on")),
    ("pmem", (True, False, "on")),
    ("readonly", (True, False, "on")),
    ("sync", (True,)),
    ("seal", (False, "on")),
    ("hugetlb", (True, "on")),
    ("hugetlbsize", (2 * MIB, 0, 3, "2M")),
    ("x-use-canonical-path-for-ramblock-id", (True, False, 5)),
    ("type", ("x",)),
)


def qmp() -> Iterator[Case]:
    """What QMP asks and is told."""
    image = "$files/q.img"
    made = {
        "ram": _object("memory-backend-ram,id=b0,size=4M"),
        "file": _object(f"memory-backend-file,id=b0,mem-path={image},size=4M,share=on"),
        "memfd": _object("memory-backend-memfd,id=b0,size=4M"),
    }
    fresh = {"ram": (), "file": (_removed(image),), "memfd": ()}
    readable = [name for name in PROPERTIES if name != "host-nodes"]
    for kind, args in made.items():
        yield Case(
            f"qmp/{kind}: read every property",
            args,
            setup=fresh[kind],
            qmp=_session(*(_get(name) for name in readable)),
        )
        for name, values in _SETTINGS:
            yield Case(
                f"qmp/{kind}: set {name}",
                args,
                setup=fresh[kind],
                qmp=_session(
                    *(command for value in values for command in (_set(name, value), _get(name))),
                    _MEMDEV,
                ),
            )
        yield Case(
            f"qmp/{kind}: read host-nodes while empty",
            args,
            setup=fresh[kind],
            qmp=_session(_get("host-nodes")),
        )
        yield Case(
            f"qmp/{kind}: bits of host-nodes are only added",
            args,
            setup=fresh[kind],
            qmp=_session(
                _set("host-nodes", [3]),
                _get("host-nodes"),
                _set("host-nodes", [1, 5]),
                _get("host-nodes"),
                _set("host-nodes", []),
                _get("host-nodes"),
                _set("host-nodes", [128]),
                _get("host-nodes"),
                _set("host-nodes", [-1]),
                _set("host-nodes", [65536]),
                _set("host-nodes", ["1"]),
                _set("host-nodes", 1),
                _set("host-nodes", None),
                _get("host-nodes"),
                _MEMDEV,
            ),
        )
        yield Case(
            f"qmp/{kind}: object-del and again",
            args,
            setup=fresh[kind],
            qmp=_session(
                _command("object-del", id="b0"),
                _MEMDEV,
                _command("object-del", id="b0"),
                _get("size"),
            ),
        )
    flat_file = {"mem_path": image, "size": 4 * MIB}
    additions: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("ram", _add("memory-backend-ram", id="b0", size=4 * MIB)),
        ("file", _add("memory-backend-file", id="b0", **flat_file)),
        (
            "file, share and pmem",
            _add("memory-backend-file", id="b0", share=True, pmem=True, **flat_file),
        ),
        ("file, sync", _add("memory-backend-file", id="b0", sync=True, **flat_file)),
        ("file, align", _add("memory-backend-file", id="b0", align=2 * MIB, **flat_file)),
        ("file, bad align", _add("memory-backend-file", id="b0", align=3, **flat_file)),
        ("file, readonly", _add("memory-backend-file", id="b0", readonly=True, **flat_file)),
        ("file, prealloc", _add("memory-backend-file", id="b0", prealloc=True, **flat_file)),
        (
            "file, no reservation",
            _add("memory-backend-file", id="b0", reserve=False, **flat_file),
        ),
        ("file, size a word", _add("memory-backend-file", id="b0", mem_path=image, size="4M")),
        ("file, size 0", _add("memory-backend-file", id="b0", mem_path=image, size=0)),
        ("file, no size", _add("memory-backend-file", id="b0", mem_path=image)),
        ("file, no path", _add("memory-backend-file", id="b0", size=4 * MIB)),
        ("file, path a number", _add("memory-backend-file", id="b0", mem_path=5, size=4 * MIB)),
        (
            "file, a directory",
            _add("memory-backend-file", id="b0", mem_path="$files", size=4 * MIB),
        ),
        (
            "file, a directory that is not there",
            _add("memory-backend-file", id="b0", mem_path="$files/none/x", size=4 * MIB),
        ),
        (
            "file, no multiple of a page",
            _add("memory-backend-file", id="b0", mem_path=image, size=5000),
        ),
        (
            "file, less than a page",
            _add("memory-backend-file", id="b0", mem_path=image, size=1),
        ),
        ("memfd", _add("memory-backend-memfd", id="b0", size=4 * MIB)),
        ("memfd, huge", _add("memory-backend-memfd", id="b0", size=4 * MIB, hugetlb=True)),
        (
            "memfd, odd huge pages",
            _add("memory-backend-memfd", id="b0", size=4 * MIB, hugetlb=True, hugetlbsize=3),
        ),
        (
            "memfd, too many huge pages",
            _add("memory-backend-memfd", id="b0", size=1 << 30, hugetlb=True),
        ),
        (
            "props as in older versions",
            _command("object-add", qom_type="memory-backend-ram", id="b0", props={"size": 4 * MIB}),
        ),
        ("no type", _command("object-add", id="b0", size=4 * MIB)),
        ("no id", _add("memory-backend-ram", size=4 * MIB)),
        ("nothing", {"execute": "object-add"}),
        ("empty arguments", {"execute": "object-add", "arguments": {}}),
        ("a bad id", _add("memory-backend-ram", id="0m", size=4 * MIB)),
        ("an empty id", _add("memory-backend-ram", id="", size=4 * MIB)),
        ("an id that is a number", _add("memory-backend-ram", id=5, size=4 * MIB)),
        ("an id that is null", _add("memory-backend-ram", id=None, size=4 * MIB)),
        ("an unknown type", _add("memory-backend-nope", id="b0", size=4 * MIB)),
        ("an unknown type and no id", _add("memory-backend-nope", size=4 * MIB)),
        ("the abstract type", _add("memory-backend", id="b0", size=4 * MIB)),
        ("a type that is a number", _command("object-add", **{"qom-type": 5}, id="b0")),
        ("an unknown member", _add("memory-backend-ram", id="b0", size=4 * MIB, foo=1)),
        (
            "an unknown member and a bad size",
            _add("memory-backend-ram", id="b0", size="x", foo=1),
        ),
        ("size null", _add("memory-backend-ram", id="b0", size=None)),
        ("size a fraction", _add("memory-backend-ram", id="b0", size=4194304.0)),
        ("size a fraction of a byte", _add("memory-backend-ram", id="b0", size=4096.5)),
        ("size negative", _add("memory-backend-ram", id="b0", size=-1)),
        ("share a word", _add("memory-backend-ram", id="b0", size=4 * MIB, share="on")),
        (
            "bind to 0",
            _add("memory-backend-ram", id="b0", size=4 * MIB, policy="bind", host_nodes=[0]),
        ),
        (
            "bind to 1",
            _add("memory-backend-ram", id="b0", size=4 * MIB, policy="bind", host_nodes=[1]),
        ),
        (
            "host-nodes without policy",
            _add("memory-backend-ram", id="b0", size=4 * MIB, host_nodes=[0]),
        ),
        (
            "policy without host-nodes",
            _add("memory-backend-ram", id="b0", size=4 * MIB, policy="interleave"),
        ),
        (
            "host-nodes 128",
            _add("memory-backend-ram", id="b0", size=4 * MIB, policy="bind", host_nodes=[128]),
        ),
        ("policy bogus", _add("memory-backend-ram", id="b0", size=4 * MIB, policy="bogus")),
        (
            "prealloc-threads 0",
            _add("memory-backend-ram", id="b0", size=4 * MIB, prealloc_threads=0),
        ),
        (
            "prealloc-context that is not there",
            _add("memory-backend-ram", id="b0", size=4 * MIB, prealloc_context="tc0"),
        ),
        (
            "where rounding up wraps",
            _add("memory-backend-ram", id="b0", size=18446744073709550000),
        ),
        (
            "file, where rounding up wraps",
            _add("memory-backend-file", id="b0", mem_path=image, size=18446744073709550000),
        ),
        ("beyond 2 to the 64", _add("memory-backend-ram", id="b0", size=18446744073709551616)),
        ("too big", _add("memory-backend-ram", id="b0", size=1 << 45)),
    )
    for what, addition in additions:
        file = "image" in what or addition.get("arguments", {}).get("mem-path") == image
        yield Case(
            f"qmp/object-add: {what}",
            (),
            setup=(_removed(image),) if file else (),
            qmp=_session(addition, _MEMDEV, _command("object-del", id="b0")),
        )
    ram = _add("memory-backend-ram", id="b0", size=4 * MIB)
    other = _add("memory-backend-ram", id="b1", size=2 * MIB)
    yield Case("qmp/two backends and their list", (), qmp=_session(ram, other, _MEMDEV))
    yield Case("qmp/an id twice", (), qmp=_session(ram, ram, _MEMDEV))
    yield Case(
        "qmp/an id again after object-del",
        (),
        qmp=_session(ram, _command("object-del", id="b0"), ram, _MEMDEV),
    )
    yield Case(
        "qmp/three backends, the middle one goes",
        (),
        qmp=_session(
            ram,
            other,
            _add("memory-backend-memfd", id="b2", size=MIB),
            _command("object-del", id="b1"),
            _MEMDEV,
        ),
    )
    yield Case(
        "qmp/a failed object-add leaves the id free",
        (),
        qmp=_session(
            _add("memory-backend-ram", id="b0", size=4 * MIB, policy="bind"), ram, _MEMDEV
        ),
    )
    yield Case(
        "qmp/object-del of what is not there",
        (),
        qmp=_session(
            _command("object-del", id="none"),
            _command("object-del", id=""),
            {"execute": "object-del"},
            _command("object-del", id=5),
            _command("object-del", id="b0", more=1),
        ),
    )
    yield Case(
        "qmp/qom-get and qom-set of what is not there",
        (),
        qmp=_session(
            _get("size"),
            _set("size", 1),
            _get("size", "/none"),
            _get("size", ""),
            _get("nope", "/objects"),
            _get("type", "/objects"),
        ),
    )
    yield Case(
        "qmp/paths of objects",
        made["ram"],
        qmp=_session(
            _get("size", "/objects/b0"),
            _get("size", "b0"),
            _get("size", "objects/b0"),
            _get("size", "/objects/b0/"),
            _get("size", "//objects//b0"),
            _get("size", "/b0"),
            _get("size", "/objects/M0"),
        ),
    )
    yield Case(
        "qmp/properties that are not there",
        made["ram"],
        qmp=_session(_get("nope"), _set("nope", 1), _get("")),
    )
    yield Case(
        "qmp/arguments missing and unknown",
        made["ram"],
        qmp=_session(
            {"execute": "qom-get"},
            _command("qom-get", path="/objects/b0"),
            _command("qom-get", property="size"),
            _command("qom-set", path="/objects/b0", property="size"),
            _command("qom-get", path="/objects/b0", property="size", foo=1),
            _command("qom-get", path=5, property="size"),
            _command("query-memdev", foo=1),
            {"execute": "query-memdev", "arguments": {}},
            {"execute": "query-memdev", "arguments": []},
            {"execute": "query-memdev", "foo": 1},
            {"execute": "no-such-command"},
            {"execute": ""},
            {"execute": 5},
            _command("qmp_capabilities"),
        ),
    )
    yield Case(
        "qmp/a command before qmp_capabilities",
        (),
        qmp=(_MEMDEV, {"execute": "qmp_capabilities"}, _MEMDEV, {"execute": "quit"}),
    )
    yield Case(
        "qmp/qmp_capabilities twice", (), qmp=_session({"execute": "qmp_capabilities"}, _MEMDEV)
    )
    yield Case("qmp/quit at once", (), qmp=_session())
    yield Case(
        "qmp/quit with an argument",
        (),
        qmp=({"execute": "qmp_capabilities"}, _command("quit", foo=1), {"execute": "quit"}),
    )
    for kind, args in made.items():
        yield Case(
            f"qmp/{kind}: merge and dump change the mapping",
            args,
            setup=fresh[kind],
            qmp=_session(
                _set("merge", False),
                _set("merge", False),
                _set("merge", True),
                _set("dump", False),
                _set("dump", True),
                _set("dump", True),
                _MEMDEV,
            ),
        )
        yield Case(
            f"qmp/{kind}: prealloc later, twice, off",
            args,
            setup=fresh[kind],
            qmp=_session(
                _set("prealloc", True),
                _set("prealloc", True),
                _get("prealloc"),
                _set("prealloc", False),
                _get("prealloc"),
                _set("prealloc", True),
                _MEMDEV,
            ),
        )
    yield Case(
        "qmp/prealloc later with threads",
        made["ram"],
        qmp=_session(_set("prealloc-threads", 3), _set("prealloc", True), _get("prealloc-threads")),
    )
    yield Case(
        "qmp/prealloc later, more than there is",
        _object("memory-backend-file,id=b0,mem-path=$small/q.img,size=4M,share=on"),
        setup=(_removed("$small/q.img"),),
        qmp=_session(_set("prealloc", True), _get("prealloc"), _MEMDEV),
    )
    yield Case(
        "qmp/prealloc later, no reservation",
        _object("memory-backend-ram,id=b0,size=4M,reserve=off"),
        qmp=_session(_set("prealloc", True), _get("prealloc"), _get("reserve"), _MEMDEV),
    )
    yield Case(
        "qmp/discard-data at object-del",
        made["file"],
        setup=(Preparation("data", image, 4 * MIB, 65),),
        qmp=_session(_set("discard-data", True), _command("object-del", id="b0"), _MEMDEV),
    )
    yield Case(
        "qmp/discard-data at exit",
        _object(f"memory-backend-file,id=b0,mem-path={image},size=4M,share=on,discard-data=on"),
        setup=(Preparation("data", image, 4 * MIB, 65),),
    )
    yield Case(
        "qmp/discard-data of a private mapping",
        _object(f"memory-backend-file,id=b0,mem-path={image},size=4M,discard-data=on"),
        setup=(Preparation("data", image, 4 * MIB, 65),),
        qmp=_session(_command("object-del", id="b0")),
    )
    yield Case(
        "qmp/a thread-context",
        _object("thread-context,id=tc0"),
        qmp=_session(
            _add(
                "memory-backend-ram",
                id="b0",
                size=4 * MIB,
                prealloc=True,
                prealloc_context="tc0",
            ),
            _get("prealloc-context"),
            _command("object-del", id="tc0"),
            _command("object-del", id="b0"),
            _command("object-del", id="tc0"),
        ),
    )


def machines() -> Iterator[Case]:
    """-machine memory-backend= and what stands around it."""
    ram = _object("memory-backend-ram,id=b0,size=64M")
    image = "$files/k.img"
    file = _object(f"memory-backend-file,id=b0,mem-path={image},size=64M,share=on")
    pc = "pc,accel=tcg"

    def case(
        name: str,
        machine: str,
        args: Sequence[str],
        *setup: Preparation,
        qmp: tuple[Mapping[str, Any], ...] = PLAIN,
    ) -> Case:
        return Case(f"machine/{name}", tuple(args), ("-M", machine), setup, qmp)

    yield case("none: a backend", "none,memory-backend=b0", ram)
    yield case("none: a backend that is not there", "none,memory-backend=b0", ())
    yield case("pc: a backend of ram", f"{pc},memory-backend=b0", ("-m", "64M", *ram))
    yield case(
        "pc: a backend of a file",
        f"{pc},memory-backend=b0",
        ("-m", "64M", *file),
        _removed(image),
    )
    yield case("pc: a backend that is not there", f"{pc},memory-backend=b9", ("-m", "64M", *ram))
    yield case("pc: a backend of another size", f"{pc},memory-backend=b0", ("-m", "32M", *ram))
    yield case("pc: a backend and no -m", f"{pc},memory-backend=b0", ram)
    yield case(
        "pc: a backend and -mem-path",
        f"{pc},memory-backend=b0",
        ("-m", "64M", "-mem-path", image, *ram),
    )
    yield case(
        "pc: a backend in use cannot go",
        f"{pc},memory-backend=b0",
        ("-m", "64M", *ram),
        qmp=_session(_command("object-del", id="b0"), _MEMDEV),
    )
    yield case("pc: mem-merge off", f"{pc},mem-merge=off", ("-m", "64M"))
    yield case("pc: dump-guest-core off", f"{pc},dump-guest-core=off", ("-m", "64M"))
    yield case("none: mem-merge off", "none,mem-merge=off", ram)
    yield case("none: dump-guest-core off", "none,dump-guest-core=off", ram)
    yield case(
        "none: both off, set on by the object",
        "none,mem-merge=off,dump-guest-core=off",
        _object("memory-backend-ram,id=b0,size=4M,merge=on,dump=on"),
    )
    yield case(
        "none: dump-guest-core off, a file",
        "none,dump-guest-core=off",
        _object(f"memory-backend-file,id=b0,mem-path={image},size=4M"),
        _removed(image),
    )
    yield case("none: -mem-prealloc", "none", ("-mem-prealloc", *ram))
    yield case(
        "none: -mem-prealloc, prealloc off",
        "none",
        ("-mem-prealloc", *_object("memory-backend-ram,id=b0,size=4M,prealloc=off")),
    )
    yield case("none: -mem-path", "none", ("-mem-path", "$files"))
    yield case("none: -m", "none", ("-m", "64M"))
    yield case("none: -m and a backend", "none", ("-m", "64M", *ram))
    yield case(
        "none: -smp 4, prealloc",
        "none",
        ("-smp", "4", *_object("memory-backend-ram,id=b0,size=4M,prealloc=on")),
    )
    yield case("none: -numa", "none", ("-numa", "node"))
    yield case("pc: nothing", pc, ("-m", "64M"))
    yield case("pc: -mem-path, a new file", pc, ("-m", "64M", "-mem-path", image), _removed(image))
    yield case("pc: -mem-path, a directory", pc, ("-m", "64M", "-mem-path", "$files"))
    yield case("pc: -mem-path, huge pages", pc, ("-m", "64M", "-mem-path", "$huge"))
    yield case(
        "pc: -mem-path, a smaller file",
        pc,
        ("-m", "64M", "-mem-path", image),
        Preparation("data", image, MIB, 65),
    )
    yield case("pc: -mem-path that is not there", pc, ("-m", "64M", "-mem-path", "$files/none/x"))
    yield case(
        "pc: -mem-path that is not there, -mem-prealloc",
        pc,
        ("-m", "64M", "-mem-prealloc", "-mem-path", "$files/none/x"),
    )
    yield case(
        "pc: -mem-path and -mem-prealloc",
        pc,
        ("-m", "64M", "-mem-prealloc", "-mem-path", image),
        _removed(image),
    )
    yield case("pc: -mem-prealloc", pc, ("-m", "64M", "-mem-prealloc"))
    yield case("pc: -mem-path, the null device", pc, ("-m", "64M", "-mem-path", "/dev/null"))
    for text in (
        "0",
        "1",
        "4095",
        "8K",
        "x",
        "-1",
        "1.5M",
        "64M,slots=2",
        "64M,maxmem=1G",
        "64M,slots=2,maxmem=1G",
        "64M,slots=0,maxmem=64M",
        "64M,slots=2,maxmem=32M",
        "size=64M",
        "64",
        "1E",
        "16E",
        "",
    ):
        yield case(f"pc: -m {text or 'empty'}", pc, ("-m", text))
    numa = ("-m", "64M")
    nodes_of_pc: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("one node", ("-numa", "node")),
        ("two nodes", ("-smp", "2", "-numa", "node,cpus=0", "-numa", "node,cpus=1")),
        ("mem", ("-numa", "node,mem=64M")),
        ("a memdev", (*ram, "-numa", "node,memdev=b0")),
        ("a file as memdev", (*file, "-numa", "node,memdev=b0")),
        ("a memdev that is not there", ("-numa", "node,memdev=b9")),
        (
            "a memdev twice",
            (
                *_object("memory-backend-ram,id=b0,size=32M"),
                "-numa",
                "node,memdev=b0",
                "-numa",
                "node,memdev=b0",
            ),
        ),
        (
            "two memdevs",
            (
                *_object("memory-backend-ram,id=b0,size=32M"),
                *_object("memory-backend-ram,id=b1,size=32M"),
                "-numa",
                "node,memdev=b0",
                "-numa",
                "node,memdev=b1",
            ),
        ),
        (
            "memdevs of the wrong total",
            (*_object("memory-backend-ram,id=b0,size=32M"), "-numa", "node,memdev=b0"),
        ),
        ("mem and memdev", (*ram, "-numa", "node,mem=64M,memdev=b0")),
        (
            "mem and memdev mixed",
            (
                *_object("memory-backend-ram,id=b0,size=32M"),
                "-numa",
                "node,mem=32M",
                "-numa",
                "node,memdev=b0",
            ),
        ),
        ("a node id twice", ("-numa", "node,nodeid=0", "-numa", "node,nodeid=0")),
        ("a node id too big", ("-numa", "node,nodeid=128")),
        ("a node missing", ("-numa", "node,nodeid=1")),
        ("a bad cpu", ("-numa", "node,cpus=9")),
        ("an unknown key", ("-numa", "node,foo=1")),
        ("an unknown type", ("-numa", "foo")),
        ("a distance", ("-numa", "node", "-numa", "node", "-numa", "dist,src=0,dst=1,val=20")),
        (
            "a distance too small",
            ("-numa", "node", "-numa", "node", "-numa", "dist,src=0,dst=1,val=5"),
        ),
        ("a distance to nowhere", ("-numa", "node", "-numa", "dist,src=0,dst=6,val=22")),
        ("the distance to itself", ("-numa", "node", "-numa", "dist,src=0,dst=0,val=20")),
        ("mem and -mem-path", ("-mem-path", image, "-numa", "node,mem=64M")),
        ("memdev and -mem-path", ("-mem-path", image, *ram, "-numa", "node,memdev=b0")),
    )
    for what, args in nodes_of_pc:
        yield case(f"pc: -numa, {what}", pc, (*numa, *args), _removed(image))
    odd: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("an unknown option", ("-foo",)),
        ("an option without its value", ("-m",)),
        ("-mem-path twice", ("-mem-path", "/a", "-mem-path", "/b")),
    )
    for what, args in odd:
        yield case(f"none: {what}", "none", args)
    yield case("an unknown machine", "nope", ram)
    yield case("none: an unknown property", "none,foo=on", ram)
    yield case("none: mem-merge with a bad value", "none,mem-merge=maybe", ram)


_FILE_CALLS: Final = (
    ("openat", 1, ("EACCES", "EMFILE", "EINTR", "EIO", "EROFS", "EISDIR", "EEXIST")),
    ("openat", 2, ("EACCES", "ENOSPC", "EINTR", "EEXIST", "ENOENT")),
    ("lseek", 1, ("ESPIPE", "EIO", "EOVERFLOW")),
    ("fstatfs", 1, ("EINTR", "EIO", "ENOSYS")),
    ("ftruncate", 1, ("EFBIG", "ENOSPC", "EIO", "EINVAL", "EINTR")),
    ("mmap", 1, ("ENOMEM", "EAGAIN", "EINVAL")),
    ("mmap", 2, ("ENOMEM", "EAGAIN", "EINVAL", "EOPNOTSUPP", "EACCES", "ENODEV", "EPERM")),
    ("madvise", 1, ("EINVAL", "ENOMEM")),
    ("madvise", 2, ("EINVAL", "EAGAIN")),
    ("madvise", 3, ("EINVAL", "EPERM")),
)


def faults() -> Iterator[Case]:
    """One call of the backend fails, each call in its turn."""
    for where in ("files", "huge"):
        image = f"${where}/l.img"
        for call, nth, errnos in _FILE_CALLS:
            for errno in errnos:
                if where == "huge" and errno not in ("ENOMEM", "EINTR", "EOPNOTSUPP", "EACCES"):
                    continue
                yield Case(
                    f"fault/{where}: {call} {nth} answers {errno}",
                    _object(f"memory-backend-file,id=b0,mem-path={image},size=4M,share=on"),
                    setup=(_removed(image),),
                    fault=Fault(call, nth, errno),
                )
    image = "$files/l.img"
    synchronous = f"memory-backend-file,id=b0,mem-path={image},size=4M,share=on,pmem=on"
    refused_sync: tuple[tuple[int, tuple[str, ...]], ...] = (
        (2, ("EINVAL", "ENOMEM", "EOPNOTSUPP", "EPERM")),
        (3, ("EINVAL", "ENOMEM", "EOPNOTSUPP")),
    )
    for nth, refusals in refused_sync:
        for errno in refusals:
            yield Case(
                f"fault/map_sync: mmap {nth} answers {errno}",
                _object(synchronous),
                setup=(_removed(image),),
                fault=Fault("mmap", nth, errno),
            )
    anonymous: tuple[tuple[str, int, tuple[str, ...]], ...] = (
        ("mmap", 1, ("ENOMEM", "EAGAIN")),
        ("mmap", 2, ("ENOMEM", "EPERM")),
        ("munmap", 1, ("EINVAL",)),
        ("munmap", 2, ("EINVAL",)),
        ("madvise", 1, ("EINVAL",)),
        ("madvise", 2, ("EINVAL",)),
        ("madvise", 3, ("ENOMEM",)),
        ("madvise", 4, ("ENOMEM",)),
    )
    for call, nth, refusals in anonymous:
        for errno in refusals:
            yield Case(
                f"fault/ram: {call} {nth} answers {errno}",
                _object("memory-backend-ram,id=b0,size=4M"),
                fault=Fault(call, nth, errno),
            )
    bound = "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes=0"
    for errno in ("EPERM", "ENOSYS", "EINVAL", "EIO", "ENOMEM"):
        yield Case(
            f"fault/bind: mbind answers {errno}", _object(bound), fault=Fault("mbind", 1, errno)
        )
        yield Case(
            f"fault/file bind: mbind answers {errno}",
            _object(f"memory-backend-file,id=b0,mem-path={image},size=4M,policy=bind,host-nodes=0"),
            setup=(_removed(image),),
            fault=Fault("mbind", 1, errno),
        )
    for errno in ("ENOSYS", "EPERM"):
        yield Case(
            f"fault/default policy: mbind answers {errno}",
            _object("memory-backend-ram,id=b0,size=4M"),
            fault=Fault("mbind", 1, errno),
        )
    memfd = "memory-backend-memfd,id=b0,size=4M"
    of_memfd: tuple[tuple[str, int, tuple[str, ...]], ...] = (
        ("memfd_create", 1, ("EMFILE", "ENFILE", "EINVAL", "ENOSYS")),
        ("ftruncate", 1, ("EINVAL", "ENOSPC", "EIO")),
        ("fcntl", 1, ("EBUSY", "EPERM", "EINVAL")),
        ("fstatfs", 1, ("EIO",)),
        ("lseek", 1, ("EIO",)),
        ("mmap", 1, ("ENOMEM",)),
        ("mmap", 2, ("ENOMEM", "EINVAL")),
    )
    for call, nth, refusals in of_memfd:
        for errno in refusals:
            yield Case(
                f"fault/memfd: {call} {nth} answers {errno}",
                _object(memfd),
                fault=Fault(call, nth, errno),
            )
    for call, nth, errno in (
        ("fstatfs", 2, "EIO"),
        ("madvise", 4, "EINVAL"),
        ("madvise", 4, "EFAULT"),
        ("madvise", 4, "ENOMEM"),
        ("madvise", 4, "EHWPOISON"),
        ("madvise", 4, "EAGAIN"),
        ("madvise", 5, "EINVAL"),
        ("madvise", 5, "EFAULT"),
        ("madvise", 5, "ENOMEM"),
        ("madvise", 5, "EAGAIN"),
    ):
        yield Case(
            f"fault/prealloc: {call} {nth} answers {errno}",
            _object(f"memory-backend-file,id=b0,mem-path={image},size=4M,prealloc=on"),
            setup=(_removed(image),),
            fault=Fault(call, nth, errno),
        )
    for errno in ("EINVAL", "ENOMEM"):
        yield Case(
            f"fault/no dump: madvise 2 answers {errno}",
            _object("memory-backend-ram,id=b0,size=4M"),
            ("-M", "none,dump-guest-core=off"),
            fault=Fault("madvise", 2, errno),
        )
    for call, errno in (("openat", "EMFILE"), ("openat", "EACCES"), ("openat", "EEXIST")):
        yield Case(
            f"fault/directory: mkstemp's open answers {errno}",
            _object("memory-backend-file,id=b0,mem-path=$files,size=4M"),
            fault=Fault(call, 2, errno),
        )
    yield Case(
        "fault/directory: unlink answers EIO",
        _object("memory-backend-file,id=b0,mem-path=$files,size=4M"),
        fault=Fault("unlink", 1, "EIO"),
    )
    yield Case(
        "fault/close after a failed mapping answers EIO",
        _object(f"memory-backend-file,id=b0,mem-path={image},size=4M"),
        setup=(Preparation("data", image, MIB, 65),),
        fault=Fault("close", 1, "EIO"),
    )


def every_case() -> tuple[Case, ...]:
    """Return all the cases, in the order of their families; no two share a name."""
    families = (
        matrix,
        paths,
        sizes,
        aligns,
        booleans,
        nodes,
        memfds,
        preallocation,
        identities,
        as_json,
        qmp,
        machines,
        faults,
    )
    return tuple(case for family in families for case in family())
