"""Objects of 7.2, and its command line: what no recorded run can show, or needs no log.

Unless a test says otherwise, Debian's 7.2.22 was seen to answer so.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from mirror_host import ToldHost, message, qemu_on

from qemu_model.error import Error
from qemu_model.host.protocol import Platform
from qemu_model.hostmem import HostMemoryBackend
from qemu_model.hostmem_file import (
    HostMemoryBackendFile,
    file_backend_instance_init,
    file_backend_memory_alloc,
)
from qemu_model.hostmem_memfd import (
    HostMemoryBackendMemfd,
    memfd_backend_instance_init,
    memfd_backend_memory_alloc,
)
from qemu_model.hostmem_ram import ram_backend_memory_alloc, ram_backend_new
from qemu_model.json_parser import qobject_from_json
from qemu_model.process import Process
from qemu_model.qmp import NotModelled
from qemu_model.ram_addr import RAMBlock
from qemu_model.revision import QEMU_7_2

MIB = 1 << 20


class Machine:
    """A process of 7.2 on a told host, spoken to by QMP."""

    def __init__(self, *args: str, platform: Platform | None = None, **answers: Any) -> None:
        self.host = ToldHost(platform, **answers)
        self.process = Process(["-machine", "none", *args], self.host, QEMU_7_2)
        self.started = self.process.start()

    def do(self, execute: str, **arguments: Any) -> Any:
        """Run a command; return what it returns, or the text of its error."""
        self.process.command({"execute": execute, "arguments": arguments})
        reply = self.process.replies[-1]
        return reply["return"] if "return" in reply else reply["error"]["desc"]

    def add(self, kind: str, **arguments: Any) -> Any:
        """Add an object m0 of 1 MiB; a ``_`` in a name is a ``-``."""
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        named = {"qom-type": f"memory-backend-{kind}", "id": "m0", "size": MIB, **named}
        return self.do("object-add", **named)


@pytest.mark.parametrize("value", [True, False])
def test_the_name_of_the_region_is_asked_and_told(value: bool) -> None:
    machine = Machine()
    name = "x-use-canonical-path-for-ramblock-id"
    where = {"path": "/objects/m0", "property": name}
    assert machine.add("ram") == {}
    assert machine.do("qom-get", **where) is False
    assert machine.do("qom-set", **where, value=value) == {}
    assert machine.do("qom-get", **where) is value


@pytest.mark.parametrize("value", [True, False])
def test_pmem_stands_once_the_file_is_mapped(value: bool) -> None:
    machine = Machine()
    assert machine.add("file", mem_path="/f") == {}
    said = machine.do("qom-set", path="/objects/m0", property="pmem", value=value)
    assert said == "cannot change property 'pmem' of memory-backend-file."


def test_a_file_without_a_path_or_memory_without_a_size_is_refused_when_it_is_taken() -> None:
    """backends/hostmem-*.c: the schema lets none of them come so far, the code asks again."""
    qemu = qemu_on(ToldHost(), QEMU_7_2)
    no_size = "can't create backend with size 0"
    file = file_backend_instance_init(qemu)
    file.mem_path = "/f"
    memfd = memfd_backend_instance_init(qemu)
    assert message(lambda: file_backend_memory_alloc(qemu, file)) == no_size
    assert message(lambda: memfd_backend_memory_alloc(qemu, memfd)) == no_size
    assert message(lambda: ram_backend_memory_alloc(qemu, ram_backend_new(qemu))) == no_size
    file.size, file.mem_path = 1, None
    assert message(lambda: file_backend_memory_alloc(qemu, file)) == "mem-path property not set"


def test_windows_maps_no_files() -> None:
    """backends/hostmem-file.c without CONFIG_POSIX; no such build was run."""
    machine = Machine(platform=Platform("windows"))
    assert machine.add("file", mem_path="/f") == (
        "backend 'memory-backend-file' not supported on this host"
    )
    for system in ("darwin", "linux", "zos"):
        assert Machine(platform=Platform(system)).add("file", mem_path="/f") == {}


def test_memfd_is_there_if_it_can_be_sealed_and_has_huge_pages_if_the_kernel_does() -> None:
    """backends/hostmem-memfd.c:register_types; memfd_create(2): MFD_HUGETLB is 4."""
    without = (
        "Parameter 'hugetlb' is unexpected",
        "Property 'memory-backend-memfd.hugetlb' not found",
    )
    for seals, huge in ((True, True), (True, False), (False, True), (False, False)):
        machine = Machine(memfd_probe=[lambda flags, s=seals, h=huge: h if flags & 4 else s])
        said = machine.add("memfd", hugetlb=True)
        assert (said == {}) is (seals and huge)
        assert (machine.add("memfd", id="m1") == {}) is seals
        if seals and not huge:
            assert said in without


def test_without_libnuma_nothing_is_bound() -> None:
    """backends/hostmem.c without CONFIG_NUMA; no such build was run."""
    machine = Machine(platform=Platform(libnuma=False))
    assert machine.add("ram") == {}
    assert machine.host.made("mbind") == []
    assert len(machine.host.made("mmap")) == 2


def test_pmem_needs_libpmem() -> None:
    """qapi/qom.json: without CONFIG_LIBPMEM there is no such property; no such build was run."""
    for value in (True, False):
        machine = Machine(platform=Platform(libpmem=True))
        assert machine.add("file", mem_path="/f", pmem=value) == {}
        machine = Machine(platform=Platform(libpmem=False))
        answer = machine.add("file", mem_path="/f", pmem=value)
        assert answer == "Parameter 'pmem' is unexpected"


@pytest.mark.parametrize("words", [("-mem-prealloc",), ()])
def test_what_is_preallocated_must_be_reserved(words: tuple[str, ...]) -> None:
    """With -mem-prealloc memory is to be preallocated before an object says anything."""
    for given in ({"prealloc": True, "reserve": False}, {"reserve": False, "prealloc": True}):
        machine = Machine(*words)
        assert machine.add("ram", **given) == "'prealloc=on' and 'reserve=off' are incompatible"
        assert machine.host.made("mmap") == []
    alone = Machine(*words).add("ram", reserve=False)
    assert (alone == {}) is (not words)


def test_an_object_without_memory_can_be_deleted_at_any_time() -> None:
    machine = Machine("-object", "iothread,id=io0")
    assert machine.do("object-del", id="io0") == {}
    assert machine.do("object-del", id="io0") == "object 'io0' not found"


@pytest.mark.parametrize(
    ("args", "machine"),
    [
        ((), "none"),
        (("-smp", "1"), "pc"),
        (("-object", "memory-backend-ram,id=m0,size=4M"), "none"),
        (("-device", "virtio-balloon-pci"), "none"),
        (("-m", "8M"), "pc"),
        (("-numa", "node"), "pc"),
        (("-mem-prealloc",), "pc"),
        (("-mem-path", "/f"), "pc"),
        (("-device", "pc-dimm,memdev=m0"), "none"),
        (("-device", "nvdimm,memdev=m0"), "pc"),
    ],
)
def test_without_a_machine_the_line_says_which_one_is_meant(
    args: tuple[str, ...], machine: str
) -> None:
    """A convention of the model's: QEMU itself makes a pc."""
    process = Process(list(args), ToldHost(), QEMU_7_2)
    process.start()
    assert process.qemu.assumed_machine == machine


def test_anonymous_memory_can_be_written_where_the_kernel_populates_nothing() -> None:
    """Before Linux 5.14, as with the program that was built for it: each page is touched."""
    machine = Machine(madvise=[lambda _addr, _size, advice: -22 if advice == 23 else 0])
    assert machine.add("ram", prealloc=True) == {}
    assert [call[0] for call in machine.host.made("touch_pages")] == ["touch_pages"]


@pytest.mark.parametrize(
    ("accelerator", "warnings"), [("tcg", 1), ("kvm", 0), ("hvf", 0), ("xen", 0)]
)
def test_only_the_emulated_amd_cpu_is_warned_of_threads(accelerator: str, warnings: int) -> None:
    """target/i386/cpu.c: under an accelerator the CPU is called as the host's is."""
    host = ToldHost(Platform(accelerator=accelerator))
    process = Process(["-machine", "pc", "-smp", "2,threads=2"], host, QEMU_7_2)
    assert process.start()
    assert len([line for line in process.qemu.stderr if "hyperthreading" in line]) == warnings


def test_two_objects_alike_are_two() -> None:
    """In C they are told apart by address."""
    for kind in (HostMemoryBackend, HostMemoryBackendFile, HostMemoryBackendMemfd, RAMBlock):
        assert kind.__eq__ is object.__eq__


def test_help_tells_which_machines_are_deprecated() -> None:
    process = Process(["-machine", "help"], ToldHost(), QEMU_7_2)
    assert not process.start()
    listed = list(process.finish().stdout)
    assert [line.split()[0] for line in listed if line.endswith(" (deprecated)")] == [
        f"pc-i440fx-1.{minor}" for minor in (7, 6, 5, 4)
    ]
    assert [line for line in listed if line.endswith(" (default)")] == [
        "pc-i440fx-7.2        Standard PC (i440FX + PIIX, 1996) (default)"
    ]


def test_devices_without_memory_are_said_to_be_ignored() -> None:
    line = Machine("-device", "virtio-rng-pci", "-device", "pc-dimm,memdev=m0").process.line
    assert line.ignored == ["-device virtio-rng-pci"]


def test_a_command_of_qemu_that_is_not_modelled_is_said_to_be_one() -> None:
    machine = Machine()
    with pytest.raises(NotModelled, match=r"^query-status$"):
        machine.do("query-status")
    assert machine.do("query-statuz") == "The command query-statuz has not been found"


def test_a_word_without_a_dash_is_a_disk_and_no_option() -> None:
    """Seen with an image that is there; what disks do is not modelled."""
    memory = ("-object", "memory-backend-ram,id=m0,size=1M")
    for line in (("disk.img",), ("disk.img", *memory), (*memory, "disk.img")):
        machine = Machine(*line)
        assert (machine.started, machine.process.qemu.stderr) == (True, [])
        assert len(machine.do("query-memdev")) == (len(line) - 1) // 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": "' + chr(0xD800) + '"}', "JSON parse error, invalid UTF-8 sequence in string"),
        ('{"a": "' + chr(0xDFFF) + '"}', "JSON parse error, invalid UTF-8 sequence in string"),
        ('{}{"a":}', "Expecting at most one JSON value"),
        ("{}{}", "Expecting at most one JSON value"),
    ],
)
def test_what_is_no_json_or_too_much(text: str, said: str) -> None:
    """A half of a surrogate pair stands for what is no UTF-8 where words are bytes."""
    with pytest.raises(Error) as error:
        qobject_from_json(qemu_on(ToldHost(), QEMU_7_2), text)
    assert error.value.text_in(QEMU_7_2) == said
