"""The error of what cannot be judged: a path, a process, a text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations


class CannotJudge(Exception):
    """This cannot be judged; the text says why in one line."""
