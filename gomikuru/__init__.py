"""The only room that knows all rooms: wiring, command line, settings, embedded servers, replay."""
