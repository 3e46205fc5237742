"""Loaders for images: handwritten digits, fruit photographed in supermarkets, paintings."""

from __future__ import annotations

import gzip
import io
import operator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from dlguide.datasets import _store
from dlguide.datasets._cards import card

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Bytes: TypeAlias = NDArray[np.uint8]

_SMALLEST, _LARGEST = 8, 348  # pixels of a side; the photographs have no more

# The varieties as the file spells them, in the order of the labels, and the kind of each.
_VARIETIES = (
    *("Golden-Delicious", "Granny-Smith", "Pink-Lady", "Red-Delicious", "Royal-Gala"),
    *("Cantaloupe", "Galia-Melon", "Honeydew-Melon", "Watermelon"),
    *("Orange", "Anjou", "Conference", "Kaiser", "Satsumas"),
)
_KINDS = np.array([0] * 5 + [1] * 4 + [2] + [3] * 3 + [4], np.uint8)

# The paintings by the names that the loader takes, in the order of the card's files.
_PAINTINGS = (
    *("wheat_field_with_cypresses", "irises", "sunday_on_la_grande_jatte"),
    *("circus_sideshow", "trees_and_houses", "whalers"),
)
_FRAME = 0.03  # share of each side: some photographs show the edge of the canvas

_UNSIGNED_BYTES = b"\0\0\x08"  # the beginning of an IDX file of unsigned 8-bit numbers


def digits() -> tuple[tuple[Bytes, Bytes], tuple[Bytes, Bytes]]:
    """Load the MNIST images of handwritten digits.

    The task is to read the digit in a small grey image.

    Returns
    -------
    (x_train, y_train) : tuple of numpy.ndarray
        60,000 images for training: a uint8 array of shape (60000, 28, 28), from
        0 (paper) to 255 (ink), and a uint8 array of shape (60000,), the digits
        0 to 9.
    (x_test, y_test) : tuple of numpy.ndarray
        10,000 images for the test, in the same form.

    Raises
    ------
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* The four original files, CC BY-SA 3.0; `card` has the
    details. Shapes, types, order and values are those of `keras.datasets.mnist`.

    *Classes.* Nearly equal: from 5,421 fives to 6,742 ones among the training
    images, from 892 to 1,135 among the test images.

    *Split.* The original one. No image occurs twice, and the two sets were
    written by different people.

    References
    ----------
    .. [1] LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998). "Gradient-based
       learning applied to document recognition." *Proceedings of the IEEE*
       86(11), pages 2278-2324.

    Examples
    --------
    >>> from dlguide import datasets
    >>> (x_train, y_train), (x_test, y_test) = datasets.digits()
    >>> x_train.shape, x_train.dtype, x_test.shape
    ((60000, 28, 28), dtype('uint8'), (10000, 28, 28))
    >>> y_train[:10]
    array([5, 0, 4, 1, 9, 2, 1, 3, 1, 4], dtype=uint8)
    """
    x_train, y_train, x_test, y_test = (_idx(path) for path in _store.paths(card("digits")))
    return (x_train, y_train), (x_test, y_test)


def fruit(
    size: int = 96, labels: Literal["coarse", "fine"] = "coarse"
) -> tuple[tuple[Bytes, Bytes], tuple[Bytes, Bytes]]:
    """Load photographs of fruit in supermarkets.

    The task is to name the fruit in a colour photograph. It may lie in a pile,
    in a box beside other fruit, or in somebody's hand.

    Parameters
    ----------
    size : int, default 96
        Width and height of the pictures in pixels, from 8 to 348. A picture that is
        not square loses the ends of its longer side; what is left is then
        made smaller, with the bicubic filter.
    labels : {"coarse", "fine"}, default "coarse"
        Whether the labels are the five kinds of fruit or the fourteen varieties.

    Returns
    -------
    (x_train, y_train) : tuple of numpy.ndarray
        732 photographs for training: a uint8 array of shape (732, size, size, 3),
        red, green and blue from 0 to 255, and a uint8 array of shape (732,), the
        labels. The last 57 are the validation set of the data's authors.
    (x_test, y_test) : tuple of numpy.ndarray
        661 photographs for the test, in the same form.

    Raises
    ------
    ValueError
        If `size` is no integer from 8 to 348, or `labels` is neither of the two.
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* A part of the Grocery Store Dataset, MIT; `card` has the
    details.

    *Classes.* ``card("fruit").class_names`` are the five kinds:
    300 apples, 174 melons, 62 oranges, 108 pears and 75 satsumas to train on.
    ``card("fruit").fine_class_names`` are the fourteen varieties, kind by
    kind; 30 (Kaiser pears) to 75 (satsumas) to train on.

    *Split.* That of the data's authors. The photographs of each part are in a
    fixed random order. The 57 photographs of the validation set,
    ``x_train[-57:]``, are few, and three varieties have none (Red Delicious,
    Anjou and Kaiser). No photograph occurs twice. The best match between a test
    photograph and any of the others, by the correlation of their thumbnails, is
    another pile of oranges, so no scene was found on both sides.

    References
    ----------
    .. [1] Klasson, M., Zhang, C. and Kjellström, H. (2019). "A hierarchical grocery
       store image dataset with visual and semantic labels." *IEEE Winter
       Conference on Applications of Computer Vision*, pages 491-500.

    Examples
    --------
    >>> from dlguide import datasets
    >>> (x_train, y_train), (x_test, y_test) = datasets.fruit(size=32)
    >>> x_train.shape, x_train.dtype, x_test.shape
    ((732, 32, 32, 3), dtype('uint8'), (661, 32, 32, 3))
    >>> names = datasets.card("fruit").class_names
    >>> [names[label] for label in y_train[:4]]
    ['pear', 'melon', 'melon', 'apple']
    """
    side = _side(size)
    if labels not in ("coarse", "fine"):
        raise ValueError(f"labels must be 'coarse' or 'fine'. Received: {labels!r}")
    from pyarrow import parquet  # noqa: PLC0415  slow to import, and no other loader needs it

    (path,) = _store.paths(card("fruit"))
    rows: dict[bytes, dict[str, Any]] = {}
    for row in parquet.read_table(path).to_pylist():
        rows.setdefault(row["image_data"], row)
    # The stream of RandomState is frozen for ever; that of the newer Generator is not.
    random = np.random.RandomState(1990)
    parts: dict[str, tuple[Bytes, Bytes]] = {}
    for part in ("train", "val", "test"):
        chosen = [row for row in rows.values() if row["dataset"] == part]
        chosen = [chosen[index] for index in random.permutation(len(chosen))]
        pictures = [_photograph(row["image_data"], side) for row in chosen]
        fine = np.array([_VARIETIES.index(row["finegrained_cat"]) for row in chosen], np.uint8)
        parts[part] = np.stack(pictures), _KINDS[fine] if labels == "coarse" else fine
    train, val = parts["train"], parts["val"]
    x_train, y_train = (np.concatenate(both) for both in zip(train, val, strict=True))
    return (x_train, y_train), parts["test"]


def paintings(name: str = "wheat_field_with_cypresses") -> Bytes:
    """Load a painting of the nineteenth century.

    Six paintings that differ in their manner: strokes that swirl and strokes that lie
    side by side, dots, patches of light, and hardly any line at all.

    Parameters
    ----------
    name : str, default "wheat_field_with_cypresses"
        Which one:

        - ``"wheat_field_with_cypresses"``, Vincent van Gogh, 1889;
        - ``"irises"``, Vincent van Gogh, 1890;
        - ``"sunday_on_la_grande_jatte"``, Georges Seurat, a study of 1884;
        - ``"circus_sideshow"``, Georges Seurat, 1887-88;
        - ``"trees_and_houses"`` near the Jas de Bouffan, Paul Cézanne, 1885-86;
        - ``"whalers"``, Joseph Mallord William Turner, about 1845.

    Returns
    -------
    numpy.ndarray of shape (height, width, 3) and dtype uint8
        Red, green and blue, from 0 to 255. All are wider than high: about 560 pixels by
        380 to 450.

    Raises
    ------
    ValueError
        If there is no painting of that name.
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* The Metropolitan Museum of Art, New York, CC0; `card` has the
    details.

    *What was changed.* Three hundredths of each side are cut off, because some of the
    photographs show the edge of the canvas.

    References
    ----------
    .. [1] The Metropolitan Museum of Art (2017). "Open Access." New York. Images of
       public-domain works.

    Examples
    --------
    >>> from dlguide import datasets
    >>> datasets.paintings("irises").shape
    (447, 563, 3)
    """
    if name not in _PAINTINGS:
        choices = ", ".join(map(repr, _PAINTINGS))
        raise ValueError(f"name must be one of {choices}. Received: {name!r}")
    from PIL import Image  # noqa: PLC0415  for this loader only

    path = _store.paths(card("paintings"))[_PAINTINGS.index(name)]
    with Image.open(path, formats=["JPEG"]) as picture:
        width, height = picture.size
        left, top = round(_FRAME * width), round(_FRAME * height)
        return np.array(picture.convert("RGB").crop((left, top, width - left, height - top)))


def _side(size: int) -> int:
    try:
        side = 0 if isinstance(size, bool) else operator.index(size)
    except TypeError:
        side = 0
    if not _SMALLEST <= side <= _LARGEST:
        raise ValueError(
            f"size must be an integer from {_SMALLEST} to {_LARGEST} pixels. Received: {size!r}"
        )
    return side


def _photograph(jpeg: bytes, side: int) -> Bytes:
    """Decode a photograph and reduce its middle square to (side, side, 3)."""
    from PIL import Image  # noqa: PLC0415  for this loader only

    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        width, height = picture.size
        edge = min(width, height)
        left, top = (width - edge) // 2, (height - edge) // 2
        square = picture.convert("RGB").crop((left, top, left + edge, top + edge))
        return np.array(square.resize((side, side), Image.Resampling.BICUBIC))


def _idx(path: Path) -> Bytes:
    """Read an array of unsigned bytes from a compressed IDX file.

    The format: two zero bytes, the code of the numbers' type, the number of
    axes, the length of each axis as a 4-byte big-endian integer, the numbers.
    """
    with gzip.open(path) as stream:
        content = stream.read()
    start = 4 + 4 * content[3] if len(content) > 3 else 4
    if len(content) < start or content[:3] != _UNSIGNED_BYTES:
        raise ValueError(f"{path.name} is not an IDX file of unsigned bytes")
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    array = np.frombuffer(content, np.uint8, offset=start)
    if array.size != np.prod(shape, dtype=np.int64):
        raise ValueError(f"{path.name} holds {array.size} numbers, not those of shape {shape}")
    return array.reshape(shape).copy()  # a copy, because the bytes read cannot be changed
