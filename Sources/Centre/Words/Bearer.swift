/// How a card can be reached.
package enum Bearer: Hashable, Sendable {
    /// A reader of the machine that the centre runs on.
    case reader(ReaderName)
    case terminal(TerminalID)
    /// Its subscriber number: a card in a telephone.
    case sms(SubscriberNumber)
    /// The agent of the device that it is in.
    case https(AgentAddress)

    /// As in the address book and in notes.
    package var kind: StaticString {
        switch self {
        case .reader: "reader"
        case .terminal: "terminal"
        case .sms: "sms"
        case .https: "https"
        }
    }

    package var address: String {
        switch self {
        case .reader(let name): name.text
        case .terminal(let id): id.text
        case .sms(let number): number.text
        case .https(let address): address.text
        }
    }

    /// `nil` when there is no such kind, or the address is not of that kind.
    package init?(kind: String, address: String) {
        switch kind {
        case "reader": self.init((try? ReaderName(address)).map(Bearer.reader))
        case "terminal": self.init((try? TerminalID(address)).map(Bearer.terminal))
        case "sms": self.init(SubscriberNumber(address).map(Bearer.sms))
        case "https": self.init(AgentAddress(address).map(Bearer.https))
        default: return nil
        }
    }

    private init?(_ bearer: Bearer?) {
        guard let bearer else { return nil }
        self = bearer
    }
}

/// What PC/SC calls a reader: `Virtual PCD 00 00`.
package enum ReaderKind: IdentifierKind {
    package static var noun: String { "reader" }
    package static var lengthMax: Int { 127 }
    package static var rule: String { "printable characters without control characters" }
    package static func accepts(_ byte: UInt8, at offset: Int) -> Bool { byte >= 0x20 && byte != 0x7F }
}

package typealias ReaderName = Identifier<ReaderKind>

/// An international telephone number (ITU-T E.164 §6.2): at most fifteen digits, written with a leading `+`.
package struct SubscriberNumber: Hashable, Sendable {
    package let text: String

    package init?(_ text: String) {
        let digits = text.utf8.dropFirst()
        guard text.hasPrefix("+"), (7...15).contains(digits.count),
            digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.first != UInt8(ascii: "0")
        else { return nil }
        self.text = text
    }
}

/// An `https` address without user, query or fragment: nothing that could be a secret.
package struct AgentAddress: Hashable, Sendable {
    package static let bytesMax = 255
    package let text: String

    package init?(_ text: String) {
        let prefix = "https://"
        guard text.hasPrefix(prefix), text.utf8.count <= Self.bytesMax else { return nil }
        let rest = text.utf8.dropFirst(prefix.utf8.count)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") }
        guard !authority.isEmpty, authority.first != UInt8(ascii: ":"), rest.allSatisfy(Self.isPlain) else {
            return nil
        }
        self.text = text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"),
            UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "%"):
            true
        default: false
        }
    }
}
