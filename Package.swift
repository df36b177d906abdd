// swift-tools-version: 6.2
import PackageDescription

// Every target is compiled the same way: Swift 6 mode, warnings are errors.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

// `scripts/fuzz` sets this: the driver links only with libFuzzer, which instruments everything it is built with.
let fuzzing = Context.environment["BERTH_FUZZ"] != nil

let fuzzDriver: [Target] = [
    .systemLibrary(name: "CLibFuzzer", path: "Fuzz/CLibFuzzer"),
    .executableTarget(
        name: "FuzzDriver", dependencies: ["CLibFuzzer", "FuzzTargets"], path: "Fuzz/Driver",
        swiftSettings: settings),
]

let package = Package(
    name: "berth",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "berth", targets: ["berth"])],
    targets: [
        // Layer 0: one system library each, and nothing else.
        // Cryptography: AES, 3DES, CMAC, RSA, EC, X.509 (used by CardCrypto only).
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        // ZIP archives, which CAP files are (used by GlobalPlatform only).
        .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),

        // The embedded store (used by Storage only).
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        // The store of a fleet (used by Storage only). Headers only: the library is loaded when it is needed.
        .systemLibrary(name: "CPostgreSQL", providers: [.apt(["libpq-dev"])]),

        // HTTP as a client (used by HTTPClient only). Headers only: the library is loaded when it is needed.
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        // HTTP and TLS (used by CentreServer only). Headers only: the library is loaded when a server starts.
        .systemLibrary(name: "CMicroHTTPD", providers: [.apt(["libmicrohttpd-dev"])]),

        // PC/SC: smart-card readers (used by Readers only).
        .systemLibrary(name: "CPCSC", pkgConfig: "libpcsclite", providers: [.apt(["libpcsclite-dev"])]),

        // Layer 1: what every card has in common (ISO/IEC 7816-3, -4, -5).
        module("SmartCard"),

        // Layer 1: JSON (RFC 8259), strict and bounded.
        module("JSON"),
        // Layer 2: the command line: a declared tree of commands, help, completion, manual, problems, output.
        module("Arguments", ["JSON"]),

        // Layer 2: cryptography, and the words that both sides of a GlobalPlatform card share.
        module("CardCrypto", ["COpenSSL", "SmartCard"]),
        module("GlobalPlatform", ["CZip", "SmartCard"]),

        // Layer 3: the off-card side, the on-card side, and the ways to reach a card.
        module("CardManagement", ["CardCrypto", "GlobalPlatform", "SmartCard"]),
        // Layer 3: the card itself, written from the specification; it shares no behaviour with the off-card side.
        module("VirtualCard", ["CardCrypto", "GlobalPlatform", "SmartCard"]),
        // Layer 3: readers of this machine, and the client by which a virtual card appears in a virtual reader.
        .target(
            name: "Readers", dependencies: ["CPCSC", "SmartCard"], swiftSettings: settings,
            linkerSettings: [.linkedFramework("PCSC", .when(platforms: [.macOS]))]),

        // Layer 3: requests to HTTP servers: a centre, an issuer of identities, a receiver of webhooks.
        module("HTTPClient", ["CCurl"]),

        // Layer 4: the domain: cards, holders, providers, catalogue, berths, plans, custody, money. No I/O of its own.
        module("Centre", ["CardCrypto", "CardManagement", "GlobalPlatform", "SmartCard"]),

        // Layer 5: the registers on SQLite and on PostgreSQL; the key vault in a file.
        module(
            "Storage",
            [
                "CardCrypto", "CardManagement", "Centre", "CPostgreSQL", "CSQLite", "GlobalPlatform",
                "SmartCard",
            ]),

        // Layer 5: registers from and to files: cards, holders, tariffs, applications.
        module(
            "Exchange",
            ["CardCrypto", "CardManagement", "Centre", "GlobalPlatform", "JSON", "SmartCard"]),

        // Layer 5: what travels: GP SERAM messages, REST resources, problems, events.
        module("Wire", ["CardCrypto", "Centre", "GlobalPlatform", "JSON", "SmartCard"]),

        // Layer 6: the centre as a service: HTTP, sign-in, roles, REST, SERAM, events, metrics.
        module(
            "CentreServer",
            [
                "CardCrypto", "CardManagement", "Centre", "CMicroHTTPD", "GlobalPlatform", "HTTPClient",
                "JSON",
                "SmartCard",
                "Storage", "Wire",
            ]),

        // Layer 6: the agent that brings cards to a centre, and what a person at a reader sees.
        module(
            "Terminal", ["Arguments", "CardManagement", "Centre", "HTTPClient", "JSON", "SmartCard", "Wire"]),

        // Layer 6: many cards, terminals and a centre in one thread, and everything that can go wrong.
        module(
            "Simulation",
            [
                "CardCrypto", "CardManagement", "Centre", "GlobalPlatform", "SmartCard", "Storage",
                "VirtualCard",
            ]),

        // Layer 7: what the program's nouns and verbs do.
        module(
            "Commands",
            [
                "Arguments", "CardCrypto", "CardManagement", "Centre", "CentreServer", "Exchange",
                "GlobalPlatform", "HTTPClient", "JSON", "Readers", "Simulation", "SmartCard", "Storage",
                "Terminal", "VirtualCard", "Wire",
            ]),
        // Layer 7: the program; wiring only.
        .executableTarget(
            name: "berth", dependencies: ["Arguments", "Centre", "Commands"], swiftSettings: settings),

        // What is promised in figures; run by scripts/bench. The C libraries are what is measured against.
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Arguments", "CardCrypto", "CardManagement", "Centre", "COpenSSL", "CPostgreSQL", "CSQLite",
                "GlobalPlatform", "JSON", "PlanningCases", "Simulation", "SmartCard", "Storage",
                "VirtualCard", "Wire",
            ], path: "Benchmarks", swiftSettings: settings),

        // What must hold for any bytes from outside; run by FuzzTests and by scripts/fuzz.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "CardCrypto", "CardManagement", "GlobalPlatform", "SmartCard", "Storage", "VirtualCard",
                "Wire",
            ], path: "Fuzz/Targets", swiftSettings: settings),

        // What tests share: mission rows as traits, seeded random numbers.
        .target(
            name: "TestSupport", dependencies: ["SmartCard"], path: "Tests/TestSupport",
            swiftSettings: settings),
        // Problems of who leaves, and what tries every answer to them; what is promised in figures is tested as well.
        .target(
            name: "PlanningCases", dependencies: ["Centre"], path: "Tests/PlanningCases",
            swiftSettings: settings),
        // Writes to a store until it is killed; started by StorageTests.
        .executableTarget(
            name: "StoreWorker", dependencies: ["Centre", "Storage"], path: "Tests/StoreWorker",
            swiftSettings: settings),
        tests(
            "ExchangeTests",
            [
                "CardCrypto", "Centre", "Exchange", "GlobalPlatform", "JSON", "SmartCard", "Storage",
                "VirtualCard",
            ]),
        tests("ReadersTests", ["Readers", "SmartCard"]),
        tests("SmartCardTests", ["SmartCard"]),
        tests("ArgumentsTests", ["Arguments", "JSON"]),
        tests("JSONTests", ["JSON"]),
        tests("HTTPClientTests", ["HTTPClient"]),
        tests(
            "TerminalTests",
            ["Arguments", "HTTPClient", "JSON", "SmartCard", "Terminal", "Wire"]),
        tests("WireTests", ["CardCrypto", "Centre", "GlobalPlatform", "JSON", "SmartCard", "Wire"]),
        tests(
            "CentreServerTests",
            [
                "Arguments", "CardCrypto", "CardManagement", "Centre", "CentreServer", "GlobalPlatform",
                "HTTPClient", "JSON",
                "SmartCard",
                "Storage", "Terminal", "VirtualCard", "Wire",
            ]),
        tests("CardCryptoTests", ["CardCrypto", "SmartCard"]),
        tests("GlobalPlatformTests", ["GlobalPlatform", "SmartCard"]),
        tests(
            "CommandsTests",
            [
                "Arguments", "CardCrypto", "CardManagement", "Centre", "CentreServer", "Commands",
                "GlobalPlatform", "JSON", "Readers", "SmartCard", "Storage", "Terminal", "VirtualCard",
            ]),
        tests("CardManagementTests", ["CardManagement", "CardCrypto", "GlobalPlatform", "SmartCard"]),
        tests(
            "EndToEndTests", ["CardCrypto", "CardManagement", "GlobalPlatform", "SmartCard", "VirtualCard"]),
        tests(
            "CentreTests",
            [
                "CardCrypto", "CardManagement", "Centre", "GlobalPlatform", "JSON", "PlanningCases",
                "SmartCard",
                "Storage", "VirtualCard",
            ]),
        tests(
            "OperationsTests",
            [
                "CardCrypto", "CardManagement", "Centre", "GlobalPlatform", "SmartCard", "Storage",
                "VirtualCard",
            ]),
        tests("SimulationTests", ["Centre", "Simulation", "Storage"]),
        tests("FuzzTests", ["FuzzTargets"]),
        tests(
            "StorageTests",
            ["CardCrypto", "CardManagement", "Centre", "GlobalPlatform", "SmartCard", "Storage"]),
        tests("TidyTests"),
        tests(
            "VirtualCardTests",
            ["CardCrypto", "CardManagement", "GlobalPlatform", "SmartCard", "VirtualCard"]),
    ] + (fuzzing ? fuzzDriver : []),
    swiftLanguageModes: [.v6]
)

// `BERTH_TESTS=WireTests,CentreServerTests swift build --build-tests` builds these and what they need, nothing else.
if let names = Context.environment["BERTH_TESTS"] {
    var wanted = Set(names.split(separator: ",").map(String.init))
    var before = 0
    while before < wanted.count {
        before = wanted.count
        for target in package.targets where wanted.contains(target.name) {
            for case .byNameItem(let name, _) in target.dependencies { wanted.insert(name) }
        }
    }
    package.targets.removeAll { !wanted.contains($0.name) }
    if !wanted.contains("berth") { package.products = [] }
}
