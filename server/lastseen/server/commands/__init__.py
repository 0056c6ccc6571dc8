"""The sub-commands of `lastseen-server` that need more than its settings."""
