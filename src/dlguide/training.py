"""Small helpers around Keras's ``fit``: split samples, follow a run, find its best epoch."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
import tensorflow as tf
from scipy import optimize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "LayerStatistics",
    "LearningRateFinder",
    "ProgressTable",
    "ambiguity",
    "best_epoch",
    "disagreement",
    "ensemble_weights",
    "hold_out_split",
    "iterated_k_fold_splits",
    "k_fold_splits",
    "weighted_average",
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


class LearningRateFinder(keras.callbacks.Callback):  # type: ignore[misc]  # Keras publishes no types
    """Try learning rates from very small to too large, in one short run.

    The rate begins at `lowest` and is multiplied by the same factor after every
    batch, so that it would reach `highest` after `steps` of them. What the loss of
    each batch was is kept. At small rates nothing happens; then the loss falls;
    then the steps become too long, and it rises. The run ends after `steps` batches,
    or earlier when the loss has diverged, and the model, its optimiser and its
    learning rate are put back as they were. It takes one call of ``fit``, whose
    number of epochs only has to be large enough.

    Parameters
    ----------
    lowest : float, default 1e-5
        First learning rate, above 0.
    highest : float, default 1.0
        Last learning rate, above `lowest`.
    steps : int, default 100
        Number of batches, at least 2.
    smoothing : float, default 0.9
        Weight of the past in the running average of the losses, from 0, which is
        none, to below 1.
    divergence : float, default 4.0
        The run ends when the smoothed loss exceeds its lowest value by this
        factor, above 1, or when a loss is not finite.

    Attributes
    ----------
    rates : numpy.ndarray of shape (batches,) and dtype float64
        Learning rate of each batch that was tried.
    losses : numpy.ndarray of shape (batches,) and dtype float64
        Loss of each of these batches, before the step was made.
    smoothed : numpy.ndarray of shape (batches,) and dtype float64
        Running average of `losses`, corrected for its beginning.

    Raises
    ------
    ValueError
        If a parameter is outside its range; and during ``fit``, if the model's
        learning rate is a schedule, which no callback can set.

    See Also
    --------
    LayerStatistics : Watch activations and gradients instead.

    Notes
    -----
    Keras reports the mean loss of an epoch so far. To see each batch by itself the
    metrics are reset before each batch, so the history of this ``fit`` says nothing.

    References
    ----------
    Smith, L. N., "Cyclical learning rates for training neural networks", IEEE
    Winter Conference on Applications of Computer Vision (2017). The rate grows
    linearly there, and by a factor here.

    Examples
    --------
    >>> import keras, numpy as np
    >>> from dlguide import training
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    >>> model.compile("sgd", loss="mse")
    >>> finder = training.LearningRateFinder(1e-3, 10.0, steps=5, divergence=1e9)
    >>> ones = np.ones((8, 1), "float32")
    >>> run = model.fit(ones, ones, batch_size=2, epochs=2, verbose=0, callbacks=[finder])
    >>> finder.rates.tolist()
    [0.001, 0.01, 0.1, 1.0, 10.0]
    """

    def __init__(
        self,
        lowest: float = 1e-5,
        highest: float = 1.0,
        steps: int = 100,
        *,
        smoothing: float = 0.9,
        divergence: float = 4.0,
    ) -> None:
        super().__init__()
        if not 0 < lowest < highest < math.inf:
            raise ValueError(
                "lowest and highest must be learning rates with 0 < lowest < highest. "
                f"Received: {lowest!r} and {highest!r}"
            )
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing must be from 0 to below 1. Received: {smoothing!r}")
        if not divergence > 1:
            raise ValueError(f"divergence must be a factor above 1. Received: {divergence!r}")
        self.lowest, self.highest = float(lowest), float(highest)
        self.steps = _integer("steps", steps, at_least=2)
        self.smoothing, self.divergence = float(smoothing), float(divergence)
        self._tried: list[float] = []
        self._kept: list[tuple[Any, NDArray[Any]]] = []

    @property
    def rates(self) -> NDArray[np.float64]:
        """Learning rate of each batch that was tried."""
        ladder = np.geomspace(self.lowest, self.highest, self.steps)
        return ladder[: len(self._tried)]

    @property
    def losses(self) -> NDArray[np.float64]:
        """Loss of each batch that was tried."""
        return np.array(self._tried, "float64")

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """Running average of the losses, corrected for its beginning."""
        averages = itertools.accumulate(
            self._tried,
            lambda past, loss: self.smoothing * past + (1 - self.smoothing) * loss,
            initial=0.0,
        )
        averaged = np.array([*averages][1:], "float64")
        weights = 1 - np.power(self.smoothing, np.arange(1.0, len(averaged) + 1))
        return np.asarray(averaged / weights, "float64")

    def suggestion(self, margin: float = 10.0) -> float:
        """Return the rate at the lowest smoothed loss, divided by a margin.

        Parameters
        ----------
        margin : float, default 10.0
            Safety factor, at least 1: where the loss is lowest, the next steps are
            already too long.

        Returns
        -------
        float
            A learning rate to begin with.

        Raises
        ------
        ValueError
            If `margin` is below 1, or if nothing has been tried yet.
        """
        if not margin >= 1:
            raise ValueError(f"margin must be a factor of at least 1. Received: {margin!r}")
        finite = np.where(np.isfinite(self.smoothed), self.smoothed, np.inf)
        if not np.isfinite(finite).any():
            raise ValueError(
                "suggestion needs a run of fit with at least one finite loss. "
                f"Received: {len(finite)} losses"
            )
        return float(self.rates[finite.argmin()]) / margin

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's signature
        """Begin anew, and keep a copy of everything that training changes."""
        optimizer = self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        self._tried = []
        self._kept = [
            (variable, np.array(variable.numpy()))
            for variable in [*self.model.variables, *optimizer.variables]
        ]
        try:
            optimizer.learning_rate = self.lowest
        except TypeError as error:
            raise ValueError(
                "The model must be compiled with a number as learning rate. "
                "Received: a LearningRateSchedule"
            ) from error

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's signature
        """Set the rate of this batch."""
        factor = (self.highest / self.lowest) ** (1 / (self.steps - 1))
        self.model.optimizer.learning_rate = self.lowest * factor ** len(self._tried)
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's signature
        """Keep the loss, and stop after the last rate or when the loss has diverged."""
        self._tried.append(float((logs or {})["loss"]))
        smoothed = self.smoothed
        diverged = not smoothed[-1] <= self.divergence * smoothed.min()
        if diverged or len(self._tried) == self.steps:
            self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's signature
        """Put the model and its optimiser back as they were."""
        for variable, value in self._kept:
            variable.assign(value)
        self._kept = []


class LayerStatistics(keras.callbacks.Callback):  # type: ignore[misc]  # Keras publishes no types
    """Watch the activations of layers and the gradients of their weights.

    Keras's own ``TensorBoard`` callback writes histograms of the weights. This one
    looks at what they do to a fixed batch: what each layer puts out, and how the
    loss would change with each weight. It looks before training and after every
    `every` epochs, keeps histograms and a few numbers as arrays, and, if it is given
    a folder, writes the histograms for TensorBoard beside the others.

    The batch runs through the model in inference mode, so dropout is off, batch
    normalisation uses its averages, and the run that is watched stays the same to
    the last bit.

    Parameters
    ----------
    inputs : array_like, or list or dict of array_like
        The batch to watch, as the model takes it. A few hundred samples do.
    targets : array_like, or list or dict of array_like
        Its targets, as the model's loss takes them.
    log_dir : str or pathlib.Path, optional
        Folder of a TensorBoard run. Without it nothing is written. Steps are
        numbers of finished epochs, so 0 is before training.
    layers : sequence of str, optional
        Names of the layers to watch, by default all layers of the model but its
        inputs. A model among the layers counts as one.
    every : int, default 1
        Look after every so many epochs, at least 1.
    bins : int, default 30
        Number of bars in a histogram, at least 1, equal in width between the
        smallest and the largest value.

    Attributes
    ----------
    epochs : numpy.ndarray of shape (looks,) and dtype int64
        Number of finished epochs at each look.
    activations : dict of str to dict of str to numpy.ndarray
        For each layer by name, what it put out: ``"counts"`` of shape
        (looks, bins) and ``"edges"`` of shape (looks, bins + 1), the histogram of all
        its numbers that are finite; and of shape (looks,) their ``"mean"`` and
        ``"deviation"``, the shares ``"zeros"`` of them that are exactly 0 and
        ``"infinite"`` of those that are not finite, and the share of ``"dead"``
        units, which gave 0 for every sample of the batch (and every place).
    gradients : dict of str to dict of str to numpy.ndarray
        For each trained weight, as in ``"hidden_1/kernel"``: the same but ``"dead"``,
        and the ``"norm"``, the length of the gradient as a vector.

    Raises
    ------
    ValueError
        If `every` or `bins` is no such integer; during ``fit``, if the model has
        no layer with one of the names or is not compiled with a loss.
    ImportError
        If `log_dir` is given and the package tensorboard is not installed.

    See Also
    --------
    LearningRateFinder : Try learning rates.

    Examples
    --------
    >>> import keras, numpy as np
    >>> from dlguide import training
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="sum")])
    >>> model.compile("sgd", loss="mse")
    >>> x, y = np.ones((8, 2), "float32"), np.zeros((8, 1), "float32")
    >>> watch = training.LayerStatistics(x, y)
    >>> run = model.fit(x, y, epochs=3, verbose=0, callbacks=[watch])
    >>> watch.epochs.tolist(), list(watch.gradients)
    ([0, 1, 2, 3], ['sum/kernel', 'sum/bias'])
    >>> watch.activations["sum"]["counts"].sum(axis=1).tolist()
    [8, 8, 8, 8]
    """

    def __init__(
        self,
        inputs: Any,
        targets: Any,
        *,
        log_dir: str | Path | None = None,
        layers: Sequence[str] | None = None,
        every: int = 1,
        bins: int = 30,
    ) -> None:
        super().__init__()
        self.inputs = keras.tree.map_structure(tf.convert_to_tensor, inputs)
        self.targets = keras.tree.map_structure(tf.convert_to_tensor, targets)
        self.log_dir = None if log_dir is None else Path(log_dir)
        self.layers = None if layers is None else tuple(layers)
        self.every = _integer("every", every, at_least=1)
        self.bins = _integer("bins", bins, at_least=1)
        self._looks: list[int] = []
        self._activations: dict[str, list[dict[str, Any]]] = {}
        self._gradients: dict[str, list[dict[str, Any]]] = {}
        self._writer: Any = None

    @property
    def epochs(self) -> NDArray[np.int64]:
        """Number of finished epochs at each look."""
        return np.array(self._looks, "int64")

    @property
    def activations(self) -> dict[str, dict[str, NDArray[Any]]]:
        """Histograms and numbers of what each layer put out."""
        return _stacked(self._activations)

    @property
    def gradients(self) -> dict[str, dict[str, NDArray[Any]]]:
        """Histograms and numbers of each weight's gradient."""
        return _stacked(self._gradients)

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's signature
        """Open the log, and look at the model before training."""
        self._looks, self._activations, self._gradients = [], {}, {}
        if self.log_dir is not None:
            self._writer = tf.summary.create_file_writer(str(self.log_dir))
        self._look(0)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's signature
        """Look at the model."""
        if (epoch + 1) % self.every == 0:
            self._look(epoch + 1)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's signature
        """Close the log."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _look(self, epoch: int) -> None:
        heard: dict[str, Any] = {}
        with _listening(self._watched(), heard), tf.GradientTape() as tape:
            outputs = self.model(self.inputs, training=False)
            loss = self.model.compute_loss(self.inputs, self.targets, outputs, training=False)
        weights = self.model.trainable_variables
        slopes = tape.gradient(
            loss,
            [weight.value for weight in weights],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        self._looks.append(epoch)
        for name, output in heard.items():
            values = np.asarray(tf.cast(output, "float32"))
            dead = np.all(values == 0, axis=tuple(range(values.ndim - 1))).mean()
            self._keep("activation", name, epoch, values, dead=float(dead))
        for weight, slope in zip(weights, slopes, strict=True):
            name = weight.path.removeprefix(f"{self.model.name}/")
            values = np.asarray(tf.cast(tf.convert_to_tensor(slope), "float32"))
            norm = float(np.linalg.norm(values.astype("float64")))
            self._keep("gradient", name, epoch, values, norm=norm)

    def _keep(
        self, kind: str, name: str, epoch: int, values: NDArray[Any], **numbers: float
    ) -> None:
        store = self._activations if kind == "activation" else self._gradients
        store.setdefault(name, []).append({**_distribution(values, self.bins), **numbers})
        if self._writer is not None:
            finite = values[np.isfinite(values)]
            with self._writer.as_default():
                tf.summary.histogram(f"{name}/{kind}", finite, step=epoch, buckets=self.bins)

    def _watched(self) -> list[Any]:
        if getattr(self.model, "_compile_loss", None) is None:
            raise ValueError(
                "The model must be compiled with a loss. Received: a model without one"
            )
        known = {
            layer.name: layer
            for layer in self.model.layers
            if not isinstance(layer, keras.layers.InputLayer)
        }
        names = known if self.layers is None else self.layers
        missing = [name for name in names if name not in known]
        if missing:
            raise ValueError(f"layers must be among {list(known)}. Received: {missing}")
        return [known[name] for name in names]


@contextmanager
def _listening(layers: Sequence[Any], heard: dict[str, Any]) -> Iterator[None]:
    """Note the first output of each layer while the model runs, and leave no trace in it."""

    def noting(layer: Any, call: Any) -> Any:
        def noted(*args: Any, **kwargs: Any) -> Any:
            output = call(*args, **kwargs)
            heard.setdefault(layer.name, keras.tree.flatten(output)[0])
            return output

        return noted

    try:
        for layer in layers:
            layer.call = noting(layer, layer.call)
        yield
    finally:
        for layer in layers:
            vars(layer).pop("call", None)


def _distribution(values: NDArray[Any], bins: int) -> dict[str, Any]:
    """Return a histogram of what is finite, and a few numbers."""
    finite = values[np.isfinite(values)].astype("float64")
    counts, edges = np.histogram(finite, bins)
    return {
        "counts": counts,
        "edges": edges,
        "mean": finite.mean() if finite.size else math.nan,
        "deviation": finite.std() if finite.size else math.nan,
        "zeros": float(np.mean(values == 0)),
        "infinite": 1 - finite.size / values.size,
    }


def _stacked(
    looks: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, dict[str, NDArray[Any]]]:
    """Turn each layer's list of looks into an array for each number."""
    return {
        name: {key: np.array([look[key] for look in each]) for key in each[0]}
        for name, each in looks.items()
    }


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


def weighted_average(predictions: ArrayLike, weights: ArrayLike | None = None) -> NDArray[Any]:
    """Average what several models answer: the answer of their ensemble.

    `predictions` of shape ``(models, samples, ...)`` become one array of shape
    ``(samples, ...)``: the sum over the models of weight times prediction. An
    average of probabilities is a probability again, and an average of prices a
    price.

    Parameters
    ----------
    predictions : array_like of shape (models, samples, ...)
        What each model answers for the same samples, such as a list of what
        ``predict`` returned.
    weights : array_like of shape (models,), optional
        How much each model counts: 0 or more, with the sum 1. By default all
        count the same.

    Returns
    -------
    numpy.ndarray of shape (samples, ...) and dtype float64
        The weighted average.

    Raises
    ------
    ValueError
        If `predictions` is not such a stack of at least one model and one sample,
        if it has values that are not finite, or if `weights` has another length,
        a negative value or another sum.

    See Also
    --------
    ensemble_weights : Find weights that do well on validation data.

    Examples
    --------
    >>> from dlguide import training
    >>> training.weighted_average([[0.9, 0.2], [0.5, 0.4]], [0.75, 0.25]).tolist()
    [0.8, 0.25]
    """
    stack = _stack(predictions)
    return np.tensordot(_weights(weights, len(stack)), stack, axes=1)


def ensemble_weights(
    predictions: ArrayLike, targets: ArrayLike, *, loss: Literal["log_loss", "mse"]
) -> NDArray[np.float64]:
    """Find the weights with which an average of models does best.

    The weights are 0 or more and their sum is 1, so the average stays within what
    the models say. Both losses are convex in the weights, so there is one lowest
    value, and the search for it needs no random numbers. Models that add
    nothing to the others get the weight 0, or next to it.

    The weights are fitted to the samples that are given here, and only
    samples on which no model was trained can show what a model is worth: use
    validation data, and judge the weighted ensemble on other data still.

    Parameters
    ----------
    predictions : array_like of shape (models, samples) or (models, samples, classes)
        What each model answers. For ``"log_loss"`` these are probabilities from 0
        to 1: of each class, or of a yes where the axis of classes is missing.
    targets : array_like
        For ``"log_loss"`` the labels, integers of shape (samples,): from 0 to
        ``classes - 1``, or 0 and 1 for no and yes. For ``"mse"`` the numbers that
        should have been answered, of the shape of one model's predictions.
    loss : {"log_loss", "mse"}
        What the weights make small: the mean of minus the logarithm of the
        probability that was given to the truth, in nats, or the mean squared
        error. Probabilities below 1e-7 count as 1e-7.

    Returns
    -------
    numpy.ndarray of shape (models,) and dtype float64
        The weights, 0 or more, with the sum 1.

    Raises
    ------
    ValueError
        If `loss` is unknown, if `predictions` is no such stack or has values that
        are not finite, if a probability lies outside 0 to 1, or if `targets` does
        not fit in shape or values.

    See Also
    --------
    weighted_average : The ensemble's answer with these weights.

    References
    ----------
    Wolpert, D. H., "Stacked generalization", Neural Networks 5 (1992).
    Breiman, L., "Stacked regressions", Machine Learning 24 (1996).

    Examples
    --------
    >>> from dlguide import training
    >>> high, low, far = [3.0, 5.0], [1.0, 3.0], [9.0, -4.0]
    >>> training.ensemble_weights([high, low, far], [2.0, 4.0], loss="mse").round(3).tolist()
    [0.5, 0.5, 0.0]
    """
    stack = _stack(predictions)
    if loss == "log_loss":
        given = np.maximum(_given_to_truth(stack, targets), 1e-7)  # (models, samples)

        def value(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            mixed = weights @ given
            return -float(np.log(mixed).mean()), -(given / mixed).mean(axis=1)

    elif loss == "mse":
        errors = (stack - _numbers_like(stack, targets)).reshape(len(stack), -1)
        scale = max(float(np.square(errors).mean()), np.finfo(float).tiny)
        products = errors @ errors.T / (errors.shape[1] * scale)

        def value(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            slopes = products @ weights
            return float(weights @ slopes), 2 * slopes

    else:
        raise ValueError(f"loss must be 'log_loss' or 'mse'. Received: {loss!r}")
    models = len(stack)
    found = optimize.minimize(
        value,
        np.full(models, 1 / models),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * models,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-12, "maxiter": 1_000},
    )
    weights = np.clip(found.x, 0, None)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def ambiguity(
    predictions: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
) -> tuple[float, float, float]:
    """Take the squared error of an ensemble apart: how good and how unlike its models are.

    For any predictions, targets and weights,

    *error of the average* = *average of the errors* - *ambiguity*,

    where the ambiguity is the average squared distance of the models from the
    ensemble. Targets do not occur in it. Of two ensembles whose models are equally
    good, the one whose models are less alike is better, by exactly the
    difference of their ambiguities.

    Parameters
    ----------
    predictions : array_like of shape (models, samples, ...)
        What each model answers for the same samples: numbers, or probabilities of
        classes along a further axis.
    targets : array_like of shape (samples, ...)
        What should have been answered; one-hot rows for probabilities of classes.
    weights : array_like of shape (models,), optional
        How much each model counts: 0 or more, with the sum 1. By default all
        count the same.

    Returns
    -------
    error : float
        Mean squared error of the ensemble, over samples and all further axes.
    average : float
        Mean squared error of each model, averaged over the models.
    ambiguity : float
        Mean squared distance of each model from the ensemble, averaged likewise.

    Raises
    ------
    ValueError
        If `predictions` or `weights` is not as `weighted_average` needs it, or if
        `targets` has another shape or values that are not finite.

    References
    ----------
    Krogh, A. and Vedelsby, J., "Neural network ensembles, cross validation, and
    active learning", Advances in Neural Information Processing Systems 7 (1995).

    Examples
    --------
    >>> from dlguide import training
    >>> training.ambiguity([[3.0, 5.0], [1.0, 3.0]], [2.0, 5.0])
    (0.5, 1.5, 1.0)
    """
    stack = _stack(predictions)
    shares = _weights(weights, len(stack))
    truth = _numbers_like(stack, targets)
    together = np.tensordot(shares, stack, axes=1)
    rest = tuple(range(1, stack.ndim))
    each = np.square(stack - truth).mean(axis=rest)
    apart = np.square(stack - together).mean(axis=rest)
    error = float(np.square(together - truth).mean())
    return error, float(shares @ each), float(shares @ apart)


def disagreement(predictions: ArrayLike) -> NDArray[np.float64]:
    """Return for each pair of classifiers how often they give different answers.

    Two models with the same accuracy may err on the same samples or on different
    ones. Where they never disagree, an average of them can correct nothing.

    Parameters
    ----------
    predictions : array_like of shape (models, samples, classes)
        Probability, or any score, of each class; the highest is the answer.

    Returns
    -------
    numpy.ndarray of shape (models, models) and dtype float64
        Share of the samples, from 0 to 1, on which the answers of two models
        differ. The matrix is symmetric, with zeros on its diagonal.

    Raises
    ------
    ValueError
        If `predictions` is no such stack, has fewer than two classes, or has values
        that are not finite.

    Examples
    --------
    >>> from dlguide import training
    >>> cautious, bold = [[0.6, 0.4], [0.4, 0.6]], [[0.9, 0.1], [0.8, 0.2]]
    >>> training.disagreement([cautious, bold]).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    stack = _stack(predictions)
    if stack.ndim != 3 or stack.shape[2] < 2:
        raise ValueError(
            "predictions must have the shape (models, samples, classes) with two classes "
            f"or more. Received: an array of shape {stack.shape}"
        )
    answers = stack.argmax(axis=2)
    return np.asarray((answers[:, None] != answers[None]).mean(axis=2), dtype=np.float64)


def _stack(predictions: ArrayLike) -> NDArray[np.float64]:
    """Return predictions as one array, or say what they should have been."""
    try:
        stack = np.asarray(predictions, dtype=np.float64)
    except (TypeError, ValueError) as reason:
        raise ValueError(
            "predictions must be numbers, with the same shape from every model. "
            f"Received: what cannot become one array ({reason})"
        ) from None
    if stack.ndim < 2 or 0 in stack.shape:
        raise ValueError(
            "predictions must have the shape (models, samples, ...), none of it zero. "
            f"Received: an array of shape {stack.shape}"
        )
    if not np.isfinite(stack).all():
        raise ValueError("predictions must be finite. Received: NaN or infinite values")
    return stack


def _weights(weights: ArrayLike | None, models: int) -> NDArray[np.float64]:
    if weights is None:
        return np.full(models, 1 / models)
    shares = np.asarray(weights, dtype=np.float64)
    if shares.shape != (models,):
        raise ValueError(
            f"weights must be one number for each of the {models} models. "
            f"Received: an array of shape {shares.shape}"
        )
    if not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(
            f"weights must be 0 or more and have the sum 1. Received: {shares.tolist()}"
        )
    return shares


def _numbers_like(stack: NDArray[np.float64], targets: ArrayLike) -> NDArray[np.float64]:
    """Return targets of the shape of one model's predictions."""
    truth = np.asarray(targets, dtype=np.float64)
    if truth.shape != stack.shape[1:]:
        raise ValueError(
            f"targets must have the shape of one model's predictions, {stack.shape[1:]}. "
            f"Received: an array of shape {truth.shape}"
        )
    if not np.isfinite(truth).all():
        raise ValueError("targets must be finite. Received: NaN or infinite values")
    return truth


def _given_to_truth(stack: NDArray[np.float64], targets: ArrayLike) -> NDArray[np.float64]:
    """Return the probability that each model gave to each true label, (models, samples)."""
    if stack.ndim > 3:
        raise ValueError(
            "predictions must have the shape (models, samples) or (models, samples, classes) "
            f"for 'log_loss'. Received: an array of shape {stack.shape}"
        )
    if stack.min() < 0 or stack.max() > 1 + 1e-6:
        raise ValueError(
            "predictions must be probabilities from 0 to 1 for 'log_loss'. "
            f"Received: values from {stack.min():.4g} to {stack.max():.4g}"
        )
    labels = np.asarray(targets)
    samples = stack.shape[1]
    if labels.shape != (samples,) or labels.dtype.kind not in "iub":
        raise ValueError(
            f"targets must be {samples} integers for 'log_loss'. "
            f"Received: an array of shape {labels.shape} and dtype {labels.dtype}"
        )
    last = stack.shape[2] - 1 if stack.ndim == 3 else 1
    if labels.min() < 0 or labels.max() > last:
        raise ValueError(
            f"targets must be labels from 0 to {last}. "
            f"Received: labels from {labels.min()} to {labels.max()}"
        )
    if stack.ndim == 3:
        return stack[:, np.arange(samples), labels]
    return np.where(labels == 1, stack, 1 - stack)
