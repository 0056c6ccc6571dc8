"""One small file a channel: how a message is sent there, and which errors are for good."""
