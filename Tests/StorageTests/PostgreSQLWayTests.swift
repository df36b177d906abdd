import TestSupport
import Testing

@testable import Storage

/// `scripts/checks/database.sh` shows the same with a server at another address.
@Suite("The way to a server", .mission(.c11))
struct PostgreSQLWayTests {
    @Test(
        "is within the machine, encrypted, or left open by somebody who said so",
        arguments: [
            ("", false, nil, true), ("127.0.0.1", false, "prefer", true), ("127.1.2.3", false, nil, true),
            ("::1", false, "prefer", true), ("::ffff:127.0.0.1", false, nil, true),
            ("192.0.2.1", true, "prefer", true), ("2001:db8::1", true, "verify-full", true),
            ("192.0.2.1", false, "disable", true),
            ("192.0.2.1", false, nil, false), ("192.0.2.1", false, "prefer", false),
            ("192.0.2.1", false, "allow", false), ("10.0.0.1", false, "", false),
            ("1.127.0.0", false, nil, false), ("2001:db8::1", false, "prefer", false),
        ] as [(String, Bool, String?, Bool)])
    func safe(address: String, isEncrypted: Bool, mode: String?, isSafe: Bool) {
        let way = PostgreSQLWay(hostAddress: address, isEncrypted: isEncrypted, mode: mode)
        #expect(way.isSafe == isSafe)
    }
}
