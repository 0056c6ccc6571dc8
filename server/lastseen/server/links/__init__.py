"""How signs of life come in: sockets, the pump that moves bytes, and what each message does."""
