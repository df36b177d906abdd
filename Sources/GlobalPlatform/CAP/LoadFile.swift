package import SmartCard

/// A load file (GPC 2.3.1 §11.6.2.3): what LOAD commands carry, cut into blocks without copying.
package struct LoadFile: Hashable, Sendable {
    /// The components in a row; the load file data block hash is taken over exactly these bytes.
    package let dataBlock: [UInt8]
    /// Signatures of domains that verify loading, before the data block.
    package let signatures: [Signature]
    /// Everything with its tags, as it goes to the card.
    package let bytes: [UInt8]

    /// A DAP block (GPC 2.3.1 table 11-58): who verifies, and the signature.
    package struct Signature: Hashable, Sendable {
        package let domain: AID
        package let value: [UInt8]

        package init(domain: AID, value: [UInt8]) {
            self.domain = domain
            self.value = value
        }

        fileprivate var encoded: [UInt8] {
            BERTLV.encode(0xE2, BERTLV.encode(0x4F, domain.bytes) + BERTLV.encode(0xC3, value))
        }
    }

    package init(dataBlock: [UInt8], signatures: [Signature] = []) {
        self.dataBlock = dataBlock
        self.signatures = signatures
        var bytes: [UInt8] = []
        bytes.reserveCapacity(dataBlock.count + 8 + signatures.count * 160)
        for signature in signatures { bytes += signature.encoded }
        bytes += BERTag(0xC4).bytes + BERTLV.encodeLength(dataBlock.count)
        bytes += dataBlock
        self.bytes = bytes
    }

    /// Reads a load file back into its parts.
    package init(encoded: [UInt8]) throws(LoadFileError) {
        let objects: [BERTLV]
        do { objects = try BERTLV.readAll(encoded) } catch { throw .notTLV(error) }
        guard let last = objects.last, last.tag == 0xC4 else { throw .noDataBlock }
        var signatures: [Signature] = []
        for object in objects.dropLast() {
            guard object.tag == 0xE2 else { throw .unexpected(object.tag) }
            signatures.append(try Signature(object))
        }
        dataBlock = Array(last.value)
        self.signatures = signatures
        bytes = encoded
    }

    /// The data field of each LOAD command: at most `size` bytes each, all but the last full.
    package func blocks(size: Int) -> Blocks { Blocks(bytes: bytes[...], size: max(1, size)) }

    package struct Blocks: RandomAccessCollection, Sendable {
        fileprivate let bytes: ArraySlice<UInt8>
        fileprivate let size: Int

        package var startIndex: Int { 0 }
        package var endIndex: Int { (bytes.count + size - 1) / size }
        package subscript(index: Int) -> ArraySlice<UInt8> {
            let start = bytes.startIndex + index * size
            return bytes[start...].prefix(size)
        }
    }
}

extension LoadFile {
    /// Major and minor version of the package, as GET STATUS tells them, out of the Header component (JCVM 3.1 §6.4);
    /// `nil` for a data block that does not begin with one.
    package static func packageVersion(ofDataBlock block: [UInt8]) -> [UInt8]? {
        guard block.count > 12, block[0] == 0x01, block[3..<7] == [0xDE, 0xCA, 0xFF, 0xED] else { return nil }
        return [block[11], block[10]]
    }
}

/// Why bytes are not a load file.
package enum LoadFileError: Error, Hashable {
    case notTLV(TLVError)
    case noDataBlock
    case unexpected(BERTag)
    case wrongSignature
}

extension LoadFile.Signature {
    fileprivate init(_ object: BERTLV) throws(LoadFileError) {
        do {
            let parts = try object.children()
            guard parts.count == 2, let domain = try? AID(try parts.value(0x4F)) else {
                throw LoadFileError.wrongSignature
            }
            self.init(domain: domain, value: Array(try parts.value(0xC3)))
        } catch let error as TLVError {
            throw .notTLV(error)
        } catch {
            throw .wrongSignature
        }
    }
}

extension CAPFile {
    /// The load file, ready for LOAD.
    package func loadFile(signatures: [LoadFile.Signature] = [], includesDescriptor: Bool = false) -> LoadFile
    {
        LoadFile(dataBlock: loadFileDataBlock(includesDescriptor: includesDescriptor), signatures: signatures)
    }
}
