"""``cpu-target.c``: the CPU model that -cpu names."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from . import messages
from .error import Exit
from .globals import Qemu

C_FILE = "cpu-target.c"


def parse_cpu_option(qemu: Qemu) -> None:
    """Find the CPU model, and read its features.

    Prints ``unable to find CPU model '<name>'`` and, for other processors than x86, ``Expected
    key=value format, found <text>.``, and exits with 1.
    """
    option = qemu.machine.cpu
    if option is None:
        return
    # A line without -cpu starts sooner without the models.
    from .cpus import knows_model

    name, *features = option.split(",")
    if not knows_model(qemu.target.name, name, qemu.tree.release):
        qemu.error_report(messages.CPU_MODEL, name=name)
        raise Exit(1)
    if qemu.target.name == "x86_64":
        return
    for feature in features:
        if feature and "=" not in feature:
            qemu.error_report(messages.CPU_FEATURE, feature=feature)
            raise Exit(1)
