\set n random(0,9999)
INSERT INTO card_applications VALUES ('42001234-' || lpad((:n)::text,16,'0'),'\xf042657274680001',7,0,'\xf0426572746800',NULL,'application-0','1.2',1,2,NULL,NULL,3000,40) ON CONFLICT (card,aid) DO UPDATE SET life_cycle=excluded.life_cycle, privileges=excluded.privileges, load_file=excluded.load_file, last_used_at=excluded.last_used_at, nv=excluded.nv;
