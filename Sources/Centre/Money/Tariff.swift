/// What it costs to keep an application, from a moment on (docs/reference/money.md).
package struct Tariff: Hashable, Sendable {
    /// What the rate is for.
    package enum Basis: Hashable, Sendable {
        case day
        /// For every 1,000 bytes of the kept image, and day.
        case kilobyteDay
    }

    /// What is agreed when a stay begins, and holds until it ends.
    package struct Terms: Hashable, Sendable {
        package var currency: Currency
        package var freeDays: Int
        /// The least that a stay costs once its free days are over.
        package var minimum: Int64
        /// The most that a stay costs, however long it is.
        package var cap: Int64?

        package init(currency: Currency, freeDays: Int = 0, minimum: Int64 = 0, cap: Int64? = nil) {
            self.currency = currency
            self.freeDays = freeDays
            self.minimum = minimum
            self.cap = cap
        }
    }

    package var provider: ProviderID
    /// `nil` for every application of the provider that has no tariff of its own.
    package var application: ApplicationID?
    package var validFrom: Instant
    package var basis: Basis
    /// In millionths of the minor unit: rates are often far less than a cent.
    package var rate: Int64
    package var terms: Terms
    /// When it was written down.
    package var recordedAt: Instant

    package init(
        provider: ProviderID, application: ApplicationID? = nil, validFrom: Instant, basis: Basis,
        rate: Int64,
        terms: Terms, recordedAt: Instant
    ) {
        self.provider = provider
        self.application = application
        self.validFrom = validFrom
        self.basis = basis
        self.rate = rate
        self.terms = terms
        self.recordedAt = recordedAt
    }
}

/// What is wrong with a tariff.
package enum TariffProblem: Hashable, Sendable {
    case rate
    case freeDays
    case minimum
    case cap
    case minimumAboveCap

    var reason: String {
        switch self {
        case .rate: "The rate is negative or more than \(Bounds.tariffRateMax / 1_000_000) minor units."
        case .freeDays: "There are between 0 and \(Bounds.freeDaysMax) free days."
        case .minimum: "The minimum is negative, or larger than any bill."
        case .cap: "The cap is negative, or larger than any bill."
        case .minimumAboveCap: "The minimum is more than the cap."
        }
    }
}

extension Tariff {
    package var problem: TariffProblem? {
        guard (0...Bounds.tariffRateMax).contains(rate) else { return .rate }
        guard (0...Bounds.freeDaysMax).contains(terms.freeDays) else { return .freeDays }
        guard (0...Bounds.tariffAmountMax).contains(terms.minimum) else { return .minimum }
        guard let cap = terms.cap else { return nil }
        guard (0...Bounds.tariffAmountMax).contains(cap) else { return .cap }
        return terms.minimum > cap ? .minimumAboveCap : nil
    }
}

/// The tariffs of one provider, in whatever order they came.
package struct TariffBook: Hashable, Sendable {
    private let byApplication: [ApplicationID?: [Tariff]]

    package init(_ tariffs: some Sequence<Tariff>) {
        byApplication = Dictionary(grouping: Set(tariffs)) { $0.application }.mapValues {
            $0.sorted { $0.validFrom < $1.validFrom }
        }
    }

    /// What is in force for an application, one after the other: its own tariffs from the first of them on, before that
    /// the provider's.
    package func sequence(for application: ApplicationID) -> [Tariff] {
        let own = byApplication[application] ?? []
        let general = byApplication[ApplicationID?.none] ?? []
        guard let first = own.first else { return general }
        return general.filter { $0.validFrom < first.validFrom } + own
    }
}
