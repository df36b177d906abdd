package import JSON

/// What the text of a notification command says: one JSON object, which docs/reference/seram.md describes. An agent
/// that
/// does not know it shows nothing, or shows `message`.
package struct SeramNotice: Hashable, Sendable {
    package enum Event: String, Hashable, Sendable, CaseIterable {
        /// What the commands that follow are for.
        case progress
        /// Everything that was to be done is done.
        case done
        /// An operation ended otherwise.
        case failed
        /// It broke off and goes on with the next visit, here or elsewhere.
        case interrupted
        /// The card is not served: a person looks at it.
        case stopped
        case cardUnknown = "card-unknown"
    }

    package var event: Event
    package var card: String?
    package var operation: String?
    /// The step that is next, from 1, and how many there are.
    package var step: Int?
    package var steps: Int?
    /// `check`, `park`, `copy`, `remove`, `load`, `install`, `personalise`, `restore`, `move`, `identify`, `room`,
    /// `keys`.
    package var action: String?
    /// What the step is about: a release or a name.
    package var subject: String?
    /// Of the commands that follow.
    package var bytes: Int?
    /// An estimate of all that is left.
    package var secondsLeft: Int?
    /// The same, not rounded.
    package var millisecondsLeft: Int?
    /// What the commands that follow carry out, one step after the other.
    package var parts: [Part] = []
    /// Of the reason or the refusal, where there is one.
    package var code: String?
    /// Names and status words that the reason is about.
    package var subjects: [String] = []
    /// In English, for people and logs.
    package var message: String?
    package var nextStep: String?
    /// Of the card, when the operation has ended.
    package var memory: Memory?

    /// Non-volatile bytes.
    package struct Memory: Hashable, Sendable {
        /// What is reserved is used.
        package var used: Int
        package var free: Int

        package init(used: Int, free: Int) {
            self.used = used
            self.free = free
        }

        package var json: JSONValue { ["used": .count(used), "free": .count(free)] }

        package init?(_ value: JSONValue?) {
            guard let value, let used = SeramNotice.number(value, "used"),
                let free = SeramNotice.number(value, "free")
            else { return nil }
            self.init(used: used, free: free)
        }
    }

    /// Commands that follow each other and carry out the same step.
    package struct Part: Hashable, Sendable {
        /// From 1.
        package var step: Int
        package var action: String
        package var subject: String?
        package var bytes: Int
        /// An estimate.
        package var milliseconds: Int

        package init(step: Int, action: String, subject: String?, bytes: Int, milliseconds: Int) {
            self.step = step
            self.action = action
            self.subject = subject
            self.bytes = bytes
            self.milliseconds = milliseconds
        }
    }

    package init(_ event: Event, card: String? = nil, message: String? = nil) {
        self.event = event
        self.card = card
        self.message = message
    }

    package var text: String {
        var writer = JSONWriter(capacity: 1_024)
        writer.object { writer in
            writer.member("berth", 1)
            writer.member("event", event.rawValue)
            writer.member("card", card)
            writer.member("operation", operation)
            writer.member("step", step)
            writer.member("steps", steps)
            writer.member("action", action)
            writer.member("subject", subject)
            writer.member("bytes", bytes)
            writer.member("secondsLeft", secondsLeft)
            writer.member("millisecondsLeft", millisecondsLeft)
            if !parts.isEmpty {
                writer.name("parts")
                writer.array { writer in for part in parts.prefix(Self.partsMax) { part.write(&writer) } }
            }
            writer.member("code", code)
            if !subjects.isEmpty {
                writer.name("subjects")
                writer.array { writer in
                    for subject in subjects.prefix(Self.subjectsMax) {
                        writer.string(Self.shortened(subject, Self.subjectMax))
                    }
                }
            }
            writer.member("message", message.map { Self.shortened($0, Self.messageMax) })
            writer.member("nextStep", nextStep.map { Self.shortened($0, Self.messageMax) })
            if let memory {
                writer.name("memory")
                writer.value(memory.json)
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// A text has a bound. Characters are only counted where there can be too many: that takes long.
    fileprivate static func shortened(_ text: String, _ charactersMax: Int) -> String {
        text.utf8.count <= charactersMax ? text : String(text.prefix(charactersMax))
    }

    /// `nil` for the notification of another remote agent.
    package init?(_ text: String) {
        let limits = JSONLimits(bytesMax: SeramBounds.textBytesMax, depthMax: 4)
        guard let value = try? JSONValue(decoding: text, limits: limits), value["berth"]?.integerValue == 1,
            let event = value["event"]?.stringValue.flatMap(Event.init(rawValue:))
        else { return nil }
        func number(_ name: String) -> Int? { Self.number(value, name) }
        self.init(event, card: value["card"]?.stringValue, message: value["message"]?.stringValue)
        operation = value["operation"]?.stringValue
        step = number("step")
        steps = number("steps")
        action = value["action"]?.stringValue
        subject = value["subject"]?.stringValue
        bytes = number("bytes")
        secondsLeft = number("secondsLeft")
        millisecondsLeft = number("millisecondsLeft")
        parts = (value["parts"]?.arrayValue ?? []).prefix(Self.partsMax).compactMap(Part.init)
        code = value["code"]?.stringValue
        subjects = (value["subjects"]?.arrayValue ?? []).prefix(Self.subjectsMax).compactMap(\.stringValue)
        nextStep = value["nextStep"]?.stringValue
        memory = Memory(value["memory"])
    }

    private static let messageMax = 400
    private static let partsMax = 20
    private static let subjectsMax = 8
    fileprivate static let subjectMax = 64

    fileprivate static func number(_ value: JSONValue, _ name: String) -> Int? {
        value[name]?.integerValue.flatMap { (0...1_000_000_000).contains($0) ? Int($0) : nil }
    }
}

extension SeramNotice.Part {
    fileprivate func write(_ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("step", step)
            writer.member("action", action)
            writer.member("bytes", bytes)
            writer.member("milliseconds", milliseconds)
            writer.member("subject", subject.map { SeramNotice.shortened($0, SeramNotice.subjectMax) })
        }
    }

    fileprivate init?(_ value: JSONValue) {
        guard let step = SeramNotice.number(value, "step"), let action = value["action"]?.stringValue,
            let bytes = SeramNotice.number(value, "bytes"),
            let milliseconds = SeramNotice.number(value, "milliseconds")
        else { return nil }
        self.init(
            step: step, action: action, subject: value["subject"]?.stringValue,
            bytes: bytes, milliseconds: milliseconds)
    }
}
