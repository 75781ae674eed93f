"""The resident's page in real browsers."""
