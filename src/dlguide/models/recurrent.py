"""Recurrent networks for token ids and for windows of measurements.

A recurrent layer reads its sequence one step at a time and keeps a state, its memory
of what it has read. All layers but the last, ``recurrent_1``, ``recurrent_2`` and so
on, hand their state of every step to the layer above; the last hands on its final
state, and ``output`` makes the answer of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras

from dlguide.models.convolutional import _one_of
from dlguide.models.dense import _size

_Cell = Literal["simple", "lstm", "gru"]
_CELLS = {"simple": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


def recurrent_binary_classifier(
    vocabulary: int,
    units: Sequence[int] = (32,),
    *,
    cell: _Cell = "lstm",
    embedding: int = 32,
    mask_zero: bool = True,
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a recurrent network that answers a yes-or-no question about a text.

    A batch of token ids of shape ``(batch, steps)`` is looked up in a table with a row
    for each token, ``(batch, steps, embedding)``. The recurrent layers read the rows
    from the first step to the last: ``(batch, steps, units[0])`` and so on, and the
    last of them keeps its final state only, ``(batch, units[-1])``. A single unit with
    a sigmoid turns that into one probability for each text, ``(batch, 1)``.

    Parameters
    ----------
    vocabulary : int
        Number of token ids, at least 2. The ids are integers from 0 to
        ``vocabulary - 1``.
    units : sequence of int, default (32,)
        Units of each recurrent layer, at least 1 each; as many layers as entries, at
        least one.
    cell : {"simple", "lstm", "gru"}, default "lstm"
        What happens at each step: a plain layer on input and state, or a cell whose
        gates decide what the state keeps.
    embedding : int, default 32
        Length of the row that stands for a token, at least 1.
    mask_zero : bool, default True
        Take id 0 for padding: the layers skip such steps, and the final state is that
        after the last token.
    bidirectional : bool, default False
        Give each layer a twin that reads from the last step to the first, and join
        the two states; layers then hand on twice as many numbers as `units` says.
    dropout : float, default 0.0
        Share of each recurrent layer's inputs that is set to zero in training, from 0
        up to but not including 1; the same places at every step of a sequence.
    recurrent_dropout : float, default 0.0
        The same for the state that goes from one step to the next.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, steps)`` to ``(batch, 1)``, float32 between 0 and 1,
        for any number of steps. Layers are called ``tokens``, ``embedding``,
        ``recurrent_1``, ``recurrent_2``, ... and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `vocabulary` is below 2, if `units` is
        no sequence or empty, if `cell` is not among those named, or if a dropout is
        outside [0, 1).

    See Also
    --------
    recurrent_classifier : For texts that belong to one of several classes.

    Notes
    -----
    On a CPU ``compile(..., jit_compile=True)`` makes a step of training 1.3 to 2.2
    times as fast, most of all with GRU cells, after a warm-up of 3 to 5 seconds for
    each length of sequence and size of batch. So it pays after a few epochs, if all
    texts are padded to one length; Keras's default, ``"auto"``, does without it there.
    On a GPU leave the default. There LSTM and GRU layers run as one fast kernel,
    though only without `recurrent_dropout`, and with padding at the end of a text.

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990). Hochreiter and
    Schmidhuber, "Long short-term memory", Neural Computation 9 (1997). Cho et al.,
    "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP (2014). Gal and Ghahramani, "A theoretically grounded
    application of dropout in recurrent neural networks", NIPS (2016).

    Examples
    --------
    >>> from dlguide import models
    >>> reviews = models.recurrent_binary_classifier(10_000, units=(32,))
    >>> reviews.output_shape, reviews.count_params()
    ((None, 1), 328353)
    """
    return _text_network(
        vocabulary,
        units,
        1,
        "sigmoid",
        cell=cell,
        embedding=embedding,
        mask_zero=mask_zero,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        name=name,
    )


def recurrent_classifier(
    vocabulary: int,
    classes: int,
    units: Sequence[int] = (32,),
    *,
    cell: _Cell = "lstm",
    embedding: int = 32,
    mask_zero: bool = True,
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a recurrent network that chooses one of several classes for a text.

    A batch of token ids of shape ``(batch, steps)`` is looked up in a table with a row
    for each token, ``(batch, steps, embedding)``. The recurrent layers read the rows
    from the first step to the last: ``(batch, steps, units[0])`` and so on, and the
    last of them keeps its final state only, ``(batch, units[-1])``. A layer with one
    unit for each class, ``(batch, classes)``, ends in a softmax.

    Parameters
    ----------
    vocabulary : int
        Number of token ids, at least 2. The ids are integers from 0 to
        ``vocabulary - 1``.
    classes : int
        Number of classes, at least 2. The labels are integers from 0 to
        ``classes - 1``, or one-hot rows of that length.
    units : sequence of int, default (32,)
        Units of each recurrent layer, at least 1 each; as many layers as entries, at
        least one.
    cell : {"simple", "lstm", "gru"}, default "lstm"
        What happens at each step: a plain layer on input and state, or a cell whose
        gates decide what the state keeps.
    embedding : int, default 32
        Length of the row that stands for a token, at least 1.
    mask_zero : bool, default True
        Take id 0 for padding: the layers skip such steps, and the final state is that
        after the last token.
    bidirectional : bool, default False
        Give each layer a twin that reads from the last step to the first, and join
        the two states; layers then hand on twice as many numbers as `units` says.
    dropout : float, default 0.0
        Share of each recurrent layer's inputs that is set to zero in training, from 0
        up to but not including 1; the same places at every step of a sequence.
    recurrent_dropout : float, default 0.0
        The same for the state that goes from one step to the next.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, steps)`` to ``(batch, classes)``, float32, each row
        between 0 and 1 with sum 1, for any number of steps. Layers are called
        ``tokens``, ``embedding``, ``recurrent_1``, ``recurrent_2``, ... and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `vocabulary` or `classes` is below 2,
        if `units` is no sequence or empty, if `cell` is not among those named, or if a
        dropout is outside [0, 1).

    See Also
    --------
    recurrent_binary_classifier : For yes-or-no questions, with notes on speed.

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990). Hochreiter and
    Schmidhuber, "Long short-term memory", Neural Computation 9 (1997). Cho et al.,
    "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP (2014). Gal and Ghahramani, "A theoretically grounded
    application of dropout in recurrent neural networks", NIPS (2016).

    Examples
    --------
    >>> from dlguide import models
    >>> topics = models.recurrent_classifier(10_000, 52, cell="gru", units=(64, 32))
    >>> topics.get_layer("recurrent_1").output.shape, topics.output_shape
    ((None, None, 64), (None, 52))
    """
    return _text_network(
        vocabulary,
        units,
        _size("classes", classes, at_least=2),
        "softmax",
        cell=cell,
        embedding=embedding,
        mask_zero=mask_zero,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        name=name,
    )


def recurrent_regressor(
    steps: int,
    features: int,
    units: Sequence[int] = (32,),
    *,
    cell: _Cell = "gru",
    outputs: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a recurrent network that predicts a number from a window of measurements.

    A batch of windows of shape ``(batch, steps, features)``, the oldest step first,
    goes through the recurrent layers: ``(batch, steps, units[0])`` and so on, and the
    last of them keeps its final state only, ``(batch, units[-1])``. A last layer
    without activation makes one number of it for each window, ``(batch, outputs)``,
    such as the temperature a day after the window's end.

    Parameters
    ----------
    steps : int
        Steps in one window, at least 1.
    features : int
        Numbers at each step, at least 1. They train best when each has been scaled
        to a mean near 0 and a standard deviation near 1.
    units : sequence of int, default (32,)
        Units of each recurrent layer, at least 1 each; as many layers as entries, at
        least one.
    cell : {"simple", "lstm", "gru"}, default "gru"
        What happens at each step: a plain layer on input and state, or a cell whose
        gates decide what the state keeps.
    outputs : int, default 1
        Numbers to predict from each window, at least 1: several quantities, or the
        same one at several distances.
    bidirectional : bool, default False
        Give each layer a twin that reads from the newest step to the oldest, and
        join the two states; layers then hand on twice as many numbers as `units` says.
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
        of any size and sign. Layers are called ``window``, ``recurrent_1``,
        ``recurrent_2``, ... and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `units` is no sequence or empty, if
        `cell` is not among those named, or if a dropout is outside [0, 1).

    See Also
    --------
    dense_regressor : For samples without an order in time.

    Notes
    -----
    On a CPU ``compile(..., jit_compile=True)`` makes a step of training 1.3 to 2.2
    times as fast, most of all with GRU cells, after a warm-up of 3 to 5 seconds. So it
    pays after a few epochs; Keras's default, ``"auto"``, does without it there. On a
    GPU leave the default: there LSTM and GRU layers run as one fast kernel, though
    only without `recurrent_dropout`.

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990). Hochreiter and
    Schmidhuber, "Long short-term memory", Neural Computation 9 (1997). Cho et al.,
    "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP (2014). Gal and Ghahramani, "A theoretically grounded
    application of dropout in recurrent neural networks", NIPS (2016).

    Examples
    --------
    >>> from dlguide import models
    >>> tomorrow = models.recurrent_regressor(120, 8, units=(32,), recurrent_dropout=0.25)
    >>> tomorrow.input_shape, tomorrow.output_shape, tomorrow.count_params()
    ((None, 120, 8), (None, 1), 4065)
    """
    shape = (_size("steps", steps), _size("features", features))
    numbers = _size("outputs", outputs)
    layers = _recurrent_layers(
        units,
        cell=cell,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
    )

    inputs = x = keras.Input(shape, name="window")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, _answer(numbers, None)(x), name=name)


def _text_network(
    vocabulary: int,
    units: Sequence[int],
    outputs: int,
    activation: str,
    *,
    cell: _Cell,
    embedding: int,
    mask_zero: bool,
    bidirectional: bool,
    dropout: float,
    recurrent_dropout: float,
    name: str | None,
) -> keras.Model:
    """Build the network that the two classifiers share."""
    table = keras.layers.Embedding(
        _size("vocabulary", vocabulary, at_least=2),
        _size("embedding", embedding),
        mask_zero=bool(mask_zero),
        name="embedding",
    )
    layers = _recurrent_layers(
        units,
        cell=cell,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
    )

    inputs = keras.Input((None,), dtype="int32", name="tokens")
    x = table(inputs)  # (batch, steps, embedding)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, _answer(outputs, activation)(x), name=name)


def _recurrent_layers(
    units: Sequence[int],
    *,
    cell: _Cell,
    bidirectional: bool,
    dropout: float,
    recurrent_dropout: float,
) -> list[keras.Layer]:
    """Return the recurrent layers, of which the last hands on its final state only."""
    if not isinstance(units, Sequence) or not units:
        raise ValueError(
            f"units must be a sequence with a number for each layer. Received: {units!r}"
        )
    _one_of("cell", cell, tuple(_CELLS))
    for label, share in (("dropout", dropout), ("recurrent_dropout", recurrent_dropout)):
        if not 0 <= share < 1:
            raise ValueError(f"{label} must be in [0, 1). Received: {share!r}")

    layers: list[keras.Layer] = []
    for number, size in enumerate(units, start=1):
        settings: dict[str, Any] = {
            "return_sequences": number < len(units),
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
        }
        width = _size("each size in units", size)
        label = f"recurrent_{number}"
        if bidirectional:
            # (batch, steps, 2 * width), or (batch, 2 * width) from the last layer
            layer = keras.layers.Bidirectional(_CELLS[cell](width, **settings), name=label)
        else:
            layer = _CELLS[cell](width, **settings, name=label)
        layers.append(layer)
    return layers


def _answer(outputs: int, activation: str | None) -> keras.Layer:
    # In float32 also where the layers below use 16 bits: a loss needs the digits.
    return keras.layers.Dense(outputs, activation=activation, dtype="float32", name="output")
