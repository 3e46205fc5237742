from __future__ import annotations

import gzip

import numpy as np
import pytest

from dlguide import datasets
from dlguide.datasets import images

from .fingerprint import fingerprint


@pytest.fixture(scope="module")
def digits():
    return datasets.digits()


def test_shapes_types_and_ranges(digits):
    for (x, y), count in zip(digits, (60_000, 10_000), strict=True):
        assert x.shape == (count, 28, 28)
        assert y.shape == (count,)
        assert x.dtype == y.dtype == np.uint8
        assert (x.min(), x.max()) == (0, 255)


def test_classes_are_nearly_equal(digits):
    (_, y_train), (_, y_test) = digits
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_train).tolist() == counts
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_no_image_occurs_twice(digits):
    seen = {image.tobytes() for x, _ in digits for image in x}
    assert len(seen) == 70_000


def test_images_belong_to_their_labels(digits):
    (x, y), _ = digits
    ones, zeros = x[y == 1].mean(axis=0), x[y == 0].mean(axis=0)
    assert ones[14, 14] > 150 > 20 > zeros[14, 14]  # a stroke in the middle, and a hole


def test_arrays_can_be_changed(digits):
    for x, y in digits:
        assert x.flags.writeable
        assert y.flags.writeable


def test_the_set_is_the_same_for_ever(digits):
    (x_train, y_train), (x_test, y_test) = digits
    assert fingerprint(x_train, y_train, x_test, y_test) == "06b0d1f124c4e5fa"


def write(path, content):
    path.write_bytes(gzip.compress(content))
    return path


def test_an_idx_file_is_read_with_its_shape(tmp_path):
    header = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (2, 3, 4))
    array = images._idx(write(tmp_path / "three.gz", header + bytes(range(24))))
    assert array.tolist() == np.arange(24).reshape(2, 3, 4).tolist()


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0", b"\0\0\x08\x02\0\0\0\x04", b"GIF89a", b"\0\0\x0d\x01\0\0\0\0"],
    ids=["empty", "cut", "shape cut", "another format", "floating point"],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    with pytest.raises(ValueError, match="is not an IDX file of unsigned bytes"):
        images._idx(write(tmp_path / "wrong.gz", content))


@pytest.mark.parametrize("count", [0, 23, 25])
def test_a_shape_that_does_not_fit_is_refused(tmp_path, count):
    header = b"\0\0\x08\x02\0\0\0\x04\0\0\0\x06"
    with pytest.raises(ValueError, match=rf"holds {count} numbers, not those of shape \[4, 6\]"):
        images._idx(write(tmp_path / "wrong.gz", header + bytes(count)))
