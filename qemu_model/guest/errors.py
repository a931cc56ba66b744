"""What goes wrong with a guest."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations


class GuestError(Exception):
    """A guest could not be started, or did not answer.

    The text is for people: what was tried, what happened, and the console's last lines, if
    there are any.
    """
