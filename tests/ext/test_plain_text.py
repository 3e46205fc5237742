"""A page as plain text: everything that is said on it, once, in order."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from sphinx.addnodes import seealso

from plain_text import complete, link, list_of_pages, page_text, summary, whole_guide, write

CONFIG = SimpleNamespace(
    project="dlguide",
    root_doc="index",
    text_newlines="unix",
    text_sectionchars='*=-~"+`',
    text_add_secnumbers=False,
    text_secnumber_suffix=". ",
)
HTML = SimpleNamespace(name="html", config=CONFIG, env=SimpleNamespace(domains={}), secnumbers={})


def document(*children):
    made = publish_doctree("")
    made += [nodes.section("", nodes.title("", "Title"), *children)]
    return made


def text(*children):
    return page_text(document(*children), HTML)


def picture(uri="figure.png", alt="A curve.", theme="light"):
    return nodes.image(uri=uri, alt=alt, classes=["dlguide-figure", f"only-{theme}"])


def test_code_stays_whole_and_what_it_printed_is_set_apart():
    code = f"def f(x):\n    return {'x + ' * 30}x\n\n\nprint(f(1))"
    lines = text(
        nodes.literal_block("", code), nodes.literal_block("", "31", classes=["output", "stream"])
    ).splitlines()
    unindented = "\n".join(line.removeprefix("   ") for line in lines)
    assert code in unindented
    assert lines.index("   print(f(1))") < lines.index("Out:") < lines.index("   31")


def test_a_picture_is_what_its_text_alternative_says_and_has_no_twin():
    said = text(picture(), picture(uri="dark.png", theme="dark"))
    assert said.count("[picture: A curve.]") == 1
    assert "dark" not in said


def test_a_picture_does_not_run_into_its_neighbours():
    said = text(nodes.paragraph("", "Before."), picture(), nodes.paragraph("", "After."))
    assert said.split("\n\n")[1:] == ["Before.", "[picture: A curve.]", "After.\n"]


def test_formulas_are_tex():
    said = text(
        nodes.paragraph("", "", nodes.Text("so "), nodes.math("", r"\nabla L")),
        nodes.math_block("", r"\begin{aligned} a &= b \\ c &= d \end{aligned} + " + "x + " * 40),
    )
    assert r"so $\nabla L$" in said
    assert len([line for line in said.splitlines() if "aligned" in line]) == 1
    assert said.count("$$") == 2


def test_code_in_a_sentence_and_an_address_outside_can_be_read():
    said = text(
        nodes.paragraph(
            "",
            "",
            nodes.literal("", "fit"),
            nodes.Text(" see "),
            nodes.reference("", "Keras", refuri="https://keras.io"),
            nodes.reference("", " and here", refuri="../a.html", internal=True),
        )
    )
    assert "`fit` see Keras <https://keras.io> and here" in said


def test_the_card_of_a_data_set_becomes_lines_and_no_html_is_left():
    card = """<div class="output_subarea"><table><caption>Digits</caption>
        <tr><th scope="row">Name</th><td><code>digits</code></td></tr>
        <tr><th scope="row">Files</th><td><ul><li>a (1 kB)</li><li>b</li></ul></td></tr>
        <tr><td>1</td><td>2</td></tr></table></div>"""
    said = text(nodes.raw("", card, format="html"), nodes.raw("", "<div>x</div>", format="html"))
    assert said.split("\n\n")[1] == "Digits\nName: digits\nFiles:\n- a (1 kB)\n- b\n1 | 2\n"
    assert "<" not in said


def test_downloads_are_left_out():
    note = nodes.note("", nodes.paragraph("", "Go to the end"))
    note["classes"].append("sphx-glr-download-link-note")
    footer = nodes.container("", nodes.paragraph("", "Download"), classes=["sphx-glr-footer"])
    assert text(note, nodes.paragraph("", "Words."), footer).split("\n\n")[1:] == ["Words.\n"]


def test_cards_of_a_gallery_become_one_list_of_their_titles():
    def raw(markup):
        return nodes.raw("", markup, format="html")

    cards = [raw('<div class="sphx-glr-thumbnails">')]
    for title in ("One", "Two"):
        cards += [raw('<div tooltip="A">'), picture("../../_images/a_thumb.png")]
        cards += [nodes.paragraph("", title), raw(f"<div>{title}</div></div>")]
    said = text(*cards, raw("</div>"), nodes.paragraph("", "After."))
    assert said.split("\n\n")[1:] == ["* One", "* Two", "After.\n"]


def test_code_with_links_stays_whole():
    class code_links_block(nodes.General, nodes.TextElement):  # noqa: N801 - sphinx-gallery's name
        pass

    name = nodes.reference("", "x", refuri="https://numpy.org")
    block = code_links_block("", "", nodes.Text("for i in y:\n    "), name, nodes.Text(" += i"))
    assert text(block).split("\n\n")[1:] == ["   for i in y:\n       x += i\n"]


def test_a_table_is_as_wide_as_what_is_in_it_and_no_wider_than_the_text():
    long = "word " * 30
    rows = [["Name", "What"], ["a", long.strip()]]
    cells = [
        nodes.row("", *(nodes.entry("", nodes.paragraph("", word)) for word in row)) for row in rows
    ]
    columns = [nodes.colspec(colwidth=50), nodes.colspec(colwidth=50)]
    head, body = nodes.thead("", cells[0]), nodes.tbody("", cells[1])
    said = text(nodes.table("", nodes.tgroup("", *columns, head, body, cols=2)))
    drawn = said.splitlines()[3:]
    assert drawn[1].startswith("| Name | What")
    assert {len(line) for line in drawn} <= set(range(60, 78))
    assert said.count("word") == 30


def test_the_title_of_a_folded_solution_has_no_icon():
    class dropdown_title(nodes.General, nodes.TextElement):  # noqa: N801 - sphinx-design's name
        pass

    title = dropdown_title("", "", nodes.Text("Solution"))
    title += nodes.inline("", "", nodes.raw("", "<svg/>", format="html"))
    assert text(title).split("\n\n")[1:] == ["Solution:\n"]


def test_a_note_says_once_what_it_is():
    written = seealso("", nodes.title("", "See also"), nodes.paragraph("", "There."))
    assert text(written).split("\n\n")[1:] == ["See also: There.\n"]


def test_what_this_writer_does_not_know_is_read_through():
    class Unknown(nodes.Element, nodes.General):
        pass

    assert "Inside." in text(Unknown("", nodes.paragraph("", "Inside.")))


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("T\n*\n\nFirst one\nover lines. Second.", "First one over lines."),
        ("T\n*\n\nWhy? Because.", "Why?"),
        ("T\n*\n\nAbout 0.5 of it, e.g. half. Yes.", "About 0.5 of it, e.g. half."),
        ("T\n*\n\n[picture: A. B.]\n\n   code\n\nWords.", "Words."),
        ("T\n*\n\nBuilds on 2.1 Slopes, 3 Start.\n\nWhat now? This.", "What now?"),
        ("T\n*\n\nSetup\n=====\n\nNo stop", "No stop"),
        ("T\n*", ""),
    ],
)
def test_the_summary_is_the_first_sentence_of_the_first_paragraph(page, said):
    assert summary(page) == said


@pytest.fixture
def site(tmp_path):
    """A site of six pages, and what Sphinx knows of it."""
    tree = {
        "index": ["guide/index", "gallery/index", "how_to/index", "glossary"],
        "guide/index": ["guide/1/index"],
        "guide/1/index": ["guide/1/b", "guide/1/a"],
        "gallery/index": ["gallery/1/index"],
        "how_to/index": [],
    }
    names = {name for below in tree.values() for name in below} | {"index"}
    titles = {name: SimpleNamespace(astext=lambda name=name: f"Title of {name}") for name in names}
    titles["gallery/1/index"] = SimpleNamespace(astext=lambda: "Chapter 1: beginnings")
    for name in names:
        path = tmp_path / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n*\n\nThis is {name}. More.\n", encoding="utf-8")
    return tmp_path, SimpleNamespace(
        toctree_includes=tree, titles=titles, config=CONFIG, found_docs=names
    )


def test_the_list_names_every_page_below_its_part(site):
    folder, env = site
    lines = list_of_pages(env, folder).splitlines()
    assert lines[:3] == ["# dlguide", "", "> This is index."]
    assert [line for line in lines if line.startswith("## ")] == [
        "## Chapter Title of guide/1/index",
        "## Examples of chapter 1: beginnings",
        "## Title of how_to/index",
        "## Look up",
    ]
    assert "- [Title of guide/1/a](guide/1/a.txt): This is guide/1/a." in lines
    listed = sum(line.startswith("- [") for line in lines)
    assert listed == len(env.found_docs) - 3  # the three that only lead to the parts


def test_all_chapters_follow_each_other_in_reading_order(site):
    folder, env = site
    said = whole_guide(env, folder)
    starts = [
        said.index(f"This is {name}.") for name in ("guide/1/index", "guide/1/b", "guide/1/a")
    ]
    assert starts == sorted(starts)
    assert "gallery" not in said


def test_lists_are_made_and_texts_without_a_page_are_removed(site):
    folder, env = site
    gone, kept = folder / "guide" / "gone.txt", folder / "_static" / "licence.txt"
    for path in (gone, kept):
        path.parent.mkdir(exist_ok=True)
        path.write_text("", encoding="utf-8")
    complete(SimpleNamespace(builder=HTML, env=env, outdir=folder), None)
    assert not gone.exists()
    assert kept.exists()
    assert (folder / "llms.txt").is_file()
    assert (folder / "llms-full.txt").is_file()
    assert (folder / "guide" / "1" / "a.txt").is_file()


def test_a_page_is_written_beside_its_html_and_linked(tmp_path):
    app = SimpleNamespace(builder=HTML, outdir=tmp_path, config=CONFIG)
    context = {"metatags": "<meta>"}
    page = document(nodes.paragraph("", 'Words "and" more.'))
    for step in (link, write):
        step(app, "guide/1/a", "page.html", context, page)
    assert (
        (tmp_path / "guide" / "1" / "a.txt")
        .read_text(encoding="utf-8")
        .endswith('Words "and" more.\n')
    )
    assert context["plain_text"] == "a.txt"
    assert context["metatags"].startswith("<meta>\n<link rel=")
    assert 'href="a.txt"' in context["metatags"]
    assert 'name="description" content="Words &quot;and&quot; more."' in context["metatags"]


def test_nothing_is_written_for_a_book(tmp_path):
    app = SimpleNamespace(builder=SimpleNamespace(name="epub"), outdir=tmp_path, config=CONFIG)
    context = {}
    for step in (link, write):
        step(app, "guide/1/a", "page.html", context, document())
    assert context == {}
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_a_source_has_no_text_but_says_what_it_is(tmp_path):
    app = SimpleNamespace(builder=HTML, outdir=tmp_path, config=CONFIG)
    context = {}
    for step in (link, write):
        step(app, "search", "search.html", context, None)
    assert context["metatags"].strip() == '<meta name="description" content="dlguide: search">'
    assert "plain_text" not in context
    assert list(tmp_path.iterdir()) == []
