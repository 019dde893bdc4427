"""Which models does the app score with now? Kept by a thread, taken by requests.

The thread lets what scored last score at once, then asks the source again and again. A new model
is loaded, checked and tried before it takes the place of the one before it, by one assignment: a
request sees either, never none. Whatever goes wrong afterwards leaves things as they were, and is
said.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Literal, Self

from leadml.errors import LeadmlError, ModelError, without_password
from serving.models.source import Named, Source
from serving.scorer import Scorer

SILENT_SECONDS = 120.0
"""A source that has not answered for so long, and three times its turn, is said to be silent."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who scores, and how sure that is; never changed, only replaced.

    Attributes:
        champion: answers; None as long as there is none.
        challenger: scores along; None for nobody.
        at_hand: every model that can be asked for, by version.
        origin: ``registry`` once the source has confirmed the champion, ``last-good`` before.
        since: when the champion took its place, by `time.monotonic`.
        asked: when the source last answered, by the same; None for never.
        trouble: what is wrong; empty where all is well.
    """

    champion: Scorer | None = None
    challenger: Scorer | None = None
    at_hand: Mapping[str, Scorer] = field(default_factory=dict)
    origin: Literal["registry", "last-good", ""] = ""
    since: float = 0.0
    asked: float | None = None
    trouble: str = "The model is being loaded."


class Keeper:
    """The models of an app, from its start to its end: ``with Keeper(…) as keeper``."""

    def __init__(
        self,
        source: Source,
        *,
        warm_up: Callable[[Scorer], object],
        poll_seconds: float,
        shadow: bool = True,
    ) -> None:
        """Prepares; nothing is loaded before it is entered.

        Args:
            source: says which models there are, and loads them.
            warm_up: scores something with a model that is to take its place.
            poll_seconds: how long until the source is asked again.
            shadow: whether a challenger is loaded.
        """
        self._source, self._warm_up = source, warm_up
        self._poll_seconds, self._shadow = poll_seconds, shadow
        self._standing = Standing()
        self._loaded: dict[str, Scorer] = {}
        self._begun = time.monotonic()
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._settled = threading.Event()
        self._hurried = False
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._wake.set()
        self._source.close()
        self._thread.join(timeout=1)

    @property
    def standing(self) -> Standing:
        """Who scores at this moment, all of one moment."""
        return self._standing

    @property
    def scorer(self) -> Scorer | None:
        """The champion; None as long as there is none."""
        return self._standing.champion

    @property
    def challenger(self) -> Scorer | None:
        """The model that scores along; None for nobody."""
        return self._standing.challenger

    def version(self, asked: str) -> Scorer | None:
        """A model at hand by its version; None where it is not at hand. Nothing is loaded."""
        return self._standing.at_hand.get(asked)

    @property
    def trouble(self) -> str:
        """What is wrong, in a sentence; empty where all is well."""
        standing = self._standing
        if standing.trouble:
            return standing.trouble
        silent = self.silent_seconds
        if silent > max(SILENT_SECONDS, 3 * self._poll_seconds):
            return f"The registry has not answered for {silent:.0f} seconds."
        return ""

    @property
    def silent_seconds(self) -> float:
        """For how long the source has not answered."""
        asked = self._standing.asked
        return time.monotonic() - (self._begun if asked is None else asked)

    @property
    def serving_seconds(self) -> float:
        """For how long the champion has answered here; 0 as long as there is none."""
        standing = self._standing
        return 0.0 if standing.champion is None else time.monotonic() - standing.since

    def wait(self, seconds: float) -> None:
        """Until there is a model or the source has answered for the first time, no longer."""
        self._settled.wait(seconds)

    def look_now(self) -> None:
        """Lets the source be asked at once; may be called from a signal handler."""
        self._hurried = True
        self._wake.set()

    # What follows runs in the thread, and nothing else writes.

    def _run(self) -> None:
        self._safely(self._begin)
        if self.scorer is not None:
            self._settled.set()
        while not self._stopped.is_set():
            self._safely(self._look)
            self._settled.set()
            self._wake.wait(self._poll_seconds)
            self._wake.clear()

    def _safely(self, work: Callable[[], None]) -> None:
        """The outermost frame of the thread: whatever happens, it goes on."""
        try:
            work()
        except LeadmlError as error:
            self._admit(str(error))
        except Exception as error:
            log.exception("loading the model ended unexpectedly")
            said = type(error).__name__
            self._admit(f"Loading the model ended unexpectedly ({said}); see the log.", begin="")

    def _begin(self) -> None:
        """Lets the last good model score until the source has answered."""
        last = self._source.last()
        for name in filter(None, (last.champion, *last.former)):
            try:
                self._promote(name, "last-good")
            except LeadmlError as error:
                self._admit(str(error))
            else:
                return

    def _look(self) -> None:
        """Asks the source, and follows it."""
        patient, self._hurried = not self._hurried, False
        named = self._source.ask(patient=patient)
        self._standing = replace(self._standing, asked=time.monotonic())
        if named.champion:
            self._promote(named.champion, "registry")
        troubles = [named.trouble, self._follow(named)]
        if not (named.champion or named.trouble):
            troubles.append("There is no champion. `leadml promote` makes one.")
        self._admit(" ".join(filter(None, troubles)))

    def _promote(self, name: str, origin: Literal["registry", "last-good"]) -> None:
        """Lets a model answer, unless it does already."""
        scorer, before = self._ready(name), self._standing
        if scorer is before.champion:
            self._standing = replace(before, origin=origin)
            return
        self._standing = replace(
            before,
            champion=scorer,
            at_hand={**before.at_hand, scorer.version: scorer},
            origin=origin,
            since=time.monotonic(),
            trouble="",
        )
        log.info("scoring with %s %s (%s)", scorer.model.card["name"], scorer.version, origin)

    def _follow(self, named: Named) -> str:
        """Brings challenger and former models to hand, and lets go of others; what was wrong."""
        troubles, challenger = [], None
        if self._shadow and named.challenger not in {"", named.champion}:
            try:
                challenger = self._ready(named.challenger)
            except LeadmlError as error:
                troubles.append(f"The challenger could not be loaded: {error}")
        for name in named.former:
            try:
                self._ready(name)
            except LeadmlError as error:
                log.warning("a former model is not at hand: %s", error)
        kept = {named.champion, named.challenger, *named.former}
        self._loaded = {
            name: own
            for name, own in self._loaded.items()
            if name in kept or own is self._standing.champion
        }
        others = {own.version: own for own in reversed(self._loaded.values())}
        champion = self._standing.champion
        at_hand = others if champion is None else {**others, champion.version: champion}
        self._standing = replace(self._standing, challenger=challenger, at_hand=at_hand)
        return " ".join(troubles)

    def _ready(self, name: str) -> Scorer:
        """A model that has scored, kept out of the garbage collector's sight."""
        if name not in self._loaded:
            scorer = self._source.load(name)
            try:
                self._warm_up(scorer)
            except LeadmlError as error:
                msg = (
                    f"Version {scorer.version} must score a lead before it may answer, but it "
                    f"fails: {error}"
                )
                raise ModelError(msg) from error
            gc.collect()
            gc.freeze()
            self._loaded[name] = scorer
        return self._loaded[name]

    def _admit(self, trouble: str, *, begin: str = "The model could not be loaded: ") -> None:
        """Says what is wrong, in the log where it is new; nothing where nothing is."""
        if self._stopped.is_set():  # what was under way was broken off
            return
        champion = self._standing.champion
        if champion is not None:
            begin = f"Scoring goes on with version {champion.version}: "
        said = f"{begin}{without_password(trouble)}" if trouble else ""
        if said and said != self._standing.trouble:
            log.warning("%s", said)
        self._standing = replace(self._standing, trouble=said)
