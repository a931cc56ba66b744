"""Cases about the machine: RAM, nodes, and backends that the guest has."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..driver import Preparation
from .case import MIB, PLAIN, QUERY_MEMDEV, Case, an_object, command, removed, session


def machines() -> Iterator[Case]:
    """-machine memory-backend= and what stands around it."""
    ram = an_object("memory-backend-ram,id=b0,size=64M")
    image = "$files/k.img"
    file = an_object(f"memory-backend-file,id=b0,mem-path={image},size=64M,share=on")
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
        removed(image),
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
        qmp=session(command("object-del", id="b0"), QUERY_MEMDEV),
    )
    yield case("pc: mem-merge off", f"{pc},mem-merge=off", ("-m", "64M"))
    yield case("pc: dump-guest-core off", f"{pc},dump-guest-core=off", ("-m", "64M"))
    yield case("none: mem-merge off", "none,mem-merge=off", ram)
    yield case("none: dump-guest-core off", "none,dump-guest-core=off", ram)
    yield case(
        "none: both off, set on by the object",
        "none,mem-merge=off,dump-guest-core=off",
        an_object("memory-backend-ram,id=b0,size=4M,merge=on,dump=on"),
    )
    yield case(
        "none: dump-guest-core off, a file",
        "none,dump-guest-core=off",
        an_object(f"memory-backend-file,id=b0,mem-path={image},size=4M"),
        removed(image),
    )
    yield case(
        "none: dump-guest-core off, a huge page and a half",
        "none,dump-guest-core=off",
        an_object("memory-backend-file,id=b0,mem-path=$huge/k.img,size=3M"),
        removed("$huge/k.img"),
    )
    yield case("none: -mem-prealloc", "none", ("-mem-prealloc", *ram))
    yield case(
        "none: -mem-prealloc, prealloc off",
        "none",
        ("-mem-prealloc", *an_object("memory-backend-ram,id=b0,size=4M,prealloc=off")),
    )
    yield case("none: -mem-path", "none", ("-mem-path", "$files"))
    yield case("none: -m", "none", ("-m", "64M"))
    yield case("none: -m and a backend", "none", ("-m", "64M", *ram))
    yield case(
        "none: -smp 4, prealloc",
        "none",
        ("-smp", "4", *an_object("memory-backend-ram,id=b0,size=4M,prealloc=on")),
    )
    yield case("none: -numa", "none", ("-numa", "node"))
    yield case("pc: nothing", pc, ("-m", "64M"))
    yield case("pc: -mem-path, a new file", pc, ("-m", "64M", "-mem-path", image), removed(image))
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
        removed(image),
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
        "64M,slots=4,maxmem=1G",
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
        ("mem and memdev", (*ram, "-numa", "node,mem=64M,memdev=b0")),
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
        ("mem and -mem-path", ("-mem-path", image, "-numa", "node,mem=64M")),
        ("memdev and -mem-path", ("-mem-path", image, *ram, "-numa", "node,memdev=b0")),
    )
    for what, args in nodes_of_pc:
        yield case(f"pc: -numa, {what}", pc, (*numa, *args), removed(image))
    odd: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("an unknown option", ("-foo",)),
        ("an option without its value", ("-m",)),
        ("-mem-path twice", ("-mem-path", "/a", "-mem-path", "/b")),
    )
    for what, args in odd:
        yield case(f"none: {what}", "none", args)
    for what, args in _devices(image):
        yield case(f"pc: {what}", pc, (*numa, *args), removed(image))
    for text in (
        "3,cores=2",
        "4,sockets=2,dies=2",
        "4,sockets=2,modules=2",
        "2,cores=0",
        "2,maxcpus=1",
        "2,foo=1",
        "300",
    ):
        yield case(f"pc: -smp {text}", pc, (*numa, "-smp", text))
    for number in ("2.6", "3.1", "4.2", "5.2", "6.2", "7.2", "8.2", "9.2", "10.0", "11.1"):
        yield case(f"pc-q35-{number}", f"pc-q35-{number},accel=tcg", numa)
    yield case("an unknown machine", "nope", ram)
    yield case("none: an unknown property", "none,foo=on", ram)
    yield case("none: mem-merge with a bad value", "none,mem-merge=maybe", ram)


def _devices(image: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a device or a node adds to a line of a pc with 64 MiB, by what the line shows."""
    ram = an_object("memory-backend-ram,id=module,size=128M")
    file = an_object(f"memory-backend-file,id=module,mem-path={image},size=128M")
    more = ("-m", "64M,slots=3,maxmem=2G")
    hmat = ("-M", "hmat=on", "-smp", "2")
    return (
        ("pc-dimm", (*more, *ram, "-device", "pc-dimm,id=d0,memdev=module")),
        ("pc-dimm without slots", (*ram, "-device", "pc-dimm,memdev=module")),
        ("pc-dimm without memdev", (*more, "-device", "pc-dimm")),
        ("pc-dimm of an unknown backend", (*more, "-device", "pc-dimm,memdev=other")),
        ("pc-dimm in a slot too high", (*more, *ram, "-device", "pc-dimm,memdev=module,slot=3")),
        ("pc-dimm on an unknown node", (*more, *ram, "-device", "pc-dimm,memdev=module,node=3")),
        (
            "two pc-dimms of one backend",
            (*more, *ram, "-device", "pc-dimm,memdev=module", "-device", "pc-dimm,memdev=module"),
        ),
        ("pc-dimm at an odd address", (*more, *ram, "-device", "pc-dimm,memdev=module,addr=4097")),
        ("nvdimm, nvdimm=off", (*more, *file, "-device", "nvdimm,memdev=module")),
        ("nvdimm", ("-M", "nvdimm=on", *more, *file, "-device", "nvdimm,memdev=module")),
        (
            "nvdimm, a small label",
            ("-M", "nvdimm=on", *more, *file, "-device", "nvdimm,memdev=module,label-size=64K"),
        ),
        (
            "nvdimm, a label as large as its backend",
            ("-M", "nvdimm=on", *more, *file, "-device", "nvdimm,memdev=module,label-size=128M"),
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
        ("virtio-pmem-pci", (*more, *ram, "-device", "virtio-pmem-pci,memdev=module")),
        (
            "virtio-mem-pci",
            (*more, *ram, "-device", "virtio-mem-pci,memdev=module,requested-size=4M"),
        ),
        (
            "virtio-mem-pci of a private file",
            (*more, *file, "-device", "virtio-mem-pci,memdev=module"),
        ),
        (
            "virtio-mem-pci of a memfd",
            (
                *more,
                *an_object("memory-backend-memfd,id=module,size=128M"),
                *("-device", "virtio-mem-pci,memdev=module"),
            ),
        ),
        (
            "virtio-mem-pci, an odd block size",
            (*more, *ram, "-device", "virtio-mem-pci,memdev=module,block-size=3M"),
        ),
        ("an object of the name pc.ram", an_object("memory-backend-ram,id=pc.ram,size=64M")),
        ("maxmem beyond the processor", ("-m", "64M,slots=3,maxmem=2T")),
        ("hmat without nodes", hmat),
        (
            "hmat, one latency",
            (
                *hmat,
                *("-numa", "node"),
                *("-numa", "hmat-lb,initiator=0,target=0,hierarchy=memory"),
            ),
        ),
        (
            "hmat, a latency and no hmat=on",
            ("-numa", "node", "-numa", "hmat-cache,node-id=0,size=4K,level=1"),
        ),
    )
