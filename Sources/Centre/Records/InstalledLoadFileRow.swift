internal import SmartCard

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
