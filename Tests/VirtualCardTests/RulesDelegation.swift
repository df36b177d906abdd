import CardCrypto
import SmartCard

/// Tokens, receipts, DAP, ciphered load files (GPCS 2.3.1 §9.2, annex C), with the card's own cryptography.
extension Rules {
    private static let tokenKey = [UInt8](0x70...0x7F)
    private static let receiptKey = [UInt8](0x90...0x9F)
    private static let dapKey = [UInt8](0xB0...0xBF)
    private static let cipherKey = [UInt8](0xD0...0xDF)
    private static let hash = RulesFiles.hash(RulesFiles.applets)
    private static let file = RulesFiles.file(RulesFiles.applets)

    private static func cmac(_ key: [UInt8], _ message: String) -> String {
        (try? CMAC(aes: Secret(key)).mac(RulesBytes.decode(message)).hex) ?? ""
    }

    /// INSTALL with the token over P1, P2, length and fields (§C.4); `flip` spoils it.
    private static func signed(_ p1: String, _ fields: [String], p2: String = "00", flip: Bool = false) -> Act
    {
        let body = fields.map { RulesBytes.counted($0) }.joined()
        var token = cmac(tokenKey, p1 + p2 + RulesBytes.counted(body))
        if flip { token = String(token.dropLast()) + (token.hasSuffix("0") ? "1" : "0") }
        return .send("80E6" + p1 + p2, body + RulesBytes.counted(token))
    }

    private static func signedDelete(_ aid: String, flip: Bool = false) -> Act {
        let body = RulesBytes.tlv("4F", aid)
        var token = cmac(tokenKey, "0000" + RulesBytes.counted(body))
        if flip { token = String(token.reversed()) }
        return .send("80E40000", body + RulesBytes.tlv("9E", token))
    }

    private static let loadFields = [RulesNames.package, "", hash, ""]
    private static let installFields = [
        RulesNames.package, RulesNames.module, RulesNames.first, "00", "C900",
    ]

    private static let issuerWithToken =
        Act.issuer + [.putKeys(version: 0x70, identifier: 1, values: [tokenKey])]
    private static let issuerWithBoth =
        issuerWithToken + [.putKeys(version: 0x71, identifier: 1, values: [receiptKey])]
    private static let delegate = issuerWithBoth + Act.ownDomain(privileges: "A08000")
    private static let delegateLoaded = delegate + [signed("02", loadFields), .load(file)]
    private static let withoutReceipts = issuerWithToken + Act.ownDomain(privileges: "A08000")

    /// The confirmation of table 11-13: the receipt is the MAC of the receipt key over what follows it and the data of
    /// the operation (§C.5); the identification data are those of seed 1.
    private static func confirmed(_ counter: String, _ specifics: [String]) -> String {
        let serial = SeededEntropy(seed: [1]).bytes(6).hex
        let evidence = "02" + counter + RulesBytes.counted("42455254480F" + serial)
        let receipt = cmac(receiptKey, evidence + specifics.map { RulesBytes.counted($0) }.joined())
        return RulesBytes.counted(RulesBytes.counted(receipt) + evidence) + "9000"
    }

    static let delegation: [Rule] = tokens + receipts + dap + ciphered

    private static let tokens: [Rule] = [
        Rule("§C.4.1", "a load token", delegate, signed("02", loadFields), "009000"),
        Rule("§C.4.1", "a wrong load token", delegate, signed("02", loadFields, flip: true), "6982"),
        Rule("§9.2.3", "no load token", delegate, .forLoad(RulesNames.package, hash: hash), "6985"),
        Rule(
            "§C.4.1", "a token for another P1", delegate,
            .send(
                "80E60200",
                loadFields.map { RulesBytes.counted($0) }.joined()
                    + RulesBytes.counted(
                        cmac(
                            tokenKey,
                            "0400"
                                + RulesBytes.counted(
                                    loadFields.map { RulesBytes.counted($0) }.joined())))), "6982"),
        Rule(
            "§11.5.2.3.1", "a token without a hash", delegate,
            signed("02", [RulesNames.package, "", "", ""]), "6985"),
        Rule(
            "§9.2.3", "a token where the card has no key",
            Act.issuer + Act.ownDomain(privileges: "A08000"), signed("02", loadFields), "6985"),
        Rule(
            "§9.3.5", "another file than the token's hash", delegate + [signed("02", loadFields)],
            .load(
                RulesFiles.file(
                    SampleCAP.block(
                        RulesNames.package, applets: [RulesNames.module], imports: [], methodBytes: 8))),
            "6A80"),
        Rule("§C.4.2", "an install token", delegateLoaded, signed("0C", installFields), "*9000"),
        Rule(
            "§C.4.2", "a wrong install token", delegateLoaded, signed("0C", installFields, flip: true), "6982"
        ),
        Rule("§C.4.2", "no install token", delegateLoaded, .forInstall(RulesNames.first), "6985"),
        Rule(
            "§C.4.3", "a make selectable token",
            delegateLoaded + [signed("04", installFields)],
            signed("08", ["", "", RulesNames.first, "00", ""]),
            "*9000"),
        Rule(
            "§C.4.3", "a wrong make selectable token", delegateLoaded + [signed("04", installFields)],
            signed("08", ["", "", RulesNames.first, "00", ""], flip: true), "6982"),
        Rule(
            "§C.4.4", "an extradition token", delegateLoaded + [signed("0C", installFields)],
            signed("10", [RulesNames.issuer, "", RulesNames.first, "", ""]), "*9000"),
        Rule(
            "§C.4.4", "a wrong extradition token", delegateLoaded + [signed("0C", installFields)],
            signed("10", [RulesNames.issuer, "", RulesNames.first, "", ""], flip: true), "6982"),
        Rule(
            "§C.4.5", "a registry update token", delegateLoaded + [signed("0C", installFields)],
            signed("40", ["", "", RulesNames.first, "020000", ""]), "*9000"),
        Rule(
            "§C.4.5", "a wrong registry update token", delegateLoaded + [signed("0C", installFields)],
            signed("40", ["", "", RulesNames.first, "020000", ""], flip: true), "6982"),
        Rule("§C.4.6", "a delete token", delegateLoaded, signedDelete(RulesNames.package), "*9000"),
        Rule(
            "§C.4.6", "a wrong delete token", delegateLoaded, signedDelete(RulesNames.package, flip: true),
            "6982"),
        Rule("§C.4.6", "no delete token", delegateLoaded, .delete(RulesNames.package), "6985"),
        Rule(
            "§9.1.3.3", "what another domain has, in spite of a token",
            delegateLoaded + Act.issuer
                + Act.loading(RulesNames.library, RulesFiles.library) + Act.on(),
            signedDelete(RulesNames.library), "6985"),
        Rule(
            "§9.2.3", "a token given to one that needs none", issuerWithToken, signed("02", loadFields),
            "6A80"),
    ]

    private static let receipts: [Rule] = [
        Rule(
            "§C.5.1", "a load receipt, counter 0",
            delegate + [signed("02", loadFields)], .load(file),
            confirmed("0000", [RulesNames.package, RulesNames.domain])),
        Rule(
            "§C.5.2", "an install receipt, counter 1", delegateLoaded, signed("0C", installFields),
            confirmed("0001", [RulesNames.package, RulesNames.first])),
        Rule(
            "§C.5.5", "a delete receipt, counter 1", delegateLoaded, signedDelete(RulesNames.package),
            confirmed("0001", [RulesNames.package])),
        Rule(
            "§C.5.3", "an extradition receipt, counter 2", delegateLoaded + [signed("0C", installFields)],
            signed("10", [RulesNames.issuer, "", RulesNames.first, "", ""]),
            confirmed("0002", [RulesNames.domain, RulesNames.first, RulesNames.issuer])),
        Rule(
            "§9.1.3.6", "a refused command does not count", delegateLoaded,
            disregarding: [signed("0C", installFields, flip: true)], signed("0C", installFields),
            confirmed("0001", [RulesNames.package, RulesNames.first])),
        Rule(
            "§9.1.3.6", "the counter outlives a reset", delegateLoaded + [.reset] + Act.on(),
            signed("0C", installFields), confirmed("0001", [RulesNames.package, RulesNames.first])),
        Rule(
            "§9.1.3.6", "without a receipt key there is no receipt",
            withoutReceipts + [signed("02", loadFields)],
            .load(file), "009000"),
        Rule(
            "§9.1.3.6", "the issuer domain gets none",
            issuerWithBoth + [.forLoad(RulesNames.package, hash: hash)],
            .load(file), "009000"),
    ]

    // MARK: DAP

    private static func block(_ aid: String, _ signature: String) -> [UInt8] {
        RulesBytes.decode(
            RulesBytes.tlv("E2", RulesBytes.tlv("4F", aid) + RulesBytes.tlv("C3", signature))) + file
    }
    private static let right = block(RulesNames.domain, cmac(dapKey, hash))
    private static func verifier(_ privileges: String, withKey: Bool = true) -> [Act] {
        Act.issuer + Act.ownDomain(privileges: privileges)
            + (withKey ? [.putKeys(version: 0x73, identifier: 1, values: [dapKey])] : [])
    }
    private static let mandated =
        verifier("C18000") + Act.issuer + [.forLoad(RulesNames.package, hash: hash)]
    private static let owner =
        verifier("C08000") + Act.issuer
        + [.forLoad(RulesNames.package, domain: RulesNames.domain, hash: hash)]

    private static let dap: [Rule] = [
        Rule("§9.2.1", "mandated DAP: a right one", mandated, .load(right), "009000"),
        Rule("§9.2.1", "mandated DAP: none", mandated, .load(file), "6985"),
        Rule(
            "§9.2.1", "mandated DAP: a wrong one", mandated,
            .load(block(RulesNames.domain, cmac(dapKey, hash + "00"))), "6982"),
        Rule(
            "§9.2.1", "mandated DAP: one of another domain", mandated,
            .load(block(RulesNames.issuer, cmac(dapKey, hash))), "6985"),
        Rule(
            "§9.2.1", "mandated DAP of a domain that is only SELECTABLE asks for nothing",
            Act.issuer + [.domain(RulesNames.domain, privileges: "C10000"), .forLoad(RulesNames.package)],
            .load(file), "009000"),
        Rule(
            "§9.2.1", "mandated DAP without a key",
            verifier("C18000", withKey: false) + Act.issuer + [
                .forLoad(RulesNames.package, hash: hash)
            ], .load(right), "6982"),
        Rule("§9.2.1", "DAP for the domain that gets the load file", owner, .load(right), "009000"),
        Rule("§9.2.1", "without one", owner, .load(file), "6985"),
        Rule(
            "§9.2.1", "DAP Verification asks nothing of others",
            verifier("C08000") + Act.issuer + [
                .forLoad(RulesNames.package)
            ], .load(file), "009000"),
        Rule(
            "§9.3.5", "a DAP without a hash",
            verifier("C08000") + Act.issuer + [.forLoad(RulesNames.package)],
            .load(right), "6985"),
        Rule(
            "§9.3.5", "a DAP of nobody", Act.issuer + [.forLoad(RulesNames.package, hash: hash)],
            .load(block(RulesNames.third, cmac(dapKey, hash))), "6985"),
        Rule(
            "§5.3.2.4", "a DAP of a locked domain",
            verifier("C08000") + Act.issuer + [
                .lock(RulesNames.domain), .forLoad(RulesNames.package, hash: hash),
            ], .load(right), "6985"),
        Rule(
            "§C.3", "a DAP over a hash that is not the file's",
            verifier("C18000") + Act.issuer + [
                .forLoad(RulesNames.package, hash: RulesFiles.hash(RulesFiles.library))
            ], .load(block(RulesNames.domain, cmac(dapKey, RulesFiles.hash(RulesFiles.library)))), "6A80"),
    ]

    // MARK: Ciphered load files

    private static func ciphered(_ key: [UInt8]) -> [UInt8] {
        guard let cipher = try? Cipher(.aes, key: Secret(key)) else { return [] }
        return BERTLV.encode(
            0xD4, cipher.encryptCBC(Padding.method2(RulesFiles.applets, blockSize: 16)))
    }
    private static let wanting =
        Act.issuer + Act.ownDomain(privileges: "80C040")
        + [.putKeys(version: 0x75, identifier: 1, values: [cipherKey])]

    private static let ciphered: [Rule] = [
        Rule(
            "§C.6", "a ciphered load file", wanting + [.forLoad(RulesNames.package, hash: hash)],
            .load(ciphered(cipherKey)), "009000"),
        Rule(
            "§9.1.3.7", "a plain one for a domain that wants it ciphered",
            wanting + [.forLoad(RulesNames.package, hash: hash)], .load(file), "6985"),
        Rule(
            "§9.2.2", "a ciphered one without a hash", wanting + [.forLoad(RulesNames.package)],
            .load(ciphered(cipherKey)), "6985"),
        Rule(
            "§C.6", "ciphered with another key", wanting + [.forLoad(RulesNames.package, hash: hash)],
            .load(ciphered(tokenKey)), "*6985"),
        Rule(
            "§C.6", "ciphered for a domain without a key",
            Act.issuer + [
                .forLoad(RulesNames.package, hash: hash)
            ], .load(ciphered(cipherKey)), "6985"),
    ]
}
