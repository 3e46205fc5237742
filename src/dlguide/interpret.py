"""What a network of images sees: its feature maps, its filters, and where it looks.

Four questions, four functions, arrays in and arrays out. `activations` asks what
each layer makes of a picture; `filter_patterns` which picture a filter would
like best; `grad_cam` and `occlusion` which part of a picture speaks for a class,
the one with the gradient, the other by covering the part up.

They take any Keras model whose single input is a batch of images with the
channels last, also one that has another model among its layers. The names of
that inner model's layers are understood as they are; where two layers share a
name, ``"inner/name"`` tells them apart. Nothing is built, compiled or trained:
the model runs in inference mode, and comes back as it was.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float32]

__all__ = ["activations", "filter_patterns", "grad_cam", "occlusion"]

_IMAGE_AXES = 4  # samples, height, width, channels
_POOLING = (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
_SCALE = 1024.0  # lifts gradients into the range of 16-bit floats


def activations(
    model: keras.Model,
    images: ArrayLike,
    layers: str | Sequence[str],
    *,
    batch_size: int = 32,
) -> dict[str, Floats]:
    """Return what layers put out for a batch of images.

    The images run through the model, and only as far as the last layer that was
    asked for. The output of a convolution or of a pooling is a stack of *feature
    maps*: for each of its channels a small picture of where in the image the
    channel's pattern is found.

    Parameters
    ----------
    model : keras.Model
        Any model with a single input of shape ``(n, height, width, channels)``.
    images : array_like, shape (n, height, width, channels)
        At least one image, in the range that the model expects.
    layers : str or sequence of str
        Names of layers, at any depth of nesting. Of a layer that the model uses
        several times, the first output counts.
    batch_size : int, default 32
        Images that run through the model together.

    Returns
    -------
    dict of str to numpy.ndarray
        For each name, in the given order, a float32 array: ``(n, rows, columns,
        channels)`` for a layer of feature maps, ``(n, units)`` for a dense one.

    Raises
    ------
    ValueError
        If the model has several inputs, if the images do not suit it, if a name is
        unknown (the message lists those that would do) or stands for several
        layers, or if the model never gets to a layer.

    See Also
    --------
    dlguide.plots.feature_maps : Draw all channels of a layer.

    References
    ----------
    Zeiler and Fergus, "Visualizing and understanding convolutional networks",
    ECCV (2014).

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from dlguide import interpret
    >>> layers = [keras.layers.Conv2D(8, 3, name="conv"), keras.layers.MaxPooling2D(name="pool")]
    >>> model = keras.Sequential([keras.Input((28, 28, 1)), *layers])
    >>> maps = interpret.activations(model, np.zeros((5, 28, 28, 1)), ["conv", "pool"])
    >>> {name: values.shape for name, values in maps.items()}
    {'conv': (5, 26, 26, 8), 'pool': (5, 13, 13, 8)}
    """
    pictures = _images(model, images)
    size = _integer("batch_size", batch_size, at_least=1)
    names = (layers,) if isinstance(layers, str) else tuple(layers)
    if not names:
        raise ValueError("layers must name at least one layer. Received: none")
    found = {name: _layer(model, name) for name in names}
    pieces: dict[str, list[Floats]] = {name: [] for name in names}
    for start in range(0, len(pictures), size):
        with _tapped(found) as outputs:
            _run(model, pictures[start : start + size], until=outputs)
        for name in names:
            pieces[name].append(_array(outputs.of(name)))
    return {name: np.concatenate(parts) for name, parts in pieces.items()}


def filter_patterns(
    model: keras.Model,
    layer: str,
    filters: Sequence[int],
    *,
    size: int | None = None,
    steps: int = 40,
    rate: float = 0.05,
    jitter: int = 6,
    blur: float = 0.6,
    blur_every: int = 4,
    value_range: tuple[float, float] = (0.0, 255.0),
    linear: bool = True,
    seed: int,
) -> Floats:
    r"""Draw the picture that each of some filters responds to most.

    A grey image with a little noise is changed step by step so that one channel of
    the layer, on average over its map, puts out more and more: *gradient ascent*,
    with the pixels in the place of the weights. All filters are worked on at once,
    an image for each.

    Parameters
    ----------
    model : keras.Model
        Any model with a single input of shape ``(n, height, width, channels)``.
    layer : str
        Name of a layer with feature maps, at any depth of nesting.
    filters : sequence of int
        Channels of that layer, counted from 0; at least one.
    size : int, optional
        Height and width of the pictures in pixels. By default what the model
        demands, or 128 if it takes images of any size.
    steps : int, default 40
        Steps of gradient ascent, at least 1.
    rate : float, default 0.05
        Length of a step, as a share of the value range.
    jitter : int, default 6
        Pixels by which the image is rolled back and forth, at random, before each step,
        so that no pattern grows that depends on a place; 0 for none.
    blur : float, default 0.6
        Standard deviation, in pixels, of the blur that takes out the finest noise; 0
        for none.
    blur_every : int, default 4
        Steps from one blur to the next.
    value_range : tuple of float, default (0.0, 255.0)
        Lowest and highest value that the model expects of a pixel.
    linear : bool, default True
        Take the layer's output before its own activation, if it has one. A relu that
        puts out zero has no slope to climb, and in deep layers most put out zero.
    seed : int
        Seed of the noise and of the jitter, 0 or more. No other random state is read
        or changed.

    Returns
    -------
    numpy.ndarray of shape (filters, size, size, channels) and dtype float32
        The pictures, within the value range.

    Raises
    ------
    ValueError
        If the model has several inputs, if the layer is unknown or has no feature
        maps, if a filter or a setting is out of its range, or if the channels do not
        depend on the pixels in a way that has a gradient.

    See Also
    --------
    dlguide.plots.image_grid : Draw the pictures side by side.

    Notes
    -----
    With the mean :math:`m_k(x)` of channel :math:`k` over its map, a step is

    .. math:: x \leftarrow x + \eta \, (b - a) \,
              \frac{\nabla_x m_k}{\sqrt{\operatorname{mean}((\nabla_x m_k)^2)}},

    cut off at the ends :math:`a` and :math:`b` of the value range. Dividing by the
    root mean square makes steps of one length in all layers, whose gradients differ
    by orders of magnitude. Jitter and blur are what keeps the pictures from
    filling with fine noise, which excites a filter and says nothing to an eye.

    References
    ----------
    Erhan, Bengio, Courville and Vincent, "Visualizing higher-layer features of a
    deep network", Technical Report 1341, Université de Montréal (2009). Simonyan,
    Vedaldi and Zisserman, "Deep inside convolutional networks: visualising image
    classification models and saliency maps", ICLR workshop (2014). Mordvintsev,
    Olah and Tyka, "Inceptionism: going deeper into neural networks", Google
    Research Blog (2015).

    Examples
    --------
    >>> import keras
    >>> from dlguide import interpret
    >>> conv = keras.layers.Conv2D(8, 3, activation="relu", name="conv")
    >>> model = keras.Sequential([keras.Input((None, None, 3)), conv])
    >>> interpret.filter_patterns(model, "conv", [0, 5], size=32, steps=3, seed=0).shape
    (2, 32, 32, 3)
    """
    _check_model(model)
    chosen = _layer(model, layer)
    wanted = [_integer("each filter", number, at_least=0) for number in filters]
    if not wanted:
        raise ValueError("filters must name at least one channel. Received: none")
    for label, value, least in (
        ("steps", steps, 1),
        ("jitter", jitter, 0),
        ("blur_every", blur_every, 1),
        ("seed", seed, 0),
    ):
        _integer(label, value, at_least=least)
    low, high = value_range
    if not (np.isfinite([rate, blur, low, high]).all() and rate > 0 and blur >= 0 and low < high):
        raise ValueError(
            "rate must be above 0, blur 0 or more, and value_range (low, high). "
            f"Received: {rate!r}, {blur!r} and {value_range!r}"
        )

    random = np.random.default_rng(seed)
    noise = 0.5 + 0.06 * random.standard_normal((len(wanted), *_pattern_shape(model, size)))
    images = tf.constant(low + (high - low) * np.clip(noise, 0, 1), tf.float32)
    for step in range(steps):
        shift = random.integers(-jitter, jitter + 1, 2)
        gradient = _ascent(model, chosen, layer, wanted, tf.roll(images, shift, (1, 2)), linear)
        gradient = tf.roll(gradient, -shift, (1, 2))
        spread = tf.sqrt(tf.reduce_mean(gradient**2, (1, 2, 3), keepdims=True))
        images += rate * (high - low) * gradient / (spread + 1e-20)
        if blur and step % blur_every == blur_every - 1:
            images = _blurred(images, blur)
        images = tf.clip_by_value(images, low, high)
    return _array(images)


def grad_cam(
    model: keras.Model,
    images: ArrayLike,
    class_index: int | Sequence[int] | None = None,
    layer: str | None = None,
) -> Floats:
    r"""Map which parts of images speak for a class: Grad-CAM.

    The maps of a layer say where something is, and the gradient of the class's score
    says whether the class cares. Each channel is weighted by its gradient, averaged
    over the map; the weighted channels are added up, and what speaks against the
    class is cut off.

    Parameters
    ----------
    model : keras.Model
        Any classifier with a single input of shape ``(n, height, width, channels)``
        and an output of shape ``(n, classes)``, or ``(n, 1)`` for a yes-or-no
        question, where class 1 is yes and class 0 is no.
    images : array_like, shape (n, height, width, channels)
        At least one image, in the range that the model expects.
    class_index : int or sequence of int, optional
        The class to explain, one for all images or one for each. By default the
        class that the model finds most probable.
    layer : str, optional
        Name of the layer whose maps are weighted, at any depth of nesting. By
        default the last one with feature maps that is not a pooling.

    Returns
    -------
    numpy.ndarray of shape (n, rows, columns) and dtype float32
        Heat maps, 0 or more, as large as the layer's maps. They share the unit
        of the score and are not scaled, so that the maps of two classes, or of two
        images, can be compared.

    Raises
    ------
    ValueError
        If the model has several inputs or no layer with feature maps, if the layer
        is unknown or has none, if the images do not suit the model, if a class does
        not exist, or if the score does not depend on the layer.

    See Also
    --------
    occlusion : A second opinion that needs no gradient.
    dlguide.plots.overlay : Lay a heat map over its image.

    Notes
    -----
    With the maps :math:`A^k` of channel :math:`k`, which have :math:`Z` places
    :math:`(i, j)`, and the score :math:`y^c` of class :math:`c`,

    .. math:: \alpha_k^c = \frac{1}{Z} \sum_{i,j} \frac{\partial y^c}{\partial A^k_{ij}},
              \qquad L^c = \operatorname{relu} \Bigl( \sum_k \alpha_k^c A^k \Bigr).

    The score is the class's logit: a softmax or sigmoid at the very end of the model
    is taken off, because the probability of one class also moves with the evidence
    for all others. Where the maps are averaged and weighted once to give the logits,
    this is the older class activation map of Zhou et al., divided by :math:`Z`.

    References
    ----------
    Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra, "Grad-CAM: visual
    explanations from deep networks via gradient-based localization", ICCV (2017).
    Zhou, Khosla, Lapedriza, Oliva and Torralba, "Learning deep features for
    discriminative localization", CVPR (2016).

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from dlguide import interpret
    >>> conv, pool = keras.layers.Conv2D(8, 3), keras.layers.GlobalAveragePooling2D()
    >>> answer = keras.layers.Dense(10, activation="softmax")
    >>> model = keras.Sequential([keras.Input((28, 28, 1)), conv, pool, answer])
    >>> interpret.grad_cam(model, np.ones((2, 28, 28, 1)), class_index=3).shape
    (2, 26, 26)
    """
    pictures = _images(model, images)
    name = _last_maps(model, pictures[:1]) if layer is None else layer
    chosen = _layer(model, name)
    with tf.GradientTape(watch_accessed_variables=False) as tape, _without_end(model):
        with _tapped({name: chosen}, tape.watch) as outputs:
            scores = _scores(_run(model, pictures))
        maps = outputs.of(name)
        _check_maps(maps.shape, name)
        classes = _classes(class_index, scores.numpy())
        wanted = _SCALE * tf.reduce_sum(tf.gather(scores, classes, axis=1, batch_dims=1))
    slopes = tape.gradient(wanted, maps)
    if slopes is None:
        raise ValueError(f"the class score must depend on the layer. Received: {name!r}")
    weights = tf.reduce_mean(tf.cast(slopes, tf.float32) / _SCALE, (1, 2), keepdims=True)
    return _array(tf.nn.relu(tf.reduce_sum(weights * tf.cast(maps, tf.float32), -1)))


def occlusion(
    model: keras.Model,
    image: ArrayLike,
    class_index: int,
    window: int,
    stride: int,
    *,
    fill: ArrayLike | None = None,
    batch_size: int = 32,
) -> Floats:
    """Map which parts of an image a class needs, by covering them up in turn.

    A square slides over the image and hides what is below it. If the class's score
    falls, the hidden part spoke for the class; if it rises, the part spoke against.
    No gradient is used, so this checks what `grad_cam` says, at the price of running
    the model once for each place of the square.

    Parameters
    ----------
    model : keras.Model
        Any classifier, as in `grad_cam`.
    image : array_like, shape (height, width, channels)
        One image, in the range that the model expects.
    class_index : int
        The class to explain.
    window : int
        Side of the square in pixels, from 1 to the shorter side of the image.
    stride : int
        Pixels from one place of the square to the next, from 1 to `window`, so that
        every pixel is hidden at least once.
    fill : array_like, shape () or (channels,), optional
        What the square shows; by default the mean colour of the image.
    batch_size : int, default 32
        Images that run through the model together.

    Returns
    -------
    numpy.ndarray of shape (height, width) and dtype float32
        For each pixel, how far the class's score (its logit) falls while the
        pixel is hidden, averaged over the squares that hide it. Negative where hiding
        raises the score.

    Raises
    ------
    ValueError
        If the model has several inputs, if the image does not suit it, if the class
        does not exist, or if `window`, `stride` or `fill` do not fit the image.

    See Also
    --------
    grad_cam : The same question put to the gradient.

    References
    ----------
    Zeiler and Fergus, "Visualizing and understanding convolutional networks",
    ECCV (2014).

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from dlguide import interpret
    >>> layers = [keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    >>> model = keras.Sequential([keras.Input((28, 28, 1)), *layers])
    >>> interpret.occlusion(model, np.ones((28, 28, 1)), 3, window=8, stride=4).shape
    (28, 28)
    """
    picture = np.asarray(image)
    if picture.ndim != _IMAGE_AXES - 1:
        raise ValueError(
            f"image must have shape (height, width, channels). Received: {picture.shape}"
        )
    picture = _images(model, picture[None])[0]
    height, width, channels = picture.shape
    side = _integer("window", window, at_least=1)
    step = _integer("stride", stride, at_least=1)
    size = _integer("batch_size", batch_size, at_least=1)
    if side > min(height, width):
        raise ValueError(f"window must fit into {height} x {width} pixels. Received: {window!r}")
    if step > side:
        raise ValueError(f"stride must be at most the window, {window}. Received: {stride!r}")
    colour = np.asarray(picture.mean((0, 1)) if fill is None else fill, "float32")
    if colour.shape not in ((), (channels,)):
        raise ValueError(
            f"fill must be a number or one for each of {channels} channels. "
            f"Received: shape {colour.shape}"
        )

    # The last square of a row or column ends where the image does.
    tops, lefts = ([*range(0, length - side, step), length - side] for length in (height, width))
    places = [(slice(y, y + side), slice(x, x + side)) for y in tops for x in lefts]
    falls, hidden = np.zeros((2, height, width), "float64")
    with _without_end(model):
        scores = _array(_scores(_run(model, picture[None])))
        index = _classes(class_index, scores)
        whole = np.take_along_axis(scores, index, 1)[0, 0]
        for start in range(0, len(places), size):
            batch = places[start : start + size]
            covered = np.repeat(picture[None], len(batch), axis=0)
            for copy, place in zip(covered, batch, strict=True):
                copy[place] = colour
            left = _array(_scores(_run(model, covered)))[:, index[0, 0]]
            for place, score in zip(batch, left, strict=True):
                falls[place] += whole - score
                hidden[place] += 1
    return np.asarray(falls / hidden, "float32")


# Finding layers, in models within models too


def _named_layers(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every layer with its path, outer ones before those inside them."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        path = f"{prefix}{layer.name}"
        yield path, layer
        if isinstance(layer, keras.Model):
            yield from _named_layers(layer, f"{path}/")


def _layer(model: keras.Model, name: str) -> Any:
    """Return the layer with this name or path."""
    paths = dict(_named_layers(model))
    if name in paths:
        return paths[name]
    matches = {path: layer for path, layer in paths.items() if path.rpartition("/")[2] == name}
    if len({id(layer) for layer in matches.values()}) > 1:
        raise ValueError(f"{name!r} stands for several layers: {', '.join(matches)}")
    if not matches:
        known = ", ".join(dict.fromkeys(path.rpartition("/")[2] for path in paths))
        raise ValueError(f"layer must be one of {known}. Received: {name!r}")
    return next(iter(matches.values()))


def _last_maps(model: keras.Model, picture: Floats) -> str:
    """Return the path of the last layer with feature maps, a pooling only if there is no other."""
    leaves = {
        path: layer for path, layer in _named_layers(model) if not isinstance(layer, keras.Model)
    }
    with _tapped(leaves) as outputs:
        _run(model, picture)
    maps = [path for path, output in outputs.items() if _is_maps(getattr(output, "shape", ()))]
    if not maps:
        raise ValueError(
            "model must have a layer with feature maps, of shape (n, rows, columns, channels). "
            f"Received: layers {', '.join(leaves)}"
        )
    others = [path for path in maps if not isinstance(leaves[path], _POOLING)]
    return (others or maps)[-1]


def _is_maps(shape: Sequence[int]) -> bool:
    return len(shape) == _IMAGE_AXES and shape[1] * shape[2] > 1


def _check_maps(shape: Sequence[int], name: str) -> None:
    if not _is_maps(shape):
        raise ValueError(
            "layer must put out feature maps, of shape (n, rows, columns, channels). "
            f"Received: {name!r}, which puts out {tuple(shape)}"
        )


# Listening to layers while the model runs


class _AllHeardError(BaseException):
    """Everything asked for is there; not an Exception, so that Keras lets it pass unchanged."""


class _Outputs(dict[str, Any]):
    """First outputs of layers, by name, in the order in which they came."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.expected = expected
        self.stops = False

    def of(self, name: str) -> Any:
        """Return a layer's output, or say that there is none."""
        if name not in self:
            raise ValueError(f"layer must be one that the model uses. Received: {name!r}")
        return self[name]


@contextmanager
def _tapped(
    layers: Mapping[str, Any], watch: Callable[[Any], None] = lambda _: None
) -> Iterator[_Outputs]:
    """Collect what layers put out while the model runs.

    Each layer's `call` is exchanged for one that takes a note, and put back at the end.
    Other than a second model that ends at the layer, this needs no graph of layers, so it
    works for nested and for subclassed models, and it leaves no trace in either.
    """
    outputs = _Outputs(len(layers))
    heard: dict[int, list[str]] = {}
    for name, layer in layers.items():
        heard.setdefault(id(layer), []).append(name)

    def tap(names: list[str], call: Callable[..., Any]) -> Callable[..., Any]:
        def tapped(*args: Any, **kwargs: Any) -> Any:
            output = call(*args, **kwargs)
            if names[0] not in outputs:
                watch(output)
                outputs.update(dict.fromkeys(names, output))
                if outputs.stops and len(outputs) == outputs.expected:
                    raise _AllHeardError
            return output

        return tapped

    with ExitStack() as stack:
        for layer in {id(layer): layer for layer in layers.values()}.values():
            stack.enter_context(_exchanged(layer, "call", tap(heard[id(layer)], layer.call)))
        yield outputs


@contextmanager
def _exchanged(layer: Any, attribute: str, value: Any) -> Iterator[None]:
    """Give a layer another attribute for a while, whether it was its own or its class's."""
    missing = object()
    before = vars(layer).get(attribute, missing)
    setattr(layer, attribute, value)
    try:
        yield
    finally:
        if before is missing:
            delattr(layer, attribute)
        else:
            setattr(layer, attribute, before)


@contextmanager
def _without_end(model: keras.Model) -> Iterator[None]:
    """Take the softmax or sigmoid off the end of a model for a while, if it has one."""
    last: Any = model
    while isinstance(last, keras.Model) and last.layers:
        last = last.layers[-1]
    ends = (keras.activations.softmax, keras.activations.sigmoid)
    with ExitStack() as stack:
        if isinstance(last, keras.layers.Softmax):
            stack.enter_context(_exchanged(last, "call", lambda inputs, **_: inputs))
        elif getattr(last, "activation", None) in ends:
            stack.enter_context(_exchanged(last, "activation", keras.activations.linear))
        yield


def _run(model: keras.Model, images: Any, until: _Outputs | None = None) -> Any:
    """Run the model in inference mode, if asked only until all outputs have been heard."""
    if until is None:
        return model(tf.convert_to_tensor(images), training=False)
    until.stops = True
    with suppress(_AllHeardError):
        model(tf.convert_to_tensor(images), training=False)
    return None


def _scores(output: Any) -> Any:
    """Return scores in float32, (n, classes); a single score becomes those of no and yes."""
    shape = getattr(output, "shape", None)
    if shape is None or len(shape) != 2:
        raise ValueError(
            "model must put out scores of shape (n, classes). "
            f"Received: {shape if shape is not None else 'several outputs'}"
        )
    scores = tf.cast(output, tf.float32)
    return tf.concat([-scores, scores], 1) if shape[1] == 1 else scores


def _classes(class_index: int | Sequence[int] | None, scores: Floats) -> NDArray[np.int64]:
    """Return the class of each image, (n, 1)."""
    number, classes = scores.shape
    if class_index is None:
        return np.asarray(scores.argmax(1)[:, None])
    wanted = np.asarray(class_index)
    if wanted.dtype.kind not in "iu" or wanted.shape not in ((), (number,)):
        raise ValueError(
            f"class_index must be an integer, or one for each of {number} images. "
            f"Received: {class_index!r}"
        )
    if not (wanted.min() >= 0 and wanted.max() < classes):
        raise ValueError(f"class_index must be from 0 to {classes - 1}. Received: {class_index!r}")
    return np.broadcast_to(wanted.astype("int64"), (number,))[:, None]


# Gradient ascent


def _ascent(
    model: keras.Model, layer: Any, name: str, filters: list[int], images: Any, linear: bool
) -> Any:
    """Return the slope of each image's own filter with respect to its pixels."""
    with ExitStack() as stack:
        tape = stack.enter_context(tf.GradientTape(watch_accessed_variables=False))
        tape.watch(images)
        if linear and getattr(layer, "activation", None) is not None:
            stack.enter_context(_exchanged(layer, "activation", keras.activations.linear))
        with _tapped({name: layer}) as outputs:
            _run(model, images, until=outputs)
        maps = outputs.of(name)
        _check_maps(maps.shape, name)
        if max(filters) >= maps.shape[-1]:
            raise ValueError(
                f"filters must be from 0 to {maps.shape[-1] - 1} in {name!r}. "
                f"Received: {max(filters)}"
            )
        means = tf.reduce_mean(tf.cast(maps, tf.float32), (1, 2))  # (filters, channels)
        wanted = _SCALE * tf.reduce_sum(tf.gather(means, filters, axis=1, batch_dims=1))
    gradient = tape.gradient(wanted, images)
    if gradient is None:
        raise ValueError(f"layer must depend on the pixels smoothly. Received: {name!r}")
    return gradient


def _pattern_shape(model: keras.Model, size: int | None) -> tuple[int, int, int]:
    height, width, channels = _input_shape(model)
    if channels is None:
        raise ValueError("model must say how many channels its images have")
    usual = 128 if size is None else _integer("size", size, at_least=1)
    for demanded in (height, width):
        if size is not None and demanded is not None and demanded != usual:
            raise ValueError(f"size must be {demanded} for this model. Received: {size!r}")
    return height or usual, width or usual, channels


def _blurred(images: Any, deviation: float) -> Any:
    """Blur images with a Gaussian of so many pixels."""
    reach = max(1, round(3 * deviation))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    channels = images.shape[-1]
    kernel = np.repeat((bell / bell.sum())[:, None, None, None], channels, axis=2)
    padded = tf.pad(images, [[0, 0], [reach, reach], [reach, reach], [0, 0]], "SYMMETRIC")
    for axis in (0, 1):
        weights = tf.constant(np.moveaxis(kernel, 0, axis), tf.float32)
        padded = tf.nn.depthwise_conv2d(padded, weights, (1, 1, 1, 1), "VALID")
    return padded


# Reading what was passed in


def _check_model(model: keras.Model) -> None:
    if not isinstance(model, keras.Model):
        raise ValueError(f"model must be a keras.Model. Received: {type(model).__name__}")
    inputs = getattr(model, "inputs", None)
    if inputs is not None and len(inputs) != 1:
        raise ValueError(f"model must have a single input. Received: {len(inputs)} inputs")


def _input_shape(model: keras.Model) -> tuple[int | None, int | None, int | None]:
    """Return height, width and channels that the model demands, None where any will do."""
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return None, None, None
    shape = tuple(inputs[0].shape[1:])
    if len(shape) != _IMAGE_AXES - 1:
        raise ValueError(
            f"model must take images of shape (height, width, channels). Received: {shape}"
        )
    return shape


def _images(model: keras.Model, images: ArrayLike) -> Floats:
    """Return images as float32, if they are what the model takes."""
    _check_model(model)
    pictures = np.asarray(images)
    demanded = _input_shape(model)
    words = [
        name if length is None else str(length)
        for name, length in zip(("height", "width", "channels"), demanded, strict=True)
    ]
    suitable = pictures.ndim == _IMAGE_AXES and all(
        length in (None, there) for length, there in zip(demanded, pictures.shape[1:], strict=True)
    )
    if not suitable or not pictures.size:
        raise ValueError(
            f"images must have shape (n, {', '.join(words)}), n at least 1. "
            f"Received: {pictures.shape}"
        )
    if pictures.dtype.kind not in "fiub":
        raise ValueError(f"images must hold numbers. Received: {pictures.dtype}")
    return pictures.astype("float32")


def _array(tensor: Any) -> Floats:
    """Return a tensor as an array that does not depend on the model's precision."""
    return np.asarray(tf.cast(tensor, tf.float32))


def _integer(label: str, value: int, *, at_least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = at_least - 1
    if isinstance(value, bool) or number < at_least:
        raise ValueError(f"{label} must be an integer of at least {at_least}. Received: {value!r}")
    return number
