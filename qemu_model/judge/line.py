"""What a command line tells the judge: the machine, and the paths of backends."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from ..error import Error
from ..qemu_option import qemu_opts_parse

#: What QEMU's own default is, on x86-64.
DEFAULT_MACHINE: Final = "pc"


def machine_of(options: Sequence[str]) -> str:
    """Return the machine that the options ask for, QEMU's own default without any."""
    machine = DEFAULT_MACHINE
    for word, value in pairwise(options):
        if word.lstrip("-") in ("M", "machine") and word.startswith("-"):
            first = value.split(",")[0]
            kind, equals, name = first.partition("=")
            if not equals:
                machine = first
            elif kind == "type":
                machine = name
    return machine


def memory_paths(options: Sequence[str], qmp: Sequence[Any] | None) -> set[str]:
    """Return every memory path in the options and the commands."""
    paths = set()
    for word, value in pairwise(options):
        name = word.lstrip("-") if word.startswith("-") else ""
        if name == "mem-path":
            paths.add(value)
        elif name == "object" and value.startswith("{"):
            try:
                paths.update(_paths_in(json.loads(value)))
            except (ValueError, RecursionError):
                continue
        elif name == "object":
            try:
                parsed = qemu_opts_parse(value, "qom-type")
            except Error:
                continue
            paths.update(text for key, text in parsed.params if key == "mem-path")
    paths.update(_paths_in(qmp or []))
    return paths


def _paths_in(data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("mem-path"), str):
                yield value["mem-path"]
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
