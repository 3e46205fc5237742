"""Print what the last build took: its steps, and the five slowest examples."""

from __future__ import annotations

import json
from pathlib import Path

DOCS = Path(__file__).parents[1]
SLOWEST = 5


def main() -> None:
    """Print two tables."""
    steps = (DOCS / "_build" / "times.tsv").read_text(encoding="utf-8").splitlines()
    print(f"{'step':44}{'seconds':>10}")
    for step in steps:
        what, seconds = step.split("\t")
        print(f"{what:44}{float(seconds):10.1f}")
    runs = []
    for path in (DOCS / "gallery").rglob("*.run.json"):
        run = json.loads(path.read_text(encoding="utf-8"))
        name = path.relative_to(DOCS / "gallery").as_posix().removesuffix(".run.json")
        runs.append((run["cpu_seconds"], run["peak_memory_mb"], name))
    print(f"\n{'slowest examples of ' + str(len(runs)):44}{'CPU s':>10}{'peak MB':>10}")
    for cpu_seconds, memory, name in sorted(runs, reverse=True)[:SLOWEST]:
        print(f"{name:44}{cpu_seconds:10.1f}{memory:10.0f}")
    total = sum(cpu_seconds for cpu_seconds, _, _ in runs)
    print(f"{'all examples':44}{total:10.1f}")


if __name__ == "__main__":
    main()
