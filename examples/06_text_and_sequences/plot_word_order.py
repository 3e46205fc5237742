"""
Does it pay to keep the words in order?
=======================================

The network of the third chapter sees the set of a review's words and is right about nearly nine reviews in ten.
"Good, not bad" and "bad, not good" are the same to it. Surely the order matters?

The cheapest way to keep some of it is to let pairs of neighbours be tokens too, *bigrams*.
On this page the same network learns from single words and from words and pairs, with as many places for both.
Then we shuffle the words of every test review and see which of the two notices.

What comes out is the mark that any network for sequences has to beat.
It assumes the page on film reviews in the third chapter; the section on tokens in the sixth explains the rest.
"""

# %%
# Setup
# -----
# Twenty thousand places for either network: what the pairs gain shall not come from a longer list.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, plots, text

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

PLACES = 20_000
LONGEST = 500  # places of a text; those of rarer tokens are dropped
VALIDATION = 4_000  # of 20,000 training reviews, to say when to stop
BATCH = 512

# %%
# Look at the data
# ----------------
# How often does a *not* stand before the words of praise and of blame?

(x_train, y_train), (x_test, y_test) = datasets.movie_reviews()
words_train = [text.words(review) for review in x_train]
words_test = [text.words(review) for review in x_test]
print("share of praise among the reviews that contain it")
praised = {}
for word in ("good", "bad", "funny", "boring"):
    with_word, with_pair = [], []
    for words, label in zip(words_train, y_train, strict=True):
        if word in words:
            with_word.append(label)
            if ("not", word) in text.n_grams(words, 2):
                with_pair.append(label)
    praised[word] = np.mean(with_word), np.mean(with_pair)
    alone, negated = praised[word]
    print(f"{word:7} {alone:.2f}   not {word:7} {negated:.2f}")

# %%
datasets.card("movie_reviews")

# %%
# A *not* turns the hint around, and *not funny* says far more than *funny*, which says nothing.
# A sum over single words cannot know whether the *not* belonged to *funny* or to another word.
#
# What must we beat?
# ------------------
# The network of single words, then. A text becomes the set of the places that its tokens have.


def single_words(words):
    """Return the tokens for a bag of words."""
    return words


def words_and_pairs(words):
    """Return the tokens for a bag of words and bigrams."""
    return [*words, *map(" ".join, text.n_grams(words, 2))]


vocabularies = {
    cut: text.vocabulary(map(cut, words_train), PLACES, padding=True)
    for cut in (single_words, words_and_pairs)
}
known = list(vocabularies[words_and_pairs])
pairs_known = sum(" " in token for token in known)
print(f"of {PLACES:,} places, {pairs_known:,} are pairs")

# %%


def sets(texts, cut):
    """Return each text's places, filled up with 0: (texts, LONGEST)."""
    vocabulary = vocabularies[cut]
    found = [np.unique(vocabulary.encode(cut(words))) for words in texts]
    return keras.utils.pad_sequences(
        found, LONGEST, padding="post", truncating="post"
    )


# %%
# The model
# ---------
# The first layer of the third chapter multiplies a row of zeros and ones by a matrix of 16 columns. What comes out is the sum of the matrix's rows at the places of the ones.
# With 20,000 places it is much quicker to look these rows up and to add them; the network is the same.


class SumOfRows(keras.layers.Layer):
    """Add up the rows that an embedding has looked up, without filling."""

    def call(self, rows, mask=None):  # (batch, places, 16)
        present = keras.ops.cast(mask, rows.dtype)
        return keras.ops.einsum("bpk,bp->bk", rows, present)

    def compute_mask(self, rows, mask=None):
        """Say that nothing is filling any more."""


# %%


def build_network():
    """Return the network, ready to be trained."""
    network = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(
                PLACES, 16, "glorot_uniform", mask_zero=True
            ),
            SumOfRows(),
            keras.layers.ReLU(),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(
        keras.optimizers.RMSprop(0.003),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    return network


# %%


def train(cut):
    """Return a network that has learned from texts cut in this way."""
    keras.utils.set_random_seed(SEED)
    network = build_network()
    inputs = sets(words_train, cut)
    network.fit(
        inputs[:-VALIDATION],
        y_train[:-VALIDATION],
        epochs=12,
        batch_size=BATCH,
        validation_data=(inputs[-VALIDATION:], y_train[-VALIDATION:]),
        callbacks=[
            keras.callbacks.EarlyStopping(
                patience=1, restore_best_weights=True
            )
        ],
        verbose=0,
    )
    return network


# %%
# Train, and judge
# ----------------
# Both networks stop when the validation loss has begun to rise, and keep the weights of the epoch before.

networks, accuracy, asked = {}, {}, {}
for cut in vocabularies:
    networks[cut] = train(cut)
    asked[cut] = sets(words_test, cut)
    _, accuracy[cut] = networks[cut].evaluate(
        asked[cut], y_test, batch_size=BATCH, verbose=0
    )
    print(f"{cut.__name__:16} {accuracy[cut]:.3f}")
gain = accuracy[words_and_pairs] - accuracy[single_words]

# %%
# Pairs help, by a point or two: where the first network makes ten mistakes, the second makes nine.
# That is less than one might have hoped.
#
# One thing varied: the order
# ---------------------------
# Now we shuffle the words of every test review. No reader could follow them any more.

random = np.random.default_rng(SEED)
shuffled = [random.permutation(words).tolist() for words in words_test]
disorder = {}
for cut in vocabularies:
    _, disorder[cut] = networks[cut].evaluate(
        sets(shuffled, cut), y_test, batch_size=BATCH, verbose=0
    )
plots.bars(
    [
        100 * (1 - score[cut])
        for cut in vocabularies
        for score in (accuracy, disorder)
    ],
    ["single words", "shuffled", "words and pairs", "shuffled "],
    xlabel="Mistakes on the test set (%)",
    title="What the order is worth",
    fmt=".1f",
)

# %%
# The network of single words gives the same answers to the shuffled reviews, for it never knew their order.
# The network of pairs loses all that it had gained, and a little more: it had gained it from the order, and pairs that meet by chance mislead it.
#
# Look inside
# -----------
# What does a pair add to its words? We ask the network about the two words alone, and then about the words and the pair, and note by how much the log-odds of praise move.


def log_odds(rows):
    """Return what the network feeds to its sigmoid, (rows,)."""
    p = networks[words_and_pairs].predict(rows, verbose=0)[:, 0]
    p = np.clip(p.astype("float64"), 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


vocabulary = vocabularies[words_and_pairs]
in_pairs = np.array([token.split() for token in known if " " in token])
both = np.array([vocabulary.encode(pair) for pair in in_pairs])
own = vocabulary.encode([" ".join(pair) for pair in in_pairs])
without = log_odds(np.column_stack([both, np.zeros(len(own), int)]))
added = log_odds(np.column_stack([both, own])) - without
order = np.argsort(added)
ends = np.concatenate([order[:-11:-1], order[9::-1]])
fig, ax = plt.subplots(figsize=(6.4, 5.6))
plots.bars(
    added[ends],
    [" ".join(in_pairs[one]) for one in ends],
    xlabel="Log-odds of praise that the pair adds",
    title="Pairs that say more than their words",
    fmt="+.2f",
    ax=ax,
)

# %%
# These are the pairs that single words misjudge: the two words together say something that neither says alone.
#
# What to take away
# -----------------
# Pairs of words keep a little of the order, and the network that sees them makes fewer mistakes with every seed.
# Most of a film review's verdict is in the set of its words; the order adds a point or two.
# A bag of words and pairs is quick, needs no network for sequences, and is the mark that such a network has to beat.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

same = accuracy[single_words] == disorder[single_words]
fewer = (1 - accuracy[words_and_pairs]) / (1 - accuracy[single_words])
measured = {
    "words": accuracy[single_words],
    "pairs": accuracy[words_and_pairs],
    "gain": gain,
    "pairs_shuffled": disorder[words_and_pairs],
    "mistakes_left": fewer,
}
for name, value in measured.items():
    print(f"{name:16} {value:.4g}")
# Pairs gain a point or two (.0098 to .0194 over five seeds) ...
assert 0.86 < accuracy[single_words] < 0.89
assert 0.005 < gain < 0.03
assert 0.8 < fewer < 0.96
# ... and shuffling takes it away, and a little more.
assert same
assert -0.03 < disorder[words_and_pairs] - accuracy[single_words] < 0
# A not turns a hint around, or makes one.
assert praised["bad"][1] > praised["bad"][0] + 0.1
assert praised["boring"][1] > praised["boring"][0] + 0.3
assert praised["funny"][1] < praised["funny"][0] - 0.3
assert praised["good"][1] < praised["good"][0] - 0.2

# %%
# Try it
# ------
# 1. Leave the single words out and keep pairs alone.
#    Prediction: about as good as single words alone; what is gained by the order is lost by the rarity of pairs.
# 2. Learn from 2,000 reviews instead of 16,000.
#    Prediction: the gain of the pairs gets smaller, since most pairs are then too rare to learn from.

# sphinx_gallery_topics = ["6.1.2"]
# sphinx_gallery_keywords = ["text", "n-grams", "binary classification", "dense network"]
# sphinx_gallery_references = {"pairs": {"value": 0.892, "source": "Wang and Manning 2012: linear classifier on bigrams, the full collection's own test set"}, "words": {"value": 0.87, "source": "Wang and Manning 2012: linear classifier on single words, the full collection's own test set"}}
# sphinx_gallery_thumbnail_number = 2
