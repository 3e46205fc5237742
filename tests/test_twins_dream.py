"""The dream that a script spells out is the library's, step for step."""

import ast
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlguide import generative

SCRIPT = Path(__file__).parents[1] / "examples" / "08_generative" / "plot_deep_dream.py"
SETTINGS = {"STEPS": 3, "RATE": 0.035, "JITTER": 5, "SEED": 4}


def test_climb_by_hand_is_the_librarys_dream_at_one_size():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    (found,) = (
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "climb"
    )
    scope = {"keras": keras, "np": np, "tf": tf, **SETTINGS}
    exec(compile(ast.Module([found], []), str(SCRIPT), "exec"), scope)

    keras.utils.set_random_seed(0)
    pictures = keras.Input((None, None, 3))
    maps = keras.layers.Conv2D(4, 3, activation="relu", name="maps")(pictures)
    model = keras.Model(pictures, keras.layers.Conv2D(2, 3)(maps))
    photograph = np.random.default_rng(0).uniform(60, 190, (40, 48, 3)).astype("float32")

    by_hand, responses = scope["climb"](model, photograph, "maps")
    dream = generative.deep_dream(
        model, photograph, "maps", octaves=1, steps=3, rate=0.035, jitter=5, seed=4
    )
    np.testing.assert_allclose(responses, dream.objective[0], rtol=1e-4)
    np.testing.assert_allclose(by_hand, dream.image, atol=0.05)
    assert np.abs(dream.image - photograph).mean() > 5
