"""Lets a client without TLS use a server with it: each connection becomes one connection over TLS.

Usage: tls-forwarder.py LISTEN-PORT SERVER-ADDRESS SERVER-PORT CERTIFICATE-FILE
Both are on this machine. Says one line once it listens.
"""

import asyncio
import resource
import ssl
import sys


async def pass_on(reader, writer):
    try:
        while data := await reader.read(16384):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def main(port, address, server_port, certificate):
    trust = ssl.create_default_context(cafile=certificate)

    async def serve(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(address, server_port, ssl=trust)
        except OSError as error:
            print(f"no connection to {address}:{server_port}: {error}", file=sys.stderr)
            writer.close()
            return
        await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    print("listening", flush=True)
    await server.serve_forever()


_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))
