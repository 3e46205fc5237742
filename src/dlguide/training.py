"""Small helpers around Keras's ``fit``: split samples, follow a run, find its best epoch."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import keras
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ProgressTable",
    "best_epoch",
    "hold_out_split",
    "iterated_k_fold_splits",
    "join_histories",
    "k_fold_splits",
]


def hold_out_split(
    samples: int, validation: float = 0.2, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Set a random share of the samples aside for validation.

    What comes back are positions, not samples, so that the same split serves
    inputs, targets and whatever else belongs to a sample.

    Parameters
    ----------
    samples : int
        Number of samples, at least 2.
    validation : float, default 0.2
        Share of the samples to set aside, above 0 and below 1. Their number is
        rounded to the nearest whole one.
    seed : int
        Seed of the shuffling, 0 or more. No other random state is read or changed.

    Returns
    -------
    training : numpy.ndarray of shape (samples - set aside,) and dtype int64
        Positions of the samples to train on, in random order.
    validation : numpy.ndarray of shape (set aside,) and dtype int64
        Positions of the samples to validate on, in random order.

    Raises
    ------
    ValueError
        If `samples` or `seed` is no such integer, if `validation` is not between 0
        and 1, or if the share is so small or so large that one side stays empty.

    See Also
    --------
    k_fold_splits : Let every sample be validated once.

    Examples
    --------
    >>> from dlguide import training
    >>> train, validate = training.hold_out_split(10, 0.3, seed=0)
    >>> train.size, validate.size
    (7, 3)
    >>> sorted([*train.tolist(), *validate.tolist()])
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    size = _integer("samples", samples, at_least=2)
    try:
        aside = round(size * validation) if 0 < validation < 1 else None
    except TypeError:
        aside = None
    if aside is None or isinstance(validation, bool):
        raise ValueError(f"validation must be a share between 0 and 1. Received: {validation!r}")
    if not 0 < aside < size:
        raise ValueError(
            "validation must leave at least one sample on each side. "
            f"Received: {validation!r}, which sets aside {aside} of {size}"
        )
    order = _generator(seed).permutation(size)
    return order[aside:], order[:aside]


def k_fold_splits(
    samples: int, folds: int, *, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Divide the samples into K folds, and let each fold validate once.

    The positions ``0 ... samples - 1`` are shuffled and cut into `folds` pieces
    whose sizes differ by one at most. Each piece in turn is the validation set,
    while all the others together are the training set. A model is trained anew for
    each of them, so K-fold validation costs K times as much as a hold-out split,
    and in return it uses every sample for validation and shows how far the result
    moves from one choice of validation set to the next.

    Parameters
    ----------
    samples : int
        Number of samples, at least 2.
    folds : int
        Number of folds, from 2 to `samples`. As many folds as samples leave one
        sample out at a time.
    seed : int
        Seed of the shuffling, 0 or more. No other random state is read or changed.

    Returns
    -------
    iterator of tuple of (numpy.ndarray, numpy.ndarray)
        For each fold, the positions of the samples to train on and of those to
        validate on, both in random order and of dtype int64.

    Raises
    ------
    ValueError
        If `samples`, `folds` or `seed` is no such integer.

    See Also
    --------
    hold_out_split : A single split, where there are samples enough.
    iterated_k_fold_splits : Several rounds of folds, where there are few.

    References
    ----------
    Stone, M., "Cross-validatory choice and assessment of statistical
    predictions", Journal of the Royal Statistical Society B 36 (1974).

    Examples
    --------
    >>> from dlguide import training
    >>> for train, validate in training.k_fold_splits(7, 3, seed=0):
    ...     print(train.size, validate.size)
    4 3
    5 2
    5 2
    """
    # What cannot work is said here, at the call, and not when the loop begins.
    size, pieces = _folds_of(samples, folds)
    return _folds(size, pieces, _generator(seed))


def iterated_k_fold_splits(
    samples: int, folds: int, repeats: int, *, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Repeat K-fold validation, with the samples shuffled anew each time.

    Where samples are few, the result of K-fold validation depends on how they
    happened to fall into the folds. Averaged over several rounds it does so less.
    The price is ``folds * repeats`` trained models.

    Parameters
    ----------
    samples : int
        Number of samples, at least 2.
    folds : int
        Number of folds in each round, from 2 to `samples`.
    repeats : int
        Number of rounds, at least 1. Each is shuffled on its own; the first is that
        of `k_fold_splits` with the same seed.
    seed : int
        Seed of all the shuffling, 0 or more. No other random state is read or changed.

    Returns
    -------
    iterator of tuple of (numpy.ndarray, numpy.ndarray)
        ``folds * repeats`` pairs, one round after the other: the positions of the
        samples to train on and of those to validate on, of dtype int64. Within a
        round every sample is validated exactly once.

    Raises
    ------
    ValueError
        If `samples`, `folds`, `repeats` or `seed` is no such integer.

    See Also
    --------
    k_fold_splits : A single round.

    Examples
    --------
    >>> from dlguide import training
    >>> splits = training.iterated_k_fold_splits(100, folds=5, repeats=3, seed=0)
    >>> [validate.size for _, validate in splits]
    [20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20]
    """
    size, pieces = _folds_of(samples, folds)
    rounds = _integer("repeats", repeats, at_least=1)
    random = _generator(seed)
    return itertools.chain.from_iterable(_folds(size, pieces, random) for _ in range(rounds))


def join_histories(
    *histories: keras.callbacks.History | Mapping[str, Sequence[float]],
) -> dict[str, list[float]]:
    """Join the histories of successive ``fit`` calls to one.

    Parameters
    ----------
    *histories : keras.callbacks.History or mapping of str to sequence of float
        What each call of ``fit`` returned, in the order of the calls, or the
        ``history`` dictionaries inside; at least one. All have the same metrics.

    Returns
    -------
    dict of str to list of float
        For each metric, its values over all epochs. The lists are new; the
        histories stay as they are.

    Raises
    ------
    ValueError
        If there is no history, or if two histories have different metrics, as
        when only one of the calls had validation data.

    Examples
    --------
    >>> from dlguide import training
    >>> training.join_histories({"loss": [0.7, 0.4]}, {"loss": [0.3]})
    {'loss': [0.7, 0.4, 0.3]}
    """
    if not histories:
        raise ValueError("join_histories needs at least one history. Received: none")
    runs = [_metrics_of(history) for history in histories]
    for number, run in enumerate(runs[1:], start=2):
        if run.keys() != runs[0].keys():
            raise ValueError(
                "Every history must have the same metrics. Received: "
                f"{sorted(runs[0])} in the first, {sorted(run)} in number {number}"
            )
    return {name: [float(value) for run in runs for value in run[name]] for name in runs[0]}


def best_epoch(
    history: keras.callbacks.History | Mapping[str, Sequence[float]],
    monitor: str = "val_loss",
    *,
    mode: Literal["min", "max"] = "min",
) -> int:
    """Return the number of the epoch that did best, counted from 1.

    Parameters
    ----------
    history : keras.callbacks.History or mapping of str to sequence of float
        What ``fit`` returned, or a dictionary with a list for each metric.
    monitor : str, default "val_loss"
        Metric to judge by.
    mode : {"min", "max"}, default "min"
        Whether low values are good (losses, errors) or high ones (accuracies).

    Returns
    -------
    int
        Number of the best epoch; the earliest of them on a tie. An epoch whose
        value is NaN is never the best.

    Raises
    ------
    ValueError
        If `mode` is unknown, if the history has no such metric, if the metric was
        not measured in every epoch (so that its position is not its epoch), or
        if it has no value but NaN.

    Examples
    --------
    >>> from dlguide import training
    >>> training.best_epoch({"val_loss": [0.38, 0.30, 0.28, 0.31]})
    3
    """
    if mode not in ("min", "max"):
        raise ValueError(f"mode must be 'min' or 'max'. Received: {mode!r}")
    run = _metrics_of(history)
    if monitor not in run:
        raise ValueError(f"monitor must be one of {sorted(run)}. Received: {monitor!r}")
    values = run[monitor]
    epochs = max(len(measured) for measured in run.values())
    if len(values) < epochs:
        raise ValueError(
            "monitor must have been measured in every epoch. "
            f"Received: {monitor!r}, with {len(values)} values in {epochs} epochs"
        )
    candidates = [index for index, value in enumerate(values) if not math.isnan(value)]
    if not candidates:
        raise ValueError(
            f"monitor must have a value other than NaN. Received: {monitor!r}, with {list(values)}"
        )
    choose = min if mode == "min" else max
    return choose(candidates, key=lambda index: values[index]) + 1


class ProgressTable(keras.callbacks.Callback):  # type: ignore[misc]  # Keras publishes no types
    """Print a table of the metrics while a model trains.

    For use with ``fit(..., verbose=0)``: plain lines, no bars, no times, so that the
    same run prints the same text. Each call of ``fit`` starts a table of its own
    with a header; rows follow for its first epoch, for every epoch whose number
    is a multiple of `every`, and for its last epoch, also when training stops
    early. The losses come first, then the other metrics, each beside its
    validation value.

    Parameters
    ----------
    every : int, default 1
        Print a row at multiples of this number of epochs, at least 1.
    metrics : sequence of str, optional
        Columns to print, in this order, ``"loss"`` or ``"val_accuracy"`` for
        example. By default all, up to a line of 72 characters; the
        names of those that do not fit stand below the header.

    Raises
    ------
    ValueError
        If `every` is not a positive integer; if `metrics` is empty or a single string;
        and during ``fit``, if a metric is named that the model does not report.

    Notes
    -----
    A value that is missing in an epoch, as with ``validation_freq=2``, is printed as
    ``-``. Where metrics appear that the header does not show, a new header follows.

    Examples
    --------
    >>> import keras, numpy as np
    >>> from dlguide import training
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "linear", False)])
    >>> model.compile("sgd", loss="mse")
    >>> table = training.ProgressTable(every=2)
    >>> zeros = np.zeros((4, 1), "float32")
    >>> run = model.fit(zeros, zeros, epochs=4, verbose=0, callbacks=[table])
    epoch      loss
        1    0.0000
        2    0.0000
        4    0.0000
    """

    _LINE = 72  # characters: what a page's column holds without scrolling
    _NUMBER = 8
    _GAP = "  "

    def __init__(self, every: int = 1, metrics: Sequence[str] | None = None) -> None:
        super().__init__()
        if not isinstance(every, int) or isinstance(every, bool) or every < 1:
            raise ValueError(f"every must be an integer of at least 1. Received: {every!r}")
        if metrics is not None and (isinstance(metrics, str) or not metrics):
            raise ValueError(f"metrics must be None or a sequence of names. Received: {metrics!r}")
        self.every = every
        self.metrics = None if metrics is None else tuple(metrics)
        self._seen: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._unprinted: tuple[int, dict[str, float]] | None = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's signature
        """Begin a new table."""
        self._seen, self._columns, self._unprinted = (), (), None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Print this epoch's row, or keep it in case it is the last."""
        self._unprinted = (epoch + 1, dict(logs or {}))
        if not self._columns or (epoch + 1) % self.every == 0:
            self._print_row()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's signature
        """Print the last epoch's row, unless it is there already."""
        self._print_row()

    def _print_row(self) -> None:
        if self._unprinted is None:
            return
        epoch, logs = self._unprinted
        self._unprinted = None
        if self.metrics is not None:
            if not self._columns:
                self._print_header(self._checked(self.metrics, logs))
        elif not logs.keys() <= set(self._seen):
            self._seen = _in_pairs([*self._seen, *logs])
            self._print_header(self._seen, self._LINE)
        cells = [_cell(logs.get(name)).rjust(self._width(name)) for name in self._columns]
        print(self._GAP.join([f"{epoch:5d}", *cells]))

    def _print_header(self, names: tuple[str, ...], line: float = math.inf) -> None:
        ends = itertools.accumulate(len(self._GAP) + self._width(name) for name in names)
        room = max(1, sum(len("epoch") + end <= line for end in ends))
        self._columns = names[:room]
        print(self._GAP.join(["epoch", *(name.rjust(self._width(name)) for name in self._columns)]))
        if names[room:]:
            print(f"(no room for {', '.join(names[room:])})")

    def _width(self, name: str) -> int:
        return max(self._NUMBER, len(name))

    @staticmethod
    def _checked(names: tuple[str, ...], logs: Mapping[str, float]) -> tuple[str, ...]:
        # Validation may come later than the first epoch, so its names cannot be missed yet.
        if any(name.removeprefix("val_") not in logs and name not in logs for name in names):
            raise ValueError(f"metrics must be among {sorted(logs)}. Received: {list(names)}")
        return names


def _folds(
    samples: int, folds: int, random: np.random.Generator
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Shuffle the positions once, then yield each fold with all the others."""
    pieces = np.array_split(random.permutation(samples), folds)
    for number, piece in enumerate(pieces):
        yield np.concatenate(pieces[:number] + pieces[number + 1 :]), piece


def _folds_of(samples: int, folds: int) -> tuple[int, int]:
    """Return both as ints if so many samples can be divided into so many folds."""
    size = _integer("samples", samples, at_least=2)
    pieces = _integer("folds", folds, at_least=2)
    if pieces > size:
        raise ValueError(
            f"folds must not exceed samples. Received: {pieces} folds of {size} samples"
        )
    return size, pieces


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(_integer("seed", seed, at_least=0))


def _integer(label: str, value: int, *, at_least: int) -> int:
    """Return `value` as an int, or say what it should have been."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < at_least:
        raise ValueError(f"{label} must be an integer of at least {at_least}. Received: {value!r}")
    return number


def _metrics_of(
    history: keras.callbacks.History | Mapping[str, Sequence[float]],
) -> Mapping[str, Sequence[float]]:
    metrics: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    return metrics


def _in_pairs(names: Sequence[str]) -> tuple[str, ...]:
    """Order metrics: the loss first, and each beside its validation value."""
    plain = dict.fromkeys(name.removeprefix("val_") for name in names)
    loss_first = sorted(plain, key=lambda name: name != "loss")
    return tuple(
        name for metric in loss_first for name in (metric, f"val_{metric}") if name in names
    )


def _cell(value: float | None) -> str:
    """Write a number in about eight characters, with four digits that mean something."""
    if value is None:
        return "-"
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e3:
        return f"{value:.4f}"
    return f"{value:.1f}" if 1e3 <= size < 1e5 else f"{value:.3g}"
