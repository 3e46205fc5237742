"""
What does a network that has never seen a satsuma know about satsumas?
======================================================================

Somebody has trained a network on more than a million photographs of a thousand kinds of things: dogs, lorries, volcanoes, and some fruit.
We have 675 photographs from supermarkets, and fourteen varieties of fruit to tell apart.
Is anything of what the network has learned of use to us?

First we ask the network as it is. Then we take its last layer off, keep the 1,280 numbers that this layer saw of each photograph,
and fit a last layer of our own to them, which takes a second.
We count how many photographs such a layer needs, look at what these numbers hold to be alike, and at the mistakes.

It assumes the pages on small data and on augmentation;
the section on pretrained networks in the fifth chapter explains the rest.
"""

# %%
# Setup
# -----
# The network was trained on photographs of 224 pixels a side. We ask it at that size, at half of it and at a quarter.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, pretrained

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

SIZES = (56, 112, 224)  # pixels
LEARN = 675  # the other 57 are the validation set of the data's authors
STEPS = 300  # of the optimiser, for a last layer
BATCH = 64
SHOTS = (1, 2, 4, 8, 16, 30)  # photographs of each variety
DRAWS = 20  # how often to draw them

# %%
# Look at the data
# ----------------
# This time we want the varieties: five sorts of apple, four of melon, three of pear, oranges and satsumas.

(x_train, y_train), (x_test, y_test) = datasets.fruit(224, "fine")
x_train, y_train = x_train[:LEARN], y_train[:LEARN]
varieties = datasets.card("fruit").fine_class_names
print(f"training {x_train.shape}, test {x_test.shape}")
counts = np.bincount(y_train)
print(f"{counts.min()} to {counts.max()} of each variety to learn from")

# %%
datasets.card("fruit")

# %%
# The network as it is
# --------------------
# EfficientNet-Lite0 is small, as such networks go. Its last layer is a softmax over the thousand classes of ImageNet.
# Below that layer stands a mean over the picture, with 1,280 numbers. We ask for both at once.


def asker(size, weights="imagenet"):
    """Return a model that gives the features and the answers."""
    network = pretrained.efficientnet_lite0(size, weights=weights)
    pool = network.get_layer("pool").output
    return keras.Model(network.input, [pool, network.output])


def asked(model, pixels):
    """Return features (n, 1280) and probabilities (n, 1000)."""
    return model.predict(pixels, batch_size=32, verbose=0)


network = asker(224)
print(f"{network.count_params():,} weights")
features, features_test = {}, {}
features[224], said_train = asked(network, x_train)
features_test[224], said = asked(network, x_test)

# %%
# One test photograph of each variety, and what the network thinks of it first:

shown = [np.flatnonzero(y_test == n)[0] for n in range(len(varieties))]
best = [guesses[0] for guesses in pretrained.decode(said[shown], top=1)]
plots.image_grid(
    x_test[shown],
    title="What the network says, before it has seen our fruit",
    titles=[
        f"{name}: “{guess.name}” {guess.probability:.0%}"
        for name, guess in zip(varieties, best, strict=True)
    ],
    columns=5,
    alt="Fourteen photographs of fruit, each with its variety and the answer "
    "of the network: Granny Smith for green apples, orange or lemon for "
    "citrus fruit, squash for some melons, grocery store for others.",
)

# %%
# And over all test photographs, the answers that are given most often:

answers = said.argmax(axis=1)
names = pretrained.imagenet_classes()
for number, variety in enumerate(varieties):
    given = np.bincount(answers[y_test == number], minlength=1000)
    most = np.argsort(-given, kind="stable")[:3]
    line = ", ".join(f"{names[k]} {given[k]}" for k in most if given[k])
    print(f"{variety:17} {line}")

# %%
# Granny Smith is one of its thousand classes, and it knows nearly every one of ours. Oranges and lemons are classes too.
# Pears, melons and red apples are not. The network takes them for the most similar thing that it has a word for,
# a squash or a lemon, or says where the photograph was taken: "grocery store". That is not even wrong.
#
# What must we beat?
# ------------------
# We could write a dictionary from its words to ours: for each of its answers, the variety that it was given for most often in training.

largest = counts.argmax()
said_first = said_train.argmax(axis=1)
dictionary = {
    word: np.bincount(y_train[said_first == word]).argmax()
    for word in np.unique(said_first)
}
translated = [dictionary.get(word, largest) for word in answers]
dictionary_accuracy = np.mean(translated == y_test)
print(f"always {varieties[largest]}  {np.mean(y_test == largest):.3f}")
print(f"dictionary      {dictionary_accuracy:.3f}")

# %%
# A dictionary beats guessing several times over, but one word for a photograph is little.
# The numbers below that word say more.
#
# A last layer of our own
# -----------------------
# The network below the last layer is *frozen*: none of its weights will change.
# So each photograph has to go through it once only, and the 1,280 numbers that come out are its *features*.
# What is left to train is a single dense layer with a softmax, on a table of 675 rows.


def fitted(rows, labels, steps=STEPS):
    """Return a last layer, fitted to rows of features."""
    keras.utils.set_random_seed(SEED)
    head = models.dense_classifier(rows.shape[1], len(varieties), hidden=())
    head.compile(
        keras.optimizers.Adam(0.003),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    epochs = max(1, steps // int(np.ceil(len(rows) / BATCH)))
    head.fit(rows, labels, epochs=epochs, batch_size=BATCH, verbose=0)
    return head


def accuracy(head, rows):
    """Return the share of test photographs that are right."""
    return np.mean(head.predict(rows, verbose=0).argmax(axis=1) == y_test)


head = fitted(features[224], y_train)
by_heart = head.evaluate(features[224], y_train, verbose=0)[1]
head_accuracy = accuracy(head, features_test[224])
print(f"{head.count_params():,} weights to train")
print(f"training {by_heart:.3f}, test {head_accuracy:.3f}")

# %%
# Three test photographs in four are right, among fourteen varieties.
# Many mistakes stay within a kind, one apple for another. If we ask only for the kind, nearly nine in ten are right.

kinds = datasets.card("fruit").class_names
kind_of = np.repeat(range(len(kinds)), (5, 4, 1, 3, 1))  # of each variety
kind_test = kind_of[y_test]
probability = head.predict(features_test[224], verbose=0)
answer = probability.argmax(axis=1)
kind_accuracy = np.mean(kind_of[answer] == kind_test)
named = [varieties.index(v) for v in ("Granny Smith", "orange")]
wordless = ~np.isin(y_test, named)
wordless_accuracy = np.mean(answer[wordless] == y_test[wordless])
print(f"right kind                            {kind_accuracy:.3f}")
print(f"varieties that ImageNet has no word for  {wordless_accuracy:.3f}")

# %%
# Twelve of the fourteen varieties have no class of their own among the thousand, and on those the layer does nearly as well as on all.
# So what carries over is not the names.
#
# Is it what the network has learned?
# -----------------------------------
# Perhaps any network of this shape would do? We take one that has learned nothing, with random weights, and fit a last layer to what *it* gives.
# Each of its features is brought to a standard deviation of 1 first.
# The comparison is made at half of the size, which also shows what the size is worth.


def shrunk(pictures, size):
    """Return smaller pictures, each pixel the mean of a block."""
    block = pictures.shape[1] // size
    blocks = pictures.reshape(len(pictures), size, block, size, block, 3)
    return blocks.mean(axis=(2, 4), dtype="float32")


small = {
    size: (shrunk(x_train, size), shrunk(x_test, size)) for size in SIZES[:2]
}
for size, parts in small.items():
    smaller = asker(size)
    features[size], features_test[size] = (
        asked(smaller, x)[0] for x in parts
    )
by_size = {
    size: accuracy(fitted(features[size], y_train), features_test[size])
    for size in SIZES
}
keras.utils.set_random_seed(SEED)
untrained = asker(112, weights=None)
blank, blank_test = (asked(untrained, x)[0] for x in small[112])
centre, spread = blank.mean(axis=0), blank.std(axis=0) + 1e-9
untrained_accuracy = accuracy(
    fitted((blank - centre) / spread, y_train), (blank_test - centre) / spread
)

# %%

thumbs, thumbs_test = (
    shrunk(x, 14).reshape(len(x), -1) / 255 for x in (x_train, x_test)
)
pixel_accuracy = accuracy(fitted(thumbs, y_train), thumbs_test)
plots.bars(
    [pixel_accuracy, untrained_accuracy, *by_size.values()],
    [
        "pixels",
        "untrained network, 112 px",
        *(f"pretrained, {size} px" for size in SIZES),
    ],
    xlabel="Accuracy on the test photographs",
    title="The same last layer on five kinds of numbers",
    fmt=".3f",
)

# %%
# The layers alone give no more than the pixels do: what helps is what they have learned.
# Size matters a great deal. At a quarter of the size that it was trained at, the network loses half of its lead over the pixels, or more:
# its filters look for things as large as they were in training.
#
# How many photographs does it take?
# ----------------------------------
# If photographs of the same fruit have similar features, little has to be learned at all.
# So here is a reader that learns nothing: it takes the mean of the features of each variety,
# and gives a new photograph to the variety whose mean lies in the most similar direction.
# We draw one photograph of each variety, two, four and so on, twenty times each.


def nearest_mean(rows, labels, test):
    """Return the class whose mean has the direction most like each row's."""
    means = np.stack([rows[labels == n].mean(axis=0) for n in set(labels)])
    middle = means.mean(axis=0)
    means, test = means - middle, test - middle
    return (test @ (means.T / np.linalg.norm(means, axis=1))).argmax(axis=1)


random = np.random.default_rng(SEED)
places = [np.flatnonzero(y_train == n) for n in range(len(varieties))]
table = {
    "features": (features[224], features_test[224]),
    "pixels": (thumbs, thumbs_test),
}
draws = {name: np.zeros((len(SHOTS), DRAWS)) for name in table}
for row, column in np.ndindex(len(SHOTS), DRAWS):
    few = [random.permutation(place)[: SHOTS[row]] for place in places]
    few = np.concatenate(few)
    for name, (rows, test) in table.items():
        found = nearest_mean(rows[few], y_train[few], test)
        draws[name][row, column] = np.mean(found == y_test)
curve = {name: scores.mean(axis=1) for name, scores in draws.items()}

# %%

fig, ax = plt.subplots()
for name, marker, colour in (("features", "o", "C0"), ("pixels", "s", "C1")):
    low, high = draws[name].min(axis=1), draws[name].max(axis=1)
    ax.fill_between(SHOTS, low, high, color=colour, alpha=0.2, lw=0)
    ax.plot(SHOTS, curve[name], "-", marker=marker, color=colour)
    away = -0.13 if name == "features" else 0.08
    ax.annotate(f"by {name}", (8, curve[name][3] + away), color=colour)
ax.axhline(head_accuracy, color="C2", ls="--")
ax.annotate(
    "a layer fitted to all 675", (1, head_accuracy + 0.02), color="C2"
)
ax.set_xscale("log", base=2)
ax.set_xticks(SHOTS, SHOTS)
ax.set(
    title="One photograph of each variety goes a long way",
    xlabel="Training photographs of each variety",
    ylabel="Accuracy on the test photographs",
    ylim=(0, 1),
)
fig.set_label(
    "Accuracy over the number of photographs of each variety. By features it "
    "rises from about a half at one photograph to about 0.7 at thirty, near "
    "the dashed line of a layer fitted to all; by pixels it stays far below."
)
for shots, *scores in zip(SHOTS, *curve.values(), strict=True):
    print(
        f"{shots:2} of each: features {scores[0]:.3f}, pixels {scores[1]:.3f}"
    )

# %%
# Fourteen photographs, one of each variety, are enough to be right about half of the others.
# By pixels, all of the photographs together are not.
# The shaded band says how much depends on which photographs one happens to have.
# With thirty of each, the means come within ten points of the fitted layer, which can weigh the 1,280 numbers against each other.
#
# What the features hold to be alike
# ----------------------------------
# Why is so little needed? Take a test photograph and look for the training photographs that are most like it,
# once by their pixels and once by their features, both times by the angle between the two rows.


def directions(rows, middle):
    """Return rows of length 1 that point away from a middle."""
    return (rows - middle) / np.linalg.norm(rows - middle, axis=1)[:, None]


nearest = {}
for name, (rows, test) in table.items():
    middle = rows.mean(axis=0)
    alike = directions(test, middle) @ directions(rows, middle).T
    nearest[name] = np.argsort(-alike, axis=1, kind="stable")[:, :2]
same = {
    name: np.mean(y_train[order[:, 0]] == y_test)
    for name, order in nearest.items()
}
for name, share in same.items():
    print(f"nearest by {name:9} is of the same variety: {share:.3f}")

# %%

picked = ("watermelon", "Pink Lady", "satsuma", "Royal Gala")
rows = [shown[varieties.index(name)] for name in picked]
grid, titles = [], []
for index in rows:
    grid.append(x_test[index])
    titles.append(f"Test: {varieties[y_test[index]]}")
    for name, order in reversed(nearest.items()):
        for other in order[index]:
            grid.append(x_train[other])
            titles.append(f"By {name}: {varieties[y_train[other]]}")
plots.image_grid(
    np.stack(grid),
    title="Four test photographs and their nearest neighbours",
    titles=titles,
    columns=5,
    alt="Four rows: a test photograph, the two training photographs nearest "
    "to it by pixels, which mostly share its light and shade, and the two "
    "nearest by features, which mostly show the same fruit.",
)

# %%
# Pixels call two photographs alike that are bright and dark in the same places.
# To the features it matters what is in the photograph, and hardly where. They were formed so that a thousand other things could be told apart,
# whatever the light and the place, and fruit needs that skill too.
# The last row shows that "what" need not be the fruit: to the features, a price tag is also something.
#
# A map shows the same for all test photographs: the plane in which the rows of numbers spread most, which principal components give.

fig, axes = plt.subplots(1, 2, figsize=(6.4, 4.2))
apart = {}
for ax, (name, rows) in zip(
    axes,
    {name: table[name][1] for name in ("pixels", "features")}.items(),
    strict=True,
):
    centred = rows - rows.mean(axis=0)
    _, _, axes_of_spread = np.linalg.svd(centred, full_matrices=False)
    plane = centred @ axes_of_spread[:2].T
    means = np.stack([plane[kind_test == k].mean(axis=0) for k in range(5)])
    apart[name] = means[kind_test].var(axis=0).sum() / plane.var(axis=0).sum()
    for k, marker in enumerate("osD^v"):
        ax.scatter(
            *plane[kind_test == k].T, s=11, marker=marker, label=kinds[k]
        )
    ax.set_title(f"By {name}", fontsize=11)
    ax.set(xticks=[], yticks=[])
    ax.set(xlabel="First component", ylabel="Second component")
fig.suptitle("A map of the test photographs", x=0.02, ha="left")
handles, labels = ax.get_legend_handles_labels()
fig.legend(
    handles, labels, loc="outside lower center", ncols=5, handlelength=1
)
fig.set_label(
    "Two scatter plots of the test photographs, a mark for each. By pixels "
    "the five kinds of fruit are mixed; by features they form regions, apples "
    "and citrus fruit apart from melons and pears."
)
# %%
# How much of the spread lies between the kinds, and how much within them?

for name, share in apart.items():
    print(f"spread of the map that the kinds explain, {name:9} {share:.2f}")

# %%
# Nobody told this map what fruit there is. It is drawn from the features alone, and still the kinds lie in regions of their own.
# In 1,280 directions there is far more room than in two, and a last layer uses it.
#
# The mistakes
# ------------

wrong = np.flatnonzero(answer != y_test)
bold = wrong[np.argsort(-probability[wrong, answer[wrong]])[:10]]
plots.image_grid(
    x_test[bold],
    title="The boldest mistakes",
    titles=[
        f"{varieties[y_test[i]]} as {varieties[answer[i]]}" for i in bold
    ],
    columns=5,
    alt="Ten test photographs that the new last layer misreads with "
    "confidence; most are taken for another variety of the same kind or for "
    "a fruit of the same colour.",
)
within = np.mean(kind_of[answer[wrong]] == kind_test[wrong])
print(f"{len(wrong)} wrong, {within:.2f} of them within the kind")

# %%
# About half of the mistakes stay within the kind, a green apple for another green apple.
# ImageNet has no need to tell two sorts of apple apart, and features that serve for a thousand classes pass over what divides these two.
# The next page lets the upper part of the network learn it.
#
# What to take away
# -----------------
# A network that was trained on a million photographs of other things gives features with which a single layer gets three in four of our photographs right.
# The layer is fitted in a second, because the frozen network is asked once for each photograph; and a few photographs of each variety go a long way.
# What carries over are not the names of the classes but what is held to be alike; how well, depends on the size at which the network sees.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

granny = y_test == varieties.index("Granny Smith")
measured = {
    "dictionary_accuracy": dictionary_accuracy,
    "test_accuracy": head_accuracy,
    "training_accuracy": by_heart,
    "kind_accuracy": kind_accuracy,
    "wordless_accuracy": wordless_accuracy,
    "accuracy_56_px": by_size[56],
    "accuracy_112_px": by_size[112],
    "untrained_accuracy": untrained_accuracy,
    "pixel_accuracy": pixel_accuracy,
    "features_1_shot": curve["features"][0],
    "features_4_shots": curve["features"][2],
    "features_30_shots": curve["features"][5],
    "pixels_30_shots": curve["pixels"][5],
    "same_variety_by_features": same["features"],
    "same_variety_by_pixels": same["pixels"],
    "kinds_explain_features": apart["features"],
    "kinds_explain_pixels": apart["pixels"],
    "mistakes_within_kind": within,
}
for name, value in measured.items():
    print(f"{name:26} {value:.4g}")

# (All ranges are those of five seeds; what has none needs no seed.)
# Granny Smiths are known by name; most red apples are a grocery store.
assert np.mean(answers[granny] == names.index("Granny Smith")) > 0.9
for variety in ("Pink Lady", "Royal Gala"):
    given = answers[y_test == varieties.index(variety)]
    assert np.mean(given == names.index("grocery store")) > 0.6
# A dictionary beats guessing several times over.
assert dictionary_accuracy > 3 * np.mean(y_test == largest)
# Three in four are right (.752 to .764), and nearly nine in ten kinds (.874
# to .880).
assert 0.72 < head_accuracy < 0.8
assert 0.85 < kind_accuracy < 0.91
# Varieties without a class of their own do nearly as well (.739 to
# .753).
assert abs(head_accuracy - wordless_accuracy) < 0.03
# What helps is what the layers have learned (untrained: .160 to .215,
# pixels: .386 to .418) ...
assert untrained_accuracy < pixel_accuracy + 0.02
# ... and a quarter of the size costs half of the lead over pixels, or more.
assert by_size[112] + 0.05 < by_size[224]
assert by_size[56] + 0.05 < by_size[112]
lead, small_lead = (by_size[size] - pixel_accuracy for size in (224, 56))
assert small_lead < 0.6 * lead
# One photograph of each is enough for half (.488 to .506), and more than all
# pixels give.
assert 0.44 < curve["features"][0] < 0.56
assert curve["features"][0] > pixel_accuracy + 0.02
assert np.all(np.diff(curve["features"]) > 0)
assert 0 < head_accuracy - curve["features"][-1] < 0.1
# Neighbours and the map.
assert same["features"] > 0.7
assert same["pixels"] < 0.35
assert apart["features"] > 0.65
assert apart["pixels"] < 0.35
# About half of the mistakes stay within the kind (.474 to .509).
assert 0.38 < within < 0.58


# %%
# Try it
# ------
# 1. Fit the layer to the thousand probabilities ``said_train`` instead of the features.
#    Prediction: worse by far, for a thousand words say less than the numbers that they were made of.
#    (We got .45, and .61 from the logarithms of the probabilities.)
# 2. Give the small network pictures from 0 to 1, ``shrunk(x_train, 56) / 255``.
#    Prediction: the accuracy falls to little more than guessing, and nothing warns of it. (We got .15.)

# sphinx_gallery_topics = ["5.3"]
# sphinx_gallery_keywords = ["images", "small data", "pretrained network", "transfer learning"]
# sphinx_gallery_budget = {"cpu_seconds": 110, "memory_mb": 3000, "because": "1,336 photographs go once through a pretrained network at its full size, and at two smaller ones"}
# sphinx_gallery_thumbnail_number = 5
