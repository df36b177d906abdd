internal import Centre
internal import JSON
internal import Storage

/// A database that starts at the same time as the node is waited for, within a bound.
struct StorePause {
    /// A large database that was cut off reads its log for minutes before it serves.
    static let secondsMax: Int64 = 120
    private static let secondsBetweenWords: Int64 = 10
    private static let pauseMilliseconds = 250

    let log: ServiceLog
    /// Waits so many milliseconds; false when the node is to end instead.
    let pause: (Int) -> Bool

    /// Returns when it serves, or when whoever opens it will be told why it does not.
    func await(_ address: StoreAddress) throws {
        let start = monotonicMilliseconds()
        var saidAt = Int64.min
        while true {
            let why: String
            switch try address.readiness() {
            case .ready: return
            case .starting: why = "it takes no connections yet"
            case .silent: why = "nobody answers"
            }
            let now = monotonicMilliseconds()
            guard now - start < Self.secondsMax * 1_000 else { return }
            if saidAt == .min || now - saidAt >= Self.secondsBetweenWords * 1_000 {
                saidAt = now
                log.write(
                    .warning, "store-awaited",
                    ["reason": .string(why), "secondsMax": .integer(Self.secondsMax)])
            }
            guard pause(Self.pauseMilliseconds) else {
                throw ServeFailure("ended", "the centre was told to end before its store was there")
            }
        }
    }
}
