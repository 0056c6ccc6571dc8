"""Being a member of the LAN: the conduct, which is pure, and what the kernel must be asked."""
