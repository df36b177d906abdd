package import CardCrypto
package import SmartCard

/// What a card answers to a delegated operation: its receipt, and what the receipt is bound to
/// (GPCS 2.3.1 §11.1.6).
package struct CardConfirmation: Hashable, Sendable {
    package let receipt: [UInt8]
    package let counter: UInt16
    /// `42` and `45` of the domain that made the receipt, one after the other.
    package let domainUniqueData: [UInt8]
    package let tokenIdentifier: [UInt8]?
    package let tokenDataDigest: [UInt8]?
    /// The confirmation data as they stand in the answer; the receipt signs them.
    package let signedData: [UInt8]

    /// Reads the data of an answer: `nil` where the card confirms nothing (no data, or one byte `00`).
    ///
    /// Some cards put the length of the whole in front; that is understood as well.
    package static func read(_ data: [UInt8]) throws(ConfirmationError) -> CardConfirmation? {
        if data.isEmpty || data == [0x00] { return nil }
        do {
            return try CardConfirmation(data[...])
        } catch {
            var rest = data[...]
            guard let length = try? BERTLV.readLength(&rest), length == rest.count else { throw error }
            return try CardConfirmation(rest)
        }
    }

    private init(_ data: ArraySlice<UInt8>) throws(ConfirmationError) {
        var rest = data
        receipt = try Self.readValue(&rest, isBER: true)
        guard !receipt.isEmpty else { throw .receiptMissing }
        signedData = Array(rest)
        let counter = try Self.readValue(&rest, isBER: false)
        guard counter.count == 2 else { throw .counterLength(counter.count) }
        self.counter = UInt16(bigEndianBytes: counter)
        domainUniqueData = try Self.readValue(&rest, isBER: false)
        tokenIdentifier = rest.isEmpty ? nil : try Self.readValue(&rest, isBER: false)
        tokenDataDigest = rest.isEmpty ? nil : try Self.readValue(&rest, isBER: false)
        guard rest.isEmpty else { throw .trailingBytes(rest.count) }
    }

    /// Only the receipt's length is coded by BER.
    private static func readValue(
        _ rest: inout ArraySlice<UInt8>, isBER: Bool
    ) throws(ConfirmationError) -> [UInt8] {
        let length: Int
        if isBER {
            do { length = try BERTLV.readLength(&rest) } catch { throw .truncated }
        } else {
            guard let byte = rest.popFirst() else { throw .truncated }
            length = Int(byte)
        }
        guard length <= rest.count else { throw .truncated }
        defer { rest = rest.dropFirst(length) }
        return Array(rest.prefix(length))
    }

    /// Whether the card's key made the receipt for exactly this operation.
    package func proves(
        _ operation: ReceiptSubject, with key: ContentVerificationKey
    ) throws(CryptoError) -> Bool {
        try key.verifies(receipt, of: signedData + operation.signedFields)
    }
}

/// Why an answer is no confirmation.
package enum ConfirmationError: Error, Hashable {
    case truncated
    case receiptMissing
    case counterLength(Int)
    case trailingBytes(Int)
}

/// What a receipt says was done (GPCS 2.3.1 §C.5).
package enum ReceiptSubject: Hashable, Sendable {
    case load(loadFile: AID, domain: AID)
    /// INSTALL [for install], [for make selectable] and both in one.
    case install(loadFile: AID, instance: AID)
    case extradition(from: AID, AID, to: AID)
    case registryUpdate(from: AID?, AID?, to: AID?, privileges: [UInt8], parameters: [UInt8])
    /// Of a load file and its applications together only the load file is named.
    case delete(AID)
    case combined(loadFile: AID, instance: AID, domain: AID)

    /// What stands behind the confirmation data in the signed message.
    package var signedFields: [UInt8] {
        switch self {
        case .load(let loadFile, let domain): Self.fields(loadFile, domain)
        case .install(let loadFile, let instance): Self.fields(loadFile, instance)
        case .extradition(let old, let object, let new): Self.fields(old, object, new)
        case .registryUpdate(let old, let application, let new, let privileges, let parameters):
            Self.fields(old, application, new) + [UInt8(truncatingIfNeeded: privileges.count)] + privileges
                + BERTLV.encodeLength(parameters.count) + parameters
        case .delete(let object): Self.fields(object)
        case .combined(let loadFile, let instance, let domain): Self.fields(loadFile, instance, domain)
        }
    }

    private static func fields(_ aids: AID?...) -> [UInt8] {
        aids.flatMap { aid in [UInt8(aid?.bytes.count ?? 0)] + (aid?.bytes ?? []) }
    }
}
