internal import Centre

/// Cards, what is on them, whose room it is, and what things take on cards of a profile.
enum CardTables {
    static let sql = """
        CREATE TABLE cards (
            id TEXT NOT NULL PRIMARY KEY,
            profile TEXT NOT NULL,
            issuer_domain BYTEA NOT NULL,
            master_key TEXT NOT NULL,
            key_version BIGINT NOT NULL CHECK (key_version BETWEEN 0 AND 255),
            channel TEXT NOT NULL CHECK (channel IN ('scp02', 'scp03')),
            diversification BYTEA NOT NULL,
            is_predictable BIGINT NOT NULL CHECK (is_predictable IN (0, 1)),
            next_counter BIGINT,
            least_counter BIGINT,
            life TEXT NOT NULL CHECK (life IN ('active', 'blocked', 'retired')),
            life_reason TEXT,
            holder TEXT,
            expiry BIGINT,
            issue_number BIGINT NOT NULL CHECK (issue_number >= 0),
            registered_at BIGINT NOT NULL,
            serial BYTEA,
            read_at BIGINT,
            life_cycle BIGINT,
            free_nv BIGINT,
            free_v BIGINT,
            sum_nv BIGINT,
            sum_v BIGINT,
            registry_digest BYTEA,
            drift TEXT,
            revision BIGINT NOT NULL,
            audit_head BYTEA NOT NULL,
            CHECK ((life = 'active') = (life_reason IS NULL)),
            CHECK ((read_at IS NULL) = (registry_digest IS NULL))
        );
        CREATE INDEX cards_by_holder ON cards (holder, id) WHERE holder IS NOT NULL;
        \(contents)
        CREATE TABLE berths (
            card TEXT NOT NULL REFERENCES cards (id),
            provider TEXT NOT NULL,
            reserved_nv BIGINT NOT NULL CHECK (reserved_nv >= 0),
            reserved_v BIGINT NOT NULL CHECK (reserved_v >= 0),
            quota_nv BIGINT,
            quota_v BIGINT,
            means TEXT NOT NULL CHECK (means IN ('domain', 'ledger')),
            domain BYTEA,
            state TEXT NOT NULL CHECK (state IN ('requested', 'ready', 'releasing')),
            since BIGINT,
            privileges BIGINT NOT NULL,
            logical_channels BIGINT NOT NULL CHECK (logical_channels >= 0),
            services TEXT NOT NULL,
            libraries BYTEA NOT NULL,
            PRIMARY KEY (card, provider),
            CHECK ((means = 'domain') = (domain IS NOT NULL)),
            CHECK ((state = 'ready') = (since IS NOT NULL))
        );
        CREATE INDEX berths_by_provider ON berths (provider, card);
        CREATE TABLE drift_findings (
            card TEXT NOT NULL REFERENCES cards (id),
            number BIGINT NOT NULL,
            kind TEXT NOT NULL,
            aid BYTEA,
            application TEXT,
            version TEXT,
            nv BIGINT,
            v BIGINT,
            found_at BIGINT NOT NULL,
            words TEXT NOT NULL,
            PRIMARY KEY (card, number)
        );
        CREATE TABLE footprints (
            profile TEXT NOT NULL,
            part TEXT NOT NULL,
            count BIGINT NOT NULL CHECK (count >= 0),
            refused_count BIGINT NOT NULL CHECK (refused_count >= 0),
            samples_nv TEXT NOT NULL,
            samples_v TEXT NOT NULL,
            changed_at BIGINT NOT NULL,
            PRIMARY KEY (profile, part)
        );
        """

    // A fleet has most rows here: no references, because a row is only ever written beside its card's.
    private static let contents = """
        CREATE TABLE card_applications (
            card TEXT NOT NULL,
            aid BYTEA NOT NULL,
            life_cycle BIGINT NOT NULL,
            privileges BIGINT NOT NULL,
            load_file BYTEA,
            domain BYTEA,
            application TEXT,
            version TEXT,
            installed_at BIGINT,
            last_used_at BIGINT,
            stay TEXT CHECK (stay IN ('preferred', 'pinned')),
            stay_reason TEXT,
            nv BIGINT,
            v BIGINT,
            PRIMARY KEY (card, aid),
            CHECK ((application IS NULL) = (version IS NULL)),
            CHECK ((nv IS NULL) = (v IS NULL))
        );
        CREATE INDEX card_applications_by_application ON card_applications (application, card, aid)
            WHERE application IS NOT NULL;
        CREATE TABLE card_load_files (
            card TEXT NOT NULL,
            aid BYTEA NOT NULL,
            life_cycle BIGINT NOT NULL,
            version BYTEA,
            modules BYTEA NOT NULL,
            domain BYTEA,
            digest BYTEA,
            nv BIGINT,
            v BIGINT,
            PRIMARY KEY (card, aid),
            CHECK ((nv IS NULL) = (v IS NULL))
        );
        """

    static let records: [any Record.Type] = [
        Card.self, InstalledApplication.self, InstalledLoadFile.self, Berth.self, DriftFinding.self,
        Footprint.self,
    ]
}
