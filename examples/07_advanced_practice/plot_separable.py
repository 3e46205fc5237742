"""
Depthwise separable convolution: what is saved?
===============================================

An ordinary convolution looks at a window and at all channels in one step.
A depthwise separable convolution takes two: a window for each channel on its own, then a mixture of the channels at each pixel on its own.
That takes a fraction of the weights and of the multiplications.

On this page we count both, rebuild the layer from its two halves, and measure how much processor time is really saved.
Then we train on handwritten digits: what does it cost to use so few weights, and what can be bought with as many as before?

It assumes the page on convolution in the fifth chapter; the section on architecture patterns in the seventh explains the rest.
"""

# %%
# Setup
# -----

import time

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

TRAINING, TEST = 1_200, 2_000
EPOCHS, BATCH = 8, 50
ORDINARY = (16, 32, 32)  # maps of three convolutions
WIDE = (16, 96, 96)  # separable, with as many weights
KERNEL = 3

# %%
# Look at the data
# ----------------
# Images of 28 by 28 grey pixels.

(x_train, y_train), (x_test, y_test) = datasets.digits()
chosen = np.random.default_rng(SEED).permutation(len(x_train))[:TRAINING]
x, y = x_train[chosen][..., None], y_train[chosen]
x_new, y_new = x_test[:TEST, ..., None], y_test[:TEST]
commonest = np.mean(y_new == np.bincount(y).argmax())
print(f"training {x.shape}, test {x_new.shape}")

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# An ordinary convolution with windows of :math:`k \times k`, from :math:`C` channels to :math:`M` maps, multiplies at each place
# :math:`k^2 C M` times. In two steps it is :math:`k^2 C` times for the windows and :math:`C M` times for the mixture,
# a share of :math:`1/M + 1/k^2`.
# With windows of 3 by 3 and many maps that is little more than a ninth.

print("maps  ordinary  separable  share  by the formula")
shares = {}
for maps in (8, 32, 128):
    side = (16, 16, maps)
    one = keras.layers.Conv2D(maps, KERNEL, padding="same")
    two = keras.layers.SeparableConv2D(maps, KERNEL, padding="same")
    ordinary, separable = (
        models.multiplications(keras.Sequential([keras.Input(side), layer]))
        for layer in (one, two)
    )
    shares[maps] = separable / ordinary, 1 / maps + 1 / KERNEL**2
    print(f"{maps:4} {ordinary:9,} {separable:10,}", end=" ")
    print(f"{shares[maps][0]:6.3f} {shares[maps][1]:8.3f}")

# %%
# The formula counts what the shapes of the layers say.
#
# The model
# ---------
# Three convolutions of 3 by 3 and a pooling between them, with batch normalisation.
# The first is an ordinary one in both networks: a grey image has one channel, and there is nothing to separate.


def build_network():
    """Return a network of separable convolutions."""
    image = keras.Input((28, 28, 1))
    x = keras.layers.Rescaling(1 / 255)(image)
    for number, maps in enumerate(WIDE):
        kind = keras.layers.SeparableConv2D if number else keras.layers.Conv2D
        x = kind(maps, KERNEL, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.Activation("relu")(x)
        if number < len(WIDE) - 1:
            x = keras.layers.MaxPooling2D(2, padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(10, "softmax")(x))


# %%
networks = {
    "ordinary": models.convnet(
        (28, 28, 1),
        10,
        ORDINARY,
        padding="same",
        features="average",
        batch_norm=True,
    ),
    "separable, as many maps": models.separable_convnet(
        (28, 28, 1), 10, ORDINARY
    ),
    "separable, as many weights": build_network(),
}
weights = {name: net.count_params() for name, net in networks.items()}
work = {name: models.multiplications(net) for name, net in networks.items()}
print(f"{'':27} weights  multiplications")
for name in networks:
    print(f"{name:27} {weights[name]:7,} {work[name]:12,}")

# %%
# Train
# -----
# The three train on the same images, and their processor time is put aside for the record.
# The learning rate falls along a cosine to zero, so that the running averages of the normalisation settle at the end.

timed, loss, accuracy = {}, {}, {}


def key(name):
    """Return the name of a network as the record writes it."""
    return name.removeprefix("separable, ").replace(" ", "_")


for name, network in networks.items():
    rate = keras.optimizers.schedules.CosineDecay(
        0.01, EPOCHS * TRAINING // BATCH
    )
    network.compile(
        keras.optimizers.Adam(rate),
        "sparse_categorical_crossentropy",
    )
    network.train_on_batch(x[:BATCH], y[:BATCH])  # prepares the graph
    clock = time.process_time()
    network.fit(x, y, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    timed[f"train_{key(name)}"] = time.process_time() - clock
    loss[name] = network.history.history["loss"]

print("training loss by epoch")
for name, values in loss.items():
    print(f"{name:27}", *(f"{value:5.2f}" for value in values))

# %%
# Judge
# -----

for name, network in networks.items():
    some = (x_new[first : first + 500] for first in range(0, TEST, 500))
    scores = np.concatenate([np.array(network(images)) for images in some])
    accuracy[name] = np.mean(scores.argmax(axis=1) == y_new)

plots.bars(
    list(accuracy.values()),
    list(accuracy),
    xlabel="Share of right answers on the test images",
    title="The same maps, or the same weights",
    baseline=commonest,
    baseline_label="one answer for all",
    fmt=".3f",
)

# %%
# With as many maps the separable network has about a fifth of the weights and of the work of the ordinary one.
# With as many weights it can afford three times as many maps in its upper layers.
# One run says little about which of the two is the better trade; the section in the seventh chapter compares five.
#
# Look inside
# -----------
# We take the second convolution of the last network apart, with the maps of a digit as its input.
# First each of the 16 channels gets a window of its own, then each pixel mixes the 16 answers into 96 maps.

network = networks["separable, as many weights"]
layers = network.layers
place = [type(layer).__name__ for layer in layers].index("SeparableConv2D")
layer = layers[place]
below = keras.Model(network.input, layers[place - 1].output)
maps = below.predict(x_new[:1], verbose=0)[0]  # (14, 14, 16)
windows, mixture = layer.get_weights()  # (3, 3, 16, 1), (1, 1, 16, 96)

padded = np.pad(maps, ((1, 1), (1, 1), (0, 0)))
view = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
depthwise = np.einsum("hwcij,ijc->hwc", view, windows[..., 0])
pointwise = depthwise @ mixture[0, 0]  # a dense layer at every pixel
theirs = np.array(layer(maps[None]))[0]
gap = np.abs(pointwise - theirs).max() / np.abs(theirs).max()
print(f"in two steps {pointwise.shape}, largest difference {gap:.0e}")

# %%
fig, axes = plt.subplots(3, 8, figsize=(6.4, 3.0))
rows = {
    "comes in": maps,
    "own window": depthwise,
    "mixed": pointwise,
}
for row, (words, pictures) in zip(axes, rows.items(), strict=True):
    for channel, ax in enumerate(row):
        ax.imshow(pictures[..., channel], cmap="viridis")
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(words, fontsize=9)
fig.suptitle("A separable convolution in two steps")
fig.supxlabel("Eight of the channels", fontsize=10)
fig.set_label(
    "Three rows of eight small maps of a digit. In the second row each map "
    "is a filtered version of the one above it; in the third row every map "
    "is a mixture of all channels and no longer belongs to a single one."
)

# %%
# A row further down every map still belongs to the one above it.
# Only the mixture lets channels meet, and it never looks at two pixels at once.
#
# And the time?
# -------------
# Multiplications are not seconds.
# How long does one layer take for 32 images of 16 by 16, once as an ordinary and once as a separable convolution?
# Times go to the record; what they say stands on the page in the seventh chapter.

REPEATS = 5
for maps in (16, 64, 128):
    for kind in (keras.layers.Conv2D, keras.layers.SeparableConv2D):
        alone = keras.Sequential(
            [keras.Input((16, 16, maps)), kind(maps, KERNEL, padding="same")]
        )
        batch = np.ones((32, 16, 16, maps), "float32")
        alone.predict_on_batch(batch)  # prepares the graph
        clock = time.process_time()
        for _ in range(REPEATS):
            alone.predict_on_batch(batch)
        kept = "ordinary" if kind is keras.layers.Conv2D else "separable"
        timed[f"{kept}_{maps}_maps"] = time.process_time() - clock

# %%
# What to take away
# -----------------
# A separable convolution is an ordinary one whose kernel is a product of a window for each channel and a mixture of the channels.
# It needs about a ninth of the weights and of the multiplications with windows of 3 by 3, less with larger ones.
# What that saves in seconds has to be measured, on the machine that will do the work.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

names = ("ordinary", "separable, as many maps", "separable, as many weights")
measured = {
    "ordinary_accuracy": accuracy[names[0]],
    "as_many_maps_accuracy": accuracy[names[1]],
    "as_many_weights_accuracy": accuracy[names[2]],
    "ordinary_loss": loss[names[0]][-1],
    "as_many_maps_loss": loss[names[1]][-1],
    "as_many_weights_loss": loss[names[2]][-1],
    "maps_share_of_weights": weights[names[1]] / weights[names[0]],
    "weights_share_of_weights": weights[names[2]] / weights[names[0]],
    "maps_share_of_work": work[names[1]] / work[names[0]],
    "weights_share_of_work": work[names[2]] / work[names[0]],
}
for name, value in measured.items():
    print(f"{name:25} {value:.4g}")

# %%
# (Ranges are those of five seeds.)
# The formula is what the shapes of the layers say, a little over a ninth with
# many maps, and the layer is its two halves.
for counted, formula in shares.values():
    assert np.isclose(counted, formula)
assert 1 / 9 < shares[128][0] < 1 / 8
assert gap < 1e-4
# With as many maps about a fifth of weights and work; as many weights buy three
# times the maps, and are still less work.
assert 0.15 < weights[names[1]] / weights[names[0]] < 0.25
assert 0.15 < work[names[1]] / work[names[0]] < 0.25
assert 0.9 < weights[names[2]] / weights[names[0]] < 1
assert WIDE[-1] == 3 * ORDINARY[-1]
assert work[names[2]] < work[names[0]]
# All three learn to read (.92; .85 to .89 with as many maps; .91 to .93 with as
# many weights).
assert min(accuracy.values()) > 3 * commonest

# %%
# Try it
# ------
# 1. Set ``KERNEL = 5``. Prediction: the share of the multiplications falls to a fifteenth or so with many maps, since a window is now dearer than a mixture.
# 2. Make the first convolution a separable one, too.
#    Prediction: the network becomes worse, for the one window on the one channel is all that the 16 maps have to go by.

# sphinx_gallery_topics = ["7.3.1"]
# sphinx_gallery_keywords = ["images", "separable convolution", "convolution", "architecture"]
# sphinx_gallery_thumbnail_number = 1
