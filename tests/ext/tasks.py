"""What the tests let run in processes of their own."""

from __future__ import annotations

import os
import random
import sys
import time
import warnings
from pathlib import Path

STATE: list[str] = []


def add(first: int, second: int) -> int:
    return first + second


def fail(words: str) -> None:
    raise ArithmeticError(words)


def warn(words: str) -> None:
    warnings.warn(words, RuntimeWarning, stacklevel=1)


def leave(code: int) -> None:
    os._exit(code)


def leave_politely(code: int) -> None:
    sys.exit(code)


def complain_and_leave(words: str) -> None:
    os.write(2, words.encode())  # as compiled code does
    os._exit(1)


def complain(words: str) -> None:
    os.write(2, words.encode())
    print(words[::-1], file=sys.stderr, flush=True)


def hang() -> None:
    while True:
        time.sleep(0.1)  # here it hangs


def hang_and_say_who(path: str) -> None:
    Path(path).write_text(str(os.getpid()), encoding="utf-8")
    hang()


def variables(*names: str) -> list[str | None]:
    return [os.environ.get(name) for name in names]


def wait_for(path: str) -> str:
    """Return what another task has written."""
    while not (Path(path).is_file() and Path(path).read_text(encoding="utf-8")):
        time.sleep(0.05)
    return Path(path).read_text(encoding="utf-8")


def be_busy(seconds: float) -> None:
    """Use processor time."""
    started = time.process_time()
    while time.process_time() - started < seconds:
        pass


def be_idle(seconds: float) -> None:
    time.sleep(seconds)


def fill(megabytes: int) -> int:
    """Touch memory, so that it is resident, and let it go again."""
    return len(b"x" * (megabytes * 1_000_000))


def leave_traces() -> None:
    STATE.append("left by another task")
    os.environ["DLGUIDE_TRACE"] = "left by another task"
    random.seed(0)
    random.random()


def look_for_traces() -> tuple[list[str], str | None, int]:
    return STATE, os.environ.get("DLGUIDE_TRACE"), os.getpid()


def draw_after_a_seed_that_another_task_set() -> float:
    return random.random()


def start_and_end(seconds: float) -> tuple[float, float]:
    """Return when this task ran, on a clock that all processes share."""
    started = time.monotonic()
    time.sleep(seconds)
    return started, time.monotonic()


def give_back_what_cannot_travel() -> object:
    return lambda: None
