"""The wire of the IP Messenger family, as far as presence needs it. Pure; any bytes may come."""
