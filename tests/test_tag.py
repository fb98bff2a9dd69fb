"""Taggers trained on toy sentences: letter case comes back, runs reload, entities come out."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tag_toys import PLACES, save_tag_backbone, tag_config, toy_sentences, toy_tagged_splits
from toys import Outcome
from verticals import objectives
from verticals.data.tagged import Sentence
from verticals.data.tagged_splits import TaggedSplits
from verticals.data.words import words_of
from verticals.errors import RunError
from verticals.objectives import Trained, tag
from verticals.objectives.tagger import Entity, Tagger
from verticals.objectives.word_features import LinearTagger
from verticals.runs import Run, open_run

SPLITS = toy_tagged_splits()


@pytest.fixture(scope="module")
def uncased(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tag_backbone(tmp_path_factory.mktemp("uncased"))


@pytest.fixture(scope="module")
def tuned(uncased: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained[Tagger]:
    return tag.fit(SPLITS, tag_config("full", uncased), tmp_path_factory.mktemp("work"))


def entity_f1(tagger: Tagger) -> float:
    return tag.evaluate(tagger, SPLITS).metrics["entity_f1"].value


def towns_right(tagger: Tagger) -> float:
    """Return the share of ambiguous words that are tagged right."""
    return float(
        np.mean(
            [
                found == wanted
                for sentence, tags in zip(SPLITS.test, tagger.tags(SPLITS.test), strict=True)
                for token, found, wanted in zip(sentence.tokens, tags, sentence.tags, strict=True)
                if token.lower() in PLACES
            ]
        )
    )


def test_shapes_give_a_lower_casing_backbone_the_case_that_decides(tuned: Trained[Tagger]) -> None:
    assert tuned.model.reading.shapes
    assert entity_f1(tuned.model) > 0.95


def test_without_shapes_case_is_lost(uncased: Path, tmp_path: Path) -> None:
    blind = tag.fit(SPLITS, tag_config("full", uncased, objective={"shapes": False}), tmp_path).model
    assert towns_right(blind) < 0.85  # a following "Port" gives some of them away
    assert not blind.module.head.shape_input.weight.any()


def test_a_cased_tokenizer_needs_no_shapes(tmp_path: Path) -> None:
    backbone = save_tag_backbone(tmp_path / "cased", lowercase=False)
    cased = tag.fit(SPLITS, tag_config("full", backbone), tmp_path / "work").model
    assert not cased.reading.shapes
    assert towns_right(cased) > 0.95


def test_tuning_starts_from_the_probe(uncased: Path, tmp_path: Path) -> None:
    still = {"epochs": 1, "learning_rate": 1e-12, "head_learning_rate": 1e-12}
    probe = tag.fit(SPLITS, tag_config("probe", uncased), tmp_path)
    barely = tag.fit(SPLITS, tag_config("full", uncased, train=still), tmp_path)
    pairs = zip(probe.model.logits(SPLITS.test), barely.model.logits(SPLITS.test), strict=True)
    assert max(abs(ours - theirs).max() for ours, theirs in pairs) < 1e-4
    assert probe.details["validation_accuracy"] == barely.details["probe_validation_accuracy"] > 0.9
    assert probe.log.trained_parameters == sum(p.numel() for p in probe.model.module.head.tag.parameters())


def test_a_start_of_its_own_is_compared_with_the_probe_of_the_backbone_as_it_came(
    uncased: Path, tmp_path: Path
) -> None:
    still = {"epochs": 1, "learning_rate": 1e-12, "head_learning_rate": 1e-12}
    method = {"name": "adapter", "options": {"spread": 100.0}}
    probe = tag.fit(SPLITS, tag_config("probe", uncased), tmp_path / "probe")
    spoilt = tag.fit(SPLITS, tag_config("adapter", uncased, method=method, train=still), tmp_path / "spoilt")
    assert spoilt.details["probe_validation_accuracy"] == probe.details["validation_accuracy"]
    assert spoilt.details["validation_accuracy"] < probe.details["validation_accuracy"]


def test_the_baseline_learns_case_and_neighbours_without_a_backbone(uncased: Path) -> None:
    judged = tag.word_features(SPLITS, tag_config("full", uncased))
    assert judged.metrics["entity_f1"].value > 0.95
    begun = replace(
        SPLITS,
        labels=("O", "B-TOWN"),
        train=_without_inside(SPLITS.train),
        test=_without_inside(SPLITS.test),
    )
    assert tag.word_features(begun, tag_config("full", uncased)).metrics["entity_f1"].value > 0.95


def _without_inside(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    return tuple(replace(s, tags=tuple("O" if name == "I-TOWN" else name for name in s.tags)) for s in sentences)


def write_columns(path: Path, sentences: tuple[Sentence, ...]) -> Path:
    blocks = ("\n".join(f"{word} {name}" for word, name in zip(s.tokens, s.tags, strict=True)) for s in sentences)
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return path


def test_the_command_line_tags_saves_proves_and_reports(
    verticals: Callable[..., Outcome], uncased: Path, tmp_path: Path
) -> None:
    train = write_columns(tmp_path / "train.conll", toy_sentences(120, 0))
    test = tmp_path / "test.jsonl"
    rows = [json.dumps({"tokens": s.tokens, "tags": s.tags}) for s in toy_sentences(40, 2)]
    test.write_text("\n".join(rows), encoding="utf-8")
    outcome = verticals(
        "tune", "tag", "--data", train, "--test", test, "--backbone", uncased, "--json",
        "--set", "train.learning_rate=0.003", "--set", "train.head_learning_rate=0.01", "--set", "backbone.max_tokens=64",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)["results"][0]
    assert (result["app"], result["objective"], result["method"]) == ("tag", "tag", "full")
    assert result["metrics"]["entity_f1"]["value"] > 0.95
    assert {"token_micro_f1", "token_macro_f1"} <= result["metrics"].keys()
    assert result["baseline"]["method"] == "word-features"
    assert result["data"]["split"] == {"train": 108, "validation": 12, "test": 40}
    run = open_run(Path(result["run"]))
    assert run.metrics["tags"]["O"]["support"] + sum(run.metrics["types"]["TOWN"].values()) > 100
    assert "| TOWN |" in (run.folder / "README.md").read_text(encoding="utf-8")
    found = tag.answer(objectives.get(run.objective).load(run), "We saw Bath in the old bath.")
    assert [(each.type, each.words) for each in found] == [("TOWN", ("Bath",))]


@pytest.mark.parametrize("kinds", [("LOC",), ("LOC", "PER"), ("LOC", "ORG", "PER")])
def test_the_baseline_learns_from_words_that_are_all_part_of_entities(kinds: tuple[str, ...]) -> None:
    labels = ("O", *(f"B-{kind}" for kind in kinds))
    sentences = [Sentence((label.lower() * 2,), (label,)) for label in labels[1:]] * 5
    linear = LinearTagger.fit(sentences, labels, 0)
    assert linear.tags(sentences) == [sentence.tags for sentence in sentences]


def test_a_run_without_its_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="incomplete"):
        tag.load(Run(tmp_path, {}))


def test_long_sentences_and_unread_words_are_tagged_and_noted(uncased: Path, tmp_path: Path) -> None:
    odd = Sentence(("the", "\u200b", "nice") * 20, ("O",) * 60, 1, 999)
    splits = TaggedSplits("odd", SPLITS.labels, SPLITS.train, SPLITS.validation, (*SPLITS.test, odd))
    trained = tag.fit(splits, tag_config("probe", uncased), tmp_path)
    assert {(note.code, note.count) for note in trained.notes} >= {("long_sentence", 1), ("word_unread", 20)}
    assert [len(tags) for tags in trained.model.tags([odd])] == [60]


def test_entities_have_their_words_and_a_confidence(tuned: Trained[Tagger]) -> None:
    plain = Sentence(("We", "saw", "a", "nice", "old", "bath"), document=1)
    named = Sentence(("We", "saw", "Nice", "Port", "and", "nice", "port", "in", "the", "Bath"), document=2)
    nothing, found = tuned.model.entities([plain, named])
    assert nothing == ()
    assert found[0] == Entity("TOWN", 2, 4, ("Nice", "Port"), found[0].confidence)
    assert all(0.5 < each.confidence <= 1 for each in found)
    assert tag.answer(tuned.model, " ") == ()


def test_neighbours_are_read_in_a_document_and_not_between_sentences(tuned: Trained[Tagger]) -> None:
    rows = [("We", "saw", "Nice", "."), ("The", "old", "Bath", ".")]
    alone, together = (
        tuned.model.logits([Sentence(words, document=number * apart) for number, words in enumerate(rows)])
        for apart in (1, 0)
    )
    assert not np.allclose(alone[1], together[1], atol=1e-4)
    assert np.allclose(tuned.model.logits([Sentence(rows[1])])[0], alone[1], atol=1e-4)


def test_running_text_is_split_as_tagged_corpora_are() -> None:
    text = "J. Doe's well-known U.N. talk (at 2:30, AT&T), cost 10,000$. 你好"
    expected = "J. Doe 's well-known U.N. talk ( at 2:30 , AT&T ) , cost 10,000 $ . 你好"
    assert words_of(text) == tuple(expected.split())
    assert "".join(words_of(text)) == "".join(text.split())
    assert words_of(" \n") == ()
