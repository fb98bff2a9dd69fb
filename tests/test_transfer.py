"""Transfer on rows that contradict each other: the strength of the KL term decides which side is kept."""

import json
import runpy
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, rel_entr, softmax
from transformers import BertModel

from interruption import Stopped, stop_at
from toys import COMMON, Outcome, toy_splits
from verticals import objectives, precision, promotion, remeasure, trackers, transfer
from verticals.config import Config
from verticals.data.examples import Examples
from verticals.data.splits import Splits, with_labels
from verticals.errors import DataError, MethodError, MissingExtra, RunError
from verticals.evaluation.classification import class_indices
from verticals.evaluation.metrics import Estimate, accuracy
from verticals.evaluation.plots import transfer_figure
from verticals.evaluation.predictor import predict_file
from verticals.evaluation.report import summary, transfer_table
from verticals.objectives import anchor, calibrated
from verticals.objectives.anchor import ReplayDataset
from verticals.objectives.encoder_classifier import ClassifierModule, EncoderClassifier, batching, cross_entropy
from verticals.runs import VERDICT, Run, latest, open_run, write_json
from verticals.training import finetune, recipe
from verticals.transfer import Attempt, Quality, TransferSettings

Command = Callable[..., Outcome]
NEXT = {"colour": "parcel", "parcel": "refund", "refund": "colour"}


def contradicting() -> Splits:
    """Return the source's texts under other labels: whoever learns these must forget the source."""

    def turned(part: Examples) -> Examples:
        return replace(part, labels=tuple(NEXT[label] for label in part.labels))

    rows = toy_splits()
    return replace(
        rows, name="turned", train=turned(rows.train), validation=turned(rows.validation), test=turned(rows.test)
    )


def with_a_new_class() -> Splits:
    """Return rows of one class that the source has, in another spelling, and of one that it lacks."""

    def rows(count: int, start: int) -> Examples:
        chat = [f"{COMMON[n % 5]} {COMMON[n // 5 % 5]} {COMMON[n * 3 % 5]} i is" for n in range(start, start + count)]
        paint = [f"{COMMON[n % 5]} blue shade paint n{n % 40}" for n in range(start, start + count)]
        return Examples((*chat, *paint), ("chat",) * count + ("Colour",) * count, tuple(range(2, 2 * count + 2)))

    return Splits("chat", ("Colour", "chat"), rows(40, 0), rows(8, 40), rows(8, 60))


def config(run: Run, method: str | None = None, **train: object) -> Config:
    rates = {"learning_rate": 3e-3, "head_learning_rate": 3e-2, "epochs": 12, "batch_size": 16, **train}
    chosen = run.config.method.model_copy(update={"name": method or run.config.method.name})
    return run.config.model_copy(update={"method": chosen, "train": run.config.train.model_copy(update=rates)})


def task(run: Run, target: Splits, *strengths: float, on: str = "replay", **train: object) -> transfer.Task:
    wanted = TransferSettings.model_validate({"anchor": on, "lambdas": strengths or (1.0,)})
    return transfer.prepare(run, toy_splits(), target, config(run, **train), wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(("method", "on"), [("full", "replay"), ("full", "target"), ("lora", "replay")])
def test_without_the_kl_term_the_source_is_forgotten_and_with_a_strong_one_it_is_kept(
    train_toy: Callable[[str], Run], tmp_path: Path, method: str, on: str
) -> None:
    made = task(train_toy(method), contradicting(), on=on)
    before = transfer.measure(made, calibrated.load(made.source))
    assert (before.source, before.target.value) == (Estimate(1, 1, 1), 0)
    free, held = (
        transfer.measure(made, transfer.fit(made, strength, tmp_path / str(strength)).model)
        for strength in (0.0, 100.0)
    )
    assert free.source is not None
    assert held.source is not None
    assert free.target.value > 0.9 > 0.1 > free.source.value
    assert held.source.value > 0.9 > 0.1 > held.target.value


def trained_by_hand(run: Run, target: Splits, work: Path) -> EncoderClassifier:
    """Tune the source's classifier on the target's rows as any classifier is tuned, without a word of any source."""
    source = transfer.load_source(run)
    targets = np.array([run.labels.index(label) for label in target.train.labels])
    data, collate = batching(target.train.texts, targets, source.read)
    source.module.requires_grad_(True).train()
    finetune(source.module, data, collate, cross_entropy, recipe(config(run).train, source._method), work)
    return source


def test_strength_zero_is_plain_tuning_bit_for_bit(train_toy: Callable[[str], Run], tmp_path: Path) -> None:
    run = train_toy("full")
    plain = trained_by_hand(run, contradicting(), tmp_path / "plain").module.state_dict()
    trained = transfer.fit(task(run, contradicting(), 0.0), 0.0, tmp_path / "transfer").model.classifier
    assert isinstance(trained, EncoderClassifier)
    ours = trained.module.state_dict()
    assert ours.keys() == plain.keys()
    assert [name for name in plain if not torch.equal(ours[name], plain[name])] == []


@pytest.mark.parametrize("on", ["replay", "target"])
def test_an_endless_strength_leaves_the_probabilities_as_they_were(
    train_toy: Callable[[str], Run], tmp_path: Path, on: str
) -> None:
    run, texts = train_toy("full"), toy_splits().test.texts
    free, held = (
        transfer.fit(task(run, contradicting(), strength, on=on, learning_rate=1e-4), strength, tmp_path / name).model
        for name, strength in (("free", 0.0), ("held", 1e6))
    )
    before, moved, kept = (
        softmax(model.score(texts).logits, axis=1)
        for model in (transfer.load_source(run), free.classifier, held.classifier)
    )
    assert (before.argmax(axis=1) == kept.argmax(axis=1)).all()
    assert abs(before - kept).max() < abs(before - moved).max() / 3


def test_the_losses_are_cross_entropy_plus_strength_times_divergence() -> None:
    generator = np.random.default_rng(0)
    logits, replayed = generator.normal(size=(2, 5, 4))
    held = softmax(generator.normal(size=(5, 3)), axis=1)  # the fourth class is new
    target = np.array([0, 3, 1, 2, 3])
    batch = {
        "input_ids": torch.tensor(logits), "attention_mask": torch.ones(5, 4), "target": torch.tensor(target),
        "held": torch.tensor(held), "replayed_ids": torch.tensor(replayed), "replayed_mask": torch.ones(5, 4),
    }  # fmt: skip
    cross_entropy = -log_softmax(logits, axis=1)[np.arange(5), target].mean()
    over_all = rel_entr(held, softmax(replayed, axis=1)[:, :3]).sum(axis=1).mean()
    over_known = rel_entr(held, softmax(logits[:, :3], axis=1)).sum(axis=1).mean()
    assert anchor.replay_loss(2.0, Fixed(), batch).item() == pytest.approx(cross_entropy + 2 * over_all)
    assert anchor.target_loss(2.0, Fixed(), batch).item() == pytest.approx(cross_entropy + 2 * over_known)
    assert anchor.replay_loss(0.0, Fixed(), batch).item() == pytest.approx(cross_entropy)


class Fixed(torch.nn.Module):
    """Answers with the logits it is given as ids."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return input_ids


def test_no_source_row_is_replayed_twice_before_all_are_replayed_once() -> None:
    learned = [{"input_ids": [1], "target": 0}] * 4
    data = ReplayDataset(learned, [{"input_ids": [n], "held": np.zeros(2)} for n in range(10)], seed=0)
    seen = []
    for epoch in range(5):
        data.set_epoch(epoch)
        seen += [data[position]["replayed_ids"][0] for position in (3, 1, 0, 2)]
    assert sorted(seen) == sorted([*range(10), *range(10)])
    data.set_epoch(2)
    assert [data[position]["replayed_ids"][0] for position in (3, 1, 0, 2)] == seen[8:12]


@pytest.mark.parametrize("method", ["full", "partial", "lora"])
def test_an_interrupted_transfer_replays_the_same_rows_and_ends_with_the_same_bits(
    train_toy: Callable[[str], Run], tmp_path: Path, method: str
) -> None:
    made = task(train_toy("full"), contradicting(), 1.0, method=method, epochs=3, checkpoint_steps=3)
    plug = stop_at(2 * 8, ClassifierModule)  # two passes a step, the eighth of twelve steps: in the second epoch
    with pytest.raises(Stopped):
        transfer.fit(made, 1.0, tmp_path / "stopped")
    plug.remove()
    fitted = [transfer.fit(made, 1.0, tmp_path / name) for name in ("stopped", "whole")]
    assert [each.log.resumed_from for each in fitted] == [6, 0]
    resumed, whole = (each.model.classifier for each in fitted)
    assert isinstance(resumed, EncoderClassifier)
    assert isinstance(whole, EncoderClassifier)
    ours, theirs = resumed.module.state_dict(), whole.module.state_dict()
    assert [name for name in theirs if not torch.equal(ours[name], theirs[name])] == []


def test_a_transfer_is_continued_with_the_same_source_rows_alone_and_its_earlier_seconds_count(
    train_toy: Callable[[str], Run], tmp_path: Path
) -> None:
    made = task(train_toy("full"), contradicting(), 1.0, epochs=3, checkpoint_steps=3)
    plug = stop_at(2 * 8, ClassifierModule)
    with pytest.raises(Stopped):
        transfer.transfer(made)
    plug.remove()
    (seconds,) = (tmp_path / "runs").glob("toy/.work-*/strength-1/checkpoint-6/seconds.json")
    seconds.write_text("1000.0", encoding="utf-8")
    other = transfer.transfer(replace(made, source_rows=toy_splits(21)))
    assert other.metrics["training"]["resumed_from"] == 0
    same = transfer.transfer(made)
    assert same.metrics["training"]["resumed_from"] == 6
    assert same.read_json(transfer.RECORD)["sweep"][0]["seconds"] > 1000
    assert same.metrics["cost"]["train_seconds"] > 1000


def test_measured_on_other_rows_a_transferred_run_claims_no_comparison(
    train_toy: Callable[[str], Run], tmp_path: Path
) -> None:
    made = transfer.transfer(task(train_toy("full"), contradicting(), 1.0, epochs=1))
    other = remeasure.evaluate_file(made, rows_file(tmp_path / "other.csv", toy_splits()))
    assert any("the source baseline" in line for line in summary("full", made.metrics))
    assert not any("the source baseline" in line for line in summary("full", other))
    assert other["metrics"]["accuracy"] != made.metrics["metrics"]["accuracy"]


def test_what_the_backbone_does_not_know_of_the_target_is_told_before_a_transfer(
    train_toy: Callable[[str], Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run, target = train_toy("full"), contradicting()
    capsys.readouterr()
    foreign = replace(target.train, texts=tuple(f"包裹{number}" for number in range(len(target.train))))
    made = transfer.transfer(task(run, replace(target, train=foreign), 1.0, epochs=1))
    assert capsys.readouterr().err.startswith("note: ")
    assert [each["code"] for each in made.metrics["notes"]].count("unknown_tokens") == 1


@contextmanager
def reading_in_bfloat16() -> Iterator[list[bool]]:
    """Note for every time that a backbone reads whether it does so in bfloat16."""
    found: list[bool] = []

    def look(module: torch.nn.Module, inputs: object) -> None:
        if isinstance(module, BertModel):
            found.append(torch.is_autocast_enabled("cpu"))

    hook = torch.nn.modules.module.register_module_forward_pre_hook(look)
    yield found
    hook.remove()


def test_what_is_trained_in_float32_reads_in_float32_when_it_is_transferred_measured_and_used(
    train_toy: Callable[[str], Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_processor_has_bfloat16", lambda: True)
    source, file = train_toy("full"), rows_file(tmp_path / "rows.csv", toy_splits())
    assert source.config.train.precision == "float32"
    with reading_in_bfloat16() as found:
        transfer.transfer(task(source, contradicting(), 1.0, epochs=1))
        remeasure.evaluate_file(source, file)
        predict_file(source, file)
    assert len(found) > 20
    assert not any(found)


def test_a_tracker_that_is_missing_is_named_before_a_transfer(
    train_toy: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="mlflow not installed"):
        transfer.transfer(task(train_toy("full"), contradicting(), 1.0, trackers=("mlflow",)))


def test_a_new_class_is_learned_beside_the_old_ones_and_the_run_is_whole(train_toy: Callable[[str], Run]) -> None:
    run = open_run(transfer.transfer(task(train_toy("full"), with_a_new_class(), 1.0)).folder)
    assert run.labels == ("colour", "parcel", "refund", "chat")
    record = run.read_json(transfer.RECORD)
    assert record["classes"] == {"source": 3, "added": ["chat"]}
    assert record["before"]["target"]["value"] == 0.5  # the source cannot say "chat"
    (row,) = record["sweep"]
    assert row["target"]["value"] == row["target_own"]["value"] == row["source"]["value"] == 1.0
    again = remeasure.evaluate_splits(run, with_a_new_class())
    assert again["metrics"]["accuracy"] == run.metrics["metrics"]["accuracy"]
    assert record["strength"] == run.manifest["transfer"]["strength"] == 1.0
    assert [each["method"] for each in run.metrics["references"]] == ["source"]
    assert run.metrics["references"][0]["accuracy_gain"]["value"] == 0.5
    assert "| 1 (saved) | 100.0%" in (run.folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("before", "after"), [("lora", "lora"), ("full", "bitfit"), ("probe", "lora")])
def test_the_new_run_needs_the_source_run_no_more(
    train_toy: Callable[[str], Run], tmp_path: Path, before: str, after: str
) -> None:
    source = train_toy(before)
    copy = Run(shutil.copytree(source.folder, tmp_path / "source"), source.manifest)
    made = transfer.transfer(task(copy, contradicting(), 0.0, method=after))
    shutil.rmtree(copy.folder)
    kept = {path.name for path in made.folder.iterdir() if path.is_dir()} - {"tokenizer"}
    assert kept == {{"lora": "adapter", "bitfit": "delta"}[after]} | ({"backbone"} if before != "probe" else set())
    assert str(tmp_path / "source") not in (made.folder / "config.yaml").read_text(encoding="utf-8")
    model = objectives.get("classify").load(open_run(made.folder))
    again = calibrated.evaluate(model, contradicting()).metrics["accuracy"]
    assert again.value == pytest.approx(made.metrics["metrics"]["accuracy"]["value"])
    if after == "lora" == before:  # and so it can be transferred in its turn, back to where it came from
        back = transfer.prepare(made, contradicting(), toy_splits(), config(made), TransferSettings(lambdas=(0.0,)))
        assert transfer.transfer(back).metrics["metrics"]["accuracy"]["value"] > 0.9


def test_a_transferred_run_is_compared_only_with_runs_of_the_rows_that_it_was_measured_on(
    train_toy: Callable[[str], Run], tmp_path: Path
) -> None:
    trained = train_toy("full")
    files = {**trained.manifest["files"], promotion.STANDING_TEST: {}, VERDICT: {}}
    source = Run(shutil.copytree(trained.folder, tmp_path / "source"), {**trained.manifest, "files": files})
    promotion.write_standing_test(source.folder, toy_splits().test)
    write_json(source.folder / VERDICT, {"promoted": False, "champion": "older", "reason": "held back"})
    made = transfer.transfer(task(source, contradicting(), 1.0, epochs=1))
    assert promotion.read(made) is None
    verdict = promotion.judge(made, source.folder)
    assert verdict is not None
    assert "it was measured on other test rows" in verdict.reason
    promotion.write_standing_test(source.folder, contradicting().test)
    assert made.read_json(promotion.STANDING_TEST) == source.read_json(promotion.STANDING_TEST)


def test_the_best_among_the_targets_classes_is_never_another_one() -> None:
    logits = np.array([[3, 1, 2], [0, 5, 1], [9, 0, 8]], np.float32)
    assert transfer.best_among(np.array([1, 2]), logits).tolist() == [2, 1, 2]
    assert transfer.best_among(np.array([1, 3]), logits).tolist() == [1, 1, 1]  # it has no class 3
    nothing = transfer.best_among(np.array([3, 4]), logits)
    unseen = class_indices(Examples(("a", "b", "c"), ("x", "y", "z")), ("u", "v", "w"))
    assert accuracy(unseen, nothing) == 0  # neither a class nor a label that nobody knows is right


def attempt(strength: float, target: float, source: float | None) -> Attempt:
    return Attempt(strength, Quality(Estimate(0, 0, 0), Estimate(0, 0, 0), None, target, source), 0.0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([(0, 0.9, 0.5), (1, 0.8, 0.89), (3, 0.7, 0.9)], 1),  # the best on target among those that keep the source
        ([(0, 0.9, 0.5), (1, 0.8, 0.6)], 1),  # none keeps it: the one that loses least
        ([(0, 0.9, 0.9), (1, 0.9, 0.9)], 1),  # equal: the one held more strongly
        ([(0, 0.9, None), (1, 0.8, None)], 0),  # nothing known of the source: by the target alone
    ],
)
def test_the_strength_is_chosen_by_validation_rows(
    found: list[tuple[float, float, float | None]], expected: float
) -> None:
    before = Quality(Estimate(0, 0, 0), Estimate(0, 0, 0), None, 0.2, None if found[0][2] is None else 0.9)
    attempts = [attempt(*each) for each in found]
    chosen = max(attempts, key=lambda each: transfer.preference(before, TransferSettings(), each))
    assert chosen.strength == expected


def test_source_rows_that_cannot_be_read_are_needed_for_replay_alone(train_toy: Callable[[str], Run]) -> None:
    run = train_toy("full")

    def read(config: Config) -> Splits:
        if config.data.train != "moved":
            raise DataError("source.csv: no such file")
        return toy_splits(21)

    with pytest.raises(RunError, match="no such file; name them with --source-data FILE, or use --anchor target"):
        transfer.read_source(run, read, None, TransferSettings())
    with pytest.raises(RunError, match="rows have changed since it was trained"):
        transfer.read_source(run, lambda config: toy_splits(21), None, TransferSettings())
    assert transfer.read_source(run, lambda config: toy_splits(), None, TransferSettings()) == (toy_splits(), ())
    moved, notes = transfer.read_source(run, read, "moved", TransferSettings())
    assert (moved, [note.code for note in notes]) == (toy_splits(21), ["other_source_rows"])
    wanted = TransferSettings(anchor="target", lambdas=(1.0,))
    none, notes = transfer.read_source(run, read, None, wanted)
    made = transfer.prepare(run, none, contradicting(), config(run, epochs=1), wanted, notes)
    assert transfer.measure(made, calibrated.load(run)).source is None
    assert "cannot be read: source.csv" in made.notes[0].message


def test_texts_that_stand_on_both_sides_are_noted(train_toy: Callable[[str], Run]) -> None:
    rows = toy_splits()
    crossing = replace(rows, test=rows.train.take(range(5)))
    notes = transfer.prepare(train_toy("full"), rows, crossing, config(train_toy("full")), TransferSettings()).notes
    assert {note.code: note.count for note in notes}["target_near_duplicate"] == 5


@pytest.mark.parametrize(
    ("source", "method", "expected"),
    [
        ("tfidf", "full", "'tfidf' has no backbone to transfer"),
        ("full", "probe", "'probe' tunes no backbone"),
        ("full", "tfidf", "'tfidf' tunes no backbone"),
        ("prompt", "full", "what 'prompt' learned cannot be merged"),
    ],
)
def test_a_method_that_cannot_continue_is_refused_by_name(
    train_toy: Callable[[str], Run], source: str, method: str, expected: str
) -> None:
    run = train_toy(source)
    with pytest.raises(MethodError, match=expected):
        transfer.prepare(run, toy_splits(), contradicting(), config(run, method), TransferSettings())


def test_labels_take_the_sources_spelling_and_come_behind_them() -> None:
    renamed = with_labels(with_a_new_class(), ("parcel", "colour"))
    assert renamed.labels == ("parcel", "colour", "chat")
    assert set(renamed.train.labels) == {"colour", "chat"}


def test_the_table_says_where_the_term_is_taken_and_what_is_saved_and_why() -> None:
    estimate = {"value": 0.5, "low": 0.4, "high": 0.7}
    both = {"target": estimate, "target_own": {**estimate, "value": 0.6}}
    rows = [{"strength": s, **both, "source": None} for s in (0.0, 0.1)]
    record = {
        "source": "run", "anchor": "target", "max_source_loss": 0.02, "strength": 0.1, "kept": False,
        "before": {**both, "source": None}, "sweep": rows,
    }  # fmt: skip
    table = transfer_table(record)
    assert "taken on the target's inputs; saved is the one that loses least" in table
    assert "| 0.1 (saved) | 50.0% (40.0% to 70.0%) | 60.0% (40.0% to 70.0%) | not measured |" in table
    assert "those that lose at most 2 points" in transfer_table({**record, "kept": True})


def test_the_figure_holds_every_strength_of_both_sides() -> None:
    estimate = {"value": 0.5, "low": 0.4, "high": 0.7}
    rows = [{"strength": s, "target": estimate, "source": estimate} for s in (0.0, 0.1)]
    record = {"before": {"target": estimate, "source": estimate}, "sweep": rows}
    drawn = json.loads(transfer_figure(record, "strength", "accuracy", {"target": "new", "source": "old"}).to_json())
    assert [trace["name"] for trace in drawn["data"]] == ["new", "old"]
    assert all(trace["x"] == ["0", "0.1"] for trace in drawn["data"])


def latest_config() -> Config:
    run = latest("customer-service")
    assert run is not None
    return run.config


def rows_file(path: Path, rows: Splits) -> Path:
    every = rows.train + rows.validation + rows.test
    lines = [f"{text},{label}" for text, label in zip(every.texts, every.labels, strict=True)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_command_transfers_an_apps_run_and_the_app_still_serves_it(
    verticals: Command, tiny_backbone: Path, tmp_path: Path
) -> None:
    from verticals_customer_service.dialogue import Bot

    old, new = rows_file(tmp_path / "old.csv", toy_splits()), rows_file(tmp_path / "new.csv", with_a_new_class())
    quick = ("--set", "train.epochs=1", "--set", "train.learning_rate=0.001")
    app = ("--data", old, "--method", "full", "--backbone", tiny_backbone, *quick)
    assert verticals("train", "customer-service", *app).code == 0
    plot = tmp_path / "sweep.html"
    outcome = verticals(
        "transfer", "customer-service", "--data", new, "--lambdas", "0,1", "--plot", plot, *quick, "--json"
    )
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)["results"][0]
    assert [row["strength"] for row in result["transfer"]["sweep"]] == [0, 1]
    assert "plotly" in plot.read_text(encoding="utf-8").lower()
    run = open_run(Path(result["run"]))
    assert Bot.load(run).knowledge.name("chat", "en") == "Chat"
    assert verticals("evaluate", run.folder).code == 0
    old.rename(tmp_path / "older.csv")
    again = ("transfer", run.folder.parent / result["transfer"]["source"], "--data", new)
    assert "name them with --source-data" in verticals(*again).error
    moved = ("--source-data", tmp_path / "older.csv", "--lambdas", "1", "--method", "bitfit", "--set", "train.epochs=1")
    held = verticals(*again, *moved)
    assert "| 1 (saved) |" in held.out
    assert latest_config().train.learning_rate is None  # that of the source was for another method


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--lambdas", "0,x"], "expected numbers with commas"),
        (["--anchor", "both"], "setting transfer.anchor"),
        (["--lambdas", "-1"], "setting transfer.lambdas"),
        (["--method", "probe"], "'probe' tunes no backbone"),
        (["--set", "train.epoch=1"], "did you mean 'epochs'"),
        (["--set", "objective.class_weights=balanced"], "objective.class_weights=balanced: transfer learns by"),
        (["--set", "objective.blend=true"], "objective.blend=True: transfer learns by"),
        (["--set", "backbone.max_tokens=8"], "backbone.max_tokens=8: transfer goes on with the backbone of"),
    ],
)
def test_a_wrong_wish_is_refused_in_one_line(
    verticals: Command, train_toy: Callable[[str], Run], tmp_path: Path, options: list[str], expected: str
) -> None:
    outcome = verticals("transfer", train_toy("full").folder, "--data", tmp_path / "none.csv", *options)
    assert outcome.code == 2
    assert expected in outcome.error


def test_the_medical_notes_have_the_same_conditions_in_both_hospitals_and_what_stands_in_both_is_left_out() -> None:
    recipe = runpy.run_path(str(Path(__file__).parent.parent / "benchmarks" / "medical.py"))
    found = recipe["hospitals"](True, 0)
    assert found.a.labels == found.b.labels
    assert len(found.a.labels) == 4
    assert sum(found.a.sizes().values()) == sum(found.b.sizes().values()) == 60
    assert recipe["without"](found.b, found.a).sizes() == found.b.sizes()
    both = replace(found.b, train=found.b.train + found.a.test)
    left = recipe["without"](both, found.a)
    assert left.train == found.b.train
    assert left.notes[-1].count == len(found.a.test)
