"""The documentation's pictures, drawn from runs of the model and from its tables.

``.. picture:: address-space`` stands for what :data:`PICTURES` draws under that name.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from svg import Drawing

import qemu_model
from qemu_model.calls.strace_text import call_text, result_text
from qemu_model.explorer.address_space import Reservation, states
from qemu_model.ram_addr import RAM_PMEM, RAM_SHARED, RAM_SYNC
from qemu_model.revision import REVISIONS

PACKAGE: Final = Path(qemu_model.__file__).parent
UNITS: Final = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
LINE: Final = "-object memory-backend-file,id=m0,mem-path=/mnt/g.img,size=32M,align=2M,share=on"


def size(count: int) -> str:
    for name, unit in UNITS:
        if count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} bytes"


def _column(drawing: Drawing, x: float, title: str, state: Sequence[Reservation]) -> None:
    drawing.text(x, 14, title, "strong")
    y = 28.0
    if not state:
        drawing.text(x, y + 16, "nothing reserved", "quiet")
    words = {"reserved": "reserved, no access", "block": "the block", "guard": "guard page"}
    words["back"] = "unmapped"
    for part in (part for one in state for part in one.parts):
        height = {"block": 84.0, "reserved": 60.0}.get(part.kind, 34.0)
        drawing.box(x, y, 56, height - 2, part.kind)
        drawing.text(x + 64, y + height / 2 - 2, words[part.kind], "strong")
        drawing.text(x + 64, y + height / 2 + 13, size(part.length), "quiet")
        y += height


def address_space() -> Drawing:
    """Reserve, map, trim: the address space after each call that changes it."""
    done = qemu_model.run(LINE, "sim:ext4", "qemu-7.2")
    drawing = Drawing(
        "How QEMU makes an aligned block: reserve, map, unmap the rest, keep a guard page",
        "; ".join(call_text(one) for one in done.events if one.call in ("mmap", "munmap")),
    )
    spaces = states(done.events, 4096)
    titles = {"reserve": "1. reserve size + align", "map": "2. map the file over it"}
    columns: list[tuple[str, Sequence[Reservation]]] = []
    trims = []
    for event, space in zip(done.events, spaces, strict=True):
        if event.call == "mmap":
            columns.append((titles["map" if columns else "reserve"], space))
        elif event.call == "munmap":
            trims.append(space)
    columns.append(("3. unmap the rest", [one.guarded() for one in trims[-1]]))
    for place, (title, space) in enumerate(columns):
        _column(drawing, 10 + place * 220, title, space)
    return drawing


def sequence() -> Drawing:
    """QEMU and the kernel, call by call, where MAP_SYNC is refused."""
    done = qemu_model.run(LINE.replace("align=2M,", "") + ",pmem=on", "sim:ext4", "qemu-7.2")
    drawing = Drawing(
        "QEMU and the kernel: MAP_SYNC is refused on ext4 without DAX (QEMU 7.2)",
        "; ".join(f"{call_text(event)} = {result_text(event)}" for event in done.events),
    )
    left, right = 60.0, 640.0
    for x, name in ((left, "QEMU"), (right, "kernel")):
        drawing.box(x - 42, 4, 84, 24, "block")
        drawing.text(x, 20, name, "inside", "middle")
    y = 52.0
    for event in done.events:
        drawing.line(left, y, right, y, "arrow")
        text = call_text(event).replace("PROT_READ|PROT_WRITE", "...")
        drawing.text(left + 12, y - 5, text, "code")
        kind = "failed" if event.failed else "code"
        drawing.text(right + 12, y + 4, f"= {result_text(event)}", kind)
        y += 28
    drawing.line(left, 28, left, y - 8, "life")
    drawing.line(right, 28, right, y - 8, "life")
    return drawing


def decisions() -> Drawing:
    """When each tree requests MAP_SYNC, and what a refusal leads to, from its policy."""
    drawing = Drawing(
        "MAP_SYNC in each tree: what it needs, and what happens when the kernel refuses",
        "V8 needs share, pmem and sync, and retries silently; QEMU 4.1 and later need share and "
        "pmem, warn, and retry.",
    )
    needs = ((RAM_SHARED, "share=on"), (RAM_PMEM, "pmem=on"), (RAM_SYNC, "sync"))
    names = ("v1", "v2", "v6", "v7", "v8", "v10", "qemu-4.1")
    for place, head in enumerate(("", "share=on", "pmem=on", "sync", "if refused, QEMU ...")):
        drawing.text(10 + place * 110, 14, head, "strong")
    y = 30.0
    for name in names:
        policy = REVISIONS[name].policy
        drawing.text(10, y + 15, "4.1 and later" if name == "qemu-4.1" else name.upper(), "strong")
        for place, (flag, _) in enumerate(needs):
            needed = bool(policy.needs & flag)
            drawing.box(120 + place * 110, y, 74, 22, "block" if needed else "back")
            drawing.text(
                157 + place * 110, y + 15, "needed" if needed else "-",
                "inside" if needed else "quiet", "middle",
            )  # fmt: skip
        refused = "maps without it" if policy.retries else "stops with an error"
        if policy.warns:
            refused = "warns (EOPNOTSUPP), maps without it"
        if policy.demands:
            refused = "sync=on: stops; auto: maps without it"
        drawing.text(450, y + 15, refused)
        y += 30
    return drawing


def store() -> Drawing:
    """Where a guest's store lies until it is safe, on four kinds of backing."""
    rows = (
        ("DAX, MAP_SYNC", "sim:ext4-dax", ",pmem=on"),
        ("DAX, no MAP_SYNC", "sim:ext4-dax", ""),
        ("disk", "sim:ext4", ",pmem=on"),
        ("tmpfs", "sim:tmpfs", ",pmem=on"),
    )
    drawing = Drawing(
        "Where a guest's store is; what a crash of the host destroys is red, what it keeps green",
        "With MAP_SYNC on DAX, data and metadata are on the medium after the guest's flush.",
    )
    for place, head in enumerate(("", "CPU cache", "page cache", "medium: data", "metadata")):
        drawing.text(10 + place * 156, 14, head, "strong")
    y = 28.0
    for name, host, more in rows:
        done = qemu_model.run(LINE.replace("align=2M,", "") + more, host, "qemu-7.2")
        sync = done.map_sync.outcome == "granted"
        dax, memory = "DAX" in name, name == "tmpfs"
        cells = (
            ("until the guest flushes", "lost"),
            ("-" if dax else "until written back", "none" if dax else "lost"),
            ("none" if memory else "after the flush" if dax else "after write-back",
             "lost" if memory else "kept"),
            ("written first" if sync else "none" if memory else "at the next commit",
             "kept" if sync else "lost"),
        )  # fmt: skip
        drawing.text(10, y + 16, name, "strong")
        for place, (text, kind) in enumerate(cells):
            drawing.box(166 + place * 156, y, 148, 24, kind)
            drawing.text(240 + place * 156, y + 16, text, "small", "middle")
        y += 32
    return drawing


def timeline() -> Drawing:
    """From V1 to the newest release: every tree that the model knows, in order."""
    drawing = Drawing(
        "From V1 to the newest release: postings of the series (rings) and releases (filled)",
        "; ".join(f"{name}: {tree.meaning}" for name, tree in REVISIONS.items()),
    )
    notes = {
        "v1": "MAP_SYNC for every shared mapping",
        "v2": "option sync, no retry; the kernel may ignore the flag",
        "v6": "sync=on stops where it is refused, auto retries",
        "v7": "MAP_SYNC with pmem=on only",
        "base": "QEMU before the series",
        "v8": "sync=on|off; never merged",
        "v10": "no option, no retry",
        "qemu-4.1": "share=on,pmem=on imply MAP_SYNC",
        "qemu-6.1": "a flags parameter, as in patch 2",
        "qemu-9.1": "memory-backend-shm",
        "qemu-10.0": "shared anonymous memory is a memfd",
    }
    rows = [name for name in REVISIONS if "/" not in name]
    order = ["v1", "v2", "v6", "v7", "base", "qemu-3.1", "v8", "v10"]
    rows = [*(name for name in order if name in rows), *(one for one in rows if one not in order)]
    per_column = -(-len(rows) // 2)
    for number, name in enumerate(rows):
        x, y = 20 + 440 * (number // per_column), 18.0 + 24 * (number % per_column)
        if number % per_column:
            drawing.line(x, y - 24, x, y, "life")
        drawing.box(x - 5, y - 5, 10, 10, "block" if name.startswith("qemu") else "ring")
        shown = name.upper() if name.startswith("v") else name
        drawing.text(x + 14, y + 4, shown, "strong")
        month = REVISIONS[name].meaning.rpartition(", ")[2] if name.startswith("qemu") else ""
        drawing.text(x + 100, y + 4, notes.get(name, month), "quiet")
    return drawing


def modules() -> Drawing:
    """The folders of the package, the higher importing the lower, with their modules' number."""
    mirrored = sum(
        any(
            isinstance(node, ast.Assign | ast.AnnAssign) and "C_FILE" in ast.unparse(node)
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
        for path in PACKAGE.glob("*.py")
    )
    layers: tuple[tuple[tuple[str, str], ...], ...] = (
        (("cli", "commands"), ("explorer", "the page"), ("testing", "pytest plugin")),
        (("explain", "words, lint"), ("review", "matrix, diff"), ("judge", "traces"),
         ("conform", "real QEMUs"), ("inspect", "this machine")),
        (("calls", "events, rules"), ("input", "pasted text"), ("guest", "virtual machines")),
        ((".", f"the mirror: {mirrored} modules, one per C file"),),
        (("revisions", "releases, patches"), ("messages", "QEMU's texts")),
        (("host", "live, simulated, faults"),),
    )  # fmt: skip
    drawing = Drawing(
        "The package: each folder imports only from folders below it", "From commands to the host."
    )
    y = 6.0
    for layer in layers:
        width = (740 - 10 * (len(layer) - 1)) / len(layer)
        for place, (folder, what) in enumerate(layer):
            here = PACKAGE / folder
            count = len(list(here.rglob("*.py")))
            x = 6 + place * (width + 10)
            drawing.box(x, y, width, 46, "block" if folder == "." else "frame")
            kind = "inside" if folder == "." else "strong"
            name = "process, vl, hostmem, mmap_alloc, ..." if folder == "." else f"{folder}/"
            drawing.text(x + width / 2, y + 19, name, kind, "middle")
            more = what if folder == "." else f"{what} ({count})"
            drawing.text(x + width / 2, y + 36, more, "inside small" if folder == "." else "small",
                         "middle")  # fmt: skip
        y += 56
    return drawing


PICTURES: Final[Mapping[str, Callable[[], Drawing]]] = MappingProxyType(
    {
        "address-space": address_space,
        "sequence": sequence,
        "decisions": decisions,
        "store": store,
        "timeline": timeline,
        "modules": modules,
    }
)


class Picture(SphinxDirective):
    """The directive ``picture``."""

    required_arguments = 1
    option_spec: ClassVar[Any] = {}

    def run(self) -> list[nodes.Node]:
        for path in PACKAGE.rglob("*.py"):
            self.env.note_dependency(str(path))
        drawing = PICTURES[self.arguments[0]]()
        return [nodes.raw("", drawing.html(), format="html")]


def setup(app: Sphinx) -> Mapping[str, Any]:
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    print(PICTURES[sys.argv[1]]().standalone(), end="")
