"""JUnit XML, as CI servers read it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from xml.etree import ElementTree


def to_text(suite: ElementTree.Element) -> str:
    """Return a suite as the text of a file."""
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def printable(text: str) -> str:
    """Return ``text`` without what XML cannot hold."""
    return "".join(
        letter if letter in "\t\n" or (letter >= " " and letter.isprintable()) else "?"
        for letter in text
    )
