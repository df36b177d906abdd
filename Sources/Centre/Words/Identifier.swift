/// A name that people and programs call something by; one that exists has the right form.
package struct Identifier<Kind: IdentifierKind>: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) throws(IdentifierError) {
        try self.init(kept: text)
        // Both are places in a path, and removed from it on the way (RFC 3986 §5.2.4): nobody could ask for it.
        guard text != ".", text != ".." else {
            throw IdentifierError(noun: Kind.noun, text: text, problem: .place)
        }
    }

    /// As a row of the store has it: some were made before `.` and `..` were refused, and stay readable.
    package init(kept text: String) throws(IdentifierError) {
        guard !text.isEmpty, text.utf8.count <= Kind.lengthMax else {
            throw IdentifierError(noun: Kind.noun, text: text, problem: .length(max: Kind.lengthMax))
        }
        var offset = 0
        for byte in text.utf8 {
            guard Kind.accepts(byte, at: offset) else {
                throw IdentifierError(
                    noun: Kind.noun, text: text, problem: .character(offset: offset, rule: Kind.rule))
            }
            offset += 1
        }
        self.text = text
    }

    package var description: String { text }

    package static func < (one: Self, other: Self) -> Bool { one.text < other.text }
}

/// What tells one kind of name from another, and what it looks like.
package protocol IdentifierKind: Sendable {
    static var noun: String { get }
    static var lengthMax: Int { get }
    /// The accepted characters, in words.
    static var rule: String { get }
    static func accepts(_ byte: UInt8, at offset: Int) -> Bool
}

package struct IdentifierError: Error, Hashable {
    package enum Problem: Hashable, Sendable {
        case length(max: Int)
        case character(offset: Int, rule: String)
        /// `.` or `..`.
        case place
    }
    package let noun: String
    package let text: String
    package let problem: Problem
}

/// IIN and CIN joined by a hyphen, else the production serial, else the ICCID: upper-case hex.
package enum CardKind: IdentifierKind {
    package static var noun: String { "card" }
    package static var lengthMax: Int { 66 }
    package static var rule: String { "upper-case hex digits, and one hyphen between IIN and CIN" }
    package static func accepts(_ byte: UInt8, at offset: Int) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
        case UInt8(ascii: "-"): offset > 0
        default: false
        }
    }
}

/// Names that operators choose: `purse`, `city-transit`.
package protocol ChosenName: IdentifierKind {}
extension ChosenName {
    package static var lengthMax: Int { 64 }
    package static var rule: String { "lower-case letters, digits, and inside also . _ -" }
    package static func accepts(_ byte: UInt8, at offset: Int) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): offset > 0
        default: false
        }
    }
}

package enum OperatorKind: ChosenName { package static var noun: String { "operator" } }
package enum ProviderKind: ChosenName { package static var noun: String { "provider" } }
package enum ApplicationKind: ChosenName { package static var noun: String { "application" } }
package enum TerminalKind: ChosenName { package static var noun: String { "terminal" } }
package enum ProfileKind: ChosenName { package static var noun: String { "profile" } }
package enum MasterKeyKind: ChosenName { package static var noun: String { "master key" } }
package enum WebhookKind: ChosenName { package static var noun: String { "webhook" } }

/// Names that outsiders make: request ids, user numbers, versions.
package protocol GivenName: IdentifierKind {}
extension GivenName {
    package static var lengthMax: Int { 64 }
    package static var rule: String { "letters, digits, and . _ + - (not . or .. alone)" }
    package static func accepts(_ byte: UInt8, at offset: Int) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"): true
        default: false
        }
    }
}

package enum RequestKind: GivenName { package static var noun: String { "request" } }
package enum CredentialKind: GivenName { package static var noun: String { "token" } }
package enum HolderKind: GivenName { package static var noun: String { "user number" } }
package enum VersionKind: GivenName {
    package static var noun: String { "version" }
    package static var lengthMax: Int { 32 }
}

package typealias CredentialID = Identifier<CredentialKind>
package typealias CardID = Identifier<CardKind>
package typealias OperatorID = Identifier<OperatorKind>
package typealias ProviderID = Identifier<ProviderKind>
package typealias ApplicationID = Identifier<ApplicationKind>
package typealias TerminalID = Identifier<TerminalKind>
package typealias ProfileName = Identifier<ProfileKind>
package typealias MasterKeyName = Identifier<MasterKeyKind>
package typealias WebhookID = Identifier<WebhookKind>
/// Made by the client: the same id again is the same request.
package typealias RequestID = Identifier<RequestKind>
/// The user number a holder signs in with (row C3).
package typealias HolderNumber = Identifier<HolderKind>
package typealias ReleaseVersion = Identifier<VersionKind>

/// One version of one application, written `purse@1.2`.
package struct ReleaseID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let application: ApplicationID
    package let version: ReleaseVersion

    package init(_ application: ApplicationID, _ version: ReleaseVersion) {
        self.application = application
        self.version = version
    }

    /// An application has a few versions in use: equality tells them apart.
    package func hash(into hasher: inout Hasher) { hasher.combine(application) }

    package var description: String { "\(application)@\(version)" }

    package static func < (one: Self, other: Self) -> Bool {
        (one.application, one.version) < (other.application, other.version)
    }
}
