"""Text, one character at a time: a network that predicts the next one, and how to draw from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
import tensorflow as tf

from dlguide.generative._checks import not_negative
from dlguide.models.dense import _size
from dlguide.models.recurrent import _CELLS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def character_model(
    vocabulary_size: int,
    units: Sequence[int] = (192,),
    *,
    cell: Literal["lstm", "gru", "simple"] = "lstm",
    embedding: int = 32,
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a network that predicts, at every place of a text, the next character.

    A batch of texts ``(batch, steps)``, each character an integer, becomes vectors
    ``(batch, steps, embedding)``. Recurrent layers read them from left to right and
    put out a state at every step, ``(batch, steps, units[0])`` and so on. A dense
    layer turns each state into one number for each character that may follow,
    ``(batch, steps, vocabulary_size)``. What stands at step t has seen the characters
    up to and including t, so the target of a text is the same text, shifted by
    one: a window of 100 characters teaches 100 times, not once.

    Parameters
    ----------
    vocabulary_size : int
        Number of different characters, at least 2.
    units : sequence of int, default (192,)
        Size of the state of each recurrent layer, at least 1; as many layers as
        entries.
    cell : {"lstm", "gru", "simple"}, default "lstm"
        Kind of recurrent layer.
    embedding : int, default 32
        Length of the vector of a character, at least 1.
    dropout : float, default 0.0
        Share of the inputs of each recurrent layer but the first, and of the last layer,
        that is set to zero in training, from 0 up to but not including 1.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, steps)``, int32 from 0 to ``vocabulary_size - 1``, to
        ``(batch, steps, vocabulary_size)``, float32 logits: train it with
        ``SparseCategoricalCrossentropy(from_logits=True)``. Layers are called
        ``characters``, ``embedding``, ``recurrent_1``, ``dropout_1`` (where asked for),
        ... and ``output``.

    Raises
    ------
    ValueError
        If a size is no positive integer, if `units` is empty, if `cell` is
        unknown, or if `dropout` is outside [0, 1).

    See Also
    --------
    generate_characters : Let a trained model write.

    References
    ----------
    Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9
    (1997). Sutskever, Martens and Hinton, "Generating text with recurrent neural
    networks", ICML (2011). Graves, "Generating sequences with recurrent neural
    networks", arXiv:1308.0850 (2013).

    Examples
    --------
    >>> from dlguide import generative
    >>> model = generative.character_model(60, units=(192,))
    >>> model.output_shape, model.count_params()
    ((None, None, 60), 186300)
    """
    if cell not in _CELLS:
        raise ValueError(f"cell must be one of {', '.join(_CELLS)}. Received: {cell!r}")
    if not isinstance(units, Sequence) or not units:
        raise ValueError(
            f"units must be a sequence with a number for each recurrent layer. Received: {units!r}"
        )
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: {dropout!r}")
    characters = _size("vocabulary_size", vocabulary_size, at_least=2)
    length = _size("embedding", embedding)
    widths = [_size("each size in units", width) for width in units]

    inputs = keras.Input((None,), dtype="int32", name="characters")
    x = keras.layers.Embedding(characters, length, name="embedding")(inputs)
    for number, width in enumerate(widths, start=1):
        x = _CELLS[cell](width, return_sequences=True, name=f"recurrent_{number}")(x)
        if dropout > 0:
            x = keras.layers.Dropout(dropout, name=f"dropout_{number}")(x)
    # (batch, steps, vocabulary_size), in float32 whatever the layers below use
    logits = keras.layers.Dense(characters, dtype="float32", name="output")(x)
    return keras.Model(inputs, logits, name=name)


def tempered_softmax(
    logits: ArrayLike, temperature: float = 1.0, *, top_k: int | None = None
) -> NDArray[np.float64]:
    r"""Turn logits into probabilities, at a temperature.

    A low temperature makes the likely likelier still, and at 0 only the likeliest is
    left: that is *greedy* choice. A high temperature makes all alike. At 1 the
    probabilities are what the network has learned.

    Parameters
    ----------
    logits : array_like of shape (..., classes)
        What the network puts out before its softmax; finite numbers.
    temperature : float, default 1.0
        0 or more. At 0 equals share what there is.
    top_k : int, optional
        Give probability to so many of the likeliest classes only, from 1 to the number
        of classes; by default to all.

    Returns
    -------
    numpy.ndarray of shape (..., classes) and dtype float64
        Probabilities, with sum 1 along the last axis.

    Raises
    ------
    ValueError
        If a logit is not finite, if the temperature is negative or not finite, or if
        `top_k` is no such number.

    See Also
    --------
    generate_characters : Draw one character after another.

    Notes
    -----
    With logits :math:`z` and temperature :math:`T`,

    .. math:: p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}}.

    References
    ----------
    Ackley, Hinton and Sejnowski, "A learning algorithm for Boltzmann machines",
    Cognitive Science 9 (1985). Fan, Lewis and Dauphin, "Hierarchical neural story
    generation", ACL (2018), for the choice among the likeliest k.

    Examples
    --------
    >>> from dlguide import generative
    >>> logits = [2.0, 1.0, 0.0]
    >>> generative.tempered_softmax(logits, 0.5).round(2)
    array([0.87, 0.12, 0.02])
    >>> generative.tempered_softmax(logits, 0).round(2)
    array([1., 0., 0.])
    """
    values = np.asarray(logits, "float64")
    if not values.ndim or not values.shape[-1] or not np.isfinite(values).all():
        raise ValueError(
            "logits must be finite and have shape (..., classes). "
            f"Received: shape {values.shape}, finite: {bool(np.isfinite(values).all())}"
        )
    if not (np.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be 0 or more. Received: {temperature!r}")
    values = values - values.max(-1, keepdims=True)
    if top_k is not None:
        number = _size("top_k", top_k)
        if number > values.shape[-1]:
            raise ValueError(
                f"top_k must be at most {values.shape[-1]}, the number of classes. "
                f"Received: {top_k!r}"
            )
        # Ranks rather than a threshold, so that of equals only as many stay as asked for.
        ranks = np.argsort(np.argsort(-values, -1, kind="stable"), -1)
        values = np.where(ranks < number, values, -np.inf)
    shares = (values == 0).astype("float64") if temperature == 0 else np.exp(values / temperature)
    return np.asarray(shares / shares.sum(-1, keepdims=True))


def generate_characters(
    model: keras.Model,
    prompt: ArrayLike,
    length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    seed: int,
) -> NDArray[np.int32]:
    """Let a model write on, one character after another.

    The model reads the prompt, and its answer at the last place says how likely each
    character is to come next. One is drawn, and becomes what the model reads next.
    The state of the recurrent layers is carried along, so a character costs the same
    however long the text has become.

    Parameters
    ----------
    model : keras.Model
        What `character_model` builds, trained, or any other straight stack of layers
        from ``(batch, steps)`` to ``(batch, steps, vocabulary_size)`` logits whose recurrent
        layers are Keras's SimpleRNN, LSTM or GRU.
    prompt : array_like of shape (steps,) or (samples, steps)
        What stands at the beginning, at least one character, as integers from 0 to
        ``vocabulary_size - 1``; several prompts are continued side by side.
    length : int
        Characters to write, at least 1.
    temperature : float, default 1.0
        How bold the choice is, 0 or more; see `tempered_softmax`. At 0 it is the
        likeliest, every time.
    top_k : int, optional
        Choose among so many of the likeliest only.
    seed : int
        Seed of the choices, 0 or more. No other random state is read or changed.

    Returns
    -------
    numpy.ndarray of shape (length,) or (samples, length) and dtype int32
        What the model has written, without the prompt.

    Raises
    ------
    ValueError
        If the model is no such stack, if the prompt is empty or has a character
        that the model does not know, or if a setting is out of its range.

    See Also
    --------
    tempered_softmax : The probabilities that are drawn from.

    References
    ----------
    Sutskever, Martens and Hinton, "Generating text with recurrent neural networks",
    ICML (2011).

    Examples
    --------
    >>> from dlguide import generative
    >>> model = generative.character_model(60, units=(8,))
    >>> generative.generate_characters(model, [3, 14, 15], 5, seed=0).shape
    (5,)
    """
    number = _size("length", length)
    given = np.asarray(prompt)
    if given.dtype.kind not in "iu" or given.ndim not in (1, 2) or not given.size:
        raise ValueError(
            "prompt must hold integers, in shape (steps,) or (samples, steps), at least one. "
            f"Received: {given.dtype} of shape {given.shape}"
        )
    layers = _stack(model)
    known = model.output_shape[-1]
    texts = np.atleast_2d(given).astype("int32")
    if texts.min() < 0 or texts.max() >= known:
        raise ValueError(
            f"prompt must hold integers from 0 to {known - 1}. "
            f"Received: {texts.min()} to {texts.max()}"
        )
    tempered_softmax(np.zeros(known), temperature, top_k=top_k)  # refuses what cannot work

    random = np.random.default_rng(not_negative("seed", seed))
    step = _step_function(layers)
    states = [
        layer.cell.get_initial_state(batch_size=len(texts))
        for layer in layers
        if isinstance(layer, keras.layers.RNN)
    ]
    for characters in texts.T:  # (samples,)
        logits, states = step(tf.constant(characters), states)
    written = np.empty((len(texts), number), "int32")
    for place in range(number):
        shares = tempered_softmax(logits.numpy(), temperature, top_k=top_k)
        # The first class at which the running sum exceeds a random number.
        sums = np.cumsum(shares, -1)
        draws = random.random((len(texts), 1)) * sums[:, -1:]
        written[:, place] = (sums > draws).argmax(-1)
        if place < number - 1:
            logits, states = step(tf.constant(written[:, place]), states)
    return np.asarray(written if given.ndim == 2 else written[0])


def _stack(model: keras.Model) -> list[Any]:
    """Return the layers of a model in which each reads what the one before puts out."""
    told = (
        "model must be a straight stack of layers from (batch, steps) to "
        "(batch, steps, vocabulary_size), such as character_model builds."
    )
    if not isinstance(model, keras.Model) or len(getattr(model, "inputs", None) or ()) != 1:
        raise ValueError(f"{told} Received: {type(model).__name__} {getattr(model, 'name', '')}")
    layers = [one for one in model.layers if not isinstance(one, keras.layers.InputLayer)]
    before = model.inputs[0]
    for layer in layers:
        if len(layer._inbound_nodes) != 1 or layer.input is not before:
            raise ValueError(f"{told} Received: one in which {layer.name!r} stands apart")
        if isinstance(layer, keras.layers.Bidirectional):
            raise ValueError(f"{told} Received: {layer.name!r}, which reads what is still to come")
        before = layer.output
    if len(before.shape) != 3 or before.shape[-1] is None or before is not model.outputs[0]:
        raise ValueError(f"{told} Received: one that puts out {before.shape}")
    return layers


def _step_function(layers: list[Any]) -> Any:
    """Compile a function that reads one character of each text, and carries the states."""

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]  # TensorFlow publishes no types
    def step(characters: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        x: Any = characters
        after: list[Any] = []
        for layer in layers:
            if isinstance(layer, keras.layers.RNN):
                x, state = layer.cell(x, states[len(after)], training=False)
                after.append(state)
            else:
                x = layer(x, training=False) if layer._call_has_training_arg else layer(x)
        return tf.cast(x, tf.float32), after

    return step
