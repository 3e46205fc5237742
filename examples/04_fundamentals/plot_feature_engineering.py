"""
How much is a good feature worth?
=================================

How damp is the air? Two instruments tell: one gives the temperature, the other the *dew point*, the temperature at which the air would begin to drip.
Relative humidity follows from these two numbers, and a network can learn how, from examples.
Or we can help it: with a difference, or with a formula from physics. This help is *feature engineering*: turning the input into numbers from which the answer is easier to read.

On this page small networks learn from the raw numbers and from a difference, and a mere weighted sum from the formula,
with ten examples, a hundred and some thousands. Then a larger network gets the raw numbers, to see whether size and data can replace the thought.
At the end stands the hour of the day, a number that is a circle.

It assumes the page on house prices of the third chapter; the section on preparing data in the fourth chapter explains the rest.
"""

# %%
# Setup
# -----
# Whole weeks are kept for judging, because neighbouring hours are alike.
# Every network takes the same number of steps, however few examples it has, so that the comparison is one of examples and not of work.
# The steps shrink to nothing towards the end, so that the last of them do not blur the comparison.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)
random = np.random.default_rng(SEED)

EXAMPLES = (10, 100, 1_000, 3_000)
DRAWS = 3  # of the examples, for each number of them
STEPS = 800
BATCH = 32
SMALL, LARGE = (4,), (32, 32)  # hidden units
JUDGED_WEEKS = 16  # of 52

# %%
# Look at the data
# ----------------

times, values = datasets.weather("JFK")
columns = list(datasets.card("weather").feature_names)
print(", ".join(columns[:3]))
kept = ~np.isnan(values[:, :3]).any(axis=1)
temperature, dew_point, humidity = values[kept, :3].T.astype("float64")
print(f"{len(humidity):,} hours")

# %%
datasets.card("weather")

# %%

fig, ax = plt.subplots(figsize=(6.4, 4.2))
dots = ax.scatter(
    temperature, dew_point, c=humidity, s=3, lw=0, vmin=-10, vmax=100
)
ax.set(title="Humidity by temperature and dew point")
ax.set(xlabel="Temperature (°C)", ylabel="Dew point (°C)")
bar = fig.colorbar(dots, label="Relative humidity (%)")
bar.ax.set_ylim(10, 100)
fig.set_label(
    "A cloud of dots below the diagonal where dew point and temperature are "
    "equal. Along the diagonal the humidity is near 100 per cent; the further "
    "below, the lower it is, in slightly fanned stripes."
)

# %%
# Where the two temperatures are equal, the air is full. The further apart they are, the drier it is.
# The stripes of equal humidity are nearly straight and nearly parallel, but not quite.
#
# Three descriptions
# ------------------
# - *raw*: temperature and dew point, as measured;
# - *difference*: temperature, and how far the dew point lies below it. Nothing is added; a weighted sum could do it;
# - *formula*: the ratio of the vapour that is there to the vapour that there is room for.
#   Magnus found in 1844 how the room grows with the temperature :math:`t`: as :math:`e^{17.62\,t/(243.12\,+\,t)}`.


def room(celsius):
    """Return how much vapour air can hold, up to a factor (Magnus)."""
    return np.exp(17.62 * celsius / (243.12 + celsius))


ratio = 100 * room(dew_point) / room(temperature)
descriptions = {
    "raw": np.column_stack([temperature, dew_point]),
    "difference": np.column_stack([temperature, temperature - dew_point]),
    "formula": ratio[:, None],
}

# %%
# What must we beat?
# ------------------
# The mean humidity for every hour, and the formula without any network.

weeks = (times[kept] - times[0]).astype(int) // (7 * 24)
judged_weeks = random.permutation(weeks.max() + 1)[:JUDGED_WEEKS]
judged = np.isin(weeks, judged_weeks)
known = np.flatnonzero(~judged)
mean_mae = np.abs(humidity[judged] - humidity[known].mean()).mean()
formula_mae = np.abs(humidity[judged] - ratio[judged]).mean()
print(f"{len(known):,} hours to draw from, {judged.sum():,} to judge")
print(
    f"off by {mean_mae:.2f} points with the mean, {formula_mae:.2f} by formula"
)

# %%
# Train
# -----
# A function for one training; then all of them.


def error(rows, chosen, hidden, seed):
    """Return the MAE on the judged weeks, in points of humidity."""
    mean, spread = rows[chosen].mean(axis=0), rows[chosen].std(axis=0)
    inputs = ((rows - mean) / spread).astype("float32")
    middle, width = humidity[chosen].mean(), humidity[chosen].std()
    targets = ((humidity - middle) / width).astype("float32")
    keras.utils.set_random_seed(seed)
    network = models.dense_regressor(rows.shape[1], hidden)
    rate = keras.optimizers.schedules.CosineDecay(0.02, STEPS)
    network.compile(
        keras.optimizers.Adam(rate), loss="mse", steps_per_execution=50
    )
    order = np.random.default_rng(seed).choice(chosen, STEPS * BATCH)
    network.fit(inputs[order], targets[order], batch_size=BATCH, verbose=0)
    said = np.asarray(network(inputs[judged]))[:, 0] * width + middle
    return np.abs(said - humidity[judged]).mean()


# %%

runs = {
    "raw": ("raw", SMALL),
    "difference": ("difference", SMALL),
    "formula": ("formula", ()),  # no hidden layer: a weighted sum
    "raw, larger network": ("raw", LARGE),
}
mae = {name: np.zeros((len(EXAMPLES), DRAWS)) for name in runs}
for draw in range(DRAWS):
    shuffled = random.permutation(known)
    for place, number in enumerate(EXAMPLES):
        for name, (description, hidden) in runs.items():
            mae[name][place, draw] = error(
                descriptions[description],
                shuffled[:number],
                hidden,
                seed=100 * SEED + draw,
            )

# %%
print(f"{'examples':20}" + "".join(f"{n:8,}" for n in EXAMPLES))
for name, row in mae.items():
    print(f"{name:20}" + "".join(f"{m:8.2f}" for m in row.mean(axis=1)))
fig, ax = plt.subplots()
for (name, row), style in zip(
    mae.items(), ("o-", "s--", "D-.", "^:"), strict=True
):
    ax.plot(EXAMPLES, row.mean(axis=1), style, label=name)
ax.set(title="Error against examples", xscale="log", yscale="log")
ax.set(xlabel="Examples to learn from", ylabel="Mean absolute error (points)")
ax.set_xticks(EXAMPLES, [f"{n:,}" for n in EXAMPLES])
ax.set_yticks([0.3, 0.5, 1, 2, 5], [0.3, 0.5, 1, 2, 5])
ax.minorticks_off()
ax.legend()
fig.set_label(
    "Error against the number of examples, both on logarithmic axes. Raw "
    "numbers start highest and fall. The larger network on raw numbers falls "
    "further. The formula starts far below them and stays low."
)

# %%
# With the formula, ten examples are enough for an error that the small network on raw numbers does not reach with three thousand.
# With a hundred, it is about as small as that of the larger network with three thousand.
# There is next to nothing left to learn, and two weights can do it.
#
# On raw numbers, examples and size do help: with a hundred examples the larger network has learned most of what Magnus knew.
# It pays with many times as many weights, and with thousands of examples it gets about all the way.
#
# The difference brings less than one might hope. A weighted sum can make it from the raw numbers, and that is just what a first layer can do by itself.
# What a network cannot easily make is the curve of the formula. That is the help that counts.

for name, (description, hidden) in runs.items():
    width = descriptions[description].shape[1]
    weights = models.dense_regressor(width, hidden).count_params()
    print(f"{name:20} {weights:6,} weights")

# %%
# A number that is a circle
# -------------------------
# The hour runs from 0 to 23, and then it is 0 again. To a weighted sum, 23 o'clock and 0 o'clock are as far apart as two hours can be.
# Two numbers repair it: the sine and the cosine of the hour's angle on a clock face of 24 hours. They say where the hand points.
#
# How warm is an hour compared with its day? We fit a weighted sum to the hour as a number, and to its place on the circle.

days = times[kept].astype("datetime64[D]").astype(int)
hour = times[kept].astype("datetime64[h]").astype(int) % 24
day_sums = np.bincount(days - days[0], temperature)
day_means = day_sums / np.maximum(np.bincount(days - days[0]), 1)
warmer = temperature - day_means[days - days[0]]
angle = 2 * np.pi * hour / 24
hours_as = {
    "number": np.column_stack([hour, np.ones(len(hour))]),
    "circle": np.column_stack(
        [np.sin(angle), np.cos(angle), np.ones(len(hour))]
    ),
}
shape, off = {}, {}
for name, rows in hours_as.items():
    weights = np.linalg.lstsq(rows[known], warmer[known], rcond=None)[0]
    said = rows @ weights
    shape[name] = np.array([said[hour == h][0] for h in range(24)])
    off[name] = np.abs(said[judged] - warmer[judged]).mean()
    print(f"hour as a {name}: off by {off[name]:.2f} °C")
# %%

by_hour = [warmer[known][hour[known] == h].mean() for h in range(24)]
fig, ax = plt.subplots(figsize=(6.4, 3.4))
ax.plot(range(24), by_hour, "o", label="mean of the hour")
ax.plot(range(24), shape["number"], "--", label="hour as a number")
ax.plot(range(24), shape["circle"], "-", label="hour on a circle")
ax.set(title="How warm is an hour, compared with its day?")
ax.set(xlabel="Hour", ylabel="Difference (°C)", xticks=range(0, 24, 3))
ax.legend()
fig.set_label(
    "Mean temperature of each hour less that of its day: below zero at night, "
    "lowest before dawn, highest in the afternoon. The fit on the circle "
    "follows it closely; the fit to the number is a straight line, which says "
    "that 23 o'clock is warm and 0 o'clock is cold."
)
jump = {name: abs(s[23] - s[0]) for name, s in shape.items()}

# %%
# The straight line is warmest just before midnight and coldest just after it. The circle has no such jump, with one weight more.
#
# What to take away
# -----------------
# A feature that holds what is known about the problem is worth about thirty times the examples or more, and a smaller network will do.
# What a layer can do by itself, such as a difference, need not be done for it; curves, ratios and circles are worth the trouble.
# Where nothing is known, as with pixels, the network has to find the features; that is the subject of the next page.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

averages = {name: row.mean(axis=1) for name, row in mae.items()}
keys = {
    "raw": "raw",
    "difference": "difference",
    "formula": "formula",
    "raw, larger network": "larger",
}
measured = {
    "mean_mae": mean_mae,
    "formula_mae": formula_mae,
    **{
        f"{key}_{number}": averages[name][EXAMPLES.index(number)]
        for name, key in keys.items()
        for number in (10, 100, 3_000)
    },
    "hour_number": off["number"],
    "hour_circle": off["circle"],
    "jump_number": jump["number"],
    "jump_circle": jump["circle"],
}
for name, value in measured.items():
    print(f"{name:16} {value:.4g}")

# (All ranges are those of five seeds.)
assert formula_mae < 0.5
assert mean_mae > 5
# With the formula ten examples (.16 to .35) do what three thousand raw ones do
# not in the small network (1.1 to 1.8), and a hundred (.28 to .43) about what
# three thousand do in the larger (.35 to .45).
assert measured["formula_10"] < 0.7 * measured["raw_3000"]
assert measured["formula_100"] < 0.6 * measured["raw_3000"]
assert measured["formula_100"] < 1.6 * measured["larger_3000"]
assert measured["formula_100"] < 0.85 * measured["larger_100"]
# Size helps on raw numbers, and the first hundred examples most of all.
assert measured["larger_3000"] < 0.8 * measured["raw_3000"]
assert measured["larger_100"] < 0.6 * measured["larger_10"]
assert abs(measured["larger_3000"] - measured["larger_100"]) < 0.4
# The difference brings less than the formula.
assert measured["difference_3000"] > 0.5 * measured["raw_3000"]
assert measured["difference_3000"] > 1.5 * measured["formula_3000"]
# The hour on a circle fits better (1.3 against 1.9), without the jump.
assert off["circle"] < 0.85 * off["number"]
assert jump["number"] > 3 * jump["circle"]
assert shape["number"].argmax() == 23

# %%
# Try it
# ------
# 1. Leave the circle out and give a network with 16 units the hour as a number.
#    Prediction: it follows the day's curve too, and still jumps between 23 and 0 o'clock, because nobody has told it that they are neighbours.
# 2. Give the small network the raw numbers *and* the formula. Prediction: with ten examples it does worse than with the formula alone, since it cannot tell yet which of the three to believe.

# sphinx_gallery_topics = ["4.3.2"]
# sphinx_gallery_keywords = ["time series", "regression", "feature engineering"]
# sphinx_gallery_thumbnail_number = 2
