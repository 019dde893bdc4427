"""Which registered models should score? Asked of the registry from beside the app.

As long as the registry looks as it did, nothing is asked of it but how it looks: of a database the
time and size of its file, of a tracking server its aliases. When it looks changed, a process of its
own finds out and fetches (`serving.models.fetching`), of all workers' one at a time.
"""

import logging
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from leadml.errors import LeadmlError, RegistryError
from serving.models.copies import Copies
from serving.models.fetching import Errand
from serving.models.looking import look_at_database, look_at_server
from serving.models.source import Named
from serving.scorer import Scorer

log = logging.getLogger(__name__)


class Registered:
    """The champion and the challenger of a registry, as a `serving.models.source.Source`."""

    def __init__(  # noqa: PLR0913 - each has a name at the call
        self,
        folder: Path,
        name: str,
        *,
        uri: str = "",
        keep: int = 3,
        deadline_seconds: float = 60.0,
        retry_seconds: float = 60.0,
    ) -> None:
        """Names the registry; nothing is asked yet.

        Args:
            folder: of the registry, or of the copies where the registry is a server.
            name: of the registered model.
            uri: of a tracking server; empty for the database in ``folder``.
            keep: how many former champions stay at hand.
            deadline_seconds: how long fetching may take.
            retry_seconds: how long what failed is left alone while the registry looks the same.

        Raises:
            RegistryError: the name could be a path.
        """
        self._folder, self._name, self._uri, self._keep = folder, name, uri, keep
        self._deadline_seconds, self._retry_seconds = deadline_seconds, retry_seconds
        self._copies = Copies(folder, name)
        self._closed = threading.Event()
        self._doubted, self._refused = False, set[str]()
        self._tried = -math.inf
        self._failure = ("", "")

    def last(self) -> Named:
        """Who was named last, by what is on this machine."""
        return self._copies.read().named

    def ask(self, *, patient: bool = True) -> Named:
        """Who is named now.

        Args:
            patient: whether what has just failed is left alone for ``retry_seconds``.

        Raises:
            RegistryError: the registry does not answer, or asking it failed.
        """
        mark = self._look()
        written = self._copies.written()
        waits = patient and time.monotonic() - self._tried < self._retry_seconds
        if not self._knows(mark, waits=waits):
            with self._copies.asking():
                faster = self._copies.written() != written  # another worker asked meanwhile
                if not self._knows(mark, waits=faster):
                    self._send(mark)
        return self._copies.read().named

    def load(self, name: str) -> Scorer:
        """A copy on this machine, checked; one that is damaged is fetched again when next asked.

        Raises:
            RegistryError: there is no such copy.
            ModelError: it is damaged.
        """
        try:
            return self._copies.load(name)
        except LeadmlError:
            if name not in self._refused:  # the first time at once, later with patience
                self._tried = -math.inf
            self._refused.add(name)
            self._doubted = True
            raise

    def close(self) -> None:
        """Ends a process that is under way."""
        self._closed.set()

    def _look(self) -> str:
        if self._uri:
            return look_at_server(self._uri, self._name, os.environ)
        return look_at_database(self._folder)

    def _knows(self, mark: str, *, waits: bool) -> bool:
        """Whether what was written down holds, or is left alone although it was a failure.

        Raises:
            RegistryError: asking has just failed, and is left alone.
        """
        kept = self._copies.read()
        if kept.mark == mark and not (self._doubted or kept.named.trouble):
            return True
        failed, trouble = self._failure
        if waits and failed == mark:
            raise RegistryError(trouble)
        return waits and kept.mark == mark

    def _send(self, mark: str) -> None:
        """Lets a process of its own ask and write down what it learns."""
        self._tried, self._doubted = time.monotonic(), False
        errand = Errand(str(self._folder), self._name, self._uri, mark, self._keep)
        trouble = self._wait(errand)
        self._failure = (mark, trouble) if trouble else ("", "")
        if trouble:
            raise RegistryError(trouble)

    def _wait(self, errand: Errand) -> str:
        """Starts the process and waits for it, but only so long; what was wrong with it."""
        command = [sys.executable, "-P", "-m", "serving.models.fetching"]
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(  # noqa: S603 - nothing of a request is in it
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            ) as child,
        ):
            if child.stdin is not None:
                with suppress(BrokenPipeError), child.stdin as told:
                    told.write(errand.to_text().encode())
            deadline = time.monotonic() + self._deadline_seconds
            while child.poll() is None:
                if self._closed.wait(0.05):
                    child.kill()
                    return "Asking the registry was broken off: the app is stopping."
                if time.monotonic() > deadline:
                    child.kill()
                    return f"The registry must answer within {self._deadline_seconds:g} seconds."
            if child.returncode == 0:
                return ""
            said.seek(0)
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
            log.warning("fetching a model ended with %d: %s", child.returncode, last)
            return f"Fetching a model ended unexpectedly ({child.returncode}); see the log."
