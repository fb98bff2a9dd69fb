"""From a table's columns to the roles that training needs."""

from collections.abc import Sequence
from typing import Any

from verticals.data.examples import label_key
from verticals.data.table import Table
from verticals.errors import DataError, did_you_mean

TEXT_NAMES = (
    *("text", "utterance", "sentence", "message", "query", "question", "title", "headline", "content"),
    *("文本", "内容", "句子", "消息", "问题", "标题", "留言", "评论", "正文"),
)
LABEL_NAMES = (
    *("label", "intent", "category", "class", "sentiment", "target"),
    *("标签", "类别", "意图", "分类", "情感", "情绪"),
)


def column(
    table: Table,
    role: str,
    wanted: str | None,
    usual: Sequence[str],
    option: str | None = None,
    several: bool = False,
) -> str:
    """Return the table's own spelling of the column that plays `role`.

    A wanted name may differ from the file's by case, space and Unicode form; where none is given, `usual` names are tried.
    `option` is how the command line names a column for this role; nothing means --role, and "" that it cannot.
    `several` says that a cell may be a list of texts.

    Raises:
        DataError: no column fits (the nearest is suggested), several do, or a cell is no text: bytes, a list, an object.
    """
    name = _named(table, role, wanted, usual, f"--{role}" if option is None else option)
    for line, cell in table.frame[name].items():
        if isinstance(cell, bytes):
            raise DataError(
                f"{table.path}: column '{name}' holds bytes that are not UTF-8; expected texts for the {role}"
            )
        if any(isinstance(part, list | dict) for part in (cell if several and isinstance(cell, list) else [cell])):
            raise DataError(
                f"{table.path}: line {line}: the {role} in '{name}' is {_short(cell)}; expected {_expected(role, several)}"
            )
    return name


def _short(cell: Any) -> str:  # noqa: ANN401 - any JSON
    shown = str(cell)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def _expected(role: str, several: bool) -> str:
    if several:
        return "one text or a list of texts"
    several_labels = "; several labels for one text are learned by: verticals tune classify-multi"
    return f"one text{several_labels if role == 'label' else ''}"


def _named(table: Table, role: str, wanted: str | None, usual: Sequence[str], option: str) -> str:
    names = [wanted] if wanted is not None else list(usual)
    if wanted in table.columns:
        return str(wanted)
    folded = {label_key(name) for name in names}
    matches = [name for name in table.columns if label_key(name) in folded]
    if len(matches) == 1:
        return matches[0]
    choose = f"choose one with {option} in training, or " if option else ""
    if matches:
        raise DataError(f"{table.path}: several columns could be the {role}: {matches}; {choose}rename the others")
    if wanted is None:
        raise DataError(
            f"{table.path}: no column looks like the {role}; its columns are {table.columns}; {choose}call one '{usual[0]}'"
        )
    raise DataError(f"{table.path}: no column '{wanted}' for the {role}{did_you_mean(wanted, table.columns)}")
