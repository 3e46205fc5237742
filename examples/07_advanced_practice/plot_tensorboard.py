"""
What does TensorBoard have to show, and where does it come from?
================================================================

TensorBoard is a program with which one watches networks learn.
It draws in the browser what a run has written into a folder: curves of the metrics, the graph of the layers, histograms, and clouds of embedded words.

On this page a small network learns to sort newswires, and writes everything there is to write: scalars, graph,
histograms of weights, of *activations* and of *gradients*, and its word embeddings for the projector.
Then we open the folder ourselves and draw the same pictures from the same files.
Nobody has to believe a tool whose files can be read.

It assumes the page on newswires; the section on TensorBoard in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----

import json
import tempfile
import warnings
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)
from tensorboard.util.tensor_util import make_ndarray

from dlguide import datasets, plots, text, training

# Keras's own, when it writes; harmless.
warnings.filterwarnings("ignore", "__array__", DeprecationWarning)
plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 5_000
WORDS = 60  # read of each newswire, from its beginning
SIZE = 16  # numbers for each word
TRAINING, VALIDATION = 4_000, 1_000  # newswires
BATCH = 100
EPOCHS = 9
RATE = 0.01
scratch = tempfile.TemporaryDirectory()  # a folder that goes in the end
folder = Path(scratch.name)

# %%
# Look at the data
# ----------------
# Short telegrams of a news agency, each about one of 52 topics.

(texts, topics), _ = datasets.newswires()
order = np.random.default_rng(SEED).permutation(len(texts))
order = order[: TRAINING + VALIDATION]
names = datasets.card("newswires").class_names
tokens = [texts[number].split()[:WORDS] for number in order]
places = text.vocabulary(tokens, VOCABULARY, padding=True)


x = keras.utils.pad_sequences(
    [places.encode(one) for one in tokens], WORDS, padding="post"
).astype("int32")
y = topics[order]
train = (x[:TRAINING], y[:TRAINING])
valid = (x[TRAINING:], y[TRAINING:])
print(f"{TRAINING:,} newswires to train on, {VALIDATION:,} to validate")

# %%
datasets.card("newswires")

# %%
# What must we beat?
# ------------------

frequent = np.bincount(train[1]).argmax()
guessing = np.mean(valid[1] == frequent)
print(f"always {names[frequent]!r}: {guessing:.2f} right in validation")

# %%
# The model
# ---------
# A table of word embeddings, their mean, and two dense layers.


def build_network():
    """Return a compiled network that sorts newswires."""
    words = keras.Input((WORDS,), dtype="int32", name="words")
    table = keras.layers.Embedding(
        VOCABULARY, SIZE, mask_zero=True, name="embedding"
    )
    mean = keras.layers.GlobalAveragePooling1D(name="mean")(table(words))
    x = keras.layers.Dense(32, activation="relu", name="hidden")(mean)
    x = keras.layers.Dense(len(names), activation="softmax", name="output")(x)
    model = keras.Model(words, x, name="newswires")
    model.compile(
        keras.optimizers.Adam(RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


model = build_network()
print(f"{model.count_params():,} weights")

# %%
# Train
# -----
# Two callbacks write.
# Keras's own, ``TensorBoard``, writes metrics, the graph and, with ``histogram_freq=1``, histograms of the weights after each epoch.
# ``LayerStatistics`` of the library writes what Keras's does not: what the layers put out for 256 fixed newswires, and the gradient of each weight.
# Each run gets a folder of its own, so that TensorBoard can lay several of them over each other.

run = folder / "logs" / "first"
board = keras.callbacks.TensorBoard(run, histogram_freq=1)
watch = training.LayerStatistics(
    train[0][:256], train[1][:256], log_dir=run / "layers"
)
history = model.fit(
    *train,
    epochs=EPOCHS,
    batch_size=BATCH,
    validation_data=valid,
    callbacks=[board, watch, training.ProgressTable(every=2)],
    verbose=0,
)

# %%
# Open the folder
# ---------------
# TensorBoard itself is started in a console, with the folder of the runs, and shows its pages at the address that it prints:
#
# .. code-block:: console
#
#    $ tensorboard --logdir logs
#
# What it reads are *event files*, one for each writer, with lines added at their ends while the run goes on.


def opened(part):
    """Return the reader of a folder's event files."""
    # By default it keeps no more than ten of a kind.
    log = EventAccumulator(str(run / part), size_guidance={"tensors": 0})
    log.Reload()
    return log


logs = {part: opened(part) for part in ("train", "validation", "layers")}
for part, log in logs.items():
    print(part, *log.Tags()["tensors"], sep="\n   ")


def events(part, tag):
    """Return the steps of a tag and what was written at each."""
    found = logs[part].Tensors(tag)
    steps = [event.step for event in found]
    return steps, [make_ndarray(event.tensor_proto) for event in found]


# %%
# Scalars
# -------
# A scalar is a number for each step. Keras counts its epochs from 0 here.

scalars = {
    name: [float(value) for value in events(part, "epoch_loss")[1]]
    for name, part in (("loss", "train"), ("val_loss", "validation"))
}
best = training.best_epoch(scalars)
plots.history(scalars, best=best, title="Losses, read from event files")

# %%
# The training loss goes on falling, far below the validation loss; for other newswires there is little left to gain after two thirds of the run.
#
# Graph
# -----
# The graph of the layers is written as text, the same in which Keras saves a model's structure.

stored = json.loads(str(events("train", "keras")[1][0].item().decode()))
layers = stored["config"]["layers"]
above = {}  # layer -> the layers from which it takes its input
for layer in layers:
    told = json.dumps(layer["inbound_nodes"])
    others = [other["config"]["name"] for other in layers]
    above[layer["config"]["name"]] = [
        name for name in others if f'"keras_history": ["{name}"' in told
    ]
for name, sources in above.items():
    print(f"{name:10} <- {', '.join(sources) or 'nothing'}")

# %%
# One of the nodes is nobody's layer: ``not_equal`` compares each word's number with 0, the padding, so that ``mean`` knows which places to leave out.
# That is what a graph is good for, to see what one has really built.

depth = {}  # how many layers lie above, and how many beside
for name, sources in above.items():  # sources come first
    column = 1 + max((depth[source][0] for source in sources), default=-1)
    depth[name] = (column, sum(column == c for c, _ in depth.values()))

fig, ax = plt.subplots(figsize=(6.4, 2.4))
ax.set(xlim=(-0.5, 4.5), ylim=(-1.5, 0.5), xticks=[], yticks=[])
ax.spines[:].set_visible(False)
ax.grid(False)
ink = {"ec": "C0", "fc": "none", "boxstyle": "round,pad=0.5"}
for name, (column, row) in depth.items():
    where = {"ha": "center", "va": "center", "fontsize": 9}
    ax.text(column, -row, name, bbox=ink, **where)
    for source in above[name]:
        before, beside = depth[source]
        arrow = {"arrowstyle": "-|>", "color": "C0", "lw": 1.5}
        ends = (column - 0.42, -row), (before + 0.42, -beside)
        ax.annotate("", *ends, arrowprops=arrow)
ax.set_title("The graph, read from the event file")
fig.set_label(
    "Six boxes joined by arrows: the words lead to the embedding and to a "
    "comparison with zero, both lead to the mean, and from there the way "
    "goes to the hidden layer and to the output."
)

# %%
# Histograms
# ----------
# A histogram tells how many of the numbers lie in each interval. Drawn one behind the other, epoch by epoch, they form a landscape.
# TensorBoard draws it so, and so do we; with the root of the counts, so that what is rare can be seen beside the peaks.


def landscape(ax, part, tag):
    """Draw the histograms of a tag, the first one farthest back."""
    steps, found = events(part, tag)  # each (bars, 3): left, right, count
    low = min(bars[0, 0] for bars in found)
    high = max(bars[-1, 1] for bars in found)
    grid = np.linspace(low, high, 300)
    for number, (left, right, count) in enumerate(bars.T for bars in found):
        density = np.sqrt(count / np.maximum(right - left, 1e-12))
        middle = (left + right) / 2
        curve = np.interp(grid, middle, density / density.max(), 0, 0)
        base = np.full(300, -0.3 * number)
        face = str(0.92 - 0.5 * number / len(found))
        ax.fill_between(grid, base, base + curve, fc=face, ec="C0", lw=0.7)
    marks = range(0, len(steps), 3)
    ax.set_yticks([-0.3 * mark for mark in marks], [steps[m] for m in marks])
    ax.set_title(tag.removesuffix("/histogram"), fontsize=9)
    ax.tick_params(labelsize=8)
    ax.grid(False)


# %%

panels = {
    "embedding/embeddings/histogram": "train",
    "hidden/kernel/histogram": "train",
    "mean/activation": "layers",
    "hidden/activation": "layers",
    "embedding/embeddings/gradient": "layers",
    "hidden/kernel/gradient": "layers",
}
fig, axes = plt.subplots(3, 2, figsize=(6.4, 7.4))
for ax, (tag, part) in zip(axes.flat, panels.items(), strict=True):
    landscape(ax, part, tag)
for row, what in zip(axes, ("Weight", "Activation", "Gradient"), strict=True):
    row[0].set_ylabel("Epoch")
    for ax in row:
        ax.set_xlabel(what, fontsize=9)
fig.suptitle("Weights, activations and gradients")
fig.set_label(
    "Six landscapes of histograms, epoch behind epoch. Those of the weights "
    "and of the hidden layer's activations widen from epoch to epoch. Those "
    "of the gradients have a peak at zero and become narrow in the end."
)

# %%
# Weights and activations widen: the network learns to make differences.
# The activations do it in the first epoch above all, since the embeddings begin close to zero and nothing can be told apart by them.
# The numbers behind the landscapes are in the callback as well, so they can be asked.

mean = watch.activations["mean"]["deviation"]
hidden = watch.activations["hidden"]["deviation"]
slope = watch.gradients["hidden/kernel"]["norm"]
at_zero = watch.gradients["embedding/embeddings"]["zeros"][0]
silent = watch.activations["hidden"]["dead"]
print("epoch    deviation of 'mean', of 'hidden'; length of the gradient")
for row, epoch in enumerate(watch.epochs):
    numbers = (mean[row], hidden[row], slope[row])
    print(f"{epoch:5}  " + "".join(f"{number:14.3f}" for number in numbers))
print(f"embedding gradients that are exactly 0: {at_zero:.0%}")
print(f"hidden units that are silent in the end: {silent[-1]:.0%}")

# %%
# A peak at zero of the embedding's gradient is no fault. Only the rows of words that occur in the 256 newswires have any slope.
# The gradient of the hidden layer is short at first, because what the layer is given is close to zero; then it is long, and it becomes short again as these newswires are learned.
#
# Embeddings
# ----------
# For its projector TensorBoard wants three files: the vectors, a table of names, and a few lines that say where both are.
# It looks for them beside the event files, so they go into the folder ``train``.

table = model.get_layer("embedding").get_weights()[0]
counts = np.bincount(train[0].ravel(), minlength=VOCABULARY)
shown = [number for number in np.argsort(-counts) if number > 1][:1000]
np.savetxt(
    run / "train/vectors.tsv", table[shown], delimiter="\t", fmt="%.5f"
)
lines = ["word\tcount", *(f"{places[n]}\t{counts[n]}" for n in shown)]
(run / "train/words.tsv").write_text(
    "\n".join(lines) + "\n", encoding="utf-8"
)
(run / "train/projector_config.pbtxt").write_text(
    "embeddings {\n"
    '  tensor_name: "words"\n'
    '  tensor_path: "vectors.tsv"\n'
    '  metadata_path: "words.tsv"\n'
    "}\n",
    encoding="utf-8",
)
for path in sorted(folder.rglob("*")):
    if path.is_file() and "tfevents" not in path.name:
        print(path.relative_to(folder), f"{path.stat().st_size:,} bytes")

# %%
# The projector lays a cloud of 16 numbers a word into the plane or into space by the methods that we use here.
# We pick five topics and for each twenty words of its own: those which occur in its newswires far more often than in the others.

chosen = ["earn", "acq", "crude", "grain", "trade"]
present = np.zeros((TRAINING, VOCABULARY), bool)
np.put_along_axis(present, train[0], True, axis=1)
own = {}
for name in chosen:
    about = train[1] == names.index(name)
    here, elsewhere = (
        present[rows].mean(axis=0) + 0.005 for rows in (about, ~about)
    )
    # Words that a tenth of its newswires have; neither padding nor unknown.
    ratio = np.where(here > 0.1, here / elsewhere, 0)[2:]
    own[name] = 2 + np.argsort(-ratio)[:20]
    print(f"{name:6}", *(places[number] for number in own[name][:7]))
words = np.concatenate(list(own.values()))
groups = np.repeat(np.arange(len(chosen)), 20)

# %%


def principal(vectors, size):
    """Return the coordinates along which vectors spread most."""
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:size].T


def neighbourly(vectors, size):
    """Return coordinates that keep near ones near (t-SNE)."""
    places = TSNE(size, perplexity=15, init="pca", random_state=SEED)
    return places.fit_transform(vectors)


vectors = table[words]
clouds = {
    (method.__name__, size): method(vectors, size)
    for method in (principal, neighbourly)
    for size in (2, 3)
}

# %%

fig = plt.figure(figsize=(6.4, 7.4))
titles = {"principal": "PCA", "neighbourly": "t-SNE"}
shades = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(chosen)))
for number, ((method, size), cloud) in enumerate(clouds.items(), start=1):
    space = {"projection": "3d"} if size == 3 else {}
    ax = fig.add_subplot(2, 2, number, **space)
    for group, (name, mark) in enumerate(zip(chosen, "osD^v", strict=True)):
        points = cloud[groups == group].T
        ax.scatter(
            *points, s=16, marker=mark, color=shades[group], label=name
        )
        if size == 2:  # name the first word of each topic
            ax.annotate(places[own[name][0]], points[:, 0], fontsize=8.5)
    ax.set_title(f"{titles[method]}, {size}-D", fontsize=11)
    ax.tick_params(labelbottom=False, labelleft=False, length=0)
    if size == 2:
        ax.set(xlabel="First coordinate", ylabel="Second coordinate")
    else:
        ax.set_box_aspect(None, zoom=1.3)
        ax.set(xticklabels=[], yticklabels=[], zticklabels=[])
handles, labels = ax.get_legend_handles_labels()
fig.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=9)
fig.suptitle("Words of five topics, from 16 numbers to 2 and 3")
fig.set_label(
    "Four clouds of words, by two methods in the plane and in space, with a "
    "mark for each of five topics. With PCA the topics lie side by side and "
    "overlap; with t-SNE each has gathered in groups of its own."
)

# %%
# In all pictures words of a topic lie near each other.
# The principal components are a shadow of the cloud: straight, true to what is far apart, and with everything that has no room in two directions laid on top of each other.
# t-SNE moves the points until near neighbours are near again, and gives the rest up: distances between groups, and their sizes, mean nothing in it.
#
# How much of the neighbourhood survives?
# For each word we take the five nearest in all 16 dimensions, and ask how many of them are among the five nearest in the picture.


def nearest(cloud):
    """Return the five nearest words of each word."""
    distance = ((cloud[:, None] - cloud[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    return np.argsort(distance, axis=1)[:, :5]


def kept(cloud):
    """Return the share of five neighbours that a picture keeps."""
    pairs = zip(nearest(cloud), nearest(vectors), strict=True)
    return np.mean([np.isin(ours, theirs).mean() for ours, theirs in pairs])


survived = {name: kept(cloud) for name, cloud in clouds.items()}
alike = np.mean(groups[nearest(vectors)] == groups[:, None])
print(f"of five neighbours in 16 dimensions, of the same topic: {alike:.2f}")
for (method, size), share in survived.items():
    print(f"neighbours kept, {titles[method]:5} {size}-D: {share:.2f}")

# %%
# Two directions of sixteen lose a good part of the neighbours. In space PCA has room for more of them; in the plane t-SNE keeps more than PCA does.
# Nothing in a picture of this kind should be believed that cannot be confirmed in all dimensions.
#
# Judge
# -----

right = max(history.history["val_accuracy"])
print(f"right in validation, at best: {right:.3f}; guessing {guessing:.3f}")
scratch.cleanup()

# %%
# What to take away
# -----------------
# What TensorBoard shows are numbers in files, and any program can read them.
# Keras writes metrics, graph and weights; activations and gradients, which tell more of a network in trouble, need a callback of their own.
# A projector's picture is a shadow: a good source of questions, and no answer.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "best_epoch": best,
    "best_validation_accuracy": right,
    "guessing": guessing,
    "last_over_lowest": scalars["val_loss"][-1] / min(scalars["val_loss"]),
    "mean_deviation_first": mean[0],
    "mean_deviation_one_epoch": mean[1],
    "hidden_deviation_one_epoch": hidden[1],
    "hidden_deviation_last": hidden[-1],
    "gradient_first": slope[0],
    "gradient_longest": slope.max(),
    "gradient_last": slope[-1],
    "embedding_gradient_zeros": at_zero,
    "like_neighbours": alike,
    "kept_pca_2d": survived["principal", 2],
    "kept_pca_3d": survived["principal", 3],
    "kept_tsne_2d": survived["neighbourly", 2],
    "kept_tsne_3d": survived["neighbourly", 3],
}
for name, value in measured.items():
    print(f"{name:28} {value:.4g}")

# %%
# (Ranges are those of five seeds.)

# What was read from the files is what happened.
for name, values in scalars.items():
    np.testing.assert_allclose(values, history.history[name], rtol=1e-5)
steps, bars = events("layers", "hidden/activation")
assert steps == watch.epochs.tolist()
counted = watch.activations["hidden"]["counts"]
for found, count in zip(bars, counted, strict=True):
    assert abs(found[:, 2] - count).sum() <= 4  # at the edges of bars
assert above["mean"] == ["embedding", "not_equal"]
# The training loss falls far below the validation loss, which comes to rest.
# The network is far better than guessing (.89 to .92 against .42 to .45).
assert scalars["loss"][-1] < 0.5 * scalars["val_loss"][-1]
assert scalars["val_loss"][5] < 1.3 * min(scalars["val_loss"])
assert guessing < 0.5
assert 0.8 < right < 0.97
# Activations widen at once (from .007 to .54), those of the hidden layer
# further (from 1.1 to 1.6).
assert mean[1] > 10 * mean[0]
assert hidden[-1] > 1.1 * hidden[1]
# The gradient is short (.003 to .007), long (.06 to .08), and short again
# (.007 to .024).
assert slope.max() > 4 * slope[0]
assert slope[-1] < 0.6 * slope.max()
assert 0.4 < at_zero < 0.8
# Neighbours are of the same topic (.74 to .79) more often than by chance
# (a fifth).
assert alike > 0.4
# t-SNE keeps more neighbours in the plane (.69 to .72 against .45 to .55),
# and PCA more in space (.65 to .71) than there.
assert survived["neighbourly", 2] > survived["principal", 2]
assert survived["principal", 3] > survived["principal", 2] - 0.02
assert survived["principal", 2] < 0.75

# %%
# Try it
# ------
# 1. Give the embedding no mask, ``mask_zero=False``. Prediction: ``not_equal`` is gone from the graph.
# 2. Watch 256 newswires of the validation set instead. Prediction: the gradient of the hidden layer does not become short again; it even grows, since these are not learned by heart and some of them are answered wrongly with more and more conviction.

# sphinx_gallery_topics = ["7.2.2"]
# sphinx_gallery_keywords = ["text", "TensorBoard", "callbacks", "embeddings"]
# sphinx_gallery_thumbnail_number = 3
