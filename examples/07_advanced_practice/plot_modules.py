"""
Modules with branches: do they pay?
===================================

A convolutional network need not be a single row of layers.
An Inception module looks through windows of several sizes at once and joins what they see.
An Xception module takes the windows and the mixing of channels apart.
A residual block adds what went in to what comes out.

On this page we look at the branches of an Inception module one by one and count what its narrow layers save.
Then four networks compete on a small set of handwritten digits. They differ in one module:
two plain convolutions, a residual block, an Inception module and an Xception module, all with about as many weights.

It assumes the pages on convolution in the fifth chapter;
the section on graphs of layers in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# A first convolution that moves by two pixels makes 14 by 14 maps of the images. On these stands one module, of one of four kinds.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

TRAINING, TEST = 1_000, 2_000
EPOCHS, BATCH = 8, 50
STEM = 16  # maps of the first convolution

# %%
# Look at the data
# ----------------
# Images of 28 by 28 grey pixels, few enough that the network's form could make a difference.

(x_train, y_train), (x_test, y_test) = datasets.digits()
chosen = np.random.default_rng(SEED).permutation(len(x_train))[:TRAINING]
x, y = x_train[chosen][..., None], y_train[chosen]
x_new, y_new = x_test[:TEST, ..., None], y_test[:TEST]
print(f"training {x.shape}, test {x_new.shape}")

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# The nearest training image, pixel by pixel, gives its digit to each test image.

flat, flat_new = (
    images.reshape(len(images), -1).astype("float32") for images in (x, x_new)
)
distances = (flat**2).sum(axis=1) - 2 * flat_new @ flat.T
nearest_accuracy = np.mean(y[distances.argmin(axis=1)] == y_new)
print(f"nearest training image: {nearest_accuracy:.3f}")

# %%
# The model
# ---------
# Four branches look at the same maps, each in its own way, and their answers are stacked.
# Before the windows of 3 by 3 and 5 by 5 stands a convolution with windows of 1 by 1, a dense layer at every pixel, which makes the stack of maps thinner.


def build_module(height=28, width=28, channels=192, filters=256):
    """Return an Inception module."""
    layers = keras.layers
    branches = (  # maps of a narrow layer, windows, and maps that go out
        (None, 1, filters // 4),
        (3 * filters // 8, 3, filters // 2),
        (filters // 16, 5, filters // 8),
        ("pool", 1, filters // 8),
    )
    maps = keras.Input((height, width, channels))
    joined = []
    for narrow, window, out in branches:
        x = maps
        if narrow == "pool":
            x = layers.MaxPooling2D(3, strides=1, padding="same")(x)
        elif narrow:
            x = layers.Conv2D(narrow, 1, padding="same")(x)
            x = layers.Activation("relu")(x)
        x = layers.Conv2D(out, window, padding="same")(x)
        joined.append(layers.Activation("relu")(x))
    return keras.Model(maps, layers.Concatenate()(joined))


module = build_module()  # the first of GoogLeNet's
wide = models.inception_module((28, 28, 192), 256, bottleneck=False)
products = {
    "with narrow layers": models.multiplications(module),
    "without": models.multiplications(wide),
}
for name, number in products.items():
    print(f"{name:19} {number / 1e6:6.0f} million multiplications")

# %%
# Here they save nearly three fifths of the work of the module.
#
# What does each branch see?
# --------------------------
# We give a module maps that are zero but for a single pixel in the middle.
# Where the answer differs from the answer to nothing at all, the pixel has been seen.
# All weights are made positive first, so that no relu hides anything.

EYES = ("1 by 1", "3 by 3", "5 by 5", "pooled")
trial = build_module(13, 13, STEM, 64)
trial.set_weights([np.abs(w) for w in trial.get_weights()])
nothing = np.zeros((1, 13, 13, STEM), "float32")
dot = nothing.copy()
dot[0, 6, 6] = 1
seen = np.abs(np.array(trial(dot)) - np.array(trial(nothing)))[0] > 0
ends = np.cumsum([16, 32, 8, 8])
pictures = [part.any(axis=-1) for part in np.split(seen, ends[:-1], axis=-1)]
reach = [int(picture.any(axis=0).sum()) for picture in pictures]

fig, axes = plt.subplots(1, 4, figsize=(6.4, 2.2))
for ax, words, picture in zip(axes, EYES, pictures, strict=True):
    ax.imshow(picture, cmap="gray_r", vmin=0, vmax=1.6)
    ax.set(title=words, xticks=[], yticks=[])
    ax.plot(6, 6, "o", c="C1", ms=4)
fig.supxlabel("Pixels of the map", fontsize=10)
fig.set_label(
    "Four small squares, one for each branch, with a dot in the middle. The "
    "dark area around the dot is a single pixel in the first, 3 by 3 pixels "
    "in the second, 5 by 5 in the third and 3 by 3 in the last."
)
print(dict(zip(EYES, reach, strict=True)))

# %%
# So a module need not choose the size of its windows; the next layer takes what it can use.
#
# Train
# -----
# The same first convolution, then one module, then the mean of each map and a softmax; batch normalisation in all of them.
# The widths are chosen so that all have nine to ten thousand weights.
# The plain one is the residual one without its shortcut.
# The learning rate falls along a cosine to zero, so that the running averages of the normalisation settle at the end.
# Eight passes over a thousand images are a short training; what is compared is how far each network gets in it.

settings = {"stem": STEM, "stem_stride": 2}
shape = (28, 28, 1)
networks = {
    "plain": models.residual_convnet(
        shape, 10, (24,), shortcut=False, **settings
    ),
    "residual": models.residual_convnet(shape, 10, (24,), **settings),
    "inception": models.inception_convnet(shape, 10, (64,), **settings),
    "xception": models.xception_convnet(shape, 10, (72,), **settings),
}
losses = {}
for name, network in networks.items():
    rate = keras.optimizers.schedules.CosineDecay(
        0.01, EPOCHS * TRAINING // BATCH
    )
    network.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy"
    )
    network.fit(x, y, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    losses[name] = network.history.history["loss"]

print("training loss by epoch")
for name, values in losses.items():
    print(f"{name:10}", *(f"{value:5.2f}" for value in values))

# %%
# Judge
# -----

weights = {name: net.count_params() for name, net in networks.items()}
work = {name: models.multiplications(net) for name, net in networks.items()}
accuracy = {}
print(f"{'':10} weights  multiplications  accuracy")
for name, network in networks.items():
    some = (x_new[first : first + 500] for first in range(0, TEST, 500))
    scores = np.concatenate([np.array(network(images)) for images in some])
    accuracy[name] = np.mean(scores.argmax(axis=1) == y_new)
    print(f"{name:10} {weights[name]:7,}", end=" ")
    print(f"{work[name]:16,} {accuracy[name]:9.3f}")

# %%
# How far can such a difference be trusted?
# Even if the network were fixed, another two thousand test images would give another number; the whiskers are two standard errors of that kind.

shares = np.array(list(accuracy.values()))
uncertain = 2 * np.sqrt(shares * (1 - shares) / TEST)
plots.bars(
    shares,
    list(accuracy),
    xlabel="Share of right answers on the test images",
    title="Four modules in the same place",
    errors=(shares - uncertain, shares + uncertain),
    baseline=nearest_accuracy,
    baseline_label="nearest image",
    fmt=".3f",
)

# %%
# A lead within the whiskers means nothing, and even a larger one may be luck, because another beginning gives another network.
# The section in the seventh chapter compares five runs: the Inception module is behind in all of them, and among the other three there is no winner.
#
# What to take away
# -----------------
# A module is a small graph that serves as a layer of a larger one.
# Inception's narrow layers save more than half of its work; its branches leave the choice of the window to training.
# Which module is the best is a question of the task; on a small one a single run does not decide it.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    f"{name}_{what}": float(values[name])
    for what, values in (
        ("accuracy", accuracy),
        ("weights", weights),
        ("products", work),
    )
    for name in networks
}
measured["nearest_accuracy"] = nearest_accuracy
measured["narrow_share"] = (
    products["with narrow layers"] / products["without"]
)
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# %%
# (Ranges are those of five seeds.)
# The narrow layers save nearly three fifths of the work.
assert 0.40 < measured["narrow_share"] < 0.45
# The branches see one pixel, 3 by 3, 5 by 5 and 3 by 3.
assert reach == [1, 3, 5, 3]
# Nine to ten thousand weights each.
assert all(9_000 < number < 10_500 for number in weights.values())
# All four learn to read (.74 to .85, .77 to .82, .60 to .62, .80 to .84).
assert min(accuracy.values()) > 0.4

# %%
# Try it
# ------
# 1. Build the Inception network with ``bottleneck=False``, and count its weights.
#    Prediction: they become fewer. Of 16 channels the module makes 24 before its windows of 3 by 3, and there is nothing to make narrow.
# 2. Set ``EPOCHS = 16``. Prediction: all four read more, for after eight passes none has finished.

# sphinx_gallery_topics = ["7.1.4"]
# sphinx_gallery_keywords = ["images", "inception", "xception", "residual connection"]
# sphinx_gallery_thumbnail_number = 2
