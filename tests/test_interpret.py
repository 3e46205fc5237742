"""Feature maps, patterns and heat maps, on networks small enough to check by hand."""

import keras
import numpy as np
import pytest

from dlguide import interpret

layers = keras.layers


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


def small_net(size=12, channels=1, classes=3, end="softmax", pooling=True):
    steps = [
        keras.Input((size, size, channels)),
        layers.Conv2D(4, 3, padding="same", activation="relu", name="conv_1"),
        layers.MaxPooling2D(name="pool_1"),
        layers.Conv2D(6, 3, padding="same", activation="relu", name="conv_2"),
        layers.GlobalAveragePooling2D(name="average") if pooling else layers.Flatten(name="flat"),
        layers.Dense(classes, activation=end, name="output"),
    ]
    return keras.Sequential(steps, name="small")


def nested_net(size=12):
    """Return a classifier that has a base as one of its layers, as in transfer learning."""
    inputs = keras.Input((size, size, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(inputs)
    x = layers.Conv2D(5, 3, padding="same", activation="relu", name="top")(x)
    base = keras.Model(inputs, x, name="base")
    outer = keras.Input((size, size, 3))
    x = layers.Rescaling(1 / 255, name="scale")(outer)
    x = base(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(outer, layers.Dense(3, activation="softmax", name="output")(x)), base


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(4, 3, activation="relu", name="conv")
        self.average = layers.GlobalAveragePooling2D(name="average")
        self.answer = layers.Dense(3, activation="softmax", name="answer")

    def call(self, images):
        return self.answer(self.average(self.conv(images)))


def pictures(number=2, size=12, channels=1, seed=0):
    return np.random.default_rng(seed).random((number, size, size, channels)).astype("float32")


def untouched(model):
    """Return whether no layer, at any depth, still has something exchanged."""
    return all(
        "call" not in vars(layer) for layer in model._flatten_layers(include_self=True)
    ) and all(
        getattr(layer, "activation", None) is not keras.activations.linear
        for layer in model._flatten_layers()
        if layer.name == "output"
    )


# activations


def test_activations_are_those_of_a_model_that_ends_at_the_layer():
    model, images = small_net(), pictures(5)
    found = interpret.activations(model, images, ["pool_1", "conv_1", "output"], batch_size=2)
    assert list(found) == ["pool_1", "conv_1", "output"]
    for name, values in found.items():
        cut = keras.Model(model.inputs, model.get_layer(name).output)
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, cut.predict(images, verbose=0), rtol=1e-5, atol=1e-6)


def test_activations_of_one_name_and_of_whole_numbers():
    model = small_net()
    bytes_ = np.full((1, 12, 12, 1), 200, "uint8")
    (values,) = interpret.activations(model, bytes_, "conv_1").values()
    np.testing.assert_allclose(values, model.layers[0](bytes_.astype("float32")), rtol=1e-5)


def test_activations_reach_into_a_nested_model():
    model, base = nested_net()
    images = 255 * pictures(3, channels=3)
    cut = keras.Model(base.inputs, base.get_layer("conv").output)
    expected = cut.predict(images / 255, verbose=0)
    for name in ("conv", "base/conv"):
        found = interpret.activations(model, images, name)[name]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    whole = interpret.activations(model, images, "base")["base"]
    np.testing.assert_allclose(whole, base.predict(images / 255, verbose=0), rtol=1e-4, atol=1e-6)


def test_activations_of_a_subclassed_model():
    model, images = Subclassed(), pictures(2)
    model(images)
    found = interpret.activations(model, images, "conv")["conv"]
    np.testing.assert_allclose(found, model.conv(images), rtol=1e-5, atol=1e-6)


def test_activations_run_in_inference_mode():
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Dropout(0.9, name="drop"), layers.BatchNormalization()]
    )
    images = pictures(2, size=4)
    before = [weight.copy() for weight in model.get_weights()]
    found = interpret.activations(model, images, "drop")["drop"]
    np.testing.assert_array_equal(found, images)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_activations_run_no_further_than_they_must():
    ran = []

    class Counting(layers.Layer):
        def call(self, inputs):
            ran.append(self.name)
            return inputs

    model = keras.Sequential([keras.Input((4, 4, 1)), Counting(name="a"), Counting(name="b")])
    ran.clear()
    interpret.activations(model, pictures(1, size=4), "a")
    assert ran == ["a"]


def test_a_layer_used_twice_gives_its_first_output():
    shared = layers.Dense(1, use_bias=False, kernel_initializer="ones", name="shared")
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, shared(2 * shared(inputs)))
    images = pictures(1, size=4)
    np.testing.assert_allclose(
        interpret.activations(model, images, "shared")["shared"], images, rtol=1e-6
    )


def test_one_layer_by_two_names():
    model, _ = nested_net()
    found = interpret.activations(model, pictures(1, channels=3), ["conv", "base/conv"])
    np.testing.assert_array_equal(found["conv"], found["base/conv"])


def test_a_name_that_two_models_share_needs_its_path():
    def inner(name):
        return keras.Sequential(
            [keras.Input((4, 4, 1)), layers.Conv2D(2, 3, padding="same", name="conv")], name=name
        )

    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, layers.add([inner("left")(inputs), inner("right")(inputs)]))
    images = pictures(1, size=4)
    with pytest.raises(ValueError, match="'conv' stands for several layers: left/conv, right/conv"):
        interpret.activations(model, images, "conv")
    right = interpret.activations(model, images, "right/conv")["right/conv"]
    np.testing.assert_allclose(right, model.get_layer("right")(images), rtol=1e-5)


# grad_cam


def test_grad_cam_by_hand():
    # Two channels, x and -x + 1, on a picture of 2 x 2; the score is
    # 3 * (sum of the first) - (sum of the second): slopes 3 and -1 everywhere.
    model = keras.Sequential(
        [
            keras.Input((2, 2, 1)),
            layers.Conv2D(2, 1, name="maps"),
            layers.Flatten(),
            layers.Dense(2, activation="softmax", name="output"),
        ]
    )
    model.get_layer("maps").set_weights([np.array([[[[1.0, -1.0]]]]), np.array([0.0, 1.0])])
    first = np.tile([3.0, -1.0], 4)
    model.get_layer("output").set_weights([np.stack([first, -first], 1), np.zeros(2)])
    image = np.array([[0.0, 0.1], [0.5, 1.0]])
    expected = np.maximum(0, 3 * image - (1 - image))
    heat = interpret.grad_cam(model, image[None, :, :, None], 0, "maps")
    assert heat.dtype == np.float32
    np.testing.assert_allclose(heat, expected[None], rtol=1e-6, atol=1e-6)
    against = interpret.grad_cam(model, image[None, :, :, None], 1)
    np.testing.assert_allclose(against[0], np.maximum(0, (1 - image) - 3 * image), atol=1e-6)


@pytest.mark.parametrize("class_index", [0, 2])
def test_grad_cam_after_average_pooling_is_the_class_activation_map(class_index):
    model, images = small_net(), pictures(3)
    maps = interpret.activations(model, images, "conv_2")["conv_2"]
    weights = model.get_layer("output").get_weights()[0][:, class_index]
    cam = np.maximum(0, maps @ weights) / (6 * 6)
    heat = interpret.grad_cam(model, images, class_index)
    assert heat.max() > 0
    np.testing.assert_allclose(heat, cam, rtol=1e-4, atol=1e-7)


def test_grad_cam_explains_the_predicted_class_unless_told_otherwise():
    model, images = small_net(pooling=False), pictures(6)
    predicted = model.predict(images, verbose=0).argmax(1)
    assert len(set(predicted.tolist())) > 1
    np.testing.assert_array_equal(
        interpret.grad_cam(model, images), interpret.grad_cam(model, images, predicted)
    )
    for index, (image, chosen) in enumerate(zip(images, predicted, strict=True)):
        alone = interpret.grad_cam(model, image[None], int(chosen))[0]
        np.testing.assert_allclose(
            interpret.grad_cam(model, images)[index], alone, rtol=1e-4, atol=1e-7
        )


@pytest.mark.parametrize("end", ["activation", "softmax layer", "nested"])
def test_grad_cam_takes_the_score_before_any_softmax(end):
    plain, images = small_net(end=None), pictures(2)
    if end == "nested":
        inputs = keras.Input((12, 12, 1))
        model = keras.Model(inputs, small_net()(inputs))
        model.set_weights(plain.get_weights())
    else:
        tail = layers.Softmax() if end == "softmax layer" else layers.Activation("softmax")
        model = keras.Sequential([*plain.layers, tail])
    before = model.predict(images, verbose=0)
    np.testing.assert_allclose(
        interpret.grad_cam(model, images, 1), interpret.grad_cam(plain, images, 1), rtol=1e-5
    )
    np.testing.assert_array_equal(model.predict(images, verbose=0), before)
    np.testing.assert_allclose(before.sum(1), 1, rtol=1e-5)


def test_grad_cam_of_a_yes_or_no_question():
    model, images = small_net(classes=1, end="sigmoid"), pictures(2)
    maps = interpret.activations(model, images, "conv_2")["conv_2"]
    evidence = maps @ model.get_layer("output").get_weights()[0][:, 0] / 36
    yes, no = (interpret.grad_cam(model, images, c) for c in (1, 0))
    np.testing.assert_allclose(yes, np.maximum(0, evidence), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(no, np.maximum(0, -evidence), rtol=1e-4, atol=1e-7)
    likely = model.predict(images, verbose=0)[:, 0] > 0.5
    expected = np.where(likely[:, None, None], yes, no)
    np.testing.assert_allclose(interpret.grad_cam(model, images), expected, rtol=1e-5)


def test_grad_cam_takes_the_last_maps_that_are_no_pooling():
    model, images = small_net(pooling=False), pictures(1)
    for name, shape in {None: (6, 6), "conv_1": (12, 12), "pool_1": (6, 6)}.items():
        assert interpret.grad_cam(model, images, 0, name).shape == (1, *shape)
    pooled = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2)]
    )
    assert interpret.grad_cam(pooled, pictures(1, size=8), 0).shape == (1, 4, 4)


def test_grad_cam_in_a_nested_frozen_model_is_that_of_the_flat_one():
    model, base = nested_net()
    base.trainable = False
    inputs = keras.Input((12, 12, 3))
    x = inputs / 255
    for layer in (*base.layers[1:], *model.layers[-2:]):
        x = layer(x)
    flat = keras.Model(inputs, x)
    images = 255 * pictures(2, channels=3)
    heat = interpret.grad_cam(model, images, 1)
    assert heat.max() > 0
    for other in (
        interpret.grad_cam(model, images, 1, "top"),
        interpret.grad_cam(model, images, 1, "base/top"),
        interpret.grad_cam(model, images, 1, "base"),
        interpret.grad_cam(flat, images, 1),
    ):
        np.testing.assert_allclose(other, heat, rtol=1e-4, atol=1e-8)


def test_grad_cam_of_a_subclassed_model():
    model, images = Subclassed(), pictures(2)
    model(images)
    cam = np.asarray(model.conv(images)) @ model.answer.get_weights()[0][:, 2] / 100
    heat = interpret.grad_cam(model, images, 2)
    np.testing.assert_allclose(heat, np.maximum(0, cam), rtol=1e-4, atol=1e-7)


def test_grad_cam_survives_16_bit_floats():
    full = small_net(size=32, classes=4)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        half = small_net(size=32, classes=4)
    finally:
        keras.config.set_dtype_policy("float32")
    # Weights so small that their slopes, over 256 places, are below what 16 bits can hold.
    weights = full.get_weights()
    weights[-2] *= 1e-4
    full.set_weights(weights)
    half.set_weights(weights)
    images = pictures(2, size=32)
    expected, found = (interpret.grad_cam(model, images, 1) for model in (full, half))
    assert found.dtype == np.float32
    assert expected.max() > 0
    assert np.corrcoef(expected.ravel(), found.ravel())[0, 1] > 0.99
    assert 0.9 < found.sum() / expected.sum() < 1.1


# occlusion


def patch_net(size=16):
    """Return a net whose first score is the sum of a bright patch, rows 4-7, columns 8-11."""
    mask = np.zeros((size, size), "float32")
    mask[4:8, 8:12] = 1
    model = keras.Sequential([keras.Input((size, size, 1)), layers.Flatten(), layers.Dense(2)])
    model.layers[-1].set_weights([np.stack([mask.ravel(), -mask.ravel()], 1), np.zeros(2)])
    return model, mask


def test_occlusion_finds_the_patch_that_the_answer_hangs_on():
    model, mask = patch_net()
    image = np.ones((16, 16, 1))
    fall = interpret.occlusion(model, image, 0, window=4, stride=4, fill=0)
    assert fall.dtype == np.float32
    np.testing.assert_allclose(fall, 16 * mask, atol=1e-5)
    rise = interpret.occlusion(model, image, 1, window=4, stride=4, fill=0, batch_size=3)
    np.testing.assert_allclose(rise, -16 * mask, atol=1e-5)


def test_occlusion_averages_over_the_squares_that_hide_a_pixel():
    model, mask = patch_net()
    image = np.ones((16, 16, 1))
    expected, hidden = np.zeros((16, 16)), np.zeros((16, 16))
    for y in (0, 3, 6, 9, 11):  # the last square ends where the image does
        for x in (0, 3, 6, 9, 11):
            expected[y : y + 5, x : x + 5] += mask[y : y + 5, x : x + 5].sum()
            hidden[y : y + 5, x : x + 5] += 1
    fall = interpret.occlusion(model, image, 0, window=5, stride=3, fill=0)
    np.testing.assert_allclose(fall, expected / hidden, rtol=1e-5, atol=1e-5)


def test_occlusion_hides_behind_the_mean_colour():
    model, _ = patch_net()
    flat = np.full((16, 16, 1), 7.0)
    np.testing.assert_allclose(interpret.occlusion(model, flat, 0, 4, 2), 0, atol=1e-4)
    assert interpret.occlusion(model, flat, 0, 4, 2, fill=[0.0]).max() > 0


def test_occlusion_agrees_with_grad_cam_where_both_are_right():
    # A net whose evidence is local: 1 x 1 convolution, then the mean.
    model = keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, kernel_initializer="ones"),
        ]
    )
    image = pictures(1)[0]
    heat = interpret.grad_cam(model, image[None], 0)[0]
    fall = interpret.occlusion(model, image, 0, 1, 1, fill=0)
    np.testing.assert_allclose(heat, fall, rtol=1e-3, atol=1e-6)


# filter_patterns


def test_patterns_excite_their_filter_and_no_other_as_much():
    model = small_net(size=24, channels=3)
    filters = [0, 1, 2, 3]
    kwargs = {"steps": 25, "value_range": (0.0, 1.0), "seed": 0}
    found = interpret.filter_patterns(model, "conv_1", filters, **kwargs)
    assert found.shape == (4, 24, 24, 3)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1
    answers = interpret.activations(model, found, "conv_1")["conv_1"].mean((1, 2))
    start = interpret.activations(model, np.full((1, 24, 24, 3), 0.5), "conv_1")["conv_1"]
    np.testing.assert_array_equal(answers.argmax(0), filters)
    assert (answers.diagonal() > start.mean((0, 1, 2)) + 0.1).all()


def test_a_step_of_gradient_ascent_by_hand():
    # The mean of a channel that adds up the pixels has the same slope everywhere,
    # so every pixel climbs by the rate.
    conv = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", name="conv")
    model = keras.Sequential([keras.Input((8, 8, 1)), conv])
    settings = {"steps": 3, "rate": 0.02, "blur": 0, "value_range": (0, 10), "seed": 1}
    found = interpret.filter_patterns(model, "conv", [0], **settings)
    noise = 0.5 + 0.06 * np.random.default_rng(1).standard_normal((1, 8, 8, 1))
    np.testing.assert_allclose(found, 10 * (noise + 3 * 0.02), rtol=1e-5)


def test_patterns_come_from_the_seed_alone():
    model = small_net(size=16)

    def draw(seed):
        return interpret.filter_patterns(model, "conv_2", [1], steps=2, seed=seed)

    first = draw(0)
    keras.utils.set_random_seed(1)
    np.testing.assert_array_equal(draw(0), first)
    assert not np.array_equal(draw(1), first)


def test_patterns_climb_where_a_relu_is_silent():
    # With a bias far below zero the relu puts out nothing, and has no slope.
    conv = layers.Conv2D(2, 3, activation="relu", name="conv")
    model = keras.Sequential([keras.Input((10, 10, 1)), conv])
    conv.set_weights([np.ones((3, 3, 1, 2)), np.full(2, -1e6)])
    settings = {"steps": 2, "blur": 0, "jitter": 0, "seed": 0}
    climbed = interpret.filter_patterns(model, "conv", [0], **settings)
    stuck = interpret.filter_patterns(model, "conv", [0], linear=False, **settings)
    assert climbed.mean() > stuck.mean() + 10
    assert conv.activation is keras.activations.relu


def test_blur_makes_patterns_smoother():
    model = small_net(size=24)

    def roughness(blur):
        found = interpret.filter_patterns(model, "conv_2", [0, 1], blur=blur, steps=8, seed=0)
        return np.abs(np.diff(found, axis=1)).mean()

    assert roughness(1.5) < 0.5 * roughness(0)


@pytest.mark.parametrize(("demanded", "size", "expected"), [(None, None, 128), (None, 40, 40)])
def test_size_of_patterns_for_models_that_take_any(demanded, size, expected):
    model = keras.Sequential([keras.Input((demanded, demanded, 1)), layers.Conv2D(1, 3, name="c")])
    found = interpret.filter_patterns(model, "c", [0], size=size, steps=1, seed=0)
    assert found.shape == (1, expected, expected, 1)


def test_patterns_in_a_nested_model_are_those_of_the_flat_one():
    model, base = nested_net()
    settings = {"steps": 4, "seed": 0}
    inner = interpret.filter_patterns(base, "top", [2], value_range=(0, 1), **settings)
    outer = interpret.filter_patterns(model, "base/top", [2], value_range=(0, 255), **settings)
    np.testing.assert_allclose(outer / 255, inner, atol=1e-4)


# What all of them promise


def test_models_come_back_as_they_were():
    model, _ = nested_net()
    image = 255 * pictures(1, channels=3)
    before = model.predict(image, verbose=0)
    nodes = [len(layer._inbound_nodes) for layer in model._flatten_layers()]
    interpret.activations(model, image, ["conv", "output"])
    interpret.grad_cam(model, image)
    interpret.occlusion(model, image[0], 0, 6, 6)
    interpret.filter_patterns(model, "top", [0], steps=1, seed=0)
    with pytest.raises(ValueError, match="class_index"):
        interpret.grad_cam(model, image, 99)
    assert untouched(model)
    assert nodes == [len(layer._inbound_nodes) for layer in model._flatten_layers()]
    np.testing.assert_array_equal(model.predict(image, verbose=0), before)


def test_models_come_back_as_they_were_when_a_layer_fails():
    class Failing(layers.Layer):
        broken = False

        def call(self, inputs):
            if self.broken:
                raise RuntimeError("broken")
            return inputs

    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            layers.Conv2D(1, 3, activation="relu", name="conv"),
            Failing(),
            layers.Flatten(),
            layers.Dense(2, activation="softmax", name="output"),
        ]
    )
    Failing.broken = True
    with pytest.raises(RuntimeError, match="broken"):
        interpret.grad_cam(model, pictures(1, size=4), 0, "conv")
    assert untouched(model)


ONE = np.zeros((1, 12, 12, 1))
KNOWN = "conv_1, pool_1, conv_2, average, output"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: interpret.activations(m, ONE, "conv_9"), f"one of {KNOWN}. Received: 'conv_9'"),
        (lambda m: interpret.activations(m, ONE, []), "at least one layer"),
        (lambda m: interpret.activations(m, ONE[0], "conv_1"), r"Received: \(12, 12, 1\)"),
        (lambda m: interpret.activations(m, ONE[:0], "conv_1"), r"Received: \(0, 12, 12, 1\)"),
        (
            lambda m: interpret.activations(m, np.zeros((1, 12, 9, 1)), "conv_1"),
            r"images must have shape \(n, 12, 12, 1\).*Received: \(1, 12, 9, 1\)",
        ),
        (lambda m: interpret.activations(m, ONE.astype(str), "conv_1"), "must hold numbers"),
        (lambda m: interpret.activations(m, ONE, "conv_1", batch_size=0), "batch_size must be"),
        (lambda m: interpret.activations("model", ONE, "a"), "keras.Model. Received: str"),
        (lambda m: interpret.grad_cam(m, ONE, layer="conv"), f"one of {KNOWN}"),
        (
            lambda m: interpret.grad_cam(m, ONE, layer="average"),
            r"'average', which puts out \(1, 6",
        ),
        (lambda m: interpret.grad_cam(m, ONE, 3), "class_index must be from 0 to 2. Received: 3"),
        (lambda m: interpret.grad_cam(m, ONE, -1), "from 0 to 2. Received: -1"),
        (lambda m: interpret.grad_cam(m, ONE, [0, 1]), r"each of 1 images. Received: \[0, 1\]"),
        (lambda m: interpret.grad_cam(m, ONE, 0.5), "Received: 0.5"),
        (lambda m: interpret.occlusion(m, ONE, 0, 4, 4), r"\(height, width, channels\)"),
        (lambda m: interpret.occlusion(m, ONE[0], 7, 4, 4), "from 0 to 2. Received: 7"),
        (lambda m: interpret.occlusion(m, ONE[0], 0, 13, 4), "fit into 12 x 12 .* Received: 13"),
        (lambda m: interpret.occlusion(m, ONE[0], 0, 4, 5), "at most the window, 4. Received: 5"),
        (lambda m: interpret.occlusion(m, ONE[0], 0, 4, 0), "stride must be an integer"),
        (lambda m: interpret.occlusion(m, ONE[0], 0, 4, 4, fill=[1, 2]), "fill must be a number"),
        (lambda m: interpret.filter_patterns(m, "x", [0], seed=0), f"one of {KNOWN}"),
        (lambda m: interpret.filter_patterns(m, "conv_1", [], seed=0), "at least one channel"),
        (
            lambda m: interpret.filter_patterns(m, "conv_1", [4], seed=0),
            "from 0 to 3 in 'conv_1'. Received: 4",
        ),
        (lambda m: interpret.filter_patterns(m, "conv_1", [-1], seed=0), "each filter must be"),
        (lambda m: interpret.filter_patterns(m, "output", [0], seed=0), "put out feature maps"),
        (
            lambda m: interpret.filter_patterns(m, "conv_1", [0], size=64, seed=0),
            "size must be 12 for this model. Received: 64",
        ),
        (lambda m: interpret.filter_patterns(m, "conv_1", [0], steps=0, seed=0), "steps must be"),
        (lambda m: interpret.filter_patterns(m, "conv_1", [0], seed=-1), "seed must be"),
        (
            lambda m: interpret.filter_patterns(m, "conv_1", [0], rate=0, seed=0),
            "rate must be above 0",
        ),
        (
            lambda m: interpret.filter_patterns(m, "conv_1", [0], value_range=(1, 0), seed=0),
            r"Received: .* and \(1, 0\)",
        ),
    ],
)
def test_what_cannot_work_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(small_net())


def test_models_without_maps_or_scores_or_a_single_input_are_refused():
    dense = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(name="flat")])
    with pytest.raises(ValueError, match=r"layer with feature maps.* Received: layers flat"):
        interpret.grad_cam(dense, pictures(1, size=4))
    convolutional = keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(2, 3)])
    with pytest.raises(
        ValueError, match=r"scores of shape \(n, classes\). Received: \(1, 2, 2, 2\)"
    ):
        interpret.grad_cam(convolutional, pictures(1, size=4), 0)
    inputs = [keras.Input((4, 4, 1)), keras.Input((4, 4, 1))]
    double = keras.Model(inputs, layers.add(inputs))
    with pytest.raises(ValueError, match=r"single input. Received: 2"):
        interpret.activations(double, pictures(1, size=4), "add")
    flat = keras.Sequential([keras.Input((16,)), layers.Dense(2, name="dense")])
    with pytest.raises(ValueError, match=r"images of shape .* Received: \(16,\)"):
        interpret.activations(flat, np.zeros((1, 16)), "dense")


def test_a_layer_beside_the_way_to_the_score_is_refused():
    inputs = keras.Input((4, 4, 1))
    aside = layers.Conv2D(1, 1, name="aside")(inputs)
    score = layers.Dense(2)(layers.Flatten()(inputs))
    model = keras.Model(
        inputs, layers.Add()([score, 0 * layers.Flatten()(keras.ops.stop_gradient(aside))[:, :2]])
    )
    with pytest.raises(ValueError, match=r"must depend on the layer. Received: 'aside'"):
        interpret.grad_cam(model, pictures(1, size=4), 0, "aside")


def test_a_layer_that_the_model_leaves_out_is_refused():
    class Idle(Subclassed):
        def __init__(self):
            super().__init__()
            self.idle = layers.ReLU(name="idle")

    with pytest.raises(ValueError, match=r"one that the model uses. Received: 'idle'"):
        interpret.activations(Idle(), pictures(1), "idle")
