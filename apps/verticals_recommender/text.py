"""Item text as vectors: meaning by the backbone, as it is or tuned so that what the same people want lies close, and words beside it."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from transformers import PreTrainedTokenizerBase

from verticals import backbones, coverage, pilot, runs
from verticals.arrays import FloatArray
from verticals.backbones import Backbone
from verticals.config import BackboneConfig, Config, home
from verticals.data.examples import Note, text_key
from verticals.data.pairs import Pairs, PairSplits
from verticals.errors import DataError
from verticals.inference.batches import unit_vectors
from verticals.methods import saved
from verticals.objectives import match
from verticals.objectives.match import Matcher
from verticals.runs import Run
from verticals_recommender import words
from verticals_recommender.interactions import Interactions
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.models import item_knn
from verticals_recommender.models.histories import histories
from verticals_recommender.settings import Settings

Encode = Callable[[Sequence[str]], FloatArray]
_NEIGHBOURS, _SHRINKAGE = 50, 20.0  # on validation rows of Book-Crossing better than 20, 5 and 50, 50
_TEMPERATURE = 0.1  # there too, better than 0.05 and 0.2: a weaker sign than a question's answer needs a softer loss


def described(catalogue: Catalogue) -> bool:
    """Say whether any item has a text; otherwise items are known by their ids alone."""
    return any(item.text != Item(item.id, item.id).text for item in catalogue.items)


def unknown_notes(catalogue: Catalogue, config: BackboneConfig) -> tuple[Note, ...]:
    """Tell on standard error, before anything is trained, that the backbone does not know the language of the items.

    Raises:
        BackboneError: the backbone cannot be found or loaded.
    """
    if not described(catalogue):
        return ()
    tokenizer = backbones.load_tokenizer(backbones.locate(config.name))
    return pilot.tell_unknown([item.text for item in catalogue.items], tokenizer)


def reader(config: BackboneConfig, progress: str | None = None) -> Encode:
    """Return what turns texts into unit vectors, [texts, width], by the backbone as it is and their words.

    Raises:
        BackboneError: the backbone cannot be found or loaded.
    """
    return _reader(backbones.locate(config.name), config.max_tokens, progress)


def _reader(backbone: Backbone, max_tokens: int, progress: str | None = None) -> Encode:
    tokenizer, encoder = backbones.load_tokenizer(backbone), backbones.load_frozen(backbone)

    def meaning(texts: Sequence[str]) -> FloatArray:
        if not texts:
            return np.empty((0, int(encoder.config.hidden_size)), np.float32)
        return unit_vectors(encoder, tokenizer, texts, max_tokens, progress)

    return _with_words(meaning, tokenizer)


def tuned_reader(matcher: Matcher, progress: str | None = None) -> Encode:
    """Return what turns texts into unit vectors, [texts, width], by a tuned backbone and their words."""
    return _with_words(partial(matcher.embed, progress=progress), matcher.tokenizer)


def _with_words(meaning: Encode, tokenizer: PreTrainedTokenizerBase) -> Encode:
    def encode(texts: Sequence[str]) -> FloatArray:
        return words.beside(meaning(texts), texts, coverage.unknown_shares(tokenizer, texts))

    return encode


def of_run(run: Run) -> Encode:
    """Return the encoder that read a run's items, for several threads.

    Two can read at once, so that a sentence need not wait for the thousand items that the one writer reads. A fast tokenizer changes
    its own settings while it works, so each of the two has its own; they share the backbone.
    """
    if not (run.folder / "tokenizer").is_dir():
        backbone, most = saved.backbone_of(run.folder, run.config), run.config.backbone.max_tokens
        return in_turn(_reader(backbone, most), _reader(backbone, most))
    tuned = match.load(run)
    return in_turn(tuned_reader(tuned), tuned_reader(match.beside(tuned, run)))


def in_turn(*readers: Encode) -> Encode:
    """Return what reads by whichever reader is free; where none is, a thread waits."""
    free: SimpleQueue[Encode] = SimpleQueue()
    for each in readers:
        free.put(each)

    def encode(texts: Sequence[str]) -> FloatArray:
        read = free.get()
        try:
            return read(texts)
        finally:
            free.put(read)

    return encode


def tune(catalogue: Catalogue, known: Interactions, config: Config) -> Matcher:
    """Tune the backbone by the core's match objective, so that texts of items that people choose together find each other.

    Args:
        catalogue: the texts.
        known: the rows to learn from; no row that is measured later may be among them.
        config: backbone, method and training; `app.tune_pairs` is the number of pairs.

    Raises:
        DataError: no two items with texts were chosen by the same people.
        MethodError: the method does not tune by matching.
    """
    pairs = together(catalogue, known, Settings.model_validate(config.app).tune_pairs)
    if not len(pairs):
        raise DataError("no two items with texts share a person; leave app.tune_text out, or add interactions")
    splits = PairSplits("items chosen together", pairs, Pairs())
    config = config.model_copy(update={"objective": {"temperature": _TEMPERATURE, **config.objective}})
    with runs.reserved(_work_folder(config, splits)) as work:
        return match.fit(splits, config, work).model


def _work_folder(config: Config, splits: PairSplits) -> Path:
    return home() / "recommender" / f".work-{config.digest()}-{splits.fingerprint()}"


def together(catalogue: Catalogue, known: Interactions, most: int) -> Pairs:
    """Return the pairs of different texts whose items are most surely chosen by the same people, the surest first.

    How sure is the cosine over people, shrunk much where few are shared: most items have few people, and two items that one person
    happens to have say nothing of each other.
    """
    weights = item_knn.fit(histories(known), _NEIGHBOURS, _SHRINKAGE).weights.tocoo()
    texts = [item.text for item in catalogue.items]
    keys = [text_key(text) for text in texts]
    sure = np.lexsort((weights.col, weights.row, -weights.data))
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for left, right in zip(weights.row[sure].tolist(), weights.col[sure].tolist(), strict=True):
        if len(pairs) == most:
            break
        if keys[left] != keys[right]:
            pairs.setdefault(frozenset((keys[left], keys[right])), (texts[left], texts[right]))
    lefts, rights = zip(*pairs.values(), strict=True) if pairs else ((), ())
    return Pairs(lefts, rights, ((),) * len(pairs), tuple(range(1, len(pairs) + 1)))
