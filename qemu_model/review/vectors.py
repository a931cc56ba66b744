"""The option matrix as conformance vectors: numbers that a test in any language can read.

One vector is what a QEMU built like the host must ask of mmap for one setting of
the three options, try by try, and what the kernel answers there.  The text has one
vector on a line, so that a test in C needs no JSON library.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

from .. import __version__
from ..host import linux
from ..revision import Revision
from .matrix import Row

FORMAT: Final = "qemu-model/map-sync-vectors"
#: Raised when a field changes its meaning or goes; new fields do not raise it.
VERSION: Final = 1
#: The values of the options, as a vector spells them.
NUMBERS: Final = MappingProxyType({"unset": -1, "off": 0, "on": 1, "auto": 2})


def provenance(revision: Revision) -> dict[str, Any]:
    """Return where the vectors come from, and how certain each part is."""
    return {
        "generator": f"qemu_model {__version__}",
        "source": (
            "cover letter of [PATCH V8 0/5] support MAP_SYNC for memory-backend-file, "
            "Zhang Yi, 2 January 2019"
        ),
        "certainty": {
            "requested": "letter" if revision.name.startswith("v8") else "inferred",
            "retry": "inferred" if revision.inferred else "measured",
            "kernel": "each profile says by what evidence it knows the kernel's answers",
        },
        "inferred": list(revision.inferred),
    }


def vector(row: Row) -> dict[str, Any]:
    """Return one cell of the matrix as a vector.

    ``share``, ``pmem`` and ``sync`` are -1 for unset, 0 for off, 1 for on, 2 for auto.
    ``flags`` are mmap's without MAP_FIXED, ``errno`` is the kernel's answer, 0 for success.
    """
    return {
        "id": f"{row.revision.name}/{row.host}/{row.share}-{row.pmem}-{row.sync}",
        "host": row.host,
        "share": NUMBERS[row.share],
        "pmem": NUMBERS[row.pmem],
        "sync": NUMBERS[row.sync],
        "tries": len(row.attempts),
        "flags": [attempt.flags & ~linux.MAP_FIXED for attempt in row.attempts],
        "errno": [-attempt.result if attempt.errno else 0 for attempt in row.attempts],
        "requested": int(row.requested),
        "in_force": int(row.in_force),
        "outcome": row.map_sync,
        "exit": row.exit,
        "options": row.options,
        "stderr": list(row.stderr),
    }


def document(revision: Revision, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the vectors of ``rows`` with what is needed to read them."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "revision": revision.name,
        "revision_meaning": revision.meaning,
        "provenance": provenance(revision),
        "constants": {
            "MAP_SHARED": linux.MAP_SHARED,
            "MAP_PRIVATE": linux.MAP_PRIVATE,
            "MAP_SHARED_VALIDATE": linux.MAP_SHARED_VALIDATE,
            "MAP_SYNC": linux.MAP_SYNC,
        },
        "vectors": [vector(row) for row in rows],
    }


def vectors_text(revision: Revision, rows: Sequence[Row]) -> str:
    """Return the document as JSON, one vector on a line."""
    whole = document(revision, rows)
    vectors = whole.pop("vectors")
    head = json.dumps(whole, indent=1)
    lines = ",\n".join(json.dumps(one) for one in vectors)
    return f'{head[:-2]},\n "vectors": [\n{lines}\n]}}\n'
