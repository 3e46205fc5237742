"""The page *Results*: this build's numbers beside the record of several seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from definitions import numbers_hash
from dlguide import record
from examples import Example, all_examples
from topics import listed, write_if_new

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)


def number(value: float) -> str:
    """Return a number with three significant figures; whole and large numbers in full."""
    whole = float(value).is_integer() or abs(value) >= 100
    return f"{value:,.0f}" if whole else f"{value:#.3g}"


def is_stale(example: Example) -> bool:
    """Tell whether the sources of a recorded example have changed since."""
    return record.read(example.name).sources != numbers_hash(example)


def table(example: Example, run: dict[str, Any]) -> list[str]:
    """Return the section of one example, as lines of MyST."""
    lines = [f"## {{doc}}`{example.title} </{example.docname}>`", ""]
    measured: dict[str, float] = run.get("measured", {})
    if example.name not in record.names():
        return [*lines, "This example is not in the record yet.", ""]
    entry = record.read(example.name)
    lines += [
        f"| | This page | Mean of {len(entry.seeds)} seeds | Lowest to highest | Reference |",
        "|---|--:|--:|--:|:--|",
    ]
    for name, metric in entry.metrics.items():
        reference = example.references.get(name)
        said = f"{reference['value']} ({reference['source']})" if reference else ""
        here = number(measured[name]) if name in measured else ""
        ends = dict.fromkeys((number(metric.minimum), number(metric.maximum)))
        span = " to ".join(ends)
        label = name.replace("_", " ")
        lines.append(f"| {label} | {here} | {number(metric.mean)} | {span} | {said} |")
    versions = ", ".join(f"{name} {version}" for name, version in entry.versions.items())
    lines += [
        "",
        f"A run takes about {entry.cpu_seconds:.0f} s of processor time with one thread and "
        f"{entry.peak_memory_mb / 1000:.1f} GB of memory. "
        f"Recorded on {entry.date} with {versions}.",
    ]
    if is_stale(example):
        lines.append("**The sources have changed since; these numbers await a new record.**")
    return [*lines, ""]


class ResultsTable(SphinxDirective):
    """All examples with their results."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each example."""
        path = listed(self.env.app, "results")
        self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(
            path.read_text(encoding="utf-8"), allow_section_headings=True
        )


def write_list(app: Sphinx) -> None:
    """Write the results of all examples; their page is read again only if they change."""
    docs = Path(app.srcdir)
    lines: list[str] = []
    for example in all_examples(docs.parent / "examples"):
        path = docs / "gallery" / f"{example.name}.run.json"
        run = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        lines += table(example, run)
    write_if_new(listed(app, "results"), "\n".join(lines))


def report_stale(app: Sphinx) -> None:
    """Say which entries of the record are older than their sources."""
    known = set(record.names())
    for example in all_examples(Path(app.srcdir).parent / "examples"):
        if example.name not in known:
            logger.info("record: %s has no entry", example.name, color="yellow")
        elif is_stale(example):
            logger.info("record: the entry of %s is stale", example.name, color="yellow")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("results", ResultsTable)
    app.connect("builder-inited", report_stale, priority=50)
    app.connect("builder-inited", write_list, priority=200)  # after the examples have run
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
