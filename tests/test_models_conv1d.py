import functools

import keras
import numpy as np
import pytest

from dlguide import models
from tests.twins import assert_same_network

STEPS = 24
BUILDERS = {
    "binary": functools.partial(models.conv1d_binary_classifier, 20, embedding=6, kernel=3),
    "classes": functools.partial(models.conv1d_classifier, 20, 5, embedding=6, kernel=3),
    "number": functools.partial(models.conv1d_recurrent_regressor, STEPS, 3, kernel=3, pool=2),
}
every_builder = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS.keys())
text_builder = pytest.mark.parametrize("build", [BUILDERS["binary"], BUILDERS["classes"]])


@pytest.fixture
def policy(request):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(request.param)
    yield request.param
    keras.mixed_precision.set_dtype_policy(before)


def samples(model):
    """Return 12 samples: ids, or windows."""
    rng = np.random.default_rng(0)
    if len(model.input_shape) == 3:
        return rng.standard_normal((12, *model.input_shape[1:]), dtype="float32")
    return rng.integers(0, 20, (12, STEPS))


def names(model):
    return [layer.name for layer in model.layers]


# The networks


def test_the_text_network_is_the_classic_one_spelled_out():
    spelled_out = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(50, 32),
            keras.layers.Conv1D(64, 5, activation="relu"),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    ids = np.random.default_rng(0).integers(0, 50, (4, 12))
    assert_same_network(models.conv1d_binary_classifier(50), spelled_out, ids)


def test_every_option_is_the_text_network_spelled_out():
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(20, 6)(inputs)
    x = keras.layers.Conv1D(4, 3, padding="same", activation="tanh")(x)
    x = keras.layers.MaxPooling1D(4)(x)
    x = keras.layers.Conv1D(3, 3, padding="same", activation="tanh")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dropout(0.3)(x)
    spelled_out = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(x))
    model = models.conv1d_classifier(
        20,
        5,
        (4, 3),
        kernel=3,
        pool=4,
        embedding=6,
        padding="same",
        features="average",
        activation="tanh",
        dropout=0.3,
    )
    assert_same_network(model, spelled_out)


@pytest.mark.parametrize("cell", ["simple", "lstm", "gru"])
def test_the_regressor_is_the_network_spelled_out(cell):
    layer = {"simple": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    spelled_out = keras.Sequential(
        [
            keras.Input((STEPS, 3)),
            keras.layers.Conv1D(8, 5, padding="same", activation="elu"),
            keras.layers.MaxPooling1D(3),
            keras.layers.Conv1D(4, 5, padding="same", activation="elu"),
            keras.layers.MaxPooling1D(3),
            layer[cell](6, return_sequences=True, dropout=0.1, recurrent_dropout=0.2),
            layer[cell](5, dropout=0.1, recurrent_dropout=0.2),
            keras.layers.Dense(2),
        ]
    )
    model = models.conv1d_recurrent_regressor(
        STEPS,
        3,
        (8, 4),
        (6, 5),
        padding="same",
        activation="elu",
        cell=cell,
        outputs=2,
        dropout=0.1,
        recurrent_dropout=0.2,
    )
    assert_same_network(model, spelled_out)


@pytest.mark.parametrize("pooling", ["average", "stride"])
def test_the_front_may_keep_the_values(pooling):
    inputs = x = keras.Input((STEPS, 3))
    x = keras.layers.Conv1D(4, 6, strides=3 if pooling == "stride" else 1)(x)
    if pooling == "average":
        x = keras.layers.AveragePooling1D(3)(x)
    spelled_out = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GRU(5)(x)))
    model = models.conv1d_recurrent_regressor(
        STEPS, 3, (4,), (5,), kernel=6, pool=3, pooling=pooling, activation="linear"
    )
    assert_same_network(model, spelled_out)


def test_without_a_front_it_would_be_the_recurrent_regressor():
    front = models.conv1d_recurrent_regressor(STEPS, 3, (8,), (4, 4), pool=2)
    behind = models.recurrent_regressor(10, 8, (4, 4))
    tail = keras.Model(front.get_layer("pool_1").output, front.output)
    assert_same_network(tail, behind)


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        # a row for each of 20 tokens; 3 steps of 6 numbers and a bias for each map
        ({"filters": (8,)}, 20 * 6 + (3 * 6 + 1) * 8 + 9),
        ({"filters": (8,), "kernel": 1}, 20 * 6 + (6 + 1) * 8 + 9),
        ({"filters": (8, 4)}, 20 * 6 + (3 * 6 + 1) * 8 + (3 * 8 + 1) * 4 + 5),
        ({"filters": (8, 4), "pool": 1}, 20 * 6 + (3 * 6 + 1) * 8 + (3 * 8 + 1) * 4 + 5),
        ({"filters": (8,), "features": "average"}, 20 * 6 + (3 * 6 + 1) * 8 + 9),
    ],
)
def test_parameters_are_as_many_as_by_hand(settings, parameters):
    assert parameters == BUILDERS["binary"](**settings).count_params()


@pytest.mark.parametrize(
    ("key", "shape", "activation"),
    [
        ("binary", (None, 1), "sigmoid"),
        ("classes", (None, 5), "softmax"),
        ("number", (None, 1), "linear"),
    ],
)
def test_the_output_layer_fits_the_question(key, shape, activation):
    model = BUILDERS[key]()
    output = model.get_layer("output")
    assert shape == model.output_shape
    assert activation == output.activation.__name__
    assert output is model.layers[-1]


def test_layers_are_named_for_their_place():
    text = models.conv1d_binary_classifier(20, (4, 4), dropout=0.5, name="reviews")
    assert names(text) == [
        "tokens",
        "embedding",
        "conv_1",
        "pool_1",
        "conv_2",
        "features",
        "dropout",
        "output",
    ]
    assert text.name == "reviews"
    assert names(models.conv1d_classifier(20, 5, (4, 4), pool=1)) == [
        "tokens",
        "embedding",
        "conv_1",
        "conv_2",
        "features",
        "output",
    ]
    front = models.conv1d_recurrent_regressor(STEPS, 3, (8,), (4, 4), pool=2)
    assert names(front) == ["window", "conv_1", "pool_1", "recurrent_1", "recurrent_2", "output"]
    plain = models.conv1d_recurrent_regressor(STEPS, 3, (8,), pool=1)
    assert names(plain) == ["window", "conv_1", "recurrent_1", "output"]


def test_the_front_shortens_the_sequence():
    model = models.conv1d_recurrent_regressor(STEPS, 3, (8, 4), kernel=3, pool=2)
    shapes = [model.get_layer(n).output.shape for n in ("conv_1", "pool_1", "conv_2", "pool_2")]
    assert shapes == [(None, 22, 8), (None, 11, 8), (None, 9, 4), (None, 4, 4)]
    same = models.conv1d_recurrent_regressor(STEPS, 3, (8, 4), kernel=3, pool=2, padding="same")
    assert same.get_layer("pool_2").output.shape == (None, 6, 4)


@every_builder
def test_the_model_comes_uncompiled(build):
    assert not build().compiled


def test_probabilities_sum_to_one():
    model = BUILDERS["classes"]()
    answers = model(samples(model)).numpy()
    np.testing.assert_allclose(answers.sum(axis=1), np.ones(12), rtol=1e-6)
    assert answers.min() >= 0


# Order, place, padding, dropout


def test_a_window_of_one_cannot_see_the_order():
    keras.utils.set_random_seed(0)
    one, three = (models.conv1d_binary_classifier(20, kernel=k) for k in (1, 3))
    x = samples(one)
    mixed = np.random.default_rng(1).permuted(x, axis=1)
    np.testing.assert_allclose(one(x), one(mixed), rtol=1e-5)
    assert np.abs(three(x) - three(mixed)).max() > 1e-4


def test_a_phrase_counts_the_same_wherever_it_stands():
    keras.utils.set_random_seed(0)
    model = models.conv1d_binary_classifier(20, kernel=3)
    texts = np.zeros((2, STEPS), int)
    texts[0, 4:9] = texts[1, 13:18] = [3, 7, 2, 9, 5]
    np.testing.assert_allclose(model(texts[:1]), model(texts[1:]), rtol=1e-5)


def test_more_padding_changes_no_answer():
    keras.utils.set_random_seed(0)
    model = models.conv1d_binary_classifier(20, kernel=3)
    texts = np.pad(np.random.default_rng(0).integers(1, 20, (12, 9)), ((0, 0), (0, 3)))
    longer = np.pad(texts, ((0, 0), (0, 8)))
    np.testing.assert_allclose(model(texts), model(longer), rtol=1e-5)


def test_the_order_of_what_the_front_found_counts():
    keras.utils.set_random_seed(0)
    model = BUILDERS["number"]()
    x = samples(model)
    assert np.abs(model(x) - model(x[:, ::-1])).max() > 1e-3


@pytest.mark.parametrize(
    ("key", "which"),
    [("binary", "dropout"), ("number", "dropout"), ("number", "recurrent_dropout")],
)
def test_dropout_acts_in_training_only(key, which):
    keras.utils.set_random_seed(0)
    model = BUILDERS[key](**{which: 0.5})
    x = samples(model)
    np.testing.assert_array_equal(model(x, training=False), model(x, training=False))
    assert not np.array_equal(model(x, training=True), model(x, training=True))


# What every model must survive


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        ("float32", "binary"),
        ("mixed_float16", "classes"),
        ("mixed_bfloat16", "binary"),
        ("mixed_float16", "number"),
    ],
    indirect=["policy"],
)
def test_a_compiled_step_trains_in_every_precision(policy, key):
    keras.utils.set_random_seed(0)
    model = BUILDERS[key]((4, 4), dropout=0.2)
    model.compile("sgd", loss="mse", jit_compile=True)
    assert model.jit_compile
    before = model.get_weights()
    x = samples(model)
    model.fit(x, np.zeros((12, model.output_shape[-1])), epochs=1, batch_size=12, verbose=0)
    after = model.get_weights()
    assert all(np.isfinite(weights).all() for weights in after)
    assert not np.array_equal(before[0], after[0])
    assert model(x).dtype == "float32"
    assert model.get_layer("conv_1").compute_dtype == policy.removeprefix("mixed_")


# Keras reads TensorFlow's variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@every_builder
def test_saving_and_loading_changes_no_answer(build, tmp_path):
    model = build((4, 3), dropout=0.1)
    x = samples(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), loaded(x))
    assert names(model) == names(loaded)


@every_builder
def test_a_seed_fixes_the_network(build):
    def answers():
        keras.utils.set_random_seed(7)
        model = build()
        return model(samples(model)).numpy()

    np.testing.assert_array_equal(answers(), answers())


@every_builder
def test_a_callable_activation_is_taken(build):
    model = build(activation=keras.ops.abs)
    assert model(samples(model)).shape == (12, model.output_shape[-1])


def test_numpy_sizes_are_sizes():
    model = models.conv1d_binary_classifier(np.int64(20), [np.int32(8)], kernel=np.int64(3))
    assert model.count_params() == 20 * 32 + (3 * 32 + 1) * 8 + 9


# What cannot work


@every_builder
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 32}, r"filters must be a sequence .* Received: 32"),
        ({"filters": ()}, r"filters must be a sequence .* Received: \(\)"),
        ({"filters": (8, 0)}, r"each size in filters must be .* at least 1. Received: 0"),
        ({"filters": (8, 2.5)}, r"each size in filters must be .* at least 1. Received: 2.5"),
        ({"kernel": 0}, r"kernel must be an integer of at least 1. Received: 0"),
        ({"kernel": True}, r"kernel must be an integer of at least 1. Received: True"),
        ({"pool": 0}, r"pool must be an integer of at least 1. Received: 0"),
        ({"padding": "causal"}, r"padding must be one of \('valid', 'same'\). Received: 'causal'"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\). Received: 1.0"),
        ({"dropout": float("nan")}, r"dropout must be in \[0, 1\). Received: nan"),
        ({"activation": "rely"}, r"Could not interpret activation function identifier: rely"),
    ],
)
def test_impossible_inputs_are_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


@text_builder
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"embedding": 0}, r"embedding must be an integer of at least 1. Received: 0"),
        ({"features": "flatten"}, r"features must be one of \('max', 'average'\). Received"),
    ],
)
def test_impossible_texts_are_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: models.conv1d_binary_classifier(1),
            r"vocabulary must be an integer of at least 2. Received: 1",
        ),
        (
            lambda: models.conv1d_classifier(20, 1),
            r"classes must be an integer of at least 2. Received: 1",
        ),
        (
            lambda: models.conv1d_recurrent_regressor(0, 3),
            r"steps must be an integer of at least 1. Received: 0",
        ),
        (
            lambda: models.conv1d_recurrent_regressor(24, 3.0),
            r"features must be an integer of at least 1. Received: 3.0",
        ),
        (
            lambda: models.conv1d_recurrent_regressor(24, 3, outputs=0),
            r"outputs must be an integer of at least 1. Received: 0",
        ),
        (
            lambda: models.conv1d_recurrent_regressor(24, 3, units=32),
            r"units must be a sequence .* Received: 32",
        ),
        (
            lambda: models.conv1d_recurrent_regressor(24, 3, cell="rnn"),
            r"cell must be one of \('simple', 'lstm', 'gru'\). Received: 'rnn'",
        ),
        (
            lambda: models.conv1d_recurrent_regressor(24, 3, recurrent_dropout=-0.1),
            r"recurrent_dropout must be in \[0, 1\). Received: -0.1",
        ),
        (
            lambda: models.conv1d_recurrent_regressor(24, 3, pooling="min"),
            r"pooling must be one of .* Received: 'min'",
        ),
        (
            lambda: models.conv1d_recurrent_regressor(18, 3),
            r"at least one after 2 convolutions .* Received: 18, which ends at convolution 2",
        ),
    ],
)
def test_impossible_sizes_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("pooling", ["max", "average", "stride"])
@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize("pool", [1, 2, 3])
def test_whatever_keras_can_build_is_built(padding, pooling, kernel, pool):
    """The check for room neither lets an impossible length through nor stops a possible one."""
    for steps in range(1, 15):
        x = keras.KerasTensor((None, steps, 2))
        for _ in range(2):
            strides = pool if pooling == "stride" else 1
            try:
                x = keras.layers.Conv1D(2, kernel, strides, padding).compute_output_spec(x)
                if pooling != "stride" and pool > 1:
                    x = keras.layers.MaxPooling1D(pool).compute_output_spec(x)
            except ValueError:
                x = None
            if x is None or x.shape[1] < 1:
                x = None
                break
        settings = {"padding": padding, "pooling": pooling, "kernel": kernel, "pool": pool}
        if x is None:
            with pytest.raises(ValueError, match="steps must leave at least one"):
                models.conv1d_recurrent_regressor(steps, 2, (2, 2), (2,), **settings)
        else:
            model = models.conv1d_recurrent_regressor(
                steps, 2, (2, 2), (2,), cell="simple", **settings
            )
            assert model.get_layer("recurrent_1").input.shape == x.shape
