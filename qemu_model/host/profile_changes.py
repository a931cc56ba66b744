"""Small changes of a profile on the command line: ``sim:server,huge-pages=512,memory=64G``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30
_SIZE: Final = re.compile(r"(\d{1,12})([KMGT]?)", re.I | re.A)
_NODES: Final = re.compile(r"\d{1,4}(?:-\d{1,4})?", re.A)
_VERSION: Final = re.compile(r"\d{1,4}\.\d{1,4}", re.A)


class ChangeError(Exception):
    """There is no such change, or it cannot have that value; the text is one line."""


class _NoValue(Exception):
    """A change has a value that it cannot have; the text says what it takes."""


def changed(document: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return a profile's document with changes, ``NAME=VALUE`` divided by commas.

    Raises :class:`ChangeError`.
    """
    whole = dict(document)
    for change in text.split(","):
        name, _, value = change.partition("=")
        apply = CHANGES.get(name)
        if apply is None:
            raise ChangeError(
                f"there is no change '{name}' of a profile; there are: {', '.join(CHANGES)}"
            )
        try:
            apply(whole, value)
        except _NoValue as error:
            raise ChangeError(f"{name} takes {error}, not '{value}'") from None
    return whole


def _number(text: str, most: int = 1 << 40) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:14]) > most:
        raise _NoValue(f"a number up to {most}")
    return int(text[:14])


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text)
    unit = "KMGT".index(found[2].upper()) + 1 if found is not None and found[2] else 0
    if found is None or int(found[1]) << 10 * unit >= 1 << 62:
        raise _NoValue("a size such as 64G")
    return int(found[1]) << 10 * unit


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise _NoValue("on or off")
    return text == "on"


def _pool(page_size: int) -> Callable[[dict[str, Any], str], None]:
    def apply(document: dict[str, Any], text: str) -> None:
        pages = _number(text)
        pools = [pool for pool in document["huge_pages"] if pool["size"] != page_size]
        pool: dict[str, Any] = {"size": page_size, "pages": pages}
        if any("nodes" in known for known in document["huge_pages"]):
            pool["nodes"] = _spread(pages, document["nodes"])
        first = page_size == 2 * MIB
        document["huge_pages"] = [pool, *pools] if first else [*pools, pool]

    return apply


def _spread(pages: int, nodes: list[int]) -> dict[str, int]:
    """Return how the kernel spreads pages over nodes: evenly, the first ones get the rest."""
    each, rest = divmod(pages, len(nodes))
    return {str(node): each + (place < rest) for place, node in enumerate(nodes)}


def _memory(document: dict[str, Any], text: str) -> None:
    document["kernel"] = {**document["kernel"], "memory": _size(text)}


def _swap(document: dict[str, Any], text: str) -> None:
    document["kernel"] = {**document["kernel"], "swap": _size(text)}


def _overcommit(document: dict[str, Any], text: str) -> None:
    document["kernel"] = {**document["kernel"], "overcommit": _number(text, 2)}


def _kernel(document: dict[str, Any], text: str) -> None:
    if _VERSION.fullmatch(text) is None:
        raise _NoValue("a version such as 6.1")
    document["kernel"] = {**document["kernel"], "version": text}


def _nodes(document: dict[str, Any], text: str) -> None:
    if _NODES.fullmatch(text) is None:
        raise _NoValue("a node or a range such as 0-3")
    first, _, last = text.partition("-")
    nodes = list(range(int(first), int(last or first) + 1))
    if not nodes or nodes[-1] > 1023:
        raise _NoValue("a node or a range such as 0-3")
    document["nodes"] = nodes
    document["huge_pages"] = [
        {**pool, "nodes": _spread(pool["pages"], nodes)} if "nodes" in pool else pool
        for pool in document["huge_pages"]
    ]


def _shm(document: dict[str, Any], text: str) -> None:
    size = _size(text)
    others = [mount for mount in document["mounts"] if mount["path"] != "/dev/shm"]
    document["mounts"] = [*others, {"path": "/dev/shm", "file_system": "tmpfs", "size": size}]


def _built_with(library: str) -> Callable[[dict[str, Any], str], None]:
    def apply(document: dict[str, Any], text: str) -> None:
        document["platform"] = {**document["platform"], library: _switch(text)}

    return apply


#: Each change by its name.
CHANGES: Final[Mapping[str, Callable[[dict[str, Any], str], None]]] = MappingProxyType(
    {
        "huge-pages": _pool(2 * MIB),
        "huge-pages-1G": _pool(GIB),
        "kernel": _kernel,
        "libnuma": _built_with("libnuma"),
        "libpmem": _built_with("libpmem"),
        "memory": _memory,
        "nodes": _nodes,
        "overcommit": _overcommit,
        "shm": _shm,
        "swap": _swap,
    }
)
