"""Sources of models that a test plays a part in."""

from collections.abc import Callable

from serving.models.source import Named
from serving.scorer import Scorer


class Loading:
    """A source with one champion, which a function gives, or fails to."""

    def __init__(self, load: Callable[[], Scorer]) -> None:
        self._load = load

    def last(self) -> Named:
        return Named()

    def ask(self, *, patient: bool = True) -> Named:
        return Named("champion")

    def load(self, name: str) -> Scorer:
        return self._load()

    def close(self) -> None:
        pass
