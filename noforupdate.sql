\set n random(0,9999)
\startpipeline
BEGIN ISOLATION LEVEL SERIALIZABLE;
LOCK TABLE schema_steps IN ROW EXCLUSIVE MODE;
SELECT * FROM cards WHERE id = '42001234-' || lpad((:n)::text,16,'0') ORDER BY id LIMIT 1 ;
SELECT * FROM card_applications WHERE card = '42001234-' || lpad((:n)::text,16,'0') ORDER BY card, aid LIMIT 1000;
\endpipeline
\startpipeline
INSERT INTO cards VALUES ('42001234-' || lpad((:n)::text,16,'0'),'javacard-80k','\xa000000151000000','issuer',48,'scp03','\x01020304050607080910',1,:n,'active',NULL,'H'||(:n)::text,NULL,1,1795000000000,NULL,1795000000000,NULL,12000,600,NULL,NULL,'\x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',NULL,1,'') ON CONFLICT (id) DO UPDATE SET profile=excluded.profile, issuer_domain=excluded.issuer_domain, master_key=excluded.master_key, key_version=excluded.key_version, channel=excluded.channel, diversification=excluded.diversification, is_predictable=excluded.is_predictable, next_counter=excluded.next_counter, life=excluded.life, life_reason=excluded.life_reason, holder=excluded.holder, revision=excluded.revision, audit_head=excluded.audit_head, registry_digest=excluded.registry_digest, read_at=excluded.read_at;
INSERT INTO card_applications VALUES ('42001234-' || lpad((:n)::text,16,'0'),'\xf042657274680001',7,0,'\xf0426572746800',NULL,'application-0','1.2',1,2,NULL,NULL,3000,40) ON CONFLICT (card,aid) DO UPDATE SET life_cycle=excluded.life_cycle, privileges=excluded.privileges, load_file=excluded.load_file, last_used_at=excluded.last_used_at, nv=excluded.nv;
COMMIT;
\endpipeline
