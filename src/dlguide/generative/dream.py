"""DeepDream: let a network exaggerate what it believes to see in a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from dlguide.generative._checks import ends_of, not_negative
from dlguide.generative._pictures import check_model, layer_outputs, picture_of, resized
from dlguide.models.dense import _size

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SMALLEST = 32  # pixels: what the pretrained networks need


class Dream(NamedTuple):
    """What `deep_dream` returns.

    Parameters
    ----------
    image : numpy.ndarray of shape (height, width, channels) and dtype float32
        The picture, within the value range.
    objective : numpy.ndarray of shape (octaves, steps) and dtype float32
        What the layers put out, as a mean square, before each step of each octave.
    """

    image: NDArray[np.float32]
    objective: NDArray[np.float32]


def deep_dream(
    model: keras.Model,
    image: ArrayLike,
    layers: str | Sequence[str] | Mapping[str, float],
    *,
    octaves: int = 3,
    octave_scale: float = 1.4,
    steps: int = 12,
    rate: float = 0.025,
    jitter: int = 24,
    value_range: tuple[float, float] = (0.0, 255.0),
    seed: int,
) -> Dream:
    r"""Change a picture so that layers of a network respond to it more and more.

    Where a layer finds a trace of something, the picture is changed until there is
    more of it: a cloud that resembles a bird a little becomes a bird. The work begins
    on a small copy of the picture, whose shapes are large for the network's windows,
    and goes on at one size after another, the *octaves*. What is lost each time by
    enlarging, the finest detail of the photograph, is put back.

    Parameters
    ----------
    model : keras.Model
        A functional model with a single input of pictures, for any size, such as
        ``vgg16_base(size=None)``.
    image : array_like of shape (height, width, channels)
        The picture to begin with, within the value range.
    layers : str, sequence of str, or mapping of str to float
        Names of layers whose output is to grow; a mapping gives each a weight.
    octaves : int, default 3
        Sizes at which the picture is worked on, at least 1; the last is its own.
    octave_scale : float, default 1.4
        How much larger each size is than the one before, above 1.
    steps : int, default 12
        Steps of gradient ascent at each size, at least 1.
    rate : float, default 0.025
        Length of a step, as a share of the value range.
    jitter : int, default 24
        Pixels by which the picture is rolled back and forth, at random, before each step,
        so that no seams grow; 0 for none.
    value_range : tuple of float, default (0.0, 255.0)
        Lowest and highest value of a pixel.
    seed : int
        Seed of the jitter, 0 or more. No other random state is read or changed.

    Returns
    -------
    Dream
        The picture, ``image``, and how the layers' response grew, ``objective``.

    Raises
    ------
    ValueError
        If the model is no such model, if a layer is unknown (the message lists those
        that would do), if the picture does not suit or is too small for so many octaves,
        or if a setting is out of its range.

    See Also
    --------
    dlguide.interpret.filter_patterns : The same ascent, from noise, for one filter.

    Notes
    -----
    The objective is the mean square of a layer's output, weighted and added over the
    layers, :math:`J(x) = \sum_l w_l \operatorname{mean}(A_l(x)^2)`, and a step is

    .. math:: x \leftarrow x + \eta \, (b - a) \,
              \frac{\nabla_x J}{\operatorname{std}(\nabla_x J)},

    cut off at the ends :math:`a` and :math:`b` of the value range. In a terminal a bar
    shows the progress; elsewhere nothing is printed.

    References
    ----------
    Mordvintsev, Olah and Tyka, "Inceptionism: going deeper into neural networks",
    Google Research Blog (2015).

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from dlguide import generative
    >>> pictures = keras.Input((None, None, 3))
    >>> model = keras.Model(pictures, keras.layers.Conv2D(4, 3, name="conv")(pictures))
    >>> photograph = np.full((64, 96, 3), 100.0)
    >>> dream = generative.deep_dream(model, photograph, "conv", octaves=2, steps=3, seed=0)
    >>> dream.image.shape, dream.objective.shape
    ((64, 96, 3), (2, 3))
    """
    check_model(model)
    weights = _weights(layers)
    low, high = ends_of(value_range)
    for label, value in (("octaves", octaves), ("steps", steps)):
        _size(label, value)
    not_negative("jitter", jitter)
    for label, factor, least in (("rate", rate, 0), ("octave_scale", octave_scale, 1)):
        if not (np.isfinite(factor) and factor > least):
            raise ValueError(f"{label} must be above {least}. Received: {factor!r}")
    original = picture_of("image", image, model, value_range)
    sizes = _octaves(original.shape[:2], octaves, octave_scale)
    tapped = layer_outputs(model, weights)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]  # TensorFlow publishes no types
    def ascend(picture: Any, shift: Any) -> tuple[Any, Any]:
        rolled = tf.roll(picture, shift, (1, 2))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(rolled)
            outputs = tapped(rolled, training=False)
            objective = tf.add_n(
                [
                    weight * tf.reduce_mean(tf.cast(outputs[name], tf.float32) ** 2)
                    for name, weight in weights.items()
                ]
            )
        gradient = tape.gradient(objective, rolled)
        rolled += rate * (high - low) * gradient / (tf.math.reduce_std(gradient) + 1e-20)
        return tf.roll(tf.clip_by_value(rolled, low, high), -shift, (1, 2)), objective

    random = np.random.default_rng(not_negative("seed", seed))
    objective = np.empty((octaves, steps), "float32")
    whole = tf.constant(original[None])
    dream = small = resized(whole, sizes[0])
    with tqdm(total=octaves * steps, desc="dreaming", disable=None, leave=False) as bar:
        for octave, size in enumerate(sizes):
            if octave:
                # Enlarge, and add the detail that the smaller picture could not hold.
                dream = resized(dream, size) + resized(whole, size) - resized(small, size)
                dream, small = tf.clip_by_value(dream, low, high), resized(whole, size)
            for step in range(steps):
                shift = random.integers(-jitter, jitter + 1, 2)
                dream, value = ascend(dream, tf.constant(shift, tf.int32))
                objective[octave, step] = value.numpy()
                bar.update()
    return Dream(np.asarray(dream[0], "float32"), objective)


def _weights(layers: str | Sequence[str] | Mapping[str, float]) -> dict[str, float]:
    if isinstance(layers, str):
        return {layers: 1.0}
    weights = (
        {name: float(weight) for name, weight in layers.items()}
        if isinstance(layers, Mapping)
        else dict.fromkeys(layers, 1.0)
    )
    if not weights or not all(np.isfinite(weight) for weight in weights.values()):
        raise ValueError(
            f"layers must name at least one, with finite weights. Received: {layers!r}"
        )
    return weights


def _octaves(size: tuple[int, ...], octaves: int, scale: float) -> list[tuple[int, int]]:
    """Return the sizes at which the picture is worked on, smallest first."""
    height, width = size
    sizes = [
        (round(height / scale**octave), round(width / scale**octave))
        for octave in reversed(range(octaves))
    ]
    if min(sizes[0]) < _SMALLEST:
        raise ValueError(
            f"image must be at least {_SMALLEST} pixels high and wide in its smallest octave; take "
            f"fewer octaves or a larger picture. Received: {height} x {width} pixels, "
            f"{sizes[0][0]} x {sizes[0][1]} in the smallest of {octaves}"
        )
    return sizes
