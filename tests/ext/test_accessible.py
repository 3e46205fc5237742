"""What the theme shows by signs alone gets a name."""

from bs4 import BeautifulSoup

from accessible import amend, items_of_lists, name_toggles

TREE = """
<ul><li class="has-children"><a href="a.html">Chapter 1</a>
<details><summary><span role="presentation"><i></i></span></summary><ul></ul></details></li>
<li><details><summary>Said <span></span></summary></details></li></ul>
"""


def named(html):
    tree = BeautifulSoup(html, "html.parser")
    name_toggles(tree)
    return tree


def test_an_arrow_is_named_after_what_it_unfolds():
    arrow, said = named(TREE).find_all("summary")
    assert arrow["aria-label"] == "Pages below Chapter 1"
    assert not said.has_attr("aria-label")  # its text is its name


def test_nothing_else_of_the_tree_changes():
    without = str(named(TREE)).replace(' aria-label="Pages below Chapter 1"', "")
    assert without == TREE


def test_an_arrow_without_a_link_has_a_name_as_well():
    (arrow,) = named("<details><summary><i></i></summary></details>").find_all("summary")
    assert arrow["aria-label"]


def test_sources_below_a_docstring_are_items_of_their_list():
    body = '<div role="list"><div class="citation" role="doc-biblioentry">A.</div></div>'
    (item,) = BeautifulSoup(items_of_lists(body), "html.parser").select(".citation")
    assert item["role"] == "listitem"


def test_a_page_is_amended_after_the_theme_has_added_its_tree():
    tree = BeautifulSoup(TREE, "html.parser")
    context = {
        "body": '<p role="doc-biblioentry"></p>',
        "generate_toctree_html": lambda kind, **_: tree if kind == "sidebar" else kind,
    }
    amend(None, "a", "page.html", context, None)
    assert "doc-biblioentry" not in context["body"]
    assert context["generate_toctree_html"]("sidebar", maxdepth=2) is tree
    assert tree.summary["aria-label"] == "Pages below Chapter 1"
    assert context["generate_toctree_html"]("text") == "text"


def test_a_page_without_a_tree_stays_without():
    context = {}
    amend(None, "search", "search.html", context, None)
    assert context == {}
