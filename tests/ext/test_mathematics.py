# ruff: noqa: RUF001 - letters that look alike are what this is about
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from fontTools.ttLib import TTFont

import mathematics
from mathematics import BASIC, FONT, MATHML, styled, to_mathml

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "guide").rglob("*.md"))
SCRIPTS = sorted((ROOT / "examples").rglob("plot_*.py"))
APPLY = "\u2061"  # an invisible sign: the function before applies to what follows


def formula(tex, display=False):
    """Return a formula as an element, without its namespace, and without its annotation."""
    root = ET.fromstring(to_mathml(tex, display=display))
    for element in root.iter():
        assert element.tag.startswith(f"{{{MATHML}}}")
        element.tag = element.tag.partition("}")[2]
    (semantics,) = root
    semantics.remove(semantics.find("annotation"))
    return root


def inner(tex, display=False):
    """Return what is drawn for a formula, as markup."""
    (semantics,) = formula(tex, display)
    markup = "".join(ET.tostring(child, encoding="unicode") for child in semantics)
    return markup.removeprefix("<mrow>").removesuffix("</mrow>")


# Whole formulas


@pytest.mark.parametrize(
    ("tex", "markup"),
    [
        (r"x", "<mi>x</mi>"),
        (r"12.5", "<mn>12.5</mn>"),
        (r"\frac{a}{2}", "<mfrac><mi>a</mi><mn>2</mn></mfrac>"),
        (r"\sqrt{x}", "<msqrt><mi>x</mi></msqrt>"),
        (r"x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        (r"\hat{y}", '<mover accent="true"><mi>y</mi><mo>^</mo></mover>'),
        (r"\theta", "<mi>θ</mi>"),
        (r"a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
        (r"\text{two words}", "<mtext>two\N{NO-BREAK SPACE}words</mtext>"),
        (r"\mathrm{d}", '<mi mathvariant="normal">d</mi>'),
        (r"\mathbf{W}", '<mi mathvariant="normal">𝐖</mi>'),
        (r"\boldsymbol{\theta}", '<mi mathvariant="normal">𝜽</mi>'),
        (r"\boldsymbol{\epsilon}", '<mi mathvariant="normal">𝝐</mi>'),
        (r"\mathbb{R}^d", '<msup><mi mathvariant="normal">ℝ</mi><mi>d</mi></msup>'),
        (r"\mathcal{N}", '<mi mathvariant="normal">𝒩</mi>'),
        (r"\mathcal{L}", '<mi mathvariant="normal">ℒ</mi>'),
    ],
)
def test_formulas_become_markup(tex, markup):
    assert inner(tex) == markup


def test_sums_have_their_limits_beside_them_in_a_line_and_above_on_their_own():
    assert formula(r"\sum_{i=1}^{n} x_i").find(".//msubsup/mo").text == "∑"
    assert formula(r"\sum_{i=1}^{n} x_i", display=True).find(".//munderover/mo").text == "∑"


def cell_classes(tex):
    rows = formula(tex, display=True).findall(".//mtr")
    return [[cell.get("class") for cell in row] for row in rows]


@pytest.mark.parametrize(
    ("tex", "classes"),
    [
        (r"\begin{aligned} a &= b \\ &= c \end{aligned}", ["math-right", "math-left"]),
        (r"\begin{cases} x & x > 0 \\ 0 & \text{else} \end{cases}", ["math-left", "math-left"]),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", ["math-center", "math-center"]),
        (r"\begin{array}{lr} 1 & 2 \\ 3 & 4 \end{array}", ["math-left", "math-right"]),
    ],
)
def test_columns_are_aligned_by_classes(tex, classes):
    assert cell_classes(tex) == [classes, classes]
    assert formula(tex, display=True).find(".//mtable").get("columnalign") is None


def test_columns_repeat_the_last_alignment():
    table = ET.fromstring(
        f'<math xmlns="{MATHML}"><mtable columnalign="left right"><mtr><mtd/><mtd/><mtd/></mtr>'
        "</mtable></math>"
    )
    mathematics._align_columns(table)
    classes = [cell.get("class") for cell in table.iter(f"{{{MATHML}}}mtd")]
    assert classes == ["math-left", "math-right", "math-right"]


def test_cells_hold_what_stands_in_them():
    matrix = formula(r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}")
    rows = ["".join(row.itertext()) for row in matrix.iter("mtr")]
    assert rows == ["12", "34"]
    assert [fence.text for fence in matrix.iter("mo")] == ["[", "]"]


@pytest.mark.parametrize(("display", "said"), [(True, "block"), (False, "inline")])
def test_a_formula_says_how_it_is_displayed(display, said):
    root = ET.fromstring(to_mathml("x", display=display))
    assert root.tag == f"{{{MATHML}}}math"
    assert root.get("display") == said


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{a}{b}",
        r"a < b & c".replace("&", r"\&"),
        r"\begin{aligned} a &= b \\ &< c \end{aligned}",
        "\n  x_1\n",
        r"\text{für}",
    ],
)
def test_the_tex_itself_can_be_copied(tex):
    annotation = ET.fromstring(to_mathml(tex, display=True)).find(f".//{{{MATHML}}}annotation")
    assert annotation.text == tex
    assert annotation.get("encoding") == "application/x-tex"


def test_markup_needs_no_prefixes():
    markup = to_mathml(r"\frac{a}{b}", display=False)
    assert markup.startswith("<math xmlns=")
    assert "ns0:" not in markup


def test_no_attribute_is_left_that_browsers_have_forgotten():
    tex = r"\mathbf{W}\boldsymbol{\theta}\mathbb{R}\mathcal{N}\mathfrak{g}\mathsf{x}\mathtt{y}"
    root = formula(tex)
    assert {element.get("mathvariant") for element in root.iter()} == {None, "normal"}


# Errors


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        (r"x + \nosuchcommand", r"Undefined control sequence: \nosuchcommand"),
        (r"\frac{a", "Unexpected end of input"),
        (r"a_b_c", "Double subscript"),
        (r"\begin{aligned} a", "aligned"),
    ],
)
def test_a_formula_that_cannot_be_read_is_named_with_the_reason(tex, reason):
    with pytest.raises(ValueError, match="This formula cannot be read: ") as caught:
        to_mathml(tex, display=True)
    said = str(caught.value)
    assert reason in said
    assert said.endswith(f"Received: {tex!r}")
    assert "\n" not in said


def test_formulas_can_be_read_after_one_that_cannot():
    with pytest.raises(ValueError, match="cannot be read"):
        to_mathml(r"\nosuchcommand", display=False)
    assert inner("y") == "<mi>y</mi>"


def test_a_process_that_has_read_formulas_ends():
    """The engine's threads could outlive Python and keep the process from ending."""
    code = "import mathematics; print(len(mathematics.to_mathml('x', display=False)) > 50)"
    command = [sys.executable, "-c", code]
    folder = Path(mathematics.__file__).parent
    for _ in range(3):
        ended = subprocess.run(
            command, cwd=folder, timeout=60, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "True\n", "")


# Functions and the spaces around them


def pieces(tex):
    """Return the leaves of a formula: the text or ``_`` for a space, ``+`` if one follows."""
    leaves = [element for element in formula(tex).iter() if len(element) == 0]
    return [
        "_" if leaf.tag == "mspace" else f"{leaf.text}{'+' if leaf.get('rspace') else ''}"
        for leaf in leaves
    ]


@pytest.mark.parametrize(
    ("tex", "leaves"),
    [
        (r"\log p", ["log", f"{APPLY}+", "p"]),
        (r"\log(p)", ["log", APPLY, "(", "p", ")"]),
        (r"\log\{p\}", ["log", APPLY, "{", "p", "}"]),
        (r"\log\left(p\right)", ["log", APPLY, "(", "p", ")"]),
        (r"y \log p", ["y", "_", "log", f"{APPLY}+", "p"]),
        (r"y \log (p)", ["y", "_", "log", APPLY, "(", "p", ")"]),
        (r"- \log p", ["−", "log", f"{APPLY}+", "p"]),
        (r"2\exp x", ["2", "_", "exp", f"{APPLY}+", "x"]),
        (r"\operatorname{softmax}(z)", ["softmax", APPLY, "(", "z", ")"]),
        (r"\log", ["log", APPLY]),
    ],
)
def test_thin_spaces_set_off_the_names_of_functions(tex, leaves):
    assert pieces(tex) == leaves


def test_the_spaces_are_thin():
    root = formula(r"y \log p")
    assert root.find(".//mspace").get("width") == "0.1667em"
    assert [mo.get("rspace") for mo in root.iter("mo")] == ["0.1667em"]


# Alphabets


@pytest.mark.parametrize(
    ("text", "variant", "expected"),
    [
        ("AZaz09", "bold", "𝐀𝐙𝐚𝐳𝟎𝟗"),
        ("ΑΩαωϵ∇", "bold", "𝚨𝛀𝛂𝛚𝛜𝛁"),
        ("AZaz", "italic", "𝐴𝑍𝑎𝑧"),
        ("h", "italic", "ℎ"),
        ("AZaz", "bold-italic", "𝑨𝒁𝒂𝒛"),
        ("ΑΩαωϵϕ∂", "bold-italic", "𝜜𝜴𝜶𝝎𝝐𝝓𝝏"),
        ("AZaz09", "double-struck", "𝔸ℤ𝕒𝕫𝟘𝟡"),
        ("CHNPQRZ", "double-struck", "ℂℍℕℙℚℝℤ"),
        ("AZaz", "script", "𝒜𝒵𝒶𝓏"),
        ("BEFHILMRego", "script", "ℬℰℱℋℐℒℳℛℯℊℴ"),
        ("ABab", "fraktur", "𝔄𝔅𝔞𝔟"),
        ("CHIRZ", "fraktur", "ℭℌℑℜℨ"),
        ("Az5", "sans-serif", "𝖠𝗓𝟧"),
        ("Az5", "bold-sans-serif", "𝗔𝘇𝟱"),
        ("Az5", "monospace", "𝙰𝚣𝟻"),
        ("a+b, ä", "bold", "𝐚+𝐛, ä"),
        ("5", "italic", "5"),
        ("α", "double-struck", "α"),
        ("abc", "normal", "abc"),
        ("abc", "no such variant", "abc"),
        ("", "bold", ""),
    ],
)
def test_letters_of_an_alphabet(text, variant, expected):
    assert styled(text, variant) == expected


#: What Unicode calls the letters of an alphabet.
CALLED = {
    "bold": "BOLD",
    "italic": "ITALIC",
    "bold-italic": "BOLD ITALIC",
    "double-struck": "DOUBLE-STRUCK",
    "script": "SCRIPT",
    "fraktur": "FRAKTUR",
    "sans-serif": "SANS-SERIF",
    "bold-sans-serif": "SANS-SERIF BOLD",
    "monospace": "MONOSPACE",
}
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
GREEK = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρςστυφχψω∇∂ϵϑϰϕϱϖ"


@pytest.mark.parametrize("variant", CALLED)
def test_every_letter_is_itself_in_another_dress(variant):
    letters = LATIN + (GREEK if variant.startswith("bold") and "sans" not in variant else "")
    for letter in letters:
        changed = styled(letter, variant)
        assert changed != letter
        assert unicodedata.normalize("NFKC", changed) == unicodedata.normalize("NFKC", letter)
        if changed > "\uffff":  # the older letters have names of their own
            assert unicodedata.name(changed).startswith(f"MATHEMATICAL {CALLED[variant]} ")


@pytest.mark.parametrize("variant", ["bold", "double-struck", "sans-serif", "monospace"])
def test_every_digit_is_itself_in_another_dress(variant):
    changed = styled("0123456789", variant)
    assert not set(changed) & set("0123456789")
    assert unicodedata.normalize("NFKC", changed) == "0123456789"


# The formulas of this guide and the font that draws them


def formulas(text):
    """Return the formulas of a MyST page."""
    text = re.sub(r"^```(\{code-cell\}|\w)[^\n]*\n.*?^```", "", text, flags=re.M | re.S)
    found = re.findall(r"^```\{math\}[^\n]*\n(?:[:][^\n]*\n)*(.*?)^```", text, re.M | re.S)
    text = re.sub(r"(?<!`)(`{1,2})[^`\n]+\1(?!`)", "", text)
    found += re.findall(r"\$\$(.+?)\$\$", text, re.S)
    text = re.sub(r"\$\$(.+?)\$\$", "", text, flags=re.S)
    found += re.findall(r"(?<![\\$])\$(?!\s)([^$]+)(?<![\s\\])\$(?!\d)", text)
    return [tex.strip() for tex in found]


def formulas_of_script(text):
    """Return the formulas in the prose of a script."""
    found = re.findall(r":math:`([^`]+)`", text)
    for block in re.findall(r"^# \.\. math::\n((?:#(?: {3,}.*)?\n)+)", text, re.M):
        found.append("\n".join(line.lstrip("# ") for line in block.splitlines()))
    return [tex.strip() for tex in found]


def formulas_of(path):
    read = formulas if path.suffix == ".md" else formulas_of_script
    return read(path.read_text(encoding="utf-8"))


def test_formulas_are_found_in_a_page():
    text = (
        "A $x_1$ and `$code$` and\n$$\ny = 2\n$$\n```{code-cell} python\na = '$b$'\n```\n"
        "```{math}\n:label: it\nz\n```\n```python\nc = '$d$'\n```\nFor \\$5, or $ 6.\n"
        "```console\n$ command $\n```\n```{note}\nSee $v$.\n```\n"
    )
    assert sorted(formulas(text)) == sorted(["x_1", "y = 2", "z", "v"])


def test_formulas_are_found_in_a_script():
    text = (
        '"""The price, $5 to $6, is :math:`x`."""\n# With :math:`y_1` and\n#\n# .. math::\n#\n'
        "#    z = 1\n#\n# and so on.\nf'${1}$'\n"
    )
    assert formulas_of_script(text) == ["x", "y_1", "z = 1"]


def characters(tex):
    """Return the characters that are drawn for a formula."""
    return set("".join(formula(tex, display=True).itertext()))


@pytest.mark.parametrize(
    "path", [*PAGES, *SCRIPTS], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_every_formula_of_the_guide_uses_basic_characters(path):
    for tex in formulas_of(path):
        assert characters(tex) - set(BASIC) == set(), tex


@pytest.mark.parametrize(
    "tex",
    [
        r"\bar{y} \hat{y} \tilde{y} \vec{y} \dot{y} \ddot{y} \check{y} \breve{y} \mathring{y}",
        r"\acute{y} \grave{y} \widehat{xy} \widetilde{xy} \overline{xy} \underline{xy}",
        r"\overbrace{xy}^n \underbrace{xy}_n \overrightarrow{xy} \imath \jmath",
        r"\alpha \epsilon \varepsilon \theta \vartheta \phi \varphi \rho \varsigma",
        r"\varrho \varpi \nabla \partial \ell",
        r"\Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Upsilon \Phi \Psi \Omega",
        r"\to \gets \mapsto \Rightarrow \Leftrightarrow \iff \implies \longrightarrow \leftarrow",
        r"\uparrow \downarrow \rightleftharpoons \hookrightarrow \longmapsto \searrow \nearrow",
        r"= \ne < \le \leq \leqslant > \ge \geqslant \approx \equiv \sim \simeq \propto \ll \gg",
        r"\in \notin \ni \subset \subseteq \supseteq \cup \cap \setminus \emptyset \varnothing",
        r"\forall \exists \neg \land \lor \top \bot \perp \parallel \colon \coloneqq \triangleq",
        r"+ - \pm \mp \times \div \cdot \ast \star \circ \bullet \oplus \otimes \odot \wedge \vee",
        r"\sum \prod \int \oint \iint \bigcup \bigcap \bigoplus \bigotimes \bigodot \coprod",
        r"\left( \left[ \left\{ \left\langle \left\lfloor \left\lceil \left\lVert x"
        r" \right\rVert \right\rceil \right\rfloor \right\rangle \right\} \right] \right)",
        r"\dots \cdots \vdots \ddots \ldots \infty \prime x' x'' \hbar \Re \Im \aleph",
        r"\triangle \square \blacksquare \diamond \bigcirc \preceq \succeq \prec \succ \dagger",
        r"a\,b\:c\;d\!e\quad f\qquad g~h \# \$ \% \& \_ \S",
        r"\sqrt[3]{x} \frac{1}{2} \binom{n}{k} \argmax_x \operatorname*{argmin}_x \bmod \pmod{n}",
        r"\stackrel{!}{=} \overset{a}{\to} \xrightarrow{f} \lim_{x \to 0} x^{\top}",
    ],
)
def test_common_commands_use_basic_characters(tex, font):
    used = characters(tex)
    assert used - set(BASIC) == set()
    assert used - {chr(code) for code in font.getBestCmap()} == set()


@pytest.mark.parametrize("variant", CALLED)
def test_all_letters_and_digits_of_every_alphabet_are_basic(variant, font):
    letters = set(styled(f"{LATIN}0123456789", variant))
    assert letters - set(BASIC) == set()
    assert letters - {chr(code) for code in font.getBestCmap()} == set()


def test_a_formula_with_an_uncommon_character_would_be_noticed():
    assert characters(r"x + \text{文}") - set(BASIC) == {"文"}


def write_font(folder, exception=None, builder="html"):
    app = SimpleNamespace(builder=SimpleNamespace(format=builder), outdir=str(folder))
    mathematics.write_font(app, exception)
    return folder / "_static" / FONT


@pytest.fixture(scope="module")
def font_file(tmp_path_factory):
    return write_font(tmp_path_factory.mktemp("site"))


@pytest.fixture
def font(font_file):
    with TTFont(font_file) as opened:
        yield opened


def test_the_font_is_woff2_with_mathematical_tables(font):
    assert font.flavor == "woff2"
    assert font["MATH"].table.MathConstants.AxisHeight.Value > 0


def test_the_font_is_a_small_part_of_the_whole(font_file, font):
    assert 20_000 < font_file.stat().st_size < 400_000
    assert "文" not in {chr(code) for code in font.getBestCmap()}


def test_the_font_has_the_letters_of_mathematics(font):
    drawn = {chr(code) for code in font.getBestCmap()}
    letters = styled(LATIN + GREEK, "bold") + styled(LATIN, "double-struck")
    letters += (
        styled(LATIN + GREEK, "bold-italic")
        + styled(LATIN, "script")
        + LATIN
        + GREEK
        + "0123456789"
    )
    letters += "+−=<>≤≥≈≠·×÷∑∏∫√∞∈∉⊂∪∩→←↦∥|()[]{}⟨⟩⌊⌋⌈⌉…⋯⋮⊙⊤′^~¯"
    assert set(letters) - drawn == set()


def test_the_font_has_every_character_of_the_guide(font):
    drawn = {chr(code) for code in font.getBestCmap()}
    used = set()
    for path in [*PAGES, *SCRIPTS]:
        for tex in formulas_of(path):
            used |= characters(tex)
    assert used
    assert used - drawn == set()


def test_brackets_and_roots_of_the_font_grow(font):
    variants = font["MATH"].table.MathVariants.VertGlyphCoverage.glyphs
    names = font.getBestCmap()
    assert {names[ord(letter)] for letter in "()[]{}√∑∫"} <= set(variants)


@pytest.mark.parametrize(("exception", "builder"), [(RuntimeError(), "html"), (None, "latex")])
def test_no_font_is_written_for_a_failed_build_or_another_format(tmp_path, exception, builder):
    assert not write_font(tmp_path, exception, builder).exists()


def test_a_font_that_is_there_is_kept(tmp_path):
    target = tmp_path / "_static" / FONT
    target.parent.mkdir()
    target.write_bytes(b"the font")
    write_font(tmp_path)
    assert target.read_bytes() == b"the font"


@pytest.mark.parametrize(
    "tex", [r"\eta_{\max}", r"x^{\min}", r"\underset{n}{X}", r"\overset{n}{1}"]
)
def test_scripts_have_as_many_parts_as_they_may_and_letters_hold_no_elements(tex):
    root = formula(tex)
    for element in root.iter():
        if element.tag in {"msub", "msup", "munder", "mover"}:
            assert len(element) == 2
        if element.tag in {"mi", "mn", "mo"}:
            assert len(element) == 0
