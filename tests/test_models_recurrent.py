import functools

import keras
import numpy as np
import pytest

from dlguide import models
from tests.twins import assert_same_network

STEPS = 7
BUILDERS = {
    "binary": functools.partial(models.recurrent_binary_classifier, 20, embedding=6),
    "classes": functools.partial(models.recurrent_classifier, 20, 5, embedding=6),
    "number": functools.partial(models.recurrent_regressor, STEPS, 3),
}
every_builder = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS.keys())
text_builder = pytest.mark.parametrize("build", [BUILDERS["binary"], BUILDERS["classes"]])
every_cell = pytest.mark.parametrize("cell", ["simple", "lstm", "gru"])
LAYERS = {"simple": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


@pytest.fixture
def policy(request):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(request.param)
    yield request.param
    keras.mixed_precision.set_dtype_policy(before)


def samples(model):
    """Return 12 samples: ids that end in padding, or windows."""
    rng = np.random.default_rng(0)
    if len(model.input_shape) == 3:
        return rng.standard_normal((12, *model.input_shape[1:]), dtype="float32")
    ids = rng.integers(1, 20, (12, STEPS))
    ids[np.arange(STEPS) >= rng.integers(2, STEPS, (12, 1))] = 0
    return ids


def names(model):
    return [layer.name for layer in model.layers]


# The networks


def test_the_text_network_is_the_classic_one_spelled_out():
    spelled_out = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(50, 32, mask_zero=True),
            keras.layers.LSTM(32),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    assert_same_network(models.recurrent_binary_classifier(50), spelled_out)


@every_cell
def test_every_option_is_the_text_network_spelled_out(cell):
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(20, 6)(inputs)
    for units, sequences in ((4, True), (3, False)):
        x = keras.layers.Bidirectional(
            LAYERS[cell](units, return_sequences=sequences, dropout=0.2, recurrent_dropout=0.3)
        )(x)
    spelled_out = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(x))
    model = models.recurrent_classifier(
        20,
        5,
        (4, 3),
        cell=cell,
        embedding=6,
        mask_zero=False,
        bidirectional=True,
        dropout=0.2,
        recurrent_dropout=0.3,
    )
    assert_same_network(model, spelled_out)


@every_cell
def test_the_regressor_is_the_network_spelled_out(cell):
    spelled_out = keras.Sequential(
        [
            keras.Input((STEPS, 3)),
            LAYERS[cell](8, return_sequences=True, dropout=0.1, recurrent_dropout=0.2),
            LAYERS[cell](4, dropout=0.1, recurrent_dropout=0.2),
            keras.layers.Dense(2),
        ]
    )
    model = models.recurrent_regressor(
        STEPS, 3, (8, 4), cell=cell, outputs=2, dropout=0.1, recurrent_dropout=0.2
    )
    assert_same_network(model, spelled_out)


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        # every unit: a weight for each input and each unit of the state, and a bias
        ({"cell": "simple"}, (3 + 8 + 1) * 8 + 9),
        # the same four times over; three times, with two biases, for the GRU
        ({"cell": "lstm"}, 4 * (3 + 8 + 1) * 8 + 9),
        ({"cell": "gru"}, 3 * (3 + 8 + 2) * 8 + 9),
        ({"cell": "simple", "bidirectional": True}, 2 * (3 + 8 + 1) * 8 + 17),
        ({"cell": "simple", "units": (8, 4)}, (3 + 8 + 1) * 8 + (8 + 4 + 1) * 4 + 5),
        ({"cell": "simple", "outputs": 3}, (3 + 8 + 1) * 8 + 9 * 3),
    ],
)
def test_parameters_are_as_many_as_by_hand(settings, parameters):
    assert (
        parameters
        == models.recurrent_regressor(STEPS, 3, **{"units": (8,), **settings}).count_params()
    )


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
    text = models.recurrent_binary_classifier(20, (4, 4), bidirectional=True, name="reviews")
    assert names(text) == ["tokens", "embedding", "recurrent_1", "recurrent_2", "output"]
    assert text.name == "reviews"
    assert names(models.recurrent_regressor(STEPS, 3)) == ["window", "recurrent_1", "output"]


def test_all_layers_but_the_last_hand_on_every_step():
    model = models.recurrent_regressor(STEPS, 3, (8, 4, 2))
    shapes = [model.get_layer(f"recurrent_{n}").output.shape for n in (1, 2, 3)]
    assert shapes == [(None, STEPS, 8), (None, STEPS, 4), (None, 2)]
    both = models.recurrent_regressor(STEPS, 3, (8, 4), bidirectional=True)
    shapes = [both.get_layer(f"recurrent_{n}").output.shape for n in (1, 2)]
    assert shapes == [(None, STEPS, 16), (None, 8)]


@every_builder
def test_the_model_comes_uncompiled(build):
    assert not build().compiled


def test_probabilities_sum_to_one():
    model = BUILDERS["classes"]()
    answers = model(samples(model)).numpy()
    np.testing.assert_allclose(answers.sum(axis=1), np.ones(12), rtol=1e-6)
    assert answers.min() >= 0


# Order, padding, direction, dropout


@every_cell
def test_the_order_of_the_steps_counts(cell):
    keras.utils.set_random_seed(0)
    model = models.recurrent_regressor(STEPS, 3, cell=cell)
    x = samples(model)
    assert np.abs(model(x) - model(x[:, ::-1])).max() > 1e-3


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_no_answer(cell, bidirectional):
    keras.utils.set_random_seed(0)
    settings = {"cell": cell, "bidirectional": bidirectional}
    texts = np.random.default_rng(0).integers(1, 20, (12, 5))
    longer = np.pad(texts, ((0, 0), (0, 3)))
    model = models.recurrent_binary_classifier(20, **settings)
    np.testing.assert_allclose(model(texts), model(longer), rtol=1e-5)
    seen = models.recurrent_binary_classifier(20, mask_zero=False, **settings)
    assert np.abs(seen(texts) - seen(longer)).max() > 1e-4


def test_one_direction_cannot_see_what_comes_after():
    """At its first step a layer knows the first step only, unless it reads backwards too."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).standard_normal((1, STEPS, 3), dtype="float32")
    changed = x.copy()
    changed[:, -1] += 1
    first = {}
    for bidirectional in (False, True):
        model = models.recurrent_regressor(STEPS, 3, (8, 4), bidirectional=bidirectional)
        below = keras.Model(model.input, model.get_layer("recurrent_1").output)
        first[bidirectional] = np.abs(below(x) - below(changed))[0, 0]
    assert first[False].max() == 0
    assert first[True][:8].max() == 0
    assert first[True][8:].max() > 1e-4


@pytest.mark.parametrize("which", ["dropout", "recurrent_dropout"])
@every_cell
def test_dropout_acts_in_training_only(cell, which):
    keras.utils.set_random_seed(0)
    model = models.recurrent_regressor(STEPS, 3, cell=cell, **{which: 0.5})
    x = samples(model)
    np.testing.assert_array_equal(model(x, training=False), model(x, training=False))
    assert not np.array_equal(model(x, training=True), model(x, training=True))


# What every model must survive


# Compiling takes seconds, so every precision meets every cell and every builder, but not
# every pair of them.
@pytest.mark.parametrize(
    ("policy", "key", "cell"),
    [
        ("float32", "binary", "gru"),
        ("float32", "number", "lstm"),
        ("mixed_float16", "binary", "lstm"),
        ("mixed_float16", "number", "gru"),
        ("mixed_bfloat16", "classes", "simple"),
    ],
    indirect=["policy"],
)
def test_a_compiled_step_trains_in_every_precision(policy, key, cell):
    keras.utils.set_random_seed(0)
    model = BUILDERS[key](units=(4, 3), cell=cell, dropout=0.2, recurrent_dropout=0.2)
    model.compile("sgd", loss="mse", jit_compile=True)
    assert model.jit_compile
    before = model.get_weights()
    x = samples(model)
    model.fit(x, np.zeros((12, model.output_shape[-1])), epochs=1, batch_size=12, verbose=0)
    after = model.get_weights()
    assert all(np.isfinite(weights).all() for weights in after)
    assert not np.array_equal(before[0], after[0])
    assert model(x).dtype == "float32"
    assert model.get_layer("recurrent_1").compute_dtype == policy.removeprefix("mixed_")


@every_cell
def test_compiling_changes_no_answer(cell):
    keras.utils.set_random_seed(0)
    model = models.recurrent_binary_classifier(20, (4,), cell=cell, bidirectional=True)
    x = samples(model)
    plain = np.asarray(model(x))
    model.compile("sgd", loss="mse", jit_compile=True)
    np.testing.assert_allclose(model.predict(x, verbose=0), plain, rtol=1e-5)


# Keras reads TensorFlow's variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@every_builder
@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
def test_saving_and_loading_changes_no_answer(build, cell, bidirectional, tmp_path):
    model = build(
        units=(4, 3), cell=cell, bidirectional=bidirectional, dropout=0.1, recurrent_dropout=0.2
    )
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


def test_numpy_sizes_are_sizes():
    model = models.recurrent_regressor(np.int64(7), np.int32(3), [np.int64(8)], cell="simple")
    assert model.count_params() == (3 + 8 + 1) * 8 + 9


# What cannot work


@every_builder
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 32}, r"units must be a sequence .* Received: 32"),
        ({"units": ()}, r"units must be a sequence .* Received: \(\)"),
        ({"units": (8, 0)}, r"each size in units must be .* at least 1. Received: 0"),
        ({"units": (8, 2.5)}, r"each size in units must be .* at least 1. Received: 2.5"),
        ({"cell": "rnn"}, r"cell must be one of \('simple', 'lstm', 'gru'\). Received: 'rnn'"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\). Received: 1.0"),
        ({"dropout": float("nan")}, r"dropout must be in \[0, 1\). Received: nan"),
        ({"recurrent_dropout": -0.1}, r"recurrent_dropout must be in \[0, 1\). Received: -0.1"),
    ],
)
def test_impossible_inputs_are_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


@text_builder
@pytest.mark.parametrize("embedding", [0, True, "6"])
def test_an_embedding_needs_a_length(build, embedding):
    with pytest.raises(ValueError, match=r"embedding must be an integer of at least 1. Received"):
        build(embedding=embedding)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: models.recurrent_binary_classifier(1),
            r"vocabulary must be an integer of at least 2. Received: 1",
        ),
        (
            lambda: models.recurrent_classifier(20, 1),
            r"classes must be an integer of at least 2. Received: 1",
        ),
        (
            lambda: models.recurrent_regressor(0, 3),
            r"steps must be an integer of at least 1. Received: 0",
        ),
        (
            lambda: models.recurrent_regressor(7, 3.0),
            r"features must be an integer of at least 1. Received: 3.0",
        ),
        (
            lambda: models.recurrent_regressor(7, 3, outputs=0),
            r"outputs must be an integer of at least 1. Received: 0",
        ),
    ],
)
def test_impossible_sizes_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
