"""What the model is shown: which way figures moved, and a text from the side of one company."""

import pytest

from verticals.config import NoSettings, build
from verticals_financial_sentiment import data, polarity, views
from verticals_financial_sentiment.amounts import figures
from verticals_financial_sentiment.cues import movements
from verticals_financial_sentiment.levels import with_levels


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("Operating profit was EUR 5.1 mn, compared with EUR 7.0 mn a year earlier.", ["lower"]),
        ("Sales rose to 12.4 million euros from 11.8 million euros.", ["higher"]),
        ("The margin moved from 4.5 % to 5.1 % in the quarter.", ["higher"]),
        ("Net loss narrowed to EUR 2 mn from EUR 57 mn.", ["smaller loss"]),
        ("Net loss was $3.1m against $1.2m last year.", ["larger loss"]),
        ("Operating profit totalled EUR 0.4 mn, up from an operating loss of EUR 0.8 mn.", ["higher"]),
        ("Restructuring costs fell to GBP 4 mn from GBP 9 mn.", ["smaller cost"]),
        ("Profit rose to EUR 24.1 million (USD 33.6 m) from EUR 17.9 million.", ["higher"]),
        ("Order intake: CHF 31.5 mn (Q3 last year: 24.9)", ["higher"]),
        ("Players went from 17 to 11 million.", ["lower"]),
        ("Result: plus £12m, a year ago minus £30m", ["higher"]),
        ("Cancellations were 19 percent, after 11 percent in spring.", ["larger cost"]),
        ("Shops completed: 1,012 (1,377)", ["lower"]),
        ("EBIT fell 4 percent, less than the 9 percent that was expected.", ["better than forecast"]),
        ("EBIT 41 mn, consensus 52 mn", ["worse than forecast"]),
        ("Cash flow from operating activities: SEK 96 mn, compared to SEK 131 mn a year ago", ["lower"]),
        ("The margin was 7% a year ago and it is 10% this year", ["higher"]),
        ("EBITA margin, 11.9 percent a year ago, came in at 8.3", ["lower"]),
        ("Profit grew from EUR 3 mn and sales from EUR 61 mn, compared with 2007.", []),
        ("The annual report of 2009 ( 1 ) was approved on March 25, 2010.", []),
        ("The meeting is on 12 May 2026 at 10.30 in room 204.", []),
        ("Sales were EUR 10 mn and orders EUR 12 mn.", []),
    ],
)
def test_compared_figures_are_said_in_words(text: str, moved: list[str]) -> None:
    assert movements(text, figures(text)) == moved


def test_a_text_without_compared_figures_is_shown_as_it_is() -> None:
    assert views.whole("Shares were flat.") == "Shares were flat."
    assert views.whole("EPS 0.86 versus 5.08.") == "EPS 0.86 (low) versus 5.08 (high). figures: lower."


@pytest.mark.parametrize(
    ("text", "ranked"),
    [
        ("Churn is 1.9 per cent, having been 1.2", "Churn is 1.9 per cent (high), having been 1.2 (low)"),
        ("Milk is 43.2p a litre and was 31.5p", "Milk is 43.2p (high) a litre and was 31.5p (low)"),
        ("Q1 +5.2%, Q2 +1.1%, Q3 -2.6%", "Q1 +5.2% (high), Q2 +1.1% (middle), Q3 -2.6% (low)"),
        ("A profit of $0.9bn follows one of $870m", "A profit of $0.9bn (high) follows one of $870m (low)"),
        ("It has 118 branches and had 118 in 2024", "It has 118 (same) branches and had 118 (same) in 2024"),
        ("In May 1,204 came; in June 1.1 million did", "In May 1,204 came; in June 1.1 million did"),
        ("In May 980,000 came; in June 1.1 million did", "In May 980,000 (low) came; in June 1.1 million (high) did"),
        ("Growth was 0%, not 4%", "Growth was 0% (low), not 4% (high)"),
        ("It sold 4 ships for $900m", "It sold 4 ships for $900m"),
        ("5G masts by the 4th of May: 300", "5G masts by the 4th of May: 300"),
    ],
)
def test_figures_that_count_the_same_are_ranked_where_they_stand(text: str, ranked: str) -> None:
    assert with_levels(text, figures(text)) == ranked


def test_each_side_of_a_headline_sees_itself_as_this_company() -> None:
    text = "Alta wins the contract from Brix"
    assert views.about(text, [(0, 4)], [(28, 32)]) == "this company wins the contract from another company"
    assert views.about(text, [(28, 32)], [(0, 4)]) == "another company wins the contract from this company"


def test_the_shipped_headlines_are_as_many_and_as_mixed_as_promised() -> None:
    headlines = data.read_headlines(data.SAMPLES / "headlines.jsonl")
    assert len({each.text for each in headlines}) == len(headlines) >= 1_500
    opposed = [each for each in headlines if {"positive", "negative"} <= set(each.companies.values())]
    assert len(opposed) >= 150
    pairs = data.read_pairs()
    assert len(pairs) >= 120
    assert all(pair.sentiments[0] != pair.sentiments[1] for pair in pairs)


def test_no_contrast_pair_is_trained_on() -> None:
    trained = [
        each.text for name in ("headlines", "pairs") for each in data.read_headlines(data.SAMPLES / f"{name}.jsonl")
    ]
    assert len(set(trained)) == len(trained)
    words = [set(text.casefold().split()) for text in trained]
    for text in (text for pair in data.read_pairs() for text in pair.texts):
        own = set(text.casefold().split())
        assert max(len(own & other) / len(own | other) for other in words) < 0.5


def test_a_probe_learns_from_every_sixth_pair_and_a_method_that_tunes_from_all() -> None:
    pairs = data.read_headlines(data.SAMPLES / "pairs.jsonl")
    shown = {
        method: set(data.splits(build([{"method": {"name": method}}], NoSettings)).train.texts)
        for method in ("probe", "tfidf", "full")
    }
    learned = {method: [views.whole(pair.text) in texts for pair in pairs] for method, texts in shown.items()}
    assert all(learned["full"]) and all(learned["tfidf"])
    assert learned["probe"][:24] == [True, True, *[False] * 10] * 2, "a pair is learned as a whole"
    assert sum(learned["probe"]) == pytest.approx(len(pairs) / 6, abs=2)


def test_all_rows_of_a_headline_stay_in_one_split() -> None:
    splits = data.splits(build([{}], NoSettings))
    assert splits.labels == data.SENTIMENTS
    headlines = {
        views.whole(each.text): number
        for number, each in enumerate(data.read_headlines(data.SAMPLES / "headlines.jsonl"))
    }
    where = {text: name for name in ("train", "test") for text in getattr(splits, name).texts if text in headlines}
    assert {"train", "test"} == set(where.values())
    assert len(splits.train) + len(splits.validation) + len(splits.test) > len(headlines)


def test_the_word_list_turns_with_a_negation() -> None:
    assert polarity.sentiments(["Profit rose", "Profit fell", "No growth", "The meeting is in May"]) == [
        "positive",
        "negative",
        "negative",
        "neutral",
    ]
