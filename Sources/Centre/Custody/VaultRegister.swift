package import CardCrypto
internal import CardManagement
internal import SmartCard

// The vault's records: sealed under data keys of the card, which a wrapping key of the vault wraps.

extension Transaction {
    /// Seals a record and puts it in its place; another record there is replaced.
    package func seal(
        _ plaintext: Secret, at place: VaultPlace, in vault: any KeyVault, now: Instant
    ) throws {
        precondition(plaintext.count <= Bounds.parkedImageBytesMax, "an image is bounded before it is read")
        var key = try sealingKey(for: place.card, in: vault, now: now)
        let sealed = try vault.seal(plaintext, under: key, as: place)
        // What cannot be opened again does not count.
        guard try vault.open(sealed, under: key, as: place).matches(plaintext) else {
            throw KeyVaultFailure.notAuthentic
        }
        key.sealCount += 1
        put(key)
        put(VaultRecord(place: place, dataKey: key.number, sealed: sealed, byteCount: plaintext.count))
    }

    /// Opens a record with the data key that it names.
    package func open(_ record: VaultRecord, in vault: any KeyVault) throws -> Secret {
        let card = record.place.card
        let keys = try all(DataKey.self, DataKey.query(of: card))
        guard let key = keys.first(where: { $0.number == record.dataKey }) else {
            throw KeyVaultFailure.notAuthentic
        }
        let plaintext = try vault.open(record.sealed, under: key, as: record.place)
        guard plaintext.count == record.byteCount else { throw KeyVaultFailure.notAuthentic }
        return plaintext
    }

    /// The data key for the next record of this card: the newest, while it may seal more and its wrapping key is the
    /// vault's current one; else a fresh one.
    private func sealingKey(for card: CardID, in vault: any KeyVault, now: Instant) throws -> DataKey {
        let keys = try all(DataKey.self, DataKey.query(of: card))
        let wrapping = try vault.wrappingKeys()
        if let newest = keys.last, newest.sealCount < Bounds.sealsPerDataKeyMax {
            if newest.wrappingKey == wrapping.current { return newest }
            guard newest.wrappingKey < wrapping.current else {
                throw KeyVaultFailure.vaultOutdated(
                    current: wrapping.current, newest: newest.wrappingKey)
            }
        }
        try admit(wrapping, now: now)
        let key = try vault.makeDataKey(for: card, number: (keys.last?.number ?? 0) + 1)
        // Its wrapping key was admitted above; a vault that went on in between makes the transaction run again.
        guard key.wrappingKey == wrapping.current else {
            throw KeyVaultFailure.vaultOutdated(current: wrapping.current, newest: key.wrappingKey)
        }
        return key
    }

    /// Makes sure that data keys may name the vault's current wrapping key.
    ///
    /// A wrapping key that was dropped is gone from the table and a later one stands there: so somebody with an old
    /// copy of the vault is found out, here or, where the dropping comes at the same time, by the reference that every
    /// data key has to its wrapping key.
    package func admit(_ wrapping: WrappingKeys, now: Instant) throws {
        let rows = try all(WrappingKeyRow.self, WrappingKeyRow.query)
        if let other = rows.first, other.vault != wrapping.vault { throw KeyVaultFailure.otherVault }
        guard !rows.contains(where: { $0.number == wrapping.current }) else { return }
        if let newest = rows.last, newest.number > wrapping.current {
            throw KeyVaultFailure.vaultOutdated(current: wrapping.current, newest: newest.number)
        }
        put(WrappingKeyRow(number: wrapping.current, vault: wrapping.vault, firstUsedAt: now))
        try flush()
    }
}

// MARK: Images

extension Transaction {
    /// Adds what came of an image to what is there already: pieces follow each other without a gap.
    /// - Parameter offset: where the piece begins; one that is there already is not stored twice.
    /// - Returns: how many bytes of the image the vault has now.
    package func keep(
        _ piece: Secret, from offset: Int, of stay: Custody, in vault: any KeyVault, now: Instant
    ) throws -> Int {
        guard case .frozen = stay.state, stay.hasImage else {
            throw CustodyRefusal.outOfOrder(.keep, stay.state)
        }
        let records = try pieces(of: stay)
        let there = records.reduce(0) { $0 + $1.byteCount }
        guard offset <= there, offset + piece.count <= stay.imageBytes,
            records.count < Bounds.parkedImagePartsMax
        else { throw CustodyRefusal.incomplete(byteCount: there, wanted: stay.imageBytes) }
        guard offset == there, piece.count > 0 else { return there }
        let place = VaultPlace(
            card: stay.card, aid: stay.aid, ordinal: stay.ordinal, generation: stay.generation,
            part: records.count)
        try seal(piece, at: place, in: vault, now: now)
        return there + piece.count
    }

    /// The whole image as the vault has it; lengths and seals are checked, the digest is the caller's to compare.
    package func image(of stay: Custody, in vault: any KeyVault) throws -> Secret {
        let records = try pieces(of: stay)
        let count = records.reduce(0) { $0 + $1.byteCount }
        guard count == stay.imageBytes else {
            throw CustodyRefusal.incomplete(byteCount: count, wanted: stay.imageBytes)
        }
        let opened = try records.map { try open($0, in: vault) }
        return Secret(count: count) { memory in
            var offset = 0
            for piece in opened {
                piece.withBytes { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + bytes.count])
                        .copyMemory(from: bytes)
                }
                offset += piece.count
            }
        }
    }

    /// Drops what the vault has of a stay: it has ended, or its image is read again from the beginning.
    package func forgetImage(of stay: Custody) throws {
        for record in try pieces(of: stay, ofAnyGeneration: true) { remove(record) }
    }

    private func pieces(of stay: Custody, ofAnyGeneration: Bool = false) throws -> [VaultRecord] {
        let records = try all(VaultRecord.self, VaultRecord.query(of: stay.key))
        guard !ofAnyGeneration else { return records }
        for (index, record) in records.enumerated() {
            guard record.place.part == index, record.place.generation == stay.generation else {
                throw KeyVaultFailure.notAuthentic
            }
        }
        return records
    }
}
