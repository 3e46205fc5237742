"""Run the scripts of the gallery before sphinx-gallery looks at them.

Sphinx-gallery can run scripts itself, but inside long-lived workers and one chapter at a
time. Here every script that needs it runs in a fresh process, over all chapters, the
longest first, with its processor time and memory measured. Sphinx-gallery then finds
everything up to date and only has to write the indexes.

A script needs a run if its text changed, if library code that it imports changed, or if
the packages that compute its numbers changed. It fails if it raises, if it warns, if it
goes over its budget of processor time or memory, if it hangs, or if a number that it
measured leaves the band of the record. A budget of time holds on a machine as fast as
that of the record; a slower one, as all its runs together show, gets more.
"""

from __future__ import annotations

import json
import logging as plain_logging
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.etree import ElementTree as ET

import cloudpickle
from sphinx.errors import ExtensionError
from sphinx.util import logging

import figures
from examples import Example, read_example, settings
from processes import Outcome, Task, run_each, workers
from sources import fingerprint

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)

#: A script, how its run ended, and the reasons why it fails.
_Result: TypeAlias = tuple[Example, Outcome, list[str]]

#: Packages whose versions decide the numbers and figures on a page.
COMPUTING = ("keras", "matplotlib", "numpy", "scikit-learn", "tensorflow")


#: Looked up once: it takes a moment, and does not change while a build runs.
_version = cache(metadata.version)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute the numbers."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python, **{name: _version(name) for name in COMPUTING}}


def budget_scale() -> float:
    """Return the factor for time budgets, ``DLGUIDE_BUDGET_SCALE``, for slower machines."""
    said = os.environ.get("DLGUIDE_BUDGET_SCALE", "1")
    try:
        scale = float(said)
    except ValueError:
        scale = 0.0
    if not scale > 0:
        raise ValueError(f"DLGUIDE_BUDGET_SCALE must be a positive number. Received: {said!r}")
    return scale


def expected_seconds(example: Example) -> float:
    """Return the processor time that a script has in the record, or else its budget."""
    from dlguide import record

    try:
        return record.read(example.name).cpu_seconds
    except KeyError:
        return example.cpu_seconds


def patience(example: Example) -> float:
    """Return after how many seconds a script that has not ended is taken to hang."""
    return (3 * example.cpu_seconds + 60) * budget_scale()


def _run_one(fname: str, target_dir: str, src_dir: str, pickled: bytes) -> dict[str, Any]:
    """Let sphinx-gallery run one script and write its page; called in a fresh process."""
    from sphinx_gallery.gen_rst import generate_file_rst

    complaints: list[str] = []

    class Collect(plain_logging.Handler):
        def emit(self, record: plain_logging.LogRecord) -> None:
            complaints.append(record.getMessage())

    handler = Collect(plain_logging.WARNING)
    plain_logging.getLogger("sphinx").addHandler(handler)
    gallery_conf = cloudpickle.loads(pickled)
    _, _, _, said = generate_file_rst(fname, target_dir, src_dir, gallery_conf)
    stem, images = Path(fname).stem, Path(target_dir) / "images"
    shown = settings((Path(src_dir) / fname).read_text(encoding="utf-8")).get("thumbnail_number", 1)
    figures.describe_thumbnail(
        images / "thumb" / f"sphx_glr_{stem}_thumb.png", images / f"sphx_glr_{stem}_{shown:03}.png"
    )
    measured = figures.last_globals.get("measured", {})
    return {
        "failure": said.get("formatted_exception", ""),
        "complaints": complaints,
        "measured": {str(name): float(value) for name, value in measured.items()},
    }


@dataclass(frozen=True)
class Place:
    """A script and the place of its page."""

    example: Example
    src_dir: Path
    target_dir: Path

    @property
    def target(self) -> Path:
        """The copy of the script beside its page."""
        return self.target_dir / self.example.path.name

    @property
    def md5(self) -> Path:
        """The file by which sphinx-gallery knows that the script has run."""
        return Path(f"{self.target}.md5")

    @property
    def run(self) -> Path:
        """What the last run measured and cost."""
        return self.target.with_suffix(".run.json")


def needs_run(place: Place, sources: str) -> bool:
    """Tell whether the script's page is missing or older than what it depends on."""
    from sphinx_gallery.utils import get_md5sum

    if not (place.md5.is_file() and place.run.is_file()):
        return True
    if not place.target.with_suffix(".rst").is_file():
        return True
    if place.md5.read_text(encoding="utf-8") != get_md5sum(str(place.example.path), mode="t"):
        return True
    stored: dict[str, Any] = json.loads(place.run.read_text(encoding="utf-8"))
    return bool(stored["sources"] != sources)


def _sources(example: Example) -> str:
    """Return a hash of all that decides the page of a script, but for the script's text."""
    import hashlib

    source = example.path.read_text(encoding="utf-8")
    drawing = Path(figures.__file__).read_text(encoding="utf-8")
    parts = [fingerprint(source), json.dumps(versions()), drawing]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def outside_bands(name: str, measured: Mapping[str, float]) -> list[str]:
    """Return a sentence for each number that leaves the band of the record."""
    from dlguide import record

    if name not in record.names():
        return []
    metrics = record.read(name).metrics
    sentences = []
    for metric, value in measured.items():
        if metric not in metrics:
            continue
        low, high = metrics[metric].band
        if not low <= value <= high:
            sentences.append(f"{metric} = {value:.4g} is outside its band, {low:.4g} to {high:.4g}")
    return sentences


def _where(failure: str, path: Path) -> tuple[int, str]:
    """Return the line of a script in which a traceback ends, and its last words."""
    lines = [line for line in failure.strip().splitlines() if line.strip()]
    numbers = re.findall(rf'File "[^"]*{re.escape(path.name)}", line (\d+)', failure)
    return (int(numbers[-1]) if numbers else 1), (lines[-1].strip() if lines else "no reason")


def slowness(costs: Iterable[tuple[Example, float]]) -> float:
    """Return how many times as long scripts take here as on the machine of the record.

    Parameters
    ----------
    costs
        Scripts that have run here, and the processor time in seconds that they took. One
        whose sources have changed since it was recorded tells nothing.

    Returns
    -------
    float
        At least 1: nine scripts in ten take at most so many times their recorded time, so
        that a single one that has become slower does not excuse itself.
    """
    import numpy as np

    from dlguide import record
    from results import is_stale

    known = set(record.names())
    ratios = [
        seconds / record.read(example.name).cpu_seconds
        for example, seconds in costs
        if example.name in known and not is_stale(example)
    ]
    return max(1.0, float(np.quantile(ratios, 0.9))) if ratios else 1.0


def over_time(example: Example, cpu_seconds: float, scale: float) -> list[str]:
    """Return a sentence if a run took more processor time than its budget allows here."""
    allowed = example.cpu_seconds * scale
    if cpu_seconds <= allowed:
        return []
    return [
        f"examples/{example.name}.py:1: took {cpu_seconds:.1f} s of processor time; "
        f"its budget is {allowed:.0f} s"
    ]


def judge(example: Example, outcome: Outcome) -> list[str]:
    """Return the reasons why a run fails, as 'file:line: reason'; none if it passes.

    Its time is judged apart, when all have run.
    """
    shown = f"examples/{example.name}.py"
    if outcome.error:
        line, last = _where(outcome.error + outcome.log, example.path)
        reason = outcome.error if "\n" not in outcome.error.strip() else last
        return [f"{shown}:{line}: {reason}"]
    if outcome.value["failure"]:
        line, last = _where(outcome.value["failure"], example.path)
        code = example.path.read_text(encoding="utf-8").splitlines()[line - 1].strip()
        return [f"{shown}:{line}: {last}\n    {code}"]
    reasons = [f"{shown}:1: {text}" for text in outcome.value["complaints"]]
    if outcome.peak_memory_mb > example.memory_mb:
        reasons.append(
            f"{shown}:1: needed {outcome.peak_memory_mb:.0f} MB of memory; "
            f"its budget is {example.memory_mb:.0f} MB"
        )
    measured = outside_bands(example.name, outcome.value["measured"])
    return reasons + [f"{shown}:1: {sentence}" for sentence in measured]


def _with_late(
    places: Iterable[Place], ran: Mapping[str, Place], results: Iterable[_Result]
) -> list[_Result]:
    """Return the results of a build with those added that took too long for this machine."""
    costs = [
        (place.example, json.loads(place.run.read_text(encoding="utf-8"))["cpu_seconds"])
        for place in places
        if place.run.is_file()
    ]
    scale = slowness(costs) * budget_scale()
    judged = []
    for example, outcome, reasons in results:
        late = over_time(example, outcome.cpu_seconds, scale)
        if late:
            ran[example.name].md5.unlink(missing_ok=True)
        judged.append((example, outcome, [*reasons, *late]))
    return judged


def _junit(path: Path, results: list[_Result]) -> None:
    """Write what ran in this build in the form that CI services read."""
    failures = sum(bool(reasons) for _, _, reasons in results)
    suite = ET.Element("testsuite", name="gallery", tests=str(len(results)), failures=str(failures))
    for example, outcome, reasons in results:
        chapter, _, stem = example.name.partition("/")
        case = ET.SubElement(
            suite, "testcase", classname=chapter, name=stem, time=f"{outcome.wall_seconds:.3f}"
        )
        properties = ET.SubElement(case, "properties")
        for name in ("cpu_seconds", "peak_memory_mb"):
            value = f"{getattr(outcome, name):.3f}"
            ET.SubElement(properties, "property", name=name, value=value)
        if reasons:
            detail = outcome.error or (outcome.value or {}).get("failure", "")
            failure = ET.SubElement(case, "failure", message=reasons[0])
            failure.text = f"{detail}\n{outcome.log}".strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _places(gallery_conf: Mapping[str, Any], source_dir: Path) -> list[Place]:
    """Find the scripts of this build, those with the longest recorded time first."""
    pattern = re.compile(gallery_conf["filename_pattern"])
    places = []
    for examples_dir, gallery_dir in zip(
        gallery_conf["examples_dirs"], gallery_conf["gallery_dirs"], strict=True
    ):
        root = (source_dir / examples_dir).resolve()
        for path in sorted(root.glob("*/plot_*.py")):
            if not pattern.search(os.path.normpath(path)):
                continue
            target_dir = source_dir / gallery_dir / path.parent.name
            places.append(Place(read_example(path, root), path.parent, target_dir))
    return sorted(places, key=lambda place: expected_seconds(place.example), reverse=True)


def forget_removed(gallery_dir: Path, examples_dir: Path) -> None:
    """Remove the pages of scripts that exist no more; Sphinx would complain of them."""
    for copy in gallery_dir.glob("*/plot_*.py"):
        if (examples_dir / copy.parent.name / copy.name).is_file():
            continue
        leftovers = [*copy.parent.glob(f"{copy.stem}.*"), Path(f"{copy}.md5")]
        for ending in ("[0-9][0-9][0-9]*", "thumb.*"):  # not those of plot_a_b with plot_a
            leftovers += copy.parent.glob(f"images/**/sphx_glr_{copy.stem}_{ending}")
        for path in leftovers:
            path.unlink(missing_ok=True)


def run_gallery(app: Sphinx) -> None:
    """Run every script that needs it; raise if one fails."""
    gallery_conf = app.config.sphinx_gallery_conf
    if not gallery_conf["plot_gallery"]:
        return
    as_list = {
        name: value if isinstance(value, list) else [value]
        for name, value in gallery_conf.items()
        if name in {"examples_dirs", "gallery_dirs"}
    }
    source_dir = Path(app.srcdir)
    for examples, gallery in zip(as_list["examples_dirs"], as_list["gallery_dirs"], strict=True):
        forget_removed(source_dir / gallery, source_dir / examples)
    places = _places({**gallery_conf, **as_list}, source_dir)
    sources = {place.example.name: _sources(place.example) for place in places}
    stale = [place for place in places if needs_run(place, sources[place.example.name])]
    if not stale:
        logger.info("gallery: nothing to run")
        return
    pickled = cloudpickle.dumps(gallery_conf)
    by_name = {place.example.name: place for place in stale}
    tasks = []
    for place in stale:
        (place.target_dir / "images" / "thumb").mkdir(parents=True, exist_ok=True)
        place.md5.unlink(missing_ok=True)
        place.run.unlink(missing_ok=True)
        tasks.append(
            Task(
                place.example.name,
                _run_one,
                (place.example.path.name, str(place.target_dir), str(place.src_dir), pickled),
                wall_seconds=patience(place.example),
            )
        )
    logger.info(
        "gallery: running %d of %d examples, %d at a time", len(stale), len(places), workers()
    )
    started = time.monotonic()
    results: list[_Result] = []
    for task, outcome in run_each(tasks):
        place = by_name[task.name]
        reasons = judge(place.example, outcome)
        results.append((place.example, outcome, reasons))
        logger.info(
            "  %s %s  %.1f s of processor time, %.0f MB",
            "FAILED" if reasons else "passed",
            task.name,
            outcome.cpu_seconds,
            outcome.peak_memory_mb,
        )
        if reasons:
            place.md5.unlink(missing_ok=True)
            continue
        run = {
            "cpu_seconds": round(outcome.cpu_seconds, 2),
            "measured": outcome.value["measured"],
            "peak_memory_mb": round(outcome.peak_memory_mb),
            "sources": sources[task.name],
            "wall_seconds": round(outcome.wall_seconds, 2),
        }
        place.run.write_text(json.dumps(run, indent=1, sort_keys=True), encoding="utf-8")
    logger.info("gallery: ran for %.1f s", time.monotonic() - started)
    results = _with_late(places, by_name, results)
    _junit(Path(app.outdir).parent / "junit-gallery.xml", results)
    failed = [reason for _, _, reasons in results for reason in reasons]
    if failed:
        count = sum(bool(reasons) for _, _, reasons in results)
        raise ExtensionError(
            f"{count} of {len(results)} examples failed:\n\n" + "\n".join(failed) + "\n"
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, before sphinx-gallery does its part."""
    app.connect("builder-inited", run_gallery, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
