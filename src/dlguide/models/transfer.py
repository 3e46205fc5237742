"""A head of one's own on a base that others have trained, and how to train the base again.

The base stays a model within the model, so its layers keep their names and can be
frozen and freed together.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import keras

from dlguide.models.dense import _size


def transfer_classifier(
    base: keras.Model,
    classes: int,
    *,
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a classifier from a frozen base and a new last layer.

    The base turns a batch of pictures into feature maps ``(batch, h, w, channels)``.
    Their mean over the picture, ``(batch, channels)``, goes through dropout, if asked
    for, to a softmax over the classes, ``(batch, classes)``. At first only this last
    layer learns: the base is frozen, so that its batch normalisation uses the
    statistics that it came with.

    Parameters
    ----------
    base : keras.Model
        A model with one input and one output, which is ``(batch, h, w, channels)`` or
        already ``(batch, channels)``. It becomes a layer of what is returned, weights
        and all, and is set to be frozen itself.
    classes : int
        Number of classes, at least 2.
    dropout : float, default 0.0
        Share of the features that is set to zero in training, from 0 up to but not
        including 1.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from what `base` takes to ``(batch, classes)``, float32
        probabilities. The layers are the base, under its own name, ``pool`` (if there
        are maps), ``dropout`` (if asked for) and ``output``.

    Raises
    ------
    ValueError
        If `base` has several inputs or outputs or an output of another shape, if
        `classes` is no integer of at least 2, or if `dropout` is outside [0, 1).

    See Also
    --------
    unfreeze_from : Let the upper layers of the base learn too.

    Notes
    -----
    In Keras 3 what keeps batch normalisation at its statistics is that the layer is
    frozen. Calling the base with ``training=False`` does not: `fit` passes its own
    ``training=True`` down to every layer. So free the base with `unfreeze_from`, which
    leaves the normalisation frozen, and not by ``base.trainable = True``.

    References
    ----------
    Donahue et al., "DeCAF: a deep convolutional activation feature for generic visual
    recognition", ICML (2014). Yosinski et al., "How transferable are features in deep
    neural networks?", NIPS (2014).

    Examples
    --------
    >>> import keras
    >>> from dlguide import models
    >>> pictures = keras.Input((32, 32, 3))
    >>> base = keras.Model(pictures, keras.layers.Conv2D(8, 3, name="conv")(pictures))
    >>> model = models.transfer_classifier(base, 5)
    >>> model.output_shape, model.count_params(), len(model.trainable_variables)
    ((None, 5), 269, 2)
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: {dropout!r}")
    number = _size("classes", classes, at_least=2)
    if len(base.inputs) != 1 or len(base.outputs) != 1:
        raise ValueError(
            "base must have one input and one output. "
            f"Received: {len(base.inputs)} and {len(base.outputs)}"
        )
    rank = len(base.output_shape)
    if rank not in (2, 4):
        raise ValueError(
            "base must give (batch, height, width, channels) or (batch, channels). "
            f"Received: {base.output_shape}"
        )

    base.trainable = False
    given = base.inputs[0]
    inputs = keras.Input(given.shape[1:], dtype=given.dtype, name="inputs")
    x = base(inputs)
    if rank == 4:
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)  # (batch, channels)
    if dropout > 0:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    outputs = keras.layers.Dense(number, activation="softmax", dtype="float32", name="output")(x)
    return keras.Model(inputs, outputs, name=name)


def unfreeze_from(model: keras.Model, layer: str) -> list[str]:
    """Let a model learn from a named layer upwards, and freeze what lies below.

    Every batch normalisation stays frozen, wherever it is: its statistics come from
    the millions of pictures that the base was trained on, and a few batches of a small
    data set would replace them by worse ones. Compile the model afterwards; a
    compiled one goes on as it was.

    Parameters
    ----------
    model : keras.Model
        A model, whose layers may be models themselves.
    layer : str
        Name of the lowest layer that is to learn. "Upwards" is the order in which
        the layers were put together, from the input to the output.

    Returns
    -------
    list of str
        Names of the layers with weights that are going to learn, the lowest first.

    Raises
    ------
    ValueError
        If there is no such layer or several, or if neither it nor a layer above
        it has weights to learn. The model is then left as it was.

    See Also
    --------
    transfer_classifier : A frozen base with a head.

    References
    ----------
    Yosinski et al., "How transferable are features in deep neural networks?", NIPS
    (2014).

    Examples
    --------
    >>> import keras
    >>> from dlguide import models
    >>> pictures = keras.Input((32, 32, 3))
    >>> maps = keras.layers.Conv2D(8, 3, name="low")(pictures)
    >>> maps = keras.layers.BatchNormalization(name="norm")(maps)
    >>> base = keras.Model(pictures, keras.layers.Conv2D(8, 3, name="high")(maps))
    >>> model = models.transfer_classifier(base, 5)
    >>> models.unfreeze_from(model, "high")
    ['high', 'output']
    """
    leaves = list(_leaves(model))
    names = [leaf.name for leaf in leaves]
    learners = [
        leaf.name
        for leaf in leaves
        if leaf.weights and not isinstance(leaf, keras.layers.BatchNormalization)
    ]
    if names.count(layer) != 1:
        close = difflib.get_close_matches(str(layer), learners, n=3, cutoff=0.5)
        few = learners if len(learners) < 5 else [*learners[:2], *learners[-2:]]
        some = ", ".join(map(repr, close or few))
        found = "no layer" if layer not in names else "several layers"
        raise ValueError(
            f"layer must name one layer of the model, such as {some}. "
            f"Received: {layer!r}, the name of {found}"
        )
    start = names.index(layer)
    free = [name for name in names[start:] if name in learners]
    if not free:
        raise ValueError(
            f"layer must have weights at or above it, as {learners[-1]!r} has. Received: {layer!r}"
            if learners
            else f"the model must have weights to learn. Received: {model.name!r}, which has none"
        )
    for nested in (model, *_models_in(model)):
        nested.trainable = True
    for position, leaf in enumerate(leaves):
        normalises = isinstance(leaf, keras.layers.BatchNormalization)
        leaf.trainable = position >= start and not normalises
    return free


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model in order, and those of a model within it in its place."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


def _models_in(model: keras.Model) -> Iterator[keras.Model]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield layer
            yield from _models_in(layer)
