"""A program at a terminal of its own, 80 columns wide, as a person has it. What it shows goes to standard output as it comes.

at-a-terminal.py [--type WORDS TEXT]... COMMAND...   types TEXT as soon as WORDS were shown, one after the other; ends as the
program does. With BERTH_TYPED a file there says how many milliseconds it took from what was typed last to the end.
"""

import fcntl
import os
import pty
import struct
import sys
import termios
import time


def main():
    words = sys.argv[1:]
    typed = []
    while words[:1] == ["--type"]:
        typed.append((words[1].encode(), words[2].encode() + b"\r"))
        words = words[3:]
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(words[0], words)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
    since, shown = time.monotonic(), b""
    while True:
        try:
            some = os.read(terminal, 65536)
        except OSError:
            # Linux tells so that nobody is at the other end any more.
            break
        if not some:
            break
        sys.stdout.buffer.write(some)
        sys.stdout.buffer.flush()
        shown += some
        if typed and typed[0][0] in shown:
            os.write(terminal, typed.pop(0)[1])
            since, shown = time.monotonic(), b""
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if "BERTH_TYPED" in os.environ:
        with open(os.environ["BERTH_TYPED"], "w", encoding="utf-8") as file:
            print(round((time.monotonic() - since) * 1000), file=file)
    sys.exit(status if status >= 0 else 128 - status)


main()
