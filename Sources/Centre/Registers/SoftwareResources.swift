package import GlobalPlatform
package import SmartCard

/// What a card offers beside memory (row A10).
package struct CardSoftware: Hashable, Sendable {
    /// The basic channel included.
    package var logicalChannelCount: Int
    /// What a provider's domain may be given.
    package var grantable: Privileges

    package init(logicalChannelCount: Int = 4, grantable: Privileges = CardSoftware.usuallyGrantable) {
        self.logicalChannelCount = logicalChannelCount
        self.grantable = grantable
    }

    /// Everything but what makes a domain master over what is others'.
    package static let usuallyGrantable: Privileges = [
        .securityDomain, .dapVerification, .delegatedManagement, .cardReset, .cvmManagement, .trustedPath,
        .finalApplication, .globalService, .cipheredLoadFileDataBlock, .contactlessActivation,
        .contactlessSelfActivation,
    ]

    /// Only one on the card may have these at a time (GPCS 2.3.1 §6.6.2).
    package static let exclusive: [(privilege: Privileges, name: String)] = [
        (.cardReset, "Card Reset"), (.finalApplication, "Final Application"),
    ]

    /// For channels that are given out: the centre and the terminal work on the basic one.
    package var channelsToGive: Int { max(0, logicalChannelCount - 1) }
}

extension CardModel {
    /// What its cards offer beside memory.
    package var software: CardSoftware { CardSoftware(logicalChannelCount: logicalChannelCount) }
}

/// What a card's software resources have been given to.
package struct SoftwareAccount: Sendable {
    private let dossier: CardDossier
    package let software: CardSoftware

    package init(_ dossier: CardDossier, software: CardSoftware) {
        self.dossier = dossier
        self.software = software
    }

    package var channelsLeft: Int {
        software.channelsToGive - dossier.berths.reduce(0) { $0 + $1.resources.logicalChannels }
    }

    /// Who has a privilege that only one may have: a berth, or an application that is on the card.
    package func holder(of privilege: Privileges) -> String? {
        if let berth = dossier.berths.first(where: { $0.resources.privileges.has(privilege) }) {
            return "provider \(berth.provider)"
        }
        return dossier.applications.first { $0.privileges.has(privilege) }.map { "application \($0.aid)" }
    }

    package func provider(of service: String) -> ProviderID? {
        dossier.berths.first { $0.resources.services.contains(service) }?.provider
    }

    /// Whose berths need a load file to be there.
    package func providers(needing library: AID) -> [ProviderID] {
        dossier.berths.filter { $0.resources.libraries.contains(library) }.map(\.provider)
    }

    /// Whether all that is there, and nobody else's.
    func check(_ wanted: Berth.Resources, for provider: ProviderID) throws(BerthRefusal) {
        let others = SoftwareAccount(without(provider), software: software)
        let refused = wanted.privileges.subtracting(software.grantable)
        guard refused.isEmpty else { throw .privilegesNotGrantable(refused.names) }
        for (privilege, name) in CardSoftware.exclusive where wanted.privileges.has(privilege) {
            if let holder = others.holder(of: privilege) { throw .privilegeTaken(name, by: holder) }
        }
        guard wanted.logicalChannels >= 0, wanted.logicalChannels <= others.channelsLeft else {
            throw .channelsShort(wanted: wanted.logicalChannels, left: max(0, others.channelsLeft))
        }
        guard wanted.services.count <= Bounds.servicesPerBerthMax else {
            throw .tooMany(what: "services", max: Bounds.servicesPerBerthMax)
        }
        for service in wanted.services {
            guard (try? RequestID(service)) != nil else { throw .serviceName(service) }
            if let other = others.provider(of: service) { throw .serviceTaken(service, by: other) }
        }
        guard wanted.libraries.count <= Bounds.librariesPerBerthMax else {
            throw .tooMany(what: "libraries", max: Bounds.librariesPerBerthMax)
        }
        for library in wanted.libraries where dossier.loadFile(library) == nil {
            throw .libraryMissing(library)
        }
    }

    private func without(_ provider: ProviderID) -> CardDossier {
        var dossier = dossier
        // What its own domain has already been given is not in its way.
        if case .domain(let aid)? = dossier.berth(of: provider)?.means { dossier.removeApplication(aid) }
        dossier.removeBerth(of: provider)
        return dossier
    }
}
