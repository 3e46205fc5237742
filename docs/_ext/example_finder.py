"""Let readers find examples by chapter, kind of data, technique and time.

A script's keywords begin with the kinds of its data, and go on with its techniques. The page
of an example names them and leads to others with the same. The first page of the gallery
gets a form that hides what does not fit; without JavaScript it stays hidden itself, and all
examples can be seen. What it does in the browser is in ``guide.js``.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dlguide import record
from examples import all_examples

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

    from examples import Example

GALLERY = "gallery/index"
#: Kinds of data, as the first keywords of a script name them.
KINDS = (
    "text",
    "images",
    "tables",
    "time series",
    "movements",
    "sound",
    "video",
    "volumes",
    "simulation",
)
#: Processor time of the record in seconds, up to which a name holds.
TIMES = {"up to 15 s": 15.0, "15 to 45 s": 45.0, "over 45 s": float("inf")}
#: What readers choose by, and what the form calls it.
FACETS = {
    "chapter": "Chapter",
    "data": "Data",
    "technique": "Technique",
    "time": "Processor time",
}
#: Where sphinx-gallery would list the tags that it knows, once for each chapter.
_PLACE = re.compile(r"<div id='sg-tag-list' class='sphx-glr-tag-list'></div>\s*")
_CARD = re.compile(
    r'<div class="sphx-glr-thumbcontainer"(?P<inside>.*?href="(?P<name>\w+/plot_\w+)\.html)', re.S
)


def time_of(name: str) -> tuple[str, ...]:
    """Return the name of the time that a run takes in the record; none if it has no entry."""
    try:
        seconds = record.read(name).cpu_seconds
    except KeyError:
        return ()
    return (next(words for words, limit in TIMES.items() if seconds <= limit),)


def facets(example: Example) -> dict[str, tuple[str, ...]]:
    """Return by what an example can be found."""
    header = example.path.with_name("GALLERY_HEADER.rst").read_text(encoding="utf-8")
    return {
        "chapter": (header.strip().splitlines()[0].removeprefix("Chapter ").replace(":", "."),),
        "data": tuple(word for word in example.keywords if word in KINDS),
        "technique": tuple(word for word in example.keywords if word not in KINDS),
        "time": time_of(example.name),
    }


def form(found: dict[str, dict[str, tuple[str, ...]]]) -> str:
    """Return the form that chooses among examples, given the facets of each."""
    fields = []
    for facet, label in FACETS.items():
        counts = Counter(value for one in found.values() for value in one[facet])
        order = {"data": KINDS, "time": tuple(TIMES)}.get(facet)
        values = sorted(counts, key=order.index if order else lambda value: value.lower())
        options = "".join(
            f'<option value="{escape(value)}">{escape(value)} ({counts[value]})</option>'
            for value in values
        )
        fields.append(
            f'<div><label for="find-{facet}">{label}</label>'
            f'<select id="find-{facet}" name="{facet}" autocomplete="off">'
            f'<option value="">all</option>{options}</select></div>'
        )
    return (
        f'<form class="dlguide-finder" aria-label="Choose examples" hidden>{"".join(fields)}'
        f'<button type="reset">Show all</button>'
        f'<output aria-live="polite">{len(found)} of {len(found)} examples</output></form>'
    )


def with_form(body: str, examples: list[Example]) -> str:
    """Return the body of the gallery's first page with the form, and cards that it can read."""
    found = {example.name: facets(example) for example in examples}

    def described(match: re.Match[str]) -> str:
        said = "".join(
            f' data-{facet}="{escape("|".join(values))}"'
            for facet, values in found.get(match["name"], {}).items()
        )
        return f'<div class="sphx-glr-thumbcontainer"{said}{match["inside"]}'

    shown = {match["name"] for match in _CARD.finditer(body)}
    first = body.find("<section", body.find("<section") + 1)  # the first chapter
    if first < 0 or not shown:
        return body
    chosen = {name: said for name, said in found.items() if name in shown}
    made = _CARD.sub(described, f"{body[:first]}{form(chosen)}\n{body[first:]}")
    return _PLACE.sub("", made)


def amend(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Put the form on the gallery's first page."""
    del templatename, doctree
    if pagename == GALLERY and app.builder.name == "html":
        examples = all_examples(Path(app.srcdir).parent / "examples")
        context["body"] = with_form(context["body"], examples)


def others(example: Example) -> str:
    """Return the keywords of an example as reStructuredText, each leading to its like."""
    links = [
        f"`{value} <../index.html?{facet}={quote(value)}>`__"
        for facet, values in facets(example).items()
        if facet in {"data", "technique"}
        for value in values
    ]
    return f"Others like it: {', '.join(links)}." if links else ""


def renew(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Have the gallery's first page written again when the keywords of any script change."""
    said = [
        f"{example.name} {facets(example)}"
        for example in all_examples(Path(app.srcdir).parent / "examples")
    ]
    known = hashlib.sha256("\n".join(said).encode()).hexdigest()
    if getattr(env, "dlguide_facets", "") == known:
        return []
    env.dlguide_facets = known  # type: ignore[attr-defined]
    return [GALLERY] if GALLERY in env.all_docs else []


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("html-page-context", amend)
    app.connect("env-updated", renew)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
