internal import GlobalPlatform
internal import SmartCard

/// Which token stands behind an operation, as the control reference template `B6` tells it (GPCS 2.3.1 tables 11-23
/// and 11-53).
package struct TokenReference: Hashable, Sendable {
    /// `42` and `45` of the domain that verifies tokens.
    package var issuerIdentification: [UInt8]?
    package var imageNumber: [UInt8]?
    /// `5F20`.
    package var applicationProvider: [UInt8]?
    /// `93`: comes back in the receipt.
    package var tokenIdentifier: [UInt8]?

    package init(
        issuerIdentification: [UInt8]? = nil, imageNumber: [UInt8]? = nil,
        applicationProvider: [UInt8]? = nil, tokenIdentifier: [UInt8]? = nil
    ) {
        self.issuerIdentification = issuerIdentification
        self.imageNumber = imageNumber
        self.applicationProvider = applicationProvider
        self.tokenIdentifier = tokenIdentifier
    }

    package var encoded: [UInt8] {
        let parts: [(BERTag, [UInt8]?)] = [
            (.issuerIdentificationNumber, issuerIdentification), (.cardImageNumber, imageNumber),
            (0x5F20, applicationProvider), (0x93, tokenIdentifier),
        ]
        let inner = parts.flatMap { tag, value in value.map { BERTLV.encode(tag, $0) } ?? [] }
        return inner.isEmpty ? [] : BERTLV.encode(0xB6, inner)
    }
}
