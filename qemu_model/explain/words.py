"""What each option does to the data, to memory use, and to who shares it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from ..ram_addr import RAM_PMEM, RAM_SHARED
from ..records import Value
from ..revision import Policy


@attrs.frozen(eq=False, repr=False)
class Effect(Value):
    """What one option does, a sentence each or nothing.

    ``backend`` is the id of the backend it belongs to, empty for an option of the
    line; ``given`` is False for a default that matters.
    """

    option: str
    backend: str
    given: bool
    data: str = ""
    memory: str = ""
    sharing: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return attrs.asdict(self)


@attrs.frozen(eq=False, repr=False)
class _Words(Value):
    data: str = ""
    memory: str = ""
    sharing: str = ""


#: What a switch is off with.
OFF: Final = ("off", "no", "n", "false")
FILE: Final = "memory-backend-file"
MEMFD: Final = "memory-backend-memfd"
RAM: Final = "memory-backend-ram"
SHM: Final = "memory-backend-shm"

_SIZE: Final = _Words(
    data="an empty or new file is made that large, without taking room yet; a file with "
    "content is never resized, and must be at least that large",
    memory="reserves this much address space, more for the alignment, and a guard page",
)

#: By type (empty: any) and property, for on (or any value) and for off.
_PROPERTIES: Final[Mapping[tuple[str, str], tuple[_Words, _Words]]] = MappingProxyType(
    {
        (FILE, "share"): (
            _Words(
                data="what the guest writes goes to the file",
                memory="the pages are the file's own: on DAX the medium itself, on tmpfs and "
                "hugetlbfs the host's memory, else the page cache",
                sharing="every process that maps the file sees it, and QEMU sees their writes",
            ),
            _Words(
                data="what the guest writes never reaches the file, and is lost when QEMU ends",
                memory="each page that the guest writes is copied, and takes memory beside the "
                "file's own: up to twice the size",
                sharing="no other process sees the guest's writes",
            ),
        ),
        (RAM, "share"): (
            _Words(
                memory="the memory is the kernel's shared memory (tmpfs)",
                sharing="it could be shared with children, but QEMU keeps it from them",
            ),
            _Words(sharing="the memory is private to QEMU"),
        ),
        (MEMFD, "share"): (
            _Words(sharing="another process that is given the descriptor shares the memory"),
            _Words(
                memory="each page that is written is copied, beside the memory file",
                sharing="no other process sees the guest's writes",
            ),
        ),
        ("", "size"): (_Words(memory=_SIZE.memory), _Words()),
        (FILE, "size"): (_SIZE, _Words()),
        (FILE, "mem-path"): (
            _Words(
                data="a file that exists is used as it is; else QEMU creates one, which stays, "
                "unless readonly is on; in a directory QEMU makes a file without a name",
                memory="the file system decides: DAX, page cache, or huge pages",
                sharing="who may open the file decides who can share it",
            ),
            _Words(),
        ),
        (FILE, "align"): (
            _Words(
                memory="the block begins at a multiple of it: device DAX needs 2M, or what "
                "its alignment is",
            ),
            _Words(),
        ),
        (FILE, "discard-data"): (
            _Words(data="the content is discarded when the object is deleted or QEMU ends"),
            _Words(data="the content stays"),
        ),
        (FILE, "readonly"): (
            _Words(data="the file is opened and mapped readable only"),
            _Words(data="the file is opened for writing"),
        ),
        (FILE, "offset"): (
            _Words(data="the backend begins at this offset of the file, not at its start"),
            _Words(),
        ),
        (FILE, "rom"): (
            _Words(
                data="with on the guest cannot write the memory; with off and readonly=on its "
                "writes stay private to QEMU; auto is readonly's value",
            ),
            _Words(data="the guest can write the memory"),
        ),
        (SHM, "share"): (
            _Words(sharing="another process that is given the descriptor shares the memory"),
            _Words(sharing="QEMU refuses off: this memory is always shared"),
        ),
        ("", "merge"): (
            _Words(memory="KSM may merge pages with the same content, where they are anonymous"),
            _Words(memory="KSM leaves the pages alone"),
        ),
        ("", "dump"): (
            _Words(data="the content is in QEMU's core dumps"),
            _Words(data="the content stays out of core dumps"),
        ),
        ("", "prealloc"): (
            _Words(
                data="no byte changes; a sparse file takes all its room",
                memory="all of it is allocated at once, before the guest starts",
            ),
            _Words(memory="memory is allocated when the guest touches it"),
        ),
        ("", "reserve"): (
            _Words(memory="swap, or huge pages, are set aside for all of it"),
            _Words(memory="nothing is set aside: a later shortage kills QEMU"),
        ),
        ("", "host-nodes"): (
            _Words(memory="pages come from these NUMA nodes, as policy says"),
            _Words(),
        ),
        ("", "policy"): (
            _Words(
                memory="bind: only from host-nodes; preferred: from there first; interleave: "
                "in turn; default: where the guest's CPU runs",
            ),
            _Words(),
        ),
        ("", "prealloc-threads"): (_Words(memory="this many threads preallocate"), _Words()),
        ("", "prealloc-context"): (
            _Words(memory="the threads that preallocate run in this context, on its CPUs"),
            _Words(),
        ),
        (MEMFD, "seal"): (
            _Words(sharing="no process that shares the memory can grow or shrink it"),
            _Words(sharing="who shares the memory can resize it"),
        ),
        (MEMFD, "hugetlb"): (
            _Words(memory="the memory comes from the pool of huge pages, reserved at once"),
            _Words(memory="ordinary pages"),
        ),
        (MEMFD, "hugetlbsize"): (_Words(memory="which pool of huge pages"), _Words()),
    }
)

#: Options of the line, beside the objects.
_OPTIONS: Final[Mapping[str, _Words]] = MappingProxyType(
    {
        "m": _Words(
            memory="this much RAM for the guest, anonymous unless a backend or -mem-path gives it"
        ),
        "mem-path": _Words(
            data="the guest's RAM is a private mapping of a file, without a name if the path is a "
            "directory: no write reaches it",
            memory="on hugetlbfs: huge pages; if it fails, up to 4.2 ordinary memory, without "
            "-mem-prealloc",
        ),
        "mem-prealloc": _Words(memory="all RAM, and every backend, is allocated at once"),
        "numa": _Words(memory="guest nodes: which memory, or which backend, each has"),
        "smp": _Words(memory="at most this many threads preallocate"),
        "machine": _Words(
            memory="pc and q35 have RAM of their own; mem-merge and dump-guest-core are the "
            "defaults of merge and dump",
        ),
        "device": _Words(
            data="the guest sees the backend: an NVDIMM keeps it across reboots of the guest",
        ),
    }
)

#: Defaults that decide about the data, and are mentioned where they are not given.
_TELLING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {FILE: ("share", "pmem", "sync"), RAM: ("share",), MEMFD: ("share", "seal")}
)
_DEFAULT_ON: Final = frozenset({(MEMFD, "share"), (MEMFD, "seal")})


def property_effect(
    kind: str, name: str, value: str, id: str, policy: Policy | None, *, given: bool
) -> Effect | None:
    """Return what a property of a backend of the type ``kind`` does, None if it is not known.

    ``policy`` is the tree's rule for MAP_SYNC, None where it never asks.
    """
    both = _by_tree(kind, name, value, policy) or _PROPERTIES.get(
        (kind, name), _PROPERTIES.get(("", name))
    )
    if both is None:
        return None
    words = both[1] if value in OFF else both[0]
    text = f"{name}={value}" if given else f"{name} not given ({value})"
    return Effect(text, id, given, words.data, words.memory, words.sharing)


def _by_tree(
    kind: str, name: str, value: str, policy: Policy | None
) -> tuple[_Words, _Words] | None:
    """Return the words of a property that means something else in each tree."""
    if kind != FILE or name not in ("pmem", "sync"):
        return None
    if name == "pmem":
        asks = policy is not None and RAM_PMEM in policy.needs
        possible = ", and MAP_SYNC becomes possible" if asks else ""
        return (
            _Words(
                data="QEMU makes its own writes (migration, NVDIMM labels) persistent with "
                f"libpmem{possible}"
            ),
            _Words(
                data="QEMU does not make its own writes persistent"
                + (", nor asks for MAP_SYNC" if asks else "")
            ),
        )
    if policy is None:
        return _Words(data="without effect in this tree"), _Words(data="nothing")
    stops = f"; QEMU stops where sync={value} cannot be met" if value in policy.demands else ""
    if not policy.retries:
        stops = "; QEMU stops where the kernel refuses"
    return (
        _Words(
            data=f"MAP_SYNC is requested if {asking_text(policy)} too: then the file's metadata "
            f"is on the medium before a write becomes possible{stops}"
        ),
        _Words(data="MAP_SYNC is not requested"),
    )


def asking_text(policy: Policy) -> str:
    """Return what must be on, beside sync, for MAP_SYNC: ``share and pmem are on``."""
    flags = (("share", RAM_SHARED), ("pmem", RAM_PMEM))
    needs = [name for name, flag in flags if flag in policy.needs]
    return f"{' and '.join(needs)} {'are' if len(needs) > 1 else 'is'} on"


def object_effects(
    kind: str,
    id: str,
    params: Iterable[tuple[str, str]],
    known: Iterable[str],
    policy: Policy | None = None,
) -> list[Effect]:
    """Return what the properties of one backend do, the defaults that matter among them.

    ``known`` are the properties that the tree has, ``policy`` is its rule for MAP_SYNC, None
    where it never asks.
    """
    given = dict(params)
    effects = [
        effect
        for name, value in given.items()
        if (effect := property_effect(kind, name, value, id, policy, given=True)) is not None
    ]
    for name in _TELLING.get(kind, ()):
        if name not in given and name in known:
            value = "on" if (kind, name) in _DEFAULT_ON else "off"
            if name == "sync" and policy is not None:
                value = policy.default
            effect = property_effect(kind, name, value, id, policy, given=False)
            assert effect is not None
            effects.append(effect)
    return effects


def option_effect(name: str, text: str) -> Effect | None:
    """Return what an option of the line does, None if it does nothing to backends."""
    words = _OPTIONS.get(name)
    if words is None:
        return None
    return Effect(text, "", True, words.data, words.memory, words.sharing)
