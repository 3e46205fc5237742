"""Convolutional networks whose layers form a graph: branches, shortcuts, modules.

A module is a small model that serves as a layer of a larger one. Between its input and
its output the maps take several ways: through windows of different sizes that are then
joined (`inception_module`), or around two convolutions and past them (`residual_block`,
`xception_module`). A network stacks such modules on a first convolution, ``stem``, and
ends in the mean of each map, ``features``, and a softmax, ``output``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras

from dlguide.models.convolutional import _one_of
from dlguide.models.dense import _size

_Activation = str | Callable[[Any], Any]
_Shape = tuple[int, int, int]
_ORDINARY = (
    keras.layers.Dense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
)
_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
_SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)


def inception_module(
    shape: Sequence[int],
    filters: int = 64,
    *,
    bottleneck: bool = True,
    activation: _Activation = "relu",
    batch_norm: bool = True,
    name: str | None = None,
) -> keras.Model:
    """Build a module that looks through windows of several sizes at once.

    A batch of maps, ``(batch, height, width, channels)``, goes down four branches, and
    height and width stay as they are in each. The first has windows of 1 by 1 and makes
    ``filters / 4`` maps. The second narrows all channels to ``3 filters / 8`` maps by
    windows of 1 by 1, and makes ``filters / 2`` maps of them with windows of 3 by 3.
    The third narrows them to ``filters / 16`` and makes ``filters / 8`` maps with
    windows of 5 by 5. The fourth takes the maximum of every 3 by 3 pixels, and makes
    ``filters / 8`` maps of these by windows of 1 by 1. Joined they are
    ``(batch, height, width, filters)``.

    Parameters
    ----------
    shape : sequence of 3 int
        Height, width and channels of the maps that come in, at least 1 each.
    filters : int, default 64
        Maps that go out, a positive multiple of 16. The four branches make a quarter, a
        half, an eighth and an eighth of them.
    bottleneck : bool, default True
        Narrow the channels before the windows of 3 by 3 and of 5 by 5, which makes these
        cheaper. Without it they look at all channels.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    batch_norm : bool, default True
        Normalise each map over the batch, before its activation, with running averages
        (momentum 0.9) for later; the convolutions then have no bias of their own.
    name : str, optional
        Name of the module.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, channels)`` to ``(batch, height, width,
        filters)``, of any floating type. Convolutions are called ``conv_1x1``,
        ``conv_squeeze_3x3``, ``conv_3x3``, ``conv_squeeze_5x5``, ``conv_5x5`` and
        ``conv_pool``, and ``norm_...`` and ``activation_...`` stand behind each; besides
        there are ``maps``, ``pool`` and ``join``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `shape` has not three entries, or if
        `filters` is no multiple of 16.

    See Also
    --------
    inception_convnet : A network of such modules.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions", CVPR (2015); the shares of the
    branches are those of its first module. Lin, Chen and Yan, "Network in network",
    ICLR (2014).

    Examples
    --------
    >>> from dlguide import models
    >>> module = models.inception_module((28, 28, 192), 256)
    >>> module.get_layer("conv_5x5").output.shape, module.output_shape
    ((None, 28, 28, 32), (None, 28, 28, 256))
    """
    sizes, width = _image(shape), _sixteens("filters", filters)

    inputs = keras.Input(sizes, name="maps")

    def convolve(x: Any, maps: int, window: int, label: str) -> Any:
        layer = keras.layers.Conv2D(
            maps, window, padding="same", use_bias=not batch_norm, name=f"conv_{label}"
        )
        return _activated(_normed(layer(x), batch_norm, label), activation, label)

    one = convolve(inputs, width // 4, 1, "1x1")
    three = five = inputs
    if bottleneck:
        three = convolve(inputs, 3 * width // 8, 1, "squeeze_3x3")
        five = convolve(inputs, width // 16, 1, "squeeze_5x5")
    three = convolve(three, width // 2, 3, "3x3")
    five = convolve(five, width // 8, 5, "5x5")
    pooled = keras.layers.MaxPooling2D(3, strides=1, padding="same", name="pool")(inputs)
    pooled = convolve(pooled, width // 8, 1, "pool")
    joined = keras.layers.Concatenate(name="join")([one, three, five, pooled])
    return keras.Model(inputs, joined, name=name)


def residual_block(
    shape: Sequence[int],
    filters: int = 64,
    *,
    stride: int = 1,
    shortcut: bool = True,
    activation: _Activation = "relu",
    batch_norm: bool = True,
    name: str | None = None,
) -> keras.Model:
    """Build two convolutions whose result is added to what went in.

    A batch of maps, ``(batch, height, width, channels)``, goes through two convolutions
    with windows of 3 by 3; the first moves by `stride` pixels, so that the maps become
    ``(batch, height / stride, width / stride, filters)``, rounded up. What went in is
    added to them, and the sum goes through the activation. Where the shapes are the
    same, the shortcut is the identity and has no weights. Where they are not, a
    convolution with windows of 1 by 1 and the same stride brings what went in to the
    new shape.

    Parameters
    ----------
    shape : sequence of 3 int
        Height, width and channels of the maps that come in, at least 1 each.
    filters : int, default 64
        Maps that go out, at least 1.
    stride : int, default 1
        Pixels by which the windows of the first convolution move, at least 1.
    shortcut : bool, default True
        Add what went in. Without it these are two plain convolutions, for comparison.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    batch_norm : bool, default True
        Normalise each map over the batch, before its activation, with running averages
        (momentum 0.9) for later; the convolutions then have no bias of their own.
    name : str, optional
        Name of the block.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, channels)`` to ``(batch, height', width',
        filters)``, of any floating type. Layers are called ``maps``, ``conv_1``,
        ``norm_1``, ``activation_1``, ``conv_2``, ``norm_2``, ``projection`` and
        ``norm_projection`` (where shapes differ), ``add`` and ``activation_2``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, or if `shape` has not three entries.

    See Also
    --------
    residual_convnet : A network of such blocks.

    References
    ----------
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR (2016).

    Examples
    --------
    >>> from dlguide import models
    >>> block = models.residual_block((28, 28, 32), 64, stride=2)
    >>> block.get_layer("projection").count_params(), block.output_shape
    (2048, (None, 14, 14, 64))
    """
    sizes, width, step = _image(shape), _size("filters", filters), _size("stride", stride)

    def convolve(x: Any, window: int, pixels: int, label: str, layer_name: str) -> Any:
        layer = keras.layers.Conv2D(
            width,
            window,
            strides=pixels,
            padding="same",
            use_bias=not batch_norm,
            name=layer_name,
        )
        return _normed(layer(x), batch_norm, label)

    inputs = keras.Input(sizes, name="maps")
    x = convolve(inputs, 3, step, "1", "conv_1")
    x = _activated(x, activation, "1")
    x = convolve(x, 3, 1, "2", "conv_2")
    if shortcut:
        around = inputs
        if width != sizes[-1] or step > 1:
            around = convolve(inputs, 1, step, "projection", "projection")
        x = keras.layers.Add(name="add")([x, around])
    return keras.Model(inputs, _activated(x, activation, "2"), name=name)


def xception_module(
    shape: Sequence[int],
    filters: int = 64,
    *,
    stride: int = 1,
    shortcut: bool = True,
    activation: _Activation = "relu",
    batch_norm: bool = True,
    name: str | None = None,
) -> keras.Model:
    """Build two depthwise separable convolutions with a shortcut around them.

    A batch of maps, ``(batch, height, width, channels)``, goes twice through an
    activation and a separable convolution: a window of 3 by 3 for each channel on its
    own, and then windows of 1 by 1 across the channels, ``(batch, height, width,
    filters)``. With a `stride` above 1 a pooling takes the maximum of 3 by 3 pixels, and
    moves by `stride`: ``(batch, height / stride, width / stride, filters)``, rounded up.
    What went in is added, through a convolution with windows of 1 by 1 where its shape
    is another one. The sum has no activation; the next module begins with one.

    Parameters
    ----------
    shape : sequence of 3 int
        Height, width and channels of the maps that come in, at least 1 each.
    filters : int, default 64
        Maps that go out, at least 1.
    stride : int, default 1
        By how much the maps become smaller, at least 1.
    shortcut : bool, default True
        Add what went in. Without it these are two separable convolutions, for comparison.
    activation : str or callable, default "relu"
        Non-linearity in front of the convolutions, as Keras names them.
    batch_norm : bool, default True
        Normalise each map over the batch, behind its convolution, with running averages
        (momentum 0.9) for later; the convolutions then have no bias of their own.
    name : str, optional
        Name of the module.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, channels)`` to ``(batch, height', width',
        filters)``, of any floating type. Layers are called ``maps``, ``activation_1``,
        ``separable_1``, ``norm_1``, ``activation_2``, ``separable_2``, ``norm_2``,
        ``pool`` (with a stride), ``projection`` and ``norm_projection`` (where shapes
        differ) and ``add``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, or if `shape` has not three entries.

    See Also
    --------
    xception_convnet : A network of such modules.

    References
    ----------
    Chollet, "Xception: deep learning with depthwise separable convolutions", CVPR
    (2017). Sifre, "Rigid-motion scattering for image classification", PhD thesis, École
    polytechnique (2014).

    Examples
    --------
    >>> from dlguide import models
    >>> module = models.xception_module((28, 28, 32), 64, stride=2)
    >>> module.get_layer("separable_1").count_params(), module.output_shape
    (2336, (None, 14, 14, 64))
    """
    sizes, width, step = _image(shape), _size("filters", filters), _size("stride", stride)

    inputs = x = keras.Input(sizes, name="maps")
    for number in ("1", "2"):
        x = _activated(x, activation, number)
        x = keras.layers.SeparableConv2D(
            width, 3, padding="same", use_bias=not batch_norm, name=f"separable_{number}"
        )(x)
        x = _normed(x, batch_norm, number)
    if step > 1:
        x = keras.layers.MaxPooling2D(3, strides=step, padding="same", name="pool")(x)
    if shortcut:
        around = inputs
        if width != sizes[-1] or step > 1:
            around = keras.layers.Conv2D(
                width, 1, strides=step, use_bias=not batch_norm, name="projection"
            )(inputs)
            around = _normed(around, batch_norm, "projection")
        x = keras.layers.Add(name="add")([x, around])
    return keras.Model(inputs, x, name=name)


def inception_convnet(
    shape: Sequence[int],
    classes: int,
    filters: Sequence[int] = (32, 64, 64),
    *,
    stem: int = 16,
    stem_stride: int = 1,
    bottleneck: bool = True,
    activation: _Activation = "relu",
    batch_norm: bool = True,
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a network of Inception modules that chooses one of several classes.

    A batch of shape ``(batch, height, width, channels)``, with pixels from 0 to 255, is
    divided by 255. A first convolution with windows of 3 by 3 makes `stem` maps of it,
    and each `inception_module` then ``filters[0]``, ``filters[1]`` and so on. Between
    two modules a pooling halves both sides, rounded up. The mean of each of the last
    maps, ``(batch, filters[-1])``, goes to a dense layer with a softmax, ``(batch,
    classes)``.

    Parameters
    ----------
    shape : sequence of 3 int
        Height and width of the images in pixels, and channels (1 for grey, 3
        for colour), at least 1 each.
    classes : int
        Number of classes, at least 2. The labels are integers from 0 to
        ``classes - 1``, or one-hot rows of that length.
    filters : sequence of int, default (32, 64, 64)
        Maps that each module makes, positive multiples of 16; as many modules as
        entries, at least one.
    stem : int, default 16
        Maps of the first convolution, at least 1.
    stem_stride : int, default 1
        Pixels by which the windows of the first convolution move, at least 1.
    bottleneck : bool, default True
        Narrow the channels before the larger windows; see `inception_module`.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    batch_norm : bool, default True
        Normalise each map over the batch, before its activation, with running averages
        (momentum 0.9) for later.
    dropout : float, default 0.0
        Share of the features that is set to zero in training, from 0 up to but not
        including 1.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, channels)``, numbers from 0 to 255 of
        any type, to ``(batch, classes)``, float32, each row between 0 and 1 with sum 1.
        Layers are called ``image``, ``rescaling``, ``stem``, ``norm_stem``,
        ``activation_stem``, ``inception_1``, ``pool_1``, ... ``features``, ``dropout``
        (where asked for) and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `classes` is below 2, if `shape` has not
        three entries or `filters` none, if an entry of `filters` is no multiple of 16,
        or if `dropout` is outside [0, 1).

    See Also
    --------
    residual_convnet : A network with shortcuts.
    xception_convnet : Separable convolutions with shortcuts.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions", CVPR (2015). Ioffe and Szegedy,
    "Batch normalization: accelerating deep network training by reducing internal
    covariate shift", ICML (2015).

    Examples
    --------
    >>> from dlguide import models
    >>> digits = models.inception_convnet((28, 28, 1), 10, (32, 64))
    >>> digits.get_layer("inception_2").input_shape, digits.count_params()
    ((None, 14, 14, 32), 13130)
    """
    widths = [_sixteens("each size in filters", width) for width in _several(filters)]

    def stack(x: Any) -> Any:
        for number, width in enumerate(widths, start=1):
            if number > 1:
                x = keras.layers.MaxPooling2D(2, padding="same", name=f"pool_{number - 1}")(x)
            x = inception_module(
                x.shape[1:],
                width,
                bottleneck=bottleneck,
                activation=activation,
                batch_norm=batch_norm,
                name=f"inception_{number}",
            )(x)
        return x

    return _network(
        shape,
        classes,
        stack,
        stem=stem,
        stem_stride=stem_stride,
        activation=activation,
        batch_norm=batch_norm,
        dropout=dropout,
        name=name,
    )


def residual_convnet(
    shape: Sequence[int],
    classes: int,
    filters: Sequence[int] = (16, 32, 64),
    *,
    blocks: int = 1,
    stem: int | None = None,
    stem_stride: int = 1,
    shortcut: bool = True,
    activation: _Activation = "relu",
    batch_norm: bool = True,
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a network of residual blocks that chooses one of several classes.

    A batch of shape ``(batch, height, width, channels)``, with pixels from 0 to 255, is
    divided by 255. A first convolution with windows of 3 by 3 makes `stem` maps of it.
    Then come as many stages as `filters` has entries, of so many `residual_block` each:
    ``(batch, height, width, filters[0])`` in the first, and in each further stage sides
    half as long, rounded up, and ``filters[1]``, ``filters[2]``, ... maps. The mean of
    each of the last maps, ``(batch, filters[-1])``, goes to a dense layer with a
    softmax, ``(batch, classes)``.

    Parameters
    ----------
    shape : sequence of 3 int
        Height and width of the images in pixels, and channels (1 for grey, 3
        for colour), at least 1 each.
    classes : int
        Number of classes, at least 2. The labels are integers from 0 to
        ``classes - 1``, or one-hot rows of that length.
    filters : sequence of int, default (16, 32, 64)
        Maps in each stage, at least 1 each; at least one stage.
    blocks : int, default 1
        Blocks in each stage, of two convolutions each, at least 1.
    stem : int, optional
        Maps of the first convolution, at least 1; by default as many as the first stage
        has, so that its shortcuts need no weights.
    stem_stride : int, default 1
        Pixels by which the windows of the first convolution move, at least 1.
    shortcut : bool, default True
        Add what goes into a block to what comes out. Without it this is a plain network
        of the same convolutions, for comparison.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    batch_norm : bool, default True
        Normalise each map over the batch, before its activation, with running averages
        (momentum 0.9) for later.
    dropout : float, default 0.0
        Share of the features that is set to zero in training, from 0 up to but not
        including 1.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, channels)``, numbers from 0 to 255 of
        any type, to ``(batch, classes)``, float32, each row between 0 and 1 with sum 1.
        Layers are called ``image``, ``rescaling``, ``stem``, ``norm_stem``,
        ``activation_stem``, ``residual_1``, ``residual_2``, ... ``features``,
        ``dropout`` (where asked for) and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `classes` is below 2, if `shape` has not
        three entries or `filters` none, or if `dropout` is outside [0, 1).

    See Also
    --------
    inception_convnet : A network that looks through windows of several sizes.
    xception_convnet : Separable convolutions with shortcuts.

    References
    ----------
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR (2016).
    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by
    reducing internal covariate shift", ICML (2015).

    Examples
    --------
    >>> from dlguide import models
    >>> digits = models.residual_convnet((28, 28, 1), 10, (16, 32), blocks=2)
    >>> digits.get_layer("residual_3").output.shape, digits.count_params()
    ((None, 14, 14, 32), 43418)
    """
    widths = [_size("each size in filters", width) for width in _several(filters)]
    repeats = _size("blocks", blocks)

    def stack(x: Any) -> Any:
        number = 0
        for stage, width in enumerate(widths):
            for place in range(repeats):
                number += 1
                x = residual_block(
                    x.shape[1:],
                    width,
                    stride=2 if stage > 0 and place == 0 else 1,
                    shortcut=shortcut,
                    activation=activation,
                    batch_norm=batch_norm,
                    name=f"residual_{number}",
                )(x)
        return x

    return _network(
        shape,
        classes,
        stack,
        stem=widths[0] if stem is None else stem,
        stem_stride=stem_stride,
        activation=activation,
        batch_norm=batch_norm,
        dropout=dropout,
        name=name,
    )


def xception_convnet(
    shape: Sequence[int],
    classes: int,
    filters: Sequence[int] = (32, 64, 64),
    *,
    stem: int = 16,
    stem_stride: int = 1,
    shortcut: bool = True,
    activation: _Activation = "relu",
    batch_norm: bool = True,
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a small Xception: separable convolutions with shortcuts around them.

    A batch of shape ``(batch, height, width, channels)``, with pixels from 0 to 255, is
    divided by 255. A first, ordinary convolution with windows of 3 by 3 makes `stem`
    maps of it. Then comes an `xception_module` for each entry of `filters`: ``(batch,
    height, width, filters[0])`` behind the first, and behind each further one sides half
    as long, rounded up, and ``filters[1]``, ``filters[2]``, ... maps. A last activation,
    the mean of each map, ``(batch, filters[-1])``, and a dense layer with a softmax make
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
        Maps that each module makes, at least 1 each; as many modules as entries, at
        least one.
    stem : int, default 16
        Maps of the first convolution, at least 1.
    stem_stride : int, default 1
        Pixels by which the windows of the first convolution move, at least 1.
    shortcut : bool, default True
        Add what goes into a module to what comes out.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    batch_norm : bool, default True
        Normalise each map over the batch, behind its convolution, with running averages
        (momentum 0.9) for later.
    dropout : float, default 0.0
        Share of the features that is set to zero in training, from 0 up to but not
        including 1.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, channels)``, numbers from 0 to 255 of
        any type, to ``(batch, classes)``, float32, each row between 0 and 1 with sum 1.
        Layers are called ``image``, ``rescaling``, ``stem``, ``norm_stem``,
        ``activation_stem``, ``xception_1``, ``xception_2``, ... ``activation_last``,
        ``features``, ``dropout`` (where asked for) and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `classes` is below 2, if `shape` has not
        three entries or `filters` none, or if `dropout` is outside [0, 1).

    See Also
    --------
    separable_convnet : Separable convolutions in a row.
    residual_convnet : Ordinary convolutions with shortcuts.

    References
    ----------
    Chollet, "Xception: deep learning with depthwise separable convolutions", CVPR
    (2017). Ioffe and Szegedy, "Batch normalization: accelerating deep network training
    by reducing internal covariate shift", ICML (2015).

    Examples
    --------
    >>> from dlguide import models
    >>> digits = models.xception_convnet((28, 28, 1), 10, (32, 64))
    >>> digits.get_layer("xception_2").output.shape, digits.count_params()
    ((None, 14, 14, 64), 13546)
    """
    widths = [_size("each size in filters", width) for width in _several(filters)]

    def stack(x: Any) -> Any:
        for number, width in enumerate(widths, start=1):
            x = xception_module(
                x.shape[1:],
                width,
                stride=2 if number > 1 else 1,
                shortcut=shortcut,
                activation=activation,
                batch_norm=batch_norm,
                name=f"xception_{number}",
            )(x)
        return _activated(x, activation, "last")

    return _network(
        shape,
        classes,
        stack,
        stem=stem,
        stem_stride=stem_stride,
        activation=activation,
        batch_norm=batch_norm,
        dropout=dropout,
        name=name,
    )


def separable_convnet(
    shape: Sequence[int],
    classes: int,
    filters: Sequence[int] = (32, 64, 64),
    *,
    kernel: int = 3,
    pooling: Literal["max", "average"] | None = "max",
    activation: _Activation = "relu",
    batch_norm: bool = True,
    dropout: float = 0.0,
    name: str | None = None,
) -> keras.Model:
    """Build a network of depthwise separable convolutions for one of several classes.

    A batch of shape ``(batch, height, width, channels)``, with pixels from 0 to 255, is
    divided by 255. The first convolution is an ordinary one, ``(batch, height, width,
    filters[0])``, because an image has too few channels to separate. Every further one
    lays a window on each channel on its own and then mixes the channels by windows of 1
    by 1, ``(batch, height', width', filters[1])`` and so on. Between two convolutions a
    pooling halves both sides, rounded up. The mean of each of the last maps, ``(batch,
    filters[-1])``, goes to a dense layer with a softmax, ``(batch, classes)``.

    Parameters
    ----------
    shape : sequence of 3 int
        Height and width of the images in pixels, and channels (1 for grey, 3
        for colour), at least 1 each.
    classes : int
        Number of classes, at least 2. The labels are integers from 0 to
        ``classes - 1``, or one-hot rows of that length.
    filters : sequence of int, default (32, 64, 64)
        Maps that each convolution makes, at least 1 each; as many convolutions as
        entries, at least one.
    kernel : int, default 3
        Side of the windows in pixels, at least 1.
    pooling : {"max", "average"} or None, default "max"
        What shrinks the maps between two convolutions: the largest or the mean number
        of each window of 2 by 2, or nothing.
    activation : str or callable, default "relu"
        Non-linearity of the convolutions, as Keras names them.
    batch_norm : bool, default True
        Normalise each map over the batch, before its activation, with running averages
        (momentum 0.9) for later; the convolutions then have no bias of their own.
    dropout : float, default 0.0
        Share of the features that is set to zero in training, from 0 up to but not
        including 1.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Uncompiled, from ``(batch, height, width, channels)``, numbers from 0 to 255 of
        any type, to ``(batch, classes)``, float32, each row between 0 and 1 with sum 1.
        Layers are called ``image``, ``rescaling``, ``conv_1``, ``norm_1``,
        ``activation_1``, ``pool_1``, ``separable_2``, ``norm_2``, ... ``features``,
        ``dropout`` (where asked for) and ``output``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if `classes` is below 2, if `shape` has not
        three entries or `filters` none, if `pooling` is not among those named, or if
        `dropout` is outside [0, 1).

    See Also
    --------
    convnet : The same with ordinary convolutions.
    xception_convnet : Separable convolutions with shortcuts.

    References
    ----------
    Sifre, "Rigid-motion scattering for image classification", PhD thesis, École
    polytechnique (2014). Howard et al., "MobileNets: efficient convolutional neural
    networks for mobile vision applications", arXiv:1704.04861 (2017).

    Examples
    --------
    >>> from dlguide import models
    >>> digits = models.separable_convnet((28, 28, 1), 10, (32, 64, 64))
    >>> digits.get_layer("separable_2").output.shape, digits.count_params()
    ((None, 14, 14, 64), 8586)
    """
    widths = [_size("each size in filters", width) for width in _several(filters)]
    side = _size("kernel", kernel)
    _one_of("pooling", pooling, ("max", "average", None))
    poolings = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}

    def stack(x: Any) -> Any:
        for number, width in enumerate(widths, start=1):
            kind = keras.layers.Conv2D if number == 1 else keras.layers.SeparableConv2D
            x = kind(
                width,
                side,
                padding="same",
                activation=None if batch_norm else activation,
                use_bias=not batch_norm,
                name=f"conv_{number}" if number == 1 else f"separable_{number}",
            )(x)
            if batch_norm:
                x = _activated(_normed(x, batch_norm, str(number)), activation, str(number))
            if pooling is not None and number < len(widths):
                x = poolings[pooling](2, padding="same", name=f"pool_{number}")(x)
        return x

    return _network(
        shape,
        classes,
        stack,
        stem=None,
        stem_stride=1,
        activation=activation,
        batch_norm=batch_norm,
        dropout=dropout,
        name=name,
    )


def multiplications(model: keras.Model) -> int:
    """Count the multiplications by weights that a network does for one sample.

    Counted are dense layers and convolutions: ordinary, depthwise and separable ones. In
    each, every number that goes out is a sum of products of a weight and a number that
    came in; a product is one multiplication, and nearly always one addition besides.
    Sub-models count as their layers; a layer that is used at several places counts once.
    Biases, normalisation, activations, pooling and recurrent layers are left out.

    Parameters
    ----------
    model : keras.Model
        A functional or sequential model for inputs of a fixed size.

    Returns
    -------
    int
        Number of multiplications for one sample.

    Raises
    ------
    ValueError
        If a layer's output has a side of unknown length.

    Examples
    --------
    >>> from dlguide import models
    >>> models.multiplications(models.dense_classifier(784, 10, hidden=(64, 64)))
    54912
    >>> models.multiplications(models.residual_block((28, 28, 32), 32))
    14450688
    """
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            total += multiplications(layer)
            continue
        if isinstance(layer, _SEPARABLE):
            kernels = [layer.depthwise_kernel, layer.pointwise_kernel]
            maps = layer.pointwise_kernel.shape[-1]
        elif isinstance(layer, _DEPTHWISE):
            kernels = [layer.kernel]
            maps = math.prod(layer.kernel.shape[-2:])
        elif isinstance(layer, _ORDINARY):
            kernels = [layer.kernel]
            maps = layer.kernel.shape[-1]
        else:
            continue
        sizes = layer.output.shape[1:]
        if None in sizes:
            raise ValueError(
                "model must have inputs of a fixed size. "
                f"Received: {layer.name!r}, which puts out {tuple(sizes)}"
            )
        places = math.prod(sizes) // maps
        total += places * sum(math.prod(kernel.shape) for kernel in kernels)
    return total


def _network(
    shape: Sequence[int],
    classes: int,
    stack: Callable[[Any], Any],
    *,
    stem: int | None,
    stem_stride: int,
    activation: _Activation,
    batch_norm: bool,
    dropout: float,
    name: str | None,
) -> keras.Model:
    """Build what all networks share around their stack: stem, features and output."""
    sizes, outputs = _image(shape), _size("classes", classes, at_least=2)
    width = None if stem is None else _size("stem", stem)
    step = _size("stem_stride", stem_stride)
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: {dropout!r}")

    inputs = keras.Input(sizes, name="image")
    x = keras.layers.Rescaling(1 / 255, name="rescaling")(inputs)
    if width is not None:
        x = keras.layers.Conv2D(  # (batch, height', width', stem)
            width, 3, strides=step, padding="same", use_bias=not batch_norm, name="stem"
        )(x)
        x = _activated(_normed(x, batch_norm, "stem"), activation, "stem")
    x = stack(x)  # (batch, height'', width'', filters[-1])
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    if dropout > 0:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    # In float32 also where the layers below use 16 bits: a loss needs the digits.
    answers = keras.layers.Dense(outputs, activation="softmax", dtype="float32", name="output")(x)
    return keras.Model(inputs, answers, name=name)


def _normed(x: Any, batch_norm: bool, label: str) -> Any:
    if not batch_norm:
        return x
    # Running averages over some ten batches: a few epochs must be enough for them.
    return keras.layers.BatchNormalization(momentum=0.9, name=f"norm_{label}")(x)


def _activated(x: Any, activation: _Activation, label: str) -> Any:
    return keras.layers.Activation(activation, name=f"activation_{label}")(x)


def _image(shape: Sequence[int]) -> _Shape:
    if not isinstance(shape, Sequence) or len(shape) != 3:
        raise ValueError(f"shape must be (height, width, channels). Received: {shape!r}")
    height, width, channels = (_size("each size in shape", size) for size in shape)
    return height, width, channels


def _several(filters: Sequence[int]) -> Sequence[int]:
    if not isinstance(filters, Sequence) or not filters:
        raise ValueError(
            f"filters must be a sequence with a number for each stage. Received: {filters!r}"
        )
    return filters


def _sixteens(label: str, filters: int) -> int:
    width = _size(label, filters)
    if width % 16:
        raise ValueError(f"{label} must be a multiple of 16. Received: {filters!r}")
    return width
