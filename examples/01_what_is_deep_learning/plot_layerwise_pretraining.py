"""
What was layer-wise pretraining, and why did it go?
===================================================

Around 2006 came a way to train deep networks that nobody could train before:
teach the layers one at a time, from the bottom up, without any labels, and only then the whole stack with labels.
A few years later it had nearly gone again.

This page does it on real digits: five layers of sigmoids, each pretrained to restore a damaged input,
then tuned together with a thousand labels.
Beside it stand the same stack without pretraining, the same stack with better first weights, and a stack of relus.
So we see what pretraining did, and what has replaced it.

It assumes dense layers and the idea of training; the first chapter's section on what made deep networks trainable
explains the rest, and the example before this one shows how signals die on their way through such a stack.
"""

# %%
# Setup
# -----
# Ten thousand images may be used without their labels, a thousand with them: that was the situation the method was made for.
# Every network here is trained by Adam: with labels at Keras's usual learning rate, the layers of the pretraining at 0.005, because they are shallow.
# That is kind to the past, whose optimisers were plainer.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

UNLABELLED, LABELLED = 10_000, 1_000
DEPTH, UNITS = 5, 100
DAMAGE = 0.25  # the share of an input that is set to zero
PRETRAINING_EPOCHS, EPOCHS = 8, 30

# %%
# Look at the data
# ----------------
# Pixels run from 0 to 1, so a sigmoid can answer with an image.

(x_train, y_train), (x_test, y_test) = datasets.digits()


def rows(images):
    """Return images as rows of numbers from 0 to 1, (images, 784)."""
    return (images.reshape(-1, 784) / 255).astype("float32")


unlabelled = rows(x_train[:UNLABELLED])
x, y = unlabelled[:LABELLED], y_train[:LABELLED]
x_new = rows(x_test)
random = np.random.default_rng(SEED)


def damaged(inputs):
    """Return a copy in which numbers, drawn by lot, are set to zero."""
    survives = random.random(inputs.shape) >= DAMAGE
    return inputs * survives.astype("float32")


shown = np.concatenate([unlabelled[:5], damaged(unlabelled[:5])])
plots.image_grid(
    shown.reshape(-1, 28, 28),
    title="Five digits, and the same with a quarter of the pixels lost",
    cmap="gray_r",
    alt="Ten pictures in two rows: five handwritten digits, and below them "
    "the same digits with holes.",
)

# %%
datasets.card("digits")

# %%
# You can still read the lower row. To fill its holes you have to know what strokes look like,
# and no label says that: the image without holes is the answer.
#
# What must we beat?
# ------------------
# A network without hidden layers, on the same thousand labels.


def tuned(network):
    """Train all layers with the labels; return the history."""
    network.compile(
        "adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return network.fit(x, y, epochs=EPOCHS, batch_size=50, verbose=0)


def accuracy(network):
    """Return the share of right answers on the test set."""
    return network.evaluate(x_new, y_test, batch_size=1000, verbose=0)[1]


shallow = keras.Sequential(
    [keras.Input((784,)), keras.layers.Dense(10, activation="softmax")]
)
tuned(shallow)
shallow_accuracy = accuracy(shallow)
print(f"no hidden layer  {shallow_accuracy:.3f}")

# %%
# The model
# ---------
# Five hidden layers of 100 units and a softmax.
# The naive beginning draws every weight from a bell curve of spread 0.01.

naive = keras.initializers.RandomNormal(stddev=0.01)


def stack(activation, initializer):
    """Return the deep network, with fresh weights, not yet compiled."""
    keras.utils.set_random_seed(SEED)
    settings = {"kernel_initializer": initializer}
    layers = [
        keras.layers.Dense(UNITS, activation=activation, **settings)
        for _ in range(DEPTH)
    ]
    last = keras.layers.Dense(10, activation="softmax", **settings)
    return keras.Sequential([keras.Input((784,)), *layers, last])


# %%
# Pretrain, layer by layer
# ------------------------
# Take a hidden layer out of the stack and put a second one behind it that leads back to the size of the input.
# Train the two to restore the input from a damaged copy: this is a *denoising autoencoder*.
# Then throw the second layer away, keep the first, send all images through it, and what comes out is the input of the next.
# No label is used, and never is more than one hidden layer trained at a time, so no gradient has far to go.


def restorer(layer, inputs):
    """Train a layer to hold what is needed to restore its inputs."""
    size = inputs.shape[1]
    back = keras.layers.Dense(
        size, activation="sigmoid", kernel_initializer=naive
    )
    pair = keras.Sequential([keras.Input((size,)), layer, back])
    pair.compile(keras.optimizers.Adam(0.005), loss="binary_crossentropy")
    history = pair.fit(
        damaged(inputs),
        inputs,
        epochs=PRETRAINING_EPOCHS,
        batch_size=100,
        verbose=0,
    )
    return pair, history.history["loss"]


pretrained = stack("sigmoid", naive)
codes, pairs = unlabelled, []
print("layer  loss in the first and the last epoch")
for number, layer in enumerate(pretrained.layers[:DEPTH], start=1):
    pair, losses = restorer(layer, codes)
    pairs.append(pair)
    codes = np.asarray(layer(codes))  # (images, UNITS)
    print(f"{number:5}  {losses[0]:.3f}  {losses[-1]:.3f}")

# %%
# Each layer learns its small task. What has the first one learned?
# We let its pair restore digits that it has never seen, from the test set.

broken = damaged(x_new[:5])
restored = pairs[0].predict(broken, verbose=0)
plots.image_grid(
    np.concatenate([broken, restored]).reshape(-1, 28, 28),
    title="Damaged test digits, restored by the first pair",
    cmap="gray_r",
    alt="Ten pictures in two rows: five test digits with holes, and below "
    "them the same digits with the holes filled, a little blurred.",
)
broken = damaged(x_new)
lost = (broken == 0) & (x_new > 0)  # where there was ink
restored = pairs[0].predict(broken, batch_size=1000, verbose=0)
holes_error = np.mean(x_new[lost] ** 2)
restored_error = np.mean((restored[lost] - x_new[lost]) ** 2)
print(f"squared error in the holes, left empty {holes_error:.3f}")
print(f"squared error in the holes, filled     {restored_error:.3f}")

# %%
# The holes are filled, if with a blur: the lost ink comes back well enough that the error there shrinks to a fraction.
# No label was needed for that.
#
# Four beginnings
# ---------------
# Now the same thousand labels for everyone: the naive stack, the pretrained one,
# a sigmoid stack whose first weights follow Glorot's recipe, and relus with He's.
# Before training, one look at how much the top hidden layer tells the images apart.

networks = {
    "sigmoid, naive": stack("sigmoid", naive),
    "sigmoid, pretrained": pretrained,
    "sigmoid, Glorot": stack("sigmoid", "glorot_normal"),
    "relu, He": stack("relu", "he_normal"),
}


def top_signal(network):
    """Return the spread over images at the top hidden layer."""
    outputs = x
    for layer in network.layers[:DEPTH]:
        outputs = np.asarray(layer(outputs), dtype=float)
    return np.sqrt(outputs.var(axis=0).mean())


signal = {name: top_signal(network) for name, network in networks.items()}
for name, size in signal.items():
    print(f"{name:20} signal at the top {size:.1e}")

# %%
# After pretraining the top layer gives clearly different answers to different images.
# In the naive stack all images have become one: their differences are smaller than what 32-bit numbers can hold.
#
# Train
# -----

runs = {name: tuned(network) for name, network in networks.items()}
test_accuracy = {name: accuracy(net) for name, net in networks.items()}
plots.compare_histories(
    runs, "accuracy", title="Accuracy on the thousand labelled images"
)

# %%
# The naive stack hardly leaves the bottom: at its top, all images look alike.
# The pretrained one, with the very same layers, learns from the first epoch on.
# Glorot's weights help the sigmoids too, but first come some epochs in which next to nothing happens.
# And the relus with He's weights are the quickest of all, without having seen a single unlabelled image.
#
# Judge
# -----

plots.bars(
    [*test_accuracy.values(), shallow_accuracy],
    [*test_accuracy, "no hidden layer"],
    xlabel="Accuracy on the test set",
    title="Five layers, a thousand labels",
    fmt=".3f",
)

# %%
# Pretraining turns a network that cannot be trained into one that can: that was the discovery.
# But the relu network does better still, and needs neither the ten thousand extra images nor the extra stage.
# That is why pretraining layer by layer went out of use for networks like these: what it repaired is no longer broken.
#
# The last bar keeps us modest. With a thousand labels a network without hidden layers does about as well as the pretrained stack,
# and the relus gain only a few points on it.
# And what is gone is the layer-by-layer recipe, not its idea: to learn first from plenty of data without labels
# is how the large models of today begin.
#
# What to take away
# -----------------
# Pretraining teaches each layer alone to keep what it needs to restore its input, so the stack starts with a signal that reaches the top.
# It takes a sigmoid stack with naive weights from little more than chance to about six images in seven.
# Relu and He's first weights get there, and further, in one go: the detour repaired a bad beginning, and good beginnings made it unnecessary.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "shallow_accuracy": shallow_accuracy,
    "naive_accuracy": test_accuracy["sigmoid, naive"],
    "pretrained_accuracy": test_accuracy["sigmoid, pretrained"],
    "glorot_sigmoid_accuracy": test_accuracy["sigmoid, Glorot"],
    "relu_he_accuracy": test_accuracy["relu, He"],
    "relu_gain_over_pretrained": test_accuracy["relu, He"]
    - test_accuracy["sigmoid, pretrained"],
    "pretrained_top_signal": signal["sigmoid, pretrained"],
    "restored_error_share": restored_error / holes_error,
}
for name, value in measured.items():
    print(f"{name:26} {value:.4g}")

# The first pair fills the holes: a fifth of the error is left (about .20).
assert measured["restored_error_share"] < 0.4
# The top of the pretrained stack tells images apart, that of the naive one
# does not, even before rounding.
assert signal["sigmoid, pretrained"] > 0.1
assert signal["sigmoid, naive"] < 1e-6
# The naive stack hardly leaves chance level ...
assert measured["naive_accuracy"] < 0.4
# ... pretraining makes it trainable ...
assert 0.82 < measured["pretrained_accuracy"] < 0.89
# ... and is ahead of Glorot's weights for sigmoids, which wait first ...
wait = {n: runs[n].history["accuracy"][2] for n in runs}
assert wait["sigmoid, Glorot"] < 0.3
assert wait["sigmoid, pretrained"] > 0.5
assert test_accuracy["sigmoid, Glorot"] > 0.45
assert test_accuracy["sigmoid, Glorot"] < test_accuracy["sigmoid, pretrained"]
# ... but relus with He's weights are quicker and better.
assert wait["relu, He"] > wait["sigmoid, pretrained"]
assert measured["relu_gain_over_pretrained"] > 0
# No hidden layer: level with the pretrained stack, a few points behind.
assert abs(shallow_accuracy - measured["pretrained_accuracy"]) < 0.03
assert 0.005 < measured["relu_he_accuracy"] - shallow_accuracy < 0.06

# %%
# Try it
# ------
# 1. Set ``LABELLED = 500``, ``DEPTH = 6`` and ``EPOCHS = 60``.
#    Prediction: everybody loses a few points, the network without hidden layers fewest, so that no deep one beats it clearly.
#    (A run much like this one, with slower pretraining, gave .82 pretrained, .68 for sigmoids with Glorot's weights,
#    .83 for relus and .84 without hidden layers.)
# 2. In that setting, replace ``"adam"`` in ``tuned`` by ``keras.optimizers.SGD(0.1, momentum=0.9)``.
#    Prediction: without Adam, sigmoids with Glorot's weights do not get off the ground, pretrained ones still do.
#    (They gave .11 and .79. The relus fell back to .11 as well: for them this rate is too high.)

# sphinx_gallery_topics = ["1.1"]
# sphinx_gallery_keywords = ["images", "pretraining", "autoencoder", "initialisation"]
# sphinx_gallery_thumbnail_number = 3
