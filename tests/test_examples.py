"""The shape that every script of the gallery has."""

import ast
import re
from pathlib import Path

import keras
import pytest

from dlguide import models, record
from example_finder import KINDS
from examples import all_examples
from tests.twins import assert_same_network

ROOT = Path(__file__).parents[1]
EXAMPLES = all_examples(ROOT / "examples")


def each():
    return pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


def source(example):
    return example.path.read_text(encoding="utf-8")


@each()
def test_sets_its_style_and_its_one_seed(example):
    text = source(example)
    assert text.count('plt.style.use("dlguide.guide")') == 1
    assert len(re.findall(r"^SEED = \d+$", text, re.M)) == 1
    assert "keras.utils.set_random_seed(SEED)" in text


@each()
def test_has_the_sections_of_a_page(example):
    titles = re.findall(r"^# (.+)\n# -{3,}$", source(example), re.M)
    assert titles[0] == "Setup"
    assert titles[-3:] == ["What to take away", "Check the claims", "Try it"]


@each()
def test_asserts_and_collects_what_it_measures(example):
    text = source(example)
    tree = ast.parse(text)
    assert sum(isinstance(node, ast.Assert) for node in ast.walk(tree)) >= 3
    assert re.search(r"^measured = \{", text, re.M)


@each()
def test_names_topics_and_keywords(example):
    assert example.topics
    kinds = [word for word in example.keywords if word in KINDS]
    assert 0 < len(kinds) < len(example.keywords)
    assert list(example.keywords[: len(kinds)]) == kinds


@each()
def test_shows_the_card_of_the_data_that_it_loads(example):
    for name in example.datasets:
        assert f'datasets.card("{name}")' in source(example)


@each()
def test_cells_are_short_and_code_fits_the_column(example):
    cells = re.split(r"^# %%.*$", source(example), flags=re.M)
    longest = max(
        sum(1 for line in cell.splitlines() if line.strip() and not line.startswith("#"))
        for cell in cells[1:-2]
    )
    assert longest <= 30
    body = source(example).partition("# %%")[2]
    wide = [line for line in body.splitlines() if len(line) > 79 and not line.startswith("#")]
    assert wide == []


@each()
def test_is_in_the_record(example):
    entry = record.read(example.name)
    assert len(entry.seeds) >= 5


def spelled_out(name, function, **settings):
    """Return what a function of a script returns, without running the script."""
    tree = ast.parse((ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8"))
    (found,) = (
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function
    )
    scope = {"keras": keras, **settings}
    exec(compile(ast.Module([found], []), name, "exec"), scope)
    return scope[function]()


def test_network_for_movie_reviews_is_the_builders_twin():
    name = "03_getting_started/plot_movie_reviews"
    network = spelled_out(name, "build_network", VOCABULARY=50)
    assert_same_network(network, models.dense_binary_classifier(50))


def test_network_for_newswires_is_the_builders_twin():
    name = "03_getting_started/plot_newswires"
    network = spelled_out(name, "build_network", VOCABULARY=50, TOPICS=52)
    assert_same_network(network, models.dense_classifier(50, 52))


def test_network_for_house_prices_is_the_builders_twin():
    name = "03_getting_started/plot_house_prices"
    network = spelled_out(name, "build_network", FEATURES=13)
    assert_same_network(network, models.dense_regressor(13))


def test_first_network_is_the_builders_twin():
    name = "02_mathematics/plot_first_network"
    network = spelled_out(name, "build_network", PIXELS=784, HIDDEN=256)
    assert_same_network(network, models.dense_classifier(784, 10, hidden=(256,)))


def test_network_for_optimisers_is_the_builders_twin():
    name = "01_what_is_deep_learning/plot_optimisers"
    network = spelled_out(name, "build_network", HIDDEN=(64, 64))
    assert_same_network(network, models.dense_classifier(784, 10))


def test_convnet_for_digits_is_the_builders_twin():
    name = "05_computer_vision/plot_convnet"
    network = spelled_out(name, "build_network", FILTERS=(16, 32, 64))
    twin = models.convnet((28, 28, 1), 10, (16, 32, 64), batch_norm=True)
    assert_same_network(network, twin)


def test_network_for_the_recurrent_loop_is_the_builders_twin():
    name = "06_text_and_sequences/plot_recurrent_loop"
    network = spelled_out(name, "build_network", VOCABULARY=50, UNITS=32)
    assert_same_network(network, models.recurrent_binary_classifier(50, cell="simple"))


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("build_single", {"units": (16,)}),
        ("build_stacked", {"units": (16, 16)}),
        ("build_bidirectional", {"units": (16,), "bidirectional": True}),
    ],
)
def test_networks_for_the_weather_are_the_builders_twins(function, settings):
    name = "06_text_and_sequences/plot_stacked_and_bidirectional"
    network = spelled_out(name, function, STEPS=16, FEATURES=11, UNITS=16)
    assert_same_network(network, models.recurrent_regressor(16, 11, **settings))


def test_conv1d_network_for_reviews_is_the_builders_twin():
    name = "06_text_and_sequences/plot_conv1d_reviews"
    network = spelled_out(name, "build_network", VOCABULARY=50, FILTERS=64, KERNEL=3)
    assert_same_network(network, models.conv1d_binary_classifier(50, (64,), kernel=3))


def test_conv_front_for_weather_is_the_builders_twin():
    name = "06_text_and_sequences/plot_conv_front"
    sizes = {"STEPS": 240, "FEATURES": 10, "UNITS": 16}
    front = {"FILTERS": 8, "KERNEL": 12, "STRIDE": 6}
    network = spelled_out(name, "build_network", **sizes, **front)
    twin = models.conv1d_recurrent_regressor(
        240, 10, (8,), (16,), kernel=12, pool=6, pooling="stride", activation="linear"
    )
    assert_same_network(network, twin)
