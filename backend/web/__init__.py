"""The dashboard: pages drawn on the server from the same services as REST."""
