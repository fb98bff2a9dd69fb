"""What holds for every database: here, that what is deleted is gone, or that somebody says it is not."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Column, MetaData, String, Table, create_engine, delete, insert, text

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


def test_deletions_at_the_same_moment_wait_for_each_other(tmp_path: Path) -> None:
    engine = storage.open_database(f"sqlite:///{tmp_path / 'notes.sqlite'}", TABLES)

    def delete_often() -> None:
        for _ in range(100):
            with storage.transaction(engine) as connection:
                connection.execute(delete(NOTES))
                connection.execute(insert(NOTES).values(text="next"))
            storage.scrub(engine)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(delete_often) for _ in range(3)]:
            done.result()
    engine.dispose()


def test_processes_that_begin_at_the_same_moment_share_a_new_database(database_url: str) -> None:
    start = Barrier(8)

    def begin() -> None:
        start.wait()
        storage.open_database(database_url, TABLES).dispose()

    with ThreadPoolExecutor(8) as pool:
        for begun in [pool.submit(begin) for _ in range(8)]:
            begun.result()


def test_a_connection_that_the_server_closed_fails_no_request(database_url: str) -> None:
    engine = storage.open_database(database_url, TABLES)
    with storage.transaction(engine) as connection:
        connection.execute(insert(NOTES).values(text="kept"))
        session = connection.scalar(text("SELECT pg_backend_pid()")) if engine.dialect.name == "postgresql" else None
    if session:  # SQLite has no server that could be restarted
        others = create_engine(database_url)
        with others.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:session)"), {"session": session})
        others.dispose()
    with storage.reading(engine) as connection:
        assert [row.text for row in connection.execute(NOTES.select())] == ["kept"]
    engine.dispose()
