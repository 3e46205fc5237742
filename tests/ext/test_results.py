from pathlib import Path
from types import SimpleNamespace

import pytest

import results
from dlguide.record import Entry, Metric
from examples import Example
from results import number, table

EXAMPLE = Example(
    path=Path("plot_a.py"),
    name="01_first/plot_a",
    title="What is it?",
    references={"test_accuracy": {"value": 0.8874, "source": "A book, 2011"}},
)
ENTRY = Entry(
    name="01_first/plot_a",
    seeds=(0, 1, 2, 3),
    metrics={
        "test_accuracy": Metric((0.5, 0.625, 0.875, 1.0)),
        "best_epoch": Metric((4.0, 4.0, 4.0, 4.0)),
    },
    cpu_seconds=29.6,
    peak_memory_mb=2732,
    versions={"python": "3.11.7", "keras": "3.12.0"},
    date="2026-01-31",
    sources="recorded",
)
HEADING = "## {doc}`What is it? </gallery/01_first/plot_a>`"
HEAD = "| | This page | Mean of 4 seeds | Lowest to highest | Reference |"
COST = (
    "A run takes about 30 s of processor time with one thread and 2.7 GB of memory. "
    "Recorded on 2026-01-31 with python 3.11.7, keras 3.12.0."
)
STALE = "**The sources have changed since; these numbers await a new record.**"


@pytest.fixture(autouse=True)
def entries(monkeypatch):
    """A record of one entry, whose sources have not changed."""
    found = {ENTRY.name: ENTRY}
    monkeypatch.setattr(results.record, "names", lambda: sorted(found))
    monkeypatch.setattr(results.record, "read", lambda name: found[name])
    monkeypatch.setattr(results, "numbers_hash", lambda example: "recorded")
    return found


# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.87001, "0.870"),
        (0.9999, "1.00"),
        (0.5, "0.500"),
        (0.0123456, "0.0123"),
        (-0.25, "-0.250"),
        (2.09167, "2.09"),
        (123.456, "123"),
        (4.0, "4"),
        (0.0, "0"),
        (-3, "-3"),
        (25_000.0, "25,000"),
        (12_345_678, "12,345,678"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_have_three_figures_and_whole_ones_all(value, text):
    assert number(value) == text


# The section of an example


def test_a_recorded_example_that_has_run_has_a_complete_table():
    run = {"measured": {"test_accuracy": 0.75, "best_epoch": 3.0, "not_recorded": 1.0}}
    assert table(EXAMPLE, run) == [
        HEADING,
        "",
        HEAD,
        "|---|--:|--:|--:|:--|",
        "| test accuracy | 0.750 | 0.750 | 0.500 to 1 | 0.8874 (A book, 2011) |",
        "| best epoch | 3 | 4 | 4 |  |",
        "",
        COST,
        "",
    ]


def test_the_cells_of_an_example_that_has_not_run_are_empty():
    rows = table(EXAMPLE, {})[4:6]
    assert rows == [
        "| test accuracy |  | 0.750 | 0.500 to 1 | 0.8874 (A book, 2011) |",
        "| best epoch |  | 4 | 4 |  |",
    ]


def test_a_zero_is_shown():
    assert "| best epoch | 0 |" in "\n".join(table(EXAMPLE, {"measured": {"best_epoch": 0.0}}))


def test_an_example_without_an_entry_says_so(entries):
    entries.clear()
    run = {"measured": {"test_accuracy": 0.75}}
    assert table(EXAMPLE, run) == [HEADING, "", "This example is not in the record yet.", ""]


def test_a_stale_entry_is_marked(monkeypatch):
    fresh = table(EXAMPLE, {})
    assert STALE not in fresh
    monkeypatch.setattr(results, "numbers_hash", lambda example: "changed")
    assert table(EXAMPLE, {}) == [*fresh[:-1], STALE, ""]


def test_every_row_has_as_many_cells_as_the_head():
    rows = [line for line in table(EXAMPLE, {}) if line.startswith("|")]
    assert {row.count("|") for row in rows} == {6}


def test_the_list_holds_what_has_run(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "all_examples", lambda _: [EXAMPLE])
    app = SimpleNamespace(srcdir=tmp_path / "docs", outdir=tmp_path / "docs" / "_build" / "html")
    results.write_list(app)
    before = results.listed(app, "results").read_text()
    run = tmp_path / "docs" / "gallery" / "01_first" / "plot_a.run.json"
    run.parent.mkdir(parents=True)
    run.write_text('{"measured": {"test_accuracy": 0.5}}')
    results.write_list(app)
    assert before == "\n".join(table(EXAMPLE, {}))
    assert "| test accuracy | 0.500 |" in results.listed(app, "results").read_text()
