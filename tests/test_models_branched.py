import keras
import numpy as np
import pytest

from dlguide import models

SAMPLES = 12
HEADS = {"kind": (5, "softmax"), "ripe": (1, "sigmoid"), "light": (2, "linear")}
merges = pytest.mark.parametrize("merge", ["concatenate", "add"])


@pytest.fixture
def policy(request):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(request.param)
    yield request.param
    keras.mixed_precision.set_dtype_policy(before)


def ids_branch(width=6):
    ids = keras.Input((2,), dtype="int32")
    rows = keras.layers.Flatten()(keras.layers.Embedding(10, 3)(ids))
    return keras.Model(ids, keras.layers.Dense(width, activation="relu")(rows))


def numbers_branch(width=6):
    dense = keras.layers.Dense
    return keras.Sequential([keras.Input((3,)), dense(8, "relu", name="a"), dense(width, name="b")])


def window_branch(width=6):
    hours = keras.Input((7, 4))
    return keras.Model(hours, keras.layers.Dense(width)(keras.layers.Flatten()(hours)))


def branches(width=6):
    return {
        "ids": ids_branch(width),
        "window": window_branch(width),
        "numbers": numbers_branch(width),
    }


def arrays():
    rng = np.random.default_rng(0)
    return {
        "ids": rng.integers(0, 10, (SAMPLES, 2)),
        "window": rng.standard_normal((SAMPLES, 7, 4), dtype="float32"),
        "numbers": rng.standard_normal((SAMPLES, 3), dtype="float32"),
    }


def trunk():
    """Return a model from pixels to maps; a dense layer at each place compiles fast."""
    pixels = keras.Input((8, 8, 3), name="pixels")
    return keras.Model(pixels, keras.layers.Dense(6, activation="relu", name="maps")(pixels))


def pixels():
    return np.random.default_rng(0).standard_normal((SAMPLES, 8, 8, 3), dtype="float32")


def names(model):
    return [layer.name for layer in model.layers]


# Several inputs


@merges
def test_rows_of_the_branches_are_merged_and_answered(merge):
    parts = branches()
    model = models.several_inputs_network(parts, 2, (4,), answer="linear", merge=merge)
    x = arrays()
    rows = [np.asarray(parts[key](x[key])) for key in parts]
    merged = sum(rows) if merge == "add" else np.concatenate(rows, axis=1)
    (w, b), (v, c) = (model.get_layer(name).get_weights() for name in ("hidden_1", "output"))
    expected = np.maximum(0, merged @ w + b) @ v + c
    np.testing.assert_allclose(model(x), expected, rtol=1e-4, atol=1e-5)


def test_every_input_reaches_the_answer():
    keras.utils.set_random_seed(0)
    model = models.several_inputs_network(branches())
    x = arrays()
    for key in x:
        changed = {**x, key: x[key][::-1]}
        assert np.abs(model(x) - model(changed)).max() > 1e-4


def test_layers_are_named_for_their_input_and_place():
    model = models.several_inputs_network(branches(), hidden=(4, 3), dropout=0.1, name="late")
    above = ["merge", "merge_dropout", "hidden_1", "dropout_1", "hidden_2", "dropout_2", "output"]
    below = [*branches(), *(f"{key}_branch" for key in branches())]
    assert sorted(names(model)) == sorted(below + above)
    assert names(model)[-7:] == above
    assert model.name == "late"


def test_names_within_branches_may_be_the_same():
    twins = {key: numbers_branch() for key in ("left", "right")}
    assert models.several_inputs_network(twins).count_params() == 2 * 86 + 13 * 32 + 33


def test_a_single_branch_is_not_merged():
    model = models.several_inputs_network({"numbers": branches()["numbers"]}, hidden=())
    assert names(model) == ["numbers", "numbers_branch", "output"]


def test_adding_saves_weights_in_the_layer_above():
    added, side_by_side = (
        models.several_inputs_network(branches(), merge=merge) for merge in ("add", "concatenate")
    )
    assert added.get_layer("hidden_1").count_params() == (6 + 1) * 32
    assert side_by_side.get_layer("hidden_1").count_params() == (3 * 6 + 1) * 32


@pytest.mark.parametrize(
    ("answer", "outputs", "low", "high", "total"),
    [("sigmoid", 2, 0, 1, None), ("softmax", 5, 0, 1, 1), ("linear", 2, None, 0, None)],
)
def test_the_answer_has_its_range(answer, outputs, low, high, total):
    keras.utils.set_random_seed(1)
    model = models.several_inputs_network(branches(), outputs, answer=answer)
    given = model(
        {key: 9 * values for key, values in arrays().items() if key != "ids"}
        | {"ids": arrays()["ids"]}
    ).numpy()
    assert given.shape == (SAMPLES, outputs)
    if low is None:
        assert given.min() < high
    else:
        assert low <= given.min() <= given.max() <= high
    if total:
        np.testing.assert_allclose(given.sum(axis=1), 1, rtol=1e-5)


def test_the_weights_are_those_of_the_branches():
    parts = branches()
    model = models.several_inputs_network(parts)
    x = arrays()
    before = model(x).numpy()
    parts["numbers"].set_weights([w + 0.1 for w in parts["numbers"].get_weights()])
    assert np.abs(model(x) - before).max() > 1e-5


# Several outputs


def test_every_head_is_a_dense_layer_on_the_mean_of_the_maps():
    base = trunk()
    model = models.several_outputs_network(base, HEADS)
    row = np.asarray(base(pixels())).mean(axis=(1, 2))
    answers = model(pixels())
    assert list(answers) == list(HEADS)
    w, b = model.get_layer("light").get_weights()
    np.testing.assert_allclose(answers["light"], row @ w + b, rtol=1e-4, atol=1e-5)
    w, b = model.get_layer("ripe").get_weights()
    np.testing.assert_allclose(answers["ripe"], 1 / (1 + np.exp(-row @ w - b)), rtol=1e-4)
    np.testing.assert_allclose(answers["kind"].numpy().sum(axis=1), 1, rtol=1e-5)


def test_layers_are_those_of_the_trunk_and_the_heads():
    model = models.several_outputs_network(trunk(), HEADS, dropout=0.2, name="fruit")
    assert names(model)[:4] == ["pixels", "maps", "trunk_pool", "trunk_dropout"]
    assert set(names(model)[4:]) == set(HEADS)
    assert model.name == "fruit"
    row = keras.Model(model.input, model.get_layer("trunk_pool").output)
    assert names(models.several_outputs_network(row, {"kind": (5, "softmax")}))[-1] == "kind"


def test_losses_and_their_weights_find_the_heads():
    """The loss of fit is the weighted sum of the heads' losses."""
    model = models.several_outputs_network(trunk(), HEADS)
    losses = {"kind": "sparse_categorical_crossentropy", "ripe": "binary_crossentropy"}
    weights = {"kind": 2.0, "ripe": 0.5, "light": 0.01}
    model.compile("sgd", loss={**losses, "light": "mse"}, loss_weights=weights)
    y = {"kind": np.arange(SAMPLES) % 5, "ripe": np.arange(SAMPLES)[:, None] % 2}
    y["light"] = np.full((SAMPLES, 2), 100.0)
    found = model.evaluate(pixels(), y, verbose=0, return_dict=True)
    total = sum(weight * found[f"{key}_loss"] for key, weight in weights.items())
    assert found["light_loss"] > 1_000 * found["kind_loss"]
    np.testing.assert_allclose(found["loss"], total, rtol=1e-5)


def test_several_inputs_may_lie_below_several_outputs():
    below = models.several_inputs_network(branches(), 16, answer="linear")
    model = models.several_outputs_network(below, {"late": (1, "sigmoid"), "early": (1, "sigmoid")})
    assert set(model.input) == set(branches())
    assert set(model(arrays())) == {"late", "early"}


# What every model must survive


def both():
    """Return both networks with their inputs and targets."""
    one = models.several_inputs_network(branches(), dropout=0.2)
    two = models.several_outputs_network(trunk(), HEADS, dropout=0.2)
    zeros = {key: np.zeros((SAMPLES, outputs)) for key, (outputs, _) in HEADS.items()}
    return {"inputs": (one, arrays(), np.zeros((SAMPLES, 1))), "outputs": (two, pixels(), zeros)}


each = pytest.mark.parametrize("which", ["inputs", "outputs"])


def flat(answers):
    return np.concatenate([np.ravel(answer) for answer in keras.tree.flatten(answers)])


@each
def test_the_model_comes_uncompiled(which):
    assert not both()[which][0].compiled


# Compiling takes seconds, so not every precision meets both networks.
@pytest.mark.parametrize(
    ("policy", "which"),
    [
        ("float32", "outputs"),
        ("mixed_float16", "inputs"),
        ("mixed_bfloat16", "outputs"),
    ],
    indirect=["policy"],
)
def test_a_compiled_step_trains_in_every_precision(policy, which):
    model, x, y = both()[which]
    model.compile("sgd", loss="mse", jit_compile=True)
    before = model.get_weights()
    model.fit(x, y, epochs=1, batch_size=SAMPLES, verbose=0)
    after = model.get_weights()
    assert all(np.isfinite(weights).all() for weights in after)
    assert not np.array_equal(before[-2], after[-2])
    assert {answer.dtype.name for answer in keras.tree.flatten(model(x))} == {"float32"}
    dtypes = {layer.compute_dtype for layer in model.layers if layer.name in ("hidden_1", "maps")}
    assert dtypes == {policy.removeprefix("mixed_")}


# Keras reads TensorFlow's variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@each
def test_saving_and_loading_changes_no_answer(which, tmp_path):
    model, x, _ = both()[which]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(flat(model(x)), flat(loaded(x)))
    assert names(model) == names(loaded)


@each
def test_dropout_acts_in_training_only(which):
    model, x, _ = both()[which]
    np.testing.assert_array_equal(flat(model(x)), flat(model(x)))
    assert not np.array_equal(flat(model(x, training=True)), flat(model(x, training=True)))


# What cannot work


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"branches": {}}, r"branches must name at least one branch. Received: {}"),
        ({"branches": [models]}, r"branches must name at least one branch. Received"),
        ({"branches": {1: ids_branch()}}, r"names in branches must be strings.* Received: 1"),
        ({"branches": {"a/b": ids_branch()}}, r"without a slash. Received: 'a/b'"),
        ({"branches": {"a": 5}}, r"each branch must be a keras.Model. Received: 5"),
        (
            {"branches": {"a": keras.Sequential([keras.layers.Dense(3)])}},
            r"each branch must have one input, .* Received: 'a', from \[\] to \[\]",
        ),
        ({"branches": {"a": trunk()}}, r"each branch must have one input, and one output"),
        ({"branches": {"output": ids_branch()}}, r"as another layer. Received: 'output'"),
        ({"branches": {"hidden_1": ids_branch()}}, r"as another layer. Received: 'hidden_1'"),
        (
            {"branches": {"a": ids_branch(), "a_branch": ids_branch()}},
            r"as another layer. Received: 'a_branch'",
        ),
        (
            {"branches": {"a": ids_branch(4), "b": ids_branch(5)}, "merge": "add"},
            r"equally wide only. Received: {'a': 4, 'b': 5}",
        ),
        ({"merge": "multiply"}, r"merge must be one of .* Received: 'multiply'"),
        ({"answer": "relu"}, r"activation must be one of .* Received: 'relu'"),
        ({"answer": "softmax"}, r"outputs of a softmax must be .* at least 2. Received: 1"),
        ({"outputs": 0}, r"outputs of a sigmoid must be .* at least 1. Received: 0"),
        ({"hidden": 32}, r"hidden must be a sequence of sizes. Received: 32"),
        ({"hidden": (8, 0)}, r"each size in hidden must be .* Received: 0"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\). Received: 1.0"),
    ],
)
def test_impossible_inputs_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.several_inputs_network(**{"branches": {"a": ids_branch()}, **arguments})


def test_a_branch_has_one_name():
    branch = ids_branch()
    with pytest.raises(ValueError, match=r"a model of its own. Received: .*\['a', 'b'\]"):
        models.several_inputs_network({"a": branch, "b": branch})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"heads": {}}, r"heads must name at least one head. Received: {}"),
        ({"heads": {"": (1, "linear")}}, r"names in heads must be strings.* Received: ''"),
        ({"heads": {"a": 5}}, r"each head must be a pair .* Received: 5"),
        ({"heads": {"a": (5, "tanh")}}, r"activation must be one of .* Received: 'tanh'"),
        ({"heads": {"a": (1, "softmax")}}, r"outputs of a softmax must be .* Received: 1"),
        ({"heads": {"a": (2.5, "linear")}}, r"outputs of a linear must be .* Received: 2.5"),
        ({"heads": {"maps": (2, "linear")}}, r"a layer of the trunk. Received: 'maps'"),
        ({"heads": {"trunk_pool": (2, "linear")}}, r"of the trunk. Received: 'trunk_pool'"),
        ({"dropout": -0.1}, r"dropout must be in \[0, 1\). Received: -0.1"),
        ({"trunk": models.several_outputs_network(trunk(), HEADS)}, r"trunk must have one output"),
    ],
)
def test_impossible_heads_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.several_outputs_network(**{"trunk": trunk(), "heads": HEADS, **arguments})


def test_a_trunk_that_is_not_built_has_no_output():
    with pytest.raises(ValueError, match=r"trunk must have one output, .* Received: \[\]"):
        models.several_outputs_network(keras.Sequential([keras.layers.Dense(3)]), HEADS)


def test_a_trunk_gives_a_row_or_maps():
    windows = keras.Input((7, 3))
    steps = keras.Model(windows, keras.layers.Conv1D(4, 3)(windows))
    with pytest.raises(ValueError, match=r"trunk must have one output, .* Received: \[\(None, 5"):
        models.several_outputs_network(steps, HEADS)
