"""Why a score changed: the parts sum to the change, and each is there for its own cause only."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from features.build import build_matrix
from features.catalog import Catalog, declare_catalog
from features.feature import EVER, Feature
from features.nouns import Noun, event_noun
from features.past import build_past
from features.spec import VOCABULARY
from leadml.checks import read_tables
from leadml.config import Points, read_config
from leadml.errors import DataError, ModelError
from leadml.events import EventType
from leadml.model import Bend, Calibration, LinearPart, Term
from leadml.simulate.crm import simulate, write_simulation
from leadml.tables import Tables
from leadml.timeline import Window
from serving.changes import CAUSES, Change, Part, Scoring, explain_change
from serving.scorer import Scorer
from serving.scoring import score_examples
from serving.worth import PointsTable
from tests.features.worlds import (
    FEW,
    KINDS,
    MIDNIGHT,
    NOON,
    OF_ATTRIBUTES,
    OF_EVENTS,
    World,
    tables_of,
    texts,
    times,
    worlds,
)
from tests.training.lessons import sample_of
from training.fit import Recipe, fit_margin

VIEW = EventType("pricing-page view", "pricing-page views")
DEMO = EventType("demo request", "demo requests", "intent")
EVENTS = {"view": VIEW, "demo": DEMO}
INDUSTRY = Noun("industry", ("industry",), "industry", "industry", "fit")
CATALOG = Catalog(
    (
        Feature(VOCABULARY["count"], event_noun("view", VIEW), Window(7)),
        Feature(VOCABULARY["count"], event_noun("demo", DEMO).at_account(), EVER),
        Feature(VOCABULARY["category"], INDUSTRY, levels=("Software", "Retail")),
    ),
    EVENTS,
)
BEFORE, AFTER = "2026-03-08", "2026-03-11"


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def number(slope: float, missing: float = 0.0) -> Term:
    return Term(np.zeros(1), missing, 0.0, is_category=False, edges=np.zeros(0), slope=slope)


def category(*steps: float, missing: float = 0.0) -> Term:
    return Term(np.array(steps), missing, 0.0, is_category=True, edges=np.zeros(0))


LINEAR = LinearPart(-2.0, (number(0.5), number(0.75), category(0.5, -0.5, 0.0, missing=-0.25)))


def with_model(scorer: Scorer, catalog: Catalog, version: str = "1", **given: Any) -> Scorer:
    """A scorer of another model; what is not given is a straight map and no trees.

    The events that the policy names stay declared.
    """
    events = {**scorer.catalog.events, **catalog.events}
    catalog = dataclasses.replace(catalog, events=events)
    parts = {"trees": None, "calibration": Calibration(1.0, 0.0), "horizons": {}, **given}
    model = dataclasses.replace(scorer.model, catalog=catalog.to_json(), **parts)
    return dataclasses.replace(scorer, model=model, catalog=catalog, version=version)


@pytest.fixture(scope="module")
def old(scorer: Scorer) -> Scorer:
    return with_model(scorer, CATALOG, linear=LINEAR)


@pytest.fixture(scope="module")
def new(scorer: Scorer) -> Scorer:
    """The same, with a lower level."""
    return with_model(scorer, CATALOG, "2", linear=dataclasses.replace(LINEAR, intercept=-2.5))


def company(*, events: bool = True, told: bool = True) -> Tables:
    """Ada and Bob at Acme, Cyd alone. Ada viewed prices on the 2nd, and nothing more by the 8th."""
    done = [("ada", "2026-03-02 12:00", "view")]
    if events:
        done += [
            ("ada", "2026-03-09", "view"),
            ("ada", "2026-03-10 23:59", "view"),
            ("bob", "2026-03-09", "demo"),
            ("ada", AFTER, "view"),
        ]
    history = [("ada", "2026-03-10", "Software")] if told else []
    moments = pd.DatetimeIndex([at(when) for _, when, _ in done]).as_unit("us")
    created = pd.DatetimeIndex([at("2026-03-01")] * 3).as_unit("us")
    return Tables(
        pd.DataFrame(
            {
                "lead_id": texts(["ada", "bob", "cyd"]),
                "created_at": created,
                "account_id": texts(["acme", "acme", None]),
                "industry": texts(["Software" if told else None, None, "Retail"]),
            }
        ),
        pd.DataFrame(
            {
                "lead_id": texts([who for who, _, _ in done]),
                "occurred_at": moments,
                "event_type": texts([what for _, _, what in done]),
                "value": np.full(len(done), np.nan),
                "known_at": moments,
            }
        ),
        pd.DataFrame(
            {"lead_id": texts([]), "outcome": texts([]), "closed_at": created[:0], "amount": []}
        ),
        pd.DataFrame(
            {
                "lead_id": texts([who for who, _, _ in history]),
                "valid_from": pd.DatetimeIndex(
                    [at(when) for _, when, _ in history], tz="UTC"
                ).as_unit("us"),
                "industry": texts([what for _, _, what in history]),
            }
        ),
        pd.DataFrame({"source": texts([]), "month": created[:0], "cost": []}),
        at("2026-04-01"),
    )


def asked(*lead_ids: str, before: str = BEFORE, after: str = AFTER) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": texts(lead_ids),
            "as_of_before": pd.DatetimeIndex([at(before)] * len(lead_ids), tz="UTC"),
            "as_of_after": pd.DatetimeIndex([at(after)] * len(lead_ids), tz="UTC"),
        }
    )


def effects(change: Change) -> dict[str, float]:
    return {part.cause: part.effect for part in change.parts}


def p(log_odds: float) -> float:
    return 1 / (1 + np.exp(-log_odds))


# --- worked out by hand ---------------------------------------------------------------------------


def test_every_part_is_that_worked_out_by_hand(old: Scorer, new: Scorer) -> None:
    # On the 8th: one view in the last 7 days, no demo, industry not known: -2 + 0.5 - 0.25.
    # On the 11th that view is 9 days old: -0.5. Two new views and Bob's demo: 2 x 0.5 + 0.75.
    # Industry is told: from -0.25 to 0.5. The new model stands 0.5 lower.
    [change] = explain_change(old, new, company(), asked("ada"))
    assert effects(change) == pytest.approx(
        {
            "time passing": -0.5,
            "new events": 1.75,
            "changed attributes": 0.75,
            "new model version": -0.5,
        }
    )
    assert change.before.log_odds == pytest.approx(-1.75)
    assert change.after.log_odds == pytest.approx(-0.25)
    assert change.before.probability == pytest.approx(p(-1.75))
    assert change.after.probability == pytest.approx(p(-0.25))
    assert (change.before.as_of, change.after.as_of) == (at(BEFORE), at(AFTER))
    assert (change.before.model_version, change.after.model_version) == ("1", "2")
    assert [part.level for part in change.parts] == pytest.approx([0, 0, 0, -0.5])


def test_every_part_names_what_moved(old: Scorer, new: Scorer) -> None:
    [change] = explain_change(old, new, company(), asked("ada"))
    time, events, attributes, model = change.parts
    assert [(r.text, r.effect) for r in time.reasons] == [
        ("no pricing-page views in the last 7 days", pytest.approx(-0.5))
    ]
    assert [(r.text, r.effect) for r in events.reasons] == [
        ("2 pricing-page views in the last 7 days", pytest.approx(1.0)),
        ("1 demo request at the account so far", pytest.approx(0.75)),
    ]
    assert [(r.text, r.effect) for r in attributes.reasons] == [
        ("industry: Software", pytest.approx(0.75))
    ]
    assert model.reasons == ()
    [fewer] = explain_change(old, new, company(), asked("ada"), most=1)
    assert fewer.parts[1].reasons == events.reasons[:1]


def test_what_is_new_is_listed(old: Scorer, new: Scorer) -> None:
    ada, bob = explain_change(old, new, company(), asked("ada", "bob"))
    assert [(n.text, n.count, n.scope) for n in ada.new_events] == [
        ("2 pricing-page views", 2, "lead"),
        ("1 demo request by others at the account", 1, "account"),
    ]
    assert [n.text for n in bob.new_events] == [
        "1 demo request",
        "2 pricing-page views by others at the account",
    ]
    assert [c.text for c in ada.changed_attributes] == ["industry: not known → Software"]
    assert bob.changed_attributes == ()


def test_the_sentence_tells_the_strongest_part_first(old: Scorer, new: Scorer) -> None:
    [change] = explain_change(old, new, company(), asked("ada"))
    assert change.text == (
        "From 14.8 % to 43.8 % within 30 days: "
        "new events +1.75 (2 pricing-page views in the last 7 days; "
        "1 demo request at the account so far), "
        "changed attributes +0.75 (industry: Software), "
        "time passing -0.50 (no pricing-page views in the last 7 days), "
        "new model version -0.50 (all leads -0.50)."
    )


def test_a_lead_of_whom_nothing_is_new_stays_where_it_was(old: Scorer) -> None:
    [change] = explain_change(old, old, company(), asked("cyd"))
    assert list(effects(change).values()) == [0.0] * 4
    assert change.text == "7.6 % within 30 days, as before."
    assert change.new_events == change.changed_attributes == ()


# --- one cause at a time --------------------------------------------------------------------------


def test_where_only_time_passes_only_time_has_an_effect(old: Scorer) -> None:
    [change] = explain_change(old, old, company(events=False, told=False), asked("ada"))
    assert effects(change) == {
        "time passing": pytest.approx(-0.5),
        "new events": 0.0,
        "changed attributes": 0.0,
        "new model version": 0.0,
    }


def test_where_only_events_are_new_only_they_have_an_effect(old: Scorer) -> None:
    # Cyd acted neither before nor after; Bob, before the 8th, neither.
    [change] = explain_change(old, old, company(told=False), asked("bob"))
    assert effects(change) == {
        "time passing": 0.0,
        "new events": pytest.approx(0.75),
        "changed attributes": 0.0,
        "new model version": 0.0,
    }


def test_where_only_attributes_are_told_only_they_have_an_effect(old: Scorer) -> None:
    # On the 9th at 13 h the old view has left the window already.
    examples = asked("ada", before="2026-03-09 13:00", after="2026-03-10 06:00")
    [change] = explain_change(old, old, company(), examples)
    assert effects(change) == {
        "time passing": 0.0,
        "new events": 0.0,
        "changed attributes": pytest.approx(0.75),
        "new model version": 0.0,
    }


def test_at_one_moment_only_the_model_has_an_effect(old: Scorer, new: Scorer) -> None:
    [change] = explain_change(old, new, company(), asked("ada", before=AFTER))
    assert effects(change) == {
        "time passing": 0.0,
        "new events": 0.0,
        "changed attributes": 0.0,
        "new model version": pytest.approx(-0.5),
    }


def test_an_event_and_a_change_count_from_the_side_their_moment_belongs_to(old: Scorer) -> None:
    # An event at as_of is not seen by it and new for the next; an attribute is seen at once.
    examples = asked("ada", before="2026-03-09", after="2026-03-10")
    [change] = explain_change(old, old, company(), examples)
    assert effects(change)["new events"] == pytest.approx(0.5 + 0.75)
    assert effects(change)["changed attributes"] == pytest.approx(0.75)
    later = asked("ada", before="2026-03-10", after="2026-03-10 12:00")
    [change] = explain_change(old, old, company(), later)
    assert list(effects(change).values()) == [0.0] * 4


def test_a_new_colleague_brings_all_it_did_as_new_events(old: Scorer) -> None:
    told = company(events=False, told=False)
    leads = told.leads.assign(
        created_at=told.leads["created_at"].mask(told.leads["lead_id"] == "bob", at("2026-03-09"))
    )
    done = told.events.assign(lead_id="bob", event_type="demo")  # on the 2nd, before Bob came
    events = pd.concat([told.events, done], ignore_index=True)
    joined = dataclasses.replace(told, leads=leads, events=events)
    [change] = explain_change(old, old, joined, asked("ada"))
    assert effects(change)["time passing"] == pytest.approx(-0.5)
    assert effects(change)["new events"] == pytest.approx(0.75)
    assert [n.text for n in change.new_events] == ["1 demo request by others at the account"]


def test_two_models_may_look_at_different_things(old: Scorer) -> None:
    # The new one no longer looks at industry, and counts demos twice.
    fewer = Catalog(CATALOG.features[:2], EVENTS)
    terms = (number(0.5), number(1.5))
    lean = with_model(old, fewer, "2", linear=LinearPart(-2.0, terms))
    [change] = explain_change(old, lean, company(), asked("ada"))
    model = change.parts[-1]
    assert model.effect == pytest.approx(0.75 - 0.5)
    assert [(r.text, r.effect) for r in model.reasons] == [
        ("1 demo request at the account so far", pytest.approx(0.75)),
        ("industry: Software", pytest.approx(-0.5)),
    ]
    assert change.changed_attributes, "the old model still read it"
    [back] = explain_change(lean, old, company(), asked("ada"))
    assert back.parts[-1].effect == pytest.approx(0.5 - 0.75)
    assert effects(back)["changed attributes"] == 0.0


# --- what is said of the unscored, and what is refused --------------------------------------------


def scoring(reason: str = "", probability: float = 0.1, days: int = 30) -> Scoring:
    return Scoring(at(BEFORE), "1", days, probability, 0.0, 1.0, -2.0, reason)


def test_an_unscored_lead_has_no_way_to_tell_of() -> None:
    gone, fine = scoring("no consent", np.nan), scoring()
    parts = (Part("time passing", 1.0, 0.0, ()),)
    said = [Change("L1", *pair, parts, (), ()).text for pair in [(fine, gone), (gone, fine)]]
    assert said == [
        "Not scored: no consent (it had 10 % within 30 days).",
        "10 % within 30 days; not scored before: no consent.",
    ]
    both = Change("L1", gone, gone, parts, (), ()).text
    assert both == "Not scored: no consent (nor was it before)."


def test_horizons_that_differ_are_both_said() -> None:
    parts = (Part("new model version", 1.0, 0.0, ()),)
    change = Change("L1", scoring(), scoring(days=90, probability=0.2), parts, (), ())
    assert (
        change.text == "From 10 % within 30 days to 20 % within 90 days: new model version +1.00."
    )


def test_a_part_names_in_its_sentence_what_pulls_its_way(old: Scorer) -> None:
    [change] = explain_change(old, old, company(), asked("ada"))
    events = change.parts[1]
    against = dataclasses.replace(events.reasons[0], effect=-2.0)
    mixed = dataclasses.replace(events, reasons=(against, events.reasons[1]))
    assert mixed.text == "new events +1.75 (1 demo request at the account so far)"


def test_a_closed_lead_keeps_its_parts_and_has_no_probability(old: Scorer) -> None:
    told = company()
    closed = pd.DataFrame(
        {
            "lead_id": texts(["ada"]),
            "outcome": texts(["closed_won"]),
            "closed_at": told.leads["created_at"][:1] + pd.Timedelta(9, "D"),
            "amount": [np.nan],
        }
    )
    won = dataclasses.replace(told, outcomes=closed)
    [change] = explain_change(old, old, won, asked("ada"))
    assert change.after.unscored_reason == "already a customer"
    assert np.isnan(change.after.probability)
    assert change.after.log_odds == pytest.approx(0.25)
    assert change.text.startswith("Not scored: already a customer (it had 14.8 %")


def test_what_has_no_way_is_refused(old: Scorer) -> None:
    with pytest.raises(DataError, match=r"as_of_after must not lie before .* ada\. Swap them"):
        explain_change(old, old, company(), asked("ada", before=AFTER, after=BEFORE))
    with pytest.raises(DataError, match="must have come by as_of_before, but ada, cyd came later"):
        explain_change(old, old, company(), asked("ada", "cyd", before="2026-02-01"))
    with pytest.raises(DataError, match="must be in the leads table, got nobody"):
        explain_change(old, old, company(), asked("nobody"))
    naive = asked("ada").assign(as_of_after=pd.Timestamp(AFTER))
    with pytest.raises(DataError, match="timezone-aware"):
        explain_change(old, old, company(), naive)
    assert explain_change(old, old, company(), asked()) == []


def test_a_table_of_points_has_no_log_odds_to_tell_of(old: Scorer) -> None:
    table = dataclasses.replace(old, table=PointsTable(Points(), EVENTS))
    with pytest.raises(ModelError, match="but version '1' is a table of points"):
        explain_change(table, old, company(), asked("ada"))


def test_a_lead_is_known_from_the_moment_it_came(old: Scorer) -> None:
    [change] = explain_change(old, old, company(), asked("ada", before="2026-03-01"))
    assert change.before.log_odds == pytest.approx(-2.25)
    assert effects(change)["new events"] == pytest.approx(1.75)


# --- laws, at the edges of windows ----------------------------------------------------------------

OF_WORLDS = Catalog(
    (*OF_EVENTS[::4], *OF_ATTRIBUTES),
    {key: EventType(key, f"{key}s") for key in KINDS},
)


def drawn(catalog: Catalog, seed: int) -> LinearPart:
    """A linear part that reads every feature, and missing values too."""
    rng = np.random.default_rng(seed)
    terms = [
        category(*rng.normal(size=len(f.levels) + 1), missing=rng.normal())
        if f.is_category
        else dataclasses.replace(number(rng.normal() / 9, rng.normal()), log=True)
        for f in catalog.features
    ]
    return LinearPart(-1.0, tuple(terms))


def said_of(world: World) -> pd.DataFrame:
    """Those who had come by noon, from then to midnight, and some from noon to noon."""
    here = [lead.name for lead in world.leads if lead.created <= NOON]
    starts = [NOON] * 2 * len(here)
    return pd.DataFrame(
        {
            "lead_id": texts(here + here),
            "as_of_before": times(starts),
            "as_of_after": times([MIDNIGHT] * len(here) + [NOON] * len(here)),
        }
    )


@dataclasses.dataclass(frozen=True, repr=False)
class Models:
    """Two of them; what Hypothesis prints of a failure is about the world."""

    old: Scorer
    new: Scorer


@pytest.fixture(scope="module")
def drawn_models(scorer: Scorer) -> Models:
    old, new = (with_model(scorer, OF_WORLDS, linear=drawn(OF_WORLDS, seed)) for seed in (1, 2))
    return Models(old, new)


@FEW
@given(worlds)
def test_parts_sum_to_the_change_and_have_their_own_cause(
    drawn_models: Models, world: World
) -> None:
    old, new = drawn_models.old, drawn_models.new
    tables, examples = tables_of(world), said_of(world)
    changes = explain_change(old, new, tables, examples, most=3)
    assert [change.lead_id for change in changes] == examples["lead_id"].tolist()
    for which, own in (("before", old), ("after", new)):
        moments = examples[["lead_id"]].assign(as_of=examples[f"as_of_{which}"])
        served = score_examples(own, tables, moments)
        log_odds = own.model.calibration.log_odds(own.model.margin(served.matrix))
        assert [getattr(c, which).log_odds for c in changes] == log_odds.tolist()
    for change in changes:
        told = effects(change)
        assert tuple(told) == CAUSES
        whole = change.after.log_odds - change.before.log_odds
        assert sum(told.values()) == pytest.approx(whole, abs=1e-9)
        if not change.new_events:
            assert told["new events"] == 0.0
        if not change.changed_attributes:
            assert told["changed attributes"] == 0.0
        if change.before.as_of == change.after.as_of:
            assert list(told.values())[:3] == [0.0] * 3
            assert change.new_events == change.changed_attributes == ()


# --- a company with trees and bent maps -----------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Simulated:
    tables: Tables
    examples: pd.DataFrame
    old: Scorer
    new: Scorer


@pytest.fixture(scope="module")
def simulated(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """300 leads, their accounts and histories, and two models of trees on different features."""
    folder = tmp_path_factory.mktemp("changes")
    write_simulation(simulate(leads=300, months=12, seed=5), folder)
    config = read_config(folder / "leadml.toml", {})
    tables = read_tables(config, now=at("2026-11-01"))
    examples = pd.concat([open_spans(tables), around_changes(tables)], ignore_index=True)
    bend = Bend(np.array([-3.0, -1.0, 1.0]), np.array([-2.0, -1.5, 2.0]))
    declared = declare_catalog(tables, config)
    past = build_past(tables, examples.assign(as_of=examples["as_of_after"]))
    whole = declared.with_levels(past, dataclasses.replace(config.attributes, min_count=5))
    fewer = dataclasses.replace(whole, features=whole.features[::2])
    return Simulated(
        tables,
        examples,
        fitted(scorer, whole, build_matrix(whole, past), Calibration(0.8, -0.3, bend=bend), "1"),
        fitted(scorer, fewer, build_matrix(fewer, past), Calibration(1.2, 0.2), "2"),
    )


def open_spans(tables: Tables) -> pd.DataFrame:
    """Everyone who came in time, over spans of no day to a month, to the end or ten days before."""
    rng, end = np.random.default_rng(5), tables.end.floor("s")
    came = tables.leads[tables.leads["created_at"] <= end - pd.Timedelta(40, "D")]
    back, span = (rng.choice(some, len(came)) for some in ([0.0, 10.0], [0.0, 1.0, 7.0, 30.0]))
    return pd.DataFrame(
        {
            "lead_id": came["lead_id"],
            "as_of_before": end - pd.to_timedelta(back + span, unit="D"),
            "as_of_after": end - pd.to_timedelta(back, unit="D"),
        }
    )


def around_changes(tables: Tables) -> pd.DataFrame:
    """From the day before an attribute changed to that very moment."""
    created = tables.leads.set_index("lead_id")["created_at"]
    told = tables.attributes
    told = told[told["valid_from"] > told["lead_id"].map(created) + pd.Timedelta(1, "D")]
    moments = told["valid_from"]
    return pd.DataFrame(
        {
            "lead_id": told["lead_id"],
            "as_of_before": moments - pd.Timedelta(1, "D"),
            "as_of_after": moments,
        }
    )[:30]


def fitted(
    scorer: Scorer, catalog: Catalog, matrix: np.ndarray, own: Calibration, version: str
) -> Scorer:
    rng = np.random.default_rng(int(version))
    busy = np.nan_to_num(matrix).sum(axis=1).argsort().argsort() / len(matrix)
    sample = sample_of(
        matrix,
        rng.random(len(matrix)) < busy,
        levels=[max(len(f.levels), 1) if f.is_category else 0 for f in catalog.features],
    )
    margin = fit_margin(sample, Recipe(linear=True, trees="small"), seed=0)
    return with_model(
        scorer, catalog, version, linear=margin.linear, trees=margin.trees, calibration=own
    )


@pytest.fixture(scope="module")
def simulated_changes(simulated: Simulated) -> list[Change]:
    return explain_change(simulated.old, simulated.new, simulated.tables, simulated.examples)


def test_parts_of_real_histories_sum_to_the_change_of_the_served_scores(
    simulated: Simulated, simulated_changes: list[Change]
) -> None:
    moved = dict.fromkeys(CAUSES, 0)
    for change in simulated_changes:
        told = effects(change)
        whole = change.after.log_odds - change.before.log_odds
        assert sum(told.values()) == pytest.approx(whole, abs=1e-9)
        for cause in CAUSES:
            moved[cause] += abs(told[cause]) > 0.01
    assert min(moved.values()) > 5, moved
    for which, own in (("before", simulated.old), ("after", simulated.new)):
        examples = simulated.examples
        moments = examples[["lead_id"]].assign(as_of=examples[f"as_of_{which}"])
        table = score_examples(own, simulated.tables, moments).table
        scorings = pd.DataFrame([dataclasses.asdict(getattr(c, which)) for c in simulated_changes])
        shared = ["probability", "lower", "upper", "unscored_reason", "model_version", "as_of"]
        pd.testing.assert_frame_equal(
            scorings[shared], table[shared], check_exact=True, check_dtype=False
        )


def test_of_one_model_only_what_changed_is_named(
    simulated: Simulated, simulated_changes: list[Change]
) -> None:
    for change in simulated_changes:
        time, events, attributes, _ = change.parts
        if change.before.as_of == change.after.as_of:
            assert time.reasons == ()
        if not change.new_events:
            assert events.reasons == ()
        columns = {c.attribute for c in change.changed_attributes}
        features = {f.name: f for f in simulated.old.catalog.features}
        for reason in attributes.reasons:
            assert columns & set(features[reason.feature].noun.keys)
    assert sum(bool(c.parts[1].reasons) for c in simulated_changes) > 10
    assert sum(bool(c.parts[2].reasons) for c in simulated_changes) > 5


def test_without_a_bend_or_trees_the_reasons_of_a_part_sum_to_it(simulated: Simulated) -> None:
    straight = dataclasses.replace(
        simulated.old.model, trees=None, calibration=Calibration(0.8, -0.3)
    )
    lean = dataclasses.replace(simulated.old, model=straight)
    some = simulated.examples[:60]
    for change in explain_change(lean, lean, simulated.tables, some, most=999):
        for part in change.parts:
            total = sum(reason.effect for reason in part.reasons)
            assert total == pytest.approx(part.effect, abs=1e-9)


def test_between_two_models_reasons_and_level_sum_to_the_part(simulated: Simulated) -> None:
    some = simulated.examples[:60]
    for change in explain_change(simulated.old, simulated.new, simulated.tables, some, most=999):
        model = change.parts[-1]
        total = model.level + sum(reason.effect for reason in model.reasons)
        assert total == pytest.approx(model.effect, abs=1e-9)


def test_a_lead_alone_and_in_another_order_has_the_change_it_has_among_others(
    simulated: Simulated, simulated_changes: list[Change]
) -> None:
    order = np.random.default_rng(1).permutation(len(simulated.examples))[:40]
    given = simulated.old, simulated.new, simulated.tables
    assert repr(explain_change(*given, simulated.examples.iloc[order])) == repr(
        [simulated_changes[k] for k in order]
    )
    for k in order[:8]:
        alone = explain_change(*given, simulated.examples.iloc[[k]])
        assert repr(alone) == repr([simulated_changes[k]])


def test_what_comes_after_the_later_moment_changes_no_change(
    simulated: Simulated, simulated_changes: list[Change]
) -> None:
    after = simulated.tables.end.floor("s") - pd.Timedelta(10, "D")
    late = simulated.examples[simulated.examples["as_of_after"] == after]
    past = simulated.tables.upto(after)
    assert len(late) > 50
    assert len(past.events) < len(simulated.tables.events)
    given = simulated.old, simulated.new
    assert repr(explain_change(*given, past, late)) == repr(
        [simulated_changes[k] for k in late.index]
    )
