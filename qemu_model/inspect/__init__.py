"""What this machine says: what a path is, and which memory of a running QEMU is mapped how."""

# SPDX-License-Identifier: GPL-2.0-or-later
