internal import GlobalPlatform
internal import SmartCard

extension InstalledLoadFile {
    /// As the registry tells it: major and minor (GPCS 2.3.1 table 11-36); `nil` where it tells none, or in another
    /// way.
    var packageVersion: CAPVersion? {
        guard let version, version.count == 2 else { return nil }
        return CAPVersion(version[0], version[1])
    }
}

extension InstalledLoadFile: Record {
    package static let table = Table(
        "card_load_files", key: [.text("card"), .bytes("aid")],
        [
            .integer("life_cycle"), .bytes("version").optional, .bytes("modules"), .bytes("domain").optional,
            .bytes("digest").optional, .integer("nv").optional, .integer("v").optional,
        ])

    package var row: [StoredValue] {
        [
            .word(card), .aid(aid), .count(Int(lifeCycle)), .optional(version), .aids(modules), .aid(domain),
            .optional(digest),
        ] + StoredValue.room(measured)
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            card: try row.identifier(), aid: try row.aid(), lifeCycle: try row.byte(),
            version: try row.optionalBytes(), modules: try row.aids(max: Bounds.modulesPerLoadFileMax),
            domain: try row.optionalAID(), digest: try row.optionalBytes(), measured: try row.optionalRoom())
    }
}
