"""
Why switch units off at random?
===============================

*Dropout* is a strange piece of advice: while the network learns, set some of the outputs of a layer to zero, other ones at every step.
A unit can then not rely on a particular partner, and a mistake that several units have learned to make together falls apart.
When the network is used, all units are there.

On this page we build dropout in NumPy and compare it with Keras's layer, in training and in use.
Then the same network learns from the same reviews with four rates of dropout, from none to three quarters.
At the end we leave the noise on and look at what a single review gets from two hundred random networks.

It assumes the page on movie reviews in the third chapter; the section on overfitting in the fourth chapter explains the rest.
"""

# %%
# Setup
# -----
# The data and the network are those of the page on the size of a network: 8,000 reviews, 5,000 words, two layers of 16 units.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 5_000
REVIEWS = 8_000
VALIDATION = 4_000  # the last ones: other films
EPOCHS = 24
BATCH = 256
RATE = 0.5  # the one that we look at closely: half of the units

# %%
# Dropout in NumPy
# ----------------
# Each output is kept with the probability ``1 - rate`` and set to zero otherwise.
# What is kept is divided by ``1 - rate``. So on average nothing changes:
# half of the numbers, each twice as large, are as much as all of them.


def drop(outputs, rate, random):
    """Return the outputs with a random share of them set to zero."""
    kept = random.random(outputs.shape) >= rate
    return np.where(kept, outputs / (1 - rate), 0)


random = np.random.default_rng(SEED)
row = np.array([0.2, 0.4, 0.6, 0.8, 1.0], dtype="float32")
print("before ", row)
for _ in range(3):
    print("dropped", drop(row, RATE, random))

# %%
# Keras's layer does the same when it is told that this is training, and nothing at all when it is told that it is not.
# It is told by ``fit`` and by ``predict``; called directly, it wants to be told with ``training``.

layer = keras.layers.Dropout(RATE, seed=SEED)
noisy = np.asarray(layer(row[None], training=True))[0]
quiet = np.asarray(layer(row[None], training=False))[0]
print("training=True ", noisy)
print("training=False", quiet)

# %%
# A hundred thousand draws for each of three rates show the scale, the share of zeros and the mean, ours beside Keras's.

many = np.ones((100, 1000), dtype="float32")
scales, means, zeros = {}, {}, {}
for rate in (0.25, 0.5, 0.75):
    layer = keras.layers.Dropout(rate, seed=SEED)
    ours = drop(many, rate, random)
    theirs = np.asarray(layer(many, training=True))
    scales[rate] = (ours.max(), theirs.max())
    means[rate] = (ours.mean(), theirs.mean())
    zeros[rate] = (np.mean(ours == 0), np.mean(theirs == 0))
    print(f"rate {rate}: 1 / (1 - rate) = {1 / (1 - rate):.4f}")
    print("  kept ones become  {:.4f}  Keras {:.4f}".format(*scales[rate]))
    print("  share of zeros    {:.3f}   Keras {:.3f}".format(*zeros[rate]))
    print("  mean              {:.3f}   Keras {:.3f}".format(*means[rate]))

# %%
# Look at the data
# ----------------
# Every review is a row of zeros and ones that says which words occur.

(texts, labels), _ = datasets.movie_reviews()
texts = np.concatenate([texts[:REVIEWS], texts[-VALIDATION:]])
labels = np.concatenate([labels[:REVIEWS], labels[-VALIDATION:]])
vectorise = keras.layers.TextVectorization(
    max_tokens=VOCABULARY, output_mode="multi_hot"
)
vectorise.adapt(texts[:REVIEWS], batch_size=BATCH)
rows = np.concatenate(
    [
        np.asarray(vectorise(piece), dtype="uint8")
        for piece in np.array_split(texts, 50)
    ]
)
seen = (rows[:REVIEWS], labels[:REVIEWS])
held_out = (rows[REVIEWS:], labels[REVIEWS:])
print(f"training {seen[0].shape}, validation {held_out[0].shape}")

# %%
datasets.card("movie_reviews")

# %%
# The model
# ---------
# A dropout layer stands behind each hidden layer. It has no weights, and it is the same for every rate but 0.


def build_network():
    """Return the network with dropout, spelled out."""
    return keras.Sequential(
        [
            keras.Input((VOCABULARY,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dropout(RATE),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dropout(RATE),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


weights = build_network().count_params()
print(f"{weights:,} weights, none of them in the dropout layers")

# %%
# Train
# -----
# The library's builder makes the same network for any rate. Seed, data and epochs stay the same; only the rate changes.

networks, runs = {}, {}
for rate in (0, 0.25, 0.5, 0.75):
    name = f"rate {rate:g}"
    keras.utils.set_random_seed(SEED)
    network = models.dense_binary_classifier(VOCABULARY, dropout=rate)
    network.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    runs[rate] = network.fit(
        *seen,
        epochs=EPOCHS,
        batch_size=BATCH,
        validation_data=held_out,
        verbose=0,
    ).history
    networks[rate] = network
    losses = runs[rate]["val_loss"]
    print(
        f"{name:9}  lowest {min(losses):.3f} in epoch "
        f"{training.best_epoch(runs[rate]):2}, at the end {losses[-1]:.3f}, "
        f"accuracy {runs[rate]['val_accuracy'][-1]:.3f}"
    )

# %%
plots.compare_histories(
    {f"rate {rate:g}": run for rate, run in runs.items()},
    title="Validation loss with dropout",
)

# %%
# The more units are dropped, the later the turn. But read the curves closely, for dropout is not a brake on every wheel.
# With a quarter of the units dropped, the loss climbs at last as high as without: the turn has only been put off.
# With half of them it ends clearly lower, and more verdicts are right. With three quarters the network learns slowly and ends near its lowest value;
# four units of sixteen are left at a time, and how well it gets on with them depends on the seed.
# The lowest values of the first three are nearly the same, as they are with a price on weights.
#
# Two training losses
# -------------------
# There is a trap in the printed numbers. The training loss is measured with the noise on, the validation loss with the noise off.
# They do not compare.

noisy_loss = runs[RATE]["loss"][-1]
quiet_loss = networks[RATE].evaluate(*seen, batch_size=BATCH, verbose=0)[0]
print(f"training loss in the last epoch, with noise  {noisy_loss:.3f}")
print(f"the same reviews asked again, without noise  {quiet_loss:.3f}")
epochs = np.arange(1, EPOCHS + 1)
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.4), sharey=True)
for ax, rate in zip(axes, (0, RATE), strict=True):
    ax.plot(epochs, runs[rate]["loss"], label="training")
    ax.plot(epochs, runs[rate]["val_loss"], label="validation")
    ax.set(title=f"Rate {rate:g}", xlabel="Epoch", xticks=(1, 8, 16, 24))
axes[0].set(ylabel="Loss (nats)", ylim=(0, 1.15))
axes[0].legend(loc="upper left")
fig.set_label(
    "Training and validation loss without dropout and with half of the units "
    "dropped. Without it the two curves cross after the first epoch. With it "
    "the training loss lies above the validation loss for several epochs."
)

# %%
# With dropout the training loss lies above the validation loss for several epochs. That does not mean that new reviews are easier.
# It means that half of a network has been asked about the old ones.
#
# Look inside: leave the noise on
# -------------------------------
# Every draw of the noise is another network, one that consists of the units that are left.
# With ``training=True`` we can ask many of them for the same reviews.

reviews = held_out[0].astype("float32")
truth = held_out[1]


def ask(network, rows, *, noise):
    """Return the network's probabilities, with or without dropout."""
    return np.asarray(network(rows, training=noise))[:, 0]


quiet = ask(networks[RATE], reviews, noise=False)
again = ask(networks[RATE], reviews, noise=False)
draws = np.array(
    [ask(networks[RATE], reviews, noise=True) for _ in range(30)]
)
print("without noise, asked twice, the same:", np.array_equal(quiet, again))
print("with noise, the same:", np.array_equal(draws[0], draws[1]))

# %%
# Thirty networks for all reviews; and two hundred for two reviews, the one about which the thirty disagree most and one on which they agree.

spread = draws.std(axis=0)
chosen = {"Much disagreement": spread.argmax(), "None": spread.argmin()}
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.2), sharey=True)
for ax, (title, index) in zip(axes, chosen.items(), strict=True):
    copies = np.repeat(reviews[index][None], 200, axis=0)
    answers = ask(networks[RATE], copies, noise=True)
    ax.hist(answers, np.linspace(0, 1, 21))
    ax.axvline(quiet[index], color="C1", ls="--", label="without noise")
    ax.set(title=title, xlabel="Probability of praise")
axes[0].set_ylabel("Random networks, of 200")
axes[0].legend(loc="upper center")
fig.set_label(
    "Two histograms of the answers of 200 random networks to one review. On "
    "the left they range over all probabilities, with many near both ends. "
    "On the right they all fall into one bar at the end. A dashed line marks "
    "the answer without noise."
)

# %%
# Without noise there is one number for each review, and nothing tells the two apart. The noise shows which of the answers hangs on a few units.
# What is the answer without noise an average of? We compare it with two averages over the thirty: of the probabilities, and of the log-odds.


def log_odds(p):
    """Return the log-odds of probabilities, which must not be 0 or 1."""
    p = np.clip(p.astype("float64"), 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


def loss_of(p):
    """Return the binary cross-entropy of answers to the reviews."""
    return np.mean(np.log1p(np.exp((1 - 2 * truth) * log_odds(p))))


average = draws.mean(axis=0)
average_odds = 1 / (1 + np.exp(-log_odds(draws).mean(axis=0)))
answers = {
    "one random network": draws[0],
    "without noise": quiet,
    "average of log-odds": average_odds,
    "average of probabilities": average,
}
losses = {name: loss_of(p) for name, p in answers.items()}
right = {name: np.mean((p > 0.5) == truth) for name, p in answers.items()}
for name in answers:
    print(f"{name:25} loss {losses[name]:.3f}  right {right[name]:.3f}")
closeness = np.corrcoef(log_odds(quiet), log_odds(average_odds))[0, 1]
print(f"correlation of the log-odds, second and third: {closeness:.4f}")

# %%
# The network without noise answers much like the average of the log-odds. So a single pass stands for thousands of networks that share their weights, and is better than any one of them.
# The average of the probabilities is right equally often, and its loss is far lower: where the random networks disagree, it is not sure.
# It costs thirty passes instead of one.
#
# What to take away
# -----------------
# Dropout zeroes a random share of a layer's outputs in training and scales up the rest; in use it does nothing.
# On these reviews it puts off overfitting, and at a rate of one half it also softens it; it hardly lowers the best loss.
# The network without noise is a cheap average of very many networks, and leaving the noise on tells how far they agree.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

low = {rate: min(run["val_loss"]) for rate, run in runs.items()}
end = {rate: run["val_loss"][-1] for rate, run in runs.items()}
best = {rate: training.best_epoch(run) for rate, run in runs.items()}
score = {rate: run["val_accuracy"][-1] for rate, run in runs.items()}
above = np.array(runs[RATE]["loss"]) > np.array(runs[RATE]["val_loss"])
measured = {
    "plain_lowest": low[0],
    "quarter_lowest": low[0.25],
    "half_lowest": low[0.5],
    "three_quarters_lowest": low[0.75],
    "plain_end": end[0],
    "quarter_end": end[0.25],
    "half_end": end[0.5],
    "three_quarters_end": end[0.75],
    "plain_best_epoch": best[0],
    "quarter_best_epoch": best[0.25],
    "half_best_epoch": best[0.5],
    "three_quarters_best_epoch": best[0.75],
    "plain_climb": end[0] / low[0],
    "half_climb": end[0.5] / low[0.5],
    "three_quarters_climb": end[0.75] / low[0.75],
    "plain_end_accuracy": score[0],
    "half_end_accuracy": score[0.5],
    "epochs_above": above.argmin(),
    "noisy_training_loss": noisy_loss,
    "quiet_training_loss": quiet_loss,
    "one_random_loss": losses["one random network"],
    "without_noise_loss": losses["without noise"],
    "log_odds_average_loss": losses["average of log-odds"],
    "average_loss": losses["average of probabilities"],
    "one_random_accuracy": right["one random network"],
    "without_noise_accuracy": right["without noise"],
    "average_accuracy": right["average of probabilities"],
    "closeness": closeness,
    "most_spread": spread.max(),
    "least_spread": spread.min(),
}
for name, value in measured.items():
    print(f"{name:26} {value:.4g}")

# (All ranges are those of five seeds.)
# Scale, zeros and mean are as the formula says, in NumPy and in Keras.
for rate, scale in scales.items():
    np.testing.assert_allclose(scale, 1 / (1 - rate), rtol=1e-5)
    np.testing.assert_allclose(zeros[rate], rate, atol=0.01)
    np.testing.assert_allclose(means[rate], 1, atol=0.03)
# In use the layer does nothing; with the noise on, two answers differ.
assert np.array_equal(layer(row[None], training=False)[0], row)
assert np.array_equal(quiet, again)
assert not np.array_equal(draws[0], draws[1])
# The turn comes later (epoch 3 to 4, 4 to 6, 6 to 8, 17 to 21).
assert best[0] <= best[0.25] + 1
assert best[0] < best[0.5] < best[0.75]
# A quarter ends as high as none (.94 to 1.03 and .93 to 1.01), a half lower
# (.65 to .74), three quarters near its lowest (1.01 to 1.12 times).
assert abs(end[0.25] - end[0]) < 0.2
assert end[0.5] < 0.87 * end[0]
assert measured["three_quarters_climb"] < 1.25
assert measured["plain_climb"] > 2.2
assert measured["half_climb"] < 2.6
# A half is right more often at the end (.848 to .854 against .828 to .835).
assert score[0.5] > score[0] + 0.005
# The lowest values of the first three differ by .02 at most.
assert np.ptp([low[0], low[0.25], low[0.5]]) < 0.04
# With the noise on, the training loss is higher (.07 to .09) than without
# (.01 to .02), and for 4 to 6 epochs higher than the validation loss.
assert noisy_loss > 1.8 * quiet_loss
assert 2 <= measured["epochs_above"] <= 10
# A single pass without noise is like the average of the log-odds (correlation
# .99), better than one random network, and as often right as the average of
# probabilities, whose loss is far lower (.37 to .39 against .62 to .70).
assert closeness > 0.97
assert right["without noise"] > right["one random network"]
assert losses["without noise"] < losses["one random network"]
odds_gap = losses["without noise"] - losses["average of log-odds"]
assert abs(odds_gap) < 0.12
assert abs(measured["average_accuracy"] - right["without noise"]) < 0.012
assert losses["average of probabilities"] < 0.75 * losses["without noise"]
# The networks disagree much about one review and not about another.
assert spread.max() > 0.4
assert spread.min() < 0.001

# %%
# Try it
# ------
# 1. Put dropout on the inputs as well: a layer ``keras.layers.Dropout(0.2)`` before the first dense layer.
#    Prediction: a fifth of the words of every review go missing at each step, no single word can be relied on, and the loss climbs less.
# 2. Train with a rate of one half for three times as many epochs.
#    Prediction: the loss climbs further; dropout puts overfitting off, and does not abolish it.

# sphinx_gallery_topics = ["4.4.3"]
# sphinx_gallery_keywords = ["text", "binary classification", "dropout"]
# sphinx_gallery_thumbnail_number = 1
