"""Retrieval: every kind against the exact answer, change while reading, and files that are not what they say."""

import json
import pickle
import struct
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import faiss
import numpy as np
import pytest

from verticals.arrays import FloatArray
from verticals.errors import DataError, RunError
from verticals_recommender.retrieval import stored
from verticals_recommender.retrieval.choice import Target, choose, meets, recall, suited
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.retrieval.million import MillionItems, clustered_vectors, million_items
from verticals_recommender.retrieval.structures import KINDS, IndexSpec, Kind, fitting, proposal

ROWS, WIDTH = 2000, 16


@pytest.fixture(scope="module")
def vectors() -> FloatArray:
    return clustered_vectors(ROWS, WIDTH, seed=1)


def thorough(kind: Kind) -> IndexSpec:
    """Return a structure with so much effort that it has to find everything."""
    spec = proposal(kind, ROWS)
    return spec.model_copy(update={"effort": max(spec.lists, 512) if kind != "flat" else 0, "rescored": 16})


def make(kind: Kind, vectors: FloatArray) -> VectorIndex:
    return VectorIndex(thorough(kind), np.arange(len(vectors)), vectors)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_finds_what_the_exact_search_finds_when_it_visits_everything(
    kind: Kind, vectors: FloatArray
) -> None:
    queries = clustered_vectors(20, WIDTH, seed=2)
    found = make(kind, vectors).search(queries, 10)
    exact = np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :10]
    assert np.mean([len(set(a) & set(b)) for a, b in zip(found.ids, exact, strict=True)]) >= 9.8
    chosen = vectors[found.ids]
    np.testing.assert_allclose(found.scores, np.einsum("qkw,qw->qk", chosen, queries), atol=1e-5)
    assert (np.diff(found.scores, axis=1) <= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_added_changed_and_removed_rows_are_seen_at_once_and_the_structure_stays(
    kind: Kind, vectors: FloatArray
) -> None:
    index = make(kind, vectors)
    novel = np.eye(WIDTH, dtype=np.float32)[:2]
    index.add(np.array([9001, 9002]), novel)
    assert index.search(novel, 1).ids.ravel().tolist() == [9001, 9002]
    index.update(np.array([9001, 7]), -novel)
    assert index.search(-novel, 1).ids.ravel().tolist() == [9001, 7]
    assert len(index) == ROWS + 2
    index.remove(np.array([9001, 7]))
    everything = index.search(-novel, ROWS + 2).ids
    assert not np.isin([9001, 7], everything).any()
    assert len(index) == ROWS


@pytest.mark.parametrize("kind", KINDS)
def test_a_removed_rows_vector_is_nowhere_after_a_purge(kind: Kind, vectors: FloatArray) -> None:
    index = make(kind, vectors)
    index.remove(np.arange(0, 100))
    index.purge()
    ids, kept = index.rows()
    assert sorted(ids) == list(range(100, ROWS))
    assert not (kept[:, None, :4] == vectors[None, :100, :4]).all(axis=2).any()
    assert index.search(vectors[:100], 5).ids.min() >= 100


def test_many_new_rows_move_into_a_copy_of_the_structure_and_many_dead_ones_have_it_built_anew() -> None:
    rows = clustered_vectors(12_000, 8, seed=1)
    index = VectorIndex(proposal("ivf", 6000), np.arange(6000), rows[:6000])
    index.set_effort(10_000)
    index.add(np.arange(6000, 12_000), rows[6000:])
    assert (index.search(rows[11_000:11_020], 1).ids.ravel() == np.arange(11_000, 11_020)).all()
    index.remove(np.arange(0, 7000))
    assert (index.search(rows[7000:7020], 1).ids.ravel() == np.arange(7000, 7020)).all()
    assert len(index) == 5000


def test_an_index_may_lose_all_its_rows_and_get_new_ones(vectors: FloatArray) -> None:
    index = make("ivf", vectors)
    index.remove(np.arange(ROWS))
    index.purge()
    found = index.search(vectors[:1], 3)
    assert found.ids.tolist() == [[-1, -1, -1]]
    assert np.isneginf(found.scores).all()
    index.add(np.array([5]), vectors[5:6])
    assert index.search(vectors[5:6], 2).ids.tolist() == [[5, -1]]


def test_readers_beside_a_writer_never_see_half_an_update(vectors: FloatArray) -> None:
    """Two rows swap their vectors together, so whoever asks for one of the vectors always finds exactly one of the two."""
    index = make("hnsw", vectors)
    pair = 10 * np.eye(WIDTH, dtype=np.float32)[:2]
    index.add(np.array([9001, 9002]), pair)

    def read(_: int) -> set[int]:
        found = index.search(pair, 1).ids.ravel().tolist()
        return set(found)

    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(read, range(300))
        for turn in range(100):
            index.update(np.array([9001, 9002]), pair[:: 1 if turn % 2 else -1])
        assert all(answer == {9001, 9002} for answer in answers)


@pytest.mark.parametrize(
    ("ids", "rows", "expected"),
    [
        ([1, 1], np.ones((2, WIDTH)), "id 1 is given more than once"),
        ([-1], np.ones((1, WIDTH)), "expected ids from 0"),
        ([1], np.ones((2, WIDTH)), "one integer id per vector"),
        ([9001], np.ones((1, WIDTH + 1)), f"expected vectors of width {WIDTH}"),
        ([9001], np.full((1, WIDTH), np.nan), "NaN"),
        ([3], np.ones((1, WIDTH)), "id 3 is in the index already"),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_change_nothing(
    vectors: FloatArray, ids: list[int], rows: FloatArray, expected: str
) -> None:
    index = make("flat", vectors)
    with pytest.raises(DataError, match=expected):
        index.add(np.array(ids), np.asarray(rows, np.float32))
    assert len(index) == ROWS


def test_an_unknown_row_can_be_neither_changed_nor_removed(vectors: FloatArray) -> None:
    index = make("flat", vectors)
    with pytest.raises(DataError, match="id 9001 is not in the index"):
        index.remove(np.array([9001]))
    with pytest.raises(DataError, match="id 9001 is not in the index"):
        index.update(np.array([9001]), vectors[:1])


def test_recall_counts_equal_vectors_alike() -> None:
    found = np.array([[0.9, 0.8, 0.8], [0.9, 0.5, 0.4]], np.float32)
    assert recall(found, np.array([0.8, 0.5], np.float32)).tolist() == [1.0, pytest.approx(2 / 3)]


def test_the_exact_search_serves_where_it_is_fast_enough(vectors: FloatArray) -> None:
    ticks = count()
    choice, _ = choose(vectors, clustered_vectors(20, WIDTH, 2), Target(p95_ms=1e6), clock=lambda: float(next(ticks)))
    assert (choice.chosen.spec.kind, choice.met, len(choice.points)) == ("flat", True, 1)
    assert choice.chosen.recall == 1.0


def test_where_nothing_is_fast_enough_the_recall_is_kept_and_the_choice_says_so(vectors: FloatArray) -> None:
    ticks = count()
    choice, index = choose(
        vectors, clustered_vectors(20, WIDTH, 2), Target(p95_ms=0.001), clock=lambda: float(next(ticks))
    )
    assert not choice.met
    assert choice.chosen.recall_low >= 0.98
    assert index.spec == choice.chosen.spec


def test_an_approximate_kind_gets_just_the_effort_that_its_target_needs(vectors: FloatArray) -> None:
    target = Target(recall=0.95, at=10, p95_ms=1e6)
    choice, index = choose(vectors, clustered_vectors(50, WIDTH, 2), target, kinds=("ivf",))
    *below, last = choice.points
    assert below
    assert [point.spec.effort for point in choice.points] == [2**n for n in range(len(choice.points))]
    assert all(point.recall_low < 0.95 for point in below)
    assert meets(last, target)
    assert choice.chosen == last
    assert index.spec == last.spec


def test_only_kinds_that_the_catalogue_is_large_enough_for_are_tried(vectors: FloatArray) -> None:
    assert suited(KINDS, len(vectors)) == list(KINDS)
    assert suited(KINDS, 100) == suited(["ivf"], 100) == ["flat"]


def test_a_choice_survives_json(vectors: FloatArray) -> None:
    choice, _ = choose(vectors[:100], clustered_vectors(20, WIDTH, 2), Target(at=10, p95_ms=1e6))
    assert type(choice).model_validate_json(choice.model_dump_json()) == choice


def test_a_structure_that_needs_more_rows_than_there_are_gives_way_to_the_exact_one() -> None:
    assert fitting(proposal("ivf", 100_000), 500).kind == "flat"
    assert fitting(proposal("ivf", 100_000), 100_000).kind == "ivf"


def test_the_benchmark_of_a_million_items_keeps_its_recall_at_five_thousand() -> None:
    outcome = million_items(MillionItems(rows=5000, sample=50, queries=50, target=Target(p95_ms=1e6)))
    assert outcome.choice.rows == 5000
    assert outcome.recall.value >= 0.98
    assert outcome.build_seconds > 0


def test_an_index_is_built_anew_from_its_files_and_answers_as_before(vectors: FloatArray, tmp_path: Path) -> None:
    index = make("ivf-pq", vectors)
    index.remove(np.array([3]))
    stored.save(index, tmp_path)
    again = stored.load(tmp_path)
    queries = clustered_vectors(20, WIDTH, seed=2)
    assert again.spec == index.spec
    np.testing.assert_array_equal(again.search(queries, 10).ids, index.search(queries, 10).ids)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.json", "vectors.safetensors"]


def pickled() -> bytes:
    return pickle.dumps({"vectors": [1.0]})


def faiss_file() -> bytes:
    return bytes(faiss.serialize_index(faiss.IndexFlatIP(4)))


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:5],
        lambda raw: b"",
        lambda raw: struct.pack("<Q", 2**60) + raw[8:],
        lambda raw: raw.replace(b"F32", b"F64", 1),
        lambda raw: raw.replace(b'"ids"', b'"odd"', 1),
        lambda raw: raw[:-4] + b"\x00\x00\xc0\x7f",
        lambda raw: pickled(),
        lambda raw: faiss_file(),
        lambda raw: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    ],
    ids=["half", "stub", "empty", "header", "dtype", "name", "nan", "pickle", "faiss", "pointer"],
)
def test_a_damaged_or_foreign_file_of_vectors_is_one_clean_error(
    damage: object, vectors: FloatArray, tmp_path: Path
) -> None:
    assert callable(damage)
    stored.save(make("flat", vectors), tmp_path)
    path = tmp_path / stored.VECTORS
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RunError, match=r"vectors\.safetensors"):
        stored.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"kind": "lsh"}', '{"kind": "ivf", "lists": 1e18}', '{"oops": 1}', json.dumps({"a": "x" * 99999})],
)
def test_a_wrong_description_is_one_clean_error(text: str, vectors: FloatArray, tmp_path: Path) -> None:
    stored.save(make("flat", vectors), tmp_path)
    (tmp_path / stored.DESCRIPTION).write_text(text)
    with pytest.raises(RunError, match=r"index\.json"):
        stored.load(tmp_path)
