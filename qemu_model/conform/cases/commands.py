"""Cases about a backend that lives: QMP commands, and what they may change."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from ..driver import Preparation
from .case import MIB, QUERY_MEMDEV, Case, add, an_object, command, get, removed, session, set_

#: The properties of the three backends that QMP can read.
PROPERTIES: Final = (
    "size",
    "share",
    "merge",
    "dump",
    "prealloc",
    "prealloc-threads",
    "prealloc-context",
    "host-nodes",
    "policy",
    "reserve",
    "mem-path",
    "align",
    "discard-data",
    "pmem",
    "readonly",
    "sync",
    "seal",
    "hugetlb",
    "hugetlbsize",
    "x-use-canonical-path-for-ramblock-id",
    "type",
)

_SETTINGS: Final[tuple[tuple[str, tuple[object, ...]], ...]] = (
    ("size", (8 * MIB, 0, "8M", -1, None, True, 4.5, [1])),
    ("share", (True, False, "on", 1, None)),
    ("merge", (False, True, "off", 0)),
    ("dump", (False, True, "off")),
    ("prealloc", (True, False, "on", None)),
    ("prealloc-threads", (2, 0, -1, "2", 4294967296, 1.0)),
    ("prealloc-context", ("b0", "none", "", 5, None)),
    ("policy", ("bind", "default", "bogus", 2, None)),
    ("reserve", (False, True, "off")),
    ("mem-path", ("/x", "", 5)),
    ("align", (4096, 0, "2M")),
    ("discard-data", (True, False, "on")),
    ("pmem", (True, False, "on")),
    ("readonly", (True, False, "on")),
    ("sync", (True,)),
    ("seal", (False, "on")),
    ("hugetlb", (True, "on")),
    ("hugetlbsize", (2 * MIB, 0, 3, "2M")),
    ("x-use-canonical-path-for-ramblock-id", (True, False, 5)),
    ("type", ("x",)),
)


_IMAGE: Final = "$files/q.img"
_BACKENDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "ram": an_object("memory-backend-ram,id=b0,size=4M"),
        "file": an_object(f"memory-backend-file,id=b0,mem-path={_IMAGE},size=4M,share=on"),
        "memfd": an_object("memory-backend-memfd,id=b0,size=4M"),
    }
)

#: What is asked of each kind of backend: words, and the commands.
_OF_EACH_KIND: Final[tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...]] = (
    ("read every property", tuple(get(name) for name in PROPERTIES if name != "host-nodes")),
    *(
        (
            f"set {name}",
            (
                *(command for value in values for command in (set_(name, value), get(name))),
                QUERY_MEMDEV,
            ),
        )
        for name, values in _SETTINGS
    ),
    ("read host-nodes while empty", (get("host-nodes"),)),
    (
        "bits of host-nodes are only added",
        (
            set_("host-nodes", [3]),
            get("host-nodes"),
            set_("host-nodes", [1, 5]),
            get("host-nodes"),
            set_("host-nodes", []),
            get("host-nodes"),
            set_("host-nodes", [128]),
            get("host-nodes"),
            set_("host-nodes", [-1]),
            set_("host-nodes", [65536]),
            set_("host-nodes", ["1"]),
            set_("host-nodes", 1),
            set_("host-nodes", None),
            get("host-nodes"),
            QUERY_MEMDEV,
        ),
    ),
    (
        "object-del and again",
        (
            command("object-del", id="b0"),
            QUERY_MEMDEV,
            command("object-del", id="b0"),
            get("size"),
        ),
    ),
    (
        "merge and dump change the mapping",
        (
            set_("merge", False),
            set_("merge", False),
            set_("merge", True),
            set_("dump", False),
            set_("dump", True),
            set_("dump", True),
            QUERY_MEMDEV,
        ),
    ),
    (
        "prealloc later, twice, off",
        (
            set_("prealloc", True),
            set_("prealloc", True),
            get("prealloc"),
            set_("prealloc", False),
            get("prealloc"),
            set_("prealloc", True),
            QUERY_MEMDEV,
        ),
    ),
)

_FLAT_FILE: Final[Mapping[str, Any]] = MappingProxyType({"mem_path": _IMAGE, "size": 4 * MIB})
#: One object-add each; then query-memdev and object-del.
_ADDITIONS: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("ram", add("memory-backend-ram", id="b0", size=4 * MIB)),
    ("file", add("memory-backend-file", id="b0", **_FLAT_FILE)),
    (
        "file, share and pmem",
        add("memory-backend-file", id="b0", share=True, pmem=True, **_FLAT_FILE),
    ),
    ("file, sync", add("memory-backend-file", id="b0", sync=True, **_FLAT_FILE)),
    ("file, align", add("memory-backend-file", id="b0", align=2 * MIB, **_FLAT_FILE)),
    ("file, bad align", add("memory-backend-file", id="b0", align=3, **_FLAT_FILE)),
    ("file, readonly", add("memory-backend-file", id="b0", readonly=True, **_FLAT_FILE)),
    ("file, prealloc", add("memory-backend-file", id="b0", prealloc=True, **_FLAT_FILE)),
    (
        "file, no reservation",
        add("memory-backend-file", id="b0", reserve=False, **_FLAT_FILE),
    ),
    ("file, size a word", add("memory-backend-file", id="b0", mem_path=_IMAGE, size="4M")),
    ("file, size 0", add("memory-backend-file", id="b0", mem_path=_IMAGE, size=0)),
    ("file, no size", add("memory-backend-file", id="b0", mem_path=_IMAGE)),
    ("file, no path", add("memory-backend-file", id="b0", size=4 * MIB)),
    ("file, path a number", add("memory-backend-file", id="b0", mem_path=5, size=4 * MIB)),
    (
        "file, a directory",
        add("memory-backend-file", id="b0", mem_path="$files", size=4 * MIB),
    ),
    (
        "file, a directory that is not there",
        add("memory-backend-file", id="b0", mem_path="$files/none/x", size=4 * MIB),
    ),
    (
        "file, no multiple of a page",
        add("memory-backend-file", id="b0", mem_path=_IMAGE, size=5000),
    ),
    (
        "file, less than a page",
        add("memory-backend-file", id="b0", mem_path=_IMAGE, size=1),
    ),
    ("memfd", add("memory-backend-memfd", id="b0", size=4 * MIB)),
    ("memfd, huge", add("memory-backend-memfd", id="b0", size=4 * MIB, hugetlb=True)),
    (
        "memfd, odd huge pages",
        add("memory-backend-memfd", id="b0", size=4 * MIB, hugetlb=True, hugetlbsize=3),
    ),
    (
        "memfd, too many huge pages",
        add("memory-backend-memfd", id="b0", size=1 << 30, hugetlb=True),
    ),
    (
        "props as in older versions",
        command("object-add", qom_type="memory-backend-ram", id="b0", props={"size": 4 * MIB}),
    ),
    ("no type", command("object-add", id="b0", size=4 * MIB)),
    ("no id", add("memory-backend-ram", size=4 * MIB)),
    ("nothing", {"execute": "object-add"}),
    ("empty arguments", {"execute": "object-add", "arguments": {}}),
    ("a bad id", add("memory-backend-ram", id="0m", size=4 * MIB)),
    ("an empty id", add("memory-backend-ram", id="", size=4 * MIB)),
    ("an id that is a number", add("memory-backend-ram", id=5, size=4 * MIB)),
    ("an id that is null", add("memory-backend-ram", id=None, size=4 * MIB)),
    ("an unknown type", add("memory-backend-nope", id="b0", size=4 * MIB)),
    ("an unknown type and no id", add("memory-backend-nope", size=4 * MIB)),
    ("the abstract type", add("memory-backend", id="b0", size=4 * MIB)),
    ("a type that is a number", command("object-add", **{"qom-type": 5}, id="b0")),
    ("an unknown member", add("memory-backend-ram", id="b0", size=4 * MIB, foo=1)),
    (
        "an unknown member and a bad size",
        add("memory-backend-ram", id="b0", size="x", foo=1),
    ),
    ("size null", add("memory-backend-ram", id="b0", size=None)),
    ("size a fraction", add("memory-backend-ram", id="b0", size=4194304.0)),
    ("size a fraction of a byte", add("memory-backend-ram", id="b0", size=4096.5)),
    ("size negative", add("memory-backend-ram", id="b0", size=-1)),
    ("share a word", add("memory-backend-ram", id="b0", size=4 * MIB, share="on")),
    (
        "bind to 0",
        add("memory-backend-ram", id="b0", size=4 * MIB, policy="bind", host_nodes=[0]),
    ),
    (
        "bind to 1",
        add("memory-backend-ram", id="b0", size=4 * MIB, policy="bind", host_nodes=[1]),
    ),
    (
        "host-nodes without policy",
        add("memory-backend-ram", id="b0", size=4 * MIB, host_nodes=[0]),
    ),
    (
        "policy without host-nodes",
        add("memory-backend-ram", id="b0", size=4 * MIB, policy="interleave"),
    ),
    (
        "host-nodes 128",
        add("memory-backend-ram", id="b0", size=4 * MIB, policy="bind", host_nodes=[128]),
    ),
    ("policy bogus", add("memory-backend-ram", id="b0", size=4 * MIB, policy="bogus")),
    (
        "prealloc-threads 0",
        add("memory-backend-ram", id="b0", size=4 * MIB, prealloc_threads=0),
    ),
    (
        "prealloc-context that is not there",
        add("memory-backend-ram", id="b0", size=4 * MIB, prealloc_context="tc0"),
    ),
    (
        "where rounding up wraps",
        add("memory-backend-ram", id="b0", size=18446744073709550000),
    ),
    (
        "file, where rounding up wraps",
        add("memory-backend-file", id="b0", mem_path=_IMAGE, size=18446744073709550000),
    ),
    ("beyond 2 to the 64", add("memory-backend-ram", id="b0", size=18446744073709551616)),
    ("too big", add("memory-backend-ram", id="b0", size=1 << 45)),
)

_RAM: Final = add("memory-backend-ram", id="b0", size=4 * MIB)
_OTHER: Final = add("memory-backend-ram", id="b1", size=2 * MIB)
_MORE: Final = (
    Case("qmp/two backends and their list", (), qmp=session(_RAM, _OTHER, QUERY_MEMDEV)),
    Case("qmp/an id twice", (), qmp=session(_RAM, _RAM, QUERY_MEMDEV)),
    Case(
        "qmp/an id again after object-del",
        (),
        qmp=session(_RAM, command("object-del", id="b0"), _RAM, QUERY_MEMDEV),
    ),
    Case(
        "qmp/three backends, the middle one goes",
        (),
        qmp=session(
            _RAM,
            _OTHER,
            add("memory-backend-memfd", id="b2", size=MIB),
            command("object-del", id="b1"),
            QUERY_MEMDEV,
        ),
    ),
    Case(
        "qmp/a failed object-add leaves the id free",
        (),
        qmp=session(
            add("memory-backend-ram", id="b0", size=4 * MIB, policy="bind"), _RAM, QUERY_MEMDEV
        ),
    ),
    Case(
        "qmp/object-del of what is not there",
        (),
        qmp=session(
            command("object-del", id="none"),
            command("object-del", id=""),
            {"execute": "object-del"},
            command("object-del", id=5),
            command("object-del", id="b0", more=1),
        ),
    ),
    Case(
        "qmp/qom-get and qom-set of what is not there",
        (),
        qmp=session(
            get("size"),
            set_("size", 1),
            get("size", "/none"),
            get("size", ""),
            get("nope", "/objects"),
            get("type", "/objects"),
        ),
    ),
    Case(
        "qmp/paths of objects",
        _BACKENDS["ram"],
        qmp=session(
            get("size", "/objects/b0"),
            get("size", "b0"),
            get("size", "objects/b0"),
            get("size", "/objects/b0/"),
            get("size", "//objects//b0"),
            get("size", "/b0"),
            get("size", "/objects/M0"),
        ),
    ),
    Case(
        "qmp/properties that are not there",
        _BACKENDS["ram"],
        qmp=session(get("nope"), set_("nope", 1), get("")),
    ),
    Case(
        "qmp/arguments missing and unknown",
        _BACKENDS["ram"],
        qmp=session(
            {"execute": "qom-get"},
            command("qom-get", path="/objects/b0"),
            command("qom-get", property="size"),
            command("qom-set", path="/objects/b0", property="size"),
            command("qom-get", path="/objects/b0", property="size", foo=1),
            command("qom-get", path=5, property="size"),
            command("query-memdev", foo=1),
            {"execute": "query-memdev", "arguments": {}},
            {"execute": "query-memdev", "arguments": []},
            {"execute": "query-memdev", "foo": 1},
            {"execute": "no-such-command"},
            {"execute": ""},
            {"execute": 5},
            command("qmp_capabilities"),
        ),
    ),
    Case(
        "qmp/a command before qmp_capabilities",
        (),
        qmp=(QUERY_MEMDEV, {"execute": "qmp_capabilities"}, QUERY_MEMDEV, {"execute": "quit"}),
    ),
    Case(
        "qmp/qmp_capabilities twice", (), qmp=session({"execute": "qmp_capabilities"}, QUERY_MEMDEV)
    ),
    Case("qmp/quit at once", (), qmp=session()),
    Case(
        "qmp/quit with an argument",
        (),
        qmp=({"execute": "qmp_capabilities"}, command("quit", foo=1), {"execute": "quit"}),
    ),
    Case(
        "qmp/prealloc later with threads",
        _BACKENDS["ram"],
        qmp=session(set_("prealloc-threads", 3), set_("prealloc", True), get("prealloc-threads")),
    ),
    Case(
        "qmp/prealloc later, more than there is",
        an_object("memory-backend-file,id=b0,mem-path=$small/q.img,size=4M,share=on"),
        setup=(removed("$small/q.img"),),
        qmp=session(set_("prealloc", True), get("prealloc"), QUERY_MEMDEV),
    ),
    Case(
        "qmp/prealloc later, no reservation",
        an_object("memory-backend-ram,id=b0,size=4M,reserve=off"),
        qmp=session(set_("prealloc", True), get("prealloc"), get("reserve"), QUERY_MEMDEV),
    ),
    Case(
        "qmp/discard-data at object-del",
        _BACKENDS["file"],
        setup=(Preparation("data", _IMAGE, 4 * MIB, 65),),
        qmp=session(set_("discard-data", True), command("object-del", id="b0"), QUERY_MEMDEV),
    ),
    Case(
        "qmp/discard-data at exit",
        an_object(f"memory-backend-file,id=b0,mem-path={_IMAGE},size=4M,share=on,discard-data=on"),
        setup=(Preparation("data", _IMAGE, 4 * MIB, 65),),
    ),
    Case(
        "qmp/discard-data of a private mapping",
        an_object(f"memory-backend-file,id=b0,mem-path={_IMAGE},size=4M,discard-data=on"),
        setup=(Preparation("data", _IMAGE, 4 * MIB, 65),),
        qmp=session(command("object-del", id="b0")),
    ),
    Case(
        "qmp/paths above the objects, and through them",
        an_object("memory-backend-ram,id=b0,size=4M"),
        qmp=session(
            *(
                get("type", path)
                for path in (
                    "/",
                    "",
                    "/objects",
                    "objects",
                    "/machine",
                    "machine",
                    "//objects//b0/",
                )
            ),
            get("b0", "/objects"),
            get("objects", "/"),
            get("b9", "/objects"),
            set_("b0", "x", "/objects"),
            set_("type", "x", "/"),
            get("size", "/objects/b0/x"),
            get("", "/objects/b0"),
        ),
    ),
    Case(
        "qmp/an id that is a property of every object",
        an_object("memory-backend-ram,id=b0,size=4M"),
        qmp=session(
            add("memory-backend-ram", id="type", size=4 * MIB), command("object-del", id="type")
        ),
    ),
    Case(
        "qmp/members and arguments too many, in the order of a dictionary",
        (),
        qmp=session(
            {"execute": "query-memdev", "zz": 1, "aa": 2, "arguments": 3},
            {"execute": "query-memdev", "arguments": {"zz": 1, "aa": 2, "mm": 3}},
            command("object-del", id="b0", zz=1, aa=2),
            command("qom-get", path="/objects/b0", property="size", zz=1, aa=2, value=3),
        ),
    ),
    Case(
        "qmp/a negotiation with an argument too many",
        (),
        qmp=(
            {"execute": "query-memdev"},
            {"execute": "query-memdev", "foo": 1},
            {"execute": "qmp_capabilities", "arguments": {"foo": 1}},
            {"execute": "qmp_capabilities", "arguments": {"enable": 1}},
            *session({"execute": "qmp_capabilities"}),
        ),
    ),
    Case(
        "qmp/a thread-context",
        an_object("thread-context,id=tc0"),
        qmp=session(
            add(
                "memory-backend-ram",
                id="b0",
                size=4 * MIB,
                prealloc=True,
                prealloc_context="tc0",
            ),
            get("prealloc-context"),
            command("object-del", id="tc0"),
            command("object-del", id="b0"),
            command("object-del", id="tc0"),
        ),
    ),
)


def qmp() -> Iterator[Case]:
    """QMP commands and their replies."""
    for kind, args in _BACKENDS.items():
        setup = (removed(_IMAGE),) if kind == "file" else ()
        for what, commands in _OF_EACH_KIND:
            yield Case(f"qmp/{kind}: {what}", args, setup=setup, qmp=session(*commands))
    for what, addition in _ADDITIONS:
        is_file = addition.get("arguments", {}).get("mem-path") == _IMAGE
        yield Case(
            f"qmp/object-add: {what}",
            (),
            setup=(removed(_IMAGE),) if is_file else (),
            qmp=session(addition, QUERY_MEMDEV, command("object-del", id="b0")),
        )
    yield from _MORE
