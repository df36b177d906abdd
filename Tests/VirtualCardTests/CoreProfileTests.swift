import CardCrypto
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

private let profileNames = CardProfile.builtInTexts.map(\.name)

@Suite("Card profiles")
struct CoreProfileTests {
    @Test("are the files in profiles/, word for word", arguments: profileNames)
    func filesAreEqual(_ name: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appending(path: "profiles/\(name).profile")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text == CardProfile.builtInTexts.first { $0.name == name }?.text)
        #expect(try CardProfile(text: text).name == name)
    }

    @Test("have the titles that are shown where one is chosen", arguments: profileNames)
    func titles(name: String) throws {
        let title = CardProfile.builtInTitles.first { $0.name == name }?.title
        #expect(try #require(CardProfile.builtIn(name)).title == title)
    }

    @Test("no file in profiles/ is left out")
    func allFiles() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let files = try FileManager.default.contentsOfDirectory(
            atPath: root.appending(path: "profiles").path(percentEncoded: false))
        #expect(Set(files) == Set(profileNames.map { "\($0).profile" }))
    }

    @Test(
        "speak the first protocol of their ATR",
        arguments: [
            ("small-16k", true), ("javacard-80k", false), ("uicc-64k", true),
        ])
    func protocols(_ name: String, _ isT0: Bool) throws {
        #expect(try #require(CardProfile.builtIn(name)).isT0 == isT0)
    }

    @Test(
        "have an ATR whose bytes XOR to zero when it offers T=1",
        arguments: [
            "javacard-80k", "uicc-64k",
        ])
    func checkByte(_ name: String) throws {
        let atr = try #require(CardProfile.builtIn(name)).answerToReset
        #expect(atr.dropFirst().reduce(0, ^) == 0)
    }

    static let mistakes: [(from: String, to: String, error: ProfileError)] = [
        ("name = small-16k", "name small-16k", .notKeyAndValue(line: 3)),
        ("name = small-16k", "name =", .notKeyAndValue(line: 3)),
        ("title = 16 kB card, SCP02, T=0", "name = again", .duplicate(key: "name", line: 4)),
        ("iin = 42455254480F", "", .missing("iin")),
        ("iin = 42455254480F", "iin = 4", .malformed(key: "iin", value: "4", wanted: "hex")),
        ("scp02 = 15", "", .missing("scp02 or scp03")),
        ("scp02 = 15", "scp2 = 15", .unknown(key: "scp2")),
        ("quotas = yes", "quotas = 1", .malformed(key: "quotas", value: "1", wanted: "yes or no")),
        (
            "key-type = des", "key-type = rsa",
            .malformed(key: "key-type", value: "rsa", wanted: "des or aes")
        ),
        (
            "non-volatile = 16384", "non-volatile = 12",
            .malformed(key: "non-volatile", value: "12", wanted: "a number in 1024...16777216")
        ),
    ]

    @Test("say which line or key is wrong", arguments: mistakes.indices)
    func refusesMistakes(_ index: Int) throws {
        let mistake = Self.mistakes[index]
        let text = try #require(CardProfile.builtInTexts.first).text
        let broken = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0 == mistake.from ? mistake.to : String($0) }.joined(separator: "\n")
        #expect(broken != text)
        #expect(throws: mistake.error) { try CardProfile(text: broken) }
    }
}
