"""Texts as numbers: equal to Keras where they should be, and clear where they cannot be."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

import keras
import numpy as np
import pytest

from dlguide import datasets, text

# "Is it not a pleasure to learn, and to practise in due time what one has learned?"
ANALECTS = "學而時習之，不亦說乎？"  # noqa: RUF001  # Chinese punctuation


# Tokens


def test_words_are_those_of_keras_on_real_reviews():
    (reviews, _), _ = datasets.movie_reviews()
    plain = [review for review in reviews[:400] if review.isascii()]
    assert len(plain) > 300
    ours = [text.words(review) for review in plain]
    layer = keras.layers.TextVectorization(
        vocabulary=sorted({word for one in ours for word in one})
    )
    known = np.array(layer.get_vocabulary())
    for tokens, numbers in zip(ours, np.asarray(layer(plain)), strict=True):
        assert tokens == known[numbers[numbers > 0]].tolist()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", []),
        (" \n\t ", []),
        ("?! … « » —", []),
        ("don't", ["dont"]),
        ("don\u2019t", ["dont"]),
        ("It was 7/10.", ["it", "was", "710"]),
        ("ÉLAN vital", ["élan", "vital"]),
        ("ΣΟΦΟΣ", ["σοφος"]),
        ("I ♥ it 👍", ["i", "♥", "it", "👍"]),
        ("one\u00a0two\u3000three", ["one", "two", "three"]),
        (ANALECTS, ["學而時習之不亦說乎"]),  # no spaces, so no words
    ],
)
def test_words_of_all_kinds_of_text(given, expected):
    assert text.words(given) == expected


def test_characters_of_a_script_without_spaces():
    assert text.characters(ANALECTS) == list(ANALECTS)
    assert text.characters("學 而\n時", spaces=False) == ["學", "而", "時"]
    assert text.characters("To be") == ["T", "o", " ", "b", "e"]
    assert text.characters("") == []


def test_an_accent_belongs_to_its_letter():
    assert text.characters("cafe\u0301") == ["c", "a", "f", "é"]
    assert text.characters("𠮷野家") == ["𠮷", "野", "家"]  # outside the first 65,536


def test_n_grams_of_words_and_of_characters():
    assert text.n_grams(["a", "b", "c"], 1) == [("a",), ("b",), ("c",)]
    assert text.n_grams(["a", "b", "c"], 3) == [("a", "b", "c")]
    assert text.n_grams(["a", "b", "c"], 4) == text.n_grams([], 1) == []
    assert ["".join(gram) for gram in text.n_grams(ANALECTS[:4], 2)] == ["學而", "而時", "時習"]


def test_pairs_are_those_of_keras():
    tokens = text.words("Not bad, not bad at all!")
    layer = keras.layers.TextVectorization(ngrams=2, output_mode="count")
    layer.adapt(["not bad not bad at all"])
    counts = np.asarray(layer(["not bad not bad at all"]))[0]
    theirs = dict(zip(layer.get_vocabulary()[1:], counts[1:].tolist(), strict=True))
    ours = {" ".join(gram): times for gram, times in text.bag_of_n_grams(tokens, 2).items()}
    assert ours == theirs


def test_a_bag_forgets_the_order_and_longer_n_grams_remember_some():
    first, second = (text.words(one) for one in ("not bad but good", "not good but bad"))
    assert text.bag_of_n_grams(first, 1) == text.bag_of_n_grams(second, 1)
    assert text.bag_of_n_grams(first, 2) != text.bag_of_n_grams(second, 2)
    assert text.bag_of_n_grams(first, 3).total() == 4 + 3 + 2
    assert text.bag_of_n_grams([], 3) == Counter()


@pytest.mark.parametrize("n", [0, -1, 1.0, "2", True, None])
@pytest.mark.parametrize("function", [text.n_grams, text.bag_of_n_grams])
def test_an_impossible_n_is_refused(function, n):
    with pytest.raises(ValueError, match=rf"n must be .* Received: {re.escape(repr(n))}"):
        function(["a"], n)


# Vocabularies


TOKENS = [["b", "a", "b"], ["c", "b", "a"], ["d"], []]


def test_tokens_are_ranked_by_frequency_then_by_name():
    assert list(text.vocabulary(TOKENS)) == ["[UNK]", "b", "a", "c", "d"]
    assert list(text.vocabulary(reversed(TOKENS))) == ["[UNK]", "b", "a", "c", "d"]
    assert list(text.vocabulary(TOKENS, 3)) == ["[UNK]", "b", "a"]
    assert list(text.vocabulary(TOKENS, 99, min_count=2)) == ["[UNK]", "b", "a"]
    assert list(text.vocabulary([])) == ["[UNK]"]


def test_the_numbers_are_those_of_keras():
    texts = ["the film the plot", "the film", "a film the end"]
    tokens = [text.words(one) for one in texts]
    ours = text.vocabulary(tokens, 4, padding=True)
    layer = keras.layers.TextVectorization(max_tokens=4)
    layer.adapt(texts)
    assert list(ours)[:4] == layer.get_vocabulary()[:4] == ["", "[UNK]", "the", "film"]
    theirs = np.asarray(layer(["the new film"]))[0]
    np.testing.assert_array_equal(ours.encode(text.words("the new film")), theirs)


def test_unknown_tokens_share_a_place_and_cannot_be_brought_back():
    places = text.vocabulary(TOKENS, 3)
    assert places.unknown == 0
    numbers = places.encode(["z", "b", "c", "a", ""])
    assert numbers.dtype == np.int64
    assert numbers.tolist() == [0, 1, 0, 2, 0]
    assert places.decode(numbers) == ["[UNK]", "b", "[UNK]", "a", "[UNK]"]
    padded = text.vocabulary(TOKENS, padding=True)
    assert padded.unknown == 1
    assert padded.encode(["z", "b", ""]).tolist() == [1, 2, 0]


def test_a_text_may_be_empty_or_speak_of_the_unknown():
    places = text.vocabulary([["[UNK]", "a", ""], ["[UNK]"]])
    assert list(places) == ["[UNK]", "a"]
    assert places.encode([]).shape == (0,)
    assert places.decode([]) == []


def test_a_vocabulary_is_a_sequence():
    places = text.vocabulary(TOKENS)
    assert len(places) == 5
    assert "b" in places
    assert "z" not in places
    assert (places[1], places[-1], places[1:3]) == ("b", "d", ("b", "a"))
    assert places.index("a") == 2
    with pytest.raises(ValueError, match=r"no such token\. Received: 'z'"):
        places.index("z")
    assert repr(places) == "<Vocabulary of 5: '[UNK]', 'b', 'a', 'c', ...>"
    assert repr(text.Vocabulary(["[UNK]"])) == "<Vocabulary of 1: '[UNK]'>"


def test_a_vocabulary_of_chinese_characters():
    places = text.vocabulary([text.characters(ANALECTS)])
    numbers = places.encode(text.characters(ANALECTS))
    assert len(set(numbers.tolist())) == len(set(ANALECTS))
    assert "".join(places.decode(numbers)) == ANALECTS


def test_what_makes_no_vocabulary_is_refused():
    with pytest.raises(ValueError, match="'a' twice"):
        text.Vocabulary(["[UNK]", "a", "a"])
    with pytest.raises(ValueError, match=re.escape("a place for '[UNK]'")):
        text.Vocabulary(["a"])
    with pytest.raises(ValueError, match=r"cut into tokens first\. Received: 'A bad film'"):
        text.vocabulary(["A bad film"])
    for size, padding in ((1, False), (2, True), (0, False), (2.0, False)):
        with pytest.raises(ValueError, match=f"size must be .* Received: {size}"):
            text.vocabulary(TOKENS, size, padding=padding)
    with pytest.raises(ValueError, match=r"min_count must be .* Received: 0"):
        text.vocabulary(TOKENS, min_count=0)


@pytest.mark.parametrize("numbers", [[5], [-1], [0.0], ["b"]])
def test_numbers_without_a_token_are_refused(numbers):
    with pytest.raises(ValueError, match=r"numbers must be .* Received: "):
        text.vocabulary(TOKENS).decode(numbers)


# Hashing


def test_hashed_numbers_are_the_same_in_every_process():
    program = "from dlguide import text; print(text.hashed(['film', '電影', ''], 1000).tolist())"
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert runs == {str(text.hashed(["film", "電影", ""], 1000).tolist())}
    # What was published once must not change.
    assert text.hashed(["film", "plot"], 1000).tolist() == [680, 783]


def test_hashed_numbers_are_even_and_collide_as_often_as_birthdays():
    tokens = [f"word{number}" for number in range(5_000)]
    for seed in range(3):
        numbers = text.hashed(tokens, 2_000, seed=seed)
        used = len(set(numbers.tolist()))
        expected = 2_000 * (1 - (1 - 1 / 2_000) ** 5_000)
        assert abs(used - expected) < 60  # about five standard deviations
        assert 0 <= numbers.min() <= numbers.max() < 2_000
        counts = np.bincount(numbers, minlength=2_000)
        assert 2_000 * (counts - 2.5).var() / 2.5 == pytest.approx(2_000, rel=0.2)


def test_another_seed_is_another_hash_function():
    tokens = [f"word{number}" for number in range(1_000)]
    first, second = (text.hashed(tokens, 1_000, seed=seed) for seed in (0, 1))
    assert np.mean(first == second) < 0.02
    np.testing.assert_array_equal(first, text.hashed(tokens, 1_000))


def test_hashing_nothing_or_into_one_place():
    assert text.hashed([], 10).shape == (0,)
    assert text.hashed(["a", "b"], 1).tolist() == [0, 0]
    assert text.hashed(["\ud800"], 10).shape == (1,)  # half a character, from a broken file


def test_an_impossible_size_or_seed_is_refused():
    for size in (0, -1, 2.0, None):
        with pytest.raises(ValueError, match=f"size must be .* Received: {size}"):
            text.hashed(["a"], size)
    for seed in (-1, 2**64, 0.5):
        with pytest.raises(ValueError, match=f"seed must be .* Received: {seed}"):
            text.hashed(["a"], 10, seed=seed)


# Rows


def test_one_hot_rows_are_those_of_keras():
    numbers = np.array([[3, 0], [1, 1]])
    rows = text.one_hot(numbers, 5)
    assert rows.shape == (2, 2, 5)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, keras.utils.to_categorical(numbers, 5))
    np.testing.assert_array_equal(rows.argmax(axis=-1), numbers)


def test_one_hot_times_a_matrix_looks_up_its_rows():
    matrix = np.random.default_rng(0).normal(size=(5, 3))
    numbers = np.array([4, 0, 4])
    np.testing.assert_array_equal(text.one_hot(numbers, 5) @ matrix, matrix[numbers])


def test_one_hot_of_a_single_number_and_of_none():
    assert text.one_hot(2, 3).tolist() == [0, 0, 1]
    assert text.one_hot([], 3).shape == (0, 3)


def test_multi_hot_rows_are_those_of_keras():
    texts = ["not bad not bad", "a film", ""]
    tokens = [text.words(one) for one in texts]
    places = text.vocabulary(tokens)
    rows = text.multi_hot([places.encode(one) for one in tokens], len(places))
    assert rows.dtype == np.uint8
    layer = keras.layers.TextVectorization(output_mode="multi_hot", vocabulary=list(places[1:]))
    theirs = np.asarray(layer(np.array(texts, dtype=object)))
    np.testing.assert_array_equal(rows, theirs)
    assert rows.sum(axis=1).tolist() == [2, 2, 0]
    assert text.multi_hot([], 4).shape == (0, 4)


@pytest.mark.parametrize("numbers", [[4], [-1], [1.0], ["a"]])
def test_numbers_without_a_place_are_refused(numbers):
    with pytest.raises(ValueError, match=r"numbers must be .* Received: "):
        text.one_hot(numbers, 4)
    with pytest.raises(ValueError, match=r"numbers must be .* Received: "):
        text.multi_hot([[0], numbers], 4)


def test_it_needs_numpy_alone():
    program = "import sys, dlguide.text as _\nprint({'keras', 'pyarrow'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"
