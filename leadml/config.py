"""What did the user decide? One ``leadml.toml``, read into one frozen tree.

Every setting has its default here and nowhere else. Reading refuses a key it does not know and
names the nearest one it does; `as_dict` gives the resolved tree that is logged with every run.

>>> parse_config({"label": {"horizon_days": 30}}).label.horizon_days
30
>>> parse_config({"label": {"horizon_day": 30}})
Traceback (most recent call last):
    ...
leadml.errors.ConfigError: Unknown setting 'label.horizon_day'. Did you mean 'horizon_days'?
"""

import dataclasses
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from leadml.capacity import Capacity
from leadml.errors import ConfigError, listed, nearest, without_password
from leadml.events import EventType
from leadml.parsing import expanded, parse_value, without_nothing
from leadml.point_rules import BEHAVIOUR, FIT, BehaviourRule, FitRule, check_rules
from leadml.policy import Policy
from leadml.policy_check import check_policy
from leadml.service import SECRETS, Serving, check_serving

Every = Literal["", "week", "month", "quarter"]
By = Literal["", "week", "month", "quarter", "block"]

STAGE_OUTCOMES = ("mql", "sql", "sales_accepted", "sales_rejected", "opportunity")
"""Outcomes before the last one."""

OUTCOMES = ("closed_won", "closed_lost", *STAGE_OUTCOMES)
"""What can become of a lead."""

DAYS_A_MONTH = 30.44
"""Of an average month."""


@dataclass(frozen=True, slots=True)
class Data:
    """Where the tables are, and how their text is to be read.

    Attributes:
        source: a folder, a ``.duckdb`` file or a ``postgresql://`` address.
        table: one wide table with the outcome as a column; replaces leads and outcomes.
        leads, events, outcomes, attributes, spend: a table, file, glob or SELECT in ``source``.
        timezone: the zone of times that carry none, as in ``Europe/Amsterdam``.
        time_format: strptime format of times that are not ISO 8601, as in ``%d/%m/%Y``.
        end: the moment of the export; by default the last time found in the tables.
        order_by: a sequence column of a table without dates, oldest first.
        missing: texts that mean "not known".
        bad_rows: whether rows that cannot be right stop the run or are set aside and counted.
    """

    source: str = "."
    table: str = ""
    leads: str = ""
    events: str = ""
    outcomes: str = ""
    attributes: str = ""
    spend: str = ""
    timezone: str = ""
    time_format: str = ""
    end: datetime | None = None
    order_by: str = ""
    missing: tuple[str, ...] = ("", "NA", "N/A", "NaN", "null", "None")
    bad_rows: Literal["refuse", "set_aside"] = "refuse"


@dataclass(frozen=True, slots=True)
class Columns:
    """What the user's columns are called: ours on the left, theirs on the right, per table."""

    table: Mapping[str, str] = field(default_factory=dict)
    leads: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    spend: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Which attribute columns the model may see.

    Attributes:
        exclude: columns kept out: personal, or known only after the outcome.
        names: columns that say who a lead is; kept out, and shown only where names are asked for.
        email, job_title, country: columns from which the kind of e-mail domain, seniority and
            function, and one name for a country are read; "" for none.
        ordered: the levels of columns of texts that have an order, lowest first.
        bands: where the bands of a column of amounts end.
        completeness: whether the share of attributes that is filled in is a feature.
        allow: columns the leak report refuses and a person allows all the same.
        categories: columns of numbers that are codes, not amounts.
        max_levels: rarer levels of a category beyond this many are pooled.
        min_count: a level of a category seen in fewer examples than this is pooled.
    """

    exclude: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    email: str = "email"
    job_title: str = "job_title"
    country: str = "country"
    ordered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bands: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    completeness: bool = False
    allow: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    max_levels: int = 50
    min_count: int = 20

    @property
    def kept_out(self) -> frozenset[str]:
        """The columns that no feature is made of."""
        return frozenset((*self.exclude, *self.names))


@dataclass(frozen=True, slots=True)
class Label:
    """What counts as a conversion, and how far ahead we look for it.

    Attributes:
        outcome: the outcome that makes a label true.
        horizon_days: the label looks at ``[as_of, as_of + horizon)``.
        also_days: other horizons that are answered where the data tell; the shorter ones teach,
            so that last month's leads count before their main horizon is over.
        won, lost: what the user's outcome column says for closed_won and closed_lost.
    """

    outcome: str = "closed_won"
    horizon_days: int = 90
    also_days: tuple[int, ...] = (30, 60, 180)
    won: tuple[str, ...] = ("closed_won", "won", "1", "true", "yes")
    lost: tuple[str, ...] = ("closed_lost", "lost", "0", "false", "no")


@dataclass(frozen=True, slots=True)
class Examples:
    """At which moments a lead is looked at, while it is open.

    Attributes:
        after_days: days after creation; 0 is the moment of arrival.
        every: also at the start of every calendar week, month or quarter.
        max_age_days: not once the lead is older than this.
    """

    after_days: tuple[int, ...] = (0,)
    every: Every = ""
    max_age_days: int = 365


@dataclass(frozen=True, slots=True)
class Features:
    """Which words of the vocabulary are asked of events, and over which windows.

    Attributes:
        per_event: words asked of every event type; ``account_`` before one asks it of the account.
        per_kind: words asked of every kind of event that has several types.
        overall: words asked of all events together.
        windows_days: how far back counts look; all of the past is always added.
        half_life_days: how fast interest decays.
        session_gap_minutes: how long a pause ends a session.
        timezone: of office hours and weekends, as in ``Europe/Amsterdam``.
    """

    per_event: tuple[str, ...] = ("count", "days_since_last", "decayed_count", "total")
    per_kind: tuple[str, ...] = ("count", "days_since_last", "active_days")
    overall: tuple[str, ...] = ("tenure",)
    windows_days: tuple[int, ...] = (7, 30, 90)
    half_life_days: float = 14.0
    session_gap_minutes: float = 30.0
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Training:
    """How a model is fitted and judged.

    Attributes:
        test_share: the newest mature share of examples, touched once, to judge.
        periods: how many past periods are replayed to choose the recipe and to calibrate.
        by: their length; by default the longest that gives enough of them. A ``block`` is an equal
            share of the examples, ``periods`` of them in the newest ``test_share``.
        half_lives_days: candidates for how fast examples fade; 0 is not at all.
        lead_weight: how far the examples of one lead share the weight of one: 1 wholly, 0 not.
        unconstrained: features, or what they speak of, that may speak either way, whatever the
            catalogue says; ``all`` for every one.
        most_examples: of one replay, drawn by ``seed``; the model itself learns from all.
        min_outcomes: fewer won or lost examples than this are refused.
        search_minutes: how long to search for a better recipe than ours; 0 for not at all.
        seed: of folds, trees and resampling.
        threads: of fitting; 0 takes all cores. The result is the same.
    """

    test_share: float = 0.25
    periods: int = 8
    by: By = ""
    half_lives_days: tuple[int, ...] = (0, 365, 180, 60)
    lead_weight: float = 1.0
    unconstrained: tuple[str, ...] = ()
    most_examples: int = 25_000
    min_outcomes: int = 40
    search_minutes: float = 0.0
    seed: int = 0
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Points:
    """A table of points: what companies use before they have a model.

    Attributes:
        fit: points for who a lead is.
        behaviour: points for what it did.
        half_life_days: after how many days an event gives half its points; 0 for never.
        decay_percent_a_month: the same, as the share of its points an event loses each month.
        mql, sql: from how many points on a lead is marketing's, and sales'.
    """

    fit: tuple[FitRule, ...] = FIT
    behaviour: tuple[BehaviourRule, ...] = BEHAVIOUR
    half_life_days: float = 0.0
    decay_percent_a_month: float = 0.0
    mql: float = 60.0
    sql: float = 80.0

    @property
    def rules(self) -> tuple[FitRule | BehaviourRule, ...]:
        """All of them, those of fit first."""
        return (*self.fit, *self.behaviour)

    @property
    def halving_days(self) -> float:
        """After how many days an event gives half its points; 0 for never."""
        if not self.decay_percent_a_month:
            return self.half_life_days
        return DAYS_A_MONTH * math.log(2) / -math.log1p(-self.decay_percent_a_month / 100)


@dataclass(frozen=True, slots=True)
class Registry:
    """Where models live.

    Attributes:
        folder: holds the MLflow store and its artifacts; relative to ``leadml.toml``. Where models
            are served, also checked copies of them.
        name: of the registered model.
        uri: of an MLflow tracking server that takes the store's place, as in
            ``http://mlflow:5000``; "" for none.
    """

    folder: str = "models"
    name: str = "lead-scorer"
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """The resolved configuration: everything a run depends on beside the data and the code."""

    data: Data = field(default_factory=Data)
    columns: Columns = field(default_factory=Columns)
    attributes: Attributes = field(default_factory=Attributes)
    events: Mapping[str, EventType] = field(default_factory=dict)
    label: Label = field(default_factory=Label)
    examples: Examples = field(default_factory=Examples)
    features: Features = field(default_factory=Features)
    training: Training = field(default_factory=Training)
    policy: Policy = field(default_factory=Policy)
    points: Points = field(default_factory=Points)
    capacity: Capacity | None = None
    registry: Registry = field(default_factory=Registry)
    serving: Serving = field(default_factory=Serving)
    folder: Path = Path()
    """The folder of ``leadml.toml``; relative paths start there. Not a setting."""

    def path(self, text: str) -> Path:
        """A path of the configuration, made absolute from the folder of ``leadml.toml``."""
        return (self.folder / Path(text).expanduser()).resolve()


def read_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Reads ``leadml.toml``; ``${NAME}`` and ``${NAME:-default}`` come from ``environ``.

    Raises:
        ConfigError: the file is absent, is no TOML, or says what cannot be followed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = (
            f"The configuration must be a readable file in UTF-8, got '{path}'. "
            "`leadml init` writes one."
        )
        raise ConfigError(msg) from error
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"'{path}' must be TOML, got: {error}."
        raise ConfigError(msg) from error
    config = parse_config(expanded(settings, environ))
    return dataclasses.replace(config, folder=path.parent.resolve())


def parse_config(settings: Mapping[str, Any]) -> Config:
    """The configuration tree of parsed TOML; what is not set takes its default.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range.
    """
    config = cast("Config", parse_value(Config, settings, ""))
    check_config(config)
    return config


def as_dict(config: Config) -> dict[str, Any]:
    """The resolved tree as plain data, ready for JSON, without folder, passwords and keys."""
    tree = dataclasses.asdict(config)
    del tree["folder"]
    for name in SECRETS:
        del tree["serving"][name]
    return cast("dict[str, Any]", _plain(tree))


def check_config(config: Config) -> None:
    """Raises `ConfigError` where a value is out of range or two settings exclude each other."""
    for names, low, high, said in _RANGES:
        for name in names:
            section, key = name.split(".")
            value = getattr(getattr(config, section), key)
            for number in value if isinstance(value, tuple) else (value,):
                if not low <= number <= high:
                    msg = f"{name} must be {said}, got {number}."
                    raise ConfigError(msg)
    try:
        ZoneInfo(config.features.timezone)
    except (KeyError, ValueError, OSError) as error:
        zone = config.features.timezone
        msg = f"features.timezone must be a zone like 'Europe/Amsterdam', got '{zone}'."
        raise ConfigError(msg) from error
    if not config.examples.after_days and not config.examples.every:
        msg = "examples must name moments, got none. Set after_days = [0] or every = 'month'."
        raise ConfigError(msg)
    if config.data.table and (config.data.leads or config.data.outcomes):
        msg = "data.table must stand alone, got leads or outcomes beside it. Keep one of the two."
        raise ConfigError(msg)
    if config.label.outcome not in OUTCOMES:
        got = f"got '{config.label.outcome}'.{nearest(config.label.outcome, OUTCOMES)}"
        msg = f"label.outcome must be one of {', '.join(OUTCOMES)}, {got}"
        raise ConfigError(msg)
    both = {text.lower() for text in config.label.won} & {
        text.lower() for text in config.label.lost
    }
    if both:
        msg = f"label.won and label.lost must not share a text, got {listed(both)} in both."
        raise ConfigError(msg)
    if config.registry.uri and not config.registry.uri.startswith(("http://", "https://")):
        msg = (
            "registry.uri must be the address of a tracking server, as in 'http://mlflow:5000', "
            "got another. Leave it out for a database in registry.folder."
        )
        raise ConfigError(msg)
    _check_points(config)
    check_policy(config.policy, config.events)
    check_serving(config.serving)


def _check_points(config: Config) -> None:
    points = config.points
    if points.half_life_days and points.decay_percent_a_month:
        msg = (
            "points.half_life_days and points.decay_percent_a_month must not both be set, got "
            f"{points.half_life_days:g} and {points.decay_percent_a_month:g}. Keep one of the two."
        )
        raise ConfigError(msg)
    if points.mql > points.sql:
        msg = (
            f"points.mql must not exceed points.sql, got {points.mql:g} and {points.sql:g}. "
            "Swap them."
        )
        raise ConfigError(msg)
    check_rules(points.fit, points.behaviour, config.events)


_TINY, _HUGE = 1e-9, 1e9

_RANGES: tuple[tuple[tuple[str, ...], float, float, str], ...] = (
    (
        (
            "training.test_share",
            *("policy.sql_share", "policy.mql_share"),
        ),
        _TINY,
        1 - _TINY,
        "above 0 and below 1",
    ),
    (
        (
            *("label.horizon_days", "label.also_days", "examples.max_age_days"),
            *("training.min_outcomes", "training.periods", "training.most_examples"),
            *("features.half_life_days", "features.session_gap_minutes"),
            *("attributes.max_levels",),
            *("points.mql", "points.sql"),
            *("serving.max_leads", "serving.max_body_mb", "serving.max_at_once"),
            *("serving.workers", "serving.request_seconds", "serving.poll_seconds"),
        ),
        _TINY,
        _HUGE,
        "above 0",
    ),
    (
        (
            *("examples.after_days", "training.half_lives_days", "training.threads"),
            "training.search_minutes",
            "policy.hysteresis",
            *("attributes.min_count", "training.seed"),
            *("points.half_life_days", "serving.keep_versions"),
        ),
        0,
        _HUGE,
        "0 or more",
    ),
    (("features.windows_days",), 1, 36_500, "1 to 36,500 days"),
    (("policy.closed_again_days",), 0, 36_500, "0 to 36,500 days"),
    (("points.decay_percent_a_month",), 0, 100 - _TINY, "0 or more and below 100"),
    (
        (
            *("training.lead_weight", "policy.explore_share"),
            *("policy.sql_probability", "policy.mql_probability"),
        ),
        0,
        1,
        "0 to 1",
    ),
    (("serving.port",), 0, 65_535, "0 to 65,535"),
)
"""Settings, the least and the most they may be, and how that is said; lists one by one."""


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(without_nothing(item)) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return without_password(value)
    return os.fspath(value) if isinstance(value, Path) else value
