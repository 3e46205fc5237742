"""Networks with several inputs, and networks with several outputs.

Inputs of different kinds each get a branch of their own, a model that ends in a row of
numbers, and the rows are merged. Several questions about the same sample share a
trunk, and each gets a last layer of its own, called after the question, so that
``compile(loss={...}, loss_weights={...})`` finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras

from dlguide.models.convolutional import _one_of
from dlguide.models.dense import _size

_Answer = Literal["sigmoid", "softmax", "linear"]
_ANSWERS = ("sigmoid", "softmax", "linear")
_MERGES = ("concatenate", "add")


def several_inputs_network(
    branches: Mapping[str, keras.Model],
    outputs: int = 1,
    hidden: Sequence[int] = (32,),
    *,
    answer: _Answer = "sigmoid",
    merge: Literal["concatenate", "add"] = "concatenate",
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a network that reads inputs of several kinds, each through its own branch.

    Every branch turns its input, whatever its shape, into a row of numbers,
    ``(batch, width)``. The rows are laid end to end, ``(batch, sum of widths)``, or, if
    they are equally wide, added, ``(batch, width)``. Hidden layers with a relu follow,
    ``(batch, hidden[0])`` and so on, and a last layer gives the answer,
    ``(batch, outputs)``.

    Parameters
    ----------
    branches : mapping of str to keras.Model
        For each input its name and the model that reads it, with one input and an
        output of shape ``(batch, width)``; at least one. A branch becomes a layer of
        what is returned, and shares its weights with the model that was given.
    outputs : int, default 1
        Numbers in the answer, at least 1; classes, with a softmax, at least 2.
    hidden : sequence of int, default (32,)
        Units of each layer between the merged rows and the answer, at least 1 each.
        An empty sequence lets the last layer read the merged rows.
    answer : {"sigmoid", "softmax", "linear"}, default "sigmoid"
        Activation of the last layer: probabilities of yes, probabilities of classes,
        or numbers of any size.
    merge : {"concatenate", "add"}, default "concatenate"
        How the rows become one. Adding takes fewer weights in the layer above, and
        branches of equal width.
    dropout : float, default 0.0
        Share of the merged numbers, and of each hidden layer's, that is set to zero in
        training, from 0 up to but not including 1.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from a dictionary with an array for each input, under the names
        given, to ``(batch, outputs)``, float32. Layers are called after the inputs;
        ``weather_branch`` and so on, the branches; ``merge``, if there are several;
        ``merge_dropout`` (with `dropout`); ``hidden_1``, ``dropout_1`` (with `dropout`),
        ... and ``output``.

    Raises
    ------
    ValueError
        If there is no branch, if a branch is no model of that form or is given twice,
        if branches of unequal width are to be added, if a name is no string, empty or
        that of another layer, if `merge` or `answer` is not among those named, if a size
        is not a positive integer, if a softmax has fewer than two outputs, or if
        `dropout` is outside [0, 1).

    See Also
    --------
    several_outputs_network : Several questions about the same sample.

    Notes
    -----
    With a single branch nothing is merged and all else is the same, so that one can
    measure what an input is worth alone.

    References
    ----------
    Ngiam et al., "Multimodal deep learning", ICML (2011). Cheng et al., "Wide & deep
    learning for recommender systems", DLRS workshop (2016).

    Examples
    --------
    >>> import keras
    >>> from dlguide import models
    >>> weather = models.recurrent_regressor(24, 9, (16,), outputs=16)
    >>> plane = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, "relu")])
    >>> late = models.several_inputs_network({"weather": weather, "plane": plane})
    >>> sorted(late.input), late.output_shape, late.count_params()
    (['plane', 'weather'], (None, 1), 2753)
    """
    _one_of("merge", merge, _MERGES)
    last = _answer_layer("output", outputs, answer)
    if not isinstance(hidden, Sequence):
        raise ValueError(f"hidden must be a sequence of sizes. Received: {hidden!r}")
    widths = [_size("each size in hidden", size) for size in hidden]
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: {dropout!r}")
    _check_branches(branches, merge)
    numbers = range(1, len(widths) + 1)
    taken = {"merge", "merge_dropout", "output", *(f"{key}_branch" for key in branches)}
    taken |= {f"{kind}_{number}" for kind in ("hidden", "dropout") for number in numbers}
    for key in branches:
        if key in taken:
            raise ValueError(f"branches must not be called as another layer. Received: {key!r}")

    inputs: dict[str, Any] = {}
    rows = []
    for key, branch in branches.items():
        given = branch.inputs[0]
        inputs[key] = keras.Input(given.shape[1:], dtype=given.dtype, name=key)
        # The same layers and weights under a name that no other branch has.
        renamed = keras.Model(given, branch.outputs[0], name=f"{key}_branch")
        rows.append(renamed(inputs[key]))  # (batch, width)
    x = rows[0]
    if len(rows) > 1:
        merged = keras.layers.Add if merge == "add" else keras.layers.Concatenate
        x = merged(name="merge")(rows)
    if dropout:
        x = keras.layers.Dropout(dropout, name="merge_dropout")(x)
    for number, width in enumerate(widths, start=1):
        x = keras.layers.Dense(width, activation="relu", name=f"hidden_{number}")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{number}")(x)
    return keras.Model(inputs, last(x), name=name)


def several_outputs_network(
    trunk: keras.Model,
    heads: Mapping[str, tuple[int, _Answer]],
    *,
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a network that answers several questions about the same sample.

    The trunk turns a sample into a row of numbers, ``(batch, width)``; if it ends in
    feature maps, ``(batch, h, w, channels)``, their mean over the picture is that row.
    Every head is one dense layer on the row, ``(batch, outputs)``, with the activation
    that its question needs. The trunk learns from all of them.

    Parameters
    ----------
    trunk : keras.Model
        A model with one output of either shape, and any number of inputs. Its layers
        become layers of what is returned, with the weights that they have.
    heads : mapping of str to tuple (int, str)
        For each question its name, the numbers in its answer, at least 1, and the
        activation: ``"sigmoid"`` for probabilities of yes, ``"softmax"`` for probabilities
        of at least 2 classes, ``"linear"`` for numbers of any size; at least one.
    dropout : float, default 0.0
        Share of the row that is set to zero in training, from 0 up to but not
        including 1; the same places for all heads.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from what `trunk` takes to a dictionary with an array
        ``(batch, outputs)``, float32, for each head under its name. Layers are those of
        the trunk, ``trunk_pool`` (if there are maps), ``trunk_dropout`` (with `dropout`),
        and the heads.

    Raises
    ------
    ValueError
        If `trunk` has several outputs or one of another shape, if there is no head, if
        a name is no string, empty or that of another layer, if a head is no such pair, if a
        softmax has fewer than two outputs, or if `dropout` is outside [0, 1).

    See Also
    --------
    several_inputs_network : Several kinds of input; it can lie below, in the trunk.

    Notes
    -----
    ``compile`` takes a loss for each head by its name, and ``loss_weights`` what each of
    them counts, with an entry for every head. Losses of different units differ in size,
    and with equal weights the trunk follows the largest.

    References
    ----------
    Caruana, "Multitask learning", Machine Learning 28 (1997).

    Examples
    --------
    >>> import keras
    >>> from dlguide import models
    >>> features = keras.Input((1280,))
    >>> trunk = keras.Model(features, keras.layers.Dense(64, "relu")(features))
    >>> heads = {"kind": (5, "softmax"), "light": (1, "linear")}
    >>> model = models.several_outputs_network(trunk, heads)
    >>> {key: output.shape for key, output in model.output.items()}
    {'kind': (None, 5), 'light': (None, 1)}
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: {dropout!r}")
    # A model without an Input has no output before it has seen data.
    ends = getattr(trunk, "outputs", None) or []
    if len(ends) != 1 or len(ends[0].shape) not in (2, 4):
        raise ValueError(
            "trunk must have one output, (batch, width) or (batch, height, width, channels). "
            f"Received: {[end.shape for end in ends]}"
        )
    if not isinstance(heads, Mapping) or not heads:
        raise ValueError(f"heads must name at least one head. Received: {heads!r}")
    layers = {}
    for key, head in heads.items():
        _check_name("heads", key)
        if not isinstance(head, tuple) or len(head) != 2:
            raise ValueError(f"each head must be a pair (outputs, activation). Received: {head!r}")
        layers[key] = _answer_layer(key, *head)
    taken = {layer.name for layer in trunk.layers} | {"trunk_pool", "trunk_dropout"}
    for key in heads:
        if key in taken:
            raise ValueError(f"heads must not be called as a layer of the trunk. Received: {key!r}")

    x = ends[0]
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D(name="trunk_pool")(x)  # (batch, channels)
    if dropout:
        x = keras.layers.Dropout(dropout, name="trunk_dropout")(x)
    return keras.Model(trunk.input, {key: layer(x) for key, layer in layers.items()}, name=name)


def _answer_layer(label: str, outputs: int, answer: str) -> keras.Layer:
    _one_of("an answer's activation", answer, _ANSWERS)
    least = 2 if answer == "softmax" else 1
    number = _size(f"outputs of a {answer}", outputs, at_least=least)
    # In float32 also where the layers below use 16 bits: a loss needs the digits.
    return keras.layers.Dense(number, activation=answer, dtype="float32", name=label)


def _check_name(label: str, key: object) -> None:
    if not isinstance(key, str) or not key or "/" in key:
        raise ValueError(f"names in {label} must be strings, without a slash. Received: {key!r}")


def _check_branches(branches: Mapping[str, keras.Model], merge: str) -> None:
    if not isinstance(branches, Mapping) or not branches:
        raise ValueError(f"branches must name at least one branch. Received: {branches!r}")
    for key, branch in branches.items():
        _check_name("branches", key)
        if not isinstance(branch, keras.Model):
            raise ValueError(f"each branch must be a keras.Model. Received: {branch!r}")
        # A model without an Input has no ends before it has seen data.
        inputs, outputs = (getattr(branch, name, None) or [] for name in ("inputs", "outputs"))
        if len(inputs) != 1 or len(outputs) != 1 or len(outputs[0].shape) != 2:
            shapes = [[tensor.shape for tensor in tensors] for tensors in (inputs, outputs)]
            raise ValueError(
                "each branch must have one input, and one output (batch, width). "
                f"Received: {key!r}, from {shapes[0]} to {shapes[1]}"
            )
    if len({id(branch) for branch in branches.values()}) < len(branches):
        raise ValueError(
            "each branch must be a model of its own. Received: one of them under several "
            f"names of {list(branches)}"
        )
    widths = {key: branch.output_shape[-1] for key, branch in branches.items()}
    if merge == "add" and len(set(widths.values())) > 1:
        raise ValueError(f"branches can be added if equally wide only. Received: {widths}")
