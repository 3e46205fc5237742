"""The bench: everything that is done with dlguide, as short sessions.

``nox -l`` lists them with what they do; ``nox -s NAME`` runs one.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import nox

ROOT = Path(__file__).parent
DOCS = ROOT / "docs"
BUILD = DOCS / "_build"
SITE = BUILD / "html"
LOCK = "requirements/locked.txt"

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "none"  # 'prepare' makes the one environment

#: One environment serves all sessions: what is tested is what builds the guide.
ENVIRONMENT = ROOT / ".nox" / "dlguide"
#: Compiled bytecode halves the time that TensorFlow takes to import.
INSTALL = {"UV_COMPILE_BYTECODE": "1", "UV_PYTHON_DOWNLOADS": "never"}
if "PIP_INDEX_URL" in os.environ:  # a mirror that is set up for pip serves uv as well
    INSTALL["UV_DEFAULT_INDEX"] = os.environ.get("UV_DEFAULT_INDEX", os.environ["PIP_INDEX_URL"])
#: How many examples, pages or files of tests run side by side; by default one for each core.
JOBS = os.environ.get("DLGUIDE_JOBS") or "auto"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}


def run(session: nox.Session, program: str, *arguments: str, **options: Any) -> None:
    """Run a program of the project's environment."""
    folder = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
    session.run(str(folder / program), *arguments, external=True, **options)


def uv(session: nox.Session, *arguments: str) -> None:
    """Run the uv that stands beside nox."""
    session.run(sys.executable, "-m", "uv", *arguments, env=INSTALL, external=True)


def prepare(session: nox.Session) -> None:
    """Install exactly what the lock file says, and dlguide itself."""
    started = time.monotonic()
    session.run(sys.executable, "requirements/lock.py", "--check", external=True)
    if not (ENVIRONMENT / "pyvenv.cfg").is_file():
        uv(session, "venv", "--quiet", "--python", sys.executable, str(ENVIRONMENT))
    here = ("--quiet", "--python", str(ENVIRONMENT))  # uv alone would take nox's environment
    uv(session, "pip", "sync", *here, "--require-hashes", LOCK)
    uv(session, "pip", "install", *here, "--no-deps", "--no-build-isolation", "-e", ".")
    note_time("environment", started)


def note_time(what: str, started: float) -> None:
    """Keep how long a step took, for the session 'times'."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "times.tsv").open("a", encoding="utf-8") as table:
        table.write(f"{what}\t{time.monotonic() - started:.1f}\n")


def fetch(session: nox.Session) -> None:
    """Bring the data sets to the cache; nothing after this touches the network."""
    started = time.monotonic()
    run(session, "python", "-m", "dlguide.datasets", "fetch")
    note_time("data", started)


def build(session: nox.Session, *options: str, kind: str = "html") -> None:
    """Build the guide with Sphinx."""
    started = time.monotonic()
    run(
        session, "python", "-m", "sphinx", "-b", kind, "-d", str(BUILD / "doctrees"),
        "-j", JOBS, *options, str(DOCS), str(BUILD / kind), env=QUIET,
    )  # fmt: skip
    note_time("guide" if kind == "html" else kind, started)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the whole guide, running every example that needs it; warnings are errors."""
    (BUILD / "times.tsv").unlink(missing_ok=True)
    prepare(session)
    fetch(session)
    build(session, "-W", "-n", "--keep-going", *session.posargs)
    session.log(f"The guide is built. Open {(SITE / 'index.html').as_uri()}")


@nox.session
def tests(session: nox.Session) -> None:
    """Pass everything: lint, types, unit tests, the snippets of the prose."""
    prepare(session)
    check_lint(session)
    check_types(session)
    # the snippets of a page build on each other: a file is never divided
    side_by_side = ("-n", JOBS, "--dist", "loadfile")
    run(session, "python", "-m", "pytest", *side_by_side, *session.posargs, env=QUIET)


@nox.session(default=False)
def lint(session: nox.Session) -> None:
    """Check style, spelling, imports between modules and the workflows."""
    prepare(session)
    check_lint(session)


@nox.session(default=False)
def types(session: nox.Session) -> None:
    """Check the types."""
    prepare(session)
    check_types(session)


@nox.session(default=False)
def unit(session: nox.Session) -> None:
    """Run the unit tests alone; arguments go to pytest."""
    prepare(session)
    run(session, "python", "-m", "pytest", *(session.posargs or ["tests"]), env=QUIET)


@nox.session(default=False)
def snippets(session: nox.Session) -> None:
    """Run the snippets of the prose and of the docstrings alone."""
    prepare(session)
    run(session, "python", "-m", "pytest", *(session.posargs or ["docs", "src"]), env=QUIET)


@nox.session(default=False)
def gallery(session: nox.Session) -> None:
    """Build the guide but run only examples whose path matches: nox -s gallery -- PATTERN."""
    pattern = session.posargs[0] if session.posargs else "plot_"
    try:
        re.compile(pattern)
    except re.error as error:
        session.error(f"The pattern is no regular expression ({error}). Received: {pattern!r}")
    if not any(re.search(pattern, str(path)) for path in ROOT.glob("examples/*/plot_*.py")):
        session.error(f"No example matches. Received: {pattern!r}")
    prepare(session)
    fetch(session)
    build(session, "-D", f"sphinx_gallery_conf.filename_pattern={pattern}")
    session.log(f"Open {(SITE / 'gallery' / 'index.html').as_uri()}")


@nox.session(default=False)
def epub(session: nox.Session) -> None:
    """Bind the guide as one ePub; after 'docs', nothing runs again."""
    prepare(session)
    fetch(session)
    build(session, "-W", "-n", "--keep-going", *session.posargs, kind="epub")
    session.log(f"The book is {BUILD / 'epub' / 'dlguide.epub'}")


@nox.session(default=False)
def serve(session: nox.Session) -> None:
    """Serve the built guide on this machine: nox -s serve -- PORT (8000)."""
    if not (SITE / "index.html").is_file():
        session.error("There is no built guide yet: run 'nox -s docs' first.")
    port = session.posargs[0] if session.posargs else "8000"
    command = ["-m", "http.server", port, "--bind", "127.0.0.1", "--directory", str(SITE)]
    run(session, "python", *command)


@nox.session(default=False)
def downloads(session: nox.Session) -> None:
    """Run the site's downloads as a stranger would: nox -s downloads -- PATTERN [--sample N]."""
    prepare(session)
    fetch(session)
    run(session, "python", "docs/_ext/downloads.py", *session.posargs, env=INSTALL)


@nox.session(default=False)
def site_tests(session: nox.Session) -> None:
    """Open every page of the built guide in Chromium: nox -s site_tests [-- -k search]."""
    prepare(session)
    run(session, "python", "-m", "pytest", "site_tests", *session.posargs)


@nox.session(default=False)
def record(session: nox.Session) -> None:
    """Renew stale results over several seeds: nox -s record -- PATTERN [--seeds N] [--all]."""
    prepare(session)
    fetch(session)
    run(session, "python", "docs/_ext/recorder.py", *session.posargs, env=QUIET)


@nox.session(default=False)
def times(session: nox.Session) -> None:
    """Print what the last build of the guide took: steps, and the slowest examples."""
    run(session, "python", "docs/_ext/times.py")


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Lock the newest versions that fit, with hashes: nox -s lock [-- --upgrade]."""
    session.run(sys.executable, "requirements/lock.py", *session.posargs, external=True)


@nox.session(venv_backend="uv", default=False)
def newest(session: nox.Session) -> None:
    """Build and test with the newest versions of everything, without the lock."""
    session.install("-e", ".[examples]", "--group", "dev", env=INSTALL)
    session.run("python", "-m", "dlguide.datasets", "fetch")
    session.run("python", "-m", "sphinx", "-n", "--keep-going", str(DOCS), str(SITE), env=QUIET)
    session.run("python", "-m", "pytest", env=QUIET)


@nox.session(default=False)
def wheel(session: nox.Session) -> None:
    """Build the wheel and the source archive into dist/."""
    prepare(session)
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    run(session, "python", "-m", "build", "--no-isolation", "--outdir", "dist")


@nox.session(default=False)
def clean(session: nox.Session) -> None:
    """Remove everything that a build makes: pages, caches, environments stay."""
    for folder in (BUILD, DOCS / "gallery", ROOT / "dist"):
        shutil.rmtree(folder, ignore_errors=True)
    session.log("Removed the built guide.")


def check_lint(session: nox.Session) -> None:
    """Run every check that reads files and runs none of them."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "codespell")
    run(session, "lint-imports", env={"PYTHONPATH": str(ROOT / "src")})
    workflows = sorted(str(path) for path in ROOT.glob(".github/workflows/*.yml"))
    run(session, "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    run(session, "zizmor", "--offline", "--quiet", *workflows)
    readthedocs = ("--builtin-schema", "vendor.readthedocs", ".readthedocs.yaml")
    run(session, "check-jsonschema", *readthedocs)


def check_types(session: nox.Session) -> None:
    """Run mypy."""
    run(session, "mypy")


if __name__ == "__main__":
    sys.exit("Run the bench through nox: python3 -m nox -l")
