import CentreServer
import Testing

@Suite("Configuration of berth serve")
struct ServeConfigurationTests {
    @Test("the file gives way to the environment, and that to the command line")
    func precedence() throws {
        let file = try ServeConfiguration.read(
            Array("# doors\nlisten = *:1\n\nworkers=2\n  log-format   =  json  \n".utf8), path: "berth.conf")
        let configuration = ServeConfiguration(
            file: file,
            given: [
                .workers: .init("3", .environment("BERTH_WORKERS")), .logFormat: .init("text", .commandLine),
            ])
        #expect(configuration[.listen] == "*:1")
        #expect(configuration[.workers] == "3")
        #expect(configuration[.logFormat] == "text")
        #expect(configuration[.logLevel] == "info")
        #expect(configuration[.vault] == nil)
        let sources = Dictionary(
            uniqueKeysWithValues: configuration.shown.map { ($0.setting.name, "\($0.source)") })
        #expect(sources["listen"] == "berth.conf, line 2")
        #expect(sources["workers"] == "BERTH_WORKERS")
        #expect(sources["log-format"] == "the command line")
        #expect(sources["log-level"] == "the default")
    }

    @Test(
        "a file that is not understood is refused, with the line",
        arguments: [
            ("listen\n", 1), ("listen =\n", 1), ("\n\nlitsen = *:1\n", 3), ("workers = 1\nworkers = 2\n", 2),
            ("= 4", 1),
        ])
    func refusals(text: String, line: Int) {
        let failure = #expect(throws: ServeFailure.self) {
            try ServeConfiguration.read(Array(text.utf8), path: "x.conf")
        }
        #expect(failure?.what.hasPrefix("x.conf, line \(line):") == true)
        #expect(failure?.code == "configuration")
    }

    @Test("bytes that are no text, and files that are too long, are refused")
    func notText() {
        for bytes in [[0xFF, 0xFE], [UInt8](repeating: 0x20, count: ServeConfiguration.fileBytesMax + 1)] {
            #expect(throws: ServeFailure.self) { try ServeConfiguration.read(bytes, path: "x.conf") }
        }
    }

    @Test(
        "secrets are hidden where settings are shown",
        arguments: [
            ("postgresql://berth:hunter2@db/centre", "postgresql://berth:…@db/centre"),
            (
                "postgresql://berth@db/centre?password=hunter2&sslmode=require",
                "postgresql://berth@db/centre?password=…&sslmode=…"
            ),
            ("postgresql://a:b@c@db", "postgresql://a:…@db"),
            ("host=db password=hunter2 dbname=centre", "host=db password=…"),
            ("host=db PassWord = 'hunter2'", "host=db password=…"),
            ("sqlite:/var/lib/berth/store.db", "sqlite:/var/lib/berth/store.db"),
        ])
    func hidden(value: String, shown: String) {
        let configuration = ServeConfiguration(given: [.store: .init(value, .commandLine)])
        let text = configuration.shown.first { $0.setting == .store }?.text
        #expect(text == shown)
        #expect(text?.contains("hunter2") == false)
    }

    @Test(
        "every setting that may hold a secret hides it",
        arguments: [ServeSetting.store, .traces, .openIDIssuer, .openIDKeys])
    func hiddenEverywhere(setting: ServeSetting) {
        let value = "https://berth:hunter2@id.example/realm?token=hunter2"
        let configuration = ServeConfiguration(given: [setting: .init(value, .commandLine)])
        let text = configuration.shown.first { $0.setting == setting }?.text
        #expect(text == "https://berth:…@id.example/realm?token=…")
    }

    @Test("every setting has a name of its own in the file, in the environment, and says what it is")
    func names() {
        #expect(Set(ServeSetting.all.map(\.name)).count == ServeSetting.all.count)
        #expect(Set(ServeSetting.all.map(\.environment)).count == ServeSetting.all.count)
        #expect(ServeSetting.logFormat.environment == "BERTH_LOG_FORMAT")
        #expect(ServeSetting.all.allSatisfy { !$0.summary.isEmpty && $0.environment.hasPrefix("BERTH_") })
    }
}
