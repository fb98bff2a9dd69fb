"""Item text as vectors: by the backbone as it is, or tuned on behaviour so that items wanted by the same people lie close."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from verticals import backbones, runs
from verticals.config import BackboneConfig, Config, home
from verticals.data.examples import text_key
from verticals.data.pairs import Pairs, PairSplits
from verticals.errors import DataError
from verticals.inference.batches import FloatArray, unit_vectors
from verticals.objectives import match
from verticals.objectives.match import Matcher
from verticals.runs import Run
from verticals_recommender.interactions import Interactions
from verticals_recommender.items import Catalogue
from verticals_recommender.models import item_knn
from verticals_recommender.models.histories import histories
from verticals_recommender.settings import Settings

Encode = Callable[[Sequence[str]], FloatArray]
_NEIGHBOURS, _SHRINKAGE = 20, 5.0


def described(catalogue: Catalogue) -> bool:
    """Say whether any item has a text; otherwise items are known by their ids alone."""
    return any(item.text != item.id for item in catalogue.items)


def reader(config: BackboneConfig, progress: str | None = None) -> Encode:
    """Return what turns texts into unit vectors, [texts, width], by the backbone as it is.

    Raises:
        BackboneError: the backbone cannot be found or loaded.
    """
    found = backbones.locate(config.name)
    tokenizer, encoder = backbones.load_tokenizer(found), backbones.load_frozen(found)

    def encode(texts: Sequence[str]) -> FloatArray:
        if not texts:
            return np.empty((0, int(encoder.config.hidden_size)), np.float32)
        return unit_vectors(encoder, tokenizer, texts, config.max_tokens, progress)

    return encode


def of_run(run: Run) -> Encode:
    """Return the encoder that read a run's items; texts of several threads are read one after the other."""
    tuned = (run.folder / "tokenizer").is_dir()
    encode = match.load(run).embed if tuned else reader(run.config.backbone)
    alone = Lock()  # a fast tokenizer changes its own settings while it works

    def guarded(texts: Sequence[str]) -> FloatArray:
        with alone:
            return encode(texts)

    return guarded


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
    pairs = together(catalogue, known, Settings.model_validate(config.app).tune_pairs, config.train.seed)
    if not len(pairs):
        raise DataError("no two items with texts share a person; leave app.tune_text out, or add interactions")
    splits = PairSplits("items chosen together", pairs, Pairs())
    with runs.reserved(_work_folder(config, splits)) as work:
        return match.fit(splits, config, work).model


def _work_folder(config: Config, splits: PairSplits) -> Path:
    return home() / "recommender" / f".work-{config.digest()}-{splits.fingerprint()}"


def together(catalogue: Catalogue, known: Interactions, most: int, seed: int) -> Pairs:
    """Draw pairs of different texts whose items are chosen by the same people, the likelier the more alike their people are.

    An item's partners are its nearest by cosine over people, shrunk where few are shared. Pairs are drawn without replacement with
    chances proportional to the cosine (Gumbel-top-k; Kool et al. 2019, https://arxiv.org/abs/1903.06059).
    """
    weights = item_knn.fit(histories(known), _NEIGHBOURS, _SHRINKAGE).weights.tocoo()
    texts = [item.text for item in catalogue.items]
    keys = [text_key(text) for text in texts]
    alike = np.array([keys[a] == keys[b] for a, b in zip(weights.row, weights.col, strict=True)], bool)
    usable = np.flatnonzero((weights.data > 0) & ~alike)
    noise = np.random.default_rng(seed).gumbel(size=len(usable))
    drawn = usable[np.argsort(-(np.log(weights.data[usable]) + noise), kind="stable")[:most]]
    return Pairs(
        tuple(texts[each] for each in weights.row[drawn]),
        tuple(texts[each] for each in weights.col[drawn]),
        ((),) * len(drawn),
        tuple(range(1, len(drawn) + 1)),
    )
