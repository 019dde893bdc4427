"""Which terms of a page have no entry in the glossary? For every page we render."""

import re
from html.parser import HTMLParser

TERMS = {
    "AUC": "Pairs put right (AUC)",
    "average deal": "Average deal",
    "backtest": "Backtest",
    "base rate": "Base rate, average rate, everyone alike",
    "everyone alike": "Base rate, average rate, everyone alike",
    "best F1": "Best F1",
    "Brier score": "Log loss, Brier score",
    "calibration": "Calibration, recalibration",
    "capacity": "Capacity",
    "challenger": "Challenger, champion",
    "champion": "Challenger, champion",
    "columns that died": "Column that died",
    "cost per": "Cost per lead, per MQL, per SQL, per customer",
    "drift": "Drift",
    "duplicates": "Duplicate",
    "engagement": "Engagement, grades 1–4",
    "example": "Example, look",
    "examples": "Example, look",
    "expected": "Expected, happened",
    "fingerprint": "Data fingerprint",
    "fit": "Fit, grades A–D",
    "funnel": "Funnel",
    "gate": "Gate",
    "happened": "Expected, happened",
    "immature": "Immature",
    "intent": "Intent",
    "interval": "Interval",
    "leak": "Leak",
    "leaks": "Leak",
    "lift": "Lift",
    "log loss": "Log loss, Brier score",
    "logistic regression": "Naive Bayes, logistic regression, best single rule",
    "missing": "Missing",
    "mql": "Stage",
    "n": "n",
    "naive Bayes": "Naive Bayes, logistic regression, best single rule",
    "negative": "Negative",
    "newest first": "Newest first",
    "odds": "Odds",
    "open leads": "Open lead",
    "pairs put right": "Pairs put right (AUC)",
    "points": "Points",
    "policy": "Policy",
    "precision": "Precision",
    "probability": "Probability",
    "recipe": "Recipe",
    "revenue": "Revenue",
    "segment": "Segment",
    "share of wins": "Share of wins (recall)",
    "similar past leads": "Similar past leads",
    "so far": "So far",
    "source": "Source",
    "sql": "Stage",
    "stability index": "Stability index",
    "stage": "Stage",
    "subject": "Subject",
    "trained once": "Trained once",
    "unscored": "Unscored",
    "wins": "Conversion, win",
}
"""What a heading or a table may say, and under which entry it is explained."""

_READ = {"h2", "h3", "th", "caption", "summary", "figcaption"}


class _Headings(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.entries: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in _READ | {"dt"}:
            self.open.append(tag)
            if tag == "dt":
                self.entries.append("")

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        if not self.open:
            return
        if self.open[-1] == "dt":
            self.entries[-1] += data
        else:
            self.texts.append(data)


def used_terms(page: str) -> set[str]:
    """The terms that stand in headings and tables of a page."""
    reader = _Headings()
    reader.feed(page)
    text = " ".join(reader.texts)
    return {t for t in TERMS if re.search(rf"\b{re.escape(t)}\b", text, re.IGNORECASE)}


def unexplained(page: str) -> set[str]:
    """Those of them that the page's own glossary lacks."""
    reader = _Headings()
    reader.feed(page)
    return {term for term in used_terms(page) if TERMS[term] not in reader.entries}
