package import SmartCard

/// The key information template (GPCS 2.3.1 §11.3.3.1.1), in the basic or the extended form.
package enum KeyTemplate {
    /// A card with more keys than this is not believed.
    package static let keyCountMax = 128

    /// Reads the answer to GET DATA `E0`.
    package static func read(_ answer: [UInt8]) throws(TLVError) -> [KeyInformation] {
        let template = try BERTLV.readOne(answer)
        let objects = template.tag == .keyInformationTemplate ? try template.children() : [template]
        var keys: [KeyInformation] = []
        // Some cards fill the template with empty objects.
        for object in objects where object.tag == .keyInformation && !object.value.isEmpty {
            guard keys.count < keyCountMax else { throw .lengthTooLong(at: object.value.startIndex) }
            keys.append(try key(object.value))
        }
        return keys
    }

    private static func key(_ value: ArraySlice<UInt8>) throws(TLVError) -> KeyInformation {
        guard value.count >= 2, let identifier = value.first else { throw .truncated(at: value.endIndex) }
        let version = value[value.startIndex + 1]
        var rest = value.dropFirst(2)
        let components =
            rest.first == KeyType.extended.rawValue ? try extended(&rest) : try basic(&rest)
        return KeyInformation(identifier: identifier, version: version, components: components)
    }

    private static func basic(_ rest: inout ArraySlice<UInt8>) throws(TLVError) -> [KeyInformation.Component]
    {
        var components: [KeyInformation.Component] = []
        while let type = rest.popFirst() {
            guard let length = rest.popFirst() else { throw .truncated(at: rest.endIndex) }
            // Zero stands for 256 bytes or more.
            components.append(
                .init(type: KeyType(rawValue: type), byteCount: length == 0 ? 256 : Int(length)))
        }
        return components
    }

    private static func extended(_ rest: inout ArraySlice<UInt8>) throws(TLVError) -> [KeyInformation
        .Component]
    {
        var components: [KeyInformation.Component] = []
        // The usage and access that end the structure have lengths of 0 or 1, never FF.
        while rest.first == KeyType.extended.rawValue {
            guard rest.count >= 4 else { throw .truncated(at: rest.endIndex) }
            let type = rest[rest.startIndex + 1]
            let length = Int(bigEndianBytes: rest.dropFirst(2).prefix(2))
            components.append(.init(type: KeyType(rawValue: type), byteCount: length))
            rest = rest.dropFirst(4)
        }
        return components
    }
}
