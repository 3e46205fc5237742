import keras
import numpy as np
import pytest

from dlguide import training


@pytest.fixture
def zeros() -> np.ndarray:
    return np.zeros((4, 1), "float32")


@pytest.fixture
def zero_model():
    """A model that answers zero to zero, so that its loss is 0 in every epoch."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", loss="mse", metrics=["mae"])
    return model


def play(table, epochs, first=0, **logs):
    """Call a table as `fit` would, with the same values in every epoch."""
    table.on_train_begin()
    for epoch in range(first, epochs):
        table.on_epoch_end(epoch, logs)
    table.on_train_end(logs)


# best_epoch


@pytest.mark.parametrize(
    ("values", "mode", "best"),
    [
        ([0.4, 0.2, 0.3], "min", 2),
        ([0.4, 0.2, 0.3], "max", 1),
        ([0.4, 0.2, 0.2], "min", 2),
        ([0.1, 0.9, 0.9], "max", 2),
        ([float("nan"), 0.2, 0.3], "min", 2),
        ([float("nan"), 0.2, 0.3], "max", 3),
        ([float("inf"), 0.3], "min", 2),
        ([0.5], "min", 1),
    ],
)
def test_the_best_epoch_is_found(values, mode, best):
    assert best == training.best_epoch({"val_loss": values}, mode=mode)


def test_the_best_epoch_of_what_fit_returns(zero_model, zeros):
    run = zero_model.fit(zeros, zeros, epochs=2, verbose=0)
    assert training.best_epoch(run, "mae") == 1


@pytest.mark.parametrize(
    ("history", "arguments", "message"),
    [
        ({"loss": [1.0]}, {}, r"monitor must be one of \['loss'\]. Received: 'val_loss'"),
        ({"val_loss": [1.0]}, {"mode": "auto"}, r"mode must be 'min' or 'max'. Received: 'auto'"),
        ({"val_loss": []}, {}, r"other than NaN. Received: 'val_loss', with \[\]"),
        ({"val_loss": [float("nan")]}, {}, r"other than NaN. Received: 'val_loss', with \[nan\]"),
        ({"loss": [1.0, 1.0], "val_loss": [1.0]}, {}, r"with 1 values in 2 epochs"),
    ],
)
def test_there_may_be_no_best_epoch(history, arguments, message):
    with pytest.raises(ValueError, match=message):
        training.best_epoch(history, **arguments)


# ProgressTable


def test_the_table_of_a_training(capsys):
    table = training.ProgressTable(every=5)
    play(table, 12, accuracy=0.75, loss=0.5, val_accuracy=0.875, val_loss=12.25)
    assert capsys.readouterr().out == (
        "epoch      loss  val_loss  accuracy  val_accuracy\n"
        "    1    0.5000   12.2500    0.7500        0.8750\n"
        "    5    0.5000   12.2500    0.7500        0.8750\n"
        "   10    0.5000   12.2500    0.7500        0.8750\n"
        "   12    0.5000   12.2500    0.7500        0.8750\n"
    )


def test_every_row_stands_once(capsys):
    play(training.ProgressTable(every=2), 2, loss=1.0)
    play(training.ProgressTable(), 1, loss=1.0)
    assert capsys.readouterr().out == (
        "epoch      loss\n    1    1.0000\n    2    1.0000\nepoch      loss\n    1    1.0000\n"
    )


def test_each_fit_has_a_table_of_its_own(capsys, zero_model, zeros):
    table = training.ProgressTable(every=10)
    zero_model.fit(zeros, zeros, epochs=2, verbose=0, callbacks=[table])
    zero_model.fit(
        zeros,
        zeros,
        epochs=4,
        initial_epoch=2,
        verbose=0,
        callbacks=[table],
        validation_data=(zeros, zeros),
    )
    assert capsys.readouterr().out == (
        "epoch      loss       mae\n"
        "    1    0.0000    0.0000\n"
        "    2    0.0000    0.0000\n"
        "epoch      loss  val_loss       mae   val_mae\n"
        "    3    0.0000    0.0000    0.0000    0.0000\n"
        "    4    0.0000    0.0000    0.0000    0.0000\n"
    )


def test_the_last_epoch_of_an_early_stop_is_printed(capsys, zero_model, zeros):
    stop = keras.callbacks.EarlyStopping("loss", patience=2)
    table = training.ProgressTable(every=100, metrics=["loss"])
    zero_model.fit(zeros, zeros, epochs=50, verbose=0, callbacks=[stop, table])
    assert capsys.readouterr().out == "epoch      loss\n    1    0.0000\n    3    0.0000\n"


def test_validation_may_begin_later(capsys, zero_model, zeros):
    zero_model.fit(
        zeros,
        zeros,
        epochs=3,
        verbose=0,
        validation_data=(zeros, zeros),
        validation_freq=2,
        callbacks=[training.ProgressTable(metrics=("val_loss", "loss"))],
    )
    assert capsys.readouterr().out == (
        "epoch  val_loss      loss\n"
        "    1         -    0.0000\n"
        "    2    0.0000    0.0000\n"
        "    3         -    0.0000\n"
    )


def test_new_metrics_get_a_new_header(capsys):
    table = training.ProgressTable()
    table.on_train_begin()
    table.on_epoch_end(0, {"loss": 1.0})
    table.on_epoch_end(1, {"loss": 1.0, "val_loss": 2.0})
    table.on_epoch_end(2, {"loss": 1.0})
    assert capsys.readouterr().out == (
        "epoch      loss\n"
        "    1    1.0000\n"
        "epoch      loss  val_loss\n"
        "    2    1.0000    2.0000\n"
        "    3    1.0000         -\n"
    )


def test_a_line_holds_72_characters_and_names_what_it_leaves_out(capsys):
    names = [f"branch_{number}_loss" for number in range(1, 7)]
    play(training.ProgressTable(), 1, loss=1.0, **dict.fromkeys(names, 2.0))
    header, note, row = capsys.readouterr().out.splitlines()
    assert header == "epoch      loss  branch_1_loss  branch_2_loss  branch_3_loss"
    assert note == "(no room for branch_4_loss, branch_5_loss, branch_6_loss)"
    assert len(row) == len(header) <= 72
    assert len(header + "  branch_4_loss") > 72


def test_named_metrics_are_all_shown(capsys):
    names = [f"branch_{number}_loss" for number in range(1, 7)]
    play(training.ProgressTable(metrics=names), 1, loss=1.0, **dict.fromkeys(names, 2.0))
    assert capsys.readouterr().out.splitlines()[0].split() == ["epoch", *names]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "  0.0000"),
        (-0.5, " -0.5000"),
        (0.00012345, "0.000123"),
        (1.5e-7, " 1.5e-07"),
        (123.456, "123.4560"),
        (12345.67, " 12345.7"),
        (1234567.0, "1.23e+06"),
        (float("nan"), "     nan"),
        (float("inf"), "     inf"),
    ],
)
def test_numbers_of_every_size_keep_the_columns(capsys, value, text):
    play(training.ProgressTable(), 1, loss=value)
    assert capsys.readouterr().out.splitlines()[1] == f"    1  {text}"


def test_a_metric_that_nothing_reports_is_refused():
    table = training.ProgressTable(metrics=["acuracy"])
    with pytest.raises(ValueError, match=r"among \['accuracy', 'loss'\]. Received: \['acuracy'\]"):
        play(table, 1, accuracy=1.0, loss=0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, r"every must be an integer of at least 1. Received: 0"),
        ({"every": 1.5}, r"every must be an integer of at least 1. Received: 1.5"),
        ({"metrics": "loss"}, r"metrics must be None or a sequence of names. Received: 'loss'"),
        ({"metrics": []}, r"metrics must be None or a sequence of names. Received: \[\]"),
    ],
)
def test_impossible_tables_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        training.ProgressTable(**arguments)


# hold_out_split, k_fold_splits, iterated_k_fold_splits


def rounds_of(splits, folds):
    """Group a sequence of splits into rounds of `folds`."""
    splits = list(splits)
    return [splits[first : first + folds] for first in range(0, len(splits), folds)]


def all_splits(samples, folds, seed):
    """Return a split of each kind, all as lists of pairs."""
    return {
        "hold out": [training.hold_out_split(samples, 1 / folds, seed=seed)],
        "k-fold": list(training.k_fold_splits(samples, folds, seed=seed)),
        "iterated": list(training.iterated_k_fold_splits(samples, folds, 3, seed=seed)),
    }


@pytest.mark.parametrize(("samples", "folds"), [(2, 2), (7, 3), (10, 5), (11, 11), (1_000, 4)])
def test_every_split_divides_all_samples_in_two(samples, folds):
    for splits in all_splits(samples, folds, seed=1).values():
        for train, validation in splits:
            assert train.dtype == validation.dtype == np.int64
            assert train.size > 0
            assert validation.size > 0
            together = np.sort(np.concatenate([train, validation]))
            assert np.array_equal(together, np.arange(samples))


@pytest.mark.parametrize(("samples", "folds"), [(2, 2), (7, 3), (10, 5), (11, 11), (1_000, 4)])
def test_every_sample_is_validated_once_in_each_round(samples, folds):
    splits = training.iterated_k_fold_splits(samples, folds, 3, seed=2)
    rounds = rounds_of(splits, folds)
    assert len(rounds) == 3
    for splits in rounds:
        validated = np.concatenate([validation for _, validation in splits])
        assert np.array_equal(np.sort(validated), np.arange(samples))
        sizes = {validation.size for _, validation in splits}
        assert max(sizes) - min(sizes) <= 1


def test_the_first_round_is_that_of_plain_folds_and_the_next_is_another():
    plain = list(training.k_fold_splits(50, 5, seed=3))
    first, second = rounds_of(training.iterated_k_fold_splits(50, 5, 2, seed=3), 5)
    for ours, theirs in zip(plain, first, strict=True):
        assert all(map(np.array_equal, ours, theirs))
    assert not np.array_equal(first[0][1], second[0][1])


def test_a_seed_fixes_every_split_and_another_seed_changes_it():
    first, again, other = (all_splits(100, 4, seed) for seed in (4, 4, 5))
    for kind, splits in first.items():
        for ours, theirs in zip(splits, again[kind], strict=True):
            assert all(map(np.array_equal, ours, theirs))
        assert not np.array_equal(splits[0][1], other[kind][0][1])


def test_splitting_shuffles_and_leaves_the_global_random_state_alone():
    np.random.seed(0)  # noqa: NPY002  # the state that Keras's users share
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    _, validation = training.hold_out_split(1_000, seed=0)
    list(training.k_fold_splits(1_000, 4, seed=0))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert validation.size == 200
    assert validation.max() > 900
    assert not np.array_equal(validation, np.sort(validation))


def test_numpy_integers_are_integers():
    assert len(list(training.k_fold_splits(np.int32(6), np.int64(3), seed=np.uint8(1)))) == 3


@pytest.mark.parametrize("folds", [1, 0, -2, 2.0, "3", None, True])
def test_folds_that_cannot_be_are_refused_at_the_call(folds):
    message = r"folds must be an integer of at least 2. Received: "
    with pytest.raises(ValueError, match=message):
        training.k_fold_splits(10, folds, seed=0)
    with pytest.raises(ValueError, match=message):
        training.iterated_k_fold_splits(10, folds, 2, seed=0)


def test_more_folds_than_samples_are_refused():
    with pytest.raises(ValueError, match=r"Received: 6 folds of 5 samples"):
        training.k_fold_splits(5, 6, seed=0)


@pytest.mark.parametrize("samples", [1, 0, 2.5, None, False, [1, 2, 3]])
def test_too_few_samples_are_refused(samples):
    message = r"samples must be an integer of at least 2. Received: "
    for call in (
        lambda: training.hold_out_split(samples, seed=0),
        lambda: training.k_fold_splits(samples, 2, seed=0),
        lambda: training.iterated_k_fold_splits(samples, 2, 1, seed=0),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("repeats", [0, -1, 1.5, None])
def test_repeats_must_be_at_least_one(repeats):
    message = r"repeats must be an integer of at least 1. Received: "
    with pytest.raises(ValueError, match=message):
        training.iterated_k_fold_splits(10, 2, repeats, seed=0)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan"), True, "0.2", None])
def test_a_share_lies_between_zero_and_one(share):
    with pytest.raises(ValueError, match=r"validation must be a share between 0 and 1. Received: "):
        training.hold_out_split(10, share, seed=0)


@pytest.mark.parametrize(("share", "aside"), [(0.01, 0), (0.99, 10)])
def test_a_share_leaves_both_sides_a_sample(share, aside):
    message = f"at least one sample on each side. Received: {share}, which sets aside {aside} of 10"
    with pytest.raises(ValueError, match=message):
        training.hold_out_split(10, share, seed=0)


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_a_seed_is_an_integer(seed):
    with pytest.raises(ValueError, match=r"seed must be an integer of at least 0. Received: "):
        training.hold_out_split(10, seed=seed)
