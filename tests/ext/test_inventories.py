import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import sphobjinv

from inventories import compile_inventories, read_links

LINKS = Path(__file__).parents[2] / "docs" / "_ext" / "links.txt"
TEXT = """# What these lines are for.
[one] https://one.org/stable/
py:class one.Thing api/one.Thing.html
std:term a-term glossary.html#term-a-term

# Another project.
[two]   https://two.org/
py:function two.call $
"""


def shown(projects):
    """Return what was read as plain text, to compare."""
    return {
        name: (base, [f"{item.domain}:{item.role} {item.name} {item.uri}" for item in objects])
        for name, (base, objects) in projects.items()
    }


# Reading


def test_projects_and_objects_are_read():
    assert shown(read_links(TEXT)) == {
        "one": (
            "https://one.org/stable/",
            [
                "py:class one.Thing api/one.Thing.html",
                "std:term a-term glossary.html#term-a-term",
            ],
        ),
        "two": ("https://two.org/", ["py:function two.call $"]),
    }


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_no_lines_are_no_projects(text):
    assert read_links(text) == {}


def test_a_project_may_have_no_objects():
    assert shown(read_links("[one] https://one.org/\n")) == {"one": ("https://one.org/", [])}


@pytest.mark.parametrize(
    "line", ["py:class one.Thing", "py:class", "py:class one.Thing api.html and more"]
)
def test_a_line_that_is_incomplete_is_named_by_its_number(line):
    message = re.escape(f"Line 4 needs a role, a name and an address. Received: {line!r}")
    with pytest.raises(ValueError, match=message):
        read_links(f"# A comment.\n\n[one] https://one.org/\n{line}\n")


# Compiling


@pytest.fixture
def app(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "links.txt").write_text(TEXT, encoding="utf-8")
    return SimpleNamespace(srcdir=tmp_path / "docs", doctreedir=tmp_path / "doctrees")


@pytest.fixture
def config():
    return SimpleNamespace(inventories_file="links.txt", intersphinx_mapping={})


def test_inventories_can_be_read_back(app, config):
    compile_inventories(app, config)
    folder = app.doctreedir / "inventories"
    assert config.intersphinx_mapping == {
        "one": ("https://one.org/stable/", (str(folder / "one.inv"),)),
        "two": ("https://two.org/", (str(folder / "two.inv"),)),
    }
    one = sphobjinv.Inventory(str(folder / "one.inv"))
    assert (one.project, one.count) == ("one", 2)
    assert {(item.as_rst, item.uri_expanded, item.dispname_expanded) for item in one.objects} == {
        (":py:class:`one.Thing`", "api/one.Thing.html", "one.Thing"),
        (":std:term:`a-term`", "glossary.html#term-a-term", "a-term"),
    }
    two = sphobjinv.Inventory(str(folder / "two.inv"))
    assert [item.uri_expanded for item in two.objects] == ["two.call"]


def test_settings_of_other_projects_stay(app, config):
    config.intersphinx_mapping["three"] = ("https://three.org/", (None,))
    compile_inventories(app, config)
    assert set(config.intersphinx_mapping) == {"one", "two", "three"}


def test_a_file_is_written_again_only_when_it_changes(app, config):
    compile_inventories(app, config)
    one, two = (app.doctreedir / "inventories" / f"{name}.inv" for name in ("one", "two"))
    before = [path.stat().st_mtime_ns for path in (one, two)]
    changed = TEXT.replace("one.Thing", "one.Other")
    (app.srcdir / "links.txt").write_text(changed, encoding="utf-8")
    compile_inventories(app, config)
    assert one.stat().st_mtime_ns > before[0]
    assert two.stat().st_mtime_ns == before[1]
    names = {item.name for item in sphobjinv.Inventory(str(one)).objects}
    assert names == {"one.Other", "a-term"}


# The links of this guide


@pytest.fixture(scope="module")
def links():
    return read_links(LINKS.read_text(encoding="utf-8"))


def test_no_link_stands_twice(links):
    everything = [item for _, objects in links.values() for item in objects]
    times = Counter((item.domain, item.role, item.name) for item in everything)
    assert [key for key, number in times.items() if number > 1] == []
    headings = re.findall(r"^\[(\w+)\]", LINKS.read_text(encoding="utf-8"), re.M)
    assert sorted(headings) == sorted(links)


def test_every_address_is_safe_and_complete(links):
    for base, objects in links.values():
        assert re.fullmatch(r"https://[\w.-]+/(?:[\w.-]+/)*", base), base
        assert objects
        for item in objects:
            assert re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?(#[\w.-]+)?", item.uri), item.uri


def test_every_object_has_a_role_that_sphinx_knows(links):
    roles = {f"{item.domain}:{item.role}" for _, objects in links.values() for item in objects}
    known = {"class", "function", "method", "attribute", "property", "data", "exception", "module"}
    assert roles <= {f"py:{role}" for role in known} | {"std:term", "std:label", "std:doc"}
