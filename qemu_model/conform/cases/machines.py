"""Cases about the machine: RAM, nodes, and backends that the guest has."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from ..driver import Preparation
from .case import MIB, PLAIN, QUERY_MEMDEV, Case, an_object, command, removed, session

#: Words, and the options that are tried.
_Lines: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

_IMAGE: Final = "$files/k.img"
_PC: Final = "pc,accel=tcg"
_64_MIB: Final = ("-m", "64M")
_RAM: Final = an_object("memory-backend-ram,id=b0,size=64M")
_FILE: Final = an_object(f"memory-backend-file,id=b0,mem-path={_IMAGE},size=64M,share=on")


def _case(
    name: str,
    machine: str,
    args: Sequence[str],
    *setup: Preparation,
    qmp: tuple[Mapping[str, Any], ...] = PLAIN,
) -> Case:
    return Case(f"machine/{name}", tuple(args), ("-M", machine), setup, qmp)


_CASES: Final = (
    _case("none: a backend", "none,memory-backend=b0", _RAM),
    _case("none: a backend that is not there", "none,memory-backend=b0", ()),
    _case("pc: a backend of ram", f"{_PC},memory-backend=b0", ("-m", "64M", *_RAM)),
    _case(
        "pc: a backend of a file",
        f"{_PC},memory-backend=b0",
        ("-m", "64M", *_FILE),
        removed(_IMAGE),
    ),
    _case("pc: a backend that is not there", f"{_PC},memory-backend=b9", ("-m", "64M", *_RAM)),
    _case("pc: a backend of another size", f"{_PC},memory-backend=b0", ("-m", "32M", *_RAM)),
    _case("pc: a backend and no -m", f"{_PC},memory-backend=b0", _RAM),
    _case(
        "pc: a backend and -mem-path",
        f"{_PC},memory-backend=b0",
        ("-m", "64M", "-mem-path", _IMAGE, *_RAM),
    ),
    _case(
        "pc: a backend in use cannot go",
        f"{_PC},memory-backend=b0",
        ("-m", "64M", *_RAM),
        qmp=session(command("object-del", id="b0"), QUERY_MEMDEV),
    ),
    _case("pc: mem-merge off", f"{_PC},mem-merge=off", ("-m", "64M")),
    _case("pc: dump-guest-core off", f"{_PC},dump-guest-core=off", ("-m", "64M")),
    _case("none: mem-merge off", "none,mem-merge=off", _RAM),
    _case("none: dump-guest-core off", "none,dump-guest-core=off", _RAM),
    _case(
        "none: both off, set on by the object",
        "none,mem-merge=off,dump-guest-core=off",
        an_object("memory-backend-ram,id=b0,size=4M,merge=on,dump=on"),
    ),
    _case(
        "none: dump-guest-core off, a file",
        "none,dump-guest-core=off",
        an_object(f"memory-backend-file,id=b0,mem-path={_IMAGE},size=4M"),
        removed(_IMAGE),
    ),
    _case(
        "none: dump-guest-core off, a huge page and a half",
        "none,dump-guest-core=off",
        an_object("memory-backend-file,id=b0,mem-path=$huge/k.img,size=3M"),
        removed("$huge/k.img"),
    ),
    _case("none: -mem-prealloc", "none", ("-mem-prealloc", *_RAM)),
    _case(
        "none: -mem-prealloc, prealloc off",
        "none",
        ("-mem-prealloc", *an_object("memory-backend-ram,id=b0,size=4M,prealloc=off")),
    ),
    _case("none: -mem-path", "none", ("-mem-path", "$files")),
    _case("none: -m", "none", ("-m", "64M")),
    _case("none: -m and a backend", "none", ("-m", "64M", *_RAM)),
    _case(
        "none: -smp 4, prealloc",
        "none",
        ("-smp", "4", *an_object("memory-backend-ram,id=b0,size=4M,prealloc=on")),
    ),
    _case("none: -numa", "none", ("-numa", "node")),
    _case("pc: nothing", _PC, ("-m", "64M")),
    _case("pc: -mem-path, a new file", _PC, ("-m", "64M", "-mem-path", _IMAGE), removed(_IMAGE)),
    _case("pc: -mem-path, a directory", _PC, ("-m", "64M", "-mem-path", "$files")),
    _case("pc: -mem-path, huge pages", _PC, ("-m", "64M", "-mem-path", "$huge")),
    _case(
        "pc: -mem-path, a smaller file",
        _PC,
        ("-m", "64M", "-mem-path", _IMAGE),
        Preparation("data", _IMAGE, MIB, 65),
    ),
    _case("pc: -mem-path that is not there", _PC, ("-m", "64M", "-mem-path", "$files/none/x")),
    _case(
        "pc: -mem-path that is not there, -mem-prealloc",
        _PC,
        ("-m", "64M", "-mem-prealloc", "-mem-path", "$files/none/x"),
    ),
    _case(
        "pc: -mem-path and -mem-prealloc",
        _PC,
        ("-m", "64M", "-mem-prealloc", "-mem-path", _IMAGE),
        removed(_IMAGE),
    ),
    _case("pc: -mem-prealloc", _PC, ("-m", "64M", "-mem-prealloc")),
    _case("pc: -mem-path, the null device", _PC, ("-m", "64M", "-mem-path", "/dev/null")),
    _case("an unknown machine", "nope", _RAM),
    _case("none: an unknown property", "none,foo=on", _RAM),
    _case("none: mem-merge with a bad value", "none,mem-merge=maybe", _RAM),
    _case("none: an unknown option", "none", ("-foo",)),
    _case("none: an option without its value", "none", ("-m",)),
    _case("none: -mem-path twice", "none", ("-mem-path", "/a", "-mem-path", "/b")),
)
#: Values of -m.
_SIZES: Final = (
    "0",
    "1",
    "4095",
    "8K",
    "x",
    "-1",
    "1.5M",
    "64M,slots=2",
    "64M,maxmem=1G",
    "64M,slots=4,maxmem=1G",
    "64M,slots=0,maxmem=64M",
    "64M,slots=2,maxmem=32M",
    "size=64M",
    "64",
    "1E",
    "16E",
    "",
)
#: Values of -smp.
_CPUS: Final = (
    "3,cores=2",
    "4,sockets=2,dies=2",
    "4,sockets=2,modules=2",
    "2,cores=0",
    "2,maxcpus=1",
    "2,foo=1",
    "300",
)
_VERSIONS: Final = ("2.6", "3.1", "4.2", "5.2", "6.2", "7.2", "8.2", "9.2", "10.0", "11.1")
#: What describes nodes, of a pc with 64 MiB.
_NODES: Final[_Lines] = (
    ("one node", ("-numa", "node")),
    ("two nodes", ("-smp", "2", "-numa", "node,cpus=0", "-numa", "node,cpus=1")),
    ("mem", ("-numa", "node,mem=64M")),
    ("a memdev", (*_RAM, "-numa", "node,memdev=b0")),
    ("a file as memdev", (*_FILE, "-numa", "node,memdev=b0")),
    ("a memdev that is not there", ("-numa", "node,memdev=b9")),
    (
        "a memdev twice",
        (
            *an_object("memory-backend-ram,id=b0,size=32M"),
            "-numa",
            "node,memdev=b0",
            "-numa",
            "node,memdev=b0",
        ),
    ),
    (
        "two memdevs",
        (
            *an_object("memory-backend-ram,id=b0,size=32M"),
            *an_object("memory-backend-ram,id=b1,size=32M"),
            "-numa",
            "node,memdev=b0",
            "-numa",
            "node,memdev=b1",
        ),
    ),
    (
        "memdevs of the wrong total",
        (*an_object("memory-backend-ram,id=b0,size=32M"), "-numa", "node,memdev=b0"),
    ),
    ("mem and memdev", (*_RAM, "-numa", "node,mem=64M,memdev=b0")),
    (
        "mem and memdev mixed",
        (
            *an_object("memory-backend-ram,id=b0,size=32M"),
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
    ("mem and -mem-path", ("-mem-path", _IMAGE, "-numa", "node,mem=64M")),
    ("memdev and -mem-path", ("-mem-path", _IMAGE, *_RAM, "-numa", "node,memdev=b0")),
)
_MORE: Final = ("-m", "64M,slots=3,maxmem=2G")
_MODULE: Final = an_object("memory-backend-ram,id=module,size=128M")
_FILE_MODULE: Final = an_object(f"memory-backend-file,id=module,mem-path={_IMAGE},size=128M")
_HMAT: Final = ("-M", "hmat=on", "-smp", "2")
#: What adds a device or a node, to a pc with 64 MiB.
_DEVICES: Final[_Lines] = (
    ("pc-dimm", (*_MORE, *_MODULE, "-device", "pc-dimm,id=d0,memdev=module")),
    ("pc-dimm without slots", (*_MODULE, "-device", "pc-dimm,memdev=module")),
    ("pc-dimm without memdev", (*_MORE, "-device", "pc-dimm")),
    ("pc-dimm of an unknown backend", (*_MORE, "-device", "pc-dimm,memdev=other")),
    ("pc-dimm in a slot too high", (*_MORE, *_MODULE, "-device", "pc-dimm,memdev=module,slot=3")),
    ("pc-dimm on an unknown node", (*_MORE, *_MODULE, "-device", "pc-dimm,memdev=module,node=3")),
    (
        "two pc-dimms of one backend",
        (*_MORE, *_MODULE, "-device", "pc-dimm,memdev=module", "-device", "pc-dimm,memdev=module"),
    ),
    ("pc-dimm at an odd address", (*_MORE, *_MODULE, "-device", "pc-dimm,memdev=module,addr=4097")),
    ("nvdimm, nvdimm=off", (*_MORE, *_FILE_MODULE, "-device", "nvdimm,memdev=module")),
    ("nvdimm", ("-M", "nvdimm=on", *_MORE, *_FILE_MODULE, "-device", "nvdimm,memdev=module")),
    (
        "nvdimm, a small label",
        (
            "-M",
            "nvdimm=on",
            *_MORE,
            *_FILE_MODULE,
            "-device",
            "nvdimm,memdev=module,label-size=64K",
        ),
    ),
    (
        "nvdimm, a label as large as its backend",
        (
            "-M",
            "nvdimm=on",
            *_MORE,
            *_FILE_MODULE,
            "-device",
            "nvdimm,memdev=module,label-size=128M",
        ),
    ),
    (
        "ivshmem-plain",
        (
            *an_object("memory-backend-ram,id=shared,size=2M"),
            "-device",
            "ivshmem-plain,memdev=shared",
        ),
    ),
    ("ivshmem-plain of an unknown backend", ("-device", "ivshmem-plain,memdev=other")),
    ("virtio-pmem-pci", (*_MORE, *_MODULE, "-device", "virtio-pmem-pci,memdev=module")),
    (
        "virtio-mem-pci",
        (*_MORE, *_MODULE, "-device", "virtio-mem-pci,memdev=module,requested-size=4M"),
    ),
    (
        "virtio-mem-pci of a private file",
        (*_MORE, *_FILE_MODULE, "-device", "virtio-mem-pci,memdev=module"),
    ),
    (
        "virtio-mem-pci of a memfd",
        (
            *_MORE,
            *an_object("memory-backend-memfd,id=module,size=128M"),
            *("-device", "virtio-mem-pci,memdev=module"),
        ),
    ),
    (
        "virtio-mem-pci, an odd block size",
        (*_MORE, *_MODULE, "-device", "virtio-mem-pci,memdev=module,block-size=3M"),
    ),
    ("an object of the name pc.ram", an_object("memory-backend-ram,id=pc.ram,size=64M")),
    ("maxmem beyond the processor", ("-m", "64M,slots=3,maxmem=2T")),
    ("hmat without nodes", _HMAT),
    (
        "hmat, one latency",
        (
            *_HMAT,
            *("-numa", "node"),
            *("-numa", "hmat-lb,initiator=0,target=0,hierarchy=memory"),
        ),
    ),
    (
        "hmat, a latency and no hmat=on",
        ("-numa", "node", "-numa", "hmat-cache,node-id=0,size=4K,level=1"),
    ),
)


def machines() -> Iterator[Case]:
    """-machine memory-backend= and the other options about a machine's memory."""
    yield from _CASES
    for text in _SIZES:
        yield _case(f"pc: -m {text or 'empty'}", _PC, ("-m", text))
    for what, args in _NODES:
        yield _case(f"pc: -numa, {what}", _PC, (*_64_MIB, *args), removed(_IMAGE))
    for what, args in _DEVICES:
        yield _case(f"pc: {what}", _PC, (*_64_MIB, *args), removed(_IMAGE))
    for text in _CPUS:
        yield _case(f"pc: -smp {text}", _PC, (*_64_MIB, "-smp", text))
    for number in _VERSIONS:
        yield _case(f"pc-q35-{number}", f"pc-q35-{number},accel=tcg", _64_MIB)
