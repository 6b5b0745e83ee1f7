"""What servers send: usage events."""
