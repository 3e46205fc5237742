"""Test the snippets of the prose and of the docstrings with sybil."""

import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser
from sybil.parsers.rest import SkipParser as RestSkipParser

ROOT = Path(__file__).parent


def in_empty_folder(namespace):
    """Give every page and docstring an empty folder and a fresh seed."""
    import tempfile

    namespace["_folder"] = tempfile.TemporaryDirectory()
    namespace["_before"] = Path.cwd()
    os.chdir(namespace["_folder"].name)


def tidy(namespace):
    """Leave nothing open behind a page or a docstring."""
    import matplotlib.pyplot as plt

    plt.close("all")
    plt.rcdefaults()
    os.chdir(namespace["_before"])
    namespace["_folder"].cleanup()


prose = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    path=str(ROOT),
    patterns=["*.md"],  # matched from the right: pages in every folder
    setup=in_empty_folder,
    teardown=tidy,
)
docstrings = Sybil(
    parsers=[DocTestParser(), RestSkipParser()],
    path=str(ROOT / "src"),
    patterns=["*.py"],
    setup=in_empty_folder,
    teardown=tidy,
)
pytest_collect_file = (prose + docstrings).pytest()
