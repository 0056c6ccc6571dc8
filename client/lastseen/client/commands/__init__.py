"""The `lastseen` command: one file a sub-command, imported when it is called."""
