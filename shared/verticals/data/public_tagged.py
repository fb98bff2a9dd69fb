"""Public data sets of tagged tokens by name, read from the folder in `VERTICALS_DATA`; nothing is downloaded."""

from pathlib import Path

from verticals.config import DataConfig
from verticals.data import public
from verticals.data.public import PublicDataset, check_alone
from verticals.data.tag_schemes import check_tag, recognise, to_iob2
from verticals.data.tagged import Sentence, TaggedFile, read_tagged
from verticals.data.tagged_splits import TaggedSplits, make_splits, split_tagged
from verticals.errors import DataError


def load_tagged(config: DataConfig, seed: int) -> TaggedSplits:
    """Read and split the sentences that `config.train` names: a file, or a public data set.

    Raises:
        DataError: a file cannot be read or does not hold what training needs.
    """
    if config.train in PUBLIC_TAGGED:
        check_alone(config)
        return public.read(PUBLIC_TAGGED[config.train], seed)
    if config.train:
        public.check_name(config.train, PUBLIC_TAGGED)
    return split_tagged(Path(config.train or "").name, config, seed)


def _conll2003(folder: Path, seed: int) -> TaggedSplits:
    train, validation, test = (read_tagged(folder / f"eng.{part}") for part in ("train", "testa", "testb"))
    return make_splits("conll2003", train, validation, test)


def _wnut17(folder: Path, seed: int) -> TaggedSplits:
    names = ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
    train, validation, test = (read_tagged(folder / name) for name in names)
    return make_splits("wnut17", train, validation, test)


def _snips(folder: Path, seed: int) -> TaggedSplits:
    train, validation, test = (_parallel_lines(folder / part) for part in ("train", "valid", "test"))
    return make_splits("snips", train, validation, test)


def _parallel_lines(folder: Path) -> TaggedFile:
    """Read `seq.in` and `seq.out`: line by line, the tokens of a sentence and their tags."""
    tokens, tags = (
        [line.split() for line in (folder / name).read_text(encoding="utf-8").splitlines()]
        for name in ("seq.in", "seq.out")
    )
    lengths = [[len(row) for row in rows] for rows in (tokens, tags)]
    if lengths[0] != lengths[1]:
        raise DataError(f"{folder}: seq.in and seq.out differ in their tokens; get them again from their source")
    checked = [[check_tag(tag) for tag in row] for row in tags]
    sentences = (
        Sentence(tuple(words), to_iob2(row), line, line)
        for line, (words, row) in enumerate(zip(tokens, checked, strict=True), 1)
    )
    return TaggedFile(tuple(sentences), recognise(checked), ())


PUBLIC_TAGGED = {
    dataset.name: dataset
    for dataset in (
        PublicDataset(
            "conll2003", "conll2003", "Reuters corpus, research use only", "trec.nist.gov/data/reuters", _conll2003
        ),
        PublicDataset("wnut17", "wnut17", "CC BY 4.0", "github.com/leondz/emerging_entities_17", _wnut17),
        PublicDataset("snips", "snips", "CC0", "github.com/MiuLab/SlotGated-SLU", _snips),
    )
}
