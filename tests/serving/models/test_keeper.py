"""Which model scores: the last good one at once, then the one named, and never none again."""

import dataclasses
import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from leadml.errors import DataError, ModelError, RegistryError
from serving.models.keeper import Keeper
from serving.models.source import Fixed, Named
from serving.scorer import Scorer


class Scripted:
    """A source that does as it is told: what it names, what it knew last, what is wrong with it."""

    def __init__(self, scorer: Scorer, *, last: str = "", now: str = "1") -> None:
        self.scorer, self.known, self.named = scorer, Named(last), Named(now)
        self.broken: dict[str, Exception] = {}
        self.away: Exception | None = None
        self.silent = threading.Event()
        self.silent.set()
        self.asked: list[bool] = []
        self.loaded: list[str] = []
        self.closed = False

    def last(self) -> Named:
        return self.known

    def ask(self, *, patient: bool = True) -> Named:
        self.asked.append(patient)
        self.silent.wait(30)
        if self.away is not None:
            raise self.away
        return self.named

    def load(self, name: str) -> Scorer:
        self.loaded.append(name)
        if name in self.broken:
            raise self.broken[name]
        return dataclasses.replace(self.scorer, version=name)

    def close(self) -> None:
        self.closed = True
        self.silent.set()


@contextmanager
def keeping(
    source: Scripted | Fixed,
    *,
    warm_up: Callable[[Scorer], object] = id,
    poll_seconds: float = 0.01,
    shadow: bool = True,
) -> Iterator[Keeper]:
    kept = Keeper(source, warm_up=warm_up, poll_seconds=poll_seconds, shadow=shadow)
    with kept as keeper:
        yield keeper


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def version(keeper: Keeper) -> str:
    return "" if keeper.scorer is None else keeper.scorer.version


def test_before_it_is_entered_there_is_no_model_and_a_reason(scorer: Scorer) -> None:
    keeper = Keeper(Fixed(scorer), warm_up=id, poll_seconds=1)
    assert (keeper.scorer, keeper.trouble) == (None, "The model is being loaded.")
    assert (keeper.standing.origin, keeper.serving_seconds) == ("", 0)


def test_the_model_that_scored_last_scores_while_the_source_is_silent(scorer: Scorer) -> None:
    source = Scripted(scorer, last="1", now="2")
    source.silent.clear()
    with keeping(source) as keeper:
        eventually(lambda: version(keeper) == "1")
        assert keeper.standing.origin == "last-good"
        assert keeper.standing.asked is None
        source.silent.set()
        eventually(lambda: version(keeper) == "2")
        assert keeper.standing.origin == "registry"
        assert keeper.trouble == ""
        assert 0 < keeper.serving_seconds < 10


def test_one_can_wait_for_the_first_model_but_not_for_ever(scorer: Scorer) -> None:
    source = Scripted(scorer, now="2")
    source.silent.clear()
    with keeping(source) as keeper:
        start = time.monotonic()
        keeper.wait(0.05)
        assert (version(keeper), time.monotonic() - start >= 0.05) == ("", True)
        source.silent.set()
        keeper.wait(10)
        assert version(keeper) == "2"


def test_a_source_that_has_no_model_is_not_waited_for(scorer: Scorer) -> None:
    source = Scripted(scorer)
    source.away = RegistryError("It is away.")
    with keeping(source) as keeper:
        start = time.monotonic()
        keeper.wait(10)
        assert time.monotonic() - start < 5
        assert keeper.scorer is None


def test_a_last_good_model_that_is_damaged_gives_way_to_the_one_before_it(scorer: Scorer) -> None:
    source = Scripted(scorer)
    source.known = Named("3", former=("2", "1"))
    source.broken = {"3": ModelError("It is damaged."), "2": ModelError("It is damaged too.")}
    source.away = RegistryError("It is away.")
    with keeping(source) as keeper:
        eventually(lambda: version(keeper) == "1")
        eventually(lambda: keeper.trouble == "Scoring goes on with version 1: It is away.")


def test_the_named_model_takes_over_and_former_ones_stay_at_hand(scorer: Scorer) -> None:
    source = Scripted(scorer)
    with keeping(source) as keeper:
        eventually(lambda: version(keeper) == "1")
        since = keeper.standing.since
        source.named = Named("3", former=("2", "1"))
        eventually(lambda: set(keeper.standing.at_hand) == {"3", "2", "1"})
        assert version(keeper) == "3"
        assert keeper.standing.since > since
        source.named = Named("3", former=("2",))
        eventually(lambda: set(keeper.standing.at_hand) == {"3", "2"})
        found = keeper.version("2")
        assert found is not None
        assert found.version == "2"
        assert [keeper.version(asked) for asked in ("1", "9", "", "../../etc")] == [None] * 4
    assert sorted(source.loaded) == ["1", "2", "3"], "each once, and none because it was asked for"


def test_a_source_that_is_away_changes_nothing_but_what_is_said(scorer: Scorer) -> None:
    source = Scripted(scorer)
    with keeping(source) as keeper:
        eventually(lambda: version(keeper) == "1")
        source.away = RegistryError("The registry at http://u:secret@mlflow is away.")
        eventually(lambda: keeper.trouble != "")
        said = "Scoring goes on with version 1: The registry at http://u:***@mlflow is away."
        assert keeper.trouble == said
        assert version(keeper) == "1"
        source.away = None
        eventually(lambda: keeper.trouble == "")


def test_what_keeps_the_source_from_naming_another_is_said(scorer: Scorer) -> None:
    source = Scripted(scorer)
    source.named = Named("1", trouble="Version 2 is damaged.")
    with keeping(source) as keeper:
        eventually(
            lambda: keeper.trouble == "Scoring goes on with version 1: Version 2 is damaged."
        )


def test_without_any_model_the_reason_is_said(scorer: Scorer) -> None:
    source = Scripted(scorer, now="")
    with keeping(source) as keeper:
        eventually(lambda: "There is no champion" in keeper.trouble)
        assert keeper.scorer is None


def test_a_model_that_cannot_be_loaded_replaces_none(scorer: Scorer) -> None:
    source = Scripted(scorer)
    with keeping(source) as keeper:
        eventually(lambda: version(keeper) == "1")
        source.broken["2"] = ModelError("Version 2 is damaged.")
        source.named = Named("2")
        eventually(
            lambda: keeper.trouble == "Scoring goes on with version 1: Version 2 is damaged."
        )
        assert version(keeper) == "1"
        del source.broken["2"]
        eventually(lambda: version(keeper) == "2")


def test_a_model_that_cannot_score_a_lead_replaces_none(scorer: Scorer) -> None:
    def warm_up(tried: Scorer) -> None:
        if tried.version == "2":
            msg = "No lead can be scored."
            raise DataError(msg)

    source = Scripted(scorer)
    with keeping(source, warm_up=warm_up) as keeper:
        eventually(lambda: version(keeper) == "1")
        source.named = Named("2")
        eventually(lambda: "Version 2 must score a lead before it may answer" in keeper.trouble)
        assert version(keeper) == "1"


def test_the_unforeseen_is_said_and_survived(scorer: Scorer) -> None:
    source = Scripted(scorer)
    source.away = KeyError("jane@example.com")
    with keeping(source) as keeper:
        eventually(lambda: "unexpectedly" in keeper.trouble)
        assert keeper.trouble == "Loading the model ended unexpectedly (KeyError); see the log."
        source.away = None
        eventually(lambda: version(keeper) == "1")
        assert keeper.trouble == ""


def test_it_looks_at_once_when_it_is_told_to_and_without_patience(scorer: Scorer) -> None:
    source = Scripted(scorer)
    with keeping(source, poll_seconds=3600) as keeper:
        eventually(lambda: version(keeper) == "1")
        source.named = Named("2")
        keeper.look_now()
        eventually(lambda: version(keeper) == "2")
    assert source.asked == [True, False]


def test_a_source_that_stays_silent_is_said_to_be(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.models.keeper.SILENT_SECONDS", 0.2)
    source = Scripted(scorer)
    with keeping(source) as keeper:
        eventually(lambda: version(keeper) == "1")
        assert keeper.trouble == ""
        source.silent.clear()
        eventually(lambda: keeper.trouble.startswith("The registry has not answered for"))
        assert keeper.silent_seconds > 0.2
        source.silent.set()
        eventually(lambda: keeper.trouble == "")


def test_a_source_that_is_silent_keeps_nobody_from_stopping(scorer: Scorer) -> None:
    source = Scripted(scorer)
    source.silent.clear()
    with keeping(source):
        eventually(lambda: source.asked != [])
        start = time.monotonic()
    assert source.closed
    assert time.monotonic() - start < 1.5


def test_the_challenger_is_at_hand_unless_it_is_not_wanted(scorer: Scorer) -> None:
    challenger = dataclasses.replace(scorer, version="2")
    with keeping(Fixed(scorer, challenger=challenger)) as keeper:
        eventually(lambda: keeper.challenger is not None)
        assert (version(keeper), keeper.challenger) == ("1", challenger)
        assert keeper.version("2") is challenger
    with keeping(Fixed(scorer, challenger=challenger), shadow=False) as keeper:
        eventually(lambda: keeper.standing.asked is not None)
        assert keeper.challenger is None


def test_a_challenger_that_cannot_be_loaded_holds_no_champion_back(scorer: Scorer) -> None:
    source = Scripted(scorer)
    source.broken["2"] = ModelError("It is damaged.")
    source.named = Named("1", "2")
    with keeping(source) as keeper:
        said = "Scoring goes on with version 1: The challenger could not be loaded: It is damaged."
        eventually(lambda: keeper.trouble == said)
        assert (version(keeper), keeper.challenger) == ("1", None)


def test_a_challenger_that_becomes_champion_is_loaded_once_and_scores_alone(
    scorer: Scorer,
) -> None:
    source = Scripted(scorer)
    source.named = Named("1", "2")
    with keeping(source) as keeper:
        eventually(lambda: keeper.challenger is not None)
        source.named = Named("2", "2", former=("1",))
        eventually(lambda: version(keeper) == "2" and keeper.challenger is None)
    assert source.loaded == ["1", "2"]


def test_what_is_loaded_stays_out_of_the_garbage_collectors_sight(scorer: Scorer) -> None:
    frozen = gc.get_freeze_count()
    with keeping(Scripted(scorer)) as keeper:
        eventually(lambda: version(keeper) == "1")
    assert gc.get_freeze_count() > frozen
    gc.unfreeze()


def test_every_moment_shows_one_whole_standing(scorer: Scorer) -> None:
    """Versions come and go; the champion is always at hand under its own version."""
    source = Scripted(scorer)
    with keeping(source, poll_seconds=0.001) as keeper:
        eventually(lambda: version(keeper) == "1")
        seen = set()
        for turn in range(3000):
            if turn % 300 == 0:
                source.named = Named(str(turn // 300 + 2), former=(str(turn // 300 + 1),))
                keeper.look_now()
            standing = keeper.standing
            assert standing.champion is not None
            assert standing.at_hand[standing.champion.version] is standing.champion
            seen.add(standing.champion.version)
            time.sleep(0.0002)
        assert len(seen) > 3
