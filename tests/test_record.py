import ast
import datetime as dt
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from dlguide import record
from dlguide.record import Entry, Metric, band
from examples import all_examples

ROOT = Path(__file__).parents[1]
NAMES = record.names()


# Bands


@pytest.mark.parametrize(
    ("values", "interval"),
    [
        ([0.25, 0.75], (-0.25, 1.25)),  # as wide again on both sides
        ([0.75, 0.5, 0.25], (-0.25, 1.25)),
        ([0.8, 0.8], (0.792, 0.808)),  # at least one per cent of the mean
        ([200.5], (198.495, 202.505)),
        ([-0.8, -0.8], (-0.808, -0.792)),
        ([0.8, 0.801], (0.791995, 0.809005)),  # the range is less than one per cent
        ([3, 3], (2, 4)),  # whole numbers by at least one
        ([3.0, 4.0], (2, 5)),
        ([3, 6], (0, 9)),
        ([1000, 1000], (990, 1010)),
        ([0, 0], (-1, 1)),
        ([3e-31, 3e-31], (-1e-12, 1e-12)),  # rounding
        ([2.5, 3], (2, 3.5)),  # not all of them are whole
        ([0.0, 0.5], (-0.5, 1.0)),
    ],
)
def test_a_band_is_the_range_made_wider(values, interval):
    assert band(values) == pytest.approx(interval, abs=1e-15)


def test_every_value_lies_inside_its_band():
    values = (0.87, 0.88, 0.91)
    low, high = band(values)
    assert all(low < value < high for value in values)


def test_no_values_have_no_band():
    with pytest.raises(ValueError, match=r"at least one value\. Received: an empty sequence"):
        band([])


# Metrics and entries


def test_a_metric_sums_up_its_values():
    metric = Metric((0.75, 0.25, 0.5))
    assert (metric.mean, metric.minimum, metric.maximum) == (0.5, 0.25, 0.75)
    assert metric.band == band([0.75, 0.25, 0.5])
    assert metric.values == (0.75, 0.25, 0.5)


STORED = {
    "seeds": [0, 1],
    "measured": {"accuracy": [0.5, 0.75], "best_epoch": [3.0, 4.0]},
    "cpu_seconds": 12.5,
    "peak_memory_mb": 900,
    "versions": {"python": "3.11.7", "keras": "3.12.0"},
    "date": "2026-01-31",
    "sources": "abc",
    "timed": {"fit": [6.5, 7.0]},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A record of two entries, in place of the real one."""
    for name in ("02_second/plot_b", "01_first/plot_a"):
        path = tmp_path / f"{name}.json"
        path.parent.mkdir()
        path.write_text(json.dumps(STORED), encoding="utf-8")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "old.json").write_text("{}")
    (tmp_path / "01_first" / "notes.txt").write_text("no entry")
    (tmp_path / "loose.json").write_text("{}")
    monkeypatch.setattr(record, "resources", SimpleNamespace(files=lambda name: tmp_path))
    return tmp_path


def test_names_are_sorted_and_only_those_of_entries(folder):
    assert record.names() == ["01_first/plot_a", "02_second/plot_b"]


def test_an_entry_is_read_completely(folder):
    assert record.read("01_first/plot_a") == Entry(
        name="01_first/plot_a",
        seeds=(0, 1),
        metrics={"accuracy": Metric((0.5, 0.75)), "best_epoch": Metric((3.0, 4.0))},
        cpu_seconds=12.5,
        peak_memory_mb=900,
        versions={"python": "3.11.7", "keras": "3.12.0"},
        date="2026-01-31",
        sources="abc",
        times={"fit": Metric((6.5, 7.0))},
    )


def test_an_entry_without_times_has_none(folder):
    stored = {key: value for key, value in STORED.items() if key != "timed"}
    (folder / "01_first/plot_a.json").write_text(json.dumps(stored), encoding="utf-8")
    assert record.read("01_first/plot_a").times == {}


@pytest.mark.parametrize(
    "name", ["01_first/plot_b", "plot_a", "01_first", "01_first/", "", "01_first/plot_a.json"]
)
def test_an_unknown_name_is_answered_with_those_there_are(folder, name):
    message = f"No record of that name. Received: {name!r}. There are: {record.names()}"
    with pytest.raises(KeyError) as caught:
        record.read(name)
    assert caught.value.args == (message,)


# The entries of this guide


def each():
    return pytest.mark.parametrize("name", NAMES)


def test_there_are_entries():
    assert sorted(set(NAMES)) == list(NAMES)
    assert "03_getting_started/plot_movie_reviews" in NAMES


def test_every_entry_belongs_to_a_script():
    assert set(NAMES) <= {example.name for example in all_examples(ROOT / "examples")}


@each()
def test_every_number_has_a_value_for_each_of_five_seeds_or_more(name):
    entry = record.read(name)
    assert len(entry.seeds) >= 5
    assert len(set(entry.seeds)) == len(entry.seeds)
    assert entry.metrics
    for metric in (*entry.metrics.values(), *entry.times.values()):
        assert len(metric.values) == len(entry.seeds)
        assert all(isinstance(value, float) and abs(value) < 1e12 for value in metric.values)


@each()
def test_times_are_positive_and_parts_of_the_run(name):
    entry = record.read(name)
    assert all(value > 0 for time in entry.times.values() for value in time.values)
    assert sum(time.mean for time in entry.times.values()) < entry.cpu_seconds + 0.1


def parts(text):
    """Return the words and numbers of a text."""
    return set(re.findall(r"[a-z]+|[0-9]+", text))


@each()
def test_numbers_have_names_that_the_script_measures(name):
    tree = ast.parse((ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8"))
    written = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    (measured,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "measured"
    )
    put_together = any(isinstance(node, ast.JoinedStr) for node in ast.walk(measured))
    words = {word for value in written for word in parts(str(value).lower())}
    for metric in record.read(name).metrics:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", metric)
        assert metric in written or (put_together and parts(metric) <= words)


@each()
def test_an_entry_says_when_and_with_what_it_was_made(name):
    entry = record.read(name)
    assert dt.date.fromisoformat(entry.date).isoformat() == entry.date
    assert {"python", "keras", "tensorflow", "numpy"} <= set(entry.versions)
    assert all(re.match(r"\d+\.\d+", version) for version in entry.versions.values())
    assert re.fullmatch(r"[0-9a-f]{64}", entry.sources)


@each()
def test_a_run_costs_something_but_not_everything(name):
    entry = record.read(name)
    assert 0 < entry.cpu_seconds < 600
    assert 100 < entry.peak_memory_mb < 16_000


@each()
def test_the_first_value_of_every_number_lies_in_its_band(name):
    for metric in record.read(name).metrics.values():
        low, high = metric.band
        assert low < metric.values[0] < high


@each()
def test_a_file_keeps_each_list_of_numbers_on_one_line(name):
    file = Path(record.__file__).parent / f"{name}.json"
    text = file.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    lists = re.findall(r'^ +"\w+": \[[^\]\n]+\],?$', text, re.M)
    entry = record.read(name)
    assert len(lists) == 1 + len(entry.metrics) + len(entry.times)


def test_the_examples_take_as_long_as_the_page_on_the_build_says():
    seconds = {name: record.read(name).cpu_seconds for name in NAMES}
    total = sum(seconds.values())
    assert total / 2 < 30 * 60  # on two cores
    heavy = [taken for name, taken in seconds.items() if name.startswith(("05_", "08_"))]
    assert sum(heavy) > 0.4 * total
