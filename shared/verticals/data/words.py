"""Running text as words, written the way tagged corpora write them, and texts as vectors of their terms."""

import re
from collections.abc import Sequence

from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

# Scripts without blanks between words, inside brackets of a pattern: Thai, Lao, Burmese, Khmer, kana, Han.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(
    r"""
    (?:[^\W\d_]\.)+(?!\w)       # U.N. and J. keep their dots
    | \w+(?:[-.,:/&]\w+)*       # well-known, 10,000, 2:30, AT&T
    | ['’]\w+                   # the 's of Oslo's
    | [^\w\s]                   # every other mark by itself
    """,
    re.VERBOSE,
)


def words_of(text: str) -> tuple[str, ...]:
    """Split a text into words and marks; nothing but white space is left out."""
    return tuple(_WORD.findall(text))


def fit_terms(vectorizer: TfidfVectorizer, texts: Sequence[str]) -> csr_matrix:
    """Fit a vectorizer, whatever the texts are, and return their vectors.

    Where no term stands in as many texts as it asks for, those of a single one count; where no text has a term, every vector is zero.
    """
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # scikit-learn's "no terms remain" or "empty vocabulary"
        fewer = {"min_df": 1} if vectorizer.min_df > 1 else {"vocabulary": [""]}
        return vectorizer.set_params(**fewer).fit_transform(texts)
