import datetime as dt
import json
import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest

import recorder
from dlguide import record
from examples import read_example
from processes import ONE_THREAD, Outcome
from recorder import execute, main, write_entry

SCRIPT = '''"""
A script
========
"""

SEED = 3
print("computing")
measured = {"accuracy": 0.5 + SEED / 64, "best_epoch": SEED}
timed = {"fit": 1 + SEED}
assert measured["accuracy"] < LIMIT
'''


@pytest.fixture(autouse=True)
def restored(monkeypatch, tmp_path):
    """Put back what a script changes in its process."""
    monkeypatch.setattr(plt, "show", plt.show)
    monkeypatch.chdir(tmp_path)


# execute


def test_a_script_gives_back_what_it_measured():
    measured, timed = execute("measured = {'a': 1, 'b': 0.5}", "plot_a.py")
    assert measured == {"a": 1.0, "b": 0.5}
    assert timed == {}


def test_a_script_gives_back_what_it_timed():
    measured, timed = execute("timed = {'a': 1, 'b': 0.5}", "plot_a.py")
    assert measured == {}
    assert timed == {"a": 1.0, "b": 0.5}


def test_numbers_of_any_kind_become_floats():
    source = "import numpy as np\nmeasured = {'a': np.float32(0.5), 'b': np.int64(2), 'c': True}"
    found, _ = execute(source, "plot_a.py")
    assert found == {"a": 0.5, "b": 2.0, "c": 1.0}
    assert {type(value) for value in found.values()} == {float}


def test_a_script_that_measures_nothing_gives_nothing():
    assert execute("x = 1", "plot_a.py") == ({}, {})


def test_what_a_script_prints_is_not_shown(capsys):
    execute("print('computing')", "plot_a.py")
    assert capsys.readouterr().out == ""


def test_a_script_runs_as_the_main_program_and_may_show_figures():
    source = (
        "import matplotlib.pyplot as plt\nplt.show()\nplt.show(block=True)\n"
        "measured = {'main': __name__ == '__main__'}"
    )
    assert execute(source, "plot_a.py")[0] == {"main": 1.0}


@pytest.mark.parametrize("ending", ["", "\nraise ArithmeticError('early')"])
def test_a_script_runs_in_an_empty_folder_that_is_gone_afterwards(tmp_path, ending):
    source = (
        "from pathlib import Path\n"
        f"Path({str(tmp_path / 'where')!r}).write_text(str(Path.cwd()))\n"
        "assert list(Path().iterdir()) == []\n"
        "Path('written').write_text('by the script')" + ending
    )
    if ending:
        with pytest.raises(ArithmeticError, match="early"):
            execute(source, "plot_a.py")
    else:
        execute(source, "plot_a.py")
    assert Path.cwd() == tmp_path
    folder = Path((tmp_path / "where").read_text())
    assert folder != tmp_path
    assert not folder.exists()


def test_a_claim_that_fails_is_raised_with_its_line():
    with pytest.raises(AssertionError) as caught:
        execute("x = 1\nassert x > 2", "plot_a.py")
    last = caught.traceback[-1]
    assert (Path(last.path).name, last.lineno + 1) == ("plot_a.py", 2)


# write_entry


@pytest.fixture
def example(tmp_path):
    path = tmp_path / "examples" / "01_first" / "plot_a.py"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT.replace("LIMIT", "1"), encoding="utf-8")
    return read_example(path, tmp_path / "examples")


def outcomes(timed=({"fit": 3.14159}, {"fit": 30.0}, {"fit": 2.5})):
    """Return the outcomes of three seeds; the second computed with other kernels."""
    return [
        Outcome(({"accuracy": 0.5, "best_epoch": 4.0}, timed[0]), "", 10.04, 900.4, 11.0),
        Outcome(({"accuracy": 0.123456789, "best_epoch": 5.0}, timed[1]), "", 99.0, 1000.6, 13.0),
        Outcome(({"accuracy": 0.75, "best_epoch": 123456789.0}, timed[2]), "", 12.0, 950.0, 12.0),
    ]


@pytest.fixture
def entry_file(tmp_path, example):
    return write_entry(example, [0, 1, 2], outcomes(), tmp_path / "record")


def test_an_entry_lies_in_the_folder_of_its_chapter(tmp_path, entry_file):
    assert entry_file == tmp_path / "record" / "01_first" / "plot_a.json"


def test_an_entry_can_be_read_back(tmp_path, monkeypatch, example, entry_file):
    folder = tmp_path / "record"
    monkeypatch.setattr(record, "resources", SimpleNamespace(files=lambda name: folder))
    assert record.names() == ["01_first/plot_a"]
    assert record.read("01_first/plot_a") == record.Entry(
        name="01_first/plot_a",
        seeds=(0, 1, 2),
        metrics={
            "accuracy": record.Metric((0.5, 0.123457, 0.75)),
            "best_epoch": record.Metric((4.0, 5.0, 123457000.0)),
        },
        cpu_seconds=11.0,
        peak_memory_mb=1001,
        versions=recorder.versions(),
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
        sources=recorder.numbers_hash(example),
        times={"fit": record.Metric((3.14, 2.5))},
    )
    assert not recorder.is_stale(example)
    example.path.write_text(example.path.read_text() + "x = 1\n")
    assert recorder.is_stale(example)


def test_each_list_of_numbers_is_one_line(entry_file):
    lines = entry_file.read_text(encoding="utf-8").splitlines()
    assert lines[:8] == [
        "{",
        ' "seeds": [0, 1, 2],',
        ' "measured": {',
        '  "accuracy": [0.5, 0.123457, 0.75],',
        '  "best_epoch": [4.0, 5.0, 123457000.0]',
        " },",
        ' "timed": {',
        '  "fit": [3.14, 2.5]',
    ]


def test_a_script_that_times_nothing_has_no_times(tmp_path, example):
    path = write_entry(example, [0, 1, 2], outcomes([{}, {}, {}]), tmp_path / "record")
    assert "timed" not in json.loads(path.read_text(encoding="utf-8"))


def test_a_new_entry_takes_the_place_of_the_old_one(tmp_path, example, entry_file):
    write_entry(example, [0], outcomes()[:1], tmp_path / "record")
    stored = json.loads(entry_file.read_text(encoding="utf-8"))
    assert stored["seeds"] == [0]
    assert stored["measured"] == {"accuracy": [0.5], "best_epoch": [4.0]}


# main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "3"], "a spread needs at least 5 seeds. Received: 3"),
        (["--seeds", "many"], "invalid int value: 'many'"),
        (["no_such_example"], "no example matches. Received: 'no_such_example'"),
        (["plot_a", "plot_b"], "unrecognized arguments: plot_b"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Two scripts, of which one fails with the third seed, and a record to write to."""
    for name, limit in (("plot_good", "1"), ("plot_bad", "0.5 + 3 / 64")):
        path = tmp_path / "examples" / "01_first" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SCRIPT.replace("LIMIT", limit), encoding="utf-8")
    folder = tmp_path / "record"
    folder.mkdir()
    monkeypatch.setattr(recorder, "ROOT", tmp_path)
    monkeypatch.setattr(recorder, "write_entry", partial(write_entry, folder=folder))
    monkeypatch.setattr(record, "resources", SimpleNamespace(files=lambda name: folder))

    def run_here(tasks):
        for task in reversed(tasks):
            try:
                value, error = task.function(*task.arguments), ""
            except AssertionError:
                value, error = None, "AssertionError: the claim"
            yield task, Outcome(value, error, 1.0, 100.0, 1.0, log="its log")

    monkeypatch.setattr(recorder, "run_each", run_here)
    return folder


def test_every_seed_runs_and_what_was_measured_is_kept(project, capsys):
    assert main(["plot_good"]) == 0
    entry = record.read("01_first/plot_good")
    assert entry.seeds == (0, 1, 2, 3, 4)
    assert entry.metrics["best_epoch"].values == (0.0, 1.0, 2.0, 3.0, 4.0)
    assert entry.metrics["accuracy"].values == (0.5, 0.515625, 0.53125, 0.546875, 0.5625)
    assert entry.times["fit"].values == (1.0, 3.0, 5.0)
    said = capsys.readouterr().out
    assert "1 of 1 examples need a run with 5 seeds each." in said
    assert said.count("passed 01_first/plot_good") == 5
    assert re.search(r"best_epoch +2  \(0 to 4\)", said)


def test_every_second_seed_computes_with_other_kernels(project, monkeypatch):
    kernels = {}

    def run_nothing(tasks):
        kernels.update((task.name[-1], task.environment) for task in tasks)
        return [(task, Outcome(error="not run")) for task in tasks]

    monkeypatch.setattr(recorder, "run_each", run_nothing)
    main(["plot_good"])
    other = {"TF_ENABLE_ONEDNN_OPTS": "0"}
    assert kernels == {"0": {}, "1": other, "2": {}, "3": other, "4": {}}
    assert ONE_THREAD["TF_ENABLE_ONEDNN_OPTS"] == "1"


def test_a_script_that_fails_with_one_seed_gets_no_entry(project, capsys):
    assert main([]) == 1
    assert record.names() == ["01_first/plot_good"]
    said = capsys.readouterr().out
    assert "01_first/plot_bad, seed 3:\nAssertionError: the claim\nits log" in said
    assert "01_first/plot_bad, seed 2:" not in said


def test_what_is_up_to_date_does_not_run_again_unless_it_is_asked_for(project, capsys):
    main(["good"])
    assert main(["good", "--seeds", "6"]) == 0
    assert len(record.read("01_first/plot_good").seeds) == 5
    assert main(["good", "--seeds", "6", "--all"]) == 0
    assert len(record.read("01_first/plot_good").seeds) == 6
    said = capsys.readouterr().out
    assert "0 of 1 examples need a run with 6 seeds each." in said


def test_an_entry_that_is_stale_is_renewed(project, tmp_path):
    main(["good"])
    path = tmp_path / "examples" / "01_first" / "plot_good.py"
    path.write_text(path.read_text(encoding="utf-8").replace("0.5 +", "0.25 +"), encoding="utf-8")
    assert main(["good"]) == 0
    assert record.read("01_first/plot_good").metrics["accuracy"].minimum == 0.25
