internal import SmartCard

/// Names of identifiers that many cards share: facts, and no decisions.
package enum KnownAIDs {
    /// The AID in hex with the name of its longest known beginning.
    package static func text(_ bytes: some Collection<UInt8>) -> String {
        guard !bytes.isEmpty else { return "none" }
        guard bytes.count <= 16 else { return "malformed: a name of \(bytes.count) bytes" }
        return name(bytes).map { "\(bytes.hex) (\($0))" } ?? bytes.hex
    }

    /// What the identifier, or what it begins with, is known as.
    package static func name(_ bytes: some Collection<UInt8>) -> String? {
        guard bytes.count >= 5 else { return nil }
        let text = bytes.hex
        if let name = exact[text] { return name }
        return prefixes.filter { text.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }?.value
    }

    private static let exact: [String: String] = [
        // GPCS 2.3.1 with its Amendments A and C; GlobalPlatform Secure Element Access Control.
        "A000000151000000": "issuer security domain",
        "A00000015100": "org.globalplatform",
        "A0000001515350": "package of security domains",
        "A000000151535041": "module of security domains",
        "A00000015153504341534400": "controlling authority security domain",
        "A00000015143525300": "contactless registry service",
        "A00000015141434C00": "access rule application master",
        // Issuer domains of cards in the field; their SELECT answers are in public issues of GlobalPlatformPro.
        "A000000003000000": "issuer security domain, Visa",
        "A000000018434D00": "issuer security domain, Gemalto",
        "A0000000030000": "visa.openplatform",
        // Java Card API specification: the export files of its packages.
        "A0000000620001": "java.lang", "A0000000620002": "java.io", "A0000000620003": "java.rmi",
        "A0000000620101": "javacard.framework", "A000000062010101": "javacard.framework.service",
        "A0000000620102": "javacard.security", "A0000000620201": "javacardx.crypto",
        "A0000000620202": "javacardx.biometry", "A0000000620203": "javacardx.external",
        "A0000000620204": "javacardx.biometry1toN", "A0000000620205": "javacardx.security",
        "A000000062020801": "javacardx.framework.util",
        "A00000006202080101": "javacardx.framework.util.intx",
        "A000000062020802": "javacardx.framework.math", "A000000062020803": "javacardx.framework.tlv",
        "A000000062020804": "javacardx.framework.string", "A0000000620209": "javacardx.apdu",
        "A000000062020901": "javacardx.apdu.util",
        // TS 43.019: the packages of the SIM API, as UICCs list them.
        "A0000000090003FFFFFFFF8910710001": "sim.access",
        "A0000000090003FFFFFFFF8910710002": "sim.toolkit",
        // EMV book 1 and EMV contactless book B.
        "315041592E5359532E4444463031": "1PAY.SYS.DDF01, payment applications",
        "325041592E5359532E4444463031": "2PAY.SYS.DDF01, contactless payment applications",
        // GSMA SGP.02.
        "A0000005591010FFFFFFFF8900000100": "ISD-R of an eUICC",
        "A0000005591010FFFFFFFF8900000200": "ECASD of an eUICC",
    ]

    private static let prefixes: [String: String] = [
        "A000000151": "GlobalPlatform", "A000000062": "Java Card",
        // Providers registered by ISO/IEC 7816-5; payment applications as EMV terminals list them.
        "A000000003": "Visa", "A0000000031010": "Visa credit or debit", "A0000000032010": "Visa Electron",
        "A000000004": "Mastercard", "A0000000041010": "Mastercard credit or debit",
        "A0000000043060": "Maestro", "A000000025": "American Express", "A000000065": "JCB",
        "A000000152": "Discover", "A000000333": "UnionPay", "A000000277": "Interac",
        "A000000018": "Gemalto",
        // TS 101 220.
        "A000000009": "ETSI", "A0000000090005": "ETSI UICC API", "A000000087": "3GPP",
        "A0000000871002": "USIM", "A0000000871004": "ISIM",
        // GSMA SGP.02: profiles follow the eUICC's own domains.
        "A000000559": "GSMA", "A0000005591010FFFFFFFF89": "ISD-P of an eUICC",
        // OpenPGP application 3.4; FIDO CTAP 2; NIST SP 800-73-4 part 1; ISO/IEC 7816-15.
        "D27600012401": "OpenPGP", "A0000006472F0001": "FIDO", "A000000308000010000100": "PIV",
        "A000000063504B43532D3135": "PKCS#15",
        // ICAO Doc 9303 part 10; NFC Forum Type 4 Tag; NXP.
        "A0000002471001": "passport", "A0000002472001": "passport, logical data structure 2",
        "D2760000850101": "NDEF tag", "D2760000850100": "DESFire",
        // Yubico's published applications.
        "A0000005272001": "Yubico OTP", "A0000005272101": "Yubico OATH",
    ]
}
