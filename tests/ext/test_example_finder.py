from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

import example_finder
from api_use import describe
from example_finder import KINDS, TIMES, facets, others, renew, time_of, with_form
from examples import all_examples, read_example

ROOT = Path(__file__).parents[2] / "examples"
NOTE = """
    .. note::

        :ref:`Go to the end <end>`
        to download the full example code.
"""


@pytest.fixture
def examples(tmp_path):
    """Write two scripts of two chapters."""
    for chapter, title, name, said in (
        ("1_one", "Chapter 1: first & last", "plot_a", ["images", "dropout"]),
        ("2_two", "Chapter 2: second", "plot_b", ["text", "tables", "dropout", "K-fold"]),
    ):
        folder = tmp_path / "examples" / chapter
        folder.mkdir(parents=True)
        (folder / "GALLERY_HEADER.rst").write_text(f"{title}\n{'-' * len(title)}\n")
        (folder / f"{name}.py").write_text(f"'Title'\n# sphinx_gallery_keywords = {said}\n")
    return all_examples(tmp_path / "examples")


def body(*names):
    cards = "".join(
        f'<section id="s{name[0]}"><h2>C</h2><div class="sphx-glr-thumbcontainer" tooltip="T">'
        f'<img src="a.png"/><p><a href="{name}.html#x">A</a></p></div></section>'
        for name in names
    )
    place = "<div id='sg-tag-list' class='sphx-glr-tag-list'></div>"
    return f'<section id="examples"><h1>Examples</h1>{place}{cards}</section>'


def test_an_example_is_found_by_four_things(examples):
    assert facets(examples[0]) == {
        "chapter": ("1. first & last",),
        "data": ("images",),
        "technique": ("dropout",),
        "time": (),  # it has no entry in the record
    }
    assert facets(examples[1])["data"] == ("text", "tables")
    assert facets(examples[1])["technique"] == ("dropout", "K-fold")


@pytest.mark.parametrize(("seconds", "words"), [(0.3, 0), (15.0, 0), (15.1, 1), (46.0, 2)])
def test_times_have_names(monkeypatch, seconds, words):
    monkeypatch.setattr(
        example_finder.record, "read", lambda _: SimpleNamespace(cpu_seconds=seconds)
    )
    assert time_of("any") == (list(TIMES)[words],)


def test_each_choice_divides_the_examples_of_the_guide():
    found = [facets(example) for example in all_examples(ROOT)]
    for facet, values in (("data", KINDS), ("time", tuple(TIMES))):
        assert {value for one in found for value in one[facet]} == set(values)
    shortest = [sum(words in one["time"] for one in found) for words in TIMES]
    assert min(shortest) > 10


def test_the_form_lists_what_the_cards_have(examples):
    tree = BeautifulSoup(with_form(body("1_one/plot_a", "2_two/plot_b"), examples), "html.parser")
    form = tree.find("form")
    assert form.has_attr("hidden")
    offered = {
        select["name"]: [option["value"] for option in select.find_all("option")]
        for select in form.find_all("select")
    }
    assert offered == {
        "chapter": ["", "1. first & last", "2. second"],
        "data": ["", "text", "images", "tables"],
        "technique": ["", "dropout", "K-fold"],
        "time": [""],
    }
    assert form.find("option", value="dropout").text == "dropout (2)"
    assert form.output.text == "2 of 2 examples"
    assert form.find_previous("h1").text == "Examples"
    assert form.find_next("section")["id"] == "s1"
    assert not tree.find(id="sg-tag-list")
    first, second = tree.find_all(class_="sphx-glr-thumbcontainer")
    assert first["data-chapter"] == "1. first & last"
    assert second["data-data"] == "text|tables"
    assert second["data-technique"] == "dropout|K-fold"
    assert second["tooltip"] == "T"


def test_only_examples_that_are_shown_are_counted(examples):
    made = with_form(body("1_one/plot_a"), examples)
    assert "1 of 1 examples" in made
    assert "K-fold" not in made


@pytest.mark.parametrize("plain", ["", "<p>A page</p>", "<section><section></section></section>"])
def test_a_page_without_cards_stays_as_it_is(examples, plain):
    assert with_form(plain, examples) == plain


def test_keywords_lead_to_the_examples_that_have_them(examples):
    assert others(examples[1]) == (
        "Others like it: `text <../index.html?data=text>`__, "
        "`tables <../index.html?data=tables>`__, "
        "`dropout <../index.html?technique=dropout>`__, "
        "`K-fold <../index.html?technique=K-fold>`__."
    )
    spaced = read_example(ROOT / "08_generative" / "plot_gan.py", ROOT)
    assert "`latent space <../index.html?technique=latent%20space>`__" in others(spaced)


def app_of(examples):
    return SimpleNamespace(srcdir=str(examples[0].path.parents[2] / "docs"))


def test_keywords_stand_below_the_line_on_downloads(examples):
    content = [NOTE]
    describe(app_of(examples), "gallery/1_one/plot_a", content)
    assert content[0].startswith(NOTE.rstrip("\n"))
    assert content[0].splitlines()[-1].startswith("        Others like it: `images <")


@pytest.mark.parametrize("name", ["guide/index", "gallery/1_one/index", "gallery/1_one/plot_none"])
def test_other_pages_have_no_keywords(examples, name):
    content = [NOTE]
    describe(app_of(examples), name, content)
    assert content == [NOTE]


def test_the_first_page_is_written_again_when_a_keyword_changes(examples):
    app, env = app_of(examples), SimpleNamespace(all_docs={"gallery/index": 0})
    assert renew(app, env) == ["gallery/index"]
    assert renew(app, env) == []
    script = examples[0].path
    script.write_text(script.read_text().replace("dropout", "pooling"))
    assert renew(app, env) == ["gallery/index"]
