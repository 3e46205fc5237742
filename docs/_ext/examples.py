"""What the example scripts say of themselves, read without running them.

A script states facts in comments that sphinx-gallery removes from the page::

    # sphinx_gallery_topics = ["3.2.1"]
    # sphinx_gallery_keywords = ["text", "dense network"]
    # sphinx_gallery_budget = {"cpu_seconds": 90, "because": "ten nets, not one"}
    # sphinx_gallery_references = {"test_accuracy": {"value": 0.9, "source": "..."}}

and names its seed once, at the top level, as ``SEED = <number>``. Its last cells collect
what was measured in a dictionary named ``measured`` and assert the page's claims.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DEFAULT_CPU_SECONDS = 60.0
DEFAULT_MEMORY_MB = 2000.0

_SETTING = re.compile(r"^#\s*sphinx_gallery_(?P<name>\w+)[ ]*=[ ]*(?P<value>.+)$", re.M)


@dataclass(frozen=True)
class Example:
    """One script of the gallery and what it says of itself."""

    path: Path
    name: str
    """Folder and stem, for instance ``03_getting_started/plot_movie_reviews``."""
    title: str
    topics: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    cpu_seconds: float = DEFAULT_CPU_SECONDS
    memory_mb: float = DEFAULT_MEMORY_MB
    because: str = ""
    references: dict[str, dict[str, Any]] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()

    @property
    def docname(self) -> str:
        """The page that sphinx-gallery makes of the script."""
        return f"gallery/{self.name}"


def settings(source: str) -> dict[str, Any]:
    """Return the ``sphinx_gallery_<name> = <literal>`` comments of a script."""
    found: dict[str, Any] = {}
    for match in _SETTING.finditer(source):
        text = match["value"]
        try:
            found[match["name"]] = ast.literal_eval(text)
        except (SyntaxError, ValueError) as error:
            raise ValueError(
                f"The comment 'sphinx_gallery_{match['name']}' must be a Python literal. "
                f"Received: {text!r}"
            ) from error
    return found


def _datasets(tree: ast.Module) -> tuple[str, ...]:
    """Return the names called on ``datasets`` in a script, in order."""
    names = [
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "datasets"
        and node.func.attr not in {"card", "cards"}
    ]
    return tuple(dict.fromkeys(names))


def read_example(path: Path, root: Path) -> Example:
    """Read one script below the examples folder `root`."""
    return _parsed(path, root, path.read_text(encoding="utf-8"))


@cache
def _parsed(path: Path, root: Path, source: str) -> Example:
    tree = ast.parse(source)
    docstring = ast.get_docstring(tree) or ""
    said = settings(source)
    budget = said.get("budget", {})
    unknown = set(budget) - {"cpu_seconds", "memory_mb", "because"}
    if unknown:
        raise ValueError(f"{path.name}: unknown keys in the budget. Received: {sorted(unknown)}")
    if budget and not budget.get("because"):
        raise ValueError(
            f"{path.name}: a budget above the default needs its reason under 'because'. "
            f"Received: {budget}"
        )
    return Example(
        path=path,
        name=path.relative_to(root).with_suffix("").as_posix(),
        title=docstring.strip().splitlines()[0] if docstring.strip() else path.stem,
        topics=tuple(said.get("topics", ())),
        keywords=tuple(said.get("keywords", ())),
        cpu_seconds=float(budget.get("cpu_seconds", DEFAULT_CPU_SECONDS)),
        memory_mb=float(budget.get("memory_mb", DEFAULT_MEMORY_MB)),
        because=budget.get("because", ""),
        references=said.get("references", {}),
        datasets=_datasets(tree),
    )


def all_examples(root: Path) -> list[Example]:
    """Read every script of the gallery, in the order of the chapters."""
    return [read_example(path, root) for path in sorted(root.glob("*/plot_*.py"))]


def with_seed(source: str, seed: int) -> str:
    """Return a script with the number in its one ``SEED = <number>`` line replaced."""
    changed, count = re.subn(r"^SEED = \d+$", f"SEED = {seed}", source, flags=re.M)
    if count != 1:
        raise ValueError(
            "A script needs exactly one top-level line 'SEED = <number>'. "
            f"Received a script with {count} of them."
        )
    return changed


class ByTopic:
    """Sort the scripts of a chapter by the first topic that they teach.

    Sphinx-gallery makes one for each chapter's folder.
    """

    def __init__(self, src_dir: str) -> None:
        self.src_dir = Path(src_dir).resolve()

    def __call__(self, filename: str) -> tuple[list[tuple[str, int]], str]:
        """Return the key of a script: 3.2.2 comes before 3.2.10, no topic comes last."""
        topics = read_example(self.src_dir / filename, self.src_dir.parent).topics
        parts = re.findall(r"\d+|[a-z]", topics[0] if topics else "z")
        return [("", int(part)) if part.isdigit() else (part, 0) for part in parts], filename

    def __repr__(self) -> str:
        return "ByTopic()"
