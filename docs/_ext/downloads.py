"""Take what the built site offers as a stranger would, and see that it runs.

Usage: ``python docs/_ext/downloads.py [PATTERN] [--sample N] [--notebooks]``. A fresh
environment gets the site's own wheel with its ``examples``, in the locked versions, and
nothing else of the project. Each script that the pages offer then runs in an empty folder of
its own. One fails if it raises, if it warns, if it leaves a file behind, or if it takes
longer than a build would wait for it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from examples import Example, read_example
from gallery_runner import expected_seconds, patience
from processes import ONE_THREAD, workers
from site_wheel import wheel_of

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build" / "html"
LOCK = ROOT / "requirements" / "locked.txt"

#: What a reader of notebooks has installed already.
NOTEBOOK_PACKAGES = ("nbclient", "ipykernel")

#: Runs a notebook from top to bottom; what its cells write to standard error comes out there.
NOTEBOOK = """\
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
try:
    NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
finally:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream" and output.name == "stderr":
                sys.stderr.write(output.text)
"""

_OFFERED = re.compile(r'href="([^"]*?_downloads/[^"]+/plot_\w+\.(?:py|ipynb))"')
_DRAWS = re.compile(r"\bplt\.subplots\(|\bplt\.figure\(|\bplots\.\w+\(")
_STARTS = re.compile(r"^\s*(?:import|from) (?:subprocess|multiprocessing)\b", re.M)
_WARNS = re.compile(r"^.*\b[A-Z]\w*Warning: .*$", re.M)  # of Python, not TensorFlow's log
_LOG = re.compile(r"^(?:[IWE]\d{4} |WARNING: All log messages before absl)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LAST_LINES = 12


@dataclass(frozen=True)
class Download:
    """A script that the site offers, with its notebook."""

    example: Example
    """What the downloaded script says of itself."""
    notebook: Path

    def path(self, kind: str) -> Path:
        """Return the file of one kind, ``script`` or ``notebook``."""
        return self.example.path if kind == "script" else self.notebook


@dataclass(frozen=True)
class Report:
    """How a download fared."""

    name: str
    kind: str
    seconds: float
    faults: tuple[str, ...] = ()
    log: str = ""
    """The last lines that it wrote, if it failed."""


def offered(site: Path) -> list[Download]:
    """Return what the pages of the gallery offer, in the order of the chapters."""
    found = []
    for page in sorted(site.glob("gallery/*/plot_*.html")):
        links = _OFFERED.findall(page.read_text(encoding="utf-8"))
        files = {Path(link).suffix: (page.parent / link).resolve() for link in links}
        if set(files) != {".py", ".ipynb"}:
            raise ValueError(
                f"{page.name} must offer a script and a notebook. Received: {sorted(files)}"
            )
        example = read_example(files[".py"], files[".py"].parents[1])
        name = f"{page.parent.name}/{page.stem}"
        found.append(Download(replace(example, name=name), files[".ipynb"]))
    return found


def sample(downloads: Iterable[Download], count: int) -> list[Download]:
    """Return those that cost least of all that load data and draw a figure.

    Scripts that start processes do not count: their recorded cost is not the whole.
    """
    typical = []
    for download in downloads:
        source = download.example.path.read_text(encoding="utf-8")
        if download.example.datasets and _DRAWS.search(source) and not _STARTS.search(source):
            typical.append(download)
    typical.sort(key=lambda item: (expected_seconds(item.example), item.example.name))
    return typical[:count]


def chosen(
    downloads: list[Download], pattern: str, count: int | None, *, notebooks: bool
) -> list[tuple[Download, str]]:
    """Return what to run, the longest first.

    Parameters
    ----------
    downloads
        What the site offers.
    pattern
        A regular expression that is found in the names of scripts.
    count
        The size of a sample; None for all.
    notebooks
        Whether notebooks run too. Of a sample, the cheapest always runs as a notebook as well.
    """
    matching = [item for item in downloads if re.search(pattern, item.example.name)]
    some = matching if count is None else sample(matching, count)
    as_notebooks = some if notebooks else some[:1] if count else []
    both = [(item, "notebook") for item in as_notebooks] + [(item, "script") for item in some]
    return sorted(both, key=lambda pair: expected_seconds(pair[0].example), reverse=True)


def _uv(*arguments: str, quiet: bool = False) -> int:
    """Run uv and return its exit code; only what is imported is compiled, and that later."""
    return subprocess.run(
        [sys.executable, "-m", "uv", "--quiet", *arguments],
        env={**os.environ, "UV_COMPILE_BYTECODE": "0"},
        stderr=subprocess.DEVNULL if quiet else None,
        check=False,
    ).returncode


def make_environment(folder: Path, wheel: Path) -> Path:
    """Install a wheel with its examples in a new environment and return its Python.

    The disk is asked first, so that without a network this works as well as with one.
    """
    _uv("venv", "--no-project", "--python", sys.executable, str(folder))
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = (
        "pip", "install", "--python", str(python), "--constraints", str(LOCK),
        f"dlguide[examples] @ {wheel.as_uri()}", *NOTEBOOK_PACKAGES,
    )  # fmt: skip
    if _uv("--offline", *install, quiet=True) and _uv(*install):
        raise RuntimeError(f"{wheel.name} cannot be installed with its examples: see above.")
    return python


def stranger(python: Path, kind: str, home: Path) -> dict[str, str]:
    """Return the environment variables of somebody who has only the environment of `python`.

    Nothing in them leads to the project. Notebooks draw as they do in a browser, but no bar
    of progress moves, which needs widgets there and says so.
    """
    ours = re.compile(r"PYTHON|JUPYTER|IPYTHON|VIRTUAL_ENV$|MPLBACKEND$")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    said = {**kept, **ONE_THREAD, "DLGUIDE_OFFLINE": "1", "PYTHONNOUSERSITE": "1"}
    said["VIRTUAL_ENV"] = str(python.parents[1])
    said["PATH"] = os.pathsep.join(filter(None, [str(python.parent), kept.get("PATH")]))
    said["IPYTHONDIR"] = str(home / "ipython")
    said["JUPYTER_RUNTIME_DIR"] = str(home / "jupyter")
    if kind == "notebook":
        del said["MPLBACKEND"]
        said["PYTHONWARNINGS"] = "ignore:IProgress not found"
    return said


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it has started."""
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _execute(
    command: list[str], folder: Path, log: Path, environment: dict[str, str], limit: float
) -> int | None:
    """Run a command in a folder and return its exit code, or None if it had to be stopped."""
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _stop(process)


def _last_lines(text: str) -> str:
    """Return the end of what was said, without TensorFlow's log."""
    lines = [
        line for line in _COLOUR.sub("", text).splitlines() if line.strip() and not _LOG.match(line)
    ]
    return "\n".join(lines[-LAST_LINES:])


def try_out(download: Download, kind: str, python: Path, limit: float) -> Report:
    """Run a script or a notebook in an empty folder and say how it fared."""
    with tempfile.TemporaryDirectory(prefix="dlguide-", ignore_cleanup_errors=True) as name:
        folder, home, log = Path(name, "empty"), Path(name, "home"), Path(name, "stderr")
        folder.mkdir()
        home.mkdir()
        path = Path(shutil.copy(download.path(kind), folder))
        command = [str(python), *(["-c", NOTEBOOK] if kind == "notebook" else []), path.name]
        started = time.monotonic()
        code = _execute(command, folder, log, stranger(python, kind, home), limit)
        seconds = time.monotonic() - started
        said = log.read_text(encoding="utf-8", errors="replace")
        left = sorted(item.name for item in folder.iterdir() if item != path)
    faults = list(_faults(code, said, left, limit))
    log_shown = _last_lines(said) if faults else ""
    return Report(download.example.name, kind, seconds, tuple(faults), log_shown)


def _faults(code: int | None, said: str, left: list[str], limit: float) -> Iterator[str]:
    """Say what is wrong with a run."""
    if code is None:
        yield f"it was stopped after {limit:.0f} s"
    elif code:
        yield f"it ended with exit code {code}"
    warnings = _WARNS.findall(said)
    if warnings:
        yield f"it warns: {_COLOUR.sub('', warnings[0]).strip()}"
    if left:
        yield f"it leaves files behind: {', '.join(left)}"


def try_all(
    due: list[tuple[Download, str]], python: Path, tell: Callable[[Report], None]
) -> list[Report]:
    """Run several downloads side by side, and tell of each as it ends."""
    with ThreadPoolExecutor(workers()) as pool:
        running = [
            pool.submit(try_out, item, kind, python, patience(item.example)) for item, kind in due
        ]
        reports = []
        for future in as_completed(running):
            reports.append(future.result())
            tell(reports[-1])
    return reports


def _line(report: Report) -> None:
    """Print a line of the table."""
    what = f"{report.name} ({report.kind})"
    print(f"{what:64}{report.seconds:8.1f}  {'FAILED' if report.faults else 'ok'}", flush=True)


def _details(report: Report) -> None:
    """Print what a download that failed said last."""
    print(f"\n{report.name} ({report.kind}): {'; '.join(report.faults)}")
    for line in report.log.splitlines():
        print(f"    {line}")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="downloads", description=__doc__.splitlines()[0])
    parser.add_argument("pattern", nargs="?", default="", help="part of the scripts' names")
    parser.add_argument("--sample", type=int, metavar="N", help="only the N cheapest")
    parser.add_argument("--notebooks", action="store_true", help="run the notebooks too")
    said = parser.parse_args(arguments)
    if said.sample is not None and said.sample < 1:
        parser.error(f"a sample has at least one script. Received: {said.sample}")
    try:
        re.compile(said.pattern)
    except re.error as error:
        parser.error(f"the pattern is no regular expression ({error}). Received: {said.pattern!r}")
    return said


def main(arguments: list[str], site: Path = SITE) -> int:
    """Run what is asked for; return 1 if anything fails."""
    said = _parse(arguments)
    if not (site / "index.html").is_file():
        sys.exit("There is no built guide yet: run 'nox -s docs' first.")
    wheel = wheel_of(site)
    due = chosen(offered(site), said.pattern, said.sample, notebooks=said.notebooks)
    if not due:
        sys.exit(f"No download matches. Received: {said.pattern!r}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dlguide-", ignore_cleanup_errors=True) as scratch:
        python = make_environment(Path(scratch) / "environment", wheel)
        print(f"{f'downloads, with {wheel.name}':64}{'seconds':>8}", flush=True)
        reports = try_all(due, python, _line)
    failed = [report for report in reports if report.faults]
    for report in failed:
        _details(report)
    ran = f"{len(reports)} ran in {time.monotonic() - started:.0f} s"
    print(f"\n{ran}, {len(failed)} failed" if failed else f"{ran}, all of them passed")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
