"""Small helpers around Keras's ``fit``: follow a run, join runs, find its best epoch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Literal

import keras

__all__ = ["ProgressTable", "best_epoch", "join_histories"]


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
