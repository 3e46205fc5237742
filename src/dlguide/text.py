"""From text to numbers, step by step: tokens, n-grams, vocabularies, one-hot rows, hashing.

Keras does all of this inside one layer, ``TextVectorization``, which shows only the
result. The functions here do one step each and return what a reader can look at:
`words` and `characters` cut a text into tokens, `n_grams` and `bag_of_n_grams` join
neighbours, `vocabulary` gives every token a number, `hashed` does so without
a list, and `one_hot` and `multi_hot` turn numbers into rows of zeros and ones.
"""

from __future__ import annotations

import hashlib
import operator
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Vocabulary",
    "bag_of_n_grams",
    "characters",
    "hashed",
    "multi_hot",
    "n_grams",
    "one_hot",
    "vocabulary",
    "words",
]

_UNKNOWN = "[UNK]"  # what Keras writes for every token that a vocabulary does not have
_PADDING = ""  # what it fills up short texts with

Token = TypeVar("Token")


def words(text: str) -> list[str]:
    """Cut a text into words, in lower case and without punctuation.

    Parameters
    ----------
    text : str
        Any text. Words are what stands between spaces or line breaks.

    Returns
    -------
    list of str
        The words in their order. Punctuation is deleted, not replaced by a space:
        "don't" becomes ``dont`` and "7/10" becomes ``710``. A word of nothing but
        punctuation disappears, and a text without words gives an empty list.

    See Also
    --------
    characters : Tokens for scripts that put no spaces between words.
    n_grams : Neighbouring tokens together.

    Notes
    -----
    On plain ASCII text these are the tokens of Keras's ``TextVectorization`` with its
    default settings. Beyond it the two differ: here "É" becomes "é" and the
    punctuation of all scripts goes, while Keras leaves both as they are. Symbols
    that are no punctuation, such as "♥", stay.

    Examples
    --------
    >>> from dlguide import text
    >>> text.words("Not bad, not bad at all!")
    ['not', 'bad', 'not', 'bad', 'at', 'all']
    >>> text.words("« Élan »  7/10")
    ['élan', '710']
    """
    return text.lower().translate(_WITHOUT_PUNCTUATION).split()


def characters(text: str, *, spaces: bool = True) -> list[str]:
    """Cut a text into its characters.

    Parameters
    ----------
    text : str
        Any text, in any script.
    spaces : bool, default True
        Whether spaces and line breaks count as characters. They do for a model
        that has to write English, and say nothing in Chinese.

    Returns
    -------
    list of str
        The characters in their order, upper and lower case as they are. An accent
        that was written as a character of its own is joined with its letter. An
        empty text gives an empty list.

    See Also
    --------
    words : Tokens for scripts that put spaces between words.

    Examples
    --------
    >>> from dlguide import text
    >>> text.characters("To be")
    ['T', 'o', ' ', 'b', 'e']
    >>> text.characters("學而 時習之", spaces=False)
    ['學', '而', '時', '習', '之']
    """
    joined = unicodedata.normalize("NFC", text)
    return [one for one in joined if spaces or not one.isspace()]


def n_grams(tokens: Sequence[Token], n: int) -> list[tuple[Token, ...]]:
    """Join every `n` neighbouring tokens.

    Parameters
    ----------
    tokens : sequence of str
        The tokens of one text, in their order. A string is a sequence of
        its characters.
    n : int
        How many neighbours to join, at least 1: 1 for unigrams, 2 for bigrams.

    Returns
    -------
    list of tuple of str
        The ``len(tokens) - n + 1`` n-grams in their order; none if there are
        fewer than `n` tokens.

    Raises
    ------
    ValueError
        If `n` is no such integer.

    See Also
    --------
    bag_of_n_grams : Count the n-grams of several lengths.

    Examples
    --------
    >>> from dlguide import text
    >>> text.n_grams(["not", "bad", "at", "all"], 2)
    [('not', 'bad'), ('bad', 'at'), ('at', 'all')]
    >>> text.n_grams(["bad"], 2)
    []
    """
    size = _integer("n", n, 1)
    return list(zip(*(tokens[start:] for start in range(size)), strict=False))


def bag_of_n_grams(tokens: Sequence[Token], n: int) -> Counter[tuple[Token, ...]]:
    """Count a text's single tokens, pairs, and so on up to `n` neighbours.

    Parameters
    ----------
    tokens : sequence of str
        The tokens of one text, in their order.
    n : int
        The longest n-grams to count, at least 1.

    Returns
    -------
    collections.Counter of tuple of str
        How often each n-gram of 1 to `n` tokens occurs. Where it stood is
        forgotten: that is what makes it a bag.

    Raises
    ------
    ValueError
        If `n` is no such integer.

    See Also
    --------
    n_grams : The n-grams of one length, in their order.

    Examples
    --------
    >>> from dlguide import text
    >>> bag = text.bag_of_n_grams(["bad", "not", "bad"], 2)
    >>> bag["bad",], bag["not", "bad"], bag["bad", "bad"]
    (2, 1, 0)
    """
    longest = _integer("n", n, 1)
    bag: Counter[tuple[Token, ...]] = Counter()
    for size in range(1, longest + 1):
        bag.update(n_grams(tokens, size))
    return bag


class Vocabulary(Sequence[str]):
    """A list of tokens, each with its number, and a number for all others.

    It is a sequence of `str`: ``len(vocabulary)`` counts its places, the one for unknown
    tokens included, ``vocabulary[7]`` is the token with the number 7, and ``"film" in
    vocabulary`` says whether a token has a number of its own.

    Parameters
    ----------
    tokens : sequence of str
        All tokens in the order of their numbers, "[UNK]" among them, which stands for
        every token that the vocabulary does not have.

    Raises
    ------
    ValueError
        If a token occurs twice, or "[UNK]" is missing.

    See Also
    --------
    vocabulary : Choose the tokens by their frequency.

    Examples
    --------
    >>> from dlguide import text
    >>> few = text.Vocabulary(["[UNK]", "a", "bad", "film"])
    >>> few.encode(text.words("A bad, bad plot."))
    array([1, 2, 2, 0])
    >>> few.decode([1, 2, 0])
    ['a', 'bad', '[UNK]']
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tuple(tokens)
        self._places = {token: place for place, token in enumerate(self._tokens)}
        if len(self._places) < len(self._tokens):
            twice = next(token for token, times in Counter(self._tokens).items() if times > 1)
            raise ValueError(f"tokens must differ from each other. Received: {twice!r} twice")
        if _UNKNOWN not in self._places:
            raise ValueError(f"tokens must have a place for {_UNKNOWN!r}. Received: none")

    @property
    def unknown(self) -> int:
        """The number of all tokens that have none of their own."""
        return self._places[_UNKNOWN]

    def encode(self, tokens: Iterable[str]) -> NDArray[np.int64]:
        """Return the number of each token.

        Parameters
        ----------
        tokens : iterable of str
            The tokens of one text.

        Returns
        -------
        numpy.ndarray of shape (tokens,) and dtype int64
            Their numbers in the same order, `unknown` for those without one.
        """
        place = self._places.get
        return np.array([place(token, self.unknown) for token in tokens], dtype=np.int64)

    def decode(self, numbers: ArrayLike) -> list[str]:
        """Return the token of each number.

        Parameters
        ----------
        numbers : array_like of int, shape (numbers,)
            Numbers from 0 to ``len(vocabulary) - 1``.

        Returns
        -------
        list of str
            Their tokens in the same order.

        Raises
        ------
        ValueError
            If a number is no integer, or belongs to no token.
        """
        return [self._tokens[place] for place in _places(numbers, len(self)).ravel()]

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._tokens[index]

    def __len__(self) -> int:
        return len(self._tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._places

    def index(self, value: str, start: int = 0, stop: int | None = None) -> int:
        """Return the number of a token; a `ValueError` if it has none of its own."""
        if value not in self._places:
            raise ValueError(f"the vocabulary has no such token. Received: {value!r}")
        return self._tokens.index(value, start, len(self) if stop is None else stop)

    def __repr__(self) -> str:
        some = ", ".join(map(repr, self._tokens[:4]))
        return f"<Vocabulary of {len(self):,}: {some}{', ...' if len(self) > 4 else ''}>"


def vocabulary(
    texts: Iterable[Iterable[str]],
    size: int | None = None,
    *,
    min_count: int = 1,
    padding: bool = False,
) -> Vocabulary:
    """Give numbers to the most frequent tokens of some texts.

    Parameters
    ----------
    texts : iterable of iterable of str
        The tokens of each text. Count training texts only, so that nothing
        about the test texts leaks into the numbers.
    size : int, optional
        Most places that the vocabulary may have, with the place for unknown tokens
        and that for padding. By default every token gets one.
    min_count : int, default 1
        How often a token must occur to get a number.
    padding : bool, default False
        Whether 0 is the number of the empty string, with which short texts are
        filled up. Unknown tokens have the next free number: 1 with padding, which is
        what Keras does for sequences of integers, and 0 without, which is what it
        does for multi-hot rows.

    Returns
    -------
    Vocabulary
        The tokens by falling frequency, and those of equal frequency in alphabetical
        order, so that the order of the texts makes no difference.

    Raises
    ------
    ValueError
        If `size` leaves no place for a token, if `min_count` is no positive
        integer, or if a text is a string that has not been cut into tokens.

    Examples
    --------
    >>> from dlguide import text
    >>> texts = [text.words("A bad film."), text.words("Not a bad film, a bad plot.")]
    >>> places = text.vocabulary(texts, 4)
    >>> list(places)
    ['[UNK]', 'a', 'bad', 'film']
    >>> places.encode(["a", "good", "film"])
    array([1, 0, 3])
    """
    special = [_PADDING, _UNKNOWN] if padding else [_UNKNOWN]
    least = _integer("min_count", min_count, 1)
    most = None if size is None else _integer("size", size, len(special) + 1) - len(special)
    counts: Counter[str] = Counter()
    for tokens in texts:
        if isinstance(tokens, str):
            raise ValueError(f"every text must be cut into tokens first. Received: {tokens[:40]!r}")
        counts.update(tokens)
    for token in (_PADDING, _UNKNOWN):  # these places are taken
        counts.pop(token, None)
    ranked = sorted(counts, key=lambda token: (-counts[token], token))
    return Vocabulary([*special, *[token for token in ranked if counts[token] >= least][:most]])


def hashed(tokens: Iterable[str], size: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Give numbers to tokens without a vocabulary: the hashing trick.

    The number is computed from the token's letters alone. No text has to be counted
    first and no list has to be kept, new words have a number at once, and the
    price is that some tokens share theirs. Nothing can be turned back into words.

    Parameters
    ----------
    tokens : iterable of str
        Any tokens.
    size : int
        How many numbers there are, at least 1.
    seed : int, default 0
        Which hash function: others give other collisions. From 0 to 2**64 - 1.

    Returns
    -------
    numpy.ndarray of shape (tokens,) and dtype int64
        Numbers from 0 to ``size - 1``, the same on every machine and in every run,
        unlike those of Python's own `hash`.

    Raises
    ------
    ValueError
        If `size` or `seed` is no such integer.

    Notes
    -----
    Of `n` different tokens, ``size * (1 - (1 - 1 / size)**n)`` numbers are in use on
    average, if every number is equally likely for every token.

    References
    ----------
    Weinberger, Dasgupta, Langford, Smola and Attenberg, "Feature hashing for large scale
    multitask learning", ICML (2009). The hash function is BLAKE2: Aumasson et al.,
    "BLAKE2: simpler, smaller, fast as MD5", ACNS (2013).

    Examples
    --------
    >>> from dlguide import text
    >>> first = text.hashed(["film", "plot", "film"], 1000)
    >>> bool(first[0] == first[2]), bool((first < 1000).all())
    (True, True)
    """
    places = _integer("size", size, 1)
    salt = _integer("seed", seed, 0)
    if salt >= 2**64:
        raise ValueError(f"seed must be below 2**64. Received: {seed!r}")
    key = salt.to_bytes(8, "little")
    known: dict[str, int] = {}
    numbers = []
    for token in tokens:
        if token not in known:
            letters = token.encode(errors="surrogatepass")
            digest = hashlib.blake2b(letters, digest_size=8, key=key).digest()
            known[token] = int.from_bytes(digest, "little") % places
        numbers.append(known[token])
    return np.array(numbers, dtype=np.int64)


def one_hot(numbers: ArrayLike, size: int) -> NDArray[np.float32]:
    """Write every number as a row with a single 1.

    Parameters
    ----------
    numbers : array_like of int
        Numbers from 0 to ``size - 1``, in an array of any shape.
    size : int
        Length of a row, at least 1.

    Returns
    -------
    numpy.ndarray of shape (..., size) and dtype float32
        Zeros, with a 1 at the number's place.

    Raises
    ------
    ValueError
        If a number is no integer or has no place in a row, or `size` is no such
        integer.

    See Also
    --------
    multi_hot : One row for a whole text.

    Examples
    --------
    >>> from dlguide import text
    >>> text.one_hot([2, 0], 4)
    array([[0., 0., 1., 0.],
           [1., 0., 0., 0.]], dtype=float32)
    """
    length = _integer("size", size, 1)
    places = _places(numbers, length)
    rows = np.zeros((*places.shape, length), dtype=np.float32)
    np.put_along_axis(rows, places[..., None], 1, axis=-1)
    return rows


def multi_hot(texts: Sequence[ArrayLike], size: int) -> NDArray[np.uint8]:
    """Write the set of a text's numbers as a row: 1 where a number occurs.

    Parameters
    ----------
    texts : sequence of array_like of int
        For each text its numbers, from 0 to ``size - 1``; as many as it has tokens.
    size : int
        Length of a row, at least 1.

    Returns
    -------
    numpy.ndarray of shape (texts, size) and dtype uint8
        A row of zeros and ones for each text. A text without tokens has a row of zeros.

    Raises
    ------
    ValueError
        If a number is no integer or has no place in a row, or `size` is no such
        integer.

    See Also
    --------
    one_hot : One row for each token.

    Examples
    --------
    >>> from dlguide import text
    >>> text.multi_hot([[1, 3, 1], []], 4)
    array([[0, 1, 0, 1],
           [0, 0, 0, 0]], dtype=uint8)
    """
    length = _integer("size", size, 1)
    rows = np.zeros((len(texts), length), dtype=np.uint8)
    for row, numbers in zip(rows, texts, strict=True):
        row[_places(numbers, length)] = 1
    return rows


class _Translation(dict[int, int | None]):
    """What becomes of a character, asked for once: punctuation goes, all else stays."""

    def __missing__(self, code: int) -> int | None:
        one = chr(code)
        gone = one in string.punctuation or unicodedata.category(one).startswith("P")
        return self.setdefault(code, None if gone else code)


_WITHOUT_PUNCTUATION = _Translation()


def _places(numbers: ArrayLike, size: int) -> NDArray[np.int64]:
    """Return numbers as an array, if all of them are places from 0 to size - 1."""
    array = np.asarray(numbers)
    if array.size == 0:
        return array.astype(np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"numbers must be integers. Received: {array.dtype}")
    outside = array[(array < 0) | (array >= size)]
    if outside.size:
        raise ValueError(f"numbers must be from 0 to {size - 1}. Received: {int(outside[0])}")
    return array.astype(np.int64)


def _integer(label: str, value: Any, at_least: int) -> int:
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < at_least:
        raise ValueError(f"{label} must be an integer of at least {at_least}. Received: {value!r}")
    return number
