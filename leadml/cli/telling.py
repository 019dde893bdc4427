"""What is known of a model on the day its report is written? Gathered from all rooms."""

from typing import TYPE_CHECKING, Any

from leadml.cli.rooms import (
    choose_examples,
    load_tables,
    open_registry,
    open_scorer,
    take_known,
)
from leadml.cli.scoring import choose_scorer
from leadml.cli.terminal import warn
from leadml.errors import ConfigError, LeadmlError, SignalError

if TYPE_CHECKING:
    import pandas as pd

    from leadml.config import Config
    from leadml.tables import Tables
    from serving.scorer import Scorer
    from serving.scores import Scores
    from training.registry.local import Logged, Registry
    from training.report.leads import Names
    from training.report.told import Before, Told, Tried


def tell(
    config: "Config", *, version: str = "", as_of: str = "", with_names: bool = False
) -> "Told":
    """All that a report is made from.

    Args:
        config: where the tables and the registry are.
        version: a version or alias; the champion if empty.
        as_of: the moment to look from; the end of the data if empty.
        with_names: whether leads are called by the columns of ``attributes.names``.

    Raises:
        LeadmlError: there is no such model, or the tables cannot be used.
    """
    from leadml.moments import first_time
    from serving.scoring import score_examples
    from training.funnel.measure import measure_funnel
    from training.health.measure import measure_health
    from training.neighbours import find_similar
    from training.report.leads import MOST_CARDS
    from training.report.told import Told

    tables = take_known(load_tables(config), as_of)
    scorer = choose_scorer(config, version, tables)
    if scorer.table is not None:
        msg = "A report needs a model, but there are too few outcomes for one. Score by points."
        raise SignalError(msg)
    registry = open_registry(config)
    logged = registry.logged(scorer.version)
    chosen = choose_examples(tables, as_of, None)
    scores = score_examples(scorer, tables, chosen, most_reasons=0)
    leads = _open_leads(scorer, scores, tables)
    ranked = leads.dropna(subset="probability").sort_values(
        ["probability", "lead_id"], ascending=[False, True]
    )
    likely = ranked[["lead_id", "as_of"]].head(MOST_CARDS).reset_index(drop=True)
    leads = leads.assign(reasons=_reasons(scorer, tables, likely, leads["lead_id"]))
    outcome = config.label.outcome
    won = first_time(tables, tables.leads["lead_id"], outcome).notna().sum()
    horizon = config.label.horizon_days
    return Told(
        scorer.model.card,
        scorer.version,
        leads,
        base=scores.base,
        similar=find_similar(scorer.model, scorer.catalog, tables, config, likely),
        names=_names(config, tables) if with_names else None,
        run_id=logged.run_id,
        origin=logged.origin,
        won_leads=int(won),
        before=_before(config, registry, logged, scores, tables),
        funnel=measure_funnel(tables, logged.judged, leads, horizon_days=horizon),
        lines=_lines(config, scorer, tables, logged),
        health=measure_health(tables, scorer.model, config),
    )


def _open_leads(scorer: "Scorer", scores: "Scores", tables: "Tables") -> "pd.DataFrame":
    """The scores of open leads, with where each came from and what is not known of it."""
    import numpy as np
    import pandas as pd

    from training.funnel.acceptance import last_answers

    leads = scores.for_people()
    past, columns = scores.subjects.past, scorer.judged_columns
    absent = {name: past.attribute(name).missing for name in columns}
    missing = [[name for name in columns if absent[name][k]] for k in range(len(leads))]
    answer = last_answers(tables, leads["lead_id"])
    leads = leads.assign(missing=pd.Series(missing, dtype=object), answer=answer)
    if "source" not in tables.leads:
        return leads
    source = tables.leads.set_index("lead_id")["source"]
    return leads.assign(source=leads["lead_id"].map(source).replace("", np.nan))


def _reasons(
    scorer: "Scorer", tables: "Tables", likely: "pd.DataFrame", lead_ids: "pd.Series[str]"
) -> "pd.Series[Any]":
    """The reasons of the leads that get a card; none of the others."""
    import pandas as pd

    from leadml.pages.reasons import MOST_REASONS
    from serving.scoring import score_examples

    reasons: dict[str, Any] = {}
    if len(likely):
        said = score_examples(scorer, tables, likely, most_reasons=MOST_REASONS).for_people()
        reasons = dict(zip(said["lead_id"], said["reasons"], strict=True))
    return pd.Series([reasons.get(lead, []) for lead in lead_ids], lead_ids.index, dtype=object)


def _names(config: "Config", tables: "Tables") -> "Names":
    """What each lead is called."""
    columns = config.attributes.names
    absent = [name for name in columns if name not in tables.leads]
    if not columns or absent:
        got = f"no {', '.join(absent)}" if absent else "none named"
        msg = (
            f"Names must stand in columns of the leads that attributes.names lists, got {got}. "
            'Set names = ["first_name", "company"] under [attributes], or leave out --with-names.'
        )
        raise ConfigError(msg)
    texts = tables.leads[list(columns)].astype("str").fillna("")
    rows = texts.itertuples(index=False)
    return {
        lead: tuple(filter(None, row))
        for lead, row in zip(tables.leads["lead_id"], rows, strict=True)
    }


def _before(
    config: "Config", registry: "Registry", logged: "Logged", scores: "Scores", tables: "Tables"
) -> "Before":
    """The champion that the model was compared with when it was made."""
    from serving.scoring import score_examples
    from training.gate import list_changes
    from training.report.told import Before

    gate, number = logged.gate.to_json(), logged.gate.champion
    if not number:
        return Before(gate=gate)
    asked = scores.table[["lead_id", "as_of"]]
    former = open_scorer(config, number)
    table = score_examples(former, tables, asked, most_reasons=0).table
    changes = list_changes(table, scores.table)
    return Before(number, registry.logged(number).card, gate, changes)


def _lines(config: "Config", scorer: "Scorer", tables: "Tables", logged: "Logged") -> "Tried":
    """What lines for sales are tried on; all looks where no lead could be called by the policy."""
    from leadml.cli.looks import policy_looks
    from training.report.told import Tried
    from training.thresholds import draw_plan

    capacity, judged = config.capacity, logged.judged
    by = capacity.by if capacity is not None else ""
    seed = config.training.seed
    try:
        looks, of = policy_looks(scorer.model, tables, judged, by=by, everybody=False), len(judged)
    except LeadmlError as error:
        warn(f"lines are tried on every lead. {error}")
        looks, of = policy_looks(scorer.model, tables, judged, everybody=True), 0
    plan, unplanned = None, ""
    if capacity is not None:
        try:
            plan = draw_plan(looks, capacity, seed=seed)
        except LeadmlError as error:
            unplanned = f"The capacity that is set gives no plan. {error}"
    return Tried(looks, of, plan, unplanned, seed)
