/// Which events somebody wants. Where nothing is named, all of them.
package struct EventFilter: Hashable, Sendable {
    /// `custody.held`, or `custody.*` for everything about the noun.
    package struct Kind: Hashable, Sendable {
        package let text: String

        package init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, text.utf8.count <= Bounds.filterBytesMax, Self.isName(parts[0]),
                parts[1] == "*" || Self.isName(parts[1])
            else { return nil }
            self.text = text
        }

        package func covers(_ kind: String) -> Bool {
            text.hasSuffix(".*") ? kind.hasPrefix(text.dropLast()) : kind == text
        }

        private static func isName(_ part: Substring) -> Bool {
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                }
        }
    }

    /// `card/45414D-0102`: this, and what belongs to it.
    package struct Subject: Hashable, Sendable {
        package let text: String

        package init?(_ text: String) {
            guard !text.isEmpty, text.utf8.count <= Bounds.filterBytesMax, !text.hasSuffix("/"),
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { return nil }
            self.text = text
        }

        package func covers(_ subject: String) -> Bool {
            subject == text || subject.hasPrefix(text + "/")
        }
    }

    package var kinds: [Kind]
    package var subjects: [Subject]

    package init(kinds: [Kind] = [], subjects: [Subject] = []) {
        self.kinds = kinds
        self.subjects = subjects
    }

    package static let everything = EventFilter()

    package func passes(_ event: Event) -> Bool {
        (kinds.isEmpty || kinds.contains { $0.covers(event.kind) })
            && (subjects.isEmpty || subjects.contains { $0.covers(event.subject) })
    }
}

/// Whose events somebody may get.
package enum EventSight: Hashable, Sendable {
    case everything
    /// Its own, and no other provider's, however far it may see in the catalogue.
    case provider(ProviderID)

    package func sees(_ event: Event) -> Bool {
        switch self {
        case .everything: true
        case .provider(let id): event.provider == id
        }
    }
}
