import json
import os
from types import SimpleNamespace

import pytest

import known

ASKED = []


@known.kept
def doubled(text, times=2):
    ASKED.append(text)
    return text * times


@pytest.fixture
def app(tmp_path, monkeypatch):
    """Begin with a build that knows nothing."""
    ASKED.clear()
    monkeypatch.setattr(known, "_before", {})
    monkeypatch.setattr(known, "_now", {})
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "library.py").write_text("x = 1")
    monkeypatch.setattr(known, "ROOT", tmp_path)
    return SimpleNamespace(outdir=tmp_path / "html")


def next_build(app):
    known.store(app, None)
    known._now.clear()
    known.remember(app)


def test_the_next_build_knows_the_answer(app):
    assert doubled("ab") == doubled("ab") == "abab"
    next_build(app)
    assert doubled("ab") == "abab"
    assert ASKED == ["ab"]


def test_another_text_and_another_setting_are_other_questions(app):
    doubled("ab")
    next_build(app)
    assert doubled("ab ") == "ab ab "
    assert doubled("ab", 3) == "ababab"
    assert ASKED == ["ab", "ab ", "ab"]


def test_a_change_of_the_library_makes_all_questions_new(app, tmp_path):
    doubled("ab")
    known.store(app, None)
    (tmp_path / "src" / "library.py").write_text("x = 2")
    known._now.clear()
    known.remember(app)
    doubled("ab")
    assert ASKED == ["ab", "ab"]


def test_what_is_no_longer_asked_is_forgotten(app):
    doubled("a")
    doubled("b")
    next_build(app)
    doubled("b")
    next_build(app)
    assert list(json.loads(known.place(app).read_text())["answers"].values()) == ["bb"]


def test_a_build_that_learns_nothing_writes_nothing(app):
    doubled("a")
    next_build(app)
    os.utime(known.place(app), (1, 1))
    doubled("a")
    next_build(app)
    assert known.place(app).stat().st_mtime == 1


def test_the_state_is_that_of_the_library_and_of_this_code():
    ours = {path.name for path in known.ROOT.glob("docs/_ext/*.py")}
    assert {"definitions.py", "sources.py", "api_use.py", "known.py"} <= ours
    assert (known.ROOT / "src" / "dlguide" / "models").is_dir()
