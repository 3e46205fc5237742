import json
import subprocess
import sys
from pathlib import Path

import pytest

import downloads
from downloads import Download, chosen, main, offered, sample, stranger, try_out
from examples import read_example

SCRIPT = '''"""
A script
========
"""

from dlguide import datasets, plots

(x, y), _ = datasets.digits()
fig = plots.image_grid(x[:4])
'''


def add_page(site, name, source=SCRIPT, kinds=("py", "ipynb")):
    """Add a page to a site, with what it offers, as sphinx-gallery does."""
    chapter, stem = name.split("/")
    folder = site / "_downloads" / f"{abs(hash(name)):x}"
    (site / "gallery" / chapter).mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True)
    for kind in kinds:
        text = source if kind == "py" else notebook(source)
        (folder / f"{stem}.{kind}").write_text(text, encoding="utf-8")
    links = [
        f'<a class="reference download internal" download="" '
        f'href="../../_downloads/{folder.name}/{stem}.{kind}">Download</a>'
        for kind in kinds
    ]
    page = site / "gallery" / chapter / f"{stem}.html"
    page.write_text("\n".join(links), encoding="utf-8")


def notebook(source):
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source,
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 0})


def script(folder, source):
    """Return a download of these lines."""
    path = folder / "offered" / "plot_a.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, encoding="utf-8")
    path.with_suffix(".ipynb").write_text(notebook(source), encoding="utf-8")
    return Download(read_example(path, folder), path.with_suffix(".ipynb"))


def fared(folder, source, kind="script", limit=60.0):
    return try_out(script(folder, source), kind, Path(sys.executable), limit)


# What the site offers


def test_offers_are_read_from_the_pages_in_their_order(tmp_path):
    add_page(tmp_path, "04_b/plot_two")
    add_page(tmp_path, "03_a/plot_one")
    found = offered(tmp_path)
    assert [item.example.name for item in found] == ["03_a/plot_one", "04_b/plot_two"]
    assert found[0].example.datasets == ("digits",)
    assert found[0].path("script").name == "plot_one.py"
    assert found[0].path("notebook").is_file()


def test_a_page_that_offers_no_notebook_is_a_fault(tmp_path):
    add_page(tmp_path, "03_a/plot_one", kinds=("py",))
    with pytest.raises(ValueError, match=r"plot_one\.html.*\['\.py'\]"):
        offered(tmp_path)


# What runs


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Offer scripts whose names end with their cost; two are not fit for a sample."""
    add_page(tmp_path, "03_a/plot_x9")
    add_page(tmp_path, "03_a/plot_x5")
    add_page(tmp_path, "04_b/plot_x7")
    add_page(tmp_path, "04_b/plot_x1", SCRIPT.replace("datasets.digits()", "((1, 2), 3)"))
    add_page(tmp_path, "03_a/plot_x2", SCRIPT + "\nimport subprocess\n")
    monkeypatch.setattr(downloads, "expected_seconds", lambda example: int(example.name[-1]))
    return offered(tmp_path)


def names(pairs):
    return [f"{item.example.name[-2:]} {kind}" for item, kind in pairs]


def test_a_sample_is_the_cheapest_that_load_data_and_draw(site):
    assert [item.example.name for item in sample(site, 2)] == ["03_a/plot_x5", "04_b/plot_x7"]


def test_a_sample_runs_its_cheapest_as_a_notebook_too(site):
    assert names(chosen(site, "", 2, notebooks=False)) == ["x7 script", "x5 notebook", "x5 script"]


def test_all_scripts_run_the_longest_first(site):
    assert names(chosen(site, "", None, notebooks=False)) == [
        "x9 script", "x7 script", "x5 script", "x2 script", "x1 script",
    ]  # fmt: skip


def test_a_pattern_chooses_and_notebooks_come_when_asked(site):
    assert names(chosen(site, "04_b", None, notebooks=True)) == [
        "x7 notebook", "x7 script", "x1 notebook", "x1 script",
    ]  # fmt: skip


# How it fares


def test_a_script_that_ends_well_has_no_fault(tmp_path):
    assert fared(tmp_path, "print(1)").faults == ()


def test_a_script_runs_beside_nothing_and_far_from_the_project(tmp_path):
    source = (
        "import os, sys\n"
        "assert os.listdir() == ['plot_a.py'], os.listdir()\n"
        "assert not any('_ext' in place for place in sys.path), sys.path\n"
        "assert os.environ['TF_NUM_INTRAOP_THREADS'] == '1'\n"
        "assert os.environ['DLGUIDE_OFFLINE'] == '1'\n"
    )
    assert fared(tmp_path, source).faults == ()


def test_a_failed_assertion_is_reported_with_its_line(tmp_path):
    report = fared(tmp_path, "accuracy = 0.5\nassert accuracy > 0.9\n")
    assert report.faults == ("it ended with exit code 1",)
    assert "plot_a.py" in report.log
    assert "assert accuracy > 0.9" in report.log
    assert report.log.endswith("AssertionError")


def test_a_module_that_is_not_installed_is_named(tmp_path):
    report = fared(tmp_path, "import examples.helpers_of_the_project")
    assert report.faults == ("it ended with exit code 1",)
    assert "ModuleNotFoundError" in report.log


@pytest.mark.parametrize("words", ["UserWarning", "RuntimeWarning", "FutureWarning"])
def test_a_warning_is_a_fault(tmp_path, words):
    report = fared(tmp_path, f"import warnings\nwarnings.warn('a risk', {words})\n")
    assert len(report.faults) == 1
    assert report.faults[0].endswith(f"{words}: a risk")


def test_the_log_of_tensorflow_is_neither_a_fault_nor_shown(tmp_path):
    line = "WARNING: All log messages before absl::InitializeLog() is called\\nI0000 00:00 a\\n"
    source = f"import sys\nsys.stderr.write('{line}')\n"
    assert fared(tmp_path, source).faults == ()
    assert "absl" not in fared(tmp_path, f"{source}assert False\n").log


def test_words_on_standard_error_are_no_warning(tmp_path):
    assert fared(tmp_path, "import sys\nsys.stderr.write('No Warning here\\n')").faults == ()


def test_a_file_that_stays_behind_is_a_fault(tmp_path):
    source = "from pathlib import Path\nPath('model.keras').write_text('x')\n"
    assert fared(tmp_path, source).faults == ("it leaves files behind: model.keras",)


def test_a_script_that_hangs_is_stopped_with_all_that_it_started(tmp_path):
    source = (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    )
    report = fared(tmp_path, source, limit=2)
    assert report.faults == ("it was stopped after 2 s",)
    assert report.seconds < 30


def test_a_notebook_runs_and_a_fault_in_it_is_reported(tmp_path):
    assert fared(tmp_path, "1 + 1", "notebook").faults == ()
    report = fared(tmp_path, "import warnings\nwarnings.warn('a risk')\nassert 1 > 2\n", "notebook")
    assert report.faults[0] == "it ended with exit code 1"
    assert report.faults[1].endswith("UserWarning: a risk")
    assert "assert 1 > 2" in report.log


def test_a_stranger_has_no_setting_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "docs/_ext")
    monkeypatch.setenv("IPYTHONDIR", "ours")
    said = stranger(tmp_path / "bin" / "python", "script", tmp_path)
    assert "PYTHONPATH" not in said
    assert said["IPYTHONDIR"] == str(tmp_path / "ipython")
    assert said["PATH"].startswith(str(tmp_path / "bin"))
    assert said["MPLBACKEND"] == "agg"
    assert "MPLBACKEND" not in stranger(tmp_path / "bin" / "python", "notebook", tmp_path)


# The environment


def calls_of_uv(monkeypatch, tmp_path, code_offline):
    """Make an environment with a uv that only says what it was asked."""
    asked = []

    def run(command, **_):
        asked.append(command[3:])
        code = code_offline if "--offline" in command else 0
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(downloads.subprocess, "run", run)
    wheel = tmp_path / "dlguide-1.0-py3-none-any.whl"
    downloads.make_environment(tmp_path / "environment", wheel)
    return asked


def test_what_lies_on_the_disk_is_installed_without_a_network(monkeypatch, tmp_path):
    venv, install = calls_of_uv(monkeypatch, tmp_path, code_offline=0)
    assert "venv" in venv
    assert {"--offline", "--constraints", str(downloads.LOCK), "nbclient"} <= set(install)
    assert any(word.startswith("dlguide[examples] @ file:") for word in install)


def test_the_network_is_asked_where_the_disk_does_not_have_it(monkeypatch, tmp_path):
    _, offline, online = calls_of_uv(monkeypatch, tmp_path, code_offline=1)
    assert "--offline" in offline
    assert "--offline" not in online


# The session


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """Build a site and let its downloads run with the Python of the tests."""
    (tmp_path / "index.html").touch()
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "dlguide-1.0-py3-none-any.whl").touch()
    monkeypatch.setattr(downloads, "make_environment", lambda *_: Path(sys.executable))
    return tmp_path


def test_the_report_ends_well_if_everything_does(whole, capsys):
    add_page(whole, "03_a/plot_one", "print(1)")
    assert main([], whole) == 0
    said = capsys.readouterr().out
    assert "dlguide-1.0-py3-none-any.whl" in said
    assert "03_a/plot_one (script)" in said
    assert said.strip().endswith("all of them passed")


def test_the_report_shows_what_failed_and_why(whole, capsys):
    add_page(whole, "03_a/plot_one", "print(1)")
    add_page(whole, "03_a/plot_two", "assert 1 > 2")
    assert main([], whole) == 1
    said = capsys.readouterr().out
    assert "03_a/plot_two (script): it ended with exit code 1\n" in said
    assert "    AssertionError" in said
    assert said.strip().endswith("1 failed")


@pytest.mark.parametrize("arguments", [["--sample", "0"], ["["]])
def test_orders_that_make_no_sense_are_refused(whole, arguments):
    with pytest.raises(SystemExit, match="2"):
        main(arguments, whole)


def test_a_pattern_without_a_match_is_refused(whole):
    add_page(whole, "03_a/plot_one")
    with pytest.raises(SystemExit, match="'plot_none'"):
        main(["plot_none"], whole)


def test_there_must_be_a_guide(tmp_path):
    with pytest.raises(SystemExit, match="nox -s docs"):
        main([], tmp_path)
