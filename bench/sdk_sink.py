"""A server that takes any POST, counts bytes and answers 200: as little work as a server can do.

Run as a process of its own, so that its CPU is not the measured one's. Prints its port; each line
on its standard input is answered with the bytes of bodies received so far.
"""

from __future__ import annotations

import asyncio
import sys

ANSWER = b'{"stored":0,"duplicates":0,"rejected":0,"errors":[],"success":true,"status":1}'
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(ANSWER),
    ANSWER,
)


class Sink:
    """Counts the bytes of request bodies, as they were on the wire."""

    def __init__(self) -> None:
        self.body_bytes = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
                await reader.readexactly(length)
                self.body_bytes += length
                writer.write(RESPONSE)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main() -> None:
    """Serve until standard input ends."""
    sink = Sink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(sink.body_bytes, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
