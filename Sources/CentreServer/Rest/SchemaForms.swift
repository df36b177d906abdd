package import Centre
package import JSON
internal import SmartCard

// How the words of the centre look in requests and answers.

extension StringForm {
    /// A name of the domain, by its own rule.
    package static func identifier<Kind>(_ type: Identifier<Kind>.Type, pattern: String) -> StringForm {
        StringForm(
            pattern: pattern, count: 1...Kind.lengthMax, rule: "a \(Kind.noun): \(Kind.rule)",
            check: { (try? Identifier<Kind>($0)) != nil })
    }

    package static let card = identifier(CardID.self, pattern: "^[0-9A-F][0-9A-F-]*$")
    package static let holder = identifier(HolderNumber.self, pattern: given)
    package static let provider = identifier(ProviderID.self, pattern: chosen)
    package static let application = identifier(ApplicationID.self, pattern: chosen)
    package static let terminal = identifier(TerminalID.self, pattern: chosen)
    package static let `operator` = identifier(OperatorID.self, pattern: chosen)
    package static let profile = identifier(ProfileName.self, pattern: chosen)
    package static let masterKey = identifier(MasterKeyName.self, pattern: chosen)
    package static let request = identifier(RequestID.self, pattern: given)
    package static let version = identifier(ReleaseVersion.self, pattern: given)

    package static let release = StringForm(
        pattern: "^[0-9a-z][0-9a-z._-]{0,63}@(?![.]{1,2}$)[0-9A-Za-z._+-]{1,32}$", count: 3...97,
        rule: "a release, such as purse@1.2", check: { ReleaseID($0) != nil })
    package static let aid = StringForm(
        pattern: "^([0-9A-F]{2}){5,16}$", count: 10...32,
        rule: "an AID: 5 to 16 bytes in upper-case hex",
        check: { text in (try? AID(hex: text))?.description == text })
    package static let day = StringForm(
        pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", count: 10...10, format: "date",
        rule: "a day, such as 2026-11-21", check: { CalendarDay($0) != nil })
    package static let instant = StringForm(
        pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{3})?Z$", count: 20...24,
        format: "date-time", rule: "a point in time in UTC, such as 2026-11-21T08:05:09Z",
        check: { Instant($0) != nil })

    /// Whole bytes.
    package static func hex(bytes: ClosedRange<Int>) -> StringForm {
        StringForm(
            pattern: "^([0-9A-Fa-f]{2}){\(bytes.lowerBound),\(bytes.upperBound)}$",
            count: 2 * bytes.lowerBound...2 * bytes.upperBound,
            rule: "\(bytes.lowerBound) to \(bytes.upperBound) bytes in hex",
            // People may write hex with blanks; programs do not.
            check: { text in
                text.allSatisfy { $0.isASCII && $0.isHexDigit }
                    && (try? Hex.decode(text)).map { bytes.contains($0.count) } ?? false
            })
    }

    private static let chosen = "^[0-9a-z][0-9a-z._-]*$"
    /// Names that others give; `.` and `..` alone are places in a path.
    static let given = "^(?![.]{1,2}$)[0-9A-Za-z._+-]+$"
}

extension Schema {
    /// What a person wrote: no line ends and no other control characters. Its bound is one of bytes, too, which no
    /// schema can say.
    package static func text(_ count: ClosedRange<Int>) -> Schema {
        string(
            StringForm(
                pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]*$", count: count,
                rule: "a line of text of \(count.lowerBound) to \(count.upperBound) characters",
                check: { FreeText.problem(in: $0, bytesMax: .max, mayBeEmpty: true) == nil }))
    }

    package static let card = string(.card).described("A card.", example: "42ABCDEF-0001020304050607")
    package static let holder = string(.holder).described("A user number.", example: "10001")
    package static let provider = string(.provider).described("A provider.", example: "city-transit")
    package static let application = string(.application).described("An application.", example: "purse")
    package static let release = string(.release).described("A release.", example: "purse@1.2")
    package static let terminal = string(.terminal).described("A terminal.", example: "lobby-1")
    package static let aid = string(.aid).described("An AID.", example: "A000000151000000")
    package static let day = string(.day).described("A day.", example: "2099-12-31")
    package static let instant = string(.instant).described(
        "A point in time in UTC.", example: "2026-11-21T08:05:09Z")
    package static let reason = text(1...Bounds.reasonBytesMax).described("Why, on one line.")
    package static let label = text(0...Bounds.nameBytesMax)
    package static let byteCount = integer(0...Int64(Bounds.roomBytesMax))
    package static let room = named(
        "Room",
        object(.required("nonVolatile", byteCount), .required("volatile", byteCount))
            .described("Memory of a card in bytes."))
    /// More than a promise: also what is missing or over may be less than nothing.
    package static let anyRoom = named(
        "RoomDifference",
        object(
            .required("nonVolatile", integer(Int64.min...Int64.max)),
            .required("volatile", integer(Int64.min...Int64.max))))
    package static let password = text(Bounds.passwordBytes).described("A password.").secret
}

extension Room {
    package var json: JSONValue {
        ["nonVolatile": .count(nonVolatile), "volatile": .count(volatile)]
    }

    /// What a request says that passed its schema.
    package init(json value: JSONValue) {
        self.init(
            nonVolatile: Int(value["nonVolatile"]?.integerValue ?? 0),
            volatile: Int(value["volatile"]?.integerValue ?? 0))
    }
}
