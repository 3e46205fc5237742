"""
Can a small network tell praise from panning?
=============================================

A film review is a few hundred words; whether its author liked the film is one bit.
This page trains a network with two hidden layers of 16 units to find that bit,
from nothing but the set of words that occur in the review.

We watch the network learn, then learn too much; we judge it once on films that it has never met,
read the reviews that it gets most wrong, and ask which words move it.
At the end we shuffle the films before splitting, see the score rise, and explain why that rise is not earned.

It assumes Python and NumPy, and the idea of a layer as a function with weights;
the section on movie reviews in the third chapter explains the rest.
"""

# %%
# Setup
# -----
# The seed fixes the initial weights and the order of the batches.
# The vocabulary keeps the 10,000 most frequent words: rarer ones occur in too few reviews to learn from.
# A batch of 512 reviews makes an epoch 30 small steps.

import re
from textwrap import fill, shorten

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 10_000
VALIDATION = 5_000  # of 20,000 training reviews, to choose the epochs
EPOCHS = 20  # far more than needed: we want to see what happens then
BATCH = 512

# %%
# Look at the data
# ----------------
# Half of the reviews are positive, labelled 1, half negative, labelled 0.

(x_train, y_train), (x_test, y_test) = datasets.movie_reviews()
for label in (0, 1):
    few_words = [
        text for text in x_train[y_train == label] if len(text) > 150
    ]
    print(fill(f"label {label}: {min(few_words, key=len)}", width=76), "\n")

# %%
datasets.card("movie_reviews")

# %%
# The test set holds other films than the training set.
# That matters, as the last experiment on this page shows.
# First a look at the length of the reviews: does it give the answer away?

words = np.array([len(text.split()) for text in x_train])
counts = {}
fig, ax = plt.subplots()
for label, name, style in ((0, "negative", "-"), (1, "positive", "--")):
    chosen = words[y_train == label]
    counts[name], _, _ = ax.hist(
        chosen, np.arange(0, 1001, 25), histtype="step", ls=style, label=name
    )
ax.set(
    title="Length of the training reviews",
    xlabel="Words in the review",
    ylabel="Reviews",
    xlim=(0, 1000),
)
ax.legend(title="Label")
fig.set_label(
    "Two step histograms of review length, negative and positive, lie almost "
    "on top of each other: a steep peak near 130 words and a long tail."
)

# %%
# It does not: the two curves nearly coincide, so the network has to look at the words.
#
# From text to numbers
# --------------------
# A dense layer wants every sample to be a row of numbers, all of the same length.
# So each review becomes a row of 10,000 places, one for each word of the vocabulary:
# 1 if the word occurs, 0 if it does not. This is *multi-hot* encoding.
# How often a word occurs, and where, is thrown away.
# The vocabulary comes from the training reviews alone, so nothing about the test set leaks into it.

vectorise = keras.layers.TextVectorization(
    max_tokens=VOCABULARY, output_mode="multi_hot"
)
vectorise.adapt(x_train, batch_size=BATCH)


def encode(texts):
    """Turn texts into rows of zeros and ones, (texts, VOCABULARY)."""
    pieces = [vectorise(piece) for piece in np.array_split(texts, 50)]
    return np.concatenate([np.asarray(p, dtype="uint8") for p in pieces])


rows_train, rows_test = encode(x_train), encode(x_test)
print(f"training {rows_train.shape}, test {rows_test.shape}")
ones = rows_train.sum(axis=1).mean()
print(f"ones in a row: {ones:.0f} of {VOCABULARY:,} on average")

# %%
# What must we beat?
# ------------------
# The classes are balanced, so guessing is right half of the time.
# A fairer opponent is a list of tell-tale words that anybody could write down in a minute.

praise = "great excellent wonderful best love loved perfect superb".split()
blame = "bad worst awful boring terrible waste poor stupid".split()
vocabulary = np.array(vectorise.get_vocabulary())
vote = np.isin(vocabulary, praise).astype(int) - np.isin(vocabulary, blame)
list_accuracy = np.mean((rows_test @ vote >= 0) == y_test)  # a tie is praise
print(f"guessing    {np.mean(y_test == 1):.3f}")
print(f"word list   {list_accuracy:.3f}")

# %%
# Sixteen words already decide seven reviews in ten. The network has to do better than that.
#
# The model
# ---------
# Two hidden layers of 16 units look at all words at once; the last layer has a single unit.
# Its sigmoid turns any number into one between 0 and 1, the probability that the review is positive.
# Binary cross-entropy is the loss that belongs to such a probability:
# it charges little for a confident right answer and very much for a confident wrong one.


def build_network():
    """Return the network, spelled out."""
    return keras.Sequential(
        [
            keras.Input((VOCABULARY,), dtype="uint8"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def compiled(model):
    """Return the model, ready to be trained."""
    model.compile(
        optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"]
    )
    return model


def accuracy(model, rows, labels):
    """Return the share of right answers."""
    return model.evaluate(rows, labels, verbose=0)[1]


network = compiled(build_network())
first = network.layers[0].count_params()
print(f"{network.count_params():,} weights, {first:,} in the first layer")

# %%
# Train
# -----
# The last 5,000 training reviews are set aside: the network never learns from them,
# they only tell after each epoch how it does on reviews that it has not seen.

history = network.fit(
    rows_train[:-VALIDATION],
    y_train[:-VALIDATION],
    epochs=EPOCHS,
    batch_size=BATCH,
    validation_data=(rows_train[-VALIDATION:], y_train[-VALIDATION:]),
    callbacks=[training.ProgressTable(every=4)],
    verbose=0,
)
best_epoch = training.best_epoch(history)
plots.history(history, metrics=("loss", "accuracy"))

# %%
# The training loss keeps falling: with about ten weights for every training review, the network can learn its reviews by heart,
# and in the end it is right about nearly all of them.
# The validation loss turns around after a few epochs and then climbs far above its best.
# This is *overfitting*: past the turning point, what the network learns is true of the training reviews only.
# Validation accuracy suffers less than the loss. Most answers stay the same;
# the wrong ones are given with ever more confidence, and the loss charges for that.
#
# Judge
# -----
# So we train a fresh network on all training reviews, for as many epochs as did best, and use the test set, once.
# Beside it stands a network without hidden layers, which is logistic regression:
# it gives each word one weight and adds up. The library's builder makes it.

keras.utils.set_random_seed(SEED)
final = compiled(build_network())
final.fit(rows_train, y_train, epochs=best_epoch, batch_size=BATCH, verbose=0)
test_accuracy = accuracy(final, rows_test, y_test)

linear = compiled(models.dense_binary_classifier(VOCABULARY, hidden=()))
linear.fit(rows_train, y_train, epochs=15, batch_size=BATCH, verbose=0)
linear_accuracy = accuracy(linear, rows_test, y_test)
print(f"epochs                 {best_epoch}")
print(f"network                {test_accuracy:.3f}")
print(f"without hidden layers  {linear_accuracy:.3f}")

# %%
# The network is right about nearly nine reviews in ten.
# So is the one without hidden layers, to within a point or so:
# which words occur says most of what a bag of words can say, and combinations of words add little.
# A model that sees the words in their order has more to go on.
#
# Read the mistakes
# -----------------
# Two reviews are missed more boldly than any other: the negative one that the network finds most positive,
# and the positive one that it finds most negative.

probability = final.predict(rows_test, verbose=0)[:, 0]
error = probability - y_test
bold = {"negative": np.argmax(error), "positive": np.argmin(error)}
for label, index in bold.items():
    print(f"labelled {label}, probability of praise {probability[index]:.4f}")
    print(fill(shorten(x_test[index], 640), width=76), "\n")

# %%
# The first author admires nearly everything about the film, and is all the angrier about its ending.
# The second lists what is wrong with the film, and loves it for that.
# Both reviews are full of words that usually mean the opposite of the verdict.
# To see which, we take each word out of the review in turn, ask the network again, and note how far the answer moves.
# The scale is the *log-odds*, the number that goes into the sigmoid:
# there, the effect of a word is not squeezed when the answer is already close to 0 or 1.


def log_odds(rows):
    """Return what the network feeds to its sigmoid, (rows,)."""
    p = final.predict(rows, verbose=0)[:, 0].astype("float64")
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


def word_effects(row):
    """Return a review's words, as positions, and what each one adds."""
    present = np.flatnonzero(row)
    without = np.repeat(row[None], len(present), axis=0)
    without[np.arange(len(present)), present] = 0
    return present, log_odds(row[None]) - log_odds(without)


fig, axes = plt.subplots(1, 2, figsize=(6.4, 4.4))
strongest = {}
for ax, (label, index) in zip(axes, bold.items(), strict=True):
    present, effect = word_effects(rows_test[index])
    top = np.argsort(-np.abs(effect))[:12]
    strongest[label] = effect[top]
    plots.bars(
        effect[top],
        vocabulary[present[top]],
        xlabel="Added log-odds of praise",
        title=f"Labelled {label}",
        fmt="+.2f",
        ax=ax,
    )
fig.set_label(
    "Two bar charts of the twelve words that move the answer most in the two "
    "worst mistakes. In the review labelled negative most bars point to "
    "praise, in the one labelled positive most point to blame."
)

# %%
# Look inside
# -----------
# The same question can be put to the whole vocabulary: what does the network make of a review
# that consists of a single word? We compare with the empty review.

single_words = np.eye(VOCABULARY, dtype="uint8")
no_words = np.zeros((1, VOCABULARY), dtype="uint8")
alone = log_odds(single_words) - log_odds(no_words)
order = np.argsort(alone)
ends = np.concatenate([order[:-13:-1], order[11::-1]])
fig, ax = plt.subplots(figsize=(6.4, 6))
plots.bars(
    alone[ends],
    vocabulary[ends],
    xlabel="Added log-odds of praise",
    fmt="+.2f",
    title="The words that the network likes best and least",
    ax=ax,
)

# %%
# At the bottom stand the words that one expects, *worst* and *awful* and *waste* among them; at the top *excellent* is one of many.
# But some of the strongest are not words at all.
# *710* is "7/10" after the punctuation has gone. Some authors give the film a mark,
# and the network has learned to read it. Nobody told it to.
# That is a shortcut: it helps with the reviews that carry a mark, and with no others.

marked = np.mean(
    [re.search(r"\b\d+/10\b", text) is not None for text in x_train]
)
print(f"reviews that give a mark out of ten: {marked:.3f}")

# %%
# One thing varied: the split
# ---------------------------
# The test films are not the training films. How much does that matter?
# We pool all reviews, shuffle them and split again,
# so that reviews of one film fall on both sides, and train the same network for the same number of epochs.

rows = np.concatenate([rows_train, rows_test])
labels = np.concatenate([y_train, y_test])
shuffled = np.random.default_rng(SEED).permutation(len(labels))
inside, outside = shuffled[: len(y_train)], shuffled[len(y_train) :]
keras.utils.set_random_seed(SEED)
careless = compiled(build_network())
careless.fit(
    rows[inside],
    labels[inside],
    epochs=best_epoch,
    batch_size=BATCH,
    verbose=0,
)
careless_accuracy = accuracy(careless, rows[outside], labels[outside])

scores = {
    "guessing": np.mean(y_test == 1),
    "sixteen words": list_accuracy,
    "no hidden layer": linear_accuracy,
    "network": test_accuracy,
    "network, films shuffled": careless_accuracy,
}
plots.bars(
    list(scores.values()),
    list(scores),
    xlabel="Accuracy on the test set",
    title="What each model gets right",
    fmt=".3f",
)

# %%
# The shuffled split looks better by a point or so, and nothing about the network has changed.
# The likely reason: names of actors and characters give away which film a review is about,
# and what others thought of that film is a good guess at what this author thinks.
# A film that has just come out brings no such help, so the lower number is the honest one.
#
# What to take away
# -----------------
# A set of words, two small hidden layers and a few epochs are enough to be right about nearly nine reviews in ten.
# The validation loss says when to stop, and the test set is asked once, at the end.
# A split has to keep apart what will be apart when the model is used; a better score is not always a better model.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

losses, accuracies = (
    history.history[f"val_{m}"] for m in ("loss", "accuracy")
)
late_loss_ratio = losses[-1] / min(losses)
late_accuracy_drop = max(accuracies) - accuracies[-1]
best_words = set(vocabulary[order[-40:]])
worst_words = set(vocabulary[order[:40]])
both = np.minimum(counts["negative"], counts["positive"])
overlap = both.sum() / counts["negative"].sum()
measured = {
    "word_list_accuracy": list_accuracy,
    "best_epoch": best_epoch,
    "test_accuracy": test_accuracy,
    "linear_test_accuracy": linear_accuracy,
    "shuffled_test_accuracy": careless_accuracy,
    "shuffled_gain": careless_accuracy - test_accuracy,
    "late_loss_ratio": late_loss_ratio,
    "late_accuracy_drop": late_accuracy_drop,
    "final_training_accuracy": history.history["accuracy"][-1],
}
for name, value in measured.items():
    print(f"{name:24} {value:.4g}")

# The lengths of the two kinds of review hardly differ.
assert overlap > 0.9
# Sixteen words decide seven reviews in ten (no seed is involved).
assert 0.69 < list_accuracy < 0.72
# The network can learn its reviews by heart (.996 to .999 over ten seeds) ...
assert measured["final_training_accuracy"] > 0.99
# ... its validation loss turns around early (epoch 3 to 5) and climbs to
# twice its best (1.99 to 2.26 times) ...
assert best_epoch <= 8
assert late_loss_ratio > 1.6
# ... and validation accuracy falls too (by .020 to .036), but less.
assert 0.005 < late_accuracy_drop < late_loss_ratio - 1
# Nearly nine reviews in ten are right, with hidden layers (.867 to .879) or
# without (.873 to .879).
assert 0.85 < test_accuracy < 0.90
assert abs(test_accuracy - linear_accuracy) < 0.02
# The boldest mistakes are these two with each of the ten seeds, and most of
# their strongest words point away from the label.
assert x_test[bold["negative"]].startswith("STRANGER THAN FICTION angered me")
assert x_test[bold["positive"]].startswith("This movie is stuffed full")
assert np.mean(strongest["negative"] > 0) > 0.5
assert np.mean(strongest["positive"] < 0) > 0.5
# The words at the two ends are those that the text names, marks among them.
assert {"710", "810", "excellent"} <= best_words
assert {"worst", "awful", "waste"} <= worst_words
assert 0.05 < marked < 0.2
# The shuffled split flatters: by .006 to .026 over ten seeds.
assert measured["shuffled_gain"] > 0

# %%
# Try it
# ------
# 1. Set ``EPOCHS = 5`` and give the hidden layers 4 units each.
#    Prediction: worse, and by how much depends on the seed: with so few units, each one's start counts.
#    (Three seeds gave .82, .83 and .87.)
# 2. Take the digits out of the texts with ``re.sub(r"\d+", " ", text)`` before encoding.
#    Prediction: *710* and its like leave the top of the list, and the accuracy falls by less than a point.

# sphinx_gallery_topics = ["3.2.1", "3.1"]
# sphinx_gallery_keywords = ["text", "binary classification", "dense network", "overfitting"]
# sphinx_gallery_thumbnail_number = 2
# sphinx_gallery_budget = {"memory_mb": 4000, "because": "25,000 rows of 10,000 bytes, and Keras keeps a copy of those it trains on"}
# sphinx_gallery_references = {"linear_test_accuracy": {"value": 0.878, "source": "Maas et al. 2011: bag of words, linear classifier, their own test set"}}
