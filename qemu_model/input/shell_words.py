"""Commands of a shell's text, read and never run.

Quotes, escapes, lines continued with a backslash, comments, variables and arrays that
the text itself sets.  What only a running shell knows (the environment, the output of
a command) stays as it is written, and is noted.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import Final

import attrs

from ..records import Value

_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)(\+?)=")
_NAME: Final = re.compile(r"[A-Za-z_]\w*|[@*#?$!0-9-]")
_BRACED: Final = re.compile(r"\{#?([A-Za-z_]\w*|[0-9@*]+)(\[[@*]\])?(?::?[-=+?]([^}]*))?\}")
_REDIRECTION: Final = re.compile(r"(?:\d+|&)?(?:<<<?-?|>>|<>|>\||<|>)&?")
#: A line that goes on; pasted text can have blanks behind the backslash.
_CONTINUED: Final = re.compile(r"\\[ \t]*\r?\n")
_ENDS: Final = frozenset(";|&\n()")
#: Characters of a word that stand for themselves.
_PLAIN: Final = re.compile(r"""[^\s;|&()<>\\'"$`]+""")
#: More text than this, in characters, no expansion may make.
_LONGEST: Final = 1 << 20


class Unreadable(Exception):
    """The text is not a shell command: a quote has no end, or expansions have none."""


@attrs.define(eq=False, repr=False)
class Command(Value):
    """One command: its words, and the line of the text that it begins on, from 1."""

    words: list[str]
    line: int
    notes: list[str] = attrs.field(factory=list)


@attrs.define(eq=False, repr=False)
class _Reader(Value):
    text: str
    position: int = 0
    variables: dict[str, list[str]] = attrs.field(factory=dict)
    notes: list[str] = attrs.field(factory=list)
    grown: int = 0
    #: How far line ends are counted, and the number of the line there.
    counted: int = 0
    line: int = 1

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _line(self) -> int:
        """Return the number of the line that is read, each line end counted once."""
        self.line += self.text.count("\n", self.counted, self.position)
        self.counted = self.position
        return self.line

    def _skip_blanks(self) -> None:
        while self.position < len(self.text):
            here = self.text[self.position]
            if here.isspace() and here != "\n":
                self.position += 1
            elif here == "\\" and (joined := _CONTINUED.match(self.text, self.position)):
                self.position = joined.end()
            elif here == "#":
                end = self.text.find("\n", self.position)
                self.position = len(self.text) if end < 0 else end
            else:
                return

    def command(self) -> Command | None:
        """Read one command; None at the end of the text."""
        words: list[str] = []
        line = 0
        while True:
            self._skip_blanks()
            if self.position >= len(self.text):
                break
            here = self.text[self.position]
            redirection = _REDIRECTION.match(self.text, self.position)
            if redirection is not None:
                self.position = redirection.end()
                self._skip_blanks()
                self.word()
                continue
            if here in _ENDS:
                self.position += 1
                if words:
                    break
                continue
            if not words and self._assigns():
                continue
            line = line or self._line()
            words += self.word()
        if not words:
            return None
        command = Command(words, line, list(self.notes))
        self.notes.clear()
        return command

    def _assigns(self) -> bool:
        found = _ASSIGNMENT.match(self.text, self.position)
        if found is None:
            return False
        name, adds = found[1], found[2]
        self.position = found.end()
        if self.text.startswith("(", self.position):
            self.position += 1
            value = self._array()
        else:
            value = [" ".join(self.word())] if self._has_word() else [""]
        if adds:
            before = self.variables.get(name, [])
            value = (
                before + value
                if len(value) != 1
                else [*before[:-1], "".join(before[-1:]) + value[0]]
            )
        self.variables[name] = value
        return True

    def _has_word(self) -> bool:
        return self.position < len(self.text) and not (
            self.text[self.position].isspace() or self.text[self.position] in _ENDS
        )

    def _array(self) -> list[str]:
        value: list[str] = []
        while True:
            self._skip_blanks()
            if self.position >= len(self.text):
                raise Unreadable
            here = self.text[self.position]
            if here == ")":
                self.position += 1
                return value
            if here == "\n":
                self.position += 1
                continue
            if here in _ENDS or here in "<>":
                raise Unreadable
            value += self.word()

    def word(self) -> list[str]:
        """Read one word of the text, which can stand for none or several."""
        parts: list[str] = []
        done: list[str] = []
        quoted = False
        text = self.text
        while self.position < len(text):
            here = text[self.position]
            if here.isspace() or here in _ENDS or here in "<>":
                break
            if here == "\\":
                if joined := _CONTINUED.match(text, self.position):
                    self.position = joined.end()
                    continue
                parts.append(text[self.position + 1 : self.position + 2])
                self.position += 2
            elif here == "'":
                end = text.find("'", self.position + 1)
                if end < 0:
                    raise Unreadable
                parts.append(text[self.position + 1 : end])
                self.position = end + 1
                quoted = True
            elif here == '"':
                quoted = True
                self._double_quoted(parts, done)
            elif here == "$" and text.startswith("$'", self.position):
                self.position += 1
            elif here in "$`":
                values = self._expansion()
                pieces = [piece for value in values for piece in _split(value)]
                if pieces:
                    parts.append(pieces[0])
                    for piece in pieces[1:]:
                        done.append("".join(parts))
                        parts[:] = [piece]
            elif plain := _PLAIN.match(text, self.position):
                parts.append(plain[0])
                self.position = plain.end()
        whole = "".join(parts)
        return [*done, whole] if whole or quoted else done

    def _double_quoted(self, parts: list[str], done: list[str]) -> None:
        text = self.text
        self.position += 1
        while True:
            if self.position >= len(text):
                raise Unreadable
            here = text[self.position]
            if here == '"':
                self.position += 1
                return
            if here == "\\":
                behind = text[self.position + 1 : self.position + 2]
                if behind in ('"', "\\", "$", "`"):
                    parts.append(behind)
                elif behind != "\n":
                    parts.append("\\" + behind)
                self.position += 2
            elif here in "$`":
                values = self._expansion()
                if len(values) > 1:
                    parts.append(values[0])
                    done.append("".join(parts))
                    done += values[1:-1]
                    parts[:] = [values[-1]]
                else:
                    parts += values
            else:
                parts.append(here)
                self.position += 1

    def _expansion(self) -> list[str]:
        """Read what begins with ``$`` or a backquote; return its values, or its text."""
        text, start = self.text, self.position
        if text[start] == "`" or text.startswith("$(", start):
            self.position = _behind_substitution(text, start)
            self._note(f"{text[start : self.position][:40]} was not run: its output is unknown")
            return [text[start : self.position]]
        braced = _BRACED.match(text, start + 1)
        plain = _NAME.match(text, start + 1)
        found = braced or plain
        if found is None:
            self.position = start + 1
            return ["$"]
        self.position = found.end()
        name = found[1] if braced else found[0]
        value = self.variables.get(name)
        if value is None and braced and braced[3] is not None:
            return [braced[3]]
        if value is None:
            if name not in ("@", "*"):
                self._note(f"${name} is set outside the text: its value is unknown")
                return [text[start : self.position]]
            return []
        self.grown += sum(map(len, value)) + 1
        if self.grown > _LONGEST:
            raise Unreadable
        return value


def _split(value: str) -> list[str]:
    """Return the words of a value without quotes; the text of an unknown one stays whole."""
    return [value] if "$(" in value or "`" in value else value.split()


def _behind_substitution(text: str, start: int) -> int:
    if text[start] == "`":
        end = text.find("`", start + 1)
    else:
        depth, end = 0, -1
        for position in range(start + 1, len(text)):
            depth += {"(": 1, ")": -1}.get(text[position], 0)
            if not depth:
                end = position
                break
    if end < 0:
        raise Unreadable
    return end + 1


def shell_commands(text: str) -> list[Command]:
    """Return the commands of a script.  Raises :class:`Unreadable`."""
    reader = _Reader(text)
    found = []
    while (command := reader.command()) is not None:
        found.append(command)
    return found


def shell_command(text: str, start: int) -> tuple[Command, int]:
    """Return the one command that begins at ``start``, and where the text goes on behind it.

    Raises :class:`Unreadable`.
    """
    reader = _Reader(text, start)
    command = reader.command()
    if command is None:
        raise Unreadable
    return command, reader.position
