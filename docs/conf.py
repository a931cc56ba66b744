"""How Sphinx makes the documentation: no network, no fonts, warnings are errors."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import qemu_model

project = "qemu_model"
author = "the qemu_model authors"
project_copyright = author
version = release = qemu_model.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "generated"]
exclude_patterns = ["_build", "_ext"]

html_theme = "alabaster"
html_title = f"qemu_model {version}"
html_theme_options = {
    "description": "How QEMU's memory backends use the kernel, and what MAP_SYNC changes",
    "fixed_sidebar": True,
    "page_width": "1240px",
    "sidebar_width": "240px",
    "font_family": "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "head_font_family": "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "code_font_family": "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
}
html_sidebars = {"**": ["about.html", "searchbox.html", "navigation.html"]}
html_static_path = ["_static"]
html_css_files = ["own.css"]
html_show_sourcelink = False
html_copy_source = False

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_class_signature = "mixed"
