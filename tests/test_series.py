import keras
import numpy as np
import pytest

from dlguide import datasets, series

HOUR = np.timedelta64(1, "h")
DAY = np.timedelta64(1, "D")


@pytest.fixture
def hours() -> np.ndarray:
    """Ten days of hours."""
    return np.arange("2013-01-01T00", "2013-01-11T00", dtype="datetime64[h]")


@pytest.fixture
def count(hours) -> np.ndarray:
    """The number of each hour, so that a value says where it came from."""
    return np.arange(len(hours), dtype="float32")


# windows


def test_windows_are_consecutive_rows_and_answers_come_later(hours, count):
    table = np.column_stack([count, -count])
    found = series.windows(hours, table, count, steps=5, ahead=24)
    assert found.inputs.shape == (240 - 5 - 24 + 1, 5, 2)
    assert found.inputs.dtype == found.targets.dtype == np.float32
    assert (np.diff(found.inputs[:, :, 0], axis=1) == 1).all()
    assert (found.inputs[:, :, 1] == -found.inputs[:, :, 0]).all()
    assert (found.targets == found.inputs[:, -1, 0] + 24).all()
    assert (found.times == hours[4:-24]).all()
    assert found.left_out == 0


def test_windows_of_a_whole_record_are_those_of_keras(hours, count):
    steps, ahead = 6, 3
    found = series.windows(hours, count, count, steps, ahead, stride=2)
    theirs = keras.utils.timeseries_dataset_from_array(
        count[:-ahead, None],
        count[steps - 1 + ahead :],
        sequence_length=steps,
        sequence_stride=2,
        batch_size=None,
    )
    inputs, targets = zip(*theirs.as_numpy_iterator(), strict=True)
    np.testing.assert_array_equal(found.inputs, inputs)
    np.testing.assert_array_equal(found.targets, targets)


def test_spacing_and_stride_are_those_of_keras(hours, count):
    steps, ahead, spacing, stride = 4, 5, 3, 2
    found = series.windows(hours, count, count, steps, ahead, spacing=spacing, stride=stride)
    theirs = keras.utils.timeseries_dataset_from_array(
        count[:-ahead, None],
        count[(steps - 1) * spacing + ahead :],
        sequence_length=steps,
        sampling_rate=spacing,
        sequence_stride=stride,
        batch_size=None,
    )
    inputs, targets = zip(*theirs.as_numpy_iterator(), strict=True)
    np.testing.assert_array_equal(found.inputs, inputs)
    np.testing.assert_array_equal(found.targets, targets)


def test_between_the_rows_of_a_window_values_may_be_missing_but_rows_may_not(hours, count):
    broken = count.copy()
    broken[1] = np.nan
    found = series.windows(hours, broken, count, steps=3, ahead=1, spacing=2)
    assert found.left_out == 1  # only the window that begins at row 1
    kept = np.delete(np.arange(240), 1)
    found = series.windows(hours[kept], count[kept], count[kept], steps=3, ahead=1, spacing=2)
    assert (np.diff(found.inputs[:, :, 0], axis=1) == 2).all()
    assert found.left_out == 1  # 239 rows allow 234 windows; that from row 0 spans the hole


def test_no_window_crosses_an_absent_row(hours, count):
    kept = np.delete(np.arange(240), [50, 51])
    found = series.windows(hours[kept], count[kept], count[kept], steps=5, ahead=3)
    assert (np.diff(found.inputs[:, :, 0], axis=1) == 1).all()
    assert (found.targets == found.inputs[:, -1, 0] + 3).all()
    # Of 238 rows, 231 windows could be cut; 7 span the joint.
    assert len(found.inputs) == 231 - 7
    assert found.left_out == 7


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_no_window_holds_a_missing_value(hours, count, hole):
    broken = count.copy()
    broken[100] = hole
    found = series.windows(hours, broken, broken, steps=5, ahead=3)
    assert np.isfinite(found.inputs).all()
    assert np.isfinite(found.targets).all()
    assert (found.targets == found.inputs[:, -1, 0] + 3).all()
    assert found.left_out == 5 + 1  # in five windows as a row, in one as the answer


def test_a_missing_value_between_window_and_answer_does_no_harm(hours, count):
    broken = np.column_stack([count, count])
    broken[-2, 1] = np.nan
    found = series.windows(hours, broken, count, steps=2, ahead=3)
    assert found.left_out == 0
    assert found.targets[-1] == count[-1]


def test_windows_are_copies(hours, count):
    found = series.windows(hours, count, count, steps=5, ahead=1)
    found.inputs[:] = -1
    found.targets[:] = -1
    assert (count == np.arange(240)).all()


def test_several_answers(hours, count):
    targets = np.column_stack([count, 2 * count])
    targets[20, 1] = np.nan
    found = series.windows(hours, count, targets, steps=2, ahead=4)
    assert found.targets.shape == (240 - 5 - 1, 2)
    assert found.left_out == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, r"steps must be an integer of at least 1. Received: 0"),
        ({"steps": True}, r"steps must be an integer"),
        ({"ahead": 0}, r"ahead must be an integer of at least 1. Received: 0"),
        ({"ahead": 1.0}, r"ahead must be an integer of at least 1. Received: 1.0"),
        ({"spacing": 0}, r"spacing must be an integer of at least 1. Received: 0"),
        ({"stride": 0}, r"stride must be an integer of at least 1. Received: 0"),
        ({"steps": 236}, r"No window of 236 rows with an answer 5 rows later"),
        ({"inputs": np.zeros((239, 1))}, r"same number of rows. Received: 240, 239 and 240"),
        ({"inputs": np.zeros((240, 1, 1))}, r"Received: \(240, 1, 1\) and \(240,\)"),
        ({"inputs": np.full(240, np.nan)}, r"240 rows, 240 of them with a missing input"),
    ],
)
def test_windows_say_what_cannot_be_cut(hours, count, arguments, message):
    usual = {"inputs": count, "targets": count, "steps": 5, "ahead": 5}
    with pytest.raises(ValueError, match=message):
        series.windows(hours, **{**usual, **arguments})


# times


@pytest.fixture(params=["windows", "chronological_split", "naive_forecast"])
def with_times(request, count):
    """Each function that is given times, as a function of the times alone."""
    return {
        "windows": lambda times: series.windows(times, count, count, 2, 1),
        "chronological_split": series.chronological_split,
        "naive_forecast": lambda times: series.naive_forecast(times, count, 1),
    }[request.param]


def test_shuffled_time_is_refused(hours, with_times):
    shuffled = np.random.default_rng(0).permutation(hours)
    with pytest.raises(ValueError, match=r"must increase .* shuffled or repeats itself. Received"):
        with_times(shuffled)


def test_repeated_time_is_refused(hours, with_times):
    hours[7] = hours[6]
    message = r"Received: 2013-01-01T06 in row 7, after 2013-01-01T06"
    with pytest.raises(ValueError, match=message):
        with_times(hours)


def test_unknown_time_is_refused(hours, with_times):
    hours[3] = "NaT"
    with pytest.raises(ValueError, match=r"must all be known. Received: 1 of them are NaT"):
        with_times(hours)


def test_times_of_another_kind_are_refused(hours, with_times):
    for times in (hours.astype(float), hours.reshape(2, -1), hours[:1], hours.astype(str)):
        with pytest.raises(ValueError, match=r"times must be one-dimensional, datetime64 or"):
            with_times(times)


def test_irregular_times_have_no_windows(hours, count):
    minutes = hours.astype("datetime64[m]")
    minutes[5:] += 20
    message = (
        r"multiples of one distance apart. Received: 2013-01-01T05:20 in row 5, after .*T04:00"
    )
    with pytest.raises(ValueError, match=message):
        series.windows(minutes, count, count, 2, 1)


# chronological_split


def test_parts_follow_each_other_and_no_answer_is_shared(hours):
    reach = 24
    train, validate, test = series.chronological_split(hours, (0.5, 0.25, 0.25), reach=24 * HOUR)
    assert hours[train[0]] == hours[0]
    assert hours[test[-1]] == hours[-1]
    for earlier, later in ((train, validate), (validate, test)):
        assert hours[earlier[-1]] + reach < hours[later[0]]
        assert hours[later[0]] - hours[earlier[-1]] == (reach + 1) * HOUR
        assert (np.diff(earlier) == 1).all()


def test_reach_may_be_given_in_units_of_the_times_or_in_others(hours):
    for reach in (48, 48 * HOUR, 2 * DAY):
        train, test = series.chronological_split(hours, (0.5, 0.5), reach=reach)
        assert (train.size, test.size) == (96, 96)


def test_the_shares_divide_the_time_and_not_the_samples(hours):
    some = np.delete(np.arange(240), np.arange(1, 120, 2))
    first, second = series.chronological_split(hours[some], (0.5, 0.5))
    assert hours[some][second[0]] - hours[some][first[0]] == 120 * HOUR
    assert (first.size, second.size) == (60, 120)


def test_every_cycle_is_divided(hours):
    parts = series.chronological_split(hours, (0.6, 0.2, 0.2), reach=6, cycle=5 * DAY)
    day = (hours - hours[0]) // DAY
    assert [set(day[part].tolist()) for part in parts] == [{0, 1, 2, 5, 6, 7}, {3, 8}, {4, 9}]
    assert [part.size for part in parts] == [2 * (72 - 6), 2 * 18, 2 * 18]
    together = np.concatenate(parts)
    assert np.unique(together).size == together.size


def test_no_answer_of_one_part_is_an_answer_of_another(hours):
    parts = series.chronological_split(hours, (0.4, 0.3, 0.3), reach=7, cycle=4 * DAY)
    answers = [set((hours[part] + 7).tolist()) for part in parts]
    assert len(set().union(*answers)) == sum(map(len, answers)) == sum(map(len, parts))


def test_integers_are_times_too():
    parts = series.chronological_split(np.arange(100, 200, 2), (0.8, 0.2), reach=4)
    assert [part.tolist() for part in parts] == [[*range(40)], [*range(42, 50)]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shares": (0.8, 0.3)}, r"with more, parts would overlap.*Received: \[0.8, 0.3\]"),
        ({"shares": (0.8, 0.1)}, r"with less, time would be lost"),
        ({"shares": (1.2, -0.2)}, r"above 0"),
        ({"shares": ()}, r"sum to 1"),
        ({"reach": -1}, r"reach must be a whole number of .* at least 0. Received: -1"),
        ({"reach": np.timedelta64(90, "m")}, r"reach must be a whole number"),
        ({"reach": 1.5}, r"reach must be a whole number"),
        ({"cycle": 0}, r"cycle must be a whole number of .* at least 1. Received: 0"),
        ({"reach": 80}, r"Part 1 has no sample: it is 64 long, in units of 1 hours"),
        ({"cycle": 2 * DAY, "reach": 10}, r"Part 1 has no sample: it is 9.6 long"),
    ],
)
def test_splits_say_what_cannot_be_divided(hours, arguments, message):
    with pytest.raises(ValueError, match=message):
        series.chronological_split(hours, **arguments)


def test_a_timedelta_does_not_fit_integers():
    with pytest.raises(ValueError, match=r"reach must be a whole number of 1"):
        series.chronological_split(np.arange(10), reach=HOUR)


# naive_forecast


def test_by_default_nothing_changes(hours, count):
    np.testing.assert_array_equal(series.naive_forecast(hours, count, 24), count)


@pytest.mark.parametrize("ahead", [1, 5, 24, 25, 48])
def test_the_season_repeats_the_latest_value_of_the_same_hour(hours, count, ahead):
    answers = series.naive_forecast(hours, count, ahead, season=24)
    known = np.isfinite(answers)
    aimed = count + ahead
    assert ((aimed - answers)[known] % 24 == 0).all()
    assert (answers[known] <= count[known]).all()  # from the past
    assert (answers[known] > count[known] - 24).all()  # and the latest of it
    assert known.sum() == 240 - max(0, -(ahead % -24))


def test_a_pure_season_is_forecast_without_error(hours):
    wave = np.sin(2 * np.pi * np.arange(240) / 24)
    answers = series.naive_forecast(hours, wave, ahead=7, season=24)
    np.testing.assert_allclose(answers[24:-7], wave[24 + 7 :], atol=1e-12)


def test_the_mean_of_several_seasons(hours, count):
    answers = series.naive_forecast(hours, count, ahead=24, season=24, seasons=3)
    np.testing.assert_array_equal(answers[48:], count[48:] - 24)
    assert np.isnan(answers[:48]).all()


def test_absent_rows_and_missing_values_are_unknown(hours, count):
    kept = np.delete(np.arange(240), [50])
    record = count[kept]
    record[100] = np.nan  # hour 101
    answers = series.naive_forecast(hours[kept], record, ahead=24, season=48)
    unknown = kept[np.isnan(answers)]
    assert unknown.tolist() == [*range(24), 74, 125]
    known = np.isfinite(answers)
    assert (answers[known] == kept[known] - 24).all()


@pytest.mark.parametrize("name", ["ahead", "season", "seasons"])
def test_naive_forecasts_need_sizes(hours, count, name):
    with pytest.raises(ValueError, match=rf"{name} must be an integer of at least 1. Received: 0"):
        series.naive_forecast(hours, count, **{"ahead": 1, name: 0})


def test_naive_forecasts_need_one_value_for_each_time(hours, count):
    with pytest.raises(ValueError, match=r"shape \(240, 1\) for 240 times"):
        series.naive_forecast(hours, count[:, None], 1)


# fill_forward


def test_gaps_are_filled_from_the_past_up_to_the_limit():
    holes = np.array([[np.nan, 1, np.nan, np.nan, np.nan, 5], [0, np.nan, 2, 3, np.nan, 5]]).T
    filled = series.fill_forward(holes, limit=2)
    np.testing.assert_array_equal(filled[:, 0], [np.nan, 1, 1, 1, np.nan, 5])
    np.testing.assert_array_equal(filled[:, 1], [0, 0, 2, 3, 3, 5])
    everything = series.fill_forward(holes[:, 0])
    np.testing.assert_array_equal(everything, [np.nan, 1, 1, 1, 1, 5])
    assert np.isnan(holes[4, 0])


def test_a_whole_record_stays_as_it_is(count):
    filled = series.fill_forward(count)
    assert filled.dtype == np.float32
    np.testing.assert_array_equal(filled, count)
    assert not np.shares_memory(filled, count)


@pytest.mark.parametrize("limit", [0, -1, 1.5, True])
def test_a_limit_is_a_number_of_rows(limit):
    with pytest.raises(ValueError, match=r"limit must be an integer of at least 1. Received"):
        series.fill_forward([1.0], limit)


def test_a_single_number_is_no_record():
    with pytest.raises(ValueError, match=r"Received: \(\)"):
        series.fill_forward(1.0)


# together, on the weather


@pytest.mark.parametrize("airport", ["EWR", "JFK", "LGA"])
def test_the_weather_has_gaps_and_its_windows_have_none(airport):
    times, values = datasets.weather(airport)
    raw = series.windows(times, values, values[:, 0], steps=48, ahead=24)
    filled = series.fill_forward(values, limit=6)
    mended = series.windows(times, filled, values[:, 0], steps=48, ahead=24)
    possible = len(times) - 48 - 24 + 1
    for found in (raw, mended):
        assert np.isfinite(found.inputs).all()
        assert np.isfinite(found.targets).all()
        assert len(found.inputs) + found.left_out == possible
    assert raw.left_out > possible / 2 > 4 * mended.left_out
    parts = series.chronological_split(mended.times, reach=24, cycle=14 * DAY)
    months = mended.times.astype("datetime64[M]")
    assert all(np.unique(months[part]).size == 12 for part in parts)
