"""The network that the example on callbacks spells out is the builder's."""

import ast

import keras

from dlguide import models
from tests.test_examples import ROOT
from tests.twins import assert_same_network


def test_network_for_callbacks_is_the_builders_twin():
    path = ROOT / "examples" / "07_advanced_practice" / "plot_callbacks.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (found,) = (
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "build_network"
    )
    scope = {"keras": keras}
    exec(compile(ast.Module([found], []), str(path), "exec"), scope)
    twin = models.dense_classifier(784, 10, hidden=(128, 32))
    assert_same_network(scope["build_network"](0.001), twin)
