"""What leaves and what comes: nothing is evicted that need not be, and Ollama's own rule never gets its turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.models import memory
from router.models.fit import Fit, Room
from router.models.memory import Need
from router.models.residency import FULL, Moves, Place, Yard, fits, moves
from router.models.speed import Speed
from router.models.types import Model
from router.types import Route

GB = 10**9


def place(name: str, size: float, *, pinned: bool = False, engine: str = "ollama", layers: int = 0) -> Place:
    """A model of so many GB, which Ollama predicts to take just that."""
    bytes = int(size * GB)
    model = Model(engine, name, size=bytes)
    fit = Fit(model, 4096, 1, Need(bytes, 0, 0, 0), float(bytes), 0.0, 1.0, Speed())
    return Place(Route(engine, name, options=(("num_gpu", layers),) if layers else ()), fit, pinned)


def names(routes: tuple[Route, ...]) -> str:
    return " ".join(route.model for route in routes)


def yard(size: float, most: int = 3, cards: bool = True) -> Yard:
    return Yard(Room(size * GB), most, cards)


SMALL = place("small", 1.5, pinned=True)


def test_what_is_there_needs_no_moves() -> None:
    assert moves(SMALL, [SMALL], yard(24)) == Moves()


def test_what_fits_beside_the_others_is_loaded_and_nothing_leaves() -> None:
    found = moves(place("review", 5), [SMALL], yard(24))
    assert (names(found.unload), names(found.load), found.gap) == ("", "review", 0)


def test_the_largest_leaves_first_and_the_model_that_completes_last() -> None:
    there = [SMALL, place("explain", 3), place("review", 6)]
    found = moves(place("changes", 12), there, yard(24, most=3))
    assert (names(found.unload), names(found.load)) == ("review", "changes")


def test_where_ollama_would_evict_the_pinned_one_it_makes_way_and_comes_back() -> None:
    # 19 GB are more than 80 % of the 22.5 GB beside it, though there is room for both.
    found = moves(place("large", 19), [SMALL], yard(24))
    assert (names(found.unload), names(found.load)) == ("small", "large small")
    assert found.gap == found.seconds > 0
    assert not found.stranded


def test_where_there_is_no_room_for_both_that_is_said() -> None:
    found = moves(place("large", 11), [SMALL], yard(12))
    assert found.stranded
    assert names(found.load) == "large"


def test_a_route_that_says_its_layers_is_not_predicted() -> None:
    found = moves(place("large", 19, layers=40), [SMALL], yard(24))
    assert names(found.unload) == ""


def test_an_engine_of_our_own_evicts_nothing() -> None:
    assert names(moves(place("large", 19, engine="embedded"), [SMALL], yard(24)).unload) == ""


def test_what_another_engine_holds_is_none_of_the_models_that_ollama_counts() -> None:
    there = [place("ours", 1, pinned=True, engine="embedded"), place("review", 5)]
    assert names(moves(place("explain", 3), there, yard(24, most=2)).unload) == ""
    assert names(moves(place("large", 19), there[:1], yard(24)).unload) == ""


def test_without_a_card_ollama_asks_nobody() -> None:
    assert names(moves(place("large", 19), [SMALL], yard(24, cards=False)).unload) == ""


@st.composite
def yards(draw: st.DrawFn) -> tuple[Place, list[Place], Yard]:
    sizes = draw(st.lists(st.floats(0.5, 20), max_size=4))
    there = [place(f"m{at}", size, pinned=at == 0) for at, size in enumerate(sizes)]
    return place("wanted", draw(st.floats(0.5, 30))), there, yard(draw(st.floats(4, 40)), draw(st.integers(1, 4)))


@given(yards())
def test_each_load_fits_beside_what_is_there_then_and_ollama_would_evict_nothing_for_it(
    case: tuple[Place, list[Place], Yard],
) -> None:
    wanted, there, yard = case
    found = moves(wanted, there, yard)
    known = {it.route: it for it in [*there, wanted]}
    beside = [it for it in there if it.route not in found.unload]
    for route in found.load:
        loaded = known[route]
        if loaded is not wanted or beside:
            assert fits(loaded, beside, yard)
            left = yard.room.without(it.fit for it in beside)
            predicted = memory.ollama_predicts(loaded.fit.model, 4096)
            assert not beside or predicted <= FULL * left.fast
        beside.append(loaded)


@given(yards())
def test_nothing_leaves_that_could_have_stayed(case: tuple[Place, list[Place], Yard]) -> None:
    wanted, there, yard = case
    found = moves(wanted, there, yard)
    if found.unload:
        assert not fits(wanted, there, yard)
    if not any(it.pinned for it in there if it.route in found.unload):
        assert found.gap == 0
