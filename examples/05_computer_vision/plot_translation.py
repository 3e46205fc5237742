"""
What does a network make of a digit that has moved?
===================================================

You read a 7 whether it stands in the middle of a page or near its edge. A network that has learned from centred digits has never had to.
On this page three of them learn the same centred digits, and are then tested on digits that have moved, pixel by pixel.

It is often said that convolutional networks do not mind where things are. That is half of the truth.
We see which half: what a convolution does when its picture moves, what pooling adds, and what the last layers may undo.

It assumes the page on the window that slides; the section on convolution in the fifth chapter explains the rest.
"""

# %%
# Setup
# -----
# Six thousand digits are enough to see the differences.
# A border of four pixels, with the empty margin that most digits have, leaves room to move them without cutting anything off.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

SAMPLES = 6_000  # of 60,000, to keep the page quick
TESTED = 1_000  # tested 25 times each
BORDER = 4  # pixels
SHIFTS = range(7)  # pixels
SIDE = 28 + 2 * BORDER
EPOCHS = 5
BATCH = 64

# %%
# Look at the data
# ----------------
# The makers of the collection have put the centre of mass of every digit into the middle of its picture.
# We add the border, and define what it means to move.

(x_train, y_train), (x_test, y_test) = datasets.digits()
frame = ((0, 0), (BORDER, BORDER), (BORDER, BORDER))
x_train, x_test = (np.pad(x, frame)[..., None] for x in (x_train, x_test))
x_valid, y_valid = x_train[-TESTED:], y_train[-TESTED:]
x_train, y_train = x_train[:SAMPLES], y_train[:SAMPLES]
x_test, y_test = x_test[:TESTED], y_test[:TESTED]
print(f"training {x_train.shape}, test {x_test.shape}")

# %%
datasets.card("digits")

# %%
# A digit may move up, down, left or right.


def move(pictures, pixels, direction):
    """Shift pictures; the border is empty, so nothing comes back in."""
    down, right = (pixels * step for step in direction)
    return np.roll(pictures, (down, right), axis=(1, 2))


DIRECTIONS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
seven = x_test[:1]
plots.image_grid(
    np.concatenate([move(seven, k, (0, 1)) for k in SHIFTS])[..., 0],
    title="A test digit, moved to the right",
    titles=[f"{k} px" for k in SHIFTS],
    columns=7,
    cmap="gray_r",
    alt="A handwritten 7 in seven pictures. It stands in the middle in the "
    "first, and one pixel further to the right in each that follows.",
)

# %%
# The pictures differ little to the eye.
#
# What must we beat?
# ------------------
# Guessing reads one digit in ten. More telling is a reader that compares pixel by pixel:
# it looks up the training picture that is nearest, and gives that one's answer.


def nearest(pictures, known, labels):
    """Return the label of the nearest known picture, (pictures,)."""
    rows, others = (
        p.reshape(len(p), -1).astype("float32") / 255
        for p in (pictures, known)
    )
    distance = (others**2).sum(axis=1) - 2 * rows @ others.T
    return labels[distance.argmin(axis=1)]


nearest_accuracy = [
    np.mean(nearest(move(x_test, k, (0, 1)), x_train, y_train) == y_test)
    for k in SHIFTS
]
print("moved by", *(f"{k:6}" for k in SHIFTS))
print("right   ", *(f"{a:6.3f}" for a in nearest_accuracy))

# %%
# It reads nine centred digits in ten and more, and when they have moved by a few pixels it is lost: ink no longer falls on ink.
#
# Three networks
# --------------
# The first is dense: a weight for each pixel.
# The second has three convolutions with pooling between them, and its last layer gets every number of the last maps, each with its own weight.
# The third has the same convolutions, but its last layer gets only the largest number of each map.
# This is *global* max pooling: a map may say how strongly it has found something, and not where.


def dense():
    """Return the dense network, with its pixels from 0 to 1."""
    inputs = keras.Input((SIDE, SIDE, 1))
    row = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(
        inputs, models.dense_classifier(SIDE**2, 10, (128,))(row)
    )


def convolutional(features):
    """Return a convolutional network."""
    return models.convnet(
        (SIDE, SIDE, 1), 10, (8, 16, 32), padding="same", features=features
    )


networks = {
    "dense": dense(),
    "conv, flat": convolutional("flatten"),
    "conv, global": convolutional("max"),
}
for name, network in networks.items():
    print(f"{name:13} {network.count_params():8,} weights")

# %%
# Train
# -----
# All three learn from centred digits only.
# With global pooling each map says a single number about a picture, so that network learns more slowly; it gets larger steps and twice as many epochs.

centred = {}
for name, network in networks.items():
    patient = name == "conv, global"
    network.compile(
        optimizer=keras.optimizers.Adam(0.004 if patient else 0.002),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = network.fit(
        x_train,
        y_train,
        epochs=2 * EPOCHS if patient else EPOCHS,
        batch_size=BATCH,
        validation_data=(x_valid, y_valid),
        verbose=0,
    )
    centred[name] = history.history["val_accuracy"][-1]
    print(f"{name:13} validation accuracy {centred[name]:.3f}")

# %%
# On centred digits the flat convolutional network reads best, with a fifth of the dense one's weights.
# The one with global pooling is about as good as the dense one, with less than a twentieth.
#
# Judge
# -----
# Now the test digits move, in each of the four directions, and we take the mean.


def moved_accuracy(network, pixels):
    """Return the accuracy on test digits moved by so many pixels."""
    directions = list(DIRECTIONS.values())[: 4 if pixels else 1]
    moved = np.concatenate([move(x_test, pixels, d) for d in directions])
    labels = np.tile(y_test, len(directions))
    return network.evaluate(moved, labels, batch_size=500, verbose=0)[1]


curves = {
    name: np.array([moved_accuracy(network, k) for k in SHIFTS])
    for name, network in networks.items()
}
fig, ax = plt.subplots()
for (name, curve), marker in zip(curves.items(), "os^", strict=True):
    ax.plot(SHIFTS, curve, marker=marker, label=name)
ax.plot(SHIFTS, nearest_accuracy, color="C3", lw=1, label="nearest picture")
ax.set(title="Reading digits that have moved", ylim=(0, 1.03))
ax.set(xlabel="Shift (pixels)", ylabel="Accuracy on test digits")
ax.legend()
fig.set_label(
    "Accuracy against the shift, 0 to 6 pixels. The dense network and the "
    "nearest picture fall together from above 0.9 to about 0.1, the flat "
    "convolutional network falls later and ends near 0.2, the one with "
    "global pooling stays at about 0.9 all the way."
)

# %%
# The dense network loses its reading as quickly as the reader that compares pixels. Six pixels are a fifth of the picture's old width, and it guesses.
# The convolutional network with the flat last layer holds out for a pixel or two longer, and then falls just as far.
# The one with global pooling hardly notices.
# All it has ever seen are centred digits. Nobody taught it to ignore the place; it has no means to know it.
#
# Look inside: the map moves along
# --------------------------------
# Why do the same convolutions lead to such different ends? We move one digit by four pixels, and watch its maps.

network = networks["conv, global"]
names = ["conv_1", "pool_1", "pool_2", "features"]
inside = keras.Model(
    network.input, [network.get_layer(name).output for name in names]
)
before = [m.numpy() for m in inside(x_test[:100])]
after = [m.numpy() for m in inside(move(x_test[:100], 4, (0, 1)))]
loudest = [m[0].mean(axis=(0, 1)).argmax() for m in before[:3]]
rows = {
    "centred": (x_test[0], before),
    "moved": (move(x_test, 4, (0, 1))[0], after),
}

fig, axes = plt.subplots(2, 4, figsize=(6.4, 3.6))
for line, (name, (digit, maps)) in zip(axes, rows.items(), strict=True):
    shown = [
        digit[..., 0],
        *(m[0, ..., c] for m, c in zip(maps, loudest, strict=False)),
    ]
    for ax, picture, title in zip(
        line, shown, ["digit", *names], strict=False
    ):
        ax.imshow(picture, cmap="viridis")
        ax.set_title(f"{title}, {name}", fontsize=10, fontweight="normal")
        ax.set_axis_off()
fig.suptitle("A digit and its maps, before and after a move")
fig.set_label(
    "Above a handwritten 7, a map of it from the first convolution and two "
    "coarser maps after pooling. Below the same for the 7 moved four pixels "
    "to the right: every map is the one above, moved to the right too."
)

# %%
# The maps have moved with the digit, by four pixels, by two after one pooling, by one after the second.
# A layer of which this is true is called *equivariant*: moving first and looking then gives the same as looking first and moving then.
# The next cell measures how far that holds: the mean difference between the two, over the mean of the map.


def left_over(first, second, pixels):
    """Return what is left when the first map is moved onto the second."""
    moved = np.roll(first, pixels, axis=2) if first.ndim == 4 else first
    return np.abs(second - moved).mean() / np.abs(first).mean()


steps = (1, 2, 2**2, 1)  # pixels of the picture to a pixel of the map
print("moved by   " + "".join(f"{name:>10}" for name in names))
remains = {}
for pixels in (1, 2, 4):
    moved = [m.numpy() for m in inside(move(x_test[:100], pixels, (0, 1)))]
    remains[pixels] = [
        left_over(a, b, pixels // step)
        for a, b, step in zip(before, moved, steps, strict=True)
    ]
    print(
        f"{pixels} pixels   " + "".join(f"{r:10.1%}" for r in remains[pixels])
    )

# %%
# For the convolution nothing is left over at any shift: where the window meets the border it finds zeros, and empty paper is zero too.
# The first pooling is exact for multiples of its own step of two pixels. In between, other numbers fall into the same window, and the largest of them may be another one.
# After the second pooling a move by four pixels leaves little over, and what is left comes from the border, which looks different to a deeper layer.
#
# The last column is the row of numbers behind the global pooling. It has no place any more, so it should not change at all; that is *invariance*.
# After a move by four pixels it hardly does, and in between not by much.
#
# So the convolutions pass the place on, faithfully, and the pooling makes it coarser. Who forgets it, or does not, is what comes last.
# A flat layer has a weight for each place of the last maps, and has met digits in a single place. It has learned where to look.
#
# What to take away
# -----------------
# A convolution is equivariant: when the picture moves, its maps move.
# Pooling makes places coarser, and only a global one makes the answer invariant; a flat last layer learns the place by heart.
# So a network that has seen things in one place may not know them elsewhere, unless its last layers cannot tell, or its training pictures have shown it.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "dense_centred": curves["dense"][0],
    "dense_moved_2": curves["dense"][2],
    "dense_moved_6": curves["dense"][6],
    "flat_centred": curves["conv, flat"][0],
    "flat_moved_2": curves["conv, flat"][2],
    "flat_moved_6": curves["conv, flat"][6],
    "global_centred": curves["conv, global"][0],
    "global_moved_2": curves["conv, global"][2],
    "global_moved_4": curves["conv, global"][4],
    "global_moved_6": curves["conv, global"][6],
    "lowest_global": curves["conv, global"].min(),
    "pooling_left_over": remains[1][1],
    "features_left_over": max(r[3] for r in remains.values()),
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# On centred digits the flat convolutional network is best, and the global one is
# no worse than the dense one by more than a few hundredths.
assert curves["conv, flat"][0] > curves["dense"][0] + 0.015
assert curves["conv, global"][0] > curves["dense"][0] - 0.03
ratio = (
    networks["dense"].count_params() / networks["conv, global"].count_params()
)
assert 20 < ratio < 35
# The nearest picture and the dense network fall together and end at guessing.
assert nearest_accuracy[0] > 0.87
assert nearest_accuracy[6] < 0.2
assert curves["dense"][0] > 0.87
assert np.abs(curves["dense"] - nearest_accuracy).max() < 0.12
assert curves["dense"][6] < 0.2
# The flat one holds out longer, by a pixel or two, and falls as well ...
assert curves["conv, flat"][2] > curves["dense"][2] + 0.08
assert curves["conv, flat"][2] > curves["dense"][1] - 0.15
assert curves["conv, flat"][4] < curves["dense"][2] + 0.05
assert curves["conv, flat"][6] < 0.35
# ... and the one with global pooling hardly notices.
assert curves["conv, global"].min() > curves["conv, global"][0] - 0.12
assert curves["conv, global"].min() > 0.8
# The convolution's map moves along exactly, the pooled ones by their own step.
assert max(r[0] for r in remains.values()) < 1e-5
assert max(remains[2][1], remains[4][1]) < 1e-5
assert remains[4][2] < 0.2 * min(remains[1][2], remains[2][2])
assert remains[1][1] > 0.1
# Behind the global pooling there is little left over, least at four pixels.
assert max(r[3] for r in remains.values()) < 0.4
assert remains[4][3] < 0.5 * min(remains[1][3], remains[2][3])

# %%
# Try it
# ------
# 1. Train on moved digits: let each training picture move by up to six pixels in both directions before ``fit``.
#    Prediction: the flat network learns to read everywhere, and the dense one learns to read a little everywhere, and worse in the middle.
# 2. Replace the largest number by the mean, ``features="average"``.
#    Prediction: the network minds the place as little, learns more slowly, and reads fewer digits: a short stroke is a small part of the mean.

# sphinx_gallery_topics = ["5.1.1"]
# sphinx_gallery_keywords = ["images", "convolution", "translation", "global pooling"]
# sphinx_gallery_thumbnail_number = 2
