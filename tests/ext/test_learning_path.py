from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import learning_path
from learning_path import Section

GUIDE = Path(__file__).parents[2] / "docs" / "guide"


def section(name, *needs):
    return Section(name, "1.1", "A title", needs)


@pytest.fixture
def guide(tmp_path):
    """Write a guide of two chapters."""
    (tmp_path / "index.md").write_text(
        "# G\n\n```{toctree}\n:maxdepth: 2\n\n1/index\n2/index\n```\n"
    )
    for chapter, pages in (("1", "a\nb"), ("2", "c")):
        (tmp_path / chapter).mkdir()
        text = f"# Chapter\n\n```{{toctree}}\n{pages}\n```\n"
        (tmp_path / chapter / "index.md").write_text(text)
    (tmp_path / "1" / "a.md").write_text("# 1.1 First\n")
    (tmp_path / "1" / "b.md").write_text('---\nneeds: ["1/a"]\n---\n\n# Without a number\n')
    (tmp_path / "2" / "c.md").write_text('---\nneeds: ["1/a", "1/b"]\n---\n\n# 2.1 and 2.2 Two\n')
    return tmp_path


def test_sections_come_in_reading_order_with_what_they_need(guide):
    assert learning_path.sections(guide) == [
        Section("1/a", "1.1", "First", ()),
        Section("1/b", "", "Without a number", ("1/a",)),
        Section("2/c", "2.1 and 2.2", "Two", ("1/a", "1/b")),
    ]


def test_a_section_cannot_build_on_a_later_one():
    with pytest.raises(ValueError, match=r"that comes later\. Received: '1/b'"):
        learning_path.check([section("1/a", "1/b"), section("1/b")])
    with pytest.raises(ValueError, match=r"that comes later\. Received: '1/a'"):
        learning_path.check([section("1/a", "1/a")])


def test_a_section_cannot_build_on_what_is_not_there():
    with pytest.raises(ValueError, match=r"that does not exist\. Received: '1/z'"):
        learning_path.check([section("1/a"), section("1/b", "1/z")])


def test_the_map_has_a_box_for_each_section_and_a_line_for_each_need(guide):
    root = ET.fromstring(learning_path.drawing(learning_path.sections(guide)))
    assert [text.text for text in root.iter("text")] == ["1.1", "b", "2.1"]
    assert len(list(root.iter("rect"))) == 3
    assert len(list(root.iter("path"))) == 3
    assert "3 sections" in root.get("aria-label")
    tops = [float(box.get("y")) for box in root.iter("rect")]
    assert tops[0] == tops[1] < tops[2]


def test_sections_with_the_same_number_are_told_apart_by_their_topics():
    path = [
        Section("1/a", "1.1", "A", (), ("1.1.1", "1.1.2")),
        Section("1/b_c", "1.1", "B", (), ("1.1.3",)),
        Section("1/d_e", "", "D", (), ("1.2",)),
        Section("1/f", "1.3 and 1.4", "F", (), ("1.4",)),
    ]
    assert learning_path.labels(path) == ["1.1.1", "1.1.3", "d", "1.3"]
    found = learning_path.labels(learning_path.sections(GUIDE))
    assert len(set(found)) == len(found)


def test_boxes_do_not_overlap_and_stay_inside():
    path = learning_path.sections(GUIDE)
    root = ET.fromstring(learning_path.drawing(path))
    boxes = {(float(box.get("x")), float(box.get("y"))) for box in root.iter("rect")}
    assert len(boxes) == len(path)
    width, height = learning_path.BOX
    for x, y in boxes:
        assert 0 <= x <= float(root.get("width")) - width
        assert 0 <= y <= float(root.get("height")) - height
        assert not any(y == v and 0 < u - x < width for u, v in boxes)


def test_the_guide_has_a_path_through_all_its_sections():
    path = learning_path.sections(GUIDE)
    learning_path.check(path)
    pages = {page.relative_to(GUIDE).with_suffix("").as_posix() for page in GUIDE.glob("*/*.md")}
    assert {one.name for one in path} == {name for name in pages if not name.endswith("/index")}
    beginnings = [one.name for one in path if not one.needs]
    assert beginnings == ["01_what_is_deep_learning/trainable_depth", "02_mathematics/tensors"]


def test_a_section_says_what_it_builds_on():
    text = '---\nneeds: ["1/a"]\n---\n\n# 2.1 Two\n\nWhy?\n'
    content = [text]
    learning_path.name_needs(None, "guide/2/c", content)
    assert "# 2.1 Two\n\n[Builds on {doc}`/guide/1/a`.]{.builds-on}\n\n" in content[0]
    assert content[0].endswith("\n\nWhy?\n")
    for docname, same in (("guide/2/c", "# 2.1 Two\n"), ("project/x", text)):
        content = [same]
        learning_path.name_needs(None, docname, content)
        assert content == [same]
