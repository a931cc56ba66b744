"""Who makes the system calls: a C function, in a thread.

A function of the mirror that makes calls declares it with :func:`makes_calls`.  What it
calls counts as its own until another such function is entered.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeAlias, TypeVar

#: The thread that QEMU starts in, and runs its commands in.
MAIN: Final = "main"
#: The thread that frees blocks that no reader uses any more: ``util/rcu.c:call_rcu_thread``.
CALL_RCU: Final = "call_rcu"


class Caller:
    """The C function that executes, as ``FILE:FUNCTION``, empty outside of any; its thread.

    ``thread`` is :data:`MAIN` or :data:`CALL_RCU`.
    """

    __slots__ = ("by", "thread")

    def __init__(self) -> None:
        self.by = ""
        self.thread = MAIN


class HasCaller(Protocol):
    """What a function that makes calls has as its first argument: the process."""

    @property
    def caller(self) -> Caller:
        """Who makes the process's system calls at the moment."""
        ...


Q = TypeVar("Q", bound=HasCaller)
P = ParamSpec("P")
R = TypeVar("R")


#: A function of the mirror, whatever it takes and returns.
_Function: TypeAlias = Callable[..., Any]


def _of_any(function: _Function, by: str) -> _Function:
    """Return ``function``, executed as ``by``; the four below are this one, without a tuple.

    Python enters a function of a known number of parameters in a third of the time.
    """

    def calling(qemu: HasCaller, /, *args: Any, **kwargs: Any) -> Any:
        caller = qemu.caller
        before, caller.by = caller.by, by
        try:
            return function(qemu, *args, **kwargs)
        finally:
            caller.by = before

    return calling


def _of_two(function: _Function, by: str) -> _Function:
    def calling(qemu: HasCaller, a: Any, /) -> Any:
        caller = qemu.caller
        before, caller.by = caller.by, by
        try:
            return function(qemu, a)
        finally:
            caller.by = before

    return calling


def _of_three(function: _Function, by: str) -> _Function:
    def calling(qemu: HasCaller, a: Any, b: Any, /) -> Any:
        caller = qemu.caller
        before, caller.by = caller.by, by
        try:
            return function(qemu, a, b)
        finally:
            caller.by = before

    return calling


def _of_four(function: _Function, by: str) -> _Function:
    def calling(qemu: HasCaller, a: Any, b: Any, c: Any, /) -> Any:
        caller = qemu.caller
        before, caller.by = caller.by, by
        try:
            return function(qemu, a, b, c)
        finally:
            caller.by = before

    return calling


def _of_six(function: _Function, by: str) -> _Function:
    def calling(qemu: HasCaller, a: Any, b: Any, c: Any, d: Any, e: Any, /) -> Any:
        caller = qemu.caller
        before, caller.by = caller.by, by
        try:
            return function(qemu, a, b, c, d, e)
        finally:
            caller.by = before

    return calling


#: How a function is wrapped, by the number of its parameters.
_WRAPPERS: Final[Mapping[int, Callable[[_Function, str], _Function]]] = MappingProxyType(
    {2: _of_two, 3: _of_three, 4: _of_four, 6: _of_six}
)


def makes_calls(function: Callable[Concatenate[Q, P], R]) -> Callable[Concatenate[Q, P], R]:
    """Declare that a function makes system calls: they are recorded as its own.

    Its module names the C file in ``C_FILE``; its first argument is the process.  The
    others are given by place, but for those that have only a name.
    """
    code = function.__code__
    wrap = _of_any if code.co_kwonlyargcount else _WRAPPERS.get(code.co_argcount, _of_any)
    calling: Any = wrap(function, f"{function.__globals__['C_FILE']}:{function.__name__}")
    calling.__defaults__ = function.__defaults__
    result: Callable[Concatenate[Q, P], R] = functools.wraps(function)(calling)
    return result
