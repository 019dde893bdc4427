"""How is the app doing, in numbers that a monitor collects? In Prometheus' format.

Every app has its own registry. Where several workers answer at one address, each keeps its numbers
in files of one folder (``PROMETHEUS_MULTIPROC_DIR``, set by `leadml serve` before a worker starts)
and whichever is asked tells those of all: counters and histograms are added up, gauges are told
as `_GAUGES` says (added up, the lowest, the highest, the newest, or each with its worker).

What a client wrote is no label: routes are templates, an event type that no model knows is only
counted. Ages are left to the monitor: ``time() - leadml_model_known_until_timestamp_seconds``.
"""

import math
from collections import Counter as Counted
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    values,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from leadml.arrays import Floats
from serving.watching.drift import Moved
from serving.web.request_log import Handled

SECONDS = (
    *(0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
)
"""Where the buckets of a request's time end."""

PROBABILITIES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Where the buckets of the probabilities end."""

_Mode = Literal["livesum", "livemin", "livemax", "livemostrecent", "liveall"]

_GAUGES: dict[str, tuple[str, tuple[str, ...], _Mode]] = {
    "requests_in_flight": ("Requests that are being answered.", (), "livesum"),
    "feature_psi": (
        "Population stability index of a feature: the newest scored leads against training.",
        ("feature",),
        "livemostrecent",
    ),
    "probability_psi": ("The same of the probability.", (), "livemostrecent"),
    "drift_leads": ("Of how many scored leads the indices are.", (), "livemostrecent"),
    "model_info": (
        "1 for the model that answers, 0 for former ones.",
        ("name", "version"),
        "liveall",
    ),
    "model_known_until_timestamp_seconds": (
        "Until when the model that answers knew its data.",
        (),
        "livemostrecent",
    ),
    "model_loaded_timestamp_seconds": (
        "When the model that answers began to.",
        (),
        "livemostrecent",
    ),
    "registry_contact_timestamp_seconds": (
        "When the registry last answered.",
        (),
        "livemostrecent",
    ),
    "model_degraded": (
        "1 where a kept copy scores because the registry, or what it holds, cannot be used.",
        (),
        "livemax",
    ),
}
"""Name, meaning, labels, and what of several workers is told."""

_COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "requests": ("Requests answered.", ("route", "method", "status")),
    "scored_leads": ("Leads that got a score.", ("stage",)),
    "unscored_leads": ("Leads that got none.", ("reason",)),
    "answered_leads": ("Leads by model version, and why it was asked.", ("version", "role")),
    "unseen_categories": ("Values of an attribute that training did not know.", ("attribute",)),
    "unknown_events": ("Events of a type that the model does not know.", ()),
    "shadow_requests": ("Requests offered to the challenger, by what came of them.", ("result",)),
    "score_log_leads": ("Leads handed to the score log.", ()),
    "score_log_lost_leads": ("Leads the score log could not take or write.", ()),
}
"""Name without its ``_total``, meaning, labels."""


Shadowed = Literal["scored", "dropped", "failed"]
"""What came of a request that was offered to the challenger; dropped is what came too fast."""


@dataclass(frozen=True, slots=True)
class ModelState:
    """Which model answers, and how it stands with the registry.

    Attributes:
        name, version: of the model.
        known_until: the end of its data.
        loaded_at: when it began to answer.
        contact_at: when the registry last answered; None where it never did.
        degraded: whether a kept copy scores because the registry's own cannot be had.
    """

    name: str
    version: str
    known_until: datetime
    loaded_at: datetime
    contact_at: datetime | None
    degraded: bool


class Metrics:
    """The numbers of one app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._shared = values.ValueClass is not values.MutexValue
        self._counters = {
            name: Counter(f"leadml_{name}", text, labels, registry=self._registry)
            for name, (text, labels) in _COUNTERS.items()
        }
        self._gauges = {
            name: Gauge(
                f"leadml_{name}", text, labels, registry=self._registry, multiprocess_mode=mode
            )
            for name, (text, labels, mode) in _GAUGES.items()
        }
        self._seconds = Histogram(
            "leadml_request_seconds",
            "How long a request took.",
            ("route", "method"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._probability = Histogram(
            "leadml_probability",
            "Probabilities of the main horizon that were answered.",
            buckets=PROBABILITIES,
            registry=self._registry,
        )
        self._counting: dict[tuple[str, ...], Counter] = {}
        self._timing: dict[tuple[str, str], Histogram] = {}
        self._drifting: dict[str, Gauge] = {}
        self._answering: tuple[str, str] | None = None
        if not self._shared:
            ProcessCollector(namespace="leadml", registry=self._registry)

    def began(self) -> None:
        """A request came in; `ended` must follow."""
        self._gauges["requests_in_flight"].inc()

    def ended(self, handled: Handled) -> None:
        """The request was answered, or its client had left: then its status is 0."""
        route, method = handled.route, handled.method
        timing = self._timing.get((route, method))
        if timing is None:
            timing = self._timing[route, method] = self._seconds.labels(route, method)
        timing.observe(handled.seconds)
        self._count("requests", 1, route, method, str(handled.status))
        self._gauges["requests_in_flight"].dec()

    def scored(
        self,
        probability: Floats,
        stages: Sequence[str],
        unscored: Sequence[str],
        *,
        version: str,
        role: str,
    ) -> None:
        """Leads were answered; only the champion's answers are told by stage and probability.

        Args:
            probability: within the main horizon, NaN where there is none; shape (n,).
            stages: of the same leads.
            unscored: why each has no score; "" where it has one.
            version: of the model.
            role: ``champion``, ``asked`` for a version by its number, or ``shadow``.
        """
        self._count("answered_leads", len(probability), version, role)
        if role != "champion":
            return
        for reason, n in Counted(unscored).items():
            if reason:
                self._count("unscored_leads", n, reason)
        scored = [stage for stage, reason in zip(stages, unscored, strict=True) if not reason]
        for stage, n in Counted(scored).items():
            self._count("scored_leads", n, stage)
        for value in probability.tolist():
            if value == value:  # noqa: PLR0124 - not NaN
                self._probability.observe(value)

    def surprised(self, unseen: Mapping[str, int], unknown_events: int) -> None:
        """Requests held what the model does not know: categories by attribute, and events."""
        for attribute, n in unseen.items():
            self._count("unseen_categories", n, attribute)
        if unknown_events:
            self._count("unknown_events", unknown_events)

    def shadowed(self, result: Shadowed) -> None:
        """A request was offered to the challenger, and this came of it."""
        self._count("shadow_requests", 1, result)

    def logged(self, leads: int) -> None:
        """Leads were handed to the score log."""
        self._count("score_log_leads", leads)

    def lost(self, leads: int) -> None:
        """The score log lost leads."""
        self._count("score_log_lost_leads", leads)

    def drifted(self, moved: Moved) -> None:
        """The indices changed; features that a former model had are told no more."""
        own = dict(zip(moved.names[:-1], moved.psi[:-1].tolist(), strict=True))
        for name in own.keys() - self._drifting.keys():
            self._drifting[name] = self._gauges["feature_psi"].labels(name)
        for name, gauge in self._drifting.items():
            gauge.set(own.get(name, math.nan))
        self._gauges["probability_psi"].set(float(moved.psi[-1]))
        self._gauges["drift_leads"].set(moved.leads)

    def model(self, state: ModelState) -> None:
        """Another model answers, or the registry was asked."""
        answering = state.name, state.version
        if self._answering is not None:
            self._gauges["model_info"].labels(*self._answering).set(0)
        self._answering = answering
        self._gauges["model_info"].labels(*answering).set(1)
        self._set("model_known_until", state.known_until)
        self._set("model_loaded", state.loaded_at)
        if state.contact_at is not None:
            self._set("registry_contact", state.contact_at)
        self._gauges["model_degraded"].set(float(state.degraded))

    def render(self) -> bytes:
        """All numbers, of all workers, in Prometheus' text format."""
        if not self._shared:
            return generate_latest(_WithoutBirths(self._registry))
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)

    def _set(self, name: str, moment: datetime) -> None:
        self._gauges[f"{name}_timestamp_seconds"].set(moment.timestamp())

    def _count(self, name: str, n: int, *labels: str) -> None:
        """Adds to a counter; its child is looked up once, for that costs more than adding."""
        child = self._counting.get((name, *labels))
        if child is None:
            counter = self._counters[name]
            child = self._counting[name, *labels] = counter.labels(*labels) if labels else counter
        child.inc(n)


class _WithoutBirths(Collector):
    """A registry without the moments at which its counters were made, half of all lines."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Its families."""
        for family in self._registry.collect():
            family.samples = [s for s in family.samples if not s.name.endswith("_created")]
            yield family
