\startpipeline
BEGIN ISOLATION LEVEL SERIALIZABLE;
LOCK TABLE schema_steps IN ROW EXCLUSIVE MODE;
SELECT 1;
\endpipeline
\startpipeline
COMMIT;
\endpipeline
