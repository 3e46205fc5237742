"""
How well can a small convolutional network read digits?
=======================================================

The second chapter left us with a dense network that reads about 98 digits in a hundred, and with a doubt:
it read them just as well after all their pixels had been scrambled. It did not know that a picture is a picture.

On this page a network looks through small windows instead, at ever coarser versions of the picture.
It has a seventh of the weights. We see how many of the mistakes that takes away, look at *every* digit that is still misread,
and then scramble the pixels once more.

It assumes the pages on convolution and on pooling; the section on convolution in the fifth chapter explains the rest.
"""

# %%
# Setup
# -----
# Three passes over the pictures, with steps that begin large and shrink to nothing, are enough here.
# The small comparison at the end gets by with fewer pictures.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

FILTERS = (16, 32, 64)  # twice as many maps each time the picture halves
VALIDATION = 5_000  # of 60,000 training pictures
EPOCHS = 3
BATCH = 128
RATE = 0.002
FEW = 6_000  # pictures for the comparison at the end

# %%
# Look at the data
# ----------------
# The pictures stay pictures. They only get a last axis, for the single channel of a grey picture.

(x_train, y_train), (x_test, y_test) = datasets.digits()
x_train, x_test = x_train[..., None], x_test[..., None]
print(f"training {x_train.shape}, test {x_test.shape}")

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# The network of the second chapter: one hidden layer with a weight for every pixel, trained on the same pictures.


def compiled(model, samples, epochs, rate=RATE):
    """Return the model, ready for so many passes over so many samples."""
    steps = epochs * int(np.ceil(samples / BATCH))
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(rate, steps)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def build_dense():
    """Return the dense network, which makes a row of each picture."""
    pixels = keras.Input((28, 28, 1))
    row = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
    return keras.Model(pixels, models.dense_classifier(784, 10, (256,))(row))


# %%

learning, watching = slice(None, -VALIDATION), slice(-VALIDATION, None)
samples = len(x_train) - VALIDATION
dense = compiled(build_dense(), samples, 5)
dense.fit(
    x_train[learning],
    y_train[learning],
    epochs=5,
    batch_size=BATCH,
    validation_data=(x_train[watching], y_train[watching]),
    verbose=0,
    callbacks=[training.ProgressTable()],
)
dense_wrong = np.flatnonzero(
    dense.predict(x_test, batch_size=500, verbose=0).argmax(1) != y_test
)
print(f"{dense.count_params():,} weights, {len(dense_wrong)} misread")

# %%
# The model
# ---------
# Three times the same step. A convolution looks through windows of 3 by 3 pixels and makes maps of what it finds;
# a normalisation brings each map to a common scale, which lets the network learn in few epochs; a relu drops what speaks against the pattern.
# After the first two, pooling keeps the largest number of every 2 by 2, so that the next window sees twice as far.
# The last layer gets what is left, 3 by 3 places with 64 maps, and gives ten probabilities.


def build_network():
    """Return the network, spelled out."""
    inputs = keras.Input((28, 28, 1))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    for number, filters in enumerate(FILTERS):
        if number:
            x = keras.layers.MaxPooling2D(2)(x)
        x = keras.layers.Conv2D(filters, 3, use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.Activation("relu")(x)
    x = keras.layers.Flatten()(x)
    outputs = keras.layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs, outputs)


network = compiled(build_network(), samples, EPOCHS)
print(f"{'':20} {'shape':14} weights")
for layer in network.layers:
    shape = " x ".join(map(str, layer.output.shape[1:]))
    print(f"{type(layer).__name__:20} {shape:14} {layer.count_params():7,}")
print(f"{network.count_params():,} weights")

# %%
# The picture shrinks, and the maps become more: from one number about each pixel to 64 numbers about each ninth of the picture.
#
# Train
# -----

history = network.fit(
    x_train[learning],
    y_train[learning],
    epochs=EPOCHS,
    batch_size=BATCH,
    validation_data=(x_train[watching], y_train[watching]),
    verbose=0,
    callbacks=[training.ProgressTable()],
)
plots.history(history, metrics=("loss", "accuracy"))

# %%
# One pass over the pictures is enough to leave the dense network behind; the third adds little.
# The training curve starts below the other because it is an average over the epoch, and the network is much worse at its beginning.
#
# Judge
# -----
# The test set, once.

probability = network.predict(x_test, batch_size=500, verbose=0)
answer = probability.argmax(axis=1)
wrong = np.flatnonzero(answer != y_test)
test_accuracy = 1 - len(wrong) / len(y_test)
dense_accuracy = 1 - len(dense_wrong) / len(y_test)
both = np.intersect1d(wrong, dense_wrong).size
print(f"dense          {dense_accuracy:.4f}, {len(dense_wrong)} misread")
print(f"convolutional  {test_accuracy:.4f}, {len(wrong)} misread")
print(f"misread by both: {both}")

# %%
# More than 99 digits in a hundred are right, and at least half of the dense network's mistakes are gone.
#
# Every mistake
# -------------
# So few are left that we can look at all of them.

order = wrong[np.argsort(-probability[wrong, answer[wrong]])]
columns = 12
lines = int(np.ceil(len(order) / columns))
fig, ax = plt.subplots(figsize=(6.4, 0.1 + 0.66 * lines))
for place, index in enumerate(order):
    down, right = divmod(place, columns)
    extent = (right * 34, right * 34 + 28, down * 42 + 28, down * 42)
    ax.imshow(x_test[index, ..., 0], cmap="gray_r", extent=extent)
    text = f"{y_test[index]} as {answer[index]}"
    ax.text(right * 34 + 14, down * 42 + 36, text, ha="center", fontsize=7)
ax.set(xlim=(-2, 34 * columns), ylim=(42 * lines, -3), aspect="equal")
ax.set_title("All misread test digits, the boldest first")
ax.set_axis_off()
fig.set_label(
    "All test digits that the network misreads, with what each is and what "
    "it was read as. Many are smudged, cut off or written like another digit."
)

# %%
# Below each stands what its author meant and what the network read. For some of them one would like to ask the author.
# Others are plain, and the network ought to have known better.
#
# Which figures are taken for which?

matrix = np.zeros((10, 10), dtype=int)
np.add.at(matrix, (y_test[wrong], answer[wrong]), 1)
pairs = np.argsort(-(matrix + matrix.T).ravel(), kind="stable")
shown = [divmod(int(p), 10) for p in pairs if p // 10 < p % 10][:5]
for one, other in shown:
    print(f"{one} and {other}: {matrix[one, other] + matrix[other, one]}")

# %%
# One thing varied: the order of the pixels
# -----------------------------------------
# We scramble the pixels once more, in the same way in all pictures.
# A dense layer does not mind. A window of nine pixels now looks at nine pixels that have nothing to do with each other.
# Both networks learn from a tenth of the pictures, in order and scrambled.

mixed = np.random.default_rng(SEED).permutation(784)


def scrambled(pictures):
    """Return pictures with their pixels in another order."""
    rows = pictures.reshape(len(pictures), 784)[:, mixed]
    return rows.reshape(pictures.shape)


def few_accuracy(build, change, epochs=5):
    """Train on few pictures and return the accuracy on the test set."""
    keras.utils.set_random_seed(SEED)
    model = compiled(build(), FEW, epochs)
    model.fit(
        change(x_train[:FEW]),
        y_train[:FEW],
        epochs=epochs,
        batch_size=BATCH,
        verbose=0,
    )
    return model.evaluate(change(x_test), y_test, batch_size=500, verbose=0)[
        1
    ]


# %%

few = {
    f"{name}, {order}": few_accuracy(build, change)
    for name, build in (("dense", build_dense), ("conv", build_network))
    for order, change in (("in order", np.asarray), ("scrambled", scrambled))
}
plots.bars(
    [1 - accuracy for accuracy in few.values()],
    list(few),
    xlabel="Share of test digits misread",
    title="Six thousand pictures, pixels in order and scrambled",
    fmt=".3f",
)

# %%
# In order, the convolutional network makes less than half as many mistakes as the dense one.
# Scrambled, the dense network does as before, and the convolutional one does worse than both:
# what it believes about pictures is not true of these, and believing it costs more than believing nothing.
#
# What to take away
# -----------------
# Three convolutions, two poolings and a few seconds of training read more than 99 digits in a hundred, with a seventh of the dense network's weights.
# What makes the difference is a belief, built into the layers: neighbours belong together, and a pattern is the same pattern everywhere.
# A belief helps where it is true. On scrambled pixels it does harm.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

curves = history.history
measured = {
    "test_accuracy": test_accuracy,
    "dense_test_accuracy": dense_accuracy,
    "misread": len(wrong),
    "dense_misread": len(dense_wrong),
    "misread_by_both": both,
    "first_epoch_accuracy": curves["val_accuracy"][0],
    "few_dense": few["dense, in order"],
    "few_conv": few["conv, in order"],
    "few_dense_scrambled": few["dense, scrambled"],
    "few_conv_scrambled": few["conv, scrambled"],
}
for name, value in measured.items():
    print(f"{name:22} {value:.4g}")

# (All ranges are those of five seeds.)
# More than 99 in a hundred are right (.991 to .992), about 98 by the dense
# network, and at least half of its mistakes are gone.
assert test_accuracy > 0.99
assert 0.97 < dense_accuracy < 0.985
assert len(wrong) < 0.55 * len(dense_wrong)
# It has a seventh of the weights.
assert 6 < dense.count_params() / network.count_params() < 8
# One pass leaves the dense network behind (.985 to .989).
assert measured["first_epoch_accuracy"] > dense_accuracy + 0.002
assert curves["val_accuracy"][-1] - curves["val_accuracy"][-2] < 0.004
assert curves["accuracy"][0] < curves["val_accuracy"][0]
# In order, it makes less than half of the dense network's mistakes (.026 against
# .072); scrambled, the dense one does as before and it does worst (.081 to .090).
assert 1 - measured["few_conv"] < 0.55 * (1 - measured["few_dense"])
scrambled_gap = measured["few_dense"] - measured["few_dense_scrambled"]
assert abs(scrambled_gap) < 0.012
assert (
    measured["few_conv_scrambled"] < measured["few_dense_scrambled"] - 0.004
)

# %%
# Try it
# ------
# 1. Give the network eight filters in every convolution. Prediction: it still reads more than 98 in a hundred, with a tenth of the weights.
# 2. Scramble only within squares of four by four pixels. Prediction: the network loses some of its lead over the dense one, but not all,
#    since the squares are still in their places.

# sphinx_gallery_topics = ["5.1"]
# sphinx_gallery_keywords = ["images", "convolutional network", "multi-class classification"]
# sphinx_gallery_budget = {"cpu_seconds": 90, "because": "three passes over all 55,000 pictures, to reach the level that full training is known for"}
# sphinx_gallery_references = {"test_accuracy": {"value": 0.9905, "source": "LeCun et al. (1998), LeNet-5 without distortions"}}
# sphinx_gallery_thumbnail_number = 2
