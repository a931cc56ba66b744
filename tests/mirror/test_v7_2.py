"""What is special about QEMU 7.2: each sentence was seen on Debian's 7.2.22."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mirror_host import ToldHost, qemu_on

from qemu_model.cutils import do_strtosz
from qemu_model.glib import GHashTable
from qemu_model.host import profiles
from qemu_model.host.faults import Fault, FaultHost
from qemu_model.host.simulated import SimulatedHost
from qemu_model.json_parser import qobject_from_json
from qemu_model.process import Run, run
from qemu_model.revision import QEMU_7_2, find

QEMU = qemu_on(ToldHost(), QEMU_7_2)

MIB = 1 << 20


def on(profile: str, *args: str, qmp: Any = ()) -> Run:
    return run(args, SimulatedHost(profiles.load(profile)), QEMU_7_2, qmp=qmp)


def calls(done: Run, call: str) -> list[dict[str, Any]]:
    return [event.named_args() for event in done.events if event.call == call]


def test_the_revision_has_two_names() -> None:
    assert QEMU_7_2 == find("v7.2") == find("qemu-7.2")
    assert QEMU_7_2.meaning == "QEMU 7.2, December 2022"


def test_share_and_pmem_ask_for_map_sync_and_a_refusal_is_warned_of() -> None:
    path = profiles.load("ext4").mem_path
    done = on(
        "ext4", "-object", f"memory-backend-file,id=b0,mem-path={path},size=4M,share=on,pmem=on"
    )
    assert [call["flags"] for call in calls(done, "mmap")][1:] == [
        ["MAP_FIXED", "MAP_SHARED_VALIDATE", "MAP_SYNC"],
        ["MAP_FIXED", "MAP_SHARED"],
    ]
    assert done.stderr == (
        f"Warning: requesting persistence across crashes for backend file {path} failed. "
        "Proceeding without persistence, data might become corrupted in case of host crash.",
        "qemu: warning: Using non DAX backing file with 'pmem=on' option is deprecated",
    )


def test_on_dax_map_sync_is_in_force_and_nothing_is_said() -> None:
    path = profiles.load("ext4-dax").mem_path
    done = on(
        "ext4-dax", "-object", f"memory-backend-file,id=b0,mem-path={path},size=4M,share=on,pmem=on"
    )
    assert (done.exit, done.stderr, len(calls(done, "mmap"))) == (0, (), 2)
    assert "sf" in (done.mappings[0].vm_flags or ())


def test_a_device_dax_needs_its_alignment_and_is_never_seeked() -> None:
    path = profiles.load("device-dax").mem_path
    line = f"memory-backend-file,id=b0,mem-path={path},size=4M,share=on,pmem=on"
    refused = on("device-dax", "-object", line)
    assert refused.stderr == ("qemu: unable to map backing store for guest RAM: Invalid argument",)
    aligned = on("device-dax", "-object", f"{line},align=2M")
    assert (aligned.exit, aligned.stderr) == (0, ())
    assert calls(aligned, "lseek") == []
    assert calls(aligned, "ftruncate") == []


def test_preallocation_asks_the_kernel_and_tries_one_page_first() -> None:
    done = on("default", "-object", "memory-backend-ram,id=b0,size=4M,prealloc=on")
    populated = [
        call["length"] for call in calls(done, "madvise") if call["advice"] == "MADV_POPULATE_WRITE"
    ]
    assert populated == [4096, 4 * MIB]


def test_without_overcommit_reserve_off_is_refused_without_a_reason() -> None:
    done = on("no-overcommit", "-object", "memory-backend-ram,id=b0,size=4M,reserve=off")
    assert done.exit == 1
    assert done.stderr == (
        "qemu: Skipping reservation of swap space is not supported:  "
        '"/proc/sys/vm/overcommit_memory" is "2"',
        "qemu: cannot set up guest memory 'b0'",
    )


def test_nothing_is_bound_without_nodes() -> None:
    assert calls(on("default", "-object", "memory-backend-ram,id=b0,size=4M"), "mbind") == []


def test_readonly_memory_kills_the_qemu_that_preallocates_it() -> None:
    path = profiles.load("ext4").mem_path
    line = f"memory-backend-file,id=b0,mem-path={path},size=4M,readonly=on,prealloc=on"
    done = on("ext4", "-object", line)
    assert (done.exit, done.stderr) == (-11, ())


def test_a_warning_under_qmp_has_no_program_name() -> None:
    path = profiles.load("ext4").mem_path
    add = {
        "execute": "object-add",
        "arguments": {
            "qom-type": "memory-backend-file",
            "id": "b0",
            "mem-path": path,
            "size": 4 * MIB,
            "share": True,
            "pmem": True,
        },
    }
    done = on("ext4", qmp=[add])
    assert (
        done.stderr[1] == "warning: Using non DAX backing file with 'pmem=on' option is deprecated"
    )
    assert done.replies == ({"return": {}},)


@given(st.integers(0, (1 << 64) - 1))
def test_a_decimal_number_is_its_own_size(size: int) -> None:
    assert do_strtosz(QEMU, str(size)) == size
    assert do_strtosz(QEMU, hex(size)) == size


@pytest.mark.parametrize(
    ("text", "size"),
    [("1.5M", 1572864), ("0x1M", MIB), ("1.M", MIB), ("0.000001M", 1), ("1.00001M", 1048586)],
)
def test_fractions_and_units_are_as_qemu_reported_them(text: str, size: int) -> None:
    assert do_strtosz(QEMU, text) == size


@pytest.mark.parametrize("text", ["x", "", "0x1.5", "0x1.5M", "1x", "1MM", "1.5", "1.5B", "M"])
def test_what_is_no_size_is_einval(text: str) -> None:
    """util/cutils.c:do_strtosz; 22 is EINVAL, and errors are negative."""
    assert do_strtosz(QEMU, text) == -22


def test_numbers_of_more_than_64_bits_are_doubles() -> None:
    """docs/interop/qmp-spec.txt, and qobject/json-parser.c: the others are whole."""
    texts = ["18446744073709551615", "-9223372036854775808"]
    assert [type(qobject_from_json(QEMU, text)) for text in texts] == [int, int]
    beyond = ["18446744073709551616", "-9223372036854775809", "36893488147419103231"]
    assert [type(qobject_from_json(QEMU, text)) for text in beyond] == [float] * 3


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(1 << 63), (1 << 64) - 1)
        | st.text(st.characters(codec="ascii", min_codepoint=32)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    )
)
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    assert qobject_from_json(QEMU, json.dumps({"a": value})) == {"a": value}


@pytest.mark.parametrize(
    ("names", "first"),
    # The names of unknown members that Debian's 7.2.22 blamed first.
    [(("foo", "bar"), "bar")],
)
def test_the_first_of_several_unknown_members_is_glibs(names: tuple[str, ...], first: str) -> None:
    add = {
        "execute": "object-add",
        "arguments": {"qom-type": "memory-backend-ram", "id": "b0", "size": 1},
    }
    add["arguments"].update(dict.fromkeys(names, 1))  # type: ignore[attr-defined] - a dictionary
    done = on("default", qmp=[add])
    assert done.replies[0]["error"]["desc"] == f"Parameter '{first}' is unexpected"


@given(st.lists(st.text(min_size=1, max_size=6)))
def test_a_hash_table_holds_what_was_put_in_and_not_taken_out(keys: list[str]) -> None:
    table = GHashTable(keys)
    assert sorted(table) == sorted(set(keys))
    for key in keys[::2]:
        table.remove(key)
    assert sorted(table) == sorted(set(keys) - set(keys[::2]))


def test_on_ppc64_a_guard_larger_than_the_alignment_is_an_assertion_that_fails() -> None:
    # The line's number and words are those of the installed program; no ppc64 was run.
    host = SimulatedHost(profiles.load("ppc64-hugetlbfs"))
    file = f"memory-backend-file,id=b0,size=16M,mem-path={host.profile.mem_path}"
    unknown = FaultHost(host, [Fault.nth("fstatfs", 5, 1)])
    done = run(["-object", file], unknown, QEMU_7_2)
    assert done.exit == -6
    assert done.stderr == (
        "qemu: ../../util/mmap-alloc.c:242: qemu_ram_mmap: "
        "Assertion `align >= guard_pagesize' failed.",
    )
    assert (done.leaks.fds, done.leaks.mappings) == (0, 0)
