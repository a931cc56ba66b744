"""The address space after each call: what QEMU reserved, mapped, kept and gave back."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import attrs

from ..calls.event import Event
from ..host.linux import MAP_FIXED, MAP_SHARED_VALIDATE, MAP_SYNC, MAP_TYPE, PROT_NONE

#: ``reserved``: no access yet; ``block``: the guest's memory; ``guard``: reserved, without
#: access, behind a block; ``back``: given back to the kernel.
Kind = Literal["reserved", "block", "guard", "back"]


@attrs.frozen
class Part:
    """Some addresses of a reservation: the first one, the length in bytes, what is there."""

    kind: Kind
    address: int
    length: int
    synchronous: bool = False

    def to_json(self) -> list[Any]:
        """Return the short form that the page draws."""
        return [self.kind, self.address, self.length, self.synchronous]


@attrs.frozen
class Reservation:
    """Addresses that QEMU reserved for one block, from the lowest to the highest.

    ``align`` is the alignment that was reserved for, in bytes, 0 while it is not known.
    """

    align: int
    parts: tuple[Part, ...]

    def holds(self, address: int) -> bool:
        """Whether ``address`` was reserved here."""
        last = self.parts[-1]
        return self.parts[0].address <= address < last.address + last.length

    def cut(self, first: int, last: int, kind: Kind, *, synchronous: bool = False) -> Reservation:
        """Return the reservation with the addresses from ``first`` up to ``last`` changed."""
        after: list[Part] = []
        for part in self.parts:
            start, end = part.address, part.address + part.length
            low, high = max(start, first), min(end, last)
            if low >= high:
                after.append(part)
                continue
            if start < low:
                after.append(attrs.evolve(part, length=low - start))
            after.append(Part(kind, low, high - low, synchronous))
            if high < end:
                after.append(attrs.evolve(part, address=high, length=end - high))
        return attrs.evolve(self, parts=tuple(after))

    def guarded(self) -> Reservation:
        """Return the reservation with what stays reserved behind its block called a guard."""
        kinds = [part.kind for part in self.parts]
        block = kinds.index("block") if "block" in kinds else len(kinds)
        return attrs.evolve(
            self,
            parts=tuple(
                attrs.evolve(part, kind="guard")
                if part.kind == "reserved" and place > block
                else part
                for place, part in enumerate(self.parts)
            ),
        )


def _whole_pages(length: int, page_size: int) -> int:
    return -(-length // page_size) * page_size


def _after(
    reservations: tuple[Reservation, ...], event: Event, page_size: int
) -> tuple[Reservation, ...]:
    """Return the reservations as ``event``, which succeeded, leaves them."""
    args = event.args
    if event.call == "mmap" and args[2] == PROT_NONE and not args[3] & MAP_FIXED:
        whole = Part("reserved", event.result, _whole_pages(args[1], page_size))
        return (*reservations, Reservation(0, (whole,)))
    first = event.result if event.call == "mmap" else args[0]
    place = next((i for i, one in enumerate(reservations) if one.holds(first)), None)
    if place is None:
        return reservations
    here = reservations[place]
    last = first + _whole_pages(args[1], page_size)
    if event.call == "mmap":
        reserved = sum(part.length for part in here.parts)
        synchronous = bool(args[3] & MAP_SYNC) and args[3] & MAP_TYPE == MAP_SHARED_VALIDATE
        here = attrs.evolve(here, align=here.align or reserved - (last - first)).cut(
            first, last, "block", synchronous=synchronous
        )
    else:
        here = here.cut(first, last, "back")
    if all(part.kind == "back" for part in here.parts):
        return (*reservations[:place], *reservations[place + 1 :])
    return (*reservations[:place], here, *reservations[place + 1 :])


def states(events: Iterable[Event], page_size: int) -> list[tuple[Reservation, ...]]:
    """Return what is reserved after each of ``events``; ``page_size`` in bytes."""
    now: tuple[Reservation, ...] = ()
    shown = []
    for event in events:
        if event.call in ("mmap", "munmap") and not event.failed:
            now = _after(now, event, page_size)
        shown.append(now)
    return shown


def to_json(state: Sequence[Reservation], *, final: bool) -> list[dict[str, Any]]:
    """Return the form that the page draws; ``final``: what stays reserved is a guard page."""
    return [
        {"align": one.align, "parts": [part.to_json() for part in one.parts]}
        for one in ((one.guarded() if final else one) for one in state)
    ]
