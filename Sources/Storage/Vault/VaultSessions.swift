internal import CardCrypto
package import CardManagement
package import Centre
internal import GlobalPlatform
package import SmartCard

// What the software vault does with master keys.

extension SoftwareVault {
    package func masterKeys() throws(KeyVaultFailure) -> [MasterKey] {
        try refresh()
        do {
            return try contents.masters.map { master throws(CryptoError) in try master.described() }
        } catch {
            throw .crypto(error)
        }
    }

    package func handshake(
        _ wish: Handshake.Wish, with keySet: Card.KeySet
    ) throws(KeyVaultFailure) -> Handshake {
        let master = try master(keySet)
        var wish = wish
        wish.keyVersion = keySet.version
        let expected = keySet.diversificationData
        // The provider captures one master key's holder, and gives out keys for this card's data only.
        return Handshake(wish) { (request) throws(KeySourceError) -> CardKeys in
            guard expected.isEmpty || expected == request.diversificationData else {
                throw .otherDiversificationData
            }
            return try master.keys(for: request)
        }
    }

    package func precomputedSession(
        _ wish: Handshake.Wish, with keySet: Card.KeySet, options: UInt8, application: AID
    ) throws(KeyVaultFailure) -> PrecomputedSession {
        guard let counter = keySet.nextSequenceCounter, keySet.isChallengePredictable else {
            throw .session(.unsupportedProtocol(version: keySet.channel.number, options: options))
        }
        var wish = wish
        wish.keyVersion = keySet.version
        let card = PrecomputedSession.Card(
            keys: try keys(keySet),
            secureChannel: SecureChannelProtocol(
                keySet.channel == .scp02 ? .scp02 : .scp03, options: options),
            sequenceCounter: counter, application: application,
            diversificationData: keySet.diversificationData.isEmpty ? nil : keySet.diversificationData)
        do { return try PrecomputedSession(card, wish) } catch { throw .session(error) }
    }

    package func derivationData(of keySet: Card.KeySet) throws(KeyVaultFailure) -> [UInt8] {
        try master(keySet).scheme.taken(of: keySet.diversificationData)
    }

    package func delivery(
        of keySet: Card.KeySet, replacing: UInt8?, in session: SecureSession, hasZeroCheckBlock: Bool
    ) throws(KeyVaultFailure) -> KeyDelivery {
        let keys = try keys(keySet)
        do {
            let put = try PutKey(
                keySet: keys, replacing: replacing, hasZeroCheckBlock: hasZeroCheckBlock)
            return KeyDelivery(
                command: try put.command(for: session), version: keySet.version,
                expectedAnswer: try put.expectedAnswer())
        } catch {
            throw .putKey(error)
        }
    }

    package func checkValues(of keySet: Card.KeySet) throws(KeyVaultFailure) -> [[UInt8]] {
        let keys = try keys(keySet)
        do {
            return try [keys.encryption, keys.mac, keys.dataEncryption].map { key throws(CryptoError) in
                try keys.algorithm == .aes ? KeyCheckValue.aes(key) : KeyCheckValue.tripleDES(key)
            }
        } catch {
            throw .crypto(error)
        }
    }

    package func proves(
        _ confirmation: CardConfirmation, of operation: ReceiptSubject, with keySet: Card.KeySet
    ) throws(KeyVaultFailure) -> Bool {
        let keys = try keys(keySet)
        do {
            return try confirmation.proves(
                operation, with: keys.algorithm == .aes ? .aes(keys.mac) : .tripleDES(keys.mac))
        } catch {
            throw .crypto(error)
        }
    }

    private func master(_ keySet: Card.KeySet) throws(KeyVaultFailure) -> VaultContents.Master {
        let master = try master(keySet.masterKey)
        let wanted: CardKeys.Algorithm = keySet.channel == .scp02 ? .tripleDES : .aes
        guard master.algorithm == wanted else {
            throw .otherAlgorithm(keySet.masterKey, wanted: wanted)
        }
        return master
    }

    private func keys(_ keySet: Card.KeySet) throws(KeyVaultFailure) -> CardKeys {
        let master = try master(keySet)
        do {
            return try master.keys(
                for: KeyRequest(
                    algorithm: master.algorithm, version: keySet.version,
                    diversificationData: keySet.diversificationData))
        } catch {
            throw .keySource(error)
        }
    }
}

extension Card.KeySet.Channel {
    fileprivate var number: UInt8 {
        switch self {
        case .scp02: 2
        case .scp03: 3
        }
    }
}
