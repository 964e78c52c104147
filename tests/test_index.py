"""The index: what is defined where, who says it, what an import means; fresh, and equal to one that is built anew."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.context.indexing import catalogue, root
from router.context.indexing.catalogue import Catalogue, Stamp
from router.context.indexing.index import Index, wide
from router.context.indexing.neighbours import Neighbours
from router.context.indexing.postings import Postings
from router.context.indexing.resolving import resolve
from router.context.parsing import parsers
from router.context.tagging.tags import Tags, tags
from tests.trees import Parsing, defined, index, repository, running, until, write

PYTHON = {
    "app/__init__.py": "",
    "app/models.py": 'class User:\n    """Somebody."""\n\n    def rename(self, name: str) -> None:\n        pass\n',
    "app/views.py": "from .models import User\n\n\ndef show(user: User) -> str:\n    return user.rename('x') or User\n",
}


def test_a_definition_is_found_with_its_signature_documentation_and_place(tmp_path: Path) -> None:
    async def story(this: Index) -> None:
        [(path, user)] = this.defined("User")
        assert path == str(tmp_path / "app/models.py")
        assert (user.kind, user.signature, user.doc) == ("class", "class User:", "Somebody.")
        assert PYTHON["app/models.py"][user.at :].startswith("User")
        [(_, rename)] = this.defined("rename")
        assert rename.parent == "User"

    running(index(write(tmp_path, PYTHON)), story)


def test_references_are_counted_by_file_and_placed(tmp_path: Path) -> None:
    async def story(this: Index) -> None:
        views = str(tmp_path / "app/views.py")
        assert this.referring("User") == [(views, 2)]
        assert [PYTHON["app/views.py"][at:][:4] for at in this.places(views, "User")] == ["User", "User"]
        assert this.referring("nobody") == []
        assert this.places(views, "nobody") == []

    running(index(write(tmp_path, PYTHON)), story)


def test_the_tags_of_a_file_come_back_as_they_were_parsed(tmp_path: Path) -> None:
    async def story(this: Index) -> None:
        for name, text in PYTHON.items():
            assert this.tags(str(tmp_path / name)) == tags("python", text)
        assert this.tags(str(tmp_path / "none.py")) is None
        assert [it.module for it in this.imports(str(tmp_path / "app/views.py"))] == [".models"]

    running(index(write(tmp_path, PYTHON)), story)


def test_an_import_leads_to_its_file(tmp_path: Path) -> None:
    async def story(this: Index) -> None:
        views, models = str(tmp_path / "app/views.py"), str(tmp_path / "app/models.py")
        assert this.resolve(views, ".models") == models
        assert this.resolve(views, ".", "models") == models
        assert this.resolve(views, "app.models", "User") == models
        assert this.resolve(views, "os") is None

    running(index(write(tmp_path, PYTHON)), story)


@pytest.mark.parametrize(
    ("at", "module", "name", "found"),
    [
        ("src/pkg/a.py", "pkg.b", "", "src/pkg/b.py"),
        ("src/pkg/a.py", "pkg", "b", "src/pkg/b.py"),
        ("src/pkg/a.py", "pkg", "thing", "src/pkg/__init__.py"),
        ("src/pkg/a.py", "..other.x", "", "src/other/x.py"),
        ("src/pkg/a.py", "b", "", "src/pkg/b.py"),
        ("src/pkg/a.py", "numpy", "", None),
        ("web/app.ts", "./parts/list", "", "web/parts/list/index.tsx"),
        ("web/app.ts", "./names.js", "", "web/names.ts"),
        ("web/app.ts", "../web/names", "", "web/names.ts"),
        ("web/app.ts", "@/names", "", "web/names.ts"),
        ("web/app.ts", "react", "", None),
        ("go/main.go", "example.org/me/thing/store", "", "go/store/store.go"),
        ("go/main.go", "fmt", "", None),
        ("rs/src/main.rs", "crate::net::wire", "Frame", "rs/src/net/wire.rs"),
        ("rs/src/net/wire.rs", "super", "Frame", "rs/src/net/mod.rs"),
        ("rs/src/main.rs", "", "net", "rs/src/net/mod.rs"),
        ("rs/src/main.rs", "std::io", "", None),
        ("jv/src/main/java/org/me/A.java", "org.me", "B", "jv/src/main/java/org/me/B.java"),
        ("jv/src/main/java/org/me/A.java", "org.me.B", "", "jv/src/main/java/org/me/B.java"),
        ("c/src/a.c", "b.h", "", "c/src/b.h"),
        ("c/src/a.c", "lib/deep.h", "", "c/include/lib/deep.h"),
        ("c/src/a.c", "stdio.h", "", None),
        ("rb/lib/me/a.rb", "me/b", "", "rb/lib/me/b.rb"),
        ("rb/lib/me/a.rb", "./b", "", "rb/lib/me/b.rb"),
        ("php/src/A.php", "App\\Net", "Wire", "php/src/Net/Wire.php"),
        ("lua/a.lua", "part.b", "", "lua/part/b.lua"),
    ],
)
def test_each_language_has_its_own_way_to_a_file(at: str, module: str, name: str, found: str | None) -> None:
    files = """src/pkg/__init__.py src/pkg/a.py src/pkg/b.py src/other/x.py web/app.ts web/names.ts
        web/parts/list/index.tsx go/main.go go/store/store.go go/store/a.go go/store/store_test.go rs/src/main.rs
        rs/src/net/mod.rs rs/src/net/wire.rs jv/src/main/java/org/me/A.java jv/src/main/java/org/me/B.java c/src/a.c
        c/src/b.h c/include/lib/deep.h rb/lib/me/a.rb rb/lib/me/b.rb php/src/A.php php/src/Net/Wire.php lua/a.lua
        lua/part/b.lua""".split()
    known = Neighbours(f"/w/{file}" for file in files)
    assert resolve(f"/w/{at}", module, name, known) == (f"/w/{found}" if found else None)


@given(st.text(max_size=40), st.text(max_size=20), st.sampled_from("py ts go rs java c rb php lua css txt".split()))
def test_any_module_may_be_asked_for(module: str, name: str, ending: str) -> None:
    known = Neighbours(["/w/a/b.py", f"/w/a/x.{ending}"])
    found = resolve(f"/w/a/x.{ending}", module, name, known)
    assert found is None or found in known.within("/w/a")


def test_what_is_near_comes_first() -> None:
    known = Neighbours(f"/w/{it}" for it in "a/x.py a/y.py a/z.md a/b/u.py tests/test_x.py far/off/v.py".split())
    assert known.near("/w/a/x.py") == [
        f"/w/{it}" for it in "tests/test_x.py a/y.py a/z.md a/b/u.py far/off/v.py".split()
    ]
    known.remove("/w/a/y.py")
    assert "/w/a/y.py" not in known.near("/w/a/x.py")


def test_a_buffer_counts_for_more_than_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.py"

    async def story(this: Index) -> None:
        this.changed(str(path), "def typed(): pass\n")
        await this.settled()
        path.write_text("def saved_elsewhere(): pass\n")
        this.touched([str(path)])
        await this.settled()
        assert defined(this, "typed") == ["a.py"]
        assert defined(this, "saved_elsewhere") == []
        this.closed(str(path))
        await this.settled()
        assert defined(this, "typed") == []
        assert defined(this, "saved_elsewhere") == ["a.py"]

    running(index(write(tmp_path, {"a.py": "def before(): pass\n"})), story)


def test_a_disk_that_takes_capitals_for_small_letters_has_one_file_for_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root, "folds", lambda _: True)

    async def story() -> None:
        this = index(write(tmp_path / "Work", {"Models.py": "def f(): pass\n"}))
        this.changed(str(tmp_path / "work/models.py"), "def before(): pass\n")
        await this.start()
        await this.settled()
        known = str(tmp_path / "Work/Models.py")
        assert [path for path, _ in this.defined("before")] == [known]
        this.changed(str(tmp_path / "work/MODELS.PY"), "def typed(): pass\n")
        await this.settled()
        assert [path for path, _ in this.defined("typed")] == [known]
        assert this.tags(str(tmp_path / "WORK/models.py")) == this.tags(known)
        this.closed(str(tmp_path / "work/models.py"))
        await this.settled()
        assert defined(this, "f") == ["Models.py"]
        await this.aclose()

    asyncio.run(asyncio.wait_for(story(), 30))


def test_a_buffer_without_a_file_is_known_until_it_is_closed(tmp_path: Path) -> None:
    async def story(this: Index) -> None:
        this.changed(str(tmp_path / "new.py"), "def unsaved(): pass\n\ud800")
        await this.settled()
        this.refresh()
        await this.settled()
        assert defined(this, "unsaved") == ["new.py"]
        this.closed(str(tmp_path / "new.py"))
        await this.settled()
        assert defined(this, "unsaved") == []

    running(index(tmp_path), story)


def test_many_keystrokes_are_parsed_once(tmp_path: Path) -> None:
    parse = Parsing()

    async def story(this: Index) -> None:
        for count in range(50):
            this.changed(str(tmp_path / "a.py"), f"def f{count}(): pass\n")
        await this.settled()
        assert len(parse.asked) == 2  # the file, and the last of the texts
        assert defined(this, "f49") == ["a.py"]

    running(index(write(tmp_path, {"a.py": ""}), parse=parse), story)


def test_a_slow_parse_does_not_undo_a_later_one(tmp_path: Path) -> None:
    gates: dict[str, asyncio.Event] = {}

    async def parse(_path: str, language: str, text: str) -> Tags:
        await gates.setdefault(text, asyncio.Event()).wait()
        return tags(language, text)

    async def story() -> None:
        path = write(tmp_path, {"a.py": "old = 1\n"}) / "a.py"
        this = index(tmp_path, parse=parse)
        await this.start()
        await until(lambda: "old = 1\n" in gates)
        path.write_text("new = 1\n")
        this.touched([str(path)])
        await until(lambda: "new = 1\n" in gates)
        gates["new = 1\n"].set()
        await until(lambda: this.defined("new"))
        gates["old = 1\n"].set()
        await this.settled()
        assert (defined(this, "new"), defined(this, "old")) == (["a.py"], [])
        await this.aclose()

    asyncio.run(asyncio.wait_for(story(), 30))


def test_what_is_excluded_is_neither_read_nor_told_of(tmp_path: Path) -> None:
    parse = Parsing()

    async def story(this: Index) -> None:
        this.changed(str(tmp_path / "secret.py"), "def typed(): pass\n")
        await this.settled()
        assert this.defined("hidden") == this.defined("typed") == []
        assert [Path(path).name for path in parse.asked] == ["a.py"]
        assert this.states()[0].passed == {"excluded": 1}

    files = {"a.py": "", "secret.py": "def hidden(): pass\n"}
    running(index(write(tmp_path, files), allowed=lambda path: "secret" not in path, parse=parse), story)


def test_a_parser_that_gives_up_leaves_a_reason(tmp_path: Path) -> None:
    async def parse(path: str, language: str, text: str) -> Tags | None:
        return None if path.endswith("bad.py") else tags(language, text)

    async def story(this: Index) -> None:
        assert defined(this, "f") == ["good.py"]
        assert this.tags(str(tmp_path / "bad.py")) is None
        assert this.states()[0].passed == {"its parser gave it up": 1}

    running(index(write(tmp_path, {"good.py": "def f(): 1", "bad.py": "def f(): 2"}), parse=parse), story)


def test_several_roots_are_one_index_and_one_that_goes_takes_its_files_along(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a.py": "def f(): pass\n", "in/b.py": "def f(): pass\n"})
    two = write(tmp_path / "two", {"c.py": "def f(): f()\n"})

    async def story(this: Index) -> None:
        await this.over([str(one), str(two), str(one / "in")])
        await this.settled()
        assert defined(this, "f") == ["a.py", "b.py", "c.py"]
        assert len(this.states()) == 3
        assert this.near(str(one / "a.py")) == []  # what lies in a root within belongs to that
        await this.over([str(one)])
        await this.settled()
        this.refresh()
        await this.settled()
        assert defined(this, "f") == ["a.py", "b.py"]
        assert this.referring("f") == []

    running(index(one), story)


def test_a_root_that_is_deleted_leaves_nothing(tmp_path: Path) -> None:
    work = write(tmp_path / "w", {"a.py": "def f(): pass\n"})

    async def story(this: Index) -> None:
        work.rename(tmp_path / "elsewhere")
        this.refresh()
        await this.settled()
        assert this.defined("f") == []

    running(index(work), story)


def test_a_whole_disk_is_no_workspace(tmp_path: Path) -> None:
    assert wide("/")
    assert wide(str(Path.home()))
    assert not wide(str(tmp_path))


def test_in_a_large_tree_what_is_near_the_open_files_is_read_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root, "_AT_ONCE", 1)
    monkeypatch.setattr(root, "_BATCH", 1)
    write(tmp_path, {f"f{at:02}/a.py": "" for at in range(40)})
    parse = Parsing()

    async def story() -> None:
        this = index(tmp_path, parse=parse)
        start = asyncio.ensure_future(this.start())
        await asyncio.sleep(0)
        this.changed(str(tmp_path / "f33/open.py"), "")
        await start
        await this.settled()
        await this.aclose()

    asyncio.run(asyncio.wait_for(story(), 30))
    assert next(Path(path).parent.name for path in parse.asked if path.endswith("a.py")) == "f33"


def test_what_is_kept_of_a_tree_is_bounded_and_the_nearest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root, "ROOM", 100)
    write(tmp_path, {"a.py": "def f(): pass\n", "deep/er/b.py": "def f(): pass\n" * 10, "c.py": "def f(): pass\n"})

    async def story(this: Index) -> None:
        assert defined(this, "f") == ["a.py", "c.py"]
        assert this.states()[0].passed == {"beyond what is kept of so large a workspace": 1}

    running(index(tmp_path), story)


def test_a_question_is_answered_while_the_index_is_built(tmp_path: Path) -> None:
    going = asyncio.Event()

    async def parse(path: str, language: str, text: str) -> Tags:
        if path.endswith("slow.py"):
            await going.wait()
        return tags(language, text)

    async def story() -> None:
        this = index(write(tmp_path, {"a.py": "def f(): pass\n", "slow.py": ""}), parse=parse)
        await this.start()
        await until(lambda: this.defined("f"))
        assert this.tags(str(tmp_path / "slow.py")) is None
        going.set()
        await this.settled()
        assert this.tags(str(tmp_path / "slow.py")) == Tags()
        await this.aclose()

    asyncio.run(asyncio.wait_for(story(), 30))


NAMES = st.sampled_from("f g h User user".split())
TEXTS = st.lists(
    st.one_of(
        NAMES.map("def {}(): pass\n".format),
        NAMES.map("x = {}(1)\n".format),
        NAMES.map("import {}\n".format),
        st.just("class User:\n    '''Doc.'''\n    def f(self): return user\n"),
    ),
    max_size=4,
).map("".join)
PATHS = st.sampled_from(["a.py", "b.py", "d/a.py", "d/e/c.py"])


def told(this: Index | Catalogue, base: Path) -> object:
    """All that can be asked, in an order that does not matter."""
    asked = "f g h User user x self".split()
    return {
        name: (
            sorted((path, it.at, it.signature) for path, it in this.defined(name)),
            sorted(this.referring(name)),
        )
        for name in asked
    }, {path: this.tags(str(base / path)) for path in ("a.py", "b.py", "d/a.py", "d/e/c.py")}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), PATHS, TEXTS),
        st.tuples(st.just("rename"), PATHS, PATHS),
        st.tuples(st.just("delete"), PATHS, st.just("")),
        st.tuples(st.just("type"), PATHS, TEXTS),
        st.tuples(st.just("close"), PATHS, st.just("")),
    ),
    max_size=8,
)


def take(base: Path, this: Index, step: tuple[str, str, str]) -> None:
    """One step of a story, as the editor and the watcher would tell of it."""
    what, name, more = step
    path = base / name
    if what == "write":
        write(base, {name: more})
    elif what == "rename" and path.exists() and name != more:
        (base / more).parent.mkdir(parents=True, exist_ok=True)
        path.replace(base / more)
        this.touched([str(base / more)])
    elif what == "delete":
        path.unlink(missing_ok=True)
    elif what == "type":
        this.changed(str(path), more)
    elif what == "close":
        this.closed(str(path))
    this.touched([str(path)])


@settings(max_examples=40)
@given(STEPS, st.booleans())
def test_after_any_story_the_index_equals_one_built_anew(steps: list[tuple[str, str, str]], hasty: bool) -> None:
    async def story(base: Path) -> None:
        this = index(base)
        await this.start()
        for step in steps:
            take(base, this, step)
            if not hasty:
                await this.settled()
        for name in ("a.py", "b.py", "d/a.py", "d/e/c.py"):
            this.closed(str(base / name))
        await this.settled()
        fresh = index(base)
        await fresh.start()
        await fresh.settled()
        assert told(this, base) == told(fresh, base)
        await this.aclose()
        await fresh.aclose()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(asyncio.wait_for(story(Path(folder).resolve()), 60))


@given(st.lists(st.tuples(PATHS, st.one_of(st.none(), TEXTS), st.booleans()), max_size=12))
def test_a_catalogue_equals_one_that_was_only_told_the_end(
    steps: list[tuple[str, str | None, bool]],
) -> None:
    base = Path("/w")
    one, other = Catalogue(), Catalogue()
    end: dict[str, str] = {}
    for name, text, packs in steps:
        if text is None:
            end.pop(name, None)
            one.drop(f"/w/{name}")
        else:
            end[name] = text
            one.put(f"/w/{name}", "python", Stamp(1, 1), tags("python", text))
        if packs:
            shot = one.snapshot()
            one = Catalogue(one.packed(shot))
    for name, text in end.items():
        other.put(f"/w/{name}", "python", Stamp(1, 1), tags("python", text))
    assert told(one, base) == told(other, base)
    assert one.counts() == other.counts()
    assert sorted(one.paths()) == sorted(other.paths())


@given(st.lists(st.tuples(st.integers(0, 4), st.dictionaries(st.integers(0, 4), st.integers(1, 4))), max_size=12))
def test_packed_numbers_say_what_a_dictionary_would(steps: list[tuple[int, dict[int, int]]]) -> None:
    this, said = Postings(), dict[int, dict[int, int]]()
    for file, counts in steps:
        this.shift(file, said.get(file, {}), counts)
        said[file] = counts
        again = Postings(*this.packed(this.snapshot(), 5))
        for name in range(5):
            wanted = sorted((it, counts[name]) for it, counts in said.items() if name in counts)
            for kept in (this.of(name), again.of(name)):
                assert sorted(zip(kept[::2], kept[1::2], strict=True)) == wanted


def test_a_snapshot_stays_as_it_was_while_the_catalogue_changes() -> None:
    this = Catalogue()
    this.put("/w/a.py", "python", Stamp(1, 1), tags("python", "def f(): return g\n"))
    shot = this.snapshot()
    this.put("/w/a.py", "python", Stamp(2, 1), tags("python", "def h(): return h + h\n"))
    this.put("/w/b.py", "python", Stamp(2, 1), tags("python", "def f(): return g + g\n"))
    kept = Catalogue(this.packed(shot))
    assert [path for path, _ in kept.defined("f")] == ["/w/a.py"]
    assert list(kept.referring("g")) == [("/w/a.py", 1)]
    assert list(kept.defined("h")) == []


def test_a_name_that_everybody_defines_is_told_of_a_bounded_number_of_times() -> None:
    this = Catalogue()
    for at in range(catalogue.MOST + 10):
        this.put(f"/w/{at}.py", "python", Stamp(1, 1), tags("python", "def f(): pass\n"))
    assert len(list(this.defined("f"))) == catalogue.DEFINERS


def test_a_repository_is_known_by_what_git_says_of_it(tmp_path: Path) -> None:
    async def story(this: Index) -> None:
        write(tmp_path, {"ignored.py": "def f(): pass\n", "new.py": "def f(): pass\n"})
        this.touched([str(tmp_path / "ignored.py"), str(tmp_path / "new.py")])
        await this.settled()
        assert defined(this, "f") == ["a.py", "new.py"]

    running(index(repository(tmp_path, {"a.py": "def f(): pass\n", ".gitignore": "ignored.py\n"})), story)


def test_a_second_parser_is_asked_only_when_the_first_has_much_before_it() -> None:
    class Slow:
        def __init__(self) -> None:
            made.append(self)
            self.asked: list[str] = []
            self.closed = False

        async def tags(self, path: str, _language: str, _text: str) -> Tags | None:
            self.asked.append(path)
            await go.wait()
            return Tags()

        async def aclose(self) -> None:
            self.closed = True

    async def story() -> None:
        this = parsers.Parsers(2, Slow)
        texts = {"a": 10, "b": parsers._MUCH, "c": parsers._MUCH, "d": 10}
        waiting = [asyncio.ensure_future(this.tags(name, "python", "x" * length)) for name, length in texts.items()]
        await asyncio.sleep(0)
        assert [it.asked for it in made] == [["a", "b"], ["c", "d"]]
        go.set()
        await asyncio.gather(*waiting)
        await this.tags("e", "python", "")
        assert made[0].asked == ["a", "b", "e"]
        await this.aclose()
        assert all(it.closed for it in made)

    made: list[Slow] = []
    go = asyncio.Event()
    asyncio.run(story())


def test_what_changed_since_is_told_until_files_come_or_go() -> None:
    known = Catalogue()
    for path in ("/w/a.py", "/w/b.py"):
        known.put(path, "python", Stamp(1, 1), Tags())
    version = known.version
    assert known.since(version) == []
    known.put("/w/b.py", "python", Stamp(2, 1), Tags())
    assert known.since(version) == ["/w/b.py"]
    known.put("/w/c.py", "python", Stamp(2, 1), Tags())
    assert known.since(version) is None
    version = known.version
    for number in range(100):
        known.put("/w/a.py", "python", Stamp(number, 1), Tags())
    assert known.since(version) is None
