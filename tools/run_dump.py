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
HOSTS: Final = {
    "default": "/f.img",
    "ext4": "/f.img",
    "ext4-dax": "/f.img",
    "tmpfs": "/f.img",
    "hugetlbfs": "/f.img",
    "device-dax": "/dev/dax0.0",
    "9p": "/f.img",
    "linux-4.14-ext4-dax": "/f.img",
    "no-libpmem": "/f.img",
    "container": "/f.img",
    "not-linux": "/f.img",
    "no-overcommit": "/f.img",
    "ppc64-hugetlbfs": "/f.img",
    "two-nodes": "/f.img",
    "server": "/dev/shm/f.img",
}
FILE: Final = "memory-backend-file,id=mem0,size=16M,mem-path=PATH"
MACHINE: Final = "-object memory-backend-{0},id=mem0,size=64M{1} -m 64M -M {2},memory-backend=mem0"
#: The command lines, split at blanks.
LINES: Final = (
    *(
        f"-object {FILE}{share}{pmem}{sync}"
        for share in ("", ",share=on")
        for pmem in ("", ",pmem=on")
        for sync in ("", ",sync=on", ",sync=off")
    ),
    f"-object {FILE},share=on,prealloc=on",
    f"-object {FILE},share=on,prealloc=on,prealloc-threads=3",
    f"-object {FILE},share=on,align=2M",
    f"-object {FILE},share=on,align=3",
    f"-object {FILE},share=on,merge=off,dump=off",
    f"-object {FILE},share=on,host-nodes=0,policy=bind",
    f"-object {FILE},host-nodes=0-1,policy=preferred",
    f"-object {FILE},reserve=off",
    f"-object {FILE},share=on,reserve=off",
    f"-object {FILE},readonly=on",
    f"-object {FILE},readonly=on,share=on,prealloc=on",
    f"-object {FILE},readonly=on,rom=off",
    f"-object {FILE},readonly=on,prealloc=on",
    f"-object {FILE},offset=1M,share=on",
    f"-object {FILE},discard-data=on,share=on",
    f"-object {FILE},x-use-canonical-path-for-ramblock-id=on",
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
FAULTS: Final = tuple(
    fault
    for text in (
        "open:error=EACCES:when=1",
        "open:error=EIO:when=2",
        "lseek:error=ESPIPE:when=1",
        "fstatfs:error=EIO:when=1",
        "statfs:error=EIO:when=1",
        "ftruncate:error=ENOSPC:when=1",
        "mmap:error=ENOMEM:when=1",
        "mmap:error=ENOMEM:when=2",
        "mmap:error=EOPNOTSUPP:when=2",
        "munmap:error=ENOMEM:when=1",
        "madvise:error=EINVAL",
        "mbind:error=EPERM:when=1",
        "fcntl:error=EPERM:when=1",
        "memfd_create:error=ENFILE",
        "touch_pages:error=EFAULT",
        "close:error=EIO:when=1",
    )
    for fault in parse(text)
)
CHANGES: Final = (
    ("size", 8 << 20),
    ("mem-path", "/elsewhere.img"),
    ("align", 2 << 20),
    ("share", True),
    ("pmem", True),
    ("sync", True),
    ("merge", False),
    ("dump", False),
    ("prealloc", True),
    ("discard-data", True),
    ("host-nodes", [0]),
    ("readonly", True),
    ("reserve", False),
)


def describe(done: Run) -> tuple[object, ...]:
    """Return all that a run is compared by."""
    return (
        done.exit,
        done.livelock,
        done.stderr,
        done.stdout,
        repr(done.replies),
        [(str(event), event.by) for event in done.events],
        [(one.id, one.address, one.size, one.vm_flags) for one in done.mappings],
        repr(done.leaks),
        done.machine,
        str(done.map_sync.outcome),
    )


def one_run(tree: Revision, host: str, line: str, fault: Fault | None, qmp: Sequence[Any]) -> Any:
    """Return the run, or the sentence with which the host refused."""
    args = line.replace("PATH", HOSTS[host]).split(" ")
    kernel: Any = SimulatedHost(load(host))
    try:
        return run(args, kernel if fault is None else FaultHost(kernel, [fault]), tree, qmp=qmp)
    except HostRefuses as refusal:
        return str(refusal)


def runs_of(tree: Revision, host: str, line: str) -> Iterator[tuple[str, object]]:
    """Yield each run of a line with what was done to it."""

    def told(done: Any) -> object:
        return done if isinstance(done, str) else describe(done)

    plain = one_run(tree, host, line, None, ())
    yield "plain", told(plain)
    calls = set() if isinstance(plain, str) else {event.call for event in plain.events}
    for fault in FAULTS:
        if fault.call in calls or (fault.call == "touch_pages" and "prealloc" in line):
            yield str(fault), told(one_run(tree, host, line, fault, ()))
    if isinstance(plain, str) or plain.exit or plain.stdout:
        return
    for name, value in CHANGES:
        arguments = {"path": "/objects/mem0", "property": name, "value": value}
        qmp = [
            {"execute": "qom-set", "arguments": arguments},
            {"execute": "object-del", "arguments": {"id": "mem0"}},
        ]
        yield f"{name}={value}", told(one_run(tree, host, line, None, qmp))


def trees() -> dict[str, Revision]:
    """Return every tree there is, by name."""
    return dict(REVISIONS)


def digest_of(unit: tuple[str, str]) -> list[str]:
    """Return the lines of the file for one tree on one host."""
    tree, host = unit
    found = []
    for number, line in enumerate(LINES):
        digest = hashlib.sha256()
        count = 0
        for what, told in runs_of(trees()[tree], host, line):
            digest.update(repr((what, told)).encode("utf-8", "surrogateescape"))
            count += 1
        found.append(f"{tree} {host} {number} {count} {digest.hexdigest()[:24]}")
    return found


def write(path: Path, processes: int) -> None:
    """Run everything and write the file."""
    units = [(tree, host) for tree in trees() for host in HOSTS]
    total = 0
    with path.open("w") as out, multiprocessing.Pool(processes) as pool:
        for lines in pool.imap(digest_of, units):
            total += sum(int(line.split()[3]) for line in lines)
            print(*lines, sep="\n", file=out)
    print(f"{total} runs of {len(trees())} trees on {len(HOSTS)} hosts, {len(LINES)} lines")


def compare(old: Path, new: Path) -> int:
    """Print what differs; return 1 if something does."""

    def read(path: Path) -> dict[tuple[str, ...], tuple[str, ...]]:
        return {
            tuple(words[:3]): tuple(words[3:])
            for words in map(str.split, path.read_text().splitlines())
        }

    first, second = read(old), read(new)
    different = [key for key in first | second if first.get(key) != second.get(key)]
    for tree, host, number in different:
        print(f"{tree} {host} {number}: {LINES[int(number)]}")
    runs = sum(int(count) for count, _digest in second.values())
    print(f"{len(different)} of {len(second)} groups differ ({runs} runs)")
    return 1 if different else 0


def show(tree: str, host: str, number: int) -> None:
    """Print the runs of one line of the file."""
    for what, told in runs_of(trees()[tree], host, LINES[number]):
        print(f"== {what}")
        for part in told if isinstance(told, tuple) else (told,):
            for item in part if isinstance(part, list | tuple) else (part,):
                print(f"   {item}")


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
