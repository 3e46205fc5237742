"""
Two numbers for a digit: a map that one can draw from
=====================================================

An autoencoder squeezes a picture through a few numbers and makes a picture of them again. So could one not choose the numbers oneself, and get a digit that nobody has written?
One could, if one knew which numbers. A plain autoencoder puts its codes wherever it likes.

A *variational* autoencoder is told where to put them. It is trained with a second loss, which asks that the codes of all pictures together look like a cloud around the origin, and it answers with a small cloud for each picture instead of a point.
On this page we train both kinds on handwritten digits, with the same layers and two numbers each, so that the maps can be looked at. Then we draw from them.

It assumes the pages on the autoencoder in the fourth chapter; the section on variational autoencoders in the eighth explains the rest.
"""

# %%
# Setup
# -----
# One dense layer on either side of the two numbers is enough, and cheap.

import keras
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from dlguide import datasets, models, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

PICTURES, JUDGED = 8_000, 1_000
UNITS, LATENT = 256, 2
EPOCHS = 8
BATCH = 64

# %%
# Look at the data
# ----------------

(x_train, y_train), (x_test, y_test) = datasets.digits()
digits = x_train[:PICTURES, ..., None].astype("float32")
new, labels = x_test[:JUDGED, ..., None].astype("float32"), y_test[:JUDGED]
print(f"to learn from {digits.shape}, to judge by {new.shape}, 0 to 255")

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# The loss of a restored picture is the binary cross-entropy of its pixels, summed: how surprised somebody is by the true pixels who believes the restored ones.
# Without any code at all, the best that one can believe is the average digit.


def surprise(pictures, restored):
    """Return the cross-entropy of each picture (nats)."""
    true = pictures / 255
    told = keras.ops.clip(restored / 255, 1e-6, 1 - 1e-6)
    nats = true * keras.ops.log(told) + (1 - true) * keras.ops.log(1 - told)
    return -keras.ops.sum(nats, axis=(1, 2, 3))


average = digits.mean(axis=0, keepdims=True)
average_surprise = float(np.mean(surprise(new, average)))
print(f"average digit: {average_surprise:.0f} nats")

# %%
# The model
# ---------
# The encoder has two answers, each of two numbers: the mean of a picture's cloud, and the logarithm of its variance, which may be any number.


def build_encoder():
    """Return the way from a picture to its cloud."""
    pictures = keras.Input((28, 28, 1))
    x = keras.layers.Rescaling(1 / 255)(pictures)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(UNITS, activation="relu")(x)
    mean = keras.layers.Dense(LATENT)(x)
    log_variance = keras.layers.Dense(LATENT)(x)
    return keras.Model(pictures, [mean, log_variance])


def build_decoder():
    """Return the way from a point to a picture."""
    points = keras.Input((LATENT,))
    x = keras.layers.Dense(UNITS, activation="relu")(points)
    x = keras.layers.Dense(28 * 28, activation="sigmoid")(x)
    x = keras.layers.Reshape((28, 28, 1))(x)
    return keras.Model(points, keras.layers.Rescaling(255.0)(x))


# %%
# Between the two stands a layer that draws a point from the cloud: the mean, plus the deviation times a random number.
# Written like this, the randomness comes in from the side, and the gradient finds its way back through the mean and the deviation.
# The layer also adds the second loss, the *divergence* of the cloud from the standard normal one, which costs something for every cloud that is far from the origin, too small or too large.


class Cloud(keras.layers.Layer):
    """Draw a point from each cloud; ask the clouds to lie around 0."""

    def __init__(self):
        super().__init__()
        self.noise = keras.random.SeedGenerator(SEED)
        self.divergence = keras.metrics.Mean(name="divergence")

    def call(self, cloud):
        mean, log_variance = cloud
        variance = keras.ops.exp(log_variance)
        each = mean**2 + variance - log_variance - 1
        divergence = keras.ops.mean(keras.ops.sum(each, axis=-1) / 2)
        self.add_loss(divergence)
        self.divergence.update_state(divergence)
        shape = keras.ops.shape(mean)
        noise = keras.random.normal(shape, seed=self.noise)
        return mean + keras.ops.sqrt(variance) * noise


# %%
# Train
# -----
# The plain autoencoder has the same encoder and decoder, decodes the mean, and knows nothing of clouds.

encoders, decoders, histories = {}, {}, {}
for name in ("plain", "variational"):
    keras.utils.set_random_seed(SEED)
    encoder, decoder = build_encoder(), build_decoder()
    code = encoder.output[0] if name == "plain" else Cloud()(encoder.output)
    autoencoder = keras.Model(encoder.input, decoder(code))
    autoencoder.compile(
        keras.optimizers.Adam(2e-3),
        loss=surprise,
        metrics=[surprise],
        steps_per_execution=20,
    )
    histories[name] = autoencoder.fit(
        digits,
        digits,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(new, new),
        verbose=0,
    ).history
    encoders[name], decoders[name] = encoder, decoder

# %%

fig, axes = plt.subplots(1, 2, figsize=(6.4, 3))
epochs = np.arange(1, EPOCHS + 1)
for (name, history), mark in zip(histories.items(), "os", strict=True):
    restoring = history["val_surprise"]
    axes[0].plot(epochs, restoring, marker=mark, ms=4, label=name)
divergence = histories["variational"]["val_divergence"]
axes[1].plot(epochs, divergence, marker="s", ms=4, color="C1")
axes[0].set(title="Reconstruction", xlabel="Epoch", ylabel="Loss (nats)")
axes[1].set(title="Divergence", xlabel="Epoch", ylabel="Loss (nats)")
axes[0].legend()
fig.set_label(
    "Left: the reconstruction loss of new digits over the epochs falls for "
    "both autoencoders, and the variational one stays above the plain one. "
    "Right: its divergence, a few nats, small beside the reconstruction."
)

# %%
# The variational autoencoder restores a little worse. It has to: a point drawn from a cloud is a little off.
# The divergence is small beside the reconstruction, and yet it has decided where everything lies. What it measures is how much a code says about its picture: a few nats, no more.
#
# Judge
# -----


def encode(name, pictures):
    """Return the means and the deviations of the clouds."""
    mean, log_variance = encoders[name].predict(
        pictures, batch_size=500, verbose=0
    )
    return mean, np.exp(log_variance / 2)


def decode(name, points):
    """Return the pictures of points."""
    return decoders[name].predict(
        points.astype("float32"), batch_size=500, verbose=0
    )


codes = {name: encode(name, new)[0] for name in encoders}
restored = {name: decode(name, code) for name, code in codes.items()}
chosen = [int(np.flatnonzero(labels == digit)[0]) for digit in range(10)]
plots.image_grid(
    np.concatenate([new[chosen], *(r[chosen] for r in restored.values())])[
        ..., 0
    ]
    / 255,
    title="New digits: written, plain, variational",
    columns=10,
    alt="Three rows of ten digits: as written; restored by the plain "
    "autoencoder; restored by the variational one. Both are smooth, and some "
    "digits have turned into another one.",
)

# %%
# Two numbers cannot hold a digit. What comes back is a smooth version of the kind of digit it was, in both cases, and sometimes of another kind.
#
# Two maps
# --------

fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.4))
shades = plt.get_cmap("viridis")
for ax, (name, code) in zip(axes, codes.items(), strict=True):
    for digit in range(10):
        ax.plot(
            *code[:1000][labels[:1000] == digit].T,
            marker=f"${digit}$",
            ls="",
            ms=4.5,
            mew=0.3,
            color=shades(digit / 11),
        )
    ax.set(title=name.capitalize(), xlabel="First number")
    ax.set_aspect("equal", "datalim")
axes[0].set_ylabel("Second number")
fig.suptitle("Where the digits lie")
fig.set_label(
    "Two maps with a small figure for each of a thousand digits. On both, "
    "equal digits lie together. The plain map stretches over tens of units; "
    "the variational one stays within a few units of the origin."
)

# %%
# The figures have sorted themselves on both maps, without a label. But look at the axes.
# The plain map stretches as far as it likes, in rays with nothing between them, and the next training would draw quite another one.
# The variational map is what was ordered, or nearly: centred, about as wide as a standard normal distribution, and filled.
#
# Draw new digits
# ---------------
# Who wants a new digit from the variational autoencoder draws two standard normal numbers and decodes them. On the plain map the same numbers are one spot among others.
# To be fair to it, we also draw from the normal distribution that fits its codes best.

random = np.random.default_rng(SEED)
dice = random.normal(size=(1000, LATENT))
plain = codes["plain"]
bent = np.linalg.cholesky(np.cov(plain.T))
drawn = {
    "variational, standard normal": decode("variational", dice),
    "plain, standard normal": decode("plain", dice),
    "plain, fitted normal": decode(
        "plain", plain.mean(axis=0) + dice @ bent.T
    ),
}
plots.image_grid(
    np.concatenate([pictures[:12, ..., 0] for pictures in drawn.values()])
    / 255,
    title="Drawn: variational, plain, and plain with a fitted normal",
    columns=12,
    alt="Three rows of twelve blurred digits: drawn from the variational "
    "autoencoder, from the plain one with the same numbers, and from the "
    "plain one with a fitted normal distribution.",
)
covered = {
    name: np.mean(np.linalg.norm(code, axis=1) < 4)
    for name, code in codes.items()
}
for name, share in covered.items():
    print(f"{name:11} {share:.0%} of the codes within 4 of the origin")

# %%
# With two numbers one can look at the map, see where the codes are, and draw from there, so the plain autoencoder is not lost.
# But one has to look, and with twenty numbers nobody can. The variational map needs no looking: the origin and a radius of 4 are all that there is to know about it.
#
# The whole map at once
# ---------------------
# We lay a grid over the variational map, closer where more codes are, and decode every point.

SIDE = 16
ruler = norm.ppf(np.linspace(0.01, 0.99, SIDE))
across, down = np.meshgrid(ruler, ruler[::-1])
sheet = decode("variational", np.stack([across, down], -1).reshape(-1, 2))
sheet = sheet.reshape(SIDE, SIDE, 28, 28).swapaxes(1, 2)
fig, ax = plt.subplots(figsize=(6.4, 6.4))
ax.imshow(sheet.reshape(28 * SIDE, 28 * SIDE), cmap="gray")
ax.set_xticks(28 * np.arange(0, SIDE, 3) + 14, ruler[::3].round(1))
ax.set_yticks(28 * np.arange(0, SIDE, 3) + 14, ruler[::-1][::3].round(1))
ax.grid(visible=False)
ax.set(title="Every point of the map is a picture")
ax.set(xlabel="First number", ylabel="Second number")
fig.set_label(
    "A sheet of 16 by 16 digits, decoded from a grid of points. Neighbours "
    "resemble each other, and from one side to the other the digits change "
    "into one another without a break."
)

# %%
# Everywhere there is something, and nothing changes suddenly. Between two kinds of digits lie pictures that are a little of both.
#
# Between the codes and outside
# -----------------------------
# Are those pictures digits? We train a small network to tell the ten figures apart and ask how sure it is.
# It judges restored digits, points half way between the codes of two digits of different kinds, and points three times as far from the middle as a code.

keras.utils.set_random_seed(SEED)
judge = models.dense_classifier(784, 10, hidden=(128,))
judge.compile(
    "adam", loss="sparse_categorical_crossentropy", steps_per_execution=20
)
labelled = digits.reshape(-1, 784) / 255
judge.fit(labelled, y_train[:PICTURES], batch_size=64, epochs=4, verbose=0)


def judged(pictures):
    """Return the judge's answers."""
    rows = pictures.reshape(-1, 784) / 255
    return judge.predict(rows, batch_size=500, verbose=0)


def sure(pictures):
    """Return the mean of the judge's highest probability."""
    return judged(pictures).max(axis=1).mean()


# %%

one, other = random.integers(0, JUDGED, (2, 2000))
pairs = np.stack([one, other])[:, labels[one] != labels[other]][:, :1000]
right = np.mean(judged(new).argmax(axis=1) == labels)
print(f"the judge is right for {right:.0%} of the new digits")
print(f"{'how sure of':13}written  restored  between  outside")
sureness = {}
for name, code in codes.items():
    middle = code.mean(axis=0)
    sureness[name] = [
        sure(new),
        sure(restored[name]),
        sure(decode(name, code[pairs].mean(axis=0))),
        sure(decode(name, middle + 3 * (code[:1000] - middle))),
    ]
    print(f"{name:11}" + "".join(f"{value:9.2f}" for value in sureness[name]))

# %%
# Between two kinds of digits the judge is less sure than of restored ones, on both maps: such a picture is a bit of both, and whether one calls it a digit is a matter of taste.
# It is no proof of quality when a network is sure, though. Far outside, where no code has ever been, the decoders still draw something bold, and the judge does not find it strange.
# It never learned to say that it does not know. So the safe way is to stay where codes are, and only on the variational map does one know in advance where that is.
#
# What to take away
# -----------------
# Drawing from a cloud and the divergence together make a map without gaps and with a known address: standard normal numbers.
# The price is a slightly worse restoration, and the divergence says in nats how much a code may tell.
# With two numbers both kinds of autoencoders blur; what a digit looks like in detail does not fit into them.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

last = {
    name: history["val_surprise"][-1] for name, history in histories.items()
}
size = {
    name: np.abs(code.mean(axis=0)).max() + code.std(axis=0).max()
    for name, code in codes.items()
}
measured = {
    "average_surprise": average_surprise,
    **{f"{name}_surprise": value for name, value in last.items()},
    "divergence": divergence[-1],
    **{f"{name}_within_4": value for name, value in covered.items()},
    **{f"{name}_size": value for name, value in size.items()},
    "variational_deviation": codes["variational"].std(axis=0).mean(),
    "judge_accuracy": right,
    "sure_written": sureness["plain"][0],
}
for name, row in sureness.items():
    for where, value in zip(
        ("restored", "between", "outside"), row[1:], strict=True
    ):
        measured[f"{name}_{where}"] = value
for name, value in measured.items():
    print(f"{name:22} {value:.4g}")

# %%

# (Ranges are those of five seeds.)
# Both beat the average digit (201) by far, and the plain one restores better:
# 155 to 158 nats, 160 to 163.
assert last["variational"] < 0.9 * average_surprise
assert last["plain"] < last["variational"]
# The divergence is a few nats (4.3 to 5.0), small beside the reconstruction.
assert 3 < divergence[-1] < 9
assert divergence[-1] < 0.1 * last["variational"]
# The variational map is about as wide as a standard normal, and within 4 of
# the origin (.98 to 1.00 of the codes, a deviation of 1.1 to 1.3); the plain one
# stretches further (.39 to .48 of the codes).
assert 0.7 < measured["variational_deviation"] < 1.7
assert covered["variational"] > 0.88
assert covered["plain"] < 0.85
assert covered["plain"] < covered["variational"]
assert size["plain"] > 2 * size["variational"]
# The judge reads new digits (.91 to .92), is less sure of restored ones (.90;
# .70 to .78 plainly, .70 to .73), and less still between two kinds (.65 to .69,
# .59 to .64), and is not warned by being far outside (.82 to .95, .83 to .88).
assert right > 0.85
for written, again, between, outside in sureness.values():
    assert written > again > between
    assert outside > between

# %%
# Try it
# ------
# 1. Set ``LATENT = 8`` and leave out the maps. Prediction: both restore much better, and of what is drawn from standard normal numbers only the variational autoencoder's are digits.
# 2. Divide the divergence by ten in ``add_loss``. Prediction: a wider map with more room between the kinds, and better restored digits.

# sphinx_gallery_topics = ["8.4"]
# sphinx_gallery_keywords = ["images", "autoencoder", "latent space", "variational autoencoder"]
# sphinx_gallery_budget = {"cpu_seconds": 110, "because": "two autoencoders are trained side by side, and a judge"}
# sphinx_gallery_thumbnail_number = 5
