"""Siamese networks: two inputs of one kind, and the question whether they belong together.

Both inputs go through the same branch, a model that turns a sample into a row of numbers.
``comparison`` lays the two rows side by side, and ``output`` makes one probability of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras

from dlguide.models.convolutional import _one_of
from dlguide.models.dense import _size

_Comparison = Literal["difference", "distance", "concatenate"]
_COMPARISONS = ("difference", "distance", "concatenate")


def siamese_binary_classifier(
    branch: keras.Model,
    *,
    compare: _Comparison = "difference",
    hidden: Sequence[int] = (),
    activation: str | Callable[[Any], Any] = "relu",
    shared: bool = True,
    name: str | None = None,
) -> keras.Model:
    """Build a network that says whether two samples belong together.

    Two batches of samples of one shape, such as ``(batch, height, width, channels)``,
    go through `branch`, which makes a row of numbers of each sample, ``(batch,
    features)`` twice. The comparison makes a single row of the two, ``(batch,
    features)`` for their absolute differences, ``(batch, 1)`` for their distance or
    ``(batch, 2 * features)`` for both of them side by side. Dense layers, if any are
    asked for, and a single unit with a sigmoid turn it into one probability for each
    pair, ``(batch, 1)``.

    Parameters
    ----------
    branch : keras.Model
        What looks at one sample: a model with one input and one output of shape
        ``(batch, features)``, whose shapes are known. It becomes a layer of the new
        model, weights and all; whatever else uses it sees what it learns here.
    compare : {"difference", "distance", "concatenate"}, default "difference"
        What is made of the two rows: the absolute difference of each pair of features,
        so that the next layer learns what each of them counts; the Euclidean distance;
        or the two rows one after the other. The first two give the same answer
        when the samples change places, if the branch is shared; the last one does not.
    hidden : sequence of int, default ()
        Units of each dense layer between the comparison and the output, at least 1
        each. ``compare="concatenate"`` needs at least one such layer: a weighted sum
        of two rows cannot tell whether they are alike.
    activation : str or callable, default "relu"
        Non-linearity of the hidden layers, as Keras names them.
    shared : bool, default True
        Send both samples through the same branch. If not, the second sample gets
        a branch of its own: of the same layers, with twice the weights in all, drawn
        anew. That is right where the two samples are of different kinds, such as a
        photograph and a sketch.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``[first, second]``, two batches of what `branch` takes, to
        ``(batch, 1)``, float32 between 0 and 1. Layers are called ``first``,
        ``second``, the name of the branch (and, if it is not shared, that name with
        ``_of_second``), ``comparison``, ``hidden_1``, ... and ``output``.

    Raises
    ------
    ValueError
        If `branch` is no model, has no known shapes, has several inputs or outputs
        or does not end in a row of numbers; if `compare` is not among those named; if
        `hidden` is no sequence of positive integers, or is empty although the rows are
        concatenated.

    See Also
    --------
    convnet : A network whose inner layers can serve as a branch.

    Notes
    -----
    A branch that is not shared is rebuilt from its configuration, so layers of one's
    own must be registered with Keras. What has been trained already is trained only
    in the first branch.

    References
    ----------
    Bromley et al., "Signature verification using a 'siamese' time delay neural
    network", NIPS (1993). Hadsell, Chopra and LeCun, "Dimensionality reduction by
    learning an invariant mapping", CVPR (2006). Koch, Zemel and Salakhutdinov, "Siamese
    neural networks for one-shot image recognition", ICML Deep Learning Workshop (2015).

    Examples
    --------
    >>> import keras
    >>> from dlguide import models
    >>> branch = keras.Sequential([keras.Input((20,)), keras.layers.Dense(8)], name="branch")
    >>> pairs = models.siamese_binary_classifier(branch)
    >>> pairs.count_params() - branch.count_params(), pairs.output_shape
    (9, (None, 1))
    """
    shape, dtype, features = _branch(branch)
    _one_of("compare", compare, _COMPARISONS)
    if not isinstance(hidden, Sequence):
        raise ValueError(f"hidden must be a sequence of layer sizes. Received: {hidden!r}")
    widths = [_size("each size in hidden", width) for width in hidden]
    if compare == "concatenate" and not widths:
        raise ValueError(
            "hidden must have at least one layer where rows are concatenated, because a weighted "
            f"sum cannot tell whether they are alike. Received: {hidden!r}"
        )

    first = keras.Input(shape, dtype=dtype, name="first")
    second = keras.Input(shape, dtype=dtype, name="second")
    other = branch if shared else _another(branch, f"{branch.name}_of_second")
    x = _comparison(features, compare)([branch(first), other(second)])
    for number, width in enumerate(widths, start=1):
        x = keras.layers.Dense(width, activation=activation, name=f"hidden_{number}")(x)
    # In float32 also where the layers below use 16 bits: a loss needs the digits.
    answer = keras.layers.Dense(1, activation="sigmoid", dtype="float32", name="output")(x)
    return keras.Model([first, second], answer, name=name)


def _branch(branch: keras.Model) -> tuple[tuple[int | None, ...], str, int]:
    """Return the shape and type of a branch's samples and the length of its rows."""
    if not isinstance(branch, keras.Model):
        raise ValueError(f"branch must be a keras.Model. Received: {branch!r}")
    try:
        inputs, outputs = keras.tree.flatten(branch.inputs), keras.tree.flatten(branch.outputs)
    except AttributeError:  # neither functional nor built
        inputs, outputs = [], []
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(
            "branch must have one input and one output of known shapes. "
            f"Received: {branch.name!r} with {len(inputs)} and {len(outputs)}"
        )
    row = tuple(outputs[0].shape)
    if len(row) != 2 or row[1] is None:
        raise ValueError(
            f"branch must end in a row of numbers, (batch, features). Received: {row} "
            f"from {branch.name!r}"
        )
    return tuple(inputs[0].shape[1:]), inputs[0].dtype, row[1]


def _another(branch: keras.Model, name: str) -> keras.Model:
    """Return a model of the same layers with new weights."""
    model = keras.models.clone_model(branch)
    return keras.Model(model.inputs[0], model.outputs[0], name=name)


def _comparison(features: int, compare: _Comparison) -> keras.Model:
    """Build the model without weights that makes one row of two."""
    one, two = keras.Input((features,)), keras.Input((features,))
    if compare == "concatenate":
        row = keras.layers.Concatenate()([one, two])
    elif compare == "difference":
        row = keras.ops.absolute(one - two)
    else:
        # A root has no slope at zero, so two equal rows are kept a hair apart.
        squares = keras.ops.sum(keras.ops.square(one - two), axis=1, keepdims=True)
        row = keras.ops.sqrt(squares + 1e-6)
    return keras.Model([one, two], row, name="comparison")
