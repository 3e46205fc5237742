from __future__ import annotations

import keras
import numpy as np
import pytest

from dlguide import models


def small_base(norm=True):
    """A base of two convolutions with a normalisation after each."""
    pictures = keras.Input((16, 16, 3), name="pictures")
    x = keras.layers.Conv2D(4, 3, name="low_conv")(pictures)
    x = keras.layers.BatchNormalization(name="low_norm")(x) if norm else x
    x = keras.layers.Conv2D(6, 3, name="high_conv")(x)
    x = keras.layers.BatchNormalization(name="high_norm")(x) if norm else x
    x = keras.layers.ReLU(name="high_relu")(x)
    return keras.Model(pictures, x, name="base")


def pictures(count=12):
    return np.random.default_rng(0).normal(5, 3, (count, 16, 16, 3)).astype("float32")


def weights(model):
    return {variable.path: np.array(variable) for variable in model.variables}


def train(model, rate=0.1):
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
    model.fit(pictures(), np.arange(12) % 3, epochs=2, verbose=0)


def changed(before, model):
    return {
        path.split("/")[-2]
        for path, value in weights(model).items()
        if not np.array_equal(before[path], value)
    }


def test_the_head_is_a_mean_and_a_softmax():
    base = small_base()
    model = models.transfer_classifier(base, 3, dropout=0.5, name="fruit")
    x = pictures()
    features = np.asarray(base(x, training=False)).mean(axis=(1, 2))
    kernel, bias = model.get_layer("output").get_weights()
    scores = np.exp(features @ kernel + bias)
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model(x, training=False), expected, rtol=1e-4, atol=1e-6)
    assert [layer.name for layer in model.layers] == ["inputs", "base", "pool", "dropout", "output"]
    assert model.name == "fruit"
    assert not model.compiled


def test_a_base_of_rows_needs_no_mean():
    inputs = keras.Input((7,))
    base = keras.Model(inputs, keras.layers.Dense(5)(inputs), name="rows")
    model = models.transfer_classifier(base, 2)
    assert [layer.name for layer in model.layers] == ["inputs", "rows", "output"]


def test_only_the_head_learns_at_first():
    model = models.transfer_classifier(small_base(), 3)
    before = weights(model)
    train(model)
    assert changed(before, model) == {"output"}


def test_a_base_that_is_unfrozen_by_hand_loses_its_statistics():
    """What the docstring warns of, and the reason for `unfreeze_from`."""
    model = models.transfer_classifier(small_base(), 3)
    model.get_layer("base").trainable = True
    before = weights(model)
    train(model)
    assert changed(before, model) == {"low_conv", "low_norm", "high_conv", "high_norm", "output"}
    after = weights(model)
    moving = [path for path in after if "moving" in path]
    assert len(moving) == 4
    assert not any(np.array_equal(before[path], after[path]) for path in moving)


def test_layers_from_the_named_one_upwards_learn_but_no_normalisation():
    model = models.transfer_classifier(small_base(), 3)
    assert models.unfreeze_from(model, "high_conv") == ["high_conv", "output"]
    before = weights(model)
    train(model)
    assert changed(before, model) == {"high_conv", "output"}


def test_unfreezing_again_moves_the_border():
    model = models.transfer_classifier(small_base(), 3)
    assert models.unfreeze_from(model, "low_conv") == ["low_conv", "high_conv", "output"]
    assert models.unfreeze_from(model, "output") == ["output"]
    before = weights(model)
    train(model)
    assert changed(before, model) == {"output"}


def test_a_border_may_be_a_layer_without_weights():
    model = models.transfer_classifier(small_base(), 3)
    assert models.unfreeze_from(model, "low_norm") == ["high_conv", "output"]
    assert models.unfreeze_from(model, "high_relu") == ["output"]


def test_a_flat_model_keeps_its_statistics_too():
    base = small_base()
    outputs = keras.layers.Dense(3, "softmax", name="output")(keras.layers.Flatten()(base.output))
    model = keras.Model(base.input, outputs)
    untouched = weights(model)
    train(model)
    assert "low_norm" in changed(untouched, model)  # as a control: training does change them
    assert models.unfreeze_from(model, "low_conv") == ["low_conv", "high_conv", "output"]
    before = weights(model)
    train(model)
    assert changed(before, model) == {"low_conv", "high_conv", "output"}


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ("high_con", r"such as 'high_conv'.*Received: 'high_con', the name of no layer"),
        ("zzz", r"such as 'low_conv', 'high_conv', 'output'\. Received: 'zzz', the name of no"),
        ("base", r"Received: 'base', the name of no layer"),
    ],
)
def test_a_layer_that_is_not_there_is_refused_with_some_that_are(layer, reason):
    model = models.transfer_classifier(small_base(), 3)
    with pytest.raises(ValueError, match=reason):
        models.unfreeze_from(model, layer)
    assert [v.path.split("/")[0] for v in model.trainable_variables] == ["output", "output"]


def test_a_name_that_occurs_twice_is_refused():
    inputs = keras.Input((4,))
    inner = keras.Model(inputs, keras.layers.Dense(3, name="twice")(inputs), name="inner")
    model = keras.Model(inputs, keras.layers.Dense(2, name="twice")(inner(inputs)))
    with pytest.raises(ValueError, match="the name of several layers"):
        models.unfreeze_from(model, "twice")


def test_a_border_above_all_weights_is_refused():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, name="only"), keras.layers.ReLU(name="end")]
    )
    with pytest.raises(ValueError, match="at or above it, as 'only' has"):
        models.unfreeze_from(model, "end")


@pytest.mark.parametrize("classes", [1, 0, -3, 2.0, "3", None, True])
def test_an_impossible_number_of_classes_is_refused(classes):
    with pytest.raises(ValueError, match="classes must be an integer of at least 2"):
        models.transfer_classifier(small_base(), classes)


@pytest.mark.parametrize("dropout", [-0.1, 1, 1.5])
def test_an_impossible_dropout_is_refused(dropout):
    with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\)"):
        models.transfer_classifier(small_base(), 3, dropout=dropout)


def test_a_base_that_gives_neither_maps_nor_rows_is_refused():
    inputs = keras.Input((8, 4))
    base = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    with pytest.raises(ValueError, match=r"base must give .* Received: \(None, 8, 3\)"):
        models.transfer_classifier(base, 3)


def test_a_base_of_two_outputs_is_refused():
    inputs = keras.Input((8,))
    two = [keras.layers.Dense(3)(inputs), keras.layers.Dense(3)(inputs)]
    with pytest.raises(ValueError, match="one input and one output"):
        models.transfer_classifier(keras.Model(inputs, two), 3)


def test_saved_and_loaded_it_answers_the_same(tmp_path):
    model = models.transfer_classifier(small_base(), 3, dropout=0.2)
    models.unfreeze_from(model, "high_conv")
    train(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        model.predict(pictures(), verbose=0), loaded.predict(pictures(), verbose=0)
    )
    assert [v.path for v in loaded.trainable_variables] == [
        v.path for v in model.trainable_variables
    ]


@pytest.mark.parametrize("jit", [False, True])
def test_mixed_precision_ends_in_float32(jit):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = models.transfer_classifier(small_base(), 3)
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=jit)
    model.fit(pictures(), np.arange(12) % 3, verbose=0)
    answers = model.predict(pictures(), verbose=0)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
