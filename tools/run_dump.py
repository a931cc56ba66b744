"""Run the model over a large space of inputs and write a digest of what happened.

``python tools/run_dump.py FILE`` runs every tree on every profile below, each line once as
it is, once for each fault that meets a call, and once for each property that is changed
after creation: more than 200,000 runs.  ``FILE`` gets one line for each tree, host and line
(number), with how many runs there were and the digest of all that is in them: exit,
messages, replies, calls with their C functions, mappings, leaks.

``--compare OLD NEW`` compares two such files and prints what differs; exit status 1 if
something does.  ``--show TREE HOST NUMBER`` prints the runs of one line of a file, to be
compared with another state of the code.

A change of the code that should not change the model's behaviour is checked with it::

    git stash; nice python tools/run_dump.py /tmp/before
    git stash pop; nice python tools/run_dump.py /tmp/after
    python tools/run_dump.py --compare /tmp/before /tmp/after
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import pprint
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from qemu_model.host.faults import Fault, FaultHost, parse
from qemu_model.host.profiles import load
from qemu_model.host.protocol import HostRefuses
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import Run, run
from qemu_model.revision import REVISIONS, Revision

#: The path on each host that the lines name as PATH.
_HOSTS: Final = """default ext4 ext4-dax tmpfs hugetlbfs device-dax 9p linux-4.14-ext4-dax
no-libpmem container not-linux no-overcommit ppc64-hugetlbfs two-nodes server"""
HOSTS: Final = dict.fromkeys(_HOSTS.split(), "/f.img") | {
    "device-dax": "/dev/dax0.0",
    "server": "/dev/shm/f.img",
}
FILE: Final = "memory-backend-file,id=mem0,size=16M,mem-path=PATH"
MACHINE: Final = "-object memory-backend-{0},id=mem0,size=64M{1} -m 64M -M {2},memory-backend=mem0"
#: Further properties of a file backend, and the command lines, split at blanks.
_MORE: Final = """,share=on,prealloc=on ,share=on,prealloc=on,prealloc-threads=3 ,share=on,align=2M
,share=on,align=3 ,share=on,merge=off,dump=off ,share=on,host-nodes=0,policy=bind
,host-nodes=0-1,policy=preferred ,reserve=off ,share=on,reserve=off ,readonly=on
,readonly=on,share=on,prealloc=on ,readonly=on,rom=off ,readonly=on,prealloc=on
,offset=1M,share=on ,discard-data=on,share=on
,x-use-canonical-path-for-ramblock-id=on"""
LINES: Final = (
    *(
        f"-object {FILE}{share}{pmem}{sync}"
        for share in ("", ",share=on")
        for pmem in ("", ",pmem=on")
        for sync in ("", ",sync=on", ",sync=off")
    ),
    *(f"-object {FILE}{more}" for more in _MORE.split()),
    "-object memory-backend-file,id=mem0,size=0,mem-path=PATH",
    "-object memory-backend-file,id=mem0,size=1000,mem-path=PATH",
    "-object memory-backend-file,id=mem0,size=4M,mem-path=/",
    "-object memory-backend-file,id=mem0,help",
    "-object memory-backend-ram,id=mem0,size=4M",
    "-object memory-backend-ram,id=mem0,size=4M,share=on",
    "-object memory-backend-ram,id=mem0,size=4M,reserve=off",
    "-object memory-backend-ram,id=mem0,size=4M,prealloc=on",
    "-object memory-backend-memfd,id=mem0,size=4M",
    "-object memory-backend-memfd,id=mem0,size=4M,share=off",
    "-object memory-backend-memfd,id=mem0,size=4M,hugetlb=on,hugetlbsize=2M",
    "-object memory-backend-memfd,id=mem0,size=4M,seal=off",
    "-object memory-backend-shm,id=mem0,size=4M",
    "-object memory-backend-shm,id=a/b,size=4M",
    "-object thread-context,id=tc -object memory-backend-ram,id=mem0,size=256M,prealloc=on,"
    "prealloc-threads=4,prealloc-context=tc",
    MACHINE.format("ram", "", "pc"),
    MACHINE.format("ram", ",prealloc=on", "q35,mem-merge=off"),
    MACHINE.format("memfd", ",share=on", "q35,dump-guest-core=off"),
    MACHINE.format("file", ",mem-path=PATH,share=on", "pc"),
    "-m 64M",
    "-m 64M -mem-path PATH",
    "-m 64M -mem-path PATH -mem-prealloc",
    "-m 64M -M pc,aux-ram-share=on",
    "-m 128M,slots=2,maxmem=1G -object memory-backend-ram,id=mem0,size=64M "
    "-device pc-dimm,memdev=mem0",
    f"-M pc,nvdimm=on -m 64M,slots=2,maxmem=1G -object {FILE},share=on "
    "-device nvdimm,memdev=mem0,id=n0",
    "-m 8M -object memory-backend-ram,id=mem0,size=4M -numa node,memdev=mem0 "
    "-numa node,memdev=mem0",
    "-m 128M -smp 2 -object memory-backend-ram,id=mem0,size=64M "
    "-object memory-backend-ram,id=mem1,size=64M -numa node,memdev=mem0 -numa node,memdev=mem1",
    "-m 64M -numa node,mem=64M",
    "-smp 4,sockets=2,cores=1 -m 64M",
    "-nodefaults -object memory-backend-ram,id=mem0,size=1e6",
    '-object {"qom-type":"memory-backend-ram","id":"mem0","size":4194304}',
    "-unknown",
)
_FAULTS: Final = """open:error=EACCES:when=1 open:error=EIO:when=2 lseek:error=ESPIPE:when=1
fstatfs:error=EIO:when=1 statfs:error=EIO:when=1 ftruncate:error=ENOSPC:when=1
mmap:error=ENOMEM:when=1 mmap:error=ENOMEM:when=2 mmap:error=EOPNOTSUPP:when=2
munmap:error=ENOMEM:when=1 madvise:error=EINVAL mbind:error=EPERM:when=1
fcntl:error=EPERM:when=1 memfd_create:error=ENFILE touch_pages:error=EFAULT
close:error=EIO:when=1"""
FAULTS: Final = tuple(fault for text in _FAULTS.split() for fault in parse(text))
CHANGES: Final[dict[str, Any]] = {
    **dict.fromkeys(("share", "pmem", "sync", "prealloc", "discard-data", "readonly"), True),
    **dict.fromkeys(("merge", "dump", "reserve"), False),
    "size": 8 << 20,
    "align": 2 << 20,
    "mem-path": "/elsewhere.img",
    "host-nodes": [0],
}


def describe(done: Run | str) -> str | tuple[object, ...]:
    """Return all that a run is compared by; a refusal is its sentence."""
    if isinstance(done, str):
        return done
    return (
        *(done.exit, done.livelock, done.stderr, done.stdout, repr(done.replies)),
        [(str(event), event.by) for event in done.events],
        [(one.id, one.address, one.size, one.vm_flags) for one in done.mappings],
        *(repr(done.leaks), done.machine, str(done.map_sync.outcome)),
    )


def one_run(
    tree: Revision, host: str, line: str, fault: Fault | None = None, qmp: Sequence[Any] = ()
) -> Run | str:
    """Return the run, or the sentence with which the host refused."""
    args = line.replace("PATH", HOSTS[host]).split(" ")
    kernel: Any = SimulatedHost(load(host))
    try:
        return run(args, kernel if fault is None else FaultHost(kernel, [fault]), tree, qmp=qmp)
    except HostRefuses as refusal:
        return str(refusal)


def runs_of(tree: Revision, host: str, line: str) -> Iterator[tuple[str, object]]:
    """Yield each run of a line with what was done to it."""
    plain = one_run(tree, host, line)
    yield "plain", describe(plain)
    calls = set() if isinstance(plain, str) else {event.call for event in plain.events}
    for fault in FAULTS:
        if fault.call in calls or (fault.call == "touch_pages" and "prealloc" in line):
            yield str(fault), describe(one_run(tree, host, line, fault))
    if isinstance(plain, str) or plain.exit or plain.stdout:
        return
    for name, value in CHANGES.items():
        arguments = {"path": "/objects/mem0", "property": name, "value": value}
        qmp = [
            {"execute": "qom-set", "arguments": arguments},
            {"execute": "object-del", "arguments": {"id": "mem0"}},
        ]
        yield f"{name}={value}", describe(one_run(tree, host, line, qmp=qmp))


def digest_of(unit: tuple[str, str]) -> list[str]:
    """Return the lines of the file for one tree on one host."""
    tree, host = unit
    found = []
    for number, line in enumerate(LINES):
        runs = [repr(one) for one in runs_of(REVISIONS[tree], host, line)]
        digest = hashlib.sha256("".join(runs).encode("utf-8", "surrogateescape")).hexdigest()
        found.append(f"{tree} {host} {number} {len(runs)} {digest[:24]}")
    return found


def write(path: Path, processes: int) -> None:
    """Run everything and write the file."""
    units = [(tree, host) for tree in REVISIONS for host in HOSTS]
    total = 0
    with path.open("w") as out, multiprocessing.Pool(processes) as pool:
        for lines in pool.imap(digest_of, units):
            total += sum(int(line.split()[3]) for line in lines)
            print(*lines, sep="\n", file=out)
    print(f"{total} runs of {len(REVISIONS)} trees on {len(HOSTS)} hosts, {len(LINES)} lines")


def compare(old: Path, new: Path) -> int:
    """Print what differs; return 1 if something does."""
    first, second = (
        {tuple(words[:3]): words[3:] for words in map(str.split, path.read_text().splitlines())}
        for path in (old, new)
    )
    different = [key for key in first | second if first.get(key) != second.get(key)]
    for tree, host, number in different:
        print(f"{tree} {host} {number}: {LINES[int(number)]}")
    runs = sum(int(count) for count, _digest in second.values())
    print(f"{len(different)} of {len(second)} groups differ ({runs} runs)")
    return 1 if different else 0


def show(tree: str, host: str, number: int) -> None:
    """Print the runs of one line of the file."""
    for what, told in runs_of(REVISIONS[tree], host, LINES[number]):
        print(f"== {what}")
        pprint.pprint(told, width=120)


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("OLD", "NEW"))
    parser.add_argument("--show", nargs=3, metavar=("TREE", "HOST", "NUMBER"))
    given = parser.parse_args()
    if given.compare:
        return compare(*given.compare)
    if given.show:
        show(given.show[0], given.show[1], int(given.show[2]))
        return 0
    if given.file is None:
        parser.error("which FILE?")
    write(given.file, given.processes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
