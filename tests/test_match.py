"""Pairs: what is read, what is masked, what the loss is, and that word i finds word i."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from toys import COMMON, Outcome
from verticals import backbones, objectives
from verticals.backbones import Backbone
from verticals.config import DataConfig
from verticals.data.pairs import Pairs, Role, load_pairs, read_pairs
from verticals.errors import DataError
from verticals.objectives import match
from verticals.runs import open_run

Command = Callable[..., Outcome]
ANCHOR, POSITIVE = Role("anchor", None, ("anchor",)), Role("positive", None, ("positive",))
WORDS = 20


def pairs_file(path: Path, fillers: tuple[str, ...]) -> Path:
    """Write pairs in which anchor word i belongs to positive word i + 20; the two texts share no word."""
    rows = [f"{filler} n{word},n{word + WORDS}" for filler in fillers for word in range(WORDS)]
    path.write_text("anchor,positive\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_tuned_encoder_finds_word_i_for_word_i_where_bm25_and_the_backbone_cannot(
    verticals: Command, tmp_path: Path, tiny_backbone: Path
) -> None:
    train, test = pairs_file(tmp_path / "train.csv", COMMON[:4]), pairs_file(tmp_path / "test.csv", COMMON[4:])
    outcome = verticals(
        "tune", "match", "--data", train, "--test", test, "--method", "full", "--backbone", tiny_backbone, "--json",
        "--set", "train.epochs=25", "--set", "train.batch_size=20", "--set", "train.learning_rate=0.003",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)["results"][0]
    assert (result["app"], result["objective"], result["method"]) == ("match", "match", "full")
    assert result["metrics"]["recall_at_1"]["value"] == 1
    assert [each["method"] for each in (result["baseline"], *result["references"])] == ["bm25", "untuned"]
    assert all(each["mrr_gain"]["low"] > 0.3 for each in (result["baseline"], *result["references"]))
    run = open_run(Path(result["run"]))
    model = objectives.get("match").load(run)
    vectors = model.embed(["my n3", *(f"n{word + WORDS}" for word in range(WORDS))])
    assert (vectors[1:] @ vectors[0]).argmax() == 3


def test_a_batch_forbids_every_known_positive_but_the_anchors_own(tiny_backbone: Path) -> None:
    rows = Pairs(
        ("n1", "n2", "N1!", "n3"),
        ("parcel", "parcel", "refund", "blue"),
        ((), ("green",), (), ("Blue", "paint")),
        (2, 3, 4, 5),
    )
    tokenizer = backbones.load_tokenizer(Backbone("tiny", tiny_backbone))
    data, collate = match.batching(rows, tokenizer, 32)
    batch = collate([data[position] for position in range(4)])
    texts = [tokenizer.decode(ids, skip_special_tokens=True) for ids in batch["candidate_ids"]]
    assert texts == ["parcel", "parcel", "refund", "blue", "green", "", "paint"]  # Blue is unknown to this vocabulary
    assert batch["forbidden"].int().tolist() == [
        [0, 1, 1, 0, 0, 0, 0],  # the same positive twice, and the other positive of the same anchor
        [1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 0],  # a hard negative that is the anchor's own positive
    ]


class Lookup(torch.nn.Module):
    """Gives text number i the unit vector i."""

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return torch.eye(4)[ids[:, 0]]


def test_the_loss_is_the_cross_entropy_over_candidates_and_forbidden_ones_do_not_count() -> None:
    ids = torch.tensor([[0], [1]])
    batch = {"anchor_ids": ids, "anchor_mask": ids, "candidate_ids": ids, "candidate_mask": ids}
    free, alone = torch.zeros(2, 2, dtype=torch.bool), ~torch.eye(2, dtype=torch.bool)
    expected = torch.log1p(torch.exp(torch.tensor(-1 / 0.5)))
    for symmetric in (True, False):
        assert match.contrast(0.5, symmetric, Lookup(), {**batch, "forbidden": free}).item() == pytest.approx(expected)
        assert match.contrast(0.5, symmetric, Lookup(), {**batch, "forbidden": alone}).item() == 0


def test_a_hard_negative_weighs_on_anchors_only() -> None:
    ids, candidates = torch.tensor([[0], [1]]), torch.tensor([[0], [1], [0]])
    forbidden = torch.tensor([[False, True, False], [True, False, True]])
    batch = {"anchor_ids": ids, "anchor_mask": ids, "candidate_ids": candidates, "candidate_mask": candidates}
    one_way = match.contrast(1.0, False, Lookup(), {**batch, "forbidden": forbidden}).item()
    both_ways = match.contrast(1.0, True, Lookup(), {**batch, "forbidden": forbidden}).item()
    assert one_way == pytest.approx(torch.log(torch.tensor(2.0)).item() / 2)  # anchor 0 cannot tell its copy apart
    assert both_ways == pytest.approx(one_way / 2)


def test_negatives_come_from_numbered_columns_and_from_lists(tmp_path: Path) -> None:
    rows = [
        {"anchor": "a", "positive": "b", "negative_1": "c", "negative_2": ["d", "e"]},
        {"anchor": "f", "positive": "g", "negative_1": None, "negative_2": ""},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    splits = load_pairs(DataConfig(train=str(path), test=str(path)), 0, ANCHOR, POSITIVE)
    assert splits.train.negatives == (("c", "d", "e"), ())


def test_blank_and_repeated_pairs_are_counted_and_the_test_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("anchor,positive\na,b\nA!,b\n,b\nc,\nd,e\n", encoding="utf-8")
    splits = load_pairs(DataConfig(train=str(path), test=str(path)), 0, ANCHOR, POSITIVE)
    assert (splits.train.left, splits.test.left) == (("a", "d"), ("a", "A!", "d"))
    counts = [(note.code, note.count) for note in splits.notes if note.code != "near_duplicate"]
    assert counts == [("blank_text", 2), ("blank_text", 2), ("duplicate", 1)]


def test_an_encoding_that_is_not_plain_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("anchor,positive\na,b\n", encoding="utf-16")
    _, notes = read_pairs(path, ANCHOR, POSITIVE)
    assert [note.message for note in notes] == ["rows.csv: read as utf-16, not plain UTF-8"]


def test_the_rows_of_one_anchor_are_never_split_between_training_and_test(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"anchor{number % 10},positive{number}" for number in range(40)]
    path.write_text("anchor,positive\n" + "\n".join(rows), encoding="utf-8")
    splits = load_pairs(DataConfig(train=str(path)), 0, ANCHOR, POSITIVE)
    assert not set(splits.train.left) & set(splits.test.left)
    assert splits.sizes() == {"train": 32, "test": 8}
    assert splits.fingerprint() != load_pairs(DataConfig(train=str(path)), 1, ANCHOR, POSITIVE).fingerprint()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("anchor,positiv\na,b\n", r"choose one with --set objective\.positive=COLUMN"),
        ("anchor,positive\na,\n", "no row has both a text in 'anchor' and one in 'positive'"),
        ("anchor,positive\na,b\na,c\n", "every row has the same first text"),
    ],
)
def test_a_file_without_pairs_says_what_is_missing(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        load_pairs(DataConfig(train=str(path)), 0, ANCHOR, POSITIVE)
