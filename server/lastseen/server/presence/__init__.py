"""The truth: who is present, since when, and when to give up on the silent."""
