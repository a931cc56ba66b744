"""Nothing to judge."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations


class CannotJudge(Exception):
    """There is nothing to judge; the text says in one line what is in the way."""
