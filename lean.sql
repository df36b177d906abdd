\set n random(0,9999)
\startpipeline
BEGIN ISOLATION LEVEL SERIALIZABLE;

SELECT * FROM cards WHERE id = '42001234-' || lpad((:n)::text,16,'0') ORDER BY id LIMIT 1 ;
SELECT * FROM card_applications WHERE card = '42001234-' || lpad((:n)::text,16,'0') ORDER BY card, aid LIMIT 1000;
\endpipeline
\startpipeline
UPDATE cards SET revision = revision + 1 WHERE id = '42001234-' || lpad((:n)::text,16,'0');
UPDATE card_applications SET last_used_at = 3 WHERE card = '42001234-' || lpad((:n)::text,16,'0') AND aid = '\xf042657274680001';
COMMIT;
\endpipeline
