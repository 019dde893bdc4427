"""Does building features again find what a request told otherwise than the source, and why?"""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from leadml.errors import DataError
from leadml.tables import Tables
from serving.scorer import Scorer
from serving.scoring import score_examples
from serving.watching import rebuild
from serving.watching.log_files import read_key, read_log
from serving.watching.rebuild import Rebuilt, check_features
from serving.watching.score_log import ScoreLog
from tests.serving.watching.logged import lines_of, together

DAY = pd.Timedelta(1, "D")
WEEK = 7 * DAY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


def log_of(scorer: Scorer, tables: Tables, folder: Path, *, rows: slice = slice(50)) -> pa.Table:
    """The log of some leads' scores after a week, as the tables then told them."""
    leads = tables.leads[rows]
    examples = leads[["lead_id"]].assign(as_of=leads["created_at"] + WEEK)
    scores = score_examples(scorer, tables, examples, most_reasons=0)
    with ScoreLog(folder) as log:
        ids = leads["lead_id"].tolist()
        as_of = scores.subjects.past.as_of
        log.add(lines_of(ids, matrix=scores.matrix, as_of=as_of, probability=scores.worth.score))
    return together(read_log(folder))


def rebuilt(scorer: Scorer, told: Tables, source: Tables, folder: Path) -> Rebuilt:
    return check_features(log_of(scorer, told, folder), scorer, source, read_key(folder))


def with_attribute(tables: Tables, name: str, lead_id: str, value: object) -> Tables:
    leads = tables.leads
    changed = leads[name].mask(leads["lead_id"] == lead_id, value)
    return dataclasses.replace(tables, leads=leads.assign(**{name: changed}))


def first_with_views(tables: Tables) -> str:
    """The first lead that viewed the pricing page within a week."""
    events = tables.events[tables.events["event_type"] == "pricing_page_view"]
    created = events["lead_id"].map(tables.leads.set_index("lead_id")["created_at"])
    early = set(events["lead_id"][events["known_at"] < created + WEEK])
    return next(lead for lead in tables.leads["lead_id"] if lead in early)


def test_a_source_that_tells_what_the_request_told_differs_in_nothing(
    scorer: Scorer, tables: Tables, folder: Path
) -> None:
    found = rebuilt(scorer, tables, tables, folder)
    assert (found.compared, found.absent, found.later) == (50, 0, 0)
    assert len(found.differing) == 0
    assert len(found.shifts) == 0


def test_a_changed_attribute_without_a_history_is_found(
    scorer: Scorer, tables: Tables, folder: Path
) -> None:
    before = tables.leads["industry"][3]
    after = "Health" if before != "Health" else "Retail"
    source = with_attribute(tables, "industry", "L3", after)
    found = rebuilt(scorer, tables, source, folder)
    (row,) = found.differing.to_dict("records")
    assert (row["lead_id"], row["feature"]) == ("L3", "industry")
    assert before in row["logged_words"]
    assert after in row["rebuilt_words"]
    assert row["cause"] == rebuild.NO_HISTORY
    assert found.shifts.shape == (1,)


def test_what_is_known_on_one_side_only_is_found(
    scorer: Scorer, tables: Tables, folder: Path
) -> None:
    known = tables.leads["lead_id"][tables.leads["employees"].notna()][:2].tolist()
    told = with_attribute(tables, "employees", known[0], np.nan)
    source = with_attribute(tables, "employees", known[1], np.nan)
    rows = rebuilt(scorer, told, source, folder).differing.set_index("lead_id")
    assert rows["cause"].to_dict() == {known[0]: rebuild.NOT_TOLD, known[1]: rebuild.NOT_KNOWN}


def test_an_attribute_whose_history_came_later_is_found(
    scorer: Scorer, tables: Tables, folder: Path
) -> None:
    lead = tables.leads["lead_id"][tables.leads["employees"].notna()].iloc[0]
    created = tables.leads.set_index("lead_id")["created_at"][lead]
    history = pd.DataFrame(
        {
            "lead_id": pd.Series([lead], dtype="str"),
            "valid_from": [created],
            "employees": [7_000.0],
        }
    )
    source = dataclasses.replace(tables, attributes=history)
    (row,) = rebuilt(scorer, tables, source, folder).differing.to_dict("records")
    assert (row["lead_id"], row["rebuilt"], row["cause"]) == (lead, 7_000, rebuild.HISTORY)


def test_events_that_came_late_and_events_that_only_the_request_told_are_told_apart(
    scorer: Scorer, tables: Tables, folder: Path
) -> None:
    lead = first_with_views(tables)
    without = dataclasses.replace(tables, events=tables.events[tables.events["lead_id"] != lead])
    late = rebuilt(scorer, without, tables, folder).differing
    own = rebuilt(scorer, tables, without, folder.parent / "other").differing
    for rows, cause in ((late, rebuild.MORE), (own, rebuild.FEWER)):
        of_events = rows[rows["feature"].str.startswith("pricing_page_view")]
        assert len(of_events) > 2
        assert {"pricing_page_view_count_ever", "pricing_page_view_days_since_last"} <= set(
            of_events["feature"]
        )
        assert set(of_events["cause"]) == {cause}
        assert set(rows["lead_id"]) == {lead}


def test_another_time_of_creation_is_found(scorer: Scorer, tables: Tables, folder: Path) -> None:
    created = tables.leads["created_at"]
    earlier = created.mask(tables.leads["lead_id"] == "L5", created - DAY)
    source = dataclasses.replace(tables, leads=tables.leads.assign(created_at=earlier))
    rows = rebuilt(scorer, tables, source, folder).differing
    (row,) = rows[rows["feature"].str.endswith("tenure_days")].to_dict("records")
    assert (row["lead_id"], row["cause"]) == ("L5", rebuild.CREATED)
    assert row["rebuilt"] - row["logged"] == pytest.approx(1)


def test_a_tampered_vector_is_found(scorer: Scorer, tables: Tables, folder: Path) -> None:
    log = log_of(scorer, tables, folder)
    vectors = log["features"].to_pylist()
    place = scorer.catalog.names.index("employees")
    vectors[11][place] = 12_345.0
    column = log.schema.get_field_index("features")
    forged = log.set_column(column, "features", [pa.array(vectors, pa.list_(pa.float64()))])
    found = check_features(forged, scorer, tables, read_key(folder))
    (row,) = found.differing.to_dict("records")
    assert (row["lead_id"], row["feature"], row["logged"]) == ("L11", "employees", 12_345)


def test_leads_that_the_source_lacks_or_does_not_know_yet_are_counted(
    scorer: Scorer, tables: Tables, folder: Path
) -> None:
    gone = tables.leads[~tables.leads["lead_id"].isin(["L2", "L4"])].reset_index(drop=True)
    last = tables.leads["created_at"][49] + WEEK
    source = dataclasses.replace(tables, leads=gone, end=last - pd.Timedelta(1, "us"))
    found = rebuilt(scorer, tables, source, folder)
    assert (found.compared, found.absent, found.later) == (47, 2, 1)
    assert len(found.differing) == 0


def test_where_no_lead_is_in_the_source_nothing_is_compared(
    scorer: Scorer, tables: Tables, folder: Path
) -> None:
    source = dataclasses.replace(tables, leads=tables.leads[100:].reset_index(drop=True))
    found = rebuilt(scorer, tables, source, folder)
    assert (found.compared, found.absent, len(found.differing)) == (0, 50, 0)


def test_a_source_without_dates_is_refused(scorer: Scorer, tables: Tables, folder: Path) -> None:
    undated = dataclasses.replace(tables, clock="sequence")
    with pytest.raises(DataError, match="where the source has dates"):
        rebuilt(scorer, tables, undated, folder)
