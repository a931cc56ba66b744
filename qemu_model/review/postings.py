"""The postings around V8, and QEMU 4.1: their rules side by side, from one table of data."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import attrs

from ..ram_addr import RAM_PMEM, RAM_SHARED
from ..revision import POLICIES, REVISIONS, Policy, Revision


@attrs.frozen
class Posting:
    """One rule in words."""

    revision: Revision
    option: str
    needs: str
    flags: str
    refused: str

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "revision": self.revision.name,
            "revision_meaning": self.revision.meaning,
            "revision_evidence": self.revision.evidence,
            "option": self.option,
            "needs": self.needs,
            "flags": self.flags,
            "refused": self.refused,
            "inferred": list(self.revision.inferred),
        }


def option_text(policy: Policy) -> str:
    """Return the values of the option ``sync``, the default marked."""
    if not policy.values:
        return "none"
    return ", ".join(
        f"{value} (default)" if value == policy.default else value for value in policy.values
    )


def needs_text(policy: Policy) -> str:
    """Return which options must be on for MAP_SYNC to be asked for."""
    named = [
        name
        for name, flag in (("share", RAM_SHARED), ("pmem", RAM_PMEM))
        if policy.needs & flag == flag
    ]
    if policy.values:
        wanted = [value for value in policy.values if value != "off"]
        return f"{'=on, '.join(named)}=on, sync={' or '.join(wanted)}"
    return "=on, ".join(named) + "=on"


def refused_text(policy: Policy) -> str:
    """Return what a refusal by the kernel leads to."""
    if not policy.retries:
        return "QEMU stops with an error"
    retry = "maps without, after a warning on ENOTSUP" if policy.warns else "maps without, silently"
    if policy.demands:
        return f"sync={', '.join(sorted(policy.demands))}: QEMU stops; else {retry}"
    return retry


def postings() -> list[Posting]:
    """Return the rules, in the order of time."""
    return [
        Posting(
            REVISIONS[name],
            option_text(policy),
            needs_text(policy),
            "MAP_SHARED_VALIDATE|MAP_SYNC" if policy.validates else "MAP_SHARED|MAP_SYNC",
            refused_text(policy),
        )
        for name, policy in POLICIES.items()
    ]
