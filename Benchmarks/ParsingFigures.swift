internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// How fast what comes from cards and files is read.
enum ParsingFigures {
    static func all(_ effort: Effort) throws -> [Figure] {
        try registry(effort) + commands(effort) + capFiles(effort)
    }

    // MARK: TLV and registry

    /// Applications as GET STATUS tells them (GPCS 2.3.1 table 11-36).
    private static func registryData(entryCount: Int) -> [UInt8] {
        (0..<entryCount).flatMap { number in
            let aid: [UInt8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x42, 0x45, UInt8(number)]
            let entry =
                BERTLV.encode(.aid, aid) + BERTLV.encode(.lifeCycle, [0x07])
                + BERTLV.encode(.privileges, [0x00, 0x00, 0x00])
                + BERTLV.encode(.executableLoadFile, Array(aid[..<7]))
                + BERTLV.encode(.associatedSecurityDomain, [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00])
            return BERTLV.encode(.registryEntry, entry)
        }
    }

    private static func countObjects(_ objects: [BERTLV]) throws(TLVError) -> Int {
        var count = objects.count
        for object in objects where object.tag.isConstructed { count += try countObjects(object.children()) }
        return count
    }

    private static func registry(_ effort: Effort) throws -> [Figure] {
        let data = registryData(entryCount: 40)
        let found = try RegistryReader.read(data, scope: .applications, format: .tlv)
        guard found.count == 40 else { throw BenchmarkError("the registry was not read whole") }
        let tlv = try effort.time { consume(try countObjects(BERTLV.readAll(data))) }
        let entries = try effort.time {
            consume(try RegistryReader.read(data, scope: .applications, format: .tlv))
        }
        return [
            Figure("tlv-parse", rate(data.count, tlv), "MB/s"),
            Figure("registry-parse", rate(data.count, entries), "MB/s"),
        ]
    }

    // MARK: APDUs

    private static func commands(_ effort: Effort) throws -> [Figure] {
        let short = CommandAPDU(0x84, 0xE8, 0x00, 0x01, data: filler(255, seed: 1), expecting: 256)
        let long = CommandAPDU(0x84, 0xE2, 0x80, 0x01, data: filler(4_096, seed: 2), expecting: 65_536)
        return try [("short", short), ("extended", long)].flatMap { name, command in
            let bytes = command.bytes
            guard try CommandAPDU(parsing: bytes) == command else {
                throw BenchmarkError("the \(name) command was read as another")
            }
            let parsing = try effort.time { consume(try CommandAPDU(parsing: bytes)) }
            let encoding = effort.time { consume(command.bytes) }
            return [
                Figure("apdu-\(name)-parse", rate(bytes.count, parsing), "MB/s"),
                Figure("apdu-\(name)-encode", rate(bytes.count, encoding), "MB/s"),
            ]
        }
    }

    // MARK: CAP files

    /// One applet, and code to load.
    static func cap(codeBytes: Int) throws -> [UInt8] {
        try CAPBlueprint(
            aid: try AID([0xA0, 0x00, 0x00, 0x01, 0x51, 0x42, 0x45]), version: CAPVersion(1, 0),
            packageName: "org.berth.benchmark",
            applets: [
                CAPBlueprint.Applet(
                    aid: try AID([0xA0, 0x00, 0x00, 0x01, 0x51, 0x42, 0x45, 0x01]), name: "Benchmark")
            ], codeBytes: codeBytes
        ).build()
    }

    /// The rate counts the components' bytes, which are the same in both forms.
    private static func capFiles(_ effort: Effort) throws -> [Figure] {
        let archive = try cap(codeBytes: 36_000)
        let components = try CAPFile(archive).loadFileDataBlock(includesDescriptor: true)
        guard try CAPFile(components).loadFileDataBlock(includesDescriptor: true) == components else {
            throw BenchmarkError("the two forms of the CAP file differ")
        }
        let archiveTime = try effort.time { consume(try CAPFile(archive)) }
        let componentTime = try effort.time { consume(try CAPFile(components)) }
        return [
            Figure("cap-archive-parse", rate(components.count, archiveTime), "MB/s"),
            Figure("cap-components-parse", rate(components.count, componentTime), "MB/s"),
        ]
    }

    private static func rate(_ byteCount: Int, _ nanoseconds: Double) -> Double {
        Double(byteCount) * 1e3 / nanoseconds
    }
}
