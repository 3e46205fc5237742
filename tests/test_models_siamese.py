import keras
import numpy as np
import pytest

from dlguide import models
from tests.twins import assert_same_network

every_comparison = pytest.mark.parametrize("compare", ["difference", "distance", "concatenate"])
SIDE = 6


@pytest.fixture
def policy(request):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(request.param)
    yield request.param
    keras.mixed_precision.set_dtype_policy(before)


def small_branch(name="branch", features=4):
    picture = keras.Input((SIDE, SIDE, 1))
    x = keras.layers.Conv2D(2, 3, activation="relu")(picture)
    x = keras.layers.Dense(features)(keras.layers.Flatten()(x))
    return keras.Model(picture, x, name=name)


def build(compare="difference", **settings):
    settings.setdefault("hidden", (3,) if compare == "concatenate" else ())
    return models.siamese_binary_classifier(small_branch(), compare=compare, **settings)


def pairs(samples=12):
    rng = np.random.default_rng(0)
    return list(rng.standard_normal((2, samples, SIDE, SIDE, 1), dtype="float32"))


def names(model):
    return [layer.name for layer in model.layers]


# The network


def test_it_is_the_network_spelled_out():
    first, second = keras.Input((SIDE, SIDE, 1)), keras.Input((SIDE, SIDE, 1))
    branch = small_branch()
    difference = keras.ops.absolute(branch(first) - branch(second))
    answer = keras.layers.Dense(1, activation="sigmoid", dtype="float32")(difference)
    assert_same_network(build(), keras.Model([first, second], answer), pairs())


def test_two_branches_and_hidden_layers_are_the_network_spelled_out():
    first, second = keras.Input((SIDE, SIDE, 1)), keras.Input((SIDE, SIDE, 1))
    rows = [small_branch("one")(first), small_branch("two")(second)]
    x = keras.layers.Concatenate()(rows)
    for units in (3, 2):
        x = keras.layers.Dense(units, activation="tanh")(x)
    answer = keras.layers.Dense(1, activation="sigmoid", dtype="float32")(x)
    model = build("concatenate", hidden=(3, 2), activation="tanh", shared=False)
    assert_same_network(model, keras.Model([first, second], answer), pairs())


def test_the_rows_are_compared_as_asked():
    a, b = pairs()
    branch = small_branch()
    rows = np.asarray(branch(a)), np.asarray(branch(b))
    expected = {
        "difference": np.abs(rows[0] - rows[1]),
        "distance": np.linalg.norm(rows[0] - rows[1], axis=1, keepdims=True),
        "concatenate": np.hstack(rows),
    }
    for compare, row in expected.items():
        model = models.siamese_binary_classifier(branch, compare=compare, hidden=(2,))
        compared = keras.Model(model.inputs, model.get_layer("hidden_1").input)
        np.testing.assert_allclose(compared([a, b]), row, rtol=1e-4, atol=1e-6)


def test_sharing_halves_the_branches_weights():
    branch = small_branch().count_params()
    assert build().count_params() == branch + 4 + 1
    assert build(shared=False).count_params() == 2 * branch + 4 + 1
    assert build("distance").count_params() == branch + 1 + 1
    assert build("concatenate", hidden=(3,)).count_params() == branch + (2 * 4 + 1) * 3 + 3 + 1


def test_layers_are_named_for_their_part():
    model = build(hidden=(3,), name="pairs")
    assert model.name == "pairs"
    assert names(model) == ["first", "second", "branch", "comparison", "hidden_1", "output"]
    assert names(build(shared=False))[2:4] == ["branch", "branch_of_second"]
    assert not model.compiled


def test_the_branch_itself_becomes_the_layer():
    branch = small_branch()
    model = models.siamese_binary_classifier(branch)
    assert model.get_layer("branch") is branch
    a, b = pairs()
    before = np.asarray(model([a, b]))
    branch.set_weights([2 * weights for weights in branch.get_weights()])
    assert np.abs(before - model([a, b])).max() > 1e-3


def test_a_sequential_branch_serves_as_well():
    layers = [keras.Input((5,)), keras.layers.Dense(3)]
    for shared in (True, False):
        model = models.siamese_binary_classifier(keras.Sequential(layers), shared=shared)
        assert model.output_shape == (None, 1)


def test_token_ids_and_sequences_of_any_length_pass():
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(20, 4)(ids))
    model = models.siamese_binary_classifier(keras.Model(ids, x))
    assert [tensor.dtype for tensor in model.inputs] == ["int32", "int32"]
    assert model([np.array([[19, 3, 1]]), np.array([[2, 5]])]).shape == (1, 1)


# Symmetry


@pytest.mark.parametrize("compare", ["difference", "distance"])
def test_a_shared_branch_does_not_mind_the_order(compare):
    model = build(compare, hidden=(3,))
    a, b = pairs()
    np.testing.assert_array_equal(model([a, b]), model([b, a]))


@every_comparison
def test_separate_branches_mind_the_order(compare):
    keras.utils.set_random_seed(0)
    model = build(compare, shared=False, hidden=(3,))
    a, b = pairs()
    assert np.abs(model([a, b]) - model([b, a])).max() > 1e-3


def test_concatenated_rows_mind_the_order():
    keras.utils.set_random_seed(0)
    model = build("concatenate")
    a, b = pairs()
    assert np.abs(model([a, b]) - model([b, a])).max() > 1e-3


def test_the_second_branch_starts_from_other_weights():
    keras.utils.set_random_seed(0)
    model = build(shared=False)
    one, two = model.get_layer("branch"), model.get_layer("branch_of_second")
    assert [w.shape for w in one.weights] == [w.shape for w in two.weights]
    assert not np.array_equal(one.get_weights()[0], two.get_weights()[0])


# What every model must survive


@pytest.mark.parametrize(
    ("policy", "compare", "shared"),
    [
        ("float32", "difference", True),
        ("float32", "distance", False),
        ("mixed_float16", "distance", True),
        ("mixed_bfloat16", "concatenate", True),
    ],
    indirect=["policy"],
)
def test_a_compiled_step_trains_in_every_precision(policy, compare, shared):
    keras.utils.set_random_seed(0)
    model = build(compare, shared=shared)
    model.compile("sgd", loss="binary_crossentropy", jit_compile=True)
    before = model.get_layer("branch").get_weights()
    a, b = pairs()
    b[:4] = a[:4]  # equal samples: no distance, and no slope
    model.fit([a, b], np.arange(12) < 4, batch_size=12, verbose=0)
    after = model.get_layer("branch").get_weights()
    assert all(np.isfinite(weights).all() for weights in after)
    assert not np.array_equal(before[0], after[0])
    assert model([a, b]).dtype == "float32"


@pytest.mark.parametrize("policy", ["mixed_float16"], indirect=True)
def test_far_apart_rows_have_a_distance_in_16_bits(policy):
    branch = keras.Sequential([keras.Input((4,)), keras.layers.Activation("linear")])
    model = models.siamese_binary_classifier(branch, compare="distance")
    compared = keras.Model(model.inputs, model.get_layer("output").input)
    distance = compared([np.full((1, 4), 400.0), np.zeros((1, 4))])
    np.testing.assert_allclose(distance, [[800]], rtol=1e-3)


# Keras reads TensorFlow's variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@every_comparison
@pytest.mark.parametrize("shared", [True, False])
def test_saving_and_loading_changes_no_answer(compare, shared, tmp_path):
    model = build(compare, shared=shared)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(pairs()), loaded(pairs()))
    assert names(model) == names(loaded)
    assert loaded.count_params() == model.count_params()  # shared stays shared


def test_a_seed_fixes_the_network():
    def answers():
        keras.utils.set_random_seed(7)
        return build(shared=False)(pairs()).numpy()

    np.testing.assert_array_equal(answers(), answers())


# What cannot work


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"compare": "cosine"}, r"compare must be one of .* Received: 'cosine'"),
        ({"hidden": 3}, r"hidden must be a sequence of layer sizes. Received: 3"),
        ({"hidden": (0,)}, r"each size in hidden must be .* at least 1. Received: 0"),
        (
            {"compare": "concatenate", "hidden": ()},
            r"hidden must have at least one layer .* Received: \(\)",
        ),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build(**settings)


def no_row():
    pixels = keras.Input((SIDE, SIDE, 1))
    return keras.Model(pixels, keras.layers.Conv2D(2, 3)(pixels), name="maps")


def two_inputs():
    one, two = keras.Input((3,)), keras.Input((3,))
    return keras.Model([one, two], keras.layers.Add()([one, two]), name="sum")


@pytest.mark.parametrize(
    ("branch", "message"),
    [
        (lambda: (SIDE, SIDE, 1), r"branch must be a keras.Model. Received: \(6, 6, 1\)"),
        (lambda: keras.layers.Dense(3), r"branch must be a keras.Model. Received: <Dense"),
        (no_row, r"must end in a row of numbers.* Received: \(None, 4, 4, 2\) from 'maps'"),
        (two_inputs, r"must have one input and one output.* Received: 'sum' with 2 and 1"),
        (
            lambda: keras.Sequential([keras.layers.Dense(3)], name="unbuilt"),
            r"must have one input and one output.* Received: 'unbuilt' with 0 and 0",
        ),
    ],
)
def test_impossible_branches_are_refused(branch, message):
    with pytest.raises(ValueError, match=message):
        models.siamese_binary_classifier(branch())
