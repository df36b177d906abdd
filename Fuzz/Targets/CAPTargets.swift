internal import GlobalPlatform
internal import SmartCard

extension FuzzTarget {
    /// A file that reads can be loaded: what a card would get reads again, and is the same; cut into blocks and put
    /// together it is the same load file.
    static let cap = FuzzTarget("cap", seeds: capSeeds) { (input) throws(FuzzFinding) in
        CAPFile.exercise(input)
        guard let file = try? CAPFile(input) else { return }
        let block = file.loadFileDataBlock()
        let again = try? CAPFile(block)
        try FuzzFinding.unless(again?.loadFileDataBlock() == block, "what a card gets reads differently")
        try FuzzFinding.unless(again?.applets.map(\.aid) == file.applets.map(\.aid), "other applets")
        let loadFile = file.loadFile()
        let joined = loadFile.blocks(size: 100).flatMap { $0 }
        try FuzzFinding.unless(
            (try? LoadFile(encoded: joined)) == loadFile, "the load file reads differently")
    }

    /// An applet and a library in each format, as an archive and as bare components.
    private static var capSeeds: [[UInt8]] {
        (UInt8(1)...3).flatMap { minor -> [[UInt8]] in
            guard let aid = try? AID([0xF0, 0x42, 0x45, 0x52, 0x54, minor]) else { return [] }
            let format = CAPVersion(2, minor)
            let applet = CAPBlueprint(
                format: format, aid: aid, version: CAPVersion(1, 0), packageName: "berth.seed",
                applets: [.init(aid: aid, name: "Seed", shortFields: 2)], codeBytes: 100, staticBytes: [1])
            let library = CAPBlueprint(
                format: format, aid: aid, version: CAPVersion(1, 0), packageName: "berth.seed",
                libraryMethods: 2)
            let archives = [applet, library].compactMap { try? $0.build() }
            let rows = archives.compactMap { try? CAPFile($0).loadFileDataBlock(includesDescriptor: true) }
            return archives + rows
        }
    }
}
