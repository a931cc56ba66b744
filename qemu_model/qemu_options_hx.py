"""``qemu-options.hx``: the options of QEMU's command line in every release.

Read at each release's tag; 5.2, 7.2, 10.0 and 11.1 compared with ``-h`` of real binaries.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from .revisions.release import Release, is_between, parse_release

C_FILE = "qemu-options.hx"

#: One word an option: ``=`` if it takes a value, then ``:SINCE-UNTIL``, the release that it
#: came with and the one that it left with, where it has not been there all the time.
_OPTIONS: Final = """
    accel= acpitable= action=:6.0- add-fd= alt-grab:-7.1 append= async-teardown:7.2-9.0
    audio=:7.1- audio-help:-8.2 audiodev=:4.0- bios= blockdev= boot= bt=:-5.0 cdrom= chardev=
    chroot=:-9.0 clock=:-4.0 compat=:6.0- cpu= ctrl-grab:-7.1 curses:-7.1 D= d= daemonize
    debugcon= device= dfilter= display= drive= dtb= dump-vmstate= echr= enable-fips:-7.1
    enable-hax:-4.0 enable-kvm enable-sync-profile fda= fdb= fsdev= full-screen fw_cfg= g= gdb=
    global= h hda= hdb= hdc= hdd= help icount= incoming= initrd= iscsi= jitdump:8.0- k= kernel=
    L= loadvm= M= m= machine= mem-path= mem-prealloc mon= monitor= msg= mtdblock= name= net=
    netdev= nic= no-acpi:-9.0 no-fd-bootchk no-frame:-4.0 no-hpet:-9.0 no-kvm:-5.2 no-quit:-7.0
    no-reboot no-shutdown no-user-config nodefaults nographic numa= object= old-param:-10.2
    only-migratable option-rom= overcommit= parallel= perfmap:8.0- pflash= pidfile= plugin=:4.2-
    portrait:-9.2 preconfig prom-env= qmp= qmp-pretty= qtest= qtest-log= readconfig=
    realtime=:-6.0 rotate=:-9.2 rtc= run-with=:8.1- runas=:-10.0 S s sandbox= sd= sdl:-7.1
    seed=:4.1- semihosting semihosting-config= serial= set= shim=:10.0- show-cursor:-6.0
    singlestep:-9.0 smbios= smp= snapshot soundhw=:-7.1 spice= tb-size=:-6.0 tpmdev= trace= usb
    usbdevice= uuid= version vga= virtfs= virtfs_synth:-5.0 virtioconsole=:-4.0 vnc=
    watchdog=:-7.2 watchdog-action= win2k-hack writeconfig=:-7.1 xen-attach xen-create:-4.0
    xen-domid= xen-domid-restrict
"""
#: What a QEMU for x86 refuses as it is for other targets.
NOT_FOR_X86: Final = frozenset({"g", "old-param", "prom-env", "semihosting", "semihosting-config"})
_ONLY_FOR_X86: Final = frozenset({"acpitable", "no-fd-bootchk", "no-hpet", "win2k-hack"})
#: What those for other processors refuse.
NOT_FOR_ARM: Final = _ONLY_FOR_X86 | {"g", "prom-env"}
NOT_FOR_PPC: Final = _ONLY_FOR_X86 | {
    "no-acpi", "old-param", "semihosting", "semihosting-config", "smbios"
}  # fmt: skip
NOT_FOR_S390X: Final = NOT_FOR_PPC | {"g", "prom-env"}


class QEMUOption(NamedTuple):
    """One option: its name without dashes, whether a value follows, when it came and left."""

    name: str
    has_arg: bool
    since: Release
    until: Release | None


def _option(word: str) -> QEMUOption:
    """Return the option that one word of the table describes."""
    name, _, span = word.partition(":")
    since, _, until = span.partition("-")
    return QEMUOption(
        name.rstrip("="),
        name.endswith("="),
        parse_release(since) if since else (),
        parse_release(until) if until else None,
    )


@functools.cache
def qemu_options(release: Release | None = None) -> Mapping[str, QEMUOption]:
    """Return the options of one release by name, without a release those of every one."""
    if release is None:
        return MappingProxyType({option.name: option for option in map(_option, _OPTIONS.split())})
    return MappingProxyType(
        {
            name: option
            for name, option in qemu_options().items()
            if is_between(release, option.since, option.until)
        }
    )
