"""Run tasks side by side, each in a fresh process that is measured and can be stopped.

Every example gets a process of its own, so nothing that one example leaves behind (layer
names, random state, patched modules, memory) can reach the next. On Linux the processes
are forked from a server that has imported TensorFlow once and done nothing else, which
makes a fresh process cost milliseconds instead of seconds; elsewhere they start from
nothing.
"""

from __future__ import annotations

import faulthandler
import multiprocessing as mp
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

#: One thread each: two single-threaded workers finish sooner than two that fight for the
#: same cores, and a fixed number of threads makes results repeat to the last bit. The
#: kernels of oneDNN train convolutions two to three times as fast as TensorFlow's own.
ONE_THREAD = {
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}

PRELOAD = ["tensorflow", "keras", "matplotlib.pyplot"]


@dataclass(frozen=True)
class Task:
    """One call to make in a process of its own."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    wall_seconds: float
    """The task is stopped after this time: it hangs, or waits for something."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that this task alone finds set so; its process then starts from nothing."""


@dataclass(frozen=True)
class Outcome:
    """What became of a task."""

    value: Any = None
    error: str = ""
    """The traceback of an exception, or the reason why the process ended."""
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    wall_seconds: float = 0.0
    log: str = ""
    """The last lines that the process wrote to its standard error."""


def workers() -> int:
    """Return how many processes run side by side: ``DLGUIDE_JOBS``, or one for each core."""
    said = os.environ.get("DLGUIDE_JOBS", "")
    if said:
        if not said.isdigit() or int(said) < 1:
            raise ValueError(f"DLGUIDE_JOBS must be a whole number from 1. Received: {said!r}")
        return int(said)
    return os.cpu_count() or 1


def peak_memory_mb() -> float:
    """Return the largest resident memory of this process so far, in megabytes."""
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _child(pipe: Connection, task: Task, log_path: str) -> None:
    """Run one task and send back its value and its cost."""
    started = time.process_time()
    with Path(log_path).open("w", encoding="utf-8", errors="replace") as log:
        os.dup2(log.fileno(), 2)  # compiled code writes to the descriptor, not to sys.stderr
        faulthandler.enable(log)
        faulthandler.dump_traceback_later(max(task.wall_seconds - 1, 0.5), file=log)
        value, error = None, ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                value = task.function(*task.arguments)
        except BaseException:  # whatever ends a script is reported, never lost
            error = traceback.format_exc()
        faulthandler.cancel_dump_traceback_later()
        pipe.send((value, error, time.process_time() - started, peak_memory_mb()))
        pipe.close()


@contextmanager
def silent_descriptor() -> Iterator[None]:
    """Send to nowhere what compiled code writes to standard error, as TensorFlow's import does."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _set(environment: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a moment, for a process that is started in it."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def server() -> Any:
    """Return the context that makes fresh processes, on Linux from a server that is warm.

    Of the processes that Sphinx forks to read pages, each uses the server of the first.
    """
    os.environ.update(ONE_THREAD)
    if sys.platform != "linux":
        return mp.get_context("spawn")
    from multiprocessing import forkserver

    context = mp.get_context("forkserver")
    if mp.parent_process() is not None:
        # it may not wait for the server's end to see whether it runs: that is for its parent
        vars(forkserver._forkserver)["ensure_running"] = lambda: None
        return context
    context.set_forkserver_preload(PRELOAD)
    with silent_descriptor():  # the server keeps this descriptor; each task gets its own log
        forkserver.ensure_running()
    return context


def run_each(tasks: Iterable[Task], jobs: int | None = None) -> Iterator[tuple[Task, Outcome]]:
    """Run tasks in fresh processes and yield each with its outcome as it ends.

    Parameters
    ----------
    tasks
        What to run, started in this order.
    jobs
        How many run side by side; by default `workers()`.
    """
    context = server()
    waiting = list(tasks)
    running: dict[Connection, tuple[Task, Any, float, str]] = {}
    jobs = jobs or workers()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                task = waiting.pop(0)
                descriptor, log_path = tempfile.mkstemp(prefix="dlguide-", suffix=".log")
                os.close(descriptor)
                ours, theirs = context.Pipe(duplex=False)
                fresh = mp.get_context("spawn") if task.environment else context
                process = fresh.Process(target=_child, args=(theirs, task, log_path))
                with _set(task.environment):
                    process.start()
                theirs.close()
                running[ours] = (task, process, time.monotonic(), log_path)
            ready = wait(list(running), timeout=0.2)
            now = time.monotonic()
            for pipe in list(running):
                task, process, started, log_path = running[pipe]
                if pipe not in ready and now - started < task.wall_seconds:
                    continue
                outcome = _collect(pipe, process, task, now - started, log_path)
                del running[pipe]
                yield task, outcome
    finally:
        for _, process, _, _ in running.values():
            process.kill()


def _collect(
    pipe: Connection, process: Any, task: Task, wall_seconds: float, log_path: str
) -> Outcome:
    """Read what a process sent, or say why it sent nothing."""
    value, error, cpu_seconds, memory = None, "", 0.0, 0.0
    try:
        if pipe.poll():
            value, error, cpu_seconds, memory = pipe.recv()
        else:
            process.kill()
            error = f"It hangs: stopped after {task.wall_seconds:.0f} s of waiting."
    except EOFError:
        process.join()
        error = f"Its process ended without a word (exit code {process.exitcode})."
    process.join()
    pipe.close()
    log = Path(log_path).read_text(encoding="utf-8", errors="replace")
    Path(log_path).unlink()
    return Outcome(value, error, cpu_seconds, memory, wall_seconds, log[-4000:])
