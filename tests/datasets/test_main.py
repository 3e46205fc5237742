from __future__ import annotations

import subprocess
import sys

import pytest

from dlguide.datasets import _cards, _store
from dlguide.datasets.__main__ import main

from .conftest import LETTERS, make_card, wheel


@pytest.fixture
def letters(toy, index, registry):
    """A second data set, beside ``toy``, in an archive of its own."""
    packed = wheel({"toy/letters.txt": LETTERS})
    index.files["letters-1.0.whl"] = packed
    card = make_card("letters", "letters-1.0.whl", packed, {"toy/letters.txt": LETTERS})
    registry(toy, card)
    return card


def states(output: str) -> dict[str, str]:
    return {
        name: state
        for name, _, _, state, *_ in (line.split() for line in output.splitlines()[1:-1])
    }


def test_list_shows_every_set_and_its_state(toy, letters, cache, capsys):
    _store.paths(letters)
    assert main(["list"]) == 0
    output = capsys.readouterr().out
    assert output.splitlines()[0].split() == ["NAME", "DOWNLOAD", "STATE", "LICENCE"]
    assert states(output) == {"toy": "missing", "letters": "ready"}
    assert output.splitlines()[-1] == f"in {cache}"
    assert "CC0" in output


def test_fetch_without_names_takes_all(toy, letters, index, capsys):
    assert main(["fetch"]) == 0
    assert states(capsys.readouterr().out) == {"toy": "ready", "letters": "ready"}
    assert main(["fetch"]) == 0
    assert index.downloads == 2


def test_fetch_takes_the_named_set_once_and_no_other(toy, letters, index, capsys):
    assert main(["fetch", "letters", "letters"]) == 0
    assert states(capsys.readouterr().out) == {"letters": "ready"}
    assert _store.state(toy) == "missing"
    assert index.downloads == 1


def test_fetch_goes_on_after_a_failure_and_reports_it(toy, letters, index, capsys):
    del index.files[toy.archive.filename]
    assert main(["fetch"]) == 1
    captured = capsys.readouterr()
    assert states(captured.out) == {"toy": "missing", "letters": "ready"}
    assert captured.err.startswith("error: data set 'toy' is missing in ")
    assert "does not list" in captured.err
    assert captured.err.count("\n") == 1


def test_fetch_shows_progress_if_asked(toy, capsys):
    assert main(["fetch", "--progress", "toy"]) == 0
    assert "toy-data==1.0" in capsys.readouterr().err


def test_verify_tells_ready_missing_and_damaged_apart(toy, letters, capsys):
    main(["fetch"])
    capsys.readouterr()
    assert main(["verify"]) == 0
    assert capsys.readouterr().err == ""
    _store.locations(toy)[0].unlink()
    _store.locations(letters)[0].write_bytes(LETTERS[:-1])
    assert main(["verify"]) == 1
    captured = capsys.readouterr()
    assert states(captured.out) == {"toy": "missing", "letters": "damaged"}
    assert captured.err == "to fetch: python -m dlguide.datasets fetch toy letters\n"
    assert main(["verify", "toy"]) == 1
    assert states(capsys.readouterr().out) == {"toy": "missing"}


def test_path_prints_the_files_or_what_to_do(toy, index, capsys):
    assert main(["path", "toy"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "toy is missing in " in captured.err
    assert "fetch toy" in captured.err
    assert index.requests == []
    main(["fetch", "toy"])
    capsys.readouterr()
    assert main(["path", "toy"]) == 0
    assert capsys.readouterr().out == f"{_store.locations(toy)[0]}\n"


@pytest.mark.parametrize("command", ["fetch", "verify", "path"])
def test_an_unknown_name_gets_a_suggestion_and_status_2(toy, capsys, command):
    with pytest.raises(SystemExit) as caught:
        main([command, "tyo"])
    assert caught.value.code == 2
    assert "Received: 'tyo'. Did you mean 'toy'?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["path"], ["remove"], ["list", "toy"]])
def test_a_command_that_makes_no_sense_has_status_2(toy, capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m dlguide.datasets" in capsys.readouterr().err


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dlguide.datasets", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_module_runs_as_a_program(tmp_path, monkeypatch):
    monkeypatch.setenv("DLGUIDE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DLGUIDE_OFFLINE", "1")
    listed = run("list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert states(listed.stdout) == {card.name: "missing" for card in _cards.registered()}
    failed = run("fetch", "digits")
    assert failed.returncode == 1
    assert "DLGUIDE_OFFLINE is set" in failed.stderr
    assert "Traceback" not in failed.stderr
    unknown = run("fetch", "digit")
    assert unknown.returncode == 2
    assert "Did you mean 'digits'?" in unknown.stderr
    assert run("--help").returncode == 0
