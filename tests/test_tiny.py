"""The small model of our own: what it is made of and how its rows are laid out. Nothing here needs torch."""

from __future__ import annotations

import lzma
import random
import re
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.tiny import (
    alike,
    archives,
    cases,
    collect,
    evaluate,
    gguf_file,
    licences,
    parts,
    related,
    rows,
    scores,
    sieve,
)
from bench.tiny.collect import Text
from router import echo
from router.completing import completion
from router.context import privacy
from router.context.gathering import laid
from router.models import families
from router.types import Piece

FAMILY = families.table()["switchyard"]
MARKS = rows.Marks(end=0, prefix=1, suffix=2, middle=3, pad=4, odds=(6, 7, 4))
NAMES = (
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|fim_pad|>",
    "<|file_sep|>",
    "<|repo_name|>",
    "<|im_start|>",
)
MODULE = """\
import sys


def load(path, mode):
    with open(path, mode) as file:
        return file.read()


def main():
    text = load(sys.argv[1], "r")
    print(len(text.split()))
"""
OTHER = """\
def load(path, mode):
    return path.open(mode)

def split(text):
    return [part.strip() for part in text.split(",")]
"""


WAY = re.compile(r"<\|(repo_name|im_start|fim_pad)\|>[^<]*<\|endoftext\|>")


def encode(text: str) -> list[int]:
    """One token for each mark and each byte, as plain as a tokenizer can be."""
    found: list[int] = []
    while text:
        mark = next((number for number, name in enumerate(NAMES) if text.startswith(name)), None)
        found += [mark] if mark is not None else [16 + byte for byte in text[0].encode()]
        text = text[len(NAMES[mark]) :] if mark is not None else text[1:]
    return found


def decode(row: rows.Row) -> str:
    tokens = [int(it) & rows.TOKEN for it in row]
    return b"".join(bytes((it - 16,)) if it >= 16 else NAMES[it].encode() for it in tokens).decode()


def classes(row: rows.Row) -> list[int]:
    return [int(it) >> rows.CLASS for it in row]


# What a row is


@given(st.integers(0, 10_000), st.integers(250, 4_000))
def test_a_gap_and_what_stands_around_it_make_the_text_again(seed: int, size: int) -> None:
    hole = rows.gap(MODULE, random.Random(seed))
    assert hole is not None
    said = rows.example("a.py", MODULE, hole, 4_000, FAMILY)
    suffix, _, before = said.prompt.removeprefix("<|fim_suffix|>").partition("<|fim_prefix|>")
    before = WAY.sub("", before).removesuffix("<|fim_middle|>")
    assert MODULE.startswith(before + said.answer)
    assert MODULE.endswith(suffix)
    # Only brackets that an editor closes by itself are in neither: then the answer closes nothing that follows.
    assert set(MODULE[len(before + said.answer) : len(MODULE) - len(suffix)]) <= set(")]}\"':;,")


def test_a_blank_before_the_cursor_is_left_for_the_model_to_say() -> None:
    text = "total = 3\n"
    said = rows.example("a.py", text, rows.Gap(8, 9), 4_000, FAMILY)
    assert (said.prompt, said.answer) == ("<|fim_suffix|>\n<|fim_prefix|>total =<|fim_middle|>", " 3")
    others = families.table()["qwen"]
    assert rows.example("a.py", text, rows.Gap(8, 9), 4_000, others).answer == "3"


@given(st.integers(0, 10_000))
def test_a_row_is_the_very_prompt_of_the_product_and_its_answer(seed: int) -> None:
    dice = random.Random(seed)
    hole = rows.gap(MODULE, dice)
    assert hole is not None
    before, after = MODULE[: hole.at], MODULE[hole.end :]
    line = before.rpartition("\n")[2]
    pieces = [Piece("related", "a/b/c/other.py", OTHER, 0, 0.0)]
    said = rows.example("mine.py", MODULE, hole, 4_000, FAMILY, pieces)
    shown = after.partition("\n")[0]
    head = laid.headed("mine.py", FAMILY)
    *_, ways = echo.ways(before, after, [OTHER], completion.WAYS)
    told = [(it.text, it.probability) for it in ways]
    prompt = laid.laid(pieces, FAMILY) + head + FAMILY.prompt(before.removesuffix(line), after, line, told)
    if not shown:
        assert said.prompt == prompt
        assert rows.example("mine.py", MODULE, hole, 4_000, FAMILY, pieces, laid_out=False).prompt in prompt
    row = rows.filled(said, encode, MARKS)
    assert decode(row) == said.prompt + said.answer + "<|endoftext|>"


def test_what_is_learnt_most_is_the_answer() -> None:
    row = rows.filled(rows.Example("<|fim_suffix|>\nb<|fim_prefix|>a\nx =<|fim_middle|>", " 1 + 2"), encode, MARKS)
    answer = 6 + 1  # and the end, by which the model learns to stop
    assert classes(row)[-answer:] == [rows.FIRST] + [rows.MIDDLE] * (answer - 1)


def test_half_a_word_before_the_cursor_is_not_learnt_nor_how_the_line_may_go_on() -> None:
    ways = "<|fim_pad|> y<|endoftext|><|fim_pad|> zz<|endoftext|>"
    for told in ("", ways):
        said = rows.Example(f"<|fim_suffix|>\nb<|fim_prefix|>a\n{told}x =<|fim_middle|>", "1")
        row = rows.filled(said, encode, MARKS)
        learnt = [decode(row[at : at + 1]) for at, it in enumerate(classes(row)) if it == rows.ORDINARY]
        assert learnt == list("\nba\nx ")


def test_a_mark_in_somebodys_code_is_no_mark_in_a_row() -> None:
    text = 'END = "<|endoftext|>"\nMIDDLE = "<|fim_middle|>"\n'
    row = rows.plain("marks.py", text, FAMILY, encode, MARKS)
    assert [int(it) & rows.TOKEN for it in row].count(MARKS.end) == 1
    said = rows.example("a.py", text, rows.Gap(4, 20), 4_000, FAMILY)
    assert rows.filled(said, encode, MARKS).tolist().count(MARKS.middle) == 1


@given(st.lists(st.integers(1, 90), max_size=200))
def test_packing_loses_nothing_but_what_is_too_wide(lengths: list[int]) -> None:
    found = [np.full(length, 100 + at, np.uint16) for at, length in enumerate(lengths)]
    table = list(rows.packed(found, 64, MARKS.pad))
    assert all(len(row) == 64 for row in table)
    kept = sorted(int(it) for row in table for it in row if it != MARKS.pad)
    assert kept == sorted(100 + at for at, length in enumerate(lengths) if length <= 64 for _ in range(length))


def test_files_in_rows_are_read_on_from_row_to_row() -> None:
    said = np.concatenate(list(rows.streamed((np.arange(n, dtype=np.uint16) for n in (5, 11, 3, 20)), 8)))
    assert said.tolist() == [*range(5), *range(11), *range(3), *range(20)][: 4 * 8]


def test_llama_cpp_turns_some_pairs_of_dimensions_as_told_and_the_others_never() -> None:
    sizes = gguf_file.Sizes(256, 4, 4, 4, 512, 4_096, 4_096, 1e-5, 10_000.0, turned=16, head=64)
    pairs = np.arange(32)
    speeds = 10_000.0 ** (-2 * pairs / 64) / gguf_file.slowness(sizes)
    assert np.allclose(speeds[:8], 10_000.0 ** (-2 * pairs[:8] / 16), rtol=1e-5)
    assert speeds[8:].max() * sizes.window < 1e-6


# What is shown of other files


def test_pieces_share_rare_names_and_are_of_other_files() -> None:
    shelf = related.Shelf(
        [("one.py", MODULE), ("two.py", OTHER), ("three.py", "def unlike():\n    return 'nothing of it at all'\n" * 2)]
    )
    found = shelf.near("one.py", MODULE[:60], "", 1_000)
    assert [it.path for it in found] == ["two.py"]
    assert OTHER[found[0].start :].startswith(found[0].text)
    assert not shelf.near("one.py", MODULE[:60], "", 10)


# What the corpus is made of


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("Apache-2.0 AND GPL-2.0", False),
        ("(MIT OR GPL-2.0) AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT/Apache-2.0", True),
        ("GPL-3.0-or-later", False),
        ("SEE LICENSE IN LICENSE", False),
        ("", False),
        ("(MIT", False),
        ("MIT MIT", False),
    ],
)
def test_a_licence_is_permissive_where_one_way_through_it_is(expression: str, answer: bool) -> None:
    assert licences.permissive(expression) is answer


def test_a_package_says_its_licence_in_its_metadata_or_by_the_words_of_its_licence_file() -> None:
    wheel = b"Metadata-Version: 2.4\nName: x\nLicense: BSD\nClassifier: License :: OSI Approved :: BSD License\n\nText"
    words = b"Redistribution and use in source and binary forms ... provided that the following conditions"
    assert archives.licence({"x.dist-info/METADATA": b"License-Expression: ISC\n\n"}) == "ISC"
    assert archives.licence({"x.dist-info/METADATA": wheel, "x.dist-info/LICENSE": words}) == "BSD-2-Clause"
    assert archives.licence({"x.dist-info/METADATA": wheel}) == ""
    assert archives.licence({"package.json": b'{"license": {"type": "MIT"}}'}) == "MIT"
    assert archives.licence({"Cargo.toml": b'[package]\nlicense = "MIT OR Apache-2.0"\n'}) == "MIT OR Apache-2.0"
    assert archives.licence({"LICENSE": b"GNU GENERAL PUBLIC LICENSE", "a/LICENSE": b"MIT"}) == "GPL"


def test_every_archive_gives_paths_within_the_package(tmp_path: Path) -> None:
    for name, inside in (("x-1-py3-none-any.whl", "x/a.py"), ("v1.0.0.zip", "host/x/v2@v1.0.0/x/a.py")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(inside, "text")
        assert list(archives.members(tmp_path / name)) == [("x/a.py", b"text")]
    with tarfile.open(tmp_path / "x-1.tgz", "w:gz") as packed:
        member = tarfile.TarInfo("package/x/a.py")
        member.size = 4
        packed.addfile(member, BytesIO(b"text"))
    assert list(archives.members(tmp_path / "x-1.tgz")) == [("x/a.py", b"text")]


@pytest.mark.parametrize(
    "path",
    [
        "pip/_vendor/a.py", "tests/fixtures/a.py", "dist/a.js", "a.min.js", "a.d.ts", "a_pb2.py", "api/zz.pb.go",
        "README.md", "pkg/testdata/a.go", "zerrors_linux.go", "lib/umd/a.js",
    ],
)  # fmt: skip
def test_what_nobody_wrote_here_by_hand_is_not_taken(path: str) -> None:
    assert sieve.misplaced(path)


def test_what_is_taken_is_of_a_size_and_reads_like_code() -> None:
    assert not sieve.misplaced("src/load.py")
    assert not sieve.unfit("a.py", MODULE * 3)
    assert sieve.unfit("a.py", MODULE) == "its size"
    assert sieve.unfit("a.py", MODULE * 3 + "def (") == "not Python"
    assert sieve.unfit("a.go", "// Code generated by protoc. DO NOT EDIT.\n" + MODULE * 3) == "generated"
    assert sieve.unfit("a.js", "x = 1;" * 200) == "minified or data"
    assert sieve.unfit("a.ts", "const it = [\n" + "  0x1234, 5678, 9012,\n" * 60 + "];\n") == "data"


def test_files_are_held_out_by_their_names_alone() -> None:
    named = [f"pkg/{number}.py" for number in range(2_000)]
    dealt = [sieve.part("trained", path, frozenset(["kept"])) for path in named]
    assert dealt == [sieve.part("trained", path, frozenset(["kept"])) for path in named]
    assert set(dealt) in ({"train", "held"}, {"unseen"})
    assert {sieve.part("kept", path, frozenset(["kept"])) for path in named} == {"unseen"}
    packages = [sieve.part(f"package{number}", "a.py", frozenset()) for number in range(2_000)]
    assert 60 <= packages.count("unseen") <= 200  # one in sixteen


def test_a_file_that_nearly_repeats_another_is_seen_and_another_is_not() -> None:
    seen = alike.Seen()
    long = "\n".join(f"value_{number} = compute({number}, 'name {number * 7}')" for number in range(200))
    assert not seen.repeats(long)
    assert seen.repeats(long.replace("value_20 ", "renamed ") + "\n# the end\n")
    assert not seen.repeats(long.replace("compute", "load").replace("value", "other"))
    assert not seen.repeats("short")


def test_secrets_are_masked_and_our_own_sources_left_out(tmp_path: Path) -> None:
    key = "gh" + "p_" + "a1B2" * 9
    came = collect.Came("pip", "thing", "1.0", tmp_path)
    found = {"thing/a.py": (MODULE * 3 + f'TOKEN = "{key}"\n').encode(), "thing/b.md": b"#"}
    texts = collect.taken(came, found, 1.0, frozenset(), collect.Counter())
    assert [it.path for it in texts] == ["thing/a.py"]
    assert key not in texts[0].text
    assert privacy.MASK * 8 in texts[0].text
    ours = collect.Came("pip", collect.OURS, "1.0", tmp_path / "it.whl")
    with zipfile.ZipFile(ours.archive, "w") as archive:
        archive.writestr("it/a.py", MODULE * 3)
        archive.writestr("it.dist-info/METADATA", "License-Expression: MIT\n\n")
    assert collect.package(ours, tmp_path / "it.jsonl", collect.packages(), frozenset(), collect.Counter()).files == 0


def test_what_repeats_a_file_that_is_held_out_is_not_trained_on(tmp_path: Path) -> None:
    code = "\n".join(f"value_{number} = compute({number}, 'name {number * 7}')" for number in range(100))
    for name, part in (("a", "train"), ("b", "unseen")):
        lines = [collect.Entry("pip", name, "1", "", "MIT"), Text(name, "x.py", "python", part, f"# {name}\n{code}")]
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(msgspec.json.encode(it) + b"\n" for it in lines))
    seen = alike.Seen()
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    assert [it.package for part in collect.ORDER for it in collect.unrepeated(files, part, seen)] == ["b"]


def test_the_manifest_names_permissive_packages_of_known_version_and_hash() -> None:
    entries = collect.manifest()
    assert len(entries) > 300
    assert all(licences.permissive(it.licence) for it in entries)
    assert all(it.version and (len(it.sha256) == 64 or it.source == "here") for it in entries)
    assert all(it.files and it.bytes for it in entries)
    assert collect.OURS not in {it.name for it in entries}
    said = collect.packages()
    assert {it.name for it in entries if it.name in said.unseen} <= {it.name for it in entries if it.unseen}


def test_a_corpus_is_read_as_it_lies_or_as_it_travels(tmp_path: Path) -> None:
    texts = [Text("pkg", f"{number}.py", "python", "train", MODULE) for number in range(3)]
    lines = b"".join(msgspec.json.encode(it) + b"\n" for it in texts)
    (tmp_path / "corpus.jsonl.xz").write_bytes(lzma.compress(lines))
    assert list(collect.read(tmp_path / "corpus.jsonl")) == texts
    (tmp_path / "corpus.jsonl").write_bytes(lines)
    assert list(collect.read(tmp_path / "corpus.jsonl")) == texts


# How it is judged


def test_a_hidden_end_of_a_line_and_what_is_around_it_make_the_file() -> None:
    texts = [Text("pkg", "a.py", "python", "unseen", MODULE + MODULE + "# end\n" * 5)]
    found = cases.cases(texts, 20, 500)
    assert found
    for case in found:
        assert case.before + case.target + case.after == texts[0].text
        assert case.before.endswith("\n") or case.before.rpartition("\n")[2].strip() or case.where == "whole"
        assert case.target.strip()
    assert {case.where for case in found} == {"whole", "inside"}


def test_what_is_no_code_is_not_asked_for() -> None:
    text = "\n" * 10 + '"""\nthese are words only\n"""\n# and a comment too\nvalue = compute(other)\nx = 1\n' + "\n" * 9
    assert [text.split("\n")[number] for number in cases.candidates(text)] == ["value = compute(other)"]


def test_scores_tell_the_exact_the_near_and_the_sure() -> None:
    said = [scores.Answered("a(b)", "a(b)  ", 0.9, 1.0), scores.Answered("a(c)", "a(b)", 0.2, 3.0)]
    found = scores.score([*said, scores.Answered("", "x", 0.0, 2.0)])
    assert (found.cases, found.exact, found.surest) == (3, pytest.approx(1 / 3), 1.0)
    assert found.near == pytest.approx((1 + 0.75 + 0) / 3)
    assert found.shown[4] == (0.5, pytest.approx(1 / 3), 1.0)


def test_echo_is_heard_where_the_model_is_not_sure_enough() -> None:
    said = [scores.Answered(text, "a", sure, 1.0) for text, sure in (("a", 0.5), ("b", 0.4), ("", 0.9))]
    echoed = [scores.Answered(text, "a", 0.0, 1.0) for text in ("b", "a", "a")]
    assert [it.text for it in evaluate.instead(said, 0.5, echoed)] == ["a", "a", ""]


def test_the_threshold_is_the_least_above_which_half_is_right() -> None:
    said = [("a", 0.9), ("b", 0.8), ("b", 0.7), ("a", 0.6), ("b", 0.5), ("a", 0.4), ("b", 0.3), ("", 1.0)]
    found = [scores.Answered(text, "a", sure, 1.0) for text, sure in said]
    assert scores.threshold(found) == 0.4
    assert scores.threshold(found[4:5]) > 1
    assert scores.score(found, scores.threshold(found)).gate == pytest.approx((0.4, 6 / 8, 3 / 6))


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_likeness_is_the_same_both_ways_and_one_only_of_equals(one: str, other: str) -> None:
    assert scores.likeness(one, other) == scores.likeness(other, one)
    assert (scores.likeness(one, other) == 1.0) == (one == other)


# How it travels


def test_a_file_in_parts_comes_back_whole_or_not_at_all(tmp_path: Path) -> None:
    whole = random.Random(1).randbytes(1_000)
    (tmp_path / "it.gguf").write_bytes(whole)
    made = parts.split(tmp_path / "it.gguf", tmp_path / "parts", 300)
    assert [part.stat().st_size for part in made] == [300, 300, 300, 100]
    said = tmp_path / "parts" / "it.gguf.parts.json"
    assert parts.join(said, tmp_path / "back").read_bytes() == whole
    made[1].write_bytes(made[0].read_bytes())
    with pytest.raises(ValueError, match="bring them again"):
        parts.join(said, tmp_path / "back")
