/// What a card shows about how its keys were derived. Nothing here tries a key: a wrong one is counted.
///
/// Evidence is only what the issuer wrote on the card on purpose, or bytes that stand in the place a scheme gives
/// them and come from elsewhere on the card:
/// - KEYDATA (GET DATA `CF`) equal to the diversification data: EMV CPS 1.1 defines that object for that use.
/// - The last two bytes of the security domain's AID, and the IC serial number of the CPLC at bytes 4 to 7: VISA2.
/// - The IC serial number of the CPLC at bytes 6 to 9, where EMV CPS 1.1 puts the chip's serial number.
/// - Diversification data that are all zeros or all ones, as on test cards: nothing to derive from.
package struct DiversificationEvidence: Hashable, Sendable {
    /// Ten bytes of the answer to INITIALIZE UPDATE.
    package var diversificationData: [UInt8]
    package var algorithm: CardKeys.Algorithm
    package var securityDomain: [UInt8]?
    /// The value of `9F7F`, without its tag and length.
    package var productionLifeCycle: [UInt8]?
    /// The value of `CF`.
    package var keyData: [UInt8]?

    package init(
        diversificationData: [UInt8], algorithm: CardKeys.Algorithm, securityDomain: [UInt8]? = nil,
        productionLifeCycle: [UInt8]? = nil, keyData: [UInt8]? = nil
    ) {
        self.diversificationData = diversificationData
        self.algorithm = algorithm
        self.securityDomain = securityDomain
        self.productionLifeCycle = productionLifeCycle
        self.keyData = keyData
    }

    package enum Reason: Hashable, Sendable {
        case keyDataObject
        case domainAndSerialNumber
        case serialNumber
        case constantData
    }

    package enum Conclusion: Hashable, Sendable {
        case scheme(Diversification, because: Reason)
        /// Nothing on the card speaks for one scheme alone: somebody must name it.
        case undecided
    }

    package var conclusion: Conclusion {
        guard diversificationData.count == 10, let first = diversificationData.first else {
            return .undecided
        }
        if [0x00, 0xFF].contains(first), diversificationData.allSatisfy({ $0 == first }) {
            return .scheme(.none, because: .constantData)
        }
        // The schemes below are defined for 3DES; for AES keys no public scheme leaves a mark on the card.
        guard algorithm == .tripleDES else { return .undecided }
        let candidates = [emv, visa2].compactMap { $0 }
        guard let only = candidates.first, candidates.count == 1 else { return .undecided }
        return only
    }

    private var emv: Conclusion? {
        if let keyData, keyData == diversificationData {
            return .scheme(.emvCPS11, because: .keyDataObject)
        }
        guard let serialNumber, Array(diversificationData[6...]) == serialNumber else { return nil }
        return .scheme(.emvCPS11, because: .serialNumber)
    }

    private var visa2: Conclusion? {
        guard let serialNumber, Array(diversificationData[4..<8]) == serialNumber,
            let securityDomain, securityDomain.count >= 5,
            Array(diversificationData[..<2]) == Array(securityDomain.suffix(2))
        else { return nil }
        return .scheme(.visa2, because: .domainAndSerialNumber)
    }

    /// Bytes 12 to 15 of the CPLC; a number of zeros or ones alone identifies nothing.
    private var serialNumber: [UInt8]? {
        guard let productionLifeCycle, productionLifeCycle.count >= 16 else { return nil }
        let number = Array(productionLifeCycle[12..<16])
        guard let first = number.first, !number.allSatisfy({ $0 == first }) else { return nil }
        return number
    }
}
