"""Files of rows as tables: CSV, TSV, JSONL and Parquet, with encoding and line numbers kept for messages."""

import codecs
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from verticals.data.delimited import read_delimited
from verticals.errors import DataError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
_WORKBOOKS = {".xls", ".xlsx", ".xlsm", ".ods", ".et"}  # of Excel, LibreOffice and WPS
_ASCII = bytes(range(128))
_BESIDE = re.compile(rb"[\x80-\xff]{4,}")  # two characters of GBK or more
_SHOWN = 5


@dataclass(frozen=True)
class Table:
    """Rows of one file; `frame` is indexed by the line on which each row starts (Parquet: the row's number)."""

    path: Path
    frame: pd.DataFrame
    encoding: str

    @property
    def columns(self) -> list[str]:
        """Names of the columns, as the file spells them."""
        return [str(name) for name in self.frame.columns]


def read_table(path: Path) -> Table:
    """Read a file of rows; empty cells become None, nothing else is changed.

    Raises:
        DataError: the file is missing, empty, binary, damaged, ragged, or of an unknown format.
    """
    _check_suffix(path, SUFFIXES)
    raw = _read_bytes(path)
    if path.suffix.lower() == ".parquet":
        return Table(path, _parquet(path, raw), "parquet")
    text, encoding = _decode(path, raw)
    parse = _jsonl if path.suffix.lower() == ".jsonl" else read_delimited
    frame = parse(path, text)
    if frame.empty:
        raise DataError(f"{path}: expected rows, found only a header; add at least one row")
    return Table(path, frame, encoding)


def read_lines(path: Path) -> tuple[list[str], str]:
    """Read a text file; returns its lines, without their ends, and its encoding.

    Raises:
        DataError: the file is missing, empty or binary.
    """
    _check_suffix(path, (".txt",))
    text, encoding = read_text(path)
    return [line.removesuffix("\r") for line in text.split("\n")], encoding


def read_text(path: Path) -> tuple[str, str]:
    """Return a file's text and its encoding, whatever its suffix.

    Raises:
        DataError: the file is missing, empty, binary, or of no known encoding.
    """
    return _decode(path, _read_bytes(path))


def answer_encoding(path: Path) -> str:
    """Return how the answer to a file is written: UTF-8, and with a byte-order mark where the file comes from Excel, which shows it rightly then.

    Excel's files are those with a byte-order mark or in a legacy encoding.
    """
    return "utf-8" if path.suffix.lower() == ".parquet" or read_text(path)[1] == "utf-8" else "utf-8-sig"


def _check_suffix(path: Path, suffixes: Sequence[str]) -> None:
    if path.is_file() and path.suffix.lower() not in suffixes:
        workbook = "; save the sheet as CSV (UTF-8)" if path.suffix.lower() in _WORKBOOKS else ""
        raise DataError(f"{path}: unknown format '{path.suffix}'; expected one of {', '.join(suffixes)}{workbook}")


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        inside = sorted(entry.name for entry in path.iterdir() if entry.suffix.lower() in SUFFIXES)
        raise DataError(
            f"{path}: expected a file, found a folder; name one of its files: {inside[:_SHOWN] or 'none fit'}"
        )
    if not path.exists():
        raise DataError(f"{path}: no such file; expected one of {', '.join(SUFFIXES)}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if not raw.strip():
        raise DataError(f"{path}: the file is empty; expected a header and rows")
    return raw


def _decode(path: Path, raw: bytes) -> tuple[str, str]:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if raw.startswith(mark):
            return _decode_as(path, raw, name), name
    if b"\0" in raw:
        kind = "an Excel workbook or another archive" if raw.startswith(b"PK") else "a binary file"
        raise DataError(f"{path}: expected text, found {kind}; export it as CSV (UTF-8)")
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        name = "utf-8" if _is_mostly_utf8(raw) else _legacy_encoding(raw)
        return _decode_as(path, raw, name), name


def _decode_as(path: Path, raw: bytes, name: str) -> str:
    try:
        return raw.decode(name)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}: line {line}: byte 0x{raw[error.start]:02x} is not valid {name}; mend it, or save the file as UTF-8"
        ) from error


def _is_mostly_utf8(raw: bytes) -> bool:
    """Say whether a stray byte spoils UTF-8: most bytes beyond ASCII are part of it, in GBK a third by chance."""
    read = raw.decode("utf-8", "ignore").encode("utf-8")
    return 2 * len(read.translate(None, _ASCII)) > len(raw.translate(None, _ASCII))


def _legacy_encoding(raw: bytes) -> str:
    """Tell Chinese (GB18030) from Western European bytes, the two legacy encodings that customers' exports use.

    Chinese characters stand side by side; of accented letters next to none do.
    """
    beside = sum(len(run) for run in _BESIDE.findall(raw))
    return "gb18030" if 4 * beside > len(raw.translate(None, _ASCII)) else "cp1252"


def _jsonl(path: Path, text: str) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = _json(f"{path}: line {number}", line)
        if not isinstance(row, dict):
            raise DataError(
                f'{path}: line {number}: expected an object such as {{"text": ...}}, found {line.strip()[:40]}'
            )
        rows.append(row)
        lines.append(number)
    return _objects(rows, pd.Index(lines, name="line"))


def _json(where: str, line: str) -> Any:  # noqa: ANN401 - whatever stands there
    try:
        value = json.loads(line)
        if "\\u" in line:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not JSON: {error.msg} at column {error.colno}") from error
    except UnicodeEncodeError as error:
        raise DataError(f"{where}: half of a character, as of an emoji that was cut; mend or remove it") from error
    except RecursionError as error:
        raise DataError(f"{where}: lists or objects are nested too deeply to be read; flatten them") from error
    except ValueError as error:  # more digits than Python turns into a number
        raise DataError(f"{where}: a number is too long to be read; put it in quotes") from error
    return value


def _parquet(path: Path, raw: bytes) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(io.BytesIO(raw)).to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file: {str(error).splitlines()[0]}") from error
    if not rows:
        raise DataError(f"{path}: expected rows, found only a schema; add at least one row")
    decoded = [{name: _decoded(cell) for name, cell in row.items()} for row in rows]
    return _objects(decoded, pd.RangeIndex(1, len(rows) + 1, name="line"))


def _decoded(cell: Any) -> Any:  # noqa: ANN401 - a cell of any type
    """Return bytes, in a list too, as the text that they are in UTF-8; others, such as an image, stay what they are."""
    if isinstance(cell, list):
        return [_decoded(part) for part in cell]
    try:
        return cell.decode("utf-8") if isinstance(cell, bytes) else cell
    except UnicodeDecodeError:
        return cell


def _objects(rows: list[dict[str, Any]], index: pd.Index) -> pd.DataFrame:
    frame = pd.DataFrame(rows, index=index, dtype=object)  # object: pandas would turn 1 beside a gap into 1.0
    return frame.where(frame.notna(), None)
