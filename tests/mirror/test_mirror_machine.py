"""The command line and the machine: ``vl.c``, ``hw/core/machine.c``, ``hw/i386``, visitors.

What a real QEMU 7.2 says too is in ``test_mirror_lines.py``; here is what the tree of 2018
says in its own words, in the texts of the functions that the tests name.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from typing import Any

import attrs
import pytest
from mirror_host import ToldHost, message, qemu_on

from qemu_model import hostmem_file, hostmem_memfd, nvdimm, pc_dimm, process
from qemu_model.boards import CPUArchId, DeviceMemory, MachineClass, MachineProperty, MachineState
from qemu_model.hostmem import TYPE_MEMORY_BACKEND, HostMemoryBackend
from qemu_model.machines import MACHINES, find_machine, list_machines, machine_help
from qemu_model.memory_device import memory_device_get_free_addr
from qemu_model.numa_info import NodeInfo, NumaState
from qemu_model.numa_ram import memory_region_allocate_system_memory
from qemu_model.pc_piix import piix_above_4g
from qemu_model.pc_q35 import q35_above_4g
from qemu_model.process import Run
from qemu_model.qom import Object, Property, TypeInfo, type_help
from qemu_model.ram_addr import MemoryRegion, RAMBlock
from qemu_model.revision import SERIES, V8

BASE = SERIES[-1]
#: These rules are those of the tree of 2018.
run = functools.partial(process.run, revision=V8)
Process = functools.partial(process.Process, revision=V8)
MIB, GIB = 1 << 20, 1 << 30
M0 = "-object memory-backend-ram,id=m0,size=64M"
NV = f"-M pc,nvdimm=on -m 64M,slots=4,maxmem=4G {M0}"


def said(line: str) -> tuple[int | None, list[str]]:
    """Return the status and what is on stderr after a line."""
    done = ran(line)
    return done.exit, list(done.stderr)


def ran(line: str) -> Run:
    """Run a line, on a host where every call succeeds."""
    return run(line.split(), ToldHost())


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("-M foo", "-M foo: unsupported machine type"),
        ("-M none -m", "-m: requires an argument"),
        ("-M none -numa", "-numa: requires an argument"),
        ("-M none -foo", "-foo: invalid option"),
        ("-S -m", "-m: requires an argument"),
        ("-S -S -m", "-m: requires an argument"),
        (f"-M none {M0} -object foo,id=x", "-object foo,id=x: invalid object type: foo"),
        ("-M pc,usb=1", "Invalid parameter type for 'usb', expected: boolean"),
        ("-M pc -smp 1073741824", "Invalid SMP CPUs 1073741824. The max CPUs supported by "
         "machine 'pc-i440fx-4.0' is 255"),
        ("-M pc -m 17592186044416", "-m 17592186044416: too large 'size' option value"),
        ("-M pc -m 64M,slots=2", "-m 64M,slots=2: invalid -m option value: missing 'maxmem' "
         "option"),
        ("-M pc -m 64M,slots=2,maxmem=32M", "-m 64M,slots=2,maxmem=32M: invalid value of -m "
         "option maxmem: maximum memory size (0x2000000) must be at least the initial memory size "
         "(0x4000000)"),
        ("-M pc -m 64M,slots=2,maxmem=64M", "-m 64M,slots=2,maxmem=64M: invalid value of -m "
         "option maxmem: memory slots were specified but maximum memory size (0x4000000) is equal "
         "to the initial memory size (0x4000000)"),
        ("-M pc -smp 2,maxcpus=1", "maxcpus must be equal to or greater than smp"),
        ("-M pc -smp -1", "Invalid SMP CPUs -1. The min CPUs supported by machine "
         "'pc-i440fx-4.0' is 1"),
        ("-M none -smp 2", "Invalid SMP CPUs 2. The max CPUs supported by machine 'none' is 1"),
        ("-M pc -smp 4294967295", "Invalid SMP CPUs -1. The min CPUs supported by machine "
         "'pc-i440fx-4.0' is 1"),
        ("-M pc -smp 2147483648", "Invalid SMP CPUs -2147483648. The min CPUs supported by "
         "machine 'pc-i440fx-4.0' is 1"),
        ("-M pc -smp 7,sockets=1,cores=3,threads=2", "cpu topology: sockets (1) * cores (3) * "
         "threads (2) < smp_cpus (7)"),
        ("-M pc -smp 9,sockets=3,cores=2,threads=1", "cpu topology: sockets (3) * cores (2) * "
         "threads (1) < smp_cpus (9)"),
        ("-M pc -smp 2,sockets=2,cores=2,threads=2,maxcpus=6", "cpu topology: sockets (2) * "
         "cores (2) * threads (2) > maxcpus (6)"),
        ("-M pc,foo=1", "Property '.foo' not found"),
        ("-M pc,device-memory-region-size=1",
         "Insufficient permission to perform this operation"),
        ("-M pc,mem-merge=1", "Invalid parameter type for 'mem-merge', expected: boolean"),
        ("-M pc,smm=foo", "Invalid parameter 'foo'"),
        ("-M pc,kernel-irqchip=foo", "Invalid parameter 'foo'"),
        ("-M pc,phandle-start=x", "Parameter 'phandle-start' expects int64"),
        ("-M pc,max-ram-below-4g=4097M", "Machine option 'max-ram-below-4g=4296015872' expects "
         "size less than or equal to 4G"),
        (f"{NV} -device nvdimm,memdev=m0,foo=1", "-device nvdimm,memdev=m0,foo=1: Property "
         "'.foo' not found"),
        (f"{NV} -device pc-dimm,memdev=m0,label-size=1M", "-device pc-dimm,memdev=m0,"
         "label-size=1M: Property '.label-size' not found"),
        (f"{NV} -device pc-dimm,memdev=m0,size=1", "-device pc-dimm,memdev=m0,size=1: "
         "Insufficient permission to perform this operation"),
        (f"{NV} -device pc-dimm,memdev=m0,slot=4", "-device pc-dimm,memdev=m0,slot=4: invalid "
         "slot# 4, should be less than 4"),
        (f"{NV} -device pc-dimm,memdev=m0,slot=9", "-device pc-dimm,memdev=m0,slot=9: invalid "
         "slot# 9, should be less than 4"),
        (f"{NV} -device pc-dimm,memdev=m0,node=x", "-device pc-dimm,memdev=m0,node=x: Parameter "
         "'node' expects uint64"),
        (f"{NV} -device pc-dimm,memdev=m0,node=4294967296", "-device pc-dimm,memdev=m0,"
         "node=4294967296: Parameter 'node' expects uint32_t"),
        (f"{NV} -device pc-dimm,memdev=m0,slot=2147483648", "-device pc-dimm,memdev=m0,"
         "slot=2147483648: Parameter 'slot' expects int32_t"),
        (f"{NV} -device pc-dimm,memdev=m0,addr=18446744073709551616", "-device pc-dimm,memdev=m0,"
         "addr=18446744073709551616: Parameter 'addr' expects uint64"),
        ("-M pc-i440fx-2.1 -m 64M,slots=2,maxmem=17179869183G", "unsupported amount of maximum "
         "memory: ffffffffc0000000"),
        ("-M none -numa dist,src=0,dst=0,val=10", "-numa dist,src=0,dst=0,val=10: "
         "Source/Destination NUMA node is missing. Please use '-numa node' option to declare it "
         "first."),
        ("-M pc -numa dist,src=128,dst=0,val=10", "-numa dist,src=128,dst=0,val=10: Parameter "
         "'src' expects an integer between 0 and 127"),
        ("-M pc -numa dist,src=0,dst=200,val=10", "-numa dist,src=0,dst=200,val=10: Parameter "
         "'dst' expects an integer between 0 and 127"),
        ("-M pc -numa dist,src=200,dst=0,val=10", "-numa dist,src=200,dst=0,val=10: Parameter "
         "'src' expects an integer between 0 and 127"),
        ("-M pc -numa dist,src=40000,dst=0,val=10", "-numa dist,src=40000,dst=0,val=10: Parameter "
         "'src' expects an integer between 0 and 127"),
        ("-M pc -numa dist,src=0,dst=40000,val=10", "-numa dist,src=0,dst=40000,val=10: Parameter "
         "'dst' expects an integer between 0 and 127"),
        ("-M pc -numa dist,src=0,dst=128,val=10", "-numa dist,src=0,dst=128,val=10: Parameter "
         "'dst' expects an integer between 0 and 127"),
        ("-M pc -numa node,mem=1,memdev=m0", "-numa node,mem=1,memdev=m0: cannot specify both "
         "mem= and memdev="),
        (f"-M pc {M0} -numa node,memdev=m0 -numa node", "-numa node: memdev option must be "
         "specified for either all or no nodes"),
        (f"-M pc {M0} -numa node -numa node,memdev=m0", "-numa node,memdev=m0: memdev option must "
         "be specified for either all or no nodes"),
        ("-M pc -numa foo", "-numa foo: Invalid parameter 'foo'"),
        ("-M none -object x", "-object x: Parameter 'id' is missing"),
        ("-M none -object id=a", "-object id=a: Parameter 'qom-type' is missing"),
        (f"-M none {M0} {M0}", "-object memory-backend-ram,id=m0,size=64M: Duplicate ID 'm0' for "
         "object"),
    ],
)  # fmt: skip
def test_a_line_that_is_refused(line: str, text: str) -> None:
    """vl.c, numa.c, hw/i386/pc.c, hw/mem: an error is printed, and exits with 1."""
    exit, lines = said(line)
    assert (exit, lines[:1]) == (1, [f"qemu: {text}"])


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("-M pc,max-ram-below-4g=1M -m 512K", []),
        ("-M pc,max-ram-below-4g=1048575 -m 512K", [
            "Only 1048575 bytes of RAM below the 4GiB boundary,BIOS may not work with less than "
            "1MiB"]),
        ("-M pc,max-ram-below-4g=1536M -m 2G", [
            "Large machine and max_ram_below_4g (1610612736) not a multiple of 1G; possible bad "
            "performance."]),
        ("-M pc,max-ram-below-4g=1536M -m 1535M", []),
        ("-M pc,max-ram-below-4g=1G -m 2G", []),
        ("-M pc-i440fx-1.7,max-ram-below-4g=1536M -m 2G", []),
        ("-M q35,max-ram-below-4g=1536M -m 4G", [
            "There is possibly poor performance as the ram size  (0x100000000) is more then twice "
            "the size of max-ram-below-4g (1610612736) and max-ram-below-4g is not a multiple of "
            "1G."]),
        ("-M q35,max-ram-below-4g=1536M -m 3G", []),
        ("-M q35,max-ram-below-4g=1G -m 4G", []),
        ("-M q35,max-ram-below-4g=2047M -m 2G", []),
        ("-M pc -smp 2,sockets=2,cores=2,threads=1,maxcpus=5", [
            "Invalid CPU topology deprecated: sockets (2) * cores (2) * threads (1) != maxcpus "
            "(5)"]),
        ("-M pc -smp 7,cores=2", [
            "Invalid CPU topology deprecated: sockets (3) * cores (2) * threads (1) != maxcpus "
            "(7)"]),
        ("-M pc -smp 4,sockets=2,cores=2,threads=1", []),
        ("-M pc -smp 1 -m 8M -numa node,cpus=0", []),
        ("-M pc -m 8M -smp 3,maxcpus=4 -numa node,cpus=0,mem=8 -numa node,cpus=2,mem=0", [
            "CPU(s) not present in any NUMA nodes: CPU 1 [socket-id: 1, core-id: 0, thread-id: "
            "0], CPU 3 [socket-id: 3, core-id: 0, thread-id: 0]",
            "All CPU(s) up to maxcpus should be described in NUMA config, ability to start up with "
            "partial NUMA mappings is obsoleted and will be removed in future"]),
    ],
)  # fmt: skip
def test_a_line_that_is_warned_about(line: str, texts: list[str]) -> None:
    """hw/i386/pc*.c, vl.c:smp_parse, hw/core/machine.c: a warning, and QEMU starts."""
    assert said(line) == (0, [f"qemu: warning: {text}" for text in texts])


def topology(line: str) -> tuple[int, int, int, int]:
    """Return the CPUs, their highest number, the cores of a socket and the threads of a core."""
    made = Process(["-M", "pc", "-smp", line], ToldHost())
    assert made.start()
    qemu = made.qemu
    return qemu.smp_cpus, qemu.max_cpus, qemu.smp_cores, qemu.smp_threads


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("6", (6, 6, 1, 1)),
        ("6,cores=3", (6, 6, 3, 1)),
        ("6,cores=3,threads=2", (6, 6, 3, 2)),
        ("6,sockets=2", (6, 6, 3, 1)),
        ("6,sockets=2,threads=3", (6, 6, 1, 3)),
        ("6,sockets=2,cores=3", (6, 6, 3, 1)),
        ("12,sockets=2,cores=3", (12, 12, 3, 2)),
        ("12,sockets=2,threads=3", (12, 12, 2, 3)),
        ("sockets=2,cores=3,threads=4", (24, 24, 3, 4)),
        ("cores=3", (3, 3, 3, 1)),
        ("threads=5", (5, 5, 1, 5)),
        ("sockets=2", (2, 2, 1, 1)),
        ("2,maxcpus=6", (2, 6, 1, 1)),
        ("2,maxcpus=6,cores=3", (2, 6, 3, 1)),
        ("2,maxcpus=12,cores=3,threads=2", (2, 12, 3, 2)),
        ("1,sockets=2,maxcpus=2", (1, 2, 1, 1)),
        ("1,sockets=2,cores=2,maxcpus=4", (1, 4, 2, 1)),
        ("cpus=2,cpus=4", (4, 4, 1, 1)),
    ],
)
def test_what_smp_leaves_out_follows(line: str, expected: tuple[int, ...]) -> None:
    """vl.c:smp_parse of 3.1: sockets rather than cores, cores rather than threads."""
    assert topology(line) == expected


def test_without_a_size_ram_is_128_mib_and_sizes_are_rounded_to_8_kib() -> None:
    """vl.c:set_memory_options; a number alone is in MiB."""
    sizes = {
        "-M pc": 128 * MIB,
        "-M pc -m 0": 128 * MIB,
        "-M pc -m 1": MIB,
        "-M pc -m 1B": 8192,
        "-M pc -m 8193B": 16384,
        "-M pc -m 64K": 65536,
        "-M pc -m size=3,slots=1,maxmem=1G": 3 * MIB,
    }
    found = {line: [one.size for one in ran(line).mappings] for line in sizes}
    assert found == {line: [size] for line, size in sizes.items()}
    assert ran("-M none").mappings == ()


#: What QEMU 7.2 lists of the versions that were there in 2018, in its order.
LISTED = """
pc-i440fx-3.1 pc-i440fx-3.0 pc-i440fx-2.9 pc-i440fx-2.8 pc-i440fx-2.7 pc-i440fx-2.6
pc-i440fx-2.5 pc-i440fx-2.4 pc-i440fx-2.3 pc-i440fx-2.2 pc-i440fx-2.12 pc-i440fx-2.11
pc-i440fx-2.10 pc-i440fx-2.1 pc-i440fx-2.0 pc-i440fx-1.7 pc-i440fx-1.6 pc-i440fx-1.5
pc-i440fx-1.4 pc-q35-3.1 pc-q35-3.0 pc-q35-2.9 pc-q35-2.8 pc-q35-2.7 pc-q35-2.6 pc-q35-2.5
pc-q35-2.4 pc-q35-2.12 pc-q35-2.11 pc-q35-2.10 isapc none
""".split()  # noqa: SIM905 - a table of words is read as words


@pytest.mark.parametrize("word", ["help", "?"])
def test_help_lists_the_machines_in_the_order_of_a_real_qemu(word: str) -> None:
    """-machine help of QEMU 7.2, whose list of old versions is the same but for those removed."""
    done = ran(f"-machine {word}")
    assert (done.exit, list(done.stdout)) == (0, machine_help(BASE.release))
    listed = [line.split()[0] for line in done.stdout]
    assert [name for name in listed if name in LISTED] == LISTED
    assert done.stdout[0] == "Supported machines are:"
    assert [line for line in done.stdout if "(alias of" in line or "(default)" in line] == [
        "pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-4.0)",
        "pc-i440fx-4.0        Standard PC (i440FX + PIIX, 1996) (default)",
        "q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-4.0)",
    ]
    assert "isapc                ISA-only PC" in done.stdout
    assert "none                 empty machine" in done.stdout
    assert "pc-1.3               Standard PC (i440FX + PIIX, 1996)" in done.stdout
    assert {"pc-i440fx-1.3", "pc-1.4", "pc-q35-2.3"} & set(listed) == set()


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.1", (255, True, True, True, True)),
        ("2.11", (255, True, True, True, True)),
        ("2.10", (255, False, True, True, True)),
        ("2.2", (255, False, True, True, True)),
        ("2.1", (255, False, False, True, True)),
        ("2.0", (255, False, False, False, True)),
        ("1.7", (255, False, False, False, False)),
    ],
)
def test_what_a_machine_can_by_its_version(version: str, expected: tuple[Any, ...]) -> None:
    """hw/i386/pc_piix.c: the release in which each came, as mirror_lines shows of 7.2's types."""
    found = find_machine(f"pc-i440fx-{version}", BASE.release)
    assert found is not None
    machine = found.machine
    assert (
        machine.max_cpus,
        machine.auto_enable_numa_with_memhp,
        machine.enforce_aligned_dimm,
        machine.has_reserved_memory,
        machine.gigabyte_align,
    ) == expected


def test_the_machines_of_every_release_have_their_names() -> None:
    """hw/i386/pc_piix.c and pc_q35.c: the chipset is in the name since 1.4."""
    old = ["0.12", "0.13", "0.14", "0.15", "1.0", "1.1", "1.2", "1.3"]
    middle = ["1.4", "1.5", "1.6", "1.7", "2.0", "2.1", "2.2", "2.3"]
    new = ["2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "3.0", "3.1", "4.0"]
    names = [machine.name for machine in list_machines(BASE.release)]
    assert sorted(names) == sorted(
        [f"pc-{version}" for version in old]
        + [f"pc-i440fx-{version}" for version in middle + new]
        + [f"pc-q35-{version}" for version in new]
        + ["isapc", "none"]
    )


def test_q35_takes_288_cpus_since_2_8() -> None:
    """hw/i386/pc_q35.c, as mirror_lines shows of 7.2's types."""
    found = {name: MACHINES[name].max_cpus for name in ("pc-q35-3.1", "pc-q35-2.8", "pc-q35-2.7")}
    assert found == {"pc-q35-3.1": 288, "pc-q35-2.8": 288, "pc-q35-2.7": 255}
    assert MACHINES["pc-q35-4.0"].max_cpus == 288
    assert (MACHINES["isapc"].max_cpus, MACHINES["none"].max_cpus) == (1, 1)


def test_help_on_objects_comes_before_all_else() -> None:
    """vl.c: recorded for a type; the list is that of the types that users make."""
    listed = ran("-M none -object help").stdout
    assert listed[0] == "List of user creatable objects:"
    names = [line.strip() for line in listed[1:]]
    assert names == sorted(names)
    wanted = {"memory-backend-file", "memory-backend-memfd", "memory-backend-ram", "memory-backend"}
    assert wanted & set(names) == wanted - {"memory-backend"}
    assert all(line == f"  {line.strip()}" for line in listed[1:])
    own = ran("-M none -object memory-backend-file,help")
    assert (own.exit, own.stdout[0]) == (0, "memory-backend-file options:")
    assert ran("-M none -object memory-backend-ram,id=a,help").stdout[0] == (
        "memory-backend-ram options:"
    )


def test_a_path_for_the_ram_that_fails_falls_back_unless_it_must_not() -> None:
    """numa.c:allocate_system_memory_nonnuma."""
    failed = "qemu: can't open backing store /f for guest RAM: Permission denied"
    fallback = "qemu: falling back to regular RAM allocation."
    for words, exit, lines in (
        ("", 0, [failed, fallback]),
        (" -mem-prealloc", 1, [failed]),
    ):
        done = run(f"-M pc -m 8M -mem-path /f{words}".split(), ToldHost(open=[-13]))
        assert (done.exit, list(done.stderr)) == (exit, lines)
    nothing = run(["-M", "pc", "-m", "8M"], ToldHost(mmap=[-12]))
    text = "qemu: cannot set up guest memory 'pc.ram': Cannot allocate memory"
    assert (nothing.exit, list(nothing.stderr)) == (1, [text])


def test_two_objects_alike_are_two() -> None:
    """In C they are told apart by address."""
    for kind in (
        HostMemoryBackend,
        hostmem_file.HostMemoryBackendFile,
        hostmem_memfd.HostMemoryBackendMemfd,
        MemoryRegion,
        RAMBlock,
        Object,
        Property,
        TypeInfo,
        pc_dimm.PCDIMMDevice,
        pc_dimm.PCDIMMDeviceClass,
        nvdimm.NVDIMMDevice,
        NodeInfo,
        NumaState,
        CPUArchId,
        MachineClass,
        MachineProperty,
        MachineState,
    ):
        assert attrs.has(kind)
        assert kind.__eq__ is object.__eq__


def test_which_machine_somebody_has_in_mind() -> None:
    """interface.md: pc where the line says something about the guest's RAM, else none."""
    module = ["-device", "pc-dimm,memdev=m0"]
    lines = {
        "pc": (["-m", "8"], ["-numa", "node"], ["-mem-prealloc"], ["-mem-path", "/f"],
               ["-smp", "1"],
               ["-device", "nvdimm,memdev=m0"],
               ["-device", "e1000", "-device", "nvdimm,memdev=m0"]),
        "none": ([], M0.split(), module, ["-S", "-device", "e1000"]),
    }  # fmt: skip
    for machine, some in lines.items():
        for words in some:
            assert (words, run(words, ToldHost()).line.assumed_machine) == (words, machine)


def test_machine_none_lets_memory_modules_be() -> None:
    """hw/core/qdev.c: without a hotplug handler nothing finds a place; seen with QEMU 7.2."""
    line = "-M none -object memory-backend-ram,id=m0,size=64M -device nvdimm,memdev=m0"
    assert said(line) == (0, [])
    exit, lines = said(f"{line},label-size=64M")
    assert (exit, lines) == (
        1,
        [
            "qemu: -device nvdimm,memdev=m0,label-size=64M: the size of memdev m0 (0x4000000) is "
            "too small to contain nvdimm label (0x4000000) and aligned PMEM (0x200000)"
        ],
    )


def test_a_module_needs_a_range_and_an_alignment_that_the_range_has() -> None:
    """hw/mem/memory-device.c:memory_device_get_free_addr."""
    qemu = qemu_on(ToldHost())
    qemu.machine.maxram_size = GIB
    enabled = (
        "memory devices (e.g. for memory hotplug) are not enabled, please specify the maxmem option"
    )
    without = "memory devices (e.g. for memory hotplug) are not supported by the machine"
    qemu.machine.device_memory = None
    assert message(lambda: memory_device_get_free_addr(qemu, 0, MIB, MIB)) == without
    for place in (DeviceMemory(), DeviceMemory(5 * GIB, 0)):
        qemu.machine.device_memory = place
        assert message(lambda: memory_device_get_free_addr(qemu, 0, MIB, MIB)) == enabled
    qemu.machine.device_memory = DeviceMemory(5 * GIB, 4 * GIB)
    refused = message(lambda: memory_device_get_free_addr(qemu, 0, 2 * GIB, MIB))
    assert refused == "the alignment (0x80000000) is not supported"
    assert memory_device_get_free_addr(qemu, 0, GIB, GIB) == 5 * GIB


def test_a_node_without_a_backend_has_no_part_in_the_ram() -> None:
    """numa.c:memory_region_allocate_system_memory passes it over."""
    qemu = qemu_on(ToldHost())
    backend = HostMemoryBackend(TYPE_MEMORY_BACKEND)
    qemu.numa.info(1).node_memdev = backend
    qemu.numa.nb_numa_nodes, qemu.numa.have_memdevs = 2, 1
    ram = MemoryRegion()
    memory_region_allocate_system_memory(qemu, ram, "pc.ram", MIB)
    assert (ram.name, ram.size, backend.mr.container, backend.mapped) == ("pc.ram", MIB, ram, True)


@pytest.mark.parametrize(
    ("size", "place"),
    [("64M", 4), ("3G", 4), ("3584M", 5), ("4G", 5), ("7G", 8), ("8G", 9), ("8191M", 9)],
)
def test_modules_lie_above_all_ram_at_a_whole_gib(size: str, place: int) -> None:
    """hw/i386/pc.c, as query-memory-devices shows of 7.2: 3 GiB of more than 3.5 lie below 4."""
    device = "-object memory-backend-ram,id=m0,size=64M -device pc-dimm,memdev=m0"
    made = Process(f"-M pc -m {size},slots=1,maxmem=16G {device}".split(), ToldHost())
    assert made.start()
    (module,) = made.qemu.machine.memory_devices
    assert module.addr == place * GIB


@pytest.mark.parametrize(
    ("ram", "piix", "q35"),
    [
        (64 * MIB, 0, 0),
        (0xB0000000 - 1, 0, 0),
        (0xB0000000, 0, 0xB0000000 - 2 * GIB),
        (3 * GIB, 0, GIB),
        (0xE0000000 - 1, 0, 0xE0000000 - 1 - 2 * GIB),
        (0xE0000000, GIB // 2, 0xE0000000 - 2 * GIB),
        (8 * GIB, 5 * GIB, 6 * GIB),
    ],
)
def test_how_much_ram_lies_above_4_gib(ram: int, piix: int, q35: int) -> None:
    """hw/i386/pc_piix.c: of 3.5 GiB and more, 3 lie below; pc_q35.c: of 2.75 and more, 2."""
    qemu = qemu_on(ToldHost())
    found = find_machine("pc", BASE.release)
    assert found is not None
    qemu.machine.machine_class, qemu.machine.ram_size = found.machine, ram
    assert (piix_above_4g(qemu), q35_above_4g(qemu)) == (piix, q35)


def test_a_word_that_is_no_option_is_a_disk() -> None:
    """vl.c: it is accepted, and is no matter of memory."""
    done = ran("-M none image -nographic -serial none")
    assert (done.exit, done.line.ignored) == (0, ["image", "-nographic", "-serial none"])


def test_a_device_without_memory_is_ignored_wherever_it_stands() -> None:
    """vl.c: it is accepted, and is no matter of memory."""
    module = ["-device", "nvdimm,memdev=m0"]
    for devices in (["-device", "e1000", *module], [*module, "-device", "e1000"]):
        done = run([*NV.split(), *devices], ToldHost())
        assert (done.exit, done.line.ignored) == (0, ["-device e1000"])


def test_a_type_without_options_says_so() -> None:
    """qom/object_interfaces.c: the text of -object TYPE,help for such a type."""
    bare = attrs.evolve(TYPE_MEMORY_BACKEND, name="bare", properties={})
    assert type_help(qemu_on(ToldHost()), bare) == ["There are no options for bare."]


def test_what_never_happens_is_an_assertion() -> None:
    """No object is of an abstract type."""
    qemu = qemu_on(ToldHost())
    with pytest.raises(AssertionError):
        TYPE_MEMORY_BACKEND.instance_init(qemu)
