"""Stories: copies are folded, follow-ups are not, and no flood moves an index by more than three independent stories."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verticals_financial_sentiment.linking import Linker
from verticals_financial_sentiment.records import Headline
from verticals_financial_sentiment.stories import LIMIT, SAME_TEXT, Placement, StoryBook, weight
from verticals_financial_sentiment.symbols import Symbol
from verticals_financial_sentiment.text import folded, plain

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINKER = Linker(
    (
        Symbol("ARDF", "Ardent Foods", ("Ardent", "亚登食品")),
        Symbol("BRWM", "Brightwold Mining", ("Brightwold",)),
        Symbol("QVN", "Quorvane Systems", ("Quorvane",)),
    )
)
RUMOUR = "Ardent Foods hides contaminated cereal batches from health inspectors for months"


def headline(title: str, source: str = "wire", minute: float = 0) -> Headline:
    at = START + timedelta(minutes=minute)
    return Headline(source, at, at, plain(title))


def fold(book: StoryBook, items: Iterable[Headline]) -> list[Placement]:
    return [book.fold(item, LINKER.link(folded(item.text))) for item in items]


def movement(placements: Sequence[Placement], ticker: str = "ARDF") -> float:
    """What an index moves when every item has the same score of 1."""
    return sum(placement.gains.get(ticker, 0.0) for placement in placements)


COPIES = [
    ("Ardent Foods wins a cereal order worth EUR 1.2 bln", "Ardent Foods wins a cereal order worth EUR 1.2bn"),
    ("亚登食品公告：净利润增长，超出市场预期，上调指引", "公告：亚登食品净利润增长，超出市场预期，上调指引"),
    ("亚登食品净利润增长，超出市场预期", "亚登食品：净利润增长，超出市场预期"),
    ("Ardent Foods cuts outlook after cereal recall", "ARDENT FOODS CUTS OUTLOOK AFTER CEREAL RECALL"),
    (
        "Ardent Foods cuts outlook after cereal recall",
        "BREAKING: Ardent Foods cuts outlook after cereal recall - report",
    ),
    ("Ardent Foods cuts outlook after cereal recall", "Ardent cuts its outlook after a cereal recall, sources say"),
    ("Ardent Foods cuts outlook after cereal recall", "Аrdent Fооds cuts outlооk after сereal recall"),
    (
        "Ardent Foods cuts outlook after cereal recall",
        "Ar\u200bdent Foods c\u200duts out\ufefflook after cereal recall",
    ),
    ("Ardent Foods profit up 5% as cereal sells well", "Ardent Foods profit up 5 percent as cereal sells well"),
    ("Brightwold Mining to shut its Karsk copper pit by May", "Brightwold to shut the Karsk copper pit by May"),
    ("Ardent Foods up", "Ardent Foods up, says report"),
    ("Ardent Foods shares fall 3% on cereal recall", "Ardent Foods shares fell 3% on a cereal recall"),
    (
        "Ardent Foods isn't weighing a sale of its noodle plant",
        "Ardent Foods is not weighing a sale of its noodle plant",
    ),
]
FOLLOW_UPS = [
    ("Ardent Foods profit up 5% as cereal sells well", "Ardent Foods profit up 7% as cereal sells well"),
    ("Ardent Foods weighs sale of its cereal plant in Orsk", "Ardent Foods cancels sale of its cereal plant in Orsk"),
    (
        "Ardent Foods recall of cereal bars in Norway",
        "Ardent Foods widens recall of cereal bars in Norway to 14 countries",
    ),
    (
        "Inspectors search the cereal plant of Ardent Foods",
        "Inspectors search the cereal plant of Ardent Foods, Quorvane",
    ),
    ("Regulator clears Brightwold copper deal in Chile", "Regulator blocks Brightwold copper deal in Chile"),
    ("Ardent Foods names a new head of cereal sales", "Ardent Foods names Lindqvist new head of cereal sales"),
]
OPPOSITES = [
    ("Ardent Foods outbids Quorvane for the Karsk plant", "Quorvane outbids Ardent Foods for the Karsk plant"),
    ("亚登食品公告：净利润增长，超出市场预期，上调指引", "亚登食品公告：净利润增长，超出市场预期，下调指引"),
    ("Ardent Foods will cut jobs at its cereal plant", "Ardent Foods will not cut jobs at its cereal plant"),
    ("Ardent Foods will cut jobs at its cereal plant", "Ardent Foods won’t cut jobs at its cereal plant"),
    ("Ardent Foods profit up 5% in second quarter", "Ardent Foods profit down 5% in second quarter"),
    ("Ardent Foods cereal workers' strike is on", "Ardent Foods cereal workers' strike is off"),
    ("Brightwold Mining loss narrows in first half", "Brightwold Mining loss widens in first half"),
    ("Quorvane implant safe, large study finds", "Quorvane implant unsafe, large study finds"),
    ("Quorvane implant effective, study finds", "Quorvane implant ineffective, study finds"),
    ("Quorvane heart drug succeeds in late-stage trial", "Quorvane heart drug fails in late-stage trial"),
    ("Brightwold starts talks on sale of unit", "Brightwold ends talks on sale of unit"),
    ("Ardent Foods recalls cereal over mould", "Ardent Foods denies it recalls cereal over mould"),
]
UNRELATED = [
    ("Ardent Foods shares rise after strong results", "Brightwold Mining shares rise after strong results"),
    ("Ardent Foods recalls cereal bars in Norway", "Ardent Foods opens a noodle factory near Poznan"),
    ("Ardent Foods up", "Ardent Foods down"),
    ("Ardent Foods up 5%", "Ardent Foods up 6%"),
    ("Ardent Foods shares fall", "Ardent Foods shares rise on bid talk"),
    ("", "Ardent Foods up"),
]


@pytest.mark.parametrize(("first", "second"), COPIES)
def test_a_retold_headline_joins_its_story(first: str, second: str) -> None:
    placed = fold(StoryBook(), [headline(first), headline(second, "other", 5)])
    assert (placed[1].relation, placed[1].story) == ("copy", placed[0].story)
    assert placed[1].sources == placed[1].items == 2


@pytest.mark.parametrize(
    "framed",
    [
        "{} - Northwire",
        "{} – The Ledger Post",
        "{} | Meridian",
        "{} (Kontor Daily)",
        "{} via @northwire",
        "{} via Northwire",
        "UPDATE 1-{}",
        "RPT-{} - Yahoo Finance",
        "RT @northwire: {}",
    ],
)
def test_an_outlet_that_puts_its_name_to_a_headline_repeats_it(framed: str) -> None:
    told = "Ardent Foods cuts full-year outlook after weak cereal sales"
    placed = fold(StoryBook(), [headline(told), headline(framed.format(told), "other", 5)])
    assert (placed[1].relation, placed[1].vote) == ("copy", SAME_TEXT)


@pytest.mark.parametrize(
    "more",
    [
        " - CEO Resigns",
        " (Profit Down)",
        " - Q3 2026",
        " - Quorvane",
        " - The Head Of Cereal Sales Explains",
        " - inspectors found mould in Orsk",
    ],
)
def test_an_ending_that_tells_something_is_no_outlet(more: str) -> None:
    told = "Ardent Foods cuts full-year outlook after weak cereal sales"
    placed = fold(StoryBook(), [headline(told), headline(told + more, "other", 5)])
    assert placed[1].relation == "follow_up"


def test_where_every_word_has_a_capital_an_ending_may_be_news() -> None:
    told = "ARDENT FOODS CUTS CEREAL OUTLOOK"
    placed = fold(StoryBook(), [headline(told), headline(f"{told} - FRAUD PROBE OPENED", "other", 5)])
    assert placed[1].relation == "follow_up"


@pytest.mark.parametrize(("first", "second"), FOLLOW_UPS)
def test_a_follow_up_is_a_story_of_its_own_in_the_thread(first: str, second: str) -> None:
    placed = fold(StoryBook(), [headline(first), headline(second, "wire", 5)])
    assert placed[1].relation == "follow_up"
    assert placed[1].story != placed[0].story
    assert placed[1].thread == placed[0].thread
    assert placed[1].vote == 1


@pytest.mark.parametrize(("first", "second"), [*OPPOSITES, *((second, first) for first, second in OPPOSITES)])
def test_the_opposite_is_no_copy_whichever_comes_first_and_moves_the_index_as_a_correction(
    first: str, second: str
) -> None:
    placed = fold(StoryBook(), [headline(first), headline(second, "wire", 5)])
    assert (placed[1].relation, placed[1].vote) == ("follow_up", 1)
    assert placed[1].sources == 1


@pytest.mark.parametrize(("first", "second"), UNRELATED)
def test_different_events_stay_apart(first: str, second: str) -> None:
    placed = fold(StoryBook(), [headline(first), headline(second, "other", 5)])
    assert placed[1].relation == "new"
    assert placed[1].thread != placed[0].thread


def test_the_same_words_by_another_source_count_less_than_words_of_its_own() -> None:
    book = StoryBook()
    placed = fold(
        book,
        [
            headline(RUMOUR, "a"),
            headline(RUMOUR, "a", 1),
            headline(RUMOUR, "b", 2),
            headline("Ardent hides contaminated cereal batches from inspectors, staff fear for health", "c", 3),
        ],
    )
    assert [placement.vote for placement in placed] == [1, 0, SAME_TEXT, 1]
    assert len({placement.story for placement in placed}) == 1


def test_one_story_weighs_one_and_the_weight_grows_towards_its_limit() -> None:
    assert weight(0) == 0
    assert weight(1) == pytest.approx(1)
    values = [weight(votes / 4) for votes in range(80)]
    assert values == sorted(values)
    assert max(values) < LIMIT


def disguised(random_: random.Random, text: str) -> str:
    """Return a near-copy as a flooder makes them: tails, look-alikes, invisible characters, other numbers, other capitals."""
    tails = [
        "sources say",
        "report claims",
        "insiders worried tonight",
        "shares could slide",
        "watch this",
        "denies comment",
    ]
    words = text.split()
    for _ in range(random_.randint(0, 2)):
        words += random_.choice(tails).split()
    if random_.random() < 0.3:
        words.append(f"{random_.randint(1, 9999)}")
    swapped = "".join(
        {"a": "а", "e": "е", "o": "о"}.get(letter, letter) if random_.random() < 0.2 else letter
        for letter in " ".join(words)
    )
    hidden = "".join(letter + random_.choice(["", "", "", "\u200b", "\u2060"]) for letter in swapped)
    return hidden.upper() if random_.random() < 0.1 else hidden


@pytest.mark.parametrize(("seed", "senders", "minutes"), [(0, 1, 5), (1, 40, 60), (2, 500, 5), (3, 500, 2880)])
def test_500_near_copies_move_the_index_at_most_as_much_as_three_independent_stories(
    seed: int, senders: int, minutes: int
) -> None:
    random_ = random.Random(seed)
    flood = [
        headline(disguised(random_, RUMOUR), f"account {random_.randrange(senders)}", n * minutes / 500)
        for n in range(500)
    ]
    three = [
        headline("Ardent Foods loses its largest supermarket customer", "a"),
        headline("Strike shuts four noodle plants owned by Ardent Foods", "b"),
        headline("Creditors of Ardent Foods demand early repayment", "c"),
    ]
    assert movement(fold(StoryBook(), flood)) <= movement(fold(StoryBook(), three)) == pytest.approx(3)


@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_no_thread_ever_gains_more_than_the_limit_for_a_company(seed: int) -> None:
    """The bound holds for any stream, not only for floods: it follows from `weight` alone."""
    random_ = random.Random(seed)
    words = [
        "cereal",
        "recall",
        "plant",
        "strike",
        "profit",
        "cuts",
        "raises",
        "outlook",
        "Ardent Foods",
        "Quorvane",
        "5%",
        "7%",
    ]
    items = [
        headline(" ".join(random_.sample(words, random_.randint(3, 9))), f"s{random_.randrange(40)}", n)
        for n in range(100)
    ]
    gained: defaultdict[tuple[str, str], float] = defaultdict(float)
    for placement in fold(StoryBook(), items):
        for ticker, gain in placement.gains.items():
            assert gain >= 0
            gained[placement.thread, ticker] += gain
    assert max(gained.values(), default=0) <= LIMIT


def test_a_story_is_forgotten_after_the_window_and_a_copy_then_opens_a_new_one() -> None:
    book = StoryBook(window=timedelta(hours=1))
    placed = fold(
        book,
        [headline(RUMOUR, "a", 0), headline(RUMOUR, "b", 59), headline(RUMOUR, "c", 118), headline(RUMOUR, "d", 180)],
    )
    assert [placement.relation for placement in placed] == ["new", "copy", "copy", "new"]
    assert len(book) == 1


def test_a_thread_takes_follow_ups_no_longer_than_the_window() -> None:
    book = StoryBook(window=timedelta(hours=1))
    texts = [f"Ardent Foods cereal plant strike enters day {n}" for n in range(1, 4)]
    placed = fold(book, [headline(text, "a", 40 * n) for n, text in enumerate(texts)])
    assert [placement.relation for placement in placed] == ["new", "follow_up", "new"]


def test_memory_is_bounded_in_time_and_in_number() -> None:
    random_ = random.Random(0)
    vocabulary = [f"word{n}" for n in range(3000)]
    items = [headline(" ".join(random_.sample(vocabulary, 6)), "a", n) for n in range(600)]
    by_number, by_time = StoryBook(most=100), StoryBook(window=timedelta(minutes=50))
    fold(by_number, items)
    fold(by_time, items)
    assert len(by_number) == 100
    assert len(by_time) == 51


@given(st.integers(0, 2**32), st.integers(1, 149))
@settings(max_examples=5, deadline=None, derandomize=True)
def test_a_restart_changes_nothing(seed: int, cut: int) -> None:
    random_ = random.Random(seed)
    texts = [RUMOUR, *(first for first, _ in COPIES + FOLLOW_UPS), *(second for _, second in COPIES + FOLLOW_UPS)]
    items = [
        headline(disguised(random_, random_.choice(texts)), f"s{random_.randrange(9)}", 3 * n - random_.randrange(9))
        for n in range(150)
    ]
    undisturbed = fold(StoryBook(timedelta(hours=2)), items)
    book = StoryBook(timedelta(hours=2))
    before = fold(book, items[:cut])
    saved = deepcopy(book.changes())
    after = StoryBook(
        timedelta(hours=2),
        stories=[story for story, _ in saved],
        threads={thread.id: thread for _, thread in saved}.values(),
    )
    assert before + fold(after, items[cut:]) == undisturbed


def test_only_what_changed_is_to_be_saved() -> None:
    book = StoryBook()
    fold(book, [headline(RUMOUR), headline("Brightwold Mining sells a copper pit in Chile", "b")])
    assert len(book.changes()) == 2
    fold(book, [headline(RUMOUR, "c", 1)])
    assert [story.items for story, _ in book.changes()] == [2]
    assert book.changes() == []
