import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml

import dlguide
from examples import DEFAULT_CPU_SECONDS, DEFAULT_MEMORY_MB, read_example
from topics import Topic, read_outline, taught

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
OUTLINE = DOCS / "project" / "outline.toml"
DECISIONS = DOCS / "project" / "decisions"

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROSE = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(path for part in ("project", "how_to") for path in (DOCS / part).rglob("*.md")),
]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def text(path):
    return path.read_text(encoding="utf-8")


def shown(path):
    return path.relative_to(ROOT).as_posix()


# Commands and settings ------------------------------------------------------------------


def sessions(source):
    """Return the names of the sessions that a noxfile defines."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return {
        function.name
        for function in functions
        if any("nox.session" in ast.unparse(decorator) for decorator in function.decorator_list)
    }


def sessions_called(prose):
    return set(re.findall(r"\bnox (?:-\w+ )*-s ([a-z_]+)", prose))


def test_sessions_are_read_from_a_noxfile():
    session = "@nox.session\ndef one(s): ...\n"
    options = "@nox.session(default=False)\ndef two(s): ...\n"
    helper = "def helper(s): ...\n"
    source = session + options + helper
    assert sessions(source) == {"one", "two"}


def test_calls_of_sessions_are_read_from_prose():
    assert sessions_called("`python3 -m nox -s docs` or `nox -R -s unit -- x`") == {"docs", "unit"}


def test_readme_shows_the_two_commands():
    assert {"docs", "tests"} <= sessions_called(text(ROOT / "README.md"))


@pytest.mark.parametrize("path", [*PROSE, *WORKFLOWS], ids=shown)
def test_every_session_that_is_named_exists(path):
    assert sessions_called(text(path)) - sessions(text(ROOT / "noxfile.py")) == set()


def test_workflows_run_the_sessions_of_the_bench():
    assert set().union(*(sessions_called(text(path)) for path in WORKFLOWS)) == {
        "docs",
        "downloads",
        "newest",
        "site_tests",
        "tests",
    }


def variables(source):
    return set(re.findall(r"\bDLGUIDE_[A-Z_]*[A-Z]\b", source))


def test_every_environment_variable_of_the_code_is_explained_and_no_other():
    code = [*(ROOT / "src").rglob("*.py"), *(DOCS / "_ext").rglob("*.py")]
    read = set().union(*(variables(text(path)) for path in code))
    explained = variables(text(DOCS / "project" / "the_build.md"))
    assert explained == read
    for path in [*PROSE, *WORKFLOWS]:
        assert variables(text(path)) <= read, shown(path)


@pytest.mark.parametrize("page", ["add_an_example", "the_build"])
def test_default_budgets_are_those_that_the_pages_state(page):
    prose = text(DOCS / "project" / f"{page}.md")
    assert f"{DEFAULT_CPU_SECONDS:.0f} seconds of processor time" in prose
    assert f"{DEFAULT_MEMORY_MB:,.0f} megabytes of memory" in prose


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_supported_versions_of_python_are_stated(name):
    low, high = re.fullmatch(
        r">=3\.(\d+),<3\.(\d+)", PYPROJECT["project"]["requires-python"]
    ).groups()
    assert f"Python 3.{low} to 3.{int(high) - 1}" in text(ROOT / name)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_link_of_the_front_pages_leads_to_a_file(name):
    targets = re.findall(r"\]\(([^)#]+)", text(ROOT / name))
    assert targets
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / target).is_file()] == []


# The outline ----------------------------------------------------------------------------

KINDS = ("demo", "show", "prose")


def place(number):
    """Return a number of the outline as a key to sort by."""
    return [
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in re.findall(r"\d+|[a-z]", number)
    ]


def faults_of_outline(topics):
    """Return what is wrong with an outline, a sentence for each fault."""
    faults = []
    for topic in topics:
        if not re.fullmatch(r"[1-9](\.\d+){1,2}[a-z]?", topic.number):
            faults.append(f"{topic.number} is no address")
        if topic.kind not in KINDS:
            faults.append(f"{topic.number} is of no known kind")
        if not 5 <= len(topic.title) <= 70:
            faults.append(f"{topic.number} needs a title of 5 to 70 characters")
    numbers = [topic.number for topic in topics]
    if numbers != sorted(numbers, key=place):
        faults.append("the numbers are not in order")
    faults += [f"{number} occurs twice" for number, times in Counter(numbers).items() if times > 1]
    titles = Counter(topic.title for topic in topics)
    faults += [f"two topics are titled {title!r}" for title, times in titles.items() if times > 1]
    return faults


def test_outline_is_well_formed():
    assert faults_of_outline(read_outline(OUTLINE)) == []


@pytest.mark.parametrize(
    ("topics", "fault"),
    [
        ([Topic("3", "A chapter", "show")], "3 is no address"),
        ([Topic("3.1", "A topic", "film")], "3.1 is of no known kind"),
        ([Topic("3.1", "", "show")], "3.1 needs a title of 5 to 70 characters"),
        (
            [Topic("3.10", "A topic", "show"), Topic("3.2", "Another", "show")],
            "the numbers are not in order",
        ),
        ([Topic("3.1", "A topic", "show"), Topic("3.1", "Another", "show")], "3.1 occurs twice"),
        (
            [Topic("3.1", "A topic", "show"), Topic("3.2", "A topic", "show")],
            "two topics are titled 'A topic'",
        ),
    ],
)
def test_a_fault_of_the_outline_is_found(topics, fault):
    assert faults_of_outline(topics) == [fault]


def test_no_topic_has_been_lost_from_the_outline():
    topics = read_outline(OUTLINE)
    assert Counter(topic.kind for topic in topics) == {"demo": 25, "show": 23, "prose": 4}
    assert Counter(topic.number[0] for topic in topics) == {
        "1": 1, "2": 2, "3": 4, "4": 9, "5": 8, "6": 10, "7": 11, "8": 5, "9": 2,
    }  # fmt: skip


def unknown_topics(places, topics):
    """Return the numbers that scripts and pages name and the outline does not."""
    return sorted(places.keys() - {topic.number for topic in topics})


def demos_without_script(places, topics):
    """Return the demo topics that only pages teach."""
    return [
        topic.number
        for topic in topics
        if topic.kind == "demo"
        and topic.number in places
        and not any(name.startswith("gallery/") for name in places[topic.number])
    ]


def test_every_topic_that_is_named_stands_in_the_outline():
    places = taught(DOCS, ROOT / "examples")
    assert places
    assert unknown_topics(places, read_outline(OUTLINE)) == []


def test_every_demo_that_is_taught_has_a_script():
    assert demos_without_script(taught(DOCS, ROOT / "examples"), read_outline(OUTLINE)) == []


def test_an_unknown_topic_and_a_demo_without_script_are_found():
    topics = [Topic("3.1", "A topic", "prose"), Topic("3.2", "A demonstration", "demo")]
    places = {"3.1": ["guide/a"], "3.2": ["guide/a"], "3.3": ["gallery/b"]}
    assert unknown_topics(places, topics) == ["3.3"]
    assert demos_without_script(places, topics) == ["3.2"]
    assert demos_without_script({"3.2": ["guide/a", "gallery/b"]}, topics) == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples").glob("*/plot_*.py")), ids=lambda path: path.stem
)
def test_every_script_names_a_topic_of_its_chapter_first(path):
    chapter = int(path.parent.name.partition("_")[0])
    topics = read_example(path, ROOT / "examples").topics
    assert topics
    assert int(topics[0].partition(".")[0]) == chapter


def test_untaught_topics_are_reported(capsys):
    topics = read_outline(OUTLINE)
    places = taught(DOCS, ROOT / "examples")
    left = {
        kind: [t.number for t in topics if t.kind == kind and t.number not in places]
        for kind in KINDS
    }
    done = len(topics) - sum(len(numbers) for numbers in left.values())
    with capsys.disabled():
        print(f"\noutline: {done} of {len(topics)} topics are taught")
        for kind, numbers in left.items():
            if numbers:
                print(f"  not yet, {kind:5} {' '.join(numbers)}")


# Versions and the lock ------------------------------------------------------------------


def test_all_files_state_one_version():
    version = PYPROJECT["project"]["version"]
    assert dlguide.__version__ == version
    assert yaml.safe_load(text(ROOT / "CITATION.cff"))["version"] == version


def test_the_first_entry_of_the_changelog_is_this_version():
    entries = re.findall(r"^## (\S+)", text(ROOT / "CHANGELOG.md"), re.M)
    assert entries[0] == PYPROJECT["project"]["version"]


def test_licences_agree():
    licence = PYPROJECT["project"]["license"]
    assert yaml.safe_load(text(ROOT / "CITATION.cff"))["license"] == licence
    assert text(ROOT / "LICENSE").startswith("BSD 3-Clause License")
    assert licence == "BSD-3-Clause"


def test_the_citation_file_has_the_right_form():
    schema = ["--builtin-schema", "vendor.citation-file-format", "--default-filetype", "yaml"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(ROOT / "CITATION.cff")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def check_lock(root):
    command = [sys.executable, str(root / "requirements" / "lock.py"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_lock_belongs_to_the_dependencies():
    result = check_lock(ROOT)
    assert result.returncode == 0, result.stderr


def test_a_stale_lock_is_noticed(tmp_path):
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    changed, times = re.subn(r'"numpy>=[\d.]+"', '"numpy>=99"', text(ROOT / "pyproject.toml"))
    assert times == 1
    (tmp_path / "pyproject.toml").write_text(changed, encoding="utf-8")
    result = check_lock(tmp_path)
    assert result.returncode != 0
    assert "is stale" in result.stderr


# Decisions ------------------------------------------------------------------------------


def entries_of_toctree(page):
    """Return the entries of the one toctree of a page."""
    (body,) = re.findall(r"^```\{toctree\}\n(.*?)^```$", page, re.M | re.S)
    return [line for line in body.splitlines() if line and not line.startswith(":")]


def test_entries_of_a_toctree_are_read():
    assert entries_of_toctree("# A\n\n```{toctree}\n:maxdepth: 1\n\none\ntwo/index\n```\n") == [
        "one",
        "two/index",
    ]


@pytest.mark.parametrize("folder", ["project/decisions", "project", "how_to"])
def test_every_page_is_listed_once_in_its_index(folder):
    listed = entries_of_toctree(text(DOCS / folder / "index.md"))
    pages = {path.stem for path in (DOCS / folder).glob("*.md")} - {"index"}
    pages |= {f"{path.parent.name}/index" for path in (DOCS / folder).glob("*/index.md")}
    assert pages - set(listed) == set()
    assert len(listed) == len(set(listed))


def dependencies():
    groups = PYPROJECT["dependency-groups"].values()
    optional = PYPROJECT["project"]["optional-dependencies"].values()
    lines = [
        *PYPROJECT["project"]["dependencies"],
        *(line for part in (*optional, *groups) for line in part),
    ]
    return {re.match(r"[\w.-]+", line)[0] for line in lines if isinstance(line, str)}


def test_every_dependency_has_its_reason_and_no_other():
    cells = re.findall(r"^\| (`.+?`) \|", text(DECISIONS / "libraries.md"), re.M)
    named = [name for cell in cells for name in re.findall(r"`([\w.-]+)`", cell)]
    assert sorted(named) == sorted(dependencies())


# What must not stand in any file --------------------------------------------------------

# Written in pieces, so that this file does not contain them.
FORBIDDEN = re.compile(
    "|".join(
        [
            r"(?<![\w.~-])/(?:tmp|root|work|home|Users)" + "/",
            *(
                re.escape(".".join(host))
                for host in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))
            ),
        ]
    )
)


def forbidden(source):
    """Return the lines that name a folder of one machine or the host of a registry."""
    return [line.strip() for line in source.splitlines() if FORBIDDEN.search(line)]


@pytest.mark.parametrize(
    "pieces",
    [
        ("/tmp", "/page"),
        ("file:///home", "/me"),
        ('"/root', '/x"'),
        ("https://files.pythonhosted", ".org"),
        ("https://pypi", ".org/simple"),
    ],
)
def test_forbidden_strings_are_found(pieces):
    line = "".join(pieces)
    assert forbidden(f"before\n{line}\nafter") == [line]


@pytest.mark.parametrize(
    "pieces",
    [
        ("docs/wo", "rk/page"),
        ("https://example.org/ho", "me/"),
        ("~/data",),
        ("/guide/index",),
    ],
)
def test_harmless_paths_pass(pieces):
    assert forbidden("".join(pieces)) == []


def test_no_file_names_a_machine_or_a_registry():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("the files are known only in a checkout")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = {}
    for name in sorted(filter(None, listed.split("\0"))):
        if not (ROOT / name).is_file():
            continue
        try:
            lines = forbidden(text(ROOT / name))
        except UnicodeDecodeError:  # a picture, not text
            continue
        if lines:
            found[name] = lines
    assert found == {}
