import functools

import keras
import numpy as np
import pytest

from dlguide import models
from tests.twins import assert_same_network

BUILDERS = {
    "binary": models.dense_binary_classifier,
    "classes": functools.partial(models.dense_classifier, classes=5),
    "labels": functools.partial(models.dense_multilabel_classifier, labels=3),
    "number": models.dense_regressor,
}
every_builder = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS.keys())


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((12, 8), dtype="float32")


@pytest.fixture
def policy(request):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(request.param)
    yield request.param
    keras.mixed_precision.set_dtype_policy(before)


def names(model):
    return [layer.name for layer in model.layers]


# The networks


def test_the_builder_is_the_classic_network_spelled_out():
    spelled_out = keras.Sequential(
        [
            keras.Input((10_000,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    assert_same_network(models.dense_binary_classifier(10_000, hidden=(16, 16)), spelled_out)


def test_every_option_is_the_network_spelled_out():
    inputs = x = keras.Input((8,))
    for units in (6, 4):
        x = keras.layers.Dense(
            units, use_bias=False, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2)
        )(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.Activation("tanh")(x)
        x = keras.layers.Dropout(0.5)(x)
    spelled_out = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(x))
    model = models.dense_classifier(
        8, 5, (6, 4), activation="tanh", l1=0.1, l2=0.2, dropout=0.5, batch_norm=True
    )
    assert_same_network(model, spelled_out)


@pytest.mark.parametrize(
    "other",
    [
        [keras.layers.Dense(3, "tanh"), keras.layers.Dense(1, "sigmoid")],
        [keras.layers.Dense(4, "relu"), keras.layers.Dense(1, "sigmoid")],
        [keras.layers.Dense(3, "relu", kernel_regularizer="l2"), keras.layers.Dense(1, "sigmoid")],
        [
            keras.layers.Dense(3, "relu"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(1, "sigmoid"),
        ],
    ],
    ids=["activation", "width", "penalty", "layer"],
)
def test_a_twin_that_differs_is_found_out(other):
    with pytest.raises(AssertionError):
        assert_same_network(
            models.dense_binary_classifier(8, (3,)), keras.Sequential([keras.Input((8,)), *other])
        )


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (models.dense_binary_classifier(10_000), (10_000 + 1) * 16 + (16 + 1) * 16 + (16 + 1) * 1),
        (models.dense_classifier(20, 5), (20 + 1) * 64 + (64 + 1) * 64 + (64 + 1) * 5),
        (
            models.dense_multilabel_classifier(20, 3),
            (20 + 1) * 64 + (64 + 1) * 64 + (64 + 1) * 3,
        ),
        (models.dense_regressor(13), (13 + 1) * 64 + (64 + 1) * 64 + (64 + 1) * 1),
        (models.dense_regressor(13, hidden=()), 13 + 1),
        # Without biases, and with 4 numbers of normalisation for each unit.
        (models.dense_regressor(13, (6,), batch_norm=True), 13 * 6 + 4 * 6 + (6 + 1)),
    ],
)
def test_parameters_are_as_many_as_by_hand(model, parameters):
    assert parameters == model.count_params()


@pytest.mark.parametrize(
    ("key", "shape", "activation"),
    [
        ("binary", (None, 1), "sigmoid"),
        ("classes", (None, 5), "softmax"),
        ("labels", (None, 3), "sigmoid"),
        ("number", (None, 1), "linear"),
    ],
)
def test_the_output_layer_fits_the_question(key, shape, activation):
    model = BUILDERS[key](8)
    output = model.get_layer("output")
    assert shape == model.output_shape
    assert activation == output.activation.__name__
    assert output is model.layers[-1]


def test_layers_are_named_for_their_place():
    assert names(models.dense_regressor(8, (4, 4))) == [
        "features",
        "hidden_1",
        "hidden_2",
        "output",
    ]
    full = models.dense_regressor(8, (4,), dropout=0.5, batch_norm=True, name="prices")
    assert names(full) == ["features", "hidden_1", "norm_1", "activation_1", "dropout_1", "output"]
    assert full.name == "prices"


@every_builder
def test_the_model_comes_uncompiled(build):
    assert not build(8).compiled


def test_probabilities_sum_to_one(x):
    answers = models.dense_classifier(8, 5)(x).numpy()
    np.testing.assert_allclose(answers.sum(axis=1), np.ones(12), rtol=1e-6)
    assert answers.min() >= 0


def test_each_label_is_a_question_of_its_own(x):
    keras.utils.set_random_seed(0)
    model = models.dense_multilabel_classifier(8, 3, (4,))
    before = model(x).numpy()
    kernel, bias = model.get_layer("output").get_weights()
    model.get_layer("output").set_weights([kernel, bias + np.eye(3)[0] * 5])
    after = model(x).numpy()
    np.testing.assert_array_equal(after[:, 1:], before[:, 1:])
    assert (after[:, 0] > before[:, 0]).all()
    assert after.sum(axis=1).max() > 1


# Penalties, dropout, normalisation


@pytest.mark.parametrize(("l1", "l2"), [(0.01, 0.0), (0.0, 0.02), (0.01, 0.02)])
def test_the_penalty_is_the_sum_over_hidden_weights(l1, l2):
    model = models.dense_classifier(8, 5, (6, 4), l1=l1, l2=l2)
    kernels = [model.get_layer(name).kernel.numpy() for name in ("hidden_1", "hidden_2")]
    penalty = sum(l1 * np.abs(kernel).sum() + l2 * np.square(kernel).sum() for kernel in kernels)
    np.testing.assert_allclose(sum(float(loss) for loss in model.losses), penalty, rtol=1e-5)


def test_without_penalties_there_is_nothing_to_pay():
    assert models.dense_classifier(8, 5).losses == []


def test_dropout_acts_in_training_only(x):
    keras.utils.set_random_seed(0)
    model = models.dense_regressor(8, (64,), dropout=0.5)
    np.testing.assert_array_equal(model(x, training=False), model(x, training=False))
    assert not np.array_equal(model(x, training=True), model(x, training=True))
    assert model.get_layer("dropout_1").rate == 0.5


def test_the_norm_comes_before_the_activation(x):
    model = models.dense_regressor(8, (64,), batch_norm=True)
    normed = keras.Model(model.input, model.get_layer("norm_1").output)(x, training=True).numpy()
    np.testing.assert_allclose(normed.mean(axis=0), np.zeros(64), atol=1e-5)
    assert normed.min() < 0
    assert not model.get_layer("hidden_1").use_bias


# What every model must survive


@every_builder
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"], indirect=True)
def test_a_compiled_step_trains_in_every_precision(build, policy, x):
    keras.utils.set_random_seed(0)
    model = build(8, hidden=(4,), dropout=0.2, batch_norm=True, l2=0.01)
    model.compile("sgd", loss="mse", jit_compile=True)
    before = model.get_weights()
    model.fit(x, np.zeros((12, model.output_shape[-1])), epochs=1, batch_size=12, verbose=0)
    after = model.get_weights()
    assert all(np.isfinite(weights).all() for weights in after)
    assert not np.array_equal(before[0], after[0])
    assert model(x).dtype == "float32"
    assert model.get_layer("hidden_1").compute_dtype == policy.removeprefix("mixed_")


# Keras reads TensorFlow's variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@every_builder
def test_saving_and_loading_changes_no_answer(build, tmp_path, x):
    model = build(8, hidden=(4, 3), l1=0.1, dropout=0.2, batch_norm=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), loaded(x))
    assert names(model) == names(loaded)


@every_builder
def test_a_seed_fixes_the_network(build, x):
    def answers():
        keras.utils.set_random_seed(7)
        return build(8)(x).numpy()

    np.testing.assert_array_equal(answers(), answers())


def test_a_callable_activation_is_taken(x):
    model = models.dense_regressor(8, (4,), activation=keras.ops.abs)
    assert model(x).shape == (12, 1)


def test_numpy_sizes_are_sizes():
    assert models.dense_regressor(np.int64(8), [np.int32(4)]).count_params() == 9 * 4 + 5


# What cannot work


@every_builder
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 0}, r"features must be an integer of at least 1. Received: 0"),
        ({"features": 2.5}, r"features must be an integer of at least 1. Received: 2.5"),
        ({"features": True}, r"features must be an integer of at least 1. Received: True"),
        ({"hidden": 16}, r"hidden must be a sequence of layer sizes. Received: 16"),
        ({"hidden": (16, -1)}, r"each size in hidden must be .* at least 1. Received: -1"),
        ({"hidden": "16"}, r"each size in hidden must be .* at least 1. Received: '1'"),
        ({"l1": -0.1}, r"l1 must be finite and not negative. Received: -0.1"),
        ({"l2": float("nan")}, r"l2 must be finite and not negative. Received: nan"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\). Received: 1.0"),
        ({"dropout": -0.5}, r"dropout must be in \[0, 1\). Received: -0.5"),
        ({"activation": "rely"}, r"Could not interpret activation function identifier: rely"),
    ],
)
def test_impossible_inputs_are_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**{"features": 8, **arguments})


def test_one_label_is_the_binary_classifier_and_none_is_refused():
    one = models.dense_multilabel_classifier(8, 1, hidden=(4,))
    assert_same_network(one, models.dense_binary_classifier(8, hidden=(4,)))
    with pytest.raises(ValueError, match=r"labels must be an integer of at least 1. Received: 0"):
        models.dense_multilabel_classifier(8, 0)


def test_one_class_is_no_choice():
    with pytest.raises(ValueError, match=r"classes must be an integer of at least 2. Received: 1"):
        models.dense_classifier(8, 1)
