internal import Centre
package import JSON
package import SmartCard
package import Wire

/// What a terminal asks its centre for beside carrying orders: plans, operations, what is there and what it costs.
package struct CentreDesk: Sendable {
    /// What a person at a terminal may wish.
    package enum Wish: Hashable, Sendable {
        case add(String)
        case remove(String)
        case park(String)
        /// The stay in custody.
        case restore(card: String, aid: String, stay: Int)
        /// Everything that the card's holder uses.
        case renew

        package var json: JSONValue {
            switch self {
            case .add(let name): ["kind": "add", "application": .string(name)]
            case .remove(let name): ["kind": "remove", "application": .string(name)]
            case .park(let name): ["kind": "park", "application": .string(name)]
            case .restore(let card, let aid, let stay):
                ["kind": "restore", "card": .string(card), "aid": .string(aid), "ordinal": .count(stay)]
            case .renew: ["kind": "renew"]
            }
        }
    }

    /// An application that the vault keeps.
    package struct Kept: Hashable, Sendable {
        package var application: String
        package var card: String
        package var aid: String
        package var stay: Int
        package var since: String?
        package var cost: String?
        package var isHeld: Bool

        package init(
            application: String, card: String, aid: String, stay: Int, since: String?, cost: String?,
            isHeld: Bool
        ) {
            self.application = application
            self.card = card
            self.aid = aid
            self.stay = stay
            self.since = since
            self.cost = cost
            self.isHeld = isHeld
        }

        package var json: JSONValue {
            [
                "application": .string(application), "aid": .string(aid), "stay": .count(stay),
                "since": since.map { .string($0) } ?? .null, "cost": cost.map { .string($0) } ?? .null,
                "isHeld": .bool(isHeld),
            ]
        }
    }

    package let link: CentreLink
    /// Of the holder, once signed in.
    package var holderToken: String?

    package init(_ link: CentreLink) { self.link = link }

    private static func path(_ card: String) -> String { "/v1/cards/\(card)" }

    // MARK: What is there

    /// Non-volatile bytes; `nil` before the card was ever read.
    package func memory(of card: String) throws(CentreFailure) -> SeramNotice.Memory? {
        let account: JSONValue?
        do throws(CentreFailure) {
            account = try link.get(Self.path(card) + "/room")["account"]
        } catch {
            // A card that was never read has no account.
            guard case .refused(let refusal) = error, [404, 409, 422].contains(refusal.status) else {
                throw error
            }
            return nil
        }
        func bytes(_ name: String) -> Int? {
            account?[name]?["nonVolatile"]?.integerValue.flatMap { Int(exactly: $0) }
        }
        guard let used = bytes("used"), let free = bytes("free") else { return nil }
        return SeramNotice.Memory(
            used: used + (bytes("reservedOnCard") ?? 0) + (bytes("reservedInLedger") ?? 0), free: free)
    }

    /// Names of the applications on the card, each once, and of those that nobody knows their AIDs.
    package func applications(on card: String) throws(CentreFailure) -> [String] {
        let contents = try link.get(Self.path(card) + "/contents")
        var names: [String] = []
        for item in contents["applications"]?.arrayValue ?? [] {
            // Domains and what came without a release are the issuer's business.
            guard let release = item["release"]?.stringValue else { continue }
            let name = String(release.prefix { $0 != "@" })
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Names of what the card could get.
    package func offers(for card: String) throws(CentreFailure) -> [String] {
        let page = try link.get(Self.path(card) + "/offers?limit=200")
        return (page["items"]?.arrayValue ?? []).compactMap { $0["application"]?.stringValue }
    }

    /// The last day of the card as the centre knows it: 2030-12-31.
    package func expiry(of card: String) throws(CentreFailure) -> String? {
        try link.get(Self.path(card))["expiry"]?.stringValue
    }

    /// What was begun on the card and is not over.
    package func openOperations(on card: String) throws(CentreFailure) -> [JSONValue] {
        let page = try link.get(Self.path(card) + "/operations?limit=200", token: holderToken)
        return (page["items"]?.arrayValue ?? []).filter {
            ["waiting", "running", "undoing"].contains($0["state"]?.stringValue ?? "")
        }
    }

    /// What is kept for the holder, or for the card where that may be asked.
    package func kept(of card: String) throws(CentreFailure) -> [Kept] {
        let page = try link.get(
            "/v1/custody?open=true&limit=200\(holderToken == nil ? "&card=\(card)" : "")",
            token: holderToken)
        return (page["items"]?.arrayValue ?? []).compactMap { item in
            guard let release = item["release"]?.stringValue, let card = item["card"]?.stringValue,
                let aid = item["aid"]?.stringValue, let stay = item["stay"]?.integerValue
            else { return nil }
            return Kept(
                application: String(release.prefix { $0 != "@" }), card: card, aid: aid, stay: Int(stay),
                since: item["heldSince"]?.stringValue, cost: Self.amount(item["cost"]),
                // What was on its way and did not arrive can be asked for again.
                isHeld: ["held", "returning"].contains(item["state"]?.stringValue))
        }
    }

    /// `12.05 EUR`, from minor units or from decimal text.
    package static func amount(_ value: JSONValue?) -> String? {
        guard let value, let code = value["currency"]?.stringValue else { return nil }
        if let text = value["amount"]?.stringValue { return "\(text) \(code)" }
        guard let units = value["minorUnits"]?.integerValue, let currency = Currency(code) else { return nil }
        return Money(units, currency).description
    }

    // MARK: Plans and operations

    package func plan(_ wishes: [Wish], for card: String) throws(CentreFailure) -> JSONValue {
        try link.post(
            Self.path(card) + "/plans", ["wishes": .array(wishes.map(\.json))], token: holderToken)
    }

    /// What came of a visit that was begun.
    package struct Visit: Sendable {
        /// `nil` where the card is read first, or something waits for it; then the same is asked again.
        package var plan: JSONValue?
        package var memory: SeramNotice.Memory?
        package var operation: String?
        /// What the session goes on with.
        package var order: SeramOrder
        /// What may be sent to the next card before its visit.
        package var greeting: [CommandAPDU]?
    }

    /// What a card said before its visit.
    package typealias Greeting = (commands: [CommandAPDU], answers: [ResponseAPDU])

    /// Opens the session for a card that is here, and plans what is wished, or begins it as well: one round trip.
    package func visit(
        _ wishes: [Wish], approval: String?, begins: Bool, of card: String, greeting: Greeting?,
        session: String,
        key: String
    ) throws(CentreFailure) -> Visit {
        var body: JSONObject = [
            "session": .string(session), "wishes": .array(wishes.map(\.json)), "begins": .bool(begins),
        ]
        body["approval"] = approval.map { .string($0) }
        body["greeting"] = greeting.map { greeting in
            [
                "commands": .array(greeting.commands.map { .string($0.bytes.hex) }),
                "answers": .array(greeting.answers.map { .string($0.bytes.hex) }),
            ]
        }
        let answer = try link.post(
            Self.path(card) + "/visits", .object(body), token: holderToken, key: key)
        guard let order = answer["order"], let read = try? SeramOrder(reading: order.encoded()) else {
            throw .malformed("no order came")
        }
        return Visit(
            plan: answer["plan"], memory: SeramNotice.Memory(answer["memory"]),
            operation: answer["operation"]?["operation"]?.stringValue, order: read,
            greeting: answer["greeting"].flatMap(GreetingFile.commands))
    }

    /// Begins what the plan says, and nothing else. The same key again is the same operation.
    package func request(
        _ wishes: [Wish], approval: String?, for card: String, key: String
    ) throws(CentreFailure) -> String {
        var body: JSONObject = ["wishes": .array(wishes.map(\.json))]
        body["approval"] = approval.map { .string($0) }
        let operation = try link.post(
            Self.path(card) + "/operations", .object(body), token: holderToken, key: key)
        guard let id = operation["operation"]?.stringValue else { throw .malformed("no operation came") }
        return id
    }

    package func operation(_ id: String, on card: String) throws(CentreFailure) -> JSONValue {
        try link.get(Self.path(card) + "/operations/\(id)")
    }

    // MARK: The holder

    /// The password stays with the caller, who erases it.
    package mutating func signIn(
        _ number: String, password: UnsafeRawBufferPointer
    ) throws(CentreFailure) {
        let text = String(decoding: password, as: UTF8.self)
        let session = try link.post(
            "/v1/holder-sessions", ["holder": .string(number), "password": .string(text)])
        guard let token = session["token"]?.stringValue else { throw .malformed("no session came") }
        holderToken = token
    }

    package mutating func signOut() { holderToken = nil }

    /// A holder takes this card instead of the old one (rows C3 and C4): how many cards that makes. The holder is
    /// signed in then.
    package mutating func takeNewCard(
        _ card: String, expiry: String, holder: String, password: UnsafeRawBufferPointer, key: String
    ) throws(CentreFailure) -> Int {
        let known = try link.get(Self.path(card))
        // It was recorded, and then something broke off: it goes on.
        if known["holder"]?.stringValue == holder {
            try signIn(holder, password: password)
            return Int(known["issueNumber"]?.integerValue ?? 0)
        }
        let body: JSONValue = [
            "holder": .string(holder), "password": .string(String(decoding: password, as: UTF8.self)),
            "card": .string(card), "expiry": .string(expiry),
        ]
        let answer = try link.post("/v1/new-cards", body, key: key)
        try signIn(holder, password: password)
        return Int(answer["issueNumber"]?.integerValue ?? 0)
    }

    /// `month` as 2026-11; the lines and the totals.
    package func statement(month: String) throws(CentreFailure) -> JSONValue {
        try link.get("/v1/statements?month=\(month)", token: holderToken)
    }
}
