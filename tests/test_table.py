"""Reading files of rows: formats, encodings, and every way a file can be wrong."""

import json
from pathlib import Path

import pandas as pd
import pytest

from verticals.config import DataConfig
from verticals.data.columns import TEXT_NAMES, column
from verticals.data.delimited import write_csv
from verticals.data.loading import read_examples
from verticals.data.table import answer_encoding, read_table
from verticals.errors import DataError


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def texts(path: Path) -> list[object]:
    return list(read_table(path).frame["text"])


def test_csv_tsv_jsonl_and_parquet_give_the_same_rows(tmp_path: Path) -> None:
    expected = ["a, b", "c"]
    pd.DataFrame({"text": expected, "label": ["x", "y"]}).to_parquet(tmp_path / "rows.parquet")
    paths = [
        write(tmp_path, "rows.csv", 'text,label\n"a, b",x\nc,y\n'),
        write(tmp_path, "rows.tsv", "text\tlabel\na, b\tx\nc\ty\n"),
        write(tmp_path, "rows.jsonl", '{"text": "a, b", "label": "x"}\n\n{"text": "c", "label": "y"}\n'),
        tmp_path / "rows.parquet",
    ]
    assert [texts(path) for path in paths] == [expected] * 4


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_a_csv_file_may_use_another_delimiter(tmp_path: Path, delimiter: str) -> None:
    assert texts(write(tmp_path, "rows.csv", f"text{delimiter}label\nhello{delimiter}x\n")) == ["hello"]


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "rows.csv", b"\xef\xbb\xbftext,label\na,b\n")).columns == ["text", "label"]


@pytest.mark.parametrize(
    ("encoding", "sentence"),
    [
        ("latin-1", "Où est ma commande passée à Orléans ? Le café était très bon, merci à vous."),
        ("cp1252", "DESCRIÇÃO DA DEVOLUÇÃO"),
        ("gbk", "我的订单什么时候可以送到，已经等了三天了，请帮我查询一下物流信息"),
        ("gbk", "壶碎了"),
        ("gbk", "請問優惠券怎麼使用"),
        ("utf-16", "Where is my order, it was posted on Friday"),
    ],
)
def test_files_in_other_encodings_are_read_and_the_encoding_is_kept(
    tmp_path: Path, encoding: str, sentence: str
) -> None:
    rows = "text;label\n" + "".join(f"{sentence} {number};x\n" for number in range(5))
    table = read_table(write(tmp_path, "rows.csv", rows.encode(encoding)))
    assert table.frame["text"].iloc[0] == f"{sentence} 0"
    assert table.encoding != "utf-8"
    assert answer_encoding(tmp_path / "rows.csv") == "utf-8-sig", "Excel shows the answer as it does the file"
    assert answer_encoding(write(tmp_path, "plain.csv", rows)) == "utf-8"


@pytest.mark.parametrize("sentence", ["größere Straße, bitte", "我的订单什么时候可以送到"])
def test_one_stray_byte_in_a_utf8_file_is_named_and_turns_no_letter_into_two(tmp_path: Path, sentence: str) -> None:
    rows = "text;label\n" + "".join(f"{sentence} {number};x\n" for number in range(5))
    with pytest.raises(DataError, match="line 7: byte 0xff is not valid utf-8"):
        read_table(write(tmp_path, "rows.csv", rows.encode("utf-8") + b"\xff;x\n"))


@pytest.mark.parametrize(
    ("encoding", "sentence"), [("gbk", "我的订单什么时候可以送到"), ("cp1251", "Когда придёт мой заказ")]
)
def test_a_stray_byte_in_a_gbk_file_is_named_and_turns_no_chinese_into_accents(
    tmp_path: Path, encoding: str, sentence: str
) -> None:
    with pytest.raises(DataError, match="is not valid gb18030; mend it, or save the file as UTF-8"):
        read_table(write(tmp_path, "rows.csv", f"text;label\n{sentence};x\n".encode(encoding) + b"\xff;x\n"))


@pytest.mark.parametrize(
    "content",
    ['"text, long";label\nhello;x\n', "text, long;label\nhello;x\nbye;y\n", '"a, ""b"", c, d";label\n"x, y";z\n'],
)
def test_a_delimiter_inside_a_name_does_not_hide_the_one_between_the_columns(tmp_path: Path, content: str) -> None:
    assert read_table(write(tmp_path, "rows.csv", content)).columns[1:] == ["label"]


def test_parquet_bytes_are_read_as_the_text_they_are(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    picture = b"\x89PNG\xff"
    pd.DataFrame({"text": ["größer".encode(), None], "tags": [[b"a"], []], "picture": [picture, picture]}).to_parquet(
        path
    )
    frame = read_table(path).frame
    assert frame.to_numpy().tolist() == [["größer", ["a"], picture], [None, [], picture]]


def test_a_column_of_other_bytes_is_refused_where_a_text_is_wanted(tmp_path: Path) -> None:
    pd.DataFrame({"text": [b"\xff\xfe"], "label": ["x"]}).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DataError, match=r"rows\.parquet: column 'text' holds bytes that are not UTF-8"):
        column(read_table(tmp_path / "rows.parquet"), "text", None, TEXT_NAMES)


def test_rows_know_the_line_on_which_they_start(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.csv", 'text,label\n"two\nlines",x\nafter,y\n')
    assert list(read_table(path).frame.index) == [2, 4]


def test_a_million_characters_fit_in_one_cell(tmp_path: Path) -> None:
    assert texts(write(tmp_path, "rows.csv", f"text,label\n{'long ' * 200_000},x\n"))[0] == "long " * 200_000


def test_a_blank_line_between_rows_of_one_column_is_an_empty_cell(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path, "rows.csv", '\ntext\nhello there\n\n""\ncard lost\n\n\n')).frame
    assert list(frame["text"]) == ["hello there", None, None, "card lost"]
    assert list(frame.index) == [3, 4, 5, 6]


def test_a_blank_line_between_rows_of_several_columns_is_no_row(tmp_path: Path) -> None:
    assert texts(write(tmp_path, "rows.csv", "text,label\na,x\n\nb,y\n")) == ["a", "b"]


def test_empty_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "rows.csv", ",text,label,, \n1,a,x,,\n2,b,y,,\n"))
    assert table.columns == ["", "text", "label"]
    assert table.frame.to_numpy().tolist() == [["1", "a", "x"], ["2", "b", "y"]]


@pytest.mark.parametrize("cell", ["card lost\rplease", "card\nlost", "a\r\nb", 'say "yes"', "a, b", " \r"])
def test_what_is_written_is_read_again_as_it_was(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_csv(["text", "label"], [{"text": cell, "label": "x"}, {"text": "plain", "label": "y"}], file)
    assert texts(path) == [cell, "plain"]
    assert path.read_bytes().startswith(b"text,label\n")
    assert path.read_bytes().endswith(b",x\nplain,y\n")


def test_numbers_beside_gaps_stay_whole_numbers(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path, "rows.jsonl", '{"text": "a", "label": 1}\n{"text": "b"}\n')).frame
    assert list(frame["label"]) == [1, None]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("rows.csv", "", "the file is empty"),
        ("rows.csv", "text,label\n", "found only a header"),
        ("rows.csv", "text,label\na,b\nc,d,e\nf\n", "line 3 has 3; line 4 has 1"),
        ("rows.csv", 'text,label\n"open,b\nc,d\n', "line 2"),
        ("rows.csv", "text,text\na,b\n", "more than once"),
        ("rows.csv", "text,label,, \na,x,1,2\n", "line 1: columns 3, 4 have no name, but have cells; name them"),
        ("rows.csv", b"PK\x03\x04\x00\x00binary", "Excel workbook"),
        ("rows.csv", b"text\x00\x01\x02", "binary file"),
        ("rows.jsonl", '{"text": "a"}\n{"text": \n', "line 2: not JSON"),
        ("rows.jsonl", '["a"]\n', "line 1: expected an object"),
        ("rows.jsonl", '{"text": "a"}\n{"text": "\\ud83d"}\n', "line 2: half of a character"),
        ("rows.jsonl", '{"text": ' + "9" * 5000 + "}\n", "line 1: a number is too long"),
        ("rows.jsonl", '{"text": ' + "[" * 100_000 + "}\n", "line 1: .*nested too deeply"),
        ("rows.parquet", b"not parquet", "not a readable Parquet file"),
        (
            "rows.xlsx",
            b"PK",
            r"unknown format '.xlsx'; expected one of .csv, .tsv, .jsonl, .parquet; save the sheet as CSV",
        ),
        ("rows.txt", b"text", r"unknown format '.txt'; expected one of .csv, .tsv, .jsonl, .parquet$"),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_place(
    tmp_path: Path, name: str, content: str | bytes, expected: str
) -> None:
    with pytest.raises(DataError, match=expected) as caught:
        read_table(write(tmp_path, name, content))
    assert str(tmp_path / name) in str(caught.value)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, "train.csv", "text\na\n")
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(DataError, match=r"found a folder.*train\.csv"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("role", "cell", "expected"),
    [
        (
            "label",
            ["a"],
            r"line 3: the label in 'label' is \['a'\]; expected one text; .*verticals tune classify-multi",
        ),
        ("label", {"name": "a"}, r"line 3: the label in 'label' is \{'name': 'a'\}; expected one text"),
        ("text", ["a", "b"], r"line 3: the text in 'text' is \['a', 'b'\]; expected one text$"),
    ],
)
def test_a_list_or_an_object_where_a_text_is_wanted_is_refused_with_its_line(
    tmp_path: Path, role: str, cell: object, expected: str
) -> None:
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "y", role: cell}]
    path = write(tmp_path, "rows.jsonl", "\n".join(json.dumps(row) for row in [rows[0], *rows]))
    with pytest.raises(DataError, match=rf"rows\.jsonl: {expected}"):
        read_examples(path, DataConfig())
