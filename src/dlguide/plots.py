"""Figures from arrays: curves of training, confusion matrices, bars and pictures.

Every function takes finished numbers, draws them through pyplot and returns the
figure. Nothing is computed here that a reader may want to keep. Each figure
carries its alternative text, which `Figure.get_label` returns: a
sentence or two that say what the figure shows, made from the data unless `alt`
says it better. Colours, fonts and sizes come from ``plt.style.use("dlguide.guide")``.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, PercentFormatter
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "bars",
    "compare_histories",
    "confusion",
    "feature_maps",
    "history",
    "image_grid",
    "overlay",
]

_WIDTH = 6.4  # inches: a page's column of text
_MOST_WRITTEN = 12  # classes: beyond these, numbers are too small for their cells
_MARKERS = ("o", "s", "^", "D", "v", "P")
_MOST_MARKERS = 30  # epochs: beyond these, markers run together
_SPELLED_OUT = {"acc": "accuracy", "mae": "mean absolute error", "mse": "mean squared error"}


class _KerasHistory(Protocol):
    """What ``fit`` returns, as far as a plot needs it."""

    history: Mapping[str, Sequence[float]]


def history(
    history: _KerasHistory | Mapping[str, ArrayLike],
    metrics: str | Sequence[str] = ("loss",),
    *,
    best: int | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Figure:
    """Draw how a model's metrics changed from epoch to epoch.

    One panel for each metric, one above the other on the same epochs; in each,
    the training values as a solid line with dots and, where there are any, the
    validation values as a dashed line with squares.

    Parameters
    ----------
    history : keras.callbacks.History or mapping of str to array_like
        What ``fit`` returned, or a dictionary with a value for each epoch under
        ``"loss"``, ``"val_loss"`` and so on.
    metrics : str or sequence of str, default ("loss",)
        Names of the metrics, without ``val_``.
    best : int, optional
        Number of an epoch to mark with a vertical line, counted from 1.
    title : str, optional
        Title, by default "Training and validation loss" or the like.
    alt : str, optional
        Alternative text, by default where each curve starts, turns and ends.

    Returns
    -------
    matplotlib.figure.Figure
        One axes for each metric.

    Raises
    ------
    ValueError
        If a metric is not in the history, has no epoch, or has another
        number of values than the others; or if `best` is not one of the epochs.

    Examples
    --------
    >>> from dlguide import plots
    >>> figure = plots.history({"loss": [0.6, 0.3, 0.1], "val_loss": [0.5, 0.4, 0.6]})
    >>> print(figure.get_label().partition("ends at 0.1. ")[-1])
    Validation loss starts at 0.5, is lowest, 0.4, at epoch 2 and ends at 0.6.
    """
    curves = _curves(history)
    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    known = [name for name in curves if not name.startswith("val_")]
    if not names or not set(names) <= set(known):
        raise ValueError(f"metrics must be among {known}. Received: {metrics!r}")
    shown = [name for metric in names for name in (metric, f"val_{metric}") if name in curves]
    epochs = _epochs({name: curves[name] for name in shown})
    if best is not None and not 1 <= best <= epochs:
        raise ValueError(f"best must be an epoch from 1 to {epochs}. Received: {best!r}")

    figure, grid = plt.subplots(
        len(names), sharex=True, squeeze=False, figsize=(_WIDTH, 1.5 + 2.5 * len(names))
    )
    for ax, metric in zip(grid[:, 0], names, strict=True):
        _line(ax, curves[metric], 0, "training")
        if f"val_{metric}" in shown:
            _line(ax, curves[f"val_{metric}"], 1, "validation")
        if best is not None:
            ax.axvline(best, color=_ink(), linewidth=1, linestyle="-", label=f"best epoch: {best}")
        ax.set_ylabel(_capital(_spell(metric)))
    _epoch_axis(grid[-1, 0], epochs)
    _legend(grid[0, 0])

    which = "Training and validation" if len(shown) > len(names) else "Training"
    what = _enumerate([_spell(name) for name in names])
    subject = f"{which}: {what}" if len(names) > 1 else f"{which} {what}"
    sentences = [f"Line chart of {_small(subject)} over {_count(epochs, 'epoch')}."]
    sentences += [f"{_spell(name, full=True)} {_journey(curves[name])}." for name in shown]
    if best is not None:
        sentences.append(f"A vertical line marks epoch {best} as the best.")
    _entitle(figure, None, title or subject)
    _describe(figure, None, alt, sentences)
    return figure


def compare_histories(
    histories: Mapping[str, _KerasHistory | Mapping[str, ArrayLike]],
    metric: str = "val_loss",
    *,
    title: str | None = None,
    alt: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw one metric of several training runs in one panel.

    Parameters
    ----------
    histories : mapping of str to keras.callbacks.History or mapping
        For each run, its name and what `history` takes; at most 6 runs, of
        equal or different length.
    metric : str, default "val_loss"
        Name of the metric, with ``val_`` for its validation values.
    title : str, optional
        Title, by default the metric in words.
    alt : str, optional
        Alternative text, by default where each curve starts, turns and ends.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in, by default the only one of a new figure. The
        alternative text is then added to that of the axes' figure.

    Returns
    -------
    matplotlib.figure.Figure
        The figure drawn in.

    Raises
    ------
    ValueError
        If there is no run, if there are more than 6, or if a run does not have the
        metric or has no epoch.

    Examples
    --------
    >>> from dlguide import plots
    >>> runs = {"wide": {"val_loss": [0.5, 0.6]}, "narrow": {"val_loss": [0.7, 0.4]}}
    >>> figure = plots.compare_histories(runs)
    >>> print(figure.get_label().partition("epochs. ")[-1])
    wide: starts at 0.5 and ends at 0.6. narrow: starts at 0.7 and ends at 0.4.
    """
    if not 1 <= len(histories) <= len(_MARKERS):
        raise ValueError(
            f"histories must hold 1 to {len(_MARKERS)} runs. Received: {len(histories)}"
        )
    runs = {label: _curves(run) for label, run in histories.items()}
    for label, curves in runs.items():
        if metric not in curves:
            raise ValueError(
                f"metric must be in every run; {label!r} has {sorted(curves)}. Received: {metric!r}"
            )
    epochs = max(_epochs({metric: curves[metric]}) for curves in runs.values())

    figure, axes = _canvas(ax, height=4.2)
    for index, (label, curves) in enumerate(runs.items()):
        _line(axes, curves[metric], index, label)
    axes.set_ylabel(_capital(_spell(metric)))
    _epoch_axis(axes, epochs)
    rows = _legend(axes)

    subject = _spell(metric, full=True)
    sentences = [f"Line chart of {_small(subject)} over {_count(epochs, 'epoch')}."]
    sentences += [f"{label}: {_journey(curves[metric])}." for label, curves in runs.items()]
    _entitle(figure, ax, title or subject, rows=rows)
    _describe(figure, ax, alt, sentences)
    return figure


def confusion(
    matrix: ArrayLike,
    class_names: Sequence[str],
    *,
    normalize: bool = False,
    title: str = "Confusion matrix",
    alt: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw which classes a classifier takes for which.

    A heat map with a row for each true class and a column for each predicted
    one: what is right lies on the diagonal. Colours follow the square root, which
    lets rare mistakes show. Up to a dozen classes, each cell but the empty ones
    says its number; beyond that a colour bar stands in.

    Parameters
    ----------
    matrix : array_like, shape (classes, classes)
        Counts of samples, finite and not negative, true class first.
    class_names : sequence of str
        Names of the classes, as many as rows.
    normalize : bool, default False
        Divide each row by its sum, so that cells are percentages of the true class
        and the diagonal is its recall. Rows without samples stay 0.
    title : str, default "Confusion matrix"
        Title.
    alt : str, optional
        Alternative text, by default the share on the diagonal and the most
        frequent mistake.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in, by default the only one of a new figure. The
        alternative text is then added to that of the axes' figure.

    Returns
    -------
    matplotlib.figure.Figure
        The figure drawn in.

    Raises
    ------
    ValueError
        If `matrix` is not square, has fewer than 2 rows, or holds a negative or
        non-finite value or no sample at all; or if the number of names differs.

    Examples
    --------
    >>> from dlguide import plots
    >>> figure = plots.confusion([[8, 2], [1, 9]], ["cat", "dog"])
    >>> print(figure.get_label().partition("columns. ")[-1])
    17 of 20 samples (85%) lie on the diagonal. Most often, 2 times, cat is taken for dog.
    """
    counts = np.asarray(matrix, dtype=float)
    classes = len(counts) if counts.ndim else 0
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or classes < 2:
        raise ValueError(
            f"matrix must have shape (classes, classes), at least (2, 2). Received: {counts.shape}"
        )
    if not (np.isfinite(counts).all() and counts.min() >= 0 and counts.sum() > 0):
        raise ValueError(
            "matrix must hold counts: finite, not negative, not all zero. "
            f"Received: values from {counts.min()} to {counts.max()}"
        )
    if len(class_names) != classes:
        raise ValueError(
            f"class_names must hold a name for each of {classes} classes. "
            f"Received: {len(class_names)}"
        )
    cells = counts
    if normalize:
        sums = counts.sum(axis=1, keepdims=True)
        cells = np.divide(counts, sums, out=np.zeros_like(counts), where=sums > 0)

    layout = _MatrixLayout.of(class_names, ax)
    figure, axes = _canvas(ax, height=layout.height, width=layout.width)
    norm = PowerNorm(0.5, vmin=0, vmax=1 if normalize else counts.max())
    image = axes.imshow(cells, cmap="viridis", norm=norm)
    axes.set(xlabel="Predicted class", ylabel="True class")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    _class_ticks(axes, class_names, layout)
    if classes <= _MOST_WRITTEN:
        texts = [[_cell(value, normalize) for value in row] for row in cells]
        _write_cells(axes, texts, image.to_rgba(cells), layout.side)
    else:
        bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.03)
        bar.outline.set_visible(False)
        bar.set_label("Share of the true class" if normalize else "Samples")
        if normalize:
            bar.ax.yaxis.set_major_formatter(PercentFormatter(1))

    right, total = counts.trace(), counts.sum()
    sentences = [
        f"Heat map of a confusion matrix for {classes} classes, true classes as rows, "
        "predicted ones as columns.",
        f"{right:,.0f} of {total:,.0f} samples ({right / total:.0%}) lie on the diagonal.",
    ]
    mistakes = counts - np.diag(counts.diagonal())
    if mistakes.any():
        true, predicted = divmod(int(mistakes.argmax()), classes)
        ties = int((mistakes == mistakes.max()).sum()) - 1
        sentences.append(
            f"Most often, {_count(round(mistakes.max()), 'time')}, "
            f"{class_names[true]} is taken for {class_names[predicted]}"
            + (f", as often as {_count(ties, 'other mistake')}." if ties else ".")
        )
    _entitle(figure, ax, title)
    _describe(figure, ax, alt, sentences)
    return figure


def bars(
    values: ArrayLike,
    labels: Sequence[str],
    *,
    xlabel: str,
    title: str,
    errors: tuple[ArrayLike, ArrayLike] | None = None,
    baseline: float | None = None,
    baseline_label: str = "baseline",
    fmt: str = ".3g",
    alt: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw horizontal bars, the first at the top, each with its number.

    For scores beside the baseline they have to beat, for the weights of words, for
    anything whose names are longer than its numbers. Bars start at zero; those of
    negative values go left, in the second colour.

    Parameters
    ----------
    values : array_like, shape (n,)
        Lengths of the bars, finite; at least one.
    labels : sequence of str
        Names of the bars, as many as values.
    xlabel : str
        What the numbers are, with their unit.
    title : str
        Title.
    errors : tuple (low, high) of array_like, each of shape (n,), optional
        Ends of a whisker through the end of each bar, in the unit of the values:
        ``low <= values <= high``, such as the extremes over several seeds.
    baseline : float, optional
        Where to draw a vertical line across all bars.
    baseline_label : str, default "baseline"
        What that line is.
    fmt : str, default ".3g"
        Format of the numbers at the bars, ``".1%"`` for example; an empty
        string leaves them out.
    alt : str, optional
        Alternative text, by default the bars' names and values (of more
        than 12 bars, those of the longest and the shortest).
    ax : matplotlib.axes.Axes, optional
        Axes to draw in, by default the only one of a new figure. The
        alternative text is then added to that of the axes' figure.

    Returns
    -------
    matplotlib.figure.Figure
        The figure drawn in.

    Raises
    ------
    ValueError
        If `values` is not one-dimensional, empty or not finite; if the numbers of
        values, labels and errors differ; or if a whisker does not span its value.

    Examples
    --------
    >>> from dlguide import plots
    >>> scores = plots.bars([0.88, 0.5], ["dense", "guess"], xlabel="Accuracy", title="Who wins?")
    >>> print(scores.get_label())
    Bar chart of accuracy: dense 0.88; guess 0.5.
    """
    lengths = np.asarray(values, dtype=float)
    if lengths.ndim != 1 or not lengths.size or not np.isfinite(lengths).all():
        raise ValueError(
            "values must be one-dimensional, finite and at least one. "
            f"Received: shape {lengths.shape}, {lengths.tolist()}"
        )
    if len(labels) != lengths.size:
        raise ValueError(
            f"labels must name each of {lengths.size} values. Received: {len(labels)} labels"
        )
    spans = _spans(lengths, errors)

    figure, axes = _canvas(ax, height=1.4 + 0.36 * lengths.size)
    rows = np.arange(lengths.size)
    axes.barh(rows, lengths, height=0.66, color=[f"C{int(value < 0)}" for value in lengths])
    if errors is not None:
        axes.errorbar(
            lengths, rows, xerr=np.abs(spans - lengths), fmt="none", ecolor=_ink(), elinewidth=1.2
        )
    axes.axvline(0, color=_ink(), linewidth=plt.rcParams["axes.linewidth"])
    if baseline is not None:
        axes.axvline(baseline, color=_ink(), linestyle="--", linewidth=1.4, label=baseline_label)
    written = [format(value, fmt).replace("-", "\N{MINUS SIGN}") for value in lengths]
    if fmt:
        for row, value, (low, high), text in zip(rows, lengths, spans.T, written, strict=True):
            axes.annotate(
                text,
                (low if value < 0 else high, row),
                xytext=(-5 if value < 0 else 5, 0),
                textcoords="offset points",
                ha="right" if value < 0 else "left",
                va="center",
                fontsize=plt.rcParams["xtick.labelsize"],
                bbox={"facecolor": axes.get_facecolor(), "edgecolor": "none", "pad": 1},
            )
    axes.set_yticks(rows, labels)
    axes.set(xlabel=xlabel, ylim=(lengths.size - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(False, axis="y")
    axes.grid(True, axis="x")
    # Room for the numbers beyond the ends of the bars.
    longest = max(map(len, written)) * 0.62 * _points(plt.rcParams["xtick.labelsize"])
    axes.margins(x=min(0.4, 1.2 * (longest + 12) / _room(axes)) if fmt else 0.05)
    legend_rows = _legend(axes) if baseline is not None else 0

    most = 12
    named = [
        f"{label} {value:{fmt or '.3g'}}" for label, value in zip(labels, lengths, strict=True)
    ]
    if len(named) > most:
        longest, shortest = int(lengths.argmax()), int(lengths.argmin())
        listed = f"{len(named)} bars from {named[shortest]} to {named[longest]}"
    else:
        listed = "; ".join(named)
    sentences = [f"Bar chart of {_small(xlabel)}: {listed}."]
    if errors is not None:
        sentences.append("Whiskers show the range of each.")
    if baseline is not None:
        sentences.append(f"A vertical line, {baseline_label}, stands at {baseline:{fmt or '.3g'}}.")
    _entitle(figure, ax, title, rows=legend_rows)
    _describe(figure, ax, alt, sentences)
    return figure


def image_grid(
    images: ArrayLike,
    *,
    title: str,
    titles: Sequence[str] | None = None,
    columns: int = 5,
    cmap: str | Colormap = "gray",
    alt: str | None = None,
) -> Figure:
    """Draw pictures side by side, row by row.

    Parameters
    ----------
    images : array_like, shape (n, height, width) or (n, height, width, channels)
        Pictures with 1 channel (drawn with `cmap`) or 3 (red, green, blue), as
        uint8 from 0 to 255 or as floats from 0 to 1; at least one.
    title : str
        Title of the whole.
    titles : sequence of str, optional
        A line or two above each picture, as many as pictures. Long ones wrap.
    columns : int, default 5
        Pictures in a row, at least 1.
    cmap : str or matplotlib.colors.Colormap, default "gray"
        Colours of pictures with one channel, from the lowest value that the type
        allows to the highest, so that pictures can be compared.
    alt : str, optional
        Alternative text, by default the title, the number and size of the pictures
        and what stands above them. Say here what can be seen in them.

    Returns
    -------
    matplotlib.figure.Figure
        One axes for each picture, in the pictures' order.

    Raises
    ------
    ValueError
        If `images` has another shape, another type or values outside 0 to 1; if
        `columns` is below 1; or if the number of titles differs.

    Examples
    --------
    >>> import numpy as np
    >>> from dlguide import plots
    >>> black = np.zeros((3, 28, 28), "uint8")
    >>> print(plots.image_grid(black, title="Night").get_label())
    Night: 3 images of 28 by 28 pixels.
    """
    pictures = _pictures(images)
    number, height, width = pictures.shape[:3]
    if columns < 1:
        raise ValueError(f"columns must be at least 1. Received: {columns!r}")
    if titles is not None and len(titles) != number:
        raise ValueError(f"titles must name each of {number} images. Received: {len(titles)}")

    # Sizes in inches, so that pictures stay square to the pixel and rows stay tight.
    columns = min(columns, number)
    rows = math.ceil(number / columns)
    margin, gap, head, font = 0.12, 0.12, 0.46, 9.5
    tile = min(3.2, (_WIDTH - 2 * margin - (columns - 1) * gap) / columns)
    letters = max(6, int(tile * 72 / (0.6 * font)))
    captions = [textwrap.fill(caption, letters) for caption in titles or [""] * number]
    lines = max(caption.count("\n") + 1 for caption in captions) if titles else 0
    caption_room = lines * font * 1.3 / 72 + (0.06 if lines else 0)
    step = tile * height / width + caption_room + gap
    size = (_WIDTH, head + rows * step - gap + margin)

    figure = plt.figure(figsize=size, layout="constrained")
    # Matplotlib would bring the style's layout back when it saves a figure that never had one.
    figure.set_layout_engine("none")
    highest = 255 if pictures.dtype == np.uint8 else 1
    for index, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(index, columns)
        left = margin + column * (tile + gap)
        bottom = size[1] - head - (row + 1) * step + gap
        axes = figure.add_axes(
            (left / size[0], bottom / size[1], tile / size[0], tile * height / width / size[1])
        )
        axes.imshow(picture, cmap=cmap, vmin=0, vmax=highest, aspect="auto")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=plt.rcParams["grid.color"])
        axes.set_title(caption, loc="left", fontsize=font, fontweight="normal", pad=3)

    what = f"{_count(number, 'image')} of {width} by {height} pixels"
    above = f", titled {'; '.join(titles)}" if titles else ""
    figure.suptitle(title, x=margin / size[0], y=1 - 0.1 / size[1], ha="left", va="top")
    _describe(figure, None, alt, [f"{title}: {what}{above}."])
    return figure


def feature_maps(
    maps: ArrayLike,
    *,
    title: str,
    columns: int | None = None,
    alt: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw all channels of a layer side by side, each as a small picture.

    Every channel is drawn from its own lowest value, dark, to its own highest, bright,
    because one channel's numbers say little about another's. A channel that puts out
    the same number everywhere has nothing to show, and its place is left empty but
    for a frame.

    Parameters
    ----------
    maps : array_like, shape (rows, columns, channels)
        What a layer puts out for one image, finite.
    title : str
        Title, such as the layer's name.
    columns : int, optional
        Pictures in a row, at least 1. By default about twice as many as rows of
        pictures.
    alt : str, optional
        Alternative text, by default the title, the number and size of the maps, and how
        many are empty. Say here what can be seen in them.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in, by default the only one of a new figure. The
        alternative text is then added to that of the axes' figure.

    Returns
    -------
    matplotlib.figure.Figure
        The figure drawn in.

    Raises
    ------
    ValueError
        If `maps` has another shape or holds a value that is not finite, or if
        `columns` is below 1.

    See Also
    --------
    dlguide.interpret.activations : Get the maps of a layer.

    Examples
    --------
    >>> import numpy as np
    >>> from dlguide import plots
    >>> maps = np.zeros((14, 14, 32))
    >>> maps[3:9, 5, 1:] = 1
    >>> print(plots.feature_maps(maps, title="A convolution").get_label())
    A convolution: 32 feature maps of 14 by 14 places. 1 of them is empty.
    """
    values = np.asarray(maps, dtype=float)
    if values.ndim != 3 or not values.size or not np.isfinite(values).all():
        raise ValueError(
            "maps must be finite and have shape (rows, columns, channels). "
            f"Received: {values.shape}"
        )
    height, width, channels = values.shape
    if columns is not None and columns < 1:
        raise ValueError(f"columns must be at least 1. Received: {columns!r}")
    across = min(channels, columns or math.ceil(math.sqrt(2 * channels * height / width)))
    down = math.ceil(channels / across)

    # One picture of all maps, with gaps through which the page is seen.
    low, high = values.min((0, 1)), values.max((0, 1))
    empty = low == high
    shades = (values - low) / np.where(empty, 1, high - low)
    shades[:, :, empty] = np.nan
    gap = max(1, round(0.06 * max(height, width)))
    mosaic = np.full((down * (height + gap) - gap, across * (width + gap) - gap), np.nan)
    places = [divmod(channel, across) for channel in range(channels)]
    for channel, (row, column) in enumerate(places):
        top, left = row * (height + gap), column * (width + gap)
        mosaic[top : top + height, left : left + width] = shades[:, :, channel]

    tall = _WIDTH * mosaic.shape[0] / mosaic.shape[1] + 0.5
    figure, axes = _canvas(ax, height=tall)
    axes.imshow(np.ma.masked_invalid(mosaic), cmap="viridis", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    for row, column in (places[channel] for channel in np.flatnonzero(empty)):
        corner = (column * (width + gap) - 0.5, row * (height + gap) - 0.5)
        axes.add_patch(
            Rectangle(corner, width, height, fill=False, edgecolor=plt.rcParams["grid.color"])
        )

    what = f"{_count(channels, 'feature map')} of {width} by {height} places"
    sentences = [f"{title}: {what}."]
    if empty.any():
        sentences.append(f"{empty.sum()} of them {'is' if empty.sum() == 1 else 'are'} empty.")
    _entitle(figure, ax, title)
    _describe(figure, ax, alt, sentences)
    return figure


def overlay(
    image: ArrayLike,
    heat: ArrayLike,
    *,
    title: str,
    highest: float | None = None,
    outline: float | None = 0.5,
    alt: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Lay a heat map over the image that it belongs to.

    The image is drawn in grey, the heat in colour over it, the more opaque the
    hotter; where there is no heat only the image is seen. A line goes round what is
    hotter than a share of the hottest point, so that the picture also tells
    without colour.

    Parameters
    ----------
    image : array_like, shape (height, width) or (height, width, channels)
        A picture with 1 channel or 3 (red, green, blue), as uint8 from 0 to 255 or as
        floats from 0 to 1.
    heat : array_like, shape (rows, columns)
        The heat map, finite. It is stretched over the image, smoothly. What is below
        0 counts as 0.
    title : str
        Title.
    highest : float, optional
        The heat that is drawn as hottest, above 0; by default the highest in the map.
        Give the same to several maps that are to be compared.
    outline : float or None, default 0.5
        Where the line goes, as a share of the hottest, above 0 and below 1; None for
        no line.
    alt : str, optional
        Alternative text, by default the title, in which part of the image the
        hottest point lies, and how much of the image is at least half as hot.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in, by default the only one of a new figure. The
        alternative text is then added to that of the axes' figure.

    Returns
    -------
    matplotlib.figure.Figure
        The figure drawn in.

    Raises
    ------
    ValueError
        If `image` or `heat` has another shape, type or range, or if `highest` or
        `outline` is out of its range.

    See Also
    --------
    dlguide.interpret.grad_cam : Get a heat map from a gradient.
    dlguide.interpret.occlusion : Get one by covering parts of the image.

    Examples
    --------
    >>> import numpy as np
    >>> from dlguide import plots
    >>> heat = np.zeros((4, 6))
    >>> heat[0, 5] = 2
    >>> print(plots.overlay(np.zeros((64, 96, 3)), heat, title="Where is the cup?").get_label())
    Where is the cup?: heat over the image, hottest at the top right; 4% of it is half as hot.
    """
    picture = np.asarray(image)
    picture = _pictures(picture[None])[0].astype(float) / (255 if picture.dtype == np.uint8 else 1)
    grey = picture @ [0.299, 0.587, 0.114] if picture.ndim == 3 else picture
    warmth = np.asarray(heat, dtype=float)
    if warmth.ndim != 2 or not warmth.size or not np.isfinite(warmth).all():
        raise ValueError(
            f"heat must be finite and have shape (rows, columns). Received: {warmth.shape}"
        )
    if highest is not None and not highest > 0:
        raise ValueError(f"highest must be above 0. Received: {highest!r}")
    if outline is not None and not 0 < outline < 1:
        raise ValueError(f"outline must be between 0 and 1. Received: {outline!r}")
    height, width = grey.shape
    fine = _stretched(np.maximum(warmth, 0), height, width)
    top = highest or fine.max() or 1
    shares = np.clip(fine / top, 0, 1)

    figure, axes = _canvas(ax, height=_WIDTH * height / width + 0.5)
    axes.imshow(0.15 + 0.7 * grey, cmap="gray", vmin=0, vmax=1)
    axes.imshow(shares, cmap="viridis", vmin=0, vmax=1, alpha=0.75 * shares**0.7)
    if outline is not None and shares.min() < outline < shares.max():
        axes.contour(shares, [outline], colors=["#fefefe"], linewidths=1.6)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)

    if fine.max() > 0:
        row, column = np.unravel_index(fine.argmax(), fine.shape)
        where = _part(row / height, column / width)
        share = np.mean(fine >= 0.5 * fine.max())
        sentence = f"heat over the image, hottest {where}; {share:.0%} of it is half as hot."
    else:
        sentence = "an image without any heat."
    _entitle(figure, ax, title)
    _describe(figure, ax, alt, [f"{title}: {sentence}"])
    return figure


# Reading what was passed in


def _curves(run: _KerasHistory | Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    metrics = run if isinstance(run, Mapping) else run.history
    return {name: np.asarray(values, dtype=float) for name, values in metrics.items()}


def _epochs(curves: Mapping[str, NDArray[np.float64]]) -> int:
    lengths = {name: curve.size for name, curve in curves.items()}
    epochs = max(lengths.values())
    if epochs == 0 or set(lengths.values()) != {epochs}:
        raise ValueError(f"Every metric needs one value for each epoch. Received: {lengths}")
    return epochs


def _spans(
    values: NDArray[np.float64], errors: tuple[ArrayLike, ArrayLike] | None
) -> NDArray[np.float64]:
    """Return the whiskers' ends, shape (2, n); without errors, the values twice."""
    if errors is None:
        return np.stack([values, values])
    spans = np.asarray(errors, dtype=float)
    if spans.shape != (2, values.size):
        raise ValueError(
            f"errors must be (low, high) with {values.size} numbers each. "
            f"Received: shape {spans.shape}"
        )
    if not ((spans[0] <= values) & (values <= spans[1])).all():
        raise ValueError(
            "errors must enclose the values, low <= value <= high. "
            f"Received: low {spans[0].tolist()}, high {spans[1].tolist()}"
        )
    return spans


def _pictures(images: ArrayLike) -> NDArray[Any]:
    pictures = np.asarray(images)
    three_channels = pictures.ndim == 4 and pictures.shape[-1] == 3
    if pictures.ndim == 4 and pictures.shape[-1] == 1:
        pictures = pictures[..., 0]
    if not (pictures.ndim == 3 or three_channels) or not pictures.size:
        raise ValueError(
            "images must have shape (n, height, width), (n, height, width, 1) or "
            f"(n, height, width, 3), n at least 1. Received: {np.shape(images)}"
        )
    if pictures.dtype != np.uint8 and not np.issubdtype(pictures.dtype, np.floating):
        raise ValueError(
            f"images must be uint8, or floats between 0 and 1. Received: {pictures.dtype}"
        )
    low, high = pictures.min(), pictures.max()
    if pictures.dtype != np.uint8 and not (low >= 0 and high <= 1):
        raise ValueError(
            f"images of floats must lie between 0 and 1. Received: values from {low} to {high}"
        )
    return pictures


# Drawing


def _stretched(values: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Return a map at the size of an image, each value at the middle of its share of it."""
    for axis, length in enumerate((height, width)):
        last = values.shape[axis] - 1
        middles = np.clip((np.arange(length) + 0.5) * (last + 1) / length - 0.5, 0, last)
        before = middles.astype(int)
        share = np.expand_dims(middles - before, 1 - axis)  # of the next value
        after = np.minimum(before + 1, last)
        values = (1 - share) * values.take(before, axis) + share * values.take(after, axis)
    return values


def _part(down: float, across: float) -> str:
    """Say in which of nine parts of a picture a point lies."""
    vertical = ("at the top", "in the middle", "at the bottom")[min(2, int(3 * down))]
    horizontal = ("left", "", "right")[min(2, int(3 * across))]
    if vertical == "in the middle":
        return f"at the {horizontal}" if horizontal else vertical
    return f"{vertical} {horizontal}".strip()


def _ink() -> str:
    """Return the colour of text, so that lines drawn in it follow the page's light or dark."""
    ink: str = plt.rcParams["text.color"]
    return ink


def _points(size: float | str) -> float:
    """Return a font size in points, also where a style says it in a word such as "medium"."""
    return float(FontProperties(size=size).get_size_in_points())


def _room(ax: Axes) -> float:
    """Return about how many points wide an axes will be."""
    return 72 * float(ax.get_position().width * _figure(ax).get_figwidth())


def _canvas(ax: Axes | None, height: float, width: float = _WIDTH) -> tuple[Figure, Axes]:
    if ax is None:
        return plt.subplots(figsize=(width, height))
    return _figure(ax), ax


def _figure(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("ax must be part of a figure. Received: axes removed from theirs")
    return figure


def _line(ax: Axes, values: NDArray[np.float64], index: int, label: str) -> None:
    styles = plt.rcParams["axes.prop_cycle"].by_key()
    linestyles = styles.get("linestyle", ["-", "--", "-.", ":"])
    ax.plot(
        np.arange(1, values.size + 1),
        values,
        color=f"C{index}",
        linestyle=linestyles[index % len(linestyles)],
        marker=_MARKERS[index] if values.size <= _MOST_MARKERS else None,
        label=label,
    )


def _epoch_axis(ax: Axes, epochs: int) -> None:
    """Put ticks at whole epochs: the first, then round numbers."""
    steps = [1, 5, *(factor * 10**power for power in range(1, 9) for factor in (1, 2, 5))]
    step = next(step for step in steps if epochs <= 10 * step)
    ax.xaxis.set_major_locator(FixedLocator(sorted({1, *range(step, epochs + 1, step)})))
    ax.set_xlabel("Epoch")
    if epochs == 1:
        ax.set_xlim(0.5, 1.5)


def _legend(ax: Axes) -> int:
    """Put the legend between the title and the data; return its number of rows."""
    handles, labels = ax.get_legend_handles_labels()
    size = _points(plt.rcParams["legend.fontsize"])
    entry = size * (0.62 * max(map(len, labels)) + 5.8)  # its words, its line and a gap
    columns = min(len(labels), max(1, int(1.12 * _room(ax) / entry)))
    ax.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        borderaxespad=0.2,
    )
    return math.ceil(len(labels) / columns)


class _MatrixLayout(NamedTuple):
    """How large a square of cells is, and how its names are set."""

    side: float  # inches
    width: float  # inches: more than the column's where many names need it; it then shrinks
    height: float  # inches of a figure that leaves no idle room above or below
    letters: float  # points
    every: int  # names that fit: 1 for all, 2 for every other one
    upright: bool  # names below the columns are turned

    @classmethod
    def of(cls, names: Sequence[str], ax: Axes | None) -> _MatrixLayout:
        classes, normal = len(names), _points(plt.rcParams["xtick.labelsize"])
        written = classes <= _MOST_WRITTEN
        side = 2.6 + 0.2 * classes if written else 4.8
        if ax is not None:
            side = min(side, _room(ax) / 72)
        cell = 72 * side / classes
        letters, every = min(normal, 0.85 * cell), 1
        if letters < 5.5:
            letters, every = 8.0, math.ceil(16 / cell)
        longest = 0.62 * letters * max(map(len, names)) / 72
        upright = longest > 0.95 * side * every / classes
        width = _WIDTH if written else 7.2
        height = side if written else width - 1.8 - longest
        return cls(side, width, height + 1.2 + (longest if upright else 0), letters, every, upright)


def _class_ticks(ax: Axes, names: Sequence[str], layout: _MatrixLayout) -> None:
    ticks = range(0, len(names), layout.every)
    shown = [names[index] for index in ticks]
    ax.set_yticks(ticks, shown, fontsize=layout.letters)
    ax.set_xticks(ticks, shown, fontsize=layout.letters, rotation=90 if layout.upright else 0)
    ax.tick_params(length=0 if layout.every == 1 else 3)


def _cell(value: float, share: bool) -> str:
    if value == 0:
        return ""
    if not share:
        return f"{value:.0f}"
    return "<1%" if value < 0.005 else f"{value:.0%}"


def _write_cells(
    ax: Axes, texts: Sequence[Sequence[str]], colours: NDArray[np.float64], side: float
) -> None:
    longest = max(len(text) for row in texts for text in row)
    size = min(12.0, 0.92 * 72 * side / len(texts) / (0.62 * longest + 0.5))
    luminance = colours[..., :3] ** 2.2 @ [0.2126, 0.7152, 0.0722]
    for row, column in np.ndindex(luminance.shape):
        # Near white and near black, which the page's dark face leaves as they are.
        ink = "#fefefe" if luminance[row, column] < 0.18 else "#0b0f14"
        ax.text(column, row, texts[row][column], ha="center", va="center", color=ink, fontsize=size)


def _entitle(figure: Figure, ax: Axes | None, title: str, rows: int = 0) -> None:
    """Set the title: of a figure of our own, or above the legend of axes that were passed in."""
    if ax is None:
        figure.suptitle(title, x=0.08 / figure.get_figwidth(), ha="left")
    else:
        line = 1.9 * _points(plt.rcParams["legend.fontsize"])
        ax.set_title(title, loc="left", pad=float(plt.rcParams["axes.titlepad"]) + rows * line)


def _describe(figure: Figure, ax: Axes | None, alt: str | None, sentences: Sequence[str]) -> None:
    """Store the alternative text, after what a figure with several axes already has."""
    if alt is not None and not alt.strip():
        raise ValueError(f"alt must say what the figure shows. Received: {alt!r}")
    said = str(figure.get_label()) if ax is not None else ""
    figure.set_label(f"{said} {alt or ' '.join(sentences)}".strip())


# Words for titles and alternative texts


def _spell(metric: str, *, full: bool = False) -> str:
    """Write ``val_loss`` as "loss", or in full as "Validation loss"."""
    plain = metric.removeprefix("val_")
    words = _SPELLED_OUT.get(plain, plain).replace("_", " ")
    if not full:
        return words
    return f"{'Training' if plain == metric else 'Validation'} {words}"


def _journey(values: NDArray[np.float64]) -> str:
    """Say where a curve starts, where between it is lowest or highest, and where it ends."""
    finite = values[np.isfinite(values)]
    if finite.size < values.size:
        missing = f"is not finite in {values.size - finite.size} of {_count(values.size, 'epoch')}"
        return (
            f"{missing}, else from {finite.min():.3g} to {finite.max():.3g}"
            if finite.size
            else missing
        )
    if values.size == 1:
        return f"is {values[0]:.3g}"
    start, end = f"{values[0]:.3g}", f"{values[-1]:.3g}"
    extremes = {int(values.argmin()): "lowest", int(values.argmax()): "highest"}
    turns = [
        f"is {word}, {values[index]:.3g}, at epoch {index + 1}"
        for index, word in sorted(extremes.items())
        if f"{values[index]:.3g}" not in (start, end)
    ]
    return _enumerate([f"starts at {start}", *turns, f"ends at {end}"])


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _small(words: str) -> str:
    """Begin with a small letter, unless the word is an abbreviation such as AUC."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _enumerate(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
