"""How Sphinx makes the documentation: no network, no fonts, warnings are errors."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import attrs
from sphinx.application import Sphinx

import qemu_model

project = "qemu-model"
author = "the qemu-model authors"
project_copyright = author
version = release = qemu_model.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "generated",
    "generated_pages",
    "pictures",
    "try_it",
]
exclude_patterns = ["_build", "_ext"]
# Two dashes are an option's, and quotes are copied.
smartquotes = False

html_theme = "furo"
html_title = f"qemu-model {version}"
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
html_static_path = ["_static"]
html_css_files = ["own.css"]
copybutton_prompt_text = r"\$ |>>> |> "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_remove_prompts = True
copybutton_line_continuation_character = "\\"
html_show_sourcelink = False
html_copy_source = False

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_class_signature = "mixed"


def show_defaults(
    _app: Sphinx, _what: str, _name: str, shown: Any, _options: Any, signature: str, returns: str
) -> tuple[str, str]:
    """Show the defaults of an attrs class as they are, not where attrs keeps them."""
    if not (isinstance(shown, type) and attrs.has(shown) and signature):
        return signature, returns
    defaults = {field.name: field.default for field in attrs.fields(shown)}

    def default(match: re.Match[str]) -> str:
        value = defaults[match[1]]
        return "..." if isinstance(value, attrs.Factory) else repr(value)  # type: ignore[arg-type]

    return re.sub(r"attr_dict\['(\w+)'\]\.default", default, signature), returns


def setup(app: Sphinx) -> None:
    """Connect what this file adds."""
    app.connect("autodoc-process-signature", show_defaults)
