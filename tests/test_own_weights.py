"""The weights that come with Switchyard: put in place, found damaged, left out, sure and not sure."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

import router
from bench.tiny import ship as shipping
from bench.tiny.engine import Llama
from bench.tiny.ship import ship
from lsp.commands import doctor, models, plan
from router import config, tasks
from router.config import Config
from router.engine import Router
from router.ledger.stats import part
from router.models import known
from router.models import plan as plans
from router.models.modest import UNSURE, modest, serves, unsure
from router.models.types import Model, Survey
from router.runtimes import echo, embedded, embedded_files, embedded_own
from router.runtimes.embedded_own import Score, Scores
from router.types import Call, Insertion, Request, Route, Status, Timing
from tests.engine import random_gguf, saying_gguf
from tests.fixture import complete
from tests.test_embedded import PROMPT, answer
from tests.test_gguf import pulled

NAME = "switchyard-4m"
SCORE = Score(lines=1000, shown=0.2, right=0.6)
SAYS, SURE = ("(", "a", ")"), 0.9**4  # what the weights say of every place, and how probable that is with its end
ROUTE = Route("embedded", NAME, "switchyard", languages=("python",), sure=(0.1, 0.1))
ECHO = Survey("echo", (Model("echo", "echo", family="plain", loaded=True),))
COPIED = "def first():\n    total = price * count\n    return total\n\ndef second():\n    total = ‸\n"
Result = TypeVar("Result")


def put(
    place: Path, whole: float = 0.1, inside: float = 0.1, says: Sequence[str] = SAYS, gguf: Path | None = None
) -> Path:
    """Weights in their place, that say this; `place` itself."""
    path = gguf or saying_gguf.write(place / f"{NAME}.gguf", NAME, says, 0.9)
    ship(path, place, ["python"], (whole, inside), Scores(SCORE, SCORE), name=NAME)
    return place


def with_own(place: Path, work: Callable[[embedded.Embedded], Coroutine[None, None, Result]], gguf: str = "") -> Result:
    async def whole() -> Result:
        runtime = embedded.Embedded(config.Embedded(gguf=gguf, window=2048), [], own=place)
        try:
            return await asyncio.wait_for(work(runtime), 60)
        finally:
            await runtime.aclose()

    return asyncio.run(whole())


def listed(place: Path) -> list[Model]:
    return with_own(place, lambda runtime: runtime.models())


# What lies there


def test_the_step_that_ships_writes_what_the_product_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, place = saying_gguf.write(tmp_path / "switchyard-made.gguf", "made", SAYS), tmp_path / "weights"
    numbers = "--thresholds 0.4 0.3 --window 1024 --lines 1000 900 --shown 0.2 0.25 --right 0.6 0.7".split()
    arguments = [str(made), "--place", str(place), "--languages", "python", "go", *numbers]
    assert shipping.main(arguments) == 0
    assert str(place / "card.md") in capsys.readouterr().out
    own = embedded_own.shipped(place)["switchyard-made"]
    assert (own.languages, own.window, own.whole, own.inside) == (("python", "go"), 1024, 0.4, 0.3)
    assert own.scores == Scores(Score(1000, 0.2, 0.6), Score(900, 0.25, 0.7))
    assert embedded_own.fault(place / own.file, own) == ""
    with pytest.raises(ValueError, match="how to prompt it"):
        shipping.main([*arguments, "--name", "another"])
    with pytest.raises(ValueError, match="0"):
        shipping.main([*arguments, "--thresholds", "0", "0"])  # it would be shown however unsure


def test_what_is_shipped_is_whole_and_says_what_it_is() -> None:
    for name, own in embedded_own.shipped().items():
        path = embedded_own.PLACE / own.file
        assert embedded_own.fault(path, own) == ""
        assert own.bytes <= 45_000_000
        assert (embedded_own.PLACE / "card.md").is_file()
        assert name.startswith("switchyard")  # by its name it has the family, and so its marks
        assert min(own.scores.whole.lines, own.scores.inside.lines) >= 1000


def test_weights_in_their_place_are_listed_last_with_what_is_said_of_them(tmp_path: Path) -> None:
    put(tmp_path)
    (model,) = listed(tmp_path)
    assert model.window == 2048  # as it is asked, though the file says 4096
    assert (model.name, model.family, model.languages, model.sure) == (NAME, "switchyard", ("python",), (0.1, 0.1))
    pulled(tmp_path, "models.example/library/prose/1b", random_gguf.made(fim=False).read_bytes(), "b" * 64)
    found = embedded_files.Files("", [tmp_path], tmp_path).look()
    assert [it.model.name for it in found] == ["prose:1b", NAME]


def test_the_file_that_the_user_names_goes_before_them(tmp_path: Path) -> None:
    named = random_gguf.made()
    (model,) = with_own(put(tmp_path), lambda runtime: runtime.models(), gguf=str(named))
    assert (model.name, model.languages, modest(model)) == (named.stem, (), False)


def damaged(place: Path) -> None:
    with (place / f"{NAME}.gguf").open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        last = stream.read(1)
        stream.seek(-1, os.SEEK_END)
        stream.write(bytes([last[0] ^ 1]))


def truncated(place: Path) -> None:
    os.truncate(place / f"{NAME}.gguf", 1_000_000)


def missing(place: Path) -> None:
    (place / f"{NAME}.gguf").unlink()


def told_wrong(place: Path) -> None:
    (place / f"{NAME}.toml").write_text("sha256 = 'none'\n")


def garbled(place: Path) -> None:
    (place / f"{NAME}.toml").write_bytes(b"\xff\xfe = [")


FAULTS = [
    (damaged, "damaged"),
    (truncated, "damaged"),
    (missing, "cannot be read"),
    (told_wrong, "damaged"),
    (garbled, "damaged"),
]


@pytest.mark.parametrize(("harm", "word"), FAULTS)
def test_a_file_that_is_not_what_was_packaged_is_told_in_a_sentence(
    harm: Callable[[Path], None], word: str, tmp_path: Path
) -> None:
    harm(put(tmp_path))
    with pytest.raises(router.ModelMissing) as caught:
        listed(tmp_path)
    assert f"The model that comes with Switchyard {'is ' * (word == 'damaged')}{word}" in str(caught.value)
    assert "install Switchyard again, or run `ollama pull qwen2.5-coder:1.5b`." in str(caught.value)


@pytest.mark.parametrize(("harm", "word"), FAULTS)
def test_then_what_the_code_already_says_is_shown_as_ever(
    harm: Callable[[Path], None], word: str, tmp_path: Path
) -> None:
    async def story(it: Yard) -> None:
        assert it.router.route is not None
        assert it.router.route.runtime == "echo"
        assert word in it.told[-1].message
        assert it.told[-1].state == "ready"
        assert await it.ask(complete(COPIED)) == ["price * count"]

    harm(put(tmp_path))
    play(tmp_path, story)


def test_a_good_file_is_hashed_once_and_a_changed_one_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    really = embedded_own._sha256
    monkeypatch.setattr(embedded_own, "_sha256", lambda path: hashed.append(path) or really(path))
    files = embedded_files.Files("", (), put(tmp_path))
    assert len(files.look()) == len(files.look()) == len(hashed) == 1
    damaged(tmp_path)
    os.utime(tmp_path / f"{NAME}.gguf", ns=(1, 1))  # a clock may be too coarse to tell
    assert files.look() == []
    assert len(hashed) == 2
    assert "damaged" in files.fault


def test_of_two_good_files_each_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    really = embedded_own._sha256
    monkeypatch.setattr(embedded_own, "_sha256", lambda path: hashed.append(path) or really(path))
    ship(put(tmp_path) / f"{NAME}.gguf", tmp_path, ["go"], (0.1, 0.1), Scores(SCORE, SCORE), name=f"{NAME}-go")
    files = embedded_files.Files("", (), tmp_path)
    assert len(files.look()) == len(files.look()) == len(hashed) == 2


def test_what_was_damaged_since_is_not_run_and_not_tried_again(tmp_path: Path) -> None:
    async def work(runtime: embedded.Embedded) -> None:
        assert await runtime.models()
        damaged(tmp_path)
        with pytest.raises(router.ModelMissing, match="is damaged"):
            await runtime.load(ROUTE)
        with pytest.raises(router.ModelMissing, match="is damaged"):
            await runtime.models()

    with_own(put(tmp_path), work)


def test_weights_that_the_engine_cannot_load_are_no_model(tmp_path: Path) -> None:
    """Whole by their hash, and yet nothing that llama.cpp runs: what an old processor would come to, too."""

    async def story(it: Yard) -> None:
        assert (it.told[-1].state, it.router.route) == ("offline", None)
        it.clock += 30
        assert await it.ask(complete(COPIED)) == ["price * count"]  # and a look around begins
        await it.until("echo")
        assert it.router.route is not None
        assert "cannot load" in it.router.route.why

    cut = tmp_path / "cut.gguf"
    cut.write_bytes(random_gguf.made().read_bytes()[:2_000_000])
    play(put(tmp_path, gguf=cut), story)


# How sure it is


def test_the_engine_says_how_probable_an_answer_is_its_end_included(tmp_path: Path) -> None:
    async def work(runtime: embedded.Embedded) -> None:
        text, timing = await answer(runtime, Call(ROUTE, PROMPT, max_tokens=20))
        assert text == "".join(SAYS)
        assert timing.sure == pytest.approx(SURE, abs=0.03)
        _, unasked = await answer(runtime, Call(replace(ROUTE, sure=(0.0, 0.0)), PROMPT, max_tokens=20))
        assert unasked.sure == -1

    with_own(put(tmp_path), work)


@pytest.mark.parametrize("end", [(), ("Ċ",)], ids=["of the text", "of the line"])
def test_what_is_measured_with_is_what_is_shown_by(end: tuple[str, ...], tmp_path: Path) -> None:
    """The threshold is chosen by what `bench.tiny` says of a line, and held against what the runtime does."""
    with Llama(put(tmp_path, says=[*SAYS, *end]) / f"{NAME}.gguf", window=512) as bench:
        measured = bench.ask(PROMPT)

    async def work(runtime: embedded.Embedded) -> None:
        text, timing = await answer(runtime, Call(ROUTE, PROMPT, max_tokens=20, stop=("\n",)))
        assert (text, measured.text) == ("(a)", "(a)")
        assert timing.sure == pytest.approx(measured.sure, abs=0.001) == pytest.approx(SURE, abs=0.03)

    with_own(tmp_path, work)


@pytest.mark.parametrize(
    ("picture", "sure", "silent"),
    [
        ("    ‸\n", 0.5, False),
        ("    ‸\n", 0.49, True),
        ("    x = ‸\n", 0.3, False),
        ("    x = ‸\n", 0.29, True),
        ("x = 1\r    ‸", 0.4, True),  # old Macs' line ends
        ("‸", -1.0, True),  # the engine did not say
    ],
)
def test_a_line_and_the_rest_of_one_have_each_their_probability(picture: str, sure: float, silent: bool) -> None:
    route = replace(ROUTE, sure=(0.5, 0.3))
    assert unsure(route, complete(picture), Timing(sure=sure)) == silent


def test_any_other_model_is_shown_however_unsure_it_is() -> None:
    assert not unsure(Route("ollama", "m"), complete("x = ‸"), Timing(sure=0.001))
    assert unsure(ROUTE, complete("x = ‸"), None)
    assert serves(Route("ollama", "m"), "cobol")
    assert not serves(ROUTE, "cobol")


# Who completes


class Yard:
    """A router with the engines that a bare machine has: llama.cpp with these weights, and `echo`."""

    def __init__(self, place: Path, *more: embedded.Embedded) -> None:
        self.told: list[Status] = []
        self.clock = 0.0
        self.news = asyncio.Event()
        own = embedded.Embedded(config.Embedded(window=2048), [], own=place)
        engines = {it.name: it for it in (*more, own, echo.Echo())}
        began = time.monotonic()
        self.router = Router(Config(), self.hears, lambda: time.monotonic() - began + self.clock, engines)

    def hears(self, status: Status) -> None:
        self.told.append(status)
        self.news.set()

    async def until(self, engine: str) -> None:
        """Wait until this engine is said to be ready."""
        while (self.told[-1].state, self.told[-1].engine) != ("ready", engine):
            self.news.clear()
            await self.news.wait()

    async def ask(self, request: Request) -> list[str]:
        """The texts that are shown."""
        return [item.text async for item in self.router.ask(request) if isinstance(item, Insertion)]


def play(place: Path, story: Callable[[Yard], Coroutine[None, None, None]]) -> None:
    async def whole() -> None:
        it = Yard(place)
        try:
            await asyncio.wait_for(it.router.start(), 60)
            await asyncio.wait_for(story(it), 60)
        finally:
            await it.router.aclose()

    asyncio.run(whole())


def test_where_nothing_else_is_it_completes_and_says_so(tmp_path: Path) -> None:
    async def story(it: Yard) -> None:
        assert it.told[-1].state == "ready"
        assert f"{NAME}, the small model that comes with Switchyard (5M parameters), completes" in it.told[-1].message
        assert "`ollama pull qwen2.5-coder:1.5b`" in it.told[-1].message
        assert await it.ask(complete("print‸\n")) == ["(a)"]
        (turn,) = it.router.ledger.turns
        assert (turn.engine, turn.model, turn.outcome, turn.why) == ("embedded", NAME, "shown", "")

    play(put(tmp_path), story)


def test_in_a_language_that_it_does_not_know_the_code_itself_is_asked(tmp_path: Path) -> None:
    async def story(it: Yard) -> None:
        request = complete(COPIED, "/home/ada/a.go")
        assert await it.ask(request) == ["price * count"]
        assert [turn.engine for turn in it.router.ledger.turns] == ["echo"]
        found = await it.router.prepared(request)
        assert (found.call.route.runtime, (await it.router.prepared(complete(COPIED))).call.route.model) == (
            "echo",
            NAME,
        )

    play(put(tmp_path), story)


def test_nothing_is_read_ahead_for_it_in_a_language_that_it_does_not_know(tmp_path: Path) -> None:
    async def story(it: Yard) -> None:
        for path, wanted in (("/home/ada/a.go", False), ("/home/ada/a.py", True)):
            request = complete(COPIED, path)
            it.router.opened(request.document)
            it.router.moved(request.document, request.span.start)
            assert (it.router._desk.kept(request.document).later is not None) == wanted

    play(put(tmp_path), story)


def test_where_it_is_not_sure_the_code_itself_is_asked(tmp_path: Path) -> None:
    async def story(it: Yard) -> None:
        assert await it.ask(complete("print‸\n")) == []
        assert await it.ask(complete(COPIED, version=2)) == ["price * count"]
        assert await it.ask(complete(COPIED.replace("‸", "price‸"), version=3)) == [" * count"]  # it is typed
        silent, shown, cached = it.router.ledger.turns
        assert (silent.engine, silent.outcome, silent.why) == ("embedded", "silent", UNSURE)
        assert (shown.engine, shown.outcome, shown.why) == ("echo", "shown", UNSURE)
        assert (silent.prompt_tokens > 0, shown.prompt_tokens) == (True, 0)  # each with its own engine's figures
        assert cached.outcome == "cached"
        assert part("all", it.router.ledger.turns).unsure == 2

    play(put(tmp_path, whole=0.99, inside=0.99), story)


@pytest.mark.parametrize(("picture", "shown"), [("x = ‸\n", "10"), ("x =‸\n", " 10"), ("x =  ‸\n", "10")])
def test_a_blank_before_the_cursor_is_left_for_it_to_say(picture: str, shown: str, tmp_path: Path) -> None:
    async def story(it: Yard) -> None:
        assert await it.ask(complete(picture)) == [shown]

    play(put(tmp_path, says=["Ġ", "1", "0"]), story)


def test_what_was_said_after_a_blank_is_not_shown_without_it(tmp_path: Path) -> None:
    """Both places have one and the same prompt."""

    async def story(it: Yard) -> None:
        assert await it.ask(complete("x = ‸\n")) == ["10"]
        assert await it.ask(complete("x =‸\n", version=2)) == [" 10"]

    play(put(tmp_path, says=["Ġ", "1", "0"]), story)


def test_it_is_asked_for_one_line(tmp_path: Path) -> None:
    async def story(it: Yard) -> None:
        call = (await it.router.prepared(complete("print‸\n"))).call
        assert call.stop[0] == "\n"

    play(put(tmp_path), story)


def test_while_it_completes_something_better_is_looked_for(tmp_path: Path) -> None:
    """As it is while `echo` does: somebody starts Ollama after the editor, and does not tell us."""

    class Late(embedded.Embedded):
        name = "ollama"
        there = False

        async def models(self) -> list[Model]:
            if not self.there:
                raise router.Unreachable("Ollama does not answer; start it with `ollama serve`.")
            (model,) = await super().models()
            return [replace(model, runtime="ollama", name="qwen2.5-coder:2b", family="qwen", parameters=2 * 10**9)]

        async def ready(self, route: Route) -> bool:
            return True

    async def whole() -> None:
        late = Late(config.Embedded(gguf=str(random_gguf.made())), [])
        it = Yard(tmp_path, late)
        try:
            await it.router.start()
            assert it.router.route is not None
            assert it.router.route.model == NAME
            late.there = True
            it.clock += 30
            await it.ask(complete("print‸\n"))
            await it.until("ollama")
        finally:
            await it.router.aclose()

    put(tmp_path)
    asyncio.run(asyncio.wait_for(whole(), 60))


# What the plan says


def planned(*surveys: Survey, also: Sequence[Model] = (), machine: str = "cpu-16gb") -> plans.Plan:
    return plans.make(surveys, tasks.shipped(), known.named(machine), Config(), also=also)


def ours(place: Path) -> Survey:
    return Survey("embedded", tuple(listed(put(place))))


def test_a_model_of_ollamas_goes_before_it_and_a_larger_file_too(tmp_path: Path) -> None:
    (own,) = ours(tmp_path).models
    qwen = Model("ollama", "qwen2.5-coder:1.5b", "qwen", 1_540_000_000, size=10**9, window=32768)
    found = planned(Survey("ollama", (qwen,)), Survey("embedded", (own,)), ECHO)
    assert found.choices["complete"].route.model == qwen.name
    file = replace(qwen, runtime="embedded")
    assert planned(Survey("embedded", (file, own)), ECHO).choices["complete"].route.runtime == "embedded"
    assert planned(Survey("embedded", (file, own)), ECHO).choices["complete"].route.model == qwen.name


def test_it_completes_and_does_nothing_else(tmp_path: Path) -> None:
    found = planned(Survey("ollama", error="Ollama does not answer."), ours(tmp_path), ECHO)
    assert set(found.choices) == {"complete"}
    route = found.choices["complete"].route
    assert (route.model, route.languages, route.sure) == (NAME, ("python",), (0.1, 0.1))
    named = plans.make([ours(tmp_path)], tasks.shipped(), None, Config(models=config.Models(explain=NAME)))
    assert "explain" in named.regrets


def test_it_is_recommended_only_where_nothing_larger_would_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_own, "PLACE", put(tmp_path))
    tiny = known.described("memory = 3\nbandwidth = 20\ntflops = 0.1\nfree = 2.6\n", "tiny.toml")
    surveys = [Survey("ollama"), plan.own_weights()]
    found = plans.make(surveys, tasks.shipped(), tiny, Config(), also=plan.candidates())
    assert found.choices["complete"].route.model == NAME
    assert planned(*surveys, also=plan.candidates()).choices["complete"].route.model == "qwen2.5-coder:1.5b"


def test_without_weights_the_plan_promises_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_own, "PLACE", tmp_path)
    assert plan.own_weights().models == ()


def test_doctor_says_what_comes_along_and_whether_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_own, "PLACE", put(tmp_path))
    (found,) = doctor._own([])
    assert found.state == "note"
    assert "in python it is sure enough of 20% of whole lines, of which 60% are right" in found.found
    truncated(tmp_path)
    (found,) = doctor._own([])
    assert (found.state, found.mend) == ("wrong", "install Switchyard again")
    survey = Survey("embedded", error=found.found)  # told once, and mended in the same way
    assert list(doctor._own([survey])) == []
    assert [it.mend for it in doctor._engines([survey])] == ["install Switchyard again"]
    missing(tmp_path)
    (tmp_path / f"{NAME}.toml").unlink()
    assert list(doctor._own([])) == []


def test_the_verdict_of_doctor_and_models_is_the_plans(tmp_path: Path) -> None:
    route, why = models.choose([ours(tmp_path), ECHO], Config())
    assert route is not None
    assert doctor._verdict(route, why, Config()).startswith(f"Completion runs on embedded. {NAME}, the small model")
