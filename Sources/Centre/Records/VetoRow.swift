/// A provider does not want an application of its own to leave any card to make room for others.
package struct ProviderVeto: Hashable, Sendable {
    package var application: ApplicationID
    package var reason: String
    package var since: Instant

    package init(application: ApplicationID, reason: String, since: Instant) {
        self.application = application
        self.reason = reason
        self.since = since
    }
}

/// A holder does not want an application to leave any card of theirs to make room for others.
package struct HolderVeto: Hashable, Sendable {
    package var holder: HolderNumber
    package var application: ApplicationID
    package var reason: String
    package var since: Instant

    package init(holder: HolderNumber, application: ApplicationID, reason: String, since: Instant) {
        self.holder = holder
        self.application = application
        self.reason = reason
        self.since = since
    }
}

extension ProviderVeto: Record {
    package static let table = Table(
        "provider_vetoes", key: [.text("application")], [.text("reason"), .integer("since")])

    package var row: [StoredValue] { [.word(application), .text(reason), .instant(since)] }

    package init(row: inout RowReader) throws(RowError) {
        application = try row.identifier()
        reason = try row.text()
        since = try row.instant()
    }
}

extension HolderVeto: Record {
    package static let table = Table(
        "holder_vetoes", key: [.text("holder"), .text("application")], [.text("reason"), .integer("since")])

    package var row: [StoredValue] { [.word(holder), .word(application), .text(reason), .instant(since)] }

    package init(row: inout RowReader) throws(RowError) {
        holder = try row.identifier()
        application = try row.identifier()
        reason = try row.text()
        since = try row.instant()
    }
}
