"""What programs, compilers and tests print: an output of each kind beside what is read in it, and what holds for any.

The outputs in golden/traces/ are what the tools print of small faulty programs, but for those of tools that few
machines have (tsc, ESLint, jest, vitest, clang, MSVC, lldb, valgrind, Maven), which follow their documentation. The
pages beside them are written anew by `python -m tests.test_traces`; read the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import traces
from router.traces import Frame, Trace
from router.traces.places import Places
from router.traces.telling import innermost, redacted, spots, telling

GOLDEN = Path(__file__).parent / "golden" / "traces"
OUTPUTS = sorted(GOLDEN.glob("*.txt"))
SHOP = "/home/ada/shop"


def page(trace: Trace) -> str:
    """What was read, as one reads it: the most telling fault first, its frames from the outermost on."""
    return "\n".join([trace.language or "no language", *_faults(trace), ""])


def _faults(trace: Trace) -> Iterator[str]:
    for fault in trace.faults:
        yield ""
        yield ("" if fault.grave else "(warning) ") + fault.said.replace("\n", "↵")
        for frame in fault.frames:
            place = f"{frame.path}:{frame.line}" + (f":{frame.column}" if frame.column else "")
            said = f" -- {frame.said}" if frame.said else ""
            yield f"  {place} {frame.function}".rstrip() + said + f" [{frame.rows[0] + 1}-{frame.rows[1]}]"
        yield from (f"  shown: {value}" for value in fault.values)


def read(name: str) -> Trace:
    return traces.read((GOLDEN / f"{name}.txt").read_text("utf-8"))


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
def test_an_output_is_read_as_its_page_says(path: Path) -> None:
    assert page(read(path.stem)) == path.with_suffix(".read").read_text("utf-8")


# Which comes first


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("python-caused", "ValueError: could not convert string to float: 'n/a'"),
        ("python-during-3.10", "IndexError: list index out of range"),
        ("java-caused", 'java.lang.NumberFormatException: For input string: "two"'),
        ("node-caused", "TypeError: Cannot read properties of null (reading 'trim')"),
        ("python-group", "ZeroDivisionError: division by zero"),
        ("pytest-short", "ValueError: could not convert string to float: 'x'"),
        ("gxx-templates", "‘nope’ was not declared in this scope"),
    ],
)
def test_what_a_fault_was_caused_by_comes_before_it(name: str, first: str) -> None:
    assert read(name).errors[0] == first


def test_of_several_tracebacks_in_a_log_the_last_one_has_ended_the_program() -> None:
    one = (GOLDEN / "python-caused.txt").read_text()
    other = (GOLDEN / "python-noted.txt").read_text()
    assert traces.read(f"{one}going on\n{other}").errors[0].startswith("ZeroDivisionError")


def test_the_frames_of_all_faults_end_at_the_place_to_look_at_first() -> None:
    last = read("python-caused").frames[-1]
    assert (last.path, last.line, last.function) == (f"{SHOP}/prices.py", 5, "parse")


def test_a_message_that_looks_like_a_frame_is_a_message() -> None:
    assert "made.py" not in {frame.path for frame in read("python-message-like-a-frame").frames}


def test_colours_do_not_matter() -> None:
    bare = read("python-coloured").lines
    assert not any("\x1b" in line for line in bare)
    assert page(traces.read("\n".join(bare))) == page(read("python-coloured"))


# Total


ALPHABET = [
    "at x (/a.js:1:2)", "  at ", '  File "a.py", line 1, in f', "Traceback (most recent call last):", "E   x",
    "a.py:1: in f",
    "=== x ===", "goroutine 1 [running]:", "f()", "\t/a.go:1 +0x1", "panic: x", " --> a.rs:1:1", "error: x",
    "thread 'm' panicked at a.rs:1:1:", "   1: f", "  at ./a.rs:1:1", "Caused by: a.B: c", "\tat a.b.C.d(C.java:1)",
    "a.c:1:1: error: x", "a.c:1:1: note: x", "In file included from a.c:1:", "#0 f (a=1) at a.c:1", "#1 f a.c:1", 
    "|", "    ^",
    "  + Exception Group Traceback (most recent call last):", "  | x", "  +-+--- 1 ---", "● x", "> 1 | x", 
    "\x1b[31m", "\r\n",
    "999999999999999999999", ":", "(", ")", "\ud800", "\0", "é😀", "",
]  # fmt: skip


@given(st.lists(st.sampled_from(ALPHABET) | st.text(max_size=20), max_size=30).map("\n".join) | st.text(max_size=200))
def test_any_text_is_read_and_told(text: str) -> None:
    trace = traces.read(text)
    places = Places([f"{SHOP}/a.py", f"{SHOP}/a.c"], [SHOP], SHOP, hidden=[f"{SHOP}/a.rs"])
    assert len(telling(trace, places, 100)) < 120
    redacted(text, trace, places)
    for spot in spots(trace, places, lambda path: "one\r\ntwo\rthree"):
        assert 0 <= spot.span.start <= spot.span.end <= len("one\r\ntwo\rthree")
    for frame in trace.frames:
        assert 0 <= frame.rows[0] <= frame.rows[1] <= len(trace.lines)
        assert frame.line >= 0


@given(st.sampled_from(OUTPUTS), st.data())
def test_an_output_that_was_cut_anywhere_is_read(path: Path, data: st.DataObject) -> None:
    text = path.read_text("utf-8")
    start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    traces.read(text[start:end])


@pytest.mark.timeout(30)  # one that goes back and forth in a line would take minutes
@pytest.mark.parametrize(
    "unit", [" --> a:1:1\n", "a.c:1:1: error: x\n", "#0 f at a.c:1\n", "❯ x a.js:1:1\n", "(", " at a (", "a."]
)
def test_a_hostile_megabyte_is_read(unit: str) -> None:
    assert traces.read(unit * (1_000_000 // len(unit))).lines
    assert traces.read((unit.replace("\n", "") * 300 + "\n") * 300).lines


# Whose files they are


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (f"{SHOP}/src/shop/orders.py", "src/shop/orders.py"),
        (f"{SHOP}/src/./shop/../shop/orders.py", "src/shop/orders.py"),
        ("src/shop/orders.py", "src/shop/orders.py"),
        ("./src/shop/orders.py", "src/shop/orders.py"),
        ("shop/orders.py", "src/shop/orders.py"),
        ("orders.py", "src/shop/orders.py"),
        ("C:\\build\\shop\\orders.py", "src/shop/orders.py"),
        ("file:///app/src/shop/orders.py", "src/shop/orders.py"),  # the same tree, elsewhere: in a container
        ("/app/main.py", "main.py"),
        ("http://localhost:3000/src/shop/orders.py?t=17", "src/shop/orders.py"),
        ("webpack-internal:///(app-pages-browser)/./src/shop/orders.py", "src/shop/orders.py"),
        ("main.py", "main.py"),
        ("util.py", None),  # there are two
        ("b/util.py", "b/util.py"),
        ("/usr/lib/python3.11/shop/orders.py", None),
        ("/home/ada/.venv/lib/python3.11/site-packages/shop/orders.py", None),
        ("/srv/else/orders.py", None),  # the name alone is too little
        (f"{SHOP}/gone/orders.py", None),
        ("<frozen importlib>", None),
        ("node:internal/main", None),
        ("secret/keys.py", None),
        (f"{SHOP}/secret/keys.py", None),
        ("", None),
    ],
)
def test_a_path_means_the_file_whose_path_ends_alike(said: str, meant: str | None) -> None:
    files = [f"{SHOP}/{name}" for name in ("src/shop/orders.py", "main.py", "a/util.py", "b/util.py")]
    found = Places(files, [SHOP], SHOP, hidden=[f"{SHOP}/secret/keys.py"]).resolved(Frame(said, 1))
    assert found == (meant and f"{SHOP}/{meant}")


def test_of_several_files_that_are_alike_the_one_where_it_ran_is_meant() -> None:
    files = [f"{SHOP}/a/src/util.py", f"{SHOP}/b/src/util.py"]
    assert Places(files, [SHOP], f"{SHOP}/b").resolved(Frame("util.py", 1)) == f"{SHOP}/b/src/util.py"


def test_the_place_to_look_at_first_is_the_innermost_in_the_workspace() -> None:
    places = Places([f"{SHOP}/src/shop/Orders.java", f"{SHOP}/src/shop/Main.java"], [SHOP])
    found = innermost(read("java-caused"), places)
    assert found is not None
    assert (found[0].line, found[1]) == (14, f"{SHOP}/src/shop/Orders.java")


def test_spots_are_the_lines_of_the_frames_the_innermost_last() -> None:
    text = "\r\n".join(f"    line {number}" for number in range(1, 60))
    places = Places([f"{SHOP}/prices.py", f"{SHOP}/main.py"], [SHOP])
    found = spots(read("python-caused"), places, lambda path: text)
    assert [text[it.span.start : it.span.end] for it in found][-2:] == ["line 12", "line 5"]
    assert found[-1].said == "ValueError: could not convert string to float: 'n/a'"


# What a prompt is told


def told(name: str, *files: str, hidden: tuple[str, ...] = ()) -> str:
    places = Places([f"{SHOP}/{it}" for it in files], [SHOP], SHOP, [f"{SHOP}/{it}" for it in hidden])
    return telling(read(name), places)


def test_frames_outside_of_the_workspace_are_told_by_their_ends() -> None:
    text = told("java-caused", "src/shop/Orders.java", "src/shop/Main.java")
    assert "[6 frames outside of the workspace]" in text
    assert "shop.Orders.lambda$total$0(Orders.java:20)" in text
    assert "AbstractPipeline.copyInto" not in text


@pytest.mark.parametrize("name", ["python-caused", "pytest-long", "pytest-short", "pytest-native"])
def test_of_a_file_that_is_kept_back_no_code_is_told(name: str) -> None:
    text = told(name, "main.py", "test_prices.py", hidden=("prices.py",))
    for code in ("return float", "found +=", "len(people)", 'row["price"]', "raise LookupError"):
        assert code not in text
    assert "[a frame that is not shown]" in text
    assert "ZeroDivisionError" in text or "ValueError" in text


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
def test_where_all_files_are_kept_back_nothing_but_messages_is_told_of_them(path: Path) -> None:
    trace = read(path.stem)
    files = {path for frame in trace.frames if (path := joined(frame.path)).startswith(SHOP)}
    places = Places([], [SHOP], SHOP, hidden=files)
    said = "\n".join(fault.said for fault in trace.faults)
    for text in (telling(trace, places), redacted("\n".join(trace.lines), trace, places)):
        told = {line.strip() for line in text.split("\n")}
        for frame in trace.frames:
            if places.where(frame) == "hidden" and trace.language:
                rows = (line.strip() for line in trace.lines[slice(*frame.rows)])
                assert not [row for row in rows if row in told and row.strip("|~^ ") and row not in said]


def joined(path: str) -> str:
    return path if path.startswith(("/", "<", "node:")) or ":" in path else f"{SHOP}/{path.removeprefix('./')}"


@pytest.mark.parametrize("name", ["rustc", "javac", "gcc-included", "clang", "jest", "vitest", "node-syntax"])
def test_of_a_file_that_nobody_knows_no_code_is_told(name: str) -> None:
    trace = read(name)
    text = telling(trace, Places([], [SHOP], SHOP))
    for frame in trace.frames:
        quoted = trace.lines[slice(*frame.rows)][1:]
        assert not [
            line for line in quoted if len(line.strip()) > 8 and line.strip(" ^|~-") and line in text.split("\n")
        ]


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
def test_what_is_told_leads_to_the_same_places(path: Path) -> None:
    trace = read(path.stem)
    names = {frame.path.rpartition("/")[2] for frame in trace.frames if frame.path[:1] != "/"}
    names |= {frame.path.partition(f"{SHOP}/")[2] for frame in trace.frames if frame.path.startswith(SHOP)}
    places = Places([f"{SHOP}/{name}" for name in names], [SHOP], SHOP)
    again = traces.read(telling(trace, places))
    first = innermost(trace, places)
    if first and path.stem not in ("python-group", "ld", "others"):
        found = innermost(again, places)
        assert found is not None
        assert (found[0].line, found[1]) == (first[0].line, first[1])


def test_a_note_loses_what_is_kept_back_and_nothing_else() -> None:
    output = (GOLDEN / "python-caused.txt").read_text("utf-8")
    note = f"What is this?\n{output}And why so late?"
    trace = traces.read(note)
    open_to_all = Places([f"{SHOP}/main.py", f"{SHOP}/prices.py"], [SHOP])
    assert redacted(note, trace, open_to_all) == note
    text = redacted(note, trace, Places([f"{SHOP}/main.py"], [SHOP], hidden=[f"{SHOP}/prices.py"]))
    assert text.startswith("What is this?\n")
    assert text.endswith("\nAnd why so late?")
    assert 'print(share(ROWS, ["ada"]))' in text
    assert "prices.py" not in text
    assert "return float(text)" not in text


@pytest.mark.parametrize(
    "words", ["rename it as in secret/keys.py:12", "extract lines 3 to 9", "", "a.py:3: see there"]
)
def test_an_instruction_stays_as_it_is(words: str) -> None:
    assert redacted(words, traces.read(words), Places([], [SHOP], SHOP, [f"{SHOP}/secret/keys.py"])) == words


def test_an_output_without_a_place_is_told_by_its_end() -> None:
    text = "line\n" * 5_000 + "the configuration is empty"
    assert telling(traces.read(text), Places([], [SHOP]), 200).endswith("the configuration is empty")


if __name__ == "__main__":
    for output in OUTPUTS:
        output.with_suffix(".read").write_text(page(read(output.stem)), "utf-8")
