"""
One photograph, three questions: whose loss does the network listen to?
=======================================================================

What kind of fruit is in this photograph? Which variety? And how red is it?
Three networks could answer the three questions. But whoever tells a Granny Smith from a Royal Gala has seen the colour too,
so one network with three last layers should do, with a single trunk below them.

On this page such a network is trained twice. The first time all three losses count alike, and we measure whose gradients move the trunk.
The second time they are weighted. Then we compare with three networks of their own, and ask whether the answers to the first two questions agree.

It assumes the page on features of a pretrained network; the section on several inputs and outputs in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# The photographs go once through a frozen network, at less than half of its size to save time. What is trained is what lies above.

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from dlguide import datasets, models, plots, pretrained

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

SIZE = 96  # pixels
LEARN = 675  # the other 57 are the validation set of the data's authors
FEATURES = 1280  # what the frozen network says of a photograph
UNITS = 32  # of the trunk: few, so that the questions have to share
EPOCHS = 15
BATCH = 64
RATE = 0.003

# %%
# Look at the data
# ----------------
# The variety of each fruit is known, and from it follows its kind. The third answer is in the pixels themselves.
# How red a photograph is, we take to be the mean of its red channel minus that of its green channel, in grey levels.
# It costs nothing to know, which is convenient here; in a shop the third question might be the weight in grams.

(x_train, variety_train), (x_test, variety_test) = datasets.fruit(
    SIZE, "fine"
)
x_train, variety_train = x_train[:LEARN], variety_train[:LEARN]
fruit = datasets.card("fruit")
varieties, kinds = fruit.fine_class_names, fruit.class_names
KIND_OF = np.repeat(range(len(kinds)), (5, 4, 1, 3, 1))  # of each variety


def answers_for(pictures, variety):
    """Return the three true answers, by the names of the questions."""
    means = pictures.mean(axis=(1, 2))
    red = (means[:, 0] - means[:, 1]).astype("float32")
    return {"kind": KIND_OF[variety], "variety": variety, "red": red}


truth = answers_for(x_train, variety_train)
truth_test = answers_for(x_test, variety_test)
print(f"training {x_train.shape}, test {x_test.shape}")
middle, spread = truth["red"].mean(), truth["red"].std()
print(f"redness: mean {middle:.1f}, deviation {spread:.1f} grey levels")

# %%
datasets.card("fruit")

# %%

shown = [np.flatnonzero(variety_test == n)[0] for n in (1, 4, 5, 8, 9, 10)]
plots.image_grid(
    x_test[shown],
    title="Three answers for each photograph",
    titles=[
        f"{kinds[truth_test['kind'][i]]}, {varieties[variety_test[i]]}, "
        f"{truth_test['red'][i]:.0f}"
        for i in shown
    ],
    columns=3,
    alt="Six photographs of fruit, each with its kind, its variety and its "
    "redness in grey levels. Green fruit has a low number, red fruit a high "
    "one.",
)

# %%
# What must we beat?
# ------------------
# The most frequent kind and variety, and the mean redness.


def frequent(question):
    """Return the accuracy of the most frequent training answer."""
    return np.mean(
        truth_test[question] == np.bincount(truth[question]).argmax()
    )


guess = np.abs(truth_test["red"] - middle).mean()
print(
    f"kind {frequent('kind'):.3f}, variety {frequent('variety'):.3f},",
    end=" ",
)
print(f"redness: mean error {guess:.1f} grey levels")

# %%
# The features are computed once.

base = pretrained.efficientnet_lite0(SIZE, include_top=False)
pool = keras.layers.GlobalAveragePooling2D()(base.output)
frozen = keras.Model(base.input, pool)
features = frozen.predict(x_train, batch_size=32, verbose=0)
features_test = frozen.predict(x_test, batch_size=32, verbose=0)
print(f"features {features.shape}")

# %%
# The model
# ---------
# A trunk and three heads. Outputs have names, so that losses and answers can be given by name.


def build_network():
    """Return a network with one trunk and three heads."""
    inputs = keras.Input((FEATURES,))
    x = keras.layers.Dense(UNITS, activation="relu", name="trunk")(inputs)
    outputs = {
        "kind": keras.layers.Dense(5, "softmax", name="kind")(x),
        "variety": keras.layers.Dense(14, "softmax", name="variety")(x),
        "red": keras.layers.Dense(1, name="red")(x),
    }
    return keras.Model(inputs, outputs)


# %%
# The library's builder puts heads on any trunk. It makes the networks with one question each.

HEADS = {
    "kind": (5, "softmax"),
    "variety": (14, "softmax"),
    "red": (1, "linear"),
}
LOSSES = {
    "kind": "sparse_categorical_crossentropy",
    "variety": "sparse_categorical_crossentropy",
    "red": "mean_squared_error",
}


def build_for(*questions):
    """Return a network with a trunk of its own for the questions named."""
    inputs = keras.Input((FEATURES,))
    x = keras.layers.Dense(UNITS, activation="relu", name="trunk")(inputs)
    trunk = keras.Model(inputs, x)
    heads = {question: HEADS[question] for question in questions}
    return models.several_outputs_network(trunk, heads)


# %%
# Whose gradients move the trunk?
# -------------------------------
# The total loss is a sum, and so is its gradient. Each head sends its part down to the trunk.
# We compute the parts one by one, and take the length of each.


def gradient_shares(network, weights):
    """Return each head's share of the lengths of the trunk's gradients."""
    learned = network.get_layer("trunk").trainable_variables
    lengths = []
    for name, weight in weights.items():
        with tf.GradientTape() as tape:
            said = network(features)[name]
            true = truth[name][:, None]
            loss = weight * tf.reduce_mean(
                keras.losses.get(LOSSES[name])(true, said)
            )
        found = tape.gradient(loss, learned)
        lengths.append(float(tf.linalg.global_norm(found)))
    return np.array(lengths) / sum(lengths)


# %%
# Train
# -----
# With equal weights, and with the redness divided by its variance: its squared error is then 1 if one always answers the mean, whatever the unit.

WEIGHTS = {
    "equal": {"kind": 1.0, "variety": 1.0, "red": 1.0},
    "weighted": {"kind": 1.0, "variety": 1.0, "red": float(1 / spread**2)},
}


def trained(network, weights):
    """Train a network on the questions that it has."""
    network.compile(
        keras.optimizers.Adam(RATE),
        loss={name: LOSSES[name] for name in weights},
        loss_weights=weights,
    )
    true = {name: truth[name] for name in weights}
    network.fit(features, true, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    return network


shared, shares = {}, {}
for name, weights in WEIGHTS.items():
    keras.utils.set_random_seed(SEED)
    shared[name] = build_network()
    shares[f"{name}, before"] = gradient_shares(shared[name], weights)
    trained(shared[name], weights)
    shares[f"{name}, after"] = gradient_shares(shared[name], weights)
print("share of the gradient   " + "  ".join(f"{q:>7}" for q in HEADS))
for name, parts in shares.items():
    print(f"{name:23}", "  ".join(f"{part:7.3f}" for part in parts))

# %%

fig, ax = plt.subplots(figsize=(6.4, 3))
left = np.zeros(len(shares))
for number, (question, hatch) in enumerate(
    zip(HEADS, ("", "//", ".."), strict=True)
):
    part = np.array([parts[number] for parts in shares.values()])
    ax.barh(
        list(shares), part, left=left, hatch=hatch, label=question, alpha=0.7
    )
    left += part
ax.invert_yaxis()
ax.set(title="Who moves the trunk?", xlabel="Share of the gradients' lengths")
ax.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.45, -0.27))
fig.set_label(
    "Four stacked bars. With equal weights nearly all of the trunk's gradient "
    "comes from the redness, before training and, somewhat less, after it. "
    "With weights the kind and the variety have the greater part."
)

# %%
# With equal weights the trunk listens to one question only. A redness is wrong by some twenty grey levels, squared some hundreds, and a cross-entropy is about two.
# That is a matter of units, and of nothing else: had we measured redness from 0 to 1, its loss would be 65,025 times as small.
#
# The loss that Keras reports is the weighted sum. Taken apart, for the test photographs,
# all in one batch: over batches of unequal size Keras averages the parts a little differently from the total.

for name, network in shared.items():
    found = network.evaluate(
        features_test,
        truth_test,
        batch_size=len(x_test),
        verbose=0,
        return_dict=True,
    )
    terms = {q: w * found[f"{q}_loss"] for q, w in WEIGHTS[name].items()}
    print(
        f"{name:9}", *(f"{q} {term:.3f}" for q, term in terms.items()), end=""
    )
    print(f", sum {sum(terms.values()):.3f}, reported {found['loss']:.3f}")
    assert np.isclose(sum(terms.values()), found["loss"], rtol=1e-3)

# %%
# Judge
# -----
# The third way is a network of its own for each question, with a trunk of the same size.

alone = {}
for question in HEADS:
    keras.utils.set_random_seed(SEED)
    alone[question] = trained(build_for(question), {question: 1.0})


def judged(said):
    """Return accuracies, redness explained, and how often answers agree."""
    kind, variety = (said[q].argmax(axis=1) for q in ("kind", "variety"))
    off = said["red"][:, 0] - truth_test["red"]
    return {
        "kind": np.mean(kind == truth_test["kind"]),
        "variety": np.mean(variety == truth_test["variety"]),
        "red": 1 - np.mean(off**2) / truth_test["red"].var(),
        "agree": np.mean(KIND_OF[variety] == kind),
    }


said = {
    name: network.predict(features_test, verbose=0)
    for name, network in shared.items()
}
said["separate"] = {
    question: network.predict(features_test, verbose=0)[question]
    for question, network in alone.items()
}

# %%

results = {name: judged(answers) for name, answers in said.items()}
sizes = {name: network.count_params() for name, network in shared.items()}
sizes["separate"] = sum(n.count_params() for n in alone.values())
print(f"{'':10}" + "".join(f"{q:>9}" for q in results["equal"]), "  weights")
for name, row in results.items():
    print(
        f"{name:10}",
        *(f"{v:8.3f}" for v in row.values()),
        f"{sizes[name]:9,}",
    )

# %%

fig, ax = plt.subplots(figsize=(6.4, 3.4))
place = np.arange(4)
for (name, row), mark in zip(results.items(), "vos", strict=True):
    ax.plot(
        place, list(row.values()), mark, ms=8, label=name, mfc="none", mew=2
    )
ax.set_xticks(
    place,
    ["kind\nright", "variety\nright", "redness\nexplained", "answers\nagree"],
)
ax.set(
    title="One trunk or three", ylabel="Share", ylim=(0, 1), xlim=(-0.5, 3.5)
)
ax.set_xlabel("On the test photographs")
ax.legend(loc="lower right", ncols=3)
fig.set_label(
    "Four measures for three ways of training. With equal weights, kind and "
    "variety are right far less often than with weights, and the answers "
    "agree less; the redness is explained well by all. Weighted and separate "
    "lie near each other."
)

# %%
# Weighted, the one trunk is about as good as three, with little more than a third of the weights.
# The redness gives up a little for that.
# With equal weights the first two questions pay for the third.
# "Explained" is the share of the variance of the redness that is gone when the prediction is subtracted.
#
# The mistakes
# ------------
# Kind and variety come from different heads, and nothing forces them to agree. Here are photographs on which the weighted network contradicts itself:

kind, variety = (
    said["weighted"][q].argmax(axis=1) for q in ("kind", "variety")
)
torn = np.flatnonzero(KIND_OF[variety] != kind)
plots.image_grid(
    x_test[torn[:8]],
    title="One network, two opinions",
    titles=[
        f"{kinds[kind[i]]}, but {varieties[variety[i]]}" for i in torn[:8]
    ],
    columns=4,
    alt="Test photographs for which the network names a kind and a variety "
    "of another kind.",
)
consistent = truth_test["kind"] == kind
either = np.mean(consistent[torn])
agreed = np.mean(consistent[KIND_OF[variety] == kind])
print(
    f"{len(torn)} photographs; kind right on {either:.2f} of them,", end=" "
)
print(f"and on {agreed:.2f} of the others")

# %%
# Such a contradiction is worth something: where the two heads disagree the kind is wrong far more often than elsewhere,
# so the answers that do not fit together can be given to a person.
# If they must never disagree, one does not need two heads. The probability of a kind is the sum of those of its varieties.
#
# What to take away
# -----------------
# A total loss adds up numbers of different units, and with equal weights the trunk works for the largest.
# Look at the gradients, or at the losses of answering the mean, and choose weights that make them comparable.
# Then one trunk can serve several questions about as well as separate networks, and costs one.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

equal, weighted, separate = results.values()
red_share = {name: parts[2] for name, parts in shares.items()}
measured = {
    "red_share_before": red_share["equal, before"],
    "red_share_after": red_share["equal, after"],
    "red_share_weighted_before": red_share["weighted, before"],
    "red_share_weighted_after": red_share["weighted, after"],
    "equal_kind": equal["kind"],
    "equal_variety": equal["variety"],
    "equal_red": equal["red"],
    "equal_agree": equal["agree"],
    "weighted_kind": weighted["kind"],
    "weighted_variety": weighted["variety"],
    "weighted_red": weighted["red"],
    "weighted_agree": weighted["agree"],
    "separate_kind": separate["kind"],
    "separate_variety": separate["variety"],
    "separate_red": separate["red"],
    "separate_agree": separate["agree"],
    "torn_kind_right": either,
    "agreed_kind_right": agreed,
    "weights_ratio": sizes["separate"] / sizes["weighted"],
}
for name, value in measured.items():
    print(f"{name:26} {value:.4g}")

# %%

# (Ranges are those of five seeds.)
# With equal weights nearly all of the gradient comes from the redness (.99),
# and after training still most of it (.82 to .92); with weights the greater
# part does not (.12 to .19, .21 to .30).
assert red_share["equal, before"] > 0.95
assert 0.5 < red_share["equal, after"] < red_share["equal, before"]
assert red_share["weighted, before"] < 0.4
assert red_share["weighted, after"] < 0.5
# The first two questions pay for it (.59 to .66 instead of .78 to .81; .24 to
# .36 instead of .61 to .63), and the answers agree less (.46 to .62 instead of
# .85 to .91).
assert weighted["kind"] > equal["kind"] + 0.06
assert weighted["variety"] > equal["variety"] + 0.1
assert weighted["agree"] > equal["agree"] + 0.1
# One trunk with weights is about as good as three (kind .80 to .82, variety .61
# to .64, redness .87 to .88 instead of .79 to .82), with little more than a
# third of the weights.
assert abs(weighted["kind"] - separate["kind"]) < 0.06
assert abs(weighted["variety"] - separate["variety"]) < 0.08
assert abs(weighted["red"] - separate["red"]) < 0.12
assert 2.7 < sizes["separate"] / sizes["weighted"] < 3
# The redness is explained well by all, and better than guessing.
assert min(row["red"] for row in results.values()) > 0.6
assert frequent("kind") < weighted["kind"]
assert frequent("variety") < weighted["variety"]
# Where the heads disagree the kind is wrong far more often (right .37 to .46,
# where they agree .84 to .86).
assert len(torn) >= 8
assert either < agreed - 0.15

# %%
# Try it
# ------
# 1. Measure the redness from 0 to 1, with equal weights: divide ``red`` by 255.
#    Prediction: kind and variety are about as good as with weights, and the redness is neglected, for now its loss is the smallest by far.
#    (We tried it with the mean brightness as the third question, whose predictions then became worse than guessing.)
# 2. Set ``SIZE = 112``. Prediction: the varieties gain more from it than the kinds. (We got .63 for the varieties and .79 for the kinds, weighted.)

# sphinx_gallery_topics = ["7.1.3"]
# sphinx_gallery_keywords = ["images", "several outputs", "loss weights", "pretrained network"]
# sphinx_gallery_thumbnail_number = 2
