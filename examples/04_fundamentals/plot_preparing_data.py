"""
What happens to a table on its way into a network?
==================================================

A network adds and multiplies. It cannot multiply a word, it cannot add a gap,
and it learns badly from columns of which one is a thousand times as large as another.
So every table is *prepared*: words become columns of zeros and ones, gaps are filled, scales are made equal.

On this page the preparation is not a script that runs before the model but a part of the model:
a raw row goes in at one end, a price comes out at the other, and one saved file holds everything between.
Then we take the scaling away and see what it was worth, with the same learning rate and with better ones;
we measure what a small carelessness with the statistics does; and we forget the preparation altogether.

It assumes the page on house prices of the third chapter.
"""

# %%
# Setup
# -----
# The network and its rate are those of the third chapter.
# Twelve epochs are enough to compare; that chapter trains for longer.

import tempfile
import warnings

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

WORDS = "ocean_proximity"  # the one column that holds words
VALIDATION = 3_512  # of 16,512 districts
EPOCHS = 12
BATCH = 256
RATE = 0.002

# %%
# Look at the data
# ----------------
# A row of the table, as it comes: numbers of very different size, a word, and here and there a gap.

(x_train, y_train), (x_test, y_test) = datasets.house_prices()
NUMBERS = [name for name in x_train if name != WORDS]
gapped = np.flatnonzero(np.isnan(x_train["total_bedrooms"]))[0]
for name, column in x_train.items():
    print(f"{name:19} {column[0]!s:>10} {column[gapped]!s:>10}")

# %%
datasets.card("house_prices")

# %%
# Side by side on one axis, the columns of numbers look like this.

fit, hold = slice(None, -VALIDATION), slice(-VALIDATION, None)
numbers = np.column_stack([x_train[name] for name in NUMBERS])
fig, ax = plt.subplots(figsize=(6.4, 3.6))
reach = np.nanpercentile(np.abs(numbers), (5, 50, 95), axis=0)
places = np.arange(len(NUMBERS))
ax.hlines(places, reach[0], reach[2], color="C0", lw=5, ls="-")
ax.plot(reach[1], places, "|", color="C1", ms=14, mew=3, ls="none")
ax.set_yticks(places, NUMBERS)
ax.set(title="Eight columns, eight scales", xscale="log")
ax.set(xlabel="Size: the middle 90% and the median (own units)")
ax.invert_yaxis()
fig.set_label(
    "Horizontal bars on a logarithmic axis, one for each column. Income "
    "lies between 1 and 10, age and the coordinates between 8 and 122, the "
    "four counts between 100 and 8,000."
)

# %%
# Nothing about the task says that rooms matter a thousand times as much as income. The units say it, and they are an accident.
#
# The preparation, as a model
# ---------------------------
# Keras has layers for this. ``StringLookup`` takes a list of words and writes each of them as a row of zeros with a single 1.
# It keeps one more place, the first, for words that it has never met.
# ``Normalization`` takes from each column its mean and divides by its standard deviation.
# A gap is still a gap after that, and ``nan_to_num`` turns it into 0, which is now the mean.
#
# The list and the two statistics come from the districts to fit the model to, and from no others.

inputs = {name: keras.Input((1,), name=name) for name in NUMBERS}
inputs[WORDS] = keras.Input((1,), name=WORDS, dtype="string")


def preparation(table):
    """Return a model from raw columns to rows, with a table's statistics."""
    words = sorted(set(table[WORDS]))
    lookup = keras.layers.StringLookup(
        vocabulary=words, output_mode="one_hot"
    )
    columns = np.column_stack([table[name] for name in NUMBERS])
    scale = keras.layers.Normalization(
        mean=np.nanmean(columns, axis=0),
        variance=np.nanvar(columns, axis=0),
    )
    side_by_side = keras.layers.Concatenate()
    scaled = scale(side_by_side([inputs[name] for name in NUMBERS]))
    filled = keras.ops.nan_to_num(scaled)
    row = keras.layers.Concatenate()([filled, lookup(inputs[WORDS])])
    return keras.Model(inputs, row, name="preparation")


part = {name: column[fit] for name, column in x_train.items()}
prepare = preparation(part)
print("places for:", *prepare.layers[-2].get_vocabulary(), sep="  ")

# %%
# (If a word stands for one of many thousands, a row of zeros and ones grows too wide; the chapter on text has better ideas.)
# Training passes over the rows many times, but preparing them once is enough.
# So we prepare them now, train the network on the result, and join the two parts when it is done.

rows = prepare.predict(x_train, batch_size=4096, verbose=0)
FEATURES = rows.shape[1]
print(f"rows {rows.shape}, mean {rows[fit, :8].mean():.2f}")
for line in rows[[0, gapped]]:
    print(*(f"{value:5.2f}" for value in line))

# %%
# The second row is the one with the gap: in its fifth place stands a zero.
#
# What must we beat?
# ------------------
# The median price for all, and a weighted sum of the columns.

constant = np.full(VALIDATION, np.median(y_train[fit]))
with_one = np.c_[rows, np.ones(len(rows))]
weights = np.linalg.lstsq(with_one[fit], y_train[fit], rcond=None)[0]
median_mae = np.abs(constant - y_train[hold]).mean()
linear_mae = np.abs(with_one[hold] @ weights - y_train[hold]).mean()
print(f"median  {median_mae:.3f}\nlinear  {linear_mae:.3f}")

# %%
# Train, with scaled columns
# --------------------------
# A function, because we shall need it often: the same network, the same initial weights, other rows or another rate.


def trained(rows, optimiser, seed=SEED):
    """Return a network after EPOCHS, and its validation errors."""
    keras.utils.set_random_seed(seed)
    network = models.dense_regressor(FEATURES)
    network.compile(
        optimiser, loss="mse", metrics=["mae"], steps_per_execution=16
    )
    history = network.fit(
        rows[fit],
        y_train[fit],
        epochs=EPOCHS,
        batch_size=BATCH,
        validation_data=(rows[hold], y_train[hold]),
        verbose=0,
    )
    return network, np.array(history.history["val_mae"])


network, with_scaling = trained(rows, keras.optimizers.Adam(RATE))
print(f"off by {with_scaling[-1]:.3f} after {EPOCHS} epochs")

# %%
# One thing varied: without scaling
# ---------------------------------
# Now we undo the scaling, and nothing else: gaps stay filled, words stay zeros and ones.
# To be fair, the unscaled columns also get other learning rates than the one that suits the scaled.

raw = rows.copy()
raw[:, :8] = rows[:, :8] * np.nanstd(numbers[fit], axis=0)
raw[:, :8] += np.nanmean(numbers[fit], axis=0)
without = {
    rate: trained(raw, keras.optimizers.Adam(rate))[1]
    for rate in (RATE / 8, RATE, RATE * 4, RATE * 16)
}
for rate, curve in without.items():
    print(f"unscaled, rate {rate:<7g} {curve[0]:8.3f} ... {curve[-1]:.3f}")

# %%
unscaled_best = min(curve.min() for curve in without.values())
epoch = np.arange(1, EPOCHS + 1)
fig, ax = plt.subplots()
ax.plot(epoch, with_scaling, "-", color="C0", label="scaled")
ax.plot(epoch, without[RATE], "--", color="C1", label="same rate, unscaled")
for rate in without.keys() - {RATE}:
    label = "other rates, unscaled" if rate < RATE else None
    ax.plot(epoch, without[rate], "-.", color="C2", label=label)
ax.axhline(median_mae, color="C4", lw=1.5, ls=":", label="median price")
ax.set(title="What scaling is worth", yscale="log", ylim=(0.3, 60))
ax.set(xlabel="Epoch", ylabel="Validation MAE ($100,000)")
ax.set_yticks([0.5, 1, 2, 5, 10, 20, 50], [0.5, 1, 2, 5, 10, 20, 50])
ax.legend(ncols=2)
fig.set_label(
    "Validation error over twelve epochs on a logarithmic axis. The scaled "
    "columns start near 0.5 and end near 0.4. The unscaled ones start "
    "several times higher, whatever the rate, and end near or above the "
    "dotted line of the median price, at 0.9."
)

# %%
# The scaled columns beat the median price within the first epoch.
# Without scaling no rate does much better than the median price in all twelve, and most do worse:
# they know less than somebody who always says the same number.
# The network *could* undo the units with its first layer. It takes a very long time to find out.
#
# Adam gives each weight a step of its own size, which hides part of the trouble.
# Plain gradient descent has one rate for all, and shows the whole of it.

descent = {
    "scaled, rate 0.03": trained(rows, keras.optimizers.SGD(0.03))[1],
    "unscaled, rate 0.03": trained(raw, keras.optimizers.SGD(0.03))[1],
    "unscaled, rate 1e-7": trained(raw, keras.optimizers.SGD(1e-7))[1],
}
for name, curve in descent.items():
    print(f"{name:20} off by {curve[-1]:.3f}")

# %%
# With the rate that suits the scaled columns, the weights overflow at once: *nan*.
# A rate small enough for the rooms, a few hundred thousand times smaller, overflows nothing and learns next to nothing: it ends twice as far off as the median price.
# The section on preparing data draws the valley in which this happens.
#
# A small carelessness
# --------------------
# The mean and the deviation were those of the districts that the network learns from.
# What if we had taken them from *all* districts, those for validation and for the test among them?
# It is not clean: the model then knows something of what it will be judged on. How much does it gain?
# Beside it, for a measure, the same careful preparation with another seed.


def everything(name):
    """Return a column with the districts of both sets."""
    return np.concatenate([x_train[name], x_test[name]])


careless = preparation({name: everything(name) for name in x_train})
leaky = careless.predict(x_train, batch_size=4096, verbose=0)
shift = np.abs(leaky - rows).mean()
leak_mae = trained(leaky, keras.optimizers.Adam(RATE))[1][-1]
adam = keras.optimizers.Adam(RATE)
seed_mae = trained(rows, adam, seed=SEED + 100)[1][-1]
print(f"mean change of a value in a row  {shift:.4f}")
print(f"careful                          {with_scaling[-1]:.4f}")
print(f"statistics of all districts      {leak_mae:.4f}")
print(f"careful, another seed            {seed_mae:.4f}")

# %%
# Nothing that one could see. The means hardly move, and the error changes by less than one part in a hundred.
# Here the careful way costs nothing and the careless one brings nothing; the habit is for the day when it does.
#
# One model, from row to price
# ----------------------------
# Now the two parts are joined, saved as one file and loaded again.
# What comes back needs no list of words, no mean and no code of this page. It takes a row as the census wrote it.

whole = keras.Model(inputs, network(prepare(inputs)))
with tempfile.TemporaryDirectory() as folder:
    with warnings.catch_warnings():  # Keras's own, harmless
        warnings.simplefilter("ignore", DeprecationWarning)
        whole.save(f"{folder}/prices.keras")
    again = keras.models.load_model(f"{folder}/prices.keras")
loaded = again.predict(x_test, batch_size=4096, verbose=0)
same = whole.predict(x_test, batch_size=4096, verbose=0)
test_mae = np.abs(loaded[:, 0] - y_test).mean()
print(f"test MAE {test_mae:.3f}, loaded - saved {np.ptp(loaded - same):.1e}")

# %%
# The number for the test set comes from raw columns, gaps and all.
# Let us give the loaded model a single row, then spoil it: once with a gap in the rooms, once with a word that it never met.

row = {name: column[:1] for name, column in x_test.items()}
spoiled = {
    "as it is": row,
    "a gap": row | {"total_rooms": np.array([np.nan])},
    "a new word": row | {WORDS: np.array(["LAKESIDE"], object)},
}
table = {
    name: np.concatenate([case[name] for case in spoiled.values()])
    for name in row
}
said = again.predict(table, batch_size=4096, verbose=0)[:, 0]
answers = dict(zip(spoiled, said, strict=True))
print(f"true price   {y_test[0]:.3f}")
for name, answer in answers.items():
    print(f"{name:12} {answer:.3f}")

# %%
# It answers all three. An answer is not a good answer, though:
# for the new word the network uses weights that have never been trained, because no district had a 1 in that place.
#
# Forgetting
# ----------
# If the preparation lives outside the model, it can be forgotten, or done a little differently, on the day the model is used.
# What does the trained network say about unscaled rows?

forgotten = network.predict(raw[hold], batch_size=4096, verbose=0)[:, 0]
forgotten_mae = np.abs(forgotten - y_train[hold]).mean()
print(f"off by {with_scaling[-1]:.3f} with the preparation")
print(f"off by {forgotten_mae:.0f} without")

# %%
# Tens of millions of dollars off, and no error message.
# Numbers of the wrong scale are still numbers; only the shape of a row is checked.
#
# What to take away
# -----------------
# Words become places, gaps become the mean, columns get one scale: then a network learns in an epoch what it could not learn in twelve without.
# What the preparation has learned comes from the training part alone; here cheating would have gained nothing, which is no reason to cheat.
# Put the preparation inside the model, and nobody can forget it.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "median_mae": median_mae,
    "linear_mae": linear_mae,
    "scaled_mae": with_scaling[-1],
    "first_scaled_mae": with_scaling[0],
    "unscaled_mae": without[RATE][-1],
    "best_unscaled_mae": unscaled_best,
    "sgd_scaled_mae": descent["scaled, rate 0.03"][-1],
    "sgd_unscaled_mae": descent["unscaled, rate 1e-7"][-1],
    "leak_change": leak_mae - with_scaling[-1],
    "seed_change": seed_mae - with_scaling[-1],
    "leak_shift": shift,
    "test_mae": test_mae,
    "forgotten_mae": forgotten_mae,
}
for name, value in measured.items():
    print(f"{name:18} {value:.4g}")

# (All ranges are those of five seeds.)
# Scaled, the first epoch beats the median price (.52 to .57 against .90), and
# the last one the weighted sum (.40 to .41 against .50).
assert with_scaling[0] < 0.75 * median_mae
assert with_scaling[-1] < 0.9 * linear_mae
# Unscaled, the best of four rates in twelve epochs ends near the median price
# (.82 to 1.14), and most rates end above it.
assert unscaled_best > 0.75 * median_mae
assert unscaled_best > 1.6 * with_scaling[-1]
assert sum(curve[-1] > median_mae for curve in without.values()) >= 3
# Plain descent: scaled it works (.42 to .43), unscaled it overflows, and with
# a rate that does not it stays far off (2.1 to 4.5).
assert measured["sgd_scaled_mae"] < 0.9 * linear_mae
assert not np.isfinite(descent["unscaled, rate 0.03"][-1])
assert measured["sgd_unscaled_mae"] > 1.7 * median_mae
# The careless statistics change a value by .0035, and the error by .0008 at most.
assert 0.001 < shift < 0.01
assert abs(measured["leak_change"]) < 0.01 * with_scaling[-1]
# The loaded model answers as the saved one, also to gaps and new words.
assert np.array_equal(loaded, same)
assert np.isfinite(list(answers.values())).all()
assert test_mae < 0.9 * linear_mae  # .39 to .40
# Without the preparation the answers are tens of millions off (203 to 458).
assert forgotten_mae > 50

# %%
# Try it
# ------
# 1. Train on the unscaled rows for a hundred epochs at four times the rate.
#    Prediction: the error falls below that of the weighted sum at last, and stays above what the scaled rows had after one or two epochs.
# 2. Divide each column by its largest value instead of its standard deviation.
#    Prediction: nearly as good; what matters is that the columns have about the same size, not which statistic brings it about.

# sphinx_gallery_topics = ["4.3.1"]
# sphinx_gallery_keywords = ["tables", "regression", "preparing data"]
# sphinx_gallery_thumbnail_number = 2
