"""Which tag follows which: the best allowed sequence, the probability of every tag in it, and a learned linear-chain CRF.

Scores of transitions are [tags + 1, tags]: the score of a tag behind another; the last row is for the first word of a sentence.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.special import logsumexp, softmax
from torch import Tensor

from verticals.arrays import FloatArray, IntArray
from verticals.data.tag_schemes import OUTSIDE, follows_iob2

IGNORED = -100  # target of a position that holds no word
_FORBIDDEN = -1e9


def allowed_scores(transitions: FloatArray, labels: Sequence[str]) -> FloatArray:
    """Return the transitions with those that IOB2 does not allow made impossible."""
    allowed = [[follows_iob2(previous, tag) for tag in labels] for previous in (*labels, OUTSIDE)]
    return np.where(allowed, transitions, np.float32(_FORBIDDEN))


def best_sequence(emissions: FloatArray, transitions: FloatArray) -> IntArray:
    """Return the tags with the highest sum of scores (Viterbi 1967, https://doi.org/10.1109/TIT.1967.1054010).

    Args:
        emissions: scores of the tags of each word, [words, tags].
        transitions: scores, [tags + 1, tags].

    Returns:
        One tag per word, [words].
    """
    best = transitions[-1] + emissions[0]
    came_from = np.zeros(emissions.shape, dtype=np.int64)
    for word in range(1, len(emissions)):
        scores = best[:, None] + transitions[:-1]
        came_from[word] = scores.argmax(axis=0)
        best = scores.max(axis=0) + emissions[word]
    tags = np.full(len(emissions), best.argmax(), dtype=np.int64)
    for word in range(len(emissions) - 1, 0, -1):
        tags[word - 1] = came_from[word, tags[word]]
    return tags


def tag_probabilities(emissions: FloatArray, transitions: FloatArray) -> FloatArray:
    """Return the probability of each tag over all sequences (forward-backward), [words, tags]; arguments as in `best_sequence`."""
    between = transitions[:-1].astype(np.float64)
    forward, backward = np.zeros(emissions.shape), np.zeros(emissions.shape)
    forward[0] = transitions[-1] + emissions[0]
    for word in range(1, len(emissions)):
        forward[word] = logsumexp(forward[word - 1][:, None] + between, axis=0) + emissions[word]
        after = len(emissions) - 1 - word
        backward[after] = logsumexp(between + emissions[after + 1] + backward[after + 1], axis=1)
    return np.asarray(softmax(forward + backward, axis=1), np.float32)


def sequence_loss(emissions: Tensor, transitions: Tensor, target: Tensor) -> Tensor:
    """Return the negative log-likelihood per word of the true sequences (Lafferty et al. 2001, https://dl.acm.org/doi/10.5555/645530.655813).

    Args:
        emissions: scores, [sentences, words, tags].
        transitions: scores, [tags + 1, tags].
        target: tags, `IGNORED` behind the last word, [sentences, words].
    """
    filled = target != IGNORED
    tags = target.clamp(min=0)
    true = (emissions.gather(2, tags.unsqueeze(2)).squeeze(2) * filled).sum(1)
    true = true + transitions[-1][tags[:, 0]] + (transitions[tags[:, :-1], tags[:, 1:]] * filled[:, 1:]).sum(1)
    total = transitions[-1] + emissions[:, 0]
    for word in range(1, emissions.shape[1]):
        longer = torch.logsumexp(total.unsqueeze(2) + transitions[:-1], dim=1) + emissions[:, word]
        total = torch.where(filled[:, word].unsqueeze(1), longer, total)
    return (torch.logsumexp(total, dim=1) - true).sum() / filled.sum()
