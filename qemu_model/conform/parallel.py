"""Many cases, several at a time, each in a worker process."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from .conform_place import Target
from .conform_worker import Worker
from .driver import check_strace

SHARED_MEMORY: Final = Path("/dev/shm")

Answer = TypeVar("Answer")


def in_parallel(
    names: Sequence[str],
    make_worker: Callable[[Path, Path, Path | None, str | None], Worker],
    ask: Callable[[Worker, str], Answer],
    jobs: int,
    target: Target | None,
    on_result: Callable[[Answer], None] | None,
) -> dict[str, Answer]:
    """Run the cases called ``names``, ``jobs`` at a time, and return the answers by name.

    ``make_worker`` gets a scratch directory, one on a tmpfs, one for files and a device;
    ``target`` is where cases work, otherwise in the scratch directory.  At the end all files are
    removed, and all processes that were started are ended.

    Raise :class:`~qemu_model.conform.errors.DriverError` where strace is not installed, and
    OSError where no directory can be made.
    """
    check_strace()
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in names:
        waiting.put(name)
    results: dict[str, Answer] = {}
    lock = threading.Lock()
    stop = threading.Event()

    def work(worker: Worker) -> None:
        while not stop.is_set():
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                return
            result = ask(worker, name)
            with lock:
                results[name] = result
                if on_result is not None and not stop.is_set():
                    on_result(result)

    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(temporary_directory(None))
        shared = stack.enter_context(
            temporary_directory(SHARED_MEMORY if SHARED_MEMORY.is_dir() else None)
        )
        files = device = None
        if target is not None and target.is_device:
            device = target.path
        elif target is not None:
            files = stack.enter_context(temporary_directory(Path(target.path)))
        workers = []
        threads = []
        try:
            for number in range(min(jobs, len(names))):
                memory = shared / str(number)
                memory.mkdir()
                kept = None if files is None else files / str(number)
                workers.append(make_worker(scratch / str(number), memory, kept, device))
            threads = [
                threading.Thread(target=work, args=(worker,), daemon=True) for worker in workers
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            stop.set()
            for worker in workers:
                worker.close()
            for thread in threads:
                thread.join()
    return results


@contextlib.contextmanager
def temporary_directory(below: Path | None) -> Iterator[Path]:
    """Give a new directory, which is removed at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="qemu-model-conform-", dir=below) as path:
        yield Path(path)
