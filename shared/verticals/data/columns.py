"""From a table's columns to the roles that training needs."""

from collections.abc import Sequence

from verticals.data.examples import label_key
from verticals.data.table import Table
from verticals.errors import DataError, did_you_mean

TEXT_NAMES = (
    *("text", "utterance", "sentence", "message", "query", "question", "title", "content"),
    *("文本", "内容", "句子", "消息", "问题", "标题", "留言", "评论", "正文"),
)
LABEL_NAMES = (
    *("label", "intent", "category", "class", "sentiment", "target"),
    *("标签", "类别", "意图", "分类", "情感", "情绪"),
)


def column(table: Table, role: str, wanted: str | None, usual: Sequence[str], option: str | None = None) -> str:
    """Return the table's own spelling of the column that plays `role`.

    A wanted name may differ from the file's by case, space and Unicode form; where none is given, `usual` names are tried.
    `option` is how the command line names a column for this role; nothing means --role.

    Raises:
        DataError: no column fits (the nearest is suggested), several do, or it holds bytes that are no text.
    """
    name = _named(table, role, wanted, usual, option or f"--{role}")
    if any(isinstance(cell, bytes) for cell in table.frame[name]):
        raise DataError(f"{table.path}: column '{name}' holds bytes that are not UTF-8; expected texts for the {role}")
    return name


def _named(table: Table, role: str, wanted: str | None, usual: Sequence[str], option: str) -> str:
    names = [wanted] if wanted is not None else list(usual)
    if wanted in table.columns:
        return str(wanted)
    folded = {label_key(name) for name in names}
    matches = [name for name in table.columns if label_key(name) in folded]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise DataError(
            f"{table.path}: several columns could be the {role}: {matches}; choose one with {option} in training, or rename the others"
        )
    if wanted is None:
        raise DataError(
            f"{table.path}: no column looks like the {role}; its columns are {table.columns}; choose one with {option} in training, "
            f"or call one '{usual[0]}'"
        )
    raise DataError(f"{table.path}: no column '{wanted}' for the {role}{did_you_mean(wanted, table.columns)}")
