"""The public API: documented completely, and light to import."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest
from numpydoc.validate import validate

import dlguide

ROOT = Path(__file__).parents[1]
MODULES = sorted(name for name in dlguide.__all__ if not name.startswith("__"))
#: What every public docstring must have: a summary of one line that ends in a full stop,
#: all parameters by name, type and description, and what comes back.
CHECKS = {
    "GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL10", "SS01", "SS02", "SS03",
    "SS04", "SS05", "SS06", "ES01", "PR01", "PR02", "PR03", "PR04", "PR06", "PR07", "PR08",
    "PR09", "PR10", "RT01", "RT02", "RT03", "RT04", "RT05", "YD01",
}  # fmt: skip
#: Where a sentence says it all, nothing longer is asked for; returned kinds are phrases.
CHECKS -= {"ES01", "GL01", "PR08", "RT04", "RT02"}


def public_objects():
    for module in MODULES:
        names = importlib.import_module(f"dlguide.{module}").__all__
        yield from (f"dlguide.{module}.{name}" for name in names)


def test_modules_are_those_of_the_package():
    found = {module.name for module in pkgutil.iter_modules(dlguide.__path__)}
    assert set(MODULES) == found
    assert dir(dlguide) == sorted(dlguide.__all__)


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'dlguide' has no attribute 'nothing'"):
        dlguide.nothing  # noqa: B018


@pytest.mark.parametrize("name", [*public_objects()])
def test_docstring_is_complete(name):
    faults = [text for code, text in validate(name)["errors"] if code in CHECKS]
    assert faults == []


@pytest.mark.parametrize("name", [*public_objects()])
def test_function_has_an_example(name):
    module, _, attribute = name.rpartition(".")
    thing = getattr(importlib.import_module(module), attribute)
    if inspect.isfunction(thing):
        assert ">>>" in inspect.getdoc(thing)


@pytest.mark.parametrize("module", MODULES)
def test_module_has_its_page(module):
    page = ROOT / "docs" / "reference" / f"{module}.md"
    assert f"automodule:: dlguide.{module}" in page.read_text(encoding="utf-8")
