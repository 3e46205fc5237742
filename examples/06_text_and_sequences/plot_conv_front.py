"""
Ten days of weather: what does a convolution in front buy?
==========================================================

A recurrent layer reads its window step by step, and each step has to wait for the one before.
Ten days of hourly weather are 240 steps.
A convolution in front of it, moving by six hours at a time, makes 39 of them, each a summary of half a day.

On this page we forecast the temperature of New York a day ahead from such windows, with a GRU alone and with a front before it.
We count what the front saves, look at what it costs, and try something simpler than either.
Then we hide the days of the window one after the other, and find out which of them the forecast rests on.

It assumes the pages on the GRU and on forecasts to beat; the section on one-dimensional convolutions in the sixth chapter explains the rest.
"""

# %%
# Setup
# -----
# All networks get the same windows, a GRU of the same size and the same number of passes.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, series

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

STEPS = 240  # hours in a window
AHEAD = 24  # hours
CYCLE = 28 * 24  # hours; of each, 60 per cent train, 20 validate, 20 test
KERNEL, STRIDE, FILTERS = 12, 6, 8  # of the front; the first two in hours
UNITS = 16
EPOCHS = 3
BATCH = 64

# %%
# Look at the data
# ----------------
# A year at JFK airport, hour by hour. Where a value is missing, the last known one stands in for it.

times, values = datasets.weather("JFK")
filled = series.fill_forward(values)[1:]  # the first hour lacks a value
times, temperature = times[1:], values[1:, 0]
hour = 2 * np.pi * (times.astype(int) % 24) / 24
wind = np.radians(filled[:, 3])
columns = {
    "temperature": filled[:, 0],
    "dew point": filled[:, 1],
    "humidity": filled[:, 2],
    "wind to the east": -filled[:, 4] * np.sin(wind),
    "wind to the north": -filled[:, 4] * np.cos(wind),
    "pressure": filled[:, 6],
    "rain or none": filled[:, 5] > 0,
    "visibility": filled[:, 7],
    "hour, sine": np.sin(hour),
    "hour, cosine": np.cos(hour),
}
hours = np.column_stack(list(columns.values())).astype("float32")
MEASURED, FEATURES = 8, len(columns)  # the last two are only the clock
print(f"{len(times):,} hours, {FEATURES} numbers each")

# %%
datasets.card("weather")

# %%
# A window is ten days of these numbers, and its target is the temperature 24 hours after its end.
# The split follows time. Of every four weeks, the first 60 per cent are for training, the next 20 for validation, the last 20 for the test,
# so that all three see all seasons; windows whose answer lies in another part are left out.
# Mean and deviation for the scaling come from the training hours alone.

window = series.windows(times, hours, temperature, STEPS, AHEAD)
train, valid, test = series.chronological_split(
    window.times, reach=AHEAD, cycle=CYCLE
)
known = window.inputs[train, -1]
inputs = (window.inputs - known.mean(axis=0)) / known.std(axis=0)
now = window.inputs[:, -1, 0]
change = window.targets - now  # what a forecast has to say
scale = change[train].std()
print(f"windows {inputs.shape}: {len(train):,} to train,", end=" ")
print(f"{len(valid):,} to validate, {len(test):,} to test")

# %%
shown = test[len(test) // 2]
fig, axes = plt.subplots(2, 1, figsize=(6.4, 4.2), sharex=True)
days = np.arange(1 - STEPS, 1) / 24
for ax, name in zip(axes, ("temperature", "pressure"), strict=True):
    column = list(columns).index(name)
    ax.plot(days, window.inputs[shown, :, column], "-")
axes[0].plot([1], window.targets[shown], "D", color="C1", label="target")
axes[0].set(title="One window and its target", ylabel="Temperature (°C)")
axes[0].legend(loc="upper left")
axes[1].set(xlabel="Days from the forecast", ylabel="Pressure (hPa)")
fig.set_label(
    "Ten days of hourly temperature, with its daily waves, and of air "
    "pressure, which rises and falls over several days. The target is a "
    "single temperature, one day after the end."
)

# %%
# The temperature has its waves of a day, the pressure comes and goes with the highs and lows.
#
# What must we beat?
# ------------------
# The naive forecast: tomorrow at this hour it will be as warm as now.
# The networks are asked for the change alone, so this forecast is their zero.


def error(predicted, rows):
    """Return the mean absolute error of predicted changes (°C)."""
    return np.abs(predicted - change[rows]).mean()


errors = {"naive": {"valid": error(0, valid), "test": error(0, test)}}
print(f"naive, test: {errors['naive']['test']:.2f} °C")

# %%
# The model
# ---------
# The front looks at 12 hours at a time and moves by 6, so that neighbouring summaries overlap.
# It has no activation: a summary is a weighted sum, such as a mean or a slope, and keeps its sign.


def build_network():
    """Return a network that sums up half days and reads the sums."""
    days = keras.Input((STEPS, FEATURES))
    x = keras.layers.Conv1D(FILTERS, KERNEL, strides=STRIDE)(days)
    x = keras.layers.GRU(UNITS)(x)
    return keras.Model(days, keras.layers.Dense(1)(x))


# %%
# The simplest way to shorten a sequence is to drop steps. The last network reads every sixth hour and never sees the others.


def build_every_sixth():
    """Return a network that reads every sixth hour."""
    days = keras.Input((STEPS, FEATURES))
    x = keras.layers.GRU(UNITS)(days[:, STRIDE - 1 :: STRIDE])
    return keras.Model(days, keras.layers.Dense(1)(x))


networks = {
    "GRU, every hour": models.recurrent_regressor(STEPS, FEATURES, (UNITS,)),
    "conv front, GRU": build_network(),
    "GRU, every sixth": build_every_sixth(),
}


def cost(network):
    """Return the steps of the GRU, and all products for one window."""
    steps = products = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.GRU):
            steps = layer.input.shape[1]
            kernel, memory, _ = layer.get_weights()
            products += steps * (kernel.size + memory.size)
        elif isinstance(layer, keras.layers.Conv1D):
            products += layer.output.shape[1] * layer.get_weights()[0].size
    return steps, products


costs = {name: cost(network) for name, network in networks.items()}
print(f"{'':17}weights  steps  products for a window")
for name, (steps, products) in costs.items():
    weights = networks[name].count_params()
    print(f"{name:17}{weights:7,} {steps:6} {products:9,}")

# %%
# The front takes away five steps in six, and with its own work counted more than two thirds of all products.
# More important where many processors could work at once: its 39 windows need not wait for each other.
#
# Train
# -----


def trained(network, long):
    """Train a network."""
    network.compile(
        optimizer=keras.optimizers.Adam(0.002),
        loss="mse",
        jit_compile=long,  # takes seconds, and pays for long loops only
    )
    network.fit(
        inputs[train],
        change[train] / scale,
        epochs=EPOCHS,
        batch_size=BATCH,
        verbose=0,
    )


def forecast(network, windows):
    """Return the predicted changes (°C)."""
    return scale * network.predict(windows, batch_size=512, verbose=0)[:, 0]


parts = {"train": train[::4], "valid": valid, "test": test}
print(f"{'error (°C)':17} training  validation  test")
for name, network in networks.items():
    trained(network, long=costs[name][0] == STEPS)
    errors[name] = {
        part: error(forecast(network, inputs[rows]), rows)
        for part, rows in parts.items()
    }
    print(f"{name:17}", *(f"{e:9.2f}" for e in errors[name].values()))

# %%
# Judge
# -----

plots.bars(
    [e["test"] for e in errors.values()],
    list(errors),
    xlabel="Mean absolute error on the test (°C)",
    title="The temperature of tomorrow",
    fmt=".2f",
)

# %%
# On the validation days all three are better than the naive forecast; on the test days the gain is small, and the three are close to each other.
# The front has learned its training days better than the GRU alone, and forecasts the test days no better: with its summaries it also learned what was true of those days only.
#
# How far can a difference of a few hundredths be trusted?
# There are some thousand test windows, but neighbouring ones are nearly the same; what counts is the number of days.
# So we average the errors of each day, and ask how far the difference between two networks scatters from day to day.


def by_day(name):
    """Return a network's mean error on each day of the test (°C)."""
    off = np.abs(forecast(networks[name], inputs[test]) - change[test])
    date = window.times[test].astype("datetime64[D]")
    return np.array([off[date == day].mean() for day in np.unique(date)])


gap = by_day("conv front, GRU") - by_day("GRU, every hour")
uncertain = gap.std() / np.sqrt(len(gap))
print(f"front less GRU, over {len(gap)} days: ", end="")
print(f"{gap.mean():+.2f} °C, standard error {uncertain:.2f} °C")

# %%
# A difference no larger than its standard error says nothing. Who wants to choose between these networks should look at the cost.
# And the network that simply drops five hours of six does as well as the one that reads them all.
# Hourly weather is smooth; there is not much between two readings that a front could find.
#
# Which days count?
# -----------------
# We hide one day of the windows at a time: what was measured on it is replaced by the mean of the training hours.
# How much worse does the forecast become?

few = test[::3]
hidden = {}
for name in ("GRU, every hour", "conv front, GRU"):
    whole = error(forecast(networks[name], inputs[few]), few)
    hidden[name] = []
    for end in range(STEPS, 0, -24):
        without = inputs[few].copy()
        without[:, end - 24 : end, :MEASURED] = 0
        worse = error(forecast(networks[name], without), few)
        hidden[name].append(worse - whole)

fig, ax = plt.subplots(figsize=(6.4, 3.4))
back = np.arange(1, STEPS // 24 + 1)
for (name, worse), mark in zip(hidden.items(), "os", strict=True):
    ax.plot(back, worse, marker=mark, label=name)
ax.set(title="What it costs to hide a day", ylabel="Added error (°C)")
ax.set(xlabel="Hidden day, counted back from the forecast", xticks=back)
ax.legend()
fig.set_label(
    "Added error against the hidden day, for two networks. Hiding the last "
    "day costs more than hiding any of the old ones, whose points lie close "
    "to zero."
)

# %%
# Both forecasts rest on the last day more than on any other, and what lies four days back or more counts for little.
# So the ten days were a long window without being a rich one, and shortening it well could not help much.
#
# What to take away
# -----------------
# It pays where the steps are many, where what is near forms patterns, and where what is far back still counts; hourly weather has only the first of the three.
# Before building a front, drop steps and shorten the window: both cost nothing, and here they lose nothing.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

gru, front, sixth = (errors[name] for name in networks)
naive = errors["naive"]
last = {name: worse[0] for name, worse in hidden.items()}
old = {name: max(worse[3:]) for name, worse in hidden.items()}
measured = {
    "naive_test": naive["test"],
    "naive_validation": naive["valid"],
    "gru_test": gru["test"],
    "front_test": front["test"],
    "sixth_test": sixth["test"],
    "gru_validation": gru["valid"],
    "front_validation": front["valid"],
    "sixth_validation": sixth["valid"],
    "gru_training": gru["train"],
    "front_training": front["train"],
    "standard_error": uncertain,
    "gru_last_day": last["GRU, every hour"],
    "front_last_day": last["conv front, GRU"],
    "gru_old_days": old["GRU, every hour"],
    "front_old_days": old["conv front, GRU"],
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# (Ranges are those of five seeds; sizes and the naive forecast need none.)
(all_steps, all_work), (few_steps, few_work) = list(costs.values())[:2]
assert few_steps < all_steps / 6
assert few_work < all_work / 3
# All three beat the naive forecast (2.62) on the validation days (2.27 to 2.43),
# and on the test days (2.42; 2.23 to 2.38) none is much worse.
for network in (gru, front, sixth):
    assert network["valid"] < naive["valid"]
    assert network["test"] < naive["test"] + 0.1
# The three are close to each other: 2.31 to 2.38 alone, 2.30 to 2.36 with the
# front, 2.23 to 2.33 on every sixth hour ...
assert abs(front["test"] - gru["test"]) < 0.35
assert abs(sixth["test"] - gru["test"]) < 0.25
# ... though the front learns its training days better (2.11 against 2.36).
assert front["train"] < gru["train"]
# The last day counts most (.14 to .42 are added without it), days 4 to 10
# hardly (at most .03).
for name, worse in last.items():
    assert worse > old[name]
    assert old[name] < 0.15

# %%
# Try it
# ------
# 1. Set ``STEPS = 48``. Prediction: no network becomes worse, since the eight days that go have little to say.
# 2. Give the front a relu and max pooling, ``models.conv1d_recurrent_regressor(STEPS, FEATURES, (FILTERS,), (UNITS,), kernel=7, pool=6)``.
#    Prediction: worse. The largest of six sums says that something was there, and a forecast needs to know how warm it is.

# sphinx_gallery_topics = ["6.4"]
# sphinx_gallery_keywords = ["time series", "one-dimensional convolution", "recurrent network", "forecast"]
# sphinx_gallery_thumbnail_number = 3
