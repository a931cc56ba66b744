"""Changes of a line that fix something: a size, sharing, a backend for the guest's RAM."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence

from ..explain.guest_memory import Memory
from ..explain.parts import Part, parts_of, removed, replaced
from .units import option_size


def with_values(args: Sequence[str], part: Part, **values: str | None) -> tuple[str, ...]:
    """Return the line with parameters of one option set, or left out for None."""
    return replaced(args, part, part.with_values(**values))


def with_kind(args: Sequence[str], part: Part, kind: str, **values: str | None) -> tuple[str, ...]:
    """Return the line with another type for one object, and parameters set."""
    text = part.with_values(**values)
    if text.startswith("{"):
        text = text.replace(f'"{part.kind}"', f'"{kind}"', 1)
    else:
        text = kind + text[len(part.kind) :]
    return replaced(args, part, text)


def with_size(
    args: Sequence[str], memory: Memory, size: int, ram_size: int, max_size: int
) -> tuple[str, ...] | None:
    """Return the line with another size for a backend, and for the RAM that it is part of."""
    part = memory.part
    if part is None:
        return None
    text = str(size) if part.text.startswith("{") else option_size(size)
    changed = with_values(args, part, size=text)
    if not memory.is_ram:
        return changed
    total = ram_size + size - memory.size
    for other in parts_of(changed):
        if other.option == "m":
            values: dict[str, str | None] = {}
            if max_size < total and "maxmem" in other.params:
                values["maxmem"] = option_size(total)
            whole = ",".join(
                [
                    option_size(total),
                    *(
                        f"{name}={value}"
                        for name, value in other.params.items()
                        if name != "maxmem" or "maxmem" not in values
                    ),
                ]
                + [f"{name}={value}" for name, value in values.items() if value is not None]
            )
            return replaced(changed, other, whole)
    return (*changed, "-m", option_size(total))


def with_ram_backend(
    args: Sequence[str], id: str, *, by_machine: bool, object: str = ""
) -> tuple[str, ...]:
    """Return the line with the guest's RAM from the backend ``id``.

    ``object`` is that backend's option if the line has none; ``by_machine`` if the release
    has ``-machine memory-backend=``, else a single node names the backend.
    """
    changed = tuple(args)
    if object:
        changed = (*changed, "-object", object)
    if not by_machine:
        return (*changed, "-numa", f"node,memdev={id}")
    for part in parts_of(changed):
        if part.option == "machine":
            return replaced(changed, part, f"{part.text},memory-backend={id}")
    return (*changed, "-machine", f"memory-backend={id}")


def without(args: Sequence[str], part: Part) -> tuple[str, ...]:
    """Return the line without one option."""
    return removed(args, part)
