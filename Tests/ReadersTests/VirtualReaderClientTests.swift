import Foundation
import Readers
import SmartCard
import Synchronization
import TestSupport
import Testing

@Suite("Virtual reader client", .mission(.point7), .timeLimit(.minutes(1)))
struct VirtualReaderClientTests {
    let reader: FakeVPCD
    let card = ScriptedCard()

    init() throws { reader = try FakeVPCD() }

    func insert(_ persistence: VirtualReaderClient.Persistence = .once) throws -> Insertion {
        let insertion = Insertion(card, port: reader.port, persistence: persistence)
        try reader.accept()
        return insertion
    }

    @Test("tells the answer to reset as often as it is asked, and nothing else happens")
    func poll() throws {
        let insertion = try insert()
        for _ in 0..<3 {
            try reader.sendMessage([0x04])
            #expect(try reader.receiveMessage() == ScriptedCard.t1)
        }
        let diary = card.diary.withLock { $0 }
        #expect((diary.powerOns, diary.powerOffs, diary.resets, diary.commands.count) == (0, 0, 0, 0))
        try insertion.remove()
    }

    @Test("passes power and reset on without an answer, and ignores codes that it does not know")
    func control() throws {
        let insertion = try insert()
        for code in [0x01, 0x02, 0x02, 0x00, 0x03, 0x05, 0x7F, 0xFF] as [UInt8] {
            try reader.sendMessage([code])
        }
        // Empty messages mean nothing either.
        try reader.sendMessage([])
        // The one answer belongs to the one question that has one.
        try reader.sendMessage([0x04])
        #expect(try reader.receiveMessage() == ScriptedCard.t1)
        #expect(!reader.hasAnswer)
        let diary = card.diary.withLock { $0 }
        #expect((diary.powerOns, diary.powerOffs, diary.resets, diary.commands.count) == (1, 1, 2, 0))
        try insertion.remove()
    }

    @Test("answers commands however the network cuts them up")
    func commands() throws {
        let insertion = try insert()
        let store: [UInt8] = [0x00, 0xD0, 0x00, 0x00, 0x03, 0x01, 0x02, 0x03]
        for byte in [0x00, 0x08] + store { try reader.send([byte]) }
        #expect(try reader.receiveMessage() == [0x90, 0x00])
        // Two messages in one piece.
        try reader.send([0x00, 0x05, 0x00, 0xB0, 0x00, 0x00, 0x00, 0x00, 0x01, 0x04])
        #expect(try reader.receiveMessage() == [0x01, 0x02, 0x03, 0x90, 0x00])
        #expect(try reader.receiveMessage() == ScriptedCard.t1)
        try insertion.remove()
    }

    @Test("carries the longest command and the longest answer; a longer answer becomes an error of the card")
    func long() throws {
        let insertion = try insert()
        let data = [UInt8](repeating: 0x5A, count: 65_528)
        try reader.sendMessage([0x00, 0xD0, 0x00, 0x00, 0x00, 0xFF, 0xF8] + data)
        #expect(try reader.receiveMessage() == [0x90, 0x00])
        #expect(card.diary.withLock { $0.commands.last?.count } == 65_535)
        try reader.sendMessage([0x00, 0xCA, 0xFF, 0xFD])
        #expect(try reader.receiveMessage()?.count == 65_535)
        try reader.sendMessage([0x00, 0xCA, 0xFF, 0xFE])
        #expect(try reader.receiveMessage() == [0x6F, 0x00])
        try insertion.remove()
    }

    @Test("ends when the reader hangs up, and takes the power from the card")
    func hangUp() throws {
        let insertion = try insert()
        reader.hangUp()
        try ReadersTests.poll("the run ended") { insertion.end == .readerClosed }
        #expect(card.diary.withLock { $0.powerOffs } == 1)
    }

    @Test("hangs up when the card dies in a command, since no answer will come")
    func died() throws {
        let insertion = try insert()
        try reader.sendMessage([0x00, 0xDE, 0x00, 0x00])
        #expect(try reader.receiveMessage() == nil)
        try ReadersTests.poll("the run ended") { insertion.end == .cardDied }
    }

    @Test("comes back after the reader hung up or the card died, until it is stopped")
    func retry() throws {
        let insertion = try insert(.retry(every: .milliseconds(5)))
        reader.hangUp()
        try reader.accept()
        try reader.sendMessage([0x00, 0xDE, 0x00, 0x00])
        #expect(try reader.receiveMessage() == nil)
        reader.hangUp()
        try reader.accept()
        try reader.sendMessage([0x04])
        #expect(try reader.receiveMessage() == ScriptedCard.t1)
        try insertion.remove()
        #expect(try reader.receiveMessage() == nil)
    }

    @Test("leaves the reader at once when stopped, even if the card is busy; the command is not answered")
    func stopWhileBusy() throws {
        let insertion = try insert()
        try reader.sendMessage([0x00, 0xB1, 0x00, 0x00])
        try ReadersTests.poll("the card works on the command") {
            card.diary.withLock { !$0.commands.isEmpty }
        }
        insertion.client.stop()
        #expect(try reader.receiveMessage() == nil)
        #expect(insertion.end == nil)
        card.gate.signal()
        try insertion.remove()
    }

    @Test("stays out when it is stopped before it runs")
    func stoppedBefore() throws {
        let client = VirtualReaderClient(port: reader.port)
        client.stop()
        #expect(try client.run(card, persistence: .retry(every: .seconds(60))) == .stopped)
        #expect(try client.run(card) == .stopped)
    }

    @Test("says that no reader answers, and what to do; with patience it waits for one")
    func refused() throws {
        var free: UInt16 = 0
        do { free = try FakeVPCD().port }
        let client = VirtualReaderClient(port: free)
        do throws(CardChannelError) {
            _ = try client.run(card)
            Issue.record("nothing listens on the port")
        } catch {
            #expect(error.code == .noService)
            #expect(error.message.contains("127.0.0.1:\(free) (Connection refused)"))
            #expect(error.message.contains("vsmartcard-vpcd"))
        }
        let insertion = Insertion(card, port: free, persistence: .retry(every: .milliseconds(5)))
        let late = try FakeVPCD(port: free)
        try late.accept()
        try late.sendMessage([0x04])
        #expect(try late.receiveMessage() == ScriptedCard.t1)
        try insertion.remove()
    }
}
