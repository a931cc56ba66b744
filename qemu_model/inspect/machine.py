"""``check --path`` and ``check --pid``: what this machine does, for people and programs."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json as _json
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from .cannot_judge import CannotJudge
from .machine_path import PathJudgement, judge_path
from .machine_process import (
    MEANING,
    MappingJudgement,
    ProcessJudgement,
    file_mappings,
    judge_pid,
    judge_smaps,
    read_mappings,
)
from .smaps import MappedRange

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "CannotJudge",
    "MappedRange",
    "MappingJudgement",
    "PathJudgement",
    "ProcessJudgement",
    "file_mappings",
    "judge_path",
    "judge_pid",
    "judge_smaps",
    "main_path",
    "main_pid",
    "main_smaps",
    "read_mappings",
]

Judgement = TypeVar("Judgement", PathJudgement, ProcessJudgement)


def main_path(path: str, json: bool = False) -> int:
    """Print what ``path`` is on this machine; return 0, or 2 with one line on stderr."""
    return _main(lambda: judge_path(path), _show_path, json)


def main_pid(pid: int | str, json: bool = False) -> int:
    """Print what the mappings of process ``pid`` are; return 0, or 2 with one line on stderr."""

    def judge() -> ProcessJudgement:
        text = str(pid)
        if not re.fullmatch("[1-9][0-9]{0,9}", text):
            raise CannotJudge(f"{text[:40]!r} is not the number of a process")
        return judge_pid(int(text))

    return _main(judge, _show_process, json)


def main_smaps(text: str, options: Sequence[str], json: bool = False) -> int:
    """Print what the mappings in a copy of smaps are; return 0, or 2 with one line on stderr."""
    return _main(lambda: judge_smaps(text, options), _show_process, json)


def _main(
    judge: Callable[[], Judgement], show: Callable[[Console, Judgement], None], json: bool
) -> int:
    try:
        judgement = judge()
    except CannotJudge as error:
        print(f"qemu-model: {error}", file=sys.stderr)
        return 2
    if json:
        print(_json.dumps(judgement.to_json(), indent=1))
        return 0
    from rich.console import Console

    show(Console(highlight=False, soft_wrap=not sys.stdout.isatty()), judgement)
    return 0


def _show_path(console: Console, judgement: PathJudgement) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_row("path", escape(judgement.path))
    table.add_row("is", judgement.kind)
    if mount := judgement.mount:
        table.add_row("file system", escape(mount.file_system))
        table.add_row("mounted", escape(f"{mount.source} at {mount.point}"))
        table.add_row("", escape(", ".join(mount.options)))
    table.add_row("DAX", _answer(judgement.dax))
    table.add_row("MAP_SYNC", _answer(judgement.map_sync, "possible", "not possible"))
    for number, sentence in enumerate(judgement.evidence):
        table.add_row("" if number else "because", escape(sentence))
    console.print(table)


def _answer(value: bool | None, yes: str = "yes", no: str = "no") -> str:
    if value is None:
        return "[magenta]not known[/]"
    return f"[green]{yes}[/]" if value else f"[red]{no}[/]"


def _show_process(console: Console, judgement: ProcessJudgement) -> None:
    from rich.markup import escape

    if judgement.pid is not None:
        console.print(f"process {judgement.pid}: {escape(judgement.program)}")
    if judgement.revision:
        tree = f"{judgement.revision} ({escape(judgement.because)})"
        console.print(f"its command line, read as {tree}")
    if not judgement.mappings:
        console.print("no mapping of it can be guest memory")
        return
    devices = [one for one in judgement.mappings if one.use == "device"]
    for judged in judgement.mappings:
        if judged.use != "device":
            _show_mapping(console, judged)
    if devices:
        console.print("memory of devices (ROM, VGA and the like):")
    for judged in devices:
        console.print(f"  {_where(judged)}")
    for finding in judgement.findings:
        console.print(f"{finding['code']} {finding['severity']}: {escape(str(finding['text']))}")


def _show_mapping(console: Console, judged: MappingJudgement) -> None:
    from rich.markup import escape

    mapping = judged.mapping
    colour = {"synchronous": "green", "unknown": "magenta"}.get(judged.nature, "red")
    name = f"{judged.use} {judged.id}: " if judged.id else ""
    console.print(f"{escape(name)}{escape(_where(judged))}")
    details = _details(judged)
    if details:
        console.print(f"  {details}")
    # Without a file there is nothing that could survive, and nothing to say about it.
    if mapping.file:
        console.print(f"  [{colour}]{MEANING[judged.nature]}[/]")
        console.print(f"  because {escape(judged.because)}")


def _where(judged: MappingJudgement) -> str:
    mapping = judged.mapping
    kind = "shared" if mapping.shared else "private"
    flag = ", sf" if "sf" in mapping.vm_flags else ""
    of = f" of {mapping.path}" if mapping.path else ""
    return f"{_size(mapping.size)} at {mapping.address:#x}, {kind}{flag}{of}"


def _details(judged: MappingJudgement) -> str:
    """Return the page size, what is resident, huge and locked, and on which nodes."""
    mapping = judged.mapping
    details = []
    if mapping.page_size is not None:
        details.append(f"pages of {_size(mapping.page_size)}")
    resident = mapping.amount("Rss")
    if resident is not None and "ht" not in mapping.vm_flags:
        details.append(f"{_size(resident)} resident" if resident else "nothing resident")
    if mapping.huge and "ht" not in mapping.vm_flags:
        details.append(f"{_size(mapping.huge)} in transparent huge pages")
    if judged.locked:
        details.append("locked")
    if judged.nodes:
        pages = ", ".join(f"node {node}: {count} pages" for node, count in judged.nodes.items())
        details.append(pages)
    return "; ".join(details)


def _size(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size % unit == 0 and size >= unit:
            return f"{size // unit} {name}"
    return f"{size} bytes"
