internal import JSON

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
    /// `check`, `park`, `remove`, `load`, `install`, `personalise`, `restore`, `room`, `keys`.
    package var action: String?
    /// What the step is about: a release or a name.
    package var subject: String?
    /// Of the commands that follow.
    package var bytes: Int?
    /// An estimate of all that is left.
    package var secondsLeft: Int?
    /// In English, for people and logs.
    package var message: String?
    package var nextStep: String?

    package init(_ event: Event, card: String? = nil, message: String? = nil) {
        self.event = event
        self.card = card
        self.message = message
    }

    package var text: String {
        var object: JSONObject = ["berth": 1, "event": .string(event.rawValue)]
        object["card"] = card.map { .string($0) }
        object["operation"] = operation.map { .string($0) }
        object["step"] = step.map { .count($0) }
        object["steps"] = steps.map { .count($0) }
        object["action"] = action.map { .string($0) }
        object["subject"] = subject.map { .string($0) }
        object["bytes"] = bytes.map { .count($0) }
        object["secondsLeft"] = secondsLeft.map { .count($0) }
        object["message"] = message.map { .string(String($0.prefix(Self.messageMax))) }
        object["nextStep"] = nextStep.map { .string(String($0.prefix(Self.messageMax))) }
        return JSONValue.object(object).text
    }

    /// `nil` for the notification of another remote agent.
    package init?(_ text: String) {
        let limits = JSONLimits(bytesMax: SeramBounds.textBytesMax, depthMax: 4)
        guard let value = try? JSONValue(decoding: text, limits: limits), value["berth"]?.integerValue == 1,
            let event = value["event"]?.stringValue.flatMap(Event.init(rawValue:))
        else { return nil }
        func number(_ name: String) -> Int? {
            value[name]?.integerValue.flatMap { (0...1_000_000_000).contains($0) ? Int($0) : nil }
        }
        self.init(event, card: value["card"]?.stringValue, message: value["message"]?.stringValue)
        operation = value["operation"]?.stringValue
        step = number("step")
        steps = number("steps")
        action = value["action"]?.stringValue
        subject = value["subject"]?.stringValue
        bytes = number("bytes")
        secondsLeft = number("secondsLeft")
        nextStep = value["nextStep"]?.stringValue
    }

    private static let messageMax = 400
}
