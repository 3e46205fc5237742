import re
from pathlib import Path

import pytest

from examples import (
    DEFAULT_CPU_SECONDS,
    DEFAULT_MEMORY_MB,
    ByTopic,
    all_examples,
    read_example,
    settings,
    with_seed,
)

SCRIPT = '''"""
A title that asks?
==================

An introduction.
"""

# %%
# Prose about ``sphinx_gallery_topics``.
from dlguide import datasets

datasets.card("digits")
reviews = datasets.movie_reviews()
again = datasets.movie_reviews()
images, labels = datasets.digits(split="test")
others.datasets.weather()
other.loader()

# sphinx_gallery_topics = ["3.2.1", "3.1"]
# sphinx_gallery_keywords = ["text", "dense network"]
# sphinx_gallery_budget = {"cpu_seconds": 90, "memory_mb": 3000, "because": "ten nets"}
# sphinx_gallery_references = {"accuracy": {"value": 0.9, "source": "A book"}}
'''


def write(folder: Path, name: str, text: str = "") -> Path:
    path = folder / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str):
    return read_example(write(folder, "01_first/plot_a", text), folder)


# settings


def test_settings_are_literals_in_comments():
    text = '# sphinx_gallery_a = [1, "two"]\nx = 1\n#sphinx_gallery_b={"c": None}\n'
    assert settings(text) == {"a": [1, "two"], "b": {"c": None}}


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        "sphinx_gallery_a = 1\n",
        "    # sphinx_gallery_a = 1\n",
        "x = 1  # sphinx_gallery_a = 1\n",
        "# sphinx_gallery_a is explained elsewhere\n",
        "# sphinx_gallery_start_ignore\n",
        "",
    ],
)
def test_nothing_else_is_a_setting(text):
    assert settings(text) == {}


@pytest.mark.parametrize("value", ["[1, 2", "DEFAULT", "1 + x", "print()"])
def test_a_setting_that_is_no_literal_is_refused(value):
    message = re.escape(
        f"The comment 'sphinx_gallery_topics' must be a Python literal. Received: {value!r}"
    )
    with pytest.raises(ValueError, match=message):
        settings(f"# sphinx_gallery_topics = {value}\n")


# read_example


def test_a_script_says_what_it_is(tmp_path):
    example = read(tmp_path, SCRIPT)
    assert example.path == tmp_path / "01_first" / "plot_a.py"
    assert example.name == "01_first/plot_a"
    assert example.docname == "gallery/01_first/plot_a"
    assert example.title == "A title that asks?"
    assert example.topics == ("3.2.1", "3.1")
    assert example.keywords == ("text", "dense network")
    assert (example.cpu_seconds, example.memory_mb) == (90.0, 3000.0)
    assert example.because == "ten nets"
    assert example.references == {"accuracy": {"value": 0.9, "source": "A book"}}


def test_data_sets_are_those_that_are_loaded_each_once_and_in_order(tmp_path):
    assert read(tmp_path, SCRIPT).datasets == ("movie_reviews", "digits")


def test_a_list_of_the_cards_is_no_data_set(tmp_path):
    assert read(tmp_path, "datasets.cards()\ndatasets.NAMES\n").datasets == ()


def test_a_script_that_says_nothing_has_defaults(tmp_path):
    example = read(tmp_path, "x = 1\n")
    assert example.title == "plot_a"
    assert (example.topics, example.keywords, example.references) == ((), (), {})
    assert example.cpu_seconds == DEFAULT_CPU_SECONDS
    assert example.memory_mb == DEFAULT_MEMORY_MB
    assert example.because == ""


def test_a_budget_may_name_one_limit_alone(tmp_path):
    text = '# sphinx_gallery_budget = {"memory_mb": 2500, "because": "large"}\n'
    example = read(tmp_path, text)
    assert (example.cpu_seconds, example.memory_mb) == (DEFAULT_CPU_SECONDS, 2500.0)


def test_an_unknown_key_of_a_budget_is_refused(tmp_path):
    text = '# sphinx_gallery_budget = {"seconds": 90, "gpu": 1, "because": "why not"}\n'
    message = re.escape("plot_a.py: unknown keys in the budget. Received: ['gpu', 'seconds']")
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize("budget", ['{"cpu_seconds": 90}', '{"memory_mb": 1, "because": ""}'])
def test_a_budget_without_a_reason_is_refused(tmp_path, budget):
    with pytest.raises(ValueError, match=r"plot_a\.py: .*needs its reason under 'because'"):
        read(tmp_path, f"# sphinx_gallery_budget = {budget}\n")


def test_a_bad_setting_names_its_comment(tmp_path):
    with pytest.raises(ValueError, match="'sphinx_gallery_keywords' must be a Python literal"):
        read(tmp_path, "# sphinx_gallery_keywords = text\n")


# all_examples


def test_examples_come_chapter_by_chapter(tmp_path):
    for name in ("10_later/plot_a", "02_first/plot_b", "02_first/plot_a", "03_second/plot_z"):
        write(tmp_path, name)
    write(tmp_path, "02_first/helper")
    write(tmp_path, "plot_in_no_chapter")
    write(tmp_path, "02_first/deeper/plot_c")
    assert [example.name for example in all_examples(tmp_path)] == [
        "02_first/plot_a",
        "02_first/plot_b",
        "03_second/plot_z",
        "10_later/plot_a",
    ]


def test_no_examples_are_an_empty_list(tmp_path):
    assert all_examples(tmp_path) == []


# with_seed


def test_the_seed_is_replaced_and_nothing_else():
    source = "x = 1  # SEED = 3\nSEED = 1234\nkeras.utils.set_random_seed(SEED)\nSEEDS = 1\n"
    assert with_seed(source, 7) == source.replace("SEED = 1234", "SEED = 7")


def test_the_seed_that_a_script_has_gives_the_script_itself():
    assert with_seed("SEED = 0\nx = 1\n", 0) == "SEED = 0\nx = 1\n"


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("x = 1\n", 0),
        ("    SEED = 1\n", 0),
        ("SEED = random()\n", 0),
        ("SEED = 1\nx = 2\nSEED = 3\n", 2),
    ],
)
def test_a_script_has_exactly_one_seed(source, count):
    with pytest.raises(ValueError, match=f"exactly one .* Received a script with {count} of them"):
        with_seed(source, 7)


# ByTopic


def order(folder, topics):
    """Return the topics in the order in which their scripts stand in a chapter."""
    for number, topic in enumerate(topics):
        said = f"# sphinx_gallery_topics = [{topic!r}]\n" if topic else ""
        write(folder / "03_chapter", f"plot_{number}", said)
    by_topic = ByTopic(str(folder / "03_chapter"))
    names = [f"plot_{number}.py" for number in range(len(topics))]
    return [topics[int(name[5:-3])] for name in sorted(names, key=by_topic)]


@pytest.mark.parametrize(
    "topics",
    [
        ["3.2.2", "3.2.10"],
        ["3.9", "3.10.1"],
        ["3.2", "3.2.1"],
        ["3.2.1", "3.2.1a", "3.2.1b", "3.2.2"],
        ["3.2.9", "3.2.10", "3.2.10a", "3.2.11", ""],
    ],
)
def test_scripts_are_sorted_by_their_first_topic(tmp_path, topics):
    assert order(tmp_path, list(reversed(topics))) == topics


def test_scripts_of_one_topic_are_sorted_by_name(tmp_path):
    for name in ("plot_b", "plot_a"):
        write(tmp_path / "03_chapter", name, '# sphinx_gallery_topics = ["3.1"]\n')
    by_topic = ByTopic(str(tmp_path / "03_chapter"))
    assert sorted(["plot_b.py", "plot_a.py"], key=by_topic) == ["plot_a.py", "plot_b.py"]


def test_the_order_says_the_same_of_itself_in_every_build(tmp_path):
    assert repr(ByTopic(str(tmp_path))) == "ByTopic()"
