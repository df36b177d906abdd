/// How much of anything the centre takes; docs/reference/bounds.md tells why. What is one more is refused.
package enum Bounds {}

extension Bounds {
    /// Facts of one note, and the bytes they take together: an event stays small enough for any bearer of events.
    package static let noteFactsMax = 16
    package static let noteFactsBytesMax = 2_048
    /// What is kept of the answer to a request, to give it again.
    package static let requestResultBytesMax = 65_536
    /// Days that a request is remembered; a client that repeats it later does it twice.
    package static let requestDays = 30
    /// Events that get their place in the order in one transaction: few, as others wait for it on SQLite.
    package static let eventsOrderedAtOnceMax = 32
}

// MARK: Cards and room
extension Bounds {
    /// Reasons that people give, in bytes of UTF-8.
    package static let reasonBytesMax = 500
    /// What one card may list; a card that lists more is broken or hostile.
    package static let applicationsPerCardMax = 256
    package static let loadFilesPerCardMax = 256
    package static let modulesPerLoadFileMax = 64
    package static let berthsPerCardMax = 64
    package static let servicesPerBerthMax = 16
    package static let librariesPerBerthMax = 32
    /// No card in the world has more memory than this, in bytes.
    package static let roomBytesMax = 1 << 30
    /// Kept of what differs on a drifting card; the words on the card say how many there are in all.
    package static let driftFindingsMax = 32
    /// The newest measurements of one part on one profile, from which its footprint is computed.
    package static let footprintSamplesMax = 32
}

// MARK: Custody and vault
extension Bounds {
    /// Stays of one instance: one a day for a quarter of a century.
    package static let staysPerInstanceMax = 10_000
    /// Bytes of one application's data in custody: more than any card of today holds.
    package static let parkedImageBytesMax = 1 << 20
    /// Pieces in which an image may come.
    package static let parkedImagePartsMax = 1_024
    /// Records that one data key seals: far below what random nonces allow (SP 800-38D §8.3), so that a lost key is
    /// a small loss.
    package static let sealsPerDataKeyMax = 256
    /// Data keys that are wrapped anew in one transaction.
    package static let rewrapsPerTransactionMax = 100
    /// Records that are sealed anew in one transaction.
    package static let resealsPerTransactionMax = 32
    /// Wrapping keys that a vault keeps, the current one included.
    package static let wrappingKeysMax = 64
    package static let masterKeysMax = 1_024
    package static let masterKeyNoteBytesMax = 256
}

// MARK: Holders, providers, catalogue, money
extension Bounds {
    package static let nameBytesMax = 200
    /// A postal address on a few lines.
    package static let addressBytesMax = 500
    /// NIST SP 800-63B §5.1.1.2: no shorter one is a password; longer ones than these are an attack.
    package static let passwordBytes = 8...128
    /// The wrong password in a row that closes the door for a minute; every further one does for twice as long.
    package static let wrongPasswordsMax = 5
    package static let passwordWaitMax = Duration.seconds(86_400)
    /// A permission to issue a card that is open for longer is forgotten somewhere.
    package static let issueWindowDaysMax = 366
    package static let usesPerHolderMax = 256
    package static let vetoesPerHolderMax = 256
    package static let providersMax = 10_000
    package static let domainsPerProviderMax = 32
    package static let sightMax = 64
    package static let applicationsPerProviderMax = 1_000
    package static let releasesPerApplicationMax = 1_000
    package static let loadFilesPerReleaseMax = 16
    package static let instancesPerReleaseMax = 32
    /// Larger load files than this do not fit on any card that exists.
    package static let loadFileBytesMax = 2_097_152
    package static let importsPerLoadFileMax = 64
    /// What one INSTALL command can carry beside the names.
    package static let instanceParametersBytesMax = 200
    package static let personalisationBlocksMax = 128
    package static let personalisationBlockBytesMax = 255
    package static let profilesPerReleaseMax = 64
    /// Load files that one release draws in, libraries of libraries included.
    package static let closureLoadFilesMax = 64
    package static let closureDepthMax = 16
    package static let cardsPerProviderMax = 1_000_000_000
    /// Lines of the address book per card; the oldest make room.
    package static let addressesPerCardMax = 32
    /// In millionths of a minor unit: a hundred million minor units per day.
    package static let tariffRateMax: Int64 = 100_000_000_000_000
    package static let tariffAmountMax: Int64 = 1_000_000_000_000
    package static let freeDaysMax = 3_660
    package static let tariffsPerProviderMax = 1_000
    package static let staysPerStatementMax = 100_000
    package static let statementMonthsMax = 120
}

// MARK: Requests from outside
extension Bounds {
    /// Bytes of JSON in one request; files are uploaded as they are.
    package static let requestJSONBytesMax = 1 << 20
    /// Tokens of one name: more than one per program and year is a leak. Older sessions make room.
    package static let credentialsPerNameMax = 100
    package static let credentialLifeMax = Duration.seconds(366 * 86_400)
    package static let operatorSessionLife = Duration.seconds(12 * 3_600)
    /// At a terminal in a public place, somebody walks away.
    package static let holderSessionLife = Duration.seconds(15 * 60)
    package static let enrolmentLife = Duration.seconds(3 * 86_400)
    /// Wrong passwords in a row at one terminal, or from one address, whoever they were for.
    package static let wrongPasswordsPerDoorMax = 20
    /// Passwords that are checked at once; each takes 32 MiB.
    package static let passwordsAtOnceMax = 4
}

// MARK: Events and webhooks
extension Bounds {
    package static let webhooksMax = 1_000
    package static let webhooksPerOwnerMax = 32
    package static let webhookURLBytesMax = 1_000
    package static let filterBytesMax = 100
    package static let filtersPerWebhookMax = 32
    /// A receiver that takes nothing for so long is gone.
    package static let webhookFailingDays = 5
    package static let webhookWaitMax = Duration.seconds(21_600)
    /// What a receiver may ask for with `Retry-After`.
    package static let webhookRetryAfterMax = Duration.seconds(86_400)
    /// How long the secret before goes on signing.
    package static let previousSecretSeconds = 86_400
    /// How long a node has a webhook to itself, and how long it sends without a break.
    package static let webhookLeaseSeconds = 120
    package static let webhookTurnSeconds = 60
    package static let webhookTimeoutSeconds = 15
    package static let webhookAnswerBytesMax = 16_384
    package static let deliveriesPerTurnMax = 50
    /// Events that are looked through for one that somebody wants, at a time.
    package static let eventsScannedMax = 2_000
    /// An operation keeps its card from others for so long at most.
    package static let operationDeadlineMax = Duration.seconds(90 * 86_400)
    /// Events are kept for so long, for those who were away.
    package static let eventDays = 90
    /// A stream ends after this and its reader connects anew: what a sign-in may see can have changed.
    package static let eventStreamSeconds = 900
    /// Streams of events that one principal has open at a node.
    package static let eventStreamsMax = 16
}
