"""Words that a text holds as a list: JSON, YAML, Python, or a Go program's log."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TypeGuard

from .programs import is_option, is_program
from .raw_words import raw_words

#: ``launching /usr/bin/qemu-system-x86_64 with: [-name ... -m ...]``, as Go programs log it.
_GO_LOG: Final = re.compile(r"(?P<program>/\S*qemu\S*) with: \[(?P<words>-.*?)\](?=\"|\s*$)", re.M)
_QUOTED_LIST: Final = re.compile(r"\[\s*(?:b?['\"])(?:[^\[\]]|\[[^\[\]]*\])*\]")
_LIST_ITEM: Final = re.compile(r"b?'((?:[^'\\]|\\.)*)'|b?\"((?:[^\"\\]|\\.)*)\"")
_YAML_ITEM: Final = re.compile(r"^(?P<indent>\s*)-\s+(?P<value>\S.*?)\s*$")


def lists_of_words(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Yield the sort of each list that holds QEMU options, its line from 1, and its words."""
    in_json = list(_in_json(text))
    if in_json:
        yield from in_json
        return
    for found in _GO_LOG.finditer(text):
        words = [found["program"], *raw_words(found["words"].replace('\\"', '"'))]
        yield "log", _line(text, found.start()), words
    for found in _QUOTED_LIST.finditer(text):
        words = [_unescaped(item) for item in _LIST_ITEM.finditer(found[0])]
        if holds_options(words):
            yield "list", _line(text, found.start()), words
    yield from _in_yaml(text)


def holds_options(words: list[str]) -> bool:
    """Return whether a list is a QEMU's: its program with options, or several options."""
    options = sum(map(is_option, words))
    return options > 1 or bool(options and any(map(is_program, words[:3])))


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _unescaped(item: re.Match[str]) -> str:
    text = item[1] if item[1] is not None else item[2]
    return re.sub(r"\\(.)", r"\1", text)


def _in_json(text: str) -> Iterator[tuple[str, int, list[str]]]:
    if text.lstrip()[:1] not in ("{", "["):
        return
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    left: list[Any] = [document]
    while left:
        value = left.pop(0)
        if isinstance(value, dict):
            program, words = value.get("Path") or value.get("path"), value.get("Args")
            if isinstance(program, str) and _are_words(words) and holds_options([program, *words]):
                yield "JSON", 1, [program, *words]
                continue
            command, args = value.get("command"), value.get("args")
            if _are_words(command) and _are_words(args) and holds_options([*command, *args]):
                yield "JSON", 1, [*command, *args]
                continue
            left.extend(value.values())
        elif _are_words(value) and holds_options(value):
            yield "JSON", 1, value
        elif isinstance(value, list):
            left.extend(value)


def _are_words(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _in_yaml(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Yield the words of block lists, ``command:`` and ``args:`` of a container together."""
    words: list[str] = []
    first, indent = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        item = _YAML_ITEM.match(line)
        if item is not None and (not words or item["indent"] == indent):
            first, indent = first or number, item["indent"]
            words.append(_yaml_scalar(item["value"]))
            continue
        if words and re.match(r"\s*(?:args|command)\s*:\s*$", line):
            continue
        if holds_options(words):
            yield "YAML", first, words
        words, first = [], 0
        if item is not None:
            first, indent = number, item["indent"]
            words = [_yaml_scalar(item["value"])]
    if holds_options(words):
        yield "YAML", first, words


def _yaml_scalar(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text.split(" #")[0].rstrip()
