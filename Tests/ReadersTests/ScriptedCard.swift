import Foundation
import Readers
import Synchronization

/// A small card that keeps a diary: it stores one byte string, and does slow, deadly or mute things on request.
final class ScriptedCard: PoweredCard, Sendable {
    struct Diary {
        var powerOns = 0
        var powerOffs = 0
        var resets = 0
        var polls = 0
        var commands: [[UInt8]] = []
        /// What 00 D0 stored; a loss of power or a reset forgets it, as a session would be.
        var stored: [UInt8] = []
    }

    static let t1: [UInt8] = [0x3B, 0x80, 0x01, 0x81]
    static let t0: [UInt8] = [0x3B, 0x00]

    let diary = Mutex(Diary())
    /// Holds a command B1 until it is opened.
    let gate = DispatchSemaphore(value: 0)
    private let atr: [UInt8]

    init(answerToReset: [UInt8] = ScriptedCard.t1) { atr = answerToReset }

    var answerToReset: [UInt8] {
        diary.withLock { $0.polls += 1 }
        return atr
    }

    func powerOn() {
        diary.withLock { $0.powerOns += 1 }
    }

    func powerOff() {
        diary.withLock { ($0.powerOffs, $0.stored) = ($0.powerOffs + 1, []) }
    }

    func reset() {
        diary.withLock { ($0.resets, $0.stored) = ($0.resets + 1, []) }
    }

    func process(_ command: [UInt8]) -> [UInt8] {
        diary.withLock { $0.commands.append(command) }
        switch command[1] {
        case 0xD0:
            diary.withLock { $0.stored = Array(command.dropFirst(5)) }
            return [0x90, 0x00]
        case 0xB0: return diary.withLock { $0.stored } + [0x90, 0x00]
        case 0xB1:
            // Bounded, so that a failed test does not hang the run.
            _ = gate.wait(timeout: .now() + 20)
            return [0x90, 0x00]
        case 0xDE: return []
        case 0xCA:
            return [UInt8](repeating: 0xA5, count: Int(command[2]) << 8 | Int(command[3])) + [0x90, 0x00]
        default: return [0x6D, 0x00]
        }
    }
}

/// A card that is in a reader until it is taken out.
final class Insertion: Sendable {
    let card: ScriptedCard
    let client: VirtualReaderClient
    private let ended = Mutex<VirtualReaderClient.End?>(nil)

    init(
        _ card: ScriptedCard, port: UInt16,
        persistence: VirtualReaderClient.Persistence = .retry(every: .milliseconds(20))
    ) {
        self.card = card
        client = VirtualReaderClient(port: port)
        Thread.detachNewThread { [self] in
            let end = try? client.run(card, persistence: persistence)
            ended.withLock { $0 = end }
        }
    }

    /// Why the card's thread ended, once it did.
    var end: VirtualReaderClient.End? { ended.withLock { $0 } }

    func remove() throws {
        client.stop()
        try poll("the card's thread ended") { end == .stopped }
    }
}
