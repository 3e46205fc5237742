import os
import re
import sys
import time
from itertools import pairwise
from multiprocessing import forkserver
from pathlib import Path

import psutil
import pytest

import processes
from processes import Task, run_each, workers
from tests.ext import tasks


@pytest.fixture(scope="module", autouse=True)
def quick_server():
    """Branch the processes off a server that has imported nothing."""
    preload = list(processes.PRELOAD)
    forkserver._forkserver._stop()
    processes.PRELOAD[:] = []
    yield
    forkserver._forkserver._stop()
    processes.PRELOAD[:] = preload


@pytest.fixture(autouse=True)
def same_environment(monkeypatch):
    """Undo what `run_each` sets."""
    for name in processes.ONE_THREAD:
        monkeypatch.setenv(name, "")


def task(function, *arguments, name="", seconds=60.0):
    return Task(name or function.__name__, function, arguments, seconds)


def outcomes(*several, jobs=2):
    """Run tasks and return their outcomes in the order in which they were given."""
    found = {item.name: outcome for item, outcome in run_each(several, jobs)}
    assert len(found) == len(several)
    return [found[item.name] for item in several]


# Values and failures


def test_values_come_back_each_with_its_task():
    several = [task(tasks.add, number, 10, name=f"{number} + 10") for number in range(5)]
    found = {item.name: outcome.value for item, outcome in run_each(several, jobs=2)}
    assert found == {"0 + 10": 10, "1 + 10": 11, "2 + 10": 12, "3 + 10": 13, "4 + 10": 14}


def test_no_tasks_give_no_outcomes():
    assert list(run_each([])) == []


def test_an_exception_comes_back_as_a_traceback_and_others_run_on():
    before, bad, after = outcomes(
        task(tasks.add, 1, 2, name="before"),
        task(tasks.fail, "the sky fell"),
        task(tasks.add, 3, 4, name="after"),
    )
    assert (before.value, before.error) == (3, "")
    assert (after.value, after.error) == (7, "")
    assert bad.value is None
    assert bad.error.startswith("Traceback (most recent call last):")
    assert re.search(r'tasks\.py", line \d+, in fail\n +raise ArithmeticError\(words\)', bad.error)
    assert bad.error.endswith("ArithmeticError: the sky fell\n")


def test_a_warning_is_an_error():
    (outcome,) = outcomes(task(tasks.warn, "old ways"))
    assert outcome.error.endswith("RuntimeWarning: old ways\n")


def test_leaving_by_sys_exit_is_an_error_even_without_a_code():
    (outcome,) = outcomes(task(tasks.leave_politely, 0))
    assert outcome.error.endswith("SystemExit: 0\n")


def test_a_process_that_dies_is_reported_and_others_run_on():
    died, other = outcomes(task(tasks.leave, 3), task(tasks.add, 1, 2))
    assert died.error == "Its process ended without a word (exit code 3)."
    assert died.value is None
    assert other.value == 3


def test_the_last_words_of_a_process_that_dies_are_kept():
    (outcome,) = outcomes(task(tasks.complain_and_leave, "out of memory"))
    assert outcome.error == "Its process ended without a word (exit code 1)."
    assert outcome.log == "out of memory"


def test_a_value_that_cannot_travel_is_reported():
    (outcome,) = outcomes(task(tasks.give_back_what_cannot_travel))
    assert outcome.error == "Its process ended without a word (exit code 1)."
    assert "pickle" in outcome.log


def test_all_of_standard_error_goes_to_the_log_and_none_to_the_terminal(capfd):
    (outcome,) = outcomes(task(tasks.complain, "abc"))
    assert sorted(outcome.log.strip()) == sorted("abccba")
    assert capfd.readouterr().err == ""


def test_a_long_log_keeps_its_end():
    (outcome,) = outcomes(task(tasks.complain_and_leave, "first" + 5000 * "." + "last"))
    assert outcome.log == 3996 * "." + "last"


def test_logs_leave_no_files(monkeypatch, tmp_path):
    monkeypatch.setattr(processes.tempfile, "tempdir", str(tmp_path))
    outcomes(task(tasks.add, 1, 2), task(tasks.leave, 3))
    assert list(tmp_path.glob("dlguide-*")) == []


# Hanging


def test_a_task_that_hangs_is_stopped_at_its_limit_and_says_where():
    hung, other = outcomes(task(tasks.hang, seconds=2.0), task(tasks.add, 1, 2))
    assert hung.error == "It hangs: stopped after 2 s of waiting."
    assert 2.0 <= hung.wall_seconds < 4.0
    assert other.value == 3
    source = Path(tasks.__file__).read_text(encoding="utf-8").splitlines()
    line = 1 + next(number for number, text in enumerate(source) if "# here it hangs" in text)
    assert re.search(rf'tasks\.py", line {line} in hang\b', hung.log)


def test_a_task_that_ends_within_its_limit_leaves_no_trace_of_the_watch():
    (outcome,) = outcomes(task(tasks.be_idle, 0.2, seconds=5.0))
    assert (outcome.error, outcome.log) == ("", "")


def test_tasks_end_with_the_one_who_waits_for_them(tmp_path):
    path = str(tmp_path / "pid")
    waiting = run_each([task(tasks.hang_and_say_who, path), task(tasks.wait_for, path)], 2)
    first, outcome = next(waiting)
    assert first.name == "wait_for"
    pid = int(outcome.value)
    assert psutil.pid_exists(pid)
    waiting.close()
    limit = time.monotonic() + 10
    while psutil.pid_exists(pid) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)


# Costs


def test_processor_time_is_that_of_the_task_alone():
    (busy,) = outcomes(task(tasks.be_busy, 0.6))
    assert 0.6 <= busy.cpu_seconds < 0.9
    assert busy.wall_seconds >= busy.cpu_seconds


def test_waiting_costs_no_processor_time():
    (idle,) = outcomes(task(tasks.be_idle, 0.6))
    assert idle.wall_seconds >= 0.6
    assert idle.cpu_seconds < 0.2


def test_a_failing_task_is_measured_too():
    (outcome,) = outcomes(task(tasks.fail, "early"))
    assert outcome.peak_memory_mb > 1
    assert outcome.wall_seconds > 0


def test_peak_memory_counts_what_was_let_go_and_not_what_others_used():
    large, small = outcomes(task(tasks.fill, 300), task(tasks.fill, 1, name="small"), jobs=1)
    assert large.value == 300_000_000
    assert 280 < large.peak_memory_mb - small.peak_memory_mb < 330


def test_memory_is_in_megabytes_of_a_million_bytes():
    before = processes.peak_memory_mb()
    assert 10 < before < 20_000
    assert processes.peak_memory_mb() >= before


# Separation


def test_no_state_reaches_the_next_task():
    several = [task(tasks.leave_traces), task(tasks.look_for_traces)]
    _, found = outcomes(*several, jobs=1)
    state, variable, pid = found.value
    assert (state, variable) == ([], None)
    assert pid != os.getpid()
    assert tasks.STATE == []
    assert "DLGUIDE_TRACE" not in os.environ


def test_random_numbers_of_one_task_do_not_depend_on_another():
    seeded = [task(tasks.leave_traces, name=f"seed {number}") for number in range(2)]
    draw = tasks.draw_after_a_seed_that_another_task_set
    drawn = [task(draw, name=f"draw {number}") for number in range(2)]
    several = [seeded[0], drawn[0], seeded[1], drawn[1]]
    _, first, _, second = outcomes(*several, jobs=1)
    assert first.value != second.value


def test_every_task_computes_with_one_thread():
    list(run_each([]))
    assert {name: os.environ[name] for name in processes.ONE_THREAD} == processes.ONE_THREAD


def test_a_task_alone_finds_the_variables_that_are_set_for_it(monkeypatch):
    monkeypatch.delenv("DLGUIDE_TOLD", raising=False)
    names = ("DLGUIDE_TOLD", "OMP_NUM_THREADS")
    told = Task("told", tasks.variables, names, 60.0, {"DLGUIDE_TOLD": "to this one"})
    found = outcomes(told, task(tasks.variables, *names, name="not told"), jobs=1)
    assert [outcome.value for outcome in found] == [["to this one", "1"], [None, "1"]]
    assert "DLGUIDE_TOLD" not in os.environ


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a warm server")
def test_a_task_with_variables_does_not_branch_off_the_server():
    told = Task("told", os.getppid, (), 60.0, {"DLGUIDE_TOLD": "yes"})
    first, other = outcomes(told, task(os.getppid))
    assert first.value == os.getpid()
    assert other.value != os.getpid()


# Side by side


def most_at_once(spans):
    """Return how many of several spans of time overlap at most."""
    moments = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    running, most = 0, 0
    for _, change in moments:
        running += change
        most = max(most, running)
    return most


@pytest.mark.parametrize(
    ("spans", "most"),
    [([(0, 1), (2, 3)], 1), ([(0, 2), (1, 3)], 2), ([(0, 9), (1, 2), (3, 4)], 2)],
)
def test_overlaps_are_counted(spans, most):
    assert most_at_once(spans) == most


@pytest.mark.parametrize(("jobs", "seconds"), [(1, 0.1), (2, 0.8), (3, 0.8)])
def test_as_many_tasks_run_at_once_as_there_are_jobs(jobs, seconds):
    several = [task(tasks.start_and_end, seconds, name=str(number)) for number in range(5)]
    found = outcomes(*several, jobs=jobs)
    assert most_at_once([outcome.value for outcome in found]) == jobs


def test_tasks_start_in_the_order_given():
    several = [task(tasks.start_and_end, 0.05, name=str(number)) for number in range(5)]
    starts = [outcome.value[0] for outcome in outcomes(*several, jobs=1)]
    assert all(before < after for before, after in pairwise(starts))


def test_outcomes_come_as_they_end_and_not_in_the_order_of_the_tasks():
    slow, quick = task(tasks.be_idle, 1.0, name="slow"), task(tasks.add, 1, 2, name="quick")
    assert [item.name for item, _ in run_each([slow, quick], jobs=2)] == ["quick", "slow"]


def test_workers_are_as_many_as_the_variable_says(monkeypatch):
    monkeypatch.setenv("DLGUIDE_JOBS", "7")
    assert workers() == 7


@pytest.mark.parametrize("empty", ["", None])
def test_workers_are_as_many_as_cores_without_the_variable(monkeypatch, empty):
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    monkeypatch.delenv("DLGUIDE_JOBS", raising=False)
    if empty is not None:
        monkeypatch.setenv("DLGUIDE_JOBS", empty)
    assert workers() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert workers() == 1


@pytest.mark.parametrize("said", ["0", "-1", "two", "1.5", " "])
def test_a_number_of_workers_that_makes_no_sense_is_refused(monkeypatch, said):
    monkeypatch.setenv("DLGUIDE_JOBS", said)
    message = re.escape(f"DLGUIDE_JOBS must be a whole number from 1. Received: {said!r}")
    with pytest.raises(ValueError, match=message):
        workers()


def test_the_variable_decides_how_many_run(monkeypatch):
    monkeypatch.setenv("DLGUIDE_JOBS", "1")
    several = [task(tasks.start_and_end, 0.1, name=str(number)) for number in range(3)]
    spans = [outcome.value for _, outcome in run_each(several)]
    assert most_at_once(spans) == 1


# The descriptor of standard error


def test_silence_ends_where_it_is_said_to_end(capfd):
    os.write(2, b"before ")
    with processes.silent_descriptor():
        os.write(2, b"inside ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_silence_ends_with_an_exception_too(capfd):
    with pytest.raises(KeyError), processes.silent_descriptor():
        raise KeyError
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"
