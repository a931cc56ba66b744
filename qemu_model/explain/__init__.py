"""Words for people: what a line does (``explain``), and where a message comes from (``why``)."""

# SPDX-License-Identifier: GPL-2.0-or-later
