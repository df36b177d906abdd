import Foundation
import SmartCard
import Terminal
import Testing

@Suite("What a terminal is")
struct IdentityTests {
    @Test(
        "an address is https and a name; without encryption only on this machine",
        arguments: [
            ("https://centre.example:8443/", "https://centre.example:8443"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("http://localhost", "http://localhost"),
            ("http://[::1]:80//", "http://[::1]:80"), ("http://centre.example", nil),
            ("http://127.0.0.1.example", nil), ("http://localhost@evil.example", nil), ("https://", nil),
            ("https://a/b", nil), ("https://a?b", nil), ("ftp://a", nil), ("centre.example", nil), ("", nil),
        ] as [(String, String?)])
    func address(text: String, expected: String?) { #expect(TerminalIdentity.address(text) == expected) }

    @Test("what is written reads the same")
    func json() {
        for trust in [
            TerminalIdentity.Trust.system, .authorities(file: "/etc/ca.pem"),
            .publicKey([UInt8](repeating: 0xA5, count: 32)),
        ] {
            let identity = TerminalIdentity(
                centre: "https://centre.example", name: "lobby-1", token: "secret", trust: trust)
            #expect(TerminalIdentity(json: identity.json) == identity)
        }
        for text in [
            "", "{}", #"{"centre":"http://x.example","terminal":"a","token":"b"}"#,
            #"{"centre":"https://x","terminal":"a","token":"b","publicKey":"00"}"#,
        ] {
            #expect(TerminalIdentity(json: Array(text.utf8)) == nil)
        }
    }
}

@Suite("The centre's word for the next card")
struct GreetingFileTests {
    @Test("is given once, whatever becomes of the program; a newer one takes its place")
    func once() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/berth-greeting-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let commands = try ["80CA004200", "80500000080102030405060708"].map {
            try CommandAPDU(parsing: Hex.decode($0))
        }
        #expect(GreetingFile(folder: folder).take() == nil)
        GreetingFile(folder: folder).keep(commands.reversed())
        GreetingFile(folder: folder).keep(commands)
        #expect(GreetingFile(folder: folder).take() == commands)
        #expect(GreetingFile(folder: folder).take() == nil)
        for broken in ["", "{", #"["80"]"#, #"[7]"#, #"{"a":1}"#] {
            try Data(broken.utf8).write(to: URL(filePath: folder + "/greeting.json"))
            #expect(GreetingFile(folder: folder).take() == nil)
        }
        GreetingFile(folder: folder + "/not-there").keep(commands)
        #expect(GreetingFile(folder: folder + "/not-there").take() == nil)
    }
}

@Suite("The queue of reports")
struct ReportQueueTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/berth-queue-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    @Test("what is kept is there after a restart, until it is removed")
    func keeps() throws {
        let queue = ReportQueue(folder: folder)
        let first = ReportQueue.Pending(session: "a1", key: "1", report: Array(#"{"x":"\"é"}"#.utf8))
        let second = ReportQueue.Pending(session: "b2", key: "7", report: [])
        try queue.keep(first)
        try queue.keep(second)
        #expect(ReportQueue(folder: folder).all() == [first, second])
        var newer = first
        newer.key = "2"
        try queue.keep(newer)
        #expect(queue.all() == [newer, second])
        queue.remove("a1")
        queue.remove("a1")
        #expect(queue.all() == [second])
    }

    @Test("a file that was torn, or is somebody else's, is left alone")
    func broken() throws {
        let queue = ReportQueue(folder: folder)
        try queue.keep(.init(session: "a1", key: "1", report: []))
        try Data("{".utf8).write(to: URL(filePath: folder + "/c3.report"))
        try Data("x".utf8).write(to: URL(filePath: folder + "/d4.report.new"))
        #expect(queue.all().map(\.session) == ["a1"])
        #expect(FileManager.default.fileExists(atPath: folder + "/c3.report"))
        // What was not written whole was not sent either.
        queue.tidy()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                "a1.report", "c3.report",
            ])
    }

    @Test("what cannot be kept is said before it would be sent")
    func unwritable() {
        let queue = ReportQueue(folder: folder + "/not-there")
        #expect(throws: ReportQueue.Failure.self) {
            try queue.keep(.init(session: "a1", key: "1", report: []))
        }
    }
}
