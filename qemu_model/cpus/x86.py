"""The CPU models that -cpu of qemu-system-x86_64 knows, by name and release.

What ``-cpu help`` of QEMU 4.2, 5.2, 6.0, 7.2, 8.0, 9.1, 10.0, 10.2 and 11.1 lists;
of the other releases what is in ``target/i386/cpu.c`` at their tags.  A row is
``NAME``, ``NAME:SINCE`` or ``NAME:SINCE-UNTIL``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

X86_MODELS: Final = """
    486 athlon base Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS
    Cascadelake-Server Cascadelake-Server-noTSX:4.2 ClearwaterForest:10.0 Conroe
    Cooperlake:5.0 core2duo coreduo Denverton:4.2 Dhyana:4.1 DiamondRapids:11.0 EPYC
    EPYC-Genoa:8.1 EPYC-IBPB EPYC-Milan:6.0 EPYC-Rome:5.0 EPYC-Turin:10.1 GraniteRapids:8.1
    Haswell Haswell-IBRS Haswell-noTSX Haswell-noTSX-IBRS host Icelake-Client:-7.1
    Icelake-Client-noTSX:4.2-7.1 Icelake-Server Icelake-Server-noTSX:4.2 IvyBridge
    IvyBridge-IBRS KnightsMill kvm32 kvm64 max n270 Nehalem Nehalem-IBRS Opteron_G1
    Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 Penryn pentium pentium2 pentium3 phenom
    qemu32 qemu64 SandyBridge SandyBridge-IBRS SapphireRapids:8.0 SierraForest:9.1
    Skylake-Client Skylake-Client-IBRS Skylake-Client-noTSX-IBRS:4.2 Skylake-Server
    Skylake-Server-IBRS Skylake-Server-noTSX-IBRS:4.2 Snowridge:4.1 Westmere Westmere-IBRS
    YongFeng:10.0
"""
#: Versions of a model, NAME-v1 and so on, since 4.1: the release of each, and the models.
X86_VERSIONS: Final = """
    10.0 10.0 10.1 = YongFeng;
    10.0 11.0 11.1 11.1 = ClearwaterForest;
    10.1 11.1 = EPYC-Turin;
    11.0 11.1 = DiamondRapids;
    4.1 = 486 athlon Conroe core2duo coreduo KnightsMill kvm32 kvm64 n270 Opteron_G1
        Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 Penryn pentium pentium2 pentium3 phenom
        qemu32 qemu64;
    4.1 4.1 = IvyBridge Nehalem SandyBridge Westmere;
    4.1 4.1 4.1 4.1 = Broadwell Haswell;
    4.1 4.1 4.2 5.1 6.1 11.1 = Skylake-Server;
    4.1 4.1 4.2 5.1 6.1 11.1 11.1 = Cascadelake-Server;
    4.1 4.1 4.2 6.1 = Skylake-Client;
    4.1 4.1 5.0 8.1 10.1 = EPYC;
    4.1 4.2 = Icelake-Client;
    4.1 4.2 5.0 5.1 6.1 7.0 9.1 11.1 11.1 = Icelake-Server;
    4.1 4.2 6.1 6.2 = Snowridge;
    4.1 6.1 = Dhyana;
    4.2 5.0 6.1 = Denverton;
    5.0 6.0 8.1 8.1 10.1 = EPYC-Rome;
    5.0 6.1 = Cooperlake;
    6.0 8.1 10.1 11.1 = EPYC-Milan;
    8.0 8.1 9.1 10.1 11.0 11.1 11.1 11.1 = SapphireRapids;
    8.1 10.1 11.1 = EPYC-Genoa;
    8.1 9.2 10.1 11.0 11.1 11.1 11.1 = GraniteRapids;
    9.1 10.0 10.1 11.0 11.1 11.1 = SierraForest
"""
