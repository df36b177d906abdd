internal import CardCrypto
internal import Readers

/// Makes cryptography ready on a thread of its own while the card is being opened, which is mostly waiting.
enum WarmUp {
    /// Begins it, the first time it is called.
    static func begin() { _ = isBegun }

    private static let isBegun: Bool = {
        OpenSSLStart.settle()
        return startThread { OpenSSLStart.warmUp() }
    }()
}
