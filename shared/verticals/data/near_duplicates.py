"""Texts of one set that stand, nearly word for word, in another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from verticals.data.words import fit_terms

THRESHOLD = 0.9
_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class NearDuplicate:
    """A text of `others` (position `other`) that nearly repeats a text of `texts` (position `text`)."""

    other: int
    text: int
    similarity: float


def near_duplicates(texts: Sequence[str], others: Sequence[str], threshold: float = THRESHOLD) -> list[NearDuplicate]:
    """Return, for each of `others`, its nearest of `texts` where their similarity reaches the threshold.

    Similarity is the cosine of sublinear TF-IDF vectors of words and word pairs, fitted on `texts`.
    """
    if not texts or not others:
        return []
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+", dtype=np.float32)
    known = fit_terms(vectorizer, texts).T.tocsc()
    found = []
    for start in range(0, len(others), _ROWS_AT_ONCE):
        block = vectorizer.transform(others[start : start + _ROWS_AT_ONCE]) @ known
        nearest = np.asarray(block.argmax(axis=1)).ravel()
        values = np.asarray(block.max(axis=1).todense()).ravel()
        found += [
            NearDuplicate(start + int(row), int(nearest[row]), float(values[row]))
            for row in np.flatnonzero(values >= threshold)
        ]
    return found
