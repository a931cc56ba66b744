"""SVG for the documentation: shapes and text in the theme's colours, light and dark."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from html import escape

#: Pixels that a letter of the pictures' text takes, roughly.
LETTER = 7.2


class Drawing:
    """A drawing that grows as shapes are added; coordinates are pixels."""

    def __init__(self, title: str, description: str) -> None:
        self._title = title
        self._description = description
        self._parts: list[str] = []
        self._right = self._bottom = 0.0

    def _reach(self, right: float, bottom: float) -> None:
        self._right = max(self._right, right)
        self._bottom = max(self._bottom, bottom)

    def box(self, x: float, y: float, width: float, height: float, kind: str = "") -> None:
        """Draw a rectangle of a style's kind."""
        self._parts.append(
            f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>'
        )
        self._reach(x + width, y + height)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str = "") -> None:
        """Draw a line; the kind ``arrow`` ends in a head."""
        head = ' marker-end="url(#head)"' if "arrow" in kind else ""
        self._parts.append(f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"{head}/>')
        self._reach(max(x1, x2), max(y1, y2))

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """Write a line of text with its base at ``y``."""
        self._parts.append(
            f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
        )
        length = len(text) * LETTER
        right = {"start": x + length, "middle": x + length / 2}.get(anchor, x)
        self._reach(right, y + 4)

    def lines(self, x: float, y: float, texts: list[str], kind: str = "") -> float:
        """Write lines below each other and return the base of the next one."""
        for text in texts:
            self.text(x, y, text, kind)
            y += 16
        return y

    def standalone(self) -> str:
        """Return an SVG file that brings its own colours, for light and dark."""
        colours = (
            "text{font:12px system-ui,sans-serif;fill:#1a1f26}.code,.failed{font:11px monospace}"
            ".strong,.inside{font-weight:600}.inside{fill:#fff}.quiet{fill:#565f6b}"
            "rect{fill:none;stroke:#868f9a}.block{fill:#1f66b8;stroke:none}"
            "line{stroke:#868f9a;stroke-width:1.2}.head{fill:#868f9a}.failed{fill:#9c1226}"
            "@media(prefers-color-scheme:dark){text{fill:#e7ebf0}.quiet{fill:#a3adb8}"
            ".failed{fill:#ff9aa5}}"
        )
        head, _, rest = self._svg().partition(">")
        return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{colours}</style>{rest}\n'

    def html(self) -> str:
        """Return the figure's HTML."""
        return (
            f'<figure class="picture">{self._svg()}'
            f"<figcaption>{escape(self._title)}</figcaption></figure>"
        )

    def _svg(self) -> str:
        width, height = int(self._right) + 8, int(self._bottom) + 8
        return (
            f'<svg viewBox="0 0 {width} {height}" role="img" '
            f'style="max-width:{width}px" aria-label="{escape(self._title)}">'
            f"<title>{escape(self._title)}</title><desc>{escape(self._description)}</desc>"
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker>'
            '<pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="8"/>'
            f"</pattern></defs>{''.join(self._parts)}</svg>"
        )
