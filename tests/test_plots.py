import io
import itertools
import warnings
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from dlguide import plots

RUN = {
    "accuracy": [0.7, 0.8, 0.9],
    "loss": [0.6, 0.3, 0.1],
    "val_accuracy": [0.75, 0.85, 0.8],
    "val_loss": [0.5, 0.4, 0.7],
}


@pytest.fixture(autouse=True)
def style():
    with plt.style.context("dlguide.guide"):
        yield
    plt.close("all")


def label(figure):
    assert isinstance(figure, Figure)
    assert plt.fignum_exists(figure.number)
    return figure.get_label()


def texts(axes):
    return [text.get_text() for text in axes.texts]


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def title(figure):
    return figure.get_suptitle()


# history


def test_history_draws_training_against_validation():
    figure = plots.history(RUN)
    (axes,) = figure.axes
    training, validation = axes.lines
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(training.get_ydata(), RUN["loss"])
    np.testing.assert_array_equal(validation.get_ydata(), RUN["val_loss"])
    assert legend(axes) == ["training", "validation"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Epoch", "Loss")
    assert title(figure) == "Training and validation loss"


def test_history_tells_its_curves_apart_without_colour():
    training, validation = plots.history(RUN).axes[0].lines
    assert training.get_linestyle() != validation.get_linestyle()
    assert training.get_marker() != validation.get_marker()


def test_history_says_where_curves_turn():
    assert label(plots.history(RUN)) == (
        "Line chart of training and validation loss over 3 epochs. "
        "Training loss starts at 0.6 and ends at 0.1. "
        "Validation loss starts at 0.5, is lowest, 0.4, at epoch 2 and ends at 0.7."
    )


def test_history_takes_what_fit_returns():
    keras_like = SimpleNamespace(history=RUN)
    assert label(plots.history(keras_like)) == label(plots.history(RUN))


def test_history_has_a_panel_for_each_metric():
    figure = plots.history(RUN, ("loss", "accuracy"))
    assert [axes.get_ylabel() for axes in figure.axes] == ["Loss", "Accuracy"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "Epoch"]
    assert [len(axes.lines) for axes in figure.axes] == [2, 2]
    assert title(figure) == "Training and validation: loss and accuracy"
    assert "Validation accuracy starts at 0.75, is highest, 0.85, at epoch 2" in label(figure)


def test_history_without_validation_has_one_line():
    figure = plots.history({"mae": [3.0, 2.0]}, "mae")
    assert legend(figure.axes[0]) == ["training"]
    assert figure.axes[0].get_ylabel() == "Mean absolute error"
    assert title(figure) == "Training mean absolute error"
    assert "alidation" not in label(figure)


def test_history_marks_the_best_epoch():
    figure = plots.history(RUN, best=2)
    mark = figure.axes[0].lines[-1]
    assert list(mark.get_xdata()) == [2, 2]
    assert legend(figure.axes[0])[-1] == "best epoch: 2"
    assert label(figure).endswith("A vertical line marks epoch 2 as the best.")


@pytest.mark.parametrize(
    ("epochs", "ticks"),
    [
        (1, [1]),
        (4, [1, 2, 3, 4]),
        (12, [1, 5, 10]),
        (100, [1, *range(10, 101, 10)]),
        (150, [1, *range(20, 141, 20)]),
    ],
)
def test_epochs_are_counted_from_one(epochs, ticks):
    axes = plots.history({"loss": np.ones(epochs)}).axes[0]
    assert list(axes.get_xticks()) == ticks


def test_one_epoch_is_a_visible_dot():
    figure = plots.history({"loss": [0.5]})
    assert figure.axes[0].lines[0].get_marker() == "o"
    assert label(figure) == "Line chart of training loss over 1 epoch. Training loss is 0.5."


def test_markers_go_where_they_would_run_together():
    assert plots.history({"loss": np.ones(200)}).axes[0].lines[0].get_marker() == "None"


def test_history_admits_values_that_are_not_finite():
    assert "Training loss is not finite in 1 of 3 epochs, else from 0.2 to 0.5." in label(
        plots.history({"loss": [0.5, 0.2, float("nan")]})
    )
    assert "is not finite in 1 of 1 epoch." in label(plots.history({"loss": [float("inf")]}))


def test_words_of_ones_own_win():
    figure = plots.history(RUN, title="Too long", alt="Two curves part.")
    assert (title(figure), label(figure)) == ("Too long", "Two curves part.")


@pytest.mark.parametrize(
    ("history", "arguments", "message"),
    [
        (RUN, {"metrics": "auc"}, r"among \['accuracy', 'loss'\]. Received: 'auc'"),
        (RUN, {"metrics": ("val_loss",)}, r"Received: \('val_loss',\)"),
        (RUN, {"metrics": ()}, r"metrics must be among .* Received: \(\)"),
        ({"loss": []}, {}, r"one value for each epoch. Received: {'loss': 0}"),
        ({"loss": [1, 2], "val_loss": [1]}, {}, r"Received: {'loss': 2, 'val_loss': 1}"),
        (RUN, {"best": 4}, r"best must be an epoch from 1 to 3. Received: 4"),
        (RUN, {"best": 0}, r"best must be an epoch from 1 to 3. Received: 0"),
        (RUN, {"alt": " "}, r"alt must say what the figure shows. Received: ' '"),
    ],
)
def test_impossible_histories_are_refused(history, arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.history(history, **arguments)


# compare_histories


def test_runs_are_compared_in_one_panel():
    figure = plots.compare_histories({"baseline": RUN, "short": {"val_loss": [0.9, 0.2]}})
    (axes,) = figure.axes
    assert legend(axes) == ["baseline", "short"]
    assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2, 3], [1, 2]]
    assert (title(figure), axes.get_ylabel()) == ("Validation loss", "Loss")
    assert label(figure) == (
        "Line chart of validation loss over 3 epochs. "
        "baseline: starts at 0.5, is lowest, 0.4, at epoch 2 and ends at 0.7. "
        "short: starts at 0.9 and ends at 0.2."
    )


def test_six_runs_differ_without_colour():
    lines = plots.compare_histories({str(n): RUN for n in range(6)}, "loss").axes[0].lines
    assert len({line.get_marker() for line in lines}) == 6
    assert len({line.get_linestyle() for line in lines}) >= 4


def test_panels_of_a_given_figure_add_up():
    figure, (left, right) = plt.subplots(1, 2)
    assert plots.compare_histories({"a": RUN}, "loss", ax=left, title="Left") is figure
    assert plots.compare_histories({"a": RUN}, ax=right, alt="And the right.") is figure
    assert left.get_title(loc="left") == "Left"
    assert title(figure) == ""
    assert label(figure).startswith("Line chart of training loss")
    assert label(figure).endswith("ends at 0.1. And the right.")


@pytest.mark.parametrize(
    ("histories", "message"),
    [
        ({}, r"histories must hold 1 to 6 runs. Received: 0"),
        ({str(n): RUN for n in range(7)}, r"histories must hold 1 to 6 runs. Received: 7"),
        ({"a": RUN, "b": {"loss": [1]}}, r"'b' has \['loss'\]. Received: 'val_loss'"),
        ({"a": {"val_loss": []}}, r"one value for each epoch"),
    ],
)
def test_impossible_comparisons_are_refused(histories, message):
    with pytest.raises(ValueError, match=message):
        plots.compare_histories(histories)


# confusion


def test_confusion_writes_its_counts():
    figure = plots.confusion([[8, 2], [0, 10]], ["cat", "dog"])
    axes = figure.axes[0]
    assert texts(axes) == ["8", "2", "", "10"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["cat", "dog"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["cat", "dog"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted class", "True class")
    assert title(figure) == "Confusion matrix"
    assert label(figure) == (
        "Heat map of a confusion matrix for 2 classes, true classes as rows, predicted ones as "
        "columns. 18 of 20 samples (90%) lie on the diagonal. "
        "Most often, 2 times, cat is taken for dog."
    )


def test_confusion_normalizes_the_true_classes():
    figure = plots.confusion([[999, 1, 0], [1, 1, 2], [0, 0, 0]], "abc", normalize=True)
    expected = ["100%", "<1%", "", "25%", "25%", "50%", "", "", ""]
    assert texts(figure.axes[0]) == expected
    cells = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(cells[1], [0.25, 0.25, 0.5])


def test_confusion_admits_ties_and_perfection():
    assert label(plots.confusion([[1, 1], [1, 0]], "ab")).endswith(
        "Most often, 1 time, a is taken for b, as often as 1 other mistake."
    )
    assert label(plots.confusion(np.eye(2), "ab")).endswith("(100%) lie on the diagonal.")


def test_confusion_of_many_classes_has_a_colour_bar_and_every_name():
    names = [f"topic {n}" for n in range(52)]
    axes, bar = plots.confusion(np.ones((52, 52)), names).axes
    assert texts(axes) == []
    assert [tick.get_text() for tick in axes.get_yticklabels()] == names
    assert bar.get_ylabel() == "Samples"


def test_names_never_overlap():
    for classes in (2, 10, 13, 52, 100, 300):
        figure = plots.confusion(np.ones((classes, classes)), ["a long name"] * classes)
        figure.canvas.draw()
        axes = figure.axes[0]
        for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
            boxes = [tick.get_window_extent() for tick in ticks]
            for before, after in itertools.pairwise(boxes):
                assert not before.overlaps(after), classes


def test_numbers_stand_out_from_their_cells():
    matrix = np.arange(1, 101).reshape(10, 10) ** 2
    axes = plots.confusion(matrix, "abcdefghij").axes[0]
    cells = axes.images[0].to_rgba(matrix)[..., :3].reshape(-1, 3)
    for text, cell in zip(axes.texts, cells, strict=True):
        ink = np.array([int(text.get_color()[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        assert contrast(ink, cell) > 4


def contrast(one, other):
    def luminance(colour):
        linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        ([[1, 2]], "ab", r"at least \(2, 2\). Received: \(1, 2\)"),
        ([[1]], "a", r"Received: \(1, 1\)"),
        (3, "a", r"Received: \(\)"),
        ([[1, -1], [0, 1]], "ab", r"Received: values from -1.0 to 1.0"),
        ([[0, 0], [0, 0]], "ab", r"not all zero"),
        ([[1, np.nan], [0, 1]], "ab", r"Received: values from nan to nan"),
        ([[1, 0], [0, 1]], "abc", r"each of 2 classes. Received: 3"),
    ],
)
def test_impossible_matrices_are_refused(matrix, names, message):
    with pytest.raises(ValueError, match=message):
        plots.confusion(matrix, names)


# bars


def test_bars_go_from_zero_the_first_at_the_top():
    figure = plots.bars([2, -1], ["good", "bad"], xlabel="Weight", title="Two words")
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [2, -1]
    assert [bar.get_x() for bar in axes.patches] == [0, 0]
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    assert axes.yaxis_inverted()
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["good", "bad"]
    assert texts(axes) == ["2", "\N{MINUS SIGN}1"]
    assert axes.get_xlabel() == "Weight"
    assert axes.get_legend() is None
    assert label(figure) == "Bar chart of weight: good 2; bad -1."


def test_bars_show_their_baseline_and_their_range():
    figure = plots.bars(
        [0.88, 0.8],
        ["dense", "LSTM"],
        xlabel="Accuracy",
        title="Who wins?",
        errors=([0.87, 0.8], [0.9, 0.81]),
        baseline=0.5,
        baseline_label="coin",
        fmt=".0%",
    )
    axes = figure.axes[0]
    assert legend(axes) == ["coin"]
    assert list(axes.lines[-1].get_xdata()) == [0.5, 0.5]
    (whiskers,) = axes.collections
    ends = [sorted(x for x, _ in segment) for segment in whiskers.get_segments()]
    np.testing.assert_allclose(ends, [[0.87, 0.9], [0.8, 0.81]])
    assert texts(axes) == ["88%", "80%"]
    assert label(figure) == (
        "Bar chart of accuracy: dense 88%; LSTM 80%. Whiskers show the range of each. "
        "A vertical line, coin, stands at 50%."
    )


def test_a_baseline_beyond_the_bars_is_seen():
    axes = plots.bars([0.4], ["dense"], xlabel="Error", title="Not yet", baseline=0.9).axes[0]
    low, high = axes.get_xlim()
    assert low <= 0 < 0.9 < high


def test_many_bars_are_summed_up():
    figure = plots.bars(range(20), [f"w{n}" for n in range(20)], xlabel="Weight", title="Many")
    assert label(figure) == "Bar chart of weight: 20 bars from w0 0 to w19 19."


def test_bars_may_go_without_numbers():
    assert texts(plots.bars([1], ["a"], xlabel="Weight", title="One", fmt="").axes[0]) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": []}, r"at least one. Received: shape \(0,\)"),
        ({"values": [[1, 2]]}, r"one-dimensional.* Received: shape \(1, 2\)"),
        ({"values": [1, np.inf]}, r"finite.* Received: shape \(2,\), \[1.0, inf\]"),
        ({"labels": ["a"]}, r"each of 2 values. Received: 1 labels"),
        ({"errors": ([1], [2])}, r"with 2 numbers each. Received: shape \(2, 1\)"),
        ({"errors": ([0, 3], [2, 4])}, r"Received: low \[0.0, 3.0\], high \[2.0, 4.0\]"),
        ({"alt": ""}, r"alt must say what the figure shows. Received: ''"),
    ],
)
def test_impossible_bars_are_refused(arguments, message):
    usual = {"values": [1, 2], "labels": ["a", "b"], "xlabel": "Weight", "title": "Two"}
    with pytest.raises(ValueError, match=message):
        plots.bars(**{**usual, **arguments})


# image_grid


@pytest.mark.parametrize("shape", [(7, 4, 6), (7, 4, 6, 1), (7, 4, 6, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float64"])
def test_images_keep_their_pixels_and_their_proportions(shape, dtype):
    images = np.random.default_rng(0).random(shape)
    images = (images * 255).astype(dtype) if dtype == "uint8" else images.astype(dtype)
    figure = plots.image_grid(images, title="Seven", columns=3)
    assert len(figure.axes) == 7
    np.testing.assert_array_equal(figure.axes[4].images[0].get_array(), np.squeeze(images[4]))
    box = figure.axes[4].get_window_extent()
    assert box.width / box.height == pytest.approx(6 / 4)
    rows = {round(axes.get_position().y0, 6) for axes in figure.axes}
    assert len(rows) == 3
    assert title(figure) == "Seven"
    assert label(figure) == "Seven: 7 images of 6 by 4 pixels."


def test_every_image_has_the_same_scale():
    images = np.stack([np.full((2, 2), 0.2), np.full((2, 2), 0.9)])
    limits = [axes.images[0].get_clim() for axes in plots.image_grid(images, title="Two").axes]
    assert limits == [(0, 1), (0, 1)]
    images = (255 * images).astype("uint8")
    assert plots.image_grid(images, title="Two").axes[0].images[0].get_clim() == (0, 255)


def test_titles_stand_above_their_images_inside_the_figure():
    titles = ["cat", "a dog that runs after a ball on the beach"]
    figure = plots.image_grid(np.zeros((2, 9, 9)), title="Pets", titles=titles, columns=5)
    figure.canvas.draw()
    captions = [axes.get_title(loc="left") for axes in figure.axes]
    assert [caption.replace("\n", " ") for caption in captions] == titles
    top = figure.texts[0].get_window_extent()
    for axes, caption in zip(figure.axes, captions, strict=True):
        (text,) = axes.findobj(
            lambda artist, said=caption: getattr(artist, "get_text", str)() == said
        )
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width
        assert box.y1 <= top.y0
    assert label(figure).endswith(", titled cat; a dog that runs after a ball on the beach.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": np.zeros((4, 4))}, r"n at least 1. Received: \(4, 4\)"),
        ({"images": np.zeros((1, 4, 4, 2))}, r"Received: \(1, 4, 4, 2\)"),
        ({"images": np.zeros((0, 4, 4))}, r"Received: \(0, 4, 4\)"),
        ({"images": np.zeros((1, 4, 4), int)}, r"uint8, or floats .* Received: int64"),
        ({"images": np.full((1, 4, 4), 255.0)}, r"values from 255.0 to 255.0"),
        ({"images": np.full((1, 4, 4), np.nan)}, r"values from nan to nan"),
        ({"columns": 0}, r"columns must be at least 1. Received: 0"),
        ({"titles": ["a", "b"]}, r"each of 1 images. Received: 2"),
        ({"alt": ""}, r"alt must say what the figure shows"),
    ],
)
def test_impossible_images_are_refused(arguments, message):
    usual = {"images": np.zeros((1, 4, 4)), "title": "One"}
    with pytest.raises(ValueError, match=message):
        plots.image_grid(**{**usual, **arguments})


# All of them


def test_every_figure_stays_within_its_edges():
    figures = [
        plots.history(RUN, ("loss", "accuracy"), best=2),
        plots.compare_histories({f"a rather long name, {n}": RUN for n in range(6)}),
        plots.confusion(np.ones((10, 10)), ["a long name"] * 10),
        plots.bars([3, -2], ["a", "a very long label indeed"], xlabel="Weight", title="Bars"),
    ]
    for figure in figures:
        figure.canvas.draw()
        for artist in [*figure.texts, *figure.axes]:
            box = artist.get_tightbbox()
            assert box.x0 >= -1
            assert box.y0 >= -1
            assert box.x1 <= figure.bbox.width + 1
            assert box.y1 <= figure.bbox.height + 1


def test_figures_work_without_the_style():
    with plt.style.context("default"):
        for figure in (
            plots.history(RUN),
            plots.confusion(np.eye(3), "abc"),
            plots.bars([1], ["a"], xlabel="Weight", title="One"),
            plots.image_grid(np.zeros((1, 2, 2)), title="One"),
        ):
            figure.canvas.draw()


def test_a_grid_can_be_saved_again_and_again_without_a_warning():
    # as notebooks do, which show a figure and may save it later
    plots.image_grid(np.zeros((3, 8, 8), "uint8"), title="Three", alt="Three black squares.")
    with warnings.catch_warnings(), plt.style.context("dlguide.guide"):
        warnings.simplefilter("error")
        for box in (None, "tight", None):
            plt.gcf().savefig(io.BytesIO(), bbox_inches=box)


# Feature maps and heat ------------------------------------------------------------------


def ramp_maps(channels=6):
    maps = np.zeros((4, 5, channels))
    maps[..., 1:] = np.arange(20).reshape(4, 5, 1)
    return maps


def test_feature_maps_draw_every_channel_at_its_own_scale():
    maps = ramp_maps()
    maps[..., 2] *= 1_000
    figure = plots.feature_maps(maps, title="conv_1", columns=3)
    (axes,) = figure.axes
    (image,) = axes.get_images()
    mosaic = np.ma.getdata(image.get_array())
    hidden = np.ma.getmaskarray(image.get_array())
    assert mosaic.shape == (2 * 4 + 1, 3 * 5 + 2)
    shade = np.arange(20).reshape(4, 5) / 19
    for row, column in ((0, 1), (0, 2), (1, 0), (1, 1), (1, 2)):
        place = np.s_[row * 5 : row * 5 + 4, column * 6 : column * 6 + 5]
        np.testing.assert_allclose(mosaic[place], shade)
    assert hidden[:4, :5].all()  # the constant channel is left empty ...
    assert len(axes.patches) == 1  # ... but for a frame
    assert figure.get_label() == ("conv_1: 6 feature maps of 5 by 4 places. 1 of them is empty.")


def test_feature_maps_take_an_alternative_text_and_axes():
    figure, ax = plt.subplots()
    assert plots.feature_maps(ramp_maps(2), title="a", alt="Two maps.", ax=ax) is figure
    assert figure.get_label() == "Two maps."


@pytest.mark.parametrize(
    ("maps", "columns", "message"),
    [
        (np.zeros((4, 5)), None, r"shape \(rows, columns, channels\). Received: \(4, 5\)"),
        (np.full((2, 2, 1), np.nan), None, "must be finite"),
        (np.zeros((0, 2, 1)), None, r"Received: \(0, 2, 1\)"),
        (np.zeros((2, 2, 1)), 0, "columns must be at least 1. Received: 0"),
    ],
)
def test_feature_maps_refuse_what_they_cannot_draw(maps, columns, message):
    with pytest.raises(ValueError, match=message):
        plots.feature_maps(maps, title="a", columns=columns)


def test_overlay_stretches_the_heat_over_the_image():
    heat = np.array([[0.0, 0.0], [0.0, 2.0]])
    figure = plots.overlay(np.zeros((40, 60, 3), "uint8"), heat, title="Cup")
    (axes,) = figure.axes
    _, shares = axes.get_images()
    drawn = np.asarray(shares.get_array())
    assert drawn.shape == (40, 60)
    assert drawn[-1, -1] == 1
    assert drawn[0, 0] == 0
    assert "hottest at the bottom right" in figure.get_label()


def test_overlay_compares_maps_on_one_scale_and_cuts_off_what_is_negative():
    heat = np.array([[-3.0, 1.0]])
    figure = plots.overlay(np.zeros((10, 20)), heat, title="Cup", highest=4.0, outline=None)
    drawn = np.asarray(figure.axes[0].get_images()[1].get_array())
    assert drawn.min() == 0
    assert drawn.max() == 0.25


def test_overlay_says_when_there_is_no_heat():
    figure = plots.overlay(np.zeros((10, 20)), np.zeros((2, 2)), title="Nothing")
    assert figure.get_label() == "Nothing: an image without any heat."


@pytest.mark.parametrize(
    ("image", "heat", "options", "message"),
    [
        (np.zeros((4, 4)), np.zeros(4), {}, r"shape \(rows, columns\). Received: \(4,\)"),
        (np.zeros((4, 4)), [[np.inf, 0]], {}, "heat must be finite"),
        (np.zeros((4, 4)), [[1, 0]], {"highest": 0}, "highest must be above 0"),
        (np.zeros((4, 4)), [[1, 0]], {"outline": 1}, "outline must be between 0 and 1"),
        (np.zeros((4, 4, 2)), [[1, 0]], {}, "Received"),
        (np.full((4, 4), 7.0), [[1, 0]], {}, "Received"),
    ],
)
def test_overlay_refuses_what_it_cannot_draw(image, heat, options, message):
    with pytest.raises(ValueError, match=message):
        plots.overlay(image, heat, title="a", **options)
