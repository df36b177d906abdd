"""What a page on a terminal's screen would do over the terminal's socket, for scripts/checks/terminals.sh."""

import json
import os
import socket
import subprocess
import sys


class Terminal:
    """One connection: questions and answers, and the events that come in between."""

    def __init__(self, path):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(30)
        self.connection.connect(path)
        self.lines = self.connection.makefile("r", encoding="utf-8")
        self.events = []
        self.number = 0

    def read(self):
        line = self.lines.readline()
        assert line, "the terminal has closed the connection"
        return json.loads(line)

    def ask(self, word, **members):
        self.number += 1
        question = {"ask": word, "id": self.number} | members
        self.connection.sendall((json.dumps(question) + "\n").encode())
        while True:
            answer = self.read()
            if "answer" in answer:
                assert answer["id"] == self.number, answer
                return answer
            self.events.append(answer)

    def await_event(self, wanted):
        """The first event that is as wanted; those before it are forgotten."""
        while True:
            event = self.events.pop(0) if self.events else self.read()
            if wanted(event):
                return event


def consent(page, place, wish, application):
    """Shows a plan and agrees to it; gives the operation's name."""
    plan = page.ask("plan", place=place, wish=wish, application=application)["plan"]
    assert plan["isFeasible"], plan
    begun = page.ask("do", place=place, wish=wish, application=application, approval=plan["approval"])
    return begun["operation"]


def has_ended(operation):
    return lambda event: event.get("event") == "done" and event.get("operation") == operation


def berth(*words):
    done = subprocess.run(["berth", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main():
    page = Terminal(sys.argv[1])
    listener = Terminal(sys.argv[1])

    # Both cards, whoever was first.
    while len(page.ask("state")["cards"]) < 2:
        page.await_event(lambda event: event.get("event") == "card")
    cards = {card["place"]: card["card"] for card in page.ask("state")["cards"]}
    first, second = sorted(cards)
    assert page.ask("offers", place=first)["applications"] == ["identity", "loyalty", "pass", "purse"]
    assert page.ask("work", place=first)["operations"] == []
    assert page.ask("contents")["problem"]["code"] == "place-missing"

    # Work in both readers at the same time.
    operations = {
        first: consent(page, first, "add", "purse"),
        second: consent(page, second, "add", "pass"),
    }
    for place, application in ((first, "purse"), (second, "pass")):
        while page.ask("operation", place=place, operation=operations[place])["operation"]["state"] != "done":
            page.await_event(lambda event: event.get("event") == "done")
        assert page.ask("contents", place=place)["applications"] == [application]

    # Nobody agrees to what was not shown, and a plan that is not this one is refused.
    refused = page.ask("do", place=first, wish="add", application="pass", approval="00" * 32)
    assert refused["problem"]["code"] == "plan-changed", refused

    # The holder's business, once the holder has signed in; wrong passwords open nothing.
    assert page.ask("sign-in", place=first, holder="1001", password="guess")["problem"]
    assert "custody" not in page.ask("contents", place=first)
    assert "problem" not in page.ask(
        "sign-in", place=first, holder="1001", password=os.environ["SAMPLE_PASSWORD"])
    listener.await_event(has_ended(consent(page, first, "park", "purse")))
    kept = page.ask("contents", place=first)["custody"]
    assert [one["application"] for one in kept] == ["purse"] and kept[0]["isHeld"], kept
    listener.await_event(has_ended(consent(page, first, "restore", "purse")))
    assert page.ask("contents", place=first)["applications"] == ["purse"]
    month = kept[0]["since"][:7]
    lines = page.ask("statement", place=first, month=month)["statement"]["lines"]
    assert [line["application"] for line in lines] == ["purse"], lines

    # What an operator asks for while the card is away waits, and is done when it is back.
    berth("card", "remove", sys.argv[2])
    listener.await_event(lambda event: event.get("event") == "card-removed" and event["place"] == second)
    assert page.ask("contents", place=second)["problem"]["code"] == "no-card"
    wish = '{"kind":"add","application":"identity"}'
    asked = json.loads(berth("operations", "request", cards[second], "--wishes", wish, "--json"))
    berth("card", "insert", sys.argv[2])
    listener.await_event(has_ended(asked["operation"]))
    assert sorted(page.ask("contents", place=second)["applications"]) == ["identity", "pass"]

    # Nonsense is answered, and does no harm.
    page.connection.sendall(b"hello\n")
    assert page.read()["problem"]["code"] == "question-unclear"
    assert page.ask("state")["terminal"] == "lobby-1"


if __name__ == "__main__":
    main()
