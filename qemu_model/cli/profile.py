"""``qemu-model profile``: the machines that a simulated host can be."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .options import COLOR, HELP, JSON, UsageError, nearest, split, usage

if TYPE_CHECKING:
    from ..host.profile import Profile
    from .page import Page

OPTIONS: Final = (JSON, COLOR, HELP)
ACTIONS: Final = ("list", "show", "check")
WIDEST_FLAGS: Final = len("MAP_SHARED_VALIDATE|MAP_SYNC")


def help_text() -> str:
    """Return what ``profile --help`` shows."""
    return usage(
        "profile [list | show NAME | check FILE.json]",
        "List the profiles of simulated hosts, show one with where each answer is known from,\n"
        "or check one of your own.  A profile says only what differs from the one it is\n"
        "based_on; use it with --host sim:FILE.json.",
        OPTIONS,
        (
            "qemu-model profile",
            "qemu-model profile show ext4-dax",
            "qemu-model profile show ext4-dax --json > mine.json",
            "qemu-model profile check mine.json",
        ),
        "0: done.  2: there is no such profile, or the file is not one.",
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    as_json = words.has(JSON)
    action, *rest = words.qemu or ("list",)
    if action == "list" and not rest:
        return _list(as_json=as_json, color=words.value(COLOR))
    if action in ("show", "check") and len(rest) == 1:
        return _one(action, rest[0], as_json=as_json, color=words.value(COLOR))
    if action in ACTIONS:
        raise UsageError(f"{action} takes {'nothing' if action == 'list' else 'one name'}")
    raise UsageError(
        f"no action is called '{action}'{nearest(action, ACTIONS)}; there are {', '.join(ACTIONS)}"
    )


def _list(*, as_json: bool, color: str) -> int:
    from ..host import profiles
    from .page import Page

    titles = profiles.titles()
    if as_json:
        rows = [{"name": name, "title": title} for name, title in titles.items()]
        json.dump(rows, sys.stdout, ensure_ascii=True)
        print()
        return 0
    page = Page(color)
    width = max(map(len, titles))
    for name, title in titles.items():
        page.entry(name, title, width)
    return 0


def _one(action: str, name: str, *, as_json: bool, color: str) -> int:
    from ..host import profiles
    from .page import Page

    if action == "check" and "/" not in name and not name.endswith(".json"):
        name = f"./{name}"
    try:
        profile = profiles.load(name)
    except profiles.ProfileError as error:
        raise UsageError(str(error)) from error
    if as_json:
        json.dump(profile.describe(), sys.stdout, ensure_ascii=True, indent=1)
        print()
    elif action == "check":
        print(f"{name} is a profile: use it with --host sim:{name}")
    else:
        _show(profile, Page(color))
    return 0


def _show(profile: Profile, page: Page) -> None:
    from ..host.measured import measured_on

    about = profile.describe()
    page.line(f"{profile.name}: {profile.title}", "bold")
    page.item(f"use it with --host sim:{profile.name}; a file there: {profile.mem_path}")
    for head in ("platform", "kernel"):
        page.head(head)
        for key, value in about[head].items():
            page.item(f"{key}: {value}")
    page.head("NUMA nodes, and huge pages")
    page.item(f"nodes: {', '.join(map(str, about['nodes']))}")
    for pool in about["huge_pages"]:
        page.item(f"huge pages of {pool['size']} bytes: {pool['pages']}")
    for name, row in about["file_systems"].items():
        page.head(f"What mmap answers for {row.get('title', name)}")
        for flags, told in row["mmap"].items():
            page.entry(flags, f"{told['answer']} ({told['evidence']})", WIDEST_FLAGS)
        measured = measured_on(name, row["mmap"])
        if measured:
            page.item(f"measured on Linux {', '.join(measured)}")
    page.head("Known from")
    for what, source in about["evidence"].items():
        page.item(f"{what}: {source}")
