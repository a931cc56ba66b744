"""QEMU 7.2, where it differs from the tree of the series: one module per C file of 7.2.

What did not change between 2018 and 7.2 is imported from the modules beside this
package; what moved to another C file says so in its ``C_FILE``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later
