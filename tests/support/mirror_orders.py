"""Orders that QEMU's hash tables give, and how they were recorded.

``PYTHONPATH=.:tests python tests/support/mirror_orders.py`` asks the QEMU that is installed,
and writes ``data/mirror_orders.json``.  A command's ``id`` may be any JSON, and comes back with the
reply: a dictionary in the order in which QEMU walks its dictionaries, which is that of
2018.  ``query-memdev`` lists the backends in the order of GLib's hash table.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from mirror_lines import asked

RECORDED: Final = Path(__file__).parents[1] / "data" / "mirror_orders.json"
PROPERTIES: Final = (
    "align discard-data dump host-nodes mem-path merge pmem policy prealloc share size sync type "
    "hugetlb hugetlbsize seal id qom-type reserve readonly"
)
#: Names of one letter and of many, with other letters than ASCII's, many in one bucket.
NAMES: Final = (
    *PROPERTIES.split(),
    *(f"p{number}" for number in range(400)),
    *(letter * length for letter in "aZ" for length in (1, 2, 7, 8, 9, 40)),
    *("\u00e9", "\u00e9t\u00e9", "\u4e2d\u6587", "\U0001f600", "a b", "_", "~", "\x7f"),
)
#: Ids of backends, in the order in which they are made.
IDS: Final = (
    *("m0", "m1", "m2", "zz", "a", "backend", "Memory-1", "x.y_z", "m10", "m100"),
    *(f"node{number}" for number in range(23)),
)


def real() -> dict[str, Any]:
    """Return the orders in which the installed QEMU walks names and backends."""
    backends = [word for id in IDS for word in ("-object", f"memory-backend-ram,id={id},size=4096")]
    ask = {"execute": "qmp_capabilities", "id": dict.fromkeys(NAMES)}
    _, (names, memdevs, *_) = asked(["-M", "none", *backends], [ask, {"execute": "query-memdev"}])
    return {"names": list(names["id"]), "memdevs": [one["id"] for one in memdevs["return"]]}


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(real(), indent=1) + "\n")
