"""The tagger that needs no backbone: a linear classifier over each word's spelling and neighbours.

The features are those of the taggers before neural ones (Ratinov and Roth 2009, https://aclanthology.org/W09-1119).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDClassifier

from verticals.arrays import FloatArray
from verticals.data.tag_schemes import Tags
from verticals.data.tagged import Sentence
from verticals.objectives.shapes import word_shapes
from verticals.objectives.transitions import allowed_scores, best_sequence

_HASHED = 2**18  # columns that the features share
_LONGEST_AFFIX = 4
_NEIGHBOURS = (-2, -1, 1, 2)
_EPOCHS = 10
_EDGE = ("", (0, 0, 0))


def features_of(tokens: Sequence[str]) -> Iterator[list[str]]:
    """Return of each word its spelling, affixes and shape, its neighbours' spellings and shapes, and the pairs with them."""
    known = dict(enumerate(zip((token.lower() for token in tokens), word_shapes(tokens), strict=True)))
    for position in range(len(tokens)):
        word, shape = known[position]
        around = {offset: known.get(position + offset, _EDGE) for offset in _NEIGHBOURS}
        affixes = [size for size in range(1, _LONGEST_AFFIX + 1) if size < len(word)]
        yield [
            f"word={word}",
            f"shape={shape[0]}",
            f"place={shape[0]},{shape[1]},{shape[2]}",
            *(f"prefix={word[:size]}" for size in affixes),
            *(f"suffix={word[-size:]}" for size in affixes),
            *(f"word{offset}={other}" for offset, (other, _) in around.items()),
            *(f"shape{offset}={codes[0]},{shape[0]}" for offset, (_, codes) in around.items()),
            f"pair-1={around[-1][0]} {word}",
            f"pair+1={word} {around[1][0]}",
        ]


class LinearTagger:
    """One averaged linear separator per tag, and the best sequence that IOB2 allows."""

    def __init__(self, labels: tuple[str, ...], separators: SGDClassifier) -> None:
        self._labels = labels
        self._separators = separators

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], labels: tuple[str, ...], seed: int) -> "LinearTagger":
        """Fit to sentences in which every one of `labels` occurs, but perhaps the first one, O."""
        words, targets = _hashed(sentences), [labels.index(tag) for sentence in sentences for tag in sentence.tags]
        if 0 not in targets:
            # Every word is part of an entity. O needs a separator too: a word of no features stands for it.
            words, targets = vstack([words, csr_matrix((1, _HASHED), dtype=np.float32)], "csr"), [*targets, 0]
        separators = SGDClassifier(
            loss="hinge",
            penalty=None,
            learning_rate="constant",
            eta0=0.1,
            average=True,
            max_iter=_EPOCHS,
            tol=None,
            random_state=seed,
        )
        return cls(labels, separators.fit(words, targets))

    def tags(self, sentences: Sequence[Sentence]) -> list[Tags]:
        """Return the best IOB2 tags of each sentence."""
        margins = self._margins(_hashed(sentences))
        allowed = allowed_scores(np.zeros((len(self._labels) + 1, len(self._labels)), np.float32), self._labels)
        ends = np.cumsum([len(sentence.tokens) for sentence in sentences])[:-1]
        return [
            tuple(self._labels[number] for number in best_sequence(rows, allowed)) for rows in np.split(margins, ends)
        ]

    def _margins(self, hashed: csr_matrix) -> FloatArray:
        margins = np.asarray(self._separators.decision_function(hashed), np.float32)
        return margins if margins.ndim == 2 else np.stack([-margins, margins], axis=1)  # two classes have one separator


def _hashed(sentences: Sequence[Sentence]) -> csr_matrix:
    """Return the features of every word of the sentences, [words, _HASHED]."""
    hasher = FeatureHasher(_HASHED, input_type="string", alternate_sign=False, dtype=np.float32)
    return hasher.transform(row for sentence in sentences for row in features_of(sentence.tokens))
