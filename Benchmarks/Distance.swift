#if os(Linux)
    internal import Glibc
#endif

/// A distant network, packet by packet: what one TUN device sends, the other receives so much later, and in the same
/// order. Not every kernel has netem.
///
/// A TUN device belongs to the network namespace where its descriptor was opened, so the two ends may lie in two.
struct Distance {
    #if os(Linux)
        /// Packets on their way; what comes when it is full waits in the devices, as before any narrow link.
        private static let packetsMax = 16_384
        private static let packetBytesMax = 2_048
        /// TUNSETIFF; IFF_TUN and IFF_NO_PI of <linux/if_tun.h>, which the module lacks.
        private static let setInterface: UInt = 0x4004_54CA
        private static let tunnel: Int16 = 0x0001 | 0x1000

        private let delay: Duration
        private let ends: [Int32]
        private let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: packetsMax * packetBytesMax, alignment: 64)
        private var packets = [(due: ContinuousClock.Instant, sink: Int32, count: Int)](
            repeating: (.now, -1, 0), count: packetsMax)
        /// Every packet waits equally long, so the first that came is the first that is due.
        private var first = 0
        private var count = 0

        /// - Parameter ends: two descriptors of /dev/net/tun.
        static func run(device: String, ends: [Int32], each delay: Duration) throws {
            for end in ends { try attach(end, device) }
            var distance = Distance(delay: delay, ends: ends)
            while true { try distance.carry() }
        }

        private init(delay: Duration, ends: [Int32]) {
            self.delay = delay
            self.ends = ends
        }

        private static func attach(_ end: Int32, _ device: String) throws {
            // struct ifreq: 16 bytes for the name, then the flags.
            var request = [UInt8](repeating: 0, count: 40)
            request.replaceSubrange(0..<min(15, device.utf8.count), with: device.utf8.prefix(15))
            request.withUnsafeMutableBytes { $0.storeBytes(of: tunnel, toByteOffset: 16, as: Int16.self) }
            guard ioctl(end, setInterface, &request) == 0, fcntl(end, F_SETFL, O_NONBLOCK) == 0 else {
                throw BenchmarkError("descriptor \(end) makes no device: \(String(cString: strerror(errno)))")
            }
        }

        private mutating func carry() throws {
            // `poll` knows milliseconds only, and `ppoll` is not in the module.
            var ready = fd_set()
            if count < Self.packetsMax { for end in ends { Self.add(end, to: &ready) } }
            var rest = timespec()
            if count > 0 {
                let (seconds, attoseconds) = max(.zero, packets[first].due - .now).components
                rest = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
            }
            let found = withUnsafePointer(to: rest) {
                pselect((ends.max() ?? 0) + 1, &ready, nil, nil, count > 0 ? $0 : nil, nil)
            }
            guard found >= 0 || errno == EINTR else { throw BenchmarkError("the ends cannot be watched") }
            if found > 0 {
                take(from: ends[0], to: ends[1])
                take(from: ends[1], to: ends[0])
            }
            deliver()
        }

        private static func add(_ end: Int32, to set: inout fd_set) {
            withUnsafeMutableBytes(of: &set) { $0[Int(end) / 8] |= 1 << (end % 8) }
        }

        private mutating func take(from source: Int32, to sink: Int32) {
            while count < Self.packetsMax {
                let slot = (first + count) % Self.packetsMax
                let size = read(source, place(slot), Self.packetBytesMax)
                guard size > 0 else { return }
                packets[slot] = (.now + delay, sink, size)
                count += 1
            }
        }

        private mutating func deliver() {
            while count > 0, packets[first].due <= .now {
                // A device that is down loses it, as networks do.
                _ = write(packets[first].sink, place(first), packets[first].count)
                first = (first + 1) % Self.packetsMax
                count -= 1
            }
        }

        private func place(_ slot: Int) -> UnsafeMutableRawPointer? {
            buffer.baseAddress.map { $0 + slot * Self.packetBytesMax }
        }
    #else
        static func run(device: String, ends: [Int32], each delay: Duration) throws {
            throw BenchmarkError("network namespaces are Linux's")
        }
    #endif
}
