import base64
import hashlib

import pytest

import security

PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <script src="own.js"></script>
    <script>
      one();
    </script>
    <script type="application/json">{"two": 2}</script>
  </head>
  <body><script data-cfasync="false">three();</script><script>three();</script></body>
</html>
"""


def digest(code):
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


def test_scripts_that_run_from_within_a_page_are_hashed_once_each():
    assert security.hashes(PAGE) == [digest("\n      one();\n    "), digest("three();")]


def test_a_page_gets_its_policy_before_its_first_script():
    page = security.with_policy(PAGE)
    assert page.index("Content-Security-Policy") < page.index("<script")
    assert digest("three();") in page
    assert "script-src 'self' 'sha256-" in page
    assert "unsafe-inline" not in page.split("script-src")[1].split(";")[0]


def test_a_policy_is_put_in_once_and_nothing_else_changes():
    page = security.with_policy(PAGE)
    assert security.with_policy(page) == page
    kept = [line for line in page.splitlines() if "Content-Security-Policy" not in line]
    assert kept == PAGE.splitlines()


def test_another_script_makes_another_policy():
    assert security.policy(PAGE) != security.policy(PAGE.replace("one()", "four()"))


def test_a_page_without_a_character_set_is_refused():
    with pytest.raises(ValueError, match="character set"):
        security.with_policy("<html><head></head></html>")
