import pytest

from stale_pages import cells

FENCE = "```"


def cell(code, head="{code-cell} python"):
    return f"{FENCE}{head}\n{code}{FENCE}\n"


def test_code_of_all_cells_comes_in_order():
    page = f"# Title\n\n{cell('x = 1' + chr(10))}\nProse.\n\n{cell('y = 2' + chr(10))}"
    assert cells(page) == "x = 1\ny = 2"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = 1\ny = 2\n", "x = 1\ny = 2"),
        (":tags: [hide-input]\nx = 1\n", "x = 1"),
        (":tags: [hide-input]\n:name: it\nx = 1\n", "x = 1"),
        ("---\ntags: [hide-input]\nother: 1\n---\nx = 1\n", "x = 1"),
        ("---\n---\nx = 1\n", "x = 1"),
        ("%matplotlib inline\nx = 1\n", "x = 1"),
        ("%%time\nx = 1\n", "x = 1"),
        ("if x:\n    %timeit y\n    z = 5 % 2\n", "if x:\n    z = 5 % 2"),
        ("x = a[\n:2]\n", "x = a[\n:2]"),
        ("def f():\n\n    return 1\n", "def f():\n\n    return 1"),
        ("", ""),
    ],
)
def test_options_and_magic_commands_are_left_out(code, expected):
    assert cells(cell(code)) == expected


@pytest.mark.parametrize("head", ["{code-cell} python", "{code-cell} ipython3", "{code-cell}"])
def test_every_executed_cell_counts(head):
    assert cells(cell("x = 1\n", head)) == "x = 1"


@pytest.mark.parametrize("head", ["python", "{code-block} python", "console", "{math}", ""])
def test_code_that_is_only_shown_does_not_count(head):
    assert cells(cell("x = 1\n", head)) == ""


@pytest.mark.parametrize("page", ["", "# Title\n\nProse with `code`.\n", "Not a ```{code-cell}\n"])
def test_a_page_without_cells_has_no_code(page):
    assert cells(page) == ""


def test_shown_code_between_two_cells_does_not_confuse():
    page = cell("x = 1\n") + cell("shown()\n", "python") + cell("y = 2\n")
    assert cells(page) == "x = 1\ny = 2"
