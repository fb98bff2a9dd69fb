"""The table of peers: what `benchmarks/peers/` measured of ours and of theirs, in one run on one machine."""

from table.cells import rows, table


def peers(language: str) -> str:
    """Return every figure of every peer, with the ratio where it is a time."""
    lines = [
        (
            f"{row['peer']['name']} {row['peer']['version']}",
            row["data"]["name"],
            f"`{row['method']}`",
            each["what"],
            _shown(each["ours"], each["unit"]),
            _shown(each["peer"], each["unit"]),
            _rounded(each["ratio"]) if each["ratio"] else "",
        )
        for row in rows("peers/*")
        for each in row["compared"]
    ]
    return table(("peer", "data", "our method", "measured", "ours", "theirs", "theirs / ours"), lines)


def _shown(value: float, unit: str) -> str:
    return f"{value:.1%}" if unit == "share" else f"{_rounded(value)} {unit}".strip()


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
