internal import HTTPClient
package import JSON
internal import Synchronization
internal import Wire

/// What other programs on this machine can ask a terminal for, such as a page on its screen: what is there, what waits,
/// what would be done and what it costs, and, with a person's consent, that it is done. One object with a question, one
/// with its answer; the events that follow are told to everybody (docs/operating/terminals.md).
package final class LocalDesk: Sendable {
    private struct Guest {
        /// Another one when the card was out in between.
        let visit: String
        let card: String
        var desk: CentreDesk
    }

    private let guests = Mutex<[String: Guest]>([:])
    private let terminal: String
    private let newName: @Sendable () -> String
    private let pause: @Sendable (Duration) -> Void
    /// How often a plan is asked for again while its card is being read.
    private static let readingMax = 40

    /// - Parameter terminal: its name at the centre.
    /// - Parameter newName: random and new, in hexadecimal digits.
    /// - Parameter pause: lets time pass.
    package init(
        terminal: String, newName: @escaping @Sendable () -> String,
        pause: @escaping @Sendable (Duration) -> Void
    ) {
        self.terminal = terminal
        self.newName = newName
        self.pause = pause
    }

    // MARK: Cards

    /// A card is at this place now; nobody has signed in for it.
    package func welcome(_ card: String, at place: String, _ link: CentreLink) {
        let guest = Guest(visit: newName(), card: card, desk: CentreDesk(link))
        guests.withLock { $0[place] = guest }
    }

    /// Whoever had signed in is gone with the card.
    package func sayGoodbye(at place: String) { guests.withLock { $0[place] = nil } }

    // MARK: Questions

    /// Never fails: what is wrong is the answer.
    package func answer(_ question: JSONValue) -> JSONValue {
        var answer: JSONObject
        do {
            answer = try take(question)
        } catch let refusal as Refusal {
            answer = ["problem": ["code": .string(refusal.code), "detail": .string(refusal.detail)]]
        } catch let failure as CentreFailure {
            answer = ["problem": failure.json]
        } catch {
            answer = ["problem": ["code": "failed", "detail": .string("\(error)")]]
        }
        answer["answer"] = question["ask"] ?? .null
        answer["id"] = question["id"]
        return .object(answer)
    }

    private struct Refusal: Error {
        let code: String
        let detail: String
    }

    private func take(_ question: JSONValue) throws -> JSONObject {
        guard let word = question["ask"]?.stringValue else {
            throw Refusal(code: "question-unclear", detail: "a question is an object with 'ask'")
        }
        if word == "state" { return state }
        let (place, guest) = try guest(question)
        let (card, desk) = (guest.card, guest.desk)
        switch word {
        case "contents": return try contents(card, desk)
        case "offers": return ["applications": .array(try desk.offers(for: card).map { .string($0) })]
        case "work": return ["operations": .array(try desk.openOperations(on: card))]
        case "plan": return ["plan": try plan(question, place, guest)]
        case "do":
            // Without the name of a plan nobody can have seen what it does.
            let approval = try text("approval", of: question)
            let operation = try desk.request(
                try wishes(question, guest), approval: approval, for: card, key: newName())
            return ["operation": .string(operation)]
        case "operation":
            return ["operation": try desk.operation(try text("operation", of: question), on: card)]
        case "sign-in": return try signIn(question, place, guest)
        case "sign-out":
            change(place, guest) { $0.signOut() }
            return [:]
        case "statement": return ["statement": try desk.statement(month: try text("month", of: question))]
        default: throw Refusal(code: "question-unknown", detail: "nobody here knows what '\(word)' is")
        }
    }

    private var state: JSONObject {
        let guests = guests.withLock { $0 }
        return [
            "terminal": .string(terminal),
            "cards": .array(
                guests.keys.sorted().compactMap { place in
                    guests[place].map {
                        [
                            "place": .string(place), "card": .string($0.card),
                            "isSignedIn": .bool($0.desk.holderToken != nil),
                        ]
                    }
                }),
        ]
    }

    /// The card at the place that is asked about, or the only one.
    private func guest(_ question: JSONValue) throws -> (place: String, guest: Guest) {
        let guests = guests.withLock { $0 }
        if let place = question["place"]?.stringValue {
            guard let guest = guests[place] else {
                throw Refusal(code: "no-card", detail: "there is no card at '\(place)'")
            }
            return (place, guest)
        }
        guard guests.count == 1, let only = guests.first else {
            throw Refusal(
                code: guests.isEmpty ? "no-card" : "place-missing",
                detail: guests.isEmpty
                    ? "there is no card" : "there are several cards: say which with 'place'")
        }
        return (only.key, only.value)
    }

    private func contents(_ card: String, _ desk: CentreDesk) throws -> JSONObject {
        var object: JSONObject = [
            "card": .string(card),
            "applications": .array(try desk.applications(on: card).map { .string($0) }),
        ]
        if let memory = try desk.memory(of: card) {
            object["memory"] = ["used": .count(memory.used), "free": .count(memory.free)]
        }
        // What is kept is the holder's business.
        if desk.holderToken != nil { object["custody"] = .array(try desk.kept(of: card).map(\.json)) }
        return object
    }

    /// A card that has just been put in is being read: until then nobody can say what fits.
    private func plan(_ question: JSONValue, _ place: String, _ guest: Guest) throws -> JSONValue {
        let wishes = try wishes(question, guest)
        var plan = try guest.desk.plan(wishes, for: guest.card)
        for _ in 0..<Self.readingMax {
            guard plan["objections"]?.arrayValue?.contains(where: \.isOfUnreadCard) == true,
                guests.withLock({ $0[place]?.visit == guest.visit })
            else { break }
            pause(.milliseconds(250))
            plan = try guest.desk.plan(wishes, for: guest.card)
        }
        return plan
    }

    private func wishes(_ question: JSONValue, _ guest: Guest) throws -> [CentreDesk.Wish] {
        switch question["wish"]?.stringValue {
        case "add": return [.add(try text("application", of: question))]
        case "remove": return [.remove(try text("application", of: question))]
        case "park": return [.park(try text("application", of: question))]
        case "renew": return [.renew]
        case "restore":
            let name = try text("application", of: question)
            guard
                let kept = try guest.desk.kept(of: guest.card).last(where: {
                    $0.application == name && $0.isHeld
                })
            else { throw Refusal(code: "not-held", detail: "nothing of \(name) is in custody") }
            return [.restore(card: kept.card, aid: kept.aid, stay: kept.stay)]
        case let other:
            throw Refusal(
                code: "wish-unknown",
                detail: "'\(other ?? "")' is none of add, remove, park, restore and renew")
        }
    }

    private func signIn(_ question: JSONValue, _ place: String, _ guest: Guest) throws -> JSONObject {
        var desk = guest.desk
        let (holder, password) = (try text("holder", of: question), try text("password", of: question))
        try Array(password.utf8).withUnsafeBytes { try desk.signIn(holder, password: $0) }
        change(place, guest) { $0 = desk }
        return [:]
    }

    /// Only while the card has not been out: whoever comes next did not sign in.
    private func change(_ place: String, _ guest: Guest, _ body: (inout CentreDesk) -> Void) {
        guests.withLock { guests in
            guard var present = guests[place], present.visit == guest.visit else { return }
            body(&present.desk)
            guests[place] = present
        }
    }

    private func text(_ name: String, of question: JSONValue) throws -> String {
        guard let text = question[name]?.stringValue, !text.isEmpty else {
            throw Refusal(code: "question-unclear", detail: "'\(name)' is missing")
        }
        return text
    }
}

extension JSONValue {
    fileprivate var isOfUnreadCard: Bool { self["kind"] == "inventory-missing" }
}

extension CentreFailure {
    fileprivate var json: JSONValue {
        switch self {
        case .unreachable(let error):
            ["code": "centre-away", "detail": .string(error.message)]
        case .refused(let refusal):
            .object(
                JSONObject(members: [
                    ("code", .string(refusal.code)), ("detail", .string(refusal.detail)),
                    ("remedy", refusal.remedy.map { .string($0) }),
                ]))
        case .malformed(let why): ["code": "centre-unclear", "detail": .string(why)]
        }
    }
}
