"""How Sphinx makes the documentation: no network, no fonts, warnings are errors."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

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
