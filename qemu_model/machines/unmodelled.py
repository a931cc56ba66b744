"""Machine types of the programs for other processors that the model does not have, by name.

What ``-machine help`` of Debian's 5.2, 7.2, 10.0 and 11.1 lists.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

#: Types of qemu-system-arm, which qemu-system-aarch64 has too.
_ARM: Final = """
    akita anacapa-bmc ast1030-evb ast1040-evb ast1060-evb ast2500-evb ast2600-evb
    b-l475e-iot01a bletchley-bmc borzoi bpim2u canon-a1100 catalina-bmc cheetah collie connex
    cubieboard emcraft-sf2 fby35 fby35-bmc fp5280g2-bmc fuji-bmc g220a-bmc gb200nvl-bmc
    highbank imx25-pdk integratorcp kudo-bmc kzm lm3s6965evb lm3s811evb mainstone max78000fthr
    mcimx6ul-evk mcimx7d-sabre microbit midway mori-bmc mps2-an385 mps2-an386 mps2-an500
    mps2-an505 mps2-an511 mps2-an521 mps3-an524 mps3-an536 mps3-an547 musca-a musca-b1 musicpal
    n800 n810 netduino2 netduinoplus2 npcm750-evb nuri olimex-stm32-h405 orangepi-pc
    palmetto-bmc qcom-dc-scm-v1-bmc qcom-firework-bmc quanta-gbs-bmc quanta-gsj quanta-q71l-bmc
    rainier-bmc raspi0 raspi1ap raspi2 raspi2b realview-eb realview-eb-mpcore realview-pb-a8
    realview-pbx-a9 romulus-bmc sabrelite smdkc210 sonorapass-bmc spitz stm32vldiscovery
    supermicro-x11spi-bmc supermicrox11-bmc swift-bmc sx1 sx1-v1 tacoma-bmc terrier
    tiogapass-bmc tosa verdex versatileab versatilepb vexpress-a15 vexpress-a9 witherspoon-bmc
    xilinx-zynq-a9 yosemitev2-bmc z2
"""
_AARCH64: Final = """
    amd-versal-virt amd-versal2-virt ast2700-evb ast2700a0-evb ast2700a1-evb ast2700a2-evb
    ast2700fc imx8mm-evk imx8mp-evk npcm845-evb raspi3 raspi3ap raspi3b raspi4b sbsa-ref
    xlnx-versal-virt xlnx-zcu102
"""
_PPC64: Final = """
    40p amigaone bamboo g3beige mac99 mpc8544ds pegasos1 pegasos2 powernv powernv10
    powernv10-rainier powernv11 powernv8 powernv9 ppce500 ppe42_machine ref405ep sam460ex taihu
    virtex-ml507
"""
UNMODELLED_OF_ARM: Final = frozenset(_ARM.split())
UNMODELLED_OF_AARCH64: Final = UNMODELLED_OF_ARM | frozenset(_AARCH64.split())
UNMODELLED_OF_PPC64: Final = frozenset(_PPC64.split())
