import Arguments
import Centre
import Commands
import JSON
import Readers
import SmartCard
import Synchronization
import TestSupport
import Testing

/// Batches of events, one after the other; then somebody presses Ctrl-C.
private final class EventScript: Sendable {
    private let batches: Mutex<[Result<[ReaderEvent], CardChannelError>]>

    init(_ batches: [Result<[ReaderEvent], CardChannelError>]) { self.batches = Mutex(batches) }

    var isOver: Bool { batches.withLock { $0.isEmpty } }

    func next() throws -> [ReaderEvent] {
        try batches.withLock { $0.isEmpty ? .success([]) : $0.removeFirst() }.get()
    }
}

@Suite("The reader noun", .mission(.b13))
struct ReaderCommandTests {
    // The ATR that pysim and GlobalPlatformPro show for a JCOP 2.4.1 card: T=1, "JCOP241".
    private static let atr: [UInt8] = [
        0x3B, 0xF8, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45, 0x4A, 0x43, 0x4F, 0x50, 0x76, 0x32, 0x34, 0x31,
        0xB7,
    ]

    private func run(_ words: [String], _ readers: ReaderSource, _ script: EventScript? = nil) async
        -> Outcome
    {
        let output = MemorySink()
        let errors = MemorySink()
        let interrupts = Interrupts(begin: {}, raised: { script?.isOver == true ? .keyboard : nil })
        let terminal = Terminal(
            output: output, errors: errors, input: ScriptedInput(), environment: Environment(),
            clock: ContinuousClock(), interrupts: interrupts)
        let opener = CardOpener(
            openFile: { _ in throw CardChannelError(.noCard, "none") },
            openReader: { _, _ in throw CardChannelError(.noCard, "none") })
        let exit = await BerthProgram.make(
            opener, readers: readers, clock: ManualClock(Instant(milliseconds: 0))
        ).run(words, on: terminal)
        return Outcome(exit: exit, output: output.text, errors: errors.text)
    }

    @Test("lists the readers with the cards in them explained")
    func lists() async {
        let readers = ReaderSource(
            list: {
                [
                    ReaderState(name: "Empty", card: .absent), ReaderState(name: "Wrong way", card: .mute),
                    ReaderState(name: "Full", card: .present(answerToReset: Self.atr), use: .shared),
                    ReaderState(name: "Odd", card: .present(answerToReset: [0x00])),
                ]
            }, watch: { { _ in [] } })
        let text = await run(["reader", "list"], readers)
        #expect(text.exit == .success)
        #expect(text.output.contains("T=1") && text.output.contains("\"JCOPv241\""), "\(text.output)")
        #expect(text.output.contains("turn it round") && text.output.contains("breaks the standard"))
        let json = await run(["reader", "list", "--json"], readers)
        let list = json.json?["readers"]?.arrayValue ?? []
        #expect(list.compactMap { $0["card"]?.stringValue } == ["absent", "mute", "present", "present"])
        #expect(list[2]["explained"]?["protocols"] == [1])
        #expect(list[2]["use"] == "shared")
    }

    @Test("no reader, and no reader service, are said in words")
    func nothing() async {
        let none = await run(["reader", "list"], .none)
        #expect(none.exit == .success && none.output.contains("no reader"))
        let gone = ReaderSource(
            list: { throw CardChannelError(.noService, "pcscd is not running") }, watch: { { _ in [] } })
        let refused = await run(["reader", "list", "--json"], gone)
        #expect(refused.exit == .unavailable && refused.problemCode == "no-reader-service")
    }

    @Test(
        "a problem with a reader says first what happened, then what to do",
        arguments: [
            ("There is no card in “A”. Put one in.", "There is no card in “A”", ["Put one in."]),
            (
                "The card in “Reader 00. 01” is mute. Turn it.", "The card in “Reader 00. 01” is mute",
                ["Turn it."]
            ),
            (
                "No reader is called “x”. There are:\n  1  A", "No reader is called “x”",
                ["There are:\n  1  A"]
            ),
            ("There is no /run/pcscd.comm. Start it: x.", "There is no /run/pcscd.comm", ["Start it: x."]),
            ("The wait ended.", "The wait ended", []), ("pcscd is not running", "pcscd is not running", []),
        ])
    func sentences(message: String, what: String, advice: [String]) {
        let problem = CardChannelError(.noReader, message).problem
        #expect(problem.what == what)
        #expect(problem.advice == advice)
    }

    @Test("watches cards and readers come and go, through an absence of the service, until Ctrl-C")
    func watches() async {
        let away = CardChannelError(.noService, "pcscd is not running")
        func script() -> EventScript {
            EventScript([
                .success([.readerAdded(reader: "R"), .cardInserted(reader: "R", answerToReset: Self.atr)]),
                .success([]), .failure(away), .failure(away),
                .success([.cardRemoved(reader: "R"), .cardMute(reader: "R"), .readerRemoved(reader: "R")]),
            ])
        }
        let first = script()
        let json = await run(
            ["reader", "watch", "--json"],
            ReaderSource(list: { [] }, watch: { { _ in try first.next() } }), first)
        #expect(json.exit == .success)
        #expect(
            json.lines.compactMap { $0["event"]?.stringValue } == [
                "reader-added", "card-inserted", "service-away", "service-back", "card-removed", "card-mute",
                "reader-removed",
            ])
        let second = script()
        let text = await run(
            ["reader", "watch"], ReaderSource(list: { [] }, watch: { { _ in try second.next() } }), second)
        #expect(text.output.contains("card inserted into R: T=1") && text.output.contains("waiting for it"))
        #expect(text.errors.contains("Ctrl-C"))
    }

    @Test("any other failure of the readers ends the watch with its reason")
    func fails() async {
        let script = EventScript([.failure(CardChannelError(.failure, "the reader is broken")), .success([])])
        let outcome = await run(
            ["reader", "watch", "--json"],
            ReaderSource(list: { [] }, watch: { { _ in try script.next() } }), script)
        #expect(outcome.exit == .inputOutput && outcome.problemCode == "reader-failure")
    }
}
