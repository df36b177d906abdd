/// What a plan must know of a card's model: how it gives out memory, and how long it takes.
package struct CardModel: Hashable, Sendable {
    /// How long things take, in milliseconds; figures of the profile, or learned from its cards.
    package struct Pace: Hashable, Sendable {
        /// A command that only reads or answers.
        package var perCommand: Int
        package var perLoadBlock: Int
        package var perInstall: Int
        package var perDelete: Int
        /// To the terminal and back.
        package var perRoundTrip: Int

        package init(
            perCommand: Int = 20, perLoadBlock: Int = 47, perInstall: Int = 150, perDelete: Int = 100,
            perRoundTrip: Int = 50
        ) {
            self.perCommand = perCommand
            self.perLoadBlock = perLoadBlock
            self.perInstall = perInstall
            self.perDelete = perDelete
            self.perRoundTrip = perRoundTrip
        }
    }

    package var profile: ProfileName
    /// All that an empty card offers.
    package var total: Room
    /// Non-volatile memory goes out in whole blocks of this many bytes.
    package var blockBytes: Int
    /// What every object takes beside its contents: load file, instance, domain.
    package var loadFileOverheadBytes: Int
    package var instanceBytes: Int
    package var domainBytes: Int
    /// Whether reserved memory and quotas are heeded (C7, C8, D7, D8).
    package var hasQuotas: Bool
    package var isChallengePredictable: Bool
    /// Whether it exchanges the code of applications that keep their data (Amendment H).
    package var upgradesLoadFiles: Bool
    /// The basic channel included.
    package var logicalChannelCount: Int
    /// Data of one LOAD that fits into a short command with its protection.
    package var loadBlockBytesMax: Int
    /// Whether the card takes commands of more than 255 bytes.
    package var hasExtendedLength: Bool
    /// Data of one command of the parking contract.
    package var parkingChunkBytes: Int
    package var pace: Pace

    package init(
        profile: ProfileName, total: Room, blockBytes: Int = 1, loadFileOverheadBytes: Int = 0,
        instanceBytes: Int = 0, domainBytes: Int = 0, hasQuotas: Bool = false,
        isChallengePredictable: Bool = false, upgradesLoadFiles: Bool = false, logicalChannelCount: Int = 4,
        loadBlockBytesMax: Int = 223, hasExtendedLength: Bool = false, parkingChunkBytes: Int = 200,
        pace: Pace = Pace()
    ) {
        self.profile = profile
        self.total = total
        self.blockBytes = max(1, blockBytes)
        self.loadFileOverheadBytes = loadFileOverheadBytes
        self.instanceBytes = instanceBytes
        self.domainBytes = domainBytes
        self.hasQuotas = hasQuotas
        self.isChallengePredictable = isChallengePredictable
        self.upgradesLoadFiles = upgradesLoadFiles
        self.logicalChannelCount = max(1, logicalChannelCount)
        self.loadBlockBytesMax = max(1, loadBlockBytesMax)
        self.hasExtendedLength = hasExtendedLength
        self.parkingChunkBytes = max(1, parkingChunkBytes)
        self.pace = pace
    }

    /// As the card gives it out: non-volatile memory in whole blocks.
    package func rounded(_ room: Room) -> Room {
        let blocks = (max(0, room.nonVolatile) + blockBytes - 1) / blockBytes
        return Room(nonVolatile: blocks * blockBytes, volatile: max(0, room.volatile))
    }
}
