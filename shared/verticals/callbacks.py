"""What the training loop does beside learning: a quiet bar, and a clock that an interruption does not stop."""

import json
import time
from pathlib import Path

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from verticals.runs import write_json

_SECONDS = "seconds.json"


class QuietProgress(ProgressCallback):
    """The bar on standard error without the log lines, which the library writes to standard output."""

    def close(self) -> None:
        """End the bar of a training that failed, so that what is said of it has a line of its own."""
        if self.training_bar is not None:
            self.training_bar.close()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: object = None,
        **kwargs: object,
    ) -> None:
        """Write nothing."""


class Stopwatch(TrainerCallback):
    """Keeps with each checkpoint how long the training took up to it."""

    def __init__(self, earlier: float) -> None:
        self._earlier = earlier
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds so far, those of interrupted processes included."""
        return self._earlier + time.perf_counter() - self._started

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        """Write the seconds beside the checkpoint's own files."""
        if state.is_world_process_zero:
            write_json(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / _SECONDS, self.seconds)


def seconds_at(checkpoint: Path | None) -> float:
    """Return the seconds that a training took up to a checkpoint; none without one."""
    kept = checkpoint / _SECONDS if checkpoint else None
    return float(json.loads(kept.read_text(encoding="utf-8"))) if kept and kept.is_file() else 0.0
