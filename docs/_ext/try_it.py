"""A line of the documentation in the explorer, folded below it: its answer, a frame and a link.

``.. try:: -object ...`` with the options ``revision``, ``host``, ``against-revision``,
``against-host``, ``qmp`` shows the model's verdict when the documentation is built.  The frame
shows the page itself, which the build writes beside the documentation where npm can fetch the
page's runtime; ``QEMU_MODEL_DOCS_PAGE=0`` leaves it out, and then there is no frame.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from qemu_model.explorer.answers import answer
from qemu_model.explorer.html import make_page
from qemu_model.explorer.runtime import RuntimeMissing, runtime
from qemu_model.revision import find

PAGE = "explorer.html"


def link_to(request: Mapping[str, Any]) -> str:
    """Return the fragment that the page keeps a question in (``page/state.js``)."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(json.dumps(request).encode()) + packer.flush()
    return f"#q={base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def named(key: str, value: str) -> str:
    """Return a value of the request; a tree by the name that the page has for it."""
    return find(value).name if key == "revision" else value


def headline(told: Mapping[str, Any]) -> str:
    """Return the answer in one line: what happens, and in which tree on which host."""
    sides = [told[side] for side in ("here", "there") if side in told]
    return "; ".join(f"{side['name']}: {side['verdict'][1]}" for side in sides)


def has_page() -> bool:
    """Whether the page can be made here."""
    if os.environ.get("QEMU_MODEL_DOCS_PAGE") == "0":
        return False
    try:
        runtime()
    except RuntimeMissing as missing:
        logging.getLogger(__name__).info("no frames with the explorer: %s", missing)
        return False
    return True


class Try(SphinxDirective):
    """The directive ``try``."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = {
        "revision": directives.unchanged,
        "host": directives.unchanged,
        "against-revision": directives.unchanged,
        "against-host": directives.unchanged,
        "against": directives.unchanged,
        "qmp": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        request: dict[str, Any] = {"text": " ".join(self.arguments[0].split())}
        for key in ("revision", "host", "qmp"):
            if key in self.options:
                request[key] = named(key, self.options[key])
        for key in ("revision", "host"):
            if f"against-{key}" in self.options:
                request["against"] = {key: named(key, self.options[f"against-{key}"])}
        if "against" in self.options:
            request["against"] = {"text": " ".join(self.options["against"].split())}
        told = answer(request)
        if told["kind"] != "line":
            raise self.error(f"this is not a QEMU line: {request['text']}")
        shown = escape(headline(told))
        parts = [
            f'<details class="try"><summary>Try it here <span>{shown}</span></summary>'
            f"<pre>{escape(request['text'])}</pre>"
        ]
        if self.env.config.explorer_page:
            depth = self.env.docname.count("/")
            address = f"{'../' * depth}{PAGE}{link_to(request)}"
            parts.append(
                f'<iframe src="{address}" loading="lazy" title="The explorer with this line">'
                f'</iframe><p><a href="{address}">Open it in a page of its own</a></p>'
            )
        else:
            parts.append(
                "<p>Paste the line into the page that <code>qemu-model explorer -o "
                "explorer.html</code> writes.</p>"
            )
        parts.append("</details>")
        return [nodes.raw("", "".join(parts), format="html")]


def write_page(app: Sphinx, failure: Exception | None) -> None:
    """Write the page beside the documentation."""
    if failure is None and app.config.explorer_page and app.builder.format == "html":
        (Path(app.outdir) / PAGE).write_text(make_page(), encoding="utf-8")


def setup(app: Sphinx) -> Mapping[str, Any]:
    app.add_config_value("explorer_page", has_page(), "env", types=frozenset({bool}))
    app.add_directive("try", Try)
    app.connect("build-finished", write_page)
    return {"parallel_read_safe": True}
