"""Does a page that goes wrong in the browser fail its test?"""

from pathlib import Path

import pytest

from tests.browser import open_page, overflow, serious_problems

START = '<!doctype html><html lang="en"><title>A page</title><body><main><h1>Here</h1></main>'


def test_a_page_is_opened_at_its_width_and_its_script_runs(tmp_path: Path) -> None:
    path = tmp_path / "a page.html"
    path.write_text(f"{START}<script>document.title = String(innerWidth)</script>")
    with open_page(path, 360) as page:
        assert page.title() == "360"
        assert overflow(page) == 0
        assert not serious_problems(page)
        page.evaluate("document.body.innerHTML += '<img style=\"width: 500px\">'")
        assert overflow(page) > 100
        assert [problem.partition(":")[0] for problem in serious_problems(page)] == ["image-alt"]


def test_scripts_dark_ground_and_paper_are_the_readers_choice(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        f"{START}<style>@media print {{ h1 {{ opacity: .5 }} }}"
        "@media (prefers-color-scheme: dark) { main { opacity: .25 } }</style>"
        "<script>document.title = 'run'</script>"
    )
    with open_page(path, dark=True, scripts=False, printed=True) as page:
        assert page.title() == "A page"
        opacity = "name => getComputedStyle(document.querySelector(name)).opacity"
        assert [page.evaluate(opacity, name) for name in ("h1", "main")] == ["0.5", "0.25"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('<img src="beside.png" alt="">', "asked for"),
        ('<img src="https://example.org/x.png" alt="">', "asked for"),
        ("<script>console.error('oh')</script>", "console: oh"),
        ("<script>throw new Error('broken')</script>", "error: broken"),
    ],
)
def test_a_page_that_asks_for_more_or_breaks_is_found_out(
    tmp_path: Path, wrong: str, said: str
) -> None:
    path = tmp_path / "page.html"
    path.write_text(START + wrong)
    with pytest.raises(AssertionError, match=said), open_page(path):
        pass


def test_where_no_browser_is_installed_the_test_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="no Chromium"), open_page(tmp_path / "x.html"):
        pass
