from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace

import html5lib
import pytest

from dlguide import datasets, pretrained
from dlguide.datasets import _cards, _store

CARDS = _cards.registered()
names = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)


def test_every_loader_has_a_card_and_every_card_a_loader():
    others = {"DataNotAvailableError", "DatasetCard", "card", "cards"}
    assert set(datasets.__all__) - others == {card.name for card in datasets.cards()}


@names
def test_a_card_is_complete(card):
    for text in (card.title, card.summary, card.licence, card.source):
        assert text == text.strip()
        assert text
    assert len(card.title) <= 40
    assert len(card.licence) <= 60  # a column of the command line's table
    assert card.members
    assert card.citations
    assert all(1800 < citation.year < 2030 for citation in card.citations)
    for part in (card.archive, *card.members):
        assert re.fullmatch(r"[0-9a-f]{64}", part.sha256)
        assert part.size > 0
    version = re.escape(card.archive.version)
    assert re.fullmatch(
        rf"[\w.]+-{version}(-(py2\.)?py3-none-any\.whl|\.tar\.gz)", card.archive.filename
    )


def test_files_of_one_package_version_do_not_collide_in_the_cache():
    owners = {}
    for card in CARDS:
        for member, place in zip(card.members, _store.locations(card), strict=True):
            assert owners.setdefault(place, member) == member
    for card in CARDS:
        for other in CARDS:
            same = card.archive.requirement == other.archive.requirement
            assert same == (card.archive == other.archive)


@names
def test_the_cached_files_are_those_of_the_card(card):
    for path, member in zip(_store.paths(card), card.members, strict=True):
        assert path.name == member.filename
        assert path.stat().st_size == member.size


@names
def test_the_docstring_of_a_loader_agrees_with_its_card(card):
    docstring = getattr(
        {"datasets": datasets, "pretrained": pretrained}[card.module], card.name
    ).__doc__
    assert all(str(citation.year) in docstring for citation in card.citations)
    assert all(citation.authors.split(",")[0] in docstring for citation in card.citations)


def test_class_names_are_sorted_where_the_order_means_nothing():
    topics = datasets.card("newswires").class_names
    assert len(topics) == 52
    groups = datasets.card("newsgroups").class_names
    assert len(groups) == 20
    for names in (topics, groups):
        assert list(names) == sorted(set(names))


def test_a_card_is_found_by_name_and_cannot_be_changed():
    card = datasets.card("digits")
    assert card.name == "digits"
    with pytest.raises(FrozenInstanceError):
        card.title = "Letters"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("movie_review", "Did you mean 'movie_reviews'?"), ("weathr", "Did you mean 'weather'?")],
)
def test_an_unknown_name_gets_a_suggestion(name, hint):
    with pytest.raises(ValueError, match=re.escape(f"Received: {name!r}. {hint}")):
        datasets.card(name)


def test_an_unknown_name_unlike_any_other_gets_the_list_alone():
    with pytest.raises(ValueError, match=r"one of movie_reviews, newswires.*'xyz'\.$"):
        datasets.card("xyz")


@names
def test_the_text_form_has_the_facts_in_narrow_lines(card):
    shown = str(card)
    flat = re.sub(r"\s+", " ", shown)
    assert shown == str(replace(card))
    assert max(map(len, shown.splitlines())) <= 88
    assert shown.splitlines()[0].startswith(card.title)
    for fact in (card.summary, card.source, card.licence, card.archive.requirement, *card.notes):
        assert fact in flat
    for part in (card.archive, *card.members):
        assert part.sha256 in flat
        assert _cards.human_size(part.size) in flat


def elements(fragment: str):
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return list(parser.parseFragment(fragment).iter())


@names
def test_the_html_form_is_one_valid_plain_table(card):
    shown = card._repr_html_()
    assert shown == replace(card)._repr_html_()
    found = elements(shown)
    tables = [element for element in found if element.tag == "table"]
    assert [table.attrib for table in tables] == [{"class": "dlguide-card"}]
    for element in found[1:]:
        assert element.tag in {
            *("table", "caption", "tbody", "tr", "th", "td", "ul", "li", "code", "br")
        }
        assert set(element.attrib) <= {"class", "scope"}


@names
def test_the_html_form_has_the_facts(card):
    content = " ".join("".join(elements(card._repr_html_())[0].itertext()).split())
    facts = [
        *(card.title, card.summary, card.source, card.licence, card.archive.requirement),
        *(card.archive.filename, card.archive.sha256, _cards.human_size(card.archive.size)),
        *(fact for member in card.members for fact in (member.path, member.sha256)),
        *map(str, card.citations),
        *card.notes,
    ]
    assert [fact for fact in facts if " ".join(fact.split()) not in content] == []


def test_the_html_form_escapes_everything():
    nasty = """<script>alert("&")</script>'"""
    card = datasets.card("tales")
    citation = _cards.Citation(authors=nasty, year=2000, title=nasty, where=nasty)
    card = replace(
        card,
        **dict.fromkeys(("name", "title", "summary", "licence", "source"), nasty),
        archive=replace(card.archive, package=nasty, filename=nasty),
        members=(replace(card.members[0], path=nasty),),
        citations=(citation,),
        notes=(nasty, nasty),
    )
    shown = card._repr_html_()
    assert "<script" not in shown
    assert not [element for element in elements(shown) if element.tag == "script"]
    assert shown.count("alert") == 13


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "0 kB"), (28_881, "29 kB"), (13_299_682, "13.3 MB")]
)
def test_sizes_are_read_easily(size, expected):
    assert _cards.human_size(size) == expected
