package import CardCrypto
internal import SmartCard
package import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What virtual cards need from outside: the programs they run, random bytes, the time for their logs.
package struct CardWorkshop: Sendable {
    let environment: CardEnvironment
    let entropy: @Sendable () -> any EntropySource
    /// Seconds since 1970.
    let now: @Sendable () -> Int64

    package init(
        environment: CardEnvironment, entropy: @escaping @Sendable () -> any EntropySource,
        now: @escaping @Sendable () -> Int64
    ) {
        self.environment = environment
        self.entropy = entropy
        self.now = now
    }

    /// The random bytes of a card's next use. Drawn from a seed, they depend on how often it was used before, so that a
    /// card that is opened again does not repeat its challenges.
    func entropy(for settings: CardSettings) -> any EntropySource {
        guard let seed = settings.seed else { return entropy() }
        return SeededEntropy(seed: seed + settings.openings.bigEndianBytes)
    }
}

extension CardWorkshop {
    /// The standard protocols and the system's random bytes.
    package static let live = CardWorkshop(
        environment: CardEnvironment(
            channels: StandardChannels(), authority: StandardAuthority(),
            runtimes: [ExampleApplications.runtime]),
        entropy: { SystemEntropy() }, now: { Int64(time(nil)) })
}

/// Random bytes whose source is known only once the card's file is open.
final class ReplaceableEntropy: EntropySource {
    var source: any EntropySource

    init(_ source: any EntropySource) { self.source = source }

    func bytes(_ count: Int) -> [UInt8] { source.bytes(count) }
}

/// Gives the serial number that a card had, then random bytes: the serial is the first that a new card draws.
final class SerialEntropy: EntropySource {
    private var serial: [UInt8]?
    private let source: any EntropySource

    init(serial: [UInt8], then source: any EntropySource) {
        self.serial = serial
        self.source = source
    }

    func bytes(_ count: Int) -> [UInt8] {
        let drawn = source.bytes(count)
        defer { serial = nil }
        guard let serial, serial.count == count else { return drawn }
        return serial
    }
}

extension VirtualCard {
    /// ICC serial number and batch identifier of the production data.
    var serial: [UInt8] { Array(contents.card.productionLifeCycle[12..<18]) }
}
