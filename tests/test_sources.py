"""What each source brings, in pictures of small workspaces."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from router.context import privacy
from router.context.gathering import gather, sources
from router.context.gathering.focus import focus, parts
from router.context.gathering.laid import laid
from router.context.gathering.sheet import amended, sheet
from router.context.gathering.similar import grounded
from router.context.gathering.view import Spot, View
from router.models import families
from router.types import Document, Piece, Request, Span
from tests.fixture import complete
from tests.known import Known, place, view

FILES = {
    "/w/app/trains.py": (
        '"""Trains."""\n\nfrom app.tracks import Track\n\n\nclass Train:\n    """A train."""\n\n'
        "    def __init__(self, track: Track) -> None:\n        self.track = track\n        self.wagons = []\n\n"
        "    def couple(self, wagon: str) -> None:\n        self.wagons.append(wagon)\n\n"
        "    def shunt(self, siding: Track) -> None:\n        self.track.release(self)\n        siding.occupy(self)\n"
    ),
    "/w/app/tracks.py": (
        "class Track:\n    def occupy(self, train: object) -> None:\n        self.train = train\n\n"
        "    def release(self, train: object) -> None:\n        self.train = None\n"
    ),
    "/w/app/other.py": "class Track:\n    def unrelated(self) -> int:\n        return 1\n",
    "/w/tests/test_trains.py": (
        "import pytest\nfrom app.trains import Train\nfrom app.tracks import Track\n\n\n"
        "def test_shunting():\n    train = Train(Track())\n    train.shunt(Track())\n    assert not train.wagons\n"
    ),
}


def brought(source: str, request: Request, around: View) -> list[str]:
    return [piece.text for piece in gather.SOURCES[source](request, around)]


def yard(rest: str, **more: object) -> tuple[Request, View]:
    """A request in a new file of the workspace, at the picture's cursor."""
    request = complete(rest, "/w/app/yard.py")
    files = FILES | {"/w/app/yard.py": request.document.text}
    return request, msgspec.structs.replace(view(files), **more)


def test_the_headers_of_what_the_cursor_is_in() -> None:
    request, around = yard("class Yard:\n    gauge = 1435\n\n    def sort(self, train):\n        x = 1\n        ‸\n")
    assert brought("enclosing", request, around) == ["def sort(self, train):", "class Yard:"]


def test_a_name_is_looked_up_where_it_is_imported_from() -> None:
    request, around = yard("from app.tracks import Track\n\ndef sort(track: Track):\n    ‸\n")
    found = [it for it in gather.SOURCES["definitions"](request, around) if "Track" in it.text]
    assert {it.path for it in found} == {"/w/app/yard.py", "/w/app/tracks.py"}


def test_the_members_of_a_class_that_is_named_near_the_cursor() -> None:
    request, around = yard("from app.tracks import Track\n\ndef sort(track: Track):\n    track.‸\n")
    found = brought("members", request, around)
    assert "def occupy(self, train: object) -> None:" in found
    assert not any("unrelated" in it for it in found)


def test_the_import_lines_of_this_file() -> None:
    request, around = yard("from app.tracks import Track\nimport os\n\n" + "x = 1\n" * 60 + "‸\n")
    assert brought("imports", request, around) == ["from app.tracks import Track", "import os"]


def test_the_cursor_is_among_imports() -> None:
    request, around = yard("from app.tracks import Track\n‸\n\n\nx = 1\n")
    assert sources.importing(request, around)
    request, around = yard("from app.tracks import Track\n\n\n\n\nx = 1\n‸\n")
    assert not sources.importing(request, around)


def test_what_follows_a_line_like_this_one() -> None:
    request, around = yard("def move(train, siding):\n    train.shunt(siding)\n    ‸\n")
    found = gather.pieces(request, around, request.document.text, 60)
    assert "siding.occupy(self)" in [it.text for it in found]


def test_the_same_method_of_another_class() -> None:
    request, around = yard("class Ferry:\n    def couple(self, wagon):\n        ‸\n")
    assert "def couple(self, wagon: str) -> None:" in brought("overrides", request, around)


def test_what_was_edited_and_visited_and_changed() -> None:
    for source, field in (("edits", "edits"), ("visited", "visited"), ("diff", "changed")):
        spots = (Spot("/w/app/tracks.py", place(FILES, "/w/app/tracks.py", "self.train = None")),)
        request, around = yard("‸\n", **{field: spots})
        assert "self.train = None" in brought(source, request, around)


def test_what_a_complaint_names() -> None:
    spot = Spot("/w/app/yard.py", Span(0, 1), 'Cannot access attribute "shunt" for class "Train"')
    request, around = yard("train.shunt()\n‸\n", diagnostics=(spot,))
    assert "class Train:" in brought("diagnostics", request, around)


def test_the_function_that_a_frame_is_in() -> None:
    frames = (Spot("/w/app/trains.py", place(FILES, "/w/app/trains.py", "siding.occupy(self)")),)
    request, around = yard("‸\n", frames=frames)
    assert brought("frames", request, around)[0] == "def shunt(self, siding: Track) -> None:"


def test_who_calls_and_who_uses() -> None:
    text = FILES["/w/app/trains.py"]
    at = text.index("siding.occupy")
    request = Request("explain", Document("/w/app/trains.py", "python", 1, text), Span(at, at))
    assert "train.shunt(Track())" in brought("callers", request, view(FILES))
    around = msgspec.structs.replace(view(FILES), changed=(Spot("/w/app/trains.py", Span(at, at)),))
    assert "train.shunt(Track())" in brought("users", request, around)
    assert brought("changed", request, around) == ["def shunt(self, siding: Track) -> None:"]


def test_how_the_neighbours_are_documented() -> None:
    text = FILES["/w/app/trains.py"]
    at = text.index("def couple")
    files = FILES | {
        "/w/app/trains.py": text.replace(
            "-> None:\n        self.track =", '-> None:\n        """Go."""\n        self.track ='
        )
    }
    at = files["/w/app/trains.py"].index("def couple")
    request = Request("document", Document("/w/app/trains.py", "python", 1, files["/w/app/trains.py"]), Span(at, at))
    assert any('"""Go."""' in it for it in brought("docs", request, view(files)))


def test_only_the_tasks_that_need_it_ask_who_calls() -> None:
    text = FILES["/w/app/trains.py"]
    at = text.index("siding.occupy")
    document = Document("/w/app/trains.py", "python", 1, text)
    asked = {}
    for task in ("complete", "explain"):
        found = gather.gathered(Request(task, document, Span(at, at)), view(FILES))
        asked[task] = {it.source for it in found}
    assert "callers" in asked["explain"]
    assert "callers" not in asked["complete"]


def test_a_source_can_be_switched_off() -> None:
    request, around = yard("from app.tracks import Track\n\ndef sort(track: Track):\n    track.‸\n")
    for name in gather.SOURCES:
        assert not [it for it in gather.pieces(request, around, "", 512, without=(name,)) if it.source == name]
    assert not gather.pieces(request, around, "", 512, without=tuple(gather.SOURCES))


def test_nothing_is_known_and_nothing_breaks() -> None:
    assert gather.pieces(complete("‸", "/w/a.txt"), View(), "", 512) == []


def test_an_excluded_file_has_no_pieces() -> None:
    secret = {"/w/app/secrets.json": '{"occupy": "hunter2"}', "/w/.env": "occupy=hunter2\n"}
    allowed = {path: text for path, text in (FILES | secret).items() if not privacy.excluded(path)}
    assert not secret.keys() & allowed.keys()
    request = complete("from app.tracks import Track\n\ntrack.occupy(‸\n", "/w/app/yard.py")
    around = View(Known(allowed), allowed.get)
    found = gather.pieces(request, around, request.document.text, 4096)
    assert found
    assert not any("hunter2" in it.text or it.path in secret for it in found)


def test_pieces_are_clean_and_hold_no_marks() -> None:
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    piece = Piece("similar", "/w/a/<|fim_middle|>.py", f'aws = "{key}"  # <|file_sep|>\u202e', 0, 1.0)
    for name, family in families.table().items():
        said = laid((piece,), family)
        assert not {key, "\u202e"} & {it for it in (key, "\u202e") if it in said}, name
        assert all(said.count(mark) == family.file.count(mark) for mark in family.marks), name


def test_the_path_stands_before_the_lines_of_a_file_in_its_own_comment() -> None:
    one, two = Piece("similar", "/w/a/b.py", "x = 1", 0, 1.0), Piece("similar", "/w/a/b.py", "y = 2", 9, 1.0)
    other = Piece("similar", "/w/a/c.css", "a {}", 0, 1.0)
    assert laid((one, two, other), families.table()["starcoder"]) == "# a/b.py\nx = 1\ny = 2\n/* a/c.css */\na {}\n"
    assert laid((one,), families.table()["qwen"]) == "<|file_sep|>a/b.py\nx = 1\n"


def test_comments_and_strings_say_no_names() -> None:
    assert sheet('a_b = "not_this"  # nor_this\n', "python").names[0] == ("a_b",)
    assert sheet("let ab = 'x'; // not_this\n/* nor\nthis */ cd()\n", "javascript").names == [("ab",), (), ("cd",), ()]
    assert sheet("fn sort<'a>(x: &'a Yard<'a>) {}\n", "rust").names[0] == ("sort", "Yard")


def test_a_name_is_made_of_words() -> None:
    assert parts("parse_HTTPHead2") == ("parse", "http", "head")


_ROWS = st.sampled_from(
    ("a = foo(bar)", '"""', 'x = "s" # c', "/* c", "*/ d()", "y = 'a", "", "  z(q)", "//k", "# n", 'w = "a\\')
)
_TEXTS = st.lists(_ROWS, min_size=1, max_size=25).map("\n".join)


@given(_TEXTS, _TEXTS, st.integers(0, 400), st.integers(0, 30), st.sampled_from(["python", "javascript", "rust", "go"]))
def test_a_sheet_is_amended_to_what_it_would_be_anew(before: str, new: str, at: int, gone: int, language: str) -> None:
    text = before[:at] + new + before[at + gone :]
    was, is_now = sheet(before, language), sheet(text, language)
    found = amended(was, text, language)
    if found is not None:
        assert (found.starts, found.names) == (is_now.starts, is_now.names)
        assert all(list(found.rows(name)) == is_now.lines.get(name, []) for name in {*was.lines, *is_now.lines})


def test_a_key_in_a_comment_reads_few_lines_again() -> None:
    text = "".join(f"x{row} = 1\n" for row in range(900))
    found = amended(sheet(text, "python"), text.replace("x450 = 1", "x450 = new_name"), "python")
    assert found is not None
    assert found.patch is not None
    assert (found.patch.first, found.patch.last, list(found.rows("new_name"))) == (450, 450, [450])


def test_what_was_worked_out_at_a_place_serves_there_and_its_lines_move_with_the_text() -> None:
    below = "\n\ndef sorted_out(siding_track):\n    siding_track.release(yard_engine)\n"
    request, around = yard(
        "from app.tracks import Track\n\n\ndef sort(track: Track):\n    ‸\n" + "x = 1\n" * 60 + below
    )
    gather.prepare(request, around)
    ground = grounded(request, around)
    text, at = request.document.text, request.span.start
    typed = Document("/w/app/yard.py", "python", 2, f"{text[:at]}train\n    a\n{text[at:]}")
    here = Request("complete", typed, Span(at + 5, at + 5))
    assert grounded(here, around) is ground
    found = [it for it in gather.pieces(here, around, text[:at], 200) if it.path == typed.path]
    assert "siding_track.release(yard_engine)" in [it.text for it in found]
    assert all(typed.text.startswith(it.text, it.start) for it in found)
    away = Request("complete", typed, Span(len(typed.text), len(typed.text)))
    assert grounded(away, around) is not ground


@settings(max_examples=60)
@given(
    st.text(alphabet="ab_ \n\r\t\"'#/*{}()[]‸é\u2028\U0001f600:.=<>", max_size=200),
    st.sampled_from(["py", "js", "rs", "txt", "c"]),
)
def test_any_text_and_any_place_will_do(text: str, ending: str) -> None:
    path = f"/w/app/odd.{ending}"
    files = FILES | {path: text}
    for at in {0, len(text) // 2, len(text)}:
        request = Request("complete", Document(path, "plaintext", 1, text), Span(at, at))
        found = gather.pieces(request, view(files), "", 256)
        assert all(piece.text in files[piece.path] for piece in found)
        assert focus(request).row <= text.count("\n")
