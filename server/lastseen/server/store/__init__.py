"""What outlives the process: who was ever here, when each was last seen, what happened when.

SQL, blocking: everything here is to be called in worker threads. Plain Structs (`model`) go in and
come out, `StoreUnavailable` means "try again later" (`errors`), and a call is one transaction
unless it says otherwise.

    store = open_store("sqlite:///lastseen.db")     # opening: looks, refuses, migrates
                                                    #   (read_store: leaves it as it is)
    store.record(events, clients)                   # store: all reads and writes
    export(store, file)                             # transfer: JSON lines and backups

Underneath: `engines` (a URL to connections), `database` (transactions, errors), `schema` (its
versions), `tables` and `columns` (what is kept, and in which form), and the statements by what they
are about (`clients`, `finding`, `events`, `runs`, `settings`). `uptime` and `filtering` are pure.
"""
