\set n random(0,9999)
\startpipeline
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM cards WHERE id = '42001234-' || lpad((:n)::text,16,'0') ;
SELECT count(*) FROM card_applications WHERE card = '42001234-' || lpad((:n)::text,16,'0') ;
\endpipeline
\startpipeline
COMMIT;
\endpipeline
