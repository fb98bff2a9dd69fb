"""Personal data in text: found and replaced before anything is stored, logged, or shown to a model.

Seven kinds: e-mail, phone, payment card, bank account (IBAN), the number of a Chinese identity card, postal address, and names that a person
gives as their own. Structured kinds
are validated by their check digits or numbering plans (libraries `python-stdnum` and `phonenumbers`), so that order numbers survive;
names and addresses are found by what stands around them, in the languages of Europe and some of Asia. What has no cue is not found.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import phonenumbers
import regex as re  # knows capital letters and scripts of every language
from pydantic import JsonValue
from stdnum import iban, luhn
from stdnum.cn import ric

Kind = Literal["email", "phone", "card", "iban", "identity", "address", "name"]
REGIONS = ("GB", "US", "DE", "FR", "CN")  # numbering plans for numbers without a country code

_LETTER = (
    r"[^\W\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"  # and digits; the others stand beside an address without a blank
)
_DOT = rf"(?:\.(?={_LETTER})|\s?(?:\(dot\)|\[dot\])\s?|\sdot\s)"
# from its first letter on: a search that began at each later one would take the square of the time, and end no otherwise
_MAILBOX = rf"(?<!{_LETTER}|[+'-]|{_LETTER}\.)(?:{_LETTER}|[+'-])++(?:{_DOT}(?:{_LETTER}|[+'-])++)*"
_DOMAIN = rf"(?:{_LETTER}|-)++"
_AT = r"\s?(?:@|＠|\(at\)|\[at\])"
_EMAIL = re.compile(
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
_PART = r"(?:\p{Lu}[\p{L}\p{M}'’-]+|\p{Lu}\.?(?=\s\p{Lu}))"
_MORE = rf"(?:\s(?:(?:van|von|de|der|den|la|le|da|di|del|do|dos|bin|al|el|ten|ter)\s)*{_PART})"
_WITH_TITLE = r"(?:(?:Dr|Prof)\.?\s)?"
_FAMILY = (  # the commonest names of Chinese families
    "欧阳|司马|上官|诸葛|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白"
    "崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文]"
)
_NAMED = re.compile(  # what stands before a name, whatever its number of words
    r"(?:\b(?i:my (?:full )?name(?:['’]?s| is)|name is|name\s?[:-]|(?:this|it) is(?= \p{Lu})|i am(?= \p{Lu})|i['’]?m(?= \p{Lu})|i['’]?m called|"
    r"in the name of|under the name(?: of)?|on behalf of|name on (?:the )?card(?: is|:)?|account holder(?: is|:)?|(?:ship|send) to:|"
    r"addressed to|signed(?: by)?|speaking to|mein name ist|ich hei(?:ß|ss)e|kontoinhaber(?:in)?(?: ist|:)?|je m['’]appelle|mon nom est|au nom de|"
    r"me llamo|mi nombre es|a nombre de|mi chiamo|il mio nome è|a nome di|mijn naam is|ik heet|t\.n\.v\.|ten name van|nazywam się|mam na imię|"
    r"chamo-me|(?:o )?meu nome é|jag heter|mitt namn är|jeg he(?:dd|t)er|mit(?:t)? navn er|nimeni on|jmenuji se|a nevem|mă numesc|benim adım|"
    r"ismim|меня зовут|мене звати|με λένε|ονομάζομαι|nama saya|tên tôi là)[,:]?\s+"
    r"|\b(?i:mr|mrs|ms|miss|dr|herr|frau|madame|monsieur|mme|señora?|sra?|signora?)\.?\s+)"
    rf"(?P<name>{_WITH_TITLE}{_PART}{_MORE}{{0,3}})"
    r"|(?i:\b(?:regards|thanks|thank you|cheers|best|wishes|sincerely|faithfully|truly|(?:very|so) much|yours|"
    r"gr(?:ü|ue)(?:ß|ss)en?|cordialement|atentamente|saludos|cordiali saluti|"
    r"z poważaniem|hilsen|hälsningar|groet(?:en)?),?\s*[\n,]?\s*)"
    rf"(?P<signed>{_WITH_TITLE}{_PART}{_MORE}{{0,3}})(?=\s*(?:$|[,\n]))"
    r"|(?:我叫(?![了的你您他她人车过不什啥])|姓名[:：]\s*)(?P<chinese>\p{Han}{2,4})"
    rf"|我是(?P<introduced>(?:{_FAMILY})(?:(?![的了吗呢啊])\p{{Han}}){{1,2}})(?=[\W\d]|$|电话|手机)"  # else who or what somebody is
    r"|(?:^|[\s、。])(?P<japanese>[\p{Han}\p{Hiragana}\p{Katakana}]{2,10}?)(?:と申し|といいま|と言いま)"
    r"|이름은\s*(?P<korean>\p{Hangul}{2,5}?)\s*(?:입니다|이에요|예요|이고)"
    r"|मेरा नाम\s+(?P<hindi>[\p{Devanagari}\s]{2,40}?)\s+(?:है|हूँ)"
    r"|اسمي\s+(?P<arabic>\p{Arabic}+(?:\s(?!و)\p{Arabic}+)?)"
)
_INTRODUCED = re.compile(  # weaker: only where two capitalised words follow
    r"(?:\b(?i:under|called|ask(?:ing)? for|contact|s?he['’]?s|i,|ich bin|je suis|demander|soy|sono|ik ben|sou|jestem|jag är|jeg er|"
    r"(?:my|mon|ma|mein|meine) (?:husband|wife|partner|son|daughter|mother|father|mum|dad|brother|sister|"
    r"flatmate|neighbour|mari|femme|frau|mann)),?\s+)"
    rf"(?P<name>{_PART}{_MORE}{{1,3}})"
)
_APPOSED = re.compile(rf"[,:]\s(?P<name>{_PART}{_MORE}{{1,3}})(?=\s?[,:])")
_NO_LOWER_NAME = (
    r"(?:a|also|am|an|and|are|as|at|because|but|by|cannot|can|correct|for|from|has|have|he|here|how|if|in|is|it|mentioned|misspel\w+|missing|mud|my|no|"
    r"not|now|of|off|on|or|order|our|please|she|shown|so|spel\w+|still|that|the|there|they|this|to|under|up|was|we|what|when|where|which|who|why|"
    r"with|wrong|wrongly|you|your)\b(?!['’-])"
)
_LOWER_WORD = rf"(?!{_NO_LOWER_NAME})\p{{Ll}}[\p{{Ll}}'’-]++"
_NAMED_IN_LOWER_CASE = re.compile(
    r"(?i:\bmy (?:full )?name(?:['’]?s| is)|(?<!\b(?:product|item|article|brand|file|shop|company)\s)\bname:)"
    rf"\s(?P<name>{_LOWER_WORD}(?:\s{_LOWER_WORD})?)"
)
_LOWER_CASE = re.compile(
    r"^(?:(?:hi|hello|hey|hiya),?\s(?:this is|it['’]?s|i['’]?m|im)\s(?P<one>[\p{Ll}'’-]+)"
    r"|(?:(?:hi|hello|hey),?\s)?this is\s(?P<two>[\p{Ll}'’-]+\s[\p{Ll}'’-]+))(?=,)"
)
_STREET = r"(?i:street|st|road|rd|avenue|ave|lane|ln|drive|crescent|terrace|boulevard|blvd|highway|hwy)\b\.?"
_GROUND = r"(?:Close|Court|Ct|Way|Place|Pl|Square|Sq|Gardens|Hill|Grove|Row|Walk|Mews|Park|Parade|Quay|View|Rise|Green|Dr|Yard|Wharf|Steps)\b\.?"
_WORDS = r"(?:[\p{L}'’-]+\s){1,3}"
_CAPITALS = r"(?:\p{Lu}[\p{L}'’-]+\s){1,3}"
_PLACE = r"(?:,?\s*(?:(?:flat|apt|apartment|unit|suite|floor)\s*\w+|\p{Lu}\p{Ll}[\p{L}'’-]*(?:\s\p{Lu}\p{Ll}[\p{L}'’-]*){0,2}))"
_LOWER_CODE = (
    r"(?i:\b[a-z]{1,2}\d[a-z\d]?\s\d(?!(?:nd|rd|st|th|ft|hr|lb)\b)[abd-hjlnp-uw-z]{2}\b)"  # no postcode ends as "5 cm"
)
_CODE = r"(?:,?\s*(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|(?:[A-Z]{2}\s)?\d{4,5}(?:-\d{4})?(?:\s\p{Lu}[\w-]+){0,2}))"
_PIECE = r"(?:\d{1,5}[A-Za-z]?|\p{Lu}[\p{L}'’-]+)\b"
# all or nothing: given back piece by piece, a shouted message would take minutes
_CHUNK = rf"(?>{_PIECE}(?:\s{_PIECE})*+)"
_STREET_NAME = r"[\p{L}'’.-]++(?:\s[\p{L}'’.-]++){0,4}"
_INNER = r"(?:[^,;:!?\n.]|\.(?!\s|$)|(?<=\b\p{L}{1,2})\.)"
_TAIL = rf"(?:,\s?(?=\p{{Lu}}|\d|[дкг]\p{{L}}?\.){_INNER}{{1,30}}){{0,4}}"
_ADDRESS = re.compile(
    rf"\b\d{{1,4}}(?:\s?(?:bis|ter))?,?\s(?i:rue|avenue|boulevard|place|chemin|all[ée]e|impasse|quai)\s(?:[\p{{L}}'’-]+\s?){{1,5}}{_CODE}?"
    rf"|(?:(?i:flat|apt|apartment|unit)\s?\w+,?\s)?\b\d{{1,5}}[a-zA-Z]?,?\s(?:(?i:{_WORDS}{_STREET})|{_CAPITALS}{_GROUND})(?:{_PLACE}){{0,3}}{_CODE}?"
    rf"|\b(?:{_CHUNK},?\s){{1,4}}[A-Z]{{1,2}}\d[A-Z\d]?\s?\d[A-Z]{{2}}\b"
    rf"|\b(?:(?i:[\p{{L}}.-]+\s?(?:stra(?:ß|ss)e|str\.|straat))|\p{{Lu}}[\p{{L}}.-]+(?:weg|platz|allee|gasse|ufer|laan|kade|plein|gracht))\s?\d{{1,4}}\s?[a-z]?\b"
    rf"(?:,\s\d{{4}}\s[A-Z]{{2}}\s\p{{Lu}}[\p{{L}}-]+|{_CODE})?"
    rf"|\b(?:\p{{Lu}}[\p{{L}}.-]+\s){{1,3}}\d{{1,4}}\s?[a-z]?,\s\d{{5}}\s\p{{Lu}}[\p{{L}}-]+(?:\s\p{{Lu}}[\p{{L}}-]+)?"
    rf"|\b(?i:calle|avenida|plaza|paseo|camino|via|viale|piazza|corso|rua|travessa|praça|ul\.|al\.|ул\.|пр\.|улица)\s{_STREET_NAME}(?:,\sд\.)?\s?\d{_INNER}{{0,12}}{_TAIL}"
    r"|\p{Han}{2,12}(?:路|街|大道|巷|弄)\d+号?(?:\d+(?:栋|幢|号楼|单元|楼|室))*|\p{Han}{2,8}(?:省|市|区|县)\p{Han}{2,12}\d+号\S{0,8}"
    r"|〒\s?\d{3}-?\d{4}\s?[\p{Han}\p{Hiragana}\p{Katakana}ー]+[\d丁目番地号-]*"
    r"|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b"
    rf"|\b\d{{1,5}}[a-z]?,?\s(?i:{_WORDS}{_GROUND})(?:,?\s[\p{{L}}'’-]++){{0,4}},?\s{_LOWER_CODE}|{_LOWER_CODE}"
)


@dataclass(frozen=True)
class Found:
    """A piece of personal data in a text; `start` and `end` are character positions."""

    kind: Kind
    start: int
    end: int


def find(text: str) -> list[Found]:
    """Return the personal data in a text, in order, without overlaps; of two that overlap the one that starts first counts."""
    every = [each for finder in _FINDERS for each in finder(text)]
    if every:  # a name between commas is one where other personal data stands beside it; else it may be a product
        every += [Found("name", *match.span("name")) for match in _APPOSED.finditer(text)]
    kept: list[Found] = []
    for each in sorted(every, key=lambda each: (each.start, -each.end)):
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
        elif each.end > kept[-1].end:  # an overlap is hidden whole
            kept[-1] = Found(kept[-1].kind, kept[-1].start, each.end)
    return kept


def redact(text: str, public: str = "") -> str:
    """Return the text with each piece of personal data replaced by its kind, such as `[email]`.

    A piece that stands word for word in `public` is kept: the shop's own address, in a reply that quotes an article.
    """
    if text in public:
        return text
    parts, position = [], 0
    for each in find(text):
        if not _stands_in(text[each.start : each.end], public):
            parts += [text[position : each.start], f"[{each.kind}]"]
            position = each.end
    return "".join([*parts, text[position:]])


def _stands_in(piece: str, public: str) -> bool:
    return piece in public and bool(re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", public))


def redact_json(value: JsonValue, public: str = "") -> Any:  # noqa: ANN401 - the same shape as the value
    """Return a JSON value with every text in it redacted; the names of its fields stay."""
    if isinstance(value, str):
        return redact(value, public)
    if isinstance(value, list):
        return [redact_json(each, public) for each in value]
    if isinstance(value, dict):
        return {name: redact_json(each, public) for name, each in value.items()}
    return value


def _emails(text: str) -> Iterator[Found]:
    for match in _EMAIL.finditer(text):
        yield Found("email", *match.span())


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        ends = (end for end in range(len(match[0]), 14, -1) if match[0][end - 1] not in " -")
        length = next((end for end in ends if iban.is_valid(match[0][:end], check_country=False)), None)
        if length:
            yield Found("iban", match.start(), match.start() + length)


def _cards(text: str) -> Iterator[Found]:
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


def _identities(text: str) -> Iterator[Found]:
    for match in _IDENTITY.finditer(text):
        if ric.is_valid(match[0]):
            yield Found("identity", *match.span())


def _phones(text: str) -> Iterator[Found]:
    if not _PHONE_LIKE.search(text):
        return
    for region in REGIONS:
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.POSSIBLE):
            written = match.raw_string
            if _NO_PHONE.fullmatch(written):
                continue
            if "+" in written or written.lstrip("(").startswith("0") or phonenumbers.is_valid_number(match.number):
                yield Found("phone", match.start, match.end)


def _names(text: str) -> Iterator[Found]:
    for pattern in (_NAMED, _NAMED_IN_LOWER_CASE, _INTRODUCED):
        for match in pattern.finditer(text):
            group = match.lastgroup or "name"
            words = match[group].split()
            if words[0] not in _NO_NAMES and not _WEEKDAYS.intersection(words):
                yield Found("name", *match.span(group))
    match = _LOWER_CASE.search(text)
    if match and not any(_COMMON_WORD.fullmatch(word) for word in match[match.lastgroup or "one"].split()):
        yield Found("name", *match.span(match.lastgroup or "one"))


def _addresses(text: str) -> Iterator[Found]:
    for match in _ADDRESS.finditer(text):
        yield Found("address", match.start(), match.start() + len(match[0].rstrip(" ,")))


_NO_NAMES = {
    *("I", "The", "A", "An", "My", "Your", "This", "That", "It", "Is", "Not", "Sorry", "Still", "Just", "Very", "So"),
    *("Really", "And", "But", "If", "Please", "Order", "OK", "Hi", "Hello", "Customer", "Customers"),
    *("Christmas", "Easter", "January", "February", "March", "July", "September", "October", "November", "December"),
    *("American", "British", "Chinese", "Dutch", "English", "European", "French", "German", "Indian", "Irish"),
    *("Italian", "Polish", "Portuguese", "Scottish", "Spanish", "Welsh"),
    *("Awful", "Disgusting", "Ridiculous", "Unacceptable", "Urgent"),
}
_WEEKDAYS = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
_COMMON_WORD = re.compile(  # in "this is urgent, ..." and "hi its late, ..." no name follows
    r".{1,2}|.*(?:ing|ed|ly|ous|ful|ble|ive|less|able|ent|ish|tion)|about|again|already|awful|back|bad|been|broken|cold|crazy|customer|dead|empty|fine|for|"
    r"from|good|gone|great|here|joke|just|late|lost|mad|more|new|nice|not|now|odd|old|only|order|our|out|over|really|red|sad|same|silly|small|"
    r"still|stuck|such|the|there|third|too|torn|unfair|very|way|weird|what|wet|why|wrong|yet|your"
)
_FINDERS: tuple[Callable[[str], Iterator[Found]], ...] = (
    _emails,
    _ibans,
    _cards,
    _identities,
    _phones,
    _names,
    _addresses,
)
