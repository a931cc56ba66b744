"""Real QEMUs held against the model: their traces judged, and QEMU itself driven and compared."""

# SPDX-License-Identifier: GPL-2.0-or-later
