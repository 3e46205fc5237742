"""Networks that the scripts on graphs of layers spell out are those of the builders."""

from dlguide import models
from tests.test_examples import spelled_out
from tests.twins import assert_same_network


def test_the_inception_module_is_the_builders_twin():
    module = spelled_out("07_advanced_practice/plot_modules", "build_module")
    assert_same_network(module, models.inception_module((28, 28, 192), 256, batch_norm=False))


def test_the_separable_network_is_the_builders_twin():
    name = "07_advanced_practice/plot_separable"
    network = spelled_out(name, "build_network", WIDE=(4, 6, 8), KERNEL=3)
    assert_same_network(network, models.separable_convnet((28, 28, 1), 10, (4, 6, 8)))
