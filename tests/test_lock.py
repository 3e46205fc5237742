import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
#: Lines of each kind of table, as they are written now.
NUMPY, SKLEARN, PYTEST = (
    re.search(rf'"{name}>=[^"]*"', PYPROJECT)[0] for name in ("numpy", "scikit-learn", "pytest")
)
REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.+!]+)(?P<marker> ; [^\\]+?)?"
    r"(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)"
)


@pytest.fixture
def lock():
    """The script that locks, as a module of its own."""
    spec = importlib.util.spec_from_file_location("lock", ROOT / "requirements" / "lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(lock, tmp_path, monkeypatch):
    """A copy of the two files, which the script takes for the real ones."""
    (tmp_path / "requirements").mkdir()
    for name in ("pyproject.toml", "requirements/locked.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    monkeypatch.setattr(lock, "LOCK", tmp_path / "requirements" / "locked.txt")
    return tmp_path


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def requirements(text):
    """Return the requirements of a lock, each on one line."""
    joined = re.sub(r" *\\\n +", " ", text)
    return [line for line in joined.splitlines() if not line.startswith("#")]


# Is it up to date?


def test_the_lock_belongs_to_the_project(lock):
    lock.check()


def test_a_copy_is_as_good(lock, copy):
    lock.check()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NUMPY, '"numpy>=999"'),
        (NUMPY, f'{NUMPY}, "scipy"'),
        (f"{NUMPY},", ""),
        (SKLEARN, '"scikit-learn>=999"'),
        (PYTEST, '"pytest>=999"'),
        ('requires-python = ">=3.', 'requires-python = ">=3.0'),
        ("[dependency-groups]", '[dependency-groups]\nmore = ["scipy"]'),
        ("[project.optional-dependencies]", '[project.optional-dependencies]\nmore = ["scipy"]'),
    ],
)
def test_a_change_of_the_dependencies_makes_the_lock_stale(lock, copy, old, new):
    edit(copy / "pyproject.toml", old, new)
    with pytest.raises(SystemExit, match=r"locked\.txt is stale: .* Run 'nox -s lock'"):
        lock.check()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[project]", "# A comment.\n[project]"),
        (f"{NUMPY},", f"{NUMPY}, # a comment"),
        ("line-length = ", "line-length = 1"),
        ('version = "', 'version = "1'),
    ],
)
def test_any_other_change_leaves_the_lock_up_to_date(lock, copy, old, new):
    edit(copy / "pyproject.toml", old, new)
    lock.check()


def test_a_lock_that_is_not_there_is_stale(lock, copy):
    (copy / "requirements" / "locked.txt").unlink()
    with pytest.raises(SystemExit, match="Run 'nox -s lock'"):
        lock.check()


def test_a_lock_without_its_first_line_is_stale(lock, copy):
    edit(copy / "requirements" / "locked.txt", lock.PREFIX, "# ")
    with pytest.raises(SystemExit, match="Run 'nox -s lock'"):
        lock.check()


@pytest.mark.parametrize(("change", "code"), [(False, 0), (True, 1)])
def test_the_command_checks_without_a_network_and_changes_nothing(tmp_path, change, code):
    for name in ("pyproject.toml", "requirements/locked.txt", "requirements/lock.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    if change:
        edit(tmp_path / "pyproject.toml", NUMPY, '"numpy>=999"')
    before = (tmp_path / "requirements" / "locked.txt").read_bytes()
    command = [sys.executable, str(tmp_path / "requirements" / "lock.py"), "--check"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == code
    assert ("Run 'nox -s lock'" in ended.stderr) == change
    assert (tmp_path / "requirements" / "locked.txt").read_bytes() == before


def test_making_the_lock_puts_the_hash_of_the_tables_first(lock, copy, monkeypatch):
    calls = []

    def compile_instead(command, **options):
        calls.append((command, options))
        lock.LOCK.write_text("toy==1.0 \\\n    --hash=sha256:00\n", encoding="utf-8")

    monkeypatch.setattr(lock.subprocess, "run", compile_instead)
    edit(copy / "pyproject.toml", NUMPY, '"numpy>=999"')
    lock.make(["--upgrade"])
    ((command, options),) = calls
    assert {"--universal", "--generate-hashes", "--no-emit-index-url"} <= set(command)
    assert command[-1] == "--upgrade"
    assert options == {"cwd": copy, "check": True}
    first, rest = lock.LOCK.read_text(encoding="utf-8").split("\n", 1)
    assert first == lock.PREFIX + lock.tables_hash()
    assert rest == "toy==1.0 \\\n    --hash=sha256:00\n"
    lock.check()


# What does it hold?


@pytest.fixture(scope="module")
def locked():
    return (ROOT / "requirements" / "locked.txt").read_text(encoding="utf-8")


def test_every_requirement_is_one_version_with_hashes(locked):
    lines = requirements(locked)
    assert len(lines) > 50
    assert [line for line in lines if not REQUIREMENT.fullmatch(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "toy==1.0",
        "toy>=1.0 --hash=sha256:" + 64 * "0",
        "toy==1.0 --hash=md5:" + 32 * "0",
        "toy @ https://a.org/toy.whl --hash=sha256:" + 64 * "0",
        "--index-url https://a.org/simple",
        "-e .",
    ],
)
def test_anything_else_would_be_noticed(line):
    assert REQUIREMENT.fullmatch(line) is None


def test_the_lock_names_no_server(locked):
    assert re.findall(r"://|@|\bindex-url\b|\bfind-links\b|\btrusted-host\b", locked) == []
    assert re.findall(r"\b(?:localhost|\d+\.\d+\.\d+\.\d+:\d+)\b", locked) == []


def test_every_package_that_is_asked_for_directly_is_locked(locked):
    stored = tomllib.loads(PYPROJECT)
    asked = list(stored["project"]["dependencies"])
    for group in stored["project"]["optional-dependencies"].values():
        asked += group
    for group in stored["dependency-groups"].values():
        asked += [item for item in group if isinstance(item, str)]
    names = {re.match(r"[\w.-]+", item)[0].lower() for item in asked}
    found = {REQUIREMENT.fullmatch(line)["name"].lower() for line in requirements(locked)}
    assert names - found == set()
