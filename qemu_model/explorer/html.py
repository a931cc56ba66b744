"""The page: template, style, script and data in one file that needs nothing else."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources

from .. import __version__
from ..host import profiles
from ..revision import REVISIONS
from .matrix import answers
from .payload import pack


def _part(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def html(data: str) -> str:
    """Return the page around ``data``, as :func:`.payload.pack` gives it."""
    page = _part("page.html")
    for mark, text in (
        ("@VERSION@", __version__),
        ("@STYLE@", _part("page.css").strip()),
        ("@SCRIPT@", _part("page.js").strip()),
        ("@DATA@", data),
    ):
        page = page.replace(mark, text)
    return page


def make_page(
    hosts: Sequence[str] | None = None,
    revisions: Sequence[str] | None = None,
    on_host: Callable[[], None] = lambda: None,
) -> str:
    """Run the model over all choices and return the page, less than 3 MB of HTML.

    ``hosts`` are names of profiles, by default all that ship; ``revisions`` names of
    revisions, by default all.  ``on_host`` is called whenever a host is done.
    """
    chosen_hosts = profiles.names() if hosts is None else hosts
    chosen_revisions = tuple(REVISIONS) if revisions is None else revisions
    return html(pack(answers(chosen_hosts, chosen_revisions, on_host), chosen_revisions))
