package import Arguments
package import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension CardFileError: ExplainedError {
    package var problem: Problem {
        switch self {
        case .exists(let path):
            Problem(
                "card-exists", exit: .cannotCreate, "\(path) exists already; no card is overwritten",
                advice: [
                    "choose another name", "make it new with: berth card reset \(path)",
                    "remove it with: berth card delete \(path)",
                ])
        case .inUse(let path):
            Problem(
                "card-in-use", exit: .tryAgain, "the card in \(path) is in use by another program",
                why: "a card is in one place at a time",
                advice: ["end the other program, or take the card out with: berth card remove \(path)"])
        case .notACardFile(let path):
            Problem(
                "not-a-card-file", exit: .badData, "\(path) is no virtual card",
                advice: ["make one with: berth card create FILE --profile NAME"])
        case .newer(let path):
            Problem(
                "card-file-newer", exit: .badData, "\(path) was written by a newer berth",
                advice: ["use that version, or a newer one"])
        case .damaged:
            Problem(
                "card-file-damaged", exit: .badData, "the card file is damaged",
                why: "what was once written for good does not read back; nothing was changed",
                advice: ["take the copy from a backup, or remove the card with: berth card delete FILE"])
        case .profile(let error):
            Problem(
                "card-file-damaged", exit: .badData, "the profile inside the card file cannot be read",
                why: "\(error)")
        case .system("create", let code, let path):
            Problem(
                "card-file-not-made", exit: .cannotCreate, "\(path) cannot be made",
                why: String(cString: strerror(code)),
                advice: ["name a file in a folder that is there and yours"])
        case .system(_, ENOENT, let path):
            Problem(
                "card-file-missing", exit: .noInput, "there is no card file \(path)",
                advice: ["make one with: berth card create \(path) --profile javacard-80k"])
        case .system("open", let code, let path):
            Problem(
                "card-file-unreadable", exit: .noInput, "\(path) cannot be opened",
                why: String(cString: strerror(code)),
                advice: ["a card is used by whoever may read and write its file"])
        case .system(let action, let code, let path):
            Problem(
                "card-file-failed", exit: .inputOutput, "cannot \(action) \(path)",
                why: String(cString: strerror(code)))
        }
    }
}

extension Problem {
    static func profile(_ name: String, _ error: ProfileError) -> Problem {
        Problem(
            "profile-wrong", exit: .badData, "\(name) is no card profile", why: "\(error)",
            advice: [
                "every key is explained in a profile that works: berth card profiles javacard-80k",
                "check it again with: berth card profiles \(name)",
            ])
    }
}
