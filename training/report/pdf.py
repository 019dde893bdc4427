"""How does the report become a PDF? The system's Chromium prints it, without a network.

It starts with a profile of its own that is deleted afterwards, and with every name resolved to
nowhere: the page needs no network, and no browser may ask for its own.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from leadml.drafts import in_place_of
from leadml.errors import LeadmlError

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "msedge",
    "microsoft-edge",
)
"""Asked for in this order; all print alike."""

VARIABLE = "LEADML_CHROMIUM"
"""Names the browser where it is not on the path."""

TIMEOUT_SECONDS = 120.0

_END_SECONDS = 10.0
"""How long a browser that was killed may hold on to what it wrote to."""

_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-extensions",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def write_pdf(
    html: Path,
    pdf: Path,
    *,
    environ: Mapping[str, str],
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> None:
    """Prints a page; a file already there is replaced in one step.

    Args:
        html: the page, which needs no other file.
        pdf: its folder is made.
        environ: where ``LEADML_CHROMIUM`` and ``PATH`` are looked up.
        timeout_seconds: how long printing may take.

    Raises:
        LeadmlError: no browser is installed, or it did not print in time.
    """
    browser = find_browser(environ)
    pdf.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        printed = Path(folder) / "report.pdf"
        said = _print(browser, html, printed, Path(folder), timeout_seconds)
        if not printed.is_file() or printed.read_bytes()[:5] != b"%PDF-":
            msg = (
                f"'{browser}' must print '{html}' as a PDF, but wrote none. It said: "
                f"{said or 'nothing'}. Print the page from a browser instead."
            )
            raise LeadmlError(msg)
        with in_place_of(pdf, pdf.with_name(f".{pdf.name}.{os.getpid()}.tmp")) as draft:
            shutil.copyfile(printed, draft)


def find_browser(environ: Mapping[str, str]) -> str:
    """The browser that prints.

    Raises:
        LeadmlError: none is installed, or the one that is named is not there.
    """
    path = environ.get("PATH")
    named = environ.get(VARIABLE, "")
    if named:
        found = shutil.which(named, path=path)
        if found is None:
            msg = f"{VARIABLE} must name a browser that can be started, got '{named}'."
            raise LeadmlError(msg)
        return found
    for name in BROWSERS:
        found = shutil.which(name, path=path)
        if found:
            return found
    msg = (
        "A PDF needs Chromium, Chrome or Edge, but none of them was found. Install one "
        f"(apt install chromium), set {VARIABLE} to it, or print the page from a browser."
    )
    raise LeadmlError(msg)


def _print(browser: str, html: Path, printed: Path, folder: Path, seconds: float) -> str:
    """Lets the browser print; returns the last line it said."""
    command = [
        browser,
        *_FLAGS,
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        f"--user-data-dir={folder / 'profile'}",
        f"--print-to-pdf={printed}",
        html.resolve().as_uri(),
    ]
    process = subprocess.Popen(  # noqa: S603 - a browser of the system, and our own page
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as late:
        _end(process)
        msg = (
            f"'{browser}' must print '{html}' within {seconds:g} seconds, but did not. Try again "
            "when the machine is less busy, or print the page from a browser."
        )
        raise LeadmlError(msg) from late
    except BaseException:
        _end(process)
        raise
    lines = error.decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a browser with its children, and waits until none of them writes any more."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_END_SECONDS)
