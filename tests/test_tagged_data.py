"""Tagged files: every dialect reads the same, and everything malformed is named with file and line."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from verticals.config import DataConfig
from verticals.data.public_tagged import load_tagged
from verticals.data.tag_schemes import Scheme, from_iob2, recognise, spans, to_iob2
from verticals.data.tagged import Sentence, TaggedFile, read_tagged
from verticals.data.tagged_splits import TaggedSplits, carve, make_splits
from verticals.errors import DataError

TOKENS = ("Ada", "Byron", "Oslo", "Bergen", "rains")
IOB2 = ("B-PER", "I-PER", "B-LOC", "B-LOC", "O")
DIALECTS = {
    "iob2": IOB2,
    "iob1": ("I-PER", "I-PER", "I-LOC", "B-LOC", "O"),
    "bioes": ("B-PER", "E-PER", "S-LOC", "S-LOC", "O"),
    "bilou": ("B-PER", "L-PER", "U-LOC", "U-LOC", "O"),
}


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def sentence_lists() -> st.SearchStrategy[list[str]]:
    spans = st.tuples(st.sampled_from("ABO"), st.integers(1, 3))
    return st.lists(spans, max_size=6).map(
        lambda drawn: [
            tag
            for kind, size in drawn
            for tag in (["O"] * size if kind == "O" else [f"B-{kind}", *[f"I-{kind}"] * (size - 1)])
        ]
    )


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("separator", [" ", "\t", "  "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_dialect_and_separator_reads_the_same(tmp_path: Path, dialect: str, separator: str, end: str) -> None:
    lines = [separator.join((token, "x", tag)) for token, tag in zip(TOKENS, DIALECTS[dialect], strict=True)]
    file = read_tagged(write(tmp_path / "rows.conll", end.join([*lines, "", "", *lines])))
    assert file.sentences == (Sentence(TOKENS, IOB2, 1, 0), Sentence(TOKENS, IOB2, 8, 1))
    assert file.scheme == {"iob2": "IOB2", "iob1": "IOB1"}.get(dialect, "BIOES")
    assert file.notes == ()


@given(sentence_lists(), st.sampled_from(["IOB1", "IOB2", "BIOES"]))
def test_schemes_are_translated_back_and_forth_without_loss(tags: list[str], scheme: Scheme) -> None:
    written = from_iob2(tags, scheme)
    assert to_iob2(written) == tuple(tags)
    found = [(span.type, span.start, span.stop - 1) for span in spans(written)]
    assert found == get_entities(list(written))  # the field's own reading of the notation
    assert to_iob2(from_iob2(to_iob2(written), recognise([written]))) == tuple(tags)


def test_document_marks_are_counted_and_part_documents(tmp_path: Path) -> None:
    text = "-DOCSTART- -X- O\n\nOslo x B-LOC\n\nit x O\n\n-DOCSTART- -X- O\n\nrains x O\n"
    file = read_tagged(write(tmp_path / "eng.train", text))
    assert [(s.tokens, s.document, s.line) for s in file.sentences] == [
        (("Oslo",), 1, 3),
        (("it",), 1, 5),
        (("rains",), 2, 9),
    ]
    assert [(note.code, note.count) for note in file.notes] == [("document_mark", 2)]


def test_a_line_of_blanks_ends_a_sentence_and_a_tabbed_token_may_hold_a_blank(tmp_path: Path) -> None:
    file = read_tagged(write(tmp_path / "a.tsv", "New York\tB-LOC\n\t\n#\tO\n"))
    assert [s.tokens for s in file.sentences] == [("New York",), ("#",)]


def test_a_needless_b_in_iob1_begins_an_entity_and_is_noted(tmp_path: Path) -> None:
    text = "Oslo I-LOC\nin O\nMay B-DATE\nAda I-PER\nRio I-LOC\n"
    file = read_tagged(write(tmp_path / "a.conll", text))
    assert file.sentences[0].tags == ("B-LOC", "O", "B-DATE", "B-PER", "B-LOC")
    assert [(note.code, note.count) for note in file.notes] == [("needless_b", 1)]
    assert "lines 3" in file.notes[0].message


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("Oslo B-LOC\nit rains O\n", 2, "line 1 has 2 columns, but line 2 has 3"),
        ("Oslo x B-LOC\nrains O\n", 2, "line 1 has 3 columns, but line 2 has 2"),
        ("\n".join(["a O", *["a b O"] * 7]), 2, "and 2 more"),
        ("\nOslo\nrains\n", 2, "expected a token and a tag, found only 'Oslo'"),
        ("Oslo\tB-LOC\n\tO\n", 2, "empty column"),
        ("Oslo\tB-LOC\nrains\t\n", 2, "empty column"),
        ("Oslo B-LOC\nrains X\n", 2, "'X' is not a tag"),
        ("Oslo LOC\n", 1, "'LOC' is not a tag"),
        ("Oslo B-\n", 1, "'B-' is not a tag"),
        ("Oslo Q-LOC\n", 1, "'Q-LOC' is not a tag"),
        ("Oslo -LOC\n", 1, "'-LOC' is not a tag"),
        ("Oslo B-LOC\nAda B-PER\nit O\nRio I-LOC\n", 4, "I-LOC cannot stand behind O"),
        ("Oslo B-LOC\nAda I-PER\nRio B-LOC\n", 2, "I-PER cannot stand behind B-LOC"),
        ("Oslo B-LOC\n\nI-LOC I-LOC\nAda B-PER\n", 3, "I-LOC cannot stand at the start of a sentence"),
        ("Oslo E-LOC\n", 1, "E-LOC cannot stand at the start of a sentence"),
        ("Oslo S-LOC\nAda B-PER\n", 2, "the end of the sentence cannot stand behind B-PER"),
        ("Oslo S-LOC\nAda B-PER\nit O\n", 3, "O cannot stand behind B-PER"),
        ("Oslo B-LOC\nAda E-PER\n", 2, "E-PER cannot stand behind B-LOC"),
        ("Oslo S-LOC\nRio I-LOC\n", 2, "I-LOC cannot stand behind S-LOC"),
    ],
)
def test_malformed_columns_are_named_with_file_and_line(tmp_path: Path, text: str, line: int, complaint: str) -> None:
    path = write(tmp_path / "rows.conll", text)
    with pytest.raises(DataError) as raised:
        read_tagged(path)
    assert str(raised.value).startswith(str(path))
    assert f"line {line}" in str(raised.value)
    assert complaint in str(raised.value)


@pytest.mark.parametrize("text", ["-DOCSTART- O\n\n", "\n \n"])
def test_a_file_without_tokens_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"expected lines of a token|file is empty"):
        read_tagged(write(tmp_path / "rows.conll", text))


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_tagged(tmp_path / "gone.conll")
    (tmp_path / "b.conll").write_bytes(b"a\0b O\n")
    with pytest.raises(DataError, match="binary file"):
        read_tagged(tmp_path / "b.conll")


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_rows_with_lists_read_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    rows = [{"tokens": list(TOKENS), "tags": list(DIALECTS["iob1"])}] * 2
    if suffix == ".jsonl":
        write(path, "\n".join(json.dumps(row) for row in rows))
    else:
        pd.DataFrame(rows).to_parquet(path)
    read = read_tagged(path)
    assert read.sentences == (Sentence(TOKENS, IOB2, 1, 0), Sentence(TOKENS, IOB2, 2, 1))
    assert "encoding" not in [note.code for note in read.notes]
    if suffix == ".jsonl":
        path.write_text(path.read_text(encoding="utf-8"), encoding="utf-16")
        assert "encoding" in [note.code for note in read_tagged(path).notes]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ('{"tokens": ["a"]}', "no 'tags'"),
        ('{"words": ["a"], "tags": ["O"]}', "no 'tokens'"),
        ('{"tokens": ["a", "b"], "tags": ["O"]}', "line 1: 2 tokens but 1 tags"),
        ('{"tokens": "a", "tags": ["O"]}', "line 1: expected 'tokens' to be a list of texts"),
        ('{"tokens": [], "tags": []}', "line 1: expected 'tokens' to be a list of texts"),
        ('{"tokens": [""], "tags": ["O"]}', "line 1: expected 'tokens' to be a list of texts"),
        ('{"tokens": ["a"], "tags": [0]}', "line 1: expected 'tags' to be a list of texts"),
        ('{"tokens": ["a"], "tags": null}', "line 1: expected 'tags' to be a list of texts"),
        ('{"tokens": ["a"], "tags": ["LOC"]}', "line 1: 'LOC' is not a tag"),
        ('{"tokens": ["a", "b"], "tags": ["B-X", "I-Y"]}', "line 1: I-Y cannot stand behind B-X"),
        ('{"tokens": ["a"]', "line 1: not JSON"),
        ('["a"]', "line 1: expected an object"),
    ],
)
def test_malformed_jsonl_is_named_with_file_and_line(tmp_path: Path, row: str, complaint: str) -> None:
    path = write(tmp_path / "rows.jsonl", row + "\n")
    with pytest.raises(DataError) as raised:
        read_tagged(path)
    assert str(raised.value).startswith(str(path))
    assert complaint in str(raised.value)


def file_of(count: int, per_document: int) -> TaggedFile:
    rows = (Sentence((f"w{n}",), ("B-X",) if n % 2 else ("O",), n + 1, n // per_document) for n in range(count))
    return TaggedFile(tuple(rows), "IOB2", ())


def test_carving_keeps_documents_whole_where_there_are_many() -> None:
    kept, held = carve(file_of(100, 4), 0.2, seed=0)
    assert len(held.sentences) == 20
    assert not {s.document for s in kept.sentences} & {s.document for s in held.sentences}
    assert sorted(kept.sentences + held.sentences, key=lambda s: s.line) == list(file_of(100, 4).sentences)
    assert carve(file_of(100, 4), 0.2, seed=0) == (kept, held)
    assert carve(file_of(100, 4), 0.2, seed=1) != (kept, held)


def test_carving_takes_single_sentences_where_documents_are_few() -> None:
    assert len(carve(file_of(10, 10), 0.3, seed=0)[1].sentences) == 3
    with pytest.raises(DataError, match="too few"):
        carve(file_of(1, 1), 0.3, seed=0)


@pytest.mark.parametrize("seed", range(25))
def test_carving_passes_over_a_document_that_overshoots_and_never_takes_all(seed: int) -> None:
    lopsided = TaggedFile(
        tuple(replace(sentence, document=min(sentence.document, 20)) for sentence in file_of(200, 1).sentences),
        "IOB2",
        (),
    )  # twenty documents of a sentence and one of 180
    assert 19 <= len(carve(lopsided, 0.2, seed)[1].sentences) <= 20
    assert len(carve(lopsided, 0.05, seed)[1].sentences) == 10
    kept, held = carve(file_of(200, 10), 0.02, seed)  # every document is larger than what is wanted
    assert (len(kept.sentences), len(held.sentences)) == (190, 10)
    assert len(carve(lopsided, 0.97, seed)[0].sentences) > 0


def test_splits_note_unseen_tags_and_repeated_sentences_and_refuse_nothing_but_o() -> None:
    train = TaggedFile((Sentence(("Oslo",), ("B-LOC",), 1), Sentence(("it",), ("O",), 3)), "IOB2", ())
    test = TaggedFile((Sentence(("Oslo",), ("B-LOC",), 1), Sentence(("Ada",), ("B-PER",), 3)), "IOB1", ())
    splits = make_splits("toy", train, train, test)
    assert splits.labels == ("O", "B-LOC")
    assert splits.scheme == "IOB1"
    assert [(note.code, note.count) for note in splits.notes] == [("unseen_tag", 1), ("repeated_sentence", 1)]
    with pytest.raises(DataError, match="every training token is tagged O"):
        make_splits("toy", TaggedFile((Sentence(("it",), ("O",), 3),), "IOB2", ()), train, test)


def test_the_fingerprint_changes_with_any_tag_and_any_split() -> None:
    rows = file_of(6, 1).sentences
    base = TaggedSplits("toy", ("O", "B-X"), rows[:4], rows[4:5], rows[5:])
    moved = TaggedSplits("toy", ("O", "B-X"), rows[:3], rows[3:5], rows[5:])
    retagged = TaggedSplits("toy", ("O", "B-X"), rows[:4], rows[4:5], (Sentence(rows[5].tokens, ("O",), 6, 5),))
    assert len({each.fingerprint() for each in (base, moved, retagged)}) == 3


def test_files_without_a_test_part_are_carved(tmp_path: Path) -> None:
    text = "\n\n".join(f"w{n} {'B-X' if n % 2 else 'O'}" for n in range(40))
    splits = load_tagged(DataConfig(train=str(write(tmp_path / "a.conll", text)), test_share=0.25), seed=0)
    assert (splits.name, len(splits.train), len(splits.validation), len(splits.test)) == ("a.conll", 27, 3, 10)
    with pytest.raises(DataError, match="no data given"):
        load_tagged(DataConfig(), seed=0)


def test_public_sets_are_read_from_their_published_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = "-DOCSTART- -X- -X- O\n\nAda x x I-PER\nin x x O\nOslo x x I-LOC\n"
    files = {
        **{f"conll2003/eng.{part}": columns for part in ("train", "testa", "testb")},
        **{
            f"wnut17/{name}": "Ada\tB-PER\nin\tO\nOslo\tB-LOC\n"
            for name in ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
        },
        **{f"snips/{part}/seq.in": "Ada in Oslo \n" for part in ("train", "valid", "test")},
        **{f"snips/{part}/seq.out": "B-PER O B-LOC \n" for part in ("train", "valid", "test")},
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / name, text)
    monkeypatch.setenv("VERTICALS_DATA", str(tmp_path))
    for name, scheme in (("conll2003", "IOB1"), ("wnut17", "IOB2"), ("snips", "IOB2")):
        splits = load_tagged(DataConfig(train=name), seed=0)
        assert (splits.name, splits.scheme, splits.labels) == (name, scheme, ("O", "B-LOC", "B-PER"))
        assert splits.test[0].tokens == ("Ada", "in", "Oslo")
        assert splits.test[0].tags == ("B-PER", "O", "B-LOC")
    with pytest.raises(DataError, match=r"of its own; leave data\.test out"):
        load_tagged(DataConfig(train="wnut17", test="mine.conll"), seed=0)
    write(tmp_path / "snips/test/seq.out", "O O\n")
    with pytest.raises(DataError, match="differ in their tokens"):
        load_tagged(DataConfig(train="snips"), seed=0)
    monkeypatch.setenv("VERTICALS_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="get it from"):
        load_tagged(DataConfig(train="wnut17"), seed=0)


@pytest.mark.parametrize(
    ("name", "sentences", "entities"),
    [
        ("conll2003", (14041, 3250, 3453), (23499, 5942, 5648)),
        ("wnut17", (3394, 1009, 1287), (1975, 836, 1079)),
        ("snips", (13084, 700, 700), (33958, 1794, 1790)),
    ],
)
def test_public_sets_have_their_published_sizes(
    public_data: Path, name: str, sentences: tuple[int, ...], entities: tuple[int, ...]
) -> None:
    splits = load_tagged(DataConfig(train=name), seed=0)
    parts = (splits.train, splits.validation, splits.test)
    assert tuple(len(part) for part in parts) == sentences
    assert tuple(sum(tag[0] == "B" for s in part for tag in s.tags) for part in parts) == entities
