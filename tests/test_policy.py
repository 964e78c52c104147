"""Whose turn it is: each sentence of the policy as an invariant over all queues."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.dispatch.policy import Decision, Job, decide

MODELS = ("small", "large")


@st.composite
def queues(draw: st.DrawFn) -> list[Job]:
    """A queue as it may have come about: no more run than there are slots, and none whose model is not there."""
    absent = draw(st.sets(st.sampled_from(MODELS)))
    slots = {"": 1, "small": draw(st.integers(1, 2)), "large": 1}
    jobs: list[Job] = []
    for number in range(draw(st.integers(0, 7))):
        model = draw(st.sampled_from(("", *MODELS)))
        running = (
            model not in absent and Counter(it.model for it in jobs if it.state == "running")[model] < slots[model]
        )
        states = ["waiting", "leaving", "running"] if running else ["waiting", "leaving"]
        job = Job(
            number,
            draw(st.sampled_from(("typing", "attended", "background"))),
            draw(st.sampled_from("ab")),
            model,
            slots[model],
            same=draw(st.sampled_from((None, None, "question"))),
            state=draw(st.sampled_from(states)),  # type: ignore[arg-type]
            resumes=draw(st.booleans()),
            spared=draw(st.booleans()),
            brief=draw(st.booleans()),
            ready=model not in absent,
        )
        if job.lane == "typing":
            job = replace(job, same=None, ready=True)
        if not job.ready:
            unloads = tuple(draw(st.sets(st.sampled_from(MODELS)) if draw(st.booleans()) else st.just(set())) - {model})
            job = replace(job, unloads=unloads, evicts="small" in unloads, consent=draw(st.booleans()))
        jobs.append(job)
    return jobs


def after(jobs: list[Job], decision: Decision) -> list[Job]:
    """The queue when the decision has been carried out."""
    gone = {*decision.drop, *decision.refuse, *(number for number, _ in decision.join)}
    firsts = dict(decision.join)
    left = []
    for job in jobs:
        if job.number in gone:
            continue
        lanes = [job.lane, *(it.lane for it in jobs if firsts.get(it.number) == job.number)]
        consent = job.consent or any(it.consent for it in jobs if firsts.get(it.number) == job.number)
        job = replace(job, lane="attended" if "attended" in lanes else job.lane, consent=consent)
        if job.number in decision.start:
            job = replace(job, state="running")
        if job.number in decision.hold:
            job = replace(job, state="waiting")
        left.append(job)
    return left


def running(jobs: list[Job]) -> list[Job]:
    return [job for job in jobs if job.state == "running"]


def leaving(jobs: list[Job], decision: Decision) -> tuple[str, ...]:
    """The models that are about to be unloaded."""
    return next((job.unloads for job in jobs if job.number == decision.load), ())


quiet = st.booleans()


@given(queues(), quiet)
def test_no_more_run_on_a_model_than_it_has_slots(jobs: list[Job], quiet: bool) -> None:
    taken = Counter(job.model for job in running(after(jobs, decide(jobs, quiet=quiet))))
    assert all(count <= next(job.slots for job in jobs if job.model == model) for model, count in taken.items())


@given(queues(), quiet)
def test_of_the_keystrokes_in_a_document_only_the_newest_stays(jobs: list[Job], quiet: bool) -> None:
    typing = [job for job in after(jobs, decide(jobs, quiet=quiet)) if job.lane == "typing"]
    assert len({job.key for job in typing}) == len(typing)
    for job in typing:
        assert job.number == max(other.number for other in jobs if other.lane == "typing" and other.key == job.key)


@given(queues(), quiet)
def test_a_review_is_superseded_by_a_newer_one_of_the_same_document(jobs: list[Job], quiet: bool) -> None:
    reviews = [job for job in after(jobs, decide(jobs, quiet=quiet)) if job.lane == "background"]
    assert len({job.key for job in reviews}) == len(reviews)


@given(queues(), quiet)
def test_what_somebody_waits_for_is_never_dropped(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    left = {job.number for job in after(jobs, decision)} | set(decision.refuse)
    for job in jobs:
        assert job.lane != "attended" or job.number in left or dict(decision.join)[job.number] in left


@given(queues(), quiet)
def test_while_a_keystroke_is_answered_nothing_else_begins_and_what_can_be_resumed_makes_room(
    jobs: list[Job], quiet: bool
) -> None:
    decision = decide(jobs, quiet=quiet)
    now = running(after(jobs, decision))
    if any(job.lane == "typing" and job.model for job in now):
        for job in now:
            assert job.lane != "background"
            assert job.lane == "typing" or not job.model or job.spared or not job.resumes
        started = [job for job in now if job.number in decision.start]
        assert all(job.lane == "typing" or not job.model or job.spared for job in started)


@given(queues(), quiet)
def test_an_answer_makes_room_only_for_a_keystroke_that_is_being_answered(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    left = after(jobs, decision)
    answered = any(job.lane == "typing" and job.model for job in running(left))
    for job in left:
        if job.number in decision.hold and job.lane == "attended":
            assert answered
            assert job.resumes
            assert not job.spared


@given(queues(), quiet)
def test_a_keystroke_waits_only_for_keystrokes_and_for_what_could_not_go_on(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    left = after(jobs, decision)
    for job in left:
        if job.lane == "typing" and job.state == "waiting" and job.model not in leaving(jobs, decision):
            before = [other for other in running(left) if other.model == job.model]
            assert len(before) == job.slots
            assert all(it.lane == "typing" or it.spared or not (it.resumes and it.model) for it in before)


@given(queues(), quiet)
def test_what_has_waited_for_too_long_waits_for_nobody_who_came_later(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    left = after(jobs, decision)
    for job in left:
        able = job.ready and job.model not in leaving(jobs, decision)
        before = [other for other in running(jobs) if (other.lane, other.model) == ("attended", job.model)]
        if job.lane == "attended" and job.spared and able and job.state == "waiting" and not before:
            others = [other for other in running(left) if other.model == job.model]
            assert len(others) == job.slots
            assert all(other.number not in decision.start or other.number < job.number for other in others)


@given(queues(), quiet)
def test_what_can_run_runs(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    left = after(jobs, decision)
    answered = any(job.lane == "typing" and job.model for job in running(left))
    for job in left:
        able = job.ready and job.model not in leaving(jobs, decision)
        if job.lane == "attended" and job.state == "waiting" and able and not answered:
            assert sum(other.model == job.model for other in running(left)) == job.slots


@given(queues(), quiet)
def test_the_background_runs_while_nobody_types_or_waits_and_begins_only_when_it_is_quiet(
    jobs: list[Job], quiet: bool
) -> None:
    decision = decide(jobs, quiet=quiet)
    left = after(jobs, decision)
    if any(job.lane != "background" and job.state != "leaving" for job in left):
        assert all(job.lane != "background" for job in running(left))
    if not quiet:
        assert all(job.lane != "background" or job.brief for job in left if job.number in decision.start)


@given(queues(), quiet)
def test_each_lane_is_served_in_the_order_of_arrival(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    left = after(jobs, decision)
    for job in left:
        for other in left:
            alike = (job.lane, job.model, job.spared) == (other.lane, other.model, other.spared)
            if alike and job.number < other.number and other.number in decision.start and job.ready == other.ready:
                assert job.state in ("running", "leaving")


@given(queues(), quiet)
def test_equal_jobs_run_once_as_urgent_as_the_most_urgent_of_them(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    asked = [job.same for job in after(jobs, decision) if job.same is not None]
    assert len(asked) == len(set(asked))
    for number, first in decision.join:
        assert first < number
        assert jobs[first].same == jobs[number].same


@given(queues(), quiet)
def test_one_model_is_loaded_at_a_time_and_none_has_a_turn_before(jobs: list[Job], quiet: bool) -> None:
    assert decide(jobs, quiet=quiet, loading=True).load is None
    decision = decide(jobs, quiet=quiet)
    assert all(jobs[number].ready for number in decision.start)
    if decision.load is not None:
        assert not jobs[decision.load].ready


@given(queues(), quiet)
def test_no_model_is_unloaded_under_an_answer(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    if decision.load is not None:
        left = after(jobs, decision)
        (wanted,) = (job for job in left if job.number == decision.load)
        for job in running(left):
            kept = job.lane == "attended" or (job.lane == "typing" and not wanted.consent)
            assert not (kept and job.model in wanted.unloads)


@given(queues(), quiet)
def test_the_model_that_completes_is_pushed_out_only_with_consent(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    if decision.load is not None:
        (wanted,) = (job for job in after(jobs, decision) if job.number == decision.load)
        assert wanted.consent or not wanted.evicts
    assert not any(jobs[number].ready for number in decision.refuse)


@given(queues(), quiet)
def test_a_decision_carried_out_leaves_nothing_to_decide(jobs: list[Job], quiet: bool) -> None:
    decision = decide(jobs, quiet=quiet)
    gone = leaving(jobs, decision)
    left = [replace(job, ready=job.ready and job.model not in gone) for job in after(jobs, decision)]
    again = decide(left, quiet=quiet, loading=decision.load is not None)
    assert again == Decision()


def test_nothing_begins_on_a_model_that_is_about_to_leave() -> None:
    wanted = Job(1, "attended", model="large", ready=False, unloads=("small",), evicts=True, consent=True)
    later = Job(2, "attended", model="small")
    assert decide([wanted, later]) == Decision(load=1)
