"""Networks that the examples on shared weights spell out, and the builders' twins."""

import keras
import numpy as np

from dlguide import models
from tests.test_examples import spelled_out
from tests.twins import assert_same_network

FOLDER = "07_advanced_practice"


def test_siamese_network_for_digits_is_the_builders_twin():
    name = f"{FOLDER}/plot_siamese"

    def build_branch():
        return spelled_out(name, "build_branch", FEATURES=8)

    network = spelled_out(name, "build_network", build_branch=build_branch)
    builder = models.siamese_binary_classifier(build_branch())
    pictures = np.random.default_rng(0).integers(0, 256, (2, 5, 28, 28, 1), dtype="uint8")
    assert_same_network(network, builder, list(pictures))


def test_list_and_graph_are_twins():
    name = f"{FOLDER}/plot_functional_api"
    assert_same_network(spelled_out(name, "build_list"), spelled_out(name, "build_graph"))


def test_a_reader_called_frame_by_frame_is_the_reader_distributed():
    name = f"{FOLDER}/plot_models_as_layers"
    reader = spelled_out(name, "build_reader")
    film = keras.Input((3, 28, 28))
    rows = keras.layers.TimeDistributed(reader)(film)
    films = np.random.default_rng(0).integers(0, 256, (2, 3, 28, 28), dtype="uint8")
    answers = np.asarray(keras.Model(film, rows)(films))
    for frame in range(3):
        np.testing.assert_allclose(answers[:, frame], reader(films[:, frame]), rtol=1e-5)
