"""Where the built guide lies, and what to do where there is none."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SITE = ROOT / "docs" / "_build" / "html"


def skip(message):
    """Skip a test; on a CI service, which sets ``CI``, fail."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def need_site():
    """Skip where the guide is not built."""
    if not (SITE / "index.html").is_file():
        skip("There is no built guide to look at: run 'nox -s docs' first.")


def pages():
    """Return the files of all pages."""
    return sorted(SITE.rglob("*.html"))


def shown(path):
    """Return the address of a page within the site."""
    return path.relative_to(SITE).as_posix()
