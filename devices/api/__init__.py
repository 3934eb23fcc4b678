"""The REST API of sockets and commands: read input, one call to a stage, answer."""
