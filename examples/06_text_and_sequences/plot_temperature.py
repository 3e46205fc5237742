"""
How warm will it be tomorrow at this hour?
==========================================

"As warm as today" is an answer that needs no network, and it is not a bad one.
A forecaster earns its keep by what it does better. So this page begins with that answer, in degrees Celsius,
and only then asks a weighted sum, a dense network, an LSTM and a GRU.

The data are a year of hourly weather at an airport of New York, with holes in it.
We deal with the holes in the open, split in time and not at random, and ask every model for the *change* until tomorrow instead of the temperature.
Some of the results are sobering, and the page says why.

It assumes recurrent layers as the section before introduces them;
the section on forecasting in the sixth chapter explains baselines and splits.
"""

# %%
# Setup
# -----
# A window is sixteen rows, three hours apart: two days. Rows one hour apart would say little more, and cost three times as much.
# A fortnight is divided into eight days to train, three to validate and three to test; the reason comes below.

import keras
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, series, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

AHEAD = 24  # hours
STEPS, SPACING = 16, 3  # rows of a window, hours between them
LIMIT = 6  # hours that the last value may stand in for missing ones
FORTNIGHT, SHARES = np.timedelta64(14, "D"), (8 / 14, 3 / 14, 3 / 14)
UNITS = 16
EPOCHS, PATIENCE = 8, 2

# %%
# Look at the data
# ----------------
# Eight quantities each hour. The first is the temperature that we want to know a day ahead.

times, values = datasets.weather("JFK")
names = datasets.card("weather").feature_names
print(f"{len(times):,} hours; missing:")
for name, column in zip(names, values.T, strict=True):
    print(f"  {name:30} {np.isnan(column).sum():5}")

# %%
datasets.card("weather")

# %%
temperature = values[:, 0]
fig, (year, weeks) = plt.subplots(2, figsize=(6.4, 5.2))
year.plot(times, temperature, "-", lw=0.5)
year.set(title="A year at John F. Kennedy Airport", ylabel="Temperature (°C)")
year.xaxis.set_major_formatter(mdates.DateFormatter("%b"))
march = np.array(["2013-03-04", "2013-03-25"], dtype="datetime64[h]")
some = slice(*np.searchsorted(times, march))
weeks.plot(times[some], temperature[some], "-")
weeks.set(title="Three weeks of it", ylabel="Temperature (°C)")
weeks.xaxis.set_major_formatter(mdates.DateFormatter("%-d %b"))
fig.set_label(
    "Above, a year of hourly temperature: from about -10 degrees in January "
    "up to more than 35 in July and down again, with fast ups and downs of "
    "ten degrees all along. Below, three weeks of March: daily waves, some "
    "high, some nearly flat, on a level that wanders from day to day. In May "
    "a single needle of the upper curve points down to -10 degrees."
)

# %%
# Three things overlap: the year, the day, and the weather itself, which does not keep to a timetable. Year and day can be read off a calendar.
# The weather is the hard part, and the daily waves are less regular than one thinks.
#
# In May a needle points down to -10 degrees. A single hour of hard frost between mild ones is an error of the station, not weather.
# Whatever jumps by more than 15 degrees within an hour and back in the next becomes a missing hour.

jump = np.abs(np.diff(temperature))
needle = np.flatnonzero((jump[:-1] > 15) & (jump[1:] > 15)) + 1
for index in needle:
    print(times[index], temperature[index - 1 : index + 2].round(1), "°C")
values[needle] = np.nan

# %%
# The holes
# ---------
# About one hour in ten has no pressure, and a few hours have no record at all.
# A straight line across a hole would use its far end, which nobody knows yet at the time of the forecast.
# So the last known value stands in, for at most six hours; longer holes stay holes, and windows that would need them are left out and counted.
# Only what a model *looks at* is filled. What it is asked for is always a measured temperature.
#
# A wind from 350 degrees and one from 10 are close, their numbers are not: so the wind becomes two speeds, towards the east and towards the north.
# The same goes for the hour of the day and the day of the year: each becomes a point on a circle.

filled = series.fill_forward(values, limit=LIMIT)
hour = 2 * np.pi * (times.astype(int) % 24) / 24
day = 2 * np.pi * (times - times[0]).astype(int) / (24 * 365.25)
turn, speed = np.radians(filled[:, 3]), filled[:, 4]
rows = np.column_stack(
    [
        filled[
            :, [0, 1, 2, 6, 7]
        ],  # warmth, dew point, humidity, pressure, view
        *(-speed * np.sin(turn), -speed * np.cos(turn)),
        *(np.sin(hour), np.cos(hour), np.sin(day), np.cos(day)),
    ]
)
windows, unfilled = (
    series.windows(times, table, temperature, STEPS, AHEAD, spacing=SPACING)
    for table in (rows, np.column_stack([rows, values]))
)
print(f"inputs {windows.inputs.shape}, targets {windows.targets.shape}")
print(f"left out: {windows.left_out:,} windows")
print(f"without filling: {unfilled.left_out:,}")

# %%
# Without filling, more than half of the windows would be gone; with it, a few in a hundred are.
#
# A split for a single year
# -------------------------
# Cut once, in time, the year would train on winter to summer and test on autumn: a season that the model has never seen.
# That is one honest question, and we come back to it. But for comparing models it is a poor one, because its answer hangs on the weather of two months.
# So every fortnight is divided instead: eight days to train, then three to validate, then three to test. All parts see all seasons.
# The last day of each part has its answers in the next part, so it belongs to none. Nothing is shuffled.

now = windows.inputs[:, -1, 0]
change = windows.targets - now
train, validate, test = series.chronological_split(
    windows.times, SHARES, reach=AHEAD, cycle=FORTNIGHT
)
parts = {"train": train, "validate": validate, "test": test}
for name, part in parts.items():
    print(f"{name:9} {len(part):5,} windows")

# %%
# What must we beat?
# ------------------
# *Nothing changes*: tomorrow at this hour it will be as warm as now. (A day ahead, that is also "the same hour yesterday".)
# Or *the mean of the last seven days* at that hour.
# The error is the mean absolute error, in degrees.


def off(answers, part):
    """Return the mean absolute error in degrees."""
    return float(np.nanmean(np.abs(answers - change[part])))


weekly = series.naive_forecast(
    times, temperature, AHEAD, season=24, seasons=7
)
weekly = weekly[np.searchsorted(times, windows.times)] - now
mae = {
    "nothing changes": off(0, test),
    "mean of a week": off(weekly[test], test),
}
for name, part in parts.items():
    print(f"nothing changes: {off(0, part):.2f} °C ({name})")
print(f"mean of a week:  {mae['mean of a week']:.2f} °C (test)")

# %%
# A day is off by between two and three degrees on average, the mean of a week by more: it has forgotten what it knew.
#
# Between naive and neural stands a sum. All numbers of the window, each times a weight, add up to the change;
# the weights come from linear algebra in an instant. A second sum sees only the last row, the weather now.
# (A price on large weights, the ridge, keeps the first from learning by heart.)

mean = windows.inputs[train].mean(axis=(0, 1))
spread = windows.inputs[train].std(axis=(0, 1))
inputs = ((windows.inputs - mean) / spread).astype("float32")
scale = change[train].std()


def weighted_sum(seen, learn, ridge=300.0):
    """Fit a linear model and return its answers to all windows."""
    x, level = seen.reshape(len(seen), -1), change[learn].mean()
    square = x[learn].T @ x[learn] + ridge * np.eye(x.shape[1])
    weights = np.linalg.solve(square, x[learn].T @ (change[learn] - level))
    return x @ weights + level


for name, seen in {
    "sum, all rows": inputs,
    "sum, last row": inputs[:, -1],
}.items():
    mae[name] = off(weighted_sum(seen, train)[test], test)
    print(f"{name}  {mae[name]:.2f} °C")

# %%
# The sum of the last row is far ahead of the naive answer, and the other fifteen rows add next to nothing.
# That is worth knowing before one builds a memory: most of what this window says about tomorrow is in the weather *now*.
#
# The models
# ----------
# All three networks are asked for the change, divided by its standard deviation. A network that knows nothing then says "nothing changes",
# and training begins at the baseline.
# The dense network sees the window as one long row. The LSTM and the GRU read it from the oldest row to the newest, and answer from their last state.


def forecaster(kind, x=inputs):
    """Return a network of this kind, compiled."""
    if kind == "dense":
        model = keras.Sequential(
            [
                keras.Input(x.shape[1:]),
                keras.layers.Flatten(),
                keras.layers.Dense(UNITS, activation="relu"),
                keras.layers.Dense(1),
            ]
        )
    else:
        model = models.recurrent_regressor(*x.shape[1:], (UNITS,), cell=kind)
    adam = keras.optimizers.Adam(0.002)
    model.compile(adam, loss="mse", metrics=["mae"], steps_per_execution=16)
    return model


# %%
# Each of them stops when the validation has not improved for two epochs, and goes back to its best weights.


def trained(kind, targets, learn=train, judge=validate, callbacks=()):
    """Train until the validation stops improving; return model and history."""
    keras.utils.set_random_seed(SEED)
    model = forecaster(kind)
    stop = keras.callbacks.EarlyStopping(
        patience=PATIENCE, restore_best_weights=True
    )
    history = model.fit(
        inputs[learn],
        targets[learn],
        validation_data=(inputs[judge], targets[judge]),
        epochs=EPOCHS,
        batch_size=64,
        callbacks=[stop, *callbacks],
        verbose=0,
    )
    return model, history


def answers(model, part):
    """Return what a network says."""
    return np.asarray(model(inputs[part]))[:, 0]


# %%
# Train
# -----
# The table is the GRU's.

runs = {}
for kind in ("dense", "lstm", "gru"):
    table = [training.ProgressTable(every=2)] if kind == "gru" else []
    model, runs[kind] = trained(kind, change / scale, callbacks=table)
    mae[kind] = off(answers(model, test) * scale, test)
    print(f"{kind:5} {model.count_params():6,} weights")
plots.compare_histories(
    {kind: run.history for kind, run in runs.items()},
    "val_mae",
    title="Validation error, as a share of the spread of changes",
)

# %%
# The curves turn around within a few epochs. There are thousands of windows, but neighbouring windows are nearly the same;
# a year holds only some hundred different turns of the weather, and a network soon knows them by heart.
#
# Judge
# -----

plots.bars(
    list(mae.values()),
    list(mae),
    xlabel="Mean absolute error on the test days (°C)",
    title="A day ahead",
    fmt=".2f",
    baseline=mae["nothing changes"],
    baseline_label="nothing changes",
)

# %%
# Both recurrent networks beat the naive answer. The dense network falls behind, and how far depends on the seed: it gains half as much, or nothing at all.
# It has a weight for every number of every row, nothing tells it that rows follow each other, and it learns by heart before it learns the weather.
# LSTM and GRU differ by less than the GRU gains, and the GRU does it with about three quarters of the LSTM's weights.
#
# And the weighted sum is as good as any of them, or better. That is not what one hopes for, and it is not bad luck:
# the last row has most of what can be known, and the rest would take more years to learn than one.
#
# One thing varied: what is asked for
# -----------------------------------
# The same GRU, asked for tomorrow's temperature itself instead of the change.

level, width = windows.targets[train].mean(), windows.targets[train].std()
model, _ = trained("gru", (windows.targets - level) / width)
said = level + width * answers(model, test)
mae["gru, temperature"] = off(said - now[test], test)
print(f"asked for the change       {mae['gru']:.2f} °C")
print(f"asked for the temperature  {mae['gru, temperature']:.2f} °C")

# %%
# It does no better, and with some seeds clearly worse: it has to find out first that tomorrow is much like today.

#
# A season never seen
# -------------------
# Now the other question: train from January to August, validate until October, and forecast November and December.

early, middle, late = series.chronological_split(
    windows.times, (4 / 6, 1 / 6, 1 / 6), reach=AHEAD
)
model, _ = trained("gru", change / scale, early, middle)
autumn = {
    "nothing changes": off(0, late),
    "sum, last row": off(weighted_sum(inputs[:, -1], early)[late], late),
    "gru": off(answers(model, late) * scale, late),
}
print(f"forecasts from {windows.times[late[0]]} to {windows.times[late[-1]]}")
for name, error in autumn.items():
    print(f"{name:16} {error:.2f} °C")

# %%
# These months are restless: the naive answer is a degree worse than in the rest of the year. The other two improve on it all the same.
# Two weeks of December, forecast a day before:

begin = np.datetime64("2013-12-02T00")
fortnight = late[windows.times[late] >= begin][: 14 * 24]
hours = windows.times[fortnight] + AHEAD
fig, ax = plt.subplots(figsize=(6.4, 3.8))
ax.plot(hours, windows.targets[fortnight], "-", label="measured")
ax.plot(hours, now[fortnight], ":", label="nothing changes")
said = now[fortnight] + answers(model, fortnight) * scale
ax.plot(hours, said, "--", label="GRU")
ax.set_title("Two weeks of December", pad=30)
ax.set_ylabel("Temperature (°C)")
ax.xaxis.set_major_formatter(mdates.DateFormatter("%-d %b"))
ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
fig.set_label(
    "Measured temperature over two weeks of December, with two forecasts made "
    "a day before. The naive forecast is the same curve a day late. The GRU "
    "follows it more than it follows the measured curve, and both stay warm "
    "for about a day after the cold of 7 December has come."
)

# %%
# The naive forecast is the measured curve, a day late. The GRU is less late on average, and still misses the sharp turns: when the cold of 7 December arrives, it says mild.
# What makes such turns lies hundreds of kilometres away the day before, where this airport has no thermometer. Weather services have thermometers there, and do better.
#
# What to take away
# -----------------
# Begin with the answers that need no network, in the reader's own units: a day ahead they are off by less than three degrees.
# Ask for the change, split in time, count what the holes cost; and put a weighted sum between the naive answer and the network.
# A recurrent network beats the naive answer. It does not beat the sum, because one airport's last two days hold little that its present weather does not say.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

best = {kind: training.best_epoch(run) for kind, run in runs.items()}
measured = {
    "naive_mae": mae["nothing changes"],
    "week_mae": mae["mean of a week"],
    "sum_mae": mae["sum, all rows"],
    "last_row_mae": mae["sum, last row"],
    "dense_mae": mae["dense"],
    "lstm_mae": mae["lstm"],
    "gru_mae": mae["gru"],
    "temperature_mae": mae["gru, temperature"],
    "dense_best_epoch": best["dense"],
    "lstm_best_epoch": best["lstm"],
    "gru_best_epoch": best["gru"],
    "autumn_naive_mae": autumn["nothing changes"],
    "autumn_sum_mae": autumn["sum, last row"],
    "autumn_gru_mae": autumn["gru"],
}
for name, value in measured.items():
    print(f"{name:18} {value:.4g}")

# One hour in ten has no pressure, a few have no record; the temperature spans
# the year (no seed is involved, as in the next seven claims).
missing = np.isnan(values)
assert len(needle) == 1
assert 0.08 < missing[:, 6].mean() < 0.12
assert 10 < missing.all(axis=1).sum() < 50
# Unfilled, more than half of the windows are gone; filled, a few in a hundred.
possible = len(times) - (STEPS - 1) * SPACING - AHEAD
assert unfilled.left_out > possible / 2
assert windows.left_out < 0.05 * possible
# A day is off by between two and three degrees, the mean of a week by more.
assert all(2 < off(0, part) < 3 for part in parts.values())
assert mae["mean of a week"] > mae["nothing changes"] + 0.3
# A sum of the last row is far ahead; fifteen more rows add next to nothing.
assert mae["sum, last row"] < mae["nothing changes"] - 0.3
assert abs(mae["sum, last row"] - mae["sum, all rows"]) < 0.1
# The autumn is a degree worse, and the sum improves on it.
assert autumn["nothing changes"] > mae["nothing changes"] + 0.8
assert autumn["sum, last row"] < autumn["nothing changes"] - 0.3
# (Over five seeds.) The recurrent networks beat the naive answer of 2.69: GRU
# 2.19 to 2.28, LSTM 2.30 to 2.42. The dense network falls behind (2.43 to 2.96).
assert measured["gru_mae"] < mae["nothing changes"] - 0.15
assert measured["lstm_mae"] < mae["nothing changes"] - 0.03
assert measured["dense_mae"] > measured["gru_mae"] + 0.03
assert measured["dense_mae"] > measured["sum_mae"] + 0.1
# The curves of the recurrent networks turn around within a few epochs
# (best epoch 1 to 3).
assert max(best["lstm"], best["gru"]) <= 6
# LSTM and GRU differ by less than the GRU gains; the weights by a quarter.
gained = mae["nothing changes"] - measured["gru_mae"]
assert abs(measured["lstm_mae"] - measured["gru_mae"]) < gained
sizes = [
    forecaster(kind).layers[-2].count_params() for kind in ("gru", "lstm")
]
assert 0.7 < sizes[0] / sizes[1] < 0.8
# The sum is as good as any network, or better (2.15, whatever the seed).
assert (
    measured["sum_mae"]
    < min(measured["gru_mae"], measured["lstm_mae"]) + 0.05
)
# Asked for the temperature, the GRU does no better (2.29 to 2.47).
assert measured["temperature_mae"] > measured["gru_mae"] - 0.08
# In autumn too the GRU improves on the naive answer (3.01 to 3.11, from 3.89),
# and misses the cold.
assert autumn["gru"] < autumn["nothing changes"] - 0.2
cold = (hours >= np.datetime64("2013-12-07T06")) & (
    hours < np.datetime64("2013-12-08T00")
)
error = now[fortnight] + answers(model, fortnight) * scale
error -= windows.targets[fortnight]
assert error[cold].mean() > 1

# %%
# Try it
# ------
# 1. Forecast six hours ahead instead of twenty-four (``AHEAD = 6``).
#    Prediction: everybody gains more on "nothing changes", because in six hours the course of the day does most of the changing, and the clock is among the inputs.
#    (The error of "nothing changes" is then 2.87, that of the sum of the last row 1.72.)
# 2. Give the sum only the temperature and the clock of the last row, ``inputs[:, -1][:, [0, 7, 8, 9, 10]]``.
#    Prediction: about half of what it gains is lost, for it is the wind, the pressure and the damp that know about tomorrow.
#    (The error is then 2.46.)

# sphinx_gallery_topics = ["6.3"]
# sphinx_gallery_keywords = ["time series", "regression", "recurrent network"]
# sphinx_gallery_thumbnail_number = 3
