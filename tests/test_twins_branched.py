"""Spelled-out networks with several inputs or outputs, and the library's builders."""

import keras
import numpy as np

from dlguide import models
from tests.test_examples import spelled_out
from tests.twins import assert_same_network

INPUTS = "07_advanced_practice/plot_several_inputs"
OUTPUTS = "07_advanced_practice/plot_several_outputs"


def branches():
    """Return new branches, as the script spells them out."""
    sizes = {"SIZES": {"carrier": 5, "hour": 19}, "WIDTH": 8, "STEPS": 12}
    return {
        name: spelled_out(INPUTS, f"{name}_branch", **sizes)
        for name in ("categories", "numbers", "weather")
    }


def test_network_with_three_inputs_is_the_builders_twin():
    ours, theirs = branches(), branches()
    functions = {f"{name}_branch": lambda name=name: ours[name] for name in ours}
    network = spelled_out(INPUTS, "build_network", WIDTH=8, **functions)
    twin = models.several_inputs_network(theirs, hidden=(8,))
    random = np.random.default_rng(0)
    inputs = {
        "categories": random.integers(0, 5, (6, 2)),
        "numbers": random.standard_normal((6, 4), dtype="float32"),
        "weather": random.standard_normal((6, 12, 9), dtype="float32"),
    }
    assert_same_network(network, twin, inputs)


def test_network_with_three_outputs_is_the_builders_twin():
    network = spelled_out(OUTPUTS, "build_network", FEATURES=20, UNITS=8)
    features = keras.Input((20,))
    trunk = keras.Model(features, keras.layers.Dense(8, activation="relu")(features))
    heads = {"kind": (5, "softmax"), "variety": (14, "softmax"), "red": (1, "linear")}
    twin = models.several_outputs_network(trunk, heads)
    assert list(network.output) == list(twin.output)
    for head in heads:
        one, other = (keras.Model(model.input, model.output[head]) for model in (network, twin))
        assert_same_network(one, other)
