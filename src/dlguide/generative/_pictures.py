"""What dreams and styles share: pictures that suit a model, and what its layers make of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def check_model(model: keras.Model) -> None:
    """Refuse a model that is not functional, or does not take pictures of any size."""
    inputs = getattr(model, "inputs", None)
    if not isinstance(model, keras.Model) or not inputs or len(inputs) != 1:
        raise ValueError(
            "model must be a functional keras.Model with a single input. "
            f"Received: {type(model).__name__}"
        )
    shape = tuple(inputs[0].shape)
    if len(shape) != 4 or shape[1:3] != (None, None) or shape[3] is None:
        raise ValueError(
            "model must take pictures of any size, (batch, None, None, channels); build it "
            f"with size=None. Received: {shape}"
        )


def layer_outputs(model: keras.Model, names: Iterable[str]) -> keras.Model:
    """Return a model that puts out what layers make of a picture, by their names."""
    wanted = list(names)
    known = [one.name for one in model.layers if not isinstance(one, keras.layers.InputLayer)]
    for name in wanted:
        if name not in known:
            raise ValueError(f"layer must be one of {', '.join(known)}. Received: {name!r}")
    return keras.Model(model.inputs[0], {name: model.get_layer(name).output for name in wanted})


def picture_of(
    label: str, image: ArrayLike, model: keras.Model, value_range: tuple[float, float]
) -> NDArray[np.float32]:
    """Return a picture as float32, if the model can take it."""
    picture = np.asarray(image)
    channels = model.inputs[0].shape[-1]
    if picture.ndim != 3 or picture.shape[-1] != channels or not picture.size:
        raise ValueError(
            f"{label} must have shape (height, width, {channels}). Received: {picture.shape}"
        )
    if picture.dtype.kind not in "fiu" or not np.isfinite(picture).all():
        raise ValueError(f"{label} must hold finite numbers. Received: {picture.dtype}")
    low, high = value_range
    if picture.min() < low or picture.max() > high:
        raise ValueError(
            f"{label} must be within value_range, {low:g} to {high:g}. "
            f"Received: {picture.min():g} to {picture.max():g}"
        )
    return picture.astype("float32")


def resized(pictures: Any, size: tuple[int, int]) -> Any:
    """Resize a batch of pictures, smoothly and without moiré."""
    if tuple(pictures.shape[1:3]) == tuple(size):
        return tf.convert_to_tensor(pictures)
    return tf.image.resize(pictures, size, "bicubic", antialias=True)
