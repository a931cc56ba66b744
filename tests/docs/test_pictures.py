"""The documentation's pictures: drawn from the model, and the README's is up to date."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NAMES = ("address-space", "sequence", "decisions", "store", "timeline", "modules")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(name: str) -> str:
    words = [sys.executable, str(DOCS / "_ext" / "pictures.py"), name]
    # The gate sets PYTHONSAFEPATH, and the program finds its neighbour on the path.
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([str(DOCS / "_ext"), *sys.path])}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=found)
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_drawn_from_the_model_and_described_in_words(name: str) -> None:
    picture = ElementTree.fromstring(drawn(name))
    described = picture.find(f"{SVG}desc")
    assert described is not None
    assert described.text
    width, height = map(int, picture.attrib["viewBox"].split()[2:])
    for box in picture.iter(f"{SVG}rect"):
        assert float(box.attrib["x"]) + float(box.attrib["width"]) <= width
        assert float(box.attrib["y"]) + float(box.attrib["height"]) <= height


def test_the_picture_of_the_readme_is_up_to_date() -> None:
    kept = (DOCS / "_static" / "sequence.svg").read_text(encoding="utf-8")
    assert kept == drawn("sequence"), "python docs/_ext/pictures.py sequence > docs/_static/..."


def test_the_sequence_shows_the_refusal_and_the_second_mapping() -> None:
    texts = [one.text or "" for one in ElementTree.fromstring(drawn("sequence")).iter(f"{SVG}text")]
    refused = texts.index("= -1 EOPNOTSUPP")
    assert "MAP_SHARED_VALIDATE" in texts[refused - 1]
    assert "MAP_SHARED|MAP_FIXED" in texts[refused + 1]
