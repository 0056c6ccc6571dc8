"""The server: who is present, kept true. Its rooms follow the way of a sign of life."""
