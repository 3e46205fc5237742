"""Loader for images: handwritten digits in the format of their first publication."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from dlguide.datasets import _store
from dlguide.datasets._cards import card

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Bytes: TypeAlias = NDArray[np.uint8]

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
