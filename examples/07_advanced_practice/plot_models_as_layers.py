"""
A model is a layer: reading digits in a film that counts
========================================================

A counter shows one digit at a time. Is it counting up, counting down, or jumping about?
Who can read digits has almost nothing left to learn. Who cannot has to find out what digits are from nothing but films and three words.

On this page a network learns to read single digits. Then we call it like a layer, on every frame of a film, and put a small recurrent layer on top.
We keep what it knows, let it learn on, carefully and carelessly, and start from nothing, and see what is left of its reading each time.

It assumes the pages on convolutional networks, on recurrent layers and on fine-tuning; the section on shared weights in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# There are many digits with a label and few films with one. That is the usual case: pictures are labelled more easily than films.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

DIGITS = 8_000  # labelled digits for the reader
FILMS = 500  # labelled films
FRAMES = 5
UNITS = 32  # of the recurrent layer
EPOCHS = 8
BATCH = 16
WAYS = ("up", "down", "jumping")

# %%
# Look at the data
# ----------------

(x_train, y_train), (x_test, y_test) = datasets.digits()
x_test, y_test = x_test[::2], y_test[::2]

# %%
datasets.card("digits")

# %%
# The digits are real, each written by a person. The films are constructed:
# five digits in a row, such as 8, 9, 0, 1, 2, each frame in another handwriting, in rising order, in falling order, or in some other order.
# So no frame gives the answer away, and no set of frames either. Only the order does.
# No digit of the reader occurs in a film, and the test films are made of test digits.


def make_films(pictures, labels, count):
    """Return films, the way each counts, and the digits in them."""
    rows = [np.flatnonzero(labels == digit) for digit in range(10)]
    way = np.arange(count) % len(WAYS)
    digits = np.empty((count, FRAMES), int)
    for film, start in enumerate(rng.integers(10, size=count)):
        order = np.arange(FRAMES)
        if WAYS[way[film]] == "down":
            order = order[::-1]
        if WAYS[way[film]] == "jumping":
            while (np.abs(np.diff(order)) == 1).all():  # still counting
                order = rng.permutation(FRAMES)
        digits[film] = (start + order) % 10
    chosen = [[rng.choice(rows[d]) for d in film] for film in digits]
    return pictures[np.array(chosen)], way, digits


films, way, _ = make_films(x_train[30_000:], y_train[30_000:], FILMS)
test_films, test_way, test_digits = make_films(x_test, y_test, 600)
print(f"films {films.shape}, test {test_films.shape}")

# %%

shown = test_films[:3]
plots.image_grid(
    255 - shown.reshape(-1, 28, 28),
    title="Three films, frame by frame",
    titles=[
        WAYS[test_way[film]] if frame == 0 else ""
        for film in range(3)
        for frame in range(FRAMES)
    ],
    columns=FRAMES,
    alt="Three films of five handwritten digits each, one film a row: one "
    "counts up, one counts down, one jumps about.",
)

# %%
# The reader
# ----------
# A small convolutional network for one picture at a time.


def build_reader():
    """Return a network that reads one digit."""
    picture = keras.Input((28, 28))
    x = keras.layers.Rescaling(1 / 255)(picture)
    x = keras.layers.Reshape((28, 28, 1))(x)
    for filters, window in ((16, 5), (32, 3)):
        x = keras.layers.Conv2D(
            filters, window, strides=2, activation="relu"
        )(x)
    x = keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(x))
    digit = keras.layers.Dense(10, activation="softmax")(x)
    return keras.Model(picture, digit, name="reader")


def trained(network, inputs, labels, epochs, rate):
    """Train a network, with steps that shrink to nothing."""
    steps = epochs * int(np.ceil(len(labels) / BATCH))
    decay = keras.optimizers.schedules.CosineDecay(rate, steps)
    network.compile(
        optimizer=keras.optimizers.Adam(decay),
        loss="sparse_categorical_crossentropy",
    )
    network.fit(inputs, labels, epochs=epochs, batch_size=BATCH, verbose=0)
    return network


def right(network, inputs, labels):
    """Return the share of right answers."""
    answers = network.predict(inputs, batch_size=300, verbose=0)
    return np.mean(answers.argmax(axis=1) == labels)


# %%

reader = trained(
    build_reader(), x_train[:DIGITS], y_train[:DIGITS], 2, rate=0.002
)
learned = reader.get_weights()
reading = {"reader": right(reader, x_test, y_test)}
print(f"digits read: {reading['reader']:.3f}")

# %%
# What must we beat?
# ------------------
# A guess is right in one film of three.
# Who knows what counting is needs no training on films: read the frames, and call it "up" if every digit is the one before plus one.
# The reader and this rule together, which forgives no misread frame:


def by_rule(digits):
    """Return the way that five digits in a row count."""
    steps = np.diff(digits, axis=1) % 10
    up, down = (steps == 1).all(axis=1), (steps == 9).all(axis=1)
    return np.where(up, 0, np.where(down, 1, 2))


frames = test_films.reshape(-1, 28, 28)
probabilities = reader.predict(frames, batch_size=300, verbose=0)
read = probabilities.argmax(axis=1).reshape(-1, FRAMES)
rule = np.mean(by_rule(read) == test_way)
true_rule = np.mean(by_rule(test_digits) == test_way)
print(f"the rule on the true digits {true_rule:.3f}")
print(f"the rule on what is read {rule:.3f}")

# %%
# The model as a layer
# --------------------
# ``TimeDistributed`` calls a layer on every step of a sequence, and a model is a layer.
# Five frames become five rows of ten probabilities, and the recurrent layer reads these.


def build_network(reader):
    """Return a network that watches a film through a reader."""
    film = keras.Input((FRAMES, 28, 28))
    x = keras.layers.TimeDistributed(reader)(film)  # (batch, frames, 10)
    x = keras.layers.GRU(UNITS)(x)
    return keras.Model(film, keras.layers.Dense(len(WAYS), "softmax")(x))


def fresh_reader(knows=True):
    """Return a reader with what was learned, or with nothing."""
    keras.utils.set_random_seed(SEED)
    one = build_reader()
    if knows:
        one.set_weights(learned)
    return one


eyes = eyes_tuned = fresh_reader()
kept = build_network(eyes)
for layer in kept.layers:
    shape = str(layer.output.shape[1:])
    print(f"{layer.name:18} {shape:12} {layer.count_params():7,} weights")
print(f"the reader alone {eyes.count_params():,}", end=", ")
print(f"five readers would have {5 * eyes.count_params():,}")

# %%
# Five frames, and the weights of one reader. Calling it by hand, frame by frame, gives the same rows.

by_layer = keras.Model(kept.input, kept.layers[1].output)(shown).numpy()
by_hand = np.stack([eyes(shown[:, t]) for t in range(FRAMES)], axis=1)
difference = np.abs(by_layer - by_hand).max()
print(f"largest difference {difference:.1g}")

# %%
# Train: four ways to use what is known
# -------------------------------------
# *Kept*: the reader's weights stay as they are, and only the recurrent layer learns.
#
# *Tuned*: then everything learns on together, with small steps.
#
# *Set free*: everything learns from the first step on, with the steps that the recurrent layer needs.
#
# *From nothing*: the same, but the reader has never read a digit. It gets the steps that suited it when it learned to read.

films_right, fitted = {}, {}
eyes.trainable = False
trained(kept, films, way, EPOCHS, rate=0.005)
films_right["kept"] = right(kept, test_films, test_way)
reading["kept"] = right(eyes, x_test, y_test)

eyes.trainable = True
trained(kept, films, way, 3, rate=0.0003)
films_right["tuned"] = right(kept, test_films, test_way)
reading["tuned"] = right(eyes, x_test, y_test)

# %%

for name, knows, rate in (
    ("set free", True, 0.005),
    ("from nothing", False, 0.002),
):
    eyes = fresh_reader(knows)
    network = trained(build_network(eyes), films, way, EPOCHS, rate)
    films_right[name] = right(network, test_films, test_way)
    reading[name] = right(eyes, x_test, y_test)
    fitted[name] = right(network, films, way)
    print(f"{name:13} right on its training films {fitted[name]:.3f}")

# %%
# Judge
# -----

print(f"{'':13} films right  digits read")
for name, value in films_right.items():
    print(f"{name:13} {value:11.3f}  {reading[name]:11.3f}")

fig, ax = plt.subplots(figsize=(6.4, 3.4))
for place, (label, shares) in enumerate(
    (("films told right", films_right), ("digits read", reading))
):
    bars = ax.bar(
        np.arange(4) + 0.38 * (place - 0.5),
        [shares[name] for name in films_right],
        width=0.35,
        hatch=("", "//")[place],
        label=label,
    )
    ax.bar_label(bars, fmt="%.2f", fontsize=9)
ax.axhline(1 / 3, color="C4", ls="--", lw=1.2, label="a guess, films")
ax.set(title="What becomes of what the reader knew", ylabel="Share right")
ax.set(xticks=range(4), xticklabels=list(films_right), ylim=(0, 1.3))
ax.legend(ncols=3, loc="upper left", fontsize=9)
fig.set_label(
    "Shares of films told right and of digits read, for four ways to use the "
    "reader. Kept and tuned, both are high. Set free, both are lower. "
    "From nothing, films are told about as well as by guessing."
)

# %%
# Kept, the reader gives the recurrent layer all it needs: it tells most films right, from a few hundred examples, about as well as the rule that we wrote by hand.
# Tuning it with small steps changes next to nothing, for better or worse; what was to be known about digits it knew already.
#
# Set free, the reader forgets. The recurrent layer knows nothing at first, what it asks for is at random, and large steps in that direction undo what thousands of digits had taught: with some seeds a part of it, with others all.
# From nothing, these few films teach nothing that holds for others: it tells test films about as well as a guess.
#
# The mistakes
# ------------
# Films that the network with the tuned reader gets wrong, and what the reader reads in them.

told = kept.predict(test_films, batch_size=300, verbose=0).argmax(axis=1)
wrong = np.flatnonzero(told != test_way)
frames = test_films[wrong].reshape(-1, 28, 28)
reads = eyes_tuned.predict(frames, batch_size=300, verbose=0).argmax(axis=1)
misread = reads.reshape(-1, FRAMES) != test_digits[wrong]
with_misread = misread.any(axis=1).mean()
print(f"{len(wrong)} films wrong; with a misread frame {with_misread:.2f}")

shown = wrong[:4]
for row, film in enumerate(shown, start=1):
    print(f"row {row}: {WAYS[test_way[film]]}, told as {WAYS[told[film]]}")
plots.image_grid(
    255 - test_films[shown].reshape(-1, 28, 28),
    title="Films told wrong, with what is read in each frame",
    titles=[str(digit) for digit in reads[: FRAMES * len(shown)]],
    columns=FRAMES,
    alt="Films that the network tells wrong, one a row, with the digit that "
    "the reader sees above each frame.",
)

# %%
# Where a frame is misread, the reader is to blame. Where all five are read rightly, it is the recurrent layer, which has met only a few hundred films.
#
# The last check: backwards
# -------------------------
# A film played backwards has the same frames. If the network counts, "up" becomes "down".

backwards = kept.predict(
    test_films[:, ::-1], batch_size=300, verbose=0
).argmax(axis=1)
up = told == WAYS.index("up")
turned = np.mean(backwards[up] == WAYS.index("down"))
print(f"films told as up that are told as down when reversed: {turned:.3f}")

# %%
# A head that only takes the mean over the frames could never do that; it does not know which came first.
#
# What to take away
# -----------------
# A model is a layer: called on every frame it reads all of them with one set of weights, and brings along what it has learned elsewhere.
# With few labels keep it as it is, and train what is new; then, if at all, let everything learn on with small steps.
# A trained model that is set free under an untrained head forgets.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "reader": reading["reader"],
    "rule": rule,
    "films_kept": films_right["kept"],
    "films_tuned": films_right["tuned"],
    "films_set_free": films_right["set free"],
    "films_from_nothing": films_right["from nothing"],
    "reads_kept": reading["kept"],
    "reads_tuned": reading["tuned"],
    "reads_set_free": reading["set free"],
    "reads_from_nothing": reading["from nothing"],
    "fitted_set_free": fitted["set free"],
    "fitted_from_nothing": fitted["from nothing"],
    "wrong_with_misread": with_misread,
    "turned": turned,
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# %%

# Calling it five times adds no weight and changes no answer.
assert kept.layers[1].count_params() == reader.count_params()
assert difference < 1e-5
assert true_rule == 1
# Kept, most films are told right (.88 to .91), about as well as by the rule (.88 to .91).
assert films_right["kept"] > 0.65
assert abs(films_right["kept"] - rule) < 0.2
# Tuning changes little (.89 to .92), in the films and in the reading.
assert abs(films_right["tuned"] - films_right["kept"]) < 0.05
assert reading["kept"] == reading["reader"]
assert abs(reading["tuned"] - reading["reader"]) < 0.02
# Set free, the reader forgets (.10 to .79 are read) ...
assert reading["set free"] < reading["reader"] - 0.1
assert films_right["set free"] < films_right["kept"] - 0.15
# ... and from nothing it is a guess (.32 to .35).
assert films_right["from nothing"] < 0.45
# Backwards, up becomes down (.85 to .92).
assert turned > 0.7

# %%
# Try it
# ------
# 1. Set ``BATCH = 32``, which makes half as many steps. Prediction: the recurrent layer learns less well which way a film counts;
#    the reader that is set free forgets, but not everything.
# 2. Put ``keras.layers.GlobalAveragePooling1D()`` in the place of the recurrent layer, with the reader kept. Prediction: no better than a guess. All three kinds of films have the same frames.

# sphinx_gallery_topics = ["7.1.6"]
# sphinx_gallery_keywords = ["images", "video", "models as layers", "transfer learning", "recurrent network"]
# sphinx_gallery_budget = {"cpu_seconds": 90, "because": "a reader and four networks that run it on every frame of every film"}
# sphinx_gallery_thumbnail_number = 2
