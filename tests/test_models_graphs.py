import keras
import numpy as np
import pytest

from dlguide import models
from tests.twins import assert_same_network

MAPS = (6, 8, 16)
COLOUR = (12, 16, 3)
MODULES = {
    "inception": models.inception_module,
    "residual": models.residual_block,
    "xception": models.xception_module,
}
NETWORKS = {
    "inception": models.inception_convnet,
    "residual": models.residual_convnet,
    "xception": models.xception_convnet,
    "separable": models.separable_convnet,
}

every_module = pytest.mark.parametrize("build", MODULES.values(), ids=MODULES)
every_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)


@pytest.fixture
def policy(request):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(request.param)
    yield request.param
    keras.mixed_precision.set_dtype_policy(before)


def samples(model):
    rng = np.random.default_rng(0)
    return rng.standard_normal((4, *model.input_shape[1:]), dtype="float32")


def pictures(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")


def names(model):
    return [layer.name for layer in model.layers]


def normed(x, activation=None):
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    return keras.layers.Activation(activation)(x) if activation else x


# The modules spelled out


def inception(x, one, three, five, pool, *, squeeze):
    def convolve(x, maps, window):
        x = keras.layers.Conv2D(maps, window, padding="same", use_bias=False)(x)
        return normed(x, "relu")

    first = convolve(x, one, 1)
    second = third = x
    if squeeze:
        second, third = convolve(x, squeeze[0], 1), convolve(x, squeeze[1], 1)
    second, third = convolve(second, three, 3), convolve(third, five, 5)
    fourth = keras.layers.MaxPooling2D(3, strides=1, padding="same")(x)
    fourth = convolve(fourth, pool, 1)
    return keras.layers.Concatenate()([first, second, third, fourth])


# Keras orders layers by depth and by when they were made, so both are made in one order.
@pytest.mark.parametrize("squeeze", [(12, 2), None])
def test_an_inception_module_is_four_branches_spelled_out(squeeze):
    inputs = keras.Input(MAPS)
    spelled_out = keras.Model(inputs, inception(inputs, 8, 16, 4, 4, squeeze=squeeze))
    module = models.inception_module(MAPS, 32, bottleneck=squeeze is not None)
    assert_same_network(module, spelled_out)


def test_the_shares_of_the_branches_are_those_of_the_first_published_module():
    """Szegedy and others, table 1, row 3a."""
    module = models.inception_module((28, 28, 192), 256)
    widths = {
        "conv_1x1": 64,
        "conv_squeeze_3x3": 96,
        "conv_3x3": 128,
        "conv_squeeze_5x5": 16,
        "conv_5x5": 32,
        "conv_pool": 32,
    }
    assert widths == {name: module.get_layer(name).output.shape[-1] for name in widths}


@pytest.mark.parametrize(
    ("channels", "stride", "projected"), [(16, 1, False), (16, 2, True), (8, 1, True)]
)
def test_a_residual_block_is_two_convolutions_and_a_sum(channels, stride, projected):
    inputs = keras.Input((6, 8, channels))
    x = keras.layers.Conv2D(16, 3, strides=stride, padding="same", use_bias=False)(inputs)
    x = normed(x, "relu")
    x = normed(keras.layers.Conv2D(16, 3, padding="same", use_bias=False)(x))
    around = inputs
    if projected:
        around = keras.layers.Conv2D(16, 1, strides=stride, padding="same", use_bias=False)(inputs)
        around = normed(around)
    x = keras.layers.Activation("relu")(keras.layers.Add()([x, around]))
    block = models.residual_block((6, 8, channels), 16, stride=stride)
    assert_same_network(block, keras.Model(inputs, x))
    assert ("projection" in names(block)) == projected


@pytest.mark.parametrize(
    ("channels", "stride", "projected"), [(16, 1, False), (16, 2, True), (8, 1, True)]
)
def test_an_xception_module_is_two_separable_convolutions_and_a_sum(channels, stride, projected):
    inputs = x = keras.Input((5, 8, channels))
    for _ in range(2):
        x = keras.layers.Activation("relu")(x)
        x = normed(keras.layers.SeparableConv2D(16, 3, padding="same", use_bias=False)(x))
    if stride > 1:
        x = keras.layers.MaxPooling2D(3, strides=stride, padding="same")(x)
    around = inputs
    if projected:
        around = normed(keras.layers.Conv2D(16, 1, strides=stride, use_bias=False)(inputs))
    x = keras.layers.Add()([x, around])
    module = models.xception_module((5, 8, channels), 16, stride=stride)
    assert_same_network(module, keras.Model(inputs, x))
    assert ("projection" in names(module)) == projected


@every_module
def test_a_module_keeps_height_and_width(build):
    assert build(MAPS, 32).output_shape == (None, 6, 8, 32)


@pytest.mark.parametrize("build", [models.residual_block, models.xception_module])
@pytest.mark.parametrize("stride", [2, 3])
def test_a_stride_shortens_both_sides_and_rounds_up(build, stride):
    block = build((7, 9, 4), 6, stride=stride)
    assert block.output_shape == (None, -(-7 // stride), -(-9 // stride), 6)


def test_a_residual_block_whose_weights_are_zero_hands_on_what_is_positive():
    block = models.residual_block(MAPS, 16, batch_norm=False)
    block.set_weights([np.zeros_like(weights) for weights in block.get_weights()])
    x = samples(block)
    np.testing.assert_array_equal(block(x), np.maximum(x, 0))
    plain = models.residual_block(MAPS, 16, batch_norm=False, shortcut=False)
    plain.set_weights(block.get_weights())
    np.testing.assert_array_equal(plain(x), np.zeros_like(x))


def test_an_xception_module_whose_weights_are_zero_is_the_identity():
    module = models.xception_module(MAPS, 16, batch_norm=False)
    module.set_weights([np.zeros_like(weights) for weights in module.get_weights()])
    x = samples(module)
    np.testing.assert_array_equal(module(x), x)


@every_module
def test_without_normalisation_convolutions_have_a_bias(build):
    module = build(MAPS, 16, batch_norm=False, activation="tanh")
    assert not any(name.startswith("norm") for name in names(module))
    convolutions = [
        layer for layer in module.layers if layer.name.startswith(("conv", "sep", "proj"))
    ]
    assert convolutions
    assert all(layer.use_bias for layer in convolutions)
    activations = [layer for layer in module.layers if layer.name.startswith("activation")]
    assert {layer.activation.__name__ for layer in activations} == {"tanh"}


# The networks


def test_the_networks_are_their_modules_in_a_row():
    inputs = keras.Input(COLOUR)

    def begin(maps, stride):
        x = keras.layers.Rescaling(1 / 255)(inputs)
        x = keras.layers.Conv2D(maps, 3, strides=stride, padding="same", use_bias=False)(x)
        return normed(x, "relu")

    def end(x):
        x = keras.layers.Dropout(0.3)(keras.layers.GlobalAveragePooling2D()(x))
        return keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(x))

    x = models.inception_module((6, 8, 8), 16)(begin(8, 2))
    x = keras.layers.MaxPooling2D(2, padding="same")(x)
    x = models.inception_module((3, 4, 16), 32)(x)
    network = models.inception_convnet(COLOUR, 5, (16, 32), stem=8, stem_stride=2, dropout=0.3)
    assert_same_network(network, end(x))

    x = models.residual_block((12, 16, 8), 8)(begin(8, 1))
    x = models.residual_block((12, 16, 8), 8)(x)
    x = models.residual_block((12, 16, 8), 16, stride=2)(x)
    x = models.residual_block((6, 8, 16), 16)(x)
    network = models.residual_convnet(COLOUR, 5, (8, 16), blocks=2, dropout=0.3)
    assert_same_network(network, end(x))

    x = models.xception_module((12, 16, 4), 8)(begin(4, 1))
    x = models.xception_module((12, 16, 8), 16, stride=2)(x)
    x = keras.layers.Activation("relu")(x)
    network = models.xception_convnet(COLOUR, 5, (8, 16), stem=4, dropout=0.3)
    assert_same_network(network, end(x))


@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_separable_network_is_an_ordinary_one_with_other_convolutions(batch_norm):
    inputs = keras.Input((8, 12, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    kinds = (keras.layers.Conv2D, keras.layers.SeparableConv2D)
    for number, (kind, maps) in enumerate(zip(kinds, (6, 10), strict=True)):
        if batch_norm:
            x = normed(kind(maps, 5, padding="same", use_bias=False)(x), "relu")
        else:
            x = kind(maps, 5, padding="same", activation="relu")(x)
        if number == 0:
            x = keras.layers.AveragePooling2D(2, padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    spelled_out = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(x))
    network = models.separable_convnet(
        (8, 12, 3), 5, (6, 10), kernel=5, pooling="average", batch_norm=batch_norm
    )
    assert_same_network(network, spelled_out)


def test_layers_are_named_for_their_place():
    network = models.inception_convnet(COLOUR, 5, (16, 16), dropout=0.1, name="pictures")
    assert network.name == "pictures"
    assert names(network) == [
        "image",
        "rescaling",
        "stem",
        "norm_stem",
        "activation_stem",
        "inception_1",
        "pool_1",
        "inception_2",
        "features",
        "dropout",
        "output",
    ]
    residual = models.residual_convnet(COLOUR, 5, (8, 16), blocks=2)
    assert [name for name in names(residual) if name.startswith("res")][1:] == [
        f"residual_{number}" for number in (1, 2, 3, 4)
    ]
    assert models.residual_convnet(COLOUR, 5, (8, 16)).get_layer("stem").filters == 8
    assert names(models.separable_convnet(COLOUR, 5, (4, 6, 8), pooling=None))[2:-2] == [
        f"{kind}_{number}"
        for number, first in ((1, "conv"), (2, "separable"), (3, "separable"))
        for kind in (first, "norm", "activation")
    ]


def test_without_shortcuts_nothing_else_changes():
    for build in (models.residual_convnet, models.xception_convnet):
        network, plain = (build(COLOUR, 5, (8, 8), stem=8, shortcut=s) for s in (True, False))
        projection = network.get_layer(f"{build.__name__.split('_')[0]}_2").get_layer("projection")
        assert network.count_params() - plain.count_params() == projection.count_params() + 4 * 8


# Counting


def test_multiplications_are_as_many_as_by_hand():
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((10, 12, 3)),
            layers.Conv2D(8, 3),  # 8 x 10 places
            layers.DepthwiseConv2D(5, padding="same", depth_multiplier=2),
            layers.SeparableConv2D(6, 3, strides=2, padding="same", depth_multiplier=2),  # 4 x 5
            layers.Conv2D(4, 1, groups=2),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(7),
        ]
    )
    by_hand = [
        80 * 9 * 3 * 8,
        80 * 25 * 16,
        20 * (9 * 32 + 32 * 6),
        20 * 3 * 4,
        80 * 7,
    ]
    assert models.multiplications(network) == sum(by_hand)
    sequence = keras.Sequential([keras.Input((20, 4)), layers.Conv1D(8, 5), layers.Dense(3)])
    assert models.multiplications(sequence) == 16 * (5 * 4 * 8 + 8 * 3)


def test_multiplications_in_modules_count():
    network = models.residual_convnet(COLOUR, 5, (8, 16))
    first, second = network.get_layer("residual_1"), network.get_layer("residual_2")
    assert models.multiplications(first) == 12 * 16 * 2 * 9 * 8 * 8
    assert models.multiplications(second) == 6 * 8 * (9 * 8 * 16 + 9 * 16 * 16 + 8 * 16)
    rest = 12 * 16 * 9 * 3 * 8 + 16 * 5
    total = models.multiplications(first) + models.multiplications(second) + rest
    assert models.multiplications(network) == total


def test_multiplications_need_a_size():
    anywhere = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3)])
    with pytest.raises(ValueError, match=r"inputs of a fixed size\. Received: .*None"):
        models.multiplications(anywhere)


# What every model must survive


@every_network
def test_the_model_comes_uncompiled_and_takes_bytes(build):
    keras.utils.set_random_seed(0)
    network = build(COLOUR, 5, (16, 16))
    assert not network.compiled
    x = pictures(2, *COLOUR)
    answers = network(x).numpy()
    np.testing.assert_allclose(answers.sum(axis=1), [1, 1], rtol=1e-5)
    np.testing.assert_array_equal(answers, network(x.astype("float32")))


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        ("float32", "inception"),
        ("mixed_float16", "residual"),
        ("mixed_bfloat16", "xception"),
        ("mixed_float16", "separable"),
    ],
    indirect=["policy"],
)
def test_a_compiled_step_trains_in_every_precision(policy, key):
    keras.utils.set_random_seed(0)
    network = NETWORKS[key](COLOUR, 5, (16,) if key != "separable" else (4, 6), dropout=0.2)
    network.compile("sgd", loss="sparse_categorical_crossentropy", jit_compile=True)
    before = network.get_weights()
    network.train_on_batch(pictures(4, *COLOUR), np.arange(4))
    after = network.get_weights()
    assert all(np.isfinite(weights).all() for weights in after)
    assert not np.array_equal(before[0], after[0])
    assert network(pictures(4, *COLOUR)).dtype == "float32"
    assert network.layers[2].compute_dtype == policy.removeprefix("mixed_")


# Keras reads TensorFlow's variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@every_network
def test_saving_and_loading_changes_no_answer(build, tmp_path):
    network = build(COLOUR, 5, (16, 16))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    x = pictures(2, *COLOUR)
    np.testing.assert_array_equal(network(x), loaded(x))
    assert names(network) == names(loaded)
    assert models.multiplications(network) == models.multiplications(loaded)


# What cannot work


@every_module
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": (6, 8)}, r"shape must be \(height, width, channels\). Received: \(6, 8\)"),
        ({"shape": (6, 0, 3)}, r"each size in shape must be .* at least 1. Received: 0"),
        ({"filters": 0}, r"filters must be an integer of at least 1. Received: 0"),
        ({"filters": 16.0}, r"filters must be an integer of at least 1. Received: 16.0"),
    ],
)
def test_impossible_modules_are_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**{"shape": MAPS, "filters": 16, **arguments})


@pytest.mark.parametrize("build", [models.residual_block, models.xception_module])
def test_impossible_strides_are_refused(build):
    with pytest.raises(ValueError, match=r"stride must be an integer of at least 1. Received: 0"):
        build(MAPS, 16, stride=0)


def test_branches_need_whole_numbers_of_maps():
    with pytest.raises(ValueError, match=r"filters must be a multiple of 16. Received: 40"):
        models.inception_module(MAPS, 40)
    with pytest.raises(ValueError, match=r"size in filters must be a multiple of 16. Received: 8"):
        models.inception_convnet(COLOUR, 5, (16, 8))


@every_network
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": 28}, r"shape must be \(height, width, channels\). Received: 28"),
        ({"classes": 1}, r"classes must be an integer of at least 2. Received: 1"),
        ({"filters": ()}, r"filters must be a sequence .* Received: \(\)"),
        ({"filters": 32}, r"filters must be a sequence .* Received: 32"),
        ({"filters": (32, 0)}, r"each size in filters must be .* at least 1. Received: 0"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\). Received: 1.0"),
    ],
)
def test_impossible_networks_are_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**{"shape": COLOUR, "classes": 5, **arguments})


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (models.inception_convnet, {"stem": 0}, r"stem must be .* at least 1. Received: 0"),
        (models.xception_convnet, {"stem_stride": 0}, r"stem_stride must be .* Received: 0"),
        (models.residual_convnet, {"blocks": 0}, r"blocks must be .* at least 1. Received: 0"),
        (models.separable_convnet, {"kernel": 0}, r"kernel must be .* at least 1. Received: 0"),
        (models.separable_convnet, {"pooling": "no"}, r"pooling must be one of .* 'no'"),
    ],
)
def test_impossible_choices_are_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(COLOUR, 5, **arguments)
