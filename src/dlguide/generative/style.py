"""Style transfer: paint one picture in the manner of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from scipy.optimize import minimize
from tqdm import tqdm

from dlguide.generative._checks import ends_of, not_negative
from dlguide.generative._pictures import check_model, layer_outputs, picture_of, resized
from dlguide.models.dense import _size

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SCALE = 1000.0  # lifts the loss, so that L-BFGS does not stop too early
_SMALLEST = 32  # pixels: what the pretrained networks need

CONTENT_LAYERS = ("block4_conv1",)
STYLE_LAYERS = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1")


class Stylised(NamedTuple):
    """What `style_transfer` returns.

    Parameters
    ----------
    image : numpy.ndarray of shape (height, width, channels) and dtype float32
        The picture, within the value range.
    losses : dict of str to numpy.ndarray
        ``"content"``, ``"style"`` and ``"variation"``, unweighted, and their weighted sum
        ``"loss"``, after each iteration, the sizes one after the other.
    """

    image: NDArray[np.float32]
    losses: dict[str, NDArray[np.float32]]


def style_transfer(
    model: keras.Model,
    content: ArrayLike,
    style: ArrayLike | None = None,
    *,
    content_layers: Sequence[str] = CONTENT_LAYERS,
    style_layers: Sequence[str] = STYLE_LAYERS,
    content_weight: float = 0.05,
    style_weight: float = 1.0,
    variation_weight: float = 1.0,
    sizes: Sequence[int] = (160, 320),
    iterations: Sequence[int] = (80, 60),
    start: Literal["content", "noise"] = "content",
    value_range: tuple[float, float] = (0.0, 255.0),
    seed: int = 0,
) -> Stylised:
    r"""Find a picture that shows what one picture shows, as another is painted.

    What a picture shows is what a high layer of a network puts out for it. How it is
    painted is which features occur *together*, wherever they are: the correlations of
    a layer's channels, over several layers. The pixels of a third picture are changed
    until it agrees with the first in the one and with the second in the other. The work
    is done at a small size first, which settles the large shapes, then at a larger one.

    Parameters
    ----------
    model : keras.Model
        A functional model with a single input of pictures, for any size, such as
        ``vgg16_base(size=None, pooling="average")``.
    content : array_like of shape (height, width, channels)
        The picture that says what is to be seen, within the value range.
    style : array_like of shape (height, width, channels), optional
        The picture that says how; of any size. Needed unless `style_weight` is 0.
    content_layers, style_layers : sequence of str
        Layers that are compared for the one and for the other; the defaults are those of
        VGG16.
    content_weight, style_weight, variation_weight : float
        What each loss counts, 0 or more; the last one, of the differences between
        neighbouring pixels, keeps the picture from getting grainy. Of content and style at
        least one must count.
    sizes : sequence of int, default (160, 320)
        Longer side of the picture in pixels, one size after the other; at least 32 for
        the shorter side too.
    iterations : sequence of int, default (80, 60)
        Iterations of the optimiser at each of the sizes, at least 1.
    start : {"content", "noise"}, default "content"
        What the work begins with.
    value_range : tuple of float, default (0.0, 255.0)
        Lowest and highest value of a pixel.
    seed : int, default 0
        Seed of the noise to start with, 0 or more.

    Returns
    -------
    Stylised
        The picture, ``image``, and the course of the ``losses``.

    Raises
    ------
    ValueError
        If the model is no such model, if a layer is unknown (the message lists those that
        would do), if a picture does not suit, or if a setting is out of its range.

    Notes
    -----
    With the output :math:`F_l(x)` of layer :math:`l`, of shape (places, channels), and
    its Gram matrix :math:`G_l(x) = F_l^\top F_l / \text{places}`, the losses of a
    picture :math:`x` are

    .. math::

        L_{\text{content}} = \frac{1}{|C|} \sum_{l \in C}
            \frac{\lVert F_l(x) - F_l(c) \rVert^2}{\lVert F_l(c) \rVert^2},
        \qquad
        L_{\text{style}} = \frac{1}{|S|} \sum_{l \in S}
            \frac{\lVert G_l(x) - G_l(s) \rVert^2}{\lVert G_l(s) \rVert^2},

    for content :math:`c` and style :math:`s`, and the mean squared difference of
    neighbouring pixels, on a scale from 0 to 1. Dividing by what is to be reached makes
    layers of different size count alike. L-BFGS with bounds (SciPy's) minimises the
    weighted sum. In a terminal a bar shows the progress; elsewhere nothing is printed.

    References
    ----------
    Gatys, Ecker and Bethge, "Image style transfer using convolutional neural networks",
    CVPR (2016). Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound
    constrained optimization", SIAM Journal on Scientific Computing 16 (1995).

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from dlguide import generative
    >>> pictures = keras.Input((None, None, 3))
    >>> model = keras.Model(pictures, keras.layers.Conv2D(4, 3, name="conv")(pictures))
    >>> random = np.random.default_rng(0)
    >>> photograph, painting = random.uniform(0, 255, (2, 40, 60, 3))
    >>> layers = {"content_layers": ["conv"], "style_layers": ["conv"]}
    >>> result = generative.style_transfer(
    ...     model, photograph, painting, sizes=[60], iterations=[3], **layers
    ... )
    >>> result.image.shape, sorted(result.losses)
    ((40, 60, 3), ['content', 'loss', 'style', 'variation'])
    """
    check_model(model)
    weights = {"content": content_weight, "style": style_weight, "variation": variation_weight}
    _check_weights(weights)
    if start not in ("content", "noise"):
        raise ValueError(f"start must be 'content' or 'noise'. Received: {start!r}")
    low, high = ends_of(value_range)
    plan = _plan(sizes, iterations)
    photograph = picture_of("content", content, model, value_range)[None]
    if style is None and style_weight > 0:
        raise ValueError("style must be a picture unless style_weight is 0. Received: None")
    painting = photograph if style is None else picture_of("style", style, model, value_range)[None]
    groups = {
        "content": tuple(content_layers),
        "style": () if style is None else tuple(style_layers),
    }
    for kind, names in groups.items():
        if weights[kind] > 0 and not names:
            raise ValueError(f"{kind}_layers must name at least one layer. Received: none")
    shapes = [_shape(photograph.shape[1:3], size) for size, _ in plan]
    tapped = layer_outputs(model, dict.fromkeys(groups["content"] + groups["style"]))

    random = np.random.default_rng(not_negative("seed", seed))
    picture: Any = resized(photograph, shapes[0])
    if start == "noise":
        picture = tf.constant(random.uniform(low, high, picture.shape), tf.float32)
    losses: dict[str, list[float]] = {"content": [], "style": [], "variation": [], "loss": []}
    total = sum(number for _, number in plan)
    with tqdm(total=total, desc="painting", disable=None, leave=False) as bar:
        for shape, (size, number) in zip(shapes, plan, strict=True):
            evaluate = _evaluation(
                tapped,
                resized(photograph, shape),
                resized(painting, _shape(painting.shape[1:3], size)),
                groups,
                weights,
                value_range,
            )
            picture = resized(picture, shape)
            picture = _descend(evaluate, picture, number, value_range, losses, bar)
    return Stylised(
        np.asarray(picture[0], "float32"),
        {name: np.asarray(values, "float32") for name, values in losses.items()},
    )


def _evaluation(
    tapped: keras.Model,
    photograph: Any,
    painting: Any,
    groups: dict[str, tuple[str, ...]],
    weights: dict[str, float],
    value_range: tuple[float, float],
) -> Any:
    """Compile a function of the pixels, from 0 to 1: the loss, its slope, and its parts."""
    low, high = value_range
    shown, painted = tapped(photograph, training=False), tapped(painting, training=False)
    features = {name: tf.cast(shown[name], tf.float32) for name in groups["content"]}
    grams = {name: _gram(painted[name]) for name in groups["style"]}

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow publishes no types
    def evaluate(pixels: Any) -> tuple[Any, Any, Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pixels)
            outputs = tapped(low + (high - low) * pixels, training=False)
            parts = tf.stack(
                [
                    _mean([_apart(outputs[name], target) for name, target in features.items()]),
                    _mean([_apart(_gram(outputs[name]), gram) for name, gram in grams.items()]),
                    tf.reduce_mean((pixels[:, 1:] - pixels[:, :-1]) ** 2)
                    + tf.reduce_mean((pixels[:, :, 1:] - pixels[:, :, :-1]) ** 2),
                ]
            )
            loss = tf.reduce_sum(parts * tf.constant(list(weights.values()), tf.float32))
        return loss, tape.gradient(loss, pixels), parts

    return evaluate


def _descend(
    evaluate: Any,
    picture: Any,
    iterations: int,
    value_range: tuple[float, float],
    losses: dict[str, list[float]],
    bar: Any,
) -> Any:
    """Minimise the loss over the pixels of a picture."""
    low, high = value_range
    shape = tuple(picture.shape)
    seen: dict[str, Any] = {}

    def function(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        loss, slope, parts = evaluate(tf.constant(flat.reshape(shape), tf.float32))
        seen["last"] = (flat.copy(), (*parts.numpy().tolist(), float(loss)))
        return _SCALE * float(loss), _SCALE * np.asarray(slope, "float64").ravel()

    def note(flat: NDArray[np.float64]) -> None:
        where, values = seen["last"]
        if not np.array_equal(where, flat):  # the line search has looked further
            function(flat)
            values = seen["last"][1]
        for name, value in zip(losses, values, strict=True):
            losses[name].append(value)
        bar.update()

    pixels = np.clip((np.asarray(picture, "float64") - low) / (high - low), 0, 1).ravel()
    result = minimize(
        function,
        pixels,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * pixels.size,
        callback=note,
        options={"maxiter": iterations, "maxfun": 4 * iterations, "maxcor": 10, "ftol": 0},
    )
    return tf.constant(low + (high - low) * result.x.reshape(shape), tf.float32)


def _gram(maps: Any) -> Any:
    """Return how often channels occur together, (channels, channels), whatever the places."""
    flat = tf.reshape(tf.cast(maps, tf.float32), (-1, maps.shape[-1]))  # (places, channels)
    places = tf.cast(tf.shape(flat)[0], tf.float32)
    return tf.matmul(flat, flat, transpose_a=True) / places


def _apart(value: Any, target: Any) -> Any:
    """Return the squared distance from a target, as a share of the target's square."""
    difference = tf.cast(value, tf.float32) - target
    return tf.reduce_sum(difference**2) / (tf.reduce_sum(target**2) + 1e-20)


def _mean(values: list[Any]) -> Any:
    return tf.add_n(values) / len(values) if values else tf.constant(0.0)


def _check_weights(weights: dict[str, float]) -> None:
    for name, weight in weights.items():
        if not (np.isfinite(weight) and weight >= 0):
            raise ValueError(f"{name}_weight must be 0 or more. Received: {weight!r}")
    if not weights["content"] and not weights["style"]:
        raise ValueError("content_weight or style_weight must be above 0. Received: 0 and 0")


def _plan(sizes: Sequence[int], iterations: Sequence[int]) -> list[tuple[int, int]]:
    if not sizes or len(sizes) != len(iterations):
        raise ValueError(
            "sizes and iterations must have as many entries as each other, at least one. "
            f"Received: {sizes!r} and {iterations!r}"
        )
    return [
        (_size("each of sizes", size, at_least=_SMALLEST), _size("each of iterations", number))
        for size, number in zip(sizes, iterations, strict=True)
    ]


def _shape(shape: tuple[int, ...], longer: int) -> tuple[int, int]:
    """Return height and width whose longer side is as asked for."""
    height, width = shape
    factor = longer / max(height, width)
    fitted = (max(1, round(height * factor)), max(1, round(width * factor)))
    if min(fitted) < _SMALLEST:
        raise ValueError(
            f"each of sizes must leave {_SMALLEST} pixels for the shorter side too. "
            f"Received: {longer}, which makes {height} x {width} pixels {fitted[0]} x {fitted[1]}"
        )
    return fitted
