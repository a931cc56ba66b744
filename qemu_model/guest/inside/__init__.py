"""Programs that run inside a guest, on its kernel."""

# SPDX-License-Identifier: GPL-2.0-or-later
