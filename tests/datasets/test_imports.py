from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"keras", "tensorflow", "pandas", "matplotlib", "requests", "pypi_simple"}


def imported_by(statement: str) -> set[str]:
    program = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_heavy():
    assert imported_by("import dlguide").isdisjoint(HEAVY | {"numpy"})


@pytest.mark.parametrize(
    "statement", ["import dlguide.datasets", "import dlguide; dlguide.datasets.cards()"]
)
def test_importing_the_data_sets_imports_only_numpy(statement):
    found = imported_by(statement)
    assert "numpy" in found
    assert found.isdisjoint(HEAVY)


def test_loading_from_the_cache_needs_no_keras_or_pandas():
    statement = "from dlguide import datasets; datasets.tales()"
    assert imported_by(statement).isdisjoint({"keras", "tensorflow", "pandas", "matplotlib"})
