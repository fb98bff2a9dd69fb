"""What is known of one person, as positions in the catalogue; a click makes another profile, never another model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from verticals.inference.batches import FloatArray

Action = Literal["click", "like", "hide", "less", "shown"]
ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True)
class Profile:
    """A person's history and wishes.

    Attributes:
        history: items clicked or liked, oldest first, each once.
        hidden: items that shall not come back.
        less: items of whose kind there shall be less.
        shown: how often an item was shown since it was last clicked.
        wish: unit vector of a sentence that the person wrote, [width].
    """

    history: tuple[int, ...] = ()
    hidden: frozenset[int] = frozenset()
    less: tuple[int, ...] = ()
    shown: Mapping[int, int] = field(default_factory=dict)
    wish: FloatArray | None = field(default=None, compare=False)

    def after(self, action: Action, items: Iterable[int]) -> "Profile":
        """Return the profile after one action on some items."""
        return self.following((action, item) for item in items)

    def following(self, events: Iterable[tuple[Action, int]]) -> "Profile":
        """Return the profile after events, oldest first; a click takes back what was said against an item."""
        history, less = dict.fromkeys(self.history), dict.fromkeys(self.less)
        hidden, shown = set(self.hidden), dict(self.shown)
        for action, item in events:
            if action == "shown":
                shown[item] = shown.get(item, 0) + 1
            elif action == "hide":
                hidden.add(item)
            elif action == "less":
                less[item] = None
            else:
                history.pop(item, None)  # a second click makes the item the newest
                less.pop(item, None)
                shown.pop(item, None)
                hidden.discard(item)
                history[item] = None
        return replace(self, history=tuple(history), hidden=frozenset(hidden), less=tuple(less), shown=shown)

    def without(self, item: int) -> "Profile":
        """Return the profile as if the item had never been clicked; it stays excluded, since the person knows it."""
        return replace(self, history=tuple(each for each in self.history if each != item), hidden=self.hidden | {item})
