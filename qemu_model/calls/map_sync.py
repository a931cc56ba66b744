"""What became of MAP_SYNC in a run: not requested, granted, refused, or ignored."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

import attrs

from ..host.linux import ERRNO_NUMBERS, MAP_FIXED, MAP_SHARED_VALIDATE, MAP_SYNC, MAP_TYPE
from ..host.protocol import Host
from ..records import Value
from .event import Event

#: What the kernel did with the flag.  ``ignored``: it took it and made an ordinary mapping.
Answer: TypeAlias = Literal["granted", "refused", "ignored"]
Outcome: TypeAlias = Literal["not asked", "granted", "refused", "ignored"]

#: How a kernel refuses MAP_SYNC with MAP_SHARED_VALIDATE: one that knows it, and an older one.
REFUSALS: Final = (ERRNO_NUMBERS["EOPNOTSUPP"], ERRNO_NUMBERS["EINVAL"])
NOT_KNOWN: Final[Mapping[int, bool]] = MappingProxyType({})


class Request(NamedTuple):
    """One mapping that asked for MAP_SYNC, at ``address``.

    ``answer`` is None where the log does not show it: without MAP_SHARED_VALIDATE a kernel
    may ignore the flag.  ``errno`` is that of a refusal, else empty; ``retried``: the block
    was then mapped without the flag.
    """

    address: int
    answer: Answer | None
    errno: str = ""
    retried: bool = False


@attrs.frozen(eq=False, repr=False)
class MapSyncOutcome(Value):
    """What became of MAP_SYNC in the mappings of a run that requested it, in their order."""

    requests: tuple[Request, ...] = ()

    @property
    def requested(self) -> bool:
        """Whether any mapping asked for it."""
        return bool(self.requests)

    @property
    def outcome(self) -> Outcome | None:
        """The worst of the answers; None where one is not known and none is worse.

        ``refused`` is worse than ``ignored``, and that than ``granted``.
        """
        if not self.requests:
            return "not asked"
        answers = {request.answer for request in self.requests}
        order: tuple[Answer | None, ...] = ("refused", "ignored", None, "granted")
        return next(answer for answer in order if answer in answers)

    @property
    def granted_to_all(self) -> bool:
        """Whether every mapping that requested it has it for certain."""
        return self.outcome == "granted"

    @property
    def refusals(self) -> tuple[str, ...]:
        """The errnos of those refused, in order."""
        return tuple(request.errno for request in self.requests if request.answer == "refused")

    def at(self, address: int) -> Request | None:
        """Return the last request for the block at ``address``, None if it asked for nothing."""
        asked = [request for request in self.requests if request.address == address]
        return asked[-1] if asked else None

    def __str__(self) -> str:
        """Return the outcome in one sentence."""
        return self.sentence()

    def sentence(self) -> str:
        """Return one line that says so."""
        outcome = self.outcome
        if outcome == "not asked":
            return "MAP_SYNC was not requested: no synchronous mapping"
        if outcome == "granted":
            return "MAP_SYNC was granted: what the guest writes and flushes survives a host crash"
        if outcome == "ignored":
            return (
                "MAP_SYNC was ignored: the kernel took the flag and made an ordinary mapping, "
                "what the guest writes can be lost in a host crash"
            )
        if outcome is None:
            return (
                "MAP_SYNC was requested without MAP_SHARED_VALIDATE: the kernel may have ignored it"
            )
        refused = [request for request in self.requests if request.answer == "refused"]
        errnos = ", ".join(dict.fromkeys(self.refusals))
        some = "" if len(refused) == len(self.requests) else f" for {len(refused)} of them"
        if not all(request.retried for request in refused):
            return f"MAP_SYNC was refused ({errnos}){some}: nothing is mapped"
        return (
            f"MAP_SYNC was refused ({errnos}){some}: mapped without it, "
            "what the guest writes can be lost in a host crash"
        )


def map_sync(events: Iterable[Event], honoured: Mapping[int, bool] = NOT_KNOWN) -> MapSyncOutcome:
    """Return what became of MAP_SYNC in the mappings of blocks.

    ``honoured`` tells of events, by their number from 0, whether the kernel honours the flag
    there: for those without MAP_SHARED_VALIDATE, of which no log tells it.
    """
    requests: list[Request] = []
    refused_at = None
    for number, event in enumerate(events):
        if event.call != "mmap" or not event.args[3] & MAP_FIXED:
            continue
        address, flags = event.args[0], event.args[3]
        if not flags & MAP_SYNC:
            if refused_at == address and not event.failed:
                requests[-1] = requests[-1]._replace(retried=True)
            refused_at = None
            continue
        if event.failed:
            requests.append(Request(address, "refused", event.errno or ""))
            refused_at = address
        elif is_validated(event):
            requests.append(Request(address, "granted"))
        else:
            known = honoured.get(number)
            requests.append(
                Request(address, None if known is None else "granted" if known else "ignored")
            )
    return MapSyncOutcome(tuple(requests))


def is_validated(event: Event) -> bool:
    """Whether a mapping was made with MAP_SHARED_VALIDATE, which no kernel ignores."""
    flags: int = event.args[3]
    return flags & MAP_TYPE == MAP_SHARED_VALIDATE


def unvalidated(events: Sequence[Event]) -> dict[int, Event]:
    """Return the mappings with MAP_SYNC of which no log tells whether the kernel honours it.

    By their numbers from 0; those whose file was closed later are left out.
    """
    found: dict[int, Event] = {}
    for number, event in enumerate(events):
        if event.call == "mmap" and event.args[3] & MAP_SYNC and event.args[3] & MAP_FIXED:
            if not event.failed and not is_validated(event):
                found[number] = event
        elif event.call == "close":
            found = {place: one for place, one in found.items() if one.args[4] != event.args[0]}
    return found


def honoured_by(kernel: Host, events: Sequence[Event]) -> dict[int, bool]:
    """Return, of mappings whose flags do not tell it, whether the kernel honours MAP_SYNC there.

    By the numbers of their events.  Each file is mapped once more with MAP_SHARED_VALIDATE,
    which a kernel refuses where it would ignore the flag.  A log cannot be asked.
    """
    found: dict[int, bool] = {}
    unknown = unvalidated(events)
    if not unknown or kernel.name == "replay":
        return found
    for number, event in unknown.items():
        _, length, prot, flags, fd, offset = event.args
        asked = flags & ~MAP_FIXED | MAP_SHARED_VALIDATE
        answer = kernel.mmap(0, length, prot, asked, fd, offset)
        if answer >= 0:
            kernel.munmap(answer, length)
        if answer >= 0 or -answer in REFUSALS:
            found[number] = answer >= 0
    return found
