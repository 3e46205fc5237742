"""What the theme shows by signs alone gets a name."""

from bs4 import BeautifulSoup

from accessible import amend, items_of_lists, name_toggles

TREE = """
<ul><li class="has-children"><a href="a.html">Chapter 1</a>
<details><summary><span role="presentation"><i></i></span></summary><ul></ul></details></li>
<li><details><summary>Said <span></span></summary></details></li></ul>
"""


def summaries(html):
    return BeautifulSoup(html, "html.parser").find_all("summary")


def test_an_arrow_is_named_after_what_it_unfolds():
    arrow, said = summaries(name_toggles(TREE))
    assert arrow["aria-label"] == "Pages below Chapter 1"
    assert not said.has_attr("aria-label")  # its text is its name


def test_nothing_else_of_the_tree_changes():
    without = name_toggles(TREE).replace(' aria-label="Pages below Chapter 1"', "")
    assert without == TREE


def test_an_arrow_without_a_link_has_a_name_as_well():
    (arrow,) = summaries(name_toggles("<details><summary><i></i></summary></details>"))
    assert arrow["aria-label"]


def test_sources_below_a_docstring_are_items_of_their_list():
    body = '<div role="list"><div class="citation" role="doc-biblioentry">A.</div></div>'
    (item,) = BeautifulSoup(items_of_lists(body), "html.parser").select(".citation")
    assert item["role"] == "listitem"


def test_a_page_is_amended_after_the_theme_has_added_its_tree():
    context = {
        "body": '<p role="doc-biblioentry"></p>',
        "generate_toctree_html": lambda kind, **_: TREE if kind == "sidebar" else kind,
    }
    amend(None, "a", "page.html", context, None)
    assert "doc-biblioentry" not in context["body"]
    assert "aria-label" in context["generate_toctree_html"]("sidebar", maxdepth=2)
    assert context["generate_toctree_html"]("raw") == "raw"


def test_a_tree_stays_a_tree():
    tree = BeautifulSoup(TREE, "html.parser")
    assert name_toggles(tree) is tree
    assert tree.summary["aria-label"] == "Pages below Chapter 1"


def test_a_page_without_a_tree_stays_without():
    context = {}
    amend(None, "search", "search.html", context, None)
    assert context == {}
