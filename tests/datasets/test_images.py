from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from PIL import Image

from dlguide import datasets
from dlguide.datasets import _store, images

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


# Fruit


@pytest.fixture(scope="module")
def fruit():
    return datasets.fruit()


def test_photographs_have_their_shapes_types_and_ranges(fruit):
    for (x, y), count in zip(fruit, (732, 661), strict=True):
        assert x.shape == (count, 96, 96, 3)
        assert y.shape == (count,)
        assert x.dtype == y.dtype == np.uint8
        assert (x.min(), x.max()) == (0, 255)
        assert x.flags.writeable
        assert y.flags.writeable


def test_kinds_and_varieties_belong_together(fruit):
    (_, kinds_train), (_, kinds_test) = fruit
    (_, fine_train), (_, fine_test) = datasets.fruit(size=8, labels="fine")
    assert np.bincount(kinds_train).tolist() == [300, 174, 62, 121, 75]
    assert np.bincount(kinds_test).tolist() == [276, 153, 56, 108, 68]
    assert np.bincount(fine_train).tolist() == [
        *(51, 65, 64, 50, 70, 45, 38, 40, 51, 62, 41, 50, 30, 75),
    ]
    card = datasets.card("fruit")
    pairs = {*zip(fine_train, kinds_train, strict=True), *zip(fine_test, kinds_test, strict=True)}
    names = [(card.fine_class_names[fine], card.class_names[kind]) for fine, kind in pairs]
    assert len(names) == len(card.fine_class_names) == 14
    groups = {kind: {fine for fine, other in names if other == kind} for kind in card.class_names}
    assert [len(groups[kind]) for kind in card.class_names] == [5, 4, 1, 3, 1]
    assert groups["orange"] == {"orange"}
    assert groups["satsuma"] == {"satsuma"}
    assert groups["pear"] == {"Anjou pear", "Conference pear", "Kaiser pear"}
    assert all(("melon" in fine) == (kind == "melon") for fine, kind in names if " m" in fine)


def test_the_last_57_are_the_authors_validation_set():
    (_, fine), _ = datasets.fruit(size=8, labels="fine")
    assert np.bincount(fine[-57:], minlength=14).tolist() == [
        *(6, 6, 5, 0, 5, 6, 5, 4, 5, 5, 0, 5, 0, 5),
    ]


def test_every_split_is_shuffled(fruit):
    (_, y_train), (_, y_test) = fruit
    for labels in (y_train[:-57], y_train[-57:], y_test):
        changes = np.count_nonzero(np.diff(labels))
        assert changes > len(labels) / 2  # sorted by class there would be four


def test_colours_are_red_green_and_blue(fruit):
    (x, y), _ = fruit
    middle = x[:, 40:56, 40:56].mean(axis=(1, 2))
    red, green, blue = middle[y == 2].mean(axis=0)  # oranges
    assert red > green + 50 > blue + 100


def thumbnails(pictures):
    """Return small grey versions, of mean 0 and length 1 each."""
    small = pictures.reshape(len(pictures), 24, 4, 24, 4, 3).mean(axis=(2, 4, 5))
    small = small.reshape(len(pictures), -1)
    small -= small.mean(axis=1, keepdims=True)
    return small / np.linalg.norm(small, axis=1, keepdims=True)


def test_no_photograph_occurs_twice_and_no_scene_on_both_sides(fruit):
    (x_train, _), (x_test, _) = fruit
    assert len({picture.tobytes() for x, _ in fruit for picture in x}) == 1393
    train, test = thumbnails(x_train), thumbnails(x_test)
    mirrored = thumbnails(x_test[:, :, ::-1])
    assert (train @ test.T).max() < 0.92  # two piles of oranges; copies have .99
    assert (train @ mirrored.T).max() < 0.92
    assert (test @ test.T - np.eye(661)).max() > 0.98  # the test can fail: one scene, taken twice


def test_sizes_show_the_same_photographs(fruit):
    (x_small, y_small), _ = datasets.fruit(size=24)
    (x, y), _ = fruit
    assert x_small.shape == (732, 24, 24, 3)
    assert np.array_equal(y_small, y)
    reduced = x.reshape(732, 24, 4, 24, 4, 3).mean(axis=(2, 4))
    assert np.abs(reduced - x_small).mean() < 6


def test_photographs_are_the_same_for_ever(fruit):
    (x_train, y_train), (x_test, y_test) = fruit
    assert fingerprint(y_train, y_test) == "f54dc8f60f97fdb7"
    # Decoders of JPEG may differ in a last digit; the mean brightness of each picture does not.
    brightness = np.concatenate([x_train, x_test]).mean(axis=(1, 2, 3))
    expected = [98.54, 93.17, 100.21, 98.88, 98.5]
    np.testing.assert_allclose(brightness[[0, 500, 731, 732, 1392]], expected, atol=0.5)


@pytest.mark.parametrize("size", [7, 349, 0, -96, 96.0, "96", None, True])
def test_an_impossible_size_is_refused(size):
    with pytest.raises(ValueError, match="size must be an integer from 8 to 348 pixels"):
        datasets.fruit(size=size)


@pytest.mark.parametrize("labels", ["Coarse", "variety", None, 5])
def test_unknown_labels_are_refused(labels):
    with pytest.raises(ValueError, match="labels must be 'coarse' or 'fine'"):
        datasets.fruit(labels=labels)


def jpeg(array):
    packed = io.BytesIO()
    Image.fromarray(array).save(packed, "JPEG", quality=95)
    return packed.getvalue()


@pytest.mark.parametrize("turned", [False, True])
def test_of_an_oblong_photograph_the_middle_is_kept(turned):
    strip = np.zeros((40, 80, 3), np.uint8)
    strip[:, 20:60] = 200  # the middle square is light, the ends are dark
    picture = images._photograph(jpeg(strip.swapaxes(0, 1) if turned else strip), 20)
    assert picture.shape == (20, 20, 3)
    assert picture[2:-2, 2:-2].min() > 190


def test_a_photograph_that_is_no_jpeg_is_refused():
    with pytest.raises(OSError, match="cannot identify image file"):
        images._photograph(b"GIF89a" + bytes(100), 20)


# Paintings


@pytest.mark.parametrize("name", images._PAINTINGS)
def test_a_painting_is_a_colour_picture_wider_than_high(name):
    picture = datasets.paintings(name)
    height, width, channels = picture.shape
    assert picture.dtype == np.uint8
    assert channels == 3
    assert 370 < height < width
    assert 560 <= width <= 570
    assert picture.std() > 20


def test_the_cypresses_are_the_default_and_dark_beside_a_bright_sky():
    picture = datasets.paintings()
    np.testing.assert_array_equal(picture, datasets.paintings("wheat_field_with_cypresses"))
    height, width, _ = picture.shape
    trees = picture[height // 3 : 3 * height // 5, 4 * width // 5 : 9 * width // 10]
    sky = picture[: height // 4, : width // 3]
    assert trees.mean() < 100 < 140 < sky.mean()


def test_a_painting_has_lost_its_edges():
    card = datasets.card("paintings")
    for name, path in zip(images._PAINTINGS, _store.paths(card), strict=True):
        with Image.open(path) as opened:
            width, height = opened.size
            whole = np.array(opened.convert("RGB"))
        left, top = round(0.03 * width), round(0.03 * height)
        expected = whole[top : height - top, left : width - left]
        np.testing.assert_array_equal(datasets.paintings(name), expected)


def test_an_unknown_painting_is_refused():
    with pytest.raises(ValueError, match=r"name must be one of 'wheat_.*Received: 'mona_lisa'"):
        datasets.paintings("mona_lisa")
