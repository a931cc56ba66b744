"""Cases about how an object is named and written, as properties and as JSON."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from .case import MIB, Case, an_object, removed

#: One -object each.
_TEXTS: Final = (
    ("no id", "memory-backend-ram,size=6M"),
    ("an empty id", "memory-backend-ram,id=,size=2M"),
    ("an id that begins with a digit", "memory-backend-ram,id=0b,size=4M"),
    ("an id with a space", "memory-backend-ram,id=b 0,size=4M"),
    ("an id with a slash", "memory-backend-ram,id=a/b,size=4M"),
    ("an id of all letters allowed", "memory-backend-ram,id=a-b_c.d9,size=4M"),
    ("an id beyond ASCII", "memory-backend-ram,id=mä,size=4M"),
    ("a long id", f"memory-backend-ram,id={'m' * 200},size=4M"),
    ("a very long id", f"memory-backend-ram,id={'m' * 300},size=4M"),
    ("an id twice", "memory-backend-ram,id=b0,id=b1,size=4M"),
    ("id without a value", "memory-backend-ram,id,size=4M"),
    ("an unknown type", "memory-backend-nope,id=b0,size=4M"),
    ("the abstract type", "memory-backend,id=b0,size=4M"),
    ("a type that users cannot make", "container,id=b0"),
    ("a machine as type", "none-machine,id=b0"),
    ("a small letter changed", "Memory-backend-ram,id=b0,size=4M"),
    ("an unknown type, no id", "memory-backend-nope,size=4M"),
    ("type given as a key", "qom-type=memory-backend-ram,id=b0,size=4M"),
    ("type given as a key, not first", "id=b0,qom-type=memory-backend-ram,size=6M"),
    ("type given twice", "memory-backend-ram,qom-type=memory-backend-file,id=b0,size=4M"),
    ("no type", "id=b0,size=4M"),
    ("nothing", ""),
    ("a comma", ","),
    ("a trailing comma", "memory-backend-ram,id=b0,size=4M,"),
    ("two commas in a row", "memory-backend-ram,,id=b0,size=4M"),
    ("a comma first", ",id=b0"),
    ("an equals sign first", "=memory-backend-ram,id=b0"),
    ("an unknown property", "memory-backend-ram,id=b0,size=4M,foo=bar"),
    ("an unknown bare property", "memory-backend-ram,id=b0,size=4M,foo"),
    ("an unknown property and a bad size", "memory-backend-ram,id=b0,size=x,foo=bar"),
    (
        "the property sync",
        "memory-backend-file,id=b0,mem-path=$files/h.img,size=4M,sync=on",
    ),
    ("a file's property on ram", "memory-backend-ram,id=b0,size=4M,mem-path=$files/h.img"),
    ("pmem on ram", "memory-backend-ram,id=b0,size=4M,pmem=on"),
    ("align on ram", "memory-backend-ram,id=b0,size=4M,align=2M"),
    ("readonly on ram", "memory-backend-ram,id=b0,size=4M,readonly=on"),
    ("seal on ram", "memory-backend-ram,id=b0,size=4M,seal=on"),
    (
        "hugetlb on a file",
        "memory-backend-file,id=b0,mem-path=$files/h.img,size=4M,hugetlb=on",
    ),
    ("discard-data on memfd", "memory-backend-memfd,id=b0,size=4M,discard-data=on"),
    ("a property of Object", "memory-backend-ram,id=b0,size=4M,type=foo"),
    ("a dotted key", "memory-backend-ram,id=b0,size.x=4M"),
    ("a list index on a scalar", "memory-backend-ram,id=b0,size.0=4M"),
    (
        "list indexes on host-nodes",
        "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes.0=0",
    ),
    (
        "two list indexes on host-nodes",
        "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes.0=0,host-nodes.1=1",
    ),
    (
        "a list index that leaves a hole",
        "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes.1=0",
    ),
    (
        "a list index and the scalar",
        "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes=0,host-nodes.0=0",
    ),
    ("a key with a great letter", "memory-backend-ram,id=b0,Size=4M"),
    ("a key that ends in a point", "memory-backend-ram,id=b0,size.=4M"),
    ("a key that is a number", "memory-backend-ram,id=b0,size=4M,5=6"),
    ("an empty key", "memory-backend-ram,id=b0,size=4M,=5"),
    ("an underscore in a property", "memory-backend-ram,id=b0,size=4M,host_nodes=0"),
    ("a space before a key", "memory-backend-ram,id=b0, size=4M"),
    ("help", "help"),
    ("help with more", "help,id=b0"),
    ("a question mark", "?"),
    ("help of ram", "memory-backend-ram,help"),
    ("help of a file", "memory-backend-file,help"),
    ("help of memfd", "memory-backend-memfd,help"),
    ("help of ram by question mark", "memory-backend-ram,?"),
    ("help of ram among properties", "memory-backend-ram,id=b0,help,size=4M"),
    ("help of the abstract type", "memory-backend,help"),
    ("help of an unknown type", "memory-backend-nope,help"),
    ("help as a value", "memory-backend-ram,id=b0,size=help"),
    ("help=on", "memory-backend-ram,help=on"),
)
#: Several -object on one line.
_LINES: Final = (
    ("two objects", ("memory-backend-ram,id=b0,size=4M", "memory-backend-ram,id=b1,size=4M")),
    (
        "two objects with one id",
        ("memory-backend-ram,id=b0,size=4M", "memory-backend-ram,id=b0,size=4M"),
    ),
    (
        "the second is bad",
        ("memory-backend-ram,id=b0,size=4M", "memory-backend-ram,id=b1,size=x"),
    ),
    ("the first is bad, the second worse", ("memory-backend-ram,id=b0,size=0", "nope,id=b1")),
    ("the second lacks its id", ("memory-backend-ram,id=b0,size=0", "memory-backend-ram")),
    (
        "a duplicate after a bad one",
        ("memory-backend-ram,id=b0,size=0", "memory-backend-ram,id=b0,size=4M"),
    ),
    ("help before an error", ("memory-backend-ram,help", "memory-backend-ram,id=b0,size=x")),
    ("an error before help", ("memory-backend-ram,id=b0,size=x", "memory-backend-ram,help")),
    (
        "two files of one name",
        (
            "memory-backend-file,id=b0,mem-path=$files/h.img,size=4M,share=on",
            "memory-backend-file,id=b1,mem-path=$files/h.img,size=4M,share=on",
        ),
    ),
    (
        "three objects of three types, growing",
        (
            "memory-backend-ram,id=b0,size=1M",
            "memory-backend-memfd,id=b1,size=2M",
            "memory-backend-file,id=b2,mem-path=$files/h.img,size=3M",
        ),
    ),
)


def identities() -> Iterator[Case]:
    """Types, ids and keys of -object."""
    for what, texts in (*((what, (text,)) for what, text in _TEXTS), *_LINES):
        yield Case(
            f"object/{what}",
            tuple(word for text in texts for word in an_object(text)),
            setup=(removed("$files/h.img"),) if "h.img" in "".join(texts) else (),
        )
    yield Case("object/nothing after -object", ("-object",))
    yield Case("object/two dashes", ("--object", "memory-backend-ram,id=b0,size=4M"))


_RAM: Final[Mapping[str, Any]] = MappingProxyType(
    {"qom-type": "memory-backend-ram", "id": "b0", "size": 4 * MIB}
)
_FILE: Final[Mapping[str, Any]] = MappingProxyType(
    {"qom-type": "memory-backend-file", "id": "b0", "mem-path": "$files/j.img", "size": 4 * MIB}
)
_MEMFD: Final[Mapping[str, Any]] = MappingProxyType(
    {"qom-type": "memory-backend-memfd", "id": "b0", "size": 4 * MIB}
)
_PLAIN: Final = json.dumps(dict(_RAM))


def _changed(**changes: object) -> str:
    """Return the JSON of a backend in RAM with other members."""
    return json.dumps({**_RAM, **{key.replace("_", "-"): changes[key] for key in changes}})


def _without(key: str) -> str:
    """Return the JSON of a backend in RAM without a member."""
    return json.dumps({name: value for name, value in _RAM.items() if name != key})


_JSON: Final = (
    ("plain", _PLAIN),
    ("a space before", " " + _PLAIN),
    ("single quotes", "{'qom-type':'memory-backend-ram','id':'b0','size':4194304}"),
    ("size a string", _changed(size="4M")),
    ("size a string of digits", _changed(size="4194304")),
    ("size a fraction", _changed(size=4194304.0)),
    ("size negative", _changed(size=-1)),
    ("size zero", _changed(size=0)),
    ("size null", _changed(size=None)),
    ("size true", _changed(size=True)),
    ("size a list", _changed(size=[4194304])),
    ("size an object", _changed(size={"a": 1})),
    ("size near 2 to the 64", _changed(size=18446744073709551615)),
    ("size beyond 2 to the 64", _changed(size=18446744073709551616)),
    ("share true", _changed(share=True)),
    ("share a word", _changed(share="on")),
    ("share a number", _changed(share=1)),
    ("merge false, dump false", _changed(merge=False, dump=False)),
    ("prealloc true", _changed(prealloc=True)),
    ("reserve false", _changed(reserve=False)),
    ("prealloc-threads 2", _changed(prealloc=True, prealloc_threads=2)),
    ("prealloc-threads 0", _changed(prealloc_threads=0)),
    ("prealloc-threads too many", _changed(prealloc_threads=4294967296)),
    ("prealloc-threads negative", _changed(prealloc_threads=-1)),
    ("prealloc-threads a word", _changed(prealloc_threads="2")),
    ("policy bind to 0", _changed(policy="bind", host_nodes=[0])),
    ("policy bind to 0 and 1", _changed(policy="bind", host_nodes=[0, 1])),
    ("policy bind to nothing", _changed(policy="bind", host_nodes=[])),
    ("host-nodes a number", _changed(policy="bind", host_nodes=0)),
    ("host-nodes a word", _changed(policy="bind", host_nodes="0")),
    ("host-nodes a list of words", _changed(policy="bind", host_nodes=["0"])),
    ("host-nodes negative", _changed(policy="bind", host_nodes=[-1])),
    ("host-nodes 128", _changed(policy="bind", host_nodes=[128])),
    ("host-nodes 65536", _changed(policy="bind", host_nodes=[65536])),
    ("policy bogus", _changed(policy="bogus")),
    ("policy a number", _changed(policy=2)),
    ("policy null", _changed(policy=None)),
    ("no id", _without("id")),
    ("no type", _without("qom-type")),
    ("no size", _without("size")),
    ("id a number", _changed(id=5)),
    ("id bad", _changed(id="0m")),
    ("id empty", _changed(id="")),
    ("type unknown", _changed(qom_type="memory-backend-nope")),
    ("type abstract", _changed(qom_type="memory-backend")),
    ("type a number", _changed(qom_type=1)),
    ("unknown member", _changed(foo=1)),
    ("unknown member twice", _changed(foo=1, bar=2)),
    (
        "props as in older versions",
        '{"qom-type":"memory-backend-ram","id":"b0","props":{"size":4194304}}',
    ),
    ("a key twice", '{"qom-type":"memory-backend-ram","id":"b0","size":1,"size":4194304}'),
    ("cut short", '{"qom-type":"memory-backend-ram"'),
    ("empty", "{}"),
    ("a trailing comma", '{"qom-type":"memory-backend-ram","id":"b0","size":4194304,}'),
    ("something behind", _PLAIN + "x"),
    ("two objects", _PLAIN + _PLAIN),
    ("no quotes", "{qom-type:memory-backend-ram}"),
    ("a list", "[]"),
    ("interpolation", '{"qom-type":"memory-backend-ram","id":"b0","size":%d}'),
    ("a control character in a string", '{"qom-type":"memory-backend-ram","id":"m\n0"}'),
    ("a bad escape", '{"qom-type":"memory-backend-ram","id":"\\x"}'),
    ("hexadecimal", '{"qom-type":"memory-backend-ram","id":"b0","size":0x1000}'),
    ("an exponent", '{"qom-type":"memory-backend-ram","id":"b0","size":4e6}'),
    ("a leading zero", '{"qom-type":"memory-backend-ram","id":"b0","size":04194304}'),
    ("a misspelt literal", '{"qom-type":"memory-backend-ram","id":"b0","share":ture}'),
    ("help", '{"qom-type":"memory-backend-ram","help":true}'),
)
#: What is changed in the JSON of a backend in a file.
_OF_A_FILE: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("file: plain", {}),
    ("file: share, pmem", {"share": True, "pmem": True}),
    ("file: align", {"align": 2 * MIB}),
    ("file: align a word", {"align": "2M"}),
    ("file: mem-path a number", {"mem-path": 5}),
    ("file: mem-path null", {"mem-path": None}),
    ("file: mem-path empty", {"mem-path": ""}),
    ("file: a comma in the path", {"mem-path": "$files/a,b.img"}),
    ("file: discard-data", {"discard-data": True, "share": True}),
    ("file: readonly", {"readonly": True}),
    ("file: pmem a word", {"pmem": "on"}),
    ("file: sync", {"sync": True}),
    ("file: hugetlb", {"hugetlb": True}),
)
_OF_A_MEMFD: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("memfd: plain", {}),
    ("memfd: no seal", {"seal": False}),
    ("memfd: huge", {"hugetlb": True, "hugetlbsize": 2 * MIB}),
    ("memfd: hugetlbsize 0", {"hugetlbsize": 0}),
    ("memfd: hugetlbsize odd", {"hugetlb": True, "hugetlbsize": 3 * MIB}),
    ("memfd: hugetlbsize a word", {"hugetlbsize": "2M"}),
    ("memfd: not shared", {"share": False}),
)


def as_json() -> Iterator[Case]:
    """-object with JSON."""
    for what, text in _JSON:
        yield Case(f"json/{what}", an_object(text))
    for what, changes in _OF_A_FILE:
        yield Case(
            f"json/{what}",
            an_object(json.dumps({**_FILE, **changes})),
            setup=(removed("$files/j.img"), removed("$files/a,b.img")),
        )
    no_path = {key: value for key, value in _FILE.items() if key != "mem-path"}
    yield Case("json/file: no mem-path", an_object(json.dumps(no_path)))
    for what, changes in _OF_A_MEMFD:
        yield Case(f"json/{what}", an_object(json.dumps({**_MEMFD, **changes})))
