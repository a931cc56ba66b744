"""What goes wrong with a guest."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations


class GuestError(Exception):
    """A guest could not be had, or did not answer.

    The text is for people: what was wanted, what happened, and where the guest's
    console said something, its last lines.
    """
