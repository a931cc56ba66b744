"""Why a real QEMU could not be run."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations


class DriverError(Exception):
    """A run could not be made; the text says what is missing and what to do."""
