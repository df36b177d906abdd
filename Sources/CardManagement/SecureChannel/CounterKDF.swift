internal import CardCrypto
internal import SmartCard

/// The key derivation of NIST SP 800-108 in counter mode with AES-CMAC (SCP03 §4.1.5).
struct CounterKDF {
    private let prf: CMAC

    init(_ prf: CMAC) { self.prf = prf }

    /// One-byte counter from 1 between the two parts of the fixed input.
    func derive(before: [UInt8], after: [UInt8], byteCount: Int) -> Secret {
        var bytes = derivePublic(before: before, after: after, byteCount: byteCount)
        return Secret(erasing: &bytes)
    }

    /// The same for what goes over the line: challenges and cryptograms.
    func derivePublic(before: [UInt8], after: [UInt8], byteCount: Int) -> [UInt8] {
        precondition((1...4 * 16).contains(byteCount), "no card key or cryptogram is longer than four blocks")
        var output: [UInt8] = []
        output.reserveCapacity(64)
        var counter: UInt8 = 1
        while output.count < byteCount {
            output += prf.mac(before, [counter], after)
            counter += 1
        }
        let surplus = output.count - byteCount
        output.withUnsafeMutableBytes { bytes in
            _ = UnsafeMutableRawBufferPointer(rebasing: bytes.suffix(surplus)).initializeMemory(
                as: UInt8.self, repeating: 0)
        }
        output.removeLast(surplus)
        return output
    }
}

extension Secret {
    /// Takes bytes over and erases the place where they stood.
    convenience init(erasing bytes: inout [UInt8]) {
        self.init(bytes)
        bytes.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
        bytes = []
    }
}
