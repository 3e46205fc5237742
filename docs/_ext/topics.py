"""Which topics of the outline the guide teaches, and where.

The outline stands in one file. Scripts name the topics that they teach in a comment, pages
in their front matter. The directive ``topics-taught`` draws the table of both, in which
what is still untaught shows.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from examples import all_examples, read_example

if TYPE_CHECKING:
    from sphinx.application import Sphinx


#: What begins the part of a gallery page that offers downloads.
DOWNLOADS = ".. _sphx_glr_download_"


@dataclass(frozen=True)
class Topic:
    """One line of the outline."""

    number: str
    title: str
    kind: str
    """``demo``: an executed script is due; ``show``: it must run or be drawn; else prose."""


def read_outline(path: Path) -> list[Topic]:
    """Read the outline, in its order."""
    stored = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Topic(number, line.get("title", ""), line.get("kind", "prose"))
        for number, line in stored["topics"].items()
    ]


def front_matter(text: str) -> dict[str, Any]:
    """Return what a MyST page says of itself before its title."""
    if not text.startswith("---\n"):
        return {}
    front, _, _ = text[4:].partition("\n---\n")
    return yaml.safe_load(front) or {}


def page_topics(path: Path) -> list[str]:
    """Return the topics in the front matter of a MyST page."""
    return list(map(str, front_matter(path.read_text(encoding="utf-8")).get("topics", [])))


def taught(docs: Path, examples: Path) -> dict[str, list[str]]:
    """Return topic number -> names of the pages and scripts that teach it.

    A name is a docname: ``guide/...`` for a page, ``gallery/...`` for a script.
    """
    places: dict[str, list[str]] = {}
    for page in sorted((docs / "guide").rglob("*.md")):
        for number in page_topics(page):
            places.setdefault(number, []).append(page.relative_to(docs).with_suffix("").as_posix())
    for example in all_examples(examples):
        for number in example.topics:
            places.setdefault(number, []).append(example.docname)
    return places


class TopicsTaught(SphinxDirective):
    """The table of topics and of the places that teach them."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        path = listed(self.env.app, "topics")
        self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(path.read_text(encoding="utf-8"))


def write_if_new(path: Path, text: str) -> None:
    """Write a text to a file, unless the file holds it already."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def listed(app: Sphinx, name: str) -> Path:
    """Return the file that holds what a page lists of the whole build, as MyST."""
    return Path(app.outdir).parent / "lists" / f"{name}.md"


def write_list(app: Sphinx) -> None:
    """Write the table of topics; its page is read again only if it changes."""
    docs = Path(app.srcdir)
    places = taught(docs, docs.parent / "examples")
    lines = ["| Topic | Kind | Taught in |", "|---|---|---|"]
    for topic in read_outline(docs / "project" / "outline.toml"):
        where = ", ".join(f"{{doc}}`/{name}`" for name in places.get(topic.number, []))
        mark = "" if topic.kind == "prose" else topic.kind
        lines.append(f"| {topic.number} {topic.title} | {mark} | {where or '*not yet*'} |")
    write_if_new(listed(app, "topics"), "\n".join(lines))


def link_related(app: Sphinx, docname: str, content: list[str]) -> None:
    """Name at the end of a script's page the places that teach the same topics."""
    if not docname.startswith("gallery/") or DOWNLOADS not in content[0]:
        return
    docs = Path(app.srcdir)
    script = docs.parent / "examples" / f"{docname.removeprefix('gallery/')}.py"
    topics = read_example(script, docs.parent / "examples").topics
    places = taught(docs, docs.parent / "examples")
    related = dict.fromkeys(name for topic in topics for name in places[topic])
    lines = [f"   * :doc:`/{name}`" for name in related if name != docname]
    if lines:
        note = "\n".join([".. seealso::", "", "   The same topics are taught in", "", *lines])
        content[0] = content[0].replace(DOWNLOADS, f"{note}\n\n{DOWNLOADS}", 1)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("topics-taught", TopicsTaught)
    app.connect("builder-inited", write_list)
    app.connect("source-read", link_related)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
