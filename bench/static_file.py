"""The floor of a scrape: a server that sends one file with sendfile. Prints its port."""

import argparse
import os
import socket
import sys
from pathlib import Path


def main() -> None:
    """Send the file to everybody who asks for anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True)
    told = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as listener, told.file.open("rb") as file:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        size = os.fstat(file.fileno()).st_size
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
        while True:
            connection, _peer = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(head)
                connection.sendfile(file, 0)


if __name__ == "__main__":
    main()
