"""How close generated replies are to those that people wrote; the scores are sacrebleu's."""

from collections.abc import Sequence

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from verticals.arrays import Float64Array
from verticals.evaluation.metrics import Estimate, bootstrap, mean


def chrf_by_row(replies: Sequence[str], references: Sequence[str]) -> Float64Array:
    """Return chrF of each reply, 0 to 100 (Popović 2015, https://aclanthology.org/W15-3049)."""
    scorer = CHRF()
    return np.array(
        [scorer.sentence_score(reply, [truth]).score for reply, truth in zip(replies, references, strict=True)]
    )


def bleu_counts(replies: Sequence[str], references: Sequence[str]) -> Float64Array:
    """Return what corpus BLEU adds up over rows: matches and totals by n-gram order, and both lengths, [rows, 10]."""
    scorer = BLEU(effective_order=True)
    scores = [scorer.sentence_score(reply, [truth]) for reply, truth in zip(replies, references, strict=True)]
    return np.array([[*each.counts, *each.totals, each.sys_len, each.ref_len] for each in scores], dtype=np.float64)


def bleu(counts: Float64Array) -> float:
    """Return corpus BLEU, 0 to 100, of rows of counts (Papineni et al. 2002, https://aclanthology.org/P02-1040).

    It is smoothed as sacrebleu's is by default: an order of n-grams without a match counts as half a match, a quarter, and so on.
    """
    matched, total, lengths = np.split(counts.sum(axis=0).astype(int), [4, 8])
    spoken, true = lengths.tolist()
    return float(BLEU.compute_bleu(matched.tolist(), total.tolist(), spoken, true, smooth_method="exp").score)


def perplexity(losses: Float64Array) -> float:
    """Return exp of the mean loss per token of rows of (summed loss, tokens), [rows, 2]."""
    loss, tokens = losses.sum(axis=0)
    return float(np.exp(loss / tokens))


def reply_estimates(replies: Sequence[str], references: Sequence[str]) -> dict[str, Estimate]:
    """Return `chrf`, the mean over rows, and corpus `bleu`, with bootstrap intervals."""
    return {
        "chrf": bootstrap(mean, chrf_by_row(replies, references)),
        "bleu": bootstrap(bleu, bleu_counts(replies, references)),
    }
