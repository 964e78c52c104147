"""What of the other files of a workspace stands in a prompt, over the real index, gate and Router."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Coroutine
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import SwitchyardError
from router.completing import completion, warmth
from router.config import Config, Context, Privacy
from router.context.gathering.view import Spot, View
from router.engine import Router
from router.models.speed import Estimate, Speed
from router.models.weights import weights
from router.runtimes.scripted import Cue, Script, Scripted
from router.types import Change, Document, Request, Route, Span, Task
from router.workspace import branch
from router.workspace.desk import Open
from router.workspace.trail import KEPT, Trail
from tests.fixture import at, document

ORDERS = '''class Order:
    """What a customer wants."""

    def total_with_tax(self, rate: float) -> float:
        return self.net * (1 + rate)
'''
BILL = """from shop.orders import Order


def bill(order: Order) -> str:
    return order.‸
"""


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done in a pause is done when the story says so."""
    monkeypatch.setattr(warmth, "PAUSE", 1e6)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one file."""
    folder = (tmp_path / "yard").resolve()
    (folder / "shop").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "shop" / "orders.py").write_text(ORDERS)
    return folder


class Yard:
    """A router over a workspace and an engine that says nothing; the clock stands still until `rest`."""

    def __init__(self, *roots: Path, family: str = "qwen", config: Config | None = None) -> None:
        self.now = 0.0
        self.engine = Scripted(Script((Cue(),), family))
        engines = {"scripted": self.engine}
        self.router = Router(config or Config(), clock=lambda: self.now, engines=engines, roots=list(map(str, roots)))
        self.version = 0

    async def begin(self) -> None:
        await self.router.start()
        await self.router.workspace.start()
        await self.router.workspace.settled()

    async def ask(self, path: Path, picture: str) -> str:
        """The user has typed until the file looks like this: the prompt for it."""
        text, cursor = at(picture)
        self.version += 1
        opened = document(text, str(path), self.version)
        if before := self.router._desk.document(str(path)):
            self.router.edited(opened, [Change(0, len(before.text), text)])
        else:
            self.router.opened(opened)
        async for _ in self.router.ask(Request("complete", opened, Span(cursor, cursor))):
            pass
        return self.engine.heard[-1].prompt

    async def chosen(self, path: Path) -> None:
        """Pieces are made ready for where the cursor is."""
        await self.router._layout.choose(*self.place(path))

    async def rest(self, path: Path) -> None:
        """Nothing is typed for a while; what is done then is done."""
        await self.chosen(path)
        task, request, route, kept = self.place(path)
        self.router._layout.take(self.router._layout.ahead(task, request, route, kept), kept)
        self.now += 10

    def place(self, path: Path) -> tuple[Task, Request, Route, Open]:
        kept, route = self.router._desk.kept(document("", str(path))), self.router.route
        assert kept.latest
        assert route
        return self.router.tasks["complete"], kept.latest, route, kept

    async def shown(self, path: Path, picture: str) -> str:
        """The prompt after a rest at this place."""
        await self.ask(path, picture)
        await self.rest(path)
        return await self.ask(path, picture.replace("‸", "t‸"))

    async def changed(self, *paths: Path) -> None:
        """The disk has changed."""
        self.router.workspace.touched([str(path) for path in paths])
        await self.router.workspace.settled()


def run(yard: Yard, story: Coroutine[None, None, None]) -> None:
    """Carry out a story over a workspace, within a generous limit."""

    async def whole() -> None:
        try:
            await yard.begin()
            await asyncio.wait_for(story, 30)
        finally:
            await yard.router.aclose()

    asyncio.run(whole())


def test_what_is_defined_in_another_file_stands_before_the_open_one(root: Path) -> None:
    async def story() -> None:
        prompt = await it.shown(root / "bill.py", BILL)
        before, mark, window = prompt.partition("<|fim_prefix|>")
        assert before.startswith("<|file_sep|>")
        assert "shop/orders.py\ndef total_with_tax(self, rate: float) -> float:\n" in before
        assert before.endswith("bill.py\n")
        assert mark + window == (
            "<|fim_prefix|>from shop.orders import Order\n\n\ndef bill(order: Order) -> str:\n"
            "<|fim_suffix|>\n<|fim_middle|>    return order.t"
        )
        assert it.engine.heard[-1].stop[-1] == "<|file_sep|>"

    it = Yard(root)
    run(it, story())


@pytest.mark.parametrize(("family", "mark"), [("starcoder", "<fim_prefix>"), ("codestral", "[PREFIX]")])
def test_where_a_family_has_no_mark_for_files_a_comment_says_them(root: Path, family: str, mark: str) -> None:
    async def story() -> None:
        prompt = await it.shown(root / "bill.py", BILL)
        inside = prompt.partition(mark)[2]
        assert inside.startswith("# ")
        assert "shop/orders.py\ndef total_with_tax" in inside
        assert "bill.py\nfrom shop.orders import Order\n" in inside

    it = Yard(root, family=family)
    run(it, story())


def test_an_engine_that_lays_out_its_own_prompts_gets_the_near_files_whole(root: Path) -> None:
    async def story() -> None:
        await it.ask(root / "bill.py", BILL)
        assert list(it.engine.heard[-1].context) == []
        await it.chosen(root / "bill.py")
        await it.ask(root / "bill.py", BILL.replace("‸", "t‸"))
        assert list(it.engine.heard[-1].context) == [ORDERS]
        await it.router.reconfigure(Config(privacy=Privacy(exclude=("orders.py",))))
        await it.ask(root / "bill.py", BILL.replace("‸", "to‸"))
        assert list(it.engine.heard[-1].context) == []

    it = Yard(root, family="plain")
    run(it, story())


def test_what_another_open_document_says_counts_and_not_what_the_disk_says(root: Path) -> None:
    async def story() -> None:
        await it.ask(root / "shop" / "orders.py", ORDERS.replace("total_with_tax", "sum_with_duty") + "‸")
        await it.router.workspace.settled()
        prompt = await it.shown(root / "bill.py", BILL)
        assert "sum_with_duty" in prompt
        assert "total_with_tax" not in prompt

    it = Yard(root)
    run(it, story())


def test_a_file_that_was_deleted_is_shown_no_more(root: Path) -> None:
    async def story() -> None:
        assert "total_with_tax" in await it.shown(root / "bill.py", BILL)
        (root / "shop" / "orders.py").unlink()
        await it.changed(root / "shop" / "orders.py")
        assert "total_with_tax" not in await it.shown(root / "bill.py", BILL)

    it = Yard(root)
    run(it, story())


def test_a_file_that_changed_on_the_disk_is_shown_as_it_is_now(root: Path) -> None:
    async def story() -> None:
        assert "total_with_tax" in await it.shown(root / "bill.py", BILL)
        (root / "shop" / "orders.py").write_text(ORDERS.replace("total_with_tax", "grand_total"))
        await it.changed(root / "shop" / "orders.py")
        prompt = await it.shown(root / "bill.py", BILL)
        assert "total_with_tax" not in prompt
        assert "grand_total" in prompt

    it = Yard(root)
    run(it, story())


def test_a_file_that_becomes_excluded_leaves_the_prompt_at_the_next_key(root: Path) -> None:
    async def story() -> None:
        assert "total_with_tax" in await it.shown(root / "bill.py", BILL)
        await it.router.reconfigure(Config(privacy=Privacy(exclude=("orders.py",))))
        assert "total_with_tax" not in await it.ask(root / "bill.py", BILL.replace("‸", "to‸"))
        assert "total_with_tax" not in await it.shown(root / "bill.py", BILL.replace("‸", "tot‸"))

    it = Yard(root)
    run(it, story())


def test_quick_keys_only_append_and_a_pause_brings_what_was_chosen_meanwhile(root: Path) -> None:
    async def story() -> None:
        path = root / "bill.py"
        prompt = await it.shown(path, BILL)
        for number in range(5):
            (root / "shop" / "orders.py").write_text(ORDERS + f"\n    def total_{number}(self) -> int: ...\n")
            await it.changed(root / "shop" / "orders.py")
            await it.chosen(path)
            longer = await it.ask(path, BILL.replace("‸", "total"[: number + 1] + "‸"))
            assert longer.startswith(prompt.removesuffix("t"))
            prompt = longer
        await it.rest(path)
        assert "total_4" in await it.ask(path, BILL.replace("‸", "total_‸"))

    it = Yard(root)
    run(it, story())


def test_it_can_be_switched_off_and_on(root: Path) -> None:
    async def story() -> None:
        assert "orders.py" not in await it.ask(root / "bill.py", BILL)
        await it.router.reconfigure(Config())
        await it.router.workspace.settled()
        assert "total_with_tax" in await it.shown(root / "bill.py", BILL)
        await it.router.reconfigure(Config(context=Context(workspace=False)))
        await it.router.workspace.settled()
        assert "orders.py" not in await it.ask(root / "bill.py", BILL.replace("‸", "to‸"))

    it = Yard(root, config=Config(context=Context(workspace=False)))
    run(it, story())


def test_a_folder_that_is_entered_later_counts_and_one_that_was_left_does_not(root: Path, tmp_path: Path) -> None:
    async def story() -> None:
        it.router.entered([str(root)])
        await it.router.workspace.settled()
        assert "total_with_tax" in await it.shown(root / "bill.py", BILL)
        it.router.entered([str(other)])
        await it.router.workspace.settled()
        assert "total_with_tax" not in await it.shown(root / "bill.py", BILL)

    other = tmp_path / "other"
    other.mkdir()
    it = Yard(other)
    run(it, story())


@pytest.mark.parametrize("roots", [(), ("/nowhere/at/all",), ("/",)])
def test_without_a_workspace_all_else_goes_on(roots: tuple[str, ...]) -> None:
    async def story() -> None:
        assert (await it.ask(Path("/nowhere/a.py"), "x = ‸")).startswith("<|fim_prefix|>")
        assert await it.router.pieces(Request("complete", document("x = "), Span(4, 4)), "", 100) == []

    it = Yard(*map(Path, roots))
    run(it, story())


def test_the_other_tasks_get_pieces_too_and_those_of_an_excluded_document_none(root: Path) -> None:
    async def story() -> None:
        text, cursor = at(BILL)
        for name, found in (("bill.py", True), (".env", False)):
            request = Request("explain", Document(str(root / name), "python", 1, text), Span(cursor, cursor))
            pieces = await it.router.pieces(request, text, 200)
            assert any("total_with_tax" in piece.text for piece in pieces) == found

    it = Yard(root)
    run(it, story())


def test_what_is_said_of_a_prompt_is_what_is_sent_and_nothing_is_left_out_without_a_reason(root: Path) -> None:
    async def story() -> None:
        text, cursor = at(BILL)
        opened = document(text, str(root / "bill.py"))
        it.router.opened(opened)
        request = Request("complete", opened, Span(cursor, cursor))
        told = await it.router.prepared(request)
        async for _ in it.router.ask(request):
            pass
        assert it.engine.heard == [told.call]
        shown = [one.piece for one in told.weighed if not one.why]
        assert shown == list(told.pieces)
        assert any("total_with_tax" in piece.text for piece in shown)
        assert told.weighed[0].worth > 0
        whys = {one.piece.text: one.why for one in told.weighed if one.why}
        assert whys["def bill(order: Order) -> str:"] == "the open file's lines show it"
        assert (told.held, (await it.router.prepared(request)).held) == (0.0, 1.0)

    it = Yard(root)
    run(it, story())


def test_of_an_excluded_file_no_prompt_is_told(root: Path) -> None:
    async def story() -> None:
        with pytest.raises(SwitchyardError, match="kept out of every prompt by its name"):
            await it.router.prepared(Request("complete", document("a", str(root / ".env")), Span(1, 1)))

    it = Yard(root)
    run(it, story())


@given(st.integers(1, 200_000), st.integers(0, 10_000))
def test_other_files_never_take_more_than_a_third_of_a_prompt(budget: int, most: int) -> None:
    assert completion.share(budget, most) <= min(most, budget // 3)


def test_where_nothing_else_is_shown_the_window_has_all_of_a_short_prompt(root: Path) -> None:
    async def story() -> None:
        assert it.router.route
        it.router.paces.seed({weights(it.router.route): Estimate(Speed(100.0, 30.0, True))})
        await it.ask(root / "bill.py", BILL)
        task, _, route, kept = it.place(root / "bill.py")
        alone = it.router._layout.room(task, route, kept)
        await it.chosen(root / "bill.py")
        beside = it.router._layout.room(task, route, kept)
        assert beside.tokens == alone.tokens
        assert alone.extent.characters - beside.beside == beside.extent.characters
        assert alone.extent.characters / 2 < beside.extent.characters

    it = Yard(root)
    run(it, story())


# What the branch changed


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "core.hooksPath=/dev/null")
    subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True)


def test_what_the_branch_changed_is_known_by_lines_committed_or_not(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "one")
    git(root, "checkout", "-q", "-b", "duty")
    orders, more = root / "shop" / "orders.py", root / "more.py"
    more.write_text("a = 1\nb = 2\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "two")
    orders.write_text(ORDERS.replace("rate: float", "rate: float, duty: float"))
    found = branch.stretches([str(root), "/nowhere"])
    assert found == {str(orders): [(4, 4)], str(more): [(1, 2)]}

    texts = {str(orders): orders.read_text(), str(more): "a = 1\nb = 2\n"}
    spots = branch.spots(found, str(root / "shop" / "bill.py"), View(text=texts.get))
    assert [(it.path, it.span.start) for it in spots] == [(str(more), 0), (str(orders), ORDERS.index("    def"))]
    assert branch.spots(found, str(more), View()) == ()


# What the user did last

EDITS = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 80), st.text("ab\n", max_size=80)), max_size=12)


@given(EDITS)
def test_spots_stay_within_the_text_and_the_last_edit_is_the_newest(edits: list[tuple[int, int, str]]) -> None:
    trail, text = Trail(), "x" * 5_000
    trail.came("a.py", 2_500)
    for start, length, new in edits:
        start, end = min(start, len(text)), min(start + length, len(text))
        text = text[:start] + new + text[end:]
        trail.edited("a.py", [Change(start, end, new)])
        last = trail.edits[-1].span
        assert last.start <= start <= start + len(new) <= last.end
    assert all(0 <= it.span.start <= it.span.end <= len(text) for it in (*trail.edits, *trail.visited))
    assert len(trail.edits) <= KEPT


def test_a_spot_moves_with_the_text_above_it_and_goes_with_what_takes_its_place() -> None:
    trail = Trail()
    trail.edited("a.py", [Change(3_000, 3_000, "new")])
    trail.edited("b.py", [Change(0, 0, "x")])
    trail.edited("a.py", [Change(0, 10, "")])
    assert trail.edits == (Spot("a.py", Span(2_990, 2_993)), Spot("b.py", Span(0, 1)), Spot("a.py", Span(0, 0)))
    trail.edited("a.py", [Change(0, 9_000, "y" * 9_000)])
    assert [it.path for it in trail.edits] == ["b.py"]
