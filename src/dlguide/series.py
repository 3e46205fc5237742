"""Time series, before any network sees them: windows, splits in time, forecasts to beat.

A forecaster looks at the last rows of a record and says what comes some rows later.
`windows` cuts a record into such questions and their answers, `chronological_split`
divides them without mixing up past and future, and `naive_forecast` gives the answers
that need no network. `fill_forward` bridges short gaps with what was known at the time.

Keras has ``timeseries_dataset_from_array`` for long records that are complete. It does
not look at times or for missing values, so it slides across a gap as if nothing were
there; that is why `windows` exists beside it. For scaling, adapt Keras's
``Normalization`` to the training part: nothing here repeats it.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Windows", "chronological_split", "fill_forward", "naive_forecast", "windows"]


@dataclass(frozen=True)
class Windows:
    """Stretches of a record, each with its answer; what `windows` returns.

    Parameters
    ----------
    inputs : numpy.ndarray of shape (windows, steps, features)
        The rows of each window, the oldest first.
    targets : numpy.ndarray of shape (windows,) or (windows, answers)
        The answer of each window.
    times : numpy.ndarray of shape (windows,)
        The time of each window's last row: the moment at which the forecast is made.
    left_out : int
        Windows that would have crossed a gap.
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]
    times: NDArray[Any]
    left_out: int


def windows(
    times: ArrayLike,
    inputs: ArrayLike,
    targets: ArrayLike,
    steps: int,
    ahead: int,
    *,
    spacing: int = 1,
    stride: int = 1,
) -> Windows:
    """Cut a record into windows, each with the answer some rows later.

    A window holds `steps` rows of `inputs`, one directly after the other or, with a
    `spacing` of 3, every third. Its answer is the row of `targets` that comes `ahead`
    rows after the window's last. A window is left out, and counted, if it would cross a
    gap: if one of its rows has a value that is NaN or infinite, if its answer has one, or
    if a row is absent between its first row and its answer, which shows in the times.

    Parameters
    ----------
    times : array_like of shape (rows,)
        Time of each row, datetime64 or integers, each later than the one before. The
        smallest distance between neighbours is the distance of rows; larger ones
        must be multiples of it, and are gaps.
    inputs : array_like of shape (rows, features) or (rows,)
        What a forecaster may look at.
    targets : array_like of shape (rows,) or (rows, answers)
        What it is asked for.
    steps : int
        Rows in a window, at least 1.
    ahead : int
        Rows from the last row of a window to its answer, at least 1.
    spacing : int, default 1
        Rows from one row of a window to the next, at least 1.
    stride : int, default 1
        Rows from one window to the next, at least 1.

    Returns
    -------
    Windows
        Copies of the rows and answers, in the order of time and in the dtypes of
        `inputs` and `targets`, with the moment of each forecast and the number of
        windows left out.

    Raises
    ------
    ValueError
        If the times do not increase, as in a shuffled record, or are not multiples of
        one distance apart; if the numbers of rows differ or a size is not a positive
        integer; or if no window is free of gaps.

    See Also
    --------
    fill_forward : Bridge short gaps first.
    chronological_split : Divide the windows into training, validation and test.

    Notes
    -----
    Windows overlap: with a `stride` of 1, each row stands in `steps` of them. They take
    that many times the memory of the record.

    Examples
    --------
    Ten hours, of which one was not recorded and one has no value:

    >>> import numpy as np
    >>> from dlguide import series
    >>> hours = np.array([0, 1, 2, 3, 4, 5, 7, 8, 9, 10])
    >>> record = np.array([0.0, 10, 20, 30, 40, 50, 70, 80, 90, np.nan])
    >>> found = series.windows(hours, record, record, steps=2, ahead=1)
    >>> found.inputs[:, :, 0]
    array([[ 0., 10.],
           [10., 20.],
           [20., 30.],
           [30., 40.],
           [70., 80.]])
    >>> found.targets, found.left_out
    (array([20., 30., 40., 50., 90.]), 3)
    """
    places = _grid(times)
    moments = np.asarray(times)
    rows, answers = np.asarray(inputs), np.asarray(targets)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or answers.ndim not in (1, 2):
        raise ValueError(
            "inputs must have shape (rows, features), targets (rows,) or (rows, answers). "
            f"Received: {rows.shape} and {answers.shape}"
        )
    if not len(moments) == len(rows) == len(answers):
        raise ValueError(
            "times, inputs and targets must have the same number of rows. "
            f"Received: {len(moments)}, {len(rows)} and {len(answers)}"
        )
    length, distance = _integer("steps", steps), _integer("ahead", ahead)
    back = _integer("spacing", spacing) * np.arange(length - 1, -1, -1)
    last = np.arange(back[0], len(rows) - distance, _integer("stride", stride))

    whole = np.isfinite(rows).all(axis=1)
    complete = whole[last[:, None] - back].all(axis=1)
    known = np.isfinite(answers.reshape(len(answers), -1)).all(axis=1)[last + distance]
    spans = places[last + distance] - places[last - back[0]]
    good = last[complete & known & (spans == back[0] + distance)]
    if not good.size:
        raise ValueError(
            f"No window of {length} rows with an answer {distance} rows later is free of gaps. "
            f"Received: {len(rows)} rows, {np.sum(~whole)} of them with a missing input"
        )
    return Windows(
        inputs=rows[good[:, None] - back],
        targets=answers[good + distance],
        times=moments[good],
        left_out=int(last.size - good.size),
    )


def chronological_split(
    times: ArrayLike,
    shares: Sequence[float] = (0.6, 0.2, 0.2),
    *,
    reach: int | np.timedelta64 = 0,
    cycle: int | np.timedelta64 | None = None,
) -> tuple[NDArray[np.int64], ...]:
    """Divide samples in the order of time, never shuffled.

    The first part holds what came first: with the usual shares, training, validation and
    test. With a `cycle`, every cycle is divided that way: of each fortnight, for example,
    the first days train and the last days test. So all parts see all seasons, which
    a single year cut in three cannot give.

    Parameters
    ----------
    times : array_like of shape (samples,)
        The moment at which each sample's forecast is made, such as ``Windows.times``:
        datetime64 or integers, each later than the one before.
    shares : sequence of float, default (0.6, 0.2, 0.2)
        Share of the time that each part gets, above 0 each and 1 together.
    reach : int or numpy.timedelta64, default 0
        Time from a sample's moment to its answer, 0 or more; an integer counts in the unit of
        `times`. A sample whose answer lies in another part than its moment belongs to none,
        so that no answer is known to two parts.
    cycle : int or numpy.timedelta64, optional
        Length of a cycle, by default the whole record up to the last answer.

    Returns
    -------
    tuple of numpy.ndarray
        For each share the positions of its samples, in the order of time, of dtype int64.

    Raises
    ------
    ValueError
        If the times do not increase, as in shuffled samples; if the shares do not sum to 1,
        so that parts would overlap or time would be lost; or if a part has no sample, for
        example because `reach` is longer than the part.

    Notes
    -----
    What a sample *looks back* at may lie in an earlier part: whoever makes the forecast
    knows the past. With a cycle, the past of a training sample may even hold the answer
    of a test sample, as an input, never as a target.

    Examples
    --------
    >>> import numpy as np
    >>> from dlguide import series
    >>> days = np.arange("2013-01-01", "2013-01-11", dtype="datetime64[D]")
    >>> for part in series.chronological_split(days, (0.6, 0.4), reach=1):
    ...     print(part)
    [0 1 2 3 4 5]
    [7 8 9]

    The answer to day 6 lies on day 7, in the other part, so day 6 belongs to none.

    >>> for part in series.chronological_split(days, (0.6, 0.4), cycle=5):
    ...     print(part)
    [0 1 2 5 6 7]
    [3 4 8 9]
    """
    _grid(times, regular=False)
    moments = np.asarray(times)
    if not shares or min(shares) <= 0 or not math.isclose(sum(shares), 1):
        raise ValueError(
            "shares must be above 0 and sum to 1: with more, parts would overlap, with less, "
            f"time would be lost. Received: {list(shares)}"
        )
    unit = (moments[:1] + 1 - moments[:1])[0]  # one hour, for hours
    beyond = _duration("reach", reach, unit, at_least=0)
    since = ((moments - moments[0]) // unit).astype(np.int64)
    if cycle is None:
        period = int(since[-1]) + beyond + 1  # up to the last answer
    else:
        period = _duration("cycle", cycle, unit, at_least=1)
    edges = np.round(np.cumsum([0.0, *shares]) * period, 6)
    edges[-1] = period
    phase = since % period
    parts = tuple(
        np.flatnonzero((phase >= start) & (phase + beyond < end))
        for start, end in itertools.pairwise(edges)
    )
    for number, (part, start, end) in enumerate(zip(parts, edges[:-1], edges[1:], strict=True)):
        if not part.size:
            raise ValueError(
                f"Part {number} has no sample: it is {end - start:g} long, in units of {unit}, "
                f"and an answer lies {beyond} beyond its moment. "
                f"Received: shares={list(shares)}, reach={reach!r}, cycle={cycle!r}"
            )
    return parts


def naive_forecast(
    times: ArrayLike,
    values: ArrayLike,
    ahead: int,
    *,
    season: int = 1,
    seasons: int = 1,
) -> NDArray[np.float64]:
    r"""Forecast by repeating what was, the forecast to beat.

    At each row the answer for `ahead` rows later is the latest known value at the same
    place of the season. With the default season of one row that is the value of the row
    itself: nothing changes. For hourly rows, ``season=24`` repeats the same hour of the
    last day, ``season=24 * 7`` that of the last week, and ``seasons=7`` with
    ``season=24`` is the mean of that hour over seven days.

    Parameters
    ----------
    times : array_like of shape (rows,)
        Time of each row, as for `windows`. Rows may be absent.
    values : array_like of shape (rows,)
        What is to be forecast; NaN where it is not known.
    ahead : int
        Rows from the forecast to its answer, at least 1.
    season : int, default 1
        Rows in a season, at least 1.
    seasons : int, default 1
        Number of past seasons to average, at least 1.

    Returns
    -------
    numpy.ndarray of shape (rows,) and dtype float64
        The forecast made *at* each row, from that row and earlier ones alone. It is NaN
        where one of the values that it needs is unknown.

    Raises
    ------
    ValueError
        If the times do not increase or are not multiples of one distance apart, if the
        numbers of rows differ, or if a size is not a positive integer.

    Notes
    -----
    At row :math:`t`, for an answer at :math:`t + h` and seasons of :math:`s` rows, the
    values used are those at :math:`t + h - s \lceil h/s \rceil - s j` for
    :math:`j = 0, 1, \dots` up to `seasons`. For :math:`h \le s` and a single season
    that is the seasonal random walk.

    Examples
    --------
    >>> import numpy as np
    >>> from dlguide import series
    >>> hours, record = np.arange(6), np.array([1, 5, 2, 6, 3, 7])
    >>> series.naive_forecast(hours, record, ahead=1)
    array([1., 5., 2., 6., 3., 7.])
    >>> series.naive_forecast(hours, record, ahead=1, season=2)
    array([nan,  1.,  5.,  2.,  6.,  3.])
    >>> series.naive_forecast(hours, record, ahead=1, season=2, seasons=2)
    array([nan, nan, nan, 1.5, 5.5, 2.5])
    """
    places = _grid(times)
    known = np.asarray(values, dtype=np.float64)
    if known.shape != places.shape:
        raise ValueError(
            "values must have one value for each time. "
            f"Received: shape {known.shape} for {len(places)} times"
        )
    distance, period = _integer("ahead", ahead), _integer("season", season)
    # On a grid without holes, a row's place is its index.
    grid = np.full(int(places[-1]) + 1, np.nan)
    grid[places] = known
    answers = np.zeros(len(places))
    for past in range(_integer("seasons", seasons)):
        sources = places + distance - period * (-(-distance // period) + past)
        # A source before the record has no value: the first row stands in, and is masked.
        answers += np.where(sources >= 0, grid[np.maximum(sources, 0)], np.nan)
    return answers / seasons


def fill_forward(values: ArrayLike, limit: int | None = None) -> NDArray[Any]:
    """Fill what is missing with the last value before it.

    Only the past is used: whoever makes a forecast does not yet know the other end of the
    gap, so a straight line across it would look into the future.

    Parameters
    ----------
    values : array_like of shape (rows,) or (rows, features)
        A record with NaN where a value is missing, in the order of time and without
        absent rows. Each column is filled on its own.
    limit : int, optional
        Most rows to fill in one gap, at least 1; what is left stays NaN. By default all.

    Returns
    -------
    numpy.ndarray
        A copy. What is missing before the first value of a column stays NaN.

    Raises
    ------
    ValueError
        If `values` has another number of dimensions, or if `limit` is not a positive
        integer.

    Examples
    --------
    >>> import numpy as np
    >>> from dlguide import series
    >>> series.fill_forward([np.nan, 1.0, np.nan, np.nan, 4.0], limit=1)
    array([nan,  1.,  1., nan,  4.])
    """
    record = np.asarray(values)
    if record.ndim not in (1, 2):
        raise ValueError(
            f"values must have shape (rows,) or (rows, features). Received: {record.shape}"
        )
    columns = record.reshape(len(record), -1)
    rows = np.broadcast_to(np.arange(len(record))[:, None], columns.shape)
    source = np.maximum.accumulate(np.where(np.isnan(columns), -1, rows), axis=0)
    if limit is not None:
        source = np.where(rows - source > _integer("limit", limit), rows, source)
    source = np.where(source < 0, rows, source)
    return np.take_along_axis(columns, source, axis=0).reshape(record.shape)


def _grid(times: ArrayLike, *, regular: bool = True) -> NDArray[np.int64]:
    """Return each time's place on a regular grid, counted from the first, or refuse."""
    moments = np.asarray(times)
    if moments.ndim != 1 or len(moments) < 2 or moments.dtype.kind not in "Miu":
        raise ValueError(
            "times must be one-dimensional, datetime64 or integers, and at least two. "
            f"Received: shape {moments.shape} and dtype {moments.dtype}"
        )
    if moments.dtype.kind == "M" and np.isnat(moments).any():
        raise ValueError(
            f"times must all be known. Received: {np.isnat(moments).sum()} of them are NaT"
        )
    steps = np.asarray(np.diff(moments.astype(np.int64)), dtype=np.int64)
    if steps.min() <= 0:
        row = int(np.argmax(steps <= 0)) + 1
        raise ValueError(
            "times must increase from row to row, but the record is shuffled or repeats itself. "
            f"Received: {moments[row]} in row {row}, after {moments[row - 1]}"
        )
    smallest = int(steps.min()) if regular else 1
    off = np.mod(steps, smallest)
    if off.any():
        row = int(np.argmax(off > 0)) + 1
        raise ValueError(
            "times must be multiples of one distance apart. "
            f"Received: {moments[row]} in row {row}, after {moments[row - 1]}; "
            f"the smallest distance is {np.diff(moments).min()}"
        )
    places: NDArray[np.int64] = np.concatenate([[0], np.cumsum(steps // smallest)])
    return places


def _duration(label: str, value: int | np.timedelta64, unit: Any, *, at_least: int) -> int:
    """Return a length of time as a whole number of units, or say what it should have been."""
    units = None
    if isinstance(value, np.timedelta64):
        if isinstance(unit, np.timedelta64):
            ratio = float(value / unit)
            units = int(ratio) if ratio.is_integer() else None
    else:
        units = _whole(value)
    if units is None or units < at_least:
        raise ValueError(
            f"{label} must be a whole number of {unit}, at least {at_least}. Received: {value!r}"
        )
    return units


def _integer(label: str, value: int, *, at_least: int = 1) -> int:
    """Return `value` as an int, or say what it should have been."""
    number = _whole(value)
    if number is None or number < at_least:
        raise ValueError(f"{label} must be an integer of at least {at_least}. Received: {value!r}")
    return number


def _whole(value: Any) -> int | None:
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None
