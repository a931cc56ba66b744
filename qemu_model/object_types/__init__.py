"""Object types that have nothing to do with memory: only what they are made with is known."""

# SPDX-License-Identifier: GPL-2.0-or-later
