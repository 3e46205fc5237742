"""The network that a script spells out is the library's."""

from dlguide import generative
from tests.test_examples import spelled_out
from tests.twins import assert_same_network


def test_network_that_writes_is_the_builders_twin():
    name = "08_generative/plot_text_generation"
    network = spelled_out(name, "build_network", CHARACTERS=20, UNITS=128)
    assert_same_network(network, generative.character_model(20, (128,)))
