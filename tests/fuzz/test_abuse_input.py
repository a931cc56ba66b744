"""Whatever is typed or given as a file, there is an answer: no traceback, no hang, no flood.

The expected side is the contract: statuses that are QEMU's or 2, one line for what is
wrong with our own options and files, JSON where JSON was asked for, within the time and
the memory that ``fuzz/targets.py`` names.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

sys.path.append(str(Path(__file__).parents[1] / "fuzz"))

import targets
from conftest import Figure
from corpus import seeds, spoilt
from every_call import seed
from hypothesis import seed as seeded
from sampling import WHOLE

#: How many inputs are tried for each kind.
MANY = 1500 if WHOLE else 80
PAGE = resource.getpagesize()


@contextmanager
def bounded(memory: int = 1 << 30) -> Iterator[None]:
    """Let this process have so many bytes more than now, and each input its time."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * PAGE
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + memory, hard))
    try:
        with targets.patience():
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a defect of ours show itself."""
    monkeypatch.setenv("QEMU_MODEL_TRACEBACK", "1")


def settled(examples: int) -> settings:
    return settings(
        max_examples=examples,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("target", list(targets.TARGETS))
def test_whatever_is_given_is_answered(target: str, figure: Figure) -> None:
    inputs = 0

    @seeded(f"{seed()} {target}")
    @settled(MANY if target != "log" else MANY // 5)
    @given(spoilt(target))
    def check(data: bytes) -> None:
        nonlocal inputs
        inputs += 1
        with bounded():
            targets.TARGETS[target](data)

    check()
    figure(inputs, f"inputs of '{target}' (sample {seed()})")
    assert inputs > MANY // 10


@pytest.mark.parametrize("target", list(targets.TARGETS))
def test_the_inputs_to_begin_with_are_understood(target: str) -> None:
    known = seeds(target)
    assert len(known) > 10
    with bounded():
        targets.TARGETS[target](known[0])


FILE = b"memory-backend-file,id=m0,size=4M,mem-path="
RAM = b"memory-backend-ram,id=m0,size="
EXECVE = b'1 execve("/usr/bin/qemu-system-x86_64", ["qemu", "-object", "%s"], 0x1) = 0\n' % (
    RAM + b"4M"
)
#: Inputs of which the size, the depth or a number is beyond all measure.
BEYOND = {
    "options": (
        RAM + b"9" * 5000,
        RAM + b"0x" + b"f" * 5000,
        RAM + b"4M,host-nodes=" + b"9" * 6000,
        RAM + b"4M,host-nodes=0-18446744073709551615",
        b"{" * 100_000,
        b'{"qom-type":"memory-backend-ram","id":"a","size":' + b"[" * 5000,
        b'{"a":' * 1024 + b"1" + b"}" * 1024,
        b"a=," * 300_000,
        b"," * 1_000_000,
        FILE + b"a/" * 100_000,
        b"memory-backend-ram,id=" + b"a" * 1_000_000,
    ),
    "line": (
        b"-m\n" + b"9" * 5000,
        b"-smp\ncpus=" + b"9" * 5000,
        b"-smp\n4294967295",
        b"-m\n4G,slots=99999999999999,maxmem=1e500",
        b"-m\n4M\n" + b"-numa\nnode\n" * 1000,
        b"-object\nmemory-backend-ram,id=a,size=1\n" * 1000,
        b"-numa\nnode,nodeid=" + b"1" * 5000,
        b"-" * 100_000,
    ),
    "explained": (b"-smp\n4294967295\n-m\n1G",),
    "qmp": (
        b"[" * 100_000,
        b"[" * 400 + b"]" * 400,
        b'[{"execute":"qom-set","arguments":{"path":"/objects/m0","property":"size","value":'
        + b"9" * 4000
        + b"}}]",
        b'[{"execute":"object-add","arguments":{"qom-type":"memory-backend-ram","props":'
        + b'{"a":' * 900
        + b"1"
        + b"}" * 900
        + b"}}]",
        b"[" + b'{"execute":"query-memdev"},' * 5000 + b"{}]",
    ),
    "profile": (
        b'{"name":"a","title":"t","kernel":{"memory":' + b"9" * 4000 + b"}}",
        b'{"name":"a","title":"t","kernel":{"version":"' + b"9" * 5000 + b'.1"}}',
        b'{"name":"a","title":"t","based_on":"a"}',
        b'{"name":"a","title":"t","kernel":{"address_bits":1000000}}',
        b'{"' * 50_000,
    ),
    "log": (
        b"(" * 500_000,
        b"1 mmap(" * 50_000,
        b'1 execve("' + b"\\" * 50_000,
        EXECVE + b"1 mmap(NULL, 6291456, PROT_NONE, 0, -1, 0) = 0x" + b"f" * 5000,
        EXECVE + b"1 mmap(NULL, " + b"9" * 5000 + b", PROT_NONE, 0, -1, 0) = 0x1000\n",
        b"9" * 5000 + b" " + EXECVE,
    ),
    "why": (
        b"a" * 500_000,
        b"\n" * 100_000,
        b"can't open backing store " * 2000,
        b"memory size 0x" + b"f" * 5000 + b" must be equal to or larger than page size 0x1",
        b"cannot set up guest memory '" + b"a" * 100_000 + b"': x",
    ),
}


@pytest.mark.parametrize(
    ("target", "place"),
    [(target, place) for target, inputs in BEYOND.items() for place in range(len(inputs))],
)
@pytest.mark.parametrize("revision", [0, 1, 2], ids=["v8", "base", "v7.2"])
def test_what_is_beyond_all_measure_is_answered(target: str, place: int, revision: int) -> None:
    data = BEYOND[target][place]
    choice = bytes([0, revision]) if target in ("options", "line", "explained", "qmp") else b""
    with bounded():
        targets.TARGETS[target](choice + data)


@pytest.mark.parametrize("data", [b"\xff\xfe\xfd", b"\xed\xa0\x80", "\u2028\x1b[31m".encode()])
@pytest.mark.parametrize("target", list(targets.TARGETS))
def test_bytes_that_are_no_text_are_answered(target: str, data: bytes) -> None:
    with bounded():
        targets.TARGETS[target](b"\0\0" + data)
