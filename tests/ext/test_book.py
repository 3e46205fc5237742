"""What a page loses on its way into the book, and what the manifest says of it."""

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from myst_nb.sphinx_ext import HideCodeCellNode
from sphinx import addnodes
from sphinx.builders.epub3 import Epub3Builder

from book import BookBuilder, fit, in_book, leads_outside, mark, spoken, sweep


@pytest.mark.parametrize(
    ("docname", "inside"),
    [
        ("index", True),
        ("guide/04_fundamentals/overfitting", True),
        ("glossary", True),
        ("project/the_build", False),
        ("how_to/index", False),
    ],
)
def test_the_book_holds_what_is_taught_and_nothing_about_the_site(docname, inside):
    assert in_book(docname) is inside


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("../02_mathematics/tensors.xhtml#shape", False),
        ("#here", False),
        ("https://keras.io/api.html", False),
        ("mailto:a@b.c", False),
        ("../../how_to/index.xhtml", True),
        ("../../_downloads/a/script.py", True),
    ],
)
def test_links_to_what_is_not_in_the_book_are_told_apart(address, outside):
    assert leads_outside("guide/01_what_is_deep_learning/index", address) is outside


def fitted(*children):
    document = publish_doctree("")
    document += children
    fit(document, "guide/index")
    return document


def test_a_link_that_would_lead_nowhere_leaves_its_words():
    document = fitted(
        nodes.paragraph(
            "",
            "",
            nodes.reference("", "stays", refuri="../glossary.xhtml#term-loss"),
            nodes.Text(" and "),
            nodes.reference("", "goes", refuri="../project/index.xhtml"),
            nodes.Text("."),
        )
    )
    assert document.astext() == "stays and goes."
    assert [reference.astext() for reference in document.findall(nodes.reference)] == ["stays"]


def test_the_link_of_a_card_is_shown_if_it_leads_somewhere_and_gone_if_not():
    cards = [
        nodes.reference("", name, refuri=f"../{name}.xhtml", classes=["sd-hide-link-text"])
        for name in ("glossary", "project/index")
    ]
    (kept,) = fitted(nodes.paragraph("", "", *cards)).findall(nodes.reference)
    assert kept.astext() == "glossary"
    assert kept["classes"] == []


def test_a_download_leaves_its_words():
    download = addnodes.download_reference("", "script.py")
    document = fitted(nodes.paragraph("", "", download))
    assert document.astext() == "script.py"
    assert not list(document.findall(addnodes.download_reference))


def test_only_the_light_figure_is_kept_and_it_is_not_lazy():
    document = fitted(
        nodes.image(uri="a.png", classes=["only-light"], loading="lazy"),
        nodes.image(uri="a_dark.png", classes=["only-dark"], loading="lazy"),
    )
    (image,) = document.findall(nodes.image)
    assert image["uri"] == "a.png"
    assert "loading" not in image


def test_of_raw_html_only_tables_are_kept_and_are_well_formed():
    table = "<table><tr><td>a<br>b &lt; c</td></tr></table>"
    document = fitted(
        nodes.raw("", "<svg></svg>", format="html"), nodes.raw("", table, format="html")
    )
    assert [raw.astext() for raw in document.findall(nodes.raw)] == [table.replace("br", "br/")]


def test_code_that_a_page_folds_away_stands_open():
    document = fitted(HideCodeCellNode("", nodes.literal_block("", "x = 1")))
    assert isinstance(document[0], nodes.literal_block)


def linked(monkeypatch, filename):
    """Tell whether the builder links a style sheet."""
    sheets = []
    monkeypatch.setattr(Epub3Builder, "add_css_file", lambda self, name, **_: sheets.append(name))
    BookBuilder.__new__(BookBuilder).add_css_file(filename)
    return sheets == [filename]


def test_the_style_sheets_of_extensions_stay_outside(monkeypatch):
    assert linked(monkeypatch, "book.css")
    assert not linked(monkeypatch, "sphinx-design.min.css")


def test_the_source_of_a_formula_is_spoken_and_not_shown():
    page = (
        '<math display="block"><semantics><mi>a</mi><annotation encoding="application/x-tex">'
        'a "b" &lt; c</annotation></semantics></math> and <math><mi>d</mi></math>'
    )
    assert spoken(page) == (
        '<math alttext="a &quot;b&quot; &lt; c" display="block"><semantics><mi>a</mi>'
        "</semantics></math> and <math><mi>d</mi></math>"
    )


def test_the_manifest_says_which_pages_hold_formulas(tmp_path):
    (tmp_path / "a.xhtml").write_text("<p><math></math></p>", encoding="utf-8")
    (tmp_path / "b.xhtml").write_text("<p>mathematics</p>", encoding="utf-8")
    items = [
        f'<item id="epub-{number}" href="{name}.xhtml" media-type="application/xhtml+xml" />'
        for number, name in enumerate("ab")
    ]
    first, second = mark("\n".join(items), tmp_path).splitlines()
    assert first.endswith('media-type="application/xhtml+xml" properties="mathml" />')
    assert second == items[1]


def test_files_that_nothing_asks_for_are_swept_away(tmp_path):
    (tmp_path / "guide").mkdir()
    page = '<link rel="stylesheet" href="../a.css?v=1" /><img alt="of 0.5" src="../a%20b.png" />'
    (tmp_path / "guide" / "page.xhtml").write_text(page, encoding="utf-8")
    (tmp_path / "a.css").write_text('@font-face { src: url("font.woff2") }', encoding="utf-8")
    for name in ("a b.png", "font.woff2", "script.js", "other.css", "dlguide.epub"):
        (tmp_path / name).write_text("", encoding="utf-8")
    sweep(tmp_path)
    kept = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {"page.xhtml", "a.css", "font.woff2", "a b.png"}
