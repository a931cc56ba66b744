"""Who makes the system calls: a C function, in a thread.

A function of the mirror that makes calls declares it with :func:`makes_calls`.  What it
calls counts as its own until another such function is entered.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

#: The thread that QEMU starts in, and runs its commands in.
MAIN: Final = "main"
#: The thread that frees what its readers have left: ``util/rcu.c:call_rcu_thread``.
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


def makes_calls(function: Callable[Concatenate[Q, P], R]) -> Callable[Concatenate[Q, P], R]:
    """Declare that a function makes system calls: they are recorded as its own.

    Its module names the C file in ``C_FILE``; its first argument is the process.
    """
    by = f"{function.__globals__['C_FILE']}:{function.__name__}"

    @functools.wraps(function)
    def calling(qemu: Q, /, *args: P.args, **kwargs: P.kwargs) -> R:
        caller = qemu.caller
        before = caller.by
        caller.by = by
        try:
            return function(qemu, *args, **kwargs)
        finally:
            caller.by = before

    return calling
