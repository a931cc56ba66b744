"""Each recorded call names the C function whose mirror makes it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from qemu_model.host.caller import CALL_RCU, Caller
from qemu_model.host.faults import CALLS, Fault, FaultHost
from qemu_model.host.linux import ERRNO_NUMBERS
from qemu_model.host.profiles import load
from qemu_model.host.simulated import SimulatedHost
from qemu_model.host.wrapper import WrapperHost
from qemu_model.process import Process
from qemu_model.revision import RELEASES, V8, find

FILE = "memory-backend-file,id=a,size=4M,mem-path=/f.img"
LINES = (
    f"-object {FILE},share=on,prealloc=on,merge=off,dump=off,discard-data=on",
    f"-object {FILE},readonly=on,reserve=off",
    "-object memory-backend-memfd,id=a,size=4M,seal=on,policy=bind,host-nodes=0",
    "-object memory-backend-shm,id=a,size=4M",
    "-object memory-backend-ram,id=a,size=256M,share=on,prealloc=on",
    "-m 64M -mem-path / -mem-prealloc -M pc,dump-guest-core=off",
)
COMMANDS: tuple[Any, ...] = (
    *(
        {"execute": "qom-set", "arguments": {"path": "/objects/a", "property": name, "value": to}}
        for name, to in (("merge", True), ("dump", True), ("merge", False), ("prealloc", True))
    ),
    {"execute": "object-del", "arguments": {"id": "a"}},
)


def function_on_the_stack() -> str:
    """Return the innermost C function that Python executes, by module and name."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        c_file, name = frame.f_globals.get("C_FILE"), frame.f_code.co_name
        if c_file and name[0] not in "_<" and name != "calling":
            return f"{c_file}:{name}"
        frame = frame.f_back
    return ""


class CheckedHost(WrapperHost):
    """Compares, for each call, the declared function with the one that executes."""

    def __init__(self, inner: Any, caller: Caller) -> None:
        super().__init__(inner)
        self.wrong: set[tuple[str, str, str]] = set()
        self.rcu: set[str] = set()
        for name in CALLS:
            setattr(self, name, self._checked(name, getattr(inner, name), caller))

    def _checked(self, call: str, real: Any, caller: Caller) -> Any:
        def checked(*args: Any) -> Any:
            executing = function_on_the_stack()
            if caller.by != executing:
                self.wrong.add((call, caller.by, executing))
            if caller.thread == CALL_RCU:
                self.rcu.add(call)
            return real(*args)

        return checked


def checked_run(line: str, tree: Any, host: Any, qmp: Any = COMMANDS) -> CheckedHost:
    caller = Caller()
    checked = CheckedHost(host, caller)
    process = Process(line.split(" "), checked, tree, caller=caller)
    if process.start():
        for command in qmp:
            process.command(command)
    process.finish()
    return checked


@pytest.mark.parametrize("tree", [V8, *RELEASES[::5], RELEASES[-1]], ids=lambda tree: tree.name)
@pytest.mark.parametrize("host", ["default", "device-dax", "hugetlbfs", "no-overcommit"])
def test_a_call_is_recorded_as_of_the_function_that_executes(tree: Any, host: str) -> None:
    wrong: set[tuple[str, str, str]] = set()
    for line in LINES:
        plain = SimulatedHost(load(host))
        wrong |= checked_run(line, tree, plain).wrong
        for call in CALLS:
            fault = Fault.nth(call, ERRNO_NUMBERS["EIO"], 1)
            wrong |= checked_run(line, tree, FaultHost(SimulatedHost(load(host)), [fault])).wrong
    assert wrong == set()


def test_the_rcu_thread_unmaps_and_closes() -> None:
    """util/rcu.c: what free_rcu queued is run by call_rcu_thread."""
    assert checked_run(LINES[0], find("qemu-7.2"), SimulatedHost(load("default"))).rcu == {
        "munmap",
        "close",
    }
