from __future__ import annotations

import numpy as np
import pytest

from dlguide import datasets

from .fingerprint import fingerprint

NAMES = ("EWR", "JFK", "LGA")
HOUR = np.timedelta64(1, "h")


@pytest.fixture(scope="module")
def weather():
    return {airport: datasets.weather(airport) for airport in NAMES}


def column(name: str) -> int:
    (found,) = (
        position
        for position, feature in enumerate(datasets.card("weather").feature_names)
        if feature.startswith(name)
    )
    return found


def test_the_hours_are_regular_and_the_same_everywhere(weather):
    for times, values in weather.values():
        assert times.dtype == np.dtype("datetime64[h]")
        assert values.dtype == np.float32
        assert values.shape == (8_730, len(datasets.card("weather").feature_names))
        assert (np.diff(times) == HOUR).all()
        assert times[0] == np.datetime64("2013-01-01T01")
        assert times[-1] == np.datetime64("2013-12-30T18")


def test_jfk_is_the_default():
    assert fingerprint(*datasets.weather()) == fingerprint(*datasets.weather("JFK"))


@pytest.mark.parametrize(
    ("airport", "hours", "missing"),
    [
        ("EWR", 27, [1, 1, 1, 256, 2, 0, 935, 0]),
        ("JFK", 24, [0, 0, 0, 51, 3, 0, 831, 0]),
        ("LGA", 24, [0, 0, 0, 153, 0, 0, 963, 0]),
    ],
)
def test_missing_values_are_counted(weather, airport, hours, missing):
    _, values = weather[airport]
    absent = np.isnan(values).all(axis=1)
    assert int(absent.sum()) == hours
    assert np.isnan(values[~absent]).sum(axis=0).tolist() == missing


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("temperature", -12, 38),
        ("dew point", -24, 26),
        ("relative humidity", 12, 100),
        ("wind direction", 0, 360),
        ("wind speed", 0, 20),
        ("precipitation", 0, 31),
        ("pressure", 983, 1043),
        ("visibility", 0, 16.1),
    ],
)
def test_values_are_in_the_documented_ranges(weather, name, low, high):
    found = np.concatenate([values[:, column(name)] for _, values in weather.values()])
    assert low <= np.nanmin(found) <= low + 0.1 * (high - low)
    assert high - 0.1 * (high - low) <= np.nanmax(found) <= high


def test_one_record_is_found_at_its_hour_in_si_units(weather):
    # The file: JFK, 17:00 UTC on 4 July: 82.94 F, 73.94 F, 74.33 %, 180 degrees, 14.96 mph,
    # 0 inches, 1024 millibars, 10 miles.
    times, values = weather["JFK"]
    (position,) = np.flatnonzero(times == np.datetime64("2013-07-04T12"))
    expected = [28.3, 23.3, 74.33, 180.0, 6.688, 0.0, 1024.0, 16.093]
    np.testing.assert_allclose(values[position], expected, atol=1e-3)


def test_the_day_is_warmest_after_noon_in_summer_and_winter(weather):
    times, values = weather["JFK"]
    hours = (times - times.astype("datetime64[D]")).astype(int)
    months = times.astype("datetime64[M]").astype(int) % 12
    for months_of_season in ((5, 6, 7), (11, 0, 1)):
        season = np.isin(months, months_of_season)
        mean = [np.nanmean(values[season & (hours == hour), 0]) for hour in range(24)]
        assert 12 <= np.argmax(mean) <= 15
        assert 3 <= np.argmin(mean) <= 6


def test_calm_air_has_direction_zero(weather):
    for _, values in weather.values():
        direction, speed = values[:, column("wind direction")], values[:, column("wind speed")]
        known = ~np.isnan(direction) & ~np.isnan(speed)
        assert ((direction == 0) == (speed == 0))[known].all()


def test_the_impossible_wind_is_missing_and_its_hour_is_not(weather):
    times, values = weather["EWR"]
    (position,) = np.flatnonzero(times == np.datetime64("2013-02-12T03"))
    assert np.flatnonzero(np.isnan(values[position])).tolist() == [column("wind speed")]


def test_an_unknown_airport_is_refused():
    with pytest.raises(ValueError, match=r"'EWR', 'JFK', 'LGA'\. Received: 'jfk'"):
        datasets.weather("jfk")


def test_a_call_gives_arrays_of_its_own():
    times, values = datasets.weather()
    times[0], values[0] = np.datetime64("2000-01-01"), 0
    again, values_again = datasets.weather()
    assert again[0] == np.datetime64("2013-01-01T01")
    assert values_again[0, 0] != 0


@pytest.mark.parametrize(
    ("airport", "expected"),
    [("EWR", "62413a59457efa73"), ("JFK", "328b6503c847cc1c"), ("LGA", "71135430da9b3a1b")],
)
def test_the_set_is_the_same_for_ever(weather, airport, expected):
    assert fingerprint(*weather[airport]) == expected


# Flights


@pytest.fixture(scope="module")
def flights():
    return datasets.flights()


def test_flights_have_the_documented_columns(flights):
    x, y = flights
    assert {name: column.dtype for name, column in x.items()} == {
        "time": np.dtype("datetime64[m]"),
        "clock": np.dtype("datetime64[m]"),
        "origin": np.dtype(object),
        "destination": np.dtype(object),
        "carrier": np.dtype(object),
        "number": np.dtype("uint16"),
        "distance": np.dtype("float32"),
    }
    assert {column.shape for column in x.values()} == {y.shape} == {(336_776,)}
    assert y.dtype == np.float32
    assert (np.nanmin(y), np.nanmax(y)) == (-43, 1301)
    assert int(np.isnan(y).sum()) == 8_255
    assert sorted(set(x["origin"])) == sorted(NAMES)
    assert (len(set(x["destination"])), len(set(x["carrier"]))) == (105, 16)
    assert (int(x["number"].min()), int(x["number"].max())) == (1, 8500)
    assert (round(x["distance"].min()), round(x["distance"].max())) == (27, 8019)


def test_flights_are_in_the_order_of_their_times(flights):
    x, _ = flights
    steps = np.diff(x["time"]).astype(int)
    assert (steps >= 0).all()
    assert (np.diff(x["number"].astype(int))[steps == 0] >= 0).all()


def test_the_clock_is_an_hour_ahead_in_summer_alone(flights):
    x, _ = flights
    ahead = x["clock"] - x["time"]
    summer = (x["clock"] >= np.datetime64("2013-03-10T03:00")) & (
        x["clock"] < np.datetime64("2013-11-03T02:00")
    )
    assert set(ahead[summer].astype(int).tolist()) == {60}
    assert set(ahead[~summer].astype(int).tolist()) == {0}


def test_one_flight_is_that_of_the_file(flights):
    # The file: 2013,1,1,542,540,2,...,AA,1141,...,JFK,MIA,160,1089,5,40
    x, y = flights
    (position,) = np.flatnonzero(
        (x["carrier"] == "AA")
        & (x["number"] == 1141)
        & (x["clock"] == np.datetime64("2013-01-01T05:40"))
    )
    assert (x["origin"][position], x["destination"][position]) == ("JFK", "MIA")
    assert x["distance"][position] == pytest.approx(1089 * 1.609344, rel=1e-5)
    assert y[position] == 2


def test_one_flight_in_five_is_late(flights):
    _, y = flights
    assert 0.20 < np.mean(y[~np.isnan(y)] > 15) < 0.22


def test_flights_join_the_weather_of_their_hour(flights, weather):
    x, _ = flights
    times, _ = weather["JFK"]
    hours = x["time"].astype("datetime64[h]")
    inside = (hours >= times[0]) & (hours <= times[-1])
    assert inside.mean() > 0.99


def test_the_flights_are_the_same_for_ever(flights):
    x, y = flights
    assert fingerprint(*x.values(), y) == "06db7295fd54e0ff"
