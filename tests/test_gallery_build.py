"""Build a miniature guide again and again, and look at what runs and what fails.

The miniature has the real extensions, a small library of its own under the real name, three
scripts and one page with a cell. Its library: ``middle`` imports ``base``; ``other`` stands
alone.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = '''"""
{title}
{line}

A script of the miniature.
"""

# %%
# Setup
# -----

{code}

# sphinx_gallery_topics = ["3.1"]
'''
FIGURE = """
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.plot([1, 2], [3, 4])
ax.set(title="A line")
fig.set_label("A line that rises.")
"""
CODE = {
    "a": "from dlguide import middle\n\nprint('a says', middle.value())\nmeasured = {'a': 1.0}",
    "b": "import dlguide.other\n\nprint('b says', dlguide.other.VALUE)" + FIGURE,
    "c": "print('c says', 1)",
}
LIBRARY = {
    "__init__": '"""The miniature library."""\n__version__ = "0"\n',
    "base": '"""Base."""\n\nVALUE = 1\n',
    "middle": """from dlguide.base import VALUE\n\n\ndef value():\n    return VALUE\n""",
    "other": '"""Other."""\n\nVALUE = 10\n',
    "datasets": '"""No data."""\n',
}
CONF = f"""
import os
import sys

sys.path.insert(0, {str(ROOT / "docs" / "_ext")!r})
import processes

processes.PRELOAD[:] = ["matplotlib.pyplot"]
os.environ["IPYTHONDIR"] = os.path.abspath("ipython")
extensions = ["figures", "gallery_runner", "leftovers", "stale_pages", "myst_nb"]
extensions += ["sphinx_gallery.gen_gallery"]
source_suffix = {{".md": "myst-nb", ".rst": "restructuredtext"}}
exclude_patterns = ["_build", "gallery/**.ipynb"]
suppress_warnings = ["config.cache"]
html_theme = "basic"
nb_execution_mode = "cache"
nb_execution_cache_path = os.path.abspath("_build/jupyter-cache")
nb_execution_raise_on_error = True
sphinx_gallery_conf = {{
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"[/\\\\]plot_",
    "image_scrapers": ("figures.scrape",),
    "reset_modules": (),
    "capture_repr": ("_repr_html_",),
    "remove_config_comments": True,
    "write_computation_times": False,
    "min_reported_time": 1e9,
}}
"""
PAGE = """---
file_format: mystnb
kernelspec:
  name: python3
---

# A page

```{code-cell} python
from dlguide import middle

print("the page says", middle.value())
```

```{toctree}
gallery/index
```
"""


class Guide:
    """The miniature in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.library = root / "src" / "dlguide"
        self.examples = root / "examples" / "01_first"
        self.docs = root / "docs"
        for folder in (self.library, self.examples, self.docs):
            folder.mkdir(parents=True)
        for name, text in LIBRARY.items():
            (self.library / f"{name}.py").write_text(text)
        record = ROOT / "src" / "dlguide" / "record" / "__init__.py"
        (self.library / "record").mkdir()
        shutil.copy(record, self.library / "record")
        for folder in (self.examples, self.examples.parent):
            (folder / "GALLERY_HEADER.rst").write_text("Gallery\n=======\n\nScripts.\n")
        for name, code in CODE.items():
            self.write(name, code)
        (self.docs / "conf.py").write_text(CONF)
        (self.docs / "index.md").write_text(PAGE)

    def write(self, name: str, code: str, settings: str = "") -> None:
        """Write the script of one letter."""
        title = f"Script {name}"
        text = SCRIPT.format(title=title, line="=" * len(title), code=code) + settings
        (self.examples / f"plot_{name}.py").write_text(text)

    def remember(self, name: str, values: list[float]) -> None:
        """Write the record of one script: what ``measured`` under its own letter."""
        entry = {
            "seeds": list(range(len(values))),
            "measured": {name: values},
            "cpu_seconds": 1.0,
            "peak_memory_mb": 100,
            "versions": {},
            "date": "2026-01-01",
            "sources": "",
        }
        path = self.library / "record" / "01_first" / f"plot_{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(entry))

    def build(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Build the miniature with warnings as errors."""
        env = {**os.environ, "PYTHONPATH": str(self.library.parent), **environment}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [sys.executable, "-m", "sphinx", "-W", "-b", "html", ".", "_build/html"]
        return subprocess.run(
            command, cwd=self.docs, env=env, capture_output=True, text=True, check=False
        )

    def ran(self, **environment: str) -> list[str]:
        """Build, and return the letters of the scripts that ran, sorted."""
        done = self.build(**environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return sorted(re.findall(r"passed 01_first/plot_(\w)", done.stdout))

    def fails(self, **environment: str) -> str:
        """Build, and return what a failing build says."""
        done = self.build(**environment)
        assert done.returncode != 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def html(self, page: str) -> str:
        """Return a built page."""
        return (self.docs / "_build" / "html" / f"{page}.html").read_text()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A miniature that has been built once, to be copied."""
    guide = Guide(tmp_path_factory.mktemp("built") / "guide")
    assert guide.ran() == ["a", "b", "c"]
    return guide


@pytest.fixture
def guide(built):
    """The built miniature as it was; every test leaves it different."""
    # In its place, for the environment of Sphinx holds absolute paths.
    kept = built.root.with_name("kept")
    if not kept.exists():
        shutil.copytree(built.root, kept)
    shutil.rmtree(built.root)
    shutil.copytree(kept, built.root)
    return built


def test_pages_hold_output_and_both_figures_with_their_description(guide):
    assert "a says 1" in guide.html("gallery/01_first/plot_a")
    page = guide.html("gallery/01_first/plot_b")
    assert "b says 10" in page
    images = re.findall(r"<img[^>]*dlguide-figure[^>]*>", page)
    assert len(images) == 2
    assert [re.search(r"only-\w+", image)[0] for image in images] == ["only-light", "only-dark"]
    assert all('alt="A line that rises."' in image for image in images)
    assert "the page says 1" in guide.html("index")


def test_nothing_changed_runs_nothing(guide):
    done = guide.build()
    assert done.returncode == 0
    assert "gallery: nothing to run" in done.stdout
    assert "0 added, 0 changed, 0 removed" in done.stdout


def test_one_script_edited_runs_alone(guide):
    guide.write("c", "print('c says', 2)")
    assert guide.ran() == ["c"]
    assert "c says 2" in guide.html("gallery/01_first/plot_c")


def test_library_edited_runs_what_imports_it_directly(guide):
    (guide.library / "other.py").write_text(LIBRARY["other"].replace("10", "11"))
    assert guide.ran() == ["b"]
    assert "b says 11" in guide.html("gallery/01_first/plot_b")
    assert "the page says 1" in guide.html("index")


def test_library_edited_runs_what_imports_it_indirectly_pages_too(guide):
    (guide.library / "base.py").write_text(LIBRARY["base"].replace("1", "2"))
    assert guide.ran() == ["a"]
    assert "a says 2" in guide.html("gallery/01_first/plot_a")
    assert "the page says 2" in guide.html("index")


def test_docstring_and_comment_edited_runs_nothing(guide):
    text = LIBRARY["base"].replace("Base.", "The base.") + "# a comment\n"
    (guide.library / "base.py").write_text(text)
    assert guide.ran() == []


def test_lost_page_runs_again(guide):
    (guide.docs / "gallery" / "01_first" / "plot_c.rst").unlink()
    assert guide.ran() == ["c"]


def test_failing_script_is_named_with_line_and_reason_and_retried(guide):
    guide.write("c", "x = 1\nassert x == 2, 'x is not two'")
    said = guide.fails()
    line = (guide.examples / "plot_c.py").read_text().splitlines().index(
        "assert x == 2, 'x is not two'"
    )  # fmt: skip
    assert "1 of 1 examples failed" in said
    assert f"examples/01_first/plot_c.py:{line + 1}: AssertionError: x is not two" in said
    assert "assert x == 2" in said.partition("x is not two")[2]

    junit = ET.parse(guide.docs / "_build" / "junit-gallery.xml").getroot()
    (case,) = junit.findall("testcase")
    assert case.get("name") == "plot_c"
    assert "x is not two" in case.find("failure").text

    assert "1 of 1 examples failed" in guide.fails()  # not forgotten
    guide.write("c", "print('c says', 1)")
    assert guide.ran() == ["c"]


@pytest.mark.parametrize(
    ("code", "settings", "reason"),
    [
        pytest.param(
            "import time\n\nend = time.process_time() + 1.3\nwhile time.process_time() < end: pass",
            '# sphinx_gallery_budget = {"cpu_seconds": 5, "because": "a test"}',
            r"took [\d.]+ s of processor time; its budget is 1 s",
            id="too-slow",
        ),
        pytest.param(
            "print(1)",
            '# sphinx_gallery_budget = {"memory_mb": 5, "because": "a test"}',
            r"needed \d+ MB of memory; its budget is 5 MB",
            id="too-large",
        ),
        pytest.param(
            "import time\n\ntime.sleep(600)",
            '# sphinx_gallery_budget = {"cpu_seconds": 5, "because": "a test"}',
            "It hangs: stopped after",
            id="hangs",
        ),
        pytest.param("import os\n\nos._exit(3)", "", "exit code 3", id="dies"),
        pytest.param(
            "import warnings\n\nwarnings.warn('odd', stacklevel=1)", "", "UserWarning: odd",
            id="warns",
        ),
        pytest.param(
            FIGURE.replace("fig.set_label", "print"), "", "A figure needs a label", id="no-label"
        ),
    ],
)  # fmt: skip
def test_script_that_breaks_a_rule_fails_by_name(guide, code, settings, reason):
    guide.write("c", code, settings)
    said = guide.fails(DLGUIDE_BUDGET_SCALE="0.2")  # 15 s of waiting: enough for a busy machine
    assert re.search(rf"examples/01_first/plot_c\.py:\d+: .*{reason}", said), said


def test_number_outside_the_band_of_the_record_fails(guide):
    guide.remember("a", [0.8, 0.85])
    guide.write("a", "measured = {'a': 1.0}")
    said = guide.fails()
    assert "plot_a.py:1: a = 1 is outside its band, 0.75 to 0.9" in said
    guide.write("a", "measured = {'a': 0.82}")
    assert guide.ran() == ["a"]


def test_removed_script_loses_its_page(guide):
    (guide.examples / "plot_b.py").unlink()
    assert guide.ran() == []
    left = [path.name for path in (guide.docs / "gallery" / "01_first").rglob("*plot_b*")]
    assert left == []
    assert not (guide.docs / "_build" / "html" / "gallery" / "01_first" / "plot_b.html").exists()
    assert (guide.docs / "_build" / "html" / "search.html").exists()


SPY = """
import json

import matplotlib as mpl
import numpy as np

from dlguide import other

print("seen:", mpl.rcParams["lines.linewidth"], json.dumps([1]), other.VALUE)
print("seen:", np.get_printoptions()["precision"], sorted(vars(other))[-1])
"""
VANDAL = """
import json

import matplotlib as mpl
import numpy as np

from dlguide import other

np.set_printoptions(precision=1)
mpl.rcParams["lines.linewidth"] = 9
json.dumps = str
other.VALUE = "changed"
other.zebra = 1
"""


def test_nothing_leaks_from_script_to_script(guide):
    guide.write("b", SPY)
    assert guide.ran() == ["b"]
    alone = re.findall("seen: .*", guide.html("gallery/01_first/plot_b"))
    assert len(alone) == 2

    guide.write("a", VANDAL)
    guide.write("b", f"{SPY}# once more")
    guide.write("c", VANDAL)
    assert guide.ran(DLGUIDE_JOBS="1") == ["a", "b", "c"]
    assert re.findall("seen: .*", guide.html("gallery/01_first/plot_b")) == alone
