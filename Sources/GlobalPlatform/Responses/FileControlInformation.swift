package import SmartCard

/// What SELECT answers (GPCS 2.3.1 §11.9.3.1, table 11-82).
package struct FileControlInformation: Hashable, Sendable {
    /// The name the card answers; some cards give a wrong one, so it is shown and never trusted.
    package var name: [UInt8]?
    /// `9F65`: the most data bytes one command may carry.
    package var commandBytesMax: Int?
    /// `9F6E`: production life cycle data, in a form of the maker's own.
    package var productionData: [UInt8]?
    package var recognition: RecognitionData?

    package init(_ answer: [UInt8]) throws(TLVError) {
        let objects = try BERTLV.readOne(answer).children()
        name = objects.first(.dedicatedFileName).map { Array($0.value) }
        let proprietary = try objects.first(.proprietaryData)?.children() ?? []
        commandBytesMax = proprietary.first(0x9F65).map { Int(bigEndianBytes: $0.value.suffix(2)) }
        productionData = proprietary.first(0x9F6E).map { Array($0.value) }
        recognition = try proprietary.first(.cardRecognitionData).map { object throws(TLVError) in
            try RecognitionData(object.encoded)
        }
    }
}

/// Card production life cycle data (GET DATA `9F7F`), 42 bytes: who made the card, and its serial.
package struct CardProductionLifeCycle: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        package let name: String
        package let bytes: [UInt8]
    }

    package let bytes: [UInt8]

    package init?(_ answer: [UInt8]) {
        var value = answer[...]
        if value.starts(with: [0x9F, 0x7F]) {
            guard let object = try? BERTLV.readOne(answer) else { return nil }
            value = object.value
        }
        guard value.count >= 42 else { return nil }
        bytes = Array(value.prefix(42))
    }

    /// The fields in their order, with their sizes in bytes.
    private static let layout: [(name: String, size: Int)] = [
        ("ICFabricator", 2), ("ICType", 2), ("OperatingSystemID", 2), ("OperatingSystemReleaseDate", 2),
        ("OperatingSystemReleaseLevel", 2), ("ICFabricationDate", 2), ("ICSerialNumber", 4),
        ("ICBatchIdentifier", 2), ("ICModuleFabricator", 2), ("ICModulePackagingDate", 2),
        ("ICCManufacturer", 2),
        ("ICEmbeddingDate", 2), ("ICPrePersonalizer", 2), ("ICPrePersonalizationEquipmentDate", 2),
        ("ICPrePersonalizationEquipmentID", 4), ("ICPersonalizer", 2), ("ICPersonalizationDate", 2),
        ("ICPersonalizationEquipmentID", 4),
    ]

    package var fields: [Field] {
        var offset = 0
        return Self.layout.map { name, size in
            defer { offset += size }
            return Field(name: name, bytes: Array(bytes[offset..<offset + size]))
        }
    }

    /// Fabricator, type, fabrication date, serial number and batch: together they name one chip.
    package var serial: [UInt8] { Array(bytes[0..<4] + bytes[10..<18]) }
}
