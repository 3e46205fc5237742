"""What the example on content and style spells out is what the library computes."""

import ast

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize

from dlguide import generative, interpret
from dlguide.generative import style
from tests.test_examples import ROOT

NAME = "08_generative/plot_style_losses"
LAYERS = ["first", "second"]


@pytest.fixture(scope="module")
def base():
    keras.utils.set_random_seed(0)
    pictures = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 255)(pictures)
    x = keras.layers.Conv2D(6, 3, activation="relu", name="first")(x)
    x = keras.layers.Conv2D(8, 3, activation="relu", name="second")(x)
    return keras.Model(pictures, x)


@pytest.fixture(scope="module")
def spelled_out(base):
    """Return the script's functions, for a small network."""
    tree = ast.parse((ROOT / "examples" / f"{NAME}.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    scope = {
        "base": base,
        "interpret": interpret,
        "keras": keras,
        "minimize": minimize,
        "np": np,
        "tf": tf,
        "CONTENT_LAYERS": LAYERS[1:],
        "GRAIN": 1.0,
        "LAYERS": LAYERS,
        "SEED": 0,
        "STEPS": 4,
    }
    exec(compile(ast.Module(functions, []), NAME, "exec"), scope)
    return scope


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(1).uniform(0, 255, (2, 40, 48, 3)).astype("float32")


def test_gram_matrix_is_the_librarys(spelled_out):
    maps = np.random.default_rng(0).normal(size=(9, 7, 5)).astype("float32")
    ours = spelled_out["gram"](maps)
    np.testing.assert_allclose(ours, style._gram(tf.constant(maps)[None]), rtol=1e-5, atol=1e-6)
    again = spelled_out["reading"](tf.constant(maps)[None], "style")
    np.testing.assert_allclose(ours, again, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["content", "style"])
def test_drawing_is_the_librarys(spelled_out, base, pictures, kind):
    picture, _ = pictures
    layers = {"content_layers": LAYERS[1:], "style_layers": LAYERS}
    weights = {f"{name}_weight": float(name == kind) for name in ("content", "style")}
    stylised = generative.style_transfer(
        base, picture, picture, sizes=[48], iterations=[4], start="noise", **layers, **weights
    )
    drawn = spelled_out["draw"](picture, layers[f"{kind}_layers"], kind)
    np.testing.assert_allclose(drawn, stylised.image, atol=1.0)
    (content,), styles = spelled_out["distances"](stylised.image, picture)
    found = {"content": content, "style": np.mean(styles)}
    assert found[kind] == pytest.approx(stylised.losses[kind][-1], rel=1e-3)
