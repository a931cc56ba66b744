#!/usr/bin/env python3
"""Functional test for QEMU's tree: hold the built binary against the model.

Copy to tests/functional/x86_64/, list it in meson.build there, and install qemu-model into
the environment of the tests.  It is skipped where qemu-model or strace is missing.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import shutil
import subprocess
import unittest


class MemoryBackends(unittest.TestCase):
    """Each conformance case of the sample runs as the model says."""

    def test_sample(self) -> None:
        """Run a hundred cases."""
        qemu = os.environ.get("QEMU_TEST_QEMU_BINARY", "qemu-system-x86_64")
        for program in ("qemu-model", "strace"):
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")
        done = subprocess.run(
            ["qemu-model", "conform", "--qemu", qemu, "--sample", "100", "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        for case in json.loads(done.stdout)["failed"]:
            with self.subTest(case["name"]):
                self.fail("\n".join(case["why"]))


if __name__ == "__main__":
    unittest.main()
