"""The series as something to review: matrix, differences, impact of each patch, history."""

# SPDX-License-Identifier: GPL-2.0-or-later
