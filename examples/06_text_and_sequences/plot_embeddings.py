"""
What does a network know of a word?
===================================

Give every word a few numbers of its own, at random, and let training move them. That is a *word embedding*:
a table with a row for each word, whose rows are weights like any others.

On this page a very small network learns such rows from film reviews. It reads twenty words of a review, then more, from its beginning and from its end.
Then we open the table. One expects a space in which words of like meaning lie together;
what we find is simpler than that, and it shows what a network learns when it is asked a single question.

It assumes the page on film reviews in the third chapter; the section on embeddings in the sixth explains the rest.
"""

# %%
# Setup
# -----
# Eight numbers for a word are few; the page shows that they are more than enough here.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, plots, text, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 10_000
SIZE = 8  # numbers for each word
LENGTHS = (5, 20, 80, 320)  # words of a review that the network reads
VALIDATION = 4_000  # of 20,000 training reviews, to say when to stop
BATCH = 512

# %%
# Look at the data
# ----------------
# Each review becomes a row of numbers, one for each word in its order.
# The vocabulary comes from the training reviews; 0 is for filling up and 1 for unknown words.

(x_train, y_train), (x_test, y_test) = datasets.movie_reviews()
words_train = [text.words(review) for review in x_train]
places = text.vocabulary(words_train, VOCABULARY, padding=True)
numbers_train = [places.encode(words) for words in words_train]
numbers_test = [places.encode(text.words(review)) for review in x_test]
lengths = np.array([len(words) for words in words_train])
print(
    "a review has", int(np.median(lengths)), "words, if it is a middling one"
)
for label in (0, 1):
    chosen = numbers_train[int(np.argmax(y_train == label))]
    print(f"\nlabel {label}, the last twenty words:")
    print(*places.decode(chosen[-20:]))

# %%
datasets.card("movie_reviews")

# %%
# A network wants rows of one length. Short reviews are filled up with zeros, long ones are cut,
# and where to cut is a choice: we may keep the beginning or the end.


def rows(texts, length, end):
    """Return the first or last words, filled up: (texts, length)."""
    cut = keras.utils.pad_sequences(
        texts,
        length,
        padding="post",
        truncating="pre" if end == "last" else "post",
    )
    return cut.astype("int32")


# %%
# What must we beat?
# ------------------
# Guessing is right half of the time. Sixteen tell-tale words, which a reader would name in a minute, do better if the whole review is read.

praise = "great excellent wonderful best love loved perfect superb".split()
blame = "bad worst awful boring terrible waste poor stupid".split()
vote = np.isin(places, praise).astype(int) - np.isin(places, blame)
votes = np.array([vote[np.unique(one)].sum() for one in numbers_test])
list_accuracy = np.mean((votes >= 0) == y_test)
print(f"word list {list_accuracy:.3f}")

# %%
# The model
# ---------
# The embedding looks up the row of every word. Their mean stands for the review, whatever its length, and a single unit reads it.
# ``mask_zero`` keeps the filling out of the mean.


def build_network(size=SIZE):
    """Return the network, ready to be trained."""
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(VOCABULARY, size, mask_zero=True),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=8,
    )
    return model


# %%
# To look up a row is to multiply: a one-hot row times a matrix is the matrix's row. The layer saves the zeros, and computes the same.

layer = keras.layers.Embedding(VOCABULARY, SIZE)
few = numbers_train[0][:20]
looked_up = np.asarray(layer(few))
multiplied = text.one_hot(few, VOCABULARY) @ layer.get_weights()[0]
same_rows = bool(np.allclose(looked_up, multiplied))
print("one-hot rows", text.one_hot(few, VOCABULARY).shape, end=", ")
print("embedded rows", looked_up.shape, "- the same product:", same_rows)

# %%
# Train
# -----
# First on the last twenty words of every review. Training stops when the validation loss has risen twice, and takes the best epoch's weights.


def train(length, end, size=SIZE, epochs=20, callbacks=()):
    """Return a trained network, its history and its test accuracy."""
    keras.utils.set_random_seed(SEED)
    inputs = rows(numbers_train, length, end)
    model = build_network(size)
    stop = keras.callbacks.EarlyStopping(
        patience=2, restore_best_weights=True
    )
    history = model.fit(
        inputs[:-VALIDATION],
        y_train[:-VALIDATION],
        epochs=epochs,
        batch_size=BATCH,
        validation_data=(inputs[-VALIDATION:], y_train[-VALIDATION:]),
        callbacks=[stop, *callbacks],
        verbose=0,
    )
    asked = rows(numbers_test, length, end)
    result = model.evaluate(asked, y_test, batch_size=BATCH, verbose=0)
    return model, history, result[1]


table = training.ProgressTable(every=2)
_, history, _ = train(20, "last", callbacks=[table])
plots.history(history, metrics=("loss", "accuracy"))

# %%
# The network has 80,009 weights for 16,000 times twenty words, and within a few epochs it begins to learn them by heart.
#
# How much must be read?
# ----------------------
# Now we vary how many words the network reads, and from which end.

accuracy = {
    (end, length): train(length, end)[2]
    for end in ("first", "last")
    for length in LENGTHS[:-1]
}
network, _, longest = train(LENGTHS[-1], "last")
accuracy["last", LENGTHS[-1]] = longest
accuracy["first", LENGTHS[-1]] = train(LENGTHS[-1], "first")[2]

fig, ax = plt.subplots()
for end, style in (("last", "C0o-"), ("first", "C1s--")):
    scores = [accuracy[end, length] for length in LENGTHS]
    ax.plot(LENGTHS, scores, style, label=f"the {end} words")
    print(f"{end:6}", *[f"{score:.3f}" for score in scores])
ax.axhline(list_accuracy, color="C4", ls=":", label="sixteen words, all read")
ax.set(
    title="How much of a review must be read",
    xlabel="Words that the network reads",
    ylabel="Accuracy on the test set",
    xscale="log",
    xticks=LENGTHS,
    xticklabels=LENGTHS,
)
ax.minorticks_off()
ax.legend()
fig.set_label(
    "Accuracy over the number of words, 5 to 320. Both lines rise all the "
    "way; that of the last words is above that of the first words, by most "
    "at twenty words, and they come close at 320."
)

# %%
# The last twenty words tell more than the first twenty, by a wide margin: reviews begin with the story and end with the verdict.
# A network that reads the last twenty words beats a list of sixteen words that is looked for everywhere.
# Reading more always helps, and with 320 words, the whole of most reviews, it hardly matters any more where to cut.
#
# Look inside
# -----------
# Each word is now a point in a space of eight dimensions. We take the 2,000 most frequent words
# and turn the space so that the first axis is the one along which they differ most, the second the next, and so on: *principal components*.

vectors = network.layers[0].get_weights()[0][2:2002]
centred = vectors - vectors.mean(axis=0)
_, spread, axes_of_space = np.linalg.svd(centred, full_matrices=False)
components = centred @ axes_of_space.T
share = spread**2 / np.sum(spread**2)
print(
    "share of the variance:", *[f"{100 * part:.2f} %" for part in share[:4]]
)

# %%
# Nearly all of the variance lies along the first axis. What is it?
# We compare it with what the labels say about each word: the log-odds of praise, counted over the training reviews that contain it.

holds = np.zeros((2, VOCABULARY))
for label, words in zip(y_train, numbers_train, strict=True):
    holds[label, np.unique(words)] += 1
log_odds = np.log((holds[1] + 1) / (holds[0] + 1))[2:2002]
first = components[:, 0] * np.sign(
    np.corrcoef(components[:, 0], log_odds)[0, 1]
)
agreement = np.corrcoef(first, log_odds)[0, 1]
print(f"correlation of the first axis with the log-odds: {agreement:.3f}")

# %%

shown = dict.fromkeys(("awful", "bad", "great", "1010"), (7, -4))
shown |= {"boring": (-48, -3), "worst": (-14, 9), "excellent": (-40, 9)}
shown |= {"the": (30, -45), "good": (40, -30)}  # from within the cloud
fig, (above, below) = plt.subplots(
    2, 1, figsize=(6.4, 5.6), height_ratios=[1, 3], sharex=True
)
above.plot(first, components[:, 1], ".", ms=3)
above.set(title="The space that was learned", ylabel="Second axis")
above.set(aspect="equal", ylim=(-2.5, 2.5))
below.plot(first, log_odds, ".", ms=3, alpha=0.5)
for word, offset in shown.items():
    point = first[places.index(word) - 2], log_odds[places.index(word) - 2]
    below.plot(*point, "o", color="C1", ms=6)
    below.annotate(
        word,
        point,
        xytext=offset,
        textcoords="offset points",
        arrowprops={"arrowstyle": "-"} if max(offset) > 20 else None,
    )
below.set(xlabel="First axis", ylabel="Log-odds of praise (counted)")
below.margins(x=0.12)
fig.set_label(
    "Above, two thousand words on the first two axes at equal scale make a "
    "thin horizontal line. Below, the first axis against the counted "
    "log-odds: a rising cloud, from worst and awful at the lower left "
    "through the in the middle to excellent and 1010 at the upper right."
)

# %%
# The space is a line. At one end lie *worst* and *awful*, at the other *excellent* and *1010*, which is "10/10" without its stroke, and in the middle all words that say nothing about the verdict.
# Neither grammar nor meaning has been learned, only what the question asked for.
# It could not be otherwise: the last unit sees the mean of the vectors through one row of weights, so only one direction can matter.
#
# One thing varied: the size
# --------------------------
# If that is so, a single number for every word should do as well as eight.

_, _, single = train(160, "last", size=1, epochs=40)
_, _, eight = train(160, "last", size=SIZE)
print(f"one number a word {single:.3f}, eight {eight:.3f}")

# %%
# It does. What needs more dimensions is another question, or a network that can use them; the next page borrows vectors that were made for all questions.
#
# What to take away
# -----------------
# An embedding is a table of weights: looking up a row is multiplying by a one-hot row, without the zeros.
# A table that is learned with a task holds what the task asks for, here one direction from blame to praise.
# Where a text has to be cut, it matters which end is kept.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "first_20": accuracy["first", 20],
    "last_20": accuracy["last", 20],
    "first_320": accuracy["first", 320],
    "last_320": accuracy["last", 320],
    "last_5": accuracy["last", 5],
    "list_accuracy": list_accuracy,
    "first_axis_share": share[0],
    "agreement": agreement,
    "one_number": single,
    "eight_numbers": eight,
}
for name, value in measured.items():
    print(f"{name:18} {value:.4g}")

# Looking up is multiplying by one-hot rows.
assert same_rows
# Twenty words: learned by heart within a few epochs.
assert training.best_epoch(history) < len(history.history["loss"])
# The end tells more than the beginning (by about .08 at twenty words) ...
assert accuracy["last", 20] > accuracy["first", 20] + 0.04
assert accuracy["last", 5] > accuracy["first", 5] + 0.03
# ... and more than the list; reading more always helps.
assert accuracy["last", 20] > list_accuracy + 0.03
for end in ("first", "last"):
    scores = [accuracy[end, length] for length in LENGTHS]
    assert min(np.diff(scores)) > 0.02
# With 320 words both ends are nearly the same.
assert abs(accuracy["last", 320] - accuracy["first", 320]) < 0.02
assert accuracy["last", 320] > 0.85
# The learned space is a line, from blame to praise.
assert share[0] > 0.98
assert agreement > 0.75
worst, best = (
    {places[2 + k] for k in np.argsort(s * first)[:15]} for s in (1, -1)
)
assert {"worst", "awful"} <= worst
assert "excellent" in best
# One number for a word does as well as eight.
assert abs(single - eight) < 0.015

# %%
# Try it
# ------
# 1. Put ``keras.layers.Dense(16, activation="relu")`` between the mean and the last unit.
#    Prediction: the test accuracy stays within two points, and the first axis still holds nearly all of the variance.
# 2. Read a random stretch of twenty words instead of the last.
#    Prediction: between the first and the last words, nearer to the first.

# sphinx_gallery_topics = ["6.1.5a", "6.1.3"]
# sphinx_gallery_keywords = ["text", "embeddings", "binary classification"]
# sphinx_gallery_thumbnail_number = 3
