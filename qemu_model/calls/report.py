"""A run as JSON: the form that ``run --json`` prints and others rely on."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

from ..host.protocol import Host
from ..process import Run
from .clauses import explained
from .inferences import relied_on


def run_to_json(run: Run, host: Host) -> dict[str, Any]:
    """Return the JSON form of a run on ``host``, as the schema ``run`` describes it."""
    shown: dict[str, Any] = {
        "revision": run.revision.name,
        "revision_meaning": run.revision.meaning,
        "revision_evidence": run.revision.evidence,
        "inferred": list(relied_on(run)),
        "host": run.host,
        "machine": run.machine,
        "exit": run.exit,
        "stderr": list(run.stderr),
        "stdout": list(run.stdout),
        "replies": list(run.replies),
        "events": explained(run.events),
        "mappings": [mapping.to_json() for mapping in run.mappings],
        "leaks": run.leaks.to_json(),
        "map_sync": {
            "requested": run.map_sync.requested,
            "in_force": run.map_sync.granted_to_all,
            "outcome": run.map_sync.outcome,
        },
        "ignored": list(run.line.ignored),
        "assumed": list(run.line.assumed),
        "host_profile": host.describe(),
    }
    if run.livelock is not None:
        shown["livelock"] = run.livelock
    return shown
