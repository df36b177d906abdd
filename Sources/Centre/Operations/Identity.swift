internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// Row C5: the holder's own data on a new card.

/// The program on every card that knows its holder: user number, name, number of issues, and a key of its own.
package enum IdentityProgram {
    /// Its name in the catalogue.
    package static let application: ApplicationID = {
        guard let name = try? ApplicationID("identity") else { preconditionFailure("a word is a name") }
        return name
    }()

    static let nameBytesMax = 40
    static let keyBytes = 16
}

extension Visit {
    /// Written again it says the same: whatever became of the answer, it can be repeated.
    func identify(
        _ instance: AID, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft,
        _ around: Surroundings
    ) throws {
        let record = try around.materials.identity(of: file.card, for: instance)
        begin(index, &file)
        draft.add(.step(index), InstallCommand.personalize(instance).command())
        for command in StoreData(format: .berTLV).commands(blocks: [record]) {
            draft.add(.step(index), command)
        }
    }
}

extension StoredMaterials {
    /// The record as the identity program takes it (docs/reference/example-applications.md).
    func identity(of card: Card, for instance: AID) throws -> [UInt8] {
        guard let number = card.holder,
            let holder = try act.transaction.find(Holder.self, key: .word(number))
        else { throw MaterialFailure.holderMissing(card.id) }
        let key = try authenticationKey(of: card.id, for: instance)
        let fields =
            BERTLV.encode(0xDF01, Array(number.text.utf8))
            + BERTLV.encode(0x5F20, Self.short(holder.name))
            + BERTLV.encode(0xDF02, UInt16(clamping: card.issueNumber).bigEndianBytes)
            + key.withBytes { BERTLV.encode(0xDF04, Array($0)) }
        return BERTLV.encode(0x65, fields)
    }

    /// By which the card can be asked whether it is the one that was issued: drawn once, kept sealed like any record of
    /// the vault.
    private func authenticationKey(of card: CardID, for instance: AID) throws -> Secret {
        let place = VaultPlace(card: card, aid: instance, ordinal: 1, generation: 0)
        let known = try act.transaction.find(
            VaultRecord.self, key: .word(card), .aid(instance), .count(place.ordinal), .count(place.part))
        if let known { return try act.transaction.open(known, in: vault) }
        let key = Secret(act.entropy.bytes(IdentityProgram.keyBytes))
        try act.transaction.seal(key, at: place, in: vault, now: act.now)
        return key
    }

    /// As many whole characters as the card takes.
    private static func short(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for character in name {
            guard bytes.count + character.utf8.count <= IdentityProgram.nameBytesMax else { break }
            bytes += Array(character.utf8)
        }
        return bytes
    }
}
