"""Traces of real QEMUs judged by the model: from the text of strace to a verdict."""

# SPDX-License-Identifier: GPL-2.0-or-later
