"""An executable reference model of QEMU's memory backends.

How QEMU turns ``-object memory-backend-...`` into system calls, and what the
series "support MAP_SYNC for memory-backend-file" (V8, January 2019) changes,
patch by patch.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

__version__ = "0.1.0"
