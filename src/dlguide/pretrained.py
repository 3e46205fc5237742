"""What others have trained: networks on ImageNet, as Keras models, and word vectors.

`efficientnet_lite0` is a whole classifier of 1,000 classes, small and quick;
`vgg16_base` is the convolutional part of a larger and older network, whose
layers are good to look into. Both take pictures as they come from a file, red,
green and blue from 0 to 255: what the pictures need before the first
convolution is a layer of the model. `decode` puts names to the classifier's
answers. `word_vectors` gives every word of a vocabulary its GloVe vector.

The weights are fetched and kept as data sets are, see `dlguide.datasets`, and
``python -m dlguide.datasets fetch`` brings them too. They are read as numbers
only: the files are compared with a fixed SHA-256 first, and what they ask
Python to do beyond making arrays is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import operator
import pickle
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn, TypeAlias

import keras
import numpy as np

from dlguide.datasets import _cards, _store

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from dlguide.datasets._cards import DatasetCard

__all__ = [
    "Guess",
    "WordVectors",
    "card",
    "cards",
    "decode",
    "efficientnet_lite0",
    "imagenet_classes",
    "vgg16_base",
    "word_vectors",
]

Size: TypeAlias = int | tuple[int | None, int | None] | None

_SMALLEST = 32  # pixels: both networks halve a picture five times
_CLASSES = 1000

# EfficientNet-Lite0's blocks: (repeats, kernel, stride of the first, expansion, channels).
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
# VGG16's blocks: (convolutions, channels).
_VGG_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))

# Mean and standard deviation of ImageNet's red, green and blue, of pictures from 0 to 1.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def efficientnet_lite0(
    size: Size = 224,
    *,
    include_top: bool = True,
    weights: Literal["imagenet"] | None = "imagenet",
    name: str = "efficientnet_lite0",
) -> keras.Model:
    """Build EfficientNet-Lite0, with what it has learned from ImageNet.

    A batch of pictures ``(batch, height, width, 3)``, from 0 to 255, is brought to
    the range from -1 to 1. A first convolution of stride 2 leaves
    ``(batch, height / 2, width / 2, 32)``. Sixteen inverted residual blocks follow,
    each of which widens its input sixfold, filters every channel by itself and
    projects the result to few channels again; four of them have stride 2, so that
    they end with ``(batch, height / 32, width / 32, 320)``. A convolution of size 1
    makes 1,280 channels of that. The top takes the mean over the picture, drops a
    fifth of it in training, and ends in a softmax, ``(batch, 1000)``.

    Parameters
    ----------
    size : int, tuple of int or None, default 224
        Height and width of the pictures in pixels: one number for both, a pair
        (height, width), or None, alone or within the pair, for any. At least 32; the
        network was trained at 224.
    include_top : bool, default True
        Whether to end in the 1,000 classes, or with the feature maps below.
    weights : {"imagenet", None}, default "imagenet"
        The learned weights, or None for random ones to begin from.
    name : str, default "efficientnet_lite0"
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, 3)`` to ``(batch, 1000)``, float32
        probabilities, or without the top to ``(batch, height / 32, width / 32, 1280)``,
        between 0 and 6; sizes are rounded up.

        Layers are called ``rescale``; ``stem_conv``, ``stem_norm``, ``stem_relu``; in
        the blocks ``block0`` to ``block15``, counted as in the file of the weights,
        ``block1_expand_conv``, ``block1_expand_norm``, ``block1_expand_relu``,
        ``block1_depthwise_conv`` (with ``_norm`` and ``_relu``), ``block1_project_conv``,
        ``block1_project_norm``, and ``block2_add`` where a block adds its input;
        ``head_conv``, ``head_norm``, ``head_relu``; and ``pool``, ``dropout``,
        ``output``. ``block0`` has no expansion.

    Raises
    ------
    ValueError
        If a size is no integer of at least 32, or `weights` is unknown.
    DataNotAvailableError
        If the weights are neither in the cache nor to be fetched.

    See Also
    --------
    decode : The names that belong to the classifier's answers.
    card : The source, licence and checksums of the weights.

    Notes
    -----
    Pictures from 0 to 1 look black to the network, and its answers are then
    meaningless; nothing warns of it. Without squeeze-and-excitation and with ReLU6
    in place of swish, Lite0 differs from EfficientNet-B0 as in its published
    code.

    References
    ----------
    Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural
    networks", ICML (2019). The blocks: Sandler et al., "MobileNetV2: inverted residuals
    and linear bottlenecks", CVPR (2018). The data: Russakovsky et al., "ImageNet
    large scale visual recognition challenge", IJCV 115 (2015).

    Examples
    --------
    >>> from dlguide import pretrained
    >>> classifier = pretrained.efficientnet_lite0()
    >>> classifier.input_shape, classifier.output_shape, classifier.count_params()
    ((None, 224, 224, 3), (None, 1000), 4694024)
    >>> base = pretrained.efficientnet_lite0((96, 128), include_top=False)
    >>> base.output_shape
    (None, 3, 4, 1280)
    """
    inputs = keras.Input((*_height_and_width(size), 3), name="pictures")
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="rescale")(inputs)
    x = _normed(x, keras.layers.Conv2D(32, 3, 2, "same", use_bias=False, name="stem_conv"))
    number, channels = 0, 32
    for repeats, kernel, stride, expansion, filters in _STAGES:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            x = _block(x, f"block{number}", channels, kernel, step, expansion, filters)
            number, channels = number + 1, filters
    x = _normed(x, keras.layers.Conv2D(1280, 1, use_bias=False, name="head_conv"))
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)  # (batch, 1280)
        x = keras.layers.Dropout(0.2, name="dropout")(x)
        x = keras.layers.Dense(_CLASSES, "softmax", dtype="float32", name="output")(x)
    model = keras.Model(inputs, x, name=name)
    if _wanted(weights):
        _fill_efficientnet(model, _torch_tensors(_content("efficientnet_lite0")))
    return model


def vgg16_base(
    size: Size = 224,
    *,
    pooling: Literal["max", "average"] = "max",
    weights: Literal["imagenet"] | None = "imagenet",
    name: str = "vgg16_base",
) -> keras.Model:
    """Build the convolutional part of VGG16, with what it has learned from ImageNet.

    A batch of pictures ``(batch, height, width, 3)``, from 0 to 255, is normalised
    with the mean and the deviation of ImageNet's colours. Five blocks of two or three
    convolutions of size 3 follow, with 64, 128, 256, 512 and 512 channels; each
    block ends by halving height and width, the last with
    ``(batch, height / 32, width / 32, 512)``.

    Parameters
    ----------
    size : int, tuple of int or None, default 224
        Height and width of the pictures in pixels: one number for both, a pair
        (height, width), or None, alone or within the pair, for any. At least 32; the
        network was trained at 224.
    pooling : {"max", "average"}, default "max"
        How a block halves its maps. The network was trained with the maximum; the
        average gives smoother pictures where an image is made by following
        gradients, as in style transfer.
    weights : {"imagenet", None}, default "imagenet"
        The learned weights, or None for random ones to begin from.
    name : str, default "vgg16_base"
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, 3)`` to
        ``(batch, height / 32, width / 32, 512)``, not negative; sizes are rounded down.

        Layers are called ``normalise``; ``block1_conv1``, ``block1_relu1``,
        ``block1_conv2``, ``block1_relu2``, ``block1_pool`` and so on to
        ``block5_pool``. A convolution is a layer of its own, before the ReLU
        that follows it, so ``block4_conv3`` is linear and may be negative;
        what Keras and most papers call by that name is ``block4_relu3`` here.

    Raises
    ------
    ValueError
        If a size is no integer of at least 32, or `pooling` or `weights` is unknown.
    DataNotAvailableError
        If the weights are neither in the cache nor to be fetched.

    See Also
    --------
    efficientnet_lite0 : A smaller and quicker network, with its classifier.
    card : The source, licence and checksums of the weights.

    References
    ----------
    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image
    recognition", ICLR (2015). These weights: Zhang et al., "The unreasonable
    effectiveness of deep features as a perceptual metric", CVPR (2018). Average
    pooling: Gatys, Ecker and Bethge, "Image style transfer using convolutional
    neural networks", CVPR (2016).

    Examples
    --------
    >>> from dlguide import pretrained
    >>> base = pretrained.vgg16_base(160, pooling="average")
    >>> base.output_shape, base.count_params()
    ((None, 5, 5, 512), 14714688)
    """
    pools = {
        "max": keras.layers.MaxPooling2D,
        "average": keras.layers.AveragePooling2D,
    }
    if pooling not in pools:
        raise ValueError(f"pooling must be 'max' or 'average'. Received: {pooling!r}")
    inputs = keras.Input((*_height_and_width(size), 3), name="pictures")
    x = keras.layers.Rescaling(
        [1 / (255 * deviation) for deviation in _DEVIATION],
        offset=[-mean / deviation for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)],
        name="normalise",
    )(inputs)
    for block, (convolutions, filters) in enumerate(_VGG_BLOCKS, start=1):
        for number in range(1, convolutions + 1):
            convolution = f"block{block}_conv{number}"
            x = keras.layers.Conv2D(filters, 3, padding="same", name=convolution)(x)
            x = keras.layers.ReLU(name=f"block{block}_relu{number}")(x)
        x = pools[pooling](2, name=f"block{block}_pool")(x)
    model = keras.Model(inputs, x, name=name)
    if _wanted(weights):
        _fill_vgg16(model, _numpy_arrays(_content("vgg16_base"))["VGG16_0"])
    return model


class Guess(NamedTuple):
    """One class that a classifier considers, as `decode` returns it.

    Parameters
    ----------
    number : int
        The number of the class, from 0 to 999.
    name : str
        Its English name; two names belong to two classes each.
    probability : float
        What the classifier gives for it.
    """

    number: int
    name: str
    probability: float


def decode(probabilities: ArrayLike, top: int = 5) -> list[list[Guess]]:
    """Name the classes that a classifier of ImageNet finds most likely.

    Parameters
    ----------
    probabilities : array_like of shape (batch, 1000)
        What the classifier gave for each picture.
    top : int, default 5
        How many classes to name for each picture, from 1 to 1,000.

    Returns
    -------
    list of list of Guess
        For each picture its likeliest classes, the likeliest first, each with
        ``number``, ``name`` and ``probability``; of equals the lower number first.

    Raises
    ------
    ValueError
        If the array has another shape, or `top` is no such integer.

    Examples
    --------
    >>> import numpy as np
    >>> from dlguide import pretrained
    >>> sure = np.zeros((1, 1000))
    >>> sure[0, 282] = 1
    >>> pretrained.decode(sure, top=1)
    [[Guess(number=282, name='tiger cat', probability=1.0)]]
    """
    rows = np.asarray(probabilities, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != _CLASSES:
        raise ValueError(
            f"probabilities must have shape (batch, {_CLASSES}). Received: shape {rows.shape}"
        )
    number = _integer("top", top, 1)
    if number > _CLASSES:
        raise ValueError(f"top must be at most {_CLASSES}. Received: {top!r}")
    names = imagenet_classes()
    best = np.argsort(-rows, axis=1, kind="stable")[:, :number]
    return [
        [Guess(int(index), names[index], float(row[index])) for index in order]
        for row, order in zip(rows, best, strict=True)
    ]


def imagenet_classes() -> tuple[str, ...]:
    """Return the names of ImageNet's 1,000 classes.

    Returns
    -------
    tuple of str
        The first of the names of each class, in the order of the classes' numbers.
        *crane*, the bird and the machine, and *maillot* occur twice, so the number
        is what identifies a class.

    Raises
    ------
    DataNotAvailableError
        If the names are neither in the cache nor to be fetched.

    See Also
    --------
    decode : Name the classes that a classifier finds most likely.

    References
    ----------
    Russakovsky et al., "ImageNet large scale visual recognition challenge", IJCV
    115 (2015).

    Examples
    --------
    >>> from dlguide import pretrained
    >>> names = pretrained.imagenet_classes()
    >>> len(names), names[948], names[950]
    (1000, 'Granny Smith', 'orange')
    """
    names = json.loads(_content("imagenet_classes"))
    return tuple(names[str(number)].partition(",")[0] for number in range(_CLASSES))


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors, with the directions among them.

    Parameters
    ----------
    words : tuple of str
        The words, in the order of the rows.
    matrix : numpy.ndarray of shape (words, 50) and dtype float32
        A row for each word; zeros for words that were not found.
    found : numpy.ndarray of shape (words,) and dtype bool
        Which words were found in the file.

    See Also
    --------
    word_vectors : Load them.

    Examples
    --------
    >>> from dlguide import pretrained
    >>> vectors = pretrained.word_vectors(["good", "bad", "", "[UNK]"])
    >>> vectors.matrix.shape, vectors.found.tolist(), vectors.coverage
    ((4, 50), [True, True, False, False], 0.5)
    """

    words: tuple[str, ...]
    matrix: NDArray[np.float32]
    found: NDArray[np.bool_]

    @property
    def coverage(self) -> float:
        """The share of the words that were found."""
        return float(self.found.mean()) if self.found.size else 0.0

    def neighbours(
        self, word: str | ArrayLike, top: int = 10, *, without: Sequence[str] = ()
    ) -> list[tuple[str, float]]:
        """Return the words whose vectors point most nearly the same way.

        Parameters
        ----------
        word : str or array_like of shape (50,)
            A word, which is then not its own neighbour, or a vector.
        top : int, default 10
            How many words to return, at least 1; fewer if there are no more.
        without : sequence of str, optional
            Words to leave out.

        Returns
        -------
        list of tuple of (str, float)
            Words and the cosines of the angles between their vectors and the given one, the
            nearest word first. Words that were not found are nobody's neighbours.

        Raises
        ------
        ValueError
            If the word was not found, if the vector has another shape or is all zeros, or if
            `top` is no such integer.
        """
        count = _integer("top", top, 1)
        left_out = {*without, *([word] if isinstance(word, str) else [])}
        target = self._vector(word) if isinstance(word, str) else np.asarray(word, np.float32)
        if target.shape != self.matrix.shape[1:]:
            raise ValueError(
                f"the vector must have shape {self.matrix.shape[1:]}. "
                f"Received: shape {target.shape}"
            )
        length = np.linalg.norm(target)
        if not length > 0:
            raise ValueError("a vector of zeros points nowhere. Received: zeros")
        cosines = self._directions @ (target / length).astype(np.float32)
        allowed = self.found.copy()
        allowed[[self._places[one] for one in left_out if one in self._places]] = False
        cosines[~allowed] = -np.inf
        count = min(count, int(allowed.sum()))
        nearest = np.argpartition(-cosines, count - 1)[:count] if count else np.arange(0)
        order = nearest[np.argsort(-cosines[nearest], kind="stable")]
        return [(self.words[place], float(cosines[place])) for place in order]

    def analogy(self, first: str, second: str, third: str, top: int = 5) -> list[tuple[str, float]]:
        """Return the words that are to `third` as `second` is to `first`.

        Parameters
        ----------
        first, second, third : str
            Three words that were found, such as "man", "king", "woman".
        top : int, default 5
            How many words to return, at least 1.

        Returns
        -------
        list of tuple of (str, float)
            The `neighbours` of the sum of the directions of `second` and `third` minus that
            of `first`, the three words left out. With them, the nearest would often be
            `third` itself or `second`.

        Raises
        ------
        ValueError
            If a word was not found, or `top` is no such integer.

        References
        ----------
        Mikolov, Yih and Zweig, "Linguistic regularities in continuous space word
        representations", NAACL-HLT (2013).
        """
        rows = np.stack([self._vector(word) for word in (first, second, third)])
        start, end, other = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return self.neighbours(end - start + other, top, without=(first, second, third))

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        return self._vector(word)

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"<WordVectors: {len(self):,} words, {self.coverage:.1%} found>"

    def _vector(self, word: str) -> NDArray[np.float32]:
        place = self._places.get(word)
        if place is None or not self.found[place]:
            raise ValueError(f"there is no vector of this word. Received: {word!r}")
        row: NDArray[np.float32] = self.matrix[place]
        return row

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    @cached_property
    def _directions(self) -> NDArray[np.float32]:
        """The rows at length 1, and zeros where nothing was found."""
        lengths = np.linalg.norm(self.matrix, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        unit: NDArray[np.float32] = (self.matrix / lengths).astype(np.float32, copy=False)
        return unit


def word_vectors(vocabulary: Sequence[str] | int | None = None) -> WordVectors:
    """Return the GloVe vectors of words: 50 numbers each, learned from running English.

    Words that stand near the same other words got vectors that point in nearly the
    same direction; nobody told the method what a word means.

    Parameters
    ----------
    vocabulary : sequence of str or int, optional
        The words, in the order in which their rows shall come: a list, a
        `dlguide.text.Vocabulary`, or what Keras's ``get_vocabulary`` returns. A number
        stands for that many of the most frequent words of the file. By default all
        400,000.

    Returns
    -------
    WordVectors
        The words, their ``matrix`` of shape ``(len(vocabulary), 50)`` and dtype float32,
        and which of them were ``found``. Other words have a row of zeros. The
        matrix is an array of its own, ready to start an ``Embedding`` layer with.

    Raises
    ------
    ValueError
        If the number is not one of 1 to 400,000, or the vocabulary is a single string.
    DataNotAvailableError
        If the vectors are neither in the cache nor to be fetched.

    See Also
    --------
    card : The source, licence and checksums of the vectors.

    Notes
    -----
    The words are in lower case and were cut as newswires are: "don't" stands there as
    ``do`` and ``n't``, so ``dont`` is only a rare misspelling. Signs such as ``,`` and
    ``?`` have vectors, and so have numbers such as ``1.3775``.

    The file is opened in memory and only the rows that are asked for are read.

    References
    ----------
    Pennington, Socher and Manning, "GloVe: global vectors for word representation", EMNLP
    (2014).

    Examples
    --------
    >>> from dlguide import pretrained
    >>> vectors = pretrained.word_vectors(50_000)
    >>> [word for word, cosine in vectors.neighbours("frog", 3)]
    ['snake', 'ape', 'toad']
    >>> [word for word, cosine in vectors.analogy("man", "king", "woman", 2)]
    ['queen', 'throne']
    """
    from pyarrow import parquet  # noqa: PLC0415  slow to import, and needed for nothing else

    matrix_path, index_path = _store.paths(card("word_vectors"))
    known = parquet.read_table(index_path).column("index").to_pylist()
    stored = np.load(matrix_path, mmap_mode="r", allow_pickle=False)
    words: Sequence[str] = known
    if isinstance(vocabulary, str):
        raise ValueError(f"vocabulary must be a list of words. Received: {vocabulary!r}")
    if isinstance(vocabulary, Iterable):
        words = [*map(str, vocabulary)]
    elif vocabulary is not None:
        words = known[: _integer("vocabulary", vocabulary, 1)]
        if vocabulary > len(known):
            raise ValueError(f"vocabulary must be at most {len(known)}. Received: {vocabulary!r}")
    place = {word: number for number, word in enumerate(known)}
    rows = np.array([place.get(word, -1) for word in words], dtype=np.int64)
    found = rows >= 0
    matrix = np.zeros((len(words), stored.shape[1]), dtype=np.float32)
    matrix[found] = stored[rows[found]]
    return WordVectors(tuple(words), matrix, found)


def cards() -> tuple[DatasetCard, ...]:
    """Return the cards of all that this module reads from files.

    Returns
    -------
    tuple of DatasetCard
        One card for each: source, licence, what to cite, checksums.

    See Also
    --------
    card : One of them.

    Examples
    --------
    >>> from dlguide import pretrained
    >>> [card.name for card in pretrained.cards()]
    ['efficientnet_lite0', 'vgg16_base', 'imagenet_classes', 'word_vectors']
    """
    return tuple(one for one in _cards.registered() if one.module == "pretrained")


def card(name: str) -> DatasetCard:
    """Return the card of a pretrained network, of the classes' names or of the word vectors.

    The card says where they come from, under which licence, what to cite,
    and by which checksum they are known.

    Parameters
    ----------
    name : str
        The name of the function that reads them.

    Returns
    -------
    DatasetCard
        The card.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> from dlguide import pretrained
    >>> pretrained.card("efficientnet_lite0").licence
    'Apache 2.0'
    """
    return _cards.find(name, cards())


# Building


def _normed(x: Any, convolution: keras.layers.Layer, *, relu: bool = True) -> Any:
    """Convolve, normalise over the batch and, unless told not to, cut off below 0 and above 6."""
    stem = convolution.name.removesuffix("_conv")
    x = keras.layers.BatchNormalization(epsilon=1e-3, name=f"{stem}_norm")(convolution(x))
    return keras.layers.ReLU(6.0, name=f"{stem}_relu")(x) if relu else x


def _block(
    inputs: Any, name: str, channels: int, kernel: int, stride: int, expansion: int, filters: int
) -> Any:
    """Widen, filter each channel by itself, and project to few channels: MobileNetV2's block."""
    x = inputs
    if expansion > 1:
        wide = channels * expansion
        conv = keras.layers.Conv2D(wide, 1, use_bias=False, name=f"{name}_expand_conv")
        x = _normed(x, conv)
    conv = keras.layers.DepthwiseConv2D(
        kernel, stride, "same", use_bias=False, name=f"{name}_depthwise_conv"
    )
    x = _normed(x, conv)
    conv = keras.layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project_conv")
    x = _normed(x, conv, relu=False)
    if stride == 1 and filters == channels:
        x = keras.layers.Add(name=f"{name}_add")([x, inputs])
    return x


def _height_and_width(size: Size) -> tuple[int | None, int | None]:
    """Return both sides of the pictures, None where any will do."""
    pair = size if isinstance(size, Sequence) and not isinstance(size, str) else (size, size)
    if len(pair) != 2:
        raise ValueError(f"size must be one number or (height, width). Received: {size!r}")
    height, width = (
        None if side is None else _integer("size", side, _SMALLEST, shown=size) for side in pair
    )
    return height, width


def _integer(label: str, value: Any, at_least: int, shown: Any = None) -> int:
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < at_least:
        received = value if shown is None else shown
        raise ValueError(
            f"{label} must be an integer of at least {at_least}. Received: {received!r}"
        )
    return number


def _wanted(weights: str | None) -> bool:
    if weights not in ("imagenet", None):
        raise ValueError(f"weights must be 'imagenet' or None. Received: {weights!r}")
    return weights is not None


# Filling in weights


def _fill_efficientnet(model: keras.Model, tensors: dict[str, NDArray[Any]]) -> None:
    """Give every layer its tensors; complain about a missing, misshapen or unused one."""
    left = dict(tensors)
    for layer in model.layers:
        if layer.weights:
            arrays = [_keras_axes(left.pop(key, None), key) for key in _torch_names(layer.name)]
            _set_weights(layer, arrays)
        if layer.name.endswith("_norm"):  # how many batches it has seen, of no further use
            left.pop(_torch_names(layer.name)[0].replace("weight", "num_batches_tracked"), None)
    unused = left.keys() - ({"_fc.weight", "_fc.bias"} if len(model.output_shape) == 4 else set())
    if unused:
        raise ValueError(f"tensors that belong to no layer. Received: {sorted(unused)}")


def _torch_names(layer: str) -> list[str]:
    """Return what the file calls the weights of a layer, in the order of Keras."""
    part, _, rest = layer.partition("_")
    norm = ["weight", "bias", "running_mean", "running_var"]
    if layer == "output":
        return ["_fc.weight", "_fc.bias"]
    if part in ("stem", "head"):
        number = {"stem": 0, "head": 1}[part]
        return (
            [f"_conv_{part}.weight"] if rest == "conv" else [f"_bn{number}.{key}" for key in norm]
        )
    step, _, kind = rest.rpartition("_")
    where = f"_blocks.{part.removeprefix('block')}."
    if kind == "conv":
        return [f"{where}_{step}_conv.weight"]
    number = {"expand": 0, "depthwise": 1, "project": 2}[step]
    return [f"{where}_bn{number}.{key}" for key in norm]


def _keras_axes(tensor: NDArray[Any] | None, name: str) -> NDArray[Any] | None:
    """Order a tensor's axes as Keras has them."""
    if tensor is None:
        return None
    if name.endswith("depthwise_conv.weight"):
        return tensor.transpose(2, 3, 0, 1)  # (channels, 1, height, width)
    if tensor.ndim == 4:
        return tensor.transpose(2, 3, 1, 0)  # (out, in, height, width)
    return tensor.T


def _fill_vgg16(model: keras.Model, network: dict[str, dict[str, NDArray[Any]]]) -> None:
    left = {name: dict(arrays) for name, arrays in network.items()}
    convolutions = [layer for layer in model.layers if layer.weights]
    for number, layer in enumerate(convolutions):
        arrays = left.get(f"Conv_{number}", {})
        _set_weights(layer, [arrays.pop("kernel", None), arrays.pop("bias", None)])
    unused = [f"{name}.{key}" for name, arrays in left.items() for key in arrays]
    if unused:
        raise ValueError(f"arrays that belong to no layer. Received: {sorted(unused)}")


def _set_weights(layer: keras.layers.Layer, arrays: list[NDArray[Any] | None]) -> None:
    expected = [tuple(weight.shape) for weight in layer.weights]
    found = [None if array is None else array.shape for array in arrays]
    if expected != found:
        raise ValueError(f"layer {layer.name} needs arrays of shapes {expected}. Received: {found}")
    layer.set_weights(arrays)


# Reading the files


def _content(name: str) -> bytes:
    """Return the bytes of a file, which are those of its card to the last bit."""
    one = card(name)
    (member,), (path,) = one.members, _store.paths(one)
    content = path.read_bytes()
    # The store has checked the file; these are the bytes that are going to be read.
    if hashlib.sha256(content).hexdigest() != member.sha256:
        raise ValueError(f"{path.name} changed while it was being read; try again")
    return content


class _Storage(NamedTuple):
    """Where a tensor's numbers are: the key, type and length of a storage of the file."""

    key: str
    dtype: np.dtype[Any]
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage,
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: bool,  # noqa: ARG001  # what the file passes
    hooks: object,  # noqa: ARG001
) -> _Tensor:
    """Stand in for the function of PyTorch that the file names."""
    return _Tensor(storage, offset, shape, stride)


class _TorchUnpickler(pickle.Unpickler):
    """Read the pickles of PyTorch's first format, which may make tensors and nothing else."""

    _ALLOWED = {  # noqa: RUF012  # a constant
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
    }

    def find_class(self, module: str, name: str) -> Any:
        return _allowed(self._ALLOWED, module, name)

    def persistent_load(self, saved: Any) -> _Storage:
        kind, dtype, key, _, count, view = saved
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError(f"storage of a kind that is not read: {saved!r}")
        return _Storage(key, dtype, count)


class _ArrayUnpickler(pickle.Unpickler):
    """Read a pickle of dictionaries of NumPy arrays, which may make these and nothing else."""

    _ALLOWED = {  # noqa: RUF012  # a constant
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        return _allowed(self._ALLOWED, module, name)


def _allowed(allowed: dict[tuple[str, str], Any], module: str, name: str) -> Any:
    if (module, name) not in allowed:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which weights do not need")
    return allowed[module, name]


_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # how PyTorch's first format begins
_FAULTS = (  # what pickle raises for bytes that make no sense
    *(ArithmeticError, AttributeError, EOFError, ImportError, LookupError, MemoryError),
    *(TypeError, ValueError, pickle.UnpicklingError),
)


def _torch_tensors(content: bytes) -> dict[str, NDArray[Any]]:
    """Read a file of PyTorch's first format: pickles, then the numbers of all storages.

    The pickles are a magic number, the version, facts about the machine, the
    tensors without their numbers, and the keys of the storages. For each key
    follow the number of its elements, as 8 bytes, and the elements.
    """
    stream = io.BytesIO(content)
    try:
        beginning = _TorchUnpickler(stream).load(), _TorchUnpickler(stream).load()
        if beginning != (_MAGIC, _PROTOCOL):
            _refuse("it does not begin as one")
        machine = _TorchUnpickler(stream).load()
        if machine["little_endian"] is not True:
            _refuse("its numbers are not little-endian")
        tensors = dict(_TorchUnpickler(stream).load())
        storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        numbers = {}
        for key in _TorchUnpickler(stream).load():
            dtype, count = storages[key].dtype, storages[key].size
            if int.from_bytes(stream.read(8), "little") != count:
                _refuse(f"storage {key} has another size than its tensor says")
            numbers[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype, count)
        if stream.read(1):
            _refuse("something follows the last storage")
        return {name: _array(tensor, numbers) for name, tensor in tensors.items()}
    except _FAULTS as error:
        raise ValueError(
            f"this is no file of weights of PyTorch's first format: {error}"
        ) from error


def _array(tensor: _Tensor, numbers: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Gather a tensor's numbers from its storage, where its axes lie in any order."""
    if tensor.offset < 0 or min(tensor.stride, default=0) < 0:
        _refuse(f"a tensor begins at {tensor.offset} and has strides {tensor.stride}")
    where = np.full(tensor.shape, tensor.offset)
    for axis, step in zip(np.indices(tensor.shape, sparse=True), tensor.stride, strict=True):
        where += axis * step
    array: NDArray[Any] = numbers[tensor.storage.key][where]
    return array


def _numpy_arrays(content: bytes) -> dict[str, dict[str, dict[str, NDArray[Any]]]]:
    """Read a pickle of networks, for each its layers, and for each layer its arrays by name."""
    stream = io.BytesIO(content)
    try:
        networks = _ArrayUnpickler(stream).load()
        if stream.read(1):
            _refuse("something follows the arrays")
        for layers in networks.values():
            for arrays in layers.values():
                for array in arrays.values():
                    if not isinstance(array, np.ndarray) or array.dtype != np.dtype("<f4"):
                        _refuse("it holds something other than arrays of float32")
    except _FAULTS as error:
        raise ValueError(f"this is no pickle of a network's arrays: {error}") from error
    return dict(networks)


def _refuse(reason: str) -> NoReturn:
    raise pickle.UnpicklingError(reason)
