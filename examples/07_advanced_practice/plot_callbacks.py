"""
Callbacks: who looks after a run while nobody watches?
======================================================

A call of ``fit`` can take minutes or days, and until it comes back the program stands still.
Whatever has to be done in between, to keep the best network, to stop in time, to shorten the steps, to write down what happened,
must be handed in beforehand.
That is what *callbacks* are for: objects whose methods ``fit`` calls at the beginning and end of each run, epoch and batch.

On this page we let callbacks find a learning rate, keep the best network, stop the run, slow it down and keep its log.
In the end we write one of our own, which draws after every epoch what the network has made of its digits so far.

It assumes the pages on overfitting and on validation; the section on callbacks in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# Few samples and a plain network: it overfits soon, so that there is something to look after.

import csv
import tempfile
import warnings
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, plots, training

# Keras's own, when it saves; harmless.
warnings.filterwarnings("ignore", "__array__", DeprecationWarning)
plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

TRAINING, VALIDATION = 4_000, 1_000  # samples
BATCH = 100
EPOCHS = 40  # more than enough; a callback will stop the run
PATIENCE = 4  # epochs without a better validation loss
RATE = 0.001  # Adam's usual learning rate
LARGE_RATE = 0.01  # for the runs that begin with long steps
SCHEDULED = 10  # epochs of these runs
DRAWN = (0, 1, 2, 4, 7, 10)  # finished epochs after which we look
scratch = tempfile.TemporaryDirectory()  # a folder that goes in the end
folder = Path(scratch.name)

# %%
# Look at the data
# ----------------
# Handwritten digits as rows of 784 numbers from 0 to 1.

(images, labels), (test_images, test_labels) = datasets.digits()
x = images[: TRAINING + VALIDATION].reshape(-1, 784).astype("float32") / 255
y = labels[: TRAINING + VALIDATION]
train = (x[:TRAINING], y[:TRAINING])
valid = (x[TRAINING:], y[TRAINING:])
x_test = test_images.reshape(-1, 784).astype("float32") / 255
print(f"{len(train[0]):,} to train, {len(valid[0]):,} to validate,", end=" ")
print(f"{len(x_test):,} to test")

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# Always answering the most frequent digit of the training set:

frequent = np.bincount(train[1]).argmax()
guessing = np.mean(test_labels == frequent)
print(f"always {frequent}: {guessing:.3f} right on the test set")

# %%
# The model
# ---------


def build_network(rate, last_hidden=32, activation="relu"):
    """Return a compiled network with two hidden layers."""
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(128, activation="relu", name="hidden"),
            keras.layers.Dense(last_hidden, activation, name="features"),
            keras.layers.Dense(10, activation="softmax", name="output"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def fit(model, epochs, callbacks):
    """Train, with what looks after the run."""
    return model.fit(
        *train,
        epochs=epochs,
        batch_size=BATCH,
        validation_data=valid,
        callbacks=callbacks,
        verbose=0,
    )


# %%
# Which learning rate?
# --------------------
# The first callback is there before training begins.
# ``LearningRateFinder`` lets the rate grow by the same factor with every batch, from one that is surely too small to one that is surely too large,
# keeps the loss of each batch, and puts the network back as it was.

model = build_network(RATE)
untouched = model.get_weights()
finder = training.LearningRateFinder(1e-5, 1.0, steps=120)
model.fit(*train, batch_size=BATCH, epochs=9, callbacks=[finder], verbose=0)
put_back = all(
    np.array_equal(before, after)
    for before, after in zip(untouched, model.get_weights(), strict=True)
)
suggestion = finder.suggestion()
print(f"{len(finder.rates)} batches, suggested rate {suggestion:.2g}")
print("network as before:", put_back)

# %%

fig, ax = plt.subplots(figsize=(6.4, 3.4))
ax.plot(
    finder.rates, finder.losses, ".", color="C1", ms=4, label="each batch"
)
ax.plot(finder.rates, finder.smoothed, "-", color="C0", label="smoothed")
ax.axvline(suggestion, color="C2", ls="--", label="suggestion")
ax.set(title="Loss while the learning rate grows", xscale="log", ylim=(0, 5))
ax.set(xlabel="Learning rate", ylabel="Training loss")
ax.legend(loc="upper left")
fig.set_label(
    "Loss of each batch against the learning rate, on a logarithmic axis. "
    "It is level at first, falls, is lowest in the middle and shoots up at "
    "the largest rates. A vertical line, the suggestion, lies left of the "
    "lowest point."
)

# %%
# Below a ten-thousandth hardly anything happens in so few batches, and towards the right end each step makes things worse.
# Between lies a wide valley.
# At its bottom the steps are already as long as they can be, so the suggestion is a tenth of that rate.
# The bottom is flat, and where exactly its lowest point lies is a matter of chance: the suggestion names an order of magnitude, and no more.
# The first run takes Adam's usual thousandth, where the loss still falls; the runs that are slowed down later begin with a hundredth, on the floor of the valley.
#
# Train
# -----
# Now four callbacks share the watch.
# ``ModelCheckpoint`` writes the network to a file whenever the validation loss is better than ever;
# ``EarlyStopping`` ends the run when that has not happened for some epochs, and puts the weights of the best epoch back;
# ``CSVLogger`` writes a line for each epoch, which can be read by any other program while the run goes on.
# ``ProgressTable`` prints.

watch = {
    "checkpoint": keras.callbacks.ModelCheckpoint(
        folder / "best.keras", monitor="val_loss", save_best_only=True
    ),
    "stopping": keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=PATIENCE, restore_best_weights=True
    ),
    "log": keras.callbacks.CSVLogger(folder / "log.csv"),
    "table": training.ProgressTable(every=5),
}
history = fit(model, EPOCHS, list(watch.values()))
epochs = len(history.history["loss"])
best = training.best_epoch(history)
print(f"stopped after {epochs} of {EPOCHS} epochs, best was {best}")
print("in the folder:", *sorted(path.name for path in folder.iterdir()))

# %%
# What the log says, read back from its file:

with (folder / "log.csv").open(encoding="utf-8", newline="") as lines:
    rows = list(csv.DictReader(lines))
logged = {name: [float(row[name]) for row in rows] for name in rows[0]}
print(*list(rows[0]), sep=", ")
plots.history(
    {name: logged[name] for name in ("loss", "val_loss")},
    best=best,
    title="The run, as the log tells it",
)

# %%
# The training loss falls and falls; the validation loss turns, the run goes on for some epochs in the hope of something better, and stops.
# Three networks could be used now: that of the last epoch, which is gone; the one in memory, with the best weights put back; and the one in the file.

kept = keras.saving.load_model(folder / "best.keras")
in_memory = model.evaluate(*valid, batch_size=BATCH, verbose=0)[0]
in_file = kept.evaluate(*valid, batch_size=BATCH, verbose=0)[0]
lowest = min(history.history["val_loss"])
last = history.history["val_loss"][-1]
print("validation loss of the best epoch  ", f"{lowest:.4f}")
print("               of the last epoch   ", f"{last:.4f}")
print("               in memory, afterwards", f"{in_memory:.4f}")
print("               in the file          ", f"{in_file:.4f}")

# %%
# Slow it down
# ------------
# Long steps learn fast and never settle; short ones settle and take long to get there.
# So one begins with long steps and shortens them.
# ``ReduceLROnPlateau`` waits for an epoch in which the validation loss has not improved, and then takes a fifth of the rate.
# ``LearningRateScheduler`` asks a function at the beginning of each epoch: here the rate first grows, in two epochs, and then falls along half a cosine.


def warm_up_and_cosine(epoch):
    """Return the rate of an epoch, counted from 0."""
    if epoch < 2:
        return LARGE_RATE * (epoch + 1) / 3
    done = (epoch - 2) / (SCHEDULED - 2)
    return LARGE_RATE * (1 + np.cos(np.pi * done)) / 2


slow_down = {
    "constant": [],
    "on a plateau": [
        keras.callbacks.ReduceLROnPlateau(factor=0.2, patience=1, min_lr=1e-5)
    ],
    "scheduled": [keras.callbacks.LearningRateScheduler(warm_up_and_cosine)],
}
runs = {}
for name, callbacks in slow_down.items():
    keras.utils.set_random_seed(SEED)  # the same first weights and batches
    file = folder / f"{name}.csv"
    watch = [*callbacks, keras.callbacks.CSVLogger(file)]
    runs[name] = fit(build_network(LARGE_RATE), SCHEDULED, watch).history

# %%
# Both write the rate into the logs, so it stands in the history beside the loss.

rates = {
    name: run.get("learning_rate", [LARGE_RATE] * SCHEDULED)
    for name, run in runs.items()
}
fig, axes = plt.subplots(2, 1, figsize=(6.4, 5.4), sharex=True)
for (name, run), mark in zip(runs.items(), "os^", strict=True):
    number = np.arange(1, SCHEDULED + 1)
    axes[0].plot(number, rates[name], marker=mark, label=name)
    axes[1].plot(number, run["val_loss"], marker=mark, label=name)
axes[0].set(title="Three ways to go", ylabel="Learning rate", yscale="log")
axes[1].set(xlabel="Epoch", ylabel="Validation loss")
axes[0].legend(loc="lower left")
fig.set_label(
    "Above, the learning rate over the epochs: constant; falling in steps; "
    "rising, then falling along a curve. Below, the validation loss of the "
    "three runs. That of the constant rate ends highest."
)


def unrest(values):
    """Return how much a curve changes from epoch to epoch, at its end."""
    return np.abs(np.diff(values[-3:])).mean()


restless = {name: unrest(run["val_loss"]) for name, run in runs.items()}
for name, run in runs.items():
    print(f"{name:13} validation loss {run['val_loss'][-1]:.3f} at the end,")
    print(f"{'':13} changing by {restless[name]:.4f} an epoch")

# %%
# With the constant rate the loss jumps from epoch to epoch until the end.
# As the steps become short the jumping ceases, and what is left is the network's best, or nearly so.
#
# Look inside: a callback of one's own
# ------------------------------------
# What the last hidden layer puts out is what the network makes of a digit before it decides.
# To see it without a projection, we give this layer two units and no activation: each digit becomes a point in a plane,
# and the network has to arrange the points so that ten weighted sums of two coordinates can tell them apart.
#
# The callback looks at 500 validation digits, before training and after each epoch.
# It notes how often the nearest neighbour of a point is the same digit, and draws some of the pictures.
# ``fit`` gives it the model as ``self.model``; the rest is an ordinary class.


class Drawing(keras.callbacks.Callback):
    """Draw the plane in which a network arranges digits, as it learns."""

    def __init__(self, x, y, axes):
        super().__init__()
        self.x, self.y, self.axes = x, y, axes
        self.neighbours = {}  # finished epochs -> share of like neighbours

    def on_train_begin(self, logs=None):
        layer = self.model.get_layer("features")
        self.features = keras.Model(self.model.inputs, layer.output)
        self.look(0)

    def on_epoch_end(self, epoch, logs=None):
        self.look(epoch + 1)  # Keras counts epochs from 0

    def look(self, epoch):
        plane = self.features.predict_on_batch(self.x)
        self.neighbours[epoch] = like_neighbours(plane, self.y)
        if epoch in self.axes:
            draw(self.axes[epoch], plane, self.y, epoch)


def like_neighbours(plane, digits):
    """Return how many points have a nearest neighbour of their digit."""
    distance = ((plane[:, None] - plane[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    return np.mean(digits[distance.argmin(axis=1)] == digits)


# %%
# Colour alone would not do: each point is drawn as its digit.


def draw(ax, plane, digits, epoch):
    """Draw each point as its digit."""
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.9, 10))
    for digit in range(10):
        points = plane[digits == digit].T
        ax.scatter(*points, s=22, color=shades[digit], marker=f"${digit}$")
    ax.set_title("untrained" if epoch == 0 else f"epoch {epoch}", fontsize=11)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)


fig, axes = plt.subplots(2, 3, figsize=(6.4, 4.8))
drawing = Drawing(
    valid[0][:500],
    valid[1][:500],
    dict(zip(DRAWN, axes.flat, strict=True)),
)
keras.utils.set_random_seed(SEED)
fit(build_network(3 * RATE, 2, "linear"), max(DRAWN), [drawing])
fig.suptitle("Five hundred digits, as the last hidden layer sees them")
fig.supxlabel("First unit", fontsize=11)
fig.supylabel("Second unit", fontsize=11)
fig.set_label(
    "Six scatter plots of digits. Untrained, the digits lie mixed in one "
    "cloud. With the epochs the cloud becomes a star, in which most digits "
    "gather in a ray of their own."
)
for epoch in DRAWN:
    print(f"epoch {epoch:2}: {drawing.neighbours[epoch]:.2f} like neighbours")

# %%
# Before training the layer is a random mixture, and so is its picture.
# After a single epoch the digits begin to part, and then the cloud becomes a star, with a ray for nearly each of them.
# A ray is what a layer of weighted sums can read: far out in its direction one of the ten sums is larger than all others.
#
# Judge
# -----
# The network of the first run, with the weights of its best epoch, meets the test set.

test_accuracy = model.evaluate(x_test, test_labels, verbose=0)[1]
scratch.cleanup()
print(f"right on the test set: {test_accuracy:.3f}")

# %%
# What to take away
# -----------------
# Everything that has to happen during a run is handed to ``fit`` as a callback, and most of what is needed exists already.
# Monitor the validation loss, keep the best network on disk, stop when patience is at an end, and begin with long steps that become short.
# What nobody has written yet takes a class with one or two methods.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

end = {name: run["val_loss"][-1] for name, run in runs.items()}
measured = {
    "suggestion": suggestion,
    "finder_fall": finder.smoothed[0] / finder.smoothed.min(),
    "finder_rise": finder.smoothed[-1] / finder.smoothed.min(),
    "best_epoch": best,
    "stopped_after": epochs,
    "lowest_validation_loss": lowest,
    "last_over_lowest": last / lowest,
    "test_accuracy": test_accuracy,
    "guessing": guessing,
    "constant_end": end["constant"],
    "plateau_end": end["on a plateau"],
    "scheduled_end": end["scheduled"],
    "constant_unrest": restless["constant"],
    "plateau_unrest": restless["on a plateau"],
    "scheduled_unrest": restless["scheduled"],
    "plateau_last_rate": rates["on a plateau"][-1],
    "neighbours_untrained": drawing.neighbours[0],
    "neighbours_one_epoch": drawing.neighbours[1],
    "neighbours_last": drawing.neighbours[max(DRAWN)],
}
for name, value in measured.items():
    print(f"{name:24} {value:.4g}")

# %%
# (Ranges are those of five seeds.)

# The finder leaves the network as it was, and suggests .001 to .010.
assert put_back
assert 0.0003 < suggestion < 0.05
# The loss falls while the rate grows (by a factor of 3.2 to 4.2), and then
# it rises (by 4.5 to 5.4).
assert finder.smoothed[0] > 1.8 * finder.smoothed.min()
assert finder.smoothed[-1] > 2 * finder.smoothed.min()
# The run stops when patience is at an end (after 11 to 16 epochs).
assert epochs == best + PATIENCE < EPOCHS
assert history.history["loss"][-1] < history.history["loss"][best - 1]
assert len(rows) == epochs
np.testing.assert_allclose(logged["val_loss"], history.history["val_loss"])
# The best network is in memory and in the file, not the last one, whose loss
# is 1 to 9 per cent higher; it is right on .91 to .93 of the test set.
assert abs(in_memory - lowest) < 1e-4 < last - lowest
assert abs(in_file - lowest) < 1e-4
assert 0.88 < test_accuracy < 0.95
assert guessing < 0.15

# %%

# Runs with a falling rate end lower (.22 to .25) than with the constant one
# (.33 to .37), and are calmer (.0001 to .010 an epoch, against .013 to .11).
for name in ("on a plateau", "scheduled"):
    assert end["constant"] > end[name]
    assert restless["constant"] > restless[name]
    assert rates[name][-1] < LARGE_RATE / 4
# The digits part in the picture: .14 to .19 like neighbours, .45 to .61 after
# an epoch, .69 to .81 in the end.
assert drawing.neighbours[0] < 0.35
assert drawing.neighbours[1] > 0.4
assert drawing.neighbours[max(DRAWN)] > 0.65

# %%
# Try it
# ------
# 1. Set ``restore_best_weights=False``. Prediction: the network in memory is that of the last epoch, with its higher validation loss, and the one in the file is still the best.
# 2. Set ``PATIENCE = 1``. Prediction: the run ends at the first epoch that is no better than all before it, and the lowest loss that it has met by then is no lower than the one found here.

# sphinx_gallery_topics = ["7.2.1"]
# sphinx_gallery_keywords = ["images", "callbacks", "early stopping", "learning rate"]
# sphinx_gallery_thumbnail_number = 4
# sphinx_gallery_budget = {"cpu_seconds": 75, "because": "six runs, each with its callbacks"}
