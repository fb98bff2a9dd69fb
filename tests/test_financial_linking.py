"""Plain text, the symbol list, and which companies a text is about. All companies are invented."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verticals.errors import DataError
from verticals_financial_sentiment.linking import Linker
from verticals_financial_sentiment.symbols import Symbol, read_symbols
from verticals_financial_sentiment.text import folded, key, plain, without_markup

SYMBOLS = (
    Symbol("ARDF", "Ardent Foods", ("Ardent Foods plc",), "food"),
    Symbol("QVN", "Quorvane Systems", ("Quorvane",), "technology"),
    Symbol("HRBR", "Harbor", ("Harbor Inc",), "insurance"),
    Symbol("APL", "Apple", ("Apple Inc",), "technology"),
    Symbol("ALL", "Allgemeine Landbank", ("Landbank",), "banks"),
    Symbol("IT", "Itterby Holding", ("Itterby",), "retail"),
    Symbol("V", "Vesterholm", (), "payments"),
    Symbol("ON", "Onsemble Chips", ("Onsemble",), "technology"),
    Symbol("MAY", "Mayfold Dairies", ("Mayfold",), "food"),
    Symbol("JRNV", "Järnvik Stål", ("Järnvik",), "steel"),
    Symbol("BWCR", "Bellwick & Crane", ("Bellwick", "B&C"), "retail"),
    Symbol("MARS", "Mars", (), "food"),
    Symbol("BLUE", "Blue River Mining", (), "mining"),
    Symbol("TRM", "3M Company", ("3M",), "industry"),
    Symbol("TRI", "3i Group", ("3i",), "finance"),
    Symbol("UNO", "1&1 AG", ("1&1",), "telecom"),
    Symbol("TWOA", "Tarnholt Power", ("Tarnholt",), "energy"),
    Symbol("TWOB", "Tarnholt Shipping", ("Tarnholt",), "shipping"),
)
LINKER = Linker(SYMBOLS)


def tickers(text: str) -> set[str]:
    return set(LINKER.link(folded(plain(text))).tickers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ardent Foods cuts its outlook after a cereal recall", {"ARDF"}),
        ("ardent foods down big today lol", {"ARDF"}),
        ("ARDENT FOODS SLASHES DIVIDEND", {"ARDF"}),
        ("Quorvane's profit beat every estimate", {"QVN"}),
        ("Why $QVN and $ardf moved today", {"QVN", "ARDF"}),
        ("Price target on (NYSE: ALL) goes to 140", {"ALL"}),
        ("Brokers like Nasdaq:IT more than before", {"IT"}),
        ("QVN.DE opens lower in Frankfurt", {"QVN"}),
        ("$V and $ON lead the gainers, $IT lags", {"V", "ON", "IT"}),
        ("Investors dumped QVN before the results", {"QVN"}),
        ("ARDF halted, news pending", {"ARDF"}),
        ("Apple raises its dividend for the third year", {"APL"}),
        ("Shares of Harbor fell 8% on storm claims", {"HRBR"}),
        ("Regulator opens a probe into how Harbor settles claims", {"HRBR"}),
        ("Harbor Inc names a new chief executive", {"HRBR"}),
        ("Apple Inc. Expands Its Campus In The South", {"APL"}),
        ("JARNVIK orders up 9%", {"JRNV"}),
        ("Järnvik Stål reports on Friday", {"JRNV"}),
        ("Bellwick and Crane opens a food hall; B&C shares rise", {"BWCR"}),
        ("Blue River Mining finds copper in the north", {"BLUE"}),
        ("Shares in Mars rise before the results", {"MARS"}),
        ("Аrdent Fооds cuts оutlook", {"ARDF"}),  # Cyrillic look-alikes
        ("Quor\u200bvane Sys\u200dtems wins a contract", {"QVN"}),
        ("Ｑｕｏｒｖａｎｅ wins a contract", {"QVN"}),
        ("$TWOB: Tarnholt orders four ships", {"TWOB"}),
        ("BLUE RIVER MINING FINDS COPPER", {"BLUE"}),
        ("APPLE INC CUTS OUTLOOK ON WEAK DEMAND", {"APL"}),
        ("HARBOR PLC HIKES DIVIDEND", {"HRBR"}),
        ("3M Company settles a case over earplugs", {"TRM"}),
        ("3M shares fall", {"TRM"}),
        ("Brokers: 3M's profit to rise", {"TRM"}),
        ("3i Group raises its payout", {"TRI"}),
        ("3i raises its payout", {"TRI"}),
        ("1&1 AG profit falls", {"UNO"}),
        ("Larger rival Quorvane outbids Landbank for Harbor", {"QVN", "ALL", "HRBR"}),
    ],
)
def test_companies_are_linked(text: str, expected: set[str]) -> None:
    assert tickers(text) == expected


CHINESE = Linker(
    (
        Symbol("600519", "Kweichow Moutai", ("贵州茅台", "茅台")),
        Symbol("0700.HK", "Tencent Holdings", ("腾讯",)),
        Symbol("300750", "Contemporary Amperex", ("宁德时代", "CATL")),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("宁德时代遭监管处罚，被罚5亿元", {"300750"}),
        ("更正：腾讯与宁德时代并未合作", {"300750", "0700.HK"}),
        ("白酒龙头（600519）公告业绩", {"600519"}),
        ("白酒龙头SH600519大涨", {"600519"}),
        ("600519.SH公告业绩", {"600519"}),
        ("SSE: 600519 falls", {"600519"}),
        ("Shares of 0700.HK fall", {"0700.HK"}),
        ("CATL股价大涨", {"300750"}),
        ("Miller sold 600519 sacks of flour", set()),  # a number that is also a ticker
        ("时代在变，宁德的茶叶出口增长", set()),
    ],
)
def test_companies_are_found_by_chinese_names_in_running_text_and_by_mainland_codes(
    text: str, expected: set[str]
) -> None:
    assert set(CHINESE.link(folded(plain(text))).tickers) == expected


HARD_NEGATIVES = [
    "ALL eyes on the central bank as rates stay put",
    "IT budgets shrink for a second year",
    "A V-shaped recovery is what the minister hopes for",
    "Lights stay ON at the ministry despite cuts",
    "ALL IN: why small investors bet on rates",
    "IT stocks slide as budgets shrink",
    "The minister MAY resign, shares steady",
    "Apple harvest hit by frost; growers' profits fall",
    "Growers expect apple prices to rise",
    "an apple a day, says the health minister",
    "Apple growers ask for relief",
    "Pearl Harbor anniversary draws thousands",
    "The Harbor Commission approves a new pier",
    "Ships left the Harbor before the storm",
    "Harbor Freight Road closed for repairs",
    "Sydney Harbor ferry fares to rise",
    "harbor dredging costs the city 4 million",
    "HARBOR CLOSED AFTER STORM",
    "HARBOR AS A SAFE PORT",
    "Miller posts a loss of 3M",
    "$3M profit at the miller",
    "3m shares sold by its founder",
    "Fund buys 3M shares of the miller",
    "A 3m company loan comes due",
    "1 and 1 make 2",
    "NASA sends another probe to Mars this summer",
    "mars bars are shrinking",
    "A blue river of mining waste reached the village",
    "It may rain on Monday, and all trains are late",
    "Costs $5 at V. Smith's shop",
    "$QVNX is another company",
    "Ratio 3:ALL is no exchange",
    "FOO: ALL trains are late",
    "Minister on TV: IT is late",
    "",
    "   ",
    "🚀🚀🚀",
]


@pytest.mark.parametrize("text", HARD_NEGATIVES)
def test_ordinary_words_are_no_companies(text: str) -> None:
    assert tickers(text) == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ALL eyes on the central bank", "also a word"),
        ("Growers expect apple prices to rise", "without a capital"),
        ("Harbor fog delays ferries again", "nothing near it"),
        ("HARBOR CLOSED AFTER STORM", "everything is in capitals"),
        ("Miller posts a loss of 3M", "a figure"),
        ("Pilots of Harbor Freight met again before dawn", "another name"),
        ("Tarnholt hires a finance chief", "names 2 companies: TWOA, TWOB"),
        ("The boss of quorvane met the Minister", "without a capital where others have one"),
        ("Talks about QVN went on", "no word of finance"),
    ],
)
def test_an_abstention_says_why(text: str, reason: str) -> None:
    links = LINKER.link(text)
    assert not links.mentions
    assert [abstained.reason for abstained in links.abstained if reason in abstained.reason]


def test_a_certain_mention_settles_the_doubtful_ones() -> None:
    links = LINKER.link("$APL: growers and apple fans agree")
    assert links.tickers == ("APL",)
    assert not links.abstained


def test_positions_are_those_of_the_text() -> None:
    text = "Talks: Bellwick & Crane may buy Quorvane Systems"
    links = LINKER.link(text)
    assert [text[mention.start : mention.end] for mention in links.mentions] == ["Bellwick & Crane", "Quorvane Systems"]


@given(st.text("aZ <>/!&#;x3c$:.()'\"&lt;АοЯßﬃ＜\u200b\u202e\x00\ud800🚀\n-_", max_size=80))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_text_can_be_made_plain_and_linked(text: str) -> None:
    once = plain(text)
    assert not re.search(r"<[a-zA-Z/!?]", once)
    assert "\u200b" not in once and "\x00" not in once
    assert len(folded(once)) == len(once)
    LINKER.link(folded(once))


@pytest.mark.parametrize(
    "text",
    [
        "Quorvane <script>alert(1)</script>rises",
        "Quorvane &lt;script&gt;alert(1)&lt;/script&gt;rises",
        "Quorvane &amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;rises",
        "Quorvane ＜script＞alert(1)＜/script＞rises",
        "Quorvane <img src=x onerror=alert(1)>rises",
        "Quorvane <svg/onload=alert(1)>rises</svg>",
        "Quorvane <iframe src='javascript:alert(1)'></iframe> rises",
        "Quorvane <style>*{}</style> rises",
    ],
)
def test_markup_becomes_inert_text(text: str) -> None:
    made = plain(text)
    assert made.startswith("Quorvane")
    assert not re.search(r"<[a-zA-Z/!?]", made)


def test_ordinary_signs_survive() -> None:
    assert plain("AT&amp;T: profit &lt; 5% &amp; 3 > 2") == "AT&T: profit < 5% & 3 > 2"
    assert without_markup("a < b") == "a < b"


def test_look_alikes_are_folded_only_where_they_imitate_latin() -> None:
    assert folded("Аrdent сuts") == "Ardent cuts"
    assert folded("Газпром растёт на новостях") == "Газпром растёт на новостях"
    assert folded("сосо wins the big contract") == "coco wins the big contract"
    assert key("JÄRNVIK") == key("Järnvik") == "jarnvik"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read"),
        (b"ticker,name\n", "only a header"),
        (b"ticker,nam\nA,B\n", "did you mean 'name'"),
        (b"ticker,sector\nA,B\n", "no column 'name'"),
        (b"ticker,name\nA B,x\n", "line 2: 'A B' is not a ticker"),
        (b"ticker,name\nA,\n", "line 2: A has no name"),
        (b"ticker,name\nA,x\nA,y\n", "ticker A stands twice"),
        (b"ticker,name\nA,x,y\n", "more fields"),
        (b"ticker,name\n\xff\xfe,x\n", "cannot be read"),
    ],
)
def test_a_wrong_symbol_list_says_what_is_wrong(tmp_path: Path, content: bytes | None, expected: str) -> None:
    path = tmp_path / "symbols.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(str(path))) as caught:
        read_symbols(path)
    assert expected in str(caught.value)


def test_a_symbol_list_is_read_with_its_aliases(tmp_path: Path) -> None:
    path = tmp_path / "symbols.csv"
    path.write_text(
        "ticker,name,aliases,sector\n$qvn,Quorvane Systems,Quorvane|Quorvane NV| ,tech\n", encoding="utf-8-sig"
    )
    assert read_symbols(path) == (Symbol("QVN", "Quorvane Systems", ("Quorvane", "Quorvane NV"), "tech"),)


def test_a_list_of_thousands_costs_little_more_than_one_of_a_dozen() -> None:
    many = Linker([*SYMBOLS, *(Symbol(f"X{n}Q", f"Quibble{n} Works", (f"Quibble{n}",)) for n in range(5000))])
    texts = [f"{text} and more news of {n}" for n in range(3) for text in HARD_NEGATIVES]
    few_seconds, many_seconds = (min(_seconds(linker, texts) for _ in range(5)) for linker in (LINKER, many))
    assert many_seconds < 2 * few_seconds


def _seconds(linker: Linker, texts: list[str]) -> float:
    started = time.perf_counter()
    for text in texts:
        linker.link(text)
    return time.perf_counter() - started
