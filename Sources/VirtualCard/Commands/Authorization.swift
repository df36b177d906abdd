internal import GlobalPlatform
internal import SmartCard

/// A function that `D9` can disable (GPCS 2.3.1 table 11-53).
enum ContentFunction: UInt8 {
    case delete = 0x01
    case load = 0x02
    case install = 0x04
    case makeSelectable = 0x08
    case extradition = 0x10
    case personalization = 0x20
    case registryUpdate = 0x40
}

/// Who may manage content, with which token, and what proof they get (GPCS 2.3.1 §9.1.3, §9.2.3, C.4, C.5).
extension VirtualCard {
    /// What every content management command checks first.
    func checkMayManage(_ domain: ApplicationEntry, _ functions: [ContentFunction]) throws(Refusal) {
        let mayManage =
            domain.privileges.has(.authorizedManagement) || domain.privileges.has(.delegatedManagement)
        guard mayManage, isOperational(domain) else { throw .conditionsNotSatisfied }
        try checkNotRestricted(domain, functions)
    }

    func checkNotRestricted(
        _ domain: ApplicationEntry, _ functions: [ContentFunction]
    ) throws(Refusal) {
        let restrictions = state.card.restrictions | (state.domains[domain.aid]?.restrictions ?? 0)
        guard functions.allSatisfy({ restrictions & $0.rawValue == 0 }) else { throw .conditionsNotSatisfied }
    }

    /// A domain offers its services once it is PERSONALIZED; the issuer domain always does (§5.3.2).
    func isOperational(_ domain: ApplicationEntry) -> Bool {
        domain.isIssuerDomain || domain.lifeCycle == .personalized
    }

    /// Delegated management needs a token; otherwise one must not be there (§11.5.2.3).
    func checkToken(
        _ token: [UInt8], over message: [UInt8], by domain: ApplicationEntry
    ) throws(Refusal) {
        guard domain.isDelegated else {
            guard token.isEmpty else { throw .incorrectData }
            return
        }
        guard !token.isEmpty, let verifier = state.authority(.tokenVerification, over: domain.aid),
            isOperational(verifier),
            let keys = state.domains[verifier.aid]?.keySets, environment.authority.hasTokenKey(keys)
        else { throw .conditionsNotSatisfied }
        guard environment.authority.verifyToken(token, over: message, keySets: keys) else {
            throw .securityStatusNotSatisfied
        }
    }

    /// The data of an answer: `00`, or the confirmation of a delegated operation (table 11-13).
    func confirmation(
        for domain: ApplicationEntry, tokenIdentifier: [UInt8], _ specifics: [UInt8]
    ) throws(Refusal) -> [UInt8] {
        guard domain.isDelegated || environment.authority.confirmsIssuer,
            let issuer = state.authority(.receiptGeneration, over: domain.aid),
            var data = state.domains[issuer.aid]
        else { return [0x00] }
        // The counter ends at its greatest value; without a new number there is no proof, so nothing is done.
        guard data.confirmationCounter < .max else { throw .conditionsNotSatisfied }
        let unique =
            (data.value(.issuerIdentificationNumber) ?? []) + (data.value(.cardImageNumber) ?? [])
        var evidence = [0x02] + data.confirmationCounter.bigEndianBytes
        evidence += [UInt8(unique.count)] + unique
        if !tokenIdentifier.isEmpty { evidence += [UInt8(tokenIdentifier.count)] + tokenIdentifier }
        guard
            let receipt = environment.authority.receipt(
                over: evidence + specifics, keySets: data.keySets, entropy: entropy)
        else { return [0x00] }
        data.confirmationCounter += 1
        state.domains[issuer.aid] = data
        let body = BERTLV.encodeLength(receipt.count) + receipt + evidence
        return BERTLV.encodeLength(body.count) + body
    }
}

extension ApplicationEntry {
    var isDelegated: Bool { privileges.has(.delegatedManagement) }
}

extension AID {
    /// The AID with its length before it.
    var counted: [UInt8] { [UInt8(bytes.count)] + bytes }
}
