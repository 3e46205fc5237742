import keras
import numpy as np
import pytest

from dlguide import models
from tests.twins import assert_same_network

COLOUR = (20, 24, 3)


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (12, *COLOUR), dtype="uint8")


@pytest.fixture
def policy(request):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(request.param)
    yield request.param
    keras.mixed_precision.set_dtype_policy(before)


def names(model):
    return [layer.name for layer in model.layers]


def sides(model, *layers):
    return [model.get_layer(name).output.shape[1:3] for name in layers]


# The network


def test_the_builder_is_the_classic_network_spelled_out():
    layers = keras.layers
    spelled_out = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    assert_same_network(models.convnet((28, 28, 1), 10), spelled_out)


def test_every_option_is_the_network_spelled_out():
    inputs = x = keras.Input(COLOUR)
    x = keras.layers.RandomFlip("vertical")(x)
    x = keras.layers.Rescaling(1 / 255)(x)
    for number, filters in enumerate((4, 6)):
        x = keras.layers.Conv2D(filters, 5, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.Activation("tanh")(x)
        if number == 0:
            x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.GlobalMaxPooling2D()(x)
    x = keras.layers.Dropout(0.3)(x)
    spelled_out = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(x))
    model = models.convnet(
        COLOUR,
        5,
        (4, 6),
        kernel=5,
        padding="same",
        pooling="average",
        features="max",
        activation="tanh",
        dropout=0.3,
        batch_norm=True,
        augmentation=keras.layers.RandomFlip("vertical"),
    )
    assert_same_network(model, spelled_out)


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        # windows of 3 by 3 over 1 channel, 4 and 6 maps; 5 by 5 pixels are left of 16
        ({}, (9 * 1 + 1) * 4 + (9 * 4 + 1) * 6 + (5 * 5 * 6 + 1) * 10),
        ({"kernel": 5}, (25 + 1) * 4 + (25 * 4 + 1) * 6 + (2 * 2 * 6 + 1) * 10),
        ({"padding": "same"}, (9 + 1) * 4 + (9 * 4 + 1) * 6 + (8 * 8 * 6 + 1) * 10),
        ({"pooling": None}, (9 + 1) * 4 + (9 * 4 + 1) * 6 + (12 * 12 * 6 + 1) * 10),
        ({"pooling": "stride"}, (9 + 1) * 4 + (9 * 4 + 1) * 6 + (5 * 5 * 6 + 1) * 10),
        ({"features": "average"}, (9 + 1) * 4 + (9 * 4 + 1) * 6 + (6 + 1) * 10),
        # no biases, and 4 numbers of normalisation for each map
        ({"batch_norm": True}, 13 * 4 + (9 * 4 + 4) * 6 + (5 * 5 * 6 + 1) * 10),
    ],
)
def test_parameters_are_as_many_as_by_hand(settings, parameters):
    assert parameters == models.convnet((16, 16, 1), 10, (4, 6), **settings).count_params()


def test_the_maps_halve_between_convolutions():
    model = models.convnet((28, 20, 1), 10, (2, 2, 2))
    assert sides(model, "conv_1", "pool_1", "conv_2", "pool_2", "conv_3") == [
        (26, 18),
        (13, 9),
        (11, 7),
        (5, 3),
        (3, 1),
    ]
    same = models.convnet((28, 20, 1), 10, (2, 2, 2), padding="same")
    assert sides(same, "conv_1", "conv_2", "conv_3") == [(28, 20), (14, 10), (7, 5)]
    strided = models.convnet((28, 20, 1), 10, (2, 2, 2), padding="same", pooling="stride")
    assert sides(strided, "conv_1", "conv_2", "conv_3") == [(14, 10), (7, 5), (7, 5)]


def test_layers_are_named_for_their_place():
    assert names(models.convnet(COLOUR, 5, (4, 4))) == [
        "image",
        "rescaling",
        "conv_1",
        "pool_1",
        "conv_2",
        "features",
        "output",
    ]
    full = models.convnet(
        COLOUR,
        5,
        (4,),
        dropout=0.5,
        batch_norm=True,
        augmentation=models.image_augmentation(),
        name="fruit",
    )
    assert names(full) == [
        "image",
        "augmentation",
        "rescaling",
        "conv_1",
        "norm_1",
        "activation_1",
        "features",
        "dropout",
        "output",
    ]
    assert full.name == "fruit"


def test_pixels_arrive_between_0_and_1(x):
    model = models.convnet(COLOUR, 5, (4,))
    inside = keras.Model(model.input, model.get_layer("rescaling").output)(x)
    np.testing.assert_allclose(inside, x / 255, rtol=1e-6)


def test_probabilities_sum_to_one(x):
    answers = models.convnet(COLOUR, 5, (4,))(x).numpy()
    np.testing.assert_allclose(answers.sum(axis=1), np.ones(12), rtol=1e-6)
    assert answers.min() >= 0


def test_global_features_do_not_ask_where():
    rng = np.random.default_rng(0)
    image = np.zeros((1, 20, 24, 3), "float32")
    image[:, 6:12, 6:12] = rng.integers(0, 256, (6, 6, 3))
    moved = np.roll(image, (4, 6), axis=(1, 2))
    for features in ("average", "max"):
        blind = models.convnet(COLOUR, 5, (4,), features=features)
        np.testing.assert_allclose(blind(image), blind(moved), rtol=1e-5)
    aware = models.convnet(COLOUR, 5, (4,))
    assert np.abs(aware(image) - aware(moved)).max() > 1e-4


def test_dropout_acts_in_training_only(x):
    keras.utils.set_random_seed(0)
    model = models.convnet(COLOUR, 5, (8,), dropout=0.5)
    np.testing.assert_array_equal(model(x, training=False), model(x, training=False))
    assert not np.array_equal(model(x, training=True), model(x, training=True))
    assert model.get_layer("dropout").rate == 0.5


def test_the_norm_comes_before_the_activation(x):
    model = models.convnet(COLOUR, 5, (8,), batch_norm=True)
    normed = keras.Model(model.input, model.get_layer("norm_1").output)(x, training=True).numpy()
    np.testing.assert_allclose(normed.mean(axis=(0, 1, 2)), np.zeros(8), atol=1e-4)
    assert normed.min() < 0
    assert not model.get_layer("conv_1").use_bias


# What every model must survive


@pytest.mark.parametrize("pooling", ["max", "average", "stride", None])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"], indirect=True)
def test_a_compiled_step_trains_in_every_precision(pooling, policy, x):
    keras.utils.set_random_seed(0)
    model = models.convnet(COLOUR, 5, (4, 4), pooling=pooling, dropout=0.2, batch_norm=True)
    model.compile("sgd", loss="sparse_categorical_crossentropy", jit_compile=True)
    before = model.get_weights()
    model.fit(x, np.arange(12) % 5, epochs=1, batch_size=12, verbose=0)
    after = model.get_weights()
    assert all(np.isfinite(weights).all() for weights in after)
    assert not np.array_equal(before[0], after[0])
    assert model(x).dtype == "float32"
    assert model.get_layer("conv_1").compute_dtype == policy.removeprefix("mixed_")


# Keras reads TensorFlow's variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_saving_and_loading_changes_no_answer(tmp_path, x):
    model = models.convnet(
        COLOUR,
        5,
        (4, 3),
        dropout=0.2,
        batch_norm=True,
        augmentation=models.image_augmentation(brightness=0.1, contrast=0.1),
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), loaded(x))
    assert names(model) == names(loaded)
    changed = loaded.get_layer("augmentation")
    assert not np.array_equal(changed(x, training=True), x)
    assert changed.get_layer("rotation").factor == model.get_layer("augmentation").layers[2].factor


def test_a_seed_fixes_the_network(x):
    def answers():
        keras.utils.set_random_seed(7)
        return models.convnet(COLOUR, 5, (4,))(x).numpy()

    np.testing.assert_array_equal(answers(), answers())


def test_a_callable_activation_is_taken(x):
    assert models.convnet(COLOUR, 5, (4,), activation=keras.ops.abs)(x).shape == (12, 5)


def test_numpy_sizes_are_sizes():
    model = models.convnet([np.int64(8), 8, 1], np.int32(2), [np.int64(4)])
    assert model.count_params() == 10 * 4 + (6 * 6 * 4 + 1) * 2


# What cannot work


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": (28, 28)}, r"shape must be \(height, width, channels\). Received: \(28, 28\)"),
        ({"shape": 28}, r"shape must be \(height, width, channels\). Received: 28"),
        ({"shape": (28, 0, 1)}, r"each size in shape must be .* at least 1. Received: 0"),
        ({"classes": 1}, r"classes must be an integer of at least 2. Received: 1"),
        ({"filters": ()}, r"filters must be a sequence .* Received: \(\)"),
        ({"filters": 32}, r"filters must be a sequence .* Received: 32"),
        ({"filters": (4, 2.5)}, r"each size in filters must be .* at least 1. Received: 2.5"),
        ({"kernel": 0}, r"kernel must be an integer of at least 1. Received: 0"),
        ({"kernel": True}, r"kernel must be an integer of at least 1. Received: True"),
        ({"padding": "full"}, r"padding must be one of \('valid', 'same'\). Received: 'full'"),
        ({"pooling": "min"}, r"pooling must be one of .* Received: 'min'"),
        ({"features": None}, r"features must be one of .* Received: None"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\). Received: 1.0"),
        ({"activation": "rely"}, r"Could not interpret activation function identifier: rely"),
        (
            {"filters": (4,) * 5},
            r"at least one pixel .* \(28, 28, 1\), which ends at convolution 4",
        ),
        ({"shape": (9, 28, 1), "kernel": 5}, r"one pixel .* \(9, 28, 1\), .* at convolution 2"),
    ],
)
def test_impossible_inputs_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.convnet(**{"shape": (28, 28, 1), "classes": 10, **arguments})


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("pooling", ["max", "average", "stride", None])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_whatever_keras_can_build_is_built(padding, pooling, kernel):
    """The check for room neither lets an impossible size through nor stops a possible one."""
    for side in range(1, 16):
        x = keras.KerasTensor((None, side, side, 1))
        for last in (False, False, True):
            strides = 2 if pooling == "stride" and not last else 1
            try:
                x = keras.layers.Conv2D(2, kernel, strides, padding).compute_output_spec(x)
                if pooling in ("max", "average") and not last:
                    x = keras.layers.MaxPooling2D(2).compute_output_spec(x)
            except ValueError:
                x = None
            if x is None or min(x.shape[1:3]) < 1:
                x = None
                break
        settings = {"padding": padding, "pooling": pooling, "kernel": kernel}
        if x is None:
            with pytest.raises(ValueError, match="shape must leave at least one pixel"):
                models.convnet((side, side, 1), 2, (2, 2, 2), **settings)
        else:
            model = models.convnet((side, side, 1), 2, (2, 2, 2), **settings)
            assert model.get_layer("conv_3").output.shape == x.shape


# Augmentation

CHANGES = {
    "flip": {"flip": "horizontal"},
    "translation": {"translation": 0.2},
    "rotation": {"rotation": 90},
    "zoom": {"zoom": 0.5},
    "brightness": {"brightness": 0.3},
    "contrast": {"contrast": 0.5},
}
NOTHING = {"flip": None, "rotation": 0, "zoom": 0, "translation": 0}
every_change = pytest.mark.parametrize("change", CHANGES)


def only(change, **settings):
    return models.image_augmentation(**{**NOTHING, **CHANGES[change], **settings})


@every_change
def test_a_change_acts_in_training_only(change, x):
    keras.utils.set_random_seed(0)
    layers = only(change)
    assert names(layers) == [change]
    np.testing.assert_array_equal(layers(x, training=False), x)
    np.testing.assert_array_equal(layers(x), x)
    changed = np.asarray(layers(x, training=True))
    assert changed.shape == x.shape
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert np.abs(changed - x).mean() > 5


@every_change
def test_every_image_is_changed_in_its_own_way(change):
    """Twelve equal images come out as different ones, a mirrored one as one of two."""
    keras.utils.set_random_seed(0)
    ramp = np.tile(np.linspace(60, 190, 24), (20, 1)) + np.linspace(0, 40, 20)[:, None]
    images = np.tile(ramp[None, :, :, None], (12, 1, 1, 3)).astype("float32")
    changed = np.asarray(only(change)(images, training=True))
    different = len(np.unique(changed.reshape(12, -1), axis=0))
    assert different == 2 if change == "flip" else different == 12


@every_change
def test_a_change_keeps_to_its_limit(change):
    keras.utils.set_random_seed(0)
    ramp = np.tile(np.linspace(60, 190, 24), (24, 1))
    images = np.tile(ramp[None, :, :, None], (64, 1, 1, 1)).astype("float32")
    small = {
        "translation": {"translation": 1 / 24},
        "rotation": {"rotation": 1},
        "zoom": {"zoom": 0.02},
        "brightness": {"brightness": 0.01},
        "contrast": {"contrast": 0.05},
        "flip": {},
    }[change]
    moved = np.abs(np.asarray(only(change, **small)(images, training=True)) - images)
    step = ramp[0, 1] - ramp[0, 0]
    limit = {
        "translation": 1.01 * step,
        "rotation": 12 * np.tan(np.pi / 180) * step * 1.1 + 0.05 * step,
        "zoom": 12 * 0.021 * step,
        "brightness": 2.56,
        "contrast": 65.1 * 0.05,
        "flip": 130.1,
    }[change]
    assert 0 < moved.max() <= limit


def test_all_changes_stand_in_their_order():
    layers = models.image_augmentation(brightness=0.1, contrast=0.1, name="more")
    assert names(layers) == ["flip", "translation", "rotation", "zoom", "brightness", "contrast"]
    assert layers.name == "more"
    assert layers.trainable_variables == []


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"], indirect=True)
def test_changes_that_can_be_compiled_train_compiled(policy, x):
    layers = models.image_augmentation(
        rotation=0, zoom=0, translation=0, brightness=0.1, contrast=0.1
    )
    model = models.convnet(COLOUR, 5, (4,), augmentation=layers)
    model.compile("sgd", loss="sparse_categorical_crossentropy", jit_compile=True)
    before = model.get_weights()[-1]
    model.fit(x, np.zeros(12), epochs=1, verbose=0)
    assert not np.array_equal(before, model.get_weights()[-1])
    assert policy == layers.layers[0].dtype_policy.name


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"], indirect=True)
def test_turns_train_where_they_cannot_be_compiled(policy, x):
    model = models.convnet(COLOUR, 5, (4,), augmentation=models.image_augmentation())
    with pytest.warns(UserWarning, match="doesn't support `jit_compile=True`"):
        model.compile("sgd", loss="sparse_categorical_crossentropy", jit_compile=True)
    before = model.get_weights()[-1]
    model.fit(x, np.zeros(12), epochs=1, verbose=0)
    assert not np.array_equal(before, model.get_weights()[-1])
    assert policy == model.dtype_policy.name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"flip": "sideways"}, r"flip must be one of .* Received: 'sideways'"),
        ({"rotation": 181}, r"rotation must be in \[0, 180\]. Received: 181"),
        ({"rotation": -1}, r"rotation must be in \[0, 180\]. Received: -1"),
        ({"zoom": 1.0}, r"zoom must be in \[0, 1\). Received: 1.0"),
        ({"translation": float("nan")}, r"translation must be in \[0, 1\). Received: nan"),
        ({"brightness": 1.5}, r"brightness must be in \[0, 1\]. Received: 1.5"),
        ({"contrast": -0.5}, r"contrast must be in \[0, 1\). Received: -0.5"),
        ({"fill": "paper"}, r"fill must be one of .* Received: 'paper'"),
        ({"value_range": (1, 0)}, r"value_range must be \(black, white\). Received: \(1, 0\)"),
        (NOTHING, r"At least one change must be asked for. Received: none"),
    ],
)
def test_impossible_changes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.image_augmentation(**arguments)
