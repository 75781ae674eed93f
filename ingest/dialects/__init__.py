"""Payload dialects: one file each. The list of those in use stands in ingest/decode.py."""
