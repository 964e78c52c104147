"""A job other than completion, from a request to its answer: fields, call, what the model says, what of it counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TypeAlias

from msgspec.structs import replace

import router
from router.answers import edits, prose, thinking
from router.answers.ground import Ground, Parse
from router.answers.inert import Inert
from router.answers.repeats import TAIL, repeats
from router.answers.thinking import Thoughts
from router.completing.cache import Recent
from router.context import privacy
from router.dispatch.paces import Paces
from router.dispatch.stream import Make
from router.editing import formats
from router.jobs import edits as edited
from router.jobs import fields, render
from router.jobs.edited import Edits
from router.jobs.fields import About
from router.types import Answer, AnswerKind, Call, Delta, Piece, Refusal, Request, Route, Task, Timing
from router.workspace.gate import Gate, fit
from router.workspace.naming import Naming

Stream: TypeAlias = "Callable[[Request, str, Make], AsyncGenerator[Delta | Timing, None]]"
Routed: TypeAlias = "Callable[[Task], Awaitable[Route]]"
Pieces: TypeAlias = "Callable[[Request, str, int], Awaitable[Sequence[Piece]]]"  # beside what is shown; in tokens
More: TypeAlias = "Callable[[Task, Request, About, Route], Mapping[str, str]]"
Review: TypeAlias = "Callable[[Task, Request], Awaitable[Answer]]"
Key: TypeAlias = "tuple[Task, Route, str, tuple[tuple[str, str], ...]]"

# By kind of answer, what makes one of a model's words; total.
ANSWERS: dict[AnswerKind, Parse] = {"edit": edits.edit, "prose": prose.prose}
# By kind of answer, what of a document its request is about.
ABOUT: dict[AnswerKind, Callable[[Task, Request], About]] = {"edit": edited.about}
# By kind of answer, the fields that only it has.
MORE: dict[AnswerKind, More] = {"edit": edited.more}
STREAMED: frozenset[AnswerKind] = frozenset({"prose", "edit"})  # kinds of answers that are heard as they come
PIECES = 0.5  # of a prompt's budget, for what other files say
TURNS = 2  # times that a model is asked for one edit
REMEMBERED = 64  # answers
CHARACTERS = 64  # of an answer for each token that it may have; no tokenizer has longer ones, but for blanks


class Asking:
    """Asks what is no completion. `stream` is Router.stream and `routed` the fleet's; `pieces` are those of other
    files."""

    def __init__(
        self, stream: Stream, routed: Routed, gate: Gate, paces: Paces, pieces: Pieces, naming: Naming
    ) -> None:
        self._stream, self._routed, self._gate, self._paces = stream, routed, gate, paces
        self._pieces, self._naming = pieces, naming
        self._said: Recent[Key, str] = Recent(REMEMBERED)
        self.review: Review | None = None  # who answers with findings, for which one question is not enough
        self.remembered: Callable[[Request], object] = lambda request: None  # hears of what needed no engine
        self.edits: Edits | None = None  # who sees to an edit before and after the model

    async def ask(self, task: Task, request: Request) -> AsyncGenerator[Delta | Answer, None]:
        """The answer, last; before it, where it is prose or an edit, what the model says as it comes.

        A failure of an engine is a Refusal. Raises Superseded in the background.
        """
        try:
            if why := await self._gate.known(request.document):
                yield Refusal(f"This file is kept out of every prompt by {why}.")
            elif not fit(request.document):
                yield Refusal("This file is binary or too large to be looked at.")
            else:
                async with aclosing(self._answered(task, request)) as answer:
                    async for item in answer:
                        yield item
        except router.WouldEvict as failure:
            yield Refusal(str(failure), consent=True)
        except router.Superseded:
            if task.lane == "background":
                raise
            yield Refusal("The engines have changed meanwhile; ask again.")
        except (router.RuntimeFailure, router.TooLong) as failure:
            yield Refusal(str(failure))

    async def _answered(self, task: Task, request: Request) -> AsyncGenerator[Delta | Answer, None]:
        if task.answer == "findings" and self.review is not None:
            yield await self.review(task, request)
            return
        if task.answer == "edit" and self.edits is not None:
            async with aclosing(self._edited(task, request, self.edits)) as edit:
                async for item in edit:
                    yield item
            return
        route, about, given = await self.prepared(task, request)
        async with aclosing(self._once(task, request, route, about, given, self._heard(task, route))) as answer:
            async for item in answer:
                yield item

    async def _edited(self, task: Task, request: Request, edits: Edits) -> AsyncGenerator[Delta | Answer, None]:
        """An edit; where the answer can't be used, the model is told why, and asked once more."""
        if (known := await edits.before(request)) is not None:
            yield await edits.after(request, known)
            return
        route, about, given = await self.prepared(task, request)
        answer: Answer = Refusal("The engine said nothing; ask again.")
        for _ in range(TURNS):
            heard = self._heard(task, route)
            async with aclosing(self._once(task, request, route, about, given, heard)) as items:
                async for item in items:
                    if isinstance(item, Delta):
                        yield item
                    else:
                        answer = await edits.after(request, item)
            if not isinstance(answer, Refusal) or not heard.whole:
                break
            given = given | {"format": formats.again(given["format"], privacy.named(answer.reason))}
        yield answer

    def _heard(self, task: Task, route: Route) -> Heard:
        return Heard(Inert() if task.answer == "prose" else None, thinking.aloud(route.model))

    async def _once(
        self, task: Task, request: Request, route: Route, about: About, given: Mapping[str, str], heard: Heard
    ) -> AsyncGenerator[Delta | Answer, None]:
        """What the model says to one question, and the answer that it makes."""
        async with aclosing(self._words(task, request, route, given)) as stream:
            async for item in stream:
                if (text := heard.take(item)) and task.answer in STREAMED:
                    yield Delta(text)
        if (text := heard.rest()) and task.answer in STREAMED:
            yield Delta(text)
        ground = Ground(task, about.span, given, self._naming.meant, heard.whole)
        yield await asyncio.to_thread(_parsed, request, heard.said, ground)

    async def prepared(self, task: Task, request: Request) -> tuple[Route, About, dict[str, str]]:
        """Where the task runs, what the request is about, and what it gives for the fields of the task's message."""
        route = await self._routed(task)
        about = await asyncio.to_thread(ABOUT.get(task.answer, fields.about), task, request)
        shown = request.document.text[about.span.start : about.span.end]
        pieces = await self._pieces(request, shown, int(self._paces.budget(task, route) * PIECES))
        return route, about, await asyncio.to_thread(self._given, task, request, about, pieces, route)

    async def said(
        self, task: Task, request: Request, route: Route, given: Mapping[str, str], schema: str = ""
    ) -> Heard:
        """All that the model says to one question, whose answer a JSON schema may bind."""
        heard = Heard()
        async with aclosing(self._words(task, request, route, given, schema)) as stream:
            async for item in stream:
                heard.take(item)
        return heard

    def _given(
        self, task: Task, request: Request, about: About, pieces: Sequence[Piece], route: Route
    ) -> dict[str, str]:
        """The task's fields, in a thread: a long document takes a while to be parsed and searched for secrets."""
        called = [replace(it, path=self._naming.called(it.path)) for it in pieces]
        given = fields.fields(task, request, about, called, self._naming.called(request.document.path))
        return given | dict(MORE[task.answer](task, request, about, route) if task.answer in MORE else {})

    async def _words(
        self, task: Task, request: Request, route: Route, given: Mapping[str, str], schema: str = ""
    ) -> AsyncGenerator[Delta | Timing, None]:
        """What the model says; what it said before to the same question, if it did."""
        key = task, route, schema, tuple(sorted(given.items()))
        if (known := self._said.get(key)) is not None:
            self.remembered(request)
            yield Delta(known)
            return

        def make(route: Route) -> Call:
            characters = self._paces.characters(task, route)
            return render.call(task, route, given, schema, characters)

        said, left = list[str](), CHARACTERS * task.max_tokens  # for an engine that does not count its tokens
        async with aclosing(self._stream(request, request.document.path, make)) as stream:
            async for item in stream:
                if isinstance(item, Delta):
                    said.append(item.text)
                    left -= len(item.text)
                elif item.ended != "limit":
                    self._said.put(key, "".join(said))
                yield item
                if left < 0 or (task.answer == "prose" and repeats("".join(said[-TAIL:]))):
                    yield Timing(ended="limit")
                    return


class Heard:
    """What was said so far, all of it, and of that what is no thought; where it is shown as Markdown, made inert."""

    def __init__(self, inert: Inert | None = None, aloud: bool = False) -> None:
        self.said, self.whole = "", True
        self._thoughts, self._inert = Thoughts(aloud), inert

    def take(self, item: Delta | Timing) -> str:
        """The stretch of it that may be shown."""
        if isinstance(item, Timing):
            self.whole = item.ended != "limit"
            return ""
        self.said += item.text
        text = self._thoughts.feed(item.text)
        return self._inert.feed(text) if self._inert else text

    def rest(self) -> str:
        """What was held back, for it might have become something else."""
        text = self._thoughts.end()
        return self._inert.feed(text) + self._inert.end() if self._inert else text


def _parsed(request: Request, said: str, ground: Ground) -> Answer:
    kind = ground.task.answer
    if not ground.whole and kind != "prose":
        most = ground.task.max_tokens
        return Refusal(
            f"The answer was longer than the {most:,} tokens that {ground.task.name} may have; take less code."
        )
    return ANSWERS[kind](request, said, ground)
