"""Names and places of the registry: what is refused before it touches a path or the registry."""

from pathlib import Path

import pytest

from leadml.errors import RegistryError
from leadml.store import check_name, check_version, located, tracking_uri


@pytest.mark.parametrize("version", ["1", "12", "champion", "challenger", "my-alias_2", "v1"])
def test_numbers_and_aliases_are_versions(version: str) -> None:
    check_version(version)


@pytest.mark.parametrize(
    "version",
    [
        "",
        "../../etc",
        "1/..",
        "1.0",
        " 1",
        "1\n",
        "٣",
        "9" * 10,
        "a" * 101,
        "a b",
        "2a",
        "é",
        "\x00",
    ],
)
def test_anything_else_is_no_version(version: str) -> None:
    with pytest.raises(RegistryError, match="A version must be a number, or an alias") as said:
        check_version(version)
    assert len(version) < 5 or version not in str(said.value)


@pytest.mark.parametrize("name", ["..", "a/b", "-a", "_a", "a\n", "a:b", "\\a"])
def test_a_name_that_could_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(RegistryError, match=r"registry\.name"):
        check_name(name)


def test_a_server_takes_the_place_of_the_database() -> None:
    assert tracking_uri(Path("/m")) == "sqlite:////m/mlflow.db"
    assert tracking_uri(Path("/m"), "http://mlflow:5000") == "http://mlflow:5000"


def test_artifacts_are_found_where_the_folder_is_now(tmp_path: Path) -> None:
    old, new = tmp_path / "artifacts" / "old", tmp_path / "artifacts" / "new"
    inside = Path("artifacts") / "models" / "m-1" / "artifacts"
    for folder in (old, new):
        (folder / inside).mkdir(parents=True)
    address = (old / inside).as_uri()
    assert located(new, address) == new / inside
    assert located(old, address) == old / inside
    (new / inside).rmdir()
    assert located(new, address) == old / inside
