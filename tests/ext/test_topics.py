import os
from pathlib import Path
from types import SimpleNamespace

import pytest

import topics
from topics import Topic, page_topics, read_outline, taught


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_topics_are_read_in_the_order_of_the_outline(tmp_path):
    outline = write(
        tmp_path / "outline.toml",
        '[topics."3.2"]\ntitle = "Größen"\nkind = "show"\n\n'
        '[topics."3.10"]\ntitle = "Ten"\nkind = "demo"\n\n[topics."1.1"]\ntitle = "One"\n',
    )
    assert read_outline(outline) == [
        Topic("3.2", "Größen", "show"),
        Topic("3.10", "Ten", "demo"),
        Topic("1.1", "One", "prose"),
    ]


def test_a_topic_without_a_word_is_prose_without_a_title(tmp_path):
    outline = write(tmp_path / "outline.toml", '[topics."1.1"]\n')
    assert read_outline(outline) == [Topic("1.1", "", "prose")]


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ('---\ntopics: ["3.1", "3.2.1"]\n---\n\n# Title\n', ["3.1", "3.2.1"]),
        ('---\ntopics:\n  - "3.10"\n---\n', ["3.10"]),
        ("---\ntopics: [3.2.1]\n---\n", ["3.2.1"]),
        ('---\nfile_format: mystnb\ntopics: ["1.1"]\nkernelspec:\n  name: a\n---\n', ["1.1"]),
        ("---\nfile_format: mystnb\n---\n\n# Title\n", []),
        ("# Title\n\n---\ntopics: [1.1]\n---\n", []),
        ("# Title\n", []),
        ("---\n# nothing\n---\n", []),
        ('---\ntopics: ["1.1"]\n---\n\ntopics: ["2.2"]\n\n---\ntopics: ["3.3"]\n---\n', ["1.1"]),
        ("", []),
    ],
)
def test_topics_of_a_page_stand_in_its_front_matter(tmp_path, text, topics):
    assert page_topics(write(tmp_path / "page.md", text)) == topics


def test_pages_and_scripts_are_found_by_topic(tmp_path):
    docs, examples = tmp_path / "docs", tmp_path / "examples"
    write(docs / "guide" / "03" / "b.md", '---\ntopics: ["3.1"]\n---\n')
    write(docs / "guide" / "03" / "a.md", '---\ntopics: ["3.2.1", "3.1"]\n---\n')
    write(docs / "guide" / "index.md", "# Chapters\n")
    write(docs / "project" / "not_guide.md", '---\ntopics: ["3.1"]\n---\n')
    write(examples / "03" / "plot_x.py", '# sphinx_gallery_topics = ["3.1", "3.2.2"]\n')
    write(examples / "03" / "helper.py", '# sphinx_gallery_topics = ["3.9"]\n')
    write(examples / "04" / "plot_y.py", "x = 1\n")
    assert taught(docs, examples) == {
        "3.1": ["guide/03/a", "guide/03/b", "gallery/03/plot_x"],
        "3.2.1": ["guide/03/a"],
        "3.2.2": ["gallery/03/plot_x"],
    }


def test_a_guide_without_pages_teaches_nothing(tmp_path):
    assert taught(tmp_path / "docs", tmp_path / "examples") == {}


def test_a_list_is_written_only_when_it_changes(tmp_path):
    path = tmp_path / "lists" / "some.md"
    topics.write_if_new(path, "one")
    os.utime(path, (1, 1))
    topics.write_if_new(path, "one")
    assert path.stat().st_mtime == 1
    topics.write_if_new(path, "two")
    assert path.stat().st_mtime > 1
    assert path.read_text(encoding="utf-8") == "two"


def test_the_table_names_the_places_that_teach_a_topic(tmp_path):
    docs = tmp_path / "docs"
    for folder in ("guide", "project", "_build/html"):
        (docs / folder).mkdir(parents=True)
    (docs / "project" / "outline.toml").write_text(
        '[topics]\n"1.1" = {title = "First", kind = "demo"}\n"1.2" = {title = "Second"}\n'
    )
    (docs / "guide" / "a.md").write_text('---\ntopics: ["1.1"]\n---\n\n# A\n')
    app = SimpleNamespace(srcdir=docs, outdir=docs / "_build" / "html")
    topics.write_list(app)
    assert topics.listed(app, "topics").read_text().splitlines()[2:] == [
        "| 1.1 First | demo | {doc}`/guide/a` |",
        "| 1.2 Second |  | *not yet* |",
    ]
