"""What does a page say of the funnel in sentences? What the data cannot tell is said, too."""

from leadml.pages.words import (
    capitalised,
    counted,
    date_words,
    joined,
    outcome_words,
    percent,
)
from training.funnel.acceptance import LONG_DAYS, Acceptance
from training.funnel.measure import Funnel, Volume
from training.funnel.quarters import Quarters
from training.funnel.source_scores import LEAST_LEADS, SourceScores
from training.funnel.stage_rates import Cohort, StageRates
from training.report.funnel_tables import beside_rows, range_names
from training.report.funnel_words import (
    Said,
    difference_said,
    from_to,
    last_day,
    multiple_said,
    quoted,
    share_said,
    share_words,
    source_name,
    stage_name,
    stages_of,
)

NOTHING_CHANGED = "Nothing changed by more than chance brings."


def quarter_said(funnel: Funnel) -> str:
    """Which quarters are compared, and how; or why none are."""
    quarters = funnel.quarters
    if not funnel.dated:
        return (
            "The data have no dates, so quarters cannot be told apart: leads that came, stages, "
            "the answers of sales and costs are left out."
        )
    if quarters is None:
        return "No lead came, so there is nothing to count."
    this, last = quarters.this, quarters.last
    said = f"This quarter is {this.name}, {from_to(this.start, this.end)}."
    if quarters.begun:
        said += f" {quarters.begun} has only just begun and is left out."
    if quarters.running:
        said = (
            f"This quarter is {this.name}. It is not over: the data end after "
            f"{date_words(str(last_day(this.end)))}."
        )
    if last is None:
        return f"{said} The data hold no whole quarter before it to compare with."
    if not quarters.running:
        return f"{said} It is held against {last.name}, {from_to(last.start, last.end)}."
    return (
        f"{said} Its first {counted(round(this.days), 'day', 'days')} are held against the first "
        f"{counted(round(last.days), 'day', 'days')} of {last.name}."
    )


def changes_said(funnel: Funnel) -> list[str]:
    """What changed from the last quarter by more than chance brings."""
    quarters = funnel.quarters
    if quarters is None or quarters.last is None or funnel.volume is None:
        return []
    found = _more_leads(funnel.volume, quarters)
    beside = None if funnel.stages is None else funnel.stages.beside
    if funnel.stages is not None and beside is not None:
        days = counted(beside.within_days, "day", "days")
        for row in beside_rows(beside, funnel.stages.stages):
            if row.change.mark:
                went = "up" if row.change.mark == "more" else "down"
                found.append(
                    f"{row.step} went {went}: {row.this.value} within {days}, {row.last.value} the "
                    f"quarter before ({row.change.value}, {row.change.interval})."
                )
    won = None if funnel.revenue is None else multiple_said(funnel.revenue.change)
    if won is not None and won.mark:
        found.append(_changed("leads were won", won, quarters))
    answers = funnel.acceptance
    if answers is not None and answers.this is not None and answers.last is not None:
        change = difference_said(answers.change)
        if change.mark:
            found.append(
                f"Sales took {change.mark} of the leads it answered on: "
                f"{share_said(answers.this).value}, {share_said(answers.last).value} the quarter "
                f"before ({change.value}, {change.interval})."
            )
    return found or [NOTHING_CHANGED]


def _more_leads(volume: Volume, quarters: Quarters) -> list[str]:
    changes = [("leads came", multiple_said(volume.change))]
    changes += [
        (f"leads came from {quoted(row.source.name) or source_name(row.source).lower()}", said)
        for row in volume.sources
        for said in [multiple_said(row.change)]
    ]
    return [_changed(what, said, quarters) for what, said in changes if said.mark]


def _changed(what: str, said: Said, quarters: Quarters) -> str:
    if said.mark == "more" and said.value == "new":
        return f"New this quarter: {what}, none the quarter before."
    a_day = "" if quarters.running else " a day"
    return (
        f"{capitalised(said.mark)} {what}{a_day} than the quarter before: {said.value} "
        f"({said.interval})."
    )


def stages_said(funnel: Funnel) -> list[str]:
    """How far leads get, what is implied and which stages are not recorded."""
    rates = funnel.stages
    if funnel.quarters is None:
        return []
    if rates is None:
        return [
            "The outcomes record no stage after lead, so nothing can be said of how far leads get."
        ]
    days = counted(rates.within_days, "day", "days")
    found = []
    if rates.together is None:
        found.append(
            f"No lead has been known for {days} yet: how far leads get in that time cannot be told."
        )
    else:
        found.append(_how_far(rates, rates.together, days))
    if len(rates.stages) > 1:
        found.append(
            "A later stage implies the earlier ones: a customer was at all of them, whoever "
            "forgot to say so."
        )
    if rates.absent:
        names = joined([stage_name(stage) for stage in rates.absent])
        verb = "is left out: it is" if len(rates.absent) == 1 else "are left out: they are"
        found.append(f"{names} {verb} not recorded.")
    return found


def _how_far(rates: StageRates, cohort: Cohort, days: str) -> str:
    leads = counted(cohort.leads, "lead", "leads")
    parts = []
    for k, (stage, step) in enumerate(zip(rates.stages, cohort.steps, strict=True)):
        if step.value is None:
            break
        before = "" if k == 0 else f" of the {stages_of(rates.stages[k - 1])}"
        parts.append(f"{share_words(step)}{before} became {stages_of(stage)}")
    said = (
        f"{leads} came from {from_to(cohort.start, cohort.end)}. Within {days} of arriving, "
        f"{joined(parts)}"
    )
    if len(rates.stages) > 1 and cohort.through.value is not None:
        goal = f"became {stages_of(rates.stages[-1])}"
        said += f"; of all leads {share_words(cohort.through)} {goal}"
    return f"{said}. Younger leads have not had that time and are not counted."


def beside_said(funnel: Funnel) -> str:
    """Which leads of both quarters are compared, or that it is too early; "" without a last one."""
    rates, quarters = funnel.stages, funnel.quarters
    if rates is None or quarters is None or quarters.last is None:
        return ""
    if rates.beside is None:
        return (
            f"It is too early to say how far the leads of {quarters.this.name} get beside those of "
            f"{quarters.last.name}."
        )
    beside = rates.beside
    days = counted(beside.within_days, "day", "days")
    return (
        f"To be fair to young leads, both quarters are judged {days} after arrival: leads that "
        f"came from {from_to(beside.this.start, beside.this.end)} beside those from "
        f"{from_to(beside.last.start, beside.last.end)}."
    )


def answers_said(funnel: Funnel) -> list[str]:
    """What sales answered in both quarters, and who waits."""
    answers, quarters = funnel.acceptance, funnel.quarters
    if answers is None or quarters is None:
        return []
    if not answers.recorded:
        text = "Whether sales takes the leads it gets is not recorded: the outcomes hold neither a "
        return [f"{text}yes of sales (sales accepted) nor a no (sales rejected)."]
    found = [_waiting(answers)] if answers.waiting is not None else []
    if answers.this is None:
        told = "sales_accepted" in answers.recorded
        one, other = ("a yes", "a no") if told else ("a no", "a yes")
        text = f"Sales records {one} but never {other}, so nobody can tell {other} from no answer"
        return [f"{text}: no share is shown.", *found]
    this, last = quarters.this, quarters.last
    if not answers.this.n:
        said = f"In {this.name} sales answered on no lead"
    else:
        n = counted(answers.this.n, "lead", "leads")
        said = f"In {this.name} sales first answered on {n} and took {share_words(answers.this)}"
    if last is not None and answers.last is not None and answers.last.n:
        n = counted(answers.last.n, "lead", "leads")
        days = " in as many days" if quarters.running else ""
        said += f"; in {last.name}{days}, {share_words(answers.last)} of {n}"
    said += ". The first answer counts."
    change = difference_said(answers.change)
    if change.value:
        more = "more than" if change.mark else "within what"
        said += (
            f" The difference, {change.value} ({change.interval}), is {more} chance alone brings."
        )
    return [said, *found]


def _waiting(answers: Acceptance) -> str:
    if not answers.waiting:
        return "No lead that the data record as SQL waits for an answer."
    verb = "waits" if answers.waiting == 1 else "wait"
    leads = counted(answers.waiting, "lead", "leads")
    said = f"{leads} that the data record as SQL {verb} for an answer"
    if not answers.waiting_long:
        return f"{said}, none for more than {LONG_DAYS} days."
    if answers.waiting == answers.waiting_long == 1:
        return f"{said}, for more than {LONG_DAYS} days."
    return f"{said}, {answers.waiting_long:,} of them for more than {LONG_DAYS} days."


def scores_said(funnel: Funnel) -> list[str]:
    """How many open leads have a score."""
    scores = funnel.scores
    if not scores.scored + scores.unscored:
        return ["No lead is open in these data."]
    said = f"{counted(scores.scored, 'open lead has', 'open leads have')} a score."
    if scores.unscored:
        verb = "has none and is" if scores.unscored == 1 else "have none and are"
        said += f" {scores.unscored:,} {verb} not shown."
    if not funnel.dated:
        said += " Without dates, every lead that did not convert counts as open."
    return [said]


def heat_said(funnel: Funnel, outcome: str) -> list[str]:
    """What the table of sources and scores shows, and which cells stand out."""
    found = funnel.by_source
    if not funnel.has_source:
        return ["Leads have no source, so conversion cannot be told by source."]
    if found is None:
        return ["No lead was judged, so conversion cannot be told by source."]
    past = outcome_words(outcome).past_many
    leads = counted(found.every.leads, "lead", "leads")
    said = (
        f"Of {leads} at moments the model had not learned from: the share that {past}, by source "
        "and by the probability the model gave. Where like scores convert alike in every source, "
        "the source adds nothing to the score. A lead looked at several times can stand in several "
        "ranges. "
        f"Shares of fewer than {LEAST_LEADS} leads are not shown."
    )
    return [said, *_apart(found)]


def _apart(found: SourceScores) -> list[str]:
    if len(found.rows) < 2:
        return []
    names = range_names(found.edges)
    said = []
    for side, verb in ((1, "more"), (-1, "less")):
        cells = [
            f"{quoted(row.source.name) or source_name(row.source).lower()} at {name} "
            f"({percent(cell.rate)}, n {cell.leads:,})"
            for row in found.rows
            for name, cell in zip(names, row.cells, strict=True)
            if cell.apart == side and cell.rate is not None
        ]
        if cells:
            said.append(f"Converted {verb} often than all leads of like score: {joined(cells)}.")
    judged = "The intervals in the table are each cell's own; here all cells are judged together."
    none = "No source differs from all leads of like score by more than chance brings."
    return [" ".join([*(said or [none]), judged])]
