internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

extension FuzzTarget {
    /// Answers of the parking contract, in clear and sealed: read strictly, and a seal is never guessed.
    static let parkingAnswer = FuzzTarget(
        "parking-answer",
        seeds: [
            // The worked example of docs/parking-contract.md: FREEZE and READ.
            bytes(
                "FF7156800201038901008101028204000000028310B952D8F33FEC594777E83F126317D0A88404545000018504000000198E040000000088201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C"
            ),
            bytes(
                "FF712E80020104890100820400000002860400000000871901112233445566778870000000000013600001000000000100"
            ),
            bytes("8C12000102030405060708090A0B0C0D0E0F1011"),
        ]
    ) { bytes throws(FuzzFinding) in
        for order in [
            ParkingOrder.status, .freeze(generation: 2), .read(generation: 2, offset: 0, wanted: 200),
        ] {
            let command = order.encoded()
            guard let answer = try? ParkingAnswer(bytes, to: order, command: command) else { continue }
            switch answer {
            case .status(let status):
                try FuzzFinding.unless(status.lineage.count == 16, "a lineage has 16 bytes")
                try FuzzFinding.unless(status.digest.count == 32, "a digest has 32 bytes")
                try FuzzFinding.unless((status.text?.utf8.count ?? 0) <= 240, "a sentence is short")
            case .piece(_, _, _, let piece):
                try FuzzFinding.unless(
                    piece.count <= ParkingContract.chunkBytesMax, "a piece has 200 bytes at most")
            }
        }
        guard let keys = ParkingSealKeys(bytes: [UInt8](repeating: 0x5A, count: 32)) else {
            throw FuzzFinding("32 bytes are keys")
        }
        let order = ParkingOrder.status
        let opened = try? ParkingAnswer(bytes, to: order, command: order.encoded(sealedBy: keys), keys: keys)
        try FuzzFinding.unless(opened == nil, "a seal was opened that nobody made")
    }
}
