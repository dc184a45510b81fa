"""Editing: what is found although the model did not copy it exactly, what is refused, and all or nothing."""

import json
import time

import pytest
from hypothesis import given, settings, strategies as st

from tools.edit_fit import Place, only_place

BASKET = """\
class Basket:
    def __init__(self):
        self.items = []

    def add(self, item, count=1):
        for _ in range(count):
            self.items.append(item)

    def total(self):
        return sum(item.price for item in self.items)
"""


def never() -> None:
    """Nobody ends it."""


@pytest.fixture
def basket(put, bench):
    put("basket.py", BASKET)
    return (bench.stage.tree / "basket.py").read_text


async def test_white_space_may_differ_and_new_lines_are_indented_as_the_file_is(use, basket):
    old = "def total(self):\n    return sum(item.price for item in self.items)"
    new = "def total(self):\n    found = [item.price for item in self.items]\n    return sum(found)"
    result = await use("edit_file", path="basket.py", old=old, new=new)
    assert result.ok
    assert "not there exactly: indentation differed" in result.text
    assert "return sum(item.price for item in self.items)" in result.text
    assert basket().endswith(
        "    def total(self):\n        found = [item.price for item in self.items]\n        return sum(found)\n"
    )


async def test_a_piece_of_a_line_may_have_other_white_space(use, basket):
    result = await use(
        "edit_file", path="basket.py", old="add(self,item,count = 1)", new="add(self, item, count=2)"
    )
    assert result.ok
    assert "white space differed" in result.text
    assert "    def add(self, item, count=2):\n" in basket()


async def test_what_is_only_alike_is_taken_with_a_report_of_what_was_there(use, basket):
    old = (
        "    def add(self, item, count=1):\n        for i in range(count):\n            self.items.push(item)"
    )
    new = old.replace("self.items.push(item)", "self.items += [item]")
    result = await use("edit_file", path="basket.py", old=old, new=new)
    assert result.ok
    assert "% like lines 5–7" in result.text
    assert "self.items.append(item)" in result.text
    assert "        for _ in range(count):\n            self.items += [item]\n" in basket(), (
        "what was not meant stays"
    )


async def test_a_line_that_the_model_did_not_know_of_stays(use, put, bench):
    put("x.py", "def run():\n    first_step()\n    check_the_result()\n    second_step()\n    third_step()\n")
    old = "def run():\n    first_step()\n    second_step()\n    third_step()"
    result = await use("edit_file", path="x.py", old=old, new=old.replace("third_step()", "last_step()"))
    assert result.ok
    after = (bench.stage.tree / "x.py").read_text()
    assert (
        after == "def run():\n    first_step()\n    check_the_result()\n    second_step()\n    last_step()\n"
    )


@pytest.mark.parametrize(
    "old",
    [
        "    1\tclass Basket:\n    2\t    def __init__(self):",
        "1 | class Basket:\n2 |     def __init__(self):",
    ],
)
async def test_line_numbers_are_left_out(use, basket, old):
    result = await use("edit_file", path="basket.py", old=old, new=old.replace("Basket", "Cart"))
    assert result.ok
    assert "line numbers were left out" in result.text
    assert basket().startswith("class Cart:\n    def __init__(self):\n")


async def test_escaped_line_ends_are_read(use, basket):
    result = await use(
        "edit_file", path="basket.py", old="class Basket:\\n    def", new="class Cart:\\n    def"
    )
    assert result.ok
    assert basket().startswith("class Cart:\n    def __init__")


@pytest.mark.parametrize("old", ["self.items", "self . items"])
async def test_several_places_are_refused_with_their_lines(use, basket, old):
    result = await use("edit_file", path="basket.py", old=old, new="self.things")
    assert not result.ok
    assert "3 times in basket.py, at lines 3, 7, 10" in result.text
    assert "    7\t            self.items.append(item)" in result.text
    assert basket() == BASKET


async def test_two_places_that_are_equally_alike_are_refused(use, put, bench):
    text = "def one():\n    value = compute(alpha, beta)\n    return value\n\n\n"
    put("x.py", text + text.replace("one", "two"))
    old = "    value = compute(alpha, beta, gamma)\n    return value"
    result = await use("edit_file", path="x.py", old=old, new="    return None")
    assert not result.ok
    assert "occurs 2 times in x.py, at lines 2, 7" in result.text


async def test_stale_text_is_refused_with_what_is_nearest(use, basket):
    old = "    def total(self):\n        tax = self.tax_rate()\n        return round(tax * 100, 2)"
    result = await use("edit_file", path="basket.py", old=old, new="    pass")
    assert not result.ok
    assert "Nearest to it is, at lines 9–10:\n    9\t    def total(self):" in result.text
    nothing = await use("edit_file", path="basket.py", old="import numpy as np", new="")
    assert "nothing like it" in nothing.text
    assert basket() == BASKET


EDITS = [
    {"old": "class Basket:", "new": "class Cart:"},
    {"old": "class Cart:\n", "new": "class Cart(list):\n"},
]


@pytest.mark.parametrize("edits", [EDITS, json.dumps(EDITS), [json.dumps(each) for each in EDITS]])
async def test_several_edits_come_one_after_another(use, basket, edits):
    result = await use("edit_file", path="basket.py", edits=edits)
    assert result.ok, result.text
    assert basket().startswith("class Cart(list):\n")
    assert result.changed == ("basket.py",)


async def test_of_several_edits_all_or_none_is_made(use, basket):
    edits = [*EDITS, {"old": "not there at all, not even nearly", "new": "x"}]
    result = await use("edit_file", path="basket.py", edits=edits)
    assert not result.ok
    assert result.text.startswith("Edit 3 of 3: old was not found")
    assert "Nothing was changed" in result.text
    assert basket() == BASKET
    assert result.changed == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"edits": "change it"}, "a list of objects with old, new as text"),
        ({"edits": []}, "a list of objects"),
        ({"edits": [{"old": "a"}]}, "a list of objects"),
        ({"edits": [{"old": "a", "new": {"b": 1}}]}, "a list of objects"),
        ({"edits": [{"old": "", "new": "x"}]}, "old is empty"),
        ({"edits": [{"old": "a", "new": "b"}] * 101}, "101 edits"),
        ({"old": "a"}, "“new”"),
        ({"new": "a"}, "“old”"),
        ({}, "“old” and “new”"),
    ],
)
async def test_calls_that_say_too_little(use, basket, arguments, said):
    result = await use("edit_file", path="basket.py", **arguments)
    assert not result.ok
    assert said in result.text
    assert basket() == BASKET


@pytest.mark.parametrize(
    "arguments",
    [
        {"file_path": "basket.py", "old_string": "class Basket", "new_string": "class Cart"},
        {"path": "`basket.py`", "edits": {"old_str": "class Basket", "new_str": "class Cart"}},
        {"path": "./basket.py", "search": "class Basket", "replace": "class Cart"},
    ],
)
async def test_names_of_other_programs_are_understood(use, basket, arguments):
    result = await use("edit_file", **arguments)
    assert result.ok, result.text
    assert basket().startswith("class Cart")


async def test_a_secret_is_not_written_over_by_its_mark_in_a_list(use, basket):
    from core.sandbox.masking import MARK

    result = await use(
        "edit_file", path="basket.py", edits=[{"old": "class Basket", "new": f"KEY = '{MARK}'"}]
    )
    assert not result.ok
    assert MARK in result.text


async def test_line_ends_and_the_rest_stay_when_it_is_only_alike(use, put, bench):
    put("x.c", b"int main(void)\r\n{\r\n    setup_everything();\r\n    return 0;\r\n}\r\n")
    old = "int main()\n{\n    setup_everything();\n    return 0;\n}"
    result = await use("edit_file", path="x.c", old=old, new=old.replace("return 0", "return 1"))
    assert result.ok, result.text
    after = (bench.stage.tree / "x.c").read_bytes()
    assert after == b"int main(void)\r\n{\r\n    setup_everything();\r\n    return 1;\r\n}\r\n"


def test_a_large_file_does_not_take_long():
    text = "".join(f"    value_{n} = compute_the_number({n})  # of {n % 7}\n" for n in range(20_000))
    old = "\n".join(f"    valve_{n} = compute_the_numbers({n})" for n in range(40))
    started = time.process_time()
    only_place(text, old, "x", never)
    only_place(text, "a(" * 3_000, "x", never)
    assert time.process_time() - started < 8, "two seconds of looking for what is alike, at most"


LINES = st.lists(
    st.sampled_from(["", "a = 1", "  b(a, c)", "\tif x:", "end", "}", "  b(a,c)"]), min_size=1, max_size=12
)


@settings(max_examples=150, deadline=None)
@given(before=LINES, piece=LINES, after=LINES, crlf=st.booleans())
def test_whatever_is_mended_only_one_place_changes(before, piece, after, crlf):
    end = "\r\n" if crlf else "\n"
    text = end.join([*before, *piece, *after]) + end
    old = "\n".join("   " + line for line in piece)
    found = only_place(text, old, "changed", never)
    if isinstance(found, Place):
        lines = text.split("\n")
        size = len(found.there.removesuffix("\n").split("\n"))
        assert found.text.startswith("".join(each + "\n" for each in lines[: found.line - 1]))
        assert found.text.endswith("\n".join(lines[found.line - 1 + size :]))
        assert "changed" in found.text
        assert found.there in text


SHOP = """\
class Cart:
    def total(self, items):
        result = 0
        for item in items:
            result += item.price
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("def totals(self, item):", "def total(self, items, tax):", "    def total(self, items, tax):\n"),
        ("“result = 0”", "result = 1", "        result = 1\n"),
        (
            "for itm in item:\n    results += item.prices",
            "for itm in item:\n    results += 2",
            "            results += 2\n",
        ),
    ],
)
async def test_what_is_put_where_it_is_alike_keeps_the_files_indentation(use, bench, put, old, new, line):
    put("shop.py", SHOP)
    result = await use("edit_file", path="shop.py", old=old, new=new)
    assert result.ok, result.text
    assert line in bench.stage.read("shop.py").decode().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("text", "old", "new", "after"),
    [
        (
            "{\n\tx()\n\ty()\n}\n",
            "    x()\n    y()",
            "    x()\n    if z {\n        y()\n    }",
            "{\n\tx()\n\tif z {\n\t\ty()\n\t}\n}\n",
        ),
        (
            "{\n    x()\n    y()\n}\n",
            "\tx()\n\ty()",
            "\tx()\n\tif z {\n\t\ty()\n\t}",
            "{\n    x()\n    if z {\n        y()\n    }\n}\n",
        ),
    ],
)
async def test_deeper_lines_are_indented_with_the_files_own_tabs_or_spaces(
    use, bench, put, text, old, new, after
):
    put("a.go", text)
    result = await use("edit_file", path="a.go", old=old, new=new)
    assert "indentation differed" in result.text
    assert bench.stage.read("a.go").decode() == after


async def test_it_tells_just_the_lines_that_it_fitted(use, put):
    put("shop.py", SHOP)
    old = "```python\n        result = 0\n```"
    result = await use("edit_file", path="shop.py", old=old, new=old.replace("0", "3"))
    assert result.text.endswith("What was there and was replaced:\n        result = 0")
