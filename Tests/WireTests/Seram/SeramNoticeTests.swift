import JSON
import TestSupport
import Testing
import Wire

@Suite("Text of a notification")
struct SeramNoticeTests {
    // Fixed seeds, and a new one each time, which a failure prints.
    static let seeds: [UInt64] = [1, 2, UInt64.random(in: 0...UInt64.max)]

    @Test("is its plain value to the byte, and reads the same where nothing was cut off", arguments: seeds)
    func text(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let notice = Self.random(&random)
            let text = notice.text
            #expect(Array(text.utf8) == Self.plain(notice).encoded(), "seed \(seed): \(notice)")
            guard text.utf8.count <= SeramBounds.textBytesMax else { continue }
            let read = try #require(SeramNotice(text), "seed \(seed): \(text)")
            #expect(read.text == text, "seed \(seed)")
        }
    }

    @Test(
        "is cut off by characters, however many bytes they have", arguments: [399, 400, 401], ["a", "é", "👩‍🚀"])
    func length(_ count: Int, _ character: String) throws {
        let notice = SeramNotice(.failed, message: String(repeating: character, count: count))
        #expect(Array(notice.text.utf8) == Self.plain(notice).encoded())
        let written = try JSONValue(decoding: notice.text)["message"]?.stringValue
        #expect(written?.count == min(count, 400))
    }

    private static func plain(_ notice: SeramNotice) -> JSONValue {
        func shortened(_ text: String, _ max: Int) -> JSONValue { .string(String(text.prefix(max))) }
        let parts = notice.parts.prefix(20).map { part -> JSONValue in
            var object: JSONObject = [
                "step": .count(part.step), "action": .string(part.action), "bytes": .count(part.bytes),
                "milliseconds": .count(part.milliseconds),
            ]
            object["subject"] = part.subject.map { shortened($0, 64) }
            return .object(object)
        }
        let subjects = notice.subjects.prefix(8).map { shortened($0, 64) }
        let members: [(String, JSONValue?)] = [
            ("berth", 1), ("event", .string(notice.event.rawValue)),
            ("card", notice.card.map { .string($0) }),
            ("operation", notice.operation.map { .string($0) }), ("step", notice.step.map { .count($0) }),
            ("steps", notice.steps.map { .count($0) }), ("action", notice.action.map { .string($0) }),
            ("subject", notice.subject.map { .string($0) }), ("bytes", notice.bytes.map { .count($0) }),
            ("secondsLeft", notice.secondsLeft.map { .count($0) }),
            ("millisecondsLeft", notice.millisecondsLeft.map { .count($0) }),
            ("parts", parts.isEmpty ? nil : .array(parts)), ("code", notice.code.map { .string($0) }),
            ("subjects", subjects.isEmpty ? nil : .array(subjects)),
            ("message", notice.message.map { shortened($0, 400) }),
            ("nextStep", notice.nextStep.map { shortened($0, 400) }),
            (
                "memory",
                notice.memory.map { ["used": .count($0.used), "free": .count($0.free)] }
            ),
        ]
        return .object(JSONObject(members: members))
    }

    private static func random(_ random: inout SeededGenerator) -> SeramNotice {
        func pick<Choice>(_ choices: [Choice]) -> Choice {
            choices[Int.random(in: 0..<choices.count, using: &random)]
        }
        func number() -> Int? {
            Bool.random(using: &random) ? Int.random(in: 0...1_000_000_000, using: &random) : nil
        }
        func text(_ lengthMax: Int) -> String? {
            guard Bool.random(using: &random) else { return nil }
            // Some are one character of several bytes: what is cut off is counted in characters.
            let characters = ["a", "b", "\"", "\\", "\n", "é", "e\u{301}", "👩‍🚀"]
            let length = Int.random(in: 0...lengthMax, using: &random)
            return (0..<length).map { _ in pick(characters) }.joined()
        }
        var notice = SeramNotice(
            pick(SeramNotice.Event.allCases), card: text(40), message: text(450))
        notice.operation = text(40)
        notice.step = number()
        notice.steps = number()
        notice.action = text(10)
        notice.subject = text(80)
        notice.bytes = number()
        notice.secondsLeft = number()
        notice.millisecondsLeft = number()
        notice.parts = (0..<Int.random(in: 0...22, using: &random)).map { step in
            SeramNotice.Part(
                step: step, action: text(10) ?? "load", subject: text(80), bytes: number() ?? 0,
                milliseconds: number() ?? 0)
        }
        notice.code = text(20)
        notice.subjects = (0..<Int.random(in: 0...10, using: &random)).map { _ in text(80) ?? "" }
        notice.nextStep = text(450)
        if let used = number(), let free = number() { notice.memory = .init(used: used, free: free) }
        return notice
    }
}
