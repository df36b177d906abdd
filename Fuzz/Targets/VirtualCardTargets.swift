internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension FuzzTarget {
    /// Without a session a command is answered, and changes nothing that lasts.
    static let cardCommand = FuzzTarget("card-command", seeds: CardSamples.commands) {
        (input) throws(FuzzFinding) in
        let card = try CardSamples.card(StandardChannels())
        let before = card.contents
        try CardSamples.check(card, answeredTo: input)
        try FuzzFinding.unless(card.contents == before, "a command without a session changed the card")
    }

    /// Commands one after another, each with its length before it, in an open session: the card stays consistent.
    static let cardSession = FuzzTarget("card-session", seeds: [CardSamples.sequence, CardSamples.channels]) {
        (input) throws(FuzzFinding) in
        let card = try CardSamples.card(ClearChannels())
        for command in CardSamples.opening { _ = card.process(command) }
        var rest = input[...]
        while let count = rest.popFirst() {
            try CardSamples.check(card, answeredTo: Array(rest.prefix(Int(count))))
            rest = rest.dropFirst(Int(count))
        }
    }

    /// A load file is in the registry when its last block was accepted, and leaves no trace otherwise.
    static let cardLoadFile = FuzzTarget("card-load-file", seeds: [CardSamples.loadFile]) {
        (input) throws(FuzzFinding) in
        let card = try CardSamples.card(ClearChannels())
        for command in CardSamples.opening + [CardSamples.forLoad] { _ = card.process(command) }
        let (before, free) = (card.contents, card.freeMemory)
        var number = 0
        var rest = input[...]
        var status: [UInt8] = []
        repeat {
            let block = rest.prefix(200)
            rest = rest.dropFirst(200)
            let header = [0x80, 0xE8, rest.isEmpty ? 0x80 : 0x00, UInt8(truncatingIfNeeded: number)]
            status = card.process(header + [UInt8(block.count)] + block + [0x00]).suffix(2)
            number += 1
        } while status == [0x90, 0x00] && !rest.isEmpty
        if status == [0x90, 0x00] {
            try FuzzFinding.unless(
                card.contents.loadFiles.count == before.loadFiles.count + 1, "the load file is not there")
        } else {
            try FuzzFinding.unless(card.contents == before, "a refused load file changed the card")
            try FuzzFinding.unless(card.freeMemory == free, "a refused load file takes memory")
        }
    }

    /// A card file is refused, or is a card that answers.
    static let cardFile = FuzzTarget("card-file", seeds: CardSamples.files) { (input) throws(FuzzFinding) in
        guard let path = CardSamples.temporaryFile(input) else { throw FuzzFinding("no temporary file") }
        defer { unlink(path) }
        guard
            let card = try? VirtualCard(
                opening: path, environment: CardSamples.environment(StandardChannels()),
                entropy: CardSamples.entropy())
        else { return }
        card.powerOn()
        try CardSamples.check(card, answeredTo: [0x00, 0xA4, 0x04, 0x00, 0x00])
    }

    /// A profile is refused, or describes a card that can be made and answers.
    static let cardProfile = FuzzTarget(
        "card-profile", seeds: CardProfile.builtInTexts.map { Array($0.text.utf8) }
    ) { (input) throws(FuzzFinding) in
        guard let profile = try? CardProfile(text: String(decoding: input, as: UTF8.self)) else { return }
        let card = VirtualCard(
            profile: profile, environment: CardSamples.environment(StandardChannels()),
            entropy: CardSamples.entropy())
        try FuzzFinding.unless(card.powerOn() == profile.answerToReset, "another ATR than the profile's")
        for command in CardSamples.commands { try CardSamples.check(card, answeredTo: command) }
    }
}

/// A session that protects nothing: commands reach the card as they are.
private struct ClearChannels: SecureChannelProtocols, CardSecureChannel {
    var securityLevel: SecurityLevel?
    var isAborted: Bool { false }

    func open(_ opening: ChannelOpening) throws(Refusal) -> OpenedChannel {
        OpenedChannel(
            answer: [UInt8](repeating: 0, count: 28), channel: ClearChannels(), sequenceCounter: nil)
    }
    mutating func authenticate(_ command: CommandAPDU) throws(Refusal) -> UInt32? {
        securityLevel = SecurityLevel(rawValue: 0)
        return nil
    }
    mutating func unwrap(_ command: CommandAPDU) throws(Refusal) -> CommandAPDU { command }
    mutating func wrap(_ response: ResponseAPDU) -> ResponseAPDU { response }
    mutating func beginResponseMAC(_ command: CommandAPDU) throws(Refusal) {}
    mutating func endResponseMAC(_ command: CommandAPDU) throws(Refusal) -> [UInt8] { [] }
    func decryptSensitiveData(_ data: [UInt8]) throws(Refusal) -> [UInt8] { data }
}

private enum CardSamples {
    static let profile = CardProfile.builtIn("javacard-80k")

    static func environment(_ channels: any SecureChannelProtocols) -> CardEnvironment {
        CardEnvironment(channels: channels, authority: StandardAuthority())
    }

    static func entropy() -> any EntropySource { SeededEntropy(seed: [1]) }

    static func card(_ channels: any SecureChannelProtocols) throws(FuzzFinding) -> VirtualCard {
        guard let profile else { throw FuzzFinding("no profile") }
        let card = VirtualCard(
            profile: profile, environment: environment(channels), entropy: entropy())
        card.powerOn()
        return card
    }

    /// What holds after any command.
    static func check(_ card: VirtualCard, answeredTo command: [UInt8]) throws(FuzzFinding) {
        let answer = card.process(command)
        try FuzzFinding.unless((2...258).contains(answer.count), "an answer of \(answer.count) bytes")
        try FuzzFinding.unless(
            (0x61...0x6F).contains(answer[answer.count - 2]) || answer[answer.count - 2] >= 0x90,
            "the status word \(answer.suffix(2).hex)")
        let state = card.contents
        let names = state.applications.map(\.aid) + state.loadFiles.map(\.aid)
        try FuzzFinding.unless(Set(names).count == names.count, "a name is there twice")
        try FuzzFinding.unless(
            state.applications.allSatisfy { state.application($0.domain)?.isSecurityDomain == true }
                && state.loadFiles.allSatisfy { state.application($0.domain)?.isSecurityDomain == true },
            "an entry without its domain")
        let free = card.freeMemory
        try FuzzFinding.unless(free.nonVolatile >= 0 && free.volatile >= 0, "less than no memory")
    }

    static func temporaryFile(_ bytes: [UInt8]) -> String? {
        var template = Array("/tmp/berth-fuzz-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard written == bytes.count else { return nil }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Valid inputs

    static let commands = [
        "00A4040008A00000015100000000", "00A4040000", "0070000001", "00708001", "80CA9F7F00", "80CAFF2100",
        "8050000008A0A1A2A3A4A5A6A700", "848201001000112233445566778899AABBCCDDEEFF", "80F24002024F0000",
        "80E602000F06F052554C45010000000000", "84E8800004C4020100", "80E400000A4F08A000000151000000",
    ].map(FuzzTarget.bytes)

    static let opening = ["80500000080102030405060708" + "00", "8482000000"].map(FuzzTarget.bytes)

    /// A header and an import component: a library that imports nothing.
    static let loadFile = FuzzTarget.bytes(
        "C4" + "19" + "010011DECAFFED010200000106F052554C4501" + "04000100" + "060000")
    static let forLoad = FuzzTarget.bytes("80E602000B06F052554C45010000000000")

    private static func counted(_ commands: [String]) -> [UInt8] {
        commands.map(FuzzTarget.bytes).flatMap { [UInt8($0.count)] + $0 }
    }

    static let sequence = counted([
        "80E602000B06F052554C45010000000000", "80E880001B" + loadFile.hex + "00", "80F22002024F0000",
        "80E60C002607A000000151535008A00000015153504106D052554C450A03808000" + "02C90000" + "00",
        "80F24002024F0000", "80F0408006D052554C450A", "80E29000054203112233", "80E40000084F06F052554C450100",
        "80D8000413" + "30881110" + "404142434445464748494A4B4C4D4E4F" + "03504A77" + "00", "80CA00E000",
    ])
    static let channels = counted([
        "0070000001", "01A4040008A00000015100000000", "81500000080102030405060708" + "00", "8582000000",
        "81F28002024F0000", "80F0800700", "80F0800F00", "80F0807F00", "00708001", "80F0800F00", "80F080FF00",
    ])

    static let files: [[UInt8]] = {
        guard let profile, let path = temporaryFile([]) else { return [] }
        unlink(path)
        defer { unlink(path) }
        do {
            let card = try VirtualCard(
                creating: path, profile: profile, environment: environment(ClearChannels()),
                entropy: entropy())
            card.powerOn()
            for command in opening + [forLoad] { _ = card.process(command) }
            _ = card.process(FuzzTarget.bytes("80E880001B" + loadFile.hex + "00"))
            return [read(path)]
        } catch {
            return []
        }
    }()

    private static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = fread(&buffer, 1, buffer.count, file)
        return Array(buffer.prefix(count))
    }
}
