"""Stacks of densely connected layers, one builder for each kind of answer.

The four networks differ in their last layer only: a probability, a probability
for each class, one for each label, or a number. What lies below is the same stack
every time: ``hidden_1``, ``hidden_2`` and so on, each followed by its
normalisation and its dropout where they are asked for.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import keras


def dense_binary_classifier(
    features: int,
    hidden: Sequence[int] = (16, 16),
    *,
    activation: str | Callable[[Any], Any] = "relu",
    l1: float = 0.0,
    l2: float = 0.0,
    dropout: float = 0.0,
    batch_norm: bool = False,
    name: str | None = None,
) -> keras.Model:
    """Build a dense network that answers a yes-or-no question.

    A batch of shape ``(batch, features)`` becomes ``(batch, hidden[0])``, then
    ``(batch, hidden[1])`` and so on through the hidden layers, each of which
    multiplies by a matrix, adds a bias and applies `activation`. A last layer
    with a single unit and a sigmoid squeezes the result to one probability for
    each sample, ``(batch, 1)``.

    Parameters
    ----------
    features : int
        Numbers in one sample, at least 1.
    hidden : sequence of int, default (16, 16)
        Units of each hidden layer, at least 1 each. An empty sequence leaves
        logistic regression.
    activation : str or callable, default "relu"
        Non-linearity of the hidden layers, as Keras names them.
    l1, l2 : float, default 0.0
        Price of each hidden weight in the loss: `l1` times its absolute value,
        plus `l2` times its square. Biases and the last layer are free.
    dropout : float, default 0.0
        Share of each hidden layer's outputs that is set to zero in training,
        from 0 up to but not including 1.
    batch_norm : bool, default False
        Normalise each hidden layer over the batch, before its activation. The
        layer's own bias goes, because the normalisation brings one.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, features)`` to ``(batch, 1)``, float32 between
        0 and 1, whatever the precision of the layers below. Layers are
        called ``hidden_1``, ``norm_1``, ``activation_1`` (these two with
        `batch_norm`), ``dropout_1`` (with `dropout`), ... and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `l1` or `l2` is negative or not
        finite, or if `dropout` is outside [0, 1).

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 15 (2014). Ioffe and Szegedy, "Batch normalization:
    accelerating deep network training by reducing internal covariate shift",
    ICML (2015).

    Examples
    --------
    >>> from dlguide import models
    >>> reviews = models.dense_binary_classifier(10_000, hidden=(16, 16))
    >>> reviews.output_shape, reviews.count_params()
    ((None, 1), 160305)
    """
    return _dense(
        features,
        hidden,
        1,
        "sigmoid",
        activation=activation,
        l1=l1,
        l2=l2,
        dropout=dropout,
        batch_norm=batch_norm,
        name=name,
    )


def dense_classifier(
    features: int,
    classes: int,
    hidden: Sequence[int] = (64, 64),
    *,
    activation: str | Callable[[Any], Any] = "relu",
    l1: float = 0.0,
    l2: float = 0.0,
    dropout: float = 0.0,
    batch_norm: bool = False,
    name: str | None = None,
) -> keras.Model:
    """Build a dense network that chooses one of several classes.

    A batch of shape ``(batch, features)`` becomes ``(batch, hidden[0])``, then
    ``(batch, hidden[1])`` and so on through the hidden layers. A last layer with
    one unit for each class, ``(batch, classes)``, ends in a softmax, so that the
    outputs for a sample are probabilities that sum to 1. A hidden layer much
    narrower than `classes` is a bottleneck: what it drops, no later layer can
    bring back.

    Parameters
    ----------
    features : int
        Numbers in one sample, at least 1.
    classes : int
        Number of classes, at least 2. The labels are integers from 0 to
        ``classes - 1``, or one-hot rows of that length.
    hidden : sequence of int, default (64, 64)
        Units of each hidden layer, at least 1 each. An empty sequence leaves
        softmax regression.
    activation : str or callable, default "relu"
        Non-linearity of the hidden layers, as Keras names them.
    l1, l2 : float, default 0.0
        Price of each hidden weight in the loss: `l1` times its absolute value,
        plus `l2` times its square. Biases and the last layer are free.
    dropout : float, default 0.0
        Share of each hidden layer's outputs that is set to zero in training,
        from 0 up to but not including 1.
    batch_norm : bool, default False
        Normalise each hidden layer over the batch, before its activation. The
        layer's own bias goes, because the normalisation brings one.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, features)`` to ``(batch, classes)``, float32,
        each row between 0 and 1 with sum 1. Layers are named as in
        `dense_binary_classifier`.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `classes` is below 2, if `l1` or
        `l2` is negative or not finite, or if `dropout` is outside [0, 1).

    References
    ----------
    Bridle, "Probabilistic interpretation of feedforward classification network
    outputs, with relationships to statistical pattern recognition", in
    Neurocomputing, NATO ASI Series 68, Springer (1990), where the softmax got
    its name.

    Examples
    --------
    >>> from dlguide import models
    >>> digits = models.dense_classifier(784, 10, hidden=(64, 64))
    >>> digits.output_shape, digits.count_params()
    ((None, 10), 55050)
    """
    return _dense(
        features,
        hidden,
        _size("classes", classes, at_least=2),
        "softmax",
        activation=activation,
        l1=l1,
        l2=l2,
        dropout=dropout,
        batch_norm=batch_norm,
        name=name,
    )


def dense_multilabel_classifier(
    features: int,
    labels: int,
    hidden: Sequence[int] = (64, 64),
    *,
    activation: str | Callable[[Any], Any] = "relu",
    l1: float = 0.0,
    l2: float = 0.0,
    dropout: float = 0.0,
    batch_norm: bool = False,
    name: str | None = None,
) -> keras.Model:
    """Build a dense network that says yes or no to each of several labels.

    A batch of shape ``(batch, features)`` becomes ``(batch, hidden[0])``, then
    ``(batch, hidden[1])`` and so on through the hidden layers. A last layer with
    one unit for each label, ``(batch, labels)``, ends in a sigmoid at every unit.
    Each is a yes-or-no question of its own, so a sample may have several labels,
    or none, and the outputs for a sample need not sum to anything.

    Parameters
    ----------
    features : int
        Numbers in one sample, at least 1.
    labels : int
        Number of labels, at least 1. The targets are rows of that length with a
        1 for every label that the sample has, 0 elsewhere, and the loss is
        binary cross-entropy.
    hidden : sequence of int, default (64, 64)
        Units of each hidden layer, at least 1 each. An empty sequence leaves
        one logistic regression for each label.
    activation : str or callable, default "relu"
        Non-linearity of the hidden layers, as Keras names them.
    l1, l2 : float, default 0.0
        Price of each hidden weight in the loss: `l1` times its absolute value,
        plus `l2` times its square. Biases and the last layer are free.
    dropout : float, default 0.0
        Share of each hidden layer's outputs that is set to zero in training,
        from 0 up to but not including 1.
    batch_norm : bool, default False
        Normalise each hidden layer over the batch, before its activation. The
        layer's own bias goes, because the normalisation brings one.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, features)`` to ``(batch, labels)``, float32
        between 0 and 1. Layers are named as in `dense_binary_classifier`.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `l1` or `l2` is negative or not
        finite, or if `dropout` is outside [0, 1).

    See Also
    --------
    dense_classifier : For samples that belong to exactly one class.

    References
    ----------
    Nam et al., "Large-scale multi-label text classification: revisiting neural
    networks", ECML PKDD (2014).

    Examples
    --------
    >>> from dlguide import models
    >>> genres = models.dense_multilabel_classifier(10_000, 20, hidden=(64,))
    >>> genres.output_shape, genres.count_params()
    ((None, 20), 641364)
    """
    return _dense(
        features,
        hidden,
        _size("labels", labels),
        "sigmoid",
        activation=activation,
        l1=l1,
        l2=l2,
        dropout=dropout,
        batch_norm=batch_norm,
        name=name,
    )


def dense_regressor(
    features: int,
    hidden: Sequence[int] = (64, 64),
    *,
    activation: str | Callable[[Any], Any] = "relu",
    l1: float = 0.0,
    l2: float = 0.0,
    dropout: float = 0.0,
    batch_norm: bool = False,
    name: str | None = None,
) -> keras.Model:
    """Build a dense network that predicts one number.

    A batch of shape ``(batch, features)`` becomes ``(batch, hidden[0])``, then
    ``(batch, hidden[1])`` and so on through the hidden layers. A last layer with
    a single unit and no activation gives one number for each sample,
    ``(batch, 1)``, free to take any value: an activation there would limit what
    the network can predict.

    Parameters
    ----------
    features : int
        Numbers in one sample, at least 1. They train best when each has been
        scaled to a mean near 0 and a standard deviation near 1.
    hidden : sequence of int, default (64, 64)
        Units of each hidden layer, at least 1 each. An empty sequence leaves
        linear regression.
    activation : str or callable, default "relu"
        Non-linearity of the hidden layers, as Keras names them.
    l1, l2 : float, default 0.0
        Price of each hidden weight in the loss: `l1` times its absolute value,
        plus `l2` times its square. Biases and the last layer are free.
    dropout : float, default 0.0
        Share of each hidden layer's outputs that is set to zero in training,
        from 0 up to but not including 1.
    batch_norm : bool, default False
        Normalise each hidden layer over the batch, before its activation. The
        layer's own bias goes, because the normalisation brings one.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, features)`` to ``(batch, 1)``, float32 of any
        size and sign. Layers are named as in `dense_binary_classifier`.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `l1` or `l2` is negative or not
        finite, or if `dropout` is outside [0, 1).

    References
    ----------
    Hornik, Stinchcombe and White, "Multilayer feedforward networks are universal
    approximators", Neural Networks 2 (1989).

    Examples
    --------
    >>> from dlguide import models
    >>> prices = models.dense_regressor(13, hidden=(64, 64))
    >>> prices.output_shape, prices.count_params()
    ((None, 1), 5121)
    """
    return _dense(
        features,
        hidden,
        1,
        None,
        activation=activation,
        l1=l1,
        l2=l2,
        dropout=dropout,
        batch_norm=batch_norm,
        name=name,
    )


def _dense(
    features: int,
    hidden: Sequence[int],
    units: int,
    output: str | None,
    *,
    activation: str | Callable[[Any], Any],
    l1: float,
    l2: float,
    dropout: float,
    batch_norm: bool,
    name: str | None,
) -> keras.Model:
    """Build the stack that the three networks share, and its output layer."""
    if not isinstance(hidden, Sequence):
        raise ValueError(f"hidden must be a sequence of layer sizes. Received: {hidden!r}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: {dropout!r}")
    regularizer = _regularizer(l1, l2)

    inputs = keras.Input((_size("features", features),), name="features")
    x = inputs
    for number, size in enumerate(hidden, start=1):
        x = keras.layers.Dense(  # (batch, size)
            _size("each size in hidden", size),
            activation=None if batch_norm else activation,
            use_bias=not batch_norm,
            kernel_regularizer=regularizer,
            name=f"hidden_{number}",
        )(x)
        if batch_norm:
            x = keras.layers.BatchNormalization(name=f"norm_{number}")(x)
            x = keras.layers.Activation(activation, name=f"activation_{number}")(x)
        if dropout > 0:
            x = keras.layers.Dropout(dropout, name=f"dropout_{number}")(x)
    # In float32 also where the layers below use 16 bits: a loss needs the digits.
    outputs = keras.layers.Dense(units, activation=output, dtype="float32", name="output")(x)
    return keras.Model(inputs, outputs, name=name)


def _regularizer(l1: float, l2: float) -> keras.regularizers.Regularizer | None:
    """Return the plainest Keras regulariser that charges these two prices."""
    for label, price in (("l1", l1), ("l2", l2)):
        if not (math.isfinite(price) and price >= 0):
            raise ValueError(f"{label} must be finite and not negative. Received: {price!r}")
    if l1 and l2:
        return keras.regularizers.L1L2(l1=l1, l2=l2)
    if l1:
        return keras.regularizers.L1(l1)
    if l2:
        return keras.regularizers.L2(l2)
    return None


def _size(label: str, value: int, *, at_least: int = 1) -> int:
    """Return `value` as an int, or say what it should have been."""
    try:
        size = operator.index(value)
    except TypeError:
        size = 0
    if isinstance(value, bool) or size < at_least:
        raise ValueError(f"{label} must be an integer of at least {at_least}. Received: {value!r}")
    return size
