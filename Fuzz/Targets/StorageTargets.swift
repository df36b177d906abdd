internal import Storage

extension FuzzTarget {
    /// Contents of a backup that can be read are written again as they were.
    static let backup = FuzzTarget("backup", seeds: [backupSeed]) { (input) throws(FuzzFinding) in
        guard let written = try? Backup.rewrite(contents: input) else {
            return try FuzzFinding.unless(input != backupSeed, "what is whole cannot be read")
        }
        try FuzzFinding.unless(written == input, "a backup is written differently than it was read")
    }

    /// One step of a schema, a table with a column of each type, a row of it, the end.
    private static var backupSeed: [UInt8] {
        let steps: [UInt8] = [0x53, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x61, 0x62]
        let table: [UInt8] =
            [0x54, 0, 0, 0, 1, 0x74, 0, 0, 0, 1, 0, 0, 0, 4] + [2, 0, 0, 0, 1, 0x61] + [
                0x81, 0, 0, 0, 1, 0x62,
            ]
            + [3, 0, 0, 0, 1, 0x63] + [0x83, 0, 0, 0, 1, 0x64]
        let row: [UInt8] =
            [0x52] + [2, 0, 0, 0, 1, 0x6B] + [1, 0, 0, 0, 0, 0, 0, 1, 2] + [3, 0, 0, 0, 2, 0xFF, 0] + [0]
        return steps + table + row + [0x45, 0, 0, 0, 0, 0, 0, 0, 1]
    }
}
