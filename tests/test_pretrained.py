"""Networks from files: what they answer, and what the readers of the files refuse."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import subprocess
import sys
from collections import OrderedDict

import keras
import numpy as np
import pytest
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_image

from dlguide import pretrained, text
from dlguide.datasets import DataNotAvailableError, _store


@pytest.fixture(scope="module")
def lite0():
    return pretrained.efficientnet_lite0()


@pytest.fixture(scope="module")
def torch_file():
    return pretrained._content("efficientnet_lite0")


@pytest.fixture(scope="module")
def numpy_file():
    return pretrained._content("vgg16_base")


def middle(picture, size=224):
    """Return the middle 7/8 of a picture, as the network was tested with."""
    edge = int(0.875 * min(picture.shape[:2]))
    top, left = (picture.shape[0] - edge) // 2, (picture.shape[1] - edge) // 2
    square = Image.fromarray(picture[top : top + edge, left : left + edge])
    return np.array(square.resize((size, size), Image.Resampling.BICUBIC))


# EfficientNet-Lite0


PICTURES = [
    # name, class, probability, how far one pixel more or less of the margin moves it
    ("chelsea", 282, 0.387, 0.02),
    ("coffee", 967, 0.951, 0.02),
    ("astronaut", 560, 0.166, 0.02),
    ("china.jpg", 698, 0.359, 0.02),
    ("flower.jpg", 985, 0.318, 0.02),
    ("rocket", 657, 0.274, 0.06),
]


@pytest.mark.parametrize(("name", "number", "probability", "margin"), PICTURES)
def test_known_pictures_get_their_known_answers(lite0, name, number, probability, margin):
    picture = load_sample_image(name) if name.endswith(".jpg") else getattr(data, name)()
    (guesses,) = pretrained.decode(lite0(middle(picture)[None], training=False))
    assert guesses[0].number == number
    assert guesses[0].probability == pytest.approx(probability, abs=margin)


def test_the_second_guess_for_the_cat_is_a_cat_too(lite0):
    (guesses,) = pretrained.decode(lite0(middle(data.chelsea())[None], training=False), top=2)
    assert [guess.name for guess in guesses] == ["tiger cat", "Egyptian cat"]
    assert guesses[1].probability == pytest.approx(0.361, abs=0.02)


def test_pictures_go_in_as_bytes_or_as_numbers(lite0):
    picture = middle(data.coffee())[None]
    np.testing.assert_array_equal(
        lite0.predict(picture, verbose=0), lite0.predict(picture.astype("float32"), verbose=0)
    )


def test_the_range_of_what_enters_the_stem_is_right(lite0):
    """The stem's variance over the variance that it remembers is near one."""
    stem = keras.Model(lite0.input, lite0.get_layer("stem_conv").output)
    pictures = np.stack([middle(data.chelsea()), middle(data.coffee()), middle(data.rocket())])
    variance = np.asarray(stem(pictures, training=False)).var(axis=(0, 1, 2))
    remembered = np.asarray(lite0.get_layer("stem_norm").moving_variance)
    alive = remembered > 1e-6  # some channels of the stem are dead
    assert alive.sum() > 20
    # With the mean and deviation of other networks it would be five times as much.
    assert 0.3 < np.median(variance[alive] / remembered[alive]) < 1.5


def test_layers_are_those_of_the_docstring(lite0):
    names = {layer.name for layer in lite0.layers}
    for name in (
        *("rescale", "stem_conv", "stem_norm", "stem_relu", "block0_depthwise_conv"),
        *("block1_expand_conv", "block1_expand_norm", "block1_expand_relu"),
        *("block1_depthwise_norm", "block1_depthwise_relu", "block1_project_conv"),
        *("block1_project_norm", "block2_add", "block15_project_norm"),
        *("head_conv", "head_norm", "head_relu", "pool", "dropout", "output"),
    ):
        assert name in names
    assert not {"block0_expand_conv", "block0_add", "block1_add", "block16_project_conv"} & names
    halving = [layer.name for layer in lite0.layers if getattr(layer, "strides", 1) == (2, 2)]
    assert halving == [
        "stem_conv",
        *(f"block{n}_depthwise_conv" for n in (1, 3, 5, 11)),
    ]


@pytest.mark.parametrize("size", [32, 33, (64, 96), (100, None), None])
def test_any_size_from_32_on_works(size):
    base = pretrained.efficientnet_lite0(size, include_top=False, weights=None)
    height, width = (96, 65) if size is None else size if isinstance(size, tuple) else (size, size)
    pictures = np.zeros((2, height, width or 50, 3), "uint8")
    rows, columns = -(-height // 32), -(-(width or 50) // 32)
    assert base(pictures).shape == (2, rows, columns, 1280)


def test_without_the_top_the_maps_are_those_below_it(lite0):
    base = pretrained.efficientnet_lite0(include_top=False)
    below = keras.Model(lite0.input, lite0.get_layer("head_relu").output)
    picture = middle(data.coffee())[None]
    maps = np.asarray(base(picture, training=False))
    np.testing.assert_array_equal(maps, below(picture, training=False))
    assert maps.min() == 0
    assert 1 < maps.max() <= 6


def test_random_weights_are_random_and_need_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("DLGUIDE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DLGUIDE_OFFLINE", "1")
    first, second = (pretrained.efficientnet_lite0(64, weights=None) for _ in range(2))
    kernels = [model.get_layer("stem_conv").get_weights()[0] for model in (first, second)]
    assert not np.array_equal(*kernels)


def test_every_tensor_of_the_file_is_used(torch_file):
    tensors = pretrained._torch_tensors(torch_file)
    model = pretrained.efficientnet_lite0(weights=None)
    counted = sum(a.size for key, a in tensors.items() if not key.endswith("batches_tracked"))
    assert counted == model.count_params() == 4_694_024
    pretrained._fill_efficientnet(model, tensors)
    ours = np.sort(np.concatenate([np.ravel(w) for w in model.get_weights()]))
    theirs = np.concatenate([a.ravel() for a in tensors.values() if a.dtype == np.float32])
    np.testing.assert_array_equal(ours, np.sort(theirs))


def test_a_tensor_too_many_or_too_few_or_of_another_shape_is_refused(torch_file):
    tensors = pretrained._torch_tensors(torch_file)
    model = pretrained.efficientnet_lite0(weights=None)
    with pytest.raises(ValueError, match=r"belong to no layer. Received: \['extra'\]"):
        pretrained._fill_efficientnet(model, {**tensors, "extra": np.zeros(3, "float32")})
    less = {key: a for key, a in tensors.items() if key != "_blocks.3._expand_conv.weight"}
    with pytest.raises(ValueError, match="layer block3_expand_conv needs arrays of shapes"):
        pretrained._fill_efficientnet(model, less)
    with pytest.raises(ValueError, match="layer stem_norm needs arrays of shapes"):
        pretrained._fill_efficientnet(model, {**tensors, "_bn0.bias": np.zeros(7, "float32")})


# VGG16


def test_vgg16_computes_what_kerass_own_computes():
    ours = pretrained.vgg16_base((64, 96))
    theirs = keras.applications.VGG16(weights=None, include_top=False, input_shape=(64, 96, 3))
    theirs.set_weights(ours.get_weights())
    picture = data.chelsea()[None, 100:164, 150:246]
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    normalised = ((picture / 255 - mean) / deviation).astype("float32")
    features = np.asarray(ours(picture, training=False))
    np.testing.assert_allclose(features, theirs(normalised, training=False), rtol=1e-3, atol=1e-4)
    assert features.max() > 5  # a network with other weights is silent, or knows no bounds
    assert 0.02 < (features > 0).mean() < 0.6
    for block, number in ((1, 1), (4, 3)):
        inner = keras.Model(ours.input, ours.get_layer(f"block{block}_relu{number}").output)
        other = keras.Model(theirs.input, theirs.get_layer(f"block{block}_conv{number}").output)
        np.testing.assert_allclose(inner(picture), other(normalised), rtol=1e-3, atol=1e-3)


def test_a_convolution_of_vgg16_is_linear_before_its_relu():
    base = pretrained.vgg16_base(32)
    conv = keras.Model(base.input, base.get_layer("block2_conv1").output)
    relu = keras.Model(base.input, base.get_layer("block2_relu1").output)
    picture = data.coffee()[None, 100:132, 100:132]
    before = np.asarray(conv(picture))
    assert before.min() < 0
    np.testing.assert_array_equal(np.maximum(before, 0), relu(picture))


def test_average_pooling_takes_the_mean_of_four():
    base = pretrained.vgg16_base(32, pooling="average")
    relu = keras.Model(base.input, base.get_layer("block1_relu2").output)
    pool = keras.Model(base.input, base.get_layer("block1_pool").output)
    picture = data.coffee()[None, 100:132, 100:132]
    expected = np.asarray(relu(picture)).reshape(1, 16, 2, 16, 2, 64).mean(axis=(2, 4))
    np.testing.assert_allclose(expected, pool(picture), rtol=1e-4, atol=1e-4)
    greatest = pretrained.vgg16_base(32, weights=None).get_layer("block1_pool")
    assert isinstance(greatest, keras.layers.MaxPooling2D)


def test_every_array_of_the_file_is_used(numpy_file):
    networks = pretrained._numpy_arrays(numpy_file)
    layers = networks["VGG16_0"]
    base = pretrained.vgg16_base(weights=None)
    counted = sum(array.size for arrays in layers.values() for array in arrays.values())
    assert counted == base.count_params() == 14_714_688
    with pytest.raises(ValueError, match=r"belong to no layer. Received: \['Conv_13.kernel'\]"):
        pretrained._fill_vgg16(base, {**layers, "Conv_13": {"kernel": np.zeros(1)}})
    with pytest.raises(ValueError, match="layer block5_conv3 needs arrays"):
        pretrained._fill_vgg16(base, {k: v for k, v in layers.items() if k != "Conv_12"})


# Both networks


BOTH = [pretrained.efficientnet_lite0, pretrained.vgg16_base]
both = pytest.mark.parametrize("build", BOTH, ids=lambda build: build.__name__)


@both
@pytest.mark.parametrize("size", [31, 0, -224, 96.0, "96", True, (96,), (96, 31), (96, 96, 3)])
def test_an_impossible_size_is_refused(build, size):
    with pytest.raises(ValueError, match=re.escape(f"Received: {size!r}")):
        build(size, weights=None)


@both
def test_unknown_weights_are_refused(build):
    with pytest.raises(ValueError, match=r"weights must be 'imagenet' or None\. Received: 'mnist'"):
        build(weights="mnist")


def test_an_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match=r"pooling must be 'max' or 'average'\. Received: 'mean'"):
        pretrained.vgg16_base(pooling="mean", weights=None)


@both
def test_saved_and_loaded_it_answers_the_same(build, tmp_path):
    model = build(64)
    picture = data.coffee()[None, 100:164, 100:164]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        model.predict(picture, verbose=0), loaded.predict(picture, verbose=0)
    )


@both
def test_mixed_precision_gives_nearly_the_same(build):
    picture = data.coffee()[None, 50:178, 200:328]
    exact = np.asarray(build(128)(picture, training=False))
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(128)
    finally:
        keras.config.set_dtype_policy("float32")
    rough = np.asarray(keras.ops.cast(model(picture, training=False), "float32"))
    assert np.corrcoef(exact.ravel(), rough.ravel())[0, 1] > 0.98
    assert not np.array_equal(exact, rough)


@both
def test_it_can_be_compiled_by_xla(build):
    model = build(64)
    picture = data.coffee()[None, 100:164, 100:164]
    plain = model.predict(picture, verbose=0)
    model.compile(jit_compile=True)
    np.testing.assert_allclose(model.predict(picture, verbose=0), plain, rtol=1e-2, atol=1e-3)


# Names


def test_there_are_a_thousand_names_and_two_that_occur_twice():
    names = pretrained.imagenet_classes()
    assert len(names) == 1000
    assert sorted({name for name in names if names.count(name) > 1}) == ["crane", "maillot"]
    assert [names[n] for n in (0, 282, 948, 950, 967)] == [
        *("tench", "tiger cat", "Granny Smith", "orange", "espresso"),
    ]


def test_answers_are_named_in_order_and_ties_by_number():
    row = np.zeros((2, 1000))
    row[0, [5, 7, 3]] = 0.2, 0.7, 0.1
    first, second = pretrained.decode(row, top=3)
    assert [guess.number for guess in first] == [7, 5, 3]
    assert first[0] == (7, "cock", pytest.approx(0.7))
    assert [guess.number for guess in second] == [0, 1, 2]


@pytest.mark.parametrize("shape", [(1000,), (1, 999), (1, 1, 1000)])
def test_answers_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=re.escape(f"(batch, 1000). Received: shape {shape}")):
        pretrained.decode(np.zeros(shape))


@pytest.mark.parametrize("top", [0, -1, 1001, 2.0, None, True])
def test_an_impossible_top_is_refused(top):
    with pytest.raises(ValueError, match=f"Received: {top!r}"):
        pretrained.decode(np.zeros((1, 1000)), top=top)


# Word vectors


@pytest.fixture(scope="module")
def frequent():
    return pretrained.word_vectors(20_000)


def test_a_vocabulary_gets_its_rows_in_its_order():
    words = ["", "[UNK]", "good", "the", "Good", "good"]
    vectors = pretrained.word_vectors(words)
    assert vectors.words == tuple(words)
    assert vectors.matrix.shape == (6, 50)
    assert vectors.matrix.dtype == np.float32
    assert vectors.matrix.flags.writeable
    assert vectors.found.tolist() == [False, False, True, True, False, True]
    assert vectors.coverage == 0.5
    assert not vectors.matrix[~vectors.found].any()
    np.testing.assert_array_equal(vectors.matrix[2], vectors.matrix[5])
    # The first numbers of "the" in Stanford's own file.
    np.testing.assert_allclose(vectors["the"][:3], [0.418, 0.24968, -0.41242])
    assert repr(vectors) == "<WordVectors: 6 words, 50.0% found>"


def test_vectors_of_kerass_and_of_our_own_vocabulary_are_the_same():
    layer = keras.layers.TextVectorization(vocabulary=["film", "xyzzyx"])
    ours = text.vocabulary([["film", "xyzzyx", "film"]], padding=True)
    first = pretrained.word_vectors(layer.get_vocabulary())
    np.testing.assert_array_equal(first.matrix, pretrained.word_vectors(ours).matrix)
    np.testing.assert_array_equal(
        first.matrix, pretrained.word_vectors(np.array(layer.get_vocabulary())).matrix
    )
    assert first.found.tolist() == [False, False, True, False]


def test_a_number_takes_the_most_frequent_words(frequent):
    assert frequent.words[:4] == ("the", ",", ".", "of")
    assert len(frequent) == 20_000
    assert frequent.coverage == 1
    everything = pretrained.word_vectors()
    assert everything.matrix.shape == (400_000, 50)
    assert everything.words[:20_000] == frequent.words
    np.testing.assert_array_equal(everything.matrix[:20_000], frequent.matrix)
    assert np.isfinite(everything.matrix).all()
    assert np.linalg.norm(everything.matrix, axis=1).min() > 0


def test_an_empty_vocabulary_has_no_vectors():
    nothing = pretrained.word_vectors([])
    assert nothing.matrix.shape == (0, 50)
    assert nothing.coverage == 0


@pytest.mark.parametrize("vocabulary", [0, -1, 400_001, 2.5, True, "film"])
def test_an_impossible_vocabulary_is_refused(vocabulary):
    with pytest.raises(ValueError, match=f"vocabulary must be .* Received: {vocabulary!r}"):
        pretrained.word_vectors(vocabulary)


def test_neighbours_are_those_of_the_cosine(frequent):
    found = frequent.neighbours("good", 5)
    unit = frequent.matrix / np.linalg.norm(frequent.matrix, axis=1, keepdims=True)
    cosines = unit @ unit[frequent.words.index("good")]
    order = np.argsort(-cosines)[1:6]
    assert [word for word, _ in found] == [frequent.words[place] for place in order]
    np.testing.assert_allclose([cosine for _, cosine in found], cosines[order], rtol=1e-5)
    assert "better" in [word for word, _ in found]


def test_a_vector_is_nearest_to_its_own_word_at_any_length(frequent):
    (nearest,) = frequent.neighbours(7 * frequent["frog"], 1)
    assert nearest == ("frog", pytest.approx(1))
    (next_one,) = frequent.neighbours(7 * frequent["frog"], 1, without=["frog", "no such word"])
    assert next_one[0] == frequent.neighbours("frog", 1)[0][0] != "frog"


def test_words_that_were_not_found_are_nobodys_neighbours():
    few = pretrained.word_vectors(["", "good", "bad", "xyzzyx"])
    assert [word for word, _ in few.neighbours("good", 10)] == ["bad"]
    for word in ("", "xyzzyx", "film"):
        with pytest.raises(ValueError, match=f"no vector of this word. Received: {word!r}"):
            few.neighbours(word)
    with pytest.raises(ValueError, match="points nowhere"):
        few.neighbours(np.zeros(50))
    with pytest.raises(ValueError, match=r"must have shape \(50,\). Received: shape \(49,\)"):
        few.neighbours(np.ones(49))
    with pytest.raises(ValueError, match=r"top must be .* Received: 0"):
        few.neighbours("good", 0)


def test_the_known_analogies_hold(frequent):
    for first, second, third, expected in (
        ("man", "king", "woman", "queen"),
        ("france", "paris", "italy", "rome"),
        ("man", "actor", "woman", "actress"),
    ):
        words = [word for word, _ in frequent.analogy(first, second, third)]
        assert words[0] == expected
        assert not {first, second, third} & set(words)


# Cards


def test_every_card_has_its_function():
    for card in pretrained.cards():
        assert callable(getattr(pretrained, card.name))
        assert pretrained.card(card.name) is card
        assert f"dlguide.pretrained.{card.name}" in str(card)
        assert f"dlguide.pretrained.{card.name}" in card._repr_html_()


def test_a_card_of_another_name_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean 'vgg16_base'"):
        pretrained.card("vgg16")
    with pytest.raises(ValueError, match="Received: 'digits'"):
        pretrained.card("digits")


# What the readers refuse


class Bomb:
    """Something whose unpickling would run a command."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


READERS = {"torch": pretrained._torch_tensors, "numpy": pretrained._numpy_arrays}
readers = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)


def beginning():
    return b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001))


@readers
@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_wants_to_run_something_is_refused(reader, protocol, tmp_path):
    target = tmp_path / "ran"
    content = pickle.dumps({"network": Bomb(target)}, protocol)
    with pytest.raises(ValueError, match=r"it asks for \w+\.mkdir, which weights do not need"):
        reader(content)
    assert not target.exists()
    pickle.loads(content)  # as a control: an ordinary reader runs it
    assert target.exists()


def test_a_bomb_further_on_in_the_stream_is_refused(tmp_path):
    target = tmp_path / "ran"
    machine = pickle.dumps({"little_endian": True}, 2)
    for content in (
        beginning() + pickle.dumps(Bomb(target), 2),
        beginning() + machine + pickle.dumps(OrderedDict(weight=Bomb(target)), 2),
        beginning() + machine + pickle.dumps(OrderedDict(), 2) + pickle.dumps([Bomb(target)], 2),
    ):
        with pytest.raises(ValueError, match="which weights do not need"):
            pretrained._torch_tensors(content)
    assert not target.exists()


@readers
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("numpy", "load"),
        ("os", "system"),
        ("torch._utils", "_rebuild_qtensor"),
    ],
)
def test_other_names_are_refused_even_from_familiar_modules(reader, module, name):
    content = f"c{module}\n{name}\n.".encode()
    with pytest.raises(ValueError, match=rf"it asks for {re.escape(module)}\.{name}"):
        reader(content)


@pytest.mark.parametrize("share", [0, 0.0001, 0.001, 0.002, 0.5, 0.999999])
def test_a_truncated_file_is_refused(share, torch_file, numpy_file):
    for reader, content in zip(READERS.values(), (torch_file, numpy_file), strict=True):
        with pytest.raises(ValueError, match="this is no "):
            reader(content[: int(share * len(content))])


def test_a_file_with_something_behind_it_is_refused(torch_file, numpy_file):
    for reader, content in zip(READERS.values(), (torch_file, numpy_file), strict=True):
        with pytest.raises(ValueError, match="something follows"):
            reader(content + b"\0")


@readers
@pytest.mark.parametrize("content", [b"", b"\x80\x02.", b"GIF89a", b"PK\x03\x04" + bytes(99)])
def test_a_file_of_another_kind_is_refused(reader, content):
    with pytest.raises(ValueError, match="this is no "):
        reader(content)


def test_other_things_than_arrays_of_float32_are_refused():
    with pytest.raises(ValueError, match="something other than arrays of float32"):
        pretrained._numpy_arrays(pickle.dumps({"net": {"Conv_0": {"kernel": [1.0]}}}, 2))


def stored(shape, stride, offset=0, numbers=6):
    """Return a file with one tensor whose axes lie in its storage as told."""

    text = (
        b"\x80\x02ccollections\nOrderedDict\n)R(X\x06\x00\x00\x00weight"
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
        b"X\x01\x00\x00\x001X\x03\x00\x00\x00cpu"
        + number(numbers)
        + b"NtQ"
        + number(offset)
        + numbers_tuple(shape)
        + numbers_tuple(stride)
        + b"\x89ccollections\nOrderedDict\n)RtRu."
    )
    values = np.arange(numbers, dtype="<f4").tobytes()
    machine = pickle.dumps({"little_endian": True}, 2)
    return (
        beginning()
        + machine
        + text
        + pickle.dumps(["1"], 2)
        + numbers.to_bytes(8, "little")
        + values
    )


def number(value):
    return b"J" + value.to_bytes(4, "little", signed=True)


def numbers_tuple(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def test_axes_are_put_in_order():
    (array,) = pretrained._torch_tensors(stored((2, 3), (3, 1))).values()
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    (array,) = pretrained._torch_tensors(stored((2, 3), (1, 2))).values()
    assert array.tolist() == [[0, 2, 4], [1, 3, 5]]
    (array,) = pretrained._torch_tensors(stored((2,), (2,), offset=1)).values()
    assert array.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("shape", "stride", "offset"),
    [((7,), (1,), 0), ((2,), (1,), 5), ((2,), (-1,), 3), ((2,), (1,), -2), ((2, 2), (1,), 0)],
)
def test_a_tensor_outside_its_storage_is_refused(shape, stride, offset):
    with pytest.raises(ValueError, match="this is no file of weights"):
        pretrained._torch_tensors(stored(shape, stride, offset))


def test_a_damaged_file_in_the_cache_is_never_read(tmp_path, monkeypatch):
    card = pretrained.card("vgg16_base")
    monkeypatch.setenv("DLGUIDE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DLGUIDE_OFFLINE", "1")
    (place,) = _store.locations(card)
    place.parent.mkdir(parents=True)
    place.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    with pytest.raises(
        DataNotAvailableError, match=r"'vgg16_base' of dlguide\.pretrained is damaged"
    ):
        pretrained.vgg16_base()
    assert not (tmp_path / "ran").exists()


def test_a_file_that_changes_between_the_check_and_the_reading_is_refused(tmp_path, monkeypatch):
    changed = tmp_path / "vgg16.ckpt"
    changed.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    monkeypatch.setattr(pretrained._store, "paths", lambda card: (changed,))
    with pytest.raises(ValueError, match=r"vgg16\.ckpt changed while it was being read"):
        pretrained.vgg16_base(32)
    assert not (tmp_path / "ran").exists()


def test_what_is_read_has_the_checksum_of_the_card(torch_file):
    (member,) = pretrained.card("efficientnet_lite0").members
    assert hashlib.sha256(torch_file).hexdigest() == member.sha256


def test_reading_weights_imports_no_torch_and_no_pandas():
    program = (
        "import sys; from dlguide import pretrained; pretrained.efficientnet_lite0(32)\n"
        "print(sorted({'torch', 'jax', 'flax', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
