import Arguments
import Foundation
import Readers
import Testing

@testable import Commands

@Suite("What is remembered between runs")
struct StateFileTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/berth-state-" + UUID().uuidString

    private func file() throws -> StateFile {
        try #require(StateFile("record", Environment(["XDG_STATE_HOME": folder])))
    }

    @Test("a change beside the session comes before the next one, whoever makes it")
    func order() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try file()
        let goOn = Wakeup()
        let beside = try file.updateAside { text in
            _ = goOn.wait(atMost: .seconds(30))
            return (text ?? "") + "first\n"
        }
        // Another program, or another session of this one.
        let other = WorkBeside { try file.update { ($0 ?? "") + "second\n" } }
        #expect(try file.read() == nil)
        goOn.ring()
        try other.value()
        try beside.value()
        #expect(try file.read() == "first\nsecond\n")
    }

    @Test("a change beside the session that fails says so to whoever waits, and leaves the record as it was")
    func failure() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try file()
        try file.update { _ in "record\n" }
        let beside = try file.updateAside { _ in
            throw Problem("no-change", exit: .configuration, "it cannot be")
        }
        #expect(throws: Problem.self) { try beside.value() }
        #expect(try file.read() == "record\n")
        try file.update(isDurable: false) { ($0 ?? "") + "more\n" }
        #expect(try file.read() == "record\nmore\n")
    }

    @Test("where nothing can be written a change beside the session does not even begin")
    func unwritable() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("a file".utf8).write(to: URL(fileURLWithPath: folder + "/berth"))
        let file = try file()
        #expect(throws: Problem.self) { _ = try file.updateAside { $0 ?? "" } }
    }
}
