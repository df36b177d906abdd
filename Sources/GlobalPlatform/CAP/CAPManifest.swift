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
    package init(_ bytes: some Sequence<UInt8>) {
        var attributes: [String: String] = [:]
        var current: (name: String, value: String)?
        let text = String(decoding: Array(bytes), as: UTF8.self)
        for line in text.split(maxSplits: Self.linesMax, whereSeparator: \.isNewline).prefix(Self.linesMax) {
            // A line that begins with a space goes on with the value before it (JAR file specification).
            if line.first == " " {
                current?.value += line.dropFirst()
                continue
            }
            if let (name, value) = current { attributes[name] = value }
            current = nil
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            current = (String(line[..<colon]), String(value))
        }
        if let (name, value) = current { attributes[name] = value }
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
