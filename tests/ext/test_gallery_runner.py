from pathlib import Path
from types import SimpleNamespace

import pytest

from dlguide import record
from examples import Example
from gallery_runner import over_time, slowness


@pytest.fixture
def examples(monkeypatch):
    """Twenty recorded scripts that took 10 seconds each; the last one has changed since."""
    found = [
        Example(path=Path(f"plot_{i}.py"), name=f"01_first/plot_{i}", title="") for i in range(20)
    ]
    entry = SimpleNamespace(cpu_seconds=10.0, sources="as recorded")
    monkeypatch.setattr(record, "names", lambda: [example.name for example in found])
    monkeypatch.setattr(record, "read", lambda name: entry)
    monkeypatch.setattr(
        "results.numbers_hash",
        lambda example: "changed" if example is found[-1] else "as recorded",
    )
    return found


def test_a_machine_as_fast_as_the_record_or_faster_gets_no_more_time(examples):
    assert slowness([(example, 10.0) for example in examples]) == 1
    assert slowness([(example, 4.0) for example in examples]) == 1


def test_a_machine_that_is_slow_with_everything_gets_as_much_more(examples):
    assert slowness([(example, 25.0) for example in examples]) == pytest.approx(2.5)


def test_one_script_that_has_become_slower_does_not_excuse_itself(examples):
    costs = [10.0] * 18 + [90.0]
    assert slowness(zip(examples, costs, strict=False)) == 1


def test_a_tenth_of_the_scripts_may_be_slower_than_the_factor_and_no_more(examples):
    costs = [10.0] * 9 + [20.0] * 10
    assert slowness(zip(examples, costs, strict=False)) == pytest.approx(2)


def test_what_has_changed_or_was_never_recorded_tells_nothing(examples):
    new = Example(path=Path("plot_new.py"), name="01_first/plot_new", title="")
    assert slowness([(examples[-1], 80.0), (new, 80.0), (examples[0], 20.0)]) == pytest.approx(2)
    assert slowness([(examples[-1], 80.0), (new, 80.0)]) == 1
    assert slowness([]) == 1


def test_a_run_is_held_against_its_budget_on_this_machine():
    example = Example(path=Path("plot_a.py"), name="01_first/plot_a", title="", cpu_seconds=60.0)
    assert over_time(example, 60.0, 1.0) == []
    assert over_time(example, 119.0, 2.0) == []
    assert over_time(example, 121.0, 2.0) == [
        "examples/01_first/plot_a.py:1: took 121.0 s of processor time; its budget is 120 s"
    ]
