internal import Centre

/// Who signs in to the service, by what, and how often it went wrong.
enum ServiceTables {
    static let sql = """
        CREATE TABLE operators (
            id TEXT NOT NULL PRIMARY KEY,
            role TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'auditor')),
            password_verifier BYTEA,
            is_active BIGINT NOT NULL CHECK (is_active IN (0, 1)),
            created_at BIGINT NOT NULL,
            revision BIGINT NOT NULL
        );
        CREATE TABLE terminals (
            id TEXT NOT NULL PRIMARY KEY,
            label TEXT NOT NULL,
            life TEXT NOT NULL CHECK (life IN ('active', 'blocked')),
            block_reason TEXT,
            enrolment_digest BYTEA,
            enrolment_until BIGINT,
            enrolled_at BIGINT,
            created_at BIGINT NOT NULL,
            revision BIGINT NOT NULL,
            CHECK ((life = 'blocked') = (block_reason IS NOT NULL)),
            CHECK ((enrolment_digest IS NULL) = (enrolment_until IS NULL))
        );
        CREATE TABLE credentials (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('token', 'session', 'certificate')),
            role TEXT NOT NULL CHECK (role IN ('operator', 'provider', 'supplier', 'terminal', 'holder')),
            subject TEXT NOT NULL,
            terminal TEXT,
            digest BYTEA NOT NULL,
            scopes TEXT NOT NULL,
            label TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            created_by TEXT NOT NULL,
            expires_at BIGINT,
            last_used_at BIGINT,
            revoked_at BIGINT
        );
        CREATE INDEX credentials_by_subject ON credentials (role, subject, id);
        CREATE INDEX credentials_by_digest ON credentials (digest);
        CREATE TABLE sign_in_doors (
            name TEXT NOT NULL PRIMARY KEY,
            wrong_count BIGINT NOT NULL,
            closed_until BIGINT,
            day BIGINT NOT NULL
        );
        CREATE INDEX sign_in_doors_by_day ON sign_in_doors (day);
        """

    static let records: [any Record.Type] = [
        Operator.self, TerminalEntry.self, Credential.self, SignInDoor.self,
    ]
}
