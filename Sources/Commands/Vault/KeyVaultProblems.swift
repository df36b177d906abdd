package import Arguments
internal import CardManagement
package import Centre

extension KeyVaultFailure: ExplainedError {
    package var problem: Problem {
        switch self {
        case .masterKeyUnknown(let name):
            Problem(
                "master-key-unknown", exit: .notFound, "there is no master key \(name) in the vault",
                advice: ["put it in with: berth vault add-master-key \(name)"])
        case .otherAlgorithm(let name, let wanted):
            Problem(
                "key-malformed", exit: .badData, "master key \(name) is of another kind than the card's keys",
                why: wanted == .aes ? "the card uses AES" : "the card uses triple DES")
        case .wrappingKeyUnknown(let number):
            Problem(
                "vault-outdated", exit: .configuration, "the vault does not have wrapping key \(number)",
                why: "this is another vault, or an old copy of its file",
                advice: ["put the newest file of the centre's vault here"])
        case .vaultOutdated(let current, let newest):
            Problem(
                "vault-outdated", exit: .configuration, "this vault is an old copy",
                why: "its newest wrapping key is \(current), and the store uses \(newest)",
                advice: ["put the newest file of the centre's vault here"])
        case .otherVault:
            Problem(
                "other-vault", exit: .mismatch, "the store was sealed with another vault",
                advice: ["name the vault that belongs to this store with --vault"])
        case .notAuthentic:
            Problem(
                "record-not-authentic", exit: .badData, "a sealed record was changed, or belongs elsewhere",
                advice: ["run: berth store check", "restore the store from a backup"])
        case .keySource(let error): error.problem
        case .session(let error): error.problem
        case .putKey(let error): error.problem
        case .crypto(let error):
            Problem("key-unusable", exit: .badData, "a key cannot be used", why: "\(error)")
        case .unavailable(let code, let reason):
            Problem(code, exit: .unavailable, "the vault cannot be used", why: reason)
        }
    }
}
