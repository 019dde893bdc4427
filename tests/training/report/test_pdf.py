"""The report as a PDF, by the real browser of the system; what is missing is said."""

import os
import re
import select
import shutil
import stat
import subprocess
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from leadml.errors import LeadmlError
from tests.training.report.rendered import document
from training.report.pdf import BROWSERS, VARIABLE, find_browser, write_pdf

needs_browser = pytest.mark.skipif(
    not any(map(shutil.which, BROWSERS)), reason="no Chromium is installed, so nothing is printed"
)


def script(path: Path, body: str) -> Path:
    """A program that stands in for a browser that fails."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def page(folder: Path) -> Path:
    rows = "".join(f"<p>Paragraph {k} of the report.</p>" for k in range(200))
    html = folder / "report.html"
    html.write_text(
        document(f"<section><h2>Zebra</h2>{rows}<img src='http://127.0.0.1:9/x'></section>")
    )
    return html


@needs_browser
@pytest.mark.slow
def test_a_page_is_printed_with_text_that_can_be_searched(tmp_path: Path) -> None:
    pdf = tmp_path / "new" / "report.pdf"
    write_pdf(page(tmp_path), pdf, environ=os.environ)
    printed = pdf.read_bytes()
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 1
    assert b"/ToUnicode" in printed
    assert "Zebra" in letters(printed)
    assert [path.name for path in pdf.parent.iterdir()] == ["report.pdf"]


def test_without_a_browser_it_is_said_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(LeadmlError, match="apt install chromium"):
        find_browser({"PATH": str(tmp_path)})
    with pytest.raises(LeadmlError, match=f"{VARIABLE} must name a browser"):
        find_browser({"PATH": os.environ["PATH"], VARIABLE: str(tmp_path / "none")})


def test_the_browser_that_is_named_is_taken(tmp_path: Path) -> None:
    named = script(tmp_path / "mine", "exit 0")
    script(tmp_path / "chromium", "exit 0")
    assert find_browser({"PATH": str(tmp_path), VARIABLE: str(named)}) == str(named)
    assert find_browser({"PATH": str(tmp_path)}) == str(tmp_path / "chromium")


def test_a_browser_that_prints_nothing_keeps_the_old_file(tmp_path: Path) -> None:
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(b"old")
    failing = script(tmp_path / "failing", "echo first >&2; echo out of memory. >&2; exit 1")
    with pytest.raises(LeadmlError, match=r"It said: out of memory\. Print the page"):
        write_pdf(page(tmp_path), pdf, environ={"PATH": "/bin:/usr/bin", VARIABLE: str(failing)})
    assert pdf.read_bytes() == b"old"


def test_a_browser_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    hanging = script(tmp_path / "hanging", "sleep 60 & sleep 60")
    started = time.monotonic()
    with pytest.raises(LeadmlError, match=r"within 0\.3 seconds"):
        write_pdf(
            page(tmp_path),
            tmp_path / "report.pdf",
            environ={"PATH": "/bin:/usr/bin", VARIABLE: str(hanging)},
            timeout_seconds=0.3,
        )
    assert time.monotonic() - started < 20
    assert not (tmp_path / "report.pdf").exists()


def test_whoever_stops_waiting_leaves_no_browser_and_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    held = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    # Both hold the pipe open as long as they live.
    sleeping = script(tmp_path / "sleeping", f"exec 3>{alive}; sleep 60 & echo up >&3; sleep 60")
    waiting = subprocess.Popen.communicate
    calls = []

    def interrupted(*given: Any, **named: Any) -> Any:
        calls.append(named)
        if len(calls) > 1:
            return waiting(*given, **named)
        select.select([held], [], [], 30)
        assert os.read(held, 100) == b"up\n"
        assert list(scratch.iterdir())
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    environ = {"PATH": "/bin:/usr/bin", VARIABLE: str(sleeping)}
    try:
        with pytest.raises(KeyboardInterrupt):
            write_pdf(page(tmp_path), tmp_path / "report.pdf", environ=environ)
        assert select.select([held], [], [], 10)[0], "someone still holds the pipe"
        assert os.read(held, 1) == b"", "nobody does any more"
    finally:
        os.close(held)
    assert list(scratch.iterdir()) == []


def letters(printed: bytes) -> str:
    """The texts of a PDF: the glyphs it draws, each as the letter its font says it is."""
    streams = [_inflated(s) for s in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", printed, re.S)]
    letter: dict[str, str] = {}
    for stream in streams:
        if b"beginbfchar" in stream or b"beginbfrange" in stream:
            letter |= _letters_of(stream.decode("latin-1"))
    drawn = [run for s in streams for run in re.findall(rb"<([0-9A-Fa-f]+)> Tj", s)]
    return "".join(
        letter.get(run.decode()[k : k + 4].upper(), "")
        for run in drawn
        for k in range(0, len(run), 4)
    )


def _letters_of(table: str) -> dict[str, str]:
    found = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.S):
        for glyph, code in re.findall(r"<(\w{4})> <(\w{4})>", block):
            found[glyph.upper()] = chr(int(code, 16))
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.S):
        for first, last, code in re.findall(r"<(\w{4})> <(\w{4})> <(\w{4})>", block):
            for k in range(int(last, 16) - int(first, 16) + 1):
                found[f"{int(first, 16) + k:04X}"] = chr(int(code, 16) + k)
    return found


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""
