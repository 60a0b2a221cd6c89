"""Listens on the given ports, all addresses, and says where a caller arrived.

server.py NAME PORT...: the line is NAME LOCAL-ADDRESS PORT PEER-ADDRESS PORT.
"""

import asyncio
import socket
import sys


async def greet(name, reader, writer):
	local, peer = (writer.get_extra_info(end)[:2]
		       for end in ("sockname", "peername"))
	writer.write(f"{name} {local[0]} {local[1]} {peer[0]} {peer[1]}\n".encode())
	writer.close()


async def serve(name, ports):
	for port in ports:
		for family in (socket.AF_INET, socket.AF_INET6):
			await asyncio.start_server(
				lambda *pair: greet(name, *pair),
				port=port, family=family, backlog=1024,
				reuse_port=True)	# a probe may call from it
	print("ready", flush=True)
	await asyncio.Event().wait()


asyncio.run(serve(sys.argv[1], [int(port) for port in sys.argv[2:]]))
