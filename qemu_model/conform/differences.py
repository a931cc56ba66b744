"""Where the messages, replies, exit status and files of two runs differ."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..process import Run
from .driver import Observation

_SIX_LETTERS: Final = re.compile(r"(qemu_back_mem\.[^/]*?\.)[A-Za-z0-9]{6}")


def without_letters(text: str) -> str:
    """Return ``text`` with the six letters that mkstemp chose replaced by X."""
    return _SIX_LETTERS.sub(r"\1XXXXXX", text)


def said_differences(seen: Observation, modelled: Run) -> Iterable[str]:
    """Yield where exit status, messages and replies differ."""
    if seen.stopped is not None and modelled.livelock is None:
        yield f"end: QEMU was stopped ({seen.stopped}), the model exits with {modelled.exit}"
    elif modelled.livelock is not None and seen.stopped is None:
        yield f"end: QEMU exits with {seen.exit}, the model stays in {modelled.livelock}"
    elif seen.exit != modelled.exit:
        yield f"exit status: QEMU {seen.exit}, the model {modelled.exit}"
    yield from list_differences("stderr", lines(seen.stderr), lines(modelled.stderr))
    yield from list_differences("stdout", lines(seen.stdout), lines(modelled.stdout))
    for what in ("reply", "event"):
        yield from list_differences(
            what, replies(seen.replies, what), replies(modelled.replies, what)
        )


def lines(texts: Sequence[str]) -> list[str]:
    """Return the lines of texts, which may have several each."""
    return without_letters("\n".join(texts)).split("\n") if texts else []


def replies(messages: Sequence[Mapping[str, Any]], what: str) -> list[str]:
    """Return the replies, or the events, as text, with lists of backends sorted by id.

    Events are compared apart from the replies, since their place among them may vary.
    """
    shown = []
    for message in messages:
        if ("event" in message) != (what == "event"):
            continue
        listed = message.get("return")
        if isinstance(listed, list) and all(isinstance(one, dict) for one in listed):
            message = {"return": sorted(listed, key=lambda one: str(one.get("id")))}
        shown.append(json.dumps(message, sort_keys=True))
    return shown


def list_differences(what: str, real: Sequence[str], modelled: Sequence[str]) -> Iterable[str]:
    """Yield where two lists of lines differ."""
    for place in range(max(len(real), len(modelled))):
        ours = modelled[place] if place < len(modelled) else None
        theirs = real[place] if place < len(real) else None
        if ours != theirs:
            yield f"{what} {place + 1}: QEMU {theirs!r}, the model {ours!r}"


def file_differences(real: Mapping[str, int], modelled: Mapping[str, int]) -> Iterable[str]:
    """Yield where the files afterwards differ."""
    for path in sorted({*real, *modelled}):
        if real.get(path) != modelled.get(path):
            yield f"file {path}: QEMU {real.get(path)} bytes, the model {modelled.get(path)}"
