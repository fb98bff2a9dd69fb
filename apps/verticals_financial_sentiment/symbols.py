"""The symbol list: which companies are watched, and under which names they are written."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from verticals.errors import DataError, did_you_mean
from verticals_financial_sentiment.text import plain

SAMPLE = Path(__file__).with_name("samples") / "symbols.csv"
COLUMNS = ("ticker", "name", "aliases", "sector")
_TICKER = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,14}")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A company: its ticker, its full name, other names it goes by, and its sector."""

    ticker: str
    name: str
    aliases: tuple[str, ...] = ()
    sector: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The full name, then the aliases."""
        return (self.name, *self.aliases)


def read_symbols(path: Path = SAMPLE) -> tuple[Symbol, ...]:
    """Read a symbol list: CSV with the columns ticker, name, aliases (separated by `|`) and sector; the last two may be missing.

    Raises:
        DataError: the file or a column is missing, a ticker is malformed or stands twice, or a row names nobody.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}; expected CSV in UTF-8 with {', '.join(COLUMNS)}") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    _check_header(path, [str(name) for name in reader.fieldnames or ()])
    symbols = tuple(_rows(path, reader))
    if not symbols:
        raise DataError(f"{path}: expected companies, found only a header; add at least one row")
    _check_unique(path, symbols)
    return symbols


def _check_header(path: Path, header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in COLUMNS[:2] if name not in header]
    if unknown:
        raise DataError(f"{path}: line 1: unknown column '{unknown[0]}'{did_you_mean(unknown[0], COLUMNS)}")
    if missing:
        raise DataError(f"{path}: line 1: no column '{missing[0]}'; expected {', '.join(COLUMNS)}")


def _rows(path: Path, reader: "csv.DictReader[str]") -> Iterator[Symbol]:
    for row in reader:
        where = f"{path}: line {reader.line_num}"
        if None in row:
            raise DataError(f"{where}: more fields than the header has; put names that hold a comma in double quotes")
        ticker = (row["ticker"] or "").strip().lstrip("$").upper()
        if not _TICKER.fullmatch(ticker):
            raise DataError(
                f"{where}: '{ticker}' is not a ticker; expected letters, digits, '.' or '-', for example ACME"
            )
        name = plain(row["name"] or "")
        if not name:
            raise DataError(f"{where}: {ticker} has no name")
        aliases = tuple(dict.fromkeys(filter(None, (plain(alias) for alias in (row.get("aliases") or "").split("|")))))
        yield Symbol(ticker, name, aliases, (row.get("sector") or "").strip())


def _check_unique(path: Path, symbols: Iterable[Symbol]) -> None:
    seen: set[str] = set()
    for symbol in symbols:
        if symbol.ticker in seen:
            raise DataError(f"{path}: ticker {symbol.ticker} stands twice; give every company its own")
        seen.add(symbol.ticker)
