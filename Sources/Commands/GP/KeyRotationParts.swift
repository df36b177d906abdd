package import Arguments
internal import CardCrypto
package import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard
internal import Synchronization

/// The keys that opened the session, to come back to.
final class KeptKeys: Sendable {
    private let keys = Mutex<CardKeys?>(nil)

    var value: CardKeys? { keys.withLock { $0 } }

    var keep: @Sendable (CardKeys) -> Void { { keys in self.keys.withLock { $0 = keys } } }

    var provider: KeyProvider {
        { (request) throws(KeySourceError) -> CardKeys in
            guard let keys = self.value else { throw .noKeys(version: request.version) }
            return keys
        }
    }
}

/// The keys that are to come, from where they are kept or freshly made.
final class NewKeySet {
    let source: KeySource
    /// Where made keys are kept.
    let file: String?
    private let type: CardKeys.Algorithm?
    private var unwritten: [Secret] = []

    /// - Parameter earlier: keys that an interrupted run made are taken from their file; those that an ended one made
    ///   only if they are the same, which leaves nothing to do.
    init(_ parsed: ParsedCommand, after earlier: RotationMemory.Entry?, on terminal: Terminal) throws {
        type = parsed[NewKeys.type]
        file = parsed[KeyRotateVerb.generate]
        guard let file else {
            source = try NewKeys.read(parsed, on: terminal)
            return
        }
        guard !SecretFile.exists(file) else {
            guard let earlier else { throw Problem.keyFileExists(file) }
            source = KeySource(try KeyReading.material(from: .file(file), label: "new key", on: terminal))
            if case .done(_, let check) = earlier, check != source.check { throw Problem.keyFileExists(file) }
            return
        }
        let entropy = SystemEntropy()
        let count = parsed[KeyRotateVerb.bytes] ?? 16
        let keys = (0..<3).map { _ in Secret(entropy.bytes(count)) }
        unwritten = keys
        source = KeySource(.three(encryption: keys[0], mac: keys[1], dataEncryption: keys[2]))
    }

    func set(_ peer: ChannelPeer, version: UInt8) throws -> CardKeys {
        try source.keys(
            for: KeyRequest(
                algorithm: type ?? CardKeys.Algorithm(peer), version: version,
                diversificationData: peer.diversificationData))
    }

    /// Made keys are on the disk before the card gets them.
    func keep() throws {
        guard let file, !unwritten.isEmpty else { return }
        try SecretFile.write(unwritten, to: file)
        unwritten = []
    }
}

/// A logical channel beside the basic one, with a link of its own.
final class SpareChannel {
    let link: CardLink
    let number: Int
    private var isOpen = true

    /// `nil` where the card has no channel to spare, or selects the domain on one channel only.
    init?(_ desk: CardDesk) throws {
        link = desk.link.sibling()
        let answer = try link.send(.openLogicalChannel)
        number = answer.status.isSuccess ? answer.data.first.map(Int.init) ?? 0 : 0
        guard (1...19).contains(number) else { return nil }
        var select = CommandAPDU.select(desk.securityDomain)
        select.cla = select.cla.onLogicalChannel(number)
        guard try link.send(select).status.isSuccess else {
            try close()
            return nil
        }
    }

    /// The session on it ends with it. Closing a second time does nothing.
    func close() throws {
        guard isOpen else { return }
        isOpen = false
        link.endSession()
        _ = try link.send(.closeLogicalChannel(number))
    }
}

/// A rotation in words and as JSON.
struct RotationView {
    let hasWayBack: Bool
    private let plan: KeyRotation
    private let file: String?

    init(_ plan: KeyRotation, hasWayBack: Bool, _ file: String?) {
        self.plan = plan
        self.hasWayBack = hasWayBack
        self.file = file
    }

    var isDone: Bool { plan.steps.isEmpty }

    var lines: [String] {
        guard !isDone else { return ["the new keys are in force; nothing is left to do"] }
        let steps = plan.steps.enumerated().map { index, step in "  \(index + 1). \(text(step))" }
        return ["rotation from version \(plan.old.versionText) to version \(plan.new.versionText):"] + steps
            + [safety].compactMap { $0 }
    }

    private func text(_ step: KeyRotation.Step) -> String {
        switch step {
        case .put(let version, nil):
            "put the new keys as version \(version.versionText), and compare their check values"
                + (plan.way == .endsInitialKeys ? "; the initial keys end with that" : "")
        case .put(let version, let replaced?):
            "replace the keys of version \(replaced.versionText) by the new ones as version "
                + "\(version.versionText), and compare their check values"
        case .verify(let version): "open a new session with the keys of version \(version.versionText)"
        case .delete(let version): "delete the keys of version \(version.versionText)"
        }
    }

    private var safety: String? {
        switch plan.way {
        case .beside: "if the new keys do not work, they are deleted and the old ones stay"
        case .finishes: nil
        case .endsInitialKeys, .inPlace:
            hasWayBack
                ? "the old session stays open meanwhile: if the new keys do not work, the old ones are put back"
                : "this card keeps no second session: if the new keys do not work, there is no way back"
        }
    }

    var done: String {
        isDone
            ? "the keys of version \(plan.new.versionText) are in force already"
            : "the keys of version \(plan.new.versionText) are in force; a session with them was opened"
    }

    func json(changed: Bool) -> JSONValue {
        var object: JSONObject = [
            "old": .count(Int(plan.old)), "new": .count(Int(plan.new)), "way": .string(way),
            "steps": .array(plan.steps.map { .string(text($0)) }), "hasWayBack": .bool(hasWayBack),
            "changed": .bool(changed && !isDone), "verified": .bool(changed),
        ]
        object["keyFile"] = file.map { .string($0) }
        return .object(object)
    }

    private var way: String {
        switch plan.way {
        case .beside: "beside"
        case .endsInitialKeys: "ends-initial-keys"
        case .inPlace: "in-place"
        case .finishes: "finishes"
        }
    }
}

// MARK: - Problems

extension Problem {
    static func keyFileExists(_ path: String) -> Problem {
        Problem(
            "key-file-exists", exit: .cannotCreate,
            "\(path) is there already, and keys in it are never overwritten",
            advice: ["name another file", "to use the keys in it: --new-key file:\(path)"])
    }

    static func noWayBack(_ view: RotationView) -> Problem {
        Problem(
            "no-way-back", exit: .refused, "on this card the old keys end before the new ones can be tried",
            why:
                "it keeps no second session on another logical channel; its own check values still guard the keys",
            advice: ["add --one-way if the new keys are kept safely", "see the steps with --dry-run"],
            details: ["steps": .array(view.lines.map { .string($0) })])
    }

    static func rotationUndone(_ cause: Problem) -> Problem {
        Problem(
            "rotation-undone", exit: .mismatch, "the new keys did not work; the old keys are in force again",
            why: cause.what, advice: cause.advice)
    }

    static func newKeysRefused(_ command: CommandAPDU, _ status: StatusWord, _ plan: KeyRotation) -> Problem {
        let refusal = Problem.refusal(of: command, status)
        let advice =
            plan.way == .beside
            ? ["if the card has no room for two sets: --in-place", "try another --new-key-version"] : []
        return Problem(
            refusal.code, exit: refusal.exit, refusal.what + "; the old keys stay in force", why: refusal.why,
            advice: advice + refusal.advice, details: refusal.details)
    }

    static func oldKeysStay(_ version: UInt8, _ command: CommandAPDU, _ status: StatusWord) -> Problem {
        let refusal = Problem.refusal(of: command, status)
        return Problem(
            "old-keys-stay", exit: .unfinished,
            "the new keys are in force, but the card keeps the old ones of version \(version.versionText)",
            why: refusal.what,
            advice: ["run the same command again", "to leave them where they are: --keep-old"]
                + refusal.advice,
            details: refusal.details)
    }
}

extension KeyRotation.Refusal: ExplainedError {
    package var problem: Problem {
        switch self {
        case .versionTaken(let version):
            Problem(
                "keys-exist", exit: .alreadyExists,
                "there are keys of version \(version.versionText) already",
                why: "nothing shows that they are from an interrupted rotation",
                advice: [
                    "choose another --new-key-version, or delete them with: berth gp key delete \(version)"
                ])
        case .noVersionFree(let range):
            Problem(
                "keys-exist", exit: .alreadyExists,
                "every version from \(range.lowerBound.versionText) to \(range.upperBound.versionText) is taken",
                advice: ["name another with --new-key-version"])
        case .versionOutOfRange: .usage("a key version is from 1 to 127")
        case .otherShape(let onCard, let wanted):
            Problem(
                "key-kind-differs", exit: .unsupported,
                "keys can only be replaced by keys of their kind and length",
                why: "the card has " + Set(onCard.map(Self.text)).sorted().joined(separator: ", ")
                    + ", the new ones are \(Self.text(wanted))",
                advice: ["leave --in-place out, so that the new set is put beside the old one"])
        case .keysUnknown:
            Problem(
                "keys-unknown", exit: .unsupported, "the card does not tell which keys it has",
                advice: ["choose a version that is surely free with --new-key-version"])
        }
    }

    private static func text(_ shape: KeyRotation.Shape) -> String {
        "\(shape.type.name) of \(shape.byteCount) bytes"
    }
}
