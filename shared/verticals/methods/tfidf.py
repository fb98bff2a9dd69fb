"""TF-IDF and a linear classifier: the baseline that every tuned model has to beat."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from verticals.inference.batches import FloatArray, IntArray, Scores, mean_of_nearest
from verticals.methods.linear import any_of, one_of

_ROWS_AT_ONCE = 512
_WEIGHTS, _VOCABULARY = "tfidf.safetensors", "vocabulary.json"
FILES = (_WEIGHTS, _VOCABULARY)


class TfidfClassifier:
    """Word pairs and character n-grams, weighted by TF-IDF, with a linear support vector machine on top."""

    def __init__(
        self, labels: tuple[str, ...], features: FeatureUnion, weight: FloatArray, bias: FloatArray, known: csr_matrix
    ) -> None:
        self.labels = labels
        self._features = features
        self._known = known
        self._weight = weight
        self._bias = bias

    @property
    def trained_parameters(self) -> int:
        """Number of weights of the linear classifier."""
        return self._weight.size + self._bias.size

    @classmethod
    def fit(
        cls, texts: Sequence[str], targets: IntArray, labels: tuple[str, ...], seed: int, balanced: bool = False
    ) -> "TfidfClassifier":
        """Fit vocabulary, weights and a classifier that chooses one label; `targets` index `labels`.

        Where it is balanced, every class weighs the same however many rows it has.
        """
        features, known = _features(texts)
        machine = LinearSVC(C=1.0, class_weight="balanced" if balanced else None, random_state=seed)
        weight, bias = one_of(machine.fit(known, targets), len(labels))
        return cls(labels, features, weight, bias, known)

    @classmethod
    def fit_any(cls, texts: Sequence[str], targets: IntArray, labels: tuple[str, ...], seed: int) -> "TfidfClassifier":
        """Fit vocabulary, weights and a classifier for each label; `targets` are 1 where a text has it, [texts, labels]."""
        features, known = _features(texts)
        weight, bias = any_of(lambda: LinearSVC(C=1.0, random_state=seed), known, targets)
        return cls(labels, features, weight, bias, known)

    def score(self, texts: Sequence[str], progress: str | None = None) -> Scores:
        """Judge texts; the margins of the machine stand for logits."""
        vectors = csr_matrix(self._features.transform(list(texts)))
        margins = vectors @ self._weight.T + self._bias
        return Scores(np.asarray(margins, np.float32), self._familiarity(vectors / len(_VECTORIZERS)))

    def _familiarity(self, vectors: csr_matrix) -> FloatArray:
        """Return the mean cosine with the nearest training texts; each of the blocks of a vector has unit length."""
        starts = range(0, vectors.shape[0], _ROWS_AT_ONCE)
        blocks = [
            mean_of_nearest((vectors[start : start + _ROWS_AT_ONCE] @ self._known.T).toarray()) for start in starts
        ]
        return np.concatenate(blocks)

    def save(self, folder: Path) -> None:
        """Write vocabulary and weights into an existing folder."""
        vectorizers = dict(self._features.transformer_list)
        vocabulary = {name: [str(term) for term in each.get_feature_names_out()] for name, each in vectorizers.items()}
        (folder / _VOCABULARY).write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        weights = {f"idf.{name}": each.idf_.astype(np.float32) for name, each in vectorizers.items()}
        known = {
            "known.data": self._known.data,
            "known.indices": self._known.indices,
            "known.indptr": self._known.indptr,
        }
        save_file({**weights, **known, "weight": self._weight, "bias": self._bias}, folder / _WEIGHTS)

    @classmethod
    def load(cls, folder: Path, labels: tuple[str, ...]) -> "TfidfClassifier":
        """Read what `save` wrote."""
        weights = load_file(folder / _WEIGHTS)
        vocabulary = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
        vectorizers = []
        for name, settings in _VECTORIZERS.items():
            vectorizer = TfidfVectorizer(**settings, vocabulary=vocabulary[name])
            vectorizer.idf_ = weights[f"idf.{name}"]
            vectorizers.append((name, vectorizer))
        parts = (weights["known.data"], weights["known.indices"], weights["known.indptr"])
        known = csr_matrix(parts, shape=(len(parts[2]) - 1, weights["weight"].shape[1]))
        return cls(labels, FeatureUnion(vectorizers), weights["weight"], weights["bias"], known)


def _features(texts: Sequence[str]) -> tuple[FeatureUnion, csr_matrix]:
    features = FeatureUnion([(name, TfidfVectorizer(**settings)) for name, settings in _VECTORIZERS.items()])
    return features, csr_matrix(features.fit_transform(texts))


_VECTORIZERS = {
    "words": {"ngram_range": (1, 2), "sublinear_tf": True, "dtype": np.float32, "token_pattern": r"\w+"},
    "characters": {
        "analyzer": "char_wb",
        "ngram_range": (2, 5),
        "sublinear_tf": True,
        "dtype": np.float32,
        "min_df": 2,
    },
}
