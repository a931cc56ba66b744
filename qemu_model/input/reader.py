"""QEMU's options in a text as people have it: a log, ``ps``, a script, a list.

What a text says is read; nothing of it is run, and nothing outside it is looked at.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import attrs

from ..machines.programs import with_program
from .broken_json import repaired
from .found import NothingFound, QemuLine
from .lists import lists_of_words
from .programs import IN_TEXT, is_option, is_program, option_name
from .raw_words import has_bare_objects, raw_words
from .readconfig import readconfig_options
from .shell_words import Unreadable, shell_command, shell_commands

_STARTING: Final = re.compile(r"^(?P<when>\S+ \S+?): starting up libvirt version: ", re.M)
_VERSION: Final = re.compile(r"qemu version: ([^,\n]+)")
_PS_HEAD: Final = re.compile(r"^\s*[\w+.-]+\s+\d+\s+[\d.]+\s+[\d.]+\s+\d+\s+\d+\s")
_PREFIX: Final = re.compile(r"^(?:Exec\w+|ExecStart)=[-@:+!]*")
#: A zero byte as terminals show it, between words.
_SHOWN_ZERO: Final = re.compile(r"\^@--?[a-zA-Z]")
#: What a shell prints before a command, and before the lines that go on with it.
_PROMPT: Final = re.compile(r"^(?:[\w.-]+@[\w.-]+[:\w/~ .-]*[$#%]|[$%]) (?=\S)", re.M)
_CONTINUED_PROMPT: Final = re.compile(r"(\\[ \t]*\n)> ")
_IN_TEXT: Final = re.compile(IN_TEXT)
#: A line ``Key: value``, as descriptions of containers have them.
_KEY_AND_VALUE: Final = re.compile(r"\s*[A-Z][\w /-]*:(?:\s.*)?$")
_JOURNAL: Final = re.compile(r"^\w{3} +\d+ [\d:]{8} \S+ [\w.@-]+\[\d+\]: ", re.M)
#: A command that runs another one in a container, whose /dev/shm is small.
_CONTAINER: Final = re.compile(
    r"\b(?:docker|podman|nerdctl)\s+(?:container\s+)?run\b(?!.*ipc[= ]host)"
)
CONTAINER_NOTE: Final = (
    "the line runs in a container, whose /dev/shm has 64 MiB unless --shm-size says more: "
    "--host sim:pod judges it there"
)
#: So much text behind a line is looked at for QEMU's messages, in characters.
_LONGEST_BEHIND: Final = 100_000
#: Options of a distribution's own that take a value: QEMU has none of them.
_DISTRIBUTION: Final = MappingProxyType({"id": "-id is Proxmox's own option; it is left out"})


def find_lines(text: str) -> tuple[QemuLine, ...]:
    """Return the options of every QEMU that a text shows, in the text's order.

    Raises :class:`~.found.NothingFound`, which says what was looked for.
    """
    found = tuple(_cleaned(line) for line in _found(text))
    if not found:
        from .refusals import why_nothing

        raise NothingFound(why_nothing(text))
    return found


def find_line(text: str, number: int = 0) -> QemuLine:
    """Return one QEMU's options: the last in the text, or the one with this number, from 1.

    Raises :class:`~.found.NothingFound`, also where there are fewer.
    """
    lines = find_lines(text)
    if number > len(lines):
        raise NothingFound(
            f"start {number} was requested; the text shows {len(lines)} "
            f"start{'s' if len(lines) > 1 else ''} of QEMU"
        )
    chosen = lines[number - 1]
    if not number and len(lines) > 1:
        note = f"the last of {len(lines)} starts in the text; --start N takes another"
        chosen = attrs.evolve(chosen, notes=(note, *chosen.notes))
    return chosen


def _found(text: str) -> list[QemuLine]:
    if _SHOWN_ZERO.search(text):
        text = text.replace("^@", "\0")
    if "\0" in text:
        return _of_process(text)
    text = _PROMPT.sub("", _CONTINUED_PROMPT.sub(r"\1", text.replace("\r\n", "\n")))
    if _STARTING.search(text):
        return list(_of_libvirt(text))
    for reader in (
        _of_options,
        _of_lists,
        _of_words_on_lines,
        _of_text,
        _of_script,
        _of_readconfig,
    ):
        lines = list(reader(text))
        if lines:
            return lines
    return []


def _of_process(text: str) -> list[QemuLine]:
    """Read ``/proc/PID/cmdline``: words that end in a zero byte."""
    words = text.rstrip("\n").removesuffix("\0").split("\0")
    start = next((at for at, word in enumerate(words) if is_program(word)), None)
    if start is None:
        return [QemuLine(tuple(words), "/proc/PID/cmdline")] if _all_options(words) else []
    return [QemuLine(tuple(words[start + 1 :]), "/proc/PID/cmdline", words[start])]


def _all_options(words: list[str]) -> bool:
    return bool(words) and is_option(words[0])


def _of_libvirt(text: str) -> Iterator[QemuLine]:
    """Read every start in a log that libvirt keeps of a domain."""
    starts = list(_STARTING.finditer(text))
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        end = following.start() if following is not None else len(text)
        version = _VERSION.search(text, start.start(), text.find("\n", start.start()) + 1 or end)
        for line in _in_text(text, start.end(), end, "libvirt log"):
            yield attrs.evolve(
                line, version=version[1].strip() if version else "", when=start["when"]
            )
            break


def _of_lists(text: str) -> Iterator[QemuLine]:
    for kind, number, words in lists_of_words(text):
        start = next((at + 1 for at, word in enumerate(words) if is_program(word)), 0)
        program = words[start - 1] if start else ""
        yield QemuLine(tuple(words[start:]), kind, program, line=number)


def _of_words_on_lines(text: str) -> Iterator[QemuLine]:
    """Read words that stand on a line each, as ``tr '\\0' '\\n'`` and kubectl print them."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not is_program(line.strip()):
            continue
        words = []
        for behind in lines[number:]:
            word = behind.strip()
            if word in ("Args:", "Command:"):
                continue
            if not word or (_KEY_AND_VALUE.match(behind) and not word.startswith("-")):
                break
            words.append(word)
        if words and is_option(words[0]) and not any(map(_holds_more, words)):
            yield QemuLine(tuple(words), "list", line.strip(), line=number)


def _holds_more(line: str) -> bool:
    """Return whether a line has an option and its value: then it is not a single word."""
    first = line.split(None, 1)[0]
    return is_option(first) and len(line.split()) > 1


def _of_text(text: str) -> Iterator[QemuLine]:
    """Read lines of ``ps`` or of a journal; a script with variables is read whole instead."""
    if "$" in text and not _PS_HEAD.search(text) and not _JOURNAL.search(text):
        lines = list(_of_script(text))
        if lines:
            yield from lines
            return
    yield from _in_text(text, 0, len(text), "")


def _in_text(text: str, start: int, end: int, kind: str) -> Iterator[QemuLine]:
    position = start
    while (found := _IN_TEXT.search(text, position, end)) is not None:
        position = found.end()
        begin, line_end = found.start("program"), text.find("\n", found.start())
        if (
            begin
            and text[begin - 1] in "'\""
            and text.startswith(text[begin - 1], found.end("program"))
        ):
            # The program's name is in quotes of its own.
            begin -= 1
        head = text[text.rfind("\n", 0, begin) + 1 : begin]
        if head.lstrip().startswith("#"):
            continue
        line_end = end if line_end < 0 else min(line_end, end)
        number = text.count("\n", 0, begin) + 1
        if _PS_HEAD.match(head):
            line_end = _end_of_process(text, line_end, end)
        whole = " ".join(text[begin:line_end].split("\n"))
        notes: tuple[str, ...] = ()
        if not whole.rstrip().endswith("\\") and has_bare_objects(whole):
            words, position = raw_words(whole), line_end
            sort = kind or ("ps" if _PS_HEAD.match(head) else "line without quotes")
        else:
            try:
                if _PS_HEAD.match(head):
                    command, position = shell_command(whole, 0)[0], line_end
                else:
                    command, position = shell_command(text[:end], begin)
                words, notes = command.words, tuple(command.notes)
                sort = kind or _sort(head, whole)
            except Unreadable:
                words, position = raw_words(whole), line_end
                sort = kind or "line with a lost quote"
        following = _IN_TEXT.search(text, position, end)
        stop = following.start() if following is not None else end
        behind = text[position : min(stop, position + _LONGEST_BEHIND)]
        if "/dev/shm" in whole and _CONTAINER.search(head):
            notes = (*notes, CONTAINER_NOTE)
        yield QemuLine(tuple(words[1:]), sort, words[0], line=number, notes=notes, behind=behind)


def _end_of_process(text: str, line_end: int, end: int) -> int:
    """Return where a line of ``ps`` ends that a terminal broke: at a blank line or the next."""
    while line_end < end:
        following = text.find("\n", line_end + 1)
        following = end if following < 0 else following
        line = text[line_end + 1 : following]
        if not line.strip() or _PS_HEAD.match(line) or re.match(r"\S+[$#%] ", line):
            return line_end
        line_end = following
    return line_end


def _sort(head: str, whole: str) -> str:
    if _PS_HEAD.match(head):
        return "ps"
    if _JOURNAL.match(head):
        return "journal"
    if _PREFIX.match(head.strip()):
        return "unit file"
    return "Proxmox command" if re.search(r"\s-id \d", whole) else "command"


def _of_script(text: str) -> Iterator[QemuLine]:
    """Read a shell script: variables and arrays that it sets itself are filled in."""
    try:
        commands = shell_commands(text)
    except Unreadable:
        return
    for command in commands:
        words = command.words
        start = next((at for at, word in enumerate(words) if is_program(word)), None)
        # The word "qemu" stands in prose too: a program of that name alone has an option next.
        if (
            start is not None
            and words[start] == "qemu"
            and not any(map(is_option, words[start + 1 : start + 2]))
        ):
            start = None
        if start is not None and any(map(is_option, words[start + 1 :])):
            notes = command.notes
            if "/dev/shm" in " ".join(words) and _CONTAINER.search(" ".join(words[:start])):
                notes = [*notes, CONTAINER_NOTE]
            behind = "\n".join(text.split("\n")[command.line :])
            yield QemuLine(
                tuple(words[start + 1 :]),
                "script",
                words[start],
                line=command.line,
                notes=tuple(notes),
                behind=behind[:_LONGEST_BEHIND],
            )


def _of_options(text: str) -> Iterator[QemuLine]:
    """Read options that stand alone, without a program."""
    stripped = text.lstrip()
    if not stripped.startswith("-") or not is_option(stripped.split()[0].strip("'\"")):
        return
    if has_bare_objects(text):
        yield QemuLine(tuple(raw_words(text)), "options")
        return
    joined = re.sub(r"\\?[ \t]*\n\s*(?=-)", " ", stripped.rstrip())
    try:
        command, _ = shell_command(joined, 0)
        yield QemuLine(tuple(command.words), "options", notes=tuple(command.notes))
    except Unreadable:
        yield QemuLine(tuple(raw_words(text)), "options with a lost quote")


def _of_readconfig(text: str) -> Iterator[QemuLine]:
    words = readconfig_options(text)
    if words:
        yield QemuLine(tuple(words), "-readconfig file")


def _cleaned(line: QemuLine) -> QemuLine:
    """Return the line without a distribution's own options, and with whole JSON objects."""
    words: list[str] = []
    notes = list(line.notes)
    given = iter(line.options)
    for word in given:
        note = _DISTRIBUTION.get(option_name(word))
        if note is not None:
            next(given, None)
            notes.append(note)
        else:
            words.append(repaired(word))
    options = with_program(line.program, words)
    return attrs.evolve(line, options=options, notes=tuple(notes))
