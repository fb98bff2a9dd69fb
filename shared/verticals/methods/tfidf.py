"""TF-IDF and a linear classifier: the baseline that every tuned model has to beat."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from verticals.inference.batches import FloatArray, IntArray

_WEIGHTS, _VOCABULARY = "tfidf.safetensors", "vocabulary.json"


class TfidfClassifier:
    """Word pairs and character n-grams, weighted by TF-IDF, with a linear support vector machine on top."""

    def __init__(self, labels: tuple[str, ...], features: FeatureUnion, weight: FloatArray, bias: FloatArray) -> None:
        self.labels = labels
        self._features = features
        self._weight = weight
        self._bias = bias

    @property
    def trained_parameters(self) -> int:
        """Number of weights of the linear classifier."""
        return self._weight.size + self._bias.size

    @classmethod
    def fit(cls, texts: Sequence[str], targets: IntArray, labels: tuple[str, ...], seed: int) -> "TfidfClassifier":
        """Fit vocabulary, weights and classifier; `targets` index `labels`."""
        features = FeatureUnion([(name, TfidfVectorizer(**settings)) for name, settings in _VECTORIZERS.items()])
        machine = LinearSVC(C=1.0, random_state=seed).fit(features.fit_transform(texts), targets)
        weight, bias = machine.coef_, machine.intercept_
        if len(machine.classes_) == 2:  # scikit-learn keeps one row for two classes
            weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        full_weight = np.zeros((len(labels), weight.shape[1]), np.float32)
        full_bias = np.full(len(labels), -1.0, np.float32)
        full_weight[machine.classes_], full_bias[machine.classes_] = weight, bias
        return cls(labels, features, full_weight, full_bias)

    def logits(self, texts: Sequence[str], progress: str | None = None) -> FloatArray:
        """Return one margin per class, [texts, classes]."""
        margins = self._features.transform(list(texts)) @ self._weight.T + self._bias
        return np.asarray(margins, np.float32)

    def save(self, folder: Path) -> None:
        """Write vocabulary and weights into an existing folder."""
        vectorizers = dict(self._features.transformer_list)
        vocabulary = {name: [str(term) for term in each.get_feature_names_out()] for name, each in vectorizers.items()}
        (folder / _VOCABULARY).write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        weights = {f"idf.{name}": each.idf_.astype(np.float32) for name, each in vectorizers.items()}
        save_file({**weights, "weight": self._weight, "bias": self._bias}, folder / _WEIGHTS)

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
        return cls(labels, FeatureUnion(vectorizers), weights["weight"], weights["bias"])


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
