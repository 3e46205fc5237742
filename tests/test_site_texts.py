"""Look at the texts beside the pages of the built site, and at the lists of them.

These tests need the guide, built by ``nox -s docs``. Where there is none they are skipped;
on a CI service, which sets ``CI``, that is a failure.
"""

import re

import pytest
from bs4 import BeautifulSoup

from tests.built_site import SITE, need_site, pages, shown

WITHOUT_TEXT = {"search.html", "genindex.html"}


@pytest.fixture(scope="module", autouse=True)
def site():
    need_site()


def texts():
    """Return the files of all texts of pages."""
    return sorted(
        path.with_suffix(".txt")
        for path in pages()
        if shown(path) not in WITHOUT_TEXT and not shown(path).startswith("_")
    )


def test_every_page_has_a_text_and_two_links_to_it():
    for path in texts():
        assert path.is_file(), shown(path)
        page = path.with_suffix(".html").read_text(encoding="utf-8")
        assert f'<link rel="alternate" type="text/plain" href="{path.name}"' in page, shown(path)
        assert f'<a href="{path.name}" type="text/plain">Plain text</a>' in page, shown(path)


def test_texts_hold_no_markup_and_no_sign_of_the_dark_figures():
    debris = r"</?(?:div|span|svg|p|img|table|a)\b|only-dark|_dark\.png|-\[ |SYSTEM MESSAGE|\u2060"
    found = [
        (shown(path), match[0])
        for path in texts()
        for match in re.finditer(debris, path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_code_and_what_it_printed_stand_in_the_text_as_on_the_page():
    for name in ("gallery/03_getting_started/plot_movie_reviews", "guide/02_mathematics/tensors"):
        page = BeautifulSoup((SITE / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        text = (SITE / f"{name}.txt").read_text(encoding="utf-8")
        blocks = [block.get_text().strip("\n") for block in page.select("article .highlight pre")]
        assert len(blocks) > 10
        lines = re.sub(r"^ {3}", "", text, flags=re.M)
        missing = [block for block in blocks if block.rstrip() not in lines]
        assert missing == []


def test_the_list_names_every_text_once_with_a_sentence():
    said = (SITE / "llms.txt").read_text(encoding="utf-8")
    links = re.findall(r"^- \[[^\n]+\]\((\S+\.txt)\): \S", said, flags=re.M)
    parts = {"index.txt", "guide/index.txt", "gallery/index.txt"}  # these only lead to the others
    assert sorted(links) == sorted({shown(path) for path in texts()} - parts)
    assert re.match(r"# dlguide\n\n> \S[^\n]+\n\n", said)


def test_all_chapters_stand_in_one_file():
    said = (SITE / "llms-full.txt").read_text(encoding="utf-8")
    for path in SITE.glob("guide/**/*.txt"):
        assert path.read_text(encoding="utf-8") in said, shown(path)
