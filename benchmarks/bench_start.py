"""The start of the program, over that of the bare interpreter."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import pty
import resource
import subprocess
import sys
from collections.abc import Callable

from figure import PROGRAM, Figure

ROUNDS = 20
#: 2.4 times is what it took before the releases were modelled.
RUN_AGAINST_ATTRS = 2.5
LINE = ("-object", "memory-backend-ram,id=ram0,size=8M")
#: As libvirt starts a machine with huge pages and shared directories.
LIBVIRT = (
    *("-name", "guest=vm,debug-threads=on", "-S"),
    *("-machine", "pc-q35-8.2,usb=off,dump-guest-core=off,memory-backend=pc.ram"),
    *("-accel", "kvm", "-cpu", "host", "-m", "size=1048576k", "-overcommit", "mem-lock=off"),
    "-object",
    '{"qom-type":"memory-backend-memfd","id":"pc.ram","share":true,"x-use-canonical-path-for-'
    'ramblock-id":false,"size":1073741824}',
    *("-smp", "2,sockets=2,cores=1,threads=1", "-display", "none", "-no-user-config"),
    *("-nodefaults", "-rtc", "base=utc", "-no-shutdown", "-boot", "strict=on"),
    *("-device", '{"driver":"pcie-root-port","port":8,"chassis":1,"id":"pci.1"}'),
    *("-chardev", "socket,id=chr-vu-fs0,path=/tmp/fs0.sock"),
    *("-device", '{"driver":"vhost-user-fs-pci","id":"fs0","chardev":"chr-vu-fs0","tag":"share"}'),
)


def processor_time(run: Callable[[], object]) -> float:
    """Return the processor seconds, of user and system, that the processes of ``run`` took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def on_terminal(words: tuple[str, ...]) -> None:
    """Run a process to its end that writes to a terminal."""
    leader, follower = pty.openpty()
    child = subprocess.Popen(words, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    try:
        while os.read(leader, 65536):
            pass
    except OSError:
        # Linux answers so once the other side is closed.
        pass
    child.wait()
    os.close(leader)


def piped(*words: str) -> None:
    """Run a process to its end that writes into a pipe."""
    subprocess.run(words, check=True, stdout=subprocess.PIPE)


def measure(_short: bool) -> list[Figure]:
    """Start each twenty times, in turn; the least counts, over that of the bare interpreter."""
    python = (sys.executable, "-P", "-c")
    ways: dict[str, Callable[[], object]] = {
        "bare": lambda: piped(*python, "pass"),
        "import attrs": lambda: piped(*python, "import attrs"),
        "--help": lambda: piped(*PROGRAM, "--help"),
        "import qemu_model": lambda: piped(*python, "import qemu_model"),
        "import qemu_model, for run": lambda: piped(*python, "import qemu_model; qemu_model.run"),
        "one run into a pipe": lambda: piped(*PROGRAM, "run", *LINE),
        "explain of a line of libvirt's": lambda: piped(
            *PROGRAM, "explain", "--host", "sim:default", *LIBVIRT
        ),
        "one run on a terminal": lambda: on_terminal((*PROGRAM, "run", *LINE)),
    }
    limits = {
        "--help": 70,
        "import qemu_model": 90,
        "one run into a pipe": 150,
        "explain of a line of libvirt's": 150,
    }
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            least[name] = min(least[name], processor_time(way))
    bare = least.pop("bare")
    over = {name: seconds - bare for name, seconds in least.items()}
    ratio = over["one run into a pipe"] / over.pop("import attrs")
    return [
        *(
            Figure(f"start: {name}", seconds * 1000, "ms", limits.get(name))
            for name, seconds in over.items()
        ),
        Figure("start: one run, against importing attrs alone", ratio, "x", RUN_AGAINST_ATTRS),
    ]
