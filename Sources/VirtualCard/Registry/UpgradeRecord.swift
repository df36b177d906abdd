package import GlobalPlatform
package import SmartCard

/// The upgrade of a load file (Amendment H): how far it came, and what the card keeps of the applications meanwhile.
package struct UpgradeRecord: Equatable, Sendable {
    /// One application, from the moment when it handed out its data to the end.
    package struct Saved: Equatable, Sendable {
        /// As it stands in the registry, or stood there until it was deleted.
        package internal(set) var entry: ApplicationEntry
        /// What it wrote for the new version of itself to read.
        package let element: [UInt8]
    }

    package internal(set) var state: ELFUpgradeState
    package let loadFile: AID
    /// Of the code that the data come from.
    package let version: [UInt8]
    /// The domain of the load file; the new one comes under it too.
    package let domain: AID
    package internal(set) var saved: [Saved] = []

    /// Whether the instances of the old code are gone from the registry, and no new one took their place.
    var isWithoutInstances: Bool {
        switch state {
        case .waitingForLoadFile, .waitingForRestoration, .restorationFailed, .interruptedInstallation: true
        case .none, .completed, .interruptedSaving, .interruptedCleanup, .interruptedDeletion,
            .interruptedRestoration, .interruptedConsolidation:
            false
        }
    }
}

extension CardState {
    /// The upgrade that is not over yet.
    var openUpgrade: UpgradeRecord? { upgrade.flatMap { $0.state.isOpen ? $0 : nil } }
}
