"""What builds on what: a map of the guide, drawn from the pages' own front matter.

A page names the pages that it builds on, in its front matter::

    needs: ["04_fundamentals/evaluation", "03_getting_started/newswires"]

The directive ``learning-path`` draws all of them, a row for each chapter, with the same as a
table below. Each page says at its top what it builds on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from topics import front_matter

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_TITLE = re.compile(r"^# (?P<number>\d[\d.]*(?: and [\d.]+)*)? ?(?P<title>.+)$", re.M)
_TOCTREE = re.compile(r"^```\{toctree\}\n(?P<body>.*?)^```", re.M | re.S)

#: Sizes in the picture, in pixels.
BOX, GAP, ROW = (58, 30), 6, 86


@dataclass(frozen=True)
class Section:
    """A page of the guide and the pages that it builds on."""

    name: str
    """Its place below ``guide/``, for instance ``04_fundamentals/evaluation``."""
    number: str
    title: str
    needs: tuple[str, ...]
    topics: tuple[str, ...] = ()

    @property
    def chapter(self) -> str:
        """The folder of its chapter."""
        return self.name.partition("/")[0]


def _entries(page: Path) -> list[str]:
    """Return what the toctrees of a page list, in their order."""
    bodies = [match["body"] for match in _TOCTREE.finditer(page.read_text(encoding="utf-8"))]
    lines = [line.strip() for body in bodies for line in body.splitlines()]
    return [line for line in lines if line and not line.startswith(":")]


def read_section(guide: Path, name: str) -> Section:
    """Read what one page says of itself."""
    text = (guide / f"{name}.md").read_text(encoding="utf-8")
    title = _TITLE.search(text)
    if title is None:
        raise ValueError(f"guide/{name}.md has no title.")
    front = front_matter(text)
    needs, topics = (tuple(map(str, front.get(key, ()))) for key in ("needs", "topics"))
    return Section(name, title["number"] or "", title["title"], needs, topics)


def sections(guide: Path) -> list[Section]:
    """Return the sections of all chapters in reading order."""
    found = []
    for entry in _entries(guide / "index.md"):
        folder = entry.removesuffix("/index")
        pages = _entries(guide / folder / "index.md")
        found += [read_section(guide, f"{folder}/{page}") for page in pages]
    return found


def check(path: list[Section]) -> None:
    """Raise unless every section builds on sections that are read before it."""
    read: set[str] = set()
    for section in path:
        for need in section.needs:
            if need not in read:
                known = need in {other.name for other in path}
                reason = "comes later" if known else "does not exist"
                raise ValueError(
                    f"guide/{section.name}.md builds on a page that {reason}. Received: {need!r}"
                )
        read.add(section.name)


def _places(path: list[Section]) -> tuple[dict[str, tuple[float, float]], int, int]:
    """Return the middle of each box, and the size of the picture."""
    rows: dict[str, list[Section]] = {}
    for section in path:
        rows.setdefault(section.chapter, []).append(section)
    width = max(map(len, rows.values())) * (BOX[0] + GAP) + GAP
    places = {}
    for line, row in enumerate(rows.values()):
        left = (width - len(row) * (BOX[0] + GAP) + GAP) / 2
        for column, section in enumerate(row):
            middle = left + column * (BOX[0] + GAP) + BOX[0] / 2
            places[section.name] = (middle, line * ROW + ROW / 2)
    return places, width, len(rows) * ROW


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Return the way from a box to one that builds on it: over it, or down to its row."""
    (x, y), (u, v) = start, end
    half = BOX[1] / 2
    if y == v:
        top = y - half
        lift = top - 14 - abs(u - x) / 24
        return f"M{x:.0f} {top:.0f}C{x:.0f} {lift:.0f} {u:.0f} {lift:.0f} {u:.0f} {top:.0f}"
    y, v = y + half, v - half
    middle = (y + v) / 2
    return f"M{x:.0f} {y:.0f}C{x:.0f} {middle:.0f} {u:.0f} {middle:.0f} {u:.0f} {v:.0f}"


def labels(path: list[Section]) -> list[str]:
    """Return a short name for each section, all different.

    It is the number in the title; where several have the same, that of the first topic; and
    without a number the name of the page.
    """
    numbers = [section.number.split(" ")[0] for section in path]
    found = []
    for section, number in zip(path, numbers, strict=True):
        shared = numbers.count(number) > 1
        page = section.name.rpartition("/")[2].split("_")[0]
        topic = section.topics[0] if section.topics else page
        found.append((topic if shared else number) if number else page)
    return found


def drawing(path: list[Section]) -> str:
    """Return the map as SVG, in the colours of the page around it."""
    places, width, height = _places(path)
    said = (
        f"A map of {len(path)} sections, a row of boxes for each chapter. "
        "A line leads to each section from those that it builds on; the table says the same."
    )
    pieces = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(said)}">'
    ]
    pieces += [
        f'<path class="way" d="{_line(places[need], places[section.name])}"/>'
        for section in path
        for need in section.needs
    ]
    for section, label in zip(path, labels(path), strict=True):
        x, y = places[section.name]
        pieces.append(
            f'<rect x="{x - BOX[0] / 2:.0f}" y="{y - BOX[1] / 2:.0f}" '
            f'width="{BOX[0]}" height="{BOX[1]}" rx="6"/>'
            f'<text x="{x:.0f}" y="{y:.0f}">{escape(label)}</text>'
        )
    return "".join([*pieces, "</svg>"])


class LearningPath(SphinxDirective):
    """The map of the guide, and the table that says the same."""

    def run(self) -> list[nodes.Node]:
        """Return both."""
        guide = Path(self.env.app.srcdir) / "guide"
        path = sections(guide)
        check(path)
        for section in path:
            self.env.note_dependency(str(guide / f"{section.name}.md"))
        picture = f'<div class="learning-path" tabindex="0">{drawing(path)}</div>'
        lines = ["| Section | Builds on |", "|---|---|"]
        for section in path:
            needs = ", ".join(f"{{doc}}`/guide/{need}`" for need in section.needs)
            lines.append(f"| {{doc}}`/guide/{section.name}` | {needs or 'nothing'} |")
        return [
            nodes.raw("", picture, format="html"),
            *self.parse_text_to_nodes("\n".join(lines)),
        ]


def name_needs(app: Sphinx, docname: str, content: list[str]) -> None:
    """Say below the title of a section what it builds on."""
    del app
    if not docname.startswith("guide/"):
        return
    needs = front_matter(content[0]).get("needs", ())
    title = _TITLE.search(content[0])
    if needs and title:
        links = ", ".join(f"{{doc}}`/guide/{need}`" for need in needs)
        line = f"\n\n[Builds on {links}.]{{.builds-on}}\n"
        content[0] = content[0][: title.end()] + line + content[0][title.end() :]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("learning-path", LearningPath)
    app.connect("source-read", name_needs)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
