"""Objects, by QMP and as text: ``qom``, ``qmp``, ``qapi/qobject-input-visitor.c``.

Expected texts are those that the trees of 2018 were recorded to print.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from mirror_host import PAGE, ToldHost, qemu_on
from mirror_process import FILE, RAM, Machine

from qemu_model.hostmem_file import TYPE_MEMORY_BACKEND_FILE
from qemu_model.opts_visitor import OptsVisitor
from qemu_model.qdict import qdict_order, tdb_hash
from qemu_model.qemu_option import qemu_opts_parse
from qemu_model.qmp import NotModelled
from qemu_model.qom import object_property_help

MIB = 1 << 20


def test_objects_are_found_by_path_and_go_once() -> None:
    """Recorded: DeviceNotFound, and the ways to name an object."""
    machine = Machine()
    machine.add(RAM, size=MIB)
    for path in ("m0", "/objects/m0", "objects/m0", "//objects//m0"):
        assert machine.get("size", path) == MIB
    for path in ("m1", "/m0", "/objects/m1", "/objects/m0/x", "x/m0", "",
                 "/a/m0", "/z/m0", "objects/m0/m0", "a/objects/m0"):  # fmt: skip
        assert machine.get("size", path) == f"Device '{path}' not found"
        assert machine.process.replies[-1]["error"]["class"] == "DeviceNotFound"
    for path in ("/", "/objects", "/objects/m0"):
        assert machine.get("foo", path) == "Property '.foo' not found"
    assert machine.set("foo", 1) == "Property '.foo' not found"
    assert machine.set("type", "x") == "Insufficient permission to perform this operation"
    assert machine.add(RAM, size=MIB) == (
        "attempt to add duplicate property 'm0' to object (type 'container')"
    )
    assert machine.do("object-del", id="m0") == {}
    assert machine.do("object-del", id="m0") == "object 'm0' not found"
    assert machine.process.replies[-1]["error"]["class"] == "GenericError"
    assert machine.add(RAM, size=MIB) == {}


def test_types_that_cannot_be_made() -> None:
    """Recorded: no such type, and an abstract one."""
    machine = Machine()
    assert machine.add("foo") == "invalid object type: foo"
    assert machine.add("memory-backend") == "object type 'memory-backend' is abstract"
    for name in ("nvdimm", "pc-dimm", "container", "none-machine"):
        assert machine.add(name) == f"object type '{name}' isn't supported by object-add"
    assert machine.do("query-memdev") == []


@pytest.mark.parametrize(
    ("request_", "desc"),
    [
        (1, "QMP input must be a JSON object"),
        ({}, "QMP input lacks member 'execute'"),
        ({"execute": 1}, "QMP input member 'execute' must be a string"),
        (
            {"execute": "quit", "arguments": 1},
            "QMP input member 'arguments' must be an object",
        ),
        ({"execute": "quit", "foo": 1}, "QMP input member 'foo' is unexpected"),
        ({"execute": "foo"}, "The command foo has not been found"),
        ({"execute": "quit", "arguments": {"x": 1}}, "Parameter 'x' is unexpected"),
        ({"execute": "query-memdev", "arguments": {"x": 1}}, "Parameter 'x' is unexpected"),
        ({"execute": "object-del"}, "Parameter 'id' is missing"),
        (
            {"execute": "object-del", "arguments": {"id": 1}},
            "Invalid parameter type for 'id', expected: string",
        ),
        ({"execute": "object-add", "arguments": {"id": "m0"}}, "Parameter 'qom-type' is missing"),
        (
            {"execute": "object-add", "arguments": {"qom-type": RAM, "id": "m", "props": 1}},
            "Invalid parameter type for 'props', expected: dict",
        ),
        (
            {"execute": "object-add", "arguments": {"qom-type": RAM, "id": "m", "size": 1}},
            "Parameter 'size' is unexpected",
        ),
        (
            {"execute": "object-add", "arguments": {"qom-type": RAM, "id": "m", "qom_type": 1}},
            "Parameter 'qom_type' is unexpected",
        ),
        ({"execute": "qom-get", "arguments": {"path": "m0"}}, "Parameter 'property' is missing"),
        (
            {"execute": "qom-set", "arguments": {"path": "m0", "property": "size"}},
            "Parameter 'value' is missing",
        ),
        (
            {"execute": "qom-set", "arguments": {"property": "size", "value": 1}},
            "Parameter 'path' is missing",
        ),
        (
            {"execute": "qom-set", "arguments": {"path": "m0", "value": 1}},
            "Parameter 'property' is missing",
        ),
        ({"execute": "qom-get", "arguments": {"property": "size"}}, "Parameter 'path' is missing"),
        ({"execute": "object-add", "arguments": {"qom-type": RAM}}, "Parameter 'id' is missing"),
        ({"execute": "quit", "a": 1}, "QMP input member 'a' is unexpected"),
        ({"execute": "quit", "z": 1}, "QMP input member 'z' is unexpected"),
    ],
)
def test_what_is_no_command_is_refused(request_: Any, desc: str) -> None:
    """The texts of qapi/qmp-dispatch.c and of the visitors, as recorded for several of them."""
    machine = Machine()
    machine.process.command(request_)
    kind = "CommandNotFound" if "not been found" in desc else "GenericError"
    assert machine.process.replies == [{"error": {"class": kind, "desc": desc}}]
    if isinstance(request_, dict):
        machine.process.command({**request_, "id": 7})
        assert machine.process.replies[-1]["id"] == 7


def test_a_command_of_qemus_that_is_left_out_is_named() -> None:
    """The model's own limit: such a command is neither served nor called unknown."""
    with pytest.raises(NotModelled, match=r"^query-status$"):
        Machine().process.command({"execute": "query-status"})


def test_other_objects_than_the_machine_have_their_properties() -> None:
    """qom/object.c; types before and after the machine's in the alphabet."""
    machine = Machine("-object", "iothread,id=o0", "-object", "throttle-group,id=o1")
    for name, kind in (("o0", "iothread"), ("o1", "throttle-group")):
        assert machine.get("type", f"/objects/{name}") == kind
        assert machine.get("foo", f"/objects/{name}") == "Property '.foo' not found"


SIZES: tuple[tuple[Any, Any], ...] = (
    (1, 1),
    ((1 << 64) - 1, "find_ram_offset"),
    (1 << 64, "Parameter 'size' expects uint64"),
    ((1 << 64) + 1, "Parameter 'size' expects uint64"),
    (-(1 << 63) - 1, "Parameter 'size' expects uint64"),
    (1.5, "Parameter 'size' expects uint64"),
    ("1M", "Parameter 'size' expects uint64"),
    (True, "Parameter 'size' expects uint64"),
    (None, "Parameter 'size' expects uint64"),
)


def test_an_object_without_memory_can_be_deleted_at_any_time() -> None:
    """qom/object_interfaces.c: only a type that says no keeps its objects."""
    machine = Machine("-object", "iothread,id=io0")
    assert machine.do("object-del", id="io0") == {}
    assert machine.do("object-del", id="io0") == "object 'io0' not found"


@pytest.mark.parametrize(("given", "expected"), SIZES)
def test_a_size_in_json_is_a_number(given: Any, expected: Any) -> None:
    """Recorded: 64 bits, a sign wraps, text is refused."""
    machine = Machine()
    machine.process.command(
        {
            "execute": "object-add",
            "arguments": {"qom-type": RAM, "id": "m0", "props": {"size": given}},
        }
    )
    if expected == "find_ram_offset":
        assert machine.process.finish().exit == -6
    elif isinstance(expected, int):
        assert machine.get("size") == expected
    else:
        assert machine.process.replies[-1]["error"]["desc"] == expected


@pytest.mark.parametrize("given", [-1, -(1 << 63), (1 << 63) - 1, (1 << 64) - 1])
def test_a_negative_alignment_in_json_wraps(given: int) -> None:
    """qapi/qobject-input-visitor.c: numbers had a sign before they had none."""
    machine = Machine()
    wrapped = given % (1 << 64)
    page = wrapped % PAGE
    said = machine.add(FILE, size=MIB, align=given)
    if page:
        text = f"alignment {wrapped:#x} must be multiples of page size 0x1000"
        assert said == text
    else:
        assert machine.host.made("mmap")[0][2] == (MIB + wrapped) % (1 << 64)


def test_kinds_of_values_in_json() -> None:
    """Recorded: each visitor names what it expects."""
    machine = Machine()
    machine.add(RAM, size=MIB)
    for name, value, kind in (
        ("share", "on", "boolean"),
        ("merge", 1, "boolean"),
        ("policy", 1, "string"),
    ):
        expected = f"Invalid parameter type for '{name}', expected: {kind}"
        assert machine.set(name, value) == expected


def test_the_hash_of_a_name() -> None:
    """qobject/qdict.c:tdb_hash, worked out by hand: of nothing it is the constant it adds."""
    assert (tdb_hash(""), tdb_hash("a")) == (12345, 155874025)


def test_qdict_is_walked_by_bucket_the_newest_first() -> None:
    """Measured: the order in which -object sets properties, which shows in which one fails."""
    order = ["share", "prealloc", "host-nodes", "size", "merge", "dump", "pmem", "policy"]
    rest = ["discard-data", "mem-path", "align"]
    assert qdict_order([*rest, *order]) == [*order, *rest]
    same = [f"p{number}" for number in range(3000)]
    buckets = [tdb_hash(name) % 512 for name in qdict_order(same)]
    assert buckets == sorted(buckets)
    first = qdict_order(same)
    in_first_bucket = [name for name in first if tdb_hash(name) % 512 == buckets[0]]
    assert in_first_bucket == sorted(in_first_bucket, key=same.index, reverse=True)


def test_help_shows_type_and_description() -> None:
    """Recorded: -object memory-backend-file,help."""
    properties = TYPE_MEMORY_BACKEND_FILE.properties
    assert object_property_help(properties["size"]) == (
        "  size=<int>             - Size of the memory region (ex: 500M)"
    )
    assert object_property_help(properties["pmem"]) == "  pmem=<bool>"


def visitor(text: str) -> OptsVisitor:
    """Return what reads the properties of an -object."""
    return OptsVisitor(qemu_on(ToldHost()), qemu_opts_parse(text, "qom-type"))


def test_options_read_as_recorded() -> None:
    """Recorded: booleans, two of one name, a comma, a list."""
    assert visitor("x,share").type_bool("share") is True
    assert visitor("x,noshare").type_bool("share") is False
    assert visitor("x,share=off,share=on").type_bool("share") is True
    assert visitor("x,mem-path=/a,,b,size=1").type_str("mem-path") == "/a,b"
    assert visitor("x,mem-path=/a,,,,b,,").type_str("mem-path") == "/a,,b,"
    assert visitor("x,mem-path=,size=4").type_str("mem-path") == ""
    assert visitor("x,host-nodes=1-3,host-nodes=7").uint16_list("host-nodes") == [1, 2, 3, 7]
    assert visitor("id=a,x").has("id") is True
    assert visitor("x,id=a,b").has("size") is False
