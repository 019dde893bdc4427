"""What does the registry name now? A process of its own asks, fetches, checks and writes it down.

    python -m serving.models.fetching < '{"folder": …, "name": …, "uri": …, "mark": …, "keep": …}'

The app starts it when the registry looks changed, and waits for it only so long. So the app holds
no MLflow, a registry that never ends its answer can be hung up on, and a model that kills whoever
reads it kills nobody who answers. What it learns is in ``named.json`` (`serving.models.copies`);
the last champion stays named until another has been checked.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from leadml.errors import LeadmlError, NotRegisteredError
from leadml.store import CHALLENGER, CHAMPION
from serving.models.copies import Copies, Kept
from serving.models.loading import fetch
from serving.models.source import Named


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be asked.

    Attributes:
        folder: of the registry, or of the copies where the registry is a server.
        name: of the registered model.
        uri: of a tracking server; empty for the database in ``folder``.
        mark: how the registry looked before it was asked.
        keep: how many former champions stay named.
    """

    folder: str
    name: str
    uri: str
    mark: str
    keep: int

    def to_text(self) -> str:
        """Itself as the process reads it."""
        return json.dumps(asdict(self))


def run_errand(errand: Errand) -> None:
    """Asks who is champion and challenger, keeps checked copies, and writes it down.

    Raises:
        RegistryError: it cannot be written down.
    """
    copies = Copies(Path(errand.folder), errand.name)
    before = copies.read().named
    champion, trouble = _copy(errand, CHAMPION)
    challenger, other = _copy(errand, CHALLENGER) if champion else ("", "")
    named = Named(
        champion or before.champion,
        challenger if challenger != champion else "",
        former=_former(before, champion, errand.keep),
        trouble=" ".join(filter(None, (trouble, other))),
    )
    with copies.locked():
        copies.write(Kept(named, errand.mark))


def _copy(errand: Errand, alias: str) -> tuple[str, str]:
    """The copy behind an alias, or what is wrong with it; a challenger may be nobody."""
    try:
        copy, _ = fetch(Path(errand.folder), errand.name, version=alias, uri=errand.uri)
    except NotRegisteredError as error:
        return "", "" if alias == CHALLENGER else str(error)
    except LeadmlError as error:
        return "", str(error)
    return copy, ""


def _former(before: Named, champion: str, keep: int) -> tuple[str, ...]:
    """The champions before this one, newest first, each once."""
    if champion in {"", before.champion}:
        return before.former[:keep]
    past = dict.fromkeys((before.champion, *before.former))
    return tuple(copy for copy in past if copy not in {"", champion})[:keep]


def main() -> None:
    """Runs the errand that comes in, out of the way of those who answer."""
    os.nice(10)
    run_errand(Errand(**json.load(sys.stdin)))


if __name__ == "__main__":
    main()
