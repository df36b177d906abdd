internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

@Suite("Budget of failed authentications")
struct AuthenticationBudgetTests {
    private func key(_ card: String = "4250-0102030405", _ version: UInt8 = 0x30) throws
        -> AuthenticationBudget.Key
    {
        try #require(AuthenticationBudget.Key(card: card, keyVersion: version))
    }

    @Test("a second try after a failure needs permission")
    func permission() throws {
        var budget = AuthenticationBudget()
        let card = try key()
        #expect(budget.verdict(for: card, allowRetry: false) == .allowed)
        budget.record(.authenticationRefused(0x6300), for: card)
        #expect(budget.failures(of: card) == 1)
        #expect(budget.verdict(for: card, allowRetry: false) == .needsPermission(failures: 1))
        #expect(budget.verdict(for: card, allowRetry: true) == .allowed)
        // Another key version and another card are not concerned.
        #expect(budget.verdict(for: try key("4250-0102030405", 0x31), allowRetry: false) == .allowed)
        #expect(budget.verdict(for: try key("4250-0102030406"), allowRetry: false) == .allowed)
        budget.recordSuccess(for: card)
        #expect(budget.verdict(for: card, allowRetry: false) == .allowed)
    }

    @Test("at the end no permission helps, until somebody says that the card is well")
    func exhaustion() throws {
        var budget = AuthenticationBudget()
        let card = try key()
        let most = AuthenticationBudget.failuresMax
        for count in 1...most {
            #expect(budget.verdict(for: card, allowRetry: true) == .allowed)
            budget.record(.authenticationRefused(0x6982), for: card)
            #expect(budget.failures(of: card) == count)
        }
        for allowRetry in [false, true] {
            #expect(budget.verdict(for: card, allowRetry: allowRetry) == .exhausted(failures: most))
        }
        budget.forget(card)
        #expect(budget.verdict(for: card, allowRetry: false) == .allowed)
    }

    @Test("counts what speaks of wrong keys, and nothing else")
    func counted() throws {
        let rows: [(HandshakeFailure, Int)] = [
            (.authenticationRefused(0x6300), 1), (.unexpectedAnswer(sequenceCounter: 3), 1),
            (.cardCryptogramMismatch(keyVersion: 0x30), 1), (.initializationRefused(0x6A88), 0),
            (.malformedAnswer(byteCount: 3), 0), (.unsupportedProtocol(version: 1, options: nil), 0),
            (.otherKeyVersion(asked: 1, answered: 2), 0), (.levelNotOffered(.commandMAC, options: 0), 0),
            (.threeKeysForBaseKey, 0), (.challengeLength(wanted: 8), 0), (.keys(.noKeys(version: 1)), 0),
            (.outOfOrder, 0), (.crypto(.keyLength(3)), 0),
        ]
        for (failure, count) in rows {
            var budget = AuthenticationBudget()
            budget.record(failure, for: try key())
            #expect(budget.failures(of: try key()) == count, "\(failure)")
        }
    }

    @Test("a try is booked before its end is known, and counts as one until it is")
    func unanswered() throws {
        var budget = AuthenticationBudget()
        let card = try key()
        budget.recordAttempt(for: card)
        #expect(budget.failures(of: card) == 1 && budget.text.contains(" 30 0 1\n"))
        #expect(try AuthenticationBudget(parsing: budget.text) == budget)
        // A card that is pulled there once must not need a flag.
        #expect(budget.verdict(for: card, allowRetry: false) == .allowed)
        var refused = budget
        refused.endAttempt(for: card)
        #expect(refused == AuthenticationBudget())
        refused.record(.authenticationRefused(0x6300), for: card)
        refused.recordAttempt(for: card)
        #expect(refused.verdict(for: card, allowRetry: false) == .needsPermission(failures: 2))
        for _ in 1..<AuthenticationBudget.unansweredMax { budget.recordAttempt(for: card) }
        #expect(budget.verdict(for: card, allowRetry: false) == .allowed)
        budget.recordAttempt(for: card)
        let count = AuthenticationBudget.unansweredMax + 1
        #expect(budget.verdict(for: card, allowRetry: false) == .needsPermission(failures: count))
        for _ in count..<AuthenticationBudget.failuresMax { budget.recordAttempt(for: card) }
        #expect(
            budget.verdict(for: card, allowRetry: true)
                == .exhausted(failures: AuthenticationBudget.failuresMax))
        budget.recordSuccess(for: card)
        #expect(budget == AuthenticationBudget())
        // Nothing was begun, so nothing ends.
        budget.endAttempt(for: card)
        #expect(budget == AuthenticationBudget())
    }

    @Test("its text is stable and read back")
    func text() throws {
        var budget = AuthenticationBudget()
        #expect(budget.text == "berth-authentication-failures 1\n")
        for _ in 0..<12 { budget.record(.authenticationRefused(0x6300), for: try key("B", 0x20)) }
        budget.record(.authenticationRefused(0x6300), for: try key("A", 0xFF))
        budget.record(.authenticationRefused(0x6300), for: try key("A", 0x01))
        #expect(budget.text == "berth-authentication-failures 1\nA 01 1\nA FF 1\nB 20 12\n")
        #expect(try AuthenticationBudget(parsing: budget.text) == budget)
    }

    @Test("a damaged text is never read as an empty budget")
    func truncation() throws {
        var budget = AuthenticationBudget()
        budget.record(.authenticationRefused(0x6300), for: try key())
        let text = budget.text
        for count in 0..<text.utf8.count {
            let short = String(text.prefix(count))
            let isEmptyBudget = short == AuthenticationBudget().text
            #expect(
                (try? AuthenticationBudget(parsing: short)) == (isEmptyBudget ? AuthenticationBudget() : nil))
        }
    }

    @Test(
        "lines that are none are named",
        arguments: [
            ("A 01 1\nA 01 2\n", 3), ("A 1 1\n", 2), ("A 01 0\n", 2), ("A 01 -1\n", 2), ("A 01\n", 2),
            ("A 01 1 0\n", 2), ("A 01 1 1 1\n", 2), ("A 01 1 x\n", 2), ("\n", 2), ("\u{E9} 01 1\n", 2),
            ("A/B 01 1\n", 2), ("A XX 1\n", 2),
            ("A 01 99999999\n", 2),
        ])
    func malformed(lines: String, line: Int) {
        #expect(throws: AuthenticationBudgetError.malformedLine(line)) {
            try AuthenticationBudget(parsing: "berth-authentication-failures 1\n" + lines)
        }
    }

    @Test(
        "card ids are short and plain",
        arguments: ["", "a b", "a\nb", "\u{E9}", String(repeating: "a", count: 81)])
    func identifiers(card: String) {
        #expect(AuthenticationBudget.Key(card: card, keyVersion: 1) == nil)
    }
}
