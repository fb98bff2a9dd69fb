"""Names for the invented people of the samples; no such person is meant."""

_FIRST = (
    "Ada", "Anselm", "Bao", "Beatrix", "Cosima", "Dagny", "Edith", "Emeka", "Fenna", "Florian", "Greta", "Hana", "Idris", "Ines",
    "Ivo", "Jolanda", "Kasimir", "Kenji", "Lale", "Leopold", "Mabel", "Marisol", "Milan", "Nadia", "Noor", "Odette", "Oskar", "Petra",
    "Quentin", "Ravi", "Rosalind", "Samir", "Sunniva", "Tamsin", "Tomas", "Ursula", "Valentin", "Wilma", "Xenia", "Yusuf",
)  # fmt: skip
_LAST = (
    "Abara", "Birkwood", "Castellan", "Dorrit", "Eskelund", "Fairweather", "Galanis", "Hollister", "Iwasaki", "Jansen", "Kettering",
    "Lindqvist", "Marchetti", "Norwell", "Okafor", "Pemberley", "Quillon", "Rosenthal", "Silverthorn", "Tanaka", "Underhill", "Vasquez",
    "Whitlock", "Yarrow", "Zielinski",
)  # fmt: skip


def names(count: int) -> list[str]:
    """Return so many different names, sorted; from the thousand-and-first on they carry a number."""
    return sorted(_name(number) for number in range(count))


def _name(number: int) -> str:
    """Walk the table of first and last names diagonally, so that few people share a name's half."""
    round_, first = divmod(number, len(_FIRST))
    again, shift = divmod(round_, len(_LAST))
    name = f"{_FIRST[first]} {_LAST[(first + shift) % len(_LAST)]}"
    return f"{name} {again + 1}" if again else name
