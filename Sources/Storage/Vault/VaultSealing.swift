package import CardCrypto
package import Centre
internal import SmartCard

// What the software vault does with wrapping keys and data keys.

extension SoftwareVault {
    package func wrappingKeys() throws(KeyVaultFailure) -> WrappingKeys {
        try refresh()
        let numbers = contents.wrappingKeys.map(\.number)
        return WrappingKeys(vault: vaultID, current: contents.currentWrappingKey, older: numbers.dropLast())
    }

    package func makeDataKey(for card: CardID, number: Int) throws(KeyVaultFailure) -> DataKey {
        try refresh()
        return try wrap(
            freshKey(), as: DataKey(card: card, number: number, wrappingKey: 0, wrapped: []))
    }

    package func rewrap(_ key: DataKey) throws(KeyVaultFailure) -> DataKey {
        try refresh()
        guard key.wrappingKey != contents.currentWrappingKey else { return key }
        return try wrap(unwrap(key), as: key)
    }

    package func seal(
        _ plaintext: Secret, under key: DataKey, as place: VaultPlace
    ) throws(KeyVaultFailure) -> [UInt8] {
        try sealed(plaintext, key: unwrap(key), Self.context(of: place, under: key.number)).bytes
    }

    package func open(
        _ sealed: [UInt8], under key: DataKey, as place: VaultPlace
    ) throws(KeyVaultFailure) -> Secret {
        try opened(sealed, key: unwrap(key), Self.context(of: place, under: key.number))
    }

    private func wrap(_ key: Secret, as row: DataKey) throws(KeyVaultFailure) -> DataKey {
        var row = row
        row.wrappingKey = contents.currentWrappingKey
        let wrapping = try wrappingKey(row.wrappingKey)
        row.wrapped = try sealed(key, key: wrapping, context(of: row)).bytes
        return row
    }

    private func unwrap(_ row: DataKey) throws(KeyVaultFailure) -> Secret {
        try opened(row.wrapped, key: wrappingKey(row.wrappingKey), context(of: row))
    }

    private func sealed(
        _ plaintext: Secret, key: Secret, _ context: [UInt8]
    ) throws(KeyVaultFailure) -> SealedBox {
        do {
            return try SealedBox(
                sealing: plaintext, key: key, authenticating: context,
                nonce: random(SealedBox.nonceBytes))
        } catch {
            throw .crypto(error)
        }
    }

    private func opened(
        _ sealed: [UInt8], key: Secret, _ context: [UInt8]
    ) throws(KeyVaultFailure) -> Secret {
        do {
            return try SealedBox(bytes: sealed).open(key: key, authenticating: context)
        } catch .notAuthentic {
            throw .notAuthentic
        } catch {
            throw .crypto(error)
        }
    }

    /// A wrapped key opens for its card and number, in this vault, under the wrapping key that it names.
    private func context(of key: DataKey) -> [UInt8] {
        Self.field("berth data key 1") + Self.field(vaultID) + Self.field(key.card.text)
            + Self.field(key.number) + Self.field(key.wrappingKey)
    }

    /// A record opens in its place only, and under the data key that it names.
    private static func context(of place: VaultPlace, under dataKey: Int) -> [UInt8] {
        field("berth vault record 1") + field(place.card.text) + field(place.aid.bytes)
            + field(place.ordinal) + field(Int(place.generation)) + field(place.part) + field(dataKey)
    }

    /// Lengths in front, so that no two different places have the same bytes.
    private static func field(_ bytes: [UInt8]) -> [UInt8] { UInt16(bytes.count).bigEndianBytes + bytes }
    private static func field(_ text: String) -> [UInt8] { field(Array(text.utf8)) }
    private static func field(_ number: Int) -> [UInt8] { field(UInt64(number).bigEndianBytes) }
}
