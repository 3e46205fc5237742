"""
What does a net remember while it reads?
========================================

A reader does not take in a review at a glance.
The words come one after the other, and what has been read so far is kept in mind, changed a little by every word.
A recurrent net does the same: its mind is a short row of numbers, the *state*, and reading is a loop.

On this page we write the loop in NumPy and check that Keras's ``SimpleRNN`` is nothing else.
We train one on film reviews, watch its state while it reads a sentence, and ask how far back it remembers.
And we compare it with a model that does not read at all.

It assumes the page on movie reviews of the third chapter; the section on recurrent nets in the sixth chapter explains the rest.
"""

# %%
# Setup
# -----
# Reviews mostly end with their verdict, so the last hundred words are kept. A loop takes time: it has as many steps as there are words.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 10_000
WORDS = 100  # the last ones of each review
TRAINED = 8_000
VALIDATED = 2_000
UNITS = 32
EPOCHS = 4
BATCH = 64

# %%
# The loop
# --------
# At each step the next row of numbers comes in, :math:`x`, and the state :math:`h` is there from the step before.
# Each has a matrix of weights; the sum of the two products, and a bias, goes through a tanh, and that is the new state.


def read(rows, kernel, recurrent, bias):
    """Return the state after each step, (steps, batch, units)."""
    state = np.zeros((rows.shape[0], bias.size))  # nothing read yet
    states = []
    for x in rows.swapaxes(0, 1):  # step by step
        state = np.tanh(x @ kernel + state @ recurrent + bias)
        states.append(state)
    return np.array(states)


# %%
# That is all. We give Keras's layer some random rows, take its weights and let our loop read the same rows.

layer = keras.layers.SimpleRNN(UNITS)
rows = np.random.default_rng(SEED).normal(size=(5, 12, 8))  # 12 steps
theirs = layer(rows.astype("float32")).numpy()
ours = read(rows, *layer.get_weights())[-1]
loop_error = np.abs(ours - theirs).max()
for name, weights in zip(
    ("kernel", "recurrent", "bias"), layer.get_weights(), strict=True
):
    print(f"{name:10} {weights.shape}")
print(f"largest difference from Keras: {loop_error:.1e}")

# %%
# The weights are the same at every step. So the loop can read texts of any length,
# and what it learns about a word at the third place it knows at the thirtieth.
#
# Look at the data
# ----------------
# The reviews are those of the third chapter, split by film. Each word becomes its number in the vocabulary; shorter reviews are filled up with zeros.

(x_train, y_train), (x_test, y_test) = datasets.movie_reviews()
vectorise = keras.layers.TextVectorization(
    max_tokens=VOCABULARY, output_sequence_length=WORDS
)
vectorise.adapt(x_train[:TRAINED], batch_size=512)


def tokens(texts):
    """Return the numbers of the last words, (texts, WORDS)."""
    ends = [" ".join(text.split()[-WORDS:]) for text in texts]
    return vectorise(ends).numpy().astype("int32")


learn, check = slice(TRAINED), slice(TRAINED, TRAINED + VALIDATED)
ids_train, ids_check = tokens(x_train[learn]), tokens(x_train[check])
ids_test = tokens(x_test)
vocabulary = np.array(vectorise.get_vocabulary())
print(f"training {ids_train.shape}, test {ids_test.shape}")
print(ids_train[0, :8], " ".join(vocabulary[ids_train[0, :8]]))

# %%
datasets.card("movie_reviews")

# %%
# What must we beat?
# ------------------
# The model of the third chapter: which words occur, and a weight for each. It sees the same words of the same reviews, and not their order.


def multi_hot(ids):
    """Return rows of 1 and 0: does the word occur?"""
    found = np.zeros((len(ids), VOCABULARY), dtype="uint8")
    found[np.arange(len(ids))[:, None], ids] = 1
    found[:, 0] = 0  # the filling is no word
    return found


bag = models.dense_binary_classifier(VOCABULARY, hidden=())
bag.compile(
    optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"]
)
bag.fit(
    multi_hot(ids_train), y_train[learn], epochs=12, batch_size=256, verbose=0
)
_, bag_accuracy = bag.evaluate(multi_hot(ids_test), y_test, verbose=0)
print(f"bag of words  {bag_accuracy:.3f}")

# %%
# The model
# ---------
# A table turns each number into a row of 32 numbers, which are learned with the rest. The loop reads the rows, and a sigmoid looks at the last state.
# The zeros at the end are masked: there the state stays as it is.


def build_network():
    """Return the network, spelled out."""
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(VOCABULARY, 32, mask_zero=True),
            keras.layers.SimpleRNN(UNITS),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


network = build_network()
table, recurrent, output = network.layers
print(f"{table.count_params():,} weights in the table of words")
print(f"{recurrent.count_params():,} weights in the loop")

# %%
# Train
# -----

network.compile(
    optimizer=keras.optimizers.Adam(0.001, clipnorm=1.0),
    loss="binary_crossentropy",
    metrics=["accuracy"],
)
history = network.fit(
    ids_train,
    y_train[learn],
    epochs=EPOCHS,
    batch_size=BATCH,
    validation_data=(ids_check, y_train[check]),
    callbacks=[training.ProgressTable()],
    verbose=0,
)

# %%
# At first the loop learns next to nothing, then it learns fast, and soon it is right about more than nine training reviews in ten.
# On the reviews set aside, the loss turns around early.
#
# Judge
# -----

test_accuracy = network.evaluate(ids_test, y_test, verbose=0)[1]
scores = {
    "guessing": np.mean(y_test == 1),
    "plain recurrent net": test_accuracy,
    "bag of words": bag_accuracy,
}
plots.bars(
    list(scores.values()),
    list(scores),
    xlabel="Accuracy on reviews of other films",
    title="Reading in order does not pay yet",
    fmt=".3f",
)

# %%
# The net that reads is no better than the model that only looks which words are there, and mostly a little worse.
# Order carries meaning, and this net does not make much of it.
# (In the third chapter the bag of words was right more often: it saw whole reviews, and more than twice as many.)
#
# Watch the state
# ---------------
# This sentence is a whole review of the test set. We look its words up, let our loop read them with the weights that were learned,
# and apply the last layer to every state, not to the last one alone.

sentence = next(t for t in x_test if t.startswith("This movie is terrible"))
ids = tokens([sentence])
ids = ids[:, : np.count_nonzero(ids)]
words = list(vocabulary[ids[0]])
states = read(table(ids).numpy(), *recurrent.get_weights())[:, 0]
w, b = output.get_weights()
after_word = 1 / (1 + np.exp(-(states @ w + b)[:, 0]))

fig, axes = plt.subplots(
    2, 1, figsize=(6.4, 5.6), sharex=True, height_ratios=(3, 1.3)
)
image = axes[0].imshow(states.T, aspect="auto", vmin=-1, vmax=1)
axes[0].set(title="The state, word by word", ylabel="Unit")
axes[0].grid(False)
fig.colorbar(image, ax=axes, label="Value", shrink=0.8)
axes[1].plot(after_word, marker="o")
axes[1].axhline(0.5, color="C1", linestyle="--", linewidth=1.2)
axes[1].set(ylim=(0, 1), ylabel="Praise", xlabel="The review, word by word")
axes[1].set_title("Probability of praise, had it ended here")
axes[1].set_xticks(range(len(words)), words, rotation=40, ha="right")
fig.set_label(
    "Above, a heat map of the 32 units of the state after each of the ten "
    "words; columns change from word to word. Below, a line: the "
    "probability of praise that the net would give after each word."
)

# %%
# A column is all that the net knows at that moment. The first words leave it near zero: they say little.
# At *terrible* many units change at once, and the probability of praise falls by more than at any other word.
# Then the more friendly half of the sentence comes, and the state does not go back. It remembers what it has read:
# from the last three words alone the net would be in doubt, as the next lines show.

last_words = tokens(["some good effects"])
last_words = last_words[:, last_words[0] > 0]
fresh = read(table(last_words).numpy(), *recurrent.get_weights())[-1]
good_alone = 1 / (1 + np.exp(-(fresh @ w + b)[0, 0]))
print(f"the whole sentence     {after_word[-1]:.3f}")
print(f"its last three words   {good_alone:.3f}")

# %%
# How far back does it remember?
# ------------------------------
# We give the trained net only the last few words of each test review and count how often it still gives the answer that it gives to the whole.

long = ids_test[np.count_nonzero(ids_test, axis=1) >= 0.9 * WORDS][:1_000]
length = np.count_nonzero(long, axis=1)[:, None]


def answers(last):
    """Return the answers of the net after the last words alone."""
    place = np.maximum(length - last, 0) + np.arange(last)
    cut = np.take_along_axis(long, np.minimum(place, length - 1), axis=1)
    last_state = read(table(cut).numpy(), *recurrent.get_weights())[-1]
    return (last_state @ w + b)[:, 0] > 0


kept = (1, 2, 5, 10, 20, 40, 80)
whole = answers(90)
same = {last: np.mean(answers(last) == whole) for last in kept}
for last, share in same.items():
    print(f"last {last:2} words: {share:.3f} as after 90")

# %%
# The verdict does not rest on the last words alone. Forty words give the answer of ninety about four times in five,
# and even what stands more than eighty words back still turns some answers.
# So the plain net has a memory. The curve also shows its weakness: whether a word counts depends on how far from the end it stands.

fig, ax = plt.subplots(figsize=(6.4, 3.6))
ax.plot(list(same), list(same.values()), marker="o")
ax.set(xlabel="Words read, from the end", ylabel="Share of equal answers")
ax.set(
    ylim=(0.5, 1), title="The more it reads, the more it agrees with itself"
)
fig.set_label(
    "The share of reviews with the same answer rises with the number of last "
    "words that are read: from about two thirds with one word to about nine "
    "tenths with eighty."
)

# %%
# What to take away
# -----------------
# A recurrent net is a loop: the new state is a dense layer of the input and the old state, with the same weights at every step.
# The state is all that it knows of what it has read, and it can be looked at, word by word.
# On reviews a plain recurrent net is no better than a bag of words: to have an order is one thing, to use it another.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

swing = np.abs(np.diff(after_word, prepend=0.5))
measured = {
    "bag_accuracy": bag_accuracy,
    "test_accuracy": test_accuracy,
    "bag_lead": bag_accuracy - test_accuracy,
    "training_accuracy": history.history["accuracy"][-1],
    "best_epoch": training.best_epoch(history),
    "praise_after_is": after_word[2],
    "praise_after_terrible": after_word[3],
    "praise_at_the_end": after_word[-1],
    "praise_last_words": good_alone,
    "same_after_5": same[5],
    "same_after_40": same[40],
    "same_after_80": same[80],
}
for name, value in measured.items():
    print(f"{name:24} {value:.4g}")

# The loop is the layer, and its reading is the network's.
assert loop_error < 1e-5
theirs = network.predict(ids, verbose=0)[0, 0]
assert abs(theirs - after_word[-1]) < 1e-4
# The net that reads is no better than the bag of words (behind by .01 to .05
# in five seeds: .77 to .80 against .81 to .82).
assert measured["bag_lead"] > -0.015
assert 0.79 < bag_accuracy < 0.84
assert test_accuracy > 0.68
# It learns its reviews nearly by heart (.92 to .97), and the validation loss
# turns early (epoch 2 or 3).
assert measured["training_accuracy"] > 0.85
assert measured["best_epoch"] < EPOCHS
# "Terrible" moves the answer most (.41 to .50 becomes .14 to .23), and the
# friendly words do not move it back (.02 to .12). Alone they
# leave the net in doubt (.41 to .72).
assert words[swing.argmax()] == "terrible"
assert after_word[-1] < 0.35 < good_alone
# The more words, the more equal answers (.65 to .69 for 5, .79 to .89 for 40,
# .87 to .95 for 80).
assert same[5] + 0.03 < same[40] < same[80] < 0.98
assert same[40] > 0.7

# %%
# Try it
# ------
# 1. Swap the halves of the sentence: "This movie has some good effects but it is terrible".
#    Prediction: the probability of praise falls at the last word, from wherever the others have left it.
# 2. Leave ``clipnorm`` out.
#    Prediction: with some seeds the loop learns its reviews by heart and hardly anything about others. (One gave .58 after three epochs.)

# sphinx_gallery_topics = ["6.2.1"]
# sphinx_gallery_keywords = ["text", "binary classification", "recurrent network"]
# sphinx_gallery_thumbnail_number = 2
