"""Run scripts with several seeds and write what they measure to the record.

Usage: ``python docs/_ext/recorder.py [PATTERN] [--seeds N] [--all]``. Without ``--all``
only entries run that are missing or whose sources have changed. Every run must pass its
own assertions; a script that fails with one seed gets no entry.

Every second seed computes with other kernels, TensorFlow's own instead of oneDNN's. They
round differently, as another processor does, so that the spread in the record contains
what a change of machine does to a result, even where the seed changes nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from definitions import numbers_hash
from dlguide import record
from examples import Example, all_examples, with_seed
from gallery_runner import patience, versions
from processes import Outcome, Task, run_each
from results import is_stale, number

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "src" / "dlguide" / "record"


def execute(source: str, shown: str) -> tuple[dict[str, float], dict[str, float]]:
    """Run a script's text in an empty folder and return what it measured and what it timed."""
    import matplotlib.pyplot as plt

    plt.show = lambda *_, **__: None
    scope: dict[str, Any] = {"__name__": "__main__"}
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        exec(compile(source, shown, "exec"), scope)  # noqa: S102 - our own script
    measured, timed = (
        {name: float(value) for name, value in scope.get(kind, {}).items()}
        for kind in ("measured", "timed")
    )
    return measured, timed


def other_kernels(seed: int) -> dict[str, str]:
    """Return what makes every second seed compute with TensorFlow's own kernels."""
    return {"TF_ENABLE_ONEDNN_OPTS": "0"} if seed % 2 else {}


def write_entry(
    example: Example, seeds: list[int], outcomes: list[Outcome], folder: Path = RECORD
) -> Path:
    """Write the entry of one example from its runs, one for each seed.

    Its times are those of the runs with the kernels of the build.
    """
    usual = [o for seed, o in zip(seeds, outcomes, strict=True) if not other_kernels(seed)]
    measured = [outcome.value[0] for outcome in outcomes]
    timed = [outcome.value[1] for outcome in usual]
    entry = {
        "seeds": seeds,
        "measured": {name: [float(f"{run[name]:.6g}") for run in measured] for name in measured[0]},
        "timed": {name: [float(f"{run[name]:.3g}") for run in timed] for name in timed[0]},
        "cpu_seconds": round(sum(o.cpu_seconds for o in usual) / len(usual), 1),
        "peak_memory_mb": round(max(o.peak_memory_mb for o in outcomes)),
        "versions": versions(),
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "sources": numbers_hash(example),
    }
    if not timed[0]:
        del entry["timed"]
    path = folder / f"{example.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(entry, indent=1)
    # one line for each list of numbers, so that a change of one seed reads as one line
    text = re.sub(r"\[\s+([^\]]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


def main(arguments: list[str]) -> int:
    """Run what is stale; return 1 if a script fails with any seed."""
    parser = argparse.ArgumentParser(prog="record", description=__doc__.splitlines()[0])
    parser.add_argument("pattern", nargs="?", default="", help="part of the scripts' names")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds (at least 5)")
    parser.add_argument("--all", action="store_true", help="also what is up to date")
    said = parser.parse_args(arguments)
    if said.seeds < 5:
        parser.error(f"a spread needs at least 5 seeds. Received: {said.seeds}")
    examples = [e for e in all_examples(ROOT / "examples") if re.search(said.pattern, e.name)]
    if not examples:
        parser.error(f"no example matches. Received: {said.pattern!r}")
    known = set(record.names())
    due = [e for e in examples if said.all or e.name not in known or is_stale(e)]
    print(f"{len(due)} of {len(examples)} examples need a run with {said.seeds} seeds each.")
    seeds = list(range(said.seeds))
    tasks = [
        Task(
            f"{example.name} {seed}",
            execute,
            (with_seed(example.path.read_text(encoding="utf-8"), seed), example.path.name),
            wall_seconds=patience(example),
            environment=other_kernels(seed),
        )
        for example in due
        for seed in seeds
    ]
    outcomes: dict[str, Outcome] = {}
    for task, outcome in run_each(tasks):
        outcomes[task.name] = outcome
        print(f"  {'FAILED' if outcome.error else 'passed'} {task.name}", flush=True)
    failed = 0
    for example in due:
        runs = [outcomes[f"{example.name} {seed}"] for seed in seeds]
        for seed, outcome in zip(seeds, runs, strict=True):
            if outcome.error:
                print(f"\n{example.name}, seed {seed}:\n{outcome.error}\n{outcome.log}")
        if any(outcome.error for outcome in runs):
            failed += 1
            continue
        write_entry(example, seeds, runs)
        print(f"\n{example.name}: {runs[0].cpu_seconds:.1f} s of processor time")
        for name in runs[0].value[0]:
            values = [outcome.value[0][name] for outcome in runs]
            mean = sum(values) / len(values)
            print(f"  {name:32} {number(mean)}  ({number(min(values))} to {number(max(values))})")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
