"""Lock the dependencies with hashes, and tell when the lock is stale.

``python requirements/lock.py`` resolves what pyproject.toml asks for, for every supported
version of Python and every platform, into ``locked.txt``. ``--check`` compares instead,
without a network: the lock names a hash of the dependency tables that it was made from.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "locked.txt"
PREFIX = "# made from dependency tables with sha256 "


def tables_hash() -> str:
    """Return a hash of everything in pyproject.toml that decides the lock."""
    stored = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = stored["project"]
    tables = {
        "python": project["requires-python"],
        "dependencies": project["dependencies"],
        "optional": project.get("optional-dependencies", {}),
        "groups": stored.get("dependency-groups", {}),
    }
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def check() -> None:
    """Raise `SystemExit` if the lock does not belong to pyproject.toml."""
    first = LOCK.read_text(encoding="utf-8").partition("\n")[0] if LOCK.is_file() else ""
    if first != PREFIX + tables_hash():
        sys.exit(
            "requirements/locked.txt is stale: the dependencies in pyproject.toml have "
            "changed since it was made. Run 'nox -s lock' and commit both files."
        )


def make(options: list[str]) -> None:
    """Resolve the dependencies and write the lock."""
    subprocess.run(
        [
            sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml",
            "--universal", "--generate-hashes",
            "--all-extras", "--group", "dev", "--no-emit-index-url", "--no-annotate",
            "--no-header", "--python-version", "3.11", "--quiet",
            "--output-file", str(LOCK), *options,
        ],
        cwd=ROOT,
        check=True,
    )  # fmt: skip
    LOCK.write_text(f"{PREFIX}{tables_hash()}\n{LOCK.read_text(encoding='utf-8')}", "utf-8")


if __name__ == "__main__":
    check() if sys.argv[1:] == ["--check"] else make(sys.argv[1:])
