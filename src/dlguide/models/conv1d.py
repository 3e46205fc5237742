"""Convolutional networks for sequences: texts, and long windows of measurements.

A one-dimensional convolution looks at a few neighbouring steps and slides along the
sequence. ``conv_1``, ``pool_1``, ``conv_2`` and so on look at short windows and then at
a coarser sequence. Of a text ``features`` keeps the clearest find of each map; from
measurements the shortened sequence goes on to recurrent layers, which read it in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras

from dlguide.models.convolutional import _one_of
from dlguide.models.dense import _size
from dlguide.models.recurrent import _answer, _recurrent_layers

_Activation = str | Callable[[Any], Any]
_Padding = Literal["valid", "same"]
_POOLINGS = {
    "max": keras.layers.GlobalMaxPooling1D,
    "average": keras.layers.GlobalAveragePooling1D,
}


def conv1d_binary_classifier(
    vocabulary: int,
    filters: Sequence[int] = (64,),
    *,
    kernel: int = 5,
    pool: int = 5,
    embedding: int = 32,
    padding: _Padding = "valid",
    features: Literal["max", "average"] = "max",
    activation: _Activation = "relu",
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a convolutional network that answers a yes-or-no question about a text.

    A batch of token ids of shape ``(batch, steps)`` is looked up in a table with a row
    for each token, ``(batch, steps, embedding)``. Each convolution slides windows of
    `kernel` steps along the text and makes `filters` maps, ``(batch, steps',
    filters[0])``, shorter by ``kernel - 1`` steps with valid padding. Between two
    convolutions a pooling keeps the largest number of every `pool` steps. Of each map
    that the last convolution makes, the largest number remains, ``(batch,
    filters[-1])``: how clearly its phrase was found, and not where. A single unit with
    a sigmoid turns these into one probability for each text, ``(batch, 1)``.

    Parameters
    ----------
    vocabulary : int
        Number of token ids, at least 2. The ids are integers from 0 to
        ``vocabulary - 1``.
    filters : sequence of int, default (64,)
        Maps that each convolution makes, at least 1 each; as many convolutions as
        entries, at least one. The maps of a single one are detectors of phrases of
        `kernel` tokens.
    kernel : int, default 5
        Length of the windows in steps, at least 1.
    pool : int, default 5
        Steps of which the pooling between two convolutions keeps the largest number,
        at least 1; with 1 there is no pooling.
    embedding : int, default 32
        Length of the row that stands for a token, at least 1.
    padding : {"valid", "same"}, default "valid"
        Whether windows stay inside the text, or reach over its ends, where zeros are
        assumed.
    features : {"max", "average"}, default "max"
        What the last layer sees of each map: its largest number or its mean.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    dropout : float, default 0.0
        Share of the features that is set to zero in training, from 0 up to but not
        including 1.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, steps)`` to ``(batch, 1)``, float32 between 0 and 1,
        for any number of steps that leaves one for every window. Layers are called
        ``tokens``, ``embedding``, ``conv_1``, ``pool_1``, ``conv_2``, ... ``features``,
        ``dropout`` (where asked for) and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `vocabulary` is below 2, if `filters` is
        no sequence or empty, if a choice is not among those named, or if `dropout` is
        outside [0, 1).

    See Also
    --------
    conv1d_classifier : For texts that belong to one of several classes.
    recurrent_binary_classifier : A network that reads the text in order.

    Notes
    -----
    Padding is not masked: id 0 is a token like any other, with a row that is learned. So
    pad all texts at the end. Where a text has at least `kernel` zeros behind it, more
    of them change no answer of a network with one convolution and the largest number.

    References
    ----------
    Collobert et al., "Natural language processing (almost) from scratch", JMLR 12
    (2011). Kim, "Convolutional neural networks for sentence classification", EMNLP
    (2014).

    Examples
    --------
    >>> from dlguide import models
    >>> reviews = models.conv1d_binary_classifier(10_000, filters=(64,), kernel=3)
    >>> reviews.get_layer("conv_1").output.shape, reviews.count_params()
    ((None, None, 64), 326273)
    """
    return _text_network(
        vocabulary,
        filters,
        1,
        "sigmoid",
        kernel=kernel,
        pool=pool,
        embedding=embedding,
        padding=padding,
        features=features,
        activation=activation,
        dropout=dropout,
        name=name,
    )


def conv1d_classifier(
    vocabulary: int,
    classes: int,
    filters: Sequence[int] = (64,),
    *,
    kernel: int = 5,
    pool: int = 5,
    embedding: int = 32,
    padding: _Padding = "valid",
    features: Literal["max", "average"] = "max",
    activation: _Activation = "relu",
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a convolutional network that chooses one of several classes for a text.

    A batch of token ids of shape ``(batch, steps)`` is looked up in a table with a row
    for each token, ``(batch, steps, embedding)``. Each convolution slides windows of
    `kernel` steps along the text and makes `filters` maps, ``(batch, steps',
    filters[0])``, shorter by ``kernel - 1`` steps with valid padding. Between two
    convolutions a pooling keeps the largest number of every `pool` steps. Of each map
    that the last convolution makes, the largest number remains, ``(batch,
    filters[-1])``. A layer with one unit for each class, ``(batch, classes)``, ends in
    a softmax.

    Parameters
    ----------
    vocabulary : int
        Number of token ids, at least 2. The ids are integers from 0 to
        ``vocabulary - 1``.
    classes : int
        Number of classes, at least 2. The labels are integers from 0 to
        ``classes - 1``, or one-hot rows of that length.
    filters : sequence of int, default (64,)
        Maps that each convolution makes, at least 1 each; as many convolutions as
        entries, at least one. The maps of a single one are detectors of phrases of
        `kernel` tokens.
    kernel : int, default 5
        Length of the windows in steps, at least 1.
    pool : int, default 5
        Steps of which the pooling between two convolutions keeps the largest number,
        at least 1; with 1 there is no pooling.
    embedding : int, default 32
        Length of the row that stands for a token, at least 1.
    padding : {"valid", "same"}, default "valid"
        Whether windows stay inside the text, or reach over its ends, where zeros are
        assumed.
    features : {"max", "average"}, default "max"
        What the last layer sees of each map: its largest number or its mean.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    dropout : float, default 0.0
        Share of the features that is set to zero in training, from 0 up to but not
        including 1.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, steps)`` to ``(batch, classes)``, float32, each row
        between 0 and 1 with sum 1, for any number of steps that leaves one for every
        window. Layers are named as in `conv1d_binary_classifier`.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `vocabulary` or `classes` is below 2,
        if `filters` is no sequence or empty, if a choice is not among those named, or
        if `dropout` is outside [0, 1).

    See Also
    --------
    conv1d_binary_classifier : For yes-or-no questions, with a note on padding.

    References
    ----------
    Collobert et al., "Natural language processing (almost) from scratch", JMLR 12
    (2011). Kim, "Convolutional neural networks for sentence classification", EMNLP
    (2014).

    Examples
    --------
    >>> from dlguide import models
    >>> topics = models.conv1d_classifier(10_000, 52, filters=(64, 64), kernel=3)
    >>> [layer.name for layer in topics.layers]
    ['tokens', 'embedding', 'conv_1', 'pool_1', 'conv_2', 'features', 'output']
    """
    return _text_network(
        vocabulary,
        filters,
        _size("classes", classes, at_least=2),
        "softmax",
        kernel=kernel,
        pool=pool,
        embedding=embedding,
        padding=padding,
        features=features,
        activation=activation,
        dropout=dropout,
        name=name,
    )


def conv1d_recurrent_regressor(
    steps: int,
    features: int,
    filters: Sequence[int] = (32, 32),
    units: Sequence[int] = (32,),
    *,
    kernel: int = 5,
    pool: int = 3,
    pooling: Literal["max", "average", "stride"] = "max",
    padding: _Padding = "valid",
    activation: _Activation = "relu",
    cell: Literal["simple", "lstm", "gru"] = "gru",
    outputs: int = 1,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a network that predicts a number from a long window of measurements.

    A batch of windows of shape ``(batch, steps, features)``, the oldest step first, is
    shortened before it is read. Each convolution slides windows of `kernel` steps along
    it and makes `filters` maps, ``(batch, steps', filters[0])``, and a pooling behind
    it keeps one number of every `pool` steps, ``(batch, steps' / pool, filters[0])``,
    rounded down. What is left, ``(batch, few, filters[-1])``, goes through the
    recurrent layers in the order of time, and the last of them hands on its final
    state, ``(batch, units[-1])``. A last layer without activation makes one number of
    it for each window, ``(batch, outputs)``.

    Parameters
    ----------
    steps : int
        Steps in one window, at least 1.
    features : int
        Numbers at each step, at least 1. They train best when each has been scaled
        to a mean near 0 and a standard deviation near 1.
    filters : sequence of int, default (32, 32)
        Maps that each convolution makes, at least 1 each; as many convolutions as
        entries, at least one.
    units : sequence of int, default (32,)
        Units of each recurrent layer, at least 1 each; as many layers as entries, at
        least one.
    kernel : int, default 5
        Length of the convolutions' windows in steps, at least 1.
    pool : int, default 3
        Steps of which the pooling behind each convolution keeps one number, at least
        1; with 1 the length stays.
    pooling : {"max", "average", "stride"}, default "max"
        What shortens the sequence: the largest or the mean number of every `pool`
        steps, or a convolution whose window moves by `pool` steps instead of one
        (there is no pooling layer then). The largest number says that something was
        found; where the values themselves matter, the other two keep them.
    padding : {"valid", "same"}, default "valid"
        Whether the convolutions' windows stay inside the sequence, or reach over its
        ends, where zeros are assumed.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    cell : {"simple", "lstm", "gru"}, default "gru"
        What happens at each step of the recurrent layers: a plain layer on input and
        state, or a cell whose gates decide what the state keeps.
    outputs : int, default 1
        Numbers to predict from each window, at least 1.
    dropout : float, default 0.0
        Share of each recurrent layer's inputs that is set to zero in training, from 0
        up to but not including 1; the same places at every step of a window.
    recurrent_dropout : float, default 0.0
        The same for the state that goes from one step to the next.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, steps, features)`` to ``(batch, outputs)``, float32
        of any size and sign. Layers are called ``window``, ``conv_1``, ``pool_1``, ...
        ``recurrent_1``, ... and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `filters` or `units` is no sequence or
        empty, if a choice is not among those named, if a dropout is outside [0, 1), or
        if a window is too short for so many convolutions and poolings.

    See Also
    --------
    recurrent_regressor : The same without the convolutions, with notes on speed.

    References
    ----------
    Sainath, Vinyals, Senior and Sak, "Convolutional, long short-term memory, fully
    connected deep neural networks", ICASSP (2015).

    Examples
    --------
    >>> from dlguide import models
    >>> front = models.conv1d_recurrent_regressor(240, 10, filters=(16,), kernel=7, pool=6)
    >>> front.get_layer("pool_1").output.shape, front.count_params()
    ((None, 39, 16), 5969)
    """
    length, numbers = _size("steps", steps), _size("features", features)
    answers = _size("outputs", outputs)
    _one_of("padding", padding, ("valid", "same"))
    _one_of("pooling", pooling, ("max", "average", "stride"))
    widths, window, squeeze = _sizes(filters, kernel, pool)
    strides = squeeze if pooling == "stride" else 1
    recurrent = _recurrent_layers(
        units,
        cell=cell,
        bidirectional=False,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
    )
    left = length
    for number in range(1, len(widths) + 1):
        left = left - window + 1 if padding == "valid" else left
        # a window that moves by several steps also stops where fewer than these are left
        left = left // squeeze if pooling != "stride" else -(-left // squeeze)
        if left < 1:
            raise ValueError(
                f"steps must leave at least one after {len(widths)} convolutions with windows of "
                f"{window} and steps of {squeeze} between them. "
                f"Received: {steps!r}, which ends at convolution {number}"
            )

    inputs = x = keras.Input((length, numbers), name="window")
    for number, width in enumerate(widths, start=1):
        x = _convolution(number, width, window, padding, activation, strides)(x)
        if pooling == "max" and squeeze > 1:
            x = keras.layers.MaxPooling1D(squeeze, name=f"pool_{number}")(x)
        if pooling == "average" and squeeze > 1:
            x = keras.layers.AveragePooling1D(squeeze, name=f"pool_{number}")(x)
    for layer in recurrent:
        x = layer(x)
    return keras.Model(inputs, _answer(answers, None)(x), name=name)


def _text_network(
    vocabulary: int,
    filters: Sequence[int],
    outputs: int,
    answer: str,
    *,
    kernel: int,
    pool: int,
    embedding: int,
    padding: str,
    features: str,
    activation: _Activation,
    dropout: float,
    name: str | None,
) -> keras.Model:
    """Build the network that the two classifiers share."""
    tokens, row = _size("vocabulary", vocabulary, at_least=2), _size("embedding", embedding)
    widths, window, squeeze = _sizes(filters, kernel, pool)
    _one_of("padding", padding, ("valid", "same"))
    _one_of("features", features, tuple(_POOLINGS))
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: {dropout!r}")

    inputs = keras.Input((None,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(tokens, row, name="embedding")(inputs)  # (batch, steps, row)
    for number, width in enumerate(widths, start=1):
        x = _convolution(number, width, window, padding, activation)(x)
        if number < len(widths) and squeeze > 1:
            x = keras.layers.MaxPooling1D(squeeze, name=f"pool_{number}")(x)
    x = _POOLINGS[features](name="features")(x)  # (batch, width)
    if dropout > 0:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, _answer(outputs, answer)(x), name=name)


def _convolution(
    number: int,
    width: int,
    window: int,
    padding: str,
    activation: _Activation,
    strides: int = 1,
) -> keras.Layer:
    return keras.layers.Conv1D(  # (batch, steps', width)
        width, window, strides, padding, activation=activation, name=f"conv_{number}"
    )


def _sizes(filters: Sequence[int], kernel: int, pool: int) -> tuple[list[int], int, int]:
    """Return the sizes of the convolutions and poolings, checked."""
    if not isinstance(filters, Sequence) or not filters:
        raise ValueError(
            f"filters must be a sequence with a number for each convolution. Received: {filters!r}"
        )
    widths = [_size("each size in filters", width) for width in filters]
    return widths, _size("kernel", kernel), _size("pool", pool)
