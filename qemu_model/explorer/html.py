"""The page, as one HTML file that needs nothing else, or as files of a web site."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import base64
import gzip
import html
import json
import shlex
from importlib import resources
from pathlib import Path
from typing import Any, Final

from .. import __version__
from ..explain.explanation import explain
from ..host import profiles
from ..revision import REVISIONS, find
from .answers import answer
from .bundle import packages
from .examples import EXAMPLES
from .runtime import compiled, compressed, runtime

SCRIPTS: Final = ("dom.js", "state.js", "picture.js", "calls.js", "view.js", "model.js", "main.js")
#: The browser itself keeps the page off the network.
_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src {own} 'unsafe-inline'; "
    "script-src {own} 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src {own} blob:; "
    "connect-src {connect}; base-uri 'none'; form-action 'none'"
)


def _part(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def parts() -> dict[str, bytes]:
    """Return what runs the model, each part compressed with gzip.

    Raises :class:`~qemu_model.explorer.runtime.RuntimeMissing`.
    """
    folder = runtime()
    library, own = compiled(folder, packages())
    files = {
        "loader": folder / "pyodide.mjs",
        "module": folder / "pyodide.asm.mjs",
        "wasm": folder / "pyodide.asm.wasm",
        "lock": folder / "pyodide-lock.json",
        "library": library,
    }
    made = {name: compressed(path) for name, path in files.items()}
    return {**made, "packages": gzip.compress(own, 9, mtime=0)}


def document() -> dict[str, Any]:
    """Return the data that the page has before the model is loaded."""
    examples = [
        {"title": one.title, "about": one.about, "request": dict(one.request)} for one in EXAMPLES
    ]
    return {
        "version": __version__,
        "revisions": [[name, tree.meaning] for name, tree in REVISIONS.items()],
        "hosts": [[f"sim:{name}", title] for name, title in profiles.titles().items()],
        "examples": examples,
        "first": answer(EXAMPLES[0].request),
    }


def first_in_words() -> str:
    """Return the first example as the command line shows it, for a page without scripts."""
    asked = EXAMPLES[0].request
    text, host, revision = (str(asked[key]) for key in ("text", "host", "revision"))
    line = f"$ qemu-model explain --revision {revision} --host {host} {text}"
    told = explain(shlex.split(text), find(revision), host)
    calls = (f"  {event}" for event in told.run.events)
    return "\n".join([line, str(told), "", "The system calls", *calls])


def _in_script(text: str) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c")


def _page(*, style: str, script: str, policy: str, blobs: str) -> str:
    page = _part("page.html")
    data = json.dumps(document(), ensure_ascii=True, separators=(",", ":"))
    for mark, text in (
        ("@VERSION@", __version__),
        ("@FIRST@", html.escape(first_in_words())),
        ("@POLICY@", policy),
        ("@STYLE@", style),
        ("@DOCUMENT@", _in_script(data)),
        ("@SCRIPT@", script),
        ("@PARTS@", blobs),
    ):
        page = page.replace(mark, text)
    return page


def _script() -> str:
    body = "\n".join(_part(name).strip() for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{body}\n}})();\n'


def make_page() -> str:
    """Return the page as one HTML file of about 9 MB.

    Raises :class:`~qemu_model.explorer.runtime.RuntimeMissing`.
    """
    blobs = [
        f'<script type="application/octet-stream" id="part-{name}">'
        f"{base64.b64encode(data).decode('ascii')}</script>"
        for name, data in parts().items()
    ]
    worker = f'<script type="text/plain" id="worker">{_part("worker.js")}</script>'
    return _page(
        style=f"<style>\n{_part('page.css').strip()}\n</style>",
        script=f"<script>\n{_script()}</script>",
        policy=_POLICY.format(own="", connect="'none'"),
        blobs="\n".join([worker, *blobs]),
    )


def make_site(directory: Path) -> list[Path]:
    """Write the page as files for a web server into ``directory``, and return them.

    Raises OSError, and :class:`~qemu_model.explorer.runtime.RuntimeMissing`.
    """
    made = parts()
    directory.mkdir(parents=True, exist_ok=True)
    texts = {
        "page.css": _part("page.css"),
        "page.js": _script(),
        "worker.js": _part("worker.js"),
        "index.html": _page(
            style='<link rel="stylesheet" href="page.css">',
            script='<script src="page.js"></script>',
            policy=_POLICY.format(own="'self'", connect="'self'"),
            blobs='<meta id="parts" data-names="' + " ".join(made) + '">',
        ),
    }
    written = []
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")
        written.append(directory / name)
    for name, data in made.items():
        path = directory / f"{name}.bin"
        path.write_bytes(data)
        written.append(path)
    return written
