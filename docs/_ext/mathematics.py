"""Write formulas into the pages as MathML, at build time.

KaTeX turns TeX into MathML, run by an embedded JavaScript engine while the guide is built.
Readers get plain markup that browsers draw and screen readers speak: no script, no request.
A font with mathematical tables (STIX Two Math, SIL Open Font License) is cut down to the
characters that the guide uses and shipped with the site, so that formulas look the same
everywhere.
"""

from __future__ import annotations

import atexit
import json
import os
import re
from functools import cache
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

MATHML = "http://www.w3.org/1998/Math/MathML"
_MO = f"{{{MATHML}}}mo"
_TOKENS = {_MO, f"{{{MATHML}}}mi", f"{{{MATHML}}}mn"}
_SCRIPTS = {f"{{{MATHML}}}{name}" for name in "msub msup msubsup munder mover munderover".split()}
FONT = "stix-two-math.woff2"

#: Where Unicode keeps the styled alphabets, as (capital A, small a, digit 0); MathML Core
#: draws these characters, but no longer knows the attribute that used to ask for them.
_ALPHABETS = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE),
    "italic": (0x1D434, 0x1D44E, None),
    "bold-italic": (0x1D468, 0x1D482, None),
    "double-struck": (0x1D538, 0x1D552, 0x1D7D8),
    "script": (0x1D49C, 0x1D4B6, None),
    "fraktur": (0x1D504, 0x1D51E, None),
    "sans-serif": (0x1D5A0, 0x1D5BA, 0x1D7E2),
    "bold-sans-serif": (0x1D5D4, 0x1D5EE, 0x1D7EC),
    "monospace": (0x1D670, 0x1D68A, 0x1D7F6),
}
#: Bold Greek: (capital alpha, small alpha).
_GREEK = {"bold": (0x1D6A8, 0x1D6C2), "bold-italic": (0x1D71C, 0x1D736)}
#: Letters outside the rows above: older than the styled alphabets, or not in the row of Greek.
_ELSEWHERE = {
    "double-struck": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)),
    "script": dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)),
    "fraktur": dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True)),
    "italic": {"h": "ℎ"},
    "bold": dict(zip("∇∂ϵϑϰϕϱϖ", "𝛁𝛛𝛜𝛝𝛞𝛟𝛠𝛡", strict=True)),
    "bold-italic": dict(zip("∇∂ϵϑϰϕϱϖ", "𝜵𝝏𝝐𝝑𝝒𝝓𝝔𝝕", strict=True)),
}


def styled(text: str, variant: str) -> str:
    """Return text in the characters of a mathematical alphabet."""
    if variant not in _ALPHABETS:
        return text
    capital, small, digit = _ALPHABETS[variant]
    out = []
    for letter in text:
        if letter in _ELSEWHERE.get(variant, {}):
            out.append(_ELSEWHERE[variant][letter])
        elif "A" <= letter <= "Z":
            out.append(chr(capital + ord(letter) - ord("A")))
        elif "a" <= letter <= "z":
            out.append(chr(small + ord(letter) - ord("a")))
        elif letter.isascii() and letter.isdigit() and digit is not None:
            out.append(chr(digit + int(letter)))
        elif "Α" <= letter <= "Ω" and variant in _GREEK:
            out.append(chr(_GREEK[variant][0] + ord(letter) - ord("Α")))
        elif "α" <= letter <= "ω" and variant in _GREEK:
            out.append(chr(_GREEK[variant][1] + ord(letter) - ord("α")))
        else:
            out.append(letter)
    return "".join(out)


@cache
def _engine(process: int) -> Any:
    """Return a JavaScript engine that has KaTeX loaded; its threads do not survive a fork."""
    del process
    import sphinxcontrib.katex as packaged
    from py_mini_racer import MiniRacer

    engine = MiniRacer()
    atexit.register(engine.close)  # left to Python's last moments, its threads can hang
    script = Path(packaged.__file__).with_name("katex.min.js")
    engine.eval(script.read_text(encoding="utf-8"))
    return engine


@cache
def to_mathml(tex: str, *, display: bool) -> str:
    """Return TeX as a MathML element; raise `ValueError` where it cannot be read."""
    options = {"displayMode": display, "output": "mathml", "throwOnError": True}
    call = f"katex.renderToString({json.dumps(tex)}, {json.dumps(options)})"
    try:
        html = str(_engine(os.getpid()).eval(call))
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"This formula cannot be read: {reason}. Received: {tex!r}") from error
    found = re.search(r"<math.*</math>", html, re.S)
    if found is None:
        raise ValueError(f"This formula gives no MathML. Received: {tex!r}")
    ET.register_namespace("", MATHML)
    root = ET.fromstring(found[0])  # noqa: S314 - KaTeX wrote it
    for element in root.iter():
        variant = element.attrib.pop("mathvariant", "")
        if variant == "normal":  # the one value that MathML Core keeps
            element.set("mathvariant", "normal")
        elif variant and element.text:
            element.text = styled(element.text, variant)
            if len(element.text) > 1 or variant != "italic":
                element.set("mathvariant", "normal")
        if element.tag == f"{{{MATHML}}}annotation":
            element.text = tex
    _mend(root)
    _align_columns(root)
    _space_functions(root)
    root.set("display", "block" if display else "inline")
    return ET.tostring(root, encoding="unicode")


def _mend(root: ET.Element) -> None:
    """Bring into order what KaTeX writes against the rules of MathML.

    A function's name as an index comes with a sign of application, one child too many; and
    a label below something makes elements out of what may hold letters only.
    """
    for script in root.iter():
        if script.tag in _SCRIPTS:
            for sign in list(script):
                if sign.text == "\u2061":
                    script.remove(sign)
    for token in root.iter():
        if token.tag in _TOKENS and len(token):
            token.tag = f"{{{MATHML}}}mrow"


def _align_columns(root: ET.Element) -> None:
    """Say the alignment of table cells by class, the one way that MathML Core knows."""
    for table in root.iter(f"{{{MATHML}}}mtable"):
        columns = table.attrib.pop("columnalign", "").split()
        for row in table:
            for number, cell in enumerate(row):
                if columns:
                    cell.set("class", f"math-{columns[min(number, len(columns) - 1)]}")


def _space_functions(root: ET.Element) -> None:
    """Leave thin spaces around a function's name that has no brackets to set it off."""
    for parent in list(root.iter()):
        before: ET.Element | None = None
        for child, following in pairwise(list(parent)):
            if following.text == "\u2061" and before is not None and before.tag != _MO:
                space = ET.Element(f"{{{MATHML}}}mspace", width="0.1667em")
                parent.insert(list(parent).index(child), space)
            argument = "".join(following.itertext()).strip()
            if child.text == "\u2061" and argument and argument[0] not in "([{|‖":
                child.set("rspace", "0.1667em")
            before = child


def _write(self: HTML5Translator, node: nodes.Element, *, display: bool) -> None:
    from docutils import nodes as docutils_nodes

    try:
        markup = to_mathml(node.astext(), display=display)
    except ValueError as error:
        raise ExtensionError(f"{node.source}:{node.line}: {error}") from error
    if display:
        self.body.append(self.starttag(node, "div", CLASS="math math-display"))
        if node.get("number"):
            self.body.append(f'<span class="eqno">({node["number"]})</span>')
        self.body.append(f"{markup}</div>\n")
    else:
        # A word joiner keeps a full stop or comma on the line of its formula.
        self.body.append(self.starttag(node, "span", "", CLASS="math") + markup + "</span>\u2060")
    raise docutils_nodes.SkipNode


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula inside a sentence."""
    _write(self, node, display=False)


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own."""
    _write(self, node, display=True)


#: What every formula may use, so that a change of one page does not change the font.
BASIC = "".join(
    chr(code)
    for low, high in [
        (0x20, 0x7E), (0xA0, 0xFF), (0x131, 0x131), (0x237, 0x237), (0x2C6, 0x2DD),
        (0x300, 0x338), (0x391, 0x3F6), (0x2000, 0x200B),
        (0x2010, 0x2044), (0x2061, 0x2064), (0x2090, 0x209C), (0x20D0, 0x20D7),
        (0x2100, 0x214F), (0x2190, 0x21D5), (0x2200, 0x22FF), (0x2308, 0x230B),
        (0x2329, 0x232A), (0x239B, 0x23E1), (0x25A0, 0x25FF), (0x27C2, 0x27FF), (0x2A00, 0x2A0F),
        (0x2A2F, 0x2A2F), (0x2A7D, 0x2AB0), (0x1D400, 0x1D7FF),
    ]
    for code in range(low, high + 1)
)  # fmt: skip


def write_font(app: Sphinx, exception: Exception | None) -> None:
    """Cut the font down to mathematics and write it beside the site's style sheets."""
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / FONT
    if target.is_file() and target.stat().st_mtime > Path(__file__).stat().st_mtime:
        return
    from fontTools import subset

    package = metadata.distribution("ziamath")  # not imported: only its font is of use
    source = package.locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf")
    options = subset.Options(
        flavor="woff2", layout_features=["ssty", "dtls", "flac"], notdef_outline=True
    )
    cutter = subset.Subsetter(options)
    cutter.populate(text=BASIC)
    target.parent.mkdir(parents=True, exist_ok=True)
    with subset.load_font(str(source), options) as font:
        cutter.subset(font)
        subset.save_font(font, str(target), options)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("build-finished", write_font)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
