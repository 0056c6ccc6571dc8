#!/usr/bin/env bash
# Python 3.11's sqlite3 (SQLite 3.40): execute("PRAGMA incremental_vacuum(100)") frees one page.
#
# Seen: of 500 free pages or more, execute() and fetchall() free 1; executescript() frees 100.
# Expected by most people: both free 100 pages, because the statement is the same.
# Why: the pragma frees one page per sqlite3_step(), and returns no columns. execute() makes one
# step for a statement without columns, and fetchall() makes none; executescript() steps to the end.
# It matters: a database seems never to shrink, although the clean-up runs and raises no error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 - "$folder/x.db" <<'P'
import sqlite3, sys

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
connection.execute("CREATE TABLE t (x)")
connection.executemany("INSERT INTO t VALUES (?)", [("x" * 1000,)] * 3000)
connection.execute("DELETE FROM t")

def free():
    return connection.execute("PRAGMA freelist_count").fetchone()[0]

before = free()
connection.execute("PRAGMA incremental_vacuum(100)").fetchall()
by_execute = before - free()
before = free()
connection.executescript("PRAGMA incremental_vacuum(100)")
by_script = before - free()
print(f"sqlite {sqlite3.sqlite_version}: execute() freed {by_execute}, executescript() {by_script}")
sys.exit((by_execute, by_script) != (1, 100))
P
