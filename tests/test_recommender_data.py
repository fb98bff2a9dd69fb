"""Interactions and items from files, with everything that was changed counted; splits that leak nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from verticals.arrays import IntArray
from verticals.errors import DataError
from verticals_recommender import public, splits
from verticals_recommender.cells import plain_text
from verticals_recommender.interactions import Interactions, align, encode, read_interactions
from verticals_recommender.items import Catalogue, Item, read_catalogue, write_catalogue
from verticals_recommender.k_core import k_core
from verticals_recommender.models.histories import histories, history, pasts
from verticals_recommender.times import seconds


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def codes(interactions: Interactions) -> dict[str, int]:
    return {note.code: note.count for note in interactions.notes}


def test_every_row_that_is_left_out_or_changed_is_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rows.csv",
        "User_ID,sku,rating,quantity,timestamp",
        "ann,a,5,2,2024-05-01",
        "ann,,4,1,2024-05-02",
        "bob,a,1,1,2024-05-03",
        "bob,b,many,1,yesterday",
        "cid,b,,0,2024-05-05",
        f"{'d' * 201},b,,1,2024-05-05",
        "e\x01ve,b,,1,2024-05-05",
        "ann,a,3,1,2024-05-06T12:00:00+02:00",
    )
    found = read_interactions(path, min_rating=2)
    assert codes(found) == {
        "missing_id": 1,
        "long_id": 1,
        "control_id": 1,
        "no_weight": 1,
        "low_rating": 1,
        "unread_rating": 1,
        "unread_timestamp": 1,
        "repeated_pair": 1,
    }
    assert [(found.users[u], found.items[i]) for u, i in zip(found.user, found.item, strict=True)] == [
        ("bob", "b"),
        ("ann", "a"),
    ]
    assert found.weight.tolist() == [1, 3]
    assert found.rating[1] == 3
    assert found.time[1] == seconds("2024-05-06T10:00:00")
    assert found.matrix().toarray().sum() == 4


@pytest.mark.parametrize("suffix", [".tsv", ".jsonl", ".parquet"])
def test_all_formats_give_the_same_rows(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"user": ["1", "2"], "item": ["7", "8"], "timestamp": [1_700_000_000_000, 1_700_000_001_000]})
    path = tmp_path / f"rows{suffix}"
    {
        ".tsv": lambda: frame.to_csv(path, sep="\t", index=False),
        ".jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        ".parquet": lambda: frame.to_parquet(path),
    }[suffix]()
    found = read_interactions(path)
    assert (found.users, found.items, found.time.tolist()) == (("1", "2"), ("7", "8"), [1.7e9, 1.7e9 + 1])


def test_a_missing_column_and_an_empty_rest_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "who,item", "ann,a")
    with pytest.raises(DataError, match=r"no column looks like the user.*app\.columns\.user"):
        read_interactions(path)
    assert len(read_interactions(path, {"user": "who"})) == 1
    with pytest.raises(DataError, match=r"no row is left.*least rating"):
        read_interactions(write(tmp_path / "low.csv", "user,item,rating", "ann,a,1"), min_rating=3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-02", 86_400.0),
        ("86400", 86_400.0),
        ("20260302", 1_772_409_600.0),
        (20260302.0, 1_772_409_600.0),
        ("19709901", 19_709_901.0),
        (1_700_000_000_000, 1_700_000_000.0),
        ("1700000000000000", 1_700_000_000.0),
        (1_700_000_000_000_000_000, 1_700_000_000.0),
        (1e300, None),
        ("2026年3月5日", 1_772_668_800.0),
        ("2026 年 3 月 5 日 14时03分", 1_772_719_380.0),
        ("2026/3/5 14:03", 1_772_719_380.0),
        ("２０２６/03/05 14:03:07", 1_772_719_387.0),
        ("2026.3.5", 1_772_668_800.0),
        ("2026年3月5日 14时", 1_772_719_200.0),
        ("2026/2/30", None),
        ("3/5/2026", None),
        ("soon", None),
        ("nan", None),
        (None, None),
    ],
)
def test_moments_are_read_as_exports_write_them(value: object, expected: float | None) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ("1,299", 1299.0), ("1,299.50", 1299.5), ("1,299,000", 1_299_000.0), ("12,50", 12.5), ("0,125", 0.125), ("7", 7.0),
        ("1.299,50", None),
        ("¥1,299.00", 1299.0), ("￥45", 45.0), ("39元", 39.0), ("人民币 68", 68.0), ("US$12.50", 12.5), ("12,50 €", 12.5), ("CNY 39", 39.0),
        ("面议", None), ("39元起", None), ("1.5万元", None), ("-5元", None), ("100g", None),
    ],
)  # fmt: skip
def test_prices_are_read_with_either_comma_and_beside_their_currency(
    tmp_path: Path, written: str, price: float | None
) -> None:
    found = read_catalogue(write(tmp_path / "items.csv", "item,price", f'a,"{written}"'))
    assert [item.price for item in found.items] == [price]
    assert [note.code for note in found.notes] == (["price"] if price is None else [])


def test_items_keep_their_facts_and_unreadable_ones_are_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "items.csv",
        "item,title,description,category,brand,price,tags,available,added",
        'a,Kettle,"Boils, quickly.",kitchen,Brann,19.5,steel|small,true,2024-01-02',
        "b,,,,,cheap,,perhaps,then",
        "a,Again,,,,1,,no,",
        ",Nameless,,,,,,,",
        f"{'b' * 201},Long,,,,,,,",
        '"b\nc",Broken,,,,,,,',
    )
    found = read_catalogue(path)
    assert [item.title for item in found.items] == ["Kettle", "b"]
    assert found.items[0].tags == ("steel", "small")
    assert found.items[0].text == "Kettle. kitchen. Brann. steel, small. Boils, quickly"
    assert (found.items[1].price, found.items[1].available, found.items[1].added) == (None, True, None)
    assert {note.code: note.count for note in found.notes} == {
        "missing_id": 1,
        "long_id": 1,
        "control_id": 1,
        "repeated_id": 1,
        "price": 1,
        "available": 1,
        "added": 1,
    }
    write_catalogue(tmp_path / "items.parquet", found)
    assert read_catalogue(tmp_path / "items.parquet").items == found.items


@pytest.mark.parametrize(
    ("written", "available"),
    [
        ("1.0", True),
        ("0.0", False),
        ("12", True),
        ("-1", False),
        ("Out of stock", False),
        ("in stock", True),
        ("", True),
        ("有货", True),
        (" 无货", False),
        ("已下架", False),
    ],
)
def test_stock_is_read_as_shops_write_it(tmp_path: Path, written: str, available: bool) -> None:
    found = read_catalogue(write(tmp_path / "items.csv", "item,in_stock", f"a,{written}"))
    assert ([item.available for item in found.items], found.notes) == ([available], ())


def test_a_chinese_shop_s_files_are_read_by_their_own_headers_and_what_is_not_read_is_named(tmp_path: Path) -> None:
    items = tmp_path / "商品.csv"
    items.write_text(
        "商品编号,商品名称,分类,作者/品牌,售价,标签,商品简介,库存状态,上架日期,供货商\n"
        "T1,明前龙井,绿茶,清和茶庄,￥268.00,春茶、清香；送礼,<p>汤色<b>清亮</b>。</p><p>回甘&nbsp;持久</p>,无货,2026年3月5日,甲\n",
        encoding="gbk",
    )
    found = read_catalogue(items, {"brand": "作者/品牌"})
    assert found.items == (
        Item(
            *("T1", "明前龙井", "汤色清亮。回甘 持久", "绿茶", "清和茶庄"),
            price=268.0,
            tags=("春茶", "清香", "送礼"),
            available=False,
            added=seconds("2026-03-05"),
        ),
    )
    assert [(note.code, note.count) for note in found.notes] == [("unread_column", 1), ("markup", 1)]
    assert "供货商" in found.notes[0].message
    rows = read_interactions(
        write(tmp_path / "订单.csv", "会员ID,商品编号,数量,下单时间,备注", "王丽,T1,2,2026/3/5 14:03,急")
    )
    assert (rows.users, rows.items, rows.weight.tolist(), codes(rows)) == (
        ("王丽",),
        ("T1",),
        [2],
        {"unread_column": 1},
    )
    with pytest.raises(DataError, match=r"no column looks like the item.*app\.item_columns\.item=NAME"):
        read_catalogue(write(tmp_path / "odd.csv", "代码,商品名称", "T1,龙井"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ink & paper, 3 < 5, R&D", "Ink & paper, 3 < 5, R&D"),
        ("<ul><li>warm</li><li>dry &amp; light</li></ul>", "warm dry & light"),
        ("<style>p {color: red}</style><p class='a>b'>seen<!-- not --></p>", "seen"),
        ("one<br/>two", "one two"),
        ("</script>still seen", "still seen"),
        ("<p>汤色清亮。</p><p>回甘持久。</p>", "汤色清亮。回甘持久。"),
    ],
)
def test_a_description_in_html_is_read_as_it_is_seen(written: str, read: str) -> None:
    assert plain_text(written) == read


def test_a_weight_beyond_all_measure_is_counted_and_taken_as_1(tmp_path: Path) -> None:
    found = read_interactions(write(tmp_path / "rows.csv", "user,item,weight", "u,a,1e39", "u,b,1e12"))
    assert found.weight.tolist() == [1, np.float32(1e12)]
    assert {note.code: note.count for note in found.notes} == {"unread_weight": 1}


def test_items_without_a_catalogue_row_are_learned_from_and_not_recommended_and_counted() -> None:
    rows, whole = align(encode(["u", "u", "v"], ["x", "b", "x"]), Catalogue((Item("a", "A"), Item("b", "B"))))
    assert whole.ids == ("a", "b", "x")
    assert [item.available for item in whole.items] == [True, True, False], "it is not sold any more"
    assert rows.item.tolist() == [2, 1, 2]
    assert codes(rows) == {"unlisted_item": 1}
    with pytest.raises(DataError, match="'a' is in the catalogue already"):
        whole.extended([Item("a", "A")])
    rows, whole = align(encode(["u"], ["x"]), Catalogue(()))
    assert (codes(rows), whole.items) == ({"no_catalogue": 1}, (Item("x", "x"),))


def test_the_core_is_what_is_left_when_nothing_more_falls_out() -> None:
    square = [(u, i) for u in "pqr" for i in "abc"]
    chain = [("s", "a"), ("s", "d"), ("t", "d"), ("t", "e")]  # each falls only after the next one has fallen
    users, items = zip(*square, *chain, strict=True)
    left = k_core(encode(users, items), 3)
    assert (set(left.users), set(left.items), len(left)) == ({"p", "q", "r"}, {"a", "b", "c"}, 9)
    assert codes(left) == {"k_core": 4}
    with pytest.raises(DataError, match=r"app\.core"):
        k_core(encode(users, items), 4)


def rows(users: int = 30, items: int = 10) -> Interactions:
    pairs = [(u, i) for u in range(users) for i in range(items)]
    moments = np.random.default_rng(0).permutation(len(pairs)).astype(float)
    return encode([str(u) for u, _ in pairs], [str(i) for _, i in pairs], time=moments)


@pytest.mark.parametrize("kind", ["random", "leave-one-out", "time"])
def test_a_split_keeps_every_row_once(kind: str) -> None:
    whole = rows()
    parts = {
        "random": lambda: splits.random_split(whole, 0.1, 0.2, 0),
        "leave-one-out": lambda: splits.leave_one_out(whole, 0),
        "time": lambda: splits.time_split(whole, 0.1, 0.2),
    }[kind]()
    pairs = [
        (u, i)
        for part in (parts.train, parts.validation, parts.test)
        for u, i in zip(part.user, part.item, strict=True)
    ]
    assert len(pairs) == len(set(pairs)) == len(whole)
    assert len(parts.known()) == len(whole) - len(parts.test)
    assert parts.train.shape == parts.test.shape == whole.shape


def test_the_fingerprint_names_the_split() -> None:
    first, again, other = (splits.random_split(rows(), 0.1, 0.2, seed).fingerprint() for seed in (0, 0, 1))
    assert first == again != other


def test_a_split_by_time_never_shows_the_future() -> None:
    parts = splits.time_split(rows(), 0.1, 0.2)
    assert parts.train.time.max() < parts.validation.time.min()
    assert parts.validation.time.max() < parts.test.time.min()
    assert (len(parts.validation), len(parts.test)) == (24, 60)
    with pytest.raises(DataError, match="1 have none"):
        splits.time_split(encode(["u", "v"], ["a", "b"], time=np.array([1, np.nan])), 0.1, 0.2)


@pytest.mark.parametrize("days", [[1, 1, 1, 1], [1, 1, 1, 2], [1, 2, 2, 2]])
def test_a_split_by_time_leaves_rows_to_learn_from_or_is_refused(days: list[float]) -> None:
    two_dates = encode(list("uvwx"), list("abcd"), time=np.array(days))
    with pytest.raises(DataError, match=r"of one moment; use app\.split=random"):
        splits.time_split(two_dates, 0.25, 0.25)


def test_leave_one_out_takes_the_last_row_and_leaves_small_users_alone() -> None:
    whole = encode(["u", "u", "u", "v", "v"], list("abcab"), time=np.array([30, 10, 20, 1, 2.0]))
    parts = splits.leave_one_out(whole, 0)
    assert (parts.test.item.tolist(), parts.validation.item.tolist()) == ([0], [2])
    assert len(parts.train) == 3


def test_new_items_are_held_out_with_all_their_rows() -> None:
    parts = splits.new_items_split(rows(), 0.2, 0.1, 0.2, 0)
    known = set(parts.known().item.tolist())
    cold = set(range(10)) - known
    assert len(cold) == 2
    assert sum(item in cold for item in parts.test.item.tolist()) == 60
    assert len(known - set(parts.train.item.tolist())) == 2, "the models are chosen on new items too"


def test_folds_exchange_validation_rows_and_never_test_rows() -> None:
    first = splits.random_split(rows(), 0.1, 0.2, 0)
    folds = splits.folds(first, 3, 7)
    assert folds[0] is first
    drawn = [set(zip(f.validation.user.tolist(), f.validation.item.tolist(), strict=True)) for f in folds]
    assert [len(part) for part in drawn] == [24] * 3
    assert drawn[0] != drawn[1] != drawn[2]
    test = set(zip(first.test.user.tolist(), first.test.item.tolist(), strict=True))
    assert not test & (drawn[0] | drawn[1] | drawn[2])


def test_too_few_rows_to_hold_out_are_refused() -> None:
    with pytest.raises(DataError, match="too few"):
        splits.hold_out(rows(1, 2), 0.1, 0)


def test_histories_count_what_is_newer() -> None:
    whole = encode(["u", "v", "u", "u"], ["a", "a", "b", "c"], time=np.array([20, 5, 30, 10.0]))
    found = histories(whole).row(0)
    assert found.items.tolist() == [0, 1, 2]
    assert found.ages.tolist() == [1, 0, 2]
    assert histories(encode(["u", "u"], ["a", "b"])).ages.tolist() == [0, 0]
    weighed = encode(["u", "u"], ["a", "b"], weight=np.array([3, 1], np.float32), time=np.array([20, 10.0]))
    assert list(pasts(weighed)[0].weights.items()) == [(1, 1.0), (0, 3.0)]
    assert (pasts(weighed)[0].times, pasts(weighed)[0].end) == ({1: 10, 0: 20}, 20)
    assert pasts(encode([], [])) == {}
    mine = history([2, 0], 3, [1.0, 4.0])
    assert (mine.items.tolist(), mine.weights.data.tolist(), mine.ages.tolist()) == ([0, 2], [4, 1], [0, 1])


@pytest.mark.parametrize(
    ("name", "shape", "count", "unlisted"),
    [("ml-100k", (943, 1682), 100_000, []), ("book-crossing", (2946, 17384), 272_678, [1])],
)
def test_no_public_row_is_lost(
    public_data: Path, name: str, shape: tuple[int, int], count: int, unlisted: list[int]
) -> None:
    if not (public_data / public.PUBLIC[name].folder).is_dir():
        pytest.skip(f"{public_data} has no folder {public.PUBLIC[name].folder}")
    found, catalogue = public.load(name)
    assert (found.shape, len(found), len(catalogue)) == (shape, count, shape[1])
    assert [note.count for note in found.notes] == unlisted


def test_the_books_of_a_person_share_authors_as_they_do_not_by_the_published_numbers(public_data: Path) -> None:
    if not (public_data / public.PUBLIC["book-crossing"].folder).is_dir():
        pytest.skip(f"{public_data} has no folder {public.PUBLIC['book-crossing'].folder}")
    found, catalogue = public.load("book-crossing")
    author = np.unique([item.brand for item in catalogue.items], return_inverse=True)[1]

    def pairs(of_item: IntArray) -> int:
        _, counts = np.unique(found.user * len(catalogue) + of_item[found.item], return_counts=True)
        return int((counts * (counts - 1)).sum())

    assert pairs(author) > 2.5 * pairs(np.roll(author, -1))


def test_absent_public_data_names_licence_and_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERTICALS_DATA", raising=False)
    with pytest.raises(DataError, match=r"VERTICALS_DATA is not set.*grouplens.*research only"):
        public.load("ml-100k")
