// The files of `profiles/`, word for word: a test holds them equal.

/// The profiles that come with Berth.
extension CardProfile {
    package static let builtInTexts: [(name: String, text: String)] = [
        ("small-16k", small16k),
        ("javacard-80k", javacard80k),
        ("uicc-64k", uicc64k),
        ("javacard-80k-predictable", javacard80kPredictable),
        ("javacard-80k-misleading", javacard80kMisleading),
        ("javacard-80k-scp02", javacard80kScp02),
        ("javacard-80k-slow", javacard80kSlow),
        ("javacard-80k-quirky", javacard80kQuirky),
    ]

    /// What help and completion say of each; a whole profile takes too long for a program that only starts.
    package static var builtInTitles: [(name: String, title: String)] {
        builtInTexts.map { name, text in
            let head = text.split(separator: "\n", maxSplits: headLinesMax)
            let line = head.prefix(headLinesMax).first { $0.hasPrefix(titlePrefix) }
            return (name, line.map { String($0.dropFirst(titlePrefix.count)) } ?? "")
        }
    }

    /// The title of each stands among its first lines; a test holds that.
    private static let headLinesMax = 8
    private static let titlePrefix = "title = "

    /// A profile that comes with Berth, by its name.
    package static func builtIn(_ name: String) -> CardProfile? {
        builtInTexts.first { $0.name == name }.flatMap { try? CardProfile(text: $0.text) }
    }
}
