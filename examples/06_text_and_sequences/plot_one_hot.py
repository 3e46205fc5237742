"""
One place for every word, or a place that is drawn by lot?
==========================================================

A row of zeros with a single 1 is the plainest way to write a word down as numbers: every word has a place, and the 1 says which.
On this page we make such rows by hand, for words and for characters, and check that Keras makes the same.

Then we ask what they cost. The rows are as long as the vocabulary, nearly all of it zeros, and the vocabulary itself has to be counted, kept and carried along.
The *hashing trick* does without it: the place is computed from the letters. The price is that words collide,
as birthdays do, so the theory of birthdays says how often. We compare it with real words, and measure what the collisions do to a classifier.

It assumes the page on tokens; the section on one-hot rows in the sixth chapter explains the rest.
"""

# %%
# Setup
# -----
# The seed chooses the hash function, and draws the words for the birthdays.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, text

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 10_000
SIZE = 8  # numbers for a word, in an embedding
SIZES = 2 ** np.arange(7, 21, 2)  # places: 128, 512, ... 524,288

# %%
# By hand
# -------
# Number the words, make a table of zeros, and write a 1 into every row.

words = text.words("A good film, not a bad one!")
place = {word: number for number, word in enumerate(sorted(set(words)))}
rows = np.zeros((len(words), len(place)), dtype="float32")
for row, word in zip(rows, words, strict=True):
    row[place[word]] = 1
print("      ", *place)
for word, row in zip(words, rows, strict=True):
    print(f"{word:6}", row)

# %%
# The two rows for *a* are equal, and all others are equally far from each other: *good* is no nearer to *bad* than to *film*.
# A one-hot row says which word it is, and nothing else.
#
# Characters are encoded in the same way. There are few of them, so the table can be seen.

sentence = "a good film, not a bad one!"
letters = text.characters(sentence)
alphabet = text.vocabulary([letters])
table = text.one_hot(alphabet.encode(letters), len(alphabet))
fig, ax = plt.subplots(figsize=(6.4, 3.9))
ax.imshow(table.T, cmap="gray_r", aspect="auto")
ax.grid(False)
ax.set_xticks(range(len(letters)), letters)
names = ["unknown", *("space" if one == " " else one for one in alphabet[1:])]
ax.set_yticks(range(len(names)), names, fontsize=8)
ax.set(title="A sentence as one-hot columns")
ax.set(xlabel="Character of the sentence", ylabel="Place")
fig.set_label(
    "A grid with the sentence along the bottom and the alphabet, most "
    "frequent first, along the side. Every column has one black cell, those "
    "of the space lie in the row below the empty row for unknown characters."
)

# %%
# Every column has one black cell. The row for unknown characters stays empty, for the alphabet was made from this very sentence.
#
# By Keras
# --------
# ``TextVectorization`` numbers the words, and ``keras.ops.one_hot`` makes the rows.
# Its numbers begin with two special ones, 0 for filling up and 1 for unknown words.

vectorise = keras.layers.TextVectorization(vocabulary=sorted(place))
numbers = vectorise(["A good film, not a bad one!"])[0]
keras_rows = np.asarray(keras.ops.one_hot(numbers, len(place) + 2))
same_rows = np.array_equal(keras_rows[:, 2:], rows)
print("one-hot rows of Keras are the same:", same_rows)

# %%
# A whole review becomes one row, with a 1 for every word that occurs: *multi-hot*. We do that with real reviews.

(x_train, y_train), (x_test, y_test) = datasets.movie_reviews()
tokens = [text.words(review) for review in x_train]
vocabulary = text.vocabulary(tokens, VOCABULARY)
numbers = [vocabulary.encode(words) for words in tokens]
some = [number for number in range(300) if x_train[number].isascii()]
ours = text.multi_hot([numbers[one] for one in some], VOCABULARY)
multi_hot = keras.layers.TextVectorization(
    output_mode="multi_hot", vocabulary=list(vocabulary[1:])
)
theirs = np.asarray(multi_hot(x_train[some]))
same_reviews = np.array_equal(ours, theirs)
print(f"{len(some)} reviews, same rows: {same_reviews}")

# %%
datasets.card("movie_reviews")

# %%
# What it costs
# -------------
# How much room does a review of middling length take, if every number takes four bytes?

length = int(np.median([len(words) for words in tokens]))
room = {
    "one-hot, a row a word": 4 * length * VOCABULARY,
    "multi-hot, one row": 4 * VOCABULARY,
    f"embedding, {SIZE} numbers a word": 4 * length * SIZE,
    "the words' numbers": 4 * length,
}
for name, size in room.items():
    print(f"{name:30} {size / 1000:8,.1f} kB")
everything = 4 * sum(map(len, tokens)) * VOCABULARY
print(f"all training reviews, one-hot: {everything / 1e9:,.0f} GB")
ones = ours.mean()
print(f"ones in a one-hot row 1 in {VOCABULARY:,}, multi-hot {ones:.1%}")

# %%
# Nobody writes out one-hot rows of words. One keeps the numbers and lets the layer look up what the multiplication would give.
# The vocabulary is left: a list that has to be counted before training and carried along with the network ever after.
#
# A place from the letters
# ------------------------
# A *hash function* turns letters into a number that looks drawn by lot, and is always the same.
# The remainder after division by the number of places is the place. No list is needed, and a word that nobody has seen has one too.

for word in ("film", "films", "cinematography", "電影"):
    print(f"{word:15}", text.hashed([word], 1000, seed=SEED)[0])

# %%
# Related words are not neighbours: *film* and *films* have nothing in common any more.
# And two words may get the same place. How soon does that happen?
#
# Birthdays
# ---------
# Take 365 places. With how many words is a collision more likely than not?
# If all places are equally likely, the chance that :math:`n` words all differ is
# :math:`\prod_{i<n} (1 - i/365)`, and it falls below one half at 23, as for people in a room.
# We draw real words, two thousand times, until two share a place.

every = np.array(sorted({word for words in tokens for word in words}))
random = np.random.default_rng(SEED)
days = text.hashed(every, 365, seed=SEED)
until = []
for _ in range(2_000):
    drawn = random.choice(days, 120)
    _, first_at = np.unique(drawn, return_index=True)
    again = np.setdiff1d(np.arange(120), first_at)
    until.append(again.min() + 1)
until = np.array(until)
n = np.arange(1, 81)
differ = np.cumprod(1 - np.arange(80) / 365)
measured_share = np.array([np.mean(until <= size) for size in n])
surprise = np.abs(measured_share - (1 - differ)).max()
print(f"{len(every):,} different words in the training reviews")
print(f"half of the draws collide by word {np.median(until):.0f}")

# %%
# And many words in many places? A given word is alone if all others fall elsewhere, which has the chance :math:`(1 - 1/m)^{N-1}` for :math:`N` words in :math:`m` places.

shared, foretold = [], []
for size in SIZES:
    taken = np.bincount(text.hashed(every, size, seed=SEED), minlength=size)
    shared.append(taken[taken > 1].sum() / len(every))
    foretold.append(1 - (1 - 1 / size) ** (len(every) - 1))
shared, foretold = np.array(shared), np.array(foretold)

fig, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.5))
left.plot(n, measured_share, "C0o", ms=3, label="real words")
left.plot(n, 1 - differ, "C1-", lw=1.5, label="formula")
left.set(title="365 places", xlabel="Words", ylabel="Chance of a collision")
right.plot(SIZES, shared, "C0o", ms=6, label="real words")
fine = np.geomspace(SIZES[0], SIZES[-1], 200)
curve = 1 - (1 - 1 / fine) ** (len(every) - 1)
right.plot(fine, curve, "C1-", lw=1.5, label="formula")
right.set(title=f"{len(every):,} words", xlabel="Places")
right.set(xscale="log", ylabel="Words that share a place", ylim=(0, 1.05))
for ax, where in ((left, "lower right"), (right, "lower left")):
    ax.legend(loc=where)
fig.set_label(
    "Left, the chance of a collision rises in an S with the number of words, "
    "through one half at 23; right, the share of words that share a place "
    "falls from all to about a half at 131,072 places and a sixth at 524,288. "
    "Dots of real words lie on the lines of the formulas."
)

# %%
# Dots and lines agree. Letters of real words are far from random, but a good hash function leaves nothing of their order.
# Collisions come sooner than one thinks: even with more places than words, 131,072 for 98,929, half of the words share theirs.
#
# What collisions do
# ------------------
# Do they matter? We let *naive Bayes* judge the reviews: every place has a weight, the logarithm of how much more often it occurs in praise than in blame, and the weights add up.
# It sees either the most frequent words, each with a place of its own, or all words, hashed into as many places.

word_number = {word: number for number, word in enumerate(every)}


def flat(texts):
    """Return all pairs of a review and a known word in it: two arrays."""
    sets = [
        [word_number[word] for word in set(words) if word in word_number]
        for words in texts
    ]
    sizes = [len(one) for one in sets]
    return np.repeat(np.arange(len(sets)), sizes), np.concatenate(sets)


reviews, held = flat(tokens)
reviews_test, held_test = flat([text.words(review) for review in x_test])


def bayes_accuracy(places, size):
    """Return naive Bayes's accuracy if words have these places."""
    praised = y_train[reviews] == 1
    good = np.bincount(places[held[praised]], minlength=size + 1)
    bad = np.bincount(places[held[~praised]], minlength=size + 1)
    weight = np.log((good + 1) / (bad + 1))
    weight[size] = 0  # the place for words that have none of their own
    score = np.bincount(reviews_test, weight[places[held_test]])
    return np.mean((score > 0) == y_test)


# %%

rank = np.argsort(np.argsort(-np.bincount(held), kind="stable"))
listed, lottery = [], []
for size in SIZES:
    listed.append(bayes_accuracy(np.minimum(rank, size), size))
    lottery.append(bayes_accuracy(text.hashed(every, size, seed=SEED), size))
fig, ax = plt.subplots()
ax.plot(SIZES, listed, "C0o-", label="the most frequent words")
ax.plot(SIZES, lottery, "C1s--", label="all words, hashed")
ax.set(
    title="What collisions cost a classifier",
    xlabel="Places",
    ylabel="Accuracy on the test set",
    xscale="log",
)
ax.legend()
fig.set_label(
    "Accuracy of naive Bayes over the number of places, on a logarithmic "
    "scale. With few places the hashed line is above, at two and eight "
    "thousand places the other is; beyond, they run together."
)
for size, own, drawn in zip(SIZES, listed, lottery, strict=True):
    print(f"{size:7,} places: own {own:.3f}, hashed {drawn:.3f}")

# %%
# With some hundred places, hashing is the better choice: a list of that length holds *the* and *of* and few words of praise,
# while hashed places hear a little of every word.
# With eight thousand places the list wins by a point or two, for here every place speaks of one word alone.
# Beyond that the two are as good as each other, and no better: the words that are added are too rare to judge by.
#
# What to take away
# -----------------
# A one-hot row says which word it is and nothing about its meaning; nobody stores it, because its number says the same.
# Hashing needs no list and knows every word, and pays with collisions, which the theory of birthdays foretells.
# Most words are rare, so most collisions join words that hardly matter: they cost a classifier little.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here.

deviation = np.abs(shared - foretold).max()
gap = dict(zip(SIZES.tolist(), np.subtract(listed, lottery), strict=True))
measured = {
    "birthday_median": np.median(until),
    "birthday_deviation": surprise,
    "shared_deviation": deviation,
    "shared_at_131072": shared[5],
    "own_8192": listed[3],
    "hashed_8192": lottery[3],
    "list_wins_512": gap[512],
    "list_wins_8192": gap[8192],
    "list_wins_131072": gap[131072],
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# By hand and by Keras the rows are the same.
assert same_rows
assert same_reviews
assert len(some) > 200
# Room: megabytes, kilobytes, bytes.
assert room["one-hot, a row a word"] > 100 * room["multi-hot, one row"]
assert 100e9 < everything < 300e9
assert 0.005 < ones < 0.03
# Real words collide as the formulas say.
assert 21 <= np.median(until) <= 25
assert surprise < 0.06
assert deviation < 0.01
assert 0.5 < shared[5] < 0.56
# With few places hashing wins (by .02 to .04 at 512 over five seeds), at
# 8,192 the list does (by .019 to .024); beyond, neither (-.006 to .002).
assert gap[128] < -0.04
assert gap[512] < -0.01
assert 0.01 < gap[8192] < 0.035
assert max(abs(gap[size]) for size in SIZES.tolist()[4:]) < 0.015
assert max(listed[4:] + lottery[4:]) < listed[3]


# %%
# Try it
# ------
# 1. Replace the hash by a poor one: the sum of a word's letters, ``sum(map(ord, word)) % size``.
#    Prediction: the dots leave the right-hand line, far above it, since words of the same letters always collide and sums of letters bunch together.
# 2. Hash pairs of words instead of words, ``text.n_grams(words, 2)`` joined by a space, into 131,072 places.
#    Prediction: naive Bayes gains two points, though nearly every pair shares its place with others.

# sphinx_gallery_topics = ["6.1.4"]
# sphinx_gallery_keywords = ["text", "one-hot", "hashing", "vocabulary"]
# sphinx_gallery_thumbnail_number = 2
