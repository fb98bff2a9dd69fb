"""What is known of one person, as positions in the catalogue; a click makes another profile, never another model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from verticals.arrays import FloatArray

Action = Literal["click", "like", "hide", "less", "shown"]
ACTIONS: tuple[Action, ...] = get_args(Action)
CHOICES: tuple[Action, ...] = ("click", "like")  # what makes an item part of the history


@dataclass(frozen=True)
class Profile:
    """A person's history and wishes.

    Attributes:
        history: items clicked or liked, oldest first, with how much each says: 1, or what the file of interactions gives it.
        hidden: items that shall not come back.
        less: items of whose kind there shall be less.
        shown: how often an item was shown since it was last clicked.
        wish: unit vector of a sentence that the person wrote, [width].
    """

    history: Mapping[int, float] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()
    less: tuple[int, ...] = ()
    shown: Mapping[int, int] = field(default_factory=dict)
    wish: FloatArray | None = field(default=None, compare=False)

    def after(self, action: Action, items: Iterable[int]) -> "Profile":
        """Return the profile after one action on some items."""
        return self.following((action, item) for item in items)

    def following(self, events: Iterable[tuple[Action, int]]) -> "Profile":
        """Return the profile after events, oldest first; a click takes back what was said against an item."""
        history, less = dict(self.history), dict.fromkeys(self.less)
        hidden, shown = set(self.hidden), dict(self.shown)
        for action, item in events:
            if action == "shown":
                shown[item] = shown.get(item, 0) + 1
            elif action == "hide":
                hidden.add(item)
            elif action == "less":
                less[item] = None
            else:
                less.pop(item, None)
                shown.pop(item, None)
                hidden.discard(item)
                history[item] = history.pop(item, 1.0)  # a second click makes the item the newest
        return replace(self, history=history, hidden=frozenset(hidden), less=tuple(less), shown=shown)

    def without(self, item: int) -> "Profile":
        """Return the profile as if the item had never been clicked; it stays excluded, since the person knows it."""
        history = {each: weight for each, weight in self.history.items() if each != item}
        return replace(self, history=history, hidden=self.hidden | {item})
