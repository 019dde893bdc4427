"""Is a model read back exactly as it was written, and refused when it was not?"""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from leadml.errors import ModelError
from leadml.folder import read_model, write_model
from leadml.known import check_known
from leadml.model import Bend, Calibration, LeadModel, LinearPart
from tests.training.lessons import sample_of
from training.fit import Recipe, fit_margin
from training.train import TrainingResult

FILES = [
    "answers.json",
    "card.json",
    "catalog.json",
    "known.json",
    "linear.json",
    "manifest.json",
    "maps.json",
    "policy.json",
    "profile.json",
    "trees.txt",
]


BENT = Calibration(
    1 / 3,
    -0.1,
    (0.1 + 0.2, -1e-17, 1 / 7),
    0.25,
    0.1 + 0.2,
    1234,
    Bend(np.array([-1 / 3, 0.1 + 0.2, 2.0]), np.array([-1e-3, 0.0, 1 / 7])),
)
OTHERS = {30: Calibration(0.9, -1.1, (0.1, 0.0, 0.1), leads=99), 180: Calibration(1.1, 0.5)}


def small_matrix(rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    since = np.where(rng.random(rows) < 0.3, np.nan, rng.uniform(0, 90, rows))
    level = np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 4, rows))
    return np.column_stack([rng.poisson(2, rows), since, level]).astype(np.float64)


@pytest.fixture(scope="module")
def model() -> LeadModel:
    """A small model with every part."""
    matrix = small_matrix(600, seed=1)
    odds = matrix[:, 0] - 2 + (matrix[:, 2] == 1)
    converted = np.random.default_rng(2).random(600) < 1 / (1 + np.exp(-odds))
    sample = sample_of(matrix, converted, levels=[0, 0, 3])
    margin = fit_margin(sample, Recipe(linear=True, trees="small"), seed=0)
    card = {
        "name": "été",
        "n": np.int64(3),
        "rate": np.float64(0.1),
        "bins": np.arange(2),
        "horizon_days": 90,
    }
    return LeadModel(
        {"features": [{}] * 3},
        margin.linear,
        margin.trees,
        BENT,
        {"sql_line": 0.5},
        card,
        OTHERS,
        {"industry": ["Software", "Retail"]},
        {"features": [], "margin": {"name": "margin", "edges": [0.1 + 0.2]}},
        {"rows": [[2.0, None, 1.0], [0.0, 0.1 + 0.2, 3.0]]},
    )


@pytest.fixture(scope="module")
def written(model: LeadModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "written"
    write_model(model, folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy of the written model, to be damaged."""
    return Path(shutil.copytree(written, tmp_path / "model"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# --- there and back -------------------------------------------------------------------------------


def test_a_model_read_back_gives_the_same_bits(model: LeadModel, written: Path) -> None:
    read, matrix = read_model(written), small_matrix(500, seed=7)
    assert np.array_equal(read.margin(matrix), model.margin(matrix))
    assert np.array_equal(read.probability(matrix), model.probability(matrix))
    found, base = read.contributions(matrix)
    expected, same_base = model.contributions(matrix)
    assert np.array_equal(found, expected)
    assert base == same_base
    for ours, theirs in zip(
        read.calibration.interval(read.margin(matrix)),
        model.calibration.interval(model.margin(matrix)),
        strict=True,
    ):
        assert np.array_equal(ours, theirs)
    assert read.card == {"name": "été", "n": 3, "rate": 0.1, "bins": [0, 1], "horizon_days": 90}
    assert (read.catalog, read.policy) == (model.catalog, model.policy)
    assert (read.answers, read.profile) == (model.answers, model.profile)


def test_known_rows_are_answered_when_a_model_is_written(model: LeadModel, written: Path) -> None:
    read = read_model(written)
    assert read.known["rows"] == model.known["rows"]
    rows = np.array([[2.0, np.nan, 1.0], [0.0, 0.1 + 0.2, 3.0]])
    assert read.known["margin"] == model.margin(rows).tolist()
    check_known(read)
    recalibrated = dataclasses.replace(read, calibration=Calibration(0.5, 0.1))
    with pytest.raises(ModelError, match="within 90 days"):
        check_known(recalibrated)


def test_the_maps_read_back_are_those_that_were_written(model: LeadModel, written: Path) -> None:
    read = read_model(written)
    assert read.calibration.bend is not None
    assert BENT.bend is not None
    for name in ("at", "to"):
        assert getattr(read.calibration.bend, name).tolist() == getattr(BENT.bend, name).tolist()
    straight = dataclasses.replace(BENT, bend=None)
    assert dataclasses.replace(read.calibration, bend=None) == straight
    assert read.horizons == OTHERS
    margin = np.linspace(-4, 4, 33)
    ours, theirs = read.within(margin), model.within(margin)
    assert list(ours) == list(theirs) == [30, 90, 180]
    assert all(np.array_equal(ours[days], theirs[days]) for days in ours)


def test_a_model_of_one_horizon_and_a_straight_map_is_read_back(
    model: LeadModel, tmp_path: Path
) -> None:
    plain = dataclasses.replace(model, calibration=OTHERS[30], horizons={})
    write_model(plain, tmp_path / "plain")
    read = read_model(tmp_path / "plain")
    assert read.calibration == OTHERS[30]
    assert read.horizons == {}
    assert list(json.loads((tmp_path / "plain" / "maps.json").read_text())) == ["90"]


def test_a_linear_part_without_terms_is_an_intercept_read_back(
    model: LeadModel, tmp_path: Path
) -> None:
    bare = dataclasses.replace(model, linear=LinearPart(-1 / 3, ()))
    write_model(bare, tmp_path / "bare")
    read, matrix = read_model(tmp_path / "bare"), small_matrix(50, seed=7)
    assert read.linear == LinearPart(-1 / 3, ())
    assert np.array_equal(read.margin(matrix), bare.margin(matrix))
    assert np.array_equal(read.contributions(matrix)[0], bare.contributions(matrix)[0])


@pytest.mark.parametrize("part", ["linear", "trees"])
def test_a_model_of_one_part_has_one_file_less(model: LeadModel, part: str, tmp_path: Path) -> None:
    half = dataclasses.replace(model, **{part: None})  # type: ignore[arg-type]
    write_model(half, tmp_path / "half")
    assert len(contents(tmp_path / "half")) == len(FILES) - 1
    read, matrix = read_model(tmp_path / "half"), small_matrix(50, seed=7)
    assert getattr(read, part) is None
    assert np.array_equal(read.margin(matrix), half.margin(matrix))


def test_the_trained_model_read_back_gives_the_same_bits(
    trained: TrainingResult, tmp_path: Path
) -> None:
    write_model(trained.model, tmp_path / "real")
    read = read_model(tmp_path / "real")
    assert np.array_equal(read.margin(trained.sample), trained.model.margin(trained.sample))
    assert read.catalog == json.loads(json.dumps(trained.model.catalog))


def test_the_same_model_is_the_same_bytes(model: LeadModel, written: Path, tmp_path: Path) -> None:
    write_model(model, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(written)


def test_the_order_in_which_facts_were_gathered_does_not_change_the_bytes(
    model: LeadModel, written: Path, tmp_path: Path
) -> None:
    backwards = dict(reversed(model.card.items()))
    assert list(backwards) != list(model.card)
    write_model(dataclasses.replace(model, card=backwards), tmp_path / "again")
    assert contents(tmp_path / "again") == contents(written)


def test_a_model_read_and_written_is_the_same_bytes(written: Path, tmp_path: Path) -> None:
    write_model(read_model(written), tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(written)


def test_a_folder_holds_text_and_json_and_nothing_of_this_machine(written: Path) -> None:
    files = contents(written)
    assert sorted(files) == FILES
    for name, content in files.items():
        text = content.decode("utf-8")
        assert "\r" not in text
        assert str(Path.home()) not in text or str(Path.home()) == "/"
        if name.endswith(".json"):
            json.loads(text)


# --- damaged --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in FILES if name != "manifest.json"])
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_one_changed_byte_is_refused_whatever_the_file(
    folder: Path, name: str, where: float
) -> None:
    content = bytearray((folder / name).read_bytes())
    content[int(where * (len(content) - 1))] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        read_model(folder)


def test_no_changed_byte_of_the_manifest_changes_a_model(model: LeadModel, tmp_path: Path) -> None:
    """Each byte in turn: refused, or (white space) the very same model."""
    half = dataclasses.replace(model, trees=None)
    folder, matrix = tmp_path / "half", small_matrix(20, seed=7)
    write_model(half, folder)
    manifest = (folder / "manifest.json").read_bytes()
    refused = 0
    for position in range(len(manifest)):
        changed = bytearray(manifest)
        changed[position] ^= 1
        (folder / "manifest.json").write_bytes(changed)
        try:
            read = read_model(folder)
        except ModelError:
            refused += 1
        else:
            assert np.array_equal(read.margin(matrix), half.margin(matrix)), position
    assert refused > 0.9 * len(manifest.split()) + 64 * 5


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_truncated_trees_are_refused_before_lightgbm_sees_them(
    folder: Path, kept: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LightGBM ends the process on some damaged texts, so it must not even be asked."""

    def never(*_: object, **__: object) -> None:
        pytest.fail("LightGBM was given the damaged text")

    content = (folder / "trees.txt").read_bytes()
    (folder / "trees.txt").write_bytes(content[: int(kept * len(content))])
    monkeypatch.setattr(lightgbm, "Booster", never)
    with pytest.raises(ModelError, match="damaged"):
        read_model(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_lost_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        read_model(folder)


@pytest.mark.parametrize("name", ["model.pkl", "trees.json", "model.joblib", ".hidden", "MLMODEL"])
def test_a_file_that_does_not_belong_is_refused_by_name(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x80\x04N.")
    with pytest.raises(ModelError, match=f"known names only, got {name}"):
        read_model(folder)


def test_the_label_that_mlflow_leaves_is_allowed(folder: Path) -> None:
    (folder / "MLmodel").write_text("flavors: {}\n")
    read_model(folder)


def test_a_stranger_in_the_manifest_is_refused_before_it_is_opened(folder: Path) -> None:
    secret = folder.parent / "secret.json"
    secret.write_text("{}")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["../secret.json"] = hashlib.sha256(b"{}").hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"got \.\./secret\.json"):
        read_model(folder)


@pytest.mark.parametrize(
    "name", ["catalog.json", "maps.json", "policy.json", "answers.json", "card.json"]
)
def test_a_manifest_that_forgets_a_file_every_model_has_is_refused(folder: Path, name: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["sha256"][name]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=rf"must list {name}"):
        read_model(folder)


@pytest.mark.parametrize("name", ["linear.json", "trees.txt"])
def test_a_part_beside_the_manifest_is_refused_and_not_left_out(folder: Path, name: str) -> None:
    """A model without one of its parts would score, and score wrongly."""
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["sha256"][name]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError):
        read_model(folder)


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", "null", '{"sha256": []}', '{"format": 4, "sha256": {}}', "\udcff"]
)
def test_a_manifest_that_is_none_is_refused(folder: Path, manifest: str) -> None:
    (folder / "manifest.json").write_bytes(manifest.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError):
        read_model(folder)


@pytest.mark.parametrize("said", [3, 5, "4", None])
def test_a_folder_of_another_format_is_refused(folder: Path, said: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["format"] == 4
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": said}))
    with pytest.raises(ModelError, match=f"must be of format 4, got {said}"):
        read_model(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"must hold a manifest\.json"):
        read_model(tmp_path / "nowhere")


def test_a_folder_that_is_not_empty_is_not_written_to(model: LeadModel, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match="must be empty"):
        write_model(model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_what_is_not_plain_data_is_not_written(model: LeadModel, tmp_path: Path) -> None:
    odd = dataclasses.replace(model, card={**model.card, "when": object()})
    with pytest.raises(ModelError, match="plain data only, got object"):
        write_model(odd, tmp_path / "odd")
    assert not any(tmp_path.rglob("*.json"))
