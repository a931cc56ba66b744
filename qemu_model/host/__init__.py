"""The boundary between the model and a kernel: the host and what stands behind it."""

# SPDX-License-Identifier: GPL-2.0-or-later
