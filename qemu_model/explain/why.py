"""``why``: from a message of QEMU's, wherever it was copied from, to what it means."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

import attrs

from ..records import Record
from ..revision import REVISIONS
from .causes import Cause, causes_of
from .known import Known
from .match import find_messages
from .message_patterns import Found, tidy
from .nearest import nearest

if TYPE_CHECKING:
    from ..findings.conditions import Condition

#: What follows these is a path on the host.
_PATH_OPTIONS: Final = ("mem-path=", "-mem-path ")
#: What stands for a path in a command where the text has none.
NO_PATH: Final = "PATH"
#: Where a message names no type, it is about a backend.
_BACKEND: Final = "memory-backend-file"
#: A path in a message is no longer than a path can be, in characters.
LONGEST_PATH: Final = 4096


@attrs.frozen(eq=False, repr=False)
class Why(Record):
    """What is known of a text: the surest message in it, and the others.

    ``nearest`` are the messages most like it where none is in it; ``path`` is the
    one that the text speaks of, empty if none.  ``here`` are the conditions that the line
    in the text fails.
    """

    found: Found | None
    others: tuple[Found, ...]
    nearest: tuple[Known, ...]
    path: str
    here: tuple[Condition, ...] = ()

    def __str__(self) -> str:
        """Return the message and its usual causes with their fixes."""
        if self.found is None:
            return "Unknown message."
        causes = [f"  {one.text}{f' (fix: {one.fix})' if one.fix else ''}" for one in self.causes()]
        return "\n".join([self.said or self.found.known.template.strip(), *causes])

    @property
    def said(self) -> str:
        """The message as it stands in the text."""
        if self.found is None:
            return ""
        return self.found.said

    @property
    def known(self) -> bool:
        """Whether the text holds a message that QEMU has."""
        return self.found is not None

    @property
    def fix(self) -> str:
        """What to do first: for the line in the text, else for the likeliest cause."""
        fixes = [one.fix for one in self.here] + [cause.fix for cause in self.causes()[:1]]
        return next(filter(None, fixes), "")

    def causes(self) -> tuple[Cause, ...]:
        """Return the usual causes, the path in their commands filled in."""
        if self.found is None:
            return ()
        path = shlex.quote(self.path) if self.path else NO_PATH
        type = dict(self.found.fields).get("type", "").strip("'\"") or _BACKEND
        return tuple(
            attrs.evolve(cause, check=_filled(cause.check, path, type))
            for cause in causes_of(self.found.known, self.found.errno)
            if not cause.of_type or type.startswith(cause.of_type)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, as the schema ``why`` describes it."""
        answer: dict[str, Any] = {
            "known": self.known,
            "message": None,
            "function": None,
            "functions": {},
            "revisions": [],
            "revision_meanings": {},
            "conditions": [],
            "errno": None,
            "fields": {},
            "here": [],
            "causes": [],
            "checks": [],
            "also": [other.known.template for other in self.others],
            "nearest": [known.template for known in self.nearest],
        }
        if self.found is not None:
            known = self.found.known
            causes = self.causes()
            checks = [one.check for one in self.here] + [cause.check for cause in causes]
            answer |= {
                "message": known.template,
                "function": known.function,
                "functions": known.functions,
                "revisions": list(known.revisions),
                "revision_meanings": {
                    name: REVISIONS[name].meaning for name in known.revisions if name in REVISIONS
                },
                "conditions": list(known.conditions),
                "errno": self.found.errno,
                "fields": dict(self.found.fields),
                "here": [
                    {"cause": one.text, "fix": one.fix, "check": one.check} for one in self.here
                ],
                "causes": [
                    {"cause": cause.text, "fix": cause.fix, "check": cause.check}
                    for cause in causes
                ],
                "checks": list(dict.fromkeys(filter(None, checks))),
            }
        return answer


def _filled(check: str, path: str, type: str) -> str:
    return check.replace("{path}", path).replace("{type}", shlex.quote(type))


def why(text: str, host: str = "") -> Why:
    """Return what is known of ``text``: an error message, with anything around it.

    The line or the option that it came with is looked at too, on the simulated ``host`` if
    one is named.
    """
    from ..findings.here import conditions_here

    found = find_messages(text)
    if not found:
        return Why(None, (), tuple(nearest(text)), "")
    here = conditions_here(text, found[0], host)
    return Why(found[0], tuple(found[1:]), (), _path(found[0], text), here)


def _path(found: Found, text: str) -> str:
    """Return the path that the message, or the command line before it, speaks of."""
    for name, value in found.fields:
        if name == "path" and value.startswith("/") and len(value) < LONGEST_PATH:
            return value
    for line in (found.line, tidy(text)):
        for option in _PATH_OPTIONS:
            start = line.find(option)
            if start < 0:
                continue
            start += len(option)
            path = line[start : start + LONGEST_PATH].split("\n")[0]
            for end in (",", ": ", " ", '"', "'"):
                path = path.split(end)[0]
            if path:
                return path
    return ""
