"""Champion and challenger: a new run serves only if it is no worse on the same test rows."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from toys import Outcome, save_rows, settings
from verticals import promotion, runs
from verticals.config import Config
from verticals.data.examples import Examples
from verticals.data.splits import Splits
from verticals.runs import Run, write_json
from verticals_customer_service import data, policy, recipe

TEST = Examples(("where is it", "money back"), ("track", "refund"), (2, 3))


def make(
    accuracy: float, seed: int, test: Examples | None = TEST, app: str = "toy", champion: Run | None = None
) -> Run:
    """Save a run that was measured so on these test rows."""

    def write(folder: Path) -> None:
        write_json(folder / "metrics.json", {"compared": "accuracy", "metrics": {"accuracy": {"value": accuracy}}})
        if test is not None:
            promotion.write_standing_test(folder, test)
        promotion.judge(champion, folder)

    config = Config.model_validate({"train": {"seed": seed}})
    run = runs.save(app, config, {"objective": "classify"}, write, lambda run: None)
    numbered = run.folder.rename(run.folder.with_name(f"{seed:03d}"))  # runs are named by the second: too coarse here
    return runs.open_run(numbered)


def serving() -> str:
    run = runs.latest("toy")
    assert run is not None
    return run.folder.name


def test_the_first_run_serves_without_a_verdict() -> None:
    run = make(0.5, 1)
    assert promotion.read(run) is None
    assert serving() == run.folder.name


@pytest.mark.parametrize(("after", "promoted"), [(0.91, True), (0.9, True), (0.8999, False)])
def test_a_challenger_serves_only_if_it_is_no_worse(after: float, promoted: bool) -> None:
    champion = make(0.9, 1)
    challenger = make(after, 2, champion=champion)
    verdict = promotion.read(challenger)
    assert verdict is not None
    assert verdict.promoted is promoted
    assert "on the same 2 test rows" in verdict.reason
    assert serving() == (challenger if promoted else champion).folder.name


def test_a_run_that_is_held_back_is_still_whole_and_can_be_opened() -> None:
    challenger = make(0.1, 2, champion=make(0.9, 1))
    assert runs.open_run(challenger.folder).manifest == challenger.manifest


@pytest.mark.parametrize("test", [None, Examples(("other rows",), ("track",), (2,))])
def test_runs_measured_on_other_rows_are_not_compared_and_the_verdict_says_so(test: Examples | None) -> None:
    verdict = promotion.read(make(0.1, 2, champion=make(0.9, 1, test)))
    assert verdict is not None
    assert verdict.promoted
    assert "not compared" in verdict.reason


def test_learned_rows_are_trained_on_never_tested_on_and_those_left_out_are_counted(tmp_path: Path) -> None:
    plain = data.splits(settings())
    known, learned = plain.test.texts[0], tmp_path / "learned.csv"
    lines = ["text,intent", "do you rent marquees,gift_cards", f'"{known}",gift_cards', "hello you,no_such_intent"]
    learned.write_text("\n".join(lines) + "\n", encoding="utf-8")
    splits = data.splits(settings(app={"extra_rows": str(learned)}))
    assert splits.test == plain.test
    assert splits.validation == plain.validation
    assert splits.train.texts == (*plain.train.texts, "do you rent marquees")
    counts = {note.code: note.count for note in splits.notes if note not in plain.notes}
    assert counts == {"extra_rows": 1, "unknown_label": 1, "duplicate": 1}


@pytest.mark.parametrize(("before", "said"), [(0.0, "promoted: it serves from now on"), (1.1, "goes on serving")])
def test_training_says_whether_the_new_run_serves(
    verticals: Callable[..., Outcome], tmp_path: Path, before: float, said: str
) -> None:
    rows = save_rows(tmp_path / "rows.csv")
    config = settings(data={"train": str(rows)}, method={"name": "tfidf"})
    champion = make(before, 1, data.splits(config).test, app="customer-service")
    done = verticals("train", "customer-service", "--data", rows, "--method", "tfidf")
    assert done.code == 0, done.err
    assert said in done.err
    serves = runs.latest("customer-service")
    assert serves is not None
    assert (serves.folder == champion.folder) == ("goes on serving" in said)
    challenger = max(champion.folder.parent.glob("2*/manifest.json")).parent
    assert runs.VERDICT in runs.open_run(challenger).manifest["files"]  # it was there before the run had its name


def test_a_damaged_run_does_not_stand_in_the_way_of_the_training_that_replaces_it(
    verticals: Callable[..., Outcome], tmp_path: Path
) -> None:
    train = ("train", "customer-service", "--data", save_rows(tmp_path / "rows.csv"), "--method", "tfidf", "--json")
    assert verticals(*train).code == 0
    (damaged,) = (tmp_path / "runs" / "customer-service").glob("2*/labels.json")
    damaged.unlink()
    again = verticals(*train)
    assert again.code == 0, again.err
    (note,) = (each for each in json.loads(again.out)["results"][0]["notes"] if each["code"] == "damaged_run")
    assert f"not compared with the newest run, which is damaged: {damaged}: is missing" in note["message"]


def test_a_run_is_judged_against_one_that_began_to_serve_while_it_trained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write = policy.write

    def while_another_ends(folder: Path, splits: Splits, config: Config) -> None:
        make(1.1, 1, splits.test, app="customer-service")
        write(folder, splits, config)

    monkeypatch.setattr(policy, "write", while_another_ends)
    run = recipe.train(settings(data={"train": str(save_rows(tmp_path / "rows.csv"))}, method={"name": "tfidf"}))
    verdict = promotion.read(run)
    assert verdict is not None
    assert not verdict.promoted
