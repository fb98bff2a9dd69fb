"""The table of peers: what `benchmarks/peers/` measured of ours and of theirs, in one run on one machine."""

from table.cells import rows, table


def peers(language: str) -> str:
    """Return every figure of every peer, with the ratio where it is a time."""
    lines = [
        (
            f"{row['peer']['name']} {row['peer']['version']}",
            row["data"]["name"],
            each["what"],
            _shown(each["ours"], each["unit"]),
            _shown(each["peer"], each["unit"]),
            f"{each['ratio']:.2f}" if each["ratio"] else "",
        )
        for row in rows("peers/*")
        for each in row["compared"]
    ]
    return table(("peer", "data", "measured", "ours", "theirs", "theirs / ours"), lines)


def _shown(value: float, unit: str) -> str:
    return f"{value:.1%}" if unit == "share" else f"{value:.3g} {unit}".strip()
