"""Machines, -smp, -numa and memory devices by release, and machine types in all.

The expected side is what builds of the releases' tags and Debian's QEMU 5.2, 7.1, 7.2,
10.0 and 11.1 printed for ``-machine help`` and for lines drawn at random, right
ones and wrong ones; of the other releases what is in ``hw/i386/pc_piix.c`` and ``pc_q35.c`` at
their tags.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import json
import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from recordings import RUN_RELEASES

from qemu_model.host import profiles
from qemu_model.host.faults import FaultHost, parse
from qemu_model.host.simulated import SimulatedHost
from qemu_model.input.reader import find_line
from qemu_model.input.words import from_words
from qemu_model.machines import (
    TARGETS,
    find_machine,
    list_machines,
    machine_help,
    release_of,
    target_of,
)
from qemu_model.process import Run, run
from qemu_model.revision import RELEASES as TREES
from qemu_model.revision import find
from qemu_model.revisions.default import choose
from qemu_model.revisions.release import is_between
from qemu_model.revisions.revision import Revision

DATA = Path(__file__).parent.parent / "data"
#: Types that a build with Xen or with enclaves has, which the model does not know.
OF_OTHER_BUILDS = ("xenfv", "xenfv-3.1", "xenfv-4.2", "xenpv", "nitro")
#: Builds that were configured without x-remote.
WITHOUT_REMOTE = ("6.0", "6.1", "7.0", "7.1", "8.1", "9.0", "10.1")


@functools.cache
def recorded(name: str = "machines") -> dict[str, Any]:
    """Return by release the machines, by processor or in a list, and lines with their ends."""
    with lzma.open(DATA / f"{name}.json.xz", "rt", encoding="utf-8") as stream:
        answers: dict[str, Any] = json.load(stream)
    return answers


def ran(line: str, revision: str) -> Run:
    """Run a line on a simulated host."""
    return run(line.split(), SimulatedHost(profiles.load("default")), find(revision))


def differing(cases: list[Any], tree: Revision) -> Iterator[tuple[object, ...]]:
    """Yield the recorded lines that a tree answers in another way, with both answers."""
    for case in cases:
        program = case["args"][:1] if case["args"][0].startswith("qemu-system-") else []
        words = [*program, "-accel", "tcg", *case["args"][len(program) :]]
        machine = target_of(program).default_machine if program else "pc"
        host = SimulatedHost(profiles.load("default"))
        done = run(words, host, tree, assumed_machine=machine)
        if (done.exit, list(done.stderr)) != (case["exit"], case["stderr"]):
            yield case["args"], case["stderr"], done.exit, done.stderr


@pytest.mark.parametrize("release", RUN_RELEASES)
def test_help_lists_the_machines_as_the_real_qemu_does(release: str) -> None:
    """Names, aliases, the default, deprecation, and the order."""
    real = [
        line for line in recorded()[release]["machines"] if line.split()[0] not in OF_OTHER_BUILDS
    ]
    lacking = "x-remote" if release in WITHOUT_REMOTE else ""
    shown = machine_help(find(f"qemu-{release}").release)
    assert [line for line in shown if line.split()[0] != lacking] == real


@pytest.mark.parametrize("release", RUN_RELEASES)
def test_the_model_answers_each_line_as_the_recorded_qemu_did(release: str) -> None:
    assert list(differing(recorded()[release]["lines"], find(f"qemu-{release}"))) == []


@pytest.mark.parametrize(
    ("release", "newest", "left"),
    [
        ("qemu-3.1", "3.1", set()),
        ("base", "4.0", {"pc-0.10", "pc-0.11"}),
        ("qemu-4.1", "4.1", {"pc-0.11"}),
        ("qemu-5.0", "5.0", {"pc-0.12", "pc-0.15"}),
        ("qemu-6.0", "6.0", {"pc-1.0", "pc-1.3"}),
        ("qemu-8.2", "8.2", {"pc-i440fx-1.4", "pc-i440fx-1.7"}),
        ("qemu-9.1", "9.1", {"pc-i440fx-2.0", "pc-i440fx-2.3"}),
        ("qemu-10.1", "10.1", {"pc-q35-2.4", "pc-q35-4.0.1", "pc-q35-4.1"}),
        ("qemu-10.2", "10.2", {"pc-i440fx-4.2"}),
        ("qemu-11.0", "11.0", {"pc-i440fx-5.0"}),
    ],
)
def test_machine_types_come_and_leave_with_their_release(
    release: str, newest: str, left: set[str]
) -> None:
    """hw/i386/pc_piix.c, pc_q35.c and, since 10.1, include/hw/boards.h:MACHINE_VER_DELETION."""
    tree = find(release)
    names = {machine.name for machine in list_machines(tree.release)}
    assert {f"pc-i440fx-{newest}", f"pc-q35-{newest}"} <= names
    assert not left & names
    for alias, name in (("pc", f"pc-i440fx-{newest}"), ("q35", f"pc-q35-{newest}")):
        found = find_machine(alias, tree.release)
        assert found is not None
        assert found.machine.name == name
    for name in left:
        assert ran(f"-M {name}", release).exit == 1


@pytest.mark.parametrize(
    ("name", "release", "version"),
    [
        ("pc-i440fx-rhel7.6.0", "qemu-7.2", "pc-i440fx-2.12"),
        ("pc-q35-rhel9.4.0", "qemu-9.2", "pc-q35-8.2"),
        ("pc-q35-noble", "qemu-8.2", "pc-q35-8.2"),
        ("pc-i440fx-jammy-hpb", "qemu-6.2", "pc-i440fx-6.2"),
        ("pc-i440fx-9.0+pve0", "qemu-9.0", "pc-i440fx-9.0"),
        ("pc-i440fx-rhel7.6.0", "qemu-11.1", "pc-i440fx-5.2"),
        ("ubuntu", "qemu-10.0", "pc-i440fx-10.0"),
    ],
)
def test_a_distributions_machine_is_its_nearest_and_is_named(
    name: str, release: str, version: str
) -> None:
    """The type may have left QEMU: then the oldest that is there."""
    done = ran(f"-M {name} -m 64M", release)
    assert done.exit == 0
    said = f"machine type '{name}' is a distribution's own; it is modelled as {version}"
    assert said in done.line.assumed


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("pc-q35-7.2", (7, 2)),
        ("pc-q35-4.0.1", (4, 0, 1)),
        ("pc-1.3", (1, 3)),
        ("pc-i440fx-9.2+pve1", (9, 2)),
        ("pc-q35-rhel9.6.0", (9, 0)),
        ("pc-i440fx-focal", (4, 2)),
        ("pc", None),
        ("none", None),
        ("virt-9.0", (9, 0)),
        ("s390-ccw-virtio-rhel9.4.0", (8, 2)),
        ("pc-q35-rhel99.0.0", None),
    ],
)
def test_a_machine_type_names_a_release(name: str, release: tuple[int, ...] | None) -> None:
    """The release that a line with this machine comes from, as far as it says."""
    assert release_of(name) == release


def test_memory_of_sgx_is_there_where_the_guest_gets_some() -> None:
    """QEMU has the type where it can open /dev/sgx_vepc."""
    line = "-object memory-backend-epc,id=e,size=64M"
    refused = ran(f"-M q35 {line}", "qemu-8.2")
    taken = ran(f"-M q35,sgx-epc.0.memdev=e {line}", "qemu-8.2")
    assert (refused.exit, *refused.stderr) == (1, "qemu: invalid object type: memory-backend-epc")
    assert (taken.exit, *taken.stderr) == (0,)


def test_virtio_mem_empties_the_file_of_its_backend() -> None:
    """Once as the device takes it, and until 8.0 once more at the reset before the guest runs."""
    line = (
        "-M pc -m 64M,maxmem=1G -object memory-backend-memfd,id=v,size=64M "
        "-device virtio-mem-pci,memdev=v"
    )
    holes = {
        release: [
            event.args[1:] for event in ran(line, release).events if event.call == "fallocate"
        ]
        for release in ("qemu-8.0", "qemu-8.1")
    }
    hole = (3, 0, 64 << 20)
    assert holes == {"qemu-8.0": [hole, hole], "qemu-8.1": [hole]}


#: What every release takes in -machine, since 5.0 for the accelerator (vl.c).
OF_THE_ACCELERATOR = {"accel", "igd-passthru", "kernel-irqchip", "kvm-shadow-mem"}
#: Kinds that QEMU shows of values which it reads another way, or only gives.
READ_AS = {
    "cap-hpt-max-page-size": "size",
    "device-memory-region-size": "read-only",
    "loadparm": "string",
    "memory-backend": "string",
    "vfio-no-msix-emulation": "read-only",
    "virtio-mmio-transports": "int",
    "x-south-bridge": "PIIX3|piix4-isa",
}


@pytest.mark.parametrize("release", [tree.name for tree in TREES if tree.name != "qemu-11.0"])
def test_each_machine_type_has_the_properties_that_the_real_one_shows(release: str) -> None:
    """``qom-list-properties``, or ``qom-list`` where it crashes QEMU, for every machine type.

    Of builds of 4.2, 6.0, 8.0, 9.1, 10.2 and Debian's 5.2, 7.2, 10.0, 11.1; their kinds as
    well.  In other releases, where the kind is null, what the newest type registers in
    hw/core/machine.c, hw/i386, hw/arm/virt.c, hw/ppc/spapr*.c and s390-virtio-ccw.c at the
    tag.  ``igvm-cfg`` is from pc.c everywhere, as no build has libigvm; so are pflash0 and
    pflash1 from 5.2 to 9.1, where QEMU takes them from a machine that is made without them.
    """
    tree = find(release)
    wanted, found = {}, {}
    groups_of = recorded("machine_properties")[release.removeprefix("qemu-")]
    for processor, groups in groups_of.items():
        for group in groups:
            kinds = {
                **dict.fromkeys(OF_THE_ACCELERATOR),
                **{name: READ_AS.get(name, kind) for name, kind in group["properties"].items()},
            }
            for name in group["machines"]:
                machine = find_machine(name, tree.release, TARGETS[processor])
                assert machine is not None
                spans = machine.machine.properties.items()
                there = {
                    prop: row.kind
                    for prop, rows in spans
                    for row in rows
                    if is_between(tree.release, row.since, row.until)
                }
                wanted[processor, name] = kinds
                found[processor, name] = {
                    prop: None
                    if kinds.get(prop) is None
                    else kinds[prop]
                    if kind == "any"
                    else kind
                    for prop, kind in there.items()
                }
    assert found == wanted


# Machines of other processors

OTHER_RELEASES = ("5.2", "7.2", "10.0", "11.1")
PROCESSORS = ("aarch64", "arm", "ppc64", "s390x")


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("release", OTHER_RELEASES)
def test_help_of_other_programs_lists_their_machines_as_the_real_ones_do(
    release: str, processor: str
) -> None:
    """virt, pseries, s390-ccw-virtio and none; the others of these programs are not modelled."""
    listed = machine_help(find(f"qemu-{release}").release, TARGETS[processor])
    assert listed == recorded("machines-other")[release]["machines"][processor]


@pytest.mark.parametrize("release", OTHER_RELEASES)
def test_the_model_answers_lines_of_other_programs_as_the_recorded_ones_did(release: str) -> None:
    """Default machine and RAM, sizes, nodes, memory devices, refusals; drawn and chosen lines."""
    assert (
        list(differing(recorded("machines-other")[release]["lines"], find(f"qemu-{release}"))) == []
    )


MEM = "x86_64 -m 64M,slots=1,maxmem=1G -object memory-backend-"
DISCARD = "Unexpected error discarding RAM: "
#: Release, line, accelerator or fault, and what is printed.
WITHOUT_A_RECORDING = (
    ("3.1", "aarch64 -M virt -m 256G", "", "mach-virt: cannot model more than 255GB RAM"),
    ("3.1", "aarch64 -M virt -m 1G", "kvm"),
    ("8.0", "aarch64 -M virt -cpu host -m 512M", "kvm"),
    ("10.0", "x86_64 -cpu host -m 2G", "kvm"),
    ("4.2", "s390x -m 1G", ""),
    ("4.2", "ppc64 -m 1G", "kvm"),
    (
        "4.2",
        "ppc64 -M pseries-2.4 -m 64M",
        "",
        "pSeries SLOF firmware requires >= 128M guest RMA (Real Mode Area memory)",
    ),
    ("4.0", "x86_64 -object authz-pam,help", ""),
    ("6.0", "x86_64 -object authz-pam,help", ""),
    ("7.2", "x86_64 -overcommit mem-lock=on", ""),
    (
        "9.0",
        "x86_64 -M q35 -smp 300",
        "",
        "Unexpected error in apic_common_set_id() at ../hw/intc/apic_common.c:447:",
        "APIC ID 255 requires x2APIC feature in CPU",
    ),
    (
        "9.1",
        MEM + "shm,id=m,size=4M,x-use-canonical-path-for-ramblock-id=on",
        "",
        "failed to create POSIX shared memory: Invalid argument",
    ),
    (
        "3.1",
        MEM + "ram,id=m,size=64M -device pc-dimm,memdev=m,addr=0x200000",
        "",
        "can't add memory device [0x200000:0x4000000] before 0x100000000",
    ),
    (
        "5.2",
        MEM + "ram,id=m,size=64M -device pc-dimm,memdev=m,addr=a",
        "",
        "Parameter 'addr' expects uint64",
    ),
    (
        "5.1",
        MEM + "memfd,id=m,size=64M -device virtio-mem-pci,memdev=m",
        "fallocate:error=ENOSPC:when=2",
        "ram_block_discard_range: Failed to fallocate m:0 +4000000 (-28)",
        DISCARD + "No space left on device",
    ),
    (
        "7.2",
        MEM + "memfd,id=m,size=64M -device virtio-mem-pci,memdev=m",
        "fallocate:error=ENOSPC:when=2",
        "ram_block_discard_range: Failed to fallocate m:0 +4000000 (-28)",
    ),
    (
        "5.2",
        MEM + "memfd,id=m,size=64M -device virtio-mem-pci,memdev=m",
        "fallocate:error=ENOSPC",
        "ram_block_discard_range: Failed to fallocate :0 +4000000 (-28)",
        DISCARD + "No space left on device",
    ),
    (
        "10.0",
        MEM + "ram,id=m,size=64M -device virtio-mem-pci,memdev=m",
        "madvise:error=EPERM:when=9",
        "ram_block_discard_range: Failed to discard range :0 +4000000 (-1)",
        DISCARD + "Operation not permitted",
    ),
    (
        "10.0",
        MEM + "file,id=m,size=64M,mem-path=/f",
        "open:error=EACCES:when=1",
        "can't open backing store /f for guest RAM: Permission denied",
        "Consider opening the backing store read-only but still creating writable RAM using "
        "'-object memory-backend-file,readonly=on,rom=off...' (see \"VM templating\" "
        "documentation)",
    ),
    (
        "10.0",
        MEM + "file,id=m,size=64M,mem-path=/f",
        "open:error=EACCES:when=1..2",
        "can't open backing store /f for guest RAM: Permission denied",
    ),
    (
        "11.1",
        MEM + "file,id=m,size=64M,mem-path=/f,readonly=on,rom=off -device virtio-mem-pci,memdev=m",
        "",
        "ram_block_discard_shared_range: Discarding RAM with readonly files is not supported",
        DISCARD + "Operation not permitted",
    ),
    (
        "11.1",
        "x86_64 -M q35 -cpu qemu64,+x2apic,+avx,-x2apic -smp 300",
        "",
        "APIC ID 255 requires x2APIC feature in CPU",
        "Try x2apic=on in -cpu.",
    ),
    (
        "10.0",
        MEM + "ram,id=m,size=64M,prealloc=on,prealloc-threads=2 -m 64M -M memory-backend=m",
        "madvise:error=ENOMEM:when=6",
        "qemu_prealloc_mem: preallocating memory failed: Cannot allocate memory",
    ),
    (
        "10.0",
        "x86_64 -M none -object thread-context,id=t -object memory-backend-ram,id=m,size=64M,"
        "prealloc=on,prealloc-threads=2,prealloc-context=t",
        "madvise:error=ENOMEM:when=6",
        "qemu_prealloc_mem: preallocating memory failed: Cannot allocate memory",
    ),
    ("7.2", "x86_64 -m 64M -device virtio-rng-pci,id=d -set device.d.max-bytes=5", ""),
    ("7.2", "x86_64 -cpu qemu64,phys-bits=32 -M q35 -m 64M", ""),
    ("7.2", "x86_64 -m 64M -M memory=5", "", "Parameter 'memory' used inconsistently"),
)


@pytest.mark.parametrize("case", WITHOUT_A_RECORDING, ids=" ".join)
def test_line_without_a_recording(case: tuple[str, ...]) -> None:
    """Discards, opens and 'addr': as QEMUs of Debian do, under strace --inject.

    At the tags: hw/arm/virt.c, hw/i386/pc.c, hw/intc/apic_common.c, hw/mem/memory-device.c,
    hw/ppc/spapr.c, hw/s390x/s390-virtio-ccw.c, util/oslib-posix.c.
    """
    release, line, what, *stderr = case
    profile = profiles.load("default")
    if what == "kvm":
        platform = attrs.evolve(profile.platform, accelerator=what)
        profile = attrs.evolve(profile, platform=platform)
    simulated = SimulatedHost(profile)
    simulated.ftruncate(simulated.open("/f", 0o102, 0o644), 64 << 20)
    host = FaultHost(simulated, parse(what)) if ":" in what else simulated
    done = run(f"qemu-system-{line}".split(), host, find(f"qemu-{release}"))
    said = [text for text in done.stderr if "warning: " not in text]
    assert [re.sub("qemu: (-[a-z]+ [^ ]+: )?", "", text) for text in said] == stderr


@pytest.mark.parametrize(
    ("line", "program", "ram"),
    [
        ("qemu-system-aarch64 -M virt", "aarch64", [("mach-virt.ram", 128)]),
        ("/usr/bin/qemu-system-arm -M virt-7.2 -m 1G", "arm", [("mach-virt.ram", 1024)]),
        ("qemu-system-ppc64le -m 1G", "ppc64", [("ppc_spapr.ram", 1024)]),
        ("-machine pseries", "ppc64", [("ppc_spapr.ram", 512)]),
        ("-M type=s390-ccw-virtio-9.0", "s390x", [("s390.ram", 128)]),
        ("-M virt", "aarch64", [("mach-virt.ram", 128)]),
        ("qemu-system-x86_64 -M virt", "x86_64", []),
        ("qemu-system-x86_64 -M q35 -m 64M", "x86_64", [("pc.ram", 64)]),
        ("qemu-kvm -M pc -m 64M", "x86_64", [("pc.ram", 64)]),
        ("qemu-system-riscv64 -M virt", "other", [("mach-virt.ram", 128)]),
    ],
)
def test_the_program_else_the_machine_says_which_qemu_a_line_is_for(
    line: str, program: str, ram: list[tuple[str, int]]
) -> None:
    options = find_line(line).options if line.startswith("-") else from_words(line.split()).options
    done = run(options, SimulatedHost(profiles.load("default")), find("qemu-10.0"))
    assert target_of(options).name == program
    assert [(mapping.id, mapping.size >> 20) for mapping in done.mappings] == ram


@pytest.mark.parametrize(
    ("line", "assumption"),
    [
        (
            "qemu-system-mips64el -M malta -m 1G",
            "the model has no machine types of this program; 'malta' is modelled as virt-10.0 of "
            "qemu-system-aarch64",
        ),
        (
            "qemu-system-sparc -m 1G",
            "the model has no machine types of this program; 'virt' is modelled as virt-10.0 of "
            "qemu-system-aarch64",
        ),
        (
            "qemu-system-aarch64 -M raspi4b -m 1G",
            "the model has no machine type 'raspi4b'; its memory is modelled as that of virt-10.0",
        ),
        (
            "qemu-system-ppc64 -M powernv -m 1G",
            "the model has no machine type 'powernv'; its memory is modelled as that of "
            "pseries-10.0",
        ),
    ],
)
def test_a_machine_that_is_not_modelled_is_a_named_assumption(line: str, assumption: str) -> None:
    """QEMU has such machines and starts: a refusal would accuse a correct line."""
    done = run(line.split(), SimulatedHost(profiles.load("default")), find("qemu-10.0"))
    found = done.exit, list(done.line.assumed), [one.size >> 20 for one in done.mappings]
    assert found == (0, [assumption], [1024])


def test_the_machines_of_a_project_are_named_after_its_release_elsewhere_too() -> None:
    """A line with virt-8.2 is about QEMU 8.2, as one with pc-q35-8.2 is."""
    for machine in ("virt-8.2", "pseries-8.2", "s390-ccw-virtio-8.2"):
        assert choose(["-M", machine]).revision.name == "qemu-8.2"
