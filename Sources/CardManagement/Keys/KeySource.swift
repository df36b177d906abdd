package import CardCrypto

/// Where card keys come from: one master key or three, and how a card's own keys are derived from them.
package struct KeySource: Sendable {
    package enum Material: Sendable {
        /// One key stands for all three.
        case one(Secret)
        case three(encryption: Secret, mac: Secret, dataEncryption: Secret)
    }

    package let material: Material
    package let diversification: Diversification
    /// `nil`: whatever the card's protocol wants, since sixteen bytes may be either.
    package let algorithm: CardKeys.Algorithm?

    package init(
        _ material: Material, diversification: Diversification = .none, algorithm: CardKeys.Algorithm? = nil
    ) {
        self.material = material
        self.diversification = diversification
        self.algorithm = algorithm
    }

    /// The keys of the card that asks.
    package func keys(for request: KeyRequest) throws(KeySourceError) -> CardKeys {
        guard algorithm == nil || algorithm == request.algorithm else {
            throw .otherAlgorithm(wanted: request.algorithm)
        }
        return try CardKeys(
            request.algorithm, version: request.version,
            encryption: derive(masters.encryption, .encryption, request),
            mac: derive(masters.mac, .mac, request),
            dataEncryption: derive(masters.dataEncryption, .dataEncryption, request))
    }

    package var provider: KeyProvider {
        { (request) throws(KeySourceError) -> CardKeys in try keys(for: request) }
    }

    private var masters: (encryption: Secret, mac: Secret, dataEncryption: Secret) {
        switch material {
        case .one(let key): (key, key, key)
        case .three(let encryption, let mac, let dataEncryption): (encryption, mac, dataEncryption)
        }
    }

    private func derive(
        _ master: Secret, _ purpose: Diversification.Purpose, _ request: KeyRequest
    ) throws(KeySourceError) -> Secret {
        do {
            return try diversification.derive(
                from: master, purpose, algorithm: request.algorithm, data: request.diversificationData)
        } catch {
            throw .diversification(error)
        }
    }
}
