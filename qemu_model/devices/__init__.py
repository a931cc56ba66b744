"""Devices that take no memory backend: only their names are known."""

# SPDX-License-Identifier: GPL-2.0-or-later
