import Foundation
import Readers
import SmartCard
import Synchronization
import TestSupport
import Testing

/// Real pcscd, real vpcd, real libpcsclite; only the cards are small.
@Suite("PC/SC readers", .serialized, .mission(.b13), .timeLimit(.minutes(5)))
struct RealReaderTests {
    let readers: PrivateReaders
    var name: String { readers.names[0] }

    init() throws {
        readers = try PrivateReaders.shared.get()
        // A test that failed half-way may have left a card in a reader, or the service down.
        readers.removeAll()
        try readers.plug()
        if (try? ReaderContext()) == nil { try readers.start() }
        let context = try ReaderContext()
        try poll("the readers of the last test are empty again") {
            let states = try context.readers()
            return states.map(\.name) == readers.names
                && states.allSatisfy { $0.card == .absent && $0.use == .free }
        }
    }

    func insert(_ card: ScriptedCard = ScriptedCard(), into slot: Int = 0) throws -> Insertion {
        let insertion = readers.insert(card, into: slot)
        try awaitCard(in: slot)
        return insertion
    }

    func awaitCard(in slot: Int = 0) throws {
        let context = try ReaderContext()
        try poll("the reader sees the card") {
            guard case .present(let atr) = try context.readers()[slot].card else { return false }
            return !atr.isEmpty
        }
    }

    func failure<T>(_ body: () throws(CardChannelError) -> T) -> CardChannelError? {
        do throws(CardChannelError) {
            _ = try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("are listed with what they hold")
    func list() throws {
        let insertion = try insert(into: 1)
        let states = try ReaderContext().readers()
        #expect(states.map(\.name) == readers.names)
        #expect(states.map(\.card) == [.absent, .present(answerToReset: ScriptedCard.t1)])
        #expect(try ReaderChoice.automatic.choose(among: states).name == readers.names[1])
        try insertion.remove()
    }

    @Test("carry short and long commands both ways, byte for byte")
    func transmit() throws {
        let insertion = try insert()
        let channel = try PCSCChannel(reader: name)
        #expect(channel.answerToReset == ScriptedCard.t1)
        #expect(channel.transmission == .t1)
        let data = [UInt8](1...255)
        #expect(try channel.transmit([0x00, 0xD0, 0x00, 0x00, 0xFF] + data) == [0x90, 0x00])
        #expect(try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == data + [0x90, 0x00])
        // 65,533 data bytes and the status word are what vpcd's length can carry.
        let long = try channel.transmit([0x00, 0xCA, 0xFF, 0xFD, 0x00, 0x00, 0x00])
        #expect(long.count == 65_535)
        #expect(long.suffix(2) == [0x90, 0x00])
        channel.close()
        try insertion.remove()
    }

    @Test("leave Le out of a T=0 command with data, and choose the protocol by the answer to reset")
    func t0() throws {
        let insertion = try insert(ScriptedCard(answerToReset: ScriptedCard.t0))
        let refusal = failure { () throws(CardChannelError) in
            try PCSCChannel(reader: name, options: ConnectOptions(transmission: .t1))
        }
        #expect(refusal?.code == .protocolMismatch)
        let channel = try PCSCChannel(reader: name)
        #expect(channel.transmission == .t0)
        _ = try channel.transmit([0x00, 0xD0, 0x00, 0x00, 0x02, 0x11, 0x22, 0x00])
        #expect(
            insertion.card.diary.withLock { $0.commands.last } == [0x00, 0xD0, 0x00, 0x00, 0x02, 0x11, 0x22])
        channel.close()
        try insertion.remove()
    }

    @Test("see a reset; the presence poll is none")
    func reset() throws {
        let insertion = try insert()
        let channel = try PCSCChannel(reader: name)
        _ = try channel.transmit([0x00, 0xD0, 0x00, 0x00, 0x01, 0x77])
        let polls = insertion.card.diary.withLock { $0.polls }
        try poll("the service asks a few times whether the card is there") {
            insertion.card.diary.withLock { $0.polls } >= polls + 3
        }
        #expect(try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x77, 0x90, 0x00])
        try channel.reset()
        #expect(channel.answerToReset == ScriptedCard.t1)
        #expect(try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x90, 0x00])
        channel.close()
        try insertion.remove()
    }

    @Test("are left as the options say", arguments: [ConnectOptions.Leaving.reset, .untouched])
    func leaving(_ leaving: ConnectOptions.Leaving) throws {
        let insertion = try insert()
        // A second connection keeps the service from powering the card down when the first one ends.
        let witness = try PCSCChannel(reader: name, options: ConnectOptions(leaving: .untouched))
        witness.endTransaction()
        let channel = try PCSCChannel(reader: name, options: ConnectOptions(leaving: leaving))
        _ = try channel.transmit([0x00, 0xD0, 0x00, 0x00, 0x01, 0x77])
        let before = insertion.card.diary.withLock { $0.resets }
        channel.close()
        #expect(insertion.card.diary.withLock { $0.resets } - before == (leaving == .reset ? 1 : 0))
        #expect(insertion.card.diary.withLock { $0.stored } == (leaving == .reset ? [] : [0x77]))
        let closed = failure { () throws(CardChannelError) in
            try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00])
        }
        #expect(closed?.message == "The connection to “\(name)” was closed.")
        witness.close()
        try insertion.remove()
    }

    @Test("work without a card when opened directly")
    func direct() throws {
        let channel = try PCSCChannel(
            reader: name, options: ConnectOptions(sharing: .direct, leaving: .untouched))
        #expect(channel.answerToReset == [])
        #expect(channel.transmission == nil)
        // CM_IOCTL_GET_FEATURE_REQUEST (PC/SC part 10 §2.2): a driver answers or says that it has no features.
        let answer = Result { () throws(CardChannelError) in try channel.control(0x4200_0D48, []) }
        if case .failure(let error) = answer { #expect(error.code == .failure) }
        channel.close()
    }

    @Test("say that there is no card, or no such reader")
    func absent() throws {
        let noCard = failure { () throws(CardChannelError) in try PCSCChannel(reader: name) }
        #expect(noCard == CardChannelError(.noCard, "There is no card in “\(name)”. Put one in."))
        let noReader = failure { () throws(CardChannelError) in try PCSCChannel(reader: "Nowhere 00 00") }
        #expect(noReader?.code == .noReader)
        let choice = failure { () throws(CardChannelError) in
            try ReaderChoice.automatic.choose(among: try ReaderContext().readers())
        }
        #expect(choice?.code == .noCard)
    }
}

// What happens when something goes away.
extension RealReaderTests {
    @Test("tell of cards that come and go, also between two looks")
    func watch() throws {
        let watcher = ReaderWatcher()
        let first = try watcher.next(within: .seconds(10))
        #expect(first == readers.names.map { .readerAdded(reader: $0) })
        #expect(try watcher.next(within: .zero) == [])
        var insertion = readers.insert(ScriptedCard(), into: 0)
        let inserted = ReaderEvent.cardInserted(reader: name, answerToReset: ScriptedCard.t1)
        #expect(try watcher.next(within: .seconds(10)) == [inserted])
        try insertion.remove()
        #expect(try watcher.next(within: .seconds(10)) == [.cardRemoved(reader: name)])

        insertion = try insert()
        #expect(try watcher.next(within: .seconds(10)) == [inserted])
        try insertion.remove()
        let context = try ReaderContext()
        try poll("the reader is empty") { try context.readers()[0].card == .absent }
        insertion = try insert()
        // Present before, present after: only the count of insertions shows that it was another card.
        #expect(try watcher.next(within: .seconds(10)) == [.cardRemoved(reader: name), inserted])
        try insertion.remove()
    }

    @Test("end a wait when another thread cancels it, and every later one")
    func cancel() throws {
        let watcher = ReaderWatcher()
        _ = try watcher.next(within: .seconds(10))
        let outcome = Mutex<CardChannelError.Code?>(nil)
        Thread.detachNewThread {
            let error = self.failure { () throws(CardChannelError) in try watcher.next(within: .seconds(60)) }
            outcome.withLock { $0 = error?.code }
        }
        watcher.cancel()
        try poll("the wait ended", within: .seconds(5)) { outcome.withLock { $0 } == .cancelled }
        #expect(
            failure { () throws(CardChannelError) in try watcher.next(within: .seconds(60)) }?.code
                == .cancelled)
    }

    @Test("say that the card was pulled in the middle of a command, without delay")
    func pulled() throws {
        let insertion = try insert()
        let channel = try PCSCChannel(reader: name)
        let puller = Thread {
            try? poll("the card works on the command") {
                insertion.card.diary.withLock { !$0.commands.isEmpty }
            }
            insertion.client.stop()
        }
        puller.start()
        let time = duration {
            let error = failure { () throws(CardChannelError) in
                try channel.transmit([0x00, 0xB1, 0x00, 0x00])
            }
            #expect(error?.code == .cardRemoved)
            #expect(error?.message.contains("taken out of “\(name)”") == true)
        }
        #expect(time < .seconds(5))
        insertion.card.gate.signal()
        #expect(
            failure { () throws(CardChannelError) in try channel.transmit([0x00, 0xB0, 0, 0, 0]) }?.code
                == .cardRemoved)
        try insertion.remove()

        // The channel works again as soon as the card is back.
        let back = try insert()
        try channel.reconnect()
        #expect(try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x90, 0x00])
        channel.close()
        try back.remove()
    }

    @Test("say so when a card dies in a command; it may come back by itself")
    func died() throws {
        let insertion = try insert()
        let channel = try PCSCChannel(reader: name)
        let error = failure { () throws(CardChannelError) in try channel.transmit([0x00, 0xDE, 0x00, 0x00]) }
        #expect(error?.code == .cardRemoved)
        try awaitCard()
        try channel.reconnect()
        #expect(try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x90, 0x00])
        channel.close()
        try insertion.remove()
    }

    @Test("say that the service died while connected, and work again after it came back")
    func serviceDies() throws {
        let insertion = try insert()
        let channel = try PCSCChannel(reader: name)
        try readers.kill()
        let time = duration {
            for _ in 0..<2 {
                let error = failure { () throws(CardChannelError) in
                    try channel.transmit([0x00, 0xB0, 0, 0, 0])
                }
                #expect(error?.code == .noService, "\(String(describing: error))")
                #expect(error?.message.contains("pcscd") == true)
            }
            #expect(failure { () throws(CardChannelError) in try channel.reconnect() }?.code == .noService)
            #expect(failure { () throws(CardChannelError) in try ReaderContext() }?.code == .noService)
        }
        #expect(time < .seconds(5))
        try readers.start()
        // The card's client found its way back by itself.
        try awaitCard()
        try channel.reconnect()
        #expect(try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x90, 0x00])
        channel.close()
        try insertion.remove()
    }

    @Test("say that the service died in the middle of a command")
    func serviceDiesInCommand() throws {
        let insertion = try insert()
        let channel = try PCSCChannel(reader: name)
        let readers = readers
        Thread.detachNewThread {
            try? poll("the card works on the command") {
                insertion.card.diary.withLock { !$0.commands.isEmpty }
            }
            try? readers.kill()
        }
        let error = failure { () throws(CardChannelError) in try channel.transmit([0x00, 0xB1, 0x00, 0x00]) }
        #expect(error?.code == .noService)
        insertion.card.gate.signal()
        channel.close()
        try insertion.remove()
        try readers.start()
    }

    @Test("say that the service died while watching, and go on when it is back")
    func serviceDiesWhileWatching() throws {
        let watcher = ReaderWatcher()
        _ = try watcher.next(within: .seconds(10))
        let readers = readers
        Thread.detachNewThread { try? readers.kill() }
        let error = failure { () throws(CardChannelError) in try watcher.next(within: .seconds(30)) }
        #expect(error?.code == .noService)
        #expect(
            failure { () throws(CardChannelError) in try watcher.next(within: .zero) }?.code == .noService)
        try readers.start()
        let insertion = readers.insert(ScriptedCard(), into: 0)
        var events: [ReaderEvent] = []
        try poll("the card is seen after the restart") {
            events += try watcher.next(within: .seconds(10))
            return events.contains(.cardInserted(reader: name, answerToReset: ScriptedCard.t1))
        }
        try insertion.remove()
    }

    @Test("say that a reader was unplugged, and find it again")
    func unplugged() throws {
        let insertion = try insert()
        let channel = try PCSCChannel(reader: name)
        let watcher = ReaderWatcher()
        #expect(try watcher.next(within: .seconds(10)).count == 3)
        // Both readers are one device; they go and come one after the other.
        func events(until last: ReaderEvent) throws -> [ReaderEvent] {
            var events: [ReaderEvent] = []
            try poll("\(last)") {
                events += try watcher.next(within: .seconds(1))
                return events.contains(last)
            }
            return events
        }
        try readers.whileUnplugged {
            let gone = try events(until: .readerRemoved(reader: name))
            #expect(gone.contains(.cardRemoved(reader: name)))
            let time = duration {
                let error = failure { () throws(CardChannelError) in
                    try channel.transmit([0x00, 0xB0, 0, 0, 0])
                }
                #expect(error?.code == .noReader, "\(String(describing: error))")
            }
            #expect(time < .seconds(10))
            try poll("both readers are gone") { try ReaderContext().readers().isEmpty }
            let another = failure { () throws(CardChannelError) in try PCSCChannel(reader: name) }
            #expect(another?.code == .noReader)
            let choice = failure { () throws(CardChannelError) in
                try ReaderChoice.automatic.choose(among: try ReaderContext().readers())
            }
            #expect(choice?.code == .noReader)
        }
        let inserted = ReaderEvent.cardInserted(reader: name, answerToReset: ScriptedCard.t1)
        #expect(try events(until: inserted).contains(.readerAdded(reader: name)))
        let stale = failure { () throws(CardChannelError) in try channel.transmit([0x00, 0xB0, 0, 0, 0]) }
        #expect(stale?.code == .cardRemoved, "\(String(describing: stale))")
        try channel.reconnect()
        #expect(try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x90, 0x00])
        channel.close()
        try insertion.remove()
    }

    @Test("say that the reader was unplugged in the middle of a command, without delay")
    func unpluggedInCommand() throws {
        let insertion = try insert()
        let channel = try PCSCChannel(reader: name)
        #expect(try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x90, 0x00])
        try readers.unplugInNextCommand()
        let time = duration {
            let error = failure { () throws(CardChannelError) in
                try channel.transmit([0x00, 0xD0, 0x00, 0x00, 0x01, 0x77])
            }
            #expect(error?.code == .noReader, "\(String(describing: error))")
            #expect(error?.message.contains("“\(name)” is not there any more") == true)
        }
        #expect(time < .seconds(10))
        // The card carried it out: only the answer is lost.
        #expect(
            insertion.card.diary.withLock { $0.commands.last } == [0x00, 0xD0, 0x00, 0x00, 0x01, 0x77])
        channel.close()
        try poll("both readers are gone") { try ReaderContext().readers().isEmpty }
        try readers.plug()
        try poll("the reader and its card are back") {
            try ReaderContext().readers().first?.isCardPresent == true
        }
        try insertion.remove()
    }

    @Test("say how to start a service that does not run")
    func serviceStopped() throws {
        try readers.stop()
        let error = failure { () throws(CardChannelError) in try ReaderContext() }
        #expect(error?.code == .noService)
        #expect(error?.message.contains("systemctl enable --now pcscd.socket") == true)
        // The card waits for the reader, not the other way round.
        let insertion = readers.insert(ScriptedCard(), into: 0)
        try readers.start()
        try awaitCard()
        try insertion.remove()
    }
}

// Two programs on one reader.
extension RealReaderTests {
    func impatient(_ sharing: ConnectOptions.Sharing) -> ConnectOptions {
        ConnectOptions(sharing: sharing, leaving: .untouched, patience: .milliseconds(200))
    }

    @Test(
        "refuse a card that another program holds, in time",
        arguments: [ConnectOptions.Sharing.shared, .exclusive], [ConnectOptions.Sharing.shared, .exclusive])
    func held(_ first: ConnectOptions.Sharing, _ second: ConnectOptions.Sharing) throws {
        let insertion = try insert()
        let holder = try PCSCChannel(reader: name, options: ConnectOptions(sharing: first))
        let time = duration {
            let error = failure { () throws(CardChannelError) in
                try PCSCChannel(reader: name, options: impatient(second))
            }
            #expect(error?.code == .shared)
            #expect(error?.message.contains("Another program uses the card in “\(name)”") == true)
            #expect(error?.message.contains("Waited 0.200 s") == true)
        }
        #expect(time < .seconds(5))
        #expect(try holder.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x90, 0x00])
        holder.close()
        // The refused call may still be on its way out.
        try poll("the card is free") { try ReaderContext().readers()[0].use == .free }
        let next = try PCSCChannel(reader: name, options: ConnectOptions(sharing: second))
        #expect(try next.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x90, 0x00])
        next.close()
        try insertion.remove()
    }

    @Test("give the card to the one who waits as soon as it is free")
    func waits() throws {
        let insertion = try insert()
        let holder = try PCSCChannel(reader: name)
        let outcome = Mutex<Result<[UInt8], CardChannelError>?>(nil)
        let name = name
        Thread.detachNewThread {
            let result = Result { () throws(CardChannelError) in
                let channel = try PCSCChannel(reader: name, options: ConnectOptions(patience: .seconds(30)))
                return try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00])
            }
            outcome.withLock { $0 = result }
        }
        for value in 1...50 as ClosedRange<UInt8> {
            _ = try holder.transmit([0x00, 0xD0, 0x00, 0x00, 0x01, value])
            #expect(try holder.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [value, 0x90, 0x00])
        }
        #expect(outcome.withLock { $0 == nil })
        holder.close()
        try poll("the other program got its turn") { outcome.withLock { $0 != nil } }
        // The card was reset when its holder left.
        #expect(try outcome.withLock { try $0?.get() } == [0x90, 0x00])
        try insertion.remove()
    }

    @Test("never mix the commands of two programs that each hold the card for two commands")
    func interleaving() throws {
        let insertion = try insert()
        let finished = Mutex(0)
        let mixed = Mutex<[String]>([])
        let name = name
        for program in [UInt8(0x10), 0x20] {
            Thread.detachNewThread {
                let error = self.failure { () throws(CardChannelError) in
                    let channel = try PCSCChannel(
                        reader: name, options: ConnectOptions(leaving: .untouched, patience: .seconds(30)))
                    for round in 0..<5 as Range<UInt8> {
                        try channel.beginTransaction()
                        let mark = program | round
                        _ = try channel.transmit([0x00, 0xD0, 0x00, 0x00, 0x01, mark])
                        let answer = try channel.transmit([0x00, 0xB0, 0x00, 0x00, 0x00])
                        if answer != [mark, 0x90, 0x00] { mixed.withLock { $0.append("\(answer)") } }
                        channel.endTransaction()
                    }
                }
                if let error { mixed.withLock { $0.append(error.message) } }
                finished.withLock { $0 += 1 }
            }
        }
        try poll("both programs finished", within: .seconds(60)) { finished.withLock { $0 } == 2 }
        #expect(mixed.withLock { $0 } == [])
        #expect(insertion.card.diary.withLock { $0.commands.count } == 20)
        try insertion.remove()
    }

    @Test("say that another program reset the card, and go on after opening it anew")
    func resetByAnother() throws {
        let insertion = try insert()
        let first = try PCSCChannel(reader: name, options: impatient(.shared))
        _ = try first.transmit([0x00, 0xD0, 0x00, 0x00, 0x01, 0x55])
        first.endTransaction()
        let second = try PCSCChannel(reader: name, options: impatient(.shared))
        // A command outside a transaction takes a turn of its own, and cannot while another program holds the card.
        #expect(
            failure { () throws(CardChannelError) in try first.transmit([0x00, 0xB0, 0, 0, 0]) }?.code
                == .shared)
        try second.reset()
        second.close()
        let error = failure { () throws(CardChannelError) in try first.transmit([0x00, 0xB0, 0, 0, 0]) }
        #expect(error?.code == .cardReset)
        #expect(failure { () throws(CardChannelError) in try first.beginTransaction() }?.code == .cardReset)
        try first.reconnect()
        #expect(try first.transmit([0x00, 0xB0, 0x00, 0x00, 0x00]) == [0x90, 0x00])
        first.close()
        try insertion.remove()
    }
}
