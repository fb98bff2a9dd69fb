"""The words of texts beside their meaning, for what a backbone cannot read: a script or a language that it does not know.

Words are hashed (Weinberger et al. 2009, https://arxiv.org/abs/0902.2206), so that nothing is fitted or kept, and an item that comes
later is read like all others. Where a script puts no blanks between words, pairs of characters take their place.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer

from verticals.arrays import FloatArray
from verticals.data.words import UNSPACED

WIDTH = 256
_TERMS = re.compile(rf"(?P<unspaced>[{UNSPACED}]+)|[^\W{UNSPACED}]{{2,}}")


def beside(meaning: FloatArray, texts: Sequence[str], unknown: FloatArray) -> FloatArray:
    """Return vectors of both, [texts, width + `WIDTH`]: words count for as much of a text as the backbone cannot read.

    They are unit vectors, but for what has no words where they would count: a text of signs alone that nobody reads is like nothing.

    Args:
        meaning: unit vectors by a backbone, [texts, width].
        texts: what they are of.
        unknown: the share of each text's tokens that the backbone does not know, [texts].
    """
    shares = unknown[:, None]
    return np.concatenate([np.sqrt(1 - shares) * meaning, np.sqrt(shares) * vectors(texts)], axis=1)


def vectors(texts: Sequence[str]) -> FloatArray:
    """Return the words of texts as unit vectors, [texts, `WIDTH`]; zeros where a text has none."""
    if not texts:  # which the vectorizer refuses
        return np.empty((0, WIDTH), np.float32)
    hashed = HashingVectorizer(analyzer=_terms, n_features=WIDTH, dtype=np.float32).transform(texts)
    return np.asarray(hashed.toarray())


def _terms(text: str) -> Iterator[str]:
    for found in _TERMS.finditer(text.casefold()):
        term, unspaced = found[0], found["unspaced"]
        if unspaced is None or len(term) == 1:
            yield term
        else:
            yield from map("".join, pairwise(term))
