import itertools

import numpy as np
import pytest

from dlguide import training


def probabilities(models=4, samples=300, classes=3, seed=0):
    """Return labels, and models that know them more or less well."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, samples)
    known = np.linspace(0.5, 2.0, models)[:, None, None] * np.eye(classes)[labels]
    scores = np.exp(known + rng.standard_normal((models, samples, classes)))
    return labels, scores / scores.sum(axis=2, keepdims=True)


def log_loss(given, labels):
    return -np.log(given[np.arange(len(labels)), labels]).mean()


def numbers(models=4, samples=200, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal(samples)
    noise = np.linspace(0.3, 1.5, models)[:, None]
    return truth, truth + noise * rng.standard_normal((models, samples))


# The average


def test_average_is_the_weighted_sum():
    _, given = probabilities()
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    by_hand = sum(w * p for w, p in zip(weights, given, strict=True))
    np.testing.assert_allclose(training.weighted_average(given, weights), by_hand)


def test_without_weights_all_count_the_same():
    _, given = probabilities()
    np.testing.assert_allclose(training.weighted_average(list(given)), given.mean(axis=0))


def test_average_of_probabilities_is_a_probability_in_double_precision():
    _, given = probabilities()
    average = training.weighted_average(given.astype("float32"), [0.7, 0.3, 0, 0])
    assert average.dtype == np.float64
    np.testing.assert_allclose(average.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, 0.5], "one number for each of the 4 models"),
        ([0.5, 0.5, 0.5, -0.5], "0 or more"),
        ([0.5, 0.5, 0.5, 0.5], "the sum 1"),
        ([np.nan, 0.5, 0.5, 0.0], "0 or more"),
    ],
)
def test_impossible_weights_are_named(weights, message):
    labels, given = probabilities()
    with pytest.raises(ValueError, match=message):
        training.weighted_average(given, weights)
    with pytest.raises(ValueError, match=message):
        training.ambiguity(given, np.eye(3)[labels], weights)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ([0.1, 0.2], "the shape"),
        (np.zeros((0, 3)), "none of it zero"),
        (np.zeros((2, 0)), "none of it zero"),
        ([[0.1, np.nan]], "finite"),
        ([[0.1, 0.2], [0.1]], "same shape from every model"),
    ],
)
def test_impossible_predictions_are_named(predictions, message):
    with pytest.raises(ValueError, match=message):
        training.weighted_average(predictions)


# The weights


@pytest.mark.parametrize("loss", ["log_loss", "mse"])
def test_weights_are_shares_and_do_better_than_any_other(loss):
    labels, given = probabilities()
    truth = labels if loss == "log_loss" else np.eye(3)[labels]
    weights = training.ensemble_weights(given, truth, loss=loss)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)

    def value(shares):
        mixed = np.tensordot(shares, given, 1)
        return log_loss(mixed, labels) if loss == "log_loss" else np.square(mixed - truth).mean()

    best = value(weights)
    rng = np.random.default_rng(1)
    others = [*np.eye(4), np.full(4, 0.25), *rng.dirichlet(np.ones(4), 200)]
    near = [0.99 * weights + 0.01 * other for other in others]
    assert all(value(other) >= best - 1e-9 for other in [*others, *near])


def test_for_two_models_the_weights_are_those_of_the_formula():
    truth, given = numbers(models=2)
    errors = given - truth
    (a, c), (_, b) = errors @ errors.T / errors.shape[1]
    share = np.clip((b - c) / (a + b - 2 * c), 0, 1)
    weights = training.ensemble_weights(given, truth, loss="mse")
    np.testing.assert_allclose(weights, [share, 1 - share], atol=1e-5)


def test_weights_do_not_depend_on_the_unit():
    truth, given = numbers()
    weights = training.ensemble_weights(given, truth, loss="mse")
    for unit in (1e-6, 1e6):
        again = training.ensemble_weights(given * unit, truth * unit, loss="mse")
        np.testing.assert_allclose(again, weights, atol=1e-5)


def test_weights_are_the_same_every_time_and_follow_their_models():
    labels, given = probabilities()
    weights = training.ensemble_weights(given, labels, loss="log_loss")
    assert np.array_equal(weights, training.ensemble_weights(given, labels, loss="log_loss"))
    turned = training.ensemble_weights(given[::-1], labels, loss="log_loss")
    np.testing.assert_allclose(turned[::-1], weights, atol=1e-4)


def test_a_useless_model_gets_nothing():
    labels, given = probabilities()
    wrong = np.roll(np.eye(3)[labels], 1, axis=1)
    weights = training.ensemble_weights([*given, wrong], labels, loss="log_loss")
    assert weights[-1] < 1e-6


def test_one_model_gets_everything():
    labels, given = probabilities(models=1)
    assert training.ensemble_weights(given, labels, loss="log_loss").tolist() == [1]


def test_probabilities_of_a_yes_are_those_of_two_classes():
    labels, given = probabilities(classes=2)
    both = training.ensemble_weights(given, labels, loss="log_loss")
    yes = training.ensemble_weights(given[:, :, 1], labels, loss="log_loss")
    np.testing.assert_allclose(yes, both, atol=1e-5)
    np.testing.assert_allclose(
        training.ensemble_weights(given[:, :, 1], labels == 1, loss="log_loss"), yes
    )


def test_a_probability_of_zero_for_the_truth_is_no_infinity():
    sure = np.array([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]])
    weights = training.ensemble_weights(sure, [0, 1], loss="log_loss")
    np.testing.assert_allclose(weights, [0.5, 0.5], atol=1e-6)


def test_models_without_an_error_are_welcome():
    truth, _ = numbers()
    weights = training.ensemble_weights([truth, truth], truth, loss="mse")
    assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("predictions", "targets", "message"),
    [
        ([[1.2, 0.1]], [0, 1], "probabilities from 0 to 1"),
        ([[0.2, -0.1]], [0, 1], "probabilities from 0 to 1"),
        ([[0.2, 0.1]], [0, 2], "labels from 0 to 1"),
        ([[0.2, 0.1]], [-1, 0], "labels from 0 to 1"),
        ([[0.2, 0.1]], [0.0, 1.0], "2 integers"),
        ([[0.2, 0.1]], [0, 1, 1], "2 integers"),
        (np.full((1, 2, 2, 2), 0.5), [0, 1], r"\(models, samples\)"),
    ],
)
def test_what_has_no_log_loss_is_named(predictions, targets, message):
    with pytest.raises(ValueError, match=message):
        training.ensemble_weights(predictions, targets, loss="log_loss")


def test_targets_that_do_not_fit_are_named():
    truth, given = numbers()
    with pytest.raises(ValueError, match="shape of one model's predictions"):
        training.ensemble_weights(given, truth[:-1], loss="mse")
    with pytest.raises(ValueError, match="targets must be finite"):
        training.ambiguity(given, np.full_like(truth, np.nan))


def test_unknown_loss_is_named():
    truth, given = numbers()
    with pytest.raises(ValueError, match=r"'log_loss' or 'mse'\. Received: 'mae'"):
        training.ensemble_weights(given, truth, loss="mae")


# How unlike they are


@pytest.mark.parametrize("weights", [None, [0.1, 0.2, 0.3, 0.4], [1, 0, 0, 0]])
def test_error_of_the_average_is_the_average_error_less_the_ambiguity(weights):
    labels, given = probabilities()
    truth = np.eye(3)[labels]
    error, average, apart = training.ambiguity(given, truth, weights)
    assert error == pytest.approx(average - apart)
    mixed = training.weighted_average(given, weights)
    assert error == pytest.approx(np.square(mixed - truth).mean())
    assert apart >= 0


def test_ambiguity_knows_no_targets():
    truth, given = numbers()
    assert training.ambiguity(given, truth)[2] == pytest.approx(
        training.ambiguity(given, truth + 5)[2]
    )


def test_copies_have_no_ambiguity():
    truth, given = numbers(models=1)
    error, average, apart = training.ambiguity([given[0]] * 3, truth)
    assert apart == pytest.approx(0)
    assert error == pytest.approx(average)


def test_disagreement_counts_different_answers():
    _, given = probabilities()
    differ = training.disagreement(given)
    answers = given.argmax(axis=2)
    for one, other in itertools.product(range(4), repeat=2):
        assert differ[one, other] == np.mean(answers[one] != answers[other])
    assert np.array_equal(differ, differ.T)
    assert not differ.diagonal().any()


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 1), (2, 5, 3, 3)])
def test_disagreement_needs_classes(shape):
    with pytest.raises(ValueError, match="two classes"):
        training.disagreement(np.zeros(shape))
