"""How does what is known of a model become one HTML file that opens anywhere? It is written here.

The file needs no network and no other file. Every text of the data is escaped, and a content policy
in the head forbids the browser to fetch anything, or to run any script but ours, by their hashes.
"""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from leadml.drafts import in_place_of
from leadml.pages.card import About
from leadml.pages.environment import pages
from leadml.pages.words import SCORERS, capitalised, outcome_words, percent
from leadml.people import hide_people
from training.report.charts.drivers import driver_chart, pair_chart, weights_chart
from training.report.charts.reliability import reliability_chart
from training.report.charts.sorting import wins_chart
from training.report.drivers import Drivers, pick_drivers
from training.report.funnel import read_funnel
from training.report.glossary import read_glossary
from training.report.health import HealthPage, read_health
from training.report.judgement import (
    believe,
    counted_examples,
    is_dated,
    other_horizons,
    undated_warnings,
    unseen,
    warnings,
    what_is_predicted,
)
from training.report.leads import read_open_leads
from training.report.lines import Lines, read_lines
from training.report.minute import Today, read_minute
from training.report.past_page import read_past
from training.report.record import read_record
from training.report.review import ReviewPage
from training.report.since import Since, read_since
from training.report.summary import build_summary
from training.report.tables import Card, compared, figure_rows, range_rows, wins_points
from training.report.told import Told
from training.review import Review

FOLDER = Path(__file__).parent

SCRIPTS = ("tables.js", "leads.js", "lines.js")
"""All that a page may run, in this order."""


@dataclass(frozen=True, slots=True)
class Charts:
    """The pictures of one report; ``drivers`` and ``pairs`` in the order they are shown."""

    wins: Markup
    reliability: Markup
    weights: Markup
    drivers: tuple[Markup, ...]
    pairs: tuple[Markup, ...]


def write_report(path: Path, told: Told) -> None:
    """Writes the report of one model; a file already there is replaced in one step.

    Args:
        path: of the HTML file; its folder is made.
        told: what it is made from.
    """
    _write(path, build_page(told))


def write_summary(path: Path, told: Told, *, where: str) -> None:
    """Writes the report in a few lines of Markdown; a file already there is replaced.

    Args:
        path: of the file; its folder is made.
        told: what it is made from.
        where: the path or address of the report.
    """
    told = _for_readers(told)
    today = _today(told, _since(told), read_health(told.card, told.health))
    _write(path, build_summary(told.card, today, version=told.version, where=where))


def write_backtest(path: Path, *, about: Card, backtest: Mapping[str, Any]) -> None:
    """Writes the replayed past as a page of its own; a file already there is replaced in one step.

    Args:
        path: of the HTML file; its folder is made.
        about: what is predicted, as `training.train.about` says it.
        backtest: the plain data of a `training.backtest.Backtest`.
    """
    _write(path, build_backtest(about, backtest))


def write_review(path: Path, *, card: Card, review: Review, said: ReviewPage) -> None:
    """Writes the review of a quarter; a file already there is replaced in one step.

    Args:
        path: of the HTML file; its folder is made.
        card: of the champion.
        review: what happened.
        said: the same in words.
    """
    _write(path, build_review_page(card, review, said))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with in_place_of(path, path.with_name(f".{path.name}.{os.getpid()}.tmp")) as draft:
        draft.write_bytes(text.encode("utf-8", "replace"))


def build_page(told: Told) -> str:
    """The report as HTML text."""
    told = _for_readers(told)
    card = told.card
    evaluation, since, health = card["evaluation"], _since(told), read_health(card, told.health)
    drivers = pick_drivers(
        card["drivers"],
        examples=evaluation["n"],
        interactions=card.get("interactions"),
        columns=_columns(card),
        events={name: event["many"] for name, event in card["config"]["events"].items()},
    )
    return _rendered(
        "page.html",
        card=card,
        version=told.version,
        dated=is_dated(card),
        predicted=what_is_predicted(card),
        words=outcome_words(card["outcome"]),
        warnings=warnings(card),
        minute=read_minute(card, _today(told, since, health)),
        examples=counted_examples(card),
        unseen=unseen(card),
        average=percent(evaluation["converted"] / evaluation["n"]),
        since=since,
        drivers=drivers,
        charts=_charts(card, drivers),
        scorers=[capitalised(SCORERS.get(name, name)) for name in compared(card)],
        figures=figure_rows(card),
        belief=believe(evaluation),
        reliability=range_rows(evaluation["reliability"]),
        ranges=range_rows(evaluation["ranges"]),
        horizons=other_horizons(card),
        past=read_past(card, card["backtest"]) if card.get("backtest") else None,
        alone=False,
        funnel=None if told.funnel is None else read_funnel(told.funnel, outcome=card["outcome"]),
        lines=_lines(told),
        open=read_open_leads(
            told.open_leads, About.of(card, told.base), similar=told.similar, names=told.names
        ),
        health=health,
        record=read_record(
            card, version=told.version, origin=told.origin or None, run_id=told.run_id
        ),
        glossary=read_glossary(card),
    )


def build_backtest(about: Card, backtest: Mapping[str, Any]) -> str:
    """The replayed past as HTML text; arguments as in `write_backtest`."""
    about, backtest = hide_people((about, backtest))
    return _rendered(
        "backtest.html",
        about=about,
        dated=is_dated(about),
        predicted=what_is_predicted(about),
        words=outcome_words(about["outcome"]),
        warnings=undated_warnings(about),
        past=read_past(about, backtest),
        alone=True,
    )


def build_review_page(card: Card, review: Review, said: ReviewPage) -> str:
    """The review of a quarter as HTML text; arguments as in `write_review`."""
    card, review, said = hide_people((card, review, said))
    words = outcome_words(card["outcome"])
    judged = None if review.evaluation is None else review.evaluation.to_json()
    return _rendered(
        "review.html",
        about=card,
        predicted=what_is_predicted(card),
        words=words,
        warnings=undated_warnings(card),
        review=said,
        judged=judged,
        ranges=range_rows(judged["ranges"]) if judged else [],
        reliability=reliability_chart(judged["reliability"], past=words.past_many)
        if judged
        else Markup(),
    )


def _rendered(template: str, **told: Any) -> str:
    """A page with our scripts in it, and a policy that lets no other run."""
    scripts = [Markup((FOLDER / name).read_text(encoding="utf-8")) for name in SCRIPTS]  # noqa: S704
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src {_hashes(scripts)}"
    page = pages(FOLDER).get_template(template)
    return page.render(**told, scripts=scripts, policy=Markup(policy))  # noqa: S704 - ours


def _hashes(scripts: Sequence[str]) -> str:
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _for_readers(told: Told) -> Told:
    """What may be told of people: all of it only where names were asked for."""
    if told.names is not None:
        return told
    return replace(hide_people(replace(told, similar={})), similar=told.similar)


def _today(told: Told, since: Since | None, health: HealthPage) -> Today:
    """What the first minute knows beside the card."""
    return Today(
        told.open_leads,
        told.won_leads,
        "" if since is None else since.sentence,
        None if told.lines is None else told.lines.plan,
        health.mend,
    )


def _since(told: Told) -> Since | None:
    before = told.before
    if before is None:
        return None
    return read_since(
        told.card,
        before.card,
        version=before.version,
        gate=before.gate,
        changes=before.changes,
    )


def _lines(told: Told) -> Lines | None:
    own = told.lines
    if own is None:
        return None
    return read_lines(own, told.card)


def _columns(card: Card) -> list[str]:
    """The attribute columns that were given and not refused."""
    refused = {row["column"] for row in card["leaks"] if row["verdict"] == "leak"}
    allowed = set(card["config"]["attributes"]["allow"])
    return [row["column"] for row in card["leaks"] if row["column"] not in refused - allowed]


def _charts(card: Card, drivers: Drivers) -> Charts:
    evaluation, words = card["evaluation"], outcome_words(card["outcome"])
    average = 100 * evaluation["converted"] / evaluation["n"]
    top = max([average, *(band.upper for d in drivers.shown for band in d.bands)])
    pairs = drivers.together.pairs if drivers.together else ()
    return Charts(
        wins_chart(wins_points(card), many=words.many),
        reliability_chart(evaluation["reliability"], past=words.past_many),
        weights_chart(drivers.shown) if drivers.shown else Markup(),
        tuple(
            driver_chart(driver, average=average, past=words.past_many, top=top)
            for driver in drivers.shown
        ),
        tuple(pair_chart(pair, past=words.past_many) for pair in pairs),
    )
