package import Arguments
internal import CardManagement
internal import Centre
package import Storage

// What can be wrong with a vault, in words.

extension VaultFileError: ExplainedError {
    package var problem: Problem {
        switch self {
        case .missing:
            Problem(
                "no-vault", exit: .noInput, "there is no vault",
                advice: ["name its file with --vault, or make one with: berth vault init"])
        case .exists:
            Problem(
                "vault-exists", exit: .alreadyExists, "there is a vault already, and it is never overwritten",
                advice: ["name another file with --vault"])
        case .unreadable(let reason):
            Problem("vault-unreadable", exit: .noInput, "the vault cannot be read", why: reason)
        case .unwritable(let reason):
            Problem(
                "vault-not-written", exit: .cannotCreate, "the vault cannot be written; it is as it was",
                why: reason, advice: ["make room on the disk, or the folder writable, and run it again"])
        case .busy:
            Problem(
                "vault-busy", exit: .tryAgain, "another program is changing the vault",
                advice: ["run the command again in a moment"])
        case .tooLarge: VaultFormatError.tooLong.problem
        case .otherKind(.passphrase):
            Problem.usage("the vault opens with a passphrase, not with a key file")
        case .otherKind(.keyFile):
            Problem.usage(
                "the vault opens with a key file, not with a passphrase", advice: "give --key-file FILE")
        case .tooWeak(let kind, let count, let least):
            Problem(
                "vault-secret-weak", exit: .badData,
                "a \(kind.words) of \(count) bytes is too short for a vault",
                why: "it needs \(least) or more",
                advice: ["several unrelated words make a good passphrase"])
        case .format(let error): error.problem
        case .contents(let error): error.problem
        }
    }
}

extension VaultFormatError: ExplainedError {
    package var problem: Problem {
        let fromCopy = "put a copy in its place; nothing was changed in this file"
        return switch self {
        case .notAVault:
            Problem("not-a-vault", exit: .badData, "the file is something else than a vault")
        case .truncated(let have, let announced):
            Problem(
                "vault-truncated", exit: .badData, "the vault's file is cut off",
                why: announced.map { "it has \(have) of \($0) bytes" } ?? "it has \(have) bytes",
                advice: [fromCopy])
        case .damaged:
            Problem(
                "vault-damaged", exit: .badData, "the vault's file is damaged",
                why: "its check sum does not agree", advice: [fromCopy])
        case .newerVersion(let found):
            Problem(
                "vault-newer", exit: .unsupported, "a newer berth wrote this vault (format \(found))",
                why: "this one knows format \(VaultFormat.version)",
                advice: ["use that berth, or a newer one"])
        case .wrongKey:
            Problem(
                "vault-locked", exit: .notAuthenticated, "this does not open the vault",
                why: "the file is whole: the passphrase or key file is another one",
                advice: ["try again; a vault counts no tries"])
        case .malformed, .contents, .crypto:
            Problem(
                "vault-damaged", exit: .badData, "the vault opens, and what is in it makes no sense",
                advice: [fromCopy, "please report this with the version of berth"])
        case .tooLong: Problem("vault-too-large", exit: .badData, "the file is too large for a vault")
        }
    }
}

extension VaultContentsError: ExplainedError {
    package var problem: Problem {
        switch self {
        case .keyCount(let count):
            Problem("key-malformed", exit: .badData, "\(count) keys are neither one nor three")
        case .keyLength(let count, let algorithm):
            KeySourceError.keyLength(count, algorithm).problem
        case .noteTooLong: Problem.usage("the note is longer than \(Bounds.masterKeyNoteBytesMax) bytes")
        case .diversification(let error): error.problem
        case .tooMany:
            Problem(
                "vault-full", exit: .noRoom, "the vault holds as many keys as it may",
                advice: ["remove what nothing needs any more"])
        case .wrappingKeys, .names:
            Problem("vault-damaged", exit: .badData, "what is in the vault makes no sense")
        case .masterKeyExists(let name):
            Problem(
                "master-key-exists", exit: .alreadyExists, "there is a master key \(name) already",
                advice: ["choose another name"])
        case .masterKeyUnknown(let name):
            Problem(
                "master-key-unknown", exit: .notFound, "there is no master key \(name) in the vault",
                advice: ["look at the names with: berth vault status"])
        case .wrappingKeyCurrent(let number):
            Problem("wrapping-key-needed", exit: .inUse, "wrapping key \(number) is the current one")
        case .wrappingKeyUnknown(let number):
            Problem("wrapping-key-unknown", exit: .notFound, "there is no wrapping key \(number)")
        }
    }
}
