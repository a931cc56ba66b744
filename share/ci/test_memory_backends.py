#!/usr/bin/env python3
"""Functional test for QEMU's tree: hold the built binary against the model.

Copy to tests/functional/x86_64/, list 'memory_backends' in meson.build there with a timeout of
300 seconds, and put qemu-model on PATH.  It is skipped where qemu-model or strace is missing.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import shutil
import subprocess
import unittest

from qemu_test import QemuBaseTest


class MemoryBackends(unittest.TestCase):
    """Memory backends against the model."""

    def test_sample(self) -> None:
        """A hundred cases, other ones each time, have no difference."""
        qemu = os.environ.get("QEMU_TEST_QEMU_BINARY", "qemu-system-x86_64")
        for program in ("qemu-model", "strace"):
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")
        # The tests' PYTHONPATH has a package qemu of the tree's own.
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            ["qemu-model", "conform", "--qemu", qemu, "--sample", "100", "--json"],
            capture_output=True,
            text=True,
            check=False,
            env=own,
        )
        assert done.returncode in (0, 1), done.stderr
        failed = json.loads(done.stdout)["failed"]
        told = [f"{case['name']}\n  " + "\n  ".join(case["why"]) for case in failed]
        assert not failed, "\n".join(told)


if __name__ == "__main__":
    QemuBaseTest.main()
