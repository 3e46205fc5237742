"""Loaders for what has a time: a year of hourly weather, and the flights of the same year."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from dlguide.datasets import _store
from dlguide.datasets._cards import card

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AIRPORTS = ("EWR", "JFK", "LGA")

# The file's columns in the order of the card's feature names: (column, factor, zero), where
# value in SI units = factor * (value in the file - zero).
_COLUMNS = (
    ("temp", 5 / 9, 32.0),  # degrees Fahrenheit
    ("dewp", 5 / 9, 32.0),
    ("humid", 1.0, 0.0),
    ("wind_dir", 1.0, 0.0),
    ("wind_speed", 0.44704, 0.0),  # miles per hour
    ("precip", 25.4, 0.0),  # inches
    ("pressure", 1.0, 0.0),  # millibars
    ("visib", 1.609344, 0.0),  # miles
)
_WIND_SPEED = 4
_FASTEST_WIND = 100.0  # m/s; no station ever measured such an hour

_KILOMETRES = 1.609344  # in a mile

_UTC_TO_EST = np.timedelta64(-5, "h")
_TIMES = np.arange("2013-01-01T01", "2013-12-30T19", dtype="datetime64[h]")


def weather(airport: str = "JFK") -> tuple[NDArray[np.datetime64], NDArray[np.float32]]:
    """Load the hourly weather of 2013 at one of New York's airports.

    Every hour from 1 January, 01:00, to 30 December, 18:00, has its row, so a
    window of rows is a window of time. Hours and values that were not recorded
    are NaN.

    Parameters
    ----------
    airport : {"EWR", "JFK", "LGA"}, default "JFK"
        Newark Liberty, John F. Kennedy or LaGuardia.

    Returns
    -------
    times : numpy.ndarray
        Array of shape (8730,) and dtype datetime64[h]: Eastern Standard Time,
        five hours behind UTC all year. There is no daylight saving, so every
        day has 24 hours and noon stays at noon.
    values : numpy.ndarray
        Array of shape (8730, 8) and dtype float32. The columns are
        ``card("weather").feature_names``:

        0. temperature, -12 to 38 degrees Celsius;
        1. dew point, -24 to 26 degrees Celsius;
        2. relative humidity, 12 to 100 per cent;
        3. wind direction, 10 to 360 degrees, from where the wind comes
           (90 is east); 0 in a calm, NaN where it was variable;
        4. wind speed, 0 to 20 metres per second;
        5. precipitation in the hour, 0 to 31 millimetres;
        6. air pressure at sea level, 983 to 1043 hectopascals;
        7. visibility, 0 to 16.1 kilometres, where 16.1 stands for more.

    Raises
    ------
    ValueError
        If the airport is not one of the three.
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* The National Oceanic and Atmospheric Administration of
    the United States, CC0; `card` has the details.

    *What is missing.* Hours without any record: 27 at EWR, 24 at JFK, 24 at LGA,
    some of them in a row. In the hours with a record there is no pressure in
    935 (EWR), 831 (JFK) and 963 (LGA), among them half of the hours with rain; no
    wind direction in 256, 51 and 153; no wind speed in 2, 3 and 0; and EWR lacks temperature,
    dew point and humidity once.

    *What was changed.* Units, from the American ones. One wind speed at EWR,
    469 m/s on 12 February, is an error and became NaN. Gusts are left out:
    four in five hours have none.

    *What was not.* At JFK the hour of 8 May, 21:00, has -10.5 degrees between
    neighbours of 14: another error, which is left for its readers to find.

    *Split.* None here. Neighbouring hours are alike, so cut such a series in
    time, never at random.

    References
    ----------
    .. [1] Wickham, H. (2021). "nycflights13: Flights that departed NYC in 2013."
       R package, version 1.0.2.

    Examples
    --------
    >>> from dlguide import datasets
    >>> times, values = datasets.weather()
    >>> values.shape, values.dtype
    ((8730, 8), dtype('float32'))
    >>> times[0], times[-1]
    (np.datetime64('2013-01-01T01','h'), np.datetime64('2013-12-30T18','h'))
    >>> datasets.card("weather").feature_names[4]
    'wind speed (m/s)'
    """
    if airport not in _AIRPORTS:
        choices = ", ".join(repr(name) for name in _AIRPORTS)
        raise ValueError(f"airport must be one of {choices}. Received: {airport!r}")
    (path,) = _store.paths(card("weather"))
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["origin"] == airport]
    hours = np.array([row["time_hour"].removesuffix(":00:00Z") for row in rows], "datetime64[h]")
    recorded = np.array(
        [
            [
                factor * (float(row[column].replace("NA", "nan")) - zero)
                for column, factor, zero in _COLUMNS
            ]
            for row in rows
        ]
    )
    recorded[recorded[:, _WIND_SPEED] > _FASTEST_WIND, _WIND_SPEED] = np.nan
    values = np.full((len(_TIMES), len(_COLUMNS)), np.nan, dtype=np.float32)
    values[(hours + _UTC_TO_EST - _TIMES[0]).astype(int)] = recorded
    return _TIMES.copy(), values


def flights() -> tuple[dict[str, NDArray[Any]], NDArray[np.float32]]:
    """Load every flight that was to leave New York in 2013, and how late it left.

    The task is to say beforehand whether a departure will be late. All that the columns
    tell is known when the timetable is printed.

    Returns
    -------
    x : dict of str to numpy.ndarray
        336,776 flights in the order in which they were to leave; of those that were to leave
        in the same minute, the one of the lower number first. The columns are described
        below; each has the shape (336776,).
    y : numpy.ndarray
        Float32 array of shape (336776,): how many minutes after that time it left, -43 to
        1301. Negative is early; NaN is a flight that was cancelled.

    Raises
    ------
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    weather : What the weather was, at the same three airports.
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* The Bureau of Transportation Statistics of the United States, CC0;
    `card` has the details.

    *Columns.* Each has the shape (flights,).

    ===============  =============  ====================================================
    column           dtype          meaning
    ===============  =============  ====================================================
    ``time``         datetime64[m]  when it was to leave, in Eastern Standard Time, as in
                                    `weather`
    ``clock``        datetime64[m]  the same by the clocks of New York, an hour later in
                                    summer
    ``origin``       object         ``"EWR"``, ``"JFK"`` or ``"LGA"``, as in `weather`
    ``destination``  object         code of the airport, one of 105
    ``carrier``      object         code of the airline, one of 16
    ``number``       uint16         flight number, 1 to 8500
    ``distance``     float32        to the destination, 27 to 8,019 kilometres
    ===============  =============  ====================================================

    *Classes.* One flight in five left more than 15 minutes late; one in forty was
    cancelled (8,255).

    *What was left out.* What is known only afterwards: times of departure and arrival, time in
    the air. The aircraft's number is left out too: it is missing where a flight was
    cancelled before an aircraft was assigned.

    *Split.* None here. Flights of one hour are late together, so cut in time, never at
    random.

    References
    ----------
    .. [1] Wickham, H. (2021). "nycflights13: Flights that departed NYC in 2013."
       R package, version 1.0.2.

    Examples
    --------
    >>> from dlguide import datasets
    >>> x, y = datasets.flights()
    >>> x["clock"][0], x["origin"][0], x["destination"][0], float(y[0])
    (np.datetime64('2013-01-01T05:15'), 'EWR', 'IAH', 2.0)
    """
    from pyarrow import csv as table  # noqa: PLC0415  slow to import, and rarely needed

    (path,) = _store.paths(card("flights"))
    with zipfile.ZipFile(path) as packed:
        content = packed.read("flights.csv")
    columns = (
        *("year", "month", "day", "hour", "minute", "time_hour", "dep_delay"),
        *("origin", "dest", "carrier", "flight", "distance"),
    )
    read = table.read_csv(
        io.BytesIO(content), convert_options=table.ConvertOptions(include_columns=columns)
    )
    raw = {name: read.column(name).to_numpy() for name in columns}
    minutes = raw["minute"].astype("timedelta64[m]")
    days = np.array((raw["year"] - 1970) * 12 + raw["month"] - 1, "datetime64[M]")
    midnight = days.astype("datetime64[D]") + (raw["day"] - 1).astype("timedelta64[D]")
    x: dict[str, NDArray[Any]] = {
        "time": raw["time_hour"].astype("datetime64[m]") + _UTC_TO_EST + minutes,
        "clock": midnight + raw["hour"].astype("timedelta64[h]") + minutes,
        "origin": raw["origin"].astype(object),
        "destination": raw["dest"].astype(object),
        "carrier": raw["carrier"].astype(object),
        "number": raw["flight"].astype(np.uint16),
        "distance": (raw["distance"] * _KILOMETRES).astype(np.float32),
    }
    order = np.lexsort((x["carrier"].astype(str), x["number"], x["time"]))
    delay = raw["dep_delay"].astype(np.float32)
    return {name: column[order] for name, column in x.items()}, delay[order]
