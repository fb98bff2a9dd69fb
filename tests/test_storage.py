"""What holds for every database: here, that what is deleted is gone, or that somebody says it is not."""

from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, Table, delete, insert

from verticals import storage
from verticals.errors import StorageError

TABLES = MetaData()
NOTES = Table("notes", TABLES, Column("text", String))


def test_what_was_deleted_is_in_no_file_once_scrubbed(tmp_path: Path) -> None:
    engine = storage.open_database(f"sqlite:///{tmp_path / 'notes.sqlite'}", TABLES)
    with storage.transaction(engine) as connection:
        connection.execute(insert(NOTES).values(text="a secret of Wilhelmina"))
    with storage.transaction(engine) as connection:
        connection.execute(delete(NOTES))
    storage.scrub(engine)
    assert not [file.name for file in tmp_path.iterdir() if b"Wilhelmina" in file.read_bytes()]
    engine.dispose()


def test_a_log_that_somebody_reads_is_not_called_scrubbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_BUSY_SECONDS", 0)  # so that nobody is waited for
    engine = storage.open_database(f"sqlite:///{tmp_path / 'notes.sqlite'}", TABLES)
    with storage.transaction(engine) as connection:
        connection.execute(insert(NOTES).values(text="a secret of Wilhelmina"))
    with engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")  # the driver begins a transaction for writing only
        assert len(reader.execute(NOTES.select()).all()) == 1
        with storage.transaction(engine) as connection:
            connection.execute(delete(NOTES))
        with pytest.raises(StorageError, match=r"notes\.sqlite: the rows are deleted, but another reader"):
            storage.scrub(engine)
    storage.scrub(engine)
    engine.dispose()
