"""Look at the book as a reading program does: every file listed, every link with its end.

These tests need the book, built by ``nox -s epub``. Where there is none they are skipped.
"""

import posixpath
import re
import zipfile
from functools import cache
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest

from tests.built_site import ROOT

BOOK = ROOT / "docs" / "_build" / "epub" / "dlguide.epub"
XHTML = "{http://www.w3.org/1999/xhtml}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
OPF = "{http://www.idpf.org/2007/opf}"
UNLISTED = {"mimetype", "META-INF/container.xml", "content.opf"}


@pytest.fixture(scope="module")
def book():
    if not BOOK.is_file():
        pytest.skip("There is no book to look at: run 'nox -s docs' and 'nox -s epub' first.")
    with zipfile.ZipFile(BOOK) as opened:
        yield opened


@cache
def parsed(book, name):
    return ET.fromstring(book.read(name))


def pages(book):
    return [name for name in book.namelist() if name.endswith(".xhtml")]


def manifest(book):
    return {
        unquote(item.get("href")): item for item in parsed(book, "content.opf").iter(f"{OPF}item")
    }


def target(page, address):
    """Return the file and the anchor that an address on a page leads to."""
    parts = urlsplit(address)
    path = unquote(parts.path)
    file = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
    return file, unquote(parts.fragment)


def test_the_kind_of_file_is_said_first_and_not_compressed(book):
    first = book.infolist()[0]
    assert first.filename == "mimetype"
    assert first.compress_type == zipfile.ZIP_STORED
    assert book.read("mimetype").decode("ascii").strip() == "application/epub+zip"


def test_every_page_is_well_formed(book):
    assert len(pages(book)) > 100
    for name in pages(book):
        assert parsed(book, name).tag == f"{XHTML}html"


def test_the_manifest_lists_every_file_once_and_every_listed_file_is_there(book):
    items = [item.get("href") for item in parsed(book, "content.opf").iter(f"{OPF}item")]
    assert len(items) == len(set(items))
    assert set(manifest(book)) == set(book.namelist()) - UNLISTED


def test_every_page_can_be_reached_by_turning_pages(book):
    package = parsed(book, "content.opf")
    spine = [item.get("idref") for item in package.iter(f"{OPF}itemref")]
    names = {item.get("id"): href for href, item in manifest(book).items()}
    assert {names[idref] for idref in spine} == set(pages(book)) - {"nav.xhtml"}


def test_the_manifest_says_which_pages_hold_formulas(book):
    said = {
        name
        for name, item in manifest(book).items()
        if "mathml" in item.get("properties", "").split()
    }
    held = {name for name in pages(book) if parsed(book, name).find(f".//{MATHML}math") is not None}
    assert len(held) > 10
    assert said == held


def test_no_link_and_no_picture_leads_nowhere(book):
    names = set(book.namelist())
    anchors = {
        name: {element.get("id") for element in parsed(book, name).iter()} for name in pages(book)
    }
    broken = []
    for page in pages(book):
        for element in parsed(book, page).iter():
            for address in filter(None, (element.get("href"), element.get("src"))):
                if urlsplit(address).scheme:
                    continue
                file, anchor = target(page, address)
                if file not in names or (anchor and anchor not in anchors[file]):
                    broken.append((page, address))
    assert broken == []


def test_nothing_is_fetched_and_nothing_runs(book):
    found = []
    for page in pages(book):
        for element in parsed(book, page).iter():
            loading = element.get("src") or (element.tag == f"{XHTML}link" and element.get("href"))
            if element.tag == f"{XHTML}script" or (loading and urlsplit(loading).scheme):
                found.append((page, element.tag, loading))
    for name in book.namelist():
        if name.endswith(".css"):
            found += re.findall(r"url\(['\"]?\w+:[^)]*|@import", book.read(name).decode())
    assert found == []
    assert not [name for name in book.namelist() if name.endswith(".js")]


def test_every_figure_is_there_once_in_its_light_version(book):
    pictures = [name for name in book.namelist() if name.startswith("_images/")]
    assert len(pictures) > 100
    assert not [name for name in pictures if name.endswith("_dark.png")]
    for page in pages(book):
        for image in parsed(book, page).iter(f"{XHTML}img"):
            assert "only-dark" not in image.get("class", ""), page
            assert len(image.get("alt", "")) >= 10, (page, image.get("src"))
