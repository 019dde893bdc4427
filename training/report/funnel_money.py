"""What does a page say of what wins brought and of what leads cost? Sentences and tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadml.pages.words import counted, date_words, joined
from training.funnel.deals import Deals, Revenue
from training.funnel.measure import Funnel
from training.funnel.quarters import Stretch, is_over, next_quarter, quarter_start
from training.funnel.spending import Cost, Price, Priced, Spending
from training.report.funnel_words import (
    Said,
    day_words,
    last_day,
    listed_sources,
    money,
    money_range,
    months_words,
    multiple_said,
    source_name,
    stage_name,
)


@dataclass(frozen=True, slots=True)
class DealsRow:
    """A quarter in which deals closed; ``unpriced`` is "" where every win has an amount."""

    name: str
    won: str
    revenue: str
    average: Said
    unpriced: str


@dataclass(frozen=True, slots=True)
class CostRow:
    """What leads of a source cost, and what each at a stage cost: in time, and so far."""

    name: str
    spent: str
    lead: Said
    in_time: tuple[Said, ...]
    so_far: tuple[Said, ...]


def revenue_said(funnel: Funnel) -> list[str]:
    """What wins brought in both quarters, and how many have no amount; empty without wins."""
    revenue, quarters = funnel.revenue, funnel.quarters
    if revenue is None or quarters is None:
        return []
    if revenue.this is None:
        return ["What wins bring is not known: no win has an amount."]
    said = f"{_named(revenue.this.closed)}: {_brought(revenue.this)}."
    if revenue.last is not None:
        days = ", in as many days" if quarters.running else ""
        said += f" {revenue.last.closed.name}{days}: {_brought(revenue.last)}."
    said += " A win counts when it closed, whenever the lead came."
    change = multiple_said(revenue.change)
    if change.value and change.value != "new":
        more = "more than" if change.mark else "within what"
        said += f" Leads won a day: {change.value} ({change.interval}), {more} chance alone brings."
    return [said, *_unpriced_said(revenue), "Amounts are in your own currency."]


def revenue_rows(revenue: Revenue) -> tuple[DealsRow, ...]:
    """The quarters of closing, oldest first."""
    some = any(row.unpriced for row in revenue.quarters)
    return tuple(
        DealsRow(
            _named(row.closed),
            f"{row.won:,}" if row.won else "none",
            money(row.revenue),
            Said(money(row.average), "", f"n {row.priced:,}"),
            f"{row.unpriced:,}" if some else "",
        )
        for row in revenue.quarters
    )


def cost_heads(spending: Spending) -> list[str]:
    """The stages that are priced, as heads of columns."""
    return [f"For each {_one(stage)}" for stage in spending.stages]


def cost_captions(spending: Spending) -> tuple[str, str]:
    """What the tables of costs count: in time, and so far."""
    days = counted(spending.within_days, "day", "days")
    in_time = f"for each lead that came and for each that reached a stage within {days} of arriving"
    so_far = f"that has reached a stage so far, until {_end(spending)}, however long it took"
    level = "in brackets 90\u00a0% intervals"
    return (
        f"Spent by source, {in_time}; {level}",
        f"The same spend for each lead of the same months {so_far}; {level}",
    )


def costs_said(funnel: Funnel) -> list[str]:
    """What was spent on how many leads, what does not match, and both quarters."""
    if funnel.quarters is None:
        return []
    if not funnel.has_spend:
        return ["What was spent is not known: there is no table of spend."]
    if not funnel.has_source:
        return ["There is a table of spend, but leads have no source to hold it against."]
    spending = funnel.spending
    if spending is None:
        return ["The table of spend holds no whole month within these data."]
    found = [*_priced_said(spending), *_quarters_cost(spending)]
    return [*found, "Amounts are in the currency of the table of spend."]


def cost_rows(priced: Priced) -> tuple[CostRow, ...]:
    """Each source with spend, all of them, and all leads where some came without spend."""
    rows = [_cost_row(source_name(row.source), row.cost) for row in priced.sources]
    if len(rows) > 1:
        rows.append(_cost_row("All with spend", priced.paid))
    if priced.unpaid_leads:
        rows.append(_cost_row("The same spend over all leads", priced.every))
    return tuple(rows)


def _named(closed: Stretch) -> str:
    """A quarter, with the days it is cut to by the data."""
    start = quarter_start(closed.start)
    late, over = closed.start > start, is_over(next_quarter(start), closed.end)
    begun = f", from {day_words(closed.start)}" if late else ""
    ended = "" if over else f", until {day_words(last_day(closed.end))}"
    return f"{closed.name}{begun}{ended}"


def _brought(deals: Deals) -> str:
    if not deals.won:
        return "no lead was won"
    verb = "was" if deals.won == 1 else "were"
    said = f"{counted(deals.won, 'lead', 'leads')} {verb} won"
    if deals.revenue is None:
        return f"{said}, without an amount"
    said += f" for {money(deals.revenue)}"
    if deals.priced > 1:
        said += f", on average {money(deals.average)} a deal"
    return f"{said}, {deals.unpriced:,} without an amount" if deals.unpriced else said


def _unpriced_said(revenue: Revenue) -> list[str]:
    unpriced = sum(row.unpriced for row in revenue.quarters)
    if not unpriced:
        return []
    of = counted(unpriced + sum(row.priced for row in revenue.quarters), "win", "wins")
    verb = "has no amount and is" if unpriced == 1 else "have no amount and are"
    return [f"Of the {of} in the table {unpriced:,} {verb} not in the revenue."]


def _priced_said(spending: Spending) -> list[str]:
    days = counted(spending.within_days, "day", "days")
    priced = spending.priced
    if priced is None:
        return [f"No month with spend is so old that all its leads have been known for {days}."]
    months = months_words(priced.start, priced.end)
    found = [
        f"{counted(priced.months, 'month', 'months')} with spend ({months}): {_spent(priced.paid)}."
    ]
    fair = _each_said(spending, priced.paid.in_time)
    if fair:
        found.append(f"Counted within {days} of arriving: {fair}.")
    later = _each_said(spending, priced.paid.so_far)
    if later:
        found.append(
            f"Counted so far, until {_end(spending)}: {later}. More of the same leads may still "
            "get there, so these costs can only fall."
        )
    return [*found, *_unmatched(priced)]


def _end(spending: Spending) -> str:
    return date_words(str(last_day(spending.end)))


def _each_said(spending: Spending, prices: Sequence[Price]) -> str:
    return joined(
        [
            f"{money(price.value)} for each {_one(stage)} "
            f"({money_range(price.lower, price.upper, like=price.value)}; n {price.count:,})"
            for stage, price in zip(spending.stages, prices, strict=True)
            if price.value is not None
        ]
    )


def _unmatched(priced: Priced) -> list[str]:
    found = []
    if priced.leadless:
        names = listed_sources(priced.leadless)
        found.append(
            f"Money was spent on {names}, but no lead of these months has that source: is it "
            "written the same way in both tables?"
        )
    if priced.unpaid_leads:
        leads = counted(priced.unpaid_leads, "lead", "leads")
        names = listed_sources(priced.unpaid)
        found.append(f"{leads} came from sources without spend: {names}.")
    return found


def _quarters_cost(spending: Spending) -> list[str]:
    if spending.this is None:
        return []
    this, last = spending.this, spending.last
    said = f"This quarter, {months_words(this.start, this.end)}: {_spent(this.cost)}."
    if last is not None:
        said += f" The quarter before, {months_words(last.start, last.end)}: {_spent(last.cost)}."
    return [said]


def _spent(cost: Cost) -> str:
    said = f"{money(cost.spent)} spent on {counted(cost.leads, 'lead', 'leads')}"
    return said if cost.each is None else f"{said}, {money(cost.each)} for each"


def _one(stage: str) -> str:
    return "customer" if stage == "closed_won" else stage_name(stage)


def _cost_row(name: str, cost: Cost) -> CostRow:
    return CostRow(
        name,
        money(cost.spent),
        Said(money(cost.each), "", f"n {cost.leads:,}"),
        tuple(_price_said(price) for price in cost.in_time),
        tuple(_price_said(price) for price in cost.so_far),
    )


def _price_said(price: Price) -> Said:
    return Said(
        "" if price.value is None else money(price.value),
        money_range(price.lower, price.upper, like=price.value),
        f"n {price.count:,}",
    )
