from __future__ import annotations

import numpy as np
import pytest

from dlguide import datasets

from .fingerprint import fingerprint


@pytest.fixture(scope="module")
def house_prices():
    return datasets.house_prices()


def both(sets, name):
    (x_train, _), (x_test, _) = sets
    return np.concatenate([x_train[name], x_test[name]])


def test_the_columns_are_those_of_the_card(house_prices):
    for (x, y), count in zip(house_prices, (16_512, 4_128), strict=True):
        assert set(x) == set(datasets.card("house_prices").feature_names)
        assert {column.shape for column in x.values()} == {y.shape} == {(count,)}
        assert {name for name, column in x.items() if column.dtype == object} == {"ocean_proximity"}
        assert {column.dtype for column in x.values()} == {np.dtype("O"), np.dtype("f4")}
        assert y.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("longitude", -124.35, -114.31),
        ("latitude", 32.54, 41.95),
        ("housing_median_age", 1, 52),
        ("total_rooms", 2, 39_320),
        ("total_bedrooms", 1, 6_445),
        ("population", 3, 35_682),
        ("households", 1, 6_082),
        ("median_income", 0.4999, 15.0001),
    ],
)
def test_numbers_are_in_the_documented_ranges(house_prices, name, low, high):
    column = both(house_prices, name)
    assert np.nanmin(column) == np.float32(low)
    assert np.nanmax(column) == np.float32(high)


def test_only_bedrooms_are_missing(house_prices):
    for name in datasets.card("house_prices").feature_names:
        if name != "ocean_proximity":
            missing = int(np.isnan(both(house_prices, name)).sum())
            assert missing == (207 if name == "total_bedrooms" else 0)


def test_ocean_proximity_has_five_words(house_prices):
    found, counts = np.unique(both(house_prices, "ocean_proximity"), return_counts=True)
    assert dict(zip(found, counts.tolist(), strict=True)) == {
        "<1H OCEAN": 9_136,
        "INLAND": 6_551,
        "ISLAND": 5,
        "NEAR BAY": 2_290,
        "NEAR OCEAN": 2_658,
    }


def test_values_are_in_units_of_100_000_dollars_and_cut_at_five(house_prices):
    (_, y_train), (_, y_test) = house_prices
    y = np.concatenate([y_train, y_test])
    assert y.min() == np.float32(0.14999)
    assert y.max() == np.float32(5.00001)
    assert int((y > 5).sum()) == 965
    assert y.mean(dtype=np.float64) == pytest.approx(2.06856, abs=1e-5)


def test_no_district_occurs_twice(house_prices):
    rows = set()
    for x, y in house_prices:
        rows.update(zip(*x.values(), y, strict=True))
    assert len(rows) == 20_640


def test_the_split_is_fair_and_the_order_mixed(house_prices):
    (x_train, y_train), (_, y_test) = house_prices
    assert abs(y_train.mean() - y_test.mean()) < 0.05
    neighbours = np.corrcoef(x_train["latitude"][:-1], x_train["latitude"][1:])[0, 1]
    assert abs(neighbours) < 0.03  # the file itself goes from place to place in order


def test_columns_stay_together(house_prices):
    (x, y), _ = house_prices
    assert np.corrcoef(x["households"], x["population"])[0, 1] > 0.9
    assert np.corrcoef(x["median_income"], y)[0, 1] > 0.6


def test_the_set_is_the_same_for_ever(house_prices):
    (x_train, y_train), (x_test, y_test) = house_prices
    found = fingerprint(*x_train.values(), y_train, *x_test.values(), y_test)
    assert found == "f9349361dd647320"
