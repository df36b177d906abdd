internal import GlobalPlatform
internal import SmartCard

/// A load file as LOAD brings it (GPCS 2.3.1 table 11-58): DAP blocks, then the data block, plain or
/// ciphered.
struct LoadFileStructure {
    struct DAPBlock {
        let domain: AID
        let signature: [UInt8]
    }

    let dapBlocks: [DAPBlock]
    let dataBlock: [UInt8]
    let isCiphered: Bool
    let icv: [UInt8]?

    init(_ bytes: [UInt8]) throws(Refusal) {
        let objects: [BERTLV]
        do { objects = try BERTLV.readAll(bytes) } catch { throw .incorrectData }
        var daps: [DAPBlock] = []
        var icv: [UInt8]?
        for object in objects.dropLast() {
            switch object.tag {
            case 0xE2 where icv == nil: daps.append(try Self.dapBlock(object))
            case 0xD3 where icv == nil && [8, 16].contains(object.value.count): icv = Array(object.value)
            default: throw .incorrectData
            }
        }
        guard let last = objects.last, last.tag == 0xD4 || (last.tag == 0xC4 && icv == nil) else {
            throw .incorrectData
        }
        dapBlocks = daps
        dataBlock = Array(last.value)
        isCiphered = last.tag == 0xD4
        self.icv = icv
    }

    private static func dapBlock(_ object: BERTLV) throws(Refusal) -> DAPBlock {
        guard let fields = try? object.children(), fields.count == 2, fields[0].tag == .aid,
            fields[1].tag == 0xC3, let domain = try? AID(fields[0].value)
        else { throw .incorrectData }
        return DAPBlock(domain: domain, signature: Array(fields[1].value))
    }
}
