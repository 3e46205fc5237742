"""Convolutional networks for images, and the changes that make more images of few.

A convolutional network keeps an image an image, ``(height, width, channels)``, until
its last layers: ``conv_1``, ``pool_1``, ``conv_2`` and so on look at small windows and
then at a coarser picture, until ``features`` turns what is left into a row of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras

from dlguide.models.dense import _size

_Pooling = Literal["max", "average", "stride"]
_Features = Literal["flatten", "average", "max"]


def convnet(
    shape: Sequence[int],
    classes: int,
    filters: Sequence[int] = (32, 64, 64),
    *,
    kernel: int = 3,
    padding: Literal["valid", "same"] = "valid",
    pooling: _Pooling | None = "max",
    features: _Features = "flatten",
    activation: str | Callable[[Any], Any] = "relu",
    dropout: float = 0.0,
    batch_norm: bool = False,
    augmentation: keras.Layer | None = None,
    name: str | None = None,
) -> keras.Model:
    """Build a convolutional network that chooses one of several classes.

    A batch of shape ``(batch, height, width, channels)``, with pixels from 0 to
    255, is first divided by 255. Each convolution then turns it into a stack of
    `filters` maps, ``(batch, height', width', filters[0])``, whose sides are
    shorter by ``kernel - 1`` with valid padding and as long as before with
    same padding. Between two convolutions a pooling halves both sides, rounded
    down, so that the next window sees twice as much of the image. What the last
    convolution leaves becomes one row for each image, ``(batch, features)``: all
    of it, or one number for each map. A dense layer with a softmax makes
    ``(batch, classes)`` of it.

    Parameters
    ----------
    shape : sequence of 3 int
        Height and width of the images in pixels, and channels (1 for grey, 3
        for colour), at least 1 each.
    classes : int
        Number of classes, at least 2. The labels are integers from 0 to
        ``classes - 1``, or one-hot rows of that length.
    filters : sequence of int, default (32, 64, 64)
        Maps that each convolution makes, at least 1 each; as many convolutions
        as entries, at least one.
    kernel : int, default 3
        Side of the windows in pixels, at least 1.
    padding : {"valid", "same"}, default "valid"
        Whether windows stay inside the image, or reach over its border, where
        zeros are assumed.
    pooling : {"max", "average", "stride"} or None, default "max"
        What shrinks the maps between two convolutions: the largest or the mean
        number of each window of 2 by 2, a convolution whose window moves by two
        pixels instead of one (there is no pooling layer then), or nothing.
    features : {"flatten", "average", "max"}, default "flatten"
        What the classifier sees of the last maps: every number with its place,
        or only the mean or the maximum of each map, whatever the place.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    dropout : float, default 0.0
        Share of the features that is set to zero in training, from 0 up to but
        not including 1.
    batch_norm : bool, default False
        Normalise each map over the batch, before its activation, with running
        averages (momentum 0.9) for later. The convolution's own bias goes, because
        the normalisation brings one.
    augmentation : keras.Layer, optional
        What changes the images in training only, before all else; see
        `image_augmentation`.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, channels)``, numbers from 0 to 255
        of any type, to ``(batch, classes)``, float32, each row between 0
        and 1 with sum 1. Layers are called ``image``, ``rescaling``, ``conv_1``,
        ``norm_1``, ``activation_1`` (these two with `batch_norm`), ``pool_1``,
        ... ``features``, ``dropout`` (where asked for) and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `classes` is below 2, if `shape` has
        not three entries or `filters` none, if a choice is not among those named,
        if `dropout` is outside [0, 1), or if an image is too small for so many
        convolutions.

    See Also
    --------
    image_augmentation : Changes for the training images.

    References
    ----------
    Fukushima, "Neocognitron: a self-organizing neural network model for a mechanism
    of pattern recognition unaffected by shift in position", Biological Cybernetics
    36 (1980). LeCun et al., "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (1998).

    Examples
    --------
    >>> from dlguide import models
    >>> digits = models.convnet((28, 28, 1), 10, filters=(32, 64, 64))
    >>> digits.get_layer("conv_3").output.shape, digits.count_params()
    ((None, 3, 3, 64), 61514)
    """
    if not isinstance(shape, Sequence) or len(shape) != 3:
        raise ValueError(f"shape must be (height, width, channels). Received: {shape!r}")
    if not isinstance(filters, Sequence) or not filters:
        raise ValueError(
            f"filters must be a sequence with a number for each convolution. Received: {filters!r}"
        )
    _one_of("padding", padding, ("valid", "same"))
    _one_of("pooling", pooling, ("max", "average", "stride", None))
    _one_of("features", features, ("flatten", "average", "max"))
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: {dropout!r}")
    side = _size("kernel", kernel)
    sizes = tuple(_size("each size in shape", size) for size in shape)
    widths = [_size("each size in filters", width) for width in filters]
    outputs = _size("classes", classes, at_least=2)
    _check_room(sizes, len(widths), side, padding, pooling)

    inputs = x = keras.Input(sizes, name="image")
    if augmentation is not None:
        x = augmentation(x)
    x = keras.layers.Rescaling(1 / 255, name="rescaling")(x)
    for number, width in enumerate(widths, start=1):
        between = number < len(widths)  # the last convolution shrinks nothing
        x = keras.layers.Conv2D(  # (batch, height', width', width)
            width,
            side,
            strides=2 if between and pooling == "stride" else 1,
            padding=padding,
            activation=None if batch_norm else activation,
            use_bias=not batch_norm,
            name=f"conv_{number}",
        )(x)
        if batch_norm:
            # Running averages over some ten batches: a few epochs must be enough for them.
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm_{number}")(x)
            x = keras.layers.Activation(activation, name=f"activation_{number}")(x)
        if between and pooling == "max":
            x = keras.layers.MaxPooling2D(2, name=f"pool_{number}")(x)
        if between and pooling == "average":
            x = keras.layers.AveragePooling2D(2, name=f"pool_{number}")(x)
    x = {
        "flatten": keras.layers.Flatten,
        "average": keras.layers.GlobalAveragePooling2D,
        "max": keras.layers.GlobalMaxPooling2D,
    }[features](name="features")(x)
    if dropout > 0:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    # In float32 also where the layers below use 16 bits: a loss needs the digits.
    answers = keras.layers.Dense(outputs, activation="softmax", dtype="float32", name="output")(x)
    return keras.Model(inputs, answers, name=name)


def image_augmentation(
    *,
    flip: Literal["horizontal", "vertical", "horizontal_and_vertical"] | None = "horizontal",
    rotation: float = 15.0,
    zoom: float = 0.15,
    translation: float = 0.1,
    brightness: float = 0.0,
    contrast: float = 0.0,
    fill: Literal["reflect", "nearest", "wrap", "constant"] = "nearest",
    value_range: tuple[float, float] = (0.0, 255.0),
    name: str = "augmentation",
) -> keras.Sequential:
    """Build layers that change images at random, in training only.

    A batch of shape ``(batch, height, width, channels)`` keeps its shape. In training
    every image is mirrored with even odds, then shifted, turned, enlarged or
    shrunk, and made brighter or darker, each by an amount drawn anew for each
    image and each time; outside training it passes unchanged. Each setting is a
    statement about the task: what is changed that way belongs to the same class as
    before. A mirrored apple is an apple; a mirrored 3 is no digit.

    Parameters
    ----------
    flip : {"horizontal", "vertical", "horizontal_and_vertical"} or None
        Directions in which images may be mirrored, by default left and right.
    rotation : float, default 15.0
        Largest turn either way, in degrees, from 0 to 180.
    zoom : float, default 0.15
        Largest change of the scale either way, as a share of the side, from 0 up to
        but not including 1.
    translation : float, default 0.1
        Largest shift either way, as a share of the side, from 0 up to but not
        including 1; down and across are drawn separately.
    brightness : float, default 0.0
        Largest change of all pixels, up or down, as a share of `value_range`, from
        0 to 1.
    contrast : float, default 0.0
        Largest change, up or down, of the distance from the image's mean, as a
        share of it, from 0 up to but not including 1.
    fill : {"reflect", "nearest", "wrap", "constant"}, default "nearest"
        What stands where a changed image leaves the frame empty: the image mirrored,
        its border pixel repeated, its other side, or zeros.
    value_range : tuple of float, default (0.0, 255.0)
        The values of black and of white.
    name : str, default "augmentation"
        Name of the model.

    Returns
    -------
    keras.Sequential
        Uncompiled and without weights to train, from ``(batch, height, width,
        channels)`` to the same shape, floats within `value_range`. Layers are called ``flip``,
        ``translation``, ``rotation``, ``zoom``, ``brightness`` and ``contrast``; a
        change that is not asked for has no layer.

    Raises
    ------
    ValueError
        If an amount is outside its limits, if a choice is not among those named, if
        `value_range` does not rise, or if no change at all is asked for.

    See Also
    --------
    convnet : A network that takes these layers as `augmentation`.

    Notes
    -----
    On TensorFlow, Keras has no compiled form of shifting, turning and zooming. With
    ``jit_compile=True`` a model that holds one of them says so in a warning and
    trains without; the other three changes compile.

    References
    ----------
    Simard, Steinkraus and Platt, "Best practices for convolutional neural networks
    applied to visual document analysis", ICDAR (2003).

    Examples
    --------
    >>> from dlguide import models
    >>> more = models.image_augmentation(flip=None, rotation=10, translation=0.1)
    >>> [layer.name for layer in more.layers]
    ['translation', 'rotation', 'zoom']
    """
    _one_of("flip", flip, ("horizontal", "vertical", "horizontal_and_vertical", None))
    _one_of("fill", fill, ("reflect", "nearest", "wrap", "constant"))
    _amount("rotation", rotation, 180, closed=True)
    _amount("zoom", zoom, 1)
    _amount("translation", translation, 1)
    _amount("brightness", brightness, 1, closed=True)
    _amount("contrast", contrast, 1)
    if len(value_range) != 2 or not value_range[0] < value_range[1]:
        raise ValueError(f"value_range must be (black, white). Received: {value_range!r}")

    layers: list[keras.Layer] = []
    if flip is not None:
        layers.append(keras.layers.RandomFlip(flip, name="flip"))
    if translation:
        layers.append(
            keras.layers.RandomTranslation(
                translation, translation, fill_mode=fill, name="translation"
            )
        )
    if rotation:
        layers.append(keras.layers.RandomRotation(rotation / 360, fill_mode=fill, name="rotation"))
    if zoom:
        layers.append(keras.layers.RandomZoom(zoom, fill_mode=fill, name="zoom"))
    if brightness:
        layers.append(
            keras.layers.RandomBrightness(brightness, value_range=value_range, name="brightness")
        )
    if contrast:
        layers.append(
            keras.layers.RandomContrast(contrast, value_range=value_range, name="contrast")
        )
    if not layers:
        raise ValueError("At least one change must be asked for. Received: none")
    return _TrainingOnly(layers, name=name)


@keras.saving.register_keras_serializable(package="dlguide")
class _TrainingOnly(keras.Sequential):  # type: ignore[misc]  # Keras publishes no types
    """Layers that are idle unless training is said to be on.

    Keras's own random layers change their input also when nobody says whether this is
    training, as in a plain ``model(images)``.
    """

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        """Return the inputs, changed in training only."""
        return super().call(inputs, training=bool(training), mask=mask)


def _check_room(
    shape: tuple[int, ...], convolutions: int, kernel: int, padding: str, pooling: str | None
) -> None:
    """Raise where a map would have no pixel left."""
    for side in shape[:2]:
        left = side
        for number in range(1, convolutions + 1):
            if padding == "valid":
                left -= kernel - 1
            if number < convolutions and pooling is not None:
                # a window that moves by two also stops at an odd last pixel
                left = left // 2 if pooling != "stride" else (left + 1) // 2
            if left < 1:
                raise ValueError(
                    f"shape must leave at least one pixel after {convolutions} convolutions with "
                    f"windows of {kernel}. Received: {shape!r}, which ends at convolution {number}"
                )


def _one_of(label: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{label} must be one of {choices}. Received: {value!r}")


def _amount(label: str, value: float, limit: float, *, closed: bool = False) -> None:
    inside = math.isfinite(value) and value >= 0 and (value <= limit if closed else value < limit)
    if not inside:
        end = "]" if closed else ")"
        raise ValueError(f"{label} must be in [0, {limit}{end}. Received: {value!r}")
