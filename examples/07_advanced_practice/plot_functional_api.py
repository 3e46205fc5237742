"""
One network, written three ways: what does it mean that a model is a graph?
===========================================================================

Keras knows three ways to write a network down: as a list of layers, as a graph of layers, and as a program.
All three can describe the same network. They differ in what can be done with it afterwards.

On this page we write a small network for digits in all three ways and prove that they are the same.
Then we take the graph: walk it, draw it, cut features out of its middle, and put a new head on it.
At the end the program does what no graph can: it decides while it runs.

It assumes the page on convolutional networks; the first section of the seventh chapter explains the rest.
"""

# %%
# Setup
# -----

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

FIRST = 2_000  # digits for a first pass, in all three ways
LABELLED = 10_000  # digits to train the graph on
FEW = 200  # digits to search, or to train a head on
EPOCHS = 2
BATCH = 64

# %%
# Look at the data
# ----------------

(x_train, y_train), (x_test, y_test) = datasets.digits()
x_train, x_test = x_train[..., None], x_test[::2, ..., None]
y_test = y_test[::2]  # every second test digit is enough here
learning = slice(0, LABELLED)
few = slice(-FEW, None)  # digits that the network does not train on
print(f"training {x_train[learning].shape}, test {x_test.shape}")

# %%
datasets.card("digits")

# %%
# Three ways to write it
# ----------------------
# As a list: each layer's answer goes to the next. Nothing is said about where it goes, for there is only one way.


def build_list():
    """Return the network as a list of layers."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
            keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(32, activation="relu", name="features"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


# %%
# As a graph: each layer is called on a tensor that has a shape and no numbers yet, and gives another.
# The model is what lies between the first tensor and the last.


def build_graph():
    """Return the network as a graph, from a tensor to a tensor."""
    picture = keras.Input((28, 28, 1))
    x = keras.layers.Rescaling(1 / 255)(picture)
    x = keras.layers.Conv2D(16, 5, strides=2, activation="relu")(x)
    x = keras.layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(32, activation="relu", name="features")(x)
    digit = keras.layers.Dense(10, activation="softmax")(x)
    return keras.Model(picture, digit)


# %%
# As a program: a class whose layers are made once, and whose ``call`` runs each time. What it does there is nobody's business but Python's.


class Program(keras.Model):
    """The network as a program."""

    def __init__(self):
        super().__init__()
        self.scale = keras.layers.Rescaling(1 / 255)
        self.near = keras.layers.Conv2D(16, 5, strides=2, activation="relu")
        self.far = keras.layers.Conv2D(32, 3, strides=2, activation="relu")
        self.flat = keras.layers.Flatten()
        self.features = keras.layers.Dense(32, activation="relu")
        self.digit = keras.layers.Dense(10, activation="softmax")

    def call(self, pictures):
        """Return ten probabilities for each picture."""
        x = self.far(self.near(self.scale(pictures)))
        return self.digit(self.features(self.flat(x)))


# %%
# Three networks or one?
# ----------------------
# All get the same first weights, see the same pictures in the same order, and are asked the same.

written = {"list": build_list(), "graph": build_graph(), "program": Program()}
written["program"](x_test[:1])  # has no weights before its first call
start = written["list"].get_weights()
accuracy = {}
for name, network in written.items():
    keras.utils.set_random_seed(SEED)
    network.set_weights(start)
    network.compile(
        optimizer=keras.optimizers.Adam(0.002),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    network.fit(x_train[:FIRST], y_train[:FIRST], batch_size=BATCH, verbose=0)
    answers = network.predict(x_test, batch_size=500, verbose=0)
    accuracy[name] = np.mean(answers.argmax(axis=1) == y_test)
    print(f"{name:8} {network.count_params():,} weights", end=", ")
    print(f"accuracy {accuracy[name]:.4f}")

# %%
# The same, up to the last digit.
# We let the graph go on learning, then hand its weights to the others and compare every probability.

graph = written["graph"]
graph.fit(
    x_train[learning],
    y_train[learning],
    epochs=EPOCHS,
    batch_size=BATCH,
    verbose=0,
)
trained = graph.get_weights()
truth = graph.predict(x_test, batch_size=500, verbose=0)
whole_right = np.mean(truth.argmax(axis=1) == y_test)
print(f"the graph, trained on more digits: {whole_right:.4f}")
furthest = 0.0
for network in written.values():
    network.set_weights(trained)
    answers = network.predict(x_test, batch_size=500, verbose=0)
    furthest = max(furthest, np.abs(answers - truth).max())
print(f"largest difference of all probabilities: {furthest:.1g}")

# %%
# Walk the graph
# --------------
# A layer knows the tensors that it took and gave. Who gave a tensor feeds who takes it; so the graph can be read off, without any drawing.


def feeders(model):
    """Return, for each layer, the layers whose tensors it takes."""
    gave = {id(layer.output): layer for layer in model.layers}
    took = {}
    for layer in model.layers:
        tensors = keras.tree.flatten(layer.input)
        named = [gave[id(t)] for t in tensors if id(t) in gave]
        took[layer] = [one for one in named if one is not layer]
    return took


for layer, fed_by in feeders(graph).items():
    names = ", ".join(one.name for one in fed_by) or "nobody"
    shape = " x ".join(map(str, layer.output.shape[1:]))
    print(f"{layer.name:18} gives {shape:13} fed by {names}")

# %%
# The program has the same layers, and nothing to walk: its layers have only met numbers, which remember nobody.

try:
    print(written["program"].features.output)
    hidden = False
except (AttributeError, ValueError) as error:
    print(type(error).__name__, "-", str(error).split(".")[0])
    hidden = True

# %%
# Cut it elsewhere
# ----------------
# Every tensor of the graph can be the end of another model.
# One that ends at the layer called ``features`` gives 32 numbers for a picture. It is made of the same layers, with the same weights; nothing is copied.
#
# Are the 32 numbers good for anything but the answer that follows?
# We take 200 digits that the network has not trained on, and look up the nearest of them for each test picture: by its pixels, and by its features.

body = keras.Model(graph.input, graph.get_layer("features").output)


def nearest(known, asked):
    """Return the place of the nearest known row for each row asked."""
    products = asked @ known.T
    return np.argmin((known**2).sum(axis=1) - 2 * products, axis=1)


def pixel_rows(pictures):
    """Return pictures as rows of pixels, between 0 and 1."""
    return pictures.reshape(len(pictures), -1).astype("float32") / 255


def feature_rows(pictures):
    """Return 32 features for each picture."""
    return body.predict(pictures, batch_size=500, verbose=0)


found = {
    name: nearest(rows(x_train[few]), rows(x_test))
    for name, rows in (("pixels", pixel_rows), ("features", feature_rows))
}
search = {
    name: np.mean(y_train[few][places] == y_test)
    for name, places in found.items()
}
for name, share in search.items():
    print(f"nearest of {FEW} by {name:8}: right digit {share:.3f}")

# %%

rows = np.flatnonzero(
    (y_train[few][found["pixels"]] != y_test)
    & (y_train[few][found["features"]] == y_test)
)[:8]
fig, axes = plt.subplots(3, 8, figsize=(6.4, 2.9))
pictures = {
    "asked": x_test[rows],
    "by pixels": x_train[few][found["pixels"][rows]],
    "by features": x_train[few][found["features"][rows]],
}
for line, (name, row) in zip(axes, pictures.items(), strict=True):
    for ax, picture in zip(line, row, strict=True):
        ax.imshow(picture[..., 0], cmap="gray_r")
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
fig.suptitle("Digits whose nearest by pixels is another digit")
fig.set_label(
    "Eight test digits in the first row. Below each stand the nearest known "
    "picture by pixels, which is of another digit, and the nearest by "
    "features, which is of the same one."
)

# %%
# Pixels find pictures with ink in the same places. The features find pictures of the same digit, whatever its slant and its thickness.
#
# A new head on an old body
# -------------------------
# A tensor can also be where something new begins.
# Has the digit a closed loop, as most people's 0, 6, 8 and 9 have? We put a head for this question on the features, beside the old one, and train it, and nothing else, on the 200 digits.

looped = np.isin(np.arange(10), (0, 6, 8, 9))
body.trainable = False
loop = keras.layers.Dense(1, activation="sigmoid", name="loop")(body.output)
asked = keras.Model(graph.input, loop)
asked.compile(
    optimizer=keras.optimizers.Adam(0.02),
    loss="binary_crossentropy",
)
asked.fit(
    x_train[few],
    looped[y_train[few]],
    epochs=30,
    batch_size=BATCH,
    verbose=0,
)
both = keras.Model(graph.input, [graph.output, loop])
digit, has_loop = both.predict(x_test, batch_size=500, verbose=0)
loop_right = np.mean((has_loop[:, 0] > 0.5) == looped[y_test])
loop_usual = 1 - looped[y_test].mean()
loop_pixels = np.mean(looped[y_train[few][found["pixels"]]] == looped[y_test])
unmoved = np.abs(digit - truth).max()
print(f"loop or none: right {loop_right:.3f}, always none {loop_usual:.3f}")
print(f"as the nearest by pixels {loop_pixels:.3f}")
print(f"the old answers have moved by {unmoved:.1g}")

# %%
# Now the graph has a fork, which no list can describe. We draw it from what the walk has found: each layer stands one step below the lowest layer that feeds it.


def draw_graph(ax, model):
    """Draw a model's layers as boxes, with arrows to those they feed."""
    fed_by, depth = feeders(model), {}
    for layer in fed_by:  # in an order in which feeders come first
        depth[layer] = 1 + max((depth[o] for o in fed_by[layer]), default=-1)
    place = {}
    for layer, level in depth.items():
        beside = [one for one in depth if depth[one] == level]
        across = beside.index(layer) - (len(beside) - 1) / 2
        place[layer] = (across, -level)
        shape = " x ".join(map(str, layer.output.shape[1:]))
        text = f"{type(layer).__name__}: {shape}"
        box = {"boxstyle": "round", "facecolor": "none", "edgecolor": "C0"}
        ax.text(across, -level, text, ha="center", va="center", bbox=box)
    for layer, givers in fed_by.items():
        for giver in givers:
            arrow = {"arrowstyle": "->", "color": "C1", "shrinkA": 11}
            arrow["shrinkB"] = 11
            ends = {"xy": place[layer], "xytext": place[giver]}
            ax.annotate("", **ends, arrowprops=arrow)
    ax.set(xlim=(-1.2, 1.2), ylim=(-max(depth.values()) - 0.5, 0.5))
    ax.set_axis_off()


fig, ax = plt.subplots(figsize=(6.4, 4.8))
draw_graph(ax, both)
ax.set_title("One body, two heads")
fig.set_label(
    "The layers of a network as boxes, one below the other, joined by "
    "arrows: input, rescaling, two convolutions, flatten and a dense layer. "
    "From it arrows lead to two heads side by side, of 10 numbers and of 1."
)

# %%
# What only a program can do
# --------------------------
# A graph computes all of its tensors for every picture, the plain ones and the difficult ones.
# A program may look at what it has so far and decide.
# We give the first convolution a head of its own, and let a picture go no further when this head is sure.

seen = graph.layers[2].output  # what the first convolution gives
x = keras.layers.AveragePooling2D(2)(seen)  # (batch, 6, 6, 16)
x = keras.layers.Flatten()(x)
hasty = keras.layers.Dense(10, activation="softmax", name="hasty")(x)
early = keras.Model(graph.input, [seen, hasty])
quick = keras.Model(graph.input, hasty)
quick.compile(
    optimizer=keras.optimizers.Adam(0.005),
    loss="sparse_categorical_crossentropy",
)
quick.fit(
    x_train[learning],
    y_train[learning],
    epochs=EPOCHS,
    batch_size=BATCH,
    verbose=0,
)

# %%


class Impatient(keras.Model):
    """A network that sends on only what it is not sure of."""

    def __init__(self, early, late, sure):
        super().__init__()
        self.early, self.late, self.sure = early, late, sure
        self.sent_on = 0

    def call(self, pictures):
        """Return ten probabilities for each picture."""
        seen, answers = (np.array(part) for part in self.early(pictures))
        doubtful = answers.max(axis=1) < self.sure
        self.sent_on = int(doubtful.sum())
        if self.sent_on:
            answers[doubtful] = self.late(seen[doubtful])
        return answers


late = keras.Model(seen, graph.output)  # begins where the first part ended
hasty_right = np.mean(
    quick.predict(x_test, batch_size=500, verbose=0).argmax(1) == y_test
)
print(f"{'':18} right  went all the way")
print(f"{'first head':18} {hasty_right:.3f}  {0:.3f}")
impatient = {}
for sure in (0.7, 0.9, 0.99):
    network = Impatient(early, late, sure)
    answers = network(x_test)
    share = network.sent_on / len(x_test)
    impatient[sure] = (np.mean(answers.argmax(axis=1) == y_test), share)
    print(f"{f'sure of {sure}':18} {impatient[sure][0]:.3f}  {share:.3f}")
print(f"{'the whole graph':18} {whole_right:.3f}  {1:.3f}")

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.2))
shares = [0, *(share for _, share in impatient.values()), 1]
rights = [
    hasty_right,
    *(value for value, _ in impatient.values()),
    whole_right,
]
labels = ["first head", *(f"sure of {sure}" for sure in impatient), "all"]
ax.plot(shares, rights, marker="o")
for share, value, label in zip(shares, rights, labels, strict=True):
    ax.annotate(
        label,
        (share, value),
        xytext=(4, -14),
        textcoords="offset points",
        fontsize=9,
        ha="left" if share < 1 else "right",
    )
ax.set(title="Going all the way only in doubt", ylabel="Share of digits read")
ax.set_xlabel("Share of pictures that went all the way")
ax.set_ylim(min(rights) - 0.01, max(rights) + 0.005)
fig.set_label(
    "Share of digits read against the share of pictures that went through "
    "all layers. The line rises steeply from the first head alone and is "
    "level long before all pictures go all the way."
)

# %%
# When the first head has to be sure of nine in ten, more than half of the pictures go no further, and hardly any digit is lost.
# No graph of layers can do that. The price is that the program cannot be walked or cut, and its ``call`` runs as plain Python.
#
# What to take away
# -----------------
# List, graph and program are three ways to write the same network; the weights do not know in which they were written.
# The graph is the one that can be read: every tensor in it may be the end of one model and the beginning of another, with the same layers and weights in both.
# Write a program where what is computed depends on what has been computed, and use graphs as its parts.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "first_pass_list": accuracy["list"],
    "first_pass_graph": accuracy["graph"],
    "first_pass_program": accuracy["program"],
    "furthest": furthest,
    "whole": whole_right,
    "search_pixels": search["pixels"],
    "search_features": search["features"],
    "loop": loop_right,
    "loop_pixels": loop_pixels,
    "loop_usual": loop_usual,
    "hasty": hasty_right,
    "impatient": impatient[0.9][0],
    "went_all_the_way": impatient[0.9][1],
}
for name, value in measured.items():
    print(f"{name:18} {value:.4g}")

# %%

# The three are the same network: the same after training ...
assert np.ptp(list(accuracy.values())) < 0.002
# ... and the same answers with the same weights.
assert furthest < 1e-5
assert hidden
# Features find the right digit more often than pixels (.90 to .92
# against .71).
assert search["features"] > search["pixels"] + 0.08
# The new head learns from 200 digits (.84 to .90), and the old one has not moved.
assert loop_right > loop_usual + 0.1
assert unmoved == 0
# Sure of nine in ten: more than half go no further (.33 to .38), and
# hardly a digit is lost (less than .001).
assert measured["went_all_the_way"] < 0.5
assert measured["impatient"] > whole_right - 0.006
assert hasty_right < whole_right - 0.01

# %%
# Try it
# ------
# 1. Give the hasty head less to look at, ``keras.layers.AveragePooling2D(4)``. Prediction: it reads some four digits in five and is hardly ever sure, so nearly all pictures go all the way.
# 2. Set ``LABELLED = 4_000``. Prediction: the features become worse to search by, and stay ahead of the pixels.

# sphinx_gallery_topics = ["7.1.1"]
# sphinx_gallery_keywords = ["images", "functional API", "subclassing", "feature extraction"]
# sphinx_gallery_thumbnail_number = 2
