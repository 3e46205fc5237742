import ast
from pathlib import Path

import pytest

import api_use
from dlguide import record, training

ROOT = Path(__file__).parents[2]


def test_the_public_api_is_what_its_modules_list():
    found = api_use.public()
    assert {name for name in found if name.startswith("dlguide.training.")} == {
        f"dlguide.training.{name}" for name in training.__all__
    }
    assert isinstance(found["dlguide.models.convnet"], ast.FunctionDef)
    assert not any("._" in name for name in found)


@pytest.mark.parametrize(
    "code",
    [
        "from dlguide import training\ntraining.best_epoch({})",
        "from dlguide.training import best_epoch\nbest_epoch({})",
        "import dlguide.training as helpers\nhelpers.best_epoch({})",
        "import dlguide.training\ndef later():\n    return dlguide.training.best_epoch",
    ],
)
def test_a_use_is_found_however_it_is_imported(code):
    assert api_use.used(code) == {"dlguide.training.best_epoch"}


def test_another_library_or_the_same_name_is_no_use():
    assert api_use.used("import numpy as np\nbest_epoch = np.argmin\nbest_epoch([1])") == set()


PAGE = """
# A page

```{code-cell} python
:tags: [hide-input]

from dlguide import series
```

```python
first = series.windows
```

```text
series.fill_forward
```

```python
series.chronological_split(
```
"""


def test_cells_and_snippets_are_the_code_of_a_page():
    code = api_use.page_code(PAGE)
    assert "hide-input" not in code
    assert api_use.used(code) == {"dlguide.series.windows"}


def some(name, source):
    return {f"dlguide.{name}": ast.parse(source).body[0]}


def test_what_nothing_uses_is_found():
    objects = some("series.windows", "def windows() -> int: ...")
    objects |= some("series.fill_forward", "def fill_forward() -> int: ...")
    codes = ["from dlguide import series\nseries.windows()", "1"]
    assert api_use.unused(objects, codes) == ["dlguide.series.fill_forward"]
    assert len(api_use.unused(objects, [])) == 2


@pytest.mark.parametrize(
    "source",
    ["class Gone(LookupError): ...", "@dataclass(frozen=True)\nclass Row: ..."],
)
def test_errors_and_records_need_no_example(source):
    assert api_use.unused(some("text.Thing", source), []) == []


def test_a_class_that_a_function_returns_needs_none():
    objects = some("text.Words", "class Words: ...")
    assert api_use.unused(objects, []) == ["dlguide.text.Words"]
    objects |= some("text.words", "def words() -> tuple[Words, ...]: ...")
    assert api_use.unused(objects, []) == ["dlguide.text.words"]


def test_a_page_says_what_a_run_takes():
    name = record.names()[0]
    entry = record.read(name)
    said = api_use.cost(name)
    assert f"about {entry.cpu_seconds:.0f} s" in said
    assert api_use.cost("no/such_script") == ""


class App:
    srcdir = str(ROOT / "docs")


def test_a_gallery_page_names_what_its_script_uses():
    top = (
        "    .. note::\n\n        Go to the end\n        to download the full example code.\n\nText"
    )
    content = [top]
    api_use.describe(App, "gallery/06_text_and_sequences/plot_conv_front", content)
    assert "s of processor time" in content[0]
    assert ":obj:`~dlguide.series.windows`" in content[0]
    assert content[0].endswith("\n\nText")
    again = ["to download the full example code."]
    api_use.describe(App, "guide/index", again)
    assert again == ["to download the full example code."]


def test_the_report_warns_of_each(monkeypatch):
    warned = []
    monkeypatch.setattr(api_use.logger, "warning", lambda text, name: warned.append(text % name))
    api_use.report(App)
    assert warned == []
    extra = {"dlguide.series.nobody": ast.parse("def nobody(): ...").body[0]}
    monkeypatch.setattr(api_use, "public", lambda: extra)
    api_use.report(App)
    assert warned == ["api: no example and no page uses dlguide.series.nobody"]
