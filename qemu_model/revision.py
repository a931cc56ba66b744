"""The trees of QEMU by name, and what they are made of: see :mod:`qemu_model.revisions`."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .revisions.map_sync_rules import POLICIES, Inference, Policy
from .revisions.names import ALIASES, REVISIONS, UnknownRevision, find
from .revisions.postings import POSTINGS, V1, V2, V6, V7, V10
from .revisions.releases import BASE, NEWEST, QEMU_4_1, QEMU_7_2, RELEASES
from .revisions.revision import Revision
from .revisions.series import PATCHES, SERIES, V8

__all__ = [
    "ALIASES",
    "BASE",
    "NEWEST",
    "PATCHES",
    "POLICIES",
    "POSTINGS",
    "QEMU_4_1",
    "QEMU_7_2",
    "RELEASES",
    "REVISIONS",
    "SERIES",
    "V1",
    "V2",
    "V6",
    "V7",
    "V8",
    "V10",
    "Inference",
    "Policy",
    "Revision",
    "UnknownRevision",
    "find",
]
