/// META-INF/MANIFEST.MF, as far as it tells a person something: attributes of all sections in one table.
package struct CAPManifest: Hashable, Sendable {
    package let attributes: [String: String]

    package subscript(name: String) -> String? { attributes[name] }

    /// For example `2.2` or `2.3`.
    package var formatText: String? { attributes["Java-Card-CAP-File-Version"] }
    package var converter: String? { attributes["Java-Card-Converter-Provider"] }
    package var converterVersion: String? { attributes["Java-Card-Converter-Version"] }
    package var creationTime: String? { attributes["Java-Card-CAP-Creation-Time"] }
    package var packageName: String? {
        attributes["Java-Card-Package-Name"] ?? attributes["Java-Card-CAP-Name"]
    }

    /// Lines beyond this are not read: a manifest has a few dozen.
    private static let linesMax = 2048

    /// Reads what it can; a manifest is a comment on the components and never decides whether a file is valid.
    package init(_ bytes: some Collection<UInt8>) {
        var attributes: [String: String] = [:]
        var name: String?
        var value: [UInt8] = []
        func finish() {
            if let name { attributes[name] = String(decoding: value, as: UTF8.self) }
            name = nil
        }
        let lines = bytes.split(maxSplits: Self.linesMax) { $0 == 0x0A || $0 == 0x0D }
        for line in lines.prefix(Self.linesMax) {
            // A line that begins with a space goes on with the value before it (JAR file specification).
            if line.first == UInt8(ascii: " ") {
                value += line.dropFirst()
                continue
            }
            finish()
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            name = String(decoding: line[..<colon], as: UTF8.self)
            value = Array(line[line.index(after: colon)...].drop { $0 == UInt8(ascii: " ") })
        }
        finish()
        self.attributes = attributes
    }

    /// The class names of applets by AID in hex, from `…Java-Card-Applet-<n>-AID` and `…-Name`.
    var appletNames: [String: String] {
        var names: [String: String] = [:]
        for (key, value) in attributes where key.hasSuffix("-AID") && key.contains("Java-Card-Applet-") {
            guard let name = attributes[key.dropLast(4) + "-Name"] else { continue }
            names[Self.hex(value)] = name
        }
        return names
    }

    /// `0xa0:0x00:…` and `A0:00:…` in the way AIDs print.
    private static func hex(_ text: String) -> String {
        text.split(separator: ":").map { part in
            part.hasPrefix("0x") || part.hasPrefix("0X") ? part.dropFirst(2) : part
        }.joined().uppercased()
    }
}
