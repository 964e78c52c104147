"""A whole change: what is asked of it, in which order, and that what was not reviewed is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from router.reviewing import diff, whole
from router.reviewing.changes import Changes
from router.reviewing.types import Review
from router.reviewing.whole import Whole
from router.types import Answer, Delta, Document, Finding, Findings, Refusal, Request, Span

Reply = Callable[[Request], Answer]


def change(count: int, files: int = 1) -> Changes:
    """New files of so many functions each."""
    texts = {
        f"f{file}.py": "".join(f"def f{at}(a, b):\n    return a + b + {at} + len(str(a))\n\n\n" for at in range(count))
        for file in range(files)
    }
    said = "".join(
        f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{text.count(chr(10))} @@\n"
        + "".join(f"+{line}\n" for line in text.splitlines())
        for name, text in texts.items()
    )
    return Changes("/home/ada", diff.parse(said), lambda path: texts[path].encode(), said)


class Asked:
    """Answers requests, and remembers what was asked, how far it was, and how many were asked at once."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.requests: list[Request] = []
        self.told: list[tuple[int, int]] = []
        self.now = self.most = 0

    async def ask(self, request: Request) -> AsyncGenerator[Delta | Answer, None]:
        self.requests.append(request)
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        yield self.reply(request)

    async def kept_out(self, document: Document) -> str:
        return "a rule" if document.path.endswith("f1.py") else ""

    def review(self, changes: Changes, most: int = 5, slots: int = 1) -> Review:
        def hear(done: int, of: int, what: str) -> None:
            self.told.append((done, of))

        async def run() -> Review:
            return await Whole(self.ask, self.kept_out, most, hear, slots).review(changes)

        return asyncio.run(run())


def nothing(request: Request) -> Answer:
    return Findings(summary="- more" if request.span == Span(0, 0) else "")


def fault(request: Request) -> Answer:
    at = request.document.text.index("return", request.span.start)
    return Findings((Finding(request.document.path, Span(at, at + 6), "return", "warning", "other", f"m{at}", "f"),))


def test_each_definition_is_asked_about_and_then_the_whole() -> None:
    asked = Asked(nothing)
    review = asked.review(change(3))
    assert [it.task for it in asked.requests] == ["review_changes"] * 4
    assert all("+def f" in it.diff for it in asked.requests)
    assert (review.units, review.summary) == (3, "- more")
    assert asked.told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_as_many_are_asked_at_once_as_the_engine_answers_at_once() -> None:
    assert [_most(slots) for slots in (1, 3)] == [1, 3]


def _most(slots: int) -> int:
    asked = Asked(nothing)
    asked.review(change(6), slots=slots)
    return asked.most


def test_an_excluded_file_is_not_in_the_summary_s_diff_either() -> None:
    asked = Asked(nothing)
    review = asked.review(change(1, files=2))
    assert [(it.path, it.why) for it in review.skipped] == [("f1.py", "it is kept out of every prompt by a rule")]
    assert not [it for it in asked.requests if "f1.py" in it.document.path or "f1.py" in it.diff]


def test_an_engine_that_goes_on_failing_is_left_alone() -> None:
    asked = Asked(lambda request: Refusal("It is gone."))
    review = asked.review(change(10))
    assert len(asked.requests) == whole.GIVEN_UP
    assert [it.why for it in review.skipped] == ["It is gone"] * 10
    assert review.units == 0


def test_a_change_that_is_too_large_is_reviewed_in_part_and_says_so() -> None:
    review = Asked(nothing).review(change(whole.MOST + 2))
    assert review.units == whole.MOST
    assert {it.name for it in review.skipped} == {f"f{whole.MOST}", f"f{whole.MOST + 1}"}


def test_a_file_s_findings_are_capped_and_counted() -> None:
    review = Asked(fault).review(change(4), most=2)
    assert len(review.reported) == 2
    assert dict(review.counts)["too many"] == 2
    assert review.reported[0].path == "f0.py"
    assert review.reported[0].place.line == 2


def test_a_file_that_is_gone_meanwhile_is_told() -> None:
    made = change(1)

    def read(path: str) -> bytes:
        raise OSError("there is no such file here")

    review = Asked(nothing).review(Changes(made.root, made.files, read, made.text))
    assert [it.why for it in review.skipped] == ["it can't be read: there is no such file here"]


def test_files_that_git_does_not_keep_are_told_and_not_too_many_of_them() -> None:
    made = change(1)
    loose = tuple(f"new{at}.py" for at in range(whole.MANY_UNTRACKED + 3))
    review = Asked(nothing).review(Changes(made.root, (), made.read, "", loose))
    assert len(review.skipped) == whole.MANY_UNTRACKED + 1
    assert review.skipped[-1].path == "3 more files"
