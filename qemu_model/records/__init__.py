"""How objects with fields are compared and shown: for attrs classes, written once.

attrs writes ``__eq__``, ``__hash__`` and ``__repr__`` for each class as it is imported,
which took a fifth of the time of a short command.  The classes of the model have them from
here: ``@attrs.frozen(eq=False, repr=False) class Stat(Value)``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import reprlib
from typing import Any

import attrs


@functools.cache
def _compared(kind: Any) -> tuple[str, ...]:
    """Return the names of the fields that decide whether two objects are equal."""
    return tuple(field.name for field in attrs.fields(kind) if field.eq)


@functools.cache
def _shown(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind) if field.repr)


class Record:
    """An object that is shown by its fields, and equal to itself alone."""

    __slots__ = ()

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        kind: Any = type(self)
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in _shown(kind))
        return f"{kind.__qualname__}({fields})"


class Value(Record):
    """An object that is equal to every other of its class with equal fields."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        kind: Any = type(self)
        return all(getattr(self, name) == getattr(other, name) for name in _compared(kind))

    def __hash__(self) -> int:
        kind: Any = type(self)
        return hash(tuple([getattr(self, name) for name in _compared(kind)]))
