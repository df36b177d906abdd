internal import Centre

/// Who is told of events, and how far that has come.
enum EventTables {
    static let sql = """
        CREATE TABLE webhooks (
            id TEXT NOT NULL PRIMARY KEY,
            provider TEXT REFERENCES providers (id),
            url TEXT NOT NULL,
            kinds TEXT NOT NULL,
            subjects TEXT NOT NULL,
            life TEXT NOT NULL CHECK (life IN ('active', 'disabled')),
            life_cause TEXT CHECK (life_cause IN ('person', 'gone', 'failing')),
            life_since BIGINT,
            created_at BIGINT NOT NULL,
            secret_version BIGINT NOT NULL CHECK (secret_version > 0),
            previous_until BIGINT,
            position BIGINT NOT NULL CHECK (position >= 0),
            replay_position BIGINT,
            replay_through BIGINT,
            attempts BIGINT CHECK (attempts > 0),
            failing_since BIGINT,
            next_try BIGINT,
            last_outcome TEXT,
            last_at BIGINT,
            lease_node BYTEA,
            lease_until BIGINT,
            CHECK ((life = 'disabled') = (life_cause IS NOT NULL)),
            CHECK ((life = 'disabled') = (life_since IS NOT NULL)),
            CHECK ((replay_position IS NULL) = (replay_through IS NULL)),
            CHECK ((lease_node IS NULL) = (lease_until IS NULL))
        );
        CREATE INDEX webhooks_by_provider ON webhooks (provider, id);
        """

    static let records: [any Record.Type] = [Webhook.self]
}
