"""Hypothesis strategies for what people give QEMU, and for the machines it runs on.

All of them shrink towards the dull case: fewer options, smaller sizes, the default
machine, a new file, no fault, no command::

    from hypothesis import given
    from qemu_model.process import run
    from qemu_model.testing import strategies as qemu

    @given(qemu.cases())
    def test_nothing_leaks(case):
        done = run(case.args, case.host(), qmp=case.qmp)
        assert done.leaks.fds == 0
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..host import profiles
from ..host.faults import CALLS, Fault, FaultHost
from ..host.profile import Profile
from ..host.protocol import Host
from ..host.simulated import SimulatedHost

MIB: Final = 1024 * 1024
#: Where a file lies of which nothing else is said.
MEM_PATH: Final = "/mnt/guest.img"

#: The object types that are memory backends of a Linux build.
BACKEND_TYPES: Final = ("memory-backend-file", "memory-backend-ram", "memory-backend-memfd")
#: The properties that every backend has, and those of each type, by the kind of value.
COMMON_PROPERTIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "share": "boolean",
        "prealloc": "boolean",
        "merge": "boolean",
        "dump": "boolean",
        "policy": "policy",
        "host-nodes": "nodes",
    }
)
TYPE_PROPERTIES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "memory-backend-file": MappingProxyType(
            {"pmem": "boolean", "sync": "boolean", "align": "align", "discard-data": "boolean"}
        ),
        "memory-backend-ram": MappingProxyType({}),
        "memory-backend-memfd": MappingProxyType(
            {"seal": "boolean", "hugetlb": "boolean", "hugetlbsize": "align"}
        ),
    }
)
POLICIES: Final = ("default", "preferred", "bind", "interleave")
#: The errnos that QEMU's own calls meet, the likeliest first.
ERRNOS: Final = (
    errno.ENOMEM,
    errno.EINVAL,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.ENODEV,
    errno.EAGAIN,
    errno.EINTR,
    errno.ENOSPC,
    errno.EFBIG,
    errno.EMFILE,
    errno.EROFS,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.ETXTBSY,
    errno.ESPIPE,
)


def booleans() -> SearchStrategy[str]:
    """Booleans as QEMU spells them: ``on``, ``off``, ``yes``, ``no``, ``y``, ``n``."""
    return st.sampled_from(["off", "on", "no", "yes", "n", "y"])


def odd_booleans() -> SearchStrategy[str]:
    """What looks like a boolean and is none to QEMU."""
    return st.sampled_from(["true", "false", "1", "0", "On", "auto", ""])


def sizes(*, largest: int = 64 * MIB) -> SearchStrategy[str]:
    """Sizes as QEMU takes them, from 1 to ``largest`` bytes: bare, with suffix, fraction, 0x."""
    pages = st.integers(1, max(1, largest // 4096)).map(lambda count: str(count * 4096))
    spelled = [pages, st.integers(1, largest).map(str), st.integers(1, largest).map(hex)]
    for suffix, unit in (("M", MIB), ("k", 1024), ("B", 1), ("m", MIB), ("K", 1024)):
        if largest >= unit:
            spelled.append(st.integers(1, largest // unit).map(f"{{}}{suffix}".format))
    if largest >= 2 * MIB:
        halves = st.integers(1, largest // MIB - 1).map("{}.5M".format)
        spelled.append(halves)
    return st.one_of(spelled)


def odd_sizes() -> SearchStrategy[str]:
    """Sizes that QEMU refuses, or takes with a surprise."""
    return st.sampled_from(
        ["0", "", "-1", "1X", "16E", " 4096", "4096 ", "1e3", "4M4", "18446744073709551615"]
    )


def host_nodes(*, highest: int = 3) -> SearchStrategy[str]:
    """Values of ``host-nodes``: one number or one range, up to node ``highest``."""
    node = st.integers(0, highest)
    spans = st.tuples(node, node).map(lambda pair: f"{min(pair)}-{max(pair)}")
    return node.map(str) | spans


@attrs.frozen(repr=False)
class Backend:
    """One ``-object`` of a memory backend: its type, its id, its options in order."""

    type: str
    id: str
    options: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Return the argument of ``-object``; a comma in a value is doubled, as QEMU reads it."""
        parts = [self.type, f"id={self.id}"]
        parts += [f"{name}={value.replace(',', ',,')}" for name, value in self.options]
        return ",".join(parts)

    def __repr__(self) -> str:
        return f"-object {self}"

    def option(self, name: str) -> str | None:
        """Return the value an option has at the end (of two the last), None if it is not given."""
        return dict(self.options).get(name)


def _option(name: str, kind: str, highest_node: int) -> SearchStrategy[tuple[str, str]]:
    values: dict[str, SearchStrategy[str]] = {
        "boolean": booleans(),
        "policy": st.sampled_from(POLICIES),
        "nodes": host_nodes(highest=highest_node),
        "align": st.sampled_from(["0", "4096", "2M", "64k", "1M", "1G", "6M", "1"]),
    }
    return st.tuples(st.just(name), values[kind])


@st.composite
def backends(
    draw: st.DrawFn,
    *,
    types: Sequence[str] = BACKEND_TYPES,
    ids: SearchStrategy[str] | None = None,
    mem_paths: SearchStrategy[str] | None = None,
    size_values: SearchStrategy[str] | None = None,
    highest_node: int = 3,
) -> Backend:
    """Memory backends with any of their options, each at most once.

    ``mem_paths`` for those of files, ``size_values`` as they are to be spelled;
    ``highest_node`` is the highest that ``host-nodes`` names.
    """
    kind = draw(st.sampled_from(list(types)))
    options = [("size", draw(size_values if size_values is not None else sizes()))]
    if kind == "memory-backend-file":
        options.append(
            ("mem-path", draw(mem_paths if mem_paths is not None else st.just(MEM_PATH)))
        )
    known = [*COMMON_PROPERTIES.items(), *TYPE_PROPERTIES[kind].items()]
    chosen = draw(st.lists(st.sampled_from(known), unique=True, max_size=len(known)))
    options += [draw(_option(name, value, highest_node)) for name, value in chosen]
    return Backend(kind, draw(ids if ids is not None else st.just("m0")), tuple(options))


def option_matrix() -> SearchStrategy[dict[str, str]]:
    """The letter's matrix: share, pmem and sync, each not given, on or off."""
    value = st.sampled_from([None, "on", "off"])
    return st.fixed_dictionaries({"share": value, "pmem": value, "sync": value}).map(
        lambda given: {name: said for name, said in given.items() if said is not None}
    )


@st.composite
def option_lines(
    draw: st.DrawFn,
    *,
    backend: SearchStrategy[Backend] | None = None,
    max_backends: int = 2,
) -> list[str]:
    """Command lines with up to ``max_backends`` backends, on the machine ``none``."""
    args = ["-machine", "none"]
    if draw(st.booleans()):
        args += ["-mem-prealloc"]
    for index in range(draw(st.integers(1, max_backends))):
        drawn = draw(backend if backend is not None else backends())
        args += ["-object", str(attrs.evolve(drawn, id=f"m{index}"))]
    return args


@attrs.frozen
class FileState:
    """What is at a path before QEMU starts: ``name`` for people, ``files`` as in a profile."""

    name: str
    path: str
    files: tuple[Mapping[str, Any], ...] = attrs.field(repr=False)

    def on(self, profile: Profile) -> Profile:
        """Return ``profile`` with the path in this state."""
        if not self.files:
            return profile
        document = profile.describe()
        here = {told["path"] for told in self.files}
        kept = [told for told in document["files"] if told["path"] not in here]
        return profiles.build({**document, "files": [*kept, *map(dict, self.files)]})


def _states(path: str, size: int) -> list[FileState]:
    def one(kind: str, **more: Any) -> Mapping[str, Any]:
        return MappingProxyType({"path": path, "kind": kind, **more})

    other = f"{path}.target"
    parent = path.rpartition("/")[0]
    states = [
        FileState("new", path, ()),
        FileState("empty", path, (one("file"),)),
        FileState("as large", path, (one("file", size=size),)),
        FileState("larger", path, (one("file", size=2 * size),)),
        FileState("smaller", path, (one("file", size=max(1, size // 2)),)),
        FileState("a directory", path, (one("directory"),)),
        FileState(
            "a link to a file",
            path,
            (
                one("symlink", target=other),
                MappingProxyType({"path": other, "kind": "file", "size": size}),
            ),
        ),
        FileState("a dangling link", path, (one("symlink", target=f"{path}.absent"),)),
        FileState("a link to itself", path, (one("symlink", target=path),)),
        FileState("a fifo", path, (one("fifo"),)),
        FileState("zero", path, (one("device", device="zero"),)),
        FileState("null", path, (one("device", device="null"),)),
        FileState("not allowed", path, (one("file", size=size, open_error="EACCES"),)),
    ]
    if parent:
        absent = MappingProxyType({"path": parent, "kind": "absent"})
        below = MappingProxyType({"path": parent, "kind": "file", "size": size})
        states.append(FileState("no directory", path, (absent,)))
        states.append(FileState("below a file", path, (below,)))
    return states


def file_states(path: str = MEM_PATH, *, size: int = 4 * MIB) -> SearchStrategy[FileState]:
    """What ``path`` can be before QEMU starts; ``size`` in bytes is the backend's."""
    return st.sampled_from(_states(path, size))


def profile_names() -> SearchStrategy[str]:
    """The names of the shipped profiles, ``default`` first."""
    return st.sampled_from(profiles.names())


def machines(*, base: SearchStrategy[str] | None = None) -> SearchStrategy[Profile]:
    """Simulated machines: the shipped profiles, or ``base``, as they are or changed.

    What changes: kernel before and after 4.15, the file system, nodes, pages in the
    pool, overcommit, libpmem, the right to mbind.
    """
    return st.builds(
        _changed,
        base if base is not None else profile_names(),
        st.fixed_dictionaries(
            {},
            optional={
                "version": st.sampled_from(["6.18", "6.1", "4.15", "4.14"]),
                "file_system": st.sampled_from(
                    ["ext4", "ext4-dax", "xfs-dax", "virtio-pmem", "tmpfs", "hugetlbfs", "9p"]
                ),
                "nodes": st.sampled_from([[0], [0, 1], [1], [0, 3]]),
                "pages": st.integers(0, 64),
                "overcommit": st.sampled_from([0, 1, 2]),
                "libpmem": st.booleans(),
                "mbind_error": st.sampled_from([None, "EPERM", "ENOSYS"]),
            },
        ),
    )


def _changed(name: str, changes: Mapping[str, Any]) -> Profile:
    profile = profiles.load(name)
    if not changes:
        return profile
    document = profile.describe()
    document["name"] = f"{name}-changed"
    for key, value in changes.items():
        if key in document["kernel"]:
            document["kernel"][key] = value
        elif key == "libpmem":
            document["platform"][key] = value
        elif key == "pages":
            for pool in document["huge_pages"][:1]:
                pool["pages"] = value
        elif key == "file_system" and value == "hugetlbfs" and not document["huge_pages"]:
            continue
        else:
            document[key] = value
            if key == "file_system" and document["mem_path"].startswith("/dev/"):
                document["mem_path"] = MEM_PATH
    return profiles.build(document, source=name)


def faults(
    *, calls: Sequence[str] = CALLS, errnos: Sequence[int] = ERRNOS, latest: int = 4
) -> SearchStrategy[Fault]:
    """Faults of one call or of each: the first to the ``latest``-th of ``calls`` fails."""
    call, number = st.sampled_from(list(calls)), st.sampled_from(list(errnos))
    once = st.builds(Fault.nth, call, number, st.integers(1, latest))
    return once | st.builds(Fault, call, number)


_PROPERTY_VALUES: Final[Mapping[str, Sequence[Any]]] = MappingProxyType(
    {
        "boolean": (False, True, "on", 1),
        "policy": POLICIES,
        "nodes": ([], [0], [0, 1], [127], [128]),
        "align": (0, 4096, 2 * MIB, -1, "2M"),
        "size": (4 * MIB, 0, 8 * MIB, "4M"),
        "path": ("/mnt/other.img", True),
    }
)


def _properties(kind: str) -> dict[str, str]:
    known = {**COMMON_PROPERTIES, **TYPE_PROPERTIES[kind], "size": "size"}
    return {**known, "mem-path": "path"} if kind == "memory-backend-file" else known


@st.composite
def qmp_commands(
    draw: st.DrawFn,
    *,
    ids: Sequence[str] = ("m0", "m1"),
    types: Sequence[str] = BACKEND_TYPES,
    mem_path: str = MEM_PATH,
) -> dict[str, Any]:
    """One QMP command about the objects ``ids``; a file added lies beside ``mem_path``."""
    name = draw(st.sampled_from(["query-memdev", "qom-get", "qom-set", "object-add", "object-del"]))
    if name == "query-memdev":
        return {"execute": name}
    id = draw(st.sampled_from(list(ids)))
    if name == "object-del":
        return {"execute": name, "arguments": {"id": id}}
    kind = draw(st.sampled_from(list(types)))
    known = _properties(kind)
    if name == "object-add":
        props: dict[str, Any] = {"size": draw(st.sampled_from([4 * MIB, 4096, 1, 0]))}
        if kind == "memory-backend-file":
            props["mem-path"] = f"{mem_path}.{id}"
        for key in draw(st.lists(st.sampled_from(sorted(known)), unique=True, max_size=3)):
            if key not in props:
                props[key] = draw(st.sampled_from(list(_PROPERTY_VALUES[known[key]])))
        return {"execute": name, "arguments": {"qom-type": kind, "id": id, "props": props}}
    key = draw(st.sampled_from(sorted(known)))
    arguments: dict[str, Any] = {"path": f"/objects/{id}", "property": key}
    if name == "qom-set":
        arguments["value"] = draw(st.sampled_from(list(_PROPERTY_VALUES[known[key]])))
    return {"execute": name, "arguments": arguments}


def qmp_sequences(
    *,
    ids: Sequence[str] = ("m0", "m1"),
    types: Sequence[str] = BACKEND_TYPES,
    mem_path: str = MEM_PATH,
    longest: int = 8,
) -> SearchStrategy[list[dict[str, Any]]]:
    """Up to ``longest`` QMP commands, one after the other."""
    command = qmp_commands(ids=ids, types=types, mem_path=mem_path)
    return st.lists(command, max_size=longest)


@attrs.frozen
class Case:
    """A whole run: a command line, the machine it runs on, faults, and QMP commands."""

    args: tuple[str, ...]
    profile: Profile
    file: FileState
    faults: tuple[Fault, ...] = ()
    qmp: tuple[Mapping[str, Any], ...] = ()

    def simulated(self) -> SimulatedHost:
        """Return a fresh simulated host without the faults."""
        return SimulatedHost(self.profile)

    def host(self) -> Host:
        """Return a fresh simulated host, failing as the case says."""
        return FaultHost(self.simulated(), self.faults) if self.faults else self.simulated()


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    machine: SearchStrategy[Profile] | None = None,
    max_faults: int = 1,
    longest_qmp: int = 4,
) -> Case:
    """Whole runs: options, machine, what is at the path, up to ``max_faults`` faults, QMP."""
    profile = draw(machine if machine is not None else machines())
    path = profile.mem_path
    state = FileState("as the profile says", path, ())
    if not path.startswith("/dev/"):
        state = draw(file_states(path))
    line = draw(option_lines(backend=backends(mem_paths=st.just(path))))
    struck = draw(st.lists(faults(), max_size=max_faults))
    commands = draw(qmp_sequences(mem_path=path, longest=longest_qmp))
    return Case(tuple(line), state.on(profile), state, tuple(struck), tuple(commands))
