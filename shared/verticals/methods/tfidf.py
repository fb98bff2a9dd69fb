"""TF-IDF and a linear classifier: the baseline that every tuned model has to beat."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from verticals.arrays import FloatArray, IntArray
from verticals.data.words import fit_terms
from verticals.inference.batches import Scores, mean_of_nearest
from verticals.methods.linear import any_of, one_of
from verticals.methods.one_pass import Reader
from verticals.methods.pieces import PieceVectors

_ROWS_AT_ONCE = 512
_WEIGHTS, _VOCABULARY = "tfidf.safetensors", "vocabulary.json"
FILES = (_WEIGHTS, _VOCABULARY)
Vectorizers = Mapping[str, TfidfVectorizer]


class TfidfClassifier:
    """Word pairs and character n-grams, weighted by TF-IDF, with a linear support vector machine on top."""

    def __init__(
        self, labels: tuple[str, ...], vectorizers: Vectorizers, weight: FloatArray, bias: FloatArray, known: csr_matrix
    ) -> None:
        self.labels = labels
        self._vectorizers = vectorizers
        self._pieces = PieceVectors(vectorizers["characters"])
        self._known = known
        self._weight = weight
        self._bias = bias
        self._known_by_feature = csr_matrix(
            known.T
        )  # turned round once: in every call it takes longer than all the rest
        self._weight_by_feature = np.ascontiguousarray(weight.T)

    @property
    def trained_parameters(self) -> int:
        """Number of weights of the linear classifier."""
        return self._weight.size + self._bias.size

    @property
    def readers(self) -> tuple[Reader, ...]:
        """What in it reads with a backbone: nothing."""
        return ()

    @classmethod
    def fit(
        cls, texts: Sequence[str], targets: IntArray, labels: tuple[str, ...], seed: int, balanced: bool = False
    ) -> "TfidfClassifier":
        """Fit vocabulary, weights and a classifier that chooses one label; `targets` index `labels`.

        Where it is balanced, every class weighs the same however many rows it has.
        """
        vectorizers, known = _fitted(texts)
        machine = LinearSVC(C=1.0, class_weight="balanced" if balanced else None, random_state=seed)
        weight, bias = one_of(machine.fit(known, targets), len(labels))
        return cls(labels, vectorizers, weight, bias, known)

    @classmethod
    def fit_any(cls, texts: Sequence[str], targets: IntArray, labels: tuple[str, ...], seed: int) -> "TfidfClassifier":
        """Fit vocabulary, weights and a classifier for each label; `targets` are 1 where a text has it, [texts, labels]."""
        vectorizers, known = _fitted(texts)
        weight, bias = any_of(lambda: LinearSVC(C=1.0, random_state=seed), known, targets)
        return cls(labels, vectorizers, weight, bias, known)

    def score(self, texts: Sequence[str], progress: str | None = None) -> Scores:
        """Judge texts; the margins of the machine stand for logits."""
        vectors = self._transformed(texts)
        return Scores(self._margins(vectors), self._familiarity(vectors / len(_VECTORIZERS)))

    def logits(self, texts: Sequence[str]) -> FloatArray:
        """Return the margins alone, [texts, labels]: how familiar texts are takes as long again."""
        return self._margins(self._transformed(texts))

    def _transformed(self, texts: Sequence[str]) -> csr_matrix:
        """Return what the vectorizers make of texts, [texts, features]."""
        return csr_matrix(hstack([self._vectorizers["words"].transform(texts), self._pieces.transform(texts)]))

    def _margins(self, vectors: csr_matrix) -> FloatArray:
        return np.asarray(vectors @ self._weight_by_feature + self._bias, np.float32)

    def _familiarity(self, vectors: csr_matrix) -> FloatArray:
        """Return the mean cosine with the nearest training texts; each of the blocks of a vector has unit length."""
        starts = range(0, vectors.shape[0], _ROWS_AT_ONCE)
        blocks = [
            mean_of_nearest((vectors[start : start + _ROWS_AT_ONCE] @ self._known_by_feature).toarray())
            for start in starts
        ]
        return np.concatenate(blocks)

    def save(self, folder: Path) -> None:
        """Write vocabulary and weights into an existing folder."""
        vocabulary = {
            name: [str(term) for term in each.get_feature_names_out()] for name, each in self._vectorizers.items()
        }
        (folder / _VOCABULARY).write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        weights = {f"idf.{name}": each.idf_.astype(np.float32) for name, each in self._vectorizers.items()}
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
        vectorizers = {
            name: TfidfVectorizer(**settings, vocabulary=vocabulary[name]) for name, settings in _VECTORIZERS.items()
        }
        for name, vectorizer in vectorizers.items():
            vectorizer.idf_ = weights[f"idf.{name}"]
        parts = (weights["known.data"], weights["known.indices"], weights["known.indptr"])
        known = csr_matrix(parts, shape=(len(parts[2]) - 1, weights["weight"].shape[1]))
        return cls(labels, vectorizers, weights["weight"], weights["bias"], known)


def _fitted(texts: Sequence[str]) -> tuple[Vectorizers, csr_matrix]:
    """Fit the vectorizers, and return them with the vectors of these texts."""
    vectorizers = {name: TfidfVectorizer(**settings) for name, settings in _VECTORIZERS.items()}
    return vectorizers, csr_matrix(hstack([fit_terms(each, texts) for each in vectorizers.values()]))


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
