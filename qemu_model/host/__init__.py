"""The boundary between the model and a kernel: the host and its implementations."""

# SPDX-License-Identifier: GPL-2.0-or-later
