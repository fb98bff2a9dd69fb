"""Matrix factorisation beside `implicit`, on one random split of MovieLens 100K: time to fit, time to answer, nDCG@10.

`python benchmarks/peers/implicit_als.py` (needs `pip install -c constraints.txt '.[peers]'` and the data set in VERTICALS_DATA). Both are
fitted with the same width, regularisation, confidence and rounds, on one thread; our served model is what those settings were not chosen for.
"""

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from side_by_side import Figure, Ours, arguments, keep
from threadpoolctl import threadpool_limits

from verticals_recommender import public, splits
from verticals_recommender.benchmark import without_times
from verticals_recommender.models import als
from verticals_recommender.models.histories import Histories, histories
from verticals_recommender.models.model import recommend
from verticals_recommender.ranking import gains, rank_held_out

WIDTH, REGULARISATION, CONFIDENCE, ROUNDS, SEED, SHELF = 64, 20.0, 4.0, 10, 0, 10


class Theirs:
    """What `implicit` learned, ranked by the same code as ours."""

    def __init__(self, model: AlternatingLeastSquares) -> None:
        self.model = model

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self.model.item_factors)

    def scores(self, seen: Histories) -> np.ndarray:
        """Return predicted preferences, [users, items]; the users are folded in, as ours are."""
        weights = csr_matrix(seen.weights, dtype=np.float32)
        users = self.model.recalculate_user(np.arange(weights.shape[0]), weights)
        return np.asarray(users @ self.model.item_factors.T, np.float32)


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """Return the mean seconds of one call."""
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times


def main(given: Sequence[str]) -> None:
    """Fit both, ask both, judge both."""
    chosen = arguments(__doc__).parse_args(given)
    rows, _ = public.load("ml-100k")
    split = splits.random_split(without_times(rows), 0.125, 0.2, SEED)
    people = histories(split.known())
    weights = csr_matrix(people.weights, dtype=np.float32)
    theirs = AlternatingLeastSquares(
        WIDTH, REGULARISATION, CONFIDENCE, iterations=ROUNDS, num_threads=1, random_state=SEED
    )
    ours = als.fit(people, WIDTH, REGULARISATION, CONFIDENCE, ROUNDS, SEED)  # both are warm when they are timed
    theirs.fit(weights, show_progress=False)
    fitted = [
        seconds(lambda: als.fit(people, WIDTH, REGULARISATION, CONFIDENCE, ROUNDS, SEED)),
        seconds(lambda: theirs.fit(weights, show_progress=False)),
    ]
    asked = [
        1000 * seconds(lambda: recommend(ours, people.row(7), SHELF), 200),
        1000 * seconds(lambda: theirs.recommend(7, weights[7], N=SHELF, recalculate_user=True), 200),
    ]
    found = [
        float(gains(rank_held_out(model, people, split.test), SHELF)["ndcg_at_10"].mean())
        for model in (ours, Theirs(theirs))
    ]
    settings = {"width": WIDTH, "regularisation": REGULARISATION, "confidence": CONFIDENCE, "rounds": ROUNDS}
    figures = (
        Figure("matrix factorisation, time to fit", "s", *fitted),
        Figure("list of ten for one person, folded in", "ms", *asked),
        Figure("nDCG@10, same settings", "", *found),
    )
    data = {"name": "ml-100k", "fingerprint": split.fingerprint(), "split": split.sizes()}
    keep(chosen.results / "implicit-ml-100k.json", "implicit", Ours("als", SEED, None), data, settings, figures)


if __name__ == "__main__":
    with threadpool_limits(1):
        main(sys.argv[1:])
