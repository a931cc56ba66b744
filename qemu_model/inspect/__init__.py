"""Questions to this machine: what a path is, and how the memory of a running QEMU is mapped."""

# SPDX-License-Identifier: GPL-2.0-or-later
