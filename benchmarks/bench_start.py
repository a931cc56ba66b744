"""The start of the program, over that of the bare interpreter."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

from figure import PROGRAM, Figure, spent

ROUNDS = 20
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


def on_terminal(words: tuple[str, ...]) -> float:
    """Return how many seconds a process takes that writes to a terminal."""
    leader, follower = pty.openpty()
    begin = time.perf_counter()
    child = subprocess.Popen(words, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    try:
        while os.read(leader, 65536):
            pass
    except OSError:
        # Linux answers so once nobody has the other side open any more.
        pass
    child.wait()
    seconds = time.perf_counter() - begin
    os.close(leader)
    return seconds


def piped(words: tuple[str, ...]) -> float:
    """Return how many seconds a process takes that writes into a pipe."""
    begin = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - begin


def measure(_short: bool) -> list[Figure]:
    """Start each twenty times, in turn; the least counts."""
    python = (sys.executable, "-P", "-c")
    ways = {
        "bare": lambda: spent([*python, "pass"]).seconds,
        "--help": lambda: spent([*PROGRAM, "--help"]).seconds,
        "import qemu_model": lambda: spent([*python, "import qemu_model"]).seconds,
        "import qemu_model, for run": lambda: (
            spent([*python, "import qemu_model; qemu_model.run"]).seconds
        ),
        "one run into a pipe": lambda: piped((*PROGRAM, "run", *LINE)),
        "explain of a line of libvirt's": lambda: piped(
            (*PROGRAM, "explain", "--host", "sim:default", *LIBVIRT)
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
            least[name] = min(least[name], way())
    bare = least.pop("bare")
    return [
        Figure(f"start: {name}", (seconds - bare) * 1000, "ms", limits.get(name))
        for name, seconds in least.items()
    ]
