"""QMP, JSON, and types and paths of objects, where few people look: word for word.

The expected side is what QEMU 7.2 was seen to say (``conform`` asks it the same);
where 3.1 differs, the function of 3.1 is named.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from mirror_host import HUGE, ToldHost

from qemu_model.front_end import NotModelled
from qemu_model.host.linux import MADV_DONTDUMP
from qemu_model.process import run
from qemu_model.revision import BASE, QEMU_7_2, V8, Revision

NEGOTIATE = {"execute": "qmp_capabilities"}
QUIT = {"execute": "quit"}
RAM = ("-object", "memory-backend-ram,id=b0,size=4M")
EINVAL = -22


def command(execute: str, **arguments: Any) -> dict[str, Any]:
    """Return a command with its arguments."""
    return {"execute": execute, "arguments": arguments}


def error(desc: str, kind: str = "GenericError") -> dict[str, Any]:
    """Return the reply that an error is."""
    return {"error": {"class": kind, "desc": desc}}


def replies(revision: Revision, *requests: Any, args: tuple[str, ...] = ()) -> list[Any]:
    """Return what a QEMU replies to the requests."""
    done = run(["-M", "none", *args], ToldHost(), revision, qmp=requests)
    return list(done.replies)


BOTH = pytest.mark.parametrize("revision", [BASE, V8, QEMU_7_2], ids=lambda one: one.name)
NOT_YET = "Expecting capabilities negotiation with 'qmp_capabilities'"
ALREADY = "Capabilities negotiation is already complete, command ignored"


@BOTH
def test_before_the_negotiation_what_is_no_command_is_told_first(revision: Revision) -> None:
    assert [
        {**error(NOT_YET, "CommandNotFound"), "id": 5},
        error("QMP input member 'foo' is unexpected"),
        error("QMP input member 'execute' must be a string"),
        {**error("QMP input lacks member 'execute'"), "id": "x"},
        error("QMP input must be a JSON object"),
        error("Parameter 'foo' is unexpected"),
        error("Invalid parameter type for 'enable', expected: array"),
        {"return": {}, "id": 0},
        {**error(ALREADY, "CommandNotFound"), "id": 1},
    ] == replies(
        revision,
        {"execute": "query-memdev", "id": 5},
        {"execute": "query-memdev", "foo": 1},
        {"execute": 3},
        {"id": "x"},
        [],
        command("qmp_capabilities", foo=1),
        command("qmp_capabilities", enable=1),
        {"execute": "qmp_capabilities", "id": 0},
        {"execute": "qmp_capabilities", "id": 1},
    )


@BOTH
def test_of_several_members_too_many_the_first_of_a_dictionary_is_told(revision: Revision) -> None:
    """qobject/qdict.c walks its buckets, and GLib its table, whatever the order in the text."""
    assert [
        {"return": {}},
        error("QMP input member 'aa' is unexpected"),
        error("Parameter 'aa' is unexpected"),
    ] == replies(
        revision,
        NEGOTIATE,
        {"execute": "query-memdev", "zz": 1, "aa": 2, "arguments": 3},
        command("query-memdev", zz=1, aa=2, mm=3),
    )


#: Paths, a property of what they lead to, and its value; None where there is nothing.
PATHS = (
    ("/", "type", "container"),
    ("", "type", None),
    ("/objects", "type", "container"),
    ("objects", "type", "container"),
    ("/machine", "type", "none-machine"),
    ("machine", "type", "none-machine"),
    ("//objects//b0/", "type", "memory-backend-ram"),
    ("b0", "size", 4 << 20),
    ("objects/b0", "size", 4 << 20),
    ("/b0", "size", None),
    ("/objects", "b0", "/objects/b0"),
    ("/", "objects", "/objects"),
    ("/objects/b0/x", "size", None),
    ("x/b0", "size", None),
)


@BOTH
@pytest.mark.parametrize(("path", "name", "value"), PATHS)
def test_a_path_leads_to_an_object_or_a_place_above_it(
    revision: Revision, path: str, name: str, value: object
) -> None:
    expected = (
        error(f"Device '{path}' not found", "DeviceNotFound")
        if value is None
        else {"return": value}
    )
    _, said = replies(revision, NEGOTIATE, command("qom-get", path=path, property=name), args=RAM)
    assert expected == said


@BOTH
def test_the_place_of_objects_is_made_by_the_first_who_asks_for_it(revision: Revision) -> None:
    """object_get_objects_root(): query-memdev calls it, and object-del; a path does not."""
    root = command("qom-get", path="/objects", property="type")
    absent = error("Device '/objects' not found", "DeviceNotFound")
    for asking in ({"execute": "query-memdev"}, command("object-del", id="x")):
        _, before, _, after = replies(revision, NEGOTIATE, root, asking, root)
        assert (before, after) == (absent, {"return": "container"})


@BOTH
def test_the_machine_keeps_its_other_properties_to_itself(revision: Revision) -> None:
    with pytest.raises(NotModelled, match="qom-get /machine mem-merge"):
        replies(revision, NEGOTIATE, command("qom-get", path="/machine", property="mem-merge"))


@pytest.mark.parametrize(
    ("revision", "read_only", "absent"),
    [
        # qom/object.c:object_property_set and object_property_find of 3.1.
        (V8, "Insufficient permission to perform this operation", "Property '.b9' not found"),
        (QEMU_7_2, "Property 'container.b0' is not writable", "Property 'container.b9' not found"),
    ],
)
def test_children_of_a_container_can_only_be_read(
    revision: Revision, read_only: str, absent: str
) -> None:
    value = command("qom-set", path="/objects", property="b0", value="x")
    nothing = command("qom-get", path="/objects", property="b9")
    assert [{"return": {}}, error(read_only), error(absent)] == replies(
        revision, NEGOTIATE, value, nothing, args=RAM
    )


@pytest.mark.parametrize("revision", [V8, QEMU_7_2], ids=lambda one: one.name)
def test_type_is_no_id_since_every_object_has_that_property(revision: Revision) -> None:
    props = {"size": 4096}
    more = props if revision is QEMU_7_2 else {"props": props}
    add = {"qom-type": "memory-backend-ram", "id": "type", **more}
    assert [
        {"return": {}},
        error("attempt to add duplicate property 'type' to object (type 'container')"),
        error("object 'type' not found"),
    ] == replies(
        revision,
        NEGOTIATE,
        {"execute": "object-add", "arguments": add},
        command("object-del", id="type"),
    )


@pytest.mark.parametrize(
    "kind", ["pc-dimm", "nvdimm", "container", "none-machine", "device", "isapc-machine"]
)
def test_a_type_that_is_not_for_users_is_told_from_one_that_there_is_not(kind: str) -> None:
    """qom/object_interfaces.c:user_creatable_add_type of 3.1; 7.2 asks its schema instead."""
    where = f"qemu: -object {kind},id=x:"
    for revision in (BASE, V8):
        done = run(["-M", "none", "-object", f"{kind},id=x"], ToldHost(), revision)
        assert (done.exit, done.stderr) == (
            1,
            (f"{where} object type '{kind}' isn't supported by object-add",),
        )
    done = run(["-M", "none", "-object", "nothing,id=x"], ToldHost(), V8)
    assert done.stderr == ("qemu: -object nothing,id=x: invalid object type: nothing",)


@BOTH
@pytest.mark.parametrize("what", ["ram", "file"])
def test_a_refused_dontdump_is_told_if_the_machine_wants_it_and_qemu_goes_on(
    revision: Revision, what: str
) -> None:
    """exec.c:qemu_ram_setup_dump; the backend's own dump=off says nothing."""

    def refuse(_addr: int, _length: int, advice: int) -> int:
        return EINVAL if advice == MADV_DONTDUMP else 0

    path = ",mem-path=/f" if what == "file" else ""
    line = ("-object", f"memory-backend-{what},id=b0,size=4M{path}")
    for machine, expected in (
        (
            "none,dump-guest-core=off",
            (
                "qemu_madvise: Invalid argument",
                "madvise doesn't support MADV_DONTDUMP, but dump_guest_core=off specified",
            ),
        ),
        ("none", ()),
    ):
        host = ToldHost(madvise=[refuse], fstatfs=[HUGE])
        done = run(["-M", machine, *line], host, revision)
        assert (done.exit, done.stderr) == (0, expected)
    done = run(["-M", "none", line[0], line[1] + ",dump=off"], ToldHost(madvise=[refuse]), revision)
    assert (done.exit, done.stderr) == (0, ())


@pytest.mark.parametrize(
    ("request_", "desc"),
    [
        (command("object-add", id="m0"), "Parameter 'qom-type' is missing"),
        (command("object-add", **{"qom-type": "iothread"}), "Parameter 'id' is missing"),
        (
            command("object-add", **{"qom-type": "iothread", "id": "m", "props": 1}),
            "Invalid parameter type for 'props', expected: dict",
        ),
        (command("qom-set", property="size", value=1), "Parameter 'path' is missing"),
        (command("qom-set", path="m0", value=1), "Parameter 'property' is missing"),
        (command("query-statuz"), "The command query-statuz has not been found"),
    ],
)
def test_missing_or_wrong_argument_is_named(request_: dict[str, Any], desc: str) -> None:
    """qapi/qmp-dispatch.c and the visitors of 3.1."""
    kind = "CommandNotFound" if "found" in desc else "GenericError"
    assert replies(V8, NEGOTIATE, request_) == [{"return": {}}, error(desc, kind)]


@BOTH
def test_command_of_qemu_that_is_not_modelled_is_named(revision: Revision) -> None:
    with pytest.raises(NotModelled, match=r"^query-status$"):
        replies(revision, NEGOTIATE, {"execute": "query-status"})
