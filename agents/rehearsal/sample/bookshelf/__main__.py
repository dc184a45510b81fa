"""Serve the API: `python3 -m bookshelf [--port 8000] [--file books.json]`."""

import argparse
from pathlib import Path
from wsgiref.simple_server import make_server

from bookshelf.app import create_app
from bookshelf.store import BookStore


def main() -> None:
    parser = argparse.ArgumentParser(prog="bookshelf", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--file", type=Path, help="keep the books in this JSON file")
    options = parser.parse_args()

    app = create_app(BookStore(options.file))
    with make_server(options.host, options.port, app) as server:
        print(f"Bookshelf listens on http://{options.host}:{server.server_port}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
