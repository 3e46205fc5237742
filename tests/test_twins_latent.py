"""Networks that the examples on latent spaces spell out are those of the library."""

import ast

import keras
import numpy as np
import pytest

from dlguide import generative
from tests.test_examples import ROOT, spelled_out
from tests.twins import assert_same_network

NAME = "08_generative/plot_vae"


def library():
    return generative.VariationalAutoencoder((28, 28, 1), 2, (), units=256, seed=0)


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_autoencoder_for_digits_is_the_librarys_twin(half):
    network = spelled_out(NAME, f"build_{half}", UNITS=256, LATENT=2)
    assert_same_network(network, getattr(library(), half))


def test_cloud_adds_the_librarys_divergence():
    tree = ast.parse((ROOT / "examples" / f"{NAME}.py").read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    scope = {"keras": keras, "SEED": 0}
    exec(compile(ast.Module([found], []), NAME, "exec"), scope)
    cloud, model = scope["Cloud"](), library()
    pictures = np.random.default_rng(0).integers(0, 256, (8, 28, 28, 1))
    mean, log_variance = model.encode(pictures)
    points = np.asarray(cloud([mean, log_variance]))
    model.compile("adam")
    told = model.evaluate(pictures, batch_size=8, verbose=0, return_dict=True)
    assert float(cloud.losses[0]) == pytest.approx(told["divergence"], rel=1e-4)
    noise = (points - mean) / np.exp(log_variance / 2)
    expected = keras.random.normal(mean.shape, seed=keras.random.SeedGenerator(0))
    np.testing.assert_allclose(noise, expected, rtol=1e-3, atol=1e-4)
