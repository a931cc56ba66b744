"""The CPU models that -cpu of qemu-system-s390x knows, by name and release.

What ``-cpu help`` of Debian's 5.2, 7.2, 10.0 and 11.1 lists;
of the other releases what is in ``target/s390x/cpu_models.c`` at their tags.  A row is
``NAME``, ``NAME:SINCE`` or ``NAME:SINCE-UNTIL``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

#: Each but qemu and max has a second form, NAME-base.
S390X_MODELS: Final = """
    gen15a:4.1 gen15b:4.1 gen16a:6.1 gen16b:6.1 gen17a:10.0 gen17b:10.0 max qemu z10BC
    z10BC.2 z10EC z10EC.2 z10EC.3 z114 z13 z13.2 z13s z14 z14.2:4.0 z14ZR1 z196 z196.2 z800
    z890 z890.2 z890.3 z900 z900.2 z900.3 z990 z990.2 z990.3 z990.4 z990.5 z9BC z9BC.2 z9EC
    z9EC.2 z9EC.3 zBC12 zEC12 zEC12.2
"""
