from __future__ import annotations

import re

import numpy as np
import pytest

from dlguide import datasets
from dlguide.datasets import text

from .fingerprint import fingerprint


def words(document: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", document.lower()))


@pytest.fixture(scope="module")
def imdb():
    return datasets.movie_reviews()


@pytest.fixture(scope="module")
def snippets():
    return datasets.movie_reviews("rotten_tomatoes")


@pytest.fixture(scope="module")
def newswires():
    return datasets.newswires()


@pytest.fixture(scope="module")
def newsgroups():
    return datasets.newsgroups()


@pytest.fixture(scope="module")
def tales():
    return datasets.tales()


@pytest.mark.parametrize("name", ["imdb", "snippets", "newswires", "newsgroups"])
def test_texts_and_labels_are_arrays_of_one_type(name, request):
    for x, y in request.getfixturevalue(name):
        assert x.dtype == object
        assert {type(document) for document in x} == {str}
        assert all(document.strip() for document in x)
        assert y.dtype == (np.int64 if name.startswith("news") else np.int8)
        assert x.shape == y.shape == (len(x),)


@pytest.mark.parametrize("name", ["imdb", "snippets", "newswires", "newsgroups"])
def test_no_text_occurs_twice_in_a_set_or_in_both(name, request):
    (x_train, _), (x_test, _) = request.getfixturevalue(name)
    seen = [words(document) for document in (*x_train, *x_test)]
    assert len(set(seen)) == len(seen)


def test_imdb_sizes_and_balance(imdb):
    (_, y_train), (_, y_test) = imdb
    assert np.bincount(y_train).tolist() == [10_000, 10_000]
    assert np.bincount(y_test).tolist() == [2_429, 2_456]


def test_rotten_tomatoes_sizes_and_balance(snippets):
    (_, y_train), (_, y_test) = snippets
    assert np.bincount(y_train).tolist() == [3_411, 3_411]
    assert np.bincount(y_test).tolist() == [853, 853]


@pytest.mark.parametrize("name", ["imdb", "snippets"])
def test_every_slice_of_the_reviews_is_balanced(name, request):
    for _, y in request.getfixturevalue(name):
        for start in range(0, len(y) - 100, 97):
            assert 49 <= y[start : start + 100].sum() <= 51


def test_the_labels_agree_with_what_the_reviews_say(imdb):
    (x, y), _ = imdb
    praise = np.array(["one of the best" in review for review in x])
    blame = np.array(["waste of time" in review for review in x])
    assert y[praise].mean() > 0.75
    assert y[blame].mean() < 0.1


@pytest.mark.parametrize("phrase", ["Screwfly", "King of Masks", "Tashan"])
def test_reviews_of_a_film_are_on_one_side_of_the_cut(imdb, phrase):
    (x_train, y_train), (x_test, y_test) = imdb
    for label in (0, 1):
        in_train = sum(phrase in review for review in x_train[y_train == label][-500:])
        in_test = sum(phrase in review for review in x_test[y_test == label][:500])
        assert in_train == 0 or in_test == 0


def test_the_films_at_the_cut_are_the_ones_left_out(imdb):
    (x_train, y_train), (x_test, y_test) = imdb
    assert x_train[y_train == 0][-1].startswith("Masters of Horror: The Screwfly Solution starts")
    assert x_test[y_test == 0][0].startswith("All the world said that the film Tashan")
    assert x_train[y_train == 1][-1].startswith("As I was watching this film on video last night")
    assert x_test[y_test == 1][0].startswith("It was a serious attempt to show the developing")


def test_reviews_hold_no_line_break_tags_references_or_control_characters(imdb, snippets):
    everything = "".join(review for sets in (imdb, snippets) for x, _ in sets for review in x)
    assert "<br" not in everything
    assert not re.search(r"&#\d+;", everything)
    assert not re.search(r"[\x80-\x9f]", everything)
    assert "\n\n" in everything
    assert "…" in everything


def test_cleaning_changes_what_it_should_and_nothing_else():
    assert text._clean("a<br /><br />b") == "a\n\nb"
    assert text._clean("café \x96 Dvo&#345;\xe1k\x85 \x81<i>") == "café \u2013 Dvořák…  <i>"
    assert text._clean("R&B & <3") == "R&B & <3"


def test_two_texts_are_one_if_only_case_and_punctuation_differ():
    found = text._first_occurrences(["A dog.", "a cat", "a DOG", "a-cat!", "a dog 2"])
    assert found.tolist() == [0, 1, 4]


def test_movie_reviews_refuses_an_unknown_source():
    with pytest.raises(ValueError, match=r"'imdb' or 'rotten_tomatoes'\. Received: 'amazon'"):
        datasets.movie_reviews("amazon")


def test_newswires_sizes_and_classes(newswires):
    (_, y_train), (_, y_test) = newswires
    names = datasets.card("newswires").class_names
    assert (len(y_train), len(y_test)) == (6_449, 2_547)
    train = dict(zip(names, np.bincount(y_train, minlength=52).tolist(), strict=True))
    test = dict(zip(names, np.bincount(y_test, minlength=52).tolist(), strict=True))
    assert {name: train[name] for name in ("earn", "acq", "crude", "platinum")} == {
        "earn": 2_835,
        "acq": 1_591,
        "crude": 245,
        "platinum": 1,
    }
    assert min(train.values()) == min(test.values()) == 1
    assert sorted(names, key=test.__getitem__)[-2:] == ["acq", "earn"]


def test_newswires_labels_agree_with_what_the_wires_say(newswires):
    (x, y), _ = newswires
    names = datasets.card("newswires").class_names
    for word in ("cocoa", "coffee", "sugar", "gold"):
        of_topic = np.array([word in wire.split() for wire in x[y == names.index(word)]])
        assert of_topic.mean() > 0.9


@pytest.mark.parametrize("name", ["newswires", "newsgroups"])
def test_news_are_plain_lower_case_words(name, request):
    for x, _ in request.getfixturevalue(name):
        assert all(re.fullmatch(r"[a-z]+( [a-z]+)*", text) for text in x)


def test_newsgroups_sizes_and_classes(newsgroups):
    (_, y_train), (_, y_test) = newsgroups
    assert (len(y_train), len(y_test)) == (11_272, 7_514)
    train, test = np.bincount(y_train), np.bincount(y_test)
    assert (train.min(), train.max()) == (377, 600)
    assert (test.min(), test.max()) == (251, 399)
    names = datasets.card("newsgroups").class_names
    assert len(names) == len(train) == len(test) == 20
    assert names[train.argmin()] == names[test.argmin()] == "talk.religion.misc"
    assert names[train.argmax()] == names[test.argmax()] == "rec.sport.hockey"


@pytest.mark.parametrize(
    ("word", "group"),
    [
        ("hockey", "rec.sport.hockey"),
        ("orbit", "sci.space"),
        ("encryption", "sci.crypt"),
        ("israel", "talk.politics.mideast"),
    ],
)
def test_newsgroups_labels_agree_with_what_the_posts_say(newsgroups, word, group):
    names = datasets.card("newsgroups").class_names
    for x, y in newsgroups:
        holds = np.array([word in post.split() for post in x])
        share = [holds[y == label].mean() for label in range(20)]
        assert names[int(np.argmax(share))] == group
        assert max(share) > 5 * np.median(share) + 0.1


def test_every_slice_of_the_newsgroups_has_all_groups_in_proportion(newsgroups):
    for _, y in newsgroups:
        expected = 1_000 * np.bincount(y) / len(y)
        for start in range(0, len(y) - 1_000, 317):
            counted = np.bincount(y[start : start + 1_000], minlength=20)
            assert np.abs(counted - expected).max() < 2


def test_posts_of_a_group_keep_their_order(newsgroups):
    (x, y), _ = newsgroups
    labels = np.array([1, 0, 0, 0, 0, 1, 0, 0])
    order = text._in_turn(np.array([0, 1, 3, 4, 5, 6]), labels)
    assert labels[order].tolist() == [0, 1, 0, 0, 1, 0]
    assert order[labels[order] == 0].tolist() == [1, 3, 4, 6]
    first = x[y == 0][:2]
    assert first[0].startswith("alt atheism faq atheist resources archive name")
    assert first[1].startswith("alt atheism faq introduction to atheism archive name")


def test_lists_posted_again_are_on_both_sides(newsgroups):
    for x, _ in newsgroups:
        weekly = [post for post in x if "computer graphics resource listing weekly" in post[:60]]
        assert len(set(weekly)) == len(weekly) >= 2


def test_tales_are_49_in_alphabetical_order(tales):
    titles, texts = tales
    assert titles.shape == texts.shape == (49,)
    assert titles.tolist() == sorted(set(titles))
    assert sum(map(len, texts)) == 379_690
    assert {type(tale) for tale in texts} == {str}


def test_tales_have_paragraphs_and_no_gaps(tales):
    _, texts = tales
    assert all(tale == tale.strip() and "  " not in tale for tale in texts)
    assert sum(tale.count("\n") for tale in texts) > 500


def test_tales_in_a_modern_translation_are_left_out(tales):
    titles, texts = tales
    assert not text._MODERN_TALES & set(titles)
    assert not any('""' in tale for tale in texts)


def test_each_set_is_the_same_for_ever(imdb, snippets, newswires, newsgroups, tales):
    for sets, expected in (
        (imdb, "a570e7f4af698c04"),
        (snippets, "be10e4f212ff8002"),
        (newswires, "4972a35f08611136"),
        (newsgroups, "61d6d59500373cad"),
    ):
        (x_train, y_train), (x_test, y_test) = sets
        assert fingerprint(x_train, y_train, x_test, y_test) == expected
    assert fingerprint(*tales) == "888ad50b8a05281d"


def test_a_second_call_gives_the_same_in_arrays_of_its_own(snippets):
    (x, y), _ = datasets.movie_reviews("rotten_tomatoes")
    (x_before, y_before), _ = snippets
    assert (x == x_before).all()
    assert (y == y_before).all()
    x[0], y[0] = "changed", 9
    assert x_before[0] != "changed"
    assert y_before[0] != 9
