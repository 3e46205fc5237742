"""The adversarial pair that an example spells out is the library's, step for step."""

import ast

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlguide import generative
from tests.test_examples import ROOT, spelled_out
from tests.twins import assert_same_network

NAME = "08_generative/plot_gan"
SETTINGS = {"LATENT": 6, "FILTERS": (4, 8), "SEED": 3}
PIECES = {"build_generator", "build_discriminator", "step", "Adversaries"}


def library(**settings):
    return generative.GenerativeAdversarialNetwork((28, 28, 1), 6, (4, 8), seed=3, **settings)


def by_hand():
    """Return the pair of the script, and the library's with the same weights."""
    tree = ast.parse((ROOT / "examples" / f"{NAME}.py").read_text(encoding="utf-8"))
    found = [node for node in tree.body if getattr(node, "name", None) in PIECES]
    found += [
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "entropy"
    ]
    scope = {"keras": keras, "tf": tf, **SETTINGS}
    exec(compile(ast.Module(found, []), NAME, "exec"), scope)
    keras.utils.set_random_seed(0)
    ours, theirs = scope["Adversaries"](), library()
    for network in ("generator", "discriminator"):
        getattr(theirs, network).set_weights(getattr(ours, network).get_weights())
    return ours, theirs


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_networks_of_the_pair_are_the_librarys_twins(network):
    theirs = getattr(library(), network)
    assert_same_network(spelled_out(NAME, f"build_{network}", **SETTINGS), theirs)


@pytest.mark.parametrize(("optimizer", "rate"), [("SGD", 0.3), ("Adam", 0.01)])
def test_steps_by_hand_are_the_librarys(optimizer, rate):
    pictures = np.random.default_rng(0).integers(0, 256, (48, 28, 28, 1), "uint8")
    told, weights = [], []
    for pair in by_hand():
        # The dropout draws from generators of its own: both pairs get them at the same place.
        for layer in pair.discriminator.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([0, 5])
        before = pair.generator.get_weights() + pair.discriminator.get_weights()
        pair.compile(*(getattr(keras.optimizers, optimizer)(rate) for _ in range(2)))
        history = pair.fit(pictures, batch_size=16, shuffle=False, verbose=0).history
        told.append({name.removesuffix("_loss"): values[0] for name, values in history.items()})
        weights.append(pair.generator.get_weights() + pair.discriminator.get_weights())
    ours, theirs = told
    assert {"generator", "discriminator"} == set(ours) <= set(theirs)
    assert ours == pytest.approx({name: theirs[name] for name in ours}, rel=1e-4)
    for start, one, other in zip(before, *weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
        assert np.abs(one - start).max() > 0  # it has moved
