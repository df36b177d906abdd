import Arguments
import FoundationEssentials
import GlobalPlatform
import JSON
import Readers
import SmartCard
import TestSupport
import Testing

@Suite("Opening a session from the command line")
struct AuthenticationVerbTests {
    private static let wrong = "--key 11111111111111111111111111111111"

    @Test("a failed authentication is counted for the card, and a second try needs --allow-retry")
    func counted() async throws {
        let bench = try CommandBench()
        let first = await bench.run("gp list --json " + Self.wrong)
        #expect(first.exit == .notAuthenticated && first.problemCode == "wrong-keys")
        for line in ["gp list --json " + Self.wrong, "gp list --json", "gp lock card --json --yes"] {
            let second = await bench.run(line)
            #expect(second.exit == .notAuthenticated, "\(line): \(second.output)")
            #expect(second.problemCode == "authentication-failed-before")
            #expect(second.lines.last?["problem"]?["details"]?["failures"]?.integerValue == 1)
        }
        // What needs no session goes on working.
        #expect(await bench.run("gp info").exit == .success)
        let again = await bench.run("gp list --json --allow-retry " + Self.wrong)
        #expect(again.problemCode == "wrong-keys")
        let counted = await bench.run("gp list --json")
        #expect(counted.lines.last?["problem"]?["details"]?["failures"]?.integerValue == 2)
        #expect(await bench.run("gp list --allow-retry").exit == .success)
        #expect(await bench.run("gp list").exit == .success)
    }

    @Test("the failures of one card are not those of another, and no EXTERNAL AUTHENTICATE is spent")
    func perCard() async throws {
        let bench = try CommandBench()
        let other = try CommandBench("javacard-80k-predictable")
        let sent = SentCommands(bench)
        _ = await bench.run("gp list " + Self.wrong)
        _ = await bench.run("gp list " + Self.wrong)
        #expect(!sent.commands.contains { $0.ins == 0x82 })
        let record = try bench.read("berth/authentication-failures")
        try FileManager.default.createDirectory(
            atPath: other.folder + "/berth", withIntermediateDirectories: true)
        try other.write("berth/authentication-failures", record)
        #expect(await other.run("gp list").exit == .success)
        #expect(await bench.run("gp list").problemCode == nil)
    }

    @Test("after eight failures no option helps, and a damaged record is not an empty one")
    func exhausted() async throws {
        let bench = try CommandBench()
        for _ in 0..<8 { _ = await bench.run("gp list --allow-retry " + Self.wrong) }
        let ended = await bench.run("gp list --json --allow-retry")
        #expect(ended.problemCode == "authentication-exhausted" && ended.exit == .notAuthenticated)
        try bench.write("berth/authentication-failures", "no record\n")
        let damaged = await bench.run("gp list --json")
        #expect(damaged.exit == .configuration && damaged.problemCode == "failure-memory-damaged")
    }

    private static let record = "berth/authentication-failures"

    @Test("a try is on disk before the card gets what it counts, and gone after the success")
    func bookedBefore() async throws {
        let bench = try CommandBench()
        var booked: [String] = []
        bench.fault = { command, answer in
            // The card has just been asked; the program waits for this answer.
            if command.ins == Instruction.externalAuthenticate {
                booked.append((try? bench.read(Self.record)) ?? "")
            }
            return answer
        }
        #expect(await bench.run("gp list").exit == .success)
        #expect(booked.count == 1 && booked[0].hasSuffix(" 0 1\n"), "\(booked)")
        #expect(try bench.read(Self.record) == "berth-authentication-failures 1\n")
        // Killed at that moment, it leaves the record as it was then. Some such ends need no flag, many do.
        for count in 1...4 {
            try bench.write(Self.record, booked[0].replacing(" 0 1\n", with: " 0 \(count)\n"))
            #expect(await bench.run("gp list --json").exit == .success, "\(count)")
        }
        try bench.write(Self.record, booked[0].replacing(" 0 1\n", with: " 0 5\n"))
        #expect(await bench.run("gp list --json").problemCode == "authentication-failed-before")
        try bench.write(Self.record, booked[0].replacing(" 0 1\n", with: " 0 8\n"))
        #expect(await bench.run("gp list --json --allow-retry").problemCode == "authentication-exhausted")
    }

    @Test("a card that refuses EXTERNAL AUTHENTICATE is counted once, one that is pulled there needs no flag")
    func refusedOrPulled() async throws {
        let bench = try CommandBench()
        bench.fault = { command, answer in
            command.ins == Instruction.externalAuthenticate ? ResponseAPDU(status: 0x6300) : answer
        }
        #expect(await bench.run("gp list --json").problemCode == "card-refused")
        #expect(try bench.read(Self.record).hasSuffix(" 1\n"))
        bench.fault = { $1 }
        let second = await bench.run("gp list --json")
        #expect(second.lines.last?["problem"]?["details"]?["failures"]?.integerValue == 1)
        #expect(await bench.run("gp list --allow-retry").exit == .success)
        var number = 0
        bench.fault = { command, answer in
            if command.ins == Instruction.externalAuthenticate { number = bench.commandCount }
            return answer
        }
        _ = await bench.run("gp list")
        for pull in [CommandBench.Pull.before(number), .after(number)] {
            bench.pull = pull
            #expect(await bench.run("gp list").exit == .inputOutput)
            #expect(try bench.read(Self.record).hasSuffix(" 0 1\n"))
            bench.pull = nil
            #expect(await bench.run("gp list").exit == .success, "\(pull)")
        }
    }

    @Test("where the try cannot be booked it is not made")
    func unbookable() async throws {
        let bench = try CommandBench()
        let sent = SentCommands(bench)
        try bench.write("berth", "no folder")
        let outcome = await bench.run("gp list --json")
        #expect(
            outcome.exit == .cannotCreate && outcome.problemCode == "state-not-written", "\(outcome.output)")
        #expect(!sent.commands.contains { $0.ins == Instruction.externalAuthenticate })
    }

    @Test(
        "without a key nothing is sent to a card, and nothing is counted",
        arguments: [
            "gp list", "gp list --computed-ahead", "gp lock card --yes", "gp delete \(CommandBench.applet)",
            "gp domain list", "gp store-data --data 00", "gp apdu --secure 80CA9F7F00",
            "gp privileges \(CommandBench.applet)", "gp key put --new-key default --new-key-version 3 --yes",
            "gp key rotate --new-key default --yes",
        ])
    func keyMissing(line: String) async throws {
        let bench = try CommandBench()
        let sent = SentCommands(bench)
        let outcome = await bench.run(line + " --json", variables: ["BERTH_KEY": ""])
        #expect(outcome.exit == .usage && outcome.problemCode == "key-missing", "\(outcome.output)")
        #expect(!sent.commands.contains { $0.ins == Instruction.initializeUpdate })
        #expect(throws: (any Error).self) { try bench.read(Self.record) }
        // The right key needs no flag after it.
        #expect(await bench.run("gp list --key default", variables: ["BERTH_KEY": ""]).exit == .success)
    }

    @Test(
        "a virtual card in a file opens without a key while it has the test key, and no try is counted after")
    func ownCard() async throws {
        let bench = try CommandBench()
        try bench.write("new.key", "00112233445566778899AABBCCDDEEFF")
        let none = ["BERTH_KEY": ""]
        for line in [
            "card create @own.card --profile javacard-80k", "gp list --card @own.card",
            "gp key rotate --card @own.card --new-key file:@new.key --yes",
        ] {
            let outcome = await bench.run(line, variables: none)
            #expect(outcome.exit == .success, "\(line): \(outcome.errors)")
        }
        let forgotten = await bench.run("gp list --card @own.card --json", variables: none)
        #expect(
            forgotten.exit == .notAuthenticated && forgotten.problemCode == "key-missing",
            "\(forgotten.output)")
        let named = await bench.run("gp list --card @own.card --key file:@new.key", variables: none)
        #expect(named.exit == .success, "\(named.errors)")
        // Who names a key that is wrong has tried it.
        let wrong = await bench.run("gp list --card @own.card --json --key default", variables: none)
        #expect(wrong.problemCode == "wrong-keys")
        let after = await bench.run("gp list --card @own.card --json --key file:@new.key", variables: none)
        #expect(after.problemCode == "authentication-failed-before")
    }

    struct Derivation: Sendable, CustomTestStringConvertible {
        let profile: String
        let scheme: String
        let others: [String]
        var testDescription: String { "\(scheme) on \(profile)" }
    }

    static let derivations: [Derivation] = [
        .init(profile: "javacard-80k-scp02", scheme: "visa2", others: ["none", "emv"]),
        .init(profile: "javacard-80k-scp02", scheme: "emv", others: ["none", "visa2"]),
        .init(
            profile: "javacard-80k-scp02", scheme: "$0$1$4$5$6$7F0$k$0$1$4$5$6$70F$k",
            others: ["none", "emv"]),
        .init(profile: "javacard-80k", scheme: "kdf3", others: ["none"]),
        .init(
            profile: "javacard-80k", scheme: "$_000000$k00$0$1$2$3$4$5$6$7$8$9", others: ["none"]),
    ]

    @Test("derived keys are put and open sessions, by every scheme", arguments: derivations)
    func derived(_ derivation: Derivation) async throws {
        let bench = try CommandBench(derivation.profile)
        try bench.write("master.key", "47454D5850524553534F53414D504C45")
        let put = await bench.run(
            "gp key put --new-key file:@master.key --new-key-version 0x22 --yes --new-kdf \(derivation.scheme)"
        )
        #expect(put.exit == .success, "\(put.errors)")
        let open = "gp list --json --allow-retry --key file:@master.key --key-version 0x22 --kdf "
        for other in derivation.others {
            let refused = await bench.run(open + other)
            #expect(refused.problemCode == "wrong-keys", "\(other): \(refused.output)")
        }
        let opened = await bench.run(open + derivation.scheme)
        #expect(opened.exit == .success, "\(opened.output)")
    }

    @Test("auto decides from what the card shows, and tries nothing where it shows nothing")
    func automatic() async throws {
        let bench = try CommandBench("javacard-80k-scp02")
        try bench.write("master.key", "47454D5850524553534F53414D504C45")
        _ = await bench.run(
            "gp key put --new-key file:@master.key --new-key-version 0x22 --yes --new-kdf visa2")
        let open = "gp list --json --key file:@master.key --key-version 0x22 --kdf auto"
        // The card's diversification data end in its domain's name and hold its chip's serial number.
        #expect(await bench.run(open).exit == .success)
        let card = try CommandBench("javacard-80k-predictable")
        let undecided = await card.run("gp list --json --kdf auto")
        #expect(undecided.problemCode == "derivation-undecided" && undecided.exit == .notAuthenticated)
        // No key was tried, so nothing is counted.
        #expect(await card.run("gp list").exit == .success)
    }

    @Test("keys for a scheme of another protocol are told, and not counted")
    func otherProtocol() async throws {
        let bench = try CommandBench("javacard-80k-predictable")
        let refused = await bench.run("gp list --json --kdf visa2")
        #expect(refused.exit == .badData && refused.problemCode == "derivation-failed")
        #expect(await bench.run("gp list").exit == .success)
    }

    static let selections: [(status: StatusWord, command: String)] = [
        (0x6A82, "default"), (0x6A87, "default"), (0x6A86, "default"),
    ]

    @Test("a card that selects nothing by default is asked by name", arguments: selections)
    func noDefault(_ selection: (status: StatusWord, command: String)) async throws {
        let bench = try CommandBench()
        bench.fault = { command, answer in
            command.ins == 0xA4 && command.data.isEmpty ? ResponseAPDU(status: selection.status) : answer
        }
        for line in ["gp info", "gp list", "gp key list"] {
            let outcome = await bench.run(line + " --json")
            #expect(outcome.exit == .success, "\(line): \(outcome.output)")
        }
    }

    @Test("6283 is a locked domain: told, and the session is opened all the same")
    func locked() async throws {
        let bench = try CommandBench()
        bench.fault = { command, answer in
            command.ins == 0xA4 ? ResponseAPDU(data: answer.data, status: 0x6283) : answer
        }
        let info = await bench.run("gp info")
        #expect(info.exit == .success && info.output.contains("locked"))
        #expect(await bench.run("gp list").exit == .success)
    }

    @Test("a wrong name in the answer to SELECT, an empty registry, and pages do no harm")
    func quirky() async throws {
        #expect(await (try CommandBench("javacard-80k-quirky")).run("gp list").exit == .success)
        let bench = try CommandBench()
        bench.fault = { command, answer in
            command.ins == 0xF2 ? ResponseAPDU(status: 0x6A88) : answer
        }
        let empty = await bench.run("gp list --mode clr")
        #expect(empty.exit == .success && empty.output.contains("The registry is empty."))
    }
}

/// What reached the card of a bench, as it travelled.
final class SentCommands: @unchecked Sendable {
    // Filled by the task of the test alone.
    private(set) var commands: [CommandAPDU] = []

    init(_ bench: CommandBench) {
        bench.fault = { [weak self] command, answer in
            self?.commands.append(command)
            return answer
        }
    }
}

@Suite("What a card tells everybody, from the command line")
struct InfoVerbTests {
    static let connections:
        [(words: String, sharing: ConnectOptions.Sharing, protocol: ConnectOptions.Transmission)] =
            [
                ("", .shared, .any), ("--exclusive", .exclusive, .any), ("--protocol t0", .shared, .t0),
                ("--protocol t1 --exclusive", .exclusive, .t1), ("--protocol any", .shared, .any),
            ]

    @Test("the reader is asked for the card as the command line says", arguments: connections)
    func connection(words: String, sharing: ConnectOptions.Sharing, transmission: ConnectOptions.Transmission)
        async throws
    {
        let bench = try CommandBench()
        #expect(await bench.run("gp info " + words).exit == .success)
        #expect(bench.connectOptions == ConnectOptions(sharing: sharing, transmission: transmission))
    }

    @Test("every object that GET DATA gives is shown, as text and as JSON (GPCS 2.3.1 §11.3)")
    func everything() async throws {
        let bench = try CommandBench("javacard-80k-predictable")
        let answer = await bench.run("gp info --json")
        let json = try #require(answer.json)
        for name in [
            "cardId", "iin", "cin", "cplc", "keys", "memory", "sequenceCounter", "applications",
            "domainPrivileges", "applicationPrivileges",
        ] { #expect(json[name] != nil && json[name] != .null, "\(name)") }
        let text = await bench.run("gp info").output
        for name in [
            "Card id", "Issuer domain", "GlobalPlatform", "Secure channels", "IIN", "CIN", "Sequence counter",
            "ICSerialNumber", "Domain privileges", "Application privileges", "Applications", "Free:",
        ] { #expect(text.contains(name), "\(name)") }
    }

    @Test(
        "a card that answers nothing but SELECT is still told (seen on an NXP card: 6985 before authentication)"
    )
    func silent() async throws {
        let bench = try CommandBench()
        bench.fault = { command, answer in
            command.ins == 0xCA ? ResponseAPDU(status: 0x6985) : answer
        }
        let info = await bench.run("gp info")
        #expect(info.exit == .success && info.output.contains("the card does not tell"), "\(info.errors)")
        #expect(await bench.run("gp list").exit == .success)
    }
}
