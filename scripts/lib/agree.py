"""Somebody at a page of a terminal that is on agrees to a plan; says how many milliseconds it takes from there to the end.

agree.py SOCKET APPLICATION
"""

import sys
import time

from page import Terminal, has_ended


def main():
    page = Terminal(sys.argv[1])
    while not page.ask("state")["cards"]:
        page.await_event(lambda event: event.get("event") == "card")
    plan = page.ask("plan", wish="add", application=sys.argv[2])["plan"]
    assert plan["isFeasible"], plan
    assert any(step["step"]["kind"] == "park" for step in plan["steps"]), plan
    # The terminal waits at the centre for work, as it does all day.
    time.sleep(1)
    since = time.monotonic()
    operation = page.ask("do", wish="add", application=sys.argv[2], approval=plan["approval"])["operation"]
    page.await_event(has_ended(operation))
    print(round((time.monotonic() - since) * 1000))


main()
