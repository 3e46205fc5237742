"""
How many photographs are in one photograph?
===========================================

A photograph of a pear, mirrored, is a photograph of a pear. So it is a hand's breadth further to the left, or from a step further away.
Nobody had to go back to the shop for these pictures, and yet the network has not seen them.
Making such pictures while training is called *data augmentation*.

On this page we look at what it makes of photographs, train the same small network with it and without, and ask what it has changed:
how much is learned by heart, how many test photographs are read, how sure the mistakes are, and whether a mirror changes the answer.
In the end we tell the network something about fruit that is not true, and see what that costs.

It begins where the page on small data ends; the section on small data in the fifth chapter explains the rest.
"""

# %%
# Setup
# -----
# The photographs of the page on small data, a little smaller, since we train three networks and train them longer:
# pictures that change all the time take longer to learn.
# The steps begin large and shrink to nothing, so that a result does not depend on which step happens to be the last.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

SIZE = 48  # pixels
VALIDATION = 57  # the validation set of the authors of the data
FILTERS = (16, 32, 64, 64)
EPOCHS = 40
BATCH = 32
RATE = 0.002
SURE = 0.95  # the probability from which we call an answer sure

# %%
# Look at the data
# ----------------

(x_train, y_train), (x_test, y_test) = datasets.fruit(SIZE)
kinds = datasets.card("fruit").class_names
x_valid, y_valid = x_train[-VALIDATION:], y_train[-VALIDATION:]
x_train, y_train = x_train[:-VALIDATION], y_train[:-VALIDATION]
print(f"training {x_train.shape}, test {x_test.shape}")

# %%
datasets.card("fruit")

# %%
# The changes
# -----------
# Each change is something that we *know* about fruit: what may happen to a picture without making it another fruit.
# Left and right do not matter in a heap of fruit. Nobody aims a telephone exactly, or holds it level, or always comes equally near. And shops differ in their light.


def changes(**chosen):
    """Return layers that change photographs, only in the chosen ways."""
    none = {"flip": None, "rotation": 0, "zoom": 0, "translation": 0}
    return models.image_augmentation(**{**none, "fill": "reflect", **chosen})


def changed(pictures, layers):
    """Return changed pictures as bytes."""
    return np.asarray(layers(pictures, training=True)).round().astype("uint8")


belief = {
    "flip": "horizontal",
    "translation": 0.1,  # of the picture's side, in every direction
    "zoom": 0.15,
    "rotation": 15,  # degrees
    "brightness": 0.1,  # of the whole range from black to white
    "contrast": 0.3,
}

# %%
# We draw them on larger copies of five photographs, one change in each column and all of them in the last.

(large, _), _ = datasets.fruit(96)
five = large[[41, 23, 265, 171, 125]]  # one of each kind
columns = {
    "as taken": five,
    "mirror": five[:, :, ::-1],
    "shift": changed(five, changes(translation=0.1)),
    "distance": changed(five, changes(zoom=0.15)),
    "turn": changed(five, changes(rotation=15)),
    "light": changed(five, changes(brightness=0.1, contrast=0.3)),
    "all": changed(five, changes(**belief)),
}
plots.image_grid(
    np.stack(list(columns.values()), axis=1).reshape(-1, 96, 96, 3),
    title="What may happen to a photograph",
    titles=[*columns] + [""] * (4 * len(columns)),
    columns=len(columns),
    alt="Five rows, each a photograph of fruit and six versions of it: "
    "mirrored, shifted a little, nearer or further away, turned, lighter or "
    "darker, and all of these at once. All still show the same fruit: an "
    "apple in a hand, melons, an orange in a hand, pears and satsumas.",
)

# %%
# From left to right the same fruit stays the same fruit. Where a picture leaves its frame empty, it is continued by its reflection.
# To the network, no two of these arrays are alike.
# In training a mirror is drawn with even odds, and every change is drawn anew each time that a photograph is used, so that in forty epochs no picture comes twice.
#
# What must we beat?
# ------------------
# Four test photographs in ten show apples. The real opponent is the same network without augmentation.

majority = np.mean(y_test == np.bincount(y_train).argmax())
print(f"always apple {majority:.3f}")

# %%
# The model
# ---------
# The augmentation is part of the network, its first layers. They act in ``fit`` only: whoever uses the network sees nothing of them.


def trained(augmentation=None):
    """Return a fresh network after its training, and its history."""
    keras.utils.set_random_seed(SEED)
    network = models.convnet(
        (SIZE, SIZE, 3), len(kinds), FILTERS, augmentation=augmentation
    )
    steps = EPOCHS * int(np.ceil(len(x_train) / BATCH))
    network.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(RATE, steps)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = network.fit(
        x_train,
        y_train,
        epochs=EPOCHS,
        batch_size=BATCH,
        validation_data=(x_valid, y_valid),
        verbose=0,
    )
    return network, history


# %%
# Train
# -----

networks, histories = {}, {}
networks["plain"], histories["plain"] = trained()
networks["augmented"], histories["augmented"] = trained(changes(**belief))
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.6), sharey=True)
for ax, metric, title in zip(
    axes, ("loss", "val_loss"), ("Training", "Validation"), strict=True
):
    plots.compare_histories(histories, metric, title=title, ax=ax)

# %%
# The plain network comes to know its photographs, and its training loss goes to nothing.
# The augmented one never sees the same picture twice, and its loss falls more slowly and not so far.
# The validation losses jump about, and that of the plain network climbs well above its lowest. Which of the two networks is better they cannot tell, whatever they seem to say:
# they rest on 57 photographs, several of which show the same heap in the same light.
#
# Judge
# -----
# The test set, once for each network. The loss says more than the accuracy, because it also asks how sure a network was.
# (How strong the changes are was chosen among a handful of settings with these photographs in view, since the 57 others cannot choose.
# That flatters the augmented network a little.)


def judged(network, pictures, labels):
    """Return the answers, how sure each is, the accuracy and the loss."""
    p = network.predict(pictures, batch_size=128, verbose=0)
    p = np.clip(p.astype("float64"), 1e-7, 1)
    answers = p.argmax(axis=1)
    loss = -np.log(p[np.arange(len(labels)), labels]).mean()
    return answers, p.max(axis=1), np.mean(answers == labels), loss


answers, sure, accuracy, loss, by_heart = {}, {}, {}, {}, {}
print("             training    test    test loss")
for name, network in networks.items():
    _, _, by_heart[name], _ = judged(network, x_train, y_train)
    answers[name], sure[name], accuracy[name], loss[name] = judged(
        network, x_test, y_test
    )
    print(
        f"{name:12} {by_heart[name]:8.3f} {accuracy[name]:7.3f} "
        f"{loss[name]:10.3f}"
    )

# %%
# The plain network knows its own photographs by heart; the augmented one knows nine in ten.
# On the test photographs the two are close: about seven in ten are right, and the difference is no larger than that between two seeds of the same network.
# But the loss of the augmented network is much lower. If it is not right more often, it must be wrong in another way.
#
# How sure are the mistakes?
# --------------------------

wrong = {name: answers[name] != y_test for name in networks}
bold = {name: np.sum(sure[name][wrong[name]] > SURE) for name in networks}
fig, ax = plt.subplots(figsize=(6.4, 3.6))
for name, style in (("plain", "-"), ("augmented", "--")):
    ax.hist(
        sure[name][wrong[name]],
        np.linspace(0.2, 1, 17),
        histtype="step",
        ls=style,
        lw=2,
        label=f"{name}: {wrong[name].sum()} mistakes",
    )
ax.set(
    title="The mistakes, by how sure the network was",
    xlabel="Probability that the network gave to its wrong answer",
    ylabel="Test photographs",
)
ax.legend(loc="upper left")
fig.set_label(
    "Two step histograms of the probability of wrong answers. That of the "
    "plain network rises steeply towards 1; that of the augmented one rises "
    "less."
)
for name in networks:
    print(f"{name:10} {bold[name]} mistakes with more than {SURE:.0%}")

# %%
# The plain network has learned to be sure: on the photographs that it learned from, it was always right in the end.
# So a large part of its mistakes are made with hardly a doubt. The augmented network makes about as many mistakes, but fewer bold ones.
# A mistake that is made with doubt can be caught, by asking a person wherever the network doubts. A bold one cannot.
#
# Does a mirror change the answer?
# --------------------------------
# We mirror the test photographs, and shift and enlarge them as in training, and ask both networks again.

ways = {
    "mirrored": x_test[:, :, ::-1],
    "shifted": changed(x_test, changes(translation=0.1, zoom=0.15)),
}
same = {
    (name, way): np.mean(judged(network, x, y_test)[0] == answers[name])
    for way, x in ways.items()
    for name, network in networks.items()
}
plots.bars(
    list(same.values()),
    [f"{name}, {way}" for name, way in same],
    xlabel="Share of test photographs with the same answer as before",
    title="A changed photograph, the same answer?",
    fmt=".3f",
)

# %%
# A photograph and its mirror image show the same fruit, and the plain network gives more than one pair in ten two different names.
# It has never been told. The augmented network mostly stays with its answer; for shifts and distances, too, it does so more often.
#
# One thing varied: a belief that is false
# ----------------------------------------
# Colours differ from shop to shop too. Shall we tell the network that the colour of a fruit does not matter?
# This layer turns all colours of a picture around the circle of hues, by a random angle.

hue = keras.layers.RandomHue(1.0, value_range=(0, 255), seed=SEED)
plots.image_grid(
    np.concatenate([five, changed(five, hue)]),
    title="What may not happen to fruit",
    titles=["as taken"] + [""] * 4 + ["hue turned"] + [""] * 4,
    columns=5,
    alt="The five photographs as taken, and again with their hues turned: "
    "most of them in colours that such fruit never has.",
)

# %%

networks["false belief"], _ = trained(
    keras.Sequential([changes(**belief), hue])
)
_, _, accuracy["false belief"], _ = judged(
    networks["false belief"], x_test, y_test
)
plots.bars(
    [majority, *accuracy.values()],
    ["always apple", *accuracy],
    xlabel="Accuracy on the test photographs",
    title="What each belief brings",
    fmt=".3f",
)

# %%
# A network that may not trust colours has to tell a green apple from a pear, and an orange from a red apple, by shape alone.
# With so few photographs it is worse by about ten points: what is most useful here is what it has been told to ignore.
#
# What to take away
# -----------------
# Augmentation makes new pictures from old ones by changes that must not matter, and so tells the network what must not matter.
# It kept a small network from learning its photographs by heart, from being sure of its mistakes, and from minding a mirror; it did nothing that could be seen for the number of right answers.
# A change is a claim about the world: a true one helps, a false one costs.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "plain_test_accuracy": accuracy["plain"],
    "augmented_test_accuracy": accuracy["augmented"],
    "gain": accuracy["augmented"] - accuracy["plain"],
    "false_belief_test_accuracy": accuracy["false belief"],
    "plain_training_accuracy": by_heart["plain"],
    "augmented_training_accuracy": by_heart["augmented"],
    "plain_test_loss": loss["plain"],
    "augmented_test_loss": loss["augmented"],
    "plain_bold_mistakes": bold["plain"],
    "augmented_bold_mistakes": bold["augmented"],
    "plain_same_mirrored": same["plain", "mirrored"],
    "augmented_same_mirrored": same["augmented", "mirrored"],
    "plain_same_shifted": same["plain", "shifted"],
    "augmented_same_shifted": same["augmented", "shifted"],
    "plain_late_loss": histories["plain"].history["val_loss"][-1],
    "augmented_late_loss": histories["augmented"].history["val_loss"][-1],
    "false_belief_cost": accuracy["augmented"] - accuracy["false belief"],
}
for name, value in measured.items():
    print(f"{name:28} {value:.4g}")

# (All ranges are those of five seeds.)
# Four test photographs in ten show apples.
assert 0.4 < majority < 0.44
# The plain network knows its photographs by heart (.994 to .997), the
# augmented one nine in ten of them (.90 to .94).
assert by_heart["plain"] > 0.97
assert 0.83 < by_heart["augmented"] < by_heart["plain"] - 0.02
# The plain network's loss on the validation set climbs above its lowest.
watched = histories["plain"].history["val_loss"]
assert watched[-1] > 1.1 * min(watched)
# Both are right about seven test photographs in ten (.70 to .76 and .71 to
# .73); the difference goes either way (-.032 to +.021) ...
assert 0.65 < accuracy["plain"] < 0.79
assert 0.65 < accuracy["augmented"] < 0.81
assert abs(measured["gain"]) < 0.1
# ... but the loss is lower with augmentation (.69 to .76 against .81 to 1.03),
# and the bold mistakes are fewer (22 to 32 against 49 to 68).
assert loss["augmented"] < 0.95 * loss["plain"]
assert bold["augmented"] < 0.85 * bold["plain"]
assert bold["plain"] > 0.15 * wrong["plain"].sum()
# The augmented network minds a mirror less (.91 to .95 against .79 to .88),
# and a shift (.90 to .93 against .85 to .89).
assert same["plain", "mirrored"] < 0.9
assert same["augmented", "mirrored"] > same["plain", "mirrored"] + 0.03
assert same["augmented", "shifted"] > same["plain", "shifted"]
# A false belief about colours costs about ten points (.107 to .133).
assert 0.03 < measured["false_belief_cost"] < 0.22

# %%
# Try it
# ------
# 1. Leave only the mirror: ``belief = {"flip": "horizontal"}``. Prediction: about half of what augmentation has done to the loss
#    and to the bold mistakes is left, since a picture comes back every second epoch or so.
# 2. Give the plain network 60 epochs. Prediction: hardly another photograph is read, but the loss rises, and with it the number of bold mistakes.

# sphinx_gallery_topics = ["5.2"]
# sphinx_gallery_keywords = ["images", "small data", "data augmentation"]
# sphinx_gallery_budget = {"cpu_seconds": 130, "because": "three networks, each trained for 40 epochs, since pictures that change take longer to learn"}
# sphinx_gallery_thumbnail_number = 1
