"""Fuzz one target with atheris: ``harness.py TARGET [libFuzzer's options] [directories]``.

``run.py`` calls this for each target; by itself it takes what libFuzzer takes, for
instance the file with an input that failed.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import atheris

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
if "QEMU_MODEL_WHEEL" not in os.environ:
    sys.path.insert(1, str(HERE.parents[1]))
os.environ["QEMU_MODEL_TRACEBACK"] = "1"

with atheris.instrument_imports(include=["qemu_model"]):
    import targets

    import qemu_model

    # What commands import when they need it would otherwise not be watched.
    for module in pkgutil.walk_packages(qemu_model.__path__, "qemu_model."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def main() -> None:
    target = targets.TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


main()
