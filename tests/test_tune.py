"""The door to every objective without an app: what it saves and prints, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from toys import Outcome, toy_rows
from verticals import methods, objectives, runs
from verticals.runs import open_run

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


def test_every_objective_says_what_it_is_compared_with() -> None:
    for name in objectives.OBJECTIVES:
        objective = objectives.get(name)
        assert objective.name == name
        assert objective.baselines
        assert name in methods.get(objective.method).objectives
