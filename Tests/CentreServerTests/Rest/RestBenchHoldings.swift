import Centre
import CentreServer
import GlobalPlatform
import SmartCard
import Testing

extension RestBench.Tenant {
    /// What its webhook is called.
    var webhook: String { "hook-\(provider)" }
    /// What left its card.
    var parkedAID: String { aid + "AA" }
}

extension RestBench {
    /// What a tenant has beside its card: a draft, a stay in custody, a tariff, a webhook.
    func addHoldings(of tenant: Tenant, _ act: Act) throws {
        let (provider, application) = (
            try ProviderID(tenant.provider), try ApplicationID(tenant.application)
        )
        let release = ReleaseID(application, try ReleaseVersion("0.9"))
        let loadFile = try AID(hex: tenant.aid + "FF")
        act.transaction.put(
            Release(
                id: release,
                loadFiles: [
                    .init(
                        aid: loadFile, digest: [UInt8](repeating: 7, count: 32), byteCount: 100,
                        declared: Room(nonVolatile: 100))
                ],
                instances: [
                    .init(
                        aid: try AID(hex: tenant.parkedAID), module: try AID(hex: tenant.aid + "01"),
                        loadFile: loadFile, declared: Room(nonVolatile: 100))
                ], personalisation: [[0xC0, 0xDE]], parking: .contract))
        let custody = Custody(
            card: try CardID(tenant.card), aid: try AID(hex: tenant.parkedAID), ordinal: 1, release: release,
            provider: provider, holder: try HolderNumber(tenant.holder), parking: .contract,
            state: .held(since: act.now), generation: 1, lineage: Array(tenant.provider.utf8),
            imageBytes: 2_000, digest: [1], room: Room(nonVolatile: 500), openedAt: act.now,
            heldSince: act.now)
        act.transaction.put(custody)
        if let stay = Stay(custody) { act.transaction.put(stay) }
        try act.setTariff(
            for: provider, basis: .day, rate: 5_000_000, terms: .init(currency: try #require(Currency("EUR")))
        )
        act.transaction.put(
            Webhook(
                id: try WebhookID(tenant.webhook), provider: provider,
                url: try #require(WebhookURL("https://\(tenant.provider).example/hook")), createdAt: act.now,
                position: 0))
    }
}
