"""Write every page a second time, as plain text, and list all of them in ``llms.txt``.

The text is for whoever reads without a browser: in a terminal, on a small device, by a
program. It lies beside the page and holds the same, in reading order: prose, code, what
the code printed, tables, formulas as the TeX that they were written in, and for a picture
what its text alternative says.

``llms.txt`` (see https://llmstxt.org) names every page with its first sentence, and
``llms-full.txt`` holds the chapters one after another. Both are made from the files of
text, so that they are complete where Sphinx has written a few pages only.
"""

from __future__ import annotations

import re
import textwrap
from html import escape
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.writers.text import MAXWIDTH, TextTranslator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bs4 import Tag
    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

LIST, FULL = "llms.txt", "llms-full.txt"
#: The parts of the site that are listed chapter by chapter, and what is set before the title.
CHAPTERED = {"guide/index": "Chapter ", "gallery/index": "Examples of "}
#: Parts of a page that are of no use outside the site: its downloads.
SITE_ONLY = {"sphx-glr-footer", "sphx-glr-download-link-note"}
#: The class of a link that covers a whole card on the site, where its words are not shown.
COVERING = "sd-hide-link-text"
#: What sphinx-gallery and myst-nb call that which a piece of code has printed.
PRINTED = {"sphx-glr-script-out", "output"}


def is_dark(image: nodes.image) -> bool:
    """Tell whether a picture is the one for dark pages, the twin of the one before."""
    return "only-dark" in image["classes"]


def remove_site_only(document: nodes.document) -> None:
    """Remove dark pictures and downloads."""
    for node in list(document.findall(nodes.Element)):
        unwanted = SITE_ONLY & set(node.get("classes", ()))
        if unwanted or (isinstance(node, nodes.image) and is_dark(node)):
            node.parent.remove(node)


def list_thumbnails(document: nodes.document) -> None:
    """Make lists of links of the cards of a gallery, which are made of pieces of HTML."""
    for thumbnail in list(document.findall(nodes.image)):
        if not Path(thumbnail["uri"]).stem.endswith("_thumb"):
            continue
        parent = thumbnail.parent
        place = parent.index(thumbnail)
        title = parent[place + 1]
        item = nodes.list_item("", title.deepcopy())
        del parent[place : place + 2]
        place = _drop_html(parent, place)
        before = parent[place - 1] if place else None
        if isinstance(before, nodes.bullet_list) and "cards" in before["classes"]:
            before += item
        else:
            parent.insert(place, nodes.bullet_list("", item, classes=["cards"]))


def _drop_html(parent: nodes.Element, place: int) -> int:
    """Remove the pieces of HTML around a place, and return where it is then."""
    dropped = (nodes.raw, nodes.comment)
    while place < len(parent) and isinstance(parent[place], dropped):
        del parent[place]
    while place and isinstance(parent[place - 1], dropped):
        place -= 1
        del parent[place]
    return place


class PlainTextTranslator(TextTranslator):
    """Sphinx's own writer of text, with what the pages of this guide need."""

    def _block(self, text: str, *, indent: int = 0) -> None:
        """Write text as a paragraph of its own whose lines stay as they are."""
        self.new_state(indent)
        self.add_text(text)
        self.end_state(wrap=False)

    def end_state(
        self,
        wrap: bool = True,
        end: Sequence[str] | None = ("",),
        first: str | None = None,
    ) -> None:
        """Break lines with Python's own wrapper: Sphinx's also knows wide letters, and is slow."""
        if wrap:
            width = max(MAXWIDTH - sum(self.stateindent), 20)
            self.states[-1] = list(_wrapped(self.states[-1], width))
        super().end_state(wrap=False, end=end, first=first)

    def visit_image(self, node: nodes.Element) -> None:
        """Write what a picture shows."""
        said = f"[picture: {node['alt']}]" if node.get("alt") else "[picture]"
        if isinstance(node.parent, nodes.TextElement):
            self.add_text(said)
        else:
            self.new_state(0)
            self.add_text(said)
            self.end_state()
        raise nodes.SkipNode

    def visit_math(self, node: nodes.math) -> None:
        """Write a formula of a sentence in TeX."""
        self.add_text(f"${node.astext()}$")
        raise nodes.SkipNode

    def visit_math_block(self, node: nodes.math_block) -> None:
        """Write a formula on lines of its own in TeX."""
        self._block(f"$$\n{node.astext().strip()}\n$$", indent=3)
        raise nodes.SkipNode

    def visit_literal_block(self, node: nodes.Element) -> None:
        """Set what was printed apart from the code above it."""
        if PRINTED & set(node["classes"]):
            self._block("Out:")
        super().visit_literal_block(node)

    def visit_code_links_block(self, node: nodes.Element) -> None:
        """Write the code of an example without the links that its names carry."""
        self._block(node.astext(), indent=3)
        raise nodes.SkipNode

    def visit_literal(self, node: nodes.Element) -> None:
        """Quote code in a sentence as Markdown does."""
        self.add_text(f"`{node.astext()}`")
        raise nodes.SkipNode

    def visit_rubric(self, node: nodes.Element) -> None:
        """Write a heading that is in no table of contents as a line."""
        self._block(f"{node.astext()}:")
        raise nodes.SkipNode

    def visit_reference(self, node: nodes.Element) -> None:
        """Leave out the links that cover a card; the card has said where it leads."""
        if COVERING in node["classes"]:
            raise nodes.SkipNode
        super().visit_reference(node)

    def depart_reference(self, node: nodes.Element) -> None:
        """Name the address of a link that leaves the guide, unless it only explains a name."""
        address = node.get("refuri", "")
        if "://" in address and "reftitle" not in node and node.astext() != address:
            self.add_text(f" <{address}>")

    def visit_raw(self, node: nodes.Element) -> None:
        """Write the tables in a piece of HTML; everything else in it is decoration."""
        for table in BeautifulSoup(node.astext(), "html.parser").find_all("table"):
            self._block("\n".join(table_lines(table)))
        raise nodes.SkipNode

    def visit_dropdown_title(self, node: nodes.Element) -> None:
        """Write the title of something that a page shows folded."""
        words = (
            text.astext()
            for text in node.findall(nodes.Text)
            if not isinstance(text.parent, nodes.raw)  # an icon
        )
        self._block(f"{' '.join(' '.join(words).split())}:")
        raise nodes.SkipNode

    def visit_PassthroughTextElement(self, node: nodes.Element) -> None:  # noqa: N802 - its name
        """Begin the words of a card."""
        self.visit_paragraph(node)

    def depart_PassthroughTextElement(self, node: nodes.Element) -> None:  # noqa: N802 - its name
        """End the words of a card."""
        self.depart_paragraph(node)

    def unknown_visit(self, node: nodes.Node) -> None:
        """Go on with what is inside."""

    def unknown_departure(self, node: nodes.Node) -> None:
        """Go on with what comes after."""


def _wrapped(
    content: Iterable[tuple[int, str | list[str]]], width: int
) -> Iterator[tuple[int, str | list[str]]]:
    """Yield the content of a state, with neighbouring pieces of text joined and broken."""
    for is_text, items in groupby(content, key=lambda item: item[0] == -1):
        if is_text:
            yield -1, "\n".join(wrap("".join(str(item) for _, item in items), width, indent=""))
        else:
            yield from items


def table_lines(table: Tag) -> list[str]:
    """Return the rows of an HTML table as lines: cells side by side, a name with a colon."""
    lines = [said(caption) for caption in table.find_all("caption")]
    for row in table.find_all("tr"):
        cells = row.find_all(["th", "td"])
        named = [cell.name for cell in cells] == ["th", "td"]
        items = [said(item) for item in cells[1].find_all("li")] if named else []
        words = [said(cells[0])] if items else map(said, cells)
        lines += wrap((": " if named else " | ").join(words) + ":" * bool(items))
        for item in items:
            lines += wrap(f"- {item}")
    return lines


def said(tag: Tag) -> str:
    """Return the words of a piece of HTML on one line."""
    return " ".join(tag.get_text(" ", strip=True).split())


def wrap(text: str, width: int = MAXWIDTH, indent: str = "  ") -> list[str]:
    """Break text into lines, but no word; lines after the first move in."""
    return textwrap.wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def remove_repeated_titles(document: nodes.document) -> None:
    """Remove the titles that the writer of HTML has given to notes; that of text adds its own."""
    for title in list(document.findall(nodes.title)):
        note = title.parent
        if isinstance(note, nodes.Admonition) and not isinstance(note, nodes.admonition):
            title.parent.remove(title)


def fit_columns(document: nodes.document) -> None:
    """Make the columns of tables as wide as what is in them, and tables as wide as the text."""
    for group in document.findall(nodes.tgroup):
        columns = list(group.findall(nodes.colspec))
        widths = [1] * len(columns)
        for row in group.findall(nodes.row):
            lengths = [len(" ".join(cell.astext().split())) for cell in row]
            if len(lengths) == len(widths):
                widths = list(map(max, widths, lengths))
        borders = 3 * len(widths) + 1
        while sum(widths) + borders > MAXWIDTH and max(widths) > 1:
            widths[widths.index(max(widths))] -= 1
        for column, width in zip(columns, widths, strict=True):
            column["colwidth"] = width


def page_text(document: nodes.document, builder: Builder) -> str:
    """Return a resolved page as plain text; the page itself loses what only a site needs."""
    remove_site_only(document)
    list_thumbnails(document)
    remove_repeated_titles(document)
    fit_columns(document)
    # the builder of HTML has all that the translator asks of one for text
    translator = PlainTextTranslator(document, builder)  # type: ignore[arg-type]
    document.walkabout(translator)
    # above code, which is indented, empty lines stay as they are: they may be part of it
    return re.sub(r"\n{3,}(?! )", "\n\n", translator.body).strip() + "\n"


def summary(text: str) -> str:
    """Return the first sentence of the first paragraph of a page's text."""
    blocks = text.split("\n\n")
    for block in blocks[1:]:  # the first one is the title
        said = " ".join(block.split())
        is_prose = not block.startswith((" ", "*  ", "[picture", "Out:", "+-", "Builds on "))
        if is_prose and not re.search(r"\n([*=\-~])\1+$", block):
            end = re.search(r"[.?!](?=\s+[^a-z\s]|$)", said)
            return said[: end.end()] if end else said
    return ""


def reading_order(env: BuildEnvironment, start: str) -> Iterator[str]:
    """Yield a page and all below it, as the tables of contents order them."""
    yield start
    for name in env.toctree_includes.get(start, ()):
        yield from reading_order(env, name)


def sections(env: BuildEnvironment) -> Iterator[tuple[str, list[str]]]:
    """Yield the title and the pages of every part of the site."""
    alone = []
    for part in env.toctree_includes.get(env.config.root_doc, ()):
        if part in CHAPTERED:
            for chapter in env.toctree_includes[part]:
                title = env.titles[chapter].astext()
                if title.startswith("Chapter "):
                    title = title[:1].lower() + title[1:]
                yield f"{CHAPTERED[part]}{title}", list(reading_order(env, chapter))
        elif part in env.toctree_includes:
            yield env.titles[part].astext(), list(reading_order(env, part))
        else:
            alone.append(part)
    if alone:
        yield "Look up", alone


def text_path(site: Path, docname: str) -> Path:
    """Return where the text of a page lies."""
    return site / f"{docname}.txt"


def list_of_pages(env: BuildEnvironment, site: Path) -> str:
    """Return the text of ``llms.txt``."""

    def first_sentence(docname: str) -> str:
        return summary(text_path(site, docname).read_text(encoding="utf-8"))

    lines = [f"# {env.config.project}", "", f"> {first_sentence(env.config.root_doc)}", ""]
    lines += [f"The chapters one after another, in one file: [{FULL}]({FULL})", ""]
    for title, pages in sections(env):
        lines += [f"## {title}", ""]
        for docname in pages:
            name = env.titles[docname].astext()
            lines.append(f"- [{name}]({docname}.txt): {first_sentence(docname)}".rstrip(": "))
        lines.append("")
    return "\n".join(lines)


def whole_guide(env: BuildEnvironment, site: Path) -> str:
    """Return the text of ``llms-full.txt``: all chapters in reading order."""
    pages = reading_order(env, "guide/index")
    return "\n\n".join(text_path(site, name).read_text(encoding="utf-8") for name in pages)


def has_text(app: Sphinx, doctree: object) -> bool:
    """Tell whether this is a page of the site that has a source; the search has none."""
    return app.builder.name == "html" and isinstance(doctree, nodes.document)


def link(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Link a page to its text, before the theme looks which parts of its foot are empty."""
    del templatename
    if has_text(app, doctree):
        context["plain_text"] = address = f"{PurePosixPath(pagename).name}.txt"
        alternate = f'<link rel="alternate" type="text/plain" href="{escape(address)}">'
        context["metatags"] = f"{context.get('metatags', '')}\n{alternate}"


def write(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Write the text of a page when Sphinx writes the page, after all that looks at the page.

    Search engines show the page's first sentence.
    """
    del templatename
    if app.builder.name != "html":
        return
    about = f"{app.config.project}: {pagename}"
    if has_text(app, doctree):
        path = text_path(Path(app.outdir), pagename)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = page_text(cast("nodes.document", doctree), app.builder)
        path.write_text(text, encoding="utf-8")
        about = summary(text) or about
    description = f'<meta name="description" content="{escape(about)}">'
    context["metatags"] = f"{context.get('metatags', '')}\n{description}"


def complete(app: Sphinx, exception: Exception | None) -> None:
    """Write the two lists, and remove the texts of pages that exist no more."""
    if exception is not None or app.builder.name != "html":
        return
    site = Path(app.outdir)
    (site / LIST).write_text(list_of_pages(app.env, site), encoding="utf-8")
    (site / FULL).write_text(whole_guide(app.env, site), encoding="utf-8")
    kept = {text_path(site, name) for name in app.env.found_docs} | {site / LIST, site / FULL}
    for path in site.rglob("*.txt"):
        if path not in kept and not path.relative_to(site).parts[0].startswith("_"):
            path.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("html-page-context", link, priority=100)
    app.connect("html-page-context", write, priority=990)
    app.connect("build-finished", complete)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
