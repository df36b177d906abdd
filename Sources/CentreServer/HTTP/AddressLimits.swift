internal import Synchronization

/// Counts what comes from each address: connections that are open, bytes of bodies that are held, and requests by a
/// bucket that fills with time.
final class AddressLimits: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Int64
    }

    private struct State {
        var open: [NetworkAddress: Int] = [:]
        var bodyBytes: [NetworkAddress: Int] = [:]
        var buckets: [NetworkAddress: Bucket] = [:]
    }

    /// Addresses whose bucket is remembered; beyond that those that are full again are forgotten.
    private static let bucketsMax = 65_536

    private let limits: HTTPLimits
    private let proxies: [NetworkAddress]
    private let state = Mutex(State())

    init(_ limits: HTTPLimits, proxies: [NetworkAddress]) {
        self.limits = limits
        self.proxies = proxies
    }

    private func isLimited(_ address: NetworkAddress) -> Bool {
        (limits.limitsLoopback || !address.isLoopback) && !proxies.contains(address)
    }

    /// Whether one more connection from there may be.
    func admits(_ address: NetworkAddress) -> Bool {
        guard isLimited(address) else { return true }
        return state.withLock { $0.open[address.network, default: 0] < limits.connectionsPerAddressMax }
    }

    func opened(_ address: NetworkAddress) {
        state.withLock { $0.open[address.network, default: 0] += 1 }
    }

    func closed(_ address: NetworkAddress) {
        state.withLock { state in
            let left = state.open[address.network, default: 1] - 1
            state.open[address.network] = left > 0 ? left : nil
        }
    }

    /// Whether so many more bytes of bodies from there may be held.
    func takeBodyBytes(_ count: Int, from address: NetworkAddress) -> Bool {
        state.withLock { state in
            let held = state.bodyBytes[address.network, default: 0] + count
            guard held <= limits.bodiesPerAddressBytesMax || !isLimited(address) else { return false }
            state.bodyBytes[address.network] = held
            return true
        }
    }

    func giveBodyBytes(_ count: Int, from address: NetworkAddress) {
        state.withLock { state in
            let left = state.bodyBytes[address.network, default: 0] - count
            state.bodyBytes[address.network] = left > 0 ? left : nil
        }
    }

    /// nil where the request may go on; else the seconds after which one more may come.
    func secondsToWait(_ address: NetworkAddress, now: Int64) -> Int? {
        let rate = Double(limits.requestsPerSecond)
        guard rate > 0, isLimited(address) else { return nil }
        let full = Double(max(1, limits.requestsBurst))
        return state.withLock { state in
            if state.buckets.count >= Self.bucketsMax {
                state.buckets = state.buckets.filter { bucket in
                    bucket.value.tokens + Double(now - bucket.value.at) / 1_000 * rate < full
                }
                // Only an attack from everywhere at once fills it: forgetting serves everybody again.
                if state.buckets.count >= Self.bucketsMax { state.buckets.removeAll(keepingCapacity: true) }
            }
            var bucket = state.buckets[address.network] ?? Bucket(tokens: full, at: now)
            bucket.tokens = min(full, bucket.tokens + Double(max(0, now - bucket.at)) / 1_000 * rate)
            bucket.at = now
            defer { state.buckets[address.network] = bucket }
            guard bucket.tokens >= 1 else {
                return max(1, Int(((1 - bucket.tokens) / rate).rounded(.up)))
            }
            bucket.tokens -= 1
            return nil
        }
    }
}
