"""When a tree asks for MAP_SYNC, and what a refusal leads to: the rule of each posting."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import attrs

from ..ram_addr import RAM_PMEM, RAM_SHARED, RAM_SYNC
from ..records import Value
from ..records.ram_flags import RamFlags


class Inference(NamedTuple):
    """A sentence about a rule that nothing published fixes, and which runs rely on it.

    Those in which MAP_SYNC was refused (``refused``), those in which the option was
    changed too late (``changed``), or all (``always``).
    """

    sentence: str
    relied_on: Literal["always", "refused", "changed"] = "always"


@attrs.frozen(eq=False, repr=False)
class Policy(Value):
    """When a tree asks for MAP_SYNC, with what, and what a refusal leads to.

    ``values`` are those of the option ``sync``, ``default`` the one that stands for
    none; a tree without the option has no values.  MAP_SYNC is requested where a
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

#: The rule of each posting that is fixed well enough to run, and of QEMU 4.1, in time order.
POLICIES: Final[Mapping[str, Policy]] = MappingProxyType(
    {
        # The author's own code, built and recorded: nothing is inferred.
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
        "qemu-4.1": Policy((), "", RAM_SHARED | RAM_PMEM, warns=True),
    }
)
