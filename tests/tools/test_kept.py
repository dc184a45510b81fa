"""What commands print: the end of it for the model, all of it under a name, live as it comes, and never a secret."""

import re
from dataclasses import replace

import msgspec
import pytest

from core.limits import limits
from core.sandbox.veil import Veil
from tools.kept import _Kept, shown
from tools.registry import call

KEY = (
    "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 6 + "-----END PRIVATE KEY-----\n"
)


async def test_a_long_output_is_cut_to_its_end_and_all_of_it_can_be_read_and_searched(use):
    long = await use("run_command", command="echo first; seq 1 100000; echo last")
    assert long.text.startswith('Exit code 0.\n(All of it: read_file(path="@output/1"), or search_files with')
    assert "\nfirst\n1\n2\n" in long.text
    assert long.text.endswith("\n100000\nlast")
    assert "characters left out …\n" in long.text
    assert len(long.text) <= limits().tools.command_characters + 200
    middle = await use("read_file", path="@output/1", start_line=50_000, end_line=50_001)
    assert middle.text.startswith("50000\t49999\n50001\t50000\n")
    assert 'read_file(path="@output/1", start_line=50002)' in middle.text
    found = await use("search_files", pattern="^7777$", path="@output/1")
    assert found.text == "@output/1:7778: 7777"


async def test_a_short_output_needs_no_name(use, bench):
    assert (await use("run_command", command="echo hi")).text == "Exit code 0.\nhi"
    assert not bench.stage.outputs.exists()


@pytest.mark.parametrize("path", ["@output/9", "@output/", "@output/../manifest", "@output/1/../../x"])
async def test_an_output_that_is_not_there(use, path):
    for name, more in (("read_file", {}), ("search_files", {"pattern": "x"})):
        result = await use(name, path=path, **more)
        assert not result.ok
        assert "Run it again." in result.text


async def test_only_the_latest_are_kept(use, bench, monkeypatch):
    few = msgspec.structs.replace(
        limits(),
        tools=msgspec.structs.replace(
            limits().tools, kept_outputs=2, command_characters=50, kept_characters=200
        ),
    )
    monkeypatch.setattr("tools.kept.limits", lambda: few)
    for _ in range(4):
        await use("run_command", command="seq 1 1000")
    assert sorted(each.name for each in bench.stage.outputs.iterdir()) == ["3.txt", "4.txt"]
    text = (bench.stage.outputs / "4.txt").read_text()
    assert text.endswith("\n… what was printed after this is not kept …\n")


def test_once_it_is_too_much_nothing_more_is_kept(bench, monkeypatch):
    few = msgspec.structs.replace(limits().tools, command_characters=50, kept_characters=200)
    monkeypatch.setattr("tools.kept.limits", lambda: msgspec.structs.replace(limits(), tools=few))
    kept = _Kept(bench)
    for _ in range(5):
        kept.add(b"x" * 150 + b"\n")
    kept.close()
    text = (bench.stage.outputs / "1.txt").read_text()
    assert text.count("x") == 300, "the piece that crosses the limit is the last one"
    assert text.count("what was printed after this is not kept") == 1


async def test_every_line_is_told_while_the_command_runs(bench):
    told: list[str] = []
    go = bench.stage.tree / "go"

    def hear(text: str) -> None:
        told.append(text)
        go.touch()

    command = "echo one; while [ ! -e go ]; do sleep 0.01; done; rm go; echo two"
    result = await call("run_command", {"command": command}, replace(bench, tell=hear))
    assert result.ok, result.text
    assert told[0] == "one\n"
    assert "".join(told) == "one\ntwo\n"


async def test_tests_and_code_are_kept_as_well(use, put):
    put("Makefile", "test:\n\t@seq 1 20000; exit 1\n")
    assert 'read_file(path="@output/1")' in (await use("run_tests")).text
    code = await use("execute_code", language="sh", code="seq 1 20000")
    assert 'read_file(path="@output/2")' in code.text


async def test_secrets_are_neither_kept_nor_told(bench, put):
    told: list[str] = []
    put("key.txt", KEY)
    await call("run_command", {"command": "seq 1 9000; cat key.txt"}, replace(bench, tell=told.append))
    kept = (bench.stage.outputs / "1.txt").read_text()
    for text in ("".join(told), kept):
        assert "MIIEvQ" not in text
        assert "-----BEGIN PRIVATE KEY-----⟨secret⟩-----END" in text


@pytest.mark.parametrize("size", [1, 7, 40, 1_000])
def test_a_secret_that_comes_in_pieces_is_masked_whole(size):
    text = f"before\n{KEY}between\npassword =\n  'Zx81kQ0pLm27Vb94TtRr55uY'\nafter"
    veil = Veil(frozenset({"known-value-77"}))
    parts = [veil.add(each) for each in (text[at : at + size] for at in range(0, len(text), size))] + [
        veil.rest()
    ]
    masked = "".join(parts)
    assert "MIIEvQ" not in masked
    assert "Zx81" not in masked
    assert masked.startswith("before\n-----BEGIN")
    assert masked.endswith("'\nafter")


def test_what_is_shown_is_whole_lines():
    text = "\n".join(f"line {number}" for number in range(1_000))
    cut = shown(text, 500)
    assert len(cut) <= 500
    head, _, tail = cut.partition("\n… ")
    assert head.split("\n") == [f"line {number}" for number in range(8)]
    assert tail.split("\n")[1].startswith("line ")
    assert cut.endswith("line 999")
    assert len(shown("x" * 9_000, 500)) <= 500


async def test_how_much_was_left_out_is_counted_whole(use):
    """Also what the sandbox itself had no room for."""
    result = await use("run_command", command="seq 1 300000")
    whole = len("".join(f"{n}\n" for n in range(1, 300_001)))
    left = re.search(r"… ([\d,]+) characters left out …", result.text)
    assert left is not None
    assert whole - len(result.text) < int(left[1].replace(",", "")) < whole


async def test_what_is_not_kept_whole_is_not_called_so(use, bench, monkeypatch):
    tools = msgspec.structs.replace(limits().tools, kept_characters=50_000)
    monkeypatch.setattr("tools.kept.limits", lambda: msgspec.structs.replace(limits(), tools=tools))
    assert "(All of it: " in (await use("run_command", command="seq 1 9000")).text
    assert "(The first 50,000 characters: " in (await use("run_command", command="seq 1 90000")).text
