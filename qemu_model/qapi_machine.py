"""``qapi/machine.json``: what -numa takes, and reading it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from .revisions.release import Release, is_between

C_FILE = "qapi/machine.json"

#: The kinds of -numa, with the release that each came with.
_KINDS: Final[tuple[tuple[str, Release], ...]] = (
    ("node", ()),
    ("dist", ()),
    ("cpu", ()),
    ("hmat-lb", (5, 0)),
    ("hmat-cache", (5, 0)),
)
#: The names by which -numa cpu selects CPUs, as they are declared.
_CPU_MEMBERS: Final[tuple[tuple[str, Release], ...]] = (
    ("node-id", ()),
    ("drawer-id", (8, 2)),
    ("book-id", (8, 2)),
    ("socket-id", ()),
    ("die-id", (4, 1)),
    ("cluster-id", (7, 1)),
    ("module-id", (9, 1)),
    ("core-id", ()),
    ("thread-id", ()),
)
#: The members of -numa node that came later.
_NODE_MEMBERS: Final[tuple[tuple[str, Release], ...]] = (("initiator", (5, 0)),)
HIERARCHIES: Final = ("memory", "first-level", "second-level", "third-level")
LATENCIES: Final = ("access-latency", "read-latency", "write-latency")
DATA_TYPES: Final = (*LATENCIES, "access-bandwidth", "read-bandwidth", "write-bandwidth")
ASSOCIATIVITIES: Final = ("none", "direct", "complex")
WRITE_POLICIES: Final = ("none", "write-back", "write-through")


class _NumaVisitor(Protocol):
    """Reads the parameters of one -numa."""

    def has(self, name: str) -> bool:
        """Whether a parameter is given."""
        ...

    def check_struct(self) -> None:
        """Refuse what was not read."""
        ...

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``."""
        ...

    def type_int64(self, name: str) -> int:
        """Read a number with a sign."""
        ...

    def type_size(self, name: str) -> int:
        """Read a size in bytes."""
        ...

    def type_str(self, name: str) -> str:
        """Read a string."""
        ...

    def type_uint8(self, name: str) -> int:
        """Read a number of 8 bits."""
        ...

    def type_uint16(self, name: str) -> int:
        """Read a number of 16 bits."""
        ...

    def type_uint32(self, name: str) -> int:
        """Read a number of 32 bits."""
        ...

    def type_uint64(self, name: str) -> int:
        """Read a number of 64 bits."""
        ...

    def uint16_list(self, name: str) -> list[int]:
        """Read numbers and ranges."""
        ...


class CpuInstanceProperties(NamedTuple):
    """The CPUs that -numa selects, and their node: None is any CPU, or no node."""

    node_id: int | None = None
    socket_id: int | None = None
    core_id: int | None = None
    thread_id: int | None = None
    die_id: int | None = None
    cluster_id: int | None = None
    module_id: int | None = None


class NumaNodeOptions(NamedTuple):
    """``-numa node``: ``mem`` in bytes; None is what is not given."""

    nodeid: int | None = None
    cpus: tuple[int, ...] = ()
    mem: int | None = None
    memdev: str | None = None
    initiator: int | None = None


class NumaDistOptions(NamedTuple):
    """``-numa dist``: the distance ``val`` from node ``src`` to node ``dst``."""

    src: int
    dst: int
    val: int


class NumaHmatLBOptions(NamedTuple):
    """``-numa hmat-lb``: a latency in nanoseconds or a bandwidth in bytes per second."""

    initiator: int
    target: int
    hierarchy: str
    data_type: str
    latency: int | None = None
    bandwidth: int | None = None


class NumaHmatCacheOptions(NamedTuple):
    """``-numa hmat-cache``: a cache of ``size`` bytes in front of a node's memory."""

    node_id: int
    size: int
    level: int


#: What -numa says: a node, a distance, or (``-numa cpu``) a node for some CPUs.
NumaOptions = (
    NumaNodeOptions
    | NumaDistOptions
    | CpuInstanceProperties
    | NumaHmatLBOptions
    | NumaHmatCacheOptions
)


def _in_release(rows: Sequence[tuple[str, Release]], release: Release) -> list[str]:
    """Return the names that a release has."""
    return [name for name, since in rows if is_between(release, since, None)]


def visit_type_NumaOptions(v: _NumaVisitor, release: Release) -> NumaOptions:
    """Read one -numa, its parameters in the order of their declaration.

    Raises ``Parameter 'type' is missing``, what a wrong type raises, ``Parameter '<name>'
    expects ...`` and ``Invalid parameter '<name>'``.
    """
    options: NumaOptions
    match v.type_enum("type", _in_release(_KINDS, release)):
        case "node":
            options = _visit_node(v, release)
        case "dist":
            options = NumaDistOptions(
                v.type_uint16("src"), v.type_uint16("dst"), v.type_uint8("val")
            )
        case "cpu":
            names = _in_release(_CPU_MEMBERS, release)
            given = {name: v.type_int64(name) for name in names if v.has(name)}
            options = CpuInstanceProperties(
                **{
                    name.replace("-", "_"): number
                    for name, number in given.items()
                    if name not in ("drawer-id", "book-id")
                }
            )
        case "hmat-lb":
            options = NumaHmatLBOptions(
                v.type_uint16("initiator"),
                v.type_uint16("target"),
                v.type_enum("hierarchy", HIERARCHIES),
                v.type_enum("data-type", DATA_TYPES),
                v.type_uint64("latency") if v.has("latency") else None,
                v.type_size("bandwidth") if v.has("bandwidth") else None,
            )
        case _:
            node, size = v.type_uint32("node-id"), v.type_size("size")
            options = NumaHmatCacheOptions(node, size, v.type_uint8("level"))
            v.type_enum("associativity", ASSOCIATIVITIES)
            v.type_enum("policy", WRITE_POLICIES)
            v.type_uint16("line")
    v.check_struct()
    return options


def _visit_node(v: _NumaVisitor, release: Release) -> NumaNodeOptions:
    later = _in_release(_NODE_MEMBERS, release)
    return NumaNodeOptions(
        v.type_uint16("nodeid") if v.has("nodeid") else None,
        tuple(v.uint16_list("cpus")) if v.has("cpus") else (),
        v.type_size("mem") if v.has("mem") else None,
        v.type_str("memdev") if v.has("memdev") else None,
        v.type_uint16("initiator") if "initiator" in later and v.has("initiator") else None,
    )
