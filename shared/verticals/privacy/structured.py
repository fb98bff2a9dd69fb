"""Structured kinds, validated by check digits or numbering plans, so that order numbers survive."""

from collections.abc import Iterator

import phonenumbers
import regex as re  # knows capital letters and scripts of every language
from stdnum import iban, luhn
from stdnum.cn import ric

from verticals.privacy.found import Found

REGIONS = ("GB", "US", "DE", "FR", "CN")  # numbering plans for numbers without a country code

_LETTER = (
    r"[^\W\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"  # and digits; the others stand beside an address without a blank
)
_DOT = rf"(?:\.(?={_LETTER})|\s?(?:\(dot\)|\[dot\])\s?|\sdot\s)"
# from its first letter on: a search that began at each later one would take the square of the time, and end no otherwise
_MAILBOX = rf"(?<!{_LETTER}|[+'-]|{_LETTER}\.)(?:{_LETTER}|[+'-])++(?:{_DOT}(?:{_LETTER}|[+'-])++)*"
_DOMAIN = rf"(?:{_LETTER}|-)++"
_AT = r"\s?(?:@|＠|\(at\)|\[at\])"
EMAIL = re.compile(
    rf"{_MAILBOX}{_AT}\s?{_DOMAIN}(?:{_DOT}{_DOMAIN})+"
    rf"|{_MAILBOX}\sat\s{_DOMAIN}(?:{_DOT}{_DOMAIN})*{_DOT}[a-z]{{2,7}}(?!{_LETTER}|{_AT})",
    re.IGNORECASE,
)
# Chinese, Japanese and Korean stand right beside a number; a Latin letter makes an article number of it, unless it ends one of these words
_CUE = r"(?<=\b(?:tel|telephone|phone|mobile|mob|cell|call|ring|whatsapp|card|visa|mastercard|number|no|nr|at|on|is))"
_BEFORE, _AFTER = rf"(?:(?<![A-Za-z0-9_-])|{_CUE})", r"(?![A-Za-z0-9_-])"
_IBAN = re.compile(r"(?<![A-Za-z0-9_])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Za-z0-9_])", re.IGNORECASE)
_CARD = re.compile(  # no network's numbers begin with another digit
    rf"{_BEFORE}[2-6\uff12-\uff16](?:(?:[ .-]|[ \t\r]{{0,2}}\n[ \t]{{0,2}})?\d){{12,18}}{_AFTER}", re.IGNORECASE
)
_CARD_DIGITS = 13
_IDENTITY = re.compile(r"(?<![A-Za-z0-9_])[1-9]\d{16}[\dXx](?![A-Za-z0-9_])")
_ORDERS = r"[1-9]\d{4}(?:\s+\d{5})*"  # no card is written in groups of five; some numbering plan has them
_PHONE_LIKE = re.compile(rf"(?:{_BEFORE}|(?<=-))[+(]?\d[\d\s()./-]{{7,20}}\d(?![A-Za-z0-9_])", re.IGNORECASE)
_NO_PHONE = re.compile(rf"(?:19|20)\d\d-(?:0\d|1[0-2])-[0-3]\d|{_ORDERS}")  # an ISO date, or the numbers of orders


def emails(text: str) -> Iterator[Found]:
    """Find e-mail addresses, also those spelled out."""
    for match in EMAIL.finditer(text):
        yield Found("email", *match.span())


def ibans(text: str) -> Iterator[Found]:
    """Find numbers of bank accounts."""
    for match in _IBAN.finditer(text):
        ends = (end for end in range(len(match[0]), 14, -1) if match[0][end - 1] not in " -")
        length = next((end for end in ends if iban.is_valid(match[0][:end], check_country=False)), None)
        if length:
            yield Found("iban", match.start(), match.start() + length)


def cards(text: str) -> Iterator[Found]:
    """Find numbers of payment cards."""
    hidden = 0
    for match in _CARD.finditer(text, overlapped=True):  # from each group on: an order number may stand before the card
        ends = (group.end() for group in reversed(list(re.finditer(r"\d+", match[0]))))  # an expiry or a CVV after it
        length = next((end for end in ends if _is_card(match[0][:end])), None)
        if length and match.start() >= hidden:
            hidden = match.start() + length
            yield Found("card", match.start(), hidden)


def _is_card(written: str) -> bool:
    digits = "".join(str(int(digit)) for digit in re.findall(r"\d", written))  # also where they are of full width
    return len(digits) >= _CARD_DIGITS and luhn.is_valid(digits) and not re.fullmatch(_ORDERS, written)


def identities(text: str) -> Iterator[Found]:
    """Find numbers of Chinese identity cards."""
    for match in _IDENTITY.finditer(text):
        if ric.is_valid(match[0]):
            yield Found("identity", *match.span())


def phones(text: str) -> Iterator[Found]:
    """Find telephone numbers of any region, and those of `REGIONS` without a country code."""
    if not _PHONE_LIKE.search(text):
        return
    for region in REGIONS:
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.POSSIBLE):
            written = match.raw_string
            if _NO_PHONE.fullmatch(written):
                continue
            if "+" in written or written.lstrip("(").startswith("0") or phonenumbers.is_valid_number(match.number):
                yield Found("phone", match.start, match.end)
