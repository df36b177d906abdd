import CardCrypto
import SmartCard

extension CoreRules {
    static let delegating = Step.issuer + Step.ownDomain(domainA, privileges: "A00000")

    /// The token over a command without one: the first four bytes of SHA-256 over P1, P2, Lc and the fields.
    static func signed(_ p1: String, _ fields: String, p2: String = "00") -> String {
        let message = SampleCAP.bytes(p1 + p2 + fields.counted)
        return Step.install(p1, p2: p2, fields + OpenAuthority.sign(message).hex.counted)
    }

    static let loadFields = Step.forLoadFields(Bench.packageAID, hash: hash)
    static let installFields =
        Bench.packageAID.counted + Bench.appletAID.counted + applet.counted + "0100" + "02C900"
    static let delegatedLoad = [signed("02", loadFields)] + blocks

    static func confirmed(_ counter: String, _ specifics: String, identifier: String = "") -> String {
        // IIN and CIN of the issuer domain: the CIN is the card's serial number, which the seed decides.
        let evidence = "02" + counter + ("42455254480F" + serial).counted + identifier
        let receipt = OpenAuthority.sign(SampleCAP.bytes(evidence + specifics)).hex
        return (receipt.counted + evidence).counted + "9000"
    }

    static let serial = SeededEntropy(seed: [1]).bytes(6).hex

    static let delegation: [CoreRule] = [
        CoreRule(
            "§9.2.3", "delegated load without a token", given: delegating,
            when: Step.forLoad(Bench.packageAID, hash: hash), then: "6985"),
        CoreRule(
            "§9.2.3", "delegated load with a wrong token", given: delegating,
            when: Step.forLoad(Bench.packageAID, hash: hash, token: "01020304"), then: "6982"),
        CoreRule(
            "§9.2.2", "delegated load without a hash", given: delegating,
            when: signed("02", Step.forLoadFields(Bench.packageAID)), then: "6985"),
        CoreRule(
            "C.4.1", "delegated load with its token", given: delegating, when: signed("02", loadFields),
            then: "009000"),
        CoreRule(
            "C.5.1", "the load receipt", given: delegating + delegatedLoad.dropLast(),
            when: blocks[blocks.count - 1],
            then: confirmed("0000", Bench.packageAID.counted + domainA.counted)),
        CoreRule(
            "C.5.2", "the install receipt counts on", given: delegating + delegatedLoad,
            when: signed("0C", installFields),
            then: confirmed("0001", Bench.packageAID.counted + applet.counted)),
        CoreRule(
            "C.5.5", "the delete receipt", given: delegating + delegatedLoad,
            when: signedDelete(Bench.packageAID), then: confirmed("0001", Bench.packageAID.counted)),
        CoreRule(
            "C.4.6", "delegated deletion without a token", given: delegating + delegatedLoad,
            when: Step.delete(Bench.packageAID), then: "6985"),
        CoreRule(
            "§9.1.3.6", "the confirmation counter is read", given: delegating + delegatedLoad + Step.issuer,
            when: "80CA00C200", then: "C20200019000"),
        CoreRule(
            "Table 11-14", "the token identifier comes back", given: delegating + delegatedLoad,
            when: signed(
                "0C",
                Bench.packageAID.counted + Bench.appletAID.counted + applet.counted + "0100"
                    + ("C900" + "B6049302" + "1234").counted),
            then: confirmed("0001", Bench.packageAID.counted + applet.counted, identifier: "021234")),
        CoreRule(
            "C.4.4", "delegated extradition with its token", given: delegating + delegatedLoad,
            when: signed("10", Bench.issuer.counted + "00" + Bench.packageAID.counted + "00" + "00"),
            then: confirmed("0001", domainA.counted + Bench.packageAID.counted + Bench.issuer.counted)),
        CoreRule(
            "C.4.5", "delegated registry update with its token",
            given: delegating + delegatedLoad + [signed("0C", installFields)],
            when: signed("40", "00" + "00" + applet.counted + "0110" + "00"),
            then: confirmed("0002", "00" + applet.counted + "00" + "0110" + "00")),
        CoreRule(
            "§5.3.2.4", "a locked verifier verifies nothing more",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "A00000"),
            when: Step.forLoad(Bench.packageAID, token: "00000000"), then: "6985"),
        CoreRule(
            "§9.2.1", "the DAP of the mandated domain",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "C10000") + Step.issuer + [
                Step.forLoad(Bench.packageAID, hash: hash)
            ] + signedBlocks.dropLast(), when: signedBlocks[signedBlocks.count - 1], then: "009000"),
        CoreRule(
            "§9.2.1", "a wrong DAP",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "C10000") + Step.issuer + [
                Step.forLoad(Bench.packageAID, hash: hash)
            ] + misSignedBlocks.dropLast(), when: misSignedBlocks[misSignedBlocks.count - 1], then: "6982"),
        CoreRule(
            "§9.1.3.7", "a domain that wants load files ciphered",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "804040") + [
                Step.forLoad(Bench.packageAID, hash: hash)
            ] + blocks.dropLast(), when: blocks[blocks.count - 1], then: "6985"),
        CoreRule(
            "C.6", "a ciphered load file",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "804040") + [
                Step.forLoad(Bench.packageAID, hash: hash)
            ] + cipheredBlocks.dropLast(), when: cipheredBlocks[cipheredBlocks.count - 1], then: "009000"),
    ]

    static func signedDelete(_ aid: String) -> String {
        let fields = "4F" + aid.counted
        let token = OpenAuthority.sign(SampleCAP.bytes("0000" + fields.counted)).hex
        return "80E40000" + (fields + "9E" + token.counted).counted + "00"
    }

    static func dap(_ signature: [UInt8]) -> [UInt8] {
        BERTLV.encode(0xE2, BERTLV.encode(0x4F, SampleCAP.bytes(domainA)) + BERTLV.encode(0xC3, signature))
    }
    static let signedBlocks = Step.loads(
        dap(OpenAuthority.sign(SampleCAP.bytes(hash))) + Step.loadFile(SampleCAP.applets))
    static let misSignedBlocks = Step.loads(dap([1, 2, 3, 4]) + Step.loadFile(SampleCAP.applets))
    static let cipheredBlocks = Step.loads(Step.loadFile(SampleCAP.applets.map { ~$0 }, tag: 0xD4))
}
