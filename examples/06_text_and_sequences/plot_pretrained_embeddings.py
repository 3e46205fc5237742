"""
What are borrowed word vectors worth?
=====================================

With two hundred reviews to learn from, a network meets most words of the language never or once. Others have read more:
the GloVe vectors were learned from six thousand million words of encyclopaedia and news, and anybody may use them.

On this page we first ask the vectors themselves: which words are neighbours, which analogies hold, and which do not.
Then three networks judge film reviews: one keeps the borrowed vectors as they are, one goes on to train them, one begins with random numbers.
They learn from twenty reviews, then from more and more. We want to know where the loan stops paying.

It assumes the page on learned embeddings; the section on embeddings in the sixth chapter explains the rest.
"""

# %%
# Setup
# -----
# The numbers of steps were chosen on validation reviews, once for all seeds. A validation set for each size would be larger than most of the training sets.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, plots, pretrained, text

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 10_000
LENGTH = 120  # words of a review, its last ones
REPEATS = {20: 4, 50: 4, 200: 2, 1_000: 2, 5_000: 2}  # for so many reviews
STEPS = 80  # of the optimiser
BATCH = 128

# %%
# Ask the vectors
# ---------------
# We take the 50,000 most frequent words of the file. The nearest neighbours of a word are those whose vectors point most nearly the same way.

glove = pretrained.word_vectors(50_000)
neighbours = {}
for word in ("film", "seven", "paris", "excellent", "boring"):
    found = glove.neighbours(word, 5)
    neighbours[word] = [name for name, _ in found]
    print(f"{word:10}", *neighbours[word], sep="  ")

# %%
pretrained.card("word_vectors")

# %%
# Films lie beside movies, seven beside other numbers, Paris beside capitals.
# But next to *boring* lies *funny*. The vectors know in what company a word is found, and one may call a film boring or funny in the same sentence.
# What a verdict needs, the difference between the two, was not asked for.
#
# Analogies
# ---------
# Man is to king as woman is to what? If the way from *man* to *king* is the same as that from *woman* to the answer,
# it is found near *king* - *man* + *woman*. We ask many such questions of six kinds, each pair of words against every other pair of its kind.

PAIRS = {
    "capitals": "france paris italy rome germany berlin spain madrid japan "
    "tokyo china beijing russia moscow greece athens egypt cairo cuba havana",
    "family": "man woman king queen brother sister son daughter father mother "
    "uncle aunt actor actress prince princess husband wife boy girl",
    "past tense": "go went see saw take took give gave come came run ran "
    "write wrote sing sang fall fell know knew",
    "plurals": "car cars dog dogs book books child children house houses city "
    "cities foot feet king kings film films eye eyes",
    "comparatives": "big bigger small smaller long longer high higher low "
    "lower fast faster strong stronger weak weaker good better bad worse",
    "opposites": "hot cold big small good bad long short high low fast slow "
    "strong weak old new rich poor early late",
}

# %%

right = {}
for kind, listed in PAIRS.items():
    words = listed.split()
    pairs = list(zip(words[::2], words[1::2], strict=True))
    answers = [
        glove.analogy(*given, asked[0], top=1)[0][0] == asked[1]
        for given in pairs
        for asked in pairs
        if given != asked
    ]
    right[kind] = np.mean(answers)

plots.bars(
    [100 * share for share in right.values()],
    list(right),
    xlabel="Analogies that hold (%)",
    title="Ninety questions of each kind",
    fmt=".0f",
)

# %%
# Capitals and families come out well, about eight in ten. Grammar holds half of the time or a little more. Of the opposites one question in four is answered, for *hot* and *cold* stand in the same sentences.
# Some single answers, good and bad:

answers = {}
for question in (
    "man king woman",
    "italy pizza japan",
    "big bigger small",
    "hot cold big",
    "man doctor woman",
):
    one, two, three = question.split()
    answers[question] = [
        name for name, _ in glove.analogy(one, two, three, 3)
    ]
    print(f"{one} : {two} = {three} :", *answers[question])

# %%
# The last line is no law of nature. It says in what company the words *doctor* and *woman* were found in the newspapers that the vectors were learned from.
# Whoever borrows vectors borrows their prejudices too.
# And there is a trick in all of these answers: the three words of a question are not allowed as answers. Otherwise the nearest to *king* - *man* + *woman* is often the king himself.

# %%
# Look at the data
# ----------------
# Now the reviews. Their vocabulary comes from the training texts; the labels are used a few at a time.

(x_train, y_train), (x_test, y_test) = datasets.movie_reviews()
words_train = [text.words(review) for review in x_train]
places = text.vocabulary(words_train, VOCABULARY, padding=True)
table = pretrained.word_vectors(places)


def rows(texts):
    """Return the numbers of each text's last words, filled up."""
    numbers = [places.encode(words) for words in texts]
    return keras.utils.pad_sequences(numbers, LENGTH, padding="post")


train = rows(words_train)
test = rows([text.words(review) for review in x_test])
absent = [
    w for w, found in zip(places, table.found, strict=True) if not found
]
print(f"found: {table.coverage:.1%}; not found:", *absent[2:10])

# %%
datasets.card("movie_reviews")

# %%
# All but one word in a hundred are there. What is missing has lost its apostrophe, such as *youve*: GloVe's makers cut *you* from *'ve*.
#
# What must we beat?
# ------------------
# Guessing is right half of the time. The network to beat is the one that borrows nothing.
#
# The networks
# ------------
# A review is the mean of its words' vectors. These means differ little from review to review, for every review is full of *the* and *of*.
# So we move and stretch the fifty columns of the table, until the means have mean 0 and a spread of one tenth. No label is needed for that.


def means(matrix, numbers):
    """Return the mean vector of each text, without the filling."""
    present = (numbers > 0)[..., None]
    total = np.where(present, matrix[numbers], 0).sum(axis=1)
    return total / np.maximum(present.sum(axis=1), 1)


raw = means(table.matrix, train[:2_000])
scaled = 0.1 * (table.matrix - raw.mean(axis=0)) / raw.std(axis=0)
scaled[~table.found] = 0
test_means = means(scaled, test)


# %%


def build_network(kind):
    """Return a network that is frozen, tuned or random, ready to train."""
    if kind == "frozen":  # its means never change: they are the inputs
        layers = [keras.Input((50,))]
    else:
        layers = [
            keras.Input((LENGTH,), dtype="int32"),
            keras.layers.Embedding(VOCABULARY, 50, mask_zero=True),
            keras.layers.GlobalAveragePooling1D(),
        ]
    network = keras.Sequential(
        [*layers, keras.layers.Dense(1, activation="sigmoid")]
    )
    if kind == "tuned":
        network.layers[0].set_weights([scaled])
    network.compile(
        keras.optimizers.Adam(0.05 if kind == "frozen" else 0.01),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=8,
    )
    return network


# %%


def test_accuracy(kind, chosen):
    """Return a network's accuracy after learning from these reviews."""
    batch = min(BATCH, len(chosen))
    again = np.resize(chosen, STEPS * batch)  # each as often as needed
    network = build_network(kind)
    inputs = train[again]
    if kind == "frozen":
        inputs = means(scaled, train[chosen])
        inputs = np.resize(inputs, (len(again), 50))
    network.fit(inputs, y_train[again], batch_size=batch, verbose=0)
    asked = test_means if kind == "frozen" else test
    return network.evaluate(asked, y_test, batch_size=500, verbose=0)[1]


# %%
# How many reviews?
# -----------------
# Each size is tried several times, with other reviews, and the small ones most often, for much depends on which reviews they are. The three networks learn from the same ones.

KINDS = {"frozen": "C0o-", "tuned": "C1s--", "random": "C2^-."}
random = np.random.default_rng(SEED)
scores = {}
for size, repeats in REPEATS.items():
    for repeat in range(repeats):
        chosen = random.permutation(len(train))[:size]
        for kind in KINDS:
            keras.utils.set_random_seed(4 * SEED + repeat)
            score = test_accuracy(kind, chosen)
            scores.setdefault((kind, size), []).append(score)
    shown = [f"{kind} {np.mean(scores[kind, size]):.3f}" for kind in KINDS]
    print(f"{size:5,} reviews:", *shown, sep="  ")

# %%

fig, ax = plt.subplots(figsize=(6.4, 4.2))
sizes = list(REPEATS)
for kind, style in KINDS.items():
    tried = [np.array(scores[kind, size]) for size in sizes]
    middle = np.array([one.mean() for one in tried])
    low, high = ([f(one) for one in tried] for f in (np.min, np.max))
    whiskers = [middle - low, high - middle]
    ax.errorbar(sizes, middle, whiskers, fmt=style, label=kind)
ax.set(
    title="Borrowed vectors and how many reviews",
    xlabel="Training reviews",
    ylabel="Accuracy on the test set",
    xscale="log",
    xticks=sizes,
    xticklabels=[f"{size:,}" for size in sizes],
)
ax.minorticks_off()
ax.legend(title="Table of vectors")
fig.set_label(
    "Accuracy over the number of training reviews, 20 to 5,000, with "
    "whiskers from the lowest to the highest repetition. On the left the "
    "frozen table leads; at 200 the three meet; on the right the frozen one "
    "lies far below the two others, which run together."
)

# %%
# With twenty and with fifty reviews the frozen table leads: it knows words that the reviews have not shown.
# With two hundred the lead is gone. From a thousand on the frozen table is far behind, for its fifty numbers do not tell *boring* from *funny*, and nothing that it learns can change them.
#
# Training the borrowed table does not combine the best of both. With few reviews it is free to learn them by heart, as the random one is, and with many it ends where the random one ends.
# The whiskers say how much depends on which reviews one happens to have.
# Eighty steps of 128 reviews are two passes through the largest set, so the two tables that move have not come to their end there.
#
# What to take away
# -----------------
# Borrowed word vectors know in what company a word is found; that makes good neighbours, many analogies, and no verdicts.
# They help where examples are counted in tens. Where there are hundreds, rows that were learned with the task do as well, and soon better.
# A frozen table cannot learn by heart and cannot learn what it lacks; which of the two matters more is decided by the number of examples.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

mean = {key: float(np.mean(values)) for key, values in scores.items()}
lead = {size: mean["frozen", size] - mean["random", size] for size in sizes}
measured = {
    "capitals_right": right["capitals"],
    "family_right": right["family"],
    "past_tense_right": right["past tense"],
    "plurals_right": right["plurals"],
    "comparatives_right": right["comparatives"],
    "opposites_right": right["opposites"],
    "coverage": table.coverage,
    "frozen_20": mean["frozen", 20],
    "tuned_20": mean["tuned", 20],
    "random_20": mean["random", 20],
    "frozen_50": mean["frozen", 50],
    "tuned_50": mean["tuned", 50],
    "random_50": mean["random", 50],
    "frozen_200": mean["frozen", 200],
    "tuned_200": mean["tuned", 200],
    "random_200": mean["random", 200],
    "frozen_1000": mean["frozen", 1_000],
    "tuned_1000": mean["tuned", 1_000],
    "random_1000": mean["random", 1_000],
    "frozen_5000": mean["frozen", 5_000],
    "tuned_5000": mean["tuned", 5_000],
    "random_5000": mean["random", 5_000],
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# Neighbours and analogies do not depend on the seed.
assert neighbours["film"][0] == "movie"
assert "funny" in neighbours["boring"]
assert min(right["capitals"], right["family"]) > 0.7
for kind in ("past tense", "plurals", "comparatives"):
    assert 0.4 < right[kind] < 0.75
assert 0.15 < right["opposites"] < 0.35
assert answers["man king woman"][0] == "queen"
assert answers["man doctor woman"][0] == "nurse"
assert "small" not in answers["hot cold big"]
assert 0.98 < table.coverage < 0.995
assert "youve" in absent
# Frozen leads with tens of reviews (over five seeds .61 to .64 against .54
# to .60 at 20), is equal at 200 (.70 to .72 against .70 to .73), and falls
# behind (.73 to .74 against .78 to .79 at 1,000, .74 against .82 at 5,000).
assert (lead[20] + lead[50]) / 2 > 0
assert abs(lead[200]) < 0.05
assert lead[1_000] < -0.02
assert lead[5_000] < -0.04
# Tuned and random end together.
assert abs(mean["tuned", 5_000] - mean["random", 5_000]) < 0.03

# %%
# Try it
# ------
# 1. Do not move and stretch the columns: put ``table.matrix`` in the place of ``scaled``.
#    Prediction: the frozen network learns too slowly for eighty steps, and loses its lead.
# 2. Let the frozen network see a hidden layer of 32 units before its last one.
#    Prediction: no better at any size, for what is not in the fifty numbers cannot be computed from them.

# sphinx_gallery_topics = ["6.1.5b", "6.1.3"]
# sphinx_gallery_keywords = ["text", "embeddings", "transfer learning", "binary classification"]
# sphinx_gallery_budget = {"cpu_seconds": 90, "because": "forty-two networks are trained, most of them on few reviews"}
# sphinx_gallery_thumbnail_number = 2
