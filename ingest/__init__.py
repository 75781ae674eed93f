"""The room ingest: bytes from trucks become pings in a city's ordered stream, acknowledged only once they are kept."""
