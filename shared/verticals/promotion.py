"""Champion and challenger: a new run takes over only if it is no worse than the one that serves, on the same test rows.

Both were measured on these rows when they were trained, so the verdict compares what their records say. It lies beside the run's files, and
`runs.latest` respects it. Runs of other data, or of another test set (another seed, other held-out rows), cannot be compared; then the
new one takes over, as its user asked for something else, and the verdict says so. A run that is held back stays on disk and is served by
`verticals demo --run FOLDER`.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from verticals.data.examples import Examples
from verticals.runs import VERDICT, Run, write_json

STANDING_TEST = "standing_test.json"


@dataclass(frozen=True)
class Verdict:
    """Whether a run takes over from the one that served before, and why."""

    promoted: bool
    champion: str
    reason: str


def write_standing_test(folder: Path, test: Examples) -> None:
    """Write into a run folder which test rows the run was measured on."""
    content = json.dumps([test.texts, test.labels], ensure_ascii=False)
    digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    write_json(folder / STANDING_TEST, {"fingerprint": digest, "rows": len(test)})


def judge(champion: Run | None, draft: Path) -> Verdict | None:
    """Compare a new run with the one that serves, and write the verdict beside it; None where nothing served before.

    The folder is the draft of the new run, with its metrics and its standing test: a run that has its name serves from then on.
    """
    if champion is None:
        return None
    verdict = _compare(champion, Run(draft, {}))  # its manifest is written last
    write_json(draft / VERDICT, asdict(verdict))
    return verdict


def read(run: Run) -> Verdict | None:
    """Return the verdict on a run, None where it was the first."""
    return Verdict(**run.read_json(VERDICT)) if (run.folder / VERDICT).is_file() else None


def _compare(champion: Run, challenger: Run) -> Verdict:
    name = champion.folder.name
    test = challenger.read_json(STANDING_TEST)
    if not (champion.folder / STANDING_TEST).is_file() or champion.read_json(STANDING_TEST) != test:
        return Verdict(True, name, f"not compared with {name}: it was measured on other test rows")
    metric = challenger.metrics["compared"]
    before, after = (float(run.metrics["metrics"][metric]["value"]) for run in (champion, challenger))
    promoted = after >= before
    outcome = "promoted: it serves from now on" if promoted else f"held back: {name} goes on serving"
    return Verdict(
        promoted, name, f"{outcome}; {metric} {after:.4f} against {before:.4f} on the same {test['rows']} test rows"
    )
