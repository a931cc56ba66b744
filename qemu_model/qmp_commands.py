"""``qapi/*.json``: the names of the QMP commands that the model does not run.

Read at each release's tag; the real 7.2, 10.0 and 11.1 list no other.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from typing import Final

from .revisions.release import Release, is_between, parse_release

C_FILE = "qapi/qapi-schema.json"

#: One word a command, with ``:SINCE-UNTIL``: the release that it came with and the one that
#: it left with, where it has not been there all the time.
_COMMANDS: Final = """
    add-fd add_client announce-self:4.0- balloon block-commit block-dirty-bitmap-add
    block-dirty-bitmap-clear block-dirty-bitmap-disable:4.0- block-dirty-bitmap-enable:4.0-
    block-dirty-bitmap-merge:4.0- block-dirty-bitmap-remove block-export-add:5.2-
    block-export-del:5.2- block-job-cancel block-job-change:8.2- block-job-complete
    block-job-dismiss block-job-finalize block-job-pause block-job-resume block-job-set-speed
    block-latency-histogram-set:4.0- block-set-write-threshold block-stream block_passwd:-6.0
    block_resize block_set_io_throttle blockdev-add blockdev-backup blockdev-change-medium
    blockdev-close-tray blockdev-create blockdev-del blockdev-insert-medium blockdev-mirror
    blockdev-open-tray blockdev-remove-medium blockdev-reopen:6.1- blockdev-set-active:10.0-
    blockdev-snapshot blockdev-snapshot-delete-internal-sync blockdev-snapshot-internal-sync
    blockdev-snapshot-sync calc-dirty-rate:5.2- cancel-vcpu-dirty-limit:7.1-
    change-backing-file change-vnc-password change:-6.0 chardev-add chardev-change
    chardev-remove chardev-send-break client_migrate_info closefd cont cpu-add:-5.2
    cxl-add-dynamic-capacity:9.1- cxl-inject-correctable-error:8.0- cxl-inject-dram-event:8.1-
    cxl-inject-general-media-event:8.1- cxl-inject-memory-module-event:8.1-
    cxl-inject-poison:8.1- cxl-inject-uncorrectable-errors:8.0-
    cxl-release-dynamic-capacity:9.1- device-list-properties device-sync-config:9.2-
    device_add device_del display-reload:6.0- display-update:7.1- drive-backup drive-mirror
    dump-guest-memory dump-skeys dumpdtb:7.2- eject expire_password get-win32-socket:8.0-
    getfd human-monitor-command inject-ghes-v2-error:10.2- inject-nmi input-send-event
    job-cancel job-complete job-dismiss job-finalize job-pause job-resume memsave migrate
    migrate-continue migrate-incoming migrate-pause migrate-recover
    migrate-set-cache-size:-6.0 migrate-set-capabilities migrate-set-parameters
    migrate-start-postcopy migrate_cancel migrate_set_downtime:-6.0 migrate_set_speed:-6.0
    nbd-server-add nbd-server-remove nbd-server-start nbd-server-stop netdev_add netdev_del
    pmemsave qom-list qom-list-get:10.1- qom-list-properties qom-list-types
    query-accelerators:10.2- query-acpi-ospm-status query-audiodevs:8.0- query-balloon
    query-block query-block-exports:5.2- query-block-jobs query-blockstats query-chardev
    query-chardev-backends query-colo-status query-command-line-options query-commands
    query-cpu-definitions query-cpu-model-baseline query-cpu-model-comparison
    query-cpu-model-expansion query-cpus-fast query-cpus:-6.0 query-cryptodev:8.0-
    query-current-machine:4.0- query-dirty-rate:5.2- query-display-options query-dump
    query-dump-guest-memory-capability query-events:-6.0 query-fdsets query-firmware-log:10.2-
    query-gic-capabilities query-hotpluggable-cpus query-hv-balloon-status-report:8.2-
    query-iothreads query-jobs query-kvm query-machines query-memory-devices
    query-memory-size-summary query-mice query-migrate query-migrate-cache-size:-6.0
    query-migrate-capabilities query-migrate-parameters query-migrationthreads:8.0-11.0
    query-name query-named-block-nodes query-pci query-pr-managers query-qmp-schema
    query-replay:5.2- query-rocker query-rocker-of-dpa-flows query-rocker-of-dpa-groups
    query-rocker-ports query-rx-filter query-s390x-cpu-polarization:8.2- query-sev
    query-sev-attestation-report:6.1- query-sev-capabilities query-sev-launch-measure
    query-sgx-capabilities:6.2- query-sgx:6.2- query-spice query-stats-schemas:7.1-
    query-stats:7.1- query-status query-target query-tpm query-tpm-models query-tpm-types
    query-uuid query-vcpu-dirty-limit:7.1- query-version query-vm-generation-id query-vnc
    query-vnc-servers query-xen-replication-status query-yank:6.0- remove-fd replay-break:5.2-
    replay-delete-break:5.2- replay-seek:5.2- request-ebpf:9.0- ringbuf-read ringbuf-write
    rtc-reset-reinjection screendump send-key set-action:6.0- set-cpu-topology:8.2-
    set-numa-node set-vcpu-dirty-limit:7.1- set_link set_password
    sev-inject-launch-secret:6.0- snapshot-delete:6.0- snapshot-load:6.0- snapshot-save:6.0-
    stop system_powerdown system_reset system_wakeup trace-event-get-state
    trace-event-set-state transaction watchdog-set-action x-accel-stats:10.1-
    x-block-dirty-bitmap-disable:-4.0 x-block-dirty-bitmap-enable:-4.0
    x-block-dirty-bitmap-merge:-4.0 x-block-latency-histogram-set:-4.0 x-blockdev-amend:5.1-
    x-blockdev-change x-blockdev-reopen:4.0-6.1 x-blockdev-set-iothread x-colo-lost-heartbeat
    x-debug-block-dirty-bitmap-sha256 x-debug-query-block-graph:4.0- x-exit-preconfig
    x-nbd-server-add-bitmap:-4.0 x-query-interrupt-controllers:9.1- x-query-irq:6.2-
    x-query-jit:6.2- x-query-numa:6.2- x-query-opcount:6.2-10.1 x-query-profile:6.2-8.1
    x-query-ramblock:6.2- x-query-rdma:6.2-9.1 x-query-roms:6.2- x-query-usb:6.2-
    x-query-virtio-queue-element:7.2- x-query-virtio-queue-status:7.2-
    x-query-virtio-status:7.2- x-query-virtio-vhost-queue-status:7.2- x-query-virtio:7.2-
    xen-colo-do-checkpoint xen-event-inject:8.0- xen-event-list:8.0- xen-load-devices-state
    xen-save-devices-state xen-set-global-dirty-log xen-set-replication yank:6.0-
"""


@functools.cache
def _commands_not_modelled(release: Release) -> frozenset[str]:
    """Return the commands of a release that have nothing to do with memory backends."""
    found = set()
    for word in _COMMANDS.split():
        name, _, span = word.partition(":")
        since, _, until = span.partition("-")
        first = parse_release(since) if since else ()
        if is_between(release, first, parse_release(until) if until else None):
            found.add(name)
    return frozenset(found)
