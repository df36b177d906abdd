"""A name server whose answer changes with every question, and two listeners: one outside, one inside of the machine.

rebinding.py DNS-LOG INSIDE-LOG OUTSIDE-LOG: says "ready" when all of them listen.
"""

import socket
import sys
import threading

PORT = 8443
OUTSIDE, INSIDE = "9.9.9.9", "127.0.0.1"
dns_log, inside_log, outside_log = sys.argv[1:4]


def note(path, line):
    with open(path, "a", encoding="utf-8") as log:
        log.write(line + "\n")


def question(message):
    """The name that is asked for, its type, and where the question ends."""
    labels, place = [], 12
    while message[place]:
        labels.append(message[place + 1 : place + 1 + message[place]].decode())
        place += message[place] + 1
    return ".".join(labels), int.from_bytes(message[place + 1 : place + 3], "big"), place + 5


def names(server):
    """The addresses outside and inside take turns."""
    turn = 0
    while True:
        message, client = server.recvfrom(512)
        name, kind, end = question(message)
        answers = b""
        if kind == 1:
            address = (OUTSIDE, INSIDE)[turn % 2]
            turn += 1
            note(dns_log, f"{name} {address}")
            # A pointer to the name, type A, class IN, good for no time at all.
            answers = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04" + socket.inet_aton(address)
        head = message[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if answers else b"\x00\x00") + b"\x00\x00\x00\x00"
        server.sendto(head + message[12:end] + answers, client)


def listen(address, log):
    server = socket.create_server((address, PORT))

    def serve():
        while True:
            client, _ = server.accept()
            with client:
                client.settimeout(5)
                try:
                    # The beginning of TLS is enough to know that somebody came.
                    note(log, f"{len(client.recv(65536))} bytes")
                except OSError:
                    note(log, "a connection without a word")

    threading.Thread(target=serve, daemon=True).start()


listen(INSIDE, inside_log)
listen(OUTSIDE, outside_log)
resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
resolver.bind((INSIDE, 53))
print("ready", flush=True)
names(resolver)
