"""What server and client share: the messages of the wire and their framing. No I/O."""
