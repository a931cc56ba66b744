"""The command line and the machine: ``vl.c``, ``hw/core/machine.c``, ``hw/i386``, ``hw/mem``.

What QEMU 5.2, 7.2, 10.0 and 11.1 answered to more than 3,000 lines is in ``../recorded`` and
``../releases``; here are other builds, and what the model adds.  The expected side is the
function that a test names, in C.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest
from mirror_host import ToldHost, message, qemu_on
from mirror_numbers import EVERY_TREE, GIB, MIB

from qemu_model.boards import DeviceMemory
from qemu_model.host.protocol import Platform
from qemu_model.hostmem import TYPE_MEMORY_BACKEND, HostMemoryBackend
from qemu_model.memory_device import memory_device_get_free_addr
from qemu_model.numa_ram import memory_region_allocate_system_memory
from qemu_model.process import Process, Run, run
from qemu_model.ram_addr import MemoryRegion
from qemu_model.revision import find

RAM = "-object memory-backend-ram,id=m0,size=64M"


def ran(line: str, tree: str = "v8") -> Run:
    """Run a line on a host where every call succeeds."""
    return run(line.split(), ToldHost(), find(tree))


#: Lines and what 3.1 says; of those that 7.2 refuses in the same words see ``../recorded``.
TWO = "-object memory-backend-ram,id=m1,size=36M -numa node,memdev=m0 -numa"
SLOTS = "-M pc,nvdimm=on -m 64M,slots=2,maxmem=1G -object memory-backend-ram,id=m0,size=64M"
REFUSED_IN_2018 = (
    ("-M pc -m 17592186044416", "-m 17592186044416: too large 'size' option value"),
    ("-M pc -smp 2,maxcpus=1", "maxcpus must be equal to or greater than smp"),
    ("-M pc -smp 7,sockets=1,cores=3,threads=2", "cpu topology: sockets (1) * cores (3) * threads "
     "(2) < smp_cpus (7)"),
    ("-M pc -smp 2,sockets=2,cores=2,threads=2,maxcpus=6", "cpu topology: sockets (2) * cores (2) "
     "* threads (2) > maxcpus (6)"),
    ("-M pc -smp -1", "Invalid SMP CPUs -1. The min CPUs supported by machine 'pc-i440fx-4.0' "
     "is 1"),
    ("-M pc -smp x", "-smp x: Parameter 'cpus' expects a number"),
    ("-M pc,device-memory-region-size=1", "Insufficient permission to perform this operation"),
    ("-M pc,mem-merge=1", "Invalid parameter type for 'mem-merge', expected: boolean"),
    ("-M pc,foo=1", "Property '.foo' not found"),
    ("-M foo", "-M foo: unsupported machine type"),
    ("-M pc -device memdev=m0", "-device memdev=m0: Parameter 'driver' is missing"),
    ("-M pc -m x -version", "-m x: Parameter 'size' expects a non-negative number below 2^64"),
    ("-M pc -m 16E", "-m 16E: Value '16E' is out of range for parameter 'size'"),
    ("-M pc -m 64M,slots=2", "-m 64M,slots=2: invalid -m option value: missing 'maxmem' option"),
    ("-M pc -m 64M,slots=2,maxmem=32M", "-m 64M,slots=2,maxmem=32M: invalid value of -m option "
     "maxmem: maximum memory size (0x2000000) must be at least the initial memory size "
     "(0x4000000)"),
    ("-M pc -m 64M,slots=2,maxmem=64M", "-m 64M,slots=2,maxmem=64M: invalid value of -m option "
     "maxmem: memory slots were specified but maximum memory size (0x4000000) is equal to the "
     "initial memory size (0x4000000)"),
    ("-M pc -numa foo", "-numa foo: Invalid parameter 'foo'"),
    ("-M none -numa dist,src=0,dst=0,val=10", "-numa dist,src=0,dst=0,val=10: Source/Destination "
     "NUMA node is missing. Please use '-numa node' option to declare it first."),
    ("-M pc -numa node,mem=1,memdev=m0", "-numa node,mem=1,memdev=m0: cannot specify both mem= "
     "and memdev="),
    (f"-M pc {RAM} {TWO} node", "-numa node: memdev option must be specified for either all or no "
     "nodes"),
    (f"-M pc -m 128M {RAM} {TWO} node,memdev=m0", "memory backend m0 is used multiple times. Each "
     "-numa option must use a different memdev value."),
    (f"{SLOTS} -device nvdimm,memdev=m0,slot=5", "-device nvdimm,memdev=m0,slot=5: invalid slot# "
     "5, should be less than 2"),
    (f"{SLOTS} -device nvdimm,memdev=m0,foo=1", "-device nvdimm,memdev=m0,foo=1: Property '.foo' "
     "not found"),
)  # fmt: skip


@pytest.mark.parametrize(("line", "text"), REFUSED_IN_2018)
def test_wrong_line_is_refused_in_words_of_2018(line: str, text: str) -> None:
    """vl.c, numa.c, hw/core/machine.c, hw/mem, qdev-monitor.c of 3.1."""
    done = ran(line)
    assert (done.exit, done.stderr[:1]) == (1, (f"qemu: {text}",))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("6,cores=3", (6, 6, 3, 1)),
        ("6,cores=3,threads=2", (6, 6, 3, 2)),
        ("6,sockets=2", (6, 6, 3, 1)),
        ("6,sockets=2,threads=3", (6, 6, 1, 3)),
        ("12,sockets=2,cores=3", (12, 12, 3, 2)),
        ("sockets=2,cores=3,threads=4", (24, 24, 3, 4)),
        ("2,maxcpus=12,cores=3,threads=2", (2, 12, 3, 2)),
        ("1,sockets=2,cores=2,maxcpus=4", (1, 4, 2, 1)),
        ("cpus=2,cpus=4", (4, 4, 1, 1)),
    ],
)
def test_smp_of_2018_prefers_sockets_over_cores_over_threads(
    line: str, expected: tuple[int, ...]
) -> None:
    """vl.c:smp_parse of 3.1."""
    made = Process(["-M", "pc", "-smp", line], ToldHost(), find("v8"))
    assert made.start()
    qemu = made.qemu
    assert (qemu.smp_cpus, qemu.max_cpus, qemu.smp_cores, qemu.smp_threads) == expected


@pytest.mark.parametrize("tree", ["v8", "qemu-7.2"])
def test_ram_is_128_mib_without_a_size_and_rounded_to_8_kib(tree: str) -> None:
    """vl.c:set_memory_options; a number alone is in MiB."""
    sizes = {"": 128 * MIB, "-m 0": 128 * MIB, "-m 1B": 8192, "-m 8193B": 16384, "-m 1": MIB}
    found = {line: [one.size for one in ran(f"-M pc {line}", tree).mappings] for line in sizes}
    assert found == {line: [size] for line, size in sizes.items()}


@pytest.mark.parametrize(
    ("size", "place"), [("64M", 4), ("3G", 4), ("3584M", 5), ("7G", 8), ("8191M", 9)]
)
@pytest.mark.parametrize("tree", ["v8", "qemu-7.2"])
def test_memory_modules_lie_above_all_ram_at_a_whole_gib(tree: str, size: str, place: int) -> None:
    """hw/i386/pc.c: of more than 3.5 GiB of RAM, 3 lie below 4 GiB."""
    line = f"-M pc -m {size},slots=1,maxmem=16G {RAM} -device pc-dimm,memdev=m0"
    made = Process(line.split(), ToldHost(), find(tree))
    assert made.start()
    (module,) = made.qemu.machine.memory_devices
    assert module.addr == place * GIB


def test_3_1_reads_an_exponent_and_splits_memory_that_no_node_claims() -> None:
    """util/cutils.c:do_strtosz; hw/i386/pc_piix.c. A real 7.2 refuses both."""
    assert ran("-M pc-i440fx-3.1 -m 100M -numa node,mem=1e2").exit == 0
    assert ran("-M pc-i440fx-3.1 -m 100M -numa node -numa node").exit == 0


@pytest.mark.parametrize("word", ["help", "?"])
def test_help_of_2018_lists_machines_and_objects(word: str) -> None:
    """vl.c: of machines the newest is the default and has an alias."""
    done = ran(f"-machine {word}")
    assert (done.exit, done.stdout[0]) == (0, "Supported machines are:")
    assert [line for line in done.stdout if "(alias of" in line or "(default)" in line] == [
        "pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-4.0)",
        "pc-i440fx-4.0        Standard PC (i440FX + PIIX, 1996) (default)",
        "q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-4.0)",
    ]
    objects = ran(f"-M none -object {word}").stdout
    assert objects[0] == "List of user creatable objects:"
    assert "  memory-backend-memfd" in objects
    assert "  memory-backend" not in objects


@EVERY_TREE
@pytest.mark.parametrize(
    "words", ["-version", "-h", "-cpu help", "-accel help", "-device help", "-device nvdimm,help"]
)
def test_line_that_asks_for_help_makes_nothing(tree: str, words: str) -> None:
    """vl.c:main."""
    done = ran(f"{RAM} -m 8M {words}", tree)
    assert (done.exit, done.stderr, done.events) == (0, (), ())


@pytest.mark.parametrize(
    ("args", "machine"),
    [
        ("", "none"),
        (RAM, "none"),
        (f"{RAM} -device e1000", "none"),
        ("-device pc-dimm,memdev=m0", "none"),
        ("-smp 1", "pc"),
        ("-m 8M", "pc"),
        ("-numa node", "pc"),
        ("-mem-prealloc", "pc"),
        ("-mem-path /f", "pc"),
        ("-device e1000 -device nvdimm,memdev=m0", "pc"),
    ],
)
@pytest.mark.parametrize("tree", ["v8", "qemu-7.2"])
def test_line_without_a_machine_gets_pc_where_it_is_about_ram(
    tree: str, args: str, machine: str
) -> None:
    """interface.md: a convention of the model's; QEMU itself makes a pc."""
    assert ran(args, tree).line.assumed_machine == machine
    assert ran(f"-M {machine} {args}", tree).line.assumed_machine is None


@pytest.mark.parametrize("tree", ["v8", "qemu-7.2"])
def test_disks_and_devices_without_memory_are_ignored(tree: str) -> None:
    """vl.c accepts them, and they are no matter of memory."""
    done = ran("-M none image -nographic -serial none", tree)
    assert (done.exit, done.line.ignored) == (0, ["image", "-nographic", "-serial none"])
    module = f"-M pc,nvdimm=on -m 64M,slots=4,maxmem=4G {RAM} -device nvdimm,memdev=m0"
    done = ran(f"{module} -device e1000", tree)
    assert (done.exit, done.line.ignored) == (0, ["-device e1000"])


@pytest.mark.parametrize("words", ["", " -mem-prealloc"])
def test_ram_of_a_path_that_fails_falls_back_in_2018_unless_it_is_preallocated(words: str) -> None:
    """numa.c:allocate_system_memory_nonnuma, until 4.2."""
    failed = "qemu: can't open backing store /f for guest RAM: Permission denied"
    fallback = "qemu: falling back to regular RAM allocation."
    done = run(f"-M pc -m 8M -mem-path /f{words}".split(), ToldHost(open=[-13]), find("v8"))
    assert (done.exit, done.stderr) == ((1, (failed,)) if words else (0, (failed, fallback)))


@pytest.mark.parametrize(
    ("accelerator", "cpu", "warnings"),
    [
        *((accelerator, "qemu64", 0) for accelerator in ("kvm", "hvf", "xen")),
        # What 5.2, 7.2, 10.0 and 11.1 print for these under TCG.
        *(("tcg", cpu, 1) for cpu in ("", "qemu64", "max", "EPYC-Milan-v1", "Opteron_G5")),
        *(("tcg", cpu, 0) for cpu in ("qemu32", "kvm64", "Dhyana", "qemu64,vendor=GenuineIntel")),
        ("tcg", "Haswell,vendor=AuthenticAMD", 1),
    ],
)
def test_only_an_emulated_amd_cpu_is_warned_of_threads(
    accelerator: str, cpu: str, warnings: int
) -> None:
    """target/i386/cpu.c: under an accelerator the CPU is called as the host's is."""
    host = ToldHost(Platform(accelerator=accelerator))
    named = ["-cpu", cpu] if cpu else []
    done = run(["-machine", "pc", "-smp", "2,threads=2", *named], host, find("qemu-7.2"))
    assert len([line for line in done.stderr if "hyperthreading" in line]) == warnings


def test_module_needs_a_range_and_an_alignment_that_the_range_has() -> None:
    """hw/mem/memory-device.c:memory_device_get_free_addr."""
    qemu = qemu_on(ToldHost())
    qemu.machine.maxram_size = GIB
    enabled = (
        "memory devices (e.g. for memory hotplug) are not enabled, please specify the maxmem option"
    )
    qemu.machine.device_memory = DeviceMemory()
    assert message(lambda: memory_device_get_free_addr(qemu, 0, MIB, MIB)) == enabled
    qemu.machine.device_memory = DeviceMemory(5 * GIB, 4 * GIB)
    refused = message(lambda: memory_device_get_free_addr(qemu, 0, 2 * GIB, MIB))
    assert refused == "the alignment (0x80000000) is not supported"
    assert memory_device_get_free_addr(qemu, 0, GIB, GIB) == 5 * GIB


def test_node_without_a_backend_has_no_part_in_the_ram() -> None:
    """numa.c:memory_region_allocate_system_memory passes it over."""
    qemu = qemu_on(ToldHost())
    backend = HostMemoryBackend(TYPE_MEMORY_BACKEND)
    qemu.numa.info(1).node_memdev = backend
    qemu.numa.nb_numa_nodes, qemu.numa.have_memdevs = 2, 1
    ram = MemoryRegion()
    memory_region_allocate_system_memory(qemu, ram, "pc.ram", MIB)
    assert (ram.name, ram.size, backend.mr.container, backend.mapped) == ("pc.ram", MIB, ram, True)
