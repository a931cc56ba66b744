"""Inputs to begin with, and ways to spoil them: recordings, shipped profiles, known words."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

sys.path.append(str(Path(__file__).parents[1] / "support"))

from recordings import recordings

from qemu_model import messages
from qemu_model.error import Message
from qemu_model.host import profiles

#: Longer logs than this, in bytes, only take time.
SHORT = 60_000
#: How many seeds of a kind are enough.
ENOUGH = 60
#: Where two bytes choose host and revision.
CHOICE = b"\0\0"

#: What is put into inputs: the odd, the large, the nested, what means something.
TOKENS = (
    *(b"", b"\0", b"\n", b",", b",,", b"=", b"-", b"--", b'"', b"'", b"\\", b"\\u0000", b"\xff"),
    *(b"{", b"}", b"[", b"]", b"<", b">", b"|", b"%s", b"{path}", b"../", b"/", b"a" * 300),
    *(b"0", b"-1", b"1", b"4095", b"4096", b"4097", b"2M", b"1G", b"16E", b"1e400", b"0x", b"nan"),
    *(b"18446744073709551615", b"18446744073709551616", b"9223372036854775808", b"9" * 5000),
    *(b"0x" + b"f" * 40, b"1.5", b".5M", b"0-127", b"127-0", b"0-18446744073709551615"),
    *(b"on", b"off", b"auto", b"null", b"true", b"[[[[", b"]]]]", b'{"a":', b"id=", b"size="),
    *(b"mem-path=", b"share=on", b"prealloc=on", b"policy=bind", b"host-nodes=", b"align="),
    *(b"memory-backend-file", b"memory-backend-ram", b"memory-backend-memfd", b"help", b"?"),
    *(b"-object", b"-m", b"-smp", b"-numa", b"-M", b"-mem-path", b"-mem-prealloc", b"-device"),
    *(b"node,memdev=m0", b"nvdimm,memdev=m0", b"slots=2,maxmem=1T", b"cpus=0-3", b"none", b"pc"),
    *(b"qom-set", b"qom-get", b"object-add", b"object-del", b"query-memdev", b"quit", b"/objects/"),
    *(b"execve(", b"mmap(", b"NULL", b"= -1 ", b"ENOMEM", b"<unfinished ...>", b" resumed>"),
    *(
        b"MAP_SHARED",
        b"MAP_FIXED",
        b"PROT_NONE",
        b"+++ exited with 0 +++",
        b"--- SIGSEGV",
        b"12345",
    ),
)


def _lines() -> list[bytes]:
    return [
        CHOICE + "\n".join([*one.machine, *one.args]).encode("utf-8", "surrogateescape")
        for name in ("v8", "v7.2-dax")
        for one in recordings(name)
    ]


def _options() -> list[bytes]:
    return [
        CHOICE + one.args[1].encode("utf-8", "surrogateescape")
        for one in recordings("v8")
        if one.args[:1] == ["-object"]
    ]


def _commands() -> list[bytes]:
    return [CHOICE + json.dumps(one.qmp).encode() for one in recordings("v8") if len(one.qmp) > 2]


def _profiles() -> list[bytes]:
    shipped = Path(profiles.__file__).parent / "profile_data" / "profiles"
    return [path.read_bytes() for path in sorted(shipped.glob("*.json"))]


def _logs() -> list[bytes]:
    found = []
    for one in recordings("v8"):
        begin = one.log.find(b"execve")
        tail = one.log.find(b"memory-backend")
        if begin >= 0 and len(one.log) < SHORT:
            head = one.log[: one.log.find(b"\n", max(begin, tail)) + 1]
            found.append(head + one.log[-6000:])
    return found


def _texts() -> list[bytes]:
    return [
        f"qemu-system-x86_64: -object memory-backend-file,id=a: {value.template}".encode()
        for value in vars(messages).values()
        if isinstance(value, Message)
    ]


_SEEDS: Mapping[str, Callable[[], list[bytes]]] = MappingProxyType(
    {
        "options": _options,
        "line": _lines,
        "explained": _lines,
        "qmp": _commands,
        "profile": _profiles,
        "log": _logs,
        "why": _texts,
    }
)


@cache
def seeds(target: str) -> tuple[bytes, ...]:
    """Return inputs that a target understands, spread over all there are."""
    found = list(dict.fromkeys(_SEEDS[target]()))
    step = max(1, len(found) // ENOUGH)
    return tuple(found[::step])


def spoilt(target: str) -> SearchStrategy[bytes]:
    """Draw an input of a target, spoilt in up to five places."""
    edit = st.tuples(
        st.integers(0, 10**6), st.sampled_from([0, 0, 1, 2, 8, 64]), st.sampled_from(TOKENS)
    )
    repeated = st.tuples(st.integers(0, 10**6), st.just(-1), st.binary(max_size=3))
    return st.builds(
        _spoil, st.sampled_from(seeds(target)), st.lists(edit | repeated, max_size=5)
    ) | st.binary(max_size=60)


def _spoil(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for where, gone, token in edits:
        place = where % (len(data) + 1)
        if gone < 0:
            data = data[:place] + data[max(0, place - 20) :]
        else:
            data = data[:place] + token + data[place + gone :]
    return data
