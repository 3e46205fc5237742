import sys

import pytest

import definitions
import sources
from definitions import numbers_hash, reached
from examples import Example

LIBRARY = {
    "__init__.py": "",
    "tools.py": (
        "from toylib import base\nfrom toylib.base import HALF as half\n\n"
        "def used():\n    return helper() + half\n\n"
        "def helper():\n    return base.VALUE\n\n"
        "def unused():\n    return base.OTHER\n\n"
        "@staticmethod\ndef decorated():\n    return 1\n"
    ),
    "base.py": "VALUE = 1\nOTHER = 2\nHALF: float = 0.5\nprint\n",
    "room/__init__.py": "from toylib.room.inner import thing\n",
    "room/inner.py": "def thing():\n    from toylib.tools import used\n    return used()\n",
    "typed.py": (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from toylib import base\n"
        "def f(x: base.VALUE): return x\n"
    ),
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    for name, text in LIBRARY.items():
        path = tmp_path / "toylib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    forget()
    yield tmp_path / "toylib"
    forget()


def forget():
    sources._graph.cache_clear()
    sources._package_folder.cache_clear()
    sources.library_modules.cache_clear()
    sources._upstream.cache_clear()
    definitions.read_module.cache_clear()
    definitions._hash.cache_clear()
    definitions._definition.cache_clear()
    definitions.named.cache_clear()


def names(source):
    return {
        f"{module.removeprefix('toylib.')}:{name}" for module, name in reached(source, "toylib")
    }


USED = {"tools:used", "tools:helper", "base:VALUE", "base:HALF"}


@pytest.mark.parametrize(
    "source",
    [
        "from toylib import tools\ntools.used()",
        "from toylib import tools as t\nprint(t.used)",
        "from toylib.tools import used\nused()",
        "from toylib.tools import used as u\nx = [u]",
        "import toylib.tools\ntoylib.tools.used()",
        "def f():\n    from toylib.tools import used\n    return used()",
    ],
)
def test_what_is_called_and_what_that_calls_is_reached(library, source):
    assert names(source) == USED


def test_re_exports_and_imports_inside_functions_are_followed(library):
    expected = USED | {"room:thing", "room.inner:thing"}
    assert names("from toylib import room\nroom.thing()") == expected


def test_imports_for_types_are_not_followed(library):
    assert names("from toylib import typed\ntyped.f(1)") == {"typed:f"}


def test_what_is_imported_and_never_named_is_not_reached(library):
    assert names("from toylib import tools, base\nbase.VALUE") == {"base:VALUE"}


@pytest.mark.parametrize("use", ["hand_on(base)", "base.not_there"])
def test_module_as_an_object_and_unknown_name_stand_for_all_of_it(library, use):
    code = "\n".join(reached(f"from toylib import base\n{use}", "toylib").values())
    assert all(line in code for line in ("VALUE = 1", "OTHER = 2", "HALF: float = 0.5"))


def test_what_a_module_executes_counts_with_each_of_its_definitions(library):
    (code,) = reached("from toylib.base import VALUE\nVALUE", "toylib").values()
    assert code == "VALUE = 1\nprint"


def test_decorators_count(library):
    (code,) = reached("from toylib.tools import decorated\ndecorated()", "toylib").values()
    assert code.startswith("@staticmethod\ndef decorated")


def test_edits_change_what_names_them_alone(library):
    used = "from toylib import tools\ntools.used()"
    before = reached(used, "toylib")
    base = library / "base.py"
    base.write_text(base.read_text().replace("OTHER = 2", "OTHER = 3\nNEW = 1  # new"))
    forget()
    assert reached(used, "toylib") == before
    base.write_text(base.read_text().replace("VALUE = 1", "VALUE = 7"))
    forget()
    assert reached(used, "toylib") != before


def test_hash_counts_numbers_and_data_but_not_drawing(tmp_path):
    path = tmp_path / "plot_a.py"
    code = "from dlguide import plots, training\ntraining.best_epoch({'val_loss': [1]})\n"

    def hashed(text, datasets=()):
        path.write_text(text, encoding="utf-8")
        return numbers_hash(Example(path, "01/plot_a", "A", datasets=datasets))

    plain = hashed(code)
    assert hashed(f"{code}# a comment\n") == plain
    assert hashed(code.replace("[1]", "[2]")) != plain
    assert hashed(code, ("digits",)) not in {plain, hashed(code, ("tales",))}
    assert [module for module, _ in reached("from dlguide import plots\nplots.bars")] == []
