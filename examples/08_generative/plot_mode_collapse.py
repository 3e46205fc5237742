"""
When one kind is enough: mode collapse, provoked and recognised
===============================================================

A generator is asked to be believed. Nobody asks it for variety.
If one kind of picture is believed, the cheapest is to make it again and again, and this is called *mode collapse*.

What stands against it is the discriminator. It learns quickly that pictures of a kind which comes too often have been made, and stops believing in them.
So what happens if it does not learn?

On this page we train a pair on handwritten digits. Then we copy it: one copy plays on, and in the other the discriminator's learning rate is set to zero.
We watch what the losses say, what the pictures say, and which measures notice.
At last we let the discriminator learn again, and see whether the variety comes back.

It assumes the page on the forger and the expert; the section on adversarial networks in the eighth chapter explains the rest.
"""

# %%
# Setup
# -----
# The pair is that of the page on the forger and the expert, trained for half as long: it has to make digits of all kinds, not perfect ones.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, generative, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

PICTURES = 10_000  # to learn from
LATENT = 32
FILTERS = (16, 32)
RATE, BETA_1 = 2e-3, 0.5
BATCH = 64
EPOCHS = 6  # of ordinary training
ROUND = 16  # steps from one measurement to the next
APART = 12  # rounds in which one discriminator stands still
AFTER = 10  # rounds in which it learns again
JUDGED = 1_000  # pictures in a measure

# %%
# Look at the data
# ----------------

(x_train, y_train), (x_test, y_test) = datasets.digits()
digits = x_train[:PICTURES, ..., None]
new = x_test[:JUDGED, ..., None]
print(f"to learn from {digits.shape}, to compare with {new.shape}")

# %%
datasets.card("digits")

# %%
# A reader to judge by
# --------------------
# It has learned to read other digits than those which the pair will see. Before it answers it has 64 numbers for a picture, its features.

rest = slice(PICTURES, PICTURES + 10_000)
reader = keras.Sequential(
    [
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
        keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(64, activation="relu", name="features"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
reader.compile(
    "adam", loss="sparse_categorical_crossentropy", steps_per_execution=20
)
reader.fit(x_train[rest, ..., None], y_train[rest], 64, epochs=3, verbose=0)
eyes = keras.Model(
    reader.inputs, [reader.get_layer("features").output, *reader.outputs]
)


def read(pictures):
    """Return the features of pictures, and the probabilities of digits."""
    return eyes.predict(pictures, batch_size=500, verbose=0)


# %%
# Four measures
# -------------
# *Confidence* is the mean of the reader's highest probability. It looks at the pictures one by one.
#
# *Evenness* is the entropy of the digits that it reads, divided by its largest value, log 10: 1 if all ten are as frequent, 0 if there is only one.
#
# *Likeness* needs no reader. It is the mean correlation of two pictures of the set, pixel by pixel: 1 if all are the same.
#
# The *distance* is that of Fréchet between the features and those of real digits, divided by the spread of the real ones. A single picture, always the same, has a distance of about 1 or more.


def frechet(first, second):
    """Return the Fréchet distance, in spreads of the second cloud."""
    shift = first.mean(axis=0) - second.mean(axis=0)
    one, two = (np.cov(cloud, rowvar=False) for cloud in (first, second))
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    both = np.linalg.eigvalsh(root @ two @ root).clip(0)
    both = np.trace(one) + np.trace(two) - 2 * np.sqrt(both).sum()
    return (shift @ shift + both) / np.trace(two)


reference = read(new)[0]


def measure(pictures):
    """Return confidence, evenness, likeness and distance of a set."""
    features, answers = read(pictures)
    count = len(pictures)
    shares = np.bincount(answers.argmax(axis=1), minlength=10) / count
    evenness = -(shares * np.log(shares.clip(1e-9))).sum() / np.log(10)
    rows = pictures.reshape(count, -1).astype("float64")
    rows -= rows.mean(axis=1, keepdims=True)
    total = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).sum(axis=0)
    likeness = (total @ total - count) / (count * (count - 1))
    sure = answers.max(axis=1).mean()
    return sure, evenness, likeness, frechet(features, reference)


# %%
# What must be reached, and what is a collapse?
# ---------------------------------------------
# Real digits set the marks: all kinds of them, and sevens alone, which is what a perfect forger of sevens would make.

MEASURES = ("confidence", "evenness", "likeness", "distance")
marks = {
    "real digits": measure(x_test[JUDGED : 2 * JUDGED, ..., None]),
    "real sevens": measure(x_test[y_test == 7][:JUDGED, ..., None]),
}


def show(rows):
    """Print rows of measures as a table."""
    print(f"{'':14}", *(f"{name:>11}" for name in MEASURES))
    for name, row in rows.items():
        print(f"{name:14}", *(f"{value:11.3f}" for value in row))


show(marks)

# %%
# The confidence is as high for the sevens. All the other measures see that there is only one kind.
#
# Train
# -----


def build_pair(discriminator_rate):
    """Return an adversarial pair; its generator learns at RATE."""
    pair = generative.GenerativeAdversarialNetwork(
        (28, 28, 1), LATENT, FILTERS, seed=SEED
    )
    pair.compile(
        keras.optimizers.Adam(RATE, beta_1=BETA_1),
        keras.optimizers.Adam(discriminator_rate, beta_1=BETA_1),
    )
    return pair


trained = build_pair(RATE)
trained.fit(digits, batch_size=BATCH, epochs=EPOCHS, verbose=0)
points = rng.standard_normal((JUDGED, LATENT)).astype("float32")
albums = {"before": trained.generate(points)}
before = measure(albums["before"])
show({"made digits": before})

# %%
# Two copies
# ----------
# Both get all weights of the trained pair, and the same real digits from now on.
# A round is 16 steps. After each we ask for the generator's loss and make pictures of the same points.


def play(pair, rounds, random):
    """Go on training; return loss and measures after each round."""
    seen = []
    for _ in range(rounds):
        batch = digits[random.integers(PICTURES, size=ROUND * BATCH)]
        told = pair.fit(batch, batch_size=BATCH, verbose=0).history
        made = pair.generate(points)
        seen.append((told["generator_loss"][0], *measure(made)))
    return np.array(seen).T, made


pairs = {"learns": build_pair(RATE), "stands still": build_pair(0.0)}
paths = {}
for name, pair in pairs.items():
    pair.set_weights(trained.get_weights())
    random = np.random.default_rng(SEED + 1)
    paths[name], albums[name] = play(pair, APART, random)

# %%

rows = list(albums.items())
fig, axes = plt.subplots(3, 1, figsize=(6.4, 5.6))
for ax, (name, made) in zip(axes, rows, strict=True):
    sheet = made[:36, ..., 0].reshape(3, 12, 28, 28).swapaxes(1, 2)
    ax.imshow(sheet.reshape(84, 336), cmap="gray", vmin=0, vmax=255)
    ax.set_axis_off()
    title = name if name == "before" else f"the discriminator {name}"
    ax.set_title(title.capitalize(), fontsize=11)
fig.suptitle("The same noise, before and after")
fig.set_label(
    "Three sheets of 36 made pictures. Before, and where the discriminator "
    "has gone on learning, they are digits of many kinds. Where it has "
    "stood still they are bars and stripes, the same texture everywhere."
)

# %%
# Where both go on, nothing happens. The digits change a little, as they do all the time.
# Against the discriminator that stands still, digits are gone. What it likes best, it turns out, is no digit at all but a coarse texture, and the generator makes it of nearly any noise.
# It has not sat down on one digit, as one often reads about mode collapse, but on one thing all the same.
#
# What notices?
# -------------

panels = ("generator loss", *MEASURES)
units = ("nats", "mean probability", "1: ten as frequent", "correlation")
fig, axes = plt.subplots(2, 3, figsize=(6.4, 4.8), sharex=True)
steps = ROUND * np.arange(1, APART + 1)
for name, mark in (("learns", "o"), ("stands still", "s")):
    for ax, values in zip(axes.flat, paths[name], strict=False):
        ax.plot(steps, values, marker=mark, ms=3, label=name)
for ax, title, unit in zip(
    axes.flat, panels, (*units, "spreads of real digits"), strict=False
):
    ax.set_title(title.capitalize(), fontsize=11)
    ax.set_ylabel(unit.capitalize(), fontsize=9)
    ax.set_ylim(0, None)
for ax in axes.flat[1:4]:
    ax.set_ylim(0, 1.05)
axes[1, 2].set_axis_off()
handles = axes[0, 0].get_legend_handles_labels()
axes[1, 2].legend(*handles, title="Discriminator", loc="center")
fig.supxlabel("Steps", fontsize=11)
fig.set_label(
    "Five panels over the steps, with a curve for the discriminator that "
    "learns and one for that which stands still. Against the second the "
    "generator's loss falls to nearly 0 and the distance grows to several "
    "times that of the first; evenness, likeness and confidence say less. "
    "Against the first nothing changes much."
)

# %%
# The loss of the generator falls to almost nothing, and in any other training this would be the moment to rejoice.
# Here it only says that the discriminator believes everything.
#
# The reader's confidence is not much help. It has never seen such a texture and has to call it some digit, and with some seeds it does so as firmly as with the other copy.
# The distance notices every time: it is clearly larger.
# Mostly fewer kinds are read as well, and two pictures are more alike, often more than two real sevens. But either of these two can miss it, for with some seeds a texture is still read as all ten digits, and with others it varies enough from picture to picture.
#
# Does it come back?
# ------------------
# The discriminator gets its learning rate back, and both go on together.

pair = pairs["stands still"]
pair.discriminator_optimizer.learning_rate = RATE
random = np.random.default_rng(SEED + 2)
paths["learns again"], albums["learns again"] = play(pair, AFTER, random)

# %%

fig, axes = plt.subplots(1, 3, figsize=(6.4, 3))
joined = np.hstack([paths["stands still"], paths["learns again"]])
steps = ROUND * np.arange(1, APART + AFTER + 1)
for ax, row, unit in zip(
    axes, (0, 3, 4), ("Nats", "Correlation", "Spreads"), strict=True
):
    ax.plot(steps, joined[row], "s-", ms=3, color="C1")
    ax.axvline(ROUND * (APART + 0.5), color="C3", ls="--")
    ax.set_title(panels[row].capitalize(), fontsize=11)
    ax.set(xlabel="Steps", ylabel=unit, ylim=(0, None))
    ax.set_xticks([0, 150, 300])
fig.set_label(
    "Three panels over the steps with a line where the discriminator begins "
    "to learn again. There the generator's loss leaps up from nearly 0; "
    "likeness and distance come down again."
)
plots.image_grid(
    albums["learns again"][:36, ..., 0] / 255,
    title="After the discriminator has learned again",
    columns=12,
    alt="Three rows of twelve made pictures. The texture is gone, and strokes "
    "and digits of many kinds are back, some of them clumsy.",
)

# %%
# The discriminator sees through the trick within a round, and the generator's loss leaps up. A loss that leaps up is good news here.
# Within some dozens of steps the texture has gone and the variety is back, nearly to where it was. The pair has not been damaged for good.
#
# What to take away
# -----------------
# Variety is the work of a discriminator that answers. Take its learning away, and the generator runs to whatever it likes best and stays there.
# The generator's loss is lowest where its pictures are worst, and one measure alone may miss it; take one that looks at the whole set, and look at the pictures.
# Here the variety comes back when the discriminator learns again.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors. Of each path the last three rounds count.

ends = {name: path[:, -3:].mean(axis=1) for name, path in paths.items()}
show({"before": before, **{name: row[1:] for name, row in ends.items()}})
learns, still, again = ends.values()
measured = {
    "loss_learns": learns[0],
    "loss_still": still[0],
    "loss_leap": paths["learns again"][0, 0],
    "loss_again": again[0],
    "sevens_likeness": marks["real sevens"][2],
    "sevens_distance": marks["real sevens"][3],
    **{
        f"{name}_{when}": row[place]
        for place, name in enumerate(MEASURES)
        for when, row in {
            "real": marks["real digits"],
            "before": before,
            "learns": learns[1:],
            "still": still[1:],
            "again": again[1:],
        }.items()
    },
}
for name, value in measured.items():
    print(f"{name:18} {value:.4g}")

# %%

# (Ranges are those of five seeds, each with two kinds of kernels.)
# Sevens alone: the confidence does not see it, the others do (likeness .45 against
# .29, distance 1.0 to 1.2 against .008 to .009).
assert abs(marks["real sevens"][0] - marks["real digits"][0]) < 0.07
assert marks["real sevens"][1] < 0.35
assert marks["real sevens"][2] > marks["real digits"][2] + 0.08
assert marks["real sevens"][3] > 10 * marks["real digits"][3]
# While both learn, nothing much happens (loss 1.0 to 1.2, evenness .94 to .98,
# likeness .31 to .33, distance .09 to .12; before .08 to .12).
assert learns[0] > 0.7
assert learns[2] > 0.88
assert learns[3] < 0.42
assert learns[4] < 1.6 * before[3]
# Against a discriminator that stands still the loss vanishes, the distance is
# 2.4 to 8.4 times as large, and kinds or pictures, or both, are more alike (loss
# .001 to .01, distance .24 to .73, evenness .46 to .96, likeness .39 to .69,
# confidence .63 to .79).
assert still[0] < 0.25
assert still[1] > 0.4
assert still[4] > 1.4 * learns[4]
assert max(learns[2] - still[2], still[3] - learns[3]) > 0.06
# When it learns again, the loss leaps up (.98 to 2.0) and the variety comes back
# (evenness .94 to .97, likeness .30 to .37, distance .10 to .14).
assert paths["learns again"][0, 0] > still[0] + 0.4
assert again[2] > before[1] - 0.12
assert again[3] < still[3] + 0.05
assert again[3] < 0.45
assert again[4] < 0.7 * still[4]

# %%
# Try it
# ------
# 1. Let the discriminator learn a little: ``build_pair(RATE / 10)`` instead of ``build_pair(0.0)``. Prediction: the generator's loss falls a bit, the evenness hardly, and the distance stays below twice that of the other copy.
# 2. With ``build_pair(RATE / 20)``, prediction: now the evenness falls too, by how much depends on the seed.

# sphinx_gallery_topics = ["8.5"]
# sphinx_gallery_keywords = ["images", "generative adversarial network", "mode collapse", "evaluation"]
# sphinx_gallery_budget = {"cpu_seconds": 120, "because": "a pair is trained, and its two copies play on and are measured after every sixteen steps"}
# sphinx_gallery_thumbnail_number = 1
