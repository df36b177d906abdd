package import CardCrypto
internal import SmartCard

/// How an issuer derives the keys of one card from a master key and the card's ten bytes of key diversification
/// data.
package enum Diversification: Hashable, Sendable {
    /// The keys are used as they are.
    case none
    /// Two bytes of the security domain's AID and the chip's serial number; 3DES.
    case visa2
    /// The six last bytes of KEYDATA; 3DES (EMV Card Personalization Specification 1.1).
    case emvCPS11
    /// NIST SP 800-108 in counter mode over all ten bytes; AES-CMAC.
    case kdf3
    case template(DiversificationTemplate)

    /// Which of the three keys is derived; the raw value goes into the derivation data.
    package enum Purpose: UInt8, CaseIterable, Hashable, Sendable {
        case encryption = 1
        case mac = 2
        case dataEncryption = 3
    }

    /// The schemes that have a name on the command line.
    package static let named: [(name: String, scheme: Diversification)] = [
        ("none", .none), ("visa2", .visa2), ("emv", .emvCPS11), ("emvcps11", .emvCPS11), ("kdf3", .kdf3),
    ]

    /// Reads a scheme's name or a template.
    package init(parsing text: String) throws(DiversificationError) {
        if let named = Self.named.first(where: { $0.name == text.lowercased() }) {
            self = named.scheme
        } else {
            self = .template(try DiversificationTemplate(parsing: text))
        }
    }

    package func derive(
        from master: Secret, _ purpose: Purpose, algorithm: CardKeys.Algorithm, data: [UInt8]
    ) throws(DiversificationError) -> Secret {
        guard let template else { return master }
        do {
            return try template.derive(from: master, purpose, algorithm: algorithm, data: data)
        } catch let error as CryptoError {
            throw .crypto(error)
        } catch let error as DiversificationError {
            throw error
        } catch {
            preconditionFailure("only the two kinds of errors above are thrown")
        }
    }

    /// What of the card's data makes a difference to its keys, in order; nothing where all cards have the same.
    package func taken(of data: [UInt8]) -> [UInt8] { template?.taken(of: data) ?? [] }

    private var template: DiversificationTemplate? {
        switch self {
        case .none: nil
        case .visa2: .visa2
        case .emvCPS11: .emvCPS11
        case .kdf3: .kdf3
        case .template(let template): template
        }
    }
}

/// Derivation data with holes: hex bytes, `$0`...`$9` for the card's diversification data, `$k` for the purpose,
/// `$_` for the counter of the AES scheme, `$l$l` for the length in bits.
package struct DiversificationTemplate: Hashable, Sendable {
    private enum Element: Hashable {
        case literal(UInt8)
        case data(index: Int)
        case purpose
        case counter
        case bitLength
    }

    /// No derivation data is longer than four blocks; more is a mistake.
    private static let elementsMax = 64
    private let elements: [Element]

    package init(parsing text: String) throws(DiversificationError) {
        var rest = Substring(text.lowercased().filter { $0 != " " })
        var elements: [Element] = []
        while !rest.isEmpty {
            elements.append(try Self.readElement(&rest))
            guard elements.count <= Self.elementsMax else { throw .templateTooLong }
        }
        guard !elements.isEmpty else { throw .malformedTemplate("") }
        guard elements.count(where: { $0 == .counter }) <= 1 else { throw .malformedTemplate("$_") }
        self.elements = elements
    }

    private init(_ elements: [Element]) { self.elements = elements }

    private static func readElement(_ rest: inout Substring) throws(DiversificationError) -> Element {
        if rest.hasPrefix("0x") { rest.removeFirst(2) }
        let token = rest.prefix(2)
        rest.removeFirst(token.count)
        switch token {
        case "$k": return .purpose
        case "$_": return .counter
        case "$l":
            guard rest.hasPrefix("$l") else { throw .malformedTemplate("$l") }
            rest.removeFirst(2)
            return .bitLength
        default: break
        }
        if token.hasPrefix("$"), let index = token.dropFirst().first?.wholeNumberValue {
            return .data(index: index)
        }
        guard let byte = try? Hex.decode(token).first else { throw .malformedTemplate(String(token)) }
        return .literal(byte)
    }
}

extension DiversificationTemplate {
    static let visa2 = halves([0, 1, 4, 5, 6, 7])
    static let emvCPS11 = halves([4, 5, 6, 7, 8, 9])
    static let kdf3 = DiversificationTemplate(
        [.counter, .literal(0), .literal(0), .literal(0), .purpose, .literal(0)]
            + (0..<10).map { .data(index: $0) })

    /// The same bytes twice: marked F0 for the left half of the key and 0F for the right.
    private static func halves(_ indices: [Int]) -> DiversificationTemplate {
        let bytes = indices.map { Element.data(index: $0) }
        return DiversificationTemplate(
            bytes + [.literal(0xF0), .purpose] + bytes + [.literal(0x0F), .purpose])
    }

    fileprivate func taken(of data: [UInt8]) -> [UInt8] {
        elements.compactMap { element in
            guard case .data(let index) = element, data.indices.contains(index) else { return nil }
            return data[index]
        }
    }

    fileprivate func derive(
        from master: Secret, _ purpose: Diversification.Purpose, algorithm: CardKeys.Algorithm, data: [UInt8]
    ) throws -> Secret {
        let parts = elements.split(separator: .counter, omittingEmptySubsequences: false)
        switch algorithm {
        case .tripleDES:
            guard parts.count == 1 else { throw DiversificationError.counterWithTripleDES }
            let plain = try expand(parts[0], purpose, data, keyBytes: master.count)
            guard plain.count == 16 else { throw DiversificationError.derivationDataLength(plain.count) }
            var key = try Cipher(.tripleDES, key: master).encryptECB(plain)
            return Secret(erasing: &key)
        case .aes:
            guard parts.count == 2 else { throw DiversificationError.counterMissing }
            return CounterKDF(try CMAC(aes: master)).derive(
                before: try expand(parts[0], purpose, data, keyBytes: master.count),
                after: try expand(parts[1], purpose, data, keyBytes: master.count),
                byteCount: master.count)
        }
    }

    private func expand(
        _ part: ArraySlice<Element>, _ purpose: Diversification.Purpose, _ data: [UInt8], keyBytes: Int
    ) throws(DiversificationError) -> [UInt8] {
        var bytes: [UInt8] = []
        for element in part {
            switch element {
            case .literal(let byte): bytes.append(byte)
            case .data(let index):
                guard data.indices.contains(index) else { throw .diversificationDataTooShort(data.count) }
                bytes.append(data[index])
            case .purpose: bytes.append(purpose.rawValue)
            case .bitLength: bytes += UInt16(keyBytes * 8).bigEndianBytes
            case .counter: preconditionFailure("the parts are split at the counter")
            }
        }
        return bytes
    }
}

/// Why card keys cannot be derived.
package enum DiversificationError: Error, Hashable {
    case malformedTemplate(String)
    case templateTooLong
    case diversificationDataTooShort(Int)
    /// Two-key 3DES wants sixteen bytes.
    case derivationDataLength(Int)
    /// The scheme belongs to AES keys, the card speaks SCP02.
    case counterWithTripleDES
    /// The scheme belongs to 3DES keys, the card speaks SCP03.
    case counterMissing
    case crypto(CryptoError)
}
