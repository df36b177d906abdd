// The files of `profiles/`, word for word: a test holds them equal.

/// The profiles that come with Berth.
extension CardProfile {
    package static let builtInTexts: [(name: String, text: String)] = [
        ("small-16k", small16k),
        ("javacard-80k", javacard80k),
        ("javacard-180k", javacard180k),
        ("uicc-64k", uicc64k),
        ("javacard-80k-predictable", javacard80kPredictable),
        ("javacard-80k-misleading", javacard80kMisleading),
        ("javacard-80k-scp02", javacard80kScp02),
        ("javacard-80k-slow", javacard80kSlow),
        ("javacard-80k-quirky", javacard80kQuirky),
        ("javacard-80k-upgrade", javacard80kUpgrade),
    ]

    /// Their titles, found without reading a whole profile: the program shows them whenever it offers a choice.
    package static var builtInTitles: [(name: String, title: String)] {
        builtInTexts.map { ($0.name, title(in: $0.text) ?? "") }
    }

    private static func title(in text: String) -> String? {
        let key = "title = "
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) where line.starts(with: key.utf8) {
            return String(line.dropFirst(key.utf8.count))
        }
        return nil
    }

    /// A profile that comes with Berth, by its name.
    package static func builtIn(_ name: String) -> CardProfile? {
        builtInTexts.first { $0.name == name }.flatMap { try? CardProfile(text: $0.text) }
    }
}
