"""Real QEMUs run over the conformance cases and compared with the model."""

# SPDX-License-Identifier: GPL-2.0-or-later
