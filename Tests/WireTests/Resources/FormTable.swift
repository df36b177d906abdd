import Centre
import GlobalPlatform
import JSON
import SmartCard
import Testing
import Wire

/// A value, and the one text that it has on the way.
struct FormRow<F: Form & Equatable>: Sendable, CustomTestStringConvertible {
    let name: String
    let value: F
    let text: String

    init(_ name: String, _ value: F, _ text: String) {
        (self.name, self.value, self.text) = (name, value, text)
    }

    var testDescription: String { name }

    func check() throws {
        #expect(value.json.text == text)
        #expect(try F(json: JSONValue(decoding: text)) == value)
    }
}

func name<Kind>(_ text: String) -> Identifier<Kind> {
    guard let identifier = try? Identifier<Kind>(text) else {
        preconditionFailure("'\(text)' is no \(Kind.noun)")
    }
    return identifier
}

func instant(_ text: String) -> Instant {
    guard let instant = Instant(text) else { preconditionFailure("'\(text)' is no instant") }
    return instant
}

func aid(_ hex: String) -> AID {
    guard let aid = try? AID(hex: hex) else { preconditionFailure("'\(hex)' is no AID") }
    return aid
}

func currency(_ code: String) -> Currency {
    guard let currency = Currency(code) else { preconditionFailure("'\(code)' is no currency") }
    return currency
}
