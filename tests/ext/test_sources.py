import shutil
import sys
from pathlib import Path

import pytest

import dlguide
import sources
from sources import code_only, files_needed, fingerprint, modules_imported, modules_needed

BASE = '"""Base."""\n\nVALUE = 1  # one\n\n\ndef double():\n    """Double."""\n    return 2\n'
TYPED = """from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toylib import base
"""
LIBRARY = {
    "__init__.py": '"""The library."""\n',
    "base.py": BASE,
    "middle.py": "from toylib.base import VALUE\n",
    "top.py": "import toylib.middle\n",
    "other.py": "VALUE = 10\n",
    "lazy.py": "def later():\n    from toylib.base import VALUE\n    return VALUE\n",
    "typed.py": TYPED,
    "sub/__init__.py": "",
    "sub/deep.py": "from ..base import VALUE\n",
    "guide.mplstyle": "lines.linewidth: 2\n",
    "record/__init__.py": "WHERE = __file__\n",
    "record/01_first/plot_a.json": '{"seeds": [0]}\n',
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library ``toylib`` that can be imported, as files to edit."""
    folder = tmp_path / "toylib"
    for name, text in LIBRARY.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    forget()
    yield folder
    forget()


def forget():
    """Forget what was read of libraries, as a new build does."""
    sources._graph.cache_clear()
    sources._package_folder.cache_clear()
    sources.library_modules.cache_clear()
    sources._upstream.cache_clear()


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


# code_only


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("x = 1  # one\n", "x = 1"),
        ("# all of it\n", ""),
        ("", ""),
        ("x = 1\n\n\n   \ny = 2\n", "x = 1\ny = 2"),
        ("x = 1   \n", "x = 1"),
        ("x = 1", "x = 1"),
        ('"""One line."""\nx = 1\n', "x = 1"),
        ('"""Several\n\nlines.\n"""\nx = 1\n', "x = 1"),
        ("'plain'\nx = 1\n", "x = 1"),
        ('r"""Raw."""\nx = 1\n', "x = 1"),
        ('def f():\n    """Doc."""\n    return 1\n', "def f():\n    return 1"),
        ('def f():\n    """Doc\n\n    # no comment\n    """\n', "def f():"),
        ('async def f():\n    """Doc."""\n    return 1\n', "async def f():\n    return 1"),
        ('class A:\n    """Doc."""\n\n    x = 1\n', "class A:\n    x = 1"),
        (
            'class A:\n    def f(self):\n        """Doc."""\n        return 1\n',
            "class A:\n    def f(self):\n        return 1",
        ),
        ('"""Doc."""  # and a comment\nx = 1\n', "x = 1"),
    ],
)
def test_comments_docstrings_and_blank_lines_are_dropped(source, code):
    assert code_only(source) == code


@pytest.mark.parametrize(
    "source",
    [
        'x = "# no comment"',
        "x = '#1f2933'  # but this is one",
        'x = f"# {1} #"',
        'x = """\n# no comment\n"""',
        'x = 1\n"a string that is no docstring"',
        'if x:\n    "a string that is no docstring"',
        "x = 'ä # ö'",
    ],
)
def test_strings_are_code(source):
    assert code_only(source) == source.partition("  # but")[0]


def test_indentation_is_code():
    nested, flat = "if a:\n    b\n    c", "if a:\n    b\nc"
    assert (code_only(nested), code_only(flat)) == (nested, flat)


def test_lines_are_counted_as_python_counts_them():
    assert code_only('x = "\x0c \x85 \u2028"\n"""No docstring."""\n# gone\ny = 1\n') == (
        'x = "\x0c \x85 \u2028"\n"""No docstring."""\ny = 1'
    )


def test_code_stays_the_same_when_only_words_about_it_change():
    one = '"""A."""\n\n# B\nx = 1  # C\n\n\ndef f():\n    """D."""\n    return x\n'
    two = '"""E,\n\nF."""\nx = 1\ndef f():\n    """G,\n    H."""\n    # I\n\n    return x  # J\n'
    assert code_only(one) == code_only(two) == "x = 1\ndef f():\n    return x"


# Imports


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import toylib", {"toylib"}),
        ("import toylib.base", {"toylib.base"}),
        ("import toylib.base as b, toylib.other", {"toylib.base", "toylib.other"}),
        ("from toylib import base", {"toylib", "toylib.base"}),
        ("from toylib import base as b, other", {"toylib", "toylib.base", "toylib.other"}),
        ("from toylib.base import VALUE", {"toylib.base"}),
        ("from toylib.sub import deep", {"toylib.sub", "toylib.sub.deep"}),
        ("from toylib.base import *", {"toylib.base"}),
        ("def f():\n    import toylib.base", {"toylib.base"}),
        ("if True:\n    from toylib.base import VALUE", {"toylib.base"}),
        ("import numpy as np", set()),
        ("import toylibrary", set()),
        ("from . import base", set()),
        ("from .toylib import base", set()),
        ("x = 'import toylib'  # import toylib", set()),
        ("", set()),
    ],
)
def test_every_form_of_import_is_seen(library, source, modules):
    assert modules_imported(source, "toylib") == modules


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import toylib.base", {"base"}),
        ("import toylib.middle", {"middle", "base"}),
        ("import toylib.top", {"top", "middle", "base"}),
        ("import toylib.lazy", {"lazy", "base"}),
        ("import toylib.sub.deep", {"sub.deep", "base"}),
        ("import toylib.typed", {"typed"}),
        ("import toylib.other", {"other"}),
        ("import json", set()),
    ],
)
def test_what_is_imported_needs_what_it_imports_but_not_for_types(library, source, modules):
    assert modules_needed(source, "toylib") == {f"toylib.{name}" for name in modules}


def test_imports_are_read_without_importing(library):
    modules_needed("import toylib.top", "toylib")
    files_needed("import toylib.top", "toylib")
    assert not any(name.partition(".")[0] == "toylib" for name in sys.modules)


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("import toylib.middle", ["base.py", "middle.py"]),
        ("import toylib", ["__init__.py"]),
        ("import toylib.sub.deep, toylib.sub", ["base.py", "sub/__init__.py", "sub/deep.py"]),
        ("plt.style.use('toylib.guide')", ["guide.mplstyle"]),
        ("import toylib.other\nuse('toylib.guide')", ["guide.mplstyle", "other.py"]),
        ("import toylib.record", ["record/01_first/plot_a.json", "record/__init__.py"]),
        ("print('toylib.record')", []),
        ("", []),
    ],
)
def test_files_that_are_needed(library, source, files):
    found = files_needed(source, "toylib")
    assert [path.relative_to(library).as_posix() for path in found] == files
    assert all(path.is_file() for path in found)


def test_a_library_that_is_not_there_is_reported():
    with pytest.raises(ModuleNotFoundError, match="'no_such_library' is not installed"):
        sources._package_folder("no_such_library")


# Fingerprints

CHANGE_VALUE = ("base.py", "VALUE = 1", "VALUE = 2")


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("import toylib.base", CHANGE_VALUE),
        ("import toylib.middle", CHANGE_VALUE),
        ("from toylib import top", CHANGE_VALUE),
        ("def f():\n    import toylib.lazy", CHANGE_VALUE),
        ("import toylib.middle", ("middle.py", "VALUE", "VALUE as V")),
        ("import toylib.middle", ("middle.py", "base import VALUE", "other import VALUE")),
        ("use('toylib.guide')", ("guide.mplstyle", "2", "3")),
        ("import toylib.record", ("record/01_first/plot_a.json", "0", "1")),
        ("import toylib.record", ("record/__init__.py", "WHERE", "PLACE")),
    ],
)
def test_a_change_of_what_is_needed_changes_the_fingerprint(library, source, change):
    before = fingerprint(source, "toylib")
    name, old, new = change
    edit(library / name, old, new)
    forget()
    assert fingerprint(source, "toylib") != before


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("import toylib.other", CHANGE_VALUE),
        ("import toylib.typed", CHANGE_VALUE),
        ("import toylib", CHANGE_VALUE),
        ("import json", CHANGE_VALUE),
        ("x = 'toylib.base'", CHANGE_VALUE),
        ("import toylib.base", ("middle.py", "VALUE", "VALUE as V")),
        ("import toylib.middle", ("base.py", "# one", "# a comment")),
        ("import toylib.middle", ("base.py", '"""Base."""', '"""The base\n\nof it all."""')),
        ("import toylib.middle", ("base.py", '"""Double."""', '"""Two."""')),
        ("import toylib.middle", ("base.py", "\n\n\ndef", "\n\n\n\n# more\ndef")),
        ("import toylib.base", ("guide.mplstyle", "2", "3")),
        ("import toylib.base", ("record/01_first/plot_a.json", "0", "1")),
    ],
)
def test_any_other_change_leaves_the_fingerprint(library, source, change):
    before = fingerprint(source, "toylib")
    name, old, new = change
    edit(library / name, old, new)
    forget()
    assert fingerprint(source, "toylib") == before


def test_a_new_entry_of_the_record_changes_what_reads_the_record(library):
    reads, other = "import toylib.record", "import toylib.base"
    before = fingerprint(reads, "toylib"), fingerprint(other, "toylib")
    (library / "record" / "01_first" / "plot_b.json").write_text("{}", encoding="utf-8")
    after = fingerprint(reads, "toylib"), fingerprint(other, "toylib")
    assert (after[0] != before[0], after[1] == before[1]) == (True, True)


def test_code_that_moves_to_another_module_changes_the_fingerprint(library):
    before = fingerprint("import toylib.other", "toylib")
    (library / "other.py").rename(library / "another.py")
    forget()
    assert fingerprint("import toylib.another", "toylib") != before


def test_the_place_of_the_library_does_not_count(library, tmp_path, monkeypatch):
    before = fingerprint("import toylib.top, toylib.record", "toylib")
    moved = tmp_path / "elsewhere"
    shutil.move(library, moved / "toylib")
    monkeypatch.setattr(sys, "path", [str(moved), *sys.path])
    forget()
    assert fingerprint("import toylib.top, toylib.record", "toylib") == before
    assert files_needed("import toylib.top", "toylib")[0].is_relative_to(moved)


def test_the_text_itself_counts_only_when_it_is_asked_for(library):
    one, two = "import toylib.base\nx = 1", "import toylib.base\nx = 2"
    assert fingerprint(one, "toylib") == fingerprint(two, "toylib")
    assert fingerprint(one, "toylib", own=True) != fingerprint(two, "toylib", own=True)
    assert fingerprint(one, "toylib", own=True) != fingerprint(one, "toylib")


def test_comments_of_the_text_itself_do_not_count(library):
    one = '"""A."""\nimport toylib.base\nx = 1\n'
    two = '"""B."""\n# %%\n# Prose.\nimport toylib.base\n\nx = 1  # one\n'
    assert fingerprint(one, "toylib", own=True) == fingerprint(two, "toylib", own=True)


def test_an_edit_of_the_library_changes_the_own_fingerprint_too(library):
    source = "import toylib.middle"
    before = fingerprint(source, "toylib", own=True)
    edit(library / "base.py", "VALUE = 1", "VALUE = 2")
    assert fingerprint(source, "toylib", own=True) != before


def test_the_library_of_the_guide_is_the_one_by_default():
    library = Path(dlguide.__file__).parent
    assert files_needed("import dlguide.plots") == [library / "plots.py"]
    assert files_needed("plt.style.use('dlguide.guide')") == [library / "guide.mplstyle"]
    assert library / "record" / "__init__.py" in files_needed("from dlguide import record")
