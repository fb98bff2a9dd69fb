"""Word shapes: the letter case that a lower-casing tokenizer loses, as three small numbers for every word.

Shapes of words are the oldest feature of name taggers (Bikel et al. 1997, https://arxiv.org/abs/cmp-lg/9803003).
"""

import re
from collections.abc import Sequence
from typing import cast

from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

_CASES = (
    "lower",
    "capitalised",
    "capitals",
    "one_capital",
    "mixed",
    "digits",
    "letters_and_digits",
    "punctuation",
    "caseless",
)
_PLACES = ("first_in_sentence", "later_in_sentence")
_SENTENCES = ("sentence_with_lower_case", "sentence_without_lower_case")
Shape = tuple[int, int, int]
NO_SHAPE: Shape = (0, 0, 0)
_CODE = {name: number for number, name in enumerate((*_CASES, *_PLACES, *_SENTENCES), 1)}
SHAPES = len(_CODE) + 1  # 0 means no shape
_NUMBER = re.compile(r"[+-]?\d[\d.,:/-]*%?")


def word_shapes(tokens: Sequence[str]) -> list[Shape]:
    """Return of each word its case, its place, and whether its sentence has lower-case letters (headlines do not).

    Returns:
        One triple of codes per word, each between 1 and `SHAPES` - 1.
    """
    sentence = _CODE[_SENTENCES[not any(mark.islower() for token in tokens for mark in token)]]
    places = (_CODE[_PLACES[min(position, 1)]] for position in range(len(tokens)))
    return [(_CODE[_case(token)], place, sentence) for token, place in zip(tokens, places, strict=True)]


def _case(token: str) -> str:
    letters = [mark for mark in token if mark.isalpha()]
    if not letters:
        has_digit = any(mark.isdigit() for mark in token)
        return ("digits" if _NUMBER.fullmatch(token) else "letters_and_digits") if has_digit else "punctuation"
    if any(mark.isdigit() for mark in token):
        return "letters_and_digits"
    return _case_of_letters(letters)


def _case_of_letters(letters: Sequence[str]) -> str:
    upper = [mark.isupper() or mark.istitle() for mark in letters]
    if not any(upper):
        return "lower" if any(mark.islower() for mark in letters) else "caseless"
    if all(upper):
        return "capitals" if len(upper) > 1 else "one_capital"
    return "capitalised" if upper[0] and not any(upper[1:]) else "mixed"


def loses_case(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Say whether the tokenizer writes everything in lower case before it looks words up."""
    normalizer = cast(PreTrainedTokenizerFast, tokenizer).backend_tokenizer.normalizer
    return normalizer is not None and normalizer.normalize_str("A") == "a"
