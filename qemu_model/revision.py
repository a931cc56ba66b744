"""The tree: before the series, after each of its patches, and the versions around it.

A revision is a small frozen value whose fields say what the tree can do.  Each
patch of the series is a function from one revision to the next.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal

import attrs

from .ram_addr import RAM_PMEM, RAM_PREALLOC, RAM_SHARED, RAM_SYNC, RamFlags


@attrs.frozen
class Inference:
    """A sentence about a rule that nothing published fixes, and which runs rely on it.

    Those in which MAP_SYNC was refused (``refused``), those in which the option was
    changed too late (``changed``), or all (``always``).
    """

    sentence: str
    relied_on: Literal["always", "refused", "changed"] = "always"


@attrs.frozen
class Policy:
    """When a tree asks for MAP_SYNC, with what, and what a refusal leads to.

    ``values`` are those of the option ``sync``, ``default`` the one that stands for
    none; a tree without the option has no values.  MAP_SYNC is asked for where a
    block has all flags of ``needs``, on top of MAP_SHARED_VALIDATE if
    ``validates``, else of MAP_SHARED.  After a refusal the block is mapped without
    it if ``retries``, with a warning first if ``warns``; except that QEMU stops, as
    it does where ``needs`` are not met, for a value among ``demands``.
    ``inferred`` says what nothing published fixes of this rule, ``option_inferred`` of
    the option.
    """

    values: tuple[str, ...]
    default: str
    needs: RamFlags
    validates: bool = True
    retries: bool = True
    warns: bool = False
    demands: frozenset[str] = frozenset()
    inferred: tuple[Inference, ...] = ()
    option_inferred: tuple[Inference, ...] = ()


_ON_OFF: Final = ("on", "off")
_ON_OFF_AUTO: Final = ("on", "off", "auto")
_STOPS: Final = Inference(
    "where sync=on stops, the message is that of a mapping that failed; without the other "
    "options that it needs, with the error Invalid argument"
)

#: The rule of each posting that is known well enough to run, and of QEMU 4.1.
POLICIES: Final[Mapping[str, Policy]] = MappingProxyType(
    {
        # The author's own code, built and recorded: nothing of it is inferred.
        "v1": Policy((), "", RAM_SHARED),
        "v2": Policy(
            _ON_OFF_AUTO,
            "auto",
            RAM_SHARED | RAM_SYNC,
            validates=False,
            retries=False,
            option_inferred=(
                Inference("sync has a value auto, and it is the default, as in v3 to v6"),
            ),
            inferred=(
                Inference(
                    "MAP_SHARED_VALIDATE is left out with on and with auto: v3 adds it to both"
                ),
                Inference("share=off means that MAP_SYNC is not passed"),
            ),
        ),
        "v6": Policy(
            _ON_OFF_AUTO,
            "auto",
            RAM_SHARED | RAM_SYNC,
            demands=frozenset({"on"}),
            inferred=(_STOPS,),
        ),
        "v7": Policy(
            _ON_OFF_AUTO,
            "auto",
            RAM_SHARED | RAM_PMEM | RAM_SYNC,
            demands=frozenset({"on"}),
            inferred=(
                Inference("a refusal is treated as in v6", "refused"),
                _STOPS,
                Inference(
                    "the wrong constant in qemu_anon_ram_alloc is MAP_SHARED (1), which among "
                    "the RAM flags means RAM_PREALLOC"
                ),
            ),
        ),
        "v8": Policy(
            _ON_OFF,
            "off",
            RAM_SHARED | RAM_PMEM | RAM_SYNC,
            inferred=(
                Inference(
                    "after a refusal, whatever its errno, QEMU silently maps without MAP_SYNC",
                    "refused",
                ),
            ),
            option_inferred=(
                Inference(
                    'changing sync of a backend that has its memory gives the error "cannot '
                    "change property 'sync' of <type>\"",
                    "changed",
                ),
            ),
        ),
        # As V1: the author's own code.
        "v10": Policy((), "", RAM_SHARED | RAM_PMEM, retries=False),
        "upstream": Policy((), "", RAM_SHARED | RAM_PMEM, warns=True),
    }
)


@attrs.frozen
class Revision:
    """What a tree of QEMU can do.

    ``release`` is the tree that the mirrored modules follow.  The five fields
    after it are the series: each is set by one patch.  ``anonymous_shared_flag``
    is what ``qemu_anon_ram_alloc`` passes for a shared block.  ``policy`` is the rule
    for MAP_SYNC, without effect before patch 3.
    """

    name: str
    meaning: str
    release: Literal["3.1", "7.2"] = "3.1"
    numa_frees_the_memdev_name: bool = False
    ram_mmap_takes_flags: bool = False
    ram_mmap_passes_map_sync: bool = False
    hostmem_errors_name_the_property: bool = False
    hostmem_file_has_sync: bool = False
    anonymous_shared_flag: RamFlags = RAM_SHARED
    policy: Policy = POLICIES["v8"]

    @property
    def inferences(self) -> tuple[Inference, ...]:
        """What of this tree's behaviour nothing published fixes."""
        rule = self.policy.inferred if self.ram_mmap_passes_map_sync else ()
        return rule + (self.policy.option_inferred if self.hostmem_file_has_sync else ())

    @property
    def inferred(self) -> tuple[str, ...]:
        """The sentences of the inferences."""
        return tuple(inference.sentence for inference in self.inferences)


BASE: Final = Revision("base", "QEMU 3.1.50, December 2018, before the series")


def patch_1(tree: Revision) -> Revision:
    """numa: fix the memory leak of the numa error message."""
    return attrs.evolve(
        tree, name="v8.1", meaning="V8 after patch 1", numa_frees_the_memdev_name=True
    )


def patch_2(tree: Revision) -> Revision:
    """util/mmap-alloc: switch qemu_ram_mmap() to a 'flags' parameter."""
    return attrs.evolve(tree, name="v8.2", meaning="V8 after patch 2", ram_mmap_takes_flags=True)


def patch_3(tree: Revision) -> Revision:
    """util/mmap-alloc: support MAP_SYNC in qemu_ram_mmap()."""
    return attrs.evolve(
        tree, name="v8.3", meaning="V8 after patch 3", ram_mmap_passes_map_sync=True
    )


def patch_4(tree: Revision) -> Revision:
    """hostmem: more information in error messages."""
    return attrs.evolve(
        tree, name="v8.4", meaning="V8 after patch 4", hostmem_errors_name_the_property=True
    )


def patch_5(tree: Revision) -> Revision:
    """hostmem-file: add the 'sync' option."""
    return attrs.evolve(
        tree,
        name="v8",
        meaning="V8, the whole series of January 2019",
        hostmem_file_has_sync=True,
    )


PATCHES: Final[tuple[Callable[[Revision], Revision], ...]] = (
    patch_1,
    patch_2,
    patch_3,
    patch_4,
    patch_5,
)


def _series() -> tuple[Revision, ...]:
    trees = [BASE]
    for patch in PATCHES:
        trees.append(patch(trees[-1]))
    return tuple(trees)


#: base, then the tree after each patch; the last is the whole series.
SERIES: Final = _series()
V8: Final = SERIES[-1]

#: The tree around the rule of QEMU 4.1: the patches 1 and 4 are in it.
UPSTREAM: Final = attrs.evolve(
    BASE,
    name="upstream",
    meaning="the rule of QEMU 4.1, 2019: share=on,pmem=on imply MAP_SYNC",
    numa_frees_the_memdev_name=True,
    ram_mmap_takes_flags=True,
    ram_mmap_passes_map_sync=True,
    hostmem_errors_name_the_property=True,
    policy=POLICIES["upstream"],
)

#: Earlier postings: the tree of V8 with their rule.
V7: Final = attrs.evolve(
    V8,
    name="v7",
    meaning="the rule of V7, an earlier posting, with its wrong constant",
    anonymous_shared_flag=RAM_PREALLOC,
    policy=POLICIES["v7"],
)
V6: Final = attrs.evolve(
    V8, name="v6", meaning="the rule of V6, an earlier posting", policy=POLICIES["v6"]
)
#: The patches 1 and 4 came with v5 and v3.
V2: Final = attrs.evolve(
    V8,
    name="v2",
    meaning="the rule of V2, an earlier posting",
    numa_frees_the_memdev_name=False,
    hostmem_errors_name_the_property=False,
    policy=POLICIES["v2"],
)

#: The first posting: one patch on the base, no option, and anonymous memory too.
V1: Final = attrs.evolve(
    BASE,
    name="v1",
    meaning="V1, December 2017, the author's code: no option, all shared memory",
    ram_mmap_passes_map_sync=True,
    policy=POLICIES["v1"],
)
#: The last posting: V8 without the option, and without the retry.
V10: Final = attrs.evolve(
    V8,
    name="v10",
    meaning="V10, 22 January 2019, the author's code: no option, and no retry",
    hostmem_file_has_sync=False,
    policy=POLICIES["v10"],
)

#: A release, Debian's, and not a posting: the modules of :mod:`qemu_model.v7_2`.
V7_2: Final = attrs.evolve(UPSTREAM, name="v7.2", meaning="QEMU 7.2", release="7.2")

REVISIONS: Final[Mapping[str, Revision]] = MappingProxyType(
    {tree.name: tree for tree in (*SERIES, V1, V2, V6, V7, V10, UPSTREAM, V7_2)}
)
ALIASES: Final[Mapping[str, str]] = MappingProxyType({"v8.5": "v8", "qemu-7.2": "v7.2"})


class UnknownRevision(Exception):
    """No revision has that name; the text says which there are."""


def find(name: str) -> Revision:
    """Return the revision called ``name``.  Raises :class:`UnknownRevision`."""
    tree = REVISIONS.get(ALIASES.get(name, name))
    if tree is None:
        known = ", ".join([*REVISIONS, *ALIASES])
        raise UnknownRevision(f"no revision is called '{name}'; there are {known}")
    return tree
