"""The door to every objective without an app: what it saves and prints, and what it refuses."""

import csv
import json
import shutil
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from toys import Outcome, toy_rows
from verticals import methods, objectives, runs
from verticals.runs import Run, open_run

Command = Callable[..., Outcome]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rows = toy_rows(12)
    lines = [f"{text},{label}" for text, label in zip(rows.texts, rows.labels, strict=True)]
    path = tmp_path / "labelled.csv"
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def paired(tmp_path: Path) -> Path:
    path = tmp_path / "paired.csv"
    path.write_text("anchor,positive,prompt,reply\n" + "n1,n2,n3,n4\n" * 3, encoding="utf-8")
    return path


def test_classify_needs_no_app_and_prints_the_result_format(verticals: Command, labelled: Path) -> None:
    outcome = verticals("tune", "classify", "--data", labelled, "--method", "tfidf", "--seed", "3", "--json")
    assert outcome.code == 0, outcome.err
    document = json.loads(outcome.out)
    result = document["results"][0]
    assert document["schema"] == 1
    assert (result["objective"], result["method"], result["backbone"], result["seed"]) == ("classify", "tfidf", None, 3)
    assert result["metrics"]["accuracy"]["value"] == 1
    run = open_run(Path(result["run"]))
    assert runs.latest("classify") == run
    assert objectives.get(run.objective).load(run).predict(["where is my parcel"])[0].label == "parcel"


def test_the_summary_for_people_names_run_and_verdict(verticals: Command, labelled: Path) -> None:
    outcome = verticals("tune", "classify", "--data", labelled, "--method", "tfidf")
    assert outcome.out.startswith("run: ")
    assert "This is the baseline itself (tfidf)." in outcome.out


@pytest.mark.parametrize(("objective", "method"), [("classify", "full"), ("match", "full"), ("tag", "probe")])
def test_a_backbone_that_does_not_know_the_language_is_told_once_and_before_training(
    verticals: Command, tiny_backbone: Path, tmp_path: Path, objective: str, method: str
) -> None:
    rows = tmp_path / "rows.csv"
    words = [("包裹在哪里", "退款办理")[number % 2] + chr(0x4E00 + number) for number in range(40)]
    columns = [f"{word},{'ab'[number % 2]},{word}好" for number, word in enumerate(words)]
    rows.write_text("\n".join(["text,label,positive", *columns]), encoding="utf-8")
    if objective == "tag":
        rows = tmp_path / "rows.conll"
        rows.write_text("".join(f"{word} B-LOC\n{word}好 O\n\n" for word in words), encoding="utf-8")
    options = ["--set", "objective.anchor=text"] if objective == "match" else []
    options += ["--method", method, "--backbone", str(tiny_backbone)]
    outcome = verticals("tune", objective, "--data", rows, *options, "--set", "train.epochs=1")
    assert outcome.code == 0, outcome.err
    told = "note: 100% of the tokens are unknown to this backbone; choose one for your language"
    assert outcome.err.startswith(told)
    assert (outcome.out + outcome.err).count("are unknown to this backbone") == 1
    run = runs.latest(objective)
    assert run is not None
    assert [each["code"] for each in run.metrics["notes"]].count("unknown_tokens") == 1


@pytest.mark.parametrize("command", [("check",), ("demo", "--run")])
def test_a_run_without_an_app_says_what_can_be_done_with_it(
    verticals: Command, train_toy: Callable[[str], Run], tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder = shutil.copytree(train_toy("tfidf").folder, tmp_path / "run")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "app": "classify"}), encoding="utf-8")
    outcome = verticals(*command, folder)
    assert outcome.code == 2
    assert "trained by `verticals tune classify`, so it has no app" in outcome.error


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["clasify"], "did you mean 'classify'"),
        (["match", "--method", "tfidf"], "'tfidf' does not support the objective 'match'"),
        (["tag", "--method", "tfidf"], "'tfidf' does not support the objective 'tag'"),
        (["tag", "--set", "objective.shape=true"], "did you mean 'shapes'"),
        (["tag"], "line 1: expected a token and a tag"),
        (["generate", "--method", "probe"], "use one of: full, lora, dora"),
        (["match", "--method", "ful"], "did you mean 'full'"),
        (["match", "--text", "anchor"], "data.text: 'match' does not read it"),
        (["tag", "--set", "data.label=kind"], "data.label: 'tag' does not read it"),
        (
            ["classify-multi", "--set", "data.outside_label=odd"],
            "data.outside_label: 'classify-multi' does not read it",
        ),
        (["match", "--set", "objective.temprature=1"], "did you mean 'temperature'"),
        (["match", "--set", "objective.temperature=0"], "setting objective.temperature"),
        (["classify", "--set", "objective.temperature=1"], "unknown setting objective.temperature"),
        (["match", "--set", "objective.anchor=ancor"], "no column 'ancor' for the anchor; did you mean 'anchor'"),
        (["generate", "--set", "objective.reply=repli"], "no column 'repli' for the reply; did you mean 'reply'"),
        (["match", "--set", "objective.negative=anchr"], "did you mean 'anchor'"),
        (["match", "--set", "data.validation=x.csv"], "nothing is chosen on validation pairs"),
        (["match", "--set", "method.name=lora", "--set", "method.options.rnak=4"], "did you mean 'rank'"),
    ],
)
def test_a_wrong_wish_names_the_remedy_before_anything_is_trained(
    verticals: Command, paired: Path, tiny_backbone: Path, tmp_path: Path, arguments: list[str], expected: str
) -> None:
    options = ["--data", paired, "--test", paired, "--backbone", tiny_backbone]
    outcome = verticals("tune", *arguments, *options)
    assert outcome.code == 2
    assert expected in outcome.error
    assert not list(tmp_path.glob("runs/**/manifest.json"))


def test_an_error_in_the_midst_of_a_training_has_a_line_of_its_own(
    verticals: Command, labelled: Path, tiny_backbone: Path
) -> None:
    command = ("tune", "classify", "--data", labelled, "--method", "adalora", "--backbone", tiny_backbone)
    outcome = verticals(*command, "--set", "train.epochs=1", "--set", "backbone.max_tokens=32")
    assert "it/s]" in outcome.err
    assert outcome.err.splitlines(keepends=True)[-1].startswith("error: adalora needs at least")
    assert "]error" not in outcome.err


def test_every_objective_says_what_it_is_compared_with() -> None:
    for name in objectives.OBJECTIVES:
        objective = objectives.get(name)
        assert objective.name == name
        assert objective.baselines
        assert name in methods.get(objective.method).objectives


def results(outcome: Outcome) -> dict[str, Any]:
    assert outcome.code == 0, outcome.err
    return dict(json.loads(outcome.out)["results"][0])


def predicted(verticals: Command, run: str, text: str, folder: Path) -> list[dict[str, Any]]:
    """Return the rows that `predict` makes of a file of this text and a blank one."""
    file = folder / "new.csv"
    file.write_text(f"id,text\n1,{text}\n2,\n", encoding="utf-8")
    outcome = verticals("predict", run, file, "--json")
    assert outcome.code == 0, outcome.err
    return list(json.loads(outcome.out)["rows"])


def test_a_run_of_classify_predicts_and_is_measured_again(verticals: Command, labelled: Path, tmp_path: Path) -> None:
    made = results(verticals("tune", "classify", "--data", labelled, "--method", "tfidf", "--json"))
    assert results(verticals("evaluate", made["run"], "--json"))["metrics"] == made["metrics"]
    assert results(verticals("evaluate", made["run"], "--data", labelled, "--json"))["data"]["split"]["test"] == 36
    first, blank = predicted(verticals, made["run"], "where is my parcel", tmp_path)
    assert (first["id"], first["prediction"]) == ("1", "parcel")
    assert blank == {**dict.fromkeys(first), "id": "2"}


OWN_ROWS = (
    '{"text": "where is my parcel", "id": 12345678901234567, "n": 3, "sold": {"to": "Käse"}}',
    '{"text": "", "sold": null}',
)


def test_a_csv_of_predictions_has_the_columns_of_the_file_as_they_were(
    verticals: Command, labelled: Path, tmp_path: Path
) -> None:
    made = results(verticals("tune", "classify", "--data", labelled, "--method", "tfidf", "--json"))
    file, output = tmp_path / "new.jsonl", tmp_path / "out.csv"
    file.write_text("\n".join(OWN_ROWS), encoding="utf-8")
    outcome = verticals("predict", made["run"], file, "--output", output, "--json")
    first, second = csv.DictReader(StringIO(output.read_text(encoding="utf-8")))
    assert (first["id"], first["n"], first["sold"]) == ("12345678901234567", "3", '{"to": "Käse"}')
    assert set(second.values()) == {""}
    assert list(first) == list(json.loads(outcome.out)["rows"][0])
    file.write_text(OWN_ROWS[1], encoding="utf-8")
    assert list(json.loads(verticals("predict", made["run"], file, "--json").out)["rows"][0])[2:] == list(first)[4:]
    file.write_text('{"text": "parcel", "confidence": "mine"}', encoding="utf-8")
    assert (
        "has columns ['confidence'], which the answers would overwrite" in verticals("predict", made["run"], file).error
    )


def test_dates_of_a_parquet_file_are_text_in_json(verticals: Command, labelled: Path, tmp_path: Path) -> None:
    made = results(verticals("tune", "classify", "--data", labelled, "--method", "tfidf", "--json"))
    days = [date(2026, 3, 1)]
    pd.DataFrame({"text": ["parcel"], "day": days, "all": [days]}).to_parquet(tmp_path / "new.parquet")
    (row,) = json.loads(verticals("predict", made["run"], tmp_path / "new.parquet", "--json").out)["rows"]
    assert (row["day"], row["all"]) == ("2026-03-01", ["2026-03-01"])
    (line,) = csv.DictReader(StringIO(verticals("predict", made["run"], tmp_path / "new.parquet").out))
    assert (line["day"], line["all"]) == ("2026-03-01", '["2026-03-01"]')


def test_columns_are_named_by_options_where_the_objective_reads_them(
    verticals: Command, labelled: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "other.csv"
    rows.write_text(labelled.read_text(encoding="utf-8").replace("text,label", "body,kind"), encoding="utf-8")
    for objective in ("classify", "classify-multi"):
        tune = ("tune", objective, "--data", rows, "--method", "tfidf")
        assert "choose one with --text in training, or call one 'text'" in verticals(*tune).error
        results(verticals(*tune, "--text", "body", "--label", "kind", "--json"))


def test_a_run_of_classify_multi_predicts_labels_as_its_rows_have_them(verticals: Command, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    lines = [
        f"{text} {n},{own}\n" for n in range(20) for text, own in (("pay", "a"), ("mail", "b"), ("pay mail", "a/b"))
    ]
    rows.write_text("text,labels\n" + "".join(lines), encoding="utf-8")
    options = ("--method", "tfidf", "--set", "objective.label_separator=/", "--json")
    made = results(verticals("tune", "classify-multi", "--data", rows, *options))
    assert results(verticals("evaluate", made["run"], "--json"))["metrics"] == made["metrics"]
    assert results(verticals("evaluate", made["run"], "--data", rows, "--json"))["data"]["split"]["test"] == 60
    found = [each["prediction"] for each in predicted(verticals, made["run"], "pay mail 3", tmp_path)]
    assert found in (["a/b", None], ["b/a", None])


def test_a_run_of_tag_predicts_entities_of_running_text(
    verticals: Command, tiny_backbone: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.conll"
    rows.write_text("".join(f"paint O\nparcel B-LOC\nn{n} O\n\n" for n in range(30)), encoding="utf-8")
    options = ("--backbone", tiny_backbone, "--method", "probe", "--json")
    made = results(verticals("tune", "tag", "--data", rows, *options))
    assert results(verticals("evaluate", made["run"], "--json"))["metrics"] == made["metrics"]
    assert results(verticals("evaluate", made["run"], "--data", rows, "--json"))["data"]["split"]["test"] == 30
    first, blank = predicted(verticals, made["run"], "paint parcel n7", tmp_path)
    assert [(each["type"], each["words"]) for each in first["prediction"]] == [("LOC", "parcel")]
    assert blank["prediction"] is None
    printed = list(csv.DictReader(StringIO(verticals("predict", made["run"], tmp_path / "new.csv").out)))
    assert json.loads(printed[0]["prediction"]) == first["prediction"]
    (tmp_path / "new.csv").write_text("words\npaint\n", encoding="utf-8")
    refused = verticals("predict", made["run"], tmp_path / "new.csv").error  # no option of `tune tag` names a column
    assert refused.endswith("its columns are ['words']; call one 'text'")


def test_what_a_run_cannot_do_is_one_line_with_another_way(
    verticals: Command, paired: Path, tiny_backbone: Path
) -> None:
    options = ("--backbone", tiny_backbone, "--set", "train.epochs=1", "--json")
    made = results(verticals("tune", "match", "--data", paired, "--test", paired, *options))
    assert "verticals export" in verticals("predict", made["run"], paired).error
    assert f"verticals tune match --test {paired}" in verticals("evaluate", made["run"], "--data", paired).error
    assert results(verticals("evaluate", made["run"], "--json"))["metrics"] == made["metrics"]
