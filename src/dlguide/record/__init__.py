"""The record: what every example measured over several seeds, and what it cost.

A page shows one run with one seed. How far its numbers move from seed to seed, and how
long the example takes, stands in the record: one JSON file for each example, shipped with
the package so that a copied script can draw it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

__all__ = ["Entry", "Metric", "band", "names", "read"]


def band(values: Sequence[float]) -> tuple[float, float]:
    """Return the interval in which a further run is expected.

    It is the observed range, widened on both sides by its own width, at least by one per
    cent of the mean, which is what another processor may do to a number that no seed moves,
    and for whole numbers at least by one. Below 1e-12 everything is rounding.

    Parameters
    ----------
    values : sequence of float
        The results of runs that differ in their seed alone.

    Returns
    -------
    tuple of float
        The lowest and the highest value that is no surprise.

    Raises
    ------
    ValueError
        If `values` is empty.

    Examples
    --------
    >>> low, high = band([0.88, 0.89])
    >>> f"{low:.2f} to {high:.2f}"
    '0.87 to 0.90'
    """
    if not values:
        raise ValueError("A band needs at least one value. Received: an empty sequence")
    low, high = min(values), max(values)
    mean = sum(values) / len(values)
    margin = max(high - low, 0.01 * abs(mean), 1e-12)
    if all(float(value).is_integer() for value in values):
        margin = max(margin, 1.0)
    return low - margin, high + margin


@dataclass(frozen=True)
class Metric:
    """One measured number over several seeds.

    Parameters
    ----------
    values : tuple of float
        One value for each seed of the entry, in the same order.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return sum(self.values) / len(self.values)

    @property
    def minimum(self) -> float:
        """The smallest value over the seeds."""
        return min(self.values)

    @property
    def maximum(self) -> float:
        """The largest value over the seeds."""
        return max(self.values)

    @property
    def band(self) -> tuple[float, float]:
        """The interval in which a further run is expected; see `band`."""
        return band(self.values)


@dataclass(frozen=True)
class Entry:
    """The record of one example.

    Parameters
    ----------
    name : str
        Folder and stem of the script, such as ``"03_getting_started/plot_movie_reviews"``.
    seeds : tuple of int
        The seeds that the script was run with.
    metrics : dict of str to Metric
        Everything that the script measured.
    cpu_seconds : float
        Mean processor time of a run with one thread, in seconds, without the import of
        TensorFlow.
    peak_memory_mb : float
        Largest resident memory of any run, in megabytes.
    versions : dict of str to str
        The versions of Python and of the packages that computed the numbers.
    date : str
        The day of the runs, as ``YYYY-MM-DD``.
    sources : str
        A hash of the script and of the code and data that its numbers depend on.
    times : dict of str to Metric
        Processor time, in seconds, of the parts of a run that the script timed. It is that
        of the machine of the record; only a comparison of two of them says something of
        others.
    """

    name: str
    seeds: tuple[int, ...]
    metrics: dict[str, Metric]
    cpu_seconds: float
    peak_memory_mb: float
    versions: dict[str, str] = field(default_factory=dict)
    date: str = ""
    sources: str = ""
    times: dict[str, Metric] = field(default_factory=dict)


def _from_json(name: str, stored: dict[str, Any]) -> Entry:
    metrics, times = (
        {key: Metric(tuple(values)) for key, values in stored.get(kind, {}).items()}
        for kind in ("measured", "timed")
    )
    return Entry(
        name=name,
        seeds=tuple(stored["seeds"]),
        metrics=metrics,
        cpu_seconds=stored["cpu_seconds"],
        peak_memory_mb=stored["peak_memory_mb"],
        versions=stored["versions"],
        date=stored["date"],
        sources=stored["sources"],
        times=times,
    )


def names() -> list[str]:
    """Return the names of all examples in the record, sorted.

    Returns
    -------
    list of str
        Names such as ``"03_getting_started/plot_movie_reviews"``.

    Examples
    --------
    >>> "03_getting_started/plot_movie_reviews" in names()
    True
    """
    folder = resources.files(__name__)
    return sorted(
        f"{chapter.name}/{file.name.removesuffix('.json')}"
        for chapter in folder.iterdir()
        if chapter.is_dir() and not chapter.name.startswith("__")
        for file in chapter.iterdir()
        if file.name.endswith(".json")
    )


def read(name: str) -> Entry:
    """Return the record of one example.

    Parameters
    ----------
    name : str
        Folder and stem of the script, as `names` lists them.

    Returns
    -------
    Entry
        Seeds, measured values, cost, versions, date and times.

    Raises
    ------
    KeyError
        If there is no record of that name.

    Examples
    --------
    >>> entry = read("03_getting_started/plot_movie_reviews")
    >>> len(entry.seeds) == len(entry.metrics["test_accuracy"].values)
    True
    """
    chapter, _, stem = name.partition("/")
    file = resources.files(__name__).joinpath(chapter, f"{stem}.json")
    if not file.is_file():
        raise KeyError(f"No record of that name. Received: {name!r}. There are: {names()}")
    return _from_json(name, json.loads(file.read_text(encoding="utf-8")))
