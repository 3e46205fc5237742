"""Bind the guide as a book: an ePub that readers can take along.

Sphinx's own builder writes the pages and packs them, from what the build of the site has
read and run. This one chooses what is in the book and makes it fit for readers that have no
network, run no scripts and are strict: the light figures only, no downloads, no link to a
page that stays outside, no piece of HTML that is not well-formed, and a manifest that says
which files hold formulas.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from docutils import nodes
from myst_nb.sphinx_ext import HideCodeCellNode
from sphinx import addnodes
from sphinx.builders.epub3 import Epub3Builder

from mathematics import write_font
from plain_text import COVERING, list_thumbnails, remove_site_only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx

#: What is in the book; the rest of the site is about the site.
PARTS = ("index", "guide/", "gallery/", "reference/", "glossary", "references", "results")
#: The style sheets of the book, of all those that the extensions bring.
STYLES = ("pygments.css", "book.css")
SUFFIX = ".xhtml"


def in_book(docname: str) -> bool:
    """Tell whether a page is in the book."""
    return any(
        docname.startswith(part) if part.endswith("/") else docname == part for part in PARTS
    )


def leads_outside(docname: str, address: str) -> bool:
    """Tell whether a link on a page leads to a page of the site that is not in the book."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path:
        return False
    target = posixpath.normpath(posixpath.join(posixpath.dirname(docname), unquote(parts.path)))
    return not (target.endswith(SUFFIX) and in_book(target.removesuffix(SUFFIX)))


def unwrap(node: nodes.Element) -> None:
    """Replace a node by what is in it."""
    node.parent[node.parent.index(node) : node.parent.index(node) + 1] = node.children


def fit(document: nodes.document, docname: str) -> None:
    """Remove from a resolved page what a book cannot have."""
    remove_site_only(document)
    list_thumbnails(document)
    for download in list(document.findall(addnodes.download_reference)):
        unwrap(download)
    for reference in list(document.findall(nodes.reference)):
        outside = leads_outside(docname, reference.get("refuri", ""))
        if COVERING in reference["classes"]:
            reference["classes"].remove(COVERING)
            if outside:
                reference.clear()
        if outside:
            unwrap(reference)
    for image in document.findall(nodes.image):
        image.attributes.pop("loading", None)
    for hidden in list(document.findall(HideCodeCellNode)):
        unwrap(hidden)
    for raw in list(document.findall(nodes.raw)):
        if "<table" in raw.astext():
            raw[:] = [nodes.Text(well_formed(raw.astext()))]
        else:  # an icon, or a piece of a card
            raw.parent.remove(raw)


def well_formed(markup: str) -> str:
    """Return a piece of HTML as XML, which ends everything that it begins."""
    return str(BeautifulSoup(markup, "html.parser"))


def spoken(markup: str) -> str:
    """Return a page whose formulas keep their TeX for those who hear it, and show it to nobody.

    Readers that know no MathML would print the annotation beside the formula.
    """

    def move(match: re.Match[str]) -> str:
        tex = match["tex"].replace('"', "&quot;")
        return f'<math alttext="{tex}"{match["start"]}'

    pattern = r"<math(?P<start>\b(?:(?!</math>).)*?)<annotation[^>]*>(?P<tex>[^<]*)</annotation>"
    return re.sub(pattern, move, markup, flags=re.DOTALL)


def properties(markup: str) -> str:
    """Return what the manifest has to say of a page, as one attribute."""
    found = [name for name, tag in (("mathml", "<math"), ("svg", "<svg")) if tag in markup]
    return f' properties="{" ".join(found)}"' if found else ""


def mark(package: str, book: Path) -> str:
    """Return the text of ``content.opf`` with the properties of every page."""

    def add(match: re.Match[str]) -> str:
        path = book / unquote(match["href"])
        return f"{match['item']}{properties(path.read_text(encoding='utf-8'))} />"

    pattern = rf'(?P<item><item id="[^"]*" href="(?P<href>[^"]*{SUFFIX})" media-type="[^"]*") />'
    return re.sub(pattern, add, package)


def addresses(path: Path) -> Iterator[str]:
    """Yield what a file of the book asks for: pictures, style sheets, fonts."""
    in_page = r'<(?:img|link)\b[^>]*?\s(?:src|href)="([^"]+)"'
    in_sheet = r"url\(['\"]?([^'\")]+)"
    pattern = in_sheet if path.suffix == ".css" else in_page
    for address in re.findall(pattern, path.read_text(encoding="utf-8")):
        yield unquote(urlsplit(address).path)


def sweep(book: Path) -> None:
    """Remove every file that no page of the book asks for."""
    book = book.resolve()
    wanted = set(book.rglob(f"*{SUFFIX}"))
    new = set(wanted)
    while new:
        asked = {
            (path.parent / name).resolve()
            for path in new
            if path.suffix in {SUFFIX, ".css"}
            for name in addresses(path)
        }
        new = {path for path in asked if path.is_file()} - wanted
        wanted |= new
    for path in list(book.rglob("*")):
        if path.is_file() and path not in wanted:
            path.unlink()


class BookBuilder(Epub3Builder):
    """Sphinx's builder for ePub 3, with a choice of pages, strict markup and a full manifest."""

    media_types = {**Epub3Builder.media_types, ".woff2": "font/woff2"}  # noqa: RUF012 - as there

    def get_outdated_docs(self) -> Iterator[str]:
        """Write all pages every time: a book has no old parts."""
        yield from filter(in_book, self.env.found_docs)

    def write_documents(self, docnames: AbstractSet[str]) -> None:
        """Write the pages of the book, and no others that may have changed."""
        super().write_documents(set(filter(in_book, docnames)))

    def add_css_file(self, filename: str, **kwargs: Any) -> None:
        """Link few style sheets: those of the extensions are for browsers."""
        if posixpath.basename(filename) in STYLES:
            super().add_css_file(filename, **kwargs)

    def get_toc(self) -> None:
        """Leave pages outside the book out of its table of contents."""
        super().get_toc()
        self.refnodes = [node for node in self.refnodes if not leads_outside("", node["refuri"])]

    def toc_metadata(self, level: int, navpoints: list[Any]) -> dict[str, Any]:
        """Name the book in its second table of contents as in the first."""
        return super().toc_metadata(level, navpoints) | {"uid": self.config.epub_identifier}

    def build_content(self) -> None:
        """Write the manifest, and say in it which files hold formulas."""
        super().build_content()
        path = Path(self.outdir) / "content.opf"
        path.write_text(mark(path.read_text(encoding="utf-8"), path.parent), encoding="utf-8")

    def handle_finish(self) -> None:
        """Finish formulas and their font, drop what nothing asks for, and pack the book."""
        write_font(self.app, None)
        book = Path(self.outdir)
        for page in book.rglob(f"*{SUFFIX}"):
            page.write_text(spoken(page.read_text(encoding="utf-8")), encoding="utf-8")
        sweep(book)
        super().handle_finish()


def fit_page(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Make a page fit for the book, if it is the book that is built."""
    if isinstance(app.builder, BookBuilder):
        fit(document, docname)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder in the place of Sphinx's own."""
    app.setup_extension("sphinx.builders.epub3")
    app.add_builder(BookBuilder, override=True)
    app.connect("doctree-resolved", fit_page, priority=990)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
