"""How does the registry look? As long as it looks the same, it names the same models.

Asked every few seconds, so without MLflow: of a database the file's time and size, of a tracking
server its aliases, by MLflow's REST interface.
"""

import base64
import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import SplitResult, unquote, urlencode, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from leadml.errors import RegistryError, without_password
from leadml.store import CHALLENGER, CHAMPION, database

ANSWER_SECONDS = 5.0
"""How long a tracking server may be silent."""

MOST_BYTES = 16 * 2**20
"""No answer about aliases is larger."""


def look_at_database(folder: Path) -> str:
    """The mark of the registry in a folder: its file is written whenever an alias moves.

    Raises:
        RegistryError: there is none.
    """
    path = database(folder)
    try:
        seen = path.stat()
    except OSError as error:
        msg = f"There must be a registry in '{folder}', got none. `leadml train` makes one."
        raise RegistryError(msg) from error
    return f"{path}:{seen.st_ino}:{seen.st_size}:{seen.st_mtime_ns}"


def look_at_server(uri: str, name: str, environ: Mapping[str, str]) -> str:
    """The mark of a registered model on a tracking server: the versions its aliases name.

    Args:
        uri: of the server; a user and password in it are used.
        name: of the registered model.
        environ: with ``MLFLOW_TRACKING_TOKEN``, or ``MLFLOW_TRACKING_USERNAME`` and ``_PASSWORD``,
            where the server asks for them.

    Raises:
        RegistryError: it does not answer, or not as MLflow does.
    """
    try:
        model = _ask(uri, name, environ)
        aliases = {own["alias"]: str(own["version"]) for own in model.get("aliases", [])}
        made = str(model["creation_timestamp"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        status = f" {error.code}" if isinstance(error, HTTPError) else ""
        msg = (
            f"The registry at {without_password(uri)} must say what '{name}' is, but it does not "
            f"({type(error).__name__}{status}). See that it runs."
        )
        raise RegistryError(msg) from error
    named = [aliases.get(CHAMPION, ""), aliases.get(CHALLENGER, "")]
    return json.dumps([without_password(uri), made, *named])


def _ask(uri: str, name: str, environ: Mapping[str, str]) -> dict[str, Any]:
    parts = urlsplit(uri)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
    asked = Request(  # noqa: S310 - an address of the operator
        f"{plain}/api/2.0/mlflow/registered-models/get?{urlencode({'name': name})}",
        headers=_credentials(parts, environ),
    )
    with urlopen(asked, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
        model: dict[str, Any] = json.loads(answer.read(MOST_BYTES))["registered_model"]
    return model


def _credentials(parts: SplitResult, environ: Mapping[str, str]) -> dict[str, str]:
    token = environ.get("MLFLOW_TRACKING_TOKEN", "")
    user = unquote(parts.username or "") or environ.get("MLFLOW_TRACKING_USERNAME", "")
    password = unquote(parts.password or "") or environ.get("MLFLOW_TRACKING_PASSWORD", "")
    if user:
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {basic}"}
    return {"Authorization": f"Bearer {token}"} if token else {}
