internal import Testing

/// The layer table of docs/architecture.md, and who may import which C library.
struct Layers {
    let layers: [String: Int]
    /// The one target that may import each C library.
    let importers: [String: String]

    init(document: String) {
        let rows = tableRows(document)
        var layers: [String: Int] = [:]
        for row in rows where row.count == 3 {
            guard let layer = Int(row[0]) else { continue }
            for name in codeNames(row[1]) { layers[name] = layer }
        }
        self.layers = layers
        let pairs = rows.filter { $0.count == 3 && layers[codeNames($0[0]).first ?? ""] == 0 }
            .compactMap { row in codeNames(row[0]).first.map { ($0, codeNames(row[1]).first ?? "") } }
        importers = Dictionary(pairs) { first, _ in first }
    }

    /// Why a file of the target may not import the module; nil if it may.
    func objection(to module: String, in target: String) -> String? {
        guard let layer = layers[target] else { return "\(target) is not in the layer table" }
        guard let imported = layers[module] else { return nil }
        if imported >= layer { return "\(target) (layer \(layer)) imports \(module) (layer \(imported))" }
        if imported == 0, importers[module] != target {
            return "\(target) imports \(module), which is for \(importers[module] ?? "nobody") only"
        }
        return nil
    }
}

@Suite("Layers")
struct LayerTests {
    static let sample = Layers(
        document: """
            | layer | target | what |
            |---|---|---|
            | 0 | `COpenSSL` `CZip` | C |
            | 1 | `SmartCard` | bytes |
            | 2 | `CardCrypto` | crypto |
            | 3 | `CardManagement` | host |
            | 3 | `VirtualCard` | card |

            | library | importer | what for |
            |---|---|---|
            | `COpenSSL` | `CardCrypto` | everything |
            """)

    @Test("imports point downward, and each C library has one importer")
    func importsPointDownward() throws {
        let layers = Layers(document: try Project.text("docs/architecture.md"))
        let objections = try Project.swiftFiles(under: ["Sources"]).flatMap { file in
            file.imports.compactMap { module in
                file.target.flatMap { layers.objection(to: module, in: $0) }.map { "\(file.path): \($0)" }
            }
        }
        #expect(objections.isEmpty, "\(objections.joined(separator: "\n"))")
    }

    @Test("every target and every C library is in the tables")
    func tablesAreComplete() throws {
        let layers = Layers(document: try Project.text("docs/architecture.md"))
        for target in try Project.folders(in: "Sources") {
            let layer = try #require(layers.layers[target], "\(target) is not in the layer table")
            if layer == 0 { #expect(layers.importers[target] != nil, "nobody may import \(target)") }
        }
    }

    @Test("the two sides of a card share no behaviour")
    func sidesAreApart() throws {
        let layers = Layers(document: try Project.text("docs/architecture.md"))
        #expect(layers.objection(to: "CardManagement", in: "VirtualCard") != nil)
        #expect(layers.objection(to: "VirtualCard", in: "CardManagement") != nil)
    }

    @Test("libraries start fast: none imports the whole of Foundation")
    func noFoundation() throws {
        let heavy: Set = ["Foundation", "FoundationNetworking", "FoundationXML"]
        for file in try Project.swiftFiles(under: ["Sources"]) {
            #expect(heavy.isDisjoint(with: file.imports), "\(file.path)")
        }
    }

    @Test(
        "refuses what the table does not allow",
        arguments: [
            ("VirtualCard", "CardManagement"), ("SmartCard", "CardCrypto"), ("SmartCard", "COpenSSL"),
            ("CardCrypto", "CardCrypto"), ("CardManagement", "CZip"), ("Unknown", "SmartCard"),
        ])
    func refuses(target: String, module: String) {
        #expect(Self.sample.objection(to: module, in: target) != nil)
    }

    @Test(
        "allows what it does",
        arguments: [
            ("CardCrypto", "COpenSSL"), ("CardManagement", "SmartCard"), ("SmartCard", "Synchronization"),
        ])
    func allows(target: String, module: String) {
        #expect(Self.sample.objection(to: module, in: target) == nil)
    }

    @Test("an import is seen in all its forms")
    func seesImports() {
        let text = """
            import A
            package import B
              internal import struct C.D
            @testable import E
            @preconcurrency package import F
            // import G
            let text = "import H"
            """
        #expect(SourceFile(path: "Sources/X/Y.swift", text: text).imports == ["A", "B", "C", "E", "F"])
    }
}
