"""Prove that two ways of writing a network give the same network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np


def assert_same_network(
    first: keras.Model, second: keras.Model, inputs: np.ndarray | None = None
) -> None:
    """Assert that two models have the same layers and compute the same function.

    Layers are compared in order by type, settings (all but names) and weights'
    shapes. `second` then receives the weights of `first`, and both must answer
    alike to `inputs`, by default to a few random samples (of zeros and ones
    where the input holds integers). Sub-models count as their layers, so a
    nested model and a flat one may be twins.
    """
    assert first.input_shape == second.input_shape
    assert first.output_shape == second.output_shape
    ours, theirs = list(_layers(first)), list(_layers(second))
    assert [type(layer).__name__ for layer in ours] == [type(layer).__name__ for layer in theirs]
    for ours_, theirs_ in zip(ours, theirs, strict=True):
        where = f"{ours_.name} and {theirs_.name}"
        assert _settings(ours_.get_config()) == _settings(theirs_.get_config()), where
        assert [w.shape for w in ours_.weights] == [w.shape for w in theirs_.weights], where
    second.set_weights(first.get_weights())
    if inputs is None:
        inputs = _samples(first)
    np.testing.assert_array_equal(
        np.asarray(first(inputs, training=False)), np.asarray(second(inputs, training=False))
    )


def _layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer


def _settings(config: Any) -> Any:
    """Return a configuration without names, at any depth."""
    if isinstance(config, dict):
        return {key: _settings(value) for key, value in config.items() if key != "name"}
    if isinstance(config, list | tuple):
        return [_settings(value) for value in config]
    return config


def _samples(model: keras.Model) -> np.ndarray:
    shape = [size or 5 for size in model.input_shape]
    rng = np.random.default_rng(0)
    if "int" in model.inputs[0].dtype:
        return rng.integers(0, 2, shape)
    return rng.standard_normal(shape, dtype="float32")
