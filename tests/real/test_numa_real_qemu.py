"""-numa, -m and -device lines: the model of 3.1 beside an installed QEMU with 3.1's machine.

The machine type ``pc-i440fx-3.1`` of a later QEMU keeps what a guest could see. What that
QEMU says differently is listed below with both texts; everything else must be the same.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
import subprocess

import pytest
from conftest import needs, needs_program

from qemu_model.host.live import LiveHost
from qemu_model.process import Process, run
from qemu_model.revision import V8

MACHINE = "pc-i440fx-3.1"
QUIET = ("-nodefaults", "-display", "none", "-S", "-monitor", "none", "-serial", "none")
CAPABILITIES = {"execute": "qmp_capabilities"}
QUIT = {"execute": "quit"}
#: What 7.2 adds on stderr for options that 3.1 took in silence.
DEPRECATED = re.compile(r"qemu: .*: warning: Parameter -numa node,mem is deprecated, .*")


def words(line: str) -> list[str]:
    """Return the words of a line; ``{m0}`` and ``{m1}`` are backends of 64 MiB and 36 MiB."""
    backends = {
        "m0": "-object memory-backend-ram,id=m0,size=64M",
        "m1": "-object memory-backend-ram,id=m1,size=36M",
    }
    return line.format(**backends).split()


def real(args: list[str], commands: list[object]) -> tuple[int, list[str], list[object]]:
    """Run the installed QEMU: its status, what it says as ``qemu``, its replies."""
    program = needs_program("qemu-system-x86_64")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    needs("version 7.2" in version.stdout, "QEMU 7.2, the one these lines were compared with")
    done = subprocess.run(
        [program, *args, *QUIET, "-qmp", "stdio"],
        input="".join(map(json.dumps, [CAPABILITIES, *commands, QUIT])),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = done.stderr.replace(program, "qemu").replace("qemu-system-x86_64", "qemu").splitlines()
    stderr = [line for line in said if not DEPRECATED.fullmatch(line)]
    replies = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done.returncode, stderr, [reply["return"] for reply in replies if "return" in reply]


SAME = (
    """
-m 100M -numa foo=1
-m 100M -numa node,nodeid=x
-m 100M -numa node,nodeid=70000
-m 100M -numa node,nodeid=-1
-m 100M -numa node,nodeid=128
-m 100M -numa node,nodeid=0x1
-m 100M -numa node,cpus=x
-m 100M -numa node,cpus=0-x
-m 100M -numa node,cpus=70000
-m 100M -numa node,cpus=1-0
-m 100M -numa node,cpus=0,cpus=1,mem=100
-m 100M -numa node,mem=x
-m 100M -numa node,mem=1.5
-m 100M -numa node,mem=-1
-m 100M -numa node,mem=100
-m 100M -numa node,mem=100M,mem=50M
-m 100M -numa node,mem=104857600B
-m 100M -numa node,mem=1.5k
-m 100M -numa node,mem=100M -numa node,mem=0
-m 100M -numa node,foo=1,bar=2,baz=3
-m 100M -numa node,zoo=1,mem=x
-m 100M -numa node,id=n1
-m 100M -numa node,id=1
-m 100M -numa node,id=n1,mem=100 -numa node,id=n1
-m 100M -numa nodeid=0
-m 100M -numa type=node,mem=100
-m 100M -numa node,nodeid=5,mem=100
-m 100M -numa node,nodeid=1,mem=50 -numa node,mem=50
-m 100M -numa dist
-m 100M -numa dist,src=0
-m 100M -numa dist,src=0,dst=0
-m 100M -numa dist,src=200,dst=0,val=20
-m 100M -numa dist,src=0,dst=128,val=20
-m 100M -numa dist,src=0,dst=0,val=256
-m 100M -numa dist,src=0,dst=0,val=-1
-m 100M -numa dist,src=0,dst=0,val=20
-m 100M -numa node,mem=100 -numa dist,src=0,dst=0,val=10
-m 100M -numa node,mem=100 -numa dist,src=0,dst=0,val=11
-m 100M -numa node,mem=100 -numa dist,src=0,dst=0,val=0
-m 100M -numa node,mem=64 -numa node,mem=36 -numa dist,src=0,dst=1,val=10
-m 3M -numa node,mem=1 -numa node,mem=1 -numa node,mem=1 -numa dist,src=2,dst=0,val=20
-m 3M -numa node,mem=1 -numa node,mem=1 -numa node,mem=1 -numa dist,src=2,dst=0,val=20 \
-numa dist,src=0,dst=2,val=21 -numa dist,src=0,dst=1,val=21 -numa dist,src=1,dst=2,val=21
-m 100M -numa cpu
-m 100M -numa cpu,node-id=0
-m 100M -numa node,mem=100 -numa cpu,node-id=1
-m 100M -numa node,mem=100 -numa cpu,node-id=x
-m 100M -numa node,mem=100 -numa cpu,node-id=0x0
-m 100M -numa node,mem=100 -numa cpu,node-id=0,socket-id=5
-m 100M -numa node,mem=100 -numa cpu,node-id=0,socket_id=0
-m 100M -numa node,mem=100 -numa cpu,node-id=0,core-id=7,thread-id=x
-m 100M -smp 2 -numa node,mem=50 -numa node,mem=50 -numa cpu,node-id=0,socket-id=0 \
-numa cpu,node-id=1,socket-id=0
-m 100M -smp 2 -numa node,mem=50,cpus=0 -numa node,mem=50,cpus=0
-m 100M -smp 4 -numa node,mem=50,cpus=0 -numa node,mem=50,cpus=1
-m 100M -smp 4,cores=2 -numa node,mem=50,cpus=0-1 -numa node,mem=50
{m0} -m 64M -numa node,memdev=m0
{m0} -m 64M -numa node,memdev=
{m0} -m 64M -numa node,memdev=/objects/m0
{m0} -m 64M -numa node,memdev=objects/m0
{m0} -m 64M -numa node,memdev=/m0
{m0} {m1} -m 100M -numa node,memdev=
{m0} -m 100M -numa node,memdev=m0
{m0} {m1} -m 100M -numa node,memdev=m0 -numa node,memdev=m1
{m0} {m1} -m 64M -numa node,memdev=m0 -numa node,nodeid=3,memdev=m1
-m 8K
-m 1
-m 4095B
-m size=
-m 16E
-m 64M,slots=x,maxmem=1G
-m 64M,foo=x
-m 64M,slots=257,maxmem=1G
-m 64M,slots=2,maxmem=1073741825
-m 1E
-m 64M -smp 256
-m 64M -smp 2,maxcpus=256
-M pc,nvdimm=on {m0} -m 64M -device nvdimm,memdev=m0
{m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m9
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0 \
-device nvdimm,memdev=m0
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -numa node,memdev=m0 -device nvdimm,memdev=m0
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0,node=1
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0,label-size=4K
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0,label-size=64M
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0,label-size=128K
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0,addr=0x1
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0,addr=0x200000
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0,addr=0x140000000
-M pc,nvdimm=on {m0} {m1} -m 64M,slots=2,maxmem=1G -device nvdimm,id=d0,memdev=m0 \
-device nvdimm,memdev=m1,addr=0x100000000
-M pc,nvdimm=on {m0} {m1} -m 64M,slots=2,maxmem=1G -device nvdimm,slot=1,memdev=m0 \
-device nvdimm,memdev=m1,slot=1
-M pc,nvdimm=on {m0} {m1} -m 64M,slots=1,maxmem=1G -device nvdimm,memdev=m0 \
-device nvdimm,memdev=m1
-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=96M -device nvdimm,memdev=m0
{m0} -m 64M,slots=2,maxmem=1G -device pc-dimm,memdev=m0
-M none {m0} -device nvdimm,memdev=m0
-M none -numa node
-M none -smp 2
-M none -m 1E
-M isapc -m 64M,slots=2,maxmem=1G
-M pc-i440fx-2.0 -m 64M,slots=2,maxmem=1G
""".replace("\\\n", "")
    .strip()
    .splitlines()
)


def with_machine(line: str) -> list[str]:
    """Return the words of a line for the machine type of 3.1, unless it names another one."""
    if not line.startswith("-M "):
        line = f"-M {MACHINE} {line}"
    return words(line.replace("-M pc,", f"-M {MACHINE},"))


@pytest.mark.parametrize("line", SAME)
def test_a_line_is_accepted_or_refused_as_the_installed_qemu_does_it(line: str) -> None:
    args = with_machine(line)
    status, stderr, _ = real(args, [])
    done = run(args, LiveHost(), V8, qmp=[CAPABILITIES, QUIT])
    assert (status, stderr) == (done.exit, list(done.stderr))


#: What differs: the line, what 3.1 says by the model, what 7.2 says.
DIFFERENT = (
    (
        "-m 100M -numa foo",
        "-numa foo: Invalid parameter 'foo'",
        "-numa foo: Parameter 'type' does not accept value 'foo'",
    ),
    (
        "-m 100M -numa node,mem=50,memdev=x",
        "-numa node,mem=50,memdev=x: cannot specify both mem= and memdev=",
        "-numa node,mem=50,memdev=x: numa configuration should use either mem= or memdev=,"
        "mixing both is not allowed",
    ),
    (
        "{m0} -m 100M -numa node,memdev=m0 -numa node,mem=36",
        "-numa node,mem=36: memdev option must be specified for either all or no nodes",
        "-numa node,mem=36: numa configuration should use either mem= or memdev=,"
        "mixing both is not allowed",
    ),
    (
        "-M none -numa dist,src=0,dst=0,val=10",
        "-numa dist,src=0,dst=0,val=10: Source/Destination NUMA node is missing. Please use "
        "'-numa node' option to declare it first.",
        "-numa dist,src=0,dst=0,val=10: NUMA is not supported by this machine-type",
    ),
    (
        "{m0} -m 128M -numa node,memdev=m0 -numa node,memdev=m0",
        "memory backend m0 is used multiple times. Each -numa option must use a different "
        "memdev value.",
        "memory backend m0 can't be used multiple times.",
    ),
    (
        "-m 64M,slots=2",
        "-m 64M,slots=2: invalid -m option value: missing 'maxmem' option",
        "slots specified but no max-size",
    ),
    (
        "-m 64M,slots=2,maxmem=32M",
        "-m 64M,slots=2,maxmem=32M: invalid value of -m option maxmem: maximum memory size "
        "(0x2000000) must be at least the initial memory size (0x4000000)",
        "invalid value of maxmem: maximum memory size (0x2000000) must be at least the initial "
        "memory size (0x4000000)",
    ),
    (
        "-m 64M,slots=2,maxmem=64M",
        "-m 64M,slots=2,maxmem=64M: invalid value of -m option maxmem: memory slots were "
        "specified but maximum memory size (0x4000000) is equal to the initial memory size "
        "(0x4000000)",
        "invalid value of maxmem: memory slots were specified but maximum memory size "
        "(0x4000000) is equal to the initial memory size (0x4000000)",
    ),
    (
        "-m 18446744073709551615",
        "-m 18446744073709551615: Value '18446744073709551615' is out of range for parameter "
        "'size'",
        "Parameter 'memory.size' expects size",
    ),
    (
        "-m 64M -smp 2,maxcpus=1",
        "maxcpus must be equal to or greater than smp",
        "Invalid CPU topology: maxcpus must be equal to or greater than smp: sockets (1) * dies "
        "(1) * cores (1) * threads (1) == maxcpus (1) < smp_cpus (2)",
    ),
    (
        "-m 64M -smp -1",
        f"Invalid SMP CPUs -1. The min CPUs supported by machine '{MACHINE}' is 1",
        f"Invalid SMP CPUs -1. The max CPUs supported by machine '{MACHINE}' is 255",
    ),
    (
        "-m 64M -smp x",
        "-smp x: Parameter 'cpus' expects a number",
        "Parameter 'smp.cpus' expects integer",
    ),
    (
        "-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0,slot=5",
        "-device nvdimm,memdev=m0,slot=5: invalid slot# 5, should be less than 2",
        "-device nvdimm,memdev=m0,slot=5: invalid slot number 5, valid range is [0-1]",
    ),
    (
        "-M pc,nvdimm=on {m0} -m 64M,slots=2,maxmem=1G -device nvdimm,memdev=m0,foo=1",
        "-device nvdimm,memdev=m0,foo=1: Property '.foo' not found",
        "-device nvdimm,memdev=m0,foo=1: Property 'nvdimm.foo' not found",
    ),
    (
        "-M pc,mem-merge=1",
        "Invalid parameter type for 'mem-merge', expected: boolean",
        "Parameter 'mem-merge' expects 'on' or 'off'",
    ),
    ("-M pc,foo=1", "Property '.foo' not found", f"Property '{MACHINE}-machine.foo' not found"),
)


@pytest.mark.parametrize(("line", "before", "now"), DIFFERENT, ids=[one[0] for one in DIFFERENT])
def test_where_3_1_and_7_2_differ_each_says_its_own(line: str, before: str, now: str) -> None:
    args = with_machine(line)
    status, stderr, _ = real(args, [])
    done = run(args, LiveHost(), V8)
    assert (1, [f"qemu: {now}"]) == (status, stderr)
    assert (1, [f"qemu: {before}"]) == (done.exit, list(done.stderr))


def test_3_1_names_the_option_of_a_machine_that_is_not_there() -> None:
    said = ["unsupported machine type", "Use -machine help to list supported machines"]
    assert real(["-M", "foo"], [])[1] == [f"qemu: {said[0]}", said[1]]
    assert list(run(["-M", "foo"], LiveHost(), V8).stderr) == [f"qemu: -M foo: {said[0]}", said[1]]


def test_3_1_falls_back_from_a_path_and_7_2_does_not() -> None:
    args = with_machine("-m 64M -mem-path /nonexistent/x")
    failed = (
        "qemu: can't open backing store /nonexistent/x for guest RAM: No such file or directory"
    )
    assert real(args, [])[:2] == (1, [failed])
    done = run(args, LiveHost(), V8)
    fallback = "qemu: falling back to regular RAM allocation."
    assert (done.exit, list(done.stderr)) == (0, [failed, fallback])


def test_3_1_reads_an_exponent_in_a_size_and_7_2_does_not() -> None:
    args = with_machine("-m 100M -numa node,mem=1e2")
    wrong = "qemu: -numa node,mem=1e2: Parameter 'mem' expects a size value"
    assert real(args, [])[:2] == (1, [wrong])
    assert run(args, LiveHost(), V8).exit == 0


def test_3_1_splits_memory_that_no_node_claims_and_7_2_does_not() -> None:
    args = with_machine("-m 100M -numa node -numa node -numa node")
    total = "total memory for NUMA nodes (0x0) should equal RAM size (0x6400000)"
    assert (1, [f"qemu: {total}"]) == real(args, [])[:2]
    assert run(args, LiveHost(), V8).exit == 0


NODES = (
    """
-m 100M -numa node,mem=64 -numa node,mem=36
-m 100M -smp 4 -numa node,mem=64 -numa node,mem=36
-m 100M -smp 4,cores=2 -numa node,mem=64 -numa node,mem=36
-m 100M -smp 8,sockets=2,cores=2,threads=2 -numa node,mem=64 -numa node,mem=36
-m 100M -smp 4 -numa node,mem=64,cpus=0-1 -numa node,mem=36,cpus=2-3
-m 100M -smp 4 -numa node,mem=64,cpus=3 -numa node,mem=36,cpus=0-2
-m 100M -smp 4,cores=2 -numa node,mem=64 -numa node,mem=36 -numa cpu,node-id=1,socket-id=0 \
-numa cpu,node-id=0,socket-id=1
-m 100M -smp 4,cores=2 -numa node,mem=64 -numa node,mem=36 -numa cpu,node-id=1,core-id=0 \
-numa cpu,node-id=0,core-id=1
{m0} {m1} -m 100M -numa node,memdev=m0 -numa node,memdev=m1
{m0} {m1} -m 100M -numa node,memdev=m1,nodeid=1 -numa node,memdev=m0,nodeid=0
""".replace("\\\n", "")
    .strip()
    .splitlines()
)


@pytest.mark.parametrize("line", NODES)
def test_nodes_get_the_memory_and_the_cpus_that_the_installed_qemu_gives_them(line: str) -> None:
    args = with_machine(line)
    info = {"execute": "human-monitor-command", "arguments": {"command-line": "info numa"}}
    status, _, replies = real(args, [info])
    assert status == 0
    process = Process(args, LiveHost(), V8)
    assert process.start()
    numa, cpus = process.qemu.numa, process.qemu.machine.possible_cpus
    process.finish()
    said = [f"{numa.nb_numa_nodes} nodes"]
    for node in range(numa.nb_numa_nodes):
        here = "".join(f" {index}" for index, slot in enumerate(cpus) if slot.node_id == node)
        said += [
            f"node {node} cpus:{here}",
            f"node {node} size: {numa.numa_info[node].node_mem >> 20} MB",
            f"node {node} plugged: 0 MB",
        ]
    assert str(replies[1]).splitlines() == said
