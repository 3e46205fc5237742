import keras
import numpy as np
import pytest
import tensorflow as tf

from dlguide import training


@pytest.fixture
def data():
    """Three features and their sum, 96 samples."""
    x = np.random.default_rng(0).normal(size=(96, 3)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def network(optimizer="sgd", dropout=0.0):
    """A small network with a hidden layer, compiled."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, activation="relu", name="hidden"),
            keras.layers.Dropout(dropout, name="dropout"),
            keras.layers.Dense(1, name="output"),
        ]
    )
    model.compile(optimizer, loss="mse")
    return model


# LearningRateFinder


def find(finder, data, model=None, epochs=100):
    model = model or network()
    model.fit(*data, batch_size=16, epochs=epochs, verbose=0, callbacks=[finder])
    return model


def test_rates_grow_by_a_factor_from_the_lowest_to_the_highest(data):
    finder = training.LearningRateFinder(1e-4, 1e-2, 7)
    find(finder, data)
    np.testing.assert_allclose(finder.rates, np.geomspace(1e-4, 1e-2, 7))
    assert finder.losses.shape == finder.smoothed.shape == (7,)


def test_optimiser_really_gets_these_rates(data):
    seen = []

    class Spy(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(float(self.model.optimizer.learning_rate.numpy()))

    finder = training.LearningRateFinder(1e-4, 1e-2, 7)
    network().fit(*data, batch_size=16, epochs=9, verbose=0, callbacks=[finder, Spy()])
    np.testing.assert_allclose(seen, finder.rates, rtol=1e-5)


def test_loss_is_that_of_each_batch_and_not_the_mean_so_far(data):
    # So small a rate changes nothing, and the samples come in order.
    finder = training.LearningRateFinder(1e-12, 1e-11, 6)
    model = network()
    model.fit(*data, batch_size=16, shuffle=False, epochs=1, verbose=0, callbacks=[finder])
    error = ((model.predict(data[0], verbose=0) - data[1]) ** 2).reshape(6, 16).mean(axis=1)
    np.testing.assert_allclose(finder.losses, error, rtol=1e-4)


def test_everything_is_put_back(data):
    model = network(keras.optimizers.Adam(0.02), dropout=0.5)
    model.fit(*data, epochs=1, verbose=0)
    variables = [*model.variables, *model.optimizer.variables]
    before = [variable.numpy().copy() for variable in variables]
    find(training.LearningRateFinder(1e-3, 10.0, 20), data, model)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value, err_msg=variable.path)
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(0.02)


def test_run_that_follows_is_as_if_nothing_had_been(data):
    plain, searched = network("adam"), network("adam")
    find(training.LearningRateFinder(1e-3, 1.0, 10), data, searched)
    losses = []
    for model in (plain, searched):
        losses += [model.fit(*data, epochs=2, shuffle=False, verbose=0).history["loss"]]
    assert losses[0] == losses[1]


def test_search_ends_when_the_loss_diverges(data):
    finder = training.LearningRateFinder(1e-3, 1e6, 200, smoothing=0.0)
    find(finder, data)
    assert len(finder.rates) < 200
    assert not finder.losses[-1] <= 4 * finder.losses.min()
    assert np.all(finder.losses[:-1] <= 4 * np.minimum.accumulate(finder.losses)[:-1])


def test_search_ends_with_a_loss_that_is_not_finite(data):
    finder = training.LearningRateFinder(1.0, 1e30, 100, divergence=1e300)
    find(finder, data)
    assert not np.isfinite(finder.losses[-1])
    assert np.isfinite(finder.losses[:-1]).all()
    assert finder.suggestion() > 0


def test_running_average_is_corrected_for_its_beginning():
    finder = training.LearningRateFinder(1e-3, 1e-1, 3, smoothing=0.5)
    finder._tried = [4.0, 4.0, 1.0]
    expected = [4.0, (0.25 * 4 + 0.5 * 4) / 0.75, (0.125 * 4 + 0.25 * 4 + 0.5 * 1) / 0.875]
    np.testing.assert_allclose(finder.smoothed, expected)


def test_suggestion_lies_a_margin_below_the_lowest_loss():
    finder = training.LearningRateFinder(1e-3, 1e-1, 3, smoothing=0.0)
    finder._tried = [4.0, 1.0, 2.0]
    assert finder.suggestion() == pytest.approx(1e-3)
    assert finder.suggestion(margin=1) == pytest.approx(1e-2)


def test_second_search_begins_anew(data):
    finder = training.LearningRateFinder(1e-4, 1e-2, 5)
    model = find(finder, data)
    find(finder, data, model)
    assert len(finder.losses) == 5


def test_search_works_in_mixed_precision(data):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = network("adam")
    finally:
        keras.config.set_dtype_policy("float32")
    finder = training.LearningRateFinder(1e-4, 1e-2, 5)
    find(finder, data, model)
    assert np.isfinite(finder.losses).all()
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(0.001)


def test_schedule_cannot_be_searched(data):
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    with pytest.raises(ValueError, match=r"number as learning rate. Received: a LearningRateSch"):
        find(training.LearningRateFinder(), data, network(keras.optimizers.SGD(decay)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lowest": 0.0}, "0 < lowest < highest. Received: 0.0 and 1.0"),
        ({"lowest": 2.0}, "0 < lowest < highest. Received: 2.0 and 1.0"),
        ({"highest": float("inf")}, "Received: 1e-05 and inf"),
        ({"steps": 1}, "steps must be an integer of at least 2. Received: 1"),
        ({"smoothing": 1.0}, "smoothing must be from 0 to below 1. Received: 1.0"),
        ({"divergence": 1.0}, "divergence must be a factor above 1. Received: 1.0"),
    ],
)
def test_impossible_searches_say_so(settings, message):
    with pytest.raises(ValueError, match=message):
        training.LearningRateFinder(**settings)


def test_suggestion_needs_a_search_and_a_margin():
    finder = training.LearningRateFinder()
    with pytest.raises(ValueError, match=r"at least one finite loss. Received: 0 losses"):
        finder.suggestion()
    with pytest.raises(ValueError, match=r"margin must be a factor of at least 1. Received: 0.5"):
        finder.suggestion(0.5)


# LayerStatistics


def watched(data, model=None, epochs=2, **settings):
    model = model or network()
    watch = training.LayerStatistics(*data, **settings)
    model.fit(*data, epochs=epochs, verbose=0, callbacks=[watch])
    return model, watch


def test_last_look_is_at_the_trained_model(data):
    model, watch = watched(data)
    x, y = data
    kernel, bias, last, constant = model.get_weights()
    hidden = np.maximum(0, x @ kernel + bias)
    slope = 2 * (hidden @ last + constant - y) / len(x)
    activation = watch.activations["hidden"]
    assert activation["mean"][-1] == pytest.approx(hidden.mean(), rel=1e-5)
    assert activation["deviation"][-1] == pytest.approx(hidden.std(), rel=1e-5)
    assert activation["zeros"][-1] == (hidden == 0).mean()
    counts, edges = np.histogram(hidden, 30)
    np.testing.assert_array_equal(activation["counts"][-1], counts)
    np.testing.assert_allclose(activation["edges"][-1], edges, rtol=1e-5)
    gradient = hidden.T @ slope
    norms = watch.gradients["output/kernel"]["norm"]
    assert norms[-1] == pytest.approx(np.linalg.norm(gradient), rel=1e-4)
    back = x.T @ (slope @ last.T * (hidden > 0))
    norms = watch.gradients["hidden/kernel"]["norm"]
    assert norms[-1] == pytest.approx(np.linalg.norm(back), rel=1e-4)


def test_looks_before_training_and_after_every_so_many_epochs(data):
    _, watch = watched(data, epochs=5, every=2)
    assert watch.epochs.tolist() == [0, 2, 4]
    assert watch.activations["hidden"]["counts"].shape == (3, 30)
    assert watch.activations["hidden"]["edges"].shape == (3, 31)
    assert list(watch.activations) == ["hidden", "dropout", "output"]
    assert list(watch.gradients) == [
        "hidden/kernel", "hidden/bias", "output/kernel", "output/bias",
    ]  # fmt: skip


def test_run_that_is_watched_stays_the_same(data):
    def build():
        model = network("adam", dropout=0.3)
        inputs = keras.Input((3,))
        outputs = model(keras.layers.BatchNormalization()(inputs))
        whole = keras.Model(inputs, outputs)
        whole.compile("adam", loss="mse")
        return whole

    plain, seen = build(), build()
    keras.utils.set_random_seed(1)
    first = plain.fit(*data, epochs=3, verbose=0).history["loss"]
    keras.utils.set_random_seed(1)
    watch = training.LayerStatistics(*data)
    second = seen.fit(*data, epochs=3, verbose=0, callbacks=[watch]).history["loss"]
    assert first == second
    for ours, theirs in zip(plain.get_weights(), seen.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert "sequential" in " ".join(watch.activations)


def test_no_trace_is_left_in_the_layers(data):
    model, _ = watched(data)
    assert all("call" not in vars(layer) for layer in model.layers)


def test_dead_units_are_those_silent_for_every_sample(data):
    model = network()
    kernel = model.layers[0].kernel.numpy()
    bias = np.array([-1e3, -1e3, -1e3, 1e3], "float32")
    model.layers[0].set_weights([kernel, bias])
    watch = training.LayerStatistics(*data, layers=["hidden"])
    model.fit(*data, epochs=1, verbose=0, callbacks=[watch])
    assert watch.activations["hidden"]["dead"][0] == 0.75
    assert watch.activations["hidden"]["zeros"][0] == 0.75
    assert list(watch.activations) == ["hidden"]


def test_infinite_values_are_counted_and_left_out(data):
    model = network()
    model.layers[0].set_weights([np.full((3, 4), 3e38, "float32"), np.zeros(4, "float32")])
    watch = training.LayerStatistics(*data, layers=["hidden"])
    model.fit(*data, epochs=1, verbose=0, callbacks=[watch])
    activation = watch.activations["hidden"]
    assert 0 < activation["infinite"][0] < 1
    assert np.isfinite(activation["mean"][0])
    shown = activation["counts"][0].sum()
    assert shown == round(96 * 4 * (1 - activation["infinite"][0]))


def test_weights_that_the_loss_does_not_reach_have_no_slope(data):
    inputs = keras.Input((3,))
    used = keras.layers.Dense(1, name="used")(inputs)
    unused = keras.layers.Dense(1, name="unused")(inputs)
    model = keras.Model(inputs, [used, unused])
    model.compile("sgd", loss=["mse", None])
    watch = training.LayerStatistics(data[0], [data[1], data[1]])
    watch.set_model(model)
    watch.on_train_begin()
    assert watch.gradients["unused/kernel"]["norm"].tolist() == [0]
    assert watch.gradients["used/kernel"]["norm"].min() > 0


def test_histograms_are_written_for_tensorboard(data, tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    ).EventAccumulator
    _, watch = watched(data, log_dir=tmp_path, bins=12)
    log = accumulator(str(tmp_path), size_guidance={"tensors": 0})
    log.Reload()
    tags = log.Tags()["tensors"]
    assert {"hidden/activation", "hidden/kernel/gradient", "output/bias/gradient"} <= set(tags)
    events = log.Tensors("hidden/activation")
    assert [event.step for event in events] == watch.epochs.tolist() == [0, 1, 2]
    bars = tf.make_ndarray(events[-1].tensor_proto)  # left, right, count
    np.testing.assert_allclose(bars[:, 2], watch.activations["hidden"]["counts"][-1])


def test_statistics_work_in_mixed_precision(data):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = network("adam")
    finally:
        keras.config.set_dtype_policy("float32")
    _, watch = watched(data, model)
    assert np.isfinite(watch.gradients["hidden/kernel"]["norm"]).all()
    assert watch.gradients["hidden/kernel"]["norm"].min() > 0


def test_unknown_layer_says_so(data):
    with pytest.raises(ValueError, match=r"layers must be among \['hidden', .*\['first'\]"):
        watched(data, layers=["first"])


def test_model_without_a_loss_says_so(data):
    watch = training.LayerStatistics(*data)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd")
    watch.set_model(model)
    with pytest.raises(ValueError, match=r"compiled with a loss. Received: a model without one"):
        watch.on_train_begin()


@pytest.mark.parametrize("name", ["every", "bins"])
def test_impossible_statistics_say_so(data, name):
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1. Received: 0"):
        training.LayerStatistics(*data, **{name: 0})
