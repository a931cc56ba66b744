"""The CPU models that -cpu of qemu-system-arm and -aarch64 knows, by name and release.

What ``-cpu help`` of Debian's 5.2, 7.2, 10.0 and 11.1 lists;
of the other releases what is in ``target/arm`` at their tags.  A row is
``NAME``, ``NAME:SINCE`` or ``NAME:SINCE-UNTIL``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

ARM_MODELS: Final = """
    arm1026 arm1136 arm1136-r2 arm1176 arm11mpcore arm926 arm946 cortex-a15 cortex-a7
    cortex-a8 cortex-a9 cortex-m0 cortex-m3 cortex-m33 cortex-m4 cortex-m55:6.0
    cortex-m7:5.0 cortex-r5 cortex-r52:8.0 cortex-r5f max pxa250:-10.2 pxa255:-10.2
    pxa260:-10.2 pxa261:-10.2 pxa262:-10.2 pxa270:-10.2 pxa270-a0:-10.2 pxa270-a1:-10.2
    pxa270-b0:-10.2 pxa270-b1:-10.2 pxa270-c0:-10.2 pxa270-c5:-10.2 sa1100 sa1110 ti925t
"""
#: Models that qemu-system-aarch64 has beside those.
AARCH64_MODELS: Final = """
    a64fx:6.2 cortex-a35:7.2 cortex-a53 cortex-a55:8.0 cortex-a57 cortex-a710:8.2 cortex-a72
    cortex-a76:7.1 cortex-a78ae:10.2 neoverse-n1:7.1 neoverse-n2:8.2 neoverse-v1:8.1
"""
