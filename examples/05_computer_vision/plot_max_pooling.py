"""
Why throw away three numbers in four?
=====================================

Between two convolutions a network usually shrinks its maps: of every 2 by 2 numbers it keeps the largest, and drops the other three.
That sounds like a waste of good numbers.

On this page we pool a map of a photograph and look at what survives, and we let the gradient tell how much of the photograph a unit can see,
with pooling and without.
Then four networks that differ in nothing else read digits: with the largest number, with the mean, with larger steps, and without any shrinking.

It assumes the page on the window that slides; the section on convolution in the fifth chapter explains the rest.
"""

# %%
# Setup
# -----
# The comparison at the end learns from a few thousand digits: the network without pooling is slow.

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from skimage import data

from dlguide import datasets, models, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

SAMPLES = 4_000  # digits to learn from
TESTED = 4_000
EPOCHS = 6
BATCH = 64

# %%
# Look at the picture
# -------------------
# Chelsea the cat again, photographed by Stéfan van der Walt (CC0) and part of scikit-image, and the map that a window for upper edges makes of her.

cat = data.chelsea()[20:278, 90:348].astype("float32") / 255
window = np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], dtype="float32")
edges = keras.layers.Conv2D(1, 3, activation="relu", use_bias=False)
edges.build((None, *cat.shape[:2], 1))
edges.set_weights([window[..., None, None]])
grey = cat.mean(axis=2)[None, ..., None]
found = edges(grey).numpy()[0, ..., 0]
print(f"photograph {cat.shape}, map {found.shape}")

# %%
# Pooling, by hand
# ----------------
# We cut the map into squares of 2 by 2. In NumPy that is a change of shape: each side becomes pairs, and the maximum runs over both.


def pool(values, how):
    """Shrink a map to half its sides, (height, width)."""
    height, width = (size // 2 for size in values.shape)
    squares = values[: 2 * height, : 2 * width]
    return how(squares.reshape(height, 2, width, 2), axis=(1, 3))


largest, mean = pool(found, np.max), pool(found, np.mean)
theirs = keras.layers.MaxPooling2D(2)(found[None, ..., None])
difference = np.abs(theirs.numpy()[0, ..., 0] - largest).max()
print(f"{found.shape} becomes {largest.shape}")
print(f"largest difference from Keras: {difference}")

# %%
# Pooling has no weights and learns nothing. Three times in a row it makes a map of an eighth of the height and width.

maps = {"the map": found}
for name, how in (("largest", np.max), ("mean", np.mean)):
    values = found
    for _ in range(3):
        values = pool(values, how)
    maps[f"{name} of 8 x 8"] = values
fig, axes = plt.subplots(1, 3, figsize=(6.4, 2.7))
for ax, (name, values) in zip(axes, maps.items(), strict=True):
    ax.imshow(values, cmap="viridis", vmin=0, vmax=1)
    ax.set_title(name, fontsize=11)
    ax.set_axis_off()
fig.suptitle("Upper edges, pooled three times")
fig.set_label(
    "Three maps of the upper edges of a cat's face. The fine map shows the "
    "eyelids and whiskers. Pooled by the largest number they are still "
    "there as bright coarse squares; pooled by the mean they have faded."
)
kept = {name: np.percentile(m, 99) for name, m in maps.items()}
for name, value in kept.items():
    print(f"{name:18} strongest hundredth above {value:.2f}")

# %%
# The largest number says "there is an edge in here, and this is how clear it is". Where exactly, it does not say, and for telling a cat from a cup it hardly matters.
# The mean says how much edge there is on average. A thin line in an empty square is averaged away.
#
# How far does a unit see?
# ------------------------
# A unit of the first convolution sees 3 by 3 pixels. One of the second sees 3 by 3 units of the first, and so on.
# The part of the picture on which a unit depends is its *receptive field*.
# We can ask the gradient for it: where the slope of the unit's value with respect to a pixel is not zero, the pixel counts.
# Since the maximum of a square has a slope for one pixel only, we collect the slopes over a batch of random pictures.


def seen(model, layer, side):
    """Return how often each pixel moves the middle unit, (side, side)."""
    part = keras.Model(model.input, model.get_layer(layer).output)
    noise = keras.random.uniform((48, side, side, 1), 0, 255, seed=SEED)
    with tf.GradientTape() as tape:
        tape.watch(noise)
        maps = part(noise)
        middle = maps.shape[1] // 2
        value = tf.reduce_sum(maps[:, middle, middle])
    slopes = np.abs(tape.gradient(value, noise).numpy())[..., 0]
    return (slopes > 0).mean(axis=0)


def field(counts):
    """Return the rows and columns on which a unit depends, as ends."""
    rows, columns = np.nonzero(counts)
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


# %%
# The formula counts along: a window of size :math:`k` adds :math:`(k - 1)` steps to the field, and each pooling doubles the steps in the pixels of the picture.


def formula(layers):
    """Return the side of the receptive field after each layer."""
    side, step, sides = 1, 1, []
    for kind in layers:
        side += step * (2 if kind == "conv" else 1)
        step *= 1 if kind == "conv" else 2
        sides.append(side)
    return sides


LAYERS = ["conv", "pool"] * 4 + ["conv"]
names = [f"{k}_{i // 2 + 1}" for i, k in enumerate(LAYERS)]
widths = (8, 8, 8, 8, 8)
pooled = models.convnet((128, 128, 1), 2, widths, padding="same")
plain = models.convnet((128, 128, 1), 2, widths, padding="same", pooling=None)
counts = {name: seen(pooled, name, 128) for name in names}
sides = {name: np.ptp(field(c)[:2]) for name, c in counts.items()}
without = [
    np.ptp(field(seen(plain, f"conv_{i}", 128))[:2]) for i in range(1, 6)
]
print("layer   " + "".join(f"{name:>8}" for name in names))
print("measured" + "".join(f"{side:8}" for side in sides.values()))
print("formula " + "".join(f"{side:8}" for side in formula(LAYERS)))
print(
    "without pooling:",
    *without,
    "and by the formula:",
    *formula(["conv"] * 5),
)

# %%
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.6))
convs = [name for name in names if name.startswith("conv")]
view = cat[26:154, 14:142]  # 128 by 128 pixels
frames = {"with pooling": [field(counts[n]) for n in convs]}
middle = [(64 - side // 2, 64 + side // 2 + 1) * 2 for side in without]
frames["without pooling"] = middle
for ax, (name, boxes) in zip(axes, frames.items(), strict=True):
    ax.imshow(view)
    for number, (top, bottom, left, right) in enumerate(boxes, start=1):
        size = (right - left, bottom - top)
        corner = (left - 0.5, top - 0.5)
        thick = 1.8 if size[0] > 12 else 0.6
        style = {"ls": "-" if number % 2 else "--", "lw": thick}
        ax.add_patch(
            plt.Rectangle(corner, *size, fc="none", ec="white", **style)
        )
    ax.set_title(
        f"{name}: {', '.join(str(b[1] - b[0]) for b in boxes)}", fontsize=10.5
    )
    ax.set_axis_off()
fig.suptitle("What units of five convolutions see (pixels)")
fig.set_label(
    "The same part of a photograph of a cat twice, with five nested frames. "
    "With pooling they grow from a dot to most of the picture, without "
    "pooling the largest is a small square in the middle of the eye."
)

# %%
# The measured squares are those of the formula.
# With pooling the field about doubles from one convolution to the next, and the fifth sees nearly the whole eye and brow; without it every convolution adds two pixels.
# This is how windows of three pixels come to see things: the first an edge, the later ones an arrangement of edges, and the last an eye.
#
# What must we beat?
# ------------------
# Now the digits. Guessing reads one in ten; the network without any pooling is the real opponent.

(x_train, y_train), (x_test, y_test) = datasets.digits()
x_valid, y_valid = x_train[-1_000:, ..., None], y_train[-1_000:]
x_train, y_train = x_train[:SAMPLES, ..., None], y_train[:SAMPLES]
x_test, y_test = x_test[:TESTED, ..., None], y_test[:TESTED]
print(f"training {x_train.shape}, test {x_test.shape}")

# %%
datasets.card("digits")

# %%
# Four ways to shrink, or not
# ---------------------------
# The four networks have the same three convolutions. Between them stands the largest of 2 by 2, the mean of 2 by 2, or nothing but a window that moves by two pixels;
# the last one does not shrink its maps at all, and its last layer needs a weight for every number of 28 by 28 places.


def work(model):
    """Return the multiplications for one picture."""
    total = 0
    for layer in model.layers:
        if layer.weights:
            places = np.prod(layer.output.shape[1:-1], initial=1)
            total += layer.kernel.shape.num_elements() * places
    return int(total)


ways = {
    "largest": "max",
    "mean": "average",
    "stride": "stride",
    "nothing": None,
}
networks = {
    name: models.convnet(
        (28, 28, 1), 10, (8, 16, 16), padding="same", pooling=way
    )
    for name, way in ways.items()
}
for name, network in networks.items():
    print(
        f"{name:8} {network.count_params():8,} weights, "
        f"{work(network):10,} products"
    )

# %%
# Pooling saves weights in the last layer and, above all, work: from one convolution to the next there are only a quarter of the places.
#
# Train
# -----

scores = {}
for name, network in networks.items():
    network.compile(
        optimizer=keras.optimizers.Adam(0.002),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = network.fit(
        x_train,
        y_train,
        epochs=EPOCHS,
        batch_size=BATCH,
        validation_data=(x_valid, y_valid),
        verbose=0,
    )
    last = {m: values[-1] for m, values in history.history.items()}
    test = network.evaluate(x_test, y_test, batch_size=500, verbose=0)[1]
    scores[name] = last | {"test": test}
    print(
        f"{name:8} training {last['accuracy']:.3f}, "
        f"validation {last['val_accuracy']:.3f}, test {test:.3f}"
    )

# %%
plots.bars(
    [1 - score["test"] for score in scores.values()],
    list(scores),
    xlabel="Share of test digits misread",
    title="What shrinks the maps",
    fmt=".3f",
)

# %%
# The network that throws nothing away knows its four thousand digits best, and has the widest gap between those and others.
# It has ten times the weights, does several times the work, and no unit of it sees more than seven pixels before everything is put together in the last layer.
# Of the three that shrink, the largest number makes the fewest mistakes here.
#
# What to take away
# -----------------
# Pooling keeps what was found and drops where exactly, which for telling things apart is a good bargain.
# After each pooling a window of three pixels reaches twice as far, and so a stack of small windows comes to see whole things.
# A network without pooling has more weights, more work and a narrower view, and reads fewer digits than one that keeps the largest number.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "fifth_field_with_pooling": sides["conv_5"],
    "fifth_field_without": without[-1],
    "strongest_kept_by_the_mean": kept["mean of 8 x 8"] / kept["the map"],
    **{
        f"{name}_test_accuracy": score["test"]
        for name, score in scores.items()
    },
    "nothing_training_accuracy": scores["nothing"]["accuracy"],
    "nothing_gap": scores["nothing"]["accuracy"] - scores["nothing"]["test"],
    "largest_gap": scores["largest"]["accuracy"] - scores["largest"]["test"],
}
for name, value in measured.items():
    print(f"{name:28} {value:.4g}")

# (All ranges are those of five seeds; sizes need no seed.)
assert difference == 0
# Measured and computed fields agree, and with pooling they about double.
assert list(sides.values()) == formula(LAYERS)
assert without == formula(["conv"] * 5)
# The mean lets a thin line fade to half of it.
assert 0.3 < measured["strongest_kept_by_the_mean"] < 0.65
assert kept["largest of 8 x 8"] >= kept["the map"]
# Ten times the weights and several times the work.
counted = {name: network.count_params() for name, network in networks.items()}
assert 9 < counted["nothing"] / counted["largest"] < 14
assert work(networks["nothing"]) > 5 * work(networks["largest"])
# The largest number makes the fewest mistakes, and the network without pooling
# has the best training score and the widest gap.
tests = {name: score["test"] for name, score in scores.items()}
assert tests["largest"] > max(
    tests["mean"], tests["stride"], tests["nothing"]
)
learned = {name: score["accuracy"] for name, score in scores.items()}
assert max(learned, key=learned.get) == "nothing"
assert measured["nothing_gap"] > measured["largest_gap"] + 0.005

# %%
# Try it
# ------
# 1. Shift the test digits by two pixels and judge the four networks again. Prediction: all lose a good deal, and the one without pooling loses most.
# 2. Pool squares of four by four instead of two by two, once. Prediction: the field grows as fast in fewer layers, and some thin strokes are lost.

# sphinx_gallery_topics = ["5.1.2"]
# sphinx_gallery_keywords = ["images", "convolution", "pooling"]
# sphinx_gallery_thumbnail_number = 2
