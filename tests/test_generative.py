import keras
import numpy as np
import pytest

from dlguide import generative

VGG_LIKE = ("one", "two")


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


def pictures_model(size=None):
    inputs = keras.Input((size, size, 3), name="pictures")
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="one")(inputs)
    x = keras.layers.AveragePooling2D(2, name="pool")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="two")(x)
    return keras.Model(inputs, x)


def photograph(height=48, width=64, seed=0):
    """Return a smooth picture with some structure, from 0 to 255."""
    rows, columns = np.mgrid[:height, :width]
    phases = np.random.default_rng(seed).uniform(0, 6, 3)
    waves = [np.sin(rows / (4 + c) + columns / 9 + phase) for c, phase in enumerate(phases)]
    return (np.stack(waves, -1) * 90 + 127).astype("float32")


# Characters


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple"])
def test_a_character_model_answers_at_every_place(cell):
    model = generative.character_model(20, (8, 6), cell=cell, embedding=4, dropout=0.1)
    names = [layer.name for layer in model.layers]
    assert names == [
        "characters",
        "embedding",
        "recurrent_1",
        "dropout_1",
        "recurrent_2",
        "dropout_2",
        "output",
    ]
    texts = np.random.default_rng(0).integers(0, 20, (3, 7))
    logits = model(texts)
    assert logits.shape == (3, 7, 20)
    assert logits.dtype == "float32"
    # What comes later changes nothing.
    changed = texts.copy()
    changed[:, 5:] = 0
    np.testing.assert_allclose(model(changed)[:, :5], logits[:, :5], atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocabulary_size": 1}, "vocabulary_size must be an integer of at least 2"),
        ({"units": ()}, "units must be a sequence"),
        ({"units": 5}, "units must be a sequence"),
        ({"units": (0,)}, "each size in units must be"),
        ({"cell": "elman"}, "cell must be one of simple, lstm, gru. Received: 'elman'"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"embedding": 2.5}, "embedding must be"),
    ],
)
def test_a_character_model_that_cannot_work_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        generative.character_model(**{"vocabulary_size": 20, **settings})


def test_temperature_sharpens_and_flattens():
    logits = np.array([[1.0, 0.0, -2.0], [3.0, 3.0, 0.0]])
    one = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(generative.tempered_softmax(logits), one)
    np.testing.assert_allclose(
        generative.tempered_softmax(logits, 0.5),
        np.exp(2 * logits) / np.exp(2 * logits).sum(-1, keepdims=True),
    )
    np.testing.assert_allclose(generative.tempered_softmax(logits, 0), [[1, 0, 0], [0.5, 0.5, 0]])
    np.testing.assert_allclose(generative.tempered_softmax(logits, 1e9), 1 / 3, atol=1e-6)
    np.testing.assert_allclose(generative.tempered_softmax([1e4, 0, -1e4], 0.1), [1, 0, 0])


def test_top_k_leaves_only_the_likeliest():
    shares = generative.tempered_softmax([[1.0, 3.0, 2.0, 2.0]], top_k=2)
    assert (shares > 0).tolist() == [[False, True, True, False]]
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares[0, 1] / shares[0, 2], np.e)


@pytest.mark.parametrize(
    ("logits", "settings", "message"),
    [
        ([np.nan, 0], {}, "logits must be finite"),
        (3.0, {}, "logits must be finite and have shape"),
        ([1.0, 2.0], {"temperature": -1}, "temperature must be 0 or more. Received: -1"),
        ([1.0, 2.0], {"temperature": np.inf}, "temperature must be 0 or more"),
        ([1.0, 2.0], {"top_k": 3}, "top_k must be at most 2"),
        ([1.0, 2.0], {"top_k": 0}, "top_k must be"),
    ],
)
def test_a_softmax_that_cannot_work_is_refused(logits, settings, message):
    with pytest.raises(ValueError, match=message):
        generative.tempered_softmax(logits, **settings)


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple"])
def test_writing_carries_the_state_as_the_whole_text_would(cell):
    model = generative.character_model(15, (9, 7), cell=cell, embedding=5, dropout=0.5)
    # Weights large enough for one choice to differ from the next.
    model.set_weights([3 * weight for weight in model.get_weights()])
    prompt = np.array([[1, 2, 3], [4, 5, 6]])
    written = generative.generate_characters(model, prompt, 12, temperature=0, seed=0)
    text = prompt
    for _ in range(12):
        following = np.asarray(model(text))[:, -1].argmax(-1)
        text = np.concatenate([text, following[:, None]], 1)
    np.testing.assert_array_equal(written, text[:, 3:])
    assert written.dtype == "int32"
    assert len(np.unique(written)) > 1


def test_one_prompt_gives_one_text_and_a_seed_the_same_one():
    model = generative.character_model(15, (8,))
    texts = [generative.generate_characters(model, [3, 4], 30, seed=s) for s in (0, 0, 1)]
    assert texts[0].shape == (30,)
    np.testing.assert_array_equal(texts[0], texts[1])
    assert (texts[0] != texts[2]).any()


def test_characters_are_drawn_as_often_as_they_are_likely():
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(3, 4),
            keras.layers.Dense(3, kernel_initializer="zeros"),
        ]
    )
    model.layers[-1].bias.assign(np.log([0.7, 0.2, 0.1]))
    written = generative.generate_characters(model, np.zeros((400, 1), int), 20, seed=0)
    shares = np.bincount(written.ravel(), minlength=3) / written.size
    np.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.02)


@pytest.mark.parametrize(
    ("prompt", "settings", "message"),
    [
        ([], {}, "prompt must hold integers"),
        ([0.5], {}, "prompt must hold integers"),
        ([[[1]]], {}, "prompt must hold integers, in shape"),
        ([15], {}, "prompt must hold integers from 0 to 14. Received: 15 to 15"),
        ([-1], {}, "prompt must hold integers from 0 to 14"),
        ([1], {"length": 0}, "length must be"),
        ([1], {"temperature": -0.1}, "temperature must be 0 or more"),
        ([1], {"top_k": 16}, "top_k must be at most 15"),
        ([1], {"seed": -1}, "seed must be an integer of at least 0"),
    ],
)
def test_writing_that_cannot_work_is_refused(prompt, settings, message):
    model = generative.character_model(15, (4,))
    with pytest.raises(ValueError, match=message):
        generative.generate_characters(
            model, prompt, **{"length": 3, "temperature": 1.0, "seed": 0, **settings}
        )


def test_a_model_that_looks_ahead_or_branches_cannot_write():
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(9, 4)(inputs)
    both = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True), name="both")(x)
    ahead = keras.Model(inputs, keras.layers.Dense(9)(both))
    side = keras.layers.Concatenate(name="side")([x, keras.layers.Dense(4)(x)])
    branched = keras.Model(inputs, keras.layers.Dense(9)(side))
    last = keras.Model(inputs, keras.layers.Dense(9)(keras.layers.GRU(3)(x)))
    for model, message in (
        (ahead, "'both', which reads what is still to come"),
        (branched, "'side' stands apart"),
        (last, "Received: one that puts out"),
        ("model", "Received: str"),
    ):
        with pytest.raises(ValueError, match=message):
            generative.generate_characters(model, [1], 2, seed=0)


def test_a_character_model_survives_saving(tmp_path):
    model = generative.character_model(15, (8,), cell="gru")
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    first, second = (
        generative.generate_characters(one, [1, 2], 20, seed=0) for one in (model, again)
    )
    np.testing.assert_array_equal(first, second)


# Dreams


def test_a_dream_makes_layers_respond_more():
    picture = photograph()
    dream = generative.deep_dream(pictures_model(), picture, ["one", "two"], octaves=2, seed=0)
    assert dream.image.shape == picture.shape
    assert dream.image.dtype == dream.objective.dtype == "float32"
    assert 0 <= dream.image.min() <= dream.image.max() <= 255
    assert dream.objective.shape == (2, 12)
    assert (dream.objective[:, -1] > 1.2 * dream.objective[:, 0]).all()
    assert np.abs(dream.image - picture).mean() > 5


def test_the_same_seed_dreams_the_same():
    model = pictures_model()
    dreams = [
        generative.deep_dream(model, photograph(), "two", octaves=2, steps=3, seed=seed).image
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(dreams[0], dreams[1])
    assert (dreams[0] != dreams[2]).any()


def test_a_weight_of_zero_leaves_a_layer_out():
    model = pictures_model()
    settings = {"octaves": 1, "steps": 3, "seed": 0}
    both = generative.deep_dream(model, photograph(), {"one": 0.0, "two": 1.0}, **settings)
    one = generative.deep_dream(model, photograph(), "two", **settings)
    np.testing.assert_allclose(both.image, one.image, atol=1e-3)


def test_a_picture_of_another_range_stays_in_it():
    picture = photograph() / 255
    dream = generative.deep_dream(
        pictures_model(), picture, "one", octaves=1, steps=4, value_range=(0, 1), seed=0
    )
    assert 0 <= dream.image.min() <= dream.image.max() <= 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": "three"}, "layer must be one of one, pool, two. Received: 'three'"),
        ({"layers": []}, "layers must name at least one"),
        ({"layers": {"one": np.nan}}, "layers must name at least one, with finite weights"),
        ({"octaves": 0}, "octaves must be"),
        ({"octaves": 9}, "image must be at least 32 pixels high and wide"),
        ({"octave_scale": 1.0}, "octave_scale must be above 1"),
        ({"steps": 0}, "steps must be"),
        ({"rate": 0.0}, "rate must be above 0"),
        ({"jitter": -1}, "jitter must be an integer of at least 0"),
        ({"seed": None}, "seed must be an integer of at least 0"),
        ({"image": np.zeros((48, 64))}, r"image must have shape \(height, width, 3\)"),
        ({"image": np.full((48, 64, 3), 300)}, "image must be within value_range, 0 to 255"),
        ({"image": np.full((48, 64, 3), np.nan)}, "image must hold finite numbers"),
        ({"model": pictures_model(64)}, "model must take pictures of any size"),
        ({"model": None}, "model must be a functional keras.Model"),
    ],
)
def test_a_dream_that_cannot_work_is_refused(settings, message):
    usual = {"model": pictures_model(), "image": photograph(), "layers": "one", "octaves": 1}
    with pytest.raises(ValueError, match=message):
        generative.deep_dream(**{**usual, "seed": 0, **settings})


def test_dreaming_is_silent_where_nobody_watches(capfd):
    generative.deep_dream(pictures_model(), photograph(), "one", octaves=1, steps=2, seed=0)
    assert capfd.readouterr() == ("", "")


# Style

LAYERS = {"content_layers": ["two"], "style_layers": ["one", "two"]}


def test_style_transfer_moves_towards_both():
    content, style = photograph(), photograph(40, 40, seed=5)[::-1]
    result = generative.style_transfer(
        pictures_model(), content, style, sizes=[48, 64], iterations=[10, 12], **LAYERS
    )
    assert result.image.shape == content.shape
    assert 0 <= result.image.min() <= result.image.max() <= 255
    assert list(result.losses) == ["content", "style", "variation", "loss"]
    steps = result.losses["loss"]
    assert 2 <= len(steps) <= 22
    assert steps[-1] < 0.5 * steps[0]
    parts = [result.losses[name] for name in ("content", "style", "variation")]
    np.testing.assert_allclose(steps, 0.05 * parts[0] + parts[1] + parts[2], rtol=1e-4)


def test_content_alone_brings_the_picture_back():
    picture = photograph()
    result = generative.style_transfer(
        pictures_model(),
        picture,
        content_layers=["one"],
        style_weight=0,
        variation_weight=0,
        content_weight=1,
        sizes=[64],
        iterations=[60],
        start="noise",
    )
    noise = np.random.default_rng(0).uniform(0, 255, picture.shape)
    assert np.abs(result.image - picture).mean() < 0.5 * np.abs(noise - picture).mean()


def test_style_alone_ignores_places():
    style = photograph()
    model = pictures_model()
    settings = {"style_layers": ["one"], "content_weight": 0, "variation_weight": 0}
    result = generative.style_transfer(
        model,
        style,
        style,
        sizes=[64],
        iterations=[40],
        start="noise",
        **settings,
        content_layers=["two"],
    )
    assert result.losses["style"][-1] < 0.05 * result.losses["style"][0]
    assert np.abs(result.image - style).mean() > 20


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"style": None}, "style must be a picture unless style_weight is 0"),
        ({"content_weight": -1}, "content_weight must be 0 or more. Received: -1"),
        ({"content_weight": 0, "style_weight": 0}, "content_weight or style_weight must be above"),
        ({"content_layers": []}, "content_layers must name at least one layer"),
        ({"style_layers": ["three"]}, "layer must be one of one, pool, two"),
        ({"sizes": [64, 96]}, "sizes and iterations must have as many entries"),
        ({"sizes": [16]}, "each of sizes must be"),
        ({"sizes": [36]}, "each of sizes must leave 32 pixels for the shorter side too"),
        ({"iterations": [0]}, "each of iterations must be"),
        ({"start": "style"}, "start must be 'content' or 'noise'"),
        ({"value_range": (1, 0)}, r"value_range must be \(low, high\)"),
        ({"seed": -1}, "seed must be"),
        ({"content": np.zeros((40, 40, 1))}, "content must have shape"),
        ({"style": np.full((40, 40, 3), -1)}, "style must be within value_range"),
        ({"model": pictures_model(64)}, "build it with size=None"),
    ],
)
def test_a_transfer_that_cannot_work_is_refused(settings, message):
    usual = {"model": pictures_model(), "content": photograph(), "style": photograph()}
    with pytest.raises(ValueError, match=message):
        generative.style_transfer(
            **{**usual, "sizes": [64], "iterations": [2], **LAYERS, **settings}
        )


# Variational autoencoder

SIZES = {"shape": (8, 12, 2), "latent_size": 3, "filters": (4, 6), "units": 10}


def few_pictures(number=12, shape=(8, 12, 2)):
    return np.random.default_rng(0).integers(0, 256, (number, *shape)).astype("uint8")


def test_an_autoencoder_has_a_way_in_and_a_way_out():
    model = generative.VariationalAutoencoder(**SIZES)
    mean, log_variance = model.encode(few_pictures())
    assert mean.shape == log_variance.shape == (12, 3)
    made = model.decode(mean)
    assert made.shape == (12, 8, 12, 2)
    assert 0 <= made.min() <= made.max() <= 255
    np.testing.assert_allclose(model(few_pictures()), made, rtol=1e-5)
    drawn = [np.asarray(model(few_pictures(), training=True)) for _ in range(2)]
    assert np.abs(drawn[0] - drawn[1]).max() > 1e-3


def test_the_losses_are_those_of_the_formula():
    model = generative.VariationalAutoencoder(**SIZES, beta=0.7, seed=1)
    model.compile(optimizer="sgd")
    pictures = few_pictures()
    told = model.evaluate(pictures, verbose=0, return_dict=True, batch_size=12)
    mean, log_variance = model.encode(pictures)
    divergence = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(1).mean()
    noise = keras.random.normal(mean.shape, seed=keras.random.SeedGenerator(1))
    made = model.decode(mean + np.exp(log_variance / 2) * np.asarray(noise)) / 255
    pixels = pictures / 255
    surprise = -(pixels * np.log(made) + (1 - pixels) * np.log(1 - made)).sum((1, 2, 3)).mean()
    assert told["divergence"] == pytest.approx(divergence, rel=1e-4)
    assert told["reconstruction"] == pytest.approx(surprise, rel=1e-4)
    assert told["loss"] == pytest.approx(surprise + 0.7 * divergence, rel=1e-4)


def test_an_autoencoder_without_convolutions_is_dense():
    model = generative.VariationalAutoencoder((7, 5, 2), 3, (), units=10, seed=0)
    kinds = [type(layer) for half in (model.encoder, model.decoder) for layer in half.layers]
    assert kinds.count(keras.layers.Dense) == 5
    assert not {keras.layers.Conv2D, keras.layers.Conv2DTranspose} & set(kinds)
    pictures = few_pictures(shape=(7, 5, 2))
    made = model.decode(model.encode(pictures)[0])
    assert made.shape == pictures.shape
    assert 0 <= made.min() <= made.max() <= 255
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    ink = np.repeat(255 * (pictures[:3] > 127), 8, axis=0)
    losses = model.fit(ink, epochs=20, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < 0.85 * losses[0]
    again = generative.VariationalAutoencoder.from_config(model.get_config())
    assert again.count_params() == model.count_params()


def test_an_autoencoder_learns_and_beta_presses_the_clouds_together():
    pictures = np.repeat(few_pictures(4), 16, axis=0)
    divergences = {}
    for beta in (0.0, 50.0):
        keras.utils.set_random_seed(0)
        model = generative.VariationalAutoencoder(**SIZES, beta=beta, seed=0)
        model.compile(optimizer=keras.optimizers.Adam(0.005))
        history = model.fit(pictures, epochs=15, batch_size=16, verbose=0).history
        assert history["loss"][-1] < history["loss"][0]
        divergences[beta] = history["divergence"][-1]
    assert divergences[50.0] < 0.2 * divergences[0.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shape": (8, 12)}, r"shape must be \(height, width, channels\)"),
        ({"shape": (9, 12, 1)}, "height and width must be multiples of 4.*Received: 9 x 12"),
        ({"filters": 8}, "filters must be a sequence"),
        ({"filters": (0,)}, "each size in filters must be"),
        ({"latent_size": 0}, "latent_size must be"),
        ({"beta": -0.1}, "beta must be 0 or more"),
    ],
)
def test_an_autoencoder_that_cannot_work_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        generative.VariationalAutoencoder(**{**SIZES, **settings})


def test_what_does_not_fit_an_autoencoder_is_refused():
    model = generative.VariationalAutoencoder(**SIZES)
    with pytest.raises(ValueError, match=r"pictures must have shape \('n', 8, 12, 2\)"):
        model.encode(np.zeros((3, 8, 8, 2)))
    with pytest.raises(ValueError, match=r"points must have shape \(n, 3\)"):
        model.decode(np.zeros((3, 2)))


def fitted_autoencoder():
    model = generative.VariationalAutoencoder(**SIZES, seed=0)
    model.compile(optimizer="adam")
    model.fit(few_pictures(), verbose=0)
    return model


def fitted_network():
    model = generative.GenerativeAdversarialNetwork(**GAN_SIZES, seed=0)
    model.compile("adam", "adam")
    model.fit(few_pictures(), verbose=0)
    return model


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_autoencoder_survives_saving_and_learns_on(tmp_path):
    model = fitted_autoencoder()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(few_pictures()), model(few_pictures()), rtol=1e-5)
    assert again.get_config() == model.get_config()
    again.fit(few_pictures(), verbose=0)


# Adversarial network

GAN_SIZES = {"shape": (8, 12, 2), "latent_size": 5, "filters": (4, 6)}


def test_a_generator_makes_pictures_of_noise():
    model = generative.GenerativeAdversarialNetwork(**GAN_SIZES)
    made = model.generate(7, seed=0)
    assert made.shape == (7, 8, 12, 2)
    assert 0 <= made.min() <= made.max() <= 255
    np.testing.assert_array_equal(made, model.generate(7, seed=0))
    noise = np.random.default_rng(0).standard_normal((7, 5))
    np.testing.assert_allclose(model.generate(noise), made, rtol=1e-5)
    np.testing.assert_allclose(model(noise.astype("float32")), made, rtol=1e-4, atol=1e-3)
    assert model.discriminator(made).shape == (7, 1)


def test_a_step_moves_both_networks_and_each_by_its_own_optimizer():
    model = generative.GenerativeAdversarialNetwork(**GAN_SIZES, seed=0)
    for still, moving in (("generator", "discriminator"), ("discriminator", "generator")):
        rates = {still: 0.0, moving: 0.1}
        model.compile(
            keras.optimizers.SGD(rates["generator"]),
            keras.optimizers.SGD(rates["discriminator"]),
        )
        networks = {name: getattr(model, name) for name in rates}
        before = {
            name: [np.array(w) for w in network.trainable_weights]
            for name, network in networks.items()
        }
        history = model.fit(few_pictures(), verbose=0).history
        moved = {
            name: max(
                np.abs(np.array(w) - old).max()
                for w, old in zip(network.trainable_weights, before[name], strict=True)
            )
            for name, network in networks.items()
        }
        assert moved[still] == 0
        assert moved[moving] > 0
    assert set(history) == {"generator_loss", "discriminator_loss", "real_score", "fake_score"}
    assert 0 < history["real_score"][0] < 1


def test_a_discriminator_alone_learns_to_tell_real_from_made():
    model = generative.GenerativeAdversarialNetwork(**GAN_SIZES, dropout=0.0, seed=0)
    model.compile(keras.optimizers.SGD(0.0), keras.optimizers.Adam(0.01))
    history = model.fit(few_pictures(64), epochs=25, batch_size=16, verbose=0).history
    assert history["discriminator_loss"][-1] < 0.3 < history["discriminator_loss"][0]
    assert history["real_score"][-1] > 0.7 > 0.3 > history["fake_score"][-1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shape": (8, 10, 1)}, "height and width must be multiples of 4"),
        ({"latent_size": -1}, "latent_size must be"),
        ({"dropout": 1}, r"dropout must be in \[0, 1\)"),
        ({"smoothing": 0.5}, r"smoothing must be in \[0, 0.5\)"),
        ({"filters": 32}, "filters must be a sequence"),
    ],
)
def test_a_network_that_cannot_work_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        generative.GenerativeAdversarialNetwork(**{**GAN_SIZES, **settings})


def test_one_optimizer_cannot_serve_two():
    model = generative.GenerativeAdversarialNetwork(**GAN_SIZES)
    optimizer = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="an optimizer of its own"):
        model.compile(optimizer, optimizer)
    with pytest.raises(ValueError, match=r"points must be a number or have shape \(n, 5\)"):
        model.generate(np.zeros((2, 4)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_network_survives_saving_and_learns_on(tmp_path):
    model = fitted_network()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.generate(3, seed=0), model.generate(3, seed=0), rtol=1e-4)
    pictures = few_pictures()
    np.testing.assert_allclose(
        again.discriminator(pictures), model.discriminator(pictures), rtol=1e-4, atol=1e-5
    )
    for name in ("optimizer", "discriminator_optimizer"):
        old, new = (getattr(one, name).variables for one in (model, again))
        assert [np.asarray(v).shape for v in old] == [np.asarray(v).shape for v in new]
        for one, other in zip(old, new, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)
    again.fit(pictures, verbose=0)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_both_train_in_other_precisions_and_compiled(jit, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        encoder = generative.VariationalAutoencoder(**SIZES, seed=0)
        encoder.compile(optimizer="adam", jit_compile=jit)
        network = generative.GenerativeAdversarialNetwork(**GAN_SIZES, seed=0)
        network.compile("adam", "adam", jit_compile=jit)
        for model in (encoder, network):
            history = model.fit(few_pictures(), verbose=0).history
            assert all(np.isfinite(values).all() for values in history.values())
        assert network.generate(2, seed=0).dtype == "float32"
    finally:
        keras.config.set_dtype_policy(before)
