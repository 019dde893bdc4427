"""What is kept of the registry's models: whole, checked, by their own names."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from leadml.errors import ModelError, RegistryError
from leadml.folder import write_model
from serving.models.copies import Copies, Kept, copy_name, read_scorer
from serving.models.source import Named
from serving.scorer import Scorer
from tests.serving.models.kept import narrowed, rewrite, shifted, small_forest

COPY = copy_name("3", "models:/m-1")


@pytest.fixture(scope="module")
def written(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copies") / "model"
    write_model(scorer.model, folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A model folder, to be damaged."""
    return Path(shutil.copytree(written, tmp_path / "model"))


@pytest.fixture
def copies(written: Path, tmp_path: Path) -> Copies:
    kept = Copies(tmp_path / "models", "lead-scorer")
    shutil.copytree(written, kept.folder / COPY)
    return kept


def test_a_version_made_anew_has_a_copy_of_its_own() -> None:
    assert COPY.startswith("3-")
    assert copy_name("3", "models:/m-2") != COPY


def test_a_copy_is_loaded_with_the_number_of_its_version(copies: Copies, scorer: Scorer) -> None:
    loaded = copies.load(COPY)
    assert loaded.version == "3"
    rows = np.zeros((2, len(scorer.catalog.features)))
    assert np.array_equal(loaded.model.margin(rows), scorer.model.margin(rows))


@pytest.mark.parametrize("copy", ["", "../../etc", "3", f"{COPY}/..", "4-0123456789ab"])
def test_what_is_no_copy_is_not_looked_for(copies: Copies, copy: str) -> None:
    with pytest.raises(RegistryError, match="There must be a copy"):
        copies.load(copy)


@pytest.mark.parametrize("name", ["../models", "/etc", "a/b", "", ".hidden", "a\x00b", "x" * 201])
def test_a_name_that_could_be_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RegistryError, match=r"registry\.name must be"):
        Copies(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_name_in_any_language_is_kept(tmp_path: Path) -> None:
    assert Copies(tmp_path, "lead scorer été-2.1").folder.parent == tmp_path / "serving"


def test_who_is_named_is_read_as_it_was_written(copies: Copies) -> None:
    assert copies.read() == Kept(Named())
    kept = Kept(Named(COPY, "4-x", former=("2-x", "1-x"), trouble="None."), "how it looks")
    with copies.locked():
        copies.write(kept)
    assert copies.read() == kept
    assert copies.written() > 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"named": {"who": 1}, "mark": ""}', "\x00"]
)
def test_a_record_that_cannot_be_read_names_nobody(copies: Copies, text: str) -> None:
    (copies.folder / "named.json").write_text(text)
    assert copies.read() == Kept(Named())


def test_what_dead_processes_left_is_removed_by_the_next(copies: Copies) -> None:
    (copies.folder / ".fetch-dead").mkdir()
    (copies.folder / ".fetch-dead" / "card.json").write_text("{")
    (copies.folder / ".named-1.json").write_text("{")
    with copies.locked():
        pass
    assert sorted(path.name for path in copies.folder.iterdir()) == [".lock", COPY]


def test_a_folder_that_cannot_be_written_to_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "serving").write_text("a file")
    with pytest.raises(RegistryError, match="cannot be written to"), Copies(tmp_path, "m").locked():
        pass


# What is wrong with a model folder, each in a sentence of its own.


def test_a_sound_folder_is_read(folder: Path) -> None:
    assert read_scorer(folder, "3").version == "3"


def test_a_pickle_in_the_folder_is_refused(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match=r"got model\.pkl"):
        read_scorer(folder, "3")


@pytest.mark.parametrize("name", ["card.json", "catalog.json", "maps.json", "known.json"])
def test_changed_bytes_are_refused_by_the_name_of_their_file(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ModelError, match=f"{name}.*sha256 differs"):
        read_scorer(folder, "3")


@pytest.mark.parametrize("name", ["manifest.json", "policy.json", "card.json"])
def test_a_half_written_folder_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        read_scorer(folder, "3")


def test_a_map_that_moved_by_a_billionth_is_refused_although_its_hash_is_right(
    folder: Path,
) -> None:
    rewrite(folder, "maps.json", shifted)
    with pytest.raises(ModelError, match=r"must answer its known rows .* log-odds within"):
        read_scorer(folder, "3")


def test_an_intercept_that_moved_is_refused_although_its_hash_is_right(folder: Path) -> None:
    def moved(text: str) -> str:
        linear = json.loads(text)
        return json.dumps({**linear, "intercept": linear["intercept"] + 1e-9})

    rewrite(folder, "linear.json", moved)
    with pytest.raises(ModelError, match=r"must answer its known rows .* the margin"):
        read_scorer(folder, "3")


@pytest.fixture
def forest(scorer: Scorer, tmp_path: Path) -> Path:
    """The folder of a model with trees."""
    trees = small_forest(len(scorer.catalog.features))
    model = dataclasses.replace(scorer.model, linear=None, trees=trees)
    write_model(model, tmp_path / "forest")
    return tmp_path / "forest"


def test_a_leaf_that_moved_is_refused_although_its_hash_is_right(forest: Path) -> None:
    assert read_scorer(forest, "3").model.trees is not None

    def moved(text: str) -> str:
        """Every leaf by a tenth; the text must keep its length, or LightGBM dies of it."""
        leaves = re.compile(r"^leaf_value=.*$", re.MULTILINE)
        tenth = re.compile(r"(\d\.)(\d)")
        return leaves.sub(
            lambda line: tenth.sub(lambda v: f"{v[1]}{(int(v[2]) + 1) % 10}", line[0]), text
        )

    rewrite(forest, "trees.txt", moved)
    with pytest.raises(ModelError, match=r"must answer its known rows .* the margin"):
        read_scorer(forest, "3")


def test_trees_that_do_not_parse_are_refused_although_their_hash_is_right(forest: Path) -> None:
    rewrite(forest, "trees.txt", lambda _: "no trees")
    with pytest.raises(ModelError, match="do not parse"):
        read_scorer(forest, "3")


def test_a_catalogue_of_words_unknown_here_is_refused(folder: Path) -> None:
    rewrite(folder, "catalog.json", lambda text: text.replace('"word": "', '"word": "x', 1))
    with pytest.raises(ModelError, match="word must be one of"):
        read_scorer(folder, "3")


def test_a_catalogue_with_a_feature_fewer_is_refused(folder: Path) -> None:
    rewrite(folder, "catalog.json", narrowed)
    with pytest.raises(ModelError, match="Every part of a model must have the"):
        read_scorer(folder, "3")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("catalog.json", "[]"),
        ("policy.json", "{}"),
        ("card.json", "{}"),
        ("maps.json", "no JSON"),
    ],
)
def test_files_that_do_not_parse_are_refused_although_their_hashes_are_right(
    folder: Path, name: str, text: str
) -> None:
    rewrite(folder, name, lambda _: text)
    with pytest.raises(ModelError, match="do not parse"):
        read_scorer(folder, "3")


def test_a_model_without_known_answers_does_not_score(scorer: Scorer, tmp_path: Path) -> None:
    write_model(dataclasses.replace(scorer.model, known={}), tmp_path / "model")
    with pytest.raises(ModelError, match="must hold rows with known answers"):
        read_scorer(tmp_path / "model", "3")
