"""Findings: what is wrong with a line, or worth knowing, each with its code and its fix."""

# SPDX-License-Identifier: GPL-2.0-or-later
